"""Where and when totals are told of: the ground that was watched, and the weeks of the watch."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.columns import floats
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.schema.table import Table

WEEK = timedelta(days=7)
#: farther from the middle than this a box of metres is no longer one on the globe
FARTHEST_M = 9_000_000.0


def split_weeks(start: datetime, stop: datetime, *, most: int) -> list[Interval]:
    """Weeks from start to stop, or as many whole weeks at once as leave no more than ``most`` periods."""
    n_weeks = -(-(stop - start) // WEEK)
    step = WEEK * max(1, -(-n_weeks // most))
    n = -(-(stop - start) // step)
    begins = [start + k * step for k in range(n)]
    return [Interval(low, high) for low, high in zip(begins, [*begins[1:], stop], strict=True)]


def box_watched(coverage: Table, frame: LocalFrame) -> dict[str, BaseGeometry]:
    """A box around all circles watched, where no areas are given; none without circles.

    One that holds a pole, or reaches round the globe, is the whole globe.
    """
    at = [floats(coverage[name]) for name in ("longitude_deg", "latitude_deg", "radius_m")]
    known = np.isfinite(np.stack(at)).all(axis=0) & (at[2] > 0)
    if not known.any():
        return {}
    longitude, latitude, radius_m = (one[known] for one in at)
    x, y = frame.to_plane(longitude, latitude)
    ground = shapely.box(
        (x - radius_m).min(), (y - radius_m).min(), (x + radius_m).max(), (y + radius_m).max()
    )
    poles = shapely.points(*frame.to_plane(np.zeros(2), np.array([-90.0, 90.0])))
    reach_m = float(np.hypot(*np.abs(shapely.get_coordinates(ground)).max(axis=0)))
    if reach_m > FARTHEST_M or shapely.intersects(ground, poles).any():
        west = frame.longitude_deg - 180
        return {"": shapely.segmentize(shapely.box(west, -90, west + 360, 90), 10.0)}
    return {"": frame.geometry_to_globe(shapely.segmentize(ground, 20_000.0))}
