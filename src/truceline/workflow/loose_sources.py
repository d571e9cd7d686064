"""Maps read outside a case: by the same plug-ins, for a span and a box alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from truceline.base.errors import CaseError, Problem
from truceline.base.intervals import Interval
from truceline.schema.table import Record, records
from truceline.sources.source import SOURCES, ReadContext
from truceline.workflow.case_file import SourceEntry
from truceline.workflow.ingest import find_files


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMap:
    """The dated shapes of one map, in time order, one row a date."""

    rows: tuple[Record, ...]
    notes: tuple[str, ...]
    digests: tuple[tuple[str, str], ...]  #: label and SHA-256 of each file read


def read_map(
    entry: SourceEntry, *, span: Interval, parties: tuple[str, ...], folder: Path, data: Path | None
) -> ReadMap:
    """Read the dated polygons of a map with its plug-in.

    Raises
    ------
    CaseError
        If the plug-in or an option is unknown, or the map has no file or shows nothing in the span.
    InputError
        If nothing of a file can be used.
    """
    plugin = SOURCES.get(entry.adapter)
    if plugin is None:
        raise CaseError(Problem(code="adapter_unknown", message="no plug-in has this name", file=f"map {entry.id}", got=entry.adapter, expected=" | ".join(SOURCES.names())))  # fmt: skip
    try:
        source = plugin(plugin.Options.model_validate(entry.options))
    except ValidationError as error:
        raise CaseError(
            [Problem(code="case_field", message=f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}", file=f"map {entry.id}", got=str(fault["input"])[:80], next_step="`docs/sources.md` lists the options") for fault in error.errors()]
        ) from error  # fmt: skip
    files = find_files(entry, case_folder=folder, data=data)
    if not files:
        raise CaseError(Problem(code="source_absent", message=f"no file of map {entry.id!r} is there", file=f"{entry.root}:{entry.files[0]}", expected=" | ".join(entry.files), next_step="Give the folder that holds the data with --data"))  # fmt: skip
    tables = source.read(
        ReadContext(
            source_id=entry.id, files=tuple(files), span=span, window=span, parties=parties, acts=(), area_by_name={}
        )
    )  # fmt: skip
    rows = sorted(records(tables.control), key=lambda row: (row["map_time"], row["control_id"]))
    if not rows:
        raise CaseError([*tables.problems, Problem(code="source_outside_window", message=f"map {entry.id!r} shows nothing in the span", file=f"{entry.root}:{entry.files[0]}", expected=f"a map dated from {span.start.date()} to {span.stop.date()}")])  # fmt: skip
    return ReadMap(
        rows=tuple(rows),
        notes=(*tables.notes, *(problem.message for problem in tables.problems)),
        digests=tuple((file.label, str(file.digest)) for file in files),
    )
