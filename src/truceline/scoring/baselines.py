"""What simpler ways make of the same records: every telling, counting by cell and day, density clusters.

All see the copies removed, and all have no probability of existence: each group is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from truceline.base.columns import (
    BoolArray,
    FloatArray,
    IntArray,
    codes,
    floats,
    map_parts,
    micros,
    number_rows,
)
from truceline.base.geodesy import LocalFrame
from truceline.schema.table import Table
from truceline.scoring.identity import Partition
from truceline.scoring.truth import Linked

DAY_US = 86_400_000_000
#: an edge of a cell
CELL_M = 10_000.0
#: best mean id_f1 of a grid on development seeds of fronts plain, quiet, under cloud and at war
EPS_M, EPS_S, LEAST_POINTS = 3_000.0, 300.0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """One point for each first telling, (n_points,): its earliest record; NaN where it has no place."""

    x_m: FloatArray
    y_m: FloatArray
    time_s: FloatArray
    act: IntArray
    of_record: IntArray  #: (n_records,) the point of each record


def make_points(observations: Table, origin: IntArray, *, frame: LocalFrame) -> Points:
    """Copies removed: records of one origin are one point, at its earliest record.

    origin : (n_records,) number of each record's origin.
    """
    start, stop = micros(observations["occurred_from"]), micros(observations["occurred_until"])
    middle_s = (start / 2 + stop / 2) / 1e6
    said = micros(pc.coalesce(observations["logged_at"], observations["received_at"], observations["occurred_from"]))  # fmt: skip
    x_m, y_m = _plane(observations, frame)
    order = np.lexsort((y_m, x_m, middle_s, said, origin))
    lead = order[np.concatenate([[True], np.diff(origin[order]) != 0])] if len(order) else order
    return Points(
        x_m=x_m[lead],
        y_m=y_m[lead],
        time_s=middle_s[lead],
        act=_likeliest_act(observations)[lead],
        of_record=number_rows([origin])[0],
    )


def _plane(observations: Table, frame: LocalFrame) -> tuple[FloatArray, FloatArray]:
    longitude, latitude = floats(observations["longitude_deg"]), floats(observations["latitude_deg"])
    x_m, y_m = np.full(len(longitude), np.nan), np.full(len(longitude), np.nan)
    placed = np.isfinite(longitude) & np.isfinite(latitude)
    if placed.any():
        x_m[placed], y_m[placed] = frame.to_plane(longitude[placed], latitude[placed])
    return x_m, y_m


def _likeliest_act(observations: Table) -> IntArray:
    """(n,) number of each record's likeliest act, −1: none."""
    rows, keys, loglik = map_parts(observations["acts"])
    best = np.full(observations.num_rows, -1, dtype=np.int64)
    if len(rows):
        name, _ = codes(pa.chunked_array([keys]))
        order = np.lexsort((name, -loglik, rows))
        lead = order[np.concatenate([[True], np.diff(rows[order]) != 0])]
        best[rows[lead]] = name[lead]
    return best


def each_telling(points: Points) -> Partition:
    """Every first telling is an incident."""
    return Partition(group=points.of_record, existence_p=np.full(len(points.x_m), np.nan))


def count_cells(points: Points, *, cell_m: float = CELL_M) -> Partition:
    """Every cell, day and act with a telling is an incident: what a table of counts shows."""
    placed = np.isfinite(points.x_m)
    cell = [np.floor(points.x_m[placed] / cell_m), np.floor(points.y_m[placed] / cell_m)]
    day = np.floor(points.time_s[placed] / 86_400.0)
    number, n = number_rows([*cell, day, points.act[placed]])
    return _spread(points, placed, number, n)


def _spread(points: Points, placed: BoolArray, number: IntArray, n: int) -> Partition:
    of_point = np.full(len(points.x_m), -1, dtype=np.int64)
    of_point[placed] = number
    return Partition(group=of_point[points.of_record], existence_p=np.full(n, np.nan))


