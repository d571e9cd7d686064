"""Workbooks (.xlsx, .xls, .xlsb, .ods) through calamine: one sheet as a layer.

A workbook keeps every number as a float and every date as one too: numbers of a column that are
all whole become int64, cells of a day become date32, cells with a time of day naive timestamps
(a workbook knows no zone). A column that mixes days and moments becomes text, so that midnight is
not invented.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from truceline.base.errors import InputError, Problem
from truceline.sources.formats.archive import Archive, pack, too_large
from truceline.sources.formats.columns import PART_ROWS, as_text, in_parts, join_batches, make_column
from truceline.sources.formats.geometry import find_wkt, read_wkt
from truceline.sources.formats.layer import FAULT, GEOMETRY, ROW, Layer, ReadOptions, broken, choose_layer
from truceline.sources.source import InputFile

#: a row's number in the sheet (the first is 1), and its cells; an empty one is ""
NumberedRow = tuple[int, Sequence[Any]]

#: rows in which a header is looked for
_HEADER_ROWS = 50
#: cells that a run of repeated cells of an .ods may unfold to
MAX_REPEATED_CELLS = 50_000_000
_BLANKS = re.compile(rb">\s+(?=</?table:)")
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
        if "content.xml" in archive.names:
            _check_repeats(file, archive)
            content = _without_blanks(archive)
    try:
        book = load_workbook(io.BytesIO(content))
        seen = [meta.name for meta in book.sheets_metadata if meta.visible == SheetVisibleEnum.Visible]
        wanted = options.sheet or options.layer
        sheets = {name: book.get_sheet_by_name(name) for name in seen} if wanted is None else {}
        filled = [name for name, known in sheets.items() if known.total_height > 0]
        name = choose_layer(book.sheet_names if wanted else filled, wanted, file=file, option="sheet")
        sheet = sheets.get(name) or book.get_sheet_by_name(name)
        left = (sheet.start or (0, 0))[1]
        rows = enumerate(sheet.iter_rows(), start=1)
        top = (sheet.start or (0, 0))[0]
        head = list(itertools.islice(rows, max(options.header_row or 0, top + _HEADER_ROWS)))
        return _layer(file, head, rows, options, left=left, sheet=name)
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        raise broken(file, "workbook", error) from error
    except BaseException as error:  # a panic of the library in Rust is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise broken(file, "workbook", error) from error


def _check_repeats(file: InputFile, archive: Archive) -> None:
    """An .ods may spell a cell once and repeat it a thousand million times."""
    rows_at_once = 1
    total = 0
    for kind, about in re.findall(rb"<table:table-(row|cell)\b([^>]*)>", archive.read("content.xml")):
        repeated = _REPEATED.search(about)
        n = int(repeated[1]) if repeated else 1
        if kind == b"row":
            rows_at_once = n
        elif not about.rstrip().endswith(b"/"):  # an empty cell costs nothing
            total += n * rows_at_once
        if total > MAX_REPEATED_CELLS:
            raise too_large(file)


def _without_blanks(archive: Archive) -> bytes:
    """The .ods without blanks between its rows and cells, which calamine takes for a fault."""
    members = {name: archive.read(name) for name in archive.names}
    members["content.xml"] = _BLANKS.sub(b">", members["content.xml"])
    return pack(members)


def _layer(
    file: InputFile,
    head: Sequence[NumberedRow],
    rest: Iterable[NumberedRow],
    options: ReadOptions,
    *,
    left: int,
    sheet: str,
) -> Layer:
    at = _header_at(file, head, options, sheet=sheet)
    row, cells = head[at]
    names = _header(file, cells, left=left, row=row)
    filled = (one for one in itertools.chain(head[at + 1 :], rest) if one[1].count("") < len(one[1]))
    parts = [_columns(names, part) for part in in_parts(filled, size=PART_ROWS)]
    crs: str | None = None
    if not parts:
        parts = [{name: pa.nulls(0, pa.string()) for _, name in names} | {ROW: pa.array([], pa.int64())}]
    texts = [
        (name, next(filter(None, (_first_text(part[name]) for part in parts)), None)) for _, name in names
    ]
    wkt = find_wkt([name for name, _ in texts], [value for _, value in texts])
    if wkt is not None:
        for part in parts:
            part[GEOMETRY], part[FAULT], crs = read_wkt(_as_one_text(part.pop(wkt)), file=file, srid=crs)
    return Layer(crs=crs, batches=iter(join_batches(parts, batch_rows=options.batch_rows)))


def _first_text(array: pa.Array) -> str | None:
    if array.type != pa.string() or array.null_count == len(array):
        return None
    value: str = array.drop_null()[0].as_py()
    return value


def _as_one_text(array: pa.Array) -> list[str | None]:
    return array.to_pylist() if array.type == pa.string() else [None] * len(array)


def _header_at(file: InputFile, head: Sequence[NumberedRow], options: ReadOptions, *, sheet: str) -> int:
    if options.header_row is not None:
        for at, (row, cells) in enumerate(head):
            if row == options.header_row and any(cell != "" for cell in cells):
                return at
        raise InputError(
            Problem(code="value_range", message=f"the sheet {sheet!r} has nothing in that row", file=file.label, row=options.header_row, column="header_row", got=str(options.header_row), expected="a row with the names of the columns", next_step="Correct the option `header_row`")
        )  # fmt: skip
    used = sum(
        any(cell != "" for cell in column) for column in zip(*(cells for _, cells in head), strict=False)
    )
    empty = True
    for at, (row, cells) in enumerate(head):
        if sum(isinstance(cell, str) and bool(cell.strip()) for cell in cells) * 2 >= max(used, 1):
            if not empty:
                options.note(file, f"the header is row {row} of the sheet {sheet!r}; what stands above it was passed over.")  # fmt: skip
            return at
        empty &= all(cell == "" for cell in cells)
    raise InputError(
        Problem(code="column_missing", message=f"no row of the sheet {sheet!r} looks like a header", file=file.label, row=head[0][0] if head else 1, expected="a row of names above the values", next_step="Set the option `header_row`")
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
    by_column = list(zip(*rows, strict=True)) if len({*map(len, rows)}) == 1 else []
    columns = {
        name: make_column(
            _cells(
                by_column[i] if i < len(by_column) else [row[i] if i < len(row) else None for row in rows]
            ),
            whole_floats=True,
        )
        for i, name in names
    }
    columns[ROW] = pa.array([number for number, _ in part], pa.int64())
    return columns


def _cells(values: Sequence[Any]) -> Sequence[Any]:
    if str not in set(map(type, values)):
        return values
    return [(value.strip() or None) if isinstance(value, str) else value for value in values]
