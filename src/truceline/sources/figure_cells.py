"""Numbers of published figures as columns: which figure, whose, where, over which days, and from which row."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from truceline.base.intervals import Interval, microseconds
from truceline.sources.columns import Mask, Reals, Whole
from truceline.sources.periods import Days
from truceline.sources.rows import Sheet

Word = TypeVar("Word", bound=Hashable)


class Words(Generic[Word]):
    """Distinct values in the order in which they were met, and a code for each."""

    def __init__(self) -> None:
        self._codes: dict[Word, int] = {}

    def code(self, word: Word) -> int:
        """The code of a value."""
        return self._codes.setdefault(word, len(self._codes))

    def codes(self, words: Sequence[Word], which: Whole) -> Whole:
        """The code of each row, from distinct values and which of them it has."""
        return np.array([self.code(word) for word in words], np.int64)[which]

    @property
    def known(self) -> list[Word]:
        """The values, by code."""
        return list(self._codes)

    def ranks(self) -> Whole:
        """The place of each value among all of them in their order, by code."""
        known: list[Any] = self.known
        ranks = np.zeros(len(known), np.int64)
        ranks[sorted(range(len(known)), key=known.__getitem__)] = np.arange(len(known))
        return ranks


#: columns of numbers: codes of ``Cells``' words, values (NaN: no number), and where they stand
NAMES = ("figure", "speaker", "area", "days", "relation", "vintage", "note", "sheet", "number", "row")


class Cells:
    """Every number that was read, in the order of files, rows and figures."""

    def __init__(self) -> None:
        self.speakers: Words[str] = Words()
        self.areas: Words[str] = Words()  #: no area is an empty one
        self.days: Words[Days] = Words()
        self.relations: Words[str] = Words()
        self.vintages: Words[str] = Words()
        self.notes: Words[str] = Words()
        self.sheets: list[Sheet] = []
        self.n_rows = 0
        self._parts: list[dict[str, Whole]] = []
        self._values: list[Reals] = []
        self._rows: list[tuple[int, Whole]] = []
        self._dropped: list[Whole] = []

    def add_rows(self, numbers: Whole) -> Whole:
        """Take rows of the last sheet; their places among all rows."""
        self._rows.append((len(self.sheets) - 1, numbers))
        first = self.n_rows
        self.n_rows += len(numbers)
        return np.arange(first, self.n_rows)

    def drop_rows(self, rows: Whole) -> None:
        """Forget rows that turned out unsound: they are accounted for already."""
        self._dropped.append(rows)

    def dropped(self) -> Mask:
        """Where a row was dropped."""
        mask = np.zeros(self.n_rows, np.bool_)
        mask[np.concatenate([np.zeros(0, np.int64), *self._dropped])] = True
        return mask

    def add(self, values: Reals, **columns: Whole) -> None:
        """Take the numbers of one figure in some rows."""
        if len(values):
            self._values.append(values)
            self._parts.append(columns)

    def known(self) -> Known:
        """All of them as columns, row by row."""
        none = [np.zeros(0, np.int64)]
        columns = {name: np.concatenate([part[name] for part in self._parts] or none) for name in NAMES}
        values = np.concatenate(self._values or [np.zeros(0)])
        order = np.lexsort((columns["figure"], columns["row"]))
        return Known(cells=self, values=values[order], columns={name: some[order] for name, some in columns.items()})  # fmt: skip

    def rows(self) -> tuple[Whole, Whole]:
        """Sheet and number of every row."""
        none = [np.zeros(0, np.int64)]
        sheets = [np.full(len(numbers), sheet, np.int64) for sheet, numbers in self._rows]
        return np.concatenate(sheets or none), np.concatenate([numbers for _, numbers in self._rows] or none)


@dataclass(frozen=True, slots=True)
class Known:
    """Numbers in columns of equal length."""

    cells: Cells
    values: Reals
    columns: dict[str, Whole]

    def __len__(self) -> int:
        return len(self.values)

    def picked(self, at: npt.NDArray[Any]) -> Known:
        """Some of the numbers, by mask or positions."""
        return Known(self.cells, self.values[at], {name: some[at] for name, some in self.columns.items()})

    def windows(self, window: Callable[[Days], Interval]) -> tuple[Whole, Whole]:
        """Microseconds at which the windows of the numbers begin and stop."""
        ends = np.zeros((len(self.cells.days.known), 2), np.int64)
        for code, days in enumerate(self.cells.days.known):
            found = window(days)
            ends[code] = microseconds(found.start), microseconds(found.stop)
        return ends[self.columns["days"], 0], ends[self.columns["days"], 1]

    def dates(self) -> tuple[Whole, Whole]:
        """First and last days, as ordinals."""
        ends = np.array([(days.first.toordinal(), days.last.toordinal()) for days in self.cells.days.known], np.int64).reshape(-1, 2)  # fmt: skip
        return ends[self.columns["days"], 0], ends[self.columns["days"], 1]

    def groups(self) -> Whole:
        """Which series of numbers each is of, numbered in their order: figure, speaker, area, edition."""
        ranked = [("speaker", self.cells.speakers), ("area", self.cells.areas), ("vintage", self.cells.vintages)]  # fmt: skip
        keys = [self.columns["figure"], *(words.ranks()[self.columns[name]] for name, words in ranked)]
        return numbered(*keys)


def numbered(*keys: Whole) -> Whole:
    """Combinations of numbers ≥ 0, numbered in their order."""
    whole = np.zeros(len(keys[0]), np.int64)
    for key in keys:
        width = int(key.max(initial=0)) + 1
        if (int(whole.max(initial=0)) + 1) * width >= 2**62:
            whole = np.unique(whole, return_inverse=True)[1]
        whole = whole * width + key
    return np.asarray(np.unique(whole, return_inverse=True)[1], dtype=np.int64)


def first_of_each(keys: Whole) -> Mask:
    """Where each key is met for the first time."""
    mask = np.zeros(len(keys), np.bool_)
    mask[np.unique(keys, return_index=True)[1]] = True
    return mask
