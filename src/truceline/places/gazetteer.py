"""Names → a place, an area, or just a name; never a guess.

A name resolves only where one thing fits it: first by a listed spelling, then by a romanisation of
one (``scripts.py``), then by spellings that differ as romanisations do. Several that fit are narrowed
by the case's region, by a place nearby, by the date; if several are left, the name stays a name. The
most populous of them is not taken: incidents are reported from small places.

How far off a point may be (per axis): a settlement of ``population`` people at 2,000 to the km² is a
disc of radius r, and a place somewhere in it has the standard deviation r / 2; reporters name the
nearest settlement for what happens in its surroundings, 2 km; both are assumptions, and a column
``position_sd_m`` overrides them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shapely import Point
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import distance_m
from truceline.base.intervals import as_utc
from truceline.places.disputed import DisputedArea
from truceline.places.names import Reading, key_of, latin_keys, loose_key, read_name
from truceline.places.resolution import Area, How, Name, Place, Resolution, Why

PEOPLE_PER_KM2 = 2000.0
SURROUNDINGS_SD_M = 2000.0
#: people, where only the kind is known
PEOPLE_BY_KIND = {"capital": 1_000_000, "city": 300_000, "town": 20_000, "village": 1_000, "hamlet": 100}
PEOPLE_UNKNOWN = 10_000
#: more, for "near" and for an offset whose direction is not followed
NEAR_SD_M = 5_000.0
OFFSET_SD_M = 15_000.0
#: what ``near=`` may choose from
NEARBY_M = 50_000.0
#: entries this close, under one name, are one place listed twice
SAME_PLACE_M = 3_000.0

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of a gazetteer: names in force from ``valid_from`` until ``valid_until``."""

    name: str
    other_names: tuple[str, ...] = ()
    longitude_deg: float | None = None
    latitude_deg: float | None = None
    kind: str = ""
    area_id: str | None = None
    population: int | None = None
    position_sd_m: float | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    preferred: bool = False  #: whether the bare name means this place, by the case's own decision
    disputed: bool = False
    claimants: tuple[str, ...] = ()
    basis: str = ""

    @property
    def is_area(self) -> bool:
        """Whether it is an area of the case rather than a point."""
        return self.longitude_deg is None

    def in_force(self, at: datetime | None) -> bool:
        """Whether its names were in force at a date."""
        if at is None:
            return True
        moment = as_utc(at)
        begun = self.valid_from is None or as_utc(self.valid_from) <= moment
        return begun and (self.valid_until is None or moment < as_utc(self.valid_until))

    @property
    def sd_m(self) -> float:
        """How far off the point may be, per axis (see the module)."""
        if self.position_sd_m is not None:
            return self.position_sd_m
        people = self.population or PEOPLE_BY_KIND.get(self.kind.casefold(), PEOPLE_UNKNOWN)
        radius_m = 1000 * math.sqrt(people / PEOPLE_PER_KM2 / math.pi)
        return math.hypot(radius_m / 2, SURROUNDINGS_SD_M)

    def told(self) -> str:
        """For a list of candidates."""
        if self.is_area:
            return f"{self.name} (area {self.area_id})"
        return f"{self.name} ({self.longitude_deg:.3f}, {self.latitude_deg:.3f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArea:
    """An area of the case, as far as names go."""

    area_id: str
    names: tuple[str, ...]
    geometry: BaseGeometry | None = None


