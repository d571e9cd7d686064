"""Every case as terms: its clauses, what puts them into effect, and where they can be read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from truceline.faces.cli.main import run
from truceline.terms.answers import citations
from truceline.terms.review import review
from truceline.terms.truce import Truce, read_draft

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted(path.parent.name for path in (ROOT / "cases").glob("*/truce.yaml"))
INVENTED = ("model-agreement", "ordered-truce")
REAL = [name for name in CASES if name not in INVENTED]
#: what kinds of gap each instrument is known for, and must be seen to have
KNOWN_GAPS = {
    "minsk-2015": {"line", "attribution", "single_breach", "orders", "consequences"},
    "minsk-2020": {"attribution", "consequences", "monitors", "line"},
    "energy-2025": {"start_hour", "monitors", "complaints", "publication"},
    "easter-2025": {"line", "monitors", "complaints", "extension", "area_covered"},
    "kashmir-2021": {"line", "monitors", "attribution"},
    "yemen-2022": {"monitors", "attribution", "day_after"},
    "colombia-2015": {"monitors", "area_covered", "start_hour"},
}


def draft(name: str) -> Truce:
    return read_draft(ROOT / "cases" / name / "truce.yaml", label=name)


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_an_instrument_with_clauses_that_something_puts_into_effect(name: str) -> None:
    truce = draft(name)
    assert truce.clauses
    known = {clause.id for clause in truce.clauses}
    for obligation in truce.obligations:
        assert set(obligation.cites) & known, obligation.id
    idle = {c.id for c in truce.clauses if c.kind == "operative"} - set(citations(truce))
    # a proposal's own gaps are what its review tells
    assert idle <= ({"4.1", "7.1"} if name == "jeddah-2025" else set()), idle


@pytest.mark.parametrize("name", REAL)
def test_every_instrument_can_be_read_at_an_address(name: str) -> None:
    text = (ROOT / "cases" / name / "truce.yaml").read_text(encoding="utf-8")
    assert re.search(r"https://\S+", text)
    assert all((item.url or "").startswith("http") for item in draft(name).declarations)


@pytest.mark.parametrize("name", CASES)
def test_the_review_runs_on_every_case(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["check", str(ROOT / "cases" / name), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == (0 if name == "model-agreement" else 7)
    assert len(found["open"]) + len(found["answered"]) >= 60
    assert all(item["clause_ids"] for item in found["answered"])
    assert all(item["source"]["url"].startswith("http") for item in found["open"])


@pytest.mark.parametrize(("name", "gaps"), sorted(KNOWN_GAPS.items()))
def test_what_an_instrument_is_known_to_leave_open_is_open(name: str, gaps: set[str]) -> None:
    open_ = {asked.question.code for asked in review(draft(name)).open}
    answered = {asked.question.code for asked in review(draft(name)).answered}
    if name == "easter-2025":
        assert {"start_hour", "duration"} <= answered
    assert gaps <= open_


def test_a_line_that_not_every_party_signed_is_open() -> None:
    lines = {name: draft(name).ground.line for name in ("minsk-2015", "model-agreement")}
    assert lines["minsk-2015"] is not None
    assert "line" in {asked.question.code for asked in review(draft("minsk-2015")).open}
    assert "line" in {asked.question.code for asked in review(draft("model-agreement")).answered}


def test_withdrawal_lines_are_those_of_the_text() -> None:
    zones = {zone.id: zone for zone in draft("minsk-2015").zones}
    assert [2 * (zones[name].to_km or 0) for name in ("guns", "rockets", "missiles")] == [50, 70, 140]
