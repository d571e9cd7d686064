"""Times as files write them: a moment, or a date that is an interval of a local day.

What is forgiven (and nothing else): blanks around the text, a one-digit hour (``3:30``), a blank
instead of ``T``. A time that the zone's clocks skipped is refused; of a time that they showed
twice the first is taken.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from truceline.base.intervals import Interval

_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[T ](\d{1,2}):(\d{2})(:\d{2}(?:\.\d{1,6})?)?(?: ?(Z|[+-]\d{2}:?\d{2}))?)?"
)  # fmt: skip
DECLARE_ZONE = "Declare the file's zone with the option `zone`"
EXAMPLE = "ISO 8601, such as 2025-04-19T18:00+03:00"


class TimeReadError(ValueError):
    """A text that is no time: the code of the problem and its words."""

    def __init__(self, code: str, message: str, *, expected: str = EXAMPLE, next_step: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.expected = expected
        self.next_step = next_step


class DateOnly(ValueError):  # noqa: N818 - not an error: the other answer of `read_moment`
    """A text that is a date without a time of day."""

    def __init__(self, day: date) -> None:
        super().__init__(day.isoformat())
        self.date = day


@lru_cache(maxsize=65_536)
def local_day(day: date, zone: str) -> Interval:
    """The day from midnight to midnight by the clocks of ``zone`` (23 to 25 hours)."""
    tz = ZoneInfo(zone)
    start = datetime(day.year, day.month, day.day, tzinfo=tz)
    after = day + timedelta(days=1)
    stop = datetime(after.year, after.month, after.day, tzinfo=tz)
    return Interval(start.astimezone(UTC), stop.astimezone(UTC))


def local_days(span: Interval, zone: str) -> list[date]:
    """Local dates of which any part lies in ``span``, in order."""
    return [piece.start.astimezone(ZoneInfo(zone)).date() for piece in span.split_days(zone)]


def read_moment(text: str, *, zone: str | None = None) -> datetime:
    """Read a moment, in UTC.

    Raises
    ------
    DateOnly
        If the text is a date.
    TimeReadError
        If it is no time, has no zone and none is declared, or never came on the zone's clocks.
    """
    quick = _read_naive(text, zone) if zone is not None else None
    if quick is not None:
        return quick
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise TimeReadError("time_format", "not a time")
    day, hour, minute, second, offset = match.groups()
    try:
        if hour is None:
            found = date.fromisoformat(day)
            if not date.min < found < date.max - timedelta(days=1):
                raise ValueError("a day at the calendar's edge")
            raise DateOnly(found)
        moment = datetime.fromisoformat(f"{day}T{int(hour):02d}:{minute}{second or ''}{offset or ''}")
    except DateOnly:
        raise
    except ValueError as error:
        raise TimeReadError("time_format", f"not a time ({error})") from error
    return place_in_zone(moment, zone)


def _read_naive(text: str, zone: str) -> datetime | None:
    """The usual form ``YYYY-MM-DD HH:MM[:SS]`` without an offset, fast; None for any other."""
    if len(text) not in (16, 19) or text[13] != ":" or text[16:17] not in ("", ":"):
        return None
    minute, second = text[14:16], text[17:19] or "0"
    if not (text.isascii() and minute.isdigit() and second.isdigit() and minute < "60" and int(second) < 60):
        return None
    hour = _hour(text[:13], zone)
    return None if hour is None else hour + timedelta(minutes=int(minute), seconds=int(second))


@lru_cache(maxsize=65_536)
def _hour(text: str, zone: str) -> datetime | None:
    """The start of an hour in UTC; None where the zone's clocks change in it, or it is no hour."""
    match = _MOMENT.fullmatch(text + ":00")
    if match is None:
        return None
    try:
        start = place_in_zone(read_moment(text + ":00+00:00").replace(tzinfo=None), zone)
        last = place_in_zone(read_moment(text + ":59+00:00").replace(tzinfo=None), zone)
    except ValueError:
        return None
    return start if last - start == timedelta(minutes=59) else None


def place_in_zone(moment: datetime, zone: str | None) -> datetime:
    """``moment`` in UTC; a naive one is read by the clocks of ``zone``.

    Raises
    ------
    TimeReadError
        If it is naive and no zone is declared, or the clocks skipped it.
    """
    if moment.tzinfo is not None:
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise TimeReadError("time_format", "a time outside the calendar") from error
    if zone is None:
        raise TimeReadError(
            "time_naive",
            "the time has no zone",
            next_step=DECLARE_ZONE,
        )
    try:
        known = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        back = known.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except OverflowError as error:
        raise TimeReadError("time_format", "a time outside the calendar") from error
    if back != moment:
        raise TimeReadError("time_format", f"the clocks of {zone} skipped this time")
    return known


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not in the IANA time zone database (such as Europe/Berlin)") from error
    return name


#: the name of a zone, checked where an option is read
Zone = Annotated[str, AfterValidator(_known_zone)]
