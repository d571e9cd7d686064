"""Join of points to the side of the line on their date, against the fastest public ways, in one run.

20 million points in memory, 29 daily polygons; two point sets: uniform over the box of the polygons, and
within 25 km of the boundary. Each way runs in a process of its own, loads the points first, then is
timed: preparation of the polygons apart, then the join. The peers live in an environment of their own,
made on the first run; one that cannot be installed is named as absent.

Run: ``python benchmarks/join.py --data DATA --out docs/benchmarks/join.md``
(DATA holds ``deepstate/deepstatemap_data_202504*.geojson``; default: TRUCELINE_DATA or ../shared/data)
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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape

ROOT = Path(__file__).resolve().parent.parent
THREADS = 2
CELL_DEG = 0.25
NEAR_KM = 25.0
PEER_PACKAGES = (
    "numpy",
    "shapely",
    "pyarrow",
    "polars",
    "duckdb==1.5.5",
    "duckdb-extension-spatial==1.5.5",
    "geopandas",
    "sedonadb",
)
#: an answer: seconds of preparation, then a function that joins and returns the number of hits
Prepared = tuple[float, Callable[[], int]]


class Work:
    """What every way is given: polygons and points, already in memory."""

    def __init__(self, folder: Path, points: str) -> None:
        self.shapes = [shapely.from_wkb(line) for line in (folder / "shapes.wkb").read_text().split()]
        self.longitude = np.load(folder / f"{points}_lon.npy")
        self.latitude = np.load(folder / f"{points}_lat.npy")
        self.day = np.load(folder / f"{points}_day.npy")


def truceline(work: Work) -> Prepared:
    from truceline.line.join import INSIDE, build_cells, join_sides

    start = time.perf_counter()
    cells = build_cells(work.shapes)
    spent = time.perf_counter() - start

    def join() -> int:
        return int(
            np.count_nonzero(
                join_sides(cells, work.longitude, work.latitude, work.day, threads=THREADS) == INSIDE
            )
        )

    return spent, join


def polars_shapely(work: Work) -> Prepared:
    polars = import_module("polars")

    frame = polars.DataFrame({"lon": work.longitude, "lat": work.latitude, "day": work.day})
    start = time.perf_counter()
    shapely.prepare(work.shapes)
    spent = time.perf_counter() - start

    def one(part: Any) -> int:
        shape = work.shapes[part["day"][0]]
        return int(
            np.count_nonzero(shapely.contains_xy(shape, part["lon"].to_numpy(), part["lat"].to_numpy()))
        )

    def join() -> int:
        parts = frame.partition_by("day", maintain_order=False)
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(one, parts))

    return spent, join


def _duckdb(work: Work) -> Any:
    duckdb, duckdb_extension_spatial = import_module("duckdb"), import_module("duckdb_extension_spatial")
    import pyarrow as pa

    found = sorted(Path(str(duckdb_extension_spatial.__file__)).parent.rglob("spatial.duckdb_extension"))
    base = duckdb.connect(config={"threads": THREADS, "allow_unsigned_extensions": "true"})
    base.execute(f"LOAD '{found[0]}'")
    points = pa.table({"lon": work.longitude, "lat": work.latitude, "day": work.day})
    base.register("arriving", points)
    base.execute("CREATE TABLE points AS SELECT * FROM arriving")
    return base


def duckdb_spatial(work: Work) -> Prepared:
    import pyarrow as pa

    base = _duckdb(work)
    start = time.perf_counter()
    base.register("zones_in", pa.table({"day": np.arange(len(work.shapes), dtype=np.int16), "wkb": shapely.to_wkb(work.shapes)}))  # fmt: skip
    base.execute("CREATE TABLE zones AS SELECT day, ST_GeomFromWKB(wkb) AS geom FROM zones_in")
    spent = time.perf_counter() - start
    query = "SELECT count(*) FROM points p JOIN zones z ON p.day = z.day AND ST_Contains(z.geom, ST_Point(p.lon, p.lat))"
    return spent, lambda: int(base.execute(query).fetchone()[0])


def duckdb_cells(work: Work) -> Prepared:
    import pyarrow as pa

    base = _duckdb(work)
    start = time.perf_counter()
    days: list[Any] = []
    columns: list[Any] = []
    rows: list[Any] = []
    whole: list[Any] = []
    parts: list[Any] = []
    for day, ground in enumerate(work.shapes):
        west, south, east, north = np.floor(np.array(ground.bounds) / CELL_DEG).astype(int)
        grid = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1))
        column, row = grid[0].ravel(), grid[1].ravel()
        boxes = shapely.box(column * CELL_DEG, row * CELL_DEG, (column + 1) * CELL_DEG, (row + 1) * CELL_DEG)
        shapely.prepare(ground)
        touched = shapely.intersects(ground, boxes)
        column, row, boxes = column[touched], row[touched], boxes[touched]
        full = shapely.contains_properly(ground, boxes)
        piece = np.where(full, boxes, shapely.intersection(ground, boxes))
        days.append(np.full(len(column), day, dtype=np.int16))
        columns.append(column)
        rows.append(row)
        whole.append(full)
        parts.append(shapely.to_wkb(piece))
    base.register(
        "cells_in",
        pa.table(
            {
                "day": np.concatenate(days),
                "cx": np.concatenate(columns).astype(np.int32),
                "cy": np.concatenate(rows).astype(np.int32),
                "whole": np.concatenate(whole),
                "wkb": np.concatenate(parts),
            }
        ),
    )
    base.execute("CREATE TABLE cells AS SELECT day, cx, cy, whole, ST_GeomFromWKB(wkb) AS geom FROM cells_in")
    spent = time.perf_counter() - start
    query = (
        "SELECT count(*) FROM points p JOIN cells c ON p.day = c.day "
        f"AND CAST(floor(p.lon / {CELL_DEG}) AS INTEGER) = c.cx AND CAST(floor(p.lat / {CELL_DEG}) AS INTEGER) = c.cy "
        "WHERE c.whole OR ST_Contains(c.geom, ST_Point(p.lon, p.lat))"
    )
    return spent, lambda: int(base.execute(query).fetchone()[0])


def geopandas_sjoin(work: Work) -> Prepared:
    geopandas = import_module("geopandas")

    start = time.perf_counter()
    zones = [geopandas.GeoDataFrame(geometry=[ground], crs=4326) for ground in work.shapes]
    spent = time.perf_counter() - start

    def one(day: int) -> int:
        rows = np.flatnonzero(work.day == day)
        places = geopandas.points_from_xy(work.longitude[rows], work.latitude[rows], crs=4326)
        frame = geopandas.GeoDataFrame(geometry=places)
        return len(geopandas.sjoin(frame, zones[day], predicate="within"))

    def join() -> int:
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(one, range(len(zones))))

    return spent, join


def sedonadb(work: Work) -> Prepared:
    import pyarrow as pa

    base = import_module("sedonadb").connect()
    points = pa.table({"lon": work.longitude, "lat": work.latitude, "day": work.day.astype(np.int32)})
    base.create_data_frame(points).to_memtable().to_view("points")
    start = time.perf_counter()
    zones = pa.table({"day": np.arange(len(work.shapes), dtype=np.int32), "wkb": shapely.to_wkb(work.shapes)})
    base.create_data_frame(zones).to_view("zones_in")
    base.sql("SELECT day, ST_GeomFromWKB(wkb) AS geom FROM zones_in").to_memtable().to_view("zones")
    spent = time.perf_counter() - start
    query = (
        "SELECT count(*) AS hits FROM points p JOIN zones z "
        "ON ST_Contains(z.geom, ST_Point(p.lon, p.lat)) AND p.day = z.day"
    )
    return spent, lambda: int(pa.table(base.sql(query))["hits"][0].as_py())


WAYS: dict[str, tuple[str, Callable[[Work], Prepared]]] = {
    "truceline": ("Truceline `join_sides`", truceline),
    "duckdb_cells": ("DuckDB, zones cut to 0.25° cells", duckdb_cells),
    "polars_shapely": ("Polars + `shapely.contains_xy`, a thread a part", polars_shapely),
    "geopandas_sjoin": ("GeoPandas `sjoin`, day by day", geopandas_sjoin),
    "sedonadb": ("SedonaDB", sedonadb),
    "duckdb_spatial": ("DuckDB spatial `ST_Contains`", duckdb_spatial),
}


def _peak_mb() -> float:
    """Peak memory of this process; where the system tells it, without what it was started from."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_way(name: str, folder: Path, points: str, repeats: int, *, patience_s: float) -> dict[str, Any]:
    """Time one way in this process; slow ways are not repeated."""
    prepare_s, join = WAYS[name][1](Work(folder, points))
    times: list[float] = []
    hits = -1
    for _ in range(repeats):
        start = time.perf_counter()
        hits = join()
        times.append(time.perf_counter() - start)
        if sum(times) > patience_s:
            break
    peak_mb = _peak_mb()
    return {
        "prepare_s": prepare_s,
        "join_s": min(times),
        "repeats": len(times),
        "hits": hits,
        "peak_mb": peak_mb,
    }


