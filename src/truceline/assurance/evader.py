"""Where and when somebody who knows the coverage would act: the least watched place and time there is.

Circles cut an area into faces, windows cut a period into spells; within one face and spell the chance
of being seen is one. So it is enough to look just beside the corners where circles cross, beside each
circle, along the area's own edge, and once in each spell: nothing between them is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from truceline.assurance.spread import DAY_FROM_H, DAY_UNTIL_H, local_hours
from truceline.base.columns import BoolArray, IntArray
from truceline.base.intervals import Interval
from truceline.coverage.sight import Sight

FloatArray = npt.NDArray[np.float64]

#: how far beside an edge, metres
_BESIDE_M = 1.0
_MAX_CIRCLES = 300
_MAX_PLACES = 6_000
_KEPT = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Blindest:
    """The least watched places and times, (n,) each; metres, seconds since 1970.

    watchers : those that were looked at. Where there are too many, those who watch least long or see
    least are left out; a bound that leaves them out too is the wider for it.
    """

    x_m: FloatArray
    y_m: FloatArray
    time_s: FloatArray
    is_day: BoolArray
    watchers: IntArray


def find_blindest(
    sight: Sight,
    plane: BaseGeometry | None,
    *,
    area_id: str,
    period: Interval,
    zone: str,
    shapes: dict[str, BaseGeometry],
) -> Blindest:
    """Look through places and spells for those where an act is least likely to be seen.

    shapes : of areas that rows may name, in the frame.
    """
    keep = _kept_rows(sight)
    x, y = _places(sight, keep, plane)
    edges_s, is_day = _spells(sight, period, zone)
    middle = (edges_s[:-1] + edges_s[1:]) / 2
    gain = _gains(sight, keep, x, y, middle, area_id, shapes)
    found: list[tuple[float, float, float, bool]] = []
    for light in (True, False):
        spells = np.flatnonzero(is_day == light)
        if len(spells):
            found += [(x[i], y[i], middle[j], light) for i, j in _least(gain, spells)]
    columns = list(zip(*found, strict=True))
    return Blindest(
        x_m=np.array(columns[0]),
        y_m=np.array(columns[1]),
        time_s=np.array(columns[2]),
        is_day=np.array(columns[3], dtype=np.bool_),
        watchers=np.unique(gain.watcher),
    )


def _kept_rows(sight: Sight) -> IntArray:
    """Rows with a probability: all that are about areas or everywhere, and the most lasting circles."""
    rows = np.flatnonzero(sight.watcher >= 0)
    circle = np.isfinite(sight.radius_m[rows])
    circles = rows[circle]
    place = np.column_stack([sight.x_m[circles], sight.y_m[circles], sight.radius_m[circles]])
    if not len(circles):
        return rows
    _, number = np.unique(place, axis=0, return_inverse=True)
    number = number.reshape(-1)
    lasting = np.bincount(number, weights=(sight.stop_s - sight.start_s)[circles])
    most = np.argsort(-lasting, kind="stable")[:_MAX_CIRCLES]
    return np.sort(np.concatenate([rows[~circle], circles[np.isin(number, most)]]))


def _places(sight: Sight, rows: IntArray, plane: BaseGeometry | None) -> tuple[FloatArray, FloatArray]:
    if plane is None:
        return np.array([np.nan]), np.array([np.nan])
    circles = rows[np.isfinite(sight.radius_m[rows])]
    # what takes sight away in a circle bounds faces too
    takes = np.array([k for k in sight.bears_on if np.isfinite(sight.radius_m[k])], dtype=np.int64)
    circles = np.unique(np.concatenate([circles, takes[:_MAX_CIRCLES]]))
    disc = np.unique(
        np.column_stack([sight.x_m[circles], sight.y_m[circles], sight.radius_m[circles]]), axis=0
    )
    west, south, east, north = plane.bounds
    near = (disc[:, 0] + disc[:, 2] >= west) & (disc[:, 0] - disc[:, 2] <= east) & (disc[:, 1] + disc[:, 2] >= south) & (disc[:, 1] - disc[:, 2] <= north)  # fmt: skip
    disc = disc[near]
    point = plane.representative_point()
    found = [np.array([[point.x, point.y]]), _beside(disc), _corners(disc)]
    inner = np.concatenate(found)
    inner = inner[shapely.contains_xy(plane, inner[:, 0], inner[:, 1])]
    both = np.concatenate([inner, _along_edge(plane, disc)])
    if len(both) > _MAX_PLACES:
        both = both[:: len(both) // _MAX_PLACES + 1]
    return both[:, 0], both[:, 1]


def _beside(disc: FloatArray) -> FloatArray:
    """Just outside and inside each circle, and its centre."""
    turn = np.arange(4) * np.pi / 2
    ways = np.column_stack([np.cos(turn), np.sin(turn)])
    found = [disc[:, :2]]
    for off in (_BESIDE_M, -_BESIDE_M):
        found.append((disc[:, None, :2] + (disc[:, None, 2:] + off) * ways[None]).reshape(-1, 2))
    return np.concatenate(found)


def _corners(disc: FloatArray) -> FloatArray:
    """Beside the points where two circles cross, in each of the four faces that meet there."""
    if len(disc) < 2:
        return np.zeros((0, 2))
    pairs = cKDTree(disc[:, :2]).query_pairs(2 * float(disc[:, 2].max()), output_type="ndarray")
    if not len(pairs):
        return np.zeros((0, 2))
    first, second = disc[pairs[:, 0]], disc[pairs[:, 1]]
    gap = second[:, :2] - first[:, :2]
    length = np.hypot(gap[:, 0], gap[:, 1])
    cross = (length < first[:, 2] + second[:, 2]) & (length > np.abs(first[:, 2] - second[:, 2]))
    first, second, gap, length = first[cross], second[cross], gap[cross], length[cross]
    if not len(gap):
        return np.zeros((0, 2))
    along = (first[:, 2] ** 2 - second[:, 2] ** 2 + length**2) / (2 * length)
    half = np.sqrt(np.maximum(first[:, 2] ** 2 - along**2, 0))
    unit = gap / length[:, None]
    side = np.column_stack([-unit[:, 1], unit[:, 0]])
    found = []
    for sign in (1.0, -1.0):
        corner = first[:, :2] + along[:, None] * unit + sign * half[:, None] * side
        out_1 = (corner - first[:, :2]) / first[:, 2:]
        out_2 = (corner - second[:, :2]) / second[:, 2:]
        for a in (1, -1):
            for b in (1, -1):
                way = a * out_1 + b * out_2
                size = np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-6)
                found.append(corner + way / size[:, None] * _BESIDE_M)
    return np.concatenate(found)


def _along_edge(plane: BaseGeometry, disc: FloatArray) -> FloatArray:
    """Corners of the area, and points of its edge on either side of each circle's crossing."""
    found: list[FloatArray] = []
    for ring in shapely.get_parts(shapely.boundary(plane)):
        line = shapely.get_coordinates(ring)
        if len(line) > 2_000:
            line = shapely.get_coordinates(ring.simplify(200.0))
        found.append(line)
        step = np.diff(line, axis=0)
        size = np.hypot(step[:, 0], step[:, 1])
        real = size > 0
        start, step, size = line[:-1][real], step[real], size[real]
        if not len(disc) or not len(size):
            continue
        unit = step / size[:, None]
        to = start[:, None, :] - disc[None, :, :2]
        b = (to * unit[:, None, :]).sum(axis=2)
        square = b**2 - ((to**2).sum(axis=2) - disc[None, :, 2] ** 2)
        segment, circle = np.nonzero(square > 0)
        root = np.sqrt(square[segment, circle])
        for sign in (1.0, -1.0):
            at = -b[segment, circle] + sign * root
            for off in (_BESIDE_M, -_BESIDE_M):
                near = (at + off >= 0) & (at + off <= size[segment])
                found.append(start[segment[near]] + (at + off)[near, None] * unit[segment[near]])
    return np.concatenate(found) if found else np.zeros((0, 2))


