"""KML, KMZ and GPX without GDAL: what is drawn, what is said of it, and nothing from afar.

Both formats are WGS 84, longitude and latitude, by their definition. A document type is refused
before anything is read, so no entity can unfold; links to other files are counted and left alone.
"""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.parsers import expat

import numpy as np
import pyarrow as pa
import shapely

from truceline.base.errors import InputError, Problem
from truceline.sources.formats.columns import PART_ROWS, in_parts, join_batches, make_column
from truceline.sources.formats.geojson import to_wkb_any
from truceline.sources.formats.layer import (
    FAULT,
    GEOMETRY,
    ROW,
    WGS84,
    Layer,
    ReadOptions,
    broken,
    choose_layer,
)
from truceline.sources.source import InputFile

Element = ElementTree.Element


def root_name(file: InputFile, content: bytes) -> str:
    """The local name of the document's first element.

    Raises
    ------
    InputError
        If it is no XML, or declares a document type.
    """
    found: list[str] = []

    def start(name: str, _: Any) -> None:
        if not found:
            found.append(name.rpartition(":")[2])

    def refuse(*_: Any) -> None:
        raise InputError(
            Problem(code="file_format", message="the XML declares a document type, which could unfold without end", file=file.label, got="<!DOCTYPE", expected="XML without a document type", next_step="Export the layer anew")
        )  # fmt: skip

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    try:
        for place in range(0, len(content), 1 << 14):
            parser.Parse(content[place : place + (1 << 14)], False)
            if found:
                return found[0]
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise _no_xml(file, error) from error
    raise broken(file, "XML", "it has no element")


def _no_xml(file: InputFile, error: Exception) -> InputError:
    cut = any(word in str(error) for word in ("no element found", "unclosed"))
    return broken(file, "XML", error, code="file_truncated" if cut else "file_format")


@lru_cache(maxsize=4096)
def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _local(element: Element) -> str:
    return _local_name(element.tag)


def _text(element: Element | None) -> str | None:
    return None if element is None or element.text is None else element.text.strip() or None


def _walk(file: InputFile, content: bytes) -> Iterator[tuple[str, Element]]:
    root_name(file, content)
    try:
        yield from ElementTree.iterparse(io.BytesIO(content), events=("start", "end"))
    except (ElementTree.ParseError, expat.ExpatError, ValueError, LookupError) as error:
        raise _no_xml(file, error) from error


def _layer(records: Iterator[dict[str, Any]], options: ReadOptions) -> Layer:
    parts = []
    row = 1
    for part in in_parts(records, size=PART_ROWS):
        parts.append(_columns(part, first_row=row))
        row += len(part)
    return Layer(crs=WGS84, batches=iter(join_batches(parts, batch_rows=options.batch_rows)))


def _columns(records: list[dict[str, Any]], *, first_row: int) -> dict[str, pa.Array]:
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {
        name: make_column([record.get(name) for record in records])
        for name in names
        if name not in (GEOMETRY, FAULT)
    }
    geometries = np.empty(len(records), dtype=object)
    geometries[:] = [record[GEOMETRY] for record in records]
    columns[GEOMETRY] = to_wkb_any(geometries)
    columns[ROW] = pa.array(range(first_row, first_row + len(records)), pa.int64())
    columns[FAULT] = pa.array([record.get(FAULT) for record in records], pa.string())
    return columns


# -- KML -------------------------------------------------------------------------------------
_LINKS = ("NetworkLink", "GroundOverlay", "ScreenOverlay", "PhotoOverlay", "Model")
_SHAPES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack")
_WHOLE = ("int", "uint", "short", "ushort")


def read_kml(file: InputFile, content: bytes, options: ReadOptions) -> Layer:
    """A layer of the placemarks: ``name``, ``description``, ``folder``, ``time`` (or ``begin`` and
    ``end``), then the extended data in the order in which they first stand. Times stay as written.

    Raises
    ------
    InputError
        If it is no whole KML.
    """
    return _layer(_placemarks(file, content, options), options)


def _placemarks(file: InputFile, content: bytes, options: ReadOptions) -> Iterator[dict[str, Any]]:
    types: dict[str, str] = {}
    left_alone: dict[str, int] = {}
    path: list[Element] = []
    for event, element in _walk(file, content):
        name = _local(element)
        if event == "start":
            path.append(element)
            continue
        path.pop()
        if name == "SimpleField":
            types[element.get("name", "")] = element.get("type", "string")
        elif name in _LINKS:
            left_alone[name] = left_alone.get(name, 0) + 1
        elif name == "Placemark":
            yield _placemark(element, path, types)
            element.clear()
            if path:
                path[-1].remove(element)
    if left_alone:
        said = ", ".join(f"{n} {name}" for name, n in sorted(left_alone.items()))
        options.note(file, f"links and pictures were left alone, nothing was loaded: {said}.")


def _placemark(element: Element, path: list[Element], types: dict[str, str]) -> dict[str, Any]:
    record: dict[str, Any] = {"name": None, GEOMETRY: None}
    folders = [_text(_child(folder, "name")) or "" for folder in path if _local(folder) == "Folder"]
    if folders:
        record["folder"] = "/".join(folders)
    for child in element:
        match _local(child):
            case "name" | "description" as kind:
                record[kind] = _text(child)
            case "TimeStamp":
                record["time"] = _text(_child(child, "when"))
            case "TimeSpan":
                record["begin"] = _text(_child(child, "begin"))
                record["end"] = _text(_child(child, "end"))
            case "ExtendedData":
                for name, value in _extended(child, types):
                    record[f"{name}_" if name in (GEOMETRY, FAULT, ROW) else name] = value
            case kind if kind in _SHAPES:
                try:
                    record[GEOMETRY] = _shape(child)
                except (ValueError, TypeError, shapely.errors.ShapelyError) as error:
                    record[FAULT] = f"{kind}: {error}"[:120]
    return record


