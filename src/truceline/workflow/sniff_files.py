"""How a stranger's file is to be opened: its encoding, what separates its fields, where its header stands."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from truceline.base.errors import InputError
from truceline.base.intervals import Interval
from truceline.base.language import _
from truceline.sources.source import InputFile, ReadContext, SourceTables
from truceline.sources.table import TableOptions
from truceline.sources.table_batches import grid_batch
from truceline.sources.table_files import open_table, tell_format

_HEAD_BYTES = 262_144
_LOOKED_BYTES = 4 << 20
_HEAD_ROWS = 40
#: options that are needed before a header can be read
OPENING = ("encoding", "header_row", "layer", "crs", "delimiter")
_MARKS = ",;\t|"
_NUMBER = re.compile(r"[-+]?[\d.,]+")
_HEADER_NOTE = re.compile(r"the header is row (\d+) of the sheet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something that the file cannot tell by itself: an option of ``table`` and what it may be."""

    option: str
    flag: str  #: of the command line
    question: str
    likely: tuple[str, ...] = ()
    proposal: str | None = None  #: None: nothing can be proposed safely


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTable:
    """A table as ``table`` reads it with these options."""

    kind: str
    header: tuple[str, ...]
    columns: dict[str, pa.Array]
    has_points: bool
    n_rows: int
    options: dict[str, Any]
    remarks: tuple[str, ...] = ()


def check_option(name: str, text: str) -> Any:
    """An option of ``table`` as it was typed, if it can be meant.

    Raises
    ------
    ValueError
        If it cannot.
    """
    value: Any = int(text) if name == "header_row" else text
    try:
        return getattr(TableOptions.model_validate({"table": "observations", name: value}), name)
    except ValidationError as error:
        why = "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
        raise ValueError(why) from error


def ways_to_open(path: Path, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Choice]]:
    """Options by which a file can be opened, beside those ``given``; what must be asked before."""
    options = {name: value for name, value in given.items() if name in OPENING}
    file = InputFile(path, label=path.name)
    if tell_format(file, TableOptions(table="observations")) == "csv":
        return _ways_of_text(file, options)
    try:
        _open(file, options)
    except InputError as error:
        unnamed = [problem for problem in error.problems if problem.code == "layer_unnamed"]
        if not unnamed or "layer" in options:
            raise
        names = unnamed[0].expected.removeprefix("one of: ")
        return options, [Choice(option="layer", flag="--layer", question=_("Which layer or sheet? ({names})").format(names=names), likely=tuple(names.split(", ")))]  # fmt: skip
    return options, []


def _ways_of_text(file: InputFile, options: dict[str, Any]) -> tuple[dict[str, Any], list[Choice]]:
    head = next(iter(file.chunks(_HEAD_BYTES)), b"")
    if "encoding" not in options:
        told = tell_encoding(head, file)
        if told in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
            options["encoding"] = told
        elif told is not None:
            return options, [
                Choice(option="encoding", flag="--encoding", question=_("The text is not UTF-8. Its encoding? As {encoding} it holds: {words}").format(encoding=told, words=_sample(head, told)), likely=tuple(dict.fromkeys((told, "cp1251", "latin-1", "cp1252", "cp1250", "cp1256", "koi8-r", "cp866"))), proposal=told)
            ]  # fmt: skip
    text = head.decode(options.get("encoding", "utf-8-sig"), errors="replace")
    delimiter, row = tell_shape(text)
    options.setdefault("delimiter", delimiter)
    if row > 1 and "header_row" not in options:
        line = text.split("\n")[row - 1].strip()[:80]
        return options, [
            Choice(option="header_row", flag="--header-row", question=_("Row of the header? Row {row} is {line}").format(row=row, line=repr(line)), proposal=str(row))
        ]  # fmt: skip
    return options, []


