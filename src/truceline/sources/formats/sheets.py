"""Workbooks (.xlsx, .xls, .xlsb, .ods) through calamine: one sheet as a layer.

A workbook keeps every number as a float and every date as one too: numbers of a column that are
all whole become int64, cells of a day become date32, cells with a time of day naive timestamps
(a workbook knows no zone). A column that mixes days and moments becomes text, so that midnight is
not invented.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from truceline.base.errors import InputError, Problem
from truceline.sources.formats.archive import Archive, too_large
from truceline.sources.formats.columns import as_text, in_parts, join_batches, make_column
from truceline.sources.formats.geometry import find_wkt, read_wkt
from truceline.sources.formats.layer import FAULT, GEOMETRY, ROW, Layer, ReadOptions, broken, choose_layer
from truceline.sources.source import InputFile

#: rows in which a header is looked for
_HEADER_ROWS = 50
#: cells that a run of repeated cells of an .ods may unfold to
MAX_REPEATED_CELLS = 50_000_000
_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated\s*=\s*["\'](\d+)["\']')


def read_sheet(
    file: InputFile, content: bytes, options: ReadOptions, *, archive: Archive | None = None
) -> Layer:
    """A layer of one sheet.

    The header is the row of the option ``header_row`` (1 is the sheet's first), else the first row
    in which at least half of the used columns hold text: titles above it, which fill a cell or a
    merged one, are passed over. Rows and columns without anything are left out; merged cells below
    the header hold their value in the first cell alone.

    Raises
    ------
    InputError
        If it is no workbook, is locked, or has several sheets and none is named.
    """
    from python_calamine import CalamineError, SheetVisibleEnum, load_workbook

    if archive is not None:
        archive.check()
        _check_repeats(file, archive)
    try:
        book = load_workbook(io.BytesIO(content))
        seen = [meta.name for meta in book.sheets_metadata if meta.visible == SheetVisibleEnum.Visible]
        filled = [name for name in seen if book.get_sheet_by_name(name).total_height > 0]
        wanted = options.sheet or options.layer
        name = choose_layer(book.sheet_names if wanted else filled, wanted, file=file, option="sheet")
        sheet = book.get_sheet_by_name(name)
        top, left = sheet.start or (0, 0)
        rows: list[list[Any]] = sheet.to_python(skip_empty_area=True)
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        raise broken(file, "workbook", error) from error
    except BaseException as error:  # a panic of the library in Rust is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise broken(file, "workbook", error) from error
    return _layer(file, rows, options, first_row=top + 1, left=left, sheet=name)


def _check_repeats(file: InputFile, archive: Archive) -> None:
    """An .ods may spell a cell once and repeat it a thousand million times."""
    for name in archive.names:
        if name != "content.xml":
            continue
        rows_at_once = 1
        total = 0
        for tag in re.findall(rb"<table:table-(row|cell)\b([^>]*)>", archive.read(name)):
            repeated = _REPEATED.search(tag[1])
            n = int(repeated[1]) if repeated else 1
            if tag[0] == b"row":
                rows_at_once = n
            elif not tag[1].rstrip().endswith(b"/"):  # an empty cell costs nothing
                total += n * rows_at_once
            if total > MAX_REPEATED_CELLS:
                raise too_large(file)


def _layer(
    file: InputFile, rows: list[list[Any]], options: ReadOptions, *, first_row: int, left: int, sheet: str
) -> Layer:
    at = _header_at(file, rows, options, first_row=first_row, sheet=sheet)
    names = _header(file, rows[at], left=left, row=first_row + at)
    numbered = (
        (first_row + at + 1 + i, row)
        for i, row in enumerate(rows[at + 1 :])
        if any(cell != "" for cell in row)
    )
    parts = [_columns(names, part) for part in in_parts(numbered, size=options.batch_rows)]
    crs: str | None = None
    if not parts:
        parts = [{name: pa.nulls(0, pa.string()) for _, name in names} | {ROW: pa.array([], pa.int64())}]
    texts = [(name, [_as_one_text(part[name]) for part in parts]) for _, name in names]
    wkt = find_wkt(
        [name for name, _ in texts],
        [next((value for array in arrays for value in array if value), None) for _, arrays in texts],
    ) if len(parts[0][ROW]) else None  # fmt: skip
    if wkt is not None:
        for part in parts:
            part[GEOMETRY], part[FAULT], crs = read_wkt(_as_one_text(part.pop(wkt)), file=file, srid=crs)
    return Layer(crs=crs, batches=iter(join_batches(parts)))


def _as_one_text(array: pa.Array) -> list[str | None]:
    return array.to_pylist() if array.type == pa.string() else [None] * len(array)


def _header_at(
    file: InputFile, rows: Sequence[Sequence[Any]], options: ReadOptions, *, first_row: int, sheet: str
) -> int:
    if options.header_row is not None:
        at = options.header_row - first_row
        if 0 <= at < len(rows):
            return at
        raise InputError(
            Problem(code="value_range", message=f"the sheet {sheet!r} has nothing in that row", file=file.label, row=options.header_row, column="header_row", got=str(options.header_row), expected=f"{first_row} to {first_row + len(rows) - 1}", next_step="Correct the option `header_row`")
        )  # fmt: skip
    width = max((len(row) for row in rows), default=0)
    used = sum(any(i < len(row) and row[i] != "" for row in rows[:_HEADER_ROWS]) for i in range(width))
    for at, row in enumerate(rows[:_HEADER_ROWS]):
        if sum(isinstance(cell, str) and bool(cell.strip()) for cell in row) * 2 >= max(used, 1):
            if at:
                options.note(file, f"the header is row {first_row + at} of the sheet {sheet!r}; what stands above it was passed over.")  # fmt: skip
            return at
    raise InputError(
        Problem(code="column_missing", message=f"no row of the sheet {sheet!r} looks like a header", file=file.label, row=first_row, expected="a row of names above the values", next_step="Set the option `header_row`")
    )  # fmt: skip


def _header(file: InputFile, cells: Sequence[Any], *, left: int, row: int) -> list[tuple[int, str]]:
    """Position and name of every column; one without a name is called by its letter."""
    names = []
    for i, cell in enumerate(cells):
        text = " ".join((as_text(cell) or "").split())
        names.append((i, text or _letter(left + i)))
    only = [name for _, name in names]
    twice = sorted({name for name in only if only.count(name) > 1})
    if twice:
        raise InputError(
            [Problem(code="column_repeated", message="the header names a column twice", file=file.label, row=row, column=name, expected="each name once", next_step="Rename one of the two") for name in twice]
        )  # fmt: skip
    return names


def _letter(position: int) -> str:
    text = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(65 + rest) + text
    return text


def _columns(
    names: Sequence[tuple[int, str]], part: Sequence[tuple[int, Sequence[Any]]]
) -> dict[str, pa.Array]:
    rows = [row for _, row in part]
    columns = {
        name: make_column([_cell(row[i]) if i < len(row) else None for row in rows], whole_floats=True)
        for i, name in names
    }
    columns[ROW] = pa.array([number for number, _ in part], pa.int64())
    return columns


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    return value
