"""What ``truceline fuse`` needs of each file, and what it takes where a file is silent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from truceline.base.columns import micros
from truceline.base.geodesy import LocalFrame
from truceline.line.shapes import tell_repeats
from truceline.schema import AREAS, CONTROL, COVERAGE, OBSERVATIONS
from truceline.schema.table import TEXT, Column, Table
from truceline.sources.columns import times
from truceline.sources.shapes import shape_digest
from truceline.workflow.foreign import Door, Foreign
from truceline.workflow.refused_rows import (
    refuse_disorder,
    refuse_half_bands,
    refuse_half_places,
    refuse_half_watches,
    refuse_last_days,
    refuse_odd_shapes,
    refuse_second_ids,
)

_FILE = {
    "raw_file": "the file's name",
    "raw_row": "the row in it: the header is 1; of Parquet and GeoJSON the record's position, the first being 1",
    "raw_digest": "SHA-256 of the file",
}
DOORS: dict[str, Door] = {
    "observations": Door(
        spec=OBSERVATIONS,
        needed=("occurred_from",),
        defaults={
            "observation_id": "`obs-` and the row",
            "source_id": "the file's name without its ending",
            "occurred_until": "a second after `occurred_from`",
            "acts": "that of the column `act`, else none known",
            **_FILE,
        },
        also=(
            Column(name="act", type=OBSERVATIONS.arrow.field("acts").type, meaning="in place of `acts`: one name, or a JSON object from name to log-likelihood"),
        ),
        may_lack_rows=True,  # that nothing was recorded is a result
    ),
    "coverage": Door(
        spec=COVERAGE,
        needed=("source_id", "window_start", "window_stop"),
        defaults={
            "coverage_id": "`cov-` and the row",
            "available_share": "1",
            "reason": "`watched`, or `no_data` where the share is 0",
            "detection_p_basis": "the file's name, where `detection_p_a` and `detection_p_b` are given",
            **_FILE,
        },
    ),
    "control": Door(
        spec=CONTROL,
        needed=("holder_party_id", "map_time", "geometry"),
        defaults={
            "control_id": "`con-` and the row",
            "source_id": "the file's name without its ending",
            "describes_until": "`map_time`",
            "status": "told by ground: `first`, `update` or `repeat`",
            "shape_digest": "of the shape",
            **_FILE,
        },
    ),
    "areas": Door(
        spec=AREAS,
        needed=("area_id", "geometry"),
        defaults={"name": "`area_id`", "other_names": "none", "kind": "`area`", "disputed": "false"},
    ),
}  # fmt: skip


def complete(name: str, foreign: Foreign) -> Table:
    """The table of a door, to its schema: defaults filled in, rows that cannot stand put aside.

    name : of a door. Rows are put aside where an interval does not stop after it starts, where an id
    stands twice (none stays, unless the rows are the same), where half of a place, of a band of bearings or
    of a watch is missing, where a shape holds no ground.

    Raises
    ------
    InputError
        If what is left is not to the schema, which would be a fault of ours.
    """
    door = DOORS[name]
    if name == "observations" and "act" in foreign.table.column_names:
        _acts_of_act(foreign)
    key = door.spec.key
    if key in foreign.table.column_names:
        _fill(foreign, key, _row_names(foreign, f"{key[:3]}-"))
        refuse_second_ids(foreign, key)
    else:
        _put(foreign, key, _row_names(foreign, f"{key[:3]}-"))
    _MAKERS[name](foreign)
    if "raw_file" in door.defaults:
        n = foreign.table.num_rows
        _fill(foreign, "raw_file", _same(foreign.file.label, n))
        _fill(foreign, "raw_row", pa.array(foreign.numbers))
        _fill(foreign, "raw_digest", _same(str(foreign.file.digest), n))
    for start, stop in door.spec.intervals:
        refuse_disorder(foreign, start, stop)
    refuse_half_places(foreign)
    refuse_half_bands(foreign)
    if name == "coverage":
        refuse_half_watches(foreign)
    table, n = foreign.table, foreign.table.num_rows
    arrays = [
        table[field.name].cast(field.type) if field.name in table.column_names else _none(field, n)
        for field in door.spec.arrow
    ]
    return door.spec.check(pa.Table.from_arrays(arrays, schema=door.spec.arrow))


def _none(field: pa.Field, n: int) -> pa.Array:
    """A column that the file lacks: null, or empty where it may not be."""
    if not field.nullable and (pa.types.is_map(field.type) or pa.types.is_list(field.type)):
        return pa.array([[]] * n, type=field.type)
    return pa.nulls(n, field.type)


def _same(text: str, n: int) -> pa.Array:
    return pa.array([text], TEXT).take(pa.array(np.zeros(n, dtype=np.int64)))


def _row_names(foreign: Foreign, prefix: str) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(foreign.numbers).cast(TEXT), "")


def _put(foreign: Foreign, name: str, values: Any) -> None:
    table = foreign.table
    at = table.column_names.index(name) if name in table.column_names else -1
    foreign.table = table.append_column(name, values) if at < 0 else table.set_column(at, name, values)


def _fill(foreign: Foreign, name: str, values: Any) -> None:
    """Fill in a column where it is null or absent."""
    if name not in foreign.table.column_names:
        _put(foreign, name, values)
    elif foreign.table[name].null_count:
        column = foreign.table[name].combine_chunks()
        given = values.cast(column.type)
        if pa.types.is_map(column.type):
            both = pa.concat_arrays([column, given])
            own = pc.is_valid(column).to_numpy(zero_copy_only=False)
            place = np.arange(len(column))
            _put(foreign, name, both.take(pa.array(np.where(own, place, place + len(column)))))
        else:
            _put(foreign, name, pc.if_else(pc.is_valid(column), column, given))


# -- the doors ------------------------------------------------------------------------------------
def _acts_of_act(foreign: Foreign) -> None:
    act = foreign.table["act"].combine_chunks()
    foreign.table = foreign.table.drop_columns(["act"])
    if "acts" not in foreign.table.column_names:
        _put(foreign, "acts", act)
    else:
        _fill(foreign, "acts", act)


def _make_observations(foreign: Foreign) -> None:
    refuse_last_days(foreign, "occurred_from")
    n = foreign.table.num_rows
    _fill(foreign, "source_id", _same(_stem(foreign), n))
    _fill(foreign, "occurred_until", times(micros(foreign.table["occurred_from"]) + 1_000_000))
    _fill(foreign, "acts", pa.array([[]] * n, type=OBSERVATIONS.arrow.field("acts").type))


def _make_coverage(foreign: Foreign) -> None:
    n = foreign.table.num_rows
    _fill(foreign, "available_share", pa.array(np.ones(n)))
    nothing = pc.equal(foreign.table["available_share"], 0.0)
    _fill(foreign, "reason", pc.if_else(nothing, "no_data", "watched").combine_chunks())
    names = foreign.table.column_names
    if {"detection_p_a", "detection_p_b"} <= set(names):
        given = pc.and_(
            pc.is_valid(foreign.table["detection_p_a"]), pc.is_valid(foreign.table["detection_p_b"])
        )
        basis = pc.if_else(given, pa.scalar(foreign.file.label, TEXT), pa.scalar(None, TEXT))
        _fill(foreign, "detection_p_basis", basis.combine_chunks())


def _make_control(foreign: Foreign) -> None:
    refuse_odd_shapes(foreign)
    refuse_last_days(foreign, "map_time")
    n = foreign.table.num_rows
    _fill(foreign, "source_id", _same(_stem(foreign), n))
    _fill(foreign, "describes_until", foreign.table["map_time"].combine_chunks())
    shapes = shapely.from_wkb(foreign.table["geometry"].to_pylist())
    _fill(foreign, "shape_digest", pa.array([shape_digest(one) for one in shapes], TEXT))
    _fill(foreign, "status", pa.array(_statuses(foreign, shapes), TEXT))


def _statuses(foreign: Foreign, shapes: Any) -> list[str]:
    """First, update or repeat, for each map and holder in the order of time."""
    table = foreign.table
    rows: dict[tuple[str, str], list[int]] = {}
    at = micros(table["map_time"])
    for k, key in enumerate(
        zip(table["source_id"].to_pylist(), table["holder_party_id"].to_pylist(), strict=True)
    ):
        rows.setdefault(key, []).append(k)
    told = [""] * table.num_rows
    for own in rows.values():
        own.sort(key=lambda k: int(at[k]))
        west, south, east, north = shapely.total_bounds(shapes[own])
        frame = LocalFrame("control", (west + east) / 2, (south + north) / 2)
        for k, word in zip(own, tell_repeats([shapes[k] for k in own], frame=frame), strict=True):
            told[k] = word
    return told


def _make_areas(foreign: Foreign) -> None:
    refuse_odd_shapes(foreign)
    refuse_last_days(foreign, "map_time")
    n = foreign.table.num_rows
    _fill(foreign, "name", foreign.table["area_id"].combine_chunks())
    _fill(foreign, "kind", _same("area", n))
    _fill(foreign, "disputed", pa.array(np.zeros(n, dtype=np.bool_)))


_MAKERS: Mapping[str, Callable[[Foreign], None]] = {
    "observations": _make_observations,
    "coverage": _make_coverage,
    "control": _make_control,
    "areas": _make_areas,
}


def _stem(foreign: Foreign) -> str:
    return foreign.file.path.name.split(".")[0]
