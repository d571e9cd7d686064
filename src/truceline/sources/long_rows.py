"""Rows of a delimited file that span lines which they should not: a quote that was never meant swallowed them."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from truceline.base.errors import Problem

#: a field of so many lines is hardly meant; a long post or a paragraph has fewer
MOST_LINES = 25


@dataclass(slots=True)
class LongRows:
    """What is told of a file once it has been read: how many such rows there are, and the worst."""

    n_rows: int = 0
    row: int = 0
    n_lines: int = 0

    def note(self, row: int, n_lines: int) -> None:
        """Note a row that begins at line ``row`` and swallowed lines."""
        self.n_rows += 1
        if n_lines > self.n_lines:
            self.row, self.n_lines = row, n_lines

    def look(self, row: int, record: list[str], *, delimiter: str) -> None:
        """Note a row, given as its lines, if it is too long or has a quote that closes in the middle of a field."""
        if len(record) > MOST_LINES or (len(record) > 1 and _closes_within(record, delimiter)):
            self.note(row, len(record))

    def problem(self, label: str) -> Problem | None:
        """One warning for the file; None where nothing was noted."""
        if not self.n_rows:
            return None
        others = f"; {self.n_rows} rows of the file are like it" if self.n_rows > 1 else ""
        return Problem(
            code="row_spans_lines",
            message=f"one row begins here and goes on for {self.n_lines} lines{others}",
            file=label,
            row=self.row,
            got=f"a quote opened in line {self.row} and closed in line {self.row + self.n_lines - 1}",
            expected=f"a row of at most {MOST_LINES} lines, its quotes around whole fields",
            next_step="If the quote is a stray one, take it out or double it: the lines between were read as one field, not as rows",
        )


def _closes_within(record: list[str], delimiter: str) -> bool:
    """Whether something other than a delimiter follows a closing quote."""
    try:
        next(csv.reader(iter(record), delimiter=delimiter, strict=True), None)
    except csv.Error as error:
        return "expected after" in str(error)
    return False
