"""Millions of places to the side of the line on their dates, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from truceline.base.geodesy import FloatArray
from truceline.line.cell_grid import FINE, FIRST, ROW, IntArray
from truceline.line.cells import BORDER, INSIDE, ON_LINE, OUTSIDE, UNKNOWN, LineCells, build_cells
from truceline.line.orientation import orientation_signs

__all__ = ["INSIDE", "ON_LINE", "OUTSIDE", "SIDE_NAMES", "UNKNOWN", "LineCells", "build_cells", "join_sides"]

#: names of the codes, in their order
SIDE_NAMES = ("outside", "inside", "on_line", "unknown")

CodeArray = npt.NDArray[np.int8]

#: places handled at a time: three arrays of these stay in a core's second-level cache
_CHUNK = 1 << 17
#: adding this rounds a float to a whole number, which then stands in its low bits
_ROUNDER = 1.5 * 2.0**52
_ROUNDER_BITS = int(np.array(_ROUNDER).view(np.int64))


def join_sides(
    cells: LineCells, longitude_deg: Any, latitude_deg: Any, date: Any, *, threads: int = 2
) -> CodeArray:
    """On which side of the line each place lay on its date.

    longitude_deg, latitude_deg : (n,) WGS 84; date : (n,) whole numbers, places in the sequence given to
    ``build_cells``, or one number for all. Result (n,) int8: ``OUTSIDE`` 0, ``INSIDE`` 1, ``ON_LINE`` 2
    for a place exactly on the boundary as drawn (edges straight in degrees), ``UNKNOWN`` 3 where the
    place is no number or the date shows no map. All answers are exact for the numbers as stored; the
    number of threads changes none.

    Raises
    ------
    ValueError
        If the arrays differ in length or ``date`` holds no whole numbers.
    """
    longitude = np.ascontiguousarray(longitude_deg, dtype=np.float64)
    latitude = np.ascontiguousarray(latitude_deg, dtype=np.float64)
    dates = np.asarray(date)
    if dates.dtype.kind not in "iu":
        raise ValueError(f"date is {dates.dtype}; expected whole numbers, places in the sequence of shapes")
    if longitude.ndim != 1 or longitude.shape != latitude.shape or dates.shape not in ((), longitude.shape):
        raise ValueError(
            f"longitude {longitude.shape}, latitude {latitude.shape}, date {dates.shape}; expected one length"
        )
    sides = np.empty(len(longitude), dtype=np.int8)
    starts = range(0, len(longitude), _CHUNK)

    def work(share: Iterator[int]) -> None:
        chunk = _Chunk(cells)
        for start in share:
            part = slice(start, start + _CHUNK)
            chunk.decide(longitude[part], latitude[part], dates[part] if dates.ndim else dates, sides[part])

    with np.errstate(invalid="ignore", over="ignore"):
        if threads > 1 and len(starts) > 1:
            with ThreadPoolExecutor(max_workers=threads) as pool:
                list(pool.map(work, [iter(starts[k::threads]) for k in range(threads)]))
        else:
            work(iter(starts))
    return sides


class _Chunk:
    """One thread's working arrays."""

    def __init__(self, cells: LineCells) -> None:
        self.cells = cells
        self.x, self.y = np.empty(_CHUNK), np.empty(_CHUNK)
        self.code = np.empty(_CHUNK, dtype=cells.coarse.dtype)
        grid = cells.grid
        self.west, self.east = _ROUNDER + grid.column, _ROUNDER + grid.column + grid.columns - 1
        self.south, self.north = _ROUNDER + grid.row, _ROUNDER + grid.row + grid.rows - 1
        first = (_ROUNDER_BITS + grid.row) * grid.columns + _ROUNDER_BITS + grid.column
        self.first = np.array(first % 2**64, dtype=np.uint64).view(np.int64)
        self.steady = bool((cells.shape_of_date >= 0).all())

    def decide(
        self, longitude: FloatArray, latitude: FloatArray, dates: npt.NDArray[Any], sides: CodeArray
    ) -> None:
        """Write the sides of one chunk."""
        size, grid = len(longitude), self.cells.grid
        x, y, code = self.x[:size], self.y[:size], self.code[:size]
        np.multiply(longitude, grid.columns_per_degree, out=x)
        np.multiply(latitude, grid.rows_per_degree, out=y)
        for value, low, high in ((x, self.west, self.east), (y, self.south, self.north)):
            value += _ROUNDER
            np.fmin(value, high, out=value)  # what is no number goes to the border
            np.maximum(value, low, out=value)
        column, cell = x.view(np.int64), y.view(np.int64)
        cell *= grid.columns  # wraps round, as does self.first
        cell += column
        cell -= self.first
        np.take(self.cells.coarse, cell, out=code, mode="clip")
        np.minimum(code, BORDER, out=sides, casting="unsafe")
        rows = np.flatnonzero(sides == BORDER)
        if len(rows):
            sides[rows] = self._look_closer(
                longitude[rows], latitude[rows], dates[rows] if dates.ndim else dates, code[rows], cell[rows]
            )
        self._mark_unknown(dates, sides)

    def _mark_unknown(self, dates: npt.NDArray[Any], sides: CodeArray) -> None:
        shape_of_date = self.cells.shape_of_date
        if not dates.size:
            return
        fits = dates.min() >= 0 and dates.max() < len(shape_of_date)
        if fits and self.steady:
            return
        known = (dates >= 0) & (dates < len(shape_of_date))
        if len(shape_of_date):
            known &= shape_of_date[np.where(known, dates, 0)] >= 0
        sides[~known if dates.ndim else slice(0, 0 if known else None)] = UNKNOWN

    def _look_closer(
        self,
        longitude: FloatArray,
        latitude: FloatArray,
        dates: npt.NDArray[Any],
        code: npt.NDArray[np.int32],
        cell: IntArray,
    ) -> CodeArray:
        """Sides of places in coarse cells that do not tell."""
        cells, grid = self.cells, self.cells.grid
        sides = np.zeros(len(longitude), dtype=np.int8)
        border = code == BORDER
        if border.any():
            finite = np.isfinite(longitude) & np.isfinite(latitude)
            sides[border & ~finite] = UNKNOWN
            inner = np.flatnonzero(~border)
            longitude, latitude, code, cell = longitude[inner], latitude[inner], code[inner], cell[inner]
            dates = dates[inner] if dates.ndim else dates
        row, column = cell >> grid.shift, cell & (grid.columns - 1)
        fine_x = ((longitude * grid.columns_per_degree - (column + grid.column)) + 0.5) * FINE
        fine_y = ((latitude * grid.rows_per_degree - (row + grid.row)) + 0.5) * FINE
        # rounding may put a place on a cell's edge into its neighbour: both know the edges near it
        place = np.clip(fine_y, 0, FINE - 1).astype(np.int64) * FINE
        place += np.clip(fine_x, 0, FINE - 1).astype(np.int64)
        place += (code.astype(np.int64) - FIRST) * FINE**2
        found = self._by_fine_cell(longitude, latitude, dates, np.take(cells.fine, place), row)
        if border.any():
            sides[inner] = found
            return sides
        return found

    def _by_fine_cell(
        self,
        longitude: FloatArray,
        latitude: FloatArray,
        dates: npt.NDArray[Any],
        code: npt.NDArray[np.int32],
        row: IntArray,
    ) -> CodeArray:
        cells = self.cells
        n_edges, n_pairs = len(cells.ax), len(cells.pair_first)
        first_varying = FIRST + n_edges + n_pairs
        varies = np.flatnonzero(code >= first_varying)
        if len(varies):
            shape = self._shapes(dates, varies)
            code[varies] = cells.varying[
                (code[varies] - first_varying).astype(np.int64) * cells.n_shapes + shape
            ]
        sides = np.minimum(code, ROW).astype(np.int8)
        open_rows = np.flatnonzero(code >= FIRST)
        if len(open_rows):
            sides[open_rows] = self._by_edges(
                longitude[open_rows], latitude[open_rows], code[open_rows] - FIRST
            )
            sides[np.flatnonzero(code == ROW)] = ROW
        unsure = np.flatnonzero(sides == ROW)
        if len(unsure):
            sides[unsure] = _by_row(
                cells, longitude[unsure], latitude[unsure], self._shapes(dates, unsure), row[unsure]
            )
        return sides

    def _shapes(self, dates: npt.NDArray[Any], rows: IntArray) -> IntArray:
        """Distinct shapes of the dates of some rows; 0 where unknown, which is marked later."""
        shape_of_date = self.cells.shape_of_date
        chosen = np.broadcast_to(dates, (rows.max() + 1,))[rows] if not dates.ndim else dates[rows]
        shape: IntArray = np.maximum(np.take(shape_of_date, chosen, mode="clip"), 0).astype(np.int64)
        return shape

    def _by_edges(
        self, longitude: FloatArray, latitude: FloatArray, code: npt.NDArray[np.int32]
    ) -> CodeArray:
        """Sides by the one edge or the two joined edges of the cell; ``ROW`` where too near to tell."""
        cells = self.cells
        n_edges = len(cells.ax)
        pair = code >= n_edges
        rows = np.flatnonzero(pair)
        number = code[rows] - n_edges
        first = code.astype(np.int64)
        first[rows] = cells.pair_first[number]
        height, tolerance = _heights(cells, first, longitude, latitude)
        if len(rows):
            other, other_tolerance = _heights(
                cells, cells.pair_second[number], longitude[rows], latitude[rows]
            )
            own, convex = height[rows], cells.pair_convex[number]
            height[rows] = np.where(convex, np.minimum(own, other), np.maximum(own, other))
            tolerance[rows] = np.maximum(tolerance[rows], other_tolerance)
        sides = (height > 0).astype(np.int8)
        sides[np.abs(height) <= tolerance] = ROW
        return sides


