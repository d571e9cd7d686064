"""Dated maps of several layers: GeoJSON whose features say by a property which layer they are of.

``layers`` says of each value of ``layer_property`` whose ground it shows and how it is meant:
``held`` (all that the party has there) or ``advances`` (what it took since some date, so that the
ground outside is not said to be anybody's). A feature without a geometry is counted and told; the
map stands without it.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from shapely.geometry.base import BaseGeometry

from truceline.base.documents import Model
from truceline.base.errors import Problem
from truceline.base.geodesy import area_km2
from truceline.base.words import some
from truceline.sources.dated_maps import (
    Atlas,
    DatedOptions,
    MapOptions,
    describe_repeats,
    refuse_second,
    settle_features,
)
from truceline.sources.outcome import conclude, leave_out, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.shapes import control_records, feature_rows, merge, row_polygon
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables


class Layer(Model):
    """What the features of one layer show."""

    holder_party: str = Field(description="party whose ground it is, as the map sees it")
    shows: Literal["held", "advances"] = Field(
        "held", description="held: all that the party has there; advances: what it took since some date"
    )


class LayerOptions(DatedOptions):
    """Options of ``control_layers``."""

    layers: dict[str, Layer] = Field(min_length=1, description="value of the property → what it shows")
    other_layers: list[str] = Field(
        default_factory=list, description="values that show nobody's ground (claims, movements); left out"
    )
    layer_property: str = Field("layer_type", description="property that names a feature's layer")
    date_pattern: str = Field(
        r"(\d{4}-\d{2}-\d{2})", description="regular expression with one group: the date in a file's name, YYYYMMDD or YYYY-MM-DD"
    )  # fmt: skip
    update_hour_utc: float = Field(0, ge=0, lt=24, description="hour of the file's date at which the map is dated, UTC")  # fmt: skip

    def for_holder(self, party: str) -> MapOptions:
        """The options of the maps of one holder."""
        shared = {name: getattr(self, name) for name in DatedOptions.model_fields}
        return MapOptions(holder_party=party, **shared)


@SOURCES.add
class ControlLayers(Source):
    """See the module."""

    name: ClassVar[str] = "control_layers"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Dated maps with layers of several meanings (GeoJSON, date in the file's name)"
    Options: ClassVar[type[Model]] = LayerOptions
    options: LayerOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Each file becomes a row of control for each holder that it shows."""
        tables = SourceTables()
        holders = list(dict.fromkeys(layer.holder_party for layer in self.options.layers.values()))
        atlases = {
            party: Atlas(options=self.options.for_holder(party), context=context, tables=tables)
            for party in holders
        }
        n_null = 0

        def read_file(file: InputFile) -> None:
            nonlocal n_null
            n_null += self._read_file(file, atlases, tables, context)

        read_each(context, tables, read=read_file, distinct=False)
        dated = [shape for atlas in atlases.values() for shape in atlas.shapes.values()]
        control = control_records(dated, source_id=context.source_id)
        tables.notes += describe_repeats(control) + self._notes(atlases, n_null)
        return conclude(tables, context, control=control)

    def _read_file(
        self, file: InputFile, atlases: dict[str, Atlas], tables: SourceTables, context: ReadContext
    ) -> int:
        """Read one map; the number of its features without a geometry."""
        first = next(iter(atlases.values()))
        day = first.file_date(file)
        refuse_second(file, day, first.files.get(day))
        sheet = Sheet(file, tables, deferred=True)
        rows = list(feature_rows(sheet, sheet.json_value()))
        held: dict[str, list[BaseGeometry]] = {}
        empty: list[Row] = []
        for row in rows:
            layer = self._layer(row)
            if layer is None:
                continue
            if row.values.get("geometry") is None:
                empty.append(row)
            elif (polygon := row_polygon(row, context)) is not None:
                held.setdefault(layer.holder_party, []).append(polygon)
        unusable = any(not row.ok for row in rows)
        settle_features(
            rows,
            unusable=unusable,
            shows=lambda row: first.in_span(day) and row not in empty and self._layer(row) is not None,
        )
        if empty:
            tables.problems.append(
                Problem(code="geometry_null", message=f"{len(empty):,} of {some(len(rows), 'feature')} without geometry; the map stands without them", file=file.label, row=empty[0].number, column="geometry", got="null", expected="Polygon or MultiPolygon", next_step="Nothing can be drawn of them; ask the map's maker")
            )  # fmt: skip
        if unusable or not held:
            leave_out(file, tables, why="a part of the map cannot be used" if unusable else "it shows nobody's ground")  # fmt: skip
            return len(empty)
        first.files[day] = file
        whole_file = {"raw_file": file.label, "raw_row": 0, "raw_digest": file.digest}
        for party, atlas in atlases.items():
            if party in held and atlas.in_span(day):
                atlas.add(day, merge(held[party]), whole_file)
        return len(empty)

    def _layer(self, row: Row) -> Layer | None:
        """What the feature shows; None where it shows nobody's ground, or nothing says (then noted)."""
        name = row.text(self.options.layer_property, required=row.ok)
        if name is None or name in self.options.other_layers:
            return None
        if name not in self.options.layers:
            if row.ok:
                row.wrong("value_unknown", "nothing says whose ground this layer shows", column=self.options.layer_property, got=name, expected=" | ".join((*self.options.layers, *self.options.other_layers)), next_step="Add it to the option `layers` or `other_layers`")  # fmt: skip
            return None
        return self.options.layers[name]

    def _notes(self, atlases: dict[str, Atlas], n_null: int) -> list[str]:
        notes = []
        if n_null:
            notes.append(f"Features of the maps with no geometry, which show nothing: {n_null}.")
        for name, layer in self.options.layers.items():
            shapes = atlases[layer.holder_party].shapes
            if layer.shows == "advances" and shapes:
                last = shapes[max(shapes)]
                notes.append(f"Layer {name} shows ground that was taken, not all that is held ({area_km2(last.geometry):,.1f} km² on {max(shapes).isoformat()}): the ground outside it is not said to be anybody's, and its edge is no line of contact.")  # fmt: skip
        return notes
