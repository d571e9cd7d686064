"""Where a frame stands that nobody gives: in the middle of what was watched."""

from __future__ import annotations

import numpy as np
import shapely

from truceline.base.columns import floats
from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.schema.table import Table


def centre_frame(observations: Table, coverage: Table, areas: Table) -> LocalFrame:
    """A frame in the middle of what was watched; of areas, or of the records, where no circle is.

    The cells in which fusion learns where fire is begin at its centre: so what is far off, or only
    reported, must not move it. A middle is one of the places, rounded to a degree; over the antimeridian too.
    """
    outlines = shapely.from_wkb(areas["geometry"].drop_null().to_pylist())
    west, south, east, north = shapely.bounds(outlines).reshape(-1, 4).T
    watched, seen = ((floats(table["longitude_deg"]), floats(table["latitude_deg"])) for table in (coverage, observations))  # fmt: skip
    for longitude, latitude in (watched, ((west + east) / 2, (south + north) / 2), seen):
        placed = np.isfinite(longitude) & np.isfinite(latitude)
        if placed.any():
            break
    else:
        return LocalFrame("fuse", 0.0, 0.0)
    start = _west_end(longitude[placed])
    middle = round(start + _middle((longitude[placed] - start) % 360.0))
    return LocalFrame("fuse", float((middle + 180) % 360 - 180), float(round(_middle(latitude[placed]))))


def _middle(values: FloatArray) -> float:
    """The lower median: a few values far off leave it among the others."""
    return float(np.sort(values)[(len(values) - 1) // 2])


def _west_end(longitude: FloatArray) -> float:
    """The west end of the shortest arc that holds all longitudes."""
    ordered = np.unique(longitude)
    gaps = np.diff(np.append(ordered, ordered[0] + 360.0))
    return float(ordered[(int(gaps.argmax()) + 1) % len(ordered)])
