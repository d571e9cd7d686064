"""Observations and coverage read by time, so that fusion in blocks never holds all of them.

Records that are copies of one origin belong to the time of the one that was said first, however much
later they were written down: ``make_survey`` finds those that must be read with another time than
their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from truceline.base.columns import IntArray, map_parts, micros, order_rows
from truceline.fusion.nodes import _ORDER, _USED, _origins
from truceline.schema.table import TIME, Table

#: columns that fusion reads
COLUMNS = tuple(dict.fromkeys([*_ORDER, *_USED]))
#: rows looked at at once by the survey
BATCH_ROWS = 1 << 18
_US = 1_000_000


class Rows(Protocol):
    """Where observations and coverage come from. Times are Unix seconds; ±inf: no limit."""

    def observations(self, start_s: float, stop_s: float) -> Table:
        """Those that occurred from ``start_s`` until before ``stop_s``, in any order."""

    def coverage(self, start_s: float, stop_s: float) -> Table | None:
        """Rows whose window meets the time."""

    def scan(self, columns: Sequence[str], *, copies: bool = False) -> Iterator[Table]:
        """Columns of all observations, in pieces; ``copies``: of those alone that name an origin."""

    def scan_coverage(self, columns: Sequence[str]) -> Iterator[Table]:
        """Columns of all coverage, in pieces."""

    def part(self, start_s: float, stop_s: float) -> Rows:
        """What a worker needs for that time: small to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """Tables in memory."""

    table: Table
    watched: Table | None

    def observations(self, start_s: float, stop_s: float) -> Table:
        """See ``Rows``."""
        table = self.table.select(list(COLUMNS))
        return _between(table, start_s, stop_s, "occurred_from", "occurred_from")

    def coverage(self, start_s: float, stop_s: float) -> Table | None:
        """See ``Rows``."""
        if self.watched is None:
            return None
        return _between(self.watched, start_s, stop_s, "window_start", "window_stop")

    def scan(self, columns: Sequence[str], *, copies: bool = False) -> Iterator[Table]:
        """See ``Rows``."""
        table = self.table.filter(pc.is_valid(self.table["primary_source_id"])) if copies else self.table
        for start in range(0, table.num_rows, BATCH_ROWS):
            yield table.slice(start, BATCH_ROWS).select(list(columns))

    def scan_coverage(self, columns: Sequence[str]) -> Iterator[Table]:
        """See ``Rows``."""
        if self.watched is not None:
            yield self.watched.select(list(columns))

    def part(self, start_s: float, stop_s: float) -> Rows:
        """See ``Rows``."""
        return TableRows(table=self.observations(start_s, stop_s), watched=self.coverage(start_s, stop_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRows:
    """Parquet files ``observations*.parquet`` and ``coverage*.parquet`` of a folder, read as they are needed.

    Row groups beyond the time asked for are skipped by their statistics, so that files in about the
    order of time are read once.
    """

    folder: Path

    def observations(self, start_s: float, stop_s: float) -> Table:
        """See ``Rows``."""
        return self._read("observations", start_s, stop_s, "occurred_from", "occurred_from", list(COLUMNS))

    def coverage(self, start_s: float, stop_s: float) -> Table | None:
        """See ``Rows``."""
        if not any(self.folder.glob("coverage*.parquet")):
            return None
        return self._read("coverage", start_s, stop_s, "window_start", "window_stop", None)

    def scan(self, columns: Sequence[str], *, copies: bool = False) -> Iterator[Table]:
        """See ``Rows``."""
        chosen = ds.field("primary_source_id").is_valid() if copies else None
        for fragment in self._dataset("observations").get_fragments():
            yield fragment.to_table(columns=list(columns), filter=chosen, use_threads=False)

    def scan_coverage(self, columns: Sequence[str]) -> Iterator[Table]:
        """See ``Rows``."""
        if any(self.folder.glob("coverage*.parquet")):
            for fragment in self._dataset("coverage").get_fragments():
                yield fragment.to_table(columns=list(columns), use_threads=False)

    def part(self, start_s: float, stop_s: float) -> Rows:  # noqa: ARG002 (each reads what it needs)
        """See ``Rows``."""
        return self

    def _dataset(self, name: str) -> ds.Dataset:
        return ds.dataset(sorted(map(str, self.folder.glob(f"{name}*.parquet"))), format="parquet")

    def _read(
        self, name: str, start_s: float, stop_s: float, first: str, last: str, columns: list[str] | None
    ) -> Table:
        chosen = (ds.field(first) < _moment(stop_s)) & (ds.field(last) >= _moment(start_s))
        return self._dataset(name).to_table(columns=columns, filter=chosen, use_threads=False)


def _moment(time_s: float) -> pa.Scalar:
    return pa.scalar(int(np.clip(time_s, -9e9, 9e9)) * _US, pa.int64()).cast(TIME)


def _between(table: Table, start_s: float, stop_s: float, first: str, last: str) -> Table:
    if np.isinf(start_s) and np.isinf(stop_s):
        return table
    chosen = pc.and_(pc.less(table[first], _moment(stop_s)), pc.greater_equal(table[last], _moment(start_s)))
    return table.filter(chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What has to be known of all observations before any of them is fused.

    strays : records of origins whose first record has another time, and ``home_s`` (n,), that time. act_names : acts that first records name or coverage
    is for, by alphabet; sources : by alphabet; watching :
    sources whose coverage has a detection probability with its basis.
    """

    start_s: float
    stop_s: float
    n: int
    sources: tuple[str, ...]
    watching: frozenset[str]
    act_names: tuple[str, ...]
    act_ids: tuple[str, ...]
    strays: Table | None = None
    home_s: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def near(self, start_s: float, stop_s: float) -> Survey:
        """The same with the strays alone that come from that time or go there."""
        if self.strays is None or not self.strays.num_rows:
            return self
        own_s = micros(self.strays["occurred_from"]) // _US
        kept = np.zeros(len(self.home_s), dtype=np.bool_)
        for time_s in (own_s, self.home_s):
            kept |= (time_s >= start_s) & (time_s < stop_s)
        return replace(self, strays=self.strays.filter(pa.array(kept)), home_s=self.home_s[kept])

    def read(self, rows: Rows, start_s: float, stop_s: float) -> Table:
        """Observations whose origin's first record lies in that time; no source stands as an origin."""
        table = rows.observations(start_s, stop_s)
        if self.strays is not None and self.strays.num_rows:
            away = pc.is_in(table["observation_id"], value_set=self.strays["observation_id"].combine_chunks())
            here = (self.home_s >= start_s) & (self.home_s < stop_s)
            table = pa.concat_tables([table.filter(pc.invert(away)), self.strays.filter(pa.array(here))])
        origin = table["primary_source_id"]
        if origin.null_count < len(origin):
            spoken = pc.is_in(origin, value_set=pa.array(self.sources, pa.string()))
            place = table.schema.get_field_index("primary_source_id")
            table = table.set_column(
                place, "primary_source_id", pc.if_else(spoken, pa.scalar(None, pa.string()), origin)
            )
        return table


def make_survey(rows: Rows) -> Survey:
    """Look once at all observations: their time, sources and acts, and the copies told at another time."""
    low, high, n = np.inf, -np.inf, 0
    sources: set[str] = set()
    for table in rows.scan(["occurred_from", "source_id"]):
        if not table.num_rows:
            continue
        n += table.num_rows
        ends = pc.min_max(pc.cast(table["occurred_from"], pa.int64()))
        low, high = min(low, ends["min"].as_py() / _US), max(high, ends["max"].as_py() / _US)
        sources |= set(pc.unique(table["source_id"]).to_pylist())
    copies, home_s, first = _copies(rows, sorted(sources))
    led: set[str] = set()
    told: set[str] = set()
    for table in rows.scan(["observation_id", "acts"]):
        told |= set(pc.unique(map_parts(table["acts"])[1]).to_pylist())
        if len(first):
            table = table.filter(pc.invert(pc.is_in(table["observation_id"], value_set=first)))
        led |= set(pc.unique(map_parts(table["acts"])[1]).to_pylist()) if len(first) else told
    watching, watched = _watching(rows)
    survey = Survey(
        start_s=low, stop_s=high, n=n, sources=tuple(sorted(sources)), watching=watching,
        act_names=tuple(sorted(led | watched)), act_ids=tuple(sorted(told)),
    )  # fmt: skip
    if copies is None:
        return survey
    strays = micros(copies["occurred_from"]) // _US != home_s
    return replace(survey, strays=copies.filter(pa.array(strays)), home_s=home_s[strays])


def _watching(rows: Rows) -> tuple[frozenset[str], frozenset[str]]:
    """Sources whose coverage has a detection probability with its basis, and the acts that they watch for."""
    names: set[str] = set()
    acts: set[str] = set()
    columns = ["source_id", "act", "detection_p_basis", "available_share", "detection_p_a", "detection_p_b"]
    for table in rows.scan_coverage(columns):
        told = pc.and_kleene(
            pc.is_valid(table["detection_p_basis"]),
            pc.and_kleene(
                pc.greater(table["available_share"], 0),
                pc.greater(pc.add(table["detection_p_a"], table["detection_p_b"]), 0),
            ),
        )
        told = pc.fill_null(told, False)
        names |= set(pc.unique(table["source_id"].filter(told)).to_pylist())
        acts |= set(pc.unique(table["act"].filter(told).drop_null()).to_pylist())
    return frozenset(names), frozenset(acts)


def _copies(rows: Rows, sources: list[str]) -> tuple[Table | None, IntArray, pa.Array]:
    """All records that name an origin, the time of each origin's first, and the ids of those not first."""
    none = np.zeros(0, dtype=np.int64)
    tables = [table for table in rows.scan(COLUMNS, copies=True) if table.num_rows]
    if not tables:
        return None, none, pa.array([], pa.string())
    table = pa.concat_tables(tables)
    table = table.take(pa.array(order_rows(table, _ORDER, numbers=4)))
    members, _ = _origins(table, sources)
    home = np.empty(table.num_rows, dtype=np.int64)
    home[members.members] = np.repeat(members.first, members.size)
    later = home != np.arange(table.num_rows)
    time_s = micros(table["occurred_from"]) // _US
    return table, time_s[home], table["observation_id"].filter(pa.array(later)).combine_chunks()
