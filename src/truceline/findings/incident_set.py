"""Incidents as findings ask for them: chosen, counted and named by columns.

A set is a view of one table. Choosing makes no Python object of a row; only ``records`` does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.columns import (
    BoolArray,
    FloatArray,
    Groups,
    IntArray,
    codes,
    distinct,
    floats,
    map_parts,
    micros,
)
from truceline.base.intervals import microseconds
from truceline.findings.results import RowRef
from truceline.schema.table import Record, Table, records


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """A column of words as codes."""

    code: IntArray
    names: list[str]

    def among(self, wanted: Collection[str | None]) -> BoolArray:
        """(n,) whether the word is one of those wanted; None stands for no word."""
        table = np.array([name in wanted for name in self.names] + [None in wanted], dtype=np.bool_)
        return table[self.code]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """What is looked at of the whole table, (n,) each."""

    table: Table
    act: _Word
    area: _Word
    party: _Word
    occurrence: _Word
    start_us: IntArray
    stop_us: IntArray
    longitude_deg: FloatArray
    latitude_deg: FloatArray
    existence_p: FloatArray
    source: _Word  #: of every entry of ``sources``
    sources: Groups
    files: list[str]  #: by alphabet
    records: Groups  #: of every incident, entries of ``file`` and ``row``
    file: IntArray
    row: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSet:
    """Some incidents of a table, in the table's order."""

    columns: _Columns
    index: IntArray

    @classmethod
    def of(cls, incidents: Table, observations: Table) -> IncidentSet:
        """All incidents, with the rows that their observations came from."""
        sources, source = _lists(incidents["source_ids"])
        members, ids = _lists(incidents["observation_ids"])
        at = pc.index_in(ids, value_set=observations["observation_id"].combine_chunks())
        found = np.asarray(pc.fill_null(at, -1).to_numpy(), dtype=np.int64)
        files = sorted(pc.unique(observations["raw_file"]).to_pylist())
        file = np.asarray(
            pc.fill_null(
                pc.index_in(observations["raw_file"], value_set=pa.array(files, type=pa.string())), -1
            ).to_numpy(),
            dtype=np.int64,
        )
        row = micros(observations["raw_row"])
        columns = _Columns(
            table=incidents,
            act=_word(incidents["act"]),
            area=_word(incidents["area_id"]),
            party=_word(incidents["attributed_party_id"]),
            occurrence=_word(incidents["occurrence"]),
            start_us=micros(incidents["occurred_from"]),
            stop_us=micros(incidents["occurred_until"]),
            longitude_deg=floats(incidents["longitude_deg"]),
            latitude_deg=floats(incidents["latitude_deg"]),
            existence_p=floats(incidents["existence_p"]),
            source=_word(source),
            sources=sources,
            files=files,
            records=members,
            # an observation that is not in the table has no row: file −1
            file=np.append(file, -1)[found],
            row=np.append(row, -1)[found],
        )
        return cls(columns=columns, index=np.arange(incidents.num_rows, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.index)

    def _only(self, keep: npt.NDArray[np.bool_]) -> IncidentSet:
        return replace(self, index=self.index[keep])

    def of_act(self, act: str) -> IncidentSet:
        """Those whose likeliest act it is."""
        return self._only(self.columns.act.among([act])[self.index])

    def of_parties(self, parties: Collection[str | None]) -> IncidentSet:
        """Those attributed to one of the parties; None: to nobody."""
        return self._only(self.columns.party.among(parties)[self.index])

    def in_areas(self, area_ids: Collection[str]) -> IncidentSet:
        """Those filed under one of the areas."""
        return self._only(self.columns.area.among(area_ids)[self.index])

    def inside(self, start: datetime, stop: datetime) -> IncidentSet:
        """Those whose whole interval lies in ``[start, stop)``."""
        own = self.columns
        keep = (own.start_us[self.index] >= microseconds(start)) & (
            own.stop_us[self.index] <= microseconds(stop)
        )
        return self._only(keep)

    def placed_until(self, moment: datetime) -> IncidentSet:
        """Those with a point that ended at or before a moment."""
        own = self.columns
        return self._only(
            np.isfinite(own.longitude_deg[self.index]) & (own.stop_us[self.index] <= microseconds(moment))
        )

    def likely_seen_by(self, sources: Collection[str]) -> IncidentSet:
        """Those that one of the sources saw and that exist with at least even odds, where odds are known."""
        own = self.columns
        seen = own.source.among(sources)
        entry = own.sources.of_member[seen]
        by = np.bincount(entry, minlength=len(own.sources)) > 0
        with np.errstate(invalid="ignore"):
            likely = ~(own.existence_p < 0.5)
        return self._only((by & likely)[self.index])

    def count(self, occurrence: str) -> int:
        """How many have this place on the first axis."""
        return int(self.columns.occurrence.among([occurrence])[self.index].sum())

    def n_attributed(self) -> int:
        """How many are attributed to a party."""
        return int((self.columns.party.code[self.index] >= 0).sum())

    def least_sure(self) -> tuple[float, float]:
        """Of those attributed: the least probability of the party, the least likelihood ratio; NaN: none told."""
        own = self.columns.table.take(pa.array(self.index))
        row, name, p = map_parts(own["party_p"])
        named = own["attributed_party_id"].combine_chunks().take(pa.array(row))
        same = pc.fill_null(pc.equal(name, named), False)
        party = np.asarray(same.to_numpy(zero_copy_only=False), dtype=np.bool_)
        ratio = floats(own["likelihood_ratio"])
        told = ratio[np.isfinite(ratio)]
        return (
            float(p[party].min()) if party.any() else float("nan"),
            float(told.min()) if len(told) else float("nan"),
        )

    def middle_s(self) -> FloatArray:
        """(n,) middle of each interval, Unix seconds."""
        own = self.columns
        return np.asarray((own.start_us[self.index] / 1e6 + own.stop_us[self.index] / 1e6) / 2)

    def points(self) -> tuple[FloatArray, FloatArray, IntArray]:
        """Longitude, latitude and start in microseconds of each."""
        own = self.columns
        return own.longitude_deg[self.index], own.latitude_deg[self.index], own.start_us[self.index]

    def ids(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.columns.table["incident_id"].take(pa.array(self.index)).to_pylist())

    def source_ids(self) -> tuple[str, ...]:
        """Every source that saw one of them, in the order of its first."""
        own = self.columns
        code = own.source.code[_entries(own.sources, self.index)]
        first = {k: int(np.argmax(code == k)) for k in np.flatnonzero(np.bincount(code)).tolist()}
        return tuple(own.source.names[k] for k in sorted(first, key=first.__getitem__))

    def rows(self, *, most: int = 200) -> tuple[RowRef, ...]:
        """The first rows, by file and number, of the observations that they were made from."""
        own = self.columns
        entry = _entries(own.records, self.index)
        file, row = own.file[entry], own.row[entry]
        file, row = file[file >= 0], row[file >= 0]
        width = int(row.max()) + 1 if len(row) else 1
        key = distinct(file * width + row)[:most]
        return tuple(RowRef(file=own.files[k // width], row=int(k % width)) for k in key.tolist())

    def one_of_each(self) -> list[Record]:
        """A record for each distinct place on the first axis: all that a judgement looks at."""
        code = self.columns.occurrence.code[self.index]
        first = np.unique(code, return_index=True)[1]
        return records(self.columns.table.take(pa.array(self.index[np.sort(first)])))


def _word(column: pa.ChunkedArray) -> _Word:
    code, names = codes(column)
    return _Word(code=code, names=names)


def _lists(column: pa.ChunkedArray) -> tuple[Groups, pa.ChunkedArray]:
    """A column of lists as groups of entries, and the entries."""
    size = np.asarray(pc.list_value_length(column).to_numpy(), dtype=np.int64)
    offsets = np.zeros(len(size) + 1, dtype=np.int64)
    np.cumsum(size, out=offsets[1:])
    return Groups(offsets=offsets, members=np.arange(offsets[-1], dtype=np.int64)), pc.list_flatten(column)


def _entries(groups: Groups, index: IntArray) -> IntArray:
    """Entries of some groups, group by group."""
    size = groups.size[index]
    begin = np.repeat(groups.offsets[:-1][index], size)
    return begin + np.arange(len(begin)) - np.repeat(np.cumsum(size) - size, size)
