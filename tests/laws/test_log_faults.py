"""Kills, torn writes, full disks, two writers, turned bits: nothing acknowledged is lost, nothing altered is missed."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
from fixtures_custody import KEY, NEXT_KEY, NOW, SALTS, SIDE_A, config, grow, held, new_log, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.custody import disk
from truceline.custody.audit import audit
from truceline.custody.checkpoint import cosign
from truceline.custody.disk import BusyError, Lock
from truceline.custody.entry import Entry, code_of, plain_entry
from truceline.custody.export import export, restore
from truceline.custody.journal import HEAD_BYTES, read_journal, write_frame, write_head
from truceline.custody.log import Log, LogError
from truceline.custody.misconduct import Fork
from truceline.custody.policy import Policy
from truceline.custody.proof import Disclosure, Proof, disclose, prove
from truceline.custody.read import JOURNAL, Store
from truceline.custody.witness import Request, make_request


def write_for_ever(folder: Path, number: int, out: int) -> None:
    """Append and sign, and say what was acknowledged; only a kill ends it."""
    while True:
        with Log(folder, key=KEY, salts=SALTS) as log:
            for _ in range(5):
                codes = log.append([*plain(number), held(number), *plain(*range(number % 40))])
                os.write(out, f"{codes[0]} {codes[1]}\n".encode())
                number += 1
                if number % 3 == 0:
                    head = log.checkpoint(logged=NOW).head
                    os.write(out, f"signed {head.size} {head.root.hex()}\n".encode())


def run_killed(folder: Path, *, after_s: float, number: int) -> list[str]:
    """What a writer acknowledged before it was killed, so long after its first word."""
    told, out = os.pipe()
    with warnings.catch_warnings():  # later Pythons warn of threads; the child uses none of theirs
        warnings.simplefilter("ignore", DeprecationWarning)
        writer = os.fork()
    if writer == 0:  # pragma: no cover - another process
        try:
            write_for_ever(folder, number, out)
        finally:
            os._exit(1)
    os.close(out)
    with os.fdopen(told, "rb") as lines:
        first = lines.readline()  # it has begun
        time.sleep(after_s)
        os.kill(writer, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]) == -signal.SIGKILL
        rest = lines.read()
    return [line for line in (first + rest).decode().splitlines() if line]


def check_kept(folder: Path, lines: list[str]) -> None:
    """Everything acknowledged stands in the log, and the log is sound."""
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.checkpoint(logged=NOW)
        size, store = log.size, log.store
    found = audit(folder)
    assert found.sound, found.faults
    leaves = {}
    for line in lines:
        if line.startswith("signed "):
            _, at, root = line.split()
            signed = store.checkpoint(int(at))
            assert signed is not None
            assert signed.head.root.hex() == root
            continue
        for code in line.split():
            index = int(code.split("-")[0])
            assert index < size
            leaves[index] = code
    for index, code in leaves.items():
        assert code_of(index, store.entry(index, size=size)) == code


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Processes killed at any moment, one after the other; the test below kills between each two steps."""
    chance = random.Random(1)
    folder = new_log(tmp_path / "log", batch=4)
    lines: list[str] = []
    for kill in range(100):
        lines += run_killed(folder, after_s=chance.uniform(0, 0.03), number=1000 * kill)
    assert len(lines) > 100
    check_kept(folder, lines)


class Killed(BaseException):
    """What a kill is to the process: nothing after it runs."""


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int, *, torn: bool) -> None:
    """Let the process end at the step-th write, sync, rename or unlink from here; a torn write writes half."""
    left = [step]

    def dying(real, *, writes=False):
        def call(*arguments, **named):
            left[0] -= 1
            if left[0] == 0:
                if writes and torn:
                    real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                raise Killed
            if left[0] < 0:
                raise Killed  # a process that is dead does nothing more, not even tidy up
            return real(*arguments, **named)

        return call

    monkeypatch.setattr(disk, "write", dying(disk.write, writes=True))
    monkeypatch.setattr(disk, "sync", dying(disk.sync))
    monkeypatch.setattr(disk, "sync_folder", dying(disk.sync_folder))
    monkeypatch.setattr(disk.os, "truncate", dying(os.truncate))
    monkeypatch.setattr(Path, "replace", dying(Path.replace))
    monkeypatch.setattr(Path, "unlink", dying(Path.unlink))
    monkeypatch.setattr(shutil, "rmtree", dying(shutil.rmtree))


