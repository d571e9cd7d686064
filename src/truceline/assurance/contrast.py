"""Did a change fall on some parts of the line and not on others: the ratio of two ratios.

Each side is a number of series over the same bins, pooled into one. What its window holds over what its
own past foretells is its ratio (``effect``, ``window``), with a level that wanders. The first ratio over
the second has a 95 % interval by convolution of the two ratios' confidence distributions: for each, the
chance of a total as small, or as large, as the one seen, as a function of the ratio (Cox 1958). The two
are taken as independent; where both sides' levels rise and fall together the interval is too wide, never
too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from truceline.assurance.effect import MIN_BASELINE_BINS, calibrate
from truceline.assurance.regression import lay_out
from truceline.assurance.series import FloatArray, Series
from truceline.assurance.window import LARGEST_RATIO, Window, ratio_interval, total_at_most

#: fewer parts on one side say what befell these, not what the difference between the sides did
LEAST_PARTS = 3

_N_COARSE, _N_FINE = 33, 61
_N_QUANTILES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRatio:
    """One side's total in the window over the total that its past foretells; None: cannot be told."""

    n_parts: int
    observed: float | None
    expected: float | None
    ratio: float | None
    ratio_lo95: float | None
    ratio_hi95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """The first side's ratio over the second's.

    ``ratio`` below 1: the first fell by more. ``reason_code`` is empty where there is an interval, else
    ``too_few_parts``, ``baseline_too_short``, ``missing_row_not_zero`` or ``no_baseline``. ``before_ratio``
    is the same taken over the end of the past, when nothing had happened: it should hold 1.
    """

    first: SideRatio
    second: SideRatio
    ratio: float | None = None
    ratio_lo95: float | None = None
    ratio_hi95: float | None = None  #: None with a ``ratio_lo95``: no upper end to speak of
    before_ratio: float | None = None
    before_lo95: float | None = None
    before_hi95: float | None = None
    reason_code: str = ""

    @property
    def differs(self) -> bool:
        """Whether the interval leaves out 1."""
        if self.ratio_lo95 is None:
            return False
        return self.ratio_lo95 > 1 or (self.ratio_hi95 is not None and self.ratio_hi95 < 1)

    @property
    def differed_before(self) -> bool:
        """Whether the two sides had already come apart before anything happened."""
        if self.before_lo95 is None:
            return False
        return self.before_lo95 > 1 or (self.before_hi95 is not None and self.before_hi95 < 1)


def measure_contrast(
    first: Sequence[Series], second: Sequence[Series], *, seed: int, look_back: bool = True
) -> Contrast:
    """Compare two sides. All series have the same bins; the result does not depend on names.

    ``look_back``: whether to compare the end of the past too.

    Raises
    ------
    ValueError
        If the series do not share their bins.
    """
    if len({series.bins for series in (*first, *second)}) > 1:
        raise ValueError("series with different bins cannot be compared")
    sides = [_usable(first), _usable(second)]
    if min(len(side) for side in sides) < LEAST_PARTS:
        empty = [_empty(len(side)) for side in sides]
        return Contrast(first=empty[0], second=empty[1], reason_code="too_few_parts")
    pools = [_pool(side) for side in sides]
    measured = [_measure(pool, len(side), seed=seed) for pool, side in zip(pools, sides, strict=True)]
    faults = [one for one in measured if isinstance(one, str)]
    if faults:
        empty = [_empty(len(side)) for side in sides]
        return Contrast(first=empty[0], second=empty[1], reason_code=faults[0])
    (one, window), (other, beside) = (pair for pair in measured if not isinstance(pair, str))
    low, high = _interval(_total(one), window, _total(other), beside)
    before = _before(pools, seed=seed) if look_back else (None, None, None)
    return Contrast(
        first=one,
        second=other,
        ratio=_over(one.ratio, other.ratio),
        ratio_lo95=low,
        ratio_hi95=high,
        before_ratio=before[0],
        before_lo95=before[1],
        before_hi95=before[2],
    )


def _usable(side: Sequence[Series]) -> list[Series]:
    """Parts with a past to be compared with."""
    return [series for series in side if np.nansum(np.where(series.in_baseline, series.count, 0.0)) > 0]


def _pool(side: Sequence[Series]) -> Series:
    """One series of many parts: where some see less, the pool is exposed by so much of what they count.

    A part's weight is its rate in the past; a bin in which it has no count adds neither count nor exposure.
    """
    counts = np.array([series.count for series in side])
    exposures = np.array([np.where(np.isfinite(series.count), series.exposure, 0.0) for series in side])
    past = side[0].in_baseline
    known = np.where(np.isfinite(counts), counts, 0.0)
    weight = known[:, past].sum(axis=1) / exposures[:, past].sum(axis=1)
    weight /= weight.sum()
    exposure = weight @ exposures
    clutter = None
    if any(series.clutter is not None for series in side):
        each = [np.zeros(len(past)) if one.clutter is None else one.clutter for one in side]
        clutter = np.where(exposures > 0, np.array(each), 0.0).sum(axis=0)
    return replace(
        side[0],
        count=np.where(exposure > 0, known.sum(axis=0), np.nan),
        exposure=exposure,
        clutter=clutter,
    )


