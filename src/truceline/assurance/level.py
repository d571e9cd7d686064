"""How far a level wanders by itself: what a window may differ from its past without any truce.

Neighbouring days hang together, and months differ for reasons of their own. The log rate of a
series is taken as regular effects plus a level that wanders, an Ornstein–Uhlenbeck process of
standard deviation σ and memory τ (τ far beyond the past: a random walk). How likely each pair is
follows from the past's own residuals (a Gaussian process on their logs, level and trend integrated
out). The window's mean level then has, around what the fit foresees, a mixture of normals. What
the past is too short to tell stays wide, so that no window can be surer than its past allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtr

from truceline.assurance.regression import TREND_PRIOR_SD_PER_30D, Design, Fit, fisher_weight, variance
from truceline.assurance.series import FloatArray

#: prior of the level's usual change over the past's length: half-t with 3 degrees, this scale, in logs
WANDER_SCALE = 0.3
#: times at which a level is told apart, at most, in the past and in the window
MOST_STEPS = 48

_CHANGE = np.array([0.0, 0.04, 0.08, 0.16, 0.28, 0.45, 0.7, 1.1, 1.7])
#: share of the dispersion that is not the level's own, since the fit puts all of it into α
_OWN_NOISE = np.array([0.15, 0.5, 1.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wander:
    """The window's mean level about the one foreseen: a mixture of normals, in logs of the rate.

    weight, mean, sd : (n_parts,).
    """

    weight: FloatArray
    mean: FloatArray
    sd: FloatArray

    @property
    def spread(self) -> float:
        """Standard deviation of the mixture."""
        mean = float(self.weight @ self.mean)
        return float(np.sqrt(self.weight @ (np.square(self.sd) + np.square(self.mean - mean))))

    def mass(self, edges: FloatArray) -> FloatArray:
        """(n_edges − 1,) probability of each cell; what lies beyond goes to the ends."""
        scaled = (edges[1:-1, None] - self.mean) / np.maximum(self.sd, 1e-6)
        below = np.concatenate([[0.0], ndtr(scaled) @ self.weight, [1.0]])
        cells: FloatArray = np.maximum(np.diff(below), 0.0)
        return cells

    def quantiles(self, share: FloatArray) -> FloatArray:
        """Levels below which each share of the mixture lies, by interpolation on a fine grid."""
        reach = 6 * float(np.max(self.sd) + np.abs(self.mean).max()) + 1e-6
        at = reach * np.linspace(-1, 1, 4001) ** 3  # finer near zero
        below = ndtr((at[:, None] - self.mean) / np.maximum(self.sd, 1e-6)) @ self.weight
        found: FloatArray = np.interp(share, below, at)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """Usable bins of a stretch gathered into steps. of : (n_bins,) step of each bin; age_d : (n_steps,)."""

    of: np.ndarray
    age_d: FloatArray
    length_d: FloatArray

    def total(self, values: FloatArray) -> FloatArray:
        summed: FloatArray = np.bincount(self.of, weights=values, minlength=len(self.age_d)).astype(
            np.float64
        )
        return summed


def measure_wander(
    count: FloatArray,
    design: Design,
    *,
    before: np.ndarray,
    during: np.ndarray,
    fit: Fit,
) -> Wander:
    """How far the window's mean level may lie from the one the fit foresees.

    1. Bins are gathered into at most ``MOST_STEPS`` steps of equal length, past and window apart.
    2. Residuals of the past (log of counted over fitted) weigh each (σ, τ, share of own noise).
    3. The level's contrast (mean over the window, minus what the fit makes of the past's levels)
       has a variance under each pair.
    """
    past, ahead = _gather(design, before), _gather(design, during)  # (1)
    rate = design.rate(fit.coefficients) - design.added  # of what wanders: clutter does not
    ages = np.concatenate([past.age_d, ahead.age_d])
    lengths = np.concatenate([past.length_d, ahead.length_d])
    reach = float(ages.max() - ages.min()) + float(lengths.max())
    tau = np.geomspace(max(float(lengths.min()) / 2, reach / 200), 2 * reach, 6)
    square = _squares(tau, float(past.age_d.max() - past.age_d.min()) + float(past.length_d[0]))
    kernel = _kernels(ages, lengths, tau)
    n_past = len(past.age_d)
    clutter = design.clutter[before] if len(design.clutter) else np.zeros(int(before.sum()))
    weight = _weigh(
        count[before], rate[before], clutter, past, square, kernel[:, :n_past, :n_past], fit
    )  # (2)
    pull = _pull(design, rate, before=before, during=during, fit=fit)  # (3)
    share = rate[during] / rate[during].sum()
    back, ahead_share = past.total(pull), ahead.total(share)
    contrast = np.concatenate([-back, ahead_share])
    own = np.concatenate([np.zeros(n_past), ahead_share])
    past_share = np.concatenate([past.total(rate[before]) / rate[before].sum(), np.zeros(len(ahead.age_d))])
    contrast_var, window_var, past_var = (
        np.einsum("i,tij,j->t", vector, kernel, vector) for vector in (contrast, own, past_share)
    )
    # a mean of rates exceeds the rate of the mean level; the more so the more of its path is seen
    shift = np.clip(square * (past_var - window_var)[None, :] / 2, -0.5, 0.5)
    return Wander(
        weight=weight.ravel(), mean=shift.ravel(), sd=np.sqrt(square * contrast_var[None, :]).ravel()
    )


def _squares(tau_d: FloatArray, span_d: float) -> FloatArray:
    """(n_change, n_tau) σ² under which the level changes so much over ``span_d``: s² = 2σ²(1 − e^(−T/τ))."""
    square: FloatArray = np.square(_CHANGE)[:, None] / (2 * -np.expm1(-span_d / tau_d))[None, :]
    return square


def _gather(design: Design, chosen: np.ndarray) -> _Steps:
    age, length = design.age_d[chosen], design.length_d[chosen]
    start, stop = float((age - length / 2).min()), float((age + length / 2).max())
    step = max((stop - start) / MOST_STEPS, float(length.max()))
    n_steps = max(int(np.floor((stop - start) / step + 1e-6)), 1)
    place = np.minimum(((age - start) / (stop - start) * n_steps).astype(np.int64), n_steps - 1)
    used, of = np.unique(place, return_inverse=True)
    size = np.bincount(of)
    return _Steps(
        of=of,
        age_d=np.bincount(of, weights=age) / size,
        length_d=np.full(len(used), (stop - start) / n_steps),
    )


def _kernels(age_d: FloatArray, length_d: FloatArray, tau_d: FloatArray) -> FloatArray:
    """(n_tau, n, n) correlation of the level's means over steps."""
    apart = np.abs(age_d[:, None] - age_d[None, :])
    half = length_d[None, :] / (2 * tau_d[:, None])
    # mean of exp(−|t−s|/τ) over two stretches apart is exp(−gap/τ) times sinh(h)/h of each
    lift = np.where(half > 1e-6, np.sinh(np.minimum(half, 30)) / np.maximum(half, 1e-9), 1.0)
    kernel = np.exp(-apart / tau_d[:, None, None]) * lift[:, :, None] * lift[:, None, :]
    same = np.where(half > 1e-4, (1 - (1 - np.exp(-2 * half)) / np.maximum(2 * half, 1e-9)) / np.maximum(half, 1e-9), 1.0)  # fmt: skip
    at = np.arange(len(age_d))
    kernel[:, at, at] = same
    capped: FloatArray = np.minimum(kernel, np.sqrt(same[:, :, None] * same[:, None, :]))
    return capped


