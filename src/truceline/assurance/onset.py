"""When fire fell: the moment of a fall in a series, with an interval, or that it cannot be told.

One change of level at an unknown moment, against no change; the posterior is exact over bins,
ratios and the level before it (Smith 1975; here with negative binomial counts and the regular
effects and dispersion of the baseline). Orders to cease arrive in one sector after another, so
each sector's series is asked apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy.special import logsumexp

from truceline.assurance.effect import MIN_BASELINE_BINS, togetherness
from truceline.assurance.level import measure_wander
from truceline.assurance.regression import draw, fit_baseline, free_term, lay_out, linear_terms
from truceline.assurance.series import FloatArray, Series
from truceline.base.intervals import Interval

#: a fall this probable is told with its moment
LEAST_FALL_P = 0.95
#: events expected in the search without a change, below which nothing can be told
LEAST_EXPECTED = 5.0
#: ratios of the level after to the level before
RATIOS = 2.0 ** (-np.arange(1, 11) / 2)

_N_DRAWS = 24
_LEVELS = np.linspace(-2.5, 2.5, 41)


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """When a series fell. ``fell_p`` is of a fall at any moment of the search, against none."""

    series_id: str
    area_id: str
    search: Interval
    n: int  #: counted in the search
    fell_p: float | None
    at: datetime | None  #: posterior median of the moment, given that there was one
    at_lo95: datetime | None
    at_hi95: datetime | None
    ratio: float | None  #: posterior median of the level after over the level before
    state: str  #: found, not_shown or too_few

    @property
    def found(self) -> bool:
        """Whether the moment may be told."""
        return self.state == "found"


def find_onset(series: Series, *, search: Interval, seed: int) -> Onset:
    """The moment in ``search`` at which the series fell.

    1. The bins of the baseline before the search give rhythm, dispersion and how far the level
       wanders by itself.
    2. Every bin of the search may hold the change; within it, the rate is half the one and half
       the other. As probable before as none at all.
    3. Bins that rise and fall together say less than their number: log likelihoods are divided
       by how much more than independent ones the baseline's runs of bins scatter.
    """
    usable = np.isfinite(series.count) & (series.count >= 0) & (series.exposure > 0)
    inside = np.array([search.covers(one) for one in series.bins]) & usable
    before = usable & series.in_baseline & ~inside
    before &= np.array([one.stop <= search.start for one in series.bins])
    total = int(series.count[inside].sum()) if inside.any() else 0
    nothing = Onset(series_id=series.spec.id, area_id=series.spec.area, search=search, n=total, fell_p=None, at=None, at_lo95=None, at_hi95=None, ratio=None, state="too_few")  # fmt: skip
    if before.sum() < MIN_BASELINE_BINS or inside.sum() < 3 or not series.count[before].any():
        return nothing
    design, count = lay_out(series), np.round(series.count)
    fit = fit_baseline(count[before], design.take(before), family="count")  # (1)
    ahead = design.take(inside)
    if (ahead.rate(fit.coefficients) - ahead.added).sum() < LEAST_EXPECTED:
        return nothing
    rng = np.random.default_rng(seed)
    draws = draw(fit, ahead, n_draws=_N_DRAWS, widen=1.0, rng=rng)
    wander = measure_wander(count, design, before=before, during=inside, fit=fit)
    step = _LEVELS[1] - _LEVELS[0]
    mass = wander.mass(np.append(_LEVELS - step / 2, _LEVELS[-1] + step / 2))
    temper = max(togetherness(count, design, before, fit), 1.0)
    table = _log_posterior(
        count[inside], draws.log_rate, draws.alpha, ahead.added, mass=mass, temper=temper
    )  # (2) (3)
    when = np.exp(table.when - logsumexp(table.when))
    fell_p = float(1 / (1 + np.exp(np.clip(table.no_change - logsumexp(table.when), -600, 600))))
    bins = [one for one, kept in zip(series.bins, inside, strict=True) if kept]
    return Onset(
        series_id=series.spec.id,
        area_id=series.spec.area,
        search=search,
        n=total,
        fell_p=fell_p,
        at=moment_at(when, bins, 0.5),
        at_lo95=moment_at(when, bins, 0.025),
        at_hi95=moment_at(when, bins, 0.975),
        ratio=float(np.exp(np.interp(0.5, np.cumsum(table.ratio[::-1]), np.log(RATIOS)[::-1]))),
        state="found" if fell_p >= LEAST_FALL_P else "not_shown",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posterior:
    """no_change: log weight; when : (n_bins,) log weights of a change in each bin; ratio : (n_ratios,)."""

    no_change: float
    when: FloatArray
    ratio: FloatArray


def _log_posterior(
    count: FloatArray,
    log_rate: FloatArray,
    alpha: FloatArray,
    clutter: FloatArray | float,
    *,
    mass: FloatArray,
    temper: float,
) -> _Posterior:
    """Weights of every bin, averaged over draws and levels; prior one half for no change."""
    n_bins = len(count)
    keep = np.flatnonzero(mass > 1e-6)
    prior = np.log(mass[keep] / mass[keep].sum())
    levels = _LEVELS[keep]

    def fits(ratio: float) -> FloatArray:
        """(n_draws, n_levels, n_bins) log probability of each bin with its rate times ``ratio``.

        Fire that falls comes in fewer bursts, not in smaller ones: variance over mean stays, and α/ratio.
        """
        moved = np.log(np.exp(log_rate[:, None, :] + levels[None, :, None] + np.log(ratio)) + clutter)
        own = alpha / ratio
        slope, constant = linear_terms(moved, own[:, None, None], family="count")
        free = free_term(count[None, :], own[:, None], family="count")[:, None, :]
        fit: FloatArray = (count * slope + constant + free) / temper
        return fit

    same = fits(1.0)
    weight = prior[None, :] - np.log(len(alpha))
    no_change = float(logsumexp(same.sum(axis=2) + weight))
    upto = np.cumsum(same, axis=2) - same  # bins before each one
    by_ratio = np.empty((len(RATIOS), n_bins))
    for k, ratio in enumerate(RATIOS):
        less = fits(float(ratio))
        onward = np.cumsum(less[:, :, ::-1], axis=2)[:, :, ::-1] - less
        amid = fits(float((1 + ratio) / 2))
        by_ratio[k] = logsumexp(upto + amid + onward + weight[:, :, None], axis=(0, 1))
    by_ratio -= np.log(len(RATIOS) * n_bins)
    ratio_weight = np.exp(logsumexp(by_ratio, axis=1) - logsumexp(by_ratio))
    return _Posterior(no_change=no_change, when=np.asarray(logsumexp(by_ratio, axis=0)), ratio=ratio_weight)


def moment_at(weight: FloatArray, bins: Sequence[Interval], share: float) -> datetime:
    """The moment before which ``share`` of the weight lies; evenly spread within a bin."""
    below = np.cumsum(weight) / weight.sum()
    place = min(int(np.searchsorted(below, share)), len(bins) - 1)
    start = below[place - 1] if place else 0.0
    part = (share - start) / max(float(below[place] - start), 1e-12)
    one = bins[place]
    minutes = (one.stop - one.start) / timedelta(minutes=1) * float(np.clip(part, 0.0, 1.0))
    return one.start + timedelta(minutes=round(minutes))
