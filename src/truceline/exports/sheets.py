"""The sheets of a result: one table each, the same in every format, some with a shape per row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from truceline.base.intervals import parse_time
from truceline.base.words import PROBABILITY_BANDS
from truceline.exports.fragments import Array, point_wkb, whole
from truceline.exports.result import Record, Result
from truceline.schema import FINDINGS, INCIDENTS, OBSERVATIONS, Column, Table
from truceline.schema.table import TEXT

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


def sheet_of(
    columns: Sequence[Column],
    rows: Sequence[Record],
    *,
    name: str,
    meaning: str,
    key: str,
    times: tuple[str, str] | None = None,
) -> Sheet:
    """A sheet without shapes, of rows that were made here."""
    return Sheet(
        name=name,
        meaning=meaning,
        key=key,
        table=table_of(columns, rows),
        times=times,
        meanings=meanings_of(columns),
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
        meanings=meanings_of(
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
        meanings=meanings_of(OBSERVATIONS.columns),
    )


def finding_sheet(result: Result) -> Sheet:
    """Findings with the shape of their area, where the area has one."""
    areas = result.area_names
    obligations = {item["obligation_id"]: item for item in result.document["obligations"]}
    rows = [
        {
            **{column.name: finding[column.name] for column in FINDINGS.columns},
            "period_start": parse_time(finding["period_start"]),
            "period_stop": parse_time(finding["period_stop"]),
            "party_name": result.party_name(finding["party_id"]),
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
        table=table_of(columns, rows),
        shapes=shapes_of([shapes.get(row["area_id"]) for row in rows]),
        shape_kind="MultiPolygon",
        times=("period_start", "period_stop"),
        meanings=meanings_of(columns),
    )


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


def meanings_of(columns: Sequence[Column], **more: str) -> dict[str, str]:
    """What each column means."""
    return {**{column.name: column.meaning for column in columns}, **more}


def table_of(columns: Sequence[Column], rows: Sequence[Record]) -> Table:
    """A table from rows; what a row lacks is null."""
    return pa.table(
        {
            column.name: pa.array([row.get(column.name) for row in rows], type=column.type)
            for column in columns
        }
    )


def shapes_of(shapes: Sequence[Any]) -> Array:
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
