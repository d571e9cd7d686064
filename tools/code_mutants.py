"""Mutants: the code of a module changed in one place, and how one takes the place of the code that runs.

A change within a function is planted where the function lives already: its code is exchanged, so that nothing
is imported anew. A change that takes effect as the module is imported (a constant, a default) is planted
when it is imported the next time.
"""

from __future__ import annotations

import ast
import copy
import functools
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: in which file, line and column, which, and the lines of the statement that it is in."""

    path: Path
    number: int  #: which of the module's places
    line: int
    column: int
    change: str
    name: str  #: module, line as it stands, column, change: the same also after lines above it were added

    def code(self) -> CodeType:
        """The module with the change, compiled."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        node, field, value, _ = list(_places(tree))[self.number]
        if field:
            setattr(node, field, value)
        else:
            _replace(tree, node, value)
        return compile(ast.fix_missing_locations(tree), str(self.path), "exec")


def mutants_of(path: Path) -> list[Mutant]:
    """All mutants of a module, in the order of its lines."""
    source = path.read_text(encoding="utf-8")
    lines, names = source.split("\n"), Counter[str]()
    found = []
    for number, (node, _, _, change) in enumerate(_places(ast.parse(source))):
        name = f"{path.stem}: {lines[node.lineno - 1].strip()}: {node.col_offset}: {change}"
        names[name] += 1
        name += f" ({names[name]})" if names[name] > 1 else ""
        found.append(Mutant(path, number, node.lineno, node.col_offset, change, name))
    return found


def _places(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str, object, str]]:
    """Node, field (or none: the node itself), new value and description of every change.

    Messages and types are left alone.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Compare():
                for place, op in enumerate(node.ops):
                    if type(op) in SWAPS:
                        ops = [*node.ops[:place], SWAPS[type(op)](), *node.ops[place + 1 :]]
                        yield node, "ops", ops, f"{_name(op)} → {_name(ops[place])}"
            case ast.BoolOp() | ast.BinOp() if type(node.op) in SWAPS:
                other = SWAPS[type(node.op)]()
                yield node, "op", other, f"{_name(node.op)} → {_name(other)}"
            case ast.UnaryOp(op=ast.Not()):
                yield node, "", node.operand, "not dropped"
            case ast.Constant(value=int() as value) if type(value) is int:
                yield node, "value", value + 1, f"{value} → {value + 1}"
            case ast.Constant(value=bytes() as value) if value:
                yield node, "value", value + b"x", f"{value!r} longer"
            case ast.If() | ast.While():
                yield node, "test", ast.UnaryOp(op=ast.Not(), operand=node.test), "condition turned"
            case ast.Raise() | ast.Expr() | ast.AugAssign() if not _is_text(node):
                yield node, "", ast.copy_location(ast.Pass(), node), f"{_name(node)} dropped"


def _name(node: ast.AST) -> str:
    return type(node).__name__


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _replace(tree: ast.AST, gone: ast.AST, new: object) -> None:
    """Put a node in the place of another."""
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if value is gone:
                setattr(node, field, copy.copy(new))
            elif isinstance(value, list) and gone in value:
                value[value.index(gone)] = new


Place = tuple[str, int]  # of a function: its qualified name and its first line


def _functions_in(code: CodeType) -> Iterator[tuple[Place, CodeType]]:
    """Code of every function in a module's code, however deep."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_flags & inspect.CO_OPTIMIZED:  # a class's body is none
                yield (inner.co_qualname, inner.co_firstlineno), inner
            yield from _functions_in(inner)


class Living:
    """Functions of some files as they live in this process, and caches of what they gave."""

    def __init__(self, folder: Path) -> None:
        """Those of files in ``folder``."""
        here = f"{folder}/"
        self._functions: dict[tuple[str, Place], list[FunctionType]] = {}
        self._caches = []
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType) and thing.__code__.co_filename.startswith(here):
                code = thing.__code__
                place = (code.co_filename, (code.co_qualname, code.co_firstlineno))
                self._functions.setdefault(place, []).append(thing)
            elif isinstance(thing, functools._lru_cache_wrapper):
                self._caches += [thing] if thing.__wrapped__.__code__.co_filename.startswith(here) else []

    def plant(self, mutant: Mutant) -> bool:
        """Exchange the code that the mutant changes; False if that takes effect only where it is imported."""
        file = str(mutant.path)
        old = compile(mutant.path.read_text(encoding="utf-8"), file, "exec")
        before, after = list(_functions_in(old)), list(_functions_in(mutant.code()))
        several = {place for place, count in Counter(place for place, _ in before).items() if count > 1}
        known = {code for _, code in before}
        changed = [(place, code) for place, code in after if code not in known]
        if not changed:
            return False
        try:
            for place, code in changed:
                for function in () if place in several else self._functions.get((file, place), ()):
                    function.__code__ = code
        except ValueError:  # a function that takes other variables from around it than before
            return False
        for cache in self._caches:
            cache.cache_clear()
        return True


class Planter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives out the mutant where its module is imported."""

    def __init__(self, mutant: Mutant, *, package: str) -> None:
        """A planter of ``mutant``."""
        self._name = f"{package}.{mutant.path.stem}"
        self._mutant = mutant

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """The mutant's place."""
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._mutant.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutant."""
        exec(self._mutant.code(), module.__dict__)
