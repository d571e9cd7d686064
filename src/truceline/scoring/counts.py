"""Whether totals are right, and as sure as they say: bias, coverage of intervals, CRPS."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import special

from truceline.base.columns import FloatArray


def count_bias(estimate: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Σ estimate / Σ truth − 1; NaN where nothing truly happened."""
    total = float(np.sum(np.asarray(truth, dtype=np.float64)))
    return float(np.sum(np.asarray(estimate, dtype=np.float64))) / total - 1 if total else float("nan")


def interval_cover(low: npt.ArrayLike, high: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Share of intervals that hold the truth, edges included; NaN: no intervals.

    low, high, truth : (n,). An interval with an unknown edge holds nothing.
    """
    true = np.asarray(truth, dtype=np.float64)
    if not len(true):
        return float("nan")
    with np.errstate(invalid="ignore"):
        held = (np.asarray(low, dtype=np.float64) <= true) & (true <= np.asarray(high, dtype=np.float64))
    return float(held.mean())


def interval_score(
    low: npt.ArrayLike, high: npt.ArrayLike, truth: npt.ArrayLike, *, alpha: float = 0.05
) -> float:
    """Mean of (u − l) + 2/α · (l − y)⁺ + 2/α · (y − u)⁺ (Gneiting & Raftery 2007, eq. 43): a proper score.

    An interval gains nothing by being wide: what it covers more it pays in width.
    """
    lower, upper, y = (np.asarray(one, dtype=np.float64) for one in (low, high, truth))
    missed = np.maximum(lower - y, 0) + np.maximum(y - upper, 0)
    return float(np.mean(upper - lower + 2 / alpha * missed)) if len(y) else float("nan")


def crps_of_draws(draws: npt.ArrayLike, truth: float) -> float:
    """CRPS = E|X − y| − ½ E|X − X′| of draws of a predictive distribution (Gneiting & Raftery 2007, eq. 21).

    draws : (n_draws,), in any order; O(n log n).
    """
    x = np.sort(np.asarray(draws, dtype=np.float64))
    n = len(x)
    apart = 2 * float((x * (2 * np.arange(1, n + 1) - n - 1)).sum()) / n**2
    return float(np.abs(x - truth).mean()) - 0.5 * apart


def crps_of_counts(cdf: Callable[[FloatArray], FloatArray], truth: float, *, most: int) -> float:
    """CRPS = Σ_k (F(k) − 1[k ≥ y])² of a distribution on 0, 1, 2 … (Wei & Held 2014), summed up to ``most``."""
    k = np.arange(most + 1, dtype=np.float64)
    return float(((np.asarray(cdf(k)) - (k >= truth)) ** 2).sum())


def crps_of_poisson(mean: float, truth: float) -> float:
    """CRPS of a Poisson count with this mean."""
    most = int(np.ceil(max(mean + 12 * np.sqrt(mean) + 20, truth + 1)))
    return crps_of_counts(lambda k: np.asarray(special.pdtr(k, mean)), truth, most=most)


def crps_of_interval(estimate: float, low: float, high: float, truth: float) -> float:
    """CRPS of a two-piece normal with this median and these 2.5 % and 97.5 % points, by its quantiles.

    For totals that are told as an estimate and its 95 % interval: 999 quantiles stand for draws.
    """
    z = special.ndtri((np.arange(999) + 0.5) / 999)
    scale = np.where(z < 0, estimate - low, high - estimate) / special.ndtri(0.975)
    return crps_of_draws(estimate + z * scale, truth)
