"""What the hard records of each incident say together: place, directions of fire, time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.attribution.grounds import Grounds
from truceline.attribution.model import Evidence
from truceline.base.columns import (
    BoolArray,
    Groups,
    IntArray,
    codes,
    distinct,
    floats,
    group_rows,
    known,
    micros,
    number_rows,
    order_rows,
)
from truceline.base.geodesy import WGS84, FloatArray, turn_deg
from truceline.schema.table import Table

#: from so many on, NumPy adds in another order than one by one
_ADDED_ONE_BY_ONE = 8
#: over what stretch of its way a direction is held against the line
WAY_M = 3_000.0
#: and over what stretch the line's own direction is told
SLOPE_M = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """(n,) each, in a canonical order: by time and place, not by row. (r,) by record, in that order.

    direction_deg : towards which was fired; NaN: not told. told_share : how often the record's source
    tells one.
    """

    incident: IntArray  #: its row
    act: IntArray  #: place in ``acts``; −1: unknown
    acts: tuple[str, ...]
    existence_p: FloatArray  #: 1 where none is given
    longitude_deg: FloatArray
    latitude_deg: FloatArray
    covariance_m2: FloatArray  #: (n, 3): east, north, and both together
    banded: BoolArray  #: whether any place is a band of bearings and distances: an ellipse, not a circle
    at_us: IntArray
    record: IntArray
    direction_deg: FloatArray
    told_share: FloatArray

    def __len__(self) -> int:
        return len(self.incident)


def gather_traces(
    incidents: Table,
    observations: Table,
    *,
    sources: Collection[str],
    wanted: BoolArray,
    unknown_sd_m: float,
) -> Traces:
    """Traces of the incidents that are ``wanted`` and rest on placed records of ``sources``.

    One record an origin, the first by id: a copy adds no weight. Places are weighted by their precision.
    """
    mine = pc.is_in(observations["source_id"], value_set=pa.array(sorted(sources), type=pa.string()))
    table = observations.filter(pc.and_(mine, pc.is_valid(observations["longitude_deg"])))
    share = _told_shares(table)
    incident, row = _records_of(incidents, table, wanted)
    number = distinct(incident)
    groups = group_rows(np.searchsorted(number, incident), len(number))
    groups = Groups(offsets=groups.offsets, members=row[groups.members])
    code, words = codes(incidents["act"])
    acts = sorted(word for word in words if word)
    act = np.array([acts.index(word) for word in words] + [-1], dtype=np.int64)[code[number]]
    longitude, latitude, covariance = _places(table, groups, unknown_sd_m)
    banded = _sums(np.isfinite(floats(table["bearing_min_deg"])).astype(np.float64), groups) > 0
    at_us = micros(incidents["occurred_from"])[number]
    direction, existence = floats(table["fire_direction_deg"]), floats(incidents["existence_p"])
    order = np.lexsort((_sums(np.nan_to_num(direction), groups), act, latitude, longitude, at_us))
    ordered = Groups(offsets=np.append(0, np.cumsum(groups.size[order])), members=_gathered(groups, order))
    return Traces(
        incident=number[order],
        act=act[order],
        acts=tuple(acts),
        existence_p=np.where(np.isnan(existence), 1.0, existence)[number][order],
        longitude_deg=longitude[order],
        latitude_deg=latitude[order],
        covariance_m2=covariance[order],
        banded=banded[order],
        at_us=at_us[order],
        record=ordered.of_member,
        direction_deg=direction[ordered.members],
        told_share=share[ordered.members],
    )


def _places(table: Table, groups: Groups, unknown_sd_m: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Longitude, latitude and covariance (east, north, both; m²) of each group's place, by least squares.

    A band is an ellipse: its edges are taken as two standard deviations to either side of its middle.
    """
    sd_m = floats(table["position_sd_m"])
    sd_m = np.where(np.isnan(sd_m) | (sd_m == 0), unknown_sd_m, sd_m)
    along = across = sd_m
    near, far, low, high = (floats(table[f"{name}_{unit}"]) for name, unit in (("range_min", "m"), ("range_max", "m"), ("bearing_min", "deg"), ("bearing_max", "deg")))  # fmt: skip
    turn = turn_deg(low, high)
    band = np.isfinite(near) & np.isfinite(far) & np.isfinite(turn) & (far > near) & (turn > 0)
    along = np.where(band, np.maximum((far - near) / 4, 1.0), sd_m)
    across = np.where(band, np.maximum((far + near) / 2 * np.radians(turn) / 4, 1.0), sd_m)
    middle = np.radians(np.where(band, low + turn / 2, 0.0))
    east, north = np.sin(middle), np.cos(middle)
    a, b = along**-2.0, across**-2.0
    # the precision: a along the bearing, b across it
    ee, nn, en = a * east**2 + b * north**2, a * north**2 + b * east**2, (a - b) * east * north
    longitude, latitude = floats(table["longitude_deg"]), floats(table["latitude_deg"])
    first = groups.first
    base_x, base_y = longitude[first], latitude[first]
    of = np.empty(table.num_rows, dtype=np.int64)
    of[groups.members] = groups.of_member
    per_x = 111_320.0 * np.cos(np.radians(base_y))
    x = np.zeros(table.num_rows)
    y = np.zeros(table.num_rows)
    m = groups.members
    x[m] = ((longitude[m] - base_x[of[m]] + 180.0) % 360.0 - 180.0) * per_x[of[m]]
    y[m] = (latitude[m] - base_y[of[m]]) * 111_320.0
    see, snn, sen = (_sums(each, groups) for each in (ee, nn, en))
    px, py = _sums(ee * x + en * y, groups), _sums(en * x + nn * y, groups)
    root = see * snn - sen * sen
    covariance = np.column_stack([snn / root, see / root, -sen / root])
    return (
        base_x + (snn * px - sen * py) / root / per_x,
        base_y + (see * py - sen * px) / root / 111_320.0,
        covariance,
    )


