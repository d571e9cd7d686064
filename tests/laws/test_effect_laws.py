"""Laws of series and of the effect test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.assurance.bins import make_bins
from truceline.assurance.build import build_series
from truceline.assurance.e_value import measure_evidence
from truceline.assurance.effect import calibrate, measure_effect
from truceline.assurance.regression import lay_out
from truceline.assurance.series import Series, SeriesSpec
from truceline.assurance.window import simulate
from truceline.base.intervals import Interval
from truceline.schema import COUNTS, COVERAGE, OBSERVATIONS

START = datetime(2030, 1, 7, tzinfo=UTC)
PROVENANCE = {"raw_file": "file.csv", "raw_row": 1, "raw_digest": "0" * 64}


def spec_of(**changes: object) -> SeriesSpec:
    values: dict[str, object] = {
        "id": "series",
        "title": "",
        "source": "source",
        "measure": "starts",
        "unit": "one",
        "bin_h": 24,
        "area": "area",
        "kind": "sensor",
    }
    return SeriesSpec.model_validate({**values, **changes})


def series_of(
    count: list[float], *, n_window: int, exposure: list[float] | None = None, **changes: object
) -> Series:
    spec = spec_of(**changes)
    step = timedelta(hours=spec.bin_h)
    n = len(count)
    window = np.arange(n) >= n - n_window
    return Series(
        spec=spec,
        bins=tuple(Interval(START + k * step, START + (k + 1) * step) for k in range(n)),
        count=np.array(count, dtype=np.float64),
        exposure=np.array(exposure if exposure is not None else [1.0] * n),
        in_baseline=~window,
        in_window=window,
        row_refs=tuple(() for _ in range(n)),
    )


def drawn(rate: float, n: int, *, seed: int, kappa: float = 15.0) -> list[float]:
    rng = np.random.default_rng(seed)
    return [float(value) for value in rng.poisson(rng.gamma(kappa, rate / kappa, size=n))]


def test_a_near_stop_is_reported_as_a_fall():
    effect = measure_effect(series_of([*drawn(40, 49, seed=1), 1.0], n_window=1), seed=0)
    assert effect.e_value is not None
    assert effect.e_value >= 20
    assert effect.reason_codes == ("series_fell",)
    assert effect.ratio_lo95 < effect.ratio < effect.ratio_hi95 < 1


def test_a_leap_is_reported_as_a_rise():
    effect = measure_effect(series_of([*drawn(10, 49, seed=2), 90.0, 95.0], n_window=2), seed=0)
    assert effect.reason_codes == ("series_rose",)


def test_an_unchanged_rate_is_not_reported():
    effect = measure_effect(series_of([*drawn(40, 49, seed=3), 38.0], n_window=1), seed=0)
    assert effect.e_value is not None
    assert effect.e_value < 20
    assert effect.expected_lo95 < 38 < effect.expected_hi95


def test_twice_the_reporting_with_twice_the_exposure_is_silent():
    """Double reporting without a change on the ground says nothing."""
    ratios = []
    for seed in range(8):
        before, during = drawn(20, 49, seed=seed), drawn(40, 2, seed=100 + seed)
        surge = measure_effect(
            series_of([*before, *during], n_window=2, exposure=[0.5] * 49 + [1.0] * 2), seed=0
        )
        assert surge.e_value is not None
        assert surge.e_value < 20
        ratios.append(surge.ratio)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.2)


def test_scaling_all_exposures_changes_nothing():
    count = [*drawn(20, 49, seed=4), 6.0]
    whole = measure_effect(series_of(count, n_window=1), seed=0)
    half = measure_effect(series_of(count, n_window=1, exposure=[0.5] * 50), seed=0)
    assert half.e_value == pytest.approx(whole.e_value, rel=0.05)
    assert half.ratio == pytest.approx(whole.ratio, rel=0.01)


def test_names_change_nothing():
    count = [*drawn(20, 49, seed=5), 3.0]
    one = measure_effect(series_of(count, n_window=1, party="first", act="fire", id="first-fire"), seed=7)
    other = measure_effect(series_of(count, n_window=1, party="second", act="strike", id="x"), seed=7)
    assert replace(one, series_id="x") == other


def test_the_same_input_gives_the_same_effect():
    series = series_of([*drawn(20, 49, seed=6), 3.0], n_window=1)
    assert measure_effect(series, seed=1) == measure_effect(series, seed=1)


def test_a_missing_bin_is_never_a_zero():
    count = drawn(30, 49, seed=8)
    with_gap = measure_effect(series_of([*count, 28.0, float("nan")], n_window=2), seed=0)
    with_zero = measure_effect(series_of([*count, 28.0, 0.0], n_window=2), seed=0)
    assert with_gap.n_window_missing == 1
    assert with_gap.e_value is not None
    assert with_gap.e_value < 20
    assert with_gap.ratio > 0.6
    assert with_zero.ratio < 0.7


def test_a_window_without_any_number_says_so_and_nothing_else():
    effect = measure_effect(series_of([*drawn(30, 49, seed=9), float("nan")], n_window=1), seed=0)
    assert (effect.observed, effect.ratio, effect.e_value) == (None, None, None)
    assert effect.reason_codes == ("missing_row_not_zero",)


def test_a_window_without_sight_is_lost_coverage():
    series = series_of([*drawn(30, 49, seed=9), float("nan")], n_window=1, exposure=[1.0] * 49 + [0.0])
    assert measure_effect(series, seed=0).reason_codes == ("coverage_lost",)


def test_a_short_baseline_gives_a_ratio_and_no_evidence():
    effect = measure_effect(series_of([*drawn(30, 9, seed=10), 3.0], n_window=1), seed=0)
    assert effect.e_value is None
    assert effect.ratio == pytest.approx(0.1, abs=0.05)
    assert effect.reason_codes == ("baseline_too_short",)
    assert not effect.informative


def test_a_sparse_series_is_uninformative():
    effect = measure_effect(series_of([*drawn(0.3, 49, seed=11), 0.0], n_window=1), seed=0)
    assert effect.reason_codes == ("series_uninformative",)
    assert not effect.informative


def test_power_grows_with_the_change():
    power = measure_effect(series_of([*drawn(60, 49, seed=12), 50.0], n_window=1), seed=0).power
    assert power[0.1] >= power[0.25] >= power[0.5] >= power[0.75]


def test_amounts_are_measured_without_rounding():
    rng = np.random.default_rng(13)
    amounts = [float(value) for value in rng.gamma(2.0, 3.0, size=49)]
    scaled = measure_effect(series_of([*(10 * a for a in amounts), 1.1], n_window=1), seed=0)
    plain = measure_effect(series_of([*amounts, 0.11], n_window=1), seed=0)
    assert plain.ratio == pytest.approx(scaled.ratio, rel=0.02)
    assert plain.e_value == pytest.approx(scaled.e_value, rel=0.1)


def test_evidence_against_no_change_is_at_most_one_on_average():
    """E[E] ≤ 1 where the baseline's own draws make the window; 4,000 windows, tolerance of 4 s.e."""
    series = series_of([*drawn(20, 49, seed=14), 0.0, 0.0], n_window=2)
    _, window = calibrate(
        series.count,
        lay_out(series),
        before=series.in_baseline,
        during=series.in_window,
        family="count",
        rng=np.random.default_rng(0),
    )
    counts = simulate(window, 1.0, n=4000, rng=np.random.default_rng(1))
    evidence = np.concatenate([measure_evidence(part, window) for part in np.split(counts, 20)])
    assert evidence.mean() <= 1 + 4 * evidence.std() / np.sqrt(len(evidence))
    assert np.mean(evidence >= 20) <= 0.05


