"""From a line of contact to the ground on either hand of it.

A line says nothing of ground by itself. With the case's region as its frame it does:

1. parts of the line are joined end to start; gaps up to ``join_within_m`` are closed;
2. an end that lies inside the region is led on to the region's edge, straight, in the direction of
   the line's last tenth; where that would meet the line again, by the shortest way to the edge;
3. the region is cut along the line, and each piece belongs to the side that the line has it on,
   walking along it as it is drawn; a piece on both hands is refused: such a line cuts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, MultiPolygon, Point
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import distance_m

FloatArray = npt.NDArray[np.float64]

#: where a way to the edge ends, and how it was found
Way = tuple[tuple[float, float], str]

#: how far beside the line a point is taken to ask which piece lies there, degrees (about 0.1 m)
_BESIDE_DEG = 1e-6
#: a piece may lie on the other hand of the line along this share of its edge (loops of a drawing)
_TOLERATED = 0.02
#: the direction in which an end is led on is that of this share of the line
_LAST_SHARE = 0.1


class UnsplitError(ValueError):
    """The line does not cut the region in two; the message says why."""


@dataclass(slots=True, kw_only=True)
class Sides:
    """The ground on either hand, and what was done to the line to find it."""

    left: BaseGeometry
    right: BaseGeometry
    said: list[str] = field(default_factory=list)


def cut_region(lines: Sequence[BaseGeometry], region: BaseGeometry, *, join_within_m: float = 1_000) -> Sides:
    """The parts of ``region`` to the left and to the right of the line.

    ``lines`` are LineStrings or MultiLineStrings, WGS 84; their direction counts.

    Raises
    ------
    UnsplitError
        If they do not cut the region in two.
    """
    said: list[str] = []
    chains = _chains(lines, join_within_m=join_within_m, said=said)  # (1)
    chains = [chain for chain in chains if chain.intersects(region)]
    if not chains:
        raise UnsplitError("no part of the line lies in the case's region")
    chains = [_lead_on(chain, region, said=said) for chain in chains]  # (2)
    network = shapely.union_all([region.boundary, *chains])
    pieces = [
        piece
        for piece in shapely.get_parts(shapely.polygonize(shapely.get_parts(network)))
        if region.contains(piece.representative_point())
    ]
    shares = _shares(chains, pieces)  # (3)
    faults = [
        piece for piece, share in zip(pieces, shares, strict=True) if _TOLERATED < share < 1 - _TOLERATED
    ]
    if faults:
        at = faults[0].representative_point()
        why = "its ends or its direction leave it open" if len(pieces) == 1 else "parts of it may be drawn in contrary directions"  # fmt: skip
        raise UnsplitError(f"the same ground lies on both hands of it, near {at.x:.3f}, {at.y:.3f}: {why}")
    left = _joined(pieces, shares > 0.5)
    right = _joined(pieces, shares < 0.5)
    if left.is_empty or right.is_empty:
        raise UnsplitError("all of the case's region lies on one hand of it")
    return Sides(left=left, right=right, said=said)


def _joined(pieces: Sequence[BaseGeometry], chosen: npt.NDArray[np.bool_]) -> BaseGeometry:
    own = [piece for piece, mine in zip(pieces, chosen.tolist(), strict=True) if mine]
    return shapely.normalize(shapely.union_all(own)) if own else MultiPolygon()


# -- (1) -------------------------------------------------------------------------------------
def _chains(lines: Sequence[BaseGeometry], *, join_within_m: float, said: list[str]) -> list[LineString]:
    parts = [part for line in lines for part in shapely.get_parts(line) if part.length > 0]
    if not parts:
        raise UnsplitError("the line has no length")
    if any(abs(b[0] - a[0]) > 180 for part in parts for a, b in pairwise(part.coords)):
        raise UnsplitError("it crosses the date line, or its longitudes leap by more than 180 degrees")
    merged = shapely.line_merge(shapely.MultiLineString(sorted(parts, key=shapely.to_wkb)), directed=True)
    chains = sorted(shapely.get_parts(merged), key=shapely.to_wkb)
    n_gaps = 0
    while (pair := _nearest_gap(chains, join_within_m)) is not None:
        first, second = pair
        joined = LineString([*chains[first].coords, *chains[second].coords])
        chains = [chain for i, chain in enumerate(chains) if i not in pair] + [joined]
        n_gaps += 1
    if n_gaps:
        said.append(f"{n_gaps} gaps of up to {join_within_m:g} m between its parts were closed")
    return chains


def _nearest_gap(chains: Sequence[LineString], within_m: float) -> tuple[int, int] | None:
    """The end and the start that lie nearest to each other, of two chains, if near enough."""
    best: tuple[float, int, int] | None = None
    for i, first in enumerate(chains):
        for j, second in enumerate(chains):
            if i == j or first.is_closed or second.is_closed:
                continue
            gap_m = distance_m(*first.coords[-1][:2], *second.coords[0][:2])
            if gap_m <= within_m and (best is None or (gap_m, i, j) < best):
                best = (gap_m, i, j)
    return None if best is None else best[1:]


# -- (2) -------------------------------------------------------------------------------------
def _lead_on(chain: LineString, region: BaseGeometry, *, said: list[str]) -> LineString:
    """The line with its open ends led to the region's edge; both are found on the line as drawn."""
    if chain.is_closed:
        return chain
    places = shapely.get_coordinates(chain)
    ends = {at_start: places[0 if at_start else -1] for at_start in (True, False)}
    ends = {at_start: end for at_start, end in ends.items() if region.contains(Point(end))}
    ways = {at_start: _ways_out(chain, region, at_start=at_start) for at_start in ends}
    chosen = {at_start: found[0] for at_start, found in ways.items() if found}
    if len(chosen) == 2 and _cross(ends, chosen):
        chosen = {at_start: found[-1] for at_start, found in ways.items()}
    if len(chosen) < len(ends) or (len(chosen) == 2 and _cross(ends, chosen)):
        lost = next((end for at_start, end in ends.items() if at_start not in chosen), ends[True] if True in ends else places[-1])  # fmt: skip
        raise UnsplitError(f"its end at {lost[0]:.3f}, {lost[1]:.3f} cannot be led to the region's edge without crossing it")  # fmt: skip
    for at_start, (target, how) in chosen.items():
        x, y = ends[at_start].tolist()
        km = distance_m(x, y, *target) / 1000
        said.append(f"its {'start' if at_start else 'end'} at {x:.3f}, {y:.3f} was led on {km:.1f} km to the edge of the case's region, {how}")  # fmt: skip
        places = np.vstack(([target], places) if at_start else (places, [target]))
    return LineString(places)


