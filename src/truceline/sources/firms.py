"""Active fires seen from space, in the columns of every NASA FIRMS product.

MODIS (``brightness``, ``bright_t31``, ``confidence`` 0 to 100), VIIRS on its three satellites
(``bright_ti4``, ``bright_ti5``, ``confidence`` low, nominal, high or their first letters) and
Landsat (``path``, ``row``; confidence L, M, H), near real time or from the archive (``version``
ends in NRT or does not; ``type`` stands in the archive alone). Only the columns named in COLUMNS
must be there. Attributes: NASA Earthdata, "Active fire data attributes for MODIS and VIIRS".

A detection is a hot pixel: vegetation fires look the same, so it speaks to an act only if the
option ``act`` says so. Position: the true place is taken to be uniform over the pixel, whose
sides are ``scan`` and ``track`` (km; 30 m for Landsat, where the two are no sizes); the standard
deviation of a uniform over a side s is s / sqrt(12), and of the two directions the root mean
square is given:

    position_sd_m = 1000 · sqrt((scan² + track²) / 2) / sqrt(12)

``acq_time`` is HHMM in UTC, and text: leading zeros lost by a spreadsheet are put back. A look
is a satellite at a minute. Without a table of complete days nothing can be said of days without
a row.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import date
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.errors import Problem
from truceline.schema import OBSERVATIONS
from truceline.schema.table import Record
from truceline.sources.batches import Batch, csv_batches, in_region, overlaps
from truceline.sources.columns import (
    Mask,
    Reals,
    Seen,
    Whole,
    coded,
    content_hashes,
    float_texts,
    mask_of,
    moment_texts,
    times,
)
from truceline.sources.days import local_day, local_days
from truceline.sources.gather import Gathered, joined, one_act, picked, provenance
from truceline.sources.outcome import conclude, matches, read_each
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

COLUMNS = ("latitude", "longitude", "acq_date", "acq_time", "satellite")
#: read where they are there
OTHERS = ("instrument", "scan", "track", "frp", "confidence", "version", "type", "path", "row")
LANDSAT_KM = 0.03
TYPES = {"1": "volcanoes", "2": "other lasting sources on land", "3": "sources offshore"}
RANKS = ("low", "nominal", "high")
CONFIDENCE_WORDS = {"low": 0, "l": 0, "nominal": 1, "n": 1, "medium": 1, "m": 1, "high": 2, "h": 2}
_MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000
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
    confidence_at_least: Literal["low", "nominal", "high"] | None = Field(
        None, description="lowest confidence to keep; null: every one, and the column is not read"
    )
    types: list[int] | None = Field(
        None,
        description="values of `type` to keep, where the archive gives one: 0 vegetation, 1 volcano, 2 other lasting source on land, 3 offshore; null: every one. A row without a type is kept",
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
        gathered = Gathered(OBSERVATIONS, word="obs", start="occurred_from")
        seen = Seen()
        self._types: Counter[str] = Counter()
        self._versions: Counter[str] = Counter()
        days: dict[date, tuple[bool, Record]] = {}
        pattern = self.options.completeness_file
        day_files = [file for file in context.files if pattern is not None and matches(file, pattern)]

        def read_file(file: InputFile) -> None:
            if file in day_files:
                _read_days(file, context, tables, days=days)
                return
            for batch in csv_batches(Sheet(file, tables), columns=COLUMNS, others=OTHERS):
                self._take_fires(batch, context, gathered, seen)

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
        tables.notes += self._remarks()
        return conclude(tables, context, observations=gathered.table(), coverage=coverage)

    def _take_fires(self, batch: Batch, context: ReadContext, gathered: Gathered, seen: Seen) -> None:
        days, minutes = batch.day("acq_date"), _minutes_of_day(batch)
        x, y = batch.place("longitude", "latitude", region=context.region)
        satellite = batch.text("satellite", required=True)
        scan, track = batch.number_of("scan", at_least=0), batch.number_of("track", at_least=0)
        power_mw = batch.number_of("frp")
        kept = self._kept(batch)
        sound = batch.sound()
        start_us = np.where(sound, days.astype(np.int64) * _DAY_US + minutes * _MINUTE_US, 0)
        inside = sound & kept & in_region(context.region, x, y)
        inside &= overlaps(context.span, start_us, start_us + _MINUTE_US)
        at = np.flatnonzero(inside)
        parts = [picked(batch.text(name), at) for name in ("satellite", "acq_date", "acq_time")]
        parts += [float_texts(values[at]) for values in (x, y, scan, track, power_mw)]
        hashes = content_hashes(context.source_id, parts, n=len(at))
        fresh = np.zeros(len(batch), np.bool_)
        fresh[at] = seen.first(hashes)
        used = batch.settle(inside=inside, fresh=fresh | ~inside)
        self._tally(batch, used)
        side_km = (np.full(len(used), LANDSAT_KM),) * 2 if _is_landsat(batch) else (scan[used], track[used])
        satellite = picked(satellite, used)
        gathered.add(
            {
                "source_id": context.source_id,
                "primary_source_id": context.source_id,
                "sensor_id": joined(picked(batch.text("instrument"), used), satellite),
                "look_id": joined(satellite, _stamps(start_us[used])),
                "occurred_from": times(start_us[used]),
                "occurred_until": times(start_us[used] + _MINUTE_US),
                "longitude_deg": x[used],
                "latitude_deg": y[used],
                "position_sd_m": _pixel_sd_m(*side_km),
                "acts": one_act(self.options.act),
                "strength": power_mw[used],
                **provenance(batch.sheet.file, batch.numbers[used]),
            },
            hashes[fresh[at]],
        )

    def _kept(self, batch: Batch) -> Mask:
        """Rows that the options do not leave out; an unreadable confidence is a fault if it is asked for."""
        kept = np.ones(len(batch), np.bool_)
        if self.options.instruments is not None:
            wanted = pa.array(self.options.instruments, pa.string())
            kept &= mask_of(pc.is_in(pc.fill_null(batch.text("instrument"), ""), value_set=wanted))
        if self.options.types is not None:
            words, which = coded(batch.text("type"))
            allowed = {str(kind) for kind in self.options.types}
            kept &= np.array([word is None or word in allowed for word in words], dtype=np.bool_)[which]
        if self.options.confidence_at_least is not None:
            words, which = coded(batch.text("confidence"))
            ranks = np.array([_confidence_rank(word) for word in words], dtype=np.int64)[which]
            batch.wrong(
                ranks < 0,
                "value_unknown",
                "not a confidence",
                column="confidence",
                got=lambda position: batch.text("confidence")[position].as_py() or "",
                expected="0 to 100, or low | nominal | high, or their first letters",
                next_step="Correct the value, or leave the option `confidence_at_least` out",
            )
            kept &= ranks >= RANKS.index(self.options.confidence_at_least)
        return kept

    def _tally(self, batch: Batch, used: Whole) -> None:
        for column, tally in (("type", self._types), ("version", self._versions)):
            words, which = coded(picked(batch.text(column), used))
            for code, n in enumerate(np.bincount(which, minlength=len(words)).tolist()):
                if words[code] is not None:
                    tally[words[code]] += n

    def _remarks(self) -> list[str]:
        """What the product's own columns say of the rows used."""
        notes = []
        lasting = [f"{self._types[code]} on {words}" for code, words in TYPES.items() if self._types[code]]
        if lasting:
            notes.append(
                f"The archive calls some detections lasting heat, not new fire: {', '.join(lasting)}. "
                "Option `types` leaves them out."
            )
        quick = sum(n for word, n in self._versions.items() if word.upper().endswith(("NRT", "RT")))
        whole = self._versions.total() - quick
        if quick and whole:
            notes.append(
                f"{quick} detections are near real time and {whole} of standard processing: a fire that "
                "stands in both with other numbers would count twice. Give each day in one of the two."
            )
        return notes

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


