"""The line of contact: the part of a held area's boundary where the two sides face each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import WGS84, FloatArray, LocalFrame
from truceline.line.history import LineHistory
from truceline.line.shapes import polygonal

Reason = Literal["contact", "coast", "border", "unknown"]
REASONS: tuple[Reason, ...] = get_args(Reason)
_CONTACT, _COAST, _BORDER, _UNKNOWN = range(4)

BoolArray = npt.NDArray[np.bool_]
ReasonArray = npt.NDArray[np.int8]
ShapeArray = npt.NDArray[np.object_]

#: a boundary cut along a line that was drawn lies on it; edges straight in degrees bend a little in a plane
_AS_DRAWN_M = 200.0
#: changed ground thinner or smaller than this is redrawing, not movement
_REDRAWN_KM2 = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A piece of boundary of one reason, WGS 84, the held area on its left."""

    reason: Reason
    line: BaseGeometry
    length_km: float  #: along geodesics between its points, at the map's own detail
    closed: bool  #: a whole ring


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLength:
    """Lengths by reason at one tolerance of simplification, km."""

    tolerance_m: float
    contact_km: float
    coast_km: float
    border_km: float
    unknown_km: float

    @property
    def whole_km(self) -> float:
        """Of the whole boundary."""
        return self.contact_km + self.coast_km + self.border_km + self.unknown_km


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLine:
    """A boundary in stretches that add up to the whole of it, and what they were told apart by."""

    stretches: tuple[Stretch, ...]
    coast_m: float
    border_m: float
    told_by: tuple[str, ...]  #: of land, borders, theatre, movement: what was given

    def lines(self, reason: Reason = "contact") -> BaseGeometry:
        """All stretches of one reason as one multi-line."""
        return shapely.MultiLineString([s.line for s in self.stretches if s.reason == reason])


def changed_ground(histories: Sequence[LineHistory]) -> BaseGeometry:
    """All ground that changed hands between any two shapes of the maps, WGS 84."""
    changed = [
        ground
        for history in histories
        for snapshot in history.snapshots
        for ground in (snapshot.gained, snapshot.lost)
        if ground is not None and not ground.is_empty
    ]
    return shapely.union_all(changed) if changed else shapely.MultiPolygon()


def trace_contact(
    held: BaseGeometry,
    *,
    frame: LocalFrame,
    land: BaseGeometry | None = None,
    borders: BaseGeometry | None = None,
    theatre: BaseGeometry | None = None,
    changed: BaseGeometry | None = None,
    also_held: BaseGeometry | None = None,
    drawn: BaseGeometry | None = None,
    coast_m: float = 3_000.0,
    border_m: float = 3_000.0,
    spacing_m: float = 500.0,
    short_m: float = 3_000.0,
    short_unmoved_m: float = 20_000.0,
    islet_m: float = 10_000.0,
) -> ContactLine:
    """Tell the stretches of a boundary apart: contact, coast, border, or unknown.

    held : polygons of one holder; land : polygons of the land; borders : lines that are no line of
    contact whatever happens (frontiers with third parties or with a holder's own country); theatre : the
    ground that can be held by either; changed : ground that changed hands (``changed_ground``); also_held :
    ground that another map gives to the same holder; drawn : the line of contact itself, where a map
    draws it instead of ground. All WGS 84; what is not given is not used.

    The boundary is cut into pieces of at most ``spacing_m``. From the middle of each, two probes look
    outward, ``coast_m`` and twice that far. A probe sees the other side's ground where it is on land, in
    the theatre and not in the held area.

    1. coast: within ``coast_m`` of the coast, or both probes off the land; unless a probe sees the other
       side's ground.
    2. border: within ``border_m`` of a border; or both probes out of the theatre and not held.
    3. Beside ground that changed hands, a third of these distances is used: a line that moves is
       contact, wherever a coarse coast or border is drawn.
    4. What is left is contact, if it is beside changed ground or if borders or a theatre were given to
       tell by. Otherwise it is unknown: a stretch that never moved may be a frontier. Unknown too is
       what never moved and has ``also_held`` outward at twice and six times ``coast_m``: a map may leave
       out what was held before it began.
    5. Runs shorter than ``short_m`` between two runs of one reason take it; so do runs of contact
       shorter than ``short_unmoved_m`` beside which no ground changed hands (a border or coast drawn
       otherwise there). Rings shorter than ``islet_m`` beside which none did are unknown: too small.

    A ``drawn`` line decides alone: what runs along it is contact, whatever else of the boundary (its
    straight continuation to the edge of the region, and that edge) is unknown: nobody drew it.

    The lengths of the stretches sum to that of the boundary. Direction and start of the rings change
    nothing.
    """
    seen = _Seen(
        frame=frame, held=held, land=land, borders=borders, theatre=theatre, changed=changed, also_held=also_held,
        coast_m=coast_m, border_m=border_m,
    )  # fmt: skip
    stretches: list[Stretch] = []
    for ring in _left_rings(held):
        points = shapely.get_coordinates(
            shapely.segmentize(frame.geometry_to_plane(shapely.linestrings(ring)), spacing_m)
        )
        step_m = np.hypot(*np.diff(points, axis=0).T)
        if drawn is not None:
            reasons = seen.tell_drawn(points, drawn)
            stretches += _stretches(points, reasons, frame)
            continue
        reasons, moved = seen.tell(points)
        if step_m.sum() < islet_m and not moved.any():
            reasons[:] = _UNKNOWN
        limits_m = np.where(moved, short_m, short_unmoved_m)
        reasons = _without_short_runs(reasons, step_m, short_m=short_m, contact_m=limits_m)
        stretches += _stretches(points, reasons, frame)
    given = {"land": land, "borders": borders, "theatre": theatre, "movement": changed}
    told_by = tuple(name for name, one in given.items() if one is not None and not one.is_empty)
    return ContactLine(stretches=tuple(stretches), coast_m=coast_m, border_m=border_m, told_by=told_by)


