"""docs/terms.md teaches by examples; each of them runs as it stands."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from truceline.terms.taxonomy import known_acts, known_means

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_examples_run(project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cases").symlink_to(project_root / "cases")
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    session: dict[str, object] = {}
    kinds = set()
    page = (project_root / "docs" / "terms.md").read_text(encoding="utf-8")
    for kind, text in BLOCK.findall(page):
        kinds.add(kind)
        if kind == "yaml":
            name = re.match(r"# file: (\S+)\n", text)
            assert name is not None
            (tmp_path / name[1]).write_text(text, encoding="utf-8")
        elif kind == "console":
            run(text, tmp_path, environment)
        else:
            talk(text, session)
    assert kinds == {"yaml", "console", "pycon"}


def test_the_page_lists_the_taxonomy_as_it_is(project_root: Path) -> None:
    page = (project_root / "docs" / "terms.md").read_text(encoding="utf-8")
    listed = page[page.index("## 8. The taxonomy") :]
    rows = [[cell.strip(" `") for cell in row.strip("|").split(" | ")] for row in re.findall(r"^\| `.*$", listed, re.M)]  # fmt: skip
    wanted = [[act.id, act.parent or "–", act.definition, act.unit] for act in known_acts().values()]
    assert rows == wanted
    for means, name in known_means().items():
        assert f"`{means}` ({name[0].lower()}{name[1:]})" in " ".join(listed.split())


def run(text: str, folder: Path, environment: dict[str, str]) -> None:
    command, _, expected = text.removeprefix("$ ").partition("\n")
    code = re.search(r"# exit code (\d+)$", command)
    done = subprocess.run(
        shlex.split(command, comments=True), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    printed = done.stdout + done.stderr
    assert done.returncode == (int(code[1]) if code else 0), printed
    assert doctest.OutputChecker().check_output(expected, printed, doctest.ELLIPSIS), printed


def talk(text: str, session: dict[str, object]) -> None:
    block = doctest.DocTestParser().get_doctest(text, session, "terms.md", "terms.md", 0)
    said: list[str] = []
    failed = doctest.DocTestRunner().run(block, clear_globs=False, out=said.append)
    assert failed.failed == 0, "".join(said)
    session.update(block.globs)
