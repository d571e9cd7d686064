"""``enclosure``: how far a pocket is enclosed, by each map on each date, beside what was claimed of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.canonical import as_plain
from truceline.base.errors import CallError, CaseError, Problem
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval, as_utc
from truceline.base.language import _, digits
from truceline.base.progress import Progress, silent
from truceline.line.enclosure import Ground, Measured, measure_enclosure
from truceline.line.pocket import Stage, ground_of, set_stage
from truceline.line.pocket_history import PocketDay, tell_day
from truceline.line.shapes import PIECE_DEG, cut_edges, ground_km2, polygonal
from truceline.release.pockets import publish_days
from truceline.release.rule import ALLOWED, EditionName, ReleaseRule, moment_of
from truceline.reports.enclosure import (
    ClaimLine,
    EnclosurePage,
    MapCurve,
    PocketPicture,
    days_table,
    render_enclosure,
)
from truceline.schema.table import Record
from truceline.sources.layers import read_lines
from truceline.sources.source import InputFile
from truceline.store.folder import OutputFolder
from truceline.workflow.case_file import SourceEntry
from truceline.workflow.enclosure_file import (
    EnclosureFile,
    PocketClaim,
    PocketMap,
    read_claims,
    read_enclosure,
)
from truceline.workflow.loose_sources import read_map

#: edges straight in degrees are cut so fine before they are taken as straight in the plane
FINE_DEG = PIECE_DEG / 10


@dataclass(frozen=True, slots=True, kw_only=True)
class MapAccount:
    """One map as the page tells it, and the files that it was read from: label and SHA-256 of each."""

    curve: MapCurve
    digests: tuple[tuple[str, str], ...]

    def as_dict(self, *, edition: str) -> dict[str, Any]:
        """The map as JSON; what the public edition withholds stays out."""
        curve = self.curve
        told: dict[str, Any] = {
            "map": curve.map_id, "title": curve.title, "shows": curve.shows,
            "error_m": curve.error_m, "error_basis": curve.error_basis, "citation": curve.citation,
            "days": curve.days, "notes": curve.notes, "files": [{"file": f, "sha256": d} for f, d in self.digests],
        }  # fmt: skip
        return told if edition == "public" else told | {"closed_since": curve.closed}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnclosureOutcome:
    """Everything measured, and where it was written."""

    file: EnclosureFile
    edition: str
    maps: tuple[MapAccount, ...]
    claims: tuple[PocketClaim, ...]
    folder: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON."""
        return {
            "enclosure": self.file.id,
            "title": self.file.title,
            "edition": self.edition,
            "as_of": self.file.as_of,
            "pocket_of": self.file.pocket_of,
            "tolerance_m": self.file.tolerance_m,
            "maps": [one.as_dict(edition=self.edition) for one in self.maps],
            "claims": list(self.claims),
            "folder": self.folder,
        }

    def lines(self) -> list[str]:
        """The days to be looked at, by each map, and the claims, as text."""
        lines = [self.file.title, _("edition: {edition}").format(edition=self.edition), ""]
        lines.append(
            f"{_('map'):<12} {_('date'):<10}  {_('km²'):>16}  {_('enclosed'):>14}  {_('way out, km'):>18}"
        )
        for one in self.maps:
            for day in one.curve.looked_at:
                lines.append(_day_line(day))
        lines.append(_("Figures: as drawn (least–most, with the line off by its stated error)."))
        lines += ["", _("Claimed:")]
        lines += [f"  {c.said_on}  {c.speaker}: {c.words} [{c.outlet}]" for c in self.claims]
        return lines


def _day_line(day: PocketDay) -> str:
    repeat = _("  (not redrawn)") if day.status == "repeat" else ""
    return (
        f"{day.map_id:<12} {day.map_time.date()!s:<10}  {_told(day.area_km2, '.0f'):>16}  "
        f"{_told(day.enclosed_share, '.0%'):>14}  {_told(day.neck_m, '.1f', 1000):>18}{repeat}"
    )


def _told(value: Any, form: str, unit: float = 1) -> str:
    if value.drawn is None:
        return "–"
    return digits(f"{value.drawn / unit:{form}} ({value.least / unit:{form}}–{value.most / unit:{form}})")


def days_to_look_at(days: Sequence[PocketDay], file: EnclosureFile) -> list[PocketDay]:
    """The days set beside the claims, begun with the shape in force at their beginning; all where none are named."""
    if file.look_from is None or file.look_until is None:
        return list(days)
    before = [day for day in days if day.map_time < as_utc(file.look_from)]
    return before[-1:] + [
        day for day in days if as_utc(file.look_from) <= day.map_time < as_utc(file.look_until)
    ]


