"""What a part of the evaluation hands in: rows of figures, and pictures."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

#: nothing may be chosen by these
PUBLISHED_SEEDS = tuple(range(5000, 5040))
#: existence classifiers and whatever else is trained
TRAINING_SEEDS = tuple(range(1000, 1020))

_NUMBER = r"(-?[\d.]+)"
_TARGETS = {
    "least": re.compile(rf"^≥ {_NUMBER}$"),
    "most": re.compile(rf"^≤ {_NUMBER}$"),
    "between": re.compile(rf"^{_NUMBER} to {_NUMBER}$"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of one regime, against its target."""

    metric: str
    regime: str
    target: str  #: such as ``≥ 0.99``; empty: none
    measured: float | None  #: None: not measured, see ``note``
    lo: float | None = None  #: 95 % interval
    hi: float | None = None
    met: bool | None = None  #: None: no target, or not measured
    ideal: float | None = None  #: the ideal observer's on the same data
    n: int | None = None  #: how many runs, seeds or intervals it rests on
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Forecasts in bins against what came of them; (n_bins,) each."""

    name: str  #: of the file, such as ``existence-war``
    title: str
    forecast: tuple[float, ...]
    outcome: tuple[float, ...]
    n: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Rank of the truth among a posterior's draws (``scoring.calibration.rank_truth``), counted in bins."""

    name: str
    title: str
    counts: tuple[int, ...]


Picture = Reliability | Ranks


def row(
    metric: str,
    regime: str,
    target: str,
    measured: float | None,
    *,
    lo: float | None = None,
    hi: float | None = None,
    ideal: float | None = None,
    n: int | None = None,
    note: str = "",
) -> Row:
    """A row that says whether its target is met; a figure that is not a number is not measured."""
    value, low, high, best = (_finite(one) for one in (measured, lo, hi, ideal))
    return Row(
        metric=metric, regime=regime, target=target, measured=value, lo=low, hi=high,
        met=meets(value, target), ideal=best, n=n, note=note,
    )  # fmt: skip


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def meets(measured: float | None, target: str) -> bool | None:
    """Whether a figure meets a target; None without either.

    Raises
    ------
    ValueError
        If the target is not written in one of the known ways.
    """
    if not target:
        return None
    for kind, pattern in _TARGETS.items():
        found = pattern.match(target)
        if found is None:
            continue
        if measured is None:
            return None
        bounds = [float(one) for one in found.groups()]
        if kind == "between":
            return bounds[0] <= measured <= bounds[1]
        return measured >= bounds[0] if kind == "least" else measured <= bounds[0]
    raise ValueError(f"got the target {target!r}, expected such as '≥ 0.99', '≤ 0.05', '0.93 to 0.97' or ''")


def over_seeds(values: Sequence[float], *, draws: int = 2_000) -> tuple[float, float, float]:
    """Mean over the seeds and its 95 % bootstrap interval (NaN for less than three); NaN are left out, the draws are seeded."""
    known = np.array([one for one in values if np.isfinite(one)], dtype=np.float64)
    if not len(known):
        return float("nan"), float("nan"), float("nan")
    if len(known) < 3:
        return float(known.mean()), float("nan"), float("nan")
    pick = np.random.default_rng(20_260).integers(0, len(known), (draws, len(known)))
    low, high = np.quantile(known[pick].mean(axis=1), [0.025, 0.975])
    return float(known.mean()), float(low), float(high)


@dataclass(slots=True, kw_only=True)
class Budget:
    """How long one call of a part may take, and where it may keep files."""

    seconds: float
    quick: bool
    work: Path
    began: float = field(default_factory=time.monotonic)

    def left_s(self) -> float:
        """Seconds left; a part ends when there are none."""
        return self.seconds - (time.monotonic() - self.began)

    def restart(self) -> None:
        """Begin to count anew: what is kept between runs (a classifier) is not charged to this one."""
        self.began = time.monotonic()

    @property
    def size(self) -> dict[str, Any]:
        """Overrides of a regime's size for ``fronts.front``: none in a full run, a small front in a quick one."""
        return {"days": 6, "length_km": 300} if self.quick else {}


def to_json(one: Row | Picture) -> dict[str, Any]:
    """As one line of the work folder holds it."""
    return {"kind": type(one).__name__, **asdict(one)}


def from_json(entry: dict[str, Any]) -> Row | Picture:
    """The same read back."""
    kinds: dict[str, Callable[..., Row | Picture]] = {"Row": Row, "Reliability": Reliability, "Ranks": Ranks}
    rest: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    return kinds[rest.pop("kind")](**rest)
