"""Packed files: unpacked in memory, never beyond a limit."""

from __future__ import annotations

import io
import zipfile
import zlib

from truceline.base.errors import InputError, Problem
from truceline.sources.formats.layer import broken
from truceline.sources.source import InputFile

#: a packed file may unfold to this much; more is refused before memory is full
MAX_UNPACKED_BYTES = 2 * 1024**3
MAX_MEMBERS = 20_000
_PIECE_BYTES = 1 << 20


def unpacked(file: InputFile) -> bytes:
    """The file's bytes, unpacked where the name ends in ``.gz``.

    Raises
    ------
    InputError
        If it is empty, broken, or unfolds beyond the limit.
    """
    if not file.content or not file.path.name.casefold().endswith(".gz"):
        return file.bytes()  # which says so where there are none
    pieces: list[bytes] = []
    total = 0
    rest = file.content
    try:
        while rest:  # a file may be of several members
            inflate = zlib.decompressobj(wbits=31)
            while not inflate.eof:
                piece = inflate.decompress(rest, _PIECE_BYTES)
                rest = inflate.unconsumed_tail
                total += len(piece)
                if total > MAX_UNPACKED_BYTES:
                    raise too_large(file)
                if not piece and not rest and not inflate.eof:
                    raise broken(file, "gzip file", "it ends in the middle", code="file_truncated")
                pieces.append(piece)
            rest = inflate.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise broken(file, "gzip file", error, code="file_truncated") from error
    return b"".join(pieces)


def too_large(file: InputFile) -> InputError:
    """The error of a file that unfolds beyond the limit."""
    return InputError(
        Problem(code="file_unfolds", message="the packed file unfolds to more than is read", file=file.label, got=f"more than {MAX_UNPACKED_BYTES:,} bytes", expected="a file that unfolds to less", next_step="Unpack the file and keep the layer that is needed")
    )  # fmt: skip


class Archive:
    """A ZIP in memory; members are read by name, together never beyond the limit."""

    def __init__(self, file: InputFile, content: bytes) -> None:
        self.file = file
        self._left = MAX_UNPACKED_BYTES
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as error:
            raise broken(file, "ZIP", error, code="file_truncated") from error
        if len(infos) > MAX_MEMBERS or sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
            raise too_large(file)
        self.names = sorted(
            {info.filename for info in infos if not info.is_dir() and "__MACOSX" not in info.filename}
        )

    def read(self, name: str) -> bytes:
        """A member's bytes.

        Raises
        ------
        InputError
            If it is broken, locked by a password, or the archive unfolds beyond the limit.
        """
        pieces = []
        try:
            with self._zip.open(name) as stream:
                while piece := stream.read(_PIECE_BYTES):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise too_large(self.file)
                    pieces.append(piece)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, RuntimeError, NotImplementedError) as error:  # fmt: skip
            raise broken(self.file, "ZIP", f"{name}: {error}", code="file_truncated") from error
        return b"".join(pieces)

    def check(self) -> None:
        """Unpack every member once, for a library that unpacks by itself.

        Raises
        ------
        InputError
            As ``read``.
        """
        for name in self.names:
            self.read(name)


def pack(members: dict[str, bytes]) -> bytes:
    """A ZIP of the members, stored, with fixed times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for name, content in members.items():
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()
