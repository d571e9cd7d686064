"""The map as a static picture: plain paths and texts, for paper."""

from __future__ import annotations

import math
from html import escape

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.language import _, digits
from truceline.base.xml_text import clean
from truceline.layers import palette
from truceline.layers.crowds import Cells, shown_incidents
from truceline.layers.labels import Box, Name, place_labels, text_width
from truceline.layers.legend import Swatch, credit_lines, legend_entries, write_legend
from truceline.layers.marks import (
    MainLine,
    gather_spots,
    holder_place,
    main_line,
    other_grounds,
    other_lines,
)
from truceline.layers.page import (
    Page,
    coast_of,
    degree_label,
    graticule,
    lay_page,
    off_coast,
    write_number,
    write_path,
)
from truceline.layers.picture import MapInput, MapSymbol
from truceline.line.shapes import ground_gained

_NAME_SIZE = 9.5
_HALO = f'paint-order="stroke" stroke="{palette.LAND}" stroke-width="2.4" stroke-linejoin="round"'


def draw_map(data: MapInput, *, width_px: int, font_family: str, id_prefix: str) -> str:
    """The whole picture: heading, map, legend, credits; from back to front.

    1. Sea, land, graticule. 2. Held area, movement, lines. 3. Incidents. 4. Values and names.
    5. Frame, scale. 6. Legend and credits.
    """
    page = lay_page(data.frame, data.region, width=width_px)
    top = 22.0 if not data.invented else 38.0
    main = main_line(data)
    parts = [
        *_ground(data, page),  # (1)
        *_lines(data, page, main),  # (2)
        *_incidents(data, page),  # (3)
        *_symbols(data, page, id_prefix),  # (4)
        *_names(data, page),
        *_scale(page),  # (5)
    ]
    legend = write_legend(
        legend_entries(data, main), x=0, y=top + page.height + 16, width=width_px, hatch=f"{id_prefix}-hatch"
    )
    credits, bottom = credit_lines(data, main, y=legend.bottom + 6, width=width_px)
    height = math.ceil(bottom)
    return clean(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_px}" height="{height}" '
        f'viewBox="0 0 {width_px} {height}" font-family="{escape(font_family)}" font-size="10" '
        f'fill="{palette.INK}" role="img" aria-label="{escape(data.title)}">'
        f"<title>{escape(data.title)}</title>"
        f'<defs><clipPath id="{id_prefix}-clip"><rect width="{width_px}" height="{write_number(page.height)}"/>'
        f'</clipPath><pattern id="{id_prefix}-hatch" width="4" height="4" patternUnits="userSpaceOnUse">'
        f'<rect width="4" height="4" fill="{palette.PAPER}"/>'
        f'<path d="M-1 1L1 -1M0 4L4 0M3 5L5 3" stroke="{palette.SOFT_INK}" stroke-width="0.8"/></pattern></defs>'
        + _heading(data)
        + f'<g transform="translate(0 {write_number(top)})"><g clip-path="url(#{id_prefix}-clip)">'
        + "".join(parts)
        + f'</g><rect x="0.4" y="0.4" width="{write_number(page.width - 0.8)}" '
        f'height="{write_number(page.height - 0.8)}" fill="none" stroke="{palette.SOFT_INK}" stroke-width="0.8"/></g>'
        + legend.text
        + credits
        + "</svg>"
    )


def _heading(data: MapInput) -> str:
    text = f'<text x="0" y="13" font-size="12.5" font-weight="600">{escape(data.title)}</text>'
    if data.invented:
        text += (
            '<text x="0" y="30" font-size="11" font-weight="600">INVENTED CASE: nothing here happened</text>'
        )
    return text


def _path(geometry: BaseGeometry, attributes: str) -> str:
    text = write_path(geometry)
    return f'<path d="{text}" {attributes}/>' if text else ""


