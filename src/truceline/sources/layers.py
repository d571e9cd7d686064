"""Layers that a case itself consists of: shapes of areas and of land, lists of places."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.errors import InputError, Problem
from truceline.line.shapes import polygonal
from truceline.sources.formats import GEOMETRY, read_table
from truceline.sources.source import InputFile


def read_polygons(file: InputFile) -> BaseGeometry:
    """The polygons of a layer, united; empty where it has none. Other geometries are left alone.

    Raises
    ------
    InputError
        If the file is absent, of no format that is read, or its coordinates are no degrees.
    """
    table = read_table(file)
    if GEOMETRY not in table.schema.names:
        return shapely.MultiPolygon()
    shapes = shapely.from_wkb(np.array(table[GEOMETRY].to_pylist(), dtype=object))
    known = [shape for shape in shapes if shape is not None and "Polygon" in shape.geom_type]
    _expect_numbers(known, file)
    united = polygonal(shapely.union_all([polygonal(shape) for shape in known]))
    if united.is_empty:
        return united
    west, south, east, north = united.bounds
    if not all(math.isfinite(value) for value in united.bounds) or west < -180 or east > 180 or south < -90 or north > 90:  # fmt: skip
        raise InputError(
            Problem(code="place_range", message="not degrees on Earth", file=file.label, column=GEOMETRY, got=f"longitudes {west:g} to {east:g}, latitudes {south:g} to {north:g}", expected="longitude -180..180, latitude -90..90", next_step="Export the layer in EPSG:4326, longitude first")
        )  # fmt: skip
    return united


def read_lines(file: InputFile) -> BaseGeometry:
    """The lines of a layer as one multi-line; empty where it has none. Other geometries are left alone.

    Raises
    ------
    InputError
        If the file is absent or of no format that is read.
    """
    table = read_table(file)
    if GEOMETRY not in table.schema.names:
        return shapely.MultiLineString()
    shapes = shapely.from_wkb(np.array(table[GEOMETRY].to_pylist(), dtype=object))
    known = [shape for shape in shapes if shape is not None and "LineString" in shape.geom_type]
    _expect_numbers(known, file)
    return shapely.multilinestrings(shapely.get_parts(known))


def _expect_numbers(shapes: list[BaseGeometry], file: InputFile) -> None:
    if not np.isfinite(shapely.get_coordinates(shapes)).all():
        raise InputError(
            Problem(code="geometry_invalid", message="a coordinate is no number", file=file.label, column=GEOMETRY, got="NaN or infinite", expected="degrees", next_step="Mend or take out that shape")
        )  # fmt: skip


def place_rows(file: InputFile) -> list[dict[str, str]]:
    """Places of a list: ``name``, ``longitude``, ``latitude``, from columns or from points.

    Raises
    ------
    InputError
        If the file cannot be read, lacks one of the three, or a place is not on Earth.
    """
    table = read_table(file)
    columns = {name: table[name].to_pylist() for name in table.schema.names}
    if GEOMETRY in columns and not {"longitude", "latitude"} <= set(columns):
        shapes = shapely.from_wkb(np.array(columns[GEOMETRY], dtype=object))
        points = [shape if shape is not None and shape.geom_type == "Point" else None for shape in shapes]
        columns["longitude"] = [None if point is None else point.x for point in points]
        columns["latitude"] = [None if point is None else point.y for point in points]
    missing = [name for name in ("name", "longitude", "latitude") if name not in columns]
    if missing and table.num_columns:
        raise InputError(
            [Problem(code="column_missing", message="the list of places lacks a column", file=file.label, row=1, column=name, got=", ".join(table.schema.names)[:200], expected=name, next_step="Name the columns name, longitude, latitude, or give points") for name in missing]
        )  # fmt: skip
    rows: list[dict[str, str]] = []
    problems: list[Problem] = []
    for number, values in enumerate(zip(*(columns.get(name, []) for name in ("name", "longitude", "latitude")), strict=True)):  # fmt: skip
        name, longitude, latitude = ("" if value is None else str(value).strip() for value in values)
        if not (_within(longitude, 180) and _within(latitude, 90)):
            problems.append(
                Problem(code="place_range", message="not a place on Earth", file=file.label, row=number + 2, column="longitude", got=f"longitude {longitude}, latitude {latitude}", expected="longitude -180..180, latitude -90..90", next_step="Correct the row")
            )  # fmt: skip
        rows.append({"name": name, "longitude": longitude, "latitude": latitude})
    if problems:
        raise InputError(problems)
    return rows


def _within(text: str, limit: float) -> bool:
    try:
        return abs(float(text)) <= limit
    except ValueError:
        return False
