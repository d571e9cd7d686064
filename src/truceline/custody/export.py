"""A copy of a log: to leave the house, with all that is needed to check it; or a backup, with what is held too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Final

from truceline.custody.config import CONFIG, KEYS, KeyHistory
from truceline.custody.disk import NEW, Batch, Lock, replace_file, sync_folder
from truceline.custody.journal import write_head
from truceline.custody.listing import list_files
from truceline.custody.policy import Policy
from truceline.custody.read import CHECKPOINT, JOURNAL, LOCK, Store, checkpoint_path
from truceline.custody.stamp import list_stamps
from truceline.custody.tile import pack, partials_of, read_tile, tile_path, tiles_of

_PRIVATE: Final = 0o600  #: mode of files of a backup: for its owner's eyes alone
VERIFIER: Final = "verify_truce.py"
POLICY: Final = "policy.txt"
README: Final = "README.txt"
_README: Final = """\
This folder is an evidence log: an append-only list of records, each bound to all before it, signed by its
keeper and cosigned by witnesses. To check it you need Python and the package `cryptography`, nothing else:

    python verify_truce.py POLICY .
    python verify_truce.py POLICY . CODE

POLICY is a file with the keys you trust; CODE is what a report prints beside a finding, such as
17-0123456789ab. The file policy.txt has the keys that this log claims: take the keys from the parties and the
mechanism themselves, and compare. A checker that came with the log could lie, too: take verify_truce.py from
elsewhere, or read it, it is short.
"""


def verifier_text() -> bytes:
    """The single-file verifier."""
    return files("truceline.custody").joinpath(VERIFIER).read_bytes()


def companions(store: Store, keys: KeyHistory | None = None) -> dict[str, bytes]:
    """Files that stand beside an exported log with these keys (if not named, the log's), by name."""
    policy = Policy.of(store.config, [key for _, key in (keys or store.keys).keys])
    return {VERIFIER: verifier_text(), POLICY: policy.text().encode(), README: _README.encode()}


def _signed_size(store: Store) -> int:
    """Entries under the last checkpoint."""
    newest = store.newest_checkpoint()
    return newest.head.size if newest else 0


def _published_keys(store: Store) -> KeyHistory:
    """The keys that took over by entries under the last checkpoint."""
    size = _signed_size(store)
    return KeyHistory(tuple(pair for pair in store.keys.keys if pair[0] <= size))


def published_files(store: Store) -> Iterator[tuple[str, bytes]]:
    """The log's own files up to its last checkpoint, byte for byte, without what is held apart.

    A tile that has grown since that checkpoint is given as it was then: nobody signed for the rest.
    """
    size = _signed_size(store)
    yield KEYS, _published_keys(store).encode()
    stamps = list_stamps(list_files(store.folder))
    for name in (CONFIG, CHECKPOINT, *map(checkpoint_path, store.sizes()), *stamps):
        yield name, store.read(name)
    for level, index, width in tiles_of(size):
        yield tile_path(level, index, width), read_tile(store.read, level, index, width)
        if level == 0:
            yield tile_path("entries", index, width), pack(store.bundle(index, width))
    for each in store.sizes():  # partial tiles that a checkpoint needs as long as there are no full ones
        for level, index, width in partials_of(each) if each != size else ():
            kinds: list[int | str] = [level, "entries"] if level == 0 else [level]
            for name in (tile_path(kind, index, width) for kind in kinds):
                if (store.folder / name).is_file():
                    yield name, store.read(name)


def place_beside(to: Path, *, of: Path) -> Path:
    """Where a copy of the log in ``of`` is made before it stands at ``to``; a name that nobody else gives a folder.

    Raises
    ------
    ValueError
        If something stands at ``to``, it is where we are, or within the log, of which it would be a strange part.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ValueError(f"{to} is not empty: a copy goes where nothing stands")
    if not to.name:
        raise ValueError(f"{to} has no name of its own: a copy goes into a folder that is made for it")
    if of.resolve() in to.resolve().parents:
        raise ValueError(f"{to} is within {of}: a copy goes beside a log, and not into it")
    return to.with_name(f".{to.name}.being-copied")


def export(folder: Path, to: Path, *, held: bool = False, wait_s: float = 60.0) -> list[str]:
    """Copy the log in ``folder`` to ``to``, which is absent or empty; returns the names written.

    No writer comes in between, and the copy is whole or not there. ``held``: a backup, with what is held apart
    and what stands under no checkpoint yet; it is then as secret as the log itself.

    Raises
    ------
    ValueError
        If something stands there, it lies within the log, or the log is not one.
    BusyError
        If another process wrote to the log for longer than ``wait_s``.
    """
    beside = place_beside(to, of=folder)
    with Lock(folder / LOCK, wait_s=wait_s, shared=True):
        store = Store(folder)
        files = _backup_files(store) if held else published_files(store)
        names = []
        shutil.rmtree(beside, ignore_errors=True)  # of a copy that was interrupted
        try:
            beside.mkdir(parents=True)
            batch = Batch(beside)
            for name, content in chain(
                files, () if held else companions(store, _published_keys(store)).items()
            ):
                batch.put(name, content, mode=_PRIVATE if held else 0o666)
                names.append(name)
            batch.finish()
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    if to.exists():
        to.rmdir()
    beside.replace(to)
    sync_folder(to.parent)
    return names


def _backup_files(store: Store) -> Iterator[tuple[str, bytes]]:
    """Every file of a log but its lock and what an interrupted write left."""
    for name, plain in sorted(list_files(store.folder).items()):
        if plain and name != LOCK and not name.startswith(f"{NEW}/"):
            yield name, store.read(name)


def leave_published(folder: Path) -> None:
    """Take away what only a log needs that is being written: the copy that is left is as one that was exported."""
    for name in (JOURNAL, LOCK):
        (folder / name).unlink()
    (folder / NEW).rmdir()


def restore(folder: Path) -> None:
    """Make a copy of a log, such as an exported one or a backup, one that can be written again.

    It goes on after its last checkpoint; a backup that has its journal goes on after that.

    Raises
    ------
    ValueError
        If it has no checkpoint.
    """
    if not (folder / JOURNAL).is_file():
        newest = Store(folder).newest_checkpoint()
        if newest is None:
            raise ValueError(f"{folder} has no checkpoint to go on from")
        replace_file(folder, JOURNAL, write_head(newest.head.size), mode=_PRIVATE)
