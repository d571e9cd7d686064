"""Declared, notified and observed: every difference is found, told with both readings, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures_desk import copied_case, moment

from truceline.base.errors import CaseError, InputError
from truceline.custody.sign import SecretKey
from truceline.desk.declarations import DeclarationRecord
from truceline.desk.grade import grade_obligations, tell_grade
from truceline.desk.register import sign_line
from truceline.faces.cli.main import run
from truceline.terms.truce import Truce, read_draft
from truceline.workflow.declarations import check_declarations, declare, observe
from truceline.workflow.desk_files import times_from

AT = moment("30 00:00")
HEAD = "kind,subject,holding,quantity,area,to_area,group,as_of,starts_at,stops_at"
SEEN = "kind,party,holding,area,to_area,seen_at,quantity,found,recognition_percent,means"
BASE = "baseline,,gun_100mm,100,belt-a,,,2031-05-04T00:00:00Z,,"
TROOPS = "baseline,,troops,9000,belt-a,,,2031-05-04T00:00:00Z,,"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """The invented case, with B's chain and every register of declarations taken out."""

    def change(case: Path) -> None:
        for name in ("A.declarations.jsonl", "mission.inspections.jsonl"):
            (case / "desk" / name).unlink()
        for path in (case / "desk").glob("B.*"):
            path.unlink()
        path = case / "desk" / "holdings.yaml"
        path.write_text(
            "".join(one for one in path.read_text().splitlines(keepends=True) if "belt-b" not in one)
        )

    return copied_case(tmp_path, change=change)


def tell(case: Path, *rows: str, said: str = "2031-05-05T00:00:00Z") -> None:
    table = case / "rows.csv"
    table.write_text("\n".join([HEAD, *rows]) + "\n")
    declare(case, table, by="liaison-a", key_file=case / "keys" / "liaison-a.key", times=times_from(said, None, None))  # fmt: skip


def see(case: Path, *rows: str, said: str = "2031-05-20T00:00:00Z") -> None:
    table = case / "seen.csv"
    table.write_text("\n".join([SEEN, *rows]) + "\n")
    observe(case, table, key_file=case / "keys" / "mission.key", times=times_from(said, None, None))


def found(case: Path, *, at: str = "30 00:00") -> list[tuple[str, str, str, str]]:
    told = check_declarations(case, at=moment(at))
    assert told.problems == []
    return [(one.kind, one.area, one.declared, one.other) for one in told.differences]


def test_what_agrees_has_no_difference(empty: Path) -> None:
    tell(empty, BASE, TROOPS)
    tell(empty, "notice,movement,gun_100mm,20,belt-a,outside,,,2031-05-10T00:00:00Z,2031-05-11T00:00:00Z", said="2031-05-06T00:00:00Z")  # fmt: skip
    see(
        empty,
        "count,A,gun_100mm,belt-a,,2031-05-06T00:00:00Z,100,,,patrol",
        "count,A,gun_100mm,belt-a,,2031-05-10T12:00:00Z,88,,,patrol",  # on its way: 80 to 100
        "movement,A,gun_100mm,belt-a,outside,2031-05-10T13:00:00Z,20,,,patrol",
        "count,A,gun_100mm,belt-a,,2031-05-12T00:00:00Z,80,,,patrol",
        "sample,A,gun_100mm,belt-a,,2031-05-13T00:00:00Z,30,30,80,inspection",
    )
    assert found(empty) == []


def test_an_observation_that_differs_is_listed_with_both_readings(empty: Path) -> None:
    tell(empty, BASE, TROOPS)
    see(empty, "count,A,gun_100mm,belt-a,,2031-05-06T00:00:00Z,93,,,patrol", "count,A,troops,belt-a-near,,2031-05-06T00:00:00Z,5,,,patrol")  # fmt: skip
    assert found(empty) == [
        ("reading_differs", "belt-a", "100", "93"),
        ("reading_differs", "belt-a-near", "nothing declared", "5"),
    ]


def test_more_leaving_than_was_there_is_a_negative_holding(empty: Path) -> None:
    tell(empty, BASE, TROOPS)
    tell(empty, "notice,release,gun_100mm,120,belt-a,,,,2031-05-10T00:00:00Z,", said="2031-05-06T00:00:00Z")
    assert found(empty) == [("negative_holding", "belt-a", "-20", "0")]