def _measure(series: Series, n_parts: int, *, seed: int) -> tuple[SideRatio, Window] | str:
    """A side's ratio, and the window that it rests on; or the code of what is lacking."""
    usable = np.isfinite(series.count) & (series.exposure > 0)
    before, during = usable & series.in_baseline, usable & series.in_window
    if not during.any():
        return "missing_row_not_zero"
    if before.sum() < MIN_BASELINE_BINS:
        return "baseline_too_short"
    design = lay_out(series)
    count = np.where(usable, np.round(series.count), np.nan)
    rng = np.random.default_rng(seed)
    fit, window = calibrate(count, design, before=before, during=during, family="count", rng=rng)
    clutter = float(np.sum(design.take(during).added))
    expected = float(design.rate(fit.coefficients)[during].sum())
    total = float(count[during].sum())
    low, high = ratio_interval(total, window)
    side = SideRatio(
        n_parts=n_parts,
        observed=total,
        expected=expected,
        ratio=max(total - clutter, 0.0) / (expected - clutter),
        ratio_lo95=low,
        ratio_hi95=high,
    )
    return side, window


def _before(pools: Sequence[Series], *, seed: int) -> tuple[float | None, float | None, float | None]:
    """The same comparison with the end of the past in place of the window."""
    found = []
    for pool in pools:
        past = np.flatnonzero(pool.in_baseline)
        n_last = min(max(int(pool.in_window.sum()), 1), len(past) // 3)
        last = np.zeros(len(pool.in_baseline), dtype=np.bool_)
        last[past[len(past) - n_last :]] = n_last > 0
        found.append(
            _measure(replace(pool, in_baseline=pool.in_baseline & ~last, in_window=last), 0, seed=seed)
        )
    if any(isinstance(one, str) for one in found):
        return None, None, None
    (one, window), (other, beside) = (pair for pair in found if not isinstance(pair, str))
    low, high = _interval(_total(one), window, _total(other), beside)
    return _over(one.ratio, other.ratio), low, high


def _interval(
    total: float, window: Window, other_total: float, beside: Window
) -> tuple[float | None, float | None]:
    """95 % interval of the first ratio over the second; None for an end that nothing bounds."""
    low_one, high_one = _quantiles(total - 1, window), _quantiles(total, window)
    low_other, high_other = _quantiles(other_total - 1, beside), _quantiles(other_total, beside)
    low = float(np.exp(np.quantile(low_one[:, None] - high_other[None, :], 0.025)))
    high = float(np.exp(np.quantile(high_one[:, None] - low_other[None, :], 0.975)))
    if low > LARGEST_RATIO or not np.isfinite(low):
        return None, None
    return (0.0 if low < 1 / LARGEST_RATIO else low), (None if high > LARGEST_RATIO else high)


def _quantiles(total: float, window: Window) -> FloatArray:
    """(n,) logs of ratios below which even shares of 1 − P(at most ``total`` | ratio) lie."""
    if total < 0:
        return np.full(_N_QUANTILES, -2 * np.log(LARGEST_RATIO))  # as good as nothing

    def above(logs: FloatArray) -> FloatArray:
        found = [1 - total_at_most(total, float(np.exp(one)), window) for one in logs]
        return np.maximum.accumulate(np.array(found))

    usual = float(np.exp(window.log_rate).sum(axis=1).mean())
    wide = np.log(max(total, 0.5) / usual) + np.linspace(-7.0, 5.0, _N_COARSE)
    coarse = above(wide)
    # a fine grid where the chance is neither naught nor one
    low = wide[max(int(np.searchsorted(coarse, 5e-4)) - 1, 0)]
    high = wide[min(int(np.searchsorted(coarse, 1 - 5e-4)), _N_COARSE - 1)]
    at = np.linspace(low, high, _N_FINE)
    rising = above(at)
    share = (np.arange(_N_QUANTILES) + 0.5) / _N_QUANTILES
    found: FloatArray = np.interp(share, rising, at)
    return found


def _total(side: SideRatio) -> float:
    return side.observed or 0.0


def _over(one: float | None, other: float | None) -> float | None:
    return None if one is None or not other else one / other


def _empty(n_parts: int) -> SideRatio:
    return SideRatio(
        n_parts=n_parts, observed=None, expected=None, ratio=None, ratio_lo95=None, ratio_hi95=None
    )
