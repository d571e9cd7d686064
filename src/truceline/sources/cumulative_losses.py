"""Daily running totals of claimed losses: their differences are the day's own claims.

The report of a day describes the day before (option ``described_day_lag``). A correction that a
file declares is contained in the totals of its report day: the described day's own claim is the
difference less the correction. Where a report is missing no difference is taken across it. A
difference below zero is no count of a day: the value is null and the note gives it.
Losses claimed of a party say little about who fired: they accuse nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from pydantic import Field

from truceline.base.canonical import canonical_json, short_id
from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.base.intervals import Interval
from truceline.base.words import some
from truceline.schema.table import Record
from truceline.sources.days import Zone, local_day, local_days
from truceline.sources.outcome import conclude, matches, read_each, sentence_list
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables


class LossOptions(Model):
    """Options of ``cumulative_losses``."""

    fields: list[str] = Field(min_length=1, description="keys of the totals to read; each becomes a series")
    speaker: str = Field(description="who claims, as a reader should see it")
    speaker_party: str | None = Field(None, description="side of the speaker")
    about_party: str | None = Field(
        None, description="party whose losses are claimed (not accused of an act)"
    )
    described_day_lag: int = Field(
        1, ge=0, description="how many days a report lies after the day it describes"
    )
    zone: Zone = Field(description="zone whose days are described (IANA name)")
    correction_file: str | None = Field(
        None, description="name or glob of the file of corrections, among the source's files"
    )
    act: str | None = Field(None, description="act of the terms; best left out: a loss is not an act")
    unit: str = Field("loss", description="what one is")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """One total on one report day."""

    total: float
    about: bool
    provenance: Record


@SOURCES.add
class CumulativeLosses(Source):
    """See the module."""

    name: ClassVar[str] = "cumulative_losses"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Daily running totals of claimed losses (JSON list), as differences"
    Options: ClassVar[type[Model]] = LossOptions
    options: LossOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Differences of totals become counts of the day described."""
        tables = SourceTables()
        reports: dict[str, dict[date, _Report]] = {field: {} for field in self.options.fields}
        corrections: dict[tuple[date, str], float] = {}
        pattern = self.options.correction_file

        def read_file(file: InputFile) -> None:
            if pattern is not None and matches(file, pattern):
                self._read_corrections(file, context, tables, corrections=corrections)
            else:
                self._read_totals(file, context, tables, reports=reports)

        read_each(context, tables, read=read_file)
        self._missing_fields(reports, context)
        counts = [
            record
            for field in self.options.fields
            for record in self._differences(field, reports[field], corrections, context, tables)
        ]
        tables.notes += _correction_notes(corrections)
        return conclude(tables, context, counts=counts)

    def described(self, reported: date) -> Interval:
        """The local day that the report of ``reported`` describes."""
        return local_day(reported - timedelta(days=self.options.described_day_lag), self.options.zone)

    # -- reading ---------------------------------------------------------------------------
    def _read_totals(
        self,
        file: InputFile,
        context: ReadContext,
        tables: SourceTables,
        *,
        reports: dict[str, dict[date, _Report]],
    ) -> None:
        rows = list(_dated_rows(file, tables))
        conflicting = _conflicting_days(rows)
        seen: set[date] = set()
        for day, row in rows:
            if day in conflicting:
                _conflict(row, day)
            if day in seen and row.ok:
                row.repeated()
                continue
            totals = {
                field: row.number_of(field, at_least=0)
                for field in self.options.fields
                if field in row.values
            }
            for field, total in totals.items():
                known = reports[field].get(day)
                if known is not None and known.total != total:
                    _conflict(row, day)
            if not row.ok:
                row.close()
                continue
            seen.add(day)
            for field, total in totals.items():
                if total is not None and day not in reports[field]:
                    about = bool(row.text(f"{field}*"))
                    reports[field][day] = _Report(total=total, about=about, provenance=row.provenance)
            if self.described(day).overlaps(context.span):
                row.use()
            else:
                row.outside()

    def _read_corrections(
        self,
        file: InputFile,
        context: ReadContext,
        tables: SourceTables,
        *,
        corrections: dict[tuple[date, str], float],
    ) -> None:
        rows = list(_dated_rows(file, tables))
        conflicting = _conflicting_days(rows)
        seen: set[date] = set()
        for day, row in rows:
            if day in conflicting:
                _conflict(row, day)
            amounts = {field: row.number_of(field) for field in self.options.fields if field in row.values}
            if not row.ok:
                row.close()
                continue
            if day in seen:
                row.repeated()
                continue
            seen.add(day)
            if not self.described(day).overlaps(context.span):
                row.outside()
                continue
            row.use()
            corrections.update({(day, field): amount for field, amount in amounts.items() if amount})

    def _missing_fields(self, reports: dict[str, dict[date, _Report]], context: ReadContext) -> None:
        absent = [field for field in self.options.fields if not reports[field]]
        if absent:
            raise InputError(
                [
                    Problem(code="column_missing", message="no record of any file has this key", file=f"source {context.source_id}", column=field, got="no such key", expected=field, next_step="Correct the option `fields`, or add the file that has it")
                    for field in absent
                ]
            )  # fmt: skip

    # -- differences -----------------------------------------------------------------------
    def _differences(
        self,
        field: str,
        reports: dict[date, _Report],
        corrections: dict[tuple[date, str], float],
        context: ReadContext,
        tables: SourceTables,
    ) -> list[Record]:
        records: list[Record] = []
        lag = timedelta(days=self.options.described_day_lag)
        missing: list[str] = []
        below: list[str] = []
        for described in local_days(context.span, self.options.zone):
            report, before = reports.get(described + lag), reports.get(described + lag - timedelta(days=1))
            if report is None or before is None:
                missing.append(described.isoformat())
                continue
            difference = report.total - before.total
            correction = corrections.get((described + lag, field), 0.0)
            value = difference - correction
            note = f"total {before.total:g} to {report.total:g}"
            if correction:
                note += f", of which a correction of earlier days {correction:+g}"
            if value < 0:
                note += f"; {value:+g} is below zero: earlier claims were withdrawn, no count of this day"
                below.append(f"{described.isoformat()} ({value:+g})")
            day = self.described(described + lag)
            records.append(
                {
                    "count_id": short_id("cnt", context.source_id, field, described),
                    "source_id": context.source_id,
                    "series": field,
                    "speaker": self.options.speaker,
                    "speaker_party_id": self.options.speaker_party,
                    "act": self.options.act,
                    "unit": self.options.unit,
                    "value": value if value >= 0 else None,
                    "relation": "≈" if report.about or before.about else "=",
                    "window_start": day.start,
                    "window_stop": day.stop,
                    "cumulative": False,
                    "vintage": "as fetched",
                    "note": note
                    + (f"; losses of {self.options.about_party}" if self.options.about_party else ""),
                    **report.provenance,
                }
            )
        if missing:
            tables.notes.append(
                f"{field}: no difference for {some(len(missing), 'day')} of the span, because a report is missing: {sentence_list(missing)}."
            )
        if below:
            tables.notes.append(
                f"{field}: differences below zero, kept without a value: {sentence_list(below)}."
            )
        return records


def _dated_rows(file: InputFile, tables: SourceTables) -> list[tuple[date, Row]]:
    """Rows with their report day, not yet settled; those without a readable day are quarantined."""
    rows = []
    for row in Sheet(file, tables, deferred=True).json_rows():
        day = row.day("date")
        if day is None:
            row.close()
        else:
            rows.append((day, row))
    return rows


def _conflicting_days(rows: list[tuple[date, Row]]) -> set[date]:
    """Days that two differing records report."""
    first: dict[date, str] = {}
    conflicting = set()
    for day, row in rows:
        content = canonical_json({str(key): str(value) for key, value in row.values.items()})
        if first.setdefault(day, content) != content:
            conflicting.add(day)
    return conflicting


def _conflict(row: Row, day: date) -> None:
    row.wrong(
        "id_repeated",
        "two records of this day differ; neither is used",
        column="date",
        got=day.isoformat(),
        expected="one record for each day",
        next_step="Remove the wrong one",
    )


def _correction_notes(corrections: dict[tuple[date, str], float]) -> list[str]:
    return [
        f"The report of {day.isoformat()} corrects {field} of earlier days by {amount:+g}; it is taken off that report's difference."
        for (day, field), amount in sorted(corrections.items())
    ]
