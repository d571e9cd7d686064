"""A party that knows where sensors stand fires where fewest can see it, once the truce runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from truceline.base.columns import FloatArray
from truceline.simulate.regime import Regime
from truceline.simulate.salvos import DAY_S, Seeds
from truceline.simulate.terrain import Terrain
from truceline.simulate.watch import Fleet

#: the evader is the second party; of so many places along the front it takes the least watched
EVADER, CHOICES = 1, 8


def evade(
    seeds: Seeds, regime: Regime, terrain: Terrain, fleets: tuple[Fleet, ...], rng: np.random.Generator
) -> Seeds:
    """The same fire; some of the second party's is moved along the front, out of stations' circles."""
    share = regime.fire.evades
    if share <= 0:
        return seeds
    moved = (seeds.side == EVADER) & (seeds.time_s >= regime.truce_day * DAY_S)
    moved &= rng.random(len(moved)) < share
    rows = np.flatnonzero(moved)
    edge = terrain.half_length_km - 0.5
    places = rng.uniform(-edge, edge, (len(rows), CHOICES))
    watched = watched_by(places.reshape(-1), fleets).reshape(places.shape)
    y = seeds.y_km.copy()
    y[rows] = places[np.arange(len(rows)), watched.argmin(axis=1)]
    return replace(seeds, y_km=y)


def watched_by(y_km: FloatArray, fleets: tuple[Fleet, ...]) -> FloatArray:
    """(n,) mean true probabilities of the stations within whose reach along the front a place is, summed."""
    total = np.zeros(len(y_km))
    for fleet in fleets:
        if fleet.sensing.form != "station" or not len(fleet.y_km):
            continue
        order = np.sort(fleet.y_km)
        near = np.searchsorted(order, y_km + fleet.sensing.radius_km) - np.searchsorted(order, y_km - fleet.sensing.radius_km)  # fmt: skip
        total += near * fleet.beta[..., 2].mean()
    return total