@dataclass(slots=True)
class Gazetteer:
    """Places and areas by every spelling; built once, then only read."""

    entries: Sequence[Entry] = ()
    areas: Sequence[NamedArea] = ()
    disputed: Sequence[DisputedArea] = ()
    region: Box | None = None  #: west, south, east, north
    _listed: dict[str, list[Entry]] = field(init=False, default_factory=dict)
    _romanised: dict[str, list[Entry]] = field(init=False, default_factory=dict)
    _alike: dict[str, list[Entry]] = field(init=False, default_factory=dict)
    _shapes: dict[str, BaseGeometry] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for area in self.areas:
            self._add(Entry(name=area.names[0], other_names=area.names[1:], area_id=area.area_id))
            if area.geometry is not None:
                self._shapes[area.area_id] = area.geometry
        for entry in self.entries:
            self._add(entry)

    @property
    def dated(self) -> bool:
        """Whether any name is in force for a time only, so that dates matter."""
        return any(entry.valid_from or entry.valid_until for entry in self.entries)

    def resolve(
        self,
        name: str,
        *,
        near: tuple[float, float] | None = None,
        kind: str | None = None,
        at: datetime | None = None,
    ) -> Resolution:
        """What ``name`` stands for.

        ``near``: longitude, latitude of something known to be close (within 50 km); ``kind``: of the
        gazetteer, or ``area``; ``at``: when the name was used.
        """
        # a name may begin with a word such as "North" or "In": it is tried whole, then taken apart
        readings = [Reading(key=key_of(name))]
        if (apart := read_name(name)) != readings[0]:
            readings.append(apart)
        for reading in readings:
            # what is alike counts only where nothing is written so
            for how, found in self._candidates(reading, name):
                one = self._choose(name, found, reading=reading, how=how, near=near, kind=kind, at=at)
                if one is not None:
                    return one
        why: Why = "division" if readings[-1].division else "unknown"
        return Resolution(asked=name, found=Name(text=name, why=why))

    # -- building --------------------------------------------------------------------------
    def _add(self, entry: Entry) -> None:
        keys: dict[str, None] = {}
        latin: dict[str, None] = {}
        for name in (entry.name, *entry.other_names):
            keys[key_of(name)] = None
            latin.update(dict.fromkeys(latin_keys(name)))
        keys.pop("", None)
        for key in keys:
            self._listed.setdefault(key, []).append(entry)
        for key in latin:
            self._romanised.setdefault(key, []).append(entry)

    def _index_alike(self) -> None:
        """Made when first wanted: most names are written as they are listed.

        Put in place whole, since sources are read by two threads.
        """
        alike: dict[str, list[Entry]] = {}
        for index in (self._listed, self._romanised):
            for key, entries in index.items():
                if loose := loose_key(key):
                    known = alike.setdefault(loose, [])
                    known += [entry for entry in entries if not any(entry is one for one in known)]
        self._alike = alike

    # -- choosing --------------------------------------------------------------------------
    def _candidates(self, reading: Reading, name: str) -> Iterable[tuple[How, list[Entry]]]:
        """What is written so, in whatever script; then what is alike."""
        latin = latin_keys(reading.key)
        if reading.key == key_of(name):
            # with the dots of a ё, which a key has not
            latin = list(dict.fromkeys((*latin, *latin_keys(name))))
        listed = self._listed.get(reading.key, [])
        written = [self._romanised.get(reading.key, []), *(self._listed.get(key, []) for key in latin)]
        both = _union([listed, *written])
        yield "listed" if len(both) == len(listed) else "transliterated", both
        if not self._alike:
            self._index_alike()
        keys = (reading.key, *latin)
        yield "alike", _union(self._alike.get(loose, []) for key in keys if (loose := loose_key(key)))

    def _choose(
        self,
        name: str,
        found: list[Entry],
        *,
        reading: Reading,
        how: How,
        near: tuple[float, float] | None,
        kind: str | None,
        at: datetime | None,
    ) -> Resolution | None:
        """The one thing that fits; a name where several do; None where nothing does.

        1. Of the kind asked for; a division is never its chief town.
        2. Names in force at the date before others.
        3. Within the region before outside it; outside alone is told, not taken.
        4. Close to what is known to be near; else what the case's list marks as preferred.
        5. Rows of one place are one; a place inside an area of the same name gives the area, which
           is true of both.
        """
        # (1)
        if reading.division:
            found = [entry for entry in found if entry.is_area]
        if kind is not None:
            found = [entry for entry in found if entry.is_area == (kind == "area")]
            found = [entry for entry in found if kind in ("area", entry.kind)] or [
                e for e in found if not e.kind
            ]
        # (2)
        current = [entry for entry in found if entry.in_force(at)]
        out_of_time = bool(found) and not current
        found = current or found
        if not found:
            return None
        # (3)
        inside = [entry for entry in found if self._inside(entry)]
        if not inside:
            return self._unresolved(name, "outside", found)
        # (4)
        if near is not None and len(inside) > 1:
            inside = [entry for entry in inside if _close(entry, near)] or inside
        inside = [entry for entry in inside if entry.preferred] or inside
        # (5)
        areas = {entry.area_id: entry for entry in inside if entry.is_area}
        places = _distinct([entry for entry in inside if not entry.is_area])
        if len(areas) == 1 and all(self._holds(next(iter(areas)), place) for place in places):
            return self._area(name, next(iter(areas.values())), how=how, out_of_time=out_of_time)
        if areas or len(places) != 1:
            return self._unresolved(name, "ambiguous", [*areas.values(), *places])
        return self._place(name, places[0], reading=reading, how=how, out_of_time=out_of_time)

    def _inside(self, entry: Entry) -> bool:
        if self.region is None or entry.longitude_deg is None or entry.latitude_deg is None:
            return True
        west, south, east, north = self.region
        return west <= entry.longitude_deg <= east and south <= entry.latitude_deg <= north

    def _holds(self, area_id: str | None, place: Entry) -> bool:
        if place.area_id == area_id:
            return True
        shape = self._shapes.get(area_id or "")
        return shape is not None and bool(shape.covers(Point(place.longitude_deg, place.latitude_deg)))

    # -- telling ---------------------------------------------------------------------------
    def _unresolved(self, name: str, why: Why, found: list[Entry]) -> Resolution:
        candidates = tuple(dict.fromkeys(entry.told() for entry in found))
        return Resolution(asked=name, found=Name(text=name, why=why, candidates=candidates))

    def _area(self, name: str, entry: Entry, *, how: How, out_of_time: bool) -> Resolution:
        area_id = entry.area_id or ""
        dispute = next((one for one in self.disputed if one.area_id == area_id), None)
        shape = self._shapes.get(area_id)
        if dispute is None and shape is not None:
            dispute = next((one for one in self.disputed if one.holds(shape)), None)
        return _marked(
            Resolution(asked=name, found=Area(area_id=area_id, name=entry.name), how=how, out_of_time=out_of_time),
            entry, dispute,
        )  # fmt: skip

    def _place(self, name: str, entry: Entry, *, reading: Reading, how: How, out_of_time: bool) -> Resolution:
        assert entry.longitude_deg is not None
        assert entry.latitude_deg is not None
        sd_m = entry.sd_m
        if reading.near:
            sd_m = math.hypot(sd_m, NEAR_SD_M)
        if reading.offset:
            # somewhere on a circle of that radius: each axis has radius / sqrt 2
            sd_m = math.hypot(
                sd_m, OFFSET_SD_M if reading.offset_m is None else reading.offset_m / math.sqrt(2)
            )
        found = Place(
            name=entry.name,
            longitude_deg=entry.longitude_deg,
            latitude_deg=entry.latitude_deg,
            position_sd_m=sd_m,
            kind=entry.kind,
            area_id=entry.area_id,
        )
        point = Point(entry.longitude_deg, entry.latitude_deg)
        dispute = next(
            (one for one in self.disputed if one.area_id == entry.area_id or one.holds(point)), None
        )
        wide = reading.near or reading.offset
        return _marked(
            Resolution(asked=name, found=found, how=how, near=wide, out_of_time=out_of_time), entry, dispute
        )


