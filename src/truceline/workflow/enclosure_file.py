"""``enclosure.yaml``: a pocket, the maps that show it, and what was claimed of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from truceline.base.documents import Document, Model, Moment
from truceline.base.errors import CaseError, Problem
from truceline.terms.truce import Party
from truceline.terms.zones import Place
from truceline.workflow.case_file import AsOf, Release, Under
from truceline.workflow.case_tables import Line, read_table

#: columns of the list of claims
CLAIM_COLUMNS = ("said_on", "speaker", "side", "says", "words", "figure_km2", "outlet", "url")
SAYS = ("enclosed", "not_enclosed", "ground", "other")


class OtherGround(Model):
    """Ground that the other side holds on this side of the frontier, by the same map."""

    adapter: str = Field(description="plug-in that reads it")
    files: list[Under] = Field(min_length=1, description="paths or patterns under the root")
    options: dict[str, Any] = Field(default_factory=dict, description="options of the plug-in")


class PocketMap(Model):
    """A map on which the pocket is measured."""

    id: str = Field(description="short id")
    title: str = Field(description="name for people")
    adapter: str = Field(description="plug-in that reads it, as in a case")
    root: Literal["data", "case"] = Field("data", description="data root, or the file's own folder")
    files: list[Under] = Field(min_length=1, description="paths or patterns under the root")
    options: dict[str, Any] = Field(default_factory=dict, description="options of the plug-in")
    shows: Literal["pocket", "taken_back"] = Field(
        description="pocket: the ground held in it; taken_back: what the other side took of it since some date"
    )
    other_here: OtherGround | None = Field(
        None, description="the other side's ground on this side of the frontier, where the map shows it"
    )
    error_m: float = Field(ge=0, description="by how much its line may be off; metres")
    error_basis: str = Field(min_length=1, description="who states that error, or why it is assumed")
    citation: str = Field("", description="credit that its licence asks for")
    publish_shapes: bool = Field(True, description="whether its shapes may be drawn in a published page")


class EnclosureFile(Model):
    """The whole of ``enclosure.yaml``."""

    enclosure: Literal[1] = Field(description="version of this format")
    id: str = Field(description="short id")
    title: str = Field(description="name for people")
    summary: str = Field("", description="what a reader must know, a few sentences")
    as_of: AsOf = Field(description="date of the evidence, ISO")
    zone: str = Field("UTC", description="zone in which its days are counted")
    parties: list[Party] = Field(min_length=2, max_length=2)
    pocket_of: str = Field(description="party whose forces are in the pocket")
    region: list[float] = Field(min_length=4, max_length=4, description="west, south, east, north; degrees")
    frontier: Under = Field(description="GeoJSON of the frontier beyond which the pocket lies, as a line")
    frontier_credit: str = Field("", description="whom the frontier is from")
    snap_m: float = Field(gt=0, description="how far maps draw the frontier apart; metres")
    home: Place = Field(
        description="[longitude, latitude] of a place in the main ground of the pocket's party"
    )
    tolerance_m: float = Field(500, ge=0, description="tolerance at which lengths are taken; metres")
    span_from: Moment = Field(description="maps from this moment on")
    span_until: Moment = Field(description="up to this moment")
    look_from: Moment | None = Field(None, description="days set side by side with the claims: from")
    look_until: Moment | None = Field(None, description="up to")
    maps: list[PocketMap] = Field(min_length=1)
    claims: Under | None = Field(None, description="CSV of claims: " + ", ".join(CLAIM_COLUMNS))
    over_since: Moment | None = Field(
        None, description="since when truce and pocket are over; a full release needs it"
    )
    release: Release


@dataclass(frozen=True, slots=True, kw_only=True)
class PocketClaim:
    """What somebody said of the pocket; never silently a fact."""

    said_on: date
    speaker: str
    side: str  #: a party's id, or empty
    says: str  #: one of ``SAYS``
    words: str
    figure_km2: float | None
    outlet: str
    url: str


def read_enclosure(path: Path) -> EnclosureFile:
    """Read and check the file.

    Raises
    ------
    CaseError
        With every fault: its place, what was expected.
    """
    document = Document(path, label=f"case:{path.name}")
    file = document.parse(EnclosureFile)
    ids = [party.id for party in file.parties]
    problems = document.repeated_ids(parties=ids, maps=[item.id for item in file.maps])
    if file.pocket_of not in ids:
        problems.append(document.problem(["pocket_of"], code="party_unknown", message="no party has this id", got=file.pocket_of, expected=" | ".join(ids)))  # fmt: skip
    west, south, east, north = file.region
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        problems.append(document.problem(["region"], code="place_range", message="the region is no box", expected="west, south, east, north with west < east and south < north"))  # fmt: skip
    elif not (west < file.home[0] < east and south < file.home[1] < north):
        problems.append(document.problem(["home"], code="place_outside", message="home lies outside the region", got=str(list(file.home)), expected="[longitude, latitude] in the region", next_step="Widen the region, or exchange longitude and latitude"))  # fmt: skip
    if file.span_until <= file.span_from:
        problems.append(document.problem(["span_until"], code="window_order", message="the span ends before it starts"))  # fmt: skip
    if problems:
        raise CaseError(problems)
    return file


def read_claims(path: Path, *, sides: tuple[str, ...]) -> list[PocketClaim]:
    """The claims, in the order of their days.

    Raises
    ------
    CaseError
        With every fault of every row.
    """
    claims: list[PocketClaim] = []
    problems: list[Problem] = []
    for line in read_table(path, CLAIM_COLUMNS, label=f"case:{path.name}"):
        found = _claim(line, sides=sides, problems=problems)
        if found is not None:
            claims.append(found)
    if problems:
        raise CaseError(problems)
    return sorted(claims, key=lambda claim: (claim.said_on, claim.speaker, claim.words))


def _claim(line: Line, *, sides: tuple[str, ...], problems: list[Problem]) -> PocketClaim | None:
    cell = line.cell
    before = len(problems)

    def wrong(column: str, code: str, expected: str) -> None:
        problems.append(line.wrong(column, code, expected))

    said_on: date | None = None
    try:
        said_on = date.fromisoformat(cell["said_on"])
    except ValueError:
        wrong("said_on", "time_format", "a date such as 2031-05-01")
    if cell["says"] not in SAYS:
        wrong("says", "value_unknown", " | ".join(SAYS))
    if cell["side"] not in ("", *sides):
        wrong("side", "party_unknown", " | ".join(sides) + ", or nothing")
    for name in ("speaker", "words", "outlet"):
        if not cell[name]:
            wrong(name, "value_missing", "a text: a claim has a speaker, words, and who reported it")
    if not cell["url"].startswith(("https://", "http://")):
        wrong("url", "value_type", "an address that begins with https://")
    figure: float | None = None
    try:
        figure = float(cell["figure_km2"]) if cell["figure_km2"] else None
    except ValueError:
        wrong("figure_km2", "value_type", "a number of km², or nothing")
    if said_on is None or len(problems) > before:
        return None
    return PocketClaim(
        said_on=said_on, speaker=cell["speaker"], side=cell["side"], says=cell["says"],
        words=cell["words"], figure_km2=figure, outlet=cell["outlet"], url=cell["url"],
    )  # fmt: skip
