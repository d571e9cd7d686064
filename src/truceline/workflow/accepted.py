"""What people accepted of statements, put where a case has its like: clocks into the terms, claims among claims.

Positions stay what they are. They stand in the report with who accepted them, and no rule reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from truceline.base.canonical import canonical_json, digest_file
from truceline.base.documents import Document
from truceline.base.errors import CallError, Problem
from truceline.base.intervals import Interval, as_utc
from truceline.base.language import _
from truceline.findings.results import FileAccount, SourceAccount
from truceline.schema import CLAIMS
from truceline.schema.claims import TOGETHER
from truceline.schema.table import Table
from truceline.sources.claim_words import claim_kind
from truceline.talks.accepted import SOURCE, Accepted, Claim, ClockVersion, Row, file_name
from truceline.terms.taxonomy import known_acts
from truceline.terms.truce import Clock, Declaration, Truce, read_draft
from truceline.workflow.case_file import CaseFile


def faults_of_accepted(accepted: Accepted, file: CaseFile, truce: Truce) -> list[Problem]:
    """What of the accepted rows does not fit the case: names of nothing, windows out of order."""
    problems: list[Problem] = []
    parties = set(truce.party_ids)
    everybody = parties | {one.id for one in truce.third_parties}
    acts = {act.id for act in truce.acts}
    areas = {area.id for area in file.areas}

    def expect(row: Row, number: int, kind: str, **names: tuple[str | None, set[str]]) -> None:
        for field, (name, known) in names.items():
            if name is not None and name not in known:
                problems.append(_problem(kind, number, row, field, got=name, expected=" | ".join(sorted(known))))  # fmt: skip

    for number, claim in enumerate(accepted.claims, 1):
        expect(claim, number, "claim", accused=(claim.accused, parties | {TOGETHER}), act=(claim.act, acts), area=(claim.area, areas))  # fmt: skip
        if claim.stop <= claim.start:
            problems.append(_order("claim", number, claim, f"{claim.start} to {claim.stop}"))
    for number, version in enumerate(accepted.clocks, 1):
        expect(version, number, "clock", party=(version.party, everybody), version_of=(version.version_of, {clock.id for clock in truce.clocks}))  # fmt: skip
        clock = _clock_of(version, truce)
        if clock is None and version.version_of is None:
            expect(version, number, "clock", version_of=("", {clock.id for clock in truce.clocks}))
        elif clock is not None and (version.stop or clock.stop) <= (version.start or clock.start):
            problems.append(_order("clock", number, version, f"{version.start or clock.start} to {version.stop or clock.stop}"))  # fmt: skip
    if accepted.claims and any(source.id == SOURCE for source in file.sources):
        problems.append(
            Problem(code="name_reserved", message="accepted claims stand under this id among the sources", file="case:case.yaml", column="sources", got=SOURCE, next_step="Give that source another id")
        )  # fmt: skip
    return problems


def refuse_unknown(case: Path, settings: Mapping[str, str]) -> None:
    """Refuse what a person adds on accepting where the case has no such act, area, party or clock.

    A case without terms knows the acts of the taxonomy; what it does not define is not checked.

    Raises
    ------
    CallError
        ``name_unknown`` or ``party_unknown`` with every name that there is.
    """
    known: dict[str, set[str]] = {"act": set(known_acts())}
    terms = "truce.yaml"
    if (case / "case.yaml").is_file():
        file = Document(case / "case.yaml", label="case:case.yaml").parse(CaseFile)
        known["area"] = {area.id for area in file.areas}
        terms = file.truce
    if (case / terms).is_file():
        truce = read_draft(case / terms, label=f"case:{terms}")
        parties = set(truce.party_ids)
        known |= {
            "act": {act.id for act in truce.acts},
            "accused": parties | {TOGETHER},
            "party": parties | {one.id for one in truce.third_parties},
            "version_of": {clock.id for clock in truce.clocks},
        }
    problems = [
        Problem(
            code="party_unknown" if field in ("party", "accused") else "name_unknown",
            message=f"--set {field}: the case has no such name",
            got=name,
            expected=" | ".join(sorted(known[field])),
            next_step="Give one of these",
        )
        for field, name in settings.items()
        if field in known and name not in known[field]
    ]
    if problems:
        raise CallError(problems)


def _problem(kind: str, number: int, row: Row, field: str, *, got: str, expected: str) -> Problem:
    return Problem(
        code="party_unknown" if field in ("party", "accused") else "name_unknown",
        message=f"{row.proposal_id} names as {field} what the case does not have",
        file=f"case:{file_name(kind)}",
        row=number,
        column=field,
        got=got,
        expected=expected,
        next_step=f"Accept it again with --set {field}=…, or decline it with `truceline talks decline`",
    )


def _order(kind: str, number: int, row: Row, got: str) -> Problem:
    return Problem(
        code="window_order",
        message=f"{row.proposal_id} ends before it starts",
        file=f"case:{file_name(kind)}",
        row=number,
        got=got,
        next_step="Accept it again with --set start=… --set stop=…, or decline it",
    )


def _clock_of(version: ClockVersion, truce: Truce) -> Clock | None:
    """The clock that a version is one of: the one named, or the only one."""
    if version.version_of is None:
        return truce.clocks[0] if len(truce.clocks) == 1 else None
    return next((clock for clock in truce.clocks if clock.id == version.version_of), None)


def with_clocks(truce: Truce, versions: Sequence[ClockVersion]) -> Truce:
    """The terms with each accepted version of a clock beside the clock that it is a version of.

    What runs by that clock runs by the version too. A version with the window of a clock that there
    is adds a declaration to it, and no clock.
    """
    if not versions:
        return truce
    declarations, clocks, obligations = list(truce.declarations), list(truce.clocks), list(truce.obligations)
    for version in versions:
        base = _clock_of(version, truce)
        if base is None:  # told as a fault of the case
            continue
        declarations.append(_declaration(version))
        start, stop = version.start or base.start, version.stop or base.stop
        same = next((n for n, one in enumerate(clocks) if (as_utc(one.start), as_utc(one.stop)) == (as_utc(start), as_utc(stop))), None)  # fmt: skip
        if same is not None:
            declared_by = [*clocks[same].declared_by, version.proposal_id]
            clocks[same] = clocks[same].model_copy(update={"declared_by": declared_by})
            continue
        clocks.append(
            Clock(id=version.proposal_id, title=f"{version.speaker}: “{version.window_words}”", start=start, stop=stop, zone=base.zone, declared_by=[version.proposal_id])
        )  # fmt: skip
        obligations = [
            item.model_copy(update={"clocks": [*item.clocks, version.proposal_id]})
            if base.id in item.clocks
            else item
            for item in obligations
        ]
    update = {"declarations": declarations, "clocks": clocks, "obligations": obligations}
    return truce.model_copy(update=update).setting_aside(truce.set_aside)


def _declaration(version: ClockVersion) -> Declaration:
    return Declaration(
        id=version.proposal_id,
        party=version.party or "",
        speaker=version.speaker,
        date=version.said_on or version.read_in.published or "",
        wording=version.words,
        outlet=version.read_in.outlet or version.read_in.title or version.read_in.file,
        url=version.read_in.url or None,
    )


def claims_table(accepted: Accepted, folder: Path, truce: Truce, span: Interval) -> Table:
    """Accepted claims that touch what the case reads, as rows of the table of claims."""
    label = f"case:{file_name('claim')}"
    digest = digest_file(folder / file_name("claim"))
    parties = set(truce.party_ids)
    return CLAIMS.from_records(
        [
            {
                **_claim(claim, party=claim.party if claim.party in parties else None),
                "raw_file": label,
                "raw_row": number,
                "raw_digest": digest,
            }
            for number, claim in enumerate(accepted.claims, 1)
            if span.overlaps(Interval(claim.start, claim.stop))
        ]
    )


def _claim(claim: Claim, *, party: str | None) -> dict[str, object]:
    return {
        "claim_id": claim.proposal_id,
        "source_id": SOURCE,
        "speaker": claim.speaker,
        "speaker_party_id": party,
        "accused_party_id": claim.accused,
        "kind": claim_kind(party, claim.accused, value=claim.value, direction=None),
        "measure": claim.measure,
        "act": claim.act,
        "unit": claim.unit or claim.measure,
        "value": claim.value,
        "relation": claim.relation,
        "direction": None,
        "window_start": claim.start,
        "window_stop": claim.stop,
        "window_precision": "exact",
        "area_id": claim.area,
        "part_of": None,
        "outlet": claim.read_in.outlet or claim.read_in.title or claim.read_in.file,
        "url": claim.read_in.url or None,
        "published": claim.read_in.published,
        "note": None,
    }


def claim_contents(accepted: Accepted) -> dict[int, dict[str, str]]:
    """Accepted claims by their place in the file, field by field, as `explain` shows rows."""
    return {
        number: {
            name: value if isinstance(value, str) else canonical_json(value)
            for name, value in claim.model_dump(mode="json").items()
            if value not in (None, "", [], {})
        }
        for number, claim in enumerate(accepted.claims, 1)
    }


def accepted_account(accepted: Accepted, folder: Path, *, n_used: int) -> SourceAccount:
    """The file of accepted claims, accounted for like every source's."""
    path = folder / file_name("claim")
    n = len(accepted.claims)
    return SourceAccount(
        source_id=SOURCE,
        title=_("Claims accepted from statements"),
        publisher=_("the speakers named in each row, as the texts named there report them"),
        url=None,
        licence=_("facts, each with its outlet and the digest of the text"),
        citation=_("Figures as claimed by the speaker and reported by the text named in each row."),
        grade="reported",
        adapter="accepted_statements",
        adapter_version="1",
        role=_("Numbers of acts read in texts, each accepted by a person; section 2 says by whom and why."),
        state="read",
        cost_of_absence=_("What the texts claim would be compared with nothing."),
        files=(
            FileAccount(label=f"case:{file_name('claim')}", size_bytes=path.stat().st_size, digest=digest_file(path), rows_read=n, rows_used=n_used, rows_outside=n - n_used, rows_repeated=0, rows_quarantined=0),
        ),
    )  # fmt: skip
