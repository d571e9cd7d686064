"""Retaliation and escalation: how many acts one act draws, from its own side and from the other.

Two parties whose acts excite each other (Hawkes 1971): an act of party m draws K_mn acts of party
n, after delays that are exponential. K is found from how many pairs of acts lie near each other at
each delay, which Hawkes's equations foretell from it, C(ω) = (I − K(ω))⁻¹ Λ (I − K(ω))⁻*. Pairs that
come from places and days on which both fire much do not count: they are as many at a delay of ten
hours as at one, and stand in the fit as a slope of their own, with the rhythm of the day.
Intervals are from days and stretches drawn anew. What is not seen answers nothing: of acts seen
with probability p, K is about p times the true one, and so a lower limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial import cKDTree

from truceline.assurance.series import FloatArray
from truceline.base.columns import IntArray

#: with fewer acts of either party nothing can be told
LEAST_ACTS = 150
#: an interval wider than this tells nothing
WIDEST = 0.4
#: acts that draw more of their own side's come in barrages, of which this model knows nothing
MOST_OWN = 0.45
NEAR_M = 12_000.0
MOST_LAG_H = 12.0
_BIN_H = 0.5
_BLOCK_M = 60_000.0
_N_BOOT = 40
#: weak priors that hold a fit where the data say little: on the numbers drawn, and on logs of delays
_DRAWN_SD = 0.5
_DELAYS = np.log([0.7, 1.8])
_DELAY_SD = 0.5
_STEP_H = 0.125
_N_FFT = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Acts that an act draws: [of the party that acted, of the party that answers], parties in order.

    own_share : share of all acts that were drawn by others (escalation: 1 or more would not end),
        the largest eigenvalue of ``drawn``. state : found (the other party's acts draw
        acts, 95 %), not_shown, too_few.
    """

    n_acts: tuple[int, int]
    drawn: tuple[tuple[float, float], tuple[float, float]] | None
    drawn_lo95: tuple[tuple[float, float], tuple[float, float]] | None
    drawn_hi95: tuple[tuple[float, float], tuple[float, float]] | None
    delay_h: float | None  #: mean delay of an answer
    own_share: float | None
    own_share_hi95: float | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Pairs by kind (first's party × 2 + second's), delay and block: (n_blocks, 4, n_lags)."""

    count: FloatArray
    acts: FloatArray  #: (n_blocks, 2)
    rhythm: FloatArray  #: (4, n_lags) mean 1


def measure_answers(
    x_m: FloatArray, y_m: FloatArray, time_h: FloatArray, side: IntArray, *, seed: int
) -> Answers:
    """How acts of two parties (``side`` 0 and 1) answer each other; places in a plane, hours."""
    known = np.isfinite(x_m) & np.isfinite(y_m) & np.isfinite(time_h) & ((side == 0) | (side == 1))
    x_m, y_m, time_h, side = x_m[known], y_m[known], time_h[known], side[known]
    order = np.lexsort((side, y_m, x_m, time_h))
    x_m, y_m, time_h, side = x_m[order], y_m[order], time_h[order], side[order]
    n_acts = int((side == 0).sum()), int((side == 1).sum())
    nothing = Answers(n_acts=n_acts, drawn=None, drawn_lo95=None, drawn_hi95=None, delay_h=None, own_share=None, own_share_hi95=None, state="too_few")  # fmt: skip
    if min(n_acts) < LEAST_ACTS:
        return nothing
    pairs = _count_pairs(x_m, y_m, time_h, side)
    start = np.array([0.1, 0.1, 0.1, 0.1, *_DELAYS])
    best = _fit(pairs.count.sum(axis=0), pairs.acts.sum(axis=0), pairs.rhythm, start)
    if best[[0, 3]].max() > MOST_OWN:
        return nothing
    rng = np.random.default_rng(seed)
    n_blocks = len(pairs.acts)
    drawn = np.empty((_N_BOOT, 6))
    for k in range(_N_BOOT):
        weight = np.bincount(rng.integers(0, n_blocks, n_blocks), minlength=n_blocks).astype(np.float64)
        drawn[k] = _fit(np.tensordot(weight, pairs.count, 1), weight @ pairs.acts, pairs.rhythm, best)
    # the bootstrap's quantiles about its own middle would be biased at the edge of zero: take its spread
    spread = 1.96 * drawn[:, :4].std(axis=0, ddof=1)
    low, high = np.maximum(best[:4] - spread, 0.0), best[:4] + spread
    share = np.array([_radius(one[:4]) for one in drawn])
    width = float((high - low)[[1, 2]].max())
    found = bool((low[[1, 2]] > 0.01).any())
    if width > WIDEST and not found:
        return nothing
    return Answers(
        n_acts=n_acts,
        drawn=_square(best[:4]),
        drawn_lo95=_square(low),
        drawn_hi95=_square(high),
        delay_h=float(np.exp(best[5])),
        own_share=_radius(best[:4]),
        own_share_hi95=float(_radius(best[:4]) + 1.96 * share.std(ddof=1)),
        state="found" if found else "not_shown",
    )


def _square(values: FloatArray) -> tuple[tuple[float, float], tuple[float, float]]:
    a, b, c, d = (float(one) for one in values)
    return (a, b), (c, d)


def _radius(values: FloatArray) -> float:
    """Largest eigenvalue of the 2 × 2 matrix of acts drawn."""
    a, b, c, d = (float(one) for one in values)
    return (a + d) / 2 + float(np.sqrt(((a - d) / 2) ** 2 + b * c))


def _count_pairs(x_m: FloatArray, y_m: FloatArray, time_h: FloatArray, side: IntArray) -> _Pairs:
    """Pairs near each other in place and time; a block is a day of a stretch of ``_BLOCK_M``."""
    points = np.column_stack([x_m / NEAR_M, y_m / NEAR_M, time_h / MOST_LAG_H])
    pair = cKDTree(points).query_pairs(1.0, p=np.inf, output_type="ndarray")
    first, second = pair.min(axis=1), pair.max(axis=1)  # in order of time already
    near = np.hypot(x_m[first] - x_m[second], y_m[first] - y_m[second]) <= NEAR_M
    first, second = first[near], second[near]
    along = x_m if np.ptp(x_m) > np.ptp(y_m) else y_m
    place = np.floor(along / _BLOCK_M).astype(np.int64)
    keys = np.column_stack([place, np.floor(time_h / 24).astype(np.int64)])
    names, block = np.unique(keys, axis=0, return_inverse=True)
    block = block.ravel()
    n_lags = int(MOST_LAG_H / _BIN_H)
    lag = np.minimum(((time_h[second] - time_h[first]) / _BIN_H).astype(np.int64), n_lags - 1)
    kind = side[first] * 2 + side[second]
    flat = (block[first] * 4 + kind) * n_lags + lag
    count = np.bincount(flat, minlength=len(names) * 4 * n_lags).reshape(len(names), 4, n_lags)
    acts = np.bincount(block * 2 + side, minlength=2 * len(names)).reshape(-1, 2)
    return _Pairs(
        count=count.astype(np.float64), acts=acts.astype(np.float64), rhythm=_rhythm(time_h, side, n_lags)
    )


def _rhythm(time_h: FloatArray, side: IntArray, n_lags: int) -> FloatArray:
    """(4, n_lags) how often pairs lie at each delay because of the hours at which each party acts."""
    per_day = round(24 / _BIN_H)
    slot = (np.mod(time_h, 24) / _BIN_H).astype(np.int64) % per_day
    hours = [np.bincount(slot[side == one], minlength=per_day) + 0.5 for one in (0, 1)]
    window = np.ones(5) / 5
    smooth = [
        np.convolve(np.tile(one, 3), window, mode="same")[per_day : 2 * per_day] / one.mean() for one in hours
    ]
    rows = [
        [np.mean(smooth[kind // 2] * np.roll(smooth[kind % 2], -lag)) for lag in range(n_lags)]
        for kind in range(4)
    ]
    return np.array(rows)


def _fit(count: FloatArray, acts: FloatArray, rhythm: FloatArray, start: FloatArray) -> FloatArray:
    """K (4, row by row) and logs of the delays of own and other's offspring, by weighted least squares."""
    n_lags = count.shape[1]
    middle = (np.arange(n_lags) + 0.5) / n_lags
    error = np.sqrt(count + 1.0 + 0.02 * count.mean(axis=1, keepdims=True))
    slow = np.stack([rhythm, rhythm * middle], axis=2) / error[:, :, None]  # (4, n_lags, 2)
    project = [part @ np.linalg.pinv(part) for part in slow]

    def residual(values: FloatArray) -> FloatArray:
        excess = _excess(values, acts, n_lags)
        left = (count - excess) / error
        apart = [row - project[k] @ row for k, row in enumerate(left)]
        return np.concatenate([*apart, values[:4] / _DRAWN_SD, (values[4:6] - _DELAYS) / _DELAY_SD])

    low = [0, 0, 0, 0, np.log(0.15), np.log(0.4)]
    high = [0.9, 0.9, 0.9, 0.9, np.log(3.0), np.log(5.0)]
    inside = np.clip(start, np.array(low) + 1e-3, np.array(high) - 1e-3)
    found = least_squares(residual, inside, bounds=(low, high), max_nfev=25, xtol=1e-4, ftol=1e-5)
    values: FloatArray = found.x
    return values


