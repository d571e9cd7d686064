"""Columns of few distinct values: each combination is looked at once, and every row is told which it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from truceline.sources.batches import Batch
from truceline.sources.columns import Reals, Whole, coded
from truceline.sources.gather import picked
from truceline.sources.rows import Row


def distinct(*columns: pa.Array) -> tuple[list[tuple[Any, ...]], Whole]:
    """Distinct combinations of values (null as None), and which of them each row has."""
    known = [coded(column) for column in columns]
    found, which = combined(*(codes for _, codes in known))
    if not found:
        return [], which
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


Read = TypeVar("Read")


def each_distinct(
    batch: Batch, at: Whole, columns: Sequence[str], read: Callable[[Row], Read]
) -> tuple[list[Read], Whole]:
    """What ``read`` makes of the distinct combinations of cells, and which of them each row ``at`` has.

    It is given a row of these cells alone; what it finds wrong is noted on every row that has them.
    """
    combinations, which = distinct(*(picked(batch.text(name), at) for name in columns))
    values: list[Read] = []
    for code, cells in enumerate(combinations):
        row = Row(batch.sheet, 0, dict(zip(columns, cells, strict=True)))
        values.append(read(row))
        for position in at[which == code].tolist() if row.problems else ():
            for problem in row.problems:
                batch.row(position).wrong(problem.code, problem.message, column=problem.column, got=problem.got, expected=problem.expected, next_step=problem.next_step)  # fmt: skip
    return values, which


def texts_of(values: list[str | None], which: Whole) -> pa.Array:
    """A column of texts from its distinct values."""
    return pa.array(values, pa.string()).take(pa.array(which))


def numbers_of(values: list[float | None], which: Whole) -> Reals:
    """A column of numbers from its distinct values; NaN where there is none."""
    known = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.asarray(known[which])
