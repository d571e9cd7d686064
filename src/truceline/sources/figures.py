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
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, ClassVar

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.intervals import Interval, format_time
from truceline.schema.table import Record
from truceline.sources.claim_words import read_count, read_relation
from truceline.sources.figure_gaps import absent_windows, describe_gaps, describe_zero_edges
from truceline.sources.figure_options import Figure, FigureOptions
from truceline.sources.json_paths import find_list, flat_record
from truceline.sources.option_names import expect_names
from truceline.sources.outcome import conclude, matches, read_each
from truceline.sources.periods import Days, PeriodError, days_window, month_names, read_days
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A number as read: which figure, whose, where, over which window; None: none was given."""

    figure: int
    speaker: str
    area_id: str | None
    days: Days
    window: Interval
    value: float | None
    relation: str
    vintage: str
    note: str

    @property
    def key(self) -> tuple[Any, ...]:
        """What may hold one number only."""
        return (self.figure, self.speaker, self.area_id or "", self.vintage, self.window)

    @property
    def group(self) -> tuple[int, str, str, str]:
        """What is one series of numbers."""
        return (self.figure, self.speaker, self.area_id or "", self.vintage)

    @property
    def said(self) -> tuple[float | None, str]:
        """What must agree where it stands twice."""
        return (self.value, self.relation)


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
        tables = SourceTables()
        months = month_names(self.options.month_names)
        read_rows: list[tuple[Row, list[Cell]]] = []

        def read_file(file: InputFile) -> None:
            for row in self._rows(file, tables):
                if not self._is_kept(row, self.options.keep):
                    row.outside()
                    continue
                cells = self._cells(row, context, months=months)
                if row.ok:
                    read_rows.append((row, cells))
                else:
                    row.close()

        figures = self.options.figures
        expect_names(context, areas=[(f"figures[{at}].area", one.area) for at, one in enumerate(figures)])
        read_each(context, tables, read=read_file)
        known = _settle(read_rows, context)
        counts = self._counts(known, context)
        if self.options.absent_is_zero:
            counts += self._zeros(known, context)
        tables.notes += self._notes(known, context)
        return conclude(tables, context, counts=counts)

    # -- rows ------------------------------------------------------------------------------
    def _rows(self, file: InputFile, tables: SourceTables) -> Iterator[Row]:
        sheet = Sheet(file, tables, deferred=True)
        name = file.path.name.removesuffix(".gz").casefold()
        wanted = [one for one in self.options.figures if one.file is None or matches(file, one.file)]
        if self.options.format == "json" or (self.options.format == "auto" and name.endswith(".json")):
            items = find_list(sheet.json_value(), self.options.records, label=file.label)
            for row in sheet.records([item if isinstance(item, dict) else {"": item} for item in items]):
                row.values = flat_record(row.values)
                yield row
            sheet.check_filled()
            return
        picked = [key for one in wanted for key in one.where]
        whose = [self.options.speaker_column, self.options.area_column, self.options.length_column, self.options.end_column]  # fmt: skip
        columns = [*self.options.period_columns, *(one.column for one in wanted), *self.options.keep, *picked, *filter(None, whose)]  # fmt: skip
        yield from sheet.csv_rows(columns=dict.fromkeys(columns), delimiter=self.options.delimiter)

    def _is_kept(self, row: Row, wanted: dict[str, list[str]]) -> bool:
        return all((row.text(column) or "") in values for column, values in wanted.items())

    def _cells(self, row: Row, context: ReadContext, *, months: dict[str, int]) -> list[Cell]:
        days = self._days(row, months)
        speaker = (
            row.text(self.options.speaker_column, required=True) if self.options.speaker_column else None
        )
        if speaker is not None and speaker not in self.options.speaker_parties:
            row.wrong("party_unknown", "nothing says on which side this speaker is", column=self.options.speaker_column or "", got=speaker, expected=" | ".join(self.options.speaker_parties), next_step="Add the speaker to the option `speaker_parties` (null: neither side)")  # fmt: skip
        area_id = self._area(row, context, column=self.options.area_column)
        if days is None or not row.ok:
            return []
        window = days_window(days, self.options.zone, day_starts_min=self.options.day_starts_min, named_by_last=self.options.date_names == "last")  # fmt: skip
        cells = []
        for position, figure in enumerate(self.options.figures):
            if figure.file is not None and not matches(row.sheet.file, figure.file):
                continue
            if not self._is_kept(row, figure.where) or not _is_data(figure, days):
                continue
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
            cells.append(
                Cell(
                    figure=position,
                    speaker=speaker or figure.speaker or self.options.speaker,
                    area_id=area_id or (context.area(figure.area) if figure.area else None),
                    days=days,
                    window=window,
                    value=None if count is None else count.value,
                    relation=relation or "=",
                    vintage=self._vintage(row.sheet.file),
                    note=number.text("note") or "",
                )
            )
        return cells

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

    # -- counts ----------------------------------------------------------------------------
    def _counts(
        self, known: dict[tuple[Any, ...], tuple[Cell, Record]], context: ReadContext
    ) -> list[Record]:
        records: list[Record] = []
        groups: dict[tuple[int, str, str, str], list[tuple[Cell, Record]]] = {}
        for cell, provenance in known.values():
            groups.setdefault(cell.group, []).append((cell, provenance))
        for group in sorted(groups):
            rows = sorted(groups[group], key=lambda item: (item[0].window.start, item[0].window.stop))
            if self.options.numbers == "differences":
                made = self._differences(rows, context)
            else:
                made = [
                    {
                        **self._record(cell, context, window=self._window(cell), value=cell.value),
                        **provenance,
                        "note": cell.note or None,
                    }
                    for cell, provenance in rows
                    if cell.window.overlaps(context.span)
                ]
            if self.options.numbers == "each":
                link_nested(made)
            records += made
        return records

    def _window(self, cell: Cell) -> Interval:
        if self.options.numbers != "running_total" or self.options.since is None:
            return cell.window
        first = Days(min(self.options.since, cell.days.first), cell.days.last)
        return days_window(first, self.options.zone, day_starts_min=self.options.day_starts_min, named_by_last=self.options.date_names == "last")  # fmt: skip

    def _record(self, cell: Cell, context: ReadContext, *, window: Interval, value: float | None) -> Record:
        figure = self.options.figures[cell.figure]
        party = figure.speaker_party or self.options.speaker_party
        if self.options.speaker_column:
            party = self.options.speaker_parties.get(cell.speaker, party)
        who = (figure.series, cell.speaker, cell.area_id or "", figure.unit, cell.vintage)
        return {
            "count_id": short_id(
                "cnt", context.source_id, *who, format_time(window.start), format_time(window.stop)
            ),
            "source_id": context.source_id,
            "series": figure.series,
            "speaker": cell.speaker,
            "speaker_party_id": party,
            "accused_party_id": figure.accused_party,
            "act": figure.act,
            "unit": figure.unit,
            "value": value,
            "relation": cell.relation,
            "window_start": window.start,
            "window_stop": window.stop,
            "area_id": cell.area_id,
            "cumulative": self.options.numbers == "running_total",
            "vintage": cell.vintage,
            "part_of": None,
        }

    def _differences(self, rows: list[tuple[Cell, Record]], context: ReadContext) -> list[Record]:
        """What was added between two totals, over the time between their ends."""
        made: list[Record] = []
        totals = sorted(
            (item for item in rows if item[0].value is not None),
            key=lambda item: (item[0].window.stop, item[0].window.start),
        )
        for (before, _), (cell, provenance) in pairwise(totals):
            if before.window.stop >= cell.window.stop:
                continue
            window = Interval(before.window.stop, cell.window.stop)
            if not window.overlaps(context.span) or cell.value is None or before.value is None:
                continue
            value = cell.value - before.value
            note = f"total {before.value:g} to {cell.value:g}"
            if value < 0:
                note += f"; {value:+g} is below zero: earlier counts were withdrawn, or the total began anew"
            made.append(
                {
                    **self._record(cell, context, window=window, value=value if value >= 0 else None),
                    **provenance,
                    "relation": "=" if before.relation == cell.relation == "=" else "≈",
                    "note": "; ".join(filter(None, (note, cell.note))),
                }
            )
        return made

    def _zeros(self, known: dict[tuple[Any, ...], tuple[Cell, Record]], context: ReadContext) -> list[Record]:
        """Zeros for periods without a row, between the first and the last of each group."""
        made: list[Record] = []
        for cell, days, provenance in absent_windows(list(known.values())):
            window = days_window(days, self.options.zone, day_starts_min=self.options.day_starts_min, named_by_last=self.options.date_names == "last")  # fmt: skip
            if not window.overlaps(context.span):
                continue
            record = self._record(cell, context, window=window, value=0.0)
            made.append({**record, **provenance, "raw_row": 0, "relation": "=", "note": f"no row; zero because: {self.options.basis}"})  # fmt: skip
        return made

    def _notes(self, known: dict[tuple[Any, ...], tuple[Cell, Record]], context: ReadContext) -> list[str]:
        cells = [cell for cell, _ in known.values()]
        titles = {
            position: figure.series + (f" ({figure.area})" if figure.area else "")
            for position, figure in enumerate(self.options.figures)
        }
        notes = describe_gaps(cells, titles, span=context.span, zeros_because=self.options.basis if self.options.absent_is_zero else None)  # fmt: skip
        return notes + describe_zero_edges(cells, titles, span=context.span)


def _is_data(figure: Figure, days: Days) -> bool:
    return (figure.first_date is None or figure.first_date <= days.first) and (
        figure.last_date is None or days.last <= figure.last_date
    )


def _settle(
    read_rows: list[tuple[Row, list[Cell]]], context: ReadContext
) -> dict[tuple[Any, ...], tuple[Cell, Record]]:
    """Use, leave out or quarantine each row; the numbers known, by what may hold one only."""
    said: dict[tuple[Any, ...], set[tuple[float | None, str]]] = {}
    for _, cells in read_rows:
        for cell in cells:
            said.setdefault(cell.key, set()).add(cell.said)
    known: dict[tuple[Any, ...], tuple[Cell, Record]] = {}
    for row, cells in read_rows:
        disputed = [cell for cell in cells if len(said[cell.key]) > 1]
        new = [cell for cell in cells if cell.key not in known]
        if disputed:
            values = ", ".join(sorted(f"{value:g}" if value is not None else "no number" for value, _ in said[disputed[0].key]))  # fmt: skip
            row.wrong("id_repeated", "two rows give different numbers for the same window; neither is used", column="", got=f"{values} for {disputed[0].days.first.isoformat()} to {disputed[0].days.last.isoformat()}", expected="one number for each series, speaker, area and window", next_step="Remove the wrong row, or keep the speakers apart")  # fmt: skip
            row.close()
        elif not cells or not any(cell.window.overlaps(context.span) for cell in cells):
            known.update({cell.key: (cell, row.provenance) for cell in new})
            row.outside()
        elif not new:
            row.repeated()
        else:
            known.update({cell.key: (cell, row.provenance) for cell in new})
            row.use()
    return known


def link_nested(rows: list[Record]) -> None:
    """Set ``part_of`` on numbers over part of a longer window of the same list (each window once)."""
    farthest: Record | None = None
    for row in sorted(rows, key=lambda row: (row["window_start"], -row["window_stop"].timestamp())):
        if farthest is not None and row["window_stop"] <= farthest["window_stop"]:
            row["part_of"] = farthest["count_id"]
        elif row["value"] is not None:
            farthest = row
