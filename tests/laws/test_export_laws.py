"""Laws of every export: nothing lost or added, the same bytes everywhere, no side taken, no nulls
turned into zeros, no shape that may not be published."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pyogrio
import pytest
import python_calamine
from fixtures_exports import (
    ALPHA,
    BETA,
    EDITION,
    LICENCE,
    RUN,
    SECRET_DEG,
    write_case,
    write_result,
)
from hypothesis import given
from hypothesis import strategies as st

from truceline.exports.export import EXPORTS
from truceline.exports.fragments import json_values, plain, safe
from truceline.schema.table import NUMBER, NUMBER_BY_NAME, TEXT, TEXTS
from truceline.workflow.export import ExportOutcome, export

CHOSEN = ("fnd-1", "fnd-2", "fnd-3", "inc-1", "inc-2", "inc-3", "inc-4", "inc-5", "inc-6")
FINDINGS = {"fnd-1", "fnd-2", "fnd-3"}
INCIDENTS = {f"inc-{number}" for number in range(1, 7)}
FORMATS = EXPORTS.names()
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
KML = "{http://www.opengis.net/kml/2.2}"

Ids = tuple[set[str], set[str]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> ExportOutcome:
    folder = tmp_path_factory.mktemp("export")
    case = write_case(folder / "case")
    return export(write_result(folder / "result"), case=case, chosen=CHOSEN)


def files_of(folder: Path) -> list[Path]:
    """All files but the list of contents and what a reader of the GeoPackage put beside it."""
    skipped = (".aux.xml", ".truceline")
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(skipped)]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files_of(folder)
    }


# -- nothing lost, nothing added ------------------------------------------------------------------
def _ids_csv(folder: Path) -> Ids:
    found = []
    for name in ("findings", "incidents"):
        with (folder / "csv" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found.append({row[0] for row in list(csv.reader(file))[2:]})
    return found[0], found[1]


def _ids_geojson(folder: Path) -> Ids:
    trees = [json.loads((folder / "geojson" / f"{name}.geojson").read_text(encoding="utf-8")) for name in ("findings", "incidents")]  # fmt: skip
    return ({f["id"] for f in trees[0]["features"]}, {f["id"] for f in trees[1]["features"]})


def _ids_geoparquet(folder: Path) -> Ids:
    return (
        set(pq.read_table(folder / "geoparquet/findings.parquet")["finding_id"].to_pylist()),
        set(pq.read_table(folder / "geoparquet/incidents.parquet")["incident_id"].to_pylist()),
    )


def _ids_gpkg(folder: Path) -> Ids:
    return (
        set(_layer(folder, "findings")["finding_id"].to_pylist()),
        set(_layer(folder, "incidents")["incident_id"].to_pylist()),
    )


def _ids_kml(folder: Path) -> Ids:
    root = ET.parse(folder / "result.kml").getroot()
    data = [(d.get("name"), d.findtext(f"{KML}value")) for d in root.iter(f"{KML}Data")]
    return ({v for n, v in data if n == "finding_id"}, {v for n, v in data if n == "incident_id"})  # type: ignore[misc]


def _ids_cap(folder: Path) -> Ids:
    names = {ET.parse(path).getroot().findtext(f"{CAP}identifier", "").rsplit(".", 1)[1] for path in (folder / "cap").iterdir()}  # fmt: skip
    return ({n for n in names if n.startswith("fnd")}, {n for n in names if n.startswith("inc")})


def _ids_stix(folder: Path) -> Ids:
    objects = json.loads((folder / "result.stix.json").read_text(encoding="utf-8"))["objects"]
    known = [(o["type"], o["external_references"][0]["external_id"]) for o in objects if "external_references" in o]  # fmt: skip
    return ({v for kind, v in known if kind == "note"}, {v for kind, v in known if kind == "incident"})


def _ids_xlsx(folder: Path) -> Ids:
    book = python_calamine.load_workbook(str(folder / "result.xlsx"))
    sheets = [book.get_sheet_by_name(name).to_python() for name in ("Findings", "Incidents")]
    return ({row[0] for row in sheets[0][1:]}, {row[0] for row in sheets[1][1:]})


READERS = {name.removeprefix("_ids_"): reader for name, reader in globals().items() if name.startswith("_ids_")}  # fmt: skip


def _layer(folder: Path, name: str) -> Any:
    _, table = pyogrio.read_arrow(folder / "result.gpkg", layer=name)
    return table


@pytest.mark.parametrize("name", FORMATS)
def test_every_finding_and_incident_is_in_every_export_and_nothing_else(
    exported: ExportOutcome, name: str
) -> None:
    assert READERS[name](exported.folder) == (FINDINGS, INCIDENTS)


@pytest.mark.slow
def test_a_whole_run_is_exported_whole(tmp_path: Path) -> None:
    from truceline.workflow.demo import run_demo

    outcome = run_demo(tmp_path / "demo", pdf=False)
    folder = export(outcome.out, case=tmp_path / "demo" / "case").folder
    want = (
        {finding.finding_id for finding in outcome.results.findings},
        set(outcome.results.incidents["incident_id"].to_pylist()),
    )
    for name in set(FORMATS) - {"cap"}:
        assert READERS[name](folder) == want, name


# -- the same bytes -------------------------------------------------------------------------------
SCRIPT = """
import sys
from pathlib import Path
from truceline.workflow.export import export
out, case, to = map(Path, sys.argv[1:4])
export(out, case=case, to=to, chosen=sys.argv[4].split(","))
"""


def test_the_same_result_gives_the_same_bytes_whatever_zone_locale_seed_and_folder(
    exported: ExportOutcome, tmp_path: Path
) -> None:
    source = exported.folder.parent
    worlds = (
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "de_DE.UTF-8", "LANG": "uk_UA.UTF-8", "PYTHONHASHSEED": "4242"},
    )
    for number, world in enumerate(worlds):
        to = tmp_path / f"world {number}" / "deep"
        command = [sys.executable, "-c", SCRIPT, source, source.parent / "case", to, ",".join(CHOSEN)]
        subprocess.run(list(map(str, command)), env={**os.environ, **world}, check=True, cwd=tmp_path)
        assert digests(to) == digests(exported.folder)


# -- no side taken --------------------------------------------------------------------------------
def _swap(text: str) -> str:
    """Party ids and names exchanged, in one pass."""
    pairs = dict(zip((*ALPHA, *BETA), (*BETA, *ALPHA), strict=True))
    return re.sub("|".join(map(re.escape, pairs)), lambda found: pairs[found.group()], text)


def test_exchanging_the_parties_exchanges_them_in_every_export_and_changes_nothing_else(
    exported: ExportOutcome, tmp_path: Path
) -> None:
    turned = export(
        write_result(tmp_path / "result", parties=(BETA, ALPHA)),
        case=exported.folder.parent.parent / "case",
        chosen=CHOSEN,
    ).folder
    own = exported.folder
    for path in files_of(own):
        name = path.relative_to(own)
        if path.suffix in (".geojson", ".csv", ".kml", ".xml"):
            assert _swap(path.read_text(encoding="utf-8")) == (turned / name).read_text(encoding="utf-8"), name  # fmt: skip
        elif path.suffix == ".parquet":
            rows, others = (_swap(str(pq.read_table(p).to_pylist())) for p in (path, turned / name))
            assert rows == _swap(others), name
    for layer in ("findings", "incidents", "control", "lines", "claims", "counts", "series"):
        assert _swap(str(_layer(own, layer).to_pylist())) == str(_layer(turned, layer).to_pylist()), layer
    assert _swap(_cells(own)) == _cells(turned)
    assert _stix_without_ids(own, swap=True) == _stix_without_ids(turned, swap=False)


def _cells(folder: Path) -> str:
    book = python_calamine.load_workbook(str(folder / "result.xlsx"))
    return str([book.get_sheet_by_name(name).to_python() for name in book.sheet_names])


def _stix_without_ids(folder: Path, *, swap: bool) -> Any:
    """The bundle with the ids of the parties, which are made from theirs, put by their names."""
    text = (folder / "result.stix.json").read_text(encoding="utf-8")
    for item in json.loads(text)["objects"]:
        if item["type"] == "identity" and item["identity_class"] == "group":
            text = text.replace(item["id"], f"identity of {item['name']}")
    return json.loads(_swap(text) if swap else text)


# -- nulls, bounds, times -------------------------------------------------------------------------
def test_what_is_not_known_is_empty_in_every_export_and_never_zero(exported: ExportOutcome) -> None:
    folder = exported.folder
    with (folder / "csv/incidents.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["incident_id"]: row for row in csv.DictReader(file)}
    unknown = ("longitude_deg", "latitude_deg", "position_sd_m", "existence_p", "likelihood_ratio", "line_distance_m")  # fmt: skip
    assert all(rows["inc-2"][name] == "" for name in unknown)
    assert (rows["inc-5"]["position_sd_m"], rows["inc-5"]["line_distance_m"]) == ("0", "0")
    tree = json.loads((folder / "geojson/incidents.geojson").read_text(encoding="utf-8"))
    feature = next(f for f in tree["features"] if f["id"] == "inc-2")
    assert feature["geometry"] is None
    assert all(feature["properties"][name] is None for name in (*unknown, "act", "place_name"))
    assert next(f for f in tree["features"] if f["id"] == "inc-5")["properties"]["line_distance_m"] == 0
    for table in (pq.read_table(folder / "geoparquet/incidents.parquet"), _layer(folder, "incidents")):
        row = next(r for r in table.to_pylist() if r["incident_id"] == "inc-2")
        assert all(row[name] is None for name in unknown)
    bins = _layer(folder, "series_bins").to_pylist()
    assert [row["count"] for row in bins] == [0.0, None]
    book = python_calamine.load_workbook(str(folder / "result.xlsx"))
    head, *body = book.get_sheet_by_name("Incidents").to_python()
    row = next(r for r in body if r[0] == "inc-2")
    assert all(row[head.index(name)] == "" for name in unknown)
    objects = json.loads((folder / "result.stix.json").read_text(encoding="utf-8"))["objects"]
    incident = next(o for o in objects if o["type"] == "incident" and o["name"].startswith("act not known"))
    assert "confidence" not in incident
    alert = (folder / "cap/inc-2.xml").read_text(encoding="utf-8")
    assert "<certainty>Unknown</certainty>" in alert
    assert "<circle>" not in alert


def test_a_bound_that_cannot_be_had_is_a_word_in_every_export(exported: ExportOutcome) -> None:
    folder = exported.folder
    with (folder / "csv/findings.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["finding_id"]: row for row in csv.DictReader(file)}
    assert rows["fnd-1"]["bound_words"] == "no_bound"
    assert rows["fnd-1"]["bound_history_hi95"] == ""
    assert rows["fnd-3"]["bound_history_hi95"] == "0"
    assert rows["fnd-3"]["bound_words"].startswith("at most 0 acts")
    assert rows["fnd-3"]["bound_words"].endswith("no_bound")  # for a violator who knows the coverage
    for name in ("geojson/findings.geojson", "result.kml", "result.stix.json", "cap/fnd-1.xml"):
        assert "no_bound" in (folder / name).read_text(encoding="utf-8"), name
    table = _layer(folder, "findings").to_pylist()
    assert (table[0]["bound_words"], table[0]["bound_history_hi95"]) == ("no_bound", None)


def test_times_are_utc_and_iso_wherever_they_are_text(exported: ExportOutcome) -> None:
    moment = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[^\s\"<,)\\]*")
    utc = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|-00:00)[.;]?")
    for path in files_of(exported.folder):
        if path.suffix in (".geojson", ".csv", ".kml", ".xml", ".json"):
            found = moment.findall(path.read_text(encoding="utf-8"))
            assert [text for text in found if not utc.fullmatch(text)] == [], path.name
    with (exported.folder / "csv/incidents.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["incident_id"]: row for row in csv.DictReader(file)}
    assert rows["inc-4"]["occurred_from"] == "2031-04-01T00:00:00.123456Z"


# -- what must not leave --------------------------------------------------------------------------
@pytest.mark.parametrize("with_case", [True, False])
def test_a_shape_that_may_not_be_published_leaves_in_no_export(tmp_path: Path, with_case: bool) -> None:
    case = write_case(tmp_path / "case") if with_case else None
    folder = export(write_result(tmp_path / "result"), case=case, chosen=CHOSEN).folder
    open_shown = False
    for path in files_of(folder):
        content = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                content = b"".join(book.read(name) for name in book.namelist())
        assert str(SECRET_DEG).encode() not in content, path
        assert struct.pack("<d", SECRET_DEG) not in content, path
        if path.suffix == ".parquet":  # its pages are packed
            shapes = pq.read_table(path)["geometry"].to_pylist()
            assert not any(struct.pack("<d", SECRET_DEG) in shape for shape in shapes if shape), path
        open_shown |= b"open_map" in content and path.name == "control.geojson"
    shown = json.loads((folder / "geojson/control.geojson").read_text(encoding="utf-8"))["features"]
    assert {f["properties"]["source_id"] for f in shown} == ({"open_map"} if with_case else set())
    assert [f["properties"]["shown_at"] for f in shown] == (["start", "stop"] if with_case else [])
    assert [f["properties"]["control_id"] for f in shown] == (["ctl-open_map--1", "ctl-open_map-1"] if with_case else [])  # fmt: skip


# -- every file says what it is -------------------------------------------------------------------
def _told(folder: Path, path: Path) -> str:
    """All that a file says of itself."""
    if path.suffix == ".parquet":
        return "\n".join(value.decode() for value in (pq.read_schema(path).metadata or {}).values())
    if path.suffix == ".gpkg":
        facts = pyogrio.read_info(path, layer="incidents")["dataset_metadata"]
        return "\n".join(facts.values()) + str(_layer(folder, "metadata").to_pylist())
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return book.read("docProps/custom.xml").decode() + book.read("xl/sharedStrings.xml").decode()
    if path.suffix == ".csv":  # what it says stands beside it
        return path.with_suffix(".csv-metadata.json").read_text(encoding="utf-8")
    return path.read_text(encoding="utf-8")


def test_every_file_says_case_version_run_date_edition_and_licence(exported: ExportOutcome) -> None:
    for path in files_of(exported.folder):
        said = _told(exported.folder, path)
        for fact in ("invented", "9.8.7", RUN, "2031-04-11", EDITION, LICENCE):
            assert fact in said, (path.name, fact)


# -- cells ----------------------------------------------------------------------------------------
@given(st.lists(st.none() | st.text(), max_size=8))
def test_text_comes_back_from_json_as_it_went(texts: list[str | None]) -> None:
    import pyarrow as pa

    texts = [None if t is None else t.encode("utf-8", "replace").decode() for t in texts]
    for array in (pa.array(texts, type=TEXT), pa.array([None, *texts], type=TEXT).slice(1)):
        assert [json.loads(value) for value in json_values(array).to_pylist()] == texts


@given(st.lists(st.none() | st.lists(st.text('ab"\\\n|é', max_size=3), max_size=3), max_size=6))
def test_lists_come_back_from_json_as_they_went(lists: list[list[str] | None]) -> None:
    import pyarrow as pa

    for array in (pa.array(lists, type=TEXTS), pa.array([["x"], *lists], type=TEXTS).slice(1)):
        assert [json.loads(value) for value in json_values(array).to_pylist()] == lists


@given(st.lists(st.none() | st.dictionaries(st.text("ab\"", max_size=2), st.floats(0, 1), max_size=3), max_size=6))  # fmt: skip
def test_mappings_come_back_from_json_as_they_went(maps: list[dict[str, float] | None]) -> None:
    import pyarrow as pa

    rows = [None if item is None else list(item.items()) for item in maps]
    for array in (pa.array(rows, type=NUMBER_BY_NAME), pa.array([[("z", 0.0)], *rows], type=NUMBER_BY_NAME).slice(1)):  # fmt: skip
        assert [json.loads(value) for value in json_values(array).to_pylist()] == maps


@given(st.lists(st.none() | st.floats(), max_size=8))
def test_a_number_comes_back_to_the_last_digit_and_one_that_is_not_finite_is_null(
    numbers: list[float | None],
) -> None:
    import pyarrow as pa

    array = pa.array(numbers, type=NUMBER)
    finite = [x if x is not None and x == x and abs(x) != float("inf") else None for x in numbers]
    assert [json.loads(value) for value in json_values(array).to_pylist()] == finite
    assert [None if value is None else float(value) for value in plain(array).to_pylist()] == finite


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_no_cell_of_text_begins_like_a_formula(texts: list[str]) -> None:
    import pyarrow as pa

    texts = [t.encode("utf-8", "replace").decode() for t in texts]
    for before, after in zip(texts, safe(pa.array(texts, type=TEXT)).to_pylist(), strict=True):
        assert len(after) < 2 or after[0] not in "=+-@\t\r"
        assert after.removeprefix("'") == before.removeprefix("'") or after == before
