"""What an audit says of a log that is wrong, missing or strange, beyond turned bits; and the disk's own duties."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import (
    KEY,
    NEXT_KEY,
    NOW,
    NOW_S,
    SALTS,
    SIDE_A,
    SIDE_B,
    config,
    grow,
    held,
    new_log,
    plain,
)

from truceline.custody import disk
from truceline.custody.audit import audit
from truceline.custody.checkpoint import Checkpoint, cosign, sign_checkpoint
from truceline.custody.entry import Entry, held_entry, plain_entry
from truceline.custody.export import export, restore
from truceline.custody.journal import write_frame, write_head
from truceline.custody.log import Log, LogError
from truceline.custody.merkle import hash_leaves
from truceline.custody.read import Store
from truceline.custody.tile import Edge, pack, tile_path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = new_log(tmp_path / "log")
    grow(folder, [*plain(*range(300)), held(1)])
    return folder


def codes(folder: Path, **how: Any) -> dict[str, str]:
    return {fault.file: fault.code for fault in audit(folder, **how).faults}


def messages(folder: Path) -> str:
    return " ".join(fault.message for fault in audit(folder).faults)


def test_a_sound_log_is_told_in_numbers(log: Path) -> None:
    found = audit(log)
    assert (found.sound, found.size, found.pending, found.checkpoints, found.held) == (True, 303, 0, 2, 1)
    assert found.newest is not None
    assert found.newest.head.size == 303
    with Log(log) as open_log:
        open_log.append(plain("x"))
        assert (audit(log).size, audit(log).pending) == (304, 1)
        open_log.fold()
    assert (audit(log).size, audit(log).pending) == (304, 1)


def test_where_there_is_no_log_there_is_nothing_to_audit(tmp_path: Path, log: Path) -> None:
    assert codes(tmp_path / "nowhere") == {"log.json": "log_absent"}
    (log / "log.json").write_bytes(b"{}")
    assert codes(log) == {"log.json": "log_altered"}


@pytest.mark.parametrize("change", [b"", b"x"])
def test_a_wrong_list_of_keys_is_told(log: Path, change: bytes) -> None:
    (log / "keys").write_bytes(change)
    assert codes(log) == {"keys": "log_altered"}
    (log / "keys").unlink()
    assert codes(log) == {"keys": "log_altered"}


def test_a_key_of_which_no_entry_tells_is_told(log: Path) -> None:
    with (log / "keys").open("a") as keys:
        keys.write(f"400 {NEXT_KEY.public.text()}\n")
    assert codes(log) == {"keys": "log_altered"}


def test_a_missing_bundle_does_not_hide_what_else_is_wrong(log: Path) -> None:
    (log / "tile/entries/000").unlink()
    (log / "held/001").write_bytes(b"x")
    found = codes(log)
    assert found["tile/entries/000"] == "log_missing"
    assert found["held/001"] == "log_altered"
    (log / "tile/0/000").unlink()
    assert codes(log)["tile/0/000"] == "log_missing"


def test_a_missing_or_wrong_tile_is_told(log: Path) -> None:
    (log / "tile/1/000.p/1").unlink()
    assert codes(log) == {"tile/1/000.p/1": "log_missing"}
    (log / "tile/1/000.p/1").write_bytes(b"x")
    assert codes(log) == {"tile/1/000.p/1": "log_altered"}


def test_a_full_upper_tile_is_compared_too(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder, key=KEY) as open_log:
        open_log.append([Entry(content) for content in [plain("x")[0].content] * 65_600])
        open_log.checkpoint(logged=NOW)
    assert audit(folder, records=False).sound
    content = (folder / "tile/1/000").read_bytes()
    (folder / "tile/1/000").write_bytes(content[::-1])
    assert codes(folder, records=False) == {"tile/1/000": "log_altered"}


def forged(folder: Path, entries: list[bytes], *, key: Any = KEY) -> Path:
    """A log whose files are all of one piece, whatever its entries say."""
    made = config()
    edge = Edge()
    assert edge.grow(hash_leaves(entries)) == []
    size = len(entries)
    (folder / "tile").mkdir(parents=True)
    for level, index, content in edge.partials():
        (folder / tile_path(level, index, size)).parent.mkdir(parents=True)
        (folder / tile_path(level, index, size)).write_bytes(content)
    (folder / tile_path("entries", 0, size)).parent.mkdir(parents=True)
    (folder / tile_path("entries", 0, size)).write_bytes(pack(entries))
    (folder / "log.json").write_bytes(made.encode())
    (folder / "keys").write_bytes(f"0 {KEY.public.text()}\n".encode())
    signed = sign_checkpoint(Checkpoint(KEY.name, size, edge.root()), key).encode()
    (folder / "checkpoints").mkdir()
    for name in (f"checkpoints/{size:03d}", "checkpoint"):
        (folder / name).write_bytes(signed)
    return folder


FIRST = plain_entry("log", config().record(), logged=NOW).content


@pytest.mark.parametrize(
    ("entries", "code", "says"),
    [
        ([FIRST], "", ""),
        ([FIRST, b"nonsense"], "log_entry", "entry 1"),
        ([plain("x")[0].content], "log_altered", "another log"),
        ([plain_entry("log", {}, logged=NOW).content], "log_altered", "another log"),
        (
            [FIRST, plain_entry("witnessing", {"size": 1}, logged=NOW).content],
            "log_missing",
            "that entries tell of",
        ),
        ([FIRST, plain_entry("witnessing", {"size": "x"}, logged=NOW).content], "", ""),
        (
            [FIRST, held_entry("key", {"a": 1}, salt=bytes(32), logged=NOW).content],
            "log_signature",
            "an entry on a key",
        ),
    ],
)
def test_entries_of_one_piece_may_still_be_wrong(
    tmp_path: Path, entries: list[bytes], code: str, says: str
) -> None:
    found = audit(forged(tmp_path / "log", entries))
    assert {fault.code for fault in found.faults} == ({code} if code else set())
    assert says in " ".join(fault.message for fault in found.faults)


def test_a_head_by_another_key_or_with_signatures_of_strangers_is_told(tmp_path: Path) -> None:
    folder = forged(tmp_path / "log", [FIRST], key=NEXT_KEY)
    assert "key in force" in messages(folder)
    folder = forged(tmp_path / "other", [FIRST])
    signed = sign_checkpoint(Checkpoint(KEY.name, 1, Edge.read(Store(folder).read, 1).root()), KEY)
    more = signed.with_signatures([cosign(signed.note.text, witness=SIDE_A, time_s=1)]).encode()
    for name in ("checkpoints/001", "checkpoint"):
        (folder / name).write_bytes(more)
    assert "no witness here" in messages(folder)


def test_a_wrong_cosignature_and_who_did_not_cosign_are_told(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log", witnessed=True)
    with Log(folder, key=KEY) as open_log:
        signed = open_log.checkpoint(logged=NOW)
        open_log.add_signatures(signed.head.size, [cosign(signed.note.text, witness=SIDE_A, time_s=NOW_S)])
        first = open_log.store.checkpoint(1)
        assert first is not None
        open_log.add_signatures(1, [cosign(first.note.text, witness=SIDE_B, time_s=NOW_S)])
    found = audit(folder)
    assert found.sound
    assert found.cosigned == {SIDE_A.name: NOW_S}
    kept = Store(folder).newest_checkpoint()
    assert kept is not None
    wrong = kept.with_signatures([cosign("x", witness=SIDE_B, time_s=NOW_S)]).encode()
    for name in (f"checkpoints/{kept.head.size:03d}", "checkpoint"):
        (folder / name).write_bytes(wrong)
    assert "does not hold" in messages(folder)


def test_a_checkpoint_beyond_the_entries_or_under_another_name_is_told(log: Path) -> None:
    (log / "checkpoints/777").write_bytes(sign_checkpoint(Checkpoint(KEY.name, 777, bytes(32)), KEY).encode())
    assert codes(log)["checkpoints/777"] == "log_missing"
    (log / "checkpoints/777").write_bytes((log / "checkpoint").read_bytes())
    assert codes(log)["checkpoints/777"] == "log_altered"


def test_held_content_that_does_not_open_its_entry_is_told(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, [held(1), held(2), *plain("x")])
    kept = (folder / "held/000").read_bytes()
    store = Store(folder)
    records = store.held_bundle(0, 5)
    assert len(kept) > 50
    from truceline.custody.held import pack_held

    for wrong in (
        [b"", records[2], records[1]],
        [b"", b"\x01" + bytes(32) + b"[1]"],
        [records[1]],
        [b"", b"", b"", records[1]],
    ):
        (folder / "held/000").write_bytes(pack_held(wrong))
        assert {"log_altered", "log_missing"}.issuperset(set(codes(folder).values()) or {""}), wrong


def test_what_exports_put_beside_a_log_is_compared(log: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    export(log, copy)
    assert audit(copy).sound
    (copy / "verify_truce.py").write_text("print('HOLDS')")
    assert codes(copy) == {"verify_truce.py": "log_unknown"}


def test_a_torn_end_of_the_journal_is_noted_and_let_go(log: Path) -> None:
    with (log / "journal").open("ab") as journal:
        journal.write(write_frame(plain("x"), first=303)[:-3])
    found = audit(log)
    assert found.sound
    assert found.notes == [
        "the journal ends in a batch that was never acknowledged; the next append drops it"
    ]
    with Log(log) as open_log:
        assert open_log.size == 303
    assert audit(log).notes == []


def test_a_log_that_contradicts_its_head_is_not_written_on(log: Path, tmp_path: Path) -> None:
    other = new_log(tmp_path / "other")
    grow(other, [*plain(*range(300)), held(2)])
    shutil.copy(other / "checkpoint", log / "checkpoint")
    shutil.copy(other / "checkpoints/303", log / "checkpoints/303")
    with pytest.raises(LogError, match="contradict the checkpoint of 303"):
        Log(log, key=KEY).__enter__()


def test_a_log_without_a_head_can_be_written_and_gets_one(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    shutil.rmtree(folder / "checkpoints")
    (folder / "checkpoint").unlink()
    (folder / "journal").rename(tmp_path / "journal")
    with pytest.raises(ValueError, match="no checkpoint to go on from"):
        restore(folder)
    (tmp_path / "journal").rename(folder / "journal")
    with Log(folder, key=KEY) as open_log:
        open_log.checkpoint(logged=NOW)
    assert audit(folder).sound


def test_a_checkpoint_of_nothing_new_is_the_last_one(log: Path) -> None:
    with Log(log, key=KEY) as open_log:
        assert open_log.checkpoint(logged=NOW).head.size == 303
        assert open_log.append([]) == []
    assert Store(log).sizes() == [1, 303]


def test_a_period_asks_for_a_head_even_of_nothing_new(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log", period_s=60)
    with Log(folder, key=KEY) as open_log:
        assert open_log.checkpoint(logged=NOW).head.size == 2


def test_partial_tiles_that_nothing_needs_are_removed_at_every_level(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder, key=KEY, salts=SALTS) as open_log:
        for size in (300, 520, 800):  # level 1 holds 1, 2, 3 hashes
            open_log.append(plain(*range(size - open_log.size)))
            open_log.fold()
            assert len(list((folder / "tile/1/000.p").iterdir())) == 1
            assert [path.name for path in (folder / f"tile/0/{size // 256:03d}.p").iterdir()] == [
                str(size % 256)
            ]
        open_log.checkpoint(logged=NOW)
    assert audit(folder).sound


def test_padding_fills_a_batch_and_says_nothing(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log", batch=8)
    grow(folder, plain("x"))
    store = Store(folder)
    assert store.sizes() == [8, 16]
    kinds = [store.entry(index, size=16).count(b'"kind":"sealed"') for index in range(16)]
    assert sum(kinds) == 16 - 3  # the log, the statement, who cosigned
    assert len({store.entry(index, size=16) for index in range(16)}) == 16


def test_a_large_journal_is_folded_without_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_log(tmp_path / "log")
    monkeypatch.setattr("truceline.custody.log._FOLD_BYTES", 1000)
    with Log(folder, key=KEY, salts=SALTS) as open_log:
        for number in range(30):
            open_log.append(plain(number, "x" * 200))
            assert (folder / "journal").stat().st_size < 1500
    partial = list(folder.rglob("*.p/*"))
    assert len(partial) == 4  # of the checkpoint, and of now
    assert audit(folder).sound


# -- the disk ---------------------------------------------------------------------------------------
def test_many_files_are_brought_to_the_disk_by_one_call_or_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real: Callable[[int], None] = disk.sync
    monkeypatch.setattr(disk, "sync", lambda handle: (synced.append(handle), real(handle))[1])
    for able in (True, False):
        if not able:
            monkeypatch.setattr(disk, "_sync_system", lambda folder: False)
        synced.clear()
        batch = disk.Batch(tmp_path)
        for number in range(30):
            batch.put(f"{able}/{number % 3}/{number}", b"x")
        batch.finish()
        assert len(synced) == (0 if able else 30)
        assert len(list((tmp_path / str(able)).rglob("*"))) == 33


def test_where_the_system_has_no_such_call_files_are_synced_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nothing:
        """A library without the call."""

    class Failing:
        """A library whose call fails."""

        @staticmethod
        def syncfs(handle: int) -> int:
            return -1

    monkeypatch.setattr("truceline.custody.disk.ctypes.CDLL", lambda name, use_errno: Nothing())
    assert disk._sync_system(tmp_path) is False
    monkeypatch.setattr("truceline.custody.disk.ctypes.CDLL", lambda name, use_errno: Failing())
    with pytest.raises(OSError, match="could not be brought"):
        disk._sync_system(tmp_path)


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.replace_file(tmp_path, "a/b", b"old")
    with monkeypatch.context() as patch:
        patch.setattr(disk, "sync", lambda handle: os.fstat(-1))
        with pytest.raises(OSError, match="Bad file"):
            disk.replace_file(tmp_path, "a/b", b"new")
    assert (tmp_path / "a/b").read_bytes() == b"old"
    assert list((tmp_path / disk.NEW).iterdir()) == []
    (tmp_path / disk.NEW / "left").write_bytes(b"x")
    disk.clear_new(tmp_path)
    assert list((tmp_path / disk.NEW).iterdir()) == []
    disk.Lock(tmp_path / "lock", wait_s=0).__exit__(None, None, None)  # not held: nothing to end


def test_an_empty_journal_has_only_its_head() -> None:
    assert len(write_head(3)) == 61
