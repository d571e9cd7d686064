"""A grid over a map's dated shapes, in which most places are decided by looking up their cell.

Coarse cells that no boundary touches on any date, and that lie on one side on all dates, say the side
at once. The rest are cut into 16 × 16 fine cells; a fine cell holds the side, or the one edge or the
two joined edges that cut it, or asks for the exact count along a row. What differs between dates is
kept apart, once per fine cell and date. Edges that several dates share are stored once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import FloatArray
from truceline.line.orientation import orientation_signs
from truceline.line.shapes import polygonal

IntArray = npt.NDArray[np.int64]
MaskArray = npt.NDArray[np.uint64]

OUTSIDE, INSIDE, ON_LINE, UNKNOWN = 0, 1, 2, 3

#: in the coarse table: the border of the grid, beyond which all is outside but what is no number
BORDER = 2
#: in the fine table: count the boundary along the row
ROW = 2
#: codes from here on are blocks (coarse table), or edges, joined pairs and varying cells (fine table)
FIRST = 3

FINE = 16  #: fine cells along a coarse one
_FEWEST, _MOST = 32, 512  #: coarse columns, by how many edges there are
_MARGIN = 1e-6  #: of a fine cell: an edge this near belongs to the cell too, which absorbs rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Coarse cell (i, j) covers ±½ around (i + column, j + row) in units of ``1/per_degree``.

    columns, rows : number of coarse cells, border included; columns is 2 to the power of ``shift``.
    """

    shift: int
    rows: int
    columns_per_degree: float
    rows_per_degree: float
    column: int
    row: int

    @property
    def columns(self) -> int:
        """Coarse cells along a row."""
        return 1 << self.shift


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineCells:
    """Shapes of many dates, prepared for ``join.join_sides``.

    shape_of_date : (n_dates,) which distinct shape a date shows, −1 where none or an empty one.
    coarse : (rows * columns,) codes; fine : (n_blocks * FINE²,) codes; varying : (n_varying * n_shapes,).
    ax, ay, bx, by, tolerance : (n_edges,) edges of all shapes, what they hold on their left.
    pair_first, pair_second : (n_pairs,) joined edges; pair_convex : whether both must say inside.
    edge_shapes : (n_edges, n_words) bit d of the words: the edge is part of distinct shape d.
    row_start, row_edge : edges that reach into a coarse row (compressed rows).
    """

    grid: Grid
    shape_of_date: npt.NDArray[np.int32]
    n_shapes: int
    coarse: npt.NDArray[np.int32]
    fine: npt.NDArray[np.int32]
    varying: npt.NDArray[np.int32]
    ax: FloatArray
    ay: FloatArray
    bx: FloatArray
    by: FloatArray
    tolerance: FloatArray
    pair_first: IntArray
    pair_second: IntArray
    pair_convex: npt.NDArray[np.bool_]
    edge_shapes: MaskArray
    row_start: IntArray
    row_edge: IntArray


