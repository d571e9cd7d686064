"""Files of every common format give the same table; broken ones give one clear error."""

from __future__ import annotations

import builtins
import contextlib
import datetime as dt
import gzip
import io
import json
import os
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.base.errors import CODES, InputError
from truceline.sources.formats import FAULT, GEOMETRY, ROW, archive, open_batches, read_table
from truceline.sources.formats.sheets import MAX_REPEATED_CELLS
from truceline.sources.source import InputFile, Region

pyogrio = pytest.importorskip("pyogrio")
from pyogrio.raw import write  # noqa: E402 - after the check that it is there

REGION = Region(west_deg=10, south_deg=40, east_deg=20, north_deg=50)
POINTS = [shapely.Point(12.5, 41.25), shapely.Point(13, 42), shapely.Point(14.75, 44)]
AREAS = [shapely.box(12, 41, 13, 42), shapely.Polygon([(14, 41), (16, 41), (16, 43)], [[(15.5, 41.2), (15.8, 41.2), (15.8, 41.5)]])]  # fmt: skip
AREAS.append(shapely.MultiPolygon([shapely.box(17, 45, 18, 46), shapely.box(18.5, 45, 19, 46)]))
NAMES = ["Село Нове", "b, with a comma", 'c "quoted"']
COUNTS = [3, 1, 4]
MOMENT = dt.datetime(2031, 5, 5, 14, 30)  # noqa: DTZ001 - a workbook knows no zone
SHARES = [0.5, 1.25, 2.75]
DRIVERS = {"gpkg": "GPKG", "fgb": "FlatGeobuf", "shp": "ESRI Shapefile", "geojson": "GeoJSON", "geojsonl": "GeoJSONSeq", "kml": "KML"}  # fmt: skip
ALL = (*DRIVERS, "zip", "kmz", "parquet", "csv", "xlsx", "rfc8142", "geojson.gz")


def as_file(path: Path) -> InputFile:
    return InputFile(path, label=f"data:{path.name}")


def write_gdal(path: Path, shapes: list[Any], driver: str, *, crs: str | None = "EPSG:4326", kind: str = "Unknown", **more: Any) -> Path:  # fmt: skip
    columns = more.pop("columns", {"label": np.array(NAMES, dtype=object), "n": np.array(COUNTS), "share": np.array(SHARES)})  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(str(path), shapely.to_wkb(np.array(shapes, dtype=object)), list(columns.values()), list(columns), geometry_type=kind, crs=crs, driver=driver, encoding="utf-8", **more)  # fmt: skip
    return path


def kind_of(shapes: list[Any]) -> str:
    return "Point" if shapes[0].geom_type == "Point" else "MultiPolygon" if any("Multi" in s.geom_type for s in shapes) else "Polygon"  # fmt: skip


def write_as(ending: str, folder: Path, shapes: list[Any]) -> Path:
    """The same three rows in a format."""
    path = folder / f"layer.{ending}"
    if ending in DRIVERS:
        kind = "Unknown" if ending in ("geojson", "geojsonl", "kml") else kind_of(shapes)
        given_shapes = [shapely.MultiPolygon([s]) if kind == "MultiPolygon" and s.geom_type == "Polygon" else s for s in shapes]  # fmt: skip
        more = {"SPATIAL_INDEX": "NO"} if ending == "fgb" else {}  # which reorders the rows
        return write_gdal(path, given_shapes, DRIVERS[ending], kind=kind, **more)
    if ending == "zip":
        write_as("shp", folder, shapes)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for part in sorted(folder.glob("layer.*")):
                if part != path:
                    packed.write(part, f"folder/{part.name}")
    elif ending == "kmz":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.write(write_as("kml", folder, shapes), "doc.kml")
            packed.writestr("files/icon.png", b"x")
    elif ending == "geojson.gz":
        path.write_bytes(gzip.compress(write_as("geojson", folder, shapes).read_bytes()))
    elif ending == "rfc8142":
        path = folder / "layer.geojsons"
        lines = write_as("geojsonl", folder, shapes).read_text(encoding="utf-8").splitlines()
        path.write_text("".join(f"\x1e{line.strip(chr(30))}\n" for line in lines), encoding="utf-8")
    elif ending == "parquet":
        table = pa.table({"label": NAMES, "n": COUNTS, "share": SHARES, "geom": [shapely.to_wkb(s) for s in shapes]})  # fmt: skip
        geo = {"version": "1.1.0", "primary_column": "geom", "columns": {"geom": {"encoding": "WKB", "geometry_types": []}}}  # fmt: skip
        pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    elif ending == "csv":
        text = pa.table({"label": NAMES, "n": COUNTS, "share": SHARES, "WKT": [s.wkt for s in shapes]})
        import pyarrow.csv

        pyarrow.csv.write_csv(text, path)
    elif ending == "xlsx":
        rows = [
            ["label", "n", "share", "wkt"],
            *zip(NAMES, COUNTS, SHARES, [s.wkt for s in shapes], strict=True),
        ]
        write_book(path, {"Sheet1": [list(row) for row in rows]})
    return path


