"""A file's fields by column: what a reader of many rows works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from truceline.sources.rows import Row, Sheet


@dataclass(slots=True, kw_only=True)
class Grid:
    """Columns of equal length; ``numbers`` are the rows' places in the file.

    Every row is read and not yet settled; rows of the wrong length were quarantined on the way.
    """

    sheet: Sheet
    header: list[str]
    columns: Mapping[str, Sequence[Any]]
    numbers: list[int]
    has_points: bool = False

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, position: int) -> Row:
        """The row at a position, for its problems and its account."""
        values = {name: column[position] for name, column in self.columns.items()}
        return Row(self.sheet, self.numbers[position], values)
