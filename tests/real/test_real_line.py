"""The line on real maps: movement, updates, staleness and disagreement, by the files themselves."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
import shapely
from shapely.geometry import shape

from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.line.build import build_history
from truceline.line.compare import compare_maps
from truceline.line.history import LineHistory
from truceline.line.report import describe_line
from truceline.line.shapes import ground_gained, ground_km2, tell_repeats
from truceline.line.side import sides_of, snapshot_at
from truceline.schema import CONTROL

FRAME = LocalFrame("real", 31.5, 48.5)
WINDOW = Interval(datetime(2025, 4, 19, 15, tzinfo=UTC), datetime(2025, 4, 20, 21, tzinfo=UTC))


def history(
    files: list[Path], *, dated: Callable[[Path], datetime], ground: Callable[[Path], shapely.Geometry]
) -> LineHistory:
    shapes = [ground(file) for file in files]
    told = tell_repeats(shapes, frame=FRAME)
    rows = [
        {
            "control_id": file.name, "source_id": "map", "holder_party_id": "A", "map_time": dated(file),
            "describes_until": dated(file), "status": status, "geometry": shapely.to_wkb(shape),
            "shape_digest": file.name, "raw_file": file.name, "raw_row": 1, "raw_digest": "d",
        }
        for file, shape, status in zip(files, shapes, told, strict=True)
    ]  # fmt: skip
    return build_history(
        CONTROL.from_records(rows), source_id="map", title="", window=WINDOW, frame=FRAME,
        tolerances_m=[500, 10_000],
    )  # fmt: skip


@pytest.fixture(scope="module")
def first_map(shared_data: Path) -> LineHistory:
    files = sorted((shared_data / "deepstate").glob("deepstatemap_data_202504*.geojson"))
    if not files:
        pytest.skip("no files of the first map")

    def dated(file: Path) -> datetime:
        return datetime.strptime(file.stem[-8:], "%Y%m%d").replace(tzinfo=UTC) + timedelta(hours=3)

    return history(
        files, dated=dated, ground=lambda f: shape(json.loads(f.read_text())["features"][0]["geometry"])
    )


@pytest.fixture(scope="module")
def second_map(shared_data: Path) -> LineHistory:
    files = sorted((shared_data / "nzz_liveuamap_lines").glob("2025-04-*.json.gz"))
    if not files:
        pytest.skip("no files of the second map")

    def ground(file: Path) -> shapely.Geometry:
        features = json.loads(gzip.decompress(file.read_bytes()))["value"]["features"]
        held = [f for f in features if f["properties"]["type"] != "losses" and f["geometry"]]
        return shapely.union_all([shape(feature["geometry"]) for feature in held])

    return history(
        files, dated=lambda f: datetime.fromisoformat(f.name[:10]).replace(tzinfo=UTC), ground=ground
    )


def test_ground_gained_by_file_date(first_map: LineHistory) -> None:
    gained = {s.map_time.day: s.gained_km2 for s in first_map.snapshots}
    assert [gained[day] for day in (18, 19, 20, 21)] == pytest.approx([8.0, 5.3, 12.9, 9.4], abs=0.05)
    assert first_map.updates_in_window == 1
    assert first_map.stale_h == 18


def test_a_rewritten_file_is_a_repeat(first_map: LineHistory) -> None:
    repeats = [s.map_time.day for s in first_map.snapshots if s.status == "repeat"]
    assert repeats == [3, 9, 27, 29]  # the 29th is the 28th with fewer decimals


def test_the_second_map_was_not_updated_in_the_window(second_map: LineHistory) -> None:
    """Files of the 17th and 18th differ in bytes alone; the next change is that of the 23rd."""
    assert second_map.updates_in_window == 0
    assert second_map.stale_from == datetime(2025, 4, 17, tzinfo=UTC)
    assert second_map.stale_h == 93
    changed = [s.map_time.day for s in second_map.snapshots if s.status == "update"]
    assert changed == [10, 15, 17, 23, 25, 29] or changed == [4, 10, 15, 17, 23, 25, 29]


def test_movement_over_the_month_adds_up(first_map: LineHistory) -> None:
    first, *steps = [s for s in first_map.snapshots if s.map_time <= WINDOW.start]
    last = steps[-1]
    whole_km2 = ground_km2(ground_gained(first.geometry, last.geometry)) - ground_km2(
        ground_gained(last.geometry, first.geometry)
    )
    net_km2 = sum((s.gained_km2 or 0) - (s.lost_km2 or 0) for s in steps)
    assert whole_km2 == pytest.approx(net_km2, abs=0.5)


def test_length_of_the_boundary_with_its_tolerance(first_map: LineHistory) -> None:
    """The whole boundary, coasts and frontiers included: far from the length of the contact line."""
    fine, coarse = first_map.lengths
    assert (fine.tolerance_m, coarse.tolerance_m) == (500, 10_000)
    assert fine.length_km == pytest.approx(4_118, abs=5)
    assert coarse.length_km == pytest.approx(3_278, abs=20)


def test_sides_of_known_places(first_map: LineHistory) -> None:
    held = snapshot_at(first_map, WINDOW.start)
    places = {(37.80, 48.00): "inside", (36.25, 49.98): "outside", (34.10, 44.95): "inside"}
    assert dict(zip(places, sides_of(held, *zip(*places, strict=True), frame=FRAME), strict=True)) == places


def test_the_two_maps_disagree_by_hundreds_of_metres(first_map: LineHistory, second_map: LineHistory) -> None:
    first, second = snapshot_at(first_map, WINDOW.start), snapshot_at(second_map, WINDOW.start)
    assert first is not None
    assert second is not None
    found = compare_maps(first, second, source_ids=("a", "b"), frame=FRAME, region=(21, 43.5, 42, 53.5))
    assert 150 < found.median_offset_m < 350
    assert 3_000 < found.p95_offset_m < 6_000
    assert found.only_first_km2 < 3_000  # of 45,000 km² that only the first draws at all
    assert found.note


def test_the_line_of_contact_of_two_maps_in_one_record(
    first_map: LineHistory, second_map: LineHistory, project_root: Path
) -> None:
    """How a workflow calls it: histories, the case's coast, and borders where the case has them."""
    case = project_root / "cases" / "easter-2025"
    land = shape(json.loads((case / "coast.geojson").read_text()))
    second = replace(second_map, source_id="second")
    report = describe_line(
        [first_map, second], at=WINDOW.start, frame=FRAME, tolerances_m=[500, 10_000], land=land
    )
    own, other = report.maps
    fine, coarse = own.lengths
    assert fine.whole_km == pytest.approx(4_118, abs=10)
    assert fine.coast_km == pytest.approx(2_100, abs=40)
    assert coarse.whole_km < fine.whole_km
    assert 200 < fine.contact_km < 1_200  # what moved in the month; without borders the rest is unknown
    assert fine.unknown_km > 800
    assert any("unknown and not as contact" in note for note in report.notes)
    assert other.snapshot.map_time.day == 18  # a repeat: the map stood still
    assert report.sectors is not None
    assert report.posts is not None
    assert len(report.posts.km) == int(report.sectors.axis.length_km) + 1
    updates = report.ledger.filter(pc.equal(report.ledger["status"], "update"))
    for history in (first_map, second):
        rows = updates.filter(pc.equal(updates["source_id"], history.source_id))
        gained = [s.gained_km2 or 0 for s in history.snapshots if s.status == "update"]
        assert pc.sum(rows["gained_km2"]).as_py() == pytest.approx(sum(gained), abs=0.1)
    days = dict(zip(updates["control_id"].to_pylist(), updates["days"].to_pylist(), strict=True))
    assert days["deepstatemap_data_20250418.geojson"] == 1
    assert days["deepstatemap_data_20250404.geojson"] == 2  # the day before repeats
    (comparison,) = report.comparisons
    assert 500 < comparison.first_to_second.median_m < 2_000
    assert 2_000 < comparison.hausdorff95_m < 8_000
    assert own.spread.basis == "disagreement of two maps"


def test_with_the_frontier_the_line_of_contact_is_about_a_thousand_kilometres(
    first_map: LineHistory, project_root: Path
) -> None:
    case = project_root / "cases" / "easter-2025"
    frontier = case / "borders.geojson"
    if not frontier.exists():
        pytest.skip("the case has no borders.geojson")
    land = shape(json.loads((case / "coast.geojson").read_text()))
    tree = json.loads(frontier.read_text())
    parts = tree.get("features", [tree])
    borders = shapely.union_all([shape(part.get("geometry", part)) for part in parts])
    report = describe_line(
        [first_map], at=WINDOW.start, frame=FRAME, tolerances_m=[500, 10_000], land=land, borders=borders
    )
    fine, coarse = report.maps[0].lengths
    assert fine.contact_km == pytest.approx(1_060, abs=60)
    assert coarse.contact_km == pytest.approx(800, abs=60)
    assert fine.whole_km == pytest.approx(4_118, abs=10)
