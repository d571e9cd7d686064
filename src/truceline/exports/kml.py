"""KML 2.2 (OGC 07-147r2): areas, maps of control, findings and incidents, for globes and phones.

Elements stand in the order that the schema asks for. Colours say how well an incident is shown, never
whose it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import shapely

from truceline.base.intervals import format_time
from truceline.exports.about import about, attribution_lines, caution
from truceline.exports.export import EXPORTS, Export, refuse_beyond
from truceline.exports.geopackage_styles import OCCURRENCE_FILLS
from truceline.exports.map_sheets import area_sheet, control_sheet, line_sheet
from truceline.exports.result import Record, Result, ResultArea
from truceline.exports.sheets import Sheet, finding_sheet, incident_sheet
from truceline.exports.xml_text import add, write_tree
from truceline.layers.palette import HELD, LINE, SOFT_INK

FILE = "result.kml"
NAMESPACE = "http://www.opengis.net/kml/2.2"
MOST = 10_000  #: globes become slow beyond


@EXPORTS.add
class Kml(Export):
    """Google Earth and phones."""

    name = "kml"
    version = "1"
    title = "KML 2.2: globes and phones"

    def files(self) -> list[str]:
        """One file."""
        return [FILE]

    def write(self, result: Result, folder: Path) -> None:
        """Write the document."""
        incidents, findings = incident_sheet(result), finding_sheet(result)
        refuse_beyond(MOST, got=incidents.table.num_rows, what="incidents", format_name="kml", instead="gpkg")
        root = ET.Element("kml", xmlns=NAMESPACE)
        document = add(root, "Document")
        add(document, "name", caution(result) + result.title)
        add(document, "open", "1")
        add(document, "description", "\n".join(attribution_lines(result)))
        _styles(document, result)
        _facts(document, about(result))
        _areas(add(document, "Folder"), area_sheet(result))
        _control(add(document, "Folder"), control_sheet(result), result)
        _lines(add(document, "Folder"), line_sheet(result))
        _findings(add(document, "Folder"), findings, result)
        _incidents(add(document, "Folder"), incidents)
        write_tree(root, folder / FILE)


def _styles(document: ET.Element, result: Result) -> None:
    # no picture for the mark: it would be loaded from somebody's server whenever the file is opened
    for name, colour in OCCURRENCE_FILLS.items():
        style = add(document, "Style", id=f"occurrence-{name}")
        icon = add(style, "IconStyle")
        add(icon, "color", _abgr(colour))
        add(icon, "scale", "0.6")
        add(add(style, "LabelStyle"), "scale", "0")
    for place in range(len(result.party_names)):
        style = add(document, "Style", id=f"holder-{place}")
        add(add(style, "LineStyle"), "color", _abgr(LINE))
        add(add(style, "PolyStyle"), "color", _abgr(HELD[place % len(HELD)], alpha=0x8C))
    add(add(add(document, "Style", id="line"), "LineStyle"), "color", _abgr(LINE))
    style = add(document, "Style", id="area")
    add(add(style, "LineStyle"), "color", _abgr(SOFT_INK))
    add(add(style, "PolyStyle"), "fill", "0")


def _areas(folder: ET.Element, sheet: Sheet) -> None:
    add(folder, "name", "areas")
    for row, shape in zip(sheet.rows, _shapes(sheet), strict=True):
        mark = _placemark(folder, row["name"], row, style="area", times=None)
        _geometry(mark, shape)


def _control(folder: ET.Element, sheet: Sheet, result: Result) -> None:
    add(folder, "name", "control")
    places = {party: place for place, party in enumerate(result.party_names)}
    for row, shape in zip(sheet.rows, _shapes(sheet), strict=True):
        place = places.get(row["holder_party_id"], 0)
        name = f"{row['source_title']}: {row['holder_name']}, {row['shown_at']}"
        mark = _placemark(folder, name, row, style=f"holder-{place}", times=sheet.times)
        _geometry(mark, shape)


def _lines(folder: ET.Element, sheet: Sheet) -> None:
    add(folder, "name", "lines")
    for row, shape in zip(sheet.rows, _shapes(sheet), strict=True):
        name = f"{row['source_title']}, {row['shown_at']}: {row['reason']}"
        _geometry(_placemark(folder, name, row, style="line", times=sheet.times), shape)


def _findings(folder: ET.Element, sheet: Sheet, result: Result) -> None:
    add(folder, "name", "findings")
    areas = {area.area_id: area for area in result.areas}
    for row in sheet.rows:
        name = f"{row['act_name']}, {row['party_name']}, {row['area_name']}: {row['judgement']}"
        text = f"{row['headline']} Acts unseen: {row['bound_words']}."
        mark = _placemark(folder, name, row, times=sheet.times, text=text)
        where = _label_of(areas[row["area_id"]])
        if where is not None:
            _geometry(mark, where)


def _incidents(folder: ET.Element, sheet: Sheet) -> None:
    add(folder, "name", "incidents")
    for row in sheet.rows:
        name = f"{row['act'] or 'act not known'}, {row['place_name'] or 'place not named'}"
        mark = _placemark(folder, name, row, style=f"occurrence-{row['occurrence']}", times=sheet.times)
        if row["longitude_deg"] is not None and row["latitude_deg"] is not None:
            _geometry(mark, shapely.Point(row["longitude_deg"], row["latitude_deg"]))


def _placemark(
    folder: ET.Element,
    name: str,
    row: Record,
    *,
    times: tuple[str, str] | None,
    style: str = "",
    text: str = "",
) -> ET.Element:
    mark = add(folder, "Placemark")
    add(mark, "name", name)
    if text:
        add(mark, "description", text)
    if times is not None:
        span = add(mark, "TimeSpan")
        for element, moment in (("begin", row[times[0]]), ("end", row[times[1]])):
            if moment is not None:
                add(span, element, format_time(moment))
    if style:
        add(mark, "styleUrl", f"#{style}")
    _facts(mark, row)
    return mark


def _facts(parent: ET.Element, facts: Record) -> None:
    """What is known, name by name; what is not known is not named."""
    data = add(parent, "ExtendedData")
    for name, value in facts.items():
        if value is not None:
            add(add(data, "Data", name=name), "value", _words(value))


def _words(value: Any) -> str:
    if hasattr(value, "isoformat"):
        return format_time(value)
    if isinstance(value, dict):
        return "|".join(f"{key}={number:g}" for key, number in value.items())
    if isinstance(value, list):
        return "|".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _shapes(sheet: Sheet) -> list[Any]:
    return [] if sheet.shapes is None else list(shapely.from_wkb(sheet.shapes.to_pylist()))


def _label_of(area: ResultArea) -> Any:
    if area.label is not None:
        return shapely.Point(*area.label)
    return None if area.shape is None else shapely.point_on_surface(area.shape)


def _geometry(parent: ET.Element, shape: Any) -> None:
    if shape is None:
        return
    if shape.geom_type == "Point":
        add(add(parent, "Point"), "coordinates", f"{shape.x:.15g},{shape.y:.15g}")
        return
    several = add(parent, "MultiGeometry")
    for part in shape.geoms:
        if part.geom_type == "LineString":
            _points(add(several, "LineString"), part)
            continue
        polygon = add(several, "Polygon")
        _ring(add(polygon, "outerBoundaryIs"), part.exterior)
        for hole in part.interiors:
            _ring(add(polygon, "innerBoundaryIs"), hole)


def _ring(parent: ET.Element, ring: Any) -> None:
    _points(add(parent, "LinearRing"), ring)


def _points(parent: ET.Element, line: Any) -> None:
    text = " ".join(f"{x:.15g},{y:.15g}" for x, y in shapely.get_coordinates(line).tolist())
    add(parent, "coordinates", text)


def _abgr(colour: str, *, alpha: int = 0xFF) -> str:
    red, green, blue = colour[1:3], colour[3:5], colour[5:7]
    return f"{alpha:02x}{blue}{green}{red}"
