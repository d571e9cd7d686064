"""Find a case's files, read every source, account for every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import shapely
from pydantic import ValidationError
from shapely.geometry.base import BaseGeometry

from truceline.base.documents import Document
from truceline.base.errors import CaseError, InputError, Problem
from truceline.base.language import carried
from truceline.base.progress import Progress, silent
from truceline.findings.results import FileAccount, SourceAccount, SourceState
from truceline.origins import collapse_copies, count_copies
from truceline.places.locate import LocateReport, locate
from truceline.schema import CLAIMS, CONTROL, COUNTS, COVERAGE, OBSERVATIONS
from truceline.schema.table import Table
from truceline.sources.layers import read_lines
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables
from truceline.workflow.accepted import accepted_account, claims_table
from truceline.workflow.case import Case
from truceline.workflow.case_file import SourceEntry
from truceline.workflow.places import CaseNames, gazetteer_digests

#: faults of a list of places that each source which needed it tells
SHOWN_OF_LISTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """All tables of a case, and what became of every source."""

    observations: Table
    counts: Table
    coverage: Table
    control: Table
    claims: Table
    sources: tuple[SourceAccount, ...]
    quarantined: tuple[Problem, ...]
    quarantined_rows: tuple[tuple[tuple[Problem, ...], str], ...]
    gazetteers: tuple[tuple[str, str], ...] = ()  #: label and SHA-256 of lists of places under the data root
    drawn: Mapping[str, BaseGeometry] = field(
        default_factory=dict
    )  #: lines of maps that draw the line itself

    @property
    def files(self) -> list[tuple[str, str]]:
        """Label and SHA-256 of every file read, in the case's order."""
        return [(file.label, file.digest) for source in self.sources for file in source.files]


def find_files(entry: SourceEntry, *, case_folder: Path, data: Path | None) -> list[InputFile]:
    """Files of a source, in the order of its patterns, then by name; empty where absent."""
    root = case_folder if entry.root == "case" else data
    if root is None:
        return []
    paths: list[Path] = []
    for pattern in entry.files:
        found = sorted(path for path in root.glob(pattern) if path.is_file())
        paths += [path for path in found if path not in paths]
    return [InputFile(path, label=f"{entry.root}:{path.relative_to(root).as_posix()}") for path in paths]


def make_sources(case: Case) -> dict[str, Source]:
    """The plug-in of every source, with its options checked.

    Raises
    ------
    CaseError
        With every unknown adapter and every wrong option.
    """
    document = Document(case.folder / "case.yaml", label="case:case.yaml")
    problems: list[Problem] = []
    made: dict[str, Source] = {}
    for position, entry in enumerate(case.file.sources):
        plugin = SOURCES.get(entry.adapter)
        if plugin is None:
            problems.append(
                document.problem(
                    ["sources", position, "adapter"],
                    code="adapter_unknown",
                    message="no plug-in has this name",
                    got=entry.adapter,
                    expected=" | ".join(SOURCES.names()),
                    next_step="`truceline plugins` lists them with their options",
                )
            )
            continue
        try:
            made[entry.id] = plugin(plugin.Options.model_validate(entry.options))
        except ValidationError as error:
            at: list[str | int] = ["sources", position, "options"]
            problems += document.faults(plugin.Options, error, under=at)
    if problems:
        raise CaseError(problems)
    return made