def _cross(ends: dict[bool, FloatArray], chosen: dict[bool, Way]) -> bool:
    """Whether the ways of the two ends meet."""
    one, other = (LineString([ends[at_start], chosen[at_start][0]]) for at_start in (True, False))
    return bool(one.intersects(other))


def _ways_out(chain: LineString, region: BaseGeometry, *, at_start: bool) -> list[Way]:
    """Ways from an end to the region's edge that do not meet the line: straight on, the shortest."""
    places = shapely.get_coordinates(chain)
    if at_start:
        places = places[::-1]
    end = places[-1]
    # latitude-scaled plane: a direction on the map, not in degrees
    scale = np.array([np.cos(np.radians(end[1])), 1.0])
    drawn = LineString(places * scale)
    origin = shapely.get_coordinates(shapely.line_interpolate_point(drawn, 1 - _LAST_SHARE, normalized=True))[
        0
    ]
    heading = end * scale - origin
    edge = region.boundary
    west, south, east, north = region.bounds
    targets: list[tuple[FloatArray, str]] = []
    if np.hypot(*heading) > 0:
        far = end + heading / np.hypot(*heading) * 2 * np.hypot(east - west, north - south) / scale
        hits = shapely.get_coordinates(shapely.intersection(LineString([end, far]), edge))
        if len(hits):
            targets.append((hits[np.argmin(np.hypot(*(hits - end).T))], "straight on"))
    targets.append(
        (shapely.get_coordinates(shapely.shortest_line(Point(end), edge))[-1], "by the shortest way")
    )
    return [
        ((float(target[0]), float(target[1])), how)
        for target, how in targets
        if _is_clear(chain, end, target)
    ]


def _is_clear(chain: LineString, end: FloatArray, target: FloatArray) -> bool:
    """Whether the way from an end to a target meets the line nowhere but at that end."""
    met = shapely.intersection(chain, LineString([end, target]))
    return bool(met.geom_type == "Point" and Point(end).distance(met) == 0)


# -- (3) -------------------------------------------------------------------------------------
def _shares(chains: Sequence[LineString], pieces: Sequence[BaseGeometry]) -> FloatArray:
    """For each piece, the share of the line along it that has it on the left."""
    tree = shapely.STRtree(list(pieces))
    votes = np.zeros((len(pieces), 2))
    west, south, east, north = shapely.total_bounds(list(pieces)).tolist()
    finest = max(min(east - west, north - south) / 500, _BESIDE_DEG * 10)
    for chain in chains:
        places = shapely.get_coordinates(shapely.segmentize(chain, finest))
        starts, steps = places[:-1], np.diff(places, axis=0)
        length = np.hypot(*steps.T)
        kept = length > 0
        starts, steps, length = starts[kept], steps[kept], length[kept]
        middle = starts + steps / 2
        normal = np.column_stack((-steps[:, 1], steps[:, 0])) / length[:, None]
        for side, sign in ((0, 1), (1, -1)):
            beside = shapely.points(middle + sign * normal * _BESIDE_DEG)
            found: Any = tree.query(beside, predicate="within")
            np.add.at(votes[:, side], found[1], length[found[0]])
    total = votes.sum(axis=1)
    shares: FloatArray = np.divide(votes[:, 0], total, out=np.full(len(pieces), 0.5), where=total > 0)
    return shares
