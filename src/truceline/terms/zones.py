"""Zones: where a duty holds, from where arms are drawn back, along which ways people may leave."""

from __future__ import annotations

from itertools import pairwise
from math import cos, radians
from typing import Literal

from pydantic import Field, model_validator

from truceline.base.documents import Model
from truceline.terms.conditions import Span

#: of latitude, and of longitude at the equator
KM_A_DEGREE = 111.2

Place = tuple[float, float]  #: longitude, latitude, degrees (WGS 84)

#: what a zone of each kind is drawn from
NEEDS: dict[str, tuple[str, ...]] = {
    "polygon": ("polygon",),
    "circle": ("centre", "radius_km"),
    "band": ("line", "from_km", "to_km"),
    "corridor": ("path", "width_m", "windows"),
    "area": ("area",),
}


class Zone(Model):
    """A zone, drawn in one of five ways."""

    id: str = Field(description="short id")
    name: str = Field(description="name for people")
    kind: Literal["polygon", "circle", "band", "corridor", "area"] = Field(
        description="polygon; circle; band along a line; corridor along a path; area of the case"
    )
    purpose: Literal[
        "covered",
        "disengagement",
        "withdrawal",
        "no_fly",
        "no_sail",
        "corridor",
        "surrender",
        "exempt",
        "protected",
    ] = Field(
        description="what the zone is for; corridor: a way out for those cut off or for people; surrender: where "
        "those who lay down arms are received"
    )
    clauses: list[str] = Field(default_factory=list, description="clauses that define it")
    polygon: list[Place] | None = Field(None, description="corners in order: [longitude, latitude], degrees")
    centre: Place | None = Field(None, description="[longitude, latitude], degrees")
    radius_km: float | None = Field(None, description="radius; km")
    line: str | None = Field(None, description="id of the line that a band follows")
    line_as_of: Literal["start", "moment"] = Field(
        "start", description="the line as it stood at the truce's start, or as it stands at each moment"
    )
    from_km: float | None = Field(None, description="nearer edge of the band; km from the line")
    to_km: float | None = Field(None, description="farther edge of the band; km from the line")
    sides: list[str] | None = Field(None, description="parties on whose side the zone lies; null: both sides")
    path: list[Place] | None = Field(
        None, description="points along a corridor: [longitude, latitude], degrees"
    )
    width_m: float | None = Field(None, description="full width of a corridor; metres")
    windows: list[Span] | None = Field(None, description="when a corridor is open, or a surrender received")
    conditions: list[str] = Field(
        default_factory=list, description="what those who use a way out must do or are promised, as said"
    )
    area: str | None = Field(None, description="id of an area of the case")
    weapons: list[str] = Field(default_factory=list, description="weapon classes that may not be in it")
    floor_m: float | None = Field(None, description="lowest height above ground; metres; null: the ground")
    ceiling_m: float | None = Field(None, description="greatest height above ground; metres; null: none")
    note: str | None = Field(None, description="remark for readers")

    @model_validator(mode="after")
    def _drawn(self) -> Zone:
        absent = [name for name in NEEDS[self.kind] if getattr(self, name) is None]
        if absent:
            raise ValueError(f"a zone of kind {self.kind} needs {', '.join(absent)}")
        return self

    def emptiness(self) -> str | None:
        """Why the zone holds no ground, or cannot be drawn; None where it is sound."""
        for longitude_deg, latitude_deg in self.places:
            if abs(longitude_deg) > 180 or abs(latitude_deg) > 90:
                return "a place is outside the Earth: longitude first, latitude second"
        if self.crosses_date_line:
            return "it crosses the date line; draw one zone on each side"
        if self.polygon is not None and _doubled_area_deg2(self.polygon) < 1e-12:
            return "its area is zero"
        if self.polygon is not None and _crosses_itself(self.polygon):
            return "its edges cross each other; give its corners in the order in which they are walked"
        if self.radius_km is not None and self.radius_km <= 0:
            return "its radius is not above zero"
        if self.width_m is not None and self.width_m <= 0:
            return "its width is not above zero"
        if self.path is not None and len({*self.path}) < 2:
            return "its path has fewer than two places"
        if self.from_km is not None and self.to_km is not None and not 0 <= self.from_km < self.to_km:
            return "its farther edge is not beyond its nearer one"
        if self.floor_m is not None and self.ceiling_m is not None and self.floor_m >= self.ceiling_m:
            return "its ceiling is not above its floor"
        return None

    @property
    def places(self) -> list[Place]:
        """Every place that draws it."""
        return [*(self.polygon or ()), *(self.path or ()), *([self.centre] if self.centre else [])]

    @property
    def crosses_date_line(self) -> bool:
        """Whether two neighbouring places lie more than half the Earth apart, or a circle or way reaches over it."""
        reach_km = self.radius_km or (self.width_m or 0.0) / 2000
        for longitude_deg, latitude_deg in self.places:
            cosine = max(cos(radians(latitude_deg)), 1e-6)
            if reach_km > 0 and abs(longitude_deg) + reach_km / (KM_A_DEGREE * cosine) > 180:
                return True
        ring = [*self.polygon, self.polygon[0]] if self.polygon else self.path or []
        return any(abs(a[0] - b[0]) > 180 for a, b in pairwise(ring))


def _crosses_itself(ring: list[Place]) -> bool:
    from shapely import Polygon  # terms without polygons are read without it

    return not Polygon(ring).is_valid


def _doubled_area_deg2(ring: list[Place]) -> float:
    """Twice the area inside a ring, square degrees (shoelace formula)."""
    shifted = [*ring[1:], *ring[:1]]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, shifted, strict=True)))
