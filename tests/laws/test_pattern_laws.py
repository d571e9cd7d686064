"""Laws of moments of a fall, hot spots, answers, reporting effort; and four pitfalls of effect tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.assurance.answers import measure_answers
from truceline.assurance.build import build_series
from truceline.assurance.effect import measure_effect
from truceline.assurance.effort import Points, measure_effort
from truceline.assurance.evidence import combine_evidence
from truceline.assurance.hot_spots import scan_hot_spots
from truceline.assurance.onset import find_onset
from truceline.assurance.series import Series, SeriesModel, SeriesSpec
from truceline.base.intervals import Interval
from truceline.line.history import LineHistory, Snapshot
from truceline.schema import COUNTS, COVERAGE, OBSERVATIONS

START = datetime(2031, 3, 3, tzinfo=UTC)
DAYS = 36
TRUCE = START + timedelta(days=26)
SEARCH = Interval(TRUCE - timedelta(days=2), START + timedelta(days=DAYS))
PROVENANCE = {"raw_file": "file.csv", "raw_row": 1, "raw_digest": "0" * 64}


def series_of(count: np.ndarray, *, bin_h: float = 3, exposure: np.ndarray | None = None) -> Series:
    step = timedelta(hours=bin_h)
    bins = tuple(Interval(START + k * step, START + (k + 1) * step) for k in range(len(count)))
    spec = SeriesSpec(
        id="fire", title="", source="s", measure="records", unit="act", area="north", kind="sensor",
        bin_h=bin_h, model=SeriesModel(hour=bin_h < 24),
    )  # fmt: skip
    return Series(
        spec=spec,
        bins=bins,
        count=np.asarray(count, dtype=np.float64),
        exposure=np.ones(len(count)) if exposure is None else exposure,
        in_baseline=np.array([one.stop <= TRUCE for one in bins]),
        in_window=np.array([one.start >= TRUCE for one in bins]),
        row_refs=tuple(() for _ in bins),
    )


def fired(per_day: float, *, seed: int, ratio: float = 1.0, after_h: float = 0.0) -> np.ndarray:
    """Counts in 3 h, falling to ``ratio`` some hours after the truce begins."""
    rng = np.random.default_rng(seed)
    hours = rng.uniform(0, 24 * DAYS, rng.poisson(per_day * DAYS))
    cease = (TRUCE - START) / timedelta(hours=1) + after_h
    kept = (hours < cease) | (rng.random(len(hours)) < ratio)
    return np.histogram(hours[kept], bins=8 * DAYS, range=(0, 24 * DAYS))[0]


# the moment of a fall


def test_the_moment_of_a_fall_lies_in_its_interval():
    held = 0
    for seed in range(12):
        onset = find_onset(
            series_of(fired(40, seed=seed, ratio=0.2, after_h=7 * seed)), search=SEARCH, seed=0
        )
        assert onset.found
        assert onset.at_lo95 <= onset.at <= onset.at_hi95
        held += onset.at_lo95 <= TRUCE + timedelta(hours=7 * seed) <= onset.at_hi95
    assert held >= 10


def test_a_later_order_falls_later():
    early, late = (
        find_onset(series_of(fired(60, seed=3, ratio=0.1, after_h=hours)), search=SEARCH, seed=0)
        for hours in (0, 100)
    )
    assert late.at - early.at == pytest.approx(timedelta(hours=100), abs=timedelta(hours=15))


def test_where_nothing_fell_no_moment_is_told():
    told = [find_onset(series_of(fired(40, seed=seed)), search=SEARCH, seed=0).found for seed in range(20)]
    assert sum(told) <= 1


def test_of_few_counts_no_moment_is_told():
    onset = find_onset(series_of(fired(0.2, seed=1)), search=SEARCH, seed=0)
    assert (onset.state, onset.at, onset.fell_p) == ("too_few", None, None)


def test_lost_sight_is_no_fall():
    count = fired(60, seed=5)
    seen = np.where(np.arange(len(count)) >= 8 * 26, 0.25, 1.0)
    rng = np.random.default_rng(0)
    assert not find_onset(series_of(rng.binomial(count, seen), exposure=seen), search=SEARCH, seed=0).found


# hot spots


def scattered(n: int, *, seed: int, days: int = 30) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Records at a few busy places, evenly over the days."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(-100_000, 100_000, (12, 2))
    place = rng.choice(12, n, p=rng.dirichlet(np.ones(12)))
    at = centre[place] + rng.normal(0, 4_000, (n, 2))
    return at[:, 0], at[:, 1], rng.uniform(0, 24 * days, n)


def with_spot(records: tuple[np.ndarray, ...], *, n: int, first_day: float) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(99)
    more = (
        rng.normal(50_000, 2_000, n),
        rng.normal(50_000, 2_000, n),
        24 * rng.uniform(first_day, first_day + 3, n),
    )
    return tuple(np.concatenate(pair) for pair in zip(records, more, strict=True))


def test_a_gathering_in_place_and_time_is_found_where_it_is():
    found = scan_hot_spots(*with_spot(scattered(400, seed=1), n=30, first_day=12), n_days=30, seed=0)
    spot = found.shown[0]
    assert np.hypot(spot.x_m - 50_000, spot.y_m - 50_000) <= spot.radius_m
    assert spot.first_day <= 13 <= spot.last_day
    assert spot.recurrence_d >= 30


def test_places_and_days_where_much_happens_are_no_hot_spots():
    shown = [
        scan_hot_spots(*scattered(400, seed=seed), n_days=30, seed=seed, n_runs=99).shown
        for seed in range(12)
    ]
    assert sum(bool(one) for one in shown) <= 2


def test_a_record_told_a_hundred_times_makes_no_hot_spot():
    records = scattered(200, seed=4)
    again = tuple(np.concatenate([one, np.repeat(one[7], 100)]) for one in records)
    once, often = (scan_hot_spots(*each, n_days=30, seed=0, n_runs=99) for each in (records, again))
    assert often == once


def test_the_order_of_records_changes_no_hot_spot():
    records = with_spot(scattered(200, seed=5), n=25, first_day=20)
    order = np.random.default_rng(0).permutation(len(records[0]))
    assert scan_hot_spots(*records, n_days=30, seed=0, n_runs=99) == scan_hot_spots(
        *(one[order] for one in records), n_days=30, seed=0, n_runs=99
    )


def test_records_told_in_cells_give_no_circle_finer_than_a_cell():
    """What the public edition looks among: whatever lay inside a cell, the same is found."""
    found = []
    for seed in (0, 1):
        x, y, hours = with_spot(scattered(400, seed=6), n=60, first_day=10)
        inside = np.random.default_rng(seed).uniform(0, 9_999, (2, len(x)))
        x, y = (10_000 * np.floor(one / 10_000) + part for one, part in zip((x, y), inside, strict=True))
        told = [10_000 * np.floor(one / 10_000) + 5_000 for one in (x, y)]
        found.append(
            scan_hot_spots(*told, 24 * np.floor(hours / 24), n_days=30, seed=0, cell_m=10_000, n_runs=99)
        )
    assert found[0] == found[1]
    assert all(spot.radius_m >= 10_000 for spot in found[0].shown)


def test_few_records_have_no_hot_spots():
    assert scan_hot_spots(*scattered(20, seed=1), n_days=30, seed=0).state == "too_few"


# answers


def duel(answer: float, *, seed: int, n: int = 1_500) -> tuple[np.ndarray, ...]:
    """Two parties along 300 km in 30 days; the second answers the first, after 2 h on average."""
    rng = np.random.default_rng(seed)
    y, hours = rng.uniform(-150_000, 150_000, 2 * n), rng.uniform(0, 720, 2 * n)
    side = np.repeat([0, 1], n)
    source = np.repeat(np.flatnonzero(side == 0), rng.poisson(answer, n))
    y = np.concatenate([y, y[source] + rng.normal(0, 1_200, len(source))])
    hours = np.concatenate([hours, hours[source] + rng.exponential(2, len(source))])
    side = np.concatenate([side, np.ones(len(source), dtype=np.int64)])
    return rng.normal(0, 2_000, len(y)), y, hours, side


def test_answers_are_found_with_their_number_and_their_direction():
    found = measure_answers(*duel(0.4, seed=1), seed=0)
    assert found.state == "found"
    assert found.drawn_lo95[0][1] <= 0.4 <= found.drawn_hi95[0][1]
    assert found.drawn_lo95[1][0] < 0.05


def test_times_of_one_party_moved_by_whole_days_answer_nothing():
    """The permutation oracle: who answers whom is gone, the hours and places are not."""
    x, y, hours, side = duel(0.4, seed=2)
    rng = np.random.default_rng(0)
    stretch = np.floor(y / 30_000).astype(int)
    days = rng.integers(3, 27, stretch.max() - stretch.min() + 1)[stretch - stretch.min()]
    moved = np.where(side == 1, np.mod(hours + 24 * days, 720), hours)
    found = measure_answers(x, y, moved, side, seed=0)
    assert found.drawn_lo95 is None or found.drawn_lo95[0][1] < 0.05


def test_exchanging_the_parties_exchanges_their_answers():
    x, y, hours, side = duel(0.3, seed=3)
    one, other = (measure_answers(x, y, hours, each, seed=0) for each in (side, 1 - side))
    assert other.drawn[1][0] == pytest.approx(one.drawn[0][1], abs=0.01)
    assert other.drawn[0][1] == pytest.approx(one.drawn[1][0], abs=0.01)


def test_of_few_acts_no_answer_can_be_told():
    assert measure_answers(*duel(0.4, seed=4, n=60), seed=0).state == "too_few"


# several series, and reporting effort


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8))
def test_e_values_together_are_their_mean_in_any_order(values):
    together = combine_evidence(values)
    assert together == pytest.approx(combine_evidence(values[::-1]))
    assert min(values) * (1 - 1e-9) <= together <= max(values) * (1 + 1e-9)


def reported(seed: int, *, before: float, during: float) -> tuple[Points, Points, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = 4_000
    x, y, hours = rng.uniform(-3e5, 3e5, n), rng.uniform(-3e5, 3e5, n), rng.uniform(0, 720, n)
    after = hours >= 480
    told = np.repeat(np.arange(n), rng.poisson(np.where(after, during, before)))
    seen = rng.random(n) < 0.5
    error = rng.normal(0, 1_500, (2, len(told)))
    hard = Points(x_m=x[seen], y_m=y[seen], time_h=hours[seen])
    return hard, Points(x_m=x[told] + error[0], y_m=y[told] + error[1], time_h=hours[told]), after[seen]


def test_doubled_reporting_is_told_from_what_sensors_saw():
    for before, during, ratio in ((0.2, 0.4, 2.0), (0.2, 0.2, 1.0)):
        hard, reports, after = reported(1, before=before, during=during)
        effort = measure_effort(hard, reports, before=~after, during=after)
        assert effort.ratio == pytest.approx(ratio, rel=4 * effort.log_sd)
        assert effort.log_sd < 0.15


# pitfalls


def observation(name: str, moment: datetime, **changes: object) -> dict[str, object]:
    return {
        "observation_id": name, "source_id": "s", "occurred_from": moment,
        "occurred_until": moment + timedelta(minutes=1), "acts": {}, **PROVENANCE, **changes,
    }  # fmt: skip


def test_double_reporting_without_a_change_on_the_ground_is_silent():
    """Twice the sight, said by coverage; and each thing told three times over, as copies."""
    rng = np.random.default_rng(1)
    seen = np.where(np.arange(DAYS) >= 26, 1.0, 0.5)
    surge = measure_effect(series_of(rng.poisson(30 * seen), bin_h=24, exposure=seen), seed=0)
    assert surge.e_value < 20
    assert surge.ratio_lo95 < 1 < surge.ratio_hi95
    rows = []
    for day in range(DAYS):
        for k in range(int(rng.poisson(12))):
            moment = START + timedelta(days=day, hours=float(rng.uniform(0, 23)))
            told = 3 if day >= 26 else 1
            rows += [observation(f"{day}-{k}-{copy}", moment, primary_source_id=f"o-{day}-{k}", text="words") for copy in range(told)]  # fmt: skip
    spec = SeriesSpec(
        id="told", title="", source="s", measure="records", unit="report", area="north", kind="news"
    )
    series = build_series(
        spec, observations=OBSERVATIONS.from_records(rows), counts=COUNTS.empty(), coverage=COVERAGE.empty(), lines={}, area_ids=(),
        baseline=Interval(START, TRUCE), window=Interval(TRUCE, START + timedelta(days=DAYS)),
    )  # fmt: skip
    copies = measure_effect(series, seed=0)
    assert copies.e_value < 20
    assert copies.ratio == pytest.approx(1.0, abs=0.4)


def test_under_clustered_fire_limits_still_hold():
    """Cascades of three on average, in minutes: at most 1 of 20 windows reported, intervals hold 1."""
    alarms, held = 0, 0
    for seed in range(24):
        rng = np.random.default_rng([6, seed])
        size = rng.geometric(1 / 3, rng.poisson(8 * DAYS))
        hours = np.repeat(rng.uniform(0, 24 * DAYS, len(size)), size)
        count = np.histogram(hours, bins=DAYS, range=(0, 24 * DAYS))[0]
        effect = measure_effect(series_of(count, bin_h=24), seed=0)
        alarms += effect.e_value >= 20
        held += effect.ratio_lo95 <= 1 <= effect.ratio_hi95
    assert alarms <= 1
    assert held >= 21


def number(name: str, moment: datetime, value: float, **changes: object) -> dict[str, object]:
    return {
        "count_id": name, "source_id": "s", "series": "deaths", "speaker": "ministry", "unit": "death", "value": value,
        "relation": "=", "window_start": moment, "window_stop": moment + timedelta(days=1), "cumulative": False,
        "vintage": "1", **PROVENANCE, **changes,
    }  # fmt: skip


def deaths(rows: list[dict[str, object]]) -> Series:
    spec = SeriesSpec(
        id="deaths", title="", source="s", series="deaths", measure="sum", unit="death", area="north",
        kind="third_party_count", missing_is_zero=True,
    )  # fmt: skip
    return build_series(
        spec, observations=OBSERVATIONS.empty(), counts=COUNTS.from_records(rows), coverage=COVERAGE.empty(), lines={}, area_ids=(),
        baseline=Interval(START, TRUCE), window=Interval(TRUCE, START + timedelta(days=DAYS)),
    )  # fmt: skip


def test_the_dead_recovered_after_a_truce_began_are_not_new_deaths():
    """A running total that climbs as bodies are found, and days of before that are counted anew."""
    before = [number(f"d{day}", START + timedelta(days=day), 20.0) for day in range(26)]
    climbing = [
        number(f"t{day}", START + timedelta(days=day), 5_000.0 + 40 * day, cumulative=True)
        for day in range(DAYS)
    ]
    anew = [number(f"n{day}", START + timedelta(days=day), 26.0, vintage="2") for day in range(26)]
    plain, found = deaths(before), deaths([*before, *climbing, *anew])
    assert np.array_equal(found.count[found.in_window], plain.count[plain.in_window])
    assert (found.count[found.in_window] == 0).all()
    assert (found.count[found.in_baseline] == 26).all()


def drawn_map(status_of: list[str]) -> LineHistory:
    square = shapely.box(0, 0, 1, 1)
    shots = tuple(
        Snapshot(
            control_id=str(day), holder_party_id="a", map_time=START + timedelta(days=day), describes_until=START + timedelta(days=day, hours=12),
            status=status, geometry=square, area_km2=100.0, gained_km2=2.0 if status == "update" else 0.0, lost_km2=0.5 if status == "update" else 0.0,
            raw_file="map", raw_row=day,
        )
        for day, status in enumerate(status_of)
    )  # fmt: skip
    return LineHistory(
        source_id="s",
        title="map",
        snapshots=shots,
        lengths=(),
        stale_from=None,
        stale_h=None,
        updates_in_window=0,
    )


def test_a_map_that_was_not_updated_is_missing_data_and_no_kept_truce():
    spec = SeriesSpec(
        id="km2",
        title="",
        source="s",
        measure="level_change",
        unit="km2",
        area="north",
        kind="third_party_count",
    )
    stopped = build_series(
        spec, observations=OBSERVATIONS.empty(), counts=COUNTS.empty(), coverage=COVERAGE.empty(),
        lines={"s": drawn_map(["update"] * 26 + ["repeat"] * 10)}, area_ids=(), baseline=Interval(START, TRUCE),
        window=Interval(TRUCE, START + timedelta(days=DAYS)),
    )  # fmt: skip
    assert np.isnan(stopped.count[stopped.in_window]).all()
    effect = measure_effect(stopped, seed=0)
    assert (effect.ratio, effect.e_value, effect.reason_codes) == (None, None, ("missing_row_not_zero",))
    assert not find_onset(replace(stopped), search=SEARCH, seed=0).found
