"""Power cuts: whatever was told to somebody is on the disk by then, content and name, and not in memory alone.

The disk here keeps what was brought to it and nothing else: of a file the content when it was last synced, of a
folder the names when that was. A real disk may keep more, never less.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import KEY, NEXT_KEY, NOW, SALTS, SIDE_A, held, plain, witnessed_config

from truceline.custody import disk
from truceline.custody import export as exporting
from truceline.custody.audit import audit
from truceline.custody.checkpoint import cosign
from truceline.custody.entry import code_of
from truceline.custody.export import export
from truceline.custody.log import Log


class Disk:
    """What would be left of everything under ``root`` if the power went now."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.open = ExitStack()  # what is open keeps its number, also where its name is gone
        self.contents: dict[int, bytes] = {}  # of files by their number, as last synced
        self.names: dict[int, dict[str, int]] = {}  # of folders by theirs, as last synced
        self.watch: Callable[[], None] | None = None
        self.sync_folder(root)

    def keep(self, path: Path) -> int:
        handle = os.open(path, os.O_RDONLY)
        self.open.callback(os.close, handle)
        return os.fstat(handle).st_ino

    def sync(self, handle: int) -> None:
        self.keep(Path(f"/proc/self/fd/{handle}"))
        self.contents[os.fstat(handle).st_ino] = Path(f"/proc/self/fd/{handle}").read_bytes()
        self.look()

    def look(self) -> None:
        """What a test wants to know after each step."""
        watch, self.watch = self.watch, None
        if watch:
            watch()
            self.watch = watch

    def sync_folder(self, folder: Path) -> None:
        self.names[folder.stat().st_ino] = {path.name: path.stat().st_ino for path in folder.iterdir()}
        for path in folder.iterdir():
            if path.is_dir():  # new, it is empty on the disk
                self.names.setdefault(self.keep(path), {})
        self.look()

    def sync_all(self, _: Path) -> bool:
        for path in [self.root, *self.root.rglob("*")]:
            if path.is_dir():
                self.sync_folder(path)
            else:
                self.contents[self.keep(path)] = path.read_bytes()
        return True

    def cut(self, out: Path) -> Path:
        """The folder as it stands when the power is back. A name without content on the disk is an empty file."""
        shutil.rmtree(out, ignore_errors=True)

        def put(folder: int, to: Path) -> None:
            to.mkdir()
            for name, number in self.names[folder].items():
                if number in self.names:
                    put(number, to / name)
                else:
                    (to / name).write_bytes(self.contents.get(number, b""))

        put(self.root.stat().st_ino, out)
        return out


@pytest.fixture(params=["one call", "file by file"])
def power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Disk]:
    """Everything under a folder on a disk of that kind, with and without a call for the whole file system."""
    root = tmp_path / "disk"
    root.mkdir()
    made = Disk(root)
    monkeypatch.setattr(disk, "sync", made.sync)
    for module in (disk, exporting):
        monkeypatch.setattr(module, "sync_folder", made.sync_folder)
    monkeypatch.setattr(
        disk, "_sync_system", made.sync_all if request.param == "one call" else lambda _: False
    )
    with made.open:
        yield made


def check(power: Disk, out: Path, codes: list[str], heads: list[Any], key: Any = KEY) -> None:
    """All that was acknowledged and signed is there after a power cut now, and the log goes on."""
    folder = power.cut(out) / "log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "sync", lambda _: None)
        patch.setattr(disk, "sync_folder", lambda _: None)
        patch.setattr(disk, "_sync_system", lambda _: True)
        with Log(folder, key=key, salts=SALTS) as log:
            for head in heads:
                assert log.store.checkpoint(head.head.size) == head
            log.checkpoint(logged=NOW)
            size, store = log.size, log.store
        for code in codes:
            index = int(code.partition("-")[0])
            assert index < size
            assert code_of(index, store.entry(index, size=size)) == code
        found = audit(folder)
        assert found.sound, found.faults


def test_whatever_was_acknowledged_outlives_a_power_cut(power: Disk, tmp_path: Path) -> None:
    folder, out = power.root / "log", tmp_path / "after"
    config = witnessed_config(batch=4)
    heads = [Log.create(folder, config, key=KEY, logged=NOW, salts=SALTS)]
    codes: list[str] = []
    check(power, out, codes, heads)
    with Log(folder, key=KEY, salts=SALTS) as log:
        for count in (3, 255, 300):
            codes += log.append([*plain(*range(count - 2)), held(count), *plain("z")])[-3:]
            check(power, out, codes, heads)
            heads.append(log.checkpoint(logged=NOW))
            check(power, out, codes, heads)
        line = cosign(heads[-1].note.text, witness=SIDE_A, time_s=9)
        heads[-1] = log.add_signatures(heads[-1].head.size, [line])
        check(power, out, codes, heads)
        assert (out / "log" / "checkpoint").read_bytes() != b""
        log.fold()
        check(power, out, codes, heads)
        codes.append(log.change_key(NEXT_KEY, logged=NOW))
        check(power, out, codes, heads, NEXT_KEY)
        index = int(codes[1].partition("-")[0])
        codes.append(log.forget(index, ["place"], reason="asked", logged=NOW))
        check(power, out, codes, heads, NEXT_KEY)
        kept = [path.read_bytes() for path in (out / "log" / "held").rglob("*") if path.is_file()]
        assert kept
        assert not any(b'"place 3"' in content for content in kept)
    export(folder, power.root / "copy", held=True)
    assert audit(power.cut(out) / "copy").size == codes_end(codes) + 1


def test_a_power_cut_between_any_two_steps_takes_nothing_that_was_acknowledged(
    power: Disk, tmp_path: Path
) -> None:
    """At each moment that anything reached the disk, in the order in which the log brings it there."""
    folder, out, steps = power.root / "log", tmp_path / "after", []
    heads = [Log.create(folder, witnessed_config(batch=4), key=KEY, logged=NOW, salts=SALTS)]
    with Log(folder, key=KEY, salts=SALTS) as log:
        codes = log.append([*plain(*range(250)), held(3)])[-2:]
        power.watch = lambda: steps.append(check(power, out, codes, heads))
        heads.append(log.checkpoint(logged=NOW))
        codes += log.append(plain(*range(9)))[-1:]
        power.watch = None
        index = int(codes[1].partition("-")[0])
        codes.append(log.forget(index, ["place"], reason="asked", logged=NOW))
        power.watch = lambda: steps.append(check(power, out, codes, heads))
        log.fold()
        heads.append(log.checkpoint(logged=NOW))
    assert len(steps) > 20


def codes_end(codes: list[str]) -> int:
    """Place of the last."""
    return max(int(code.partition("-")[0]) for code in codes)