@pytest.mark.parametrize("torn", [False, True])
def test_a_kill_between_any_two_steps_loses_nothing_and_leaves_a_log_that_goes_on(
    tmp_path: Path, torn: bool
) -> None:
    start = new_log(tmp_path / "start", batch=4)
    grow(start, [*plain(*range(250)), *[held(number) for number in range(4)]])
    step = int(torn)  # whole writes are killed at even steps, torn ones at odd ones
    while True:
        step += 2
        folder = tmp_path / f"{torn}-{step}"
        shutil.copytree(start, folder)
        acknowledged: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, step, torn=torn)
            try:
                with Log(folder, key=KEY, salts=SALTS) as log:
                    acknowledged += log.append([*plain("a"), held(7)])
                    log.checkpoint(logged=NOW)
                    acknowledged += log.append(plain("b", "c"))
                    log.change_key(NEXT_KEY, logged=NOW)
                    acknowledged += log.append(plain("d"))
                    log.checkpoint(logged=NOW)
                done = True
            except Killed:
                done = False
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        with Log(folder) as log:
            key = KEY if log.store.keys.latest == KEY.public else NEXT_KEY
        with Log(folder, key=key, salts=SALTS) as log:
            acknowledged += log.append(plain("after"))
            log.checkpoint(logged=NOW)
            size, store = log.size, log.store
        found = audit(folder)
        assert found.sound, (step, found.faults)
        for code in acknowledged:
            index, digits = code.split("-")
            assert Entry(store.entry(int(index), size=size)).content
            assert code_of(int(index), store.entry(int(index), size=size)) == f"{index}-{digits}", step
        shutil.rmtree(folder)
        if done:
            break
    assert step > 50


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=40)), min_size=1, max_size=4), st.data())
def test_a_journal_cut_anywhere_keeps_every_whole_batch_and_nothing_else(pairs, data) -> None:
    entries = [Entry(*pair) for pair in pairs]
    frames = [write_frame(entries[: place + 1], first=3) for place in (len(entries) - 1,)]
    second = write_frame(entries, first=3 + len(entries))
    content = write_head(3) + frames[0] + second
    cut = data.draw(st.integers(HEAD_BYTES, len(content)))
    journal = read_journal(content[:cut])
    whole = sum(cut >= end for end in (HEAD_BYTES + len(frames[0]), len(content)))
    assert list(journal.entries) == entries * whole
    zeros = content[:cut] + bytes(-cut % 512 + 512)  # blocks of which only the length reached the disk
    assert list(read_journal(zeros).entries) == entries * whole


def test_every_bit_of_a_journal_counts(tmp_path: Path) -> None:
    entries = [*plain("a"), held(1)]
    content = write_head(1) + write_frame(entries, first=1) + write_frame(plain("b"), first=3)
    assert len(read_journal(content).entries) == 3
    for bit in range(len(content) * 8):
        altered = bytearray(content)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match="journal"):
            read_journal(bytes(altered))


def test_a_frame_at_another_place_is_altered() -> None:
    frame = write_frame(plain("a"), first=1)
    with pytest.raises(ValueError, match="altered"):
        read_journal(write_head(2) + frame)
    with pytest.raises(ValueError, match="altered"):
        read_journal(write_head(1) + frame + frame)
    with pytest.raises(ValueError, match="head"):
        read_journal(b"")


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in {"lock"})


