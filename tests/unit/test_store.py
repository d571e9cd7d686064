"""The output folder is absent, the old complete one, or the new complete one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from truceline.base.errors import OutputError
from truceline.store import folder as folder_module
from truceline.store.folder import CONTENTS, MARKER, OutputFolder

WRITER = """
import sys, time
from pathlib import Path
from truceline.store.folder import OutputFolder
with OutputFolder(Path(sys.argv[1])) as place:
    (place / "manifest.jsonl").write_text("new")
    for number in range(200):
        (place / f"part-{number}").write_text("x" * 1000)
        if number == 50:
            print("half", flush=True)
            time.sleep(float(sys.argv[2]))
"""


def write(target: Path, text: str) -> None:
    with OutputFolder(target) as place:
        (place / MARKER).write_text(text)
        (place / "charts").mkdir()
        (place / "charts" / "a.svg").write_text(text)


def codes(error: pytest.ExceptionInfo[OutputError]) -> list[str]:
    return [problem.code for problem in error.value.problems]


def test_a_finished_result_is_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "out", "one")
    assert (tmp_path / "deep" / "out" / "charts" / "a.svg").read_text() == "one"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_a_second_result_replaces_the_first_whole(tmp_path: Path) -> None:
    write(tmp_path / "out", "one")
    with OutputFolder(tmp_path / "out") as place:
        (place / MARKER).write_text("two")
        assert (tmp_path / "out" / MARKER).read_text() == "one", "the old one stands until the end"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [CONTENTS, MARKER]
    assert (tmp_path / "out" / MARKER).read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_without_an_exchange_in_one_step_two_renames_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "_exchange", lambda one, other: False)
    write(tmp_path / "out", "one")
    write(tmp_path / "out", "two")
    assert (tmp_path / "out" / MARKER).read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_failed_run_changes_nothing(tmp_path: Path, earlier: bool, fault: type[BaseException]) -> None:
    if earlier:
        write(tmp_path / "out", "one")

    def fail(place: Path) -> None:
        (place / "half").write_text("half")
        raise fault

    with pytest.raises(fault), OutputFolder(tmp_path / "out") as place:
        fail(place)
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if earlier else [])
    if earlier:
        assert (tmp_path / "out" / MARKER).read_text() == "one"


@pytest.mark.parametrize("earlier", [False, True])
def test_a_kill_in_the_middle_leaves_absent_or_the_old_one(tmp_path: Path, earlier: bool) -> None:
    if earlier:
        write(tmp_path / "out", "one")
    command = [sys.executable, "-c", WRITER, str(tmp_path / "out"), "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half\n"
        writer.send_signal(signal.SIGKILL)
    assert (tmp_path / "out").exists() == earlier
    if earlier:
        assert (tmp_path / "out" / "charts" / "a.svg").read_text() == "one"
    # and the next run is not hindered, and clears up
    write(tmp_path / "out", "two")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_a_complete_folder(tmp_path: Path) -> None:
    write(tmp_path / "out", "one")
    for delay_ms in range(0, 100, 10):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "out"), "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(delay_ms / 1000)
            writer.send_signal(signal.SIGKILL)
        names = {path.name for path in (tmp_path / "out").iterdir()}
        assert {MARKER, CONTENTS} <= names
        assert names == {MARKER, CONTENTS, "charts"} or len(names) == 202


def test_a_kill_between_two_renames_is_mended_by_the_next_run(tmp_path: Path) -> None:
    write(tmp_path / "out", "one")
    (tmp_path / "out").rename(tmp_path / ".out.old")
    with pytest.raises(RuntimeError), OutputFolder(tmp_path / "out"):
        raise RuntimeError
    assert (tmp_path / "out" / MARKER).read_text() == "one"


def test_two_runs_into_one_folder_do_not_mix(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out") as place:
        (place / MARKER).write_text("first")
        with pytest.raises(OutputError) as error, OutputFolder(tmp_path / "out"):
            pass
        assert codes(error) == ["out_busy"]
    assert (tmp_path / "out" / MARKER).read_text() == "first"


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError) as error, OutputFolder(tmp_path / "out"):
        pass
    assert codes(error) == ["out_not_ours"]
    assert error.value.problems[0].next_step
    assert (tmp_path / "out" / "thesis.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_put_into_a_result_by_hand_is_not_lost(tmp_path: Path) -> None:
    write(tmp_path / "out", "one")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"notes\.txt") as error, OutputFolder(tmp_path / "out"):
        pass
    assert codes(error) == ["out_not_ours"]


def test_a_file_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError) as error, OutputFolder(tmp_path / "out"):
        pass
    assert codes(error) == ["out_not_ours"]


def test_a_folder_of_ours_that_is_no_result_is_replaced_too(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with OutputFolder(tmp_path / "case") as place:
            (place / "case.yaml").write_text(text)
    assert (tmp_path / "case" / "case.yaml").read_text() == "two"


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", "one")
    assert (tmp_path / "out" / MARKER).read_text() == "one"


def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "real", "one")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", "two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / MARKER).read_text() == "two"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as error, OutputFolder(tmp_path / "file" / "out"):
        pass
    assert codes(error) == ["out_unwritable"]
    assert "--out" in error.value.problems[0].next_step


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError) as error, OutputFolder(tmp_path / "out"):
            pass
    finally:
        tmp_path.chmod(0o700)
    assert codes(error) == ["out_unwritable"]


def test_a_full_disk_is_an_output_error_and_a_missing_input_is_not(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as error, OutputFolder(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert codes(error) == ["out_unwritable"]
    with pytest.raises(FileNotFoundError), OutputFolder(tmp_path / "out"):
        (tmp_path / "input").read_text()
    assert list(tmp_path.iterdir()) == []
