"""A wrong case: every fault at once, in words that say what to do; nothing hangs, nothing escapes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from truceline.base.documents import MOST_VALUES, Document
from truceline.base.errors import CaseError, Problem
from truceline.workflow.case import open_case


@pytest.fixture
def case(project_root: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    shutil.copytree(project_root / "cases" / "easter-2025", folder)
    return folder


def change(case: Path, name: str, *pairs: tuple[str, str]) -> None:
    text = (case / name).read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    (case / name).write_text(text, encoding="utf-8")


def faults(case: Path) -> list[Problem]:
    with pytest.raises(CaseError) as caught:
        open_case(case)
    return caught.value.problems


def test_a_term_that_names_an_unknown_party_is_told_with_its_place(case: Path) -> None:
    change(case, "truce.yaml", ("binds: [RU, UA]", "binds: [RU, XX]"))
    (problem,) = faults(case)
    assert (problem.code, problem.got, problem.file) == ("party_unknown", "XX", "case:truce.yaml")
    assert problem.row is not None
    assert "RU | UA" in problem.expected


def test_a_window_that_ends_before_it_starts_is_told(case: Path) -> None:
    change(case, "truce.yaml", ("stop: 2025-04-21", "stop: 2025-04-11"))
    assert next(p.code for p in faults(case)) == "window_order"


def test_a_baseline_inside_the_truce_is_told(case: Path) -> None:
    change(case, "case.yaml", ("stop: 2025-04-19T00:00:00+03:00", "stop: 2025-04-20T00:00:00+03:00"))
    (problem,) = faults(case)
    assert "reaches into the truce" in problem.message


def test_faults_of_both_files_are_told_at_once(case: Path) -> None:
    change(case, "truce.yaml", ("binds: [RU, UA]", "binds: [RU, XX]"), ("act: assault", "act: charge"))
    change(case, "case.yaml", ("id: sirens\n", "id: waves\n"))
    told = {p.code for p in faults(case)}
    assert {"party_unknown", "name_unknown", "id_repeated"} <= told


def test_a_time_without_zone_and_a_misspelt_field_say_what_to_write(case: Path) -> None:
    change(
        case,
        "case.yaml",
        ("start: 2025-03-01T00:00:00+02:00", "start: 2025-03-01T00:00:00"),
        ("subtitle:", "subtitel:"),
    )
    naive, unknown = sorted(faults(case), key=lambda p: p.code, reverse=True)
    assert naive.code == "time_naive"
    assert "+03:00" in naive.expected
    assert unknown.next_step == "Did you mean 'subtitle'?"


@pytest.mark.parametrize("path", ["../outside.csv", "/etc/passwd", "a/../../b.csv"])
def test_a_source_cannot_leave_its_root(case: Path, path: str) -> None:
    change(case, "case.yaml", ("files: [figures/claims.csv]", f"files: [{path}]"))
    assert "leaves its folder" in faults(case)[0].message


def test_yaml_that_unfolds_without_end_is_refused_soon(tmp_path: Path) -> None:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]")
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    (tmp_path / "deep.yaml").write_text("[" * 20_000)
    for name in ("bomb.yaml", "deep.yaml"):
        with pytest.raises(CaseError) as caught:
            Document(tmp_path / name, label=name)
        assert caught.value.problems[0].code == "yaml_syntax"
        assert f"{MOST_VALUES:,}" in caught.value.problems[0].expected


def test_an_empty_file_is_told_as_such(case: Path) -> None:
    (case / "case.yaml").write_text("")
    (problem,) = faults(case)
    assert "not a mapping" in problem.message
    assert problem.next_step


@pytest.mark.parametrize("as_of", ["yesterday", "9999-12-31", "0001-01-01"])
def test_a_date_of_the_evidence_that_is_none_is_told(case: Path, as_of: str) -> None:
    text = (case / "case.yaml").read_text(encoding="utf-8")
    lines = [f"as_of: '{as_of}'" if line.startswith("as_of:") else line for line in text.splitlines()]
    (case / "case.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (problem,) = faults(case)
    assert problem.message.startswith("as_of: ")


def test_a_year_that_nobody_meant_is_told(case: Path) -> None:
    change(case, "truce.yaml", ("stop: 2025-04-21", "stop: 9999-04-21"))
    assert any("the year is not one of" in problem.message for problem in faults(case))


def test_a_file_that_the_case_names_and_that_is_not_there_is_told(case: Path) -> None:
    names = [name for name in open_case(case).own_files() if name.endswith("json")]
    (case / names[0]).unlink()
    (problem,) = faults(case)
    assert (problem.code, problem.file) == ("file_missing", f"case:{names[0]}")


@pytest.mark.parametrize(
    "text",
    ['id: "a\\x07b"', 'id: "a\\ud800b"', "id: a\x00b", "id: " + "9" * 5000, "[" * 100_000, "- " * 5000],
    ids=["bell", "surrogate", "nul", "digits", "brackets", "dashes"],
)
def test_what_is_no_text_is_told_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "case.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CaseError):
        Document(tmp_path / "case.yaml", label="case:case.yaml")


@pytest.mark.parametrize(
    "region", ["[-180, -90, 180, 90]", "[9, 49, 9.0000001, 49.0000001]", "[0, 70, 20, 89]"]
)
def test_a_region_that_no_map_can_show_is_told(case: Path, region: str) -> None:
    text = (case / "case.yaml").read_text(encoding="utf-8")
    start = text.index("\nregion:")
    stop = text.index("\n", start + 1)
    while text[stop + 1] in " -":
        stop = text.index("\n", stop + 1)
    (case / "case.yaml").write_text(text[:start] + f"\nregion: {region}" + text[stop:], encoding="utf-8")
    assert any("map can show" in problem.message for problem in faults(case))
