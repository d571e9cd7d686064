"""Formats and limits as they are written down: bytes by their definition, the largest that is taken, modes, handles."""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
from pathlib import Path

import pytest
from fixtures_custody import (
    KEY,
    NEXT_KEY,
    NOW,
    SALTS,
    SIDE_A,
    config,
    grow,
    held,
    new_log,
    plain,
    witnessed_config,
)

from truceline.custody import disk
from truceline.custody import log as log_module
from truceline.custody.audit import audit
from truceline.custody.canonical import encode
from truceline.custody.checkpoint import Checkpoint, cosign, sign_checkpoint, verify_cosignature
from truceline.custody.commitment import hold
from truceline.custody.config import KeyHistory
from truceline.custody.encoding import MAX_COUNT, from_hex, to_base64
from truceline.custody.entry import Entry, code_of, hash_leaf, plain_entry, read_entry, sealed_entry
from truceline.custody.export import export, restore
from truceline.custody.journal import HEAD_BYTES, read_journal, write_frame, write_head
from truceline.custody.log import Log, LogError
from truceline.custody.note import Signature, read_note, read_signatures
from truceline.custody.partials import clear_torn
from truceline.custody.policy import Policy
from truceline.custody.proof import MAX_PATH, Proof, prove
from truceline.custody.read import Store
from truceline.custody.rotation import key_entry
from truceline.custody.salts import keyed_salts
from truceline.custody.sign import SecretKey
from truceline.custody.tile import pack, unpack


# -- bytes by their definition ----------------------------------------------------------------------
def test_a_journal_is_what_its_page_writes_down() -> None:
    head = b"truceline journal v1\n" + (7).to_bytes(8, "big")
    assert write_head(7) == head + hashlib.sha256(head).digest()
    body = b"\x00\x02ab\x00\x00\x00\x01h" + b"\x00\x01c\x00\x00\x00\x00" + b"\n"
    start = len(body).to_bytes(8, "big") + hashlib.sha256(body).digest()
    bound = hashlib.sha256(b"frame" + (7).to_bytes(8, "big") + start).digest()
    frame = write_frame([Entry(b"ab", b"h"), Entry(b"c")], first=7)
    assert frame == start + bound + body
    assert read_journal(write_head(7) + frame).entries == (Entry(b"ab", b"h"), Entry(b"c"))
    assert read_journal(write_head(7)).length == HEAD_BYTES == len(write_head(7))


def test_blocks_of_512_bytes_that_never_reached_the_disk_are_let_go_and_less_is_altered() -> None:
    head = write_head(0)
    frame = write_frame([Entry(b"x" * 2000)], first=0)
    content = head + frame
    lost = 512 * 3  # the disk has the first three blocks
    assert read_journal(content[:lost] + bytes(len(content) - lost)).entries == ()
    with pytest.raises(ValueError, match="altered"):  # the last byte of the last block is there
        read_journal(content[:lost] + bytes(len(content) - lost - 1) + b"\n")
    altered = content[:-1] + b"\x00"
    with pytest.raises(ValueError, match="altered"):
        read_journal(altered)


def test_what_is_derived_and_what_is_salted_is_what_is_written_down() -> None:
    derived = hashlib.sha256(b"truceline/derive/v1\n" + b"salts" + b"\n" + bytes([1]) * 32).digest()
    assert KEY.derive("salts") == derived
    message = (5).to_bytes(8, "big") + hashlib.sha256(b"content").digest()
    assert keyed_salts(b"secret")(5, b"content") == hmac.new(b"secret", message, "sha256").digest()


def test_a_change_of_key_is_signed_over_what_is_written_down() -> None:
    body = read_entry(key_entry(KEY, NEXT_KEY, size=5, logged=NOW).content)["body"]
    said = b"truceline key v1\n" + encode({"at": 5, "new": NEXT_KEY.public.text(), "old": KEY.public.text()})
    assert body["old_signature"] == to_base64(KEY.sign(said))
    assert body["new_signature"] == to_base64(NEXT_KEY.sign(said))


