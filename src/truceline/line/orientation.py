"""On which side of a directed edge a point lies, exactly, for coordinates as they are stored."""

from __future__ import annotations

from fractions import Fraction
from math import fsum

import numpy as np
import numpy.typing as npt

from truceline.base.geodesy import FloatArray

_EPSILON = 2.0**-53
_SPLITTER = 2.0**27 + 1.0
#: |error| of the plain determinant is below this times the sum of its two products' sizes
_BOUND = (3.0 + 16.0 * _EPSILON) * _EPSILON
#: products of numbers smaller than this may underflow, where an error-free product is none
_TINY = 1e-140

SignArray = npt.NDArray[np.int8]


def orientation_signs(
    ax: FloatArray, ay: FloatArray, bx: FloatArray, by: FloatArray, px: FloatArray, py: FloatArray
) -> SignArray:
    """+1 where the point p is left of the edge a → b, −1 right of it, 0 exactly on its line; all (n,).

    The determinant is taken in floating point; where it is not clearly larger than its error bound
    (Shewchuk 1997, *Adaptive precision floating-point arithmetic and fast robust geometric
    predicates*, orient2d, bound A) its sign is computed exactly.
    """
    first = (bx - ax) * (py - ay)
    second = (by - ay) * (px - ax)
    determinant = first - second
    signs = np.sign(determinant).astype(np.int8)
    unsure = ~(np.abs(determinant) > _BOUND * (np.abs(first) + np.abs(second)))
    if unsure.any():
        rows = np.flatnonzero(unsure)
        signs[rows] = _exact_signs(*(values[rows] for values in (ax, ay, bx, by, px, py)))
    return signs


def _exact_signs(
    ax: FloatArray, ay: FloatArray, bx: FloatArray, by: FloatArray, px: FloatArray, py: FloatArray
) -> SignArray:
    """Signs of ax·by − ax·py − px·by − ay·bx + ay·px + py·bx, without any rounding."""
    terms: list[FloatArray] = []
    for one, other in ((ax, by), (-ax, py), (-px, by), (-ay, bx), (ay, px), (py, bx)):
        terms.extend(_product(one, other))
    table = np.column_stack(terms)
    # the correctly rounded sum has the exact sum's sign
    signs = np.fromiter((np.sign(fsum(row)) for row in table.tolist()), dtype=np.int8, count=len(table))
    sizes = np.abs(np.column_stack([ax, ay, bx, by, px, py]))
    for row in np.flatnonzero(((sizes < _TINY) & (sizes > 0)).any(axis=1)):
        signs[row] = _rational_sign(*(float(v[row]) for v in (ax, ay, bx, by, px, py)))
    return signs


def _product(one: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A product as rounded value and exact error (Dekker 1971)."""
    high = one * other
    one_high, one_low = _halves(one)
    other_high, other_low = _halves(other)
    low = one_low * other_low - (
        ((high - one_high * other_high) - one_low * other_high) - one_high * other_low
    )
    return high, low


def _halves(value: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A number as the sum of two of 26 bits each (Veltkamp)."""
    big = _SPLITTER * value
    high = big - (big - value)
    return high, value - high


def _rational_sign(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    a, b, p = ((Fraction(x), Fraction(y)) for x, y in ((ax, ay), (bx, by), (px, py)))
    value = (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
    return (value > 0) - (value < 0)
