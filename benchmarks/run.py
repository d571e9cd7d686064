"""Everything that is measured, in one run: prints the tables and keeps them in ``docs/benchmarks.md``.

    python benchmarks/run.py           the whole run
    python benchmarks/run.py --quick   times and sizes alone, the other benchmarks as they were kept

Each other file of this folder is a benchmark of its own that writes its page with ``--out``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "benchmarks"
TRUCELINE = Path(sys.executable).parent / "truceline"
DATA = Path(os.environ.get("TRUCELINE_DATA") or ROOT.parent / "shared" / "data")
PACKAGES = ("numpy", "scipy", "pyarrow", "shapely", "pyproj", "pydantic", "typst", "typer")

#: what was promised: seconds, megabytes
LIMITS = {"help": (0.3, None), "demo": (30, None), "easter": (20, 2048)}


def measure(command: Sequence[str], *, times: int) -> tuple[float, float]:
    """Median wall time in s, and the largest resident size in MB, of ``times`` new processes."""
    walls_s, sizes_mb = [], []
    for _ in range(times):
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        walls_s.append(time.perf_counter() - started)
        sizes_mb.append(_resident_mb(usage))
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return statistics.median(walls_s), max(sizes_mb)


def _resident_mb(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def time_commands(folder: Path) -> list[str]:
    """A table of the commands, each in a new process, against what was promised."""
    easter = [str(TRUCELINE), "verify", "cases/easter-2025", "--out", str(folder / "easter"), "--quiet"]
    commands = [
        ("`truceline verify --help`", "help", [str(TRUCELINE), "verify", "--help"], 11),
        ("`truceline demo`, simulation and PDF", "demo", [str(TRUCELINE), "demo", "--out", str(folder / "demo"), "--quiet"], 3),
        ("Easter 2025, cited figures alone", "", easter, 3),
    ]  # fmt: skip
    if DATA.is_dir():
        commands += [
            ("Easter 2025, all data, with PDF", "easter", [*easter, "--data", str(DATA)], 3),
            ("Easter 2025, all data, no PDF", "", [*easter, "--data", str(DATA), "--no-pdf"], 3),
        ]
    lines = ["| command | s | MB | promised |", "|---|---|---|---|"]
    for title, limit, command, times in commands:
        wall_s, size_mb = measure(command, times=times)
        seconds, megabytes = LIMITS.get(limit, (None, None))
        promised = ", ".join(
            text
            for text in (f"{seconds} s" if seconds else "", f"{megabytes} MB" if megabytes else "")
            if text
        )
        lines.append(f"| {title} | {wall_s:.2f} | {size_mb:.0f} | {promised} |")
    sizes = {
        name: (folder / case / name).stat().st_size
        for case, name in (("easter", "report.html"), ("easter", "findings.json"))
    }
    result = json.loads((folder / "easter" / "findings.json").read_text(encoding="utf-8"))
    rows = sum(file["rows_read"] for source in result["sources"] for file in source.get("files", []))
    return [
        *lines,
        "",
        f"Median of new processes, warm disk cache. The Easter report: {rows:,} rows read, "
        f"{len(result['findings'])} findings, HTML {sizes['report.html'] / 1e6:.1f} MB, "
        f"`findings.json` {sizes['findings.json'] / 1e6:.1f} MB.",
    ]


def describe_machine() -> list[str]:
    """Machine, versions, date."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"{datetime.now(tz=UTC):%Y-%m-%d}; {os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()} {platform.release()}; Python {platform.python_version()}; "
        f"Truceline {version('truceline')}; {packages}."
    ]


def run_others(*, quick: bool) -> list[str]:
    """Run the other benchmarks; links to their pages."""
    lines = []
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script.name == Path(__file__).name:
            continue
        page = PAGES / f"{script.stem}.md"
        if not quick:
            print(f"running {script.name}", file=sys.stderr)
            subprocess.run([sys.executable, str(script), "--out", str(page)], cwd=ROOT, check=True)
        if page.is_file():
            title = page.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
            lines.append(f"- [{title}](benchmarks/{page.name}), by `benchmarks/{script.name}`")
    return lines


def run() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="times and sizes alone")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        commands = time_commands(Path(folder))
    text = "\n".join(
        [
            "# Benchmarks",
            "",
            "Made by `make bench`.",
            "",
            *describe_machine(),
            "",
            "## Commands",
            "",
            *commands,
            "",
            "## More",
            "",
            *run_others(quick=quick),
        ]
    )
    (ROOT / "docs" / "benchmarks.md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    run()
