"""Incidents → a series: how many a day, with what the sensors could see."""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np

from truceline.assurance.bins import make_bins
from truceline.assurance.series import FloatArray, Series, SeriesSpec
from truceline.base.intervals import Interval
from truceline.coverage.exposure import measure_exposure
from truceline.schema.table import Record


def count_incidents(
    spec: SeriesSpec,
    middle_s: FloatArray,
    *,
    coverage_rows: Sequence[Record],
    area_ids: Set[str],
    baseline: Interval,
    window: Interval,
) -> Series:
    """Count incidents by the middle of their time.

    middle_s : (n_incidents,) Unix seconds.
    coverage_rows : of the sensors whose records make incidents (``coverage.rows_of_source``);
        their mean share is the exposure. A day on which none of them could see is missing;
        a day on which they saw nothing is a zero.
    """
    span = Interval(min(baseline.start, window.start), max(baseline.stop, window.stop))
    bins = make_bins(bin_h=spec.bin_h, bin_months=spec.bin_months, zone=spec.zone, window=window, span=span)
    starts = np.array([one.start.timestamp() for one in bins])
    place = np.searchsorted(starts, middle_s, side="right") - 1
    inside = (place >= 0) & (middle_s < bins[-1].stop.timestamp())
    count = np.bincount(place[inside], minlength=len(bins)).astype(np.float64)
    exposure = measure_exposure(coverage_rows, area_ids=area_ids, speaking_areas=frozenset(), bins=bins)
    count[exposure <= 0] = np.nan
    return Series(
        spec=spec,
        bins=bins,
        count=count,
        exposure=exposure,
        in_baseline=np.array([baseline.covers(one) and not window.overlaps(one) for one in bins]),
        in_window=np.array([window.covers(one) for one in bins]),
        row_refs=tuple(() for _ in bins),
    )
