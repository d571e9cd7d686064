"""Where a thing lies that was noticed so far away and in such a direction: the sector and its middle."""

from __future__ import annotations

import math

from truceline.sources.sighting_words import Band


def sector_middle(distance: Band, bearing: Band | None) -> tuple[float, float, float]:
    """Mean distance (m), standard deviation in each direction (m) and bearing (°) of a ring sector.

    For a place uniform over the area between radii a and b and over an angle w:
    E[r] = ⅔ (b³ − a³) / (b² − a²), E[r²] = (a² + b²) / 2, and the mean of the unit vector is
    sin(w/2) / (w/2) towards the middle; the variance of both coordinates together is
    E[r²] − |mean|². Without a bearing w is the full circle and the middle the observer's place.
    """
    near, far = distance.low, distance.high if distance.high is not None else distance.low
    thick = far - near > 1e-9 * far
    mean_r = 2 / 3 * (far**3 - near**3) / (far**2 - near**2) if thick else far
    half = math.radians((bearing.high or 0.0) - bearing.low) / 2 if bearing is not None else math.pi
    mean_m = mean_r * (math.sin(half) / half if half > 1e-12 else 1.0)
    variance = (near**2 + far**2) / 2 - mean_m**2
    towards = 0.0 if bearing is None else ((bearing.low + (bearing.high or bearing.low)) / 2) % 360
    return abs(mean_m), math.sqrt(max(variance, 0.0) / 2), towards
