"""What may be said of a monitors' table of sounds and flashes: its columns, zone, posts, words for acts."""

from __future__ import annotations

from pydantic import Field, field_validator

from truceline.base.documents import Model
from truceline.sources.days import Zone
from truceline.sources.periods import EARLIEST, LATEST
from truceline.sources.post_words import compile_pattern

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
