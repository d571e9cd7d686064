"""The hidden truth of a regime: who fired what, when, from where to where; and pushes of the line.

Immigrants come at hot spots and anywhere, some in barrages; each act of fire may draw answers from
the other party and follow-ups by the same one (a branching process, as in a Hawkes process). The
order to cease thins immigrants and offspring alike, in each sector from another hour on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from truceline.base.columns import BoolArray, FloatArray, IntArray
from truceline.simulate.regime import FIRE, Regime
from truceline.simulate.terrain import Terrain

DAY_S, HOUR_S = 86_400.0, 3_600.0
_MAX_GENERATIONS = 40
#: by act of fire: mean depth of the place fired from, behind the line; of the place hit; rounds; strength
_FROM_KM = ((3.0, 12.0), (8.0, 30.0), (1.0, 10.0))
_DEPTH_KM = ((1.3, 2.4), (1.5, 5.5), (1.3, 2.6))
_ROUNDS_P = (0.35, 0.12, 1.0)
_STRENGTH = (1.0, 2.2, 0.3)
_PUSH_SD_KM = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """True acts as parallel arrays (n,), by time. Seconds from the regime's start, km."""

    time_s: FloatArray
    side: IntArray  #: 0 or 1: place in the regime's parties; −1: neither
    kind: IntArray  #: place in ``regime.ACTS``
    x_km: FloatArray
    y_km: FloatArray
    from_x_km: FloatArray
    from_y_km: FloatArray
    rounds: IntArray
    strength: FloatArray
    answer: BoolArray  #: whether it answered another act
    push_km: FloatArray  #: of an advance: how far the line moved, east positive
    staged: BoolArray  #: fire on one's own ground to blame the other party

    def __len__(self) -> int:
        return len(self.time_s)

    def at(self, rows: IntArray | BoolArray) -> Acts:
        """The same of some rows."""
        return Acts(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


def join(parts: list[Acts]) -> tuple[Acts, IntArray]:
    """All acts of several by time, and where each of them then stands."""
    whole = Acts(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Acts)})  # fmt: skip
    order = np.lexsort((whole.x_km, whole.y_km, whole.time_s))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return whole.at(order), place


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """Fire before it has a place across the line: (n,) each."""

    time_s: FloatArray
    side: IntArray
    kind: IntArray
    y_km: FloatArray
    answer: BoolArray

    def at(self, rows: IntArray | BoolArray) -> Seeds:
        """The same of some rows."""
        return Seeds(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


def no_seeds() -> Seeds:
    """None."""
    return Seeds(time_s=np.zeros(0), side=np.zeros(0, np.int64), kind=np.zeros(0, np.int64), y_km=np.zeros(0), answer=np.zeros(0, np.bool_))  # fmt: skip


def _joined(parts: list[Seeds]) -> Seeds:
    return Seeds(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Seeds)})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """How the order to cease is obeyed: (2, n_sectors) each, side first."""

    truce_s: float
    delay_s: FloatArray
    remaining: FloatArray

    def share(self, time_s: FloatArray, side: IntArray, sector: IntArray) -> FloatArray:
        """Share of the rate of war that goes on."""
        obeys = time_s >= self.truce_s + self.delay_s[side, sector]
        return np.where(obeys, self.remaining[side, sector], 1.0)


def give_orders(regime: Regime, terrain: Terrain, rng: np.random.Generator) -> Orders:
    """Draw how each party obeys in each sector."""
    shape = 2, terrain.n_sectors
    m, n = regime.truce.remaining, regime.truce.remaining_trials
    drawn = rng.beta(max(m * n, 1e-9), max((1 - m) * n, 1e-9), shape)
    delay_s = (rng.exponential(1.0, shape) * regime.truce.delay_mean_h * HOUR_S).round()
    if regime.truce.arrives < 1:  # to both parties of a sector or to neither, later than the last day
        delay_s[:, rng.random(terrain.n_sectors) >= regime.truce.arrives] = regime.days * DAY_S
    return Orders(
        truce_s=regime.truce_day * DAY_S,
        delay_s=delay_s,
        remaining=np.where(m >= 1, 1.0, np.where(m <= 0, 0.0, drawn)),
    )


