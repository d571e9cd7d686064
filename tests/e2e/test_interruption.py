"""A run that is stopped, however it is stopped, leaves no half result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

START = "from truceline.faces.cli.main import main; main()"


def stop_in_the_middle(project_root: Path, out: Path, number: signal.Signals) -> tuple[int, str]:
    environment = {key: value for key, value in os.environ.items() if key != "TRUCELINE_DATA"}
    arguments = ["verify", str(project_root / "cases" / "easter-2025"), "--out", str(out), "--no-pdf"]
    with subprocess.Popen(
        [sys.executable, "-c", START, *arguments], env=environment, stderr=subprocess.PIPE, text=True
    ) as run:
        partial = out.parent / f".{out.name}.partial"
        deadline = time.monotonic() + 60
        while not partial.exists() and run.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert partial.exists(), "the run ended before it could be stopped"
        run.send_signal(number)
        _, told = run.communicate(timeout=60)
    return run.returncode, told


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_ends_with_its_code_and_leaves_nothing(
    project_root: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    ended, told = stop_in_the_middle(project_root, tmp_path / "out", number)
    assert ended == code
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_leaves_the_old_result_whole_and_the_next_one_runs(
    project_root: Path, tmp_path: Path
) -> None:
    case, out = project_root / "cases" / "easter-2025", tmp_path / "out"
    command = [sys.executable, "-c", START, "verify", str(case), "--out", str(out), "--no-pdf", "--quiet"]
    environment = {key: value for key, value in os.environ.items() if key != "TRUCELINE_DATA"}

    def content() -> dict[str, bytes]:
        return {
            path.relative_to(out).as_posix(): path.read_bytes()
            for path in sorted(out.rglob("*"))
            if path.is_file()
        }

    subprocess.run(command, check=True, env=environment, capture_output=True)
    before = content()
    ended, _ = stop_in_the_middle(project_root, out, signal.SIGKILL)
    assert ended == -signal.SIGKILL
    assert content() == before
    subprocess.run(command, check=True, env=environment, capture_output=True)
    assert content().keys() == before.keys()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
