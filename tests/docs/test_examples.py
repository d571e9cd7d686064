"""Pages that teach by examples: each example runs as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import run_page


@pytest.mark.parametrize(
    ("page", "kinds"),
    [
        ("tutorial.md", {"console", "pycon"}),
        ("orders.md", {"console", "pycon"}),
        ("declarations.md", {"console", "csv"}),
        ("terms.md", {"console", "yaml", "pycon"}),
        ("fuse.md", {"console"}),
    ],
)
def test_the_examples_run(
    page: str, kinds: set[str], project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_page(project_root / "docs" / page, tmp_path, monkeypatch) == kinds
