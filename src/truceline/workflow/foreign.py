"""Strangers' tables into ours: files with the schema's own column names, of which few are needed.

Every problem of a file is told at once. A row with a fault is put aside and counted; a file ends the
run only where no row can be used: a needed column is missing, or nothing is left.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from truceline.base.columns import IntArray
from truceline.base.errors import InputError, Problem
from truceline.base.progress import Progress, silent
from truceline.schema.table import SHAPE, WHOLE, Column, Table, TableSpec
from truceline.sources.csv_blocks import BrokenCsvError, CsvStream, survey
from truceline.sources.formats.layer import FAULT, GEOMETRY, ROW
from truceline.sources.formats.open import open_batches, tell_format
from truceline.sources.source import InputFile
from truceline.workflow.foreign_cells import MOST_WHOLE, Fault, read_cells

_MARKS = (",", ";", "\t", "|")
#: told one by one; of more the number is told
PROBLEMS_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What one kind of table needs of a file, and what it takes where the file is silent.

    needed : columns that must be there and filled. defaults : column → what stands in it otherwise,
    in words; every other column of the schema is optional and null. also : columns that a file may
    have beside the schema's, with what they mean. may_lack_rows : whether a header alone says something.
    """

    spec: TableSpec
    needed: tuple[str, ...]
    defaults: Mapping[str, str]
    also: tuple[Column, ...] = ()
    may_lack_rows: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """All that is read of a file."""
        return (*self.spec.columns, *self.also)


@dataclass(slots=True, kw_only=True)
class Foreign:
    """What was read of one file, before defaults: the columns that it has, each to its type."""

    file: InputFile
    table: Table
    numbers: IntArray  #: (n_rows,) row of the file
    rows_read: int = 0
    problems: list[Problem] = field(default_factory=list)
    quarantined: list[tuple[list[Problem], Mapping[str, Any]]] = field(default_factory=list)
    n_quarantined: int = 0
    unused: tuple[str, ...] = ()

    def keep(self, good: Any) -> None:
        """Leave out rows; good : (n_rows,)."""
        self.table, self.numbers = self.table.filter(pa.array(good)), self.numbers[good]

    def put_aside(self, wrong: Mapping[int, list[Problem]]) -> None:
        """Take rows, by position, out of the table and keep them with what is wrong."""
        if not wrong:
            return
        at = sorted(wrong)
        rows = self.table.take(pa.array(at, type=pa.int64())).to_pylist()
        for position, row in zip(at, rows, strict=True):
            self._quarantine(wrong[position], {k: _shown(v) for k, v in row.items()})
        good = np.ones(self.table.num_rows, dtype=np.bool_)
        good[at] = False
        self.keep(good)

    def _quarantine(self, problems: list[Problem], row: Mapping[str, Any]) -> None:
        self.n_quarantined += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems += problems
            self.quarantined.append((problems, row))


