"""A case: a folder with a truce, its sources, its areas, and what each source may speak to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, model_validator
from shapely import box
from shapely.geometry.base import BaseGeometry

from truceline.assurance.series import SeriesSpec
from truceline.base.documents import Document, Model
from truceline.base.errors import CaseError, InputError, Problem
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval, as_utc
from truceline.fetch.items import FetchItem
from truceline.release.rule import EditionName
from truceline.sources.layers import place_rows, read_polygons
from truceline.sources.source import InputFile, Region
from truceline.terms.truce import Truce, read_truce


def _under_its_root(path: str) -> str:
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError(f"{path!r} leaves its folder; name files by their path under it")
    return path


#: a file of the case or of its data root; never outside
Under = Annotated[str, AfterValidator(_under_its_root)]


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

    start: AwareDatetime
    stop: AwareDatetime
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
    delay_h: float = Field(72, ge=72, description="public: hours after a day until it is told")
    cell_km: float = Field(10, ge=10, description="public: size of the cells in which places are told")


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
    as_of: str = Field(description="date of the evidence, ISO; stands in the report instead of a wall clock")
    seed: int = 0
    invented: bool = Field(False, description="a simulated case: every page says so")
    monitors: bool = Field(False, description="whether a monitoring mechanism reported from the truce")
    theatre: str = Field(description="id of the area that is the whole of the case")
    region: list[float] = Field(min_length=4, max_length=4, description="west, south, east, north")
    areas: list[AreaEntry] = Field(min_length=1)
    baseline: Baseline
    gazetteers: list[GazetteerEntry] = Field(
        default_factory=list,
        description="lists of places beside `map.places`, for sources that only name them",
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
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError("region must be west, south, east, north with west < east and south < north")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A checked case."""

    folder: Path
    file: CaseFile
    truce: Truce
    area_by_name: dict[str, str]
    words_file: str | None = None  #: translations of the case that are spoken, by their path in its folder

    @property
    def region(self) -> Region:
        """Box in which the case lies."""
        west, south, east, north = self.file.region
        return Region(west_deg=west, south_deg=south, east_deg=east, north_deg=north)

    @property
    def theatre_shape(self) -> BaseGeometry | None:
        """Shape of the area that is the whole of the case; None where it has none, or only a box."""
        theatre = next(area for area in self.file.areas if area.id == self.file.theatre)
        return None if theatre.shape is None else self.shape_of(theatre.id)

    @property
    def frame(self) -> LocalFrame:
        """Local frame centred on the region."""
        west, south, east, north = self.file.region
        return LocalFrame(self.file.id, (west + east) / 2, (south + north) / 2)

    @property
    def span(self) -> Interval:
        """What is read: from the baseline's start to the end of the days after the truce."""
        baseline, window = self.file.baseline.interval, self.truce.span
        after = window.stop + timedelta(days=self.file.aftermath_days)
        return Interval(min(baseline.start, window.start), max(baseline.stop, after))

    @property
    def region_box(self) -> tuple[float, float, float, float]:
        """West, south, east, north, degrees."""
        west, south, east, north = self.file.region
        return west, south, east, north

    def with_parts(self, area_id: str) -> list[str]:
        """An area and all that lies in it, in the case's order."""
        inside = {area_id}
        for area in self.file.areas:
            if area.parent in inside:
                inside.add(area.id)
        return [area.id for area in self.file.areas if area.id in inside]

    def with_seed(self, seed: int) -> Case:
        """The same case with another seed."""
        return replace(self, file=self.file.model_copy(update={"seed": seed}))

    def shape_of(self, area_id: str) -> BaseGeometry | None:
        """An area's shape, WGS 84; None where the case gives none.

        Raises
        ------
        CaseError
            If its file is absent or holds no polygon.
        """
        area = next(area for area in self.file.areas if area.id == area_id)
        if area.shape is not None:
            return read_shape(self.folder / area.shape, label=f"case:{area.shape}")
        return box(*area.bbox) if area.bbox is not None else None

    def shapes(self) -> dict[str, BaseGeometry]:
        """Area id → shape, of the areas that have one."""
        return {
            area.id: outline for area in self.file.areas if (outline := self.shape_of(area.id)) is not None
        }

    def own_files(self) -> dict[str, Path]:
        """The files that make the case what it is (its sources' files are accounted for apart)."""
        shapes = [area.shape for area in self.file.areas]
        names = [
            "case.yaml",
            self.file.truce,
            self.file.map.land,
            self.file.map.borders,
            self.file.map.sectors,
            self.file.map.places,
            *shapes,
        ]
        names.append(self.words_file)
        names += [entry.file for entry in self.file.gazetteers if entry.root == "case"]
        return {name: self.folder / name for name in names if name is not None}

    @property
    def area_names(self) -> dict[str, str]:
        """Area id → name for people."""
        return {area.id: area.name for area in self.file.areas}


def open_case(folder: Path) -> Case:
    """Read and check a case folder.

    Raises
    ------
    CaseError
        With every fault of ``case.yaml`` and ``truce.yaml``: file, line, column, what to do.
    """
    document = Document(folder / "case.yaml", label="case:case.yaml")
    file = document.parse(CaseFile)
    repeated = document.repeated_ids(
        areas=[area.id for area in file.areas],
        sources=[source.id for source in file.sources],
        series=[series.id for series in file.series],
    )
    problems = [*repeated, *_baseline_order(file, document)]
    area_ids = {area.id for area in file.areas}
    try:
        truce = read_truce(folder / file.truce, label=f"case:{file.truce}", area_ids=area_ids)
    except CaseError as error:
        raise CaseError([*problems, *error.problems]) from error
    problems += [*_baseline_before(file, document, truce), *_unknown(file, document, truce, area_ids)]
    if problems:
        raise CaseError(problems)
    names: dict[str, str] = {}
    for area in file.areas:
        for name in (area.id, area.name, *area.other_names):
            names[name.casefold()] = area.id
    return Case(folder=folder, file=file, truce=truce, area_by_name=names)


