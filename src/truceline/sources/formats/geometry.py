"""Geometries of a layer: to WGS 84, longitude first, flat; guarded against what they are not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyproj
import shapely
from pyproj.network import set_network_enabled  # type: ignore[attr-defined]  # no __all__

from truceline.base.errors import InputError, Problem
from truceline.sources.formats.layer import FAULT, GEOMETRY, WGS84, ReadOptions, broken
from truceline.sources.source import InputFile

FloatArray = npt.NDArray[np.float64]

#: WKB of a flat point, little-endian: order, type, x, y
_POINT_BYTES = 21


@lru_cache(maxsize=64)
def read_crs(name: str) -> pyproj.CRS:
    """A reference system by its name, WKT or PROJJSON."""
    return pyproj.CRS.from_user_input(name)


@lru_cache(maxsize=64)
def is_wgs84(name: str) -> bool:
    """Whether a reference system is WGS 84 in degrees, whatever the order of its axes."""
    if name == WGS84:
        return True
    crs = read_crs(name)
    if crs.to_epsg(min_confidence=70) in (4326, 4979):
        return True
    flat = crs.to_2d() if crs.is_geographic else crs
    return bool(flat.is_geographic and flat.equals(pyproj.CRS(WGS84), ignore_axis_order=True))


class Placer:
    """Brings a layer's geometries to WGS 84 and refuses those that are not places.

    1. A reference system that is not WGS 84 is reprojected (axes as x, y), and named in a note.
    2. Without one, a batch of which most geometries lie beyond ±180, ±90 is no layer in degrees.
    3. A batch of which none lies in the case's region, but most do with x and y exchanged, is refused.
    4. Heights and measures are dropped, with a note of how many.
    """

    def __init__(self, file: InputFile, crs: str | None, options: ReadOptions) -> None:
        self.file = file
        self.options = options
        self.crs = options.crs or crs
        self._transform: pyproj.Transformer | None = None
        self._n_raised = 0
        if self.crs is not None:
            self._prepare(self.crs)

    def _prepare(self, name: str) -> None:
        try:
            if is_wgs84(name):
                return
            crs = read_crs(name)
            set_network_enabled(active=False)  # no grids from afar
            self._transform = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
        except pyproj.exceptions.ProjError as error:
            raise InputError(
                Problem(code="crs_unknown", message="the layer's reference system cannot be read", file=self.file.label, column="crs", got=name[:120], expected="an EPSG code or WKT", next_step="Reproject the layer to EPSG:4326 before it is read")
            ) from error  # fmt: skip
        code = crs.to_authority()
        spelt = f"{crs.name} ({code[0]}:{code[1]})" if code else crs.name
        self.options.note(
            self.file, f"reprojected from {spelt} to WGS 84 ({self._transform.description or 'PROJ'})."
        )

    def place(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with its geometries in WGS 84; an unreadable one is null, and said so in ``FAULT``."""
        position = batch.schema.get_field_index(GEOMETRY)
        if position < 0 or not batch.num_rows:
            return batch
        column = batch.column(position)
        fault = batch.column(FAULT).to_pylist() if FAULT in batch.schema.names else [None] * batch.num_rows
        points = _flat_points(column)
        if points is not None and self._transform is None:
            self._guard(points, points)
            return _with(
                batch, GEOMETRY, pa.array(column, pa.binary()) if column.type != pa.binary() else column
            )
        geometries = self._read(column, fault)
        raised = shapely.has_z(geometries) | shapely.has_m(geometries)
        self._n_raised += int(raised.sum())
        geometries = shapely.force_2d(geometries)
        if self._transform is not None:
            geometries = self._move(geometries)
        self._guard(*_corners(geometries))
        return _with(_with(batch, GEOMETRY, to_wkb(geometries)), FAULT, pa.array(fault, pa.string()))

    def _read(self, column: pa.Array, fault: list[str | None]) -> Any:
        raw = column.to_numpy(zero_copy_only=False)
        geometries = shapely.from_wkb(raw, on_invalid="ignore")
        for i in np.flatnonzero(shapely.is_missing(geometries)).tolist():
            if raw[i] is not None and fault[i] is None:
                fault[i] = "the WKB cannot be read"
        return geometries

    def _move(self, geometries: Any) -> Any:
        assert self._transform is not None
        transform = self._transform
        with np.errstate(invalid="ignore"):
            return shapely.transform(
                geometries, lambda xy: np.column_stack(transform.transform(xy[:, 0], xy[:, 1]))
            )

    def _guard(self, low: FloatArray, high: FloatArray) -> None:
        """Rules 2 and 3, on the boxes of a batch: ``(n, 2)`` each, x and y."""
        known = np.isfinite(low).all(axis=1) & np.isfinite(high).all(axis=1)
        n = int(known.sum())
        if not n:
            return
        low, high = low[known], high[known]
        west, south = low.min(axis=0)
        east, north = high.max(axis=0)
        got = f"x {west:g} to {east:g}, y {south:g} to {north:g}"
        beyond = (np.maximum(np.abs(low), np.abs(high)) > (180, 90)).any(axis=1)
        region = self.options.region
        x, y = ((low + high) / 2).T
        if region is not None:
            inside = _in_box(x, y, region)
            exchanged = _in_box(y, x, region)
            if not inside.any() and exchanged.sum() * 2 > n:
                raise InputError(
                    Problem(code="place_swapped", message="longitude and latitude seem exchanged in the whole layer", file=self.file.label, column=GEOMETRY, got=got, expected=f"longitude {region.west_deg:g} to {region.east_deg:g} first, then latitude {region.south_deg:g} to {region.north_deg:g}", next_step="Exchange the axes when the layer is exported")
                )  # fmt: skip
        if self.crs is None and beyond.sum() * 2 > n:
            raise InputError(
                Problem(code="crs_unknown", message="the file names no reference system and its coordinates are no degrees", file=self.file.label, column=GEOMETRY, got=got, expected="longitude -180..180 and latitude -90..90, or a reference system", next_step="Give the option `crs` (such as EPSG:32637), keep the .prj beside the .shp, or export the layer in EPSG:4326")
            )  # fmt: skip

    def close(self) -> None:
        """Say what was dropped in the whole layer."""
        if self._n_raised:
            self.options.note(self.file, f"heights or measures of {self._n_raised} geometries were dropped.")


