"""Polygons as ground: their area, what one has that another has not, and whether two are the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import WGS84, LocalFrame

#: two shapes are the same when the ground between them is nowhere thicker than this: maps are
#: rewritten with fewer decimals (1e-5° ≈ 1.1 m), or cut along old lines, without any change
SAME_SHAPE_M = 2.0

#: edges straight in degrees are cut so fine before they are taken as geodesic or straight in a plane
PIECE_DEG = 0.05


def polygonal(geometry: BaseGeometry) -> BaseGeometry:
    """The valid polygonal part of a geometry; lines and points that an overlay leaves are dropped."""
    if not geometry.is_valid:
        geometry = shapely.make_valid(geometry)
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return geometry
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.MultiPolygon()


def ground_km2(geometry: BaseGeometry) -> float:
    """Area of the polygonal part on the WGS 84 ellipsoid, km²; 0 for an empty one.

    Edges are straight in degrees, as in GeoJSON (RFC 7946, 3.1.1): they are cut at every 0.05° and
    the pieces taken as geodesics, so that areas of parts sum to the area of the whole.
    """
    part = polygonal(geometry)
    area_m2 = 0.0
    for polygon in shapely.get_parts(cut_edges(part, PIECE_DEG)):
        # each ring by its own size: the turn of a ring with a thin spur cannot be relied on
        sizes = [
            abs(WGS84.polygon_area_perimeter(*shapely.get_coordinates(ring).T)[0])
            for ring in shapely.get_rings(polygon)
        ]
        area_m2 += sizes[0] - sum(sizes[1:])
    return float(area_m2) / 1e6


def ground_gained(before: BaseGeometry, after: BaseGeometry) -> BaseGeometry:
    """What ``after`` holds and ``before`` does not.

    The overlay is made in degrees, in which edges are straight (RFC 7946): no projection, no error.
    """
    return polygonal(shapely.difference(polygonal(after), polygonal(before)))


def cut_edges(geometry: BaseGeometry, longest: float) -> BaseGeometry:
    """Polygons with no edge longer than ``longest`` (units of the coordinates), the same ground.

    Ring by ring: cutting whole polygons would also mend them where rounding lets two near edges cross,
    and mending a polygon with a thin spur can throw away all of it but the spur.
    """
    parts = []
    for part in shapely.get_parts(geometry):
        rings = [
            shapely.get_coordinates(
                shapely.segmentize(shapely.linestrings(shapely.get_coordinates(ring)), longest)
            )
            for ring in shapely.get_rings(part)
        ]
        if rings:
            parts.append(shapely.Polygon(rings[0], rings[1:]))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def same_ground(first: BaseGeometry, second: BaseGeometry, *, frame: LocalFrame) -> bool:
    """Whether two WGS 84 polygons are one shape within ``SAME_SHAPE_M``, whatever their bytes."""
    if first.is_empty or second.is_empty:
        return bool(first.is_empty and second.is_empty)
    if shapely.equals_exact(first, second, normalize=True):
        return True
    box_apart_deg = np.abs(np.subtract(first.bounds, second.bounds)).max()
    if box_apart_deg > 1e-3:  # a hundred metres: cannot be a rewriting
        return False
    between = frame.geometry_to_plane(polygonal(shapely.symmetric_difference(first, second)))
    return bool(shapely.buffer(between, -SAME_SHAPE_M / 2).is_empty)


def tell_repeats(shapes: Sequence[BaseGeometry], *, frame: LocalFrame) -> list[str]:
    """``first``, ``update`` or ``repeat`` for each shape of one map and holder, in time order.

    Each is compared with the last one that differed, so that a slow drift is not taken for a
    standstill. Only ground decides: a file may be rewritten, re-rounded or cut otherwise.
    """
    told: list[str] = []
    shown: BaseGeometry | None = None
    for shape in shapes:
        if shown is None:
            told.append("first")
        else:
            told.append("repeat" if same_ground(shown, shape, frame=frame) else "update")
        if told[-1] != "repeat":
            shown = shape
    return told
