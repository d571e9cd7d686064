"""Say what a case's sources are, without computing anything."""

from __future__ import annotations

from pathlib import Path

from truceline.base.progress import Progress, silent
from truceline.findings.results import SourceAccount
from truceline.workflow.case import open_case
from truceline.workflow.ingest import ingest


def inspect_sources(
    case_folder: Path, *, data: Path | None, progress: Progress = silent
) -> tuple[SourceAccount, ...]:
    """Read every source of a case and account for it.

    Raises
    ------
    CaseError
        If the case is wrong.
    """
    return ingest(open_case(case_folder), data=data, progress=progress).sources
