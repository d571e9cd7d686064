"""What a proposed line would mean: ground and settlements on either hand of it, against what a map shows.

A line has a left and a right hand, walking along it as it is drawn. Ground that a case calls disputed is
counted apart and belongs to neither hand's sums: a drawing is no decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import LocalFrame
from truceline.line.shapes import ground_km2, polygonal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A settlement of the case's table; population null: not known."""

    name: str
    longitude_deg: float
    latitude_deg: float
    population: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Ground with its settlements. Least and greatest with the map's line moved by its error."""

    hand: str  #: left, right, or the id of a disputed area
    held: bool  #: whether the map gives it to its holder
    area_km2: float
    area_lo_km2: float
    area_hi_km2: float
    settlements: int
    uncertain_settlements: int  #: of them so near the map's line that it cannot tell whose they are
    population: int  #: of those whose population is known
    population_unknown: int  #: settlements whose population is not known
    names: tuple[str, ...]


def tally_sides(
    hands: dict[str, BaseGeometry],
    held: BaseGeometry,
    settlements: Sequence[Settlement],
    *,
    frame: LocalFrame,
    error_m: float,
    disputed: dict[str, BaseGeometry] | None = None,
) -> list[Tally]:
    """Ground and settlements by hand of the line and by whether a map gives them to its holder.

    hands : left and right of the line, WGS 84; held : what the map gives its holder, WGS 84. Disputed areas
    are taken out of both hands and told under their own ids.
    """
    apart = disputed or {}
    all_disputed = shapely.union_all(list(apart.values())) if apart else shapely.Polygon()
    parts = {name: polygonal(shapely.difference(shape, all_disputed)) for name, shape in hands.items()}
    whole = shapely.union_all(list(hands.values()))
    parts |= {name: polygonal(shapely.intersection(shape, whole)) for name, shape in apart.items()}
    plane = frame.geometry_to_plane(polygonal(held))
    grown, shrunk = (
        frame.geometry_to_globe(polygonal(shapely.buffer(plane, by_m))) for by_m in (error_m, -error_m)
    )
    found = []
    for name, part in parts.items():
        for is_held in (True, False):
            shapes = [held, shrunk, grown] if is_held else [held, grown, shrunk]
            cut = shapely.intersection if is_held else shapely.difference
            areas = [ground_km2(cut(part, shape)) for shape in shapes]
            inside = _settled(part, held, grown, shrunk, settlements, is_held=is_held)
            found.append(_tally(name, is_held, areas, inside))
    return found


def _settled(
    part: BaseGeometry,
    held: BaseGeometry,
    grown: BaseGeometry,
    shrunk: BaseGeometry,
    settlements: Sequence[Settlement],
    *,
    is_held: bool,
) -> list[tuple[Settlement, bool]]:
    """Settlements of the part on that side of the map's line, each with whether the map can tell."""
    x = np.array([one.longitude_deg for one in settlements])
    y = np.array([one.latitude_deg for one in settlements])
    here = shapely.intersects_xy(part, x, y)
    own = shapely.intersects_xy(held, x, y) == is_held
    near = shapely.intersects_xy(grown, x, y) & ~shapely.intersects_xy(shrunk, x, y)
    return [(settlements[k], bool(near[k])) for k in np.flatnonzero(here & own).tolist()]


def _tally(
    name: str, is_held: bool, areas: Sequence[float], inside: Sequence[tuple[Settlement, bool]]
) -> Tally:
    return Tally(
        hand=name,
        held=is_held,
        area_km2=areas[0],
        area_lo_km2=min(areas),
        area_hi_km2=max(areas),
        settlements=len(inside),
        uncertain_settlements=sum(near for _one, near in inside),
        population=sum(one.population or 0 for one, _near in inside),
        population_unknown=sum(one.population is None for one, _near in inside),
        names=tuple(sorted(one.name for one, _near in inside)),
    )
