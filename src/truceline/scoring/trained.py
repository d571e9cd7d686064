"""Existence as a learner sees it who was shown the truth of other seeds: a yardstick for existence.

On the true partition, a classifier is trained on groups of other seeds of the same regime, by what can
be seen of a group and of its surroundings. How far a method is from true partition and trained existence says what is
left to gain; the learner uses no model of how records arise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.spatial import cKDTree

from truceline.base.columns import FloatArray, IntArray, codes, floats, map_parts, micros, recode
from truceline.base.geodesy import LocalFrame
from truceline.schema.table import Table
from truceline.scoring.boosting import Boosted, train
from truceline.scoring.identity import Partition, tellings, true_partition
from truceline.scoring.truth import Linked

DAY_S = 86_400.0
#: neighbourhoods whose records are counted: km, days to either side
NEAR = ((3.0, 0.1), (10.0, 1.0), (30.0, 3.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a learner is shown of groups: (n_groups, n_features), with names."""

    names: tuple[str, ...]
    values: FloatArray


def show_groups(
    observations: Table,
    partition: Partition,
    linked: Linked,
    *,
    coverage: Table,
    frame: LocalFrame,
    sources: Sequence[str],
    hard_sources: Sequence[str],
    acts: Sequence[str],
) -> Shown:
    """Features of each group: who told of it and how exactly, who watched, what else was near.

    sources, acts : in a fixed order, so that features of seeds agree. linked : says which records are first
    tellings, nothing else.
    """
    group, record = _earliest(observations, partition, linked)
    n = len(partition)
    source = recode(observations["source_id"], list(sources))[record]
    columns: dict[str, FloatArray] = {}
    for k, name in enumerate(sources):
        own = source == k
        columns[f"n_{name}"] = np.bincount(group[own], minlength=n).astype(np.float64)
        strength = floats(observations["strength"])[record]
        columns[f"strength_{name}"] = _largest(group[own], strength[own], n)
    columns["n_tellings"] = np.bincount(group, minlength=n).astype(np.float64)
    columns["n_sources"] = _n_distinct(group, source, n)
    sensor = codes(observations["sensor_id"])[0][record]
    columns["n_sensors"] = _n_distinct(group[sensor >= 0], sensor[sensor >= 0], n)
    speaker = codes(observations["speaker_party_id"])[0][record]
    columns["n_speakers"] = _n_distinct(group[speaker >= 0], speaker[speaker >= 0], n)
    sd = floats(observations["position_sd_m"])[record]
    columns["least_sd_m"] = -_largest(group, -sd, n)
    start, stop = (
        micros(observations["occurred_from"])[record],
        micros(observations["occurred_until"])[record],
    )
    columns["least_span_s"] = -_largest(group, -(stop - start) / 1e6, n)
    x, y, time_s = _centres(observations, record, group, n, frame)
    columns["hour"] = (time_s / 3600) % 24
    columns["copies"] = (
        np.bincount(partition.group[partition.group >= 0], minlength=n) - columns["n_tellings"]
    )
    rows, keys, _ = map_parts(observations["acts"])
    named = np.bincount(rows, minlength=observations.num_rows)[record].astype(np.float64)
    columns["acts_named"] = np.bincount(group, named, minlength=n).astype(np.float64)
    act = np.full(observations.num_rows, -1, dtype=np.int64)
    act[rows] = recode(pa.chunked_array([keys]), list(acts))
    columns["act"] = _largest(group, act[record].astype(np.float64), n)
    columns |= _surroundings(observations, record, x, y, time_s, group, frame, hard_sources)
    columns |= _watchers(coverage, x, y, time_s, frame, sources)
    return Shown(names=tuple(columns), values=np.column_stack(list(columns.values())))


def _earliest(observations: Table, partition: Partition, linked: Linked) -> tuple[IntArray, IntArray]:
    """Group and earliest record of each telling, whatever the order of rows."""
    said = micros(
        pc.coalesce(observations["logged_at"], observations["received_at"], observations["occurred_from"])
    )
    start = micros(observations["occurred_from"])
    order = np.lexsort((start, said))
    group, _, place = tellings(partition.group[order], linked.origin[order])
    return group, order[place]


def _largest(group: IntArray, value: FloatArray, n: int) -> FloatArray:
    """(n,) largest known value of each group; NaN where there is none."""
    most = np.full(n, -np.inf)
    known = ~np.isnan(value)
    np.maximum.at(most, group[known], value[known])
    return np.where(np.isfinite(most), most, np.nan)


