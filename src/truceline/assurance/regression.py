"""What a baseline says of the counts to expect: a log-linear rate with regular effects.

Counts are negative binomial (variance μ + αμ²), amounts are gamma (variance αμ²); α = 1/κ. The
coefficients have a normal prior that shrinks every effect but the level; α lies on a grid, each
point weighed by Laplace's approximation of its marginal likelihood (which allows for the
coefficients that were fitted).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky
from scipy.special import gammaln

from truceline.assurance.series import FloatArray, Series

Family = Literal["count", "amount"]

#: standard deviations of the prior, in logs
LEVEL_PRIOR_SD = 10.0
HOUR_PRIOR_SD = 1.0
WEEKDAY_PRIOR_SD = 0.3
TREND_PRIOR_SD_PER_30D = 0.25

_ALPHA_GRID = np.geomspace(2e-3, 4.0, 14)
_LOG_RATE_LIMIT = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """columns : (n_bins, n_terms); offset : (n_bins,) log of exposure × length of the bin.

    age_d, length_d : (n_bins,) middle and length of each bin, days.
    clutter : (n_bins,) counts to be expected that do not rise and fall with the rate; empty: none.
    """

    columns: FloatArray
    offset: FloatArray
    prior_precision: FloatArray
    age_d: FloatArray = field(default_factory=lambda: np.zeros(0))
    length_d: FloatArray = field(default_factory=lambda: np.zeros(0))
    clutter: FloatArray = field(default_factory=lambda: np.zeros(0))

    def take(self, chosen: np.ndarray) -> Design:
        """The bins chosen."""
        return Design(
            columns=self.columns[chosen],
            offset=self.offset[chosen],
            prior_precision=self.prior_precision,
            age_d=self.age_d[chosen],
            length_d=self.length_d[chosen],
            clutter=self.clutter[chosen] if len(self.clutter) else self.clutter,
        )

    @property
    def added(self) -> FloatArray | float:
        """Clutter, or nothing."""
        return self.clutter if len(self.clutter) else 0.0

    def rate(self, coefficients: FloatArray) -> FloatArray:
        """(n_bins,) counts to be expected, clutter among them; clutter alone where nothing is seen."""
        offset = np.nan_to_num(self.offset, nan=-np.inf)
        expected: FloatArray = np.exp(self.columns @ coefficients + offset) + self.added
        return expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Draws from what the baseline leaves open.

    log_rate : (n_draws, n_bins) log of the expected count of every bin, exposure included;
    alpha : (n_draws,) dispersion.
    """

    log_rate: FloatArray
    alpha: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Posterior on a grid of α. mode : (n_grid, n_terms); covariance : (n_grid, n_terms, n_terms)."""

    family: Family
    alpha: FloatArray
    weight: FloatArray
    mode: FloatArray
    covariance: FloatArray

    @property
    def mean_alpha(self) -> float:
        """Posterior mean of the dispersion."""
        return float(self.weight @ self.alpha)

    @property
    def coefficients(self) -> FloatArray:
        """(n_terms,) posterior mean of the coefficients."""
        mean: FloatArray = self.weight @ self.mode
        return mean

    @property
    def spread(self) -> FloatArray:
        """(n_terms, n_terms) covariance of the coefficients at the likeliest α."""
        best: FloatArray = self.covariance[int(np.argmax(self.weight))]
        return best


def lay_out(series: Series) -> Design:
    """The design of a series: level, bin of the day, weekday, trend in units of 30 days.

    The trend is centred on the baseline's middle; a bin without exposure has an offset of NaN.
    """
    zone = ZoneInfo(series.spec.zone)
    middle = [one.start + (one.stop - one.start) / 2 for one in series.bins]
    hours = np.array([one.duration_h for one in series.bins])
    with np.errstate(divide="ignore"):
        offset = np.log(series.exposure * hours / series.spec.usual_bin_h)
    offset[~np.isfinite(offset)] = np.nan
    blocks = [np.ones((len(middle), 1))]
    sd = [LEVEL_PRIOR_SD]
    if series.spec.model.hour and series.spec.usual_bin_h < 24:
        clock = [one.start.astimezone(zone) for one in series.bins]
        level = [int((moment.hour + moment.minute / 60) // series.spec.bin_h) for moment in clock]
        blocks.append(_levels(level, round(24 / series.spec.bin_h)))
        sd += [HOUR_PRIOR_SD] * blocks[-1].shape[1]
    if series.spec.model.weekday and series.spec.usual_bin_h <= 24:
        blocks.append(_levels([moment.astimezone(zone).weekday() for moment in middle], 7))
        sd += [WEEKDAY_PRIOR_SD] * 7
    if series.spec.model.trend:
        age = np.array([moment.timestamp() for moment in middle]) / (30 * 86400)
        usable = series.in_baseline & np.isfinite(series.count)
        age -= age[usable].mean() if usable.any() else age.mean()
        blocks.append(age[:, None])
        sd.append(TREND_PRIOR_SD_PER_30D)
    return Design(
        columns=np.hstack(blocks),
        offset=offset,
        prior_precision=1 / np.square(sd),
        age_d=np.array([moment.timestamp() for moment in middle]) / 86400,
        length_d=hours / 24,
        clutter=np.zeros(0) if series.clutter is None else series.clutter,
    )


def _levels(level: list[int], n_levels: int) -> FloatArray:
    indicator: FloatArray = np.eye(n_levels)[np.array(level)]
    return indicator


def fit_baseline(count: FloatArray, design: Design, *, family: Family) -> Fit:
    """Fit the model to the bins given.

    Parameters
    ----------
    count : (n_bins,) finite; ``design`` has the same bins.
    """
    n_terms = design.columns.shape[1]
    mode = np.zeros((len(_ALPHA_GRID), n_terms))
    covariance = np.zeros((len(_ALPHA_GRID), n_terms, n_terms))
    log_weight = np.zeros(len(_ALPHA_GRID))
    start = np.zeros(n_terms)
    real = max(count.sum() - np.sum(design.added), 0.1 * count.sum(), 0.5)
    start[0] = np.log(real / np.exp(design.offset).sum())
    for k in range(len(_ALPHA_GRID))[::-1]:
        alpha = float(_ALPHA_GRID[k])
        start, information = _climb(count, design, alpha=alpha, family=family, start=start)
        log_rate = np.log(np.exp(design.offset + design.columns @ start) + design.added)
        factor = cho_factor(information)
        mode[k] = start
        covariance[k] = cho_solve(factor, np.eye(n_terms))
        # flat in sqrt(α): the grid is even in log α, so a factor sqrt(α) stands for the prior
        log_weight[k] = (
            log_density(count, log_rate, alpha, family=family).sum()
            - 0.5 * float(design.prior_precision @ np.square(start))
            - float(np.log(np.diag(factor[0])).sum())
            + 0.5 * np.log(alpha)
        )
    weight = np.exp(log_weight - log_weight.max())
    return Fit(
        family=family, alpha=_ALPHA_GRID, weight=weight / weight.sum(), mode=mode, covariance=covariance
    )


def _climb(
    count: FloatArray, design: Design, *, alpha: float, family: Family, start: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Fisher scoring to the posterior mode; returns it with the information there."""
    beta = start
    information = np.diag(design.prior_precision)
    for _ in range(40):
        real = np.exp(np.clip(design.offset + design.columns @ beta, -_LOG_RATE_LIMIT, _LOG_RATE_LIMIT))
        rate = real + design.added
        weight = fisher_weight(rate, alpha, family=family)
        part = real / rate
        information = design.columns.T @ (design.columns * (weight * part**2)[:, None])
        information += np.diag(design.prior_precision)
        slope = design.columns.T @ (weight * part * (count / rate - 1)) - design.prior_precision * beta
        step = cho_solve(cho_factor(information), slope)
        # a step of more than 2 in any log effect overshoots where the start was poor
        beta = beta + step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(step).max() < 1e-7:
            break
    return beta, information


