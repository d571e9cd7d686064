"""Did the truce change anything: one series against its own past.

A baseline is fitted (``regression``), it foretells what the window would hold without a change
(``window``), and what the window does hold is weighed against that (``e_value``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.assurance.e_value import E_THRESHOLD, LEVEL_EDGES, measure_evidence, measure_power
from truceline.assurance.level import measure_wander
from truceline.assurance.regression import Design, Family, Fit, draw, fit_baseline, lay_out, variance
from truceline.assurance.series import Effect, FloatArray, Series
from truceline.assurance.window import Window, predict_total, ratio_interval

#: a baseline with fewer bins is not calibrated
MIN_BASELINE_BINS = 10
#: factor on the dispersion: clusters have heavier tails than the negative binomial
DISPERSION_INFLATION = 1.3

_N_DRAWS = 300


def measure_effect(series: Series, *, seed: int) -> Effect:
    """Measure the change in the window against the baseline.

    The result depends on the counts, exposures and times alone, and on ``seed``; not on names.
    """
    usable = np.isfinite(series.count) & (series.count >= 0) & (series.exposure > 0)
    before, during = usable & series.in_baseline, usable & series.in_window
    tally = _Tally(
        series_id=series.spec.id,
        n_baseline=int(before.sum()),
        n_window=int(during.sum()),
        n_window_missing=int(series.in_window.sum() - during.sum()),
        observed=float(series.count[during].sum()) if during.any() else None,
    )
    design = lay_out(series)
    if tally.n_baseline < MIN_BASELINE_BINS or not series.count[before].any():
        return _plain_ratio(tally, series, design, before=before, during=during)
    family = _family(series.count[before | during])
    count = _tidy(series.count, family=family)
    rng = np.random.default_rng(seed)
    fit, window = calibrate(count, design, before=before, during=during, family=family, rng=rng)
    fitted = design.rate(fit.coefficients)
    if not during.any():
        blind = bool(np.all(series.exposure[series.in_window] <= 0)) and bool(series.in_window.any())
        return tally.effect(
            dispersion=1 / (fit.mean_alpha * DISPERSION_INFLATION),
            fitted=tuple(float(value) for value in fitted),
            reason_codes=("coverage_lost" if blind else "missing_row_not_zero",),
        )
    e_value = float(measure_evidence(count[during][None, :], window)[0])
    total = float(count[during].sum())
    expected = float(fitted[during].sum())
    clutter = float(np.sum(design.take(during).added))
    ratio = max(total - clutter, 0.0) / (expected - clutter)
    low, high = ratio_interval(total, window)
    predicted_low, predicted_high = predict_total(window)
    power = measure_power(window, rng=rng)
    return tally.effect(
        expected=expected,
        expected_lo95=predicted_low,
        expected_hi95=predicted_high,
        ratio=ratio,
        ratio_lo95=low,
        ratio_hi95=high,
        e_value=e_value,
        dispersion=1 / (fit.mean_alpha * DISPERSION_INFLATION),
        power=power,
        fitted=tuple(float(value) for value in fitted),
        reason_codes=(_reason(e_value, ratio, power),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    series_id: str
    n_baseline: int
    n_window: int
    n_window_missing: int
    observed: float | None

    def effect(
        self,
        *,
        reason_codes: tuple[str, ...],
        expected: float | None = None,
        expected_lo95: float | None = None,
        expected_hi95: float | None = None,
        ratio: float | None = None,
        ratio_lo95: float | None = None,
        ratio_hi95: float | None = None,
        e_value: float | None = None,
        dispersion: float | None = None,
        power: dict[float, float] | None = None,
        fitted: tuple[float, ...] = (),
    ) -> Effect:
        return Effect(
            series_id=self.series_id,
            n_baseline=self.n_baseline,
            n_window=self.n_window,
            n_window_missing=self.n_window_missing,
            observed=self.observed,
            expected=expected,
            expected_lo95=expected_lo95,
            expected_hi95=expected_hi95,
            ratio=ratio,
            ratio_lo95=ratio_lo95,
            ratio_hi95=ratio_hi95,
            e_value=e_value,
            dispersion=dispersion,
            power=power or {},
            fitted=fitted,
            reason_codes=reason_codes,
        )


def _plain_ratio(
    tally: _Tally, series: Series, design: Design, *, before: np.ndarray, during: np.ndarray
) -> Effect:
    """Too little past to calibrate a test: the ratio of the rates, and no more."""
    if tally.observed is None or not series.count[before].any():
        code = "no_baseline" if tally.observed is not None else "missing_row_not_zero"
        return tally.effect(reason_codes=(code,))
    rate = series.count[before].sum() / np.exp(design.offset[before]).sum()
    expected = float(rate * np.exp(design.offset[during]).sum())
    return tally.effect(
        expected=expected,
        ratio=tally.observed / expected,
        fitted=tuple(float(value) for value in rate * np.exp(np.nan_to_num(design.offset, nan=-np.inf))),
        reason_codes=("baseline_too_short",),
    )


def _family(count: FloatArray) -> Family:
    """Amounts where any number has a fraction, else counts."""
    return "amount" if np.any(np.abs(count - np.round(count)) > 1e-9) else "count"


def _tidy(count: FloatArray, *, family: Family) -> FloatArray:
    """Amounts need a floor (a gamma has no zero): a thousandth of the mean."""
    if family == "count":
        rounded: FloatArray = np.round(count)
        return rounded
    floored: FloatArray = np.maximum(count, np.nanmean(count) / 1000)
    return floored


def calibrate(
    count: FloatArray,
    design: Design,
    *,
    before: np.ndarray,
    during: np.ndarray,
    family: Family,
    rng: np.random.Generator,
) -> tuple[Fit, Window]:
    """Fit the baseline and say what the window would hold without a change.

    Where no bin of the window can be used, the window is empty.
    """
    fit = fit_baseline(count[before], design.take(before), family=family)
    widen = togetherness(count, design, before, fit)
    ahead = design.take(during)
    draws = draw(fit, ahead, n_draws=_N_DRAWS, widen=max(widen, 1.0), rng=rng)
    if not during.any():
        return fit, Window(family=family, log_rate=draws.log_rate, alpha=draws.alpha)
    wander = measure_wander(count, design, before=before, during=during, fit=fit)
    share = (rng.permutation(_N_DRAWS) + rng.random(_N_DRAWS)) / _N_DRAWS
    return fit, Window(
        family=family,
        log_rate=draws.log_rate,
        alpha=draws.alpha,
        level=wander.quantiles(share),
        mass=wander.mass(LEVEL_EDGES),
        inflate=DISPERSION_INFLATION,
        clutter=ahead.clutter if len(ahead.clutter) else None,
    )


def togetherness(count: FloatArray, design: Design, before: np.ndarray, fit: Fit) -> float:
    """How far neighbouring bins of the baseline rise and fall together: 1 where they do not.

    Residuals are summed over every run of some bins in a row. Were bins independent, the square of
    such a sum would be S − mᵀΣm on average (S: sum of the bins' variances, m: sum of μ times the
    design's rows, Σ: covariance of the coefficients); returned is the mean square over that.
    """
    block = max(2, min(int(before.sum()) // 6, 8))
    rate = design.rate(fit.coefficients)
    spread = variance(rate, fit.mean_alpha, family=fit.family)
    runs = np.lib.stride_tricks.sliding_window_view(np.arange(len(before)), block)
    runs = runs[before[runs].all(axis=1)]
    if len(runs) < 3:
        return 1.0
    together = np.square((count - rate)[runs].sum(axis=1))
    moment = (design.columns * (rate - design.added)[:, None])[runs].sum(axis=1)
    taken = np.einsum("bi,ij,bj->b", moment, fit.spread, moment)
    alone = np.maximum(spread[runs].sum(axis=1) - taken, 0.05 * spread[runs].sum(axis=1))
    return float(together.mean() / alone.mean())


def _reason(e_value: float, ratio: float, power: dict[float, float]) -> str:
    if e_value >= E_THRESHOLD:
        return "series_fell" if ratio < 1 else "series_rose"
    return "series_no_change_shown" if power.get(0.5, 0.0) >= 0.5 else "series_uninformative"
