"""The line as attribution sees it: signed distances at a date, and how well they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from truceline.attribution.line_distances import bulk_line_distances_m
from truceline.base.columns import IntArray
from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.line.history import LineHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """Where the line is.

    distance_m : (longitude_deg, latitude_deg, at_us) → (n,) metres, positive on the holder's side.
    sd_m : (at_us) → (n,) standard deviation of the line's place, metres.
    at_us : (n,) moments as microseconds since 1970.
    """

    holder_party_id: str
    distance_m: Callable[[FloatArray, FloatArray, IntArray], FloatArray]
    sd_m: Callable[[IntArray], FloatArray]


def view_line(
    history: LineHistory,
    *,
    frame: LocalFrame,
    drawn_sd_m: float = 1_000.0,
    drift_m_per_day: float = 150.0,
) -> LineView | None:
    """A map's line; None where it holds no shape.

    The standard deviation is √(``drawn_sd_m``² + (``drift_m_per_day`` · days since the shape last
    changed)²): a map that was not updated knows less each day. Both are stated assumptions, not
    measurements; a map's own uncertainty is not among what it gives.
    """
    if not history.snapshots:
        return None
    changed = [s.map_time.timestamp() for s in history.snapshots if s.status != "repeat"]
    times = np.array(changed or [history.snapshots[0].map_time.timestamp()])

    def distance(longitude_deg: FloatArray, latitude_deg: FloatArray, at_us: IntArray) -> FloatArray:
        return bulk_line_distances_m(history, longitude_deg, latitude_deg, at_us=at_us, frame=frame)

    def sd(at_us: IntArray) -> FloatArray:
        moments = at_us / 1e6
        last = np.searchsorted(times, moments, side="right") - 1
        age_days = (moments - times[np.clip(last, 0, None)]) / 86_400
        spread: FloatArray = np.hypot(drawn_sd_m, drift_m_per_day * np.abs(age_days))
        return spread

    return LineView(holder_party_id=history.snapshots[0].holder_party_id, distance_m=distance, sd_m=sd)
