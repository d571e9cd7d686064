"""Wrong terms: each fault with its place in the file, and the nearest name that exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from truceline.base.errors import CaseError, Problem
from truceline.terms.truce import read_draft, read_truce

DRAFT = """\
truce: 1
id: d
title: A draft
instrument: agreement
terms_version: "1"
parties:
  - {id: A, name: Party A}
  - {id: B, name: Party B}
third_parties:
  - {id: watch, name: Monitors, role: monitor}
clauses:
  - {id: "1", wording: Nobody fires.}
  - {id: "2", wording: {en: It holds for 30 days., uk: Діє 30 днів.}}
clocks:
  - {id: main, title: main, start: 2031-05-01T00:00:00Z, stop: 2031-05-31T00:00:00Z}
acts:
  - {id: shelling}
zones:
  - {id: town, name: Town, kind: polygon, purpose: protected, polygon: [[10, 5], [11, 5], [11, 6]], clauses: ["1"]}
obligations:
  - {id: o, act: shelling, title: No shelling, binds: [A, B], cites: ["1"], zones: [town], clocks: [main]}
timing:
  duration: {days: 30, clauses: ["2"]}
  entry:
    conditions:
      - {kind: signature, by: [A, B]}
      - {kind: monitors, by: [watch], needs: [0]}
    clauses: ["2"]
