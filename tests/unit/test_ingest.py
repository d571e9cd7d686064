"""Reading a case: what cannot be used is told apart from what is not there, with its cause."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from truceline.findings.results import SourceAccount
from truceline.fusion.associate import associate
from truceline.schema.table import Table
from truceline.workflow.case import open_case
from truceline.workflow.ingest import ingest


@pytest.fixture
def case(project_root: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    shutil.copytree(project_root / "cases" / "easter-2025", folder)
    return folder


def account(case: Path, source: str, data: Path | None = None) -> SourceAccount:
    return next(a for a in ingest(open_case(case), data=data).sources if a.source_id == source)


def test_a_source_of_which_every_row_is_put_aside_is_unusable_and_says_why(case: Path) -> None:
    ledger = case / "figures" / "claims.csv"
    ledger.write_text(ledger.read_text().replace("2025-04-", "2025/04/"))
    found = account(case, "figures")
    assert found.state == "unusable"
    assert "every row was put aside" in found.problems[0].message
    assert found.problems[0].row == 2
    assert found.problems[0].next_step or found.problems[0].expected


def test_an_absent_source_is_not_an_unusable_one(case: Path) -> None:
    assert account(case, "sirens").state == "absent"
    assert account(case, "sirens").problems[0].code == "source_absent"


def test_a_table_with_other_separators_says_which_option_to_set(case: Path) -> None:
    ledger = case / "figures" / "claims.csv"
    ledger.write_text(ledger.read_text().replace(",", ";"))
    (problem,) = account(case, "figures").problems
    assert "';'" in problem.message
    assert "delimiter" in problem.next_step


def test_counts_that_no_series_uses_are_told(case: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "ua_genstaff_loss_claims").mkdir(parents=True)
    (data / "ua_genstaff_loss_claims" / "russia_losses_personnel.json").write_text(
        '[{"date": "2025-04-19", "personnel": 10}, {"date": "2025-04-20", "personnel": 30}]'
    )
    (data / "ua_genstaff_loss_claims" / "russia_losses_equipment.json").write_text(
        '[{"date": "2025-04-19", "drone": 1, "field artillery": 1}, {"date": "2025-04-20", "drone": 2, "field artillery": 2}]'
    )
    text = (case / "case.yaml").read_text()
    start = text.index("  - id: losses_artillery")
    stop = text.index("  - id: news_incidents")
    (case / "case.yaml").write_text(text[:start] + text[stop:])
    assert "source_unused" in [p.code for p in account(case, "losses", data).problems]


def test_reports_never_teach_where_fire_is_to_be_expected(
    project_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[frozenset[str]] = []

    def listen(observations: Table, *, hard_sources: frozenset[str], **rest: Any) -> Table:
        asked.append(hard_sources)
        return associate(observations, hard_sources=hard_sources, **rest)

    case = open_case(project_root / "cases" / "easter-2025")
    grade = {entry.id: entry.grade for entry in case.file.sources if entry.forms_incidents}
    assert "reported" in grade.values()
    verifying = import_module("truceline.workflow.verify")
    monkeypatch.setattr(verifying, "associate", listen)
    verifying.verify(case.folder, data=None, out=tmp_path / "out", pdf=False)
    assert asked == [frozenset(name for name, one in grade.items() if one == "hard")]
