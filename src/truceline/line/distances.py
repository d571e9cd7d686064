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

#: pieces looked at first, and where these are too few; places that need more are asked of the edges' own tree
_NEAREST = (5, 16)
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
    ready = {} if kept is None else kept
    distance = np.full(len(longitude_deg), np.nan)
    dates = np.array([microseconds(s.map_time) for s in history.snapshots], dtype=np.int64)
    shape = np.searchsorted(dates, at_us, side="right") - 1
    # a repeat holds the very shape before it
    same = {id(s.geometry): k for k, s in reversed(list(enumerate(history.snapshots)))}
    shape = np.array([same[id(s.geometry)] for s in history.snapshots] + [-1], dtype=np.int64)[shape]
    usable = (shape >= 0) & np.isfinite(longitude_deg) & np.isfinite(latitude_deg)
    order = np.flatnonzero(usable)[np.argsort(shape[usable], kind="stable")]
    edges = np.flatnonzero(np.diff(shape[order], prepend=-1, append=-1))

    def measure(part: IntArray) -> None:
        number = int(shape[part[0]])
        geometry = history.snapshots[number].geometry
        if not geometry.is_empty:
            x_m, y_m = frame.to_plane(longitude_deg[part], latitude_deg[part])
            if number not in ready:
                ready[number] = Held(frame.geometry_to_plane(cut_edges(geometry, PIECE_DEG)))
            distance[part] = ready[number].signed_m(x_m, y_m)

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
    """The edges of a boundary, and their pieces in a tree by their middles."""

    def __init__(self, boundary: BaseGeometry) -> None:
        rings = [shapely.get_coordinates(part) for part in shapely.get_parts(boundary)]
        pairs = np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings])
        self.pairs: FloatArray = pairs[(pairs[:, 0] != pairs[:, 1]).any(axis=1)]
        self.a, self.b = self.pairs[:, 0], self.pairs[:, 1]
        length = np.hypot(*(self.b - self.a).T)
        step = max(float(np.median(length)), float(length.sum()) / (_PIECES_AN_EDGE * len(length)))
        n = np.maximum(np.ceil(length / step), 1).astype(np.int64)
        self.edge = np.repeat(np.arange(len(length)), n)
        k = np.arange(len(self.edge)) - np.repeat(np.cumsum(n) - n, n)
        middle = self.a[self.edge] + (self.b - self.a)[self.edge] * ((k + 0.5) / n[self.edge])[:, None]
        self.half_m = float((length / n).max()) / 2 * (1 + 1e-9)
        self.pieces = cKDTree(middle)

    def distance_m(self, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
        """(n,) distance to the nearest edge."""
        best, rest = np.full(len(x_m), np.inf), np.arange(len(x_m))
        for most in _NEAREST:
            k = min(most, len(self.edge))
            if not len(rest):
                return best
            x, y = x_m[rest], y_m[rest]
            away, piece = self.pieces.query(np.column_stack([x, y]), k=k)
            away, piece = np.reshape(away, (len(x), k)), np.reshape(piece, (len(x), k))
            near = best[rest]
            for turn in range(k):
                # no point of a piece is nearer than its middle less half its length
                open_ = np.flatnonzero(away[:, turn] - self.half_m < near)
                if not len(open_):
                    break
                own = self._to_edge(x[open_], y[open_], self.edge[piece[open_, turn]])
                near[open_] = np.minimum(near[open_], own)
            best[rest] = near
            if k == len(self.edge):
                return best
            rest = rest[away[:, -1] - self.half_m < near]
        if len(rest):
            lines, places = shapely.linestrings(self.pairs), shapely.points(x_m[rest], y_m[rest])
            nearest = shapely.STRtree(lines).query_nearest(places, all_matches=False)[1]
            best[rest] = np.minimum(best[rest], shapely.distance(lines[nearest], places))
        return best

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
