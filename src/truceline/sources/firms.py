"""Active fires seen from space, in the column convention of NASA FIRMS (MODIS and VIIRS).

A detection is a hot pixel: vegetation fires look the same, so it speaks to an act only if the
option ``act`` says so. Position: the true place is taken to be uniform over the pixel, whose
sides are ``scan`` and ``track`` (km); the standard deviation of a uniform over a side s is
s / sqrt(12), and of the two directions the root mean square is given:

    position_sd_m = 1000 · sqrt((scan² + track²) / 2) / sqrt(12)

``acq_time`` is HHMM in UTC, and text: leading zeros lost by a spreadsheet are put back.
Without a table of complete days nothing can be said of days without a row.
"""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from typing import ClassVar

from pydantic import Field

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.errors import Problem
from truceline.base.intervals import Interval
from truceline.schema.table import Record
from truceline.sources.days import local_day, local_days
from truceline.sources.outcome import conclude, matches, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

COLUMNS = ("latitude", "longitude", "acq_date", "acq_time", "satellite")
_YES_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class FireOptions(Model):
    """Options of ``firms``."""

    act: str | None = Field(None, description="act that a fire may come from; null: none is named")
    completeness_file: str | None = Field(
        None,
        description="name or glob of a table (acq_date, day_complete) among the source's files: UTC days whose passes are all in the file",
    )
    instruments: list[str] | None = Field(
        None, description="values of `instrument` to keep; null: every one (they do not see alike)"
    )


