"""The hidden truth: who fired what, when, from where to where.

Immigrants arrive by a Poisson process whose level varies by hour, by sector and by day (gamma);
each act of fire may draw answers from the other party and follow-ups by the same one, so that
fire comes in clusters. The order to cease thins immigrants and answers alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.simulate.ground import FloatArray, Ground
from truceline.simulate.scenario import ADVANCE, DRONE, SECTORS, SHELLING, SIDES, Scenario

FIRE_ACTS = (SHELLING, DRONE)
MAX_GENERATIONS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One true act. Times in hours from the start of the baseline, places in km."""

    time_h: float
    side: int  #: index in SIDES of the party that did it
    act: str
    sector: str
    x_km: float  #: where it landed, or where the line was pushed
    y_km: float
    from_x_km: float
    from_y_km: float
    rounds: int
    answer: bool  #: whether it answered another act
    push_km: float = 0.0  #: of an advance: how far the line moved, east positive


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seeds:
    """Fire before it has a place: parallel arrays."""

    time_h: FloatArray
    side: FloatArray
    act: FloatArray
    sector: FloatArray
    y_km: FloatArray
    answer: FloatArray


def wage_war(scenario: Scenario, ground: Ground, rng: np.random.Generator) -> tuple[Act, ...]:
    """All acts of the baseline and the truce, in order of time."""
    generation = _arrivals(scenario, ground, rng)
    generations = [generation]
    for _ in range(MAX_GENERATIONS):
        generation = _offspring(generation, scenario, rng)
        if not len(generation.time_h):
            break
        generations.append(generation)
    names = ("time_h", "side", "act", "sector", "y_km", "answer")
    whole = _Seeds(**{name: np.concatenate([getattr(g, name) for g in generations]) for name in names})
    acts = [*_land(whole, ground, rng), *_advances(scenario, ground, rng)]
    return tuple(sorted(acts, key=lambda act: (act.time_h, act.x_km, act.y_km)))


def obeyed_share(scenario: Scenario, time_h: FloatArray, side: FloatArray, sector: FloatArray) -> FloatArray:
    """Share of the rate of war that goes on, for each (time, side, sector)."""
    delay_h = np.zeros((2, 3))
    remaining = np.ones((2, 3))
    for order in scenario.obedience:
        place = SIDES.index(order.side), SECTORS.index(order.sector)
        delay_h[place], remaining[place] = order.delay_h, order.remaining
    i, j = side.astype(int), sector.astype(int)
    obeys = time_h >= scenario.truce_start_h + delay_h[i, j]
    return np.where(obeys, remaining[i, j], 1.0)


def _arrivals(scenario: Scenario, ground: Ground, rng: np.random.Generator) -> _Seeds:
    n_days = scenario.baseline_days + scenario.truce_days
    level = rng.gamma(scenario.day_dispersion, 1 / scenario.day_dispersion, (n_days, 2, 3))
    columns: list[FloatArray] = []
    per_day = (scenario.shelling_per_day, scenario.small_drone_per_day)
    for side in range(2):
        for sector, name in enumerate(SECTORS):
            for act, rate in enumerate(per_day):
                n = rng.poisson(rate * level[:, side, sector])
                day = np.repeat(np.arange(n_days), n).astype(float)
                hour = np.mod(rng.normal((13.0, 8.0)[act], 5.5, len(day)), 24)
                centre = ground.hot_spots[name][rng.integers(0, 3, len(day))]
                south, north = ground.sector_bounds_km(name)
                y = np.where(
                    rng.random(len(day)) < 0.7,
                    rng.normal(centre, 3.0),
                    rng.uniform(south, north, len(day)),
                )
                y = np.clip(y, south + 0.1, north - 0.1)
                full = np.full(len(day), 1.0)
                columns.append(
                    np.stack([24 * day + hour, side * full, act * full, sector * full, y, 0 * full])
                )
    found = _Seeds(
        **dict(zip(("time_h", "side", "act", "sector", "y_km", "answer"), np.hstack(columns), strict=True))
    )
    return _thin(found, scenario, rng)


