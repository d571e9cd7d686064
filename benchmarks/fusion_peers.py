"""Fusion beside other ways of grouping: speed and quality in one table, in one run.

    python benchmarks/fusion_peers.py --out docs/benchmarks/fusion_peers.md
    python benchmarks/fusion_peers.py --quick

Ours, DBSCAN (scikit-learn), fast-hdbscan, PyOcto on acoustic arrivals, counting per cell and day. The peers
live in an environment of their own, made on the first run from ``fusion_peers.txt``; one that cannot be
installed is named as absent. Every way runs in a process of its own and is given what it wants, in memory;
peers are given places and times with the copies already removed, by the truth. Their settings are the
best of a grid on a development seed; the table is of another seed.
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
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = Path(__file__).with_suffix(".txt")
DEVELOPMENT, PUBLISHED = 0, 5000
SOUND_KM_S, REACH_KM = 0.34, 12.0
#: seconds after which a way that has not answered is left
PATIENCE_S = 900
#: an answer: wall and processor seconds, and a label of each point (−1: none)
Answer = tuple[tuple[float, float], Any]


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(start: tuple[float, float]) -> tuple[float, float]:
    return time.perf_counter() - start[0], time.process_time() - start[1]


# -- ways (each runs in a process of its own) ---------------------------------------------------
def truceline(folder: Path, _setting: dict[str, Any]) -> Answer:
    """From the table of observations, copies and all, to incidents with existence."""
    return _truceline(folder, "observations.parquet")


def truceline_arrivals(folder: Path, _setting: dict[str, Any]) -> Answer:
    """The same of nothing but when sound came to which station."""
    return _truceline(folder, "arrivals.parquet")


def _truceline(folder: Path, name: str) -> Answer:
    import pyarrow.parquet as pq

    from truceline.base.geodesy import LocalFrame
    from truceline.origins.collapse import collapse_copies
    from truceline.schema import AREAS, COVERAGE, OBSERVATIONS
    from truceline.scoring.score import partition_of
    from truceline.workflow.engine import Setting, complete_setting, group

    about = json.loads((folder / "about.json").read_text())
    observations = pq.read_table(folder / name).cast(OBSERVATIONS.arrow)
    setting = complete_setting(
        Setting(
            observations=observations,
            coverage=pq.read_table(folder / "coverage.parquet").cast(COVERAGE.arrow),
            areas=pq.read_table(folder / "areas.parquet").cast(AREAS.arrow),
            parties=tuple(about["parties"]),
            hard_sources=tuple(about["hard"]),
            acts=tuple(about["acts"]),
            frame=LocalFrame(*about["frame"]),
        )
    )
    start = _now()
    incidents = group(collapse_copies(observations), setting)
    spent = _since(start)
    found = partition_of(incidents, observations)
    np.save(folder / f"existence.{name}.npy", found.existence_p)
    return spent, found.group


def _points(folder: Path, setting: dict[str, Any]) -> Any:
    points = np.load(folder / "points.npy")
    scale = setting["eps_m"] / setting["eps_s"]
    return np.ascontiguousarray(points * np.array([1.0, 1.0, scale]))


def sklearn_dbscan(folder: Path, setting: dict[str, Any]) -> Answer:
    cluster = import_module("sklearn.cluster")
    points = _points(folder, setting)
    start = _now()
    label = cluster.DBSCAN(eps=setting["eps_m"], min_samples=setting["least"], n_jobs=2).fit_predict(points)
    return _since(start), label


def fast_hdbscan(folder: Path, setting: dict[str, Any]) -> Answer:
    library = import_module("fast_hdbscan")
    points = _points(folder, setting)
    method = library.HDBSCAN(
        min_cluster_size=2, min_samples=setting["least"], cluster_selection_epsilon=setting["select_m"]
    )
    method.fit_predict(points[:200])  # compiles
    start = _now()
    label = method.fit_predict(points)
    spent = _since(start)
    if setting["alone"]:  # what is in no cluster is an incident by itself
        noise = label < 0
        label[noise] = label.max() + 1 + np.arange(int(noise.sum()))
    return spent, label


def counting(folder: Path, _setting: dict[str, Any]) -> Answer:
    points = np.load(folder / "points.npy")
    start = _now()
    cells = np.floor(points / np.array([10_000.0, 10_000.0, 86_400.0]))
    label = np.unique(cells, axis=0, return_inverse=True)[1].reshape(-1)
    return _since(start), label


def pyocto(folder: Path, setting: dict[str, Any]) -> Answer:
    library, pandas = import_module("pyocto"), import_module("pandas")
    station = np.load(folder / "station.npy")
    places = np.load(folder / "stations.npy") / 1000
    picks = pandas.DataFrame(
        {
            "station": [f"s{k}" for k in station],
            "time": np.load(folder / "arrival_s.npy"),
            "phase": "P",
            "probability": 1.0,
        }
    )
    stations = pandas.DataFrame({"id": [f"s{k}" for k in range(len(places))], "x": places[:, 0], "y": places[:, 1], "z": 0.0})  # fmt: skip
    model = library.VelocityModel0D(
        p_velocity=SOUND_KM_S,
        s_velocity=SOUND_KM_S / 1.7,
        tolerance=setting["tolerance_s"],
        association_cutoff_distance=15.0,
    )
    low, high = places.min(axis=0) - 15, places.max(axis=0) + 15
    method = library.OctoAssociator(
        xlim=(low[0], high[0]),
        ylim=(low[1], high[1]),
        zlim=(0.0, 0.1),
        velocity_model=model,
        time_before=50.0,
        min_node_size=setting["node_km"],
        min_node_size_location=0.2,
        pick_match_tolerance=setting["tolerance_s"],
        min_interevent_time=1.0,
        n_picks=3,
        n_p_picks=3,
        n_s_picks=0,
        n_p_and_s_picks=0,
        min_pick_fraction=0.0,
        n_threads=2,
    )
    start = _now()
    _, assigned = method.associate(picks, stations)
    spent = _since(start)
    label = np.full(len(station), -1, dtype=np.int64)
    label[assigned["pick_idx"].to_numpy()] = assigned["event_idx"].to_numpy()
    return spent, label


WAYS: dict[str, tuple[str, Callable[[Path, dict[str, Any]], Answer]]] = {
    "truceline": ("Truceline", truceline),
    "sklearn_dbscan": ("DBSCAN (scikit-learn)", sklearn_dbscan),
    "fast_hdbscan": ("fast-hdbscan", fast_hdbscan),
    "counting": ("counting per cell and day", counting),
    "truceline_arrivals": ("Truceline, arrivals alone", truceline_arrivals),
    "pyocto": ("PyOcto, arrivals alone", pyocto),
}
_DENSITY = [{"eps_m": m, "eps_s": s} for m in (1_500.0, 3_000.0, 5_000.0) for s in (600.0, 1_800.0, 3_600.0)]
GRIDS: dict[str, list[dict[str, Any]]] = {
    "truceline": [{}],
    "truceline_arrivals": [{}],
    "counting": [{}],
    "sklearn_dbscan": [{**one, "least": least} for one in _DENSITY for least in (1, 2)],
    "fast_hdbscan": [
        {"eps_m": m, "eps_s": s, "least": 1, "select_m": m, "alone": alone}
        for m, s in ((1_500.0, 600.0), (3_000.0, 600.0), (3_000.0, 1_800.0))
        for alone in (False, True)
    ],
    "pyocto": [{"tolerance_s": s, "node_km": km} for s in (4.0, 7.0) for km in (2.0, 5.0)],
}


def run_way(name: str, folder: Path, settings: list[dict[str, Any]]) -> None:
    """In a process of its own: every setting once; labels go into files, the rest to stdout."""
    told = []
    for k, setting in enumerate(settings):
        seconds, label = WAYS[name][1](folder, setting)
        np.save(folder / f"{name}.{k}.npy", np.asarray(label, dtype=np.int64))
        told.append(seconds)
    print(json.dumps({"seconds": told, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Peak memory of this process; where the system tells it, without what it was started from."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# -- fronts -------------------------------------------------------------------------------------
class Trial:
    """A front with what every way wants of it, in a folder."""

    def __init__(self, folder: Path, regime: str, seed: int, **changes: Any) -> None:
        from truceline.scoring.baselines import make_points
        from truceline.scoring.truth import link, make_truth

        simulate: Any = import_module("truceline.simulate")
        self.folder = folder
        folder.mkdir(parents=True)
        front = simulate.play(simulate.read_regime(regime, **changes), seed=seed)
        self.observations, self.coverage, self.frame = front.observations, front.coverage, front.frame
        self.hard, self.about = front.hard_sources, front
        self.truth = make_truth(front.truth.incidents, front.truth.links)
        if changes.get("sensors"):
            self._sound_alone()
        self.linked = link(self.observations, self.truth)
        self.points = make_points(self.observations, self.linked.origin, frame=self.frame)
        self._write()

    def _sound_alone(self) -> None:
        import pyarrow.compute as pc

        self.observations = self.observations.filter(pc.equal(self.observations["source_id"], "acoustic"))
        self.coverage = self.coverage.filter(pc.equal(self.coverage["source_id"], "acoustic"))
        self.hard = ("acoustic",)

    def _write(self) -> None:
        import pyarrow.parquet as pq

        pq.write_table(self.observations, self.folder / "observations.parquet")
        pq.write_table(self.coverage, self.folder / "coverage.parquet")
        pq.write_table(self.about.areas, self.folder / "areas.parquet")
        frame = self.frame
        about = {"parties": list(self.about.parties), "hard": list(self.hard), "acts": list(self.about.acts), "frame": [frame.name, frame.longitude_deg, frame.latitude_deg]}  # fmt: skip
        (self.folder / "about.json").write_text(json.dumps(about))
        placed = np.isfinite(self.points.x_m)
        self.placed = np.flatnonzero(placed)
        points = np.column_stack([self.points.x_m, self.points.y_m, self.points.time_s])[placed]
        np.save(self.folder / "points.npy", points)

    def add_arrivals(self) -> None:
        """When the sound of each record came to its station: of true events from their place, else from the record's."""
        from truceline.base.columns import codes, floats, micros

        sensor, names = codes(self.observations["sensor_id"])
        circle, circle_names = codes(self.coverage["sensor_id"])
        x, y = self.frame.to_plane(
            floats(self.coverage["longitude_deg"]), floats(self.coverage["latitude_deg"])
        )
        first = {name: int(np.flatnonzero(circle == k)[0]) for k, name in enumerate(circle_names)}
        stations = np.array([[x[first[name]], y[first[name]]] for name in names])
        event = self.linked.event
        own_x, own_y = self.frame.to_plane(
            floats(self.observations["longitude_deg"]), floats(self.observations["latitude_deg"])
        )
        true_x, true_y = self.frame.to_plane(self.truth.longitude_deg, self.truth.latitude_deg)
        at_x, at_y = np.where(event >= 0, true_x[event], own_x), np.where(event >= 0, true_y[event], own_y)
        middle = (micros(self.observations["occurred_from"]) + micros(self.observations["occurred_until"])) / 2e6  # fmt: skip
        away_km = np.hypot(at_x - stations[sensor, 0], at_y - stations[sensor, 1]) / 1000
        np.save(self.folder / "arrival_s.npy", middle + away_km / SOUND_KM_S)
        np.save(self.folder / "station.npy", sensor)
        np.save(self.folder / "stations.npy", stations)
        self._write_arrivals(stations[sensor], middle + away_km / SOUND_KM_S)

    def _write_arrivals(self, at_m: Any, arrival_s: Any) -> None:
        """The records as arrivals: somewhere within reach of the station, not long before."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        longitude, latitude = self.frame.to_globe(at_m[:, 0], at_m[:, 1])
        since = (REACH_KM / SOUND_KM_S + 6) * 1e6
        until_us = np.rint((arrival_s + 6) * 1e6).astype(np.int64)
        moment = pa.timestamp("us", tz="UTC")
        changed = {
            "longitude_deg": pa.array(longitude),
            "latitude_deg": pa.array(latitude),
            "position_sd_m": pa.array(np.full(len(longitude), REACH_KM * 500)),
            "occurred_from": pa.array((until_us - since).astype(np.int64)).cast(moment),
            "occurred_until": pa.array(until_us).cast(moment),
        }
        table = self.observations
        for name, values in changed.items():
            table = table.set_column(
                table.schema.get_field_index(name), table.schema.field(name), pa.chunked_array([values])
            )
        for name in ("range_min_m", "range_max_m", "bearing_min_deg", "bearing_max_deg", "observer_longitude_deg", "observer_latitude_deg"):  # fmt: skip
            table = table.set_column(
                table.schema.get_field_index(name), name, pa.nulls(table.num_rows, pa.float64())
            )
        pq.write_table(table, self.folder / "arrivals.parquet")

    def judge(self, name: str, k: int) -> dict[str, float]:
        """Scores of one answer."""
        from truceline.scoring.identity import Partition, id_f1, own_events, pair_f1

        label = np.load(self.folder / f"{name}.{k}.npy")
        if name in ("truceline", "truceline_arrivals", "pyocto"):
            group = label
        else:
            of_point = np.full(len(self.points.x_m), -1, dtype=np.int64)
            of_point[self.placed] = label
            group = of_point[self.points.of_record]
        existence = np.full(int(group.max(initial=-1)) + 1, np.nan)
        if name.startswith("truceline"):
            table = "observations" if name == "truceline" else "arrivals"
            existence = np.load(self.folder / f"existence.{table}.parquet.npy")
        found = Partition(group=group, existence_p=existence)
        score = id_f1(found, self.linked)
        per_event = np.bincount(self.linked.event[self.linked.event >= 0], minlength=self.linked.n_events)
        reached = np.unique(own_events(found, self.linked)[found.reported])
        three = per_event >= 3
        told = np.intersect1d(reached, np.flatnonzero(three))
        return {
            "id_f1": score.f1, "pair_f1": pair_f1(found, self.linked), "precision": score.precision,
            "recall": score.recall, "recall3": len(told) / max(int(three.sum()), 1),
        }  # fmt: skip


# -- running ------------------------------------------------------------------------------------
def peers_python(folder: Path) -> Path:
    """The peers' own environment: by uv, by pip, and at last package by package."""
    python = folder / "bin" / "python"
    done = folder / ".done"
    if not done.exists():
        venv.create(folder, with_pip=True)
        uv = Path(sys.executable).parent / "uv"
        ways = [[str(uv), "pip", "install", "-q", "--python", str(python), "-r", str(REQUIREMENTS)]] if uv.exists() else []  # fmt: skip
        ways.append([str(python), "-m", "pip", "install", "-q", "-r", str(REQUIREMENTS)])
        if not any(subprocess.run(way, check=False, capture_output=True).returncode == 0 for way in ways):
            for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines():
                name = line.partition("==")[0]
                subprocess.run([str(python), "-m", "pip", "install", "-q", name], check=False)
        done.touch()
    return python


