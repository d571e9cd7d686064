"""Laws of totals: how many happened, seen or not."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import shapely

from truceline.assurance.detection import Histories, learn_probabilities
from truceline.assurance.totals import Total, estimate_totals, totals_table
from truceline.base.columns import micros
from truceline.base.intervals import Interval
from truceline.schema import COVERAGE, INCIDENTS
from truceline.schema.table import TIME, Table
from truceline.simulate import Front, play, read_regime

ACTS = ("shelling", "rocket_salvo", "small_drone")


@lru_cache(maxsize=4)
def front(regime: str, seed: int) -> Front:
    return play(read_regime(regime, days=12, length_km=500, salvos_per_day=120), seed=seed)


def true_incidents(one: Front) -> Table:
    """Incidents as a perfect fusion would make them: the sensors' records by true event."""
    links, observations = one.truth.links, one.observations
    hard = pc.is_in(observations["source_id"], value_set=pa.array(list(one.hard_sources)))
    keep = pc.and_(hard, pc.not_equal(links["truth_id"], ""))
    chosen = observations.filter(keep)
    names, number = np.unique(np.array(links["truth_id"].filter(keep).to_pylist()), return_inverse=True)
    n = len(names)
    weight = 1 / chosen["position_sd_m"].to_numpy() ** 2
    total = np.bincount(number, weight, n)
    longitude, latitude = (
        np.bincount(number, weight * chosen[name].to_numpy(), n) / total
        for name in ("longitude_deg", "latitude_deg")
    )
    low, high = np.full(n, -(2**62)), np.full(n, 2**62)
    np.maximum.at(low, number, micros(chosen["occurred_from"]))
    np.minimum.at(high, number, micros(chosen["occurred_until"]))
    middle = (low + high) // 2
    order = np.argsort(number, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(number, minlength=n))]).astype(np.int32)
    members = pa.ListArray.from_arrays(
        pa.array(offsets), chosen["observation_id"].combine_chunks().take(pa.array(order))
    )
    columns: dict[str, Any] = {column.name: pa.nulls(n, column.type) for column in INCIDENTS.columns}
    columns |= {
        "incident_id": pa.array(names.tolist()),
        "occurred_from": pa.array(np.minimum(low, middle - 1)).cast(TIME),
        "occurred_until": pa.array(np.maximum(high, middle + 1)).cast(TIME),
        "longitude_deg": pa.array(longitude),
        "latitude_deg": pa.array(latitude),
        "position_sd_m": pa.array(1 / np.sqrt(total)),
        "existence_p": pa.array(np.ones(n)),
        "observation_ids": members,
    }
    return pa.table(columns)


def areas(one: Front) -> dict[str, shapely.Geometry]:
    rows = one.areas.to_pylist()
    return {row["area_id"]: shapely.from_wkb(row["geometry"]) for row in rows if row["kind"] != "district"}


def halves(one: Front) -> list[Interval]:
    middle = one.start + timedelta(days=6)
    return [Interval(one.start, middle), Interval(middle, one.stop)]


def estimate(one: Front, incidents: Table, **changes: Any) -> tuple[Total, ...]:
    given: dict[str, Any] = {
        "observations": one.observations,
        "coverage": one.coverage,
        "frame": one.frame,
        "areas": areas(one),
        "periods": halves(one),
        "acts": ACTS,
        **changes,
    }
    return estimate_totals(incidents, **given).totals


def true_number(one: Front, total: Total) -> int:
    table = one.truth.incidents
    at_s = micros(table["occurred_at"]) / 1e6
    held = shapely.contains_xy(
        areas(one)[total.area_id], table["longitude_deg"].to_numpy(), table["latitude_deg"].to_numpy()
    )
    held &= (at_s >= total.period.start.timestamp()) & (at_s < total.period.stop.timestamp())
    return int((held & np.asarray(pc.equal(table["act"], total.act).to_numpy())).sum())


def test_totals_are_right_on_the_whole_and_their_intervals_hold():
    """Four fronts, 72 totals each a sixth to a half detected; the seeds' own errors leave 15 % of room."""
    estimates = truths = held = n = 0.0
    for seed in range(4):
        one = front("plain", seed)
        for total in estimate(one, true_incidents(one)):
            number = true_number(one, total)
            assert total.estimate is not None
            assert total.lo95 is not None
            assert total.hi95 is not None
            assert total.lo95 <= total.estimate <= total.hi95
            estimates, truths = estimates + total.estimate, truths + number
            held += total.lo95 <= number <= total.hi95
            n += 1
    assert estimates / truths == pytest.approx(1, abs=0.15)
    assert held / n >= 0.87


