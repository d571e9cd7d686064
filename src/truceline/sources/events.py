"""What event data sets have in common: coded dates and places, versions of one event, words for acts."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.errors import Problem
from truceline.base.intervals import microseconds
from truceline.base.words import some
from truceline.schema import OBSERVATIONS
from truceline.schema.table import Table
from truceline.sources.batches import Batch, in_region, overlaps
from truceline.sources.columns import (
    Hashes,
    Mask,
    Reals,
    Whole,
    coded,
    content_hashes,
    mask_of,
    times,
)
from truceline.sources.days import local_day
from truceline.sources.distinct import combined as combined  # event readers take it from here
from truceline.sources.gather import Gathered, act_maps, picked, provenance
from truceline.sources.outcome import sentence_list
from truceline.sources.source import FileRead, ReadContext, SourceTables

MONTHS = {name: number for number, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")
_WORDED = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})[ -](\d{4})")

Day = npt.NDArray[np.int64]  #: days since 1970
#: distinct parties, the actors that they come from, and which of them each row has
Accused: TypeAlias = tuple[list[str | None], list[str | None], Whole]


def read_date(text: str) -> date | None:
    """A date as event data sets write it: ``2031-05-07``, ``07 May 2031``, or with a time of 00:00."""
    if match := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
    elif match := _WORDED.fullmatch(text):
        month = MONTHS.get(match[2][:3].casefold(), 0)
        year, day = int(match[3]), int(match[1])
    else:
        return None
    try:
        return date(year, month, day) if 1000 <= year < 9000 else None
    except ValueError:
        return None


def read_dates(batch: Batch, column: str) -> tuple[list[date | None], Whole]:
    """The distinct dates of a column and which of them each row has; faults are noted."""
    texts = batch.text(column, required=True)
    words, which = coded(texts)
    days = [None if word is None else read_date(word) for word in words]
    wrong = np.array([word is not None and day is None for word, day in zip(words, days, strict=True)])
    batch.wrong(
        wrong[which] if len(words) else np.zeros(len(batch), np.bool_),
        "time_format",
        "not a date, or one that can be read in two ways",
        column=column,
        got=lambda at: texts[at].as_py(),
        expected="2031-05-07 or 07 May 2031",
        next_step="Write the dates as year-month-day",
    )
    return days, which


def read_codes(batch: Batch, column: str, *, highest: int) -> Whole:
    """Codes from 1 to ``highest``; 0 where there is none that can be read (a fault)."""
    texts = batch.text(column, required=True)
    words, which = coded(texts)
    allowed = {str(code): code for code in range(1, highest + 1)}
    codes = np.array([allowed.get((word or "").removesuffix(".0"), 0) for word in words], dtype=np.int64)
    found = codes[which] if len(words) else np.zeros(len(batch), np.int64)
    batch.wrong(
        (found == 0) & mask_of(pc.is_valid(texts)),
        "value_unknown",
        "not a code of this column",
        column=column,
        got=lambda at: texts[at].as_py(),
        expected=" | ".join(allowed),
        next_step="Correct the code; without it the record says more than its source did",
    )
    return found


def windows(pairs: Sequence[tuple[date | None, date | None]], which: Whole, zone: str) -> tuple[Whole, Whole]:
    """Microseconds at which distinct spans of local days begin and stop, for each row."""
    ends = np.zeros((max(len(pairs), 1), 2), np.int64)
    for code, (first, last) in enumerate(pairs):
        if first is not None and last is not None:
            ends[code] = microseconds(local_day(first, zone).start), microseconds(local_day(last, zone).stop)
    return ends[which, 0], ends[which, 1]


def whole_month(day: date) -> tuple[date, date]:
    """First and last date of a date's month."""
    after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return day.replace(day=1), after - timedelta(days=1)


# -- words -------------------------------------------------------------------------------------
def without_years(name: str) -> str:
    """An actor's name without the years in brackets that data sets add."""
    return re.sub(r"\s*\([^()]*\)\s*$", "", name)


def areas_named(names: pa.Array, context: ReadContext) -> pa.Array:
    """The area of the case that each name is; null where it is none."""
    words, which = coded(names)
    return pa.array(lookup(words, context.area), pa.string()).take(pa.array(which))


def accused_of(names: pa.Array, parties: Mapping[str, str], *, said: Mask) -> Accused:
    """The party that each actor is, where the act is ``said`` to be that actor's; else nobody.

    ``parties``: name of an actor, with or without its years, → party.
    """
    words, which = coded(names)
    found = lookup(words, lambda name: parties.get(name) or parties.get(without_years(name)))
    return [*found, None], [*words, None], np.where(said, which, len(words))


# -- records -----------------------------------------------------------------------------------
@dataclass(slots=True, kw_only=True)
class Placed:
    """Where records are: points with their deviation, or an area, or a name alone."""

    x: Reals
    y: Reals
    sd_m: Reals  #: NaN: the point stands for a region and is not one
    areas: pa.Array
    names: pa.Array


@dataclass(slots=True, kw_only=True)
class _Version:
    account: FileRead
    ranks: Reals
    contents: Hashes


