"""docs/orders.md and docs/declarations.md teach by examples; each of them runs as it stands."""

from __future__ import annotations

import doctest
import os
import re
import sys
from pathlib import Path

import pytest
from test_docs_run import BLOCK, run_commands


@pytest.mark.parametrize(("page", "kinds"), [("orders.md", {"console", "yaml", "pycon"}), ("declarations.md", {"console", "csv"})])  # fmt: skip
def test_the_examples_run(
    project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, kinds: set[str]
) -> None:
    (tmp_path / "cases").symlink_to(project_root / "cases")
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("TRUCELINE_DATA", None)
    session: dict[str, object] = {}
    blocks = BLOCK.findall((project_root / "docs" / page).read_text(encoding="utf-8"))
    assert {kind for kind, _ in blocks} == kinds
    for kind, text in blocks:
        if kind == "console":
            run_commands(text, tmp_path, environment)
        elif kind == "csv":
            name = re.match(r"# file: (\S+)\n", text)
            assert name is not None
            (tmp_path / name[1]).write_text(text[name.end() :], encoding="utf-8")
        elif kind == "pycon":
            block = doctest.DocTestParser().get_doctest(text, session, page, page, 0)
            said: list[str] = []
            failed = doctest.DocTestRunner().run(block, clear_globs=False, out=said.append)
            assert failed.failed == 0, "".join(said)
            session.update(block.globs)


def test_the_picture_is_what_the_command_draws(project_root: Path) -> None:
    from truceline.reports.inspection_chart import draw_checks

    drawn = draw_checks(200, seen_p=0.9, recognition_p=1.0, mark=10)
    assert (project_root / "docs" / "images" / "checks.svg").read_text(encoding="utf-8") == drawn


def test_the_case_is_what_its_tool_writes(project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    import importlib.util
    import shutil

    path = project_root / "tools" / "make_ordered_truce.py"
    spec = importlib.util.spec_from_file_location("make_ordered_truce", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    case = project_root / "cases" / "ordered-truce"
    shutil.copytree(case, tmp_path / "case")
    monkeypatch.setattr(module, "CASE", tmp_path / "case")
    module.main()
    for file in sorted(one for one in case.rglob("*") if one.is_file()):
        assert (tmp_path / "case" / file.relative_to(case)).read_bytes() == file.read_bytes(), file.name
