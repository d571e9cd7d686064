"""Columns of many batches into one table of a schema, in one order, with an id for each record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.schema.table import NUMBER_BY_NAME, TIME, Table, TableSpec
from truceline.sources.columns import Hashes, Mask, Reals, Whole, id_texts, ids_of
from truceline.sources.source import InputFile

#: a column: an array, one value for every row, or numbers of which NaN is none
Values: TypeAlias = pa.Array | pa.Scalar | str | float | Reals | None


class Gathered:
    """Rows used so far; ``word`` begins their ids, ``start`` is the column that orders them.

    An id has ten digits (see ``ids_of``), or as many as ``digits`` says.
    """

    def __init__(self, spec: TableSpec, *, word: str, start: str, digits: int = 10) -> None:
        self.spec = spec
        self.digits = digits
        self.word = word
        self.start = start
        self._parts: list[Mapping[str, Values]] = []
        self._hashes: list[Hashes] = []

    def __len__(self) -> int:
        return sum(len(hashes) for hashes in self._hashes)

    def add(self, columns: Mapping[str, Values], hashes: Hashes) -> None:
        """Add rows: every column but the key (which, if given, stands)."""
        if len(hashes):
            self._parts.append(columns)
            self._hashes.append(hashes)

    def keep(self, mask: Mask) -> None:
        """Drop the rows added so far of which ``mask`` is false."""
        if mask.all():
            return
        first = 0
        for at, hashes in enumerate(self._hashes):
            some = mask[first : first + len(hashes)]
            first += len(hashes)
            picked_rows = pa.array(np.flatnonzero(some))
            self._parts[at] = {
                name: values.take(picked_rows) if isinstance(values, pa.Array) else values[some] if isinstance(values, np.ndarray) else values
                for name, values in self._parts[at].items()
            }  # fmt: skip
            self._hashes[at] = hashes[some]

    def table(self) -> Table:
        """All rows, ordered by time and id, whatever the order of files and rows."""
        if not self._parts:
            return self.spec.empty()
        hashes = np.concatenate(self._hashes)
        starts = self._column(self.start, TIME).cast(pa.int64()).to_numpy()
        order = np.lexsort((hashes, starts))
        self._part = np.repeat(np.arange(len(self._parts)), [len(some) for some in self._hashes])
        arrays = []
        for column in self.spec.columns:
            if column.name == self.spec.key and column.name not in self._parts[0]:
                ids = ids_of(self.word, hashes) if self.digits == 10 else id_texts(self.word, hashes, digits=self.digits)  # fmt: skip
                arrays.append(ids.take(pa.array(order)))
            else:
                arrays.append(self._ordered(column.name, column.type, order))
        return pa.Table.from_arrays(arrays, schema=self.spec.arrow)

    def _ordered(self, name: str, kind: pa.DataType, order: Whole) -> pa.Array:
        """A column in its order; one that is the same for all rows of a part costs little."""
        values = [part.get(name) for part in self._parts]
        if any(isinstance(value, pa.Array | np.ndarray) for value in values):
            return self._column(name, kind).take(pa.array(order))
        if all(value is None for value in values):
            return pa.nulls(len(order), kind)
        if all(value == values[0] for value in values):
            return _array(values[0], kind, len(order))
        return pa.concat_arrays([_array(value, kind, 1) for value in values]).take(pa.array(self._part[order]))  # fmt: skip

    def _column(self, name: str, kind: pa.DataType) -> pa.Array:
        parts = [_array(part.get(name), kind, len(some)) for part, some in zip(self._parts, self._hashes, strict=True)]  # fmt: skip
        return pa.concat_arrays(parts)


def arrow_table(spec: TableSpec, columns: Mapping[str, Values], *, n: int) -> Table:
    """Columns as a table of the schema; a column that is not given is null."""
    return pa.Table.from_arrays(
        [_array(columns.get(column.name), column.type, n) for column in spec.columns], schema=spec.arrow
    )


def _array(values: Values, kind: pa.DataType, n: int) -> pa.Array:
    if values is None or n == 0:
        return pa.nulls(n, kind)
    if isinstance(values, np.ndarray):
        return pa.array(values, type=kind, from_pandas=True)
    if isinstance(values, pa.Array):
        return values if values.type == kind else values.cast(kind)
    return pa.repeat(values if isinstance(values, pa.Scalar) else pa.scalar(values, kind), n)


def provenance(file: InputFile, numbers: Whole) -> dict[str, Values]:
    """The three columns that lead back to rows of a file."""
    return {"raw_file": file.label, "raw_row": pa.array(numbers), "raw_digest": str(file.digest)}


def act_maps(acts: Sequence[Mapping[str, float] | None], which: Whole) -> pa.Array:
    """A column ``acts`` from its distinct values and which of them each row has."""
    return pa.array([list((one or {}).items()) for one in acts], type=NUMBER_BY_NAME).take(pa.array(which))


def one_act(act: str | None) -> pa.Scalar:
    """A value of ``acts`` that is the same for every row."""
    return pa.scalar([] if act is None else [(act, 0.0)], type=NUMBER_BY_NAME)


def picked(values: pa.Array, positions: Whole) -> pa.Array:
    """Some rows of a column."""
    return values if len(positions) == len(values) else values.take(pa.array(positions))


def joined(*parts: pa.Array | str, by: str = " ") -> pa.Array:
    """Texts side by side; one that is null is left out with its joint."""
    return pc.binary_join_element_wise(*parts, by, null_handling="skip")
