"""Laws of totals: places that are blind at times, what next to nobody sees, and probabilities not well known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from shapely.geometry import box

from truceline.assurance.classes import N_CLASSES, Cell, Spread, Sums
from truceline.assurance.totals import Total, estimate_totals
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.schema import COVERAGE, INCIDENTS, OBSERVATIONS

START = datetime(2030, 4, 19, tzinfo=UTC)
DAYS = 20
PERIOD = Interval(START, START + timedelta(days=DAYS))
FRAME = LocalFrame("test", 10.5, 45.5)
AREA = box(10, 45, 11, 46)
RAW = {"raw_file": "file.csv", "raw_row": 1, "raw_digest": "0" * 64}


@dataclass(frozen=True, slots=True)
class Station:
    """Watches a circle on some days of every ten, with one probability."""

    name: str
    longitude_deg: float
    detection_p: float
    days_of_ten: int = 10

    def watches(self, day: int) -> bool:
        return day % 10 < self.days_of_ten


def total(stations: tuple[Station, ...], n_acts: int, seed: int = 0) -> Total:
    """As many acts at each station, all known to be shelling; each detected by chance where it watches."""
    rng = np.random.default_rng(seed)
    cover, records, incidents = [], [], []
    for one in stations:
        for day in filter(one.watches, range(DAYS)):
            cover.append(
                {
                    "coverage_id": f"{one.name}-{day}", "source_id": "sensor", "sensor_id": one.name, "act": "shelling",
                    "window_start": START + timedelta(days=day), "window_stop": START + timedelta(days=day + 1),
                    "available_share": 1.0, "reason": "watched", "detection_p_a": 1e5 * one.detection_p,
                    "detection_p_b": 1e5 * (1 - one.detection_p), "detection_p_basis": f"trial of {one.name}",
                    "longitude_deg": one.longitude_deg, "latitude_deg": 45.5, "radius_m": 8_000.0, **RAW,
                }
            )  # fmt: skip
        for k, at_day in enumerate(rng.uniform(0, DAYS, n_acts)):
            if not one.watches(int(at_day)) or rng.random() > one.detection_p:
                continue
            name, at = f"{one.name}-{k}", START + timedelta(days=float(at_day))
            when = {"occurred_from": at, "occurred_until": at + timedelta(seconds=1)}
            place = {"longitude_deg": one.longitude_deg, "latitude_deg": 45.5, "position_sd_m": 10.0}
            records.append({"observation_id": name, "source_id": "sensor", "sensor_id": one.name, "acts": {"shelling": 1.0}, **when, **place, **RAW})  # fmt: skip
            incidents.append({"incident_id": name, "existence_p": 1.0, "observation_ids": [name], **when, **place})  # fmt: skip
    return estimate_totals(
        INCIDENTS.from_records(incidents), observations=OBSERVATIONS.from_records(records),
        coverage=COVERAGE.from_records(cover), frame=FRAME, areas={"area": AREA}, periods=[PERIOD], acts=("shelling",),
    ).totals[0]  # fmt: skip


def test_a_place_that_is_blind_on_half_of_the_days_counts_for_all_of_them() -> None:
    found = total((Station("always", 10.25, 0.5), Station("halves", 10.75, 0.5, 5)), 800)
    # half of the acts at one of two places: a quarter of all came when nobody watched there
    assert found.blind_share == pytest.approx(0.25, abs=0.04)
    assert found.estimate == pytest.approx(1600, rel=0.1)
    assert found.lo95 is not None
    assert found.hi95 is not None
    assert found.lo95 < 1600 < found.hi95


@pytest.mark.parametrize("days", [2, 5, 8])
def test_fewer_days_of_watching_leave_the_total(days: int) -> None:
    """A place watched on two days of ten is blind on the others, and its acts come nonetheless."""
    found = total((Station("always", 10.25, 0.5), Station("some", 10.75, 0.5, days)), 800)
    assert found.estimate == pytest.approx(1600, rel=0.15)
    assert found.blind_share == pytest.approx((10 - days) / 20, abs=0.08)


def test_what_was_seen_where_next_to_nothing_is_seen_is_not_counted_twice() -> None:
    """Of 3,000 acts one in a hundred is seen: as many as come by the spread, and not so many again by their odds."""
    one = Station("good", 10.25, 0.5), Station("poor", 10.75, 0.01)
    found = [total(one, 3000, seed=seed).estimate for seed in range(4)]
    assert np.mean([each for each in found if each is not None]) == pytest.approx(6000, rel=0.35)


def test_the_estimate_is_right_on_the_mean_however_badly_p_is_known() -> None:
    """p from Beta(8, 32), 4,000 times: acts detected over p̄ are 1,000 on the mean, the mean of draws is above."""
    rng = np.random.default_rng(1)
    draws = rng.beta(8, 32, 200)
    p = np.append(draws, 0.2)[None, :]
    estimates, means = [], []
    for true_p in rng.beta(8, 32, 1000):
        n = float(rng.binomial(1000, true_p))
        sums = Sums.empty(p.shape[1])
        spread = Spread(mass=np.zeros(N_CLASSES), chance=np.zeros((N_CLASSES, p.shape[1])), odds=np.zeros((N_CLASSES, p.shape[1])), told=1.0, ground=0.0)  # fmt: skip
        sums.count[2], sums.odds[2] = n, n * ((1 - p) / p)[0]
        spread.mass[2], spread.chance[2], spread.odds[2] = 1.0, p[0], ((1 - p) / p)[0]
        cell = Cell.of(sums, spread)
        cell.trust, cell.usual = 1e-6, 1.0
        estimates.append(cell.expect())
        means.append(cell.draw(np.arange(200), rng).mean())
    assert np.mean(estimates) == pytest.approx(1000, rel=0.04)
    assert np.mean(means) > 1.06 * np.mean(estimates)
