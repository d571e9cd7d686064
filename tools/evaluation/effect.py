"""The effect test on published seeds: false alarms, power, intervals, moments of a fall, hot spots, answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from shapely import from_wkb
from shapely.geometry.base import BaseGeometry

from evaluation.rows import Budget, Picture, Ranks, Row, over_seeds, row
from truceline.assurance.answers import measure_answers
from truceline.assurance.detections import count_detections
from truceline.assurance.e_value import E_THRESHOLD, measure_evidence
from truceline.assurance.effect import MIN_BASELINE_BINS, calibrate
from truceline.assurance.effort import Points, measure_effort
from truceline.assurance.evidence import combine_evidence
from truceline.assurance.hot_spots import scan_hot_spots
from truceline.assurance.onset import find_onset
from truceline.assurance.regression import lay_out
from truceline.assurance.series import FloatArray, Series, SeriesModel, SeriesSpec
from truceline.assurance.window import total_at_most
from truceline.base.intervals import Interval
from truceline.origins.collapse import collapse_copies
from truceline.simulate import play, read_regime

TITLE = "Effect: did the truce change anything, when, where, and what answered it"
RUNS, QUICK_RUNS = 2_000, 100
#: fewer seeds of a regime of very many salvos, on a shorter front
SIZE: dict[str, dict[str, Any]] = {"war": {"length_km": 500, "salvos_per_day": 750}}
#: what depends on the fire alone is measured where the fire is unlike
FIRE_REGIMES = ("plain", "quiet", "war")


#: of intervals of the ratio, by construction
WIDE = "leaves room for a level that wanders, which the days before cannot rule out; see simulated counts"


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What became of series whose truth is known."""

    evidence: list[float] = field(default_factory=list)
    combined: list[float] = field(default_factory=list)  #: of all sources of a sector
    held: list[bool] = field(default_factory=list)
    ranks: list[float] = field(default_factory=list)
    bias: list[float] = field(default_factory=list)  #: by front: ratio over truth, minus 1


def evaluate(regimes: Sequence[str], seeds: Sequence[int], budget: Budget) -> list[Row | Picture]:
    """Rows of one regime."""
    made: list[Row | Picture] = []
    for regime in regimes:
        made += _tests(regime, seeds, budget)
        made += _onsets(regime, seeds, budget)
        if regime == "surge":
            made += _reports(regime, seeds, budget)
        if regime in FIRE_REGIMES:
            made += _hot_spots(regime, seeds, budget)
            made += _answers(regime, seeds, budget)
    return made


def _play(regime: str, seed: int, budget: Budget, *, change: bool, fire: dict[str, Any] | None = None) -> Any:
    """A front; without ``change`` nobody's fire falls as the truce begins."""
    size = {**SIZE.get(regime, {}), **({"length_km": 500} if budget.quick else {})}
    made = read_regime(regime, **size)
    update: dict[str, Any] = {}
    if not change:
        update["truce"] = made.truce.model_copy(update={"remaining": 1.0})
    if fire:
        update["fire"] = made.fire.model_copy(update=fire)
    return play(made.model_copy(update=update), seed=seed)


def _sectors(front: Any) -> list[tuple[str, BaseGeometry]]:
    return [
        (one["area_id"], from_wkb(one["geometry"]))
        for one in front.areas.to_pylist()
        if one["kind"] == "sector"
    ]


def _series(front: Any) -> Iterator[tuple[int, Series]]:
    """Detections a day of every hard source in every sector, with the sector's number."""
    n = round((front.stop - front.start) / timedelta(days=1))
    edges = [front.start + timedelta(days=k) for k in range(n + 1)]
    bins = [Interval(edges[k], edges[k + 1]) for k in range(n)]
    for number, (area, geometry) in enumerate(_sectors(front)):
        for source in front.hard_sources:
            spec = SeriesSpec(
                id=source, title="", source=source, measure="records", unit="detection", area=area, kind="sensor"
            )  # fmt: skip
            yield (
                number,
                count_detections(
                    spec,
                    front.observations,
                    front.coverage,
                    geometry=geometry,
                    bins=bins,
                    baseline=Interval(front.start, front.truce_start),
                    window=Interval(front.truce_start, front.stop),
                ),
            )


