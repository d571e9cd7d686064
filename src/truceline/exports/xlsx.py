"""Excel workbook (ECMA-376) for people: sheets About, Findings, Series, Incidents, Claims, Sources.

Text is always text: nothing that a cell holds becomes a formula or a link. The document's date is the
as-of date. A spreadsheet knows no zones: times are UTC, as the header says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import xlsxwriter

from truceline.exports.about import about, attribution_lines, caution
from truceline.exports.export import EXPORTS, Export, refuse_beyond
from truceline.exports.fragments import plain, whole
from truceline.exports.record_sheets import claim_sheet, series_sheet, source_sheet
from truceline.exports.result import Result
from truceline.exports.sheets import Sheet, finding_sheet, incident_sheet

FILE = "result.xlsx"
MOST = 100_000  #: spreadsheets become slow beyond; their own limit is 1,048,576 rows
LONGEST = 32_767  #: characters of a cell
CUT = " … [cut: the whole text stands in the export csv]"
WIDTHS = {"headline": 60, "title": 40, "citation": 50, "cost_of_absence": 50, "caveat": 40, "licence": 30}


@EXPORTS.add
class Xlsx(Export):
    """People."""

    name = "xlsx"
    version = "1"
    title = "Excel workbook, with filters and a sheet of licences: people"

    def files(self) -> list[str]:
        """One file."""
        return [FILE]

    def write(self, result: Result, folder: Path) -> None:
        """Write the workbook."""
        makers = (finding_sheet, series_sheet, incident_sheet, claim_sheet, source_sheet)
        sheets = [make(result) for make in makers]
        for sheet in sheets:
            refuse_beyond(MOST, got=sheet.table.num_rows, what=sheet.name, format_name="xlsx", instead="csv")
        book = xlsxwriter.Workbook(str(folder / FILE), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True})  # fmt: skip
        facts = about(result)
        book.set_properties(
            {
                "title": caution(result) + result.title,
                "subject": f"{result.case_id}, {result.run_id}, as of {facts['as_of']}",
                "author": facts["software"],
                "category": result.edition,
                "comments": facts["licence"][:LONGEST],
                "created": result.as_of.replace(tzinfo=None),
            }
        )
        for name, value in facts.items():
            book.set_custom_property(f"truceline_{name}", value[:255], "text")
        formats = {
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"}),
            "text": book.add_format({"num_format": "@"}),
        }
        _about_sheet(book.add_worksheet("About"), result, formats)
        for sheet in sheets:
            _data_sheet(book.add_worksheet(sheet.name.capitalize()), sheet, formats)
        book.close()


def _about_sheet(page: Any, result: Result, formats: dict[str, Any]) -> None:
    rows = [*about(result).items(), *(("attribution", line) for line in attribution_lines(result))]
    summary = [("summary", sentence) for sentence in result.document["summary"]]
    limits = [("limit", sentence) for sentence in result.document["limits"]]
    page.write_string(0, 0, "What", formats["head"])
    page.write_string(0, 1, "Says", formats["head"])
    for number, (name, value) in enumerate([*rows, *summary, *limits], start=1):
        page.write_string(number, 0, name, formats["text"])
        page.write_string(number, 1, fitted(value), formats["text"])
    page.set_column(0, 0, 16)
    page.set_column(1, 1, 110)
    page.freeze_panes(1, 0)


def _data_sheet(page: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    names = sheet.table.schema.names
    for column, name in enumerate(names):
        kind = sheet.table.schema.field(name).type
        is_time = pa.types.is_timestamp(kind)
        page.write_string(0, column, f"{name} (UTC)" if is_time else name, formats["head"])
        meaning = sheet.meanings.get(name)
        if meaning:
            page.write_comment(0, column, meaning, {"author": "Truceline", "x_scale": 2})
        page.set_column(column, column, WIDTHS.get(name, 19 if is_time else max(10, min(len(name) + 2, 24))))
        values = whole(sheet.table[name])
        if is_time:
            _times(page, column, values.cast(pa.timestamp("us")).to_pylist(), formats["time"])
        elif pa.types.is_floating(kind) or pa.types.is_integer(kind):
            _numbers(page, column, values.to_pylist())
        elif pa.types.is_boolean(kind):
            _booleans(page, column, values.to_pylist())
        else:
            _texts(page, column, plain(values).to_pylist(), formats["text"])
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, max(sheet.table.num_rows, 1), len(names) - 1)


def _times(page: Any, column: int, values: Sequence[Any], form: Any) -> None:
    for row, value in enumerate(values, start=1):
        if value is not None and value.year >= 1900:
            page.write_datetime(row, column, value, form)
        elif value is not None:  # a spreadsheet's days begin in 1900
            page.write_string(row, column, value.isoformat() + "Z")


def _numbers(page: Any, column: int, values: Sequence[Any]) -> None:
    for row, value in enumerate(values, start=1):
        if value is not None:
            page.write_number(row, column, value)


def _booleans(page: Any, column: int, values: Sequence[Any]) -> None:
    for row, value in enumerate(values, start=1):
        if value is not None:
            page.write_boolean(row, column, value)


def _texts(page: Any, column: int, values: Sequence[str | None], form: Any) -> None:
    for row, value in enumerate(values, start=1):
        if value:
            page.write_string(row, column, fitted(value), form)


def fitted(text: str) -> str:
    """Text as long as a cell can hold, and saying so where it was cut."""
    return text if len(text) <= LONGEST else text[: LONGEST - len(CUT)] + CUT
