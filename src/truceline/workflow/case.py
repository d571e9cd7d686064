"""A case: a folder with a truce, its sources, its areas, and what each source may speak to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from shapely import box
from shapely.geometry.base import BaseGeometry

from truceline.base.canonical import Digest, canonical_json, digest_bytes, digest_file
from truceline.base.documents import Document
from truceline.base.errors import CaseError, InputError, Problem
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.sources.layers import place_rows, read_polygons
from truceline.sources.source import InputFile, Region
from truceline.talks.accepted import Accepted, accepted_files, read_accepted
from truceline.terms.truce import Truce, read_truce
from truceline.workflow.accepted import faults_of_accepted, with_clocks
from truceline.workflow.case_faults import faults_beside_terms, faults_of_file
from truceline.workflow.case_file import CaseFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A checked case."""

    folder: Path
    file: CaseFile
    truce: Truce
    area_by_name: dict[str, str]
    accepted: Accepted = field(default_factory=Accepted)  #: of statements, by a person
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
        # a list of places may be absent: names that only it has stay names
        lists = [entry.file for entry in self.file.gazetteers if entry.root == "case"]
        names += [name for name in lists if (self.folder / name).is_file()]
        own = {name: self.folder / name for name in names if name is not None}
        return own | accepted_files(self.folder)

    def digest(self) -> Digest:
        """SHA-256 over the digests of its own files."""
        files = {name: digest_file(path) for name, path in self.own_files().items()}
        return digest_bytes(canonical_json(files).encode())

    @property
    def area_names(self) -> dict[str, str]:
        """Area id → name for people."""
        return {area.id: area.name for area in self.file.areas}


def open_case(folder: Path) -> Case:
    """Read and check a case folder.

    Raises
    ------
    CaseError
        With every fault of ``case.yaml``, ``truce.yaml`` and what was accepted of statements: file, line,
        column, what to do.
    """
    document = Document(folder / "case.yaml", label="case:case.yaml")
    file = document.parse(CaseFile)
    problems = faults_of_file(file, document)
    area_ids = {area.id for area in file.areas}
    try:
        truce = read_truce(folder / file.truce, label=f"case:{file.truce}", area_ids=area_ids)
    except CaseError as error:
        raise CaseError([*problems, *error.problems]) from error
    accepted = read_accepted(folder)
    problems += faults_of_accepted(accepted, file, truce)
    truce = with_clocks(truce, accepted.clocks)
    problems += faults_beside_terms(file, document, truce)
    if problems:
        raise CaseError(problems)
    names: dict[str, str] = {}
    for area in file.areas:
        for name in (area.id, area.name, *area.other_names):
            names[name.casefold()] = area.id
    case = Case(folder=folder, file=file, truce=truce, area_by_name=names, accepted=accepted)
    absent = [name for name, path in case.own_files().items() if not path.is_file()]
    if absent:
        raise CaseError(
            [Problem(code="file_missing", message="the case names a file that is not there", file=f"case:{name}", next_step="Put it there, or take its name out of the case") for name in absent]
        )  # fmt: skip
    return case


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
