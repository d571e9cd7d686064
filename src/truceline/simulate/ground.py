"""The invented land: coast, front, places, stations; all in kilometres of one local frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from shapely import LineString, Polygon, box, get_parts

from truceline.base.geodesy import LocalFrame
from truceline.simulate.scenario import SECTORS, Scenario

FloatArray = npt.NDArray[np.float64]

#: plants, stones and birds put together: names of nowhere
PLACE_NAMES = (
    "Sorrelby", "Fenneldown", "Quartzmere", "Tansyford", "Gorsewell", "Flintholm", "Reedhaven", "Larchgate",
    "Mossbarrow", "Cobblestrand", "Ambermouth", "Yarrowend", "Brambleness", "Slatecombe", "Heatherfall",
    "Pearlwick", "Dunlinsea", "Kelpstone", "Sedgepool", "Alderquay", "Briarmoot", "Chalkreach", "Ternhaven",
    "Opalstead",
)  # fmt: skip

#: half the width of the land, and how far the box reaches beyond it
HALF_WIDTH_KM = 120.0
MARGIN_KM = 25.0
#: how far the zone that the terms speak of reaches on either side of the front
ZONE_KM = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The place of the war. x runs east, y north, both in km from the middle of the front."""

    frame: LocalFrame
    half_length_km: float
    waves: FloatArray  #: (n, 3) amplitude_km, wavelength_km, phase of the front
    land: Polygon  #: km
    places: tuple[tuple[str, float, float], ...]  #: name, x_km, y_km
    stations: FloatArray  #: (n, 2) km
    hot_spots: dict[str, FloatArray]  #: sector → y_km of where fire gathers

    def front_x_km(self, y_km: FloatArray) -> FloatArray:
        """Where the front stood at the beginning."""
        y = np.asarray(y_km, dtype=np.float64)
        parts = self.waves[:, 0] * np.sin(2 * np.pi * y[..., None] / self.waves[:, 1] + self.waves[:, 2])
        return np.asarray(parts.sum(axis=-1), dtype=np.float64)

    def sector(self, y_km: float) -> str:
        """Sector of a place, by thirds of the front from north to south."""
        share = (self.half_length_km - y_km) / (2 * self.half_length_km)
        return SECTORS[min(max(int(share * 3), 0), 2)]

    def sector_bounds_km(self, sector: str) -> tuple[float, float]:
        """Southern and northern end of a sector."""
        i = SECTORS.index(sector)
        third = 2 * self.half_length_km / 3
        return self.half_length_km - third * (i + 1), self.half_length_km - third * i

    def contact_zone(self, sector: str) -> Polygon:
        """Ground of a sector within ``ZONE_KM`` of the front, km."""
        south, north = self.sector_bounds_km(sector)
        y = np.linspace(-self.half_length_km, self.half_length_km, 401)
        front = LineString(np.column_stack([self.front_x_km(y), y]))
        slab = box(-HALF_WIDTH_KM, south, HALF_WIDTH_KM, north)
        zone = front.buffer(ZONE_KM, cap_style="flat").intersection(slab)
        return max(get_parts(zone), key=lambda part: part.area)

    def to_globe(self, x_km: FloatArray, y_km: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Kilometres → longitude, latitude, degrees."""
        return self.frame.to_globe(np.asarray(x_km) * 1000, np.asarray(y_km) * 1000)

    def nearest_place(self, x_km: float, y_km: float) -> tuple[str, float, float]:
        """Name and position of the place next to a point."""
        return min(self.places, key=lambda place: (place[1] - x_km) ** 2 + (place[2] - y_km) ** 2)


def lay_ground(scenario: Scenario, rng: np.random.Generator) -> Ground:
    """Draw the coast, the front, the places and the stations."""
    half_km = scenario.front_length_km / 2
    waves = np.column_stack(
        [
            np.array([7.0, 4.0, 1.5]) * rng.uniform(0.8, 1.2, 3),
            np.array([150.0, 62.0, 23.0]) * rng.uniform(0.9, 1.1, 3),
            rng.uniform(0, 2 * np.pi, 3),
        ]
    )
    bare = Ground(
        frame=LocalFrame(scenario.id, scenario.longitude_deg, scenario.latitude_deg),
        half_length_km=half_km,
        waves=waves,
        land=_draw_coast(half_km, rng),
        places=(),
        stations=np.empty((0, 2)),
        hot_spots={},
    )
    hot_spots = {}
    for sector in SECTORS:
        south, north = bare.sector_bounds_km(sector)
        hot_spots[sector] = rng.uniform(south + 5, north - 5, 3)
    return Ground(
        frame=bare.frame,
        half_length_km=half_km,
        waves=waves,
        land=bare.land,
        places=_settle(bare, rng),
        stations=_place_stations(bare, scenario.station_spacing_km, rng),
        hot_spots=hot_spots,
    )


def _draw_coast(half_km: float, rng: np.random.Generator) -> Polygon:
    """A broad headland: sea to the north, west and south, cut at the box to the east."""
    corner_km = 30.0
    # beyond the box to the east, so that its rounding shows no sliver of sea
    west, east = -HALF_WIDTH_KM + 15, HALF_WIDTH_KM + 2 * MARGIN_KM
    top = half_km + 3
    path = [(east, top), (west + corner_km, top)]
    angles = np.linspace(np.pi / 2, 3 * np.pi / 2, 7)[1:-1]
    path += [(west + corner_km + corner_km * np.cos(a), top * np.sin(a)) for a in angles]
    path += [(west + corner_km, -top), (east, -top)]
    corners = np.array(path)
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    steps = np.arange(0, along[-1], 2.0)
    x, y = np.interp(steps, along, corners[:, 0]), np.interp(steps, along, corners[:, 1])
    rough = np.zeros_like(steps)
    for amplitude_km, wavelength_km in ((5.0, 90.0), (3.0, 37.0), (1.6, 15.0), (0.7, 6.0)):
        rough += amplitude_km * np.sin(2 * np.pi * steps / wavelength_km + rng.uniform(0, 2 * np.pi))
    # bays cut inland, headlands reach out: along the outward normal of the path
    normal_x, normal_y = np.gradient(y), -np.gradient(x)
    length = np.hypot(normal_x, normal_y)
    fade = np.clip(np.minimum(steps, along[-1] - steps) / 20, 0, 1)
    x, y = x - rough * fade * normal_x / length, y - rough * fade * normal_y / length
    return Polygon(np.column_stack([x, y])).buffer(0)


def _settle(ground: Ground, rng: np.random.Generator) -> tuple[tuple[str, float, float], ...]:
    """Places in a loose row either side of the front, the first ones nearest to it."""
    y = np.linspace(-ground.half_length_km + 6, ground.half_length_km - 6, len(PLACE_NAMES))
    y = y + rng.uniform(-3, 3, len(PLACE_NAMES))
    reach_km = np.where(np.arange(len(PLACE_NAMES)) % 3 == 2, 30.0, 8.0)
    side = np.where(np.arange(len(PLACE_NAMES)) % 2 == 0, -1.0, 1.0)
    x = ground.front_x_km(y) + side * reach_km * rng.uniform(0.3, 1.2, len(PLACE_NAMES))
    order = rng.permutation(len(PLACE_NAMES))
    return tuple(
        (PLACE_NAMES[int(k)], round(float(x[i]), 2), round(float(y[i]), 2)) for i, k in enumerate(order)
    )


def _place_stations(ground: Ground, spacing_km: float, rng: np.random.Generator) -> FloatArray:
    """Stations either side of the front in turn, 4 to 9 km behind it."""
    y = np.arange(-ground.half_length_km + spacing_km / 2, ground.half_length_km, spacing_km)
    side = np.where(np.arange(len(y)) % 2 == 0, -1.0, 1.0)
    x = ground.front_x_km(y) + side * rng.uniform(4, 9, len(y))
    stations: FloatArray = np.column_stack([x, y]).round(3)
    return stations
