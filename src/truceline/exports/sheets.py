"""The sheets of a result: one table each, the same in every format, some with a shape per row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from truceline.base.intervals import parse_time
from truceline.base.words import PROBABILITY_BANDS
from truceline.exports.about import about, attribution_lines
from truceline.exports.fragments import Array, point_wkb, whole
from truceline.exports.result import Record, Result
from truceline.schema import CLAIMS, CONTROL, COUNTS, FINDINGS, INCIDENTS, OBSERVATIONS, Column, Table
from truceline.schema.table import NUMBER, TEXT, TIME, WHOLE, YES_NO

#: what stands in place of words for a probability where there is no basis for one
NO_BASIS = "no basis"
NO_BOUND = "no_bound"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A table to be exported; ``shapes`` holds WKB (WGS 84, longitude first), null where there is none."""

    name: str
    meaning: str
    key: str
    table: Table
    shapes: Array | None = None
    shape_kind: str = ""  #: ``Point`` or ``MultiPolygon``
    times: tuple[str, str] | None = None  #: columns with start and stop, for viewers that play time
    meanings: dict[str, str] = field(default_factory=dict)

    @cached_property
    def rows(self) -> list[Record]:
        """Rows as mappings, mappings as dicts; for formats that are written row by row."""
        maps = [item.name for item in self.table.schema if pa.types.is_map(item.type)]
        found: list[Record] = self.table.to_pylist()
        for row in found:
            for name in maps:
                row[name] = None if row[name] is None else dict(row[name])
        return found

    def only(self, keys: Sequence[str]) -> Sheet:
        """The rows with these keys, without shapes."""
        wanted = pc.is_in(self.table[self.key], value_set=pa.array(keys, type=TEXT))
        return Sheet(name=self.name, meaning=self.meaning, key=self.key, table=self.table.filter(wanted))

    def slices(self, size: int) -> Iterator[tuple[Table, Array | None]]:
        """The sheet in pieces of at most ``size`` rows, each with its shapes."""
        for start in range(0, max(self.table.num_rows, 1), size):
            yield (
                self.table.slice(start, size),
                None if self.shapes is None else self.shapes.slice(start, size),
            )


def incident_sheet(result: Result) -> Sheet:
    """Incidents as points; one without a place has no shape."""
    table = result.table("incidents").select([column.name for column in INCIDENTS.columns])
    words = existence_words(whole(table["existence_p"]))
    after = table.schema.get_field_index("existence_p") + 1
    table = table.add_column(after, pa.field("existence_words", TEXT), words)
    return Sheet(
        name="incidents",
        meaning=INCIDENTS.meaning,
        key="incident_id",
        table=table,
        shapes=point_wkb(whole(table["longitude_deg"]), whole(table["latitude_deg"])),
        shape_kind="Point",
        times=("occurred_from", "occurred_until"),
        meanings=_meanings(
            INCIDENTS.columns, existence_words=f"the probability in words; {NO_BASIS}: none can be given"
        ),
    )


def observation_sheet(result: Result) -> Sheet:
    """Observations that have a place, as points."""
    table = result.table("observations").select([column.name for column in OBSERVATIONS.columns])
    table = table.filter(pc.and_(pc.is_valid(table["longitude_deg"]), pc.is_valid(table["latitude_deg"])))
    return Sheet(
        name="observations",
        meaning="Records of single sources that have a place.",
        key="observation_id",
        table=table,
        shapes=point_wkb(whole(table["longitude_deg"]), whole(table["latitude_deg"])),
        shape_kind="Point",
        times=("occurred_from", "occurred_until"),
        meanings=_meanings(OBSERVATIONS.columns),
    )


