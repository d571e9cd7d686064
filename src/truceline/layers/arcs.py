"""Many shapes that differ little, told once: their boundaries cut into shared arcs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

Vertex = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedArcs:
    """Arcs and, per shape, its rings as runs of arcs.

    ``arcs``: each x, y, dx, dy, dx, dy … in whole units. ``rings``: per shape a list of rings, a
    ring a list of arc numbers in turn; ``~n`` (that is, −1 − n) is arc n walked backwards.
    """

    arcs: tuple[tuple[int, ...], ...]
    rings: tuple[tuple[tuple[int, ...], ...], ...]


def share_arcs(shapes: Sequence[BaseGeometry], *, tolerance: float) -> SharedArcs:
    """Cut the boundaries of polygons (in units, to be rounded) into arcs that they share.

    1. Round vertices to whole units, drop repeats.
    2. A vertex is a junction where its neighbours differ between any two rings that pass it.
    3. Cut every ring at its junctions; an arc met again, in either direction, is the same arc.
    4. Simplify each arc between its ends (Douglas–Peucker, ``tolerance`` units): what is shared
       stays shared, so an unchanged stretch is drawn alike on every date.
    """
    rings_by_shape = [[_vertices(ring) for ring in _rings(shape)] for shape in shapes]  # (1)
    rings_by_shape = [[ring for ring in rings if len(ring) >= 3] for rings in rings_by_shape]
    neighbours: dict[Vertex, frozenset[Vertex]] = {}
    junctions: set[Vertex] = set()
    for ring in (ring for rings in rings_by_shape for ring in rings):  # (2)
        for before, vertex, after in zip(ring[-1:] + ring[:-1], ring, ring[1:] + ring[:1], strict=True):
            pair = frozenset((before, after))
            if neighbours.setdefault(vertex, pair) != pair:
                junctions.add(vertex)
    numbers: dict[tuple[Vertex, ...], int] = {}
    rings_out = [
        tuple(tuple(_number(arc, numbers) for arc in _cut(ring, junctions)) for ring in rings)  # (3)
        for rings in rings_by_shape
    ]
    return SharedArcs(
        arcs=tuple(_encode(arc, tolerance=tolerance) for arc in numbers),  # (4)
        rings=tuple(rings_out),
    )


def _rings(shape: BaseGeometry) -> list[BaseGeometry]:
    return list(shapely.get_rings(shapely.get_parts(shape)))


def _vertices(ring: BaseGeometry) -> list[Vertex]:
    points: npt.NDArray[np.int64] = np.round(shapely.get_coordinates(ring)).astype(np.int64)
    keep = np.append(True, np.any(np.diff(points, axis=0) != 0, axis=1))
    vertices = [(int(x), int(y)) for x, y in points[keep]]
    return vertices[:-1] if len(vertices) > 1 and vertices[0] == vertices[-1] else vertices


def _cut(ring: list[Vertex], junctions: set[Vertex]) -> list[tuple[Vertex, ...]]:
    at = [index for index, vertex in enumerate(ring) if vertex in junctions]
    if not at:  # a ring that nothing else touches: begin where any direction and start would
        first = ring.index(min(ring))
        turned = ring[first:] + ring[:first]
        return [(*turned, turned[0])]
    turned = ring[at[0] :] + ring[: at[0] + 1]
    ends = [index - at[0] for index in at] + [len(ring)]
    return [tuple(turned[start : stop + 1]) for start, stop in pairwise(ends)]


def _number(arc: tuple[Vertex, ...], numbers: dict[tuple[Vertex, ...], int]) -> int:
    backwards = arc[::-1]
    if arc in numbers:
        return numbers[arc]
    if backwards in numbers:
        return ~numbers[backwards]
    return numbers.setdefault(arc, len(numbers))


def _encode(arc: tuple[Vertex, ...], *, tolerance: float) -> tuple[int, ...]:
    line = shapely.simplify(shapely.linestrings(arc), tolerance, preserve_topology=False)
    points = np.round(shapely.get_coordinates(line)).astype(np.int64)
    if len(points) < 2:
        points = np.array([arc[0], arc[-1]])
    return (*points[0].tolist(), *np.diff(points, axis=0).ravel().tolist())