def make_points(shapes: list[Any], kind: str, count: int, folder: Path) -> None:
    """Write one seeded set of points with their days."""
    rng = np.random.default_rng(2030 if kind == "uniform" else 2031)
    bounds = np.array([ground.bounds for ground in shapes])
    if kind == "uniform":
        longitude = rng.uniform(bounds[:, 0].min(), bounds[:, 2].max(), count)
        latitude = rng.uniform(bounds[:, 1].min(), bounds[:, 3].max(), count)
    else:
        along = shapely.get_coordinates(shapely.segmentize(shapely.boundary(shapes[0]), 0.01))
        at = along[rng.integers(0, len(along), count)]
        away_km, bearing = NEAR_KM * np.sqrt(rng.uniform(0, 1, count)), rng.uniform(0, 2 * np.pi, count)
        longitude = at[:, 0] + away_km * np.cos(bearing) / (111.2 * np.cos(np.radians(at[:, 1])))
        latitude = at[:, 1] + away_km * np.sin(bearing) / 111.2
    np.save(folder / f"{kind}_lon.npy", longitude)
    np.save(folder / f"{kind}_lat.npy", latitude)
    np.save(folder / f"{kind}_day.npy", rng.integers(0, len(shapes), count).astype(np.int16))


def check_answers(folder: Path, points: str) -> str:
    """Answers against ``shapely.contains_xy`` on every point, and on every vertex of every day."""
    from truceline.line.join import INSIDE, ON_LINE, build_cells, join_sides

    work = Work(folder, points)
    cells = build_cells(work.shapes)
    got = join_sides(cells, work.longitude, work.latitude, work.day, threads=THREADS)
    apart = near = 0
    for day, ground in enumerate(work.shapes):
        shapely.prepare(ground)
        rows = np.flatnonzero(work.day == day)
        wrong = rows[
            (got[rows] == INSIDE) != shapely.contains_xy(ground, work.longitude[rows], work.latitude[rows])
        ]
        away = shapely.distance(ground.boundary, shapely.points(work.longitude[wrong], work.latitude[wrong]))
        apart += int(np.count_nonzero(away > 1e-9))
        near += int(np.count_nonzero(away <= 1e-9))
    vertices = [shapely.get_coordinates(ground) for ground in work.shapes]
    days = np.repeat(np.arange(len(vertices)), [len(v) for v in vertices])
    every = np.vstack(vertices)
    on_line = int(np.count_nonzero(join_sides(cells, every[:, 0], every[:, 1], days) == ON_LINE))
    return (
        f"{apart} disagreements off the boundary, {near} within 1e-9° of it; "
        f"{on_line:,} of {len(every):,} polygon vertices are `on_line`"
    )


