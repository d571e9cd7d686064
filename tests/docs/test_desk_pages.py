"""What docs/orders.md and docs/declarations.md show is what the code makes."""

from __future__ import annotations

from pathlib import Path

import pytest


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
