"""What the parties say: claims collapsed to their origin, and set beside earlier ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from truceline.base.intervals import Interval
from truceline.base.language import N_, _, told
from truceline.findings.results import Evidence, Reason, RowRef
from truceline.findings.words import change_of, claimed_figure, counted, figure, period_of, whole_days
from truceline.schema.claims import CLAIMS
from truceline.schema.table import Record, Table, records

Change = Literal["ceased", "fell", "unchanged", "rose", "not_shown", "not_said"]

#: One figure against one earlier figure has no interval; a difference smaller than a third is
#: not called a change. (Day-to-day counts of one side commonly differ by a fifth.)
SMALLEST_CHANGE = 1 / 3
#: windows whose lengths differ by no more are compared, by their rates: one month with another
SIMILAR_LENGTH = 0.12
#: windows of unlike length are compared by their rates where both are at least so long: shorter
#: ones differ by the hour of the day and the day of the week
LONG_H = 7 * 24
#: a fall in less than this share of the period is not a fall in the period
TELLING_SHARE = 0.5

CHANGE_OF_DIRECTION: dict[str, Change] = {
    "ceased": "ceased",
    "reduced": "fell",
    "unchanged": "unchanged",
    "increased": "rose",
}


#: how a claim without a number says that acts went
DIRECTIONS: dict[str, str] = {
    "ceased": N_("ceased"),
    "reduced": N_("reduced"),
    "unchanged": N_("unchanged"),
    "increased": N_("increased"),
    "": N_("said to have occurred"),
}


def window_of(claim: Record) -> Interval:
    """The window that a claim covers."""
    return Interval(claim["window_start"], claim["window_stop"])


def collapse_claims(claims: Table, *, theatre_id: str) -> Table:
    """Claims that two sources transcribe alike are one: the first source of the case keeps it.

    Alike: same side speaking, same party, act, area, window and number; without a number, same
    kind and direction. ``part_of`` of a dropped claim is followed to the one kept.
    """
    kept: dict[tuple[Any, ...], Record] = {}
    renamed: dict[str, str] = {}
    for claim in records(claims):
        what = (claim["value"],) if claim["value"] is not None else (claim["kind"], claim["direction"])
        key = (
            claim["speaker_party_id"] or claim["speaker"],
            claim["accused_party_id"],
            claim["act"],
            claim["area_id"] or theatre_id,
            claim["window_start"],
            claim["window_stop"],
            *what,
        )
        first = kept.setdefault(key, claim)
        renamed[claim["claim_id"]] = first["claim_id"]
        if first is not claim and first["source_id"] == claim["source_id"]:
            # one source may rightly give one number twice, for two things
            kept[(*key, claim["claim_id"])] = claim
            renamed[claim["claim_id"]] = claim["claim_id"]
    rows = [{**claim, "part_of": renamed.get(claim["part_of"] or "")} for claim in kept.values()]
    return CLAIMS.check(CLAIMS.from_records(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What evidence is sought for: a party's act in an area over a period of a truce."""

    act: str
    party_id: str
    area_id: str
    theatre_id: str
    period: Interval
    window: Interval
    zone: str
    zones: tuple[str, ...] = ()  #: of all clocks of the truce: a claim by days is told in its own
    part_ids: frozenset[str] = frozenset()  #: the area and all that lies in it
    n_compared: int = 1  #: areas asked about side by side; the more, the surer one must be of each


def evidence_of_claims(claims: list[Record], question: Question) -> list[Evidence]:
    """Evidence from claims, one line per side speaking and unit, by one rule for every party.

    Of several claims of one side in one unit within the period, the one over the longest window
    speaks; nested ones add nothing. A number is compared with the last number of the same side,
    unit, area and length that lies wholly before the truce; failing that, with the nearest one
    that lies partly inside, which is said. Lengths are alike within an eighth; windows of a week or
    more are compared whatever their lengths. Figures are compared by their rates. What is said of
    less than half of the period shows no fall in it.
    """
    about = [
        claim
        for claim in claims
        if claim["accused_party_id"] == question.party_id
        and claim["act"] == question.act
        and (claim["area_id"] or question.theatre_id) == question.area_id
    ]
    inside = [claim for claim in about if question.period.covers(window_of(claim))]
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for claim in inside:
        key = (
            claim["kind"],
            _side(claim),
            claim["unit"],
            claim["value"] is None,
        )
        groups.setdefault(key, []).append(claim)
    evidence = []
    for group in groups.values():
        chosen = max(group, key=lambda claim: (window_of(claim).duration_h, -group.index(claim)))
        if chosen["value"] is None:
            evidence.append(_stated(chosen, question))
        else:
            evidence.append(_counted(chosen, about, question))
    return evidence


def figures_elsewhere(claims: list[Record], question: Question) -> list[Record]:
    """Claims on the same party and act that match the truce but not this period or area."""
    return [
        claim
        for claim in claims
        if claim["accused_party_id"] == question.party_id
        and claim["act"] == question.act
        and question.window.overlaps(window_of(claim))
        and not (
            question.period.covers(window_of(claim))
            and (claim["area_id"] or question.theatre_id) == question.area_id
        )
    ]


