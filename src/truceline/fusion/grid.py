"""How place and time are cut into chapters and blocks, which the data do not choose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.fusion.nodes import FloatArray, IntArray

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """How place and time are cut; seconds and metres of the frame, from zero.

    A block's time divides a chapter's. ``halo_s`` is at most a chapter: beyond the longest interval of
    a record nothing but chains of pairs leads from one time to another.
    """

    chapter_s: float = 30 * DAY_S
    block_s: float = 30 * DAY_S
    block_m: float = np.inf
    halo_s: float = 2 * DAY_S
    halo_m: float = 100_000.0
    chapters_a_task: int = 16  #: at most; bounds the memory of a task, enters no result

    def __post_init__(self) -> None:
        uneven = np.isfinite(self.chapter_s) and self.chapter_s % min(self.block_s, self.chapter_s) > 0
        if self.halo_s > self.chapter_s or uneven:
            raise ValueError(
                f"got blocks of {self.block_s} s and a halo of {self.halo_s} s in chapters of "
                f"{self.chapter_s} s, expected blocks that divide a chapter and no longer halo"
            )

    def chapter(self, time_s: FloatArray) -> IntArray:
        """Number of the chapter of each time."""
        return np.floor(np.asarray(time_s) / self.chapter_s).astype(np.int64)

    def span(self, chapter: int) -> tuple[float, float]:
        """[start, stop) of a chapter."""
        if np.isinf(self.chapter_s):
            return -np.inf, np.inf
        return chapter * self.chapter_s, (chapter + 1) * self.chapter_s

    def reach(self, start: int, stop: int) -> tuple[float, float]:
        """Times of the chapters [start, stop) and their halo."""
        return self.span(start)[0] - self.halo_s, self.span(stop - 1)[1] + self.halo_s


#: everything in one block and one chapter
WHOLE = Grid(chapter_s=np.inf, block_s=np.inf, halo_s=np.inf, halo_m=np.inf)


def block_number(value: FloatArray, size: float) -> IntArray:
    """Number of the block of each; the first for all where blocks have no end, or there is no place."""
    if np.isinf(size):
        return np.zeros(len(value), dtype=np.int64)
    return np.floor(np.nan_to_num(value) / size).astype(np.int64)
