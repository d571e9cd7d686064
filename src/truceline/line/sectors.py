"""Sectors along a fixed axis: every place has one, and it stays the same while the line moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.base.intervals import as_utc
from truceline.line.posts import Axis, locate_km, place_posts
from truceline.line.shapes import cut_edges, polygonal
from truceline.schema.sectors import SECTORS
from truceline.schema.table import Table

#: a place belongs to the sector of the nearest of the marks that stand this far apart
MARK_KM = 1.0
#: the cells reach this far from the axis; what lies further belongs to no cell, but to a sector all the same
REACH_M = 1_000_000.0
BORDER_STEP_M = 10_000.0

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sector:
    """A part of the axis, from kilometre to kilometre, and all places nearest to it."""

    id: str
    name: str
    from_km: float
    to_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sectors:
    """An axis and its sectors, in order.

    The rule: marks stand along the axis at half kilometres (.5, 1.5, …); a place belongs to the sector
    of the nearest mark in the plane of the axis' frame, at equal distance to the one nearer to
    kilometre 0. The line of a later date plays no part, so it can move no place to another sector.
    """

    axis: Axis
    sectors: tuple[Sector, ...]

    def marks(self) -> tuple[FloatArray, FloatArray, IntArray]:
        """x, y of the marks in the frame's plane, metres, and the sector of each."""
        posts = place_posts(self.axis, every_km=MARK_KM, first_km=MARK_KM / 2)
        x, y = self.axis.frame.to_plane(posts.longitude_deg, posts.latitude_deg)
        begins = [sector.from_km for sector in self.sectors]
        owner = np.maximum(np.searchsorted(begins, posts.km, side="right") - 1, 0)
        return x, y, owner.astype(np.int64)


def cut_sectors(
    axis: Axis, *, length_km: float = 50.0, cuts: Sequence[tuple[str, float, float]] = ()
) -> Sectors:
    """Sectors of ``length_km`` from kilometre 0, or between named cut points.

    cuts : names, longitudes and latitudes of places; each cuts the axis at its nearest mark, and the
    sectors are named by the cuts at their ends. A last sector shorter than half a length joins the one
    before it.

    Raises
    ------
    ValueError
        If the length is less than two marks apart, or two cuts fall on one mark.
    """
    end_km = axis.length_km
    if cuts:
        at = sorted((_nearest_mark_km(axis, longitude, latitude), name) for name, longitude, latitude in cuts)
        borders = [0.0, *(km for km, _ in at), end_km]
        if any(after - before < MARK_KM for before, after in pairwise(borders)):
            raise ValueError(f"cut points at {', '.join(f'{name} km {km:g}' for km, name in at)}: expected {MARK_KM:g} km or more between cuts and from the ends")  # fmt: skip
        ends = ["km 0", *(name for _, name in at), f"km {end_km:.0f}"]
        names = [f"{a} – {b}" for a, b in pairwise(ends)]
    else:
        if length_km < 2 * MARK_KM:
            raise ValueError(f"length_km is {length_km:g}; expected {2 * MARK_KM:g} or more")
        borders = np.arange(0.0, end_km, length_km).tolist()
        if len(borders) > 1 and end_km - borders[-1] < length_km / 2:
            borders.pop()
        borders.append(end_km)
        names = [f"km {a:.0f} to {b:.0f}" for a, b in pairwise(borders)]
    width = len(str(len(names)))
    return Sectors(
        axis=axis,
        sectors=tuple(
            Sector(id=f"sector_{k + 1:0{width}d}", name=names[k], from_km=borders[k], to_km=borders[k + 1])
            for k in range(len(names))
        ),
    )


def _nearest_mark_km(axis: Axis, longitude_deg: float, latitude_deg: float) -> float:
    posts = place_posts(axis, every_km=MARK_KM, first_km=0.0)
    x, y = axis.frame.to_plane(posts.longitude_deg, posts.latitude_deg)
    px, py = axis.frame.to_plane(longitude_deg, latitude_deg)
    return float(posts.km[int(np.argmin(np.hypot(x - px, y - py)))])


def assign_sectors(sectors: Sectors, longitude_deg: Any, latitude_deg: Any) -> IntArray:
    """Which sector each place belongs to, (n,): its number in ``sectors.sectors``, −1 for no place."""
    longitude = np.atleast_1d(np.asarray(longitude_deg, dtype=np.float64))
    latitude = np.atleast_1d(np.asarray(latitude_deg, dtype=np.float64))
    found = np.full(longitude.shape, -1, dtype=np.int64)
    usable = np.isfinite(longitude) & np.isfinite(latitude)
    if usable.any():
        x, y, owner = sectors.marks()
        places = np.column_stack(sectors.axis.frame.to_plane(longitude[usable], latitude[usable]))
        count = min(2, len(owner))
        answer = cKDTree(np.column_stack([x, y])).query(places, k=[*range(1, count + 1)])
        away, mark = np.asarray(answer[0]), np.asarray(answer[1])
        tied = away[:, -1] <= away[:, 0]
        found[usable] = np.where(tied, owner[mark].min(axis=1), owner[mark[:, 0]])
    return found


