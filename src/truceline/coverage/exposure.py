"""The share of bins of time in which a source could see: the offset of every rate.

A source is either *regular* (it sees unless a row says otherwise) or *described* (rows with the
reason ``watched`` and a share above zero say when it looked; between them it did not).

A row with the reason ``watched`` and no share left (an alert is on, so that no new one can begin)
is not taken from the exposure: it is the shadow of the thing counted. Where there are more acts
there is more shadow, and an offset that moves with the outcome would hide or feign a change.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from truceline.base.intervals import Interval
from truceline.schema.table import Record, Table, records

FloatArray = npt.NDArray[np.float64]

#: who watches: area and sensor, or a circle and its sensor
_WatcherKey = tuple[str, str, str]


@dataclass(slots=True)
class _Watcher:
    weight: float = 1.0
    rows: list[Record] = field(default_factory=list)


def rows_of_source(coverage: Table, *, source_id: str, act: str | None) -> list[Record]:
    """Coverage rows of a source that bear on ``act`` (None: on any act), in time order.

    Rows that are the shadow of what is counted are left out (see the module).
    """
    keep = pc.equal(coverage["source_id"], source_id)
    if act is not None:
        keep = pc.and_(keep, pc.fill_null(pc.equal(coverage["act"], act), True))
    shadow = pc.and_(pc.equal(coverage["reason"], "watched"), pc.less_equal(coverage["available_share"], 0.0))
    chosen = records(coverage.filter(pc.and_(keep, pc.invert(shadow))))
    return sorted(chosen, key=lambda row: (row["window_start"], row["window_stop"], row["coverage_id"]))


def measure_exposure(
    rows: Sequence[Record], *, area_ids: Set[str], speaking_areas: Set[str], bins: Sequence[Interval]
) -> FloatArray:
    """Share of each bin's time and area in which the source could see.

    Parameters
    ----------
    rows : coverage rows of one source (see ``rows_of_source``).
    area_ids : areas that are meant; rows of other areas are left out; empty: every area.
    speaking_areas : areas of which the source has records, though perhaps no coverage row.
    bins : (n_bins,), in time order, not overlapping.

    Returns
    -------
    exposure : (n_bins,) in [0, 1]: the mean over watchers (area × sensor; circles weigh as their
        area) of their share, times the shares of rows that are about the whole source.
    """
    watchers: dict[_WatcherKey, _Watcher] = {}
    whole: list[Record] = []
    for row in rows:
        key, weight = _watcher(row)
        if key is None:
            whole.append(row)
        elif not row["area_id"] or not area_ids or row["area_id"] in area_ids:
            watchers.setdefault(key, _Watcher(weight=weight)).rows.append(row)
    described = {key[0] for key in watchers}
    for area_id in sorted(speaking_areas):
        if area_id not in described and (not area_ids or area_id in area_ids):
            watchers[(area_id, "", "")] = _Watcher()
    if not watchers:
        watchers[("", "", "")] = _Watcher()
    total = sum(watcher.weight for watcher in watchers.values())
    exposure = np.zeros(len(bins))
    for key in sorted(watchers):
        exposure += watchers[key].weight / total * _mean_share(watchers[key].rows, whole, bins)
    return np.clip(exposure, 0.0, 1.0)


def watched_bins(rows: Sequence[Record], *, bins: Sequence[Interval]) -> npt.NDArray[np.bool_]:
    """(n_bins,) whether a row says that the source watched at some time in the bin."""
    watched = [row for row in rows if row["reason"] == "watched" and row["available_share"] > 0]
    return np.array(
        [
            any(row["window_start"] < one.stop and row["window_stop"] > one.start for row in watched)
            for one in bins
        ],
        dtype=np.bool_,
    )


def _watcher(row: Record) -> tuple[_WatcherKey | None, float]:
    sensor = row["sensor_id"] or ""
    if row["area_id"]:
        return (row["area_id"], sensor, ""), 1.0
    if row["radius_m"] is not None and row["longitude_deg"] is not None:
        place = f"{row['longitude_deg']:.6f} {row['latitude_deg']:.6f} {row['radius_m']:.0f}"
        return ("", sensor, place), max(float(row["radius_m"]), 1.0) ** 2
    return (("", sensor, "") if sensor else None), 1.0


def _mean_share(rows: Sequence[Record], whole: Sequence[Record], bins: Sequence[Interval]) -> FloatArray:
    """Mean share per bin of one watcher, exact in time: pieces end where any row does."""
    edges_s = np.array([[_seconds(one.start), _seconds(one.stop)] for one in bins])
    first, last = edges_s[0, 0], edges_s[-1, 1]
    marks = [_seconds(row[name]) for row in (*rows, *whole) for name in ("window_start", "window_stop")]
    cuts = np.unique(np.clip(np.concatenate([edges_s.ravel(), np.array(marks)]), first, last))
    share = _shares(rows, cuts, together="least") * _shares(whole, cuts, together="product")
    index = np.searchsorted(edges_s[:, 0], cuts[:-1], side="right") - 1
    inside = cuts[:-1] < edges_s[index, 1]
    seen_s = np.bincount(index[inside], weights=(share * np.diff(cuts))[inside], minlength=len(bins))
    mean: FloatArray = seen_s / (edges_s[:, 1] - edges_s[:, 0])
    return mean


def _shares(rows: Sequence[Record], cuts: FloatArray, *, together: str) -> FloatArray:
    """Share per piece: the best of what was watched, less what was taken away."""
    described = any(row["reason"] == "watched" and row["available_share"] > 0 for row in rows)
    share = np.zeros(len(cuts) - 1) if described else np.ones(len(cuts) - 1)
    for row in rows if described else ():
        if row["available_share"] > 0:
            piece = _pieces(row, cuts)
            # a row such as `cloud, .4 left` says that the source looked, and what was taken away
            best = row["available_share"] if row["reason"] == "watched" else 1.0
            share[piece] = np.maximum(share[piece], best)
    less = np.ones(len(cuts) - 1)
    for row in rows:
        if row["reason"] == "watched" and row["available_share"] > 0:
            continue
        piece = _pieces(row, cuts)
        if together == "least":
            less[piece] = np.minimum(less[piece], row["available_share"])
        else:
            less[piece] *= row["available_share"]
    product: FloatArray = share * less
    return product


def _pieces(row: Record, cuts: FloatArray) -> slice:
    low, high = np.searchsorted(cuts, [_seconds(row["window_start"]), _seconds(row["window_stop"])])
    return slice(int(low), int(high))


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
