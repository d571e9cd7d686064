"""Parquet and GeoParquet (1.0 and 1.1), through Arrow alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from truceline.sources.formats.geometry import find_wkt, first_known, points_to_wkb, read_wkt
from truceline.sources.formats.layer import (
    FAULT,
    GEOMETRY,
    ROW,
    WGS84,
    Layer,
    ReadOptions,
    broken,
    expect_sound,
)
from truceline.sources.source import InputFile

_NAMES = (GEOMETRY, "geom", "wkb_geometry", "the_geom", "wkb")


def read_parquet(file: InputFile, content: bytes, options: ReadOptions) -> Layer:
    """A layer of the file's rows, streamed by row group.

    The geometry is the primary column of the metadata ``geo``; without that metadata a column of
    bytes of a usual name (WKB), or of text (WKT). Types stay as the file has them, except that
    dictionaries and large strings are laid open.

    Raises
    ------
    InputError
        If it is no whole Parquet file.
    """
    try:
        parquet = pq.ParquetFile(pa.BufferReader(content))
        schema = parquet.schema_arrow
        geo = _geo(file, schema)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise broken(file, "Parquet file", error) from error
    name, encoding, crs = _primary(schema, geo)
    return Layer(crs=crs, batches=_batches(file, parquet, options, name=name, encoding=encoding))


def _geo(file: InputFile, schema: pa.Schema) -> dict[str, Any]:
    raw = (schema.metadata or {}).get(b"geo")
    value = json.loads(raw) if raw else {}
    if not isinstance(value, dict):
        raise broken(file, "GeoParquet file", "its metadata `geo` is no object")
    return value


def _primary(schema: pa.Schema, geo: dict[str, Any]) -> tuple[str | None, str, str | None]:
    """Column, encoding and reference system of the geometry."""
    columns = geo.get("columns")
    name = geo.get("primary_column")
    if isinstance(columns, dict) and isinstance(name, str) and isinstance(columns.get(name), dict):
        about = columns[name]
        crs = WGS84 if "crs" not in about else None if about["crs"] is None else json.dumps(about["crs"])
        return name, str(about.get("encoding", "WKB")), crs
    for field in schema:
        extension = (field.metadata or {}).get(b"ARROW:extension:name") or getattr(field.type, "extension_name", "").encode()  # fmt: skip
        if extension in (b"geoarrow.wkb", b"ogc.wkb"):
            return field.name, "WKB", _extension_crs(field)
    for known in _NAMES:
        if known in schema.names and _is_bytes(_open_type(schema.field(known).type)):
            return known, "WKB", None
    return None, "", None


def _extension_crs(field: pa.Field) -> str | None:
    raw = (field.metadata or {}).get(b"ARROW:extension:metadata")
    try:
        crs = json.loads(raw).get("crs") if raw else None
    except (ValueError, AttributeError):
        return None
    return None if crs is None else crs if isinstance(crs, str) else json.dumps(crs)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _open_type(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def open_column(array: pa.Array) -> pa.Array:
    """A column in its plain type: no dictionary, no extension, no large or viewed text."""
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.string())
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind) or pa.types.is_fixed_size_binary(kind):
        return array.cast(pa.binary())
    return array


def _batches(
    file: InputFile, parquet: pq.ParquetFile, options: ReadOptions, *, name: str | None, encoding: str
) -> Iterator[pa.RecordBatch]:
    row = 1
    wkt: str | None = None
    try:
        for batch in parquet.iter_batches(batch_size=options.batch_rows):
            columns = {
                known: open_column(batch.column(i))
                for i, known in enumerate(batch.schema.names)
                if not (known == "bbox" and name is not None)
            }
            if name is not None:
                columns[GEOMETRY] = _to_wkb(file, columns.pop(name), encoding)
            else:
                texts = {known: array for known, array in columns.items() if array.type == pa.string()}
                wkt = wkt or find_wkt(list(texts), [first_known(array) for array in texts.values()])
                if wkt is not None:
                    columns[GEOMETRY], columns[FAULT], _ = read_wkt(columns.pop(wkt).to_pylist(), file=file, srid=None)  # fmt: skip
            columns[ROW] = pa.array(np.arange(row, row + batch.num_rows))
            row += batch.num_rows
            yield expect_sound(file, pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns)))
    except (pa.ArrowException, OSError) as error:
        raise broken(file, "Parquet file", error, code="file_truncated") from error


_DEPTH = {"point": 0, "linestring": 1, "multipoint": 1, "polygon": 2, "multilinestring": 2, "multipolygon": 3}


def _to_wkb(file: InputFile, column: pa.Array, encoding: str) -> pa.Array:
    """WKB from WKB or from the native encodings (x and y apart)."""
    if encoding.upper() == "WKB":
        if not _is_bytes(column.type):
            raise broken(file, "GeoParquet file", f"its geometry is {column.type}, not WKB")
        return column.cast(pa.binary())
    kind = encoding.lower()
    if kind not in _DEPTH:
        raise broken(file, "GeoParquet file", f"its geometry is encoded as {encoding!r}")
    missing = column.is_null().to_numpy(zero_copy_only=False)
    offsets = []
    inner = column
    for _ in range(_DEPTH[kind]):
        offsets.append(np.asarray(inner.offsets) - inner.offsets[0].as_py())
        inner = inner.flatten()
    if kind == "point":
        inner = column
    xy = [inner.field(part).to_numpy(zero_copy_only=False) for part in ("x", "y")]
    if kind == "point":
        wkb = points_to_wkb(*(np.asarray(values, np.float64) for values in xy))
    else:
        made = shapely.from_ragged_array(
            getattr(shapely.GeometryType, kind.upper()), np.column_stack(xy), tuple(offsets[::-1])
        )
        wkb = pa.array(shapely.to_wkb(made, byte_order=1), pa.binary())
    return pa.array([None if gone else value for gone, value in zip(missing.tolist(), wkb.to_pylist(), strict=True)], pa.binary()) if missing.any() else wkb  # fmt: skip
