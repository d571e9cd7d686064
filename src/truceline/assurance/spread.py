"""Where and when an act may have come: samples of an area and a period, and how acts used to spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from truceline.base.columns import BoolArray, IntArray, number_rows
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.coverage.sight import Moments

FloatArray = npt.NDArray[np.float64]

#: local hours that count as day
DAY_FROM_H, DAY_UNTIL_H = 6, 18
#: share of the historical weight that is spread evenly: an act may come where none came before
NEW_PLACE_SHARE = 0.2
#: a past act was detected with this chance at least: no single one stands for more than ten
LEAST_PAST_CHANCE = 0.1
_MAX_POINTS = 250
_EVEN_SAMPLES = 5_000
_PAST_SAMPLES = 2_000
_BLOCKS = 3  #: sectors per side of the area's box, for strata
#: acts this near to one another are of one burst
_BURST_M, _BURST_S = 5_000.0, 6 * 3600.0
#: acts this near to one another are of one hot spot while it lasts; the next may lie elsewhere
_SPOT_M, _SPOT_S = 25_000.0, 4 * 86_400.0
#: fractions that never fall into step with one another (additive recurrence, Roberts 2018)
_STEPS = (0.7548776662466927, 0.5698402909980532, 0.6180339887498949)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPoints:
    """Baseline incidents seen by hard sensors: where acts of this kind used to be."""

    longitude_deg: FloatArray
    latitude_deg: FloatArray
    at_us: IntArray  #: microseconds since 1970
    #: what was asked of them before: the same points serve many questions
    known: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)

    def plane(self, frame: LocalFrame) -> tuple[FloatArray, FloatArray]:
        """x, y in metres."""
        if frame not in self.known:
            self.known[frame] = frame.to_plane(self.longitude_deg, self.latitude_deg)
        return cast(tuple[FloatArray, FloatArray], self.known[frame])

    def clock_h(self, zone: str, worth: FloatArray) -> FloatArray:
        """(24,) how many in each local hour of the day. worth : (n,) as how many each counts."""
        if zone not in self.known:
            self.known[zone] = local_hours(self.at_us / 1e6, zone)
        return np.bincount(self.known[zone], weights=worth, minlength=24).astype(np.float64)

    def blocks(self, frame: LocalFrame) -> IntArray:
        """(n,) number of the square and of the days in which each lies: a hot spot while it lasts."""
        key = ("blocks", frame)
        if key not in self.known:
            x, y = (np.atleast_1d(one) for one in self.plane(frame))
            days = np.floor(self.at_us / 1e6 / _SPOT_S).astype(np.int64)
            self.known[key] = number_rows([np.floor(x / _SPOT_M), np.floor(y / _SPOT_M), days])[0]
        return cast(IntArray, self.known[key])

    @property
    def length_s(self) -> float:
        """From the first to the last."""
        return float(np.ptp(self.at_us)) / 1e6

    def burst_size(self, frame: LocalFrame) -> float:
        """Mean number of acts that come with one, itself among them, beyond what chance brings together.

        Those within 5 km and 6 h, less those within 5 km and 6 to 12 h on either side.
        """
        key = ("burst", frame)
        if key not in self.known:
            x, y = self.plane(frame)
            time = np.asarray(self.at_us, dtype=np.float64) / 1e6
            self.known[key] = _burst_size(x, y, time)
        return float(self.known[key])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Samples of an area and period: (n,) moments, weights as acts used to be, sector, day or night.

    block : number of the hot spot of some days whose past acts a sample stands for; 0: laid evenly.
    turns : variance of a hot spot's share, from one such period to the next, over its square.
    """

    moments: Moments
    weight: FloatArray  #: sums to 1
    even: BoolArray  #: of those laid evenly, whatever the past
    sector: IntArray
    is_day: BoolArray
    block: IntArray
    turns: float


