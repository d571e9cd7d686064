"""What ``case.yaml`` may hold: areas, sources, baseline, map, release rule; each option with its meaning."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from truceline.assurance.series import SeriesSpec
from truceline.base.documents import Model, Moment, in_reckoning
from truceline.base.intervals import Interval, as_utc
from truceline.fetch.items import FetchItem
from truceline.release.rule import EditionName
from truceline.workflow.case_fire import FireSettings


def _under_its_root(path: str) -> str:
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError(f"{path!r} leaves its folder; name files by their path under it")
    return path


#: a file of the case or of its data root; never outside
Under = Annotated[str, AfterValidator(_under_its_root)]


#: how large a region one plane map shows, and how small, degrees
MOST_DEG, LEAST_DEG, POLAR_DEG = 60, 0.01, 80


def _is_a_date(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("not a date") from error
    in_reckoning(moment)
    return text


#: an ISO date, or a moment
AsOf = Annotated[str, AfterValidator(_is_a_date)]


class AreaEntry(Model):
    """An area of the case; a name is enough."""

    id: str
    name: str
    other_names: list[str] = Field(default_factory=list)
    kind: str = "region"
    parent: str | None = None
    bbox: list[float] | None = Field(None, min_length=4, max_length=4, description="west, south, east, north")
    shape: Under | None = Field(
        None,
        description="file of its polygon in the case folder (GeoJSON, GeoPackage, KML, Shapefile …); wins over bbox",
    )
    label: list[float] | None = Field(None, min_length=2, max_length=2, description="longitude, latitude")
    disputed: bool = Field(False, description="whether its belonging is disputed; marked, never resolved")
    claimants: list[str] = Field(default_factory=list, description="who claims it, where it is disputed")
    basis: str = Field("", description="who calls it disputed, and where to read so")


class SourceEntry(Model):
    """A source of the case: where its bytes are, what reads them, what it is worth."""

    id: str
    title: str
    adapter: str
    root: Literal["data", "case"] = Field("data", description="data root, or the case's own folder")
    files: list[Under] = Field(min_length=1, description="paths or glob patterns under the root")
    publisher: str = ""
    url: str | None = None
    licence: str = "not stated"
    citation: str = ""
    grade: Literal["hard", "reported"] = "reported"
    mechanism: bool = Field(False, description="whether it is a monitoring mechanism's own observation")
    open: bool = Field(
        False,
        description="whether others publish it anyhow; a hard source that is not is never told one by one in the public edition",
    )
    forms_incidents: bool = Field(
        False, description="whether its observations are things that happened, to be fused into incidents"
    )
    texts: Literal["told", "coded"] = Field(
        "told",
        description="told: the same words near in place and time are one report, copied; coded: texts are standard phrases, which many events share",
    )
    role: str = Field("", description="what it can say, one sentence")
    cost_of_absence: str = Field("", description="what certainty is lost without it, one sentence")
    publish_shapes: bool = Field(True, description="whether its shapes may be drawn in a published report")
    options: dict[str, Any] = Field(default_factory=dict)
    fetch: list[FetchItem] = Field(
        default_factory=list,
        description="its public home, for `truceline fetch`: url, to, dates, sha256, unpack …",
    )

    @model_validator(mode="after")
    def _fetched_files_are_read(self) -> SourceEntry:
        if self.fetch and self.root != "data":
            raise ValueError(
                "fetch brings files into the data root: a source of the case's own folder has none"
            )
        for item in self.fetch:
            path = PurePosixPath(item.example_path())
            if not any(path.match(pattern) for pattern in self.files):
                raise ValueError(
                    f"fetch would bring {path}, which none of `files` reads: {' | '.join(self.files)}"
                )
        return self


class Baseline(Model):
    """The window that a change is measured against."""

    start: Moment
    stop: Moment
    note: str = ""

    @property
    def interval(self) -> Interval:
        """As an interval."""
        return Interval(as_utc(self.start), as_utc(self.stop))


class GazetteerEntry(Model):
    """A list of places by which sources' place names are resolved; it is not drawn."""

    file: Under
    root: Literal["data", "case"] = Field("case", description="the case's own folder, or data root")
    format: Literal["auto", "csv", "geonames"] = Field(
        "auto", description="auto: GeoNames where the name ends in .txt, else CSV"
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="CSV: column of ours (name, longitude, other_names …) → its header"
    )
    credit: str = Field("", description="whom it is from, and its licence")


