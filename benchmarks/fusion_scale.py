"""Fusion in blocks from ten thousand observations to ten million: time, memory, workers.

    python benchmarks/fusion_scale.py --out docs/benchmarks/fusion_scale.md
    python benchmarks/fusion_scale.py --sizes 10000 100000      fewer sizes
    python benchmarks/fusion_scale.py --data FOLDER             keep what is simulated there, and use it again

The observations are of simulated fronts (``truceline.simulate``), written to Parquet in pieces of thirty
days and read from there; longer means more days. Sparse: 600 salvos a day on 2,000 km. Dense: 12,000.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fusion_steps import REST, STEPS, Clock, write_steps

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
DENSE_SIZE = 250_000
CLUSTER_SIZE = 200_000
#: salvos a day, and about how many observations come of them
SPARSE, DENSE = 600, 12_000
DAILY = {SPARSE: 1_100, DENSE: 19_000}
SEED = 5
PROMISED = {"sparse": 150_000, "dense": 40_000, "seconds": 60.0, "bytes": 200.0}
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run in processes of its own."""

    n: int
    n_workers: int
    pairs: float  #: gated pairs a node
    wall_s: float
    cpu_s: float
    load: float
    bytes_each: float  #: beyond what Python and its modules take, of all processes together
    peak_mb: float
    n_incidents: int
    share_beyond: float
    input_mb: float
    output_mb: float
    digest: str


# -- the data ---------------------------------------------------------------------------------------
def make_folder(folder: Path, *, fire: int, n: int) -> Path:
    """Simulate until there are ``n`` observations, in pieces as they come; nothing where it was done before."""
    from truceline.simulate import play_periods, read_regime

    done = folder / "done"
    if done.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    left = n
    regime = read_regime("plain", days=max(3, int(1.3 * n / DAILY[fire]) + 1), salvos_per_day=fire)
    for k, piece in enumerate(play_periods(regime, seed=SEED)):
        raw = ["raw_file", "raw_row", "raw_digest"]
        observations = piece.observations.drop(raw)
        if observations.num_rows > left:
            observations = observations.sort_by("occurred_from").slice(0, left)
        pq.write_table(observations, folder / f"observations-{k:04d}.parquet", compression="lz4")
        pq.write_table(piece.coverage.drop(raw), folder / f"coverage-{k:04d}.parquet", compression="lz4")
        if not k:
            pq.write_table(piece.areas, folder / "areas.parquet")
            (folder / "frame.pickle").write_bytes(pickle.dumps(piece.frame))
        left -= observations.num_rows
        if left <= 0:
            break
    done.touch()
    return folder


def make_apart(folder: Path, *, fire: int, n: int) -> Path:
    """The same in a process of its own: a new process counts the memory of the one that starts it as its own peak."""
    command = [sys.executable, __file__, "--make", str(folder), str(fire), str(n)]
    subprocess.run(command, check=True, cwd=ROOT)
    return folder


# -- one run, in a process of its own -----------------------------------------------------------------
def run_one(folder: Path, n_workers: int, *, cluster: str) -> None:
    """Fuse a folder and print what it took as JSON. cluster : "", "calm", or "kill" a Dask worker."""
    from truceline.fusion.blocks import Setting, fuse_parts
    from truceline.fusion.grid import Grid
    from truceline.fusion.rows import FolderRows
    from truceline.fusion.workers import OnDask, give_back_memory, in_processes, in_turn

    pa.set_cpu_count(1)
    give_back_memory()
    base_mb = _peak_mb(resource.RUSAGE_SELF)
    setting = Setting(
        frame=pickle.loads((folder / "frame.pickle").read_bytes()),  # made by ourselves
        areas=pq.read_table(folder / "areas.parquet"),
        grid=Grid(chapters_a_task=1) if cluster else Grid(),
    )
    started = time.perf_counter()
    totals = dict.fromkeys(("observations", "nodes", "pairs", "incidents", "beyond"), 0)
    lines: list[bytes] = []
    with tempfile.TemporaryDirectory() as out:

        def take(parts: Any) -> None:
            for k, part in enumerate(parts):
                pq.write_table(part.incidents, Path(out) / f"{k}.parquet", compression="lz4")
                for name, value in zip(totals, (part.n_observations, part.n_nodes, part.n_pairs, part.incidents.num_rows, part.n_beyond), strict=True):  # fmt: skip
                    totals[name] += value
                if cluster:
                    lines.append(repr(part.incidents.to_pydict()).encode())

        rows = FolderRows(folder=folder)
        if cluster:
            take(
                fuse_parts(rows, setting=setting, run=_on_cluster(OnDask, n_workers, kill=cluster == "kill"))
            )
        else:
            take(
                fuse_parts(rows, setting=setting, run=in_turn if n_workers == 1 else in_processes(n_workers))
            )
        wall_s = time.perf_counter() - started
        output_mb = sum(path.stat().st_size for path in Path(out).iterdir()) / 1e6
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    peaks = [_peak_mb(resource.RUSAGE_SELF)] + [_peak_mb(resource.RUSAGE_CHILDREN)] * (
        n_workers > 1
    ) * n_workers
    print(json.dumps({
        "n": totals["observations"], "n_workers": n_workers, "pairs": totals["pairs"] / max(totals["nodes"], 1),
        "wall_s": wall_s, "cpu_s": own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime,
        "load": os.getloadavg()[0], "bytes_each": sum(peak - base_mb for peak in peaks) * 1e6 / totals["observations"],
        "peak_mb": sum(peaks), "n_incidents": totals["incidents"], "share_beyond": totals["beyond"] / totals["nodes"],
        "input_mb": sum(path.stat().st_size for path in folder.glob("*.parquet")) / 1e6, "output_mb": output_mb,
        "digest": hashlib.sha256(b"".join(lines)).hexdigest()[:12],
    }))  # fmt: skip


