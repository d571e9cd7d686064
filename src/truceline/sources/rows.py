"""Rows of a delimited text file or a list of JSON records, with an account of every one.

A source takes a row, asks it for values, and calls ``use`` on it; a row with a problem is
quarantined instead. The four outcomes (used, outside, repeated, quarantined) add up.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from truceline.base.canonical import canonical_json
from truceline.base.errors import InputError, Problem
from truceline.base.intervals import Interval
from truceline.sources.columns import SEPARATED
from truceline.sources.csv_blocks import NEVER_CLOSED, stays_open
from truceline.sources.days import DECLARE_ZONE, DateOnly, TimeReadError, local_day, read_moment
from truceline.sources.source import FileRead, InputFile, Quarantined, Region, SourceTables

#: a quarantined row is kept up to this length: a quote that never closes can swallow a file
CONTENT_CHARACTERS = 10_000


def _as_text(values: Mapping[str, Any]) -> str:
    """A record as canonical JSON, whatever it holds, so that it can be shown."""
    try:
        text = canonical_json(dict(values))
    except (TypeError, ValueError):
        text = canonical_json({str(key): repr(value) for key, value in values.items()})
    return text[:CONTENT_CHARACTERS]


class Row:
    """One record: typed reading that notes what is wrong instead of raising."""

    def __init__(self, sheet: Sheet, number: int, values: Mapping[str, Any]) -> None:
        self.sheet = sheet
        self.number = number
        self.values = values
        self.problems: list[Problem] = []
        self._settled = False

    # -- reading ---------------------------------------------------------------------------
    def text(self, column: str, *, required: bool = False) -> str | None:
        """The value as text, stripped; None where empty."""
        value = self.values.get(column)
        text = "" if value is None else str(value).strip()
        if not text:
            if required:
                self.wrong("value_missing", "the value is empty", column=column, expected="a value")
            return None
        return text

    def number_of(
        self,
        column: str,
        *,
        required: bool = False,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> float | None:
        """The value as a finite number."""
        text = self.text(column, required=required)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            separated = SEPARATED.fullmatch(text) is not None
            self.wrong(
                "value_type",
                "a number with separators, which could be meant in two ways" if separated else "not a number",
                column=column,
                got=text,
                expected="a number, such as 1234.5",
                next_step="Take the separators for thousands out" if separated else "Correct the value",
            )
            return None
        if (at_least is not None and value < at_least) or (at_most is not None and value > at_most):
            low = "" if at_least is None else f"≥ {at_least:g}"
            high = "" if at_most is None else f"≤ {at_most:g}"
            self.wrong(
                "value_range",
                "out of range",
                column=column,
                got=text,
                expected=" and ".join(filter(None, (low, high))),
            )
            return None
        return value

    def when(
        self, column: str, *, zone: str | None = None, required: bool = True
    ) -> datetime | Interval | None:
        """The value as a moment in UTC, or as the local day (an interval) where it has no time of day."""
        text = self.text(column, required=required)
        if text is None:
            return None
        try:
            return read_moment(text, zone=zone)
        except DateOnly as answer:
            if zone is not None:
                return local_day(answer.date, zone)
            fault = TimeReadError("time_naive", "a date has no zone", next_step=DECLARE_ZONE)
        except TimeReadError as error:
            fault = error
        self._time_fault(column, text, fault)
        return None

    def time(self, column: str, *, zone: str | None = None, required: bool = True) -> datetime | None:
        """The value as a time in UTC; ``zone`` is what the source declares for naive times.

        A date alone is refused: midnight would be an invention.
        """
        text = self.text(column, required=required)
        if text is None:
            return None
        try:
            return read_moment(text, zone=zone)
        except DateOnly:
            fault = TimeReadError(
                "time_format",
                "a date without a time of day",
                next_step="Give the time of day, or use a plug-in that takes dates",
            )
        except TimeReadError as error:
            fault = error
        self._time_fault(column, text, fault)
        return None

    def day(self, column: str) -> date | None:
        """The value as a calendar date."""
        text = self.text(column, required=True)
        if text is None:
            return None
        try:
            read_moment(text)
        except DateOnly as answer:
            return answer.date
        except TimeReadError:
            pass
        self.wrong("time_format", "not a date", column=column, got=text, expected="a date such as 2025-04-19")
        return None

    def _time_fault(self, column: str, text: str, fault: TimeReadError) -> None:
        self.wrong(
            fault.code,
            fault.message,
            column=column,
            got=text,
            expected=fault.expected,
            next_step=fault.next_step,
        )

    def place(
        self, longitude_column: str, latitude_column: str, *, region: Region | None
    ) -> tuple[float, float] | None:
        """Longitude and latitude; exchanged columns are a problem of their own, never mended."""
        longitude = self.number_of(longitude_column, required=True)
        latitude = self.number_of(latitude_column, required=True)
        if longitude is None or latitude is None:
            return None
        got = f"{longitude_column} {longitude:g}, {latitude_column} {latitude:g}"
        if region is not None and not region.holds(longitude, latitude) and region.holds(latitude, longitude):
            self.wrong(
                "place_swapped",
                "longitude and latitude seem exchanged",
                column=longitude_column,
                got=got,
                expected="a place in the case's region",
                next_step="Exchange the two columns in the header mapping or in the file",
            )
            return None
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            self.wrong(
                "place_range",
                "not a place on Earth",
                column=longitude_column,
                got=got,
                expected="longitude -180..180, latitude -90..90",
            )
            return None
        return longitude, latitude

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
        self.problems.append(
            Problem(code=code, message=message, file=self.sheet.file.label, row=self.number, column=column, got=got, expected=expected, next_step=next_step)
        )  # fmt: skip

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
        self.sheet.tables.quarantined.append(
            Quarantined(problems=tuple(self.problems), content=_as_text(self.values))
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
    """

    def __init__(self, file: InputFile, tables: SourceTables, *, deferred: bool = False) -> None:
        self.file = file
        self.tables = tables
        self.deferred = deferred
        self._last_line = self._line_reached = 0
        self._delimiter = ","
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
        self.check_filled()

    def _open_csv(self, columns: Iterable[str], *, delimiter: str) -> tuple[list[str], Any]:
        text = self.file.text()
        if "\0" in text:
            self.tables.notes.append(f"{self.file.label}: {text.count(chr(0))} NUL characters were dropped.")
            text = text.replace("\0", "")
        self._delimiter = delimiter
        self._last_line = text.count("\n") + 1  # where a text without a final line break ends
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
        header = [name.strip() for name in next(reader, [])]
        self.check_header(header, list(columns))
        return header, reader

    def _ends_in(self, header: list[str], fields: list[str]) -> bool:
        return self._line_reached >= self._last_line and len(fields) < len(header)

    def set_aside(self, header: list[str], number: int, fields: list[str], *, cut: bool) -> None:
        """Quarantine a row of another length than the header."""
        list(self._account(self._fields_row(header, number, fields, cut=cut)))

    def _fields_row(self, header: list[str], number: int, fields: list[str], *, cut: bool) -> Row:
        if len(fields) == len(header):
            return Row(self, number, dict(zip(header, fields, strict=True)))
        row = Row(self, number, {**dict.fromkeys(header), **dict(zip(header, fields, strict=False))})
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

    def check_filled(self) -> None:
        """Say so where the file has a header and nothing else (called when it has been read)."""
        if self.account.rows_read == 0:
            self.tables.problems.append(
                Problem(code="file_without_rows", message="the file has a header and no rows", file=self.file.label, expected="at least one row", next_step="Check that the file was fetched whole")
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
            if fields:
                yield number, fields

    def _text_lines(self, start: int, stop: int) -> list[str]:
        """Lines ``start`` to before ``stop`` as the reader counts them."""
        text = self.file.text().replace("\0", "")
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
        other = next((mark for mark in (";", "\t", "|") if len(header) == 1 and mark in header[0]), None)
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
            for name in sorted({name for name in header if header.count(name) > 1})
        ]  # fmt: skip
        if problems:
            raise InputError(problems)


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
