"""``truceline log``: what each verb prints, with which code it ends, and what it says of wrong input."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import KEY, NEXT_KEY, NOW, SIDE_A, SIDE_B, grow, new_log, plain

from truceline.base.errors import TrucelineError
from truceline.custody.entry import held_entry
from truceline.custody.log import Log
from truceline.custody.read import Store
from truceline.faces.cli.main import run
from truceline.workflow import evidence, evidence_check

MOMENT = datetime(2025, 4, 20, 10, tzinfo=UTC)
AT = ["--at", NOW]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Keys of a log, of another log, and of two witnesses."""
    for name, key in (("mission", KEY), ("next", NEXT_KEY), ("a", SIDE_A), ("b", SIDE_B)):
        (tmp_path / f"{name}.key").write_text(f"{key.text()}\n")
        (tmp_path / f"{name}.pub").write_text(f"{key.public.text()}\n")
    return tmp_path


def tell(capsys: Any, *words: object, ok: int = 0) -> str:
    """What a command prints."""
    code = run(["log", *map(str, words)])
    out, err = capsys.readouterr()
    assert code == ok, out + err
    return out if ok == 0 else out + err


@pytest.fixture
def log(place: Path, capsys: Any) -> Path:
    tell(capsys, "init", place / "log", "--key", place / "mission.key", "--witness", place / "a.pub", "--witness", SIDE_B.public.text(), "--quorum", 1, "--batch", 4, *AT)  # fmt: skip
    return place / "log"


def test_a_key_is_made_once(place: Path, capsys: Any) -> None:
    public = tell(capsys, "key", place / "new.key", "--name", "x.example", "--witness").strip()
    assert evidence.read_secret(place / "new.key").public.text() == public
    assert (place / "new.key").stat().st_mode & 0o777 == 0o600
    assert "log_key" in tell(capsys, "key", place / "new.key", "--name", "x.example", ok=2)
    assert "cannot name a key" in tell(capsys, "key", place / "other.key", "--name", "a b", ok=9)
    assert not list(place.glob("other*"))


def test_the_way_from_a_record_to_its_proof(place: Path, log: Path, capsys: Any) -> None:
    records = place / "records"
    records.write_text('{"text": "one"}\n\n{"text": "two"}\n')
    codes = tell(
        capsys, "append", log, records, "--kind", "statement", "--by", "a", "--received", NOW, *AT
    ).split()
    assert len(codes) == 2
    held = tell(
        capsys, "append", log, records, "--kind", "order", "--held", "--rests-on", codes[0], *AT
    ).split()[0]
    sealed = tell(capsys, "append", log, records, "--kind", "order", "--sealed", "--by", "b", *AT).split()[0]
    assert "stands under the last checkpoint" in tell(capsys, "prove", log, codes[0], ok=9)
    tell(capsys, "checkpoint", log, "--key", place / "mission.key", "--out", place / "head", *AT)
    for party in "ab":
        tell(capsys, "witness", log, "--key", place / f"{party}.key", "--memory", place / party, "--log-key", place / "mission.pub", "--out", place / f"{party}.sig", *AT)  # fmt: skip
    tell(capsys, "checkpoint", log, "--add", place / "a.sig", "--add", place / "b.sig")
    policy = place / "policy"
    tell(capsys, "export", log, place / "copy")
    policy.write_bytes((place / "copy" / "policy.txt").read_bytes())
    tell(capsys, "prove", log, codes[0], "--out", place / "proof")
    assert '"text":"one"' in tell(capsys, "verify", place / "proof", "--policy", policy)
    tell(capsys, "disclose", log, held, "--field", "text", "--out", place / "open")
    assert 'text = \\"one\\"' in tell(capsys, "verify", place / "open", "--policy", policy, "--json")
    assert "no value is held" in tell(capsys, "disclose", log, codes[0], "--field", "text", ok=9)
    tell(capsys, "redact", log, held, "--field", "text", "--reason", "a name", "--by", "mission", *AT)
    assert "no value is held" in tell(capsys, "disclose", log, held, "--field", "text", ok=9)
    tell(capsys, "disclose", log, sealed, "--field", "record", "--out", place / "open")
    assert '"kind": "order"' in tell(capsys, "verify", place / "open", "--policy", policy)
    found = json.loads(tell(capsys, "audit", log, "--policy", policy, "--checkpoint", place / "head", "--against", place / "copy", "--since", NOW, "--json"))  # fmt: skip
    assert found["problems"] == []
    assert found["cosigned"].keys() == {SIDE_A.name, SIDE_B.name}
    assert "every byte" in tell(capsys, "verify", log)
    assert "no witness cosigned since" in tell(capsys, "verify", log, "--since", "2025-04-20T10:00:01Z", ok=9)
    tell(capsys, "export", log, place / "backup", "--backup")
    assert "is not empty" in tell(capsys, "export", log, place / "backup", ok=9)


