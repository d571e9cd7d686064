"""Incidents found in news, each put on a place: date or time, place, labels, headline.

A time of 00:00:00 means that only the date is known: the record then spans the local day. The
data set does not document its clock. Option ``zone`` has to say it; that it is local time shows
in the hours of the timed records (fewest between 03 and 05, a rise at 07, daily morning reports
a little after 08), which in UTC would be two or three hours off.

Places are those of a gazetteer, and a story about a region stands on a village chosen for it:
hence the wide default of ``position_sd_m``, and ``area_places`` for villages known to stand in.
Labels come from a classifier that changed within the set; use ``labels_until`` where they fail.
Nothing says who reported or who acted: primary source, speaker and accused stay empty.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar

from pydantic import Field

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.intervals import Interval
from truceline.schema.table import Record
from truceline.sources.days import Zone, local_day
from truceline.sources.outcome import conclude, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

COLUMNS = ("datetime", "lon", "lat", "place_name", "event_type", "headline")


class NewsOptions(Model):
    """Options of ``viina``."""

    zone: Zone = Field(description="zone of the file's times (IANA name); see the module on how it is known")
    label_acts: dict[str, str] = Field(
        default_factory=dict, description="label of `event_type` → act of the terms; others are dropped"
    )
    labels_until: date | None = Field(
        None, description="first local date on which labels are no longer read; null: always read"
    )
    position_sd_m: float = Field(
        5000,
        gt=0,
        description="standard deviation of a place, metres. Default: a settlement with its surroundings, since a gazetteer's point stands for where the story says it was",
    )
    area_places: dict[str, str] = Field(
        default_factory=dict,
        description="place name that stands in for a whole area → area of the case; such a record gets the area and no point",
    )


@SOURCES.add
class NewsIncidents(Source):
    """See the module."""

    name: ClassVar[str] = "viina"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Geocoded incidents from news (CSV: datetime, lon, lat, place, labels, headline)"
    Options: ClassVar[type[Model]] = NewsOptions
    options: NewsOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Records become observations."""
        tables = SourceTables()
        observations: dict[str, Record] = {}
        n_date_only = 0

        def read_file(file: InputFile) -> None:
            nonlocal n_date_only
            for row in Sheet(file, tables).csv_rows(columns=COLUMNS):
                found = self._observation(row, context)
                if found is None:
                    continue
                record, date_only, in_region = found
                if record["observation_id"] in observations:
                    row.repeated()
                elif not in_region or not _interval(record).overlaps(context.span):
                    row.outside()
                else:
                    row.use()
                    observations[record["observation_id"]] = record
                    n_date_only += date_only

        read_each(context, tables, read=read_file)
        if observations:
            n_carried = count_carried(list(observations.values()))
            tables.notes.append(
                f"{n_date_only} of {len(observations)} records give a date without a time; their interval is the local day. "
                f"{n_carried} repeat headline and place of the day before: date-only records are carried over, and copies are not new incidents."
            )
        return conclude(tables, context, observations=list(observations.values()))

    def _observation(self, row: Row, context: ReadContext) -> tuple[Record, bool, bool] | None:
        moment = row.time("datetime", zone=self.options.zone)
        text = row.text("datetime") or ""
        place = row.place("lon", "lat", region=context.region)
        headline = row.text("headline")
        acts = self._acts(row, context, day=text[:10])
        name = row.text("place_name")
        area_id = self._area(row, name, context)
        if moment is None or place is None or not row.ok:
            return None
        date_only = text.endswith("00:00:00")
        interval = (
            local_day(date.fromisoformat(text[:10]), self.options.zone) if date_only else _minute(moment)
        )
        in_region = context.region is None or context.region.holds(*place)
        record: Record = {
            "observation_id": short_id(
                "obs", context.source_id, *(row.text(column) or "" for column in COLUMNS)
            ),
            "source_id": context.source_id,
            "occurred_from": interval.start,
            "occurred_until": interval.stop,
            "place_name": name,
            "acts": acts,
            "text": headline,
            **row.provenance,
        }
        if area_id is None:
            record |= {
                "longitude_deg": place[0],
                "latitude_deg": place[1],
                "position_sd_m": self.options.position_sd_m,
            }
        else:
            record["area_id"] = area_id
        return record, date_only, in_region

    def _acts(self, row: Row, context: ReadContext, *, day: str) -> dict[str, float]:
        """Acts of the labels, each with log-likelihood 0: the labels do not say how sure they are."""
        until = self.options.labels_until
        if until is not None and day >= until.isoformat():
            return {}
        labels = (row.text("event_type") or "").split("|")
        acts = [self.options.label_acts[label] for label in labels if label in self.options.label_acts]
        for act in acts:
            if act not in context.acts:
                row.wrong(
                    "name_unknown",
                    "the terms have no such act",
                    column="event_type",
                    got=act,
                    expected=" | ".join(context.acts),
                    next_step="Correct the option `label_acts`",
                )
        return dict.fromkeys(sorted(acts), 0.0)

    def _area(self, row: Row, name: str | None, context: ReadContext) -> str | None:
        wanted = self.options.area_places.get(name or "")
        area_id = None if wanted is None else context.area(wanted)
        if wanted is not None and area_id is None:
            row.wrong(
                "name_unknown",
                "the case has no area of this name",
                column="place_name",
                got=wanted,
                expected="an area of the case",
                next_step="Correct the option `area_places`, or add the area to the case",
            )
        return area_id


def count_carried(observations: list[Record]) -> int:
    """Records that repeat headline and place of a record of the local day before."""
    days: dict[tuple[str | None, str | None], set[date]] = {}
    for record in observations:
        days.setdefault((record["text"], record["place_name"]), set()).add(_interval(record).start.date())
    return sum(
        1
        for record in observations
        if _interval(record).start.date() - timedelta(days=1) in days[(record["text"], record["place_name"])]
    )


def _minute(moment: datetime) -> Interval:
    """Times are given to the minute; the seconds in the file are always zero."""
    return Interval(moment, moment + timedelta(minutes=1))


def _interval(record: Record) -> Interval:
    return Interval(record["occurred_from"], record["occurred_until"])
