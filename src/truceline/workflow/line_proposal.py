"""``line-proposal``: what a proposed line would mean: ground, settlements and people on each hand, by every map of a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.errors import CallError, CaseError, InputError, Problem
from truceline.base.language import _, digits
from truceline.base.progress import Progress, silent
from truceline.line.proposal import Settlement, Tally, tally_sides
from truceline.line.side import snapshot_at
from truceline.line.uncertainty import measure_spread
from truceline.release.rule import moment_of
from truceline.sources.contact_line import UnsplitError, cut_region
from truceline.sources.layers import read_lines
from truceline.sources.source import InputFile
from truceline.workflow.case import Case, open_case
from truceline.workflow.case_tables import read_table
from truceline.workflow.land import between, choose_edition, read_maps
from truceline.workflow.lines import read_land

#: columns of a table of settlements
SETTLEMENT_COLUMNS = ("name", "longitude", "latitude", "population", "source")


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
            told = _("{map}, {date} (unchanged for {days} days; line known to {error} m: {basis})")
            lines.append(told.format(map=one.title, date=one.map_time.date(), days=f"{one.age_days:.0f}", error=digits(f"{one.error_m:,.0f}"), basis=one.error_basis))  # fmt: skip
            for tally in one.tallies:
                side = self._hand(tally.hand)
                whose = (
                    _("held by {party}").format(party=self.names.get(one.holder, one.holder))
                    if tally.held
                    else _("not held by it")
                )
                told = _(
                    "  {side}, {whose}: {area} km² ({interval}); {settlements} settlements ({uncertain} too near the line to tell), {people} people"
                )
                unknown = _(", population of {n} unknown").format(n=tally.population_unknown)
                lines.append(
                    told.format(
                        side=side, whose=whose, area=digits(f"{tally.area_km2:,.0f}"), interval=between(tally.area_lo_km2, tally.area_hi_km2, ",.0f"),
                        settlements=tally.settlements, uncertain=tally.uncertain_settlements, people=digits(f"{tally.population:,}"),
                    ) + (unknown if tally.population_unknown else "")
                )  # fmt: skip
            lines.append("")
        return [*lines, *self.said]

    def _hand(self, hand: str) -> str:
        if hand not in self.hands:
            return _("{area} (disputed, assigned to nobody)").format(area=self.names.get(hand, hand))
        party = self.hands[hand]
        side = _("left of the line") if hand == "left" else _("right of the line")
        return side + (_(", meant for {party}").format(party=self.names.get(party, party)) if party else "")


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
    chosen = choose_edition(case, edition)
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
                _("{area} is disputed and has no shape in the case: it could not be counted apart.").format(
                    area=area.name
                )
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
    return hands, [_("The line: {text}.").format(text=text) for text in sides.said]


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
