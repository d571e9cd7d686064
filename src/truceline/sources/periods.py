"""Periods as tables write them: a day, a week, a month, a quarter, a year, or part of one up to a date.

Forms: ``2021-02-24``, ``24 Feb 2021``, ``Feb 24, 2021``; ``2021-W08``; ``2021-02``, ``Feb 2021``,
``2021 February``, ``2/2021``; ``2021-Q1``; ``2021``; ``until 24 Feb 2021`` (from the first of the
month, the named day included); ``1-24 Feb 2021``; ``2021-02-01/2021-02-24`` (both days included).
A period stands for whole days by the clocks of a zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from truceline.base.intervals import Interval

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")  # fmt: skip
_MONTH_OF = {
    **{name: number for number, name in enumerate(_MONTHS, start=1)},
    **{name[:3]: number for number, name in enumerate(_MONTHS, start=1)},
    "sept": 9,
}
#: forms of a date, each with what its groups are: year, month, name of a month, day
Forms: TypeAlias = tuple[tuple[re.Pattern[str], str], ...]

_WORD = r"([^\W\d_]+)\.?"
_DAY_FORMS: Forms = (
    (re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"), "ymd"),
    (re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?[ -]{_WORD}[ ,-]+(\d{{4}})"), "dny"),
    (re.compile(rf"{_WORD} (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})"), "ndy"),
)
_MONTH_FORMS: Forms = (
    (re.compile(r"(\d{4})[-/ ](\d{1,2})"), "ym"),
    (re.compile(r"(\d{1,2})[-/](\d{4})"), "my"),
    (re.compile(rf"{_WORD}[ ,-]+(\d{{4}})"), "ny"),
    (re.compile(rf"(\d{{4}})[ ,-]+{_WORD}"), "yn"),
)
_WEEK = re.compile(r"(\d{4})-?W(\d{2})")
_QUARTER = re.compile(r"(\d{4})[- ]?Q([1-4])", re.IGNORECASE)
_YEAR = re.compile(r"\d{4}")
_UNTIL = re.compile(r"(?:until|till|up to|through|as of)\s+(.+)", re.IGNORECASE)
_PART = re.compile(rf"(\d{{1,2}}) ?[-–] ?(\d{{1,2}})[ -]{_WORD}[ ,-]+(\d{{4}})")


#: years that a period may lie in: others are slips of the pen
EARLIEST, LATEST = 1500, 2500


class PeriodError(ValueError):
    """A text that names no period."""


@dataclass(frozen=True, slots=True, order=True)
class Days:
    """Whole days, both ends included."""

    first: date
    last: date


def read_days(text: str, *, months: Mapping[str, int] | None = None) -> Days:
    """The days that a text names; ``months`` adds names of months (case-folded) to the English ones.

    Raises
    ------
    PeriodError
        If it names none.
    """
    text = " ".join(text.split())
    names = _MONTH_OF if not months else {**_MONTH_OF, **months}
    try:
        found = _read(text, names)
    except ValueError as error:
        raise PeriodError(f"not a period ({error})") from error
    if found is None or not EARLIEST <= found.first.year <= found.last.year <= LATEST:
        raise PeriodError("not a period")
    return found


def month_names(names: Sequence[str]) -> dict[str, int]:
    """Twelve names, January first, as ``read_days`` takes them."""
    return {name.casefold(): number for number, name in enumerate(names, start=1)}


def _read(text: str, names: Mapping[str, int]) -> Days | None:
    if (until := _UNTIL.fullmatch(text)) is not None:
        last = _day(until[1], names)
        return None if last is None else Days(last.replace(day=1), last)
    if (part := _PART.fullmatch(text)) is not None and part[3].casefold() in names:
        year, month = int(part[4]), names[part[3].casefold()]
        return _ordered(date(year, month, int(part[1])), date(year, month, int(part[2])))
    if text.count("/") == 1 and len(text) >= 21:
        first, last = (_day(half.strip(), names) for half in text.split("/"))
        return None if first is None or last is None else _ordered(first, last)
    if (day := _day(text, names)) is not None:
        return Days(day, day)
    if (month_first := _month(text, names)) is not None:
        return Days(month_first, _months_after(month_first, 1) - timedelta(days=1))
    if (week := _WEEK.fullmatch(text)) is not None:
        monday = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        return Days(monday, monday + timedelta(days=6))
    if (quarter := _QUARTER.fullmatch(text)) is not None:
        first = date(int(quarter[1]), 3 * int(quarter[2]) - 2, 1)
        return Days(first, _months_after(first, 3) - timedelta(days=1))
    if _YEAR.fullmatch(text):
        return Days(date(int(text), 1, 1), date(int(text), 12, 31))
    return None


def _day(text: str, names: Mapping[str, int]) -> date | None:
    return _date(text, _DAY_FORMS, names)


def _month(text: str, names: Mapping[str, int]) -> date | None:
    """The first day of a month."""
    return _date(text, _MONTH_FORMS, names)


def _date(text: str, forms: Forms, names: Mapping[str, int]) -> date | None:
    """The date by the first form that fits and whose month has a known name."""
    for form, order in forms:
        match = form.fullmatch(text)
        if match is None:
            continue
        value = dict(zip(order, match.groups(), strict=True))
        month = int(value["m"]) if "m" in value else names.get(value["n"].casefold())
        if month is not None:
            return date(int(value["y"]), month, int(value.get("d", 1)))
    return None


def _ordered(first: date, last: date) -> Days:
    if last < first:
        raise ValueError(f"{last.isoformat()} comes before {first.isoformat()}")
    return Days(first, last)


def _months_after(first: date, n_months: int) -> date:
    months = first.month - 1 + n_months
    return date(first.year + months // 12, months % 12 + 1, 1)


@lru_cache(maxsize=65_536)
def clock_time(day: date, zone: str, *, minutes: int = 0) -> datetime:
    """The moment at which the clocks of ``zone`` show so many minutes after midnight, in UTC."""
    return datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # fmt: skip


@lru_cache(maxsize=65_536)
def days_window(days: Days, zone: str, *, day_starts_min: int = 0, named_by_last: bool = False) -> Interval:
    """The window of whole days whose clock starts ``day_starts_min`` minutes after midnight.

    A day that starts at 19:30 may be named by the date on which it starts, or (``named_by_last``)
    by the date on which it ends.
    """
    shift = timedelta(days=1 if named_by_last and day_starts_min else 0)
    return Interval(
        clock_time(days.first - shift, zone, minutes=day_starts_min),
        clock_time(days.last - shift + timedelta(days=1), zone, minutes=day_starts_min),
    )


def next_days(days: Days) -> Days:
    """The period of the same kind after this one: a month after a month, else as many days."""
    first = days.last + timedelta(days=1)
    for n_months in (12, 3, 1):
        if days.first.day == 1 and _months_after(days.first, n_months) == first:
            return Days(first, _months_after(first, n_months) - timedelta(days=1))
    return Days(first, first + (days.last - days.first))