def _offspring(parents: _Seeds, scenario: Scenario, rng: np.random.Generator) -> _Seeds:
    n = len(parents.time_h)
    made: list[_Seeds] = []
    for mean, delay_h, answer in ((scenario.follow_up_mean, 0.5, 0.0), (scenario.answer_mean, 2.0, 1.0)):
        source = np.repeat(np.arange(n), rng.poisson(mean, n))
        size = len(source)
        time_h = parents.time_h[source] + 0.05 + rng.exponential(delay_h, size)
        side = parents.side[source]
        made.append(
            _Seeds(
                time_h=time_h,
                side=1 - side if answer else side,
                act=np.where(rng.random(size) < 0.8, parents.act[source], 1 - parents.act[source]),
                sector=parents.sector[source],
                y_km=parents.y_km[source] + rng.normal(0, 1.2, size),
                answer=np.full(size, answer),
            )
        )
    names = ("time_h", "side", "act", "sector", "y_km", "answer")
    both = _Seeds(**{name: np.concatenate([getattr(m, name) for m in made]) for name in names})
    return _thin(both, scenario, rng)


def _thin(seeds: _Seeds, scenario: Scenario, rng: np.random.Generator) -> _Seeds:
    share = obeyed_share(scenario, seeds.time_h, seeds.side, seeds.sector)
    keep = (rng.random(len(share)) < share) & (seeds.time_h < scenario.stop_h)
    names = ("time_h", "side", "act", "sector", "y_km", "answer")
    return _Seeds(**{name: getattr(seeds, name)[keep] for name in names})


def _land(seeds: _Seeds, ground: Ground, rng: np.random.Generator) -> list[Act]:
    """Give each act a place of firing and a place of impact: nearly always across the line."""
    n = len(seeds.time_h)
    towards = np.where(seeds.side == 0, 1.0, -1.0)
    depth_km = rng.gamma(2.0, 1.6, n) + 0.3
    depth_km = np.where(rng.random(n) < 0.02, -0.5 * depth_km, depth_km)  # short rounds
    x = ground.front_x_km(seeds.y_km) + towards * depth_km
    from_y = seeds.y_km + rng.normal(0, 2.0, n)
    from_x = ground.front_x_km(from_y) - towards * rng.uniform(2.0, 12.0, n)
    rounds = np.where(seeds.act == 0, 1 + rng.geometric(0.35, n), 1)
    return [
        Act(
            time_h=float(seeds.time_h[i]),
            side=int(seeds.side[i]),
            act=FIRE_ACTS[int(seeds.act[i])],
            sector=ground.sector(float(seeds.y_km[i])),
            x_km=float(x[i]),
            y_km=float(seeds.y_km[i]),
            from_x_km=float(from_x[i]),
            from_y_km=float(from_y[i]),
            rounds=int(rounds[i]),
            answer=bool(seeds.answer[i]),
        )
        for i in range(n)
    ]


def _advances(scenario: Scenario, ground: Ground, rng: np.random.Generator) -> list[Act]:
    """Small pushes of the line; in the truce only where an order is poorly obeyed."""
    n = rng.poisson(scenario.advance_per_day * scenario.stop_h / 24, 2)
    side = np.repeat([0.0, 1.0], n)
    time_h = rng.uniform(0, scenario.stop_h, len(side))
    y = rng.uniform(-ground.half_length_km + 4, ground.half_length_km - 4, len(side))
    sector = np.array([SECTORS.index(ground.sector(float(value))) for value in y], dtype=np.float64)
    keep = rng.random(len(side)) < obeyed_share(scenario, time_h, side, sector)
    push_km = rng.uniform(0.3, 1.2, len(side)) * np.where(side == 0, 1.0, -1.0)
    x = ground.front_x_km(y)
    return [
        Act(
            time_h=float(time_h[i]),
            side=int(side[i]),
            act=ADVANCE,
            sector=SECTORS[int(sector[i])],
            x_km=float(x[i]),
            y_km=float(y[i]),
            from_x_km=float(x[i]),
            from_y_km=float(y[i]),
            rounds=0,
            answer=False,
            push_km=float(push_km[i]),
        )
        for i in range(len(side))
        if keep[i]
    ]
