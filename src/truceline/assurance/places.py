"""Where acts came: each place by what was detected there, over how well it was watched in all the time.

An act that was seen where and when somebody watched stands for those at the same place when nobody did.
So a place's acts are its detections over its mean chance of detection in the period, and not each
detection over the chance at its own moment: places that are blind for half of the time would count half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from truceline.assurance.detection import Learnt
from truceline.assurance.weighing import EDGE_M, LEAST_SEEN, LEAST_SIGHT, Weighed
from truceline.base.columns import BoolArray, IntArray, number_rows
from truceline.base.intervals import Interval
from truceline.coverage.sight import Moments

FloatArray = npt.NDArray[np.float64]

#: a detection outside of the period tells of its places by so much, against one inside
ELSEWHEN = 0.1
DAY_S = 86_400.0
STEP = 0.6180339887498949
#: squares that are asked for in an area and period; where there are more they are made larger
_MOST_PLACES = 1600
_AT_ONCE = 200_000
#: moments at which the sight of a place is asked: in the period, and in all the time
_ASKED = (12, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Moments of detections in an area, whenever; weight : (n_rows, n_acts) how many acts of each kind each stands for."""

    rows: IntArray
    weight: FloatArray
    clock_s: FloatArray  #: (n,) hours of the day at which acts come, as a sample in seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Squares of one area and period: rows and their square; whom and when to ask, and with which weight."""

    rows: IntArray
    square: IntArray
    n: int
    clock_s: FloatArray
    trust: FloatArray  #: (n_rows,) in the period or not
    asked: IntArray  #: (n · asked,) row, in the order of squares
    time_s: FloatArray
    weight: FloatArray  #: (asked,)


def weigh_places(
    model: Weighed,
    learnt: Learnt,
    inside: Mapping[str, BoolArray],
    cells: Sequence[tuple[str, Interval]],
    moments_of: Callable[[FloatArray, FloatArray, FloatArray], Moments],
) -> list[Rows]:
    """For each area and period, how many acts of each kind its detections stand for.

    moments_of : makes moments of x, y in metres and seconds since 1970.
    """
    span = min(one.start for _, one in cells).timestamp(), max(one.stop for _, one in cells).timestamp()
    places = [_ask(model, inside[area], period, span) for area, period in cells]
    found: list[Rows] = []
    for some in _batches(places):
        chance = _chances(model, learnt, some, moments_of)
        edge = np.cumsum([0, *(len(one.asked) for one in some)])
        found += [
            _stand(model, one, chance[low:high])
            for one, low, high in zip(some, edge[:-1], edge[1:], strict=True)
        ]
    return found


def _batches(places: Sequence[_Place]) -> list[list[_Place]]:
    """In their order, with no more moments at once than need be held."""
    found: list[list[_Place]] = [[]]
    n = 0
    for one in places:
        if found[-1] and n + len(one.asked) > _AT_ONCE:
            found.append([])
            n = 0
        found[-1].append(one)
        n += len(one.asked)
    return found


def _chances(
    model: Weighed,
    learnt: Learnt,
    places: Sequence[_Place],
    moments_of: Callable[[FloatArray, FloatArray, FloatArray], Moments],
) -> FloatArray:
    """(n, n_acts) chance of detection by the mean probabilities, at all moments that are asked for."""
    at = model.detected.moments
    row = np.concatenate([one.asked for one in places])
    moments = moments_of(at.x_m[row], at.y_m[row], np.concatenate([one.time_s for one in places]))
    chance = np.empty((len(row), len(model.acts)))
    for k, sight in enumerate(model.sights):
        seen = sight.see(moments)
        p = learnt.mean[model.numbers[k]][seen.group]
        log = np.log1p(-np.minimum(seen.own * seen.common * p, 0.98))
        chance[:, k] = -np.expm1(np.bincount(seen.moment, weights=log, minlength=len(row)))
    return chance


