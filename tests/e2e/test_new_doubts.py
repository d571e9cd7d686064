"""What ``truceline new`` must not take for granted: the map's place, what rows are, what a file has lost.

Files are small and written here; parties, places and events are invented.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from truceline.base.language import speak
from truceline.faces.cli.main import app
from truceline.workflow.case import open_case
from truceline.workflow.ingest import ingest
from truceline.workflow.sniff import sniff_incidents

BASICS = ["--party", "Oak", "--party", "Elm", "--act", "Shelling", "--start", "2031-05-20", "--stop", "2031-05-24", "--title", "T", "--zone", "UTC"]  # fmt: skip
LINE = [[10.0, 50.5], [10.4, 50.6], [11.0, 50.4]]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    speak("en")
    yield
    speak("en")


def table(folder: Path, header: str, row: str, *, n: int = 40) -> Path:
    """Rows of a pattern in which ``d`` is the day, ``i`` the number and ``f`` a fraction below one."""
    rows = [row.format(d=i % 28 + 1, i=i, f=f"{i % 9}5") for i in range(n)]
    path = folder / "a.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def layer(folder: Path, coordinates: object, kind: str = "LineString") -> Path:
    path = folder / "line.geojson"
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": kind, "coordinates": coordinates}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def new(folder: Path, *flags: str, answers: list[str] | None = None, code: int = 0) -> str:
    told = None if answers is None else "".join(f"{one}\n" for one in answers)
    more = ["--yes"] if answers is None else []
    done = CliRunner().invoke(app, ["new", str(folder / "case"), *BASICS, *flags, *more], input=told)
    assert done.exit_code == code, done.output
    assert (folder / "case").exists() is (code == 0)
    return done.output


PLAIN = ("id,date,lat,lon,type", "{i},2031-05-{d:02d},50.{f},10.{f},Shelling")


# ---------------------------------------------------------------- where things lie


@pytest.mark.parametrize(("south", "west"), [(50, 10), (-17, 140), (36.5, 37.2)])
def test_what_headers_say_is_not_overruled_by_a_map(south: float, west: float, tmp_path: Path) -> None:
    rows = [f"2031-05-{i % 28 + 1:02d},{south + i % 9 / 40},{west + i % 7 / 40},Shelling" for i in range(40)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["date,lat,lon,type", *rows]) + "\n", encoding="utf-8")
    line = [[west - 0.2, south + 0.1], [west + 0.4, south + 0.1]]
    near = (west - 0.2, south, west + 0.4, south + 0.2)
    turned = (south, west - 0.2, south + 0.2, west + 0.4)
    found = [sniff_incidents(path, near=box).columns for box in (None, near, turned)]
    assert {(one["latitude_deg"], one["longitude_deg"]) for one in found} == {("lat", "lon")}
    if west <= 90:  # a latitude of 140 is refused by the layer itself
        told = new(tmp_path, "--incidents", str(path), "--line", str(layer(tmp_path, [[y, x] for x, y in line])), code=2)  # fmt: skip
        assert "looks as if its axes were exchanged" in told
        assert f"latitude {south:.4g} to" in told
        assert f"longitude {south + 0.1:.4g} to" in told
    new(tmp_path, "--incidents", str(path), "--line", str(layer(tmp_path, line)))


def test_a_map_of_elsewhere_is_asked_about(tmp_path: Path) -> None:
    files = ["--incidents", str(table(tmp_path, *PLAIN)), "--line", str(layer(tmp_path, [[30, 5], [31, 6]]))]
    told = new(tmp_path, *files, code=2)
    assert "nowhere near each other" in told
    assert "axes were exchanged" not in told
    told = new(tmp_path, *files, answers=["yes", "no"], code=2)
    assert "Are both right all the same?" in told
    new(tmp_path, *files, "--region", "5,0,40,55")


# ---------------------------------------------------------------- what rows are


def test_rows_are_no_act_unless_a_column_or_a_flag_says_so(tmp_path: Path) -> None:
    path = table(tmp_path, "id,date,lat,lon,was", "{i},2031-05-{d:02d},50.{f},10.{f},thing {d}".replace("thing {d}", "{i}x"))  # fmt: skip
    path.write_text("\n".join(line if n == 0 else line.rsplit(",", 1)[0] + f",kind {n % 3}" for n, line in enumerate(path.read_text().splitlines())))  # fmt: skip
    told = new(tmp_path, "--incidents", str(path), code=2)
    assert "--column act=HEADER, or --word '*=shelling'" in told
    told = new(tmp_path, "--incidents", str(path), "--word", "*=shelling")
    assert "Shelling: 40; none of them: 0" in told


def test_the_column_of_kinds_is_asked_for_before_the_acts(tmp_path: Path) -> None:
    path = table(tmp_path, "id,date,lat,lon,was", "{i},2031-05-{d:02d},50.{f},10.{f},Shelling of a road")
    path.write_text(path.read_text().replace("Shelling of a road", "March", 9))
    asked = ["--incidents", str(path)]
    told = new(tmp_path, *asked, answers=["yes", "", "was", *[""] * 12])
    question = told.index("Column that says what kind of thing it was")
    assert question < told.index("Kinds in the column 'was'")
    assert "Shelling: 31; none of them: 9" in told


# ---------------------------------------------------------------- what a file has lost


@pytest.mark.parametrize("fill", [1, 3, 100_000])
def test_rows_torn_by_nul_bytes_are_put_aside_and_told(fill: int, tmp_path: Path) -> None:
    path = table(tmp_path, *PLAIN)
    content = path.read_bytes()
    at = content.index(b"20,2031")
    path.write_bytes(content[: at + 5] + b"\0" * fill + content[at + 5 + fill :])
    told = new(tmp_path, "--incidents", str(path))
    assert f"the file holds {fill} NUL bytes" in told
    assert f"the first is byte {at + 6}" in told
    tables = ingest(open_case(tmp_path / "case"), data=None)
    (file,) = tables.sources[0].files
    assert file.rows_quarantined == 1
    assert file.rows_read == (40 if fill <= 3 else 21)
    assert [one.code for one in tables.quarantined] == ["row_torn"]


def test_what_sources_tells_of_a_file_new_tells_too(tmp_path: Path) -> None:
    path = table(tmp_path, *PLAIN)
    path.write_text(path.read_text() + '99,2031-05-20,50.2,10.2,"Shelling\n' + "98,2031-05-20,50.3,10.3,Shelling\n" * 60)  # fmt: skip
    assert "a quote is opened here and never closed" in new(tmp_path, "--incidents", str(path))