def time_steps(folder: Path) -> None:
    """Fuse a folder in this process and print microseconds an observation, step by step, as JSON."""
    from truceline.fusion.blocks import Setting, fuse_parts
    from truceline.fusion.rows import FolderRows
    from truceline.fusion.workers import give_back_memory, in_turn

    pa.set_cpu_count(1)
    give_back_memory()
    clock = Clock()
    clock.watch()
    write = clock.timed("writing Parquet", pq.write_table)
    frame = pickle.loads((folder / "frame.pickle").read_bytes())  # made by ourselves
    setting = Setting(frame=frame, areas=pq.read_table(folder / "areas.parquet"))
    begun, n = time.process_time(), 0
    with tempfile.TemporaryDirectory() as out:
        for k, part in enumerate(fuse_parts(FolderRows(folder=folder), setting=setting, run=in_turn)):
            write(part.incidents, Path(out) / f"{k}.parquet", compression="lz4")
            n += part.n_observations
    whole = time.process_time() - begun
    spent = {
        **dict.fromkeys(STEPS, 0.0),
        **clock.spent_s,
        REST: whole - sum(clock.spent_s.values()),
        "all": whole,
    }
    print(json.dumps({name: value / n * 1e6 for name, value in spent.items()}))


def measure_steps(folder: Path) -> dict[str, float]:
    """The steps of a folder, in a new process."""
    command = [sys.executable, __file__, "--steps", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _on_cluster(on_dask: Any, n_workers: int, *, kill: bool) -> Any:
    """Runs tasks on local workers of Dask; one is killed as soon as the third result is there."""
    import distributed

    cluster = distributed.LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=None)
    client = distributed.Client(cluster)
    pids = client.run(os.getpid)
    run = on_dask(client)

    def killing(function: Any, tasks: Any) -> Any:
        if kill and function.__name__ == "fuse_task":
            threading.Timer(5.0, os.kill, (next(iter(pids.values())), signal.SIGKILL)).start()
        yield from run(function, tasks)

    return killing


