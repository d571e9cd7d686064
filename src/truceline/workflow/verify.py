"""The main job: a case and its data → a verification report.

(1) read the case; (2) read every source, all rows accounted for; (3) write the manifest, before anything is
computed (of the public edition afterwards: its id is made of what is released); (4) collapse copies;
(5) build the line's history; (6) fuse incidents and attribute them; (7) measure series; (8) judge every
obligation; (9) write the reports, which carry the checkpoint of the evidence log; (10) log what was written.
The output folder appears whole at the end or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from shapely import contains_xy
from shapely.geometry.base import BaseGeometry

from truceline import __version__
from truceline.attribution.attribute import attribute
from truceline.base.columns import at_words, codes
from truceline.base.errors import Problem
from truceline.base.language import _, carried
from truceline.base.language import language as spoken
from truceline.base.progress import Progress, silent
from truceline.base.threads import begin, worker_count
from truceline.coverage.declared import apply_declared
from truceline.coverage.notes import describe_coverage
from truceline.custody.manifest import changed_files, read_manifest
from truceline.findings.assemble import assemble_findings
from truceline.findings.claim_accounts import account_totals
from truceline.findings.claims import collapse_claims
from truceline.findings.ground import Ground
from truceline.findings.incident_set import IncidentSet
from truceline.findings.results import Place, Results, SeriesResult
from truceline.findings.summary import copied, summarise, tell_parts
from truceline.fusion.associate import associate
from truceline.fusion.posterior import Learned, nothing_learned, read_posterior
from truceline.line.history import LineHistory
from truceline.line.report import LineReport
from truceline.line.uncertainty import LineSpread
from truceline.release.rule import EDITIONS
from truceline.reports.writer import write_reports
from truceline.schema.table import Table, records
from truceline.store.folder import OutputFolder
from truceline.workflow.case import Case, open_case, read_places
from truceline.workflow.case_records import mission_records
from truceline.workflow.context import tell_context, tell_fire, tell_maps, tell_trained
from truceline.workflow.editions import (
    choose_edition,
    hold_back,
    refuse_forgetting,
    refuse_mixing,
    release,
)
from truceline.workflow.ingest import Ingested, first_tellings, ingest, was_monitored, with_copies
from truceline.workflow.lines import build_lines, compare_lines, read_land, tell_line
from truceline.workflow.measure import Gauge
from truceline.workflow.order_worth import weigh_orders
from truceline.workflow.patterns import find_patterns
from truceline.workflow.places import dispute_sentences
from truceline.workflow.reckoning import reckon
from truceline.workflow.run_log import RunLog, read_signing
from truceline.workflow.run_manifest import extend_manifest, manifest_lines, name_run
from truceline.workflow.tables import area_table, write_tables
from truceline.workflow.translate import telling, words_problems


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOutcome:
    """Where a run's results lie, and what it wants said."""

    out: Path
    results: Results
    report_html: Path
    report_pdf: Path | None
    findings: Path
    changed_files: tuple[Problem, ...]  #: inputs that differ from the previous run's
    words: tuple[Problem, ...] = ()  #: what of the case could not be told in the language asked for
    register_begun: Path | None = None  #: a register of releases that was not there before


def verify(
    case_folder: Path,
    *,
    data: Path | None,
    out: Path,
    seed: int | None = None,
    pdf: bool = True,
    language: str | None = None,
    edition: str | None = None,
    register: Path | None = None,
    log_key: Path | None = None,
    log_witnesses: Sequence[str] = (),
    log_quorum: int = 0,
    workers: int | None = None,
    progress: Progress = silent,
) -> VerifyOutcome:
    """Verify a case and write its report into ``out``, in ``language`` or else the case's own.

    ``edition`` is the case's own unless another is asked for. The public one keeps a ``register`` of
    what it told (default: beside ``out``), so that no day is ever told in two ways. ``log_key`` is the
    file with the secret key that signs the evidence log in ``out/log``; ``log_witnesses`` are public keys, or
    their files, of whom ``log_quorum`` are to cosign it. ``workers``: threads, by default as many as cores
    where there are many records; they decide nothing.

    Raises
    ------
    CaseError
        If the case is wrong; with every fault.
    OutputError
        If ``out`` cannot be written, or holds something that Truceline did not write.
    """
    case = open_case(case_folder)  # (1)
    signing = read_signing(log_key, witnesses=log_witnesses, quorum=log_quorum)
    if seed is not None:
        case = case.with_seed(seed)
    with telling(case, language) as (case, voice), OutputFolder(out) as folder:
        chosen = choose_edition(case, edition, out=out, register=register)
        ingested = ingest(case, data=data, progress=progress)  # (2)
        if chosen.withholds:
            ingested = hold_back(ingested, chosen.until)
        earlier = read_manifest(out)
        refuse_mixing(earlier, chosen)
        refuse_forgetting(earlier, chosen, named=register is not None)
        begins = chosen.withholds and not chosen.register.exists()
        lines = manifest_lines(case, ingested, chosen)  # (3)
        run_id = name_run(case, ingested, chosen)
        if not chosen.withholds:
            extend_manifest(folder, earlier, run_id, lines)
        results = compute(
            case, ingested, run_id=run_id, edition=chosen.name, workers=workers, progress=progress
        )  # (4) to (8)
        if chosen.withholds:
            results = release(results, case, chosen, shapes=case.shapes(), manifest_lines=lines)
            run_id = results.run_id
            extend_manifest(folder, earlier, run_id, lines)
        evidence = RunLog(folder, out=out, signing=signing, results=results, edition=chosen.name)
        said = mission_records(case.folder, case.truce) if chosen.name == "mission" else ()
        results = replace(results, logged=evidence.log_findings(lines, records=said))
        with ThreadPoolExecutor(max_workers=1) as pool:  # packing columns leaves Python free
            tables = pool.submit(write_tables, results, ingested, case, folder, edition=chosen)
            write_reports(
                results, folder, formats=("html", "json", *(["pdf"] if pdf else [])), progress=progress
            )  # (9)
            tables.result()
        evidence.log_release(folder)  # (10)
    return VerifyOutcome(
        out=out,
        results=results,
        report_html=out / "report.html",
        report_pdf=out / "report.pdf" if pdf else None,
        findings=out / "findings.json",
        changed_files=tuple(changed_files(earlier, run_id, ingested.files)),
        words=tuple(words_problems(case, voice)),
        register_begun=chosen.register if begins else None,
    )


