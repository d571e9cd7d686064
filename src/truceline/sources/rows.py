"""Rows of a delimited text file or a list of JSON records, with an account of every one.

A source takes a row, asks it for values, and calls ``use`` on it; a row with a problem is
quarantined instead. The four outcomes (used, outside, repeated, quarantined) add up.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from truceline.base.canonical import canonical_json
from truceline.base.errors import InputError, Problem
from truceline.base.intervals import parse_time
from truceline.sources.source import FileRead, InputFile, Quarantined, Region, SourceTables


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
            self.wrong("value_type", "not a number", column=column, got=text, expected="a number")
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

    def time(self, column: str, *, zone: str | None = None, required: bool = True) -> datetime | None:
        """The value as a time in UTC; ``zone`` is what the source declares for naive times."""
        text = self.text(column, required=required)
        if text is None:
            return None
        try:
            return parse_time(text, zone=zone)
        except ValueError as error:
            if "has no zone" in str(error):
                self.wrong(
                    "time_naive",
                    "the time has no zone",
                    column=column,
                    got=text,
                    expected="2025-04-19T18:00+03:00",
                    next_step="Declare the file's zone with the option `zone`",
                )
            else:
                self.wrong(
                    "time_format",
                    "not a time",
                    column=column,
                    got=text,
                    expected="ISO 8601, such as 2025-04-19T18:00+03:00",
                )
            return None

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
            Quarantined(problems=tuple(self.problems), content=canonical_json(dict(self.values.items())))
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
    """The rows of one file; iterate over it, settling each row."""

    def __init__(self, file: InputFile, tables: SourceTables) -> None:
        self.file = file
        self.tables = tables
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
        reader = csv.reader(
            io.StringIO(self.file.text().replace("\0", ""), newline=""), delimiter=delimiter, strict=False
        )
        header = [name.strip() for name in next(reader, [])]
        self._check_header(header, list(columns))
        start = reader.line_num + 1
        for fields in reader:
            number, start = start, reader.line_num + 1
            if not fields:
                continue
            row = Row(self, number, dict(zip(header, fields, strict=False)))
            if len(fields) != len(header):
                row.values = {**dict.fromkeys(header), **row.values}
                row.wrong(
                    "row_length",
                    "the row has another number of fields than the header (a cut file, or a quote that does not close)",
                    got=str(len(fields)),
                    expected=str(len(header)),
                )
                self.account.rows_read += 1
                row.close()
                continue
            yield from self._account(row)
        if self.account.rows_read == 0:
            self.tables.problems.append(
                Problem(code="file_without_rows", message="the file has a header and no rows", file=self.file.label, expected="at least one row", next_step="Check that the file was fetched whole")
            )  # fmt: skip

    def _account(self, row: Row) -> Iterator[Row]:
        self.account.rows_read += 1
        yield row
        row.close()

    def _check_header(self, header: list[str], columns: list[str]) -> None:
        problems = [
            Problem(code="column_missing", message="the header lacks a column", file=self.file.label, row=1, column=name, got=", ".join(header)[:200], expected=name, next_step="Map the file's own header to this name, or fetch the right file")
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
