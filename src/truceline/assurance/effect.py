"""Did the truce change anything: one series against its own past.

The evidence is an anytime-valid e-value, E = Σ_r w_r P(window | rate × r) / P(window | rate),
reported as a change at E ≥ 20 (Lindon & Kallus 2024 for Poisson counts). Here both probabilities
are averaged over what the baseline leaves open: coefficients, dispersion, and a common factor of
the window that stands for days which hang together. With E's expectation of at most 1 where
nothing changed, E ≥ 20 has a probability of at most 1/20 (Ville 1939).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, gammainc, logsumexp

from truceline.assurance.level import measure_wander
from truceline.assurance.regression import (
    Design,
    Family,
    Fit,
    draw,
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
#: their weights, for half and double more than for a thirtieth
RATIO_WEIGHTS = np.exp(-np.abs(LOG_RATIOS) / 2) / np.exp(-np.abs(LOG_RATIOS) / 2).sum()
POWER_RATIOS = (0.1, 0.25, 0.5, 0.75)

_N_DRAWS = 300
_N_POWER = 100
#: a longer window is judged by sums over so many runs of its bins
_MOST_PARTS = 40
#: grid of levels: a ratio is a whole number of steps
_STEPS_PER_RATIO = 4
_LEVEL_STEP = float(np.log(2.0)) / 2 / _STEPS_PER_RATIO
_LEVEL_REACH = 48  #: steps to each side that a level may wander: a factor of 64
_LEVEL_EDGES: FloatArray = _LEVEL_STEP * (np.arange(2.0 * _LEVEL_REACH + 2) - _LEVEL_REACH - 0.5)
_RATIO_STEPS = tuple(int(k) * _STEPS_PER_RATIO for k in range(-10, 11) if k)
_RATIO_REACH = max(_RATIO_STEPS)
_LEVEL_CELLS: FloatArray = _LEVEL_STEP * (
    np.arange(2.0 * (_LEVEL_REACH + _RATIO_REACH) + 1) - _LEVEL_REACH - _RATIO_REACH
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the window's bins would hold without a change, as draws.

    log_rate : (n_draws, n_bins), at the level foreseen; alpha : (n_draws,).
    level : (n_draws,) how far the window's level wandered; mass : weights of the same on a grid of
        steps of ``_LEVEL_STEP``. None: the level is known. inflate : factor on α in the evidence.
    clutter : (n_bins,) expected counts that do not rise and fall with the rate; None: none.
    """

    family: Family
    log_rate: FloatArray
    alpha: FloatArray
    level: FloatArray | None = None
    mass: FloatArray | None = None
    inflate: float = 1.0
    clutter: FloatArray | None = None

    @property
    def added(self) -> FloatArray:
        """(n_bins,) clutter, or zeros."""
        return np.zeros(self.log_rate.shape[1]) if self.clutter is None else self.clutter


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
        mass=wander.mass(_LEVEL_EDGES),
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


def measure_evidence(count: FloatArray, window: Window) -> FloatArray:
    """(n,) e-values of windows. count : (n, n_bins).

    The window's level lies on a grid; without a change its cells weigh ``window.mass``, with one
    they weigh the same moved by each of ``LOG_RATIOS``, a weighted mean. Draws are spread over a cell's
    width, so that no level counts as known better than that.
    """
    count, log_rate, alpha, clutter = _gathered(count, window)
    if window.mass is None:
        cells = np.concatenate([[0.0], LOG_RATIOS])
        log_null = np.concatenate([[0.0], np.full(len(LOG_RATIOS), -np.inf)])
        log_changed = np.concatenate([[-np.inf], np.log(RATIO_WEIGHTS)])
    else:
        cells, log_null, log_changed = _LEVEL_CELLS, *_prior_of_cells(window.mass)
        jitter = (_golden(len(log_rate)) - 0.5) * _LEVEL_STEP
        log_rate = log_rate + jitter[:, None]
    log_mean = _log_likelihood(count, log_rate, alpha, clutter, cells, family=window.family)
    log_e = logsumexp(log_mean + log_changed[:, None], axis=0) - logsumexp(
        log_mean + log_null[:, None], axis=0
    )
    evidence: FloatArray = np.exp(np.clip(log_e, -600.0, 600.0))
    return evidence


def _log_likelihood(
    count: FloatArray,
    log_rate: FloatArray,
    alpha: FloatArray,
    clutter: FloatArray,
    cells: FloatArray,
    *,
    family: Family,
) -> FloatArray:
    """(n_cells, n) log probability of windows at each level, averaged over the draws."""
    flat, which = np.unique(alpha, return_inverse=True)
    which = which.reshape(alpha.shape)
    free = np.zeros((len(alpha), len(count)))
    for b in range(count.shape[1]):
        free += free_term(count[None, :, b], flat[:, None], family=family)[which[:, b]]
    log_mean = np.full((len(cells), len(count)), -np.inf)
    for k, rows in _worth_looking(cells, log_mean):
        moved = log_rate + cells[k]
        if clutter.any():
            moved = np.log(np.exp(moved) + clutter)
        slope, constant = linear_terms(moved, alpha, family=family)
        fit = _product(slope, count[rows])
        fit += constant.sum(axis=1)[:, None]
        fit += free[:, rows]
        peak = fit.max(axis=0)
        fit -= peak
        np.exp(np.maximum(fit, -60.0, out=fit), out=fit)
        log_mean[k, rows] = peak + np.log(fit.mean(axis=0))
    return log_mean


