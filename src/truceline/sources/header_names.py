"""A stranger's header in which a name is missing or stands twice: what its columns are called then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from truceline.base.errors import Problem


def tell_apart(header: Sequence[str]) -> list[str]:
    """Names that stand twice get their number behind them, as ``type (1)``, ``type (2)``; blank ones stay blank."""
    counts = Counter(header)
    seen: Counter[str] = Counter()
    names = []
    for name in header:
        seen[name] += 1
        names.append(f"{name} ({seen[name]})" if name and counts[name] > 1 else name)
    return names


def header_problems(header: Sequence[str], *, label: str) -> list[Problem]:
    """What is told of such a header: which names stand twice, and which columns have none."""
    counts = Counter(header)
    found = [
        Problem(code="column_repeated", message=f"the header names {n} columns alike; they are called {name!r} with their number behind it", file=label, row=1, column=name, got=name, expected=", ".join(f"{name} ({k + 1})" for k in range(min(n, 5))), next_step="Name the one that is meant, by its number")
        for name, n in counts.items() if name and n > 1
    ]  # fmt: skip
    if counts[""]:
        places = [str(k + 1) for k, name in enumerate(header) if not name]
        shown = ", ".join(places[:8]) + (", …" if len(places) > 8 else "")
        found.append(
            Problem(code="column_missing", message=f"{counts['']} columns have no name in the header and are not read", file=label, row=1, got=f"blank: column {shown}", expected="a name for each column", next_step="If they hold something, name them in the file")
        )  # fmt: skip
    return found
