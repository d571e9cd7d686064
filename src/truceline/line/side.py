"""On which side of the line a place lay at a date, and how far from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.base.intervals import as_utc
from truceline.line.history import LineHistory, Side, Snapshot

#: nearer than this, a place is on the line: coordinates are not given more finely
ON_LINE_M = 1.0

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

    Distances are taken in the plane of ``frame`` between straight edges. Scale errs by up to
    (r/R)²/6 at r from the frame's centre (0.1 % at 500 km); an edge of 10 km departs from the
    geodesic by about 2 m, one of 50 km by about 50 m, so long straight edges are the weaker part.
    """
    longitude = np.atleast_1d(np.asarray(longitude_deg, dtype=np.float64))
    latitude = np.atleast_1d(np.asarray(latitude_deg, dtype=np.float64))
    distance = np.full(longitude.shape, np.nan)
    usable = np.isfinite(longitude) & np.isfinite(latitude)
    if snapshot is None or snapshot.geometry.is_empty or not usable.any():
        return distance
    held = frame.geometry_to_plane(snapshot.geometry)
    line = shapely.boundary(held)
    shapely.prepare([held, line])
    x_m, y_m = frame.to_plane(longitude[usable], latitude[usable])
    inside = shapely.contains_xy(held, x_m, y_m)
    distance[usable] = np.where(inside, 1.0, -1.0) * shapely.distance(line, shapely.points(x_m, y_m))
    return distance


def sides_of(
    snapshot: Snapshot | None, longitude_deg: Any, latitude_deg: Any, *, frame: LocalFrame
) -> SideArray:
    """Sides of many places, (n,): ``inside``, ``outside``, ``on_line`` (within 1 m), ``unknown``."""
    distance = distance_to_line_m(snapshot, longitude_deg, latitude_deg, frame=frame)
    known = np.isfinite(distance)
    near = known & (np.abs(distance) <= ON_LINE_M)
    conditions = [~known, near, distance > 0]
    return np.select(conditions, ["unknown", "on_line", "inside"], default="outside")


def side_of(
    snapshot: Snapshot | None, longitude_deg: float, latitude_deg: float, *, frame: LocalFrame
) -> Side:
    """Side of one place: inside or outside the held area, on the line, or unknown without a map."""
    side: Side = sides_of(snapshot, longitude_deg, latitude_deg, frame=frame)[0].item()
    return side


def line_distances_m(
    history: LineHistory, longitude_deg: Any, latitude_deg: Any, *, at: Sequence[datetime], frame: LocalFrame
) -> FloatArray:
    """Signed distances of places, each to the line at its own time; (n,), NaN where not known."""
    longitude = np.asarray(longitude_deg, dtype=np.float64)
    latitude = np.asarray(latitude_deg, dtype=np.float64)
    shapes = [snapshot_at(history, moment) for moment in at]
    rows: dict[str, list[int]] = {}
    for row, snapshot in enumerate(shapes):
        if snapshot is not None:
            rows.setdefault(snapshot.control_id, []).append(row)
    distance = np.full(longitude.shape, np.nan)
    for same in rows.values():
        distance[same] = distance_to_line_m(shapes[same[0]], longitude[same], latitude[same], frame=frame)
    return distance
