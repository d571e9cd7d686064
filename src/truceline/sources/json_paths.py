"""Records inside JSON: the list that a path leads to, and nested records as flat ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truceline.base.errors import InputError, Problem

#: how deep nested records are laid flat; deeper ones stay as they are
DEEPEST = 12


def find_list(value: Any, path: str, *, label: str) -> list[Any]:
    """The list at a dotted path (empty: the value itself).

    Raises
    ------
    InputError
        If there is none.
    """
    here = value
    for part in filter(None, path.split(".")):
        here = here.get(part) if isinstance(here, Mapping) else None
    if isinstance(here, list):
        return here
    got = ", ".join(map(str, value))[:80] if isinstance(value, Mapping) else type(value).__name__
    raise InputError(
        Problem(code="file_format", message="the JSON holds no list of records at the place expected", file=label, got=got, expected=f"a list under {path!r}" if path else "a list of records", next_step="Give the list itself, or the path to it")
    )  # fmt: skip


def flat_record(record: Mapping[str, Any], *, separator: str = "/") -> dict[str, Any]:
    """Nested records as one: ``{"a": {"b": 1}}`` → ``{"a/b": 1}``; lists stay lists."""
    flat: dict[str, Any] = {}

    def lay(inner: Mapping[str, Any], prefix: str, depth: int) -> None:
        for key, value in inner.items():
            name = f"{prefix}{key}"
            if isinstance(value, Mapping) and depth < DEEPEST:
                lay(value, name + separator, depth + 1)
            else:
                flat[name] = value

    lay(record, "", 0)
    return flat
