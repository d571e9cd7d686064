"""GeoPackage, Shapefile and FlatGeobuf, through pyogrio (the extra ``gis``), streamed as Arrow.

GDAL is given bytes in memory under a name that fits their format, never a path: it then writes
nothing beside the file, and what it reads is what the digest is of. The first bytes are checked
before, since GDAL would else try every driver it has, those that load from afar too.
"""

from __future__ import annotations

import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.base.errors import InputError, Problem
from truceline.sources.formats.archive import Archive, pack
from truceline.sources.formats.layer import (
    GEOMETRY,
    ROW,
    Layer,
    ReadOptions,
    broken,
    choose_layer,
    expect_sound,
)
from truceline.sources.formats.parquet import open_column
from truceline.sources.source import InputFile

#: warnings are caught for the whole process, so one reader at a time
_LOCK = threading.RLock()

_SIBLINGS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def _pyogrio(file: InputFile, kind: str) -> Any:
    try:
        import pyogrio.raw
    except ImportError as error:
        raise InputError(
            Problem(code="extra_missing", message=f"a {kind} is read through GDAL, which is not installed", file=file.label, expected="the extra `gis`", next_step="pip install 'truceline[gis]', or export the layer as GeoJSON")
        ) from error  # fmt: skip
    return pyogrio


def read_geopackage(file: InputFile, content: bytes, options: ReadOptions) -> Layer:
    """A layer of a GeoPackage; tables without geometry count only where no layer has one."""
    return _read(file, pack({"layer.gpkg": content}), options, kind="GeoPackage")


def read_flatgeobuf(file: InputFile, content: bytes, options: ReadOptions) -> Layer:
    """The layer of a FlatGeobuf."""
    return _read(file, pack({"layer.fgb": content}), options, kind="FlatGeobuf")


def read_shapefile(file: InputFile, content: bytes, options: ReadOptions) -> Layer:
    """The layer of a .shp and of what lies beside it under the same name."""
    stem, folder = file.path.stem, file.path.parent
    members = {".shp": content}
    try:
        beside = sorted(folder.iterdir())
    except OSError:
        beside = []
    for path in beside:
        suffix = path.suffix.casefold()
        if path.stem == stem and suffix in _SIBLINGS and suffix != ".shp" and path.is_file():
            members.setdefault(suffix, InputFile(path, label=_beside(file, path)).content)
    return _shapefile(file, members, options)


def _beside(file: InputFile, path: Path) -> str:
    return file.label.removesuffix(file.path.name) + path.name


def read_shapefile_zip(file: InputFile, archive: Archive, options: ReadOptions) -> Layer:
    """The layer of a ZIP of Shapefiles; several are layers by their names."""
    shapes = {name[:-4]: name for name in archive.names if name.casefold().endswith(".shp")}
    chosen = choose_layer(list(shapes), options.layer, file=file)
    members = {}
    for name in archive.names:
        stem, _, suffix = name.rpartition(".")
        if stem == chosen and f".{suffix.casefold()}" in _SIBLINGS:
            members[f".{suffix.casefold()}"] = archive.read(name)
    return _shapefile(file, members, options)


def _shapefile(file: InputFile, members: dict[str, bytes], options: ReadOptions) -> Layer:
    if ".dbf" not in members:
        options.note(file, "there is no .dbf beside it: the shapes have no attributes.")
    elif ".cpg" not in members and options.encoding is None:
        options.note(file, "no .cpg says how its texts are encoded; set `encoding` if names come out wrong.")
    if ".shx" not in members:
        members[".shx"] = _make_index(file, members[".shp"])
        options.note(file, "there is no .shx beside it: the index was made anew.")
    packed = pack({f"layer{suffix}": members[suffix] for suffix in _SIBLINGS if suffix in members})
    return _read(file, packed, options, kind="Shapefile", layer="layer")