def _heights(
    cells: LineCells, edge: IntArray, longitude: FloatArray, latitude: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Twice the area of the triangle of edge and place, positive on the held side; its error bound."""
    ax, ay = cells.ax[edge], cells.ay[edge]
    height = (cells.bx[edge] - ax) * (latitude - ay)
    height -= (cells.by[edge] - ay) * (longitude - ax)
    return height, cells.tolerance[edge]


def _by_row(
    cells: LineCells, longitude: FloatArray, latitude: FloatArray, shape: IntArray, row: IntArray
) -> CodeArray:
    """Sides by counting, exactly, the edges west of a place in its row: even outside, odd inside.

    An edge counts for a latitude from its lower end on up to, not including, its upper end, so that a
    vertex counts once; level edges never count. On the boundary is what lies on an edge's line within
    its ends.
    """
    counts = cells.row_start[row + 1] - cells.row_start[row]
    sides = np.zeros(len(longitude), dtype=np.int8)
    if not counts.sum():
        return sides
    place = np.repeat(np.arange(len(row)), counts)
    begin = np.cumsum(counts) - counts
    edge = cells.row_edge[np.arange(len(place)) - begin[place] + cells.row_start[row][place]]
    bit = cells.edge_shapes[edge, shape[place] // 64] >> (shape[place] % 64).astype(np.uint64)
    py = latitude[place]
    ay, by = cells.ay[edge], cells.by[edge]
    keep = ((bit & np.uint64(1)) == 1) & (np.minimum(ay, by) <= py) & (py <= np.maximum(ay, by))
    place, edge, ay, by, py = place[keep], edge[keep], ay[keep], by[keep], py[keep]
    ax, bx, px = cells.ax[edge], cells.bx[edge], longitude[place]
    sign = orientation_signs(ax, ay, bx, by, px, py)
    within = (np.minimum(ax, bx) <= px) & (px <= np.maximum(ax, bx))
    upward, downward = (ay <= py) & (py < by), (by <= py) & (py < ay)
    west = (upward & (sign < 0)) | (downward & (sign > 0))
    odd = np.bincount(place[west], minlength=len(longitude)) % 2
    sides[odd == 1] = INSIDE
    sides[place[(sign == 0) & within]] = ON_LINE
    return sides
