"""How many happened, seen or not: totals by area, period and act, with honest intervals.

(1) Each incident that a sensor with a known probability detected becomes a history: who could have
seen it, who did, of which act it may be. (2) The probabilities' joint posterior comes from what was
declared and from the sensors' overlap (``detection``). (3) For each draw of it, an incident with
chance π of being detected stands for 1/π (Horvitz & Thompson 1952); where little is seen, few
incidents would stand for many, and the numbers lean a little on how acts spread where they are seen
(``places``). (4) What went unseen is drawn given what was detected, and what came where next to nothing
is seen by that spread. So the interval holds the errors of the probabilities, which do not average out,
as well as those of chance; the estimate is the one at the mean probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from shapely.geometry.base import BaseGeometry

from truceline.assurance.classes import (
    CLASS_EDGES,
    N_CLASSES,
    Cell,
    Products,
    Spread,
    Sums,
    believe_draws,
    calibrate,
    lean_on_usual,
)
from truceline.assurance.detection import Learnt, find_alike
from truceline.assurance.doubt import AT_ONCE
from truceline.assurance.places import DAY_S, STEP, Rows, at_clock, weigh_places
from truceline.assurance.records import gather_detected
from truceline.assurance.weighing import EDGE_M, Weighed
from truceline.base.columns import BoolArray, IntArray, number_rows
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.coverage.sight import Moments, Sight, find_profiles, read_sight
from truceline.schema.table import Table

FloatArray = npt.NDArray[np.float64]

_SPREAD_SAMPLES, _GROUND_SAMPLES = 800, 100
_CELLS_AT_ONCE = 50
#: where more than this share is unseen, what was seen says nothing of the rest
MOST_BLIND = 0.99
#: where nobody watched more of the ground than this, a total stands on acts being where they were seen
MOST_UNWATCHED = 0.5
_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """How many acts of a kind happened in an area and period; None: no number can be had.

    detected : expected number of true acts among the incidents that the sensors detected.
    blind_share : share of all that, by the spread of acts, nobody could have seen.
    """

    act: str
    area_id: str
    period: Interval
    detected: float
    estimate: float | None
    lo95: float | None
    hi95: float | None
    blind_share: float | None = None
    reason_codes: tuple[str, ...] = ()
    draws: FloatArray | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Totals in the order of acts, areas and periods, and what was learnt of the probabilities."""

    totals: tuple[Total, ...]
    learnt: Learnt | None
    groups: tuple[tuple[str, float, float, str, str], ...] = ()  #: source, a, b, basis, act or ""


def totals_table(totals: Totals) -> Table:
    """As rows: area, period, act, estimate and its 95 % interval; null where no number can be had."""
    found = totals.totals
    time = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "area_id": pa.array([one.area_id for one in found], pa.string()),
            "period_start": pa.array([one.period.start for one in found], time),
            "period_stop": pa.array([one.period.stop for one in found], time),
            "act": pa.array([one.act for one in found], pa.string()),
            "detected": pa.array([one.detected for one in found], pa.float64()),
            "estimate": pa.array([one.estimate for one in found], pa.float64()),
            "lo95": pa.array([one.lo95 for one in found], pa.float64()),
            "hi95": pa.array([one.hi95 for one in found], pa.float64()),
            "blind_share": pa.array([one.blind_share for one in found], pa.float64()),
            "reason_codes": pa.array([list(one.reason_codes) for one in found], pa.list_(pa.string())),
        }
    )


