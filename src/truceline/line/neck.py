"""How narrow the way out is: the widest way from one place to another between ground that may not be crossed.

The width of a way is twice its least distance from such ground; the neck is the width of the widest way.
It is found exactly on the medial axis: no way is wider than one along it (Ó'Dúnlaing and Yap 1985, "A
retraction method for planning the motion of a disc"). The axis is taken from the Voronoi cells of marks
that stand along the ground's edge at ``spacing_m``; a width errs by at most spacing²/(4 · width), and what
is narrower than the spacing counts as closed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Voronoi, cKDTree
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import FloatArray

#: distance of the marks along the edge, metres: far below any map's error
SPACING_M = 100.0

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neck:
    """The narrowest place of the widest way; width 0 and no flanks where there is no way."""

    width_m: float
    flanks: tuple[tuple[float, float], tuple[float, float]] | None = None  #: the two edges that face, x, y

    @property
    def chord(self) -> BaseGeometry | None:
        """From flank to flank, in the plane's metres."""
        return None if self.flanks is None else shapely.LineString(self.flanks)


def find_neck(
    barred: BaseGeometry,
    start: tuple[float, float],
    goal: tuple[float, float],
    *,
    spacing_m: float = SPACING_M,
) -> Neck:
    """The neck between two places of a plane.

    barred : polygons that no way may cross, plane metres; start, goal : x, y, plane metres.
    Where a place stands nearer to barred ground than half of every way's width, its own room is the neck.
    """
    if barred.is_empty:
        return Neck(width_m=float("inf"))
    shapely.prepare(barred)
    if shapely.intersects_xy(barred, [start[0], goal[0]], [start[1], goal[1]]).any():
        return Neck(width_m=0.0)
    marks = _marks(barred, spacing_m=spacing_m)
    frame = _far_marks(np.vstack([marks, [start, goal]]))
    axis = Voronoi(np.vstack([marks, frame]))
    room_m, edges, widths, sides = _passages(axis, barred, spacing_m=spacing_m)
    if not len(edges):
        return Neck(width_m=0.0)
    tree = cKDTree(marks)
    ends = [_corner_of(axis.vertices, room_m, place, tree) for place in (start, goal)]
    found = _widest(len(room_m), edges, widths, ends[0][0], ends[1][0])
    if found is None:
        return Neck(width_m=0.0)
    k, width = found
    if k < 0 or min(ends[0][1], ends[1][1]) < width:
        room = min(ends, key=lambda end: end[1])
        width = min(width, room[1])
        if k < 0:
            return Neck(width_m=float(width))
    one, two = (tuple(float(v) for v in axis.points[side]) for side in sides[k])
    return Neck(width_m=float(width), flanks=((one[0], one[1]), (two[0], two[1])))


def _marks(ground: BaseGeometry, *, spacing_m: float) -> FloatArray:
    """Marks along every edge, (n, 2), no two neighbours further apart than ``spacing_m``."""
    edge = shapely.segmentize(shapely.boundary(ground), spacing_m)
    return np.asarray(np.unique(shapely.get_coordinates(edge), axis=0), dtype=np.float64)


def _far_marks(places: FloatArray) -> FloatArray:
    """Four marks so far out that no cell between real ones is without end."""
    middle = places.mean(axis=0)
    reach = 20 * float(np.abs(places - middle).max() + 1.0)
    return np.asarray([middle + reach * np.array(way) for way in ((1, 0), (-1, 0), (0, 1), (0, -1))])


def _passages(
    axis: Voronoi, barred: BaseGeometry, *, spacing_m: float
) -> tuple[FloatArray, IntArray, FloatArray, IntArray]:
    """Pieces of the medial axis outside barred ground: edges (e, 2), their widths (e,) and sides (e, 2).

    Before them the room at each corner of the axis, (m,), −1 at corners of no piece. The distance to the two marks of a piece is least where the piece crosses the line between them, else at
    one of its ends.
    """
    pairs = np.asarray(axis.ridge_points, dtype=np.int64)
    ends = np.asarray(
        [ridge if len(ridge) == 2 else (-1, -1) for ridge in axis.ridge_vertices], dtype=np.int64
    )
    corners = np.asarray(axis.vertices, dtype=np.float64)
    free = ~np.asarray(shapely.contains_xy(barred, corners[:, 0], corners[:, 1]))
    keep = np.asarray((ends >= 0).all(axis=1))
    keep[keep] = free[ends[keep]].all(axis=1)
    pairs, ends = pairs[keep], ends[keep]
    one, two = axis.points[pairs[:, 0]], axis.points[pairs[:, 1]]
    from_, to = corners[ends[:, 0]], corners[ends[:, 1]]
    along = to - from_
    middle = (one + two) / 2
    size = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((middle - from_) * along).sum(axis=1) / size, 0.0, 1.0)
    nearest = from_ + share[:, None] * along
    widths = 2 * np.hypot(*(nearest - one).T)
    wide = widths > spacing_m * (1 + 1e-9)  # narrower pieces slip between two marks of one edge
    room_m = np.full(len(corners), -1.0)
    room_m[ends[wide, 0]] = np.hypot(*(from_ - one)[wide].T)
    room_m[ends[wide, 1]] = np.hypot(*(to - one)[wide].T)
    return room_m, ends[wide], np.asarray(widths[wide]), pairs[wide]


def _corner_of(
    corners: FloatArray, room_m: FloatArray, place: tuple[float, float], marks: cKDTree
) -> tuple[int, float]:
    """The corner from which the place is reached without coming nearer to an edge; twice the place's own room.

    Of the corners whose circle holds the place the widest is taken; straight away from the nearest mark
    leads to one of them. Where none does, the nearest corner of the axis.
    """
    away_m = np.hypot(*(corners - np.asarray(place)).T)
    holds = away_m <= room_m
    if holds.any():
        k = int(np.argmax(np.where(holds, room_m, -1.0)))
    else:
        k = int(np.argmin(np.where(room_m > 0, away_m, np.inf)))
    return k, 2 * float(marks.query(np.asarray(place))[0])


def _widest(n: int, edges: IntArray, widths: FloatArray, start: int, goal: int) -> tuple[int, float] | None:
    """The piece that is the neck, and its width; piece −1 where both places are one; None without a way.

    Pieces are joined from the widest on until the two places hang together (Kruskal 1956): the last one
    joined is the narrowest of the widest way.
    """
    if start == goal:
        return -1, float("inf")
    parent = list(range(n))

    def root(k: int) -> int:
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    order = np.lexsort((edges[:, 1], edges[:, 0], -widths))
    for k in order.tolist():
        one, two = root(int(edges[k, 0])), root(int(edges[k, 1]))
        if one != two:
            parent[one] = two
            if root(start) == root(goal):
                return k, float(widths[k])
    return None