def test_padding_is_sealed_under_the_salt_of_its_place_and_looks_like_the_last_entry(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log", batch=4)
    later = [plain_entry("statement", {"n": n}, logged=f"2025-04-2{n}T10:00:00Z") for n in (1, 2)]
    with Log(folder, key=KEY, salts=SALTS) as log:
        assert log.salt(b"x") == SALTS(4, b"x")
        log.append(later[:1])
        assert log.salt(b"x", ahead=2) == SALTS(7, b"x")
        log.checkpoint(logged=NOW)
        log.append(later)
        log.checkpoint(logged=NOW)
        first = [log.store.entry(index, size=12) for index in (5, 6)]
        second = log.store.entry(10, size=12)
    for place, content in enumerate(first, start=5):
        made = sealed_entry(None, salt=SALTS(place, b"padding"), logged="2025-04-21T10:00:00Z")
        assert content == made.content
    assert second == sealed_entry(None, salt=SALTS(10, b"padding"), logged="2025-04-22T10:00:00Z").content


# -- the largest that is taken ----------------------------------------------------------------------
def test_an_entry_has_at_most_as_many_bytes_as_two_bytes_can_count() -> None:
    spare = 65_535 - len(plain({"n": ""})[0].content)
    largest = plain({"n": "x" * spare})[0].content
    assert len(largest) == 65_535
    assert unpack(pack([largest, b"y"])) == [largest, b"y"]
    with pytest.raises(ValueError, match="an entry of 65536 bytes"):
        plain({"n": "x" * (spare + 1)})
    with pytest.raises(ValueError, match="an entry of 65536 bytes"):
        plain("x", {"n": "x" * (spare + 1)}, "y")


def test_what_a_log_may_promise_has_limits_and_promises_nothing_unasked() -> None:
    quiet = config()
    assert (quiet.quorum, quiet.batch, quiet.period_s) == (0, 0, 0)
    assert config(batch=2**16, period_s=366 * 86_400)
    for wrong in ({"batch": 2**16 + 1}, {"batch": -1}, {"period_s": 366 * 86_400 + 1}, {"period_s": -1}):
        with pytest.raises(ValueError, match="at most 366 days"):
            config(**wrong)
    with pytest.raises(ValueError, match="one that cosigns"):
        config(witnesses=(SecretKey.make("other.example/log").public,))


def test_a_list_of_keys_ends_with_a_whole_line() -> None:
    text = KeyHistory(((0, KEY.public),)).encode()
    assert KeyHistory.read(text, config=config()).latest == KEY.public
    with pytest.raises(ValueError, match="middle of a line"):
        KeyHistory.read(text[:-1] + b"0", config=config())


def test_a_cosignature_has_a_time_from_1970_to_the_largest_number() -> None:
    for time_s in (0, MAX_COUNT):
        line = cosign("text\n", witness=SIDE_A, time_s=time_s)
        assert verify_cosignature("text\n", content=line.content[4:], witness=SIDE_A.public) == time_s
    for time_s in (-1, MAX_COUNT + 1):
        with pytest.raises(ValueError, match="since 1970"):
            cosign("text\n", witness=SIDE_A, time_s=time_s)


def test_a_note_has_at_most_64_signatures_each_of_five_bytes_and_a_million_bytes() -> None:
    lines = [Signature("a.example/x", number.to_bytes(5, "big")).line() for number in range(65)]
    assert len(read_signatures("".join(lines[:64]))) == 64
    with pytest.raises(ValueError, match="more than 64"):
        read_signatures("".join(lines))
    with pytest.raises(ValueError, match="too short"):
        Signature.read(Signature("a.example/x", bytes(4)).line()[:-1])
    with pytest.raises(ValueError, match="em dash"):
        Signature.read(lines[0][2:-1])
    with pytest.raises(ValueError, match="blank line"):
        read_note(b"text\n" + lines[0].encode())
    spare = 1_000_000 - len(f"\n\n{lines[0]}".encode())
    assert read_note(f"{'x' * spare}\n\n{lines[0]}".encode()).text == "x" * spare + "\n"
    with pytest.raises(ValueError, match="more than 1000000 bytes"):
        read_note(f"{'x' * (spare + 1)}\n\n{lines[0]}".encode())


def test_a_path_has_at_most_63_steps(tmp_path: Path) -> None:
    grow(new_log(tmp_path / "log"), plain("a"))
    store = Store(tmp_path / "log")
    newest = store.newest_checkpoint()
    assert newest is not None
    for steps in (MAX_PATH, MAX_PATH + 1):
        proof = Proof(0, b"x", (bytes(32),) * steps, newest)
        if steps == 63:
            assert Proof.read(proof.encode()) == proof
        else:
            with pytest.raises(ValueError, match="more than 63 steps"):
                Proof.read(proof.encode())


def test_what_is_said_of_a_wrong_text_tells_what_was_expected() -> None:
    with pytest.raises(ValueError, match="not 64 lower-case"):
        from_hex("A" * 64, size=32)
    with pytest.raises(ValueError, match="a secret key begins with"):
        SecretKey.read(KEY.text()[1:])
    with pytest.raises(ValueError, match="surrogate"):
        hold(["a"], ["\ud800"], bytes(32))
    with pytest.raises(ValueError, match="line 2"):
        Policy.read(f"log {KEY.public.text()}\nnonsense\n")
    signed = sign_checkpoint(Checkpoint(KEY.name, 1, bytes(32)), KEY)
    with pytest.raises(ValueError, match="too few witnesses cosigned: none, for 'both'"):
        Policy((KEY.public,), {"a": SIDE_A.public}, {"both": (1, ("a",))}, "both").check(signed)
    cosigned = signed.with_signatures([cosign(signed.note.text, witness=SIDE_A, time_s=1)])
    with pytest.raises(ValueError, match="too few witnesses cosigned: a, for 'both'"):
        Policy((KEY.public,), {"a": SIDE_A.public}, {"both": (2, ("a",))}, "both").check(cosigned)


# -- files -------------------------------------------------------------------------------------------
def test_what_is_held_and_pending_is_for_its_owners_eyes_and_the_rest_is_as_the_system_wants(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    try:
        folder = new_log(tmp_path / "log", batch=4)
        grow(folder, [*plain(*range(300)), held(1)])
        grow(folder, [held(2)], sign=False)
        with Log(folder, key=KEY, salts=SALTS) as log:
            log.fold()
        export(folder, tmp_path / "backup", held=True)
        export(folder, tmp_path / "copy")
        restore(tmp_path / "copy")
    finally:
        os.umask(before)
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        name = path.relative_to(tmp_path).parts
        private = name[0] == "backup" or name[1] in ("held", "journal")
        assert path.stat().st_mode & 0o777 == (0o600 if private else 0o666), path


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no list of open files here")
def test_every_file_that_is_opened_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for able in (True, False):
        if not able:
            monkeypatch.setattr(disk, "_sync_system", lambda _: False)
        folder = new_log(tmp_path / f"log {able}", batch=4)
        before = handles()
        for number in range(3):
            grow(folder, [*plain(*range(3000)), held(number)])
        with pytest.raises(disk.BusyError), Log(folder), disk.Lock(folder / "lock", wait_s=0.01):
            pass
        export(folder, tmp_path / f"copy {able}")
        assert audit(folder).sound
        assert handles() == before
        with Log(folder, key=KEY, salts=SALTS) as log:
            inside = handles()
            for number in range(3):
                log.append(plain(number))
                log.fold()
            assert handles() == inside


def test_a_file_reaches_the_disk_before_its_name_and_the_name_before_anybody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own calls, which nothing stands in for here."""
    said: list[str] = []

    def recording(name: str, real):
        def call(handle: int) -> None:
            path = Path(f"/proc/self/fd/{handle}").readlink().name
            said.append(f"{name} {path}: {sorted(each.name for each in (tmp_path / 'a').glob('*'))}")
            real(handle)

        return call

    monkeypatch.setattr(os, "fdatasync", recording("content", os.fdatasync))
    monkeypatch.setattr(os, "fsync", recording("names", os.fsync))
    disk.replace_file(tmp_path, "a/b", b"content")
    assert said == ["content a_b: []", "names a: ['b']"]
    said.clear()
    batch = disk.Batch(tmp_path)
    batch.put("e/f", b"x")
    batch.finish()
    assert [line.partition(":")[0] for line in said] == ["content f", "names e", f"names {tmp_path.name}"]


def test_from_24_files_on_one_call_brings_them_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []
    monkeypatch.setattr(disk, "_sync_system", lambda folder: not calls.append(folder))
    for count in (23, 24):
        batch = disk.Batch(tmp_path / str(count))
        for number in range(count):
            batch.put(str(number), b"x")
        batch.finish()
    assert calls == [tmp_path / "24"]


# -- the keeper --------------------------------------------------------------------------------------
def test_the_hash_of_every_entry_that_was_acknowledged_is_known_and_of_no_other(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    entries = plain(*range(3))
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append(entries[:2])
        log.fold()
        log.append(entries[2:])
        leaves = [log.leaf(index) for index in range(5)]
        first = log.store.entry(0, size=3)
    assert leaves == [hash_leaf(first), *(hash_leaf(entry.content) for entry in entries), b""]


def test_a_failed_write_takes_nothing_that_was_acknowledged_just_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder, key=KEY, salts=SALTS) as log:
        codes = log.append(plain("a"))
        with monkeypatch.context() as patch:
            patch.setattr(disk, "sync", lambda _: (_ for _ in ()).throw(OSError("lost")))
            with pytest.raises(OSError, match="lost"):
                log.append(plain("b"))
        codes += log.append(plain("c"))
    with Log(folder, key=KEY, salts=SALTS) as log:
        assert log.size == 3
        log.fold()
        assert [code_of(index, log.store.entry(index, size=3)) for index in (1, 2)] == codes


def test_what_stood_before_another_key_took_over_is_under_a_head_of_the_old_one(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append(plain(*range(5)))
        code = log.change_key(NEXT_KEY, logged=NOW)
        assert log.store.sizes() == [1, int(code.partition("-")[0])] == [1, 7]
        assert log.checkpoint(logged=NOW).signed_by(NEXT_KEY.public)
    newest = Store(folder).checkpoint(7)
    assert newest is not None
    assert newest.signed_by(KEY.public)


def test_a_change_of_key_that_only_looks_like_one_changes_nothing(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append(plain("a"))
        log.append([key_entry(KEY, NEXT_KEY, size=9, logged=NOW)])  # signed for another place
    with Log(folder, key=KEY, salts=SALTS) as log:
        assert log.store.keys.latest == KEY.public
        log.append([key_entry(KEY, NEXT_KEY, size=3, logged=NOW)])  # for its own
    with Log(folder, key=NEXT_KEY, salts=SALTS) as log:
        assert log.store.keys.keys == ((0, KEY.public), (4, NEXT_KEY.public))
    with Log(folder, key=NEXT_KEY, salts=SALTS) as log:  # once, however often the journal is read
        assert log.store.keys.keys == ((0, KEY.public), (4, NEXT_KEY.public))


def test_the_head_that_is_shown_is_put_right_by_whoever_opens_the_log(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    older = (folder / "checkpoint").read_bytes()
    grow(folder, plain("a"))
    newest = (folder / "checkpoint").read_bytes()
    for change in (lambda path: path.unlink(), lambda path: path.write_bytes(older)):
        change(folder / "checkpoint")
        with Log(folder):
            assert (folder / "checkpoint").read_bytes() == newest
    touched = (folder / "checkpoint").stat().st_ino
    with Log(folder):
        assert (folder / "checkpoint").stat().st_ino == touched  # right already: not written


def test_a_head_that_was_put_there_meanwhile_is_not_contradicted(tmp_path: Path) -> None:
    folder, other = new_log(tmp_path / "log"), new_log(tmp_path / "other")
    grow(other, plain("x"))
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append(plain("a", "b", "c"))
        shutil.copy(other / "checkpoints/003", folder / "checkpoints/003")
        with pytest.raises(LogError, match="contradict the checkpoint of 3"):
            log.checkpoint(logged=NOW)


def test_a_checkpoint_of_another_log_is_none_of_this_one(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    stranger = SecretKey.make("other.example/log", seed=bytes(32))
    signed = sign_checkpoint(Checkpoint(stranger.name, 1, bytes(32)), stranger)
    (folder / "checkpoints/001").write_bytes(signed.encode())
    with pytest.raises(ValueError, match="another checkpoint"):
        Store(folder).checkpoint(1)


def test_of_a_bundle_as_many_are_held_as_it_has_entries(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, [held(1), *plain("a", "b")])
    kept = Store(folder).held_bundle(0, 9)
    assert [bool(each) for each in kept] == [False, True, *[False] * 7]
    assert len(Store(folder).held_bundle(0, 2)) == 2
    assert Store(folder).held_bundle(7, 3) == [b""] * 3


def test_what_a_kill_left_unfinished_is_cleared_away(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, plain(*range(299)))
    (folder / ".new" / "half").write_bytes(b"x")
    own = {path for path in (folder / "tile").rglob("*") if path.is_file()}
    torn = ["0/001.p/200", "entries/001.p/200", "0/002.p/7", "entries/002.p/7", "1/000.p/2", "2/000.p/1"]
    for name in torn:
        path = folder / "tile" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"torn")
    clear_torn(folder, start=301, stop=2**16 + 1)
    assert {path for path in (folder / "tile").rglob("*") if path.is_file()} == own
    with Log(folder):
        assert not list((folder / ".new").iterdir())


def test_partial_tiles_of_a_head_stay_until_full_ones_take_their_place(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, plain(*range(99)))  # heads of 1 and, with who cosigned, 101
    partial = [folder / "tile" / level / "000.p/101" for level in ("0", "entries")]
    grow(folder, plain(*range(99)))
    assert all(path.is_file() for path in partial)
    grow(folder, plain(*range(99)))
    for level in ("0", "entries"):
        assert (folder / "tile" / level / "000").is_file()
        assert not (folder / "tile" / level / "000.p").exists()
    assert (folder / "tile/1/000.p/1").is_file()


def test_who_comes_second_to_begin_a_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other began it after this one had looked."""
    answers = iter([False, True])
    monkeypatch.setattr(log_module, "is_taken", lambda _: next(answers))
    with pytest.raises(LogError, match="is not empty"):
        Log.create(tmp_path / "log", witnessed_config(), key=KEY, logged=NOW)
    assert not (tmp_path / "log" / "journal").exists()


# -- audits tell where ------------------------------------------------------------------------------
def test_what_is_wrong_is_told_with_the_file_that_it_is_in(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    entries = [*plain(*range(299)), Entry(b"no record"), Entry(plain("x")[0].content, b"no held content")]
    false_key = plain_entry("key", {"new": "x"}, logged=NOW)
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append([*entries, false_key])
        log.checkpoint(logged=NOW)
    for records in (True, False):
        found = {(fault.code, fault.file) for fault in audit(folder, records=records).faults}
        assert found >= {("log_altered", "held/001"), ("log_signature", "tile/entries/001")}
        assert (("log_entry", "tile/entries/001") in found) is records
    grow(folder, plain(*range(300)))
    (folder / "tile/entries/001").unlink()
    alone = {(fault.code, fault.file) for fault in audit(folder, records=False).faults}
    assert ("log_missing", "tile/entries/001") in alone
    assert not {file for code, file in alone if code == "log_unknown"}


def test_a_log_that_was_never_signed_is_told_as_that(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder) as log:
        log.append(plain("a"))
    shutil.rmtree(folder / "checkpoints")
    (folder / "checkpoint").unlink()
    found = audit(folder)
    assert (found.size, found.pending, found.checkpoints, found.newest) == (2, 2, 0, None)
    assert [(fault.code, fault.file) for fault in found.faults] == [("log_missing", "checkpoint")]


def test_a_head_of_one_entry_too_many_is_told(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, plain("a"))
    head = Store(folder).checkpoint(2)
    assert head is None
    (folder / "checkpoints/004").write_bytes(
        sign_checkpoint(Checkpoint(KEY.name, 4, bytes(32)), KEY).encode()
    )
    faults = audit(folder).faults
    assert [fault.file for fault in faults if "there are 3" in fault.message] == ["checkpoints/004"]


def test_a_clock_that_jumped_back_between_heads_is_told_once_however_much_is_read(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log", witnessed=True)
    with Log(folder, key=KEY, salts=SALTS) as log:
        for time in ("2031-01-01T00:00:00Z", "1999-01-01T00:00:00Z"):
            log.append([plain_entry("statement", {"n": 1}, logged=time)])
            log.checkpoint(logged=time)
    told = "was logged at 1999-01-01T00:00:00Z, after 2031-01-01T00:00:00Z"
    for records, place in ((True, 3), (False, 4)):  # a head is told of by the entry after what it has
        assert audit(folder, records=records).notes == [f"entry {place} {told}"]


@pytest.mark.parametrize("records", [True, False])
def test_a_first_entry_of_another_log_is_told(tmp_path: Path, records: bool) -> None:
    folder, other = new_log(tmp_path / "log"), new_log(tmp_path / "other", batch=1)
    shutil.copy(other / "log.json", folder / "log.json")
    faults = audit(folder, records=records).faults
    assert [(fault.file, fault.message) for fault in faults] == [
        ("log.json", "the first entry describes another log")
    ]


def test_the_first_of_several_bundles_alone_has_the_logs_own_description(tmp_path: Path) -> None:
    """An entry elsewhere that looks like it changes nothing."""
    folder = new_log(tmp_path / "log")
    again = plain_entry("log", config(batch=7).record(), logged=NOW)
    grow(folder, [*plain(*range(255)), again, again])
    assert audit(folder).sound
    assert audit(folder, records=False).sound


def test_where_there_is_nothing_to_read_nothing_was_read(tmp_path: Path) -> None:
    found = audit(tmp_path / "nowhere")
    assert (found.size, found.pending, found.checkpoints, found.held) == (0, 0, 0, 0)


@pytest.mark.parametrize("records", [True, False])
def test_what_is_wrong_far_from_the_beginning_is_told_too(tmp_path: Path, records: bool) -> None:
    """Bundles after the first: held content of an entry that holds nothing, and another key that takes over."""
    folder = new_log(tmp_path / "log")
    grow(folder, [*plain(*range(300)), Entry(plain("x")[0].content, b"no held content")])
    assert [fault.file for fault in audit(folder, records=records).faults] == ["held/001"]
    folder = new_log(tmp_path / "other")
    with Log(folder, key=KEY, salts=SALTS) as log:
        log.append(plain(*range(300)))
        log.change_key(NEXT_KEY, logged=NOW)
        log.checkpoint(logged=NOW)
        log.append([key_entry(NEXT_KEY, KEY, size=log.size, logged=NOW)])
        log.append([key_entry(KEY, NEXT_KEY, size=log.size, logged=NOW)])  # at once the next one
    with Log(folder, key=NEXT_KEY, salts=SALTS) as log:
        assert [since for since, _ in log.store.keys.keys] == [0, log.size - 3, log.size - 1, log.size]
        log.checkpoint(logged=NOW)
    assert audit(folder, records=records).sound


def test_every_proof_of_one_head_is_the_one_that_is_read_anew(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    grow(folder, plain(*range(700)))
    store = Store(folder)
    newest = store.newest_checkpoint()
    older = store.checkpoint(1)
    assert newest is not None
    assert older is not None
    for index in (0, 255, 256, 511, 700, 701):
        proof = prove(store, index, newest)
        assert proof == prove(Store(folder), index, newest)
        assert proof.holds
        assert prove(store, 0, older).holds
