"""``replay``: the same evidence judged under the terms of a case and under a rival draft."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from truceline.base.documents import Document
from truceline.base.errors import CaseError
from truceline.base.language import _, digits
from truceline.base.progress import Progress, silent
from truceline.findings.results import Finding, Results
from truceline.terms.compare import Change, compare
from truceline.terms.truce import Truce, read_truce
from truceline.workflow.case import Case, open_case
from truceline.workflow.case_faults import faults_beside_terms
from truceline.workflow.ingest import ingest
from truceline.workflow.rivals import Expected, expect_breaches
from truceline.workflow.verify import compute

#: expected breaches of a duty below this are told as none
LEAST_BREACHES = 0.05

#: act, party, area, period: what two drafts can both judge
Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One act of one party in one area and period, under both drafts; null: a draft does not judge it."""

    act: str
    party: str
    area: str
    period: str
    before: str | None
    after: str | None

    @property
    def differs(self) -> bool:
        """Whether the drafts come to different judgements."""
        return self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOutcome:
    """Judgements under both drafts, and how the drafts differ."""

    before: str
    after: str
    judged: tuple[Judged, ...]
    breaches_before: tuple[Expected, ...]
    breaches_after: tuple[Expected, ...]
    changes: tuple[Change, ...]

    def as_dict(self) -> dict[str, Any]:
        """Both judgements of everything, and the differences of the drafts, as JSON."""
        return {
            "before": self.before,
            "after": self.after,
            "judged": [
                {
                    "act": one.act, "party": one.party, "area": one.area, "period": one.period,
                    "before": one.before, "after": one.after, "differs": one.differs,
                }
                for one in self.judged
            ],
            "breaches": {"before": list(self.breaches_before), "after": list(self.breaches_after)},
            "changes": list(self.changes),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """What differs, as text."""
        differing = [one for one in self.judged if one.differs]
        lines = [_("From “{before}” to “{after}”").format(before=self.before, after=self.after), ""]
        lines.append(_("{n} of {all} judgements differ.").format(n=len(differing), all=len(self.judged)))
        lines += [
            f"  {one.act}, {one.party}, {one.area}, {one.period}: {one.before or _('not judged')} → {one.after or _('not judged')}"
            for one in differing
        ]
        lines += self._breach_lines()
        told = [
            f"  [{one.effect}] {one.says}"
            for one in self.changes
            if not one.kind.startswith(("question", "fault"))
        ]
        return [*lines, "", _("The drafts differ in:"), *told] if told else lines

    def _breach_lines(self) -> list[str]:
        """How many breaches the incidents make of each duty: of limits, freezes and notices too."""
        drafts = [
            {(one.obligation_id, one.party_id): one for one in breaches if one.hi >= LEAST_BREACHES}
            for breaches in (self.breaches_before, self.breaches_after)
        ]
        both = dict.fromkeys([*drafts[0], *drafts[1]])
        if not both:
            return ["", _("No incident that a party may have caused is a breach under either draft.")]
        said = [
            f"  {duty}, {party}: " + " → ".join(_bounds(draft.get((duty, party))) for draft in drafts)
            for duty, party in both
        ]
        return ["", _("Breaches that the same incidents make, between bounds:"), *said]


def _bounds(expected: Expected | None) -> str:
    if expected is None:
        return _("none")
    return _("{low} to {high}").format(low=digits(f"{expected.lo:.1f}"), high=digits(f"{expected.hi:.1f}"))


def replay(
    case_folder: Path, *, terms: Path, data: Path | None, progress: Progress = silent
) -> ReplayOutcome:
    """Judge a case under its own terms and under the rival ``terms`` (a file, or a folder with ``truce.yaml``).

    Raises
    ------
    CaseError
        If the case or the rival is wrong, or the rival lacks an act or party that the case's sources name.
    """
    case = open_case(case_folder)
    rival_case = replace(case, truce=_rival(case, terms))
    rival = _whole(rival_case.truce)
    before = compute(case, ingest(case, data=data, progress=progress), run_id="replay", progress=progress)
    after = compute(
        rival_case, ingest(rival_case, data=data, progress=progress), run_id="replay", progress=progress
    )
    one, two = _by_key(before), _by_key(after)
    judged = tuple(
        Judged(
            act=key[0], party=key[1], area=key[2], period=key[3],
            before=one[key].judgement if key in one else None,
            after=two[key].judgement if key in two else None,
        )
        for key in dict.fromkeys([*one, *two])
    )  # fmt: skip
    return ReplayOutcome(
        before=case.truce.terms_version,
        after=rival_case.truce.terms_version,
        judged=judged,
        breaches_before=_expected(case, before, _whole(case.truce)),
        breaches_after=_expected(case, before, rival),
        changes=tuple(compare(_whole(case.truce), rival)),
    )


def _rival(case: Case, terms: Path) -> Truce:
    file = terms / "truce.yaml" if terms.is_dir() else terms
    rival = read_truce(file, label=f"truce:{file.name}", area_ids={area.id for area in case.file.areas})
    document = Document(case.folder / "case.yaml", label="case:case.yaml")
    problems = faults_beside_terms(case.file, document, rival)
    if problems:
        raise CaseError(problems)
    return rival


def _whole(truce: Truce) -> Truce:
    """The terms with the duties that no series can show: incidents can."""
    return truce.model_copy(update={"obligations": [*truce.obligations, *truce.set_aside]})


def _expected(case: Case, results: Results, truce: Truce) -> tuple[Expected, ...]:
    """Breaches of the same incidents, those of the case's own reading, under either draft."""
    return tuple(expect_breaches(truce, results.incidents, frame=case.frame, areas=case.shapes()))


def _by_key(results: Results) -> dict[Key, Finding]:
    acts = {item.id: item.act for item in results.truce.obligations}
    found: dict[Key, Finding] = {}
    for finding in results.findings:
        period = finding.period
        label = f"{period.start.isoformat()} to {period.stop.isoformat()}"
        found.setdefault((acts[finding.obligation_id], finding.party_id, finding.area_id, label), finding)
    return found
