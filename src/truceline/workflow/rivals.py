"""Incidents as the terms see them: how many breaches of each duty they make, under any draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.schema import INCIDENTS
from truceline.schema.table import Record, Table
from truceline.terms.bulk import Acts, Judged, judge, pack_zones
from truceline.terms.truce import Truce
from truceline.workflow.zone_sets import Spots, hold_zones

#: columns of incidents that terms look at
COLUMNS = (
    "incident_id", "act", "occurred_from", "occurred_until", "longitude_deg", "latitude_deg", "area_id",
    "existence_p", "party_p", "line_distance_m",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How many breaches of a duty by a party the incidents make, on average, between bounds."""

    obligation_id: str
    party_id: str
    lo: float
    hi: float


def expect_breaches(
    truce: Truce,
    incidents: Table | Sequence[Record],
    *,
    frame: LocalFrame,
    areas: Mapping[str, BaseGeometry],
) -> list[Expected]:
    """Sum the chance of a breach over incidents.

    What has no probability of existence widens the bounds, and so does a zone of which it cannot be
    told whether it holds the incident (all such zones are taken to hold it, or none). An incident
    without a basis for who did it counts against nobody.
    """
    table = incidents if isinstance(incidents, pa.Table) else _as_table(incidents)
    total: dict[tuple[str, str], list[float]] = {
        (item.id, party): [0.0, 0.0]
        for item in truce.obligations
        if item.rule not in ("permit", "require")
        for party in item.binds
    }
    least, most = (
        {(one.obligation_id, one.party_id): one for one in judge(truce, acts)}
        for acts in act_columns(truce, table, frame=frame, areas=areas)
    )
    for key in total:
        one, two = least.get(key), most.get(key)
        if one is not None or two is not None:
            total[key] = list(_sums(one, two, table.num_rows))
    return [
        Expected(obligation_id=duty, party_id=party, lo=lo, hi=hi)
        for (duty, party), (lo, hi) in total.items()
    ]


def _sums(one: Judged | None, two: Judged | None, n: int) -> tuple[float, float]:
    """The sum of the lesser lower chances, and of the greater upper ones."""
    lows, highs = [], []
    for judged in (one, two):
        lo, hi = np.zeros(n), np.zeros(n)
        if judged is not None:
            lo[judged.row], hi[judged.row] = judged.p_lo, judged.p_hi
        lows.append(lo)
        highs.append(hi)
    return float(np.minimum(*lows).sum()), float(np.maximum(*highs).sum())


def act_columns(
    truce: Truce,
    incidents: Table,
    *,
    frame: LocalFrame,
    areas: Mapping[str, BaseGeometry],
    whoever: bool = False,
) -> tuple[Acts, Acts]:
    """Incidents as the terms' acts: with all that is unknown counted out, and with all of it counted in.

    whoever : also those that nobody can be named for.
    """
    keep = pc.is_valid(incidents["act"])
    if not whoever:
        keep = pc.and_(keep, pc.greater(_n_parties(incidents), 0))
    table = incidents.filter(keep).sort_by("incident_id")
    names = tuple(sorted(set(table["act"].to_pylist())))
    number = pc.index_in(table["act"], value_set=pa.array(names, pa.string()))
    start_us, stop_us = (_us(table[name]) for name in ("occurred_from", "occurred_until"))
    area = table["area_id"].combine_chunks()
    x_m, y_m = frame.to_plane(_floats(table["longitude_deg"]), _floats(table["latitude_deg"]))
    spots = Spots(
        x_m=np.where(np.isfinite(x_m), x_m, np.nan),
        y_m=np.where(np.isfinite(y_m), y_m, np.nan),
        moment_us=start_us,
        line_distance_m=_floats(table["line_distance_m"]),
        area={
            zone.area: np.asarray(pc.fill_null(pc.equal(area, zone.area), False))
            for zone in truce.zones
            if zone.area is not None
        },
    )
    held, unknown = hold_zones(truce.zones, spots, frame=frame, areas=areas)
    existence_p = _floats(table["existence_p"])
    least = Acts(
        act=np.asarray(number, dtype=np.int64),
        act_names=names,
        start_us=start_us,
        stop_us=stop_us,
        existence_p=np.nan_to_num(existence_p, nan=0.0),
        party_p={party: _party_p(table, party) for party in truce.party_ids},
        zones=pack_zones(held, table.num_rows),
        zone_ids=tuple(zone.id for zone in truce.zones),
    )
    wide = pack_zones([a | b for a, b in zip(held, unknown, strict=True)], table.num_rows)
    return least, replace(least, existence_p=np.nan_to_num(existence_p, nan=1.0), zones=wide)


def _as_table(rows: Sequence[Record]) -> Table:
    schema = pa.schema([INCIDENTS.arrow.field(name) for name in COLUMNS])
    return pa.Table.from_pylist(
        [{**row, "party_p": list(dict(row["party_p"]).items())} for row in rows], schema=schema
    )


def _floats(column: pa.ChunkedArray) -> FloatArray:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def _us(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def _n_parties(table: Table) -> pa.Array:
    maps = table["party_p"].combine_chunks()
    offsets = np.asarray(maps.offsets)
    return pa.array(np.diff(offsets))


def _party_p(table: Table, party: str) -> FloatArray:
    """The probability of one party, 0 where an incident does not name it."""
    maps = table["party_p"].combine_chunks()
    offsets = np.asarray(maps.offsets)
    keys = np.asarray(pc.equal(maps.keys, party))[offsets[0] : offsets[-1]]
    values = np.asarray(maps.items, dtype=np.float64)[offsets[0] : offsets[-1]]
    row = np.repeat(np.arange(len(maps)), np.diff(offsets))
    p = np.zeros(len(maps))
    p[row[keys]] = values[keys]
    return p
