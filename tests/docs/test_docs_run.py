"""The documents hold: generated ones are up to date, codes and links exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from truceline.base.errors import CODES
from truceline.faces.cli.exits import EXIT_CODES
from truceline.findings.reasons import REASONS
from truceline.schema import TABLES

LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


@pytest.fixture(scope="module")
def write_docs(project_root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_docs", project_root / "tools" / "write_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages(project_root: Path) -> list[Path]:
    tops = [project_root / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [*tops, *sorted((project_root / "docs").rglob("*.md"))]


def test_generated_documents_say_what_the_code_says(write_docs: ModuleType, project_root: Path) -> None:
    assert write_docs.stale(project_root) == [], "run: make docs"


def test_a_stale_document_is_noticed(write_docs: ModuleType, project_root: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in write_docs.DOCUMENTS:
        (tmp_path / "docs" / name).write_text(write_docs.text_of(name), encoding="utf-8")
    assert write_docs.stale(tmp_path) == []
    with (tmp_path / "docs" / "errors.md").open("a", encoding="utf-8") as page:
        page.write("another line\n")
    (tmp_path / "docs" / "sources.md").unlink()
    assert sorted(write_docs.stale(tmp_path)) == ["errors.md", "sources.md"]


def test_every_code_is_listed_and_every_listed_code_exists(project_root: Path) -> None:
    text = (project_root / "docs" / "errors.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == {*CODES, *REASONS}


def test_every_exit_code_is_listed(project_root: Path) -> None:
    text = (project_root / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (\d+) \|", text, re.MULTILINE)) == {str(number) for number in EXIT_CODES}


def test_every_table_is_described(project_root: Path) -> None:
    text = (project_root / "docs" / "tables.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == list(TABLES)


def test_links_between_pages_lead_somewhere(project_root: Path) -> None:
    dead = [
        f"{page.relative_to(project_root)} -> {target}"
        for page in pages(project_root)
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert dead == []


def test_decisions_are_numbered_once(project_root: Path) -> None:
    names = [path.name for path in (project_root / "docs" / "decisions").glob("*.md")]
    numbers = [name[:4] for name in names]
    assert all(number.isdigit() for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_codes_used_in_the_source_are_listed(project_root: Path) -> None:
    used = set()
    for path in (project_root / "src").rglob("*.py"):
        used |= set(re.findall(r"\bProblem\(\s*code=\"(\w+)\"", path.read_text(encoding="utf-8")))
    assert used
    assert used <= set(CODES)
