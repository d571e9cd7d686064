"""How far ground that one side holds is enclosed by the other's: shares, widths and areas, and no word for it.

What is measured of a pocket (or a salient) on one date of one map:

area        its ground on the ellipsoid.
enclosed    the share of its edge that faces the other side; the rest faces its holder's own main ground. Both
            lengths are taken at a stated tolerance (Douglas and Peucker), each stretch on its own.
breadth     the diameter of the largest circle that the pocket holds; its centre is the pocket's core.
neck        the width of the widest way from the core to a named place in the holder's main ground
            (``line.neck``): no wider body could pass anywhere. A pocket without a narrowing has a neck as wide
            as its own breadth or wider.
behind      the pocket's ground on the core's side of the neck.
cut off     the pocket's ground from which there is no way at all.

Each is measured three times: as drawn, and with the line moved by the map's stated error against the pocket
and away from it, all along at once. That is the worst case of one shift, not a probability.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import LocalFrame
from truceline.line.neck import Neck, find_neck
from truceline.line.shapes import ground_km2, polygonal

#: an edge nearer than this to the holder's main ground faces it, metres: maps are cut along old lines
TOUCHES_M = 25.0
#: parts smaller than this are left over by overlays, square metres
LEAST_M2 = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A pocket, and what lies round it: polygons in a frame's metres that do not overlap."""

    pocket: BaseGeometry
    main: BaseGeometry  #: the holder's main ground, to which the ways lead
    other: BaseGeometry  #: the other side's ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """One measurement; widths in metres, areas in km², lengths in km. Null where there is no pocket."""

    area_km2: float
    edge_km: float
    facing_km: float
    enclosed_share: float | None
    breadth_m: float
    neck_m: float
    neck: tuple[tuple[float, float], tuple[float, float]] | None  #: its two flanks, longitude and latitude
    behind_km2: float
    cut_off_km2: float

    @property
    def has_way_out(self) -> bool | None:
        """Whether a way leads from the core to the main ground; None where there is no pocket."""
        return self.neck_m > 0 if self.area_km2 > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """As drawn, and with the line moved by ``error_m`` against the pocket (tight) and away from it (wide)."""

    drawn: Enclosure
    tight: Enclosure
    wide: Enclosure
    error_m: float


def measure_enclosure(
    ground: Ground,
    home: tuple[float, float],
    *,
    frame: LocalFrame,
    error_m: float,
    tolerance_m: float,
) -> Measured:
    """Measure a pocket as drawn and with the line moved either way.

    home : x, y in the frame's metres, a place in the main ground.

    Raises
    ------
    ValueError
        If ``home`` does not lie in the main ground, or a distance is negative.
    """
    if min(error_m, tolerance_m) < 0:
        raise ValueError(f"error_m is {error_m} and tolerance_m {tolerance_m}; expected 0 or more")
    if not shapely.contains_xy(ground.main, *home):
        raise ValueError("the place named as home does not lie in the holder's main ground")

    def measure(one: Ground) -> Enclosure:
        return _measure(one, home, frame=frame, tolerance_m=tolerance_m)

    return Measured(
        drawn=measure(ground),
        tight=measure(_moved(ground, error_m)),
        wide=measure(_moved(ground, -error_m)),
        error_m=error_m,
    )


def _moved(ground: Ground, by_m: float) -> Ground:
    """The same ground with the other side's edge moved by so much towards (less than 0: from) the pocket."""
    if by_m >= 0:
        other = polygonal(shapely.buffer(ground.other, by_m))
        return Ground(
            pocket=_cleaned(shapely.difference(ground.pocket, other)),
            main=polygonal(shapely.difference(ground.main, other)),
            other=other,
        )
    other = polygonal(shapely.buffer(ground.other, by_m))
    given_up = shapely.difference(ground.other, other)
    near = shapely.intersection(given_up, shapely.buffer(ground.pocket, -by_m + 1.0))
    return Ground(
        pocket=_cleaned(shapely.union(ground.pocket, near)),
        main=polygonal(shapely.union(ground.main, shapely.difference(given_up, near))),
        other=other,
    )


