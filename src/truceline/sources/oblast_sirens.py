"""Air-raid alerts per region: start and finish, UTC.

An alert is a warning, not an impact. While one is on, no new one can start in its region, so
the time under an alert is time in which nothing could be seen; an alert longer than
``merged_after_h`` is several that were merged on the way, and lost as a record.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import Field

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.intervals import Interval
from truceline.schema.table import Record
from truceline.sources.days import Zone
from truceline.sources.outcome import conclude, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

#: stop of an alert without a finish: it was still on when the file was made
OPEN = datetime(9999, 1, 1, tzinfo=UTC)


class SirenOptions(Model):
    """Options of ``oblast_sirens``."""

    act: str = Field(description="act of the terms that the alerts warn of")
    accused_party: str | None = Field(None, description="party whose act the alerts warn of")
    speaker_party: str | None = Field(None, description="side whose services sound the alerts")
    zone: Zone | None = Field(None, description="zone of times that carry none")
    merged_after_h: float = Field(24, gt=0, description="an alert longer than this is a merged record, hours")


@SOURCES.add
class OblastSirens(Source):
    """See the module."""

    name: ClassVar[str] = "oblast_sirens"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Air-raid alerts per region (CSV: region, started_at, finished_at)"
    Options: ClassVar[type[Model]] = SirenOptions
    options: SirenOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Alerts become observations, the time under an alert becomes coverage without sight."""
        tables = SourceTables()
        observations: list[Record] = []
        coverage: list[Record] = []
        seen: set[tuple[str, datetime, datetime]] = set()
        merged: dict[str, list[Interval]] = {}

        def read_file(file: InputFile) -> None:
            for row in Sheet(file, tables).csv_rows(columns=("region", "started_at", "finished_at")):
                alert = self._alert(row, context)
                if alert is None:
                    continue
                region, area_id, interval = alert
                if (area_id, interval.start, interval.stop) in seen:
                    row.repeated()
                    continue
                seen.add((area_id, interval.start, interval.stop))
                if not interval.overlaps(context.span):
                    row.outside()
                    continue
                row.use()
                observations.append(self._observation(row, context, region, area_id, interval))
                coverage.append(self._blind(row, context, area_id, interval))
                known = _known_part(interval, context)
                if self._is_merged(known) and known.overlaps(context.window):
                    merged.setdefault(region, []).append(known)

        read_each(context, tables, read=read_file)
        tables.notes += self._merged_notes(merged, context.window)
        return conclude(tables, context, observations=observations, coverage=coverage)

    def _is_merged(self, interval: Interval) -> bool:
        return interval.duration_h > self.options.merged_after_h

    def _merged_notes(self, merged: dict[str, list[Interval]], window: Interval) -> list[str]:
        """Which regions could not be seen in the window, and for how much of it."""
        if not merged:
            return [
                f"No region is under an alert longer than {self.options.merged_after_h:g} h in the window."
            ]
        notes = []
        for region in sorted(merged):
            hidden_h = _covered_h(merged[region], window)
            notes.append(
                f"{region}: under a merged alert (longer than {self.options.merged_after_h:g} h) for "
                f"{hidden_h:.1f} of the window's {window.duration_h:.1f} hours; new alerts inside it cannot be seen."
            )
        return notes

    def _alert(self, row: Row, context: ReadContext) -> tuple[str, str, Interval] | None:
        region = row.text("region", required=True)
        started = row.time("started_at", zone=self.options.zone)
        finished = row.time("finished_at", zone=self.options.zone, required=False) or OPEN
        area_id = context.area(region) if region else None
        if region and area_id is None:
            row.wrong(
                "name_unknown",
                "the case has no area of this name",
                column="region",
                got=region,
                expected="a region listed in the case's areas",
                next_step="Add the region, or its spelling, to the case's areas",
            )
        if started and finished <= started:
            row.wrong(
                "time_order",
                "the alert finishes before it starts",
                column="finished_at",
                got=str(row.values["finished_at"]),
                expected=f"after {row.values['started_at']}",
            )
        if not row.ok or region is None or started is None or area_id is None:
            return None
        return region, area_id, Interval(started, finished)

    def _observation(
        self, row: Row, context: ReadContext, region: str, area_id: str, interval: Interval
    ) -> Record:
        return {
            "observation_id": short_id("obs", context.source_id, region, interval.start, interval.stop),
            "source_id": context.source_id,
            "occurred_from": interval.start,
            "occurred_until": _next_second(interval.start),
            "ended_from": None if interval.stop == OPEN else interval.stop,
            "ended_until": None if interval.stop == OPEN else _next_second(interval.stop),
            "area_id": area_id,
            "place_name": region,
            "acts": {self.options.act: 0.0},
            "accused_party_id": self.options.accused_party,
            "speaker_party_id": self.options.speaker_party,
            "primary_source_id": context.source_id,
            **row.provenance,
        }

    def _blind(self, row: Row, context: ReadContext, area_id: str, interval: Interval) -> Record:
        known = _known_part(interval, context)
        merged = self._is_merged(known)
        return {
            "coverage_id": short_id("cov", context.source_id, area_id, interval.start, interval.stop),
            "source_id": context.source_id,
            "area_id": area_id,
            "window_start": interval.start,
            "window_stop": known.stop,
            "act": self.options.act,
            "available_share": 0.0,
            "reason": "merged_record" if merged else "watched",
            "note": "several alerts merged into one: new ones cannot be seen"
            if merged
            else "under an alert: a new one cannot start",
            **row.provenance,
        }


def _known_part(interval: Interval, context: ReadContext) -> Interval:
    """The alert; one without a finish is followed no further than the case's span."""
    return Interval(interval.start, context.span.stop) if interval.stop == OPEN else interval


def _covered_h(intervals: list[Interval], window: Interval) -> float:
    """Hours of ``window`` under any of ``intervals``."""
    hours, reached = 0.0, window.start
    for interval in sorted(intervals):
        start, stop = max(interval.start, reached), min(interval.stop, window.stop)
        if start < stop:
            hours += Interval(start, stop).duration_h
            reached = stop
    return hours


def _next_second(moment: datetime) -> datetime:
    return moment + timedelta(seconds=1)
