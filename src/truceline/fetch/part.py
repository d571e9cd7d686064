"""Bytes on their way: a file under a name of its own until it is whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import BinaryIO

from truceline.base.canonical import canonical_json

#: never follow a link that somebody put under the name
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class Part:
    """``<name>.part`` beside the file to come, and ``<name>.resume`` saying which version it is of.

    A later run goes on from it only where the server named its version (a strong ETag, or a time of
    last change): bytes of two versions are never joined.
    """

    def __init__(self, target: Path, *, url: str) -> None:
        self.path = target.with_name(target.name + ".part")
        self._note = target.with_name(target.name + ".resume")
        self._url = url

    @property
    def size(self) -> int:
        """Bytes there are."""
        try:
            return self.path.lstat().st_size
        except FileNotFoundError:
            return 0

    @property
    def version(self) -> str | None:
        """What to send as ``If-Range``; None where the part cannot be gone on with."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            version = note["version"] if note["url"] == self._url else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return version if isinstance(version, str) and self.size else None

    def begin(self, *, version: str | None) -> BinaryIO:
        """Start anew; the note is written before any byte."""
        self.discard()
        if version is not None:
            with _open(self._note, anew=True) as handle:
                handle.write(canonical_json({"url": self._url, "version": version}).encode())
        return _open(self.path, anew=True)

    def go_on(self) -> BinaryIO:
        """Append to what is there."""
        return _open(self.path, anew=False)

    def discard(self) -> None:
        """Take away the part and its note."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def leave(self) -> None:
        """Keep the part only where a later run can go on from it."""
        if self.version is None:
            self.discard()


def _open(path: Path, *, anew: bool) -> BinaryIO:
    how = os.O_WRONLY | os.O_CREAT | _NO_LINK | (os.O_TRUNC if anew else os.O_APPEND)
    return os.fdopen(os.open(path, how, 0o666), "wb" if anew else "ab")
