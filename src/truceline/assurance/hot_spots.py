"""Hot spots: where and when more happened than the place's share and the day's share foretell.

Space-time permutation scan (Kulldorff, Heffernan, Hartman, Assunção & Mostashari 2005): of every
circle and run of days, the likelihood ratio of what was counted against (counted in the circle) ×
(counted in the days) / (counted in all); its p from runs in which the days are dealt anew among
the records. Nothing is assumed of how much is usual where; a place where much always happens is
no hot spot. What follows a record within 10 km and 8 h is one burst with it: bursts are dealt anew as
they are, and count once in every cell that they touch. So fire that is answered, and a record that
is told a hundred times, make no hot spot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.assurance.series import FloatArray
from truceline.base.columns import BoolArray, IntArray

#: shown where chance makes one as strong not more often than once in so many days, and p is this small
LEAST_RECURRENCE_D = 30.0
MOST_P = 0.05
#: with fewer units nothing is told
LEAST_UNITS = 30
#: a hot spot of fewer units is none
LEAST_INSIDE = 4

RADII_M = (2_500.0, 5_000.0, 10_000.0, 20_000.0, 40_000.0)
CELL_M = 2_500.0
DEAD_H = 8.0
DEAD_M = 10_000.0
MOST_DAYS = 7
MOST_SHOWN = 5
_MOST_CELLS = 400
_MOST_ZONES = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpot:
    """A circle and a run of days. Metres of the frame; days counted from the scan's first."""

    x_m: float
    y_m: float
    radius_m: float
    first_day: int
    last_day: int  #: inclusive
    n: int  #: bursts inside, by the cells that each touches
    expected: float
    p: float
    recurrence_d: float  #: how often chance alone makes one as strong, days


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpots:
    """What a scan found. state: found, none or too_few."""

    n_days: int
    n_units: int
    shown: tuple[HotSpot, ...]
    strongest_p: float | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Zones:
    """Circles about occupied cells. inside : (n_zones, n_cells); radius_m, centre : (n_zones,)."""

    inside: np.ndarray
    radius_m: FloatArray
    centre: IntArray


def scan_hot_spots(
    x_m: FloatArray,
    y_m: FloatArray,
    time_h: FloatArray,
    *,
    n_days: int,
    seed: int,
    alive_only: bool = False,
    cell_m: float = CELL_M,
    n_runs: int = 299,
) -> HotSpots:
    """Scan records in a plane over ``n_days`` days.

    Parameters
    ----------
    x_m, y_m, time_h : (n,) places and hours since the first day's beginning; others are left out.
    alive_only : only runs of days that end with the last day, as a daily watch asks; then p is the
        chance of one day, and recurrence 1/p days. Else any run, and recurrence n_days/p.

    Notes
    -----
    p = (1 + runs at least as strong) / (1 + runs); runs end early where ten were as strong
    (Besag & Clifford 1991). Of hot spots that share records only the strongest is told.
    """
    inside = (time_h >= 0) & (time_h < 24 * n_days) & np.isfinite(x_m) & np.isfinite(y_m)
    cell, burst, east_m, north_m, day = _units(x_m[inside], y_m[inside], time_h[inside], cell_m=cell_m)
    n_units = len(day)
    if n_units < LEAST_UNITS or n_days < 3:
        return HotSpots(n_days=n_days, n_units=n_units, shown=(), strongest_p=None, state="too_few")
    zones = _draw_zones(east_m, north_m, np.bincount(cell, minlength=len(east_m)), cell_m=cell_m)
    scan = _Scan.of(zones, cell, burst, n_cells=len(east_m), n_days=n_days, alive_only=alive_only)
    score, counted, expected = scan.scores(day)
    order = np.argsort(-score, axis=None, kind="stable")
    found = _apart(order, score, scan, zones)
    rng = np.random.default_rng(seed)
    beaten = np.zeros(len(found), dtype=np.int64)
    strength = np.array([score.flat[one] for one in found])
    runs = 0
    while found and runs < n_runs and beaten[0] < 10:
        beaten += scan.scores(rng.permutation(day))[0].max() >= strength - 1e-9
        runs += 1
    chance = (1 + beaten) / (1 + runs)
    shown = []
    for one, p in zip(found, chance.tolist(), strict=True):
        recurrence = (1.0 if alive_only else n_days) / p
        if p > MOST_P or recurrence < LEAST_RECURRENCE_D:
            continue
        zone, run = np.unravel_index(one, score.shape)
        shown.append(
            HotSpot(
                x_m=float(east_m[zones.centre[zone]]),
                y_m=float(north_m[zones.centre[zone]]),
                radius_m=float(zones.radius_m[zone]),
                first_day=int(scan.first[run]),
                last_day=int(scan.last[run]),
                n=int(counted[zone, run]),
                expected=float(expected[zone, run]),
                p=p,
                recurrence_d=recurrence,
            )
        )
    return HotSpots(
        n_days=n_days,
        n_units=n_units,
        shown=tuple(shown[:MOST_SHOWN]),
        strongest_p=float(chance[0]) if found else None,
        state="found" if shown else "none",
    )


