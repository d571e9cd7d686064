"""How many happened, seen or not: totals by area, period and act, with honest intervals.

(1) Each incident that a sensor with a known probability detected becomes a history: who could have
seen it, who did, of which act it may be. (2) The probabilities' joint posterior comes from what was
declared and from the sensors' overlap (``detection``). (3) For each draw of it, an incident with
chance π of being detected stands for 1/π (Horvitz & Thompson 1952); where little is seen, few
incidents would stand for many, and the numbers lean on how acts spread where they are seen: in each
class of sight the number detected is negative binomial around what that spread foretells. (4) What
went unseen is drawn given what was detected. So the interval holds the errors of the probabilities,
which do not average out, as well as those of chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from scipy.special import gammaln
from shapely.geometry.base import BaseGeometry

from truceline.assurance.detection import Histories, Learnt, learn_probabilities
from truceline.assurance.doubt import weigh_lone
from truceline.assurance.records import Detected, Watched, gather_detected, watch_incidents
from truceline.base.columns import BoolArray, IntArray
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.coverage.sight import Moments, Sight, find_profiles, read_sight
from truceline.schema.table import Table

FloatArray = npt.NDArray[np.float64]

#: edges of the classes of sight, by the chance of detection; below the first one nothing is seen
CLASS_EDGES = (0.02, 0.12, 0.35, 0.65)
_N_CLASSES = len(CLASS_EDGES) + 1
#: how well the spread of acts foretells a class of sight: shape of the gamma of what is then found
SPREAD_SHAPES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_SPREAD_SAMPLES = 800
_N_DRAWS = 200
_GRID = 61
_ROUNDS = 3
#: a prior as weak as so many incidents, for the mean odds of being missed within a class
_ODDS_WEIGHT = 5.0
_CALIBRATION_WEIGHT = 5.0
_LEAST_WEIGHT = 1e-3
_STEP = 0.6180339887498949
_DAY_S = 86_400.0
#: chance of detection from which on an act of any kind counts as one that could well be seen
_PLAIN_SIGHT = 0.1
_LEAST_SIGHT = 0.01
#: a prior as weak as so many acts, for how usual each kind is in an area
_SHARE_WEIGHT = 50.0


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
) -> Totals:
    """Estimate how many acts happened, by act × area × period.

    Parameters
    ----------
    incidents : fused; ``existence_p`` weighs each, null counts as one.
    observations : the records they were made from.
    coverage : only sources with a detection probability and its basis count as detectors.
    areas : shapes by id; incidents that name an area without a point belong to it by name.
    without : a source to be left out, as if it had not been there.
    """
    if without is not None:
        coverage = _without(coverage, without)
    sights = {act: read_sight(coverage, act=act, frame=frame) for act in acts}
    seen_acts = [act for act in acts if not sights[act].empty]
    if not seen_acts:
        return Totals(totals=tuple(_none(acts, areas, periods)), learnt=None)
    sources = sorted({key[0] for act in seen_acts for key in sights[act].group_key})
    detected = gather_detected(
        incidents, observations, sources=sources, acts=seen_acts, frame=frame, shapes=areas
    )  # (1)
    model = _Model.of(detected, [sights[act] for act in seen_acts], seen_acts)
    rng = np.random.default_rng(seed)
    inside = {area: detected.moments.inside(area) for area in areas}
    learnt = model.learn(inside)  # (2)
    totals: list[Total] = []
    for act in acts:
        if act not in seen_acts:
            totals += _none([act], areas, periods)
            continue
        k = seen_acts.index(act)
        totals += _act_totals(model, k, sights[act], learnt, inside, areas, periods, frame, rng, keep_draws)
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


@dataclass(slots=True, kw_only=True)
class _Model:
    """All acts' histories with one numbering of probabilities."""

    detected: Detected
    acts: list[str]
    sights: list[Sight]
    numbers: list[IntArray]  #: for each act: number of the sight's groups among all
    watched: list[Watched]
    beta: FloatArray
    source: IntArray
    group_keys: tuple[tuple[str, float, float, str, str], ...]
    weight: FloatArray  #: (n, n_acts) that the incident happened and was of the act
    place_weight: FloatArray  #: (n, n_acts) how many acts of each kind the moment stands for
    existence_p: FloatArray  #: (n_incidents,) with lone detections weighed by their overlap
    existence_draws: FloatArray  #: (n_incidents, n_draws)

    @classmethod
    def of(cls, detected: Detected, sights: list[Sight], acts: list[str]) -> _Model:
        keys: dict[tuple[str, float, float, str, str], int] = {}
        numbers = []
        for act, sight in zip(acts, sights, strict=True):
            own = [(key[0], key[1], key[2], key[3], "" if key[4] else act) for key in sight.group_key]
            numbers.append(np.array([keys.setdefault(key, len(keys)) for key in own], dtype=np.int64))
        sources = sorted({key[0] for key in keys})
        return cls(
            detected=detected,
            acts=acts,
            sights=sights,
            numbers=numbers,
            watched=[
                watch_incidents(detected, sight, number)
                for sight, number in zip(sights, numbers, strict=True)
            ],
            beta=np.array([[key[1], key[2]] for key in keys]),
            source=np.array([sources.index(key[0]) for key in keys], dtype=np.int64),
            group_keys=tuple(keys),
            weight=np.zeros((len(detected), len(acts))),
            place_weight=np.zeros((len(detected), len(acts))),
            existence_p=detected.existence_p.copy(),
            existence_draws=np.repeat(detected.existence_p[:, None], _N_DRAWS, axis=1),
        )

    def learn(self, inside: Mapping[str, BoolArray]) -> Learnt:
        """Probabilities and the incidents' acts, each from the other in turn."""
        mean = self.beta[:, 0] / self.beta.sum(axis=1)
        learnt: Learnt | None = None
        for _ in range(_ROUNDS):
            self._weigh(mean, inside)
            learnt = learn_probabilities(
                self._histories(), self.beta, self.source, n_draws=_N_DRAWS, rng=np.random.default_rng(1)
            )
            mean = learnt.mean
            self._doubt(mean)
        self._weigh(mean, inside)
        assert learnt is not None
        return learnt

    def _doubt(self, detection_p: FloatArray) -> None:
        """Existence of lone detections, by how much of a source's others confirm."""
        doubt = weigh_lone(
            self.detected.existence_p,
            self.detected.owner,
            [watched.entries for watched in self.watched],
            self.weight,
            detection_p,
            self.source,
            n_draws=_N_DRAWS,
            rng=np.random.default_rng(3),
        )
        self.existence_p, self.existence_draws = doubt.mean, doubt.draws

    def _weigh(self, detection_p: FloatArray, inside: Mapping[str, BoolArray]) -> None:
        """(n, n_acts): existence times the chance of each act, by records, sensors and what is usual here."""
        n = len(self.detected)
        log = self.detected.loglik.copy()
        pi = np.empty_like(log)
        for k, watched in enumerate(self.watched):
            one = watched.entries
            sp = np.minimum(one.share * detection_p[one.group], 0.98)
            value = np.where(one.hit, np.log(np.maximum(sp, 1e-6)), np.log1p(-sp))
            log[:, k] += np.bincount(one.record, weights=value, minlength=n)
            log[:, k] += watched.log_stray
            pi[:, k] = -np.expm1(one.log_missed(detection_p))
        # how usual each act is, where all would be seen well and elsewhere: kinds spread unlike one another
        well = (pi >= _PLAIN_SIGHT).all(axis=1)
        usual = np.full((n, len(self.acts)), 1 / len(self.acts))
        owner = self.detected.owner
        most = np.full(len(self.existence_p), -np.inf)
        np.maximum.at(most, owner, log.max(axis=1))
        scaled = np.exp(log - most[owner][:, None])
        for _ in range(5):
            chance = scaled * usual
            share = self.existence_p / np.bincount(owner, weights=chance.sum(axis=1))
            self.weight = chance * share[owner][:, None]
            stands = self.weight / np.maximum(pi, CLASS_EDGES[0])
            everywhere = stands[well].sum(axis=0) + 1.0
            for part in (well, ~well):
                shares = stands[part].sum(axis=0) + _SHARE_WEIGHT * everywhere / everywhere.sum()
                usual[part] = shares / shares.sum()
                for held in inside.values():
                    if 0 < held.sum() < n:
                        own = stands[part & held].sum(axis=0) + _SHARE_WEIGHT * shares / shares.sum()
                        usual[part & held] = own / own.sum()
        # an incident of any kind stands for acts of all kinds in its place; a kind that is hardly ever
        # seen there is taken to be as usual, against the others, as where all are seen
        shares = np.empty_like(usual)
        for part in (well, ~well):
            own = stands[part].sum(axis=0) + everywhere / everywhere.sum()
            visible = (pi[part] >= CLASS_EDGES[0]).mean(axis=0) > 0.5 if part.any() else own > 0
            if visible.any():
                own = np.where(visible, own, own[visible].sum() * everywhere / everywhere[visible].sum())
            shares[part] = own / own.sum()
        pooled = self.weight.sum(axis=1) / np.maximum((pi * shares).sum(axis=1), _LEAST_SIGHT)
        # where a kind is seen well its own incidents tell of it, elsewhere those of all kinds
        own_sight = pi >= _PLAIN_SIGHT
        self.place_weight = np.where(own_sight, self.weight / np.maximum(pi, _PLAIN_SIGHT), pooled[:, None] * shares)  # fmt: skip

    def _histories(self) -> Histories:
        """Every act's entries as one."""
        n = len(self.detected)
        parts = [watched.entries for watched in self.watched]
        return Histories(
            record=np.concatenate([part.record + k * n for k, part in enumerate(parts)]),
            group=np.concatenate([part.group for part in parts]),
            hit=np.concatenate([part.hit for part in parts]),
            share=np.concatenate([part.share for part in parts]),
            weight=self.weight.T.ravel(),
        )


