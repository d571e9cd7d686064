"""Change the code of custody in one place at a time, and see whether a test notices.

    python tools/mutate_custody.py --out docs/benchmarks/custody_mutation.md
    python tools/mutate_custody.py --module merkle --module tile

The tests are collected once and run once under coverage, which tells the tests that reach each line. Then
every mutant is planted in a process forked from this one, and those tests run, the quickest first, until one
fails. A mutant that outlives its time counts as noticed (it hangs), as does one that takes all memory. Logs of the
tests are written in memory. ``tools/equivalent_mutants.tsv`` names mutants that change nothing that anybody
could notice, each with the reason; the page states the score with them and without.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage
import pytest
from _pytest.runner import runtestprotocol
from code_mutants import Living, Mutant, Planter, mutants_of
from hypothesis import Phase, settings

ROOT = Path(__file__).resolve().parent.parent
CUSTODY = ROOT / "src" / "truceline" / "custody"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.tsv")
TESTS = (ROOT / "tests" / "unit" / "custody", *sorted((ROOT / "tests" / "laws").glob("test_log_*.py")))
#: manifest is older than the log and has tests of its own; chance has nothing to change
LEFT_OUT = {"__init__", "manifest", "chance"}
MEMORY = Path("/dev/shm")
MAX_BYTES = 4 * 2**30
MAX_WAIT_S = (
    60  #: a test that takes so long by the clock hangs; or five times the processor time that it should
)


@dataclass(frozen=True)
class Reach:
    """Which tests reach which line, and how long each takes."""

    lines: dict[str, dict[int, set[str]]]  #: file → line → names of tests, or of modules of tests
    duration_s: dict[str, float]

    @classmethod
    def read(cls, path: Path) -> Reach:
        """What was written down."""
        lines, duration_s = json.loads(path.read_text(encoding="utf-8"))
        reached = {
            file: {int(line): set(names) for line, names in by_line.items()}
            for file, by_line in lines.items()
        }
        return cls(reached, duration_s)

    def tests(self, mutant: Mutant, *, budget_s: float) -> list[str]:
        """Names of the tests that reach a mutant, quickest first, as many as there is time for.

        What runs as modules are imported reaches no line by name: every test that reaches the module may notice.
        """
        lines = self.lines.get(str(mutant.path), {})
        near = lines.get(mutant.line) or {name for names in lines.values() for name in names}
        found, left_s = [], budget_s
        for name in sorted(self.duration_s, key=lambda name: self.duration_s[name]):
            if name in near or name.partition("::")[0] in near:
                left_s -= self.duration_s[name]
                found.append(name)
                if left_s < 0:
                    break
        return found


class Quick:
    """Has no failing example made small, and where ``names`` are given runs those tests, in that order."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        """Of no names: every test, in pytest's order."""
        self.names = {name: place for place, name in enumerate(names)}

    def pytest_collection(self) -> None:
        """Before tests are read."""
        quick = settings(phases=(Phase.explicit, Phase.generate), database=None, print_blob=False)
        settings.register_profile("mutants", quick)
        settings.load_profile("mutants")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Once they are read."""
        if self.names:
            items[:] = [item for item in items if item.nodeid in self.names]
            items.sort(key=lambda item: self.names[item.nodeid])


class Run(Quick):
    """In the place of pytest's own loop: runs the collected tests as often as is asked."""

    def __init__(self, asked: argparse.Namespace, folder: Path) -> None:
        """``folder`` is where the tests write."""
        super().__init__()
        self.asked = asked
        self.folder = folder
        self.results: list[tuple[Mutant, bool]] = []
        self.total = 0
        lines = (
            asked.known.read_text(encoding="utf-8").splitlines()
            if asked.known and asked.known.exists()
            else []
        )
        self.known = {line[2:]: line[0] == "1" for line in lines}  # the last word counts
        self.coverage: coverage.Coverage | None = None
        self.test = ""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Everything."""
        self.items = {item.nodeid: item for item in session.items}
        mutants = self.draw()
        kept = self.asked.reach or self.folder / "reach.json"
        if not kept.exists() and not in_child(lambda: self.measure(kept)):
            raise SystemExit("the tests fail on the code as it is")
        self.reach = Reach.read(kept)
        print(f"{len(self.items)} tests in {sum(self.reach.duration_s.values()):.0f} s", flush=True)
        self.living = Living(CUSTODY)
        until = time.monotonic() + self.asked.seconds
        # first those of which nothing is known yet, then those that were missed
        for turn, mutant in enumerate(sorted(mutants, key=lambda each: each.name in self.known), start=1):
            found = self.known.get(mutant.name)
            if not found and time.monotonic() < until:
                found = self.noticed(mutant)
                self.tell(mutant, found=found)
            if found is not None:
                self.results.append((mutant, found))
            if turn % 100 == 0:
                print(f"{turn} of {len(mutants)}", flush=True)
        return True

    def tell(self, mutant: Mutant, *, found: bool) -> None:
        """Say what was found, and write it down."""
        if not found:
            print(f"missed: {mutant.path.name} line {mutant.line}: {mutant.change}", flush=True)
        if self.asked.known:
            with self.asked.known.open("a", encoding="utf-8") as lines:
                lines.write(f"{int(found)}\t{mutant.name}\n")

    def draw(self) -> list[Mutant]:
        """The mutants to try."""
        paths = [path for path in sorted(CUSTODY.glob("*.py")) if path.stem not in LEFT_OUT]
        chosen = [path for path in paths if not self.asked.module or path.stem in self.asked.module]
        mutants = [mutant for path in chosen for mutant in mutants_of(path)]
        self.total = len(mutants)
        mutants.sort(key=lambda mutant: (mutant.path, mutant.line, mutant.column))
        if self.asked.sample < len(mutants):
            mutants = random.Random(self.asked.seed).sample(mutants, self.asked.sample)
        return mutants

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """What a module's fixture does is reached by each of its tests."""
        if self.coverage is None or fixturedef.scope == "function":
            return (yield)
        self.coverage.switch_context(request.node.nodeid)
        try:
            return (yield)
        finally:
            self.coverage.switch_context(self.test)

    def measure(self, out: Path) -> bool:
        """Run every test once, and write down which lines it reaches; whether all pass."""
        self.coverage = coverage.Coverage(data_file=None, include=[f"{CUSTODY}/*"], config_file=False)
        self.coverage.start()
        duration_s = {}
        for name in self.items:
            self.test = name
            self.coverage.switch_context(name)
            started = time.process_time()
            if not self.passes([name], limited=False):
                print(f"{name} fails")
                return False
            duration_s[name] = time.process_time() - started
        self.coverage.stop()
        data = self.coverage.get_data()
        lines = {file: data.contexts_by_lineno(file) for file in data.measured_files()}
        out.write_text(json.dumps([lines, duration_s]), encoding="utf-8")
        return True

    def passes(self, names: Sequence[str], *, limited: bool = True) -> bool:
        """Whether all these tests pass; stops at the first that fails, and ends the process if one hangs."""
        items = [self.items[name] for name in names]
        for item, following in zip(items, [*items[1:], None], strict=True):
            if limited:
                signal.setitimer(signal.ITIMER_PROF, 1 + 5 * self.reach.duration_s[item.nodeid])
                signal.alarm(MAX_WAIT_S)
            reports = runtestprotocol(item, log=False, nextitem=following)
            if any(report.failed for report in reports):
                return False
        return True

    def noticed(self, mutant: Mutant) -> bool:
        """Whether a test fails on the mutant, or never ends."""
        tests = self.reach.tests(mutant, budget_s=self.asked.budget_s)

        def run() -> bool:
            resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            return self.passes(tests) if self.living.plant(mutant) else self.passes_anew(mutant, tests)

        return not in_child(run)

    def passes_anew(self, mutant: Mutant, tests: Sequence[str]) -> bool:
        """Whether the tests pass where custody, and they, are imported anew."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None) or ""
            if name.startswith("truceline") or file.startswith(f"{ROOT}/tests/"):
                del sys.modules[name]
        sys.meta_path.insert(0, Planter(mutant, package="truceline.custody"))
        signal.alarm(MAX_WAIT_S)
        files = dict.fromkeys(str(ROOT / name.partition("::")[0]) for name in tests)
        return int(pytest.main([*options(self.folder), "-x", *files], plugins=[Quick(tests)])) == 0


def in_child(work: Callable[[], bool]) -> bool:
    """Whether ``work`` comes to its end and says so, in a process of its own; what that left behind is ended."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        code = 1
        try:
            code = 0 if work() else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return status == 0


