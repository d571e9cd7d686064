"""Published figures: a number over a window and an area by a speaker, in tables wide or long.

Each entry of ``figures`` names a column of numbers and what they are: series, unit, speaker, area,
act. A wide table has several entries; of a long one, ``where`` picks rows by the value of a
column, and ``area_column`` or ``speaker_column`` says whose the row is. One entry may be bound to
one ``file``, so that the counts of several claimants stay side by side and apart.

Windows are whole days, weeks, months, quarters or years by the clocks of ``zone`` (forms:
``periods``), several days where ``length_column`` says so, and may start at another hour than
midnight (``day_starts_at``), named by the date on which they end (``date_names: last``).

A row that is not there, and a cell that is empty, are unknown and never zero, unless
``absent_is_zero`` says on which ground. A number over part of the window of a longer one of the
same series, speaker and area is a part of it: sums take one of the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.documents import Model
from truceline.sources.batches import Batch, csv_batches, overlaps
from truceline.sources.claim_words import read_count, read_relation
from truceline.sources.columns import Mask, Reals, Whole, coded, mask_of
from truceline.sources.distinct import each_distinct, numbers_of
from truceline.sources.figure_cells import Cells, Known, first_of_each, numbered
from truceline.sources.figure_counts import CountMaker, figure_window
from truceline.sources.figure_gaps import describe_gaps, describe_zero_edges
from truceline.sources.figure_options import Figure, FigureOptions
from truceline.sources.gather import picked
from truceline.sources.json_paths import find_list
from truceline.sources.option_names import expect_names
from truceline.sources.outcome import conclude, matches, read_each
from truceline.sources.periods import EARLIEST, Days, PeriodError, month_names, read_days
from truceline.sources.record_batches import record_batches
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables


@SOURCES.add
class Figures(Source):
    """See the module."""

    name: ClassVar[str] = "figures"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Published figures by day, week, month or year (CSV or JSON, wide or long)"
    Options: ClassVar[type[Model]] = FigureOptions
    options: FigureOptions

    def __init__(self, options: Model) -> None:
        super().__init__(options)
        self._known_days: dict[str, Days] = {}  # tables repeat their periods: each is read once

    def read(self, context: ReadContext) -> SourceTables:
        """Numbers become counts."""
        options = self.options
        tables = SourceTables()
        cells = Cells()

        def read_file(file: InputFile) -> None:
            cells.sheets.append(Sheet(file, tables))
            vintage = cells.vintages.code(self._vintage(file))
            for batch in self._batches(cells.sheets[-1]):
                self._take(batch, context, cells, vintage=vintage)

        expect_names(
            context, areas=[(f"figures[{at}].area", one.area) for at, one in enumerate(options.figures)]
        )
        read_each(context, tables, read=read_file)
        known = self._settle(cells, context)
        counts = CountMaker(options=options, context=context, window=figure_window(options)).table(known)
        tables.notes += self._notes(known, context)
        return conclude(tables, context, counts=counts)

    # -- rows ------------------------------------------------------------------------------
    def _batches(self, sheet: Sheet) -> Iterator[Batch]:
        options, file = self.options, sheet.file
        name = file.path.name.removesuffix(".gz").casefold()
        wanted = [one for one in options.figures if one.file is None or matches(file, one.file)]
        picked_by = [key for one in wanted for key in one.where]
        whose = [options.speaker_column, options.area_column, options.length_column, options.end_column]
        columns = [*options.period_columns, *(one.column for one in wanted), *options.keep, *picked_by, *filter(None, whose)]  # fmt: skip
        others = [options.relation_column, options.note_column]
        if options.format == "json" or (options.format == "auto" and name.endswith(".json")):
            items = find_list(sheet.json_value(), options.records, label=file.label)
            return record_batches(sheet, items, columns=dict.fromkeys([*columns, *others]))
        return csv_batches(sheet, columns=dict.fromkeys(columns), others=others, delimiter=options.delimiter)

    def _take(self, batch: Batch, context: ReadContext, cells: Cells, *, vintage: int) -> None:
        """Take the numbers of a batch; its rows are settled when every file has been read."""
        options, file = self.options, batch.sheet.file
        kept = _has(batch, options.keep)
        batch.sheet.account.rows_outside += int((~kept).sum())
        at = np.flatnonzero(kept)
        period = [*options.period_columns, *filter(None, (options.end_column, options.length_column))]
        months = month_names(options.month_names)
        days, which_days = each_distinct(batch, at, period, lambda row: self._days(row, months))
        whose = [options.speaker_column] if options.speaker_column else []
        speakers, which_speaker = each_distinct(batch, at, whose, self._speaker) if whose else ([None], np.zeros(len(at), np.int64))  # fmt: skip
        where = [options.area_column] if options.area_column else []
        areas, which_area = each_distinct(batch, at, where, lambda row: self._area(row, context, column=options.area_column)) if where else ([None], np.zeros(len(at), np.int64))  # fmt: skip
        sound = batch.sound()[at]
        at, which_days, which_speaker, which_area = at[sound], which_days[sound], which_speaker[sound], which_area[sound]  # fmt: skip
        rows = cells.add_rows(batch.numbers[at])
        day_codes = cells.days.codes([one or _NO_DAYS for one in days], which_days)
        parts = []
        for position, figure in enumerate(options.figures):
            if figure.file is not None and not matches(file, figure.file):
                continue
            is_data = np.array([one is not None and _is_data(figure, one) for one in days], np.bool_)[which_days]  # fmt: skip
            some = np.flatnonzero(_has(batch, figure.where)[at] & is_data)
            values, relations, notes = self._numbers(batch, at[some], figure)
            speaker = cells.speakers.codes([name or figure.speaker or options.speaker for name in speakers], which_speaker[some])  # fmt: skip
            area = context.area(figure.area) if figure.area else None
            parts.append((some, values, {
                "figure": np.full(len(some), position),
                "speaker": speaker,
                "area": cells.areas.codes([known or area or "" for known in areas], which_area[some]),
                "days": day_codes[some],
                "relation": cells.relations.codes(*relations),
                "vintage": np.full(len(some), vintage),
                "note": cells.notes.codes(*notes),
                "sheet": np.full(len(some), len(cells.sheets) - 1),
                "number": batch.numbers[at[some]],
                "row": rows[some],
            }))  # fmt: skip
        sound = batch.sound()[at]
        cells.drop_rows(rows[~sound])
        for some, values, columns in parts:
            good = sound[some]
            cells.add(values[good], **{name: codes[good] for name, codes in columns.items()})

    def _numbers(
        self, batch: Batch, at: Whole, figure: Figure
    ) -> tuple[Reals, tuple[list[str], Whole], tuple[list[str], Whole]]:
        """Numbers, relations and notes of a figure; a number as plain as most are is read by the column."""
        texts, given, notes = (picked(batch.text(name), at) for name in (figure.column, self.options.relation_column, self.options.note_column))  # fmt: skip
        plain = mask_of(pc.and_(pc.match_substring_regex(texts, r"^[0-9]{1,15}(\.[0-9]{1,15})?$"), pc.and_(pc.is_null(given), pc.is_null(notes))))  # fmt: skip
        values = np.full(len(at), np.nan)
        values[plain] = pc.cast(texts.filter(pa.array(plain)), pa.float64()).to_numpy()
        relation, note = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
        names = [figure.column, self.options.relation_column, self.options.note_column]
        read, which = each_distinct(batch, at[~plain], names, lambda row: self._number(row, figure))
        values[~plain] = numbers_of([value for value, _, _ in read], which)
        relation[~plain], note[~plain] = which + 1, which + 1
        return values, (["=", *(one for _, one, _ in read)], relation), (["", *(one for _, _, one in read)], note)  # fmt: skip

    def _number(self, row: Row, figure: Figure) -> tuple[float | None, str, str]:
        number = Row(
            row.sheet,
            row.number,
            {
                "count": row.values.get(figure.column),
                "relation": row.values.get(self.options.relation_column),
                "note": row.values.get(self.options.note_column),
            },
        )
        count = read_count(number)
        relation = read_relation(number, count)
        for problem in number.problems:
            row.wrong(problem.code, problem.message, column=figure.column, got=problem.got, expected=problem.expected, next_step=problem.next_step)  # fmt: skip
        return None if count is None else count.value, relation or "=", number.text("note") or ""

    def _speaker(self, row: Row) -> str | None:
        speaker = row.text(self.options.speaker_column or "", required=True)
        if speaker is not None and speaker not in self.options.speaker_parties:
            row.wrong("party_unknown", "nothing says on which side this speaker is", column=self.options.speaker_column or "", got=speaker, expected=" | ".join(self.options.speaker_parties), next_step="Add the speaker to the option `speaker_parties` (null: neither side)")  # fmt: skip
        return speaker

    def _days(self, row: Row, months: dict[str, int]) -> Days | None:
        columns = self.options.period_columns
        texts = [row.text(column, required=True) for column in columns]
        end = row.text(self.options.end_column, required=True) if self.options.end_column else None
        length = row.number_of(self.options.length_column, required=True, at_least=1, at_most=4000) if self.options.length_column else None  # fmt: skip
        if not row.ok:
            return None
        got = " ".join(filter(None, texts))
        try:
            days = self._known_days.get(got) or read_days(got, months=months)
            self._known_days[got] = days
            if end is not None:
                days = Days(days.first, read_days(end, months=months).last)
        except PeriodError as error:
            row.wrong("time_format", str(error), column=columns[0] if len(columns) == 1 else ", ".join(columns), got=got, expected="a day, week, month, quarter or year, such as 2021-02-24, 2021-W08, Feb 2021, 2021", next_step="Correct the value")  # fmt: skip
            return None
        if length is not None:
            if not length.is_integer() or days.first != days.last:
                row.wrong("value_type", "a length needs a whole number of days, and a date to count from", column=self.options.length_column or "", got=str(length), expected="a whole number")  # fmt: skip
                return None
            reach = timedelta(days=int(length) - 1)
            days = Days(days.last - reach, days.last) if self.options.date_names == "last" else Days(days.first, days.first + reach)  # fmt: skip
        if days.last < days.first:
            row.wrong("time_order", "the period ends before it starts", column=self.options.end_column or columns[0], got=f"{days.first.isoformat()} to {days.last.isoformat()}", expected="a last day after the first", next_step="Correct the period")  # fmt: skip
            return None
        return days

    def _area(self, row: Row, context: ReadContext, *, column: str | None) -> str | None:
        name = row.text(column) if column else None
        if name is None:
            return None
        found = context.area(name)
        if found is None:
            row.wrong("name_unknown", "the case has no area of this name", column=column or "", got=name, expected="an area of the case", next_step="Add the area, or its spelling, to the case's areas")  # fmt: skip
        return found

    def _vintage(self, file: InputFile) -> str:
        match = re.search(self.options.vintage_pattern, file.path.name) if self.options.vintage_pattern else None  # fmt: skip
        return match[1] if match and match[1] else "as fetched"

    # -- outcomes --------------------------------------------------------------------------
    def _settle(self, cells: Cells, context: ReadContext) -> Known:
        """Use, leave out or quarantine each row; the numbers known, one for what may hold one only."""
        every = cells.known()
        start_us, stop_us = every.windows(figure_window(self.options))
        key = numbered(every.groups(), np.unique(start_us, return_inverse=True)[1], np.unique(stop_us, return_inverse=True)[1])  # fmt: skip
        row, values = every.columns["row"], np.nan_to_num(every.values, nan=-1.0)
        said = numbered(np.unique(values, return_inverse=True)[1], every.columns["relation"])
        first_said = said[np.unique(key, return_index=True)[1]]
        disputed = np.isin(key, key[said != first_said[key]]) if len(key) else np.zeros(0, np.bool_)
        bad = np.zeros(cells.n_rows, np.bool_)
        bad[row[disputed]] = True
        if disputed.any():
            self._refuse(every, key, disputed)
        sound = np.flatnonzero(~bad[row])
        new = sound[first_of_each(key[sound])]
        inside, fresh = np.zeros(cells.n_rows, np.bool_), np.zeros(cells.n_rows, np.bool_)
        inside[row[overlaps(context.span, start_us, stop_us)]] = True
        fresh[row[new]] = True
        live = ~bad & ~cells.dropped()
        sheet, _ = cells.rows()
        for name, mask in (("rows_outside", live & ~inside), ("rows_repeated", live & inside & ~fresh), ("rows_used", live & inside & fresh)):  # fmt: skip
            for one, n in zip(cells.sheets, np.bincount(sheet[mask], minlength=len(cells.sheets)).tolist(), strict=True):  # fmt: skip
                setattr(one.account, name, getattr(one.account, name) + n)
        return every.picked(new)

    def _refuse(self, every: Known, key: Whole, disputed: Mask) -> None:
        """Quarantine rows that differ over one number, with their content, which is read again for it."""
        figures: dict[int, list[float | None]] = {}
        pairs = {(at_key, None if np.isnan(value) else value, relation) for at_key, value, relation in zip(key[disputed].tolist(), every.values[disputed].tolist(), every.columns["relation"][disputed].tolist(), strict=True)}  # fmt: skip
        for at_key, value, _ in pairs:
            figures.setdefault(at_key, []).append(value)
        faults: dict[int, dict[int, str]] = {}
        for at in np.flatnonzero(disputed).tolist():
            days = every.cells.days.known[every.columns["days"][at]]
            values = ", ".join(sorted(f"{value:g}" if value is not None else "no number" for value in figures[key[at]]))  # fmt: skip
            rows = faults.setdefault(int(every.columns["sheet"][at]), {})
            rows.setdefault(int(every.columns["number"][at]), f"{values} for {days.first.isoformat()} to {days.last.isoformat()}")  # fmt: skip
        for place, rows in faults.items():
            sheet = every.cells.sheets[place]
            for batch in self._batches(Sheet(sheet.file, SourceTables())):
                for position in np.flatnonzero(np.isin(batch.numbers, list(rows))).tolist():
                    row = Row(sheet, int(batch.numbers[position]), batch.row(position).values)
                    row.wrong("id_repeated", "two rows give different numbers for the same window; neither is used", column="", got=rows[row.number], expected="one number for each series, speaker, area and window", next_step="Remove the wrong row, or keep the speakers apart")  # fmt: skip
                    row.close()

    def _notes(self, known: Known, context: ReadContext) -> list[str]:
        titles = {
            position: figure.series + (f" ({figure.area})" if figure.area else "")
            for position, figure in enumerate(self.options.figures)
        }
        in_span = overlaps(context.span, *known.windows(figure_window(self.options)))
        notes = describe_gaps(known, titles, in_span=in_span, span=context.span, zeros_because=self.options.basis if self.options.absent_is_zero else None)  # fmt: skip
        return notes + describe_zero_edges(known, titles, span=context.span)


def _has(batch: Batch, wanted: dict[str, list[str]]) -> Mask:
    """Where each of the columns has one of the values wanted of it."""
    mask = np.ones(len(batch), np.bool_)
    for column, values in wanted.items():
        words, which = coded(batch.text(column))
        mask &= np.array([(word or "") in values for word in words], np.bool_)[which]
    return mask


def _is_data(figure: Figure, days: Days) -> bool:
    return (figure.first_date is None or figure.first_date <= days.first) and (
        figure.last_date is None or days.last <= figure.last_date
    )


#: stands where a row's period could not be read; such a row gives no number
_NO_DAYS = Days(date(EARLIEST, 1, 1), date(EARLIEST, 1, 1))