def test_records_that_cannot_be_logged_are_all_told_and_none_is_logged(
    place: Path, log: Path, capsys: Any
) -> None:
    (place / "records").write_text('{"n": 1}\n{"n": 0.5}\nnothing\n[]\n{"ключ": 1}\n')
    said = tell(capsys, "append", log, place / "records", "--kind", "statement", *AT, ok=9)
    assert all(f"row {row}" in said for row in (2, 3, 4, 5))
    (place / "records").write_text("{}\n")
    assert "expected a kind" in tell(capsys, "append", log, place / "records", "--kind", "Order", *AT, ok=9)
    assert Store(log).sizes() == [4]


@pytest.mark.parametrize("kind", ["key", "log", "redaction", "sealed", "witnessing"])
@pytest.mark.parametrize("how", ["--held", "--sealed", "--at"])
def test_nobody_hands_in_what_the_log_says_of_itself(
    place: Path, log: Path, capsys: Any, kind: str, how: str
) -> None:
    """An entry that looked like a change of key stopped the log for good."""
    (place / "records").write_text('{"size": 5}\n')
    more = [how] if how != "--at" else []
    said = tell(capsys, "append", log, place / "records", "--kind", kind, *more, *AT, ok=2)
    assert "written by the log itself" in said
    assert "statement" in said
    assert "entries: 4," in tell(capsys, "verify", log)


def test_an_entry_that_only_looks_like_a_change_of_key_does_not_stop_the_log(
    place: Path, log: Path, capsys: Any
) -> None:
    with Log(log) as open_log:
        open_log.append(plain({"new": "x"}, kind="key"))
        open_log.append([held_entry("key", {"a": 1}, salt=bytes(32), logged=NOW)])
        open_log.append(plain({"size": [1]}, {"size": 1, "cosigned": 3}, kind="witnessing"))
    (place / "records").write_text('{"text": "goes on"}\n')
    tell(capsys, "append", log, place / "records", "--kind", "statement", *AT)
    tell(capsys, "checkpoint", log, "--key", place / "mission.key", *AT)
    said = tell(capsys, "verify", log, ok=9)
    assert said.count("an entry on a key") == 2
    assert said.count("[log_") == 3
    assert "checkpoints/001" in said


def test_which_of_two_values_was_meant_is_not_guessed(place: Path, log: Path, capsys: Any) -> None:
    (place / "records").write_text('{"text": {"who": 1, "who": 2}}\n{"a": 1, "a": 1}\n')
    said = tell(capsys, "append", log, place / "records", "--kind", "statement", *AT, ok=9)
    assert "row 1: who stands twice" in said
    assert "row 2: a stands twice" in said


def test_text_is_logged_as_it_is_whatever_ends_of_lines_it_holds(place: Path, log: Path, capsys: Any) -> None:
    text = "рядок\u2028ще один\u0085і ще\x0b"
    (place / "records").write_bytes(json.dumps({"text": text}, ensure_ascii=False).encode() + b"\r\n")
    code = tell(capsys, "append", log, place / "records", "--kind", "statement", *AT)
    with Log(log) as open_log:
        open_log.fold()
        entry = open_log.store.entry(int(code.partition("-")[0]), size=open_log.size)
    assert json.loads(entry)["body"] == {"text": text}


def test_a_file_that_cannot_be_read_is_named(place: Path, log: Path, capsys: Any) -> None:
    assert "log_missing" in tell(capsys, "append", log, place / "nothing", "--kind", "order", *AT, ok=9)
    assert "Is a directory" in tell(capsys, "append", log, place, "--kind", "order", *AT, ok=9)
    (place / "records").write_bytes(b'{"text": "\xe9"}\n')
    assert "UTF-8" in tell(capsys, "append", log, place / "records", "--kind", "order", *AT, ok=9)