def said_elsewhere(claim: Record, question: Question) -> str:
    """A claim of another period or area in short: speaker, number and unit or what, window."""
    period = _period(claim, question)
    if claim["value"] is None:
        what, how = what_and_how(claim)
        said = f"{what}, {how}"
    else:
        said = counted(claim["value"], claim["unit"] or claim["measure"], claim["relation"])
    return f"{told(claim['speaker'])}: {said}, {period}"


def _stated(claim: Record, question: Question) -> Evidence:
    """Evidence without a number: a concession, or a party's word on itself."""
    direction = claim["direction"]
    said_change: Change = CHANGE_OF_DIRECTION[direction] if direction else "not_said"
    change = _of_period(said_change, claim, question)
    concession = claim["kind"] == "opponent_concession"
    what, how = what_and_how(claim)
    speaker = told(claim["speaker"])
    said = (
        _("{speaker} concedes: {what}, {how} ({period}); no number is given.")
        if concession
        else _("{speaker} says: {what}, {how} ({period}); no number is given.")
    )
    text = said.format(speaker=speaker, what=what, how=how, period=_period(claim, question))
    return Evidence(
        kind=claim["kind"],
        speaker=speaker,
        speaker_party_id=claim["speaker_party_id"],
        change=change,
        residual=None,
        value=None,
        relation="=",
        unit=claim["unit"] or "",
        baseline_value=None,
        baseline_note="",
        ratio=None,
        reason=Reason(
            code="opponent_concedes_fall"
            if concession
            else "own_report_fell"
            if change in ("fell", "ceased")
            else "claims_only",
            text=text,
            source_ids=(claim["source_id"],),
            rows=(row_of(claim),),
            claim_ids=(claim["claim_id"],),
        ),
        brief=_("{what}: {how}, no number given").format(what=what, how=how),
        caveat=""
        if concession
        else _("A party’s word on its own conduct; it weighs nothing by itself.")
        if claim["kind"] == "own_report"
        else _("A word without a number; it weighs nothing by itself."),
    )


def _period(claim: Record, question: Question) -> str:
    """The window of a claim in words; one of whole days in another clock's zone by those days."""
    window = window_of(claim)
    for zone in dict.fromkeys((question.zone, *question.zones)):
        if whole_days(window, zone):
            said = period_of(window, zone)
            return said if zone == question.zone else _("{period}, by days in {zone}").format(period=said, zone=zone)  # fmt: skip
    return period_of(window, question.zone)


def _extent(claim: Record, earlier: Record | None, question: Question) -> str:
    """How long the windows are, where a reader of the two numbers alone would be misled."""
    length = window_of(claim).duration_h
    if _share(claim, question) < TELLING_SHARE:
        return _("in {part} of {whole} days").format(part=figure(round(length / 24)), whole=figure(round(question.period.duration_h / 24)))  # fmt: skip
    if earlier is not None and not _alike(claim, earlier):
        return _("in {before} days, and in {after}").format(before=figure(round(window_of(earlier).duration_h / 24)), after=figure(round(length / 24)))  # fmt: skip
    return ""


def what_and_how(claim: Record) -> tuple[str, str]:
    """What a claim without a number is about, and how that went by it; its kind is said elsewhere."""
    what = told(claim["measure"].removeprefix("own report: ").removesuffix(", concession"))
    return what, _(DIRECTIONS.get(claim["direction"] or "", DIRECTIONS[""]))


def _counted(claim: Record, about: list[Record], question: Question) -> Evidence:
    """Evidence with a number, set beside the earlier number it can be compared with."""
    earlier, overlaps = _earlier(claim, about, question)
    ratio = None
    if earlier is not None and earlier["value"]:
        hours = window_of(claim).duration_h / window_of(earlier).duration_h
        ratio = claim["value"] / earlier["value"] / hours
    change = _of_period(_change(claim, earlier, ratio), claim, question)
    period = _period(claim, question)
    brief = f"{counted(claim['value'], claim['unit'] or claim['measure'], claim['relation'])}, {period}"
    speaker = told(claim["speaker"])
    text = f"{speaker}: {brief}"
    note = ""
    if earlier is not None and ratio is not None:
        note = _number_on(earlier, question)
        against = (
            _(", against {earlier} ({change})")
            if _alike(claim, earlier)
            else _(", against {earlier} (a day: {change})")
        )
        brief += against.format(earlier=note, change=change_of(ratio))
        text = f"{speaker}: {brief}"
        if overlaps:
            text += "; " + _("the day compared with lies partly inside the truce")
        elif change == "unchanged":
            text += "; " + _("one comparison must show at least a third to be called a change")
    others = _other_days(claim, earlier, about, question)
    text += others + "."
    if _share(claim, question) < TELLING_SHARE:
        # one figure of a small part of the period must not stand for it alone
        brief += others
    return Evidence(
        kind=claim["kind"],
        speaker=speaker,
        speaker_party_id=claim["speaker_party_id"],
        change=change,
        residual=claim["value"] > 0,
        value=claim["value"],
        relation=claim["relation"] or "=",
        unit=claim["unit"] or claim["measure"],
        baseline_value=earlier["value"] if earlier else None,
        baseline_note=note,
        baseline_relation=(earlier["relation"] or "=") if earlier else "=",
        ratio=ratio,
        reason=Reason(
            code=_code(claim["kind"], change, claim["value"]),
            text=text,
            source_ids=tuple(
                dict.fromkeys([claim["source_id"], *([earlier["source_id"]] if earlier else [])])
            ),
            rows=tuple(row_of(row) for row in (claim, earlier) if row is not None),
            claim_ids=tuple(row["claim_id"] for row in (claim, earlier) if row is not None),
        ),
        brief=brief,
        caveat="baseline_overlaps_window" if overlaps else "",
        extent=_extent(claim, earlier, question),
    )


