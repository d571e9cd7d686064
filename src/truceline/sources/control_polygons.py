"""Dated maps of control as GeoJSON: one file a date, polygons of one holder.

What a map shows is what its maker believed then. Its status tells by shape whether it changed:
an unchanged map is missing data and not a line that held.
"""

from __future__ import annotations

from typing import ClassVar

from truceline.base.documents import Model
from truceline.sources.dated_maps import Atlas, MapOptions, describe_repeats, plain
from truceline.sources.outcome import conclude, read_each
from truceline.sources.rows import Row
from truceline.sources.shapes import control_records
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables


class ControlOptions(MapOptions):
    """Options of ``control_polygons``."""


@SOURCES.add
class ControlPolygons(Source):
    """See the module."""

    name: ClassVar[str] = "control_polygons"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Dated maps of control (GeoJSON files with the date in their name)"
    Options: ClassVar[type[Model]] = ControlOptions
    options: ControlOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Each file becomes a row of control."""
        tables = SourceTables()
        atlas = Atlas(options=self.options, context=context, tables=tables)

        def read_file(file: InputFile) -> None:
            atlas.read_file(file, unwrap=plain, is_held=_every_feature)

        read_each(context, tables, read=read_file, distinct=False)
        control = control_records(list(atlas.shapes.values()), source_id=context.source_id)
        tables.notes += describe_repeats(control)
        return conclude(tables, context, control=control)


def _every_feature(_row: Row) -> bool:
    return True
