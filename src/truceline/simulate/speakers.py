"""What people say of the hidden truth: reports, copies, counts, maps, claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely.geometry import Polygon

from truceline.simulate.fire import Act
from truceline.simulate.ground import HALF_WIDTH_KM, MARGIN_KM, FloatArray, Ground
from truceline.simulate.scenario import ADVANCE, DRONE, SECTORS, SHELLING, SIDES, Scenario

VERB = {SHELLING: "shelled", DRONE: "struck by a small drone", ADVANCE: "entered"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report by an outlet of the side that was struck."""

    side: int  #: of the speaker
    outlet: str
    from_h: float
    until_h: float
    published_h: float
    x_km: float
    y_km: float
    position_sd_km: float
    place_name: str
    act: str
    text: str
    act_number: int  #: of the truth; -1: nothing happened


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """A number for one day."""

    series: str
    speaker_side: int | None
    accused_side: int | None
    act: str
    day: int
    area_id: str
    value: int


def tell(scenario: Scenario, ground: Ground, acts: tuple[Act, ...], rng: np.random.Generator) -> list[Report]:
    """Each side reports what struck it; outlets copy, with jittered time and wording."""
    reports: list[Report] = []
    for number, act in enumerate(acts):
        if act.act == ADVANCE or rng.random() >= scenario.report_p:
            continue
        first = _first_report(scenario, ground, act, number, rng)
        reports.append(first)
        for copy in range(rng.poisson(scenario.copy_mean)):
            reports.append(_copy(first, copy, rng))
    return sorted(reports, key=lambda report: (report.published_h, report.outlet, report.x_km))


