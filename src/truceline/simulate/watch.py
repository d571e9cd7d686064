"""Who watched: sensors in their places, what was declared of them and what is true, and every look.

A row of ``Looks`` is a row of coverage: a circle or a sector, a window of the times of events that
it could witness, one act or any, the share available, Beta(a, b) and clutter as declared. The true
probability of a declaration is drawn once from its Beta, times the regime's unsaid factor.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from truceline.base.columns import BoolArray, FloatArray, IntArray
from truceline.simulate.regime import ANY, FIRE, Regime, Sensing
from truceline.simulate.salvos import DAY_S, HOUR_S, line_at
from truceline.simulate.terrain import Terrain

REASONS = ("watched", "outage", "cloud", "jamming", "movement_restriction")
#: local hours of the day; probabilities by night are declared apart
DAY_FROM_H, DAY_UNTIL_H = 6, 18
_SATELLITES = 3
#: a Beta's a + b of how cloud is spread over passes and sectors: mostly clear or mostly closed
_CLOUD_SHAPE = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A probability of detection: what is declared and what is true."""

    source: str
    act: str
    night: bool
    sensor: int  #: −1: of all sensors of the source
    a: float
    b: float
    true_p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All sensors of one kind; x, y, shadow_deg : (n_sensors,); beta : (n_acts, 2, n_or_1, 3).

    ``beta`` holds a, b and the true p by act of ``acts``, day or night, and sensor (or all).
    """

    code: int
    name: str
    sensing: Sensing
    acts: tuple[int, ...]  #: places in FIRE; −1: any
    x_km: FloatArray
    y_km: FloatArray
    shadow_deg: FloatArray
    beta: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Rows of coverage as parallel arrays (n,). Seconds from the regime's start, km."""

    fleet: IntArray
    sensor: IntArray
    look: IntArray  #: number of the pass, patrol or flight; −1: a station
    x_km: FloatArray
    y_km: FloatArray  #: of a pass: NaN
    sector: IntArray  #: of a pass; else −1
    radius_km: FloatArray
    start_s: FloatArray
    stop_s: FloatArray
    look_from_s: FloatArray  #: when the look itself began: earlier events are told vaguely
    act: IntArray
    share: FloatArray
    a: FloatArray
    b: FloatArray
    true_p: FloatArray
    night: BoolArray
    clutter_per_day: FloatArray  #: as declared
    true_clutter_per_day: FloatArray
    reason: IntArray

    def __len__(self) -> int:
        return len(self.fleet)

    def at(self, rows: IntArray | BoolArray) -> Looks:
        """The same of some rows."""
        return Looks(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


@dataclass(slots=True, kw_only=True)
class Counters:
    """How many looks of each fleet there were so far, so that numbers run on."""

    looks: dict[int, int] = field(default_factory=dict)


def muster(regime: Regime, terrain: Terrain, rng: np.random.Generator) -> tuple[Fleet, ...]:
    """Place every kind's sensors, and draw the true probability of each declaration."""
    fleets = []
    for code, (name, sensing) in enumerate(regime.sensors.items()):
        n = {"station": round(sensing.per_1000_km * regime.length_km / 1000), "pass": _SATELLITES, "look": 0}[sensing.form]  # fmt: skip
        x, y = _places(sensing, terrain, n, terrain.line_x_km * 0, rng)
        groups = max(n, 1) if sensing.each_declared and sensing.form == "station" else 1
        p_day = np.array(list(sensing.p.values()))
        mean = np.clip(np.stack([p_day, p_day * sensing.night_factor], axis=1), 1e-4, 1 - 1e-4)
        a = np.repeat((mean * sensing.trials).round(3)[:, :, None], groups, axis=2)
        b = np.repeat(((1 - mean) * sensing.trials).round(3)[:, :, None], groups, axis=2)
        true_p = rng.beta(a, b) * regime.p_factor
        if sensing.night_factor == 1:
            true_p[:, 1] = true_p[:, 0]
        fleets.append(
            Fleet(
                code=code,
                name=name,
                sensing=sensing,
                acts=tuple(-1 if act == ANY else FIRE.index(act) for act in sensing.p),
                x_km=x,
                y_km=y,
                shadow_deg=rng.uniform(0, 360, n),
                beta=np.stack([a, b, true_p], axis=-1),
            )
        )
    return tuple(fleets)


def declarations(fleets: tuple[Fleet, ...]) -> list[Declaration]:
    """What is declared and true, by source, act, day or night, and sensor."""
    found = []
    for fleet in fleets:
        nights = (False, True) if fleet.sensing.night_factor != 1 else (False,)
        for k, act in enumerate(fleet.acts):
            for night in nights:
                for group in range(fleet.beta.shape[2]):
                    a, b, p = fleet.beta[k, int(night), group].tolist()
                    alone = fleet.beta.shape[2] > 1
                    found.append(Declaration(source=fleet.name, act=ANY if act < 0 else FIRE[act], night=night, sensor=group if alone else -1, a=a, b=b, true_p=p))  # fmt: skip
    return found


def _places(
    sensing: Sensing, terrain: Terrain, n: int, shift_km: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """(n,) places near hot spots or evenly strewn along the front, to two decimals."""
    spots = terrain.spot_y_km
    spread = 1.5 * max(sensing.radius_km, 2) / 2
    y = np.where(
        rng.random(n) < sensing.at_hot_spots,
        spots[rng.integers(0, len(spots), n)] + rng.normal(0, min(spread, 6.0), n),
        rng.uniform(-terrain.half_length_km, terrain.half_length_km, n),
    )
    edge = terrain.half_length_km - 0.5
    y = np.clip(y, -edge, edge)
    x = terrain.front_x_km(y, shift_km) + rng.uniform(-1, 1, n) * sensing.depth_km
    return x.round(2), y.round(2)


def watch(
    regime: Regime,
    terrain: Terrain,
    fleets: tuple[Fleet, ...],
    *,
    days: tuple[int, int],
    shift_km: FloatArray,
    counters: Counters,
    rngs: list[np.random.Generator],
) -> Looks:
    """Every look of some days, of all fleets, each with its own stream of chance."""
    parts = []
    for fleet, rng in zip(fleets, rngs, strict=True):
        make = {"station": _stations, "pass": _passes, "look": _looks}[fleet.sensing.form]
        rows = make(regime, terrain, fleet, days, shift_km, counters, rng)
        parts.append(_by_act(regime, fleet, rows, days, rng))
    return Looks(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Looks)})  # fmt: skip