def _ground(data: MapInput, page: Page) -> list[str]:
    parts = []
    ground = palette.LAND if data.land is None else palette.SEA
    parts.append(
        f'<rect width="{write_number(page.width)}" height="{write_number(page.height)}" fill="{ground}"/>'
    )
    if data.land is not None:
        parts.append(_path(page.shape(data.land), f'fill="{palette.LAND}" fill-rule="evenodd"'))
        coast = page.shape(coast_of(data.land))
        parts.append(_path(coast, f'fill="none" stroke="{palette.COAST}" stroke-width="0.6"'))
    style = f'fill="none" stroke="{palette.GRATICULE}" stroke-width="0.4"'
    text_style = f'font-size="8" fill="{palette.SOFT_INK}" {_HALO.replace(palette.LAND, ground)}'
    for kind, degree, line in graticule(page):
        parts.append(_path(shapely.simplify(line, 0.05), style))
        ends = shapely.get_coordinates(line)
        if kind == "lon":
            x, y = max(ends, key=lambda point: point[1])
            x, y, anchor = x, page.height - 5, "middle"
        else:
            x, y = min(ends, key=lambda point: point[0])
            x, y, anchor = 5.0, y - 2.5, "start"
        if page.holds(x, y, margin=4) and (kind == "lat" or 24 < x < page.width - 24):
            parts.append(
                f'<text x="{write_number(x)}" y="{write_number(y)}" text-anchor="{anchor}" {text_style}>'
                f"{degree_label(kind, degree)}</text>"
            )
    return parts


def _lines(data: MapInput, page: Page, main: MainLine | None) -> list[str]:
    parts = []
    if main is not None:
        fill = palette.HELD[holder_place(data, main.in_force)]
        held = page.shape(main.in_force.geometry)
        parts.append(_path(held, f'fill="{fill}" fill-opacity="0.8" fill-rule="evenodd"'))
        for other in other_grounds(data, main):
            ground = page.shape(other.geometry)
            fill = palette.HELD[holder_place(data, other)]
            parts.append(_path(ground, f'fill="{fill}" fill-opacity="0.8" fill-rule="evenodd"'))
            edge = off_coast(shapely.boundary(ground), data.land, page)
            parts.append(_path(edge, f'fill="none" stroke="{palette.LINE}" stroke-width="0.9"'))
        edge = off_coast(shapely.boundary(held), data.land, page)
        parts.append(
            _path(edge, f'fill="none" stroke="{palette.LINE}" stroke-width="0.9" stroke-linejoin="round"')
        )
        for before, after, colour in (
            (main.at_start, main.in_force, palette.MOVED_BEFORE),
            (main.in_force, main.within[-1] if main.within else main.in_force, palette.MOVED_WITHIN),
        ):
            for changed in (
                ground_gained(before.geometry, after.geometry),
                ground_gained(after.geometry, before.geometry),
            ):
                style = f'fill="{colour}" stroke="{colour}" stroke-width="1.5" stroke-linejoin="round"'
                parts.append(_path(page.shape(changed, tolerance=0.0), style))
    for source, snapshot in other_lines(data):
        if source.publish_shapes:
            style = f'fill="none" stroke="{palette.LINE}" stroke-width="0.9" stroke-dasharray="3 2"'
            edge = off_coast(shapely.boundary(page.shape(snapshot.geometry)), data.land, page)
            parts.append(_path(edge, style))
    return parts


def _incidents(data: MapInput, page: Page) -> list[str]:
    shown = shown_incidents(data, [data.window])
    if shown.cells is not None:
        return _crowds(shown.cells, page)
    circles, dots = [], []
    for spot in gather_spots(shown.rows):
        x, y = page.point(spot.longitude_deg, spot.latitude_deg)
        if not page.holds(x, y):
            continue
        at = f'cx="{write_number(x)}" cy="{write_number(y)}"'
        radius = spot.radius_m * page.units_per_m
        if radius > 0:
            circles.append(
                f'<circle {at} r="{write_number(radius)}" fill="{palette.INCIDENT}" fill-opacity="0.09" '
                f'stroke="{palette.INCIDENT}" stroke-opacity="0.55" stroke-width="0.4"/>'
            )
        size = min(1.1 * math.sqrt(len(spot.incidents)), 6.0)
        dots.append(f'<circle {at} r="{write_number(size)}" fill="{palette.INCIDENT}"/>')
    return circles + dots


