"""Counts, claims and maps of a simulated front: what inflates, and what is not kept up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from truceline.base.columns import FloatArray, IntArray
from truceline.schema import AREAS, CLAIMS, CONTROL, COUNTS
from truceline.schema.table import Table
from truceline.simulate.regime import FIRE, Regime
from truceline.simulate.salvos import DAY_S, Acts
from truceline.simulate.tables import district_ids, sector_ids, where_from
from truceline.simulate.terrain import Terrain

THEATRE = "theatre"
#: a hotline's days without a row, which are unknown and not zero
_MISSING = 0.03
MAPS = ("map_regular", "map_stale")


def area_table(terrain: Terrain) -> Table:
    """The theatre, its sectors, and the districts that vague reports name."""
    rows: list[dict[str, Any]] = []
    n = terrain.n_sectors
    whole = shapely.union_all([terrain.slab(n, k) for k in range(n)])
    rows.append({"area_id": THEATRE, "name": "The whole front", "kind": "theatre", "parent_area_id": None, "geometry": globe_shape(terrain, whole)})  # fmt: skip
    for k, area_id in enumerate(sector_ids(terrain)):
        rows.append({"area_id": area_id, "name": f"Sector {k + 1}", "kind": "sector", "parent_area_id": THEATRE, "geometry": globe_shape(terrain, terrain.slab(n, k))})  # fmt: skip
    edges = terrain.bounds_km(terrain.n_districts)
    parent = terrain.sector((edges[:-1] + edges[1:]) / 2)
    for k, area_id in enumerate(district_ids(terrain)):
        rows.append({"area_id": area_id, "name": f"District {k + 1}", "kind": "district", "parent_area_id": sector_ids(terrain)[int(parent[k])], "geometry": globe_shape(terrain, terrain.slab(terrain.n_districts, k))})  # fmt: skip
    return AREAS.from_records([{"other_names": [], "disputed": False, **row} for row in rows])


def globe_shape(terrain: Terrain, shape: Polygon | MultiPolygon) -> bytes:
    """A shape in km → WKB in WGS 84, five decimals."""

    def move(points: FloatArray) -> FloatArray:
        return np.column_stack(terrain.to_globe(points[:, 0], points[:, 1]))

    return bytes(shapely.to_wkb(shapely.transform(shape, move)))


def daily_fire(acts: Acts, *, days: tuple[int, int], n_sectors: int, sector: IntArray) -> IntArray:
    """(n_days, 2, n_fire, n_sectors) acts of fire that were no deceit."""
    n_days, n_kinds = days[1] - days[0], len(FIRE)
    keep = (acts.kind < n_kinds) & ~acts.staged & (acts.side >= 0)
    day = np.clip((acts.time_s[keep] // DAY_S).astype(np.int64) - days[0], 0, n_days - 1)
    at = ((day * 2 + acts.side[keep]) * n_kinds + acts.kind[keep]) * n_sectors + sector[keep]
    return np.bincount(at, minlength=n_days * 2 * n_kinds * n_sectors).reshape(n_days, 2, n_kinds, n_sectors)


def count_table(
    regime: Regime, terrain: Terrain, fire: IntArray, *, days: tuple[int, int], first_row: dict[str, int], seed: int, rng: np.random.Generator
) -> tuple[Table, IntArray]:  # fmt: skip
    """A hotline by sector and each staff's figures; and (n_days, 2, n_fire) what the staffs said.

    ``first_row`` is moved on by the rows written of each file.
    """
    n_days = days[1] - days[0]
    calls = rng.poisson(regime.hotline_share * fire.sum(axis=(1, 2)) * rng.gamma(12, 1 / 12, fire.shape[::3]) + 0.5)  # fmt: skip
    missing = rng.random(calls.shape) < _MISSING
    # each staff counts the other's fire
    staff = rng.poisson(regime.inflation * fire.sum(axis=3)[:, ::-1] + 0.5)
    rows: list[dict[str, Any]] = []
    ids = sector_ids(terrain)

    def add(source: str, series: str, day: int, **rest: Any) -> None:
        start = regime.start_utc + timedelta(days=days[0] + day)
        place = where_from(f"data/{source}.csv", np.array([first_row[source]]), regime, seed)
        first_row[source] += 1
        rows.append({"count_id": f"{series}-{days[0] + day + 1:05d}", "source_id": source, "series": series, "relation": "=", "window_start": start, "window_stop": start + timedelta(days=1), "cumulative": False, "vintage": "only", **rest, **place, "raw_row": int(place["raw_row"][0])})  # fmt: skip

    for day in range(n_days):
        for k, area_id in enumerate(ids):
            if not missing[day, k]:
                add("hotline", f"hotline_{area_id}", day, speaker="Hotline", unit="call", value=float(calls[day, k]), area_id=area_id)  # fmt: skip
    for side, name in enumerate(("west", "east")):
        speaker, accused = regime.parties[side], regime.parties[1 - side]
        for day in range(n_days):
            for kind, act in enumerate(FIRE):
                add(f"staff_{name}", f"staff_{name}_{act}", day, speaker=f"{speaker.name}, general staff", speaker_party_id=speaker.id, accused_party_id=accused.id, act=act, unit=act.replace("_", " "), value=float(staff[day, side, kind]), area_id=THEATRE)  # fmt: skip
    return COUNTS.from_records(rows), staff


def claim_table(regime: Regime, staff: IntArray, *, seed: int) -> Table:
    """What each staff claims of the truce and of as many days before; the second's total exceeds its parts."""
    first, stop = regime.truce_day, regime.days
    if first >= stop:
        return CLAIMS.empty()
    windows = {"truce": (first, stop), "before": (max(2 * first - stop, 0), first)}
    rows: list[dict[str, Any]] = []
    for side, name in enumerate(("west", "east")):
        speaker, accused = regime.parties[side], regime.parties[1 - side]
        for word, (low, high) in windows.items():
            if high <= low:
                continue
            parts = staff[low:high, side].sum(axis=0)
            common = {"source_id": "claims", "speaker": f"{speaker.name}, general staff", "speaker_party_id": speaker.id, "accused_party_id": accused.id, "kind": "opponent_count", "relation": "=", "window_start": regime.start_utc + timedelta(days=low), "window_stop": regime.start_utc + timedelta(days=high), "window_precision": "exact"}  # fmt: skip
            total = float(parts.sum()) + (18.0 if side == 1 and word == "truce" else 0.0)
            rows.append({**common, "claim_id": f"{name}-{word}-total", "measure": "violations", "unit": "violation", "value": total})  # fmt: skip
            for kind, act in enumerate(FIRE):
                rows.append({**common, "claim_id": f"{name}-{word}-{act}", "measure": f"{act.replace('_', ' ')} incidents", "act": act, "unit": act.replace("_", " "), "value": float(parts[kind]), "part_of": f"{name}-{word}-total"})  # fmt: skip
    provenance = where_from("data/claims.csv", np.zeros(1, np.int64), regime, seed)
    return CLAIMS.from_records([{**row, **provenance, "raw_row": k + 2} for k, row in enumerate(rows)])


