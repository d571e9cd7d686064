"""Ground gained and lost, by map, step between two of its shapes, and sector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.line.history import LineHistory, Snapshot
from truceline.line.sectors import Sectors, draw_cells
from truceline.line.shapes import ground_km2
from truceline.schema.ledger import LEDGER
from truceline.schema.table import Record, Table

ELSEWHERE = "elsewhere"
#: what is smaller comes from overlays, not from ground: a tenth of a square metre
_NOTHING_KM2 = 1e-7
_ROUNDING_KM2 = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What one map shows for one sector over all its steps."""

    sector_id: str
    gained_km2: float
    lost_km2: float
    updates: int  #: steps in which ground in the sector changed hands


def keep_ledger(histories: Sequence[LineHistory], sectors: Sectors) -> Table:
    """The territory ledger, to schema ``ledger``.

    A row for each step of a map and each sector in which ground changed hands in it; a step that changed
    none has one row of zeros under ``elsewhere``, a repeat one row of nulls there: nothing is known of it.
    A step runs from the last moment that the shape before could describe. After repeats that is the last
    shape that differed, since what an update shows may have happened while the map stood still.
    Areas are those on the ellipsoid; a step's rows add up to the ground between its two shapes (within
    .001 km²). A sector without a row at an update: no ground of it changed hands.
    """
    cells = draw_cells(sectors)
    shapely.prepare(cells)
    rows: list[Record] = []
    for history in histories:
        shown: Snapshot | None = None
        for before, snapshot in pairwise(history.snapshots):
            shown = before if before.status != "repeat" or shown is None else shown
            since = before if snapshot.status == "repeat" else shown
            rows += _step(history.source_id, since, snapshot, sectors, cells)
    return LEDGER.check(LEDGER.from_records(rows))


def balance_sectors(ledger: Table, *, source_id: str) -> list[Balance]:
    """Sums of one map's ledger by sector, in the order of the ids; repeats add nothing."""
    own = ledger.filter(
        pc.and_(pc.equal(ledger["source_id"], source_id), pc.equal(ledger["status"], "update"))
    )
    found = []
    for sector_id in sorted(set(own["sector_id"].to_pylist())):
        part = own.filter(pc.equal(own["sector_id"], pa.scalar(sector_id)))
        gained, lost = pc.sum(part["gained_km2"]).as_py() or 0.0, pc.sum(part["lost_km2"]).as_py() or 0.0
        if gained or lost:
            found.append(
                Balance(sector_id=sector_id, gained_km2=gained, lost_km2=lost, updates=part.num_rows)
            )
    return found


def _step(
    source_id: str,
    since: Snapshot,
    snapshot: Snapshot,
    sectors: Sectors,
    cells: Sequence[BaseGeometry],
) -> list[Record]:
    span = snapshot.describes_until - since.describes_until
    common: Mapping[str, object] = {
        "source_id": source_id,
        "holder_party_id": snapshot.holder_party_id,
        "control_id": snapshot.control_id,
        "map_time": snapshot.map_time,
        "describes_from": since.describes_until,
        "describes_until": snapshot.describes_until,
        "status": snapshot.status,
        "days": max(1, round(span.total_seconds() / 86_400)),
    }
    if snapshot.status == "repeat":
        return [_row(common, ELSEWHERE, None, None)]
    gained = _by_cell(snapshot.gained, snapshot.gained_km2, cells)
    lost = _by_cell(snapshot.lost, snapshot.lost_km2, cells)
    names = [*(sector.id for sector in sectors.sectors), ELSEWHERE]
    rows = [
        _row(common, name, won, left)
        for name, won, left in zip(names, gained, lost, strict=True)
        if max(won, left) > _NOTHING_KM2
    ]
    return rows or [_row(common, ELSEWHERE, 0.0, 0.0)]


def _row(common: Mapping[str, object], name: str, gained: float | None, lost: float | None) -> Record:
    return {
        **common, "ledger_id": f"{common['source_id']}:{common['control_id']}:{name}", "sector_id": name,
        "gained_km2": gained, "lost_km2": lost,
    }  # fmt: skip


def _by_cell(
    ground: BaseGeometry | None, whole_km2: float | None, cells: Sequence[BaseGeometry]
) -> list[float]:
    """Areas in the cells, then beyond them; together ``whole_km2``. Overlays in degrees, as of the ground."""
    areas = np.zeros(len(cells) + 1)
    if ground is None or ground.is_empty:
        return areas.tolist()
    whole = ground_km2(ground) if whole_km2 is None else whole_km2
    touched = [k for k, cell in enumerate(cells) if cell.intersects(ground)]
    for k in touched:
        one = len(touched) == 1 and cells[k].contains(ground)
        areas[k] = whole if one else ground_km2(shapely.intersection(cells[k], ground))
    areas[-1] = max(whole - float(areas.sum()), 0.0)
    if areas[-1] < _ROUNDING_KM2 and touched:  # by cutting edges at the cells' borders
        areas[-1] = 0.0
    return areas.tolist()
