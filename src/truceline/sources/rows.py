"""Rows of a delimited text file or a list of JSON records, with an account of every one.

A source takes a row, asks it for values, and calls ``use`` on it; a row with a problem is
quarantined instead. The four outcomes (used, outside, repeated, quarantined) add up.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from truceline.base.canonical import canonical_json
from truceline.base.errors import InputError, Problem
from truceline.sources.csv_blocks import NEVER_CLOSED, stays_open
from truceline.sources.long_rows import LongRows
from truceline.sources.nul_bytes import MARK, NulBytes, count_nuls, is_torn, joined_text
from truceline.sources.source import FileRead, InputFile, Quarantined, SourceTables
from truceline.sources.values import Values

#: a quarantined row is kept up to this length: a quote that never closes can swallow a file
CONTENT_CHARACTERS = 10_000


def _as_text(values: Mapping[str, Any]) -> str:
    """A record as canonical JSON, whatever it holds, so that it can be shown."""
    try:
        text = canonical_json(dict(values))
    except (TypeError, ValueError):
        text = canonical_json({str(key): repr(value) for key, value in values.items()})
    return text[:CONTENT_CHARACTERS]


class Row(Values):
    """One record: typed reading that notes what is wrong instead of raising."""

    def __init__(self, sheet: Sheet, number: int, values: Mapping[str, Any]) -> None:
        self.sheet = sheet
        self.number = number
        self.values = values
        self.problems: list[Problem] = []
        self._settled = False

    # -- outcomes --------------------------------------------------------------------------
    def wrong(
        self,
        code: str,
        message: str,
        *,
        column: str = "",
        got: str = "",
        expected: str = "",
        next_step: str = "",
    ) -> None:
        """Note a problem of this row; it will be quarantined."""
        if column in self.sheet.made_of:
            cells = self.sheet.made_of[column]
            column, got = " + ".join(cells), self._as_it_stands(cells, got)
        self.problems.append(
            Problem(code=code, message=message, file=self.sheet.file.label, row=self.number, column=column, got=got, expected=expected, next_step=next_step)
        )  # fmt: skip

    def _as_it_stands(self, cells: tuple[str, ...], got: str) -> str:
        """The cells of the file that a value was made of, and the value where it is another."""
        texts = ["" if self.values.get(name) is None else str(self.values[name]) for name in cells]
        if len(cells) > 1:
            return ", ".join(f"{name}: {text or '(empty)'}" for name, text in zip(cells, texts, strict=True))
        return texts[0] if got in ("", texts[0]) else f"{texts[0]} (read as {got})"

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.problems

    def use(self) -> None:
        """Count the row as used."""
        self._settle()
        self.sheet.account.rows_used += 1

    def outside(self) -> None:
        """Count the row as outside the case's span or region: read, sound, not needed."""
        self._settle()
        self.sheet.account.rows_outside += 1

    def repeated(self) -> None:
        """Count the row as a repetition of an earlier one."""
        self._settle()
        self.sheet.account.rows_repeated += 1

    def _settle(self) -> None:
        if self._settled:
            raise RuntimeError(f"row {self.number} of {self.sheet.file.label} was settled twice")
        self._settled = True

    def close(self) -> None:
        """Quarantine the row if a problem was noted (called by the sheet).

        Raises
        ------
        RuntimeError
            If a sound row was neither used nor left out: a row would be lost without a word.
        """
        if self._settled:
            return
        if self.ok:
            raise RuntimeError(f"row {self.number} of {self.sheet.file.label} was dropped without a reason")
        self._settle()
        self.sheet.account.rows_quarantined += 1
        values = {name: value for name, value in self.values.items() if name not in self.sheet.made_of}
        self.sheet.tables.quarantined.append(
            Quarantined(problems=tuple(self.problems), content=_as_text(values))
        )

    @property
    def provenance(self) -> dict[str, Any]:
        """The three columns that lead back to this row."""
        return {
            "raw_file": self.sheet.file.label,
            "raw_row": self.number,
            "raw_digest": self.sheet.file.digest,
        }


