"""Which zones hold which places at which moments, for very many places at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.columns import IntArray
from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.base.intervals import microseconds
from truceline.terms.zones import Zone

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spots:
    """Places with their moments, all (n,)."""

    x_m: FloatArray  #: in the case's frame; NaN: no point
    y_m: FloatArray
    moment_us: IntArray  #: microseconds since 1970
    line_distance_m: (
        FloatArray  #: to the line as it stood at the moment; the sign does not matter; NaN: not known
    )
    area: Mapping[str, BoolArray]  #: area id → which lie in it by name


def hold_zones(
    zones: Sequence[Zone], spots: Spots, *, frame: LocalFrame, areas: Mapping[str, BaseGeometry]
) -> tuple[list[BoolArray], list[BoolArray]]:
    """For each zone, the places that it holds, and those of which that cannot be told.

    Edges belong to the zone, but for a band's farther edge. A band is asked with the line of the moment; of
    one along the line of the start, or on one party's side alone, the distance given tells nothing.
    """
    n = len(spots.moment_us)
    x_m, y_m = spots.x_m, spots.y_m
    pointed = np.isfinite(x_m) & np.isfinite(y_m)
    held: list[BoolArray] = []
    open_: list[BoolArray] = []
    for zone in zones:
        if zone.kind == "band":
            inside, unknown = _in_band(zone, spots.line_distance_m)
        else:
            drawn = _shape(zone, frame, areas)
            inside = np.zeros(n, dtype=bool)
            unknown = np.full(n, drawn is None) | ~pointed
            if drawn is not None:
                inside = _within(*drawn, x_m, y_m, pointed)
            named = spots.area.get(zone.area) if zone.area is not None else None
            if named is not None:
                inside, unknown = inside | named, unknown & ~named
        if zone.windows is not None:
            in_time = np.zeros(n, dtype=bool)
            for span in zone.windows:
                start, stop = microseconds(span.start), microseconds(span.stop)
                in_time |= (spots.moment_us >= start) & (spots.moment_us < stop)
            inside, unknown = inside & in_time, unknown & in_time
        held.append(inside)
        open_.append(unknown)
    return held, open_


def _in_band(zone: Zone, distance_m: FloatArray) -> tuple[BoolArray, BoolArray]:
    if zone.line_as_of == "start" or zone.sides is not None:
        return np.zeros(len(distance_m), dtype=bool), np.ones(len(distance_m), dtype=bool)
    away_m = np.abs(distance_m)
    near, far = (zone.from_km or 0.0) * 1000, (zone.to_km or 0.0) * 1000
    return (away_m >= near) & (away_m < far), np.isnan(away_m)


def _shape(
    zone: Zone, frame: LocalFrame, areas: Mapping[str, BaseGeometry]
) -> tuple[BaseGeometry, float] | None:
    """What a zone is drawn from, in the frame's metres, and how far round that it reaches."""
    if zone.area is not None:
        found = areas.get(zone.area)
        return None if found is None else (frame.geometry_to_plane(found), 0.0)
    if zone.polygon is not None:
        return frame.geometry_to_plane(shapely.Polygon(zone.polygon)), 0.0
    if zone.centre is not None:
        return frame.geometry_to_plane(shapely.Point(zone.centre)), (zone.radius_km or 0.0) * 1000
    if zone.path is not None:
        return frame.geometry_to_plane(shapely.LineString(zone.path)), (zone.width_m or 0.0) / 2
    return None


def _within(
    shape: BaseGeometry, reach_m: float, x_m: FloatArray, y_m: FloatArray, pointed: BoolArray
) -> BoolArray:
    west, south, east, north = shape.bounds
    near = np.flatnonzero(
        pointed
        & (x_m >= west - reach_m)
        & (x_m <= east + reach_m)
        & (y_m >= south - reach_m)
        & (y_m <= north + reach_m)
    )
    inside = np.zeros(len(x_m), dtype=bool)
    shapely.prepare(shape)
    if shape.geom_type == "Point":
        inside[near] = np.hypot(x_m[near] - shape.x, y_m[near] - shape.y) <= reach_m
    elif reach_m:
        inside[near] = shapely.dwithin(shape, shapely.points(x_m[near], y_m[near]), reach_m)
    else:
        inside[near] = shapely.intersects_xy(shape, x_m[near], y_m[near])
    return inside
