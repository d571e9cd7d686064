"""The map for the screen: what the script is given, and the fragment that holds it."""

from __future__ import annotations

import json
from datetime import timedelta
from html import escape
from importlib import resources
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.intervals import Interval
from truceline.base.language import _, digits, ngettext, say_script, told
from truceline.layers import palette
from truceline.layers.arcs import share_arcs
from truceline.layers.crowds import Cells, Shown, shown_incidents
from truceline.layers.drawing import draw_map, symbol_text
from truceline.layers.legend import NO_FRONTIERS
from truceline.layers.marks import (
    RADIUS_95_SD,
    MainLine,
    holder_name,
    holder_place,
    main_line,
    other_grounds,
    other_lines,
    write_date,
    write_interval,
    write_moment,
)
from truceline.layers.page import Page, coast_of, degree_label, graticule, lay_page, off_coast, write_path
from truceline.layers.picture import MapInput
from truceline.line.history import Snapshot
from truceline.schema.table import Record

_UNIT_M = 100.0  #: the script's whole units
_TOLERANCE = 3.5  #: of shapes, in units: 350 m


def write_fragment(data: MapInput, *, element_id: str, font_family: str) -> str:
    """Style, place, payload and script; the static picture where scripts do not run."""
    package = resources.files("truceline.layers")
    style = package.joinpath("map.css").read_text(encoding="utf-8")
    script = say_script(package.joinpath("map.js").read_text(encoding="utf-8"))
    payload = json.dumps(_payload(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    payload = payload.replace("<", "\\u003c")  # no tag can begin inside the script element
    still = draw_map(data, width_px=720, font_family=font_family, id_prefix=f"{element_id}-still")
    name = escape(element_id)
    return (
        f"<style>{style}</style>\n"
        f'<figure class="tl-map" id="{name}" style="font-family:{escape(font_family)}" '
        f'aria-label="{escape(data.title)}"><noscript>{still}</noscript></figure>\n'
        f'<script type="application/json" id="{name}-data">{payload}</script>\n'
        f'<script>{script}\ntrucelineMap(document.getElementById("{name}"),'
        f'JSON.parse(document.getElementById("{name}-data").textContent));</script>\n'
    )


def _payload(data: MapInput) -> dict[str, Any]:
    """Everything the script draws; coordinates in units of 100 m, y downwards."""
    probe = lay_page(data.frame, data.region, width=1.0)
    page = lay_page(data.frame, data.region, width=round(1 / probe.units_per_m / _UNIT_M))
    main = main_line(data)
    land = page.shape(data.land, tolerance=_TOLERANCE) if data.land is not None else None
    coast = page.shape(coast_of(data.land), tolerance=_TOLERANCE) if data.land is not None else None
    steps, shapes = _steps(data, main)
    arcs = share_arcs([page.shape(shape, tolerance=0) for shape in shapes], tolerance=_TOLERANCE)
    shown = shown_incidents(data, [Interval(step["since"], step["until"]) for step in steps])
    others = [(line, snapshot) for line, snapshot in other_lines(data)]
    return {
        "title": data.title,
        "invented": data.invented,
        "w": page.width,
        "h": page.height,
        "kmPerUnit": 1 / page.units_per_m / 1000,
        "colours": {
            "sea": palette.SEA if land is not None else palette.LAND,
            "land": palette.LAND, "coast": palette.COAST, "graticule": palette.GRATICULE,
            "held": palette.HELD[holder_place(data, main.in_force)] if main else palette.HELD[0],
            "line": palette.LINE, "moved": palette.MOVED_BEFORE, "movedNow": palette.MOVED_WITHIN,
            "incident": palette.INCIDENT, "ink": palette.INK, "soft": palette.SOFT_INK, "paper": palette.PAPER,
        },
        "land": _whole(land),
        "coast": _whole(coast),
        "graticule": [
            {"kind": kind, "label": degree_label(kind, degree), "points": _points(line)}
            for kind, degree, line in graticule(page)
        ],
        "arcs": arcs.arcs,
        "shapes": arcs.rings,
        "line": _whole(_edge(main.in_force, data, page)) if main else "",
        "others": [
            {
                "ground": _whole(page.shape(ground.geometry, tolerance=_TOLERANCE)),
                "edge": _whole(_edge(ground, data, page)),
                "colour": palette.HELD[holder_place(data, ground)],
                "text": _("Held by {party}, by {map}").format(
                    party=holder_name(data, ground), map=main.source.history.title if main else ""
                ),
            }
            for ground in other_grounds(data, main)
        ],
        "second": [_whole(_edge(s, data, page)) for line, s in others if line.publish_shapes],
        "steps": [_write_step(step, page, data) for step in steps],
        "incidents": [
            *(_write_incident(row, page, data, steps) for row in shown.rows),
            *_write_cells(shown.cells, page),
        ],
        "symbols": [
            {
                "at": _at(page, s.longitude_deg, s.latitude_deg), "name": s.name, "text": symbol_text(s),
                "lost": s.coverage_lost,
            }
            for s in data.symbols
        ],
        "places": [
            {"at": _at(page, p.longitude_deg, p.latitude_deg), "name": p.name, "rank": p.rank}
            for p in sorted(data.places, key=lambda place: (place.rank, place.name))
        ],
        "words": _words(data, main, shown),
    }  # fmt: skip


def _steps(data: MapInput, main: MainLine | None) -> tuple[list[dict[str, Any]], list[BaseGeometry]]:
    """The slider's stops: each map of the first source, from its time to the next one's."""
    if main is None:
        since = data.baseline.start if data.baseline else data.window.start
        days = Interval(min(since, data.window.start), data.window.stop).split_days(data.zone)
        return [
            {"since": d.start, "until": d.stop, "shape": -1, "snapshot": None, "moved": []} for d in days
        ], []
    shapes: list[BaseGeometry] = []
    steps: list[dict[str, Any]] = []
    ends = [s.map_time for s in main.shown[1:]]
    last = main.shown[-1].map_time
    ends.append(max(data.window.stop, last + timedelta(hours=1)))
    for snapshot, until in zip(main.shown, ends, strict=True):
        moved: list[BaseGeometry] = []
        if not shapes or snapshot.status != "repeat":
            if shapes:
                moved = [ground for ground in (snapshot.gained, snapshot.lost) if ground is not None]
            shapes.append(snapshot.geometry)
        step = {"since": snapshot.map_time, "until": until, "shape": len(shapes) - 1, "snapshot": snapshot}
        steps.append({**step, "moved": moved})
    return steps, shapes


def _edge(snapshot: Snapshot, data: MapInput, page: Page) -> BaseGeometry:
    return off_coast(shapely.boundary(page.shape(snapshot.geometry, tolerance=_TOLERANCE)), data.land, page)


def _write_step(step: dict[str, Any], page: Page, data: MapInput) -> dict[str, Any]:
    snapshot, since, until = step["snapshot"], step["since"], step["until"]
    inside = data.window.overlaps(Interval(since, until))
    text = write_date(since, data.zone)
    change = ""
    if snapshot is not None:
        text = _("Map of {date}").format(date=text)
        if snapshot.status == "repeat":
            change = _("not updated: missing data, not a line that held")
        elif snapshot.gained_km2 is not None:
            change = _("+{gained} and −{lost} km² since the map before").format(
                gained=digits(f"{snapshot.gained_km2:,.1f}"), lost=digits(f"{snapshot.lost_km2 or 0.0:,.1f}")
            )
    return {
        "text": text,
        "change": change,
        "period": f"{write_moment(since, data.zone)} – {write_moment(until, data.zone)}",
        "shape": step["shape"],
        "window": inside,
        "moved": "".join(_whole(page.shape(shape, tolerance=0)) for shape in step["moved"]),
    }


def _write_incident(
    row: Record, page: Page, data: MapInput, steps: list[dict[str, Any]]
) -> list[str | float | None]:
    """x, y, 95 % radius (units), first and last step, place, time, act, existence, sources, id."""
    x, y = _at(page, row["longitude_deg"], row["latitude_deg"])
    radius = round((row["position_sd_m"] or 0.0) * RADIUS_95_SD * page.units_per_m)
    touched = [
        number
        for number, step in enumerate(steps)
        if row["occurred_from"] < step["until"] and row["occurred_until"] > step["since"]
    ]
    act = row["act"]
    return [
        x,
        y,
        radius,
        touched[0],
        touched[-1],
        told(row["place_name"] or "", name=True),
        write_interval(row["occurred_from"], row["occurred_until"], data.zone),
        _("act not known") if act is None else data.act_names.get(act, act),
        None if row["existence_p"] is None else round(row["existence_p"], 3),
        len(row["source_ids"]),
        row["n_primary_sources"],
        row["incident_id"],
    ]


def _write_cells(cells: Cells | None, page: Page) -> list[list[str | float | None]]:
    """As incidents, without what only one has; last, how many a dot stands for and what share of the most."""
    if cells is None:
        return []
    places = np.round(page.project(cells.longitude_deg, cells.latitude_deg)).astype(np.int64).tolist()
    most = int(cells.count.max())
    return [
        [x, y, 0, step, step, "", "", "", None, 0, 0, "", n, round(n / most, 4)]
        for (x, y), step, n in zip(places, cells.interval.tolist(), cells.count.tolist(), strict=True)
    ]


def _words(data: MapInput, main: MainLine | None, shown: Shown) -> dict[str, Any]:
    window = f"{write_moment(data.window.start, data.zone)} – {write_moment(data.window.stop, data.zone)}"
    withheld = [line.history.title for line, _ in other_lines(data) if not line.publish_shapes]
    second = [line.history.title for line, _ in other_lines(data) if line.publish_shapes]
    credits = [line.credit.rstrip(".") for line in data.lines if line.credit and line.publish_shapes]
    credits += [data.land_credit.rstrip(".")] if data.land_credit else []
    return {
        "held": _("Held by {party}, by {map}").format(
            party=holder_name(data, main.in_force), map=main.source.history.title
        )
        if main
        else "",
        "line": _("Its edge as the window began") if main else "",
        "moved": _("Changed since the first map shown; darker: on the date shown") if main else "",
        "second": " · ".join(second),
        "withheld": "; ".join(_("{map}: compared, not drawn").format(map=title) for title in withheld),
        "incidents": _("Incidents")
        if shown.cells is None
        else _("Incidents, counted in cells of {size} km: the larger the dot, the more of them").format(
            size=digits(f"{shown.cells.side_m / 1000:.1f}")
        ),
        "circles": _("Their 95 % circles") if shown.cells is None else "",
        "values": data.symbols_title if data.symbols else "",
        "lost": _("× could not, or not wholly, be seen")
        if any(s.coverage_lost for s in data.symbols)
        else "",
        "unplaced": ngettext(
            "{n} incident without a place is not drawn.",
            "{n} incidents without a place are not drawn.",
            shown.unplaced,
        ).format(n=shown.unplaced)
        + " "
        if shown.unplaced
        else "",
        "zone": data.zone,
        "window": window,
        "credits": " ".join([_(NO_FRONTIERS), *(f"{credit}." for credit in credits)]),
    }


def _at(page: Page, longitude_deg: float, latitude_deg: float) -> list[int]:
    x, y = page.point(longitude_deg, latitude_deg)
    return [round(x), round(y)]


def _points(line: BaseGeometry) -> list[int]:
    longest = max(shapely.get_parts(line), key=lambda part: part.length)
    kept = shapely.get_coordinates(shapely.simplify(longest, 2.0))
    return [int(value) for value in np.round(kept).ravel()]


def _whole(geometry: BaseGeometry | None) -> str:
    if geometry is None:
        return ""
    return write_path(shapely.transform(geometry, lambda points: np.round(points)))