def ingest(case: Case, *, data: Path | None, progress: Progress = silent) -> Ingested:
    """Read every source of the case.

    A source whose files are absent, or cannot be used at all, is recorded as such and the others
    are read: the report says what that costs.

    Raises
    ------
    CaseError
        If a source is described wrongly.
    """
    plugins = make_sources(case)
    names = CaseNames(case, data=data)
    read: list[SourceTables] = []
    accounts: list[SourceAccount] = []
    # maps spend their time in geometry, which leaves Python free for the tables: two at a time
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = [
            pool.submit(carried(_read), case, entry, plugins[entry.id], data=data, names=names)
            for entry in case.file.sources
        ]
        for done, (entry, future) in enumerate(zip(case.file.sources, futures, strict=True)):
            progress(f"reading {entry.id}", done, len(case.file.sources))
            tables, account = future.result()
            read.append(tables)
            accounts.append(account)
    progress("reading", len(case.file.sources), len(case.file.sources))
    if case.accepted.claims:
        claims = claims_table(case.accepted, case.folder, case.truce, case.span)
        read.append(SourceTables(claims=claims))
        accounts.append(accepted_account(case.accepted, case.folder, n_used=claims.num_rows))
    rows = [row for tables in read for row in tables.quarantined]
    return Ingested(
        observations=OBSERVATIONS.check(OBSERVATIONS.concat(tables.observations for tables in read)),
        counts=COUNTS.check(COUNTS.concat(tables.counts for tables in read)),
        coverage=COVERAGE.check(COVERAGE.concat(tables.coverage for tables in read)),
        control=CONTROL.check(CONTROL.concat(tables.control for tables in read)),
        claims=CLAIMS.check(CLAIMS.concat(tables.claims for tables in read)),
        sources=tuple(accounts),
        quarantined=tuple(problem for row in rows for problem in row.problems),
        quarantined_rows=tuple((row.problems, row.content) for row in rows),
        gazetteers=gazetteer_digests(case, data=data),
        drawn=_drawn_lines(case, accounts, data=data),
    )


def _drawn_lines(
    case: Case, accounts: Sequence[SourceAccount], *, data: Path | None
) -> dict[str, BaseGeometry]:
    """Source id → all lines of a map that draws the line itself, and not the ground on either hand."""
    read = {account.source_id for account in accounts if account.state == "read"}
    return {
        entry.id: shapely.union_all(
            [read_lines(file) for file in find_files(entry, case_folder=case.folder, data=data)]
        )
        for entry in case.file.sources
        if "line_sides" in entry.options and entry.id in read
    }


def was_monitored(case: Case, sources: Sequence[SourceAccount]) -> bool:
    """Whether single observations of a monitoring mechanism were read, be they none."""
    read = {account.source_id for account in sources if account.state == "read"}
    return any(entry.mechanism and entry.forms_incidents and entry.id in read for entry in case.file.sources)


def first_tellings(case: Case, observations: Table) -> Table:
    """The observations, each with the source that told it first."""
    coded = frozenset(entry.id for entry in case.file.sources if entry.texts == "coded")
    return collapse_copies(observations, coded_sources=coded)


def with_copies(ingested: Ingested, observations: Table) -> tuple[SourceAccount, ...]:
    """The sources, each with how many of its records are copies; ``observations``: with first tellings."""
    found = count_copies(ingested.observations, observations)
    return tuple(replace(account, copies=found.get(account.source_id)) for account in ingested.sources)


def _read(
    case: Case, entry: SourceEntry, source: Source, *, data: Path | None, names: CaseNames
) -> tuple[SourceTables, SourceAccount]:
    files = find_files(entry, case_folder=case.folder, data=data)
    if not files:
        where = (
            "its own folder"
            if entry.root == "case"
            else f"the data root ({'none was given' if data is None else 'as given'})"
        )
        problem = Problem(
            code="source_absent",
            message=f"no file of source {entry.id!r} is in {where}",
            file=f"{entry.root}:{entry.files[0]}",
            expected=" | ".join(entry.files),
            next_step="Give the folder that holds the data with --data"
            if data is None
            else "Bring it with `truceline fetch`"
            if entry.fetch
            else "Fetch the file, or take the source out of the case",
        )
        return SourceTables(), _account(entry, source, SourceTables(problems=[problem]), state="absent")
    try:
        tables = source.read(read_context(case, entry, files=files, names=names))
        _locate(tables, names)
    except InputError as error:
        return SourceTables(), _account(
            entry, source, SourceTables(problems=error.problems), state="unusable"
        )
    tables.problems += [*_unknown_series(case, entry, tables), *_unused(case, entry, tables)]
    aside = _all_put_aside(tables)
    if aside is not None:
        tables.problems.insert(0, aside)
    return tables, _account(entry, source, tables, state="read" if aside is None else "unusable")


