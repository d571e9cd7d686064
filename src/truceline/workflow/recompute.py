"""Run a case again, and hold its findings against those of a log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from truceline.base.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RecomputeOutcome:
    """What differs."""

    problems: tuple[Problem, ...]

    def lines(self) -> list[str]:
        """For people."""
        return []


def recompute(log: Path, *, case_folder: Path, data: Path | None) -> RecomputeOutcome:
    """See the module."""
    raise NotImplementedError((log, case_folder, data))
