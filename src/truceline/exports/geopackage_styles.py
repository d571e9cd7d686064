"""How the layers of a GeoPackage look in QGIS: QML for each, kept in the table ``layer_styles``.

Incidents are coloured by how well they are shown, never by whose they are; holders get the fills of the
report's map, by their place in the truce file. Layers with times are switched on for QGIS'
temporal controller: start included, stop excluded, as intervals are here.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from truceline.exports.result import Result
from truceline.exports.sheets import Sheet
from truceline.layers.palette import COAST, HELD, LINE, PAPER, SOFT_INK
from truceline.schema.incidents import OCCURRENCES

#: QGIS' mode that takes start and stop from two columns (QgsVectorLayerTemporalProperties)
_FROM_FIELDS = "2"
#: occurrence → fill; darker is better shown
OCCURRENCE_FILLS: dict[str, str] = {
    "verified": "#7d3606",
    "corroborated": "#b8560f",
    "reported": "#dd9a63",
    "alleged": "#f3dcc8",
    "inconclusive": "#d5d9dc",
    "refuted": "#ffffff",
    "inaccessible": "#a3abb0",
}

#: reason of a stretch → colour, width in mm; the line of contact stands out from coast and border
LINE_STROKES: dict[str, tuple[str, float]] = {
    "contact": (LINE, 0.7),
    "coast": (COAST, 0.3),
    "border": (SOFT_INK, 0.3),
    "unknown": (LINE, 0.2),
}


def style_of(sheet: Sheet, result: Result) -> str | None:
    """QML of a layer; None for a table without shapes."""
    if sheet.shapes is None:
        return None
    root = ET.Element("qgis", version="3.22.0", styleCategories="AllStyleCategories")
    if sheet.times is not None:
        start, stop = sheet.times
        ET.SubElement(root, "temporal", enabled="1", mode=_FROM_FIELDS, startField=start, endField=stop, limitMode="0", accumulate="0", durationField="", durationUnit="min", fixedDuration="0", startExpression="", endExpression="")  # fmt: skip
    if sheet.name == "incidents":
        kinds = [(name, name, _marker(OCCURRENCE_FILLS[name], size_mm=2.2)) for name in OCCURRENCES]
        _categories(root, "occurrence", kinds)
    elif sheet.name == "control":
        fills = [
            (party, name, _fill(HELD[place % len(HELD)], outline=LINE, alpha=0.55))
            for place, (party, name) in enumerate(result.party_names.items())
        ]
        _categories(root, "holder_party_id", fills)
    elif sheet.name == "lines":
        strokes = [(reason, reason, _stroke(*look)) for reason, look in LINE_STROKES.items()]
        _categories(root, "reason", strokes)
    else:
        symbol = _marker(SOFT_INK, size_mm=1.1) if sheet.shape_kind == "Point" else _outline()
        _single(root, symbol)
    ET.SubElement(root, "previewExpression").text = f'"{_name_column(sheet)}"'
    return ET.tostring(root, encoding="unicode")


def _name_column(sheet: Sheet) -> str:
    return "name" if sheet.name == "areas" else sheet.key


def _categories(root: ET.Element, attribute: str, kinds: Sequence[tuple[str, str, ET.Element]]) -> None:
    renderer = ET.SubElement(root, "renderer-v2", type="categorizedSymbol", attr=attribute, forceraster="0", symbollevels="0", enableorderby="0", referencescale="-1")  # fmt: skip
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (value, label, symbol) in enumerate(kinds):
        ET.SubElement(categories, "category", value=value, label=label, symbol=str(number), render="true")
        symbol.set("name", str(number))
        symbols.append(symbol)


def _single(root: ET.Element, symbol: ET.Element) -> None:
    renderer = ET.SubElement(root, "renderer-v2", type="singleSymbol", forceraster="0", symbollevels="0", enableorderby="0", referencescale="-1")  # fmt: skip
    symbol.set("name", "0")
    ET.SubElement(renderer, "symbols").append(symbol)


def _symbol(kind: str, layer_class: str, options: dict[str, str], *, alpha: float = 1.0) -> ET.Element:
    symbol = ET.Element("symbol", type=kind, alpha=f"{alpha:g}", clip_to_extent="1", force_rhr="0")
    layer = ET.SubElement(symbol, "layer", {"class": layer_class}, enabled="1", locked="0")
    layer.set("pass", "0")
    held = ET.SubElement(layer, "Option", type="Map")
    for name, value in options.items():
        ET.SubElement(held, "Option", name=name, value=value, type="QString")
        ET.SubElement(layer, "prop", k=name, v=value)  # QGIS before 3.20
    return symbol


def _marker(fill: str, *, size_mm: float) -> ET.Element:
    return _symbol(
        "marker",
        "SimpleMarker",
        {
            "name": "circle",
            "color": _rgba(fill),
            "outline_color": _rgba(PAPER if fill != PAPER else LINE),
            "outline_style": "solid",
            "outline_width": "0.15",
            "outline_width_unit": "MM",
            "size": f"{size_mm:g}",
            "size_unit": "MM",
        },
    )


def _stroke(colour: str, width_mm: float) -> ET.Element:
    options = {"line_color": _rgba(colour), "line_width": f"{width_mm:g}", "line_width_unit": "MM", "line_style": "solid"}  # fmt: skip
    return _symbol("line", "SimpleLine", options)


def _fill(colour: str, *, outline: str, alpha: float) -> ET.Element:
    return _symbol(
        "fill",
        "SimpleFill",
        {
            "color": _rgba(colour),
            "style": "solid",
            "outline_color": _rgba(outline),
            "outline_style": "solid",
            "outline_width": "0.35",
            "outline_width_unit": "MM",
        },
        alpha=alpha,
    )


def _outline() -> ET.Element:
    return _symbol(
        "fill",
        "SimpleFill",
        {
            "color": _rgba(PAPER),
            "style": "no",
            "outline_color": _rgba(SOFT_INK),
            "outline_style": "dash",
            "outline_width": "0.26",
            "outline_width_unit": "MM",
        },
    )


def _rgba(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},255"
