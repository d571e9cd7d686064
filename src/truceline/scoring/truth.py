"""What really happened, and which record tells of it: the tables that a simulator leaves beside its case.

``incidents``: truth_id, party_id (empty: neither), act, occurred_at, longitude_deg, latitude_deg, sector
and whatever else. ``links``: observation_id, or file and row, of each record; truth_id (empty: no
true event), fake_id (empty: not part of a staged event), origin_id (copies share their first telling's).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from truceline.base.columns import BoolArray, FloatArray, IntArray, codes, floats, micros
from truceline.base.errors import InputError, Problem
from truceline.base.geodesy import WGS84
from truceline.schema.table import TIME, Table

INCIDENT_COLUMNS = ("truth_id", "party_id", "act", "occurred_at", "longitude_deg", "latitude_deg")
_TEXTS = (
    "truth_id", "party_id", "act", "sector", "observation_id", "file", "fake_id", "origin_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The true events by columns, (n_events,), and the links of the records.

    party : place among ``parties``, −1: neither. sector : area ids, None where the simulator names none.
    """

    truth_id: Sequence[str]
    party: IntArray
    parties: tuple[str, ...]  #: of the events, in the order in which they first stand
    act: Sequence[str | None]
    at_us: IntArray
    longitude_deg: FloatArray
    latitude_deg: FloatArray
    sector: Sequence[str | None]
    links: Table
    fire_direction_deg: FloatArray | None = None  #: bearing of fire where the places fired from are told
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def truce_start_us(self) -> int:
        """When the truce began, microseconds since 1970; never, where it is not told."""
        told = self.facts.get("truce_start")
        return 2**62 if told is None else int(datetime.fromisoformat(told).timestamp() * 1e6)

    def __len__(self) -> int:
        return len(self.truth_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What each record of a table of observations truly is; (n_records,) each.

    event : place of its true event, −1: none. fake : number of its staged event, −1: none.
    origin : number of its first telling; copies share it. known : whether the truth names it at all.
    """

    event: IntArray
    fake: IntArray
    origin: IntArray
    known: BoolArray
    n_events: int
    n_fakes: int  #: of all staged events, reached by a record or not


def make_truth(incidents: Table, links: Table, facts: Mapping[str, Any] | None = None) -> Truth:
    """The truth from its two tables, whatever the types that a reader gave their columns.

    Raises
    ------
    InputError
        With every column that is missing.
    """
    _require(incidents, INCIDENT_COLUMNS, "truth incidents")
    _require(links, ("truth_id",), "truth links")
    if "observation_id" not in links.column_names:
        _require(links, ("file", "row"), "truth links")
    party, parties = codes(_text(incidents, "party_id"))
    return Truth(
        truth_id=_text(incidents, "truth_id").to_pylist(),
        party=party,
        parties=tuple(parties),
        act=_text(incidents, "act").to_pylist(),
        at_us=micros(incidents["occurred_at"].cast(TIME)),
        longitude_deg=floats(incidents["longitude_deg"]),
        latitude_deg=floats(incidents["latitude_deg"]),
        sector=_text(incidents, "sector").to_pylist(),
        links=links,
        fire_direction_deg=_bearings(incidents),
        facts=dict(facts or {}),
    )


def _bearings(incidents: Table) -> FloatArray | None:
    """(n_events,) bearing from the place fired from to the place hit; NaN where they are one."""
    names = ("from_longitude_deg", "from_latitude_deg", "longitude_deg", "latitude_deg")
    if not set(names) <= set(incidents.column_names):
        return None
    places = [floats(incidents[name]) for name in names]
    from_x, from_y, to_x, to_y = (np.nan_to_num(one) for one in places)
    azimuth, _, distance = WGS84.inv(from_x, from_y, to_x, to_y)
    told = np.isfinite(np.stack(places)).all(axis=0) & (np.asarray(distance) > 1.0)
    return np.where(told, np.asarray(azimuth) % 360.0, np.nan)


def read_truth(folder: Path) -> Truth:
    """``incidents.csv``, ``links.csv`` and, where there is one, ``parameters.json`` of a folder.

    Raises
    ------
    InputError
        If a file or a column is missing, or a file cannot be read.
    """
    absent = [name for name in ("incidents.csv", "links.csv") if not (folder / name).is_file()]
    if absent:
        raise InputError(
            [
                Problem(
                    code="file_missing", message="the truth is not there", file=str(folder / name),
                    expected="a folder as a simulator writes it: incidents.csv and links.csv",
                    next_step="Name the folder `truth` inside a simulated case with --truth",
                )
                for name in absent
            ]
        )  # fmt: skip
    facts = folder / "parameters.json"
    return make_truth(
        _read_csv(folder / "incidents.csv"),
        _read_csv(folder / "links.csv"),
        json.loads(facts.read_text(encoding="utf-8")) if facts.is_file() else None,
    )


def _read_csv(path: Path) -> Table:
    types: dict[str, pa.DataType] = dict.fromkeys(_TEXTS, pa.string())
    types |= {"occurred_at": pa.timestamp("us", tz="UTC"), "row": pa.int64()}
    convert = csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    try:
        return csv.read_csv(path, convert_options=convert)
    except pa.ArrowInvalid as error:
        raise InputError(
            Problem(
                code="file_format", message=f"the table cannot be read: {error}", file=str(path),
                expected="CSV with a header, times in ISO 8601 with an offset",
                next_step="Play the simulation again, or correct the file",
            )
        ) from error  # fmt: skip


def _require(table: Table, names: Sequence[str], what: str) -> None:
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise InputError(
            [
                Problem(
                    code="column_missing", message="the truth lacks a column", file=what, column=name,
                    got=", ".join(table.column_names), expected=", ".join(names),
                    next_step="Take the truth of the simulation that made the observations",
                )
                for name in missing
            ]
        )  # fmt: skip


def _text(table: Table, name: str) -> pa.ChunkedArray:
    """A text column, "" as null; all null where there is none."""
    if name not in table.column_names:
        return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
    column = table[name].cast(pa.string())
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def link(observations: Table, truth: Truth) -> Linked:
    """What each observation truly is, by its id, else by file and row.

    A record that the truth does not name is its own first telling and no true event.
    """
    links, n = truth.links, observations.num_rows
    at = _find(observations, links)
    found = at >= 0
    event = _places(_text(links, "truth_id"), truth.truth_id)
    fake, fakes = codes(_text(links, "fake_id"))
    origin, origins = codes(_text(links, "origin_id"))
    # a telling without a name is a telling by itself
    alone = origin < 0
    origin[alone] = len(origins) + np.arange(int(alone.sum()))
    base = int(origin.max(initial=-1)) + 1
    first = np.where(found, origin[at] if len(origin) else -1, base + np.arange(n))
    return Linked(
        event=_taken(event, at),
        fake=_taken(fake, at),
        origin=np.unique(first, return_inverse=True)[1].astype(np.int64).reshape(-1),
        known=found,
        n_events=len(truth),
        n_fakes=len(fakes),
    )


def _taken(values: IntArray, at: IntArray) -> IntArray:
    if not len(values):
        return np.full(len(at), -1, dtype=np.int64)
    return np.where(at >= 0, values[at], -1).astype(np.int64)


def _find(observations: Table, links: Table) -> IntArray:
    """(n,) row of ``links`` for each observation, −1: none."""
    at = np.full(observations.num_rows, -1, dtype=np.int64)
    if "observation_id" in links.column_names:
        at = _index(observations["observation_id"], _text(links, "observation_id"))
    if (at < 0).any() and {"file", "row"} <= set(links.column_names):
        by_row = _index(
            _key(observations["raw_file"], observations["raw_row"]),
            _key(_text(links, "file"), links["row"].cast(pa.int64())),
        )
        at = np.where(at < 0, by_row, at)
    return at


def _key(file: pa.ChunkedArray, row: pa.ChunkedArray) -> pa.ChunkedArray:
    """File's own name and row: a case may put the file under another root than the simulator."""
    name = pc.replace_substring_regex(file, pattern=r"^.*[/:]", replacement="")
    return pc.binary_join_element_wise(name, row.cast(pa.string()), "\t")


def _index(values: pa.ChunkedArray, among: pa.ChunkedArray) -> IntArray:
    index = pc.index_in(values.cast(pa.string()), value_set=among.combine_chunks(), skip_nulls=True)
    return np.asarray(pc.fill_null(index, -1).to_numpy(), dtype=np.int64)


def _places(column: pa.ChunkedArray, words: Sequence[str]) -> IntArray:
    index = pc.index_in(column, value_set=pa.array(list(words), type=pa.string()), skip_nulls=True)
    return np.asarray(pc.fill_null(index, -1).to_numpy(), dtype=np.int64)
