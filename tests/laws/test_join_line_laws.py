"""Laws of the join: sides of many places are those of exact arithmetic, place by place."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.line.cell_grid import FINE
from truceline.line.cells import LineCells
from truceline.line.join import INSIDE, ON_LINE, OUTSIDE, UNKNOWN, build_cells, join_sides
from truceline.line.orientation import orientation_signs
from truceline.line.shapes import polygonal

laws = settings(max_examples=30, deadline=None, derandomize=True)


@st.composite
def lattice_ground(draw: st.DrawFn) -> shapely.Geometry:
    """Ground on a coarse lattice: level edges, touching corners, holes and several parts come often."""
    ground = shapely.MultiPolygon()
    for _ in range(draw(st.integers(1, 5))):
        corners = draw(
            st.lists(st.tuples(st.integers(0, 8), st.integers(0, 6)), min_size=3, max_size=4, unique=True)
        )
        hull = shapely.convex_hull(shapely.multipoints(corners))
        if hull.geom_type == "Polygon":
            ground = (
                shapely.union(ground, hull)
                if draw(st.booleans())
                else shapely.symmetric_difference(ground, hull)
            )
    scale, east, north = draw(st.sampled_from([(1.0, 0.0, 0.0), (0.1, 31.7, 48.3), (1e-4, -70.123, -33.3)]))
    ground = shapely.transform(ground, lambda c: c * scale + np.array([east, north]))
    return polygonal(ground)


def exact_side(ground: shapely.Geometry, x: float, y: float) -> int:
    """Even or odd crossings, and on the boundary or not, in rational numbers."""
    px, py, odd = Fraction(x), Fraction(y), False
    for ring in shapely.get_rings(shapely.get_parts(ground)):
        points = [(Fraction(a), Fraction(b)) for a, b in shapely.get_coordinates(ring).tolist()]
        for (ax, ay), (bx, by) in pairwise(points):
            area = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
            if area == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
                return ON_LINE
            if (ay <= py) != (by <= py) and (area < 0) == (by > ay):
                odd = not odd
    return INSIDE if odd else OUTSIDE


def telling_places(ground: shapely.Geometry, cells: LineCells, seed: int) -> np.ndarray:
    """Vertices, middles of edges, places a rounding away from them, cell corners, and any places."""
    rng = np.random.default_rng(seed)
    vertices = shapely.get_coordinates(ground)
    middles = (vertices[1:] + vertices[:-1]) / 2
    beside = np.nextafter(np.vstack([vertices, middles]), rng.choice([-1e9, 1e9], (len(vertices) * 2 - 1, 2)))
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    spread = (high - low) + 1e-6
    anywhere = low - 0.2 * spread + 1.4 * spread * rng.uniform(size=(40, 2))
    grid = cells.grid
    coarse = np.column_stack([rng.integers(0, grid.columns, 20), rng.integers(0, grid.rows, 20)])
    fine = rng.integers(0, FINE, (20, 2)) / FINE
    corners = (coarse + fine - 0.5 + np.array([grid.column, grid.row])) / np.array(
        [grid.columns_per_degree, grid.rows_per_degree]
    )
    level = np.column_stack([anywhere[:, 0], rng.choice(vertices[:, 1], len(anywhere))])
    return np.vstack([vertices, middles, beside, anywhere, corners, level])


@laws
@given(lattice_ground(), st.integers(0, 99))
def test_every_side_is_that_of_rational_arithmetic(ground: shapely.Geometry, seed: int) -> None:
    cells = build_cells([ground])
    if ground.is_empty:
        assert join_sides(cells, [1.0], [1.0], 0).tolist() == [UNKNOWN]
        return
    places = telling_places(ground, cells, seed)
    got = join_sides(cells, places[:, 0], places[:, 1], 0)
    assert got.tolist() == [exact_side(ground, x, y) for x, y in places.tolist()]


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.lists(lattice_ground(), min_size=2, max_size=5), st.integers(0, 99))
def test_each_place_is_joined_to_the_shape_of_its_own_date(shapes: list[shapely.Geometry], seed: int) -> None:
    dates = [*shapes, None, shapes[0], *shapes[::-1]]
    together = build_cells(dates)
    rng = np.random.default_rng(seed)
    solid = [ground for ground in shapes if not ground.is_empty]
    if not solid:
        return
    places = np.vstack([telling_places(ground, together, seed) for ground in solid])
    date = rng.integers(0, len(dates), len(places))
    got = join_sides(together, places[:, 0], places[:, 1], date)
    for k, ground in enumerate(dates):
        rows = np.flatnonzero(date == k)
        if ground is None or ground.is_empty:
            assert set(got[rows].tolist()) <= {UNKNOWN}
        else:
            want = [exact_side(ground, x, y) for x, y in places[rows].tolist()]
            assert got[rows].tolist() == want


def wavy(seed: int, points: int = 300) -> shapely.Polygon:
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    radius = 1.5 + 0.3 * np.cos(5 * angle) + rng.normal(0, 0.02, points)
    return shapely.Polygon(np.column_stack([30 + 2 * radius * np.cos(angle), 48 + radius * np.sin(angle)]))


def test_more_dates_than_bits_of_a_word_and_shapely_agree() -> None:
    """70 dates, each a little otherwise than the one before; some equal, some missing."""
    base = wavy(1)
    shapes: list[shapely.Geometry | None] = []
    for day in range(70):
        if day % 10 == 7:
            shapes.append(shapes[-1])
        elif day % 25 == 3:
            shapes.append(None)
        else:
            bite = shapely.box(30 + 0.01 * day, 48, 34, 48.2)
            shapes.append(shapely.difference(base, bite))
    cells = build_cells(shapes)
    rng = np.random.default_rng(2)
    x, y, date = rng.uniform(26, 34, 20_000), rng.uniform(46, 50, 20_000), rng.integers(0, 70, 20_000)
    got = join_sides(cells, x, y, date.astype(np.uint8))
    for day, ground in enumerate(shapes):
        rows = date == day
        if ground is None:
            assert (got[rows] == UNKNOWN).all()
        else:
            assert np.array_equal(got[rows] == INSIDE, shapely.contains_xy(ground, x[rows], y[rows]))


def test_threads_and_chunks_change_nothing() -> None:
    cells = build_cells([wavy(3), wavy(4)])
    rng = np.random.default_rng(5)
    x, y, date = rng.uniform(26, 34, 300_000), rng.uniform(46, 50, 300_000), rng.integers(0, 2, 300_000)
    one = join_sides(cells, x, y, date, threads=1)
    assert np.array_equal(one, join_sides(cells, x, y, date, threads=3))
    assert np.array_equal(one[:1000], join_sides(cells, x[:1000], y[:1000], date[:1000]))


@laws
@given(lattice_ground(), st.integers(0, 20))
def test_start_and_direction_of_rings_change_no_side(ground: shapely.Geometry, turn: int) -> None:
    if ground.is_empty:
        return
    parts = []
    for part in shapely.get_parts(ground):
        rings = [shapely.get_coordinates(ring)[:-1] for ring in shapely.get_rings(part)]
        parts.append(
            shapely.Polygon(
                np.roll(rings[0][::-1], turn, axis=0), [np.roll(r, turn, axis=0) for r in rings[1:]]
            )
        )
    cells = build_cells([ground])
    places = telling_places(ground, cells, turn)
    other = build_cells([shapely.multipolygons(parts)])
    assert np.array_equal(
        join_sides(cells, places[:, 0], places[:, 1], 0), join_sides(other, places[:, 0], places[:, 1], 0)
    )


def test_what_is_no_place_or_has_no_map_is_unknown() -> None:
    cells = build_cells([shapely.box(19, 47, 21, 49), None, shapely.MultiPolygon()])
    nan, inf = float("nan"), float("inf")
    x = [20.0, nan, 20.0, inf, -inf, 20.0, 1e300, 20.0, 20.0]
    y = [48.0, 48.0, nan, 48.0, 48.0, -inf, 48.0, 48.0, 48.0]
    date = [0, 0, 0, 0, 0, 0, 0, 1, 2]
    got = join_sides(cells, x, y, date)
    assert got.tolist() == [INSIDE, *[UNKNOWN] * 5, OUTSIDE, UNKNOWN, UNKNOWN]
    assert join_sides(cells, [20.0, 20.0], [48.0, 48.0], [-1, 9]).tolist() == [UNKNOWN, UNKNOWN]
    assert join_sides(cells, [20.0], [48.0], 7).tolist() == [UNKNOWN]
    assert join_sides(cells, [], [], np.array([], dtype=np.int16)).tolist() == []
    assert join_sides(build_cells([]), [20.0], [48.0], [0]).tolist() == [UNKNOWN]
    assert join_sides(build_cells([None]), [nan], [48.0], 0).tolist() == [UNKNOWN]


def test_dates_must_be_whole_numbers_and_as_many_as_places() -> None:
    cells = build_cells([shapely.box(19, 47, 21, 49)])
    with pytest.raises(ValueError, match="whole numbers"):
        join_sides(cells, [20.0], [48.0], [0.0])
    with pytest.raises(ValueError, match="one length"):
        join_sides(cells, [20.0, 21.0], [48.0], 0)


@laws
@given(st.lists(st.floats(-180, 180, allow_subnormal=True), min_size=6, max_size=6), st.booleans())
def test_orientation_is_exact(numbers: list[float], collinear: bool) -> None:
    ax, ay, bx, by, px, py = numbers
    if collinear:
        px, py = (ax + bx) / 2, (ay + by) / 2
    area = (Fraction(bx) - Fraction(ax)) * (Fraction(py) - Fraction(ay)) - (Fraction(by) - Fraction(ay)) * (
        Fraction(px) - Fraction(ax)
    )
    got = orientation_signs(*(np.array([v]) for v in (ax, ay, bx, by, px, py)))
    assert int(got[0]) == (area > 0) - (area < 0)