def draw_cells(sectors: Sectors) -> list[BaseGeometry]:
    """The cells of the sectors, WGS 84: disjoint and without gaps, out to ``REACH_M`` round the axis.

    Neighbours share the points of their common border, cut every ``BORDER_STEP_M`` before they leave the
    plane, so that in degrees they still neither overlap nor part.
    """
    x, y, owner = sectors.marks()
    around = shapely.box(x.min() - REACH_M, y.min() - REACH_M, x.max() + REACH_M, y.max() + REACH_M)
    merged = [around]
    if len(x) > 1:
        marks = shapely.multipoints(np.column_stack([x, y]))
        cells = shapely.get_parts(shapely.voronoi_polygons(marks, extend_to=around))
        mark, cell = shapely.STRtree(cells).query(shapely.points(x, y), predicate="intersects")
        mine = np.zeros(len(cells), dtype=np.int64)
        mine[cell] = owner[mark]
        merged = [shapely.coverage_union_all(cells[mine == k]) for k in range(len(sectors.sectors))]
    frame = sectors.axis.frame
    return [polygonal(frame.geometry_to_globe(cut_edges(cell, BORDER_STEP_M))) for cell in merged]


def tabulate_sectors(sectors: Sectors) -> Table:
    """The sectors to schema ``sectors``: kilometres, ends of each and its stretch of axis."""
    rows = []
    for sector in sectors.sectors:
        ends = locate_km(sectors.axis, np.array([sector.from_km, sector.to_km]))
        rows.append(
            {
                "sector_id": sector.id,
                "name": sector.name,
                "from_km": sector.from_km,
                "to_km": sector.to_km,
                "from_longitude_deg": float(ends.longitude_deg[0]),
                "from_latitude_deg": float(ends.latitude_deg[0]),
                "to_longitude_deg": float(ends.longitude_deg[1]),
                "to_latitude_deg": float(ends.latitude_deg[1]),
                "axis_reference": sectors.axis.reference,
                "axis_tolerance_m": sectors.axis.tolerance_m,
            }
        )
    return SECTORS.check(SECTORS.from_records(rows))


def sectors_to_geojson(sectors: Sectors) -> dict[str, Any]:
    """A GeoJSON FeatureCollection that ``sectors_from_geojson`` reads back as the same sectors.

    Its features are the pieces of the axis, the sectors' ends as points, and nothing that depends on the
    line of another date.
    """
    axis = sectors.axis
    frame = axis.frame
    pieces: list[dict[str, Any]] = [
        {
            "type": "Feature",
            "properties": {"kind": "axis", "from_km": round(float(begin), 3)},
            "geometry": {"type": "LineString", "coordinates": shapely.get_coordinates(piece).tolist()},
        }
        for piece, begin in zip(axis.pieces, axis.piece_km[:-1], strict=True)
    ]
    for sector in sectors.sectors:
        start = locate_km(axis, np.array([sector.from_km]))
        at = [round(float(start.longitude_deg[0]), 6), round(float(start.latitude_deg[0]), 6)]
        pieces.append(
            {
                "type": "Feature",
                "properties": {
                    "kind": "sector", "id": sector.id, "name": sector.name,
                    "from_km": sector.from_km, "to_km": sector.to_km,
                },
                "geometry": {"type": "Point", "coordinates": at},
            }
        )  # fmt: skip
    return {
        "type": "FeatureCollection",
        "axis_reference": axis.reference.isoformat(),
        "axis_tolerance_m": axis.tolerance_m,
        "frame": {
            "name": frame.name,
            "longitude_deg": frame.longitude_deg,
            "latitude_deg": frame.latitude_deg,
            "projection": frame.projection,
        },
        "features": pieces,
    }


def sectors_from_geojson(tree: dict[str, Any]) -> Sectors:
    """Read sectors back.

    Raises
    ------
    ValueError
        If it is not such a collection.
    """
    try:
        frame = LocalFrame(**tree["frame"])
        features = tree["features"]
        pieces = [f for f in features if f["properties"]["kind"] == "axis"]
        parts = [f["properties"] for f in features if f["properties"]["kind"] == "sector"]
        axis = Axis(
            pieces=tuple(shapely.linestrings(f["geometry"]["coordinates"]) for f in pieces),
            frame=frame,
            reference=as_utc(datetime.fromisoformat(tree["axis_reference"])),
            tolerance_m=float(tree["axis_tolerance_m"]),
        )
        return Sectors(
            axis=axis,
            sectors=tuple(
                Sector(id=p["id"], name=p["name"], from_km=float(p["from_km"]), to_km=float(p["to_km"]))
                for p in parts
            ),
        )
    except (KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
        raise ValueError(
            f"not a collection of sectors ({error!r}); write it with sectors_to_geojson"
        ) from error
