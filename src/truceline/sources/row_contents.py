"""Single rows of a file, found again by the numbers that their reader gave them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import compress
from typing import Any

import numpy as np

from truceline.sources.batches import open_csv
from truceline.sources.formats.recoded import RecodedFile
from truceline.sources.rows import Sheet, other_delimiter
from truceline.sources.source import InputFile, ReadContext, Source, SourceTables
from truceline.sources.table import TableOptions
from truceline.sources.table_files import open_table

Contents = dict[int, dict[str, Any]]


def row_contents(
    file: InputFile,
    numbers: Collection[int],
    *,
    source: Source | None = None,
    context: ReadContext | None = None,
) -> Contents | None:
    """Row number → its fields by name, for those of ``numbers`` that the file has.

    ``source`` and ``context``: the plug-in that read the file, with its options. Without them a delimited
    file is taken to be UTF-8, and its delimiter told by the header. None: rows of such a file are not shown.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    if source is not None and context is not None and isinstance(source.options, TableOptions):
        return dict(_of_table(file, numbers, source.options, context))
    name = file.path.name.removesuffix(".gz").casefold()
    if name.endswith((".csv", ".tsv", ".txt")):
        options = None if source is None else source.options
        delimiter = getattr(options, "delimiter", None)
        encoding = getattr(options, "encoding", None)
        given = RecodedFile(file, encoding=encoding, header_row=None) if encoding else file
        return dict(_of_csv(given, numbers, delimiter=delimiter))
    if name.endswith((".json", ".geojson")):
        records = _records(Sheet(file, SourceTables()).json_value())
        if records is not None:
            return {number: row for number, row in enumerate(records, start=1) if number in numbers and isinstance(row, dict)}  # fmt: skip
    return None


def _of_table(
    file: InputFile, numbers: Collection[int], options: TableOptions, context: ReadContext
) -> Iterator[tuple[int, dict[str, Any]]]:
    opened = open_table(file, options, tables=SourceTables(), context=context)
    if opened.grid is not None:
        rows = [opened.grid.row(at) for at, number in enumerate(opened.grid.numbers) if number in numbers]
    else:
        rows = [
            batch.row(at)
            for batch in opened.batches
            for at in np.flatnonzero(np.isin(batch.numbers, list(numbers))).tolist()
        ]
    for row in rows:
        yield row.number, {name: value for name, value in row.values.items() if name not in row.sheet.made_of}


def _of_csv(
    file: InputFile, numbers: Collection[int], *, delimiter: str | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    stream = open_csv(Sheet(file, SourceTables()), columns=(), delimiter=delimiter or ",")
    other = other_delimiter(stream.header)
    if delimiter is None and other is not None:
        stream = open_csv(Sheet(file, SourceTables()), columns=(), delimiter=other)
    for block in stream.blocks([]):
        wanted = np.isin(block.numbers, list(numbers))
        for at in compress(range(len(wanted)), wanted.tolist()):
            yield int(block.numbers[at]), dict(zip(stream.header, block.fields(at), strict=True))


def _records(value: Any) -> list[Any] | None:
    """A list of records, or the features of a collection; None where it is neither."""
    if isinstance(value, dict) and isinstance(value.get("features"), list):
        return [
            {**(one.get("properties") or {}), "geometry": one.get("geometry")}
            if isinstance(one, dict)
            else one
            for one in value["features"]
        ]
    return value if isinstance(value, list) else None
