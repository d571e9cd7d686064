"""KML, KMZ and GPX without GDAL: what is drawn, what is said of it, and nothing from afar.

Both formats are WGS 84, longitude and latitude, by their definition. A document type is refused
before anything is read, so no entity can unfold; links to other files are counted and left alone.
"""

from __future__ import annotations

import io
import itertools
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.parsers import expat

import numpy as np
import pyarrow as pa
import shapely

from truceline.base.errors import InputError, Problem
from truceline.sources.formats.columns import PART_ROWS, join_batches, make_column
from truceline.sources.formats.geojson import to_wkb_any
from truceline.sources.formats.geometry import points_to_wkb
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


class _Parts:
    """Records of a layer, turned into columns a thousand at a time."""

    def __init__(self) -> None:
        self.parts: list[dict[str, pa.Array]] = []
        self._waiting: list[dict[str, Any]] = []
        self._row = 1

    def add(self, record: dict[str, Any]) -> None:
        """Take a record; its geometry is a shape, or the two numbers of a point."""
        self._waiting.append(record)
        if len(self._waiting) == PART_ROWS:
            self._turn()

    def _turn(self) -> None:
        self.parts.append(_columns(self._waiting, first_row=self._row))
        self._row += len(self._waiting)
        self._waiting = []

    def __len__(self) -> int:
        return self._row - 1 + len(self._waiting)

    def layer(self, options: ReadOptions) -> Layer:
        """All of them."""
        if self._waiting:
            self._turn()
        return Layer(crs=WGS84, batches=iter(join_batches(self.parts, batch_rows=options.batch_rows)))


def _columns(records: list[dict[str, Any]], *, first_row: int) -> dict[str, pa.Array]:
    names = list(dict.fromkeys(itertools.chain.from_iterable(records)))
    columns = {
        name: make_column([record.get(name) for record in records])
        for name in names
        if name not in (GEOMETRY, FAULT)
    }
    columns[GEOMETRY] = _wkb([record[GEOMETRY] for record in records])
    columns[ROW] = pa.array(range(first_row, first_row + len(records)), pa.int64())
    columns[FAULT] = pa.array([record.get(FAULT) for record in records], pa.string())
    return columns


def _wkb(shapes: list[Any]) -> pa.Array:
    if all(type(shape) is tuple for shape in shapes):
        places = np.array(shapes, dtype=np.float64)
        return points_to_wkb(places[:, 0], places[:, 1])
    geometries = np.empty(len(shapes), dtype=object)
    geometries[:] = [shapely.Point(shape) if type(shape) is tuple else shape for shape in shapes]
    return to_wkb_any(geometries)


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
    parts = _Parts()
    types: dict[str, str] = {}
    left_alone: dict[str, int] = {}
    path: list[Element] = []
    folder = _Folder()
    for event, element in _walk(file, content):
        if event == "start":
            path.append(element)
            continue
        path.pop()
        name = _local_name(element.tag)
        if name == "Placemark":
            parts.add(_placemark(element, folder.name(path), types))
            element.clear()
            if path:
                path[-1].remove(element)
        elif name == "SimpleField":
            types[element.get("name", "")] = element.get("type", "string")
        elif name in _LINKS:
            left_alone[name] = left_alone.get(name, 0) + 1
    if left_alone:
        said = ", ".join(f"{n} {name}" for name, n in sorted(left_alone.items()))
        options.note(file, f"links and pictures were left alone, nothing was loaded: {said}.")
    return parts.layer(options)


class _Folder:
    """Where placemarks stand: looked up anew only where something was added beside them."""

    def __init__(self) -> None:
        self._seen: tuple[Element, int] | None = None
        self._name: str | None = None

    def name(self, path: list[Element]) -> str | None:
        """Names of the folders on the way, parted by a slash; None where there is none."""
        if not path:
            return None
        inner = path[-1]
        if self._seen is None or self._seen[0] is not inner or self._seen[1] != len(inner):
            self._seen = inner, len(inner)
            names = [_text(_child(one, "name")) or "" for one in path if _local(one) == "Folder"]
            self._name = "/".join(names) if names else None
        return self._name


def _placemark(element: Element, folder: str | None, types: dict[str, str]) -> dict[str, Any]:
    record: dict[str, Any] = {"name": None, GEOMETRY: None}
    if folder is not None:
        record["folder"] = folder
    for child in element:
        match _local_name(child.tag):
            case "name" | "description" as kind:
                record[kind] = _text(child)
            case "TimeStamp":
                record["time"] = _text(_child(child, "when"))
            case "Point":
                try:
                    record[GEOMETRY] = _point(child)
                except ValueError as error:
                    record[FAULT] = f"Point: {error}"[:120]
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


def _point(element: Element) -> tuple[float, float]:
    """The first place of a point; all of them have to be places."""
    node = _child(element, "coordinates")
    text = "" if node is None or node.text is None else node.text.strip()
    numbers = text.split(",")
    if len(numbers) in (2, 3) and len(text.split()) == 1:
        return float(numbers[0]), float(numbers[1])
    longitude, latitude = _coordinates(element)[0].tolist()
    return longitude, latitude


def _child(element: Element, name: str) -> Element | None:
    for child in element:
        if _local_name(child.tag) == name:
            return child
    return None


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
    layers = {layer: _Parts() for layer in _GPX_LAYERS.values()}
    present: dict[str, bool] = dict.fromkeys(layers, False)
    wanted = options.layer
    depth: list[Element] = []
    for event, element in _walk(file, content):
        if event == "start":
            depth.append(element)
            continue
        depth.pop()
        name = _local_name(element.tag)
        if name not in _GPX_LAYERS:
            continue
        layer = _GPX_LAYERS[name]
        present[layer] = True
        is_whole = name in ("wpt", "rte", "trk")
        if layer == wanted or (wanted is None and is_whole):
            layers[layer].add(_gpx_record(element, name))
        if is_whole:
            element.clear()
            if depth:
                depth[-1].remove(element)
    whole = [name for name in ("waypoints", "routes", "tracks") if present[name]]
    name = choose_layer([name for name in layers if present[name]] if wanted else whole, wanted, file=file)
    return layers[name].layer(options)


def _gpx_record(element: Element, kind: str) -> dict[str, Any]:
    record: dict[str, Any] = {"name": None, GEOMETRY: None}
    for child in element:
        if (text := _text(child)) is not None and not len(child):
            record[_local_name(child.tag)] = text
    try:
        if kind in ("wpt", "rtept", "trkpt"):
            record[GEOMETRY] = _gpx_place(element)
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