def _shown(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def read_foreign(path: Path, door: Door, *, progress: Progress = silent) -> Foreign:
    """Read one file, every row accounted for.

    Raises
    ------
    InputError
        With every problem found: the file cannot be read, a needed column is missing, a column is
        of a type that cannot be read.
    """
    file = InputFile(path, label=path.name)
    found = Foreign(file=file, table=pa.table({}), numbers=np.zeros(0, dtype=np.int64))
    parts: list[pa.Table] = []
    numbers: list[IntArray] = []
    wanted: list[Column] | None = None
    progress("reading", 0, 1)
    for block in _blocks(file, door, found):
        if wanted is None:
            wanted = _choose_columns(file, block.names, door)
            found.unused = tuple(name for name in block.names if name not in {c.name for c in wanted})
        table, rows = _read_block(found, block, wanted, door)
        parts.append(table)
        numbers.append(rows)
    progress("reading", 1, 1)
    if wanted is None:
        found.table = door.spec.empty().select(list(door.needed))
    else:
        found.table, found.numbers = pa.concat_tables(parts).combine_chunks(), np.concatenate(numbers)
    if not found.table.num_rows and (found.problems or not door.may_lack_rows):
        raise InputError(found.problems or [_without_rows(file, door)])
    return found


def _without_rows(file: InputFile, door: Door) -> Problem:
    return Problem(
        code="file_without_rows", message="the file has no rows", file=file.label,
        expected=f"a header with {', '.join(door.needed)}, and one row or more",
        next_step="Check that the file was written whole; if there is nothing to say, leave the file out",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Rows as the file has them. faults : why a geometry is null though the file has one, or None."""

    numbers: IntArray
    columns: dict[str, pa.Array]
    faults: pa.Array | None = None

    @property
    def names(self) -> list[str]:
        return list(self.columns)


def _none_of(header: Sequence[str]) -> _Block:
    """No rows, of those columns."""
    return _Block(numbers=np.zeros(0, dtype=np.int64), columns={name: pa.array([], pa.string()) for name in header})  # fmt: skip


def _blocks(file: InputFile, door: Door, found: Foreign) -> Iterator[_Block]:
    head = next(iter(file.chunks(1 << 16)), b"")
    has_shape = any(column.type == SHAPE for column in door.columns)
    kind = tell_format(file, head)
    if kind == "csv" and not has_shape:
        yield from _csv_blocks(file, head, door, found)
        return
    notes: list[str] = []
    for batch in open_batches(file, row_numbers=True, notes=notes):
        columns = {name: batch.column(i) for i, name in enumerate(batch.schema.names)}
        rows = np.asarray(columns.pop(ROW).to_numpy(zero_copy_only=False), dtype=np.int64)
        found.rows_read += len(rows)
        yield _Block(numbers=rows, columns=columns, faults=columns.pop(FAULT, None))
    if kind == "parquet" and not found.rows_read:
        yield _none_of(pq.read_schema(io.BytesIO(file.bytes())).names)
    found.problems += [
        Problem(code="row_length", message=note, file=file.label) for note in notes if "fields" in note
    ]


def _csv_blocks(file: InputFile, head: bytes, door: Door, found: Foreign) -> Iterator[_Block]:
    """Delimited text in blocks; rows of another length than the header's are put aside."""
    survey(file)
    first = head.decode("utf-8", "replace").lstrip("\ufeff\r\n").split("\n", 1)[0]
    stream = CsvStream(file, delimiter=max(_MARKS, key=lambda mark: (first.count(mark), -_MARKS.index(mark))))
    if not any(stream.header):
        raise InputError(_without_rows(file, door))
    twice = sorted({name for name in stream.header if stream.header.count(name) > 1})
    if twice:
        raise InputError(
            [Problem(code="column_repeated", message="the header names a column twice", file=file.label, row=1, column=name, expected="each name once", next_step="Rename or take out one of them") for name in twice]
        )  # fmt: skip
    yield _none_of(stream.header)  # the header alone tells which columns there are
    try:
        for block in stream.blocks(stream.header):
            for row, fields, _ in block.other:
                problem = Problem(
                    code="row_length", message="the row has another number of fields than the header", file=file.label, row=row,
                    got=f"{len(fields)} fields", expected=f"{len(stream.header)} fields", next_step="Correct the row; put text with separators in quotes",
                )  # fmt: skip
                found._quarantine([problem], dict(zip(stream.header, fields, strict=False)))
            found.rows_read += len(block.numbers) + len(block.other)
            yield _Block(numbers=np.asarray(block.numbers, dtype=np.int64), columns=block.columns)
    except BrokenCsvError as error:
        problem = Problem(code="file_format", message=str(error), file=file.label, row=error.row, expected="rows of fields with quotes that close", next_step="Correct the row; what follows it was not read")  # fmt: skip
        found._quarantine([problem], {})


def _choose_columns(file: InputFile, names: Sequence[str], door: Door) -> list[Column]:
    """The columns of a file that are read; needed ones that are missing are told all at once."""
    missing = [name for name in door.needed if name not in names]
    problems = []
    for name in missing:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        step = f"Rename the column {near[0]!r}, if that is it" if near else "Add the column"
        problems.append(
            Problem(code="column_missing", message="a needed column is missing", file=file.label, row=1, column=name, got=", ".join(names[:40]), expected=f"{', '.join(door.needed)} (docs/fuse.md lists all columns)", next_step=step)
        )  # fmt: skip
    if problems:
        raise InputError(problems)
    return [column for column in door.columns if column.name in names]


def _read_block(
    found: Foreign, block: _Block, wanted: Sequence[Column], door: Door
) -> tuple[pa.Table, IntArray]:
    """The columns wanted, each to its type; rows with a fault are put aside as they stand in the file."""
    n = len(block.numbers)
    arrays: list[pa.Array] = []
    wrong: dict[int, list[Problem]] = {}
    types: list[Problem] = []
    for column in wanted:
        given = block.columns[column.name]
        if column.type == SHAPE:
            made, faults = given.cast(SHAPE), _shape_faults(block.faults)
        else:
            try:
                made, faults = read_cells(given, column)
            except TypeError as error:
                types.append(_of_type(found.file, column, given.type, str(error)))
                made, faults = pa.nulls(n, column.type), {}
        faults = faults | _out_of_range(made, column)
        if column.name in door.needed:
            absent = np.flatnonzero(pc.is_null(made).to_numpy(zero_copy_only=False))
            empty = Fault(code="value_missing", message="the value is empty", expected="a value")
            faults = {int(k): empty for k in absent} | faults
        for k, fault in faults.items():
            got = _shown(given[k].as_py())
            wrong.setdefault(k, []).append(_problem(found.file, int(block.numbers[k]), column.name, got, fault))  # fmt: skip
        arrays.append(made)
    if types:
        raise InputError(types)
    table = pa.Table.from_arrays(arrays, names=[column.name for column in wanted])
    if not wrong:
        return table, block.numbers
    for k in sorted(wrong):
        row = {name: _shown(values[k].as_py()) for name, values in block.columns.items() if name != GEOMETRY}
        found._quarantine(wrong[k], row)
    good = np.ones(n, dtype=np.bool_)
    good[list(wrong)] = False
    return table.filter(pa.array(good)), block.numbers[good]


def _problem(file: InputFile, row: int, column: str, got: object, fault: Fault) -> Problem:
    return Problem(
        code=fault.code, message=fault.message, file=file.label, row=row, column=column,
        got="" if got is None else str(got)[:80], expected=fault.expected,
        next_step=fault.next_step or "Correct the value; the row was put aside",
    )  # fmt: skip


def _of_type(file: InputFile, column: Column, got: pa.DataType, expected: str) -> Problem:
    naive = pa.types.is_timestamp(got) and got.tz is None
    return Problem(
        code="time_naive" if naive else "value_type", message="the column is of another type", file=file.label,
        column=column.name, got=str(got), expected=expected,
        next_step="Write the times with their zone" if naive else "Convert the column, or write the file as CSV",
    )  # fmt: skip


def _shape_faults(faults: pa.Array | None) -> dict[int, Fault]:
    if faults is None:
        return {}
    return {
        int(k): Fault(code="geometry_invalid", message=str(faults[int(k)].as_py()), expected="a polygon in WGS 84, longitude first")
        for k in np.flatnonzero(pc.is_valid(faults).to_numpy(zero_copy_only=False))
    }  # fmt: skip


def _out_of_range(values: pa.Array, column: Column) -> dict[int, Fault]:
    """Values outside the schema's range or list."""
    faults: dict[int, Fault] = {}
    if column.at_least is not None or column.at_most is not None:
        most = column.at_most if column.at_most is not None or column.type != WHOLE else MOST_WHOLE
        low = -np.inf if column.at_least is None else column.at_least
        high = np.inf if most is None else most
        given = pc.cast(
            values, pa.float64(), safe=False
        )  # beyond 2^53 rounded, which moves nothing over a bound
        inside = pc.and_(pc.greater_equal(given, low), pc.less_equal(given, high))
        outside = np.flatnonzero(pc.fill_null(pc.invert(inside), False).to_numpy(zero_copy_only=False))
        expected = " and ".join(
            text for text in ("" if column.at_least is None else f"≥ {low:g}", "" if most is None else f"≤ {high:.16g}") if text
        )  # fmt: skip
        place = column.name.endswith(("longitude_deg", "latitude_deg"))
        fault = Fault(
            code="place_range" if place else "value_range", message="not a place on Earth" if place else "out of range", expected=expected,
            next_step="See whether longitude and latitude are exchanged" if place else "",
        )  # fmt: skip
        faults |= dict.fromkeys(outside.tolist(), fault)
    if column.one_of:
        known = pc.is_in(values, value_set=pa.array(column.one_of, type=pa.string()))
        unknown = np.flatnonzero(pc.and_(pc.is_valid(values), pc.invert(known)).to_numpy(zero_copy_only=False))  # fmt: skip
        fault = Fault(code="value_unknown", message="not one of the words allowed", expected=" | ".join(column.one_of))  # fmt: skip
        faults |= dict.fromkeys(unknown.tolist(), fault)
    return faults
