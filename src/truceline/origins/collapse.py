"""Copies get one primary source.

A copy is a record of the same wording (or nearly), at the same place or close to another copy of
it, within a few days of another copy of it: a chain of copies, each a little off the one before,
is one origin however long it grows. Records without wording, and records of instruments, are
copies only where all they say is the same.

What this cannot tell: two wordings of one outlet, or of two outlets that a source does not name,
may rest on one witness. So each distinct wording is *at most* one origin within its source, and
whether two sources speak independently is counted by source and speaker's party (see
``fusion.voices``), never by rows and never by origins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from truceline.base.canonical import short_id
from truceline.origins.wording import IntArray, group_wordings
from truceline.schema.table import TEXT, Table

FloatArray = npt.NDArray[np.float64]

EARTH_RADIUS_M = 6_371_008.8
#: what a record says, apart from its ids, its file and who logged it when
CONTENT = (
    "source_id", "sensor_id", "look_id", "occurred_from", "occurred_until", "ended_from", "ended_until",
    "longitude_deg", "latitude_deg", "area_id", "place_name", "count", "acts", "strength",
    "fire_direction_deg", "accused_party_id", "speaker_party_id",
)  # fmt: skip


def collapse_copies(
    observations: Table,
    *,
    within_h: float = 72.0,
    within_m: float = 25_000.0,
    similar_at_least: float = 0.8,
) -> Table:
    """Return the observations with ``primary_source_id`` filled where it was null.

    (1) Records with a wording are grouped by it. (2) Within a wording, two records are linked where
    √((distance / ``within_m``)² + (time apart / ``within_h``)²) ≤ 1; places known by area or name
    alone are linked where the same. (3) Linked records, directly or through others, are one origin.
    (4) Other records are one origin where their whole content is the same. (5) An origin is named
    by the content of its earliest record, so that copies added later do not change its name.

    A ``primary_source_id`` that a source has given is kept. Row order does not matter.
    """
    n = observations.num_rows
    given = observations["primary_source_id"].to_pylist()
    todo = np.array([value is None for value in given], dtype=bool)
    if not todo.any():
        return observations
    texts = observations["text"].to_pylist()
    sensors = observations["sensor_id"].to_pylist()
    worded = np.array([bool(todo[i] and texts[i] and sensors[i] is None) for i in range(n)], dtype=bool)
    origin: list[str | None] = list(given)
    rows = np.flatnonzero(worded)
    # (1)
    wordings, group = group_wordings([texts[i] for i in rows], similar_at_least=similar_at_least)
    part = observations.take(pa.array(rows))
    # (2) and (3)
    link = _link(part, group, within_h=within_h, within_m=within_m)
    # (5)
    for i, name in zip(rows.tolist(), _names(part, wordings, link), strict=True):
        origin[i] = name
    # (4)
    others = np.flatnonzero(todo & ~worded)
    columns = [observations[name].take(pa.array(others)).to_pylist() for name in CONTENT]
    for i, content in zip(others.tolist(), zip(*columns, strict=True), strict=True):
        origin[i] = short_id("org", *content, texts[i])
    position = observations.schema.get_field_index("primary_source_id")
    return observations.set_column(position, observations.schema.field(position), pa.array(origin, type=TEXT))


def _link(part: Table, group: IntArray, *, within_h: float, within_m: float) -> IntArray:
    """Component of each record: same wording, near in place and time to another of them."""
    n = part.num_rows
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    position = _positions_m(part) / within_m
    time = _middle_h(part) / within_h
    points = np.column_stack([group * 10.0, position, time])
    # exact repetitions would make as many pairs as their square: look at each point once
    distinct, number = np.unique(points, axis=0, return_inverse=True)
    pairs = cKDTree(distinct).query_pairs(1.0, output_type="ndarray")
    links = coo_array(
        (np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(len(distinct), len(distinct))
    )
    component = connected_components(links, directed=False)[1]
    return np.asarray(component, dtype=np.int64)[number.reshape(-1)]


def _positions_m(part: Table) -> FloatArray:
    """(n, 3) on a sphere, metres; a place known by area or name alone stands far off, by itself."""
    longitude = np.radians(part["longitude_deg"].to_numpy())
    latitude = np.radians(part["latitude_deg"].to_numpy())
    position = EARTH_RADIUS_M * np.column_stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
    )
    nowhere = ~np.isfinite(position).all(axis=1)
    names = pc.fill_null(pc.coalesce(part["area_id"], pc.utf8_lower(part["place_name"])), "")
    code = np.unique(np.array(names.to_pylist(), dtype=object), return_inverse=True)[1].reshape(-1)
    position[nowhere] = 0.0
    position[nowhere, 0] = (code[nowhere] + 2.0) * 10 * EARTH_RADIUS_M
    return np.asarray(position, dtype=np.float64)


def _middle_h(part: Table) -> FloatArray:
    start = pc.cast(part["occurred_from"], pa.int64()).to_numpy()
    stop = pc.cast(part["occurred_until"], pa.int64()).to_numpy()
    return np.asarray((start / 2 + stop / 2) / 3.6e9, dtype=np.float64)


def _names(part: Table, wordings: list[str], link: IntArray) -> list[str]:
    """Name of each record's origin: from the content of the origin's earliest record."""
    said = pc.coalesce(part["logged_at"], part["received_at"], part["occurred_from"])
    keys: list[tuple[Any, ...]] = list(
        zip(
            pc.cast(said, pa.int64()).to_pylist(),
            pc.cast(part["occurred_from"], pa.int64()).to_pylist(),
            part["source_id"].to_pylist(),
            wordings,
            (str(value) for value in part["longitude_deg"].to_pylist()),
            (str(value) for value in part["latitude_deg"].to_pylist()),
            (str(value) for value in part["area_id"].to_pylist()),
            strict=True,
        )
    )
    first: dict[int, tuple[Any, ...]] = {}
    for component, key in zip(link.tolist(), keys, strict=True):
        if component not in first or key < first[component]:
            first[component] = key
    name = {component: short_id("org", *key) for component, key in first.items()}
    return [name[component] for component in link.tolist()]
