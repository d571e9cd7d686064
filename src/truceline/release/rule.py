"""The release rule: which edition, how late, how coarse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from truceline.base.language import N_

EditionName = Literal["public_full", "public", "mission"]

EDITIONS: dict[str, str] = {
    "public_full": N_("Public, in full"),
    "public": N_("Public: delayed and coarsened"),
    "mission": N_("Mission: not for release"),
}
#: a case that may be released in full may be released in every edition; one that may not, in these
ALLOWED: dict[str, tuple[str, ...]] = {
    "public_full": ("public_full", "public", "mission"),
    "public": ("public", "mission"),
    "mission": ("mission", "public"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRule:
    """What the public edition holds back."""

    delay_h: float  #: hours that must have passed since the end of what is told
    cell_m: float  #: places are told as cells of this size
    zone: str  #: whose days are released whole

    def released_until(self, as_of: datetime) -> datetime:
        """The local midnight up to which days are released: whole days older than the delay."""
        tz = ZoneInfo(self.zone)
        latest = (as_of - timedelta(hours=self.delay_h)).astimezone(tz)
        return datetime(latest.year, latest.month, latest.day, tzinfo=tz).astimezone(UTC)


def moment_of(as_of: str, zone: str) -> datetime:
    """The beginning of the day ``as_of`` (ISO date), or the moment it names (with an offset), UTC.

    Raises
    ------
    ValueError
        If it is neither.
    """
    moment = datetime.fromisoformat(as_of)
    if moment.tzinfo is None:
        # a date is midnight: whenever on that day is published, no less than the delay has passed
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)
