"""Delimited text as columns of text, with a column of WKT as geometries. Nothing is guessed."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from truceline.base.errors import InputError, Problem
from truceline.sources.formats.geometry import find_wkt, first_known, read_wkt
from truceline.sources.formats.layer import FAULT, GEOMETRY, ROW, Layer, ReadOptions, broken
from truceline.sources.source import InputFile

_MARKS = (",", ";", "\t", "|")
_BLOCK_BYTES = 8 << 20


def read_delimited(file: InputFile, content: bytes, options: ReadOptions) -> Layer:
    """A layer of the rows, all text, an empty field being null.

    The separator is the option's, else the one of comma, semicolon, tab and bar that the header
    has most. Rows of another number of fields than the header are left out, with a note.

    Raises
    ------
    InputError
        If it is no text, has no header, or names a column twice.
    """
    encoding = options.encoding or "utf-8"
    try:
        if codecs.lookup(encoding).name != "utf-8":
            content = content.decode(encoding).encode()
    except (LookupError, UnicodeError) as error:
        raise broken(file, f"text in {encoding}", error, code="file_not_text") from error
    content = content.removeprefix(codecs.BOM_UTF8)
    _expect_text(file, content)
    header, delimiter, skip = _open(file, content, options)
    bad: list[tuple[int, int]] = []

    def leave_out(row: Any) -> str:
        bad.append((row.number or 0, row.actual_columns))
        return "skip"

    batches = _stream(file, content, skip, header, delimiter, leave_out)
    first = next(batches, None)
    wkt = srid = None
    if first is not None:
        wkt = find_wkt(header, [first_known(first.column(i)) for i in range(len(header))])
    if first is not None and wkt is not None:
        # the reference system of the first filled text is the layer's
        _, _, srid = read_wkt([first_known(first.column(header.index(wkt)))], file=file, srid=None)
    return Layer(crs=srid, batches=_finished(file, first, batches, options, wkt=wkt, srid=srid, bad=bad))


def _stream(
    file: InputFile,
    content: bytes,
    skip: int,
    header: list[str],
    delimiter: str,
    leave_out: Callable[[Any], str],
) -> Iterator[pa.RecordBatch]:
    try:
        yield from pa_csv.open_csv(
            pa.BufferReader(pa.py_buffer(content).slice(skip)),
            read_options=pa_csv.ReadOptions(column_names=header, use_threads=False, block_size=_BLOCK_BYTES),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=leave_out
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        raise broken(file, "delimited text", error) from error


def _expect_text(file: InputFile, content: bytes) -> None:
    """Refuse bytes that are not UTF-8, before a row is looked at; piece by piece, to spare memory."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content) or 1, _BLOCK_BYTES):
        try:
            decoder.decode(content[start : start + _BLOCK_BYTES], final=start + _BLOCK_BYTES >= len(content))
        except UnicodeDecodeError as wrong:
            at = max(start + wrong.start - 3, 0)  # a sign may begin in the piece before
            row = content.count(b"\n", 0, at) + 1
            raise InputError(
                Problem(code="file_not_text", message=f"the bytes near {at} are not UTF-8", file=file.label, row=row, got=repr(content[at : at + 8]), expected="UTF-8 text", next_step="Convert the file to UTF-8, or set the option `encoding`")
            ) from wrong  # fmt: skip


def _open(file: InputFile, content: bytes, options: ReadOptions) -> tuple[list[str], str, int]:
    """Header, separator, and the byte at which the rows begin."""
    start = content[: 1 << 20].decode("utf-8", "replace")
    line = start.lstrip("\r\n").split("\n", 1)[0]
    delimiter = options.delimiter or max(_MARKS, key=lambda mark: (line.count(mark), -_MARKS.index(mark)))
    lines = io.StringIO(start, newline="")
    reader = csv.reader(iter(lines.readline, ""), delimiter=delimiter)
    try:
        header = next((fields for fields in reader if fields), [])
    except csv.Error as error:
        raise broken(file, "delimited text", error) from error
    header = [name.strip() for name in header]
    if not any(header) or "\0" in "".join(header):
        raise broken(file, "delimited text", "it has no header")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InputError(
            [Problem(code="column_repeated", message="the header names a column twice", file=file.label, row=1, column=name, expected="each name once") for name in twice]
        )  # fmt: skip
    return header, delimiter, len(start[: lines.tell()].encode()) if "\ufffd" not in start else _bytes_of(content, reader.line_num)  # fmt: skip


def _bytes_of(content: bytes, n_lines: int) -> int:
    place = 0
    for _ in range(n_lines):
        place = content.find(b"\n", place) + 1 or len(content)
    return place


def _finished(
    file: InputFile,
    first: pa.RecordBatch | None,
    rest: Iterator[pa.RecordBatch],
    options: ReadOptions,
    *,
    wkt: str | None,
    srid: str | None,
    bad: list[tuple[int, int]],
) -> Iterator[pa.RecordBatch]:
    row = 2
    for whole in itertools.chain([] if first is None else [first], rest):
        for start in range(0, whole.num_rows, options.batch_rows):
            batch = whole.slice(start, options.batch_rows)
            columns = {
                f"{name}_" if name == GEOMETRY and wkt not in (None, GEOMETRY) else name: batch.column(i)
                for i, name in enumerate(batch.schema.names)
            }
            if wkt is not None:
                wkb, faults, _ = read_wkt(columns.pop(wkt).to_pylist(), file=file, srid=srid)
                columns |= {GEOMETRY: wkb, FAULT: faults}
            columns[ROW] = pa.array(np.arange(row, row + batch.num_rows))
            row += batch.num_rows
            yield pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    if bad:
        options.note(
            file, f"{len(bad)} rows have another number of fields than the header and were left out."
        )
