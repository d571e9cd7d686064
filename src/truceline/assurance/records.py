"""Incidents as histories: of what act each may be, who could have seen it, and who did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.assurance.detection import Histories
from truceline.base.columns import (
    BoolArray,
    IntArray,
    codes,
    distinct,
    floats,
    map_parts,
    micros,
    number_values,
    recode,
    sort_stable,
)
from truceline.base.geodesy import LocalFrame
from truceline.coverage.sight import Moments, Sight
from truceline.schema.table import Table

FloatArray = npt.NDArray[np.float64]

#: from which error of place, or width of the interval, an incident stands for several moments
VAGUE_M, VAGUE_S = 300.0, 1200.0
N_MOMENTS = 6
_STEPS = (0.7548776662466927, 0.5698402909980532)
#: chance that a sensor tells of what lies outside of its watch
STRAY_P = 1e-3
#: chance that a record of one act is taken for another, where the record leaves no room for it
MISTAKEN_P = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """Incidents that a sensor with a known probability detected, each where and when it may have been.

    One that is vaguely placed or timed stands for several moments of its error, (n,) in all; the
    others for one. owner : (n,) incident of each, from 0. existence_p : (n_incidents,). loglik :
    (n, n_acts) of its records given each act. member : (n_members,) moment, and in ``member_words``
    detector (source, sensor, look).
    """

    existence_p: FloatArray
    owner: IntArray
    moments: Moments
    loglik: FloatArray
    member: IntArray
    member_words: tuple[Words, Words, Words]

    def __len__(self) -> int:
        return len(self.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A column of words as codes, −1: none."""

    code: IntArray
    names: list[str]


def gather_detected(
    incidents: Table,
    observations: Table,
    *,
    sources: Sequence[str],
    acts: Sequence[str],
    frame: LocalFrame,
    shapes: Mapping[str, BaseGeometry],
) -> Detected:
    """Incidents with a detection by one of ``sources``, and the records of these sources in them.

    An incident without an ``existence_p`` counts as one that happened.
    """
    offsets = incidents["observation_ids"].combine_chunks()
    flat = offsets.flatten()
    at = np.repeat(np.arange(incidents.num_rows), np.diff(offsets.offsets.to_numpy()))
    own = pc.is_in(observations["source_id"], value_set=pa.array(list(sources), pa.string()))
    table = observations.filter(own).select(["observation_id", "source_id", "sensor_id", "look_id", "acts"])
    found = np.asarray(
        pc.fill_null(pc.index_in(flat, value_set=table["observation_id"].combine_chunks()), -1).to_numpy()
    )
    at, found = at[found >= 0], found[found >= 0].astype(np.int64)
    rows, member = np.unique(at, return_inverse=True)
    member = member.reshape(-1)
    table = table.take(pa.array(found))
    chosen = incidents.take(pa.array(rows))
    owner, moments = _moments(chosen, frame, shapes)
    size = np.bincount(owner, minlength=len(rows))
    first = np.cumsum(size) - size
    # each record is a member of all moments of its incident
    each = np.repeat(np.arange(len(member)), size[member])
    step = np.arange(len(each)) - np.repeat(np.cumsum(size[member]) - size[member], size[member])
    words = [codes(table[name]) for name in ("source_id", "sensor_id", "look_id")]
    existence = floats(chosen["existence_p"])
    return Detected(
        existence_p=np.where(np.isfinite(existence), existence, 1.0),
        owner=owner,
        moments=moments,
        loglik=_loglik(table, member, len(rows), acts)[owner],
        member=first[member[each]] + step,
        member_words=(
            Words(code=words[0][0][each], names=words[0][1]),
            Words(code=words[1][0][each], names=words[1][1]),
            Words(code=words[2][0][each], names=words[2][1]),
        ),
    )


def _moments(
    incidents: Table, frame: LocalFrame, shapes: Mapping[str, BaseGeometry]
) -> tuple[IntArray, Moments]:
    """Incident of each moment, and the moments: several where place or time is vague."""
    longitude, latitude = floats(incidents["longitude_deg"]), floats(incidents["latitude_deg"])
    sd_m = np.nan_to_num(floats(incidents["position_sd_m"]), nan=0.0)
    from_s, until_s = micros(incidents["occurred_from"]) / 1e6, micros(incidents["occurred_until"]) / 1e6
    placed = np.isfinite(longitude) & np.isfinite(latitude)
    vague = (placed & (sd_m > VAGUE_M)) | (until_s - from_s > VAGUE_S)
    size = np.where(vague, N_MOMENTS, 1)
    owner = np.repeat(np.arange(len(size)), size)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(size) - size, size)
    x_m, y_m = np.full(len(size), np.nan), np.full(len(size), np.nan)
    if placed.any():
        x_m[placed], y_m[placed] = frame.to_plane(longitude[placed], latitude[placed])
    # a fixed rosette of equal chances, turned from one incident to the next; times evenly
    k = np.where(vague[owner], step, 0)
    reach = np.where(vague, sd_m, 0.0)[owner] * np.sqrt(-2 * np.log1p(-(k + 0.5) / N_MOMENTS))
    angle = 2 * np.pi * ((k * _STEPS[0] + owner * _STEPS[1]) % 1)
    share = np.where(vague[owner], ((k * _STEPS[1] + owner * _STEPS[0]) % 1), 0.5)
    x, y = x_m[owner] + reach * np.cos(angle), y_m[owner] + reach * np.sin(angle)
    time_s = from_s[owner] + share * (until_s - from_s)[owner]
    area, names = codes(incidents["area_id"])
    where = frame.to_globe(x, y) if len(x) else (x, y)

    def inside(name: str) -> BoolArray:
        by_name = _named(area, names, name)[owner]
        if name not in shapes or not len(x):
            return by_name
        held = np.asarray(shapely.contains_xy(shapes[name], *where))
        return np.where(placed[owner], held, by_name)

    return owner, Moments(x_m=x, y_m=y, time_s=time_s, inside=inside)


