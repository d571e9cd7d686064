"""Laws of what the past tells a bound: acts that few could see stand for more, and hot spots move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from shapely.geometry import box

from truceline.assurance.bounds import PastPoints, measure_watch
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.schema import COVERAGE

START = datetime(2030, 4, 19, tzinfo=UTC)
PERIOD = Interval(START, START + timedelta(days=5))
PAST_DAYS = 20
FRAME = LocalFrame("test", 10.5, 45.5)
AREA = box(10, 45, 11, 46)
GOOD, POOR = (10.25, 45.5, 0.8), (10.75, 45.5, 0.2)


def coverage() -> object:
    """Two circles, one of which sees four times as well, before the period and in it."""
    rows = []
    for k, (longitude, latitude, p) in enumerate((GOOD, POOR)):
        rows.append(
            {
                "coverage_id": f"cov-{k}", "source_id": "sensor", "sensor_id": str(k),
                "window_start": START - timedelta(days=PAST_DAYS), "window_stop": PERIOD.stop, "available_share": 1.0,
                "reason": "watched", "detection_p_a": 1000 * p, "detection_p_b": 1000 * (1 - p),
                "detection_p_basis": "trial", "longitude_deg": longitude, "latitude_deg": latitude,
                "radius_m": 15_000.0, "raw_file": "file.csv", "raw_row": 1, "raw_digest": "0" * 64,
            }
        )  # fmt: skip
    return COVERAGE.from_records(rows)


def past(counts: tuple[int, int], *, hours: float) -> PastPoints:
    """Detected acts at the two circles' centres, over the last ``hours`` before the period."""
    at = [place for place, n in zip((GOOD, POOR), counts, strict=True) for _ in range(n)]
    time = START.timestamp() - 3600 * hours * (np.arange(len(at)) % 7 + 1) / 8
    return PastPoints(
        longitude_deg=np.array([one[0] for one in at]), latitude_deg=np.array([one[1] for one in at]),
        at_us=(time * 1e6).astype(np.int64),
    )  # fmt: skip


def history(counts: tuple[int, int], *, hours: float = 24 * PAST_DAYS) -> np.ndarray:
    """(n_draws,) chance that an act is detected, if acts come as they used to."""
    watch = measure_watch(
        act="fire", area_id="area", area_geometry=AREA, period=PERIOD, coverage=coverage(), frame=FRAME, zone="UTC",
        past_points=past(counts, hours=hours),
    )  # fmt: skip
    assert watch is not None
    assert watch.whole is not None
    return watch.whole.history


def test_a_past_act_stands_for_as_many_as_went_unseen_beside_it() -> None:
    # four times as many were detected where detection is four times as good: as many happened at both
    seen_as_it_was, seen_evenly = history((400, 100)).mean(), history((400, 400)).mean()
    # .8 of the weight is the past's: half at p = .8, half at p = .2; a fifth is spread evenly, mostly unseen
    assert abs(seen_as_it_was - (0.8 * 0.5 + 0.2 * 0.07)) < 0.08
    assert seen_evenly < seen_as_it_was


def test_where_the_past_is_all_of_one_place_nothing_moves() -> None:
    assert np.std(history((400, 0))) < 0.1 * np.std(history((400, 100)))


def test_the_longer_the_past_the_less_its_hot_spots_vouch_for_a_short_period() -> None:
    assert np.std(history((400, 100), hours=24 * PAST_DAYS)) > 0
    assert history((400, 100)).shape == history((400, 100), hours=30).shape
    np.testing.assert_array_equal(history((400, 100)), history((400, 100)))


def test_moving_hot_spots_widen_a_bound_and_do_not_shift_it() -> None:
    draws = history((400, 100))
    assert draws.max() - draws.min() > 0.2
    assert 0.2 < np.median(draws) < 0.8
