"""A pocket as a page: its curves by every map, pictures of its maps, and what was claimed, side by side."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from operator import attrgetter
from typing import TypeAlias

import shapely
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import LocalFrame
from truceline.line.enclosure import Ground
from truceline.line.pocket_history import ClosedSince, PocketDay, Range, closed_since
from truceline.reports.charts import nice_ticks

#: colours that differ in lightness too, so that they are told apart in grey
COLOURS = ("#14324f", "#a3570a", "#2f7d5b", "#7a3b86")
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 210, 52, 12, 14, 30
_PICTURE = 300


_Pick: TypeAlias = Callable[[PocketDay], Range]

#: what is drawn through time: title, figure, what one of its units is
_CURVES: tuple[tuple[str, _Pick, float], ...] = (
    ("Area of the pocket, km²", attrgetter("area_km2"), 1.0),
    ("Share of its edge that faces the other side, %", attrgetter("enclosed_share"), 0.01),
    ("Width of the widest way out, km", attrgetter("neck_m"), 1000.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PocketPicture:
    """The ground of one day, in the frame's metres, to be drawn."""

    map_id: str
    title: str
    day: PocketDay
    ground: Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class MapCurve:
    """One map's days, and what is said of it."""

    map_id: str
    title: str
    shows: str
    error_m: float
    error_basis: str
    citation: str
    days: tuple[PocketDay, ...]
    looked_at: tuple[PocketDay, ...]
    notes: tuple[str, ...]

    @property
    def closed(self) -> dict[str, ClosedSince]:
        """Since when no way out is shown: as drawn, and at either end of the error."""
        return {which: closed_since(self.days, which=which) for which in ("drawn", "least", "most")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """A claim as the page shows it."""

    said_on: str
    speaker: str
    side: str
    says: str
    words: str
    figure_km2: float | None
    outlet: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnclosurePage:
    """Everything that the page is made from."""

    title: str
    summary: str
    edition: str
    as_of: str
    holder: str
    other: str
    sides: dict[str, str]
    tolerance_m: float
    snap_m: float
    frontier_credit: str
    release_basis: str
    maps: tuple[MapCurve, ...]
    claims: tuple[ClaimLine, ...]
    pictures: tuple[PocketPicture, ...]
    frontier: BaseGeometry
    frame: LocalFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chart:
    title: str
    svg: Markup


def render_enclosure(page: EnclosurePage) -> str:
    """The page: it needs no network, no second file, no script."""
    environment = Environment(
        loader=PackageLoader("truceline.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["share"] = lambda value: _told(value, lambda x: f"{x:.0%}")
    environment.filters["km2"] = lambda value: _told(value, lambda x: f"{x:,.0f}")
    environment.filters["km"] = lambda value: _told(value, lambda x: f"{x / 1000:.1f}")
    charts = [
        _Chart(title=title, svg=_chart(page, pick, unit=unit))
        for title, pick, unit in _CURVES
        if any(pick(day).drawn is not None for one in page.maps for day in one.days)
    ]
    css = (files("truceline.reports") / "templates" / "review.css").read_text(encoding="utf-8")
    return environment.get_template("enclosure.html.j2").render(
        page=page,
        charts=charts,
        pictures=[(one, _picture(page, one)) for one in page.pictures],
        colours=dict(zip([one.map_id for one in page.maps], COLOURS * 9, strict=False)),
        css=Markup(css),
    )


def days_table(days: Sequence[PocketDay]) -> str:
    """Every day of every map as CSV."""
    ranges = ("area_km2", "enclosed_share", "neck_m", "cut_off_km2")
    names = [f"{name}_{end}" for name in ranges for end in ("drawn", "least", "most")]
    plain = ("map_id", "map_time", "status", "breadth_m", "narrows", "behind_km2", "taken_back_km2")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*plain, *names])
    for day in days:
        row = [getattr(day, name) for name in plain]
        row[1] = day.map_time.isoformat()
        row += [getattr(getattr(day, name), end) for name in ranges for end in ("drawn", "least", "most")]
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else value


def _told(value: Range, form: Callable[[float], str]) -> str:
    if value.drawn is None or value.least is None or value.most is None:
        return "–"
    return f"{form(value.drawn)} ({form(value.least)}–{form(value.most)})"


# -- curves -------------------------------------------------------------------------------------
def _chart(page: EnclosurePage, pick: _Pick, *, unit: float) -> Markup:
    days = [day for one in page.maps for day in one.days if pick(day).drawn is not None]
    first, last = min(day.map_time for day in days), max(day.map_time for day in days)
    span_s = max((last - first).total_seconds(), 1.0)
    top = max(_finite(pick(day).most) / unit for day in days) or 1.0
    top = min(top, 1.5 * max(_finite(pick(day).drawn) / unit for day in days) or top) * 1.02

    def x(moment: datetime) -> float:
        return _LEFT + (moment - first).total_seconds() / span_s * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float | None) -> float:
        return _TOP + (1 - min(_finite(value) / unit / top, 1.0)) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_axis(y, top, unit), *_months(x, first, last)]
    for one, colour in zip(page.maps, COLOURS * 9, strict=False):
        told = [day for day in one.days if pick(day).drawn is not None]
        # a date without an update is missing data: nothing is drawn on it
        seen = [day for day in told if day.status != "repeat"]
        band = [(x(day.map_time), y(pick(day).most)) for day in seen]
        band += [(x(day.map_time), y(pick(day).least)) for day in reversed(seen)]
        line = " ".join(f"{x(day.map_time):.1f},{y(pick(day).drawn):.1f}" for day in seen)
        shade = " ".join(f"{a:.1f},{b:.1f}" for a, b in band)
        parts.append(f'<polygon points="{shade}" fill="{colour}" fill-opacity=".13"/>')
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        parts += [
            f'<circle cx="{x(day.map_time):.1f}" cy="{y(pick(day).drawn):.1f}" r="2.4" fill="{colour}"/>'
            for day in seen
        ]
    return Markup(f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="chart">{"".join(parts)}</svg>')


def _finite(value: float | None) -> float:
    return 0.0 if value is None or value == float("inf") else value


def _axis(y: Callable[[float | None], float], top: float, unit: float) -> str:
    marks = []
    for value in (mark for mark in nice_ticks(top) if mark <= top):
        label = f"{value:,g}"
        at = y(value * unit)
        marks.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}" class="grid"/>')
        marks.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    return "".join(marks)


