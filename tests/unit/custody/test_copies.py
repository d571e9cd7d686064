"""Copies of a log: whole or not there, of what was signed alone, and while others write."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from fixtures_custody import KEY, NEXT_KEY, NOW, SALTS, grow, held, new_log, plain

from truceline.custody import disk
from truceline.custody.audit import audit
from truceline.custody.disk import BusyError, Lock
from truceline.custody.entry import read_entry, sealed_entry
from truceline.custody.export import export, leave_published, restore
from truceline.custody.log import Log, LogError
from truceline.custody.put_back import put_back
from truceline.custody.read import Store


def test_a_copy_has_nothing_for_which_nobody_signed(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, plain(*range(20)))
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append(plain(*["not signed yet"] * 300))
        log.fold()
    assert not (folder / "tile/0/000.p").exists()  # the full tile took its place
    names = export(folder, tmp_path / "copy")
    assert "tile/0/000.p/22" in names
    assert "tile/0/000" not in names
    assert audit(tmp_path / "copy").sound
    for path in (tmp_path / "copy").rglob("*"):
        assert path.is_dir() or b"not signed yet" not in path.read_bytes()
    bundle = tmp_path / "copy/tile/entries/000"
    bundle.write_bytes((folder / "tile/entries/000").read_bytes())
    (tmp_path / "copy/tile/entries/000.p/22").unlink()
    assert [(each.code, each.file) for each in audit(tmp_path / "copy").faults] == [
        ("log_unknown", "tile/entries/000")
    ]


def test_a_backup_has_what_stands_under_no_checkpoint_and_goes_on(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, [*plain(*range(20)), held(1)])
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append(plain("in tiles"))
        log.fold()
        log.append([*plain("in the journal"), held(2)])
        size = log.size
    (folder / "link").symlink_to(tmp_path)  # none of the log's, and not followed
    (folder / ".new/left").write_bytes(b"x")
    export(folder, tmp_path / "backup", held=True)
    restore(tmp_path / "backup")
    found = audit(tmp_path / "backup")
    assert (found.sound, found.size, found.held) == (True, size, 2)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "backup").rglob("*") if path.is_file()} == {0}
    with Log(tmp_path / "backup", key=KEY, salts=SALTS) as log:
        log.checkpoint(logged=NOW)
    assert audit(tmp_path / "backup").sound


def test_a_copy_that_fails_is_not_there_and_can_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, plain("a"))
    real, left = disk.write, [3]

    def full(handle: int, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle, content)

    with monkeypatch.context() as patch:
        patch.setattr(disk, "write", full)
        with pytest.raises(OSError, match="No space"):
            export(folder, tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log"]
    for name in (".copy.being-copied", "copy.new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "left").write_bytes(b"by a kill, or by somebody else")
    (tmp_path / "copy").mkdir()
    export(folder, tmp_path / "copy")
    assert audit(tmp_path / "copy").sound
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "copy.new", "log"]


@pytest.mark.parametrize("held", [False, True])
def test_a_copy_is_not_made_within_the_log_or_the_backup_that_it_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, plain("a"))
    for place in (folder / "copy", folder / "tile" / "copy", tmp_path / "x" / ".." / "log" / "copy"):
        with pytest.raises(ValueError, match="is within"):
            export(folder, place, held=held)
        with pytest.raises(ValueError, match="is within"):
            put_back(folder, place)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ValueError, match="no name of its own"):
        export(folder, Path(), held=held)
    assert audit(folder).sound
    export(folder, tmp_path / "log-copy", held=held)  # a name that begins alike is no place within


def test_no_copy_is_made_while_somebody_writes_and_readers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder), pytest.raises(BusyError):
        export(folder, tmp_path / "copy", wait_s=0.01)
    assert not (tmp_path / "copy").exists()
    with Lock(folder / "lock", wait_s=0, shared=True):
        export(folder, tmp_path / "copy", wait_s=0.01)
        with pytest.raises(BusyError):
            Log(folder, wait_s=0.01).__enter__()
    with Lock(tmp_path / "copy/lock", wait_s=0, shared=True):  # a copy has none, and gets none
        assert not (tmp_path / "copy/lock").exists()


def test_a_checkpoint_for_which_there_is_no_room_leaves_a_sound_log(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log", batch=4)
    grow(folder, [*plain(*range(250)), held(1)])
    real = disk.write
    for room in range(2, 12):
        left = [room]
        with pytest.MonkeyPatch.context() as patch, Log(folder, key=KEY, salts=SALTS) as log:

            def full(handle: int, content: bytes, left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] < 0:
                    real(handle, content[: len(content) // 2])
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                real(handle, content)

            patch.setattr(disk, "write", full)
            log.append([*plain(*range(9)), held(room)])
            try:
                log.checkpoint(logged=NOW)
            except OSError:
                failed = True
            else:
                failed = False
        faults = [each for each in audit(folder).faults if each.file != "checkpoint"]
        assert faults == [], (room, failed)
    assert not failed
    with Log(folder, key=KEY, salts=SALTS):
        pass
    assert audit(folder).sound


def test_what_an_entry_says_is_forgotten_is_forgotten_by_whoever_opens_the_log_next(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, [held(1), held(2)])
    before = (folder / "held/000").read_bytes()
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.forget(1, ["place"], reason="asked for", logged=NOW)
    (folder / "held/000").write_bytes(before)  # as it is where the kill came in between
    assert not audit(folder).sound
    with Log(folder, key=KEY, salts=SALTS):
        pass
    kept = (folder / "held/000").read_bytes()
    assert b"place 1" not in kept
    assert b"place 2" in kept
    assert audit(folder).sound
    assert Store(folder).sizes() == [1, 4]


def test_a_journal_that_took_over_unsure_is_not_written_on_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name may or may not be on the disk; what came after it would go into the file before it."""
    folder = new_log(tmp_path / "log")
    grow(folder, plain(*range(5)))
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append(plain("a"))
        with monkeypatch.context() as patch:
            patch.setattr(disk, "sync_folder", lambda path: os.fstat(-1) if path == folder else None)
            patch.setattr(disk.Batch, "finish", lambda batch: None)
            with pytest.raises(OSError, match="Bad file"):
                log.fold()
        with pytest.raises(LogError, match="open the log anew"):
            log.append(plain("b"))
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append(plain("c"))
        log.checkpoint(logged=NOW)
    assert audit(folder).sound


