"""What ``truceline new`` must not take for granted: the map's place, what rows are, what a file has lost.

Files are small and written here; parties, places and events are invented.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from truceline.base.language import speak
from truceline.faces.cli.main import app
from truceline.faces.cli.new_questions import read_moment
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
    more = [] if answers is not None else ["--yes", *(["--left", "Oak"] if "--line" in flags else [])]
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


# ---------------------------------------------------------------- headers and times of workbooks


def test_blank_headers_are_passed_over_and_doubled_ones_told_apart(tmp_path: Path) -> None:
    path = table(tmp_path, "id,date,lat,lon,type,type,,", "{i},2031-05-{d:02d},50.{f},10.{f},Shelling,Mortar,a,b")  # fmt: skip
    told = new(tmp_path, "--incidents", str(path))
    assert "2 columns have no name in the header and are not read" in told
    assert "the header names 2 columns alike" in told
    assert "type (1)" in told
    assert "Shelling: 40; none of them: 0" in told
    second = tmp_path / "second"
    second.mkdir()
    told = new(second, "--incidents", str(path), "--column", "act=type (2)", "--word", "Mortar=shelling")
    assert "40  Mortar" in told


@pytest.mark.parametrize(("decimal", "whole"), [(".", False), (",", False), (".", True)])
def test_dates_as_a_workbook_numbers_them_are_dates(decimal: str, whole: bool, tmp_path: Path) -> None:
    first = datetime(2031, 5, 1)  # noqa: DTZ001 - a local clock
    moments = [first + timedelta(days=k, hours=0 if whole else 6) for k in range(28)]
    for name, cells in {
        "numbers": [f"{(one - datetime(1899, 12, 30)) / timedelta(days=1):.5f}".replace(".00000", "").replace(".", decimal) for one in moments],  # noqa: DTZ001
        "iso": [one.isoformat() for one in moments],
    }.items():  # fmt: skip
        (tmp_path / name).mkdir()
        path = tmp_path / name / "a.csv"
        path.write_text("Fecha y hora;lat;lon;tipo\n" + "".join(f"{cell};50.{k};10.{k};Shelling\n" for k, cell in enumerate(cells, 1)))  # fmt: skip
        new(tmp_path / name, "--incidents", str(path), "--start", "2031-05-10")
    one, two = (ingest(open_case(tmp_path / name / "case"), data=None).observations for name in ("numbers", "iso"))  # fmt: skip
    assert one["occurred_from"].to_pylist() == two["occurred_from"].to_pylist()
    if not whole:
        assert one["occurred_until"].to_pylist() == two["occurred_until"].to_pylist()


@pytest.mark.parametrize("content", ["date,lat,lon,temp °,n\n2031-05-03,50.1,10.1,5°,1\n", "n°\n1°\n"])
def test_signs_without_letters_tell_no_script(content: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode("latin-1"))
    (choice,) = sniff_incidents(path).choices
    assert (choice.option, choice.proposal) == ("encoding", "latin-1")


def test_a_thousand_columns_are_looked_at_as_quickly_as_their_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    names, cells = ([f"c{k}" for k in range(3000)], ["1"] * 3000)
    path.write_text(
        ",".join(["date", "lat", "lon", *names]) + "\n2031-05-03,50.1,10.1," + ",".join(cells) + "\n"
    )
    began = time.process_time()
    assert sniff_incidents(path).columns["time"] == "date"
    assert time.process_time() - began < 10  # trying every way of writing times took minutes


def test_utf_16_is_told_without_its_mark(tmp_path: Path) -> None:
    path = table(tmp_path, *PLAIN)
    path.write_bytes(path.read_text().encode("utf-16-le"))
    new(tmp_path, "--incidents", str(path))
    assert ingest(open_case(tmp_path / "case"), data=None).observations.num_rows == 40


# ---------------------------------------------------------------- what is typed, and what is drawn


@pytest.mark.parametrize(("text", "meant"), [("10.05.2031 12:00", "2031-05-10T12:00"), ("9.5.2031", "2031-05-09T00:00"), ("30/05/2031 7:05", "2031-05-30T07:05"), ("2031-05-10 12:00", "2031-05-10T12:00")])  # fmt: skip
def test_a_moment_may_be_written_with_the_day_first(text: str, meant: str) -> None:
    assert read_moment(text, "UTC").isoformat() == f"{meant}:00+00:00"


def test_a_moment_that_may_be_two_is_refused_with_words() -> None:
    with pytest.raises(ValueError, match="day and month or month and day"):
        read_moment("10/05/2031 12:00", "UTC")
    with pytest.raises(ValueError, match="is no time"):
        read_moment("32.05.2031", "UTC")


@pytest.mark.parametrize(("line", "hand"), [(LINE, "from west to east: on its left is the north"), (LINE[::-1], "from east to west: on its left is the south"), ([[10.5, 50], [10.5, 50.9]], "from south to north: on its left is the west")])  # fmt: skip
def test_the_left_of_the_line_is_told_by_the_compass(line: list[list[float]], hand: str, tmp_path: Path) -> None:  # fmt: skip
    assert hand in new(tmp_path, "--incidents", str(table(tmp_path, *PLAIN)), "--line", str(layer(tmp_path, line)))  # fmt: skip


def test_nobody_is_put_on_the_left_by_enter(tmp_path: Path) -> None:
    files = ["--incidents", str(table(tmp_path, *PLAIN)), "--line", str(layer(tmp_path, LINE))]
    told = new(tmp_path, *files, answers=["yes", *[""] * 9], code=2)
    assert "Give --left PARTY" in told


@pytest.mark.parametrize("extra", [None, {"type": "LineString", "coordinates": []}, {"type": "GeometryCollection", "geometries": []}])  # fmt: skip
@pytest.mark.parametrize("collected", [False, True])
def test_an_empty_geometry_takes_no_line_away(extra: object, collected: bool, tmp_path: Path) -> None:
    line: dict[str, object] = {"type": "LineString", "coordinates": LINE}
    shapes = [extra, {"type": "GeometryCollection", "geometries": [line]} if collected else line]
    path = tmp_path / "line.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": one} for one in shapes]}))  # fmt: skip
    new(tmp_path, "--incidents", str(table(tmp_path, *PLAIN)), "--line", str(path))
    (plain := tmp_path / "plain").mkdir()
    new(plain, "--incidents", str(table(plain, *PLAIN)), "--line", str(layer(plain, LINE)))
    one, two = (
        ingest(open_case(folder / "case"), data=None).control["geometry"] for folder in (tmp_path, plain)
    )
    assert one.to_pylist() == two.to_pylist()


def test_files_on_both_sides_of_the_antimeridian_are_told(tmp_path: Path) -> None:
    path = table(tmp_path, *PLAIN)
    rows = [f"{i},2031-05-{i % 28 + 1:02d},-17.{i},{(179.5, -179.5)[i % 2]},Shelling" for i in range(40)]
    path.write_text("\n".join([PLAIN[0], *rows]) + "\n")
    assert "the meridian of 180 degrees" in new(tmp_path, "--incidents", str(path), code=2)


def test_a_case_of_which_nothing_is_used_is_not_left(tmp_path: Path) -> None:
    path = table(tmp_path, *PLAIN)
    assert "NOTHING OF IT IS USED" in new(
        tmp_path, "--incidents", str(path), "--region", "60,0,70,10", code=2
    )


def test_an_underscore_makes_no_number(tmp_path: Path) -> None:
    path = table(tmp_path, *PLAIN)
    path.write_text(path.read_text() + "99,2031-05-05,5_0.2,10.2,Shelling\n")
    new(tmp_path, "--incidents", str(path))
    tables = ingest(open_case(tmp_path / "case"), data=None)
    assert [problem.got for problem in tables.quarantined] == ["5_0.2"]


def test_an_order_that_only_the_map_tells_is_said_to_be(tmp_path: Path) -> None:
    path = table(tmp_path, "date;position;type", '2031-05-{d:02d};"50.{f}, 10.{f}";Shelling')
    told = new(tmp_path, "--incidents", str(path), "--line", str(layer(tmp_path, LINE)))
    assert "'position' is read as lat_lon, for so it lies near the line" in told