def true_ratio(front: Any, sector: int) -> float:
    """Rate in the truce over the rate before, as the orders of both parties and their arrival make it.

    In each phase the parties' rates solve λ_i = s_i (μ/2 + f λ_i + a λ_j), s: share of the fire that goes on.
    """
    fire, orders = front.regime.fire, front.truth.facts["orders"]
    days = (front.stop - front.truce_start) / timedelta(days=1)
    delay = np.minimum(np.array(orders["delay_s"])[:, sector] / 86_400, days)
    remaining = np.array(orders["remaining"])[:, sector]

    def rate(s: FloatArray) -> float:
        f, a = fire.follow_up_mean, fire.answer_mean
        return float(
            np.linalg.solve([[1 - s[0] * f, -s[0] * a], [-s[1] * a, 1 - s[1] * f]], np.asarray(s) / 2).sum()
        )

    cuts = np.unique([0.0, *delay, days])
    total = sum(
        (high - low) * rate(np.where(delay <= low, remaining, 1.0)) for low, high in pairwise(cuts.tolist())
    )
    return float(total / days / rate(np.ones(2)))


def _measure(front: Any, tally: _Tally, *, change: bool, rng: np.random.Generator) -> None:
    by_sector: dict[int, list[float]] = {}
    real, foretold = 0.0, 0.0
    for number, series in _series(front):
        known = np.isfinite(series.count) & (series.exposure > 0)
        before, during = series.in_baseline & known, series.in_window & known
        if before.sum() < MIN_BASELINE_BINS or not during.any() or series.count[before].sum() < 5:
            continue
        design = lay_out(series)
        fit, window = calibrate(
            series.count, design, before=before, during=during, family="count", rng=np.random.default_rng(0)
        )
        count = series.count[during]
        evidence = float(measure_evidence(count[None, :], window)[0])
        tally.evidence.append(evidence)
        by_sector.setdefault(number, []).append(evidence)
        truth = true_ratio(front, number) if change else 1.0
        upto = total_at_most(float(count.sum()), truth, window)
        below = total_at_most(float(count.sum()) - 1, truth, window)
        tally.held.append(upto >= 0.025 and below <= 0.975)
        tally.ranks.append(below + (upto - below) * float(rng.random()))
        clutter = design.take(during).added
        real += float((count - clutter).sum())
        foretold += truth * float((design.take(during).rate(fit.coefficients) - clutter).sum())
    tally.combined += [combine_evidence(values) for values in by_sector.values()]
    if foretold > 0:
        tally.bias.append(real / foretold - 1)


