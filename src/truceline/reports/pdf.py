"""The report as PDF/A-2a and PDF/UA-1, set by typst; the same contents as the page."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.resources import files
from typing import Literal

import typst

from truceline.findings.results import Results
from truceline.reports import fonts
from truceline.reports.contents import build_contents
from truceline.reports.picture import map_svg

STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]


def render_pdf(results: Results) -> bytes:
    """The whole report as A4 pages. The same results give the same bytes.

    Raises
    ------
    typst.TypstError
        If the document cannot be set.
    """
    content, _ = compile_report(results)
    return content


def compile_report(results: Results) -> tuple[bytes, list[str]]:
    """The document, and what the typesetter warned of (a test allows nothing there)."""
    contents = build_contents(results)
    contents["map"]["svg"] = map_svg(results)
    as_of = datetime.fromisoformat(results.as_of)
    contents["date"] = {"year": as_of.year, "month": as_of.month, "day": as_of.day}
    content, warnings = typst.compile_with_warnings(
        (files("truceline.reports") / "templates" / "report.typ").read_bytes(),
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[str(fonts.font_folder())]),
        ignore_system_fonts=True,
        sys_inputs={"contents": json.dumps(contents, ensure_ascii=False)},
        pdf_standards=[*STANDARDS],
        format="pdf",
    )
    return content, [warning.message for warning in warnings]
