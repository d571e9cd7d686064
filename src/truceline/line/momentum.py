"""How fast ground changed hands before, during and after a truce, by one map.

A map's step says that ground changed hands between two moments, not when, and maps confirm late. So:

1. A step's ground is spread evenly over its time; the rate of a phase is the ground in it over the time in it
   that steps cover. What repeats cover alone is missing: no step, no time.
2. The same is reckoned with every step moved earlier by each delay given. The range over the delays is told.
3. The interval is by drawing blocks of neighbouring steps anew (moving blocks, Künsch 1989), 95 %, for each delay;
   the widest is told. Fewer than ``LEAST_STEPS`` steps give none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from truceline.base.geodesy import FloatArray
from truceline.base.intervals import Interval
from truceline.schema.table import Table, records

LEAST_STEPS = 8
BLOCK_STEPS = 3
DRAWS = 2_000
DELAYS_DAYS = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step of a map shows: ground gained and lost by its holder between two moments, km²."""

    start: datetime
    stop: datetime
    gained_km2: float
    lost_km2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRate:
    """Ground a day in one phase by one map, km²; nulls: not enough is known."""

    source_id: str
    phase: str
    moved: str  #: gained or lost by the map's holder
    days_covered: float
    steps: int
    rate: float | None  #: km² a day, the map taken at its word
    delay_lo: float | None  #: least and greatest over the delays
    delay_hi: float | None
    rate_lo95: float | None
    rate_hi95: float | None


def steps_of(ledger: Table, *, source_id: str) -> list[Step]:
    """The steps of one map, sectors summed, in time order; repeats are none."""
    found: dict[tuple[datetime, datetime], list[float]] = {}
    for row in records(ledger):
        if row["source_id"] == source_id and row["status"] == "update":
            both = found.setdefault((row["describes_from"], row["describes_until"]), [0.0, 0.0])
            both[0] += row["gained_km2"]
            both[1] += row["lost_km2"]
    return [
        Step(start=start, stop=stop, gained_km2=gained, lost_km2=lost)
        for (start, stop), (gained, lost) in sorted(found.items())
    ]


def rate_phases(
    steps: Sequence[Step],
    phases: Mapping[str, Interval],
    *,
    source_id: str,
    rng: np.random.Generator,
    delays_days: Sequence[int] = DELAYS_DAYS,
) -> list[PhaseRate]:
    """Rates of each phase, of ground gained and lost by the map's holder."""
    return [
        _rate(steps, interval, source_id=source_id, name=name, moved=moved, rng=rng, delays_days=delays_days)
        for name, interval in phases.items()
        for moved in ("gained", "lost")
    ]


def _rate(
    steps: Sequence[Step],
    phase: Interval,
    *,
    source_id: str,
    name: str,
    moved: str,
    rng: np.random.Generator,
    delays_days: Sequence[int],
) -> PhaseRate:
    rates: list[float] = []
    ends: list[tuple[float, float]] = []
    covered, n_steps = 0.0, 0
    for delay in delays_days:
        ground, days = _in_phase(steps, phase, moved=moved, delay=timedelta(days=delay))
        if delay == delays_days[0]:
            covered, n_steps = float(days.sum()), int((days > 0).sum())
        some = days > 0
        if not some.any():
            continue
        rates.append(float(ground.sum() / days.sum()))
        if some.sum() >= LEAST_STEPS:
            ends.append(_by_blocks(ground[some], days[some], rng=rng))
    enough = len(rates) == len(delays_days)
    return PhaseRate(
        source_id=source_id,
        phase=name,
        moved=moved,
        days_covered=covered,
        steps=n_steps,
        rate=rates[0] if enough else None,
        delay_lo=min(rates) if enough else None,
        delay_hi=max(rates) if enough else None,
        rate_lo95=min(low for low, _high in ends) if enough and len(ends) == len(rates) else None,
        rate_hi95=max(high for _low, high in ends) if enough and len(ends) == len(rates) else None,
    )


def _in_phase(
    steps: Sequence[Step], phase: Interval, *, moved: str, delay: timedelta
) -> tuple[FloatArray, FloatArray]:
    """Each step's ground and time in the phase; (n,), km² and days."""
    ground, days = np.zeros(len(steps)), np.zeros(len(steps))
    for k, step in enumerate(steps):
        start, stop = step.start - delay, step.stop - delay
        inside = (min(stop, phase.stop) - max(start, phase.start)) / timedelta(days=1)
        if inside > 0:
            whole = (stop - start) / timedelta(days=1)
            days[k] = inside
            ground[k] = (step.gained_km2 if moved == "gained" else step.lost_km2) * inside / whole
    return ground, days


def _by_blocks(ground: FloatArray, days: FloatArray, *, rng: np.random.Generator) -> tuple[float, float]:
    n = len(ground)
    starts = rng.integers(0, n - BLOCK_STEPS + 1, size=(DRAWS, -(-n // BLOCK_STEPS)))
    rows = (starts[:, :, None] + np.arange(BLOCK_STEPS)).reshape(DRAWS, -1)[:, :n]
    rates = ground[rows].sum(axis=1) / days[rows].sum(axis=1)
    low, high = np.quantile(rates, (0.025, 0.975))
    return float(low), float(high)
