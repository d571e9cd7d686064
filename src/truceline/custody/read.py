"""A log as anybody reads it: a folder, or a copy of one that a static web server gave out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.config import CONFIG, KEYS, KeyHistory, LogConfig
from truceline.custody.held import held_path, unpack_held
from truceline.custody.tile import WIDTH, Tree, index_path, read_bundle, read_index

CHECKPOINT: Final = "checkpoint"
CHECKPOINTS: Final = "checkpoints"
JOURNAL: Final = "journal"
LOCK: Final = "lock"


def checkpoint_path(size: int) -> str:
    """Where the checkpoint of a size is kept."""
    return f"{CHECKPOINTS}/{index_path(size)}"


class Store:
    """Files of a log.

    Raises
    ------
    ValueError
        If ``log.json`` or ``keys`` are not what they should be.
    FileNotFoundError
        If they are not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = LogConfig.read(self.read(CONFIG))
        self.keys = KeyHistory.read(self.read(KEYS), config=self.config)
        self._tree = Tree(self.read, 0)

    def read(self, name: str) -> bytes:
        """Bytes of a file. FileNotFoundError also where a folder stands in its place."""
        try:
            return (self.folder / name).read_bytes()
        except IsADirectoryError as error:
            raise FileNotFoundError(error.errno, "a folder", str(self.folder / name)) from error

    def sizes(self) -> list[int]:
        """Sizes of which checkpoints are kept, smallest first. ValueError if a name is none of theirs."""
        kept = self.folder / CHECKPOINTS
        names = [path.relative_to(kept).as_posix() for path in kept.rglob("*") if not path.is_dir()]
        try:
            return sorted(map(read_index, names))
        except ValueError as error:
            raise ValueError(f"a file in {CHECKPOINTS}/ is no checkpoint: {error}; take it away") from error

    def checkpoint(self, size: int) -> SignedCheckpoint | None:
        """The checkpoint of ``size``; None if there is none. ValueError if the file is not one of that size."""
        try:
            signed = SignedCheckpoint.read(self.read(checkpoint_path(size)))
        except FileNotFoundError:
            return None
        if signed.head.size != size or signed.head.origin != self.config.origin:
            raise ValueError(f"{checkpoint_path(size)} is another checkpoint")
        return signed

    def newest_checkpoint(self) -> SignedCheckpoint | None:
        """The last checkpoint; None where none was signed yet."""
        sizes = self.sizes()
        return self.checkpoint(sizes[-1]) if sizes else None

    def tree(self, size: int) -> Tree:
        """The stored tree of ``size``: the same one while the size is, so that many proofs read each tile once."""
        if self._tree.size != size:
            self._tree = Tree(self.read, size)
        return self._tree

    def bundle(self, index: int, width: int) -> list[bytes]:
        """Entries of a bundle of that width."""
        return read_bundle(self.read, index, width)

    def entry(self, index: int, *, size: int) -> bytes:
        """An entry of a log of ``size``, as far as it stands in bundles."""
        bundle = index // WIDTH
        return self.bundle(bundle, min(WIDTH, size - bundle * WIDTH))[index % WIDTH]

    def held_bundle(self, index: int, width: int = WIDTH) -> list[bytes]:
        """What is held of a bundle's first ``width`` entries; empty where nothing is, or where it stayed behind.

        Raises
        ------
        ValueError
            If the file is not one of held content.
        """
        try:
            held = unpack_held(self.read(held_path(index)))
        except FileNotFoundError:
            held = []
        return [*held, *[b""] * (width - len(held))][:width]
