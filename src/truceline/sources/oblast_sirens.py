"""Air-raid alerts per region: start and finish, UTC.

An alert is a warning, not an impact. While one is on, no new one can start in its region, so
the time under an alert is time in which nothing could be seen; an alert longer than
``merged_after_h`` is several that were merged on the way, and lost as a record.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from truceline.base.documents import Model
from truceline.base.intervals import Interval, microseconds
from truceline.schema import COVERAGE, OBSERVATIONS
from truceline.sources.batches import Batch, csv_batches, overlaps
from truceline.sources.columns import (
    Hashes,
    Mask,
    Seen,
    Whole,
    coded,
    content_hashes,
    moment_at,
    moment_texts,
    times,
)
from truceline.sources.days import Zone
from truceline.sources.gather import Gathered, one_act, picked, provenance
from truceline.sources.outcome import conclude, read_each
from truceline.sources.rows import Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

#: stop of an alert without a finish: it was still on when the file was made
OPEN = datetime(9999, 1, 1, tzinfo=UTC)
COLUMNS = ("region", "started_at", "finished_at")
_SECOND_US = 1_000_000


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
        alerts = Gathered(OBSERVATIONS, word="obs", start="occurred_from")
        blind = Gathered(COVERAGE, word="cov", start="window_start")
        seen = Seen()
        merged: dict[str, list[Interval]] = {}

        def read_file(file: InputFile) -> None:
            for batch in csv_batches(Sheet(file, tables), columns=COLUMNS):
                self._take(batch, context, alerts, blind, seen=seen, merged=merged)

        read_each(context, tables, read=read_file)
        tables.notes += self._merged_notes(merged, context.window)
        return conclude(tables, context, observations=alerts.table(), coverage=blind.table())

    def _take(
        self,
        batch: Batch,
        context: ReadContext,
        alerts: Gathered,
        blind: Gathered,
        *,
        seen: Seen,
        merged: dict[str, list[Interval]],
    ) -> None:
        regions = batch.text("region", required=True)
        started = batch.time("started_at", zone=self.options.zone)
        finished = batch.time("finished_at", zone=self.options.zone, required=False)
        areas = _areas(batch, regions, context)
        start_us = started.start_us
        stop_us = np.where(finished.is_none, microseconds(OPEN), finished.start_us)
        batch.wrong(
            ~started.is_none & (stop_us <= start_us),
            "time_order",
            "the alert finishes before it starts",
            column="finished_at",
            got=lambda at: str(batch.row(at).values["finished_at"]),
            expected=lambda at: f"after {batch.row(at).values['started_at']}",
        )
        sound = np.flatnonzero(batch.sound())
        texts = [moment_texts(start_us[sound]), moment_texts(stop_us[sound])]
        known = content_hashes(context.source_id, [picked(areas, sound), *texts], n=len(sound))
        fresh = np.zeros(len(batch), np.bool_)
        fresh[sound] = seen.first(known)
        used = batch.settle(inside=overlaps(context.span, start_us, stop_us), fresh=fresh, repeats_first=True)
        kept = np.flatnonzero(np.isin(sound, used))
        ids = content_hashes(context.source_id, [picked(regions, used), *(picked(text, kept) for text in texts)], n=len(used))  # fmt: skip
        self._add(batch, context, used, alerts, regions=picked(regions, used), areas=picked(areas, used), start_us=start_us[used], stop_us=stop_us[used], ids=ids)  # fmt: skip
        self._add_blind(batch, context, used, blind, areas=picked(areas, used), start_us=start_us[used], stop_us=stop_us[used], ids=known[kept])  # fmt: skip
        self._note_merged(context, picked(regions, used), start_us[used], stop_us[used], merged)

    def _add(
        self, batch: Batch, context: ReadContext, used: Whole, alerts: Gathered, *, regions: pa.Array, areas: pa.Array, start_us: Whole, stop_us: Whole, ids: Hashes
    ) -> None:  # fmt: skip
        is_open = stop_us == microseconds(OPEN)
        alerts.add(
            {
                "source_id": context.source_id,
                "occurred_from": times(start_us),
                "occurred_until": times(start_us + _SECOND_US),
                "ended_from": times(stop_us, is_open),
                "ended_until": times(stop_us + _SECOND_US, is_open),
                "area_id": areas,
                "place_name": regions,
                "acts": one_act(self.options.act),
                "accused_party_id": self.options.accused_party,
                "speaker_party_id": self.options.speaker_party,
                "primary_source_id": context.source_id,
                **provenance(batch.sheet.file, batch.numbers[used]),
            },
            ids,
        )

    def _add_blind(
        self, batch: Batch, context: ReadContext, used: Whole, blind: Gathered, *, areas: pa.Array, start_us: Whole, stop_us: Whole, ids: Hashes
    ) -> None:  # fmt: skip
        known_us = _known_stops(stop_us, context)
        merged = pa.array(self._are_merged(start_us, known_us))
        blind.add(
            {
                "source_id": context.source_id,
                "area_id": areas,
                "window_start": times(start_us),
                "window_stop": times(known_us),
                "act": self.options.act,
                "available_share": 0.0,
                "reason": pc.if_else(merged, "merged_record", "watched"),
                "note": pc.if_else(
                    merged,
                    "several alerts merged into one: new ones cannot be seen",
                    "under an alert: a new one cannot start",
                ),
                **provenance(batch.sheet.file, batch.numbers[used]),
            },
            ids,
        )

    def _note_merged(
        self, context: ReadContext, regions: pa.Array, start_us: Whole, stop_us: Whole, merged: dict[str, list[Interval]]
    ) -> None:  # fmt: skip
        known_us = _known_stops(stop_us, context)
        noted = self._are_merged(start_us, known_us) & overlaps(context.window, start_us, known_us)
        for at in np.flatnonzero(noted).tolist():
            alert = Interval(moment_at(start_us[at]), moment_at(known_us[at]))
            merged.setdefault(regions[at].as_py(), []).append(alert)

    def _are_merged(self, start_us: Whole, stop_us: Whole) -> Mask:
        return np.asarray(stop_us - start_us > self.options.merged_after_h * 3_600_000_000)

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


def _areas(batch: Batch, regions: pa.Array, context: ReadContext) -> pa.Array:
    """Areas of the regions; a name that the case does not know is a problem."""
    names, which = coded(regions)
    areas = [None if name is None else context.area(name) for name in names]
    unknown = np.array([name is not None and area is None for name, area in zip(names, areas, strict=True)])
    batch.wrong(
        unknown[which] if len(names) else np.zeros(len(batch), np.bool_),
        "name_unknown",
        "the case has no area of this name",
        column="region",
        got=lambda at: regions[at].as_py(),
        expected="a region listed in the case's areas",
        next_step="Add the region, or its spelling, to the case's areas",
    )
    return pa.array(areas, pa.string()).take(pa.array(which))


def _known_stops(stop_us: Whole, context: ReadContext) -> Whole:
    """Where alerts stop; one without a finish is followed no further than the case's span."""
    return np.where(stop_us == microseconds(OPEN), microseconds(context.span.stop), stop_us)


def _covered_h(intervals: list[Interval], window: Interval) -> float:
    """Hours of ``window`` under any of ``intervals``."""
    hours, reached = 0.0, window.start
    for interval in sorted(intervals):
        start, stop = max(interval.start, reached), min(interval.stop, window.stop)
        if start < stop:
            hours += Interval(start, stop).duration_h
            reached = stop
    return hours