def wandering(n: int, *, seed: int, daily_sd: float) -> list[float]:
    """Counts whose level takes a random walk."""
    rng = np.random.default_rng(seed)
    rate = 20 * np.exp(np.cumsum(rng.normal(0, daily_sd, size=n)))
    return [float(value) for value in rng.poisson(rate * rng.gamma(10, 0.1, size=n))]


def test_a_level_that_wanders_by_itself_is_no_change():
    """Windows as long as their past, levels in a random walk: at most 1 of 20 is reported."""
    evidence = [
        measure_effect(series_of(wandering(180, seed=seed, daily_sd=0.04), n_window=90), seed=0).e_value
        for seed in range(20)
    ]
    assert sum(one >= 20 for one in evidence) <= 1


def test_no_window_is_surer_than_its_past_allows():
    """The same fall, in a window ever longer, says ever more; but no more than the past can tell."""
    past = drawn(60, 120, seed=3)
    evidence = [
        measure_effect(series_of([*past, *drawn(20, n, seed=4)], n_window=n), seed=0).e_value
        for n in (2, 30, 365)
    ]
    assert evidence[0] < evidence[1]
    assert evidence[2] < 1e4
    steady = measure_effect(series_of([*past, *drawn(20, 30, seed=4)], n_window=30), seed=0)
    unsteady = measure_effect(
        series_of([*wandering(120, seed=5, daily_sd=0.1), *drawn(8, 30, seed=4)], n_window=30), seed=0
    )
    assert unsteady.ratio_hi95 / unsteady.ratio_lo95 > 2 * steady.ratio_hi95 / steady.ratio_lo95


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=12, max_size=40), st.integers(0, 60))
def test_intervals_hold_their_ratio_and_numbers_are_finite(before, during):
    effect = measure_effect(series_of([*map(float, before), float(during)], n_window=1), seed=0)
    if effect.e_value is None:
        assert sum(before) == 0
        return
    assert np.isfinite(effect.e_value)
    assert effect.expected_lo95 <= effect.expected_hi95
    # the ratio is of the fitted rate; the interval may lie beside it only by the error of the draws
    if effect.ratio_hi95 is not None:
        assert effect.ratio_lo95 <= effect.ratio * 1.05 + 1e-6
        assert effect.ratio_hi95 >= effect.ratio * 0.95


