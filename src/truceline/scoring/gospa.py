"""GOSPA: how far incidents lie from events, how many were missed, how many are false."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

from truceline.base.columns import FloatArray, IntArray

#: beyond, an incident and an event are not the same; metres
CUTOFF_M = 10_000.0
#: seconds off are as bad as this many metres off: half an hour is as far as 5 km
METRES_PER_SECOND = 5_000.0 / 1_800.0
#: of a full table of costs
MOST_CELLS = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gospa:
    """GOSPA of order 1 with α = 2, split into its parts; metres, summed over all events and incidents."""

    location_m: float
    missed_m: float
    false_m: float
    n_matched: int
    n_missed: int
    n_false: int

    @property
    def total_m(self) -> float:
        """Location + missed + false."""
        return self.location_m + self.missed_m + self.false_m

    @property
    def mean_location_m(self) -> float:
        """Of the matched; NaN: none."""
        return self.location_m / self.n_matched if self.n_matched else float("nan")


def gospa(
    found: FloatArray,
    true: FloatArray,
    *,
    cutoff_m: float = CUTOFF_M,
    metres_per_s: float = METRES_PER_SECOND,
) -> Gospa:
    """min over assignments of Σ d(x, y) + c/2 · (missed + false): GOSPA with p = 1, α = 2.

    (Rahmathullah, García-Fernández & Svensson 2017, proposition 1; the split into location, missed
    and false is theirs.) found, true : (n, 3) x and y in metres of one frame, time in seconds; a row
    with NaN can be matched with nothing. d is the Euclidean distance with time × ``metres_per_s``.

    Blind to where records come from: at many events a day it rewards chance; read it beside ``id_f1``.
    """
    scale = np.array([1.0, 1.0, metres_per_s])
    at, of = found * scale, true * scale
    rows_found = np.flatnonzero(np.isfinite(at).all(axis=1))
    rows_true = np.flatnonzero(np.isfinite(of).all(axis=1))
    distance, n_matched = _assign(at[rows_found], of[rows_true], cutoff_m)
    n_missed, n_false = len(true) - n_matched, len(found) - n_matched
    return Gospa(
        location_m=distance,
        missed_m=cutoff_m / 2 * n_missed,
        false_m=cutoff_m / 2 * n_false,
        n_matched=n_matched,
        n_missed=n_missed,
        n_false=n_false,
    )


def _assign(found: FloatArray, true: FloatArray, cutoff_m: float) -> tuple[float, int]:
    """Sum of distances and number of pairs of the best assignment, each component by itself."""
    if not len(found) or not len(true):
        return 0.0, 0
    near = cKDTree(true).sparse_distance_matrix(
        cKDTree(found), cutoff_m, output_type="coo_matrix"
    )  # (n_true, n_found)
    i, j, d = near.row.astype(np.int64), near.col.astype(np.int64), near.data
    n = len(true) + len(found)
    links = coo_array((np.ones(len(i), dtype=np.int8), (i, j + len(true))), shape=(n, n))
    label = connected_components(links, directed=False)[1].astype(np.int64)
    order = np.lexsort((j, i, label[i]))
    i, j, d = i[order], j[order], d[order]
    ends = np.concatenate([[True], np.diff(label[i]) != 0, [True]]) if len(i) else np.zeros(0)
    total, pairs = 0.0, 0
    for low, high in pairwise(np.flatnonzero(ends).tolist()):
        if high - low == 1:
            total, pairs = total + float(d[low]), pairs + 1
            continue
        cost, n_pairs = _solve(i[low:high], j[low:high], d[low:high], cutoff_m)
        total, pairs = total + cost, pairs + n_pairs
    return total, pairs


def _solve(i: IntArray, j: IntArray, d: FloatArray, cutoff_m: float) -> tuple[float, int]:
    """One component. A pair at the cutoff costs as much as a miss and a false one, so it stands for both."""
    rows, row = np.unique(i, return_inverse=True)
    columns, column = np.unique(j, return_inverse=True)
    if len(rows) * len(columns) > MOST_CELLS:
        return _solve_sparse(row.reshape(-1), column.reshape(-1), d, cutoff_m)
    cost = np.full((len(rows), len(columns)), cutoff_m)
    cost[row, column] = d
    chosen = linear_sum_assignment(cost)
    paid = cost[chosen]
    real = paid < cutoff_m
    return float(paid[real].sum()), int(real.sum())


def _solve_sparse(row: IntArray, column: IntArray, d: FloatArray, cutoff_m: float) -> tuple[float, int]:
    """The same of a large component, where a full table would not fit.

    Every row and column may take a stand-in of its own for half the cutoff, and the stand-ins of a
    near pair each other for nothing, so that there is always a full matching (all costs + 1, as
    a cost of 0 would be no edge).
    """
    n, m = int(row.max()) + 1, int(column.max()) + 1
    rows = np.concatenate([row, np.arange(n), n + np.arange(m), n + column])
    columns = np.concatenate([column, m + np.arange(n), np.arange(m), m + row])
    costs = np.concatenate([d, np.full(n + m, cutoff_m / 2), np.zeros(len(d))]) + 1.0
    graph = csr_array((costs, (rows, columns)), shape=(n + m, n + m))
    taken_row, taken_column = min_weight_full_bipartite_matching(graph)
    real = (taken_row < n) & (taken_column < m)
    paid = np.asarray(graph[taken_row[real], taken_column[real]]).ravel() - 1.0
    return float(paid.sum()), int(real.sum())
