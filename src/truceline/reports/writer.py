"""Reports to files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from truceline.base.progress import Progress, silent
from truceline.findings.results import Results

FORMATS: tuple[str, ...] = ("html", "pdf", "json")
FILE_NAMES: dict[str, str] = {"html": "report.html", "pdf": "report.pdf", "json": "findings.json"}


def write_reports(
    results: Results, folder: Path, *, formats: Sequence[str] = FORMATS, progress: Progress = silent
) -> list[Path]:
    """Write the reports asked for into ``folder``, which exists; return their paths in that order.

    Raises
    ------
    ValueError
        If a format is not one of ``FORMATS``.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise ValueError(f"no report format {unknown[0]!r}; there are {', '.join(FORMATS)}")
    written = []
    for position, name in enumerate(formats):
        progress("report", position, len(formats))
        path = folder / FILE_NAMES[name]
        path.write_bytes(_RENDERERS[name](results))
        written.append(path)
    progress("report", len(formats), len(formats))
    return written


# each renderer is loaded when it is used, so that asking for one format costs one format
def _html(results: Results) -> bytes:
    from truceline.reports.html import render_html

    return render_html(results).encode("utf-8")


def _pdf(results: Results) -> bytes:
    from truceline.reports.pdf import render_pdf

    return render_pdf(results)


def _json(results: Results) -> bytes:
    from truceline.reports.findings_json import render_findings

    return render_findings(results).encode("utf-8")


_RENDERERS: dict[str, Callable[[Results], bytes]] = {"html": _html, "pdf": _pdf, "json": _json}
