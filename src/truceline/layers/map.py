"""The map of a report: one picture for print, one that moves for the screen."""

from __future__ import annotations

from truceline.layers.drawing import draw_map
from truceline.layers.interactive import write_fragment
from truceline.layers.picture import MapInput, MapLine, MapPlace, MapSymbol

__all__ = ["MapInput", "MapLine", "MapPlace", "MapSymbol", "render_map_html", "render_map_svg"]


def render_map_svg(
    data: MapInput,
    *,
    width_px: int = 720,
    font_family: str = "IBM Plex Sans, sans-serif",
    id_prefix: str = "map-static",
) -> str:
    """A static SVG document, the same bytes for the same input.

    Plain paths and ``<text>`` only: no CSS variables, no ``foreignObject``, nothing from outside;
    fit for typst and for a page. Its height follows from the region and the legend. At 720 px over
    the width of a text column its smallest letters are 6 points high. ``id_prefix`` must be unique
    in the page that holds it.
    """
    return draw_map(data, width_px=width_px, font_family=font_family, id_prefix=id_prefix)


def render_map_html(
    data: MapInput, *, element_id: str = "map", font_family: str = "IBM Plex Sans, system-ui, sans-serif"
) -> str:
    """An HTML fragment: style, inline SVG, controls and script, with no request to anywhere.

    ``element_id`` must be unique in the page. Without scripts the static picture is shown.
    """
    return write_fragment(data, element_id=element_id, font_family=font_family)
