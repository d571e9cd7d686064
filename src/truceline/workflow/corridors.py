"""``corridors``: verdicts on the ways out that the terms name; and the register of allegations, apart from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from truceline.base.errors import CallError, CaseError, Problem
from truceline.base.geodesy import FloatArray
from truceline.base.intervals import Interval, as_utc
from truceline.base.language import N_, _, digits, ngettext
from truceline.base.progress import Progress, silent
from truceline.findings.corridors import VERDICTS, Passage, WindowVerdict, judge_window
from truceline.release.rule import ALLOWED, moment_of
from truceline.schema.table import Table
from truceline.terms.answers import act_lineage
from truceline.terms.zones import Zone
from truceline.workflow.case import Case, open_case
from truceline.workflow.case_tables import read_table
from truceline.workflow.ingest import ingest
from truceline.workflow.rivals import act_columns
from truceline.workflow.verify import compute

WAYS_OUT = ("corridor", "surrender")
#: acts of which one in a way out makes it fired upon
FIRE = ("fire", "air_attack", "small_drone_strike")
PASSAGE_COLUMNS = ("zone", "from", "until", "said", "persons", "primary_source", "monitor", "words", "url")
ALLEGATION_COLUMNS = ("id", "date", "place", "concerns", "alleged_by", "status", "referral", "url")
STATUSES = {
    "received": N_("received"),
    "referred": N_("referred"),
    "under_inquiry": N_("under inquiry"),
    "inquiry_closed": N_("inquiry closed"),
    "withdrawn": N_("withdrawn"),
}
#: figures that give a place away: degrees with decimals, or a grid reference
_EXACT = re.compile(r"\d{1,3}[.,]\d{2,}|\b\d{1,2}[A-Z]{3}\s?\d{4,}|°")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorridorOutcome:
    """Every window of every way out."""

    edition: str
    names: Mapping[str, str]
    conditions: Mapping[str, Sequence[str]]
    clauses: Mapping[str, Sequence[str]]
    verdicts: tuple[WindowVerdict, ...]

    def as_dict(self) -> dict[str, Any]:
        """Verdicts as JSON, with what the terms say of each way."""
        return {
            "edition": self.edition,
            "ways": [
                {"zone": zone, "name": name, "conditions": list(self.conditions[zone]), "clauses": list(self.clauses[zone])}
                for zone, name in self.names.items()
            ],
            "verdicts": list(self.verdicts),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """Verdicts as text."""
        lines = [_("edition: {edition}").format(edition=self.edition)]
        for zone, name in self.names.items():
            lines += ["", f"{name} ({', '.join(self.clauses[zone]) or _('no clause')})"]
            lines += [_("  on condition: {text}").format(text=text) for text in self.conditions[zone]]
            for one in self.verdicts:
                if one.zone_id == zone:
                    lines.append(_verdict_line(one))
        return lines


def _verdict_line(one: WindowVerdict) -> str:
    return _(
        "  {start} to {stop} UTC: {verdict}: {reason}. Fire {fired_lo} to {fired_hi}; open {open_lo} to {open_hi} h; {persons} persons told of."
    ).format(
        start=f"{one.start:%Y-%m-%d %H:%M}", stop=f"{one.stop:%H:%M}", verdict=_(VERDICTS[one.verdict]), reason=one.reason,
        fired_lo=digits(f"{one.fired_lo:.2f}"), fired_hi=digits(f"{one.fired_hi:.2f}"),
        open_lo=digits(f"{one.open_lo_h:.1f}"), open_hi=digits(f"{one.open_hi_h:.1f}"), persons=one.persons_told,
    )  # fmt: skip


def corridors(
    case_folder: Path,
    *,
    data: Path | None,
    passages: Path | None = None,
    edition: str | None = None,
    progress: Progress = silent,
) -> CorridorOutcome:
    """Judge every window of every way out of a case's terms.

    passages : CSV of reports (default: the case's ``passages.csv``, where it has one).

    Raises
    ------
    CaseError
        If the case or the reports are wrong, or the terms name no way out with windows.
    CallError
        If asked for an edition that may not tell of ways out.
    """
    case = open_case(case_folder)
    chosen = _edition(case, edition)
    ways = [zone for zone in case.truce.zones if zone.purpose in WAYS_OUT and zone.windows]
    if not ways:
        raise CaseError(Problem(code="case_field", message="the terms name no way out with windows", file=f"case:{case.file.truce}", expected="a zone of purpose corridor or surrender, with windows", next_step="Add it, or ask nothing of it"))  # fmt: skip
    own = case.folder / "passages.csv"
    source = passages or (own if own.is_file() else None)
    reports = [] if source is None else read_passages(source, zones=[zone.id for zone in ways])
    results = compute(case, ingest(case, data=data, progress=progress), run_id="corridors", progress=progress)
    verdicts = [
        judge_window(zone.id, Interval(as_utc(span.start), as_utc(span.stop)), reports, fire_lo=low, fire_hi=high)
        for zone in ways
        for span in zone.windows or ()
        for low, high in [fire_chances(case, zone, span.start, span.stop, results.incidents)]
    ]  # fmt: skip
    return CorridorOutcome(
        edition=chosen,
        names={zone.id: zone.name for zone in ways},
        conditions={zone.id: zone.conditions for zone in ways},
        clauses={zone.id: zone.clauses for zone in ways},
        verdicts=tuple(verdicts),
    )


def _edition(case: Case, asked: str | None) -> str:
    """Ways out are told in the mission edition, and in full where the truce is over; never in the public one."""
    allowed = [name for name in ALLOWED[case.file.release.edition] if name != "public"]
    chosen = asked or (allowed[0] if case.file.release.edition == "public_full" else "mission")
    over = case.truce.span.stop <= moment_of(case.file.as_of, case.truce.clocks[0].zone)
    if chosen == "public_full" and not over:
        allowed = ["mission"]
    if chosen not in allowed:
        raise CallError(Problem(code="edition_not_allowed", message="ways out are not told in this edition: people may be on them", got=chosen, expected=" | ".join(allowed), next_step="Choose one of these with --edition"))  # fmt: skip
    return chosen


def fire_chances(
    case: Case, zone: Zone, start: datetime, stop: datetime, incidents: Table
) -> tuple[FloatArray, FloatArray]:
    """Least and greatest chance of each act of fire to have fallen into a way out in a window, whoever fired."""
    alone = zone.model_copy(update={"windows": None})
    truce = case.truce.model_copy(update={"zones": [alone]})
    least, most = act_columns(truce, incidents, frame=case.frame, areas=case.shapes(), whoever=True)
    fire = np.array([bool(set(FIRE) & set(act_lineage(truce, name))) for name in least.act_names], dtype=bool)
    found = []
    for acts in (least, most):
        rows = np.flatnonzero((acts.zones[:, 0] & np.uint64(1)).astype(bool))
        rows = rows[fire[acts.act[rows]]] if len(acts.act_names) else rows
        begins, ends = (int(as_utc(moment).timestamp() * 1_000_000) for moment in (start, stop))
        length = np.maximum(acts.stop_us[rows] - acts.start_us[rows], 1)
        inside = np.minimum(acts.start_us[rows] + length, ends) - np.maximum(acts.start_us[rows], begins)
        found.append(acts.existence_p[rows] * np.clip(inside / length, 0.0, 1.0))
    return found[0], found[1]


# -- tables -------------------------------------------------------------------------------------
def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def read_passages(path: Path, *, zones: Sequence[str]) -> list[Passage]:
    """Reports of passage and refusal.

    Raises
    ------
    CaseError
        With every fault of every row.
    """
    found: list[Passage] = []
    problems: list[Problem] = []
    for line in read_table(path, PASSAGE_COLUMNS, label=f"case:{path.name}", may_be_empty=True):
        cell = line.cell
        start, stop = _moment(cell["from"]), _moment(cell["until"])
        wrong = [
            ("zone", "name_unknown", " | ".join(zones)) if cell["zone"] not in zones else None,
            ("from", "time_format", "a time with its offset") if start is None else None,
            ("until", "time_format", "a time with its offset") if stop is None else None,
            ("said", "value_unknown", "passed | refused") if cell["said"] not in ("passed", "refused") else None,
            ("persons", "value_type", "a whole number, or nothing") if cell["persons"] and not cell["persons"].isdecimal() else None,
            ("primary_source", "value_missing", "who said it first") if not cell["primary_source"] else None,
            ("monitor", "value_unknown", "yes | no") if cell["monitor"] not in ("yes", "no") else None,
        ]  # fmt: skip
        if start is not None and stop is not None and stop <= start:
            wrong.append(("until", "time_order", "a time after `from`"))
        faults = [one for one in wrong if one is not None]
        problems += [line.wrong(*fault) for fault in faults]
        if not faults and start is not None and stop is not None:
            found.append(
                Passage(
                    zone_id=cell["zone"], start=start, stop=stop, passed=cell["said"] == "passed",
                    persons=int(cell["persons"]) if cell["persons"] else None,
                    primary_source=cell["primary_source"], monitor=cell["monitor"] == "yes",
                    words=cell["words"], url=cell["url"],
                )
            )  # fmt: skip
    if problems:
        raise CaseError(problems)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Allegation:
    """Somebody's allegation of harm to civilians: kept and referred, never judged and never counted here."""

    id: str
    date: date
    place: str  #: at the precision of the release: a region or district by name
    concerns: str
    alleged_by: str
    status: str
    referral: str  #: to whom it went; empty: to nobody yet
    url: str


def read_allegations(case_folder: Path) -> list[Allegation]:
    """The register of a case (``allegations.csv``), in the order of its dates.

    Raises
    ------
    CaseError
        With every fault of every row: an exact place among them.
    """
    path = case_folder / "allegations.csv"
    if not path.is_file():
        raise CaseError(Problem(code="file_missing", message="the case keeps no register of allegations", file=f"case:{path.name}", expected=", ".join(ALLEGATION_COLUMNS), next_step="Begin one with these columns"))  # fmt: skip
    found: list[Allegation] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for line in read_table(path, ALLEGATION_COLUMNS, label=f"case:{path.name}", may_be_empty=True):
        cell = line.cell
        faults = _faults_of_allegation(cell, seen)
        seen.add(cell["id"])
        problems += [
            line.wrong(column, code, expected, message=said) for column, code, said, expected in faults
        ]
        if not faults:
            found.append(
                Allegation(
                    id=cell["id"], date=date.fromisoformat(cell["date"]), place=cell["place"], concerns=cell["concerns"],
                    alleged_by=cell["alleged_by"], status=cell["status"], referral=cell["referral"], url=cell["url"],
                )
            )  # fmt: skip
    if problems:
        raise CaseError(problems)
    return sorted(found, key=lambda one: (one.date, one.id))


def _faults_of_allegation(cell: Mapping[str, str], seen: set[str]) -> list[tuple[str, str, str, str]]:
    faults = [
        (name, "value_missing", "an allegation needs this", "a text")
        for name in ("id", "place", "concerns", "alleged_by")
        if not cell[name]
    ]
    if cell["id"] in seen:
        faults.append(("id", "id_repeated", "this id stands twice", "an id of its own"))
    if _EXACT.search(cell["place"]):
        faults.append(("place", "value_range", "a place is told no more exactly than the release allows", "a region or district by name"))  # fmt: skip
    if cell["status"] not in STATUSES:
        faults.append(("status", "value_unknown", "no such status", " | ".join(STATUSES)))
    if cell["status"] == "referred" and not cell["referral"]:
        faults.append(
            ("referral", "value_missing", "it was referred, but not to whom", "the body that it went to")
        )
    if not cell["url"].startswith(("https://", "http://")):
        faults.append(("url", "value_type", "no address", "an address that begins with https://"))
    try:
        date.fromisoformat(cell["date"])
    except ValueError:
        faults.append(("date", "time_format", "this is no date", "2031-05-01"))
    return faults


def tell_allegations(found: Sequence[Allegation]) -> list[str]:
    """The register as text."""
    told = ngettext(
        "{n} allegation of harm to civilians. None is judged here, and none is counted as a breach.",
        "{n} allegations of harm to civilians. None is judged here, and none is counted as a breach.",
        len(found),
    )
    lines = [told.format(n=len(found))]
    for one in found:
        status = _(STATUSES[one.status]) + (
            _(", to {body}").format(body=one.referral) if one.referral else ""
        )
        told = _("  {id}  {date}  {place}: {concerns}. Alleged by {whom}; {status}. {url}")
        lines.append(
            told.format(
                id=one.id,
                date=one.date,
                place=one.place,
                concerns=one.concerns,
                whom=one.alleged_by,
                status=status,
                url=one.url,
            )
        )
    return lines
