"""Time and memory of ``truceline verify`` from ten thousand observations to a million.

    python benchmarks/growth.py --out docs/benchmarks/growth.md
    python benchmarks/growth.py --sizes 10000 100000        fewer sizes
    python benchmarks/growth.py --make FOLDER --sizes 30000  only write the invented case

The case is invented: a front of 2,000 km, 20 days of war and 10 of truce, daily maps of control of
3,000 vertices, stations that hear shots, passes that see fires, and reports of both sides with
copies and vague times. ``dense`` packs the same number into a twentieth of the front.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
SEED = 20_310_401
START = datetime(2031, 3, 12, tzinfo=UTC)
WAR_DAYS, TRUCE_DAYS = 20, 10
SOUTH_DEG, NORTH_DEG, MIDDLE_DEG = 33.0, 47.0, -38.0
KM_PER_DEG = 111.2
N_VERTICES = 2_950
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
DENSE_SIZES = (10_000, 30_000, 100_000)
REACH_KM = 14.0
PROMISED_S, PROMISED_MB = 60.0, 4096.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One timed run."""

    n: int
    dense: bool
    wall_s: float
    cpu_s: float  #: of all threads
    load: float  #: processes that wanted to run on this machine in the last minute, this one among them
    size_mb: float
    stages_s: dict[str, float]
    n_incidents: int
    html_mb: float


# -- the invented front ---------------------------------------------------------------------------
def front_longitude(latitude_deg: FloatArray, *, day: float = 0.0) -> FloatArray:
    """Longitude of the front; the meander makes 1,560 km of latitude into 2,000 km of line."""
    km = (latitude_deg - SOUTH_DEG) * KM_PER_DEG
    east_km = 55 * np.sin(km / 60) + 9 * np.sin(km / 11 + 1) + 0.15 * day * np.sin(km / 23 + 2)
    east_km = east_km + 40 * np.sin(km / 400)
    return np.asarray(MIDDLE_DEG + east_km / (KM_PER_DEG * np.cos(np.radians(latitude_deg))))


def write_maps(folder: Path) -> None:
    """A map a day: the ground west of the front."""
    folder.mkdir(parents=True)
    latitude = np.linspace(SOUTH_DEG, NORTH_DEG, N_VERTICES)
    for day in range(WAR_DAYS + TRUCE_DAYS):
        ring = (
            np.column_stack([front_longitude(latitude, day=min(day, WAR_DAYS)), latitude]).round(5).tolist()
        )
        ring += [[MIDDLE_DEG - 5, NORTH_DEG], [MIDDLE_DEG - 5, SOUTH_DEG], ring[0]]
        feature = {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        name = f"map_{START + timedelta(days=day):%Y%m%d}.geojson"
        (folder / name).write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))


# -- what happened, and who saw it ----------------------------------------------------------------
def make_tables(n: int, *, dense: bool, seed: int = SEED) -> dict[str, pa.Table]:
    """Tables of observations by source, ``n`` rows together, and the stations' log."""
    rng = np.random.default_rng([seed, n, dense])
    m = int(n / 1.5) + 50
    span_deg = (NORTH_DEG - SOUTH_DEG) / (20 if dense else 1)
    latitude = SOUTH_DEG + span_deg * rng.random(m)
    offset_km = rng.normal(0, 6, m)
    longitude = front_longitude(latitude) + offset_km / (KM_PER_DEG * np.cos(np.radians(latitude)))
    in_truce = rng.random(m) < 0.15
    time_s = np.where(in_truce, WAR_DAYS + TRUCE_DAYS * rng.random(m), WAR_DAYS * rng.random(m)) * 86_400
    shelling = rng.random(m) < 0.7
    heard, station = _hear(latitude, longitude, shelling, rng)
    seen = {
        "orbit": np.flatnonzero(rng.random(m) < 0.25),
        "reports_west": np.flatnonzero((offset_km < 0) & (rng.random(m) < 0.7)),
        "reports_east": np.flatnonzero((offset_km >= 0) & (rng.random(m) < 0.7)),
    }
    truth = _Truth(latitude, longitude, time_s, shelling, offset_km)
    tables = {
        "acoustic": _detections(truth, heard, rng, station=station),
        "orbit": _detections(truth, seen["orbit"], rng, station=None),
        "reports_west": _reports(truth, seen["reports_west"], rng),
        "reports_east": _reports(truth, seen["reports_east"], rng),
    }
    total = sum(table.num_rows for table in tables.values())
    left = n
    for name in reversed(tables):  # each in proportion, the first what is left
        keep = left if name == "acoustic" else int(n * tables[name].num_rows / total)
        chosen = np.sort(rng.permutation(tables[name].num_rows)[:keep])
        tables[name] = tables[name].take(pa.array(chosen))
        left -= keep
    return tables


