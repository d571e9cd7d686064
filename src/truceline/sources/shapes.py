"""Polygons of GeoJSON: read, guarded, repaired, told apart by shape whatever their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiLineString, MultiPolygon, shape
from shapely.geometry.base import BaseGeometry

from truceline.base.canonical import short_id
from truceline.base.errors import InputError, Problem
from truceline.base.geodesy import WGS84, LocalFrame, area_km2
from truceline.line.shapes import tell_repeats
from truceline.schema.table import Record
from truceline.sources.formats import FAULT, GEOMETRY, ROW, open_batches
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import ReadContext, Region

#: differences narrower than this are the writing of a file, not the moving of a line (about 1 m)
SAME_WITHIN_DEG = 1e-5

_WGS84_NAMES = ("CRS84", "EPSG::4326", "EPSG:4326", "EPSG/0/4326", "WGS84", "WGS 84")


def feature_rows(sheet: Sheet, collection: Any) -> Iterator[Row]:
    """Features as rows (position, first = 1): properties, and the geometry under ``geometry``.

    Raises
    ------
    InputError
        As ``features_of``.
    """
    for number, feature in enumerate(features_of(sheet, collection), start=1):
        yield from feature_row(sheet, number, feature)
    sheet.check_filled()


def feature_row(sheet: Sheet, number: int, feature: Any) -> Iterator[Row]:
    """One feature as a row, if it is one."""
    record = feature if isinstance(feature, dict) else {}
    yield from sheet.records([{**_properties(record), "geometry": record.get("geometry")}], first_row=number)


def features_of(sheet: Sheet, collection: Any) -> list[Any]:
    """The features of a collection.

    Raises
    ------
    InputError
        If it is no FeatureCollection, or names a reference system other than WGS 84.
    """
    label = sheet.file.label
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection" or not isinstance(collection.get("features"), list):  # fmt: skip
        got = collection.get("type") if isinstance(collection, dict) else type(collection).__name__
        raise InputError(
            Problem(code="file_format", message="the JSON is no FeatureCollection", file=label, got=str(got), expected="a GeoJSON FeatureCollection", next_step="Give the file as GeoJSON")
        )  # fmt: skip
    check_crs(collection.get("crs"), label=label)
    features: list[Any] = collection["features"]
    return features


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    """The feature's properties; a text or a list in their place holds none."""
    properties = feature.get("properties")
    return properties if isinstance(properties, dict) else {}


def check_crs(member: Any, *, label: str) -> None:
    """Accept no ``crs`` member, or one that names WGS 84.

    Raises
    ------
    InputError
        If it names another reference system.
    """
    if member is None:
        return
    name = str(member.get("properties", {}).get("name", "")) if isinstance(member, dict) else str(member)
    if not any(name.upper().endswith(known) for known in _WGS84_NAMES):
        raise InputError(
            Problem(code="crs_unknown", message="another reference system than WGS 84", file=label, column="crs", got=name, expected="CRS84 or EPSG:4326 (longitude, latitude)", next_step="Reproject the layer to EPSG:4326 before it is read")
        )  # fmt: skip


def row_polygon(row: Row, context: ReadContext) -> BaseGeometry | None:
    """The row's polygon, valid and two-dimensional; what is wrong with it is noted on the row."""
    geometry = row_geometry(row, kinds=("Polygon", "MultiPolygon"))
    if geometry is None or not _is_placed(row, geometry, context):
        return None
    return _repair(row, geometry)


def row_line(row: Row, context: ReadContext) -> BaseGeometry | None:
    """The row's line, two-dimensional; what is wrong with it is noted on the row."""
    geometry = row_geometry(row, kinds=("LineString", "MultiLineString"))
    if geometry is None or not _is_placed(row, geometry, context):
        return None
    return geometry


def layer_rows(
    sheet: Sheet,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    region: Region | None = None,
) -> Iterator[Row]:
    """Features of a file of any format as rows: attributes, and the geometry under ``geometry``.

    Raises
    ------
    InputError
        As ``formats.open_batches``; also if the layer has no geometries.
    """
    file = sheet.file
    batches = open_batches(file, layer=layer, sheet=layer, encoding=encoding, crs=crs, region=region, row_numbers=True, notes=sheet.tables.notes)  # fmt: skip
    for batch in list(batches):  # a file that is cut is refused whole, before a row of it is used
        if GEOMETRY not in batch.schema.names:
            raise InputError(
                Problem(code="column_missing", message="the layer has no geometries", file=file.label, column=GEOMETRY, got=", ".join(name for name in batch.schema.names if name not in (ROW, FAULT))[:200], expected="a layer of geometries, or a column of WKT", next_step="Give the layer that is drawn")
            )  # fmt: skip
        columns = {name: batch.column(i).to_pylist() for i, name in enumerate(batch.schema.names)}
        shapes = shapely.from_wkb(np.array(columns[GEOMETRY], dtype=object), on_invalid="ignore")
        numbers, faults = columns.pop(ROW), columns.pop(FAULT)
        for i, number in enumerate(numbers):
            values = {name: column[i] for name, column in columns.items()}
            for row in sheet.records([values | {GEOMETRY: shapes[i]}], first_row=number):
                if faults[i] is not None:
                    row.wrong("geometry_invalid", f"the geometry cannot be used ({faults[i]})", column=GEOMETRY, got=str(faults[i])[:80], expected="a geometry", next_step="Mend the geometry")  # fmt: skip
                yield row
    sheet.check_filled()


