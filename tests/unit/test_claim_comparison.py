"""What a claimed figure may be compared with, and what it may show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from truceline.base.intervals import Interval
from truceline.findings.claims import Question, evidence_of_claims
from truceline.findings.results import Evidence
from truceline.schema import CLAIMS
from truceline.schema.claims import TOGETHER
from truceline.schema.table import Record

START = datetime(2031, 6, 1, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(days=60))


def claim(first: float, days: float, value: float | None, **more: object) -> Record:
    """A claim over ``days`` from ``first`` days after the start of the truce."""
    start = START + timedelta(days=first)
    row: Record = {column.name: None for column in CLAIMS.columns}
    return row | {
        "claim_id": f"c-{first}-{days}-{value}",
        "source_id": "ledger",
        "speaker": "Centre",
        "accused_party_id": "oak",
        "kind": "third_party_count",
        "measure": "attacks",
        "act": "attack",
        "unit": "attack",
        "value": value,
        "relation": "=",
        "window_start": start,
        "window_stop": start + timedelta(days=days),
        "window_precision": "exact",
        "raw_file": "f.csv",
        "raw_row": 2,
        **more,
    }


def judged(claims: list[Record], *, period: Interval = WINDOW, party: str = "oak") -> Evidence:
    question = Question(
        act="attack",
        party_id=party,
        area_id="whole",
        theatre_id="whole",
        period=period,
        window=WINDOW,
        zone="UTC",
    )
    (evidence,) = evidence_of_claims(claims, question)
    return evidence


def test_months_of_unlike_length_are_compared_by_their_rates() -> None:
    evidence = judged([claim(-30, 30, 60), claim(0, 31, 62)])
    assert evidence.ratio == pytest.approx(1.0)
    assert evidence.change == "unchanged"


def test_long_windows_are_compared_whatever_their_lengths_and_short_ones_are_not() -> None:
    assert judged([claim(-10, 10, 100), claim(0, 60, 60)]).ratio == pytest.approx(0.1)
    assert judged([claim(-1, 1, 100), claim(0, 60, 60)]).ratio is None


def test_a_window_of_like_length_goes_before_a_later_one_of_another() -> None:
    evidence = judged([claim(-70, 60, 120), claim(-8, 8, 1), claim(0, 60, 60)])
    assert evidence.ratio == pytest.approx(0.5)


def test_a_third_party_is_compared_with_itself_alone() -> None:
    other = claim(-60, 60, 600, speaker="Another centre")
    assert judged([claim(-60, 60, 120), other, claim(0, 60, 60)]).ratio == pytest.approx(0.5)
    assert judged([other, claim(0, 60, 60)]).ratio is None


def test_a_fall_in_a_small_part_is_not_a_fall_in_the_period() -> None:
    before = claim(-20, 20, 100)
    assert judged([before, claim(0, 20, 10)]).change == "not_shown"
    part = Interval(START, START + timedelta(days=20))
    assert judged([before, claim(0, 20, 10)], period=part).change == "fell"


def test_a_third_party_that_recorded_nothing_and_has_no_past_shows_nothing() -> None:
    assert judged([claim(0, 60, 0)]).change == "not_said"
    assert judged([claim(-60, 60, 9), claim(0, 60, 0)]).change == "ceased"


def test_a_count_of_all_parties_speaks_of_none_of_them() -> None:
    both = claim(0, 60, 60, accused_party_id=TOGETHER)
    assert judged([both], party=TOGETHER).value == 60
    question = Question(act="attack", party_id="oak", area_id="whole", theatre_id="whole", period=WINDOW, window=WINDOW, zone="UTC")  # fmt: skip
    assert evidence_of_claims([both], question) == []