_Rows = dict[str, np.ndarray]


def _stations(
    _regime: Regime, _terrain: Terrain, fleet: Fleet, days: tuple[int, int], _shift: FloatArray, _counters: Counters, rng: np.random.Generator
) -> _Rows:  # fmt: skip
    """Spells with and without sight, in turn; cut at 6 and 18 where the night is declared apart."""
    sensing, n = fleet.sensing, len(fleet.x_km)
    first_s, last_s = days[0] * DAY_S, days[1] * DAY_S
    if sensing.away_share > 0:
        on_h = sensing.away_h * (1 - sensing.away_share) / sensing.away_share
        turns = 2 * (8 + int(3 * (last_s - first_s) / HOUR_S / (on_h + sensing.away_h)))
        away_first = rng.random(n) < sensing.away_share
        lengths = rng.exponential(1.0, (n, turns))
        odd = (np.arange(turns)[None, :] + away_first[:, None]) % 2 == 1
        lengths = np.maximum(lengths * np.where(odd, sensing.away_h, on_h) * HOUR_S, 600)
        stops = np.minimum(first_s + np.cumsum(lengths, axis=1).round(), last_s)
        stops[:, -1] = last_s
        starts = np.column_stack([np.full(n, first_s), stops[:, :-1]])
    else:
        starts, stops, odd = np.full((n, 1), first_s), np.full((n, 1), last_s), np.zeros((n, 1), np.bool_)
    keep = stops > starts
    sensor = np.broadcast_to(np.arange(n)[:, None], keep.shape)[keep]
    start, stop, away = starts[keep], stops[keep], odd[keep]
    night = np.zeros(len(start), np.bool_)
    if sensing.night_factor != 1:
        half = 12 * HOUR_S
        low = np.floor((start - DAY_FROM_H * HOUR_S) / half).astype(np.int64)
        pieces = np.ceil((stop - DAY_FROM_H * HOUR_S) / half).astype(np.int64) - low
        each = np.repeat(np.arange(len(start)), pieces)
        k = low[each] + np.arange(len(each)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        edge = DAY_FROM_H * HOUR_S + k * half
        start, stop = np.maximum(start[each], edge), np.minimum(stop[each], edge + half)
        sensor, away, night = sensor[each], away[each], k % 2 == 1
    reason = REASONS.index(sensing.away_reason)
    return {
        "sensor": sensor,
        "look": np.full(len(sensor), -1),
        "x_km": fleet.x_km[sensor],
        "y_km": fleet.y_km[sensor],
        "sector": np.full(len(sensor), -1),
        "start_s": start,
        "stop_s": stop,
        "look_from_s": start,
        "share": np.where(away, 0.0, 1.0),
        "reason": np.where(away, reason, 0),
        "night": night,
    }


def _away(regime: Regime, sensing: Sensing, time_s: FloatArray) -> FloatArray:
    """(n,) chance of being without sight, before and from the truce's start on."""
    after = sensing.away_share if sensing.away_from_truce is None else sensing.away_from_truce
    return np.where(time_s >= regime.truce_day * DAY_S, after, sensing.away_share)


def _passes(
    regime: Regime, terrain: Terrain, fleet: Fleet, days: tuple[int, int], _shift: FloatArray, counters: Counters, rng: np.random.Generator
) -> _Rows:  # fmt: skip
    """Satellites in turn; one row for each pass and sector, with the cloud over it."""
    sensing = fleet.sensing
    per_day = round(sensing.per_1000_km)
    n = per_day * (days[1] - days[0])
    at = (days[0] + (np.arange(n) + 0.5) / max(per_day, 1)) * DAY_S + rng.uniform(-1200, 1200, n)
    at = (at / 60).round() * 60
    first = counters.looks.get(fleet.code, 0)
    counters.looks[fleet.code] = first + n
    number = np.repeat(np.arange(n), terrain.n_sectors)
    mean = np.clip(_away(regime, sensing, at), 1e-3, 1 - 1e-3)[number]
    cloud = rng.beta(mean * _CLOUD_SHAPE, (1 - mean) * _CLOUD_SHAPE) if sensing.away_share > 0 else 0 * mean
    cloud = cloud.round(2)
    start = np.maximum(at - sensing.lookback_h * HOUR_S, days[0] * DAY_S)
    rows = len(number)
    return {
        "sensor": (first + number) % _SATELLITES,
        "look": first + number,
        "x_km": np.full(rows, np.nan),
        "y_km": np.full(rows, np.nan),
        "sector": np.tile(np.arange(terrain.n_sectors), n),
        "start_s": start[number],
        "stop_s": at[number],
        "look_from_s": at[number],
        "share": 1 - cloud,
        "reason": np.where(cloud > 0, REASONS.index("cloud"), 0),
        "night": np.zeros(rows, np.bool_),
    }


def _looks(
    regime: Regime, terrain: Terrain, fleet: Fleet, days: tuple[int, int], shift_km: FloatArray, counters: Counters, rng: np.random.Generator
) -> _Rows:  # fmt: skip
    """Patrols and flights: some are turned back, or jammed."""
    sensing = fleet.sensing
    per_day = sensing.per_1000_km * regime.length_km / 1000
    n = int(per_day * (days[1] - days[0])) + int(rng.random() < (per_day * (days[1] - days[0])) % 1)
    day = np.sort(rng.integers(days[0], days[1], n))
    hour = rng.uniform(*sensing.hours, n)
    begin = ((day * 24 + hour) * 60).round() * 60
    order = np.argsort(begin, kind="stable")
    day, begin = day[order], begin[order]
    x, y = _places(sensing, terrain, n, np.zeros(len(terrain.line_x_km)), rng)
    x += (line_at(terrain, shift_km, day - days[0], y) - terrain.front_x_km(y)).round(2)
    away = rng.random(n) < _away(regime, sensing, begin)
    stop = np.minimum(begin + sensing.look_h * HOUR_S, days[1] * DAY_S)
    start = np.maximum(begin - sensing.lookback_h * HOUR_S, days[0] * DAY_S)
    first = counters.looks.get(fleet.code, 0)
    counters.looks[fleet.code] = first + n
    clock_h = begin / HOUR_S % 24
    return {
        "sensor": np.zeros(n, np.int64),
        "look": first + np.arange(n),
        "x_km": x.round(2),
        "y_km": y,
        "sector": np.full(n, -1),
        "start_s": start,
        "stop_s": np.maximum(stop, start + 60),
        "look_from_s": begin,
        "share": np.where(away, 0.0, 1.0),
        "reason": np.where(away, REASONS.index(sensing.away_reason), 0),
        "night": (sensing.night_factor != 1) & ((clock_h < DAY_FROM_H) | (clock_h >= DAY_UNTIL_H)),
    }


def _by_act(
    regime: Regime, fleet: Fleet, rows: _Rows, days: tuple[int, int], rng: np.random.Generator
) -> Looks:
    """One row for each act that has a probability of its own, with what is declared and true."""
    n, n_acts = len(rows["sensor"]), len(fleet.acts)
    which = np.repeat(np.arange(n), n_acts)
    act = np.tile(np.arange(n_acts), n)
    every = {name: values[which] for name, values in rows.items()}
    group = every["sensor"] if fleet.beta.shape[2] > 1 else np.zeros(len(which), np.int64)
    a, b, true_p = np.moveaxis(fleet.beta[act, every["night"].astype(np.int64), group], -1, 0)
    sensing = fleet.sensing
    told = [ANY if k < 0 else FIRE[k] for k in fleet.acts]
    clutter = np.array([sensing.clutter_per_day.get(name, 0.0) for name in told])[act]
    level = np.ones(len(which))
    if sensing.clutter_shape > 0:
        by_day = rng.gamma(sensing.clutter_shape, 1 / sensing.clutter_shape, days[1] - days[0])
        level = by_day[np.clip((every["start_s"] // DAY_S).astype(np.int64) - days[0], 0, len(by_day) - 1)]
    return Looks(
        fleet=np.full(len(which), fleet.code),
        radius_km=np.full(len(which), np.nan if sensing.form == "pass" else sensing.radius_km),
        act=np.array(fleet.acts, dtype=np.int64)[act],
        a=a,
        b=b,
        true_p=true_p,
        clutter_per_day=clutter * sensing.clutter_declared,
        true_clutter_per_day=clutter * level * regime.clutter_factor,
        **every,
    )