def _tests(regime: str, seeds: Sequence[int], budget: Budget) -> list[Row | Picture]:
    """Null fronts until there are enough series, then fronts with a truce."""
    least = QUICK_RUNS if budget.quick else RUNS
    null, truce = _Tally(), _Tally()
    rng = np.random.default_rng(0)
    shared = [(null, False), (truce, True)]
    for tally, change in shared:
        # where the published seeds are too few, as many beyond them
        for k, seed in enumerate(chain(seeds, (one + 100_000 for one in seeds))):
            spent = 1 - budget.left_s() / budget.seconds
            wanted = least if not change else least // 5
            if len(tally.evidence) >= wanted or (k and spent > (0.7 if not change else 0.85)):
                break
            _measure(_play(regime, seed, budget, change=change), tally, change=change, rng=rng)
    n = len(null.evidence)
    alarms = np.array(null.evidence) >= E_THRESHOLD
    together = np.array(null.combined) >= E_THRESHOLD
    made: list[Row | Picture] = [
        row("effect: false alarms, no truce", regime, "≤ 0.05", float(alarms.mean()) if n else None, n=n),
        row("effect: false alarms, all sensors of a sector (mean of e-values)", regime, "≤ 0.05", float(together.mean()) if n else None, n=len(together)),
    ]  # fmt: skip
    if regime == "burning":
        return made  # nobody fires: there is no rate, and no ratio
    bias, low, high = over_seeds(null.bias)
    made += [
        row("effect: 95 % interval of the rate ratio holds 1, no truce", regime, "0.93 to 0.97", float(np.mean(null.held)) if n else None, n=n, note=WIDE),
        row("effect: bias of the rate ratio, hard sensors, no truce", regime, "", bias, lo=low, hi=high, n=len(null.bias), note="target: within ± .03; the interval is over seeds, whose own fire varies"),
    ]  # fmt: skip
    if regime == "surge":
        made.append(row("effect: size of that bias under a reporting surge", regime, "≤ 0.03", abs(bias), n=len(null.bias)))  # fmt: skip
    if truce.evidence and regime != "surge":
        bias, low, high = over_seeds(truce.bias)
        made += [
            row("effect: falls reported, one source and sector", regime, "", float(np.mean(np.array(truce.evidence) >= E_THRESHOLD)), n=len(truce.evidence), note="to .4 on average, in 10 days after 20"),
            row("effect: falls reported, all sensors of a sector", regime, "", float(np.mean(np.array(truce.combined) >= E_THRESHOLD)), n=len(truce.combined)),
            row("effect: 95 % interval holds the true rate ratio", regime, "0.93 to 0.97", float(np.mean(truce.held)), n=len(truce.held), note=WIDE),
            row("effect: bias of the rate ratio, hard sensors, truce", regime, "", bias, lo=low, hi=high, n=len(truce.bias)),
        ]  # fmt: skip
    ranks = np.array(null.ranks + truce.ranks)
    counts = np.histogram(ranks, bins=20, range=(0, 1))[0]
    made.append(
        Ranks(
            name=f"effect-{regime}",
            title=f"Rate ratio's posterior, {regime}",
            counts=tuple(int(one) for one in counts),
        )
    )
    return made


def _acts(front: Any) -> tuple[FloatArray, FloatArray, FloatArray, np.ndarray, list[str]]:
    """Places, hours since the start, side (0, 1; −1: neither) and sector of true acts of fire."""
    truth = front.truth.incidents.filter(pc.not_equal(front.truth.incidents["act"], "advance"))
    x, y = front.frame.to_plane(truth["longitude_deg"].to_numpy(), truth["latitude_deg"].to_numpy())
    hours = truth["occurred_at"].cast(pa.int64()).to_numpy() / 3.6e9 - front.start.timestamp() / 3600
    sides = pc.index_in(truth["party_id"], value_set=pa.array(list(front.parties))).fill_null(-1)
    return x, y, hours, np.asarray(sides.to_numpy(), dtype=np.int64), truth["sector"].to_pylist()