def _with(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    arrays = [column if known == name else batch.column(i) for i, known in enumerate(batch.schema.names)]
    names = list(batch.schema.names)
    if name not in names:
        names.append(name)
        arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _in_box(x: FloatArray, y: FloatArray, region: Any) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (
        (x >= region.west_deg) & (x <= region.east_deg) & (y >= region.south_deg) & (y <= region.north_deg)
    )
    return inside


def _corners(geometries: Any) -> tuple[FloatArray, FloatArray]:
    bounds = shapely.bounds(geometries)
    return bounds[:, :2], bounds[:, 2:]


def _flat_points(column: pa.Array) -> FloatArray | None:
    """Coordinates of a column of flat little-endian points without gaps, without making objects."""
    if column.type != pa.binary() or column.null_count or not len(column):
        return None
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    if (np.diff(offsets) != _POINT_BYTES).any():
        return None
    raw = np.frombuffer(column.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].reshape(-1, _POINT_BYTES)
    if (raw[:, :5] != (1, 1, 0, 0, 0)).any():
        return None
    return raw[:, 5:].copy().view("<f8")


def to_wkb(geometries: Any) -> pa.Array:
    """Shapely geometries as a column of WKB (little-endian, flat)."""
    return pa.array(shapely.to_wkb(geometries, byte_order=1, output_dimension=2), pa.binary())


def points_to_wkb(x: FloatArray, y: FloatArray) -> pa.Array:
    """Points as a column of WKB, made without objects."""
    raw = np.empty((len(x), _POINT_BYTES), np.uint8)
    raw[:, :5] = (1, 1, 0, 0, 0)
    raw[:, 5:] = np.column_stack((x, y)).astype("<f8").view(np.uint8).reshape(len(x), 16)
    offsets = np.arange(len(x) + 1, dtype=np.int32) * _POINT_BYTES
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(x), [None, pa.py_buffer(offsets), pa.py_buffer(raw.tobytes())]
    )


# -- text ------------------------------------------------------------------------------------
_WKT_HEADERS = ("wkt", "wkt_geom", "geometry", "geom", "the_geom", "geometry_wkt", "geom_wkt", "shape", "way")
_WKT_WORDS = ("POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION", "SRID=")  # fmt: skip


def first_known(column: pa.Array) -> str | None:
    """The first value of a column of texts that is not null: the sample by which ``find_wkt`` tells."""
    known = column.drop_null()
    return known[0].as_py() if len(known) else None


def find_wkt(header: Sequence[str], samples: Sequence[str | None]) -> str | None:
    """The column that holds WKT (or WKB in hexadecimal), by its name and its first filled value."""
    for name, value in zip(header, samples, strict=True):
        if name.strip().casefold() in _WKT_HEADERS and value is not None and _looks_like_geometry(value):
            return name
    return None


def _looks_like_geometry(text: str) -> bool:
    start = text.strip()[:20].upper()
    return start.startswith(_WKT_WORDS) or (
        len(start) >= 10 and start[:2] in ("00", "01") and all(c in "0123456789ABCDEF" for c in start)
    )


def read_wkt(
    values: Sequence[str | None], *, file: InputFile, srid: str | None
) -> tuple[pa.Array, pa.Array, str | None]:
    """WKB, faults and the reference system of texts of WKT, EWKT or hexadecimal WKB.

    Raises
    ------
    InputError
        If the texts name several reference systems.
    """
    texts = [None if value is None or not value.strip() else value.strip() for value in values]
    for i, text in enumerate(texts):
        if text is not None and text[:5].upper() == "SRID=":
            code, _, texts[i] = text.partition(";")
            named = f"EPSG:{code[5:].strip()}"
            if srid is not None and named != srid:
                raise broken(file, "column of geometries in one reference system", f"{srid} and {named}")
            srid = named
    array = np.array(texts, dtype=object)
    hexed = np.array([text is not None and text[:2] in ("00", "01") for text in texts], dtype=bool)
    geometries = np.empty(len(texts), dtype=object)
    geometries[~hexed] = shapely.from_wkt(array[~hexed], on_invalid="ignore")
    geometries[hexed] = shapely.from_wkb(array[hexed], on_invalid="ignore")
    missing = shapely.is_missing(geometries)
    faults = [
        "the text is no WKT" if gone and text is not None else None
        for gone, text in zip(missing.tolist(), texts, strict=True)
    ]
    return (
        pa.array(shapely.to_wkb(geometries, byte_order=1), pa.binary()),
        pa.array(faults, pa.string()),
        srid,
    )
