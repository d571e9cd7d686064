"""What is said of a cell of the grid for all shapes at once, as a code that is kept once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from truceline.base.geodesy import FloatArray
from truceline.line.cell_grid import FINE, FIRST, ROW, Grid, IntArray, MaskArray, all_bits, coarse_of
from truceline.line.orientation import orientation_signs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """Codes of the fine cells, and what they point to: varying cells, joined pairs of edges."""

    fine: npt.NDArray[np.int32]
    varying: npt.NDArray[np.int32]
    pairs: IntArray
    convex: npt.NDArray[np.bool_]


class Coder:
    """Turns sides and edges of the fine cells into codes."""

    def __init__(self, edges: FloatArray, edge_shapes: MaskArray, n_shapes: int, grid: Grid) -> None:
        self.edges, self.edge_shapes, self.n_shapes, self.grid = edges, edge_shapes, n_shapes, grid
        self._pairs: list[IntArray] = []
        self._n_pairs = 0

    def code(self, cell: IntArray, edge: IntArray, blocks: IntArray, sides: MaskArray) -> Coded:
        """The codes of all fine cells of the blocks, by their sides and by the edges that cut them."""
        every = all_bits(self.n_shapes)
        flat = sides.reshape(-1, sides.shape[-1])
        inside = (flat == every).all(axis=1)
        varies = ~inside & (flat != 0).any(axis=1)
        fine = inside.astype(np.int32)
        number = np.full(self.grid.rows * self.grid.columns, -1, dtype=np.int64)
        number[blocks] = np.arange(len(blocks))
        row, column = np.divmod(cell, self.grid.columns * FINE)
        place = number[coarse_of(cell, self.grid)] * FINE**2 + (row % FINE) * FINE + column % FINE
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
        return Coded(fine=fine, varying=varying.ravel(), pairs=pairs, convex=self._convex(pairs))

    def _varying(
        self, place: IntArray, edge: IntArray, sides: MaskArray, rows: IntArray
    ) -> npt.NDArray[np.int32]:
        """Codes by date of the cells ``rows``, (n, n_shapes)."""
        codes = unpack(sides[rows], self.n_shapes).astype(np.int32)
        if len(place):
            starts = np.flatnonzero(np.r_[True, place[1:] != place[:-1]])
            at = np.searchsorted(rows, place[starts])
            codes[at] = self._codes(starts, edge, unpack(self.edge_shapes[edge], self.n_shapes), codes[at])
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


def unpack(masks: MaskArray, n_shapes: int) -> npt.NDArray[np.bool_]:
    """Bits (n, n_words) → (n, n_shapes)."""
    number = np.arange(n_shapes)
    bits = masks[:, number // 64] >> (number % 64).astype(np.uint64)
    return (bits & np.uint64(1)).astype(bool)
