"""What a case's registers hold goes into a running log once, under its kind, and tells nobody else of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import KEY, NOW, new_log

from truceline.base.errors import TrucelineError
from truceline.custody.audit import audit
from truceline.custody.log import Log
from truceline.custody.read import Store
from truceline.custody.sign import SecretKey
from truceline.faces.cli.main import run
from truceline.talks.register import append, note, read_register, register_path
from truceline.workflow.case_records import CaseRecords, mission_records, read_case_records
from truceline.workflow.desk_files import terms_of
from truceline.workflow.evidence import open_entries
from truceline.workflow.verify import verify

AT = ["--at", NOW]


@pytest.fixture
def case(tmp_path: Path, project_root: Path) -> Path:
    """The case with orders and declarations, three statements and a confidential note."""
    folder = tmp_path / "case"
    shutil.copytree(project_root / "cases" / "ordered-truce", folder)
    rows: list[dict[str, Any]] = [
        {"kind": "statement", "version": 1, "statement": {"statement_id": "st-1", "weight": 0.25}},
        {"kind": "correction", "statement_id": "st-1", "field": "stance", "to": "asks"},
        {"kind": "correction", "statement_id": "st-9", "field": "stance", "to": "asks"},
        {"kind": "note", "text": "not for a log"},
    ]
    register = read_register(register_path(folder))
    append(register, [{**row, "by": "reader", "at": "2031-05-01T10:00:00Z"} for row in rows])
    secret = read_register(register_path(folder, confidential=True))
    note(secret, "a private word", source="x", by="y", at="2031-05-01T10:00:00Z")
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return new_log(tmp_path / "log", witnessed=True)


def take_in(log: Path, case: Path, capsys: Any, *words: str, ok: int = 0) -> str:
    code = run(["log", "append", str(log), "--from-case", str(case), *AT, *words])
    out, err = capsys.readouterr()
    assert code == ok, out + err
    return str(out + err)


def opened(log: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    with Log(log, key=KEY) as open_log:
        open_log.fold()
        return [
            (record, fields) for _, _, record, fields in open_entries(open_log.store, size=open_log.size)
        ][1:]


def lines_of(case: Path, *names: str) -> int:
    return sum((case / "desk" / name).read_bytes().count(b"\n") for name in names)


def test_every_sound_record_is_taken_in_under_its_kind_and_once(log: Path, case: Path, capsys: Any) -> None:
    desk = [path.name for path in (case / "desk").glob("*.jsonl")]
    n = lines_of(case, *desk) + 3
    assert f"records taken in: {n}; there already: 0; put aside because they do not hold: 0" in take_in(
        log, case, capsys
    )
    size = len(opened(log))
    assert size == n
    assert f"records taken in: 0; there already: {n};" in take_in(log, case, capsys, "--held")
    assert len(opened(log)) == size
    kinds = {record["kind"] for record, _ in opened(log)}
    assert kinds == {"order", "acknowledgement", "declaration", "inspection", "statement", "correction"}
    for record, fields in opened(log):
        if "record" in fields:
            refused_or_done = fields["record"].get("action") in ("acknowledge", "refuse")
            assert (record["kind"] == "acknowledgement") == refused_or_done
            assert record["by"] == fields["record"]["by"]
            assert record["received"] == fields["received_at"]


def test_a_bare_digest_handed_in_before_does_not_keep_a_record_out(
    tmp_path: Path, log: Path, case: Path, capsys: Any
) -> None:
    records = read_case_records(case).records
    order = next(one for one in records if one.kind == "order")
    first = dict(order.body)
    forged = [
        {"digest": first["digest"]},
        {**first, "signature": "AAAA"},
        {**first, "record": {}},
        {**first, "more": 1},
    ]
    for kind, lines in ((order.kind, forged), ("statement", [first])):
        (tmp_path / "forged").write_text("\n".join(map(json.dumps, lines)))
        assert run(["log", "append", str(log), str(tmp_path / "forged"), "--kind", kind, *AT]) == 0
    capsys.readouterr()
    assert f"records taken in: {len(records)}; there already: 0" in take_in(log, case, capsys)
    register = case / "desk" / "A.orders.jsonl"  # who has a copy wrote down another time of its own
    register.write_text(
        register.read_text().replace('"received_at":"2031-05-02', '"received_at":"2031-05-03')
    )
    assert f"records taken in: 0; there already: {len(records)}" in take_in(log, case, capsys)


def test_what_comes_later_is_taken_in_alone_and_in_the_order_in_which_it_came(
    log: Path, case: Path, capsys: Any
) -> None:
    register = case / "desk" / "A.orders.jsonl"
    whole = register.read_bytes().splitlines(keepends=True)
    register.write_bytes(b"".join(whole[:2]))
    take_in(log, case, capsys)
    register.write_bytes(b"".join(whole))
    assert f"records taken in: {len(whole) - 2};" in take_in(log, case, capsys)
    found = read_case_records(case)
    assert [one.received for one in found.records] == sorted(one.received for one in found.records)


def test_a_record_rests_on_those_that_it_answers(log: Path, case: Path, capsys: Any) -> None:
    codes = take_in(log, case, capsys, "--plain").split("\n")
    by_code = dict(zip(codes, opened(log), strict=False))
    answers = [(record, fields) for record, fields in by_code.values() if fields.get("record", {}).get("of")]
    assert answers
    for record, fields in answers:
        [earlier] = [by_code[code] for code in record["rests_on"]]
        assert earlier[1]["digest"] == fields["record"]["of"]
    corrected = {fields["statement_id"]: record for record, fields in opened(log) if record["kind"] == "correction"}  # fmt: skip
    [first] = [code for code, pair in by_code.items() if pair[0]["kind"] == "statement"]
    assert corrected["st-1"]["rests_on"] == [first]
    assert "rests_on" not in corrected["st-9"]


def test_a_log_that_both_sides_have_shows_neither_what_the_other_said(
    tmp_path: Path, log: Path, case: Path, capsys: Any
) -> None:
    take_in(log, case, capsys)
    with Log(log, key=KEY) as open_log:
        open_log.checkpoint(logged=NOW)
    assert run(["log", "export", str(log), str(tmp_path / "copy")]) == 0
    shown = b"".join(path.read_bytes() for path in (tmp_path / "copy" / "tile").rglob("*") if path.is_file())
    for word in (b"order", b"acknowledge", b"declaration", b"statement", b"command-a", b"group-b", b"cease"):
        assert word not in shown
    assert audit(tmp_path / "copy").sound


@pytest.mark.parametrize(("party", "other"), [("A", "B"), ("B", "A")])
def test_for_a_party_no_file_of_the_other_is_opened(case: Path, party: str, other: str) -> None:
    whole = read_case_records(case, reader=party)
    assert {one.body["record"]["party"] for one in whole.records if "record" in one.body} == {party}
    for name in (f"{other}.yaml", f"{other}.orders.jsonl", "mission.yaml", "mission.inspections.jsonl"):
        (case / "desk" / name).write_bytes(b"\xff")
    assert read_case_records(case, reader=party) == whole


def test_no_confidential_note_is_taken_in(log: Path, case: Path, capsys: Any) -> None:
    take_in(log, case, capsys, "--plain")
    said = json.dumps(opened(log))
    assert "private word" not in said
    assert "not for a log" not in said
    register_path(case, confidential=True).write_bytes(b"\xff")
    read_case_records(case)


@pytest.mark.parametrize(
    "words",
    [["--by", "a"], ["--received", NOW], ["--rests-on", "0-0123456789ab"], ["--held", "--plain"], ["--kind", "order"]],
)  # fmt: skip
def test_what_would_not_be_heeded_is_refused(log: Path, case: Path, capsys: Any, words: list[str]) -> None:
    assert "Invalid value" in take_in(log, case, capsys, *words, ok=2)
    assert audit(log).size == 1


def test_a_file_beside_a_case_and_a_party_without_one_are_refused(log: Path, case: Path, capsys: Any) -> None:
    records = case / "records"
    records.write_text('{"text": "one"}')
    assert "come from the case" in take_in(log, case, capsys, str(records), ok=2)
    assert run(["log", "append", str(log), str(records), "--kind", "statement", "--for", "A", *AT]) == 2
    assert audit(log).size == 1


def test_a_line_that_does_not_hold_is_put_aside_and_counted(log: Path, case: Path, capsys: Any) -> None:
    path = case / "desk" / "A.orders.jsonl"
    line = json.loads(path.read_bytes().splitlines()[0])
    wrong: list[object] = [
        "nothing", [1], {**line, "key": "stranger"}, {**line, "signature": "AAAA"}, {**line, "key": ["x"]},
        {**line, "record": {**line["record"], "order": "other"}},
        {**line, "record": {**line["record"], "type": "other"}}, {**line, "received_at": "soon"},
    ]  # fmt: skip
    text = "".join(json.dumps(one, sort_keys=True, separators=(",", ":")) + "\n" for one in wrong)
    sound = len(read_case_records(case).records)
    path.write_bytes(path.read_bytes() + text.encode() + b"\n" + path.read_bytes())
    assert (
        f"records taken in: {sound}; there already: 0; put aside because they do not hold: {len(wrong)}"
        in take_in(log, case, capsys)
    )


def test_a_signed_record_of_a_kind_that_no_log_knows_is_put_aside(case: Path) -> None:
    from truceline.desk.register import Signed, sign_line
    from truceline.workflow.desk_files import moment_from

    key = SecretKey.read((case / "keys" / "command-a.key").read_text().strip())
    now = moment_from("2031-05-03T00:00:00Z", "--at")
    before = read_case_records(case)
    with (case / "desk" / "A.orders.jsonl").open("a") as register:
        for kind in ("redaction", "weather", "complaint"):
            record = Signed(type=f"truceline.{kind}/1", case="ordered-truce", by="command-a", number=99, said_at="2031-05-03T00:00:00Z")  # fmt: skip
            register.write(sign_line(record, key, received_at=now, logged_at=now) + "\n")
    after = read_case_records(case)
    assert after.put_aside == before.put_aside + 2
    assert [one.kind for one in after.records if one not in before.records] == ["complaint"]


def test_whose_records_are_meant_must_be_said_where_it_is_not_clear(
    log: Path, case: Path, capsys: Any
) -> None:
    (case / "desk" / "mission.yaml").unlink()
    assert "whose records are logged must be said" in take_in(log, case, capsys, ok=2)
    assert "party_unknown" in take_in(log, case, capsys, "--for", "C", ok=2)
    assert "records taken in" in take_in(log, case, capsys, "--for", "A")
    with pytest.raises(TrucelineError, match="not the mission's"):
        read_case_records(case, reader="mission")
    assert {one.kind for one in mission_records(case, terms_of(case))} == {"statement", "correction"}
    for path in (case / "desk").glob("B.*"):
        path.unlink()
    assert read_case_records(case) == read_case_records(case, reader="A")
    shutil.rmtree(case / "desk")
    assert len(read_case_records(case).records) == 3
    shutil.rmtree(case / "talks")
    assert read_case_records(case) == CaseRecords((), 0)
    assert "give --kind" in str(take_in(log, case, capsys, "--kind", "order", ok=2))


# -- the log of a result ---------------------------------------------------------------------
@pytest.mark.parametrize("signed", [False, True])
def test_the_missions_result_logs_each_record_and_no_other_edition_does(
    tmp_path: Path, case: Path, signed: bool
) -> None:
    key = tmp_path / "key"
    key.write_text(KEY.text() + "\n")
    log_key = key if signed else None
    verify(case, data=None, out=tmp_path / "mission", pdf=False, edition="mission", log_key=log_key)
    log = tmp_path / "mission" / "log"
    assert audit(log).sound
    store = Store(log)
    found = list(open_entries(store, size=store.sizes()[-1]))
    kinds = [record["kind"] for _, _, record, _ in found]
    assert kinds.count("acknowledgement") > 2
    assert kinds.count("correction") == 2
    shown = b"".join(path.read_bytes() for path in (log / "tile").rglob("*") if path.is_file())
    assert (b"acknowledge" in shown) is not signed
    linked = {record["kind"]: record["rests_on"] for _, _, record, _ in found if "rests_on" in record}
    assert linked.keys() >= {"finding", "acknowledgement", "correction"}
    first = contents(log)
    verify(case, data=None, out=tmp_path / "mission", pdf=False, edition="mission", log_key=log_key)
    assert contents(log) == first


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_public_edition_logs_no_record_and_reads_no_register(tmp_path: Path, case: Path) -> None:
    verify(case, data=None, out=tmp_path / "with", pdf=False, edition="public", register=tmp_path / "r1")
    for path in (case / "desk").glob("*.jsonl"):
        path.unlink()
    verify(case, data=None, out=tmp_path / "without", pdf=False, edition="public", register=tmp_path / "r2")
    assert contents(tmp_path / "with" / "log") == contents(tmp_path / "without" / "log")