def build_cells(shapes: Sequence[BaseGeometry | None]) -> LineCells:
    """Prepare the shapes of many dates (WGS 84 polygons, straight in degrees; None: no map).

    1. Equal shapes are taken once, and of all shapes each directed edge once, with the shapes it is in.
    2. Edges are drawn on the fine grid; crossings of the cells' middles tell which side each cell is on,
       for up to 64 shapes at a time as bits.
    3. Cells are coded; what differs between shapes goes to ``varying``.
    """
    distinct, shape_of_date = _distinct(shapes)  # (1)
    edges, edge_shapes = _shared_edges(distinct)
    grid = _lay_grid(edges)
    fine_edges = _to_fine(edges, grid)
    cell, edge = _incidence(fine_edges, grid)  # (2)
    touched = np.zeros(grid.rows * grid.columns, dtype=bool)
    touched[_coarse_of(cell, grid)] = True
    middles = _coarse_sides(fine_edges, edge_shapes, grid)
    all_in = middles == _all_bits(len(distinct))
    uneven = ~(all_in.all(axis=1) | (middles == 0).all(axis=1))
    coarse = np.where(all_in.all(axis=1), INSIDE, OUTSIDE).astype(np.int32)
    blocks = np.flatnonzero(touched | uneven)
    coarse[blocks] = FIRST + np.arange(len(blocks), dtype=np.int32)
    frame = np.zeros((grid.rows, grid.columns), dtype=bool)
    frame[[0, -1], :] = frame[:, [0, -1]] = True
    coarse[frame.ravel()] = BORDER
    sides = _fine_sides(fine_edges, edge_shapes, blocks, grid)
    coded = _Coder(edges, edge_shapes, len(distinct), grid).code(cell, edge, blocks, sides)  # (3)
    row_start, row_edge = _rows_of(fine_edges, grid)
    ex, ey = np.abs(edges[:, 2] - edges[:, 0]), np.abs(edges[:, 3] - edges[:, 1])
    width, height = 1 / grid.columns_per_degree, 1 / grid.rows_per_degree
    return LineCells(
        grid=grid,
        shape_of_date=shape_of_date,
        n_shapes=len(distinct),
        coarse=coarse,
        fine=coded.fine,
        varying=coded.varying,
        ax=np.ascontiguousarray(edges[:, 0]),
        ay=np.ascontiguousarray(edges[:, 1]),
        bx=np.ascontiguousarray(edges[:, 2]),
        by=np.ascontiguousarray(edges[:, 3]),
        # above the error bound of the determinant for any point of a cell that the edge touches
        tolerance=8.0 * 2.0**-53 * (ex + width) * (ey + height),
        pair_first=coded.pairs[:, 0],
        pair_second=coded.pairs[:, 1],
        pair_convex=coded.convex,
        edge_shapes=edge_shapes,
        row_start=row_start,
        row_edge=row_edge,
    )


def _distinct(shapes: Sequence[BaseGeometry | None]) -> tuple[list[BaseGeometry], npt.NDArray[np.int32]]:
    distinct: list[BaseGeometry] = []
    seen: dict[bytes, int] = {}
    shape_of_date = np.full(len(shapes), -1, dtype=np.int32)
    for date, shape in enumerate(shapes):
        if shape is None or shape.is_empty:
            continue
        key = shapely.to_wkb(shape)
        if key not in seen:
            ground = polygonal(shape)
            if ground.is_empty:
                continue
            seen[key] = len(distinct)
            distinct.append(shapely.orient_polygons(shapely.force_2d(ground)))
        shape_of_date[date] = seen[key]
    return distinct, shape_of_date


