"""Columns of many batches into one table of a schema, in one order, with an id for each record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.schema.table import NUMBER_BY_NAME, Table, TableSpec
from truceline.sources.columns import Hashes, Reals, Whole, ids_of
from truceline.sources.source import InputFile

#: a column: an array, one value for every row, or numbers of which NaN is none
Values: TypeAlias = pa.Array | str | float | Reals | None


class Gathered:
    """Rows used so far; ``word`` begins their ids."""

    def __init__(self, spec: TableSpec, *, word: str, start: str) -> None:
        self.spec = spec
        self.word = word
        self.start = start
        self._parts: list[Table] = []
        self._hashes: list[Hashes] = []

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def add(self, columns: Mapping[str, Values], hashes: Hashes) -> None:
        """Add rows: every column but the key."""
        self._parts.append(arrow_table(self.spec, {**columns, self.spec.key: ""}, n=len(hashes)))
        self._hashes.append(hashes)

    def table(self) -> Table:
        """All rows, ordered by time and id, whatever the order of files and rows."""
        whole = pa.concat_tables([self.spec.empty(), *self._parts]).combine_chunks()
        hashes = np.concatenate([np.zeros(0, np.uint64), *self._hashes])
        at = whole.schema.get_field_index(self.spec.key)
        whole = whole.set_column(at, whole.schema.field(at), pa.chunked_array([ids_of(self.word, hashes)]))
        starts = whole[self.start].cast(pa.int64()).to_numpy()
        order = np.lexsort((hashes, starts))
        if (order[1:] < order[:-1]).any():
            whole = whole.take(pa.array(order))
        return whole.replace_schema_metadata(self.spec.arrow.metadata)


def arrow_table(spec: TableSpec, columns: Mapping[str, Values], *, n: int) -> Table:
    """Columns as a table of the schema; a column that is not given is null."""
    return pa.Table.from_arrays(
        [_array(columns.get(column.name), column.type, n) for column in spec.columns], schema=spec.arrow
    )


def _array(values: Values, kind: pa.DataType, n: int) -> pa.Array:
    if values is None:
        return pa.nulls(n, kind)
    if isinstance(values, np.ndarray):
        return pa.array(values, type=kind, from_pandas=True)
    if isinstance(values, pa.Array):
        return values if values.type == kind else values.cast(kind)
    return pa.repeat(pa.scalar(values, kind), n)


def provenance(file: InputFile, numbers: Whole) -> dict[str, Values]:
    """The three columns that lead back to rows of a file."""
    return {"raw_file": file.label, "raw_row": pa.array(numbers), "raw_digest": str(file.digest)}


def act_maps(acts: Sequence[Mapping[str, float] | None], which: Whole) -> pa.Array:
    """A column ``acts`` from its distinct values and which of them each row has."""
    return pa.array([list((one or {}).items()) for one in acts], type=NUMBER_BY_NAME).take(pa.array(which))


def one_act(act: str | None, n: int) -> pa.Array:
    """A column ``acts`` that is the same for every row."""
    return act_maps([{} if act is None else {act: 0.0}], np.zeros(n, np.int64))


def picked(values: pa.Array, positions: Whole) -> pa.Array:
    """Some rows of a column."""
    return values if len(positions) == len(values) else values.take(pa.array(positions))


def joined(*parts: pa.Array | str, by: str = " ") -> pa.Array:
    """Texts side by side; one that is null is left out with its joint."""
    return pc.binary_join_element_wise(*parts, by, null_handling="skip")
