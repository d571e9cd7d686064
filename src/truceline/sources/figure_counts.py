"""Counts from the numbers of published figures: each of its window, totals, or what was added between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.base.intervals import Interval, format_time, microseconds
from truceline.schema import COUNTS
from truceline.schema.table import Record, Table
from truceline.sources.columns import Hashes, Reals, Whole, content_hashes, ids_of, moment_at, times
from truceline.sources.distinct import texts_of
from truceline.sources.figure_cells import Known
from truceline.sources.figure_gaps import absent_windows
from truceline.sources.figure_options import FigureOptions
from truceline.sources.gather import Values, arrow_table
from truceline.sources.periods import Days, days_window
from truceline.sources.source import ReadContext


@dataclass(slots=True, kw_only=True)
class _Made:
    """Counts in the making; ``at``: the numbers that they are made of."""

    at: Whole
    start_us: Whole
    stop_us: Whole
    values: Reals
    relations: list[str] | pa.Array
    notes: list[str | None] | pa.Array
    numbers: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class CountMaker:
    """Counts of numbers by the options of their source; ``window`` tells the window of days."""

    options: FigureOptions
    context: ReadContext
    window: Callable[[Days], Interval]

    def table(self, known: Known) -> Table:
        """All counts, ordered by time and id."""
        made = [self._differences(known) if self.options.numbers == "differences" else self._each(known)]
        if self.options.absent_is_zero:
            made.append(self._zeros(known))
        tables, hashes = zip(*(self._columns(known, one) for one in made), strict=True)
        whole, every = pa.concat_tables(tables), np.concatenate(hashes)
        ids = ids_of("cnt", every)
        place = whole.schema.get_field_index(COUNTS.key)
        whole = whole.set_column(place, whole.schema.field(place), ids)
        if self.options.numbers == "each":
            part_of = pa.concat_arrays([_nested(known, made[0], ids), *(pa.nulls(len(one.at), pa.string()) for one in made[1:])])  # fmt: skip
            place = whole.schema.get_field_index("part_of")
            whole = whole.set_column(place, whole.schema.field(place), part_of)
        starts = np.concatenate([one.start_us for one in made])
        return whole.take(pa.array(np.lexsort((every, starts))))

    # -- what is counted -------------------------------------------------------------------
    def _each(self, known: Known) -> _Made:
        start_us, stop_us = known.windows(self.window)
        order = np.lexsort((stop_us, start_us, known.groups()))
        at = order[self._overlap(start_us[order], stop_us[order])]
        if self.options.numbers == "running_total":
            start_us, stop_us = known.windows(self._since)
        return self._as_read(known, at, start_us[at], stop_us[at])

    def _as_read(self, known: Known, at: Whole, start_us: Whole, stop_us: Whole) -> _Made:
        notes: list[str | None] = [note or None for note in known.cells.notes.known]
        return _Made(
            at=at,
            start_us=start_us,
            stop_us=stop_us,
            values=known.values[at],
            relations=texts_of([*known.cells.relations.known], known.columns["relation"][at]),
            notes=texts_of(notes, known.columns["note"][at]),
            numbers=known.columns["number"][at],
        )

    def _since(self, days: Days) -> Interval:
        first = self.options.since
        return self.window(days if first is None else Days(min(first, days.first), days.last))

    def _differences(self, known: Known) -> _Made:
        """What was added between two totals, over the time between their ends."""
        start_us, stop_us = known.windows(self.window)
        group = known.groups()
        order = np.lexsort((start_us, stop_us, group))
        order = order[~np.isnan(known.values[order])]
        one, two = order[:-1], order[1:]
        kept = (group[one] == group[two]) & (stop_us[one] < stop_us[two])
        kept &= self._overlap(stop_us[one], stop_us[two])
        one, two = one[kept], two[kept]
        relations, notes = known.cells.relations.known, known.cells.notes.known
        before, after = known.values[one].tolist(), known.values[two].tolist()
        said = [notes[code] for code in known.columns["note"][two].tolist()]
        signs = zip(*(known.columns["relation"][some].tolist() for some in (one, two)), strict=True)
        added = known.values[two] - known.values[one]
        return _Made(
            at=two,
            start_us=stop_us[one],
            stop_us=stop_us[two],
            values=np.where(added >= 0, added, np.nan),
            relations=["=" if relations[first] == relations[last] == "=" else "≈" for first, last in signs],
            notes=[
                _added(one_total, next_total, note)
                for one_total, next_total, note in zip(before, after, said, strict=True)
            ],
            numbers=known.columns["number"][two],
        )

    def _zeros(self, known: Known) -> _Made:
        """Zeros for periods without a row, between the first and the last of each group."""
        at, ends = [], []
        for position, days in absent_windows(known):
            window = self.window(days)
            if window.overlaps(self.context.span):
                at.append(position)
                ends.append((microseconds(window.start), microseconds(window.stop)))
        places = np.array(ends, np.int64).reshape(-1, 2)
        note = f"no row; zero because: {self.options.basis}"
        return _Made(
            at=np.array(at, np.int64),
            start_us=places[:, 0],
            stop_us=places[:, 1],
            values=np.zeros(len(at)),
            relations=["="] * len(at),
            notes=[note] * len(at),
            numbers=np.zeros(len(at), np.int64),
        )

    def _overlap(self, start_us: Whole, stop_us: Whole) -> Any:
        span = self.context.span
        return (start_us < microseconds(span.stop)) & (stop_us > microseconds(span.start))

    # -- records ---------------------------------------------------------------------------
    def _columns(self, known: Known, made: _Made) -> tuple[Table, Hashes]:
        cells, codes = known.cells, {name: some[made.at] for name, some in known.columns.items()}
        figures = self.options.figures
        speakers = cells.speakers.known
        speaker = texts_of([*speakers], codes["speaker"])
        areas: list[str | None] = [area or None for area in cells.areas.known]
        columns: dict[str, Values] = {
            "source_id": self.context.source_id,
            "speaker": speaker,
            "speaker_party_id": self._parties(speakers, codes),
            "area_id": texts_of(areas, codes["area"]),
            "value": made.values,
            "relation": pa.array(made.relations, pa.string()),
            "window_start": times(made.start_us),
            "window_stop": times(made.stop_us),
            "cumulative": pa.scalar(self.options.numbers == "running_total"),
            "vintage": texts_of([*cells.vintages.known], codes["vintage"]),
            "note": pa.array(made.notes, pa.string()),
            "raw_file": texts_of([sheet.file.label for sheet in cells.sheets], codes["sheet"]),
            "raw_row": pa.array(made.numbers),
            "raw_digest": texts_of([str(sheet.file.digest) for sheet in cells.sheets], codes["sheet"]),
        }
        for name, meanings in (
            ("series", [one.series for one in figures]),
            ("accused_party_id", [one.accused_party for one in figures]),
            ("act", [one.act for one in figures]),
            ("unit", [one.unit for one in figures]),
        ):
            columns[name] = texts_of([*meanings], codes["figure"])
        who = [columns["series"], speaker, texts_of([*cells.areas.known], codes["area"]), columns["unit"], columns["vintage"]]  # fmt: skip
        parts: list[Any] = [*who, _time_texts(made.start_us), _time_texts(made.stop_us)]
        hashes = content_hashes(self.context.source_id, parts, n=len(made.at))
        return arrow_table(COUNTS, columns, n=len(made.at)), hashes

    def _parties(self, speakers: list[str], codes: dict[str, Whole]) -> pa.Array:
        options = self.options
        own = [figure.speaker_party or options.speaker_party for figure in options.figures]
        if not options.speaker_column:
            return texts_of(own, codes["figure"])
        each = [options.speaker_parties.get(name, party) for party in own for name in speakers]
        return texts_of(each, codes["figure"] * len(speakers) + codes["speaker"])


def _added(before: float, after: float, note: str) -> str:
    value = after - before
    text = f"total {before:g} to {after:g}"
    if value < 0:
        text += f"; {value:+g} is below zero: earlier counts were withdrawn, or the total began anew"
    return "; ".join(filter(None, (text, note)))


def _time_texts(values_us: Whole) -> pa.Array:
    known, which = np.unique(values_us, return_inverse=True)
    return texts_of([format_time(moment_at(value)) for value in known.tolist()], which)


def _nested(known: Known, made: _Made, ids: pa.Array) -> pa.Array:
    """The id of the longer window that each is part of. ``made`` stands in the order of groups and starts."""
    n = len(made.at)
    group = known.groups()[made.at]
    order = np.lexsort((-made.stop_us, made.start_us, group))
    same = group[order][1:] == group[order][:-1]
    reaches_less = made.stop_us[order][1:] <= made.stop_us[order][:-1]
    doubtful = np.isin(group, group[order][1:][same & reaches_less])  # in no other group is one nested
    part_of: list[str | None] = [None] * n
    for number in np.unique(group[doubtful]).tolist():
        rows: list[Record] = [
            {"at": at, "count_id": ids[at].as_py(), "window_start": moment_at(made.start_us[at]), "window_stop": moment_at(made.stop_us[at]), "value": None if np.isnan(made.values[at]) else made.values[at], "part_of": None}
            for at in range(*np.searchsorted(group, [number, number + 1]).tolist())
        ]  # fmt: skip
        link_nested(rows)
        for row in rows:
            part_of[row["at"]] = row["part_of"]
    return pa.array(part_of, pa.string())


def link_nested(rows: list[Record]) -> None:
    """Set ``part_of`` on numbers over part of a longer window of the same list (each window once)."""
    farthest: Record | None = None
    for row in sorted(rows, key=lambda row: (row["window_start"], -row["window_stop"].timestamp())):
        if farthest is not None and row["window_stop"] <= farthest["window_stop"]:
            row["part_of"] = farthest["count_id"]
        elif row["value"] is not None:
            farthest = row


def figure_window(options: FigureOptions) -> Callable[[Days], Interval]:
    """How days become a window by the options."""

    def window(days: Days) -> Interval:
        return days_window(days, options.zone, day_starts_min=options.day_starts_min, named_by_last=options.date_names == "last")  # fmt: skip

    return window