def row_geometry(row: Row, *, kinds: Sequence[str]) -> BaseGeometry | None:
    """The row's geometry, if it is one of ``kinds``."""
    value = row.values.get("geometry")
    if value is None:
        row.wrong(
            "geometry_null",
            "the feature has no geometry",
            column="geometry",
            got="null",
            expected=" or ".join(kinds),
            next_step="Nothing can be drawn of it; ask the map's maker",
        )
        return None
    drawn = isinstance(value, BaseGeometry)
    got = value.geom_type if drawn else value.get("type") if isinstance(value, dict) else type(value).__name__
    try:
        if got not in (*kinds, "GeometryCollection"):
            raise ValueError("another kind of geometry")
        with np.errstate(invalid="ignore"):  # not-a-number is refused below, with words
            geometry = shapely.force_2d(value if drawn else shape(value))
            geometry = _unfolded(geometry, kinds)
        if geometry.is_empty:  # as good as none: the rest of a map is not in doubt for it
            row.wrong("geometry_null", "the feature's geometry is empty", column="geometry", got=f"an empty {got}", expected=" or ".join(kinds), next_step="Nothing can be drawn of it; ask the map's maker")  # fmt: skip
            return None
        if not np.isfinite(shapely.get_coordinates(geometry)).all():
            raise ValueError("a coordinate is no finite number")
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        shapely.errors.ShapelyError,
    ) as error:
        row.wrong(
            "geometry_invalid",
            f"the geometry cannot be used ({error})",
            column="geometry",
            got=str(got),
            expected=" or ".join(kinds),
            next_step="Mend the geometry",
        )
        return None
    return geometry


def _unfolded(geometry: BaseGeometry, kinds: Sequence[str]) -> BaseGeometry:
    """A collection as one geometry of several parts, where all it holds are of one of ``kinds``."""
    if geometry.geom_type != "GeometryCollection":
        return geometry
    if any(part.geom_type not in kinds for part in geometry.geoms):
        raise ValueError("another kind of geometry, or a collection that holds one")
    parts = [one for part in geometry.geoms for one in shapely.get_parts(part)]
    if len(parts) == 1 and parts[0].geom_type in kinds:
        return parts[0]
    many = next((kind for kind in kinds if kind.startswith("Multi")), None)
    if many is None:
        raise ValueError("a collection of several geometries")
    return MultiLineString(parts) if many == "MultiLineString" else MultiPolygon(parts)


def _is_placed(row: Row, geometry: BaseGeometry, context: ReadContext) -> bool:
    """Whether the coordinates are degrees, longitude first."""
    west, south, east, north = geometry.bounds
    got = f"longitudes {west:g} to {east:g}, latitudes {south:g} to {north:g}"
    region = context.region
    x, y = (west + east) / 2, (south + north) / 2
    if region is not None and not region.holds(x, y) and region.holds(y, x):
        row.wrong(
            "place_swapped",
            "longitude and latitude seem exchanged",
            column="geometry",
            got=got,
            expected="longitude first",
            next_step="Exchange the coordinates in the file",
        )
        return False
    if west < -180 or east > 180 or south < -90 or north > 90:
        row.wrong(
            "place_range",
            "not degrees on Earth",
            column="geometry",
            got=got,
            expected="longitude -180..180, latitude -90..90",
            next_step="Reproject the layer to EPSG:4326 before it is read",
        )
        return False
    return True