def estimate_totals(
    incidents: Table,
    *,
    observations: Table,
    coverage: Table,
    frame: LocalFrame,
    areas: Mapping[str, BaseGeometry],
    periods: Sequence[Interval],
    acts: Sequence[str],
    seed: int = 0,
    keep_draws: bool = False,
    without: str | None = None,
    shapes: Mapping[str, BaseGeometry] | None = None,
) -> Totals:
    """Estimate how many acts happened, by act × area × period.

    Parameters
    ----------
    incidents : fused; ``existence_p`` weighs each, null counts as one.
    observations : the records they were made from.
    coverage : only sources with a detection probability and its basis count as detectors.
    areas : shapes by id; incidents that name an area without a point belong to it by name.
    without : a source to be left out, as if it had not been there.
    shapes : of further areas that coverage may name.
    """
    if without is not None:
        coverage = _without(coverage, without)
    known = {**(shapes or {}), **areas}
    sights = {act: read_sight(coverage, act=act, frame=frame) for act in acts}
    seen_acts = [act for act in acts if not sights[act].empty]
    if not seen_acts:
        return Totals(totals=tuple(_none(acts, areas, periods)), learnt=None)
    sources = sorted({key[0] for act in seen_acts for key in sights[act].group_key})
    detected = gather_detected(
        incidents, observations, sources=sources, acts=seen_acts, frame=frame, shapes=known
    )  # (1)
    model = Weighed.of(detected, [sights[act] for act in seen_acts], seen_acts)
    rng = np.random.default_rng(seed)
    inside = {area: detected.moments.inside(area) for area in areas}
    learnt = model.learn(inside)  # (2)

    def moments_of(x: FloatArray, y: FloatArray, time: FloatArray) -> Moments:
        return _moments(x, y, time, known, frame)

    names = [(area, period) for area in areas for period in periods]
    shape_of = {area: frame.geometry_to_plane(shape) for area, shape in areas.items()}
    where = weigh_places(model, learnt, inside, names, moments_of)
    cells = [(period, shape_of[area], rows) for (area, period), rows in zip(names, where, strict=True)]
    totals: list[Total] = []
    for act in acts:
        if act not in seen_acts:
            totals += _none([act], areas, periods)
            continue
        k = seen_acts.index(act)
        spreads = _spreads(model, k, sights[act], learnt, cells, moments_of)
        totals += _act_totals(model, k, spreads, learnt, inside, areas, periods, rng, keep_draws)
    return Totals(totals=tuple(totals), learnt=learnt, groups=model.group_keys)


def _none(acts: Sequence[str], areas: Mapping[str, BaseGeometry], periods: Sequence[Interval]) -> list[Total]:
    return [
        Total(act=act, area_id=area, period=period, detected=0.0, estimate=None, lo95=None, hi95=None, reason_codes=("no_bound",))
        for act in acts
        for area in areas
        for period in periods
    ]  # fmt: skip


def _without(coverage: Table, source: str) -> Table:
    return coverage.filter(pc.not_equal(coverage["source_id"], source))


def _act_totals(
    model: Weighed,
    k: int,
    spreads: Sequence[Spread],
    learnt: Learnt,
    inside: Mapping[str, BoolArray],
    areas: Mapping[str, BaseGeometry],
    periods: Sequence[Interval],
    rng: np.random.Generator,
    keep_draws: bool,
) -> list[Total]:
    """One act in every area and period."""
    weight = model.weight[:, k]
    mine = np.flatnonzero(weight > _LEAST_WEIGHT)
    time_s = model.detected.moments.time_s[mine]
    held = [
        inside[area][mine] & (time_s >= period.start.timestamp()) & (time_s < period.stop.timestamp())
        for area in areas
        for period in periods
    ]
    sums = _sum_cells(model, k, learnt, mine, held)
    cells = [Cell.of(own, spread) for own, spread in zip(sums, spreads, strict=True)]
    pick = believe_draws(cells, rng)
    calibrate(cells)
    lean_on_usual(cells, [period.duration_h for period in periods])
    found = []
    names = [(area, period) for area in areas for period in periods]
    for cell, (area, period) in zip(cells, names, strict=True):
        if cell.sight <= 0 or cell.mass[0] > MOST_BLIND:
            found.append(Total(act=model.acts[k], area_id=area, period=period, detected=cell.detected, estimate=None, lo95=None, hi95=None, blind_share=1.0, reason_codes=("blind_spot",)))  # fmt: skip
            continue
        draws = cell.draw(pick, rng)
        low, high = np.quantile(draws, [0.025, 0.975])
        estimate = cell.expect()
        low, high = min(low, estimate), max(high, estimate)
        found.append(
            Total(
                act=model.acts[k],
                area_id=area,
                period=period,
                detected=cell.detected,
                estimate=estimate,
                lo95=float(np.floor(low)),
                hi95=float(np.ceil(high)),
                blind_share=float(cell.mass[0]),
                reason_codes=("ground_unwatched",) if cell.ground > MOST_UNWATCHED else (),
                draws=draws if keep_draws else None,
            )
        )
    return found