def immigrants_per_day(regime: Regime, orders: Orders) -> float:
    """Immigrants a day before thinning that make ``salvos_per_day`` the mean over the whole period.

    In each sector and phase the rates of the two parties solve λ_i = s_i (μ/2 + f λ_i + a λ_j).
    """
    fire, days = regime.fire, float(regime.days)
    f, a = fire.follow_up_mean, fire.answer_mean
    before = np.clip((orders.truce_s + orders.delay_s) / DAY_S, 0, days) / days
    total = 0.0
    for sector in range(orders.remaining.shape[1]):
        edges = np.unique([0.0, 1.0, *before[:, sector]])
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            s = np.where(before[:, sector] > low, 1.0, orders.remaining[:, sector])
            matrix = np.array([[1 - s[0] * f, -s[0] * a], [-s[1] * a, 1 - s[1] * f]])
            total += (high - low) * np.linalg.solve(matrix, s / 2).sum() / orders.remaining.shape[1]
    return fire.salvos_per_day / total if total > 0 else 0.0  # a truce from the first day that all obey


def fire_salvos(
    regime: Regime,
    terrain: Terrain,
    orders: Orders,
    *,
    days: tuple[int, int],
    pending: Seeds,
    weights: FloatArray,
    rng: np.random.Generator,
) -> tuple[Seeds, Seeds]:
    """Fire of some days ``[first, stop)``, and offspring that falls after them, for the next call.

    weights : (n_days, n_spots) of hot spots on each day, mean 1.
    """
    first = _immigrants(regime, terrain, orders, days=days, weights=weights, rng=rng)
    generation = _thinned(_joined([first, pending]), terrain, orders, rng)
    stop_s = days[1] * DAY_S
    kept, later = [generation], [no_seeds()]
    for _ in range(_MAX_GENERATIONS):
        children = _offspring(generation, regime, terrain, rng)
        now = children.time_s < stop_s
        later.append(children.at(~now))
        generation = _thinned(children.at(now), terrain, orders, rng)
        if not len(generation.time_s):
            break
        kept.append(generation)
    return _joined(kept), _joined(later)


def _thinned(seeds: Seeds, terrain: Terrain, orders: Orders, rng: np.random.Generator) -> Seeds:
    share = orders.share(seeds.time_s, seeds.side, terrain.sector(seeds.y_km))
    return seeds.at(rng.random(len(share)) < share)


def _immigrants(
    regime: Regime,
    terrain: Terrain,
    orders: Orders,
    *,
    days: tuple[int, int],
    weights: FloatArray,
    rng: np.random.Generator,
) -> Seeds:
    fire, n_days = regime.fire, days[1] - days[0]
    rate = immigrants_per_day(regime, orders) / 2
    day = np.arange(*days)
    weekday = (day + regime.start_utc.weekday()) % 7
    weekend = 1 + 2 / 7 * (fire.weekend_factor - 1)
    level = rng.gamma(fire.day_shape, 1 / fire.day_shape, (n_days, 2, terrain.n_sectors))
    level *= (np.where(weekday >= 5, fire.weekend_factor, 1.0) / weekend)[:, None, None]
    spots = terrain.spot_y_km
    at_spots = (
        rate * fire.hot_spot_share / len(spots) * level[:, :, terrain.sector(spots)] * weights[:, None, :]
    )
    elsewhere = rate * (1 - fire.hot_spot_share) / terrain.n_sectors * level
    edges = terrain.bounds_km(terrain.n_sectors)
    alone = 1 - fire.barrage_share
    parts: list[tuple[FloatArray, IntArray, FloatArray]] = []
    for rates, is_spot in ((at_spots, True), (elsewhere, False)):
        d, side, place = _draw_cells(rates * alone, rng)
        n = len(d)
        y = rng.normal(spots[place], fire.hot_spot_sd_km) if is_spot else rng.uniform(edges[place], edges[place + 1])  # fmt: skip
        parts.append((days[0] + d + _clock_share(fire.night_share, n, rng), side, y))
        if fire.barrage_share > 0:
            d, side, place = _draw_cells(rates * fire.barrage_share / fire.barrage_size, rng)
            size = 1 + rng.poisson(fire.barrage_size - 1, len(d))
            when = days[0] + d + _clock_share(fire.night_share, len(d), rng)
            centre = rng.normal(spots[place], fire.hot_spot_sd_km) if is_spot else rng.uniform(edges[place], edges[place + 1])  # fmt: skip
            when, side, centre = np.repeat(when, size), np.repeat(side, size), np.repeat(centre, size)
            parts.append((when + rng.random(len(when)) / 24, side, rng.normal(centre, 1.5)))
    time_d, side, y = (np.concatenate(each) for each in zip(*parts, strict=True))
    shares = np.array([fire.kinds[kind] for kind in FIRE])
    kind = rng.choice(len(FIRE), len(time_d), p=shares / shares.sum())
    seeds = Seeds(time_s=time_d * DAY_S, side=side, kind=kind.astype(np.int64), y_km=_on_front(y, terrain), answer=np.zeros(len(side), np.bool_))  # fmt: skip
    return seeds.at(seeds.time_s < days[1] * DAY_S)


