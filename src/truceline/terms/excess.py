"""No more than n in any window, for very many acts: the chance that n or more before an act lie in its window.

A window holds the acts of a stretch of rows. The chance of fewer than n among them is the sum of the first n
terms of a product of small polynomials, one for each act: (1 − p) + p x. Products of 1, 2, 4, 8 … neighbours are
made by doubling; each window is put together from them, longest first.

Where acts whose chances sum to ``ENOUGH + 4 n`` lie in a window, older ones are left out: by Chernoff's bound the
chance of fewer than n is then below 1e-20 whatever they were.
"""

from __future__ import annotations

import numpy as np

from truceline.base.columns import IntArray
from truceline.base.geodesy import FloatArray

ENOUGH = 60.0


def excess_p(moment: IntArray, p: FloatArray, *, count: int, window: int) -> FloatArray:
    """Probability, (n,), that `count` or more acts before each one lie less than `window` back.

    moment : (n,) whole numbers in ascending order, of the unit of `window`; p : (n,) chance that each counts.
    """
    n = len(moment)
    if count <= 0:
        return np.ones(n)
    first = np.searchsorted(moment, moment - window, side="right")
    summed = np.concatenate([[0.0], np.cumsum(p)])
    enough = np.searchsorted(summed, summed[:-1] - (ENOUGH + 4 * count), side="right") - 1
    first = np.maximum(first, enough)
    length = np.arange(n) - first
    less = np.zeros((n, count))  # terms 0 … count − 1 of each window's product
    less[:, 0] = 1.0
    place = np.arange(n)  # each window is used up from its end backwards
    table = np.zeros((n, count))  # product over the rows [k, k + size)
    table[:, 0] = 1 - p
    if count > 1:
        table[:, 1] = p
    size = 1
    while size <= int(length.max(initial=0)):
        rows = np.flatnonzero(length & size)
        place[rows] -= size
        less[rows] = _times(less[rows], table[place[rows]])
        if size * 2 <= int(length.max(initial=0)):
            table = _times(table[: len(table) - size], table[size:])
        size *= 2
    return np.asarray(np.maximum(0.0, 1.0 - less.sum(axis=1)))


def _times(one: FloatArray, other: FloatArray) -> FloatArray:
    """Products of polynomials row by row, cut off after their first terms; (m, terms)."""
    found = np.zeros_like(one)
    for k in range(one.shape[1]):
        found[:, k:] += one[:, k : k + 1] * other[:, : one.shape[1] - k]
    return found