def _first_report(
    scenario: Scenario, ground: Ground, act: Act, number: int, rng: np.random.Generator
) -> Report:
    name, place_x, place_y = ground.nearest_place(act.x_km, act.y_km)
    if rng.random() < scenario.misplaced_share:
        name, place_x, place_y = ground.places[int(rng.integers(len(ground.places)))]
        x, y = place_x, place_y
    else:
        x, y = act.x_km + rng.normal(0, 1.5), act.y_km + rng.normal(0, 1.5)
    vague = rng.random()
    if vague < 0.3:  # dated to a day
        start = 24.0 * (act.time_h // 24)
        stop = start + 24
    else:
        width = 1.0 if vague < 0.8 else 6.0
        start = width * (act.time_h // width)
        stop = start + width
    hour = int(act.time_h % 24)
    return Report(
        side=1 - act.side,
        outlet=f"{SIDES[1 - act.side]}-bulletin-{int(rng.integers(1, 4))}",
        from_h=start,
        until_h=stop,
        published_h=max(act.time_h, start) + 0.3 + float(rng.exponential(2.0)),
        x_km=x,
        y_km=y,
        position_sd_km=2.0,
        place_name=name,
        act=act.act,
        text=f"Outskirts of {name} {VERB[act.act]} about {hour:02d} o'clock, {act.rounds} heard",
        act_number=number,
    )


def _copy(first: Report, copy: int, rng: np.random.Generator) -> Report:
    endings = (".", " - update", "!", "")
    text = first.text.upper() if rng.random() < 0.3 else first.text
    shift_h = float(np.round(rng.normal(0, 1.0)))
    return Report(
        side=first.side,
        outlet=f"{SIDES[first.side]}-echo-{copy + 1}",
        from_h=first.from_h + shift_h,
        until_h=first.until_h + shift_h,
        published_h=first.published_h + 0.2 + float(rng.exponential(5.0)),
        x_km=first.x_km + rng.normal(0, 0.4),
        y_km=first.y_km + rng.normal(0, 0.4),
        position_sd_km=first.position_sd_km,
        place_name=first.place_name,
        act=first.act,
        text=text + endings[int(rng.integers(len(endings)))],
        act_number=first.act_number,
    )


def count_days(scenario: Scenario, acts: tuple[Act, ...], rng: np.random.Generator) -> list[DayCount]:
    """A hotline per sector, and each side's staff on the other's fire; some days are missing."""
    days = scenario.baseline_days + scenario.truce_days
    true = np.zeros((days, 2, 2, 3), dtype=int)
    for act in acts:
        if act.act != ADVANCE:
            kind = 0 if act.act == SHELLING else 1
            true[int(act.time_h // 24), act.side, kind, SECTORS.index(act.sector)] += 1
    counts: list[DayCount] = []
    for day in range(days):
        for sector, area_id in enumerate(SECTORS):
            if rng.random() < 0.03:
                continue  # a day without a row is unknown, not zero
            calls = rng.poisson(0.4 * true[day, :, 0, sector].sum() * rng.gamma(12, 1 / 12) + 0.5)
            counts.append(
                DayCount(series=f"hotline_{area_id}", speaker_side=None, accused_side=None, act=SHELLING, day=day, area_id=area_id, value=int(calls))
            )  # fmt: skip
        for side in range(2):
            for kind, act_id in enumerate((SHELLING, DRONE)):
                claimed = rng.poisson(1.15 * true[day, 1 - side, kind].sum() + 1.0)
                counts.append(
                    DayCount(series=f"staff_{SIDES[side]}_{act_id}", speaker_side=side, accused_side=1 - side, act=act_id, day=day, area_id="", value=int(claimed))
                )  # fmt: skip
    return counts


def draw_maps(
    scenario: Scenario, ground: Ground, acts: tuple[Act, ...], rng: np.random.Generator
) -> tuple[list[tuple[int, Polygon]], list[tuple[int, Polygon]]]:
    """Two maps of what the west holds, by day: one kept up, one left as it was before the truce."""
    y = np.linspace(-ground.half_length_km - MARGIN_KM, ground.half_length_km + MARGIN_KM, 241)
    regular: list[tuple[int, Polygon]] = []
    stale: list[tuple[int, Polygon]] = []
    offset = 0.3 * np.interp(y, np.linspace(y[0], y[-1], 40), rng.normal(0, 1, 40))
    other = offset + 0.8 * np.interp(y, np.linspace(y[0], y[-1], 25), rng.normal(0, 1, 25))
    last_update = scenario.baseline_days - 3
    frozen: Polygon | None = None
    shown = -1.0
    for day in range(1, scenario.baseline_days + scenario.truce_days + 1):
        moved = [act for act in acts if act.act == ADVANCE and act.time_h < 24 * day - 6]
        front = _front_km(ground, y, moved)
        if len(moved) != shown or day == 1:
            regular.append((day, _held(ground, y, front + offset)))
            shown = len(moved)
        else:
            regular.append((day, regular[-1][1]))
        if day <= last_update or frozen is None:
            frozen = _held(ground, y, front + other)
        stale.append((day, frozen))
    return regular, stale


def _front_km(ground: Ground, y_km: FloatArray, advances: list[Act]) -> FloatArray:
    front = ground.front_x_km(y_km)
    for act in advances:
        front = front + act.push_km * np.exp(-0.5 * ((y_km - act.y_km) / 2.5) ** 2)
    return front


def _held(ground: Ground, y_km: FloatArray, front_km: FloatArray) -> Polygon:
    west = np.full(2, -HALF_WIDTH_KM - MARGIN_KM)
    outline = Polygon(
        np.column_stack([np.concatenate([front_km, west]), np.concatenate([y_km, y_km[[-1, 0]]])])
    )
    held = outline.intersection(ground.land)
    return max(held.geoms, key=lambda part: part.area) if held.geom_type == "MultiPolygon" else held


def claim(scenario: Scenario, counts: list[DayCount]) -> list[dict[str, Any]]:
    """Claims of both sides on the whole truce; the east's total does not equal its parts."""
    first_day, stop_day = scenario.baseline_days, scenario.baseline_days + scenario.truce_days

    def total(side: int, act: str, start: int, stop: int) -> int:
        return sum(
            count.value
            for count in counts
            if count.speaker_side == side and count.act == act and start <= count.day < stop
        )

    truce = (first_day, stop_day)
    before = (first_day - scenario.truce_days, first_day)
    rows: list[dict[str, Any]] = []
    for side, surplus in ((0, 0), (1, 18)):
        whose, name = {"side": side, "accused": 1 - side, "relation": "="}, SIDES[side]
        parts = {act: total(side, act, *truce) for act in (SHELLING, DRONE)}
        rows.append({**whose, "days": truce, "claim_id": f"{name}-total", "measure": "violations", "act": "", "unit": "violation", "count": sum(parts.values()) + surplus, "note": "total as published"})  # fmt: skip
        for act, value in parts.items():
            words = act.replace("_", " ")
            what = {**whose, "measure": f"{words} incidents", "act": act, "unit": words}
            rows += [
                {**what, "days": truce, "claim_id": f"{name}-{act}", "count": value, "part_of": f"{name}-total"},
                {**what, "days": before, "claim_id": f"{name}-{act}-before", "count": total(side, act, *before), "note": "the days before the truce"},
            ]  # fmt: skip
    own = {
        "side": 0,
        "accused": 0,
        "measure": "targets engaged, own report",
        "act": SHELLING,
        "unit": "target",
    }
    return [
        *rows,
        {"side": 1, "accused": 0, "days": truce, "claim_id": "east-concession", "measure": "intensity of fire, concession", "act": SHELLING, "relation": "", "direction": "reduced", "note": "the east concedes that the other side's fire fell"},
        {**own, "days": truce, "claim_id": "west-own", "count": 3, "relation": "=", "note": "the west on its own fire"},
        {**own, "days": before, "claim_id": "west-own-before", "count": 61, "relation": "≈", "note": "the west on its own fire before the truce"},
    ]  # fmt: skip