def lay_spread(
    geometry: BaseGeometry | None,
    *,
    area_id: str,
    period: Interval,
    frame: LocalFrame,
    zone: str,
    past: PastPoints | None = None,
    shapes: Mapping[str, BaseGeometry] | None = None,
    past_chance: FloatArray | None = None,
) -> Spread:
    """Samples laid evenly over the area and period, and samples where acts used to be.

    Every draw is fixed: the same area and period have the same samples whatever the coverage. past_chance :
    (n_past,) probability with which each past act was detected; each weighs by its inverse (Horvitz &
    Thompson 1952), for what is known of the past is where somebody watched. None: each weighs the same.
    """
    start_s, length_s = period.start.timestamp(), period.duration_h * 3600
    plane = None if geometry is None or geometry.is_empty else frame.geometry_to_plane(geometry)
    x, y, time, sector = _even(plane, start_s, length_s)
    weight = np.full(len(x), 1 / len(x))
    even = np.ones(len(x), dtype=np.bool_)
    block, turns = np.zeros(len(x), dtype=np.int64), 0.0
    if past is not None and len(past.at_us):
        worth = (
            np.ones(len(past.at_us))
            if past_chance is None
            else 1 / np.maximum(past_chance, LEAST_PAST_CHANCE)
        )
        clock = past.clock_h(zone, worth)
        weight *= _hourly(time, clock, zone)
        if plane is not None:
            own = _past_in(past, frame, plane)
            if len(own):
                more, pick = _again(past, own, frame, start_s, length_s)
                own_weight = _hourly(more[2], clock, zone) * worth[pick]
                weight = np.concatenate([NEW_PLACE_SHARE * weight / weight.sum(), (1 - NEW_PLACE_SHARE) * own_weight / own_weight.sum()])  # fmt: skip
                sector = np.concatenate([sector, _sectors(plane, more[0], more[1])])
                block = np.concatenate([block, 1 + past.blocks(frame)[pick]])
                turns = 1 + past.length_s / max(length_s, _SPOT_S)
                even = np.concatenate([even, np.zeros(len(more[0]), dtype=np.bool_)])
                x, y, time = (np.concatenate(pair) for pair in zip((x, y, time), more, strict=True))
    hour = local_hours(time, zone)
    return Spread(
        moments=Moments(
            x_m=x, y_m=y, time_s=time, inside=_inside(area_id, shapes or {}, x, y, frame, plane is not None)
        ),
        weight=weight / weight.sum(),
        even=even,
        sector=sector,
        is_day=(hour >= DAY_FROM_H) & (hour < DAY_UNTIL_H),
        block=block,
        turns=turns,
    )


def _inside(
    area_id: str,
    shapes: Mapping[str, BaseGeometry],
    x: FloatArray,
    y: FloatArray,
    frame: LocalFrame,
    placed: bool,
) -> Any:
    def inside(name: str) -> BoolArray:
        if name == area_id:
            return np.ones(len(x), dtype=np.bool_)
        if name not in shapes or not placed:
            return np.zeros(len(x), dtype=np.bool_)
        return np.asarray(shapely.contains_xy(shapes[name], *frame.to_globe(x, y)))

    return inside


