"""A delimited file in any encoding, as if it were UTF-8 that begins with its header."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from truceline.base.errors import InputError, Problem
from truceline.sources.source import InputFile


class RecodedFile(InputFile):
    """A text file read as UTF-8; lines above the header are blank, so that rows keep their numbers.

    Digest and size are those of the bytes on disk.
    """

    def __init__(self, file: InputFile, *, encoding: str | None, header_row: int | None) -> None:
        super().__init__(file.path, label=file.label)
        self.encoding = encoding or "utf-8-sig"
        self.header_row = header_row or 1

    def chunks(self, chunk_bytes: int) -> Iterator[bytes]:
        """The text in pieces, as UTF-8."""
        blank = self.header_row - 1
        for text in self._texts(chunk_bytes):
            piece = text
            if blank:
                lines = text.split("\n", blank)
                piece = "\n" * (len(lines) - 1) + (lines[-1] if len(lines) > blank else "")
                blank -= len(lines) - 1
            if piece:
                yield piece.encode()

    def _texts(self, chunk_bytes: int) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        try:
            for chunk in super().chunks(chunk_bytes):
                yield decoder.decode(chunk)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise InputError(
                Problem(code="file_not_text", message=f"the file is not text in {self.encoding} ({error.reason})", file=self.label, expected=f"text in {self.encoding}", next_step="Correct the option `encoding`")
            ) from error  # fmt: skip

    def bytes(self) -> bytes:
        """The whole text, as UTF-8."""
        return b"".join(self.chunks(1 << 20))
