"""At the edge of what is told, put back, stamped and cosigned: one more, one less, one thing missing."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import KEY, NOW, NOW_S, SIDE_A, config, grow, new_log, plain

from truceline.custody import disk, put_back, stamp, trusted_time
from truceline.custody.audit import audit
from truceline.custody.checkpoint import Checkpoint, sign_checkpoint
from truceline.custody.encoding import to_base64
from truceline.custody.entry import plain_entry
from truceline.custody.export import export, place_beside
from truceline.custody.log import Log
from truceline.custody.outcome import Audit
from truceline.custody.read import Store
from truceline.custody.schedule import tell_due, tell_late
from truceline.custody.told import Told
from truceline.custody.trusted_time import StampedTime, check_reply, make_nonce
from truceline.custody.when import Seen, list_seen
from truceline.custody.witness import RefusalError, Request, Witness

AT = "2025-04-20T{}:00Z"
TOKEN = f"stamps/4-{sha256(b'').hexdigest()}.tsr"


# -- the schedule ----------------------------------------------------------------------------
def test_a_second_late_is_late() -> None:
    made = config(period_s=3600)
    assert tell_due(AT.format("10:00"), "2025-04-20T11:00:00Z", made) == []
    assert "due 1 s before" in tell_due(AT.format("10:00"), "2025-04-20T11:00:01Z", made)[0]


@pytest.mark.parametrize(("late", "more"), [(5, []), (6, ["schedule: 1 more such checkpoints"])])
def test_five_late_checkpoints_are_told_and_the_rest_counted(late: int, more: list[str]) -> None:
    times = [(size, AT.format(f"{2 * size:02d}:00")) for size in range(late + 1)]
    assert tell_late(times, config(period_s=3600))[5:] == more


# -- what entries tell -----------------------------------------------------------------------
def told(*records: Any) -> Told:
    made = Told()
    for index, (kind, time, body) in enumerate(records):
        made.take(index, {"kind": kind, "logged": AT.format(time), "body": body})
    return made


def test_the_schedule_is_told_from_the_first_entry_to_the_last_checkpoint_that_is_there(
    tmp_path: Path,
) -> None:
    store, found = Store(new_log(tmp_path / "log", period_s=3600)), Audit()
    said = told(("log", "10:00", {}), ("statement", "10:30", {}), ("witnessing", "12:00", {}), ("witnessing", "20:00", {}))  # fmt: skip
    said.compare(found, store, {}, [3], size=4)
    assert found.notes == [f"schedule: the checkpoint of 3 came 3600 s late, at {AT.format('12:00')}"]
    assert found.newest_time == AT.format("12:00")


@pytest.mark.parametrize("cosigned", [None, {"a.example/witness": 1}])
def test_a_checkpoint_that_cannot_be_read_or_that_nobody_is_told_to_have_cosigned_misses_nobody(
    tmp_path: Path, cosigned: Any
) -> None:
    store, found = Store(new_log(tmp_path / "log", witnessed=True)), Audit()
    signed = store.checkpoint(1)
    assert signed is not None
    said = told(("log", "10:00", {}), ("witnessing", "10:00", {"size": 1, "cosigned": cosigned}))
    said.compare(found, store, {} if cosigned else {1: signed}, [1], size=2)
    assert found.sound
    if cosigned:
        said.compare(found, store, {1: signed}, [1], size=2)
        assert "not there, of a.example" in found.faults[0].message


def test_a_token_that_an_entry_tells_of_is_missed_also_where_records_are_not_read(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder, key=KEY) as log:
        log.append([plain_entry("timestamp", {"file": TOKEN}, logged=NOW)])
        log.checkpoint(logged=NOW)
    assert [fault.file for fault in audit(folder, records=False).faults] == [TOKEN]


# -- tokens of time --------------------------------------------------------------------------
def test_a_number_by_chance_has_nine_bytes_and_needs_nothing_that_reads_tokens() -> None:
    assert (len(make_nonce()), make_nonce()[0]) == (9, 1)
    assert stamp.list_stamps([]) == {}
    assert {"x509", "TimeStampResponse"}.isdisjoint({*vars(trusted_time), *vars(stamp)})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (bytes(1_000_000), "no answer"), (bytes(1_000_001), "of more than 1000000 bytes"),
        (b"\x30\x0b\x30\x09\x02\x01\x02\x30\x04\x0c\x02no", "refused: no$"),
        (b"\x30\x05\x30\x03\x02\x01\x02", "refused: REJECTION$"),
    ],
)  # fmt: skip
def test_an_answer_that_is_too_long_or_refuses_says_why(content: bytes, why: str) -> None:
    pytest.importorskip("rfc3161_client")
    with pytest.raises(ValueError, match=why):
        check_reply(content, digest=bytes(32), trusted=[])


def test_a_file_that_is_no_token_is_of_no_checkpoint(tmp_path: Path) -> None:
    store = Store(new_log(tmp_path / "log"))
    with pytest.raises(ValueError, match="no checkpoint"):
        stamp.check_stamp(store, "log.json", trusted=[])
    said = StampedTime(time_s=7, authority="x")
    assert list_seen(store, {"log.json": said, TOKEN: said}) == [Seen(7, 0, "x"), Seen(7, 4, "x")]


def test_tokens_of_one_checkpoint_are_listed_by_name() -> None:
    names = sorted(f"stamps/4-{sha256(bytes([number])).hexdigest()}.tsr" for number in range(4))
    assert list(stamp.list_stamps(reversed(names))) == names


# -- putting a backup back -------------------------------------------------------------------
@pytest.fixture
def backup(tmp_path: Path) -> Path:
    grow(new_log(tmp_path / "log"), plain(1, 2))
    export(tmp_path / "log", tmp_path / "backup", held=True)
    return tmp_path / "backup"


def test_what_an_interrupted_attempt_left_does_not_come_with_a_backup(tmp_path: Path, backup: Path) -> None:
    place = tmp_path / "new" / "again"
    left = place_beside(place, of=backup)
    left.mkdir(parents=True)
    (left / "left").write_bytes(b"x")
    assert put_back.put_back(backup, place).sound
    assert not (place / "left").exists()
    assert [path.name for path in place.parent.iterdir()] == ["again"]


def test_where_there_is_no_backup_nothing_is_put_back(tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    assert not put_back.put_back(tmp_path / "backup", tmp_path / "new" / "again").sound
    assert list((tmp_path / "new").iterdir()) == []


def test_a_backup_is_on_the_disk_before_it_has_its_name_and_its_name_before_anybody_is_told(
    tmp_path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, finish, sync = [], disk.Batch.finish, disk.sync_folder
    place = tmp_path / "again"
    monkeypatch.setattr(disk.Batch, "finish", lambda batch: [steps.append(("files", place.exists())), finish(batch)])  # fmt: skip
    monkeypatch.setattr(put_back, "sync_folder", lambda path: [steps.append((path, place.exists())), sync(path)])  # fmt: skip
    assert put_back.put_back(backup, place).sound
    assert steps[0] == ("files", False)
    assert steps[-1] == (tmp_path, True)


# -- witnesses -------------------------------------------------------------------------------
def request(steps: int = 0, first: str = "old 0", blank: str = "\n") -> bytes:
    lines = [first, *[to_base64(bytes(32))] * steps]
    signed = sign_checkpoint(Checkpoint(KEY.name, 2, bytes(32)), KEY)
    return "".join(f"{line}\n" for line in lines).encode() + blank.encode() + signed.encode()


def test_a_request_has_at_most_63_steps_and_its_one_form() -> None:
    assert len(Request.read(request(63)).proof) == 63
    for wrong in (request(64), request(first="new 0"), request(first="0"), b"old 0\n", b""):
        with pytest.raises(ValueError, match="at most 63 hashes"):
            Request.read(wrong)


def test_a_witness_says_why_it_refuses_and_keeps_what_it_refused(tmp_path: Path) -> None:
    guard = Witness(tmp_path / "memory", key=SIDE_A, logs=[KEY.public])

    def ask(old_size: int, size: int, root: bytes, time_s: int = NOW_S) -> RefusalError | None:
        signed = sign_checkpoint(Checkpoint(KEY.name, size, root), KEY)
        try:
            guard.cosign(Request(old_size, (), signed), time_s=time_s)
        except RefusalError as refusal:
            return refusal
        return None

    assert ask(0, 2, bytes(32)) is None
    assert ask(2, 2, bytes(32), NOW_S) is None
    back = ask(2, 2, bytes(32), NOW_S - 1)
    larger = ask(2, 3, bytes(31) + b"x")
    same = ask(2, 2, bytes(31) + b"x")
    assert back is not None
    assert larger is not None
    assert same is not None
    assert (back.status, str(back)) == (500, "the clock went back by 1 s")
    assert (larger.status, larger.fork) == (422, None)
    assert (same.status, same.fork is not None) == (422, True)
    kept = sorted(path.name for path in (tmp_path / "memory/refused").iterdir())
    assert [len(name) for name in kept] == [18, 18]  # the size, a dash, and 16 digits of the digest
