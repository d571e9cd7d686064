"""Bins of time by the clock of a zone, aligned to the truce's window."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from truceline.base.intervals import Interval, month_start


@lru_cache(maxsize=64)
def make_bins(
    *, bin_h: float, zone: str, window: Interval, span: Interval, bin_months: int | None = None
) -> tuple[Interval, ...]:
    """Bins that lie wholly inside ``span``, in time order.

    Edges stand at fixed local times, so that a bin of the day means the same before and after
    the clocks change; on such a day one bin is shorter or longer. Bins shorter than a day are
    aligned to the window's start, others to local midnight. With ``bin_months``, bins are so many
    calendar months and ``bin_h`` is not looked at.

    Raises
    ------
    ValueError
        If ``bin_h`` neither divides a day nor is a whole number of days.
    """
    tz = ZoneInfo(zone)
    first = span.start.astimezone(tz).date() - timedelta(days=1)
    last = span.stop.astimezone(tz).date() + timedelta(days=1)
    if bin_months is not None:
        n_months = (last.year - first.year) * 12 + last.month - first.month + 1
        edges = [
            month_start(first.year, first.month, after=k, zone=tz)
            for k in range(0, n_months + bin_months, bin_months)
        ]
    elif bin_h >= 24:
        if bin_h % 24:
            raise ValueError(f"bin_h {bin_h:g} is not a whole number of days")
        step_days = round(bin_h / 24)
        start = first + timedelta(days=1)
        edges = [_local(day, 0.0, tz) for day in _days(start, last, step_days)]
    else:
        per_day = round(24 / bin_h)
        if abs(per_day * bin_h - 24) > 1e-9:
            raise ValueError(f"bin_h {bin_h:g} does not divide a day")
        opening = window.start.astimezone(tz)
        phase_h = (opening.hour + opening.minute / 60 + opening.second / 3600) % bin_h
        edges = [
            _local(day, phase_h + step * bin_h, tz)
            for day in _days(first, last, 1)
            for step in range(per_day)
        ]
    edges = sorted(set(edges))
    bins = (Interval(start, stop) for start, stop in pairwise(edges))
    return tuple(one for one in bins if span.covers(one))


def _days(first: date, last: date, step_days: int) -> list[date]:
    return [first + timedelta(days=k) for k in range(0, (last - first).days + 1, step_days)]


def _local(day: date, hour: float, tz: ZoneInfo) -> datetime:
    """The moment of a local wall-clock time, in UTC."""
    clock = datetime(day.year, day.month, day.day, tzinfo=tz) + timedelta(hours=hour)
    return clock.astimezone(ZoneInfo("UTC"))
