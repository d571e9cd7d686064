"""What stands in a log's folder, by name; what may, because a write was interrupted; and what must not any more."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from truceline.custody.commitment import open_held
from truceline.custody.config import CONFIG, KEYS
from truceline.custody.disk import NEW
from truceline.custody.entry import read_code, read_entry
from truceline.custody.held import held_path
from truceline.custody.read import CHECKPOINTS, LOCK, Store
from truceline.custody.tile import WIDTH, read_index, tile_path, tiles_of

_PARTIAL: Final = re.compile(r"(.*)\.p/([1-9][0-9]{0,2})", re.ASCII | re.DOTALL)
_MAX_PARTIAL: Final = WIDTH - 1


def list_files(folder: Path) -> dict[str, bool]:
    """Names of all files under ``folder``, and whether each is a plain one.

    A link is a file that is not plain, wherever it leads: what it leads to can change unseen. So are pipes and
    devices, which must not be opened, since reading one may never end.
    """
    found: dict[str, bool] = {}
    for parent, folders, files in os.walk(folder):
        linked = [name for name in folders if Path(parent, name).is_symlink()]
        prefix = os.path.relpath(parent, folder).replace(os.sep, "/") + "/"
        for name in (*files, *linked):
            plain = stat.S_ISREG(Path(parent, name).lstat().st_mode)
            found[(prefix + name).removeprefix("./")] = plain
    return found


def list_partials(files: Iterable[str]) -> dict[str, list[int]]:
    """Widths (1 to 255) of the partial tiles and bundles among ``files``, by the path of the full one."""
    found: dict[str, list[int]] = {}
    for name in sorted(files):
        parts = _PARTIAL.fullmatch(name)
        if parts and int(parts[2]) <= _MAX_PARTIAL:
            found.setdefault(parts[1], []).append(int(parts[2]))
    return found


def kept_sizes(files: Iterable[str]) -> list[int]:
    """Sizes of which checkpoints are kept among ``files``, smallest first; names that say none are passed over."""
    found: list[int] = []
    for name in files:
        folder, _, path = name.partition("/")
        if folder == CHECKPOINTS:
            try:
                found.append(read_index(path))
            except ValueError:
                continue
    return sorted(found)


def interrupted_files(size: int) -> set[str]:
    """Names that a write of tiles up to ``size``, ended half-way, may have left beside those of before."""
    tiles = {tile_path(level, index, width) for level, index, width in tiles_of(size)}
    bundles = {tile_path("entries", index, width) for level, index, width in tiles_of(size) if level == 0}
    return tiles | bundles | {held_path(index) for index in range(-(-size // WIDTH))}


def forgotten_still(store: Store, record: Mapping[str, Any], *, size: int) -> list[int]:
    """Places of entries of which something is held that a redaction says was forgotten.

    A kill came between the two, or somebody put an older file back. Entries that are no redaction's tell nothing.
    """
    names = record.get("body", {}).get("fields")
    if not isinstance(names, list):
        return []
    found = []
    for code in record.get("rests_on", ()):
        index = read_code(code)[0]
        try:
            held = store.held_bundle(index // WIDTH)[index % WIDTH] if index < size else b""
            fields = read_entry(store.entry(index, size=size)).get("fields", []) if held else []
            still = [name for name, each in zip(fields, open_held(held, fields), strict=True) if each.is_open]
        except (ValueError, FileNotFoundError):
            continue  # nothing is held, or what is wrong is told of elsewhere
        if any(name in names for name in still):
            found.append(index)
    return found


def is_taken(folder: Path) -> bool:
    """Whether something stands where a log is to begin, but what a kill left of one that never began."""
    if not folder.is_dir():
        return folder.exists()
    return bool({path.name for path in folder.iterdir()} - {CONFIG, KEYS, NEW, LOCK})
