"""The front of a regime: a wavy line from south to north, sectors, districts, places. Kilometres."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import shapely
from shapely.geometry import Polygon, box

from truceline.base.columns import FloatArray, IntArray
from truceline.base.geodesy import LocalFrame
from truceline.simulate.ground import PLACE_NAMES
from truceline.simulate.regime import Regime

#: how finely the line is kept, and where it runs on beyond the ends
STEP_KM, BEYOND_KM = 2.0, 10.0
_BEFORE = ("", "New ", "Old ", "Upper ", "Lower ", "Great ", "Little ", "North ", "South ", "East ", "West ")
_PLACE_KM = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """x runs east, y north, both from the middle of the front; the first party holds the west.

    line_y_km, line_x_km : (n,) the front at the beginning. place_x_km, place_y_km : (n_places,).
    spot_y_km : (n_spots,) where fire gathers.
    """

    frame: LocalFrame
    half_length_km: float
    half_width_km: float
    line_y_km: FloatArray
    line_x_km: FloatArray
    n_sectors: int
    n_districts: int
    place_x_km: FloatArray
    place_y_km: FloatArray
    place_names: tuple[str, ...]
    spot_y_km: FloatArray

    def front_x_km(self, y_km: FloatArray, shift_km: FloatArray | None = None) -> FloatArray:
        """The front at ``y_km``; ``shift_km`` (n,) is how far the line has moved since the beginning."""
        line = self.line_x_km if shift_km is None else self.line_x_km + shift_km
        return np.interp(y_km, self.line_y_km, line)

    def sector(self, y_km: FloatArray) -> IntArray:
        """Number of the sector, from south to north."""
        return self._part(y_km, self.n_sectors)

    def district(self, y_km: FloatArray) -> IntArray:
        """Number of the district, from south to north."""
        return self._part(y_km, self.n_districts)

    def _part(self, y_km: FloatArray, n: int) -> IntArray:
        share = (y_km + self.half_length_km) / (2 * self.half_length_km)
        return np.clip((share * n).astype(np.int64), 0, n - 1)

    def bounds_km(self, n_parts: int) -> FloatArray:
        """(n_parts + 1,) borders of sectors or districts along y."""
        return np.linspace(-self.half_length_km, self.half_length_km, n_parts + 1)

    def slab(self, n_parts: int, number: int) -> Polygon:
        """A sector or district as a polygon; its long edges are dense, so that they bend on a map."""
        edges = self.bounds_km(n_parts)
        half = self.half_width_km
        return shapely.segmentize(box(-half, edges[number], half, edges[number + 1]), 25.0)

    def held(self, shift_km: FloatArray) -> Polygon:
        """What the first party holds in the zone, where the line has moved by ``shift_km`` (n,)."""
        x = np.clip(self.line_x_km + shift_km, -self.half_width_km + 1, self.half_width_km - 1)
        ends = [(-self.half_width_km, self.line_y_km[-1]), (-self.half_width_km, self.line_y_km[0])]
        return Polygon(np.vstack([np.column_stack([x, self.line_y_km]), ends]))

    def to_globe(self, x_km: FloatArray, y_km: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Kilometres → longitude, latitude, degrees, to five decimals (about a metre)."""
        longitude, latitude = self.frame.to_globe(np.asarray(x_km) * 1000, np.asarray(y_km) * 1000)
        return longitude.round(5), latitude.round(5)

    def nearest_place(self, y_km: FloatArray) -> IntArray:
        """A place next to a point: the nearest along the front."""
        at = np.searchsorted(self.place_y_km, y_km)
        low, high = np.maximum(at - 1, 0), np.minimum(at, len(self.place_y_km) - 1)
        nearer = np.abs(y_km - self.place_y_km[low]) <= np.abs(self.place_y_km[high] - y_km)
        return np.where(nearer, low, high)


def lay_terrain(regime: Regime, rng: np.random.Generator) -> Terrain:
    """Draw the line, the places and the hot spots."""
    half = regime.length_km / 2
    n = round((regime.length_km + 2 * BEYOND_KM) / STEP_KM) + 1
    y = np.linspace(-half - BEYOND_KM, half + BEYOND_KM, n)
    waves = np.column_stack(
        [
            np.array([9.0, 5.0, 2.5, 1.0]) * rng.uniform(0.8, 1.2, 4),
            np.array([310.0, 121.0, 47.0, 19.0]) * rng.uniform(0.9, 1.1, 4),
            rng.uniform(0, 2 * np.pi, 4),
        ]
    )
    x = (waves[:, 0] * np.sin(2 * np.pi * y[:, None] / waves[:, 1] + waves[:, 2])).sum(axis=1)
    n_places = max(int(regime.length_km / _PLACE_KM), 8)
    place_y = np.linspace(-half + 1, half - 1, n_places) + rng.uniform(-1.5, 1.5, n_places)
    place_y.sort()
    reach = rng.gamma(1.5, 5.0, n_places) * np.where(rng.random(n_places) < 0.5, -1, 1)
    place_x = np.clip(np.interp(place_y, y, x) + reach, -regime.half_width_km + 2, regime.half_width_km - 2)
    n_spots = max(round(regime.length_km / regime.fire.hot_spot_km), 2)
    return Terrain(
        frame=LocalFrame(regime.name, regime.longitude_deg, regime.latitude_deg),
        half_length_km=half,
        half_width_km=regime.half_width_km,
        line_y_km=y,
        line_x_km=x,
        n_sectors=max(round(regime.length_km / regime.sector_km), 1),
        n_districts=max(round(regime.length_km / regime.district_km), 1),
        place_x_km=place_x.round(2),
        place_y_km=place_y.round(2),
        place_names=_names(n_places, rng),
        spot_y_km=np.sort(rng.uniform(-half + 4, half - 4, n_spots)),
    )


def _names(n: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Many places have names that are easily taken for one another."""
    plain = [f"{before}{name}" for before, name in product(_BEFORE, PLACE_NAMES)]
    while len(plain) < n:
        plain += [f"{name} {len(plain) // (len(_BEFORE) * len(PLACE_NAMES)) + 1}" for name in plain[: len(_BEFORE) * len(PLACE_NAMES)]]  # fmt: skip
    return tuple(plain[k] for k in rng.permutation(n).tolist())