def peers_python(folder: Path) -> Path:
    """The peers' own environment, made where absent."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        for package in PEER_PACKAGES:  # one by one: what is not to be had is absent, the others are not
            subprocess.run([str(python), "-m", "pip", "install", "-q", package], check=False)
    return python


def measure(name: str, python: Path, folder: Path, points: str, repeats: int) -> dict[str, Any] | str:
    command = [str(python), __file__, "--way", name, "--folder", str(folder), "--points", points, "--repeats", str(repeats)]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    environment["PYTHONPATH"] = str(ROOT / "src") if name == "truceline" else ""
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no message"])[-1][:160]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def report(results: dict[str, dict[str, Any]], checks: dict[str, str], *, count: int, n_shapes: int) -> str:
    lines = [
        "# Join of points to the side of the line on their date",
        "",
        f"Made by `python benchmarks/join.py`: {count:,} points in memory, {n_shapes} daily polygons, "
        f"{THREADS} threads, shortest of the repeats, each way in a process of its own. Preparation of the "
        "polygons is apart. Peers return the number of hits, Truceline the side of every point.",
        "",
        f"{platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, numpy {np.__version__}, "
        f"shapely {shapely.__version__}; load before the run {os.getloadavg()[0]:.1f} "
        "(above 0: others used the cores too).",
        "",
    ]
    for points, title in (
        ("uniform", "Uniform over the box"),
        ("near", f"Within {NEAR_KM:g} km of the boundary"),
    ):
        own = results[points]["truceline"]["join_s"]
        lines += [f"## {title}", "", "| way | preparation, s | join, s | times ours | repeats | hits | peak MB |", "|---|---|---|---|---|---|---|"]  # fmt: skip
        for name, answer in results[points].items():
            if isinstance(answer, str):
                lines.append(f"| {WAYS[name][0]} | absent: {answer} | | | | | |")
                continue
            lines.append(
                f"| {WAYS[name][0]} | {answer['prepare_s']:.2f} | {answer['join_s']:.3f} | {answer['join_s'] / own:.1f} "
                f"| {answer['repeats']} | {answer['hits']:,} | {answer['peak_mb']:.0f} |"
            )
        lines += ["", f"Against `shapely.contains_xy`: {checks[points]}.", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TRUCELINE_DATA", ROOT.parent / "shared/data")))  # fmt: skip
    parser.add_argument("--out", type=Path)
    parser.add_argument("--count", type=int, default=20_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument(
        "--environment", type=Path, default=Path(tempfile.gettempdir()) / "truceline-join-peers"
    )
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--points", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(
            json.dumps(run_way(options.way, options.folder, options.points, options.repeats, patience_s=10))
        )
        return
    files = sorted((options.data / "deepstate").glob("deepstatemap_data_202504*.geojson"))
    if not files:
        print(f"not measured: no polygons under {options.data / 'deepstate'}", file=sys.stderr)
        return
    shapes = [shape(json.loads(file.read_text())["features"][0]["geometry"]) for file in files]
    python = peers_python(options.environment)
    names = [name for name in WAYS if name in options.ways.split(",")]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "shapes.wkb").write_text("\n".join(ground.wkb_hex for ground in shapes))
        results: dict[str, dict[str, Any]] = {}
        checks: dict[str, str] = {}
        for points in ("uniform", "near"):
            make_points(shapes, points, options.count, folder)
            checks[points] = check_answers(folder, points)
            results[points] = {}
            for name in names:
                own = name == "truceline"
                results[points][name] = measure(name, Path(sys.executable) if own else python, folder, points, options.repeats)  # fmt: skip
                print(points, name, results[points][name], file=sys.stderr, flush=True)
        text = report(results, checks, count=options.count, n_shapes=len(shapes))
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
