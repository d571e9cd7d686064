"""How long a boundary is, at a stated tolerance."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import WGS84, LocalFrame
from truceline.line.history import Length


def measure_length(geometry: BaseGeometry, *, tolerance_m: float, frame: LocalFrame) -> Length:
    """Length of the whole boundary of a held area (WGS 84), coasts and frontiers included.

    It is therefore not the length of the line of contact. Each ring is simplified in the plane of
    ``frame`` (Douglas and Peucker 1973, tolerance in metres), then measured along geodesics between
    the vertices kept. The vertices kept at a wider tolerance are a subset of those kept at a
    narrower one, so the length never grows with the tolerance; parts smaller than the tolerance
    vanish. Rings are first begun at their westernmost vertex, so their direction and start do not
    matter. At wide tolerances a small change of shape can move the length by tens of kilometres.

    Raises
    ------
    ValueError
        If ``tolerance_m`` is negative.
    """
    if tolerance_m < 0:
        raise ValueError(f"tolerance_m is {tolerance_m}; expected 0 or more")
    total_m = 0.0
    for ring in _rings(frame.geometry_to_plane(geometry)):
        kept = shapely.get_coordinates(shapely.simplify(ring, tolerance_m, preserve_topology=False))
        if len(kept) > 1:
            longitude, latitude = frame.to_globe(kept[:, 0], kept[:, 1])
            total_m += float(WGS84.line_length(longitude, latitude))
    return Length(length_km=total_m / 1000, tolerance_m=tolerance_m)


def _rings(polygons: BaseGeometry) -> list[BaseGeometry]:
    """Rings as closed lines in one fixed direction and order, whatever those of the input."""
    parts = shapely.get_parts(polygons)
    rings = shapely.get_rings(parts)
    lines = []
    for ring in rings:
        points = shapely.get_coordinates(ring)[:-1]
        first = int(np.lexsort((points[:, 1], points[:, 0]))[0])
        points = np.roll(points, -first, axis=0)
        if tuple(points[-1]) < tuple(points[1]):
            points = np.vstack([points[:1], points[:0:-1]])
        lines.append(shapely.linestrings(np.vstack([points, points[:1]])))
    return sorted(lines, key=lambda line: line.wkb)