def enclosure(
    path: Path,
    *,
    data: Path | None,
    out: Path | None = None,
    edition: str | None = None,
    progress: Progress = silent,
) -> EnclosureOutcome:
    """Measure a pocket by every map of ``path`` (``enclosure.yaml``, or its folder), and write the result.

    Raises
    ------
    CaseError
        If the file, its frontier or its claims are wrong, or no map can be read.
    CallError
        If the file may not be released in the edition asked for.
    OutputError
        If the folder cannot be written.
    """
    source = path / "enclosure.yaml" if path.is_dir() else path
    file = read_enclosure(source)
    chosen = _edition(file, edition)
    frame = _frame(file)
    frontier = _frontier(file, source, frame)
    claims: list[PocketClaim] = []
    if file.claims is not None:
        sides = tuple(party.id for party in file.parties)
        claims = read_claims(source.parent / file.claims, sides=sides)
    accounts: list[MapAccount] = []
    pictures: list[PocketPicture] = []
    for number, entry in enumerate(file.maps):
        progress(f"measuring {entry.id}", number, len(file.maps))
        account, drawn = _measure_map(file, entry, source.parent, data=data, frame=frame, frontier=frontier)
        accounts.append(account)
        pictures += drawn if entry.publish_shapes or chosen == "mission" else []
    progress("measuring", len(file.maps), len(file.maps))
    if chosen == "public":
        rule = ReleaseRule(delay_h=file.release.delay_h, cell_m=file.release.cell_km * 1000, zone=file.zone)
        as_of = moment_of(file.as_of, file.zone)
        accounts = [_publish(one, file, rule, as_of) for one in accounts]
        pictures = []
    outcome = EnclosureOutcome(
        file=file, edition=chosen, maps=tuple(accounts), claims=tuple(claims), folder=out
    )
    if out is not None:
        with OutputFolder(out) as folder:
            (folder / "enclosure.json").write_text(
                json.dumps(as_plain(outcome.as_dict()), indent=1, sort_keys=True) + "\n", encoding="utf-8"
            )
            days = [day for account in accounts for day in account.curve.days]
            (folder / "enclosure.csv").write_text(days_table(days), encoding="utf-8")
            page = _page(outcome, pictures, frame=frame, frontier=frontier)
            (folder / "index.html").write_text(render_enclosure(page), encoding="utf-8")
    return outcome


def _page(
    outcome: EnclosureOutcome, pictures: list[PocketPicture], *, frame: LocalFrame, frontier: BaseGeometry
) -> EnclosurePage:
    file = outcome.file
    names = {party.id: party.name for party in file.parties}
    other = next(name for key, name in names.items() if key != file.pocket_of)
    return EnclosurePage(
        title=file.title, summary=file.summary, edition=outcome.edition, as_of=file.as_of,
        holder=names[file.pocket_of], other=other, sides=names, tolerance_m=file.tolerance_m,
        snap_m=file.snap_m, frontier_credit=file.frontier_credit, release_basis=file.release.basis,
        maps=tuple(one.curve for one in outcome.maps),
        claims=tuple(ClaimLine(said_on=c.said_on.isoformat(), speaker=c.speaker, side=names.get(c.side, ""), says=c.says, words=c.words, figure_km2=c.figure_km2, outlet=c.outlet, url=c.url) for c in outcome.claims),
        pictures=tuple(pictures), frontier=frontier, frame=frame,
    )  # fmt: skip


def _edition(file: EnclosureFile, asked: str | None) -> EditionName:
    chosen = asked or file.release.edition
    allowed = ALLOWED[file.release.edition]
    if chosen not in allowed:
        raise CallError(
            Problem(code="edition_not_allowed", message=f"this may not be released as {chosen!r}", got=chosen, expected=" | ".join(allowed), next_step="Choose one of these with --edition")
        )  # fmt: skip
    if chosen == "public_full":
        over = file.over_since
        if over is None or as_utc(over) > moment_of(file.as_of, file.zone):
            raise CallError(
                Problem(code="edition_not_allowed", message="widths and ways out are released in full only when truce and pocket are over", got="over_since: " + ("not given" if over is None else over.isoformat()), expected=f"a moment no later than the evidence, {file.as_of}", next_step="Make the mission or the public edition with --edition")
            )  # fmt: skip
    return next(name for name in get_args(EditionName) if name == chosen)


def _frame(file: EnclosureFile) -> LocalFrame:
    west, south, east, north = file.region
    return LocalFrame(file.id, (west + east) / 2, (south + north) / 2)


def _plane(shape: BaseGeometry, file: EnclosureFile, frame: LocalFrame) -> BaseGeometry:
    """Polygons of the region, in the frame's metres."""
    inside = polygonal(shapely.intersection(polygonal(shape), shapely.box(*file.region)))
    return polygonal(frame.geometry_to_plane(cut_edges(inside, FINE_DEG))) if not inside.is_empty else inside


def _frontier(file: EnclosureFile, source: Path, frame: LocalFrame) -> BaseGeometry:
    lines = read_lines(InputFile(source.parent / file.frontier, label=f"case:{file.frontier}"))
    if lines.is_empty:
        raise CaseError(Problem(code="geometry_invalid", message="the file holds no line", file=f"case:{file.frontier}", expected="LineString or MultiLineString"))  # fmt: skip
    return frame.geometry_to_plane(shapely.segmentize(lines, FINE_DEG))