def _minutes_of_day(batch: Batch) -> Whole:
    """Minutes after midnight; of each distinct text once."""
    texts = batch.text("acq_time", required=True)
    words, which = coded(texts)
    minutes = np.array([_minute_of_day(word or "0") for word in words], dtype=np.int64)[which]
    batch.wrong(
        minutes < 0,
        "time_format",
        "not a time of day",
        column="acq_time",
        got=lambda position: texts[position].as_py(),
        expected="HHMM in UTC, such as 0026",
        next_step="Read the column as text, not as a number",
    )
    return minutes


def _minute_of_day(text: str) -> int:
    """-1 where the text is no HHMM; leading zeros may be missing."""
    padded = text.zfill(4)
    if re.fullmatch(r"[0-9]{1,4}", text) and int(padded[:2]) < 24 and int(padded[2:]) < 60:
        return int(padded[:2]) * 60 + int(padded[2:])
    return -1


def _confidence_rank(word: str | None) -> int:
    """Place in RANKS, or -1.

    Per cent are classed as the MODIS guide does: below 30 low, below 80 nominal, else high
    (Giglio, Schroeder, Hall and Justice, MODIS Collection 6 Active Fire Product User's Guide).
    """
    text = (word or "").casefold()
    if text in CONFIDENCE_WORDS:
        return CONFIDENCE_WORDS[text]
    if re.fullmatch(r"[0-9]{1,3}", text) and int(text) <= 100:
        return 0 if int(text) < 30 else 1 if int(text) < 80 else 2
    return -1


def _is_landsat(batch: Batch) -> bool:
    return {"path", "row"} <= batch.columns.keys()


def _stamps(start_us: Whole) -> pa.Array:
    """Minutes as texts, such as ``2031-05-05 0026``."""
    minutes, which = np.unique(start_us // _MINUTE_US, return_inverse=True)
    texts = moment_texts(minutes * _MINUTE_US)
    day_and_hour, minute = pc.utf8_slice_codeunits(texts, 0, 13), pc.utf8_slice_codeunits(texts, 14, 16)
    return pc.binary_join_element_wise(day_and_hour, minute, "").take(pa.array(which))


def _pixel_sd_m(scan_km: Reals, track_km: Reals) -> Reals:
    """Standard deviation in each direction of a place uniform over the pixel; see the module."""
    return np.asarray(1000 * np.sqrt((scan_km**2 + track_km**2) / 2) / math.sqrt(12))