def measure(name: str, python: Path, trial: Trial, settings: list[dict[str, Any]]) -> dict[str, Any] | str:
    """Run one way on one trial; the last line of its fault where it fails."""
    own = name.startswith("truceline")
    command = [sys.executable if own else str(python), __file__, "--way", name, "--folder", str(trial.folder), "--settings", json.dumps(settings)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src") if own else "", "OMP_NUM_THREADS": "2"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, check=False, timeout=PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return f"not done after {PATIENCE_S} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no message"])[-1][:160]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def compare(names: list[str], python: Path, development: Trial, published: Trial) -> list[dict[str, Any]]:
    """Choose each way's setting on one trial, measure it on the other."""
    rows = []
    for name in names:
        settings = GRIDS[name]
        if len(settings) > 1:
            tried = measure(name, python, development, settings)
            if isinstance(tried, str):
                rows.append({"name": name, "absent": tried})
                continue
            scores = [development.judge(name, k)["id_f1"] for k in range(len(settings))]
            settings = [settings[int(np.argmax(scores))]]
        answer = measure(name, python, published, settings)
        if isinstance(answer, str):
            rows.append({"name": name, "absent": answer})
            continue
        n = (
            published.observations.num_rows
            if name in ("truceline", "truceline_arrivals", "pyocto")
            else len(published.placed)
        )
        row: dict[str, Any] = {"name": name, "setting": settings[0], "n": n}
        rows.append(row | answer | published.judge(name, 0))
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def table(rows: list[dict[str, Any]], *, sound: bool = False) -> list[str]:
    head = [
        "way",
        "records",
        "wall s",
        "processor s",
        "records per processor s",
        "MB",
        "id_f1",
        "pair_f1",
        "precision",
        "recall",
    ]
    head += ["recall of events with 3 arrivals"] if sound else []
    head += ["setting"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        title = WAYS[row["name"]][0]
        if "absent" in row:
            lines.append(f"| {title} | absent: {row['absent']} |" + " |" * (len(head) - 2))
            continue
        wall_s, seconds = row["seconds"][0]
        cells = [title, f"{row['n']:,}", f"{wall_s:.3f}", f"{seconds:.3f}", f"{row['n'] / max(seconds, 1e-9):,.0f}", f"{row['peak_mb']:.0f}"]  # fmt: skip
        cells += [
            "" if np.isnan(row[key]) else f"{row[key]:.3f}"
            for key in ("id_f1", "pair_f1", "precision", "recall")
        ]
        cells += [f"{row['recall3']:.3f}"] if sound else []
        setting = ", ".join(f"{key} {value:g}" for key, value in row["setting"].items())
        lines.append("| " + " | ".join([*cells, setting]) + " |")
    return [*lines, ""]


def report(tables: list[tuple[str, list[str]]]) -> str:
    lines = [
        "# Fusion beside other ways of grouping",
        "",
        "Made by `python benchmarks/fusion_peers.py` on simulated fronts: settings of the peers were chosen on seed "
        f"{DEVELOPMENT} (best `id_f1` of a grid), the tables are of seed {PUBLISHED}. Each way runs in a process of its own; "
        "seconds are of the grouping alone, data in memory; processor time is that of all its threads, for the machine may be "
        "shared. Truceline is given the table with all copies and does "
        "everything from finding copies to the existence of each incident; peers are given points with the copies removed "
        "by the truth, and tell every group. `id_f1` counts each true event once, missed ones included "
        "(see [evaluation](../evaluation.md)).",
        "",
        f"{platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, numpy {np.__version__}; "
        f"load at the end of the run {os.getloadavg()[0]:.1f} (above 2: others used the cores too, and wall seconds say little). Peers: "
        f"{', '.join(line for line in REQUIREMENTS.read_text(encoding='utf-8').split() if line.startswith(('scikit', 'fast', 'pyocto')))}.",
        "",
    ]
    for title, rows in tables:
        lines += [f"## {title}", "", *rows]
    return "\n".join(lines).rstrip("\n") + "\n"


SOUND = {"acoustic": {"per_1000_km": 250, "at_hot_spots": 0.2, "depth_km": 5, "shadow_share": 0.0}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--quick", action="store_true", help="short fronts")
    parser.add_argument(
        "--environment", type=Path, default=Path(tempfile.gettempdir()) / "truceline-fusion-peers"
    )
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--settings", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        run_way(options.way, options.folder, json.loads(options.settings))
        return
    python = peers_python(options.environment)
    tables = []
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        small = {"days": 6, "length_km": 400} if options.quick else {}
        fronts: list[tuple[str, str, dict[str, Any]]] = [
            ("Every source, 300 salvos a day", "plain", small),
            ("Every source, 3,000 salvos a day", "war", {**small, "days": 4 if options.quick else 6}),
        ]
        for title, regime, changes in fronts:
            trials = [Trial(base / f"{regime}-{seed}", regime, seed, **changes) for seed in (DEVELOPMENT, PUBLISHED)]  # fmt: skip
            names = [name for name in WAYS if name not in ("pyocto", "truceline_arrivals")]
            tables.append((title, table(compare(names, python, *trials))))
        for salvos in (150, 1_500):
            size = {"days": 2 if options.quick else 5, "length_km": 150, "salvos_per_day": salvos}
            trials = [Trial(base / f"sound-{salvos}-{seed}", "plain", seed, sensors=SOUND, **size) for seed in (DEVELOPMENT, PUBLISHED)]  # fmt: skip
            for trial in trials:
                trial.add_arrivals()
            title = f"Sound alone: a dense acoustic network over 150 km, {salvos:,} salvos a day"
            tables.append((title, table(compare(list(WAYS), python, *trials), sound=True)))
    text = report(tables)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