def _child(element: Element, name: str) -> Element | None:
    return next((child for child in element if _local(child) == name), None)


def _extended(element: Element, types: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for node in element.iter():
        match _local(node):
            case "Data":
                yield node.get("name", ""), _text(_child(node, "value"))
            case "SimpleData":
                name = node.get("name", "")
                yield name, _typed(_text(node), types.get(name, "string"))


def _typed(text: str | None, kind: str) -> Any:
    if text is None:
        return None
    try:
        if kind in _WHOLE:
            return int(text)
        if kind in ("float", "double"):
            return float(text)
        if kind == "bool":
            return {"1": True, "true": True, "0": False, "false": False}[text.casefold()]
    except (ValueError, KeyError):
        pass
    return text


def _shape(element: Element) -> Any:
    match _local(element):
        case "Point":
            return shapely.Point(_coordinates(element)[0])
        case "LineString" | "LinearRing":
            return shapely.LineString(_coordinates(element))
        case "Polygon":
            rings = {"outerBoundaryIs": [], "innerBoundaryIs": []}  # type: dict[str, list[Any]]
            for edge in element:
                if (found := rings.get(_local(edge))) is not None:
                    found += [_coordinates(ring) for ring in edge if _local(ring) == "LinearRing"]
            if len(rings["outerBoundaryIs"]) != 1:
                raise ValueError("a polygon needs one outer boundary")
            return shapely.Polygon(rings["outerBoundaryIs"][0], rings["innerBoundaryIs"])
        case "Track":
            return shapely.LineString(
                [
                    [float(part) for part in (node.text or "").split()][:2]
                    for node in element
                    if _local(node) == "coord"
                ]
            )
        case _:
            parts = [_shape(child) for child in element if _local(child) in _SHAPES]
            return _together(parts)


def _together(parts: list[Any]) -> Any:
    kinds = {part.geom_type for part in parts}
    if kinds == {"Polygon"}:
        return shapely.MultiPolygon(parts)
    if kinds == {"LineString"}:
        return shapely.MultiLineString(parts)
    if kinds == {"Point"}:
        return shapely.MultiPoint(parts)
    return shapely.GeometryCollection(parts)


def _coordinates(element: Element) -> Any:
    """Longitude and latitude; the height, which KML nearly always has as 0, is dropped."""
    node = _child(element, "coordinates")
    tuples = [] if node is None or node.text is None else node.text.split()
    if not tuples:
        raise ValueError("no coordinates")
    places = [item.split(",") for item in tuples]
    return np.array([(float(place[0]), float(place[1])) for place in _of_two(places)])


def _of_two(places: list[list[str]]) -> Iterator[list[str]]:
    for place in places:
        if len(place) < 2:
            raise ValueError(f"{','.join(place)[:40]!r} is no longitude, latitude")
        yield place


# -- GPX -------------------------------------------------------------------------------------
_GPX_LAYERS = {"wpt": "waypoints", "rte": "routes", "trk": "tracks", "rtept": "route_points", "trkpt": "track_points"}  # fmt: skip


def read_gpx(file: InputFile, content: bytes, options: ReadOptions) -> Layer:
    """A layer of the waypoints, routes or tracks; their points are layers for those who name them.

    Columns are the texts of the elements as written (``name``, ``time``, ``ele``, ``desc``, …).

    Raises
    ------
    InputError
        If it is no whole GPX, or several of the three are in it and none is named.
    """
    layers: dict[str, list[dict[str, Any]]] = {layer: [] for layer in _GPX_LAYERS.values()}
    depth: list[Element] = []
    for event, element in _walk(file, content):
        name = _local(element)
        if event == "start":
            depth.append(element)
            continue
        depth.pop()
        if name in _GPX_LAYERS:
            layers[_GPX_LAYERS[name]].append(_gpx_record(element, name))
            if name in ("wpt", "rte", "trk"):
                element.clear()
                if depth:
                    depth[-1].remove(element)
    whole = [name for name in ("waypoints", "routes", "tracks") if layers[name]]
    wanted = options.layer
    name = choose_layer([name for name in layers if layers[name]] if wanted else whole, wanted, file=file)
    return _layer(iter(layers[name]), options)


def _gpx_record(element: Element, kind: str) -> dict[str, Any]:
    record: dict[str, Any] = {"name": None, GEOMETRY: None}
    for child in element:
        if (text := _text(child)) is not None and not len(child):
            record[_local(child)] = text
    try:
        if kind in ("wpt", "rtept", "trkpt"):
            record[GEOMETRY] = shapely.Point(_gpx_place(element))
        elif kind == "rte":
            record[GEOMETRY] = shapely.LineString([_gpx_place(p) for p in element if _local(p) == "rtept"])
        else:
            segments = [
                [_gpx_place(p) for p in segment if _local(p) == "trkpt"]
                for segment in element
                if _local(segment) == "trkseg"
            ]
            record[GEOMETRY] = shapely.MultiLineString([line for line in segments if line])
    except (ValueError, TypeError, shapely.errors.ShapelyError) as error:
        record[FAULT] = f"{kind}: {error}"[:120]
    return record


def _gpx_place(element: Element) -> tuple[float, float]:
    return float(element.get("lon", "")), float(element.get("lat", ""))
