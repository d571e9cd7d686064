"""The output folder: at every moment absent, the old complete one, or the new complete one.

1. take a lock beside the folder, so that two runs cannot write it at once;
2. refuse a folder that Truceline did not write, or that holds something of somebody else's;
3. clear away what killed runs left behind;
4. let the caller write into a hidden sibling on the same file system;
5. write the list of contents, and bring every file and folder to the disk (``fsync``);
6. exchange old and new in one step where the system can (Linux), by two renames elsewhere; a kill
   between the two leaves the folder absent, and the next run puts the old one back.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from truceline.base.errors import OutputError, Problem

#: what every result holds, and nothing else is likely to
MARKER = "manifest.jsonl"
#: names of everything we wrote into a folder, so that a file put there by hand is not lost with it
CONTENTS = ".truceline"

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_DISK_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO}


class OutputFolder:
    """Write a result whole or not at all.

    As a context manager it gives the folder to write into; leaving the block puts it in place,
    an exception discards it. ``target`` is where the result will stand.

    Raises
    ------
    OutputError
        ``out_not_ours``, ``out_busy`` or ``out_unwritable``.
    """

    def __init__(self, target: Path) -> None:
        self.target = target.resolve()
        self._shown = str(target)
        self._beside = self.target.parent
        self._partial = self._beside / f".{self.target.name}.partial"
        self._old = self._beside / f".{self.target.name}.old"
        self._lock_path = self._beside / f".{self.target.name}.lock"
        self._lock: int | None = None

    def __enter__(self) -> Path:
        try:
            self._beside.mkdir(parents=True, exist_ok=True)
            self._take_lock()  # (1)
        except OSError as error:
            self._unwritable(error)
        try:
            self._recover()  # (3) before (2): an old result may have to be put back first
            self._refuse_foreign()  # (2)
            self._partial.mkdir()  # (4)
        except OSError as error:
            self._release()
            self._unwritable(error)
        except BaseException:
            # a run may be stopped right here, before `with` would clean up after it
            shutil.rmtree(self._partial, ignore_errors=True)
            self._release()
            raise
        return self._partial

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._commit()
            else:
                shutil.rmtree(self._partial, ignore_errors=True)
                if isinstance(error, OSError) and self._is_about_output(error):
                    self._unwritable(error)
        except OSError as trouble:
            shutil.rmtree(self._partial, ignore_errors=True)
            self._unwritable(trouble)
        finally:
            self._release()

    # -- the steps -------------------------------------------------------------------------
    def _take_lock(self) -> None:
        while True:
            handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(handle)
                raise OutputError(
                    Problem(code="out_busy", message="another run is writing here", file=self._shown, expected="one run per output folder", next_step="Wait until it is done, or give another folder with --out")
                ) from error  # fmt: skip
            # the run before us may have removed the file between our opening and our locking it
            if self._lock_path.exists() and os.fstat(handle).st_ino == self._lock_path.stat().st_ino:
                self._lock = handle
                return
            os.close(handle)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock_path.unlink(missing_ok=True)
            os.close(self._lock)  # ends the lock
            self._lock = None

    def _recover(self) -> None:
        if self._old.exists():
            if self.target.exists():
                shutil.rmtree(self._old)
            else:
                self._old.rename(self.target)
        if self._partial.exists():
            shutil.rmtree(self._partial)

    def _refuse_foreign(self) -> None:
        if not self.target.exists():
            return
        if not self.target.is_dir():
            self._not_ours("a file of this name stands there")
        if not any(self.target.iterdir()):
            return
        listed = (self.target / CONTENTS).is_file()
        if not listed and not (self.target / MARKER).is_file():
            self._not_ours(f"it has no {MARKER}")
        if listed:
            ours = set((self.target / CONTENTS).read_text(encoding="utf-8").splitlines())
            foreign = [name for name in _names(self.target) if name not in ours]
            if foreign:
                self._not_ours(f"it holds {', '.join(foreign[:5])}, which Truceline did not put there")

    def _commit(self) -> None:
        names = [*_names(self._partial), CONTENTS]
        text = "".join(f"{name}\n" for name in sorted(names))
        (self._partial / CONTENTS).write_text(text, encoding="utf-8")  # (5)
        for folder, _, files in os.walk(self._partial, topdown=False):
            for name in files:
                _to_disk(Path(folder, name))
            _to_disk(Path(folder))
        if not self.target.exists():  # (6)
            self._partial.rename(self.target)
        elif _exchange(self._partial, self.target):
            self._partial.rename(self._old)
        else:
            self.target.rename(self._old)
            self._partial.rename(self.target)
        _to_disk(self._beside)
        if self._old.exists():
            shutil.rmtree(self._old, ignore_errors=True)

    # -- what is told ----------------------------------------------------------------------
    def _is_about_output(self, error: OSError) -> bool:
        named = error.filename is not None and str(error.filename).startswith(str(self._partial))
        return named or error.errno in _DISK_TROUBLE

    def _not_ours(self, why: str) -> NoReturn:
        raise OutputError(
            Problem(code="out_not_ours", message=f"the output folder was not written by Truceline alone: {why}", file=self._shown, expected="a folder that is absent, empty or an earlier result", next_step="Give another folder with --out, or move what is there")
        )  # fmt: skip

    def _unwritable(self, error: OSError) -> NoReturn:
        raise OutputError(
            Problem(code="out_unwritable", message=f"the output folder cannot be written: {error.strerror or error}", file=self._shown, expected="a folder this user may write, with room on its disk", next_step="Give another folder with --out")
        ) from error  # fmt: skip


def _names(folder: Path) -> list[str]:
    """Paths of all files under ``folder``, relative to it, sorted."""
    return sorted(
        Path(parent, name).relative_to(folder).as_posix()
        for parent, _, files in os.walk(folder)
        for name in files
    )


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where the system or the file system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)
