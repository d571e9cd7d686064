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
from truceline.line.cell_codes import Coder
from truceline.line.cell_grid import (
    FINE,
    FIRST,
    MARGIN,
    Grid,
    IntArray,
    MaskArray,
    all_bits,
    coarse_of,
    lay_grid,
    to_fine,
)
from truceline.line.shapes import polygonal

OUTSIDE, INSIDE, ON_LINE, UNKNOWN = 0, 1, 2, 3

#: in the coarse table: the border of the grid, beyond which all is outside but what is no number
BORDER = 2


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
    grid = lay_grid(edges)
    fine_edges = to_fine(edges, grid)
    cell, edge = _incidence(fine_edges, grid)  # (2)
    touched = np.zeros(grid.rows * grid.columns, dtype=bool)
    touched[coarse_of(cell, grid)] = True
    middles = _coarse_sides(fine_edges, edge_shapes, grid)
    all_in = middles == all_bits(len(distinct))
    uneven = ~(all_in.all(axis=1) | (middles == 0).all(axis=1))
    coarse = np.where(all_in.all(axis=1), INSIDE, OUTSIDE).astype(np.int32)
    blocks = np.flatnonzero(touched | uneven)
    coarse[blocks] = FIRST + np.arange(len(blocks), dtype=np.int32)
    frame = np.zeros((grid.rows, grid.columns), dtype=bool)
    frame[[0, -1], :] = frame[:, [0, -1]] = True
    coarse[frame.ravel()] = BORDER
    sides = _fine_sides(fine_edges, edge_shapes, blocks, grid)
    coded = Coder(edges, edge_shapes, len(distinct), grid).code(cell, edge, blocks, sides)  # (3)
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


def _spread(counts: IntArray) -> tuple[IntArray, IntArray]:
    """For counts (n,): which item each of the sum(counts) entries belongs to, and its place in it."""
    owner = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - starts[owner]


def _incidence(fine_edges: FloatArray, grid: Grid) -> tuple[IntArray, IntArray]:
    """Fine cells and the edges that touch them, sorted by cell: (n,) cell numbers, (n,) edges."""
    ax, ay, bx, by = fine_edges.T
    low, high = np.minimum(ay, by) - MARGIN, np.maximum(ay, by) + MARGIN
    first = np.floor(low).astype(np.int64)
    edge, step = _spread(np.floor(high).astype(np.int64) - first + 1)
    row = first[edge] + step
    rise = np.where(by == ay, 1.0, by - ay)[edge]
    ends = []
    for y in (row - MARGIN, row + 1 + MARGIN):  # where the edge enters and leaves the row
        share = np.clip((y - ay[edge]) / rise, 0.0, 1.0)
        ends.append(ax[edge] + share * (bx - ax)[edge])
    level = (by == ay)[edge]
    west = np.where(level, np.minimum(ax, bx)[edge], np.minimum(*ends)) - MARGIN
    east = np.where(level, np.maximum(ax, bx)[edge], np.maximum(*ends)) + MARGIN
    column = np.floor(west).astype(np.int64)
    entry, step = _spread(np.floor(east).astype(np.int64) - column + 1)
    cell = row[entry] * (grid.columns * FINE) + column[entry] + step
    order = np.argsort(cell, kind="stable")
    return cell[order], edge[entry][order]


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
    low = (np.minimum(fine_edges[:, 1], fine_edges[:, 3]) - MARGIN) / FINE
    high = (np.maximum(fine_edges[:, 1], fine_edges[:, 3]) + MARGIN) / FINE
    first = np.floor(low).astype(np.int64)
    edge, step = _spread(np.floor(high).astype(np.int64) - first + 1)
    row = first[edge] + step
    order = np.argsort(row, kind="stable")
    start = np.searchsorted(row[order], np.arange(grid.rows + 1))
    return start.astype(np.int64), edge[order]
