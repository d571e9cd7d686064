"""What a window would hold if nothing changed, as draws: totals, their intervals, windows like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, gammainc

from truceline.assurance.regression import Family
from truceline.assurance.series import FloatArray

#: a series whose interval reaches this far says nothing of the ratio
LARGEST_RATIO = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the window's bins would hold without a change, as draws.

    log_rate : (n_draws, n_bins), at the level foreseen; alpha : (n_draws,).
    level : (n_draws,) how far the window's level wandered; mass : weights of the same on a grid
        of levels, ``e_value.LEVEL_EDGES``. None: the level is known. inflate : factor on α in the evidence.
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


def simulate(window: Window, ratio: float, *, n: int, rng: np.random.Generator) -> FloatArray:
    """(n, n_bins) windows under a true ratio; a fall by fewer clusters, see ``_pooled``."""
    which = rng.integers(len(window.alpha), size=n)
    rate = ratio * np.exp(window.log_rate[which] + _level(window)[which][:, None]) + window.added
    kappa = 1 / (window.alpha * _fewer(len(window.alpha), ratio))[which][:, None]
    amount = rng.gamma(np.broadcast_to(kappa, rate.shape), rate / kappa)
    if window.family == "amount":
        return amount
    return rng.poisson(amount).astype(np.float64)


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


def _solve(target: float, probability: Callable[[float], float]) -> float:
    """Where a probability that falls with the ratio crosses ``target``, in logs (Brent 1973)."""

    def beyond(log_ratio: float) -> float:
        return probability(float(np.exp(log_ratio))) - target

    low, high = float(np.log(1e-6)), float(np.log(1e6))
    if beyond(low) <= 0 or beyond(high) >= 0:
        return float(np.exp(low if beyond(low) <= 0 else high))
    return float(np.exp(brentq(beyond, low, high, xtol=1e-12)))
