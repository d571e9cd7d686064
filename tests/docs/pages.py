"""Pages that teach by examples: every block of one runs as it stands, in the page's order."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from truceline.faces.cli.main import run

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# file: (\S+)\n")


def run_page(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Run a page's blocks in ``folder``; gives the kinds of blocks that ran.

    ``console``: commands and what they print. ``pycon``: one session for the whole page. Any other kind is a file
    that its first line names, and is only shown where that names none.
    """
    root = page.parent.parent
    for name in ("cases", "docs"):
        (folder / name).symlink_to(root / name)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TRUCELINE_DATA", raising=False)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    session: dict[str, object] = {}
    ran = set()
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "console":
            _run_commands(text)
        elif kind == "pycon":
            _talk(text, session, page.name)
        elif named := FILE.match(text):
            kept = text if kind == "yaml" else text[named.end() :]  # in YAML the line is a comment
            (folder / named[1]).write_text(kept, encoding="utf-8")
        else:
            continue
        ran.add(kind)
    return ran


def _run_commands(text: str) -> None:
    """Each ``$ command`` prints what stands below it, where something does; ``...`` stands for anything.

    A command ends with 0, or as its own comment says: ``# exit code 3``.
    """
    for piece in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = piece.partition("\n")
        announced = re.search(r"# exit code (\d+)$", command)
        code, printed = _run(shlex.split(command, comments=True))
        assert code == (int(announced[1]) if announced else 0), f"$ {command}\n{printed}"
        same = doctest.OutputChecker().check_output(expected, printed, doctest.ELLIPSIS)
        assert same or not expected.strip(), f"$ {command}\n{printed}\nexpected:\n{expected}"


def _run(arguments: list[str]) -> tuple[int, str]:
    """Exit code, and what was printed. Our own commands run in this process: a start costs a second."""
    if arguments[0] != "truceline":
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments[1:])
    return code, out.getvalue() + err.getvalue()


def _talk(text: str, session: dict[str, object], name: str) -> None:
    """Run a Python session on; what it defines is there for the next."""
    block = doctest.DocTestParser().get_doctest(text, session, name, name, 0)
    said: list[str] = []
    failed = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(
        block, clear_globs=False, out=said.append
    )
    assert failed.failed == 0, "".join(said)
    session.update(block.globs)
