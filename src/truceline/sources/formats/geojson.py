"""GeoJSON (RFC 7946), GeoJSON Lines, and GeoJSON text sequences (RFC 8142), without GDAL.

Features are taken from the text one by one, so that only the text and the finished columns are
in memory, not a tree of the whole file. Nothing is guessed of properties: text stays text.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Generator, Iterator
from json.decoder import JSONDecoder
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from shapely.geometry import shape

from truceline.base.errors import InputError, Problem
from truceline.sources.formats.columns import PART_ROWS, in_parts, join_batches, make_column
from truceline.sources.formats.geometry import points_to_wkb, to_wkb
from truceline.sources.formats.layer import FAULT, GEOMETRY, ROW, WGS84, Layer, ReadOptions, broken
from truceline.sources.source import InputFile

_DECODER = JSONDecoder()
_BLANKS = re.compile(r"[ \t\n\r]*")
_BARE = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")  # fmt: skip
_RECORD = "\x1e"
#: text that is parsed at once: few values stand in memory, and equal names are kept once
_BLOCK_CHARACTERS = 1 << 16


def read_geojson(file: InputFile, content: bytes, options: ReadOptions) -> Layer:
    """A layer of the features, with their properties as columns.

    Raises
    ------
    InputError
        If the text is no GeoJSON, or ends in the middle.
    """
    text = _decode(file, content)
    crs: list[str] = []
    parts: list[dict[str, pa.Array]] = []
    row = 1
    try:
        for features in in_parts(_features(file, text, crs), size=PART_ROWS):
            parts.append(_columns(features, first_row=row))
            row += len(features)
    except json.JSONDecodeError as error:
        raise json_fault(file, text, error) from error
    except RecursionError as error:
        raise broken(file, "GeoJSON", "it is nested too deeply") from error
    batches = join_batches(parts, batch_rows=options.batch_rows)
    return Layer(crs=crs[0] if crs else WGS84, batches=iter(batches))


def _decode(file: InputFile, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            Problem(code="file_not_text", message=f"byte {error.start} is not UTF-8", file=file.label, row=row, got=repr(content[error.start : error.start + 8]), expected="UTF-8 text", next_step="Convert the file to UTF-8")
        ) from error  # fmt: skip


def json_fault(file: InputFile, text: str, error: json.JSONDecodeError) -> InputError:
    """The error of a text that is not whole JSON, with its line and column."""
    cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
    return InputError(
        Problem(code="file_truncated" if cut else "file_format", message=f"the file is not whole JSON ({error.msg})", file=file.label, row=error.lineno, column=str(error.colno), got=text[max(0, error.pos - 20) : error.pos + 20], expected="a JSON text", next_step="Fetch the file again")
    )  # fmt: skip


def _features(file: InputFile, text: str, crs: list[str]) -> Iterator[Any]:
    """Features one by one; a reference system that the file names is put into ``crs`` first."""
    start = _skip(text, 0)
    if text[start : start + 1] == _RECORD:
        yield from itertools.chain.from_iterable(
            _of_value(file, _DECODER.decode(record), crs) for record in text.split(_RECORD) if record.strip()
        )
        return
    opening = _open_features(text, start)
    if opening is None:
        yield from _of_texts(file, text, crs)
        return
    outer, place = opening
    place = yield from _by_blocks(text, _skip(text, place))
    while text[place : place + 1] != "]":
        feature, place = _DECODER.raw_decode(text, place)
        yield feature
        place = _skip(text, place)
        mark = text[place : place + 1]
        if mark == ",":
            place = _skip(text, place + 1)
        elif mark != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
    # what stands after the features, read as the rest of an object
    place = _skip(text, place + 1)
    rest, end = _members(text, place, first=False)
    if _skip(text, end) < len(text):
        raise json.JSONDecodeError("Extra data", text, _skip(text, end))
    _check_collection(file, {**outer, "features": [], **rest}, crs)


def _by_blocks(text: str, place: int) -> Generator[Any, None, int]:
    """Features many at a time, as far as that goes; the place at which the next one stands.

    What stands between the first two features, with the start of the second, is taken for the mark
    between all of them. A block cut at such a mark is whole features or no JSON: a cut inside a
    feature or a text leaves a bracket or a quote open, and the rest is then read one by one.
    """
    if text[place : place + 1] == "]":
        return place
    _, end = _DECODER.raw_decode(text, place)
    comma = _skip(text, end)
    if text[comma : comma + 1] != ",":
        return place
    mark = text[end : _skip(text, comma + 1) + 8]
    while (cut := text.rfind(mark, place, place + _BLOCK_CHARACTERS)) > place:
        try:
            block = json.loads(f"[{text[place:cut]}]")
        except (json.JSONDecodeError, RecursionError):
            return place
        yield from block
        place = _skip(text, text.index(",", cut) + 1)
    return place


def _by_lines(text: str, place: int) -> Generator[Any, None, int]:
    """Features that stand a line each, many at a time, as ``_by_blocks``."""
    while (cut := text.rfind("\n", place, place + _BLOCK_CHARACTERS)) > place:
        lines = [line for line in text[place:cut].split("\n") if not line.isspace() and line]
        try:
            block = json.loads(f"[{','.join(lines)}]")
        except (json.JSONDecodeError, RecursionError):
            return place
        if any(not isinstance(value, dict) or value.get("type") != "Feature" for value in block):
            return place
        yield from block
        place = cut + 1
    return _skip(text, place)


def _open_features(text: str, start: int) -> tuple[dict[str, Any], int] | None:
    """Members before the array of features, and where that begins; None where there is none."""
    if text[start : start + 1] != "{":
        return None
    outer, place = _members(text, _skip(text, start + 1), first=True, until="features")
    return (outer, place + 1) if text[place : place + 1] == "[" else None


def _members(text: str, place: int, *, first: bool, until: str | None = None) -> tuple[dict[str, Any], int]:
    """Members of an object from ``place`` to its end, or to the value of the member ``until``."""
    found: dict[str, Any] = {}
    while text[place : place + 1] != "}":
        if not first:
            if text[place : place + 1] != ",":
                raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
            place = _skip(text, place + 1)
        first = False
        if text[place : place + 1] != '"':
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, place)
        name, place = _DECODER.raw_decode(text, place)
        place = _skip(text, place)
        if text[place : place + 1] != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", text, place)
        place = _skip(text, place + 1)
        if name == until:
            return found, place
        found[name], place = _DECODER.raw_decode(text, place)
        place = _skip(text, place)
    return found, place + 1


def _of_texts(file: InputFile, text: str, crs: list[str]) -> Iterator[Any]:
    """A text that is one value, or a value a line."""
    place = _skip(text, 0)
    value, place = _DECODER.raw_decode(text, place)
    rest = _skip(text, place)
    yield from _of_value(file, value, crs)
    if rest < len(text) and isinstance(value, dict) and value.get("type") == "Feature":
        rest = yield from _by_lines(text, rest)
        rest = _skip(text, rest)
    while rest < len(text):
        is_line = isinstance(value, dict) and value.get("type") == "Feature"
        if not is_line:
            raise json.JSONDecodeError("Extra data", text, rest)
        value, place = _DECODER.raw_decode(text, rest)
        rest = _skip(text, place)
        yield from _of_value(file, value, crs)


def _of_value(file: InputFile, value: Any, crs: list[str]) -> Iterator[Any]:
    if isinstance(value, dict) and value.get("type") == "Feature":
        _keep_crs(value.get("crs"), crs)
        yield value
    elif isinstance(value, dict) and value.get("type") in _BARE:
        _keep_crs(value.get("crs"), crs)
        yield {"type": "Feature", "properties": {}, "geometry": value}
    else:
        _check_collection(file, value, crs)
        yield from value["features"]


def _check_collection(file: InputFile, value: Any, crs: list[str]) -> None:
    if not isinstance(value, dict) or value.get("type") != "FeatureCollection" or not isinstance(value.get("features"), list):  # fmt: skip
        got = value.get("type") if isinstance(value, dict) else type(value).__name__
        raise InputError(
            Problem(code="file_format", message="the JSON is no FeatureCollection", file=file.label, got=str(got), expected="a GeoJSON FeatureCollection", next_step="Give the file as GeoJSON")
        )  # fmt: skip
    _keep_crs(value.get("crs"), crs)


def _keep_crs(member: Any, crs: list[str]) -> None:
    """The name of an old-style ``crs`` member."""
    if member is None:
        return
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    crs.append(str(name if name is not None else member))


def _skip(text: str, place: int) -> int:
    match = _BLANKS.match(text, place)
    return match.end() if match else place


# -- columns ---------------------------------------------------------------------------------
def _columns(features: list[Any], *, first_row: int) -> dict[str, pa.Array]:
    records = [feature if isinstance(feature, dict) else {} for feature in features]
    found = [record.get("properties") for record in records]
    properties: list[dict[str, Any]] = [value if isinstance(value, dict) else {} for value in found]
    names = list(dict.fromkeys(itertools.chain.from_iterable(properties)))
    columns: dict[str, pa.Array] = {}
    for name in names:
        clean = name.encode("utf-8", "replace").decode("utf-8")
        kept = clean + "_" if clean in (GEOMETRY, ROW, FAULT) else clean
        columns[kept] = make_column([values.get(name) for values in properties])
    ids = [record.get("id") for record in records]
    if "id" not in columns and any(value is not None for value in ids):
        columns["id"] = make_column(ids)
    wkb, faults = _geometries([record.get("geometry") for record in records])
    for i, feature in enumerate(features):
        if not isinstance(feature, dict):
            faults[i] = "no feature"
    columns[GEOMETRY] = wkb
    columns[ROW] = pa.array(range(first_row, first_row + len(features)), pa.int64())
    columns[FAULT] = pa.array(faults, pa.string())
    return columns


def _geometries(values: list[Any]) -> tuple[pa.Array, list[str | None]]:
    faults: list[str | None] = [None] * len(values)
    points = _points(values)
    if points is not None:
        return points_to_wkb(points[:, 0], points[:, 1]), faults
    geometries = np.empty(len(values), dtype=object)
    with np.errstate(invalid="ignore"):
        for i, value in enumerate(values):
            if value is None:
                continue
            try:
                geometries[i] = shape(value)
            except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, shapely.errors.ShapelyError) as error:  # fmt: skip
                faults[i] = f"{type(error).__name__}: {error}"[:120]
    return to_wkb_any(geometries), faults


def to_wkb_any(geometries: Any) -> pa.Array:
    """WKB with the heights that there are: they are counted before they are dropped."""
    if shapely.has_z(geometries).any():
        return pa.array(shapely.to_wkb(geometries, byte_order=1), pa.binary())
    return to_wkb(geometries)


def _points(values: list[Any]) -> Any:
    """Coordinates where all are flat points, else None."""
    try:
        if any(value["type"] != "Point" for value in values):
            return None
        array = np.array([value["coordinates"] for value in values])
    except (TypeError, KeyError, ValueError):
        return None
    fits = array.ndim == 2 and array.shape[1] == 2 and array.dtype.kind in "if"
    return array.astype(np.float64) if fits else None
