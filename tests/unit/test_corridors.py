"""Ways out, window by window, and the register of allegations that no finding counts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.test_land import CASE, TRUCE, case  # noqa: F401 - a fixture

from truceline.base.intervals import Interval
from truceline.faces.cli.main import run
from truceline.findings.corridors import Passage, WindowVerdict, judge_window
from truceline.schema import INCIDENTS
from truceline.workflow.case import open_case
from truceline.workflow.corridors import fire_chances

SIX = datetime(2031, 5, 12, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Interval(SIX, SIX + 12 * HOUR)
NONE = np.empty(0)


def report(start_h: float, stop_h: float, *, passed: bool = True, source: str = "a", monitor: bool = False, persons: int | None = None) -> Passage:  # fmt: skip
    return Passage(zone_id="way", start=SIX + start_h * HOUR, stop=SIX + stop_h * HOUR, passed=passed, persons=persons, primary_source=source, monitor=monitor)  # fmt: skip


def judged(*reports: Passage, fire: tuple[list[float], list[float]] = ([], [])) -> WindowVerdict:
    return judge_window("way", WINDOW, reports, fire_lo=np.array(fire[0]), fire_hi=np.array(fire[1]))


@pytest.mark.parametrize(
    ("reports", "fire", "verdict"),
    [
        ([], ([], []), "undetermined"),
        ([report(0, 2)], ([], []), "undetermined"),
        ([report(0, 2), report(1, 3, source="b")], ([], []), "open"),
        ([report(0, 2, monitor=True)], ([], []), "open"),
        ([report(0, 2, monitor=True)], ([0.2], [0.9]), "undetermined"),
        ([report(0, 2, monitor=True)], ([0.2], [0.99]), "undetermined"),
        ([], ([0.5], [1.0]), "undetermined"),
        ([report(0, 2, monitor=True)], ([0.8, 0.8], [0.9, 0.9]), "fired_upon"),
        ([report(0, 2, passed=False, monitor=True)], ([], []), "closed"),
        ([report(0, 2, passed=False)], ([], []), "undetermined"),
        ([report(0, 2, monitor=True), report(3, 4, passed=False, monitor=True)], ([], []), "undetermined"),
        ([report(0, 2), report(0, 2, source="b", passed=False)], ([], []), "undetermined"),
    ],
)
def test_a_window_is_judged_by_what_is_borne_out(
    reports: list[Passage], fire: tuple[list[float], list[float]], verdict: str
) -> None:
    assert judged(*reports, fire=fire).verdict == verdict


def test_hours_are_those_that_two_sources_share() -> None:
    found = judged(report(0, 4), report(2, 6, source="b"), report(8, 9, passed=False, monitor=True))
    assert (found.open_lo_h, found.open_hi_h, found.refused_told_h) == (2.0, 11.0, 1.0)


def test_the_same_people_told_of_twice_are_not_twice_as_many() -> None:
    found = judged(report(0, 1, persons=40), report(1, 2, persons=30), report(0, 2, source="b", persons=65))
    assert found.persons_told == 70


reports = st.builds(
    lambda start, length, passed, source, monitor: report(
        start, start + length, passed=passed, source=source, monitor=monitor
    ),
    st.integers(-3, 13), st.integers(1, 6), st.booleans(), st.sampled_from("abc"), st.booleans(),
)  # fmt: skip
chances = st.lists(st.floats(0, 1), max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.lists(reports, max_size=5), chances, st.integers(-300, 300))
def test_copies_order_and_shifts_change_no_verdict(told: list[Passage], fire: list[float], days: int) -> None:
    low, high = np.array(fire) * 0.5, np.array(fire)
    one = judge_window("way", WINDOW, told, fire_lo=low, fire_hi=high)
    assert one.open_lo_h <= one.open_hi_h or one.verdict == "undetermined"
    assert 0 <= one.fired_lo <= one.fired_hi <= 1
    again = judge_window("way", WINDOW, [*reversed(told), *told], fire_lo=low, fire_hi=high)
    assert (one.verdict, one.open_lo_h, one.open_hi_h) == (again.verdict, again.open_lo_h, again.open_hi_h)
    by = timedelta(days=days)
    moved = [replace(item, start=item.start + by, stop=item.stop + by) for item in told]
    later = judge_window(
        "way", Interval(WINDOW.start + by, WINDOW.stop + by), moved, fire_lo=low, fire_hi=high
    )
    assert (later.verdict, later.reason, later.open_lo_h) == (one.verdict, one.reason, one.open_lo_h)


@settings(max_examples=60, deadline=None)
@given(st.lists(reports, max_size=4), chances, st.floats(0, 1))
def test_more_fire_never_opens_a_way(told: list[Passage], fire: list[float], more: float) -> None:
    one = judge_window("way", WINDOW, told, fire_lo=np.array(fire), fire_hi=np.array(fire))
    two = judge_window("way", WINDOW, told, fire_lo=np.array([*fire, more]), fire_hi=np.array([*fire, more]))
    assert two.fired_lo >= one.fired_lo
    assert not (two.verdict == "open" and one.verdict != "open")


# ---------------------------------------------------------------- from a case


ZONES = """\
zones:
  - {id: way, name: The road south, kind: corridor, purpose: corridor, path: [[10.0, 5.2], [10.0, 4.8]], width_m: 2000, windows: [{start: 2031-05-12T06:00:00Z, stop: 2031-05-12T18:00:00Z}], conditions: [side arms alone]}
  - {id: place, name: The school, kind: circle, purpose: surrender, centre: [10.2, 5.1], radius_km: 1, windows: [{start: 2031-05-13T06:00:00Z, stop: 2031-05-13T18:00:00Z}], conditions: [arms are laid down, "life and treatment are promised"]}
