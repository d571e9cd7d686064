"""A user's file, whatever its format, as a header and batches of its rows."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from truceline.base.errors import InputError, Problem
from truceline.sources.batches import Batch, open_csv, stream_batches
from truceline.sources.formats import FAULT, GEOMETRY, ROW, open_batches
from truceline.sources.formats.recoded import RecodedFile
from truceline.sources.grid import Grid
from truceline.sources.rows import Row, Sheet
from truceline.sources.shapes import feature_row, features_of, row_geometry
from truceline.sources.source import InputFile, ReadContext, SourceTables
from truceline.sources.table_joined import joined_batches, joined_grid

if TYPE_CHECKING:  # the options' class stands in the plug-in, which needs this module
    from truceline.sources.table import TableOptions

#: endings of the formats that `formats.open_batches` reads, and what the option `format` calls them
OTHER_FORMATS = {".gpkg": "geopackage", ".fgb": "flatgeobuf", ".kml": "kml", ".kmz": "kml", ".gpx": "gpx", ".shp": "shapefile", ".zip": "shapefile", ".xlsx": "excel", ".xlsm": "excel", ".xlsb": "excel", ".xls": "excel", ".ods": "excel", ".geojsonl": "geojsonl", ".geojsonseq": "geojsonl", ".ndjson": "geojsonl"}  # fmt: skip
BATCH_ROWS = 65_536


@dataclass(slots=True, kw_only=True)
class OpenTable:
    """A file as it is read: batches, or (GeoJSON) all rows in memory."""

    header: list[str]
    batches: Iterator[Batch]
    grid: Grid | None = None
    has_points: bool = False


def tell_format(file: InputFile, options: TableOptions) -> str:
    """The format that the options or the file's name say; CSV where neither does."""
    if options.format != "auto":
        return options.format
    name = file.path.name.removesuffix(".gz").casefold()
    if name.endswith((".geojson", ".json")):
        return "geojson"
    if name.endswith((".parquet", ".pq", ".geoparquet")):
        return "parquet"
    ending = "." + name.rpartition(".")[2]
    return OTHER_FORMATS.get(ending, "csv")


def open_table(
    file: InputFile, options: TableOptions, *, tables: SourceTables, context: ReadContext
) -> OpenTable:
    """Open a file of any format.

    Raises
    ------
    InputError
        If it cannot be read as what it is.
    """
    kind = tell_format(file, options)
    recoded = kind == "csv" and (options.encoding not in (None, "utf-8") or (options.header_row or 1) > 1)
    if recoded and not isinstance(file, RecodedFile):
        file = RecodedFile(file, encoding=options.encoding, header_row=options.header_row)
    sheet = Sheet(file, tables, deferred=True)
    if kind == "csv":
        return _open_delimited(sheet, options)
    if kind == "geojson":
        grid = joined_grid(_point_grid(sheet), options)
        return OpenTable(header=grid.header, batches=iter(()), grid=grid, has_points=True)
    if kind == "parquet":
        parquet = _open_parquet(file)
        if b"geo" not in (parquet.schema_arrow.metadata or {}):
            sheet.check_header(parquet.schema_arrow.names, [])
            return OpenTable(header=parquet.schema_arrow.names, batches=joined_batches(_parquet_batches(sheet, parquet), options))  # fmt: skip
    given = list(open_batches(file, layer=options.layer, sheet=options.layer, header_row=options.header_row, encoding=options.encoding, crs=options.crs, region=context.region, row_numbers=True, notes=tables.notes))  # fmt: skip
    names = [name for name in given[0].schema.names if name not in (ROW, FAULT, GEOMETRY)] if given else []
    has_points = bool(given) and GEOMETRY in given[0].schema.names
    sheet.check_header(names, [])
    header = [*names, *(("longitude_deg", "latitude_deg") if has_points else ())]
    batches = joined_batches(_layer_batches(sheet, given, names), options)
    return OpenTable(header=header, batches=batches, has_points=has_points)


def _open_delimited(sheet: Sheet, options: TableOptions) -> OpenTable:
    stream = open_csv(sheet, columns=(), delimiter=options.delimiter, distinct=True)
    names = [name for name in stream.header if name]
    batches = stream_batches(sheet, stream, names)
    return OpenTable(header=names, batches=joined_batches(batches, options))


def _open_parquet(file: InputFile) -> pq.ParquetFile:
    """A Parquet file that was read once from end to end, so that it does not break off in the middle."""
    try:
        parquet = pq.ParquetFile(io.BytesIO(file.bytes()) if file.is_packed else _checked_path(file))
        for _ in parquet.iter_batches(batch_size=BATCH_ROWS):
            pass
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            Problem(code="file_format", message=f"the file is no whole Parquet file ({str(error)[:120]})", file=file.label, expected="Parquet", next_step="Write the file again")
        ) from error  # fmt: skip
    return parquet


def _checked_path(file: InputFile) -> str:
    next(file.chunks(1))  # a file that is missing or empty is told as such
    return str(file.path)


def _parquet_batches(sheet: Sheet, parquet: pq.ParquetFile) -> Iterator[Batch]:
    first = 1
    for given in parquet.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
        numbers = np.arange(first, first + given.num_rows, dtype=np.int64)
        first += given.num_rows
        columns = {name: plain(given.column(at)) for at, name in enumerate(given.schema.names)}
        yield from _account(sheet, numbers, columns)
    sheet.check_filled()


