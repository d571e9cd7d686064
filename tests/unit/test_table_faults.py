"""Laws of what is told of a strange table: a quote that swallows lines is named, cells are shown as they stand."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from truceline.base.intervals import Interval
from truceline.sources.long_rows import MOST_LINES
from truceline.sources.rows import Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, SourceTables

SPAN = Interval(datetime(2031, 1, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC))


def read(path: Path, content: str, **options: Any) -> SourceTables:
    path.write_text(content, encoding="utf-8")
    plugin = SOURCES.get("table")
    assert plugin is not None
    context = ReadContext(
        source_id="src",
        files=(InputFile(path, label=path.name),),
        span=SPAN,
        window=SPAN,
        parties=("a", "b"),
        acts=("shelling",),
        area_by_name={},
    )
    return plugin(plugin.Options.model_validate({"table": "observations", **options})).read(context)


_NUMBERS = itertools.count()


def lines(n: int) -> list[str]:
    return [f"2031-05-07T10:{at % 60:02d}:00Z,record {next(_NUMBERS)},Northside" for at in range(n)]


COLUMNS = {"time": "when", "text": "text", "place_name": "place"}
HEADER = "when,text,place"


def by_batches(path: Path, content: str) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.row) for problem in read(path, content, columns=COLUMNS).problems]


def by_rows(path: Path, content: str) -> list[tuple[str, int | None]]:
    path.write_text(content, encoding="utf-8")
    tables = SourceTables()
    for row in Sheet(InputFile(path, label=path.name), tables).csv_rows():
        row.use()
    return [(problem.code, problem.row) for problem in tables.problems]


@pytest.mark.parametrize("reader", [by_batches, by_rows])
@pytest.mark.parametrize("gap", [1, 3, MOST_LINES, 200])
@pytest.mark.parametrize("closing", ['2031-05-07T10:00:00Z,"quoted",Northside', '2031-05-07T10:00:00Z,closes",Northside'])  # fmt: skip
def test_a_quote_that_swallows_lines_is_named_by_its_line(
    reader: Any, gap: int, closing: str, tmp_path: Path
) -> None:
    text = [HEADER, *lines(40), '2031-05-07T10:00:00Z,"stray,Northside', *lines(gap), closing, *lines(20)]
    found = reader(tmp_path / "a.csv", "\n".join(text) + "\n")
    if '"quoted"' in closing or gap + 2 > MOST_LINES:
        assert found == [("row_spans_lines", 42)]
    else:  # a field that closes as a field does, a few lines on, may well be meant
        assert found == []


@pytest.mark.parametrize("reader", [by_batches, by_rows])
def test_a_field_of_some_lines_is_no_fault(reader: Any, tmp_path: Path) -> None:
    field = '"first line\nwith a ""word"", and a comma\n\nlast line"'
    text = [HEADER, *lines(5), f"2031-05-07T10:00:00Z,{field},Northside", *lines(5)]
    assert reader(tmp_path / "a.csv", "\n".join(text) + "\n") == []


def test_many_swallowing_rows_make_one_warning_that_names_the_longest(tmp_path: Path) -> None:
    def swallow(n: int) -> list[str]:
        return ['2031-05-07T10:00:00Z,"stray,Northside', *lines(n), '2031-05-07T10:00:00Z,closes",Northside']

    text = [HEADER, *swallow(30), *swallow(60), *swallow(40)]
    (problem,) = read(tmp_path / "a.csv", "\n".join(text) + "\n", columns=COLUMNS).problems
    assert (problem.code, problem.row) == ("row_spans_lines", 34)
    assert "62 lines" in problem.message
    assert "3 rows" in problem.message


@pytest.mark.parametrize("name", ["a.csv", "a.geojson"])
def test_a_fault_in_a_joined_value_shows_the_cells_as_they_stand_in_the_file(name: str, tmp_path: Path) -> None:  # fmt: skip
    cells = [("2031-05-07", "25:99"), ("2031-13-07", "10:00"), ("", "10:00"), ("2031-05-07", "10:00")]
    if name == "a.csv":
        content = "day,clock\n" + "".join(f"{day},{clock}\n" for day, clock in cells)
    else:
        content = json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {"day": day, "clock": clock}} for day, clock in cells]})  # fmt: skip
    tables = read(tmp_path / name, content, columns={"date": "day", "clock": "clock"}, zone="UTC")
    assert len(tables.observations) == 1
    told = [(problem.column, problem.got) for row in tables.quarantined for problem in row.problems]
    assert told == [("day + clock", f"day: {day or '(empty)'}, clock: {clock}") for day, clock in cells[:3]]
    for row, (day, clock) in zip(tables.quarantined, cells[:3], strict=True):
        content_of = json.loads(row.content)
        assert {"day", "clock"} <= content_of.keys() <= {"day", "clock", "longitude_deg", "latitude_deg"}
        assert (content_of["day"], content_of["clock"]) == (day, clock)


def test_a_fault_in_half_a_place_shows_the_whole_cell(tmp_path: Path) -> None:
    content = 'when,where\n2031-05-07T10:00:00Z,"95, 10"\n'
    tables = read(tmp_path / "a.csv", content, columns={"time": "when", "coordinates": "where"}, coordinates_order="lat_lon")  # fmt: skip
    (row,) = tables.quarantined
    (problem,) = row.problems
    assert (problem.column, problem.got) == ("where", "95, 10 (read as 95)")
    assert json.loads(row.content) == {"when": "2031-05-07T10:00:00Z", "where": "95, 10"}