"""
PASSAGES = """\
zone,from,until,said,persons,primary_source,monitor,words,url
way,2031-05-12T07:00:00Z,2031-05-12T09:00:00Z,passed,120,Mechanism,yes,buses left,https://example.org/1
place,2031-05-13T07:00:00Z,2031-05-13T08:00:00Z,refused,,A of South,no,nobody was let in,https://example.org/2
"""


@pytest.fixture
def ways(case: Path) -> Path:  # noqa: F811 - the fixture above
    (case / "truce.yaml").write_text(TRUCE + ZONES, encoding="utf-8")
    (case / "passages.csv").write_text(PASSAGES, encoding="utf-8")
    return case


def test_a_case_tells_of_its_ways_with_conditions(ways: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corridors", str(ways), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [one["verdict"] for one in found["verdicts"]] == ["open", "undetermined"]
    assert found["ways"][1]["conditions"] == ["arms are laid down", "life and treatment are promised"]
    assert run(["corridors", str(ways)]) == 0
    assert "one primary source says that people could not pass" in capsys.readouterr().out


def test_ways_out_are_never_told_in_the_public_edition(
    ways: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["corridors", str(ways), "--edition", "public"]) == 2
    (ways / "case.yaml").write_text(CASE.replace("as_of: 2031-06-20", "as_of: 2031-05-14"), encoding="utf-8")
    assert run(["corridors", str(ways)]) == 2  # public in full, and the truce runs
    assert "people may be on them" in capsys.readouterr().err
    (ways / "case.yaml").write_text(CASE.replace("edition: public_full", "edition: public"), encoding="utf-8")
    assert run(["corridors", str(ways), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["edition"] == "mission"


def incident(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "incident_id": name, "act": "fire", "occurred_from": SIX + HOUR, "occurred_until": SIX + 2 * HOUR,
        "longitude_deg": 10.0, "latitude_deg": 5.0, "existence_p": 0.6, "occurrence": "reported",
        "responsibility": "not_attributed", "party_p": [], "source_ids": ["s"], "observation_ids": [name],
        "n_primary_sources": 1, "reason_codes": [], **changes,
    }  # fmt: skip


def test_fire_counts_by_place_time_and_what_is_known(ways: Path) -> None:
    opened = open_case(ways)
    zone = opened.truce.zones[0]
    table = INCIDENTS.from_records(
        [
            incident("inside"),
            incident("beside", longitude_deg=10.02),
            incident("nowhere", longitude_deg=None, latitude_deg=None),
            incident("doubtful", existence_p=None),
            incident("half", occurred_from=SIX - HOUR, occurred_until=SIX + HOUR),
            incident("late", occurred_from=SIX + 12 * HOUR, occurred_until=SIX + 13 * HOUR),
        ]
    )
    low, high = fire_chances(opened, zone, WINDOW.start, WINDOW.stop, table)
    assert sorted(low[low > 0].tolist()) == pytest.approx([0.3, 0.6])
    assert sorted(high[high > 0].tolist()) == pytest.approx([0.3, 0.6, 0.6, 1.0])


def test_wrong_reports_are_told_at_once(ways: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = (
        PASSAGES.replace("way,2031-05-12T07:00:00Z", "road,12 May")
        .replace("refused", "shut")
        .replace(",no,", ",,")
    )
    (ways / "passages.csv").write_text(wrong, encoding="utf-8")
    assert run(["corridors", str(ways)]) == 3
    err = capsys.readouterr().err
    assert "4 problems" in err
    assert all(f"column {name}" in err for name in ("zone", "from", "said", "monitor"))


def test_terms_without_a_way_out_are_told(case: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    assert run(["corridors", str(case)]) == 3
    assert "no way out with windows" in capsys.readouterr().err


# ---------------------------------------------------------------- allegations


REGISTER = """\
id,date,place,concerns,alleged_by,status,referral,url
a-2,2031-05-12,Lower district,harm to civilians in a village,A of South,received,,https://example.org/2
a-1,2031-05-11,Upper district,people kept from leaving,A of North,referred,Commission of inquiry,https://example.org/1
"""


def test_the_register_is_told_apart_and_changes_no_finding(
    ways: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def findings(name: str) -> bytes:
        assert run(["verify", str(ways), "--out", str(tmp_path / name), "--no-pdf", "--quiet"]) == 0
        return (tmp_path / name / "findings.json").read_bytes()

    before = findings("one")
    (ways / "allegations.csv").write_text(REGISTER, encoding="utf-8")
    assert findings("two") == before
    capsys.readouterr()
    assert run(["allegations", str(ways)]) == 0
    told = capsys.readouterr().out
    assert told.index("a-1") < told.index("a-2")
    assert "none is counted as a breach" in told


def test_a_case_without_a_register_says_how_to_begin_one(
    ways: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["allegations", str(ways)]) == 3
    err = capsys.readouterr().err
    assert "keeps no register" in err
    assert str(ways) not in err


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Upper district", "51.1342 N 35.2211 E", "no more exactly than the release allows"),
        ("Upper district", "36UXB 12345", "no more exactly than the release allows"),
        ("received", "proven", "no such status"),
        ("Commission of inquiry", "", "not to whom"),
        ("a-2", "a-1", "stands twice"),
        ("A of North", "", "needs this"),
        ("2031-05-11", "11 May", "no date"),
    ],
)
def test_a_wrong_register_is_told(
    ways: Path, old: str, new: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in REGISTER
    (ways / "allegations.csv").write_text(REGISTER.replace(old, new), encoding="utf-8")
    assert run(["allegations", str(ways)]) == 3
    assert says in capsys.readouterr().err