def _onsets(regime: str, seeds: Sequence[int], budget: Budget) -> list[Row]:
    """Half of the true acts, by party and sector: when each order arrived."""
    if regime in ("surge", "burning"):
        return []
    found, held, width, n = 0, 0, [], 0
    for k, seed in enumerate(seeds[:12]):
        if k and budget.left_s() < 0.1 * budget.seconds:
            break
        front = _play(regime, seed, budget, change=True)
        _x, _y, hours, side, sector = _acts(front)
        kept = np.random.default_rng(seed).random(len(hours)) < 0.5
        bin_h = 3 if regime != "quiet" else 12
        total_h = (front.stop - front.start) / timedelta(hours=1)
        edges = np.arange(0, total_h + bin_h, bin_h)
        bins = tuple(
            Interval(front.start + timedelta(hours=a), front.start + timedelta(hours=b))
            for a, b in pairwise(edges.tolist())
        )
        window = Interval(front.truce_start, front.stop)
        for number, (area, _geometry) in enumerate(_sectors(front)):
            mine = kept & (np.array(sector) == area)
            for party in (0, 1):
                count = np.histogram(hours[mine & (side == party)], bins=edges)[0].astype(np.float64)
                spec = SeriesSpec(id="acts", title="", source="x", measure="records", unit="act", area=area, kind="sensor", bin_h=bin_h, model=SeriesModel(hour=True))  # fmt: skip
                series = Series(
                    spec=spec, bins=bins, count=count, exposure=np.ones(len(bins)), row_refs=tuple(() for _ in bins),
                    in_baseline=np.array([one.stop <= window.start for one in bins]), in_window=np.array([window.covers(one) for one in bins]),
                )  # fmt: skip
                onset = find_onset(
                    series, search=Interval(window.start - timedelta(days=2), window.stop), seed=0
                )
                n += 1
                if onset.found and onset.at_lo95 and onset.at_hi95:
                    orders = front.truth.facts["orders"]
                    when = window.start + timedelta(seconds=orders["delay_s"][party][number])
                    found += 1
                    held += onset.at_lo95 <= when <= onset.at_hi95
                    width.append((onset.at_hi95 - onset.at_lo95) / timedelta(hours=1))
    return [
        row("moment of the fall by party and sector: told", regime, "", found / n if n else None, n=n),
        # a few falls of one front, by the same orders: the target is asked of simulated counts
        row("moment of the fall: 95 % interval holds the order’s arrival", regime, "", held / found if found else None, n=found, note=f"median width {np.median(width):.0f} h" if width else "none told"),
    ]  # fmt: skip


def _points(front: Any, table: Any) -> tuple[Points, FloatArray]:
    x, y = front.frame.to_plane(table["longitude_deg"].to_numpy(), table["latitude_deg"].to_numpy())
    start, stop = (table[name].cast(pa.int64()).to_numpy() / 3.6e9 for name in ("occurred_from", "occurred_until"))  # fmt: skip
    return Points(x_m=x, y_m=y, time_h=(start + stop) / 2), stop - start


def _reports(regime: str, seeds: Sequence[int], budget: Budget) -> list[Row]:
    """The ratio of first tellings, raw and with the effort that hard sensors show."""
    raw, offset = [], []
    for k, seed in enumerate(seeds[:20]):
        if k and budget.left_s() < 0.02 * budget.seconds:
            break
        front = _play(regime, seed, budget, change=False)
        table = front.observations
        is_report = pc.starts_with(table["source_id"], "reports")
        told = collapse_copies(table.filter(is_report))
        told = told.take(pc.sort_indices(told, sort_keys=[("occurred_from", "ascending"), ("observation_id", "ascending")]))  # fmt: skip
        _names, first = np.unique(told["primary_source_id"].to_numpy(), return_index=True)
        told = told.take(pa.array(np.sort(first)))
        hard = table.filter(pc.and_(pc.invert(is_report), pc.is_valid(table["longitude_deg"])))
        hard = hard.filter(pc.is_in(hard["source_id"], value_set=pa.array(["acoustic", "camera", "patrol", "uav"])))  # fmt: skip
        at = front.truce_start.timestamp() / 3600
        placed, length = _points(front, told.filter(pc.is_valid(told["longitude_deg"])))
        sharp = length <= 6
        placed = replace(placed, x_m=placed.x_m[sharp], y_m=placed.y_m[sharp], time_h=placed.time_h[sharp])
        seen, _length = _points(front, hard)
        effort = measure_effort(seen, placed, before=seen.time_h < at, during=seen.time_h >= at)
        when = told["occurred_from"].cast(pa.int64()).to_numpy() / 3.6e9
        days = (front.truce_start - front.start) / (front.stop - front.truce_start)
        ratio = float((when >= at).sum() / max((when < at).sum(), 1) * days)
        raw.append(np.log(ratio))
        if effort.ratio is not None:
            offset.append(np.log(ratio / effort.ratio))
    rows = []
    for name, values, target in (("raw", raw, ""), ("with the effort that hard sensors show", offset, "")):
        mean, low, high = (float(np.expm1(one)) for one in over_seeds(values))
        rows.append(
            row(
                f"effect: bias of the reports’ rate ratio, {name}",
                regime,
                target,
                mean,
                lo=low,
                hi=high,
                n=len(values),
            )
        )
    return rows