def measure_contact(
    contact: ContactLine, *, frame: LocalFrame, tolerances_m: Sequence[float]
) -> tuple[ContactLength, ...]:
    """Lengths by reason, each stretch simplified on its own (Douglas and Peucker 1973), then geodesic.

    The ends of the stretches stay, so cutting a boundary into reasons makes it a little longer than the
    same boundary simplified whole; islets smaller than the tolerance vanish.
    """
    lengths = []
    for tolerance_m in tolerances_m:
        total_km = dict.fromkeys(REASONS, 0.0)
        for stretch in contact.stretches:
            plane = frame.geometry_to_plane(stretch.line)
            kept = shapely.get_coordinates(shapely.simplify(plane, tolerance_m, preserve_topology=False))
            if len(kept) > 1:
                longitude, latitude = frame.to_globe(kept[:, 0], kept[:, 1])
                total_km[stretch.reason] += float(WGS84.line_length(longitude, latitude)) / 1000
        lengths.append(
            ContactLength(
                tolerance_m=tolerance_m,
                contact_km=total_km["contact"],
                coast_km=total_km["coast"],
                border_km=total_km["border"],
                unknown_km=total_km["unknown"],
            )
        )
    return tuple(lengths)


def _left_rings(held: BaseGeometry) -> list[FloatArray]:
    """Closed rings with the held area on their left, from their westernmost vertex, in a fixed order."""
    rings = []
    parts = shapely.get_parts(shapely.orient_polygons(polygonal(held)))
    for ring in shapely.get_rings(parts):
        points = shapely.get_coordinates(ring)[:-1]
        first = int(np.lexsort((points[:, 1], points[:, 0]))[0])
        points = np.roll(points, -first, axis=0)
        rings.append(np.vstack([points, points[:1]]))
    return sorted(rings, key=lambda ring: (-len(ring), ring.tolist()))


class _Seen:
    """What lies around a piece of boundary."""

    def __init__(
        self,
        *,
        frame: LocalFrame,
        held: BaseGeometry,
        land: BaseGeometry | None,
        borders: BaseGeometry | None,
        theatre: BaseGeometry | None,
        changed: BaseGeometry | None,
        also_held: BaseGeometry | None,
        coast_m: float,
        border_m: float,
    ) -> None:
        west, south, east, north = held.bounds if not held.is_empty else (0.0, 0.0, 0.0, 0.0)
        around = shapely.box(west - 1, south - 1, east + 1, north + 1)

        def plane(geometry: BaseGeometry | None) -> BaseGeometry | None:
            if geometry is None or geometry.is_empty:
                return None
            moved = frame.geometry_to_plane(shapely.intersection(geometry, around))
            shapely.prepare(moved)
            return moved

        self.held, self.land, self.borders, self.theatre = (
            plane(held),
            plane(land),
            plane(borders),
            plane(theatre),
        )
        self.frame = frame
        self.also_held = plane(also_held)
        coast = None if land is None else shapely.intersection(shapely.boundary(land), around)
        self.coast = plane(coast)
        self.changed = plane(changed)
        if self.changed is not None:
            parts = shapely.get_parts(self.changed)
            kept = parts[shapely.area(parts) >= _REDRAWN_KM2 * 1e6]
            self.changed = shapely.multipolygons(kept) if len(kept) else None
        self.coast_m, self.border_m = coast_m, border_m

    def tell(self, points: FloatArray) -> tuple[ReasonArray, BoolArray]:
        """Reason of each piece between consecutive points of a ring, and whether it moved; (n - 1,)."""
        middle = (points[1:] + points[:-1]) / 2
        along = np.diff(points, axis=0)
        along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-9)
        outward = np.column_stack([along[:, 1], -along[:, 0]])
        probes = [middle + outward * far for far in (self.coast_m, 2 * self.coast_m)]
        on_land = [_inside(self.land, probe, default=True) for probe in probes]
        in_theatre = [_inside(self.theatre, probe, default=True) for probe in probes]
        in_held = [_inside(self.held, probe, default=False) for probe in probes]
        sees_ground = np.logical_or.reduce(
            [on & within & ~own for on, within, own in zip(on_land, in_theatre, in_held, strict=True)]
        )
        at = shapely.points(middle)
        moved = _near(self.changed, at, 100.0)
        coast = _near(self.coast, at, self.coast_m)
        coast &= ~moved | _near(self.coast, at, self.coast_m / 3)
        coast |= ~moved & ~on_land[0] & ~on_land[1]
        border = _near(self.borders, at, self.border_m)
        border &= ~moved | _near(self.borders, at, self.border_m / 3)
        border |= ~moved & np.logical_and.reduce(
            [~within & ~own for within, own in zip(in_theatre, in_held, strict=True)]
        )
        told = moved if self.borders is None and self.theatre is None else np.ones_like(moved)
        far = [middle + outward * (times * self.coast_m) for times in (2, 6)]
        inner = [_inside(self.also_held, probe, default=False) for probe in far]
        told = told & (moved | ~(inner[0] & inner[1]))
        reasons = np.where(told, _CONTACT, _UNKNOWN)
        reasons[border] = _BORDER
        reasons[coast & ~sees_ground & ~border] = _COAST
        return reasons.astype(np.int8), moved

    def tell_drawn(self, points: FloatArray, drawn: BaseGeometry) -> ReasonArray:
        """(n - 1,) contact along the line drawn, else unknown."""
        line = self.frame.geometry_to_plane(drawn)
        near = _near(line, shapely.points((points[1:] + points[:-1]) / 2), _AS_DRAWN_M)
        return np.where(near, _CONTACT, _UNKNOWN).astype(np.int8)


