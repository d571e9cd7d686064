"""What sensors record of the hidden truth, what they miss, and what they record of nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from truceline.base.columns import BoolArray, FloatArray, IntArray
from truceline.simulate.salvos import DAY_S, Acts
from truceline.simulate.terrain import Terrain
from truceline.simulate.watch import Fleet, Looks

#: edge of a patch of cloud, km
PATCH_KM = 10.0
#: a band spans this many standard deviations to either side
BAND_SD = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Records of sensors as parallel arrays (n,); NaN or −1: not told. Seconds, km, degrees."""

    row: IntArray  #: place in ``Looks``
    truth: IntArray  #: place in ``Acts``; −1: nothing was there
    from_s: FloatArray
    until_s: FloatArray
    x_km: FloatArray
    y_km: FloatArray
    sd_m: FloatArray
    range_min_m: FloatArray
    range_max_m: FloatArray
    bearing_min_deg: FloatArray
    bearing_max_deg: FloatArray
    act: IntArray
    count: IntArray
    strength: FloatArray
    direction_deg: FloatArray

    def __len__(self) -> int:
        return len(self.row)

    def at(self, rows: IntArray | BoolArray) -> Found:
        """The same of some rows."""
        return Found(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What there was to be seen, or seemed to be, before it is measured."""

    row: IntArray
    truth: IntArray
    time_s: FloatArray
    x_km: FloatArray
    y_km: FloatArray
    kind: IntArray
    rounds: IntArray
    strength: FloatArray
    bearing_deg: FloatArray


def sense(
    terrain: Terrain,
    fleets: tuple[Fleet, ...],
    looks: Looks,
    acts: Acts,
    *,
    first_day: int,
    drift: FloatArray,
    stop_s: float,
    rngs: tuple[np.random.Generator, np.random.Generator, np.random.Generator],
) -> Found:
    """Detections and false detections, in order of source and time.

    acts : in order of time. drift : (n_fleets, n_sensors_at_most, n_days) added to logit p. stop_s : no record tells of a time beyond.
    rngs : of detections, of clutter, of measuring.
    """
    row, act = _pairs(looks, acts, terrain)
    chance = looks.true_p[row] * looks.share[row]
    chance = _unsaid(terrain, fleets, looks, acts, row, act, chance, first_day=first_day, drift=drift, rng=rngs[0])  # fmt: skip
    hit = rngs[0].random(len(row)) < chance
    row, act = row[hit], act[hit]
    real = _Seen(
        row=row,
        truth=act,
        time_s=acts.time_s[act],
        x_km=acts.x_km[act],
        y_km=acts.y_km[act],
        kind=acts.kind[act],
        rounds=acts.rounds[act],
        strength=acts.strength[act],
        bearing_deg=_of_fire(acts)[act],
    )
    false = _clutter(terrain, fleets, looks, rngs[1])
    seen = _Seen(**{one.name: np.concatenate([getattr(part, one.name) for part in (real, false)]) for one in fields(_Seen)})  # fmt: skip
    found = _within(_measure(fleets, looks, seen, rngs[2]), stop_s)
    order = np.lexsort((found.y_km, found.x_km, looks.sensor[found.row], found.until_s, found.from_s, looks.fleet[found.row]))  # fmt: skip
    return found.at(order)


def bearing_deg(east: FloatArray, north: FloatArray) -> FloatArray:
    """Direction of a vector, clockwise from north."""
    return np.degrees(np.arctan2(east, north)) % 360


def _of_fire(acts: Acts) -> FloatArray:
    """(n,) direction of fire, NaN where there is none."""
    east, north = acts.x_km - acts.from_x_km, acts.y_km - acts.from_y_km
    return np.where(np.hypot(east, north) > 0, bearing_deg(east, north), np.nan)


def _pairs(looks: Looks, acts: Acts, terrain: Terrain) -> tuple[IntArray, IntArray]:
    """(n_pairs,) looks and acts where the look could have seen the act; one of any act sees advances too."""
    every = np.arange(len(acts))
    by_y = np.argsort(acts.y_km, kind="stable")
    y = acts.y_km[by_y]
    edges = terrain.bounds_km(terrain.n_sectors)
    radius = looks.radius_km
    sector = looks.sector >= 0
    south = np.where(sector, edges[looks.sector], looks.y_km - radius)
    north = np.where(sector, edges[looks.sector + 1], looks.y_km + radius)
    spans = [
        (np.searchsorted(acts.time_s, looks.start_s), np.searchsorted(acts.time_s, looks.stop_s), every),
        (np.searchsorted(y, south), np.searchsorted(y, north, side="right"), by_y),
    ]
    sizes = np.stack([high - low for low, high, _ in spans])
    sizes[:, looks.share <= 0] = 0
    best = sizes.argmin(axis=0)
    rows, numbers = [], []
    for k, (low, _, order) in enumerate(spans):
        mine = np.flatnonzero(best == k)
        size = sizes[k][mine]
        row = np.repeat(mine, size)
        place = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size) + low[row]
        rows.append(row)
        numbers.append(order[place])
    row, act = np.concatenate(rows), np.concatenate(numbers)
    # one after the other, since each leaves few of the pairs
    along = acts.y_km[act]
    near = (along >= south[row]) & (along <= north[row])
    row, act = row[near], act[near]
    within = (acts.time_s[act] >= looks.start_s[row]) & (acts.time_s[act] < looks.stop_s[row])
    row, act = row[within], act[within]
    square = (acts.x_km[act] - looks.x_km[row]) ** 2 + (acts.y_km[act] - looks.y_km[row]) ** 2
    fits = (looks.act[row] < 0) | (looks.act[row] == acts.kind[act])
    fits &= sector[row] | (square <= radius[row] ** 2)
    row, act = row[fits], act[fits]
    order = np.lexsort((act, row))
    return row[order], act[order]


def _unsaid(
    terrain: Terrain,
    fleets: tuple[Fleet, ...],
    looks: Looks,
    acts: Acts,
    row: IntArray,
    act: IntArray,
    chance: FloatArray,
    *,
    first_day: int,
    drift: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Chances with what no declaration tells: shadows, drift, patches."""
    for fleet in fleets:
        sensing = fleet.sensing
        mine = np.flatnonzero(looks.fleet[row] == fleet.code)
        if not len(mine):
            continue
        r, e = row[mine], act[mine]
        if sensing.drift_sd > 0:
            day = np.clip((acts.time_s[e] // DAY_S).astype(np.int64) - first_day, 0, drift.shape[2] - 1)
            p = np.clip(looks.true_p[r], 1e-9, 1 - 1e-9)
            moved = np.log(p / (1 - p)) + drift[fleet.code, looks.sensor[r], day]
            chance[mine] = looks.share[r] / (1 + np.exp(-moved))
        if sensing.shadow_share > 0:
            towards = bearing_deg(acts.x_km[e] - looks.x_km[r], acts.y_km[e] - looks.y_km[r])
            deaf = (towards - fleet.shadow_deg[looks.sensor[r]]) % 360 < 360 * sensing.shadow_share
            # the declared probability is right on the average over all bearings
            chance[mine] = np.where(deaf, 0.0, np.minimum(chance[mine] / (1 - sensing.shadow_share), 0.98))
        if sensing.patchy:
            columns = int(2 * terrain.half_width_km / PATCH_KM) + 1
            cells = int(2 * terrain.half_length_km / PATCH_KM) + 1
            passes, number = np.unique(looks.look[r], return_inverse=True)
            sky = rng.random((len(passes), cells, columns))
            cell_y = ((acts.y_km[e] + terrain.half_length_km) / PATCH_KM).astype(np.int64)
            cell_x = ((acts.x_km[e] + terrain.half_width_km) / PATCH_KM).astype(np.int64)
            clear = sky[number.reshape(-1), cell_y, cell_x] < looks.share[r]
            chance[mine] = np.where(clear, looks.true_p[r], 0.0)
    return chance


def _clutter(terrain: Terrain, fleets: tuple[Fleet, ...], looks: Looks, rng: np.random.Generator) -> _Seen:
    """False detections: uniform over each row's window and area, alone or in clusters."""
    mean_size = np.array([fleet.sensing.clutter_cluster for fleet in fleets])[looks.fleet]
    expected = looks.true_clutter_per_day * looks.share * (looks.stop_s - looks.start_s) / DAY_S
    row = np.repeat(np.arange(len(looks)), rng.poisson(expected / mean_size))
    n = len(row)
    edges = terrain.bounds_km(terrain.n_sectors)
    sector = looks.sector[row]
    reach, angle = looks.radius_km[row] * np.sqrt(rng.random(n)), rng.uniform(0, 2 * np.pi, n)
    x = np.where(sector >= 0, rng.uniform(-1, 1, n) * terrain.half_width_km, looks.x_km[row] + reach * np.cos(angle))  # fmt: skip
    y = np.where(sector >= 0, edges[sector] + rng.random(n) * (edges[sector + 1] - edges[sector]), looks.y_km[row] + reach * np.sin(angle))  # fmt: skip
    time = looks.start_s[row] + rng.random(n) * (looks.stop_s[row] - looks.start_s[row])
    size = 1 + rng.poisson(mean_size[row] - 1)
    alone = np.repeat(size == 1, size)
    row, x, y, time = (np.repeat(each, size) for each in (row, x, y, time))
    n = len(row)
    x = np.where(alone, x, x + rng.normal(0, 1.2, n))
    y = np.where(alone, y, y + rng.normal(0, 1.2, n))
    act = looks.act[row]
    return _Seen(
        row=row,
        truth=np.full(n, -1),
        time_s=time,
        x_km=np.clip(x, -terrain.half_width_km, terrain.half_width_km),
        y_km=np.clip(y, -terrain.half_length_km, terrain.half_length_km),
        kind=np.where(act >= 0, act, rng.choice([0, 2], n)),
        rounds=np.ones(n, np.int64),
        strength=0.5 * rng.lognormal(0, 0.7, n),
        bearing_deg=rng.uniform(0, 360, n),
    )


def _measure(fleets: tuple[Fleet, ...], looks: Looks, seen: _Seen, rng: np.random.Generator) -> Found:
    """Write down what was seen, with each kind's errors."""
    n, row = len(seen.row), seen.row
    fleet = looks.fleet[row]

    def of(name: str) -> FloatArray:
        return np.array([float(getattr(one.sensing, name)) for one in fleets])[fleet]

    from_s, until_s = _interval(fleets, looks, seen, rng)
    centre_x, centre_y = looks.x_km[row], looks.y_km[row]
    range_km = np.nan_to_num(np.hypot(seen.x_km - centre_x, seen.y_km - centre_y))
    sd_m = (of("position_sd_m") + of("position_sd_per_km_m") * range_km).round()
    x = seen.x_km + rng.normal(0, 1, n) * sd_m / 1000
    y = seen.y_km + rng.normal(0, 1, n) * sd_m / 1000
    # bands in place of a point
    band = rng.random(n) < of("bearing_share")
    half_deg = BAND_SD * of("bearing_sd_deg")
    towards = bearing_deg(seen.x_km - centre_x, seen.y_km - centre_y) + rng.normal(0, 1, n) * of("bearing_sd_deg")  # fmt: skip
    low_deg = np.where(band, np.mod((towards - half_deg).round(), 360), np.nan)
    guess_km = np.clip(range_km * rng.lognormal(0, 0.18, n), 0.3, None)
    near_m, far_m = (np.where(band, (guess_km * share * 10).round() * 100, np.nan) for share in (0.7, 1.45))
    middle_km, width = (near_m + far_m) / 2000, np.radians(2 * half_deg)
    middle = np.radians(low_deg + half_deg)
    x = np.where(band, centre_x + middle_km * np.sin(middle), x)
    y = np.where(band, centre_y + middle_km * np.cos(middle), y)
    across = np.sqrt(((far_m - near_m) ** 2 + (middle_km * 1000 * width) ** 2) / 24)
    # what came from nowhere has no direction
    direction = np.mod(seen.bearing_deg + rng.normal(0, 1, n) * of("direction_sd_deg"), 360).round(1) % 360
    return Found(
        row=row,
        truth=seen.truth,
        from_s=from_s,
        until_s=until_s,
        x_km=x,
        y_km=y,
        sd_m=np.where(band, across.round(), sd_m),
        range_min_m=near_m,
        range_max_m=far_m,
        bearing_min_deg=low_deg,
        bearing_max_deg=low_deg + 2 * half_deg,
        act=np.where(rng.random(n) < of("act_unknown_share"), -1, seen.kind),
        count=np.where((of("counts") > 0) & (seen.rounds > 0), seen.rounds, -1),
        strength=_strength(fleets, fleet, seen.strength, rng),
        direction_deg=np.where(rng.random(n) < of("direction_share"), direction, np.nan),
    )


def _within(found: Found, stop_s: float) -> Found:
    from_s = np.clip(found.from_s, 0, stop_s - 1)
    return replace(found, from_s=from_s, until_s=np.clip(found.until_s, from_s + 1, stop_s))


def _interval(
    fleets: tuple[Fleet, ...], looks: Looks, seen: _Seen, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """When it may have begun: a clock's error, or for what lay there before the look, what it showed."""
    n, row = len(seen.row), seen.row
    fleet = looks.fleet[row]
    span_s, clock_s = (np.array([getattr(one.sensing, name) for one in fleets])[fleet] for name in ("span_s", "time_sd_s"))  # fmt: skip
    passing = np.array([one.sensing.form == "pass" for one in fleets])[fleet]
    before = seen.time_s < looks.look_from_s[row]
    told_s = np.where(before, span_s, np.minimum(span_s, 300.0)) * np.where(
        before, rng.uniform(0.5, 1.5, n), 1
    )
    at = seen.time_s + rng.normal(0, 1, n) * np.where(before, 0, clock_s)
    from_s = at - told_s * np.where(before, rng.random(n), 0.5)
    until_s = from_s + told_s
    inside = before | passing
    from_s = np.where(passing, looks.start_s[row], np.where(inside, np.maximum(from_s, looks.start_s[row]), from_s))  # fmt: skip
    until_s = np.where(passing, looks.stop_s[row], np.where(inside, np.minimum(until_s, looks.stop_s[row]), until_s))  # fmt: skip
    from_s = np.floor(from_s)
    return from_s, np.maximum(np.ceil(until_s), from_s + 1)


def _strength(
    fleets: tuple[Fleet, ...], fleet: IntArray, strength: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """In the sensor's own unit; NaN where it has none."""
    unit = np.array([("none", "megawatt", "decibel", "magnitude").index(one.sensing.strength_unit) for one in fleets])[fleet]  # fmt: skip
    noisy = np.maximum(strength, 1e-6) * rng.lognormal(0, 0.3, len(strength))
    told = np.select(
        [unit == 1, unit == 2, unit == 3],
        [6.0 * noisy, 70 + 10 * np.log10(noisy), 1.6 + 0.7 * np.log10(noisy)],
        np.nan,
    )
    return np.asarray(told.round(2), dtype=np.float64)
