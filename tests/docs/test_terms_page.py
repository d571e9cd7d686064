"""docs/terms.md lists the taxonomy as it is."""

from __future__ import annotations

import re
from pathlib import Path

from truceline.terms.taxonomy import known_acts, known_means


def test_the_page_lists_the_taxonomy_as_it_is(project_root: Path) -> None:
    page = (project_root / "docs" / "terms.md").read_text(encoding="utf-8")
    listed = page[page.index("## 8. The taxonomy") :]
    rows = [[cell.strip(" `") for cell in row.strip("|").split(" | ")] for row in re.findall(r"^\| `.*$", listed, re.M)]  # fmt: skip
    wanted = [[act.id, act.parent or "–", act.definition, act.unit] for act in known_acts().values()]
    assert rows == wanted
    for means, name in known_means().items():
        assert f"`{means}` ({name[0].lower()}{name[1:]})" in " ".join(listed.split())
