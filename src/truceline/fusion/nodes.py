"""What is to be grouped: one node per origin, in an order that rows and their ids do not decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.geodesy import LocalFrame
from truceline.schema.table import Record, Table, records

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: a record counts as possible for an act down to this log-likelihood below its best act
ACT_FLOOR_LOGLIK = -5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Origins as parallel arrays, in canonical order.

    first : (n,) row of the origin's earliest record, which gives it place, time and voice.
    x_m, y_m : (n,) in the frame; NaN where no point is known. start_s, stop_s : (n,) Unix seconds.
    acts : (n,) bit mask over the act ids; 0: no act known. sensor, look : (n,) code; −1: none.
    kin : (n,) code of records that cannot be told apart in place, time and act; −1: none.
    """

    rows: list[Record]
    members: list[list[int]]  #: rows of each origin, the first one first
    key: list[str]  #: stable name of each origin
    first: IntArray
    x_m: FloatArray
    y_m: FloatArray
    sd_m: FloatArray
    start_s: FloatArray
    stop_s: FloatArray
    acts: IntArray
    sensor: IntArray
    look: IntArray
    kin: IntArray
    act_ids: tuple[str, ...]
    #: x_m, y_m, sd_m, start_s, stop_s of each node as plain numbers: NumPy is slow one by one
    plain: list[tuple[float, float, float, float, float]]

    def __len__(self) -> int:
        return len(self.first)

    def row(self, node: int) -> Record:
        """The record that stands for the node."""
        return self.rows[int(self.first[node])]


def make_nodes(
    observations: Table, *, frame: LocalFrame, acts: Sequence[str], unknown_sd_m: float, least_sd_m: float
) -> Nodes:
    """Collapse records to origins and put them in canonical order.

    Records that share a ``primary_source_id`` are one origin, unless that id names a source (then
    it says only who spoke, not which record is a copy of which).
    """
    table = _in_order(observations)
    rows = records(table.select(_USED))
    act_ids = tuple(acts) or tuple(sorted({act for row in rows for act in row["acts"]}))
    members, key = _origins(rows)
    first = np.array([group[0] for group in members], dtype=np.int64)
    chosen = table.take(pa.array(first))
    x_m, y_m = _plane(chosen, frame)
    sd_m = np.maximum(np.nan_to_num(_floats(chosen, "position_sd_m"), nan=unknown_sd_m), least_sd_m)
    start_s: FloatArray = pc.cast(chosen["occurred_from"], pa.int64()).to_numpy() / 1e6
    stop_s: FloatArray = pc.cast(chosen["occurred_until"], pa.int64()).to_numpy() / 1e6
    masks = np.array([_mask(rows[i]["acts"], act_ids) for i in first], dtype=np.int64)
    sensor, look = _codes([rows[i]["sensor_id"] for i in first]), _codes([rows[i]["look_id"] for i in first])
    return Nodes(
        rows=rows,
        members=members,
        key=key,
        first=first,
        x_m=x_m,
        y_m=y_m,
        sd_m=sd_m,
        start_s=start_s,
        stop_s=stop_s,
        acts=masks,
        sensor=sensor,
        look=look,
        kin=_kin(rows, first, x_m, masks),
        act_ids=act_ids,
        plain=list(zip(*(column.tolist() for column in (x_m, y_m, sd_m, start_s, stop_s)), strict=True)),
    )


_ORDER = (
    "occurred_from", "occurred_until", "longitude_deg", "latitude_deg", "source_id", "sensor_id", "look_id",
    "area_id", "place_name", "text", "logged_at", "strength", "fire_direction_deg", "count",
    "primary_source_id", "observation_id",
)  # fmt: skip


#: what fusion reads of a record once they are in order: the rest need not become Python objects
_USED = [
    "observation_id", "source_id", "primary_source_id", "sensor_id", "look_id", "occurred_from",
    "occurred_until", "received_at", "logged_at", "longitude_deg", "latitude_deg", "position_sd_m", "area_id",
    "place_name", "acts", "accused_party_id", "speaker_party_id",
]  # fmt: skip


def _in_order(observations: Table) -> Table:
    keys = [(name, "ascending") for name in _ORDER]
    return observations.take(pc.sort_indices(observations, sort_keys=keys))


def _origins(rows: list[Record]) -> tuple[list[list[int]], list[str]]:
    """Rows of each origin, in the order of its earliest said record, and its name."""
    sources = {row["source_id"] for row in rows}
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        origin = row["primary_source_id"]
        copyable = origin is not None and origin not in sources
        groups.setdefault(f"o:{origin}" if copyable else f"r:{row['observation_id']}", []).append(i)
    for group in groups.values():
        if len(group) > 1:
            group.sort(key=lambda i: (_said(rows[i]), i))
    ordered = sorted(groups.items(), key=lambda item: item[1][0])
    return [group for _, group in ordered], [name for name, _ in ordered]


def _said(row: Record) -> Any:
    return row["logged_at"] or row["received_at"] or row["occurred_from"]


def _plane(table: Table, frame: LocalFrame) -> tuple[FloatArray, FloatArray]:
    longitude, latitude = _floats(table, "longitude_deg"), _floats(table, "latitude_deg")
    known = np.isfinite(longitude) & np.isfinite(latitude)
    x_m, y_m = np.full(len(longitude), np.nan), np.full(len(longitude), np.nan)
    if known.any():
        x_m[known], y_m[known] = frame.to_plane(longitude[known], latitude[known])
    return x_m, y_m


def _floats(table: Table, name: str) -> FloatArray:
    return np.asarray(pc.fill_null(table[name], float("nan")).to_numpy(), dtype=np.float64)


def _mask(acts: dict[str, float], act_ids: tuple[str, ...]) -> int:
    if not acts:
        return 0
    best = max(acts.values())
    return sum(
        1 << i for i, act in enumerate(act_ids) if act in acts and acts[act] >= best + ACT_FLOOR_LOGLIK
    )


def _codes(values: list[str | None]) -> IntArray:
    known: dict[str, int] = {}
    return np.array(
        [-1 if value is None else known.setdefault(value, len(known)) for value in values], dtype=np.int64
    )


def _kin(rows: list[Record], first: IntArray, x_m: FloatArray, masks: IntArray) -> IntArray:
    """Reports (no sensor, no look) that say the same place, time and act; without a point: that
    also name the same place, for two unnamed places of one area are not known to be one."""
    known: dict[tuple[Any, ...], int] = {}
    codes = np.full(len(first), -1, dtype=np.int64)
    for node, i in enumerate(first):
        row = rows[i]
        key: tuple[Any, ...]
        if row["sensor_id"] is not None or row["look_id"] is not None:
            continue
        when = row["occurred_from"], row["occurred_until"], int(masks[node])
        if np.isfinite(x_m[node]):
            key = ("point", row["longitude_deg"], row["latitude_deg"], row["position_sd_m"], *when)
        elif row["area_id"] is not None and row["place_name"]:
            key = ("area", row["area_id"], row["place_name"].casefold(), *when)
        else:
            continue
        codes[node] = known.setdefault(key, len(known))
    return codes
