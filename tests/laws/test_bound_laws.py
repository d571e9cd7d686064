"""Laws of coverage and of the bounds on what went unseen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from truceline.assurance.bounds import PastPoints, bound_unseen, contain, detection_limit
from truceline.assurance.series import Bound
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.coverage.declared import apply_declared
from truceline.coverage.notes import describe_coverage
from truceline.schema import COVERAGE
from truceline.schema.table import records

START = datetime(2030, 4, 19, tzinfo=UTC)
PERIOD = Interval(START, START + timedelta(days=2))
FRAME = LocalFrame("test", 10.5, 45.5)
AREA = box(10, 45, 11, 46)
PROVENANCE = {"raw_file": "file.csv", "raw_row": 1, "raw_digest": "0" * 64}


def row(**changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "coverage_id": "cov",
        "source_id": "sensor",
        "window_start": PERIOD.start,
        "window_stop": PERIOD.stop,
        "available_share": 1.0,
        "reason": "watched",
        "detection_p_a": 8.0,
        "detection_p_b": 4.0,
        "detection_p_basis": "field trial, report 7",
        **PROVENANCE,
    }
    merged = {**values, **changes}
    merged["coverage_id"] = f"cov-{sorted((k, str(v)) for k, v in merged.items() if k != 'coverage_id')}"
    return merged


def bound(rows: list[dict[str, object]], *, detections: int | None = 0, **changes: object) -> Bound:
    values: dict[str, object] = {
        "act": "fire",
        "area_id": "area",
        "area_geometry": AREA,
        "period": PERIOD,
        "detections": detections,
        "coverage": COVERAGE.from_records(rows),
        "frame": FRAME,
        "zone": "UTC",
        **changes,
    }
    return bound_unseen(**values)  # type: ignore[arg-type]  # values are of the types named above


def limits(one: Bound) -> list[float]:
    """The three limits; none is infinite."""
    return [
        np.inf if limit is None else limit for limit in (one.history_hi95, one.worst_hi95, one.evader_hi95)
    ]


CIRCLE = {"longitude_deg": 10.4, "latitude_deg": 45.5, "radius_m": 30_000.0}


def mixed_rows(share: float = 1.0) -> list[dict[str, object]]:
    return [
        row(available_share=share),
        row(source_id="second", sensor_id="a", detection_p_a=2.0, detection_p_b=2.0, **CIRCLE),
        row(source_id="third", window_stop=START + timedelta(hours=20), detection_p_a=3.0, detection_p_b=9.0),
    ]


def test_without_a_basis_there_is_no_bound_but_a_what_if_table():
    for rows in ([], [row(detection_p_basis=None)], [row(detection_p_a=None, detection_p_b=None)]):
        one = bound(rows)
        assert limits(one) == [np.inf] * 3
        assert one.reason_codes == ("no_bound",)
        assert list(one.what_if) == [0.1, 0.3, 0.5, 0.7, 0.9]
        assert one.what_if[0.1] == pytest.approx(29.96, abs=0.01)


def test_another_act_lends_no_probability():
    assert bound([row(act="flight")]).reason_codes == ("no_bound",)


def test_without_detections_known_there_is_no_bound():
    assert limits(bound([row()], detections=None)) == [np.inf] * 3


@pytest.mark.parametrize("detections", [0, 3, 20])
def test_history_worst_and_evader_are_in_this_order(detections):
    one = bound(mixed_rows(), detections=detections)
    assert one.blind_share == 0
    history, worst, evader = limits(one)
    assert detections < history <= worst <= evader < np.inf
    assert worst < evader


@settings(max_examples=25, deadline=None)
@given(
    shares=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    off=st.integers(0, 2),
    factor=st.floats(0, 1),
    detections=st.integers(0, 5),
)
def test_less_coverage_never_narrows_a_bound(shares, off, factor, detections):
    before = [{**one, "available_share": share} for one, share in zip(mixed_rows(), shares, strict=True)]
    after = [dict(one) for one in before]
    after[off]["available_share"] = float(after[off]["available_share"]) * factor
    for wide, narrow in zip(
        limits(bound(after, detections=detections)), limits(bound(before, detections=detections)), strict=True
    ):
        assert wide >= narrow


@pytest.mark.parametrize("reason", ["cloud", "outage", "movement_restriction"])
def test_a_restriction_widens_the_bounds(reason):
    gone = row(
        reason=reason,
        available_share=0.0,
        detection_p_a=None,
        detection_p_b=None,
        detection_p_basis=None,
        window_stop=START + timedelta(hours=10),
    )
    before, after = bound([row()]), bound([row(), gone])
    assert all(wide > narrow for wide, narrow in zip(limits(after), limits(before), strict=True))
    assert after.blind_share == pytest.approx(10 / 48, abs=0.005)
    assert after.evader_hi95 is None
    assert "blind_spot" in after.reason_codes


@pytest.mark.parametrize("step", range(6))
def test_fewer_detections_never_widen_a_bound(step):
    fewer, more = bound(mixed_rows(), detections=step), bound(mixed_rows(), detections=step + 1)
    assert all(a <= b for a, b in zip(limits(fewer), limits(more), strict=True))


def test_a_blind_spot_leaves_the_evader_without_a_bound():
    one = bound([row(**CIRCLE)])
    assert one.evader_hi95 is None
    assert 0.3 < one.blind_share < 0.8
    assert one.history_hi95 is not None


def past(longitude_deg: float, latitude_deg: float, *, every_h: float = 24.0, n: int = 50) -> PastPoints:
    at_us = round(START.timestamp() * 1e6) - np.round(np.arange(n) * every_h * 3.6e9).astype(np.int64)
    return PastPoints(
        longitude_deg=np.full(n, longitude_deg), latitude_deg=np.full(n, latitude_deg), at_us=at_us
    )


def test_history_moves_the_weight_to_where_acts_used_to_be():
    rows = [row(**CIRCLE)]
    inside, outside = past(10.4, 45.5), past(10.9, 45.9)
    assert (
        bound(rows, past_points=inside).history_hi95
        < bound(rows).history_hi95
        < bound(rows, past_points=outside).history_hi95
    )


def test_the_order_of_rows_and_the_name_of_the_area_change_nothing():
    forth, back = bound(mixed_rows()), bound(mixed_rows()[::-1])
    assert limits(forth) == limits(back)
    assert limits(bound(mixed_rows(), area_id="other")) == limits(forth)


def test_an_area_without_a_shape_can_be_bounded_by_rows_about_it_and_not_by_circles():
    assert bound([row(area_id="area")], area_geometry=None).evader_hi95 is not None
    assert limits(bound([row(**CIRCLE)], area_geometry=None)) == [np.inf] * 3


def test_a_part_with_a_known_shape_covers_its_part():
    west = box(10, 45, 10.5, 46)
    one = bound([row(area_id="west")], geometries={"west": west})
    assert one.blind_share == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(("a", "b"), [(8.0, 4.0), (2.0, 2.0), (30.0, 70.0)])
@pytest.mark.parametrize("true_number", [3, 12, 60, 400])
def test_the_limit_holds_the_truth_in_95_of_100_cases(a, b, true_number):
    """Detection probability drawn from its Beta, detections from it; 4,000 cases; 2 points of error."""
    rng = np.random.default_rng(2030)
    share = (np.arange(1024) + 0.5) / 1024
    from scipy.special import betaincinv

    probability = betaincinv(a, b, share)
    detected = rng.binomial(true_number, rng.beta(a, b, size=4000))
    limit_of = {n: detection_limit(int(n), probability) for n in np.unique(detected)}
    held = np.mean([limit_of[n] >= true_number for n in detected])
    assert held >= 0.95 - 0.01


def test_history_and_evader_bounds_hold_a_simulated_truth():
    """Acts are placed evenly (history) or at the worst-seen place and hour (evader)."""
    rng = np.random.default_rng(7)
    rows = [
        row(detection_p_a=6.0, detection_p_b=4.0),
        row(source_id="second", detection_p_a=5.0, detection_p_b=5.0, window_stop=START + timedelta(days=1)),
    ]
    held_history = held_evader = 0
    runs, true_number = 1000, 25
    cache: dict[int, Bound] = {}
    for _ in range(runs):
        first, second = rng.beta(6, 4), rng.beta(5, 5)
        early = rng.random(true_number) < 0.5
        p = np.where(early, 1 - (1 - first) * (1 - second), first)
        n_history = int((rng.random(true_number) < p).sum())
        n_evader = int((rng.random(true_number) < first).sum())
        for n in (n_history, n_evader):
            if n not in cache:
                cache[n] = bound(rows, detections=n)
        held_history += cache[n_history].history_hi95 >= true_number
        held_evader += cache[n_evader].evader_hi95 >= true_number
    assert held_history / runs >= 0.94
    assert held_evader / runs >= 0.94


@dataclass
class Word:
    source: str = "sensor"
    act: str = "fire"
    a: float = 9.0
    b: float = 3.0
    basis: str = "declared by the operator"


def test_a_declared_probability_fills_gaps_and_replaces_nothing():
    bare = {"detection_p_a": None, "detection_p_b": None, "detection_p_basis": None}
    table = COVERAGE.from_records(
        [row(act="fire", **bare), row(act="fire"), row(act="flight", **bare), row(**bare)]
    )
    filled = records(COVERAGE.check(apply_declared(table, [Word()])))
    assert [(one["act"], one["detection_p_a"]) for one in filled] == [
        ("fire", 9.0),
        ("fire", 8.0),
        ("flight", None),
        (None, None),
        ("fire", 9.0),
    ]
    assert apply_declared(table, []).equals(table)


def describe(rows: list[dict[str, object]]) -> tuple[str, ...]:
    notes = describe_coverage(
        COVERAGE.from_records(rows),
        window=PERIOD,
        area_names={"north": "North"},
        source_titles={"sensor": "Sensors"},
    )
    return tuple(note.text for note in notes)


def test_what_was_not_watched_is_told_in_few_sentences():
    hour = timedelta(hours=1)
    rows = [
        row(area_id="north", reason="merged_record", available_share=0.0, window_start=START - 400 * hour),
        *(
            row(area_id=f"area-{k}", reason="watched", available_share=0.0, window_start=START + k * hour, window_stop=START + (k + 1) * hour)
            for k in range(9)
        ),
        row(available_share=1.0),
        row(reason="outage", available_share=0.0, window_start=PERIOD.stop),
    ]  # fmt: skip
    told = describe(rows)
    assert len(told) == 2
    assert told == describe(rows[::-1])
    assert told[0].startswith("Sensors, North")
    assert "48 of 48 h" in told[0]
    assert "9 areas" in told[1]


def test_no_limit_of_a_whole_is_below_that_of_its_day_or_its_night():
    rows = [row(), row(source_id="second", window_stop=START + timedelta(hours=18), detection_p_a=2.0)]
    one = bound(rows, detections=9, detections_by_day=2)
    assert one.day is not None
    assert one.night is not None
    assert one.day.detections + one.night.detections == 9
    for part in (one.day, one.night):
        own = (part.history_hi95, part.worst_hi95, part.evader_hi95)
        assert all(whole >= limit for whole, limit in zip(limits(one), own, strict=True))


def test_no_limit_of_a_whole_is_below_that_of_a_part_of_it():
    whole, part = bound([row()], detections=3), bound([row(detection_p_a=1.0)], detections=0)
    assert limits(part)[0] > limits(whole)[0]
    held = contain(whole, [part])
    assert all(a >= b for a, b in zip(limits(held), limits(part), strict=True))
    blind = bound([row(**CIRCLE)], detections=0)
    assert contain(whole, [blind]).evader_hi95 is None
    assert contain(whole, []) == whole


def test_a_gap_between_circles_however_small_leaves_the_evader_without_a_bound():
    """Discs of 20 km over an area of 78 km by 111 km: laid close they leave none; one taken out leaves a hole."""
    centres = [(10 + 0.28 * i, 45 + 0.2 * j) for i in range(5) for j in range(7)]
    rows = [
        row(sensor_id=f"{k}", longitude_deg=x, latitude_deg=y, radius_m=20_000.0)
        for k, (x, y) in enumerate(centres)
    ]
    assert bound(rows).evader_hi95 is not None
    hole = [one for one in rows if (one["longitude_deg"], one["latitude_deg"]) != centres[17]]
    smaller = [{**one, "radius_m": 19_999.0 if one["sensor_id"] == "17" else 20_000.0} for one in rows]
    assert bound(smaller).evader_hi95 is not None
    narrow = [{**one, "radius_m": 15_300.0} for one in hole]
    assert bound(narrow).evader_hi95 is None


def test_a_gap_of_a_minute_leaves_the_evader_without_a_bound():
    first = row(window_stop=START + timedelta(hours=20))
    late = row(source_id="second", window_start=START + timedelta(hours=20, minutes=1))
    assert bound([first, late]).evader_hi95 is None
    prompt = row(source_id="second", window_start=START + timedelta(hours=20))
    assert bound([first, prompt]).evader_hi95 is not None


def test_the_evader_finds_the_least_watched_place_and_hour():
    """He acts where and when the second sensor is away; the limit is that of the first alone."""
    first = row(detection_p_a=6.0, detection_p_b=4.0)
    second = row(source_id="second", **CIRCLE, window_stop=START + timedelta(hours=30))
    assert limits(bound([first, second]))[2] == limits(bound([first]))[2]


def test_limits_hold_a_clustered_truth():
    """Fire in bursts of 12 at one place and hour; circles see half of the area; 400 campaigns.

    Each limit must hold in 95 of 100: 3 points of room for the number of runs.
    """
    rng = np.random.default_rng(3)
    rows = [row(detection_p_a=70.0, detection_p_b=30.0, **CIRCLE)]
    size = 12

    def campaign(n_bursts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, y = rng.uniform(10, 11, n_bursts), rng.uniform(45, 46, n_bursts)
        return np.repeat(x, size), np.repeat(y, size), np.repeat(rng.uniform(0, 48, n_bursts), size)

    past_x, past_y, past_h = campaign(60)
    at_us = round(START.timestamp() * 1e6) - np.round((480 - past_h * 10) * 3.6e9).astype(np.int64)
    history = PastPoints(longitude_deg=past_x, latitude_deg=past_y, at_us=at_us)
    cache: dict[int, float] = {}
    held = 0
    for _ in range(400):
        x, y, _hour = campaign(8)
        east, north = FRAME.to_plane(x, y)
        circle_x, circle_y = FRAME.to_plane(CIRCLE["longitude_deg"], CIRCLE["latitude_deg"])
        inside = np.hypot(east - circle_x, north - circle_y) <= CIRCLE["radius_m"]
        n = int((inside & (rng.random(len(x)) < rng.beta(70, 30))).sum())
        if n not in cache:
            cache[n] = limits(bound(rows, detections=n, past_points=history))[0]
        held += cache[n] >= len(x)
    assert held / 400 >= 0.92


def test_one_cloud_over_two_sensors_hides_more_than_two_clouds():
    pair = [row(), row(source_id="second")]

    def under(reason: str) -> list[dict[str, object]]:
        bare = {"detection_p_a": None, "detection_p_b": None, "detection_p_basis": None}
        return [
            *pair,
            *(
                row(source_id=name, reason=reason, available_share=0.5, **bare)
                for name in ("sensor", "second")
            ),
        ]

    apart, together = bound(under("outage")), bound(under("cloud"))
    assert limits(together)[0] > limits(apart)[0] > limits(bound(pair))[0]


def test_the_errors_of_one_source_do_not_average_out():
    def pair(sources: tuple[str, str]) -> Bound:
        return bound(
            [
                row(source_id=name, sensor_id=f"{k}", detection_p_a=2.0, detection_p_b=3.0, detection_p_basis=f"trial {k}")
                for k, name in enumerate(sources)
            ]
        )  # fmt: skip

    assert limits(pair(("one", "one")))[0] > limits(pair(("one", "two")))[0]


def test_the_smallest_campaign_grows_as_sight_is_lost():
    full, less = bound([row()]).campaign, bound([row(available_share=0.4)]).campaign
    assert full is not None
    assert less is not None
    assert full.history < less.history
    assert full.history <= full.worst <= full.evader
    # at p = 2/3 one of three acts is seen with 96 %; that p is uncertain asks for no more than one more
    assert 2 <= full.history <= 4
