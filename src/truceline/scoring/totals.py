"""Estimated totals against what truly happened in their area, period and kind."""

from __future__ import annotations

import numpy as np

from truceline.base.columns import FloatArray, IntArray, floats, micros
from truceline.schema.table import TIME, Table
from truceline.scoring.counts import count_bias, interval_cover
from truceline.scoring.truth import Truth

COLUMNS = ("area_id", "period_start", "period_stop", "act", "estimate", "lo95", "hi95")


def true_counts(totals: Table, truth: Truth) -> FloatArray:
    """(n_totals,) true events of each row's area, period and act.

    A row without an area counts everywhere, one without an act every act. An area that the truth
    names for no event has none: its count is 0.
    """
    sector = np.array([name or "" for name in truth.sector], dtype=object)
    act = np.array([name or "" for name in truth.act], dtype=object)
    order = np.argsort(truth.at_us, kind="stable")
    groups: dict[tuple[str | None, str | None], IntArray] = {}
    counts = np.zeros(totals.num_rows)
    start, stop = micros(totals["period_start"].cast(TIME)), micros(totals["period_stop"].cast(TIME))
    names = zip(totals["area_id"].to_pylist(), totals["act"].to_pylist(), strict=True)
    for k, (area, kind) in enumerate(names):
        key = area or None, kind or None
        if key not in groups:
            keep = np.ones(len(truth), dtype=np.bool_)
            keep &= (sector == key[0]) if key[0] else True
            keep &= (act == key[1]) if key[1] else True
            groups[key] = truth.at_us[order[keep[order]]]
        low, high = np.searchsorted(groups[key], [start[k], stop[k]])
        counts[k] = high - low
    return counts


def judge_totals(totals: Table | None, truth: Truth) -> tuple[float | None, float | None, int]:
    """Bias of the sum, share of 95 % intervals that hold the truth, and how many there are."""
    if totals is None or not totals.num_rows:
        return None, None, 0
    true = true_counts(totals, truth)
    estimate = floats(totals["estimate"])
    told = np.isfinite(estimate)
    cover = interval_cover(floats(totals["lo95"])[told], floats(totals["hi95"])[told], true[told])
    return count_bias(estimate[told], true[told]), cover, int(told.sum())
