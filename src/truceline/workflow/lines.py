"""The maps of a case: their histories, and what they tell of the line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow.compute as pc
from shapely.geometry.base import BaseGeometry

from truceline.base.errors import CaseError, InputError, Problem
from truceline.base.language import carried
from truceline.findings.results import SourceAccount
from truceline.line.build import build_holders
from truceline.line.compare import compare_maps
from truceline.line.history import Disagreement, LineHistory
from truceline.line.report import LineReport, describe_line
from truceline.line.sectors import Sectors, sectors_from_geojson
from truceline.line.side import snapshot_at
from truceline.sources.layers import read_lines
from truceline.sources.source import InputFile
from truceline.workflow.case import Case, read_shape
from truceline.workflow.ingest import Ingested


def build_lines(case: Case, ingested: Ingested) -> tuple[LineHistory, ...]:
    """The history of every map, in the order of the case's sources."""

    def build(source: SourceAccount) -> LineHistory | None:
        own = ingested.control.filter(pc.equal(ingested.control["source_id"], source.source_id))
        if not own.num_rows:
            return None
        return build_holders(
            own,
            source_id=source.source_id,
            title=source.title,
            # a map of several holders is looked at from the side of the first party of the terms
            party_ids=case.truce.party_ids,
            window=case.truce.span,
            frame=case.frame,
            tolerances_m=case.file.map.tolerance_m,
        )

    with ThreadPoolExecutor(max_workers=2) as pool:  # geometry leaves Python free
        return tuple(history for history in pool.map(carried(build), ingested.sources) if history is not None)


def tell_line(
    case: Case,
    lines: tuple[LineHistory, ...],
    *,
    land: BaseGeometry | None,
    drawn: Mapping[str, BaseGeometry],
) -> LineReport | None:
    """The line as it stood when the truce began, by every map; None where there is no map.

    drawn : source id of a map that draws the line itself → its lines (``Ingested.drawn``).

    Raises
    ------
    CaseError
        If the case's frontiers or sectors cannot be read.
    """
    if not lines:
        return None
    return describe_line(
        lines,
        at=case.truce.span.start,
        frame=case.frame,
        tolerances_m=case.file.map.tolerance_m,
        land=land,
        borders=read_borders(case),
        theatre=case.theatre_shape,
        drawn=drawn,
        sectors=read_sectors(case),
        sector_km=case.file.map.sector_km,
    )


def compare_lines(
    case: Case, lines: tuple[LineHistory, ...], report: LineReport | None, *, land: BaseGeometry | None
) -> tuple[Disagreement, ...]:
    """The first map against each other one, as both stood at the window's start.

    Ground is compared everywhere, the line only where both draw contact: coasts that two maps share
    would make them look closer than they are.
    """
    offsets = {} if report is None else {one.other_source_id: one for one in report.comparisons}
    found = []
    for other in lines[1:]:
        first = snapshot_at(lines[0], case.truce.span.start)
        second = snapshot_at(other, case.truce.span.start)
        if first is None or second is None:
            continue
        compared = compare_maps(
            first,
            second,
            source_ids=(lines[0].source_id, other.source_id),
            frame=case.frame,
            region=case.region_box,
            exclude_near=None if land is None else land.boundary,
        )
        contact = offsets.get(other.source_id)
        if contact is not None and contact.first_to_second.compared_km > 0:
            compared = replace(
                compared,
                median_offset_m=contact.first_to_second.median_m,
                p95_offset_m=contact.hausdorff95_m,
            )
        found.append(compared)
    return tuple(found)


def read_land(case: Case) -> BaseGeometry | None:
    """The coast of the case; None where it has none."""
    name = case.file.map.land
    return None if name is None else read_shape(case.folder / name, label=f"case:{name}")


def read_borders(case: Case) -> BaseGeometry | None:
    """Frontiers with third states, as lines; None where the case has none.

    Raises
    ------
    CaseError
        If the file is absent, cannot be read, or holds no line.
    """
    name = case.file.map.borders
    if name is None:
        return None
    try:
        lines = read_lines(InputFile(case.folder / name, label=f"case:{name}"))
    except InputError as error:
        raise CaseError(error.problems) from error
    if lines.is_empty:
        raise CaseError(Problem(code="geometry_invalid", message="the file holds no line", file=f"case:{name}", expected="LineString or MultiLineString"))  # fmt: skip
    return lines


def read_sectors(case: Case) -> Sectors | None:
    """The sectors that the case keeps; None where they are to be laid.

    Raises
    ------
    CaseError
        If the file is absent, or not as ``sectors_to_geojson`` writes it.
    """
    name = case.file.map.sectors
    if name is None:
        return None
    try:
        return sectors_from_geojson(json.loads((case.folder / name).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise CaseError(
            Problem(code="file_format", message=f"these are no sectors ({error})", file=f"case:{name}", expected="a file that a result wrote (tables/sectors.geojson)", next_step="Copy it from a result, or take `map.sectors` out")
        ) from error  # fmt: skip
