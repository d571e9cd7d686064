"""Which nodes may be one incident."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: nodes are searched by how long their interval is, seconds, so that a date-only report does not
#: widen the search of shots timed to seconds
LENGTH_CLASSES_S = (120.0, 2 * 3600.0, 9 * 3600.0, 36 * 3600.0)
#: candidates looked at at once: bounds memory, and keeps the arrays in the processor's cache
CHUNK = 1 << 16
#: cells along the short axis are made where places spread over more than so many
NARROW_CELLS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Limits within which two nodes may be one incident."""

    distance_sd: float = 4.0  #: distance over its combined standard deviation
    distance_m: float = 20_000.0  #: and no farther than this
    gap_s: float = 60.0  #: between intervals of two well-timed records
    well_timed_s: float = 3600.0  #: longer intervals must truly overlap


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What gating needs of each unit: (n,) arrays."""

    x_m: FloatArray
    y_m: FloatArray
    sd_m: FloatArray
    start_s: FloatArray
    stop_s: FloatArray
    acts: IntArray
    exclusive: IntArray  #: code of sensor and look, of which an event has one detection; −1: none

    def take(self, rows: IntArray) -> Points:
        """The same of some units."""
        return Points(**{name: getattr(self, name)[rows] for name in Points.__slots__})


def gated_pairs(points: Points, gate: Gate) -> tuple[IntArray, IntArray]:
    """All pairs i < j that may be one incident, in their order.

    A pair of one sensor and look is never one incident: an event is detected at most once by it.

    (1) Units are sorted by class of length, cell along the axis on which they spread most, and middle
    time; (2) for each two classes, those of the smaller look up the stretches of the larger that may be
    near, three cells each, by bisection; (3) what is in them is tried, some at a time.
    """
    n = len(points.x_m)
    found = [
        np.minimum(i, j) * n + np.maximum(i, j)
        for first, second, low, high in _stretches(points, gate)
        for i, j in _tried(gate, first, second, low, high)
    ]
    key = np.sort(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
    i = key // max(n, 1)
    return i, key - i * n


@dataclass(frozen=True, slots=True, kw_only=True)
class _Class:
    """Units of like length in the order of cell and middle time: rows, cells, and one key of both."""

    rows: IntArray
    along: IntArray
    across: IntArray
    middle_s: FloatArray
    key: FloatArray
    longest_s: float
    units: Points


def _stretches(points: Points, gate: Gate) -> Iterator[tuple[_Class, _Class, IntArray, IntArray]]:
    """Classes, and for each unit of the first, [low, high) among those of the second to be tried."""
    known = np.flatnonzero(np.isfinite(points.x_m))
    if len(known) < 2:
        return
    length_s = points.stop_s[known] - points.start_s[known]
    middle_s = (points.start_s[known] + points.stop_s[known]) / 2
    cell_m = min(gate.distance_m, gate.distance_sd * np.sqrt(2.0) * float(points.sd_m[known].max())) + 1.0
    along, across = _cells(points.x_m[known], points.y_m[known], cell_m)
    width = int(across.max()) + 3
    middle_s -= middle_s.min()
    # room between cells, so that a search never runs into the next
    span_s = float(middle_s.max()) + 2 * (float(length_s.max()) + gate.gap_s) + 2.0
    kind = np.searchsorted(np.array(LENGTH_CLASSES_S), length_s)
    classes = []
    for k in range(len(LENGTH_CLASSES_S) + 1):
        of = np.flatnonzero(kind == k)
        key = (along[of] * width + across[of]) * span_s + middle_s[of]
        order = np.argsort(key, kind="stable")
        of = of[order]
        longest_s = float(length_s[of].max()) if len(of) else 0.0
        classes.append(
            _Class(rows=known[of], along=along[of], across=across[of], middle_s=middle_s[of], key=key[order],
                   longest_s=longest_s, units=points.take(known[of]))
        )  # fmt: skip
    for a, first in enumerate(classes):
        for second in classes[a:]:
            few, many = (first, second) if len(first.rows) <= len(second.rows) else (second, first)
            if not len(few.rows):
                continue
            reach_s = (few.longest_s + many.longest_s) / 2 + gate.gap_s + 1.0
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1) if width > 3 else (0,):
                    if few is many and (dx, dy) < (0, 0):
                        continue  # a pair within one class is found from one of its ends
                    key = ((few.along + dx) * width + few.across + dy) * span_s + few.middle_s
                    high = np.searchsorted(many.key, key + reach_s, side="right")
                    if few is many and dx == dy == 0:
                        low = np.arange(1, len(key) + 1)
                    else:
                        low = np.searchsorted(many.key, key - reach_s, side="left")
                    yield few, many, low, high


def _cells(x_m: FloatArray, y_m: FloatArray, cell_m: float) -> tuple[IntArray, IntArray]:
    """Cells along the axis on which places spread most, and across it where they are many; from 1."""
    x_m, y_m = x_m - x_m.mean(), y_m - y_m.mean()
    turn = 0.5 * np.arctan2(2 * float(np.mean(x_m * y_m)), float(np.mean(x_m**2) - np.mean(y_m**2)))
    along_m = x_m * np.cos(turn) + y_m * np.sin(turn)
    across_m = y_m * np.cos(turn) - x_m * np.sin(turn)
    along = np.floor((along_m - along_m.min()) / cell_m).astype(np.int64) + 1
    if float(np.std(across_m)) * 4 < NARROW_CELLS * cell_m:
        return along, np.zeros(len(along), dtype=np.int64)
    return along, np.floor((across_m - across_m.min()) / cell_m).astype(np.int64) + 1


def _tried(
    gate: Gate, first: _Class, second: _Class, low: IntArray, high: IntArray
) -> Iterator[tuple[IntArray, IntArray]]:
    """Rows of the pairs that pass, some candidates at a time."""
    count = np.maximum(high - low, 0)
    end = np.cumsum(count)
    total = int(end[-1])
    begin = 0
    while begin < len(count):
        done = int(end[begin - 1]) if begin else 0
        if done == total:
            return
        stop = max(int(np.searchsorted(end, done + CHUNK, side="right")), begin + 1)
        size = count[begin:stop]
        i = np.repeat(np.arange(begin, stop), size)
        shift = low[begin:stop] - (end[begin:stop] - size - done)
        j = np.repeat(shift, size) + np.arange(len(i))
        kept = _pass(first.units, second.units, gate, i, j)
        yield first.rows[i[kept]], second.rows[j[kept]]
        begin = stop


def _pass(a: Points, b: Points, gate: Gate, i: IntArray, j: IntArray) -> IntArray:
    """Which candidates may be one incident."""
    square = (a.x_m[i] - b.x_m[j]) ** 2 + (a.y_m[i] - b.y_m[j]) ** 2
    kept = np.flatnonzero(square <= gate.distance_m**2)
    i, j, square = i[kept], j[kept], square[kept]
    variance = a.sd_m[i] ** 2 + b.sd_m[j] ** 2
    near = square <= gate.distance_sd**2 * variance
    kept, i, j = kept[near], i[near], j[near]
    start_i, stop_i, start_j, stop_j = a.start_s[i], a.stop_s[i], b.start_s[j], b.stop_s[j]
    overlap_s = np.minimum(stop_i, stop_j) - np.maximum(start_i, start_j)
    longest_s = np.maximum(stop_i - start_i, stop_j - start_j)
    good = overlap_s >= np.where(longest_s <= gate.well_timed_s, -gate.gap_s, 1e-9)
    kept, i, j = kept[good], i[good], j[good]
    acts_i, acts_j = a.acts[i], b.acts[j]
    exclusive = a.exclusive[i]
    alike = (acts_i & acts_j != 0) | (acts_i == 0) | (acts_j == 0)
    return np.asarray(kept[alike & ~((exclusive >= 0) & (exclusive == b.exclusive[j]))])
