"""The page on the evidence log cites tests that there are, and commands that there are."""

from __future__ import annotations

import re
from pathlib import Path

from truceline.faces.cli.main import log_app


def test_every_test_that_the_page_cites_is_there(project_root: Path) -> None:
    page = (project_root / "docs" / "evidence-log.md").read_text(encoding="utf-8")
    cited = set(re.findall(r"`(test_\w+)`", page))
    text = "".join(
        path.read_text(encoding="utf-8") for path in (project_root / "tests" / "laws").glob("test_log_*.py")
    )
    there = set(re.findall(r"^def (test_\w+)", text, re.MULTILINE))
    assert cited
    assert cited <= there


def test_every_attack_test_is_cited_or_tells_of_the_protocol(project_root: Path) -> None:
    page = (project_root / "docs" / "evidence-log.md").read_text(encoding="utf-8")
    text = (project_root / "tests" / "laws" / "test_log_attacks.py").read_text(encoding="utf-8")
    left = {name for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE) if name not in page}
    assert left == {
        "test_withheld_entry_no_proof_against_a_log_that_kept_its_word",
        "test_a_witness_whose_clock_went_back_does_not_contradict_itself",
        "test_a_witness_answers_as_the_protocol_says",
        "test_a_code_leads_to_one_entry",
    }


def test_every_command_that_the_page_shows_is_there(project_root: Path) -> None:
    page = (project_root / "docs" / "evidence-log.md").read_text(encoding="utf-8")
    names = {command.callback.__name__ for command in log_app.registered_commands if command.callback}
    assert set(re.findall(r"truceline log (\w+)", page)) <= names
