"""Maps of control in any common format: polygons, or a line of contact; dated files or features.

- One file a date: the date stands in the file's name (``date_pattern``).
- One file with many dates: ``date_field`` names the attribute.
- One map without a date: ``date`` gives it. It stands for the whole window and is never updated.
- One holder: ``holder_party``. Several: ``holder_field`` and ``holders``.
- A line of contact: ``line_sides`` says whose ground lies on either hand of it, walking along it as
  it is drawn; the case's region, cut along the line, becomes that ground (``contact_line``).

What a map shows is what its maker believed then. Its status tells by shape whether it changed:
an unchanged map is missing data and not a line that held.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import shapely
from pydantic import Field, model_validator
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.base.geodesy import area_km2
from truceline.schema.table import Record
from truceline.sources.contact_line import UnsplitError, cut_region
from truceline.sources.dated_maps import DatedOptions, describe_repeats, file_date, refuse_second, time_of_map
from truceline.sources.days import DateOnly, TimeReadError, read_moment
from truceline.sources.outcome import conclude, leave_out, note_outside_window, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.shapes import (
    DatedShape,
    control_records,
    layer_rows,
    merge,
    polygons_only,
    row_line,
    row_polygon,
)
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables


class LineSides(Model):
    """Whose ground lies on either hand of a line of contact."""

    left: str = Field(description="party on the left hand, walking along the line as it is drawn")
    right: str = Field(description="party on the right hand")

    @model_validator(mode="after")
    def _differ(self) -> LineSides:
        if self.left == self.right:
            raise ValueError("left and right must be two parties")
        return self


class ControlOptions(DatedOptions):
    """Options of ``control_polygons``."""

    holder_party: str | None = Field(
        None,
        description="party that the map says holds the polygons; with `holders` or `line_sides`: the one whose ground is kept (null: all)",
    )
    date: dt.date | None = Field(
        None, description="date of a map that names none; it stands for the whole window and is never updated"
    )
    date_field: str | None = Field(
        None, description="attribute with each feature's date, where one file holds many dates"
    )
    holder_field: str | None = Field(
        None, description="attribute that says who holds a feature, where a map has several holders"
    )
    holders: dict[str, str | None] = Field(
        default_factory=dict, description="value of `holder_field` → party; null: nobody's, left out"
    )
    line_sides: LineSides | None = Field(
        None,
        description="for a line of contact in place of polygons: the party on its left and on its right",
    )
    join_within_m: float = Field(
        1_000, ge=0, description="gaps in a line of contact up to this are closed, metres"
    )
    layer: str | None = Field(None, description="layer (or sheet) of a file that has several")
    crs: str | None = Field(
        None, description="reference system of a file that names none, such as EPSG:32637"
    )
    encoding: str | None = Field(
        None, description="how texts of a Shapefile or CSV are encoded, such as cp1251"
    )

    @model_validator(mode="after")
    def _say_one_thing(self) -> ControlOptions:
        if self.date is not None and self.date_field is not None:
            raise ValueError("give `date` or `date_field`, not both")
        if self.line_sides is not None and self.holder_field is not None:
            raise ValueError("give `line_sides` or `holder_field`, not both")
        if (self.holder_field is None) != (not self.holders):
            raise ValueError("`holder_field` and `holders` need each other")
        if self.holder_party is None and self.holder_field is None and self.line_sides is None:
            raise ValueError("say who holds the ground: `holder_party`, `holder_field` with `holders`, or `line_sides`")  # fmt: skip
        parties = self._parties()
        if self.holder_party is not None and parties and self.holder_party not in parties:
            raise ValueError(f"`holder_party` is none of those that the map shows: {', '.join(parties)}")
        return self

    def _parties(self) -> list[str]:
        """Parties that a map of several shows, in the order given."""
        if self.line_sides is not None:
            return [self.line_sides.left, self.line_sides.right]
        return list(dict.fromkeys(party for party in self.holders.values() if party is not None))

    def keeps(self, party: str) -> bool:
        """Whether the ground of a party is kept."""
        return self.holder_party in (None, party)


@dataclass(slots=True, kw_only=True)
class _Map:
    """What a file shows of one time."""

    time: dt.datetime
    rows: list[Row] = field(default_factory=list)
    held: dict[str, list[BaseGeometry]] = field(default_factory=dict)
    lines: list[BaseGeometry] = field(default_factory=list)
    unusable: bool = False


@SOURCES.add
class ControlPolygons(Source):
    """See the module."""

    name: ClassVar[str] = "control_polygons"
    version: ClassVar[str] = "2"
    title: ClassVar[str] = "Maps of control, or lines of contact (any geodata format)"
    Options: ClassVar[type[Model]] = ControlOptions
    options: ControlOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Each map becomes a row of control for every holder."""
        reading = _Reading(options=self.options, context=context, tables=SourceTables())
        tables = reading.tables
        read_each(context, tables, read=reading.read_file, distinct=self.options.date_field is not None)
        control = control_records(
            [reading.shapes[key] for key in sorted(reading.shapes)], source_id=context.source_id
        )
        if self.options.date is not None:
            return _conclude_static(tables, context, control, day=self.options.date)
        tables.notes += describe_repeats(control)
        return conclude(tables, context, control=control)


