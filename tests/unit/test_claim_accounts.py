"""Claims: copies are one, comparisons follow one rule, sums are checked with care."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from truceline.base.intervals import Interval
from truceline.findings.claim_accounts import account_totals
from truceline.findings.claims import (
    Question,
    collapse_claims,
    evidence_of_claims,
    window_of,
)
from truceline.schema.claims import CLAIMS
from truceline.schema.table import records

DAY = datetime(2031, 4, 20, tzinfo=UTC)
WINDOW = Interval(DAY - timedelta(hours=6), DAY + timedelta(days=1))


def claim(
    name: str, value: float | None, *, day: datetime = DAY, hours: float = 24, **rest: Any
) -> dict[str, Any]:
    return {
        "claim_id": name,
        "source_id": "ledger",
        "speaker": "Staff of B",
        "speaker_party_id": "B",
        "accused_party_id": "A",
        "kind": "opponent_count",
        "measure": "shellings",
        "act": "shelling",
        "unit": "shelling",
        "value": value,
        "relation": "=" if value is not None else None,
        "window_start": day,
        "window_stop": day + timedelta(hours=hours),
        "window_precision": "exact",
        "area_id": "all",
        "raw_file": "case:claims.csv",
        "raw_row": 2,
        "raw_digest": "d",
        **rest,
    }


def question(**rest: Any) -> Question:
    base = {
        "act": "shelling",
        "party_id": "A",
        "area_id": "all",
        "theatre_id": "all",
        "period": WINDOW,
        "window": WINDOW,
        "zone": "UTC",
    }
    return Question(**{**base, **rest})  # type: ignore[arg-type]


def test_a_claim_in_two_sources_counts_once() -> None:
    claims = CLAIMS.from_records([claim("a", 10), claim("b", 10, source_id="other", area_id=None)])
    assert [row["claim_id"] for row in records(collapse_claims(claims, theatre_id="all"))] == ["a"]


def test_parts_of_a_dropped_total_follow_the_total_that_is_kept() -> None:
    claims = CLAIMS.from_records(
        [
            claim("total", 30, act=None),
            claim("again", 30, act=None, source_id="other"),
            claim("part", 30, source_id="other", part_of="again"),
        ]
    )
    kept = {row["claim_id"]: row["part_of"] for row in records(collapse_claims(claims, theatre_id="all"))}
    assert kept == {"total": None, "part": "total"}


def test_two_things_with_the_same_number_in_one_source_stay_two() -> None:
    claims = CLAIMS.from_records([claim("a", 16, unit="drop"), claim("b", 16, unit="strike")])
    assert collapse_claims(claims, theatre_id="all").num_rows == 2


def test_a_day_is_compared_with_the_last_day_wholly_before_the_truce() -> None:
    rows = [
        claim("18", 60, day=DAY - timedelta(days=2)),
        claim("19", 50, day=DAY - timedelta(days=1)),
        claim("20", 18),
    ]
    (item,) = evidence_of_claims(rows, question())
    assert item.baseline_value == 60
    assert item.ratio == pytest.approx(0.3)
    assert item.change == "fell"
    assert item.residual is True
    assert "50 on 19 April" in item.reason.text


def test_a_day_partly_inside_the_truce_is_used_only_for_want_of_another_and_said() -> None:
    rows = [claim("19", 50, day=DAY - timedelta(days=1)), claim("20", 18)]
    (item,) = evidence_of_claims(rows, question())
    assert item.baseline_value == 50
    assert item.caveat == "baseline_overlaps_window"


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [(54, 39, "unchanged"), (54, 36, "fell"), (54, 81, "rose"), (54, 80, "unchanged"), (54, 0, "ceased")],
)
def test_one_comparison_must_show_a_third(before: float, now: float, change: str) -> None:
    rows = [claim("18", before, day=DAY - timedelta(days=2)), claim("20", now)]
    assert evidence_of_claims(rows, question())[0].change == change


def test_a_lower_bound_in_the_window_shows_no_fall() -> None:
    rows = [claim("18", 60, day=DAY - timedelta(days=2)), claim("20", 18, relation="≥")]
    assert evidence_of_claims(rows, question())[0].change == "not_shown"


def test_nested_windows_add_nothing() -> None:
    rows = [claim("20", 18), claim("morning", 5, hours=6), claim("noon", 9, hours=12)]
    (item,) = evidence_of_claims(rows, question())
    assert item.value == 18


def test_units_are_never_compared_with_one_another() -> None:
    rows = [claim("18", 60, day=DAY - timedelta(days=2), unit="shot"), claim("20", 18)]
    (item,) = evidence_of_claims(rows, question())
    assert item.baseline_value is None


def test_a_claim_outside_the_period_or_area_is_no_evidence() -> None:
    morning = Interval(DAY, DAY + timedelta(hours=6))
    assert evidence_of_claims([claim("20", 18)], question(period=morning)) == []
    assert evidence_of_claims([claim("20", 18)], question(area_id="south")) == []


def parts(total: float, *values: float, **rest: Any) -> list[dict[str, Any]]:
    return [
        claim("total", total, act=None, measure="all"),
        *(claim(f"p{i}", value, part_of="total", **rest) for i, value in enumerate(values)),
    ]


def table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return records(CLAIMS.from_records(rows))


def check(rows: list[dict[str, Any]]) -> str:
    return account_totals(table(rows), window=WINDOW)[0].check


def test_parts_that_sum_are_said_to_sum() -> None:
    assert check(parts(2935, 96, 1882, 957)) == "sums"
    assert check(parts(4900, 1404, 3316, 6, 19, 49, 16, 90)) == "sums"


def test_a_planted_mismatch_is_shown_as_one() -> None:
    account = account_totals(table(parts(100, 40, 50)), window=WINDOW)[0]
    assert account.check == "mismatch"
    assert "= 90, not 100" in account.check_text


def test_no_mismatch_is_said_where_numbers_or_windows_are_not_exact() -> None:
    assert check(parts(100, 40, 50, relation="≥")) == "cannot_check"
    assert check(parts(100, 40, 50, hours=12)) == "cannot_check"
    assert check([claim("total", 100, relation="≈"), claim("p", 90, part_of="total")]) == "cannot_check"


def test_a_claim_of_another_time_is_not_taken_apart() -> None:
    before = claim("old", 5, day=DAY - timedelta(days=9))
    assert not window_of(before).overlaps(WINDOW)
    assert account_totals([before], window=WINDOW) == []