def _act_totals(
    model: _Model,
    k: int,
    sight: Sight,
    learnt: Learnt,
    inside: Mapping[str, BoolArray],
    areas: Mapping[str, BaseGeometry],
    periods: Sequence[Interval],
    frame: LocalFrame,
    rng: np.random.Generator,
    keep_draws: bool,
) -> list[Total]:
    """One act in every area and period."""
    weight = model.weight[:, k]
    mine = np.flatnonzero(weight > _LEAST_WEIGHT)
    log_missed = model.watched[k].entries.log_missed(learnt.draws)[mine]
    missed = np.minimum(np.exp(log_missed), 1 - CLASS_EDGES[0] / 2)
    odds = missed / (1 - missed)
    chance = 1 - np.exp(model.watched[k].entries.log_missed(learnt.mean)[mine])
    seen_class = np.maximum(np.digitize(chance, CLASS_EDGES), 1)
    time_s = model.detected.moments.time_s[mine]
    # what an incident weighs, draw by draw
    ratio = model.existence_draws / np.maximum(model.existence_p, 1e-9)[:, None]
    by_draw = weight[mine][:, None] * ratio[model.detected.owner[mine]]
    cells: list[_Cell] = []
    for area in areas:
        held = inside[area][mine]
        spread = _spread(model, area, inside[area], sight, learnt, model.numbers[k], areas, periods, frame, k)
        for p, period in enumerate(periods):
            own = held & (time_s >= period.start.timestamp()) & (time_s < period.stop.timestamp())
            cells.append(_Cell.of(by_draw[own], odds[own], seen_class[own], spread[p]))
    _calibrate(cells)
    shape = _spread_shape(cells)
    found = []
    names = [(area, period) for area in areas for period in periods]
    for cell, (area, period) in zip(cells, names, strict=True):
        if cell.sight <= 0:
            found.append(Total(act=model.acts[k], area_id=area, period=period, detected=cell.detected, estimate=None, lo95=None, hi95=None, blind_share=1.0, reason_codes=("blind_spot",)))  # fmt: skip
            continue
        draws = cell.draw(shape, rng)
        low, high = np.quantile(draws, [0.025, 0.975])
        found.append(
            Total(
                act=model.acts[k],
                area_id=area,
                period=period,
                detected=cell.detected,
                estimate=float(draws.mean()),
                lo95=float(low),
                hi95=float(high),
                blind_share=float(cell.mass[0]),
                draws=draws if keep_draws else None,
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spread:
    """By class of sight, how acts spread: mass (n_classes,) sums to 1; chance, odds (n_classes, n_draws)."""

    mass: FloatArray
    chance: FloatArray
    odds: FloatArray
    n: float


def _spread(
    model: _Model,
    area: str,
    held: BoolArray,
    sight: Sight,
    learnt: Learnt,
    number: IntArray,
    areas: Mapping[str, BaseGeometry],
    periods: Sequence[Interval],
    frame: LocalFrame,
    k: int,
) -> list[_Spread]:
    """Places where acts of any kind came, by what each incident stands for, at any time of each period."""
    moments = model.detected.moments
    placed = held & np.isfinite(moments.x_m)
    shape = areas[area]
    rows = np.flatnonzero(placed)
    found = []
    for period in periods:
        n = _SPREAD_SAMPLES
        start, length = period.start.timestamp(), period.duration_h * 3600
        time = np.asarray(start + length * ((np.arange(n) * _STEP) % 1), dtype=np.float64)
        near = np.abs(moments.time_s[rows] - start - length / 2) <= length / 2
        weight = model.place_weight[rows, k] * np.where(near, 1.0, 0.1)
        if weight.sum() > 0:
            edge = np.cumsum(weight) / weight.sum()
            pick = rows[np.minimum(np.searchsorted(edge, (np.arange(n) + 0.5) / n), len(rows) - 1)]
            x, y = moments.x_m[pick], moments.y_m[pick]
            # at the hours of the day at which acts came, on any day of the period
            clock = moments.time_s[np.random.default_rng(2).permutation(pick)] % _DAY_S
            time = start + (time - time % _DAY_S + clock - start) % length
        else:
            point = frame.geometry_to_plane(shape).representative_point()
            x, y = np.full(n, point.x), np.full(n, point.y)
        longitude, latitude = frame.to_globe(x, y)

        def inside(name: str, lon: FloatArray = longitude, lat: FloatArray = latitude) -> BoolArray:
            if name in areas:
                return np.asarray(shapely.contains_xy(areas[name], lon, lat))
            return np.zeros(len(lon), dtype=np.bool_)

        seen = sight.see(Moments(x_m=x, y_m=y, time_s=time, inside=inside))
        profiles = find_profiles(seen)
        missed = profiles.missed(learnt.draws[number])
        mean = 1 - profiles.missed(learnt.mean[number][:, None])[:, 0]
        size = np.bincount(profiles.of_moment, minlength=len(profiles)).astype(np.float64)
        kind = np.digitize(mean, CLASS_EDGES)
        mass = np.bincount(kind, weights=size, minlength=_N_CLASSES)
        sums = np.zeros((_N_CLASSES, missed.shape[1]))
        np.add.at(sums, kind, (1 - missed) * size[:, None])
        chance = sums / np.maximum(mass, 1e-9)[:, None]
        odds = np.where(chance > 0, (1 - chance) / np.maximum(chance, 1e-3), 0.0)
        found.append(_Spread(mass=mass / n, chance=chance, odds=odds, n=float(near.sum())))
    return found


@dataclass(slots=True, kw_only=True)
class _Cell:
    """An area and period: what was detected in each class of sight, and what the spread foretells.

    count, variance : (n_classes,) of true acts detected. sums : (n_classes, n_draws) of their odds of
    being missed. mass : (n_classes,); chance, odds : (n_classes, n_draws) by the spread. factor :
    (n_classes,) what is found of what the spread foretells, over all areas and periods.
    """

    detected: float
    count: FloatArray
    variance: FloatArray
    sums: FloatArray
    odds: FloatArray
    mass: FloatArray
    chance: FloatArray
    factor: FloatArray

    @classmethod
    def of(cls, weight: FloatArray, odds: FloatArray, kind: IntArray, spread: _Spread) -> _Cell:
        """weight, odds : (n, n_draws) of the moments; kind : (n,) their class of sight."""
        shape = _N_CLASSES, odds.shape[1]
        count, variance, sums = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for one in range(1, _N_CLASSES):
            own = kind == one
            count[one] = weight[own].sum(axis=0)
            variance[one] = (weight[own] * np.maximum(1 - weight[own], 0)).sum(axis=0)
            sums[one] = (weight[own] * odds[own]).sum(axis=0)
        return cls(
            detected=float(count.mean(axis=1).sum()),
            count=count,
            variance=variance,
            sums=sums,
            odds=spread.odds,
            mass=spread.mass,
            chance=spread.chance,
            factor=np.ones(_N_CLASSES),
        )

    @property
    def sight(self) -> float:
        """Mean chance that an act is detected, by the spread."""
        return float(self.mass[1:] @ self.chance[1:].mean(axis=1)) + float(self.count.sum() > 0)

    def expected(self) -> FloatArray:
        """(n_classes, n_draws) detections expected per act of the total; a class never empty of sight."""
        return np.maximum(self.mass[:, None], 1e-4) * self.chance * self.factor[:, None]

    def draw(self, shape: float, rng: np.random.Generator) -> FloatArray:
        """(n_draws,) of the total: level, classes, then what went unseen."""
        n_draws = self.odds.shape[1]
        count = _vary(self.count, self.variance, rng)
        middle = self.count.mean(axis=1)
        expected = self.expected()
        used = slice(1, _N_CLASSES)
        rough = (middle[used].sum() + 0.5) / max(float(expected[used].mean(axis=1).sum()), 1e-6)
        half = float(np.clip(5 * np.sqrt(1 / (middle[used].sum() + 0.5) + 1 / shape), 0.2, 4.0))
        grid = np.asarray(np.log(rough) + np.linspace(-half, half, _GRID), dtype=np.float64)
        mean = np.exp(grid)[:, None, None] * expected[None, used]
        log = (
            gammaln(shape + middle[None, used, None])
            - gammaln(shape)
            + middle[None, used, None] * np.log(np.maximum(mean, 1e-12) / (shape + mean))
            - shape * np.log1p(mean / shape)
        ).sum(axis=1)
        chance = np.exp(log - log.max(axis=0))
        chance = np.cumsum(chance, axis=0) / chance.sum(axis=0)
        level = np.exp(grid[(rng.random(n_draws)[None] > chance).sum(axis=0)] + (rng.random(n_draws) - 0.5) * 2 * half / (_GRID - 1))  # fmt: skip
        foretold = level[None] * expected
        found = rng.gamma(shape + count) / (shape + foretold) * foretold
        found[0] = 0.0
        unseen = found * self.odds
        blind = level * self.mass[0] * rng.gamma(shape, 1 / shape, n_draws)
        unseen[0] = blind
        return np.asarray(count.sum(axis=0) + rng.poisson(unseen).sum(axis=0), dtype=np.float64)


def _calibrate(cells: Sequence[_Cell]) -> None:
    """By class of sight, what the spread foretells against what is found, over all cells of the act."""
    factor = np.ones(_N_CLASSES)
    count = np.sum([cell.count.mean(axis=1) for cell in cells], axis=0)
    for _ in range(5):
        foretold = np.zeros(_N_CLASSES)
        for cell in cells:
            expected = cell.mass * cell.chance.mean(axis=1) * factor
            if expected[1:].sum() > 0:
                foretold += expected * cell.count[1:].sum(axis=0).mean() / expected[1:].sum()
        factor *= (count + _CALIBRATION_WEIGHT) / (foretold + _CALIBRATION_WEIGHT)
    factor[0] = 1.0
    sums = np.sum([cell.sums.mean(axis=1) for cell in cells], axis=0)
    told = np.sum([(cell.count * cell.odds).mean(axis=1) for cell in cells], axis=0)
    weight = _CALIBRATION_WEIGHT * np.maximum(told, 1e-9) / np.maximum(count, 1e-9)
    ratio = np.where(told > 0, (sums + weight) / (told + weight), 1.0)
    for cell in cells:
        cell.factor = factor
        lean = _ODDS_WEIGHT
        cell.odds = (cell.sums + lean * ratio[:, None] * cell.odds) / (cell.count + lean)


def _vary(mean: FloatArray, variance: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Positive numbers with a mean and variance: how many of uncertain incidents are acts."""
    scale = variance / np.maximum(mean, 1e-9)
    draws = rng.gamma(np.maximum(mean / np.maximum(scale, 1e-9), 1e-9))
    return np.where(scale > 1e-6, draws * scale, mean)


def _spread_shape(cells: Sequence[_Cell]) -> float:
    """How well the spread foretells what is found in each class, from all areas and periods."""
    best, value = SPREAD_SHAPES[0], -np.inf
    for shape in SPREAD_SHAPES:
        total = 0.0
        for cell in cells:
            expected = cell.expected().mean(axis=1)[1:]
            count = cell.count.mean(axis=1)[1:]
            if count.sum() < 1 or expected.sum() <= 0:
                continue
            grid = np.log((count.sum() + 0.5) / expected.sum()) + np.linspace(-2, 2, 21)
            mean = np.exp(grid)[:, None] * expected
            log = (gammaln(shape + count) - gammaln(shape) + count * np.log(np.maximum(mean, 1e-12) / (shape + mean)) - shape * np.log1p(mean / shape)).sum(axis=1)  # fmt: skip
            total += float(np.logaddexp.reduce(log))
        if total > value:
            best, value = shape, total
    return best
