"""From the plane in metres to a page in pixels: bounds, paths, graticule, scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import WGS84, FloatArray, LocalFrame
from truceline.base.language import digits, pgettext
from truceline.line.shapes import polygonal

Region = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A rectangle of the plane of ``frame`` laid on ``width`` units, y downwards."""

    frame: LocalFrame
    region: Region
    x_min_m: float
    y_max_m: float
    units_per_m: float
    width: float
    height: float

    def project(self, longitude_deg: FloatArray, latitude_deg: FloatArray) -> FloatArray:
        """Degrees → units, (n, 2)."""
        x_m, y_m = self.frame.to_plane(longitude_deg, latitude_deg)
        return np.column_stack([(x_m - self.x_min_m), (self.y_max_m - y_m)]) * self.units_per_m

    def point(self, longitude_deg: float, latitude_deg: float) -> tuple[float, float]:
        """One place → units."""
        x, y = self.project(np.array([longitude_deg]), np.array([latitude_deg]))[0]
        return float(x), float(y)

    def holds(self, x: float, y: float, *, margin: float = 0.0) -> bool:
        """Whether a point lies on the page, ``margin`` units from its edge."""
        return margin <= x <= self.width - margin and margin <= y <= self.height - margin

    def shape(self, geometry: BaseGeometry, *, tolerance: float = 0.3) -> BaseGeometry:
        """A WGS 84 geometry → units, clipped to the page, simplified by ``tolerance`` units."""
        west, south, east, north = self.region
        near = shapely.intersection(geometry, shapely.box(west - 1, south - 1, east + 1, north + 1))
        moved = shapely.transform(near, lambda points: self.project(points[:, 0], points[:, 1]))
        if moved.geom_type.endswith("Polygon") and not moved.is_valid:
            moved = polygonal(moved)
        clipped = shapely.intersection(moved, shapely.box(-2, -2, self.width + 2, self.height + 2))
        return shapely.simplify(clipped, tolerance, preserve_topology=False) if tolerance else clipped

    def scale_bar(self, x: float, y: float, *, most: float) -> tuple[int, float, float]:
        """A round number of km, its length in units at that place, and the latitude there.

        The longest of 1, 2, 5 × 10ⁿ km that takes at most ``most`` units.
        """
        spots = self.frame.to_globe(
            np.array([x, x + most]) / self.units_per_m + self.x_min_m,
            self.y_max_m - np.array([y, y]) / self.units_per_m,
        )
        km_per_unit = WGS84.line_length(*spots) / 1000 / most
        choices = [base * 10**power for power in range(5) for base in (1, 2, 5)]
        length_km = max([km for km in choices if km / km_per_unit <= most], default=1)
        return length_km, length_km / km_per_unit, float(spots[1][0])


def lay_page(frame: LocalFrame, region: Region, *, width: float) -> Page:
    """The largest upright rectangle of the plane inside the region's box in degrees.

    The box's meridians and parallels are curved in the plane; the rectangle stays inside them, so
    that ground cut at the box never shows its cut.
    """
    west, south, east, north = region
    longitude, latitude = np.linspace(west, east, 65), np.linspace(south, north, 65)
    left = frame.to_plane(np.full(65, west), latitude)[0].max()
    right = frame.to_plane(np.full(65, east), latitude)[0].min()
    low_x, low_y = frame.to_plane(longitude, np.full(65, south))
    high_x, high_y = frame.to_plane(longitude, np.full(65, north))
    bottom = low_y[(low_x >= left - 1) & (low_x <= right + 1)].max()
    top = high_y[(high_x >= left - 1) & (high_x <= right + 1)].min()
    units_per_m = width / (right - left)
    return Page(
        frame=frame,
        region=region,
        x_min_m=float(left),
        y_max_m=float(top),
        units_per_m=float(units_per_m),
        width=float(width),
        height=round(float((top - bottom) * units_per_m), 1),
    )


def write_number(value: float) -> str:
    """One decimal place, without a trailing zero or a negative zero."""
    text = f"{value:.1f}"
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


def write_path(geometry: BaseGeometry) -> str:
    """SVG path of lines and polygons (holes by the even–odd rule), in whole tenths of a unit."""
    pieces = []
    for part in shapely.get_parts(shapely.boundary(geometry) if _is_area(geometry) else geometry):
        if part.geom_type not in ("LineString", "LinearRing") or part.is_empty:
            continue
        points = np.round(shapely.get_coordinates(part), 1)
        keep = np.append(True, np.any(np.diff(points, axis=0) != 0, axis=1))
        points = points[keep]
        if len(points) < 2:
            continue
        text = "M" + "L".join(f"{write_number(x)} {write_number(y)}" for x, y in points)
        pieces.append(text + "Z" if part.is_closed else text)
    return "".join(pieces)


def _is_area(geometry: BaseGeometry) -> bool:
    return geometry.geom_type in ("Polygon", "MultiPolygon")


def coast_of(land: BaseGeometry) -> BaseGeometry:
    """The boundary of the land without the edge of the box that it was cut to."""
    cut = shapely.box(*land.bounds).boundary.buffer(1e-4)
    return shapely.difference(shapely.boundary(land), cut)


def off_coast(edge: BaseGeometry, land: BaseGeometry | None, page: Page) -> BaseGeometry:
    """The edge of a held area (units) without what runs within 4 km of a coast, drawn already."""
    if land is None:
        return edge
    coast = page.shape(coast_of(land))
    return shapely.difference(edge, shapely.buffer(coast, 4_000 * page.units_per_m, quad_segs=4))


def graticule(page: Page) -> list[tuple[str, int | float, BaseGeometry]]:
    """Meridians (``lon``) and parallels (``lat``) at a round step: kind, degrees, line in units."""
    west, south, east, north = page.region
    step = next(
        (s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if max(east - west, north - south) / s <= 11), 30
    )
    lines: list[tuple[str, int | float, BaseGeometry]] = []
    for kind, low, high, from_deg, to_deg in (
        ("lon", west, east, south, north),
        ("lat", south, north, west, east),
    ):
        for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
            degree = round(number * step, 6)
            along = np.linspace(from_deg - 1, to_deg + 1, 60)
            fixed = np.full(60, degree)
            points = page.project(*((fixed, along) if kind == "lon" else (along, fixed)))
            line = shapely.intersection(
                shapely.linestrings(points), shapely.box(0, 0, page.width, page.height)
            )
            if not line.is_empty:
                lines.append((kind, int(degree) if degree == int(degree) else degree, line))
    return lines


def degree_label(kind: str, degree: float) -> str:
    """``36° E``, ``48.5° N``, ``0°``."""
    if degree == 0:
        return "0°"
    east, north = (
        pgettext("degrees", "E") if degree > 0 else pgettext("degrees", "W"),
        pgettext("degrees", "N") if degree > 0 else pgettext("degrees", "S"),
    )
    return f"{digits(f'{abs(degree):g}')}° {east if kind == 'lon' else north}"
