"""Small tables beside a case: whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from truceline.base.errors import CaseError, InputError
from truceline.workflow.case_tables import read_table


def table(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


def codes(path: Path, **options: Any) -> list[tuple[str, int | None]]:
    with pytest.raises(CaseError) as caught:
        read_table(path, ("a", "b"), label="case:t.csv", **options)
    return [(one.code, one.row) for one in caught.value.problems]


def test_rows_keep_their_lines_in_the_file(tmp_path: Path) -> None:
    lines = read_table(table(tmp_path, 'a,b\n1,2\n\n"x, y", z\n'), ("b",), label="case:t.csv")
    assert [(one.row, one.cell) for one in lines] == [(2, {"b": "2"}), (4, {"b": "z"})]


def test_a_comma_too_many_is_told_and_not_dropped(tmp_path: Path) -> None:
    assert codes(table(tmp_path, "a,b\n1,2\n3,4,5\n6,7,8\n")) == [("file_format", 3), ("file_format", 4)]


def test_what_is_no_such_table_is_told(tmp_path: Path) -> None:
    assert codes(table(tmp_path, "a\n1\n")) == [("column_missing", 1)]
    assert codes(table(tmp_path, "a,b\n")) == [("file_without_rows", 1)]
    assert codes(tmp_path / "none.csv") == [("file_format", None)]
    assert read_table(table(tmp_path, "a,b\n"), ("a", "b"), label="case:t.csv", may_be_empty=True) == []


def test_only_columns_that_are_known_are_taken_where_that_is_asked(tmp_path: Path) -> None:
    path = table(tmp_path, "a,b,c\n1,2,3\n")
    assert [one.cell for one in read_table(path, ("a", "b"), label="t.csv")] == [{"a": "1", "b": "2"}]
    found = read_table(path, ("a", "b"), label="t.csv", optional=("c", "d"))
    assert [one.cell for one in found] == [{"a": "1", "b": "2", "c": "3"}]
    assert codes(path, optional=("d",)) == [("column_missing", 1)]
    with pytest.raises(InputError):
        read_table(path, ("a", "z"), label="t.csv", fault=InputError)
