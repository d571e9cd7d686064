"""Partial tiles and bundles that nothing needs any more: those a kill left, and those that grew."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from truceline.custody.read import checkpoint_path
from truceline.custody.tile import partials_of, tile_path


def clear_torn(folder: Path, *, start: int, stop: int) -> None:
    """Remove partial tiles that a killed write up to ``stop`` entries left beyond the ``start`` that stand."""
    own = {(level, index): width for level, index, width in partials_of(start)}
    level = 0
    while stop >> 8 * level:
        for index in range(start >> 8 * (level + 1), (stop >> 8 * (level + 1)) + 1):
            for kind in ("entries", level) if level == 0 else (level,):
                for path in (folder / f"{tile_path(kind, index)}.p").glob("*"):
                    if path.name.isdecimal() and int(path.name) > own.get((level, index), 0):
                        path.unlink()
        level += 1


def drop_partials(folder: Path, old_size: int, size: int, *, full: Sequence[tuple[int, int, bytes]]) -> None:
    """Remove partial tiles that the ``full`` ones took the place of, or that no checkpoint needs."""
    for level, index, _ in full:
        shutil.rmtree(folder / f"{tile_path(level, index)}.p", ignore_errors=True)
        if level == 0:
            shutil.rmtree(folder / f"{tile_path('entries', index)}.p", ignore_errors=True)
    if old_size and not (folder / checkpoint_path(old_size)).is_file():
        for level, index, width in set(partials_of(old_size)) - set(partials_of(size)):
            (folder / tile_path(level, index, width)).unlink(missing_ok=True)
            if level == 0:
                (folder / tile_path("entries", index, width)).unlink(missing_ok=True)