# how series are made


def observation(moment: datetime, **changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "observation_id": f"obs-{moment.isoformat()}",
        "source_id": "source",
        "occurred_from": moment,
        "occurred_until": moment + timedelta(seconds=1),
        "acts": {},
        **PROVENANCE,
    }
    return {**values, **changes}


def number(
    moment: datetime, value: float | None, *, hours: float = 24, **changes: object
) -> dict[str, object]:
    values: dict[str, object] = {
        "count_id": f"count-{moment.isoformat()}-{value}",
        "source_id": "source",
        "series": "all",
        "speaker": "speaker",
        "unit": "one",
        "value": value,
        "relation": "=",
        "window_start": moment,
        "window_stop": moment + timedelta(hours=hours),
        "cumulative": False,
        "vintage": "1",
        **PROVENANCE,
    }
    return {**values, **changes}


def cover(start: datetime, stop: datetime, share: float, reason: str, **changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "coverage_id": f"cov-{start.isoformat()}-{stop.isoformat()}-{reason}-{changes.get('area_id')}",
        "source_id": "source",
        "window_start": start,
        "window_stop": stop,
        "available_share": share,
        "reason": reason,
        **PROVENANCE,
    }
    return {**values, **changes}


BASELINE = Interval(START, START + timedelta(days=20))
WINDOW = Interval(START + timedelta(days=20), START + timedelta(days=22))


def build(
    spec: SeriesSpec,
    *,
    observations: list[dict[str, object]] | None = None,
    counts: list[dict[str, object]] | None = None,
    coverage: list[dict[str, object]] | None = None,
    area_ids: tuple[str, ...] = (),
) -> Series:
    return build_series(
        spec,
        observations=OBSERVATIONS.from_records(observations or []),
        counts=COUNTS.from_records(counts or []),
        coverage=COVERAGE.from_records(coverage or []),
        lines={},
        area_ids=area_ids,
        baseline=BASELINE,
        window=WINDOW,
    )


def test_the_order_of_rows_changes_nothing():
    rows = [observation(START + timedelta(hours=5 * k)) for k in range(100)]
    shares = [
        cover(START + timedelta(days=k), START + timedelta(days=k + 1), k / 30, "cloud") for k in range(20)
    ]
    forth = build(spec_of(), observations=rows, coverage=shares)
    back = build(spec_of(), observations=rows[::-1], coverage=shares[::-1])
    assert np.array_equal(forth.count, back.count, equal_nan=True)
    assert np.array_equal(forth.exposure, back.exposure)
    assert forth.row_refs == back.row_refs


def test_a_number_that_no_row_gives_is_missing():
    rows = [number(START + timedelta(days=k), 5.0) for k in range(20)]
    series = build(spec_of(measure="sum"), counts=rows)
    assert np.isnan(series.count[series.in_window]).all()
    zero = build(spec_of(measure="sum", missing_is_zero=True), counts=rows)
    assert (zero.count[zero.in_window] == 0).all()


