"""Change the code of custody in one place at a time, and see whether a test notices.

    python tools/mutate_custody.py --sample 300 --out docs/benchmarks/custody_mutation.md

Each mutant runs in a process forked before custody was imported: first the tests nearest to the module, then,
if they notice nothing, the others. A mutant that outlives its time counts as noticed (it hangs). The sample
is drawn by a seed; ``--module`` takes all mutants of one module.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
CUSTODY = ROOT / "src" / "truceline" / "custody"
UNIT, LAWS = "tests/unit/custody/test_{}.py", "tests/laws/test_log_{}.py"
NOTE, ENTRY, FAULTS, ATTACKS = (
    UNIT.format("note"),
    UNIT.format("entry"),
    LAWS.format("faults"),
    LAWS.format("attacks"),
)
NEAREST = {
    "merkle": ["merkle", "tile"], "tile": ["tile", "merkle"], "canonical": ["canonical"], "sign": ["sign"],
    "encoding": ["note", "sign"], "note": ["note"], "checkpoint": ["note"], "policy": ["note"], "config": ["note"],
    "rotation": ["note"], "entry": ["entry"], "commitment": ["entry"], "held": ["entry"], "proof": ["entry"],
    "salts": ["entry"], "verify_truce": ["verify_truce"], "export": ["copies", "verify_truce"], "listing": ["listing"],
    "audit": ["audit", "listing"], "partials": ["audit", "copies"],
}  # fmt: skip
#: manifest is older than the log and has tests of its own; chance has nothing to change
LEFT_OUT = {"__init__", "manifest", "chance"}
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: of which module, in which line, which, and the tree changed so."""

    module: str
    line: int
    change: str
    tree: ast.Module


def _places(tree: ast.Module) -> Iterator[tuple[ast.AST, str, object, str]]:
    """Node, field, new value and description of every change; messages and types are left alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for place, op in enumerate(node.ops):
                if type(op) in SWAPS:
                    ops = [*node.ops[:place], SWAPS[type(op)](), *node.ops[place + 1 :]]
                    yield node, "ops", ops, f"{type(op).__name__} → {SWAPS[type(op)].__name__}"
        elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPS:
            yield (
                node,
                "op",
                SWAPS[type(node.op)](),
                f"{type(node.op).__name__} → {SWAPS[type(node.op)].__name__}",
            )
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, "op", ast.UAdd(), "not dropped"
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            yield node, "value", node.value + 1, f"{node.value} → {node.value + 1}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, bytes) and node.value:
            yield node, "value", node.value + b"x", f"{node.value!r} longer"
        elif isinstance(node, ast.If | ast.While):
            yield node, "test", ast.UnaryOp(op=ast.Not(), operand=node.test), "condition turned"
        elif isinstance(node, ast.Raise | ast.Expr | ast.AugAssign) and not _is_text(node):
            yield node, "", ast.Pass(), f"{type(node).__name__} dropped"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def mutant_of(path: Path, number: int) -> Mutant:
    """The mutant of a module with that number."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    node, field, value, change = list(_places(tree))[number]
    line = getattr(node, "lineno", 0)
    if field:
        setattr(node, field, value)
    else:
        _replace(tree, node)
    return Mutant(path.stem, line, change, ast.fix_missing_locations(tree))


def count_mutants(path: Path) -> int:
    """How many a module has."""
    return len(list(_places(ast.parse(path.read_text(encoding="utf-8")))))


def _replace(tree: ast.AST, gone: ast.AST) -> None:
    """Put ``pass`` in the place of a statement."""
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and gone in value:
                value[value.index(gone)] = ast.copy_location(ast.Pass(), gone)


class Planter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives out the mutant where its module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        """A planter of ``mutant``."""
        self.name = f"truceline.custody.{mutant.module}"
        self.file = CUSTODY / f"{mutant.module}.py"
        self.mutant = mutant

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """The mutant's place."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.file, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutant."""
        exec(compile(self.mutant.tree, str(self.file), "exec"), module.__dict__)


def noticed(mutant: Mutant, *, limit_s: int, near_only: bool = False) -> bool:
    """Whether a test fails on the mutant, in a process of its own."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        signal.alarm(limit_s)
        sys.meta_path.insert(0, Planter(mutant))
        os.environ["CI"] = "true"
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 1)
        os.dup2(devnull, 2)
        nearest = [UNIT.format(name) for name in NEAREST.get(mutant.module, [])]
        more = [UNIT.format(name) for name in ("verify_truce", "audit", "listing", "copies")]
        rest = [ENTRY, ATTACKS, FAULTS, NOTE, *more]
        tests = dict.fromkeys([*nearest, *([] if near_only and nearest else rest)])
        words = "-x -q -p no:cacheprovider --no-header -W ignore::pytest.PytestAssertRewriteWarning --rootdir"
        options = [*words.split(), str(ROOT), "-m", "not slow"]
        code = int(pytest.main([*options, *(str(ROOT / name) for name in tests)]))
        os._exit(1 if code else 0)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return status != 0


def report(results: Sequence[tuple[Mutant, bool]], *, of: int) -> list[str]:
    """The page."""
    caught = sum(found for _, found in results)
    lines = [
        "# Mutants of custody", "",
        f"`python tools/mutate_custody.py`: {len(results)} mutants drawn from {of}, of which the tests notice "
        f"{caught}: **{caught / len(results):.1%}** (to hold: ≥ 90 %).", "",
        "| module | mutants | noticed |", "|---|---|---|",
    ]  # fmt: skip
    for name in sorted({mutant.module for mutant, _ in results}):
        mine = [found for mutant, found in results if mutant.module == name]
        lines.append(f"| `{name}` | {len(mine)} | {sum(mine)} |")
    missed = [mutant for mutant, found in results if not found]
    lines += ["", "Not noticed:", "", *(f"- `{m.module}.py` line {m.line}: {m.change}" for m in missed)]
    return lines


def main() -> None:
    """Draw, run, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--module", action="append")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit-s", type=int, default=240, help="seconds for one mutant")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="draw no further mutant after so long"
    )
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(ROOT / "tests"))
    paths = [path for path in sorted(CUSTODY.glob("*.py")) if path.stem not in LEFT_OUT]
    wanted = [path for path in paths if not asked.module or path.stem in asked.module]
    everything = [(path, number) for path in wanted for number in range(count_mutants(path))]
    drawn = random.Random(asked.seed).sample(everything, min(asked.sample, len(everything)))
    for path in wanted if asked.module else wanted[-3:]:
        # the code as it is must pass, or every mutant would seem noticed
        as_it_is = Mutant(path.stem, 0, "none", ast.parse(path.read_text(encoding="utf-8")))
        if noticed(as_it_is, limit_s=asked.limit_s, near_only=True):
            raise SystemExit(f"the tests fail on {path.name} as it is")
    started, results = time.monotonic(), []
    for path, number in drawn:
        if time.monotonic() - started > asked.seconds:
            break
        mutant = mutant_of(path, number)
        found = noticed(mutant, limit_s=asked.limit_s)
        results.append((mutant, found))
        if not found:
            print(f"missed: {mutant.module}.py line {mutant.line}: {mutant.change}", flush=True)
    text = "\n".join(report(results, of=len(everything))) + "\n"
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
