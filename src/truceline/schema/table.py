"""A table's schema and its check: what is not to its schema never passes an edge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.errors import InputError, Problem

Table: TypeAlias = pa.Table
Record: TypeAlias = dict[str, Any]

TEXT = pa.string()
TIME = pa.timestamp("us", tz="UTC")
NUMBER = pa.float64()
WHOLE = pa.int64()
YES_NO = pa.bool_()
SHAPE = pa.binary()  # WKB, WGS 84, longitude first
TEXTS = pa.list_(pa.string())
NUMBER_BY_NAME = pa.map_(pa.string(), pa.float64())


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name carries the unit, ``meaning`` says the rest."""

    name: str
    type: pa.DataType
    meaning: str
    required: bool = False
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """A named, versioned schema.

    ``intervals`` names pairs of time columns that are half-open intervals; ``key`` is unique.
    """

    name: str
    version: int
    meaning: str
    columns: tuple[Column, ...]
    key: str
    intervals: tuple[tuple[str, str], ...] = ()

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema; name and version stand in its metadata."""
        fields = [pa.field(column.name, column.type, nullable=not column.required) for column in self.columns]
        return pa.schema(
            fields, metadata={"truceline.table": self.name, "truceline.version": str(self.version)}
        )

    def empty(self) -> Table:
        """A table without rows."""
        return self.arrow.empty_table()

    def from_records(self, records: Sequence[Mapping[str, Any]]) -> Table:
        """Build a table from mappings; a column that a record lacks is null.

        Raises
        ------
        InputError
            If a record has a key that is no column, or a value of the wrong type.
        """
        names = {column.name for column in self.columns}
        unknown = sorted({key for record in records for key in record} - names)
        if unknown:
            raise InputError(self._problem(f"unknown columns {unknown}"))
        data = {column.name: [record.get(column.name) for record in records] for column in self.columns}
        try:
            arrays = [pa.array(data[column.name], type=column.type) for column in self.columns]
        except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError) as error:
            raise InputError(self._problem(str(error))) from error
        return pa.Table.from_arrays(arrays, schema=self.arrow)

    def concat(self, tables: Iterable[Table]) -> Table:
        """One table from many, in their order."""
        return pa.concat_tables([self.empty(), *tables]).combine_chunks()

    def check(self, table: Table) -> Table:
        """Return ``table`` if it is to this schema.

        Raises
        ------
        InputError
            With every fault found: columns, types, nulls, ranges, vocabularies, intervals, key.
        """
        want = self.arrow
        if table.schema.names != want.names or any(
            table.schema.field(name).type != want.field(name).type for name in want.names
        ):
            got = ", ".join(f"{f.name}: {f.type}" for f in table.schema)
            raise InputError(self._problem("columns or types differ", got=got, expected=str(want.names)))
        problems = [
            problem for column in self.columns for problem in self._check_column(table[column.name], column)
        ]
        for start, stop in self.intervals:
            wrong = pc.fill_null(pc.less_equal(table[stop], table[start]), False)
            problems += self._faults(
                wrong, stop, f"{stop} is not after {start}", "an interval that stops after it starts"
            )
        keys = table[self.key]
        if pc.count_distinct(keys, mode="all").as_py() != len(keys):
            problems.append(self._problem("a key stands twice", column=self.key, expected="unique values"))
        if problems:
            raise InputError(problems)
        return table

    def _check_column(self, values: pa.ChunkedArray, column: Column) -> list[Problem]:
        problems: list[Problem] = []
        if column.required and values.null_count:
            problems += self._faults(pc.is_null(values), column.name, "null in a required column", "a value")
        if column.at_least is not None:
            wrong = pc.fill_null(pc.invert(pc.greater_equal(values, column.at_least)), False)
            problems += self._faults(wrong, column.name, "below its range", f"≥ {column.at_least:g}")
        if column.at_most is not None:
            wrong = pc.fill_null(pc.invert(pc.less_equal(values, column.at_most)), False)
            problems += self._faults(wrong, column.name, "above its range", f"≤ {column.at_most:g}")
        if column.one_of:
            allowed = pa.array(column.one_of, type=pa.string())
            wrong = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=allowed)))
            problems += self._faults(wrong, column.name, "unknown word", " | ".join(column.one_of))
        return problems

    def _faults(self, wrong: pa.ChunkedArray, column: str, message: str, expected: str) -> list[Problem]:
        rows = pc.indices_nonzero(wrong).to_pylist()
        return [self._problem(message, row=row + 1, column=column, expected=expected) for row in rows]

    def _problem(self, message: str, **rest: Any) -> Problem:
        return Problem(
            code="schema_mismatch", message=message, file=f"table {self.name} v{self.version}", **rest
        )


def provenance_columns() -> tuple[Column, ...]:
    """The three columns that lead from a record down to a row of a named file."""
    return (
        Column(name="raw_file", type=TEXT, required=True, meaning="label of the file that held the record"),
        Column(name="raw_row", type=WHOLE, required=True, at_least=0, meaning="line in that file (header = 1); for JSON the record's position; 0 = the whole file"),
        Column(name="raw_digest", type=TEXT, required=True, meaning="SHA-256 of that file"),
    )  # fmt: skip


def signed_columns() -> tuple[Column, ...]:
    """Who signed a record of a register, its three times, and where it stands."""
    return (
        Column(name="key", type=TEXT, required=True, meaning="name of the key that signed"),
        Column(name="said_at", type=TIME, required=True, meaning="when it was said, by the signer's clock"),
        Column(name="received_at", type=TIME, required=True, meaning="when the desk received it"),
        Column(name="logged_at", type=TIME, required=True, meaning="when it was logged"),
        Column(name="raw_file", type=TEXT, required=True, meaning="label of the register"),
        Column(name="raw_row", type=WHOLE, required=True, at_least=1, meaning="line in the register"),
    )


def records(table: Table) -> list[Record]:
    """Rows as mappings; a map column becomes a dict."""
    maps = [field.name for field in table.schema if pa.types.is_map(field.type)]
    rows: list[Record] = table.to_pylist()
    for row in rows:
        for name in maps:
            if row[name] is not None:
                row[name] = dict(row[name])
    return rows


def within(table: Table, *, start_column: str, stop_column: str, start: datetime, stop: datetime) -> Table:
    """Rows whose interval overlaps ``[start, stop)``."""
    keep = pc.and_(
        pc.less(table[start_column], pa.scalar(stop, TIME)),
        pc.greater(table[stop_column], pa.scalar(start, TIME)),
    )
    return table.filter(keep)
