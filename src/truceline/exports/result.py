"""A finished result as exports read it: findings.json, the tables beside it, the manifest.

What a result does not say of itself (shapes of its areas, which maps may be published) comes from
its case, as ``CaseShapes``. Where nobody says that a map may be published, its shapes stay inside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.errors import OutputError, Problem
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval, parse_time
from truceline.base.language import _, speaking
from truceline.custody.manifest import read_manifest
from truceline.schema import TABLES, Table
from truceline.schema.claims import TOGETHER

SCHEMA_PREFIX = "truceline.findings/"
#: tables that every result holds
TABLE_NAMES = ("incidents", "observations", "counts", "claims", "coverage", "control")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultArea:
    """An area that findings name; it may be a name alone."""

    area_id: str
    name: str
    kind: str | None = None
    parent_area_id: str | None = None
    disputed: bool | None = None
    shape: BaseGeometry | None = None
    label: tuple[float, float] | None = None  #: longitude, latitude, degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseShapes:
    """What only the case knows of a result made from it."""

    areas: tuple[ResultArea, ...] = ()
    publish_shapes: Mapping[str, bool] = field(default_factory=dict)  #: source id → may be published
    frame: LocalFrame | None = None  #: centred on the case's region
    land: BaseGeometry | None = None  #: the case's coast, for telling it from the line


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A source that the result rests on, and its licence."""

    source_id: str
    title: str
    state: str
    licence: str
    citation: str

    @property
    def line(self) -> str:
        """One line for people: title, citation, licence."""
        said = f" {self.citation.rstrip('.')}." if self.citation else ""
        return f"{self.title}.{said} Licence: {self.licence}"


@dataclass(slots=True, kw_only=True)
class Result:
    """A result folder, read; tables are read when first asked for."""

    folder: Path
    document: Record  #: findings.json
    areas: tuple[ResultArea, ...]
    publish_shapes: dict[str, bool]  #: source id → may be published; absent: nobody says so
    is_public: bool  #: whether the edition may be shown to anyone
    frame: LocalFrame | None = None
    land: BaseGeometry | None = None
    _tables: dict[str, Table] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)  #: what is dear to make, kept for the next format

    @property
    def case_id(self) -> str:
        """Id of the case."""
        return str(self.document["case_id"])

    @property
    def title(self) -> str:
        """Title of the case."""
        return str(self.document["title"])

    @property
    def version(self) -> str:
        """Version of Truceline that made the result."""
        return str(self.document["version"])

    @property
    def run_id(self) -> str:
        """Depends on version, case and inputs alone."""
        return str(self.document["run_id"])

    @property
    def as_of(self) -> datetime:
        """Date of the evidence as a moment: of a day alone its first, UTC."""
        moment = datetime.fromisoformat(self.document["as_of"])
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    @property
    def edition(self) -> str:
        """Release rule, in words."""
        return str(self.document["edition"])

    @property
    def language(self) -> str:
        """Language of its sentences, such as ``en``."""
        return str(self.document.get("language", "en"))

    @property
    def is_invented(self) -> bool:
        """Whether the case is simulated."""
        return bool(self.document["invented"])

    @property
    def findings(self) -> list[Record]:
        """Findings, in the order of findings.json."""
        found: list[Record] = self.document["findings"]
        return found

    @property
    def party_names(self) -> dict[str, str]:
        """Party id → name, in the order of the truce file."""
        return {party["party_id"]: party["name"] for party in self.document["parties"]}

    def party_name(self, party_id: str) -> str | None:
        """Name of a party, or of all together where a finding is about them; None: not known."""
        if party_id == TOGETHER:
            with speaking(self.language):
                return _("All parties together, whoever acted")
        return self.party_names.get(party_id)

    @property
    def area_names(self) -> dict[str, str]:
        """Area id → name, in the order of the case."""
        return {area["area_id"]: area["name"] for area in self.document["areas"]}

    @property
    def window(self) -> Interval:
        """From the first start to the last stop of the truce's clocks."""
        clocks = self.document["clocks"]
        return Interval(
            min(parse_time(clock["period_start"]) for clock in clocks),
            max(parse_time(clock["period_stop"]) for clock in clocks),
        )

    @property
    def attributions(self) -> tuple[Attribution, ...]:
        """Every source of the case with its licence, read or not."""
        return tuple(
            Attribution(
                source_id=source["source_id"],
                title=source["title"],
                state=source["state"],
                licence=source["licence"],
                citation=source["citation"],
            )
            for source in self.document["sources"]
        )

    def table(self, name: str) -> Table:
        """A table of the result, one of ``TABLE_NAMES``, to its schema.

        Raises
        ------
        OutputError
            If the file is absent, is no Parquet, or lacks a column.
        """
        if name not in self._tables:
            self._tables[name] = _read_table(self.folder, name)
        return self._tables[name]

    def may_show(self, source_id: str) -> bool:
        """Whether shapes of that source may leave; not unless somebody said so."""
        return self.publish_shapes.get(source_id, False)


