"""The manifest is append-only and bound line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from truceline.base.errors import OutputError
from truceline.custody.manifest import NAME, Manifest, changed_files, make_run_id, read_manifest

RUN = {"kind": "run", "run_id": "run-1"}
FILE = {"kind": "file", "run_id": "run-1", "file": "data:a.csv", "sha256": "11"}


def test_appending_never_alters_a_line() -> None:
    first = Manifest().append([RUN, FILE])
    second = first.append([{"kind": "run", "run_id": "run-2"}])
    assert second.lines[: len(first.lines)] == first.lines
    assert second.run_ids == ["run-1", "run-2"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[1:],
        lambda lines: lines[::-1],
        lambda lines: [lines[0].replace("run-1", "run-x"), *lines[1:]],
    ],
)
def test_an_altered_missing_or_moved_line_is_found(tmp_path: Path, spoil: object) -> None:
    manifest = Manifest().append([RUN, FILE, {"kind": "absent", "run_id": "run-1"}])
    (tmp_path / NAME).write_text(manifest.text())
    assert read_manifest(tmp_path) == manifest
    lines = spoil(list(manifest.lines))  # type: ignore[operator]
    (tmp_path / NAME).write_text("".join(line + "\n" for line in lines))
    with pytest.raises(OutputError, match="altered"):
        read_manifest(tmp_path)


def test_a_run_is_named_by_what_went_in() -> None:
    base = {"version": "1", "case_digest": "c", "seed": 1, "files": [("data:a.csv", "11")]}
    names = {
        make_run_id(**{**base, **change})  # type: ignore[arg-type]
        for change in (
            {},
            {"version": "2"},
            {"case_digest": "d"},
            {"seed": 2},
            {"files": [("data:a.csv", "12")]},
        )
    }
    assert len(names) == 5
    assert make_run_id(**base) == make_run_id(**base)  # type: ignore[arg-type]


def test_a_file_that_changed_since_the_last_run_is_named_with_both_digests() -> None:
    old = Manifest().append([RUN, FILE])
    (problem,) = changed_files(old, "run-2", [("data:a.csv", "22"), ("data:b.csv", "33")])
    assert problem.code == "file_changed"
    assert (problem.file, problem.got[:11], problem.expected[:11]) == (
        "data:a.csv",
        "SHA-256 22…",
        "SHA-256 11…",
    )
    assert changed_files(old, "run-2", [("data:a.csv", "11")]) == []
    assert changed_files(old, "run-1", [("data:a.csv", "22")]) == []
