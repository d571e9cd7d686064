"""How far two maps of one date disagree, on the ground that both draw."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.line.history import Disagreement, Snapshot
from truceline.line.shapes import ground_km2, polygonal

Box = tuple[float, float, float, float]


def compare_maps(
    first: Snapshot | None,
    second: Snapshot | None,
    *,
    source_id: str,
    other_source_id: str,
    at: datetime,
    frame: LocalFrame,
    region: Box,
    within_m: float = 10_000,
    spacing_m: float = 500,
    exclude_near: BaseGeometry | None = None,
    exclude_within_m: float = 3_000,
) -> Disagreement | None:
    """Compare the shapes of two maps in force at ``at``; None without two shapes or a common line.

    Maps do not all draw the same ground: one may leave out areas held since before it began. What
    only one draws is no disagreement about the line. So they are compared

    1. inside ``region`` (west, south, east, north in degrees),
    2. where both draw a boundary: within ``within_m`` of the boundary of each,
    3. away from ``exclude_near`` (WGS 84; coasts, frontiers), if given: there both copy a base map.

    ``only_first_km2``, ``only_second_km2`` and ``both_km2`` are geodesic areas inside this mask; the
    mask is drawn in the plane of ``frame`` (circles as 32-gons, 0.5 % short). Offsets are distances
    to the second boundary from points every ``spacing_m`` along the first in the mask. By (2) no
    offset can exceed ``within_m``; the note gives the share of the first boundary left out.
    """
    if first is None or second is None or first.geometry.is_empty or second.geometry.is_empty:
        return None
    shapes = [frame.geometry_to_plane(snapshot.geometry) for snapshot in (first, second)]
    lines = [shapely.boundary(shape) for shape in shapes]
    mask = frame.geometry_to_plane(shapely.segmentize(shapely.box(*region), 0.25))  # (1)
    whole_m = shapely.intersection(lines[0], mask).length
    for line in lines:  # (2)
        mask = mask.intersection(shapely.buffer(line, within_m, quad_segs=8))
    if exclude_near is not None and not exclude_near.is_empty:  # (3)
        edge = shapely.intersection(exclude_near, shapely.box(*region).buffer(1.0))
        mask = mask.difference(shapely.buffer(frame.geometry_to_plane(edge), exclude_within_m, quad_segs=8))
    mask = polygonal(mask)
    part = shapely.intersection(lines[0], mask)
    if mask.is_empty or part.length == 0:
        return None
    offset_m = _offsets_m(part, lines[1], spacing_m=spacing_m)
    inside = [polygonal(shapely.intersection(shape, mask)) for shape in shapes]

    def measure_km2(plane: BaseGeometry) -> float:
        return ground_km2(frame.geometry_to_globe(polygonal(plane)))

    return Disagreement(
        source_id=source_id,
        other_source_id=other_source_id,
        at=at,
        only_first_km2=measure_km2(inside[0].difference(inside[1])),
        only_second_km2=measure_km2(inside[1].difference(inside[0])),
        both_km2=measure_km2(inside[0].intersection(inside[1])),
        median_offset_m=float(np.median(offset_m)),
        p95_offset_m=float(np.quantile(offset_m, 0.95)),
        note=_note(within_m, compared=part.length / whole_m, excluded=exclude_near is not None),
    )


def _offsets_m(line: BaseGeometry, other: BaseGeometry, *, spacing_m: float) -> FloatArray:
    """Distances to ``other`` from points along every piece of ``line``, metres; at least one."""
    points = []
    pieces = shapely.get_parts(shapely.line_merge(line) if line.geom_type != "LineString" else line)
    for piece in pieces:
        if piece.length:
            steps = max(1, round(piece.length / spacing_m))
            # middles of equal steps, so that a piece weighs by its length
            along = (np.arange(steps) + 0.5) / steps
            points.append(shapely.line_interpolate_point(piece, along, normalized=True))
    shapely.prepare(other)
    offset: FloatArray = shapely.distance(other, np.concatenate(points))
    return offset


def _note(within_m: float, *, compared: float, excluded: bool) -> str:
    text = (
        f"Compared only within {within_m / 1000:g} km of the boundaries of both maps, since they do not "
        f"draw the same ground; {compared:.0%} of the first map's boundary lies there, the rest is left "
        f"out, and no offset above {within_m / 1000:g} km can show. "
    )
    if excluded:
        return text + "Coasts and frontiers as given are left out as well."
    return text + "Coasts and frontiers that both draw are included and make the maps look closer."
