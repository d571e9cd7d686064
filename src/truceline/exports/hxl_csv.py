"""CSV with a row of HXL hashtags under the header, and beside each file its description (CSVW).

Tags and attributes are those of the HXL hashtag dictionary 1.1 (hxlstandard.org, 2018); what it has no
word for is an extension tag ``#x_…``. A list in a cell is parted by ``|`` (attribute ``+list``).
What a spreadsheet would take for a formula has an apostrophe before it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from truceline.exports.about import about, attribution_lines
from truceline.exports.export import EXPORTS, Export
from truceline.exports.fragments import LIST_MARK, plain, safe, whole
from truceline.exports.record_sheets import claim_sheet, count_sheet
from truceline.exports.result import Result
from truceline.exports.sheets import Sheet, finding_sheet, incident_sheet
from truceline.schema import Table
from truceline.schema.table import NUMBER, TEXT, WHOLE, YES_NO

SHEETS = ("findings", "incidents", "counts", "claims")
PIECE = 200_000  #: rows that are text at one time

#: column → hashtag; a column without one is left untagged, as HXL allows
TAGS: dict[str, str] = {
    "finding_id": "#meta+id+finding",
    "incident_id": "#event+id",
    "count_id": "#meta+id+count",
    "claim_id": "#meta+id+claim",
    "obligation_id": "#x_obligation+id",
    "party_id": "#org+code+party",
    "party_name": "#org+name+party",
    "area_id": "#loc+code",
    "area_name": "#loc+name",
    "place_name": "#loc+name",
    "period_start": "#date+start",
    "period_stop": "#date+end",
    "window_start": "#date+start",
    "window_stop": "#date+end",
    "occurred_from": "#date+occurred+start",
    "occurred_until": "#date+occurred+end",
    "published": "#date+reported+text",
    "longitude_deg": "#geo+lon",
    "latitude_deg": "#geo+lat",
    "position_sd_m": "#geo+precision+m",
    "act": "#event+type+code",
    "act_name": "#event+type",
    "occurrence": "#status+occurrence",
    "responsibility": "#status+responsibility",
    "judgement": "#status+judgement",
    "headline": "#description",
    "existence_p": "#indicator+prob+num",
    "existence_words": "#indicator+prob+text",
    "effect_ratio": "#indicator+ratio+num",
    "effect_ratio_lo95": "#indicator+ratio+num+lo95",
    "effect_ratio_hi95": "#indicator+ratio+num+hi95",
    "e_value": "#indicator+evidence+num",
    "bound_history_hi95": "#indicator+bound+num+history",
    "bound_worst_hi95": "#indicator+bound+num+worst",
    "bound_evader_hi95": "#indicator+bound+num+evader",
    "bound_words": "#indicator+bound+text",
    "likelihood_ratio": "#indicator+likelihood_ratio+num",
    "line_distance_m": "#indicator+line_distance_m+num",
    "n_primary_sources": "#indicator+primary_sources+num",
    "attributed_party_id": "#org+code+attributed",
    "accused_party_id": "#org+code+accused",
    "speaker_party_id": "#org+code+speaker",
    "speaker": "#org+name+speaker",
    "party_p": "#x_party_probability+list",
    "value": "#value+num",
    "relation": "#x_relation",
    "unit": "#x_unit",
    "series": "#indicator+code",
    "measure": "#indicator+name",
    "direction": "#x_direction",
    "kind": "#x_claim+type",
    "parts_sum": "#value+num+parts",
    "check": "#status+sum",
    "reason_codes": "#meta+reason+list",
    "source_id": "#meta+source+id",
    "source_ids": "#meta+source+id+list",
    "observation_ids": "#meta+observation+id+list",
    "outlet": "#meta+source+name",
    "url": "#meta+url",
    "note": "#description+note",
    "raw_file": "#meta+file",
    "raw_row": "#meta+row",
    "raw_digest": "#meta+sha256",
    "case_id": "#meta+case",
    "run_id": "#meta+run",
    "edition": "#meta+edition",
    "as_of": "#date+asof",
}
#: columns after those of the sheet, so that a file that lost its description still says what it is
CLOSING = ("case_id", "run_id", "as_of", "edition")


@EXPORTS.add
class HxlCsv(Export):
    """Spreadsheets, R, Stata, the tools of humanitarians."""

    name = "csv"
    version = "1"
    title = "CSV with HXL hashtags in its second row: spreadsheets, R, humanitarian tools"

    def files(self) -> list[str]:
        """A file for each sheet, and its description."""
        return [f"csv/{name}.{suffix}" for name in SHEETS for suffix in ("csv", "csv-metadata.json")]

    def write(self, result: Result, folder: Path) -> None:
        """Write the sheets."""
        (folder / "csv").mkdir()
        for make in (finding_sheet, incident_sheet, count_sheet, claim_sheet):
            sheet = make(result)
            write_sheet(sheet, folder / "csv" / f"{sheet.name}.csv", result=result)
            description = json.dumps(describe(sheet, result), indent=1, ensure_ascii=False) + "\n"
            path = folder / "csv" / f"{sheet.name}.csv-metadata.json"
            path.write_text(description, encoding="utf-8", newline="\n")


def write_sheet(sheet: Sheet, path: Path, *, result: Result) -> None:
    """Header, hashtags, rows; UTF-8, lines end with a line feed."""
    facts = about(result)
    names = [*sheet.table.schema.names, *CLOSING]
    options = pa_csv.WriteOptions(include_header=False, quoting_style="needed")
    with path.open("wb") as file:
        file.write((",".join(names) + "\n").encode())
        file.write((",".join(TAGS.get(name, "") for name in names) + "\n").encode())
        for table, _ in sheet.slices(PIECE):
            columns = [_cells(whole(table[name])) for name in table.schema.names]
            columns += [safe(pa.array([facts[name]] * table.num_rows, type=TEXT)) for name in CLOSING]
            if table.num_rows:
                pa_csv.write_csv(pa.table(columns, names=names), file, options)


def describe(sheet: Sheet, result: Result) -> dict[str, Any]:
    """The file's description: *Metadata Vocabulary for Tabular Data* (W3C, 2015)."""
    facts = about(result)
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": f"{sheet.name}.csv",
        "dc:title": f"{result.title}: {sheet.name}",
        "dc:description": sheet.meaning,
        "dc:identifier": result.run_id,
        "dc:date": facts["as_of"],
        "dc:license": facts["licence"],
        "dc:rights": attribution_lines(result),
        "rdfs:comment": [f"{name}: {value}" for name, value in facts.items()],
        "dialect": {"headerRowCount": 2, "encoding": "utf-8", "lineTerminators": ["\n"]},
        "tableSchema": {
            "primaryKey": sheet.key,
            "columns": [
                {
                    "name": name,
                    "titles": name,
                    "dc:description": sheet.meanings.get(name, ""),
                    "datatype": _datatype(sheet.table, name),
                    **({"separator": LIST_MARK} if _is_list(sheet.table, name) else {}),
                }
                for name in sheet.table.schema.names
            ]
            + [{"name": name, "titles": name, "datatype": "string"} for name in CLOSING],
        },
    }


def _cells(values: pa.Array) -> pa.Array:
    # numbers keep their minus; whatever is text must not become a formula
    return values if values.type in (NUMBER, WHOLE, YES_NO) else safe(plain(values))


def _is_list(table: Table, name: str) -> bool:
    kind = table.schema.field(name).type
    return bool(pa.types.is_list(kind) or pa.types.is_map(kind))


def _datatype(table: Table, name: str) -> str:
    kind = table.schema.field(name).type
    if pa.types.is_timestamp(kind):
        return "dateTime"
    return {NUMBER: "number", WHOLE: "integer", YES_NO: "boolean"}.get(kind, "string")