def _inside(ground: BaseGeometry | None, points: FloatArray, *, default: bool) -> BoolArray:
    if ground is None:
        return np.full(len(points), default)
    found: BoolArray = shapely.contains_xy(ground, points[:, 0], points[:, 1])
    return found


def _near(what: BaseGeometry | None, points: ShapeArray, distance_m: float) -> BoolArray:
    if what is None:
        return np.zeros(len(points), dtype=bool)
    shapely.prepare(what)
    found: BoolArray = shapely.dwithin(what, points, distance_m)
    return found


def _runs(reasons: ReasonArray) -> list[tuple[int, int]]:
    """Half-open runs of one reason on an open list."""
    cuts = np.flatnonzero(np.diff(reasons)) + 1
    edges = [0, *cuts.tolist(), len(reasons)]
    return list(pairwise(edges))


def _turn_to_a_cut(reasons: ReasonArray) -> int:
    """Where on a ring a run begins; 0 where the ring is all of one reason."""
    cuts = np.flatnonzero(reasons != np.roll(reasons, 1))
    return int(cuts[0]) if len(cuts) else 0


def _without_short_runs(
    reasons: ReasonArray, step_m: FloatArray, *, short_m: float, contact_m: FloatArray
) -> ReasonArray:
    """Short runs take the reason of their neighbours where these agree, the shortest first.

    contact_m : (n,) for contact and unknown, the limit at each piece; a run goes by its smallest.
    """
    turn = _turn_to_a_cut(reasons)
    turned, steps, limits = np.roll(reasons, -turn), np.roll(step_m, -turn), np.roll(contact_m, -turn)
    while True:
        runs = _runs(turned)
        begin = [a for a, _ in runs]
        lengths = np.add.reduceat(steps, begin)
        kind = turned[begin]
        smallest = np.minimum.reduceat(limits, begin)
        limit = np.where((kind == _CONTACT) | (kind == _UNKNOWN), smallest, short_m)
        between = (np.roll(kind, 1) == np.roll(kind, -1)) & (len(runs) > 2)
        short = np.flatnonzero(between & (lengths < limit)).tolist()
        if not short:
            return np.roll(turned, turn)
        k = min(short, key=lambda k: (lengths[k], k))
        a, b = runs[k]
        turned[a:b] = turned[runs[k - 1][0]]


def _stretches(points: FloatArray, reasons: ReasonArray, frame: LocalFrame) -> list[Stretch]:
    turn = _turn_to_a_cut(reasons)
    reasons = np.roll(reasons, -turn)
    ring = np.roll(points[:-1], -turn, axis=0)
    ring = np.vstack([ring, ring[:1]])
    found = []
    runs = _runs(reasons)
    for a, b in runs:
        longitude, latitude = frame.to_globe(ring[a : b + 1, 0], ring[a : b + 1, 1])
        found.append(
            Stretch(
                reason=REASONS[reasons[a]],
                line=shapely.linestrings(np.column_stack([longitude, latitude])),
                length_km=float(WGS84.line_length(longitude, latitude)) / 1000,
                closed=len(runs) == 1,
            )
        )
    return found