def _gathered(groups: Groups, order: IntArray) -> IntArray:
    """The members of groups put in another order."""
    size = groups.size[order]
    start = np.repeat(groups.offsets[:-1][order] - (np.cumsum(size) - size), size)
    return groups.members[start + np.arange(len(start))]


def _told_shares(table: Table) -> FloatArray:
    """(n_rows,) how often the row's source tells a direction, a little towards half."""
    code, words = codes(table["source_id"])
    told = known(table["fire_direction_deg"])
    n = np.bincount(code, minlength=len(words))
    share = (np.bincount(code[told], minlength=len(words)) + 1.0) / (n + 2.0)
    return np.asarray(np.where(n >= 20, share, 0.0))[code]


def _records_of(incidents: Table, table: Table, wanted: BoolArray) -> tuple[IntArray, IntArray]:
    """Incident and row of the records that speak, by incident, then by id."""
    ids = incidents["observation_ids"]
    incident = np.asarray(pc.list_parent_indices(ids).to_numpy(), dtype=np.int64)
    index = pc.index_in(pc.list_flatten(ids), value_set=table["observation_id"].combine_chunks())
    row = np.asarray(pc.fill_null(index, -1).to_numpy(), dtype=np.int64)
    kept = (row >= 0) & wanted[incident]
    incident, row = incident[kept], row[kept]
    chosen = table.select(["observation_id", "primary_source_id", "source_id"]).take(pa.array(row))
    keys = chosen.append_column("incident", pa.array(incident))
    order = order_rows(keys, ["incident", "observation_id"], numbers=1)
    incident, row, chosen = incident[order], row[order], chosen.take(pa.array(order))
    voice, n_voices = number_rows([incident, origins_of(chosen, row)])
    first = np.full(n_voices, len(voice), dtype=np.int64)
    np.minimum.at(first, voice, np.arange(len(voice)))
    first.sort()
    return incident[first], row[first]


