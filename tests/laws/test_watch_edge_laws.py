"""Laws of the watch's edges: records from where nobody is said to watch, circles of no size or round the globe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from truceline.base.errors import InputError
from truceline.workflow.fuse import FuseOutcome, fuse
from truceline.workflow.watched import split_weeks

DEG_M = 111_195.0
START = datetime(2031, 5, 1, tzinfo=UTC)
RADIUS_M = 20_000.0


def _moment(day: float) -> str:
    return (START + timedelta(days=day)).isoformat()


def told(
    folder: Path,
    *,
    astray: int = 0,
    radius_m: float = RADIUS_M,
    latitude_deg: float = 45.0,
    more: str = "",
) -> FuseOutcome:
    """Six events seen by two masts that stand side by side, and records from beyond their circles, by one."""
    folder.mkdir(exist_ok=True)
    records = [
        "observation_id,source_id,sensor_id,occurred_from,longitude_deg,latitude_deg,position_sd_m,act"
    ]
    for k in range(6):
        for mast in (0, 1):
            records.append(f"o{k}{mast},ears,m{mast},{_moment(k + 0.3)},15,{latitude_deg + k * 1e-3:.6f},200,shelling")  # fmt: skip
    for k in range(astray):
        # in a corner of the square around the circle
        x, y = 15 + 16_000 / DEG_M / 0.7071, latitude_deg - 16_000 / DEG_M - k * 1e-3
        records.append(f"s{k},ears,m0,{_moment(k + 0.6)},{x:.6f},{y:.6f},200,shelling")
    watch = ["source_id,sensor_id,longitude_deg,latitude_deg,radius_m,window_start,window_stop,act,detection_p_a,detection_p_b,clutter_per_day"]  # fmt: skip
    for mast in (0, 1):
        watch.append(
            f"ears,m{mast},15,{latitude_deg},{radius_m},{_moment(0)},{_moment(7)},shelling,70,30,0.5"
        )
    (folder / "observations.csv").write_text("\n".join(records) + "\n" + more)
    (folder / "coverage.csv").write_text("\n".join(watch) + "\n")
    return fuse(
        observations=folder / "observations.csv",
        coverage=folder / "coverage.csv",
        control=None,
        out=folder / "out",
    )


def total(outcome: FuseOutcome) -> dict[str, Any]:
    (row,) = pq.read_table(outcome.out / "totals.parquet").to_pylist()
    return dict(row)


@pytest.mark.parametrize("astray", [1, 3])
def test_a_record_from_where_nobody_watches_stands_for_no_more_than_itself(
    astray: int, tmp_path: Path
) -> None:
    alone = total(told(tmp_path / "alone"))
    more = total(told(tmp_path / "more", astray=astray))
    assert alone["estimate"] <= more["estimate"] <= alone["estimate"] + 1.2 * astray


@pytest.mark.parametrize("radius_m", [7e6, 3e7])
def test_a_circle_round_the_globe_holds_what_was_seen(radius_m: float, tmp_path: Path) -> None:
    found = total(told(tmp_path, radius_m=radius_m))
    assert 6 <= found["estimate"] <= 9


@pytest.mark.parametrize("latitude_deg", [-89.9, 89.9])
def test_at_the_poles_what_was_seen_is_counted(latitude_deg: float, tmp_path: Path) -> None:
    assert 5 <= total(told(tmp_path, latitude_deg=latitude_deg))["estimate"] <= 9


def test_circles_of_no_size_watch_nothing_and_that_is_told(tmp_path: Path) -> None:
    outcome = told(tmp_path, radius_m=0)
    assert outcome.n_totals == 0
    assert any("no totals" in note and "radius" in note for note in outcome.notes)


def test_the_calendars_last_day_is_no_moment(tmp_path: Path) -> None:
    outcome = told(tmp_path, more="late,ears,m0,9999-12-31T23:59:59Z,15,45,200,shelling\n")
    assert outcome.rows_quarantined["observations"] == 1
    assert [problem.column for problem in outcome.problems] == ["occurred_from"]
    (tmp_path / "only").mkdir()
    only = tmp_path / "only" / "observations.csv"
    only.write_text("occurred_from\n9999-12-31T23:59:59Z\n")
    with pytest.raises(InputError):
        fuse(observations=only, coverage=None, control=None, out=tmp_path / "only" / "out")


@pytest.mark.parametrize(("weeks", "most"), [(0.5, 300), (1, 300), (7.5, 300), (7.5, 3), (400_000, 300)])
def test_weeks_tile_the_watch_and_are_not_too_many(weeks: float, most: int) -> None:
    stop = START + timedelta(weeks=weeks)
    found = split_weeks(START, stop, most=most)
    assert len(found) <= most
    assert found[0].start == START
    assert found[-1].stop == stop
    assert all(one.stop == two.start for one, two in pairwise(found))
    assert weeks > most or all(one.stop - one.start == timedelta(weeks=1) for one in found[:-1])


@pytest.mark.parametrize(
    ("sensor", "act", "words"),
    [("m0", "shelling", ""), ("mast0", "shelling", "sensor_id"), ("", "shelling", "sensor_id"), ("m0", "drone", "drone")],
)  # fmt: skip
def test_records_that_coverage_calls_differently_are_told(
    sensor: str, act: str, words: str, tmp_path: Path
) -> None:
    outcome = told(tmp_path, more=f"x,ears,{sensor},{_moment(2.7)},15,45,200,{act}\n")
    notes = [note for note in outcome.notes if "records of ears" in note]
    assert len(notes) == bool(words)
    assert all(words in note and note.startswith("1 records") for note in notes)


def square(
    folder: Path, *, half_width_deg: float, radius_m: float = RADIUS_M, seen: bool = False
) -> dict[str, Any]:
    """The total of a square area in the middle of which two masts watch, and saw six events or nothing."""
    told(folder, radius_m=radius_m)
    if not seen:
        (folder / "observations.csv").write_text("occurred_from\n")
    west, east = 15 - half_width_deg, 15 + half_width_deg
    south, north = 45 - half_width_deg, 45 + half_width_deg
    ring = f"POLYGON (({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"
    (folder / "areas.csv").write_text(f'area_id,geometry\nsquare,"{ring}"\n')
    return total(
        fuse(
            observations=folder / "observations.csv",
            coverage=folder / "coverage.csv",
            control=None,
            areas=folder / "areas.csv",
            out=folder / "out",
        )
    )


def test_quiet_where_all_is_watched_is_square(tmp_path: Path) -> None:
    found = square(tmp_path, half_width_deg=0.1)
    assert found["blind_share"] == 0
    assert found["estimate"] < 0.5


def test_quiet_in_the_middle_says_nothing_of_a_land_that_nobody_watches(tmp_path: Path) -> None:
    assert square(tmp_path / "part", half_width_deg=0.3)["blind_share"] > 0.3
    assert square(tmp_path / "all", half_width_deg=3.0)["estimate"] is None


def test_quiet_round_the_globe_is_reckoned(tmp_path: Path) -> None:
    assert square(tmp_path, half_width_deg=3.0, radius_m=3e7)["blind_share"] == 0


@pytest.mark.parametrize(("half_width_deg", "unwatched"), [(0.1, False), (3.0, True)])
def test_a_total_says_where_most_of_the_ground_was_not_watched(
    half_width_deg: float, unwatched: bool, tmp_path: Path
) -> None:
    found = square(tmp_path, half_width_deg=half_width_deg, seen=True)
    assert found["estimate"] >= 5
    assert ("ground_unwatched" in found["reason_codes"]) == unwatched
