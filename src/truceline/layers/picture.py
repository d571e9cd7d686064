"""What a map shows: plain inputs, no files and no findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.line.history import LineHistory
from truceline.schema.incidents import INCIDENTS
from truceline.schema.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class MapLine:
    """One map of control as drawn: the first is the map whose changes are shown, others are dashed."""

    history: LineHistory
    credit: str = ""  #: citation that its licence asks for
    publish_shapes: bool = True  #: False: named in the legend as compared, its shapes are not drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSymbol:
    """A value at a named place that stands for a whole region (its borders are not drawn)."""

    name: str
    longitude_deg: float
    latitude_deg: float
    value: float | None  #: None: no value known
    coverage_lost: bool = False  #: what happened there could not, or not wholly, be seen
    label: str = ""  #: what to write beside it; empty: the value itself


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPlace:
    """A place name; ``rank`` 1 is written first and gives way to nothing."""

    name: str
    longitude_deg: float
    latitude_deg: float
    rank: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MapInput:
    """Everything a map is drawn from.

    ``region`` is west, south, east, north in degrees; what lies outside is clipped. The order of
    ``party_names`` (id → name) is the order of the truce file and picks the colour of a holder.
    """

    title: str
    region: tuple[float, float, float, float]
    frame: LocalFrame
    window: Interval
    baseline: Interval | None = None
    zone: str = "UTC"  #: IANA name; the times on the map are told in it
    party_names: Mapping[str, str] = field(default_factory=dict)
    act_names: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[MapLine, ...] = ()
    incidents: Table = field(default_factory=INCIDENTS.empty)
    symbols: tuple[MapSymbol, ...] = ()
    symbols_title: str = ""  #: what the symbols count, with its window
    places: tuple[MapPlace, ...] = ()
    land: BaseGeometry | None = None  #: WGS 84; None: no coast known, the ground is left blank
    land_credit: str = ""
    invented: bool = False  #: a simulated case: the picture says so