def _marked(resolution: Resolution, entry: Entry, dispute: DisputedArea | None) -> Resolution:
    """The same, marked as disputed where the entry or an area says so."""
    if not entry.disputed and dispute is None:
        return resolution
    claimants = tuple(dict.fromkeys((*entry.claimants, *(dispute.claimants if dispute else ()))))
    basis = entry.basis or (dispute.basis if dispute else "")
    return Resolution(
        asked=resolution.asked,
        found=resolution.found,
        how=resolution.how,
        near=resolution.near,
        out_of_time=resolution.out_of_time,
        disputed=True,
        claimants=claimants,
        basis=basis,
    )


def _union(lists: Iterable[list[Entry]]) -> list[Entry]:
    """Entries of several lists, each once, in their order."""
    found: list[Entry] = []
    for entries in lists:
        found += [entry for entry in entries if not any(entry is one for one in found)]
    return found


def _distinct(entries: list[Entry]) -> list[Entry]:
    """Places that are not one another: rows of one place, such as its old and new name, count once."""
    found: list[Entry] = []
    for entry in entries:
        if not any(_apart_m(entry, one) <= SAME_PLACE_M for one in found):
            found.append(entry)
    return found


def _apart_m(one: Entry, other: Entry) -> float:
    if other.longitude_deg is None or other.latitude_deg is None:
        return math.inf
    return _from_m(one, (other.longitude_deg, other.latitude_deg))


def _close(entry: Entry, near: tuple[float, float]) -> bool:
    return _from_m(entry, near) <= NEARBY_M


def _from_m(entry: Entry, point: tuple[float, float]) -> float:
    """Distance to a point; infinite where the entry is none."""
    if entry.longitude_deg is None or entry.latitude_deg is None:
        return math.inf
    return distance_m(entry.longitude_deg, entry.latitude_deg, *point)
