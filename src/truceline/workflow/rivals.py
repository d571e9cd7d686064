"""Incidents as the terms see them: how many breaches of each duty they make, under any draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import LocalFrame
from truceline.schema.table import Record
from truceline.terms.meaning import Happening, breaches
from truceline.terms.truce import Truce
from truceline.terms.zones import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How many breaches of a duty by a party the incidents make, on average, between bounds."""

    obligation_id: str
    party_id: str
    lo: float
    hi: float


def expect_breaches(
    truce: Truce, incidents: Sequence[Record], *, frame: LocalFrame, areas: Mapping[str, BaseGeometry]
) -> list[Expected]:
    """Sum the chance of a breach over incidents.

    What has no probability of existence widens the bounds, and so does a zone of which it cannot be
    told whether it holds the incident (all such zones are taken to hold it, or none). An incident
    without a basis for who did it counts against nobody.
    """
    zones = [(zone, _shape(zone, frame, areas)) for zone in truce.zones]
    total: dict[tuple[str, str], list[float]] = {
        (item.id, party): [0.0, 0.0]
        for item in truce.obligations
        if item.rule not in ("permit", "require")
        for party in item.binds
    }
    least: list[Happening] = []
    most: list[Happening] = []
    for incident in incidents:
        if incident["act"] is not None and incident["party_p"]:
            inside, maybe = _held(zones, incident, frame)
            least.append(_happening(incident, zones=inside, unknown_existence_p=0.0))
            most.append(_happening(incident, zones=inside | maybe, unknown_existence_p=1.0))
    chances: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for part in (least, most):
        for one in breaches(truce, part):
            key = (one.obligation_id, one.party_id, one.happening_id)
            chances.setdefault(key, []).append((one.p_lo, one.p_hi))
    for (duty, party, _incident), found in chances.items():
        total[duty, party][0] += min(lo for lo, _hi in found) if len(found) == 2 else 0.0
        total[duty, party][1] += max(hi for _lo, hi in found)
    return [
        Expected(obligation_id=duty, party_id=party, lo=lo, hi=hi)
        for (duty, party), (lo, hi) in total.items()
    ]


def _happening(incident: Record, *, zones: frozenset[str], unknown_existence_p: float) -> Happening:
    existence_p = incident["existence_p"]
    start: datetime = incident["occurred_from"]
    stop: datetime = incident["occurred_until"]
    return Happening(
        id=str(incident["incident_id"]),
        act=str(incident["act"]),
        occurred_from=start,
        occurred_until=stop if stop > start else None,
        existence_p=unknown_existence_p if existence_p is None else float(existence_p),
        party_p=dict(incident["party_p"]),
        places=((1.0, zones),),
    )


def _held(
    zones: Sequence[tuple[Zone, BaseGeometry | None]], incident: Record, frame: LocalFrame
) -> tuple[frozenset[str], frozenset[str]]:
    """Zones that hold an incident, and zones of which that cannot be told."""
    inside, maybe = set(), set()
    for zone, shape in zones:
        holds = _holds(zone, shape, incident, frame)
        if holds is None:
            maybe.add(zone.id)
        elif holds:
            inside.add(zone.id)
    return frozenset(inside), frozenset(maybe)


def _holds(zone: Zone, shape: BaseGeometry | None, incident: Record, frame: LocalFrame) -> bool | None:
    if zone.kind == "band":
        distance_m = incident["line_distance_m"]
        if distance_m is None or zone.line_as_of == "start" or zone.sides is not None:
            return None  # the distance told is that to the line of the day, without saying whose side it is
        return (zone.from_km or 0.0) * 1000 <= abs(float(distance_m)) < (zone.to_km or 0.0) * 1000
    if zone.kind == "area" and incident["area_id"] == zone.area:
        return True
    if shape is None or incident["longitude_deg"] is None or incident["latitude_deg"] is None:
        return None
    x_m, y_m = frame.to_plane(float(incident["longitude_deg"]), float(incident["latitude_deg"]))
    held = bool(shapely.covers(shape, shapely.Point(x_m, y_m)))
    if zone.windows is None:
        return held
    moment: datetime = incident["occurred_from"]
    return held and any(span.start <= moment < span.stop for span in zone.windows)


def _shape(zone: Zone, frame: LocalFrame, areas: Mapping[str, BaseGeometry]) -> BaseGeometry | None:
    """A zone's ground in the frame's metres; None for a band, and for an area without a shape."""
    if zone.area is not None:
        found = areas.get(zone.area)
        return None if found is None else frame.geometry_to_plane(found)
    if zone.polygon is not None:
        return frame.geometry_to_plane(shapely.Polygon(zone.polygon))
    if zone.centre is not None:
        ground = frame.geometry_to_plane(shapely.Point(zone.centre))
        return ground.buffer((zone.radius_km or 0.0) * 1000)
    if zone.path is not None:
        return frame.geometry_to_plane(shapely.LineString(zone.path)).buffer((zone.width_m or 0.0) / 2)
    return None
