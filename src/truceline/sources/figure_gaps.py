"""What published figures leave out: periods without a row, cells without a number, runs of zeros."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from truceline.base.intervals import Interval
from truceline.sources.columns import Mask
from truceline.sources.figure_cells import Known
from truceline.sources.outcome import sentence_list
from truceline.sources.periods import Days, next_days

#: a run of zeros at the start or end of a series that is this long is pointed out
ZEROS_WORTH_A_WORD = 10
#: what a period of more days than this apart is, is no gap in a table but another table
MOST_GAPS = 40_000


def absent_windows(known: Known) -> Iterator[tuple[int, Days]]:
    """Periods without a number between the first and the last of each group, with the number after them."""
    group = known.groups()
    first, last = known.dates()
    order = np.lexsort((last, first, group))
    group, first, last = group[order], first[order], last[order]
    # of each group those that reach farther than all before them: between two of these is what is absent
    far = np.maximum.accumulate(last + group * (date.max.toordinal() + 1)) if len(order) else last
    reaches = np.ones(len(order), np.bool_)
    reaches[1:] = (far[1:] > far[:-1]) | (group[1:] != group[:-1])
    chain = np.flatnonzero(reaches)
    before, after = chain[:-1], chain[1:]
    apart = (group[before] == group[after]) & (first[after] > last[before] + 1)
    every, codes = known.cells.days.known, known.columns["days"]
    for one, two in zip(order[before[apart]].tolist(), order[after[apart]].tolist(), strict=True):
        for days in _between(every[codes[one]], every[codes[two]]):
            yield two, days


def _between(before: Days, after: Days) -> Iterator[Days]:
    """Periods of the kind of ``before`` that lie wholly between the two."""
    days = next_days(before)
    for _ in range(MOST_GAPS):
        if days.last >= after.first:
            return
        yield days
        days = next_days(days)


def describe_gaps(
    known: Known, titles: Mapping[int, str], *, in_span: Mask, span: Interval, zeros_because: str | None
) -> list[str]:
    """Sentences on periods without a row and cells without a number, series by series."""
    notes = []
    missing: dict[int, set[str]] = {}
    figures = known.columns["figure"]
    empty = np.bincount(figures[np.isnan(known.values) & in_span], minlength=len(titles))
    for at, days in absent_windows(known):
        if span.start.date() <= days.last and days.first < span.stop.date():
            missing.setdefault(int(figures[at]), set()).add(_name(days))
    for position, title in titles.items():
        absent = sorted(missing.get(position, ()))
        if absent and zeros_because is not None:
            notes.append(
                f"{title}: {_number(len(absent), 'period')} without a row, taken as zero because: {zeros_because}"
            )
        elif absent:
            notes.append(f"{title}: no row for {_number(len(absent), 'period')} between the first and the last: {sentence_list(absent, at_most=6)}. Unknown, not zero.")  # fmt: skip
        if empty[position]:
            notes.append(f"{title}: no number in {_number(int(empty[position]), 'row')}. Unknown, not zero.")
    return notes


def describe_zero_edges(known: Known, titles: Mapping[int, str], *, span: Interval) -> list[str]:
    """Sentences on long runs of zeros at the start or end: perhaps a time not collected, not quiet.

    Runs that lie outside the case's span harm nobody and are not told.
    """
    notes = []
    firsts, _ = known.dates()
    for position, title in titles.items():
        at = (known.columns["figure"] == position) & ~np.isnan(known.values)
        days, which = np.unique(firsts[at], return_inverse=True)
        values: list[float] = np.bincount(which, weights=known.values[at], minlength=len(days)).tolist()
        notes += _zero_edges(title, [date.fromordinal(day) for day in days.tolist()], values, span=span)
    return notes


def _zero_edges(title: str, days: Sequence[date], values: Sequence[float], *, span: Interval) -> list[str]:
    if not any(values):
        return []
    notes = []
    first = next(place for place, value in enumerate(values) if value)
    last = next(place for place, value in enumerate(reversed(values)) if value)
    for length, edge, option in ((first, "first", "first_date"), (last, "last", "last_date")):
        until = days[length - 1] if edge == "first" else days[-length]
        in_span = until >= span.start.date() if edge == "first" else until < span.stop.date()
        if length >= ZEROS_WORTH_A_WORD and in_span:
            notes.append(f"{title}: the {edge} {length} numbers ({'until' if edge == 'first' else 'from'} {until.isoformat()}) are all zero: if they were not collected then, say so with the option `{option}`.")  # fmt: skip
    return notes


def _number(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")


def _name(days: Days) -> str:
    return days.first.isoformat() if days.first == days.last else f"{days.first.isoformat()} to {days.last.isoformat()}"  # fmt: skip
