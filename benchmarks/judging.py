"""A million incidents judged against 200 duties with zones that move, beside a naive join, in one run.

Incidents over 30 days along a front of about 1,000 km whose line moves every day; 200 duties on seven acts of
two parties: bands along the line of the moment, polygons, circles, corridors with hours, limits in any window,
conditions and exemptions. Timed is all that a judgement needs: distances to the line of each incident's day,
zones, then the chance of a breach for every incident, duty and party.

The naive way takes each duty by itself: its zone as a polygon (a buffer round each day's line), GeoPandas `sjoin`
of the day's incidents, then act and time; it weighs the plain prohibitions alone and leaves out conditions,
exemptions and limits. It runs in an environment of its own, made on the first run. Both give sums for the duties
that both can judge, which are compared.

Run: ``python benchmarks/judging.py --out docs/benchmarks/judging.md``
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely

ROOT = Path(__file__).resolve().parent.parent
DAYS, N, DUTIES = 30, 1_000_000, 200
START = datetime(2031, 5, 1, tzinfo=UTC)
ACTS = ("fire", "shelling", "sniping", "small_drone_strike", "reconnaissance", "advance", "engineering_works")
WIDTH_M, DEEP_M = 1_000_000.0, 160_000.0
BANDS_KM = ((0, 2), (0, 5), (5, 15), (0, 15), (0, 25), (0, 50), (0, 70), (0, 140))
CENTRE = (35.0, 48.0)
LIMIT_S = 10.0
PEERS = ("numpy", "shapely", "geopandas", "pyproj")


# -- what is judged -----------------------------------------------------------------------------
def line_of_day(day: int) -> Any:
    """The line of a day in metres: a coastless front that creeps south, more here, less there."""
    x = np.linspace(-WIDTH_M / 2, WIDTH_M / 2, 2_001)
    y = 20_000 * np.sin(x / 70_000) + 6_000 * np.sin(x / 9_000) + 900 * np.sin(x / 1_700)
    return np.column_stack([x, y - day * 180 * (1 + np.sin(x / 130_000))])


def held_of_day(day: int) -> Any:
    """Ground north of the line."""
    line = line_of_day(day)
    top = [[WIDTH_M / 2, 400_000.0], [-WIDTH_M / 2, 400_000.0]]
    return shapely.Polygon(np.vstack([line, top]))


def make_incidents(seed: int = 1) -> dict[str, Any]:
    """Columns of the incidents; half of them know their time to the minute, half to some hours."""
    rng = np.random.default_rng(seed)
    start_us = (rng.uniform(0, DAYS * 86_400, N) * 1e6).astype(np.int64)
    lasting = np.where(rng.random(N) < 0.5, 0, rng.uniform(600, 6 * 3600, N) * 1e6).astype(np.int64)
    x = rng.uniform(-WIDTH_M / 2 + 1e4, WIDTH_M / 2 - 1e4, N)
    day = start_us // 86_400_000_000
    lines = [line_of_day(k) for k in range(DAYS)]
    middle = np.array([np.interp(x[day == k], *lines[k].T) for k in range(DAYS)], dtype=object)
    y = np.empty(N)
    for k in range(DAYS):
        y[day == k] = middle[k]
    y += rng.normal(0, 12_000, N) * np.where(rng.random(N) < 0.2, 5, 1)
    share = rng.random(N)
    return {
        "act": rng.integers(0, len(ACTS), N),
        "start_us": start_us,
        "stop_us": start_us + lasting,
        "x_m": x,
        "y_m": np.clip(y, -DEEP_M, DEEP_M),
        "existence_p": rng.uniform(0.3, 1.0, N),
        "party_A": share,
        "party_B": 1 - share,
    }


def make_terms(frame: Any) -> dict[str, Any]:
    """An agreement of 200 duties; every fifth has a condition, every tenth is a limit."""
    rng = np.random.default_rng(2)
    zones: list[dict[str, Any]] = [
        {"id": f"band{k}", "name": f"band {k}", "kind": "band", "purpose": "covered", "line": "line", "line_as_of": "moment", "from_km": a, "to_km": b}
        for k, (a, b) in enumerate(BANDS_KM)
    ]  # fmt: skip

    def place() -> list[float]:
        x, y = rng.uniform(-450_000, 450_000), rng.uniform(-30_000, 30_000)
        longitude, latitude = frame.to_globe(x, y)
        return [float(longitude), float(latitude)]

    for k in range(30):
        zones.append({"id": f"circle{k}", "name": "circle", "kind": "circle", "purpose": "covered", "centre": place(), "radius_km": float(rng.uniform(3, 25))})  # fmt: skip
        lon, lat = place()
        corners = [[lon + dx, lat + dy] for dx, dy in ((-0.3, -0.1), (0.2, -0.15), (0.35, 0.1), (0, 0.2))]
        zones.append({"id": f"polygon{k}", "name": "polygon", "kind": "polygon", "purpose": "covered", "polygon": corners})  # fmt: skip
    for k in range(12):
        lon, lat = place()
        windows = [{"start": (START + timedelta(days=d, hours=8)).isoformat(), "stop": (START + timedelta(days=d, hours=12)).isoformat()} for d in range(DAYS)]  # fmt: skip
        zones.append({"id": f"corridor{k}", "name": "corridor", "kind": "corridor", "purpose": "corridor", "path": [[lon, lat], [lon + 0.2, lat + 0.1]], "width_m": 2_000, "windows": windows})  # fmt: skip
    clocks = [
        {"id": f"clock{k}", "title": f"clock {k}", "start": (START + timedelta(days=k)).isoformat(), "stop": (START + timedelta(days=k + 10)).isoformat()}
        for k in (0, 5, 12, 20)
    ]  # fmt: skip
    duties: list[dict[str, Any]] = []
    for k in range(DUTIES):
        duty: dict[str, Any] = {"id": f"duty{k}", "act": ACTS[k % len(ACTS)], "title": f"duty {k}", "binds": ["A", "B"], "clocks": [clocks[k % 4]["id"]], "zones": [zones[k % len(zones)]["id"]]}  # fmt: skip
        if k % 5 == 4:
            inside = zones[(7 * k) % len(zones)]["id"]
            duty["condition"] = {"any_of": [{"fact": "seen"}, {"unless": {"within": inside}}]}
        if k % 10 == 9:
            duty |= {"rule": "limit", "limit": {"count": 4, "window_hours": 24}}
        duties.append(duty)
    exemption = {"id": "answer", "title": "answer", "purpose": "return_fire", "acts": ["sniping"], "condition": {"fact": "ordered"}}  # fmt: skip
    return {
        "truce": 1, "id": "bench", "title": "bench", "instrument": "agreement", "terms_version": "1",
        "parties": [{"id": "A", "name": "A"}, {"id": "B", "name": "B"}],
        "ground": {"line": {"id": "line", "map": "drawn", "agreed_by": ["A", "B"], "clauses": ["1"]}},
        "acts": [{"id": name} for name in ACTS],
        "clocks": clocks, "zones": zones, "obligations": duties, "exemptions": [exemption],
    }  # fmt: skip


# -- ours ---------------------------------------------------------------------------------------
def judge_all(columns: dict[str, Any]) -> dict[str, Any]:
    """Time of each step, and the sums."""
    from truceline.base.geodesy import LocalFrame
    from truceline.base.intervals import microseconds
    from truceline.line.distances import plane_distances_m
    from truceline.line.history import LineHistory, Snapshot
    from truceline.terms.bulk import Acts, judge, pack_zones
    from truceline.terms.truce import Truce
    from truceline.workflow.zone_sets import Spots, hold_zones

    frame = LocalFrame("bench", *CENTRE)
    truce = Truce.model_validate(make_terms(frame))
    snapshots = tuple(
        Snapshot(control_id=str(k), holder_party_id="A", map_time=START + timedelta(days=k), describes_until=START + timedelta(days=k), status="update", geometry=frame.geometry_to_globe(held_of_day(k)), area_km2=0.0, gained_km2=None, lost_km2=None, raw_file="", raw_row=0)
        for k in range(DAYS)
    )  # fmt: skip
    history = LineHistory(source_id="m", title="m", snapshots=snapshots, lengths=(), stale_from=None, stale_h=None, updates_in_window=DAYS)  # fmt: skip
    longitude, latitude = frame.to_globe(columns["x_m"], columns["y_m"])
    origin = microseconds(START)
    spent: dict[str, float] = {}
    began, cpu_began = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(max_workers=2) as pool:
        halves = np.array_split(np.arange(N), 2)
        planes = list(pool.map(lambda half: frame.to_plane(longitude[half], latitude[half]), halves))
    x_m, y_m = (np.concatenate(axis) for axis in zip(*planes, strict=True))
    spent["places in metres"] = time.perf_counter() - began
    started = time.perf_counter()
    distance_m = plane_distances_m(history, x_m, y_m, at_us=columns["start_us"] + origin, frame=frame)
    spent["distances to the line of the day"] = time.perf_counter() - started
    started = time.perf_counter()
    spots = Spots(x_m=x_m, y_m=y_m, moment_us=columns["start_us"] + origin, line_distance_m=distance_m, area={})  # fmt: skip
    held, _open = hold_zones(truce.zones, spots, frame=frame, areas={})
    acts = Acts(
        act=columns["act"], act_names=ACTS, start_us=columns["start_us"] + origin, stop_us=columns["stop_us"] + origin,
        existence_p=columns["existence_p"], party_p={"A": columns["party_A"], "B": columns["party_B"]},
        zones=pack_zones(held, N), zone_ids=tuple(zone.id for zone in truce.zones),
    )  # fmt: skip
    spent["zones that hold each incident"] = time.perf_counter() - started
    started = time.perf_counter()
    sums = {f"{one.obligation_id}:{one.party_id}": [len(one.row), float(one.p_lo.sum()), float(one.p_hi.sum())] for one in judge(truce, acts)}  # fmt: skip
    spent["chances of a breach"] = time.perf_counter() - started
    return {"spent": spent, "whole_s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu_began, "sums": sums, "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}  # fmt: skip


# -- the naive way ------------------------------------------------------------------------------
NAIVE = """
import json, sys, time
import numpy as np, shapely, geopandas
from datetime import datetime
folder = sys.argv[1]
work = json.load(open(folder + "/work.json"))
c = np.load(folder + "/columns.npz")
day = c["start_us"] // 86_400_000_000
lines = [shapely.LineString(line) for line in np.load(folder + "/lines.npy")]
origin = datetime.fromisoformat(work["start"])
us = lambda text: int((datetime.fromisoformat(text) - origin).total_seconds() * 1e6)
places = geopandas.GeoDataFrame({"row": np.arange(len(day))}, geometry=geopandas.points_from_xy(c["x_m"], c["y_m"]))
by_day = [places[day == k] for k in range(work["days"])]
began = time.perf_counter()
sums, done = {}, 0
for duty in work["duties"]:
    zone = duty["zone"]
    if zone["kind"] == "band":
        found = []
        for k in range(work["days"]):
            ground = lines[k].buffer(zone["to_m"], quad_segs=32)
            if zone["from_m"]:
                ground = ground.difference(lines[k].buffer(zone["from_m"], quad_segs=32))
            found.append(geopandas.sjoin(by_day[k], geopandas.GeoDataFrame(geometry=[ground]), predicate="within")["row"].to_numpy())
        rows = np.concatenate(found)
    else:
        rows = geopandas.sjoin(places, geopandas.GeoDataFrame(geometry=[shapely.from_wkt(zone["wkt"])]), predicate="within")["row"].to_numpy()
        for_window = np.zeros(len(rows), dtype=bool)
        if zone["windows"]:
            for a, b in zone["windows"]:
                for_window |= (c["start_us"][rows] >= us(a)) & (c["start_us"][rows] < us(b))
            rows = rows[for_window]
    rows = rows[np.isin(c["act"][rows], duty["acts"])]
    start, stop = c["start_us"][rows], c["stop_us"][rows]
    a, b = us(duty["start"]), us(duty["stop"])
    instant = stop <= start
    share = np.where(instant, (start >= a) & (start < b), np.clip(np.minimum(stop, b) - np.maximum(start, a), 0, None) / np.where(instant, 1, stop - start))
    for party in "AB":
        sums[duty["id"] + ":" + party] = float((share * c["existence_p"][rows] * c["party_" + party][rows]).sum())
    done += 1