def _make_index(file: InputFile, shp: bytes) -> bytes:
    """The .shx of a .shp: where each record begins and how long it is, in 16-bit words."""
    entries, place = [], 100
    while place + 8 <= len(shp):
        _, words = struct.unpack_from(">ii", shp, place)
        if words < 2 or place + 8 + words * 2 > len(shp):
            raise broken(file, "Shapefile", f"its record at byte {place} is cut", code="file_truncated")
        entries.append(struct.pack(">ii", place // 2, words))
        place += 8 + words * 2
    return shp[:24] + struct.pack(">i", 50 + 4 * len(entries)) + shp[28:100] + b"".join(entries)


# -- reading ---------------------------------------------------------------------------------
@contextmanager
def _said(file: InputFile, options: ReadOptions) -> Iterator[None]:
    """GDAL's warnings as notes, without the names it gives files in memory."""
    with _LOCK, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        text = re.sub(r"/vsi\S+", file.path.name, str(warning.message)).strip()
        options.note(file, f"GDAL says: {text[:200].rstrip('.')}.")


def _read(
    file: InputFile, packed: bytes, options: ReadOptions, *, kind: str, layer: str | None = None
) -> Layer:
    pyogrio = _pyogrio(file, kind)
    faults = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError, pyogrio.errors.GeometryError, pyogrio.errors.CRSError, pa.ArrowException, ValueError, RuntimeError, OSError)  # fmt: skip
    stack = _open(pyogrio, packed, options, file=file, layer=layer, kind=kind, faults=faults)
    meta = next(stack)
    crs = meta["crs"]
    return Layer(crs=None if crs is None else str(crs), batches=stack)


def _open(
    pyogrio: Any,
    packed: bytes,
    options: ReadOptions,
    *,
    file: InputFile,
    layer: str | None,
    kind: str,
    faults: tuple[type[Exception], ...],
) -> Iterator[Any]:
    """First what GDAL says of the layer, then its batches."""
    try:
        with _said(file, options):
            if layer is None:
                layer = _choose(pyogrio, packed, options, file=file)
            opened = pyogrio.raw.open_arrow(
                packed,
                layer=layer,
                batch_size=options.batch_rows,
                use_pyarrow=True,
                encoding=options.encoding,
            )
            meta, reader = opened.__enter__()
    except faults as error:
        raise broken(file, kind, _clean(file, error)) from error
    try:
        yield meta
        geometry = meta["geometry_name"] or "wkb_geometry"
        row = 1
        while True:
            try:
                with _said(file, options):
                    batch = reader.read_next_batch()
            except StopIteration:
                return
            except faults as error:
                raise broken(file, kind, _clean(file, error), code="file_truncated") from error
            yield expect_sound(file, _named(batch, geometry=geometry, first_row=row))
            row += batch.num_rows
    finally:
        with _said(file, options):
            opened.__exit__(None, None, None)


def _clean(file: InputFile, error: Exception) -> str:
    return re.sub(r"/vsi[^\s']*", file.path.name, str(error))


def _choose(pyogrio: Any, packed: bytes, options: ReadOptions, *, file: InputFile) -> str:
    layers = [(str(name), kind) for name, kind in pyogrio.list_layers(packed).tolist()]
    drawn = [name for name, kind in layers if kind is not None]
    names = [name for name, _ in layers]
    if options.layer is None and drawn and len(drawn) < len(names):
        others = ", ".join(name for name in names if name not in drawn)
        options.note(file, f"tables without geometry were left alone: {others}.")
        return choose_layer(drawn, None, file=file)
    return choose_layer(names, options.layer, file=file)


def _named(batch: pa.RecordBatch, *, geometry: str, first_row: int) -> pa.RecordBatch:
    columns = {}
    for i, name in enumerate(batch.schema.names):
        array = open_column(batch.column(i))
        columns[GEOMETRY if name == geometry else f"{name}_" if name in (GEOMETRY, ROW) else name] = array
    columns[ROW] = pa.array(np.arange(first_row, first_row + batch.num_rows))
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
