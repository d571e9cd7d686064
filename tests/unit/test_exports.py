"""Formats one by one, the verb that writes them, and every fault it tells."""

from __future__ import annotations

import builtins
import csv
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pyogrio
import pytest
import python_calamine
import shapely
import stix2
from fixtures_exports import HOSTILE, RUN, START, write_case, write_result

from truceline.base.errors import CallError, OutputError, Problem, TrucelineError
from truceline.custody.manifest import Manifest, read_manifest
from truceline.exports import cap, kml, stix, xlsx
from truceline.exports.cap import certainty_of
from truceline.exports.export import EXPORTS, Export
from truceline.exports.result import read_result
from truceline.exports.sheets import incident_sheet
from truceline.faces.cli.main import run
from truceline.store.folder import CONTENTS, OutputFolder
from truceline.workflow import export as verb
from truceline.workflow.export import ExportOutcome, export

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("case") / "case")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, case: Path) -> ExportOutcome:
    folder = tmp_path_factory.mktemp("exported")
    return export(write_result(folder / "result"), case=case, chosen=["fnd-1", "inc-1"])


def codes_of(error: pytest.ExceptionInfo[TrucelineError]) -> list[str]:
    return [problem.code for problem in error.value.problems]


# -- formats --------------------------------------------------------------------------------------
def test_a_geopackage_reads_back_as_it_was_written(exported: ExportOutcome, case: Path) -> None:
    sheet = incident_sheet(read_result(exported.folder.parent))
    meta, table = pyogrio.read_arrow(exported.folder / "result.gpkg", layer="incidents")
    assert (meta["crs"], meta["geometry_type"]) == ("EPSG:4326", "Point")
    for row, want in zip(table.to_pylist(), sheet.rows, strict=True):
        for name, value in want.items():
            got = row[name]
            if isinstance(value, list):
                assert got == "|".join(value)
            elif isinstance(value, dict):
                assert got == "|".join(f"{key}={number:g}" for key, number in value.items())
            elif name.startswith("occurred"):  # GeoPackage knows milliseconds
                assert abs((got.replace(tzinfo=value.tzinfo) - value).total_seconds()) < 0.001
            elif name == "place_name" and value == HOSTILE:
                assert got == HOSTILE
            else:
                assert got == value, name
    points = [None if shape is None else shapely.from_wkb(shape) for shape in table[meta["geometry_name"]].to_pylist()]  # fmt: skip
    assert [p is None for p in points] == [row["longitude_deg"] is None for row in sheet.rows]
    assert (points[0].x, points[0].y) == (15.5, 45.25)