def _shared_edges(shapes: Sequence[BaseGeometry]) -> tuple[FloatArray, MaskArray]:
    """Distinct directed edges (n, 4) as ax, ay, bx, by with the ground on their left; bits of shapes."""
    parts, owners = [], []
    for number, shape in enumerate(shapes):
        points, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shape)), return_index=True)
        points = points + 0.0  # −0 becomes 0, so that equal edges have equal bytes
        same = (ring[1:] == ring[:-1]) & (points[1:] != points[:-1]).any(axis=1)
        parts.append(np.hstack([points[:-1], points[1:]])[same])
        owners.append(np.full(len(parts[-1]), number))
    words = max(1, -(-len(shapes) // 64))
    if not parts:
        return np.empty((0, 4)), np.empty((0, words), dtype=np.uint64)
    every, owner = np.vstack(parts), np.concatenate(owners)
    order = np.lexsort(every.T)
    every, owner = every[order], owner[order]
    new = np.concatenate([[True], (every[1:] != every[:-1]).any(axis=1)])
    index = np.cumsum(new) - 1
    masks = np.zeros((int(index[-1]) + 1, words), dtype=np.uint64)
    np.bitwise_or.at(masks, (index, owner // 64), np.uint64(1) << (owner % 64).astype(np.uint64))
    return every[new], masks


def _lay_grid(edges: FloatArray) -> Grid:
    """A grid with room for the edges, the finer the more of them there are."""
    if not len(edges):
        return Grid(columns_per_degree=1.0, rows_per_degree=1.0, column=0, row=0, shift=5, rows=16)
    columns = int(np.clip(6 * np.sqrt(len(edges)), _FEWEST, _MOST))
    shift = (columns - 1).bit_length()
    size = np.array([1 << shift, 1 << (shift - 1)])
    low = np.minimum(edges[:, :2], edges[:, 2:]).min(axis=0)
    high = np.maximum(edges[:, :2], edges[:, 2:]).max(axis=0)
    # the boundary keeps to the inner cells: one cell of border and one of slack on each side
    per_degree = (size - 5) / np.maximum(high - low, 1e-6)
    corner = np.floor(low * per_degree).astype(int) - 2
    return Grid(
        columns_per_degree=float(per_degree[0]),
        rows_per_degree=float(per_degree[1]),
        column=int(corner[0]),
        row=int(corner[1]),
        shift=shift,
        rows=int(size[1]),
    )


def _to_fine(edges: FloatArray, grid: Grid) -> FloatArray:
    """Edges in fine cells: cell k covers [k, k + 1)."""
    fine = np.empty_like(edges)
    for at in (0, 2):
        fine[:, at] = (edges[:, at] * grid.columns_per_degree - grid.column + 0.5) * FINE
        fine[:, at + 1] = (edges[:, at + 1] * grid.rows_per_degree - grid.row + 0.5) * FINE
    return fine


def _spread(counts: IntArray) -> tuple[IntArray, IntArray]:
    """For counts (n,): which item each of the sum(counts) entries belongs to, and its place in it."""
    owner = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - starts[owner]


def _incidence(fine_edges: FloatArray, grid: Grid) -> tuple[IntArray, IntArray]:
    """Fine cells and the edges that touch them, sorted by cell: (n,) cell numbers, (n,) edges."""
    ax, ay, bx, by = fine_edges.T
    low, high = np.minimum(ay, by) - _MARGIN, np.maximum(ay, by) + _MARGIN
    first = np.floor(low).astype(np.int64)
    edge, step = _spread(np.floor(high).astype(np.int64) - first + 1)
    row = first[edge] + step
    rise = np.where(by == ay, 1.0, by - ay)[edge]
    ends = []
    for y in (row - _MARGIN, row + 1 + _MARGIN):  # where the edge enters and leaves the row
        share = np.clip((y - ay[edge]) / rise, 0.0, 1.0)
        ends.append(ax[edge] + share * (bx - ax)[edge])
    level = (by == ay)[edge]
    west = np.where(level, np.minimum(ax, bx)[edge], np.minimum(*ends)) - _MARGIN
    east = np.where(level, np.maximum(ax, bx)[edge], np.maximum(*ends)) + _MARGIN
    column = np.floor(west).astype(np.int64)
    entry, step = _spread(np.floor(east).astype(np.int64) - column + 1)
    cell = row[entry] * (grid.columns * FINE) + column[entry] + step
    order = np.argsort(cell, kind="stable")
    return cell[order], edge[entry][order]


def _coarse_of(cell: IntArray, grid: Grid) -> IntArray:
    row, column = np.divmod(cell, grid.columns * FINE)
    coarse: IntArray = (row // FINE) * grid.columns + column // FINE
    return coarse


def _crossings(fine_edges: FloatArray, *, middle: float, step: int) -> tuple[IntArray, FloatArray, IntArray]:
    """Where edges cross the lines y = middle + step · k: k, x, edge."""
    ax, ay, bx, by = fine_edges.T
    low, high = np.minimum(ay, by), np.maximum(ay, by)
    first = np.ceil((low - middle) / step).astype(np.int64)  # low ≤ y < high
    count = np.maximum(np.ceil((high - middle) / step).astype(np.int64) - first, 0)
    edge, along = _spread(count)
    line = first[edge] + along
    y = middle + step * line
    x = ax[edge] + (y - ay[edge]) * ((bx - ax)[edge] / (by - ay)[edge])
    return line, x, edge


def _all_bits(n_shapes: int) -> MaskArray:
    words = np.zeros(max(1, -(-n_shapes // 64)), dtype=np.uint64)
    for number in range(n_shapes):
        words[number // 64] |= np.uint64(1) << np.uint64(number % 64)
    return words


def _coarse_sides(fine_edges: FloatArray, edge_shapes: MaskArray, grid: Grid) -> MaskArray:
    """Bits of the shapes that hold the middle of each coarse cell, (grid.rows * grid.columns, n_words)."""
    line, x, edge = _crossings(fine_edges, middle=FINE / 2, step=FINE)
    flips = np.zeros((grid.rows, grid.columns + 1, edge_shapes.shape[1]), dtype=np.uint64)
    column = np.clip(np.ceil(x / FINE - 0.5), 0, grid.columns).astype(np.int64)
    np.bitwise_xor.at(flips, (line, column), edge_shapes[edge])
    sides: MaskArray = np.bitwise_xor.accumulate(flips, axis=1)[:, : grid.columns]
    return sides.reshape(grid.rows * grid.columns, -1)


def _fine_sides(fine_edges: FloatArray, edge_shapes: MaskArray, blocks: IntArray, grid: Grid) -> MaskArray:
    """Bits of the shapes that hold the middle of each fine cell of the blocks, (n_blocks, FINE, FINE, n_words)."""
    line, x, edge = _crossings(fine_edges, middle=0.5, step=1)
    column = np.ceil(x - 0.5).astype(np.int64)
    number = np.full(grid.rows * grid.columns, -1, dtype=np.int64)
    number[blocks] = np.arange(len(blocks))
    owner = number[(line // FINE) * grid.columns + column // FINE]
    sides = np.zeros((len(blocks), FINE, FINE, edge_shapes.shape[1]), dtype=np.uint64)
    known = owner >= 0
    np.bitwise_xor.at(
        sides, (owner[known], line[known] % FINE, column[known] % FINE), edge_shapes[edge[known]]
    )
    block_row, block_column = np.divmod(blocks, grid.columns)
    rows = block_row[:, None] * FINE + np.arange(FINE)
    for word in range(edge_shapes.shape[1]):
        flips = np.zeros((grid.rows * FINE, grid.columns + 1), dtype=np.uint64)
        np.bitwise_xor.at(flips, (line, column // FINE + 1), edge_shapes[edge, word])
        west = np.bitwise_xor.accumulate(flips, axis=1)
        sides[:, :, 0, word] ^= west[rows, block_column[:, None]]
    return np.bitwise_xor.accumulate(sides, axis=2, out=sides)


def _rows_of(fine_edges: FloatArray, grid: Grid) -> tuple[IntArray, IntArray]:
    """Edges by the coarse rows that they reach into."""
    low = (np.minimum(fine_edges[:, 1], fine_edges[:, 3]) - _MARGIN) / FINE
    high = (np.maximum(fine_edges[:, 1], fine_edges[:, 3]) + _MARGIN) / FINE
    first = np.floor(low).astype(np.int64)
    edge, step = _spread(np.floor(high).astype(np.int64) - first + 1)
    row = first[edge] + step
    order = np.argsort(row, kind="stable")
    start = np.searchsorted(row[order], np.arange(grid.rows + 1))
    return start.astype(np.int64), edge[order]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Coded:
    fine: npt.NDArray[np.int32]
    varying: npt.NDArray[np.int32]
    pairs: IntArray
    convex: npt.NDArray[np.bool_]


class _Coder:
    """Turns sides and edges of the fine cells into codes."""

    def __init__(self, edges: FloatArray, edge_shapes: MaskArray, n_shapes: int, grid: Grid) -> None:
        self.edges, self.edge_shapes, self.n_shapes, self.grid = edges, edge_shapes, n_shapes, grid
        self._pairs: list[IntArray] = []
        self._n_pairs = 0

    def code(self, cell: IntArray, edge: IntArray, blocks: IntArray, sides: MaskArray) -> _Coded:
        every = _all_bits(self.n_shapes)
        flat = sides.reshape(-1, sides.shape[-1])
        inside = (flat == every).all(axis=1)
        varies = ~inside & (flat != 0).any(axis=1)
        fine = inside.astype(np.int32)
        number = np.full(self.grid.rows * self.grid.columns, -1, dtype=np.int64)
        number[blocks] = np.arange(len(blocks))
        row, column = np.divmod(cell, self.grid.columns * FINE)
        place = number[_coarse_of(cell, self.grid)] * FINE**2 + (row % FINE) * FINE + column % FINE
        order = np.argsort(place, kind="stable")
        place, edge = place[order], edge[order]
        whole = (self.edge_shapes[edge] == every).all(axis=1)
        cut = np.zeros(len(fine), dtype=bool)
        cut[place] = True
        varies &= ~cut
        varies[place[~whole]] = True
        steady = ~varies[place]
        steady_place, steady_edge = place[steady], edge[steady]
        if len(steady_place):
            starts = np.flatnonzero(np.r_[True, steady_place[1:] != steady_place[:-1]])
            present = np.ones((len(steady_place), 1), dtype=bool)
            codes = self._codes(starts, steady_edge, present, np.zeros((len(starts), 1), dtype=np.int32))
            fine[steady_place[starts]] = codes[:, 0]
        varying = self._varying(place[~steady], edge[~steady], flat, np.flatnonzero(varies))
        pairs = np.vstack(self._pairs) if self._pairs else np.empty((0, 2), dtype=np.int64)
        fine[np.flatnonzero(varies)] = FIRST + len(self.edges) + len(pairs) + np.arange(varies.sum())
        return _Coded(fine=fine, varying=varying.ravel(), pairs=pairs, convex=self._convex(pairs))

    def _varying(
        self, place: IntArray, edge: IntArray, sides: MaskArray, rows: IntArray
    ) -> npt.NDArray[np.int32]:
        """Codes by date of the cells ``rows``, (n, n_shapes)."""
        codes = _unpack(sides[rows], self.n_shapes).astype(np.int32)
        if len(place):
            starts = np.flatnonzero(np.r_[True, place[1:] != place[:-1]])
            at = np.searchsorted(rows, place[starts])
            codes[at] = self._codes(starts, edge, _unpack(self.edge_shapes[edge], self.n_shapes), codes[at])
        return codes

    def _codes(
        self,
        starts: IntArray,
        edge: IntArray,
        present: npt.NDArray[np.bool_],
        sides: npt.NDArray[np.int32],
    ) -> npt.NDArray[np.int32]:
        """Codes (n_cells, n) of cells whose edges begin at ``starts``; present : (n_entries, n)."""
        count = np.add.reduceat(present.astype(np.int64), starts, axis=0)
        numbers = np.where(present, edge[:, None], 0)
        total = np.add.reduceat(numbers, starts, axis=0)
        second = np.maximum.reduceat(numbers, starts, axis=0)
        first = total - second
        codes = np.where(count == 0, sides, ROW).astype(np.int32)
        codes[count == 1] = FIRST + total[count == 1]
        two = count == 2
        first, second = first[two], second[two]
        ends = self.edges
        follows = (ends[first, 2:] == ends[second, :2]).all(axis=1)
        leads = (ends[second, 2:] == ends[first, :2]).all(axis=1)
        joined = follows ^ leads
        pairs = np.where(follows[:, None], np.column_stack([first, second]), np.column_stack([second, first]))
        pairs, which = np.unique(pairs[joined], axis=0, return_inverse=True)
        row, column = np.nonzero(two)
        codes[row[joined], column[joined]] = FIRST + len(self.edges) + self._n_pairs + which.ravel()
        self._pairs.append(pairs)
        self._n_pairs += len(pairs)
        return codes

    def _convex(self, pairs: IntArray) -> npt.NDArray[np.bool_]:
        """Whether the boundary turns left where the second edge follows the first."""
        first, second = self.edges[pairs[:, 0]], self.edges[pairs[:, 1]]
        turn = orientation_signs(
            first[:, 0], first[:, 1], first[:, 2], first[:, 3], second[:, 2], second[:, 3]
        )
        convex: npt.NDArray[np.bool_] = turn >= 0
        return convex


def _unpack(masks: MaskArray, n_shapes: int) -> npt.NDArray[np.bool_]:
    """Bits (n, n_words) → (n, n_shapes)."""
    number = np.arange(n_shapes)
    bits = masks[:, number // 64] >> (number % 64).astype(np.uint64)
    return (bits & np.uint64(1)).astype(bool)