class DeclaredDetection(Model):
    """A detection probability, and on whose word."""

    source: str
    act: str
    a: float = Field(gt=0, description="Beta(a, b)")
    b: float = Field(gt=0, description="Beta(a, b)")
    basis: str = Field(min_length=1, description="who measured or declared it, and where to read so")


class MapSettings(Model):
    """How the line is drawn and measured."""

    land: Under | None = Field(
        None, description="file of the coast in the case folder (GeoJSON, GeoPackage …), no borders"
    )
    land_credit: str = Field("", description="whom the coast is from")
    borders: Under | None = Field(
        None,
        description="GeoJSON of frontiers with third states in the case folder, as lines; told apart from contact",
    )
    sectors: Under | None = Field(
        None,
        description="GeoJSON of the sectors in the case folder, so that they stay put; absent: laid along the first line",
    )
    sector_km: float = Field(50, gt=0, description="length of a sector that is laid, km")
    places: Under | None = Field(
        None, description="list of places in the case folder: name, longitude, latitude, or points"
    )
    tolerance_m: list[float] = Field(
        [500, 10_000], description="tolerances at which lengths are given, metres"
    )


class Release(Model):
    """Which edition may be published."""

    edition: EditionName = Field(
        description="public_full: all of it may be public; public: delayed and coarsened; mission: not for release"
    )
    basis: str = Field(description="why that edition may be")
    delay_h: float = Field(72, ge=72, le=100_000, description="public: hours after a day until it is told")
    cell_km: float = Field(
        10, ge=10, le=1000, description="public: size of the cells in which places are told"
    )


class CaseFile(Model):
    """The whole of ``case.yaml``."""

    case: Literal[1] = Field(description="version of this format")
    id: str
    title: str
    subtitle: str = ""
    language: Literal["en", "uk", "ru"] = Field(
        "en", description="language the case is written in, and of its report where none is asked for"
    )
    truce: Under = Field("truce.yaml", description="file of the terms")
    as_of: AsOf = Field(description="date of the evidence, ISO; stands in the report instead of a wall clock")
    seed: int = Field(0, ge=0)
    invented: bool = Field(False, description="a simulated case: every page says so")
    monitors: bool = Field(False, description="whether a monitoring mechanism reported from the truce")
    theatre: str = Field(description="id of the area that is the whole of the case")
    region: list[float] = Field(
        min_length=4,
        max_length=4,
        description="west, south, east, north; not across the antimeridian, where shapes and tables would be cut: `fuse` takes such data",
    )
    areas: list[AreaEntry] = Field(min_length=1)
    baseline: Baseline
    gazetteers: list[GazetteerEntry] = Field(
        default_factory=list,
        description="lists of places beside `map.places`, for sources that only name them",
    )
    existence: Literal["generative", "trained"] = Field(
        "generative",
        description="how likely an incident happened is reckoned: from the sources' declared and measured detections alone; or, trained: by a model that was trained on simulated fronts, which every finding on such incidents then says",
    )
    fire: FireSettings = Field(
        default_factory=FireSettings,
        description="what attribution assumes of fire across the line, where the case knows better",
    )
    aftermath_days: int = Field(0, ge=0, description="days after the truce that are read and shown beside it")
    release: Release
    map: MapSettings = MapSettings()
    sources: list[SourceEntry] = Field(min_length=1)
    series: list[SeriesSpec] = Field(default_factory=list)
    detection: list[DeclaredDetection] = Field(default_factory=list)
    advance_acts: list[str] = Field(
        default_factory=list, description="acts that a map of control speaks to: ground that changes hands"
    )
    limits: list[str] = Field(default_factory=list, description="what a reader of the report must know")

    @model_validator(mode="after")
    def _region_is_a_box(self) -> CaseFile:
        west, south, east, north = self.region
        if west > east or east > 180:
            raise ValueError(
                "a region may not cross the antimeridian: areas, maps and tables of a case are told in degrees from -180 to 180, in which it would be cut in two; `truceline fuse` takes such data"
            )
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError("region must be west, south, east, north with west < east and south < north")
        if east - west > MOST_DEG or north - south > MOST_DEG or max(-south, north) > POLAR_DEG:
            raise ValueError(
                f"region is more than one map can show: at most {MOST_DEG}° wide and high, up to {POLAR_DEG}° of latitude"
            )
        if min(east - west, north - south) < LEAST_DEG - 1e-9:
            raise ValueError(f"region is less than a map can show: at least {LEAST_DEG}° wide and high")
        return self
