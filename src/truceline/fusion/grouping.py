"""Greedy complete-link agglomeration: every two members of a group may be one incident."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def agglomerate(n: int, first: IntArray, second: IntArray) -> IntArray:
    """Merge along pairs, best first; a merge needs every cross pair to be among the pairs.

    first, second : (n_pairs,) pairs that may be together, best first, each pair once.
    group : (n,) number of each unit's group, in the order of its first member.

    The greedy order is kept, yet not walked one by one. Two groups may merge where as many pairs
    run between them as the product of their sizes; where one is lacking they never will, for no
    merge brings it. So those links fall away at once, and of the rest every link that is the best
    of both its groups is next in its neighbourhood whatever happens elsewhere: all such links are
    merged together, and the links of the merged groups put together, until none is left.
    """
    label = np.arange(n, dtype=np.int64)
    size = np.ones(n, dtype=np.int64)
    low, high = np.minimum(first, second), np.maximum(first, second)
    rank = np.arange(len(low), dtype=np.int64)
    count = np.ones(len(low), dtype=np.int64)
    while len(low):
        best = np.full(n, len(first), dtype=np.int64)
        np.minimum.at(best, low, rank)
        np.minimum.at(best, high, rank)
        merge = (best[low] == rank) & (best[high] == rank)
        step = np.arange(n, dtype=np.int64)
        step[high[merge]] = low[merge]
        size[low[merge]] += size[high[merge]]
        label = step[label]
        low, high, rank, count = _put_together(step[low], step[high], rank, count)
        whole = count == size[low] * size[high]
        low, high, rank, count = low[whole], high[whole], rank[whole], count[whole]
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def _put_together(
    a: IntArray, b: IntArray, rank: IntArray, count: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Links between the same two groups as one: the best rank, the sum of the pairs."""
    apart = a != b
    low, high = np.minimum(a, b)[apart], np.maximum(a, b)[apart]
    rank, count = rank[apart], count[apart]
    if not len(low):
        return low, high, rank, count
    order = np.lexsort((rank, high, low))
    low, high, rank, count = low[order], high[order], rank[order], count[order]
    start = np.flatnonzero(np.concatenate([[True], (low[1:] != low[:-1]) | (high[1:] != high[:-1])]))
    return low[start], high[start], rank[start], np.add.reduceat(count, start)