def _spells(sight: Sight, period: Interval, zone: str) -> tuple[FloatArray, BoolArray]:
    """Edges of the spells in which nothing changes, and whether each is by day."""
    start, stop = period.start.timestamp(), period.stop.timestamp()
    tz = ZoneInfo(zone)
    marks = [np.array([start, stop]), sight.start_s, sight.stop_s]
    day = period.start.astimezone(tz).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    turns = []
    while day.timestamp() < stop:
        local = datetime(day.year, day.month, day.day, tzinfo=tz)
        turns += [local.replace(hour=DAY_FROM_H).timestamp(), local.replace(hour=DAY_UNTIL_H).timestamp()]
        day += timedelta(days=1)
    edges = np.unique(np.clip(np.concatenate([*marks, np.array(turns)]), start, stop))
    hour = local_hours((edges[:-1] + edges[1:]) / 2, zone)
    return edges, (hour >= DAY_FROM_H) & (hour < DAY_UNTIL_H)


@dataclass(slots=True)
class _Gains:
    """−log of the chance to be missed, by place and spell, as a product of two factors a watcher.

    watcher : (n_parts,). covers : (n_parts, n_places). amount : (n_parts, n_spells).
    """

    watcher: IntArray
    covers: BoolArray
    amount: npt.NDArray[np.float32]


