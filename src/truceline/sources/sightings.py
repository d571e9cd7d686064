"""Tables of what monitors heard, saw or recorded: from where, how far, which way, how many.

The columns follow the annex that monitoring missions publish: position of the observer, event
location (distance and bearing from it), means, number, observation, description, weapon, date and
time. The usual spellings of the headers are known; ``columns`` names others. The grammar of the
cells is in ``sighting_words``.

A look is one observer's day: two posts that hear one salvo are two looks at it, while one post
that lists two rows heard two things. Where the
observer's place, the distance and the bearing are known, the point is the middle of the sector
between them and its standard deviation that of a place anywhere in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from truceline.base.canonical import canonical_json, short_id
from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.base.geodesy import WGS84
from truceline.base.intervals import Interval
from truceline.schema.table import Record
from truceline.sources.days import Zone
from truceline.sources.option_names import expect_names
from truceline.sources.outcome import conclude, read_each, sentence_list
from truceline.sources.periods import EARLIEST, LATEST
from truceline.sources.post_words import compile_pattern, normal_text
from truceline.sources.rows import Row, Sheet
from truceline.sources.sighting_words import (
    Band,
    WordError,
    is_unknown,
    read_bearing,
    read_distance,
    read_number,
    read_times,
    split_date,
    without_distance,
)
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables

#: what a column holds → how headers spell it (letters and digits only, case-folded)
SPELLINGS: dict[str, tuple[str, ...]] = {
    "observer": ("position", "observer", "observationpoint", "from", "post"),
    "longitude_deg": ("observerlongitude", "observerlon", "longitude", "lon", "long"),
    "latitude_deg": ("observerlatitude", "observerlat", "latitude", "lat"),
    "location": ("eventlocation", "location", "assessedlocation", "distanceanddirection", "distancedirection", "distanceandbearing"),
    "distance": ("distance", "range", "distancekm", "distancem"),
    "bearing": ("bearing", "direction", "azimuth"),
    "means": ("means", "meansofobservation", "how", "heardseen", "heardsaw", "type"),
    "number": ("no", "nr", "number", "count", "numberof", "quantity"),
    "observation": ("observation", "event", "eventtype", "sound", "violation"),
    "description": ("description", "details", "remark"),
    "weapon": ("weapon", "weaponsystem", "weapontype", "assessedweapon"),
    "date": ("date", "day"),
    "time": ("time", "localtime", "timelocal"),
    "when": ("datetime", "dateandtime", "dateofevent", "when"),
    "note": ("note", "notes", "comment", "comments"),
}  # fmt: skip
#: what goes into the text of the record, in this order
_TOLD = ("location", "distance", "bearing", "means", "number", "observation", "description", "weapon", "note")

#: what names an act
_NAMING = ("observation", "description", "weapon")


class SightingOptions(Model):
    """Options of ``sightings``."""

    zone: Zone = Field(description="zone of the table's times (IANA name)")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description=f"what a column holds → its header, where the spelling is not known: {', '.join(SPELLINGS)}",
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description="what separates fields of the CSV")
    year: int | None = Field(None, ge=EARLIEST, le=LATEST, description="year of dates that carry none (`24-Jul`)")  # fmt: skip
    places: dict[str, list[float]] = Field(
        default_factory=dict,
        description="words of an observer's position → its longitude and latitude; the longest that fits is taken",
    )
    observer_sd_m: float = Field(500, ge=0, description="standard deviation of an observer's place, metres")
    single_range_share: float = Field(
        0.25, ge=0, lt=1, description="by how much of it a single distance may be wrong to either side"
    )
    about_min: int = Field(15, ge=0, description="by how many minutes `about` widens a time to either side")
    acts: dict[str, list[str]] = Field(
        default_factory=dict,
        description="act of the terms → regular expressions for observation, description and weapon",
    )
    speaker_party: str | None = Field(None, description="side of the observers; null: neither")

    @field_validator("columns")
    @classmethod
    def _known(cls, columns: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(columns) - set(SPELLINGS))
        if unknown:
            raise ValueError(f"no such content: {', '.join(unknown)}; known: {', '.join(SPELLINGS)}")
        return columns

    @field_validator("places")
    @classmethod
    def _on_earth(cls, places: dict[str, list[float]]) -> dict[str, list[float]]:
        for name, point in places.items():
            if len(point) != 2 or not (-180 <= point[0] <= 180 and -90 <= point[1] <= 90):
                raise ValueError(f"{name}: give [longitude, latitude] in degrees")
        return places

    @field_validator("acts")
    @classmethod
    def _compile(cls, acts: dict[str, list[str]]) -> dict[str, list[str]]:
        for patterns in acts.values():
            for pattern in patterns:
                compile_pattern(pattern)
        return acts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wedge:
    """Where a thing lies as seen from a place; None: not said."""

    longitude_deg: float | None
    latitude_deg: float | None
    distance: Band | None
    bearing: Band | None


@SOURCES.add
class Sightings(Source):
    """See the module."""

    name: ClassVar[str] = "sightings"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Monitors' tables of sounds and flashes: position, distance, bearing, number (CSV)"
    Options: ClassVar[type[Model]] = SightingOptions
    options: SightingOptions

    def __init__(self, options: Model) -> None:
        super().__init__(options)
        # tables repeat their words: each is looked up once
        self._place_of = lru_cache(maxsize=65_536)(self._find_place)
        self._acts_of = lru_cache(maxsize=65_536)(self._find_acts)
        self._names = {normal_text(name): name for name in self.options.places}
        self._patterns = {
            act: [compile_pattern(pattern) for pattern in patterns]
            for act, patterns in sorted(self.options.acts.items())
        }

    def read(self, context: ReadContext) -> SourceTables:
        """Rows become observations."""
        tables = SourceTables()
        found: dict[str, Record] = {}
        unplaced: set[str] = set()

        def read_file(file: InputFile) -> None:
            headers: dict[str, str] | None = None
            for row in Sheet(file, tables).csv_rows(delimiter=self.options.delimiter):
                headers = self._headers(list(row.values), file) if headers is None else headers
                record = self._observation(row, headers, context, unplaced=unplaced)
                if record is None:
                    continue
                if record["observation_id"] in found:
                    row.repeated()
                elif not _overlaps(record, context.span):
                    row.outside()
                else:
                    row.use()
                    found[record["observation_id"]] = record
            if headers is None:
                raise _without_rows(file)

        expect_names(context, acts=[("acts", act) for act in self.options.acts])
        read_each(context, tables, read=read_file)
        tables.notes += self._notes(list(found.values()), unplaced)
        return conclude(tables, context, observations=list(found.values()))

    # -- header ----------------------------------------------------------------------------
    def _headers(self, header: list[str], file: InputFile) -> dict[str, str]:
        """What a column holds → its header.

        Raises
        ------
        InputError
            If there is no observer, or no date.
        """
        spelled = {_letters(name): name for name in reversed(header)}
        found = {kind: spelled[name] for kind, names in SPELLINGS.items() for name in reversed(names) if name in spelled}  # fmt: skip
        position = next((name for name in header if _letters(name).endswith("position")), None)
        if position is not None:
            found["observer"] = position
        missing = [(kind, name) for kind, name in self.options.columns.items() if name not in header]
        found.update({kind: name for kind, name in self.options.columns.items() if name in header})
        if "observer" not in found and "longitude_deg" not in found:
            missing.append(("observer", "Position"))
        if "when" not in found and "date" not in found:
            missing.append(("when", "Date, time"))
        if missing:
            raise InputError(
                [
                    Problem(code="column_missing", message=f"the header lacks the column of the {kind}", file=file.label, row=1, column=name, got=", ".join(header)[:200], expected=" or ".join(SPELLINGS[kind]), next_step=f"Name it with the option `columns: {{{kind}: <a header>}}`")
                    for kind, name in missing
                ]
            )  # fmt: skip
        return found

    # -- rows ------------------------------------------------------------------------------
    def _observation(
        self, row: Row, headers: Mapping[str, str], context: ReadContext, *, unplaced: set[str]
    ) -> Record | None:
        told = {kind: row.text(header) for kind, header in headers.items()}
        when = self._when(row, headers, told)
        count, relation = self._number(row, headers, told)
        wedge = self._wedge(row, headers, told, context, unplaced=unplaced)
        observer = told.get("observer")
        if observer is None and wedge.longitude_deg is None:
            row.wrong("value_missing", "nothing says from where it was noticed", column=headers.get("observer", ""), expected="the position of the observer", next_step="Fill it in")  # fmt: skip
        if when is None or not row.ok:
            return None
        observer = observer or f"{wedge.longitude_deg:g} {wedge.latitude_deg:g}"
        text = "; ".join(f"{kind}: {told[kind]}" for kind in _TOLD if told.get(kind))
        day = _local_date(when.start, self.options.zone)
        content = canonical_json({kind: value for kind, value in told.items() if value})
        return {
            "observation_id": short_id("obs", context.source_id, content),
            "source_id": context.source_id,
            "primary_source_id": context.source_id,
            "sensor_id": observer,
            "look_id": short_id("look", context.source_id, observer, day),
            "occurred_from": when.start,
            "occurred_until": when.stop,
            "observer_longitude_deg": wedge.longitude_deg,
            "observer_latitude_deg": wedge.latitude_deg,
            "range_min_m": wedge.distance.low if wedge.distance else None,
            "range_max_m": wedge.distance.high if wedge.distance else None,
            "bearing_min_deg": wedge.bearing.low if wedge.bearing else None,
            "bearing_max_deg": wedge.bearing.high if wedge.bearing else None,
            "place_name": told.get("observer"),
            "count": count,
            "count_relation": relation,
            # log-likelihood 0: the words say no more
            "acts": dict.fromkeys(self._acts_of(*(told.get(kind) for kind in _NAMING)), 0.0),
            "fire_direction_deg": _flight(told.get("description")),
            "speaker_party_id": self.options.speaker_party,
            "text": text or None,
            **self._point(wedge),
            **row.provenance,
        }

    def _when(self, row: Row, headers: Mapping[str, str], told: Mapping[str, str | None]) -> Interval | None:
        kind = "when" if "when" in headers and (told.get("when") or "date" not in headers) else "date"
        text = row.text(headers[kind], required=True)
        if text is None:
            return None
        try:
            day, rest = split_date(text, year=self.options.year)
            if not EARLIEST <= day.year <= LATEST:
                raise WordError("not a date")
            clock = told.get("time") if kind == "date" else rest
            return read_times(clock, day, zone=self.options.zone, about_min=self.options.about_min)
        except WordError as error:
            got = text if kind == "when" or not told.get("time") else f"{text} {told['time']}"
            row.wrong("time_format", str(error), column=headers[kind], got=got, expected="a date and a time, such as 24-Jul, 20:15-20:30 or 2020-07-24 from 04:20", next_step="Correct the value; a date without a year needs the option `year`")  # fmt: skip
            return None

    def _number(
        self, row: Row, headers: Mapping[str, str], told: Mapping[str, str | None]
    ) -> tuple[int | None, str | None]:
        try:
            return read_number(told.get("number"))
        except WordError as error:
            row.wrong("value_type", str(error), column=headers["number"], got=told["number"] or "", expected="20, multiple, uncountable or N/K", next_step="Write words into another column")  # fmt: skip
            return None, None

    def _wedge(
        self,
        row: Row,
        headers: Mapping[str, str],
        told: Mapping[str, str | None],
        context: ReadContext,
        *,
        unplaced: set[str],
    ) -> Wedge:
        location = told.get("location") or ""
        distance_text, bearing_text = told.get("distance") or location, told.get("bearing") or without_distance(location)  # fmt: skip
        distance = read_distance(distance_text, single_share=self.options.single_range_share)
        bare = told.get("distance")
        if bare and distance is None and not is_unknown(bare):
            unit = "km" if _letters(headers["distance"]).endswith("km") else "m"
            distance = read_distance(f"{bare} {unit}", single_share=self.options.single_range_share)
        bearing = read_bearing(bearing_text)
        if "longitude_deg" in headers and "latitude_deg" in headers:
            point = row.place(headers["longitude_deg"], headers["latitude_deg"], region=context.region)
        else:
            point = self._place_of(told.get("observer") or "")
            if point is None and told.get("observer"):
                unplaced.add(told["observer"] or "")
        longitude, latitude = point if point is not None else (None, None)
        return Wedge(longitude_deg=longitude, latitude_deg=latitude, distance=distance, bearing=bearing)

    def _find_place(self, observer: str) -> tuple[float, float] | None:
        words = normal_text(observer)
        fitting = [name for name in self._names if name in words]
        if not fitting:
            return None
        longest = max(fitting, key=lambda name: (len(name), name))
        longitude, latitude = self.options.places[self._names[longest]]
        return longitude, latitude

    def _find_acts(self, *told: str | None) -> tuple[str, ...]:
        """Acts whose words are there."""
        words = normal_text(" ".join(filter(None, told)))
        return tuple(
            act for act, patterns in self._patterns.items() if any(one.search(words) for one in patterns)
        )

    def _point(self, wedge: Wedge) -> Record:
        """The middle of the sector and its standard deviation, where all of it is known."""
        if wedge.longitude_deg is None or wedge.latitude_deg is None or wedge.distance is None or wedge.distance.high is None:  # fmt: skip
            return {}
        longitude, latitude, sd_m = middle_of(wedge)
        sd_m = math.hypot(sd_m, self.options.observer_sd_m)
        return {"longitude_deg": longitude, "latitude_deg": latitude, "position_sd_m": sd_m}

    def _notes(self, records: list[Record], unplaced: set[str]) -> list[str]:
        notes = []
        if unplaced:
            notes.append(f"{len(unplaced)} positions have no coordinates, so what was seen from them has no point: {sentence_list(sorted(unplaced))}. Name them with the option `places`.")  # fmt: skip
        exercises = sum("exercise" in (record["text"] or "").casefold() for record in records)
        if exercises:
            notes.append(f"{exercises} rows speak of an exercise; they are kept, with these words.")
        if records:
            notes.append("A row is what one observer noticed: a sound, a flash or several. It is no breach by itself, and says of nobody that they fired.")  # fmt: skip
        return notes


@lru_cache(maxsize=65_536)
def middle_of(wedge: Wedge) -> tuple[float, float, float]:
    """Longitude and latitude of the middle of a sector whose parts are all known, and its spread (m)."""
    assert wedge.distance is not None
    mean_m, sd_m, towards_deg = sector_middle(wedge.distance, wedge.bearing)
    longitude, latitude, _ = WGS84.fwd(wedge.longitude_deg, wedge.latitude_deg, towards_deg, mean_m)
    return longitude, latitude, sd_m


def sector_middle(distance: Band, bearing: Band | None) -> tuple[float, float, float]:
    """Mean distance (m), standard deviation in each direction (m) and bearing (°) of a ring sector.

    For a place uniform over the area between radii a and b and over an angle w:
    E[r] = ⅔ (b³ − a³) / (b² − a²), E[r²] = (a² + b²) / 2, and the mean of the unit vector is
    sin(w/2) / (w/2) towards the middle; the variance of both coordinates together is
    E[r²] − |mean|². Without a bearing w is the full circle and the middle the observer's place.
    """
    near, far = distance.low, distance.high if distance.high is not None else distance.low
    thick = far - near > 1e-9 * far
    mean_r = 2 / 3 * (far**3 - near**3) / (far**2 - near**2) if thick else far
    half = math.radians((bearing.high or 0.0) - bearing.low) / 2 if bearing is not None else math.pi
    mean_m = mean_r * (math.sin(half) / half if half > 1e-12 else 1.0)
    variance = (near**2 + far**2) / 2 - mean_m**2
    towards = 0.0 if bearing is None else ((bearing.low + (bearing.high or bearing.low)) / 2) % 360
    return abs(mean_m), math.sqrt(max(variance, 0.0) / 2), towards


def _flight(description: str | None) -> float | None:
    """Direction towards which was fired, from words such as ``W to E``; None where there are none."""
    match = re.search(r"\b([NESW]{1,3}) to ([NESW]{1,3})\b", description or "")
    band = read_bearing(match[2]) if match is not None else None
    return None if band is None or band.high is None else ((band.low + band.high) / 2) % 360


@lru_cache(maxsize=65_536)
def _local_date(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=4_096)
def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _overlaps(record: Record, span: Interval) -> bool:
    inside: bool = record["occurred_from"] < span.stop and record["occurred_until"] > span.start
    return inside


def _without_rows(file: InputFile) -> InputError:
    return InputError(
        Problem(code="file_without_rows", message="no row of the file can be used", file=file.label, expected="a header and rows of the same length", next_step="Check that the file was fetched whole")
    )  # fmt: skip