def _earlier(claim: Record, about: list[Record], question: Question) -> tuple[Record | None, bool]:
    """The number to compare with, and whether it lies partly inside the truce."""
    alike = [
        other
        for other in about
        if other["value"] is not None
        and other["unit"] == claim["unit"]
        and other["kind"] == claim["kind"]
        and _side(other) == _side(claim)
        and other["window_start"] < claim["window_start"]
        and (_alike(claim, other) or min(window_of(one).duration_h for one in (claim, other)) >= LONG_H)
    ]
    alike = [other for other in alike if _alike(claim, other)] or alike
    before = [other for other in alike if other["window_stop"] <= question.window.start]
    partly = [
        other for other in alike if other["window_start"] < question.window.start < other["window_stop"]
    ]
    if before:
        return max(before, key=lambda other: other["window_stop"]), False
    if partly:
        return max(partly, key=lambda other: other["window_stop"]), True
    return None, False


def _side(claim: Record) -> str:
    """Who speaks: a party whoever speaks for it, else the speaker."""
    return str(claim["speaker_party_id"] or claim["speaker"])


def _alike(claim: Record, other: Record) -> bool:
    """Whether two windows are about equally long."""
    length = window_of(claim).duration_h
    return abs(window_of(other).duration_h - length) <= SIMILAR_LENGTH * length


def _of_period(change: Change, claim: Record, question: Question) -> Change:
    """A change that is said of too little of the period is not shown for the period."""
    short = _share(claim, question) < TELLING_SHARE
    return "not_shown" if change in ("fell", "ceased") and short else change


def _share(claim: Record, question: Question) -> float:
    return window_of(claim).duration_h / question.period.duration_h


def _other_days(claim: Record, earlier: Record | None, about: list[Record], question: Question) -> str:
    """The same count on the days between and after, so that nothing comparable stays unsaid."""
    used = {claim["claim_id"], earlier["claim_id"] if earlier else ""}
    limit = question.window.stop + timedelta(days=1)
    others = [
        other
        for other in about
        if other["claim_id"] not in used
        and other["value"] is not None
        and other["unit"] == claim["unit"]
        and other["kind"] == claim["kind"]
        and _side(other) == _side(claim)
        and _alike(claim, other)
        and other["window_stop"] > question.window.start
        and other["window_stop"] <= limit
    ]
    if not others:
        return ""
    others.sort(key=lambda other: (other["window_start"], other["claim_id"]))
    said = [_number_on(other, question, unless=claim["speaker"]) for other in others]
    return "; " + _("also {numbers}").format(numbers=", ".join(said))


def _number_on(claim: Record, question: Question, *, unless: str | None = None) -> str:
    """A number with its period; with its speaker where another one than ``unless`` gave it."""
    said = _("{number} on {period}").format(
        number=claimed_figure(claim["value"], claim["relation"]),
        period=_period(claim, question),
    )
    return said if unless in (None, claim["speaker"]) else f"{said} ({told(claim['speaker'])})"


def _change(claim: Record, earlier: Record | None, ratio: float | None) -> Change:
    if claim["value"] == 0 and claim["relation"] == "=" and (earlier or claim["kind"] != "third_party_count"):
        # a third party that recorded nothing, and has no earlier count, may not have looked
        return "ceased"
    if earlier is None or ratio is None:
        return "not_said"
    if ratio <= 1 - SMALLEST_CHANGE:
        return "fell" if claim["relation"] != "≥" else "not_shown"
    if ratio >= 1 / (1 - SMALLEST_CHANGE):
        return "rose" if earlier["relation"] != "≥" else "not_shown"
    return "unchanged"


def _code(kind: str, change: Change, value: float) -> str:
    if kind == "own_report":
        return "own_report_fell" if change in ("fell", "ceased") else "own_report_residual"
    if value == 0 and change not in ("fell", "ceased"):
        return "zero_of_part"
    who = "third_party" if kind == "third_party_count" else "opponent"
    what = {
        "fell": "fell",
        "ceased": "fell",
        "unchanged": "unchanged",
        "rose": "rose",
    }.get(change, "residual")
    return f"{who}_count_{what}"


def row_of(record: Record) -> RowRef:
    """The row of a file that a record came from."""
    return RowRef(file=record["raw_file"], row=record["raw_row"])