def _account(sheet: Sheet, numbers: Any, columns: dict[str, pa.Array]) -> Iterator[Batch]:
    if not len(numbers):
        return
    sheet.account.rows_read += len(numbers)
    yield Batch(
        sheet,
        numbers=numbers,
        columns=columns,
        values_at=lambda at: {name: values[at].as_py() for name, values in columns.items()},
    )


def _layer_batches(sheet: Sheet, given: list[pa.RecordBatch], names: list[str]) -> Iterator[Batch]:
    for batch in given:
        columns = {name: plain(batch.column(batch.schema.get_field_index(name))) for name in names}
        numbers = batch.column(batch.schema.get_field_index(ROW)).to_numpy().astype(np.int64)
        if GEOMETRY in batch.schema.names:
            yield from _placed(sheet, batch, columns, numbers)
        else:
            yield from _account(sheet, numbers, columns)
    sheet.check_filled()


def _placed(
    sheet: Sheet, batch: pa.RecordBatch, columns: dict[str, pa.Array], numbers: Any
) -> Iterator[Batch]:
    """A batch with the places of its points; what is no point is put aside, no geometry is no place."""
    faults = batch.column(batch.schema.get_field_index(FAULT))
    raw = batch.column(batch.schema.get_field_index(GEOMETRY)).to_pylist()
    shapes = shapely.from_wkb(np.array(raw, dtype=object), on_invalid="ignore")
    is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    missing = np.array([one is None for one in raw]) & pc.is_null(faults).to_numpy(zero_copy_only=False)
    for at in np.flatnonzero(~is_point & ~missing).tolist():
        sheet.account.rows_read += 1
        row = Row(sheet, int(numbers[at]), {name: values[at].as_py() for name, values in columns.items()})
        kind = "unreadable" if shapes[at] is None else shapes[at].geom_type
        row.wrong("geometry_invalid", f"the geometry cannot be used ({faults[at].as_py() or 'another kind of geometry'})", column=GEOMETRY, got=kind, expected="Point", next_step="Mend the geometry")  # fmt: skip
        row.close()
    if missing.any():
        sheet.tables.notes.append(f"{sheet.file.label}: {int(missing.sum())} rows have no geometry; they are kept without a place.")  # fmt: skip
    keep = np.flatnonzero(is_point | missing)
    at = pa.array(keep)
    x = np.where(is_point, shapely.get_x(shapes), np.nan)[keep]
    y = np.where(is_point, shapely.get_y(shapes), np.nan)[keep]
    kept = {name: values.take(at) for name, values in columns.items()}
    kept |= {"longitude_deg": pa.array(x, from_pandas=True), "latitude_deg": pa.array(y, from_pandas=True)}
    yield from _account(sheet, numbers[keep], kept)


def plain(values: pa.Array) -> pa.Array:
    """Values of few types: dictionaries and large texts laid open, nanoseconds cut to microseconds."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        return values.cast(pa.string())
    if pa.types.is_float32(values.type) or pa.types.is_float16(values.type):
        return values.cast(pa.float64())
    if pa.types.is_timestamp(values.type) and values.type.unit != "us":
        return values.cast(pa.timestamp("us", tz=values.type.tz), safe=False)
    return values


def _point_grid(sheet: Sheet) -> Grid:
    """Features as a grid with `longitude_deg` and `latitude_deg` of their points."""
    records: list[Mapping[str, Any]] = []
    places: list[tuple[float | None, float | None]] = []
    numbers: list[int] = []
    for number, feature in enumerate(features_of(sheet, sheet.json_value()), start=1):
        point = _plain_point(feature.get("geometry")) if isinstance(feature, dict) else None
        if point is not None:
            sheet.account.rows_read += 1
            properties = feature.get("properties")
            records.append(properties if isinstance(properties, dict) else {})
            places.append(point)
            numbers.append(number)
            continue
        for row in feature_row(sheet, number, feature):
            place = _place_of(row)
            if row.ok:
                records.append(row.values)
                places.append(place)
                numbers.append(number)
            else:
                row.close()
    sheet.check_filled()
    own = {"longitude_deg": [x for x, _ in places], "latitude_deg": [y for _, y in places]}
    header = sorted({*itertools.chain.from_iterable(records), *(own if records else ())} - {GEOMETRY})
    columns = {name: own.get(name) or [record.get(name) for record in records] for name in header}
    return Grid(sheet=sheet, header=header, columns=columns, numbers=numbers, has_points=True)


def _place_of(row: Row) -> tuple[float | None, float | None]:
    """The place of a feature that is looked at; what is wrong with it is noted on the row."""
    geometry = row.values.get(GEOMETRY)
    if (known := _plain_point(geometry)) is not None:
        return known
    if geometry is None:
        # a record without a place is still a record
        row.sheet.tables.problems.append(
            Problem(code="geometry_null", message="the feature has no geometry; it is kept without a place", file=row.sheet.file.label, row=row.number, next_step="Add the place, if it is known")
        )  # fmt: skip
        return None, None
    point = row_geometry(row, kinds=("Point",))
    return (None, None) if point is None else (point.x, point.y)


def _plain_point(geometry: Any) -> tuple[float, float] | None:
    """The place of what is plainly a point; None where it has to be looked at."""
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    place = geometry.get("coordinates")
    if not isinstance(place, list) or not 2 <= len(place) <= 3:
        return None
    if any(type(number) not in (int, float) or not math.isfinite(number) for number in place):
        return None
    return float(place[0]), float(place[1])
