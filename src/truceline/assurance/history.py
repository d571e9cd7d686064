"""How well acts would be detected if they came as they used to: what the past tells, and how far it can be trusted.

What is known of the past is where somebody watched, so each past act weighs by the inverse of the chance
with which it was detected (Horvitz & Thompson 1952). And the next period has hot spots of its own: in
each draw those of the past have other shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
from shapely import contains_xy
from shapely.geometry.base import BaseGeometry

from truceline.assurance.spread import FloatArray, PastPoints, Spread
from truceline.base.columns import BoolArray
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.coverage.sight import Moments, Profiles, find_profiles, read_sight
from truceline.schema.table import Table

N_DRAWS = 128
#: of acts, under a cause that nobody recorded; and by how much all then see less
SHADOW_SHARE = 0.1
SHADOW_FACTOR = 0.5


def past_chance(
    past: PastPoints, act: str, coverage: Table, frame: LocalFrame, shapes: Mapping[str, BaseGeometry]
) -> FloatArray | None:
    """(n_past,) chance with which each past act was detected where and when it was; None: nothing is known of it."""
    key = ("chance", act, frame, len(shapes))
    if key not in past.known:
        past.known[key] = _measure_past(past, act, coverage, frame, shapes) if len(past.at_us) else None
    found: FloatArray | None = past.known[key]
    return found


def _measure_past(
    past: PastPoints, act: str, coverage: Table, frame: LocalFrame, shapes: Mapping[str, BaseGeometry]
) -> FloatArray | None:
    first, last = (
        datetime.fromtimestamp(int(at) / 1e6, tz=UTC) for at in (past.at_us.min(), past.at_us.max())
    )
    period = Interval(first, last + timedelta(seconds=1))
    sight = read_sight(coverage, act=act, frame=frame, period=period, area_ids=tuple(shapes))
    if sight.empty:
        return None
    x, y = (np.atleast_1d(one) for one in past.plane(frame))

    def inside(name: str) -> BoolArray:
        if name not in shapes:
            return np.zeros(len(x), dtype=np.bool_)
        return np.asarray(contains_xy(shapes[name], past.longitude_deg, past.latitude_deg))

    seen = sight.see(Moments(x_m=x, y_m=y, time_s=past.at_us / 1e6, inside=inside))
    profiles = find_profiles(seen)
    chance = 1 - missed_p(profiles, sight.draw_probabilities(N_DRAWS)).mean(axis=1)[profiles.of_moment]
    # where nobody is known to have watched, somebody did all the same: as the others were
    some = chance > 0
    return np.where(some, chance, chance[some].mean()) if some.any() else None


def missed_p(profiles: Profiles, draws: FloatArray) -> FloatArray:
    """(n_profiles, n_draws) chance that all miss, with one branch of causes that nobody recorded.

    In it all see ``SHADOW_FACTOR`` of what they usually do, elsewhere the more, so that each one's
    own probability stays what it is.
    """
    brighter = (1 - SHADOW_SHARE * SHADOW_FACTOR) / (1 - SHADOW_SHARE)
    dim, bright = profiles.missed(draws * SHADOW_FACTOR), profiles.missed(np.minimum(draws * brighter, 1.0))
    both: FloatArray = SHADOW_SHARE * dim + (1 - SHADOW_SHARE) * bright
    return both


def average_p(detected: FloatArray, profiles: Profiles, spread: Spread, chosen: BoolArray) -> FloatArray:
    """(n_draws,) mean chance of detection; in each draw hot spots have other shares, as they had in the past.

    A hot spot's share is Gamma with the variance of what is known of the past and of how the period
    itself may differ (a Bayesian bootstrap by blocks: Rubin 1981).
    """
    at, number = np.unique(spread.block[chosen], return_inverse=True)
    seen, weight = detected[profiles.of_moment[chosen]], spread.weight[chosen][:, None]
    spots = np.flatnonzero(at > 0)
    if spread.turns > 0 and len(spots):
        share = np.ones((len(at), detected.shape[1]))
        rng = np.random.default_rng(len(spots))
        drawn = rng.gamma(1 / spread.turns, spread.turns, (len(spots), detected.shape[1])) + 1e-9
        # what is laid evenly keeps its part
        whole = np.bincount(number.reshape(-1), weights=weight[:, 0], minlength=len(at))[spots]
        share[spots] = drawn * (whole.sum() / (whole @ drawn))
        weight = weight * share[number.reshape(-1)]
    total: FloatArray = (weight * seen).sum(axis=0) / weight.sum(axis=0)
    return total
