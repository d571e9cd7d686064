"""What published figures leave out: periods without a row, cells without a number, runs of zeros."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from truceline.base.intervals import Interval
from truceline.schema.table import Record
from truceline.sources.outcome import sentence_list
from truceline.sources.periods import Days, next_days

if TYPE_CHECKING:  # the plug-in needs this module
    from truceline.sources.figures import Cell

#: a run of zeros at the start or end of a series that is this long is pointed out
ZEROS_WORTH_A_WORD = 10
#: what a period of more days than this apart is, is no gap in a table but another table
MOST_GAPS = 40_000


def absent_windows(known: Sequence[tuple[Cell, Record]]) -> Iterator[tuple[Cell, Days, Record]]:
    """Periods without a number between the first and the last of each group, with a row near them."""
    groups: dict[tuple[int, str, str, str], list[tuple[Cell, Record]]] = {}
    for cell, provenance in known:
        groups.setdefault(cell.group, []).append((cell, provenance))
    for group in sorted(groups):
        rows = sorted(groups[group], key=lambda item: item[0].days)
        for (before, _), (after, provenance) in _neighbours(rows):
            for days in _between(before.days, after.days):
                yield after, days, provenance


def _neighbours(
    rows: Sequence[tuple[Cell, Record]],
) -> Iterator[tuple[tuple[Cell, Record], tuple[Cell, Record]]]:
    """Each row and the next one that reaches farther."""
    farthest = rows[0]
    for row in rows[1:]:
        if row[0].days.last <= farthest[0].days.last:
            continue
        yield farthest, row
        farthest = row


def _between(before: Days, after: Days) -> Iterator[Days]:
    """Periods of the kind of ``before`` that lie wholly between the two."""
    days = next_days(before)
    for _ in range(MOST_GAPS):
        if days.last >= after.first:
            return
        yield days
        days = next_days(days)


def describe_gaps(
    cells: Sequence[Cell], titles: Mapping[int, str], *, span: Interval, zeros_because: str | None
) -> list[str]:
    """Sentences on periods without a row and cells without a number, series by series."""
    notes = []
    missing: dict[int, set[str]] = {}
    empty = Counter(cell.figure for cell in cells if cell.value is None and cell.window.overlaps(span))
    for cell, days, _ in absent_windows([(cell, {}) for cell in cells]):
        if span.start.date() <= days.last and days.first < span.stop.date():
            missing.setdefault(cell.figure, set()).add(_name(days))
    for position, title in titles.items():
        absent = sorted(missing.get(position, ()))
        if absent and zeros_because is not None:
            notes.append(
                f"{title}: {_number(len(absent), 'period')} without a row, taken as zero because: {zeros_because}"
            )
        elif absent:
            notes.append(f"{title}: no row for {_number(len(absent), 'period')} between the first and the last: {sentence_list(absent, at_most=6)}. Unknown, not zero.")  # fmt: skip
        if empty[position]:
            notes.append(f"{title}: no number in {_number(empty[position], 'row')}. Unknown, not zero.")
    return notes


def describe_zero_edges(cells: Sequence[Cell], titles: Mapping[int, str], *, span: Interval) -> list[str]:
    """Sentences on long runs of zeros at the start or end: perhaps a time not collected, not quiet.

    Runs that lie outside the case's span harm nobody and are not told.
    """
    notes = []
    for position, title in titles.items():
        by_day: dict[date, float] = {}
        for cell in cells:
            if cell.figure == position and cell.value is not None:
                by_day[cell.days.first] = by_day.get(cell.days.first, 0.0) + cell.value
        values = [by_day[day] for day in sorted(by_day)]
        if not any(values):
            continue
        first = next(place for place, value in enumerate(values) if value)
        last = next(place for place, value in enumerate(reversed(values)) if value)
        for length, edge, option in ((first, "first", "first_date"), (last, "last", "last_date")):
            days = sorted(by_day)
            until = days[length - 1] if edge == "first" else days[-length]
            in_span = until >= span.start.date() if edge == "first" else until < span.stop.date()
            if length >= ZEROS_WORTH_A_WORD and in_span:
                notes.append(f"{title}: the {edge} {length} numbers ({'until' if edge == 'first' else 'from'} {until.isoformat()}) are all zero: if they were not collected then, say so with the option `{option}`.")  # fmt: skip
    return notes


def _number(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")


def _name(days: Days) -> str:
    return days.first.isoformat() if days.first == days.last else f"{days.first.isoformat()} to {days.last.isoformat()}"  # fmt: skip
