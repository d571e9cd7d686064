"""The chance that an act is detected, by place and time: points of an area × pieces of a period.

Sensors: a *watcher* is a source, sensor and look with one probability of detection. Its share in
a place and piece of time is the best of the rows that say it watched, times the least of the rows
that take sight away (outage, cloud, restriction …). Where it cannot be told that a row covers a
whole piece of time it counts as if it did not; where it cannot be told that sight was taken away
in only a part, it counts as if in all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from scipy.special import betaincinv
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.schema.table import Record, Table, records, within

FloatArray = npt.NDArray[np.float64]

#: local hours that count as day
DAY_FROM_H, DAY_UNTIL_H = 6, 18
_MAX_POINTS = 250
_MAX_PIECES = 600
_COLUMNS = [
    "coverage_id",
    "source_id",
    "sensor_id",
    "look_id",
    "area_id",
    "longitude_deg",
    "latitude_deg",
    "radius_m",
    "window_start",
    "window_stop",
    "available_share",
    "detection_p_a",
    "detection_p_b",
    "detection_p_basis",
    "reason",
]
_BLOCKS = 3  #: sectors per side of the area's box, for strata


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where and when an act could be.

    longitude_deg, latitude_deg, x_m, y_m, sector : (n_points,); one point with NaN where the area
    has no shape. start_s, stop_s, is_day, clock_h : (n_pieces,) seconds since 1970, local time.
    """

    longitude_deg: FloatArray
    latitude_deg: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    sector: npt.NDArray[np.int64]
    start_s: FloatArray
    stop_s: FloatArray
    is_day: npt.NDArray[np.bool_]
    clock_h: npt.NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        """(n_points, n_pieces)."""
        return len(self.sector), len(self.start_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """share : (n_points, n_pieces); group : which probability it has."""

    group: int
    share: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchField:
    """All watchers of an act over a grid; beta : (n_groups, 2) parameters; basis per group."""

    grid: Grid
    watchers: tuple[Watcher, ...]
    meant: npt.NDArray[np.bool_]  #: (n_points, n_pieces) named by a row with a probability, sight or none
    beta: FloatArray
    basis: tuple[str, ...]

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """(n_points, n_pieces) whether anyone could see."""
        seen = np.zeros(self.grid.shape, dtype=np.bool_)
        for watcher in self.watchers:
            seen |= watcher.share > 0
        return seen

    def draw_probabilities(self, n_draws: int) -> FloatArray:
        """(n_groups, n_draws) of each group's probability: evenly spread quantiles, shuffled apart.

        The order is fixed, so that two fields with the same probabilities can be compared draw
        by draw.
        """
        share = (np.arange(n_draws) + 0.5) / n_draws
        draws = np.empty((len(self.beta), n_draws))
        for k, (a, b) in enumerate(self.beta):
            quantiles = betaincinv(a, b, share)
            draws[k] = quantiles if k == 0 else np.random.default_rng(k).permutation(quantiles)
        return draws


def lay_grid(
    geometry: BaseGeometry | None, *, period: Interval, frame: LocalFrame, zone: str, cuts: Sequence[datetime]
) -> Grid:
    """Points over the area and pieces of the period; pieces end at ``cuts`` where these are few."""
    if geometry is None or geometry.is_empty:
        x = y = longitude = latitude = np.array([np.nan])
        sector = np.zeros(1, dtype=np.int64)
    else:
        plane = frame.geometry_to_plane(geometry)
        x, y = _points(plane)
        longitude, latitude = frame.to_globe(x, y)
        west, south, east, north = plane.bounds
        column = np.clip(((x - west) / max(east - west, 1e-9) * _BLOCKS).astype(np.int64), 0, _BLOCKS - 1)
        row = np.clip(((y - south) / max(north - south, 1e-9) * _BLOCKS).astype(np.int64), 0, _BLOCKS - 1)
        sector = row * _BLOCKS + column
    pieces = _pieces(period, zone, cuts)
    tz = ZoneInfo(zone)
    clock = np.array([(start + (stop - start) / 2).astimezone(tz).hour for start, stop in pieces])
    return Grid(
        longitude_deg=longitude,
        latitude_deg=latitude,
        x_m=x,
        y_m=y,
        sector=sector,
        start_s=np.array([start.timestamp() for start, _ in pieces]),
        stop_s=np.array([stop.timestamp() for _, stop in pieces]),
        is_day=(clock >= DAY_FROM_H) & (clock < DAY_UNTIL_H),
        clock_h=clock.astype(np.int64),
    )


def _points(plane: BaseGeometry) -> tuple[FloatArray, FloatArray]:
    """Centres of a square grid that lie in the area; at least one point."""
    west, south, east, north = plane.bounds
    side = float(np.sqrt(max(plane.area, 1e-6) / _MAX_POINTS))
    side = max(side, (east - west) / 2000, (north - south) / 2000, 1e-3)
    columns = west + side * (np.arange(max(int(np.ceil((east - west) / side)), 1)) + 0.5)
    rows = south + side * (np.arange(max(int(np.ceil((north - south) / side)), 1)) + 0.5)
    x, y = (axis.ravel() for axis in np.meshgrid(columns, rows))
    inside = shapely.contains_xy(plane, x, y)
    if not inside.any():
        point = plane.representative_point()
        return np.array([point.x]), np.array([point.y])
    return x[inside], y[inside]


def _pieces(period: Interval, zone: str, cuts: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Local hours of the period, cut also where a row begins or ends; coarser where too many."""
    tz = ZoneInfo(zone)
    step_h = next((h for h in (1, 2, 3, 6) if period.duration_h / h <= _MAX_PIECES / 2), 24)
    marks = {period.start, period.stop}
    for day in period.split_days(zone):
        local = day.start.astimezone(tz)
        midnight = datetime(local.year, local.month, local.day, tzinfo=tz)
        marks |= {(midnight + timedelta(hours=h)).astimezone(ZoneInfo("UTC")) for h in range(0, 24, step_h)}
    inner = {cut for cut in cuts if period.start < cut < period.stop}
    if len(marks) + len(inner) <= _MAX_PIECES:
        marks |= inner
    edges = sorted(mark for mark in marks if period.start <= mark <= period.stop)
    return list(pairwise(edges))


def choose_rows(coverage: Table, *, act: str, area_ids: Sequence[str], period: Interval) -> list[Record]:
    """Rows that bear on the act in the period, and on one of the areas, every area, or a circle."""
    mine = pc.fill_null(pc.is_in(coverage["area_id"], value_set=pa.array(area_ids, type=pa.string())), False)
    keep = pc.and_(
        pc.fill_null(pc.equal(coverage["act"], act), True), pc.or_(pc.is_null(coverage["area_id"]), mine)
    )
    chosen = within(
        coverage.filter(keep),
        start_column="window_start",
        stop_column="window_stop",
        start=period.start,
        stop=period.stop,
    ).select(_COLUMNS)
    if not pc.any(pc.is_valid(chosen["detection_p_a"])).as_py():
        return []
    return sorted(
        records(chosen), key=lambda row: (row["window_start"], row["window_stop"], row["coverage_id"])
    )


def has_probability(row: Record) -> bool:
    """Whether a row has a detection probability and says on whose word."""
    return bool(row["detection_p_a"] and row["detection_p_b"] and row["detection_p_basis"])


def build_field(
    rows: Sequence[Record],
    grid: Grid,
    *,
    frame: LocalFrame,
    area_id: str,
    geometries: Mapping[str, BaseGeometry],
) -> WatchField:
    """Shares of every watcher that has a detection probability.

    ``geometries``: shapes of other areas that rows may name; ``area_id`` itself covers the grid.
    """
    where_of = _Places(grid=grid, frame=frame, area_id=area_id, geometries=geometries)
    keys = sorted({_group_key(row) for row in rows if has_probability(row)})
    place = {key: k for k, key in enumerate(keys)}
    watchers: dict[tuple[str, str, str, int], FloatArray] = {}
    meant = np.zeros(grid.shape, dtype=np.bool_)
    for row in rows:
        if has_probability(row):
            key = (row["source_id"], row["sensor_id"] or "", row["look_id"] or "", place[_group_key(row)])
            share = watchers.setdefault(key, np.zeros(grid.shape))
            where = where_of.find(row, cautious=True)
            when = (grid.start_s >= row["window_start"].timestamp()) & (
                grid.stop_s <= row["window_stop"].timestamp()
            )
            amount = row["available_share"] if row["reason"] == "watched" else 1.0
            patch = np.ix_(where, when)
            share[patch] = np.maximum(share[patch], amount)
            meant[patch] = True
    less_rows = [row for row in rows if row["reason"] != "watched" or row["available_share"] <= 0]
    for key, share in watchers.items():
        _take_away(share, key, less_rows, where_of)
    return WatchField(
        grid=grid,
        watchers=tuple(Watcher(group=key[3], share=watchers[key]) for key in sorted(watchers)),
        meant=meant,
        beta=np.array([[key[0], key[1]] for key in keys]).reshape(-1, 2),
        basis=tuple(dict.fromkeys(key[2] for key in keys)),
    )


def _group_key(row: Record) -> tuple[float, float, str, str]:
    """Rows with one probability: it is drawn once for all of them, since its error is common."""
    return (
        float(row["detection_p_a"]),
        float(row["detection_p_b"]),
        row["detection_p_basis"],
        row["source_id"],
    )


def _take_away(
    share: FloatArray, key: tuple[str, str, str, int], rows: Sequence[Record], where_of: _Places
) -> None:
    """Multiply a watcher's share by the least of the rows that take its sight away."""
    grid = where_of.grid
    less: FloatArray | None = None
    for row in rows:
        about_me = row["source_id"] == key[0] and (row["sensor_id"] or key[1]) == key[1]
        if not about_me or (row["look_id"] or key[2]) != key[2]:
            continue
        where = where_of.find(row, cautious=False)
        when = (grid.start_s < row["window_stop"].timestamp()) & (
            grid.stop_s > row["window_start"].timestamp()
        )
        less = np.ones(grid.shape) if less is None else less
        patch = np.ix_(where, when)
        less[patch] = np.minimum(less[patch], row["available_share"])
    if less is not None:
        share *= less


@dataclass(slots=True, kw_only=True)
class _Places:
    """Which points a row is about; every circle and area is looked up once."""

    grid: Grid
    frame: LocalFrame
    area_id: str
    geometries: Mapping[str, BaseGeometry]
    known: dict[tuple[object, ...], npt.NDArray[np.bool_]] = dataclass_field(default_factory=dict)

    def find(self, row: Record, *, cautious: bool) -> npt.NDArray[np.bool_]:
        """(n_points,) where the row holds; where unknown: nowhere if cautious, else everywhere."""
        key = (row["area_id"], row["longitude_deg"], row["latitude_deg"], row["radius_m"], cautious)
        if key not in self.known:
            self.known[key] = self._find(row, cautious=cautious)
        return self.known[key]

    def _find(self, row: Record, *, cautious: bool) -> npt.NDArray[np.bool_]:
        grid = self.grid
        everywhere = np.ones(grid.shape[0], dtype=np.bool_)
        placed = bool(np.isfinite(grid.x_m).all())
        if (
            row["radius_m"] is not None
            and row["longitude_deg"] is not None
            and row["latitude_deg"] is not None
        ):
            if not placed:
                return everywhere & (not cautious)
            x, y = self.frame.to_plane(row["longitude_deg"], row["latitude_deg"])
            near: npt.NDArray[np.bool_] = np.hypot(grid.x_m - x, grid.y_m - y) <= row["radius_m"]
            return near
        if row["area_id"] in (None, self.area_id):
            return everywhere
        shape = self.geometries.get(row["area_id"])
        if shape is None or not placed:
            return everywhere & (not cautious)
        inside: npt.NDArray[np.bool_] = shapely.contains_xy(shape, grid.longitude_deg, grid.latitude_deg)
        return inside
