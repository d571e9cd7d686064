"""What touches the disk: files that are whole or absent, and on it before anybody is told so.

Order is everything: content reaches the disk before the name that points to it, and a name is on the disk
once its folder is. Tests put faults in place of ``write`` and ``sync``.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

NEW: Final = ".new"  #: folder of files that are not yet whole, beside those they will replace
_MANY: Final = 24  #: from so many files on, one call for the whole file system is cheaper


class BusyError(Exception):
    """Another process held the lock for longer than was waited."""


def write(handle: int, content: bytes) -> None:
    """All of ``content``, however many calls it takes."""
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def sync(handle: int) -> None:
    """Come back once the file's content and length are on the disk."""
    (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(handle)


def sync_folder(folder: Path) -> None:
    """Come back once the names in ``folder`` are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(folder: Path, name: str, content: bytes, *, mode: int = 0o666) -> None:
    """Put ``content`` at ``folder / name``: at every moment the old file, or the new one, stands there whole."""
    path = folder / name
    (folder / NEW).mkdir(exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = folder / NEW / name.replace("/", "_")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        write(handle, content)
        sync(handle)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    finally:
        os.close(handle)
    beside.replace(path)
    sync_folder(path.parent)


def clear_new(folder: Path) -> None:
    """Remove what a killed writer left unfinished."""
    for path in (folder / NEW).glob("*"):
        path.unlink()


class Batch:
    """Many new files that nobody relies on before ``finish``: written in place, then brought to the disk.

    A kill in between leaves torn files under their names; the journal still has what they are made of, and
    the next to open the log writes them again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: list[Path] = []
        self._folders: set[Path] = set()

    def put(self, name: str, content: bytes, *, mode: int = 0o666) -> None:
        """Write a file under the batch's folder."""
        path = self._folder / name
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            above = [parent for parent in path.parents if self._folder in parent.parents]
            self._folders.update({*above, self._folder})
        self._written.append(path)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            write(handle, content)
        finally:
            os.close(handle)

    def undo(self) -> None:
        """Remove what was put, since it cannot be finished."""
        for path in self._written:
            with suppress(OSError):
                path.unlink()

    def finish(self) -> None:
        """Come back once everything that was put is on the disk."""
        if len(self._written) >= _MANY and _sync_system(self._folder):
            return
        for path in self._written:
            handle = os.open(path, os.O_RDONLY)
            try:
                sync(handle)
            finally:
                os.close(handle)
        for folder in sorted(self._folders, reverse=True):
            sync_folder(folder)


def _sync_system(folder: Path) -> bool:
    """Bring a whole file system to its disk (Linux: syncfs); False where that cannot be done."""
    try:
        call = ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError):
        return False
    handle = os.open(folder, os.O_RDONLY)
    try:
        if call(handle) != 0:
            raise OSError(ctypes.get_errno(), "the file system could not be brought to its disk")
    finally:
        os.close(handle)
    return True


class Lock:
    """One writer at a time; others queue until ``wait_s`` have passed.

    ``shared``: readers together, and no writer; where there is no file to lock, nobody writes. The system ends a lock with the process that held it, so a killed writer leaves none behind.
    """

    def __init__(
        self,
        path: Path,
        *,
        wait_s: float,
        pause: Callable[[float], None] = time.sleep,
        pause_s: float = 0.01,
        shared: bool = False,
    ) -> None:
        self._path = path
        self._tries = max(1, round(wait_s / pause_s))
        self._pause = pause
        self._pause_s = pause_s
        self._shared = shared
        self._handle: int | None = None

    def __enter__(self) -> Lock:
        if self._shared and not self._path.is_file():
            return self
        flags = os.O_RDONLY if self._shared else os.O_RDWR | os.O_CREAT
        handle = os.open(self._path, flags | os.O_CLOEXEC, 0o666)
        for turn in range(self._tries):
            try:
                fcntl.flock(handle, (fcntl.LOCK_SH if self._shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                if turn + 1 < self._tries:
                    self._pause(self._pause_s)
            else:
                self._handle = handle
                return self
        os.close(handle)
        raise BusyError(str(self._path))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)  # ends the lock; the file stays, so that nobody locks a removed one
            self._handle = None
