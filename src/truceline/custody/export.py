"""A copy of a log that leaves the house: without what is held apart, and with what is needed to check it."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Final

from truceline.custody.policy import Policy
from truceline.custody.read import CHECKPOINT, Store, checkpoint_path
from truceline.custody.tile import partials_of, tile_path, tiles_of

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


def companions(store: Store) -> dict[str, bytes]:
    """Files that stand beside an exported log, by name."""
    policy = Policy.of(store.config, [key for _, key in store.keys.keys])
    return {VERIFIER: verifier_text(), POLICY: policy.text().encode(), README: _README.encode()}


def export_files(store: Store) -> list[str]:
    """Names of the log's own files up to its last checkpoint, without what is held apart."""
    newest = store.newest_checkpoint()
    size = newest.head.size if newest else 0
    names = ["log.json", "keys", CHECKPOINT, *(checkpoint_path(each) for each in store.sizes())]
    for level, index, width in tiles_of(size):
        names.append(_there(store, level, index, width))
        if level == 0:
            names.append(_there(store, "entries", index, width))
    for each in store.sizes():  # partial tiles that a checkpoint needs as long as there are no full ones
        for level, index, width in partials_of(each):
            kinds: list[int | str] = [level, "entries"] if level == 0 else [level]
            paths = [tile_path(kind, index, width) for kind in kinds]
            names += [name for name in paths if (store.folder / name).is_file()]
    return list(dict.fromkeys(names))


def _there(store: Store, level: int | str, index: int, width: int) -> str:
    """Name of a tile, or of the full one that took its place."""
    name = tile_path(level, index, width)
    return name if (store.folder / name).is_file() else tile_path(level, index)


def export(store: Store, folder: Path, *, held: bool = False) -> list[str]:
    """Copy a log into ``folder``, which is absent or empty; returns the names written.

    ``held``: a backup, with what is held apart; the folder is then as secret as the log itself.

    Raises
    ------
    ValueError
        If something stands there.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty")
    names = export_files(store)
    if held:
        names += [
            path.relative_to(store.folder).as_posix()
            for path in sorted((store.folder / "held").rglob("*"))
            if path.is_file()
        ]
        names += ["journal"]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(store.folder / name, folder / name)
    if held:
        return names
    beside = companions(store)
    for name, content in beside.items():
        (folder / name).write_bytes(content)
    return [*names, *beside]
