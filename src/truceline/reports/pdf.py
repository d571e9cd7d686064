"""The report as PDF/A-2a and PDF/UA-1, set by typst; the same contents as the page."""

from __future__ import annotations

import json
import re
from datetime import datetime
from importlib.resources import files
from typing import Literal

import typst

from truceline.base.language import N_, _, language
from truceline.findings.results import Results
from truceline.reports import fonts
from truceline.reports.contents import build_contents
from truceline.reports.picture import map_svg

STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]


#: set over a paper that lacks glyphs; the page shows them by the reader's own typefaces
LACKING = N_(
    "Some characters of this report have no glyph in its typefaces and are printed as boxes; report.html shows them."
)


def render_pdf(results: Results) -> bytes:
    """The whole report as A4 pages. The same results give the same bytes.

    Where a text holds characters of no typeface at hand (emoji, say), the paper is set all the
    same, with boxes in their place and a line that says so; it is then not PDF/A and PDF/UA.

    Raises
    ------
    typst.TypstError
        If the document cannot be set.
    """
    try:
        content, _warnings = compile_report(results)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        content, _warnings = compile_report(results, lacking=_(LACKING))
    return content


#: where a language is written so, for the typesetter's quotes and breaks
REGIONS = {"en": "GB", "uk": "UA", "ru": None}


def _sentences(source: str) -> list[str]:
    """Every sentence that the typesetter's source asks for by ``tr("…")``."""
    return list(dict.fromkeys(re.findall(r'\btr\("((?:[^"\\]|\\.)*)"', source)))


def compile_report(results: Results, *, lacking: str = "") -> tuple[bytes, list[str]]:
    """The document, and what the typesetter warned of (a test allows nothing there)."""
    contents = build_contents(results)
    source = (files("truceline.reports") / "templates" / "report.typ").read_bytes()
    contents["words"] = {sentence: _(sentence) for sentence in _sentences(source.decode("utf-8"))}
    contents["lang"], contents["region"] = language(), REGIONS[language()]
    contents["map"]["svg"] = map_svg(results)
    contents["lacking"] = lacking
    as_of = datetime.fromisoformat(results.as_of)
    contents["date"] = {"year": as_of.year, "month": as_of.month, "day": as_of.day}
    content, warnings = typst.compile_with_warnings(
        source,
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[str(fonts.font_folder())]),
        ignore_system_fonts=True,
        sys_inputs={"contents": json.dumps(contents, ensure_ascii=False)},
        pdf_standards=[] if lacking else [*STANDARDS],
        format="pdf",
    )
    return content, [warning.message for warning in warnings]
