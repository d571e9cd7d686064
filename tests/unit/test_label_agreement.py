"""Labels of statements: well formed, and agreement of two annotators as it should behave."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def agreement(project_root: Path) -> Any:
    """The comparison, which lies beside the package."""
    sys.path.insert(0, str(project_root / "tools"))
    try:
        from evaluation import agreement

        yield agreement
    finally:
        sys.path.remove(str(project_root / "tools"))


def statement(start: int, stop: int, **labels: Any) -> dict[str, Any]:
    row = {"speaker": "ada", "issue": "ceasefire", "stance": "claims", "manner": "direct"}
    return row | {"start": start, "stop": stop, "condition": False, "group": None} | labels


def article(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"part": "held_out", "quotes": [{"start": 0, "stop": 5}], "statements": list(statements)}


def test_an_annotator_agrees_with_itself_wholly(agreement: Any) -> None:
    labels = {"a": article(statement(0, 9, stance="open", condition=True), statement(10, 20, speaker="b"))}
    articles = agreement.compare(labels, labels)
    assert all(measure(articles) == 1.0 for measure in agreement.MEASURES.values())


def test_spans_are_paired_once_and_labels_do_not_help(agreement: Any) -> None:
    first = [statement(0, 10), statement(10, 20)]
    second = [statement(0, 20, speaker="b"), statement(21, 30)]
    assert agreement.pair_spans(first, second) == {0: 0}
    articles = agreement.compare({"a": article(*first)}, {"a": article(*second)})
    assert agreement.MEASURES["statement F1, spans that overlap"](articles) == 0.5
    assert agreement.MEASURES["same speaker"](articles) == 0.0


def test_pairs_lie_between_articles_and_unmatched_statements_count(agreement: Any) -> None:
    first = {
        "a": article(statement(0, 10, group="x"), statement(20, 30, group="x")),
        "b": article(statement(0, 10, group="x")),
    }
    second = {
        "a": article(statement(0, 10, group="y"), statement(40, 50, group="y")),
        "b": article(statement(0, 10, group="y")),
    }
    one, other = agreement.both_pairs(first, second)
    assert (len(one), len(other), len(one & other)) == (2, 2, 1)


def test_labels_as_kept_are_well_formed(agreement: Any) -> None:
    from evaluation import posts, talks

    from truceline.talks.lexicon import known_issues

    first, second = talks.labels(), agreement.second_labels()
    assert second.keys() <= first.keys()
    for record in (*first.values(), *second.values(), *posts.labels().values()):
        rows = record["statements"]
        assert all(row["start"] < row["stop"] and row["issue"] in known_issues() for row in rows)
        assert len({(row["start"], row["stop"]) for row in rows}) == len(rows)
