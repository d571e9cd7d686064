"""How well the line is known: less each day on which it is not redrawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from truceline.base.columns import IntArray
from truceline.base.geodesy import FloatArray
from truceline.base.intervals import microseconds
from truceline.line.history import LineHistory

#: what a line's place is given where a map states none and no second map was compared, metres
DRAWN_SD_M = 1_000.0
#: how fast the place of a line that is not redrawn becomes unknown, metres a day
DRIFT_M_PER_DAY = 150.0
#: a map that was not redrawn for longer is told to be old
OLD_DAYS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSpread:
    """Standard deviation of the line's place, and what it is made of.

    ``drawn_sd_m`` is the map's own (``position_sd_m``) where it gives one; else the disagreement with a
    second map divided by √2, since each has its share in it; else ``DRAWN_SD_M``. ``basis`` says which.
    """

    drawn_sd_m: float
    drift_m_per_day: float
    basis: str

    def at_age(self, age_days: Any) -> FloatArray:
        """√(drawn² + (drift · age)²), metres; age in days since the shape last changed."""
        age = np.asarray(age_days, dtype=np.float64)
        return np.asarray(np.hypot(self.drawn_sd_m, self.drift_m_per_day * np.abs(age)))


def measure_spread(
    history: LineHistory, *, disagreement_sd_m: float | None = None, drift_m_per_day: float = DRIFT_M_PER_DAY
) -> LineSpread:
    """What is known of a map's own uncertainty.

    disagreement_sd_m : spread of the offsets between this map and another of the same dates
    (``compare_contact.LineComparison.offset_sd_m``), metres. The drift is a stated assumption, not measured.
    """
    given = [s.position_sd_m for s in history.snapshots if s.position_sd_m is not None]
    if given:
        return LineSpread(drawn_sd_m=max(given), drift_m_per_day=drift_m_per_day, basis="the map's own")
    if disagreement_sd_m is not None and np.isfinite(disagreement_sd_m):
        drawn = float(disagreement_sd_m) / np.sqrt(2.0)
        return LineSpread(
            drawn_sd_m=float(drawn), drift_m_per_day=drift_m_per_day, basis="disagreement of two maps"
        )
    return LineSpread(drawn_sd_m=DRAWN_SD_M, drift_m_per_day=drift_m_per_day, basis="assumed")


@dataclass(frozen=True, slots=True, kw_only=True)
class OldMap:
    """A map that was not redrawn for long before a moment: its age, and what its line is worth by then."""

    title: str
    age_days: float
    sd_km: float


def old_map(history: LineHistory, *, at: datetime, spread: LineSpread | None = None) -> OldMap | None:
    """What a reader must be told of a map's age at a moment; None of one redrawn within ``OLD_DAYS``."""
    (age_days,) = age_of_line_days(history, np.array([microseconds(at)])).tolist()
    if not age_days >= OLD_DAYS:
        return None
    sd_m = float((spread or measure_spread(history)).at_age(age_days))
    return OldMap(title=history.title, age_days=age_days, sd_km=sd_m / 1000)


def age_of_line_days(history: LineHistory, at_us: IntArray) -> FloatArray:
    """Days since the shape in force last changed, (n,); NaN before the map's first.

    at_us : (n,) moments as microseconds since 1970.
    """
    changed = np.array([s.map_time.timestamp() for s in history.snapshots if s.status != "repeat"])
    moments = at_us / 1e6
    if not len(changed):
        return np.full(moments.shape, np.nan)
    last = np.searchsorted(changed, moments, side="right") - 1
    return np.where(last >= 0, (moments - changed[np.maximum(last, 0)]) / 86_400, np.nan)