class Sheet:
    """The rows of one file; iterate over it, settling each row.

    With ``deferred`` the source settles rows after it has seen them all, and closes the unsound.
    ``made_of`` names the columns that were put together of others of the file: what is wrong with one
    is told of the cells as they stand in the file.
    """

    def __init__(self, file: InputFile, tables: SourceTables, *, deferred: bool = False) -> None:
        self.file = file
        self.tables = tables
        self.deferred = deferred
        self._last_line = self._line_reached = 0
        self._delimiter = ","
        self._long_rows = LongRows()
        self.made_of: dict[str, tuple[str, ...]] = {}
        self.account = FileRead(file=file)
        tables.files.append(self.account)

    def records(self, values: Iterable[Mapping[str, Any]], *, first_row: int = 1) -> Iterator[Row]:
        """Rows of records that are already parsed (JSON, Parquet, GeoJSON features)."""
        for number, record in enumerate(values, start=first_row):
            yield from self._account(Row(self, number, record))

    def csv_rows(self, *, columns: Iterable[str] = (), delimiter: str = ",") -> Iterator[Row]:
        """Rows of a delimited file with a header.

        Raises
        ------
        InputError
            If the file cannot be decoded, has no header, lacks one of ``columns`` or names one twice.
        """
        header, reader = self._open_csv(columns, delimiter=delimiter)
        for number, fields in self._lines(reader):
            row = self._fields_row(header, number, fields, cut=self._ends_in(header, fields))
            yield from self._account(row)
        self.note_long(self._long_rows)
        self.check_filled()

    def _open_csv(self, columns: Iterable[str], *, delimiter: str) -> tuple[list[str], Any]:
        text = self.file.text()
        self.note_nuls(count_nuls(text))
        text = joined_text(text)
        self._delimiter = delimiter
        self._last_line = text.count("\n") + 1  # where a text without a final line break ends
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
        header = [name.replace(MARK, "").strip() for name in next(reader, [])]
        self.check_header(header, list(columns))
        return header, reader

    def _ends_in(self, header: list[str], fields: list[str]) -> bool:
        return self._line_reached >= self._last_line and len(fields) < len(header)

    def set_aside(self, header: list[str], number: int, fields: list[str], *, cut: bool) -> None:
        """Quarantine a row of another length than the header, or one torn by NULs."""
        list(self._account(self._fields_row(header, number, fields, cut=cut)))

    def _fields_row(self, header: list[str], number: int, fields: list[str], *, cut: bool) -> Row:
        torn = is_torn(fields)
        if len(fields) == len(header) and not torn:
            return Row(self, number, dict(zip(header, fields, strict=True)))
        row = Row(self, number, {**dict.fromkeys(header), **dict(zip(header, fields, strict=False))})
        if torn:
            row.wrong("row_torn", "NUL bytes stand in this row: what stood there is not known, and what follows may be of another row", got=repr(next(text for text in fields if MARK in text))[:80], expected="text without NUL bytes", next_step="Fetch the file again")  # fmt: skip
            return row
        row.wrong(
            "file_truncated" if cut else "row_length",
            "the file ends in the middle of this row"
            if cut
            else "the row has another number of fields than the header (a quote that does not close?)",
            got=f"{len(fields)} fields",
            expected=f"{len(header)} fields",
            next_step="Fetch the file again" if cut else "Mend the row",
        )
        return row

    def note_nuls(self, nuls: NulBytes) -> None:
        """Say so where the file holds NUL bytes (called when it has been opened)."""
        problem = nuls.problem(self.file.label)
        if problem is not None:
            self.tables.problems.append(problem)

    def note_long(self, rows: LongRows) -> None:
        """Say so where a quote swallowed lines (called when the file has been read)."""
        problem = rows.problem(self.file.label)
        if problem is not None:
            self.tables.problems.append(problem)

    def check_filled(self) -> None:
        """Say so where the file has a header and nothing else (called when it has been read)."""
        if self.account.rows_read == 0:
            self.tables.problems.append(
                Problem(code="file_without_rows", message="the file has a header and no rows", file=self.file.label, expected="at least one row, unless nothing was recorded", next_step="Check that the file was fetched whole, if there should be some")
            )  # fmt: skip

    def _lines(self, reader: Any) -> Iterator[tuple[int, list[str]]]:
        """Rows with the line each begins at; blank lines are no rows."""
        start = reader.line_num + 1
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                # the rest cannot be told apart into rows: what came before is kept
                self.tables.problems.append(
                    Problem(code="file_format", message=f"the file cannot be read on from here ({error})", file=self.file.label, row=start, expected="a delimited text file", next_step="Look for a quote that does not close")
                )  # fmt: skip
                return
            number, start = start, reader.line_num + 1
            if (
                start - number > 1
                and start >= self._last_line
                and stays_open(self._text_lines(number, start), delimiter=self._delimiter)
            ):
                self.tables.problems.append(
                    Problem(code="file_format", message=f"the file cannot be read on from here ({NEVER_CLOSED})", file=self.file.label, row=number, expected="a delimited text file", next_step="Close the quote, or take it out")
                )  # fmt: skip
                return
            self._line_reached = reader.line_num
            if start - number > 1:
                self._long_rows.look(number, self._text_lines(number, start), delimiter=self._delimiter)
            if fields:
                yield number, fields

    def _text_lines(self, start: int, stop: int) -> list[str]:
        """Lines ``start`` to before ``stop`` as the reader counts them."""
        text = joined_text(self.file.text())
        return list(itertools.islice(io.StringIO(text, newline=""), start - 1, stop - 1))

    def json_value(self) -> Any:
        """The file as JSON.

        Raises
        ------
        InputError
            If it is not JSON, or ends in the middle.
        """
        text = self.file.text()
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
            raise InputError(
                Problem(code="file_truncated" if cut else "file_format", message=f"the file is not whole JSON ({error.msg})", file=self.file.label, row=error.lineno, column=str(error.colno), got=text[max(0, error.pos - 20) : error.pos + 20], expected="a JSON text", next_step="Fetch the file again")
            ) from error  # fmt: skip
        except ValueError as error:  # a number of thousands of digits
            raise InputError(
                Problem(code="file_format", message=f"the JSON cannot be read ({error})"[:200], file=self.file.label, expected="a list of records", next_step="Fetch the file again")
            ) from error  # fmt: skip
        except RecursionError as error:
            raise InputError(
                Problem(code="file_format", message="the JSON is nested too deeply", file=self.file.label, expected="a list of records", next_step="Fetch the file again")
            ) from error  # fmt: skip

    def json_rows(self) -> Iterator[Row]:
        """Rows of a JSON list of records.

        Raises
        ------
        InputError
            If the file is not JSON or not a list of records.
        """
        value = self.json_value()
        if not isinstance(value, list):
            raise InputError(
                Problem(code="file_format", message="the JSON is no list", file=self.file.label, got=type(value).__name__, expected="a list of records", next_step="Give the list itself")
            )  # fmt: skip
        for number, record in enumerate(value, start=1):
            row = Row(self, number, record if isinstance(record, dict) else {"": record})
            if not isinstance(record, dict):
                row.wrong("value_type", "not a record", got=repr(record)[:80], expected="a JSON object")
            yield from self._account(row)
        self.check_filled()

    def _account(self, row: Row) -> Iterator[Row]:
        self.account.rows_read += 1
        sound = row.ok
        if sound:
            yield row
        if not (sound and self.deferred):
            row.close()

    def check_header(self, header: list[str], columns: list[str]) -> None:
        """Refuse a header that lacks one of ``columns`` or names one twice.

        Raises
        ------
        InputError
            With each such column.
        """
        other = other_delimiter(header)
        if other is not None and columns:
            raise InputError(
                Problem(code="column_missing", message=f"the header is one field that holds {other!r}", file=self.file.label, row=1, got=header[0][:200], expected=", ".join(columns), next_step=f"Set the option `delimiter: {other!r}`, or save the file with commas")
            )  # fmt: skip
        problems = [
            Problem(code="column_missing", message="the header lacks a column", file=self.file.label, row=1, column=name, got=", ".join(header)[:800], expected=name, next_step="Map the file's own header to this name, or fetch the right file")
            for name in columns
            if name not in header
        ] + [
            Problem(code="column_repeated", message="the header names a column twice", file=self.file.label, row=1, column=name, expected="each name once")
            for name in sorted(name for name, n in Counter(header).items() if n > 1)
        ]  # fmt: skip
        if problems:
            raise InputError(problems)


def other_delimiter(header: list[str]) -> str | None:
    """What separates fields in truth, where the whole header was read as one field; else None."""
    return next((mark for mark in (";", "\t", "|") if len(header) == 1 and mark in header[0]), None)


def distinct_files(context_files: Iterable[InputFile], tables: SourceTables) -> Iterator[InputFile]:
    """The files, leaving out (and saying so) any with the same bytes as an earlier one."""
    seen: dict[str, str] = {}
    for file in context_files:
        if file.digest in seen:
            tables.files.append(FileRead(file=file, left_out=f"same bytes as {seen[file.digest]}"))
            tables.problems.append(
                Problem(code="file_repeated", message=f"the same bytes as {seen[file.digest]}; left out", file=file.label, next_step="Remove one of the two from the case")
            )  # fmt: skip
            continue
        seen[file.digest] = file.label
        yield file
