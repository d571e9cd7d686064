"""On which side of the line a place lay at a date, and how far from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.base.intervals import as_utc
from truceline.line.history import LineHistory, Snapshot
from truceline.line.join import SIDE_NAMES, build_cells, join_sides
from truceline.line.shapes import PIECE_DEG, cut_edges

#: nearer than this, a place is on the line: coordinates are not given more finely
ON_LINE_M = 1.0

#: from so many places on, cells are cheaper than distances
MANY = 20_000

SideArray = npt.NDArray[np.str_]


def snapshot_at(history: LineHistory, at: datetime) -> Snapshot | None:
    """The latest shape dated at or before ``at``; None where the map begins later.

    A repeat is returned as such: whether the map was updated is for the caller to look at.
    """
    moment = as_utc(at)
    found = None
    for snapshot in history.snapshots:
        if snapshot.map_time > moment:
            break
        found = snapshot
    return found


def distance_to_line_m(
    snapshot: Snapshot | None, longitude_deg: Any, latitude_deg: Any, *, frame: LocalFrame
) -> FloatArray:
    """Signed distance to the boundary of the held area, metres, positive inside it.

    longitude_deg, latitude_deg : (n,) or numbers, WGS 84; result (n,). NaN where the map shows
    nothing or the place is not a number. The boundary is all of it, coasts and frontiers included.

    Edges are straight in degrees, as in GeoJSON (RFC 7946, 3.1.1); they are cut every 0.05° and the
    pieces taken as straight in the plane of ``frame``, which moves them by less than .5 m. Scale errs by
    up to (r/R)²/6 at r from the frame's centre (0.1 % at 500 km).
    """
    longitude = np.atleast_1d(np.asarray(longitude_deg, dtype=np.float64))
    latitude = np.atleast_1d(np.asarray(latitude_deg, dtype=np.float64))
    distance = np.full(longitude.shape, np.nan)
    usable = np.isfinite(longitude) & np.isfinite(latitude)
    if snapshot is None or snapshot.geometry.is_empty or not usable.any():
        return distance
    held = frame.geometry_to_plane(cut_edges(snapshot.geometry, PIECE_DEG))
    line = shapely.boundary(held)
    shapely.prepare([held, line])
    x_m, y_m = frame.to_plane(longitude[usable], latitude[usable])
    inside = shapely.contains_xy(held, x_m, y_m)
    distance[usable] = np.where(inside, 1.0, -1.0) * shapely.distance(line, shapely.points(x_m, y_m))
    return distance


def sides_of(
    snapshot: Snapshot | None, longitude_deg: Any, latitude_deg: Any, *, frame: LocalFrame
) -> SideArray:
    """Sides of many places, (n,): ``inside``, ``outside``, ``on_line`` (within 1 m), ``unknown``.

    Many places are joined to the shape by cells, and only those in a narrow band are measured.
    """
    longitude = np.atleast_1d(np.asarray(longitude_deg, dtype=np.float64))
    latitude = np.atleast_1d(np.asarray(latitude_deg, dtype=np.float64))
    if snapshot is None or len(longitude) < MANY:
        return _sides_by_distance(snapshot, longitude, latitude, frame=frame)
    return _sides_by_cells(
        [snapshot], longitude, latitude, np.zeros(len(longitude), dtype=np.int32), frame=frame
    )


def sides_at(
    history: LineHistory, longitude_deg: Any, latitude_deg: Any, *, at: Sequence[datetime], frame: LocalFrame
) -> SideArray:
    """Sides of places, each by the map in force at its own time, (n,); meanings as of ``sides_of``."""
    longitude = np.asarray(longitude_deg, dtype=np.float64)
    latitude = np.asarray(latitude_deg, dtype=np.float64)
    starts = np.array([snapshot.map_time.timestamp() for snapshot in history.snapshots])
    moments = np.array([as_utc(moment).timestamp() for moment in at])
    number = np.searchsorted(starts, moments, side="right").astype(np.int32) - 1
    if len(longitude) >= MANY:
        return _sides_by_cells(history.snapshots, longitude, latitude, number, frame=frame)
    sides = np.full(longitude.shape, "unknown", dtype="<U7")
    for one in np.unique(number[number >= 0]):
        rows = np.flatnonzero(number == one)
        sides[rows] = _sides_by_distance(history.snapshots[one], longitude[rows], latitude[rows], frame=frame)
    return sides


def _sides_by_distance(
    snapshot: Snapshot | None, longitude: FloatArray, latitude: FloatArray, *, frame: LocalFrame
) -> SideArray:
    distance = distance_to_line_m(snapshot, longitude, latitude, frame=frame)
    known = np.isfinite(distance)
    near = known & (np.abs(distance) <= ON_LINE_M)
    conditions = [~known, near, distance > 0]
    return np.select(conditions, ["unknown", "on_line", "inside"], default="outside")


def _sides_by_cells(
    snapshots: Sequence[Snapshot],
    longitude: FloatArray,
    latitude: FloatArray,
    number: npt.NDArray[np.int32],
    *,
    frame: LocalFrame,
) -> SideArray:
    """Sides by the join; what lies in a band round a boundary is measured."""
    cells = build_cells([snapshot.geometry for snapshot in snapshots])
    bands = build_cells([_band(snapshot.geometry, frame) for snapshot in snapshots])
    sides = np.array(SIDE_NAMES)[join_sides(cells, longitude, latitude, number)]
    beside = np.flatnonzero(~np.isin(join_sides(bands, longitude, latitude, number), (0, 3)))
    for one in np.unique(number[beside]):
        rows = beside[number[beside] == one]
        sides[rows] = _sides_by_distance(snapshots[one], longitude[rows], latitude[rows], frame=frame)
    return sides


def _band(shape: BaseGeometry, frame: LocalFrame) -> BaseGeometry:
    """Ground certainly nearer than twice ``ON_LINE_M`` to the boundary, and all that is nearer than it."""
    line = frame.geometry_to_plane(shapely.segmentize(shapely.boundary(shape), PIECE_DEG))
    return frame.geometry_to_globe(shapely.buffer(line, 2 * ON_LINE_M, quad_segs=2))
