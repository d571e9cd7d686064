"""Detections of one sensor source → a series: what was counted, what could be seen, what was nothing.

The exposure of a bin is the hours watched in it, weighed by the detection probability declared and
by how much each station's place yields: a station at a busy place that fails takes more away than
one where nothing happens. Those yields are from the baseline alone, so that no change in the
window enters the exposure. Declared clutter is told apart (``Series.clutter``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from shapely import contains_xy
from shapely.geometry.base import BaseGeometry

from truceline.assurance.series import FloatArray, Series, SeriesSpec
from truceline.base.columns import BoolArray, IntArray, codes, floats, micros
from truceline.base.intervals import Interval, microseconds
from truceline.schema.table import Table

_HOUR_US = 3_600_000_000
#: a station's yield is drawn to the mean of all as by so many hours
_SHRINK_H = 48.0


def count_detections(
    spec: SeriesSpec,
    observations: Table,
    coverage: Table,
    *,
    geometry: BaseGeometry,
    bins: Sequence[Interval],
    baseline: Interval,
    window: Interval,
) -> Series:
    """Count what ``spec.source`` recorded in ``spec.area``, of all acts, in consecutive ``bins``.

    A record of a station or a look belongs to the area in which the circle that it watched has its
    middle, one of a pass to that in which it lies. Records are dated by the middle of their time.
    """
    own = observations.filter(pc.equal(observations["source_id"], spec.source))
    rows = coverage.filter(pc.equal(coverage["source_id"], spec.source))
    edges = np.array([microseconds(one.start) for one in bins] + [microseconds(bins[-1].stop)])
    in_baseline = np.array([baseline.covers(one) and not window.overlaps(one) for one in bins])
    keys, row_key = _keys(rows)
    round_row = np.isfinite(floats(rows["longitude_deg"]))
    row_inside = np.where(
        round_row,
        contains_xy(geometry, floats(rows["longitude_deg"]), floats(rows["latitude_deg"])),
        np.asarray(pc.fill_null(pc.equal(rows["area_id"], spec.area), False)),
    )
    place = {key: bool(inside) for key, inside in zip(row_key[round_row], row_inside[round_row], strict=True)}
    _, own_key = _keys(own, names=keys)
    point = contains_xy(geometry, floats(own["longitude_deg"]), floats(own["latitude_deg"]))
    inside = np.array(
        [place.get(key, bool(at)) for key, at in zip(own_key.tolist(), point, strict=True)], dtype=np.bool_
    )
    middle = (micros(own["occurred_from"]) + micros(own["occurred_until"])) // 2
    at_bin = np.searchsorted(edges, middle, side="right") - 1
    inside &= (at_bin >= 0) & (at_bin < len(bins))
    hours = _overlaps_h(rows, row_inside, edges)
    a, b = floats(rows["detection_p_a"])[row_inside], floats(rows["detection_p_b"])[row_inside]
    p = np.where(np.isfinite(a), a / (a + b), 1.0)
    share = floats(rows["available_share"])[row_inside]
    seen = hours * (p * share)[:, None]
    yields = _yields(
        seen[:, in_baseline].sum(axis=1),
        row_key[row_inside],
        own_key,
        inside & in_baseline[at_bin % len(bins)],
    )
    exposure = yields @ seen
    clutter = np.nan_to_num(floats(rows["clutter_per_day"]))[row_inside] * share / 24 @ hours
    count = np.bincount(at_bin[inside], minlength=len(bins)).astype(np.float64)
    lengths = np.array([one.duration_h for one in bins])
    exposure = exposure / lengths
    exposure /= max(float(exposure.max(initial=0.0)), 1e-12)
    count[exposure <= 0] = np.nan
    return Series(
        spec=spec,
        bins=tuple(bins),
        count=count,
        exposure=exposure,
        in_baseline=in_baseline,
        in_window=np.array([window.covers(one) for one in bins]),
        row_refs=tuple(() for _ in bins),
        clutter=clutter,
    )


def _keys(table: Table, names: list[str] | None = None) -> tuple[list[str], IntArray]:
    """Who looked: the look where there is one, else the sensor; −1: not among ``names``."""
    who = pc.coalesce(table["look_id"], table["sensor_id"], pa.scalar("", pa.string()))
    code, found = codes(who)
    if names is None:
        return found, code.astype(np.int64)
    known = {name: k for k, name in enumerate(names)}
    lookup = np.array([*(known.get(name, -1) for name in found), -1], dtype=np.int64)
    return names, lookup[code]


def _overlaps_h(rows: Table, chosen: BoolArray, edges: IntArray) -> FloatArray:
    """(n_chosen, n_bins) hours of each coverage row in each bin."""
    start, stop = micros(rows["window_start"])[chosen], micros(rows["window_stop"])[chosen]
    low = np.maximum(start[:, None], edges[None, :-1])
    high = np.minimum(stop[:, None], edges[None, 1:])
    overlap: FloatArray = np.maximum(high - low, 0) / _HOUR_US
    return overlap


def _yields(seen_h: FloatArray, row_key: IntArray, own_key: IntArray, counted: BoolArray) -> FloatArray:
    """(n_rows,) how much the key of each row yields in the baseline an hour, against the mean; 1: not known."""
    n = int(max(row_key.max(initial=0), own_key.max(initial=0))) + 1
    hours = np.bincount(row_key, weights=seen_h, minlength=n)
    number = np.bincount(own_key[counted & (own_key >= 0)], minlength=n).astype(np.float64)
    if hours.sum() <= 0 or number.sum() <= 0:
        return np.ones(len(row_key))
    mean = number.sum() / hours.sum()
    result: FloatArray = ((number + mean * _SHRINK_H) / (hours + _SHRINK_H) / mean)[row_key]
    return result
