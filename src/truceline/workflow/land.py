"""``land`` and ``line-proposal``: what changed hands by a case's maps, and what a proposed line would mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.canonical import digest_bytes
from truceline.base.errors import CallError, CaseError, InputError, Problem
from truceline.base.intervals import Interval
from truceline.base.progress import Progress, silent
from truceline.line.history import LineHistory
from truceline.line.momentum import PhaseRate, rate_phases, steps_of
from truceline.line.proposal import Settlement, Tally, tally_sides
from truceline.line.report import LineReport
from truceline.line.side import snapshot_at
from truceline.line.uncertainty import measure_spread
from truceline.release.rule import ALLOWED, ReleaseRule, moment_of
from truceline.schema.table import Record, records
from truceline.sources.contact_line import UnsplitError, cut_region
from truceline.sources.dated_maps import DatedOptions
from truceline.sources.layers import read_lines
from truceline.sources.source import SOURCES, InputFile
from truceline.workflow.case import Case, open_case
from truceline.workflow.case_tables import read_table
from truceline.workflow.ingest import ingest
from truceline.workflow.lines import build_lines, read_land, tell_line

#: columns of a table of settlements
SETTLEMENT_COLUMNS = ("name", "longitude", "latitude", "population", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class LandOutcome:
    """What the maps of a case show to have changed hands, and how fast."""

    edition: str
    ledger: tuple[Record, ...]
    rates: tuple[PhaseRate, ...]
    titles: Mapping[str, str]
    errors_m: Mapping[str, tuple[float, str]]  #: map → how well its line is known, and on what basis

    def as_dict(self) -> dict[str, Any]:
        """Ledger and rates as JSON."""
        return {
            "edition": self.edition,
            "maps": [
                {"map": name, "title": self.titles[name], "error_m": error, "error_basis": basis}
                for name, (error, basis) in self.errors_m.items()
            ],
            "ledger": list(self.ledger),
            "rates": list(self.rates),
        }

    def lines(self) -> list[str]:
        """Rates, then the ledger summed by day, as text."""
        lines = [f"edition: {self.edition}", "", "Rate of movement, km² a day (map at its word; over delays of 0–3 days; 95 %)"]  # fmt: skip
        lines += [_rate_line(rate) for rate in self.rates]
        lines += ["", "What changed hands, by map and step (all sectors)"]
        for row in _by_step(self.ledger):
            lines.append(
                f"  {row['source_id']:<12} {row['describes_from']:%Y-%m-%d %H:%M} to {row['describes_until']:%Y-%m-%d %H:%M}  "
                + (
                    "not redrawn: nothing is known"
                    if row["status"] == "repeat"
                    else f"+{row['gained_km2']:.2f} −{row['lost_km2']:.2f} km²"
                )
            )
        return lines


def _rate_line(rate: PhaseRate) -> str:
    head = f"  {rate.source_id:<12} {rate.phase:<7} {rate.moved:<7}"
    if rate.rate is None:
        return f"{head} not known ({rate.steps} steps, {rate.days_covered:.1f} days)"
    interval = (
        "no interval: too few steps"
        if rate.rate_lo95 is None
        else f"{rate.rate_lo95:.2f} to {rate.rate_hi95:.2f}"
    )
    return (
        f"{head} {rate.rate:.2f}; {rate.delay_lo:.2f} to {rate.delay_hi:.2f}; {interval} ({rate.steps} steps)"
    )


def _by_step(ledger: tuple[Record, ...]) -> list[Record]:
    found: dict[str, Record] = {}
    for row in ledger:
        key = row["control_id"]
        if key not in found:
            found[key] = dict(row)
        elif row["status"] != "repeat":
            found[key]["gained_km2"] += row["gained_km2"]
            found[key]["lost_km2"] += row["lost_km2"]
    return list(found.values())


def land(
    case_folder: Path, *, data: Path | None, edition: str | None = None, progress: Progress = silent
) -> LandOutcome:
    """What changed hands by day, sector and map, and how fast before, during and after the truce.

    Raises
    ------
    CaseError
        If the case is wrong, or none of its maps can be read.
    CallError
        If the case may not be released in the edition asked for.
    """
    case = open_case(case_folder)
    chosen = _edition(case, edition)
    lines, report = read_maps(case, data=data, edition=chosen, progress=progress)
    window, span = case.truce.span, case.span
    phases = {"before": _interval(span.start, window.start), "during": window, "after": _interval(window.stop, span.stop)}  # fmt: skip
    known = {name: interval for name, interval in phases.items() if interval is not None}
    rates: list[PhaseRate] = []
    for history in lines:
        seed = int(digest_bytes(f"{case.file.seed}:{history.source_id}".encode())[:15], 16)
        rates += rate_phases(
            steps_of(report.ledger, source_id=history.source_id),
            known,
            source_id=history.source_id,
            rng=np.random.default_rng(seed),
        )
    return LandOutcome(
        edition=chosen,
        ledger=tuple(records(report.ledger)),
        rates=tuple(rates),
        titles={history.source_id: history.title for history in lines},
        errors_m={one.source_id: (one.spread.drawn_sd_m, one.spread.basis) for one in report.maps},
    )


def _interval(start: datetime, stop: datetime) -> Interval | None:
    return Interval(start, stop) if start < stop else None


def _edition(case: Case, asked: str | None) -> str:
    chosen = asked or case.file.release.edition
    allowed = ALLOWED[case.file.release.edition]
    if chosen not in allowed:
        raise CallError(Problem(code="edition_not_allowed", message=f"this case may not be released as {chosen!r}", got=chosen, expected=" | ".join(allowed), next_step="Choose one of these with --edition"))  # fmt: skip
    return chosen


def read_maps(
    case: Case, *, data: Path | None, edition: str, progress: Progress = silent
) -> tuple[tuple[LineHistory, ...], LineReport]:
    """The maps of a case alone, as the edition may use them.

    Raises
    ------
    CaseError
        If the case has no map that can be read.
    """
    maps = [entry for entry in case.file.sources if _is_map(entry.adapter)]
    only = replace(case, file=case.file.model_copy(update={"sources": maps, "series": []}))
    ingested = ingest(only, data=data, progress=progress)
    if edition == "public":
        rule = case.file.release
        zone = case.truce.clocks[0].zone
        until = ReleaseRule(delay_h=rule.delay_h, cell_m=rule.cell_km * 1000, zone=zone).released_until(
            moment_of(case.file.as_of, zone)
        )
        ingested = replace(
            ingested, control=ingested.control.filter(pc.less(ingested.control["map_time"], until))
        )
    lines = build_lines(only, ingested)
    report = tell_line(only, lines, land=read_land(only), drawn=ingested.drawn)
    if report is None:
        told = [problem for account in ingested.sources for problem in account.problems]
        raise CaseError([*told, Problem(code="source_absent", message="none of the case's maps of control can be read", file="case:case.yaml", expected="a source that gives dated polygons or lines", next_step="Give the folder that holds the data with --data")])  # fmt: skip
    return lines, report


def _is_map(adapter: str) -> bool:
    plugin = SOURCES.get(adapter)
    return plugin is not None and issubclass(plugin.Options, DatedOptions)


# -- a proposed line ----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class MapTally:
    """A proposed line against one map on one date."""

    map_id: str
    title: str
    holder: str
    map_time: datetime
    age_days: float  #: since the map's shape last changed
    error_m: float
    error_basis: str
    tallies: tuple[Tally, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalOutcome:
    """A proposed line against every map."""

    at: date
    hands: Mapping[str, str]  #: left and right → for whom the proposal means it, or nothing
    maps: tuple[MapTally, ...]
    names: Mapping[str, str]
    said: tuple[str, ...]  #: how the line was led on to the region's edge

    def as_dict(self) -> dict[str, Any]:
        """All tallies as JSON."""
        return {"at": self.at, "hands": self.hands, "maps": list(self.maps), "notes": list(self.said)}

    def lines(self) -> list[str]:
        """The tallies as text."""
        lines: list[str] = []
        for one in self.maps:
            lines.append(f"{one.title}, {one.map_time.date()} (unchanged for {one.age_days:.0f} days; line known to {one.error_m:,.0f} m: {one.error_basis})")  # fmt: skip
            for tally in one.tallies:
                side = self._hand(tally.hand)
                whose = (
                    f"held by {self.names.get(one.holder, one.holder)}" if tally.held else "not held by it"
                )
                lines.append(
                    f"  {side}, {whose}: {tally.area_km2:,.0f} km² ({tally.area_lo_km2:,.0f} to {tally.area_hi_km2:,.0f}); "
                    f"{tally.settlements} settlements ({tally.uncertain_settlements} too near the line to tell), "
                    f"{tally.population:,} people" + (f", population of {tally.population_unknown} unknown" if tally.population_unknown else "")
                )  # fmt: skip
            lines.append("")
        return [*lines, *self.said]

    def _hand(self, hand: str) -> str:
        if hand not in self.hands:
            return f"{self.names.get(hand, hand)} (disputed, assigned to nobody)"
        party = self.hands[hand]
        return f"{hand} of the line" + (f", meant for {self.names.get(party, party)}" if party else "")


def propose_line(
    case_folder: Path,
    *,
    line: Path,
    at: str,
    settlements: Path | None,
    data: Path | None,
    left: str | None = None,
    right: str | None = None,
    edition: str | None = None,
    progress: Progress = silent,
) -> ProposalOutcome:
    """Ground, settlements and public population on each hand of a line, against each map of a case on a date.

    Raises
    ------
    CaseError
        If case, line or settlements are wrong, or no map can be read.
    CallError
        If a party or date is none, or the edition is not allowed.
    """
    case = open_case(case_folder)
    chosen = _edition(case, edition)
    moment = _moment(at, case)
    hands = {"left": left or "", "right": right or ""}
    for party in hands.values():
        if party and party not in case.truce.party_ids:
            raise CallError(Problem(code="party_unknown", message="no party has this id", got=party, expected=" | ".join(case.truce.party_ids)))  # fmt: skip
    sides, said = _cut(case, line)
    disputed: dict[str, BaseGeometry] = {}
    for area in case.file.areas:
        shape = case.shape_of(area.id) if area.disputed else None
        if shape is not None:
            disputed[area.id] = shape
        elif area.disputed:
            said.append(
                f"{area.name} is disputed and has no shape in the case: it could not be counted apart."
            )
    table = read_settlements(settlements) if settlements is not None else []
    lines, report = read_maps(case, data=data, edition=chosen, progress=progress)
    told = {one.source_id: one.spread for one in report.maps}
    found = []
    for history in lines:
        snapshot = snapshot_at(history, moment)
        if snapshot is None:
            continue
        spread = told.get(history.source_id) or measure_spread(history)
        changed = [s.map_time for s in history.snapshots if s.status != "repeat" and s.map_time <= moment]
        tallies = tally_sides(
            sides, snapshot.geometry, table, frame=case.frame, error_m=spread.drawn_sd_m, disputed=disputed
        )
        found.append(
            MapTally(
                map_id=history.source_id, title=history.title, holder=snapshot.holder_party_id,
                map_time=snapshot.map_time, age_days=(moment - max(changed)).total_seconds() / 86_400,
                error_m=spread.drawn_sd_m, error_basis=spread.basis, tallies=tuple(tallies),
            )
        )  # fmt: skip
    if not found:
        first = min(history.snapshots[0].map_time for history in lines)
        raise CallError(Problem(code="source_outside_window", message="no map shows anything by that date", got=at, expected=f"a date from {first.date()} on"))  # fmt: skip
    names = {party: case.truce.party_name(party) for party in case.truce.party_ids} | case.area_names
    return ProposalOutcome(
        at=date.fromisoformat(at[:10]), hands=hands, maps=tuple(found), names=names, said=tuple(said)
    )


def _moment(at: str, case: Case) -> datetime:
    """The end of a day, or the moment named: the maps looked at are the last before it."""
    try:
        if len(at) > len("2031-05-01") and datetime.fromisoformat(at).tzinfo is None:
            raise CallError(Problem(code="time_naive", message="the time has no zone", file="--at", got=at, expected="2031-05-01, or a moment with its offset", next_step="Write date, time and offset"))  # fmt: skip
        moment = moment_of(at, case.truce.clocks[0].zone)
        return moment + timedelta(days=1, microseconds=-1) if len(at) <= len("2031-05-01") else moment
    except ValueError as error:
        raise CallError(Problem(code="time_format", message="this is no date", got=at, expected="2031-05-01, or a moment with its offset")) from error  # fmt: skip


def _cut(case: Case, line: Path) -> tuple[dict[str, BaseGeometry], list[str]]:
    """The case's ground on the left and on the right of the line."""
    label = f"line:{line.name}"
    try:
        drawn = read_lines(InputFile(line, label=label))
    except InputError as error:
        raise CaseError(error.problems) from error
    region = case.theatre_shape or shapely.box(*case.region_box)
    ground = read_land(case)
    try:
        sides = cut_region(list(shapely.get_parts(drawn)), shapely.box(*case.region_box))
    except UnsplitError as error:
        raise CaseError(Problem(code="line_unsplit", message=str(error), file=label, expected="a line that cuts the case's region in two", next_step="Lead it on to the region's edge, or draw its parts in one direction")) from error  # fmt: skip
    whole = region if ground is None else shapely.intersection(region, ground)
    hands = {
        name: shapely.intersection(side, whole)
        for name, side in (("left", sides.left), ("right", sides.right))
    }
    return hands, [f"The line: {text}." for text in sides.said]