def _ask(model: Weighed, held: BoolArray, period: Interval, span: tuple[float, float]) -> _Place:
    at = model.detected.moments
    known = held & np.isfinite(at.x_m) & (at.time_s >= span[0]) & (at.time_s < span[1])
    rows = np.flatnonzero(known & (model.pooled > 0))
    edge, square, n = EDGE_M, np.zeros(0, dtype=np.int64), 0
    while len(rows):
        square, n = number_rows([np.floor(at.x_m[rows] / edge), np.floor(at.y_m[rows] / edge)])
        if n <= _MOST_PLACES:
            break
        edge *= 2
    start, length = period.start.timestamp(), period.duration_h * 3600
    trust = np.where((at.time_s[rows] >= start) & (at.time_s[rows] < start + length), 1.0, ELSEWHEN)
    each = sum(_ASKED)
    size = np.bincount(square, minlength=n)
    by_square = np.argsort(square, kind="stable")
    turn = np.arange(each)
    asked = rows[by_square[((np.cumsum(size) - size)[:, None] + turn % np.maximum(size, 1)[:, None]).ravel()]]
    clock = _clocks(model, rows, trust)
    pick = clock[np.random.default_rng(4).integers(0, max(len(clock), 1), (n, each))] if n else np.zeros((0, each))  # fmt: skip
    step = (turn[None, :] * STEP + np.arange(n)[:, None] * STEP**2) % 1
    inner = turn < _ASKED[0]
    low = np.where(inner, start, span[0])
    long = np.where(inner, length, span[1] - span[0])
    weight = np.where(inner, (1 - ELSEWHEN) * length / _ASKED[0], ELSEWHEN * (span[1] - span[0]) / _ASKED[1])
    return _Place(
        rows=rows,
        square=square,
        n=n,
        clock_s=clock,
        trust=trust,
        asked=asked,
        time_s=at_clock(low + long * step, pick, low, long).ravel(),
        weight=weight / weight.sum(),
    )


def at_clock(time_s: FloatArray, clock_s: FloatArray, start: FloatArray | float, length: FloatArray | float) -> FloatArray:  # fmt: skip
    """Times moved to an hour of the day, within a period of start and length."""
    return np.asarray(start + (time_s - time_s % DAY_S + clock_s - start) % length, dtype=np.float64)


def _clocks(model: Weighed, rows: IntArray, trust: FloatArray, n: int = 512) -> FloatArray:
    """(n,) hours of the day at which acts came, each as often as it stands for acts."""
    if not len(rows):
        return np.zeros(0)
    edge = np.cumsum(model.pooled[rows] * trust)
    pick = rows[np.minimum(np.searchsorted(edge / edge[-1], (np.arange(n) + 0.5) / n), len(rows) - 1)]
    return np.asarray(model.detected.moments.time_s[pick] % DAY_S, dtype=np.float64)


def _stand(model: Weighed, place: _Place, chance: FloatArray) -> Rows:
    """What the rows of each square stand for together, shared among them.

    Where a kind is seen its own incidents tell of it, elsewhere those that are seen, by what share of all they are.
    """
    n_acts = len(model.acts)
    each = len(place.weight)
    asked = chance.reshape(place.n, each, n_acts)
    mean = np.einsum("ska,k->sa", asked, place.weight)
    # the mean of 1/m̂ is 1/m · (1 + (sd of m̂/m)²), m̂ being of some moments (Cochran 1977, 6.8)
    spread = np.einsum("ska,k->sa", (asked - mean[:, None]) ** 2, place.weight**2)
    mean *= 1 + spread / np.maximum(mean, 1e-9) ** 2 * each / (each - 1)
    own = model.weight[place.rows] * place.trust[:, None]
    total = own.sum(axis=1)

    def summed(values: FloatArray) -> FloatArray:
        return np.stack([np.bincount(place.square, weights=one, minlength=place.n) for one in values.T], axis=1)  # fmt: skip

    count = summed(own)
    all_kinds = np.maximum(count.sum(axis=1), 1e-12)
    shares = summed(model.shares[place.rows] * total[:, None]) / all_kinds[:, None]
    seen = mean >= LEAST_SEEN
    stands = np.where(seen, count / np.maximum(mean, LEAST_SEEN), 0.0)
    told = np.where(seen, shares, 0.0).sum(axis=1)
    hardly = all_kinds / np.maximum((mean * shares).sum(axis=1), LEAST_SIGHT)
    # what was told from where nobody ever could see speaks against what is said of sight: it stands for itself
    ever = (mean > 0).any(axis=1) | (summed(model.watched_at[place.rows, None].astype(np.float64))[:, 0] > 0)
    hardly = np.where(ever, hardly, all_kinds)
    usual = np.divide(stands.sum(axis=1), told, out=hardly, where=told > 0)
    stands = np.where(seen, stands, usual[:, None] * shares)
    weight = stands[place.square] * (total / all_kinds[place.square])[:, None]
    return Rows(rows=place.rows, weight=weight, clock_s=place.clock_s)
