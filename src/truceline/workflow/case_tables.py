"""Small tables that a person keeps, beside a case or by themselves: read whole, or not at all, with every fault of every row."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from truceline.base.errors import CaseError, InputError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row: its place in the file, and its cells by column, stripped."""

    label: str
    row: int
    cell: dict[str, str]

    def wrong(
        self, column: str, code: str, expected: str, *, message: str = "this value does not fit its column"
    ) -> Problem:
        """What is wrong with a cell."""
        return Problem(code=code, message=message, file=self.label, row=self.row, column=column, got=self.cell[column], expected=expected)  # fmt: skip


def read_table(
    path: Path,
    columns: Sequence[str],
    *,
    label: str,
    may_be_empty: bool = False,
    optional: Sequence[str] | None = None,
    fault: type[CaseError | InputError] = CaseError,
) -> list[Line]:
    """The rows of a CSV table in UTF-8 that has at least these columns.

    optional : columns that it may have besides, and none but these; None: others are not looked at.
    fault : what a wrong table is: of a case, or an input by itself.

    Raises
    ------
    CaseError, InputError
        If it cannot be read, lacks a column or, unless it may be empty, rows; or if rows have more cells than
        the header has names.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        header = list(reader.fieldnames or [])
        rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise fault(Problem(code="file_format", message=f"the table cannot be read ({why})", file=label, expected="CSV in UTF-8")) from error  # fmt: skip
    absent = [name for name in columns if name not in header]
    if absent and (rows or not may_be_empty):
        raise fault(Problem(code="column_missing", message=f"without {', '.join(absent)}", file=label, row=1, expected=", ".join(columns)))  # fmt: skip
    strange = [] if optional is None else [name for name in header if name not in {*columns, *optional}]
    if strange:
        raise fault(Problem(code="column_missing", message=f"no column of such a table: {', '.join(strange)}", file=label, row=1, got=", ".join(header), expected=", ".join((*columns, *(optional or ()))), next_step="Rename the column, or take it out"))  # fmt: skip
    if not rows and not may_be_empty:
        raise fault(Problem(code="file_without_rows", message="the file has no rows", file=label, row=1, expected=", ".join(columns)))  # fmt: skip
    torn = [
        Problem(code="file_format", message="the row has more cells than the header has names", file=label, row=number, got=", ".join(row[None]), expected=f"{len(header)} cells", next_step="Put a cell that holds a comma between quotation marks")
        for number, row in rows
        if None in row
    ]  # fmt: skip
    if torn:
        raise fault(torn)
    asked = [*columns, *(name for name in optional or () if name in header)]
    return [
        Line(label=label, row=number, cell={name: (row[name] or "").strip() for name in asked})
        for number, row in rows
    ]
