"""How well the line is known where a place is asked about, and the probability of its side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from scipy.special import ndtr

from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.base.intervals import as_utc
from truceline.line.history import LineHistory
from truceline.line.side import line_distances_m

#: what a line's place is given where a map states none and no second map was compared, metres
DRAWN_SD_M = 1_000.0
#: how fast the place of a line that is not redrawn becomes unknown, metres a day
DRIFT_M_PER_DAY = 150.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Places against the line at their times; all (n,), NaN where the map shows nothing."""

    distance_m: FloatArray  #: signed, positive in the held area
    line_sd_m: FloatArray
    inside_p: FloatArray  #: probability that the place was in the held area


def measure_spread(
    history: LineHistory, *, disagreement_sd_m: float | None = None, drift_m_per_day: float = DRIFT_M_PER_DAY
) -> LineSpread:
    """What is known of a map's own uncertainty.

    disagreement_sd_m : spread of the offsets between this map and another of the same dates
    (``compare.LineComparison.offset_sd_m``), metres. The drift is a stated assumption, not measured.
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


def age_of_line_days(history: LineHistory, at: Sequence[datetime]) -> FloatArray:
    """Days since the shape in force last changed, (n,); NaN before the map's first."""
    changed = np.array([s.map_time.timestamp() for s in history.snapshots if s.status != "repeat"])
    moments = np.array([as_utc(moment).timestamp() for moment in at], dtype=np.float64)
    if not len(changed):
        return np.full(moments.shape, np.nan)
    last = np.searchsorted(changed, moments, side="right") - 1
    return np.where(last >= 0, (moments - changed[np.maximum(last, 0)]) / 86_400, np.nan)


def inside_probability(distance_m: Any, *, line_sd_m: Any, point_sd_m: Any = 0.0) -> FloatArray:
    """Probability of being in the held area, Φ(d / √(line² + point²)); ½ on the line, NaN for NaN.

    The line is taken as straight as far as its spread reaches; errors of line and place as normal and
    independent. Without any spread it is the plain side: 0, ½ or 1.
    """
    distance = np.asarray(distance_m, dtype=np.float64)
    spread = np.hypot(np.asarray(line_sd_m, dtype=np.float64), np.asarray(point_sd_m, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(distance == 0, 0.0, distance / spread)
    return np.asarray(ndtr(ratio))


def locate(
    history: LineHistory,
    longitude_deg: Any,
    latitude_deg: Any,
    *,
    at: Sequence[datetime],
    frame: LocalFrame,
    spread: LineSpread,
    point_sd_m: Any = 0.0,
) -> Whereabouts:
    """Distance to the line at each place's own time, how well the line is known then, and P(inside)."""
    distance = line_distances_m(history, longitude_deg, latitude_deg, at=at, frame=frame)
    line_sd_m = spread.at_age(age_of_line_days(history, at))
    return Whereabouts(
        distance_m=distance,
        line_sd_m=line_sd_m,
        inside_p=inside_probability(distance, line_sd_m=line_sd_m, point_sd_m=point_sd_m),
    )
