"""What instruments and patrols of the invented mechanism record of the hidden truth, and what they miss."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from truceline.simulate.fire import Act
from truceline.simulate.ground import HALF_WIDTH_KM, FloatArray, Ground
from truceline.simulate.scenario import ADVANCE, DRONE, SECTORS, SHELLING, Scenario

#: an acoustic station: half of the shells at this range are heard, and how fast that falls off
HEARING_RANGE_KM, HEARING_FALL_KM, HEARING_BEST_P = 13.0, 1.8, 0.95
STATION_RADIUS_KM = 14.0
DRONE_HEARING_SHARE = 0.15
CALIBRATION_SHOTS = 80
PATROL_RADIUS_KM = 4.0
PATROL_SEES_P = {SHELLING: 0.85, DRONE: 0.7}
PATROL_TRIALS = 40
PATROL_LOOKBACK_H = 24.0
PASS_HOURS = (1.6, 10.4, 13.5, 22.8)
THERMAL_P = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One record by a sensor or patrol. Hours from the baseline's start, km, degrees."""

    from_h: float
    until_h: float
    x_km: float
    y_km: float
    position_sd_km: float
    act: str
    sensor_id: str
    look_id: str = ""
    fire_direction_deg: float | None = None
    rounds: int | None = None
    strength: float | None = None
    act_number: int = -1  #: of the truth; -1: nothing happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What could be seen: a circle or a sector, a window, a share, a detection probability."""

    sensor_id: str
    look_id: str
    from_h: float
    until_h: float
    act: str
    share: float
    reason: str
    note: str = ""
    x_km: float | None = None
    y_km: float | None = None
    radius_km: float | None = None
    area_id: str = ""
    a: float | None = None
    b: float | None = None
    basis: str = ""
    clutter_per_day: float | None = None


@dataclass(slots=True, kw_only=True)
class Record:
    """What one kind of instrument brought."""

    detections: list[Detection] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)


def bearing_deg(act: Act) -> float:
    """Direction of fire, clockwise from north."""
    return float(np.degrees(np.arctan2(act.x_km - act.from_x_km, act.y_km - act.from_y_km)) % 360)


# -- acoustic stations -------------------------------------------------------------------------
def listen(scenario: Scenario, ground: Ground, acts: tuple[Act, ...], rng: np.random.Generator) -> Record:
    """Stations hear shells by range; wind puts them out for hours; some sounds are not fire."""
    record = Record()
    loud = [(i, act) for i, act in enumerate(acts) if act.act != ADVANCE]
    x, y = np.array([act.x_km for _, act in loud]), np.array([act.y_km for _, act in loud])
    time_h = np.array([act.time_h for _, act in loud])
    quiet = np.array([act.act == DRONE for _, act in loud])
    for number, (station_x, station_y) in enumerate(ground.stations):
        sensor_id = f"station-{number + 1:02d}"
        outages = _wind(scenario, rng)
        _watch_station(record, scenario, sensor_id, (float(station_x), float(station_y)), outages, rng)
        range_km = np.hypot(x - station_x, y - station_y)
        heard_p = _hearing_p(range_km) * np.where(quiet, DRONE_HEARING_SHARE, 1.0)
        heard = rng.random(len(loud)) < heard_p
        for k in np.flatnonzero(heard):
            if any(start <= time_h[k] < stop for start, stop in outages):
                continue
            i, act = loud[int(k)]
            sd_km = 0.25 + 0.05 * float(range_km[k])
            record.detections.append(
                Detection(
                    from_h=act.time_h - 10 / 3600,
                    until_h=act.time_h + 10 / 3600,
                    x_km=act.x_km + rng.normal(0, sd_km),
                    y_km=act.y_km + rng.normal(0, sd_km),
                    position_sd_km=sd_km,
                    act=act.act if rng.random() < 0.97 else SHELLING,
                    sensor_id=sensor_id,
                    fire_direction_deg=(bearing_deg(act) + rng.normal(0, 10.0)) % 360
                    if rng.random() < 0.35
                    else None,
                    rounds=act.rounds,
                    act_number=i,
                )
            )
        _mishear(record, scenario, sensor_id, (float(station_x), float(station_y)), outages, rng)
    return record


def _hearing_p(range_km: FloatArray) -> FloatArray:
    return HEARING_BEST_P / (1 + np.exp((range_km - HEARING_RANGE_KM) / HEARING_FALL_KM))


