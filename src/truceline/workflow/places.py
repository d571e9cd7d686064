"""A case's names: its areas, its list of places, its gazetteers, and what of its territory is disputed."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock

from truceline.base.canonical import digest_file
from truceline.base.errors import CaseError, InputError, Problem
from truceline.base.language import _, told
from truceline.places.disputed import DisputedArea, NamedShape, find_assignments
from truceline.places.gazetteer import Entry, Gazetteer, NamedArea
from truceline.places.read import PlaceList, places_from_rows, read_geonames, read_places
from truceline.places.resolution import Resolution
from truceline.sources.layers import place_rows
from truceline.sources.source import InputFile
from truceline.workflow.case import Case
from truceline.workflow.case_file import GazetteerEntry


class CaseNames:
    """The case's names; its lists are read when the first name is asked for, and not before."""

    def __init__(self, case: Case, *, data: Path | None) -> None:
        self._case, self._data = case, data
        self._lock = Lock()
        self.problems: list[Problem] = []  #: of the lists; known once a name was asked for

    @property
    def dated(self) -> bool:
        """Whether the date of a name matters."""
        return self.gazetteer.dated

    def resolve(
        self,
        name: str,
        *,
        near: tuple[float, float] | None = None,
        kind: str | None = None,
        at: datetime | None = None,
    ) -> Resolution:
        """What a name stands for (see ``Gazetteer.resolve``)."""
        return self.gazetteer.resolve(name, near=near, kind=kind, at=at)

    @property
    def gazetteer(self) -> Gazetteer:
        """The names, built once.

        Raises
        ------
        InputError
            If a list cannot be read.
        """
        with self._lock:  # sources are read two at a time
            return self._built

    @cached_property
    def _built(self) -> Gazetteer:
        case = self._case
        entries: list[Entry] = []
        for found in (self._own_list(), *map(self._list, case.file.gazetteers)):
            entries += found.entries
            self.problems += found.problems
        return Gazetteer(
            entries=entries,
            areas=[
                NamedArea(area_id=area.id, names=(area.name, *area.other_names), geometry=case.shape_of(area.id))
                for area in case.file.areas
            ],
            disputed=disputed_areas(case),
            region=case.region_box,
        )  # fmt: skip

    def _own_list(self) -> PlaceList:
        name = self._case.file.map.places
        if name is None:
            return PlaceList()
        path, label = self._case.folder / name, f"case:{name}"
        if path.suffix.casefold() == ".csv":
            return read_places(path, label=label)
        return places_from_rows(place_rows(InputFile(path, label=label)), label=label)

    def _list(self, entry: GazetteerEntry) -> PlaceList:
        path = gazetteer_path(self._case, entry, data=self._data)
        label = f"{entry.root}:{entry.file}"
        if path is None or not path.is_file():
            self.problems.append(Problem(code="file_missing", message="a list of places is not there; names that only it has stay names", file=label, expected="the file", next_step="Fetch it, or take it out of `gazetteers`"))  # fmt: skip
            return PlaceList()
        geonames = entry.format == "geonames" or (entry.format == "auto" and path.suffix.casefold() == ".txt")
        if geonames:
            return read_geonames(path, label=label, region=self._case.region_box)
        return read_places(path, label=label, columns=entry.columns, region=self._case.region_box)


def gazetteer_path(case: Case, entry: GazetteerEntry, *, data: Path | None) -> Path | None:
    """Where a list of places is; None where it is under a data root and none was given."""
    if entry.root == "case":
        return case.folder / entry.file
    return None if data is None else data / entry.file


def gazetteer_digests(case: Case, *, data: Path | None) -> tuple[tuple[str, str], ...]:
    """Label and SHA-256 of the lists under the data root (the case's own are part of the case)."""
    found: list[tuple[str, str]] = []
    for entry in case.file.gazetteers:
        path = gazetteer_path(case, entry, data=data)
        if entry.root == "data" and path is not None and path.is_file():
            found.append((f"data:{entry.file}", digest_file(path)))
    return tuple(found)


def disputed_areas(case: Case) -> list[DisputedArea]:
    """The areas that the case calls disputed, with their parts."""
    return [
        DisputedArea(
            area_id=part,
            name=case.area_names[part],
            claimants=tuple(area.claimants),
            basis=area.basis or "the case",
            geometry=case.shape_of(part),
        )
        for area in case.file.areas
        if area.disputed
        for part in case.with_parts(area.id)
    ]


def disputed_assignments(case: Case) -> list[Problem]:
    """Areas of the case that take in disputed territory by their shape or as its parent, as problems.

    The whole of the case takes no side: it holds everything.
    """
    disputed = disputed_areas(case)
    if not disputed:
        return []
    marked = {one.area_id for one in disputed}
    parents = {area.id: area.parent for area in case.file.areas}
    shapes: list[NamedShape] = []
    problems: list[Problem] = []
    for area in case.file.areas:
        if area.id in marked or area.id == case.file.theatre:
            continue
        shape = case.shape_of(area.id)
        within = [one for one in marked if parents.get(one) == area.id]
        for one in sorted(within):
            problems.append(Problem(code="place_disputed", message=f"{case.area_names[one]} is disputed, and stands under {area.name}", file="case:case.yaml", got=area.name, expected="the whole of the case as its parent, or another disputed area", next_step="Put it under the theatre, or say under `limits` that the case takes a side"))  # fmt: skip
        if shape is not None:
            shapes.append(NamedShape(name=area.name, geometry=shape, file=f"case:{area.shape or 'case.yaml'}", is_part_of=tuple(within)))  # fmt: skip
    return [*problems, *(found.problem() for found in find_assignments(shapes, disputed))]


def dispute_sentences(case: Case) -> list[str]:
    """What a reader of the report must know of disputed territory; nothing where there is none."""
    sentences: list[str] = []
    for area in case.file.areas:
        if area.disputed:
            claimants = ", ".join(map(told, area.claimants)) or _("more than one")
            sentences.append(
                _("Disputed territory: {area}, claimed by {claimants}. It is marked and counted as an area of its own; no side is taken.").format(area=area.name, claimants=claimants)
            )  # fmt: skip
    for problem in disputed_assignments(case):
        sentences.append(
            _("{area} is drawn or listed in this case so that it takes in disputed territory; that is the drawing’s choice, not a finding.").format(area=problem.got)
        )  # fmt: skip
    return list(dict.fromkeys(sentences))


def check_lists(case: Case, *, data: Path | None) -> list[Problem]:
    """Every fault of the case's lists of places.

    Raises
    ------
    CaseError
        If the case's own list cannot be read.
    """
    names = CaseNames(case, data=data)
    try:
        _read = names.gazetteer
    except InputError as error:
        raise CaseError(error.problems) from error
    return names.problems