def _months(x: Callable[[datetime], float], first: datetime, last: datetime) -> list[str]:
    marks = []
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        moment = first.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
        if moment >= first:
            marks.append(f'<text x="{x(moment):.1f}" y="{_HEIGHT - 10}" text-anchor="middle">{month}/{year % 100:02d}</text>')  # fmt: skip
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return marks


# -- maps ---------------------------------------------------------------------------------------
def _picture(page: EnclosurePage, one: PocketPicture) -> Markup:
    """The pocket with as much round it again."""
    west, south, east, north = one.ground.pocket.bounds if not one.ground.pocket.is_empty else (0, 0, 1, 1)
    half = max(east - west, north - south, 8_000.0) * 0.75
    middle = (west + east) / 2, (south + north) / 2
    box = shapely.box(middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)
    scale = _PICTURE / (2 * half)

    def path(shape: BaseGeometry) -> str:
        inside = shapely.simplify(shapely.intersection(shape, box), half / 500)
        pieces = []
        for part in shapely.get_parts(inside):
            lines = shapely.get_rings(part) if part.geom_type == "Polygon" else [part]
            for line in lines:
                points = " ".join(
                    f"{(px - middle[0] + half) * scale:.1f},{(middle[1] + half - py) * scale:.1f}"
                    for px, py in shapely.get_coordinates(line).tolist()
                )
                if points:
                    pieces.append(f"M{points}{'Z' if part.geom_type == 'Polygon' else ''}")
        return " ".join(pieces)

    ground = one.ground
    drawn = [
        f'<path d="{path(ground.other)}" class="other" fill-rule="evenodd"/>',
        f'<path d="{path(ground.main)}" class="main" fill-rule="evenodd"/>',
        f'<path d="{path(ground.pocket)}" class="pocket" fill-rule="evenodd"/>',
        f'<path d="{path(page.frontier)}" class="frontier"/>',
    ]
    if one.day.neck is not None:
        flanks = shapely.LineString(
            [[float(v) for v in page.frame.to_plane(*place)] for place in one.day.neck]
        )
        drawn.append(f'<path d="{path(flanks)}" class="neck"/>')
    bar = 10_000 * scale if half > 10_000 else 2_000 * scale
    label = "10 km" if half > 10_000 else "2 km"
    drawn.append(f'<path d="M10,{_PICTURE - 14} h{bar:.1f}" class="bar"/><text x="10" y="{_PICTURE - 18}">{label}</text>')  # fmt: skip
    return Markup(f'<svg viewBox="0 0 {_PICTURE} {_PICTURE}" role="img" class="map">{"".join(drawn)}</svg>')
