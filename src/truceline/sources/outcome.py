"""How a source begins and ends: every usable file, then tables in one order and an account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatch
from typing import Any

import pyarrow.compute as pc

from truceline.base.errors import InputError, Problem
from truceline.base.intervals import format_time
from truceline.base.words import some
from truceline.schema import TABLES
from truceline.schema.table import Record, Table
from truceline.sources.rows import distinct_files
from truceline.sources.source import FileRead, InputFile, ReadContext, SourceTables

#: table → the columns that say when a record's time begins and stops
_TIMES = {
    "observations": ("occurred_from", "occurred_until"),
    "counts": ("window_start", "window_stop"),
    "coverage": ("window_start", "window_stop"),
    "control": ("map_time", "map_time"),
    "claims": ("window_start", "window_stop"),
}


def read_each(
    context: ReadContext,
    tables: SourceTables,
    *,
    read: Callable[[InputFile], None],
    files: Iterable[InputFile] | None = None,
    distinct: bool = True,
) -> None:
    """Call ``read`` on every distinct file; one that cannot be used is left out, and said so.

    Files are taken by label, so that the order in which they were listed changes nothing.
    ``distinct`` is off for maps, where the same bytes under another date are a record of their own.

    Raises
    ------
    InputError
        If no file could be used: every problem of every file.
    """
    chosen = sorted(context.files if files is None else files, key=lambda file: file.label)
    failed: list[Problem] = []
    n_used = 0
    readable = readable_files(chosen, tables, failed=failed)
    for file in distinct_files(readable, tables) if distinct else readable:
        try:
            read(file)
            n_used += 1
        except InputError as error:
            failed += error.problems
            leave_out(file, tables, why=error.problems[0].message)
    if n_used == 0:
        raise InputError(
            failed
            or Problem(code="source_absent", message="the source has no file to read", file=f"source {context.source_id}", expected="at least one file", next_step="Correct the source's `files` in the case")
        )  # fmt: skip
    tables.problems += failed


def readable_files(
    files: Sequence[InputFile], tables: SourceTables, *, failed: list[Problem]
) -> list[InputFile]:
    """Files whose bytes can be had; the problems of the others go to ``failed``."""
    present = []
    for file in files:
        try:
            file.digest  # noqa: B018 - reads the bytes
            present.append(file)
        except InputError as error:
            failed += error.problems
            leave_out(file, tables, why=error.problems[0].message)
    return present


def leave_out(file: InputFile, tables: SourceTables, *, why: str) -> None:
    """Say that a whole file was not used, in its account."""
    account = next((known for known in tables.files if known.file is file), None)
    if account is None:
        account = FileRead(file=file)
        tables.files.append(account)
    account.left_out = why


def matches(file: InputFile, pattern: str) -> bool:
    """Whether a glob pattern fits the file's name, or its label."""
    return fnmatch(file.path.name, pattern) or fnmatch(file.label, pattern)


def conclude(tables: SourceTables, context: ReadContext, **records: Sequence[Record] | Table) -> SourceTables:
    """Build the tables named in ``records`` (unless they are tables) and close the account.

    Rows stand in the order of their time and id, whatever the order of the files and of the
    rows in them. A source without a record in the truce's window says so.
    """
    for name, rows in records.items():
        if not isinstance(rows, Sequence):
            setattr(tables, name, rows)
            continue
        spec = TABLES[name]
        start = _TIMES[name][0]
        ordered = sorted(rows, key=lambda row: (row[start], row[spec.key]))
        setattr(tables, name, spec.from_records(ordered))
    note_repeats(tables)
    note_outside_window(tables, context)
    return tables


def note_repeats(tables: SourceTables) -> None:
    """Say once per file how many of its rows repeat another in full."""
    for account in tables.files:
        if account.rows_repeated:
            tables.problems.append(
                Problem(code="row_repeated", message=f"{some(account.rows_repeated, 'row')} given again in full, counted once", file=account.file.label)
            )  # fmt: skip


def note_outside_window(tables: SourceTables, context: ReadContext) -> None:
    """Add the problem ``source_outside_window`` where no record overlaps the truce's window.

    A coverage row of the reason ``no_data`` is no record: it says that there is none.
    """
    first: datetime | None = None
    last: datetime | None = None
    for name, (start_column, stop_column) in _TIMES.items():
        table = getattr(tables, name)
        if name == "coverage":
            table = table.filter(pc.not_equal(table["reason"], "no_data"))
        if not len(table):
            continue
        start, stop = pc.min(table[start_column]).as_py(), pc.max(table[stop_column]).as_py()
        first = start if first is None else min(first, start)
        last = stop if last is None else max(last, stop)
        if name == "control":
            inside = pc.and_(
                pc.greater_equal(table[start_column], context.window.start),
                pc.less(table[stop_column], context.window.stop),
            )
        else:
            inside = pc.and_(
                pc.less(table[start_column], context.window.stop),
                pc.greater(table[stop_column], context.window.start),
            )
        if pc.any(inside).as_py():
            return
    window = f"{format_time(context.window.start)} to {format_time(context.window.stop)}"
    tables.problems.append(
        Problem(
            code="source_outside_window",
            message="the source has no record in the truce's window",
            file=f"source {context.source_id}",
            got="no record at all"
            if first is None or last is None
            else f"records from {format_time(first)} to {format_time(last)}",
            expected=f"records between {window}",
            next_step="It can say nothing of the window: that is missing, not quiet. Check zone, dates and files if there should be some",
        )
    )


def sentence_list(items: Sequence[Any], *, at_most: int = 12) -> str:
    """Items for a sentence; a long list is cut, with the number left out."""
    shown = [str(item) for item in items[:at_most]]
    rest = len(items) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
