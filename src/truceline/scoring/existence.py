"""Whether probabilities are what they say: calibration error, Brier and log score, reliability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.base.columns import BoolArray, FloatArray

#: hypotheses below are nobody's claim that something happened
LEAST_P = 0.1
N_BINS = 15
FLOOR_DRAWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """Forecasts in bins of equal mass: mean forecast, share that came true, number; (n_bins,) each."""

    forecast: FloatArray
    outcome: FloatArray
    n: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far forecasts are from what came of them.

    ece : the expected calibration error as it is. floor : what a perfectly calibrated forecaster of
    the same probabilities has by chance. excess : ece − floor, not below 0; the figure that counts.
    """

    ece: float
    floor: float
    brier: float
    log_score: float
    n: int
    bins: Bins

    @property
    def excess(self) -> float:
        """The error beyond chance."""
        return max(0.0, self.ece - self.floor)


def bin_forecasts(p: FloatArray, outcome: FloatArray, *, n_bins: int = N_BINS) -> Bins:
    """Forecasts in the order of their size, cut into bins of equal mass.

    p, outcome : (n,). Forecasts that are equal share their outcomes, so that the order of rows
    does not show where a cut falls among them.
    """
    order = np.argsort(p, kind="stable")
    p, outcome = p[order], _shared(p[order], outcome[order])
    edges = np.linspace(0, len(p), min(n_bins, max(len(p), 1)) + 1).round().astype(np.int64)
    n = np.diff(edges)
    kept = n > 0
    return Bins(
        forecast=np.add.reduceat(p, edges[:-1][kept]) / n[kept] if len(p) else np.zeros(0),
        outcome=np.add.reduceat(outcome, edges[:-1][kept]) / n[kept] if len(p) else np.zeros(0),
        n=n[kept].astype(np.float64),
    )


def _shared(p: FloatArray, outcome: FloatArray) -> FloatArray:
    """Outcomes averaged over equal forecasts; p is sorted."""
    if not len(p):
        return outcome
    number = np.cumsum(np.concatenate([[0], np.diff(p) != 0])).astype(np.int64)
    return np.asarray((np.bincount(number, outcome) / np.bincount(number))[number])


def expected_error(bins: Bins) -> float:
    """Σ n_b / n · |mean forecast − share that came true| (Naeini et al. 2015, with equal-mass bins)."""
    total = bins.n.sum()
    return float((bins.n * np.abs(bins.forecast - bins.outcome)).sum() / total) if total else float("nan")


def error_floor(p: FloatArray, *, n_bins: int = N_BINS, draws: int = FLOOR_DRAWS, seed: int = 0) -> float:
    """The mean error of a forecaster who is right: outcomes are drawn from the forecasts themselves.

    The error is a mean of absolute values, so it is above 0 by chance, and the more the fewer the forecasts.
    """
    if not len(p):
        return float("nan")
    ordered = np.sort(p)  # the floor is of the values alone, whatever the order of rows
    rng = np.random.default_rng(seed)
    edges = np.linspace(0, len(p), min(n_bins, len(p)) + 1).round().astype(np.int64)
    n = np.diff(edges)
    starts, mean = edges[:-1][n > 0], np.add.reduceat(ordered, edges[:-1][n > 0])
    total = 0.0
    for _ in range(draws):
        came = _shared(ordered, (rng.random(len(p)) < ordered).astype(np.float64))
        total += float(np.abs(mean - np.add.reduceat(came, starts)).sum()) / len(p)
    return total / draws


def judge_existence(
    p: FloatArray, happened: BoolArray, *, least_p: float = LEAST_P, n_bins: int = N_BINS, seed: int = 0
) -> Calibration:
    """Calibration of the hypotheses with p ≥ ``least_p``; those without a p are left out.

    p, happened : (n,). Brier = mean (p − o)² (Brier 1950) and log score = mean −ln p(o) are over the
    same hypotheses; a p of 0 or 1 that errs would cost ∞ and is taken as 1e-12 away from it.
    """
    keep = p >= least_p
    p, came = p[keep], happened[keep].astype(np.float64)
    if not len(p):
        none = float("nan")
        empty = Bins(forecast=np.zeros(0), outcome=np.zeros(0), n=np.zeros(0))
        return Calibration(ece=none, floor=none, brier=none, log_score=none, n=0, bins=empty)
    bins = bin_forecasts(p, came, n_bins=n_bins)
    of_outcome = np.clip(np.where(came > 0, p, 1 - p), 1e-12, 1.0)
    return Calibration(
        ece=expected_error(bins),
        floor=error_floor(p, n_bins=n_bins, seed=seed),
        brier=float(((p - came) ** 2).mean()),
        log_score=float(-np.log(of_outcome).mean()),
        n=len(p),
        bins=bins,
    )
