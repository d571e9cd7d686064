"""Many rows of one file at once, read column by column with the words and outcomes of single rows.

A batch offers what a ``Row`` offers, for all its rows: typed reading that notes what is wrong.
A cell that fast reading is not sure of is read by ``Row``, which has the last word; so a batch
gives what reading row by row would have given, whatever the batch's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.errors import InputError, Problem
from truceline.base.intervals import Interval, microseconds
from truceline.sources import columns as fast
from truceline.sources.columns import Mask, Moments, Reals, Whole
from truceline.sources.csv_blocks import NEVER_CLOSED, Block, BrokenCsvError, CsvStream, survey
from truceline.sources.header_names import header_problems
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import Region

#: tests set it, so that every cell is read by its row
ALL_BY_ROW = False


class Batch:
    """Some rows of a sheet, read and not yet settled."""

    def __init__(
        self,
        sheet: Sheet,
        *,
        numbers: Whole,
        columns: dict[str, pa.Array],
        values_at: Callable[[int], dict[str, Any]],
    ) -> None:
        self.sheet = sheet
        self.numbers = numbers
        self.columns = columns
        self._values_at = values_at
        self._rows: dict[int, Row] = {}
        self._texts: dict[str, pa.Array] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    # -- single rows -----------------------------------------------------------------------
    def row(self, position: int) -> Row:
        """The row at a position, with all its values."""
        if position not in self._rows:
            self._rows[position] = Row(self.sheet, int(self.numbers[position]), self._values_at(position))
        return self._rows[position]

    def sound(self) -> Mask:
        """Where nothing is wrong so far."""
        mask = np.ones(len(self), np.bool_)
        mask[[position for position, row in self._rows.items() if not row.ok]] = False
        return mask

    def wrong(
        self,
        mask: Mask,
        code: str,
        message: str,
        *,
        column: str,
        got: str | Callable[[int], str],
        expected: str | Callable[[int], str] = "",
        next_step: str = "",
    ) -> None:
        """Note a problem of every row of ``mask``; what differs from row to row is told by its position."""
        for position in np.flatnonzero(mask).tolist():
            found = got if isinstance(got, str) else got(position)
            wanted = expected if isinstance(expected, str) else expected(position)
            self.row(position).wrong(
                code, message, column=column, got=found, expected=wanted, next_step=next_step
            )

    # -- reading ---------------------------------------------------------------------------
    def text(self, column: str, *, required: bool = False) -> pa.Array:
        """The values as text, stripped; null where empty or where there is no such column."""
        if column not in self._texts:
            values = self.columns.get(column)
            if values is None:
                self._texts[column] = pa.nulls(len(self), pa.string())
            elif ALL_BY_ROW:
                words = [Row.text(self.row(at), column) for at in range(len(self))]
                self._texts[column] = pa.array(words, pa.string())
            else:
                self._texts[column] = fast.trimmed(values)
        texts = self._texts[column]
        if required and texts.null_count:
            for position in np.flatnonzero(fast.mask_of(pc.is_null(texts))).tolist():
                self.row(position).text(column, required=True)
        return texts

    def number_of(
        self,
        column: str,
        *,
        required: bool = False,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> Reals:
        """The values as finite numbers; NaN where there is none."""
        texts = self.text(column)
        values, sure = fast.numbers(texts)
        with np.errstate(invalid="ignore"):
            if at_least is not None:
                sure &= ~(values < at_least)
            if at_most is not None:
                sure &= ~(values > at_most)
        if required:
            sure &= ~np.isnan(values)
        for position in self._unsure(sure):
            value = self.row(position).number_of(
                column, required=required, at_least=at_least, at_most=at_most
            )
            values[position] = np.nan if value is None else value
        return values

    def when(self, column: str, *, zone: str | None = None, required: bool = True) -> Moments:
        """The values as moments, or as local days where they have no time of day."""

        def read(row: Row) -> datetime | Interval | None:
            return row.when(column, zone=zone, required=required)

        return self._moments(column, zone, required, read, days_too=True)

    def time(self, column: str, *, zone: str | None = None, required: bool = True) -> Moments:
        """The values as moments; a date alone is refused."""

        def read(row: Row) -> datetime | None:
            return row.time(column, zone=zone, required=required)

        return self._moments(column, zone, required, read, days_too=False)

    def _moments(
        self,
        column: str,
        zone: str | None,
        required: bool,
        read: Callable[[Row], datetime | Interval | None],
        *,
        days_too: bool,
    ) -> Moments:
        found = fast.moments(self.text(column), zone)
        sure = found.sure & ~(found.is_none & required)
        if not days_too:
            sure &= ~found.is_day
        for position in self._unsure(sure):
            value = read(self.row(position))
            found.is_none[position] = value is None
            found.is_day[position] = isinstance(value, Interval)
            if value is not None:
                ends = (value.start, value.stop) if isinstance(value, Interval) else (value, value)
                found.start_us[position], found.stop_us[position] = map(microseconds, ends)
        return found

    def day(self, column: str) -> npt.NDArray[np.datetime64]:
        """The values as calendar dates; NaT where there is none."""
        found = fast.moments(self.text(column), "UTC")
        days = fast.days_of(found.start_us)
        days[found.is_none] = np.datetime64("NaT")
        for position in self._unsure(found.sure & found.is_day):
            value: date | None = self.row(position).day(column)
            days[position] = np.datetime64("NaT") if value is None else np.datetime64(value, "D")
        return days

    def place(
        self, longitude_column: str, latitude_column: str, *, region: Region | None
    ) -> tuple[Reals, Reals]:
        """Longitudes and latitudes; both NaN where the row has no sound place."""
        x = self.number_of(longitude_column, required=True)
        y = self.number_of(latitude_column, required=True)
        known = ~(np.isnan(x) | np.isnan(y))
        with np.errstate(invalid="ignore"):
            sure = (np.abs(x) <= 180) & (np.abs(y) <= 90)
            if region is not None:
                sure &= ~(~in_region(region, x, y) & in_region(region, y, x))
        for position in self._unsure(sure | ~known):
            if known[position] and self.row(position).place(longitude_column, latitude_column, region=region) is None:  # fmt: skip
                known[position] = False
        x[~known] = np.nan
        y[~known] = np.nan
        return x, y

    def _unsure(self, sure: Mask) -> list[int]:
        unsure: list[int] = np.flatnonzero(np.ones(len(self), np.bool_) if ALL_BY_ROW else ~sure).tolist()
        return unsure

    # -- outcomes --------------------------------------------------------------------------
    def settle(self, *, inside: Mask, fresh: Mask, repeats_first: bool = False) -> Whole:
        """Account for every row; positions of those used.

        ``fresh``: where a record is met for the first time. A sound row that is both outside and
        not fresh counts as outside, or as repeated with ``repeats_first``.
        """
        sound = self.sound()
        repeated = sound & ~fresh & (True if repeats_first else inside)
        used = np.flatnonzero(sound & fresh & inside)
        account = self.sheet.account
        account.rows_repeated += int(repeated.sum())
        account.rows_used += len(used)
        account.rows_outside += int(sound.sum()) - int(repeated.sum()) - len(used)
        return used

    def close(self) -> None:
        """Quarantine the rows with a problem (called by the sheet)."""
        for position in sorted(self._rows):
            if not self._rows[position].ok:
                self._rows[position].close()


def csv_batches(
    sheet: Sheet,
    *,
    columns: Iterable[str] = (),
    others: Iterable[str] | None = (),
    delimiter: str = ",",
) -> Iterator[Batch]:
    """The rows of a delimited file; each batch is to be settled before the next is asked for.

    ``columns`` must be there; of ``others`` (None: all) those that are there are read too.

    Raises
    ------
    InputError
        If the file cannot be decoded, has no header, lacks one of ``columns`` or names one twice.
    """
    stream = open_csv(sheet, columns=columns, delimiter=delimiter)
    wanted = [name for name in stream.header if others is None or name in {*columns, *others}]
    yield from stream_batches(sheet, stream, wanted)


def stream_batches(sheet: Sheet, stream: CsvStream, columns: list[str]) -> Iterator[Batch]:
    """The rows of an open file; each batch is to be settled before the next is asked for."""
    n_before = len(sheet.tables.quarantined)
    try:
        for block in stream.blocks(columns):
            for line, fields, cut in block.other:
                sheet.set_aside(stream.header, line, fields, cut=cut)
            if not len(block.numbers):
                continue
            sheet.account.rows_read += len(block.numbers)
            batch = Batch(
                sheet,
                numbers=block.numbers,
                columns=block.columns,
                values_at=partial(_named_fields, stream.header, block),
            )
            yield batch
            batch.close()
    except BrokenCsvError as error:
        sheet.tables.problems.append(
            Problem(code="file_format", message=f"the file cannot be read on from here ({error})", file=sheet.file.label, row=error.row, expected="a delimited text file", next_step="Close the quote, or take it out" if str(error) == NEVER_CLOSED else "Look for a quote that does not close")
        )  # fmt: skip
    sheet.note_long(stream.long_rows)
    in_order = sorted(sheet.tables.quarantined[n_before:], key=lambda bad: bad.problems[0].row or 0)
    sheet.tables.quarantined[n_before:] = in_order
    sheet.check_filled()


def _named_fields(header: Sequence[str], block: Block, at: int) -> dict[str, str]:
    """The fields of one row of a block, by the names of the header."""
    return dict(zip(header, block.fields(at), strict=True))


def open_csv(sheet: Sheet, *, columns: Iterable[str], delimiter: str, distinct: bool = False) -> CsvStream:
    """A delimited file, checked from end to end and opened at its first row.

    ``distinct``: names that stand twice in its header, and blank ones, are told and no fault.

    Raises
    ------
    InputError
        As ``csv_batches``.
    """
    sheet.note_nuls(survey(sheet.file))
    try:
        stream = CsvStream(sheet.file, delimiter=delimiter, distinct=distinct)
    except BrokenCsvError as error:
        raise InputError(
            Problem(code="file_format", message=f"the header cannot be read ({error})", file=sheet.file.label, row=error.row, expected="a delimited text file", next_step="Look for a quote that does not close")
        ) from error  # fmt: skip
    if distinct:
        sheet.tables.problems += header_problems(stream.own_header, label=sheet.file.label)
    sheet.check_header([name for name in stream.header if name or not distinct], list(columns))
    return stream


def in_region(region: Region | None, x: Reals, y: Reals) -> Mask:
    """Where a place lies in the box (everywhere, where there is none)."""
    if region is None:
        return np.ones(len(x), np.bool_)
    with np.errstate(invalid="ignore"):
        inside = (region.west_deg <= x) & (x <= region.east_deg) & (region.south_deg <= y) & (y <= region.north_deg)  # fmt: skip
    return np.asarray(inside, dtype=np.bool_)


def overlaps(span: Interval, start_us: Whole, stop_us: Whole) -> Mask:
    """Where an interval overlaps the span."""
    first, last = microseconds(span.start), microseconds(span.stop)
    return np.asarray((start_us < last) & (stop_us > first), dtype=np.bool_)
