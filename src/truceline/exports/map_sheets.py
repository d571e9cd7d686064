"""Sheets of the map: areas, who held what by whose map, and the line between."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from truceline.exports.result import Record, Result
from truceline.exports.sheets import (
    Sheet,
    finding_sheet,
    incident_sheet,
    meanings_of,
    observation_sheet,
    shapes_of,
    table_of,
)
from truceline.line.build import build_history
from truceline.line.contact import changed_ground, trace_contact
from truceline.schema import CONTROL, Column, Table
from truceline.schema.table import NUMBER, TEXT, TIME, YES_NO

#: columns that every shape of a map begins with
_SHOWN = (
    Column(name="shown_at", type=TEXT, meaning="start or stop of the window"),
    Column(name="shown_from", type=TIME, meaning="the moment"),
    Column(name="shown_until", type=TIME, meaning="until when it is shown; empty: on and on"),
    Column(name="source_title", type=TEXT, meaning="the map"),
    Column(name="holder_name", type=TEXT, meaning="name of the holder, by that map"),
)


def layer_sheets(result: Result) -> list[Sheet]:
    """Sheets with shapes, in the order in which a map is drawn."""
    return [
        area_sheet(result),
        control_sheet(result),
        line_sheet(result),
        finding_sheet(result),
        observation_sheet(result),
        incident_sheet(result),
    ]


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
        table=table_of(columns, rows),
        shapes=shapes_of([area.shape for area in result.areas]),
        shape_kind="MultiPolygon",
        meanings=meanings_of(columns),
    )


def control_sheet(result: Result) -> Sheet:
    """What each map that may be published showed at the window's start and at its stop."""
    columns = (
        Column(name="shape_id", type=TEXT, meaning="id of the polygon and the moment"),
        *_SHOWN,
        *(column for column in CONTROL.columns if column.name != "geometry"),
    )
    rows = shown_polygons(result)
    return Sheet(
        name="control",
        meaning="Who held what by whose map, at the window's start and stop. A map is a claim of its maker.",
        key="shape_id",
        table=table_of(columns, rows),
        shapes=shapes_of([row["geometry"] for row in rows]),
        shape_kind="MultiPolygon",
        times=("shown_from", "shown_until"),
        meanings=meanings_of(columns),
    )


def line_sheet(result: Result) -> Sheet:
    """The boundary of what each map showed as held, in stretches: contact, coast, border or unknown.

    Made where the case gives its region; without its land a coast cannot be told from the line.
    """
    if "lines" not in result.made:
        result.made["lines"] = _trace_lines(result)
    sheet: Sheet = result.made["lines"]
    return sheet


def _trace_lines(result: Result) -> Sheet:
    columns = (
        Column(name="stretch_id", type=TEXT, meaning="map, holder, moment and number of the stretch"),
        *_SHOWN,
        Column(name="source_id", type=TEXT, meaning="the map: the case's source"),
        Column(name="holder_party_id", type=TEXT, meaning="party that the map says holds the ground beside it"),
        Column(name="map_time", type=TIME, meaning="when the map was dated"),
        Column(name="reason", type=TEXT, meaning="contact: the other side's ground lies beyond; coast; border; unknown: it cannot be told"),
        Column(name="told_by", type=TEXT, meaning="what the reasons were told apart by"),
        Column(name="length_km", type=NUMBER, meaning="along geodesics, at the map's own detail"),
    )  # fmt: skip
    rows: list[Record] = []
    held: dict[tuple[str, str, str], list[Record]] = {}
    moved: dict[tuple[str, str], Any] = {}
    for row in shown_polygons(result) if result.frame is not None else ():
        held.setdefault((row["source_id"], row["holder_party_id"], row["shown_at"]), []).append(row)
    for (source, holder, moment), parts in held.items():
        assert result.frame is not None
        ground = shapely.union_all([part["geometry"] for part in parts])
        if (source, holder) not in moved:
            moved[source, holder] = _moved(result, source, holder)
        contact = trace_contact(ground, frame=result.frame, land=result.land, changed=moved[source, holder])
        for number, stretch in enumerate(contact.stretches, start=1):
            rows.append(
                {
                    **parts[0],
                    "stretch_id": f"{source}/{holder}@{moment}/{number}",
                    "reason": stretch.reason,
                    "told_by": ", ".join(contact.told_by) or "nothing",
                    "length_km": round(stretch.length_km, 3),
                    "line": shapely.multilinestrings([stretch.line]),
                }
            )
    return Sheet(
        name="lines",
        meaning="Boundaries of what each map showed as held, in stretches: contact, coast, border or unknown.",
        key="stretch_id",
        table=table_of(columns, rows),
        shapes=pa.array([shapely.to_wkb(row["line"], byte_order=1) for row in rows], type=pa.binary()),
        shape_kind="MultiLineString",
        times=("shown_from", "shown_until"),
        meanings=meanings_of(columns),
    )


def _moved(result: Result, source_id: str, holder_party_id: str) -> Any:
    """Ground that changed hands on a map: where a line moved, it is no frontier."""
    assert result.frame is not None
    history = build_history(
        result.table("control"),
        source_id=source_id,
        title=source_id,
        window=result.window,
        frame=result.frame,
        tolerances_m=(),
        holder_party_id=holder_party_id,
    )
    return changed_ground([history])


def shown_polygons(result: Result) -> list[Record]:
    """Rows of each map that may be published, as it stood at the window's start and at its stop."""
    window = result.window
    source_titles = {item.source_id: item.title for item in result.attributions}
    table = result.table("control")
    kept = [name for name in dict.fromkeys(table["source_id"].to_pylist()) if result.may_show(name)]
    table = table.filter(pc.is_in(table["source_id"], value_set=pa.array(kept, type=TEXT)))
    moments: tuple[tuple[str, datetime, datetime | None], ...] = (
        ("start", window.start, window.stop),
        ("stop", window.stop, None),
    )
    return [
        {
            **row,
            "shape_id": f"{row['control_id']}@{name}",
            "source_title": source_titles.get(row["source_id"], row["source_id"]),
            "holder_name": result.party_names.get(row["holder_party_id"]),
            "shown_at": name,
            "shown_from": moment,
            "shown_until": until,
        }
        for name, moment, until in moments
        for row in _shown_at(table, moment)
    ]


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
    return [{**row, "geometry": shapely.from_wkb(early["geometry"][row["position"]].as_py())} for row in kept]
