"""What outlets report: true things, rumours, copies, and what was invented or staged to deceive."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from truceline.base.columns import BoolArray, FloatArray, IntArray
from truceline.simulate.regime import FIRE, Regime
from truceline.simulate.salvos import DAY_S, HOUR_S, Acts, line_at
from truceline.simulate.terrain import Terrain

SPEAKERS = ("west", "east", "neutral")
NEUTRAL = 2
#: openings × middles of a sentence
N_WORDINGS, N_ENDINGS = 36, 4
#: a quiet front has rumours all the same
_LEAST_SALVOS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Reports as parallel arrays (n,); NaN or −1: not told. Seconds, km."""

    speaker: IntArray  #: place in SPEAKERS
    truth: IntArray  #: place in ``Acts``; −1: nothing of the kind happened
    fake: IntArray  #: number of the deceit it is part of; −1: none
    origin: IntArray  #: number of the first telling
    is_copy: BoolArray
    from_s: FloatArray
    until_s: FloatArray
    logged_s: FloatArray
    x_km: FloatArray  #: NaN: a district alone
    y_km: FloatArray
    sd_m: FloatArray
    district: IntArray  #: −1: a point
    place: IntArray
    act: IntArray
    count: IntArray
    accused: IntArray  #: side; −1: nobody
    wording: IntArray
    ending: IntArray
    clock: IntArray  #: time that the text names: the day, a part of it, an hour, or ten minutes
    said_act: IntArray  #: that the text names

    def __len__(self) -> int:
        return len(self.speaker)

    def at(self, rows: IntArray | BoolArray) -> Told:
        """The same of some rows."""
        return Told(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a first telling is about, before it is worded: (n,) each."""

    speaker: IntArray
    truth: IntArray
    fake: IntArray
    time_s: FloatArray
    x_km: FloatArray
    y_km: FloatArray
    kind: IntArray
    rounds: IntArray
    by: IntArray  #: side that did it; −1: nobody did
    exact: BoolArray  #: told to the minutes and metres, as deceivers do
    wording: IntArray


def tell(
    regime: Regime,
    terrain: Terrain,
    acts: Acts,
    *,
    days: tuple[int, int],
    shift_km: FloatArray,
    detected: tuple[FloatArray, FloatArray, FloatArray],
    staged: Matter,
    first_fake: int,
    rngs: tuple[np.random.Generator, np.random.Generator, np.random.Generator],
) -> Told:
    """All reports, by source and time of publication.

    detected : time, x, y of every sensor's record, for those who mimic. staged : accounts of staged
    events. rngs : of true reports and rumours, of deceit, of wording and copies.
    """
    parts = [
        _true(regime, acts, _struck(terrain, acts, days=days, shift_km=shift_km), rngs[0]),
        _rumours(regime, terrain, days=days, shift_km=shift_km, rng=rngs[0]),
    ]
    deceit = [staged, *_invented(regime, terrain, days=days, shift_km=shift_km, detected=detected, first_fake=first_fake + _n_fakes(staged, first_fake), rng=rngs[1])]  # fmt: skip
    matter = _join([*parts, *deceit])
    first = _word(regime, terrain, matter, rngs[2])
    copies = _copy(regime, first, rngs[2])
    whole = Told(**{one.name: np.concatenate([getattr(first, one.name), getattr(copies, one.name)]) for one in fields(Told)})  # fmt: skip
    whole = _within(whole, regime.days * DAY_S)
    return whole.at(np.lexsort((whole.origin, whole.is_copy, whole.logged_s, whole.speaker)))


def _within(told: Told, stop_s: float) -> Told:
    """No report tells of a time before the regime or after it."""
    width = told.until_s - told.from_s
    from_s = np.clip(told.from_s, 0, stop_s - width)
    return replace(told, from_s=from_s, until_s=from_s + width)


def _join(parts: list[Matter]) -> Matter:
    return Matter(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Matter)})  # fmt: skip


def _n_fakes(matter: Matter, first: int) -> int:
    return int(matter.fake.max()) + 1 - first if (matter.fake >= 0).any() else 0


def _rise(regime: Regime, name: str, time_s: FloatArray) -> FloatArray:
    after = regime.reports[name].factor_from_truce
    return np.where(time_s >= regime.truce_day * DAY_S, after, 1.0)


def _struck(terrain: Terrain, acts: Acts, *, days: tuple[int, int], shift_km: FloatArray) -> IntArray:
    """(n,) the side that an act struck; of neither party's acts, the side whose ground it is."""
    day = np.clip((acts.time_s // DAY_S).astype(np.int64) - days[0], 0, len(shift_km) - 1)
    ground = np.where(acts.x_km < line_at(terrain, shift_km, day, acts.y_km), 0, 1)
    return np.where(acts.side >= 0, 1 - acts.side, ground)


def _true(regime: Regime, acts: Acts, struck: IntArray, rng: np.random.Generator) -> Matter:
    """Who reports which act: mostly the side that was struck."""
    rows, speakers = [], []
    for code, name in enumerate(SPEAKERS):
        speaking = regime.reports[name]
        chance = speaking.p_fired * (acts.side == code) + speaking.p_struck * (struck == code) if code != NEUTRAL else np.full(len(acts), speaking.p_neutral)  # fmt: skip
        chance = np.minimum(chance * _rise(regime, name, acts.time_s), 0.95)
        told = np.flatnonzero((rng.random(len(acts)) < chance) & ~acts.staged)
        rows.append(told)
        speakers.append(np.full(len(told), code))
    row, speaker = np.concatenate(rows), np.concatenate(speakers)
    n = len(row)
    return Matter(
        speaker=speaker, truth=row, fake=np.full(n, -1), time_s=acts.time_s[row], x_km=acts.x_km[row], y_km=acts.y_km[row],
        kind=acts.kind[row], rounds=acts.rounds[row], by=acts.side[row], exact=np.zeros(n, np.bool_),
        wording=rng.integers(0, N_WORDINGS, n),
    )  # fmt: skip


def _strew(
    n: int, terrain: Terrain, *, days: tuple[int, int], shift_km: FloatArray, towards: IntArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    """Times and places near the front, on the ground of side ``towards`` (−1: either)."""
    time = rng.uniform(days[0] * DAY_S, days[1] * DAY_S, n)
    spots = terrain.spot_y_km
    edge = terrain.half_length_km - 0.5
    y = np.where(rng.random(n) < 0.5, rng.normal(spots[rng.integers(0, len(spots), n)], 4.0), rng.uniform(-edge, edge, n))  # fmt: skip
    y = np.clip(y, -edge, edge)
    depth = rng.gamma(2.0, 2.0, n) + 0.2
    sign = np.where(towards == 0, -1.0, np.where(towards == 1, 1.0, rng.choice([-1.0, 1.0], n)))
    day = np.clip((time // DAY_S).astype(np.int64) - days[0], 0, len(shift_km) - 1)
    x = line_at(terrain, shift_km, day, y) + sign * depth
    return time, np.clip(x, -terrain.half_width_km, terrain.half_width_km), y


def _nothing(
    speaker: IntArray,
    time: FloatArray,
    x: FloatArray,
    y: FloatArray,
    *,
    exact: bool,
    rng: np.random.Generator,
) -> Matter:
    n = len(speaker)
    return Matter(
        speaker=speaker, truth=np.full(n, -1), fake=np.full(n, -1), time_s=time, x_km=x, y_km=y,
        kind=rng.choice(len(FIRE), n, p=[0.6, 0.15, 0.25]), rounds=rng.geometric(0.35, n), by=np.full(n, -1),
        exact=np.full(n, exact), wording=rng.integers(0, N_WORDINGS, n),
    )  # fmt: skip


def _rumours(
    regime: Regime, terrain: Terrain, *, days: tuple[int, int], shift_km: FloatArray, rng: np.random.Generator
) -> Matter:  # fmt: skip
    """Reports of nothing, told in good faith."""
    salvos = max(regime.fire.salvos_per_day, _LEAST_SALVOS) * (days[1] - days[0])
    parts = []
    for code, name in enumerate(SPEAKERS):
        speaking = regime.reports[name]
        p = speaking.p_neutral if code == NEUTRAL else (speaking.p_struck + speaking.p_fired) / 2
        most = max(speaking.factor_from_truce, 1.0)
        n = int(rng.poisson(speaking.rumour_share * p * salvos * most))
        towards = np.full(n, code if code != NEUTRAL else -1)
        time, x, y = _strew(n, terrain, days=days, shift_km=shift_km, towards=towards, rng=rng)
        kept = rng.random(n) < _rise(regime, name, time) / most
        parts.append(
            _nothing(np.full(int(kept.sum()), code), time[kept], x[kept], y[kept], exact=False, rng=rng)
        )
    return _join(parts)


def stage(
    regime: Regime,
    terrain: Terrain,
    *,
    days: tuple[int, int],
    shift_km: FloatArray,
    first_fake: int,
    rng: np.random.Generator,
) -> tuple[Acts, Matter, IntArray]:
    """Staged events: the real ones as acts, all accounts, and of each account its real act or −1."""
    fakes = regime.fakes
    n = int(rng.poisson(fakes.staged_per_day * (days[1] - days[0]) * regime.length_km / 1000))
    side = rng.integers(0, 2, n)
    time, x, y = _strew(n, terrain, days=days, shift_km=shift_km, towards=side, rng=rng)
    time = time.round()
    rounds = rng.geometric(0.35, n)
    real = rng.random(n) < fakes.staged_real_share
    away = np.where(side == 0, -1.0, 1.0) * rng.uniform(3, 10, n)
    whole = Acts(
        time_s=time, side=side, kind=np.zeros(n, np.int64), x_km=x, y_km=y,
        from_x_km=np.clip(x + away, -terrain.half_width_km, terrain.half_width_km), from_y_km=y + rng.normal(0, 1.5, n),
        rounds=rounds, strength=rng.lognormal(0, 0.5, n).round(3), answer=np.zeros(n, np.bool_), push_km=np.zeros(n),
        staged=np.ones(n, np.bool_),
    )  # fmt: skip
    accounts = np.repeat(np.arange(n), 1 + rng.poisson(fakes.accounts - 1, n))
    m = len(accounts)
    nth = np.arange(m) - np.searchsorted(accounts, accounts)
    number = np.cumsum(~real) - 1 + first_fake
    matter = Matter(
        speaker=np.where(rng.random(m) < 0.7, side[accounts], NEUTRAL), truth=np.full(m, -1),
        fake=np.where(real[accounts], -1, number[accounts]), time_s=time[accounts] + rng.normal(0, 300, m),
        x_km=x[accounts] + rng.normal(0, 0.6, m), y_km=y[accounts] + rng.normal(0, 0.6, m), kind=np.zeros(m, np.int64),
        rounds=rounds[accounts], by=1 - side[accounts], exact=np.ones(m, np.bool_), wording=(nth + rng.integers(0, N_WORDINGS)) % N_WORDINGS,
    )  # fmt: skip
    place = np.cumsum(real) - 1
    return whole.at(real), matter, np.where(real[accounts], place[accounts], -1)


def _invented(
    regime: Regime,
    terrain: Terrain,
    *,
    days: tuple[int, int],
    shift_km: FloatArray,
    detected: tuple[FloatArray, FloatArray, FloatArray],
    first_fake: int,
    rng: np.random.Generator,
) -> list[Matter]:
    """Complaints of the second party about nothing, and fakes timed to detections."""
    fakes = regime.fakes
    n = int(rng.poisson(fakes.complaints_per_salvo * regime.fire.salvos_per_day * (days[1] - days[0])))
    time, x, y = _strew(n, terrain, days=days, shift_km=shift_km, towards=np.ones(n, np.int64), rng=rng)
    parts = [_nothing(np.ones(n, np.int64), time, x, y, exact=False, rng=rng)]
    when, where_x, where_y = detected
    picked = np.flatnonzero(rng.random(len(when)) < fakes.mimicry_share)
    m = len(picked)
    parts.append(
        _nothing(
            rng.integers(0, 2, m),
            when[picked] + rng.normal(0, 240, m),
            where_x[picked] + rng.normal(0, 1.2, m),
            where_y[picked] + rng.normal(0, 1.2, m),
            exact=True,
            rng=rng,
        )
    )
    numbered = []
    for part in parts:
        fake = first_fake + np.arange(len(part.speaker))
        first_fake += len(fake)
        by = np.where(part.speaker == 0, 1, 0)
        numbered.append(replace(part, fake=fake, by=by))
    return numbered


# -- wording -----------------------------------------------------------------------------------
def _word(regime: Regime, terrain: Terrain, matter: Matter, rng: np.random.Generator) -> Told:
    """First tellings: vague times, wrong places, districts for places, blame."""
    n = len(matter.speaker)
    speaking = [regime.reports[name] for name in SPEAKERS]

    def of(name: str) -> FloatArray:
        return np.array([float(getattr(one, name)) for one in speaking])[matter.speaker]

    exact = matter.exact
    from_s, until_s = _when(matter, of("date_only"), rng)
    misplaced = (rng.random(n) < of("misplaced")) & ~exact
    region = (rng.random(n) < of("region_only")) & ~exact & ~misplaced
    sd_m = np.where(exact, 1_000.0, of("position_sd_m"))
    x = matter.x_km + rng.normal(0, 1, n) * sd_m / 1000 * ~exact
    y = np.clip(matter.y_km + rng.normal(0, 1, n) * sd_m / 1000 * ~exact, -terrain.half_length_km, terrain.half_length_km)  # fmt: skip
    place = terrain.nearest_place(y)
    # half of the wrong places bear a similar name, anywhere; half are some way along the front
    n_places = len(terrain.place_names)
    along = terrain.nearest_place(y + rng.choice([-1, 1], n) * (8 + rng.exponential(30.0, n)))
    wrong = np.where(rng.random(n) < 0.5, rng.integers(0, n_places, n), along)
    place = np.where(misplaced, wrong, place)
    x, y = np.where(misplaced, terrain.place_x_km[wrong], x), np.where(misplaced, terrain.place_y_km[wrong], y)  # fmt: skip
    district = np.where(region, terrain.district(y), -1)
    said = np.where((rng.random(n) < of("act_wrong")) & (matter.kind < len(FIRE)), rng.integers(0, len(FIRE), n), matter.kind)  # fmt: skip
    delay = 0.2 + rng.exponential(2.0, n)
    return Told(
        speaker=matter.speaker,
        truth=matter.truth,
        fake=matter.fake,
        origin=np.arange(n),
        is_copy=np.zeros(n, np.bool_),
        from_s=from_s,
        until_s=until_s,
        logged_s=(np.maximum(matter.time_s, from_s) + delay * HOUR_S).round(),
        x_km=np.where(region, np.nan, x),
        y_km=np.where(region, np.nan, y),
        sd_m=np.where(region, np.nan, sd_m),
        district=district,
        place=place,
        act=np.where((rng.random(n) < of("act_unknown")) & ~exact, -1, said),
        count=np.where(rng.random(n) < 0.5, matter.rounds, -1),
        accused=_blame(matter, of("blames"), of("wrong_blame"), rng),
        wording=matter.wording,
        ending=np.zeros(n, np.int64),
        clock=_clock(matter.time_s, until_s - from_s),
        said_act=said,
    )


def _when(matter: Matter, date_only: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """An hour, six, ten minutes, or the day; deceivers tell it to ten minutes."""
    n = len(matter.speaker)
    vague = rng.random(n)
    rest = (vague - date_only) / np.maximum(1 - date_only, 1e-9)
    width = np.select([matter.exact, vague < date_only, rest < 0.6, rest < 0.8], [600.0, DAY_S, HOUR_S, 6 * HOUR_S], 600.0)  # fmt: skip
    from_s = np.floor(matter.time_s / width) * width
    return from_s, from_s + width


def _clock(time_s: FloatArray, width_s: FloatArray) -> IntArray:
    """What a text says of the time: no more than its record tells."""
    of_day = time_s % DAY_S
    parts = [(0 * of_day), 1 + of_day // (6 * HOUR_S), 5 + of_day // HOUR_S]
    known = [width_s >= DAY_S, width_s >= 6 * HOUR_S, width_s >= HOUR_S]
    return np.select(known, parts, 29 + of_day // 600).astype(np.int64)


def _blame(matter: Matter, blames: FloatArray, wrong_blame: FloatArray, rng: np.random.Generator) -> IntArray:
    """Whom a report accuses: never its own side; a neutral outlet is sometimes wrong."""
    n = len(matter.speaker)
    guess = np.where(matter.by >= 0, matter.by, rng.integers(0, 2, n))
    wrong = (rng.random(n) < wrong_blame) & ~matter.exact
    neutral = matter.speaker == NEUTRAL
    named = np.where(neutral & wrong, 1 - guess, guess)
    of_side = 1 - matter.speaker  # a side names the other, whoever it was
    own_fire = ~neutral & (matter.by == matter.speaker)
    accused = np.where(neutral, named, of_side)
    silent = (rng.random(n) >= blames) | (own_fire & (rng.random(n) < 0.85))
    return np.where(silent & ~matter.exact, -1, accused)


def _copy(regime: Regime, first: Told, rng: np.random.Generator) -> Told:
    """Copies by anybody: the same words or nearly, place and time jittered, the same blame."""
    mean = np.array([regime.reports[name].copies for name in SPEAKERS])[first.speaker]
    told = first.at(np.repeat(np.arange(len(first)), rng.poisson(mean)))
    n = len(told)
    pick = rng.random(n)
    speaker = np.where(pick < 0.5, told.speaker, np.where(pick < 0.6, rng.integers(0, 2, n), NEUTRAL))
    vague = told.until_s - told.from_s >= DAY_S
    shift = np.where(vague | (rng.random(n) < 0.5), 0.0, rng.normal(0, 0.7, n).round() * HOUR_S)
    moved = rng.random(n) < 0.4
    return replace(
        told,
        speaker=speaker,
        is_copy=np.ones(n, np.bool_),
        from_s=told.from_s + shift,
        until_s=told.until_s + shift,
        logged_s=told.logged_s + (600 + rng.exponential(5 * HOUR_S, n)).round(),
        x_km=told.x_km + moved * rng.normal(0, 0.4, n),
        y_km=told.y_km + moved * rng.normal(0, 0.4, n),
        ending=np.where(rng.random(n) < 0.6, 0, rng.integers(1, N_ENDINGS, n)),
    )