def _stations() -> tuple[FloatArray, FloatArray]:
    """Longitudes and latitudes of stations every 15 km of latitude, beside the front."""
    latitude = SOUTH_DEG + np.arange(7.5, (NORTH_DEG - SOUTH_DEG) * KM_PER_DEG, 15) / KM_PER_DEG
    return front_longitude(latitude), latitude


def _hear(
    latitude: FloatArray, longitude: FloatArray, shelling: Any, rng: np.random.Generator
) -> tuple[Any, Any]:
    """(event, station) of what the stations within reach heard, each with its own chance."""
    station_longitude, station_latitude = _stations()
    nearest = ((latitude - SOUTH_DEG) * KM_PER_DEG // 15).astype(np.int64)
    found = []
    for step in (-1, 0, 1):
        k = np.clip(nearest + step, 0, len(station_latitude) - 1)
        north_km = (latitude - station_latitude[k]) * KM_PER_DEG
        east_km = (longitude - station_longitude[k]) * KM_PER_DEG * np.cos(np.radians(latitude))
        within = np.hypot(north_km, east_km) < REACH_KM
        heard = np.flatnonzero(within & (k == nearest + step) & shelling & (rng.random(len(k)) < 0.75))
        found.append((heard, k[heard]))
    return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])


@dataclass(frozen=True, slots=True)
class _Truth:
    latitude: FloatArray
    longitude: FloatArray
    time_s: FloatArray
    shelling: Any
    offset_km: FloatArray


