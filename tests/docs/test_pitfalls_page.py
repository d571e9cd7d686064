"""The table of pitfalls names laws that are there, and all twelve pitfalls."""

from __future__ import annotations

import re
from pathlib import Path


def test_every_pitfall_names_a_law_that_is_there(project_root: Path) -> None:
    page = (project_root / "docs/decisions/0013-the-inference-engine.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) .*\| (.*) \|$", page, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 13))
    written = "".join(
        path.read_text(encoding="utf-8") for path in (project_root / "tests").rglob("test_*.py")
    )
    for number, laws in rows:
        named = re.findall(r"`(test_\w+)`", laws)
        assert named, number
        assert [law for law in named if f"def {law}(" not in written] == []