def test_without_a_known_probability_there_is_no_total_and_it_says_why():
    one = front("plain", 0)
    none = estimate(one, true_incidents(one), coverage=COVERAGE.empty())
    assert {(total.estimate, total.reason_codes) for total in none} == {(None, ("no_bound",))}
    only = one.coverage.filter(pc.equal(one.coverage["source_id"], "acoustic"))
    advance = estimate(one, true_incidents(one), coverage=only, acts=("advance",))
    assert all(total.estimate is None for total in advance)
    assert totals_table(estimate_totals(INCIDENTS.empty(), observations=one.observations, coverage=COVERAGE.empty(), frame=one.frame, areas=areas(one), periods=halves(one), acts=ACTS)).num_rows == len(ACTS) * len(areas(one)) * 2  # fmt: skip


def test_the_order_of_rows_changes_nothing():
    one = front("plain", 0)
    incidents = true_incidents(one)
    again = estimate(
        one,
        incidents,
        observations=one.observations.take(pa.array(np.arange(one.observations.num_rows)[::-1])),
        coverage=one.coverage.take(pa.array(np.arange(one.coverage.num_rows)[::-1])),
    )
    assert estimate(one, incidents) == again


def test_an_area_where_nothing_was_detected_keeps_a_wide_interval_above_zero():
    one = front("plain", 0)
    incidents = true_incidents(one)
    held = shapely.contains_xy(
        areas(one)["sector-01"], incidents["longitude_deg"].to_numpy(), incidents["latitude_deg"].to_numpy()
    )
    without = estimate(one, incidents.filter(pa.array(~held)))
    for total in without:
        if total.area_id == "sector-01":
            assert total.lo95 == 0
            assert total.hi95 > 0


def test_fewer_sensors_never_make_the_interval_of_the_whole_much_narrower():
    one = front("plain", 1)
    incidents = true_incidents(one)
    whole = {"areas": {"theatre": areas(one)["theatre"]}, "periods": [Interval(one.start, one.stop)], "shapes": areas(one)}  # fmt: skip
    full = estimate(one, incidents, **whole)[0]
    for source in ("acoustic", "satellite"):
        less = estimate(one, incidents, **whole, without=source)[0]
        assert less.hi95 - less.lo95 >= 0.9 * (full.hi95 - full.lo95)


def two_sensors(p: tuple[float, float], n: int, seed: int) -> Histories:
    rng = np.random.default_rng(seed)
    hit = rng.random((n, 2)) < np.array(p)
    hit = hit[hit.any(axis=1)]
    return Histories(
        record=np.repeat(np.arange(len(hit)), 2),
        group=np.tile([0, 1], len(hit)),
        hit=hit.ravel(),
        share=np.ones(2 * len(hit)),
        weight=np.ones(len(hit)),
    )


def learn(p: tuple[float, float], beta: list[list[float]], n: int, seed: int = 1) -> Any:
    return learn_probabilities(
        two_sensors(p, n, seed), np.array(beta), np.array([0, 1]), n_draws=400, rng=np.random.default_rng(0)
    )


def test_a_wrong_declaration_is_found_out_where_sensors_overlap():
    """Declared .6 and .5 of 40 trials each; true .42 and .35."""
    learnt = learn((0.42, 0.35), [[24, 16], [20, 20]], 4000)
    assert learnt.mean == pytest.approx([0.42, 0.35], abs=0.04)
    assert learnt.wrong_p > 0.5


def test_a_right_declaration_is_believed():
    learnt = learn((0.6, 0.5), [[24, 16], [20, 20]], 4000)
    assert learnt.mean == pytest.approx([0.6, 0.5], abs=0.04)
    assert learnt.wrong_p < 0.3


def test_without_records_the_posterior_is_what_was_declared():
    learnt = learn((0.6, 0.5), [[24, 16], [20, 20]], 0)
    for draws, (a, b) in zip(learnt.draws, [(24, 16), (20, 20)], strict=True):
        sure = draws[np.abs(draws - a / (a + b)) < 0.3]
        assert sure.mean() == pytest.approx(a / (a + b), abs=0.05)


def test_ranks_of_the_true_probability_are_even():
    """Simulation-based calibration (Talts et al. 2018): true p from the declared Beta, 60 runs."""
    rng = np.random.default_rng(5)
    ranks = []
    for run in range(60):
        true = (float(rng.beta(24, 16)), float(rng.beta(20, 20)))
        learnt = learn(true, [[24, 16], [20, 20]], 300, seed=100 + run)
        ranks.append((learnt.draws < np.array(true)[:, None]).mean(axis=1))
    ranks = np.concatenate(ranks)
    assert ranks.mean() == pytest.approx(0.5, abs=0.09)
    assert ((ranks > 0.025) & (ranks < 0.975)).mean() >= 0.88
