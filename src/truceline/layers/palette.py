"""Colours of maps: told apart by the colour-blind and in grey, none that takes a side.

Holders get a fill by their place in the truce file; the fills have one lightness and one strength.
"""

from __future__ import annotations

SEA = "#e7edf1"
LAND = "#faf9f6"
COAST = "#9fb0bb"
GRATICULE = "#c3ccd2"
INK = "#22282d"
SOFT_INK = "#5c666e"
#: by the holder's place in the truce file
HELD = ("#ccd5e5", "#e2d6bd", "#cadbca", "#e6cfdc", "#c3dcd8", "#ddd2e8")
LINE = "#33393f"
MOVED_BEFORE = "#9a6fb0"
MOVED_WITHIN = "#4f1771"
INCIDENT = "#b8560f"
PAPER = "#ffffff"
