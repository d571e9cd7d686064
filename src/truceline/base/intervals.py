"""Times are UTC, intervals half-open ``[start, stop)``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_utc(moment: datetime) -> datetime:
    """Return ``moment`` in UTC.

    Raises
    ------
    ValueError
        If ``moment`` carries no zone: a naive time is a guess.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no zone")
    return moment.astimezone(UTC)


def parse_time(text: str, *, zone: str | None = None) -> datetime:
    """Read an ISO 8601 time; ``zone`` (IANA name) is used only where the text carries none.

    Raises
    ------
    ValueError
        If the text is not a time, or has no zone and none was declared.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        if zone is None:
            raise ValueError(f"{text!r} has no zone")
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)


def format_time(moment: datetime) -> str:
    """Write a time as ISO 8601 in UTC with a ``Z``, microseconds only where there are any."""
    return as_utc(moment).isoformat().replace("+00:00", "Z")


def microseconds(moment: datetime) -> int:
    """A moment as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Half-open interval ``[start, stop)`` in UTC, never empty."""

    start: datetime
    stop: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start))
        object.__setattr__(self, "stop", as_utc(self.stop))
        if self.stop <= self.start:
            raise ValueError(f"{self.stop.isoformat()} is not after {self.start.isoformat()}")

    @property
    def duration_h(self) -> float:
        """Length in hours."""
        return (self.stop - self.start).total_seconds() / 3600

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= as_utc(moment) < self.stop

    def overlaps(self, other: Interval) -> bool:
        """Whether the two share more than an end point."""
        return self.start < other.stop and other.start < self.stop

    def covers(self, other: Interval) -> bool:
        """Whether ``other`` lies wholly inside."""
        return self.start <= other.start and other.stop <= self.stop

    def intersection(self, other: Interval) -> Interval | None:
        """The common part, or None."""
        start, stop = max(self.start, other.start), min(self.stop, other.stop)
        return Interval(start, stop) if start < stop else None

    def split_days(self, zone: str) -> list[Interval]:
        """Cut at every local midnight of ``zone``."""
        tz = ZoneInfo(zone)
        pieces: list[Interval] = []
        start = self.start
        while start < self.stop:
            local = start.astimezone(tz)
            midnight = datetime(local.year, local.month, local.day, tzinfo=tz) + timedelta(days=1)
            stop = min(self.stop, midnight.astimezone(UTC))
            pieces.append(Interval(start, stop))
            start = stop
        return pieces

    def split_months(self, zone: str) -> list[Interval]:
        """Cut at the local midnight that begins each calendar month of ``zone``."""
        tz = ZoneInfo(zone)
        pieces: list[Interval] = []
        start = self.start
        while start < self.stop:
            local = start.astimezone(tz)
            first = month_start(local.year, local.month, after=1, zone=tz)
            stop = min(self.stop, first)
            pieces.append(Interval(start, stop))
            start = stop
        return pieces


def month_start(year: int, month: int, *, after: int = 0, zone: ZoneInfo) -> datetime:
    """Midnight in ``zone``, as UTC, of the first day of the month ``after`` months later."""
    years, month0 = divmod(month - 1 + after, 12)
    return datetime(year + years, month0 + 1, 1, tzinfo=zone).astimezone(UTC)
