"""Files that do not belong to a log, or do no more, however much they look as if they did."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures_custody import KEY, NEXT_KEY, NOW, NOW_S, SALTS, SIDE_A, SIDE_B, grow, held, new_log, plain

from truceline.custody.audit import audit
from truceline.custody.checkpoint import SignedCheckpoint, cosign
from truceline.custody.entry import code_of, plain_entry
from truceline.custody.held import pack_held, unpack_held
from truceline.custody.listing import list_partials
from truceline.custody.log import Log, LogError
from truceline.custody.note import Note, Signature
from truceline.custody.read import Store, checkpoint_path


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with two held bundles, cosigned checkpoints that entries tell of, and a partial tile on each level."""
    folder = new_log(tmp_path_factory.mktemp("listing") / "log", witnessed=True, batch=4)
    grow(folder, [*plain(*range(20)), held(1)])
    for more in ([*plain(*range(300)), held(2), held(3)], plain("last")):
        with Log(folder, key=KEY, salts=SALTS) as log:
            signed = log.store.newest_checkpoint()
            assert signed is not None
            lines = [cosign(signed.note.text, witness=each, time_s=NOW_S) for each in (SIDE_A, SIDE_B)]
            log.add_signatures(signed.head.size, lines)
        grow(folder, more)
    return folder


@pytest.fixture
def log(start: Path, tmp_path: Path) -> Path:
    assert audit(start).sound
    return Path(shutil.copytree(start, tmp_path / "log"))


def told(folder: Path) -> list[tuple[str, str]]:
    """What is wrong, which must be the same whether records are read or not."""
    found = [[(each.code, each.file) for each in audit(folder, records=how).faults] for how in (True, False)]
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/001",
        "tile/1/000",
        "tile/entries/001",
        "tile/0/000.p/0",
        "tile/0/000.p/007",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/entries/000.p/300",
        "tile/entries/000.p/0",
        "checkpoints/.hidden",
        "checkpoints/x000/004",
        "Keys",
    ],
)
def test_a_file_of_a_likely_name_is_unknown_all_the_same(log: Path, name: str) -> None:
    (log / name).parent.mkdir(parents=True, exist_ok=True)
    full = log / name.partition(".p/")[0]
    (log / name).write_bytes(full.read_bytes() if ".p/" in name and full.is_file() else b"")
    assert told(log) == [("log_unknown", name)]


def test_a_stray_checkpoint_stops_the_keeper_with_its_name(log: Path) -> None:
    (log / "checkpoints/notes.txt").write_bytes(b"")
    with pytest.raises(LogError, match=r"checkpoints/ is no checkpoint: 'notes\.txt'"):
        Log(log).__enter__()


@pytest.mark.parametrize("name", ["tile/0/000", "checkpoint", "log.json", "held/000", "journal"])
def test_a_link_or_a_pipe_in_the_place_of_a_file_is_not_read(log: Path, tmp_path: Path, name: str) -> None:
    (log / name).rename(tmp_path / "elsewhere")
    (log / name).symlink_to(tmp_path / "elsewhere")
    assert told(log) == [("log_unknown", name)]
    (log / name).unlink()
    os.mkfifo(log / name)
    assert told(log) == [("log_unknown", name)]


@pytest.mark.parametrize(
    "name", ["tile/0/000", "tile/entries/000", "checkpoint", "checkpoints/004", "journal"]
)
def test_a_folder_in_the_place_of_a_file_is_as_if_it_were_gone(log: Path, tmp_path: Path, name: str) -> None:
    if name == "journal":  # without one a log is a copy that ends at its last checkpoint
        (log / name).unlink()
        (log / name).mkdir()
        assert told(log) == []
        return
    (log / name).unlink()
    gone = told(log)
    assert gone
    (log / name).mkdir()
    assert told(log) == gone


def test_what_was_held_and_is_gone_is_missed(log: Path) -> None:
    for name in ("held/000", "held/001"):
        content = (log / name).read_bytes()
        (log / name).unlink()
        assert told(log) == [("log_missing", name)]
        records = unpack_held(content)
        last = max(place for place, record in enumerate(records) if record)
        (log / name).write_bytes(pack_held(records[:last]) or bytes(4))
        assert ("log_missing", name) in told(log)
        (log / name).write_bytes(content)
    assert told(log) == []