def _conclude_static(
    tables: SourceTables, context: ReadContext, control: list[Record], *, day: dt.date
) -> SourceTables:
    """A map that stands for the whole window has no record in it, and needs none."""
    apart = SourceTables()
    conclude(apart, context, control=control)
    tables.control = apart.control
    if not control:
        note_outside_window(tables, context)
    elif control[0]["map_time"] > context.window.start:
        tables.notes.append(f"The map is dated {day}, after the window begins: of the time before it says nothing.")  # fmt: skip
    else:
        tables.notes.append(f"The map of {day} stands for the whole window and was never updated: that is missing data and not a line that held.")  # fmt: skip
    return tables


@dataclass(slots=True, kw_only=True)
class _Reading:
    """Maps of one source as they are read, by time and holder."""

    options: ControlOptions
    context: ReadContext
    tables: SourceTables
    shapes: dict[tuple[dt.datetime, str], DatedShape] = field(default_factory=dict)
    files: dict[dt.date, InputFile] = field(default_factory=dict)
    told: set[tuple[Any, ...]] = field(default_factory=set)

    def read_file(self, file: InputFile) -> None:
        """Read the maps of one file.

        A map of which a part is unusable is left out whole: a piece missing from it would look
        like ground lost. Features without a geometry are set aside, since they show nothing.

        Raises
        ------
        InputError
            If the file is no map, has no date, or repeats the date of another.
        """
        day = None
        if self.options.date_field is None:
            day = self.options.date or file_date(file, self.options)
            refuse_second(file, day, self.files.get(day))
        sheet = Sheet(file, self.tables, deferred=True)
        options = self.options
        rows = list(layer_rows(sheet, layer=options.layer, encoding=options.encoding, crs=options.crs, region=self.context.region))  # fmt: skip
        self._expect_fields(file, rows)
        maps: dict[dt.datetime, _Map] = {}
        undated = False
        for row in rows:
            time = self._time(row, day)
            undated |= time is None
            if time is not None:
                self._put(row, maps.setdefault(time, _Map(time=time)))
        for one in maps.values():
            self._expect_in_region(one)
        shown = [self._settle(one, file, rest_unusable=undated) for one in maps.values()]
        for row in rows:
            if not row.ok:
                row.close()
        if undated or not any(shown):
            why = "a feature's date cannot be read" if undated else "a part of the map cannot be used" if any(one.unusable for one in maps.values()) else "nothing is held in it"  # fmt: skip
            leave_out(file, self.tables, why=why)
            return
        if day is not None:
            self.files[day] = file

    def _expect_fields(self, file: InputFile, rows: list[Row]) -> None:
        if not rows:
            return
        header = [name for name in rows[0].values if name != "geometry"]
        problems = [
            Problem(code="column_missing", message="the layer lacks an attribute", file=file.label, column=name, got=", ".join(header)[:200], expected=name, next_step=f"Correct the option `{option}`")
            for option in ("date_field", "holder_field")
            if (name := getattr(self.options, option)) is not None and name not in header
        ]  # fmt: skip
        if problems:
            raise InputError(problems)

    # -- a row -----------------------------------------------------------------------------
    def _time(self, row: Row, day: dt.date | None) -> dt.datetime | None:
        if day is None:
            return self._row_time(row)
        time = time_of_map(day, self.options)
        start = self.context.window.start
        if self.options.date is not None and abs(day - start.date()) <= dt.timedelta(days=1):
            return min(time, start)  # a map of the window's first day stands from its start
        return time

    def _row_time(self, row: Row) -> dt.datetime | None:
        """The time of a feature: a moment with a zone, else the hour of updates of its date."""
        name = self.options.date_field
        assert name is not None
        value = row.values.get(name)
        if isinstance(value, dt.datetime) and value.tzinfo is not None:
            return value.astimezone(dt.UTC)
        text = str(value).strip().replace("/", "-") if value is not None else ""
        if len(text) == 8 and text.isdigit():
            text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        try:
            return read_moment(text)
        except DateOnly as answer:
            return time_of_map(answer.date, self.options)
        except TimeReadError as fault:
            try:
                return time_of_map(dt.date.fromisoformat(text[:10]), self.options)
            except ValueError:
                row.wrong("value_missing" if not text else "time_format", "the feature has no date that can be read", column=name, got=text, expected=fault.expected or "a date such as 2025-04-19", next_step="Correct the attribute, or the option `date_field`")  # fmt: skip
                return None

    def _holder(self, row: Row) -> tuple[bool, str | None]:
        """Whether the row can be used, and whose it is."""
        name = self.options.holder_field
        if name is None:
            return True, self.options.holder_party
        value = row.text(name, required=True)
        if value is None:
            return False, None
        if value not in self.options.holders:
            row.wrong("value_unknown", "nothing says who this holder is", column=name, got=value, expected=" | ".join(self.options.holders), next_step="Add it to the option `holders` (null: nobody's)")  # fmt: skip
            return False, None
        return True, self.options.holders[value]

    def _put(self, row: Row, into: _Map) -> None:
        into.rows.append(row)
        usable, holder = self._holder(row) if row.ok else (False, None)
        if usable and self.options.line_sides is not None:
            if (line := row_line(row, self.context)) is not None:
                into.lines.append(line)
        elif usable and (polygon := row_polygon(row, self.context)) is not None and holder is not None:
            into.held.setdefault(holder, []).append(polygon)
        into.unusable |= any(problem.code != "geometry_null" for problem in row.problems)

    # -- a map -----------------------------------------------------------------------------
    def _expect_in_region(self, one: _Map) -> None:
        """A map that lies wholly elsewhere is another case's, or in another reference system."""
        region = self.context.region
        drawn = [shape for parts in one.held.values() for shape in parts]
        if region is None or not drawn:
            return
        west, south, east, north = shapely.total_bounds(drawn).tolist()
        if west > region.east_deg or east < region.west_deg or south > region.north_deg or north < region.south_deg:  # fmt: skip
            for row in one.rows:
                if row.ok:
                    row.wrong("place_outside", "the whole map lies outside the case's region", column="geometry", got=f"longitudes {west:g} to {east:g}, latitudes {south:g} to {north:g}", expected="a map of the case's region", next_step="Correct the case's region, the option `crs`, or the file")  # fmt: skip
            one.unusable = True

    def _settle(self, one: _Map, file: InputFile, *, rest_unusable: bool) -> bool:
        """Keep a map's shapes, or say why not; whether it showed anything."""
        in_span = one.time in self.context.span or self.options.date is not None
        unusable = one.unusable or rest_unusable
        if not unusable and in_span and one.lines:
            self._cut(one, file)
        held = {party: parts for party, parts in one.held.items() if self.options.keeps(party)}
        twice = [party for party in held if (one.time, party) in self.shapes]
        for row in one.rows:
            if row.ok and unusable:
                row.wrong("geometry_invalid", "another part of the same map cannot be used, so the map is left out whole", column="geometry", expected="a map whose every part can be used", next_step="Mend the other part")  # fmt: skip
            elif row.ok and twice:
                row.wrong("id_repeated", "another file has a map of this holder and time", column="geometry", got=f"{twice[0]} {one.time.isoformat()}", expected="one map for each holder and time", next_step="Merge the two files, or remove one")  # fmt: skip
            elif row.ok and in_span:
                row.use()
            elif row.ok:
                row.outside()
        if unusable or twice or not (held or one.lines):
            return False
        if in_span:
            whole_file = {"raw_file": file.label, "raw_row": 0, "raw_digest": file.digest}
            only = {**whole_file, "raw_row": one.rows[0].number} if self.options.date_field else whole_file
            for party, parts in held.items():
                self._keep(one.time, party, merge(parts), only)
        return True

    def _keep(self, time: dt.datetime, party: str, geometry: BaseGeometry, provenance: Record) -> None:
        self.shapes[time, party] = DatedShape(
            holder_party_id=party,
            map_time=time,
            describes_until=time - dt.timedelta(hours=self.options.describes_lag_h),
            geometry=geometry,
            position_sd_m=self.options.position_sd_m,
            provenance=provenance,
        )

    def _cut(self, one: _Map, file: InputFile) -> None:
        """The ground on either hand of a line of contact.

        Raises
        ------
        InputError
            If the line does not cut the case's region in two.
        """
        region, sides = self.context.region, self.options.line_sides
        assert sides is not None
        if region is None:
            raise _unsplit(file, "the case names no region")
        frame = box(region.west_deg, region.south_deg, region.east_deg, region.north_deg)
        try:
            cut = cut_region(one.lines, frame, join_within_m=self.options.join_within_m)
        except UnsplitError as error:
            raise _unsplit(file, str(error)) from error
        ground = {sides.left: cut.left, sides.right: cut.right}
        for party, shape in ground.items():
            own = _within(shape, self.context.theatre)
            if own.is_empty:
                raise _unsplit(file, f"nothing of the case's theatre lies on the side of {party!r}")
            one.held[party] = [own]
        self._tell(one, file, cut.said)

    def _tell(self, one: _Map, file: InputFile, said: Iterable[str]) -> None:
        """What was made of the line, once for lines of which the same is said."""
        sides = self.options.line_sides
        assert sides is not None
        said = tuple(said)
        known = (sides.left, said)
        if known in self.told:
            return
        self.told.add(known)
        first, last = shapely.get_coordinates(one.lines[0])[[0, -1]].tolist()
        km2 = {party: area_km2(shapely.segmentize(parts[0], 0.05)) for party, parts in one.held.items()}
        self.tables.notes.append(
            f"{file.label}: a line of contact drawn from {first[0]:.3f}, {first[1]:.3f} to {last[0]:.3f}, {last[1]:.3f}; "
            f"on its left {sides.left} ({km2[sides.left]:,.0f} km² of the case's region), on its right {sides.right} "
            f"({km2[sides.right]:,.0f} km²). If they are the wrong way round, exchange them in `line_sides`."
        )
        self.tables.notes += [f"{file.label}: {sentence}." for sentence in said]


def _within(shape: BaseGeometry, theatre: BaseGeometry | None) -> BaseGeometry:
    return merge([shape]) if theatre is None else polygons_only(shapely.intersection(shape, theatre))


def _unsplit(file: InputFile, why: str) -> InputError:
    return InputError(
        Problem(code="line_unsplit", message=f"the line of contact does not cut the case's region in two: {why}", file=file.label, column="geometry", expected="a line from edge to edge of the region, or a closed one, drawn in one direction", next_step="Draw the missing part, turn parts drawn backwards, or widen the case's region")
    )  # fmt: skip
