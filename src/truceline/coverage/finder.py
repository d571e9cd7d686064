"""Which moments a row of coverage watches: by order of time, then by circle or area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from truceline.base.columns import BoolArray, IntArray

if TYPE_CHECKING:  # what it searches stands above it
    from truceline.coverage.sight import Moments, Sight


class Finder:
    """Which moments a row is about: by time first, then by place."""

    def __init__(self, sight: Sight, at: Moments, order: IntArray) -> None:
        self.sight = sight
        time_s = at.time_s[order]
        self.x_m, self.y_m = at.x_m[order], at.y_m[order]
        self.low = np.searchsorted(time_s, sight.start_s, side="left")
        self.high = np.searchsorted(time_s, sight.stop_s, side="left")
        self.placed = np.isfinite(self.x_m)
        self.all_placed = bool(self.placed.all())
        self._inside: dict[int, BoolArray] = {}
        self._at, self._order = at, order
        self.meets = self.high > self.low
        circle = np.isfinite(sight.radius_m)
        if self.all_placed and len(order):
            box = self.x_m.min(), self.x_m.max(), self.y_m.min(), self.y_m.max()
            x, y, r = sight.x_m, sight.y_m, sight.radius_m
            with np.errstate(invalid="ignore"):
                off = (x < box[0] - r) | (x > box[1] + r) | (y < box[2] - r) | (y > box[3] + r)
            self.meets &= ~(circle & off)
        self.circle = circle

    def find(self, k: int, *, cautious: bool) -> IntArray:
        """Ranks (in order of time) of the moments that row ``k`` is about."""
        rank = np.arange(self.low[k], self.high[k])
        return rank[self.holds(k, rank, cautious=cautious)]

    def holds(self, k: int, rank: IntArray, *, cautious: bool) -> BoolArray:
        """Whether row ``k``'s place holds each moment; where unknown: no if cautious."""
        sight = self.sight
        if self.circle[k]:
            square = (self.x_m[rank] - sight.x_m[k]) ** 2 + (self.y_m[rank] - sight.y_m[k]) ** 2
            near: BoolArray = square <= sight.radius_m[k] ** 2
            return near if self.all_placed or cautious else near | ~self.placed[rank]
        code = int(sight.area[k])
        if code < 0:
            return np.ones(len(rank), dtype=np.bool_)
        if code not in self._inside:
            self._inside[code] = self._at.inside(sight.area_names[code])[self._order]
        held = self._inside[code][rank]
        return held if self.all_placed or cautious else held | ~self.placed[rank]
