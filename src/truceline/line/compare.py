"""How far two maps of one date disagree, on the ground that both draw."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.base.language import _, digits
from truceline.line.history import Disagreement, Snapshot
from truceline.line.shapes import ground_km2, polygonal

Box = tuple[float, float, float, float]


def compare_maps(
    first: Snapshot,
    second: Snapshot,
    *,
    source_ids: tuple[str, str],
    frame: LocalFrame,
    region: Box,
    at: datetime | None = None,
    within_m: float = 10_000,
    spacing_m: float = 500,
    exclude_near: BaseGeometry | None = None,
    exclude_within_m: float = 3_000,
) -> Disagreement:
    """Compare two shapes of two maps; ``at`` is told as their date (default: the later map's).

    Maps do not all draw the same ground: one may leave out areas held since before it began. What
    only one draws is no disagreement about the line. So they are compared

    1. inside ``region`` (west, south, east, north in degrees),
    2. where both draw a boundary: within ``within_m`` of the boundary of each,
    3. away from ``exclude_near`` (WGS 84; coasts, frontiers), if given: there both copy a base map.

    ``only_first_km2``, ``only_second_km2`` and ``both_km2`` are geodesic areas inside this mask; the
    mask is drawn in the plane of ``frame`` (circles as 32-gons, 0.5 % short). Offsets are distances
    to the second boundary from points every ``spacing_m`` along the first in the mask. By (2) no
    offset can exceed ``within_m``; the note gives the share of the first boundary compared. Without
    a common boundary the offsets are NaN, the areas 0, and the note says so.
    """
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
    inside = [polygonal(shapely.intersection(shape, mask)) for shape in shapes]
    offset_m = _offsets_m(part, lines[1], spacing_m=spacing_m)

    def measure_km2(plane: BaseGeometry) -> float:
        return ground_km2(frame.geometry_to_globe(polygonal(plane)))

    return Disagreement(
        source_id=source_ids[0],
        other_source_id=source_ids[1],
        at=max(first.map_time, second.map_time) if at is None else at,
        only_first_km2=measure_km2(inside[0].difference(inside[1])),
        only_second_km2=measure_km2(inside[1].difference(inside[0])),
        both_km2=measure_km2(inside[0].intersection(inside[1])),
        median_offset_m=float(np.median(offset_m)) if offset_m.size else float("nan"),
        p95_offset_m=float(np.quantile(offset_m, 0.95)) if offset_m.size else float("nan"),
        note=_note(within_m, part.length / whole_m if whole_m else 0.0, excluded=exclude_near is not None),
    )


def _offsets_m(line: BaseGeometry, other: BaseGeometry, *, spacing_m: float) -> FloatArray:
    """Distances to ``other`` from points along every piece of ``line``, metres; none where they do not meet."""
    points = []
    pieces = shapely.get_parts(shapely.line_merge(line) if line.geom_type != "LineString" else line)
    for piece in pieces:
        if piece.length:
            steps = max(1, round(piece.length / spacing_m))
            # middles of equal steps, so that a piece weighs by its length
            along = (np.arange(steps) + 0.5) / steps
            points.append(shapely.line_interpolate_point(piece, along, normalized=True))
    shapely.prepare(other)
    offset: FloatArray = shapely.distance(other, np.concatenate(points)) if points else np.empty(0)
    return offset


def _note(within_m: float, compared: float, *, excluded: bool) -> str:
    if compared == 0:
        said = _("The two maps have no boundary in common within {within} km: not comparable.")
        return said.format(within=digits(f"{within_m / 1000:g}"))
    text = _(
        "Compared only within {within} km of the boundaries of both maps, since they do not "
        "draw the same ground; {share} of the first map's boundary lies there, the rest is left "
        "out, and no offset above {within} km can show."
    ).format(within=digits(f"{within_m / 1000:g}"), share=digits(f"{compared:.0%}"))
    if excluded:
        return text + " " + _("Coasts and frontiers as given are left out as well.")
    return text + " " + _("Coasts and frontiers that both draw are included and make the maps look closer.")
