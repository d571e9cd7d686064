"""Air-raid alerts per region: start and finish, UTC.

An alert is a warning, not an impact. While one is on, no new one can start in its region, so
the time under an alert is time in which nothing could be seen; an alert longer than
``merged_after_h`` is several that were merged on the way, and lost as a record.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.intervals import Interval
from truceline.schema import COVERAGE, OBSERVATIONS
from truceline.sources.rows import Row, Sheet, distinct_files
from truceline.sources.source import SOURCES, ReadContext, Source, SourceTables

#: an alert without a finish was still on when the file was made
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


class SirenOptions(Model):
    """Options of ``oblast_sirens``."""

    act: str = Field(description="act of the terms that the alerts warn of")
    accused_party: str | None = Field(None, description="party whose act the alerts warn of")
    speaker_party: str | None = Field(None, description="side whose services sound the alerts")
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
        observations: list[dict[str, Any]] = []
        coverage: list[dict[str, Any]] = []
        seen: set[tuple[str, datetime, datetime]] = set()
        for file in distinct_files(context.files, tables):
            for row in Sheet(file, tables).csv_rows(columns=("region", "started_at", "finished_at")):
                alert = self._alert(row, context)
                if alert is None:
                    continue
                region, area_id, interval = alert
                if (region, interval.start, interval.stop) in seen:
                    row.repeated()
                    continue
                seen.add((region, interval.start, interval.stop))
                if not interval.overlaps(context.span):
                    row.outside()
                    continue
                row.use()
                observations.append(self._observation(row, context, region, area_id, interval))
                coverage.append(self._blind(row, context, area_id, interval))
        tables.observations = OBSERVATIONS.from_records(observations)
        tables.coverage = COVERAGE.from_records(coverage)
        return tables

    def _alert(self, row: Row, context: ReadContext) -> tuple[str, str, Interval] | None:
        region = row.text("region", required=True)
        started = row.time("started_at")
        finished = row.time("finished_at", required=False) or END_OF_TIME
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
    ) -> dict[str, Any]:
        return {
            "observation_id": short_id("obs", context.source_id, region, interval.start, interval.stop),
            "source_id": context.source_id,
            "occurred_from": interval.start,
            "occurred_until": _next_second(interval.start),
            "ended_from": interval.stop,
            "ended_until": _next_second(interval.stop),
            "area_id": area_id,
            "place_name": region,
            "acts": {self.options.act: 0.0},
            "accused_party_id": self.options.accused_party,
            "speaker_party_id": self.options.speaker_party,
            "primary_source_id": context.source_id,
            **row.provenance,
        }

    def _blind(self, row: Row, context: ReadContext, area_id: str, interval: Interval) -> dict[str, Any]:
        merged = interval.duration_h > self.options.merged_after_h
        return {
            "coverage_id": short_id("cov", context.source_id, area_id, interval.start, interval.stop),
            "source_id": context.source_id,
            "area_id": area_id,
            "window_start": interval.start,
            "window_stop": interval.stop,
            "act": self.options.act,
            "available_share": 0.0,
            "reason": "merged_record" if merged else "watched",
            "note": "several alerts merged into one: new ones cannot be seen"
            if merged
            else "under an alert: a new one cannot start",
            **row.provenance,
        }


def _next_second(moment: datetime) -> datetime:
    return moment + timedelta(seconds=1)
