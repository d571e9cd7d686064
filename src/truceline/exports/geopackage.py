"""GeoPackage 1.2 (OGC): one file with every layer and table; opens styled, and plays in time, in QGIS.

Written through GDAL (extra ``gis``). GDAL and SQLite would stamp the clock into the file:
``OGR_CURRENT_DATE`` holds the as-of date in its place, so that the same result gives the same bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from truceline.base.errors import OutputError, Problem
from truceline.exports.about import about
from truceline.exports.export import EXPORTS, Export
from truceline.exports.fragments import plain, whole
from truceline.exports.geopackage_styles import style_of
from truceline.exports.map_sheets import layer_sheets
from truceline.exports.record_sheets import (
    bin_sheet,
    claim_sheet,
    count_sheet,
    metadata_sheet,
    series_sheet,
    source_sheet,
)
from truceline.exports.result import Result
from truceline.exports.sheets import Sheet
from truceline.schema import Table

FILE = "result.gpkg"
GEOMETRY = "geom"


@EXPORTS.add
class GeoPackage(Export):
    """QGIS, ArcGIS, and whatever reads GeoPackage."""

    name = "gpkg"
    version = "1"
    title = "GeoPackage, all layers and tables in one file: QGIS, ArcGIS"

    def files(self) -> list[str]:
        """One file."""
        return [FILE]

    def write(self, result: Result, folder: Path) -> None:
        """Write layers and tables, then indexes and styles."""
        gdal = need_gdal()
        sheets = sheets_of(result)
        stamp = f"{result.as_of:%Y-%m-%dT%H:%M:%S.000Z}"
        facts = {key.upper(): value for key, value in about(result).items()}
        path = folder / FILE
        with _fixed_clock(gdal, stamp):
            for number, sheet in enumerate(sheets):
                shape = {"geometry_name": GEOMETRY, "geometry_type": sheet.shape_kind, "crs": "EPSG:4326"} if sheet.shapes is not None else {}  # fmt: skip
                gdal.write_arrow(
                    _flat(sheet),
                    path,
                    layer=sheet.name,
                    driver="GPKG",
                    append=number > 0,
                    dataset_metadata=facts if number == 0 else None,
                    dataset_options={"VERSION": "1.2"},  # what every reader knows
                    layer_options={
                        "DATETIME_PRECISION": "MILLISECOND",  # the one form that the standard knows
                        "IDENTIFIER": sheet.name,
                        "DESCRIPTION": sheet.meaning,
                        **({"GEOMETRY_NAME": GEOMETRY, "SPATIAL_INDEX": "YES"} if shape else {}),
                    },
                    **shape,
                )
        with closing(sqlite3.connect(path)) as database:
            _index(database, sheets)
            _style(database, sheets, result=result, stamp=stamp)
            database.commit()


def need_gdal() -> ModuleType:
    """The library that writes GeoPackages.

    Raises
    ------
    OutputError
        ``extra_missing`` where it is not installed.
    """
    try:
        import pyogrio
    except ImportError as error:
        raise OutputError(
            Problem(code="extra_missing", message="GeoPackage is written through GDAL, which is not installed", file="gpkg", expected="the library pyogrio", next_step="Install the extra `gis`: pip install 'truceline[gis]'; or take a format that needs nothing more and opens in the same programs: --format geojson --format geoparquet")
        ) from error  # fmt: skip
    module: ModuleType = pyogrio
    return module


def sheets_of(result: Result) -> list[Sheet]:
    """Every layer and table of the file, in its order."""
    tables = [series_sheet, bin_sheet, count_sheet, claim_sheet, source_sheet, metadata_sheet]
    return [*layer_sheets(result), *(make(result) for make in tables)]


def _flat(sheet: Sheet) -> Table:
    """The sheet with lists and mappings as text: GeoPackage has no such columns."""
    columns: dict[str, Any] = {}
    for item in sheet.table.schema:
        values = whole(sheet.table[item.name])
        nested = pa.types.is_list(item.type) or pa.types.is_map(item.type)
        columns[item.name] = plain(values) if nested else values
    table = pa.table(columns)
    if sheet.shapes is None:
        return table
    # the extension name tells GDAL that the column is a geometry (GeoArrow, well-known binary)
    marked = pa.field(GEOMETRY, pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"})
    return table.append_column(marked, sheet.shapes)


@contextmanager
def _fixed_clock(gdal: ModuleType, stamp: str) -> Iterator[None]:
    """GDAL with the as-of date for a clock, and with one thread, so that pages keep their order."""
    names = ("OGR_CURRENT_DATE", "GDAL_NUM_THREADS", "OGR_GPKG_ALLOW_THREADED_RTREE")
    before = {name: gdal.get_gdal_config_option(name) for name in names}
    gdal.set_gdal_config_options(dict(zip(names, (stamp, "1", "NO"), strict=True)))
    try:
        yield
    finally:
        gdal.set_gdal_config_options(before)


def _index(database: sqlite3.Connection, sheets: list[Sheet]) -> None:
    """Indexes on ids and times; GDAL has made those on places."""
    for sheet in sheets:
        for column in (sheet.key, *(sheet.times or ())):
            database.execute(f'CREATE INDEX "idx_{sheet.name}_{column}" ON "{sheet.name}" ("{column}")')


def _style(database: sqlite3.Connection, sheets: list[Sheet], *, result: Result, stamp: str) -> None:
    """The table that QGIS keeps styles in, registered as it registers it."""
    database.execute(
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), "
        "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), "
        "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
        "update_time DATETIME)"
    )
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles', 'Styles of the layers, for QGIS', ?, 0)",
        (stamp,),
    )
    for sheet in sheets:
        style = style_of(sheet, result)
        if style is not None:
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                "styleName, styleQML, styleSLD, useAsDefault, description, owner, ui, update_time) "
                "VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '', '', ?)",
                (sheet.name, GEOMETRY, sheet.name, style, sheet.meaning, stamp),
            )
