"""What changed hands between two shapes, by one map."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.line.history import LineHistory, Snapshot
from truceline.line.shapes import ground_km2, polygonal
from truceline.line.side import snapshot_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Ground that the holder gained and lost between two shapes of one map (WGS 84, km²).

    ``updates`` counts the changes of shape after the first up to the second. None means that the
    map was not updated in between: then 0 km² is missing data and not a line that held.
    """

    first: Snapshot
    last: Snapshot
    gained: BaseGeometry
    lost: BaseGeometry
    gained_km2: float
    lost_km2: float
    updates: int


def ground_gained(before: BaseGeometry, after: BaseGeometry) -> BaseGeometry:
    """What ``after`` holds and ``before`` does not.

    The overlay is made in degrees, in which edges are straight (RFC 7946): no projection, no error.
    """
    return polygonal(shapely.difference(polygonal(after), polygonal(before)))


def measure_movement(history: LineHistory, *, start: datetime, stop: datetime) -> Movement | None:
    """Movement between the shapes in force at two times; None where the map shows nothing at one."""
    first, last = snapshot_at(history, start), snapshot_at(history, stop)
    if first is None or last is None:
        return None
    gained = ground_gained(first.geometry, last.geometry)
    lost = ground_gained(last.geometry, first.geometry)
    updates = sum(
        snapshot.status == "update" and first.map_time < snapshot.map_time <= last.map_time
        for snapshot in history.snapshots
    )
    return Movement(
        first=first,
        last=last,
        gained=gained,
        lost=lost,
        gained_km2=ground_km2(gained),
        lost_km2=ground_km2(lost),
        updates=updates,
    )