def test_a_lock_holds_nothing(log: Path) -> None:
    (log / "lock").write_bytes(b"x")
    assert told(log) == [("log_unknown", "lock")]


def change_head(
    folder: Path, size: int, change: Callable[[tuple[Signature, ...]], tuple[Signature, ...]]
) -> None:
    """Other signature lines under a checkpoint."""
    signed = Store(folder).checkpoint(size)
    assert signed is not None
    note = Note(signed.note.text, change(signed.note.signatures))
    (folder / checkpoint_path(size)).write_bytes(SignedCheckpoint(signed.head, note).encode())


def test_a_cosignature_that_the_log_tells_of_cannot_be_taken_away(log: Path) -> None:
    size = Store(log).sizes()[1]
    change_head(log, size, lambda lines: lines[:2])
    faults = audit(log, records=False).faults
    assert [(each.code, each.file) for each in faults] == [("log_missing", checkpoint_path(size))]
    assert SIDE_B.name in faults[0].message
    assert SIDE_A.name not in faults[0].message


def test_a_line_under_another_key_of_the_log_is_no_ornament(tmp_path: Path) -> None:
    folder = new_log(tmp_path / "log")
    with Log(folder, key=KEY, salts=SALTS) as open_log:
        open_log.change_key(NEXT_KEY, logged=NOW)
        size = open_log.checkpoint(logged=NOW).head.size
    assert told(folder) == []
    early = Store(folder).sizes()[0]
    ornament = Signature(KEY.name, NEXT_KEY.public.key_id + bytes(64))
    change_head(folder, early, lambda lines: (*lines, ornament))
    assert told(folder) == [("log_signature", checkpoint_path(early))]
    assert early < size


def test_what_was_forgotten_and_is_back_is_told(log: Path) -> None:
    before = (log / "held/000").read_bytes()
    index = max(place for place, record in enumerate(unpack_held(before)) if record)
    store = Store(log)
    at = next(
        place for place in range(index + 1) if b'"number"' in store.entry(place, size=store.sizes()[-1])
    )
    with Log(log, key=KEY, salts=SALTS) as open_log:
        open_log.forget(at, ["place"], reason="asked for", logged=NOW)
        open_log.checkpoint(logged=NOW)
    assert told(log) == []
    assert b"place 1" not in (log / "held/000").read_bytes()
    kept = (log / "held/000").read_bytes()
    (log / "held/000").write_bytes(before)
    assert told(log) == [("log_altered", "held/000")]
    (log / "held/000").write_bytes(kept)
    assert told(log) == []


def test_a_redaction_that_is_none_forgets_nothing(log: Path) -> None:
    grow(log, plain({"fields": "place"}, {"fields": ["place"]}, kind="redaction"))
    codes = [code_of(0, Store(log).entry(0, size=4)), "9999-0123456789ab"]
    record = plain_entry("redaction", {"fields": ["place"]}, rests_on=codes, logged=NOW)
    grow(log, [record])
    assert told(log) == []
    grow(log, plain({"size": 4, "cosigned": "x"}, kind="witnessing"))
    assert told(log) == []


def test_what_an_interrupted_write_left_is_told_as_that(log: Path) -> None:
    grow(log, plain("a", "b"), sign=False)
    content = (log / "journal").read_bytes()
    with Log(log) as open_log:
        open_log.fold()
        width = open_log.size % 256
    (log / "journal").write_bytes(content)  # as it is where the kill came before the new journal
    messages = {each.file: each.message for each in audit(log).faults}
    assert f"tile/0/001.p/{width}" in messages
    assert all("interrupted" in message for message in messages.values())
    grow(log, plain("c"))
    assert told(log) == []


def test_a_partial_tile_has_from_one_to_255_hashes() -> None:
    names = [f"tile/0/000.p/{width}" for width in ("0", "1", "01", "255", "256", "1000", "x", "٣")]
    assert list_partials(names) == {"tile/0/000": [1, 255]}