def read_result(folder: Path, *, case: CaseShapes | None = None) -> Result:
    """Read the result in ``folder``; ``case`` adds what only its case knows.

    Raises
    ------
    OutputError
        If there is no result, or not a whole one, or its manifest was altered.
    """
    path = folder / "findings.json"
    if not path.is_file():
        _unreadable(folder, "no result is here")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        known = str(document["schema"]).startswith(SCHEMA_PREFIX)
    except (ValueError, KeyError, TypeError) as error:
        _unreadable(folder, f"findings.json cannot be read ({error})", cause=error)
    if not known:
        _unreadable(folder, f"findings.json is of another kind: {document['schema']}")
    runs = {e["run_id"]: e for e in read_manifest(folder).entries if e["kind"] == "run"}
    if document["run_id"] not in runs:
        _unreadable(folder, "the manifest does not know the run of findings.json")
    edition = runs[document["run_id"]].get("edition")
    for name in TABLE_NAMES:
        if not (folder / "tables" / f"{name}.parquet").is_file():
            _unreadable(folder, f"tables/{name}.parquet is absent")
    said = {s["source_id"]: s["publish_shapes"] for s in document["sources"] if "publish_shapes" in s}
    areas = _areas_of(folder, document, case)
    # a refusal wins, whoever gives it
    publish = {**said}
    for name, allowed in (case.publish_shapes if case else {}).items():
        publish[name] = allowed and publish.get(name, True)
    public = _says_public(document) if edition is None else str(edition).startswith("public")
    return Result(
        folder=folder,
        document=document,
        areas=areas,
        publish_shapes=publish,
        is_public=public,
        frame=case.frame if case else None,
        land=case.land if case else None,
    )


def _says_public(document: Record) -> bool:
    """Whether the edition's wording is that of a public one; any other is held to be restricted."""
    edition = str(document["edition"]).casefold()
    with speaking(str(document.get("language", "en"))):
        own = _("Public, in full").casefold()
    return edition.startswith(("public", own))


def _areas_of(folder: Path, document: Record, case: CaseShapes | None) -> tuple[ResultArea, ...]:
    """Areas that the document names, with what the case, or the result's own table, adds."""
    more = {area.area_id: area for area in case.areas} if case else {}
    path = folder / "tables" / "areas.parquet"
    if path.is_file() and not more:
        more = {row["area_id"]: _area_of(row) for row in pq.read_table(path).to_pylist()}
    return tuple(
        more.get(area["area_id"], ResultArea(area_id=area["area_id"], name=area["name"]))
        for area in document["areas"]
    )


def _area_of(row: Record) -> ResultArea:
    point = (row["label_longitude_deg"], row["label_latitude_deg"])
    return ResultArea(
        area_id=row["area_id"],
        name=row["name"],
        kind=row["kind"],
        parent_area_id=row["parent_area_id"],
        disputed=row["disputed"],
        shape=None if row["geometry"] is None else shapely.from_wkb(row["geometry"]),
        label=None if None in point else point,
    )


def _read_table(folder: Path, name: str) -> Table:
    path = folder / "tables" / f"{name}.parquet"
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        _unreadable(folder, f"tables/{name}.parquet cannot be read ({error})", cause=error)
    missing = [column.name for column in TABLES[name].columns if column.name not in table.schema.names]
    if missing:
        _unreadable(folder, f"tables/{name}.parquet has no column {', '.join(missing)}")
    return table


def _unreadable(folder: Path, message: str, *, cause: Exception | None = None) -> NoReturn:
    raise OutputError(
        Problem(code="result_unreadable", message=message, file=str(folder), expected="a folder that `truceline verify` wrote", next_step="Run `truceline verify` again, into a new folder")
    ) from cause  # fmt: skip
