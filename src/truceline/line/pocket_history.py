"""A pocket through time by one map: what was measured on each of its dates, and since when it had no way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from truceline.line.enclosure import Enclosure, Measured

#: a way is a narrowing where it is narrower than this share of the pocket's own breadth
NARROWS_BELOW = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A figure as drawn, and the least and greatest that the map's stated error leaves room for."""

    drawn: float | None
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PocketDay:
    """One date of one map. Widths in metres, areas in km²; null: withheld, or no pocket to measure."""

    map_id: str
    map_time: datetime
    status: str  #: first, update, or repeat: the map was not redrawn, which is missing data
    area_km2: Range
    enclosed_share: Range
    breadth_m: float | None
    neck_m: Range
    narrows: bool | None  #: whether the way out is narrower than the pocket is broad
    neck: tuple[tuple[float, float], tuple[float, float]] | None  #: flanks, longitude and latitude
    behind_km2: float | None  #: the pocket's ground behind a narrowing
    cut_off_km2: Range
    taken_back_km2: float | None = None  #: of a map that shows what the other side took back


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedSince:
    """The run of dates without a way out that lasts to the map's end; nulls: the last date has one."""

    after: datetime | None  #: last date that shows a way out; null: none ever did
    by: datetime | None  #: first date of the run without one


def tell_day(
    map_id: str,
    map_time: datetime,
    status: str,
    measured: Measured,
    *,
    taken_back_km2: float | None = None,
) -> PocketDay:
    """What was measured on a date, each figure with its range."""
    drawn = measured.drawn
    three = (drawn, measured.tight, measured.wide)
    narrows = drawn.neck_m < NARROWS_BELOW * drawn.breadth_m if drawn.area_km2 > 0 else None
    return PocketDay(
        map_id=map_id,
        map_time=map_time,
        status=status,
        area_km2=_range([one.area_km2 for one in three]),
        enclosed_share=_range([one.enclosed_share for one in three]),
        breadth_m=drawn.breadth_m if drawn.area_km2 > 0 else None,
        neck_m=_range([_way_m(one) for one in three]),
        narrows=narrows,
        neck=drawn.neck if narrows else None,
        behind_km2=drawn.behind_km2 if narrows else None,
        cut_off_km2=_range([one.cut_off_km2 for one in three]),
        taken_back_km2=taken_back_km2,
    )


def _way_m(one: Enclosure) -> float | None:
    return one.neck_m if one.area_km2 > 0 else None


def _range(values: Sequence[float | None]) -> Range:
    known = [value for value in values if value is not None]
    return Range(drawn=values[0], least=min(known) if known else None, most=max(known) if known else None)


def closed_since(days: Sequence[PocketDay], *, which: str = "drawn") -> ClosedSince:
    """Since when the pocket has had no way out, by one map's dates in time order.

    which : ``drawn``, ``least`` (as tight as the error allows) or ``most``.
    """
    known = [day for day in days if getattr(day.neck_m, which) is not None]
    run: list[PocketDay] = []
    before: PocketDay | None = None
    for day in known:
        if getattr(day.neck_m, which) > 0:
            before, run = day, []
        else:
            run.append(day)
    if not run:
        return ClosedSince(after=None, by=None)
    return ClosedSince(after=None if before is None else before.map_time, by=run[0].map_time)
