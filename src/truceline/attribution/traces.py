"""What the attributable records of each incident say together: place, direction of fire, time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.attribution.model import FireModel
from truceline.base.columns import Groups, IntArray, codes, floats, group_rows, known, micros, number_rows
from truceline.base.geodesy import FloatArray
from truceline.schema.table import Table

#: from so many on, NumPy adds in another order than one by one
_ADDED_ONE_BY_ONE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """(n,) each; direction_deg towards which was fired, NaN where none was seen or they contradict."""

    incident: IntArray  #: its row
    longitude_deg: FloatArray
    latitude_deg: FloatArray
    sd_m: FloatArray
    direction_deg: FloatArray
    direction_sd_deg: FloatArray
    at_us: IntArray


def gather_traces(
    incidents: Table,
    observations: Table,
    *,
    sources: Collection[str],
    wanted: npt.NDArray[np.bool_],
    model: FireModel,
    unknown_sd_m: float,
) -> Traces:
    """Traces of the incidents that are ``wanted`` and rest on placed records of ``sources``.

    One record an origin, the first by id: a copy adds no weight. Places are weighted by their
    precision; directions are averaged on the circle.
    """
    mine = pc.is_in(observations["source_id"], value_set=pa.array(sorted(sources), type=pa.string()))
    table = observations.filter(pc.and_(mine, pc.is_valid(observations["longitude_deg"])))
    incident, row = _records_of(incidents, table, wanted)
    if not len(incident):
        none = np.zeros(0)
        return Traces(
            incident=incident, longitude_deg=none, latitude_deg=none, sd_m=none, direction_deg=none,
            direction_sd_deg=none, at_us=incident,
        )  # fmt: skip
    number, group = np.unique(incident, return_inverse=True)
    groups = group_rows(group.reshape(-1), len(number))
    groups = Groups(offsets=groups.offsets, members=row[groups.members])
    sd_m = floats(table["position_sd_m"])
    sd_m = np.where(np.isnan(sd_m) | (sd_m == 0), unknown_sd_m, sd_m)
    weight = sd_m**-2
    total = _sums(weight, groups)
    longitude, latitude = floats(table["longitude_deg"]), floats(table["latitude_deg"])
    direction, direction_sd = _mean_directions(floats(table["fire_direction_deg"]), groups, model)
    return Traces(
        incident=number,
        longitude_deg=_sums(longitude * weight, groups) / total,
        latitude_deg=_sums(latitude * weight, groups) / total,
        # Python's power: the same bits on every machine
        sd_m=np.array([value**-0.5 for value in total.tolist()]),
        direction_deg=direction,
        direction_sd_deg=direction_sd,
        at_us=micros(incidents["occurred_from"])[number],
    )


def _records_of(incidents: Table, table: Table, wanted: npt.NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """Incident and row of the records that speak, by incident, then by id."""
    ids = incidents["observation_ids"]
    incident = np.asarray(pc.list_parent_indices(ids).to_numpy(), dtype=np.int64)
    index = pc.index_in(pc.list_flatten(ids), value_set=table["observation_id"].combine_chunks())
    row = np.asarray(pc.fill_null(index, -1).to_numpy(), dtype=np.int64)
    kept = (row >= 0) & wanted[incident]
    incident, row = incident[kept], row[kept]
    chosen = table.select(["observation_id", "primary_source_id", "source_id"]).take(pa.array(row))
    order = _by_id(incident, chosen["observation_id"])
    incident, row, chosen = incident[order], row[order], chosen.take(pa.array(order))
    origin, names = codes(chosen["primary_source_id"])
    own = ~known(chosen["primary_source_id"]) | np.asarray(
        pc.fill_null(pc.equal(chosen["primary_source_id"], chosen["source_id"]), False).to_numpy(),
        dtype=np.bool_,
    )
    voice, n_voices = number_rows([incident, np.where(own, len(names) + row, origin)])
    first = np.full(n_voices, len(voice), dtype=np.int64)
    np.minimum.at(first, voice, np.arange(len(voice)))
    first.sort()
    return incident[first], row[first]


def _by_id(incident: IntArray, ids: pa.ChunkedArray) -> IntArray:
    """By incident, then by id; ids mostly stand in order already."""
    text = ids.combine_chunks()
    if len(text) < 2:
        return np.arange(len(text), dtype=np.int64)
    falls = np.asarray(pc.less(text[1:], text[:-1]).to_numpy(zero_copy_only=False), dtype=np.bool_)
    if not (falls & (incident[1:] == incident[:-1])).any():
        return np.arange(len(text), dtype=np.int64)
    keys = pa.table({"incident": incident, "id": text})
    order = pc.sort_indices(keys, sort_keys=[("incident", "ascending"), ("id", "ascending")])
    return np.asarray(order.to_numpy(), dtype=np.int64)


def _mean_directions(
    direction_deg: FloatArray, groups: Groups, model: FireModel
) -> tuple[FloatArray, FloatArray]:
    """Circular mean and its standard deviation, each (n_groups,); NaN where none was seen or they
    contradict each other."""
    mean, sd = np.full(len(groups), np.nan), np.full(len(groups), model.direction_sd_deg)
    told = np.isfinite(direction_deg[groups.members])
    at, value = groups.of_member[told], direction_deg[groups.members[told]]
    if not len(at):
        return mean, sd
    number, own = np.unique(at, return_inverse=True)
    seen = group_rows(own.reshape(-1), len(number), by=(value,))
    angle = np.radians(value)
    size = seen.size
    x, y = _sums(np.cos(angle), seen) / size, _sums(np.sin(angle), seen) / size
    agree = np.hypot(x, y) >= 0.7  # else they spread over more than a right angle
    mean[number[agree]] = (np.degrees(np.arctan2(y, x)) % 360)[agree]
    root = np.array([model.direction_sd_deg / k**0.5 for k in range(1, int(size.max()) + 1)])
    sd[number[agree]] = root[size - 1][agree]
    return mean, sd


def _sums(values: FloatArray, groups: Groups) -> FloatArray:
    """(n_groups,) sums, each the same whatever else is summed."""
    ordered, start, size = values[groups.members], groups.offsets[:-1], groups.size
    total = ordered[start]
    for turn in range(1, min(int(size.max()), _ADDED_ONE_BY_ONE)):
        more = np.flatnonzero(size > turn)
        total[more] += ordered[start[more] + turn]
    for k in np.flatnonzero(size >= _ADDED_ONE_BY_ONE).tolist():
        total[k] = ordered[start[k] : start[k] + size[k]].sum()
    return total
