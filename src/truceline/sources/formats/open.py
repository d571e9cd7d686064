"""Which reader a file gets, told by its first bytes, and one form for what all of them give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module

import pyarrow as pa

from truceline.base.errors import InputError, Problem
from truceline.sources.formats.archive import Archive, unpacked
from truceline.sources.formats.geometry import Placer
from truceline.sources.formats.layer import FAULT, GEOMETRY, ROW, Layer, ReadOptions, broken, choose_layer
from truceline.sources.source import InputFile, Region

#: endings by which a format is known where the bytes are plain text
_TEXT = {".geojson": "geojson", ".json": "geojson", ".geojsonl": "geojson", ".geojsons": "geojson", ".geojsonseq": "geojson", ".ndjson": "geojson", ".jsonl": "geojson", ".kml": "xml", ".gpx": "xml", ".xml": "xml", ".csv": "csv", ".tsv": "csv", ".txt": "csv"}  # fmt: skip
_MAGIC = (
    (b"SQLite format 3\0", "geopackage"),
    (b"fgb\x03", "flatgeobuf"),
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0", "workbook"),
    (b"\0\0\x27\x0a", "shapefile"),
)
#: endings of formats that begin with bytes of their own
_BINARY = {".gpkg": "geopackage", ".fgb": "flatgeobuf", ".parquet": "parquet", ".pq": "parquet", ".geoparquet": "parquet", ".zip": "zip", ".kmz": "zip", ".xlsx": "zip", ".xlsm": "zip", ".xlsb": "zip", ".ods": "zip", ".xls": "workbook", ".shp": "shapefile"}  # fmt: skip

#: every ending that is read
SUFFIXES = (*_TEXT, *_BINARY)


def open_batches(
    file: InputFile,
    *,
    layer: str | None = None,
    sheet: str | None = None,
    batch_rows: int = 65_536,
    header_row: int | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    region: Region | None = None,
    row_numbers: bool = False,
    notes: list[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows of a file of any common format, as Arrow batches of one schema.

    Columns stand as in the file. Geometries are in the column ``geometry``: WKB, WGS 84, longitude
    first, flat; null where there is none. Types:

    - whole numbers int32 or int64, numbers float64, truth values bool, text string;
    - dates date32; moments timestamp, with UTC where the format has a zone (GeoPackage) and naive
      where it has none (workbooks, Parquet as written); GeoJSON, KML, GPX and CSV keep times as the
      text that they are, and Shapefile its moments (it has dates alone);
    - a column of mixed kinds is text (``formats.columns``); CSV is all text, an empty field null.

    ``layer`` (or ``sheet``) is needed where there are several. ``header_row``: of a workbook,
    1 being its first. ``crs``: of a layer that names none. ``region``: the case's, guards against
    exchanged axes. ``row_numbers`` adds ``#row`` (a workbook's row, a feature's position, first 1; CSV:
    the header is 1) and ``#fault`` (why a geometry is null though the file has one). ``notes``
    receives sentences that a reader should know.

    Raises
    ------
    InputError
        If the file cannot be used: at once, or at a later batch, where it is cut. Batches given
        before are then to be dropped.
    """
    options = ReadOptions(
        layer=layer,
        sheet=sheet,
        header_row=header_row,
        delimiter=delimiter,
        encoding=encoding,
        crs=crs,
        batch_rows=batch_rows,
        region=region,
        notes=[] if notes is None else notes,
    )
    return _finished(file, options, row_numbers=row_numbers)


def read_table(file: InputFile, *, notes: list[str] | None = None, **how: object) -> pa.Table:
    """The whole of a file as one table; the options are those of ``open_batches``."""
    batches = list(open_batches(file, notes=notes, **how))  # type: ignore[arg-type]  # passed on
    return pa.Table.from_batches(batches) if batches else pa.table({})


def _finished(file: InputFile, options: ReadOptions, *, row_numbers: bool) -> Iterator[pa.RecordBatch]:
    layer = _read(file, options)
    placer: Placer | None = None
    n_faults, first_fault = 0, ""
    for given in layer.batches:
        if placer is None:
            placer = Placer(file, layer.crs, options) if GEOMETRY in given.schema.names else None
        batch = given if placer is None else placer.place(given)
        if FAULT in batch.schema.names:
            faults = batch.column(batch.schema.get_field_index(FAULT))
            if faults.null_count < len(faults):
                n_faults += len(faults) - faults.null_count
                first_fault = first_fault or faults.drop_null()[0].as_py()
        yield _in_order(batch, row_numbers=row_numbers)
    if placer is not None:
        placer.close()
    if n_faults:
        options.note(file, f"{n_faults} geometries could not be read ({first_fault}); the rows have none.")


