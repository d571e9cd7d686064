"""Events of ACLED (Armed Conflict Location & Event Data), in the columns of its exports.

Dates and places are coded, and their codes become intervals and areas (ACLED Codebook, sections
on time and on geo-precision; the codes are also listed in the documentation of the R package
mapme.biodiversity, ``calc_fatalities_acled``):

- ``time_precision`` 1: the date; 2: some day of a week, whose middle is given, so three days to
  each side; 3: some day of a month, so the whole month.
- ``geo_precision`` 1: a town; 2: part of a region, or near a town that stands for it: a point
  with a wide deviation; 3: a larger region, for which a capital or a natural place is given:
  never a point, but the area of the case that has the name of ``admin1`` (else ``country``), or
  that name alone.

``actor1`` and ``actor2`` do not say who acted against whom, except in attacks: the option
``directed_types`` says of which kinds the first actor is a claim of whose act it was. Exports
before March 2023 (``data_id``, ``iso3``) are read as well; ``event_id_cnty`` is the id in both.
Of several versions of an event the one with the latest ``timestamp`` is taken. Fatalities are
not read: they are no acts.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from truceline.base.documents import Model
from truceline.sources import events
from truceline.sources.batches import Batch, csv_batches
from truceline.sources.columns import Mask, Reals, Whole, coded, numbers
from truceline.sources.days import Zone
from truceline.sources.option_names import expect_names, of_mapping
from truceline.sources.outcome import conclude, read_each
from truceline.sources.rows import Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

COLUMNS = ("event_id_cnty", "event_date", "time_precision", "event_type", "sub_event_type", "actor1", "latitude", "longitude", "geo_precision")  # fmt: skip
#: read where they are there
OTHERS = ("admin1", "admin2", "country", "location", "notes", "timestamp", "actor2")


class AcledOptions(Model):
    """Options of ``acled``."""

    zone: Zone = Field(description="zone whose days the dates are (IANA name)")
    event_acts: dict[str, str] = Field(
        default_factory=dict,
        description="`event_type/sub_event_type`, `sub_event_type` or `event_type` → act of the terms; the narrowest that fits counts, others have no act",
    )
    kinds: list[str] | None = Field(
        None, description="values of `event_type` or `sub_event_type` to keep; null: every one"
    )
    actor_parties: dict[str, str] = Field(
        default_factory=dict,
        description="name of an actor (with or without its years) → party; others accuse nobody",
    )
    directed_types: list[str] = Field(
        default=["Explosions/Remote violence", "Violence against civilians"],
        description="values of `event_type` in which the first actor is the one whose act it is said to be",
    )
    town_sd_m: float = Field(2000, gt=0, description="standard deviation of a place of geo-precision 1, metres")  # fmt: skip
    near_sd_m: float = Field(15_000, gt=0, description="standard deviation of a place of geo-precision 2, metres")  # fmt: skip
    delimiter: str = Field(",", min_length=1, max_length=1, description="what separates fields")


@SOURCES.add
class AcledEvents(Source):
    """See the module."""

    name: ClassVar[str] = "acled"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Events of ACLED (CSV export), with their precision of time and place"
    Options: ClassVar[type[Model]] = AcledOptions
    options: AcledOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Events become observations."""
        options = self.options
        expect_names(
            context,
            acts=of_mapping("event_acts", options.event_acts),
            parties=of_mapping("actor_parties", options.actor_parties),
        )
        tables = SourceTables()
        records = events.EventRecords(context, tables)

        def read_file(file: InputFile) -> None:
            for batch in csv_batches(Sheet(file, tables), columns=COLUMNS, others=OTHERS, delimiter=options.delimiter):  # fmt: skip
                self._take(batch, records)

        read_each(context, tables, read=read_file)
        observations = records.table()
        tables.notes += records.notes(acts_option="event_acts")
        return conclude(tables, context, observations=observations)

    def _take(self, batch: Batch, records: events.EventRecords) -> None:
        ids = batch.text("event_id_cnty", required=True)
        window = self._windows(batch)
        acts, kept, directed = self._acts(batch)
        placed = self._places(batch, records.context)
        accused = events.accused_of(batch.text("actor1"), self.options.actor_parties, said=directed)
        records.add(batch, ids=ids, window=window, placed=placed, acts=acts, accused=accused, text=batch.text("notes"), rank=_timestamps(batch), kept=kept)  # fmt: skip

    def _windows(self, batch: Batch) -> tuple[Whole, Whole]:
        dates, which = events.read_dates(batch, "event_date")
        pairs, both = events.combined(which, events.read_codes(batch, "time_precision", highest=3))
        return events.windows([_span(dates[at], code) for at, code in pairs], both, self.options.zone)

    def _acts(self, batch: Batch) -> tuple[tuple[list[str | None], list[str], Whole], Mask, Mask]:
        """Acts of the kinds of event; which rows are kept; in which the first actor is accused."""
        types, which_type = coded(batch.text("event_type", required=True))
        subtypes, which_subtype = coded(batch.text("sub_event_type"))
        pairs, which = events.combined(which_type, which_subtype)
        kinds = [(types[one] or "", subtypes[two] or "") for one, two in pairs]
        known = self.options.event_acts
        acts = [known.get(f"{one}/{two}") or known.get(two) or known.get(one) for one, two in kinds]
        wanted = self.options.kinds
        kept = np.array([wanted is None or one in wanted or two in wanted for one, two in kinds], np.bool_)
        directed = np.array([one in self.options.directed_types for one, _ in kinds], np.bool_)
        words = [f"{one}/{two}" if two else one for one, two in kinds]
        return (acts, words, which), kept[which], directed[which]

    def _places(self, batch: Batch, context: ReadContext) -> events.Placed:
        x, y = batch.place("longitude", "latitude", region=context.region)
        codes = events.read_codes(batch, "geo_precision", highest=3)
        sd_m = np.array([np.nan, self.options.town_sd_m, self.options.near_sd_m, np.nan])[codes]
        is_region = pa.array(codes == 3)
        names = pc.coalesce(batch.text("admin1"), batch.text("country"))
        areas = pc.coalesce(
            *(events.areas_named(batch.text(name), context) for name in ("admin1", "country"))
        )
        return events.Placed(
            x=x,
            y=y,
            sd_m=sd_m,
            areas=pc.if_else(is_region, areas, pa.scalar(None, pa.string())),
            names=pc.if_else(is_region, names, pc.coalesce(batch.text("location"), names)),
        )


def _timestamps(batch: Batch) -> Reals:
    """When a version of the event was uploaded, seconds since 1970; NaN where it is not said."""
    seconds, sure = numbers(batch.text("timestamp"))
    with np.errstate(invalid="ignore"):
        return np.where(sure & (seconds >= 0) & (seconds < 1e11), seconds, np.nan)


def _span(day: date | None, code: int) -> tuple[date | None, date | None]:
    """First and last date on which the event may have been; see the module."""
    if day is None or code == 0:
        return None, None
    if code == 1:
        return day, day
    if code == 2:
        return day - timedelta(days=3), day + timedelta(days=3)
    return events.whole_month(day)
