"""A case's names from its files: a source that only names places, gazetteers, and what is disputed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from truceline.base.errors import InputError
from truceline.places.resolution import Area, Place
from truceline.workflow.case import Case, open_case
from truceline.workflow.ingest import Ingested, ingest
from truceline.workflow.places import (
    CaseNames,
    check_lists,
    dispute_sentences,
    disputed_areas,
    disputed_assignments,
)

SOURCE = """
  - id: calls
    title: Calls that name a place
    adapter: table
    root: case
    files: [calls.csv]
    options:
      table: observations
      zone: UTC
      columns: {time: when, place_name: where, observation_id: id}
"""

CALLS = """id,when,where
1,2025-04-20T10:00:00,Київ
2,2025-04-20T10:00:00,Donetska oblast
3,2025-04-20T10:00:00,Atlantis
4,2025-04-20T10:00:00,с. Нижня Дуга
5,2025-04-20T10:00:00,Симферополь
"""

GAZETTEER = "name,longitude,latitude,other_names,kind\nNyzhnia Duha,35.5,48.5,Нижня Дуга,village\nFar Duha,80,10,,village\n"  # fmt: skip

CLAIMED = """  - {id: claimed, name: Claimed peninsula, kind: region, parent: theatre, bbox: [32.4, 44.3, 36.7, 46.2], disputed: true, claimants: [UA, RU], basis: both sides' constitutions}
  - {id: grabbing, name: Grabbing region, kind: region, parent: theatre, bbox: [30.0, 44.0, 37.0, 47.0]}
"""


@pytest.fixture
def folder(tmp_path: Path, project_root: Path) -> Path:
    """A case with a source of names, a gazetteer in its folder and one under the data root."""
    case = tmp_path / "case"
    shutil.copytree(project_root / "cases" / "easter-2025", case)
    text = (case / "case.yaml").read_text(encoding="utf-8")
    text = text.replace("\nseries:\n", SOURCE + "\nseries:\n", 1)
    text = text.replace("\nbaseline:\n", CLAIMED + "\nbaseline:\n", 1)
    text += "\ngazetteers:\n  - {file: villages.csv}\n  - {file: names/more.csv, root: data}\n"
    (case / "case.yaml").write_text(text, encoding="utf-8")
    (case / "calls.csv").write_text(CALLS, encoding="utf-8")
    (case / "villages.csv").write_text(GAZETTEER, encoding="utf-8")
    return case


def read(case: Case, data: Path | None = None) -> Ingested:
    return ingest(case, data=data)


def test_a_source_that_only_names_places_is_placed(folder: Path) -> None:
    ingested = read(open_case(folder))
    calls = {row["observation_id"]: row for row in ingested.observations.to_pylist()}
    assert calls["1"]["longitude_deg"] == pytest.approx(30.524, abs=0.01)
    assert (calls["2"]["area_id"], calls["2"]["longitude_deg"]) == ("donetska", None)
    assert (calls["3"]["area_id"], calls["3"]["longitude_deg"]) == (None, None)
    assert calls["4"]["longitude_deg"] == 35.5
    assert [calls[n]["place_name"] for n in "12345"] == [
        "Київ", "Donetska oblast", "Atlantis", "с. Нижня Дуга", "Симферополь",
    ]  # fmt: skip
    (account,) = (source for source in ingested.sources if source.source_id == "calls")
    told = " ".join(account.notes)
    assert "5 records with the name of a place alone: 3 became a place, 1 an area, 1 stayed a name." in told
    assert "Atlantis (1)" in told
    assert "no side is taken" in told
    assert "UA, RU" in told
    # the list under the data root is not there, and that is said
    assert "file_missing" in {problem.code for problem in account.problems}


def test_a_list_under_the_data_root_is_used_and_named_by_its_digest(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "names").mkdir(parents=True)
    (data / "names" / "more.csv").write_text("name,longitude,latitude\nAtlantis,31,46\n", encoding="utf-8")
    case = open_case(folder)
    ingested = read(case, data)
    calls = {row["observation_id"]: row for row in ingested.observations.to_pylist()}
    assert calls["3"]["longitude_deg"] == 31.0
    ((label, digest),) = ingested.gazetteers
    assert label == "data:names/more.csv"
    assert len(digest) == 64
    assert check_lists(case, data=data) == []


def test_lists_are_not_read_where_nothing_is_only_named(folder: Path) -> None:
    (folder / "villages.csv").unlink()
    (folder / "calls.csv").write_text(CALLS.splitlines()[0] + "\n", encoding="utf-8")
    ingested = read(open_case(folder))
    (account,) = (source for source in ingested.sources if source.source_id == "calls")
    assert not [problem for problem in account.problems if problem.file.startswith("case:villages")]


def test_a_list_that_cannot_be_read_is_told_by_the_source_that_needs_it(folder: Path) -> None:
    (folder / "villages.csv").write_text("place,x,y\n", encoding="utf-8")
    ingested = read(open_case(folder))
    (account,) = (source for source in ingested.sources if source.source_id == "calls")
    assert account.state == "unusable"
    assert {problem.code for problem in account.problems} == {"column_missing"}


def test_a_list_of_points_serves_too(folder: Path) -> None:
    features = [{"type": "Feature", "properties": {"name": "Atlantis"}, "geometry": {"type": "Point", "coordinates": [31, 46]}}]  # fmt: skip
    (folder / "places.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    text = (folder / "case.yaml").read_text(encoding="utf-8").replace("places: places.csv", "places: places.geojson")  # fmt: skip
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    names = CaseNames(open_case(folder), data=None)
    assert isinstance(names.resolve("Atlantis").found, Place)


def test_names_of_the_case_resolve_to_its_areas(folder: Path) -> None:
    names = CaseNames(open_case(folder), data=None)
    found = names.resolve("Odeska oblast").found
    assert found == Area(area_id="odeska", name="Odeska oblast")
    assert not names.dated
    assert names.resolve("Claimed peninsula").disputed
    assert names.resolve("Simferopol").claimants == ("UA", "RU")
    assert not names.resolve("Kyiv").disputed


def test_the_case_says_what_is_disputed_and_which_of_its_areas_take_a_side(folder: Path) -> None:
    case = open_case(folder)
    (area,) = disputed_areas(case)
    assert area.claimants == ("UA", "RU")
    (problem,) = disputed_assignments(case)
    assert problem.code == "place_disputed"
    assert "Grabbing region" in problem.message
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    text = text.replace("name: Claimed peninsula, kind: region, parent: theatre", "name: Claimed peninsula, kind: region, parent: grabbing")  # fmt: skip
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    assert [problem.got for problem in disputed_assignments(open_case(folder))] == ["Grabbing region"]


def test_a_case_without_disputes_tells_none(project_root: Path) -> None:
    case = open_case(project_root / "cases" / "easter-2025")
    assert [problem for problem in disputed_assignments(case) if not disputed_areas(case)] == []


def test_a_list_that_is_absent_is_an_error_of_its_own(folder: Path) -> None:
    (folder / "villages.csv").unlink()
    assert open_case(folder).digest()
    names = CaseNames(open_case(folder), data=None)
    _ = names.gazetteer
    assert {problem.code for problem in names.problems} == {"file_missing"}
    (folder / "places.csv").write_bytes(b"name,longitude,latitude\n\xff\xfe,1,2\n")
    with pytest.raises(InputError):
        _ = CaseNames(open_case(folder), data=None).gazetteer


def test_the_report_says_what_is_disputed(folder: Path) -> None:
    said = dispute_sentences(open_case(folder))
    assert len(said) == 2
    assert "Claimed peninsula, claimed by UA, RU" in said[0]
    assert said[1].startswith("Grabbing region")