def _units(
    x_m: FloatArray, y_m: FloatArray, time_h: FloatArray, *, cell_m: float
) -> tuple[IntArray, IntArray, FloatArray, FloatArray, IntArray]:
    """Cells that bursts touch, (n,) cell and burst of each; cells' middles; (n_bursts,) day of each burst.

    Cells grow until there are at most ``_MOST_CELLS``. All is in an order of its own, so that the
    records' order does not show.
    """
    order = np.lexsort((y_m, x_m, time_h))
    x_m, y_m, time_h = x_m[order], y_m[order], time_h[order]
    leader = _bursts(x_m, y_m, time_h)
    first, burst = np.unique(leader, return_inverse=True)
    size = cell_m
    while True:
        keys = np.column_stack([np.floor(x_m / size), np.floor(y_m / size)]).astype(np.int64)
        places, cell = np.unique(keys, axis=0, return_inverse=True)
        if len(places) <= _MOST_CELLS:
            break
        size *= 1.5
    centre: FloatArray = (places.astype(np.float64) + 0.5) * size
    touched = np.unique(np.column_stack([cell.ravel(), burst.ravel()]), axis=0).astype(np.int64)
    day: IntArray = (time_h[first] // 24).astype(np.int64)
    return touched[:, 0], touched[:, 1], centre[:, 0], centre[:, 1], day


def _bursts(x_m: FloatArray, y_m: FloatArray, time_h: FloatArray) -> IntArray:
    """The first record of each one's burst, records in order of time: within ``DEAD_H`` and ``DEAD_M`` of it."""
    near: dict[tuple[int, int], list[int]] = {}
    leader = np.arange(len(x_m))
    east, north, hour = x_m.tolist(), y_m.tolist(), time_h.tolist()
    for k in range(len(east)):
        column, row = int(east[k] // DEAD_M), int(north[k] // DEAD_M)
        before = [
            one
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            for one in near.get((column + i, row + j), ())[-4:]
            if hour[k] - hour[one] < DEAD_H
            and (east[k] - east[one]) ** 2 + (north[k] - north[one]) ** 2 <= DEAD_M**2
        ]
        if before:
            leader[k] = min(before)
        else:
            near.setdefault((column, row), []).append(k)
    return leader


def _draw_zones(east_m: FloatArray, north_m: FloatArray, weight: IntArray, *, cell_m: float) -> _Zones:
    """Circles about the cells with most, each set of cells once, none with more than half of all."""
    centres = np.argsort(-weight, kind="stable")[: _MOST_ZONES // len(RADII_M)]
    apart = np.hypot(east_m[centres, None] - east_m[None, :], north_m[centres, None] - north_m[None, :])
    radii = np.array([radius for radius in RADII_M if radius >= cell_m])
    inside = (apart[:, None, :] <= radii[None, :, None]).reshape(-1, len(east_m))
    fits = inside @ weight <= weight.sum() / 2
    _, first = np.unique(inside[fits], axis=0, return_index=True)
    kept = np.flatnonzero(fits)[np.sort(first)]
    return _Zones(
        inside=inside[kept].astype(np.float32),
        radius_m=np.tile(radii, len(centres))[kept],
        centre=np.repeat(centres, len(radii))[kept],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """Runs of days, and what stays alike for every dealing of days."""

    zones: _Zones
    cell: IntArray
    burst: IntArray
    n_days: int
    first: IntArray
    last: IntArray
    by_zone: FloatArray
    n_log_n: FloatArray

    @classmethod
    def of(
        cls, zones: _Zones, cell: IntArray, burst: IntArray, *, n_cells: int, n_days: int, alive_only: bool
    ) -> _Scan:
        runs = [
            (last - length + 1, last)
            for last in range(n_days)
            for length in range(1, min(MOST_DAYS, n_days // 2) + 1)
            if last - length + 1 >= 0 and (last == n_days - 1 or not alive_only)
        ]
        first, last = np.array(runs).T
        whole = np.arange(1.0, len(cell) + 1)
        return cls(
            zones=zones,
            cell=cell,
            burst=burst,
            n_days=n_days,
            first=first,
            last=last,
            by_zone=(zones.inside @ np.bincount(cell, minlength=n_cells)).astype(np.float64),
            n_log_n=np.concatenate([[0.0], whole * np.log(whole)]),
        )

    def scores(self, day: IntArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """(n_zones, n_runs) log likelihood ratios, counts and expected counts, if bursts lay on these days."""
        n_cells, total = self.zones.inside.shape[1], len(self.cell)
        at = day[self.burst]
        table = np.bincount(self.cell * self.n_days + at, minlength=n_cells * self.n_days)
        by_day = self.zones.inside @ table.reshape(n_cells, self.n_days).astype(np.float32)
        upto = np.concatenate([np.zeros((len(by_day), 1)), np.cumsum(by_day, axis=1)], axis=1)
        counted = (upto[:, self.last + 1] - upto[:, self.first]).round().astype(np.int64)
        days_upto = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=self.n_days))])
        in_run = (days_upto[self.last + 1] - days_upto[self.first]).astype(np.float64)
        expected = np.clip(self.by_zone[:, None] * in_run[None, :] / total, 1e-9, total - 1e-9)
        score = self.n_log_n[counted] - counted * np.log(expected)
        score += self.n_log_n[total - counted] - (total - counted) * np.log(total - expected)
        more: BoolArray = (counted > expected) & (counted >= LEAST_INSIDE)
        return np.where(more, score, 0.0), counted, expected


def _apart(order: IntArray, score: FloatArray, scan: _Scan, zones: _Zones) -> list[int]:
    """The strongest, then each that shares no cell and day with a stronger one; at most twice as told."""
    chosen: list[int] = []
    taken: list[tuple[BoolArray, int, int]] = []
    for one in order[:5000].tolist():
        if score.flat[one] <= 0 or len(chosen) == 2 * MOST_SHOWN:
            break
        zone, run = divmod(one, score.shape[1])
        cells = zones.inside[zone] > 0
        first, last = int(scan.first[run]), int(scan.last[run])
        if any((cells & other).any() and first <= until and since <= last for other, since, until in taken):
            continue
        chosen.append(one)
        taken.append((cells, first, last))
    return chosen