def read_context(
    case: Case, entry: SourceEntry, *, files: Sequence[InputFile], names: CaseNames | None = None
) -> ReadContext:
    """What a source may know of its case."""
    return ReadContext(
        source_id=entry.id,
        files=tuple(files),
        span=case.span,
        window=case.truce.span,
        parties=case.truce.party_ids,
        acts=tuple(act.id for act in case.truce.acts),
        area_by_name=case.area_by_name,
        region=case.region,
        theatre=case.theatre_shape,
        places=names,
    )


def _locate(tables: SourceTables, names: CaseNames) -> None:
    """Give a point or an area to what is only named, and say what became of it."""
    report = LocateReport()
    tables.observations = locate(tables.observations, names, report=report)
    if report.total:
        tables.notes += report.notes()
        tables.problems += [*names.problems[:SHOWN_OF_LISTS], *report.problems()[:SHOWN_OF_LISTS]]


def _all_put_aside(tables: SourceTables) -> Problem | None:
    """The commonest fault where not one row of a source could be used; else None."""
    if any(read.rows_used or read.rows_outside for read in tables.files) or not tables.quarantined:
        return None
    faults = [row.problems[0] for row in tables.quarantined]
    commonest, n = Counter(fault.code for fault in faults).most_common(1)[0]
    first = next(fault for fault in faults if fault.code == commonest)
    return replace(
        first, message=f"every row was put aside, {n} of {len(faults)} for this; the first: {first.message}"
    )


def _unused(case: Case, entry: SourceEntry, tables: SourceTables) -> list[Problem]:
    """Counts that no series of the case uses speak to nothing; that is said."""
    if not tables.counts.num_rows or any(spec.source == entry.id for spec in case.file.series):
        return []
    return [
        Problem(
            code="source_unused",
            message=f"source {entry.id!r} gives counts, and no series of the case uses them",
            file="case:case.yaml",
            expected=f"a series with `source: {entry.id}`",
            next_step="Add one under `series`, or take the source out",
        )
    ]


def _unknown_series(case: Case, entry: SourceEntry, tables: SourceTables) -> list[Problem]:
    """Series of the case that name a series of counts which the source does not have."""
    known = set(tables.counts["series"].to_pylist())
    return [
        Problem(
            code="name_unknown",
            message=f"series {spec.id!r} asks for a series that the source does not have",
            file="case:case.yaml",
            got=spec.series,
            expected=" | ".join(sorted(known)),
            next_step="Correct the field `series`",
        )
        for spec in case.file.series
        if spec.source == entry.id and spec.series is not None and known and spec.series not in known
    ]


def _account(
    entry: SourceEntry, source: Source, tables: SourceTables, *, state: SourceState
) -> SourceAccount:
    return SourceAccount(
        source_id=entry.id,
        title=entry.title,
        publisher=entry.publisher,
        url=entry.url,
        licence=entry.licence,
        citation=entry.citation,
        grade=entry.grade,
        adapter=source.name,
        adapter_version=source.version,
        role=entry.role,
        state=state,
        cost_of_absence=entry.cost_of_absence,
        publish_shapes=entry.publish_shapes,
        files=tuple(
            FileAccount(
                label=read.file.label,
                size_bytes=read.file.size,
                digest=read.file.digest,
                rows_read=read.rows_read,
                rows_used=read.rows_used,
                rows_outside=read.rows_outside,
                rows_repeated=read.rows_repeated,
                rows_quarantined=read.rows_quarantined,
                left_out=read.left_out,
            )
            for read in tables.files
        ),
        problems=tuple(tables.problems),
        notes=tuple(tables.notes),
    )