def test_a_geopackage_has_indexes_and_a_style_for_each_layer_that_plays_in_time(
    exported: ExportOutcome,
) -> None:
    with sqlite3.connect(exported.folder / "result.gpkg") as database:
        styles = dict(database.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault"))
        indexes = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        times = [row[0] for row in database.execute("SELECT occurred_from FROM incidents ORDER BY fid")]
        stamps = {row[0] for row in database.execute("SELECT last_change FROM gpkg_contents")}
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert set(styles) == {"areas", "control", "lines", "findings", "observations", "incidents"}
    for name, qml in styles.items():
        temporal = ET.fromstring(qml).find("temporal")
        assert (temporal is None) == (name == "areas")
        if temporal is not None:
            assert (temporal.get("enabled"), temporal.get("mode"), temporal.get("limitMode")) == ("1", "2", "0")  # fmt: skip
    assert {"idx_incidents_incident_id", "idx_incidents_occurred_from"} <= indexes
    assert times[0] == "2031-04-01T00:00:00.000Z"
    assert stamps == {"2031-04-11T00:00:00.000Z"}
    assert "rtree_incidents_geom" in tables


def test_gdal_keeps_the_options_that_the_caller_had_set(exported: ExportOutcome, tmp_path: Path) -> None:
    pyogrio.set_gdal_config_options({"GDAL_NUM_THREADS": "2"})
    try:
        export(exported.folder.parent, formats=["gpkg"], to=tmp_path / "to")
        assert str(pyogrio.get_gdal_config_option("GDAL_NUM_THREADS")) == "2"
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None
    finally:
        pyogrio.set_gdal_config_options({"GDAL_NUM_THREADS": None})


def test_geojson_turns_outer_rings_anticlockwise_and_puts_longitude_first(exported: ExportOutcome) -> None:
    tree = json.loads((exported.folder / "geojson/control.geojson").read_text(encoding="utf-8"))
    assert tree["type"] == "FeatureCollection"
    for feature in tree["features"]:
        for polygon in shapely.geometry.shape(feature["geometry"]).geoms:
            assert polygon.exterior.is_ccw
            assert polygon.bounds[0] == 11.0
    incidents = json.loads((exported.folder / "geojson/incidents.geojson").read_text(encoding="utf-8"))
    assert incidents["features"][0]["geometry"]["coordinates"] == [15.5, 45.25]
    assert incidents["features"][0]["properties"]["source_ids"] == ["acoustic"]
    assert incidents["features"][2]["properties"]["place_name"] == HOSTILE


def test_a_line_is_told_apart_from_what_is_none_and_says_by_what(exported: ExportOutcome) -> None:
    tree = json.loads((exported.folder / "geojson/lines.geojson").read_text(encoding="utf-8"))
    facts = [feature["properties"] for feature in tree["features"]]
    assert {fact["source_id"] for fact in facts} == {"open_map"}
    assert {fact["shown_at"] for fact in facts} == {"start", "stop"}
    assert {fact["reason"] for fact in facts} == {"contact", "unknown"}  # only the east edge ever moved
    assert {fact["told_by"] for fact in facts} == {"movement"}
    for moment, east in (("start", 13.9), ("stop", 14.1)):
        contact = [
            shapely.geometry.shape(feature["geometry"])
            for feature, fact in zip(tree["features"], facts, strict=True)
            if (fact["shown_at"], fact["reason"]) == (moment, "contact")
        ]
        assert max(line.bounds[2] for line in contact) == pytest.approx(east, abs=0.001)
        assert min(line.bounds[0] for line in contact) > 12  # the west edge at 11 never moved


def test_geoparquet_says_what_its_specification_asks_for(exported: ExportOutcome) -> None:
    path = exported.folder / "geoparquet/incidents.parquet"
    metadata = pq.read_schema(path).metadata
    geo = json.loads(metadata[b"geo"])
    column = geo["columns"][geo["primary_column"]]
    assert geo["version"] == "1.1.0"
    assert (column["encoding"], column["geometry_types"]) == ("WKB", ["Point"])
    assert column["bbox"] == [15.5, 45.25, 15.5, 45.25]
    assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    rows = pq.read_table(path).to_pylist()
    assert rows[0]["bbox"] == {"xmin": 15.5, "ymin": 45.25, "xmax": 15.5, "ymax": 45.25}
    assert (rows[1]["bbox"], rows[1]["geometry"]) == (None, None)
    empty = json.loads(pq.read_schema(exported.folder / "geoparquet/areas.parquet").metadata[b"geo"])
    assert empty["columns"]["geometry"]["bbox"] == [10.0, 40.0, 20.0, 50.0]


def test_csv_has_hashtags_in_its_second_row_and_no_cell_that_is_a_formula(exported: ExportOutcome) -> None:
    for name in ("findings", "incidents", "counts", "claims"):
        with (exported.folder / "csv" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            head, tags, *rows = csv.reader(file)
        assert len(head) == len(tags)
        assert all(tag == "" or tag.startswith("#") for tag in tags)
        assert all(len(row) == len(head) for row in rows)
        for row in rows:
            for column, cell in zip(head, row, strict=True):
                number = column == "line_distance_m"
                assert len(cell) < 2 or cell[0] not in "=+-@" or number, column
    with (exported.folder / "csv/incidents.csv").open(encoding="utf-8", newline="") as file:
        pairs = dict(zip(*list(csv.reader(file))[:2], strict=True))
    assert pairs["longitude_deg"] == "#geo+lon"
    assert pairs["occurred_from"] == "#date+occurred+start"
    assert pairs["incident_id"] == "#event+id"


def test_csv_is_described_beside_it(exported: ExportOutcome) -> None:
    described = json.loads((exported.folder / "csv/incidents.csv-metadata.json").read_text(encoding="utf-8"))
    with (exported.folder / "csv/incidents.csv").open(encoding="utf-8", newline="") as file:
        head = next(csv.reader(file))
    assert [column["name"] for column in described["tableSchema"]["columns"]] == head
    assert described["dialect"]["headerRowCount"] == 2


def test_kml_elements_stand_in_the_order_of_the_schema(exported: ExportOutcome) -> None:
    order = ["name", "open", "description", "TimeSpan", "styleUrl", "Style", "ExtendedData", "Point", "MultiGeometry", "Folder"]  # fmt: skip
    root = ET.parse(exported.folder / "result.kml").getroot()
    for kind in ("Document", "Folder", "Placemark"):
        for element in root.iter(f"{{{kml.NAMESPACE}}}{kind}"):
            names = [child.tag.split("}")[1] for child in element]
            places = [order.index(name) for name in names if name != "Placemark"]
            assert places == sorted(places), names


def test_cap_elements_stand_in_the_order_of_the_schema(exported: ExportOutcome) -> None:
    alert = ET.parse(exported.folder / "cap/inc-1.xml").getroot()
    assert [child.tag.removeprefix(CAP) for child in alert] == ["identifier", "sender", "sent", "status", "msgType", "source", "scope", "note", "incidents", "info"]  # fmt: skip
    info = alert.find(f"{CAP}info")
    assert info is not None
    names = list(dict.fromkeys(child.tag.removeprefix(CAP) for child in info))
    assert names == ["language", "category", "event", "urgency", "severity", "certainty", "onset", "senderName", "headline", "description", "parameter", "area"]  # fmt: skip
    assert alert.findtext(f"{CAP}sent") == "2031-04-11T00:00:00-00:00"
    assert alert.findtext(f"{CAP}status") == "Exercise"
    assert info.findtext(f"{CAP}area/{CAP}circle") == "45.25000,15.50000 0.979"  # 2.4477 × 0.4 km
    finding = ET.parse(exported.folder / "cap/fnd-1.xml").getroot()
    polygon = finding.findtext(f"{CAP}info/{CAP}area/{CAP}polygon", "").split()
    assert polygon[0] == polygon[-1]
    assert len(polygon) == 5


def test_a_real_case_is_actual_and_an_edition_that_is_not_public_is_restricted(tmp_path: Path) -> None:
    out = write_result(tmp_path / "r", invented=False, edition="Mission: not for release. Because.")
    folder = export(out, formats=["cap", "stix"], chosen=["inc-1"]).folder
    alert = ET.parse(folder / "cap/inc-1.xml").getroot()
    assert alert.findtext(f"{CAP}status") == "Actual"
    assert alert.findtext(f"{CAP}scope") == "Restricted"
    assert alert.findtext(f"{CAP}restriction") == "Mission: not for release. Because."
    bundle = json.loads((folder / "result.stix.json").read_text(encoding="utf-8"))
    assert bundle["objects"][0]["name"] == "TLP:AMBER"
    assert {ref for o in bundle["objects"] for ref in o.get("object_marking_refs", ())} >= {stix.TLP_AMBER}
    assert stix.TLP_WHITE not in json.dumps(bundle)


def test_the_edition_of_the_run_decides_who_may_see_it_whatever_its_words_say(tmp_path: Path) -> None:
    for edition, public in (("public", True), ("public_full", True), ("mission", False), ("other", False)):
        out = write_result(tmp_path / edition, edition="Whatever language this is in.")
        line = {"kind": "run", "run_id": RUN, "case": "invented", "edition": edition}
        (out / "manifest.jsonl").write_text(Manifest().append([line]).text())
        assert read_result(out).is_public is public


def test_a_moment_of_the_evidence_is_told_in_utc(tmp_path: Path) -> None:
    out = write_result(tmp_path / "r")
    tree = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    (out / "findings.json").write_text(json.dumps({**tree, "as_of": "2031-04-11T18:30:00+03:00"}))
    alert = export(out, formats=["cap"], chosen=["inc-1"]).folder / "cap/inc-1.xml"
    assert "<sent>2031-04-11T15:30:00-00:00</sent>" in alert.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("existence_p", "occurrence", "want"),
    [
        (None, "alleged", "Unknown"),
        (0.0, "refuted", "Unlikely"),
        (0.5, "reported", "Possible"),
        (0.56, "reported", "Likely"),
        (1.0, "corroborated", "Likely"),
        (0.2, "verified", "Observed"),
    ],
)
def test_certainty_follows_the_fixed_words_for_a_probability(
    existence_p: float | None, occurrence: str, want: str
) -> None:
    assert certainty_of(existence_p=existence_p, occurrence=occurrence) == want


def test_the_stix_library_accepts_the_bundle(exported: ExportOutcome) -> None:
    text = (exported.folder / "result.stix.json").read_text(encoding="utf-8")
    bundle = stix2.parse(text, allow_custom=False)
    kinds = [item["type"] for item in bundle.objects]
    assert kinds.count("incident") == 6
    assert kinds.count("note") == 3
    assert kinds.count("report") == 1
    ids = [item["id"] for item in bundle.objects]
    assert len(ids) == len(set(ids))
    report = next(item for item in bundle.objects if item["type"] == "report")
    assert set(report["object_refs"]) <= set(ids)
    confidences = [item.get("confidence") for item in bundle.objects if item["type"] == "incident"]
    assert confidences == [95, None, 50, 5, 95, 30]


def test_a_finding_on_all_parties_together_is_told_of_each_of_them(tmp_path: Path) -> None:
    out = write_result(tmp_path / "r")
    document = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    document["findings"][0]["party_id"] = "all"
    name = document["findings"][0]["finding_id"]
    (out / "findings.json").write_text(json.dumps(document), encoding="utf-8")
    folder = export(out, formats=["cap", "csv", "stix"], chosen=[name]).folder
    bundle = stix2.parse((folder / "result.stix.json").read_text(encoding="utf-8"), allow_custom=False)
    parties = {o["id"] for o in bundle.objects if o["type"] == "identity" and o["identity_class"] == "group"}
    note = next(o for o in bundle.objects if o["type"] == "note" and "All parties" in o["abstract"])
    assert len(parties) == 2
    assert parties <= set(note["object_refs"])
    assert "All parties together" in (folder / f"cap/{name}.xml").read_text(encoding="utf-8")
    assert any("All parties together" in f.read_text(encoding="utf-8") for f in (folder / "csv").glob("*"))


def test_ids_are_those_that_the_uuid_standard_makes_of_names() -> None:
    import uuid

    space = uuid.uuid5(uuid.NAMESPACE_URL, "urn:truceline:stix")
    assert space.bytes == stix.NAMESPACE
    for name in ("", "run/incident/inc-1", "\u4e01"):
        assert stix.name_uuid(name) == str(uuid.uuid5(space, name))


def test_a_workbook_has_its_sheets_and_no_formula(exported: ExportOutcome) -> None:
    book = python_calamine.load_workbook(str(exported.folder / "result.xlsx"))
    assert book.sheet_names == ["About", "Findings", "Series", "Incidents", "Claims", "Sources"]
    head, first, *_ = book.get_sheet_by_name("Findings").to_python()
    assert first[head.index("headline")] == "=1+1 is what a sentence may begin with."
    assert first[head.index("period_start (UTC)")] in (START.date(), START.replace(tzinfo=None))
    head, *rows = book.get_sheet_by_name("Incidents").to_python()
    assert len(rows) == 6
    import zipfile

    with zipfile.ZipFile(exported.folder / "result.xlsx") as file:
        assert not any(b"<f>" in file.read(name) for name in file.namelist() if "sheet" in name)
        assert b"2031-04-11T00:00:00Z" in file.read("docProps/core.xml")


def test_text_that_a_cell_cannot_hold_is_cut_and_says_so() -> None:
    assert xlsx.fitted("a" * xlsx.LONGEST) == "a" * xlsx.LONGEST
    cut = xlsx.fitted("a" * (xlsx.LONGEST + 1))
    assert len(cut) == xlsx.LONGEST
    assert cut.endswith(xlsx.CUT)


# -- the verb -------------------------------------------------------------------------------------
def test_the_manifest_names_every_file_with_its_digest_and_holds_together(exported: ExportOutcome) -> None:
    head, *entries = read_manifest(exported.folder).entries  # refuses a broken chain
    assert head["run_id"] == RUN
    assert head["maps_shown"] == ["open_map"]
    assert [(e["file"], e["sha256"]) for e in entries] == [(f.file, f.digest) for f in exported.files]
    assert all((exported.folder / entry["file"]).stat().st_size == entry["bytes"] for entry in entries)


def test_a_second_export_keeps_the_other_formats_of_the_same_run(tmp_path: Path, case: Path) -> None:
    out = write_result(tmp_path / "r")
    export(out, formats=["kml"], case=case)
    outcome = export(out, formats=["csv"], case=case)
    assert {file.format for file in outcome.files} == {"csv", "kml"}
    assert (outcome.folder / "result.kml").is_file()


def test_formats_made_under_another_rule_of_what_may_be_shown_are_not_kept(
    tmp_path: Path, case: Path
) -> None:
    out = write_result(tmp_path / "r")
    export(out, formats=["geojson"], case=case)
    outcome = export(out, formats=["csv"])
    assert {file.format for file in outcome.files} == {"csv"}
    assert not (outcome.folder / "geojson").exists()


def test_the_next_run_may_replace_a_result_that_was_exported_and_opened(tmp_path: Path, case: Path) -> None:
    out = write_result(tmp_path / "r")
    outcome = export(out, case=case)
    (outcome.folder / "result.gpkg-wal").write_bytes(b"")  # QGIS has it open
    export(out, formats=["csv"], case=case)
    with OutputFolder(out) as partial:
        (partial / "manifest.jsonl").write_text("")
    assert not outcome.folder.exists()


def test_the_next_run_may_replace_a_result_whose_export_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = write_result(tmp_path / "r")

    def die(self: OutputFolder, *_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(OutputFolder, "__exit__", die)
    with pytest.raises(SystemExit):
        export(out, formats=["csv", "gpkg"])
    monkeypatch.undo()
    assert (out / ".exports.partial").is_dir()
    with OutputFolder(out) as partial:
        (partial / "manifest.jsonl").write_text("")


def test_an_export_that_fails_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = write_result(tmp_path / "r")
    folder = export(out, formats=["csv"]).folder
    before = sorted(folder.rglob("*"))

    def fail(self: Export, result: object, folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError

    monkeypatch.setattr(kml.Kml, "write", fail)
    with pytest.raises(RuntimeError):
        export(out, formats=["kml"])
    assert sorted(folder.rglob("*")) == before


def test_a_file_of_somebody_elses_is_not_replaced(tmp_path: Path) -> None:
    out = write_result(tmp_path / "r")
    folder = export(out, formats=["csv"]).folder
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(OutputError) as error:
        export(out, formats=["csv"])
    assert codes_of(error) == ["out_not_ours"]


def test_all_leaves_out_what_cannot_be_had_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kml, "MOST", 5)
    outcome = export(write_result(tmp_path / "r"))
    assert [problem.code for problem in outcome.left_out] == ["export_too_large"]
    assert {file.format for file in outcome.files} == set(EXPORTS.names()) - {"kml", "cap"}
    assert not (outcome.folder / "result.kml").exists()


# -- faults ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("module", "name"), [(kml, "kml"), (stix, "stix"), (xlsx, "xlsx")])
def test_a_result_larger_than_a_format_bears_is_refused(
    module: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 5)
    with pytest.raises(OutputError) as error:
        export(write_result(tmp_path / "r"), formats=[name])
    assert codes_of(error) == ["export_too_large"]
    assert not (tmp_path / "r" / "exports").exists()


def test_faults_of_the_call_are_told(tmp_path: Path) -> None:
    out = write_result(tmp_path / "r")
    with pytest.raises(CallError) as error:
        export(out, formats=["papyrus", "csv", "clay"])
    assert codes_of(error) == ["format_unknown", "format_unknown"]
    with pytest.raises(CallError) as error:
        export(out, formats=["cap"])
    assert codes_of(error) == ["choice_missing"]
    with pytest.raises(CallError) as error:
        export(out, formats=["cap"], chosen=["inc-1", "inc-77"])
    assert codes_of(error) == ["choice_unknown"]
    with pytest.raises(CallError) as error:
        export(out, formats=["csv"], case=write_case(tmp_path / "other", case_id="other"))
    assert codes_of(error) == ["case_other"]
    assert not (out / "exports").exists()


def test_a_folder_without_a_whole_result_is_refused(tmp_path: Path) -> None:
    def refused(folder: Path) -> str:
        with pytest.raises(OutputError) as error:
            export(folder, formats=["csv"])
        assert codes_of(error) == ["result_unreadable"]
        return error.value.problems[0].message

    assert "no result" in refused(tmp_path)
    one = write_result(tmp_path / "one")
    (one / "tables/counts.parquet").unlink()
    assert "counts" in refused(one)
    two = write_result(tmp_path / "two")
    (two / "tables/incidents.parquet").write_bytes(b"no parquet")
    assert "incidents" in refused(two)
    three = write_result(tmp_path / "three")
    (three / "findings.json").write_text("{")
    refused(three)
    four = write_result(tmp_path / "four")
    tree = json.loads((four / "findings.json").read_text(encoding="utf-8"))
    (four / "findings.json").write_text(json.dumps({**tree, "run_id": "run-other"}))
    assert "manifest" in refused(four)
    (four / "findings.json").write_text(json.dumps({**tree, "schema": "something/1"}))
    assert "another kind" in refused(four)
    five = write_result(tmp_path / "five")
    table = pq.read_table(five / "tables/claims.parquet").drop_columns(["speaker"])
    pq.write_table(table, five / "tables/claims.parquet")
    assert "speaker" in refused(five)


def test_without_the_library_a_geopackage_is_refused_and_all_the_rest_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pyogrio":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    out = write_result(tmp_path / "r")
    with pytest.raises(OutputError) as error:
        export(out, formats=["gpkg"])
    assert codes_of(error) == ["extra_missing"]
    (problem,) = error.value.problems
    assert "truceline[gis]" in problem.next_step
    instead = [name for name in EXPORTS.names() if f"--format {name}" in problem.next_step]
    assert instead
    assert {file.format for file in export(out, formats=instead).files} == set(instead)
    outcome = export(out)
    assert [problem.code for problem in outcome.left_out] == ["extra_missing"]
    assert "xlsx" in {file.format for file in outcome.files}


def test_an_unwritable_list_of_contents_is_told(tmp_path: Path) -> None:
    out = write_result(tmp_path / "r")
    (out / f"{CONTENTS}.new").mkdir()
    with pytest.raises(OutputError) as error:
        export(out, formats=["csv"])
    assert codes_of(error) == ["out_unwritable"]


# -- the command ----------------------------------------------------------------------------------
def test_the_command_writes_and_prints_what_it_wrote(
    tmp_path: Path, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = write_result(tmp_path / "r")
    assert run(["export", str(out), "--format", "csv", "--case", str(case), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {file["format"] for file in told["files"]} == {"csv"}
    assert any("secret_map" in note for note in told["notes"])
    assert run(["export", str(out), "--format", "cap", "--choose", "fnd-2", "--to", str(tmp_path / "to")]) == 0  # fmt: skip
    assert "fnd-2.xml" in capsys.readouterr().out
    assert run(["export", str(out), "--format", "papyrus"]) == 2


def test_the_help_names_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "--help"]) == 0
    assert ", ".join(EXPORTS.names()) in " ".join(capsys.readouterr().out.split())


def test_formats_load_their_libraries_only_when_they_write() -> None:
    import subprocess

    code = "import truceline.workflow.export, sys; print([m for m in ('pyogrio', 'stix2') if m in sys.modules])"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_problems_name_their_file_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CallError) as error:
        verb.export(write_result(tmp_path / "r"), formats=["cap"])
    problem: Problem = error.value.problems[0]
    assert problem.file == "cap"
    assert "--choose" in problem.next_step
    assert cap.Cap.needs_choice


def test_a_folder_named_like_a_format_is_told_apart_from_it(tmp_path: Path) -> None:
    out = write_result(tmp_path / "r")
    told = export(out, to=tmp_path / "csv").notes
    assert any("--format csv" in note for note in told)
    assert not any("--format" in note for note in export(out, formats=["csv"], to=tmp_path / "csv").notes)
