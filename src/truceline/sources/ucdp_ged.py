"""Events of UCDP GED (Georeferenced Event Dataset) and of the UCDP Candidate Events Dataset.

Codes by the UCDP GED Codebook (Högbladh, version 19.1; those of places are also listed in the
documentation of the R package mapme.biodiversity, ``calc_fatalities_ucdp``):

- ``date_start`` to ``date_end`` is the span of days. Where it is narrower than ``date_prec`` says,
  it is widened: 1 the day; 2 two to six days; 3 a week; 4 a month; 5 a year or more.
- ``where_prec`` 1: the place; 2: within some 25 km of it, hence a standard deviation of 12.5 km in
  each direction (a disc of radius r has r / 2); 3: a second-order region (``adm_2``), 4: a
  first-order one (``adm_1``), 5: part of a region, or a line such as a border or a road; 6: the
  country; 7: waters or air between countries. From 3 on the coordinates are a centroid and are
  never taken for a point: the event gets the area of the case with that name, or the name alone.

``type_of_violence`` (1 state-based, 2 non-state, 3 one-sided) is no act by itself: the option
``violence_acts`` may name one. ``side_a`` is a claim of whose act it was in one-sided violence
alone. An event of ``event_clarity`` 2 is a sum over days or places that a source gave as one.
Deaths are not read: they are no acts.
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
from truceline.sources.columns import Whole, coded
from truceline.sources.days import Zone
from truceline.sources.option_names import expect_names, of_mapping
from truceline.sources.outcome import conclude, read_each
from truceline.sources.rows import Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

COLUMNS = ("id", "type_of_violence", "side_a", "where_prec", "latitude", "longitude", "date_prec", "date_start", "date_end")  # fmt: skip
#: read where they are there
OTHERS = ("where_coordinates", "adm_1", "adm_2", "country", "event_clarity", "source_headline", "side_b")
KINDS = {"1": "state-based violence", "2": "non-state violence", "3": "one-sided violence"}
NEAR_SD_M = 12_500.0


class GedOptions(Model):
    """Options of ``ucdp_ged``."""

    zone: Zone = Field(description="zone whose days the dates are (IANA name)")
    violence_acts: dict[str, str] = Field(
        default_factory=dict,
        description="`type_of_violence` (1, 2, 3) → act of the terms; others have no act",
    )
    actor_parties: dict[str, str] = Field(
        default_factory=dict, description="name of a side → party; others accuse nobody"
    )
    exact_sd_m: float = Field(2000, gt=0, description="standard deviation of a place of `where_prec` 1, metres")  # fmt: skip
    delimiter: str = Field(",", min_length=1, max_length=1, description="what separates fields")


@SOURCES.add
class GedEvents(Source):
    """See the module."""

    name: ClassVar[str] = "ucdp_ged"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = (
        "Events of UCDP GED and UCDP Candidate (CSV), with their precision of time and place"
    )
    Options: ClassVar[type[Model]] = GedOptions
    options: GedOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Events become observations."""
        options = self.options
        expect_names(
            context,
            acts=of_mapping("violence_acts", options.violence_acts),
            parties=of_mapping("actor_parties", options.actor_parties),
        )
        tables = SourceTables()
        records = events.EventRecords(context, tables)
        n_sums = 0

        def read_file(file: InputFile) -> None:
            nonlocal n_sums
            for batch in csv_batches(Sheet(file, tables), columns=COLUMNS, others=OTHERS, delimiter=options.delimiter):  # fmt: skip
                n_sums += self._take(batch, records)

        read_each(context, tables, read=read_file)
        observations = records.table()
        tables.notes += records.notes(acts_option="violence_acts")
        if n_sums:
            tables.notes.append(
                f"Records of event clarity 2, sums that a source gave as one, over days or places: {n_sums:,}."
            )
        return conclude(tables, context, observations=observations)

    def _take(self, batch: Batch, records: events.EventRecords) -> int:
        """Add a batch; how many of the records used are sums."""
        ids = batch.text("id", required=True)
        window = self._windows(batch)
        codes = events.read_codes(batch, "type_of_violence", highest=3)
        meanings: list[str | None] = [None, *(self.options.violence_acts.get(code) for code in KINDS)]
        placed = self._places(batch, records.context)
        accused = events.accused_of(batch.text("side_a"), self.options.actor_parties, said=codes == 3)
        used = records.add(
            batch,
            ids=ids,
            window=window,
            placed=placed,
            acts=(meanings, ["", *KINDS.values()], codes),
            accused=accused,
            text=batch.text("source_headline"),
            rank=np.full(len(batch), np.nan),
            kept=np.ones(len(batch), np.bool_),
        )
        sums, which = coded(batch.text("event_clarity"))
        return int(np.array([word == "2" for word in sums], np.bool_)[which][used].sum()) if sums else 0

    def _windows(self, batch: Batch) -> tuple[Whole, Whole]:
        firsts, which_first = events.read_dates(batch, "date_start")
        lasts, which_last = events.read_dates(batch, "date_end")
        triples, which = events.combined(
            which_first, which_last, events.read_codes(batch, "date_prec", highest=5)
        )
        spans = [(firsts[one], lasts[two]) for one, two, _ in triples]
        backwards = np.array([first is not None and last is not None and last < first for first, last in spans], np.bool_)  # fmt: skip
        batch.wrong(
            backwards[which] if len(spans) else np.zeros(len(batch), np.bool_),
            "time_order",
            "the event ends before it starts",
            column="date_end",
            got=lambda at: batch.text("date_end")[at].as_py(),
            expected=lambda at: f"{batch.text('date_start')[at].as_py()} or later",
            next_step="Correct the row",
        )
        wide = [
            (None, None) if wrong else _widened(*span, code)
            for span, (_, _, code), wrong in zip(spans, triples, backwards.tolist(), strict=True)
        ]
        return events.windows(wide, which, self.options.zone)

    def _places(self, batch: Batch, context: ReadContext) -> events.Placed:
        x, y = batch.place("longitude", "latitude", region=context.region)
        codes = events.read_codes(batch, "where_prec", highest=7)
        sd_m = np.array([np.nan, self.options.exact_sd_m, NEAR_SD_M, *[np.nan] * 5])[codes]
        none = pa.scalar(None, pa.string())
        texts = {name: batch.text(name) for name in ("adm_2", "adm_1", "country", "where_coordinates")}
        area = {name: events.areas_named(texts[name], context) for name in ("adm_2", "adm_1", "country")}
        at = {code: pa.array(codes == code) for code in (3, 6)}
        is_first, is_point = pa.array((codes == 4) | (codes == 5)), pa.array(codes <= 2)
        areas = pc.if_else(at[3], area["adm_2"], pc.if_else(is_first, area["adm_1"], pc.if_else(at[6], area["country"], none)))  # fmt: skip
        named = pc.coalesce(texts["where_coordinates"], texts["adm_2"], texts["adm_1"], texts["country"])
        region = pc.if_else(at[3], texts["adm_2"], pc.if_else(pa.array(codes == 4), texts["adm_1"], none))
        names = pc.if_else(is_point, named, pc.coalesce(region, named))
        return events.Placed(x=x, y=y, sd_m=sd_m, areas=areas, names=names)


def _widened(first: date | None, last: date | None, code: int) -> tuple[date | None, date | None]:
    """The span of days, at least as wide as the code of its precision says; see the module."""
    if first is None or last is None or code == 0:
        return None, None
    n_days = (last - first).days + 1
    if code == 2 and n_days < 2:
        return first - timedelta(days=3), last + timedelta(days=3)
    if code == 3 and n_days < 7:
        return first - timedelta(days=3), last + timedelta(days=3)
    if code == 4 and n_days < 28:
        return events.whole_month(first)[0], events.whole_month(last)[1]
    if code == 5 and n_days < 365:
        return first.replace(month=1, day=1), last.replace(month=12, day=31)
    return first, last