@pytest.mark.parametrize("quantity", ["-5", "1.5", "many", "1e3", "٣"])
def test_a_quantity_that_is_negative_or_no_whole_number_is_refused(empty: Path, quantity: str) -> None:
    with pytest.raises(InputError) as caught:
        tell(empty, BASE, TROOPS.replace("9000", quantity))
    assert [(one.row, one.column, one.got) for one in caught.value.problems] == [(3, "quantity", quantity)]  # fmt: skip
    assert not (empty / "desk" / "A.declarations.jsonl").exists()


def test_two_baselines_that_the_notices_between_do_not_explain_differ(empty: Path) -> None:
    tell(empty, BASE, TROOPS)
    tell(empty, "notice,release,gun_100mm,10,belt-a,,,,2031-05-10T00:00:00Z,", said="2031-05-06T00:00:00Z")
    tell(empty, "baseline,,gun_100mm,90,belt-a,,,2031-05-12T00:00:00Z,,", said="2031-05-12T06:00:00Z")
    assert found(empty) == []
    tell(empty, "baseline,,gun_100mm,70,belt-a,,,2031-05-14T00:00:00Z,,", said="2031-05-14T06:00:00Z")
    assert found(empty) == [("baselines_differ", "belt-a", "70", "90")]


def test_what_is_declared_twice_is_told_and_counted_once(empty: Path) -> None:
    tell(empty, BASE, BASE, TROOPS)
    assert found(empty) == [("counted_twice", "belt-a", "100", "100")]
    assert [(row["low"], row["high"]) for row in check_declarations(empty, at=AT).as_dict()["balances"]] == [(100, 100), (9000, 9000)]  # fmt: skip


def test_a_whole_beside_its_groups_is_counted_twice(empty: Path) -> None:
    tell(empty, BASE, BASE.replace(",,,2031", ",,group-a-1,2031"), TROOPS)
    assert ("counted_twice", "belt-a", "100", "100") in found(empty)


def test_groups_beside_each_other_add_up(empty: Path) -> None:
    tell(empty, *(BASE.replace(",,,2031", f",,group-a-{k},2031") for k in (1, 2)), TROOPS)
    see(empty, "count,A,gun_100mm,belt-a,,2031-05-06T00:00:00Z,200,,,patrol")
    assert found(empty) == []


def test_a_part_cannot_exceed_its_whole(empty: Path) -> None:
    tell(empty, BASE, TROOPS, BASE.replace("100,belt-a", "130,belt-a-near"))
    assert found(empty) == [("part_exceeds_whole", "belt-a", "100", "130")]


def test_a_movement_seen_without_notice_or_with_too_small_a_one_is_told(empty: Path) -> None:
    tell(empty, BASE, TROOPS)
    tell(empty, "notice,movement,gun_100mm,12,belt-a,outside,,,2031-05-10T00:00:00Z,2031-05-11T00:00:00Z", said="2031-05-06T00:00:00Z")  # fmt: skip
    see(
        empty,
        "movement,A,gun_100mm,belt-a,outside,2031-05-10T12:00:00Z,25,,,patrol",
        "movement,A,gun_100mm,outside,belt-a,2031-05-10T12:00:00Z,11,,,patrol",
        "movement,A,gun_100mm,belt-a,outside,2031-05-12T12:00:00Z,12,,,patrol",
        "movement,A,gun_100mm,outside,belt-a,2031-05-13T12:00:00Z,9,,,patrol",  # below what needs notice
    )
    assert found(empty) == [
        ("movement_unannounced", "belt-a", "12", "25"),
        ("movement_unannounced", "belt-a", "no notice", "12"),
        ("movement_unannounced", "outside", "no notice", "11"),
    ]


@pytest.mark.parametrize(("said", "late"), [("2031-05-08T00:00:00Z", False), ("2031-05-08T00:00:01Z", True)])
def test_a_notice_is_late_by_when_it_was_received(empty: Path, said: str, late: bool) -> None:
    tell(empty, BASE, TROOPS)
    tell(empty, "notice,movement,gun_100mm,12,belt-a,outside,,,2031-05-10T00:00:00Z,", said=said)
    assert [kind for kind, *_ in found(empty)] == (["notice_late"] if late else [])


