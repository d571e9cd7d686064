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

from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from truceline.base.canonical import digest_ids
from truceline.base.columns import codes, known, micros, number_rows
from truceline.base.threads import begin, worker_count
from truceline.origins.contents import content_texts
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

#: what is looked at of a record with a wording
_SAID = [
    "source_id", "occurred_from", "occurred_until", "received_at", "logged_at", "longitude_deg",
    "latitude_deg", "area_id", "place_name", "text",
]  # fmt: skip


def collapse_copies(
    observations: Table,
    *,
    within_h: float = 48.0,
    within_m: float = 8_000.0,
    similar_at_least: float = 0.8,
    coded_sources: frozenset[str] = frozenset(),
) -> Table:
    """Return the observations with ``primary_source_id`` filled where it was null.

    (1) Records with a wording are grouped by it; in ``coded_sources`` texts are standard phrases, which
    many events share, and say nothing of copies. (2) Within a wording, two records are linked where
    √((distance / ``within_m``)² + (time apart / ``within_h``)²) ≤ 1; places known by area or name
    alone are linked where the same. (3) Linked records, directly or through others, are one origin.
    (4) Other records are one origin where their whole content is the same. (5) An origin is named
    by the content of its earliest record, so that copies added later do not change its name.

    A ``primary_source_id`` that a source has given is kept. Row order does not matter.
    """
    given = observations["primary_source_id"]
    todo = ~known(given)
    if not todo.any():
        return observations
    told = np.asarray(pc.fill_null(pc.greater(pc.binary_length(observations["text"]), 0), False).to_numpy())
    worded = todo & told & ~known(observations["sensor_id"])
    if coded_sources:
        names = pa.array(sorted(coded_sources), type=TEXT)
        worded &= ~np.asarray(pc.is_in(observations["source_id"], value_set=names).to_numpy())
    rows, others = np.flatnonzero(worded), np.flatnonzero(todo & ~worded)
    # (4)
    contents = begin(partial(_content_names, observations, others), workers=worker_count(len(todo)))
    part = observations.select(_SAID).take(pa.array(rows))
    # (1)
    wordings, group = group_wordings(part["text"], similar_at_least=similar_at_least)
    # (2) and (3)
    link = _link(part, group, within_h=within_h, within_m=within_m)
    # (5)
    names = _names(part, wordings, link)
    kept = np.flatnonzero(~todo)
    place = np.empty(len(todo), dtype=np.int64)
    place[np.concatenate([rows, others, kept])] = np.arange(len(todo))
    origin = pa.concat_arrays([names, contents(), *given.take(pa.array(kept)).chunks]).take(pa.array(place))
    position = observations.schema.get_field_index("primary_source_id")
    return observations.set_column(position, observations.schema.field(position), origin)


def _content_names(observations: Table, rows: IntArray) -> pa.Array:
    """Names of records by all that each says."""
    contents = observations.select([*CONTENT, "text"]).take(pa.array(rows))
    return pa.array(digest_ids("org", content_texts(contents).to_pylist()), type=TEXT)


def _link(part: Table, group: IntArray, *, within_h: float, within_m: float) -> IntArray:
    """Component of each record: same wording, near in place and time to another of them."""
    n = part.num_rows
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    position = _positions_m(part) / within_m
    time = _middle_h(part) / within_h
    points = [group * 10.0, *position.T, time]
    # exact repetitions would make as many pairs as their square: look at each point once
    number, n_distinct = number_rows(points)
    first = np.empty(n_distinct, dtype=np.int64)
    first[number[::-1]] = np.arange(n - 1, -1, -1)
    distinct = np.column_stack(points)[first]
    # a wording told at one place and time only has nothing to be linked to
    several = np.bincount(group[first])[group[first]] > 1
    rows = np.flatnonzero(several)
    pairs = rows[cKDTree(distinct[rows]).query_pairs(1.0, output_type="ndarray")]
    links = coo_array(
        (np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n_distinct, n_distinct)
    )
    component = connected_components(links, directed=False)[1]
    return np.asarray(component, dtype=np.int64)[number]


def _positions_m(part: Table) -> FloatArray:
    """(n, 3) on a sphere, metres; a place known by area or name alone stands far off, by itself."""
    longitude = np.radians(part["longitude_deg"].to_numpy())
    latitude = np.radians(part["latitude_deg"].to_numpy())
    position = EARTH_RADIUS_M * np.column_stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
    )
    nowhere = ~np.isfinite(position).all(axis=1)
    rest = part.filter(pa.array(nowhere))
    code, _ = codes(pc.fill_null(pc.coalesce(rest["area_id"], pc.utf8_lower(rest["place_name"])), ""))
    position[nowhere] = 0.0
    position[nowhere, 0] = (code + 2.0) * 10 * EARTH_RADIUS_M
    return np.asarray(position, dtype=np.float64)


def _middle_h(part: Table) -> FloatArray:
    start = pc.cast(part["occurred_from"], pa.int64()).to_numpy()
    stop = pc.cast(part["occurred_until"], pa.int64()).to_numpy()
    return np.asarray((start / 2 + stop / 2) / 3.6e9, dtype=np.float64)


def _names(part: Table, wordings: pa.Array, link: IntArray) -> pa.Array:
    """Name of each record's origin: from the content of the origin's earliest record."""
    if not len(link):
        return pa.array([], type=TEXT)
    said = micros(pc.coalesce(part["logged_at"], part["received_at"], part["occurred_from"]))
    began = micros(part["occurred_from"])
    # source, wording and place: what orders those of one time
    rest = part.select(["source_id", "longitude_deg", "latitude_deg", "area_id"]).add_column(
        1, "wording", wordings
    )
    order = np.lexsort((began, said, link))
    start = np.concatenate([[True], np.diff(link[order]) != 0])
    at = np.cumsum(start) - 1
    lead = order[start]
    # words are compared only among the earliest, and only where there are several of them
    early = (said[order] == said[lead][at]) & (began[order] == began[lead][at])
    tied = early & (np.bincount(at[early], minlength=len(lead)) > 1)[at]
    keys = zip(
        *(map(str, column.to_pylist()) for column in rest.take(pa.array(order[tied])).columns), strict=True
    )
    best: dict[int, tuple[tuple[str, ...], int]] = {}
    for component, key, row in zip(at[tied].tolist(), keys, order[tied].tolist(), strict=True):
        if component not in best or key < best[component][0]:
            best[component] = key, row
    for component, (_, row) in best.items():
        lead[component] = row
    moments = {"said": pa.array(said[lead]), "began": pa.array(began[lead])}
    chosen = rest.take(pa.array(lead))
    keyed = pa.table({**moments, **{name: chosen[name] for name in chosen.schema.names}})
    names = pa.array(digest_ids("org", content_texts(keyed).to_pylist()), type=TEXT)
    number = np.empty(len(link), dtype=np.int64)
    number[order] = at
    return names.take(pa.array(number))
