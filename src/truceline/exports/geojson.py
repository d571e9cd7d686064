"""GeoJSON (RFC 7946): a FeatureCollection for each layer, streamed in pieces.

A thing without a place is a feature whose geometry is null. What the file says of itself stands
in the foreign member ``metadata``, which readers may ignore (RFC 7946, section 6.1).
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from truceline.exports.about import about, attribution_lines
from truceline.exports.export import EXPORTS, Export
from truceline.exports.fragments import Array, json_objects, json_strings, json_values, whole
from truceline.exports.map_sheets import layer_sheets
from truceline.exports.result import Result
from truceline.exports.sheets import Sheet
from truceline.schema import Table

LAYERS = ("areas", "control", "lines", "findings", "observations", "incidents")
PIECE = 100_000  #: rows that are text at one time


@EXPORTS.add
class GeoJson(Export):
    """Web maps and every GIS."""

    name = "geojson"
    version = "1"
    title = "GeoJSON, a file for each layer: web maps and every GIS"

    def files(self) -> list[str]:
        """One file for each layer."""
        return [f"geojson/{name}.geojson" for name in LAYERS]

    def write(self, result: Result, folder: Path) -> None:
        """Write the layers."""
        (folder / "geojson").mkdir()
        for sheet in layer_sheets(result):
            write_layer(sheet, folder / "geojson" / f"{sheet.name}.geojson", result=result)


def write_layer(sheet: Sheet, path: Path, *, result: Result) -> None:
    """Write one layer; a line for each feature."""
    metadata = {**about(result), "attribution": attribution_lines(result), "layer": sheet.meaning}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"type":"FeatureCollection",\n')
        file.write(f'"name":{json.dumps(sheet.name)},\n')
        file.write(f'"metadata":{json.dumps(metadata, ensure_ascii=False)},\n"features":[\n')
        for number, (table, shapes) in enumerate(sheet.slices(PIECE)):
            lines = _features(sheet, table, shapes)
            if len(lines):
                file.write(",\n" if number else "")
                file.write(",\n".join(lines.to_pylist()))
        file.write("\n]}\n")


def _features(sheet: Sheet, table: Table, shapes: Array | None) -> Array:
    """Each row as a feature, as text."""
    columns = {name: whole(table[name]) for name in table.schema.names}
    return pc.binary_join_element_wise(
        '{"type":"Feature","id":',
        json_strings(columns[sheet.key]),
        ',"geometry":',
        _geometries(sheet, columns, shapes),
        ',"properties":',
        json_objects(columns),
        "}",
        "",
    )


def _geometries(sheet: Sheet, columns: dict[str, Array], shapes: Array | None) -> Array:
    if sheet.shape_kind == "Point":
        longitude, latitude = columns["longitude_deg"], columns["latitude_deg"]
        text = pc.binary_join_element_wise(
            '{"type":"Point","coordinates":[', json_values(longitude), ",", json_values(latitude), "]}", ""
        )
        known = pc.and_(pc.is_valid(longitude), pc.is_valid(latitude))
        return pc.if_else(known, text, "null")
    parsed = shapely.from_wkb([] if shapes is None else shapes.to_pylist())
    return pc.fill_null(pa.array(shapely.to_geojson(parsed), type=pa.string()), "null")