def _peak_mb(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def measure(folder: Path, n_workers: int, *, cluster: str = "") -> Run:
    """One run in a new process."""
    command = [sys.executable, __file__, "--one", str(folder), str(n_workers), cluster or "none"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    found = Run(**json.loads(done.stdout.splitlines()[-1]))
    print(f"{folder.name} {n_workers} {cluster}: {found.wall_s:.1f} s, {found.n / found.cpu_s:,.0f}/s", file=sys.stderr)  # fmt: skip
    return found


# -- the page -----------------------------------------------------------------------------------------
def draw_plot(runs: Sequence[Run]) -> str:
    """Processor seconds, and megabytes beyond the modules, against observations; logarithmic, as SVG."""
    from math import log10

    width, height, left, bottom, top = 720, 330, 64, 40, 30
    panel = (width - 2 * left - 16) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11" fill="#222"><rect width="100%" height="100%" fill="#fff"/>'
    ]
    panels: tuple[tuple[str, list[float], int, int], ...] = (
        ("processor seconds", [run.cpu_s for run in runs], 0, 4),
        ("megabytes beyond Python and its modules", [run.bytes_each * run.n / 1e6 for run in runs], 1, 4),
    )
    for k, (title, values, low, high) in enumerate(panels):
        x0 = left + k * (panel + left)
        across = [x0 + panel * (log10(run.n) - 4) / 3 for run in runs]
        rise = (height - bottom - top) / (high - low)
        up = [height - bottom - rise * (log10(max(value, 10**low)) - low) for value in values]
        parts.append(f'<text x="{x0:.0f}" y="16" font-weight="600">{title}</text>')
        for power in range(low, high + 1):
            y = height - bottom - rise * (power - low)
            parts.append(f'<path d="M{x0:.1f} {y:.1f}h{panel:.1f}" stroke="#ddd"/><text x="{x0 - 5:.1f}" y="{y + 4:.1f}" text-anchor="end">{10**power:,}</text>')  # fmt: skip
        for power in range(4, 8):
            parts.append(f'<text x="{x0 + panel * (power - 4) / 3:.1f}" y="{height - bottom + 16}" text-anchor="middle">10{"⁴⁵⁶⁷"[power - 4]}</text>')  # fmt: skip
        parts.append(f'<text x="{x0 + panel / 2:.1f}" y="{height - 6}" text-anchor="middle">observations</text>')  # fmt: skip
        if len(runs) > 1 and not k:  # one line that grows as the number does, through the last run
            drop = rise * (log10(runs[-1].n) - log10(runs[0].n))
            parts.append(f'<path d="M{across[-1]:.1f} {up[-1]:.1f}L{across[0]:.1f} {up[-1] + drop:.1f}" stroke="#b3541e" stroke-dasharray="4 3"/>')  # fmt: skip
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up, strict=True))
        parts.append(f'<polyline points="{line}" fill="none" stroke="#1f5a8a" stroke-width="1.6"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1f5a8a"/>' for x, y in zip(across, up, strict=True)]  # fmt: skip
    parts.append(f'<text x="{left + panel}" y="{height - bottom - 8}" text-anchor="end" fill="#b3541e">dashed: in proportion</text></svg>')  # fmt: skip
    return "\n".join(parts) + "\n"


def _ten_million(last: Run) -> str:
    if last.n >= 9_900_000:
        return f"{last.wall_s:,.0f} ({last.cpu_s:,.0f} of processor, load {last.load:.0f})"
    alone_s = last.cpu_s / last.n * 1e7 / last.n_workers
    return (
        f"not run to its end on this machine, which others used; {last.n:,} took {last.wall_s:,.0f} "
        f"({last.cpu_s:,.0f} of processor, load {last.load:.0f}), which makes {alone_s:,.0f} of undisturbed cores"
    )


def _verdict(met: bool) -> str:
    return "met" if met else "**not met**"


COSTS: tuple[tuple[str, Callable[[Run], float]], ...] = (
    ("processor seconds", lambda run: run.cpu_s / run.n * 1e6),
    ("MB of Parquet read (observations and coverage)", lambda run: run.input_mb / run.n * 1e6),
    ("MB of Parquet written (incidents)", lambda run: run.output_mb / run.n * 1e6),
)