def _wind(scenario: Scenario, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Spells of wind, hours; apart from one another and within the case."""
    spells: list[tuple[float, float]] = []
    time_h = rng.exponential(60.0)
    while time_h < scenario.stop_h:
        stop = min(time_h + 1 + rng.exponential(5.0), scenario.stop_h)
        spells.append((round(time_h, 2), round(stop, 2)))
        time_h = stop + 1 + rng.exponential(60.0)
    return [(start, stop) for start, stop in spells if stop > start]


def _watch_station(
    record: Record,
    scenario: Scenario,
    sensor_id: str,
    place: tuple[float, float],
    outages: list[tuple[float, float]],
    rng: np.random.Generator,
) -> None:
    shots_km = STATION_RADIUS_KM * np.sqrt(rng.random(CALIBRATION_SHOTS))
    hits = int((rng.random(CALIBRATION_SHOTS) < _hearing_p(shots_km)).sum())
    edges = [(start, stop, 0.0) for start, stop in outages]
    at = 0.0
    for start, stop in outages:
        edges.append((at, start, 1.0))
        at = stop
    edges.append((at, scenario.stop_h, 1.0))
    for start, stop, share in sorted(edges):
        if stop <= start:
            continue
        record.watches.append(
            Watch(
                sensor_id=sensor_id,
                look_id="",
                from_h=start,
                until_h=stop,
                act=SHELLING,
                share=share,
                reason="watched" if share else "outage",
                note="" if share else "wind",
                x_km=place[0],
                y_km=place[1],
                radius_km=STATION_RADIUS_KM,
                a=1.0 + hits,
                b=1.0 + CALIBRATION_SHOTS - hits,
                basis=f"calibration shots in the scenario: {hits} of {CALIBRATION_SHOTS} heard",
                clutter_per_day=scenario.station_clutter_per_day,
            )
        )


def _mishear(
    record: Record,
    scenario: Scenario,
    sensor_id: str,
    place: tuple[float, float],
    outages: list[tuple[float, float]],
    rng: np.random.Generator,
) -> None:
    for _ in range(rng.poisson(scenario.station_clutter_per_day * scenario.stop_h / 24)):
        time_h = rng.uniform(0, scenario.stop_h)
        range_km, angle = STATION_RADIUS_KM * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        if any(start <= time_h < stop for start, stop in outages):
            continue
        record.detections.append(
            Detection(
                from_h=time_h - 10 / 3600,
                until_h=time_h + 10 / 3600,
                x_km=place[0] + range_km * np.cos(angle),
                y_km=place[1] + range_km * np.sin(angle),
                position_sd_km=0.25 + 0.05 * range_km,
                act=SHELLING,
                sensor_id=sensor_id,
                rounds=1,
            )
        )


# -- satellite ---------------------------------------------------------------------------------
def look_down(
    scenario: Scenario, ground: Ground, acts: tuple[Act, ...], rng: np.random.Generator
) -> tuple[Record, list[tuple[int, float]]]:
    """Four passes a day; cloud hides; most heat is from fields. Second: cloud share by day."""
    record = Record()
    days = scenario.baseline_days + scenario.truce_days
    cloud = np.clip(rng.beta(0.8, 1.2, days), 0, 1)
    times = np.array([act.time_h for act in acts])
    for day in range(days):
        for hour in PASS_HOURS:
            at = 24.0 * day + hour
            look_id = f"pass-{day + 1:02d}-{round(hour * 100):04d}"
            for i in np.flatnonzero((times < at) & (times > at - 2)):
                act = acts[int(i)]
                if act.act == SHELLING and rng.random() < THERMAL_P * (1 - cloud[day]) * np.sqrt(act.rounds):
                    record.detections.append(_hot(act.x_km, act.y_km, at, look_id, int(i), rng))
            for _ in range(rng.poisson(3.0 * (1 - cloud[day]))):
                y = rng.uniform(-ground.half_length_km, ground.half_length_km)
                x = float(ground.front_x_km(np.array(y))) + rng.uniform(-0.4, 0.4) * HALF_WIDTH_KM
                record.detections.append(_hot(x, y, at, look_id, -1, rng))
    return record, [(day, float(share)) for day, share in enumerate(cloud)]


def _hot(
    x_km: float, y_km: float, at_h: float, look_id: str, act_number: int, rng: np.random.Generator
) -> Detection:
    return Detection(
        from_h=at_h,
        until_h=at_h + 1 / 60,
        x_km=x_km + rng.normal(0, 0.4),
        y_km=y_km + rng.normal(0, 0.4),
        position_sd_km=0.4,
        act=SHELLING,
        sensor_id="thermal",
        look_id=look_id,
        strength=float(2 + rng.gamma(1.5, 6.0)),
        act_number=act_number,
    )


# -- patrols -----------------------------------------------------------------------------------
def patrol(scenario: Scenario, ground: Ground, acts: tuple[Act, ...], rng: np.random.Generator) -> Record:
    """Looks by day at places near the front, from the truce's start; one sector is once refused.

    A look finds traces of the last 24 hours within its circle, each at most once.
    """
    record = Record()
    times = np.array([act.time_h for act in acts])
    hits = {act: int(rng.binomial(PATROL_TRIALS, p)) for act, p in PATROL_SEES_P.items()}
    refused_day = scenario.baseline_days + max(1, scenario.truce_days // 3)
    found: set[int] = set()
    for day in range(scenario.baseline_days, scenario.baseline_days + scenario.truce_days):
        for number in range(scenario.patrols_per_day):
            sector = SECTORS[number % 3]
            look_id = f"patrol-{day - scenario.baseline_days + 1:02d}-{number + 1}"
            start = 24.0 * day + 7 + 1.5 * (number // 3) + round(float(rng.uniform(0, 1)), 2)
            y = float(rng.choice(ground.hot_spots[sector]) + rng.normal(0, 4))
            x = float(ground.front_x_km(np.array(y))) + float(rng.uniform(-3, 3))
            refused = day == refused_day and sector == SECTORS[2]
            _watch_patrol(record, look_id, (x, y), start, hits, refused)
            if refused:
                continue
            for i in np.flatnonzero((times < start + 1) & (times > start - PATROL_LOOKBACK_H)):
                act = acts[int(i)]
                near = np.hypot(act.x_km - x, act.y_km - y) <= PATROL_RADIUS_KM
                if (
                    act.act == ADVANCE
                    or not near
                    or int(i) in found
                    or rng.random() >= PATROL_SEES_P[act.act]
                ):
                    continue
                found.add(int(i))
                record.detections.append(_trace(act, start, look_id, int(i), rng))
    return record


def _trace(act: Act, start_h: float, look_id: str, act_number: int, rng: np.random.Generator) -> Detection:
    """A crater or wreck: well placed, poorly dated, often with the direction it came from."""
    witnessed = act.time_h > start_h
    return Detection(
        from_h=act.time_h - 0.02
        if witnessed
        else max(act.time_h - rng.uniform(0.2, 4), start_h - PATROL_LOOKBACK_H),
        until_h=act.time_h + 0.02 if witnessed else min(act.time_h + rng.uniform(0.2, 4), start_h + 1),
        x_km=act.x_km + rng.normal(0, 0.05),
        y_km=act.y_km + rng.normal(0, 0.05),
        position_sd_km=0.05,
        act=act.act,
        sensor_id="patrols",
        look_id=look_id,
        fire_direction_deg=(bearing_deg(act) + rng.normal(0, 8.0)) % 360 if rng.random() < 0.75 else None,
        rounds=act.rounds,
        act_number=act_number,
    )


def _watch_patrol(
    record: Record,
    look_id: str,
    place: tuple[float, float],
    start_h: float,
    hits: dict[str, int],
    refused: bool,
) -> None:
    for act, n in hits.items():
        record.watches.append(
            Watch(
                sensor_id="patrols",
                look_id=look_id,
                from_h=start_h - PATROL_LOOKBACK_H,
                until_h=start_h + 1,
                act=act,
                share=0.0 if refused else 1.0,
                reason="movement_restriction" if refused else "watched",
                note="turned back at a checkpoint" if refused else "",
                x_km=place[0],
                y_km=place[1],
                radius_km=PATROL_RADIUS_KM,
                a=1.0 + n,
                b=1.0 + PATROL_TRIALS - n,
                basis=f"exercise in the scenario: {n} of {PATROL_TRIALS} prepared traces found",
                clutter_per_day=0.02,
            )
        )
