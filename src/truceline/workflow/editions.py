"""Which edition a run makes, what it may use, and what of it may be told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc
from shapely import contains_xy
from shapely.geometry.base import BaseGeometry

from truceline.base.canonical import canonical_json, digest_bytes
from truceline.base.errors import CaseError, InputError, OutputError, Problem
from truceline.custody.manifest import Manifest
from truceline.findings.claim_accounts import account_totals
from truceline.findings.incident_set import IncidentSet
from truceline.findings.results import Results
from truceline.findings.summary import summarise
from truceline.release.coarsen import coarsen_incidents
from truceline.release.register import read_register
from truceline.release.rule import ALLOWED, ReleaseRule, moment_of
from truceline.release.withhold import Withheld, publish
from truceline.reports.findings_json import findings_document
from truceline.schema.table import Table, records
from truceline.workflow.case import Case
from truceline.workflow.ingest import Ingested
from truceline.workflow.lines import compare_lines, tell_line
from truceline.workflow.patterns import spots_of

try:
    import fcntl
except ImportError:  # no advisory locks on this system: two releases at once are the user's own care
    fcntl = None  # type: ignore[assignment]

#: what the name of a register ends with, unless it was named otherwise
_REGISTER = ".released.jsonl"
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
    case_id: str

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
        register=register or out.parent / f"{out.name}{_REGISTER}",
        case_id=case.file.id,
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


def refuse_forgetting(earlier: Manifest, edition: Edition, *, named: bool) -> None:
    """A release goes on from what was told before, wherever that is known; it never begins anew beside it.

    ``named``: whether somebody said which register it is.

    Raises
    ------
    InputError
        If there is no register, but the folder holds a public edition, or the register of another
        release of the case lies beside it.
    """
    if not edition.withholds or edition.register.exists():
        return
    told = any(e["kind"] == "run" and e.get("edition") == edition.name for e in earlier.entries)
    beside = () if named else sorted(edition.register.parent.glob(f"*{_REGISTER}"))
    others = [path for path in beside if read_register(path).case_id == edition.case_id]
    if told or others:
        raise InputError(
            Problem(code="register_broken", message="something of this case was released before, and the register of it is not there", file=str(edition.register), got=", ".join(map(str, others)) or "a folder that holds a public edition, and no register", expected="the register that the last release left", next_step="Name it with --register, or restore it; without it a new release could be compared with old ones")
        )  # fmt: skip


def hold_back(ingested: Ingested, until: datetime) -> Ingested:
    """The tables without records that end later: what is not there cannot show through."""
    kept: dict[str, Table] = {}
    for name, column in _ENDS.items():
        table: Table = getattr(ingested, name)
        kept[name] = table.filter(pc.less_equal(table[column], pa.scalar(until, table[column].type)))
    return replace(ingested, **kept)


def release(
    results: Results,
    case: Case,
    edition: Edition,
    *,
    shapes: dict[str, BaseGeometry],
    manifest_lines: Sequence[Mapping[str, object]] = (),
) -> Results:
    """The public edition of results, its days settled with the register, which is written anew.

    Its run is named by what is released, ``manifest_lines`` among it.

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
    with _alone_with(edition.register):
        settled = read_register(edition.register).settle(
            told, edition.rule, until=edition.until, case_id=edition.case_id
        )
        _write_register(edition.register, settled.register.text())
    withheld = Withheld(
        rule=edition.rule, until=edition.until, own_sources=edition.own_sources, settled=settled
    )
    public = publish(results, withheld)
    if len(public.lines) < len(results.lines):
        # what is told of the line is told by maps that may be told of
        drawn = {} if results.line_report is None else results.line_report.drawn
        line_report = tell_line(case, public.lines, land=results.land, drawn=drawn)
        disagreements = compare_lines(case, public.lines, line_report, land=results.land)
        public = replace(public, line_report=line_report, disagreements=disagreements)
    spots = spots_of(
        public.incidents, span=case.truce.span, zone=edition.rule.zone, frame=case.frame, seed=case.file.seed, cell_m=edition.rule.cell_m
    )  # fmt: skip
    return replace(
        public,
        patterns=replace(public.patterns, spots=spots),
        run_id=released_id(public, manifest_lines),
        claim_accounts=tuple(account_totals(records(public.claims), window=results.truce.span)),
        # what was held back is not said not to be
        summary=summarise(public.findings, case.truce, theatre_id=case.file.theatre, monitors=case.file.monitors, monitored=False, incidents=IncidentSet.of(public.incidents, public.observations)),
    )  # fmt: skip


def released_id(public: Results, manifest_lines: Sequence[Mapping[str, object]]) -> str:
    """Name of a public run, made of what it tells alone.

    Made of everything read, it would let anybody test a guess at what the mission's own files hold.
    Sentences are left out, so that a release has one name in every language.
    """
    told = {
        "case": public.case_id,
        "version": public.version,
        "manifest": list(manifest_lines),
        "findings": [
            {name: value for name, value in finding.items() if name != "details"}
            for finding in findings_document(public)["findings"]
        ],
        "incidents": public.incidents["incident_id"].to_pylist(),  # each is made of all that is told of it
    }
    return f"run-{digest_bytes(canonical_json(told).encode())[:16]}"


@contextmanager
def _alone_with(register: Path) -> Iterator[None]:
    """Two releases at once would each tell what the other does not know of: one waits for the other."""
    if fcntl is None:
        yield
        return
    try:
        register.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(register.parent, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        _unwritable(register, error)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


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
        _unwritable(path, error)


def _unwritable(path: Path, error: OSError) -> NoReturn:
    raise OutputError(
        Problem(code="out_unwritable", message=f"the register of releases cannot be written: {error.strerror or error}", file=str(path), expected="a place that may be written", next_step="Name another with --register")
    ) from error  # fmt: skip
