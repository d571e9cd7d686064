"""What a stranger's layer seems to hold: ground or a line, of which day, with which attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from truceline.sources.formats import GEOMETRY, read_table
from truceline.sources.source import InputFile
from truceline.workflow.sniff_places import Box
from truceline.workflow.sniff_words import MOST_WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class SniffedMap:
    """What a layer of ground or of the line seems to hold."""

    path: Path
    kind: str  #: ``polygon`` or ``line``
    n_features: int
    header: tuple[str, ...]
    box: Box
    day: date | None  #: the date in the file's name
    few: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: attribute → its values, where few
    ends: tuple[tuple[float, float], tuple[float, float]] | None = None  #: of the longest line, as drawn


def sniff_map(path: Path) -> SniffedMap | None:
    """Look at a layer; None where it holds neither lines nor polygons.

    Raises
    ------
    InputError
        If the file cannot be read as a layer.
    """
    table = read_table(InputFile(path, label=path.name))
    if GEOMETRY not in table.column_names:
        return None
    shapes = _sound_shapes(table)
    kinds = {shape.geom_type for shape in shapes}
    polygons = any("Polygon" in kind for kind in kinds)
    if not polygons and not any("LineString" in kind for kind in kinds):
        return None
    west, south, east, north = shapely.total_bounds(shapes)
    found = re.search(r"(\d{4})-?(\d{2})-?(\d{2})", path.name)
    day = None
    if found:
        try:
            day = date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            day = None
    return SniffedMap(
        path=path,
        kind="polygon" if polygons else "line",
        n_features=len(shapes),
        header=tuple(name for name in table.column_names if name != GEOMETRY),
        box=(float(west), float(south), float(east), float(north)),
        day=day,
        few=_few_values(table),
        ends=None if polygons else _ends(shapes),
    )


def _sound_shapes(table: pa.Table) -> list[shapely.Geometry]:
    """Shapes that are there and have finite coordinates, those of collections one by one."""
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are passed over
        shapes = [shapely.from_wkb(cell) for cell in table[GEOMETRY].to_pylist() if cell is not None]
    parts = [one for shape in shapes for one in (shape.geoms if shape.geom_type == "GeometryCollection" else [shape])]  # fmt: skip
    return [one for one in parts if not one.is_empty and np.isfinite(shapely.get_coordinates(one)).all()]


def _ends(shapes: Sequence[shapely.Geometry]) -> tuple[tuple[float, float], tuple[float, float]]:
    lines = [one for shape in shapes for one in shapely.get_parts(shape) if "Line" in one.geom_type]
    coordinates = shapely.get_coordinates(max(lines, key=shapely.length))
    first, last = coordinates[0].tolist(), coordinates[-1].tolist()
    return (first[0], first[1]), (last[0], last[1])


def _few_values(table: pa.Table) -> dict[str, tuple[str, ...]]:
    """Attributes of text with few different values, such as who holds a polygon."""
    found = {}
    for name in table.column_names:
        values = table[name]
        if name != GEOMETRY and pa.types.is_string(values.type):
            different = values.drop_null().unique().to_pylist()
            if 0 < len(different) <= MOST_WORDS:
                found[name] = tuple(different)
    return found
