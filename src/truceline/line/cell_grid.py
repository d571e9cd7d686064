"""The grid of a map's cells: coarse ones, fine ones in them, and how both are numbered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from truceline.base.geodesy import FloatArray

IntArray = npt.NDArray[np.int64]


MaskArray = npt.NDArray[np.uint64]


#: in the fine table: count the boundary along the row
ROW = 2


#: codes from here on are blocks (coarse table), or edges, joined pairs and varying cells (fine table)
FIRST = 3


FINE = 16  #: fine cells along a coarse one


_FEWEST, _MOST = 32, 512  #: coarse columns, by how many edges there are


MARGIN = 1e-6  #: of a fine cell: an edge this near belongs to the cell too, which absorbs rounding


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


def lay_grid(edges: FloatArray) -> Grid:
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


def to_fine(edges: FloatArray, grid: Grid) -> FloatArray:
    """Edges in fine cells: cell k covers [k, k + 1)."""
    fine = np.empty_like(edges)
    for at in (0, 2):
        fine[:, at] = (edges[:, at] * grid.columns_per_degree - grid.column + 0.5) * FINE
        fine[:, at + 1] = (edges[:, at + 1] * grid.rows_per_degree - grid.row + 0.5) * FINE
    return fine


def coarse_of(cell: IntArray, grid: Grid) -> IntArray:
    """(n,) the coarse cell of each fine one."""
    row, column = np.divmod(cell, grid.columns * FINE)
    coarse: IntArray = (row // FINE) * grid.columns + column // FINE
    return coarse


def all_bits(n_shapes: int) -> MaskArray:
    """The mask in which every shape has its bit set."""
    words = np.zeros(max(1, -(-n_shapes // 64)), dtype=np.uint64)
    for number in range(n_shapes):
        words[number // 64] |= np.uint64(1) << np.uint64(number % 64)
    return words
