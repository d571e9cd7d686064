"""Territory whose belonging is disputed: marked, never resolved.

The case lists it, with who claims it and on whose word it is called disputed. What a map or a shape
assigns to one side is told, so that a reader does not take a drawing for a decision: common public
maps take a side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.errors import Problem

#: of a disputed area's extent: less is an inexact edge, not an assignment
LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputedArea:
    """An area that more than one claims."""

    area_id: str
    name: str
    claimants: tuple[str, ...] = ()
    basis: str = ""  #: who says that it is disputed, and where to read so
    geometry: BaseGeometry | None = None

    def holds(self, shape: BaseGeometry) -> bool:
        """Whether a point or an area lies in it, as far as its shape is known."""
        return self.geometry is not None and bool(self.geometry.covers(shape))


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedShape:
    """A shape that says to whom land belongs: a country of a base map, a region of a case."""

    name: str
    geometry: BaseGeometry
    file: str = ""  #: label of the file it is from
    is_part_of: tuple[str, ...] = ()  #: ids of areas that it is, or lies in


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A shape that takes in disputed territory as its own."""

    shape: NamedShape
    area: DisputedArea
    share: float  #: of the disputed area's extent

    def problem(self) -> Problem:
        """As it is told."""
        claimants = ", ".join(self.area.claimants) or "more than one"
        return Problem(
            code="place_disputed",
            message=f"the shape of {self.shape.name} takes in {100 * self.share:.0f} % of {self.area.name}, which is claimed by {claimants}",
            file=self.shape.file,
            got=self.shape.name,
            expected=f"{self.area.name} as an area of its own ({self.area.basis or 'as the case says'})",
            next_step="Draw the disputed area apart, or say under `limits` that the map takes a side",
        )


def find_assignments(shapes: Sequence[NamedShape], disputed: Sequence[DisputedArea]) -> list[Assignment]:
    """Shapes that assign disputed territory to somebody, in the order given."""
    found: list[Assignment] = []
    for shape in shapes:
        for area in disputed:
            if area.geometry is None or area.area_id in shape.is_part_of or area.geometry.area == 0:
                continue
            # a share of two areas at one place: degrees do
            share = shapely.intersection(shape.geometry, area.geometry).area / area.geometry.area
            if share >= LEAST_SHARE:
                found.append(Assignment(shape=shape, area=area, share=float(share)))
    return found
