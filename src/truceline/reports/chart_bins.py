"""Which bins of a long series a chart shows: those around the window, or means of several in a row."""

from __future__ import annotations

import itertools
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np

from truceline.assurance.series import Series
from truceline.base.intervals import Interval
from truceline.findings.results import SeriesResult

#: more bins than this cannot be told apart; a longer series is drawn around the window alone
MOST_BINS = 100
_AFTER = 24
#: bins in a row that are drawn as one: a week, four weeks, a quarter of days
_ROWS = (7, 28, 91, 364)


def choose_bins(result: SeriesResult, *, window: Interval) -> tuple[SeriesResult, int]:
    """The part of a series that a chart shows, and how many bins each bar is the mean of.

    Of a window of more than ``MOST_BINS`` bins a part would hide how it began or how it ended:
    then the whole series is drawn, several bins as one.
    """
    n_gathered = gathered_bins(result.series)
    if n_gathered == 1:
        return _cut(result, drawn_bins(result.series, window=window)), 1
    return _gather(result, n_gathered), n_gathered


def gathered_bins(series: Series) -> int:
    """How many bins a bar is the mean of."""
    if int(series.in_window.sum()) <= MOST_BINS:
        return 1
    return next((n for n in _ROWS if len(series.bins) <= n * MOST_BINS), _ROWS[-1])


def drawn_bins(series: Series, *, window: Interval) -> range:
    """Which bins are drawn: all, or those around the window, beginning with a local day."""
    n = len(series.bins)
    if n <= MOST_BINS:
        return range(n)
    stops = [i for i, period in enumerate(series.bins) if period.start < window.stop]
    stop = min(n, (stops[-1] + 1 if stops else n) + _AFTER)
    start = max(0, stop - MOST_BINS)
    zone = ZoneInfo(series.spec.zone)
    days = [period.start.astimezone(zone).date() for period in series.bins]
    aligned = (i for i in range(max(1, start), stop) if days[i] != days[i - 1])
    return range(next(aligned, start), stop)


def _cut(result: SeriesResult, kept: range) -> SeriesResult:
    series, effect = result.series, result.effect
    part = slice(kept.start, kept.stop)
    if effect is not None and len(effect.fitted) == len(series.bins):
        effect = replace(effect, fitted=effect.fitted[part])
    return SeriesResult(
        series=replace(
            series,
            bins=series.bins[part],
            count=series.count[part],
            exposure=series.exposure[part],
            in_baseline=series.in_baseline[part],
            in_window=series.in_window[part],
            row_refs=series.row_refs[part],
        ),
        effect=effect,
    )


def _gather(result: SeriesResult, n: int) -> SeriesResult:
    """Means of ``n`` bins in a row, in groups that begin with the window; a bin without a count is left out of its mean."""
    series, effect = result.series, result.effect
    first = int(np.flatnonzero(series.in_window)[0]) % n
    edges = [0, *range(first, len(series.bins), n), len(series.bins)]
    groups = [range(a, b) for a, b in itertools.pairwise(edges) if b > a]
    if effect is not None and len(effect.fitted) == len(series.bins):
        fitted = np.array(effect.fitted)
        effect = replace(effect, fitted=tuple(float(fitted[list(group)].mean()) for group in groups))
    return SeriesResult(
        series=replace(
            series,
            bins=tuple(Interval(series.bins[one[0]].start, series.bins[one[-1]].stop) for one in groups),
            count=np.array([_mean(series.count[list(group)]) for group in groups]),
            exposure=np.array([series.exposure[list(group)].mean() for group in groups]),
            in_baseline=np.array([series.in_baseline[list(group)].all() for group in groups]),
            in_window=np.array([series.in_window[list(group)].all() for group in groups]),
            row_refs=tuple(() for _ in groups),
        ),
        effect=effect,
    )


def _mean(count: np.ndarray) -> float:
    known = count[np.isfinite(count)]
    return float(known.mean()) if known.size else float("nan")