def cluster_by_density(
    points: Points, *, eps_m: float = EPS_M, eps_s: float = EPS_S, least_points: int = LEAST_POINTS
) -> Partition:
    """DBSCAN (Ester et al. 1996) on place and time: eps_s seconds are as far as eps_m metres.

    (1) a point with ``least_points`` within the distance, itself among them, is a core point; (2) core
    points within it of each other are one cluster; (3) any other point joins the cluster of its
    nearest core point within it, and is noise, in no group, where there is none. Exact, and apart
    from (3), where the original takes the first cluster that comes along, the same.
    """
    placed = np.isfinite(points.x_m)
    at = np.column_stack([points.x_m[placed], points.y_m[placed], points.time_s[placed] * (eps_m / eps_s)])
    number = dbscan(at, eps=eps_m, least_points=least_points)
    return _spread(points, placed, number, int(number.max(initial=-1)) + 1)


def dbscan(at: FloatArray, *, eps: float, least_points: int) -> IntArray:
    """(n,) cluster of each point, in the order of their first points; −1: noise.

    at : (n, n_dimensions).
    """
    n = len(at)
    if not n:
        return np.zeros(0, dtype=np.int64)
    tree = cKDTree(at)
    pairs = tree.query_pairs(eps, output_type="ndarray").astype(np.int64).reshape(-1, 2)
    core = np.bincount(pairs.ravel(), minlength=n) + 1 >= least_points  # (1)
    both = core[pairs].all(axis=1)
    links = coo_array((np.ones(int(both.sum()), dtype=np.int8), tuple(pairs[both].T)), shape=(n, n))
    label = connected_components(links, directed=False)[1].astype(np.int64)  # (2)
    label[~core] = -1
    one = core[pairs].sum(axis=1) == 1
    if one.any():  # (3)
        edge = pairs[one]
        edge = np.where(core[edge[:, :1]], edge[:, ::-1], edge)  # border, core
        away = ((at[edge[:, 0]] - at[edge[:, 1]]) ** 2).sum(axis=1)
        order = np.lexsort((edge[:, 1], away, edge[:, 0]))
        lead = order[np.concatenate([[True], np.diff(edge[order, 0]) != 0])]
        label[edge[lead, 0]] = label[edge[lead, 1]]
    found = label >= 0
    number = np.full(n, -1, dtype=np.int64)
    if found.any():
        first, inverse = np.unique(label[found], return_index=True, return_inverse=True)[1:]
        number[found] = np.argsort(np.argsort(first))[inverse.reshape(-1)]
    return number


def shift_in_time(linked: Linked, source: IntArray, time_s: FloatArray, *, share: float) -> Linked:
    """The time-shifted null: each telling is linked to what its source told ``share`` of the span later.

    Within a source the tellings are put in the order of time and the links turned by that share of
    their number, so that every link is kept, and every telling has one that has nothing to do with
    it but its source. What a partition scores against such links it scores by chance.

    source, time_s : (n_records,). Copies keep together.
    """
    first_row = np.unique(linked.origin, return_index=True)[1]
    event, fake = linked.event[first_row], linked.fake[first_row]
    order = np.lexsort((event, time_s[first_row], source[first_row]))
    new_event, new_fake = event.copy(), fake.copy()
    own = source[first_row][order]
    ends = np.concatenate([[True], np.diff(own) != 0, [True]]) if len(own) else np.zeros(0)
    for low, high in pairwise(np.flatnonzero(ends).tolist()):
        rows = order[low:high]
        turned = np.roll(rows, -max(1, round(share * len(rows))))
        new_event[rows], new_fake[rows] = event[turned], fake[turned]
    return Linked(
        event=new_event[linked.origin],
        fake=new_fake[linked.origin],
        origin=linked.origin,
        known=linked.known,
        n_events=linked.n_events,
        n_fakes=linked.n_fakes,
    )
