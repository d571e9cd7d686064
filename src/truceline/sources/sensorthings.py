"""Sensors behind an OGC SensorThings service: readings above a level as events, numbers as counts.

``levels`` says which reading is an event: of which stream, from which level on, of which act.
``series`` takes the numbers of a stream as they are. A phenomenon time that is an interval is
the uncertainty of an event and the window of a count; an instant begins one of ``resolution_s``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from pydantic import Field, model_validator

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.errors import Problem
from truceline.base.intervals import Interval, format_time
from truceline.schema.table import Record
from truceline.sources.days import TimeReadError, read_moment
from truceline.sources.option_names import expect_names
from truceline.sources.outcome import conclude, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.sensorthings_json import read_page
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables
from truceline.sources.spans import span_around


class Level(Model):
    """Which readings are events."""

    datastream: str = Field("*", description="name (or id) of the stream, or a glob; case matters")
    act: str | None = Field(None, description="act of the terms that it shows; null: not known")
    at_least: float | None = Field(None, description="from this reading on; null: no lower limit")
    at_most: float | None = Field(None, description="up to this reading; null: no upper limit")
    words: list[str] = Field(
        default_factory=list, description="for readings that are words: those that are events"
    )

    @model_validator(mode="after")
    def _has_a_limit(self) -> Level:
        if self.at_least is None and self.at_most is None and not self.words:
            raise ValueError("give `at_least`, `at_most` or `words`: which readings are events")
        return self


class NumberSeries(Model):
    """Which numbers are a series of counts."""

    series: str = Field(description="name of the series")
    datastream: str = Field(description="name (or id) of the stream, or a glob; case matters")
    unit: str | None = Field(None, description="what one is; null: the stream's unit")
    act: str | None = Field(None, description="act of the terms, where one is one")
    area: str | None = Field(None, description="area that it covers")


class SensorOptions(Model):
    """Options of ``sensorthings``."""

    levels: list[Level] = Field(default_factory=list, description="readings that are events")
    series: list[NumberSeries] = Field(default_factory=list, description="numbers that are counts")
    operator: str = Field(description="who runs the sensors, as a reader should see it")
    operator_party: str | None = Field(None, description="side of the operator; null: neither")
    resolution_s: float = Field(1, gt=0, le=366 * 86_400, description="how finely instants are given, seconds")  # fmt: skip
    position_sd_m: float | None = Field(
        None, ge=0, description="standard deviation of the place observed, metres"
    )
    range_m: float | None = Field(
        None, gt=0, description="how far a sensor reaches, metres: places an event that has only the sensor's place"
    )  # fmt: skip

    @model_validator(mode="after")
    def _reads_something(self) -> SensorOptions:
        if not self.levels and not self.series:
            raise ValueError("give `levels` (readings that are events) or `series` (numbers that are counts)")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading, not yet settled."""

    row: Row
    key: str
    when: Interval
    received_at: datetime | None
    place: Record

    @property
    def said(self) -> str:
        """What must agree where its id stands twice."""
        return repr((self.when, self.row.values.get("result")))


