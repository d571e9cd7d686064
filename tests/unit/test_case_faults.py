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
