"""The shape of what a record says of its place: a point, a band of bearing and range, an area.

All become Gaussians in the frame, by their first two moments: a band of bearings and ranges around
the observer, and an area, are uniform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.columns import BoolArray, FloatArray, IntArray, floats
from truceline.base.geodesy import LocalFrame, turn_deg
from truceline.schema.table import Table

#: columns that are read here
BAND_COLUMNS = (
    "observer_longitude_deg", "observer_latitude_deg", "range_min_m", "range_max_m", "bearing_min_deg",
    "bearing_max_deg",
)  # fmt: skip
#: points along each side of an area's bounding box by which its moments are taken
_GRID = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Gaussians: (n,) arrays; NaN where nothing of the place is known.

    x_m, y_m : centre. xx, xy, yy : covariance, m². area : (n,) whether it is of an area alone.
    """

    x_m: FloatArray
    y_m: FloatArray
    xx: FloatArray
    xy: FloatArray
    yy: FloatArray
    area: BoolArray

    def take(self, rows: IntArray) -> Shapes:
        """The same of some records."""
        return Shapes(**{name: getattr(self, name)[rows] for name in Shapes.__slots__})

    @property
    def precision(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Entries xx, xy, yy of the inverse covariance."""
        det = self.xx * self.yy - self.xy**2
        return self.yy / det, -self.xy / det, self.xx / det


def read_outlines(areas: Table | None, frame: LocalFrame) -> dict[str, BaseGeometry]:
    """Shapes of areas in the frame, by id; areas that are names only are left out."""
    if areas is None:
        return {}
    pairs = zip(areas["area_id"].to_pylist(), areas["geometry"].to_pylist(), strict=True)
    return {name: frame.geometry_to_plane(shapely.from_wkb(shape)) for name, shape in pairs if shape}


def shape_places(
    table: Table,
    frame: LocalFrame,
    *,
    x_m: FloatArray,
    y_m: FloatArray,
    sd_m: FloatArray,
    area: IntArray,
    area_names: list[str],
    outlines: Mapping[str, BaseGeometry],
    least_sd_m: float,
) -> Shapes:
    """Shapes of records: a band where observer, range and bearing are told, else the point, else the area.

    x_m, y_m, sd_m : (n,) points, NaN where there is none. area : (n,) place among ``area_names``; −1: none.
    """
    x_m, y_m = x_m.copy(), y_m.copy()
    xx, yy = sd_m**2, sd_m**2
    xy = np.zeros(len(x_m))
    band = _read_bands(table, frame)
    if band is not None:
        rows, moments = band
        x_m[rows], y_m[rows], xx[rows], xy[rows], yy[rows] = moments
        xx[rows] += least_sd_m**2
        yy[rows] += least_sd_m**2
    lost = ~np.isfinite(x_m)
    of_area = np.zeros(len(x_m), dtype=np.bool_)
    for number, name in enumerate(area_names):
        if name in outlines and (lost & (area == number)).any():
            rows = np.flatnonzero(lost & (area == number))
            x_m[rows], y_m[rows], xx[rows], xy[rows], yy[rows] = _area_moments(outlines[name])
            of_area[rows] = True
    return Shapes(x_m=x_m, y_m=y_m, xx=xx, xy=xy, yy=yy, area=of_area)


def _read_bands(table: Table, frame: LocalFrame) -> tuple[IntArray, tuple[FloatArray, ...]] | None:
    """Rows with a whole band, and centre and covariance of each.

    Uniform in bearing over a width of 2h and in range over [a, b] (by length, as observers tell it):
    E r = (a + b)/2, E r² = (a² + ab + b²)/3, E cos = sin h/h, E cos² = ½ + sin 2h/4h.
    """
    values = [floats(table[name]) for name in BAND_COLUMNS]
    whole = np.isfinite(np.stack(values)).all(axis=0)
    rows = np.flatnonzero(whole & (values[3] > 0) & (values[3] >= values[2]))
    if not len(rows):
        return None
    longitude, latitude, near, far, low, high = (value[rows] for value in values)
    x0, y0 = frame.to_plane(longitude, latitude)
    turn = turn_deg(low, high)
    half = np.clip(np.radians(turn) / 2, 1e-3, np.pi)
    middle = np.radians(low + turn / 2)
    mean, square = (near + far) / 2, (near**2 + near * far + far**2) / 3
    along = mean * np.sin(half) / half
    wide = np.sin(2 * half) / (4 * half)
    v_along, v_across = square * (0.5 + wide) - along**2, square * (0.5 - wide)
    s, c = np.sin(middle), np.cos(middle)
    return rows, (
        x0 + along * s,
        y0 + along * c,
        v_along * s**2 + v_across * c**2,
        (v_along - v_across) * s * c,
        v_along * c**2 + v_across * s**2,
    )


def _area_moments(outline: BaseGeometry) -> tuple[float, float, float, float, float]:
    west, south, east, north = outline.bounds
    steps = (np.arange(_GRID) + 0.5) / _GRID
    x, y = (
        part.ravel() for part in np.meshgrid(west + steps * (east - west), south + steps * (north - south))
    )
    inside = shapely.contains_xy(outline, x, y)
    if inside.sum() < 3:
        size = max(outline.area, 1.0) / 12
        return outline.centroid.x, outline.centroid.y, size, 0.0, size
    x, y = x[inside], y[inside]
    cov = np.cov(np.stack([x, y]))
    return float(x.mean()), float(y.mean()), float(cov[0, 0]) + 1.0, float(cov[0, 1]), float(cov[1, 1]) + 1.0
