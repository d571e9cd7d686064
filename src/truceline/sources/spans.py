"""Spans of time around a moment, as far as a calendar goes."""

from __future__ import annotations

from datetime import datetime, timedelta

from truceline.base.intervals import Interval
from truceline.sources.rows import Row

#: a time given without a spread still spans this, seconds
SHORTEST_S = 0.001
#: farther than this from a moment is no uncertainty of it, seconds (ten years)
LONGEST_S = 10 * 366 * 86_400.0


def span_around(
    row: Row, column: str, moment: datetime, *, before_s: float, after_s: float
) -> Interval | None:
    """``[moment − before, moment + after)``; None, with the problem noted, where no calendar holds it."""
    try:
        if before_s > LONGEST_S or after_s > LONGEST_S:
            raise OverflowError
        return Interval(
            moment - timedelta(seconds=before_s), moment + timedelta(seconds=max(after_s, SHORTEST_S))
        )
    except (OverflowError, ValueError):
        row.wrong("value_range", "the time and its uncertainty lie outside any calendar", column=column, got=f"{moment.isoformat()} -{before_s:g} s +{after_s:g} s", expected="a time between the years 1 and 9999, uncertain by less than ten years", next_step="Correct the value")  # fmt: skip
        return None
