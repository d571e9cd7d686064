"""From maps to the ground round a pocket that lies beyond a frontier.

A map of such a pocket shows either the ground that its holder has there, or what the other side took back.
Of the second kind, the pocket is what the map shows as taken back at any later date and not yet on this one:
ground that was never taken back is not drawn by it, so that areas are lower bounds.

Maps draw frontiers up to some kilometres apart, and slivers between two drawings of one frontier would bar
every way. Ground beyond the frontier that the map never showed is therefore taken as main ground where a disc
as wide as ``snap_m`` has no room in it and the frontier is within that distance. Beside the two ends of all that
the map ever showed this fills a corner of at most half that width, which can widen a neck there and lessen the
enclosed share.
"""

from __future__ import annotations

from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.line.enclosure import Ground
from truceline.line.shapes import polygonal

#: ground thinner than this is left over where a map redraws its own lines, metres
THIN_M = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a pocket lies, in a frame's metres: what does not change from date to date of one map."""

    region: BaseGeometry
    beyond: BaseGeometry  #: the ground beyond the frontier, in which the pocket lies
    main: BaseGeometry  #: the holder's main ground, up to the frontier as the map draws it
    ever: BaseGeometry  #: all ground that the map ever showed beyond it


def set_stage(
    region: BaseGeometry,
    frontier: BaseGeometry,
    home: tuple[float, float],
    *,
    shapes: list[BaseGeometry],
    snap_m: float,
) -> Stage:
    """Part a region along a frontier, and find where a map draws that frontier.

    region, frontier, shapes : a frame's metres; shapes: what the map showed on all its dates.
    home : x, y of a place in the holder's main ground.

    Raises
    ------
    ValueError
        If the frontier does not cut the region, or home lies outside it.
    """
    # led a little past the edge, so that the two lines cross and do not merely touch
    crossing = shapely.intersection(frontier, shapely.buffer(region, snap_m))
    network = shapely.union_all([shapely.boundary(region), crossing])
    parts = [
        part
        for part in shapely.get_parts(shapely.polygonize(shapely.get_parts(network)))
        if shapely.contains(region, part.representative_point())
    ]
    own = [part for part in parts if shapely.contains_xy(part, *home)]
    if len(parts) < 2 or not own:
        raise ValueError(
            "the frontier does not cut the region in two"
            if len(parts) < 2
            else "home does not lie in the region"
        )
    given = own[0]
    beyond = polygonal(shapely.difference(region, given))
    ever = polygonal(shapely.intersection(shapely.union_all(shapes), shapely.buffer(beyond, snap_m)))
    rest = polygonal(shapely.difference(beyond, ever))
    # seen with the ground behind the region's edge, which is no frontier
    thick = shapely.buffer(shapely.buffer(_led_on(rest, region, snap_m), -snap_m / 2), snap_m / 2)
    between = shapely.intersection(shapely.difference(rest, thick), shapely.buffer(given, snap_m))
    main = polygonal(shapely.difference(shapely.union(given, between), ever))
    return Stage(region=region, beyond=beyond, main=main, ever=ever)


def _led_on(rest: BaseGeometry, region: BaseGeometry, by_m: float) -> BaseGeometry:
    """The same ground, with a rim round the region, so that what the region's edge cuts is not thin."""
    rim = shapely.difference(shapely.buffer(region, 2 * by_m, join_style="mitre"), region)
    beside = shapely.buffer(shapely.intersection(shapely.boundary(region), rest), 2 * by_m)
    return polygonal(shapely.union(rest, shapely.intersection(rim, beside)))


def ground_of(
    stage: Stage, shown: BaseGeometry, *, taken_back: bool, other_here: BaseGeometry | None = None
) -> Ground:
    """The pocket on one date.

    shown : what the map shows on it; taken_back: that is the other side's, and the pocket is the rest of
    what it ever showed. other_here : ground of the other side on this side of the frontier.
    """
    shown = polygonal(shapely.intersection(shown, stage.ever))
    pocket = _thick(polygonal(shapely.difference(stage.ever, shown)) if taken_back else shown)
    main = stage.main if other_here is None else polygonal(shapely.difference(stage.main, other_here))
    rest = polygonal(shapely.difference(stage.region, shapely.union_all([pocket, main])))
    other = _thick(rest)
    # slivers bar no way: those beside main ground are part of it
    slivers = shapely.difference(rest, other)
    beside = shapely.intersection(slivers, shapely.buffer(main, THIN_M))
    main = polygonal(shapely.difference(shapely.union(main, beside), pocket))
    return Ground(pocket=pocket, main=main, other=other)


def _thick(ground: BaseGeometry) -> BaseGeometry:
    """The ground without what is thinner than ``THIN_M`` (opened by a disc of that width)."""
    opened = shapely.buffer(shapely.buffer(ground, -THIN_M / 2), THIN_M / 2)
    return polygonal(shapely.intersection(ground, opened))
