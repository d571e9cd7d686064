"""Arrow columns as arrays: numbers, codes of words, groups of rows, a stable order.

A million rows as Python objects cost seconds and gigabytes; as arrays they cost neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: below so many rows any sort is fast
_FEW = 2_000


def floats(column: pa.ChunkedArray) -> FloatArray:
    """(n,) numbers, null as NaN."""
    return np.asarray(pc.fill_null(pc.cast(column, pa.float64()), float("nan")).to_numpy(), dtype=np.float64)


def micros(column: pa.ChunkedArray) -> IntArray:
    """(n,) times as microseconds since 1970, null as 0 (ask ``known`` too where there may be any)."""
    return np.asarray(pc.fill_null(pc.cast(column, pa.int64()), 0).to_numpy(), dtype=np.int64)


def known(column: pa.ChunkedArray) -> BoolArray:
    """(n,) whether there is a value."""
    return np.asarray(pc.is_valid(column).to_numpy(), dtype=np.bool_)


def codes(column: pa.ChunkedArray) -> tuple[IntArray, list[str]]:
    """(n,) code of each word, −1 for null, and the words in the order in which they first stand."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    number = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return np.asarray(number, dtype=np.int64), encoded.dictionary.to_pylist()


def recode(column: pa.ChunkedArray, words: Sequence[str] | pa.Array) -> IntArray:
    """(n,) place of each word among ``words``; −1 for null and for any other word."""
    if not isinstance(words, pa.Array):
        words = pa.array(list(words), type=pa.string())
    index = pc.index_in(column, value_set=words)
    return np.asarray(pc.fill_null(index, -1).to_numpy(), dtype=np.int64)


def distinct(values: IntArray) -> IntArray:
    """The distinct values, sorted (``np.unique`` hashes, and is slow on numbers that form a grid)."""
    ordered = np.sort(values)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def number_values(values: IntArray) -> tuple[IntArray, IntArray]:
    """The distinct values, sorted, and (n,) the place of each among them; without sorting where they lie close."""
    if not len(values):
        return values, np.zeros(0, dtype=np.int64)
    least = int(values.min())
    width = int(values.max()) - least + 1
    if width > 8 * len(values) + (1 << 16):
        names, number = np.unique(values, return_inverse=True)
        return names, number.reshape(-1).astype(np.int64, copy=False)
    there = np.zeros(width, dtype=np.bool_)
    there[values - least] = True
    return np.flatnonzero(there) + least, (np.cumsum(there) - 1)[values - least]


def sort_stable(values: IntArray) -> IntArray:
    """``np.argsort(values, kind="stable")`` of whole numbers from 0; by counting where they are few enough."""
    n = len(values)
    width = int(values.max()) + 1 if n else 0
    if n < _FEW or width > 8 * n + (1 << 16) or n >= 1 << 31:
        return np.argsort(values, kind="stable").astype(np.int64, copy=False)
    # rows of one entry each, read column by column: a counting sort
    from scipy.sparse import csr_array  # here, for it takes long to load and small tables need none

    each = csr_array(
        (np.zeros(n, dtype=np.int8), values.astype(np.int32), np.arange(n + 1, dtype=np.int32)),
        shape=(n, width),
    )
    return each.tocsc().indices.astype(np.int64)


