"""Shapes and tables across the antimeridian, in longitudes that run on beyond 180 or begin elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.columns import floats
from truceline.base.geodesy import FloatArray
from truceline.schema.table import NUMBER, Table


def draw_near(geometry: BaseGeometry, longitude_deg: float) -> BaseGeometry:
    """The polygons of a geometry, each on the turn of the globe nearest to a longitude, halves joined.

    A ring with an edge of more than half a turn is read as the short way round (RFC 7946, 3.1.9, has such
    shapes cut in two; maps are drawn without); so a shape cut at the antimeridian and one that crosses
    it are the same ground. What needs neither is given back as it is.
    """
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
    drawn = [_polygon_near(part, longitude_deg) for part in parts]
    if all(one is part for one, part in zip(drawn, parts, strict=True)):
        return geometry
    return shapely.union_all(drawn)


def _polygon_near(polygon: BaseGeometry, longitude_deg: float) -> BaseGeometry:
    west, _, east, _ = polygon.bounds if not polygon.is_empty else (longitude_deg,) * 4
    if east - west <= 180 and abs((west + east) / 2 - longitude_deg) <= 180:
        return polygon
    rings = [_ring_near(shapely.get_coordinates(ring), longitude_deg) for ring in shapely.get_rings(polygon)]
    return shapely.make_valid(shapely.Polygon(rings[0], rings[1:]))


def _ring_near(points: FloatArray, longitude_deg: float) -> FloatArray:
    step = np.diff(points[:, 0])
    turns = np.where((np.abs(step) > 180) & (np.abs(step) < 360), -np.sign(step), 0.0)
    longitude = points[:, 0] + 360 * np.append(0.0, np.cumsum(turns))
    middle = (longitude.min() + longitude.max()) / 2
    longitude += 360 * np.round((longitude_deg - middle) / 360)
    return np.column_stack([longitude, points[:, 1]])


def runs_over(geometries: Iterable[BaseGeometry]) -> bool:
    """Whether any shape lies beyond 180 degrees of longitude."""
    return any(not one.is_empty and (one.bounds[0] < -180 or one.bounds[2] > 180) for one in geometries)


def turn_back(table: Table, by_deg: float) -> Table:
    """The table with its longitudes less by so many degrees, from -180 to 180."""
    turned = (floats(table["longitude_deg"]) - by_deg + 180) % 360 - 180
    column = pa.array(turned, NUMBER, mask=~np.isfinite(turned))
    return table.set_column(table.schema.get_field_index("longitude_deg"), "longitude_deg", column)