"""


def faults(tmp_path: Path, *changes: tuple[str, str]) -> list[Problem]:
    text = DRAFT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = tmp_path / "truce.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        read_draft(file, label="truce:truce.yaml")
    return caught.value.problems


def test_the_draft_itself_is_sound(tmp_path: Path) -> None:
    file = tmp_path / "truce.yaml"
    file.write_text(DRAFT, encoding="utf-8")
    truce = read_draft(file, label="truce:truce.yaml")
    assert truce.acts[0].definition.startswith("Impacts of artillery")  # adopted from the taxonomy
    assert truce.clauses[0].text == "Nobody fires."


@pytest.mark.parametrize(
    ("old", "new", "code", "got", "says"),
    [
        ("act: shelling", "act: sheling", "name_unknown", "sheling", "Did you mean 'shelling'?"),
        ("act: shelling", "act: snipping", "name_unknown", "snipping", "Write `- id: sniping` under acts"),
        ("binds: [A, B]", "binds: [A, C]", "party_unknown", "C", "party or third party"),
        ('cites: ["1"]', 'cites: ["1.1"]', "name_unknown", "1.1", "Correct the id, or define the clause"),
        ("zones: [town]", "zones: [twon]", "name_unknown", "twon", "Did you mean 'town'?"),
        ("clocks: [main]", "clocks: [mian]", "name_unknown", "mian", "Did you mean 'main'?"),
        ("by: [watch]", "by: [wathc]", "party_unknown", "wathc", "Did you mean 'watch'?"),
        ("wording: Nobody fires.", "wording: Nobody fires., about: [start_our]", "name_unknown", "start_our", "Did you mean 'start_hour'?"),
        ("needs: [0]", "needs: [4]", "name_unknown", "4", "Count the conditions from 0"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_told_with_its_place_and_the_nearest_one(
    tmp_path: Path, old: str, new: str, code: str, got: str, says: str
) -> None:
    (problem,) = faults(tmp_path, (old, new))
    assert (problem.code, problem.got) == (code, got)
    assert says in f"{problem.message} {problem.next_step}"
    line = next(n for n, text in enumerate(DRAFT.replace(old, new, 1).splitlines(), 1) if new in text)
    assert problem.row == line
    assert int(problem.column) > 1


@pytest.mark.parametrize(
    ("polygon", "why"),
    [
        ("[[10, 5], [11, 5], [12, 5]]", "its area is zero"),
        ("[[179, 5], [-179, 5], [-179, 6]]", "crosses the date line"),
        ("[[10, 95], [11, 5], [11, 6]]", "outside the Earth"),
        ("[[10, 5], [11, 7], [11, 5], [10, 6]]", "edges cross each other"),
    ],
)
def test_a_zone_without_ground_is_told(tmp_path: Path, polygon: str, why: str) -> None:
    (problem,) = faults(tmp_path, ("[[10, 5], [11, 5], [11, 6]]", polygon))
    assert problem.code == "geometry_invalid"
    assert why in problem.message
    assert problem.row == 19


@pytest.mark.parametrize(
    ("zone", "why"),
    [
        ("kind: circle, centre: [10, 5], radius_km: 0", "radius is not above zero"),
        ("kind: circle, centre: [179.95, 5], radius_km: 50", "crosses the date line"),
        ("kind: circle, centre: [-179.95, 85], radius_km: 5", "crosses the date line"),
        (
            "kind: corridor, path: [[179.99, 5], [179.99, 6]], width_m: 9000, windows: []",
            "crosses the date line",
        ),
        ("kind: corridor, path: [[10, 5], [10, 5]], width_m: 5, windows: []", "fewer than two places"),
        ("kind: circle, centre: [10, 5], radius_km: 1, floor_m: 500, ceiling_m: 100", "not above its floor"),
    ],
)
def test_other_empty_zones_are_told(tmp_path: Path, zone: str, why: str) -> None:
    polygon = "kind: polygon, purpose: protected, polygon: [[10, 5], [11, 5], [11, 6]]"
    (problem,) = faults(tmp_path, (polygon, f"{zone}, purpose: protected"))
    assert why in problem.message


def test_a_zone_that_lacks_what_draws_it_says_what_is_missing(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, ("polygon: [[10, 5], [11, 5], [11, 6]], ", ""))
    assert "a zone of kind polygon needs polygon" in problem.message


def test_conditions_that_wait_for_each_other_never_start_the_clock(tmp_path: Path) -> None:
    found = faults(tmp_path, ("{kind: signature, by: [A, B]}", "{kind: signature, by: [A, B], needs: [1]}"))
    assert len(found) == 2
    assert all("the clock never starts" in problem.message for problem in found)
    assert [problem.row for problem in found] == [26, 27]


def test_a_clause_cited_twice_is_told(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, ('cites: ["1"]', 'cites: ["1", "1"]'))
    assert problem.code == "id_repeated"
    assert "cited twice" in problem.message


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ('[11, 6]], clauses: ["1"]}', '[11, 6]], clauses: ["1", "1"]}', 19),
        ('obligations:\n', 'exemptions:\n  - {id: x, title: x, purpose: other, acts: [shelling], clauses: ["1", "2", "1"]}\nobligations:\n', 21),
        ("clocks:\n", 'definitions:\n  - {term: fire, meaning: any, clauses: ["2", "2"]}\nclocks:\n', 15),
    ],
)  # fmt: skip
def test_a_clause_cited_twice_anywhere_is_told(tmp_path: Path, old: str, new: str, row: int) -> None:
    (problem,) = faults(tmp_path, (old, new))
    assert (problem.code, problem.row) == ("id_repeated", row)
    assert "Take one out" in problem.next_step


def test_a_zone_of_time_that_does_not_exist_is_told_with_the_right_one(tmp_path: Path) -> None:
    (problem,) = faults(
        tmp_path, ("stop: 2031-05-31T00:00:00Z}", "stop: 2031-05-31T00:00:00Z, zone: Europe/Kiyv}")
    )
    assert "did you mean 'Europe/Kyiv'?" in problem.message
    assert problem.row == 15


def test_a_clause_numbered_twice_is_told(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, ('{id: "2", wording: {en', '{id: "1", wording: {en'), ('days: 30, clauses: ["2"]', 'days: 30, clauses: ["1"]'), ('    clauses: ["2"]', '    clauses: ["1"]'))  # fmt: skip
    assert (problem.code, problem.row) == ("id_repeated", 13)


def test_a_time_without_offset_and_a_clock_that_ends_first_are_told(tmp_path: Path) -> None:
    (naive,) = faults(tmp_path, ("start: 2031-05-01T00:00:00Z", "start: 2031-05-01T00:00:00"))
    assert naive.code == "time_naive"
    (order,) = faults(tmp_path, ("stop: 2031-05-31", "stop: 2031-04-30"))
    assert order.code == "window_order"


def test_a_rule_without_what_it_needs_is_told(tmp_path: Path) -> None:
    (limit,) = faults(tmp_path, ("binds: [A, B], cites", "rule: limit, binds: [A, B], cites"))
    assert "`limit`" in limit.message
    (word,) = faults(tmp_path, ("binds: [A, B], cites", "rule: forbid, binds: [A, B], cites"))
    assert "'prohibit'" in word.expected


def test_a_condition_of_two_words_is_told(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, ("clocks: [main]}\ntiming", "clocks: [main], condition: {fact: x, within: town}}\ntiming"))  # fmt: skip
    assert "exactly one of its words" in problem.message


def test_a_misspelt_field_is_told_with_the_right_one(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, ("duration: {days", "duraton: {days"))
    assert problem.next_step == "Did you mean 'duration'?"


def test_a_clause_numbered_without_quotes_says_what_to_write(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, ('cites: ["1"]', "cites: [1.1]"))
    assert (problem.got, problem.next_step) == ("1.1", "Put it in quotes")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    found = faults(
        tmp_path, ("act: shelling", "act: x"), ("zones: [town]", "zones: [y]"), ("[11, 6]]", "[12, 5]]")
    )
    assert {problem.code for problem in found} == {"name_unknown", "geometry_invalid"}
    assert len(found) == 3


def test_a_party_and_a_third_party_of_one_id_are_told(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, ("{id: watch, name", "{id: A, name"), ("by: [watch]", "by: [A]"))
    assert (problem.code, problem.row) == ("id_repeated", 10)


# ---------------------------------------------------------------- a case needs more than a draft


def test_a_draft_without_a_window_cannot_be_a_case(tmp_path: Path) -> None:
    file = tmp_path / "truce.yaml"
    text = DRAFT.replace("clocks:\n  - {id: main, title: main, start: 2031-05-01T00:00:00Z, stop: 2031-05-31T00:00:00Z}\n", "")  # fmt: skip
    file.write_text(text.replace(", clocks: [main]", ""), encoding="utf-8")
    assert read_draft(file, label="x").clocks == []
    with pytest.raises(CaseError) as caught:
        read_truce(file, label="x")
    assert any("none of its clocks ever starts" in problem.message for problem in caught.value.problems)


def test_a_case_is_verified_without_duties_that_are_no_prohibitions(tmp_path: Path) -> None:
    file = tmp_path / "truce.yaml"
    scoped = DRAFT.replace("clocks: [main]}", "clocks: [main], scopes: [{areas: [theatre]}]}")
    more = "  - {id: r, act: shelling, title: r, rule: permit, binds: [A]}\ntiming:"
    file.write_text(scoped.replace("timing:", more, 1), encoding="utf-8")
    truce = read_truce(file, label="x", area_ids={"theatre"})
    assert [item.id for item in truce.obligations] == ["o"]
    assert [item.id for item in truce.set_aside] == ["r"]


def test_an_act_that_the_taxonomy_lacks_is_told_with_the_nearest_that_it_has(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, ("{id: shelling}", "{id: sheling}"), ("act: shelling", "act: sheling"))
    assert "no act 'sheling': did you mean 'shelling'?" in problem.message
    assert problem.row == 17


def test_a_party_bound_twice_is_told(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, ("binds: [A, B]", "binds: [A, A, B]"))
    assert (problem.code, problem.message) == ("id_repeated", "party 'A' is bound twice")