def _excess(values: FloatArray, acts: FloatArray, n_lags: int) -> FloatArray:
    """(4, n_lags) pairs beyond those by chance, first's party × 2 + second's."""
    omega = 2 * np.pi * np.fft.rfftfreq(_N_FFT, _STEP_H)
    own, other = (1 / (1 + 1j * omega * np.exp(value)) for value in values[4:6])
    drawn = values[:4].reshape(2, 2).T  # [answering, acting]
    matrix = drawn[None] * np.where(np.eye(2, dtype=bool)[None], own[:, None, None], other[:, None, None])
    inverse = np.linalg.inv(np.eye(2)[None] - matrix)
    spectrum = np.einsum("wij,j,wkj->wik", inverse, acts, inverse.conj()) - np.diag(acts)[None]
    lagged = np.fft.irfft(spectrum, n=_N_FFT, axis=0) / _STEP_H  # [lag, second, first]
    per_bin = round(_BIN_H / _STEP_H)
    # trapezium over each bin: the ends of neighbouring bins count half
    fine = (lagged[: n_lags * per_bin] + lagged[1 : n_lags * per_bin + 1]) / 2
    pooled = fine.reshape(n_lags, per_bin, 2, 2).sum(axis=1) * _STEP_H
    excess: FloatArray = pooled.transpose(2, 1, 0)[[0, 0, 1, 1], [0, 1, 0, 1]]  # first's party, second's
    return excess
