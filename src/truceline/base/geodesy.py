"""Places on the WGS 84 ellipsoid; metres only inside a named local frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj import Geod, Transformer
from shapely import orient_polygons, transform
from shapely.geometry.base import BaseGeometry

WGS84 = Geod(ellps="WGS84")

FloatArray = npt.NDArray[np.float64]

#: a band of bearings over north is no wider, degrees
MOST_TURN_DEG = 180.0
BEARINGS_EXPECTED = "two bearings clockwise, such as 20 to 80, or 350 to 10 over north"


def distance_m(
    longitude_deg: float, latitude_deg: float, other_longitude_deg: float, other_latitude_deg: float
) -> float:
    """Geodesic distance between two places, metres."""
    return float(WGS84.inv(longitude_deg, latitude_deg, other_longitude_deg, other_latitude_deg)[2])


def area_km2(geometry: BaseGeometry) -> float:
    """Area of a polygon with geodesic edges, km², holes taken away."""
    return abs(float(WGS84.geometry_area_perimeter(orient_polygons(geometry))[0])) / 1e6


def turn_deg(first_deg: Any, second_deg: Any) -> Any:
    """Degrees clockwise from one bearing to another, over north where the second is the smaller: 350 to 10 is 20.

    A second beyond 360 says the same: 350 to 370.
    """
    return np.where(np.less(second_deg, first_deg), 360.0, 0.0) + second_deg - first_deg


def is_reversed(first_deg: Any, second_deg: Any) -> Any:
    """Whether a band of bearings has its edges the wrong way round: over north, it would be most of the circle.

    From 80 to 20 would be 300 degrees. Who means so much writes 80 to 380.
    """
    return np.less(second_deg, first_deg) & np.greater(turn_deg(first_deg, second_deg), MOST_TURN_DEG)


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    # making one takes 10 ms
    return Transformer.from_crs(source, target, always_xy=True)


@dataclass(frozen=True, slots=True)
class LocalFrame:
    """A named plane in metres: azimuthal equidistant around a centre (or another projection).

    Distances from the centre are exact; elsewhere the scale error grows as the square of the
    distance (about 0.1 % at 500 km), far below the uncertainty of any place we are given.
    """

    name: str
    longitude_deg: float
    latitude_deg: float
    projection: str = "aeqd"

    @property
    def crs(self) -> str:
        """The PROJ definition."""
        return (
            f"+proj={self.projection} +lat_0={self.latitude_deg} +lon_0={self.longitude_deg} "
            "+ellps=WGS84 +units=m +no_defs"
        )

    def to_plane(self, longitude_deg: Any, latitude_deg: Any) -> tuple[FloatArray, FloatArray]:
        """Longitude, latitude (degrees; arrays or numbers) → x, y (metres)."""
        x, y = _transformer("EPSG:4326", self.crs).transform(longitude_deg, latitude_deg)
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)

    def to_globe(self, x_m: Any, y_m: Any) -> tuple[FloatArray, FloatArray]:
        """x, y (metres) → longitude, latitude (degrees)."""
        longitude, latitude = _transformer(self.crs, "EPSG:4326").transform(x_m, y_m)
        return np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)

    def geometry_to_plane(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry in WGS 84 → the same in metres."""

        def move(coordinates: FloatArray) -> FloatArray:
            return np.column_stack(self.to_plane(coordinates[:, 0], coordinates[:, 1]))

        return transform(geometry, move)

    def geometry_to_globe(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry in metres → the same in WGS 84."""

        def move(coordinates: FloatArray) -> FloatArray:
            return np.column_stack(self.to_globe(coordinates[:, 0], coordinates[:, 1]))

        return transform(geometry, move)