def _baseline_order(file: CaseFile, document: Document) -> list[Problem]:
    if file.baseline.stop > file.baseline.start:
        return []
    return [
        document.problem(
            ["baseline", "stop"],
            code="window_order",
            message="the baseline does not end after it starts",
            got=file.baseline.stop.isoformat(),
            expected=f"a time after {file.baseline.start.isoformat()}",
            next_step="Exchange start and stop, or correct the year",
        )
    ]


def _baseline_before(file: CaseFile, document: Document, truce: Truce) -> list[Problem]:
    """A change is measured against what was before the truce, not against the truce itself."""
    if as_utc(file.baseline.stop) <= truce.span.start:
        return []
    return [
        document.problem(
            ["baseline", "stop"],
            code="window_order",
            message="the baseline reaches into the truce",
            got=file.baseline.stop.isoformat(),
            expected=f"no later than {truce.span.start.isoformat()}",
            next_step="End the baseline before the truce starts",
        )
    ]


def _unknown(file: CaseFile, document: Document, truce: Truce, area_ids: set[str]) -> list[Problem]:
    known = {
        "source": {source.id for source in file.sources},
        "party": set(truce.party_ids),
        "act": {act.id for act in truce.acts},
        "area": area_ids,
    }
    problems: list[Problem] = []

    def expect(kind: str, name: str | None, *path: str | int) -> None:
        if name is not None and name not in known[kind]:
            problems.append(
                document.problem(
                    path,
                    code="party_unknown" if kind == "party" else "name_unknown",
                    message=f"no {kind} has this id",
                    got=name,
                    expected=" | ".join(sorted(known[kind])),
                    next_step=f"Correct the id, or define the {kind}",
                )
            )

    expect("area", file.theatre, "theatre")
    for i, area in enumerate(file.areas):
        expect("area", area.parent, "areas", i, "parent")
    for i, series in enumerate(file.series):
        expect("source", series.source, "series", i, "source")
        expect("act", series.act, "series", i, "act")
        expect("party", series.party, "series", i, "party")
        expect("area", series.area, "series", i, "area")
    for i, detection in enumerate(file.detection):
        expect("source", detection.source, "detection", i, "source")
        expect("act", detection.act, "detection", i, "act")
    for i, source in enumerate(file.sources):
        for where, kind, name in _names_in_options(source.options):
            expect(kind, name, "sources", i, "options", *where)
    return problems


PARTY_KEYS = (
    "accused_party",
    "speaker_party",
    "holder_party",
    "about_party",
    "accused_party_id",
    "speaker_party_id",
    "holder_party_id",
)


def _names_in_options(options: dict[str, Any]) -> list[tuple[list[str | int], str, str]]:
    """Parties and acts that a source's options name: where, which kind, the name."""
    found: list[tuple[list[str | int], str, str]] = []

    def look(where: list[str | int], key: str, value: Any) -> None:
        kind = "act" if key == "act" else "party" if key in PARTY_KEYS else None
        if kind and isinstance(value, str) and value:
            found.append((where, kind, value))

    for key, value in options.items():
        look([key], key, value)
        for place, item in enumerate(value if isinstance(value, list) else []):
            for inner, one in item.items() if isinstance(item, dict) else ():
                look([key, place, inner], inner, one)
        if not isinstance(value, dict):
            continue
        for inner, one in value.items():
            if key == "acts":
                look([key, inner], "act", inner)
            elif key == "type_acts":
                look([key, inner], "act", one)
            elif key == "layers" and isinstance(one, dict):
                look([key, inner, "holder_party"], "holder_party", one.get("holder_party"))
            if key == "speakers":
                look([key, inner], "speaker_party", one)
            elif key == "constants":
                look([key, inner], inner, one)
            elif key in ("holders", "line_sides"):
                look([key, inner], "holder_party", one)
            elif key == "values" and isinstance(one, dict):
                for word, target in one.items():
                    look([key, inner, word], inner, target)
    return found


def read_shape(path: Path, *, label: str) -> BaseGeometry:
    """The polygons of a layer in any format that `sources.formats` reads, united.

    Raises
    ------
    CaseError
        If the file is absent, cannot be read, or holds no polygon.
    """
    try:
        united = read_polygons(InputFile(path, label=label))
    except InputError as error:
        raise CaseError(error.problems) from error
    if united.is_empty:
        raise CaseError(Problem(code="geometry_invalid", message="the file holds no polygon", file=label, expected="a Polygon or MultiPolygon"))  # fmt: skip
    return united


def read_places(case: Case) -> list[dict[str, str]]:
    """Places of the case's list: ``name``, ``longitude``, ``latitude``; none where it has no list.

    Raises
    ------
    CaseError
        If the list is absent or cannot be read.
    """
    if case.file.map.places is None:
        return []
    try:
        return place_rows(InputFile(case.folder / case.file.map.places, label=f"case:{case.file.map.places}"))
    except InputError as error:
        raise CaseError(error.problems) from error
