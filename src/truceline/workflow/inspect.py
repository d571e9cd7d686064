"""Say what a case's sources are, without computing anything."""

from __future__ import annotations

from pathlib import Path

from truceline.base.progress import Progress, silent
from truceline.findings.results import SourceAccount
from truceline.workflow.case import open_case
from truceline.workflow.ingest import first_tellings, ingest, with_copies
from truceline.workflow.translate import telling


def inspect_sources(
    case_folder: Path, *, data: Path | None, language: str | None = None, progress: Progress = silent
) -> tuple[SourceAccount, ...]:
    """Read every source of a case and account for it.

    Raises
    ------
    CaseError
        If the case is wrong.
    """
    with telling(open_case(case_folder), language) as (case, _voice):
        ingested = ingest(case, data=data, progress=progress)
        return with_copies(ingested, first_tellings(case, ingested.observations))