def _sum_cells(
    model: Weighed, k: int, learnt: Learnt, mine: IntArray, held: Sequence[BoolArray]
) -> list[Sums]:
    """What was detected in each area and period, by class of sight and draw.

    mine : moments that count. held : of these, those of each area and period. Moments that the same
    could see share their odds; the draws of some moments at a time are made, added up and forgotten.
    """
    entries = model.watched[k].entries
    like, first = find_alike(entries)
    some = entries.of_some(np.sort(first))
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    missed = np.minimum(np.exp(some.log_missed(learnt.with_mean)), 1 - CLASS_EDGES[0] / 2)
    odds = missed / (1 - missed)
    chance = 1 - np.exp(some.log_missed(learnt.mean))
    kind = np.digitize(chance, CLASS_EDGES)
    # what was seen where next to nothing is seen counts as one: the rest of that class comes by the spread
    odds[kind == 0] = 0.0
    like = place[like[mine]]
    owner, weight = model.detected.owner[mine], model.weight[mine, k]
    sums = [Sums.empty(odds.shape[1]) for _ in held]
    for low in range(0, len(mine), AT_ONCE):
        part = slice(low, low + AT_ONCE)
        # what an incident weighs, draw by draw
        by_draw = np.column_stack([model.doubt.draws(owner[part]), model.existence_p[owner[part]]])
        by_draw *= (weight[part] / np.maximum(model.existence_p[owner[part]], 1e-9))[:, None]
        each = Products.of(by_draw, odds[like[part]])
        for own, total in zip(held, sums, strict=True):
            total.add(each, np.flatnonzero(own[part]), kind[like[part]])
    return sums


def _spreads(
    model: Weighed,
    k: int,
    sight: Sight,
    learnt: Learnt,
    cells: Sequence[tuple[Interval, BaseGeometry, Rows]],
    moments_of: Callable[[FloatArray, FloatArray, FloatArray], Moments],
) -> list[Spread]:
    """For each area and period: places where acts came, by what each incident stands for, at their hours."""
    found: list[Spread] = []
    for low in range(0, len(cells), _CELLS_AT_ONCE):
        some = cells[low : low + _CELLS_AT_ONCE]
        parts = [_places(model, k, period, shape, rows) for period, shape, rows in some]
        burst = np.concatenate([part[3] for part in parts])
        grounds = [
            (*_strew(shape, _GROUND_SAMPLES), _times(period, _GROUND_SAMPLES)) for period, shape, _ in some
        ]
        x, y, time = (np.concatenate([part[j] for part in [*parts, *grounds]]) for j in range(3))
        seen = sight.see(moments_of(x, y, time))
        profiles = find_profiles(seen)
        seen_p = 1 - profiles.missed(learnt.with_mean[model.numbers[k]])
        mean = 1 - profiles.missed(learnt.mean[model.numbers[k]][:, None])[:, 0]
        kind = np.digitize(mean, CLASS_EDGES)
        for j in range(len(some)):
            own = slice(j * _SPREAD_SAMPLES, (j + 1) * _SPREAD_SAMPLES)
            mine = profiles.of_moment[own]
            blind = burst[own][kind[mine] == 0]
            each, size = np.unique(mine, return_counts=True)
            mass = np.bincount(kind[each], weights=size, minlength=N_CLASSES)
            sums = np.zeros((N_CLASSES, seen_p.shape[1]))
            np.add.at(sums, kind[each], seen_p[each] * size[:, None])
            chance = sums / np.maximum(mass, 1e-9)[:, None]
            odds = np.where(chance > 0, (1 - chance) / np.maximum(chance, 1e-3), 0.0)
            ground = len(some) * _SPREAD_SAMPLES + j * _GROUND_SAMPLES
            found.append(
                Spread(
                    mass=mass / _SPREAD_SAMPLES,
                    chance=chance,
                    odds=odds,
                    told=_effective(blind),
                    ground=float(np.mean(kind[profiles.of_moment[ground : ground + _GROUND_SAMPLES]] == 0)),
                )
            )
    return found