def options(folder: Path) -> list[str]:
    """What every run of pytest is told."""
    words = "-s -q -p no:cacheprovider --tb=line --no-header --no-summary"
    ours = "-W ignore::pytest.PytestAssertRewriteWarning -W ignore::coverage.exceptions.CoverageWarning"
    return [*words.split(), *ours.split(), "-m", "not slow", f"--rootdir={ROOT}", f"--basetemp={folder}/tmp"]


def read_equivalent() -> dict[str, str]:
    """Why a mutant, by its name, changes nothing that anybody could notice."""
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


def report(run: Run, equivalent: Mapping[str, str]) -> list[str]:
    """The page."""
    results = run.results
    caught = sum(found for _, found in results)
    missed = [mutant for mutant, found in results if not found]
    same = [mutant for mutant in missed if mutant.name in equivalent]
    left = len(results) - len(same)
    lines = [
        "# Mutants of custody", "",
        f"`python tools/mutate_custody.py`: {len(results)} of {run.total} mutants tried, of which the tests notice "
        f"{caught}: **{caught / len(results):.1%}** (to hold: ≥ 90 %). {len(same)} of those not noticed change "
        f"nothing that anybody could notice, as the reasons below say; without them it is {caught / left:.1%}.", "",
        "| module | mutants | noticed |", "|---|---|---|",
    ]  # fmt: skip
    for name in sorted({mutant.path.stem for mutant, _ in results}):
        mine = [found for mutant, found in results if mutant.path.stem == name]
        lines.append(f"| `{name}` | {len(mine)} | {sum(mine)} |")
    lines += ["", "Not noticed, by line:", ""]
    for name in sorted({mutant.path.stem for mutant in missed}):
        lines_of = [f"{m.line} ({m.change})" for m in missed if m.path.stem == name and m not in same]
        if lines_of:
            lines.append(f"- `{name}`: {', '.join(lines_of)}")
    lines += ["", "Not to be noticed by anybody:", ""]
    lines += [f"- `{m.path.stem}` {m.line} ({m.change}): {equivalent[m.name]}" for m in same]
    return lines


def main() -> None:
    """Draw, run, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sample", type=int, default=sys.maxsize, help="so many, drawn by the seed; else all"
    )
    parser.add_argument("--module", action="append")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget-s", type=float, default=60, help="seconds of tests for one mutant")
    parser.add_argument("--out", type=Path)
    parser.add_argument(
        "--reach", type=Path, help="what was measured of these tests before; else written there"
    )
    parser.add_argument(
        "--known",
        type=Path,
        help="what was found before, to which is added; what was noticed is not tried again",
    )
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="try no further mutant after so long"
    )
    asked = parser.parse_args()
    os.environ["CI"] = "true"
    equivalent = read_equivalent()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as made:
        run = Run(asked, Path(made))
        code = pytest.main([*options(run.folder), *map(str, TESTS)], plugins=[run])
    if not run.results:
        raise SystemExit(f"no mutant was tried: pytest ended with {code}")
    text = "\n".join(report(run, equivalent)) + "\n"
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
