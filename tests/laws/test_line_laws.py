"""Laws of the line: what must hold of any map."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.line.build import build_history
from truceline.line.compare import compare_maps
from truceline.line.distances import line_distances_m
from truceline.line.history import LineHistory, Snapshot
from truceline.line.lengths import measure_length
from truceline.line.shapes import ground_gained, ground_km2, same_ground, tell_repeats
from truceline.line.side import distance_to_line_m, sides_of, snapshot_at
from truceline.schema import CONTROL

FRAME = LocalFrame("test", 20.0, 48.0)
DAY = datetime(2030, 4, 1, tzinfo=UTC)
WINDOW = Interval(DAY + timedelta(days=3), DAY + timedelta(days=5))
REGION = (17.0, 46.0, 23.0, 50.0)

laws = settings(max_examples=30, deadline=None, derandomize=True)


@st.composite
def polygons(draw: st.DrawFn) -> shapely.Polygon:
    """A star-shaped area of some 50 to 200 km around the middle of the frame."""
    count = draw(st.integers(5, 24))
    radii = draw(st.lists(st.floats(0.4, 1.4), min_size=count, max_size=count))
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return shapely.Polygon(
        [(20 + 1.4 * r * np.cos(a), 48 + r * np.sin(a)) for r, a in zip(radii, angles, strict=True)]
    )


def snapshot(geometry: shapely.Geometry, *, day: int = 0, holder: str = "A") -> Snapshot:
    return Snapshot(
        control_id=f"c{day}", holder_party_id=holder, map_time=DAY + timedelta(days=day),
        describes_until=DAY + timedelta(days=day), status="first", geometry=geometry,
        area_km2=0.0, gained_km2=None, lost_km2=None, raw_file="f", raw_row=1,
    )  # fmt: skip


def build(*shapes: shapely.Geometry, order: list[int] | None = None, **more: object) -> LineHistory:
    told = tell_repeats(shapes, frame=FRAME)
    rows = [
        {
            "control_id": f"c{day}", "source_id": "map", "holder_party_id": "A",
            "map_time": DAY + timedelta(days=day), "describes_until": DAY + timedelta(days=day),
            "status": told[day], "geometry": shapely.to_wkb(shape), "shape_digest": str(day),
            "raw_file": "f", "raw_row": day + 1, "raw_digest": "d", **more,
        }
        for day, shape in enumerate(shapes)
    ]  # fmt: skip
    rows = [rows[i] for i in order] if order else rows
    return build_history(
        CONTROL.from_records(rows), source_id="map", title="Map", window=WINDOW, frame=FRAME,
        tolerances_m=[500, 10_000],
    )  # fmt: skip


def some_points(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(17.5, 22.5, 60), rng.uniform(46.3, 49.7, 60)


@laws
@given(polygons())
def test_exchanging_inside_and_outside_flips_the_sign(area: shapely.Polygon) -> None:
    outer = shapely.box(0, 40, 40, 56)
    longitude, latitude = some_points()
    one = distance_to_line_m(snapshot(area), longitude, latitude, frame=FRAME)
    other = distance_to_line_m(snapshot(outer.difference(area)), longitude, latitude, frame=FRAME)
    np.testing.assert_allclose(one, -other, atol=1e-6)


@laws
@given(polygons())
def test_side_and_sign_of_the_distance_agree(area: shapely.Polygon) -> None:
    longitude, latitude = some_points()
    distance = distance_to_line_m(snapshot(area), longitude, latitude, frame=FRAME)
    sides = sides_of(snapshot(area), longitude, latitude, frame=FRAME)
    assert all((side == "inside") == (d > 1) for side, d in zip(sides, distance, strict=True))
    assert all((side == "outside") == (d < -1) for side, d in zip(sides, distance, strict=True))


@laws
@given(polygons())
def test_the_boundary_itself_is_neither_side(area: shapely.Polygon) -> None:
    corners = shapely.get_coordinates(area)
    assert set(sides_of(snapshot(area), corners[:, 0], corners[:, 1], frame=FRAME)) == {"on_line"}


@laws
@given(polygons(), st.floats(-60, 60))
def test_moving_everything_round_the_globe_keeps_distances(area: shapely.Polygon, shift: float) -> None:
    longitude, latitude = some_points()
    there = LocalFrame("there", FRAME.longitude_deg + shift, FRAME.latitude_deg)
    moved = shapely.transform(area, lambda c: c + np.array([shift, 0.0]))
    one = distance_to_line_m(snapshot(area), longitude, latitude, frame=FRAME)
    other = distance_to_line_m(snapshot(moved), longitude + shift, latitude, frame=there)
    np.testing.assert_allclose(one, other, atol=0.01)


@laws
@given(polygons(), st.integers(0, 23), st.booleans())
def test_start_and_direction_of_a_ring_change_nothing(
    area: shapely.Polygon, turn: int, backwards: bool
) -> None:
    ring = np.roll(shapely.get_coordinates(area)[:-1], turn, axis=0)
    other = shapely.Polygon(ring[::-1] if backwards else ring)
    longitude, latitude = some_points()
    np.testing.assert_allclose(
        distance_to_line_m(snapshot(area), longitude, latitude, frame=FRAME),
        distance_to_line_m(snapshot(other), longitude, latitude, frame=FRAME),
        atol=1e-6,
    )
    for tolerance_m in (0, 2_000, 20_000):
        one = measure_length(area, tolerance_m=tolerance_m, frame=FRAME)
        assert one.length_km == pytest.approx(
            measure_length(other, tolerance_m=tolerance_m, frame=FRAME).length_km, abs=1e-6
        )
    assert same_ground(area, other, frame=FRAME)


@laws
@given(polygons())
def test_length_never_grows_with_tolerance(area: shapely.Polygon) -> None:
    lengths = [
        measure_length(area, tolerance_m=t, frame=FRAME).length_km for t in (0, 500, 5_000, 20_000, 80_000)
    ]
    assert all(after <= before + 1e-9 for before, after in pairwise(lengths))


@laws
@given(polygons(), polygons())
def test_what_one_map_gains_the_way_back_loses(first: shapely.Polygon, second: shapely.Polygon) -> None:
    there, back = build(first, second).snapshots[1], build(second, first).snapshots[1]
    if there.status == "update":
        assert there.gained_km2 == pytest.approx(back.lost_km2, abs=1e-6)
        assert there.lost_km2 == pytest.approx(back.gained_km2, abs=1e-6)
        net = ground_km2(second) - ground_km2(first)
        assert there.gained_km2 - there.lost_km2 == pytest.approx(net, rel=1e-4, abs=0.01)


@laws
@given(polygons(), polygons())
def test_a_repeat_never_moves_ground(first: shapely.Polygon, second: shapely.Polygon) -> None:
    rounded = shapely.transform(first, lambda c: np.round(c, 6))
    history = build(first, rounded, first, second, second)
    assert [s.status for s in history.snapshots[:3]] == ["first", "repeat", "repeat"]
    assert history.snapshots[4].status == "repeat"
    for repeat in (s for s in history.snapshots if s.status == "repeat"):
        assert repeat.gained_km2 == 0
        assert repeat.lost_km2 == 0
    assert history.snapshots[2].geometry is history.snapshots[0].geometry


@laws
@given(polygons(), polygons(), st.permutations(range(4)))
def test_the_order_of_rows_changes_nothing(
    first: shapely.Polygon, second: shapely.Polygon, order: list[int]
) -> None:
    shapes = (first, second, second, first)
    assert build(*shapes) == build(*shapes, order=order)


def test_a_map_that_stopped_is_stale_and_has_no_update_in_the_window() -> None:
    shapes = [shapely.box(19, 47, 21, 48 + grown) for grown in (0.0, 0.1, 0.1, 0.1, 0.1)]
    frozen = build(*shapes)
    assert frozen.updates_in_window == 0
    assert frozen.stale_from == DAY + timedelta(days=1)
    assert frozen.stale_h == 96
    moving = build(*[shapely.box(19, 47, 21, 48 + 0.1 * day) for day in range(6)])
    assert moving.updates_in_window == 2  # days 3 and 4; day 5 is the window's stop
    assert len(moving.lengths) == 2


def test_without_a_map_nothing_is_known() -> None:
    empty = build_history(
        CONTROL.empty(), source_id="map", title="Map", window=WINDOW, frame=FRAME, tolerances_m=[500]
    )
    assert (empty.snapshots, empty.lengths, empty.stale_from, empty.stale_h) == ((), (), None, None)
    assert snapshot_at(empty, DAY) is None
    assert sides_of(None, 20, 48, frame=FRAME) == ["unknown"]
    assert sides_of(snapshot(shapely.MultiPolygon()), 20, 48, frame=FRAME) == ["unknown"]
    assert sides_of(snapshot(shapely.box(19, 47, 21, 49)), float("nan"), 48, frame=FRAME) == ["unknown"]
    assert measure_length(shapely.MultiPolygon(), tolerance_m=500, frame=FRAME).length_km == 0


def test_each_place_is_measured_by_the_map_of_its_own_time() -> None:
    history = build(shapely.box(19, 47, 20, 49), shapely.box(19, 47, 21, 49))
    at = [DAY - timedelta(hours=1), DAY, DAY + timedelta(days=2)]
    at_us = np.array([round(moment.timestamp() * 1e6) for moment in at])
    distance = line_distances_m(history, np.full(3, 20.5), np.full(3, 48.0), at_us=at_us, frame=FRAME)
    assert np.isnan(distance[0])
    assert distance[1] < 0 < distance[2]


def test_parts_of_one_time_are_one_shape() -> None:
    halves = build(shapely.box(19, 47, 20, 49), shapely.box(20, 47, 21, 49), map_time=DAY)
    assert len(halves.snapshots) == 1
    assert halves.snapshots[0].area_km2 == pytest.approx(ground_km2(shapely.box(19, 47, 21, 49)), rel=1e-3)


def test_several_holders_must_be_told_apart() -> None:
    both = [build(shapely.box(19, 47, 20, 49))]
    rows = [
        {**row, "holder_party_id": holder, "control_id": holder}
        for row, holder in zip(_records(both[0]) * 2, ("A", "B"), strict=True)
    ]
    with pytest.raises(ValueError, match="holders A, B; expected one"):
        build_history(
            CONTROL.from_records(rows), source_id="map", title="", window=WINDOW, frame=FRAME, tolerances_m=[]
        )


def _records(history: LineHistory) -> list[dict[str, object]]:
    return [
        {
            "source_id": "map", "map_time": s.map_time, "describes_until": s.describes_until, "status": "first",
            "geometry": shapely.to_wkb(s.geometry), "shape_digest": "d", "raw_file": "f", "raw_row": 1,
            "raw_digest": "d",
        }
        for s in history.snapshots
    ]  # fmt: skip


@laws
@given(polygons(), polygons())
def test_comparing_the_other_way_round_exchanges_the_parts(a: shapely.Polygon, b: shapely.Polygon) -> None:
    one = compare_maps(snapshot(a), snapshot(b), source_ids=("a", "b"), frame=FRAME, region=REGION)
    other = compare_maps(snapshot(b), snapshot(a), source_ids=("b", "a"), frame=FRAME, region=REGION)
    assert one.only_first_km2 == pytest.approx(other.only_second_km2, abs=1e-3)
    assert one.both_km2 == pytest.approx(other.both_km2, abs=1e-3)


def test_a_map_agrees_with_itself_and_not_with_a_far_one() -> None:
    area = snapshot(shapely.box(19, 47, 21, 49))
    same = compare_maps(area, area, source_ids=("a", "b"), frame=FRAME, region=REGION)
    assert (same.only_first_km2, same.only_second_km2) == (0, 0)
    assert same.p95_offset_m < 0.01
    assert "100%" in same.note
    far = replace(area, geometry=shapely.box(22, 47, 22.5, 47.2))
    apart = compare_maps(area, far, source_ids=("a", "b"), frame=FRAME, region=REGION)
    assert np.isnan(apart.median_offset_m)
    assert "not comparable" in apart.note


def test_ground_that_only_one_map_draws_is_no_disagreement() -> None:
    """The second map leaves out what was held since before it began, west of 20° E."""
    boxes = (shapely.box(18, 47, 21, 49), shapely.box(20, 47, 21.1, 49))
    whole, part = (snapshot(shapely.segmentize(box, 0.05)) for box in boxes)
    found = compare_maps(whole, part, source_ids=("a", "b"), frame=FRAME, region=REGION)
    assert found.only_first_km2 < 0.02 * ground_km2(ground_gained(part.geometry, whole.geometry))
    assert found.only_second_km2 == pytest.approx(
        ground_km2(ground_gained(whole.geometry, part.geometry)), rel=0.02
    )