def test_a_baseline_that_is_late_or_never_came_is_told(empty: Path) -> None:
    assert [(kind, area) for kind, area, *_ in found(empty)] == [("baseline_absent", "belt-a")] * 2
    tell(empty, BASE, said="2031-05-07T00:00:01Z")
    assert [kind for kind, *_ in found(empty)] == ["baseline_late", "baseline_absent"]


def test_more_than_at_the_start_is_told_once(empty: Path) -> None:
    tell(empty, BASE, TROOPS)
    tell(
        empty,
        "notice,delivery,gun_100mm,5,belt-a,,,,2031-05-10T00:00:00Z,",
        "notice,delivery,gun_100mm,6,belt-a,,,,2031-05-11T00:00:00Z,",
    )
    assert found(empty) == [("above_baseline", "belt-a", "105", "100")]


def test_a_sample_says_how_many_of_all_may_be_missing(empty: Path) -> None:
    tell(empty, BASE, TROOPS)
    see(empty, "sample,A,gun_100mm,belt-a,,2031-05-06T00:00:00Z,30,28,100,inspection")
    kind, _, declared, other = found(empty)[0]
    assert (kind, declared) == ("items_missing", "100")
    # hypergeometric: 2 of 30; with 18 of 100 missing P(2 or fewer) = .055, with 19 .042 … ; P(2 or more) > .05 from 2 on
    from scipy import stats

    at_most = max(m for m in range(101) if stats.hypergeom.cdf(2, 100, m, 30) > 0.05)
    assert other == f"2 of 30 checked were not there; of all, 2 to {at_most} are missing (each limit 95 %)"


def test_what_was_logged_later_is_not_known_yet(empty: Path) -> None:
    tell(empty, BASE, TROOPS)
    see(empty, "count,A,gun_100mm,belt-a,,2031-05-06T00:00:00Z,93,,,patrol", said="2031-05-20T00:00:00Z")
    assert found(empty, at="19 00:00") == []
    assert len(found(empty, at="20 00:00")) == 1


BAD: list[tuple[str, str, str]] = [
    (BASE.replace("belt-a", "hill-77"), "area", "no sites or places"),
    (BASE.replace("gun_100mm", "gun"), "holding", "no such class"),
    (BASE.replace("2031-05-04T00:00:00Z", "2031-05-04T00:00:00"), "as_of", "no zone"),
    (BASE.replace("2031-05-04T00:00:00Z", "yesterday"), "as_of", "not a time"),
    (BASE.replace("2031-05-04T00:00:00Z", ""), "as_of", "needs as_of"),
    (BASE.replace(",,,2031", ",,group-b-1,2031"), "group", "no such operational group"),
    ("notice,movement,gun_100mm,5,belt-a,belt-a,,,2031-05-10T00:00:00Z,", "to_area", "into itself"),
    ("notice,movement,gun_100mm,5,belt-a,,,,2031-05-10T00:00:00Z,", "to_area", "has to_area"),
    ("notice,training,troops,5,belt-a,,,,2031-05-10T00:00:00Z,2031-05-09T00:00:00Z", "stops_at", "before it starts"),
    ("notice,parade,troops,5,belt-a,,,,2031-05-10T00:00:00Z,", "subject", "Input should be"),
    ("baseline,,gun_100mm,,belt-a,,,2031-05-04T00:00:00Z,,", "quantity", "missing"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "column", "message"), BAD)
