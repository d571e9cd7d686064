"""Distances of very many places to the line, each on its own date.

The numbers that ``side.distance_to_line_m`` gives for one date, found without looking at every edge for
every place: of each shape the edges are cut into pieces of like length and put into a tree.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from truceline.base.columns import IntArray
from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.base.intervals import microseconds
from truceline.line.history import LineHistory
from truceline.line.shapes import PIECE_DEG, cut_edges

#: marks looked at first, and where these are too few; places that need more are asked of the edges' own tree
_NEAREST = (2, 16)
_PIECES_AN_EDGE = 4
_AT_ONCE = 20_000


def line_distances_m(
    history: LineHistory,
    longitude_deg: FloatArray,
    latitude_deg: FloatArray,
    *,
    at_us: IntArray,
    frame: LocalFrame,
    kept: dict[int, Held] | None = None,
) -> FloatArray:
    """Signed distances in metres, positive inside the held area; (n,), NaN where not known.

    at_us : (n,) moments as microseconds since 1970. Each place is measured to the latest shape
    dated at or before its moment. Two threads; their number changes nothing. kept : shapes of the history
    made ready for asking, in this frame; filled here, for a caller that asks again.
    """
    longitude, latitude = np.asarray(longitude_deg, np.float64), np.asarray(latitude_deg, np.float64)
    halves = np.array_split(np.arange(len(longitude)), 2)
    with ThreadPoolExecutor(max_workers=2) as pool:
        planes = list(pool.map(lambda half: frame.to_plane(longitude[half], latitude[half]), halves))
    x_m, y_m = (np.concatenate(axis) for axis in zip(*planes, strict=True))
    return plane_distances_m(history, x_m, y_m, at_us=at_us, frame=frame, kept=kept)


def plane_distances_m(
    history: LineHistory,
    x_m: FloatArray,
    y_m: FloatArray,
    *,
    at_us: IntArray,
    frame: LocalFrame,
    kept: dict[int, Held] | None = None,
) -> FloatArray:
    """As ``line_distances_m``, of places that are in the frame's metres already; not finite: no place."""
    ready = {} if kept is None else kept
    distance = np.full(len(x_m), np.nan)
    dates = np.array([microseconds(s.map_time) for s in history.snapshots], dtype=np.int64)
    shape = np.searchsorted(dates, at_us, side="right") - 1
    # a repeat holds the very shape before it
    same = {id(s.geometry): k for k, s in reversed(list(enumerate(history.snapshots)))}
    shape = np.array([same[id(s.geometry)] for s in history.snapshots] + [-1], dtype=np.int64)[shape]
    usable = (shape >= 0) & np.isfinite(x_m) & np.isfinite(y_m)
    order = np.flatnonzero(usable)[np.argsort(shape[usable], kind="stable")]
    edges = np.flatnonzero(np.diff(shape[order], prepend=-1, append=-1))

    def measure(part: IntArray) -> None:
        number = int(shape[part[0]])
        geometry = history.snapshots[number].geometry
        if not geometry.is_empty:
            if number not in ready:
                ready[number] = Held(frame.geometry_to_plane(cut_edges(geometry, PIECE_DEG)))
            distance[part] = ready[number].signed_m(x_m[part], y_m[part])

    parts = [order[low:high] for low, high in pairwise(edges.tolist())]
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(measure, parts))
    return distance


