"""Dated maps of what one holder has: files to shapes, shared by the plug-ins that read maps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import Field, field_validator
from shapely.geometry.base import BaseGeometry

from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.base.words import some
from truceline.schema.table import Record
from truceline.sources.outcome import leave_out
from truceline.sources.rows import Row, Sheet
from truceline.sources.shapes import DatedShape, feature_rows, merge, row_polygon
from truceline.sources.source import InputFile, ReadContext, SourceTables


class DatedOptions(Model):
    """Options of every plug-in that reads dated maps."""

    date_pattern: str = Field(
        r"(\d{8})",
        description="regular expression with one group: the date in a file's name, YYYYMMDD or YYYY-MM-DD",
    )
    update_hour_utc: float = Field(
        3, ge=0, lt=24, description="hour of the file's date at which the map is dated, UTC"
    )
    describes_lag_h: float = Field(
        0, ge=0, description="hours before the map's time after which it can describe nothing"
    )
    position_sd_m: float | None = Field(
        None, ge=0, description="standard deviation of the line, metres, where the map's maker gives one"
    )

    @field_validator("date_pattern")
    @classmethod
    def _has_one_group(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        if groups != 1:
            raise ValueError("the pattern needs exactly one group, the date")
        return pattern


class MapOptions(DatedOptions):
    """Options of plug-ins whose maps show one holder."""

    holder_party: str = Field(description="party that the map says holds the polygons")


def file_date(file: InputFile, options: DatedOptions) -> date:
    """The date in the file's name.

    Raises
    ------
    InputError
        If the name has none.
    """
    match = re.search(options.date_pattern, file.path.name)
    try:
        return datetime.strptime(re.sub(r"\D", "", match[1] if match else ""), "%Y%m%d").replace(tzinfo=UTC).date()  # fmt: skip
    except ValueError as error:
        raise InputError(
            Problem(code="time_format", message="the file's name gives no date", file=file.label, got=file.path.name, expected=f"a date as in {options.date_pattern}", next_step="Correct the option `date_pattern`, or narrow the source's `files`")
        ) from error  # fmt: skip


def time_of_map(day: date, options: DatedOptions) -> datetime:
    """When the map of that date is dated."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=options.update_hour_utc)


def refuse_second(file: InputFile, day: date, known: InputFile | None) -> None:
    """Refuse a second map of one date.

    Raises
    ------
    InputError
        If ``known`` is a map of that date.
    """
    if known is None:
        return
    same = known.digest == file.digest
    raise InputError(
        Problem(code="file_repeated" if same else "id_repeated", message=f"the same bytes as {known.label}; left out" if same else f"{known.label} is a map of the same date; this one is left out", file=file.label, got=day.isoformat(), expected="one map for each date", next_step="Remove one of the two from the case")
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Atlas:
    """Maps of one source and one holder as they are read, by date."""

    options: MapOptions
    context: ReadContext
    tables: SourceTables
    shapes: dict[date, DatedShape] = field(default_factory=dict)
    files: dict[date, InputFile] = field(default_factory=dict)

    def file_date(self, file: InputFile) -> date:
        """The date in the file's name, as ``file_date`` finds it."""
        return file_date(file, self.options)

    def map_time(self, day: date) -> datetime:
        """When the map of that date is dated."""
        return time_of_map(day, self.options)

    def in_span(self, day: date) -> bool:
        """Whether the case needs the map of that date."""
        return self.map_time(day) in self.context.span

    def add(self, day: date, geometry: BaseGeometry, provenance: Record) -> None:
        """Keep a shape under its date."""
        time = self.map_time(day)
        self.shapes[day] = DatedShape(
            holder_party_id=self.options.holder_party,
            map_time=time,
            describes_until=time - timedelta(hours=self.options.describes_lag_h),
            geometry=geometry,
            position_sd_m=self.options.position_sd_m,
            provenance=provenance,
        )

    def read_file(
        self, file: InputFile, *, unwrap: Callable[[Any], Any], is_held: Callable[[Row], bool | None]
    ) -> None:
        """Read one map. ``is_held`` says whether a feature is the holder's (None: fault noted).

        A map of which a part is unusable is left out whole: a piece missing from it would look
        like ground lost. Features without a geometry are set aside, since they show nothing.

        Raises
        ------
        InputError
            If the file is no map, has no date, or repeats the date of another.
        """
        day = self.file_date(file)
        refuse_second(file, day, self.files.get(day))
        sheet = Sheet(file, self.tables, deferred=True)
        held: list[BaseGeometry] = []
        rows = list(feature_rows(sheet, unwrap(sheet.json_value())))
        unusable = False
        for row in rows:
            if is_held(row) and (polygon := row_polygon(row, self.context)) is not None:
                held.append(polygon)
            unusable |= any(problem.code != "geometry_null" for problem in row.problems)
        settle_features(rows, unusable=unusable, shows=lambda row: self.in_span(day) and bool(is_held(row)))
        if unusable or not held:
            leave_out(file, self.tables, why="a part of the map cannot be used" if unusable else "nothing is held in it")  # fmt: skip
            return
        self.files[day] = file
        if self.in_span(day):
            whole_file = {"raw_file": file.label, "raw_row": 0, "raw_digest": file.digest}
            self.add(day, merge(held), whole_file)


def settle_features(rows: Iterable[Row], *, unusable: bool, shows: Callable[[Row], bool]) -> None:
    """Account for every feature of one map: used where it ``shows`` ground that the case needs.

    Of an ``unusable`` map no feature is used.
    """
    for row in rows:
        if row.ok and unusable:
            row.wrong("geometry_invalid", "another part of the same map cannot be used, so the map is left out whole", column="geometry", expected="a map whose every part can be used", next_step="Mend the other part")  # fmt: skip
        if not row.ok:
            row.close()
        elif shows(row):
            row.use()
        else:
            row.outside()


def describe_repeats(records: list[Record]) -> list[str]:
    """A sentence on how many maps repeat the one before."""
    repeats = [record["map_time"] for record in records if record["status"] == "repeat"]
    if not repeats:
        return []
    return [
        f"Of {some(len(records), 'map')}, {len(repeats):,} with the shape of the one before (within about a metre): "
        "no update, which is missing data and not a line that held."
    ]
