"""What lies on the left of a line as it is drawn, by the compass."""

from __future__ import annotations

import math

from truceline.base.language import N_, _
from truceline.workflow.sniff_map import SniffedMap

#: eight directions, from north by east
_COMPASS = (N_("north"), N_("north-east"), N_("east"), N_("south-east"), N_("south"), N_("south-west"), N_("west"), N_("north-west"))  # fmt: skip


def where_left(layer: SniffedMap) -> str:
    """From where to where the longest line runs, and what lies on its left; empty where that is not told."""
    if layer.kind == "polygon" or layer.ends is None:
        return ""
    (x, y), (to_x, to_y) = layer.ends
    east, north = (to_x - x) * math.cos(math.radians((y + to_y) / 2)), to_y - y
    if not (east or north):  # a ring
        return ""
    course = round(math.degrees(math.atan2(east, north)) / 45)
    start, stop, left = (_(_COMPASS[(course + turn) % 8]) for turn in (4, 0, 6))
    return _("It is drawn from {start} to {stop}: on its left is the {left}.").format(start=start, stop=stop, left=left)  # fmt: skip
