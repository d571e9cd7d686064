"""What went unseen in an area and period, from what was detected in each class of sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from truceline.assurance.weighing import LEAST_SEEN
from truceline.base.columns import IntArray

FloatArray = npt.NDArray[np.float64]

#: edges of the classes of sight, by the chance of detection; below the first one nothing is seen
CLASS_EDGES = (LEAST_SEEN, 0.12, 0.35, 0.65)
N_CLASSES = len(CLASS_EDGES) + 1
#: what the spread foretells of a class of sight weighs as one act: most of it rests on the same detections
_OWN_WEIGHT = 1.0
#: a prior as weak as so many incidents, for the odds of being missed in one cell, and for all cells
_ODDS_WEIGHT = 5.0
_CALIBRATION_WEIGHT = 5.0
#: shape of the gamma by which classes of sight may differ from what the spread foretells
_ROOM = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """By class of sight, how acts spread: mass (n_classes,) sums to 1; chance, odds (n_classes, n_draws).

    Here and in what follows the last column of draws is of the mean probabilities.
    """

    mass: FloatArray
    chance: FloatArray
    odds: FloatArray
    told: float  #: how many bursts of acts tell of the places where nothing is seen
    ground: float  #: share of the ground, over the time, where next to nothing is seen, whether acts came there or not


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """Of some moments, (n, n_draws): weight, its variance, weight times odds; square : (n,) mean of weight times odds²."""

    weight: FloatArray
    variance: FloatArray
    odds: FloatArray
    square: FloatArray

    @classmethod
    def of(cls, weight: FloatArray, odds: FloatArray) -> Products:
        """weight, odds : (n, n_draws) of the moments."""
        times = weight * odds
        return cls(
            weight=weight,
            variance=weight * np.maximum(1 - weight, 0),
            odds=times,
            square=(times * odds).mean(axis=1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Of the moments of an area and period, by class of sight: (n_classes, n_draws); squares : (n_classes,)."""

    count: FloatArray
    variance: FloatArray
    odds: FloatArray
    squares: FloatArray

    @classmethod
    def empty(cls, n_draws: int) -> Sums:
        """Of no moments."""
        shape = N_CLASSES, n_draws
        return cls(
            count=np.zeros(shape), variance=np.zeros(shape), odds=np.zeros(shape), squares=np.zeros(N_CLASSES)
        )

    def add(self, each: Products, rows: IntArray, kind: IntArray) -> None:
        """Moments ``rows`` of ``each``; kind : (n,) class of sight of all of them."""
        for one in range(N_CLASSES):
            own = rows[kind[rows] == one]
            if len(own):
                self.count[one] += each.weight[own].sum(axis=0)
                self.variance[one] += each.variance[own].sum(axis=0)
                self.odds[one] += each.odds[own].sum(axis=0)
                self.squares[one] += each.square[own].sum()


@dataclass(slots=True, kw_only=True)
class Cell:
    """An area and period: what was detected in each class of sight, and what the spread foretells.

    count, variance : (n_classes,) of true acts detected. sums : (n_classes, n_draws) of their odds of
    being missed. mass : (n_classes,); chance, odds : (n_classes, n_draws) by the spread. factor :
    (n_classes,) what is found of what the spread foretells, over all areas and periods. squares : (n_classes,)
    sum of squared odds; unlike : (n_classes,) squared coefficient of variation of the odds within a class.
    """

    detected: float
    count: FloatArray
    variance: FloatArray
    sums: FloatArray
    odds: FloatArray
    mass: FloatArray
    chance: FloatArray
    factor: FloatArray
    squares: FloatArray
    unlike: FloatArray
    told: float
    ground: float
    usual: float
    trust: float

    @classmethod
    def of(cls, sums: Sums, spread: Spread) -> Cell:
        """What was detected, and where acts come."""
        return cls(
            detected=float(sums.count.mean(axis=1).sum()),
            count=sums.count,
            variance=sums.variance,
            sums=sums.odds,
            odds=spread.odds,
            mass=spread.mass,
            chance=spread.chance,
            factor=np.ones(N_CLASSES),
            squares=sums.squares,
            unlike=np.zeros(N_CLASSES),
            told=spread.told,
            ground=spread.ground,
            usual=1.0,
            trust=0.0,
        )

    def take(self, pick: IntArray) -> Cell:
        """The same with some of the draws."""
        columns = ("count", "variance", "sums", "odds", "chance")
        return replace(self, **{name: getattr(self, name)[:, pick] for name in columns})

    @property
    def sight(self) -> float:
        """Mean chance that an act is detected, by the spread."""
        return float(self.mass[1:] @ self.chance[1:].mean(axis=1)) + float(self.count.sum() > 0)

    def expected(self) -> FloatArray:
        """(n_classes, n_draws) detections expected per act of the total; a class never empty of sight."""
        return np.maximum(self.mass[:, None], 1e-4) * self.chance * self.factor[:, None]

    def draw(self, pick: IntArray, rng: np.random.Generator) -> FloatArray:
        """(n_draws,) of the total: level, classes, then what went unseen.

        pick : (n_draws,) which draws of the probabilities are taken.
        """
        self = self.take(pick)
        n_draws = self.odds.shape[1]
        count = _vary(self.count, self.variance, rng)
        seen = count[1:].sum(axis=0)
        level = rng.gamma(self.trust + seen) / (self.trust / self.usual + self.expected()[1:].sum(axis=0))
        foretold = level * self.expected()
        found = rng.gamma(_OWN_WEIGHT + count) / (_OWN_WEIGHT + foretold) * foretold
        # few incidents tell little of the odds of their class
        likeness = (count + _ODDS_WEIGHT) / np.maximum(self.unlike, 1e-3)[:, None]
        unseen = found * self.odds * rng.gamma(likeness) / likeness
        blind = (seen + unseen[1:].sum(axis=0)) * self.blind_odds
        unseen[0] = np.maximum(blind * rng.gamma(self.told, 1 / self.told, n_draws) - count[0], 0.0)
        return np.asarray(count.sum(axis=0) + rng.poisson(unseen).sum(axis=0), dtype=np.float64)

    def expect(self) -> float:
        """The total by the mean probabilities, the last column.

        Of N acts N·p̄ are detected on the mean, whatever the errors of p; so detections over the mean
        chance are right on the mean, and the mean over draws of detections/p is too high by (sd/mean)².
        """
        self = self.take(np.array([-1]))
        count, expected = self.count[:, 0], self.expected()[:, 0]
        seen = float(count[1:].sum())
        foretold = (self.trust + seen) / (self.trust / self.usual + expected[1:].sum()) * expected
        found = (_OWN_WEIGHT + count) / (_OWN_WEIGHT + foretold) * foretold
        others = seen + float((found * self.odds[:, 0])[1:].sum())
        return others + max(others * self.blind_odds, float(count[0]))

    @property
    def blind_odds(self) -> float:
        """Acts where nothing is seen to those where something is, by the spread."""
        return float(self.mass[0] / max(1 - self.mass[0], 1e-3))


