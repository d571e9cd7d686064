"""Distances to the line against geodesic distances to points strewn densely along it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import shapely

from truceline.base.geodesy import WGS84, LocalFrame
from truceline.line.history import Snapshot
from truceline.line.lengths import measure_length
from truceline.line.side import distance_to_line_m

METRE = 1.0
DAY = datetime(2030, 4, 1, tzinfo=UTC)


def wavy_area(rng: np.random.Generator, *, east_deg: float) -> shapely.Polygon:
    """A ragged area with edges of a few km, up to 500 km from the frame's centre."""
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    radii = 1.2 + 0.15 * np.cos(7 * angles) + rng.normal(0, 0.02, angles.size)
    return shapely.Polygon(
        np.column_stack([east_deg + 1.4 * radii * np.cos(angles), 48 + radii * np.sin(angles)])
    )


def geodesic_distances_m(
    area: shapely.Polygon, longitude: np.ndarray, latitude: np.ndarray, *, step_deg: float = 5e-4
) -> np.ndarray:
    line = shapely.get_coordinates(shapely.segmentize(area.exterior, step_deg))
    found = []
    for x, y in zip(longitude, latitude, strict=True):
        found.append(WGS84.inv(np.full(len(line), x), np.full(len(line), y), line[:, 0], line[:, 1])[2].min())
    return np.array(found)


@pytest.mark.parametrize("east_deg", [31.5, 36.5])
def test_distance_agrees_with_the_geodesic_oracle(east_deg: float) -> None:
    rng = np.random.default_rng(7)
    frame = LocalFrame("test", 31.5, 48.5)
    area = wavy_area(rng, east_deg=east_deg)
    held = Snapshot(
        control_id="c", holder_party_id="A", map_time=DAY, describes_until=DAY, status="first", geometry=area,
        area_km2=0.0, gained_km2=None, lost_km2=None, raw_file="f", raw_row=1,
    )  # fmt: skip
    longitude, latitude = rng.uniform(east_deg - 2.5, east_deg + 2.5, 40), rng.uniform(46, 50, 40)
    got = np.abs(distance_to_line_m(held, longitude, latitude, frame=frame))
    expected = geodesic_distances_m(area, longitude, latitude)
    # points strewn every 5e-4° are at most 28 m from the nearest place on the line: half a step
    slack_m = np.minimum(28.0**2 / np.maximum(expected, 28.0), 28.0)
    assert np.all(np.abs(got - expected) <= np.maximum(0.002 * expected, 5 * METRE) + slack_m)


def test_length_without_tolerance_is_the_geodesic_perimeter() -> None:
    area = wavy_area(np.random.default_rng(8), east_deg=33)
    perimeter_km = abs(WGS84.geometry_area_perimeter(area)[1]) / 1000
    length = measure_length(area, tolerance_m=0, frame=LocalFrame("test", 31.5, 48.5))
    assert length.length_km == pytest.approx(perimeter_km, rel=1e-9)


def test_simplified_length_agrees_with_a_plain_recursion() -> None:
    """Douglas and Peucker written out, from the same first vertex."""
    frame = LocalFrame("test", 31.5, 48.5)
    area = wavy_area(np.random.default_rng(9), east_deg=32)
    points = shapely.get_coordinates(frame.geometry_to_plane(area).exterior)[:-1]
    points = np.roll(points, -int(np.argmin(points[:, 0])), axis=0)
    points = np.vstack([points, points[:1]])

    def keep(first: int, last: int) -> list[int]:
        if last <= first + 1:
            return []
        chord = shapely.LineString(points[[first, last]])
        away = shapely.distance(shapely.points(points[first + 1 : last]), chord)
        worst = int(np.argmax(away))
        if away[worst] <= 4_000:
            return []
        middle = first + 1 + worst
        return [*keep(first, middle), middle, *keep(middle, last)]

    kept = points[[0, *keep(0, len(points) - 1), len(points) - 1]]
    longitude, latitude = frame.to_globe(kept[:, 0], kept[:, 1])
    expected_km = WGS84.line_length(longitude, latitude) / 1000
    assert measure_length(area, tolerance_m=4_000, frame=frame).length_km == pytest.approx(
        expected_km, abs=1e-6
    )
