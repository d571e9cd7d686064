"""How far lone detections are to be believed: a source's, by what others see of the same places.

Where others watch too, the acts that a source and another saw foretell how many it alone saw: to each
seen by both, q/(1 − q) seen by it alone, q being the chance that all others miss. What of its lone
detections is more than that is clutter. The log-odds of its lone detections are moved together until
both agree; so a wrong rate of false detections is found out where sensors overlap, and holds for
where they do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from truceline.assurance.detection import Histories
from truceline.base.columns import BoolArray, IntArray

FloatArray = npt.NDArray[np.float64]

#: how far the odds may be off, in logs, before the records are seen
ODDS_SD = 1.0
#: and how much further where nobody else watches
UNCONFIRMED_SD = 0.7
#: a place counts as watched by others where they would miss at most this share
MOST_MISSED = 0.8
#: how far what overlap foretells may be off beyond chance, as a share of it: of two acts' detections some are
#: taken for one act's, and one probability stands for places that differ
FORETOLD_SD = 0.15
#: incidents whose draws are made at once
AT_ONCE = 1 << 11
_GRID = np.linspace(-4.0, 3.0, 71)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Existence of the incidents once lone detections are weighed by their overlap.

    mean : (n_incidents,). shift : by source, mean shift of the log-odds. whose : (n_incidents,) source of
    a lone detection that may be moved; −1: none. odds, alone : (n_incidents,) its odds as fused, and how
    much further they may be off, in logs. moves, noise : (n_sources, n_draws). Draws are made of these
    where they are asked for: of all incidents they would fill gigabytes.
    """

    mean: FloatArray
    shift: FloatArray
    whose: IntArray
    odds: FloatArray
    alone: FloatArray
    moves: FloatArray
    noise: FloatArray

    @classmethod
    def none(cls, existence_p: FloatArray, n_sources: int, n_draws: int) -> Doubt:
        """Existence as it is."""
        log_odds = logit(np.clip(existence_p, 1e-6, 1 - 1e-6))
        return cls(
            mean=existence_p.copy(),
            shift=np.zeros(n_sources),
            whose=np.full(len(existence_p), -1, dtype=np.int64),
            odds=np.exp(log_odds),
            alone=np.zeros(len(existence_p)),
            moves=np.zeros((n_sources, n_draws)),
            noise=np.zeros((n_sources, n_draws)),
        )

    def draws(self, rows: IntArray) -> FloatArray:
        """(len(rows), n_draws) existence of some incidents."""
        found = np.repeat(self.mean[rows][:, None], self.moves.shape[1], axis=1)
        for s in range(len(self.moves)):
            lone = np.flatnonzero(self.whose[rows] == s)
            if len(lone):
                found[lone] = self._moved(rows[lone], s)
        return found

    def _moved(self, rows: IntArray, s: int) -> FloatArray:
        """Lone detections of one source: 1 / (1 + e^−(log-odds + move))."""
        alone = self.alone[rows][:, None]
        value = alone * self.noise[s]
        value += self.moves[s]
        value -= alone**2 / 2
        np.exp(np.negative(value, out=value), out=value)
        value /= self.odds[rows][:, None]
        value += 1
        return np.asarray(np.reciprocal(value, out=value))


def weigh_lone(
    existence_p: FloatArray,
    owner: IntArray,
    histories: Sequence[Histories],
    weights: FloatArray,
    detection_p: FloatArray,
    source: IntArray,
    *,
    n_draws: int,
    rng: np.random.Generator,
) -> Doubt:
    """Move the odds of each source's lone detections.

    existence_p : (n_incidents,) as fused. owner : (n,) incident of each moment. histories : one for each
    act. weights : (n, n_acts). source : (n_groups,) of each probability.
    """
    n_sources = int(source.max()) + 1
    whose, covered, foretold, squares = _gather(owner, histories, weights, detection_p, source, len(existence_p), n_sources)  # fmt: skip
    doubt = Doubt.none(existence_p, n_sources, n_draws)
    for s in range(n_sources):
        lone = np.flatnonzero(whose == s)
        if not len(lone) or existence_p[lone].min() >= 1:
            continue
        expected = _expected(doubt.odds[lone], covered[lone])
        spread = squares[s] + np.maximum(expected, 1.0) + (FORETOLD_SD * foretold[s]) ** 2
        log = (
            -0.5 * (expected - foretold[s]) ** 2 / spread
            - 0.5 * np.log(spread)
            - 0.5 * (_GRID / ODDS_SD) ** 2
        )
        chance = np.exp(log - log.max())
        chance /= chance.sum()
        pick = np.searchsorted(np.cumsum(chance), (rng.permutation(n_draws) + 0.5) / n_draws)
        doubt.moves[s] = _GRID[np.minimum(pick, len(_GRID) - 1)]
        # where nobody else could have confirmed them, it is known less how far the odds are off
        doubt.alone[lone] = (1 - covered[lone]) * UNCONFIRMED_SD
        doubt.noise[s] = rng.standard_normal(n_draws)
        doubt.whose[lone] = s
        for low in range(0, len(lone), AT_ONCE):
            some = lone[low : low + AT_ONCE]
            doubt.mean[some] = doubt.draws(some).mean(axis=1)
        doubt.shift[s] = float(chance @ _GRID)
    return doubt


def _expected(odds: FloatArray, covered: FloatArray) -> FloatArray:
    """For each move of ``_GRID``, Σ covered · existence of the detections; (n,) each.

    Existence is odds/(odds + e^−move): one division, where moving logs would ask for an exponential.
    """
    share = covered * odds
    return np.array([float((share / (odds + np.exp(-move))).sum()) for move in _GRID])


def _gather(
    owner: IntArray,
    histories: Sequence[Histories],
    weights: FloatArray,
    detection_p: FloatArray,
    source: IntArray,
    n_incidents: int,
    n_sources: int,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Source of each lone incident (−1: none), share of it that others watch; by source what overlap foretells."""
    n = len(owner)
    whose = np.full(n_incidents, -1, dtype=np.int64)
    watched, total = np.zeros(n_incidents), np.zeros(n_incidents)
    foretold, squares = np.zeros(n_sources), np.zeros(n_sources)
    for k, one in enumerate(histories):
        hits = np.bincount(one.record, weights=one.hit, minlength=n)
        log_own = np.log1p(-np.minimum(one.share * detection_p[one.group], 0.98))
        others = np.exp(one.log_missed(detection_p)[one.record] - log_own)
        known: BoolArray = one.hit & (others <= MOST_MISSED)
        by = source[one.group]
        weight = weights[one.record, k]
        alone = one.hit & (hits[one.record] == 1)
        np.add.at(watched, owner[one.record[alone & known]], weight[alone & known])
        np.add.at(total, owner[one.record[alone]], weight[alone])
        whose[owner[one.record[alone]]] = by[alone]
        both = known & (hits[one.record] > 1)
        odds = others[both] / (1 - others[both])
        foretold += np.bincount(by[both], weights=weight[both] * odds, minlength=n_sources)
        squares += np.bincount(by[both], weights=weight[both] * odds**2, minlength=n_sources)
    return whose, watched / np.maximum(total, 1e-12), foretold, squares
