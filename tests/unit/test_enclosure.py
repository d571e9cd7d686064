"""``truceline enclosure``: from files to page, table and JSON, and what each edition may tell."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from truceline.faces.cli.main import run
from truceline.line.pocket_history import PocketDay, Range, closed_since

NOON = datetime(2031, 5, 1, tzinfo=UTC)

FILE = """\
enclosure: 1
id: pocket
title: A pocket by the river
as_of: 2031-05-20
parties:
  - {id: N, name: North}
  - {id: S, name: South}
pocket_of: S
region: [9.5, 4.5, 10.5, 5.5]
frontier: frontier.geojson
snap_m: 2000
home: [10.0, 4.7]
span_from: 2031-05-01T00:00:00Z
span_until: 2031-05-19T00:00:00Z
maps:
  - id: first
    title: First map
    adapter: control_polygons
    root: case
    files: [maps/*.geojson]
    options: {holder_party: N, date_pattern: '(\\d{4}-\\d{2}-\\d{2})'}
    shows: taken_back
    error_m: 500
    error_basis: its maker states so
claims: claims.csv
over_since: 2031-05-19T00:00:00Z
release: {edition: public_full, basis: invented}
"""
CLAIMS = """\
said_on,speaker,side,says,words,figure_km2,outlet,url
2031-05-09,A speaker of North,N,enclosed,They are cut off,,A paper,https://example.org/a
2031-05-10,A speaker of South,S,not_enclosed,They are not,120,A paper,https://example.org/b
"""


def box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def feature(kind: str, coordinates: Any) -> str:
    whole = {"type": "Feature", "properties": {}, "geometry": {"type": kind, "coordinates": coordinates}}
    return json.dumps({"type": "FeatureCollection", "features": [whole]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three dates: the north taken back, then both flanks, then all of it."""
    (tmp_path / "maps").mkdir()
    (tmp_path / "enclosure.yaml").write_text(FILE, encoding="utf-8")
    (tmp_path / "claims.csv").write_text(CLAIMS, encoding="utf-8")
    (tmp_path / "frontier.geojson").write_text(feature("LineString", [[9, 5], [11, 5]]), encoding="utf-8")
    north, whole = box(9.9, 5.1, 10.1, 5.2), box(9.9, 5.0, 10.1, 5.2)
    flanks = [north, box(9.9, 5.0, 9.98, 5.1), box(10.02, 5.0, 10.1, 5.1)]
    for day, shape in (("02", [north]), ("05", flanks), ("12", [whole])):
        (tmp_path / "maps" / f"2031-05-{day}.geojson").write_text(feature("MultiPolygon", shape), encoding="utf-8")  # fmt: skip
    return tmp_path


def told(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert run(["enclosure", str(folder), "--out", str(folder / "out"), "--json", *more]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_pocket_is_measured_date_by_date(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = told(folder, capsys)["maps"]
    first, second, third = one["days"]
    assert first["area_km2"]["drawn"] == pytest.approx(22.2 * 11.05, rel=0.03)
    assert second["area_km2"]["drawn"] == pytest.approx(4.43 * 11.05, rel=0.06)
    assert second["neck_m"]["drawn"] == pytest.approx(4_430, rel=0.03)
    assert second["enclosed_share"]["drawn"] > first["enclosed_share"]["drawn"]
    assert first["neck_m"]["least"] < first["neck_m"]["drawn"] < first["neck_m"]["most"]
    assert third["area_km2"]["drawn"] == 0
    assert third["neck_m"]["drawn"] is None
    assert one["closed_since"]["drawn"] == {"after": None, "by": None}


def test_page_and_table_stand_beside_the_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(folder, capsys)
    page = (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert "They are cut off" in page
    assert "They are not" in page
    assert page.count("<svg") == 3 + 3  # curves, and a picture for each date
    assert "<script" not in page
    assert len((folder / "out" / "enclosure.csv").read_text(encoding="utf-8").splitlines()) == 4
    again = (folder / "out" / "enclosure.json").read_bytes()
    told(folder, capsys)
    assert (folder / "out" / "enclosure.json").read_bytes() == again


# ---------------------------------------------------------------- what each edition may tell


def test_the_public_edition_tells_no_width_no_place_and_nothing_late(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = FILE.replace("as_of: 2031-05-20", "as_of: 2031-05-07").replace(
        "over_since: 2031-05-19T00:00:00Z\n", ""
    )
    (folder / "enclosure.yaml").write_text(text.replace("public_full", "public"), encoding="utf-8")
    (one,) = told(folder, capsys)["maps"]
    assert [day["map_time"][:10] for day in one["days"]] == ["2031-05-02"]  # 72 hours and whole days
    (day,) = one["days"]
    assert day["area_km2"]["drawn"] == 200
    assert day["enclosed_share"]["drawn"] * 10 == pytest.approx(round(day["enclosed_share"]["drawn"] * 10))
    for name in ("breadth_m", "neck", "narrows", "behind_km2", "taken_back_km2"):
        assert day[name] is None
    for name in ("neck_m", "cut_off_km2"):
        assert day[name] == {"drawn": None, "least": None, "most": None}
    assert "closed_since" not in one
    assert one["files"] == []
    page = (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert "Since when" not in page
    assert 'class="map"' not in page
    assert "4.4" not in page
    assert ",," in (folder / "out" / "enclosure.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("over", ["", "over_since: 2031-05-21T00:00:00Z\n"])
def test_what_is_not_over_is_never_released_in_full(
    folder: Path, over: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = FILE.replace("over_since: 2031-05-19T00:00:00Z\n", over)
    (folder / "enclosure.yaml").write_text(text, encoding="utf-8")
    assert run(["enclosure", str(folder), "--out", str(folder / "out")]) == 2
    assert "only when truce and pocket are over" in capsys.readouterr().err
    assert not (folder / "out").exists()
    assert run(["enclosure", str(folder), "--out", str(folder / "out"), "--edition", "mission"]) == 0


def test_a_mission_file_is_not_released_in_full(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "enclosure.yaml").write_text(
        FILE.replace("edition: public_full", "edition: mission"), encoding="utf-8"
    )
    assert run(["enclosure", str(folder), "--out", str(folder / "out"), "--edition", "public_full"]) == 2
    assert "edition_not_allowed" in capsys.readouterr().err


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("pocket_of: S", "pocket_of: W", "no party has this id"),
        ("home: [10.0, 4.7]", "home: [4.7, 10.0]", "exchange longitude and latitude"),
        ("adapter: control_polygons", "adapter: control_polygon", "no plug-in has this name"),
        ("files: [maps/*.geojson]", "files: [mops/*.geojson]", "no file of map"),
        ("span_until: 2031-05-19T00:00:00Z", "span_until: 2031-04-19T00:00:00Z", "ends before it starts"),
        ("error_m: 500", "error_m: -5", "greater than or equal to 0"),
        ("shows: taken_back", "shows: taken", "'pocket' or 'taken_back'"),
    ],
)
def test_a_wrong_file_is_told(
    folder: Path, old: str, new: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in FILE
    (folder / "enclosure.yaml").write_text(FILE.replace(old, new), encoding="utf-8")
    assert run(["enclosure", str(folder), "--out", str(folder / "out")]) == 3
    assert says in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_every_fault_of_the_claims_is_told_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = CLAIMS.replace("2031-05-09", "9 May").replace(",S,not_enclosed", ",W,maybe").replace("120", "many").replace("https://example.org/b", "b")  # fmt: skip
    (folder / "claims.csv").write_text(wrong, encoding="utf-8")
    assert run(["enclosure", str(folder), "--out", str(folder / "out")]) == 3
    err = capsys.readouterr().err
    assert "5 problems" in err
    assert all(f"column {name}" in err for name in ("said_on", "side", "says", "figure_km2", "url"))


# ---------------------------------------------------------------- since when


def day(n: int, neck_m: float) -> PocketDay:
    nothing = Range(drawn=None, least=None, most=None)
    return PocketDay(
        map_id="m", map_time=NOON + timedelta(days=n), status="update", area_km2=nothing, enclosed_share=nothing,
        breadth_m=None, neck_m=Range(drawn=neck_m, least=0.0, most=neck_m + 9), narrows=None, neck=None,
        behind_km2=None, cut_off_km2=nothing,
    )  # fmt: skip


def test_since_when_is_the_run_that_lasts_to_the_end() -> None:
    found = closed_since([day(1, 5), day(2, 0), day(3, 5), day(4, 0), day(5, 0)])
    assert (found.after, found.by) == (NOON + timedelta(days=3), NOON + timedelta(days=4))
    assert closed_since([day(1, 0), day(2, 5)]).by is None
    assert closed_since([day(1, 5), day(2, 5)], which="least").after is None
    assert closed_since([day(1, 5)], which="least").by == NOON + timedelta(days=1)