@dataclass(slots=True, kw_only=True)
class Maps:
    """What the makers of the maps drew last."""

    error_km: FloatArray  #: (2, n_line) how far each draws the line from where it is
    frozen_km: FloatArray | None = None  #: where the line was when the second map was last kept up
    drawn: dict[str, tuple[FloatArray, bytes, str]] = field(default_factory=dict)  #: line, shape, digest


def control_table(
    regime: Regime, terrain: Terrain, shift_km: FloatArray, *, days: tuple[int, int], maps: Maps, seed: int
) -> Table:
    """Two maps of what the first party holds; the second is not kept up from before the truce.

    shift_km : (n_days, n_line) how far the line has moved at each midnight. ``maps`` is brought up to date.
    """
    rows: list[dict[str, Any]] = []
    for day in range(days[0], days[1]):
        if day % regime.map_days:
            continue
        if maps.frozen_km is None or day <= regime.truce_day - 3:
            maps.frozen_km = shift_km[day - days[0]]
        date = regime.start_utc + timedelta(days=day)
        for k, name in enumerate(MAPS):
            line_km = (shift_km[day - days[0]] if k == 0 else maps.frozen_km) + maps.error_km[k]
            last = maps.drawn.get(name)
            if last is not None and np.array_equal(last[0], line_km):
                status = "repeat"
            else:
                wkb = globe_shape(terrain, MultiPolygon([terrain.held(line_km)]))
                status = "first" if last is None else "update"
                maps.drawn[name] = line_km, wkb, sha256(wkb).hexdigest()
            _, wkb, digest = maps.drawn[name]
            file = f"data/{name}/map_{date:%Y%m%d}.geojson"
            rows.append({"control_id": f"{name}-{day + 1:05d}", "source_id": name, "holder_party_id": regime.parties[0].id, "map_time": date, "describes_until": date, "status": status, "geometry": wkb, "shape_digest": digest, "position_sd_m": None, **where_from(file, np.zeros(1, np.int64), regime, seed), "raw_row": 0})  # fmt: skip
    return CONTROL.from_records(rows)


def map_errors(regime: Regime, terrain: Terrain, rng: np.random.Generator) -> FloatArray:
    """(2, n_line) how far each map draws the line from where it is, km: small, and shifted."""
    y = terrain.line_y_km
    n_knots = max(int((y[-1] - y[0]) / 20), 4)
    knots = np.linspace(y[0], y[-1], n_knots)
    small = regime.map_sd_km * np.interp(y, knots, rng.normal(0, 1, n_knots))
    broad = max(int((y[-1] - y[0]) / 120), 3)
    shifted = regime.stale_shift_km * np.interp(y, np.linspace(y[0], y[-1], broad), rng.normal(0, 1, broad))
    return np.stack([small, small + shifted])