def test_an_entry_rests_on_entries_that_are_there(place: Path, log: Path, capsys: Any) -> None:
    (place / "records").write_text('{"text": "one"}\n')
    first = tell(capsys, "append", log, place / "records", "--kind", "complaint", *AT).strip()
    answer = ["append", log, place / "records", "--kind", "answer", *AT, "--rests-on"]
    for wrong in ("999-0123456789ab", f"{first[:-1]}{'0' if first[-1] != '0' else '1'}", "0-0123456789ab"):
        assert f"no entry of the code {wrong}" in tell(capsys, *answer, wrong, ok=9)
    tell(capsys, *answer, first)
    tell(capsys, "checkpoint", log, "--key", place / "mission.key", *AT)
    tell(capsys, *answer, first)


def test_what_a_copy_does_not_hold_it_cannot_disclose(place: Path, log: Path, capsys: Any) -> None:
    (place / "records").write_text('{"text": "one"}\n')
    code = tell(capsys, "append", log, place / "records", "--kind", "order", "--held", *AT).strip()
    tell(capsys, "checkpoint", log, "--key", place / "mission.key", *AT)
    tell(capsys, "export", log, place / "copy")
    assert "nothing is held here of entry" in tell(
        capsys, "disclose", place / "copy", code, "--field", "text", ok=9
    )


def test_a_witness_that_is_shown_another_history_refuses_and_keeps_the_proof(
    place: Path, log: Path, capsys: Any
) -> None:
    witness = [
        "--key",
        place / "a.key",
        "--memory",
        place / "a",
        "--log-key",
        place / "mission.pub",
        "--evidence",
        place / "fork",
    ]
    tell(capsys, "checkpoint", log, "--request", 0, "--out", place / "request")
    tell(capsys, "witness", place / "request", *witness, *AT)
    size = Store(log).sizes()[-1]
    again = tell(capsys, "witness", place / "request", *witness, *AT, ok=9)
    assert f"409: {size} entries were cosigned last" in again
    other = place / "other"
    tell(
        capsys, "init", other, "--key", place / "mission.key", "--witness", place / "a.pub", "--batch", 4, *AT
    )
    assert "422" in tell(capsys, "witness", other, *witness, *AT, ok=9)
    tell(capsys, "export", log, place / "copy")
    policy = place / "copy" / "policy.txt"
    assert "two histories" in tell(capsys, "verify", place / "fork", "--policy", policy)
    said = tell(capsys, "audit", other, "--against", log, "--evidence", place / "fork2", ok=9)
    assert "log_fork" in said
    assert "two histories" in tell(capsys, "verify", place / "fork2", "--policy", policy)
    longer = place / "log2"
    new_log(longer, witnessed=True)
    grow(longer, plain(*range(9)))
    (place / "late").write_bytes((longer / "checkpoint").read_bytes())
    assert "log_missing" in tell(capsys, "verify", log, "--checkpoint", place / "late", ok=9)
    assert "403" in tell(capsys, "witness", place / "request", "--key", place / "b.key", "--memory", place / "b", "--log-key", place / "next.pub", *AT, ok=9)  # fmt: skip


def test_a_rolled_back_log_is_not_cosigned(place: Path, log: Path, capsys: Any) -> None:
    witness = ["--key", place / "a.key", "--memory", place / "a", "--log-key", place / "mission.pub"]
    tell(capsys, "export", log, place / "before")
    tell(capsys, "checkpoint", log, "--key", place / "mission.key", *AT)
    tell(capsys, "witness", log, *witness, *AT)
    assert "were cosigned before" in tell(capsys, "witness", place / "before", *witness, *AT, ok=9)


def test_a_receipt_that_is_not_honoured_is_a_proof(place: Path, log: Path, capsys: Any) -> None:
    records = place / "records"
    records.write_text('{"text": "mine"}\n')
    code = tell(capsys, "append", log, records, "--kind", "complaint", *AT).strip()
    tell(
        capsys, "receipt", log, code, "--key", place / "mission.key", "--due", NOW, "--out", place / "receipt"
    )
    other = new_log(place / "other")
    assert "before entry" in tell(capsys, "audit", other, "--receipt", place / "receipt", ok=9)
    grow(other, plain(*range(9)))
    tell(capsys, "audit", other, "--receipt", place / "receipt", "--evidence", place / "withheld", ok=9)
    tell(capsys, "export", log, place / "copy")
    said = tell(capsys, "verify", place / "withheld", "--policy", place / "copy" / "policy.txt")
    assert "put another entry in the place" in said
    tell(capsys, "checkpoint", log, "--key", place / "mission.key", *AT)
    assert "honoured" in tell(capsys, "audit", log, "--receipt", place / "receipt")
    with (place / "receipt").open("r+") as receipt:
        text = receipt.read()
        receipt.seek(0)
        receipt.write(text[:-20] + "AAAAAAAA" + text[-12:])
    assert "honoured" not in tell(capsys, "audit", log, "--receipt", place / "receipt", ok=9)