def _weigh(
    count: FloatArray,
    rate: FloatArray,
    clutter: FloatArray,
    past: _Steps,
    square: FloatArray,
    kernel: FloatArray,
    fit: Fit,
) -> FloatArray:
    """(n_change, n_tau) posterior weights, the share of own noise integrated out."""
    total, expected = past.total(count - clutter), past.total(rate)
    whole = rate + clutter
    poisson_part = whole if fit.family == "count" else 0.0
    scatter = past.total(variance(whole, fit.mean_alpha, family=fit.family) - poisson_part) / np.square(
        expected
    )
    if fit.family == "count":
        residual = np.log(np.maximum(total + 0.5, 0.05 * (expected + 0.5)) / (expected + 0.5))
        poisson = (past.total(whole) + 0.5) / np.square(expected + 0.5)
    else:
        residual, poisson = np.log(total / expected), np.full(len(total), 1e-6)
    n = len(residual)
    age = (past.age_d - past.age_d.mean()) / 30
    common = 25.0 + np.square(TREND_PRIOR_SD_PER_30D) * age[:, None] * age[None, :]
    noise = poisson[None, :] + _OWN_NOISE[:, None] * scatter[None, :]
    cover = square[:, :, None, None, None] * kernel[None, :, None] + common
    cover = cover + noise[None, None, :, :, None] * np.eye(n)
    root = np.linalg.cholesky(cover)
    solved = np.linalg.solve(root, np.broadcast_to(residual[:, None], (*root.shape[:-1], 1)))[..., 0]
    log_likelihood = -0.5 * np.square(solved).sum(axis=-1) - np.log(
        np.diagonal(root, axis1=-2, axis2=-1)
    ).sum(-1)
    edge = np.concatenate([[0.0], (_CHANGE[1:] + _CHANGE[:-1]) / 2, [np.inf]])
    prior = np.diff(2 * stdtr(3, edge / WANDER_SCALE))
    weight = prior[:, None, None] * np.exp(log_likelihood - log_likelihood.max())
    posterior: FloatArray = weight.sum(axis=2) / weight.sum()
    return posterior


def _pull(
    design: Design, rate: FloatArray, *, before: np.ndarray, during: np.ndarray, fit: Fit
) -> FloatArray:
    """(n_before,) how a small rise of each past bin's level moves the fit's foresight of the window."""
    columns = design.columns[before]
    whole = rate[before] + (design.clutter[before] if len(design.clutter) else 0.0)
    weight = fisher_weight(whole, fit.mean_alpha, family=fit.family) * np.square(rate[before] / whole)
    information = columns.T @ (columns * weight[:, None]) + np.diag(design.prior_precision)
    ahead = rate[during] @ design.columns[during] / rate[during].sum()
    pull: FloatArray = (columns * weight[:, None]) @ np.linalg.solve(information, ahead)
    return pull