@SOURCES.add
class ActiveFires(Source):
    """See the module."""

    name: ClassVar[str] = "firms"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Active fires from space (CSV in the FIRMS column convention)"
    Options: ClassVar[type[Model]] = FireOptions
    options: FireOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Detections become observations, complete and incomplete days become coverage."""
        tables = SourceTables()
        observations: dict[str, Record] = {}
        days: dict[date, tuple[bool, Record]] = {}
        pattern = self.options.completeness_file
        day_files = [file for file in context.files if pattern is not None and matches(file, pattern)]

        def read_file(file: InputFile) -> None:
            if file in day_files:
                _read_days(file, context, tables, days=days)
            else:
                self._read_fires(file, context, tables, observations=observations)

        read_each(context, tables, read=read_file)
        coverage: list[Record] = []
        if days:
            coverage = self._coverage(days, day_files, context)
        else:
            tables.notes.append(
                "No table of complete days: a day without a row is unknown, not a day without fire."
            )
            if pattern is not None:
                tables.problems.append(
                    Problem(code="file_missing", message="no readable file is a table of complete days", file=f"source {context.source_id}", column="completeness_file", got=pattern, expected="a file of the source with that name", next_step="Add the file to the source's `files`")
                )  # fmt: skip
        return conclude(tables, context, observations=list(observations.values()), coverage=coverage)

    def _read_fires(
        self,
        file: InputFile,
        context: ReadContext,
        tables: SourceTables,
        *,
        observations: dict[str, Record],
    ) -> None:
        kept = self.options.instruments
        for row in Sheet(file, tables).csv_rows(columns=COLUMNS):
            found = self._observation(row, context)
            if found is None:
                continue
            record, place = found
            at = Interval(record["occurred_from"], record["occurred_until"])
            if record["observation_id"] in observations:
                row.repeated()
            elif (
                not at.overlaps(context.span)
                or (context.region is not None and not context.region.holds(*place))
                or (kept is not None and (row.text("instrument") or "") not in kept)
            ):
                row.outside()
            else:
                row.use()
                observations[record["observation_id"]] = record

    def _observation(self, row: Row, context: ReadContext) -> tuple[Record, tuple[float, float]] | None:
        day = row.day("acq_date")
        minute = _minute_of_day(row)
        place = row.place("longitude", "latitude", region=context.region)
        satellite = row.text("satellite", required=True)
        scan_km, track_km = row.number_of("scan", at_least=0), row.number_of("track", at_least=0)
        power_mw = row.number_of("frp")
        if not row.ok or day is None or minute is None or place is None:
            return None
        start = local_day(day, "UTC").start + minute
        parts = (satellite, day.isoformat(), row.text("acq_time"))
        return {
            "observation_id": short_id("obs", context.source_id, *parts, *place, scan_km, track_km, power_mw),
            "source_id": context.source_id,
            "primary_source_id": context.source_id,
            "sensor_id": " ".join(filter(None, (row.text("instrument"), satellite))),
            "look_id": f"{satellite} {start:%Y-%m-%d %H%M}",
            "occurred_from": start,
            "occurred_until": start + timedelta(minutes=1),
            "longitude_deg": place[0],
            "latitude_deg": place[1],
            "position_sd_m": _pixel_sd_m(scan_km, track_km),
            "acts": {self.options.act: 0.0} if self.options.act is not None else {},
            "strength": power_mw,
            **row.provenance,
        }, place

    def _coverage(
        self, days: dict[date, tuple[bool, Record]], day_files: list[InputFile], context: ReadContext
    ) -> list[Record]:
        """One row for each UTC day of the span; a day that no table names is without data."""
        unnamed = min(day_files, key=lambda file: file.label)
        nowhere = {"raw_file": unnamed.label, "raw_row": 0, "raw_digest": unnamed.digest}
        rows = []
        for day in local_days(context.span, "UTC"):
            complete, provenance = days.get(day, (None, nowhere))
            window = local_day(day, "UTC")
            rows.append(
                {
                    "coverage_id": short_id("cov", context.source_id, day),
                    "source_id": context.source_id,
                    "window_start": window.start,
                    "window_stop": window.stop,
                    "act": self.options.act,
                    "available_share": 1.0 if complete else 0.0,
                    "reason": "watched" if complete else "no_data",
                    "note": {
                        True: "every pass of this UTC day is in the file",
                        False: "the file does not hold this UTC day whole",
                        None: "the table of days does not name this UTC day",
                    }[complete],
                    **provenance,
                }
            )
        return rows


def _read_days(
    file: InputFile, context: ReadContext, tables: SourceTables, *, days: dict[date, tuple[bool, Record]]
) -> None:
    rows: list[tuple[date, bool, Row]] = []
    for row in Sheet(file, tables, deferred=True).csv_rows(columns=("acq_date", "day_complete")):
        day = row.day("acq_date")
        word = row.text("day_complete", required=True)
        complete = None if word is None else _YES_NO.get(word.casefold())
        if word is not None and complete is None:
            row.wrong(
                "value_unknown",
                "neither yes nor no",
                column="day_complete",
                got=word,
                expected="True | False",
            )
        if day is None or complete is None:
            row.close()
        else:
            rows.append((day, complete, row))
    named = {(day, complete) for day, complete, _ in rows}
    disputed = {day for day, complete in named if (day, not complete) in named}
    seen: set[date] = set()
    for day, complete, row in rows:
        if day in disputed:
            row.wrong("id_repeated", "the day is called complete and incomplete; it counts as without data", column="acq_date", got=day.isoformat(), expected="one row for each day", next_step="Remove the wrong row")  # fmt: skip
            row.close()
        elif day in seen:
            row.repeated()
        elif not local_day(day, "UTC").overlaps(context.span):
            row.outside()
        else:
            row.use()
            days.setdefault(day, (complete, row.provenance))
        seen.add(day)


def _minute_of_day(row: Row) -> timedelta | None:
    text = row.text("acq_time", required=True)
    if text is None:
        return None
    padded = text.zfill(4)
    if re.fullmatch(r"[0-9]{1,4}", text) and int(padded[:2]) < 24 and int(padded[2:]) < 60:
        return timedelta(hours=int(padded[:2]), minutes=int(padded[2:]))
    row.wrong(
        "time_format",
        "not a time of day",
        column="acq_time",
        got=text,
        expected="HHMM in UTC, such as 0026",
        next_step="Read the column as text, not as a number",
    )
    return None


def _pixel_sd_m(scan_km: float | None, track_km: float | None) -> float | None:
    """Standard deviation in each direction of a place uniform over the pixel; see the module."""
    if scan_km is None or track_km is None:
        return None
    return 1000 * math.sqrt((scan_km**2 + track_km**2) / 2) / math.sqrt(12)
