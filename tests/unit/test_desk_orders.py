"""Chains of command and registers of orders: every fault has its line and its help; sound lines are kept."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fixtures_desk import chain_text, copied_case, key, line, moment, read_chain

from truceline.base.errors import CallError, CaseError, InputError, OutputError
from truceline.custody.sign import SecretKey
from truceline.desk.chain import PartyFile
from truceline.desk.orders import Register, draft, read_register
from truceline.desk.register import sign_line
from truceline.desk.sheet import make_sheet, sheet_record
from truceline.faces.cli.main import run
from truceline.workflow.desk_files import times_from
from truceline.workflow.orders import check_orders, make_key, print_sheet, say


@pytest.fixture
def chain(tmp_path: Path) -> PartyFile:
    return read_chain(tmp_path, chain_text())


def register(chain: PartyFile, *lines: str) -> Register:
    return read_register(
        "".join(f"{one}\n" for one in lines).encode(), chain, label="case:desk/A.orders.jsonl"
    )


def said(chain: PartyFile, lines: list[str], action: str, by: str, at: str, *, signer: str | SecretKey | None = None, number: int = 1, reason: str | None = None, order: str = "cease-a") -> str:  # fmt: skip
    """The next line of a register: ``by`` does ``action``, and it is logged at once."""
    record = draft(
        register(chain, *lines),
        action=action,
        order_id=order,
        by=by,
        number=number,
        said_at=moment(at),
        reason=reason,
    )  # type: ignore[arg-type]  # words of the tests
    made = line(record, signer or by, at)
    lines.append(made)
    return made


def codes(found: Register) -> list[tuple[int | None, str]]:
    return [(problem.row, problem.code) for problem in found.problems]


# -- the chain of command -----------------------------------------------------------------------
def chain_faults(tmp_path: Path, text: str) -> dict[str, str]:
    with pytest.raises(CaseError) as caught:
        read_chain(tmp_path, text)
    assert all(problem.row is not None for problem in caught.value.problems)
    return {problem.code: str(problem) for problem in caught.value.problems}


def test_a_chain_that_runs_in_a_loop_is_refused_and_the_loop_told(tmp_path: Path) -> None:
    nodes = (
        f"  - {{id: command-a, level: command, under: command-a-2, key: {key('command-a').public.text()}}}\n"
        f"  - {{id: command-a-2, level: command, under: command-a, key: {key('command-a-2').public.text()}}}\n"
        f"  - {{id: liaison-a, level: liaison, under: command-a, key: {key('liaison-a').public.text()}}}\n"
        "  - {id: group-a-1, level: group, under: liaison-a}\n"
    )
    faults = chain_faults(tmp_path, chain_text(nodes=nodes))
    assert "command-a → command-a-2 → command-a" in faults["chain_loop"]


@pytest.mark.parametrize(
    "name", ["group-a-93rd-brigade", "group-a-123", "ivanhoe", "group-a-riverbend", "group-b-1", "group-a-01"]
)
def test_units_sites_and_names_are_refused_by_their_shape(tmp_path: Path, name: str) -> None:
    more = f"  - {{id: {name}, level: group, under: liaison-a}}\n"
    assert "no units, sites or names" in chain_faults(tmp_path, chain_text(more=more))["case_field"]


@pytest.mark.parametrize("field", ["name: North", "site: [10, 5]", "units: [93]", "commander: somebody"])
def test_there_is_no_field_for_a_unit_a_site_or_a_name(tmp_path: Path, field: str) -> None:
    more = f"  - {{id: group-a-3, level: group, under: liaison-a, {field}}}\n"
    assert "no such field" in chain_faults(tmp_path, chain_text(more=more))["case_field"]


def test_the_chain_ends_at_operational_groups(tmp_path: Path) -> None:
    more = "  - {id: group-a-3, level: group, under: group-a-1}\n"
    assert "ends at operational groups" in chain_faults(tmp_path, chain_text(more=more))["case_field"]
    more = "  - {id: battalion-a-3, level: battalion, under: group-a-1}\n"
    assert "'command', 'liaison' or 'group'" in chain_faults(tmp_path, chain_text(more=more))["case_field"]


def test_a_group_without_a_liaison_officer_is_refused(tmp_path: Path) -> None:
    more = "  - {id: group-a-3, level: group, under: command-a}\n"
    assert "no liaison officer" in chain_faults(tmp_path, chain_text(more=more))["case_field"]


def test_a_key_of_another_name_or_held_twice_is_refused(tmp_path: Path) -> None:
    more = f"  - {{id: group-a-3, level: group, under: liaison-a, key: {key('liaison-a').public.text()}}}\n"
    faults = chain_faults(tmp_path, chain_text(more=more))
    assert "another name" in faults["key_unknown"]
    assert "has the key of liaison-a" in faults["id_repeated"]


# -- the register -------------------------------------------------------------------------------
def test_an_order_goes_down_and_answers_come_up(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00")
    said(chain, lines, "relay", "liaison-a", "02 20:30")
    said(chain, lines, "acknowledge", "group-a-1", "03 01:00")
    said(chain, lines, "refuse", "group-a-2", "03 02:00", signer="liaison-a", number=2, reason="unclear")
    found = register(chain, *lines)
    assert found.problems == ()
    assert [one.record.action for one in found.lines] == ["issue", "relay", "acknowledge", "refuse"]


def test_an_acknowledgement_before_its_order_is_put_aside(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "acknowledge", "group-a-1", "02 19:00")
    assert codes(register(chain, *lines)) == [(1, "order_unknown")]
    lines = []
    said(chain, lines, "issue", "command-a", "02 20:00")
    early = draft(register(chain, *lines), action="acknowledge", order_id="cease-a", by="group-a-1", number=1, said_at=moment("02 19:00"))  # fmt: skip
    lines.append(line(early, "group-a-1", "02 21:00"))
    found = register(chain, *lines)
    assert codes(found) == [(2, "order_too_early")]
    assert "line 1" in found.problems[0].message


def test_a_countermand_of_nothing_is_put_aside(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "countermand", "command-a", "02 20:00")
    assert codes(register(chain, *lines)) == [(1, "order_unknown")]
    lines = []
    said(chain, lines, "issue", "command-a", "02 20:00")
    said(chain, lines, "countermand", "command-a", "02 21:00", number=2)
    said(chain, lines, "countermand", "command-a", "02 22:00", number=3)
    found = register(chain, *lines)
    assert codes(found) == [(3, "order_unknown")]
    assert "no longer stood" in found.problems[0].message


def test_a_key_that_the_case_does_not_name_is_told(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00", signer=key("command-z"))
    assert codes(register(chain, *lines)) == [(1, "key_unknown")]


def test_a_key_of_somebody_else_in_the_chain_cannot_speak_for_a_node(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00", signer="liaison-a")
    found = register(chain, *lines)
    assert codes(found) == [(1, "key_unknown")]
    assert "may not sign for command-a" in found.problems[0].message


@pytest.mark.parametrize("field", ["said_at", "by", "action", "order", "signature"])
def test_any_change_of_a_signed_record_is_a_forgery(chain: PartyFile, field: str) -> None:
    lines: list[str] = []
    made = json.loads(said(chain, lines, "issue", "command-a", "02 20:00"))
    values = {"said_at": "2031-05-02T19:00:00Z", "by": "liaison-a", "action": "relay", "order": "cease-a-2"}
    if field == "signature":
        other = sign_line(register(chain, *lines).lines[0].record.model_copy(update={"number": 9}), key("command-a"), received_at=moment("02 20:00"), logged_at=moment("02 20:00"))  # fmt: skip
        made["signature"] = json.loads(other)["signature"]
    else:
        made["record"][field] = values[field]
    forged = json.dumps(made, sort_keys=True, separators=(",", ":"))
    assert codes(register(chain, forged)) == [(1, "signature_forged")]


def test_a_key_of_the_right_name_and_other_bytes_forges(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00", signer=key("command-a", seed="somebody else's"))
    assert codes(register(chain, *lines)) == [(1, "signature_forged")]


def test_a_record_put_in_again_counts_once(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00")
    answer = said(chain, lines, "acknowledge", "group-a-1", "03 01:00")
    later = json.loads(answer)
    later["received_at"] = later["logged_at"] = "2031-05-03T09:00:00Z"  # not signed: the desk's own word
    found = register(chain, *lines, json.dumps(later, sort_keys=True, separators=(",", ":")))
    assert codes(found) == [(3, "signature_replayed")]
    assert len(found.lines) == 2


def test_a_signature_of_another_truce_or_of_a_number_used_does_not_serve(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00")
    record = register(chain, *lines).lines[0].record
    foreign = line(record.model_copy(update={"case": "lake"}), "command-a", "02 20:00")
    assert codes(register(chain, foreign)) == [(1, "signature_replayed")]
    again = line(record.model_copy(update={"said_at": "2031-05-02T20:05:00Z"}), "command-a", "02 20:05")
    assert codes(register(chain, *lines, again)) == [(2, "signature_replayed")]


def test_times_without_an_offset_and_out_of_order_are_told(chain: PartyFile) -> None:
    lines: list[str] = []
    record = register(chain).file and draft(register(chain), action="issue", order_id="cease-a", by="command-a", number=1, said_at=moment("02 20:00"))  # fmt: skip
    naive = record.model_copy(update={"said_at": "2031-05-02T20:00:00"})
    assert codes(register(chain, line(naive, "command-a", "02 20:00"))) == [(1, "time_naive")]
    assert codes(register(chain, line(record, "command-a", "02 19:00"))) == [(1, "time_order")]
    assert codes(register(chain, line(record, "command-a", "02 21:00", logged="02 20:30"))) == [(1, "time_order")]  # fmt: skip
    assert lines == []


def test_every_broken_line_is_told_and_the_sound_ones_are_kept(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00")
    good = lines[0]
    broken = [
        "not json",
        '{"a": 1}',
        '{"record": {}}',
        good.replace(",", ", ", 1),
        '{"a":1,"a":2}',
        "[]",
        "\x00",
    ]
    found = register(chain, *broken, good)
    assert [row for row, _ in codes(found)] == [1, 2, 3, 4, 5, 6, 7]
    assert {code for _, code in codes(found)} == {"record_broken"}
    assert [one.line for one in found.lines] == [8]


def test_a_remark_has_no_place_in_a_record(chain: PartyFile) -> None:
    lines: list[str] = []
    made = json.loads(said(chain, lines, "issue", "command-a", "02 20:00"))
    record = {**made["record"], "note": "hold the hill"}
    from truceline.custody.canonical import encode
    from truceline.custody.encoding import to_base64

    made |= {"record": record, "signature": to_base64(key("command-a").sign(encode(record)))}
    found = register(chain, encode(made).decode())
    assert codes(found) == [(1, "record_broken")]
    assert "no units, sites, names or remarks" in found.problems[0].message


def test_an_order_that_stands_cannot_be_issued_again_until_it_is_countermanded(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00")
    said(chain, lines, "issue", "command-a", "02 21:00", number=2)
    assert codes(register(chain, *lines)) == [(2, "id_repeated")]
    lines.pop()
    said(chain, lines, "countermand", "command-a", "02 21:00", number=2)
    said(chain, lines, "issue", "command-a", "02 22:00", number=3)
    assert register(chain, *lines).problems == ()


# -- the sheet ----------------------------------------------------------------------------------
def sheet_of(found: Register, at: str) -> dict[str, dict[str, object]]:
    sheet = make_sheet([found], reader=("A", "Party A"), title="T", hour=datetime(2031, 5, 4, tzinfo=UTC), at=moment(at))  # fmt: skip
    return {one["group"]: one for one in sheet_record(sheet)["lines"]}


def test_the_sheet_goes_through_its_states(chain: PartyFile) -> None:
    lines: list[str] = []
    assert {one["state"] for one in sheet_of(register(chain), "02 12:00").values()} == {"not_issued"}
    said(chain, lines, "issue", "command-a", "03 01:00")
    said(chain, lines, "relay", "liaison-a", "03 02:00")
    said(chain, lines, "acknowledge", "group-a-1", "03 19:30")
    found = register(chain, *lines)
    assert sheet_of(found, "03 03:00")["group-a-1"]["state"] == "waiting"
    assert sheet_of(found, "03 18:30")["group-a-1"] | {"state": "silent", "late_s": 1800} == sheet_of(found, "03 18:30")["group-a-1"]  # fmt: skip
    late = sheet_of(found, "03 20:00")["group-a-1"]
    assert (late["state"], late["late_s"], late["issue_late_s"]) == ("late", 5400, 3600)
    assert late["path"] == [{"node": "command-a", "at": "2031-05-03T01:00:00Z"}, {"node": "liaison-a", "at": "2031-05-03T02:00:00Z"}]  # fmt: skip
    said(chain, lines, "countermand", "command-a", "03 21:00", number=2)
    assert {one["state"] for one in sheet_of(register(chain, *lines), "03 22:00").values()} == {"countermanded"}  # fmt: skip


def test_who_has_not_acknowledged_comes_first(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00")
    said(chain, lines, "acknowledge", "group-a-1", "03 01:00")
    assert list(sheet_of(register(chain, *lines), "03 19:00")) == ["group-a-2", "group-a-1"]


def test_a_group_that_changes_its_mind_is_taken_at_its_last_word(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00")
    said(chain, lines, "refuse", "group-a-1", "03 01:00", reason="unclear")
    said(chain, lines, "acknowledge", "group-a-1", "03 02:00", number=2)
    said(chain, lines, "acknowledge", "group-a-1", "03 20:00", number=3)
    told = sheet_of(register(chain, *lines), "03 21:00")["group-a-1"]
    assert (told["state"], told["answered_at"]) == ("acknowledged", "2031-05-03T02:00:00Z")


def test_what_is_logged_later_is_not_known_yet(chain: PartyFile) -> None:
    lines: list[str] = []
    said(chain, lines, "issue", "command-a", "02 20:00")
    record = draft(register(chain, *lines), action="acknowledge", order_id="cease-a", by="group-a-1", number=1, said_at=moment("03 01:00"))  # fmt: skip
    lines.append(line(record, "group-a-1", "03 01:00", logged="03 09:00"))
    found = register(chain, *lines)
    assert sheet_of(found, "03 08:59")["group-a-1"]["state"] == "waiting"
    assert sheet_of(found, "03 09:00")["group-a-1"]["state"] == "acknowledged"


# -- the commands -------------------------------------------------------------------------------
def test_nothing_is_written_of_what_would_not_hold(tmp_path: Path) -> None:
    case = copied_case(tmp_path)
    path = case / "desk" / "A.orders.jsonl"
    before = path.read_bytes()
    times = times_from("2031-05-03T20:00:00Z", None, None)
    with pytest.raises(InputError) as caught:
        say(case, "issue", "cease-a", by="command-a", key_file=case / "keys" / "command-a.key", times=times)
    assert [problem.code for problem in caught.value.problems] == ["id_repeated"]
    with pytest.raises(InputError):
        say(case, "acknowledge", "cease-a", by="group-a-4", key_file=case / "keys" / "liaison-b.key", times=times)  # fmt: skip
    with pytest.raises(CallError):
        say(case, "refuse", "cease-a", by="group-a-4", key_file=case / "keys" / "liaison-a.key", times=times, reason="the hill")  # fmt: skip
    assert path.read_bytes() == before


def test_a_record_is_added_after_a_torn_line(tmp_path: Path) -> None:
    case = copied_case(tmp_path)
    path = case / "desk" / "A.orders.jsonl"
    path.write_bytes(path.read_bytes() + b'{"key": "comm')
    times = times_from("2031-05-03T20:00:00Z", None, None)
    say(case, "acknowledge", "cease-a", by="group-a-4", key_file=case / "keys" / "liaison-a.key", times=times)
    found = check_orders(case)
    assert [(problem.row, problem.code) for problem in found.problems] == [(6, "record_broken")]
    assert found.registers[0].lines[-1].record.by == "group-a-4"


def test_a_secret_key_is_for_its_owner_alone_and_never_written_over(tmp_path: Path) -> None:
    made = make_key("command-a", out=tmp_path / "k" / "command-a.key")
    assert stat.S_IMODE(made.secret.stat().st_mode) == 0o600
    assert SecretKey.read(made.secret.read_text().strip()).public.text() == made.verifier
    with pytest.raises(OutputError):
        make_key("command-a", out=made.secret)
    with pytest.raises(CallError):
        make_key("two words", out=tmp_path / "other.key")


def test_check_ends_with_a_code_of_its_own_where_a_line_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = copied_case(tmp_path)
    assert run(["orders", "check", str(case)]) == 0
    path = case / "desk" / "B.orders.jsonl"
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines()[0] + b"\n")
    capsys.readouterr()
    assert run(["orders", "check", str(case), "--json"]) == 8
    told = json.loads(capsys.readouterr().out)
    assert [(one["row"], one["code"], one["file"]) for one in told["problems"]] == [(5, "signature_replayed", "case:desk/B.orders.jsonl")]  # fmt: skip


def test_a_party_of_which_the_mission_holds_nothing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = copied_case(tmp_path)
    (case / "desk" / "B.yaml").unlink()
    says = "Party B: no chain of command is here, and none of its groups is counted."
    sheet = ["orders", "sheet", str(case), "--at", "2031-05-03T20:00:00Z"]
    page = tmp_path / "sheet.html"
    assert run([*sheet, "--for", "mission", "--html", str(page)]) == 0
    assert says in capsys.readouterr().out
    assert says in page.read_text(encoding="utf-8")
    assert run(["orders", "check", str(case)]) == 0
    assert says in capsys.readouterr().out
    assert run([*sheet, "--for", "A"]) == 0  # a party holds its own chain alone: nothing is missing
    assert "Party B" not in capsys.readouterr().out


def test_a_case_without_a_chain_of_command_says_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["orders", "check", "cases/model-agreement"]) == 3
    assert "desk/A.yaml" in capsys.readouterr().err


def test_a_time_without_an_offset_is_refused_at_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["orders", "sheet", "cases/ordered-truce", "--at", "2031-05-03T20:00:00"]) == 2
    assert "time_naive" in capsys.readouterr().err


def test_the_page_asks_for_nothing_and_escapes_what_it_shows(tmp_path: Path) -> None:
    def change(case: Path) -> None:
        path = case / "truce.yaml"
        path.write_text(path.read_text().replace("title: A truce with", "title: <b>A</b> truce with", 1))

    page = tmp_path / "sheet.html"
    print_sheet(copied_case(tmp_path, change=change), at=moment("03 20:00"), page=page)
    text = page.read_text()
    assert "&lt;b&gt;A&lt;/b&gt;" in text
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")


def test_a_sheet_holds_the_orders_of_its_hours_alone(tmp_path: Path) -> None:
    orders = (
        "  - {id: cease-a, kind: cease, by: command-a, issue_by: 2031-05-03T00:00:00Z, acknowledge_by: 2031-05-03T18:00:00Z}\n"
        "  - {id: withdraw-a, kind: withdraw, by: command-a, issue_by: 2031-05-14T00:00:00Z, acknowledge_by: 2031-05-15T00:00:00Z}\n"
    )
    found = register(read_chain(tmp_path, chain_text(orders=orders)))
    sheet = make_sheet([found], reader=("A", "A"), title="T", hour=moment("04 00:00"), at=moment("03 20:00"))
    assert {one.order for one in sheet.lines} == {"cease-a"}
    assert sheet.span == (moment("03 00:00"), moment("03 00:00") + timedelta(hours=48))


def test_clerks_who_write_at_once_do_not_lose_a_record(tmp_path: Path) -> None:
    case = copied_case(tmp_path)

    def acknowledge(group: str) -> None:
        say(case, "acknowledge", "cease-a", by=group, key_file=case / "keys" / "liaison-a.key", times=times_from("2031-05-03T20:00:00Z", None, None))  # fmt: skip

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(acknowledge, [f"group-a-{1 + k % 4}" for k in range(12)]))
    found = check_orders(case, parties=["A"])
    assert found.problems == []
    assert len(found.registers[0].lines) == 5 + 12