def _places(
    model: Weighed, k: int, period: Interval, shape: BaseGeometry, known: Rows
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """x, y, time of the samples, and which of them rest on one burst of acts: those of a place and day."""
    moments, n = model.detected.moments, _SPREAD_SAMPLES
    start, length = period.start.timestamp(), period.duration_h * 3600
    weight = known.weight[:, k]
    time = _times(period, n)
    if not weight.sum() > 0:
        x, y = _strew(shape, n)
        return x, y, time, np.zeros(n, dtype=np.int64)
    edge = np.cumsum(weight) / weight.sum()
    pick = known.rows[np.minimum(np.searchsorted(edge, (np.arange(n) + 0.5) / n), len(weight) - 1)]
    # at the hours of the day at which acts came, on any day of the period
    clock = known.clock_s[np.random.default_rng(2).integers(0, len(known.clock_s), n)]
    x, y = moments.x_m[pick], moments.y_m[pick]
    day = np.floor(moments.time_s[pick] / DAY_S)
    burst, _ = number_rows([np.floor(x / EDGE_M), np.floor(y / EDGE_M), day])
    return x, y, at_clock(time, clock, start, length), burst


def _times(period: Interval, n: int) -> FloatArray:
    """(n,) seconds since 1970, spread over a period."""
    return np.asarray(period.start.timestamp() + period.duration_h * 3600 * ((np.arange(n) * STEP) % 1))


def _strew(shape: BaseGeometry, n: int) -> tuple[FloatArray, FloatArray]:
    """(n,) x, y spread evenly over a shape: of a lattice over its box, those inside (its one point, if none is)."""
    low_x, low_y, high_x, high_y = shape.bounds
    k = np.arange(20 * n)
    x = low_x + (high_x - low_x) * ((k + 0.5) / len(k))
    y = low_y + (high_y - low_y) * ((k * STEP) % 1)
    inside = np.flatnonzero(shapely.contains_xy(shape, x, y))
    if not len(inside):
        point = shape.representative_point()
        return np.full(n, point.x), np.full(n, point.y)
    pick = inside[(np.arange(n) * len(inside)) // n]
    return x[pick], y[pick]


def _effective(burst: IntArray) -> float:
    """How many bursts, were all alike, would tell as much as these do; one at least."""
    size = np.unique(burst, return_counts=True)[1]
    return float(size.sum() ** 2 / (size**2).sum()) if len(size) else 1.0


def _moments(
    x: FloatArray, y: FloatArray, time: FloatArray, known: Mapping[str, BaseGeometry], frame: LocalFrame
) -> Moments:
    longitude, latitude = frame.to_globe(x, y)

    def inside(name: str) -> BoolArray:
        if name in known:
            return np.asarray(shapely.contains_xy(known[name], longitude, latitude))
        return np.zeros(len(x), dtype=np.bool_)

    return Moments(x_m=x, y_m=y, time_s=time, inside=inside)
