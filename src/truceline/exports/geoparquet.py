"""GeoParquet 1.1: a file for each layer, with bounding boxes for each row.

Fields of the metadata as in the specification (OGC, *GeoParquet* 1.1.0): geometry as WKB, no
``crs`` entry, which means longitude and latitude on WGS 84, and ``covering`` naming the boxes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from truceline.exports.about import about, attribution_lines
from truceline.exports.export import EXPORTS, Export
from truceline.exports.map_sheets import layer_sheets
from truceline.exports.result import Result
from truceline.exports.sheets import Sheet

LAYERS = ("areas", "control", "lines", "findings", "observations", "incidents")
GEOMETRY, BOX = "geometry", "bbox"
EDGES = ("xmin", "ymin", "xmax", "ymax")


@EXPORTS.add
class GeoParquet(Export):
    """Analysis in bulk."""

    name = "geoparquet"
    version = "1"
    title = "GeoParquet 1.1, a file for each layer: analysis in bulk"

    def files(self) -> list[str]:
        """One file for each layer."""
        return [f"geoparquet/{name}.parquet" for name in LAYERS]

    def write(self, result: Result, folder: Path) -> None:
        """Write the layers."""
        (folder / "geoparquet").mkdir()
        for sheet in layer_sheets(result):
            write_layer(sheet, folder / "geoparquet" / f"{sheet.name}.parquet", result=result)


def write_layer(sheet: Sheet, path: Path, *, result: Result) -> None:
    """Write one layer with its metadata; rows keep their order."""
    shapes = shapely.from_wkb(np.asarray(sheet.shapes.to_pylist() if sheet.shapes is not None else [], dtype=object))  # fmt: skip
    boxes = shapely.bounds(shapes).reshape(-1, 4)
    unknown = np.isnan(boxes[:, 0])
    edges = [pa.array(boxes[:, i], mask=unknown) for i in range(4)]
    box = pa.StructArray.from_arrays(edges, names=list(EDGES), mask=pa.array(unknown))
    table = sheet.table.append_column(GEOMETRY, sheet.shapes).append_column(BOX, box)
    geo: dict[str, Any] = {
        "version": "1.1.0",
        "primary_column": GEOMETRY,
        "columns": {
            GEOMETRY: {
                "encoding": "WKB",
                "geometry_types": [sheet.shape_kind] if not unknown.all() else [],
                "orientation": "counterclockwise",
                "covering": {"bbox": {edge: [BOX, edge] for edge in EDGES}},
            }
        },
    }
    if not unknown.all():
        low, high = np.nanmin(boxes[:, :2], axis=0), np.nanmax(boxes[:, 2:], axis=0)
        geo["columns"][GEOMETRY]["bbox"] = [float(low[0]), float(low[1]), float(high[0]), float(high[1])]
    told = {f"truceline.{name}": value for name, value in about(result).items()}
    told["truceline.attribution"] = "\n".join(attribution_lines(result))
    told["truceline.layer"] = sheet.meaning
    table = table.replace_schema_metadata({"geo": json.dumps(geo), **told})
    pq.write_table(table, path, compression="zstd", row_group_size=100_000)