def _named(area: IntArray, names: list[str], name: str) -> BoolArray:
    return np.asarray(area == (names.index(name) if name in names else -2))


def _loglik(table: Table, member: IntArray, n: int, acts: Sequence[str]) -> FloatArray:
    """(n, n_acts) sums over the records; a record that names acts leaves little room for others."""
    row, key, value = map_parts(table["acts"])
    told = np.zeros(table.num_rows, dtype=np.bool_)
    told[row] = True
    each = np.where(told[:, None], np.log(MISTAKEN_P), 0.0) * np.ones((1, len(acts)))
    act = recode(pa.chunked_array([key]), acts)
    each[row[act >= 0], act[act >= 0]] = np.maximum(value[act >= 0], np.log(MISTAKEN_P))
    total = np.zeros((n, len(acts)))
    np.add.at(total, member, each)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """For one act: the histories of all incidents, were they of it.

    log_stray : (n,) log of the chance of detections that could not have been, as it is told: of this act,
    or from there. seen : (n,) whether anybody could have seen it, as coverage tells.
    """

    entries: Histories
    log_stray: FloatArray
    seen: BoolArray


def watch_incidents(detected: Detected, sight: Sight, group: IntArray) -> Watched:
    """Who could have seen each incident, were it of the sight's act, and who did.

    group : (n_groups of the sight,) number of each in the groups of all acts. A detector that from that
    place and time could not have seen it saw it nonetheless, though that is unlikely.
    """
    n = len(detected)
    seen = sight.see(detected.moments)
    watcher_code, member_code = _match(sight, detected.member_words)
    width = int(max(watcher_code.max(initial=0), member_code.max(initial=0))) + 2
    keys = distinct(detected.member * width + member_code + 1)
    own = seen.moment * width + watcher_code[seen.watcher] + 1
    at = np.searchsorted(keys, own)
    hit = np.append(keys, -1)[at] == own
    found = np.zeros(len(keys), dtype=np.bool_)
    found[at[hit]] = True
    lacking = keys[~found]
    who, code = lacking // width, lacking % width - 1
    order = np.argsort(watcher_code, kind="stable")
    place = np.searchsorted(watcher_code[order], code)
    known = (code >= 0) & (place < len(order))
    known[known] &= watcher_code[order][place[known]] == code[known]
    stray = np.bincount(who, minlength=n) * np.log(STRAY_P)
    more, more_watcher = who[known], order[place[known]] if len(order) else place[known]
    record = np.concatenate([seen.moment, more])
    entry_group = group[sight.group[np.concatenate([seen.watcher, more_watcher])]] if len(record) else record
    share = np.concatenate([seen.own * seen.common, np.ones(len(more))])
    both = np.concatenate([hit, np.ones(len(more), dtype=np.bool_)])
    by = sort_stable(record)
    return Watched(
        entries=Histories(
            record=record[by], group=entry_group[by], hit=both[by], share=share[by], weight=np.ones(n)
        ),
        log_stray=stray,
        seen=np.bincount(seen.moment, weights=seen.own * seen.common, minlength=n) > 0,
    )


def _match(sight: Sight, words: tuple[Words, Words, Words]) -> tuple[IntArray, IntArray]:
    """One code for each source, sensor and look: of the sight's watchers, and of the members."""
    keys = {key: k for k, key in enumerate(dict.fromkeys(sight.watcher_key))}
    watcher = np.array([keys[key] for key in sight.watcher_key], dtype=np.int64)
    parts = [word.code for word in words]
    names = [[*word.names, ""] for word in words]
    # as one number, in which none is the last word
    sizes = [len(one) for one in names]
    place = [part % size for part, size in zip(parts, sizes, strict=True)]
    each, number = number_values((place[0] * sizes[1] + place[1]) * sizes[2] + place[2])
    code = np.array(
        [
            keys.get((names[0][k // sizes[2] // sizes[1]], names[1][k // sizes[2] % sizes[1]], names[2][k % sizes[2]]), -1)
            for k in each.tolist()
        ],
        dtype=np.int64,
    )  # fmt: skip
    return watcher, code[number] if len(code) else np.zeros(0, dtype=np.int64)