def _repair(row: Row, geometry: BaseGeometry) -> BaseGeometry | None:
    if geometry.is_valid:
        return geometry
    reason = shapely.is_valid_reason(geometry)
    before = _drawn_km2(geometry)
    mended = polygons_only(shapely.make_valid(geometry))
    if mended.is_empty:
        row.wrong(
            "geometry_invalid",
            f"nothing is left of the polygon after repair ({reason})",
            column="geometry",
            got=geometry.geom_type,
            expected="a polygon with an area",
            next_step="Mend the geometry",
        )
        return None
    after = area_km2(mended)
    row.sheet.tables.problems.append(
        Problem(code="geometry_repaired", message=f"the polygon was not valid ({reason}) and was repaired; its area went from {before:.3f} to {after:.3f} km² ({after - before:+.3f})", file=row.sheet.file.label, row=row.number, column="geometry", next_step="Compare it with the map")
    )  # fmt: skip
    return mended


def _drawn_km2(geometry: BaseGeometry) -> float:
    """Area by the rings as drawn, whatever their crossings (parts that turn the other way subtract)."""
    return abs(float(WGS84.geometry_area_perimeter(geometry)[0])) / 1e6


def polygons_only(geometry: BaseGeometry) -> BaseGeometry:
    """The polygonal part of a geometry, as a MultiPolygon."""
    return merge([part for part in _polygons(geometry) if not part.is_empty])


def merge(geometries: Sequence[BaseGeometry]) -> BaseGeometry:
    """One MultiPolygon in normal form, whatever the order of the parts."""
    flat = [part for geometry in geometries for part in _polygons(geometry)]
    if len(geometries) > 1:
        flat.sort(key=shapely.to_wkb)
        flat = _polygons(shapely.union_all(flat))
    return shapely.normalize(MultiPolygon(flat))


def _polygons(geometry: BaseGeometry) -> list[BaseGeometry]:
    """Polygons of any geometry; a collection is opened two levels deep."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return [part for part in parts if part.geom_type == "Polygon"]


# -- equality by shape -----------------------------------------------------------------------
def shape_digest(geometry: BaseGeometry) -> str:
    """SHA-256 of the rings, rounded to 1e-5 degree, whatever their order, start and direction."""
    polygons = []
    for polygon in shapely.get_parts(geometry):
        rings = [_ring_bytes(ring) for ring in shapely.get_rings(polygon)]
        polygons.append(b"\x01".join([rings[0], *sorted(rings[1:])]))
    return hashlib.sha256(b"\x02".join(sorted(polygons))).hexdigest()


def _ring_bytes(ring: BaseGeometry) -> bytes:
    points: npt.NDArray[np.int64] = np.rint(shapely.get_coordinates(ring)[:-1] / SAME_WITHIN_DEG).astype(
        np.int64
    )
    moved = np.any(points != np.roll(points, 1, axis=0), axis=1)
    points = points[moved] if moved.any() else points[:1]
    # offset to non-negative numbers: big-endian bytes then sort as the numbers do
    coded = (points + 2**40).astype(">u8")
    return min(_rotated(coded), _rotated(coded[::-1]))


def _rotated(points: npt.NDArray[np.uint64]) -> bytes:
    """The rotation that comes first in order."""
    first = points[np.lexsort((points[:, 1], points[:, 0]))[0]]
    starts = np.flatnonzero((points == first).all(axis=1))
    return min(np.roll(points, -start, axis=0).tobytes() for start in starts.tolist())


# -- dated shapes ----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class DatedShape:
    """What a map showed of one holder at one time."""

    holder_party_id: str
    map_time: datetime
    describes_until: datetime
    geometry: BaseGeometry
    position_sd_m: float | None
    provenance: Record


def control_records(shapes: Sequence[DatedShape], *, source_id: str) -> list[Record]:
    """Rows of ``control``, the status told by shape against the holder's last different shape."""
    ordered = sorted(shapes, key=lambda item: (item.map_time, item.holder_party_id))
    status: dict[int, str] = {}
    for holder in dict.fromkeys(dated.holder_party_id for dated in ordered):
        own = [number for number, dated in enumerate(ordered) if dated.holder_party_id == holder]
        ground = [ordered[number].geometry for number in own]
        status |= zip(own, tell_repeats(ground, frame=_frame_of(ground[0])), strict=True)
    return [
        {
            "control_id": short_id("ctl", source_id, dated.holder_party_id, dated.map_time),
            "source_id": source_id,
            "holder_party_id": dated.holder_party_id,
            "map_time": dated.map_time,
            "describes_until": dated.describes_until,
            "status": status[number],
            "geometry": shapely.to_wkb(merge([dated.geometry])),
            "shape_digest": shape_digest(dated.geometry),
            "position_sd_m": dated.position_sd_m,
            **dated.provenance,
        }
        for number, dated in enumerate(ordered)
    ]


def _frame_of(geometry: BaseGeometry) -> LocalFrame:
    west, south, east, north = geometry.bounds
    return LocalFrame("shape", (west + east) / 2, (south + north) / 2)
