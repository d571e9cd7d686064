"""Sheets without shapes: counts, claims, series, sources, and what the result says of itself."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa

from truceline.base.intervals import parse_time
from truceline.exports.about import about, attribution_lines
from truceline.exports.result import Record, Result
from truceline.exports.sheets import Sheet, meanings_of, sheet_of
from truceline.schema import CLAIMS, COUNTS, Column
from truceline.schema.table import NUMBER, TEXT, TIME, WHOLE, YES_NO


def count_sheet(result: Result) -> Sheet:
    """Counts, as read."""
    table = result.table("counts").select([column.name for column in COUNTS.columns])
    return Sheet(
        name="counts",
        meaning=COUNTS.meaning,
        key="count_id",
        table=table,
        times=("window_start", "window_stop"),
        meanings=meanings_of(COUNTS.columns),
    )


def claim_sheet(result: Result) -> Sheet:
    """Claims, each with what the sum of its parts says."""
    table = result.table("claims").select([column.name for column in CLAIMS.columns])
    accounts = {account["claim_id"]: account for account in result.document["claims"]}
    found = [accounts.get(name, {}) for name in table["claim_id"].to_pylist()]
    more = (
        Column(name="parts_sum", type=NUMBER, meaning="sum of the parts claimed; empty: there are none, or one has no number"),
        Column(name="check", type=TEXT, meaning="sums, mismatch, cannot_check or no_parts"),
        Column(name="check_text", type=TEXT, meaning="the check in words"),
    )  # fmt: skip
    for column in more:
        values = [account.get(column.name) for account in found]
        table = table.append_column(pa.field(column.name, column.type), pa.array(values, type=column.type))
    return Sheet(
        name="claims",
        meaning=CLAIMS.meaning,
        key="claim_id",
        table=table,
        times=("window_start", "window_stop"),
        meanings=meanings_of((*CLAIMS.columns, *more)),
    )


_EFFECT_NUMBERS = ("observed", "expected", "expected_lo95", "expected_hi95", "ratio", "ratio_lo95", "ratio_hi95", "e_value")  # fmt: skip


def series_sheet(result: Result) -> Sheet:
    """Series, a row each, with what they say of the change."""
    columns = (
        Column(name="series_id", type=TEXT, meaning="id of the series"),
        Column(name="title", type=TEXT, meaning="what it is called"),
        Column(name="source_id", type=TEXT, meaning="the case's source that brought it"),
        Column(name="kind", type=TEXT, meaning="who counts"),
        Column(name="act", type=TEXT, meaning="act that it speaks to; empty: none alone"),
        Column(name="party_id", type=TEXT, meaning="whose acts; empty: it cannot say"),
        Column(name="area_id", type=TEXT, meaning="area counted"),
        Column(name="unit", type=TEXT, meaning="what one is"),
        Column(name="bin_h", type=NUMBER, meaning="length of a bin, hours"),
        Column(name="caveat", type=TEXT, meaning="what a reader must know"),
        Column(name="n_baseline", type=WHOLE, meaning="bins before the window; empty: context only"),
        Column(name="n_window", type=WHOLE, meaning="bins in the window"),
        Column(name="n_window_missing", type=WHOLE, meaning="bins of the window without a record"),
        *(Column(name=name, type=NUMBER, meaning=f"{name} of the window, as in findings.json; empty: none can be had") for name in _EFFECT_NUMBERS),
        Column(name="informative", type=YES_NO, meaning="whether a halving would have been reported with a probability of one half"),
    )  # fmt: skip
    rows = []
    for item in result.document["series"]:
        effect = item["effect"] or {}
        names = [column.name for column in columns]
        rows.append({name: item[name] if name in item and name != "expected" else effect.get(name) for name in names})  # fmt: skip
    return sheet_of(
        columns,
        rows,
        name="series",
        meaning="Regular series of counts, with what each says of the change.",
        key="series_id",
    )


def bin_sheet(result: Result) -> Sheet:
    """Bins of all series, a row each; a missing count is empty, never zero."""
    columns = (
        Column(name="bin_id", type=TEXT, meaning="series and start of the bin"),
        Column(name="series_id", type=TEXT, meaning="id of the series"),
        Column(name="bin_start", type=TIME, meaning="start of the bin"),
        Column(name="bin_stop", type=TIME, meaning="stop of the bin (half-open)"),
        Column(name="count", type=NUMBER, meaning="count; empty: missing, which is not zero"),
        Column(name="expected", type=NUMBER, meaning="count expected without a change; empty: no model"),
        Column(name="unit", type=TEXT, meaning="what one is"),
        Column(name="in_baseline", type=YES_NO, meaning="whether the bin is compared with"),
        Column(name="in_window", type=YES_NO, meaning="whether the bin is judged"),
    )
    rows: list[Record] = []
    for item in result.document["series"]:
        expected = item["expected"] or [None] * len(item["count"])
        for start, count, fitted, before, within in zip(
            item["bin_start"], item["count"], expected, item["in_baseline"], item["in_window"], strict=True
        ):
            moment = parse_time(start)
            rows.append(
                {
                    "bin_id": f"{item['series_id']}@{start}",
                    "series_id": item["series_id"],
                    "bin_start": moment,
                    "bin_stop": moment + timedelta(hours=item["bin_h"]),
                    "count": count,
                    "expected": fitted,
                    "unit": item["unit"],
                    "in_baseline": before,
                    "in_window": within,
                }
            )
    return sheet_of(
        columns,
        rows,
        name="series_bins",
        meaning="Counts of the series, bin by bin. A bin without a record is empty, not zero.",
        key="bin_id",
        times=("bin_start", "bin_stop"),
    )


def source_sheet(result: Result) -> Sheet:
    """Sources of the case, read or absent, with licence and rows."""
    columns = (
        Column(name="source_id", type=TEXT, meaning="id within the case"),
        Column(name="title", type=TEXT, meaning="what it is called"),
        Column(name="state", type=TEXT, meaning="read, absent or unusable"),
        Column(name="licence", type=TEXT, meaning="under which it may be used"),
        Column(name="citation", type=TEXT, meaning="whom to name"),
        Column(name="adapter", type=TEXT, meaning="what read it"),
        Column(name="adapter_version", type=TEXT, meaning="version of what read it"),
        Column(name="files", type=WHOLE, meaning="files read"),
        Column(name="rows_read", type=WHOLE, meaning="rows of these files"),
        Column(name="rows_used", type=WHOLE, meaning="rows that were used"),
        Column(name="rows_quarantined", type=WHOLE, meaning="rows put aside"),
        Column(name="cost_of_absence", type=TEXT, meaning="what certainty is lost without it"),
    )
    rows = [
        {
            **{name: source[name] for name in ("source_id", "title", "state", "licence", "citation")},
            **{name: source[name] for name in ("adapter", "adapter_version", "cost_of_absence")},
            "files": len(source["files"]),
            **{
                name: sum(file[name] for file in source["files"])
                for name in ("rows_read", "rows_used", "rows_quarantined")
            },
        }
        for source in result.document["sources"]
    ]
    return sheet_of(
        columns,
        rows,
        name="sources",
        meaning="Every source of the case, read or absent.",
        key="source_id",
    )


def metadata_sheet(result: Result) -> Sheet:
    """What the result says of itself, a row for each fact, and whom to name."""
    columns = (
        Column(name="name", type=TEXT, meaning="which fact"),
        Column(name="value", type=TEXT, meaning="the fact"),
    )
    facts = about(result)
    rows: list[Record] = [{"name": name, "value": value} for name, value in facts.items()]
    rows += [
        {"name": f"attribution_{number}", "value": line}
        for number, line in enumerate(attribution_lines(result), start=1)
    ]
    return sheet_of(
        columns,
        rows,
        name="metadata",
        meaning="Case, version, run, edition, licence.",
        key="name",
    )