def test_a_row_without_a_number_makes_its_day_unknown():
    series = build(spec_of(measure="sum"), counts=[number(START, 5.0, hours=6), number(START, None, hours=3)])
    assert np.isnan(series.count[0])


def test_a_quiet_bin_of_a_regular_source_is_a_zero_only_between_its_records():
    series = build(
        spec_of(),
        observations=[observation(START + timedelta(days=2.5)), observation(START + timedelta(days=6.5))],
    )
    assert series.count[3] == 0
    assert np.isnan(series.count[0])
    assert np.isnan(series.count[-1])


def test_a_wave_belongs_to_the_evening_it_began_and_a_reporting_day_to_its_middle():
    evening = START + timedelta(hours=21)
    series = build(spec_of(measure="sum"), counts=[number(evening, 7.0, hours=12)])
    assert series.count[0] == 7
    morning = START + timedelta(hours=6)
    series = build(spec_of(measure="sum"), counts=[number(morning, 7.0)])
    assert series.count[0] == 7


def test_the_latest_vintage_speaks_and_parts_are_not_added_to_their_total():
    rows = [
        number(START, 5.0),
        number(START, 8.0, vintage="2"),
        number(START, 3.0, vintage="2", part_of=f"count-{START.isoformat()}-8.0", count_id="part"),
    ]
    assert build(spec_of(measure="sum"), counts=rows).count[0] == 8


def test_lost_sight_lowers_exposure_and_no_sight_makes_a_bin_missing():
    rows = [observation(START + timedelta(hours=3 * k)) for k in range(170)]
    lost = [
        cover(START, START + timedelta(days=1), 0.0, "outage"),
        cover(START + timedelta(days=1), START + timedelta(days=1.5), 0.0, "outage"),
        cover(START + timedelta(days=2), START + timedelta(days=3), 0.0, "merged_record", area_id="north"),
    ]
    series = build(
        spec_of(),
        observations=[{**row, "area_id": ("north", "south")[k % 2]} for k, row in enumerate(rows)],
        coverage=lost,
        area_ids=("north", "south"),
    )
    assert series.exposure[:4] == pytest.approx([0, 0.5, 0.5, 1])
    assert np.isnan(series.count[0])


def test_the_shadow_of_an_alert_is_no_lost_sight():
    rows = [observation(START + timedelta(hours=3 * k)) for k in range(170)]
    shadow = [cover(START, START + timedelta(days=1), 0.0, "watched")]
    assert build(spec_of(), observations=rows, coverage=shadow).exposure[0] == 1


def test_a_described_source_did_not_see_between_its_looks():
    looks = [
        cover(START + timedelta(days=k), START + timedelta(days=k + 0.25), 1.0, "watched") for k in range(10)
    ]
    series = build(spec_of(measure="records"), coverage=looks)
    assert series.exposure[:10] == pytest.approx(np.full(10, 0.25))
    assert (series.count[:10] == 0).all()
    assert np.isnan(series.count[10:]).all()


def test_bins_follow_the_clock_of_their_zone_through_a_change_of_time():
    window = Interval(datetime(2030, 4, 20, 15, tzinfo=UTC), datetime(2030, 4, 21, 21, tzinfo=UTC))
    span = Interval(datetime(2030, 3, 20, tzinfo=UTC), window.stop)
    days = make_bins(bin_h=24, zone="Europe/Berlin", window=window, span=span)
    assert {one.duration_h for one in days} == {23, 24}
    sixths = make_bins(bin_h=6, zone="Europe/Kyiv", window=window, span=span)
    assert sum(window.covers(one) for one in sixths) == 5
    assert all(a.stop == b.start for a, b in pairwise(sixths))
    assert {one.duration_h for one in sixths} == {5, 6}


def test_a_bin_that_touches_the_window_is_in_neither_part():
    window = Interval(START + timedelta(days=20, hours=18), START + timedelta(days=22))
    series = build_series(
        spec_of(),
        observations=OBSERVATIONS.empty(),
        counts=COUNTS.empty(),
        coverage=COVERAGE.empty(),
        lines={},
        area_ids=(),
        baseline=Interval(START, START + timedelta(days=30)),
        window=window,
    )
    assert not series.in_baseline[20]
    assert not series.in_window[20]
    assert series.in_window.sum() == 1
    assert series.in_baseline.sum() == 28
