"""The two reports of one day: what a person who has read both would look for on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from truceline.workflow.talks import read_talks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def views(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    from datetime import date

    seeds = sorted((shared_data.parent / "seeds").glob("*.txt"))
    if len(seeds) < 2:
        pytest.skip("the two reports are not there")
    out = tmp_path_factory.mktemp("seeds") / "out"
    read_talks(seeds, out=out, case=ROOT / "cases" / "jeddah-2025", published=date(2025, 3, 14))
    found = json.loads((out / "views.json").read_text(encoding="utf-8"))
    found["statements"] = {
        one["statement_id"]: one for one in json.loads((out / "statements.json").read_text(encoding="utf-8"))
    }
    found["events"] = {
        one["event_id"]: one for one in json.loads((out / "events.json").read_text(encoding="utf-8"))
    }
    return found


def test_who_spoke_is_complete(views):
    assert {row["id"] for row in views["speakers"]} >= {
        "putin",
        "ushakov",
        "zakharova",
        "trump",
        "zelensky",
        "rubio",
        "UA",
        "officials",
    }


def test_both_accounts_have_support_doubts_talks_line_and_encircled_forces(views):
    assert {row["issue"] for row in views["accounts"]["aligned"]} == {
        "ceasefire",
        "verification",
        "meetings",
        "line",
        "encircled",
    }


def test_what_each_alone_has(views):
    only = [
        {
            (views["statements"][name]["speaker"]["id"], views["statements"][name]["issue"])
            for name in row["statements"]
        }
        for row in views["accounts"]["only_here"]
    ]
    assert {
        ("zakharova", "contingents"),
        ("ushakov", "settlement"),
        ("zelensky", "ceasefire"),
        ("putin", "orders"),
    } <= only[0]
    assert {
        ("trump", "alliances"),
        ("putin", "momentum"),
        ("putin", "arms"),
        ("putin", "mobilisation"),
    } <= only[1]


def test_land_is_told_by_two_speakers_of_one_side_and_left_to_a_person(views):
    row = next(row for row in views["accounts"]["only_here"] if row["source"] == "ITALPRESS")
    beside = {
        views["statements"][one["statement"]]["speaker"]["id"]: {
            views["statements"][name]["speaker"]["id"] for name in one["beside"]
        }
        for one in row["unsure"]
    }
    assert beside["rubio"] == {"trump"}


def test_what_the_reports_tell_by_themselves_is_there_and_compared(views):
    told = views["events"]
    both = [{told[name]["kind"] for name in row["events"]} for row in views["accounts"]["events"]["both"]]
    assert sorted(kind for row in both for kind in row) == ["meeting", "meeting", "proposal"]
    alone = [
        {(told[name]["kind"], told[name]["status"]) for name in row["events"]}
        for row in views["accounts"]["events"]["only_here"]
    ]
    assert {("aid", "told"), ("meeting", "told"), ("appearance", "told")} <= alone[0]
    assert {("appearance", "told"), ("meeting", "unconfirmed")} <= alone[1]


def test_a_yes_stands_on_the_day_that_the_text_tells(views):
    day = {
        one["speaker"]["id"]: (one["said_on"], one["said_rule"])
        for one in views["statements"].values()
        if one["issue"] == "ceasefire" and one["stance"] == "accepts"
    }
    assert day == {
        "UA": (None, "before"),
        "zelensky": ("2025-03-11", "occasion"),
        "putin": ("2025-03-13", "named"),
    }


def test_who_must_answer_is_whom_the_words_name(views):
    asked = {
        (views["statements"][row["statement"]]["span"][0], row["issue"]): {
            one["name"] for one in row["asked_of"]
        }
        for row in views["questions"]
    }
    by_issue = {issue: [found for (_, each), found in asked.items() if each == issue] for _, issue in asked}
    assert {"Ukraine"} in by_issue["mobilisation"]
    assert by_issue["orders"] == [set()]
    assert all(found & {"United States", "Donald Trump", "The White House"} for found in by_issue["meetings"])
    assert by_issue["settlement"] == [{"Russia"}]


def test_questions_lead_to_the_review(views):
    asked = {row["issue"]: row["review"] for row in views["questions"]}
    assert {"orders", "verification", "mobilisation", "arms", "duration", "encircled"} <= asked.keys()
    assert "orders" in asked["orders"]


def test_no_party_is_said_to_have_spoken_where_it_has_not(views):
    columns = {column["id"] for column in views["matrix"]["columns"]}
    assert columns == {"RU", "US", "UA"}
    row = next(row for row in views["matrix"]["rows"] if row["issue"] == "contingents")
    assert {cell["party"]: len(cell["statements"]) for cell in row["cells"]} == {"RU": 4, "US": 0, "UA": 0}


def test_what_is_not_public_and_what_is_not_confirmed_is_marked(views):
    status = {(one["speaker"]["id"], one["status"]) for one in views["statements"].values()}
    assert ("rubio", "undisclosed") in status
    assert ("officials", "unconfirmed") in status


def test_a_truce_that_helps_one_army_alone_is_told_as_its_military_effect(views):
    row = next(row for row in views["matrix"]["rows"] if row["issue"] == "momentum")
    told = {
        views["statements"][name]["speaker"]["id"] for cell in row["cells"] for name in cell["statements"]
    }
    assert told == {"putin", "ushakov"}


def test_numbers_are_of_what_is_counted(views):
    assert {
        (number["value"], number["unit"]) for one in views["statements"].values() for number in one["numbers"]
    } == {(30, "day"), (30, "days"), (2000, "kilometers"), (40, "years")}


def test_nobody_is_said_to_keep_back_what_is_only_not_confirmed(views):
    assert {one["status"] for one in views["statements"].values() if one["speaker"]["id"] == "officials"} == {
        "unconfirmed"
    }
