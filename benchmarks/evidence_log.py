"""The evidence log: entries a second, durable appends, bytes an entry, proofs, audits; beside pymerkle.

    python benchmarks/evidence_log.py --out docs/benchmarks/evidence_log.md
    python benchmarks/evidence_log.py --entries 1000000 --peer-python PATH

``--peer-python`` names an interpreter with pymerkle (GPL: a peer in an environment of its own, never a
dependency). Rates are by processor time of one process, since the machine may be shared; wall time stands
beside. The log is written twice: on the disk of ``--folder``, with the disk's own rates of ``fdatasync`` and
of new files beside it, and in memory (``/dev/shm``), which shows what the log itself costs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from truceline.custody.audit import audit
from truceline.custody.config import LogConfig
from truceline.custody.disk import Batch
from truceline.custody.entry import Entry, held_entries, plain_entries
from truceline.custody.log import Log
from truceline.custody.merkle import hash_leaf, verify_inclusion
from truceline.custody.proof import prove
from truceline.custody.read import Store
from truceline.custody.salts import random_salts
from truceline.custody.sign import SecretKey

NOW = "2025-04-20T10:00:00Z"
KEY = SecretKey.make("bench.example/log", seed=bytes(32))
BATCH = 8192
PEER = """
import json, sys, time
from pymerkle import InmemoryTree, verify_inclusion
size = int(sys.argv[1])
tree = InmemoryTree(algorithm="sha256")
data = [b"%0180d" % number for number in range(size)]
start = time.process_time()
for entry in data:
    tree.append_entry(entry)
