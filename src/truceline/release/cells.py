"""Coarse places: cells of at least so many kilometres, fixed to the globe and not to the data."""

from __future__ import annotations

import numpy as np

from truceline.base.geodesy import FloatArray

#: metres of a degree of latitude, the shortest there is (at the equator, WGS 84)
_DEGREE_M = 110_574.0
#: metres of a degree of longitude at the equator (WGS 84)
_DEGREE_EAST_M = 111_319.0
#: beyond, a row of cells is one cell
_POLAR_DEG = 89.0


def cell_of(longitude_deg: FloatArray, latitude_deg: FloatArray, *, cell_m: float) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Row and column of the cell of each place; (n,) whole numbers each.

    Rows are bands of latitude counted from the equator, columns whole steps of longitude counted
    from the antimeridian, so that it halves no cell. A column's step is taken at the band's edge nearer the pole, so that no cell is
    narrower than ``cell_m``. Nothing of it depends on the case: a cell cannot be shifted to cut
    another one.
    """
    step_deg = cell_m / _DEGREE_M
    row = np.floor(latitude_deg / step_deg).astype(np.int64)
    east_deg = np.mod(longitude_deg + 180.0, 360.0)
    column = np.floor(east_deg / _east_step_deg(row, cell_m=cell_m)).astype(np.int64)
    return row, column


def centre_of(row: np.ndarray, column: np.ndarray, *, cell_m: float) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude of the middles of cells, degrees; (n,) each."""
    step_deg = cell_m / _DEGREE_M
    latitude = (row + 0.5) * step_deg
    east_deg = np.mod((column + 0.5) * _east_step_deg(row, cell_m=cell_m), 360.0)
    return east_deg - 180.0, np.clip(latitude, -90.0, 90.0)


def _east_step_deg(row: np.ndarray, *, cell_m: float) -> FloatArray:
    step_deg = cell_m / _DEGREE_M
    edge_deg = np.maximum(np.abs(row), np.abs(row + 1)) * step_deg
    width_deg = cell_m / (_DEGREE_EAST_M * np.cos(np.radians(np.minimum(edge_deg, _POLAR_DEG))))
    # whole steps around the globe, so that the last cell is not narrower than the others
    return np.asarray(360.0 / np.maximum(np.floor(360.0 / width_deg), 1.0), dtype=np.float64)
