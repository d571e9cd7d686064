"""A small part of ``make evaluate``: the harness, and fusion on a short front."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="module")
def evaluation(project_root: Path) -> Any:
    """The harness, which lies beside the package."""
    sys.path.insert(0, str(project_root / "tools"))
    try:
        from evaluation import counts, fusion, page, pictures, rows

        yield {"rows": rows, "page": page, "pictures": pictures, "fusion": fusion, "counts": counts}
    finally:
        sys.path.remove(str(project_root / "tools"))


def test_targets_are_met_or_not_or_neither(evaluation: dict[str, ModuleType]) -> None:
    meets = evaluation["rows"].meets
    assert meets(0.99, "≥ 0.99") is True
    assert meets(0.06, "≤ 0.05") is False
    assert meets(0.95, "0.93 to 0.97") is True
    assert meets(0.98, "0.93 to 0.97") is False
    assert meets(None, "≥ 1") is None
    assert meets(3.0, "") is None
    with pytest.raises(ValueError, match="expected such as"):
        meets(1.0, "about 1")


def test_a_fall_of_fire_in_bursts_is_dated_by_an_interval_that_holds_it(
    evaluation: dict[str, ModuleType],
) -> None:
    counts, rng = evaluation["counts"], np.random.default_rng(1)
    bursts = next(one for one in counts.RECIPES if one.name == "bursts")
    moments = [counts.measure_moment(bursts, rng) for _ in range(60)]
    held = [found.at_lo95 <= when <= found.at_hi95 for found, when in moments if found.found]
    assert len(held) > 40
    assert np.mean(held) > 0.9


def test_rows_and_pictures_come_back_from_json(evaluation: dict[str, ModuleType]) -> None:
    rows = evaluation["rows"]
    made = [
        rows.row("a", "quiet", "≥ 0.9", float("nan"), note="why"),
        rows.Reliability(name="x", title="X", forecast=(0.1, 0.9), outcome=(0.2, 0.8), n=(10, 20)),
        rows.Ranks(name="y", title="Y", counts=(3, 4, 5)),
    ]
    assert [rows.from_json(rows.to_json(one)) for one in made] == made
    assert made[0].measured is None
    assert made[0].met is None


def test_a_page_shows_every_figure_target_and_plot(evaluation: dict[str, ModuleType], tmp_path: Path) -> None:
    rows, page = evaluation["rows"], evaluation["page"]
    kept = {
        "p": [
            *(rows.row("share", name, "≤ 0.05", value, lo=0.0, hi=0.1, ideal=0.01, n=7) for name, value in (("quiet", 0.04), ("war", 0.06))),
            rows.Reliability(name="x", title="X", forecast=(0.1, 0.9), outcome=(0.2, 0.8), n=(10, 20)),
            rows.Ranks(name="y", title="Y", counts=(3, 4, 5)),
        ]
    }  # fmt: skip
    out = tmp_path / "evaluation.md"
    page.write_page(
        out,
        kept,
        titles={"p": "A part", "q": "Another"},
        stale={"q.war"},
        failed=["q.war: boom"],
        quick=False,
    )
    text = out.read_text(encoding="utf-8")
    assert "| war | ≤ 0.05 | 0.0600 | 0.0000 to 0.1000 | 0.0100 | **no** | 7 |" in text
    assert "1 are met, 1 are not, 0 were not measured" in text
    assert "Not measured." in text
    assert "q.war: boom" in text
    drawn = sorted(path.name for path in (tmp_path / "evaluation").glob("*.svg"))
    assert drawn == ["p-share.svg", "p-x.svg", "p-y.svg"]
    for name in drawn:
        assert f"(evaluation/{name})" in text


def test_fusion_is_measured_on_a_short_front(evaluation: dict[str, ModuleType], tmp_path: Path) -> None:
    rows, fusion = evaluation["rows"], evaluation["fusion"]

    class Tiny(rows.Budget):  # type: ignore[misc, name-defined]  # the harness is no package of the path
        @property
        def size(self) -> dict[str, Any]:
            return {"days": 2, "length_km": 120}

    made = fusion.evaluate(["plain"], [5000], Tiny(seconds=1, quick=True, work=tmp_path))
    told = {one.metric: one for one in made if isinstance(one, rows.Row)}
    own, labels = told["id_f1"].measured, told["id_f1, true labels"].measured
    assert own is not None
    assert labels is not None
    assert own <= labels
    assert own > (told["id_f1, time-shifted null"].measured or 0)
    assert {one.target for one in told.values()} >= {"≥ 0.97", "≥ 0.99", "≤ 0.015"}
    # a second run takes the classifier that was kept
    again = fusion.evaluate(["plain"], [5000], Tiny(seconds=1, quick=True, work=tmp_path))
    assert [rows.to_json(one) for one in again] == [rows.to_json(one) for one in made]
    assert len(list(tmp_path.glob("trained.plain.*.json"))) == 1