def _even(
    plane: BaseGeometry | None, start_s: float, length_s: float
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    if plane is None:
        n = _EVEN_SAMPLES
        none = np.full(n, np.nan)
        time = start_s + length_s * (np.arange(n) + 0.5) / n
        return none, none.copy(), time, np.zeros(n, dtype=np.int64)
    x, y, side = _points(plane)
    times = max(_EVEN_SAMPLES // len(x), 1)
    n = len(x) * times
    k = np.arange(n)
    time = start_s + length_s * ((k // len(x)) + (k * _STEPS[2]) % 1) / times
    off_x = x[k % len(x)] + side * ((k * _STEPS[0]) % 1 - 0.5)
    off_y = y[k % len(x)] + side * ((k * _STEPS[1]) % 1 - 0.5)
    inside = shapely.contains_xy(plane, off_x, off_y)
    off_x, off_y = np.where(inside, off_x, x[k % len(x)]), np.where(inside, off_y, y[k % len(x)])
    return off_x, off_y, time, _sectors(plane, off_x, off_y)


def _points(plane: BaseGeometry) -> tuple[FloatArray, FloatArray, float]:
    """Centres of a square grid that lie in the area, and its side; at least one point."""
    west, south, east, north = plane.bounds
    side = float(np.sqrt(max(plane.area, 1e-6) / _MAX_POINTS))
    side = max(side, (east - west) / 2000, (north - south) / 2000, 1e-3)
    columns = west + side * (np.arange(max(int(np.ceil((east - west) / side)), 1)) + 0.5)
    rows = south + side * (np.arange(max(int(np.ceil((north - south) / side)), 1)) + 0.5)
    x, y = (axis.ravel() for axis in np.meshgrid(columns, rows))
    inside = shapely.contains_xy(plane, x, y)
    if not inside.any():
        point = plane.representative_point()
        return np.array([point.x]), np.array([point.y]), 0.0
    return x[inside], y[inside], side


def _sectors(plane: BaseGeometry, x: FloatArray, y: FloatArray) -> IntArray:
    west, south, east, north = plane.bounds
    column = np.clip(((x - west) / max(east - west, 1e-9) * _BLOCKS).astype(np.int64), 0, _BLOCKS - 1)
    row = np.clip(((y - south) / max(north - south, 1e-9) * _BLOCKS).astype(np.int64), 0, _BLOCKS - 1)
    return np.asarray(row * _BLOCKS + column)


def _past_in(past: PastPoints, frame: LocalFrame, plane: BaseGeometry) -> IntArray:
    """Past acts that lie in the area, by place and time."""
    x, y = (np.atleast_1d(one) for one in past.plane(frame))
    order = np.lexsort((past.at_us, y, x))
    west, south, east, north = plane.bounds
    order = order[(x[order] >= west) & (x[order] <= east) & (y[order] >= south) & (y[order] <= north)]
    return np.asarray(order[shapely.contains_xy(plane, x[order], y[order])], dtype=np.int64)


def _again(
    past: PastPoints, own: IntArray, frame: LocalFrame, start_s: float, length_s: float
) -> tuple[tuple[FloatArray, FloatArray, FloatArray], IntArray]:
    """Past places, each as often as any other, at times spread over the period; and which each is."""
    n = max(_PAST_SAMPLES, min(len(own), 2 * _PAST_SAMPLES))
    pick = own[(np.arange(n) * len(own)) // n]
    time = np.asarray(start_s + length_s * ((np.arange(n) * _STEPS[2]) % 1), dtype=np.float64)
    x, y = (np.atleast_1d(one) for one in past.plane(frame))
    return (x[pick], y[pick], time), pick


def _hourly(time_s: FloatArray, clock_h: FloatArray, zone: str) -> FloatArray:
    """Weights by local hour, a fifth of them even."""
    hourly = clock_h / clock_h.sum() * 24
    weight: FloatArray = (NEW_PLACE_SHARE + (1 - NEW_PLACE_SHARE) * hourly)[local_hours(time_s, zone)]
    return weight


def local_hours(time_s: FloatArray, zone: str) -> IntArray:
    """(n,) local hour of the day; each quarter of an hour that occurs is looked up once."""
    quarter, number = np.unique(np.asarray(time_s // 900, dtype=np.int64), return_inverse=True)
    tz = ZoneInfo(zone)
    hour = [datetime.fromtimestamp(one * 900, tz=tz).hour for one in quarter.tolist()]
    return np.array(hour, dtype=np.int64)[number.reshape(-1)]


def _burst_size(x: FloatArray, y: FloatArray, time: FloatArray) -> float:
    if len(x) < 2:
        return 1.0
    if len(x) > 20_000:
        # a stretch of time whole: picking single ones would thin the bursts
        order = np.lexsort((y, x, time))[:20_000]
        x, y, time = x[order], y[order], time[order]
    near, wide = (
        _count_within(np.column_stack([x / _BURST_M, y / _BURST_M, time / (reach * _BURST_S)]))
        for reach in (1, 2)
    )
    return 1 + max(2 * near - wide, 0.0) / len(x)


def _count_within(scaled: FloatArray) -> float:
    """Pairs within one unit in each axis, both ways, without oneself."""
    tree = cKDTree(scaled)
    return float(tree.count_neighbors(tree, 1.0, p=np.inf) - len(scaled))