class Held:
    """Held ground in the frame, made ready for asking."""

    def __init__(self, ground: BaseGeometry) -> None:
        shapely.prepare(ground)
        self.ground, self.edges = ground, _Edges(shapely.boundary(ground))

    def signed_m(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """(n,) distance to its boundary, positive inside."""
        inside = shapely.contains_xy(self.ground, x_m, y_m)
        distance = [
            self.edges.distance_m(x_m[k : k + _AT_ONCE], y_m[k : k + _AT_ONCE])
            for k in range(0, len(x_m), _AT_ONCE)
        ]
        return np.asarray(np.where(inside, 1.0, -1.0) * np.concatenate(distance))


class _Edges:
    """The edges of a boundary, and marks along them in a tree: every vertex, and long edges cut evenly.

    The nearest point of the boundary is a mark, or lies between two marks at most ``half_m`` from one of them
    along an edge that is square to the way there: with d the distance, that mark is within √(d² + half²).
    """

    def __init__(self, boundary: BaseGeometry) -> None:
        pairs, before = [], []
        n_edges = 0
        for part in shapely.get_parts(boundary):
            ring = shapely.get_coordinates(part)
            own = np.stack([ring[:-1], ring[1:]], axis=1)
            own = own[(own[:, 0] != own[:, 1]).any(axis=1)]
            pairs.append(own)
            before.append(n_edges + np.roll(np.arange(len(own)), 1))  # a ring's first edge follows its last
            n_edges += len(own)
        self.pairs: FloatArray = np.concatenate(pairs)
        self.a, self.b = self.pairs[:, 0], self.pairs[:, 1]
        length = np.hypot(*(self.b - self.a).T)
        step = max(float(np.median(length)), float(length.sum()) / (_PIECES_AN_EDGE * len(length)))
        n = np.maximum(np.ceil(length / step), 1).astype(np.int64)
        self.edge = np.repeat(np.arange(len(length)), n)
        k = np.arange(len(self.edge)) - np.repeat(np.cumsum(n) - n, n)
        self.other = np.where(k == 0, np.concatenate(before)[self.edge], self.edge)
        marks = self.a[self.edge] + (self.b - self.a)[self.edge] * (k / n[self.edge])[:, None]
        self.half_m = float((length / n).max()) / 2 * (1 + 1e-9)
        self.marks = cKDTree(marks)

    def distance_m(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """(n,) distance to the nearest edge."""
        best = np.full(len(x_m), np.inf)
        open_ = np.arange(len(x_m))
        for k in _NEAREST:
            open_ = self._ask(x_m, y_m, best, open_, k=min(k, len(self.edge)))
        if len(open_):
            lines, places = shapely.linestrings(self.pairs), shapely.points(x_m[open_], y_m[open_])
            nearest = shapely.STRtree(lines).query_nearest(places, all_matches=False)[1]
            best[open_] = np.minimum(best[open_], shapely.distance(lines[nearest], places))
        return best

    def _ask(
        self, x_m: FloatArray, y_m: FloatArray, best: FloatArray, rows: npt.NDArray[Any], *, k: int
    ) -> npt.NDArray[Any]:
        """Look at the ``k`` nearest marks of some places; which of them may lie nearer to a further one."""
        if not len(rows):
            return rows
        away, mark = self.marks.query(np.column_stack([x_m[rows], y_m[rows]]), k=k)
        away, mark = np.reshape(away, (len(rows), k)), np.reshape(mark, (len(rows), k))
        some = np.arange(len(rows))
        for turn in range(k):
            if turn:
                some = some[away[some, turn] <= self._reach(best[rows[some]])]
                if not len(some):
                    break
            at = rows[some]
            for edge in (self.edge[mark[some, turn]], self.other[mark[some, turn]]):
                best[at] = np.minimum(best[at], self._to_edge(x_m[at], y_m[at], edge))
        if k == len(self.edge):
            return rows[:0]
        return rows[away[:, -1] <= self._reach(best[rows])]

    def _reach(self, best: FloatArray) -> FloatArray:
        """How far a mark beside a nearer point could be, with room for rounding."""
        return np.asarray(np.sqrt(best * best + self.half_m * self.half_m) * (1 + 1e-12) + 1e-9)

    def _to_edge(self, x_m: FloatArray, y_m: FloatArray, edge: npt.NDArray[Any]) -> FloatArray:
        """(n,) distance of each place to one edge, in the steps of the geometry library."""
        ax, ay = self.a[edge].T
        bx, by = self.b[edge].T
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        along = ((x_m - ax) * dx + (y_m - ay) * dy) / square
        across = np.abs(((ay - y_m) * dx - (ax - x_m) * dy) / square) * np.sqrt(square)
        to_a = np.sqrt((x_m - ax) * (x_m - ax) + (y_m - ay) * (y_m - ay))
        to_b = np.sqrt((x_m - bx) * (x_m - bx) + (y_m - by) * (y_m - by))
        return np.asarray(np.where(along <= 0, to_a, np.where(along >= 1, to_b, across)))