def fisher_weight(rate: FloatArray, alpha: float, *, family: Family) -> FloatArray:
    """Information of one bin about its log rate: μ²/variance."""
    if family == "amount":
        return np.full_like(rate, 1 / alpha)
    weight: FloatArray = rate / (1 + alpha * rate)
    return weight


def variance(rate: FloatArray, alpha: float | FloatArray, *, family: Family) -> FloatArray:
    """Variance of a bin: μ + αμ² (count) or αμ² (amount)."""
    spread: FloatArray = alpha * np.square(rate) + (rate if family == "count" else 0.0)
    return spread


def log_density(
    count: FloatArray, log_rate: FloatArray, alpha: float | FloatArray, *, family: Family
) -> FloatArray:
    """Log probability of counts (or log density of amounts); arguments broadcast."""
    slope, constant = linear_terms(log_rate, alpha, family=family)
    total: FloatArray = count * slope + constant + free_term(count, alpha, family=family)
    return total


def linear_terms(
    log_rate: FloatArray, alpha: float | FloatArray, *, family: Family
) -> tuple[FloatArray, FloatArray]:
    """Log density as ``count × slope + constant + free_term(count)``: slope and constant.

    Negative binomial: c log(μ/(κ+μ)) + κ log(κ/(κ+μ)); gamma: −c κ/μ − κ log(μ/κ).
    """
    kappa = 1 / np.asarray(alpha)
    if family == "amount":
        return -kappa * np.exp(-log_rate), -kappa * (log_rate - np.log(kappa))
    log_total = np.log(kappa + np.exp(log_rate))  # rates and dispersions are far from where this overflows
    return log_rate - log_total, kappa * (np.log(kappa) - log_total)


def free_term(count: FloatArray, alpha: float | FloatArray, *, family: Family) -> FloatArray:
    """The part of the log density that does not depend on the rate."""
    kappa = 1 / np.asarray(alpha)
    if family == "amount":
        free: FloatArray = (kappa - 1) * np.log(count) - gammaln(kappa)
    else:
        free = gammaln(count + kappa) - gammaln(kappa) - gammaln(count + 1)
    return free


def draw(fit: Fit, design: Design, *, n_draws: int, widen: float, rng: np.random.Generator) -> Draws:
    """Draw rates and dispersions.

    Parameters
    ----------
    widen : factor on the coefficients' covariance (bins that hang together say less).
    """
    share = (np.arange(n_draws) + 0.5) / n_draws
    which = np.minimum(np.searchsorted(np.cumsum(fit.weight), share), len(fit.alpha) - 1)
    half = rng.standard_normal((n_draws - n_draws // 2, fit.mode.shape[1]))
    normal = np.empty((n_draws, fit.mode.shape[1]))
    normal[0::2], normal[1::2] = half, -half[: n_draws // 2]  # pairs cancel the error of the mean
    beta = np.empty_like(normal)
    for k in np.unique(which):
        mine = which == k
        root = cholesky(fit.covariance[k] * widen, lower=True)
        beta[mine] = fit.mode[k] + normal[mine] @ root.T
    log_rate = np.clip(beta @ design.columns.T + design.offset, -_LOG_RATE_LIMIT, _LOG_RATE_LIMIT)
    return Draws(log_rate=log_rate, alpha=fit.alpha[which])
