"""Measure every target on simulated fronts, and keep the tables in docs/evaluation.md.

    python tools/evaluate.py                       the whole run: ``make evaluate``
    python tools/evaluate.py --quick               small fronts, few seeds, four regimes: under two minutes
    python tools/evaluate.py --part fusion         one part anew, the others as they were kept
    python tools/evaluate.py --regime war          one regime anew

What is measured, and how a part is added, stands in ``tools/evaluation/__init__.py``. What the parts
return is kept as JSON lines in ``--work``, one file a part and regime, with the digest of the modules that
made it; the page says where that is not the code as it stands.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from evaluation.fronts import REGIMES
from evaluation.page import write_page
from evaluation.rows import PUBLISHED_SEEDS, Budget, Picture, Row, from_json, to_json

ROOT = Path(__file__).resolve().parent.parent
PARTS = ROOT / "tools" / "evaluation"
CODE = ROOT / "src" / "truceline"
#: seconds for one call of a part
BUDGET_S, QUICK_S = 60.0, 5.0
ALL = "all"
#: the order of the page
FIRST = ("fusion", "attribution", "bounds", "effect")
#: of a quick run, unless others are asked for
QUICK_REGIMES = ("plain", "quiet", "falseflag", "wrongp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One part on one regime (or on all)."""

    part: str
    regime: str

    @property
    def name(self) -> str:
        """As its file is called."""
        return f"{self.part}.{self.regime}"


def find_parts() -> dict[str, ModuleType]:
    """Modules of the folder that evaluate something, by name."""
    found = {}
    for path in sorted(
        sorted(PARTS.glob("*.py")),
        key=lambda path: FIRST.index(path.stem) if path.stem in FIRST else len(FIRST),
    ):
        if re.search(r"^def evaluate\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            found[path.stem] = importlib.import_module(f"evaluation.{path.stem}")
    return found


def code_used() -> list[str]:
    """Files of ours that this process has run, and the data beside them, under the root."""
    modules = {Path(file) for one in list(sys.modules.values()) if (file := getattr(one, "__file__", None))}
    ours = {path for path in modules if path.is_relative_to(CODE) or path.is_relative_to(PARTS)}
    beside = {path for folder in {one.parent for one in ours} for path in folder.iterdir()}
    ours |= {path for path in beside if path.suffix in (".yaml", ".json")}
    return sorted(path.relative_to(ROOT).as_posix() for path in ours)


def digest_of(files: Sequence[str]) -> str:
    """Names these files as they are; a file that is gone is named too."""
    digest = hashlib.sha256()
    for name in files:
        path = ROOT / name
        digest.update(name.encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()[:16]


def list_jobs(parts: dict[str, ModuleType], regimes: tuple[str, ...]) -> list[Job]:
    """What there is to run, in the order of parts and regimes."""
    return [
        Job(part=name, regime=regime)
        for name, part in parts.items()
        for regime in ((ALL,) if getattr(part, "WHOLE", False) else regimes)
    ]


def run_job(job: Job, *, quick: bool, seconds: float, work: Path) -> None:
    """Run one part in this process and keep what it returns; a fault is a row too."""
    part = importlib.import_module(f"evaluation.{job.part}")
    budget = Budget(seconds=seconds, quick=quick, work=work)
    regimes = REGIMES if job.regime == ALL else (job.regime,)
    began = time.perf_counter()
    made: list[Row | Picture] = list(part.evaluate(regimes, PUBLISHED_SEEDS, budget))
    files = code_used()
    head = {
        "kind": "head",
        "files": files,
        "code": digest_of(files),
        "seconds": round(time.perf_counter() - began, 1),
    }
    lines = [head, *(to_json(one) for one in made)]
    text = "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines)
    path = work / f"{job.name}.jsonl"
    path.with_suffix(".partial").write_text(text, encoding="utf-8")
    path.with_suffix(".partial").replace(path)


def run_jobs(jobs: list[Job], *, quick: bool, seconds: float, work: Path, workers: int) -> list[str]:
    """Each job in a process of its own; returns what failed, with the last line of what it said."""

    def start(job: Job) -> str | None:
        began = time.perf_counter()
        command = [
            sys.executable,
            __file__,
            "--job",
            job.part,
            job.regime,
            "--work",
            str(work),
            "--seconds",
            str(seconds),
        ]
        # one thread each: the jobs share the cores
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        done = subprocess.run(
            [*command, *(["--quick"] if quick else [])],
            env={**os.environ, **threads, "PYTHONHASHSEED": "0"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = done.stderr.strip().splitlines()
        state = "done" if done.returncode == 0 else f"failed: {said[-1] if said else done.returncode}"
        print(f"{job.name:<28} {time.perf_counter() - began:6.1f} s  {state}", file=sys.stderr, flush=True)
        return None if done.returncode == 0 else f"{job.name}: {said[-1] if said else done.returncode}"

    with ThreadPoolExecutor(workers) as pool:
        return [said for said in pool.map(start, jobs) if said]


def read_kept(jobs: list[Job], work: Path) -> tuple[dict[str, list[Row | Picture]], set[str]]:
    """Part → what was kept of it; and the jobs whose figures come from other code, or are not there."""
    kept: dict[str, list[Row | Picture]] = {}
    stale: set[str] = set()
    for job in jobs:
        path = work / f"{job.name}.jsonl"
        if not path.is_file():
            stale.add(job.name)
            continue
        head, *lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
        kept.setdefault(job.part, []).extend(from_json(line) for line in lines)
        if head["code"] != digest_of(head.get("files", [])):
            stale.add(job.name)
    return kept, stale


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small fronts, few seeds")
    parser.add_argument("--part", action="append", help="this part anew; may be given again")
    parser.add_argument("--regime", action="append", help="this regime anew; may be given again")
    parser.add_argument("--cached", action="store_true", help="run only what was never run, or by other code")
    parser.add_argument(
        "--seconds", type=float, help=f"for each part and regime; default {BUDGET_S:.0f}, quick {QUICK_S:.0f}"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, help="where results are kept; default out/evaluation")
    parser.add_argument("--page", type=Path, help="the page to write; default docs/evaluation.md")
    parser.add_argument("--job", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    work = asked.work or ROOT / "out" / ("evaluation-quick" if asked.quick else "evaluation")
    work.mkdir(parents=True, exist_ok=True)
    seconds = asked.seconds or (QUICK_S if asked.quick else BUDGET_S)
    if asked.job:
        run_job(Job(part=asked.job[0], regime=asked.job[1]), quick=asked.quick, seconds=seconds, work=work)
        return 0
    parts = find_parts()
    regimes = QUICK_REGIMES if asked.quick and not asked.regime else REGIMES
    jobs = list_jobs(parts, regimes)
    wanted = [
        job
        for job in jobs
        if (not asked.part or job.part in asked.part)
        and (not asked.regime or job.regime in (*asked.regime, ALL))
    ]
    if asked.cached:
        stale = read_kept(jobs, work)[1]
        wanted = [job for job in wanted if job.name in stale]
    failed = run_jobs(wanted, quick=asked.quick, seconds=seconds, work=work, workers=asked.workers)
    kept, stale = read_kept(jobs, work)
    titles: dict[str, Any] = {name: getattr(part, "TITLE", name) for name, part in parts.items()}
    default = work / "evaluation.md" if asked.quick else ROOT / "docs" / "evaluation.md"
    write_page(asked.page or default, kept, titles=titles, stale=stale, failed=failed, quick=asked.quick)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
