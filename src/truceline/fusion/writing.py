"""Groups of nodes → the table of incidents, column by column."""

from __future__ import annotations

from itertools import pairwise
from math import fsum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.canonical import digest_ids, short_ids
from truceline.base.columns import BoolArray, Groups, at_words, distinct, group_rows, list_column, number_rows
from truceline.base.geodesy import LocalFrame
from truceline.fusion.nodes import FloatArray, IntArray, Nodes
from truceline.fusion.trained import REASON as TRAINED
from truceline.fusion.voices import hear_voices, judge_occurrence
from truceline.schema import INCIDENTS
from truceline.schema.table import TIME, Table

#: log-likelihood of an act that a record with acts does not name
_FLOOR_LOGLIK = -50.0
#: characters that JSON writes otherwise than they are
_ESCAPED = r"[^ !#-\[\]-~]"


def write_incidents(
    nodes: Nodes,
    groups: Groups,
    *,
    unit: IntArray,
    existence_p: FloatArray,
    mechanism: BoolArray,
    fallible: BoolArray,
    verified_at: float,
    frame: LocalFrame,
    trained: bool = False,
) -> Table:
    """One incident for each group, in the order of time and id.

    unit : (n_nodes,) number of the unit of reports that each node is in. mechanism, fallible :
    (n_sources,) see ``voices.hear_voices``. existence_p : (n_groups,), NaN where there is none. trained : whether a trained
    model gave it, which each of them says.
    """
    n = len(groups)
    voices = hear_voices(nodes, groups, mechanism=mechanism, fallible=fallible)
    start, stop = _intervals(nodes, groups)
    ids = _ids(nodes, groups)
    order = _in_order(start, stop, ids)
    no_basis = np.isnan(existence_p)
    columns: dict[str, pa.Array] = {
        "incident_id": pa.array(ids),
        "act": at_words(nodes.act_ids, _acts(nodes, groups)),
        "occurred_from": pa.array(start).cast(TIME),
        "occurred_until": pa.array(stop).cast(TIME),
        **_places(nodes, groups, unit, frame),
        "area_id": at_words(nodes.area.names, _areas(nodes, groups)),
        "place_name": at_words(nodes.place.names, _place_names(nodes, groups)),
        "existence_p": pa.array(existence_p, mask=no_basis),
        "occurrence": pa.array(judge_occurrence(voices, existence_p, verified_at=verified_at).tolist()),
        "responsibility": pa.array(["not_attributed"]).take(pa.array(np.zeros(n, dtype=np.int64))),
        "source_ids": _sources(nodes, groups),
        "observation_ids": _observations(nodes, groups),
        "n_primary_sources": pa.array(voices.n_independent),
        "reason_codes": _reasons(no_basis, voices.claims_only, ~no_basis & trained),
        "party_p": pa.MapArray.from_arrays(
            pa.array(np.zeros(n + 1, dtype=np.int32)), pa.array([], pa.string()), pa.array([], pa.float64())
        ),
    }
    taken = pa.array(order)
    arrays = [
        columns[field.name].take(taken) if field.name in columns else pa.nulls(n, field.type)
        for field in INCIDENTS.arrow
    ]
    return pa.Table.from_arrays(arrays, schema=INCIDENTS.arrow)


def _ids(nodes: Nodes, groups: Groups) -> list[str]:
    """Names by the sorted names of a group's origins: ``short_ids("inc", …)`` of all at once."""
    ids = nodes.ids.take(pa.array(nodes.members.first[groups.members]))
    key = pc.binary_join_element_wise("r:", ids, "")
    if any(nodes.origin):
        origin = pa.array(nodes.origin, pa.string()).take(pa.array(groups.members))
        key = pc.coalesce(pc.binary_join_element_wise("o:", origin, ""), key)
    key = key.take(pa.array(_within(groups, key)))
    if pc.any(pc.match_substring_regex(key, _ESCAPED)).as_py():
        flat, offsets = key.to_pylist(), groups.offsets.tolist()
        return short_ids("inc", (flat[a:b] for a, b in pairwise(offsets)))
    inner = pc.binary_join(list_column(key, groups.size), '","')
    return digest_ids("inc", pc.binary_join_element_wise('["', inner, '"]', "").to_pylist())