def calibrate(cells: Sequence[Cell]) -> None:
    """By class of sight, what the spread foretells against what is found, over all cells of the act."""
    factor = np.ones(N_CLASSES)
    count = np.sum([cell.count.mean(axis=1) for cell in cells], axis=0)
    for _ in range(5):
        foretold = np.zeros(N_CLASSES)
        for cell in cells:
            expected = cell.mass * cell.chance.mean(axis=1) * factor
            if expected[1:].sum() > 0:
                foretold += expected * cell.count[1:].sum(axis=0).mean() / expected[1:].sum()
        factor *= (count + _CALIBRATION_WEIGHT) / (foretold + _CALIBRATION_WEIGHT)
    factor[0] = 1.0
    sums = np.sum([cell.sums.mean(axis=1) for cell in cells], axis=0)
    told = np.sum([(cell.count * cell.odds).mean(axis=1) for cell in cells], axis=0)
    weight = _CALIBRATION_WEIGHT * np.maximum(told, 1e-9) / np.maximum(count, 1e-9)
    ratio = np.where(told > 0, (sums + weight) / (told + weight), 1.0)
    total, square = np.maximum(count, 1e-9), np.sum([cell.squares for cell in cells], axis=0)
    unlike = np.clip(square / total / np.maximum(sums / total, 1e-9) ** 2 - 1, 0.0, 4.0)
    for cell in cells:
        cell.factor, cell.unlike = factor, unlike
        lean = _ODDS_WEIGHT
        cell.odds = (cell.sums + lean * ratio[:, None] * cell.odds) / (cell.count + lean)


def lean_on_usual(cells: Sequence[Cell], lengths: Sequence[float]) -> None:
    """Tell each cell what is usual in its area: cells run by area, then by period of these lengths.

    A period with few detections leans on the area's others, with the weight of one act; where there
    are no others, with less.
    """
    n = len(lengths)
    share = np.asarray(lengths) / np.sum(lengths)
    for low in range(0, len(cells), n):
        own = cells[low : low + n]
        found = sum(float(cell.count.mean(axis=1)[1:].sum()) for cell in own)
        sight = sum(
            float(cell.expected()[1:].mean(axis=1).sum()) * part
            for cell, part in zip(own, share, strict=True)
        )
        for cell, part in zip(own, share, strict=True):
            cell.usual = (found + 0.5) / max(sight, 1e-3) * float(part)
            cell.trust = 1.0 if n > 1 else 0.3


def believe_draws(cells: Sequence[Cell], rng: np.random.Generator) -> IntArray:
    """(n_draws,) draws of the probabilities, by how well they agree with what is found where.

    In the cell with most detections: a draw under which one class of sight would hold many times more
    acts than the spread foretells is the less likely. Negative binomial, with much room.
    """
    cell = max(cells, key=lambda one: float(one.count.mean(axis=1).sum()))
    n_draws = cell.odds.shape[1] - 1
    count = cell.count.mean(axis=1)[1:, None]
    expected = np.maximum(cell.mass[1:, None], 1e-4) * cell.chance[1:, :-1]
    if count.sum() < 1 or expected.sum() <= 0:
        return np.arange(n_draws)
    mean = np.maximum(expected * count.sum() / np.maximum(expected.sum(axis=0), 1e-9), 1e-9)
    log = (count * np.log(mean / (_ROOM + mean)) - _ROOM * np.log1p(mean / _ROOM)).sum(axis=0)
    chance = np.exp(log - log.max())
    edge = np.cumsum(chance) / chance.sum()
    picked = np.searchsorted(edge, (np.arange(n_draws) + 0.5) / n_draws)
    return np.asarray(rng.permutation(np.minimum(picked, n_draws - 1)), dtype=np.int64)


def _vary(mean: FloatArray, variance: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Positive numbers with a mean and variance: how many of uncertain incidents are acts."""
    scale = variance / np.maximum(mean, 1e-9)
    draws = rng.gamma(np.maximum(mean / np.maximum(scale, 1e-9), 1e-9))
    return np.where(scale > 1e-6, draws * scale, mean)
