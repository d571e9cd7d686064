"""The example of docs/fuse.md runs as it stands."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_example_runs(project_root: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(project_root / "docs")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    blocks = BLOCK.findall((project_root / "docs" / "fuse.md").read_text(encoding="utf-8"))
    assert len(blocks) == 2
    for block in blocks:
        command, _, expected = block.removeprefix("$ ").partition("\n")
        done = subprocess.run(
            shlex.split(command), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed
        assert doctest.OutputChecker().check_output(expected, printed, doctest.ELLIPSIS), printed
    scored = tmp_path / "out" / "fused" / "incidents.csv"
    assert scored.is_file()