def number_pairs(first: IntArray, second: IntArray) -> tuple[IntArray, int]:
    """``number_rows`` of two columns of whole numbers from 0 that are few enough to be counted."""
    if not len(first):
        return np.zeros(0, dtype=np.int64), 0
    names, number = number_values(first * (int(second.max()) + 1) + second)
    return number, len(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Rows in groups: ``members[offsets[g]:offsets[g + 1]]`` are those of group g, in a fixed order."""

    offsets: IntArray
    members: IntArray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def size(self) -> IntArray:
        """(n_groups,)"""
        return np.diff(self.offsets)

    @property
    def of_member(self) -> IntArray:
        """(n_members,) the group that each entry of ``members`` is in."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.size)

    @property
    def first(self) -> IntArray:
        """(n_groups,) first member of each."""
        return self.members[self.offsets[:-1]]


def group_rows(group: IntArray, n_groups: int, *, by: Sequence[IntArray | FloatArray] = ()) -> Groups:
    """Rows by group, within one by the keys ``by`` (most important first), then by row."""
    order = np.lexsort((*reversed(by), group)) if by else sort_stable(group)
    offsets = np.zeros(n_groups + 1, dtype=np.int64)
    np.cumsum(np.bincount(group, minlength=n_groups), out=offsets[1:])
    return Groups(offsets=offsets, members=order.astype(np.int64))


def number_rows(keys: Sequence[IntArray | FloatArray]) -> tuple[IntArray, int]:
    """(n,) number of each row's combination of keys (NaN equals NaN), and how many there are."""
    n = len(keys[0])
    if n == 0:
        return np.zeros(0, dtype=np.int64), 0
    order = np.lexsort(tuple(reversed(keys)))
    number = np.empty(n, dtype=np.int64)
    number[order] = np.cumsum(np.concatenate([[False], _differs(keys, order)]))
    return number, int(number[order[-1]]) + 1


def _differs(keys: Sequence[IntArray | FloatArray], order: IntArray) -> BoolArray:
    """(n − 1,) whether a row differs from the one before it."""
    different = np.zeros(len(order) - 1, dtype=np.bool_)
    for key in keys:
        value = key[order]
        unequal = value[1:] != value[:-1]
        if value.dtype.kind == "f":
            unequal &= ~(np.isnan(value[1:]) & np.isnan(value[:-1]))
        different |= unequal
    return different


def order_rows(table: pa.Table, names: Sequence[str], *, numbers: int) -> IntArray:
    """The order of ``table.sort_by(names)``, null last.

    The first ``numbers`` columns are times or numbers and decide nearly all; words are compared
    only where those are equal.
    """
    n = table.num_rows
    if n < 2:
        return np.arange(n, dtype=np.int64)
    keys: list[IntArray | FloatArray] = [
        floats(table[name])
        if pa.types.is_floating(table[name].type) or table[name].null_count
        else micros(table[name])
        for name in names[:numbers]
    ]
    order = np.lexsort(tuple(reversed(keys))).astype(np.int64)
    different = _differs(keys, order)
    tied = np.zeros(n, dtype=np.bool_)
    tied[1:] |= ~different
    tied[:-1] |= ~different
    if tied.any():
        rows = order[tied]
        part = table.select(list(names)).take(pa.array(rows))
        inner = pc.sort_indices(part, sort_keys=[(name, "ascending") for name in names])
        order[tied] = rows[inner.to_numpy()]
    return order


def list_column(values: pa.Array, sizes: IntArray) -> pa.Array:
    """A list column from its flat values and the length of each list."""
    offsets = np.zeros(len(sizes) + 1, dtype=np.int32)
    np.cumsum(sizes, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def map_parts(column: pa.ChunkedArray) -> tuple[IntArray, pa.Array, FloatArray]:
    """Row, key and value of every entry of a map column."""
    rows, keys, items = [], [], []
    start = 0
    for chunk in column.chunks:
        offsets = chunk.offsets.to_numpy()
        rows.append(np.repeat(np.arange(start, start + len(chunk), dtype=np.int64), np.diff(offsets)))
        keys.append(chunk.keys.slice(offsets[0], offsets[-1] - offsets[0]))
        items.append(chunk.items.slice(offsets[0], offsets[-1] - offsets[0]))
        start += len(chunk)
    if not rows:
        return np.zeros(0, dtype=np.int64), pa.array([], type=pa.string()), np.zeros(0)
    return np.concatenate(rows), pa.concat_arrays(keys), floats(pa.chunked_array(items))


def at_words(words: Sequence[Any], number: IntArray) -> pa.Array:
    """A text column from codes; −1 becomes null."""
    index = pa.array(number, mask=number < 0)
    return pa.array(list(words), type=pa.string()).take(index)