def test_a_log_that_stands_still_past_a_receipts_time_is_late(place: Path, log: Path, capsys: Any) -> None:
    tell(capsys, "export", log, place / "still")
    (place / "records").write_text('{"text": "mine"}\n')
    code = tell(capsys, "append", log, place / "records", "--kind", "complaint", *AT).strip()
    receipt = ["receipt", log, code, "--key", place / "mission.key", "--out", place / "receipt", "--due"]
    assert "broken already" in tell(capsys, *receipt, "2025-04-20T09:59:59Z", ok=9)
    tell(capsys, *receipt, "2025-04-20T12:00:00Z")
    asked = ["audit", place / "still", "--receipt", place / "receipt"]
    assert "look again" in tell(capsys, *asked, ok=9).lower()
    for name, hour, late in (("a", 12, False), ("b", 13, True)):
        seen = ["witness", place / "still", "--key", place / f"{name}.key", "--memory", place / name, "--log-key", place / "mission.pub"]  # fmt: skip
        tell(capsys, *seen, "--out", place / "sig", "--at", f"2025-04-20T{hour}:00:00Z")
        tell(capsys, "checkpoint", place / "still", "--add", place / "sig")
        said = tell(capsys, *asked, ok=9)
        assert ("it is late" in said) is late
        assert ("Keep the receipt" in said) is late
    (place / "receipt").write_text((place / "receipt").read_text().replace("T12:", "T11:"))
    assert "not signed by the log" in tell(capsys, *asked, ok=9)


