"""Simulation-based calibration: a right posterior ranks the truth evenly among its draws.

For θ drawn from the prior and data from θ, the rank of θ among L draws of the posterior given the
data is uniform on 0 … L (Talts, Betancourt, Simpson, Vehtari & Gelman 2018, theorem 1). A histogram
that bulges in the middle tells of a posterior too wide, a bowl of one too narrow, a slope of a bias.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from truceline.base.columns import FloatArray, IntArray

#: (rng) → the true value and draws of its posterior, (n_draws,)
Trial = Callable[[np.random.Generator], tuple[float, FloatArray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankHistogram:
    """Ranks in bins of equal width.

    counts : (n_bins,). p_value : of the χ² test against a uniform histogram. mean_rank : of the
    ranks scaled to [0, 1]; ½ where there is no bias. coverage : level → share of truths inside the
    central interval of that level.
    """

    counts: IntArray
    p_value: float
    mean_rank: float
    coverage: dict[float, float]


def rank_truth(truth: float, draws: npt.ArrayLike, rng: np.random.Generator) -> float:
    """Rank of the truth among draws, scaled to [0, 1].

    draws : (n_draws,). The rank r of 0 … L is spread evenly over [r, r + 1] / (L + 1), and a truth
    that equals draws takes any place among them alike, so that whole numbers rank evenly too.
    """
    values = np.asarray(draws, dtype=np.float64)
    below, equal = int(np.count_nonzero(values < truth)), int(np.count_nonzero(values == truth))
    rank = below + int(rng.integers(0, equal + 1))
    return float((rank + rng.random()) / (len(values) + 1))


def place_truth(truth: float, cdf: Callable[[float], float]) -> float:
    """The same where the posterior's distribution function is known: F(truth), the probability integral transform."""
    return float(np.clip(cdf(truth), 0.0, 1.0))


def fill_histogram(
    ranks: npt.ArrayLike, *, n_bins: int = 20, levels: Sequence[float] = (0.5, 0.8, 0.95)
) -> RankHistogram:
    """The histogram of ranks in [0, 1] and its test.

    Raises
    ------
    ValueError
        If there are no ranks.
    """
    values = np.asarray(ranks, dtype=np.float64)
    if not len(values):
        raise ValueError("got no ranks, expected one or more")
    place = np.minimum((values * n_bins).astype(np.int64), n_bins - 1)
    counts = np.bincount(place, minlength=n_bins).astype(np.int64)
    expected = len(values) / n_bins
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    return RankHistogram(
        counts=counts,
        p_value=float(special.chdtrc(n_bins - 1, chi2)),
        mean_rank=float(values.mean()),
        coverage={level: float((np.abs(values - 0.5) <= level / 2).mean()) for level in levels},
    )


def calibrate(trial: Trial, *, n_trials: int, seed: int, n_bins: int = 20) -> RankHistogram:
    """Play ``trial`` again and again, each with a generator of its own, and rank the truths."""
    ranks = []
    for sequence in np.random.SeedSequence(seed).spawn(n_trials):
        rng = np.random.default_rng(sequence)
        truth, draws = trial(rng)
        ranks.append(rank_truth(truth, draws, rng))
    return fill_histogram(ranks, n_bins=n_bins)