def _gains(
    sight: Sight,
    rows: IntArray,
    x: FloatArray,
    y: FloatArray,
    middle_s: FloatArray,
    area_id: str,
    shapes: dict[str, BaseGeometry],
) -> _Gains:
    """A part is a watcher in one place: what it covers, and what it is worth in each spell.

    Its worth is told from below: what takes sight from a part of its place is taken from all of it.
    """
    place = np.column_stack(
        [sight.x_m[rows], sight.y_m[rows], sight.radius_m[rows], sight.area[rows], sight.watcher[rows]]
    )
    _, first, part = np.unique(np.nan_to_num(place, nan=-1.0), axis=0, return_index=True, return_inverse=True)
    whose = sight.watcher[rows[first]]
    amount = _shares(sight, rows, part.reshape(-1), first, middle_s)
    mean_p = (sight.beta[:, 0] / sight.beta.sum(axis=1))[sight.group[whose]].astype(np.float32)
    covers = np.zeros((len(first), len(x)), dtype=np.bool_)
    for at, k in enumerate(rows[first].tolist()):
        covers[at] = _covers(sight, k, x, y, area_id, shapes)
    return _Gains(whose, covers, -np.log1p(-np.minimum(amount * mean_p[:, None], np.float32(0.9999))))


def _shares(
    sight: Sight, rows: IntArray, part: IntArray, first: IntArray, middle_s: FloatArray
) -> npt.NDArray[np.float32]:
    """(n_parts, n_spells) share of sight."""
    low, high = np.searchsorted(middle_s, sight.start_s), np.searchsorted(middle_s, sight.stop_s)
    share = np.zeros((len(first), len(middle_s)), dtype=np.float32)
    for k, at in zip(rows.tolist(), part.tolist(), strict=True):
        window = slice(int(low[k]), int(high[k]))
        amount = np.float32(sight.share[k] if sight.watched[k] else 1.0)
        share[at, window] = np.maximum(share[at, window], amount)
    less = np.ones_like(share)
    whose = sight.watcher[rows[first]]
    for k, whom in sight.bears_on.items():
        window = slice(int(low[k]), int(high[k]))
        if window.stop <= window.start:
            continue
        mine = np.flatnonzero(np.isin(whose, whom))
        if np.isfinite(sight.radius_m[k]):
            own = rows[first[mine]]
            apart = np.hypot(sight.x_m[own] - sight.x_m[k], sight.y_m[own] - sight.y_m[k])
            mine = mine[~(apart >= sight.radius_m[own] + sight.radius_m[k])]
        less[mine, window] = np.minimum(less[mine, window], np.float32(sight.share[k]))
    return share * less


def _covers(
    sight: Sight, k: int, x: FloatArray, y: FloatArray, area_id: str, shapes: dict[str, BaseGeometry]
) -> BoolArray:
    if np.isfinite(sight.radius_m[k]):
        near: BoolArray = np.hypot(x - sight.x_m[k], y - sight.y_m[k]) <= sight.radius_m[k]
        return near
    name = "" if sight.area[k] < 0 else sight.area_names[sight.area[k]]
    if name in ("", area_id):
        return np.ones(len(x), dtype=np.bool_)
    if name in shapes:
        return np.asarray(shapely.contains_xy(shapes[name], x, y))
    return np.zeros(len(x), dtype=np.bool_)


def _least(gain: _Gains, spells: IntArray) -> list[tuple[int, int]]:
    """The least watched (place, spell), at most a few tens of them."""
    amount = gain.amount[:, spells]
    # spells in which everybody is worth the same are one
    mark = np.random.default_rng(0).random(len(amount)) @ np.round(amount.astype(np.float64), 5)
    _, number = np.unique(np.round(mark, 7), return_index=True)
    covers = gain.covers.T.astype(np.float32)
    found: list[tuple[float, int, int]] = []
    for low in range(0, len(number), 256):
        chosen = number[low : low + 256]
        total = covers @ amount[:, chosen]
        flat = np.argpartition(total, min(_KEPT, total.size - 1), axis=None)[:_KEPT]
        for one in flat.tolist():
            place, column = divmod(one, len(chosen))
            found.append((float(total[place, column]), place, int(spells[chosen[column]])))
    found.sort()
    return [(place, spell) for _, place, spell in found[:_KEPT]]