def origins_of(table: Table, row: IntArray) -> IntArray:
    """(n,) number of each record's origin; one that names none, or its own source, is its own."""
    origin, names = codes(table["primary_source_id"])
    named = pc.fill_null(pc.not_equal(table["primary_source_id"], table["source_id"]), False)
    return np.where(np.asarray(named.to_numpy(), dtype=np.bool_), origin, len(names) + row)


def weigh_traces(traces: Traces, grounds: Grounds) -> Evidence:
    """Traces held against the line: how far outside each ground, and which way out a direction leads.

    The cosine is the change of the distance to the line along the direction, over ``WAY_M`` before and
    after the impact, so that no bend of the line smaller than that turns a direction.
    """
    inside = grounds.inside_m(traces.longitude_deg, traces.latitude_deg, traces.at_us)
    told = np.isfinite(traces.direction_deg)
    rows = np.flatnonzero(told)
    way_out = np.full((len(told), len(grounds.parties)), np.nan)
    if len(rows):
        at = traces.record[rows]
        before, after = (
            grounds.inside_m(*_moved(traces, at, traces.direction_deg[rows], way), traces.at_us[at])
            for way in (-WAY_M, WAY_M)
        )
        way_out[rows] = np.clip((before - after) / (2 * WAY_M), -1.0, 1.0)
    # beyond the map a direction leads nowhere
    told &= np.isfinite(way_out).all(axis=1)
    return Evidence(
        act=traces.act, acts=traces.acts, existence_p=traces.existence_p, outside_m=-inside,
        place_sd_m=_sd_across(traces, grounds),
        line_sd_m=grounds.sd_m(traces.at_us), record=traces.record, told=told, told_share=traces.told_share,
        way_out=way_out,
    )  # fmt: skip


def _sd_across(traces: Traces, grounds: Grounds) -> FloatArray:
    """(n,) standard deviation of each place across the line, metres."""
    east, north, both = traces.covariance_m2.T
    variance = np.sqrt(east * north)
    rows = np.flatnonzero(traces.banded)
    if len(rows):
        slope = []
        for bearing in (90.0, 0.0):
            ahead, behind = (
                grounds.inside_m(*_moved(traces, rows, np.full(len(rows), bearing), way), traces.at_us[rows])
                for way in (SLOPE_M, -SLOPE_M)
            )
            near = np.abs(ahead + behind).argmin(axis=1)
            slope.append((ahead - behind)[np.arange(len(rows)), near])
        gx, gy = slope
        size = gx * gx + gy * gy
        known_ = np.isfinite(size) & (size > 0)
        r = rows[known_]
        gx, gy, size = gx[known_], gy[known_], size[known_]
        variance[r] = (gx * gx * east[r] + gy * gy * north[r] + 2 * gx * gy * both[r]) / size
    return np.asarray(np.maximum(np.sqrt(variance), 1.0), dtype=np.float64)


def _moved(
    traces: Traces, at: IntArray, bearing_deg: FloatArray, way_m: float
) -> tuple[FloatArray, FloatArray]:
    longitude, latitude, _ = WGS84.fwd(
        traces.longitude_deg[at], traces.latitude_deg[at], bearing_deg, np.full(len(at), way_m)
    )
    return np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)


def _sums(values: FloatArray, groups: Groups) -> FloatArray:
    """(n_groups,) sums, each the same whatever else is summed."""
    if not len(groups):
        return np.zeros(0)
    ordered, start, size = values[groups.members], groups.offsets[:-1], groups.size
    total = ordered[start]
    for turn in range(1, min(int(size.max()), _ADDED_ONE_BY_ONE)):
        more = np.flatnonzero(size > turn)
        total[more] += ordered[start[more] + turn]
    for k in np.flatnonzero(size >= _ADDED_ONE_BY_ONE).tolist():
        total[k] = ordered[start[k] : start[k] + size[k]].sum()
    return total