def _place(
    truth: _Truth, who: Any, sd_m: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    north_m, east_m = rng.normal(0, sd_m), rng.normal(0, sd_m)
    latitude = truth.latitude[who] + north_m / 1000 / KM_PER_DEG
    longitude = truth.longitude[who] + east_m / 1000 / (KM_PER_DEG * np.cos(np.radians(latitude)))
    return longitude.round(5), latitude.round(5)


def _times(seconds: FloatArray) -> pa.Array:
    micro = (np.asarray(seconds).astype(np.int64) + int(START.timestamp())) * 1_000_000
    return pa.array(micro, type=pa.timestamp("us", tz="UTC"))


def _acts(truth: _Truth, who: Any) -> pa.Array:
    return pa.array(np.where(truth.shelling[who], "shelling", "small_drone"))


def _detections(truth: _Truth, who: Any, rng: np.random.Generator, *, station: Any) -> pa.Table:
    by_station = station is not None
    sd_m = rng.integers(200, 500, len(who)).astype(np.float64) if by_station else np.full(len(who), 300.0)
    longitude, latitude = _place(truth, who, sd_m, rng)
    start_s = truth.time_s[who] // 1 if by_station else truth.time_s[who] // 300 * 300
    # a party's fire comes from its own side, three in four times where it can be told
    direction = np.where(truth.offset_km[who] < 0, 270.0, 90.0) + rng.normal(0, 10, len(who)).round(1)
    told = by_station & (rng.random(len(who)) < 0.4)
    passes = (truth.time_s[who] // 300).astype(np.int64)
    return pa.table(
        {
            "occurred_from": _times(start_s),
            "occurred_until": _times(start_s + (20 if by_station else 300)),
            "longitude_deg": longitude,
            "latitude_deg": latitude,
            "position_sd_m": sd_m,
            "act": _acts(truth, who),
            "sensor_id": pa.array([f"station-{k:03d}" for k in station.tolist()] if by_station else [None] * len(who), pa.string()),
            "look_id": pa.array([None] * len(who) if by_station else [f"pass-{k:05d}" for k in passes.tolist()], pa.string()),
            "fire_direction_deg": pa.array(direction % 360, mask=~told),
        }
    ).sort_by("occurred_from")  # fmt: skip


_HEADS = (
    "Al",
    "Bre",
    "Cor",
    "Dun",
    "Elm",
    "Fen",
    "Gar",
    "Hol",
    "Ith",
    "Jor",
    "Kel",
    "Lum",
    "Mar",
    "Nor",
    "Ost",
    "Pel",
)
_TAILS = (
    "by",
    "combe",
    "dale",
    "ford",
    "ham",
    "holm",
    "ley",
    "mouth",
    "sea",
    "stead",
    "thorpe",
    "ton",
    "wick",
    "worth",
)
_MIDS = ("an", "el", "in", "or", "um", "ar", "is", "en")


def _reports(truth: _Truth, who: Any, rng: np.random.Generator) -> pa.Table:
    copies = rng.random(len(who)) < 0.2
    every = np.concatenate([np.arange(len(who)), np.flatnonzero(copies)])
    is_copy = np.arange(len(every)) >= len(who)
    sd_m = np.full(len(who), 1_000.0)
    longitude, latitude = _place(truth, who, sd_m, rng)
    length_s = np.where(rng.random(len(who)) < 0.02, 86_400, 3_600)
    start_s = truth.time_s[who] // length_s * length_s
    place = ((latitude - SOUTH_DEG) * KM_PER_DEG // 1.2).astype(np.int64) % 1_792
    number = rng.integers(1, 9, len(who))
    texts = [
        f"Outskirts of {_HEADS[p % 16]}{_MIDS[p // 16 % 8]}{_TAILS[p // 128]} {'shelled' if s else 'struck by a small drone'} on day {int(t // 86_400)} about {int(t // 3_600) % 24:02d} o'clock, {k} heard"
        for p, t, s, k in zip(place.tolist(), start_s.tolist(), truth.shelling[who].tolist(), number.tolist(), strict=True)
    ]  # fmt: skip
    logged_s = start_s + length_s + rng.exponential(3_600, len(who))
    return pa.table(
        {
            "occurred_from": _times(start_s[every]),
            "occurred_until": _times((start_s + length_s)[every]),
            "logged_at": _times(logged_s[every] + is_copy * rng.exponential(20_000, len(every))),
            "longitude_deg": longitude[every],
            "latitude_deg": latitude[every],
            "position_sd_m": sd_m[every],
            "place_name": [f"{_HEADS[p % 16]}{_MIDS[p // 16 % 8]}{_TAILS[p // 128]}" for p in place[every].tolist()],
            "act": _acts(truth, who[every]),
            "text": [texts[k].upper() if c else texts[k] for k, c in zip(every.tolist(), is_copy.tolist(), strict=True)],
        }
    ).take(pa.array(rng.permutation(len(every))))  # fmt: skip


def _watch() -> pa.Table:
    """Log of the stations: each listened, in three stretches of ten days."""
    rows = []
    for k, (longitude, latitude) in enumerate(zip(*(axis.tolist() for axis in _stations()), strict=True)):
        for part in range(3):
            start = START + timedelta(days=10 * part)
            rows.append(
                {
                    "coverage_id": f"acoustic-{k:03d}-{part}", "sensor_id": f"station-{k:03d}",
                    "longitude_deg": longitude, "latitude_deg": latitude,
                    "radius_m": REACH_KM * 1000, "window_start": start, "window_stop": start + timedelta(days=10),
                    "act": "shelling", "available_share": 1.0, "detection_p_a": 750.0, "detection_p_b": 250.0,
                    "detection_p_basis": "calibration shots, invented", "clutter_per_day": 0.25, "reason": "watched",
                }
            )  # fmt: skip
    return pa.Table.from_pylist(rows)


def _text_times(table: pa.Table) -> pa.Table:
    for name in table.schema.names:
        if pa.types.is_timestamp(table[name].type):
            text = pa.compute.strftime(
                pa.compute.cast(table[name], pa.timestamp("s", tz="UTC")), "%Y-%m-%dT%H:%M:%SZ"
            )
            table = table.set_column(table.schema.get_field_index(name), name, text)
    return table


# -- the case -------------------------------------------------------------------------------------
def write_case(folder: Path, n: int, *, dense: bool) -> None:
    """A whole case folder with ``n`` observations: sensors as Parquet, reports as CSV."""
    data = folder / "data"
    data.mkdir(parents=True)
    for name, table in make_tables(n, dense=dense).items():
        if name.startswith("reports"):
            pa_csv.write_csv(_text_times(table), data / f"{name}.csv")
        else:
            pq.write_table(table, data / f"{name}.parquet")
    pa_csv.write_csv(_text_times(_watch()), data / "acoustic_watch.csv")
    write_maps(data / "maps")
    middle = (SOUTH_DEG + NORTH_DEG) / 2
    for name, low, high in (("south", SOUTH_DEG, middle), ("north", middle, NORTH_DEG)):
        west, east = MIDDLE_DEG - 3, MIDDLE_DEG + 3
        ring = [[west, low], [east, low], [east, high], [west, high], [west, low]]
        feature = {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        (folder / f"{name}.geojson").write_text(
            json.dumps({"type": "FeatureCollection", "features": [feature]})
        )
    # JSON is YAML
    (folder / "case.yaml").write_text(json.dumps(_case(), indent=1))
    (folder / "truce.yaml").write_text(json.dumps(_truce(), indent=1))


def _time(days: int) -> str:
    return f"{START + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def _source(name: str, adapter: str, files: str, options: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = "invented for the benchmark"
    common = {
        "publisher": said,
        "licence": "Apache-2.0",
        "citation": said,
        "role": said,
        "cost_of_absence": said,
    }
    return {"id": name, "title": name.replace("_", " ").capitalize(), "adapter": adapter, "root": "case", "files": [files], "options": options, **common, **more}  # fmt: skip


def _case() -> dict[str, Any]:
    def same(*names: str) -> dict[str, str]:
        return {name: name for name in names}

    place = ("occurred_from", "occurred_until", "longitude_deg", "latitude_deg", "position_sd_m", "act")
    watch = tuple(_watch().schema.names)
    box = [MIDDLE_DEG - 3.0, SOUTH_DEG - 0.3, MIDDLE_DEG + 3.0, NORTH_DEG + 0.3]
    hard = {"grade": "hard", "forms_incidents": True}
    detected = {
        "table": "observations",
        "columns": same(*place, "sensor_id", "look_id", "fire_direction_deg"),
    }
    sources = [
        _source("acoustic", "table", "data/acoustic.parquet", detected, mechanism=True, **hard),
        _source("orbit", "table", "data/orbit.parquet", detected, **hard),
        _source("acoustic_watch", "table", "data/acoustic_watch.csv", {"table": "coverage", "columns": same(*watch), "of_source": "acoustic"}, grade="hard"),
        *(
            _source(
                f"reports_{side}", "table", f"data/reports_{side}.csv",
                {"table": "observations", "columns": same(*place, "logged_at", "place_name", "text"), "constants": {"speaker_party_id": side, "accused_party_id": other}},
                grade="reported", forms_incidents=True,
            )
            for side, other in (("west", "east"), ("east", "west"))
        ),
        _source("map", "control_polygons", "data/maps/*.geojson", {"holder_party": "west", "update_hour_utc": 0}, grade="reported"),
    ]  # fmt: skip
    series = [
        {"id": "shots_heard", "title": "Shots heard", "source": "acoustic", "measure": "starts", "unit": "record", "bin_h": 24, "area": "front", "kind": "sensor", "act": "shelling", "missing_is_zero": True},
        {"id": "told_west", "title": "Strikes told in the west", "source": "reports_west", "measure": "records", "unit": "report", "bin_h": 24, "area": "front", "kind": "opponent_count", "act": "shelling", "party": "east"},
        {"id": "told_east", "title": "Strikes told in the east", "source": "reports_east", "measure": "records", "unit": "report", "bin_h": 24, "area": "front", "kind": "opponent_count", "act": "shelling", "party": "west"},
    ]  # fmt: skip
    return {
        "case": 1, "id": "growth", "title": "An invented front of 2,000 km", "truce": "truce.yaml", "as_of": "2031-04-11",
        "seed": SEED, "invented": True, "monitors": True, "advance_acts": ["advance"], "theatre": "front", "region": box,
        "areas": [
            {"id": "front", "name": "The front", "kind": "theatre", "bbox": box},
            {"id": "south", "name": "South", "kind": "sector", "parent": "front", "shape": "south.geojson"},
            {"id": "north", "name": "North", "kind": "sector", "parent": "front", "shape": "north.geojson"},
        ],
        "baseline": {"start": _time(0), "stop": _time(WAR_DAYS), "note": ""},
        "release": {"edition": "public_full", "basis": "Everything in it is invented."},
        "map": {"tolerance_m": [500, 10000]},
        "sources": sources, "series": series,
        "detection": [{"source": "acoustic", "act": "shelling", "a": 751.0, "b": 251.0, "basis": "calibration shots, invented"}],
        "limits": ["Everything here is invented."],
    }  # fmt: skip


def _truce() -> dict[str, Any]:
    clause = "The party ceases shelling, strikes by small drones and advances."
    parties = ("west", "east")
    return {
        "truce": 1, "id": "growth", "title": "An invented truce", "instrument": "agreement", "terms_version": "invented-1",
        "summary": "Invented.", "parties": [{"id": p, "name": f"League of the {p.title()}"} for p in parties],
        "declarations": [{"id": f"clause-{p}", "party": p, "speaker": p, "date": "2031-04-01", "wording": clause} for p in parties],
        "clocks": [{"id": "agreed", "title": "As agreed", "start": _time(WAR_DAYS), "stop": _time(WAR_DAYS + TRUCE_DAYS), "zone": "UTC", "declared_by": [f"clause-{p}" for p in parties]}],
        "acts": [
            {"id": "shelling", "name": "Shelling", "definition": "A salvo."},
            {"id": "small_drone", "name": "Small-drone strike", "definition": "A strike by a small drone."},
            {"id": "advance", "name": "Advance", "definition": "Ground that changes hands."},
        ],
        "obligations": [
            {"id": f"no-{act}", "act": act, "title": f"No {act}", "rule": "prohibit", "binds": list(parties), "clauses": {p: f"clause-{p}" for p in parties}, "clocks": ["agreed"], "scopes": [{"areas": areas, "periods": "window"}]}
            for act, areas in (("shelling", ["front", "south", "north"]), ("small_drone", ["front", "south", "north"]), ("advance", ["front"]))
        ],
    }  # fmt: skip


# -- measuring ------------------------------------------------------------------------------------
def run_one(case: Path, out: Path) -> None:
    """In a process of its own: verify, and print the seconds of each stage as JSON."""
    from truceline.workflow.verify import verify

    marks: list[tuple[str, float]] = []

    def progress(stage: str, done: int, total: int) -> None:  # noqa: ARG001 - as a progress is called
        name = "reading" if stage.startswith("reading") else stage
        if not marks or marks[-1][0] != name:
            marks.append((name, time.perf_counter()))

    started = time.perf_counter()
    outcome = verify(case, data=None, out=out, progress=progress)
    marks.append(("", time.perf_counter()))
    stages: dict[str, float] = {"opening": marks[0][1] - started}
    for (name, begun), (_, ended) in pairwise(marks):
        stages[name] = stages.get(name, 0.0) + ended - begun
    print(json.dumps({"stages": stages, "incidents": outcome.results.incidents.num_rows}))


def measure(n: int, *, dense: bool, folder: Path) -> Run:
    """Write the case, verify it in a new process, take time and peak size."""
    case, out = folder / "case", folder / "out"
    write_case(case, n, dense=dense)
    command = [sys.executable, str(Path(__file__).resolve()), "--one", str(case), str(out)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        text = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"n = {n} ended with {process.returncode}")
    said = json.loads(text.splitlines()[-1])
    size_mb = _resident_mb(usage)
    cpu_s = usage.ru_utime + usage.ru_stime
    html_mb = (out / "report.html").stat().st_size / 1e6
    shutil.rmtree(folder)
    return Run(n=n, dense=dense, wall_s=wall_s, cpu_s=cpu_s, load=os.getloadavg()[0], size_mb=size_mb, stages_s=said["stages"], n_incidents=said["incidents"], html_mb=html_mb)  # fmt: skip


def _resident_mb(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


# -- the page -------------------------------------------------------------------------------------
def draw_plot(runs: list[Run]) -> str:
    """Seconds and megabytes against observations, both axes logarithmic, as SVG."""
    width, height, left, bottom, top = 720, 330, 56, 40, 24
    panel = (width - 2 * left - 24) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11" fill="#222"><rect width="100%" height="100%" fill="#fff"/>'
    ]
    for k, (title, key, limit, low, high) in enumerate(
        (
            ("processor seconds, the whole run", "cpu_s", PROMISED_S, 1, 100),
            ("megabytes, the largest size", "size_mb", PROMISED_MB, 100, 10_000),
        )
    ):
        x0 = left + k * (panel + left + 24)

        def at_x(n: float, x0: float = x0) -> float:
            return float(x0 + panel * (np.log10(n) - 4) / 2)

        def at_y(value: float, low: float = low, high: float = high) -> float:
            share = float((np.log10(value) - np.log10(low)) / (np.log10(high) - np.log10(low)))
            return float(height - bottom - (height - bottom - top) * share)

        parts.append(f'<text x="{x0:.0f}" y="14" font-weight="600">{title}</text>')
        for power in range(round(np.log10(low)), round(np.log10(high)) + 1):
            y = at_y(10**power)
            parts.append(
                f'<path d="M{x0:.1f} {y:.1f}h{panel:.1f}" stroke="#ddd"/><text x="{x0 - 5:.1f}" y="{y + 4:.1f}" text-anchor="end">{10**power:,}</text>'
            )
        for n in (10_000, 100_000, 1_000_000):
            parts.append(
                f'<text x="{at_x(n):.1f}" y="{height - bottom + 16}" text-anchor="middle">{n:,}</text>'
            )
        parts.append(
            f'<text x="{x0 + panel / 2:.1f}" y="{height - 6}" text-anchor="middle">observations</text>'
        )
        y = at_y(limit)
        parts.append(
            f'<path d="M{x0:.1f} {y:.1f}h{panel:.1f}" stroke="#b3541e" stroke-dasharray="4 3"/><text x="{x0 + 4:.1f}" y="{y - 4:.1f}" fill="#b3541e">promised</text>'
        )
        for dense, colour, dash in ((False, "#1f5a8a", ""), (True, "#6b6b6b", ' stroke-dasharray="2 3"')):
            points = [(at_x(run.n), at_y(max(getattr(run, key), low))) for run in runs if run.dense == dense]
            if points:
                line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
                parts.append(
                    f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>'
                )
                parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    parts.append(f'<text x="{width - 8}" y="14" text-anchor="end" fill="#6b6b6b">dotted: dense</text></svg>')
    return "\n".join(parts) + "\n"  # fmt: skip


def write_page(runs: list[Run], *, plot_name: str) -> str:
    """The page: what was run, the table, the stages of the largest run."""
    lines = [
        "# Growth from ten thousand observations to a million",
        "",
        "By `benchmarks/growth.py`: an invented front of 2,000 km, 30 days, daily maps of 3,000 vertices, detections by "
        "stations and passes (Parquet), reports of two sides with copies and vague times (CSV), through the whole of "
        "`verify`: reading, copies, line, fusion, attribution, series, findings, HTML, PDF, map and tables, in a new "
        f"process each, on {os.cpu_count()} cores. Dense: the same number on a twentieth of the front.",
        "",
        f"![Time and memory against the number of observations]({plot_name})",
        "",
        "| observations | | seconds | processor seconds | load | MB | incidents | HTML, MB |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {run.n:,} | {'dense' if run.dense else ''} | {run.wall_s:.1f} | {run.cpu_s:.1f} | {run.load:.1f} | {run.size_mb:,.0f} | {run.n_incidents:,} | {run.html_mb:.1f} |"
            for run in runs
        ),
        "",
        f"Promised for 1,000,000: {PROMISED_S:.0f} s, {PROMISED_MB:,.0f} MB. Load: how many processes wanted the "
        f"{os.cpu_count()} cores in the last minute; where it is above {os.cpu_count()}, others slowed the run, and the processor "
        "seconds say what it took, though these too are more than an idle machine would take, which shares no caches.",
        "",
        "## Stages, seconds",
        "",
    ]  # fmt: skip
    plain = [run for run in runs if not run.dense]
    stages = list(dict.fromkeys(name for run in plain for name in run.stages_s))
    lines += [
        "| stage | " + " | ".join(f"{run.n:,}" for run in plain) + " |",
        "|---" * (len(plain) + 1) + "|",
        *(
            f"| {name} | " + " | ".join(f"{run.stages_s.get(name, 0):.2f}" for run in plain) + " |"
            for name in stages
        ),
        "",
        "What is left to the whole is starting Python and ending it.",
    ]
    return "\n".join(lines) + "\n"


def run() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, help="page to write; its plot stands beside it")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--dense-sizes", type=int, nargs="*", default=list(DENSE_SIZES))
    parser.add_argument("--make", type=Path, help="only write the case of the first size here")
    parser.add_argument("--dense", action="store_true", help="with --make: the dense variant")
    parser.add_argument(
        "--one", type=Path, nargs=2, metavar=("CASE", "OUT"), help="verify one case, print its stages"
    )
    given = parser.parse_args()
    if given.one:
        run_one(*given.one)
        return
    if given.make:
        write_case(given.make, given.sizes[0], dense=given.dense)
        return
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for dense, sizes in ((False, given.sizes), (True, given.dense_sizes)):
            for n in sizes:
                runs.append(measure(n, dense=dense, folder=Path(folder) / f"{n}-{dense}"))
                print(
                    f"{n:>9,} {'dense' if dense else '     '} {runs[-1].wall_s:6.1f} s {runs[-1].size_mb:6.0f} MB",
                    file=sys.stderr,
                )
    if given.out:
        plot = given.out.with_suffix(".svg")
        plot.write_text(draw_plot(runs), encoding="utf-8")
        given.out.write_text(write_page(runs, plot_name=plot.name), encoding="utf-8")
    else:
        print(write_page(runs, plot_name="growth.svg"))


if __name__ == "__main__":
    run()