print(json.dumps({"whole_s": time.perf_counter() - began, "duties": done, "sums": sums, "geopandas": geopandas.__version__}))
"""


def naive(columns: dict[str, Any], folder: Path, python: Path, *, duties: int) -> dict[str, Any]:
    """The sums of plain prohibitions by a join for each duty."""
    from truceline.base.geodesy import LocalFrame
    from truceline.terms.answers import act_lineage
    from truceline.terms.truce import Truce
    from truceline.workflow.zone_sets import _shape

    frame = LocalFrame("bench", *CENTRE)
    truce = Truce.model_validate(make_terms(frame))
    zones = {zone.id: zone for zone in truce.zones}
    clocks = {clock.id: clock for clock in truce.clocks}
    work = []
    for duty in truce.obligations[:duties]:
        zone = zones[duty.zones[0]]
        if zone.kind == "band":
            told: dict[str, object] = {
                "kind": "band",
                "from_m": (zone.from_km or 0) * 1000,
                "to_m": (zone.to_km or 0) * 1000,
            }
        else:
            drawn = _shape(zone, frame, {})
            if drawn is None:
                raise SystemExit(f"zone {zone.id} has no shape")
            ground = drawn[0].buffer(drawn[1], quad_segs=64) if drawn[1] else drawn[0]
            windows = [[w.start.isoformat(), w.stop.isoformat()] for w in zone.windows or ()]
            told = {"kind": "shape", "wkt": shapely.to_wkt(ground, rounding_precision=3), "windows": windows}
        kinds = [k for k, name in enumerate(ACTS) if duty.act in act_lineage(truce, name)]
        clock = clocks[duty.clocks[0]]
        work.append({"id": duty.id, "zone": told, "acts": kinds, "start": clock.start.isoformat(), "stop": clock.stop.isoformat()})  # fmt: skip
    np.savez(folder / "columns.npz", **columns)
    np.save(folder / "lines.npy", np.array([line_of_day(k) for k in range(DAYS)]))
    (folder / "work.json").write_text(json.dumps({"start": START.isoformat(), "days": DAYS, "duties": work}))
    (folder / "naive.py").write_text(NAIVE)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, folder / "naive.py", folder], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def peers_python(folder: Path) -> Path:
    """The interpreter of the peers' environment, made where it is not there yet."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return python