def _home(file: EnclosureFile, frame: LocalFrame) -> tuple[float, float]:
    x_m, y_m = frame.to_plane(*file.home)
    return float(x_m), float(y_m)


def _measure_map(
    file: EnclosureFile,
    entry: PocketMap,
    folder: Path,
    *,
    data: Path | None,
    frame: LocalFrame,
    frontier: BaseGeometry,
) -> tuple[MapAccount, list[PocketPicture]]:
    span = Interval(as_utc(file.span_from), as_utc(file.span_until))
    parties = tuple(party.id for party in file.parties)
    control = read_map(_entry(entry), span=span, parties=parties, folder=folder, data=data)
    shapes = {row["map_time"]: _plane(shapely.from_wkb(row["geometry"]), file, frame) for row in control.rows}
    other_here: dict[datetime, BaseGeometry] = {}
    if entry.other_here is not None:
        other = read_map(_entry(entry, other=True), span=span, parties=parties, folder=folder, data=data)
        other_here = {
            row["map_time"]: _plane(shapely.from_wkb(row["geometry"]), file, frame) for row in other.rows
        }
    home = _home(file, frame)
    try:
        stage = set_stage(
            frame.geometry_to_plane(shapely.segmentize(shapely.box(*file.region), FINE_DEG)),
            frontier,
            home,
            shapes=list(shapes.values()),
            snap_m=file.snap_m,
        )
    except ValueError as error:
        raise CaseError(Problem(code="line_unsplit", message=str(error), file=f"case:{file.frontier}", expected="a frontier that cuts the region in two, and home on its nearer side", next_step="Widen the frontier or the region")) from error  # fmt: skip
    days: list[PocketDay] = []
    pictures: list[PocketPicture] = []
    known: dict[bytes, tuple[Ground, Measured]] = {}
    for row in control.rows:
        moment = row["map_time"]
        here = _in_force(other_here, moment)
        key = shapes[moment].wkb + (b"" if here is None else here.wkb)
        if key not in known:
            known[key] = _one_day(stage, shapes[moment], entry, file, here, home=home, frame=frame)
        ground, measured = known[key]
        days.append(_tell(row, entry, measured))
        pictures.append(PocketPicture(map_id=entry.id, title=entry.title, day=days[-1], ground=ground))
    curve = MapCurve(
        map_id=entry.id, title=entry.title, shows=entry.shows, error_m=entry.error_m,
        error_basis=entry.error_basis, citation=entry.citation, days=tuple(days),
        looked_at=tuple(days_to_look_at(days, file)), notes=control.notes,
    )  # fmt: skip
    chosen = {id(day) for day in curve.looked_at}
    return MapAccount(curve=curve, digests=control.digests), [
        one for one in pictures if id(one.day) in chosen and one.day.status != "repeat"
    ]


def _one_day(
    stage: Stage,
    shown: BaseGeometry,
    entry: PocketMap,
    file: EnclosureFile,
    here: BaseGeometry | None,
    *,
    home: tuple[float, float],
    frame: LocalFrame,
) -> tuple[Ground, Measured]:
    ground = ground_of(stage, shown, taken_back=entry.shows == "taken_back", other_here=here)
    try:
        measured = measure_enclosure(
            ground, home, frame=frame, error_m=entry.error_m, tolerance_m=file.tolerance_m
        )
    except ValueError as error:
        raise CaseError(Problem(code="place_outside", message=str(error), file="case:enclosure.yaml", got=str(list(file.home)), expected="a place well inside the main ground of the pocket's party, on every map", next_step="Name a place further from the line")) from error  # fmt: skip
    return ground, measured


def _tell(row: Record, entry: PocketMap, measured: Measured) -> PocketDay:
    taken = ground_km2(shapely.from_wkb(row["geometry"])) if entry.shows == "taken_back" else None
    return tell_day(entry.id, row["map_time"], row["status"], measured, taken_back_km2=taken)


def _in_force(shapes: dict[datetime, BaseGeometry], moment: datetime) -> BaseGeometry | None:
    earlier = [time for time in shapes if time <= moment]
    return shapes[max(earlier)] if earlier else None


def _entry(entry: PocketMap, *, other: bool = False) -> SourceEntry:
    if other and entry.other_here is not None:
        part = entry.other_here
        return SourceEntry(id=f"{entry.id}_other", title=entry.title, adapter=part.adapter, root=entry.root, files=part.files, options=part.options)  # fmt: skip
    return SourceEntry(id=entry.id, title=entry.title, adapter=entry.adapter, root=entry.root, files=entry.files, options=entry.options)  # fmt: skip


def _publish(account: MapAccount, file: EnclosureFile, rule: ReleaseRule, as_of: datetime) -> MapAccount:
    days = tuple(publish_days(account.curve.days, rule, as_of=as_of))
    looked_at = tuple(days_to_look_at(days, file))
    return MapAccount(curve=replace(account.curve, days=days, looked_at=looked_at, notes=()), digests=())