def compute(
    case: Case,
    ingested: Ingested,
    *,
    run_id: str,
    edition: str | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Results:
    """Tables → results: pure, no file is read but the case's own coast and places."""
    steps = 6
    workers = workers or worker_count(ingested.observations.num_rows)
    progress("collapsing copies", 0, steps)
    drawn = begin(carried(partial(_draw, case, ingested)), workers=workers)  # geometry leaves Python free
    observations = first_tellings(case, ingested.observations)  # (4)
    sources = with_copies(ingested, observations)
    claims = collapse_claims(ingested.claims, theatre_id=case.file.theatre)
    progress("drawing the line", 1, steps)
    lines, land, line_report = drawn()  # (5)
    progress("fusing incidents", 2, steps)
    coverage = apply_declared(ingested.coverage, case.file.detection)
    shapes = case.shapes()
    incidents, learned = _incidents(
        case, observations, coverage, lines, line_report, shapes, workers=workers
    )  # (6)
    incident_set = IncidentSet.of(incidents, observations)
    progress("measuring series", 3, steps)
    gauge = Gauge(
        case=case,
        ingested=ingested,
        observations=observations,
        coverage=coverage,
        lines=lines,
        incidents=incident_set,
        shapes=shapes,
        learned=learned,
    )
    series = _series(case, ingested, gauge)  # (7)
    progress("judging", 4, steps)
    claim_rows = records(claims)
    findings = assemble_findings(_ground(case, ingested, gauge, claim_rows, lines))  # (8)
    progress("gathering", 5, steps)
    patterns = begin(carried(partial(find_patterns, case, gauge)), workers=workers)
    reckoned = begin(carried(partial(reckon, case, gauge, findings)), workers=workers)
    window = case.truce.span
    disagreements = compare_lines(case, lines, line_report, land=land)
    return Results(
        case_id=case.file.id,
        title=case.file.title,
        subtitle=case.file.subtitle,
        version=__version__,
        run_id=run_id,
        as_of=case.file.as_of,
        edition=f"{_(EDITIONS[edition or case.file.release.edition])}. {case.file.release.basis}",
        seed=case.file.seed,
        invented=case.file.invented,
        truce=case.truce,
        baseline=case.file.baseline.interval,
        area_names=case.area_names,
        findings=findings,
        series=series,
        claims=claims,
        claim_accounts=tuple(account_totals(claim_rows, window=window)),
        incidents=incidents,
        observations=observations,
        coverage=coverage,
        coverage_notes=describe_coverage(
            coverage,
            window=window,
            area_names=case.area_names,
            source_titles={source.source_id: source.title for source in ingested.sources},
        ),
        lines=lines,
        line_report=line_report,
        disagreements=disagreements,
        reckoning=reckoned(),
        patterns=patterns(),
        order_worth=weigh_orders(case, gauge, edition=edition or case.file.release.edition),
        sources=sources,
        quarantined=ingested.quarantined,
        summary=summarise(findings, case.truce, theatre_id=case.file.theatre, monitors=case.file.monitors, monitored=was_monitored(case, ingested.sources), incidents=incident_set),
        context=(*tell_parts(findings, case.truce, case.area_names, theatre_id=case.file.theatre), *tell_context(series, lines, disagreements), *copied(sources)),
        limits=(*case.file.limits, *([case.file.baseline.note] if case.file.baseline.note else []), *dispute_sentences(case), *tell_maps(case, lines, line_report), *tell_trained(case), *tell_fire(case)),
        places=tuple(Place(name=row["name"], longitude_deg=float(row["longitude"]), latitude_deg=float(row["latitude"])) for row in read_places(case)),
        land=land,
        land_credit=case.file.map.land_credit,
        region=(case.region.west_deg, case.region.south_deg, case.region.east_deg, case.region.north_deg),
        area_labels={area.id: (area.label[0], area.label[1]) for area in case.file.areas if area.label},
        theatre_id=case.file.theatre,
        language=spoken(),
        accepted=case.accepted,
    )  # fmt: skip


def _draw(
    case: Case, ingested: Ingested
) -> tuple[tuple[LineHistory, ...], BaseGeometry | None, LineReport | None]:
    """The line by every map, land, and what is told of the line."""
    lines, land = build_lines(case, ingested), read_land(case)
    return lines, land, tell_line(case, lines, land=land, drawn=ingested.drawn)


def _incidents(
    case: Case,
    observations: Table,
    coverage: Table,
    lines: tuple[LineHistory, ...],
    line_report: LineReport | None,
    shapes: dict[str, BaseGeometry],
    *,
    workers: int,
) -> tuple[Table, Callable[[], Learned]]:
    """Attributed incidents, and what was learned of the sensors."""
    forming = [entry for entry in case.file.sources if entry.forms_incidents]
    keep = pc.is_in(
        observations["source_id"], value_set=pa.array([entry.id for entry in forming], type=pa.string())
    )
    chosen = observations.filter(keep)
    hard = frozenset(entry.id for entry in forming if entry.grade == "hard")
    found: list[Callable[[], Learned]] = []
    incidents = associate(
        chosen,
        frame=case.frame,
        acts=tuple(act.id for act in case.truce.acts),
        coverage=coverage,
        areas=area_table(case),
        mechanism_sources=frozenset(entry.id for entry in forming if entry.mechanism),
        # whatever is declared of reports, they never teach where fire is to be expected
        hard_sources=hard,
        existence=case.file.existence,
        workers=workers,
        tell=lambda fusion: found.append(begin(partial(read_posterior, fusion), workers=workers)),
    )
    attributed = attribute(
        _placed(incidents, shapes),
        chosen,
        parties=case.truce.party_ids,
        line=lines[0] if lines else None,
        frame=case.frame,
        spread=_spread_of(lines, line_report),
        attributable_sources=hard,
        acts_across=case.file.fire.acts_across,
        model=case.file.fire.model,
    )
    return attributed, found[0] if found else nothing_learned


def _spread_of(lines: tuple[LineHistory, ...], report: LineReport | None) -> LineSpread | None:
    """What was measured of the uncertainty of the map that attribution uses: the first."""
    if not lines or report is None:
        return None
    known = (each.spread for each in report.maps if each.source_id == lines[0].source_id)
    return next(known, None)


def _placed(incidents: Table, shapes: dict[str, BaseGeometry]) -> Table:
    """Incidents with a point and no area get the smallest area of the case whose shape holds it."""
    known = sorted(shapes.items(), key=lambda pair: pair[1].area)
    if not known or not incidents.num_rows:
        return incidents
    longitude = incidents["longitude_deg"].to_numpy()
    latitude = incidents["latitude_deg"].to_numpy()
    code, names = codes(incidents["area_id"])
    named = np.array([bool(name) for name in names] + [False])[code]
    for name, outline in known:
        inside = ~named & contains_xy(outline, longitude, latitude)
        code[inside], named = len(names), named | inside
        names.append(name)
    position = incidents.schema.get_field_index("area_id")
    return incidents.set_column(position, incidents.schema.field(position), at_words(names, code))


def _series(case: Case, ingested: Ingested, gauge: Gauge) -> tuple[SeriesResult, ...]:
    read = {source.source_id for source in ingested.sources if source.state == "read"}
    results = []
    for spec in case.file.series:
        if spec.source in read:
            series, effect = gauge.series_over(spec, area_id=spec.area, period=case.truce.span)
            results.append(SeriesResult(series=series, effect=effect))
    return tuple(results)


def _ground(
    case: Case,
    ingested: Ingested,
    gauge: Gauge,
    claims: list[dict[str, object]],
    lines: tuple[LineHistory, ...],
) -> Ground:
    state = {source.source_id: source for source in ingested.sources}
    absent = [
        (state[spec.source].title, spec.act)
        for spec in case.file.series
        if state[spec.source].state != "read"
    ]
    return Ground(
        truce=case.truce,
        theatre_id=case.file.theatre,
        advance_acts=frozenset(case.file.advance_acts),
        monitors=case.file.monitors,
        claims=claims,
        lines=lines,
        incidents=gauge.incidents,
        measure=gauge.measure,
        bound_of=gauge.bound_of,
        foresee=gauge.foresee,
        watch_of=gauge.watch_of,
        absent=absent,
        trained_existence=case.file.existence == "trained",
        parts={area.id: case.with_parts(area.id) for area in case.file.areas},
    )