def compare(ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[int, float]:
    """How many sums both give, and by how much they differ at most, as a share."""
    plain = {f"duty{k}" for k in range(DUTIES) if k % 5 != 4 and ACTS[k % len(ACTS)] != "sniping" and ACTS[k % len(ACTS)] != "fire"}  # fmt: skip
    both = [key for key in theirs["sums"] if key.split(":")[0] in plain and theirs["sums"][key] > 1]
    off = [abs(ours["sums"].get(key, [0, 0, 0])[2] / theirs["sums"][key] - 1) for key in both]
    return len(both), max(off, default=float("nan"))


def main() -> None:
    """Run both, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--peers", type=Path, default=ROOT / "out" / "peers-judging")
    parser.add_argument(
        "--naive-duties", type=int, default=DUTIES, help="how many duties the naive way is given"
    )
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    columns = make_incidents()
    runs = [judge_all(columns) for _ in range(3)]
    best = min(runs, key=lambda run: run["whole_s"])
    lines = [
        "# A million incidents against 200 duties",
        "",
        f"Made by `python benchmarks/judging.py`: {N:,} incidents of {DAYS} days, half of them with times of some hours; {DUTIES} duties of two parties, {len(ACTS)} acts, {len(BANDS_KM)} bands along a line that moves every day (2,000 edges), 72 polygons, circles and corridors; 20 limits, 40 conditions, an exemption that turns on a fact not known. Shortest of three.",
        "",
        f"{platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, numpy {np.__version__}, shapely {shapely.__version__}; load before the run {load:.1f} (above 0: others used the cores too).",
        "",
        "| step | s |",
        "|---|---|",
        *(f"| {name} | {spent:.2f} |" for name, spent in best["spent"].items()),
        f"| **whole** (promised: {LIMIT_S:g}) | **{best['whole_s']:.2f}** |",
        f"| seconds of a processor, both threads | {best['cpu_s']:.2f} |",
        "",
        f"{sum(one[0] for one in best['sums'].values()):,} pairs of incident and duty with a chance of breach, each with its two bounds; {best['rss_mb']:,.0f} MB at most.",
    ]  # fmt: skip
    if not options.no_peers:
        with tempfile.TemporaryDirectory() as folder:
            found = naive(columns, Path(folder), peers_python(options.peers), duties=options.naive_duties)
        n, off = compare(best, found)
        whole = found["whole_s"] * DUTIES / found["duties"]
        scaled = "" if found["duties"] == DUTIES else f", reckoned from {found['duties']} of them"
        lines += [
            "",
            f"Naive join (GeoPandas {found['geopandas']}, one `sjoin` for each duty and, of bands, day): {whole:,.0f} s for {DUTIES} duties{scaled}, {whole / best['whole_s']:,.0f} times ours; without conditions, exemptions and limits. Of {n} sums that both give the greatest difference is {off:.2%}: its zones are buffers of straight pieces, ours distances.",
        ]  # fmt: skip
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
