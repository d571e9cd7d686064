"""Waves of missiles and drones: how many were launched and destroyed, by one side's account.

Several files are vintages (editions) of one table: one of them is read, the others are only
compared with it, because a late correction changes what was known when. A wave's window runs
from ``time_start`` to ``time_end``; a date without a time is the whole local day, and the row's
note says so. A day without a row is unknown, never a zero.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.base.intervals import Interval
from truceline.base.words import some
from truceline.schema.table import Record
from truceline.sources.days import Zone, local_days
from truceline.sources.outcome import conclude, leave_out, matches, read_each, sentence_list
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables
from truceline.sources.vintages import Edition, Wave, compare_editions

COLUMNS = ("time_start", "time_end", "model", "launch_place", "launched", "destroyed")
_VINTAGE = re.compile(r"vintage_([^.]+)")
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


class WaveOptions(Model):
    """Options of ``air_waves``."""

    act: str | None = Field(None, description="act of the terms that a launch is")
    accused_party: str | None = Field(None, description="party that the speaker says launched")
    speaker_party: str | None = Field(None, description="side of the speaker")
    speaker: str = Field(description="who counts, as a reader should see it")
    zone: Zone = Field(description="zone of the file's times (IANA name)")
    vintage: str = Field(
        "latest",
        description="label after `vintage_` in a file's name; latest: the newest dated label of those that cover most of the span",
    )
    model_dictionary: str | None = Field(
        None, description="name or glob of a file (columns model, category) that says what each model is"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A row as read."""

    row: Row
    wave: Wave
    note: str