def test_another_key_takes_over(place: Path, log: Path, capsys: Any) -> None:
    tell(capsys, "rekey", log, "--key", place / "mission.key", "--new", place / "next.key", *AT)
    assert "secret key" in tell(capsys, "checkpoint", log, "--key", place / "mission.key", *AT, ok=9)
    tell(capsys, "checkpoint", log, "--key", place / "next.key", *AT)
    assert "every byte" in tell(capsys, "audit", log)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["init", "{log}", "--key", "{mission.key}"], 9, "not empty"),
        (["init", "{new}", "--key", "{a.key}"], 9, "signs notes"),
        (["init", "{new}", "--key", "{nowhere}"], 9, "log_missing"),
        (["init", "{new}", "--key", "{mission.pub}"], 9, "log_key"),
        (["init", "{new}", "--key", "{mission.key}", "--witness", "nonsense"], 9, "log_key"),
        (["append", "{nowhere}", "{head}", "--kind", "order"], 9, "holds no log"),
        (["append", "{nowhere}", "{head}", "--kind", "order"], 9, "truceline log verify"),
        (["checkpoint", "{log}"], 2, "give --key"),
        (["checkpoint", "{log}", "--add", "{mission.pub}"], 9, "log_signature"),
        (["prove", "{log}", "17"], 9, "expected the code"),
        (["prove", "{nowhere}", "0-000000000000"], 9, "log_absent"),
        (["verify", "{nowhere}"], 9, "log_absent"),
        (["verify", "{head}"], 2, "--policy"),
        (["verify", "{head}", "--policy", "{head}"], 9, "log_file"),
        (["verify", "{log}", "--policy", "{nowhere}"], 9, "log_missing"),
        (["verify", "{log}", "--checkpoint", "{head}"], 9, "log_file"),
        (["witness", "{head}", "--key", "{a.key}", "--memory", "{m}", "--log-key", "{mission.pub}"], 9, "log_file"),
        (["witness", "{log}", "--key", "{mission.key}", "--memory", "{m}", "--log-key", "{mission.pub}"], 9, "cosigns"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_a_code(
    place: Path, log: Path, capsys: Any, words: list[str], code: int, says: str
) -> None:
    (place / "head").write_text("{}\n")
    given = [str(place / word[1:-1]) if word.startswith("{") else word for word in words]
    assert says in tell(capsys, *given, ok=code)


def test_two_writers_and_a_full_disk_are_told(
    place: Path, log: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "records").write_text("{}\n")
    with Log(log):
        assert "log_busy" in tell(
            capsys, "append", log, place / "records", "--kind", "order", "--wait-s", 0.01, ok=9
        )

    def full(handle: int, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("truceline.custody.disk.write", full)
    assert "log_unwritable" in tell(capsys, "append", log, place / "records", "--kind", "order", ok=9)


def test_a_run_repeated_is_told_in_one_object_and_ends_with_nine_where_it_differs(
    log: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from truceline.base.errors import Problem
    from truceline.workflow import recompute

    for problems, code in (((), 0), ((Problem(code="log_differs", message="another input file"),), 9)):
        outcome = recompute.RecomputeOutcome(run_id="run-1", compared=3, problems=problems, closed=2)
        monkeypatch.setattr(recompute, "recompute", lambda *_, outcome=outcome, **__: outcome)
        words = ["log", "audit", str(log), "--recompute", "case"]
        assert run([*words, "--json"]) == code
        told = json.loads(capsys.readouterr().out)["repeated"]
        assert (told["compared"], told["closed"], len(told["problems"])) == (3, 2, len(problems))
        assert run(words) == code
        out, err = capsys.readouterr()
        assert out.splitlines()[-1] == "not compared, because they are held elsewhere: 2 entries"
        assert ("log_differs" in err) is bool(problems)
    assert "--recompute" in tell(capsys, "audit", log, "--run", "run-1", ok=2)


@pytest.mark.parametrize("words", [[], ["--backup"]])
def test_a_copy_that_could_not_be_put_back_is_told_of_when_it_is_made(
    place: Path, log: Path, capsys: Any, words: list[str]
) -> None:
    tell(capsys, "export", log, place / "sound", *words)
    [tile] = (log / "tile" / "0" / "000.p").iterdir()
    content = bytearray(tile.read_bytes())
    content[-1] ^= 1
    tile.write_bytes(content)
    assert "log_altered" in tell(capsys, "export", log, place / "copy", *words, ok=9)
    assert (place / "copy" / "log.json").is_file()


def test_a_stray_file_in_a_backup_is_told_of_when_it_is_made(place: Path, log: Path, capsys: Any) -> None:
    (log / "stray").write_text("x")
    assert "log_unknown" in tell(capsys, "export", log, place / "backup", "--backup", ok=9)
    tell(capsys, "export", log, place / "copy")  # what is published has the log's own files alone


def test_a_secret_key_that_others_can_read_is_told_of(place: Path, log: Path, capsys: Any) -> None:
    key = place / "mission.key"
    for mode, told in ((0o644, True), (0o620, True), (0o600, False), (0o400, False)):
        key.chmod(mode)
        assert run(["log", "checkpoint", str(log), "--key", str(key), *AT]) == 0
        out, err = capsys.readouterr()
        assert ("chmod 600" in err) is told
        assert "chmod" not in out


def test_what_may_not_be_read_is_named(
    place: Path, log: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path, *_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", closed)
    said = tell(capsys, "checkpoint", log, "--key", place / "mission.key", ok=9)
    assert "mission.key: Permission denied" in said
    assert "Let whoever runs this read it" in said


def test_an_altered_missing_or_strange_file_ends_with_nine(place: Path, log: Path, capsys: Any) -> None:
    for code, change in (
        ("log_altered", lambda: (log / "checkpoint").write_bytes(b"x")),
        ("log_missing", lambda: (log / "checkpoint").unlink()),
        ("log_unknown", lambda: (log / "more").write_bytes(b"x")),
    ):
        change()
        assert code in tell(capsys, "verify", log, ok=9)


def test_the_library_refuses_what_the_command_line_cannot_ask() -> None:
    with pytest.raises(TrucelineError, match="no such way to log"):
        evidence.append_records(Path("x"), [], kind="order", mode="loud", now=MOMENT)


def test_a_checkpoint_of_another_log_is_no_earlier_one(place: Path, log: Path, capsys: Any) -> None:
    stranger = evidence.make_key(place / "stranger.key", "stranger.example")
    tell(capsys, "init", place / "stranger", "--key", place / "stranger.key", *AT)
    assert stranger.name == "stranger.example"
    with pytest.raises(TrucelineError, match="another log"):
        evidence_check.audit_log(log, checkpoints=[place / "stranger" / "checkpoint"])
    forged = (log / "checkpoint").read_text().splitlines(keepends=True)
    (place / "forged").write_text(
        "".join([*forged[:4], (place / "stranger" / "checkpoint").read_text().splitlines(keepends=True)[4]])
    )
    with pytest.raises(TrucelineError, match="not signed by the log"):
        evidence_check.audit_log(log, checkpoints=[place / "forged"])