def _product(left: FloatArray, right: FloatArray) -> FloatArray:
    """(n, m) left @ right.T, in parts that are too small for threads, which on a busy machine wait long."""
    found = np.empty((len(left), len(right)))
    width = max(left.shape[1], 1)
    step = max(1, min((1 << 18) // max(width * len(right), 1), 9_000 // width))
    for low in range(0, len(left), step):
        np.matmul(left[low : low + step], right.T, out=found[low : low + step])
    return found


def _worth_looking(cells: FloatArray, log_mean: FloatArray) -> Iterator[tuple[int, np.ndarray]]:
    """Places of cells, with the windows to look at: every few of all first, then what is likely between.

    ``log_mean`` is filled by the caller in between. A level e^60 times less likely than the window's
    best one would add nothing that is ever told.
    """
    stride = 6 if len(cells) > 60 else 1
    first = list(range(0, len(cells), stride))
    every = np.arange(log_mean.shape[1])
    for k in first:
        yield k, every
    if stride == 1:
        return
    likely = log_mean[first] > log_mean[first].max(axis=0) - 60
    for place, start in enumerate(first):
        rows = np.flatnonzero(likely[place : place + 2].any(axis=0))
        if len(rows):
            for k in range(start + 1, min(start + stride, len(cells))):
                yield k, rows


def _prior_of_cells(mass: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logs of the cells' weights without and with a change, over all of ``_LEVEL_CELLS``."""
    null = np.zeros(len(_LEVEL_CELLS))
    null[_RATIO_REACH : _RATIO_REACH + len(mass)] = mass
    changed = np.zeros(len(_LEVEL_CELLS))
    for steps, weight in zip(_RATIO_STEPS, RATIO_WEIGHTS, strict=True):
        changed[_RATIO_REACH + steps : _RATIO_REACH + steps + len(mass)] += mass * weight
    with np.errstate(divide="ignore"):
        return np.log(null), np.log(changed)


def _golden(n: int) -> FloatArray:
    """(n,) numbers spread evenly over [0, 1), in an order without a pattern."""
    spread: FloatArray = np.modf(0.5 + np.arange(n) * (np.sqrt(5.0) - 1) / 2)[0]
    return spread


def _gathered(count: FloatArray, window: Window) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Counts, log rates, inflated dispersions and clutter of at most ``_MOST_PARTS`` runs of bins.

    A run's total has the moments of its bins' sum, under the mean of the draws.
    """
    n_bins = count.shape[1]
    alpha = window.alpha[:, None] * window.inflate
    if n_bins <= _MOST_PARTS:
        return count, window.log_rate, np.broadcast_to(alpha, window.log_rate.shape), window.added
    starts = np.unique(np.linspace(0, n_bins, _MOST_PARTS, endpoint=False).astype(np.int64))
    rate = np.exp(window.log_rate)
    total = np.add.reduceat(rate, starts, axis=1)
    usual = rate.mean(axis=0)
    pooled = np.add.reduceat(np.square(usual), starts) / np.square(np.add.reduceat(usual, starts))
    return (
        np.add.reduceat(count, starts, axis=1),
        np.log(total),
        alpha * pooled[None, :],
        np.add.reduceat(window.added, starts),
    )


def _pooled(window: Window, ratio: float) -> tuple[FloatArray, FloatArray]:
    """Mean and dispersion of the window's total in each draw, by matching two moments.

    A fall may come from fewer clusters as well as from smaller ones. With fewer, the variance
    over the mean stays and α grows as 1/ratio; half the draws take the one, half the other.
    """
    rate = ratio * np.exp(window.log_rate + _level(window)[:, None]) + window.added
    mean = rate.sum(axis=1)
    alpha = window.alpha * _fewer(len(window.alpha), ratio)
    return mean, alpha * np.square(rate).sum(axis=1) / np.square(mean)


def _fewer(n: int, ratio: float) -> FloatArray:
    """(n,) factor on α under a ratio: 1 and 1/ratio in turn."""
    return np.where(np.arange(n) % 2 == 0, 1 / min(ratio, 1.0), 1.0)


def _level(window: Window) -> FloatArray:
    return np.zeros(len(window.alpha)) if window.level is None else window.level


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
    windows = np.concatenate([simulate(window, ratio, n=_N_POWER, rng=rng) for ratio in POWER_RATIOS])
    changed = (measure_evidence(windows, window) >= E_THRESHOLD).reshape(len(POWER_RATIOS), _N_POWER)
    return {ratio: float(shown.mean()) for ratio, shown in zip(POWER_RATIOS, changed, strict=True)}


def simulate(window: Window, ratio: float, *, n: int, rng: np.random.Generator) -> FloatArray:
    """(n, n_bins) windows under a true ratio; a fall by fewer clusters, see ``_pooled``."""
    which = rng.integers(len(window.alpha), size=n)
    rate = ratio * np.exp(window.log_rate[which] + _level(window)[which][:, None]) + window.added
    kappa = 1 / (window.alpha * _fewer(len(window.alpha), ratio))[which][:, None]
    amount = rng.gamma(np.broadcast_to(kappa, rate.shape), rate / kappa)
    if window.family == "amount":
        return amount
    return rng.poisson(amount).astype(np.float64)


def _reason(e_value: float, ratio: float, power: dict[float, float]) -> str:
    if e_value >= E_THRESHOLD:
        return "series_fell" if ratio < 1 else "series_rose"
    return "series_no_change_shown" if power.get(0.5, 0.0) >= 0.5 else "series_uninformative"
