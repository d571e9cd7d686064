"""How narrow a way is, and how far a pocket is enclosed: laws, and an oracle that knows no medial axis."""

from __future__ import annotations

import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import LineString, Point, box
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import LocalFrame
from truceline.line.enclosure import Ground, Measured, measure_enclosure
from truceline.line.neck import find_neck
from truceline.line.pocket import THIN_M, ground_of, set_stage

FRAME = LocalFrame("test", 10.0, 5.0)
REGION = box(-40_000, -40_000, 40_000, 40_000)
HOME = (0.0, -30_000.0)
MAIN = box(-40_000, -40_000, 40_000, 0)
SPACING = 100.0


def widest_by_erosion(barred: BaseGeometry, start: Point, goal: Point) -> float:
    """Halving: a disc passes where what is left of free ground, worn off by its radius, holds both places."""
    free = REGION.buffer(200_000).difference(barred)
    low, high = 0.0, 80_000.0
    while high - low > 2:
        width = (low + high) / 2
        parts = shapely.get_parts(free.buffer(-width / 2, quad_segs=32))
        low, high = (width, high) if any(p.covers(start) and p.covers(goal) for p in parts) else (low, width)
    return low


@st.composite
def mazes(draw: st.DrawFn) -> BaseGeometry:
    """Walls with a gate each, between start and goal, and blocks beside them."""
    walls = []
    for k in range(draw(st.integers(1, 2))):
        x = -6_000 + 9_000 * k + draw(st.integers(0, 2_000))
        gate = draw(st.integers(-8_000, 8_000))
        half = draw(st.integers(200, 3_000))
        walls += [box(x, -40_000, x + 700, gate - half), box(x, gate + half, x + 700, 40_000)]
    for _ in range(draw(st.integers(0, 2))):
        middle = Point(draw(st.integers(-15_000, 15_000)), draw(st.integers(-15_000, 15_000)))
        walls.append(middle.buffer(draw(st.integers(300, 2_500)), quad_segs=4))
    return shapely.union_all(walls)


@settings(max_examples=12, deadline=None)
@given(mazes())
def test_the_neck_is_what_wearing_off_finds(barred: BaseGeometry) -> None:
    start, goal = Point(-20_000, 0), Point(20_000, 0)
    own_room = 2 * min(start.distance(barred), goal.distance(barred))
    expected = min(widest_by_erosion(barred, start, goal), own_room)
    found = find_neck(barred, (-20_000, 0), (20_000, 0)).width_m
    if expected > 3 * SPACING:
        # metres: marks every 100 m, halving to 2 m, arcs drawn as chords
        assert found == pytest.approx(expected, abs=SPACING**2 / (4 * expected) + 12 + expected / 1000)


@settings(max_examples=12, deadline=None)
@given(mazes(), st.floats(0, 360), st.floats(-5e4, 5e4), st.booleans())
def test_turning_moving_mirroring_and_going_back_change_no_width(
    barred: BaseGeometry, turn_deg: float, shift_m: float, mirrored: bool
) -> None:
    def moved(shape: BaseGeometry) -> BaseGeometry:
        shape = affinity.scale(shape, -1, 1, origin=(0, 0)) if mirrored else shape
        return affinity.translate(affinity.rotate(shape, turn_deg, origin=(0, 0)), shift_m, -shift_m)

    start, goal = Point(-20_000, 0), Point(20_000, 0)
    here = find_neck(barred, (start.x, start.y), (goal.x, goal.y)).width_m
    there, back = moved(start), moved(goal)
    other = find_neck(moved(barred), (back.x, back.y), (there.x, there.y)).width_m
    assert other == pytest.approx(here, abs=25 if here > 3 * SPACING else 2 * SPACING)


def test_a_gate_is_as_wide_as_it_is_and_its_flanks_stand_there() -> None:
    barred = shapely.union_all([box(-1_000, 600, 1_000, 9_000), box(-1_000, -9_000, 1_000, -600)])
    barred = barred.union(box(-20_000, 9_000, 20_000, 20_000)).union(box(-20_000, -20_000, 20_000, -9_000))
    barred = barred.union(box(-20_000, -20_000, -15_000, 20_000))
    neck = find_neck(barred, (-8_000, 0), (8_000, 0))
    assert neck.width_m == pytest.approx(1_200)
    assert neck.chord is not None
    assert neck.chord.length == pytest.approx(1_200, abs=10)
    assert neck.chord.distance(Point(0, 0)) < 1_000


def test_a_closed_ring_leaves_no_way_and_no_ground_is_no_bar() -> None:
    ring = Point(0, 0).buffer(9_000).difference(Point(0, 0).buffer(5_000))
    assert find_neck(ring, (0, 0), (20_000, 0)).width_m == 0
    assert find_neck(shapely.MultiPolygon(), (0, 0), (20_000, 0)).width_m == math.inf


# ---------------------------------------------------------------- pockets


def pocket_on_a_stalk(stalk_m: float) -> Ground:
    """A round pocket of 6 km radius whose stalk leads down to the main ground."""
    pocket = Point(0, 14_000).buffer(6_000, quad_segs=64)
    if stalk_m:
        pocket = pocket.union(box(-stalk_m / 2, 0, stalk_m / 2, 14_000))
    return Ground(pocket=pocket, main=MAIN, other=REGION.difference(MAIN).difference(pocket))


