"""Which edition a run makes, what it may use, and what of it may be told."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from shapely import contains_xy
from shapely.geometry.base import BaseGeometry

from truceline.base.errors import CaseError, OutputError, Problem
from truceline.custody.manifest import Manifest
from truceline.findings.incident_set import IncidentSet
from truceline.findings.results import Results
from truceline.findings.summary import summarise
from truceline.release.coarsen import coarsen_incidents
from truceline.release.register import read_register
from truceline.release.rule import ALLOWED, ReleaseRule, moment_of
from truceline.release.withhold import Withheld, publish
from truceline.schema.table import Table
from truceline.workflow.case import Case
from truceline.workflow.ingest import Ingested

#: table → the column that says until when a record tells
_ENDS = {
    "observations": "occurred_until",
    "counts": "window_stop",
    "coverage": "window_start",
    "control": "map_time",
    "claims": "window_stop",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The edition of a run. ``until`` and ``register`` are of the public one alone."""

    name: str
    rule: ReleaseRule
    until: datetime
    own_sources: frozenset[str]  #: what may not be told one by one
    register: Path

    @property
    def withholds(self) -> bool:
        """Whether it is the public edition."""
        return self.name == "public"


def choose_edition(case: Case, wanted: str | None, *, out: Path, register: Path | None) -> Edition:
    """The edition asked for, or else the case's own.

    A source is the mission's own, and never told one by one, if it is hard or of the mechanism and
    not marked ``open``.

    Raises
    ------
    CaseError
        If the case may not be released so.
    """
    release = case.file.release
    name = wanted or release.edition
    if name not in ALLOWED[release.edition]:
        raise CaseError(
            Problem(code="edition_not_allowed", message="the case may not be released in this edition", file="case:case.yaml", column="release.edition", got=name, expected=" | ".join(ALLOWED[release.edition]), next_step="If it may be released so, say so under `release`, with the basis")
        )  # fmt: skip
    zone = case.truce.clocks[0].zone
    rule = ReleaseRule(delay_h=release.delay_h, cell_m=release.cell_km * 1000, zone=zone)
    own = [
        entry.id
        for entry in case.file.sources
        if (entry.grade == "hard" or entry.mechanism) and not entry.open
    ]
    return Edition(
        name=name,
        rule=rule,
        until=rule.released_until(moment_of(case.file.as_of, zone)),
        own_sources=frozenset(own),
        register=register or out.parent / f"{out.name}.released.jsonl",
    )  # fmt: skip


def refuse_mixing(earlier: Manifest, edition: Edition) -> None:
    """A public edition never goes where another one lay: the manifest of that one would go with it.

    Raises
    ------
    OutputError
        If the folder's manifest tells of a run of another edition.
    """
    others = {entry.get("edition", "") for entry in earlier.entries if entry["kind"] == "run"} - {
        edition.name
    }
    if edition.withholds and others:
        raise OutputError(
            Problem(code="out_not_ours", message="the output folder holds another edition, which must not be released with this one", file="manifest.jsonl", got=" | ".join(sorted(others)) or "an edition that is not named", expected="a folder for public editions alone", next_step="Give another folder with --out")
        )  # fmt: skip


def hold_back(ingested: Ingested, until: datetime) -> Ingested:
    """The tables without records that end later: what is not there cannot show through."""
    kept: dict[str, Table] = {}
    for name, column in _ENDS.items():
        table: Table = getattr(ingested, name)
        kept[name] = table.filter(pc.less_equal(table[column], pa.scalar(until, table[column].type)))
    return replace(ingested, **kept)


def release(results: Results, case: Case, edition: Edition, *, shapes: dict[str, BaseGeometry]) -> Results:
    """The public edition of results, its days settled with the register, which is written anew.

    Raises
    ------
    InputError
        If the register is broken, or of another rule.
    OutputError
        If the register cannot be written.
    """
    by_size = sorted(shapes.items(), key=lambda pair: pair[1].area)

    def area_of(longitude_deg: float, latitude_deg: float) -> str | None:
        return next(
            (name for name, shape in by_size if contains_xy(shape, longitude_deg, latitude_deg)), None
        )

    told = coarsen_incidents(results.incidents, edition.rule, area_of=area_of)
    settled = read_register(edition.register).settle(told, edition.rule, until=edition.until)
    withheld = Withheld(
        rule=edition.rule, until=edition.until, own_sources=edition.own_sources, settled=settled
    )
    public = publish(results, withheld)
    _write_register(edition.register, settled.register.text())
    return replace(
        public,
        summary=summarise(public.findings, case.truce, theatre_id=case.file.theatre, monitors=case.file.monitors, incidents=IncidentSet.of(public.incidents, public.observations)),
    )  # fmt: skip


def _write_register(path: Path, text: str) -> None:
    """Whole or not at all, and before anything is told: what it holds too much was never told otherwise."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".part")
        with draft.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except OSError as error:
        raise OutputError(
            Problem(code="out_unwritable", message=f"the register of releases cannot be written: {error.strerror or error}", file=str(path), expected="a place that may be written", next_step="Name another with --register")
        ) from error  # fmt: skip
