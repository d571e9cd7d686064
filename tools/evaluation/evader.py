"""The evader's bound where it can fail: fronts without a blind spot, and acts all in the least watched place.

The ordinary fronts have blind spots everywhere, where no bound is told and none can fail. Here stations
reach over the whole of each sector. The place is found apart from the bound: from the circles of the
stations and their true probabilities, on a grid; other sensors come and go, and the evader waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow.compute as pc
import shapely

from evaluation.rows import Budget, Picture, Row, row
from truceline.assurance.bounds import limit_unseen, measure_watch
from truceline.base.columns import floats
from truceline.base.geodesy import FloatArray
from truceline.base.intervals import Interval

FIRE = ("shelling", "rocket_salvo", "small_drone")
#: stations that hear over the whole of a sector
THICK = {"seismic": {"per_1000_km": 40, "radius_km": 150, "depth_km": 20, "away_share": 0.0, "p": {"shelling": 0.3, "rocket_salvo": 0.5, "small_drone": 0.25}, "clutter_per_day": {"shelling": 0.5, "rocket_salvo": 0.2, "small_drone": 0.1}}}  # fmt: skip
NUMBERS = (3, 10, 40, 160)
DRAWS, GRID_M, LEAST_SEEDS = 10, 3_000.0, 30


def evader_rows(seeds: Sequence[int], budget: Budget) -> list[Row | Picture]:
    """The bound under what was declared, and, without a target, where every true p is .7 of it."""
    made: list[Row | Picture] = []
    for p_factor, named, target in ((1.0, "", "≥ 0.95"), (0.7, ", p × 0.7 unsaid", "")):
        held: list[bool] = []
        spotless: list[bool] = []
        for k, seed in enumerate((*seeds, *(one + 100_000 for one in seeds))):
            if k >= (2 if budget.quick else LEAST_SEEDS) and budget.left_s() <= 0:
                break
            for told, some in _front(seed, p_factor):
                spotless.append(told)
                held += some
        made.append(
            row(f"evader bound covers the truth{named}", "evader", target, float(np.mean(held)) if held else None, n=len(held), note=f"told in {np.mean(spotless):.0%} of areas and acts; all acts in the least watched place")
        )  # fmt: skip
    return made


def _front(seed: int, p_factor: float) -> Iterator[tuple[bool, list[bool]]]:
    """Of each sector and act: whether a bound is told, and whether it holds in each draw."""
    simulate: Any = import_module("truceline.simulate")
    front = simulate.play(
        simulate.read_regime("evader", length_km=300, days=4, salvos_per_day=5, p_factor=p_factor, sensors=THICK),
        seed=seed,
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    sectors = {one["area_id"]: shapely.from_wkb(one["geometry"]) for one in front.areas.to_pylist() if one["kind"] == "sector"}  # fmt: skip
    period = Interval(front.truce_start, front.stop)
    for act in FIRE:
        for area, shape in sectors.items():
            watch = measure_watch(
                act=act, area_id=area, area_geometry=shape, period=period, coverage=front.coverage,
                frame=front.frame, zone="UTC", geometries=sectors,
            )  # fmt: skip
            seen_p = _least_seen(front, act, shape)
            held = []
            for number in np.repeat(NUMBERS, DRAWS // len(NUMBERS) + 1).tolist():
                n = int(rng.binomial(number, seen_p))
                found = limit_unseen(watch, act=act, area_id=area, period=period, detections=n).evader_hi95
                if found is not None:
                    held.append(found >= number)
            yield bool(held), held


def _least_seen(front: Any, act: str, shape: Any) -> float:
    """True chance that any station hears an act, in the least watched place of a sector."""
    coverage = front.coverage.filter(pc.and_(pc.equal(front.coverage["source_id"], "seismic"), pc.equal(front.coverage["act"], act)))  # fmt: skip
    x, y = front.frame.to_plane(floats(coverage["longitude_deg"]), floats(coverage["latitude_deg"]))
    circle = np.unique(np.column_stack([x, y, floats(coverage["radius_m"])]).round(1), axis=0)
    plane = front.frame.geometry_to_plane(shape)
    west, south, east, north = plane.bounds
    mesh = np.meshgrid(np.arange(west, east, GRID_M), np.arange(south, north, GRID_M))
    at_x, at_y = (np.asarray(one.ravel()) for one in mesh)
    inside = shapely.contains_xy(plane, at_x, at_y)
    away: FloatArray = np.hypot(at_x[inside, None] - circle[:, 0], at_y[inside, None] - circle[:, 1])
    stations = int((away <= circle[:, 2]).sum(axis=1).min())
    true_p = next(one["true_p"] for one in front.truth.facts["detection"] if one["source"] == "seismic" and one["act"] == act)  # fmt: skip
    return float(1 - (1 - true_p) ** stations)
