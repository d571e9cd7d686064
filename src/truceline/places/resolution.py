"""What a name turns out to be: a place, an area, or just a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

How = Literal["listed", "transliterated", "alike", "none"]
Why = Literal["unknown", "ambiguous", "outside", "division"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point and how far off it may be; ``position_sd_m`` is per axis."""

    name: str
    longitude_deg: float
    latitude_deg: float
    position_sd_m: float
    kind: str = ""
    area_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """An area of the case, with a shape or without."""

    area_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name that is not resolved, and why.

    ``unknown``: nobody lists it; ``ambiguous``: it fits several, none is chosen; ``outside``: it fits
    only what lies outside the case's region; ``division``: a district or the like that has no area.
    """

    text: str
    why: Why
    candidates: tuple[str, ...] = ()


Found: TypeAlias = Place | Area | Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a name was resolved to, on what ground, and whether its belonging is disputed."""

    asked: str
    found: Found
    how: How = "none"
    near: bool = False  #: the record says near, or gives an offset: the point is wide
    out_of_time: bool = False  #: the name was not in force at that date
    disputed: bool = False
    claimants: tuple[str, ...] = ()
    basis: str = ""  #: who says that it is disputed