def tell_encoding(head: bytes, file: InputFile) -> str | None:
    """None where the text is UTF-8; else what its bytes look like."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if (order := _two_byte_order(head)) is not None:
        return order
    content = _no_utf8(file)
    if content is None:
        return None
    # words of a script of their own are all such letters; accents stand among letters of ASCII
    words = re.findall(rb"[A-Za-z\x80-\xff]{2,}", content)
    n_high = {word: sum(byte > 127 for byte in word) for word in set(words)}
    own = b"".join(re.sub(rb"[A-Za-z]", b"", word) for word in words if n_high[word] * 2 > len(word))
    if len(own) * 2 <= sum(n_high[word] for word in words):
        return "cp1252" if re.search(rb"[\x80-\x9f]", content) else "latin-1"
    with_article = sum(
        word.startswith(b"\xc7\xe1") for word in words
    )  # Arabic's, the commonest start of a word
    if with_article * 5 > sum(n_high[word] * 2 > len(word) for word in words):
        return "cp1256"
    return _tell_script(own)


def _two_byte_order(head: bytes) -> str | None:
    """UTF-16 without a mark: letters of ASCII have NUL for one of their bytes, always the same one."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if 4 * max(even, odd) < len(head) // 2 or min(even, odd) * 50 > max(even, odd):
        return None
    text = head[: len(head) // 2 * 2].decode(order := "utf-16-le" if odd > even else "utf-16-be", "replace")
    return order if "\n" in text and "\ufffd" not in text[:-1] else None


def _no_utf8(file: InputFile) -> bytes | None:
    """A few megabytes from where the file stops being UTF-8; None where it is UTF-8 to its end."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    chunks, chunk = file.chunks(_LOOKED_BYTES), b""
    try:
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return chunk + next(chunks, b"")
    return None


def _tell_script(own: bytes) -> str:
    """The encoding in which the commonest letters, the small ones, stand where these bytes do."""
    if not own:  # no letters at all, only signs such as that of degrees
        return "latin-1"
    share = {
        rows: sum(byte >> 4 in rows for byte in own) / len(own) for rows in ((8, 9, 10), (12, 13), (14, 15))
    }
    if share[8, 9, 10] > 0.4:
        return "cp866"
    if share[12, 13] > 0.65:
        return "koi8-r"
    return "cp1251" if share[14, 15] > 0.55 else "cp1256"


def _sample(head: bytes, encoding: str) -> str:
    words = re.findall(r"\w*[^\W\x00-\x7f]\w*", head.decode(encoding, errors="replace"))
    return ", ".join(dict.fromkeys(words[:4])) or _("no letters")


def tell_shape(text: str) -> tuple[str, int]:
    """What separates fields, and the row at which the header stands.

    Of comma, semicolon, tab and bar the one that cuts most rows into the same number of fields; the
    header is the first row of that number that has no empty cell and no number.
    """
    best = (0.0, ",", 1)
    for order, mark in enumerate(_MARKS):
        rows = _rows(text, mark)
        widths = Counter(len(cells) for _, cells in rows if len(cells) > 1)
        if not widths:
            continue
        width, n = max(widths.items(), key=lambda item: (item[1], item[0]))
        score = n / max(len(rows), 1) + width / 1000 - order / 10_000
        fitting = [(line, cells) for line, cells in rows if len(cells) == width]
        at = next((line for gaps in (False, True) for line, cells in fitting if _is_header(cells, gaps=gaps)), None)  # fmt: skip
        if score > best[0]:
            best = (score, mark, at or next(line for line, cells in rows if any(cells)))
    return best[1], best[2] if best[0] else 1


def _rows(text: str, mark: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    rows: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((start, cells))
            start = reader.line_num + 1
            if len(rows) == _HEAD_ROWS:
                break
    except csv.Error:
        pass
    return rows


def _is_header(cells: list[str], *, gaps: bool) -> bool:
    """Whether a row names columns: no numbers, and every cell filled, or with ``gaps`` most of them."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    enough = len(filled) * 3 >= len(cells) * 2 if gaps else len(filled) == len(cells)
    return enough and not any(_NUMBER.fullmatch(cell) for cell in filled)


def open_columns(path: Path, options: Mapping[str, Any]) -> OpenedTable:
    """The whole table through the door by which ``table`` will read it.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    return _open(InputFile(path, label=path.name), options)


def _open(file: InputFile, options: Mapping[str, Any]) -> OpenedTable:
    made = TableOptions.model_validate({"table": "observations", **options})
    day = Interval(datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 2, tzinfo=UTC))
    context = ReadContext(source_id="new", files=(file,), span=day, window=day, parties=(), acts=(), area_by_name={})  # fmt: skip
    tables = SourceTables()
    opened = open_table(file, made, tables=tables, context=context)
    batches = [grid_batch(opened.grid)[0]] if opened.grid is not None else list(opened.batches)
    columns = {name: pa.chunked_array([batch.columns[name] for batch in batches]).combine_chunks() for name in opened.header if batches and name in batches[0].columns}  # fmt: skip
    columns = {name: values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values for name, values in columns.items()}  # fmt: skip
    kept = dict(options)
    remarks = []
    for note in tables.notes:
        if found := _HEADER_NOTE.search(note):
            kept.setdefault("header_row", int(found[1]))
            remarks.append(_("The header is taken to be row {n}; what stands above it is passed over (--header-row).").format(n=found[1]))  # fmt: skip
    remarks += [problem.message for problem in tables.problems if problem.code in ("column_repeated", "column_missing")]  # fmt: skip
    return OpenedTable(
        kind=tell_format(file, made),
        header=tuple(opened.header),
        columns=columns,
        has_points=opened.has_points,
        n_rows=sum(len(batch) for batch in batches),
        options=kept,
        remarks=tuple(remarks),
    )