def _cleaned(pocket: BaseGeometry) -> BaseGeometry:
    parts = [part for part in shapely.get_parts(polygonal(pocket)) if part.area >= LEAST_M2]
    return shapely.union_all(parts) if parts else shapely.MultiPolygon()


def _measure(
    ground: Ground, home: tuple[float, float], *, frame: LocalFrame, tolerance_m: float
) -> Enclosure:
    pocket = _cleaned(ground.pocket)
    if pocket.is_empty:
        return Enclosure(area_km2=0.0, edge_km=0.0, facing_km=0.0, enclosed_share=None, breadth_m=0.0, neck_m=0.0, neck=None, behind_km2=0.0, cut_off_km2=0.0)  # fmt: skip

    def km2(shape: BaseGeometry) -> float:
        return ground_km2(frame.geometry_to_globe(polygonal(shape)))

    facing_m, open_m = _edges(pocket, ground.main, tolerance_m=tolerance_m)
    largest = max(shapely.get_parts(pocket), key=lambda part: (part.area, part.wkb))
    circle = shapely.maximum_inscribed_circle(largest, tolerance=10.0)
    core = shapely.get_coordinates(circle)[0]
    place = (float(core[0]), float(core[1]))
    neck = find_neck(ground.other, place, home)
    return Enclosure(
        area_km2=km2(pocket),
        edge_km=(facing_m + open_m) / 1000,
        facing_km=facing_m / 1000,
        enclosed_share=facing_m / (facing_m + open_m) if facing_m + open_m else None,
        breadth_m=2 * float(circle.length),
        neck_m=neck.width_m,
        neck=_flanks(neck, frame),
        behind_km2=_behind(ground, pocket, neck, place, km2=km2),
        cut_off_km2=_cut_off(ground, pocket, home, km2=km2),
    )


def _flanks(neck: Neck, frame: LocalFrame) -> tuple[tuple[float, float], tuple[float, float]] | None:
    if neck.flanks is None:
        return None
    longitude, latitude = frame.to_globe(*zip(*neck.flanks, strict=True))
    return (float(longitude[0]), float(latitude[0])), (float(longitude[1]), float(latitude[1]))


def _edges(pocket: BaseGeometry, main: BaseGeometry, *, tolerance_m: float) -> tuple[float, float]:
    """Lengths of the edge that faces the other side, and of that which faces the main ground, metres."""
    edge = shapely.boundary(pocket)
    near = shapely.buffer(main, TOUCHES_M)
    facing, opened = (
        float(shapely.length(shapely.simplify(_merged(part), tolerance_m)).sum())
        for part in (shapely.difference(edge, near), shapely.intersection(edge, near))
    )
    return facing, opened


def _merged(lines: BaseGeometry) -> list[BaseGeometry]:
    """Pieces that hang together; simplified one by one their ends stay."""
    parts = [p for p in shapely.get_parts(lines) if p.geom_type == "LineString" and not p.is_empty]
    return list(shapely.get_parts(shapely.line_merge(shapely.MultiLineString(parts)))) if parts else []


def _behind(
    ground: Ground,
    pocket: BaseGeometry,
    neck: Neck,
    core: tuple[float, float],
    *,
    km2: Callable[[BaseGeometry], float],
) -> float:
    """Ground of the pocket that the neck parts from the main ground."""
    free = shapely.union_all([pocket, ground.main])
    if neck.chord is not None:
        flank = neck.chord
        free = shapely.difference(
            free, shapely.buffer(shapely.segmentize(flank, 1e6), 1.0, cap_style="square")
        )
    for part in shapely.get_parts(polygonal(free)):
        if shapely.contains_xy(part, *core):
            return km2(shapely.intersection(part, pocket))
    return 0.0


def _cut_off(
    ground: Ground,
    pocket: BaseGeometry,
    home: tuple[float, float],
    *,
    km2: Callable[[BaseGeometry], float],
) -> float:
    """Ground of the pocket from which no way leads to the main ground, however narrow."""
    free = shapely.union_all([shapely.buffer(pocket, 1.0), ground.main])
    reached = [part for part in shapely.get_parts(polygonal(free)) if shapely.contains_xy(part, *home)]
    return km2(shapely.difference(pocket, shapely.union_all(reached)))
