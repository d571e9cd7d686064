"""From a table of dated polygons to a map's history: its shapes, and what each changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pyarrow.compute as pc
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.line.history import Length, LineHistory, MapStatus, Snapshot
from truceline.line.lengths import measure_length
from truceline.line.shapes import ground_gained, ground_km2, polygonal
from truceline.line.side import snapshot_at
from truceline.schema.table import Record, Table


def build_history(
    control: Table,
    *,
    source_id: str,
    title: str,
    window: Interval,
    frame: LocalFrame,
    tolerances_m: Sequence[float],
    holder_party_id: str | None = None,
) -> LineHistory:
    """Shapes of one map and one holder, in time order, with areas, changes and staleness.

    1. Rows of ``source_id`` and of the holder are put in the order of ``map_time``; rows of one time
       are parts of one shape and are united.
    2. ``status`` of the table says what is a repeat (``shapes.tell_repeats`` told it by ground when
       the map was read); a repeat keeps the shape before it, not its re-rounded copy.
    3. Areas are those on the ellipsoid (WGS 84); gains and losses are overlays in degrees, then such
       areas. The arithmetic errs by less than 0.01 %; coordinates rounded to 1e-6° move a boundary
       of 4,000 km by about 0.02 km². The map's own error is far greater and not in these figures.
    4. Staleness is looked at from the window's stop. An update counts as in the window when its
       ``map_time`` is; what it shows may have happened earlier (``describes_until`` and before).

    Raises
    ------
    ValueError
        If the map has several holders and none is chosen.
    """
    rows = [row for row in control.to_pylist() if row["source_id"] == source_id]
    holders = list(dict.fromkeys(row["holder_party_id"] for row in rows))
    if holder_party_id is None and len(holders) > 1:
        raise ValueError(
            f"map {source_id!r} has the holders {', '.join(sorted(holders))}; "
            "expected one: name it with holder_party_id"
        )
    if holder_party_id is not None:
        rows = [row for row in rows if row["holder_party_id"] == holder_party_id]
    by_time: dict[datetime, list[Record]] = {}
    for row in sorted(rows, key=lambda row: (row["map_time"], row["control_id"])):  # (1)
        by_time.setdefault(row["map_time"], []).append(row)
    snapshots = _compare_shapes(list(by_time.values()))
    changes = [s for s in snapshots if s.status != "repeat" and s.map_time <= window.stop]
    stale_from = changes[-1].map_time if changes else None
    history = LineHistory(
        source_id=source_id,
        title=title,
        snapshots=snapshots,
        lengths=(),
        stale_from=stale_from,  # (4)
        stale_h=None if stale_from is None else (window.stop - stale_from).total_seconds() / 3600,
        updates_in_window=sum(s.status == "update" and s.map_time in window for s in snapshots),
    )
    return _with_lengths(history, window=window, frame=frame, tolerances_m=tolerances_m)


def build_holders(
    control: Table,
    *,
    source_id: str,
    title: str,
    window: Interval,
    frame: LocalFrame,
    tolerances_m: Sequence[float],
    party_ids: Sequence[str] = (),
) -> LineHistory:
    """The history of the first of the parties that the map shows; with it those of all others, where there are three parties or holders or more.

    Of two one ground is what the other's is not: a map often draws but part of the second. Of three it is
    nobody's: each has its own. Without a party on the map the first holder of the table leads.
    """
    own = control.filter(pc.equal(control["source_id"], source_id))
    holders = list(dict.fromkeys(own["holder_party_id"].to_pylist()))
    holders.sort(key=lambda holder: party_ids.index(holder) if holder in party_ids else len(party_ids))
    first, *others = (
        build_history(
            own, source_id=source_id, title=title, window=window, frame=frame, tolerances_m=tolerances_m,
            holder_party_id=holder,
        )
        for holder in (holders if max(len(holders), len(party_ids)) > 2 else holders[:1])
    )  # fmt: skip
    return replace(first, others=tuple(others))


def _compare_shapes(groups: Sequence[list[Record]]) -> tuple[Snapshot, ...]:
    snapshots: list[Snapshot] = []
    shown: Snapshot | None = None  # the last shape that differed
    for rows in groups:
        geometry = _united(rows)
        status: MapStatus = "first"
        gained = lost = None
        gained_km2: float | None = None
        lost_km2: float | None = None
        first_row = rows[0]
        if shown is not None and all(row["status"] == "repeat" for row in rows):  # (2)
            status, gained_km2, lost_km2, geometry = "repeat", 0.0, 0.0, shown.geometry
        elif shown is not None:
            status = "update"
            gained = ground_gained(shown.geometry, geometry)
            lost = ground_gained(geometry, shown.geometry)
            gained_km2, lost_km2 = ground_km2(gained), ground_km2(lost)  # (3)
        snapshot = Snapshot(
            control_id=first_row["control_id"],
            holder_party_id=first_row["holder_party_id"],
            map_time=first_row["map_time"],
            describes_until=max(row["describes_until"] for row in rows),
            status=status,
            geometry=geometry,
            area_km2=shown.area_km2 if status == "repeat" and shown else ground_km2(geometry),
            gained_km2=gained_km2,
            lost_km2=lost_km2,
            gained=gained,
            lost=lost,
            position_sd_m=first_row.get("position_sd_m"),
            raw_file=first_row["raw_file"],
            raw_row=first_row["raw_row"],
        )
        snapshots.append(snapshot)
        shown = shown if status == "repeat" else snapshot
    return tuple(snapshots)


def _united(rows: Sequence[Record]) -> BaseGeometry:
    shapes = [polygonal(shapely.from_wkb(row["geometry"])) for row in rows]
    return shapes[0] if len(shapes) == 1 else polygonal(shapely.union_all(shapes))


def _with_lengths(
    history: LineHistory, *, window: Interval, frame: LocalFrame, tolerances_m: Sequence[float]
) -> LineHistory:
    in_force = snapshot_at(history, window.start)
    lengths: tuple[Length, ...] = ()
    if in_force is not None and not in_force.geometry.is_empty:
        lengths = tuple(
            measure_length(in_force.geometry, tolerance_m=tolerance_m, frame=frame)
            for tolerance_m in tolerances_m
        )
    return replace(history, lengths=lengths)