def _in_order(batch: pa.RecordBatch, *, row_numbers: bool) -> pa.RecordBatch:
    """Columns of the file, then the geometry, then what is said of the row."""
    names = [name for name in batch.schema.names if name not in (GEOMETRY, ROW, FAULT)]
    arrays = [batch.column(batch.schema.get_field_index(name)) for name in names]
    if GEOMETRY in batch.schema.names:
        names.append(GEOMETRY)
        arrays.append(batch.column(batch.schema.get_field_index(GEOMETRY)))
    if row_numbers:
        has_faults = FAULT in batch.schema.names
        faults = batch.column(batch.schema.get_field_index(FAULT)) if has_faults else pa.nulls(batch.num_rows, pa.string())  # fmt: skip
        names += [ROW, FAULT]
        arrays += [batch.column(batch.schema.get_field_index(ROW)).cast(pa.int64()), faults]
    return pa.RecordBatch.from_arrays(arrays, names=names)


# -- which reader ----------------------------------------------------------------------------
def _suffix(name: str) -> str:
    lowered = name.casefold().removesuffix(".gz")
    return "." + lowered.rpartition(".")[2] if "." in lowered else ""


def tell_format(file: InputFile, content: bytes) -> str:
    """The family of a file, by its first bytes, then by its name.

    Raises
    ------
    InputError
        If its name promises a format that its bytes are not.
    """
    for start, kind in _MAGIC:
        if content.startswith(start):
            return kind
    suffix = _suffix(file.path.name)
    if suffix in _BINARY:
        raise broken(file, f"{suffix} file", f"it begins with {content[:8]!r}")
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") and b"<" in start[:4]:
        return "xml"
    by_name = _TEXT.get(suffix)
    if by_name == "csv" or (by_name is None and start[:1] not in (b"<", b"{", b"[", b"\x1e")):
        return "csv"
    if by_name is not None and not (by_name == "geojson" and start.startswith(b"<")):
        return by_name
    return "xml" if start.startswith(b"<") else "geojson"


#: family of a file → module of this package and the reader in it, brought in when first needed
_READERS = {
    "csv": ("delimited", "read_delimited"),
    "flatgeobuf": ("gdal", "read_flatgeobuf"),
    "geojson": ("geojson", "read_geojson"),
    "geopackage": ("gdal", "read_geopackage"),
    "parquet": ("parquet", "read_parquet"),
    "shapefile": ("gdal", "read_shapefile"),
    "workbook": ("sheets", "read_sheet"),
}


def _read(file: InputFile, options: ReadOptions) -> Layer:
    content = unpacked(file)
    kind = tell_format(file, content)
    if kind == "xml":
        return _read_xml(file, content, options)
    if kind == "zip":
        return _read_zip(file, content, options)
    module, name = _READERS[kind]
    read: Callable[[InputFile, bytes, ReadOptions], Layer] = getattr(import_module(f"{__package__}.{module}"), name)  # fmt: skip
    return read(file, content, options)


def _read_xml(file: InputFile, content: bytes, options: ReadOptions) -> Layer:
    from truceline.sources.formats.xml_geo import read_gpx, read_kml, root_name

    root = root_name(file, content)
    if root in ("kml", "Document", "Folder", "Placemark"):
        return read_kml(file, content, options)
    if root == "gpx":
        return read_gpx(file, content, options)
    raise InputError(
        Problem(code="file_format", message="the XML is neither KML nor GPX", file=file.label, got=f"<{root}>", expected="<kml> or <gpx>", next_step="Export the layer as KML or GeoJSON")
    )  # fmt: skip


def _read_zip(file: InputFile, content: bytes, options: ReadOptions) -> Layer:
    archive = Archive(file, content)
    names = archive.names
    if any(name in names for name in ("xl/workbook.xml", "xl/workbook.bin", "content.xml")):
        from truceline.sources.formats.sheets import read_sheet

        return read_sheet(file, content, options, archive=archive)
    if any(name.casefold().endswith(".shp") for name in names):
        from truceline.sources.formats.gdal import read_shapefile_zip

        return read_shapefile_zip(file, archive, options)
    known = [
        name for name in names if _suffix(name) in SUFFIXES and _suffix(name) not in (".zip", ".txt", ".xml")
    ]
    kml = [name for name in known if _suffix(name) == ".kml"]
    if kml:
        # the first KML at the top is a KMZ's document; others are what it links to
        known = ["doc.kml"] if "doc.kml" in kml else kml[:1] if _suffix(file.path.name) == ".kmz" else kml
    if not known:
        raise broken(file, "ZIP of a layer", f"it holds {', '.join(names[:5]) or 'nothing'}")
    wanted = options.layer if options.layer in known else None
    chosen = wanted or (known[0] if len(known) == 1 else choose_layer(known, None, file=file))
    inner = InputFile(file.path.parent / chosen.rpartition("/")[2], label=file.label)
    inner.__dict__["content"] = archive.read(chosen)  # in memory, never on disk
    if inner.content.startswith(b"PK\x03\x04") and _suffix(chosen) in (".zip", ".kmz"):
        raise broken(file, "ZIP of a layer", "it holds another ZIP")
    return _read(inner, options if wanted is None else replace(options, layer=None))
