"""What of an encircled force may be told outside the mission.

A neck, its place, what lies behind it and what is cut off show where to strike and where people may flee. In
the public edition they are never told, however old; what remains is told late and rounded. The full release
of a case is for a truce and a pocket that are over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from truceline.line.pocket_history import PocketDay, Range
from truceline.release.rule import ReleaseRule

#: shares are told to a tenth, areas to a hundred km²
SHARE_STEP, AREA_STEP_KM2 = 0.1, 100.0
NOTHING = Range(drawn=None, least=None, most=None)


def publish_days(days: Sequence[PocketDay], rule: ReleaseRule, *, as_of: datetime) -> list[PocketDay]:
    """The public edition of a pocket's days: those older than the delay, without widths and places."""
    until = rule.released_until(as_of)
    return [
        replace(
            day,
            area_km2=_rounded(day.area_km2, AREA_STEP_KM2),
            enclosed_share=_rounded(day.enclosed_share, SHARE_STEP),
            breadth_m=None,
            neck_m=NOTHING,
            narrows=None,
            neck=None,
            behind_km2=None,
            cut_off_km2=NOTHING,
            taken_back_km2=None,
        )
        for day in days
        if day.map_time < until
    ]


def _rounded(value: Range, step: float) -> Range:
    def to(number: float | None) -> float | None:
        return None if number is None else round(round(number / step) * step, 6)

    return Range(drawn=to(value.drawn), least=to(value.least), most=to(value.most))
