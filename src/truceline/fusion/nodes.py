"""What is to be grouped: one node per origin, in an order that rows and their ids do not decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from shapely.geometry.base import BaseGeometry

from truceline.base.columns import (
    Groups,
    codes,
    floats,
    group_rows,
    known,
    map_parts,
    micros,
    number_rows,
    number_values,
    order_rows,
    recode,
)
from truceline.base.geodesy import LocalFrame
from truceline.fusion.shapes import BAND_COLUMNS, Shapes, shape_places
from truceline.schema.table import Table

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: a record counts as possible for an act down to this log-likelihood below its best act
ACT_FLOOR_LOGLIK = -5.0

_ORDER = (
    "occurred_from", "occurred_until", "longitude_deg", "latitude_deg", "source_id", "sensor_id", "look_id",
    "area_id", "place_name", "text", "logged_at", "strength", "fire_direction_deg", "count",
    "primary_source_id", "observation_id",
)  # fmt: skip

#: what fusion reads of a record once they are in order
_USED = [
    "observation_id", "source_id", "primary_source_id", "sensor_id", "look_id", "occurred_from",
    "occurred_until", "received_at", "logged_at", "longitude_deg", "latitude_deg", "position_sd_m", "area_id",
    "place_name", "acts", "accused_party_id", "speaker_party_id", "strength", "count",
    *BAND_COLUMNS,
]  # fmt: skip
#: of these what tells the origin of every record
_OF_RECORDS = [
    "observation_id", "source_id", "primary_source_id", "received_at", "logged_at", "occurred_from",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A column of words as codes: (n,) places in ``names``, −1 where there is none."""

    code: IntArray
    names: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Origins as parallel arrays, in canonical order; each speaks by its earliest record.

    members : records of each origin (rows of ``ids`` and ``row_source``), the earliest first.
    x_m, y_m : (n,) in the frame; NaN where no point is known. start_s, stop_s : (n,) Unix seconds.
    acts : (n,) bit mask over ``act_ids``; 0: no act known. loglik : (n, n_act_names) of the record
    given each act of ``act_names`` (by alphabet); NaN where the record does not name it.
    kin : (n,) number of the records that cannot be told apart in place, time and act.
    """

    ids: pa.Array  #: observation ids of the records
    row: IntArray  #: row of each node's first record in the table given
    row_source: IntArray  #: place of each record's source in ``source.names``
    members: Groups
    origin: list[str | None]  #: name of each origin that copies share; None: a record by itself
    x_m: FloatArray
    y_m: FloatArray
    sd_m: FloatArray
    start_s: FloatArray
    stop_s: FloatArray
    acts: IntArray
    loglik: FloatArray
    act_ids: tuple[str, ...]
    act_names: tuple[str, ...]
    source: Words  #: names by alphabet
    sensor: Words
    look: Words
    speaker: Words
    accused: Words
    area: Words
    place: Words
    kin: IntArray
    shapes: Shapes
    marks: tuple[FloatArray, ...]  #: strength and count; NaN where not told

    def __len__(self) -> int:
        return len(self.x_m)

    def take(self, rows: IntArray) -> Nodes:
        """Some of the nodes, as far as weighing them needs; without their records."""
        words = {
            name: replace(getattr(self, name), code=getattr(self, name).code[rows])
            for name in ("source", "sensor", "look", "speaker", "accused", "area", "place")
        }
        names = ("row", "x_m", "y_m", "sd_m", "start_s", "stop_s", "acts", "loglik", "kin")
        return replace(
            self,
            **{name: getattr(self, name)[rows] for name in names},
            **words,
            shapes=self.shapes.take(rows),
            marks=tuple(mark[rows] for mark in self.marks),
        )

    @property
    def key(self) -> list[str]:
        """Stable name of each origin."""
        ids = self.ids.take(pa.array(self.members.first)).to_pylist()
        return [
            f"r:{one}" if origin is None else f"o:{origin}"
            for origin, one in zip(self.origin, ids, strict=True)
        ]


def make_nodes(
    observations: Table,
    *,
    frame: LocalFrame,
    acts: Sequence[str],
    unknown_sd_m: float,
    least_sd_m: float,
    outlines: Mapping[str, BaseGeometry],
) -> Nodes:
    """Collapse records to origins and put them in canonical order.

    Records that share a ``primary_source_id`` are one origin, unless that id names a source (then
    it says only who spoke, not which record is a copy of which).
    """
    order = order_rows(observations, _ORDER, numbers=4)
    table = observations.select(_OF_RECORDS).take(pa.array(order))
    source_names = sorted(pc.unique(table["source_id"]).to_pylist())
    row_source = recode(table["source_id"], source_names)
    members, origin = _origins(table, source_names)
    ids = table["observation_id"].combine_chunks()
    lead = order[members.first]
    chosen = observations.select(_USED).drop(["observation_id", "primary_source_id"]).take(pa.array(lead))
    x_m, y_m = _plane(chosen, frame)
    sd_m = np.maximum(np.nan_to_num(floats(chosen["position_sd_m"]), nan=unknown_sd_m), least_sd_m)
    area_code, area_names = codes(chosen["area_id"])
    shapes = shape_places(
        chosen, frame, x_m=x_m, y_m=y_m, sd_m=sd_m, area=area_code, area_names=area_names, outlines=outlines,
        least_sd_m=least_sd_m,
    )  # fmt: skip
    placed = np.isfinite(x_m) | (np.isfinite(shapes.x_m) & ~shapes.area)
    x_m, y_m = np.where(placed, shapes.x_m, np.nan), np.where(placed, shapes.y_m, np.nan)
    sd_m = np.where(placed, np.sqrt((shapes.xx + shapes.yy) / 2), sd_m)
    loglik, act_names = _logliks(chosen)
    act_ids = tuple(acts) or tuple(sorted(pc.unique(map_parts(observations["acts"])[1]).to_pylist()))
    masks = _masks(loglik, act_names, act_ids)
    words = {
        name: Words(code=code, names=names)
        for name in ("sensor_id", "look_id", "speaker_party_id", "accused_party_id", "area_id", "place_name")
        for code, names in [codes(chosen[name])]
    }
    return Nodes(
        ids=ids,
        row=lead,
        row_source=row_source,
        members=members,
        origin=origin,
        x_m=x_m,
        y_m=y_m,
        sd_m=sd_m,
        start_s=micros(chosen["occurred_from"]) / 1e6,
        stop_s=micros(chosen["occurred_until"]) / 1e6,
        acts=masks,
        loglik=loglik,
        act_ids=act_ids,
        act_names=act_names,
        source=Words(code=row_source[members.first], names=source_names),
        sensor=words["sensor_id"],
        look=words["look_id"],
        speaker=words["speaker_party_id"],
        accused=words["accused_party_id"],
        area=words["area_id"],
        place=words["place_name"],
        kin=_kin(chosen, x_m, masks, words),
        shapes=shapes,
        marks=tuple(floats(chosen[name]) for name in ("strength", "count")),
    )


def _origins(table: Table, source_names: list[str]) -> tuple[Groups, list[str | None]]:
    """Rows of each origin, in the order of its earliest said record, and its name."""
    code, names = codes(table["primary_source_id"])
    spoken = {k for k, name in enumerate(names) if name in set(source_names)}
    if spoken:
        code[np.isin(code, np.array(sorted(spoken)))] = -1
    n = table.num_rows
    if (code < 0).all():
        return Groups(offsets=np.arange(n + 1), members=np.arange(n)), [None] * n
    group = np.where(code >= 0, code, len(names) + np.arange(n))
    group = number_values(group)[1]
    said = _said(table)
    inner = group_rows(group, int(group.max()) + 1, by=(said,))
    outer = np.argsort(inner.first, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(inner.size[outer])])
    starts = np.repeat(inner.offsets[:-1][outer] - offsets[:-1], inner.size[outer])
    members = Groups(offsets=offsets, members=inner.members[starts + np.arange(n)])
    named: list[str | None] = [*names, None]
    return members, [named[k] for k in code[members.first].tolist()]


def _said(table: Table) -> IntArray:
    return micros(pc.coalesce(table["logged_at"], table["received_at"], table["occurred_from"]))


def _plane(table: Table, frame: LocalFrame) -> tuple[FloatArray, FloatArray]:
    longitude, latitude = floats(table["longitude_deg"]), floats(table["latitude_deg"])
    placed = np.isfinite(longitude) & np.isfinite(latitude)
    x_m, y_m = np.full(len(longitude), np.nan), np.full(len(longitude), np.nan)
    if placed.any():
        x_m[placed], y_m[placed] = frame.to_plane(longitude[placed], latitude[placed])
    return x_m, y_m


def _logliks(table: Table) -> tuple[FloatArray, tuple[str, ...]]:
    rows, keys, values = map_parts(table["acts"])
    names = tuple(sorted(pc.unique(keys).to_pylist()))
    matrix = np.full((table.num_rows, len(names)), np.nan)
    matrix[rows, recode(pa.chunked_array([keys]), names)] = values
    return matrix, names


def _masks(loglik: FloatArray, act_names: tuple[str, ...], act_ids: tuple[str, ...]) -> IntArray:
    """(n,) bit mask of the acts that a record may be of."""
    masks = np.zeros(len(loglik), dtype=np.int64)
    if not len(act_names):
        return masks
    floor = np.nan_to_num(loglik, nan=-np.inf).max(axis=1) + ACT_FLOOR_LOGLIK
    for bit, act in enumerate(act_ids):
        if act in act_names:
            masks |= (loglik[:, act_names.index(act)] >= floor).astype(np.int64) << bit
    return masks


def _kin(table: Table, x_m: FloatArray, masks: IntArray, words: dict[str, Words]) -> IntArray:
    """Reports (no sensor, no look) that say the same place, time and act; without a point: that
    also name the same place, for two unnamed places of one area are not known to be one."""
    area, place = words["area_id"], words["place_name"]
    folded: dict[str, int] = {}
    fold = np.array([folded.setdefault(name.casefold(), len(folded)) for name in place.names] + [-1])
    unnamed = np.array([not name for name in place.names] + [True])
    report = ~known(table["sensor_id"]) & ~known(table["look_id"])
    placed = np.isfinite(x_m)
    point, named = report & placed, report & ~placed & (area.code >= 0) & ~unnamed[place.code]
    numbers = [
        np.where(point, floats(table[name]), np.nan)
        for name in ("longitude_deg", "latitude_deg", "position_sd_m")
    ]
    keys = [
        micros(table["occurred_from"]),
        micros(table["occurred_until"]),
        masks,
        np.where(named, area.code, -1),
        np.where(named, fold[place.code], -1),
        *numbers,
    ]
    some = np.flatnonzero(point | named)
    number, n_kinds = number_rows([key[some] for key in keys])
    found = n_kinds + np.cumsum(~(point | named)) - 1  # the others: each by itself
    found[some] = number
    return np.asarray(found)