def finding_sheet(result: Result) -> Sheet:
    """Findings with the shape of their area, where the area has one."""
    parties, areas = result.party_names, result.area_names
    obligations = {item["obligation_id"]: item for item in result.document["obligations"]}
    rows = [
        {
            **{column.name: finding[column.name] for column in FINDINGS.columns},
            "period_start": parse_time(finding["period_start"]),
            "period_stop": parse_time(finding["period_stop"]),
            "party_name": parties.get(finding["party_id"]),
            "area_name": areas.get(finding["area_id"]),
            "act": obligations[finding["obligation_id"]]["act"],
            "act_name": obligations[finding["obligation_id"]]["act_name"],
            "headline": finding["details"]["headline"],
            "bound_words": bound_words(finding),
        }
        for finding in result.findings
    ]
    more = (
        Column(name="party_name", type=TEXT, meaning="name of the party"),
        Column(name="area_name", type=TEXT, meaning="name of the area"),
        Column(name="act", type=TEXT, meaning="act that the obligation is about"),
        Column(name="act_name", type=TEXT, meaning="name of the act"),
        Column(name="headline", type=TEXT, meaning="the finding in one plain sentence"),
        Column(name="bound_words", type=TEXT, meaning=f"what can be said of acts unseen; {NO_BOUND}: nothing"),
    )  # fmt: skip
    columns = (*FINDINGS.columns, *more)
    shapes = {area.area_id: area.shape for area in result.areas}
    return Sheet(
        name="findings",
        meaning=FINDINGS.meaning,
        key="finding_id",
        table=_table(columns, rows),
        shapes=_wkb([shapes.get(row["area_id"]) for row in rows]),
        shape_kind="MultiPolygon",
        times=("period_start", "period_stop"),
        meanings=_meanings(columns),
    )


def area_sheet(result: Result) -> Sheet:
    """Areas that findings name; a name alone has no shape."""
    columns = (
        Column(name="area_id", type=TEXT, meaning="id within the case"),
        Column(name="name", type=TEXT, meaning="name for people"),
        Column(name="kind", type=TEXT, meaning="theatre, region, direction, sector …"),
        Column(name="parent_area_id", type=TEXT, meaning="the area it lies in"),
        Column(name="disputed", type=YES_NO, meaning="whether its belonging is disputed; never resolved by the software; empty: not said"),
        Column(name="label_longitude_deg", type=NUMBER, meaning="where to write its name"),
        Column(name="label_latitude_deg", type=NUMBER, meaning="where to write its name"),
    )  # fmt: skip
    rows = [
        {
            "area_id": area.area_id,
            "name": area.name,
            "kind": area.kind,
            "parent_area_id": area.parent_area_id,
            "disputed": area.disputed,
            "label_longitude_deg": area.label[0] if area.label else None,
            "label_latitude_deg": area.label[1] if area.label else None,
        }
        for area in result.areas
    ]
    return Sheet(
        name="areas",
        meaning="Areas that findings name. A region may be a name without a shape.",
        key="area_id",
        table=_table(columns, rows),
        shapes=_wkb([area.shape for area in result.areas]),
        shape_kind="MultiPolygon",
        meanings=_meanings(columns),
    )


def control_sheet(result: Result) -> Sheet:
    """What each map that may be published showed at the window's start and at its stop."""
    window = result.window
    source_titles = {item.source_id: item.title for item in result.attributions}
    table = result.table("control")
    kept = [name for name in dict.fromkeys(table["source_id"].to_pylist()) if result.may_show(name)]
    table = table.filter(pc.is_in(table["source_id"], value_set=pa.array(kept, type=TEXT)))
    rows: list[Record] = []
    for name, moment, until in (("start", window.start, window.stop), ("stop", window.stop, None)):
        for row in _shown_at(table, moment):
            rows.append(
                {
                    **row,
                    "shape_id": f"{row['control_id']}@{name}",
                    "source_title": source_titles.get(row["source_id"], row["source_id"]),
                    "holder_name": result.party_names.get(row["holder_party_id"]),
                    "shown_at": name,
                    "shown_from": moment,
                    "shown_until": until,
                }
            )
    columns = (
        Column(name="shape_id", type=TEXT, meaning="id of the polygon and the moment"),
        Column(name="shown_at", type=TEXT, meaning="start or stop of the window"),
        Column(name="shown_from", type=TIME, meaning="the moment"),
        Column(name="shown_until", type=TIME, meaning="until when it is shown; empty: on and on"),
        Column(name="source_title", type=TEXT, meaning="the map"),
        Column(name="holder_name", type=TEXT, meaning="name of the holder, by that map"),
        *(column for column in CONTROL.columns if column.name != "geometry"),
    )
    return Sheet(
        name="control",
        meaning="Who held what by whose map, at the window's start and stop. A map is a claim of its maker.",
        key="shape_id",
        table=_table(columns, rows),
        shapes=_wkb([shapely.from_wkb(row["geometry"]) for row in rows]),
        shape_kind="MultiPolygon",
        times=("shown_from", "shown_until"),
        meanings=_meanings(columns),
    )


