"""Did the truce change anything: one series against its own past.

The evidence is an anytime-valid e-value, E = Σ_r w_r P(window | rate × r) / P(window | rate),
reported as a change at E ≥ 20 (Lindon & Kallus 2024 for Poisson counts). Here both probabilities
are averaged over what the baseline leaves open: coefficients, dispersion, and a common factor of
the window that stands for days which hang together. With E's expectation of at most 1 where
nothing changed, E ≥ 20 has a probability of at most 1/20 (Ville 1939).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, gammainc, logsumexp

from truceline.assurance.regression import (
    Design,
    Draws,
    Family,
    Fit,
    draw,
    even_normals,
    fit_baseline,
    free_term,
    lay_out,
    linear_terms,
    variance,
)
from truceline.assurance.series import Effect, FloatArray, Series

#: reported as a change
E_THRESHOLD = 20.0
#: a baseline with fewer bins is not calibrated
MIN_BASELINE_BINS = 10
#: factor on the dispersion: clusters have heavier tails than the negative binomial
DISPERSION_INFLATION = 1.3
#: rates against which `no change` is tested, even in logs and symmetric about 1
LOG_RATIOS = np.log(2.0) / 2 * np.array([k for k in range(-10, 11) if k])
#: a series whose interval reaches this far says nothing of the ratio
LARGEST_RATIO = 1000.0
POWER_RATIOS = (0.1, 0.25, 0.5, 0.75)

_N_DRAWS = 400
_N_POWER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the window's bins would hold without a change, as draws.

    log_rate : (n_draws, n_bins); alpha : (n_draws,).
    """

    family: Family
    log_rate: FloatArray
    alpha: FloatArray


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
    fitted = np.exp(design.columns @ fit.coefficients + np.nan_to_num(design.offset, nan=-np.inf))
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
    low, high = ratio_interval(total, window)
    predicted_low, predicted_high = predict_total(window)
    power = measure_power(window, rng=rng)
    return tally.effect(
        expected=expected,
        expected_lo95=predicted_low,
        expected_hi95=predicted_high,
        ratio=total / expected,
        ratio_lo95=low,
        ratio_hi95=high,
        e_value=e_value,
        dispersion=1 / (fit.mean_alpha * DISPERSION_INFLATION),
        power=power,
        fitted=tuple(float(value) for value in fitted),
        reason_codes=(_reason(e_value, total / expected, power),),
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
    """Fit the baseline and say what the window would hold without a change."""
    past = Design(
        columns=design.columns[before],
        offset=design.offset[before],
        prior_precision=design.prior_precision,
    )
    fit = fit_baseline(count[before], past, family=family)
    n_window = max(int(during.sum()), 1)
    n_before = int(before.sum())
    widen, _, _ = _togetherness(count, design, before, fit, block=max(2, min(n_before // 6, 8)))
    draws = draw(
        fit,
        Design(
            columns=design.columns[during],
            offset=design.offset[during],
            prior_precision=design.prior_precision,
        ),
        n_draws=_N_DRAWS,
        widen=max(widen, 1.0),
        inflate=DISPERSION_INFLATION,
        rng=rng,
    )
    common = np.zeros(_N_DRAWS)
    if n_window > 1:
        # a window longer than a third of the past is judged by the longest runs that come three times
        block = min(n_window, max(2, n_before // 3))
        _, excess, error = _togetherness(count, design, before, fit, block=block)
        share = np.maximum(excess + error * even_normals(_N_DRAWS, rng=rng), 0.0)
        log_variance = np.log1p(share)
        common = np.sqrt(log_variance) * even_normals(_N_DRAWS, rng=rng) - log_variance / 2
    return fit, _window(draws, common, family)


def _window(draws: Draws, common: FloatArray, family: Family) -> Window:
    return Window(family=family, log_rate=draws.log_rate + common[:, None], alpha=draws.alpha)


def _togetherness(
    count: FloatArray, design: Design, before: np.ndarray, fit: Fit, *, block: int
) -> tuple[float, float, float]:
    """How far neighbouring bins of the baseline rise and fall together.

    Residuals are summed over every run of ``block`` bins in a row. Were bins independent, the
    square of such a sum would be S − mᵀΣm on average (S: sum of the bins' variances, m: sum of
    μ times the design's rows, Σ: covariance of the coefficients).

    Returns
    -------
    widen : mean square over what independence gives.
    excess : variance of a common factor of the run that would explain the difference.
    error : standard error of ``excess``.
    """
    rate = np.exp(design.columns @ fit.coefficients + design.offset)
    spread = variance(rate, fit.mean_alpha, family=fit.family)
    runs = np.lib.stride_tricks.sliding_window_view(np.arange(len(before)), block)
    runs = runs[before[runs].all(axis=1)]
    if len(runs) < 3:
        return 1.0, 0.0, 0.0
    together = np.square((count - rate)[runs].sum(axis=1))
    moment = (design.columns * rate[:, None])[runs].sum(axis=1)
    taken = np.einsum("bi,ij,bj->b", moment, fit.spread, moment)
    alone = np.maximum(spread[runs].sum(axis=1) - taken, 0.05 * spread[runs].sum(axis=1))
    scale = np.square(rate[runs].sum(axis=1)).mean()
    independent = max(len(runs) / block, 1.0)
    error = np.sqrt(2 / independent) * together.mean() / scale
    return (
        float(together.mean() / alone.mean()),
        float((together.mean() - alone.mean()) / scale),
        float(error),
    )


def measure_evidence(count: FloatArray, window: Window) -> FloatArray:
    """(n,) e-values of windows. count : (n, n_bins)."""
    ratios = np.concatenate([[0.0], LOG_RATIOS])
    shifted = window.log_rate[None, :, :] + ratios[:, None, None]
    slope, constant = linear_terms(shifted, window.alpha[None, :, None], family=window.family)
    alphas, which = np.unique(window.alpha, return_inverse=True)
    free = free_term(count[:, None, :], alphas[None, :, None], family=window.family).sum(axis=2)[:, which]
    log_mean = np.empty((len(ratios), len(count)))
    for k in range(len(ratios)):
        # not `@`: small products gain nothing from threads, and wait long for them on a busy machine
        fit = np.einsum("nb,jb->nj", count, slope[k]) + constant[k].sum(axis=1) + free
        peak = fit.max(axis=1)
        log_mean[k] = peak + np.log(np.exp(np.maximum(fit - peak[:, None], -60.0)).sum(axis=1))
    log_e = logsumexp(log_mean[1:], axis=0) - np.log(len(LOG_RATIOS)) - log_mean[0]
    evidence: FloatArray = np.exp(np.minimum(log_e, 600.0))
    return evidence


def _pooled(window: Window, ratio: float) -> tuple[FloatArray, FloatArray]:
    """Mean and dispersion of the window's total in each draw, by matching two moments.

    A fall may come from fewer clusters as well as from smaller ones. With fewer, the variance
    over the mean stays and α grows as 1/ratio; that, the wider case, is taken.
    """
    rate = np.exp(window.log_rate)
    mean = rate.sum(axis=1)
    alpha = window.alpha / min(ratio, 1.0)
    return ratio * mean, alpha * np.square(rate).sum(axis=1) / np.square(mean)


def total_at_most(total: float, ratio: float, window: Window) -> float:
    """Probability that the window's total is at most ``total`` if rates are ``ratio`` times those expected."""
    if total < 0:
        return 0.0
    mean, alpha = _pooled(window, ratio)
    kappa = 1 / alpha
    if window.family == "amount":
        return float(gammainc(kappa, kappa * total / mean).mean())
    return float(betainc(kappa, np.floor(total) + 1, kappa / (kappa + mean)).mean())


def ratio_interval(total: float, window: Window) -> tuple[float | None, float | None]:
    """95 % interval of the ratio: those under which the total is in neither tail of 2.5 %.

    None, None where it has no upper end to speak of (``LARGEST_RATIO``).
    """
    below = total if window.family == "amount" else total - 1  # P(T ≥ total) = 1 − P(T ≤ total − 1)
    low = 0.0 if total <= 0 else _solve(0.975, lambda ratio: total_at_most(below, ratio, window))
    high = _solve(0.025, lambda ratio: total_at_most(total, ratio, window))
    if high > LARGEST_RATIO:
        return None, None
    return low, high


def _solve(target: float, probability: Callable[[float], float]) -> float:
    """Where a probability that falls with the ratio crosses ``target``; by bisection in logs."""
    low, high = np.log(1e-6), np.log(1e6)
    for _ in range(44):
        middle = (low + high) / 2
        low, high = (middle, high) if probability(float(np.exp(middle))) > target else (low, middle)
    return float(np.exp((low + high) / 2))


def predict_total(window: Window) -> tuple[float, float]:
    """95 % predictive interval of the window's total without a change."""
    mean, _ = _pooled(window, 1.0)
    ends: list[float] = []
    for target in (0.025, 0.975):
        low, high = -1.0, float(mean.max()) * 50 + 50
        step = 1.0 if window.family == "count" else float(mean.mean()) / 1000
        while high - low > step:
            middle = (low + high) / 2 if window.family == "amount" else np.floor((low + high) / 2)
            low, high = (middle, high) if total_at_most(middle, 1.0, window) < target else (low, middle)
        ends.append(max(float(high), 0.0))
    return ends[0], ends[1]


def measure_power(window: Window, *, rng: np.random.Generator) -> dict[float, float]:
    """Probability of E ≥ 20 for each true ratio, by simulation from the draws."""
    power: dict[float, float] = {}
    for ratio in POWER_RATIOS:
        windows = simulate(window, ratio, n=_N_POWER, rng=rng)
        power[ratio] = float(np.mean(measure_evidence(windows, window) >= E_THRESHOLD))
    return power


def simulate(window: Window, ratio: float, *, n: int, rng: np.random.Generator) -> FloatArray:
    """(n, n_bins) windows under a true ratio; a fall by fewer clusters, see ``_pooled``."""
    which = rng.integers(len(window.alpha), size=n)
    rate = ratio * np.exp(window.log_rate[which])
    kappa = min(ratio, 1.0) / window.alpha[which][:, None]
    amount = rng.gamma(np.broadcast_to(kappa, rate.shape), rate / kappa)
    if window.family == "amount":
        return amount
    return rng.poisson(amount).astype(np.float64)


def _reason(e_value: float, ratio: float, power: dict[float, float]) -> str:
    if e_value >= E_THRESHOLD:
        return "series_fell" if ratio < 1 else "series_rose"
    return "series_no_change_shown" if power.get(0.5, 0.0) >= 0.5 else "series_uninformative"
