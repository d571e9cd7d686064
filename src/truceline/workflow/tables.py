"""The tables of a result: every one as Parquet, and the rows that were put aside, with their reasons."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from truceline.base.canonical import canonical_json
from truceline.findings.results import Results
from truceline.line.report import LineReport
from truceline.line.sectors import sectors_to_geojson, tabulate_sectors
from truceline.schema import AREAS
from truceline.schema.table import Table
from truceline.workflow.case import Case
from truceline.workflow.desk_files import MISSION
from truceline.workflow.desk_tables import desk_tables
from truceline.workflow.editions import Edition
from truceline.workflow.ingest import Ingested


def write_tables(results: Results, ingested: Ingested, case: Case, folder: Path, *, edition: Edition) -> None:
    """Write the tables that may stand in the edition.

    A map whose shapes may not be published stays out of every public edition. The public edition
    has no rows of the mission's own sources, and no rows that were put aside.
    """
    tables = folder / "tables"
    tables.mkdir()
    for name in ("observations", "coverage", "claims", "incidents"):
        _write(getattr(results, name), tables / f"{name}.parquet")
    own = edition.own_sources if edition.withholds else frozenset()
    unpublished = {entry.id for entry in case.file.sources if not entry.publish_shapes}
    kept_back = own | (frozenset() if edition.name == "mission" else unpublished)
    _write(_without(ingested.counts, own), tables / "counts.parquet")
    _write(_without(ingested.control, kept_back), tables / "control.parquet")
    _write(area_table(case), tables / "areas.parquet")
    if results.line_report is not None:
        _write_line(results.line_report, tables, kept_back=kept_back)
    if edition.name == MISSION:
        for name, table in desk_tables(case).items():
            _write(table, tables / f"{name}.parquet")
    if not edition.withholds:
        (folder / "quarantine.jsonl").write_text(_put_aside(ingested), encoding="utf-8")


def _write_line(report: LineReport, tables: Path, *, kept_back: frozenset[str]) -> None:
    """What changed hands, step by step, and the sectors, so that a case may keep them."""
    _write(_without(report.ledger, kept_back), tables / "ledger.parquet")
    if report.sectors is not None:
        _write(tabulate_sectors(report.sectors), tables / "sectors.parquet")
        text = json.dumps(sectors_to_geojson(report.sectors), separators=(",", ":"))
        (tables / "sectors.geojson").write_text(text + "\n", encoding="utf-8")


def area_table(case: Case) -> Table:
    """The areas of the case, with the shapes they have."""
    shapes = case.shapes()
    return AREAS.check(
        AREAS.from_records(
            [
                {
                    "area_id": area.id,
                    "name": area.name,
                    "other_names": area.other_names,
                    "kind": area.kind,
                    "parent_area_id": area.parent,
                    "geometry": shapes[area.id].wkb if area.id in shapes else None,
                    "label_longitude_deg": area.label[0] if area.label else None,
                    "label_latitude_deg": area.label[1] if area.label else None,
                    "disputed": area.disputed,
                }
                for area in case.file.areas
            ]
        )
    )


def _write(table: Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


def _without(table: Table, source_ids: frozenset[str]) -> Table:
    if not source_ids:
        return table
    names = pa.array(sorted(source_ids), type=pa.string())
    return table.filter(pc.invert(pc.is_in(table["source_id"], value_set=names)))


def _put_aside(ingested: Ingested) -> str:
    lines = [
        canonical_json(
            {
                "row": content,
                "problems": [
                    {"code": problem.code, "file": problem.file, "row": problem.row, "column": problem.column, "message": problem.message, "got": problem.got, "expected": problem.expected, "next_step": problem.next_step}
                    for problem in problems
                ],
            }
        )
        for problems, content in ingested.quarantined_rows
    ]  # fmt: skip
    return "".join(line + "\n" for line in lines)