def _crowds(cells: Cells, page: Page) -> list[str]:
    """A dot a cell, its area by the number of incidents in it."""
    most = int(cells.count.max())
    places = page.project(cells.longitude_deg, cells.latitude_deg).tolist()
    return [
        f'<circle cx="{write_number(x)}" cy="{write_number(y)}" r="{write_number(6.0 * math.sqrt(n / most))}" '
        f'fill="{palette.INCIDENT}" fill-opacity="0.7"/>'
        for (x, y), n in zip(places, cells.count.tolist(), strict=True)
        if page.holds(x, y)
    ]


def symbol_text(symbol: MapSymbol) -> str:
    """What stands in a symbol: its label, its value, or a dash where none is known."""
    if symbol.label:
        return symbol.label
    return (
        "–"
        if symbol.value is None
        else digits(f"{symbol.value:,.0f}" if symbol.value >= 10 else f"{symbol.value:g}")
    )


def _symbols(data: MapInput, page: Page, id_prefix: str) -> list[str]:
    parts = []
    for symbol in data.symbols:
        x, y = page.point(symbol.longitude_deg, symbol.latitude_deg)
        if page.holds(x, y):
            swatch = Swatch(
                kind="lost" if symbol.coverage_lost else "value",
                text=symbol_text(symbol),
                hatch=f"{id_prefix}-hatch",
            )
            parts.append(f"<g><title>{escape(symbol.name)}</title>{swatch.draw(x, y)}</g>")
    return parts


def _names(data: MapInput, page: Page) -> list[str]:
    taken: list[Box] = [(page.width - 150, page.height - 34, page.width, page.height)]
    spots = []
    for symbol in data.symbols:
        x, y = page.point(symbol.longitude_deg, symbol.latitude_deg)
        half = max(7.5, text_width(symbol_text(symbol), 9) / 2 + 3)
        spots.append((x, y, half))
        taken.append((x - half, y - 7.5, x + half, y + 7.5))
    names, dots = [], []
    for place in data.places:
        x, y = page.point(place.longitude_deg, place.latitude_deg)
        if not page.holds(x, y, margin=3):
            continue
        near = next((spot for spot in spots if math.hypot(spot[0] - x, spot[1] - y) < 7), None)
        if near is None:
            dots.append((x, y))
            taken.append((x - 2, y - 2, x + 2, y + 2))
        px, py, clearance = near if near is not None else (x, y, 2.0)
        names.append(Name(text=place.name, x=px, y=py, rank=place.rank, clearance=clearance))
    parts = [
        f'<circle cx="{write_number(x)}" cy="{write_number(y)}" r="1.4" fill="{palette.PAPER}" '
        f'stroke="{palette.INK}" stroke-width="0.7"/>'
        for x, y in dots
    ]
    bounds = (3.0, 3.0, page.width - 3, page.height - 16)
    for label in place_labels(names, taken=taken, bounds=bounds, size=_NAME_SIZE):
        parts.append(
            f'<text x="{write_number(label.x)}" y="{write_number(label.y)}" text-anchor="{label.anchor}" '
            f'font-size="{_NAME_SIZE}" {_HALO}>{escape(label.name.text)}</text>'
        )
    return parts


def _scale(page: Page) -> list[str]:
    x, y = page.width - 14, page.height - 20
    length_km, units, latitude_deg = page.scale_bar(x - 130, y, most=130)
    left = x - units
    scale = _("{n} km (true at {latitude}° latitude)").format(n=length_km, latitude=f"{latitude_deg:.0f}")
    return [
        f'<path d="M{write_number(left)} {write_number(y - 4)}v4h{write_number(units)}v-4" fill="none" '
        f'stroke="{palette.INK}" stroke-width="0.9"/>',
        f'<text x="{write_number(x)}" y="{write_number(y - 6)}" text-anchor="end" font-size="8.5" '
        f"{_HALO.replace(palette.LAND, palette.SEA)}>{escape(scale)}</text>",
    ]