def test_padding_cannot_be_told_from_what_was_sealed(tmp_path: Path) -> None:
    """Neither by its place, nor by its time, nor by its length: two logs, of one and of five sealed records."""
    shown = []
    for count in (1, 5):
        folder = new_log(tmp_path / str(count), batch=8)
        with Log(folder, key=KEY, salts=SALTS) as log:
            log.append(plain("a"))
            records = [{"body": {"n": number}, "kind": "order"} for number in range(count)]
            log.append(
                [sealed_entry(each, salt=SALTS(0, b"x"), logged="2025-04-20T10:05:00Z") for each in records]
            )
            signed = log.checkpoint(logged="2025-04-20T10:30:00Z")
        entries = [
            read_entry(Store(folder).entry(at, size=signed.head.size)) for at in range(signed.head.size)
        ]
        shown.append([{**each, "root": ""} if "root" in each else each for each in entries])
    assert shown[0] == shown[1]


def test_a_copy_that_was_written_on_and_left_is_as_it_was_exported(tmp_path: Path) -> None:
    folder, copy = new_log(tmp_path / "log"), tmp_path / "copy"
    grow(folder, plain("a"))
    export(folder, copy)
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    restore(copy)
    with Log(copy):
        pass
    leave_published(copy)
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    assert not (copy / ".new").exists()


def test_a_copy_made_before_another_key_signed_has_the_keys_that_its_entries_tell_of(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append(plain("a"))
        log.change_key(NEXT_KEY, logged=NOW)
    export(folder, tmp_path / "copy")
    assert audit(tmp_path / "copy").sound
    assert Store(tmp_path / "copy").keys.latest == KEY.public
    with Log(folder, key=NEXT_KEY, salts=SALTS) as log:
        log.checkpoint(logged=NOW)
    export(folder, tmp_path / "later")
    assert audit(tmp_path / "later").sound
    assert Store(tmp_path / "later").keys.latest == NEXT_KEY.public