def test_every_bit_of_every_file_of_a_log_counts(tmp_path: Path) -> None:
    """Tiles, bundles, held content, checkpoints (base64 padding bits too), keys, description, journal."""
    folder = new_log(tmp_path / "log", witnessed=True)
    grow(folder, [*plain("a"), held(1)])
    with Log(folder, key=KEY, salts=SALTS) as log:
        signed = log.store.newest_checkpoint()
        assert signed is not None
        log.add_signatures(signed.head.size, [cosign(signed.note.text, witness=SIDE_A, time_s=9)])
        log.append(plain("not yet under a checkpoint"))
    assert audit(folder).sound
    chance = random.Random(2)  # tools/soak_log.py turns each and every one
    for path in files_of(folder):
        content = path.read_bytes()
        bits = range(len(content) * 8)
        for bit in sorted(chance.sample(bits, min(len(bits), 60))):
            altered = bytearray(content)
            altered[bit // 8] ^= 1 << bit % 8
            path.write_bytes(altered)
            assert not audit(folder, records=False).sound, f"{path.name} bit {bit}"
        path.write_bytes(content)
    assert audit(folder).sound


def test_every_byte_that_is_gone_or_added_counts(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, [*plain(*range(300)), held(1)])
    for path in files_of(folder):
        content = path.read_bytes()
        for wrong in (content[:-1], content + b"\0", content + content[-1:], b""):
            if path.name == JOURNAL and len(wrong) > len(content):
                continue  # the beginning of a batch that was never acknowledged
            path.write_bytes(wrong)
            assert not audit(folder, records=False).sound, path
        path.unlink()
        if path.name != JOURNAL:  # without a journal it is a copy, which ends at its last checkpoint
            gone = audit(folder, records=False)
            assert not gone.sound or (path.parent.name == "held" and gone.held == 0), path
        path.write_bytes(content)
    for name in (
        "stray",
        "tile/0/007",
        "held/009",
        "checkpoints/999",
        "tile/0/001.p/3",
        "tile/entries/000.p/x",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
        assert not audit(folder, records=False).sound, name
        (folder / name).unlink()
    (folder / "tile" / "9").symlink_to(tmp_path)
    assert {fault.code for fault in audit(folder, records=False).faults} == {"log_unknown"}


@pytest.fixture(scope="module")
def leaving(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One file of each kind that leaves a log."""
    folder = new_log(tmp_path_factory.mktemp("leaving") / "log")
    grow(folder, [*plain("a"), held(1)])
    store = Store(folder)
    newest = store.newest_checkpoint()
    assert newest is not None
    proof = prove(store, 2, newest)
    return {
        "proof": proof.encode(),
        "disclosure": disclose(proof, store.held_bundle(0)[2], ["act"]).encode(),
        "request": make_request(store, 1, newest).encode(),
    }


@pytest.mark.parametrize("kind", ["proof", "disclosure", "request"])
def test_every_bit_of_a_file_that_leaves_the_log_counts(leaving: dict[str, bytes], kind: str) -> None:
    content, rules = leaving[kind], Policy((KEY.public,))
    chance = random.Random(3)
    for bit in sorted(chance.sample(range(len(content) * 8), 700)):
        altered = bytearray(content)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match=r"."):  # noqa: PT012 - reading or checking, either may refuse
            if kind == "proof":
                Proof.read(bytes(altered)).check(rules)
            elif kind == "disclosure":
                Disclosure.read(bytes(altered)).check(rules)
            else:
                request = Request.read(bytes(altered))
                rules.check(request.checkpoint)
                same = request == Request.read(content)
                raise ValueError("another request, which the witness refuses" if not same else "")
    with pytest.raises(ValueError, match=r"."):
        Fork.read(content)


def fail(monkeypatch: pytest.MonkeyPatch, number: int, *, after: int) -> None:
    """Let every write from the ``after``-th on fail as a full or read-only disk does, half-way."""
    left, real = [after], disk.write

    def failing(handle: int, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            real(handle, content[: len(content) // 2])
            raise OSError(number, os.strerror(number))
        real(handle, content)

    monkeypatch.setattr(disk, "write", failing)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_full_or_failing_disk_refuses_and_the_log_is_as_it_was(tmp_path: Path, number: int) -> None:
    folder = new_log(tmp_path / "log")
    codes = grow(folder, plain(*range(5)))
    for after in range(6):
        with pytest.MonkeyPatch.context() as patch, Log(folder, key=KEY, salts=SALTS) as log:
            before = log.size
            fail(patch, number, after=after)
            with pytest.raises(OSError, match=os.strerror(number)):  # noqa: PT012 - which of the two fails depends on `after`
                codes += log.append(plain("x"))
                log.checkpoint(logged=NOW)
            assert log.size in (before, before + 1, before + 2)
        with Log(folder, key=KEY, salts=SALTS) as log:
            codes += log.append(plain("there is room again"))
            log.checkpoint(logged=NOW)
            size = log.size
        assert audit(folder).sound
        assert {code.split("-")[0] for code in codes} <= {str(index) for index in range(size)}
        assert len(set(codes)) == len(codes)


def test_a_disk_that_fails_to_sync_acknowledges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder, key=KEY, salts=SALTS) as log:
        before = log.size
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(disk, "sync", lambda handle: (_ for _ in ()).throw(OSError(errno.EIO, "lost")))
            with pytest.raises(OSError, match="lost"):
                log.append(plain("x"))
        assert log.size == before
        assert log.append(plain("y"))[0].startswith(f"{before}-")
    assert audit(folder).sound


def test_nothing_is_written_behind_a_torn_write_that_cannot_be_undone(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")

    def dead(*_: object) -> None:
        raise OSError(errno.EIO, "dead")

    with Log(folder, key=KEY, salts=SALTS) as log:
        codes = log.append(plain("before"))
        with pytest.MonkeyPatch.context() as patch:
            fail(patch, errno.EIO, after=0)
            patch.setattr(os, "truncate", dead)
            with pytest.raises(OSError, match="Input/output"):
                log.append(plain("torn"))
        with pytest.raises(LogError, match="open the log anew"):
            log.append(plain("behind"))
    codes += grow(folder, plain("after"))
    assert [code.split("-")[0] for code in codes] == ["1", "2"]
    assert audit(folder).sound


def test_reading_writes_nothing(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, [*plain(*range(5)), held(1)])
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    store = Store(folder)
    newest = store.newest_checkpoint()
    assert newest is not None
    assert audit(folder).sound
    assert prove(store, 2, newest).holds
    make_request(store, 1, newest)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)


def test_a_clock_that_jumps_back_is_noted_and_stops_nothing(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    times = ("2031-01-01T00:00:00Z", "1999-01-01T00:00:00Z", NOW)
    grow(folder, [plain_entry("statement", {"n": 1}, logged=at) for at in times])
    found = audit(folder)
    assert found.sound
    assert found.notes == ["entry 2 was logged at 1999-01-01T00:00:00Z, after 2031-01-01T00:00:00Z"]


def test_writers_queue_and_every_batch_stands_whole(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    script = (
        f"import sys; from pathlib import Path; sys.path.insert(0, {str(Path(__file__).resolve().parent.parent)!r})\n"
        "from fixtures_custody import plain\nfrom truceline.custody.log import Log\n"
        "for number in range(10):\n"
        f"    with Log(Path({str(folder)!r})) as log: print(log.append(plain(*[sys.argv[1]] * 3))[0])\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, name], stdout=subprocess.PIPE, text=True)
        for name in "abc"
    ]
    firsts = {
        name: [int(line.split("-")[0]) for line in writer.communicate()[0].split()]
        for name, writer in zip("abc", writers, strict=True)
    }
    assert all(len(places) == 10 for places in firsts.values())
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.checkpoint(logged=NOW)
        assert log.size == 1 + 90 + 1  # and who cosigned the first checkpoint
        for name, places in firsts.items():
            for place in places:
                for offset in range(3):
                    assert f'"n":"{name}"'.encode() in log.store.entry(place + offset, size=log.size)
    assert audit(folder).sound


def test_who_waits_too_long_is_told_and_the_log_is_untouched(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    waited: list[float] = []
    with Log(folder):
        with pytest.raises(BusyError):
            Log(folder, wait_s=0.01).__enter__()
        with pytest.raises(BusyError), Lock(folder / "lock", wait_s=5, pause=waited.append, pause_s=1):
            pass
    assert waited == [1] * 4
    assert grow(folder, plain("a"))


def test_a_backup_goes_on_where_the_log_was_and_a_copy_where_it_was_signed(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, [*plain(*range(300)), held(1)])
    grow(folder, plain("later"), sign=False)
    export(folder, tmp_path / "backup", held=True)
    export(folder, tmp_path / "copy")
    for name, size in (("backup", 304), ("copy", 303)):
        restored = tmp_path / name
        assert audit(restored).sound
        restore(restored)
        with Log(restored, key=KEY, salts=SALTS) as log:
            assert log.size == size
            log.append(plain("goes on"))
            log.checkpoint(logged=NOW)
        assert audit(restored).sound
    assert audit(tmp_path / "backup").held == 1
    assert audit(tmp_path / "copy").held == 0
    with pytest.raises(ValueError, match="is not empty"):
        export(folder, tmp_path / "copy")


def test_no_log_is_begun_over_something_else(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    for place in (folder, folder / "log.json"):
        with pytest.raises(LogError, match="not empty"):
            new_log(place)
    with pytest.raises(LogError, match="holds no log"):
        Log(tmp_path / "nowhere").__enter__()
    with pytest.raises(LogError, match="secret key is"):
        Log.create(tmp_path / "new", config(), key=NEXT_KEY, logged=NOW)


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_proof_or_a_clear_refusal(content: bytes) -> None:
    for read in (Proof.read, Disclosure.read, Request.read, Fork.read, read_journal):
        with pytest.raises(ValueError, match=r"."):
            read(content)


def test_a_log_whose_beginning_was_killed_can_be_begun_again(tmp_path: Path) -> None:
    step = 0
    while True:
        step += 1
        folder = tmp_path / str(step)
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, step, torn=bool(step % 2))
            try:
                new_log(folder)
            except Killed:
                done = False
            else:
                done = True
        if not (folder / JOURNAL).is_file():
            new_log(folder)
        grow(folder, plain("goes on"))
        assert audit(folder).sound, step
        if done:
            break
    assert step > 10
