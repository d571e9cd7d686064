"""Tables of what monitors heard, saw or recorded: from where, how far, which way, how many.

The columns follow the annex that monitoring missions publish: position of the observer, event
location (distance and bearing from it), means, number, observation, description, weapon, date and
time. The usual spellings of the headers are known; ``columns`` names others. The grammar of the
cells is in ``sighting_words``.

A look is one observer's day: two posts that hear one salvo are two looks at it, while one post
that lists two rows heard two things. Where the
observer's place, the distance and the bearing are known, the point is the middle of the sector
between them and its standard deviation that of a place anywhere in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import ClassVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.base.geodesy import WGS84
from truceline.base.intervals import microseconds
from truceline.schema import OBSERVATIONS
from truceline.schema.table import Table
from truceline.sources.batches import Batch, csv_batches, overlaps
from truceline.sources.columns import (
    Reals,
    Seen,
    Whole,
    coded,
    mask_of,
    times,
)
from truceline.sources.distinct import distinct, numbers_of, texts_of
from truceline.sources.gather import Gathered, Values, act_maps, picked, provenance
from truceline.sources.option_names import expect_names
from truceline.sources.outcome import conclude, read_each, sentence_list
from truceline.sources.periods import EARLIEST, LATEST
from truceline.sources.post_words import compile_pattern, normal_text
from truceline.sources.rows import Sheet
from truceline.sources.sighting_columns import (
    fire_directions,
    look_ids,
    named_observers,
    row_hashes,
    told_texts,
)
from truceline.sources.sighting_options import SPELLINGS, SightingOptions
from truceline.sources.sighting_sectors import sector_middle
from truceline.sources.sighting_words import (
    Band,
    WordError,
    is_unknown,
    read_bearing,
    read_distance,
    read_number,
    read_times,
    split_date,
    without_distance,
)
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

#: what names an act
_NAMING = ("observation", "description", "weapon")


@SOURCES.add
class Sightings(Source):
    """See the module."""

    name: ClassVar[str] = "sightings"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Monitors' tables of sounds and flashes: position, distance, bearing, number (CSV)"
    Options: ClassVar[type[Model]] = SightingOptions
    options: SightingOptions

    def __init__(self, options: Model) -> None:
        super().__init__(options)
        # tables repeat their words: each is looked up once
        self._place_of = lru_cache(maxsize=65_536)(self._find_place)
        self._time_of = lru_cache(maxsize=65_536)(self._read_time)
        self._acts_of = lru_cache(maxsize=65_536)(self._find_acts)
        self._names = {normal_text(name): name for name in self.options.places}
        self._patterns = {
            act: [compile_pattern(pattern) for pattern in patterns]
            for act, patterns in sorted(self.options.acts.items())
        }

    def read(self, context: ReadContext) -> SourceTables:
        """Rows become observations."""
        tables = SourceTables()
        found = Gathered(OBSERVATIONS, word="obs", start="occurred_from")
        seen = Seen()
        unplaced: set[str] = set()

        def read_file(file: InputFile) -> None:
            headers: dict[str, str] | None = None
            for batch in csv_batches(Sheet(file, tables), others=None, delimiter=self.options.delimiter):
                headers = self._headers(list(batch.columns), file) if headers is None else headers
                self._take(batch, headers, context, found, seen=seen, unplaced=unplaced)
            if headers is None:
                raise _without_rows(file)

        expect_names(context, acts=[("acts", act) for act in self.options.acts])
        read_each(context, tables, read=read_file)
        observations = found.table()
        tables.notes += self._notes(observations, unplaced)
        return conclude(tables, context, observations=observations)

    # -- header ----------------------------------------------------------------------------
    def _headers(self, header: list[str], file: InputFile) -> dict[str, str]:
        """What a column holds → its header.

        Raises
        ------
        InputError
            If there is no observer, or no date.
        """
        spelled = {_letters(name): name for name in reversed(header)}
        found = {kind: spelled[name] for kind, names in SPELLINGS.items() for name in reversed(names) if name in spelled}  # fmt: skip
        position = next((name for name in header if _letters(name).endswith("position")), None)
        if position is not None:
            found["observer"] = position
        missing = [(kind, name) for kind, name in self.options.columns.items() if name not in header]
        found.update({kind: name for kind, name in self.options.columns.items() if name in header})
        if "observer" not in found and "longitude_deg" not in found:
            missing.append(("observer", "Position"))
        if "when" not in found and "date" not in found:
            missing.append(("when", "Date, time"))
        if missing:
            raise InputError(
                [
                    Problem(code="column_missing", message=f"the header lacks the column of the {kind}", file=file.label, row=1, column=name, got=", ".join(header)[:200], expected=" or ".join(SPELLINGS[kind]), next_step=f"Name it with the option `columns: {{{kind}: <a header>}}`")
                    for kind, name in missing
                ]
            )  # fmt: skip
        return found

    # -- rows ------------------------------------------------------------------------------
    def _take(
        self,
        batch: Batch,
        headers: Mapping[str, str],
        context: ReadContext,
        found: Gathered,
        *,
        seen: Seen,
        unplaced: set[str],
    ) -> None:
        """Add the records of a batch. Tables repeat their words: each is looked at once."""
        told = {kind: batch.text(header) for kind, header in headers.items()}
        start_us, stop_us, days = self._times(batch, headers, told)
        count, relation = self._numbers(batch, headers, told)
        x, y = self._places(batch, headers, told, context, unplaced=unplaced)
        observer = told.get("observer", pa.nulls(len(batch), pa.string()))
        nowhere = mask_of(pc.is_null(observer)) & np.isnan(x)
        batch.wrong(nowhere, "value_missing", "nothing says from where it was noticed", column=headers.get("observer", ""), got="", expected="the position of the observer", next_step="Fill it in")  # fmt: skip
        at = np.flatnonzero(batch.sound() & overlaps(context.span, start_us, stop_us))
        hashes = row_hashes(context.source_id, {kind: picked(words, at) for kind, words in told.items()}, n=len(at))  # fmt: skip
        fresh, inside = np.zeros(len(batch), np.bool_), np.zeros(len(batch), np.bool_)
        inside[at] = True
        fresh[at] = seen.first(hashes)
        used = batch.settle(inside=inside, fresh=fresh | ~inside)
        if not len(used):
            return
        told = {kind: picked(words, used) for kind, words in told.items()}
        x, y = x[used], y[used]
        observer = named_observers(picked(observer, used), x, y)
        found.add(
            {
                "source_id": context.source_id,
                "primary_source_id": context.source_id,
                "sensor_id": observer,
                "look_id": look_ids(context.source_id, observer, picked(days, used)),
                "occurred_from": times(start_us[used]),
                "occurred_until": times(stop_us[used]),
                "observer_longitude_deg": x,
                "observer_latitude_deg": y,
                "place_name": told.get("observer"),
                "count": picked(count, used),
                "count_relation": picked(relation, used),
                "acts": self._acts(told, n=len(used)),
                "fire_direction_deg": fire_directions(told.get("description")),
                "speaker_party_id": self.options.speaker_party,
                "text": told_texts(told, n=len(used)),
                **self._sectors(headers, told, x, y),
                **provenance(batch.sheet.file, batch.numbers[used]),
            },
            hashes[fresh[at]],
        )

    def _times(
        self, batch: Batch, headers: Mapping[str, str], told: Mapping[str, pa.Array]
    ) -> tuple[Whole, Whole, pa.Array]:
        """When each begins and ends, and the local date on which it begins; faults are noted."""
        n = len(batch)
        start_us, stop_us = np.zeros(n, np.int64), np.zeros(n, np.int64)
        days = pa.nulls(n, pa.string())
        is_one = np.zeros(n, np.bool_)  # in one column, date and time
        if "when" in headers:
            is_one = mask_of(pc.is_valid(told["when"])) if "date" in headers else ~is_one
        for kind, mask in (("when", is_one), ("date", ~is_one)):
            at = np.flatnonzero(mask)
            if not len(at):
                continue
            texts = picked(told[kind], at)
            none = at[mask_of(pc.is_null(texts))].tolist()
            for position in none:
                batch.row(position).text(headers[kind], required=True)
            clock = picked(told["time"], at) if kind == "date" and "time" in told else pa.nulls(len(at), pa.string())  # fmt: skip
            pairs, which = distinct(texts, clock)
            read = [self._time_of(text, time, apart=kind == "date") for text, time in pairs]
            self._note_times(batch, headers[kind], pairs, read, at, which)
            start_us[at] = np.array([one[0] for one in read], np.int64)[which]
            stop_us[at] = np.array([one[1] for one in read], np.int64)[which]
            some = texts_of([one[2] for one in read], which)
            days = some if len(at) == n else pc.replace_with_mask(days, pa.array(mask), some)
        return start_us, stop_us, days

    def _read_time(
        self, text: str | None, clock: str | None, *, apart: bool
    ) -> tuple[int, int, str | None, str]:
        """Microseconds of start and stop, the local date, and what is wrong (empty: nothing)."""
        if text is None:
            return 0, 0, None, ""
        try:
            day, rest = split_date(text, year=self.options.year)
            if not EARLIEST <= day.year <= LATEST:
                raise WordError("not a date")
            when = read_times(clock if apart else rest, day, zone=self.options.zone, about_min=self.options.about_min)  # fmt: skip
        except WordError as error:
            return 0, 0, None, str(error)
        date_text = when.start.astimezone(ZoneInfo(self.options.zone)).date().isoformat()
        return microseconds(when.start), microseconds(when.stop), date_text, ""

    def _note_times(
        self,
        batch: Batch,
        header: str,
        pairs: Sequence[tuple[str | None, ...]],
        read: Sequence[tuple[int, int, str | None, str]],
        at: Whole,
        which: Whole,
    ) -> None:
        for code, (_, _, _, fault) in enumerate(read):
            if fault:
                mask = np.zeros(len(batch), np.bool_)
                mask[at[which == code]] = True
                batch.wrong(mask, "time_format", fault, column=header, got=" ".join(filter(None, pairs[code])), expected="a date and a time, such as 24-Jul, 20:15-20:30 or 2020-07-24 from 04:20", next_step="Correct the value; a date without a year needs the option `year`")  # fmt: skip

    def _numbers(
        self, batch: Batch, headers: Mapping[str, str], told: Mapping[str, pa.Array]
    ) -> tuple[pa.Array, pa.Array]:
        """How many, and the relation to that."""
        if "number" not in told:
            return pa.nulls(len(batch), pa.int64()), pa.nulls(len(batch), pa.string())
        words, which = coded(told["number"])
        read: list[tuple[int | None, str | None]] = []
        for code, word in enumerate(words):
            try:
                read.append(read_number(word))
            except WordError as error:
                read.append((None, None))
                batch.wrong(which == code, "value_type", str(error), column=headers["number"], got=word or "", expected="20, multiple, uncountable or N/K", next_step="Write words into another column")  # fmt: skip
        counts = pa.array([count for count, _ in read], pa.int64()).take(pa.array(which))
        return counts, texts_of([relation for _, relation in read], which)

    # -- places ----------------------------------------------------------------------------
    def _places(
        self,
        batch: Batch,
        headers: Mapping[str, str],
        told: Mapping[str, pa.Array],
        context: ReadContext,
        *,
        unplaced: set[str],
    ) -> tuple[Reals, Reals]:
        """Longitudes and latitudes of the observers; NaN where they are not known."""
        if "longitude_deg" in headers and "latitude_deg" in headers:
            return batch.place(headers["longitude_deg"], headers["latitude_deg"], region=context.region)
        if "observer" not in told:
            return np.full(len(batch), np.nan), np.full(len(batch), np.nan)
        words, which = coded(told["observer"])
        points = [self._place_of(word or "") for word in words]
        unplaced.update(word for word, point in zip(words, points, strict=True) if word and point is None)
        known = [(None, None) if point is None else point for point in points]
        return numbers_of([x for x, _ in known], which), numbers_of([y for _, y in known], which)

    def _sectors(
        self, headers: Mapping[str, str], told: Mapping[str, pa.Array], x: Reals, y: Reals
    ) -> dict[str, Values]:
        """Bands of distance and bearing; where all is known, the middle of the sector and its spread."""
        none = pa.nulls(len(x), pa.string())
        columns = [told.get(kind, none) for kind in ("distance", "bearing", "location")]
        read, which = distinct(*columns)
        bands = [self._bands(headers, *words) for words in read]
        sectors = [(math.nan,) * 3 if far is None or far.high is None else sector_middle(far, towards) for far, towards in bands]  # fmt: skip
        mean_m, towards_deg = (numbers_of([sector[part] for sector in sectors], which) for part in (0, 2))
        known = ~(np.isnan(x) | np.isnan(mean_m))
        at = np.flatnonzero(known)
        middle_x, middle_y = np.full(len(x), np.nan), np.full(len(x), np.nan)
        if len(at):
            middle_x[at], middle_y[at], _ = WGS84.fwd(x[at], y[at], towards_deg[at], mean_m[at])
        spread = numbers_of([math.hypot(sd, self.options.observer_sd_m) for _, sd, _ in sectors], which)
        return {
            "range_min_m": numbers_of([far.low if far else None for far, _ in bands], which),
            "range_max_m": numbers_of([far.high if far else None for far, _ in bands], which),
            "bearing_min_deg": numbers_of([turn.low if turn else None for _, turn in bands], which),
            "bearing_max_deg": numbers_of([turn.high if turn else None for _, turn in bands], which),
            "longitude_deg": middle_x,
            "latitude_deg": middle_y,
            "position_sd_m": np.where(known, spread, np.nan),
        }

    def _bands(
        self, headers: Mapping[str, str], distance: str | None, bearing: str | None, location: str | None
    ) -> tuple[Band | None, Band | None]:
        place, share = location or "", self.options.single_range_share
        far = read_distance(distance or place, single_share=share)
        if distance and far is None and not is_unknown(distance):
            unit = "km" if _letters(headers["distance"]).endswith("km") else "m"
            far = read_distance(f"{distance} {unit}", single_share=share)
        return far, read_bearing(bearing or without_distance(place))

    # -- words -----------------------------------------------------------------------------
    def _acts(self, told: Mapping[str, pa.Array], *, n: int) -> pa.Array:
        """Acts whose words are there; log-likelihood 0, as the words say no more."""
        naming, which = distinct(*(told.get(kind, pa.nulls(n, pa.string())) for kind in _NAMING))
        return act_maps([dict.fromkeys(self._acts_of(*words), 0.0) for words in naming], which)

    def _find_place(self, observer: str) -> tuple[float, float] | None:
        words = normal_text(observer)
        fitting = [name for name in self._names if name in words]
        if not fitting:
            return None
        longest = max(fitting, key=lambda name: (len(name), name))
        longitude, latitude = self.options.places[self._names[longest]]
        return longitude, latitude

    def _find_acts(self, *told: str | None) -> tuple[str, ...]:
        """Acts whose words are there."""
        words = normal_text(" ".join(filter(None, told)))
        return tuple(
            act for act, patterns in self._patterns.items() if any(one.search(words) for one in patterns)
        )

    def _notes(self, observations: Table, unplaced: set[str]) -> list[str]:
        notes = []
        if unplaced:
            notes.append(f"{len(unplaced)} positions have no coordinates, so what was seen from them has no point: {sentence_list(sorted(unplaced))}. Name them with the option `places`.")  # fmt: skip
        exercises = pc.sum(pc.match_substring(observations["text"], "exercise", ignore_case=True)).as_py()
        if exercises:
            notes.append(f"{exercises} rows speak of an exercise; they are kept, with these words.")
        if len(observations):
            notes.append("A row is what one observer noticed: a sound, a flash or several. It is no breach by itself, and says of nobody that they fired.")  # fmt: skip
        return notes


@lru_cache(maxsize=4_096)
def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _without_rows(file: InputFile) -> InputError:
    return InputError(
        Problem(code="file_without_rows", message="no row of the file can be used", file=file.label, expected="a header and rows of the same length", next_step="Check that the file was fetched whole")
    )  # fmt: skip