def test_a_row_that_does_not_fit_stops_all_and_is_told_with_its_line(
    empty: Path, row: str, column: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        tell(empty, TROOPS, row)
    hits = [one for one in caught.value.problems if one.column == column]
    assert hits
    assert hits[0].row == 3
    assert message in hits[0].message
    assert not (empty / "desk" / "A.declarations.jsonl").exists()


def test_all_faults_of_a_table_are_told_at_once(empty: Path) -> None:
    with pytest.raises(InputError) as caught:
        tell(empty, *(row for row, _, _ in BAD))
    assert {one.row for one in caught.value.problems} == set(range(2, 2 + len(BAD)))


def test_a_table_of_other_columns_or_none_is_refused(empty: Path) -> None:
    for text, code in (("kind,colour\n", "name_unknown"), ("kind,kind\n", "column_repeated"), ("", "file_empty"), (HEAD + "\n", "file_without_rows"), (HEAD + "\nbaseline\n", "row_length")):  # fmt: skip
        (empty / "rows.csv").write_text(text)
        with pytest.raises(InputError) as caught:
            declare(empty, empty / "rows.csv", by="liaison-a", key_file=empty / "keys" / "liaison-a.key", times=times_from("2031-05-05T00:00:00Z", None, None))  # fmt: skip
        assert code in {one.code for one in caught.value.problems}


def test_a_group_does_not_declare_and_nobody_declares_for_another(empty: Path) -> None:
    (empty / "rows.csv").write_text(f"{HEAD}\n{BASE}\n")
    for by, key in (("group-a-1", "group-a-1"), ("liaison-a", "command-a")):
        with pytest.raises(InputError) as caught:
            declare(empty, empty / "rows.csv", by=by, key_file=empty / "keys" / f"{key}.key", times=times_from("2031-05-05T00:00:00Z", None, None))  # fmt: skip
        assert [one.code for one in caught.value.problems] == ["key_unknown"]
    # and where such a line stands in a register all the same, it is put aside
    tell(empty, BASE)
    path = empty / "desk" / "A.declarations.jsonl"
    record = json.loads(path.read_text())["record"] | {"by": "group-a-1"}
    secret = SecretKey.read((empty / "keys" / "group-a-1.key").read_text().strip())
    path.write_text(sign_line(DeclarationRecord(**record), secret, received_at=AT, logged_at=AT) + "\n")
    told = check_declarations(empty, at=AT)
    assert [one.code for one in told.problems] == ["key_unknown"]
    assert told.declared[0].lines == ()


def test_forged_and_replayed_declarations_are_put_aside(empty: Path) -> None:
    tell(empty, BASE, TROOPS)
    path = empty / "desk" / "A.declarations.jsonl"
    first, second = path.read_text().splitlines()
    path.write_text("\n".join([first, second.replace("9000", "9001"), first]) + "\n")
    told = check_declarations(empty, at=AT)
    assert [(one.row, one.code) for one in told.problems] == [(2, "signature_forged"), (3, "signature_replayed")]  # fmt: skip
    assert len(told.declared[0].lines) == 1


def test_a_record_of_orders_does_not_serve_as_a_declaration(empty: Path) -> None:
    orders = (empty / "desk" / "A.orders.jsonl").read_text().splitlines()
    (empty / "desk" / "A.declarations.jsonl").write_text(orders[1] + "\n")
    told = check_declarations(empty, at=AT)
    assert told.problems
    assert told.declared[0].lines == ()


def change_holdings(change: Callable[[str], str], case: Path) -> dict[str, str]:
    path = case / "desk" / "holdings.yaml"
    path.write_text(change(path.read_text()))
    with pytest.raises(CaseError) as caught:
        check_declarations(case, at=AT)
    return {one.code: one.message for one in caught.value.problems}


def test_what_is_to_be_declared_is_checked_itself(empty: Path) -> None:
    loop = change_holdings(lambda text: text.replace("party: A}", "party: A, within: belt-a-near}"), empty)
    assert "within itself" in loop["chain_loop"]
    twice = change_holdings(lambda text: text.replace("id: troops", "id: gun_100mm"), empty)
    assert "id_repeated" in twice


# -- what could be seen at all ------------------------------------------------------------------
def grades(tmp_path: Path, consents: str, *, zones: str = "") -> Truce:
    path = tmp_path / "truce.yaml"
    path.write_text(
        "truce: 1\nid: t\ntitle: T\ninstrument: agreement\nterms_version: v\n"
        "parties: [{id: A, name: A}, {id: B, name: B}]\n"
        "clauses: [{id: '1', wording: x}]\n"
        "zones:\n"
        "  - {id: near, name: Near, kind: circle, purpose: covered, centre: [10, 5], radius_km: 5}\n"
        "  - {id: far, name: Far, kind: circle, purpose: covered, centre: [12, 5], radius_km: 5}\n"
        "acts: [{id: mobilisation}, {id: intelligence_sharing}, {id: rotation}]\n"
        "obligations:\n"
        f"  - {{id: call-up, act: mobilisation, title: No call-up, rule: prohibit, binds: [A, B]{zones}}}\n"
        "  - {id: sharing, act: intelligence_sharing, title: No sharing, rule: prohibit, binds: [A]}\n"
        "  - {id: relief, act: rotation, title: Relief, rule: permit, binds: [A]}\n"
        f"{consents}"
    )
    return read_draft(path, label="truce.yaml")


def consent(party: str, means: str, more: str = "") -> str:
    return f"  - {{party: {party}, means: [{means}], operator: [A], instrument: letter, authority: command, clauses: ['1']{more}}}\n"  # fmt: skip


def grade_of(truce: Truce, name: str = "call-up") -> str:
    return {one.obligation: one.grade for one in grade_obligations(truce)}[name]


def test_the_grade_is_that_of_the_means_consented_to(tmp_path: Path) -> None:
    assert grade_of(grades(tmp_path, ""), "sharing") == "by no means"
    assert grade_of(grades(tmp_path, "")) == "by no consented means"
    words = "consents:\n" + consent("A", "records") + consent("B", "interview, media")
    assert grade_of(grades(tmp_path, words)) == "on its word"
    one = "consents:\n" + consent("A", "inspection") + consent("B", "records")
    assert grade_of(grades(tmp_path, one)) == "partly"
    both = "consents:\n" + consent("A", "inspection") + consent("B", "inspection")
    assert grade_of(grades(tmp_path, both)) == "verifiable"
    refused = "consents:\n" + consent("A", "inspection") + consent("B", "inspection", ", granted: false")
    assert grade_of(grades(tmp_path, refused)) == "partly"
    zoned = "consents:\n" + "".join(consent(party, "inspection", ", zones: [near]") for party in "AB")
    assert grade_of(grades(tmp_path, zoned, zones=", zones: [near, far]")) == "partly"
    assert grade_of(grades(tmp_path, zoned, zones=", zones: [near]")) == "verifiable"


def test_more_consent_never_makes_a_grade_worse(tmp_path: Path) -> None:
    order = ["by no means", "by no consented means", "on its word", "partly", "verifiable"]
    told = [consent("A", "records"), consent("B", "records"), consent("A", "inspection"), consent("B", "inspection")]  # fmt: skip
    seen = [order.index(grade_of(grades(tmp_path, "consents:\n" + "".join(told[:n])))) for n in range(1, 5)]
    assert seen == sorted(seen)


def test_the_worst_comes_first_and_permissions_are_left_out(tmp_path: Path) -> None:
    truce = grades(tmp_path, "consents:\n" + consent("A", "inspection"))
    graded = grade_obligations(truce)
    assert [one.obligation for one in graded] == ["sharing", "call-up"]
    assert "nothing known could see it" in tell_grade(graded[0], truce)
    assert graded[1].would_take == ("inspection",)


# -- the commands -------------------------------------------------------------------------------
def test_check_ends_with_a_code_of_its_own_where_something_differs(
    tmp_path: Path, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(empty, BASE, TROOPS)
    assert run(["declarations", "check", str(empty), "--at", "2031-05-30T00:00:00Z"]) == 0
    see(empty, "count,A,gun_100mm,belt-a,,2031-05-06T00:00:00Z,93,,,patrol")
    capsys.readouterr()
    assert run(["declarations", "check", str(empty), "--at", "2031-05-30T00:00:00Z", "--json"]) == 8
    told = json.loads(capsys.readouterr().out)
    assert [(one["declared"], one["other"], one["inspection_lines"]) for one in told["differences"]] == [("100", "93", [1])]  # fmt: skip


def test_the_plan_at_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "checks.svg"
    assert run(["inspect-plan", "--declared", "200", "--missing", "10", "--picture", str(picture)]) == 0
    assert "41 checks" in capsys.readouterr().out
    from xml.etree import ElementTree as ET

    labels = [one.text or "" for one in ET.parse(picture).getroot().iter("{http://www.w3.org/2000/svg}text")]
    assert "10 missing: 41 checks" in labels
    table = tmp_path / "strata.csv"
    table.write_text("name,declared,cost,recognition_percent\nnear,60,1,100\nfar,140,3,80\n")
    assert run(["inspect-plan", "--strata", str(table), "--missing", "10", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["seen_p"] >= 0.9
    assert run(["inspect-plan", "--strata", str(table), "--missing", "500"]) == 2
    assert run(["inspect-plan", "--declared", "10", "--missing", "11"]) == 2
    assert run(["inspect-plan", "--declared", "10"]) == 2
    table.write_text("name,declared,missing\nnear,60,61\nnear,x,0\n")
    assert run(["inspect-plan", "--strata", str(table)]) == 4
