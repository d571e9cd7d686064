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

from datetime import date
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from truceline.base.documents import Model
from truceline.base.intervals import microseconds
from truceline.schema import OBSERVATIONS
from truceline.schema.table import Table
from truceline.sources.batches import Batch, csv_batches, in_region, overlaps
from truceline.sources.columns import (
    Mask,
    Moments,
    Seen,
    Whole,
    coded,
    content_hashes,
    mask_of,
    times,
)
from truceline.sources.days import Zone, local_day
from truceline.sources.gather import Gathered, act_maps, picked, provenance
from truceline.sources.outcome import conclude, read_each
from truceline.sources.rows import Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

COLUMNS = ("datetime", "lon", "lat", "place_name", "event_type", "headline")
_MINUTE_US = 60_000_000


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
        gathered = Gathered(OBSERVATIONS, word="obs", start="occurred_from")
        seen = Seen()
        n_date_only = 0

        def read_file(file: InputFile) -> None:
            nonlocal n_date_only
            for batch in csv_batches(Sheet(file, tables), columns=COLUMNS):
                n_date_only += self._take(batch, context, gathered, seen)

        read_each(context, tables, read=read_file)
        observations = gathered.table()
        if len(observations):
            tables.notes.append(
                f"{n_date_only} of {len(observations)} records give a date without a time; their interval is the local day. "
                f"{count_carried(observations)} repeat headline and place of the day before: date-only records are carried over, and copies are not new incidents."
            )
        return conclude(tables, context, observations=observations)

    def _take(self, batch: Batch, context: ReadContext, gathered: Gathered, seen: Seen) -> int:
        """Add a batch's records; how many of those used give a date alone."""
        moment = batch.time("datetime", zone=self.options.zone)
        start_us, stop_us, date_only = self._windows(batch, moment)
        x, y = batch.place("lon", "lat", region=context.region)
        acts = self._acts(batch, context)
        names = batch.text("place_name")
        areas = self._areas(batch, names, context)
        in_span = overlaps(context.span, start_us, stop_us)
        at = np.flatnonzero(batch.sound() & in_span & in_region(context.region, x, y))
        parts = [picked(batch.text(name), at) for name in COLUMNS]
        hashes = content_hashes(context.source_id, parts, n=len(at))
        fresh, inside = np.zeros(len(batch), np.bool_), np.zeros(len(batch), np.bool_)
        inside[at] = True
        fresh[at] = seen.first(hashes)
        used = batch.settle(inside=inside, fresh=fresh | ~inside)
        areas = picked(areas, used)
        is_point = mask_of(pc.is_null(areas))
        gathered.add(
            {
                "source_id": context.source_id,
                "occurred_from": times(start_us[used]),
                "occurred_until": times(stop_us[used]),
                "place_name": picked(names, used),
                "acts": picked(acts, used),
                "text": picked(batch.text("headline"), used),
                "longitude_deg": np.where(is_point, x[used], np.nan),
                "latitude_deg": np.where(is_point, y[used], np.nan),
                "position_sd_m": np.where(is_point, self.options.position_sd_m, np.nan),
                "area_id": areas,
                **provenance(batch.sheet.file, batch.numbers[used]),
            },
            hashes[fresh[at]],
        )
        return int(date_only[used].sum())

    def _windows(self, batch: Batch, moment: Moments) -> tuple[Whole, Whole, Mask]:
        """Minutes, since times are given to the minute; or local days, where the time is 00:00:00."""
        texts = batch.text("datetime")
        date_only = mask_of(pc.ends_with(texts, "00:00:00")) & ~moment.is_none
        start_us, stop_us = moment.start_us.copy(), moment.start_us + _MINUTE_US
        at = np.flatnonzero(date_only)
        days, which = coded(pc.utf8_slice_codeunits(picked(texts, at), 0, 10))
        windows = [local_day(date.fromisoformat(day), self.options.zone) for day in days]
        for ends, values in (("start", start_us), ("stop", stop_us)):
            found = [microseconds(getattr(window, ends)) for window in windows]
            values[at] = np.array(found, dtype=np.int64)[which]
        return start_us, stop_us, date_only

    def _acts(self, batch: Batch, context: ReadContext) -> pa.Array:
        """Acts of the labels, each with log-likelihood 0: the labels do not say how sure they are."""
        words, which = coded(batch.text("event_type"))
        named = [[self.options.label_acts[label] for label in (word or "").split("|") if label in self.options.label_acts] for word in words]  # fmt: skip
        acts: list[dict[str, float]] = [dict.fromkeys(sorted(names), 0.0) for names in named]
        if self.options.labels_until is not None:
            days = pc.utf8_slice_codeunits(pc.fill_null(batch.text("datetime"), ""), 0, 10)
            late = mask_of(pc.greater_equal(days, self.options.labels_until.isoformat()))
            which = np.where(late, len(acts), which)
            acts, named = [*acts, {}], [*named, []]
        for code, names in enumerate(named):
            for act in names:
                if act not in context.acts:
                    batch.wrong(
                        which == code,
                        "name_unknown",
                        "the terms have no such act",
                        column="event_type",
                        got=act,
                        expected=" | ".join(context.acts),
                        next_step="Correct the option `label_acts`",
                    )
        return act_maps(acts, which)

    def _areas(self, batch: Batch, names: pa.Array, context: ReadContext) -> pa.Array:
        """Areas of the names that stand in for one; null for every other place."""
        words, which = coded(names)
        wanted = [self.options.area_places.get(word or "") for word in words]
        areas = [None if area is None else context.area(area) for area in wanted]
        for code, (name, area) in enumerate(zip(wanted, areas, strict=True)):
            if name is not None and area is None:
                batch.wrong(
                    which == code,
                    "name_unknown",
                    "the case has no area of this name",
                    column="place_name",
                    got=name,
                    expected="an area of the case",
                    next_step="Correct the option `area_places`, or add the area to the case",
                )
        return pa.array(areas, pa.string()).take(pa.array(which))


def count_carried(observations: Table) -> int:
    """Records that repeat headline and place of a record of the (UTC) day before."""
    texts, places = (_codes(observations[name]) for name in ("text", "place_name"))
    days = observations["occurred_from"].cast(pa.int64()).to_numpy() // (1440 * _MINUTE_US)
    _, stories = np.unique(texts * (int(places.max()) + 1) + places, return_inverse=True)
    width = int(days.max() - days.min()) + 2
    keys = stories * width + (days - days.min()) + 1
    return int(np.isin(keys - 1, keys).sum())


def _codes(column: pa.ChunkedArray) -> Whole:
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