def _n_distinct(group: IntArray, code: IntArray, n: int) -> FloatArray:
    if not len(group):
        return np.zeros(n)
    width = int(code.max()) + 1
    return np.bincount(np.unique(group * width + code) // width, minlength=n).astype(np.float64)


def _centres(
    observations: Table, record: IntArray, group: IntArray, n: int, frame: LocalFrame
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Place (weighted by precision) and time of each group; NaN without a point."""
    longitude, latitude = floats(observations["longitude_deg"])[record], floats(observations["latitude_deg"])[record]  # fmt: skip
    placed = np.isfinite(longitude) & np.isfinite(latitude)
    x_m, y_m = np.zeros(len(record)), np.zeros(len(record))
    if placed.any():
        x_m[placed], y_m[placed] = frame.to_plane(longitude[placed], latitude[placed])
    sd = np.nan_to_num(floats(observations["position_sd_m"])[record], nan=5_000.0)
    weight = np.where(placed, 1 / np.maximum(sd, 10.0) ** 2, 0.0)
    total = np.bincount(group, weight, minlength=n)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.bincount(group, weight * x_m, minlength=n) / total
        y = np.bincount(group, weight * y_m, minlength=n) / total
    start, stop = (
        micros(observations["occurred_from"])[record],
        micros(observations["occurred_until"])[record],
    )
    narrow = 1 / np.maximum((stop - start) / 1e6, 1.0) ** 2
    middle = (start / 2 + stop / 2) / 1e6
    return x, y, np.bincount(group, narrow * middle, minlength=n) / np.bincount(group, narrow, minlength=n)


def _surroundings(
    observations: Table,
    record: IntArray,
    x: FloatArray,
    y: FloatArray,
    time_s: FloatArray,
    group: IntArray,
    frame: LocalFrame,
    hard_sources: Sequence[str],
) -> dict[str, FloatArray]:
    """How many tellings lie near each group, of sensors and of others, its own left out."""
    longitude, latitude = floats(observations["longitude_deg"])[record], floats(observations["latitude_deg"])[record]  # fmt: skip
    middle = (micros(observations["occurred_from"]) / 2 + micros(observations["occurred_until"]) / 2)[record] / 1e6  # fmt: skip
    hard = recode(observations["source_id"], list(hard_sources))[record] >= 0
    placed = np.isfinite(longitude) & np.isfinite(latitude)
    asked = np.flatnonzero(np.isfinite(x))
    made: dict[str, FloatArray] = {}
    for name, chosen in (("hard", hard & placed), ("other", ~hard & placed)):
        rows = np.flatnonzero(chosen)
        for km, days in NEAR:
            count = np.full(len(x), np.nan)
            if len(rows) and len(asked):
                at_x, at_y = frame.to_plane(longitude[rows], latitude[rows])
                scale = np.array([1 / (km * 1000), 1 / (km * 1000), 1 / (days * DAY_S)])
                tree = cKDTree(np.column_stack([at_x, at_y, middle[rows]]) * scale)
                near = tree.query_ball_point(np.column_stack([x, y, time_s])[asked] * scale, 1.0, return_length=True)  # fmt: skip
                own = np.bincount(group[rows], minlength=len(x))[asked]
                count[asked] = np.maximum(np.asarray(near) - own, 0)
            made[f"near_{name}_{km:g}km"] = count
    return made


def _watchers(
    coverage: Table, x: FloatArray, y: FloatArray, time_s: FloatArray, frame: LocalFrame, sources: Sequence[str]
) -> dict[str, FloatArray]:  # fmt: skip
    """Expected detections there and then by the circles of each source: Σ share · p over what watched."""
    seen = np.zeros((len(sources), len(x)))
    round_ = pc.and_(pc.is_valid(coverage["radius_m"]), pc.is_valid(coverage["longitude_deg"]))
    table = coverage.filter(round_)
    if table.num_rows:
        cx, cy = frame.to_plane(floats(table["longitude_deg"]), floats(table["latitude_deg"]))
        radius, share = floats(table["radius_m"]), floats(table["available_share"])
        a, b = floats(table["detection_p_a"]), floats(table["detection_p_b"])
        p = np.nan_to_num(a / (a + b), nan=0.5) * share
        order = np.argsort(time_s, kind="stable")
        low = np.searchsorted(time_s[order], micros(table["window_start"]) / 1e6)
        high = np.searchsorted(time_s[order], micros(table["window_stop"]) / 1e6)
        source = recode(table["source_id"], list(sources))
        for k in np.flatnonzero((high > low) & (source >= 0) & (p > 0)).tolist():
            rows = order[low[k] : high[k]]
            inside = (x[rows] - cx[k]) ** 2 + (y[rows] - cy[k]) ** 2 <= radius[k] ** 2
            seen[source[k], rows[inside]] += p[k]
    return {f"watched_{name}": seen[k] for k, name in enumerate(sources)}


def train_existence(
    shown: Sequence[Shown], happened: Sequence[FloatArray], *, most_rows: int = 60_000, seed: int = 0
) -> Boosted:
    """A classifier from the groups of training seeds; of more than ``most_rows`` some are drawn.

    happened : of each seed (n_groups,) 1 where the group is a true event (``true_partition``).
    """
    values = np.vstack([one.values for one in shown])
    came = np.concatenate(happened) > 0.5
    if len(came) > most_rows:
        rows = np.random.default_rng(seed).choice(len(came), most_rows, replace=False)
        values, came = values[rows], came[rows]
    return train(values, came, names=shown[0].names)


def label_groups(linked: Linked) -> tuple[Partition, FloatArray]:
    """The true partition, and which of its groups are true events."""
    labels = true_partition(linked)
    return labels, labels.existence_p