@SOURCES.add
class AirWaves(Source):
    """See the module."""

    name: ClassVar[str] = "air_waves"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Missile and drone waves, launched and destroyed, in one or more vintages (CSV)"
    Options: ClassVar[type[Model]] = WaveOptions
    options: WaveOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Rows of the chosen vintage become counts; the other vintages become notes."""
        tables = SourceTables()
        categories, table_files = self._dictionary(context, tables)
        editions: dict[str, Edition] = {}

        def scan(file: InputFile) -> None:
            edition = self._edition(file)
            if edition.label in editions:
                raise InputError(
                    Problem(code="id_repeated", message="two files have the same vintage label", file=file.label, got=edition.label, expected="one file for each vintage", next_step="Rename one of the files")
                )  # fmt: skip
            editions[edition.label] = edition

        read_each(context, tables, read=scan, files=table_files)
        chosen = self._choose(editions, context)
        counts = self._counts(chosen.file, context, tables, categories=categories)
        for edition in editions.values():
            if edition is not chosen:
                leave_out(
                    edition.file, tables, why=f"another vintage; compared with {chosen.label}, not used"
                )
        tables.notes.append(
            f"Vintage {chosen.label} is used, of {', '.join(sorted(editions))}. A vintage is what the speaker said at that time."
        )
        tables.notes += compare_editions(list(editions.values()), context.span)
        tables.notes += self._empty_days(counts, context.span)
        return conclude(tables, context, counts=counts)

    # -- vintages --------------------------------------------------------------------------
    def _edition(self, file: InputFile) -> Edition:
        """Every sound row of a file, without an account: for choosing and comparing."""
        sheet = Sheet(file, SourceTables())
        waves = []
        for row in sheet.csv_rows(columns=COLUMNS):
            read = self._wave(row)
            if read is not None:
                waves.append(read.wave)
                row.use()
        label = _VINTAGE.search(file.path.name)
        return Edition(
            label=label[1] if label else file.path.name.split(".")[0], file=file, waves=tuple(waves)
        )

    def _choose(self, editions: dict[str, Edition], context: ReadContext) -> Edition:
        if self.options.vintage != "latest":
            if self.options.vintage in editions:
                return editions[self.options.vintage]
            raise InputError(
                Problem(code="name_unknown", message="no file has this vintage label", file=f"source {context.source_id}", column="vintage", got=self.options.vintage, expected=" | ".join(sorted(editions)), next_step="Correct the option `vintage`")
            )  # fmt: skip
        return max(
            editions.values(),
            key=lambda edition: (
                edition.days_covered(context.span),
                bool(_DATED.match(edition.label)),
                edition.label,
            ),
        )

    # -- rows ------------------------------------------------------------------------------
    def _counts(
        self, file: InputFile, context: ReadContext, tables: SourceTables, *, categories: dict[str, str]
    ) -> list[Record]:
        counts: list[Record] = []
        seen: set[str] = set()
        n_date_only = n_tally = 0
        label = self._edition(file).label
        for row in Sheet(file, tables).csv_rows(columns=COLUMNS):
            read = self._wave(row)
            if read is None:
                continue
            key = short_id("cnt", context.source_id, *sorted(map(str, row.values.items())))
            if key in seen:
                row.repeated()
                continue
            seen.add(key)
            if not read.wave.window.overlaps(context.span):
                row.outside()
                continue
            row.use()
            n_date_only += read.wave.date_only
            n_tally += read.wave.is_tally
            note = read.note + (f"; {categories[read.wave.model]}" if read.wave.model in categories else "")
            counts += self._records(read, context.source_id, key=key, vintage=label, note=note)
        if n_date_only:
            tables.notes.append(
                f"Of {some(len(seen), 'row')} read, {n_date_only:,} with dates and no times: their windows are whole local days. "
                f"With as many destroyed as launched, which may be tallies of what was destroyed alone: {n_tally:,} of them."
            )
        return counts

    def _wave(self, row: Row) -> _Read | None:
        starts = row.when("time_start", zone=self.options.zone)
        ends = row.when("time_end", zone=self.options.zone)
        launched = row.number_of("launched", at_least=0)
        destroyed = row.number_of("destroyed", at_least=0)
        if starts is None or ends is None or not row.ok:
            return None
        start = starts.start if isinstance(starts, Interval) else starts
        stop = ends.stop if isinstance(ends, Interval) else ends
        date_only = isinstance(starts, Interval) or isinstance(ends, Interval)
        remarks = [row.text("model") or "model not named"]
        if place := row.text("launch_place"):
            remarks.append(f"launched from {place}")
        if target := row.text("target"):
            remarks.append(f"target {target}")
        if stop == start:
            stop = start + timedelta(minutes=1)
            remarks.append("start and end are the same moment: one minute is taken")
        if date_only:
            remarks.append(_date_only_remark(starts, ends))
        if stop <= start:
            row.wrong(
                "time_order",
                "the wave ends before it starts",
                column="time_end",
                got=row.text("time_end") or "",
                expected=f"a time after {row.text('time_start')}",
                next_step="Correct the row",
            )
            return None
        wave = Wave(
            window=Interval(start, stop),
            date_only=date_only,
            model=row.text("model") or "",
            place=row.text("launch_place") or "",
            launched=launched,
            destroyed=destroyed,
        )
        return _Read(row=row, wave=wave, note="; ".join(remarks))

    def _records(self, read: _Read, source_id: str, *, key: str, vintage: str, note: str) -> list[Record]:
        shared = {
            "source_id": source_id,
            "speaker": self.options.speaker,
            "speaker_party_id": self.options.speaker_party,
            "relation": "=",
            "window_start": read.wave.window.start,
            "window_stop": read.wave.window.stop,
            "cumulative": False,
            "vintage": vintage,
            "note": note,
            **read.row.provenance,
        }
        launched = {
            "count_id": f"{key}-launched",
            "series": "launched",
            "accused_party_id": self.options.accused_party,
            "act": self.options.act,
            "unit": "launch",
            "value": read.wave.launched,
        }
        # what was destroyed is the defender's doing: no act of the party that launched
        destroyed = {
            "count_id": f"{key}-destroyed",
            "series": "destroyed",
            "unit": "interception",
            "value": read.wave.destroyed,
        }
        return [{**shared, **launched}, {**shared, **destroyed}]

    # -- notes -----------------------------------------------------------------------------
    def _empty_days(self, counts: list[Record], span: Interval) -> list[str]:
        tz = ZoneInfo(self.options.zone)
        begun = {record["window_start"].astimezone(tz).date() for record in counts}
        reached = set()
        for record in counts:
            window = Interval(record["window_start"], record["window_stop"])
            reached.update(local_days(window, self.options.zone))
        empty = [day for day in local_days(span, self.options.zone) if day not in begun]
        if not empty:
            return []
        words = [
            f"{day.isoformat()} (a wave begun before reaches into it)" if day in reached else day.isoformat()
            for day in empty
        ]
        return [
            f"No row begins on these local days of the span: {sentence_list(words, at_most=40)}. "
            "Whether nothing was launched or nothing was reported is not known: a missing row is not a zero."
        ]

    def _dictionary(
        self, context: ReadContext, tables: SourceTables
    ) -> tuple[dict[str, str], list[InputFile]]:
        """What each model is, and the files that are not the dictionary."""
        pattern = self.options.model_dictionary
        if pattern is None:
            return {}, list(context.files)
        words: dict[str, str] = {}
        others = []
        for file in sorted(context.files, key=lambda known: known.label):
            if not matches(file, pattern):
                others.append(file)
                continue
            for row in Sheet(file, tables).csv_rows(columns=("model", "category")):
                model, category = row.text("model", required=True), row.text("category")
                if model is not None:
                    words[model] = category or "category not given"
                    row.use()
        return words, others


def _date_only_remark(starts: datetime | Interval, ends: datetime | Interval) -> str:
    which = [
        name for name, value in (("start", starts), ("end", ends)) if isinstance(value, Interval)
    ]  # fmt: skip
    return f"{' and '.join(which)} given as a date only: the local day is taken"