append_s = time.process_time() - start
root = tree.get_state()
start = time.process_time()
for index in range(1, size, size // 200):
    proof = tree.prove_inclusion(index, size)
    verify_inclusion(tree.get_leaf(index), root, proof)
proof_s = (time.process_time() - start) / len(range(1, size, size // 200))
print(json.dumps({"append_s": append_s, "proof_s": proof_s}))
"""


def records(start: int, count: int) -> list[dict[str, Any]]:
    """Observations as a mission has them."""
    return [
        {"act": "shelling", "area": f"A{n % 40}", "count": n % 7, "observation": f"obs-{n:09d}", "place": f"{n % 900} m east", "source": "patrol"}
        for n in range(start, start + count)
    ]  # fmt: skip


def plain(made: list[dict[str, Any]]) -> list[Entry]:
    return plain_entries("observations", made, logged=NOW)


def held(made: list[dict[str, Any]]) -> list[Entry]:
    names = ["act", "area", "count", "observation", "place", "source"]
    rows = [(list(record.values()), random_salts(0, b"")) for record in made]
    return held_entries("observations", rows, names=names, logged=NOW)


def new_log(folder: Path) -> Path:
    Log.create(folder / "log", LogConfig(origin=KEY.name, key=KEY.public), key=KEY, logged=NOW)
    return folder / "log"


def bulk(
    folder: Path, make: Callable[[list[dict[str, Any]]], list[Entry]], entries: int
) -> tuple[float, float]:
    """Entries a second by processor and by wall time: records to a signed checkpoint, all on the disk."""
    log = new_log(folder)
    used_s = wall_s = 0.0
    with Log(log, key=KEY) as writer:
        for start in [*range(0, entries, BATCH), entries]:
            made = records(start, min(BATCH, entries - start))  # what they are is not the log's doing
            started, wall = time.process_time(), time.perf_counter()
            if made:
                writer.append(make(made))
            else:
                writer.checkpoint(logged=NOW)
            used_s += time.process_time() - started
            wall_s += time.perf_counter() - wall
    return entries / used_s, entries / wall_s


def single(folder: Path, *, seconds: float) -> tuple[float, float]:
    """Durable single appends a second, and the disk's own fdatasync a second on the same bytes, by turns."""
    log = new_log(folder)
    entry = plain(records(0, 1))[0]
    ours: list[float] = []
    disk: list[float] = []
    handle = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with Log(log, key=KEY) as writer:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            started = time.perf_counter()
            writer.append([entry])
            ours.append(time.perf_counter() - started)
            started = time.perf_counter()
            os.write(handle, entry.content)
            os.fdatasync(handle)
            disk.append(time.perf_counter() - started)
    os.close(handle)
    return 1 / statistics.mean(ours), 1 / statistics.mean(disk)


def new_files(folder: Path) -> float:
    """Microseconds of processor time for a new file of 8 KiB."""
    batch = Batch(folder / "files")
    started = time.process_time()
    for number in range(1000):
        batch.put(str(number), bytes(8192))
    return (time.process_time() - started) * 1000


def sizes(log: Path, entries: int) -> tuple[float, float]:
    """Bytes an entry of the log beyond its content, and of what is held, beyond content and salt."""
    store = Store(log)
    newest = store.newest_checkpoint()
    assert newest is not None
    size = newest.head.size
    content = sum(len(store.entry(index, size=size)) for index in range(0, size, 97)) / len(
        range(0, size, 97)
    )
    shown = sum(path.stat().st_size for path in (log / "tile").rglob("*") if path.is_file())
    shown += sum(path.stat().st_size for path in (log / "checkpoints").rglob("*") if path.is_file())
    return shown / entries - content, content


def proofs(log: Path, *, kept: bool) -> tuple[float, float]:
    """Median and 99th percentile of the ms to make and check a proof, of 1000 spread over the log.

    ``kept``: by one reader, which keeps tiles that it has read; else each from files anew, by a reader of its own.
    """
    store = Store(log)
    newest = store.newest_checkpoint()
    assert newest is not None
    head, times = newest.head, []
    for turn in range(1000):
        index = turn * 7_919_777 % head.size
        started = time.process_time()
        proof = prove(store if kept else Store(log), index, newest)
        holds = verify_inclusion(
            hash_leaf(proof.entry), index=index, size=head.size, path=proof.path, root=head.root
        )
        times.append((time.process_time() - started) * 1000)
        assert holds
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def audits(log: Path, entries: int) -> list[tuple[str, str, str]]:
    """Seconds of audits: of the bytes alone, and of every record, on one core and on two."""
    rows = []
    for what, goal, how in (
        ("every byte, tile and checkpoint", "< 60 s", {"records": False}),
        ("the same, and every record parsed, on one core", "", {}),
        ("the same, on two cores", "< 60 s", {"workers": 2}),
    ):
        started, wall = os.times(), time.perf_counter()
        found = audit(log, **how)
        ended, wall_s = os.times(), time.perf_counter() - wall
        assert found.sound
        assert found.size == entries + 2
        used_s = sum(ended[:4]) - sum(started[:4])  # this process's, and those that it started
        rows.append(
            (
                f"audit of {entries:,}: {what}",
                goal,
                f"{used_s:.0f} s of processor, {wall_s:.0f} s by the clock",
            )
        )
    return rows


def peer(python: str | None, size: int) -> dict[str, float] | None:
    """pymerkle on as many entries, in memory: it has no durable log to compare."""
    if python is None:
        return None
    done = subprocess.run([python, "-c", PEER, str(size)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--bulk", type=int, default=300_000)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--memory", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--peer-python")
    parser.add_argument("--peer-entries", type=int, default=100_000)
    asked = parser.parse_args()
    text = "\n".join(measure(asked)) + "\n"
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def measure(asked: argparse.Namespace) -> list[str]:
    """The page."""
    rows: list[tuple[str, str, str]] = []
    for where, base in (("in memory", asked.memory), ("on this disk", asked.folder)):
        for what, make, goal in (("plain", plain, "≥ 150,000"), ("held, six fields", held, "≥ 50,000")):
            with tempfile.TemporaryDirectory(dir=base) as made:
                rate, wall = bulk(Path(made), make, asked.bulk)
                rows.append(
                    (f"{what} entries/s in batches, {where}", goal, f"{rate:,.0f} ({wall:,.0f} by wall time)")
                )
    with tempfile.TemporaryDirectory(dir=asked.folder) as made:
        ours, disk = single(Path(made), seconds=10)
        rows.append(
            (
                "durable single appends/s, by wall time",
                f"≥ half of fdatasync/s: {disk / 2:,.0f}",
                f"{ours:,.0f} (fdatasync alone {disk:,.0f}: {ours / disk:.0%})",
            )
        )
        rows.append(
            (
                "a new file of 8 KiB on this disk",
                "",
                f"{new_files(Path(made)):,.0f} µs of processor time; each 256 entries make two",
            )
        )
    folder = Path(tempfile.mkdtemp(dir=asked.memory))
    try:
        rows += large(folder, asked.entries)
    finally:
        shutil.rmtree(folder)
    other = peer(asked.peer_python, asked.peer_entries)
    if other:
        rows.append(
            (
                f"pymerkle: entries/s into memory, {asked.peer_entries:,}",
                "",
                f"{asked.peer_entries / other['append_s']:,.0f}",
            )
        )
        rows.append(
            (
                f"pymerkle: a proof made and checked at {asked.peer_entries:,}",
                "",
                f"{other['proof_s'] * 1000:.2f} ms",
            )
        )
    lines = [
        "# The evidence log",
        "",
        f"`python benchmarks/evidence_log.py`, {os.cpu_count()} cores shared with other work, Python {platform.python_version()}, {platform.system()}.",
        "",
        "| what | to hold | measured |",
        "|---|---|---|",
    ]
    return [
        *lines,
        *(f"| {what} | {goal} | {found} |" for what, goal, found in rows),
        "",
        "Rates are by processor time where nothing else is said: from records to a signed checkpoint, with journal, tiles and bundles written and brought to the disk. pymerkle keeps its tree in memory and writes nothing.",
    ]


def large(folder: Path, entries: int) -> list[tuple[str, str, str]]:
    """A large log: its bytes, proofs and audits."""
    rate, _ = bulk(folder, plain, entries)
    log = folder / "log"
    beyond, content = sizes(log, entries)
    rows = [
        (what, "< 1 ms", "{:.2f} ms (99 of 100 under {:.2f} ms)".format(*proofs(log, kept=kept)))
        for what, kept in (
            (f"a proof made and checked, at {entries:,}, one after the other", True),
            ("the same, each by a reader of its own", False),
        )
    ]
    n = f"{entries:,}"
    return [
        (f"plain entries/s into a log of {n}, in memory", "", f"{rate:,.0f}"),
        ("bytes an entry beyond its content", "≤ 40", f"{beyond:.1f} (content {content:.0f})"),
        *rows,
        *audits(log, entries),
    ]


if __name__ == "__main__":
    main()
