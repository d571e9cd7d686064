"""What a map showed through time: the records that other parts read (made by ``line.build``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shapely.geometry.base import BaseGeometry

MapStatus = Literal["first", "update", "repeat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One dated shape of one map, as the area one party is said to hold.

    ``gained_km2`` and ``lost_km2`` are against the map's previous shape; both are null for the
    first. ``status`` is ``repeat`` where the shape equals the previous one: no update, which is
    missing data and not a line that held.
    """

    control_id: str
    holder_party_id: str
    map_time: datetime
    describes_until: datetime
    status: MapStatus
    geometry: BaseGeometry
    area_km2: float
    gained_km2: float | None
    lost_km2: float | None
    gained: BaseGeometry | None = None  #: ground gained against the previous shape, of an update
    lost: BaseGeometry | None = None
    position_sd_m: float | None = None  #: the map's own uncertainty, where it gives one
    raw_file: str
    raw_row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """A length is nothing without the tolerance it was measured at."""

    length_km: float
    tolerance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHistory:
    """All shapes of one map and one holder, in time order."""

    source_id: str
    title: str
    snapshots: tuple[Snapshot, ...]
    lengths: tuple[Length, ...]  #: of the boundary of the snapshot in force at the window's start
    stale_from: datetime | None  #: since when, at the window's stop, the map had not changed
    stale_h: float | None  #: hours without a change of shape at the window's stop; None: no snapshot
    updates_in_window: int
    others: tuple[
        LineHistory, ...
    ] = ()  #: the same map's ground of other holders, where there are three or more


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two maps of one date compared, inside the region that both draw."""

    source_id: str
    other_source_id: str
    at: datetime
    only_first_km2: float
    only_second_km2: float
    both_km2: float
    median_offset_m: float  #: from points along the first boundary to the second
    p95_offset_m: float
    note: str = ""