@SOURCES.add
class SensorThings(Source):
    """See the module."""

    name: ClassVar[str] = "sensorthings"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Readings of sensors (OGC SensorThings JSON)"
    Options: ClassVar[type[Model]] = SensorOptions
    options: SensorOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Readings become observations and counts."""
        tables = SourceTables()
        readings: list[Reading] = []
        levels, series = self.options.levels, self.options.series
        expect_names(
            context,
            acts=[*(("levels.act", one.act) for one in levels), *(("series.act", one.act) for one in series)],
            areas=[("series.area", one.area) for one in series],
        )

        def read_file(file: InputFile) -> None:
            sheet = Sheet(file, tables, deferred=True)
            page = read_page(sheet.json_value(), label=file.label)
            for row in sheet.records(page.observations):
                reading = self._reading(row, context)
                if reading is None:
                    row.close()
                else:
                    readings.append(reading)
            sheet.check_filled()
            if page.next_links:
                tables.problems.append(
                    Problem(code="file_truncated", message=f"the file is one page of several ({len(page.next_links)} links to the next); what is on the others is not here", file=file.label, got=page.next_links[0][:120], expected="every page of the answer", next_step="Fetch the next pages and put them beside this one")
                )  # fmt: skip

        read_each(context, tables, read=read_file)
        made: dict[str, dict[str, Record]] = {"observations": {}, "counts": {}}
        n_other = self._settle(readings, context, made)
        if n_other:
            tables.notes.append(f"Readings that fit none of `levels` and `series`: {n_other}, read and no events.")  # fmt: skip
        return conclude(tables, context, **{name: list(rows.values()) for name, rows in made.items()})

    # -- one reading -----------------------------------------------------------------------
    def _reading(self, row: Row, context: ReadContext) -> Reading | None:
        if "broken" in row.values:
            row.wrong("value_type", "not an entity", got=str(row.values["broken"]), expected="an Observation")
            return None
        when = self._when(row)
        received_at = self._received(row)
        place = self._place(row, context)
        if not row.ok or when is None:
            return None
        stream = row.text("datastream_id") or row.text("datastream") or ""
        name = row.text("id") or f"{format_time(when.start)} {format_time(when.stop)} {row.text('result')}"
        return Reading(row=row, key=f"{stream}:{name}", when=when, received_at=received_at, place=place)

    def _settle(
        self, readings: list[Reading], context: ReadContext, made: dict[str, dict[str, Record]]
    ) -> int:
        """Use, leave out or quarantine each reading; the number that fits nothing asked for."""
        said: dict[str, set[str]] = {}
        for reading in readings:
            said.setdefault(reading.key, set()).add(reading.said)
        seen: set[str] = set()
        n_other = 0
        for reading in readings:
            row = reading.row
            if len(said[reading.key]) > 1:
                row.wrong("id_repeated", "two readings have this id and differ; neither is used", column="@iot.id", got=reading.key, expected="an id for each reading", next_step="Compare the two")  # fmt: skip
                row.close()
            elif reading.key in seen:
                row.repeated()
            elif not reading.when.overlaps(context.span):
                row.outside()
            else:
                n_other += self._use(reading, context, made)
            seen.add(reading.key)
        return n_other

    def _use(self, reading: Reading, context: ReadContext, made: dict[str, dict[str, Record]]) -> bool:
        """Make what is asked for of one reading; whether it fits nothing."""
        row = reading.row
        level = next((one for one in self.options.levels if _is_of(one.datastream, row) and _fits(one, row)), None)  # fmt: skip
        number = _number(row.values.get("result"))
        series = [one for one in self.options.series if number is not None and _is_of(one.datastream, row)]
        if level is None and not series:
            row.outside()
            return True
        row.use()
        if level is not None:
            event = self._event(row, level, reading.when, context)
            made["observations"][event["observation_id"]] = {**event, **reading.place, "received_at": reading.received_at}  # fmt: skip
        for one in series:
            count = self._count(row, one, number or 0.0, reading.when, context=context, key=reading.key)
            made["counts"][count["count_id"]] = count
        return False

    def _event(self, row: Row, level: Level, when: Interval, context: ReadContext) -> Record:
        sensor = row.text("sensor") or row.text("thing") or row.text("datastream")
        number = _number(row.values.get("result"))
        told = f"{row.text('datastream') or 'reading'}: {row.text('result')} {row.text('unit') or ''}".strip()
        return {
            "observation_id": short_id("obs", context.source_id, row.text("datastream"), row.text("id"), format_time(when.start), format_time(when.stop), row.text("result")),
            "source_id": context.source_id,
            "primary_source_id": context.source_id,
            "sensor_id": sensor,
            "occurred_from": when.start,
            "occurred_until": when.stop,
            "place_name": row.text("feature") or row.text("thing"),
            "acts": {} if level.act is None else {level.act: 0.0},
            "strength": number,
            "speaker_party_id": self.options.operator_party,
            "text": told,
            **row.provenance,
        }  # fmt: skip

    def _count(
        self, row: Row, one: NumberSeries, value: float, when: Interval, *, context: ReadContext, key: str
    ) -> Record:
        return {
            "count_id": short_id("cnt", context.source_id, one.series, key),
            "source_id": context.source_id,
            "series": one.series,
            "speaker": self.options.operator,
            "speaker_party_id": self.options.operator_party,
            "act": one.act,
            "unit": one.unit or row.text("unit") or "reading",
            "value": value,
            "relation": "=",
            "window_start": when.start,
            "window_stop": when.stop,
            "area_id": context.area(one.area) if one.area else None,
            "cumulative": False,
            "vintage": "as fetched",
            "note": row.text("datastream"),
            **row.provenance,
        }

    def _when(self, row: Row) -> Interval | None:
        text = row.text("phenomenonTime", required=True)
        if text is None:
            return None
        try:
            moments = [read_moment(part) for part in text.split("/")]
        except (TimeReadError, ValueError) as error:
            row.wrong("time_format", "not a time or an interval with an offset", column="phenomenonTime", got=text, expected="2025-04-19T18:00:00Z, or two of them with a slash", next_step=getattr(error, "next_step", ""))  # fmt: skip
            return None
        if len(moments) == 1:
            return span_around(row, "phenomenonTime", moments[0], before_s=0, after_s=self.options.resolution_s)  # fmt: skip
        if len(moments) != 2 or moments[1] < moments[0]:
            row.wrong("time_order", "the interval stops before it starts", column="phenomenonTime", got=text, expected="a start, a slash and a later stop")  # fmt: skip
            return None
        if moments[0] == moments[1]:
            return span_around(row, "phenomenonTime", moments[0], before_s=0, after_s=self.options.resolution_s)  # fmt: skip
        return Interval(moments[0], moments[1])

    def _received(self, row: Row) -> datetime | None:
        text = row.text("resultTime")
        if text is None:
            return None
        try:
            return read_moment(text.split("/")[-1])
        except (TimeReadError, ValueError):
            return None  # when it was stored says nothing of what it was: the reading stands without

    def _place(self, row: Row, context: ReadContext) -> Record:
        """The place observed, else the sensor's, with how well it is known."""
        found: Record = {}
        stands = row.place("thing_longitude", "thing_latitude", region=None) if "thing_longitude" in row.values else None  # fmt: skip
        if stands is not None:
            found |= {"observer_longitude_deg": stands[0], "observer_latitude_deg": stands[1]}
            if self.options.range_m is not None:
                # a place anywhere in a disc of radius R: R/2 in each direction
                found |= {"range_min_m": 0.0, "range_max_m": self.options.range_m, "longitude_deg": stands[0], "latitude_deg": stands[1], "position_sd_m": self.options.range_m / 2}  # fmt: skip
        if "longitude" in row.values:
            place = row.place("longitude", "latitude", region=context.region)
            if place is not None:
                found |= {"longitude_deg": place[0], "latitude_deg": place[1], "position_sd_m": self.options.position_sd_m}  # fmt: skip
        return found


def _is_of(pattern: str, row: Row) -> bool:
    return any(fnmatchcase(row.text(name) or "", pattern) for name in ("datastream", "datastream_id"))


def _fits(level: Level, row: Row) -> bool:
    number = _number(row.values.get("result"))
    if number is None or (level.at_least is None and level.at_most is None):
        return (row.text("result") or "").casefold() in {word.casefold() for word in level.words}
    return (level.at_least is None or number >= level.at_least) and (
        level.at_most is None or number <= level.at_most
    )


def _number(result: Any) -> float | None:
    """The reading as a finite number; a yes or no, a word or a record is none."""
    if isinstance(result, bool) or not isinstance(result, int | float | str):
        return None
    try:
        number = float(result)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
