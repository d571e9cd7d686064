"""Incidents as a map can show them: one by one, or by cells where they are too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.columns import IntArray, floats, known, micros, number_values
from truceline.base.geodesy import FloatArray
from truceline.base.intervals import Interval, microseconds
from truceline.layers.picture import MapInput
from truceline.schema.table import Record, Table

#: drawn one by one up to so many: a page of them stays below 5 MB, and dots can be told apart
MOST_MARKS = 8_000
#: cells times dates
MOST_CELLS = 6_000
_SMALLEST_CELL_M = 2_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Incidents counted in square cells of the plane, (n,): middle, interval and number of each."""

    side_m: float
    longitude_deg: FloatArray
    latitude_deg: FloatArray
    interval: IntArray  #: place among the intervals asked for
    count: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What of the incidents is shown over some intervals."""

    rows: list[Record]  #: in the order of their time; empty where there are too many
    cells: Cells | None
    count: int
    unplaced: int  #: of all incidents, those without a point


def shown_incidents(data: MapInput, intervals: Sequence[Interval]) -> Shown:
    """Incidents that may lie in one of the intervals, which follow one another."""
    table = data.incidents
    placed = known(table["longitude_deg"]) & known(table["latitude_deg"])
    start, stop = micros(table["occurred_from"]), micros(table["occurred_until"])
    first, last = _us(intervals[0])[0], _us(intervals[-1])[1]
    inside = placed & (start < last) & (stop > first)
    count, unplaced = int(inside.sum()), int((~placed).sum())
    if count > MOST_MARKS:
        some = table.select(["longitude_deg", "latitude_deg", "occurred_from", "occurred_until"])
        cells = _count(data, some.filter(pa.array(inside)), intervals)
        return Shown(rows=[], cells=cells, count=count, unplaced=unplaced)
    order = [(name, "ascending") for name in ("occurred_from", "occurred_until", "incident_id")]
    chosen = table.filter(pa.array(inside))
    rows: list[Record] = chosen.take(pc.sort_indices(chosen, sort_keys=order)).to_pylist()
    return Shown(rows=rows, cells=None, count=count, unplaced=unplaced)


def _us(interval: Interval) -> tuple[int, int]:
    return microseconds(interval.start), microseconds(interval.stop)


def _count(data: MapInput, table: Table, intervals: Sequence[Interval]) -> Cells:
    """Cells of the least size of which there are few enough."""
    x_m, y_m = data.frame.to_plane(floats(table["longitude_deg"]), floats(table["latitude_deg"]))
    edges = np.array([_us(one) for one in intervals], dtype=np.int64)
    first = np.searchsorted(edges[:, 1], micros(table["occurred_from"]), side="right")
    last = np.searchsorted(edges[:, 0], micros(table["occurred_until"]), side="left") - 1
    # one that may lie in several intervals is counted in each
    times = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(times)), times)
    interval = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    side_m = _SMALLEST_CELL_M
    while True:
        column, line = np.floor(x_m / side_m).astype(np.int64), np.floor(y_m / side_m).astype(np.int64)
        wide, high = int(np.ptp(column)) + 1, int(np.ptp(line)) + 1
        cell = (column - column.min()) * high + line - line.min()
        key, number = number_values(interval * (wide * high) + cell[row])
        count = np.bincount(number, minlength=len(key))
        if len(key) <= MOST_CELLS or wide * high == 1:
            break
        side_m *= 1.5
    place = key % (wide * high)
    longitude, latitude = data.frame.to_globe(
        (place // high + column.min() + 0.5) * side_m, (place % high + line.min() + 0.5) * side_m
    )
    return Cells(
        side_m=side_m,
        longitude_deg=longitude,
        latitude_deg=latitude,
        interval=key // (wide * high),
        count=count.astype(np.int64),
    )
