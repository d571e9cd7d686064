"""Tiles of a tree (C2SP tlog-tiles): which there are, what they are called, how they grow and are read.

A tile of level ``l`` holds up to 256 hashes, each of a complete subtree of ``256**l`` leaves. A bundle
holds the entries of one tile of level 0, each behind its length in two bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final, TypeAlias

from truceline.custody.encoding import from_decimal
from truceline.custody.merkle import EMPTY_ROOT, HASH_BYTES, fold

WIDTH: Final = 256  #: hashes in a full tile
TILE_BYTES: Final = WIDTH * HASH_BYTES
MAX_ENTRY_BYTES: Final = 2**16 - 1
Read: TypeAlias = Callable[[str], bytes]  #: bytes of a file by its path in the log; FileNotFoundError
_INDEX = re.compile(r"(?:x[0-9]{3}/)*[0-9]{3}", re.ASCII)


def index_path(index: int) -> str:
    """``1234067`` → ``x001/x234/067``."""
    path = f"{index % 1000:03d}"
    while index >= 1000:
        index //= 1000
        path = f"x{index % 1000:03d}/{path}"
    return path


def read_index(path: str) -> int:
    """The number that ``index_path`` writes so.

    Raises
    ------
    ValueError
        If it writes none so.
    """
    digits = path.replace("x", "").replace("/", "").lstrip("0") or "0"
    if _INDEX.fullmatch(path) is None or index_path(from_decimal(digits)) != path:
        raise ValueError(f"{path!r} is not the path of a number")
    return int(digits)


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Path of a tile, or of a bundle (level ``entries``), under the log's folder."""
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{index_path(index)}{partial}"


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """``(level, index, width)`` of every tile of a tree of ``size``."""
    level, count = 0, size
    while count:
        for index in range(count // WIDTH):
            yield level, index, WIDTH
        if count % WIDTH:
            yield level, count // WIDTH, count % WIDTH
        level, count = level + 1, count // WIDTH


def partials_of(size: int) -> list[tuple[int, int, int]]:
    """``(level, index, width)`` of the partial tiles of a tree of ``size``."""
    found = []
    level, count = 0, size
    while count:
        if count % WIDTH:
            found.append((level, count // WIDTH, count % WIDTH))
        level, count = level + 1, count // WIDTH
    return found


def pack(entries: Sequence[bytes]) -> bytes:
    """Entries as a bundle holds them."""
    return b"".join([part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry)])


def unpack(bundle: bytes) -> list[bytes]:
    """Entries of a bundle.

    Raises
    ------
    ValueError
        If it ends within an entry, or holds none or too many.
    """
    entries, at, end = [], 0, len(bundle)
    while at < end:
        stop = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if stop > end:
            raise ValueError("a bundle ends within an entry")
        entries.append(bundle[at + 2 : stop])
        at = stop
    if not 0 < len(entries) <= WIDTH:
        raise ValueError(f"a bundle of {len(entries)} entries")
    return entries


class Edge:
    """The right edge of a growing tree: the partial tile of each level."""

    def __init__(self, rows: Sequence[bytes] = (), size: int = 0) -> None:
        self.size = size
        self._rows = [bytearray(row) for row in rows]

    @classmethod
    def read(cls, read: Read, size: int) -> Edge:
        """The edge of a stored tree of ``size``.

        Raises
        ------
        ValueError
            If a tile has not the length that its width asks for.
        FileNotFoundError
            If a tile is not there.
        """
        rows: list[bytes] = []
        for level, index, width in partials_of(size):
            rows += [b""] * (level - len(rows))
            rows.append(read_tile(read, level, index, width))
        return cls(rows, size)

    def grow(self, leaves: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
        """Add leaf hashes; returns the tiles that became full, as ``(level, index, bytes)``."""
        full: list[tuple[int, int, bytes]] = []
        at = 0
        while at < len(leaves):
            room = WIDTH - self.size % WIDTH
            part = leaves[at : at + room]
            self._add(0, b"".join(part), full)
            self.size += len(part)
            at += len(part)
        return full

    def _add(self, level: int, hashes: bytes, full: list[tuple[int, int, bytes]]) -> None:
        if level == len(self._rows):
            self._rows.append(bytearray())
        row = self._rows[level]
        row += hashes
        if len(row) == TILE_BYTES:
            content = bytes(row)
            full.append((level, self.size >> 8 * (level + 1), content))
            row.clear()
            self._add(level + 1, fold(split(content)), full)

    def partials(self) -> list[tuple[int, int, bytes]]:
        """The partial tiles, as ``(level, index, bytes)``."""
        return [
            (level, self.size >> 8 * (level + 1), bytes(row)) for level, row in enumerate(self._rows) if row
        ]

    def root(self) -> bytes:
        """Root of the tree as it stands."""
        found: list[bytes] = []
        for row in self._rows:
            hashes = [*split(bytes(row)), *found]
            found = [fold(hashes)] if hashes else []
        return found[0] if found else EMPTY_ROOT


def split(hashes: bytes) -> list[bytes]:
    """A tile's hashes, one by one."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def read_tile(read: Read, level: int, index: int, width: int) -> bytes:
    """Bytes of a tile of ``width``, from its own file or from the full tile that took its place.

    Raises
    ------
    ValueError
        If a file has not the length that its name asks for.
    FileNotFoundError
        If neither is there.
    """
    try:
        content, expected = read(tile_path(level, index, width)), width
    except FileNotFoundError:
        content, expected = read(tile_path(level, index)), WIDTH
    if len(content) != expected * HASH_BYTES:
        raise ValueError(f"tile {tile_path(level, index, width)} has {len(content)} bytes")
    return content[: width * HASH_BYTES]


def read_bundle(read: Read, index: int, width: int) -> list[bytes]:
    """Entries of a bundle of ``width``, like ``read_tile``."""
    try:
        content, expected = read(tile_path("entries", index, width)), width
    except FileNotFoundError:
        content, expected = read(tile_path("entries", index)), WIDTH
    entries = unpack(content)
    if len(entries) != expected:
        raise ValueError(f"bundle {tile_path('entries', index, width)} has {len(entries)} entries")
    return entries[:width]


class Tree:
    """A stored tree of ``size``: gives the hash of any complete subtree, reading tiles as needed."""

    def __init__(self, read: Read, size: int) -> None:
        self.size = size
        self._read = read
        self._heights = lru_cache(maxsize=256)(self._load)  # at most 4 MB

    def node(self, level: int, index: int) -> bytes:
        """Hash of a complete subtree; see ``merkle``."""
        tile, height = divmod(level, 8)
        tile_index, place = divmod(index << height, WIDTH)
        at = (place >> height) * HASH_BYTES
        return self._heights(tile, tile_index)[height][at : at + HASH_BYTES]

    def _load(self, level: int, index: int) -> list[bytes]:
        """Rows of a tile by height: its hashes, then of each two, four, ... as far as they are complete."""
        width = min(WIDTH, (self.size >> 8 * level) - index * WIDTH)
        rows = [read_tile(self._read, level, index, width)]
        for _ in range(7):
            below = rows[-1]
            pairs = [sha256(b"\x01" + below[at : at + 64]).digest() for at in range(0, len(below) - 32, 64)]
            rows.append(b"".join(pairs))
        return rows
