"""The Easter report in Ukrainian and Russian: the same findings, and no English left but data."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from truceline.workflow.verify import VerifyOutcome, verify

#: kept in Latin letters in every language: names of outlets, makers, data sets and licences
NAMES = re.compile(
    r"Daily Sabah|The Moscow Times|Suspilne citing TASS|Interfax-Ukraine|NASA FIRMS, LANCE|Natural Earth|"
    r"Vadym Klymenko|Petro Ivaniuk|Yuri Zhukov, Natalie Ayers|DeepState|Liveuamap|GeoNames|Truceline|"
    r"The Kyiv Independent|Kyiv Independent|Ukrainska Pravda"
)
#: three words in Latin letters one after the other are a sentence, or a piece of one
ENGLISH = re.compile(r"[A-Za-z][A-Za-z'’-]+(?:[ ,;:]+[A-Za-z][A-Za-z'’-]+){2,}")
CODES = ("occurrence", "responsibility", "judgement", "party_id", "area_id", "e_value", "effect_ratio")


@pytest.fixture(scope="module", params=["uk", "ru"])
def outcome(
    request: pytest.FixtureRequest,
    project_root: Path,
    shared_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> VerifyOutcome:
    return verify(
        project_root / "cases" / "easter-2025",
        data=shared_data,
        out=tmp_path_factory.mktemp("easter") / "out",
        pdf=False,
        language=request.param,
    )


def test_every_word_of_the_case_is_translated(outcome: VerifyOutcome) -> None:
    assert outcome.words == ()


def test_no_english_sentence_is_left(outcome: VerifyOutcome) -> None:
    page = outcome.report_html.read_text(encoding="utf-8")
    body = page[page.index("<body>") :]
    body = re.sub(r"<(script|style|code)\b.*?</\1>", "", body, flags=re.DOTALL)
    body = re.sub(r'<span lang="en">.*?</span>', "", body, flags=re.DOTALL)
    said = re.findall(r">([^<>]+)<", body) + re.findall(r'(?:aria-label|title|data-label)="([^"]+)"', body)
    left = {found for text in said for found in ENGLISH.findall(NAMES.sub("", html.unescape(text)))}
    assert left == set()


def test_findings_are_the_same_in_every_language(
    outcome: VerifyOutcome, project_root: Path, shared_data: Path, tmp_path: Path
) -> None:
    if outcome.results.language == "ru":
        pytest.skip("one language tells as much as two")
    english = verify(project_root / "cases" / "easter-2025", data=shared_data, out=tmp_path / "en", pdf=False)
    ours, theirs = (_bare(json.loads(one.findings.read_text(encoding="utf-8"))) for one in (outcome, english))
    assert ours == theirs


def _bare(tree: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: finding[name] for name in ("finding_id", *CODES)}
        | {"reasons": [reason["code"] for reason in finding["details"]["reasons"]]}
        for finding in tree["findings"]
    ]