def write_page(
    runs: Sequence[Run],
    sparse: Run,
    dense: Run,
    clusters: Sequence[tuple[str, Run]],
    steps: Sequence[dict[str, float]],
    *,
    plot_name: str,
) -> str:
    """The page: targets, growth, workers, unit costs."""
    last = runs[-1]

    def rate(run: Run) -> float:
        return run.n / run.cpu_s

    lines = [
        "# Fusion in blocks, from ten thousand observations to ten million",
        "",
        f"By `benchmarks/fusion_scale.py` on {os.cpu_count()} cores: simulated fronts of 2,000 km (regime `plain`), "
        f"{SPARSE} salvos a day and, dense, {DENSE:,}; more observations are more days. Read from Parquet, incidents "
        "written to Parquet, each run in new processes. Load: how many processes wanted the cores in the last minute; "
        "others that share the caches slow the processor seconds too.",
        "",
        "| quantity | target | measured | |",
        "|---|---|---|---|",
        f"| observations a second and core, {sparse.pairs:.1f} gated pairs a node | {PROMISED['sparse']:,} | {rate(sparse):,.0f} | {_verdict(rate(sparse) >= PROMISED['sparse'])} |",
        f"| the same at {dense.pairs:.0f} pairs | {PROMISED['dense']:,} | {rate(dense):,.0f} | {_verdict(rate(dense) >= PROMISED['dense'])} |",
        f"| 10,000,000 observations, {last.n_workers} workers, seconds | {PROMISED['seconds']:.0f} | {_ten_million(last)} | {_verdict(last.wall_s * 1e7 / last.n <= PROMISED['seconds'])} |",
        f"| bytes an observation beyond Python and its modules | {PROMISED['bytes']:.0f} | {last.bytes_each:.0f} | {_verdict(last.bytes_each <= PROMISED['bytes'])} |",
        "",
        f"![Time and memory against the number of observations]({plot_name})",
        "",
        "| observations | workers | pairs a node | seconds | processor seconds | a second and core | load | MB beyond modules | bytes each | incidents | beyond the halo |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {run.n:,} | {run.n_workers} | {run.pairs:.1f} | {run.wall_s:.1f} | {run.cpu_s:.1f} | {rate(run):,.0f} | {run.load:.1f} | {run.bytes_each * run.n / 1e6:,.0f} | {run.bytes_each:,.0f} | {run.n_incidents:,} | {run.share_beyond:.1%} |"
            for run in [*runs, sparse, dense]
        ),
        "",
        "What is read of the input at a time is in the memory, for it is not held otherwise. A worker "
        "holds one task, which does not grow with the number of observations; so the bytes of each fall as they grow.",
        "",
        *write_steps(steps[0], steps[1], PROMISED),
        "## Workers of a cluster",
        "",
    ]  # fmt: skip
    if clusters:
        same = len({run.digest for _, run in clusters}) == 1
        lines += [
            "Local workers of Dask, each of one thread; in `kill` one of them is killed (SIGKILL) amid its tasks.",
            "",
            "| workers | | seconds | incidents | digest of all results |",
            "|---|---|---|---|---|",
            *(f"| {run.n_workers} | {how} | {run.wall_s:.1f} | {run.n_incidents:,} | `{run.digest}` |" for how, run in clusters),
            "",
            "All equal." if same else "**They differ.**",
        ]  # fmt: skip
    else:
        lines += [
            "Left out of this run; they need Dask (`pip install truceline[cluster]`). That 2 and 4 local workers, one of "
            "them killed (SIGKILL) amid its tasks, give the same to the last bit is a law of `tests/laws/test_block_laws.py`."
        ]
    lines += [
        "",
        "## Unit costs, per million observations",
        "",
        "| | sparse | dense |",
        "|---|---|---|",
        *(f"| {name} | {value(last):,.1f} | {value(dense):,.1f} |" for name, value in COSTS),
        "",
    ]
    return "\n".join(lines) + "\n"


def run() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, help="page to write; its plot stands beside it")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--dense-size", type=int, default=DENSE_SIZE)
    parser.add_argument("--data", type=Path, help="where simulated data stay")
    parser.add_argument("--one", nargs=3, metavar=("FOLDER", "WORKERS", "CLUSTER"), help="one run, as JSON")
    parser.add_argument("--steps", type=Path, metavar="FOLDER", help="where one run's time goes, as JSON")
    parser.add_argument("--make", nargs=3, metavar=("FOLDER", "SALVOS", "N"), help="simulate a folder")
    given = parser.parse_args()
    if given.make:
        make_folder(Path(given.make[0]), fire=int(given.make[1]), n=int(given.make[2]))
        return
    if given.steps:
        time_steps(given.steps)
        return
    if given.one:
        run_one(Path(given.one[0]), int(given.one[1]), cluster=given.one[2].replace("none", ""))
        return
    with tempfile.TemporaryDirectory() as temporary:
        data = given.data or Path(temporary)
        folders = [make_apart(data / f"sparse-{n}", fire=SPARSE, n=n) for n in given.sizes]
        thick = make_apart(data / f"dense-{given.dense_size}", fire=DENSE, n=given.dense_size)
        small = make_apart(data / f"sparse-{CLUSTER_SIZE}", fire=SPARSE, n=CLUSTER_SIZE)
        sparse, dense = measure(small, 1), measure(thick, 1)
        steps = [measure_steps(small), measure_steps(thick)]
        clusters = []
        if importlib.util.find_spec("distributed"):
            for n_workers in (2, 4):
                clusters += [(how, measure(small, n_workers, cluster=how)) for how in ("calm", "kill")]
        runs = [measure(folder, 2) for folder in folders]
    name = given.out.with_suffix(".svg").name if given.out else "fusion_scale.svg"
    page = write_page(runs, sparse, dense, clusters, steps, plot_name=name)
    if given.out:
        given.out.write_text(page, encoding="utf-8")
        given.out.with_suffix(".svg").write_text(draw_plot(runs), encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    run()