def write_book(path: Path, sheets: dict[str, list[list[Any]]], *, merged: str = "") -> Path:
    book = xlsxwriter.Workbook(str(path))
    day, moment = (
        book.add_format({"num_format": "yyyy-mm-dd"}),
        book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
    )
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        if merged:
            sheet.merge_range("A1:C1", merged)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                form = (
                    moment if isinstance(value, dt.datetime) else day if isinstance(value, dt.date) else None
                )
                if value is not None:
                    sheet.write(i + (3 if merged else 0), j, value, form)
    book.close()
    return path


def seen(path: Path, **how: Any) -> list[tuple[str, str, str, str]]:
    """Rows as texts of their values and as normalised shapes, in the file's order."""
    rows = read_table(as_file(path), **how).to_pylist()
    shapes = [shapely.normalize(shapely.from_wkb(row[GEOMETRY])) for row in rows]
    single = [shapely.get_parts(s)[0] if len(shapely.get_parts(s)) == 1 else s for s in shapes]
    labels = [row.get("label") or row["name"] for row in rows]
    return [
        (label, str(int(row["n"])), f"{float(row['share']):g}", shape.wkt)
        for label, row, shape in zip(labels, rows, single, strict=True)
    ]


def code_of(call: Callable[[], Any]) -> list[str]:
    with pytest.raises(InputError) as caught:
        call()
    assert all(problem.file and problem.message for problem in caught.value.problems)
    assert all(problem.code in CODES for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


# -- the same table whatever the format --------------------------------------------------------
@pytest.mark.parametrize("ending", ALL)
@pytest.mark.parametrize("shapes", [POINTS, AREAS], ids=["points", "areas"])
def test_every_format_gives_the_same_rows(ending: str, shapes: list[Any], tmp_path: Path) -> None:
    expected = [
        (name, str(n), f"{share:g}", shapely.normalize(shape).wkt)
        for name, n, share, shape in zip(NAMES, COUNTS, SHARES, shapes, strict=True)
    ]
    assert seen(write_as(ending, tmp_path, shapes), region=REGION) == expected


@pytest.mark.parametrize("ending", ALL)
def test_reading_is_the_same_twice_and_in_small_batches(ending: str, tmp_path: Path) -> None:
    path = write_as(ending, tmp_path, AREAS)
    whole = read_table(as_file(path))
    assert read_table(as_file(path)).equals(whole)
    parts = list(open_batches(as_file(path), batch_rows=1))
    assert len({str(part.schema) for part in parts}) == 1
    assert pa.Table.from_batches(parts).equals(whole)


@pytest.mark.parametrize("ending", ALL)
def test_nothing_is_written_beside_the_file(ending: str, tmp_path: Path) -> None:
    path = write_as(ending, tmp_path, POINTS)
    before = {known: known.read_bytes() for known in tmp_path.iterdir()}
    read_table(as_file(path))
    assert {known: known.read_bytes() for known in tmp_path.iterdir()} == before


@pytest.mark.parametrize("ending", ALL)
def test_rows_are_numbered_when_asked(ending: str, tmp_path: Path) -> None:
    table = read_table(as_file(write_as(ending, tmp_path, POINTS)), row_numbers=True)
    first = 2 if ending in ("csv", "xlsx") else 1
    assert table[ROW].to_pylist() == [first, first + 1, first + 2]
    assert table[FAULT].null_count == 3


@pytest.mark.parametrize(
    "ending", ["geojson", "geojsonl", "geojson.gz", "parquet", "csv", "xlsx", "kml", "kmz"]
)
def test_formats_without_gdal_need_no_pyogrio(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_as(ending, tmp_path, AREAS)
    _hide_pyogrio(monkeypatch)
    assert len(seen(path)) == 3


@pytest.mark.parametrize("ending", ["gpkg", "fgb", "shp", "zip"])
def test_without_pyogrio_one_error_says_what_to_install(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_as(ending, tmp_path, AREAS)
    _hide_pyogrio(monkeypatch)
    with pytest.raises(InputError, match=r"truceline\[gis\]") as caught:
        read_table(as_file(path))
    assert [problem.code for problem in caught.value.problems] == ["extra_missing"]


def _hide_pyogrio(monkeypatch: pytest.MonkeyPatch) -> None:
    known = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("pyogrio"):
            raise ImportError(name)
        return known(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)


# -- GeoJSON against GDAL ----------------------------------------------------------------------
def test_geojson_read_here_is_what_gdal_reads(tmp_path: Path) -> None:
    path = write_as("geojson", tmp_path, AREAS)
    ours = read_table(as_file(path))
    meta, theirs = pyogrio.raw.read_arrow(path)
    shapes = shapely.from_wkb(
        np.array(theirs[meta["geometry_name"] or "wkb_geometry"].to_pylist(), dtype=object)
    )
    assert shapely.equals(shapely.from_wkb(np.array(ours[GEOMETRY].to_pylist(), dtype=object)), shapes).all()
    for name in ("label", "n", "share"):
        assert ours[name].to_pylist() == theirs[name].to_pylist()


_VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5), st.lists(st.integers(), max_size=2))  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.dictionaries(st.sampled_from(["a", "b", "id", "geometry"]), _VALUES, max_size=4), min_size=1, max_size=6), batch=st.integers(1, 7))  # fmt: skip
def test_columns_have_one_type_whatever_the_batch(
    rows: list[dict[str, Any]], batch: int, tmp_path_factory: Any
) -> None:
    path = tmp_path_factory.mktemp("g") / "x.geojson"
    features = [{"type": "Feature", "properties": row, "geometry": None} for row in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    table = read_table(as_file(path), batch_rows=batch)
    assert table.num_rows == len(rows)
    assert table.schema == read_table(as_file(path)).schema
    for row, got in zip(rows, table.to_pylist(), strict=True):
        for name, value in row.items():
            if isinstance(value, str) and name != "geometry":
                assert got[name] == value


def test_layouts_of_geojson_that_occur_are_all_read(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [12, 41]}
    feature = {"type": "Feature", "id": 7, "properties": {"a": 1}, "geometry": point}
    texts = [
        json.dumps({"type": "FeatureCollection", "features": [feature]}),
        json.dumps({"features": [feature], "type": "FeatureCollection", "name": "x"}),
        json.dumps({"type": "FeatureCollection", "metadata": {"a": {"b": [1]}}, "bbox": [1, 2, 3, 4], "features": [feature]}, indent=2),
        json.dumps({"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}, "features": [feature]}),
        json.dumps({"type": "FeatureCollection", "features": [feature], "crs": {"type": "name", "properties": {"name": "EPSG:4326"}}}),
        json.dumps(feature),
        json.dumps(feature) + "\n" + json.dumps(feature) + "\n",
        "\ufeff" + json.dumps({"type": "FeatureCollection", "features": [feature]}),
        "\x1e" + json.dumps(feature) + "\n\x1e" + json.dumps(feature) + "\n",
    ]  # fmt: skip
    for text in texts:
        path = tmp_path / "x.json"
        path.write_text(text, encoding="utf-8")
        table = read_table(as_file(path))
        assert table["a"].to_pylist()[0] == 1
        assert table["id"].to_pylist()[0] == 7
        assert shapely.from_wkb(table[GEOMETRY].to_pylist()[0]) == shapely.Point(12, 41)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": []}), encoding="utf-8")
    assert read_table(as_file(path)).num_rows == 0


# -- reference systems -------------------------------------------------------------------------
@pytest.mark.parametrize("ending", ["gpkg", "fgb", "shp"])
def test_another_reference_system_is_reprojected_and_named(ending: str, tmp_path: Path) -> None:
    import pyproj

    to_metres = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True)
    metres = [shapely.transform(p, lambda xy: np.column_stack(to_metres.transform(xy[:, 0], xy[:, 1]))) for p in POINTS]  # fmt: skip
    more = {"SPATIAL_INDEX": "NO"} if ending == "fgb" else {}
    path = write_gdal(
        tmp_path / f"x.{ending}", metres, DRIVERS[ending], crs="EPSG:32633", kind="Point", **more
    )
    notes: list[str] = []
    table = read_table(as_file(path), region=REGION, notes=notes)
    got = shapely.get_coordinates(shapely.from_wkb(np.array(table[GEOMETRY].to_pylist(), dtype=object)))
    assert np.abs(got - shapely.get_coordinates(POINTS)).max() < 1e-8  # degrees: a millimetre
    assert any("UTM zone 33N" in note and "reprojected" in note for note in notes)


def test_a_layer_of_metres_without_a_reference_system_is_refused(tmp_path: Path) -> None:
    metres = [shapely.Point(p.x * 1e5, p.y * 1e5) for p in POINTS]
    path = write_gdal(tmp_path / "x.shp", metres, "ESRI Shapefile", crs=None, kind="Point")
    assert code_of(lambda: read_table(as_file(path))) == ["crs_unknown"]
    table = read_table(as_file(path), crs="EPSG:3857")
    assert table.num_rows == 3


@pytest.mark.parametrize("ending", ALL)
def test_exchanged_axes_are_refused_whole(ending: str, tmp_path: Path) -> None:
    path = write_as(ending, tmp_path, [shapely.Point(p.y, p.x) for p in POINTS])
    assert code_of(lambda: read_table(as_file(path), region=REGION)) == ["place_swapped"]
    assert read_table(as_file(path)).num_rows == 3


def test_heights_are_dropped_with_a_note(tmp_path: Path) -> None:
    high = [shapely.Point(p.x, p.y, 120) for p in POINTS]
    path = write_gdal(tmp_path / "x.gpkg", high, "GPKG", kind="Point Z")
    notes: list[str] = []
    table = read_table(as_file(path), notes=notes)
    assert [shapely.from_wkb(value).has_z for value in table[GEOMETRY].to_pylist()] == [False] * 3
    assert notes == ["data:x.gpkg: heights or measures of 3 geometries were dropped."]


def test_a_null_geometry_stays_null_and_kinds_may_be_mixed(tmp_path: Path) -> None:
    for ending in ("gpkg", "geojson"):
        shapes = [POINTS[0], AREAS[0], None]
        path = write_gdal(tmp_path / f"x.{ending}", shapes, DRIVERS[ending])
        table = read_table(as_file(path))
        assert [None if v is None else shapely.from_wkb(v).geom_type for v in table[GEOMETRY].to_pylist()] == ["Point", "Polygon", None]  # fmt: skip


def test_a_shape_that_meets_the_antimeridian_keeps_its_coordinates(tmp_path: Path) -> None:
    cut = shapely.MultiPolygon([shapely.box(179, 1, 180, 2), shapely.box(-180, 1, -179, 2)])
    path = write_gdal(tmp_path / "x.gpkg", [cut] * 3, "GPKG", kind="MultiPolygon")
    assert shapely.from_wkb(read_table(as_file(path))[GEOMETRY].to_pylist()[0]).bounds == (-180, 1, 180, 2)


# -- layers and sheets -------------------------------------------------------------------------
def test_several_layers_must_be_named(tmp_path: Path) -> None:
    path = write_gdal(tmp_path / "x.gpkg", POINTS, "GPKG", kind="Point", layer="first")
    write_gdal(path, AREAS, "GPKG", layer="second", append=False)
    with pytest.raises(InputError, match="first, second") as caught:
        read_table(as_file(path))
    assert caught.value.problems[0].code == "layer_unnamed"
    assert code_of(lambda: read_table(as_file(path), layer="third")) == ["layer_unknown"]
    assert read_table(as_file(path), layer="second").num_rows == 3


def test_tables_without_geometry_do_not_count_as_layers(tmp_path: Path) -> None:
    path = write_gdal(tmp_path / "x.gpkg", POINTS, "GPKG", kind="Point", layer="drawn")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write(str(path), None, [np.array([1])], ["a"], layer="layer_styles", driver="GPKG")
    notes: list[str] = []
    assert read_table(as_file(path), notes=notes).num_rows == 3
    assert "layer_styles" in notes[0]


def test_sheets_must_be_named_and_empty_ones_do_not_count(tmp_path: Path) -> None:
    rows = [["a", "b"], [1, "x"]]
    path = write_book(tmp_path / "x.xlsx", {"one": rows, "two": rows, "none": []})
    assert code_of(lambda: read_table(as_file(path))) == ["layer_unnamed"]
    assert code_of(lambda: read_table(as_file(path), sheet="three")) == ["layer_unknown"]
    assert read_table(as_file(path), sheet="two").to_pylist() == [{"a": 1, "b": "x"}]
    alone = write_book(tmp_path / "y.xlsx", {"one": rows, "none": []})
    assert read_table(as_file(alone)).to_pylist() == [{"a": 1, "b": "x"}]


def test_a_workbook_with_titles_gives_dates_and_numbers(tmp_path: Path) -> None:
    moment = MOMENT
    rows = [["when", "day", "n", "share", "yes", "text"], [moment, moment.date(), 3, 0.5, True, "a"], [None] * 6, [moment, moment.date(), 4, 1, False, None]]  # fmt: skip
    path = write_book(tmp_path / "x.xlsx", {"s": rows}, merged="Incidents, all of them")
    notes: list[str] = []
    table = read_table(as_file(path), row_numbers=True, notes=notes)
    kinds = [str(field.type) for field in table.schema][:6]
    assert kinds == ["timestamp[us]", "date32[day]", "int64", "double", "bool", "string"]
    assert table[ROW].to_pylist() == [5, 7]
    assert table["when"].to_pylist() == [moment, moment]
    assert "row 4" in notes[0]
    chosen = read_table(as_file(path), header_row=4)
    assert chosen.equals(table.drop_columns([ROW, FAULT]))
    assert code_of(lambda: read_table(as_file(path), header_row=99)) == ["value_range"]


def test_midnight_is_not_invented_for_a_day_among_moments(tmp_path: Path) -> None:
    rows = [["when"], [MOMENT], [dt.date(2031, 5, 6)]]
    table = read_table(as_file(write_book(tmp_path / "x.xlsx", {"s": rows})))
    assert table["when"].to_pylist() == ["2031-05-05T14:30:00", "2031-05-06"]


def test_moments_of_a_geopackage_are_in_utc_and_days_are_days(tmp_path: Path) -> None:
    columns = {"at": np.array(["2031-05-05T14:30:00"] * 3, dtype="datetime64[ms]"), "day": np.array(["2031-05-05"] * 3, dtype="datetime64[D]")}  # fmt: skip
    path = write_gdal(tmp_path / "x.gpkg", POINTS, "GPKG", kind="Point", columns=columns)
    table = read_table(as_file(path))
    assert str(table.schema.field("at").type) == "timestamp[ms, tz=UTC]"
    assert str(table.schema.field("day").type) == "date32[day]"


# -- each format's own ways --------------------------------------------------------------------
def test_a_shapefile_without_its_index_or_attributes_is_read(tmp_path: Path) -> None:
    path = write_as("shp", tmp_path, AREAS)
    before = read_table(as_file(path))[GEOMETRY].to_pylist()
    (tmp_path / "layer.shx").unlink()
    notes: list[str] = []
    assert read_table(as_file(path), notes=notes)[GEOMETRY].to_pylist() == before
    (tmp_path / "layer.dbf").unlink()
    assert read_table(as_file(path), notes=notes)[GEOMETRY].to_pylist() == before
    assert len(notes) == 2
    assert not (tmp_path / "layer.shx").exists()


def test_kml_gives_folders_times_and_data_and_follows_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr(socket, "socket", None)
    path = tmp_path / "x.kml"
    path.write_text(
        """<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>
        <NetworkLink><Link><href>http://example.org/more.kml</href></Link></NetworkLink>
        <Folder><name>Front</name><Folder><name>East</name>
        <Placemark><name>A &amp; B</name><TimeStamp><when>2031-05-05</when></TimeStamp>
        <ExtendedData><Data name="side"><value>north</value></Data></ExtendedData>
        <LineString><coordinates>12,41,0 13,42,0
        14,43,0</coordinates></LineString></Placemark></Folder></Folder>
        <Placemark><MultiGeometry><Point><coordinates>12,41</coordinates></Point><Polygon><outerBoundaryIs><LinearRing><coordinates>12,41 13,41 13,42 12,41</coordinates></LinearRing></outerBoundaryIs></Polygon></MultiGeometry></Placemark>
        <Placemark><name>broken</name><Point><coordinates>12</coordinates></Point></Placemark>
        <Placemark><gx:Track><gx:coord>12 41 0</gx:coord><gx:coord>13 42 0</gx:coord></gx:Track></Placemark>
        </Document></kml>""",
        encoding="utf-8",
    )
    notes: list[str] = []
    rows = read_table(as_file(path), notes=notes, row_numbers=True).to_pylist()
    assert (rows[0]["name"], rows[0]["folder"], rows[0]["time"], rows[0]["side"]) == ("A & B", "Front/East", "2031-05-05", "north")  # fmt: skip
    kinds = [None if row[GEOMETRY] is None else shapely.from_wkb(row[GEOMETRY]).geom_type for row in rows]
    assert kinds == ["LineString", "GeometryCollection", None, "LineString"]
    assert [bool(row[FAULT]) for row in rows] == [False, False, True, False]
    assert any("1 NetworkLink" in note for note in notes)
    assert any("1 geometries could not be read" in note for note in notes)


def test_gpx_gives_waypoints_routes_or_tracks(tmp_path: Path) -> None:
    path = tmp_path / "x.gpx"
    point = '<wpt lat="41" lon="12"><name>a</name><time>2031-05-05T10:00:00Z</time></wpt>'
    track = '<trk><name>t</name><trkseg><trkpt lat="41" lon="12"/><trkpt lat="42" lon="13"/></trkseg></trk>'
    start = '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
    path.write_text(f"{start}{point}{track}</gpx>", encoding="utf-8")
    assert code_of(lambda: read_table(as_file(path))) == ["layer_unnamed"]
    (one,) = read_table(as_file(path), layer="waypoints").to_pylist()
    assert (one["name"], one["time"]) == ("a", "2031-05-05T10:00:00Z")
    assert shapely.from_wkb(one[GEOMETRY]) == shapely.Point(12, 41)
    assert read_table(as_file(path), layer="track_points").num_rows == 2
    path.write_text(f"{start}{track}</gpx>", encoding="utf-8")
    assert shapely.from_wkb(read_table(as_file(path))[GEOMETRY].to_pylist()[0]).geom_type == "MultiLineString"


def test_the_separator_of_a_csv_is_found_and_all_is_text(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for mark in (",", ";", "\t", "|"):
        path.write_text(f'id{mark}name\n007{mark}a\n\n008{mark}"b\nc"\n009\n', encoding="utf-8")
        notes: list[str] = []
        table = read_table(as_file(path), notes=notes)
        assert table.to_pylist() == [{"id": "007", "name": "a"}, {"id": "008", "name": "b\nc"}]
        assert "1 rows" in notes[0]
    path.write_bytes("id,name\n1,Село\n".encode("cp1251"))
    assert code_of(lambda: read_table(as_file(path))) == ["file_not_text"]
    assert read_table(as_file(path), encoding="cp1251")["name"].to_pylist() == ["Село"]


def test_ewkt_and_hexadecimal_wkb_are_geometries_too(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "id,geom\n1,SRID=3857;POINT (1391490 5012341)\n2,SRID=3857;nonsense\n3,\n", encoding="utf-8"
    )
    notes: list[str] = []
    rows = read_table(as_file(path), notes=notes, row_numbers=True, region=REGION).to_pylist()
    assert 12 < shapely.from_wkb(rows[0][GEOMETRY]).x < 13
    assert (rows[1][GEOMETRY], rows[1][FAULT], rows[2][FAULT]) == (None, "the text is no WKT", None)
    path.write_text(f"id,geom\n1,{shapely.to_wkb(POINTS[0], hex=True)}\n", encoding="utf-8")
    assert shapely.from_wkb(read_table(as_file(path))[GEOMETRY].to_pylist()[0]) == POINTS[0]


def test_geoparquet_in_native_arrays_is_the_same_as_in_wkb(tmp_path: Path) -> None:
    path = write_as("parquet", tmp_path, AREAS)
    before = seen(path)
    _, xy, offsets = shapely.to_ragged_array([shapely.MultiPolygon([s]) if s.geom_type == "Polygon" else s for s in AREAS])  # fmt: skip
    values = pa.StructArray.from_arrays([xy[:, 0], xy[:, 1]], names=["x", "y"])
    for part in offsets:
        values = pa.ListArray.from_arrays(pa.array(part, pa.int32()), values)
    geo = {"version": "1.1.0", "primary_column": "geom", "columns": {"geom": {"encoding": "multipolygon", "geometry_types": []}}}  # fmt: skip
    table = pa.table({"label": NAMES, "n": COUNTS, "share": SHARES, "geom": values})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    assert seen(path) == before


# -- what must not harm ------------------------------------------------------------------------
def test_an_archive_that_unfolds_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 1_000_000)
    zeros = b"0" * 3_000_000
    path = tmp_path / "x.kmz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("doc.kml", zeros)
    assert code_of(lambda: read_table(as_file(path))) == ["file_unfolds"]
    lying = bytearray(path.read_bytes())
    for place in (lying.find(b"PK\x01\x02") + 24, lying.find(b"PK\x03\x04") + 22):
        lying[place : place + 4] = struct.pack("<I", 10)  # it claims to be ten bytes
    path.write_bytes(bytes(lying))
    assert code_of(lambda: read_table(as_file(path)))[0] in ("file_unfolds", "file_truncated")
    packed_text = tmp_path / "x.geojson.gz"
    packed_text.write_bytes(gzip.compress(zeros))
    assert code_of(lambda: read_table(as_file(packed_text))) == ["file_unfolds"]


def test_entities_that_unfold_or_load_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.kml"
    for text in (
        '<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><kml><Placemark><name>&b;</name></Placemark></kml>',
        '<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/hostname">]><kml><Placemark><name>&a;</name></Placemark></kml>',
        '<!DOCTYPE kml SYSTEM "http://example.org/x.dtd"><kml/>',
    ):
        for encoding in ("utf-8", "utf-16"):
            path.write_bytes(text.encode(encoding))
            with pytest.raises(InputError, match="document type"):
                read_table(as_file(path))
    path.write_text("<html></html>", encoding="utf-8")
    assert code_of(lambda: read_table(as_file(path))) == ["file_format"]


def test_cells_repeated_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ods"
    cell = f'<table:table-row table:number-rows-repeated="{MAX_REPEATED_CELLS}"><table:table-cell table:number-columns-repeated="2" office:value-type="string"><text:p>a</text:p></table:table-cell></table:table-row>'
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", f"<office:document-content>{cell}</office:document-content>")
    assert code_of(lambda: read_table(as_file(path))) == ["file_unfolds"]


def test_a_file_that_is_not_what_its_name_says_is_never_given_to_gdal(tmp_path: Path) -> None:
    text = '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/hostname</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    for ending in ("gpkg", "shp", "fgb", "parquet", "xlsx", "zip", "kmz", "xls", "kml", "geojson"):
        for content, code in ((text.encode(), "file_format"), (b"", "file_empty")):
            path = tmp_path / f"x.{ending}"
            path.write_bytes(content)
            assert code_of(partial(read_table, as_file(path))) == [code]


@pytest.mark.parametrize("ending", ALL)
def test_a_cut_file_is_refused_or_read_never_worse(ending: str, tmp_path: Path) -> None:
    whole = write_as(ending, tmp_path, AREAS).read_bytes()
    path = tmp_path / ("layer.geojsons" if ending == "rfc8142" else f"layer.{ending}")
    for share in (0.02, 0.3, 0.6, 0.9, 0.99):
        path.write_bytes(whole[: max(1, int(len(whole) * share))])
        with contextlib.suppress(InputError):
            read_table(as_file(path))


@pytest.mark.parametrize("ending", ALL)
def test_damage_raises_input_errors_alone(ending: str, tmp_path: Path) -> None:
    rng = random.Random(ending)
    whole = write_as(ending, tmp_path, AREAS).read_bytes()
    path = tmp_path / ("layer.geojsons" if ending == "rfc8142" else f"layer.{ending}")
    for _ in range(int(os.environ.get("TRUCELINE_N_DAMAGED", "60"))):
        spoiled = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(spoiled))
            if rng.random() < 0.7:
                spoiled[at] = rng.randrange(256)
            else:
                spoiled[at : at + rng.randint(1, 40)] = rng.randbytes(rng.randint(0, 40))
        path.write_bytes(bytes(spoiled))
        try:
            table = read_table(as_file(path), region=REGION)
            table.validate(full=True)
        except InputError:
            continue


def test_an_empty_layer_has_no_rows(tmp_path: Path) -> None:
    empty: dict[str, Any] = {"label": np.array([], dtype=object), "n": np.array([], dtype=np.int64)}
    for ending in ("gpkg", "shp"):
        path = write_gdal(tmp_path / f"x.{ending}", [], DRIVERS[ending], kind="Point", columns=empty)
        assert read_table(as_file(path)).num_rows == 0
    buffer = io.StringIO("a,b\n")
    (tmp_path / "x.csv").write_text(buffer.getvalue(), encoding="utf-8")
    assert read_table(as_file(tmp_path / "x.csv")).num_rows == 0


@pytest.mark.parametrize(("ending", "driver"), [("ods", "ODS"), ("xlsx", "XLSX")])
def test_workbooks_of_other_writers_are_read(ending: str, driver: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{ending}"
    columns = [np.array(NAMES, dtype=object), np.array(COUNTS), np.array(SHARES), np.array(["2031-05-05"] * 3, dtype="datetime64[D]")]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(str(path), None, columns, ["label", "n", "share", "day"], driver=driver, layer="s")
    table = read_table(as_file(path))
    assert table.drop_columns(["day"]).to_pylist() == [
        {"label": name, "n": n, "share": share} for name, n, share in zip(NAMES, COUNTS, SHARES, strict=True)
    ]
    assert table["day"].to_pylist() == [dt.date(2031, 5, 5)] * 3
