"""The line as attribution sees it: signed distances at a date, and how well they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from truceline.base.columns import IntArray
from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.line.distances import line_distances_m
from truceline.line.history import LineHistory
from truceline.line.uncertainty import DRAWN_SD_M, DRIFT_M_PER_DAY, LineSpread, age_of_line_days


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
    drawn_sd_m: float = DRAWN_SD_M,
    drift_m_per_day: float = DRIFT_M_PER_DAY,
) -> LineView | None:
    """A map's line; None where it holds no shape.

    Its standard deviation is that of ``LineSpread.at_age``, by stated assumptions and not by
    measurements; a map's own uncertainty is not among what it gives.
    """
    if not history.snapshots:
        return None
    spread = LineSpread(drawn_sd_m=drawn_sd_m, drift_m_per_day=drift_m_per_day, basis="assumed")

    def distance(longitude_deg: FloatArray, latitude_deg: FloatArray, at_us: IntArray) -> FloatArray:
        return line_distances_m(history, longitude_deg, latitude_deg, at_us=at_us, frame=frame)

    def sd(at_us: IntArray) -> FloatArray:
        return spread.at_age(age_of_line_days(history, at_us))

    return LineView(holder_party_id=history.snapshots[0].holder_party_id, distance_m=distance, sd_m=sd)