@dataclass(slots=True)
class EventRecords:
    """Records of an event data set in the making; one for each event, the newest version of it."""

    context: ReadContext
    tables: SourceTables
    gathered: Gathered = field(default_factory=lambda: Gathered(OBSERVATIONS, word="obs", start="occurred_from"))  # fmt: skip
    n_acts: Counter[str] = field(default_factory=Counter)  #: kinds of event without an act
    n_actors: Counter[str] = field(default_factory=Counter)  #: actors without a party
    n_regions: Counter[str] = field(default_factory=Counter)  #: regions that are no area of the case
    _versions: list[_Version] = field(default_factory=list)
    _ids: list[Hashes] = field(default_factory=list)

    def add(
        self,
        batch: Batch,
        *,
        ids: pa.Array,
        window: tuple[Whole, Whole],
        placed: Placed,
        acts: tuple[list[str | None], list[str], Whole],
        accused: Accused,
        text: pa.Array,
        rank: Reals,
        kept: Mask,
    ) -> Whole:
        """Add a batch; positions used.

        ``acts`` and ``accused``: distinct meanings, the words they came from, which one each row has.
        """
        start_us, stop_us = window
        is_point = ~np.isnan(placed.sd_m)
        known = mask_of(pc.is_valid(placed.areas))
        inside = overlaps(self.context.span, start_us, stop_us) & kept
        inside &= known | in_region(self.context.region, placed.x, placed.y)
        used = batch.settle(inside=inside, fresh=np.ones(len(batch), np.bool_))
        hashes = content_hashes(self.context.source_id, [picked(ids, used)], n=len(used))
        parts = [picked(values, used) for _, values in sorted(batch.columns.items())]
        contents = _checksums(parts)
        if len(used):
            self._ids.append(hashes)
            self._versions.append(_Version(account=batch.sheet.account, ranks=rank[used], contents=contents))
        meanings, words, which = acts
        self._count(self.n_acts, meanings, words, which[used])
        parties, actors, whose = accused
        self._count(self.n_actors, parties, actors, whose[used])
        for name, n in Counter(picked(placed.names, used).filter(pa.array(~is_point[used] & ~known[used])).to_pylist()).items():  # fmt: skip
            self.n_regions[name or "no name"] += n
        self.gathered.add(
            {
                "source_id": self.context.source_id,
                "occurred_from": times(start_us[used]),
                "occurred_until": times(stop_us[used]),
                "logged_at": times(_rank_us(rank[used]), np.isnan(rank[used])),
                "longitude_deg": np.where(is_point, placed.x, np.nan)[used],
                "latitude_deg": np.where(is_point, placed.y, np.nan)[used],
                "position_sd_m": placed.sd_m[used],
                "area_id": picked(placed.areas, used),
                "place_name": picked(placed.names, used),
                "acts": act_maps([{} if act is None else {act: 0.0} for act in meanings], which[used]),
                "accused_party_id": pa.array(parties, pa.string()).take(pa.array(whose[used])),
                "text": picked(text, used),
                **provenance(batch.sheet.file, batch.numbers[used]),
            },
            hashes,
        )
        return used

    @staticmethod
    def _count(
        tally: Counter[str], meanings: Sequence[str | None], words: Sequence[str | None], which: Whole
    ) -> None:
        for code, n in enumerate(np.bincount(which, minlength=len(words)).tolist()):
            word = words[code]
            if n and meanings[code] is None and word is not None:
                tally[word] += n

    def table(self) -> Table:
        """One record for each event: of several versions the one logged last."""
        if not self._ids:
            return self.gathered.table()
        ids = np.concatenate(self._ids)
        ranks = np.nan_to_num(np.concatenate([version.ranks for version in self._versions]), nan=-1.0)
        contents = np.concatenate([version.contents for version in self._versions])
        order = np.lexsort((np.arange(len(ids)), contents, -ranks, ids))
        same = np.concatenate([[False], ids[order][1:] == ids[order][:-1]])
        drop = np.zeros(len(ids), np.bool_)
        drop[order[same]] = True
        tied = same & np.concatenate([[False], (ranks[order][1:] == ranks[order][:-1]) & (contents[order][1:] != contents[order][:-1])])  # fmt: skip
        owner = np.repeat(np.arange(len(self._versions)), [len(version.ranks) for version in self._versions])
        for part, n in enumerate(np.bincount(owner[drop], minlength=len(self._versions)).tolist()):
            self._versions[part].account.rows_used -= n
            self._versions[part].account.rows_repeated += n
        self.gathered.keep(~drop)
        if tied.any():
            self.tables.problems.append(
                Problem(code="id_repeated", message=f"{some(int(tied.sum()), 'row')} with an event that was given before, with other content and no later time; one of the versions was taken", file=f"source {self.context.source_id}", expected="one row for each event, or versions with their `timestamp`", next_step="Keep the newest export alone")
            )  # fmt: skip
        return self.gathered.table()

    def notes(self, *, acts_option: str) -> list[str]:
        """What the words of the data set could not be read as."""
        said = []
        for tally, words, cure in (
            (self.n_acts, "of a kind that no act is given for", f"Option `{acts_option}` maps kinds to acts"),
            (self.n_actors, "of an actor that no party is given for", "Option `actor_parties` maps actors to parties"),
            (self.n_regions, "known to a region that is no area of the case, which keep its name and get no point", "Add the region, or its spelling, to the case's areas"),
        ):  # fmt: skip
            if tally:
                most = sorted(tally.items(), key=lambda item: (-item[1], item[0]))
                said.append(f"{some(tally.total(), 'record')} {words}: {sentence_list([f'{word} ({n})' for word, n in most])}. {cure}.")  # fmt: skip
        return said


def _checksums(parts: Sequence[pa.Array]) -> Hashes:
    """A number for each row that tells versions of one event apart; no id is made of it."""
    texts = pc.binary_join_element_wise(*parts, "\x1f").cast(pa.binary()).to_pylist()
    return np.fromiter(map(zlib.crc32, texts), dtype=np.uint64, count=len(texts))


def _rank_us(seconds: Reals) -> Whole:
    return np.asarray(np.nan_to_num(seconds, nan=0.0).astype(np.int64) * 1_000_000)


def lookup(words: Sequence[str | None], find: Callable[[str], str | None]) -> list[str | None]:
    """What each word stands for."""
    return [None if word is None else find(word) for word in words]
