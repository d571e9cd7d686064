"""Why a finding says what it says: its reasons, each of which leads down to rows where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from truceline.assurance.series import Bound
from truceline.base.language import _
from truceline.findings.claims import (
    Question,
    evidence_of_claims,
    figures_elsewhere,
    row_of,
    said_elsewhere,
)
from truceline.findings.evidence import LEAST_COVERAGE
from truceline.findings.ground import Ground, Watch
from truceline.findings.incident_set import IncidentSet
from truceline.findings.judge import Judged
from truceline.findings.reasons import reason_text
from truceline.findings.results import Evidence, Reason
from truceline.findings.words import counted, units_of
from truceline.schema.claims import TOGETHER
from truceline.schema.table import Record
from truceline.terms.truce import Obligation

#: kind of evidence → code of the reason that acts went on though their number fell
RESIDUAL_CODES = {
    "own_report": "own_report_residual",
    "opponent_count": "opponent_count_residual",
    "third_party_count": "third_party_count_residual",
}
#: reasons after which what is left of the acts is told apart
_CHANGED = (
    "opponent_count_fell",
    "opponent_count_rose",
    "third_party_count_fell",
    "third_party_count_rose",
    "own_report_fell",
)


def explain(
    ground: Ground,
    obligation: Obligation,
    question: Question,
    *,
    evidence: Sequence[Evidence],
    unattributed: IncidentSet,
    bound: Bound,
    watch: Watch | None,
    judged: Judged,
) -> tuple[Reason, ...]:
    """Every reason once, those from evidence first.

    (1) the evidence; (2) what limits each piece of it; (3) what could be seen; (4) what is said of
    other periods and areas; (5) incidents that nobody can be named for; (6) exemptions and the lack
    of a mechanism; (7) whose word it all rests on; (8) sources that were not there; (9) the bound; (10) how the existence of
    incidents was reckoned, where it leans on a simulation.
    """
    speaking = [item for item in evidence if item.value is not None or item.change != "not_said"]
    reasons = [item.reason for item in evidence]  # (1)
    for item in evidence:
        reasons += _limits(item)  # (2)
    reasons += _seen(watch)  # (3)
    lost = watch is not None and watch.share < LEAST_COVERAGE
    if not lost and not unattributed and not speaking:  # (4)
        reasons += _nothing_here(ground, question, bound)
    else:
        reasons += _rival_windows(ground, question)
    reasons += _unnamed(question, unattributed, judged)  # (5)
    if obligation.return_fire_exempt and judged.acts_shown:  # (6)
        reasons.append(plain("breach_or_return_fire"))
    if not ground.monitors:
        reasons.append(plain("no_mechanism_evidence"))
    reasons += _whose_word({item.speaker_party_id for item in speaking})  # (7)
    reasons += [  # (8)
        Reason(code="source_absent", text=_("{source} was not available to this run.").format(source=title))
        for title, act in ground.absent
        if act == question.act
    ]
    reasons += [plain(code) for code in bound.reason_codes]  # (9)
    if ground.trained_existence and (unattributed or any(item.reason.incident_ids for item in evidence)):
        reasons.append(plain("trained_existence"))  # (10)
    return tuple(_once(reasons))


def _limits(item: Evidence) -> Iterator[Reason]:
    """What a piece of evidence leaves open: acts that went on, no clean day before, a warning alone."""
    if item.residual and item.reason.code in _CHANGED:
        said = (
            _("{speaker} reports {count} in the period.")
            if item.kind == "own_report"
            else _("{speaker} counts {count} in the period.")
        )
        count = counted(item.value or 0, item.unit, item.relation)
        yield Reason(
            code=RESIDUAL_CODES[item.kind],
            text=said.format(speaker=item.speaker, count=count),
            source_ids=item.reason.source_ids,
            rows=item.reason.rows[:1],
            claim_ids=item.reason.claim_ids[:1],
        )
    if item.caveat == "baseline_overlaps_window":
        yield plain(item.caveat, rows_of=item.reason)
    elif _is_lone_figure(item):
        code = "no_baseline" if item.ratio is None else "single_comparison"
        why = reason_text(code)
        text = _("{speaker}, {units}: {why}").format(
            speaker=item.speaker, units=units_of(item.unit), why=f"{why[0].lower()}{why[1:]}"
        )
        yield Reason(code=code, text=text, source_ids=item.reason.source_ids, rows=item.reason.rows)
    if item.reason.series_id and item.residual is None and item.value:
        text = item.caveat or reason_text("warning_not_act")
        yield Reason(code="warning_not_act", text=text, source_ids=item.reason.source_ids)


def _is_lone_figure(item: Evidence) -> bool:
    """Whether it is a figure of a claim and no series stands behind it."""
    return bool(
        item.kind in ("opponent_count", "third_party_count")
        and item.reason.claim_ids
        and item.value is not None
        and item.e_value is None
        and item.reason.series_id is None
    )


def _seen(watch: Watch | None) -> Iterator[Reason]:
    if watch is not None and watch.share < 1 - 1e-6:
        code = "coverage_lost" if watch.share < LEAST_COVERAGE else "coverage_reduced"
        yield Reason(code=code, text=watch.text, source_ids=watch.source_ids)


def _rival_windows(ground: Ground, question: Question) -> Iterator[Reason]:
    """Where windows rival, what is said of another one must not go unsaid."""
    if question.period != question.window or len(ground.truce.clocks) < 2:
        return
    elsewhere = figures_elsewhere(list(ground.claims), question)
    across = [claim for claim in elsewhere if claim["value"] is not None]
    if across:
        yield _elsewhere("period_not_matched", across, question)


def _unnamed(question: Question, unattributed: IncidentSet, judged: Judged) -> Iterator[Reason]:
    """Incidents that are laid to no party."""
    if question.party_id == TOGETHER:
        yield replace(plain("whoever_acted"), rows=unattributed.rows(), incident_ids=unattributed.ids())
    elif unattributed:
        text = _("{incidents} of this act in the area and period, none of which can be attributed.").format(
            incidents=counted(float(len(unattributed)), "incident")
        )
        yield Reason(
            code="not_attributable", text=text, rows=unattributed.rows(), incident_ids=unattributed.ids()
        )
    elif judged.responsibility == "not_attributed":
        yield plain("not_attributable")


def _whose_word(sides: set[str | None]) -> Iterator[Reason]:
    """Evidence that is the parties' word alone, or one party's."""
    if sides and None not in sides:
        yield plain("claims_only")
        if len(sides) == 1:
            yield plain("one_side_speaks")


def _nothing_here(ground: Ground, question: Question, bound: Bound) -> list[Reason]:
    """Nothing speaks to the question: say whether figures exist for another period or area."""
    whoever = replace(question, party_id=TOGETHER)
    if question.party_id != TOGETHER and (
        ground.measure(whoever) or evidence_of_claims(list(ground.claims), whoever)
    ):
        return [plain("context_only")]
    elsewhere = figures_elsewhere(list(ground.claims), question)
    if not elsewhere:
        watched = bound.history_hi95 is not None and not bound.detections
        return [plain("nothing_recorded" if watched else "no_evidence")]
    same_area = [
        claim for claim in elsewhere if (claim["area_id"] or question.theatre_id) == question.area_id
    ]
    code = "period_not_matched" if same_area else "area_not_matched"
    return [_elsewhere(code, same_area or elsewhere, question)]


def _elsewhere(code: str, claims: Sequence[Record], question: Question) -> Reason:
    """What is said of another period or area: by whom, how much, of when."""
    said = [said_elsewhere(claim, question) for claim in claims[:3]]
    return Reason(
        code=code,
        text=f"{reason_text(code).rstrip('.')} ({'; '.join(said)}).",
        rows=tuple(row_of(claim) for claim in claims[:3]),
    )


def plain(code: str, *, rows_of: Reason | None = None) -> Reason:
    """A reason in the words of the list."""
    return Reason(code=code, text=reason_text(code), rows=rows_of.rows if rows_of else ())


def _once(reasons: Sequence[Reason]) -> list[Reason]:
    seen: set[tuple[str, str]] = set()
    kept = []
    for reason in reasons:
        if (reason.code, reason.text) not in seen:
            seen.add((reason.code, reason.text))
            kept.append(reason)
    return kept