def _within(groups: Groups, words: pa.Array) -> IntArray:
    """Order of entries by group, and by their word within one."""
    order = np.arange(len(groups.members), dtype=np.int64)
    at = groups.of_member
    several = np.flatnonzero(groups.size[at] > 1)
    part = pa.table({"at": at[several], "word": words.take(pa.array(several))})
    inner = pc.sort_indices(part, sort_keys=[("at", "ascending"), ("word", "ascending")])
    order[several] = several[inner.to_numpy()]
    return order


def _in_order(start: IntArray, stop: IntArray, ids: list[str]) -> IntArray:
    """By start, stop, id; ids are compared only where the times are equal."""
    order = np.lexsort((stop, start)).astype(np.int64)
    same = (np.diff(start[order]) == 0) & (np.diff(stop[order]) == 0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    for low, high in edges.reshape(-1, 2).tolist():
        order[low : high + 1] = sorted(order[low : high + 1].tolist(), key=ids.__getitem__)
    return order


def _intervals(nodes: Nodes, groups: Groups) -> tuple[IntArray, IntArray]:
    """The times common to all, or, where there are none, from the first to the last; microseconds."""
    start, stop, at = nodes.start_s[groups.members], nodes.stop_s[groups.members], groups.offsets[:-1]
    low, high = np.maximum.reduceat(start, at), np.minimum.reduceat(stop, at)
    common = low < high
    first = np.where(common, low, np.minimum.reduceat(start, at))
    last = np.where(common, high, np.maximum.reduceat(stop, at))
    first_us, last_us = np.rint(first * 1e6).astype(np.int64), np.rint(last * 1e6).astype(np.int64)
    return first_us, np.maximum(last_us, first_us + 1)


def _acts(nodes: Nodes, groups: Groups) -> IntArray:
    """Place of the likeliest act among the terms', whose order breaks ties; −1: none is known."""
    rows = nodes.loglik[groups.members]
    told = ~np.isnan(rows).all(axis=1) if rows.shape[1] else np.zeros(len(rows), dtype=np.bool_)
    total = np.zeros((len(groups), len(nodes.act_ids)))
    for k, act in enumerate(nodes.act_ids):
        own = np.full(len(rows), np.nan)
        if act in nodes.act_names:
            own = rows[:, nodes.act_names.index(act)]
        own = np.where(told, np.where(np.isnan(own), _FLOOR_LOGLIK, own), 0.0)
        total[:, k] = np.add.reduceat(own, groups.offsets[:-1])
    some = np.logical_or.reduceat(told, groups.offsets[:-1])
    best = total.argmax(axis=1) if len(nodes.act_ids) else np.zeros(len(groups), dtype=np.int64)
    return np.where(some & (len(nodes.act_ids) > 0), best, -1).astype(np.int64)


def _areas(nodes: Nodes, groups: Groups) -> IntArray:
    """The area that all who name one name; −1: none, or several."""
    code, at = nodes.area.code[groups.members], groups.offsets[:-1]
    most = np.maximum.reduceat(code, at)
    least = np.minimum.reduceat(np.where(code < 0, len(nodes.area.names), code), at)
    return np.where(most == least, most, -1)


def _place_names(nodes: Nodes, groups: Groups) -> IntArray:
    """As the best placed record names it."""
    code = nodes.place.code[groups.members]
    named = (code >= 0) & np.array([bool(name) for name in nodes.place.names] + [False])[code]
    at, node = groups.of_member[named], groups.members[named]
    order = np.lexsort((node, nodes.sd_m[node], at))
    number, first = np.unique(at[order], return_index=True)
    found = np.full(len(groups), -1, dtype=np.int64)
    found[number] = nodes.place.code[node[order[first]]]
    return found


def _places(nodes: Nodes, groups: Groups, unit: IntArray, frame: LocalFrame) -> dict[str, pa.Array]:
    """Centre and its uncertainty.

    Precision-weighted mean of the voices: each weighs once, by its best record, for two reports of
    one side of the same place rest on one gazetteer and are no two measurements. Sensors are
    voices each.
    """
    placed = np.isfinite(nodes.x_m[groups.members])
    at, node = groups.of_member[placed], groups.members[placed]
    sensor, look, speaker = nodes.sensor.code[node], nodes.look.code[node], nodes.speaker.code[node]
    voice, _ = number_rows([np.where(sensor >= 0, sensor, -1), np.where(sensor >= 0, look, speaker), at])
    order = np.lexsort((node, unit[node], nodes.sd_m[node], voice))
    best = order[np.unique(voice[order], return_index=True)[1]] if len(order) else order
    number, own = np.unique(at[best], return_inverse=True)
    x_m, y_m, sd_m = _means(nodes, group_rows(own.reshape(-1), len(number)), node[best])
    longitude, latitude = frame.to_globe(x_m, y_m) if len(number) else (x_m, y_m)
    # 1e-7 degree is a centimetre: below it stands the projection's own noise
    values = {
        "longitude_deg": _rounded(longitude),
        "latitude_deg": _rounded(latitude),
        "position_sd_m": sd_m,
    }
    columns = {}
    for name, value in values.items():
        full = np.full(len(groups), np.nan)
        full[number] = value
        columns[name] = pa.array(full, mask=np.isnan(full))
    return columns


def _rounded(degrees: FloatArray) -> FloatArray:
    """To seven decimals as ``round`` does; it is asked itself only where a product could mislead."""
    scaled = degrees * 1e7
    whole = np.rint(scaled)
    result = whole / 1e7
    close = np.flatnonzero(np.abs(np.abs(scaled - whole) - 0.5) < 1e-4)
    result[close] = [round(value, 7) for value in degrees[close].tolist()]
    return np.asarray(result)


def _means(nodes: Nodes, voices: Groups, node: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weighted means of the nodes of each group of voices, and their standard deviation."""
    # Python's power and exact sums: the same bits on every machine, and in every order
    weight = np.array([sd_m**-2 for sd_m in nodes.sd_m[node].tolist()])
    at = voices.members
    parts = [weight[at], weight[at] * nodes.x_m[node][at], weight[at] * nodes.y_m[node][at]]
    low = voices.offsets[:-1]
    # a sum of two is exact to the last bit anyway
    sums = [part[low] for part in parts]
    two = voices.size == 2
    for total, part in zip(sums, parts, strict=True):
        total[two] += part[low[two] + 1]
    for k in np.flatnonzero(voices.size > 2).tolist():
        span = slice(int(voices.offsets[k]), int(voices.offsets[k + 1]))
        for total, part in zip(sums, parts, strict=True):
            total[k] = fsum(part[span].tolist())
    sd_m = np.array([total**-0.5 for total in sums[0].tolist()])
    return sums[1] / sums[0], sums[2] / sums[0], sd_m


def _records(nodes: Nodes, groups: Groups) -> tuple[IntArray, IntArray]:
    """Every record of each group: its group, and its row."""
    size = nodes.members.size[groups.members]
    at = np.repeat(groups.of_member, size)
    begin = np.repeat(nodes.members.offsets[groups.members], size)
    step = np.arange(len(at)) - np.repeat(np.cumsum(size) - size, size)
    return at, nodes.members.members[begin + step]


def _sources(nodes: Nodes, groups: Groups) -> pa.Array:
    at, row = _records(nodes, groups)
    width = len(nodes.source.names)
    pairs = distinct(at * width + nodes.row_source[row])
    return list_column(
        at_words(nodes.source.names, pairs % width), np.bincount(pairs // width, minlength=len(groups))
    )


def _observations(nodes: Nodes, groups: Groups) -> pa.Array:
    at, row = _records(nodes, groups)
    records = group_rows(at, len(groups))
    ids = nodes.ids.take(pa.array(row))
    return list_column(ids.take(pa.array(_within(records, ids))), records.size)


def _reasons(no_basis: BoolArray, claims_only: BoolArray, trained: BoolArray) -> pa.Array:
    names = ("no_existence_basis", "claims_only", TRAINED)
    each = np.column_stack([no_basis, claims_only, trained])
    flat = np.broadcast_to(np.arange(len(names)), each.shape)[each]
    return list_column(at_words(names, flat), each.sum(axis=1))
