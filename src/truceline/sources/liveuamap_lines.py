"""Daily lines in GeoJSON wrapped as ``{"value": FeatureCollection}``, parts told by a type.

Features of the types ``nochange`` and ``gains`` together are what the holder has; ``losses`` is
the other side's ground and is left out. What counts as a gain depends on a base date that moves,
so maps are compared by the union, never part by part. A file's date is the day after the day
that its own property names: hence ``update_hour_utc`` 0, the first moment of the file's date.

An index (CSV: date, file) may list dates that reuse an earlier file: they become repeats.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.sources.dated_maps import Atlas, MapOptions, describe_repeats
from truceline.sources.outcome import conclude, matches, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.shapes import control_records
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables


class LineOptions(MapOptions):
    """Options of ``liveuamap_lines``."""

    date_pattern: str = Field(
        r"(\d{4}-\d{2}-\d{2})", description="regular expression with one group: the date in a file's name, YYYYMMDD or YYYY-MM-DD"
    )  # fmt: skip
    update_hour_utc: float = Field(0, ge=0, lt=24, description="hour of the file's date at which the map is dated, UTC")  # fmt: skip
    index_file: str | None = Field(
        "index.csv", description="name or glob of the index among the source's files; null: none"
    )
    held_types: list[str] = Field(["nochange", "gains"], description="values of `type` that the holder has")
    other_types: list[str] = Field(["losses"], description="values of `type` that the holder does not have")


@SOURCES.add
class LiveuamapLines(Source):
    """See the module."""

    name: ClassVar[str] = "liveuamap_lines"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Daily lines with parts by type (wrapped GeoJSON, with an index of dates)"
    Options: ClassVar[type[Model]] = LineOptions
    options: LineOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Each date becomes a row of control."""
        tables = SourceTables()
        atlas = Atlas(options=self.options, context=context, tables=tables)
        pattern = self.options.index_file
        indexes = [file for file in context.files if pattern is not None and matches(file, pattern)]

        def read_map(file: InputFile) -> None:
            atlas.read_file(file, unwrap=lambda value: _unwrap(value, file), is_held=self._is_held)

        maps = [file for file in context.files if file not in indexes]
        read_each(context, tables, read=read_map, files=maps, distinct=False)
        if indexes:
            read_each(context, tables, read=lambda file: self._read_index(file, atlas), files=indexes)
        control = control_records(list(atlas.shapes.values()), source_id=context.source_id)
        tables.notes += describe_repeats(control)
        return conclude(tables, context, control=control)

    def _is_held(self, row: Row) -> bool | None:
        kind = row.text("type", required=True)
        if kind is None:
            return None
        if kind not in (*self.options.held_types, *self.options.other_types):
            row.wrong(
                "value_unknown",
                "nothing says whether the holder has this type",
                column="type",
                got=kind,
                expected=" | ".join((*self.options.held_types, *self.options.other_types)),
                next_step="Add the type to the option `held_types` or `other_types`",
            )
            return None
        return kind in self.options.held_types

    def _read_index(self, file: InputFile, atlas: Atlas) -> None:
        by_name = {known.path.name: (day, known) for day, known in atlas.files.items()}
        for row in Sheet(file, atlas.tables).csv_rows(columns=("date", "file")):
            day, name = row.day("date"), row.text("file", required=True)
            if day is None or name is None:
                continue
            if not atlas.in_span(day):
                row.outside()
                continue
            if name not in by_name:
                row.wrong(
                    "name_unknown",
                    "no map of this name was read",
                    column="file",
                    got=name,
                    expected="the name of a file of the source",
                    next_step="Add the file to the source's `files`",
                )
                continue
            shown = atlas.shapes.get(by_name[name][0])
            if day not in atlas.shapes and shown is None:
                row.wrong(
                    "name_unknown",
                    "the map of this name lies outside the case's span",
                    column="file",
                    got=name,
                    expected="a map dated inside the span",
                    next_step="Widen the baseline, or ignore this row",
                )
                continue
            row.use()
            if day not in atlas.shapes and shown is not None:
                atlas.add(day, shown.geometry, row.provenance)


def _unwrap(value: Any, file: InputFile) -> Any:
    """The collection under ``value``.

    Raises
    ------
    InputError
        If the JSON is not wrapped so.
    """
    if isinstance(value, dict) and "value" in value:
        return value["value"]
    raise InputError(
        Problem(code="file_format", message="the JSON is not wrapped as expected", file=file.label, got=", ".join(value)[:80] if isinstance(value, dict) else type(value).__name__, expected='{"value": FeatureCollection}', next_step="Read a plain FeatureCollection with control_polygons")
    )  # fmt: skip
