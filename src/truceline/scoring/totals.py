"""Estimated totals against what truly happened in their area, period and kind."""

from __future__ import annotations

import numpy as np
import shapely

from truceline.base.columns import BoolArray, FloatArray, IntArray, floats, micros
from truceline.schema.table import TIME, Table
from truceline.scoring.counts import count_bias, interval_cover
from truceline.scoring.truth import Truth

COLUMNS = ("area_id", "period_start", "period_stop", "act", "estimate", "lo95", "hi95")


def true_counts(totals: Table, truth: Truth, areas: Table | None = None) -> FloatArray:
    """(n_totals,) true events of each row's area, period and act; NaN: the area is not known.

    A row without an area counts everywhere, one without an act every act. An area is known by its
    shape among ``areas``, else by the sectors that the truth names.
    """
    order = np.argsort(truth.at_us, kind="stable")
    groups: dict[tuple[str | None, str | None], IntArray | None] = {}
    counts = np.full(totals.num_rows, np.nan)
    start, stop = micros(totals["period_start"].cast(TIME)), micros(totals["period_stop"].cast(TIME))
    act = np.array([name or "" for name in truth.act], dtype=object)
    inside = _Inside(truth, areas)
    names = zip(totals["area_id"].to_pylist(), totals["act"].to_pylist(), strict=True)
    for k, (area, kind) in enumerate(names):
        key = area or None, kind or None
        if key not in groups:
            there = inside.of(key[0])
            keep = None if there is None else there & ((act == key[1]) if key[1] else True)
            groups[key] = None if keep is None else truth.at_us[order[keep[order]]]
        times = groups[key]
        if times is not None:
            low, high = np.searchsorted(times, [start[k], stop[k]])
            counts[k] = high - low
    return counts


class _Inside:
    """Which true events lie in an area."""

    def __init__(self, truth: Truth, areas: Table | None) -> None:
        self.truth = truth
        self.sector = np.array([name or "" for name in truth.sector], dtype=object)
        self.shapes: dict[str, bytes] = {}
        if areas is not None:
            pairs = zip(areas["area_id"].to_pylist(), areas["geometry"].to_pylist(), strict=True)
            self.shapes = {area: shape for area, shape in pairs if shape is not None}

    def of(self, area: str | None) -> BoolArray | None:
        """(n_events,), None where the area is not known."""
        if area is None:
            return np.ones(len(self.truth), dtype=np.bool_)
        if area in set(self.truth.sector):  # as the simulator drew it, border cases included
            return np.asarray(self.sector == area, dtype=np.bool_)
        if area not in self.shapes:
            return None
        ground = shapely.from_wkb(self.shapes[area])
        found = shapely.contains_xy(ground, self.truth.longitude_deg, self.truth.latitude_deg)
        return np.asarray(found, dtype=np.bool_)


def judge_totals(
    totals: Table | None, truth: Truth, areas: Table | None = None
) -> tuple[float | None, float | None, int]:
    """Bias of the sum, share of 95 % intervals that hold the truth, and how many there are.

    The bias is that of the coarsest areas alone, where areas lie in each other: each event counts once.
    """
    if totals is None or not totals.num_rows:
        return None, None, 0
    true, estimate = true_counts(totals, truth, areas), floats(totals["estimate"])
    told = np.isfinite(estimate) & np.isfinite(true)
    cover = interval_cover(floats(totals["lo95"])[told], floats(totals["hi95"])[told], true[told])
    top = told & _is_top(totals, areas)
    return count_bias(estimate[top], true[top]), cover, int(told.sum())


def _is_top(totals: Table, areas: Table | None) -> BoolArray:
    """(n_totals,) whether no other area of the totals holds the row's area."""
    given = {area for area in totals["area_id"].to_pylist() if area}
    parent: dict[str, str | None] = {}
    if areas is not None:
        parent = dict(zip(areas["area_id"].to_pylist(), areas["parent_area_id"].to_pylist(), strict=True))

    def held(area: str | None) -> bool:
        above = parent.get(area or "")
        return above is not None and (above in given or held(above))

    return np.array([not held(area) for area in totals["area_id"].to_pylist()], dtype=np.bool_)