def measured(ground: Ground, error_m: float = 0.0) -> Measured:
    return measure_enclosure(ground, HOME, frame=FRAME, error_m=error_m, tolerance_m=0.0)


def test_a_pocket_on_a_stalk_is_measured_as_geometry_has_it() -> None:
    one = measured(pocket_on_a_stalk(1_500)).drawn
    assert one.neck_m == pytest.approx(1_500, abs=5)
    assert one.breadth_m == pytest.approx(12_000, rel=0.01)
    round_m2 = math.pi * 6_000**2
    assert one.area_km2 == pytest.approx((round_m2 + 1_500 * 8_047) / 1e6, rel=0.01)
    assert one.cut_off_km2 == 0
    # all its edge but the foot of the stalk
    assert one.enclosed_share == pytest.approx(1 - 1_500 / (2 * math.pi * 6_000 + 2 * 8_047), abs=0.01)


def test_a_pocket_without_a_way_is_cut_off_whole() -> None:
    one = measured(pocket_on_a_stalk(0)).drawn
    assert (one.neck_m, one.has_way_out, one.enclosed_share) == (0.0, False, 1.0)
    assert one.cut_off_km2 == pytest.approx(one.area_km2)


def test_a_bulge_is_no_narrower_than_itself() -> None:
    pocket = box(-8_000, 0, 8_000, 6_000)
    one = measured(Ground(pocket=pocket, main=MAIN, other=REGION.difference(MAIN).difference(pocket))).drawn
    assert one.neck_m >= one.breadth_m * 0.99
    assert one.enclosed_share == pytest.approx(28 / 44, abs=0.01)


@settings(max_examples=5, deadline=None)
@given(st.floats(900, 4_000), st.floats(50, 1_500))
def test_moving_the_line_takes_or_gives_twice_the_error(stalk_m: float, error_m: float) -> None:
    found = measured(pocket_on_a_stalk(stalk_m), error_m)
    assert found.tight.neck_m == pytest.approx(max(0.0, stalk_m - 2 * error_m), abs=SPACING + 10)
    assert found.wide.neck_m >= found.drawn.neck_m
    assert found.tight.area_km2 <= found.drawn.area_km2 <= found.wide.area_km2


def test_a_home_in_the_other_sides_ground_is_refused() -> None:
    with pytest.raises(ValueError, match="home does not lie"):
        measure_enclosure(pocket_on_a_stalk(0), (30_000.0, 30_000.0), frame=FRAME, error_m=0, tolerance_m=0)


# ---------------------------------------------------------------- from maps to ground


FRONTIER = LineString([(-60_000, 0), (60_000, 0)])


def staged(*shapes: BaseGeometry, snap_m: float = 3_000) -> tuple[Ground, Ground]:
    """The ground of the first and of the last shape of a map that shows what was taken back."""
    stage = set_stage(REGION, FRONTIER, HOME, shapes=list(shapes), snap_m=snap_m)
    return ground_of(stage, shapes[0], taken_back=True), ground_of(stage, shapes[-1], taken_back=True)


def test_what_is_taken_back_later_is_the_pocket_now() -> None:
    whole = box(-10_000, 0, 10_000, 15_000)
    first, last = staged(box(-10_000, 8_000, 10_000, 15_000), whole)
    assert first.pocket.symmetric_difference(box(-10_000, 0, 10_000, 8_000)).area < 3e5  # corners are rounded
    assert last.pocket.is_empty
    # the two corners at the frontier's ends, half of what it may be misdrawn by, face the main ground
    share = measured(first).drawn.enclosed_share
    assert share is not None
    assert (36 - 2 * 1.5) / 56 - 0.01 < share < 36 / 56


@pytest.mark.parametrize("off_m", [-2_000, -500, 500, 2_000])
def test_a_frontier_drawn_elsewhere_by_the_map_bars_no_way(off_m: float) -> None:
    first, _ = staged(box(-10_000, 8_000, 10_000, 15_000), box(-10_000, off_m, 10_000, 15_000))
    one = measured(first).drawn
    assert one.cut_off_km2 < 0.01
    assert one.neck_m >= one.breadth_m * 0.98


def test_slivers_of_a_redrawn_map_are_neither_pocket_nor_wall() -> None:
    sliver = box(-10_000, 11_000, 10_000, 11_000 + THIN_M * 0.8)
    taken = (
        box(-10_000, 8_000, 10_000, 15_000).difference(sliver).union(box(-10_000, 0, 10_000, THIN_M * 0.5))
    )
    first, _ = staged(taken, box(-10_000, 0, 10_000, 15_000))
    one = measured(first).drawn
    assert one.cut_off_km2 < 0.01
    assert one.area_km2 == pytest.approx(20 * 7.75, rel=0.03)
    assert one.neck_m >= one.breadth_m * 0.98
    assert one.enclosed_share == pytest.approx(36 / 56, abs=0.06)


def test_a_frontier_that_cuts_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="does not cut the region"):
        set_stage(REGION, LineString([(0, 90_000), (9, 90_000)]), HOME, shapes=[REGION], snap_m=1_000)
