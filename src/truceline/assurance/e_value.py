"""The e-value of a window: how much likelier it is with a change than without one.

E = Σ_r w_r P(window | rate × r) / P(window | rate), anytime-valid, reported as a change at E ≥ 20
(Lindon & Kallus 2024 for Poisson counts). Here both probabilities are averaged over what the baseline
leaves open: coefficients, dispersion, and a common factor of the window that stands for days which hang
together. With E's expectation of at most 1 where nothing changed, E ≥ 20 has a probability of at most
1/20 (Ville 1939).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import logsumexp

from truceline.assurance.regression import Family, free_term, linear_terms
from truceline.assurance.series import FloatArray
from truceline.assurance.window import Window, simulate

#: reported as a change
E_THRESHOLD = 20.0
#: rates against which `no change` is tested, even in logs and symmetric about 1
LOG_RATIOS = np.log(2.0) / 2 * np.array([k for k in range(-10, 11) if k])
#: their weights, for half and double more than for a thirtieth
RATIO_WEIGHTS = np.exp(-np.abs(LOG_RATIOS) / 2) / np.exp(-np.abs(LOG_RATIOS) / 2).sum()
POWER_RATIOS = (0.1, 0.25, 0.5, 0.75)

_N_POWER = 100
#: nats below the likeliest level at which one adds nothing that is ever told; and nothing that could move
#: an e-value from one side of ``E_THRESHOLD`` to the other, which is all that power asks
_REACH, _REACH_OF_POWER = 60.0, 20.0
#: a longer window is judged by sums over so many runs of its bins
_MOST_PARTS = 40
#: grid of levels: a ratio is a whole number of steps
_STEPS_PER_RATIO = 4
_LEVEL_STEP = float(np.log(2.0)) / 2 / _STEPS_PER_RATIO
_LEVEL_REACH = 48  #: steps to each side that a level may wander: a factor of 64
LEVEL_EDGES: FloatArray = _LEVEL_STEP * (np.arange(2.0 * _LEVEL_REACH + 2) - _LEVEL_REACH - 0.5)
_RATIO_STEPS = tuple(int(k) * _STEPS_PER_RATIO for k in range(-10, 11) if k)
_RATIO_REACH = max(_RATIO_STEPS)
_LEVEL_CELLS: FloatArray = _LEVEL_STEP * (
    np.arange(2.0 * (_LEVEL_REACH + _RATIO_REACH) + 1) - _LEVEL_REACH - _RATIO_REACH
)


def measure_evidence(count: FloatArray, window: Window, *, reach: float = _REACH) -> FloatArray:
    """(n,) e-values of windows. count : (n, n_bins). reach : see ``_worth_looking``.

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
    log_mean = _log_likelihood(count, log_rate, alpha, clutter, cells, family=window.family, reach=reach)
    log_e = logsumexp(log_mean + log_changed[:, None], axis=0) - logsumexp(
        log_mean + log_null[:, None], axis=0
    )
    evidence: FloatArray = np.exp(np.clip(log_e, -600.0, 600.0))
    return evidence


def measure_power(window: Window, *, rng: np.random.Generator) -> dict[float, float]:
    """Probability of E ≥ 20 for each true ratio, by simulation from the draws."""
    windows = np.concatenate([simulate(window, ratio, n=_N_POWER, rng=rng) for ratio in POWER_RATIOS])
    changed = (measure_evidence(windows, window, reach=_REACH_OF_POWER) >= E_THRESHOLD).reshape(
        len(POWER_RATIOS), _N_POWER
    )
    return {ratio: float(shown.mean()) for ratio, shown in zip(POWER_RATIOS, changed, strict=True)}


def _log_likelihood(
    count: FloatArray,
    log_rate: FloatArray,
    alpha: FloatArray,
    clutter: FloatArray,
    cells: FloatArray,
    *,
    family: Family,
    reach: float,
) -> FloatArray:
    """(n_cells, n) log probability of windows at each level, averaged over the draws."""
    flat, which = np.unique(alpha, return_inverse=True)
    which = which.reshape(alpha.shape)
    free = np.zeros((len(alpha), len(count)))
    for b in range(count.shape[1]):
        free += free_term(count[None, :, b], flat[:, None], family=family)[which[:, b]]
    log_mean = np.full((len(cells), len(count)), -np.inf)
    for k, rows in _worth_looking(cells, log_mean, reach):
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


def _worth_looking(cells: FloatArray, log_mean: FloatArray, reach: float) -> Iterator[tuple[int, np.ndarray]]:
    """Places of cells, with the windows to look at: every few of all first, then what is likely between.

    ``log_mean`` is filled by the caller in between. A level e^reach times less likely than the window's
    best one is not looked at.
    """
    stride = 6 if len(cells) > 60 else 1
    first = list(range(0, len(cells), stride))
    every = np.arange(log_mean.shape[1])
    for k in first:
        yield k, every
    if stride == 1:
        return
    likely = log_mean[first] > log_mean[first].max(axis=0) - reach
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
