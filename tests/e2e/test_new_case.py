"""A stranger's table of incidents and a line on a map, to a report, by the questions of ``truceline new``."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from truceline.faces.cli.main import app
from truceline.workflow.case import open_case
from truceline.workflow.ingest import ingest
from truceline.workflow.sniff import sniff_incidents, tell_delimiter
from truceline.workflow.sniff_map import sniff_map

KINDS = ("Shelling", "Drone strike", "Protest")


def write_files(folder: Path, *, delimiter: str = ",", header: str = "event_id,date_time,lat,lon,event_type,notes") -> tuple[Path, Path]:  # fmt: skip
    rng = random.Random(5)
    rows = [header.replace(",", delimiter)]
    for n in range(200):
        day, hour = rng.randint(1, 30), rng.randint(0, 23)
        cells = (f"E{n}", f"2031-05-{day:02d} {hour:02d}:30", f"{50 + rng.random():.4f}", f"{10 + rng.random():.4f}", rng.choice(KINDS), f"what was seen, {n}" if delimiter != "," else f"what was seen {n}")  # fmt: skip
        rows.append(delimiter.join(cells))
    table = folder / "incidents.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    line = folder / "front_2031-05-01.geojson"
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [[10.0, 50.5], [10.4, 50.6], [11.0, 50.5]]}}  # fmt: skip
    line.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return table, line


def given(table: Path, line: Path) -> list[str]:
    return ["--party", "Oak", "--party", "Elm", "--act", "Shelling", "--act", "drone=Drone strike", "--start", "2031-05-20 00:00", "--stop", "2031-05-27 00:00", "--zone", "Europe/Berlin", "--incidents", str(table), "--line", str(line), "--left", "Oak"]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_row_and_the_line_are_read_as_proposed(tmp_path: Path, delimiter: str) -> None:
    table, line = write_files(tmp_path, delimiter=delimiter)
    assert tell_delimiter(table) == delimiter
    done = CliRunner().invoke(app, ["new", str(tmp_path / "ford"), *given(table, line), "--yes"])
    assert done.exit_code == 0, done.output
    case = open_case(tmp_path / "ford")
    tables = ingest(case, data=None)
    assert [source.state for source in tables.sources] == ["read", "read"]
    assert tables.observations.num_rows == 200
    acts = {tuple(act for act, _ in row) for row in tables.observations["acts"].to_pylist()}
    assert acts == {("shelling",), ("drone",), ()}
    assert tables.control.num_rows == 1


def test_what_is_not_given_is_asked(tmp_path: Path) -> None:
    table, _ = write_files(tmp_path)
    answers = ["Truce at the ford", "Europe/Berlin", "2031-05-20 00:00", "2031-05-19", "2031-05-27", "Oak", "Elm", "", str(table), "y", "Shelling", "", "", "-", "shelling", "", "500", "", ""]  # fmt: skip
    done = CliRunner().invoke(app, ["new", str(tmp_path / "ford")], input="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    assert "the end is not after the start" in done.output
    case = open_case(tmp_path / "ford")
    assert case.file.title == "Truce at the ford"
    assert [party.name for party in case.truce.parties] == ["Oak", "Elm"]


def test_a_case_is_never_written_over(tmp_path: Path) -> None:
    table, line = write_files(tmp_path)
    (tmp_path / "ford").mkdir()
    (tmp_path / "ford" / "mine.txt").write_text("keep me", encoding="utf-8")
    done = CliRunner().invoke(app, ["new", str(tmp_path / "ford"), *given(table, line), "--yes"])
    assert done.exit_code != 0
    assert [path.name for path in (tmp_path / "ford").iterdir()] == ["mine.txt"]


def test_exchanged_coordinates_are_doubted(tmp_path: Path) -> None:
    table, _ = write_files(tmp_path, header="event_id,date_time,lon,lat,event_type,notes")
    text = table.read_text(encoding="utf-8").replace(",10.", ",110.")
    table.write_text(text, encoding="utf-8")
    assert sniff_incidents(table).doubts


def test_a_table_is_no_map(tmp_path: Path) -> None:
    table, line = write_files(tmp_path)
    assert sniff_map(table) is None
    layer = sniff_map(line)
    assert layer is not None
    assert (layer.kind, str(layer.day)) == ("line", "2031-05-01")


def test_standard_phrases_are_no_copies_and_rows_without_a_kind_are_in_no_series(tmp_path: Path) -> None:
    rows = ["date_time,lat,lon,event_type,description"]
    for n in range(120):
        kind = KINDS[n % 3]
        rows.append(
            f"2031-05-{1 + n % 26:02d} {n % 24:02d}:30,{50 + n % 50 / 50},{10 + n % 7 / 10},{kind},{kind} reported"
        )
    rows.append("2031-05-09 10:00,10.5,50.5,Shelling,Shelling reported")  # exchanged, not the region's edge
    table = tmp_path / "phrases.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    _, line = write_files(tmp_path)
    done = CliRunner().invoke(app, ["new", str(tmp_path / "ford"), *given(table, line), "--yes"])
    assert done.exit_code == 0, done.output
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app, ["verify", str(tmp_path / "ford"), "--out", str(out), "--no-pdf", "--json"]
    )
    assert done.exit_code == 0, done.output
    result = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    window = {one["title"]: one["effect"]["observed"] for one in result["series"]}
    days = [1 + n % 26 for n in range(120)]
    for k, kind in ((0, "Shelling"), (1, "Drone strike")):
        told = sum(20 <= day < 27 for n, day in enumerate(days) if n % 3 == k)
        assert [total for title, total in window.items() if title.startswith(kind)] == [told]
    assert pq.read_table(out / "tables" / "incidents.parquet").num_rows == 120
    assert result["quarantined_count"] == 1