def _draw_cells(rates: FloatArray, rng: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Poisson counts of every (day, side, place), each as often as it was drawn."""
    counts = rng.poisson(rates)
    d, side, place = (np.repeat(each, counts[counts > 0]) for each in np.nonzero(counts))
    return d, side, place


def _clock_share(night_share: float, n: int, rng: np.random.Generator) -> FloatArray:
    """Share of the day gone: night is 18 to 6 UTC."""
    night = rng.random(n) < night_share
    return np.mod(0.25 + 0.5 * rng.random(n) + 0.5 * night, 1.0)


def _on_front(y_km: FloatArray, terrain: Terrain) -> FloatArray:
    edge = terrain.half_length_km - 0.05
    return np.where(np.abs(y_km) > edge, np.sign(y_km) * (2 * edge - np.abs(y_km)), y_km)


def _offspring(parents: Seeds, regime: Regime, terrain: Terrain, rng: np.random.Generator) -> Seeds:
    fire, n = regime.fire, len(parents.time_s)
    made = []
    for mean, delay_h, answer in (
        (fire.follow_up_mean, fire.follow_up_delay_h, False),
        (fire.answer_mean, fire.answer_delay_h, True),
    ):
        source = np.repeat(np.arange(n), rng.poisson(mean, n))
        size = len(source)
        side, kind = parents.side[source], parents.kind[source]
        other = rng.integers(0, len(FIRE), size)
        made.append(
            Seeds(
                time_s=parents.time_s[source] + 120 + rng.exponential(delay_h * HOUR_S, size),
                side=1 - side if answer else side,
                kind=np.where(rng.random(size) < 0.85, kind, other),
                y_km=_on_front(parents.y_km[source] + rng.normal(0, fire.offspring_sd_km, size), terrain),
                answer=np.full(size, answer),
            )
        )
    return _joined(made)


def land_salvos(
    seeds: Seeds, regime: Regime, terrain: Terrain, *, shift_km: FloatArray, first_day: int, rng: np.random.Generator
) -> Acts:  # fmt: skip
    """Give each act a place of firing and a place of impact, across the line of its day.

    shift_km : (n_days, n_line) how far the line has moved, at each midnight.
    """
    n = len(seeds.time_s)
    day = np.clip((seeds.time_s // DAY_S).astype(np.int64) - first_day, 0, len(shift_km) - 1)
    towards = np.where(seeds.side == 0, 1.0, -1.0)
    depth, scale = (np.array(each)[seeds.kind] for each in zip(*_DEPTH_KM, strict=True))
    depth_km = np.minimum(rng.gamma(depth, scale) + 0.2, 45.0)
    depth_km = np.where(rng.random(n) < regime.fire.short_share, -0.4 * depth_km, depth_km)
    near, far = (np.array(each)[seeds.kind] for each in zip(*_FROM_KM, strict=True))
    from_y = _on_front(seeds.y_km + rng.normal(0, 2.0, n), terrain)
    x = line_at(terrain, shift_km, day, seeds.y_km) + towards * depth_km
    from_x = line_at(terrain, shift_km, day, from_y) - towards * rng.uniform(near, far)
    rounds = rng.geometric(np.array(_ROUNDS_P)[seeds.kind])
    edge = terrain.half_width_km - 0.1
    return Acts(
        time_s=seeds.time_s.round(),
        side=seeds.side,
        kind=seeds.kind,
        x_km=np.clip(x, -edge, edge),
        y_km=seeds.y_km,
        from_x_km=np.clip(from_x, -edge, edge),
        from_y_km=from_y,
        rounds=rounds,
        strength=(np.array(_STRENGTH)[seeds.kind] * np.sqrt(rounds) * rng.lognormal(0, 0.5, n)).round(3),
        answer=seeds.answer,
        push_km=np.zeros(n),
        staged=np.zeros(n, np.bool_),
    )


def explode(
    regime: Regime, terrain: Terrain, *, days: tuple[int, int], shift_km: FloatArray, rng: np.random.Generator
) -> Acts:
    """Explosions of neither party's making, on either ground; they come from nowhere."""
    n = int(rng.poisson(regime.fire.neither_share * regime.fire.salvos_per_day * (days[1] - days[0])))
    time_s = rng.uniform(days[0] * DAY_S, days[1] * DAY_S, n).round()
    y = rng.uniform(-terrain.half_length_km + 1, terrain.half_length_km - 1, n)
    day = np.clip((time_s // DAY_S).astype(np.int64) - days[0], 0, len(shift_km) - 1)
    x = line_at(terrain, shift_km, day, y) + rng.choice([-1.0, 1.0], n) * (rng.gamma(1.5, 4.0, n) + 0.1)
    x = np.clip(x, -terrain.half_width_km + 0.1, terrain.half_width_km - 0.1)
    return Acts(
        time_s=time_s, side=np.full(n, -1), kind=np.zeros(n, np.int64), x_km=x, y_km=y, from_x_km=x, from_y_km=y,
        rounds=np.ones(n, np.int64), strength=rng.lognormal(0, 0.6, n).round(3), answer=np.zeros(n, np.bool_),
        push_km=np.zeros(n), staged=np.zeros(n, np.bool_),
    )  # fmt: skip


def line_at(terrain: Terrain, shift_km: FloatArray, day: IntArray, y_km: FloatArray) -> FloatArray:
    """(n,) the front at places and days; ``shift_km`` (n_days, n_line)."""
    step = terrain.line_y_km[1] - terrain.line_y_km[0]
    share = np.clip((y_km - terrain.line_y_km[0]) / step, 0, len(terrain.line_y_km) - 1.001)
    low = share.astype(np.int64)
    part = share - low
    left = terrain.line_x_km[low] + shift_km[day, low]
    right = terrain.line_x_km[low + 1] + shift_km[day, low + 1]
    return np.asarray(left * (1 - part) + right * part, dtype=np.float64)


def push_line(
    regime: Regime, terrain: Terrain, orders: Orders, *, days: tuple[int, int], shift_km: FloatArray, rng: np.random.Generator
) -> tuple[Acts, FloatArray, FloatArray]:  # fmt: skip
    """Advances of some days; the line's shift at each of their midnights, and at the end of them."""
    n_days = days[1] - days[0]
    n = int(rng.poisson(regime.fire.advances_per_day * n_days * regime.length_km / 1000))
    side = rng.integers(0, 2, n)
    time_s = rng.uniform(days[0] * DAY_S, days[1] * DAY_S, n).round()
    y = rng.uniform(-terrain.half_length_km + 4, terrain.half_length_km - 4, n)
    kept = rng.random(n) < orders.share(time_s, side, terrain.sector(y))
    push = rng.uniform(0.3, 1.2, n) * np.where(side == 0, 1.0, -1.0)
    side, time_s, y, push = side[kept], time_s[kept], y[kept], push[kept]
    order = np.argsort(time_s, kind="stable")
    side, time_s, y, push = side[order], time_s[order], y[order], push[order]
    bumps = push[:, None] * np.exp(-0.5 * ((terrain.line_y_km - y[:, None]) / _PUSH_SD_KM) ** 2)
    day = (time_s // DAY_S).astype(np.int64) - days[0]
    moved = np.zeros((n_days + 1, len(terrain.line_y_km)))
    np.add.at(moved, np.minimum(day + 1, n_days), bumps)
    shift = shift_km + np.cumsum(moved, axis=0)
    x = line_at(terrain, shift, np.clip(day, 0, n_days), y)
    acts = Acts(
        time_s=time_s, side=side, kind=np.full(len(side), len(FIRE), np.int64), x_km=x, y_km=y, from_x_km=x, from_y_km=y,
        rounds=np.zeros(len(side), np.int64), strength=np.zeros(len(side)), answer=np.zeros(len(side), np.bool_),
        push_km=push.round(3), staged=np.zeros(len(side), np.bool_),
    )  # fmt: skip
    return acts, shift[:-1], shift[-1]