def read_settlements(path: Path) -> list[Settlement]:
    """The case's table of settlements: name, longitude, latitude, population (may be empty), source.

    Raises
    ------
    CaseError
        With every fault of every row.
    """
    found: list[Settlement] = []
    problems: list[Problem] = []
    for line in read_table(path, SETTLEMENT_COLUMNS, label=f"settlements:{path.name}"):
        cell = line.cell
        wrong = _faults_of_row(cell)
        problems += [line.wrong(*fault) for fault in wrong]
        if not wrong:
            people = int(cell["population"]) if cell["population"] else None
            found.append(Settlement(name=cell["name"], longitude_deg=float(cell["longitude"]), latitude_deg=float(cell["latitude"]), population=people, source=cell["source"]))  # fmt: skip
    if problems:
        raise CaseError(problems)
    return found


def _faults_of_row(cell: Mapping[str, str]) -> list[tuple[str, str, str]]:
    wrong = [(name, "value_missing", "a text") for name in ("name", "source") if not cell[name]]
    for name, limit in (("longitude", 180.0), ("latitude", 90.0)):
        try:
            inside = abs(float(cell[name])) <= limit
        except ValueError:
            inside = False
        if not inside:
            wrong.append((name, "place_range", f"degrees from −{limit:g} to {limit:g}"))
    if cell["population"] and not cell["population"].isdecimal():
        wrong.append(("population", "value_type", "a whole number, or nothing where it is not known"))
    return wrong