_STEADY = {"hot_spot_days": 1e6, "day_shape": 1e6, "weekend_factor": 1.0}


def _hot_spots(regime: str, seeds: Sequence[int], budget: Budget) -> list[Row]:
    """Fire that is answered and followed up but gathers nowhere anew: nothing is to be shown."""
    shown, alive, planted, n = 0, 0, 0, 0
    for k, seed in enumerate(seeds[: 3 if budget.quick else 40]):
        if k and budget.left_s() < 0.02 * budget.seconds:
            break
        small = {"length_km": 500} if regime != "war" else {}
        made = read_regime(regime, **{**SIZE.get(regime, {}), **small})
        fire = made.fire.model_copy(update={**_STEADY, "salvos_per_day": made.fire.salvos_per_day * made.length_km / 2000 if regime != "war" else 300})  # fmt: skip
        truce = made.truce.model_copy(update={"remaining": 1.0})
        x, y, hours, _side, _sector = _acts(
            play(made.model_copy(update={"fire": fire, "truce": truce}), seed=seed)
        )
        n += 1
        shown += scan_hot_spots(x, y, hours, n_days=30, seed=seed).state == "found"
        alive += scan_hot_spots(x, y, hours, n_days=30, seed=seed, alive_only=True).state == "found"
        rng = np.random.default_rng(seed)
        at = int(rng.integers(len(x)))
        more = [np.append(one, one[at] + rng.normal(0, 2500, 25)) for one in (x, y)]
        later = np.append(hours, 24 * rng.uniform(12, 15, 25))
        found = scan_hot_spots(more[0], more[1], later, n_days=30, seed=seed)
        planted += any(
            np.hypot(spot.x_m - x[at], spot.y_m - y[at]) <= spot.radius_m and spot.first_day <= 14 and spot.last_day >= 12
            for spot in found.shown
        )  # fmt: skip
    return [
        row("hot spots: shown where there is none (30 days)", regime, "≤ 0.05", shown / n, n=n),
        row("hot spots: days on which one is shown where there is none", regime, "≤ 0.034", alive / n, n=n, note="recurrence of 30 days"),
        row("hot spots: 25 acts planted within 3 days and 5 km, found", regime, "", planted / n, n=n),
    ]  # fmt: skip


def _answers(regime: str, seeds: Sequence[int], budget: Budget) -> list[Row]:
    """True acts before the truce: answers an act draws, against the simulator's own number."""
    estimates, held, told, false, n_null = [], 0, 0, 0, 0
    truth = read_regime(regime).fire.answer_mean
    for k, seed in enumerate(seeds[: 2 if budget.quick else 10]):
        if k and budget.left_s() < -0.3 * budget.seconds:
            break
        for answer_mean in (truth, 0.0):
            front = _play(regime, seed, budget, change=False, fire={"answer_mean": answer_mean})
            x, y, hours, side, _sector = _acts(front)
            part = hours < (24 * 3 if regime == "war" else 24 * 30)
            found = measure_answers(x[part], y[part], hours[part], side[part], seed=seed)
            if answer_mean == 0.0:
                n_null += 1
                false += found.state == "found"
            elif found.drawn and found.drawn_lo95 and found.drawn_hi95:
                for one, other in ((0, 1), (1, 0)):
                    told += 1
                    estimates.append(found.drawn[one][other])
                    held += found.drawn_lo95[one][other] <= truth <= found.drawn_hi95[one][other]
    mean, low, high = over_seeds(estimates)
    return [
        row("answers an act draws: estimate over truth", regime, "", mean / truth if told else None, lo=low / truth, hi=high / truth, n=told, note="" if told else "too few acts to tell"),
        row("answers: 95 % interval holds the truth", regime, "0.93 to 0.97", held / told if told else None, n=told),
        row("answers: told where there are none", regime, "≤ 0.05", false / n_null if n_null else None, n=n_null, note="either party"),
    ]  # fmt: skip