def count_sheet(result: Result) -> Sheet:
    """Counts, as read."""
    table = result.table("counts").select([column.name for column in COUNTS.columns])
    return Sheet(
        name="counts",
        meaning=COUNTS.meaning,
        key="count_id",
        table=table,
        times=("window_start", "window_stop"),
        meanings=_meanings(COUNTS.columns),
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
        meanings=_meanings((*CLAIMS.columns, *more)),
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
    return Sheet(
        name="series",
        meaning="Regular series of counts, with what each says of the change.",
        key="series_id",
        table=_table(columns, rows),
        meanings=_meanings(columns),
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
    return Sheet(
        name="series_bins",
        meaning="Counts of the series, bin by bin. A bin without a record is empty, not zero.",
        key="bin_id",
        table=_table(columns, rows),
        times=("bin_start", "bin_stop"),
        meanings=_meanings(columns),
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
    return Sheet(
        name="sources",
        meaning="Every source of the case, read or absent.",
        key="source_id",
        table=_table(columns, rows),
        meanings=_meanings(columns),
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
    return Sheet(
        name="metadata",
        meaning="Case, version, run, edition, licence.",
        key="name",
        table=_table(columns, rows),
        meanings=_meanings(columns),
    )


def layer_sheets(result: Result) -> list[Sheet]:
    """Sheets with shapes, in the order in which a map is drawn."""
    return [
        area_sheet(result),
        control_sheet(result),
        finding_sheet(result),
        observation_sheet(result),
        incident_sheet(result),
    ]


def existence_words(existence_p: Array) -> Array:
    """Words for each probability, from the fixed table; ``no basis`` where there is none."""
    upper = np.array([band[0] for band in PROBABILITY_BANDS])
    words = pa.array([band[1] for band in PROBABILITY_BANDS])
    values = pc.fill_null(existence_p, 0.0).to_numpy(zero_copy_only=False)
    found = words.take(pa.array(np.minimum(np.searchsorted(upper, values, side="left"), len(upper) - 1)))
    return pc.if_else(pc.is_valid(existence_p), found, NO_BASIS)


def bound_words(finding: Record) -> str:
    """What a finding says of acts unseen; ``no_bound`` where it can say nothing."""
    history, evader = finding["bound_history_hi95"], finding["bound_evader_hi95"]
    if history is None:
        return NO_BOUND
    words = f"at most {history:g} acts, with 95 % confidence"
    return words if evader is not None else f"{words}; for a violator who knows the coverage: {NO_BOUND}"


def _meanings(columns: Sequence[Column], **more: str) -> dict[str, str]:
    return {**{column.name: column.meaning for column in columns}, **more}


def _table(columns: Sequence[Column], rows: Sequence[Record]) -> Table:
    return pa.table(
        {
            column.name: pa.array([row.get(column.name) for row in rows], type=column.type)
            for column in columns
        }
    )


def _wkb(shapes: Sequence[Any]) -> Array:
    """Polygons as WKB MultiPolygons with outer rings anticlockwise; None stays null."""
    wkb = [
        None
        if shape is None or shape.is_empty
        else shapely.to_wkb(shapely.orient_polygons(_multi(shape)), byte_order=1)
        for shape in shapes
    ]
    return pa.array(wkb, type=pa.binary())


def _multi(shape: Any) -> Any:
    return shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape


def _shown_at(table: Table, moment: Any) -> list[Record]:
    """For each map and holder the rows of the latest map time at or before ``moment``."""
    early = table.filter(pc.less_equal(table["map_time"], pa.scalar(moment, TIME)))
    rows: list[Record] = early.drop_columns(["geometry"]).append_column(
        "position", pa.array(np.arange(early.num_rows))
    ).to_pylist()  # fmt: skip
    latest: dict[tuple[str, str], Any] = {}
    for row in rows:
        key = (row["source_id"], row["holder_party_id"])
        latest[key] = max(latest.get(key, row["map_time"]), row["map_time"])
    kept = [row for row in rows if row["map_time"] == latest[row["source_id"], row["holder_party_id"]]]
    return [{**row, "geometry": early["geometry"][row["position"]].as_py()} for row in kept]
