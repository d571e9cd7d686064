"""Two maps' lines of contact compared, both ways and sector by sector."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import WGS84, FloatArray, LocalFrame
from truceline.line.contact import ContactLine, Reason
from truceline.line.sectors import IntArray, Sectors, assign_sectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Offsets:
    """Distances from points along one line to another, metres; NaN where none could be compared.

    Points further than the limit from the other line are left out: the other map draws no line there.
    ``compared_km`` and ``excluded_km`` are the lengths that were compared and left out.
    """

    compared_km: float
    excluded_km: float
    median_m: float
    p95_m: float
    longest_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SectorOffsets:
    """The offsets of one sector, both ways."""

    sector_id: str
    first_to_second: Offsets
    second_to_first: Offsets


@dataclass(frozen=True, slots=True, kw_only=True)
class LineComparison:
    """The contact stretches of two maps of one date, compared.

    ``hausdorff95_m`` is the larger of the two ways' 95th percentiles. ``offset_sd_m`` is a robust
    standard deviation of the offsets of both ways (1.4826 × their median, as for a normal spread about
    zero), which is what ``uncertainty.measure_spread`` takes.
    """

    source_id: str
    other_source_id: str
    at: datetime
    within_m: float
    first_to_second: Offsets
    second_to_first: Offsets
    hausdorff95_m: float
    offset_sd_m: float
    sectors: tuple[SectorOffsets, ...]
    only_first: BaseGeometry  #: points of the first line that were left out, WGS 84
    only_second: BaseGeometry


def compare_contact(
    first: ContactLine,
    second: ContactLine,
    *,
    source_ids: tuple[str, str],
    at: datetime,
    frame: LocalFrame,
    sectors: Sectors | None = None,
    within_m: float = 10_000.0,
    spacing_m: float = 500.0,
) -> LineComparison:
    """Compare the stretches that each map calls contact.

    Points stand at the middles of equal steps of about ``spacing_m`` along each line; each is measured to
    the nearest point that the other map calls contact or unknown, in the plane of ``frame``. Maps need not draw the same ground, so what
    is further than ``within_m`` from the other's line is left out, counted and kept. Exchanging the maps
    exchanges the parts.
    """
    lines = [_planes(contact, frame, ("contact",)) for contact in (first, second)]
    targets = [_planes(contact, frame, ("contact", "unknown")) for contact in (first, second)]
    ways = [
        _Way(lines[0], targets[1], frame, sectors, within_m, spacing_m),
        _Way(lines[1], targets[0], frame, sectors, within_m, spacing_m),
    ]
    whole = [way.summarise(None) for way in ways]
    both = np.concatenate([way.away_m[way.near] for way in ways])
    by_sector = []
    for number, sector in enumerate(sectors.sectors if sectors is not None else ()):
        there, back = (way.summarise(number) for way in ways)
        if there.compared_km + there.excluded_km + back.compared_km + back.excluded_km > 0:
            by_sector.append(SectorOffsets(sector_id=sector.id, first_to_second=there, second_to_first=back))
    return LineComparison(
        source_id=source_ids[0],
        other_source_id=source_ids[1],
        at=at,
        within_m=within_m,
        first_to_second=whole[0],
        second_to_first=whole[1],
        hausdorff95_m=max(whole[0].p95_m, whole[1].p95_m),
        offset_sd_m=1.4826 * float(np.median(both)) if both.size else float("nan"),
        sectors=tuple(by_sector),
        only_first=ways[0].left_out(),
        only_second=ways[1].left_out(),
    )


def _planes(contact: ContactLine, frame: LocalFrame, reasons: tuple[Reason, ...]) -> list[BaseGeometry]:
    lines = [frame.geometry_to_plane(s.line) for s in contact.stretches if s.reason in reasons]
    return sorted((line for line in lines if line.length), key=lambda line: line.wkb)


class _Way:
    """Offsets of one line's points to the other."""

    def __init__(
        self,
        own: list[BaseGeometry],
        other: list[BaseGeometry],
        frame: LocalFrame,
        sectors: Sectors | None,
        within_m: float,
        spacing_m: float,
    ) -> None:
        points, step_km = [np.empty((0, 2))], [np.empty(0)]
        for line in own:
            steps = max(1, round(line.length / spacing_m))
            along = (np.arange(steps) + 0.5) / steps
            at = shapely.get_coordinates(shapely.line_interpolate_point(line, along, normalized=True))
            longitude, latitude = frame.to_globe(*shapely.get_coordinates(line).T)
            points.append(at)
            step_km.append(np.full(steps, float(WGS84.line_length(longitude, latitude)) / 1000 / steps))
        self.points, self.step_km = np.vstack(points), np.concatenate(step_km)
        self.away_m: FloatArray = np.full(len(self.points), np.inf)
        if other and len(self.points):
            target = shapely.multilinestrings(other)
            shapely.prepare(target)
            self.away_m = shapely.distance(target, shapely.points(self.points))
        self.near = self.away_m <= within_m
        longitude, latitude = (
            frame.to_globe(*self.points.T) if len(self.points) else (np.empty(0), np.empty(0))
        )
        self.globe = np.column_stack([longitude, latitude])
        self.sector: IntArray = (
            np.zeros(len(self.points), dtype=np.int64)
            if sectors is None or not len(self.points)
            else assign_sectors(sectors, longitude, latitude)
        )

    def summarise(self, sector: int | None) -> Offsets:
        own = np.ones(len(self.points), dtype=bool) if sector is None else self.sector == sector
        away = self.away_m[own & self.near]
        nothing = float("nan")
        return Offsets(
            compared_km=float(self.step_km[own & self.near].sum()),
            excluded_km=float(self.step_km[own & ~self.near].sum()),
            median_m=float(np.median(away)) if away.size else nothing,
            p95_m=float(np.quantile(away, 0.95)) if away.size else nothing,
            longest_m=float(away.max()) if away.size else nothing,
        )

    def left_out(self) -> BaseGeometry:
        return shapely.multipoints(self.globe[~self.near])
