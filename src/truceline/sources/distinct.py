"""Columns of few distinct values: each combination is looked at once, and every row is told which it has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from truceline.sources.columns import Reals, Whole, coded


def distinct(*columns: pa.Array) -> tuple[list[tuple[Any, ...]], Whole]:
    """Distinct combinations of values (null as None), and which of them each row has."""
    known = [coded(column) for column in columns]
    found, which = combined(*(codes for _, codes in known))
    parts = [[values[code] for code in codes] for (values, _), codes in zip(known, zip(*found, strict=True), strict=True)]  # fmt: skip
    return list(zip(*parts, strict=True)), which


def combined(*columns: Whole) -> tuple[list[tuple[int, ...]], Whole]:
    """Distinct combinations of coded columns, and which of them each row has."""
    keys = columns[0]
    for column in columns[1:]:
        keys = keys * (int(column.max(initial=0)) + 1) + column
    if int(keys.max(initial=0)) < 1_000_000:  # by counting, which is faster than by sorting
        present = np.flatnonzero(np.bincount(keys))
        place = np.zeros(int(keys.max(initial=0)) + 1, np.int64)
        place[present] = np.arange(len(present))
        which = place[keys]
    else:
        present, which = np.unique(keys, return_inverse=True)
    first = np.zeros(len(present), np.int64)
    first[which] = np.arange(len(keys))
    return list(zip(*(column[first].tolist() for column in columns), strict=True)), which


def texts_of(values: list[str | None], which: Whole) -> pa.Array:
    """A column of texts from its distinct values."""
    return pa.array(values, pa.string()).take(pa.array(which))


def numbers_of(values: list[float | None], which: Whole) -> Reals:
    """A column of numbers from its distinct values; NaN where there is none."""
    known = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.asarray(known[which])
