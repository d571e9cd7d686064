"""NUL bytes in a text file: what a broken disk, a cut transfer or a wrong encoding leaves behind.

No text holds them, so nobody can say what stood there. A run of them stays in the text as one, which
marks the row that it tore; such a row is put aside, and the file is told to hold them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from truceline.base.errors import Problem

_RUN = re.compile(rb"\0{2,}")
_RUN_OF_TEXT = re.compile("\0{2,}")
MARK = "\0"


@dataclass(slots=True)
class NulBytes:
    """How many NUL bytes a file has, and where the first one stands."""

    n: int = 0
    first_byte: int = 0  #: counted from 1
    first_line: int = 0
    _n_bytes: int = 0
    _n_breaks: int = 0

    def look(self, chunk: bytes) -> None:
        """Count those of the next piece of the file."""
        if (found := chunk.count(0)) and not self.n:
            at = chunk.index(0)
            self.first_byte = self._n_bytes + at + 1
            self.first_line = self._n_breaks + chunk.count(b"\n", 0, at) + 1
        if not self.n:
            self._n_breaks += chunk.count(b"\n")
        self.n += found
        self._n_bytes += len(chunk)

    def problem(self, label: str) -> Problem | None:
        """One warning for the file; None where it has none."""
        if not self.n:
            return None
        return Problem(
            code="file_nul_bytes",
            message=f"the file holds {self.n} NUL bytes, which no text does; the first is byte {self.first_byte}. Rows that hold one are put aside; rows that stood in their place are not known",
            file=label,
            row=self.first_line,
            got=f"{self.n} NUL bytes of {self._n_bytes} bytes",
            expected="text without NUL bytes",
            next_step="Fetch the file again; if every second byte is NUL, it is UTF-16: save it as UTF-8",
        )


def count_nuls(text: str) -> NulBytes:
    """The same of a text in memory, by its bytes as UTF-8."""
    found = NulBytes()
    if MARK in text:
        found.look(text.encode())
    return found


def joined(chunk: bytes) -> bytes:
    """Each run of NUL bytes as one, so that a gigabyte of them costs nothing."""
    return _RUN.sub(b"\0", chunk) if b"\0" in chunk else chunk


def joined_text(text: str) -> str:
    """Each run of NULs of a text as one."""
    return _RUN_OF_TEXT.sub(MARK, text) if MARK in text else text


def is_torn(fields: Iterable[str]) -> bool:
    """Whether a field holds a NUL."""
    return any(MARK in text for text in fields)
