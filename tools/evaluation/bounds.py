"""Bounds and totals on published seeds: does the truth lie within, are the posteriors right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from evaluation.evader import evader_rows
from evaluation.fronts import front as front_of
from evaluation.fronts import fronts
from evaluation.posterior import SourceTally, learn_sources, true_probability
from evaluation.rows import Budget, Picture, Ranks, Row, over_seeds, row
from truceline.assurance.bounds import limit_unseen, measure_watch
from truceline.assurance.lowered import lower_declared
from truceline.assurance.spread import PastPoints
from truceline.assurance.totals import Totals, estimate_totals
from truceline.base.columns import floats, micros
from truceline.base.intervals import Interval
from truceline.schema import INCIDENTS
from truceline.schema.table import TIME, Table
from truceline.scoring.calibration import rank_truth

TITLE = "Bounds and totals: what could have gone unseen, and how many happened"
FIRE = ("shelling", "rocket_salvo", "small_drone")
#: shares of the time: totals on a perfect partition, totals as fused, bounds
SHARES = (0.4, 0.35, 0.25)
#: smaller fronts than the regimes' own, and so many of them whatever the time: the errors of one front are
#: of one piece, so that few large fronts say less than many small ones
SIZE: dict[str, Any] = {"length_km": 1_000, "days": 20}
SIZES: dict[str, dict[str, Any]] = {"war": {"length_km": 500, "days": 12}}
LEAST_FRONTS = 6
#: trials behind a probability that is known
_SURE_TRIALS = 1e6


@dataclass(slots=True, kw_only=True)
class _Tally:
    """Totals of whose truth something is known."""

    ratio: list[float] = field(default_factory=list)  #: by front: estimates over truths, less 1
    held: list[bool] = field(default_factory=list)
    ranks: list[float] = field(default_factory=list)
    p_ranks: list[float] = field(default_factory=list)
    p_held: list[bool] = field(default_factory=list)

    def add(self, front: Any, found: Totals, seed: int) -> None:
        rng = np.random.default_rng(seed)
        estimates = truths = 0.0
        for one in found.totals:
            if one.estimate is None or one.draws is None or one.lo95 is None or one.hi95 is None:
                continue
            number = _true_number(front, one.area_id, one.period, one.act)
            estimates, truths = estimates + one.estimate, truths + number
            self.held.append(one.lo95 <= number <= one.hi95)
            self.ranks.append(rank_truth(number, np.round(one.draws), rng))
        if truths:
            self.ratio.append(estimates / truths - 1)
        if found.learnt is not None:
            for draws, key in zip(found.learnt.draws, found.groups, strict=True):
                true = true_probability(front, key)
                if true is not None:
                    self.p_ranks.append(rank_truth(true, draws, rng))
                    low, high = np.quantile(draws, [0.025, 0.975])
                    self.p_held.append(bool(low <= true <= high))


def evaluate(regimes: Sequence[str], seeds: Sequence[int], budget: Budget) -> list[Row | Picture]:
    """Rows of one regime."""
    made: list[Row | Picture] = []
    for regime in regimes:
        ideal = _Tally()
        true = _totals(regime, seeds, _part(budget, SHARES[0]), true_partition, ideal)
        made += _rows(regime, true, "true partition", target=True, ideal=ideal)
        made += [
            Ranks(name=f"totals-{regime}", title=f"Totals, true partition, {regime}", counts=_bins(true.ranks)),
            Ranks(name=f"detection-{regime}", title=f"Detection probabilities, {regime}", counts=_bins(true.p_ranks)),
        ]  # fmt: skip
        made += _rows(
            regime, _totals(regime, seeds, _part(budget, SHARES[1]), _fused), "as fused", target=True
        )
        made += _bounds(regime, seeds, _part(budget, SHARES[2]))
        if regime == "plain":
            made += evader_rows(seeds, _part(budget, SHARES[2]))
    return made


def _part(budget: Budget, share: float) -> Budget:
    return Budget(seconds=max(budget.left_s(), 1.0) * share, quick=budget.quick, work=budget.work)


def _rows(
    regime: str, tally: _Tally, how: str, *, target: bool, ideal: _Tally | None = None
) -> list[Row | Picture]:
    n = len(tally.held)
    bias, low, high = over_seeds(tally.ratio)
    best_bias = over_seeds(ideal.ratio)[0] if ideal else None
    best_held = float(np.mean(ideal.held)) if ideal and ideal.held else None
    note = "" if n >= 1_000 else f"{n} intervals of {len(tally.ratio)} fronts: the time given allowed no more"
    rows: list[Row | Picture] = [
        row(f"count bias, {how}", regime, "-0.02 to 0.02" if target else "", bias, lo=low, hi=high, ideal=best_bias, n=len(tally.ratio)),
        row(f"95 % intervals of totals hold, {how}", regime, "0.93 to 0.97", float(np.mean(tally.held)) if n else None, ideal=best_held, n=n, note=note),
    ]  # fmt: skip
    if tally.p_held:
        held = float(np.mean(tally.p_held))
        rows.append(row(f"95 % intervals of detection probabilities hold, {how}", regime, "", held, n=len(tally.p_held)))  # fmt: skip
    return rows


def _bins(ranks: Sequence[float]) -> tuple[int, ...]:
    counts, _ = np.histogram(ranks, bins=20, range=(0, 1))
    return tuple(int(one) for one in counts)


def _totals(
    regime: str,
    seeds: Sequence[int],
    budget: Budget,
    fuse: Callable[[Any], Table],
    ideal: _Tally | None = None,
) -> _Tally:
    """Totals of each front; ``ideal`` takes those of one who knows every probability and every act."""
    tally = _Tally()
    for seed, front in _played(regime, seeds, budget):
        incidents = fuse(front)
        tally.add(front, _estimate(front, incidents), seed)
        if ideal is not None:
            ideal.add(front, _estimate(all_told(front), incidents), seed)
    return tally


def _estimate(front: Any, incidents: Table) -> Totals:
    return estimate_totals(
        incidents,
        observations=front.observations,
        coverage=front.coverage,
        frame=front.frame,
        areas=_sectors(front),
        periods=_weeks(front),
        acts=FIRE,
        keep_draws=True,
    )


def all_told(front: Any) -> Any:
    """The front as one would have it who is told each true probability of detection, and the act of each record.

    Places and times are as measured, what nobody could see remains unseen, and totals are reckoned as ever.
    """
    coverage = front.coverage
    names = [coverage[name].to_pylist() for name in ("source_id", "detection_p_a", "detection_p_b", "detection_p_basis", "act")]  # fmt: skip
    known: dict[tuple[Any, ...], float | None] = {}
    true = np.full(coverage.num_rows, np.nan)
    for number, (source, a, b, basis, act) in enumerate(zip(*names, strict=True)):
        if a is None:
            continue
        key = source, a, b, basis, act or ""
        if key not in known:
            known[key] = true_probability(front, key)
        true[number] = known[key] if known[key] is not None else a / (a + b)
    sure = {"detection_p_a": true * _SURE_TRIALS, "detection_p_b": (1 - true) * _SURE_TRIALS}
    for name, values in sure.items():
        value = pa.array(values, from_pandas=True)
        coverage = coverage.set_column(coverage.column_names.index(name), coverage.schema.field(name), value)
    table = front.truth.incidents
    acts = dict(zip(table["truth_id"].to_pylist(), table["act"].to_pylist(), strict=True))
    told = front.observations["acts"].to_pylist()
    told = [[(acts[one], 1.0)] if one in acts else as_told for one, as_told in zip(front.truth.links["truth_id"].to_pylist(), told, strict=True)]  # fmt: skip
    column = front.observations.column_names.index("acts")
    field_of = front.observations.schema.field("acts")
    observations = front.observations.set_column(column, field_of, pa.array(told, field_of.type))
    return replace(front, coverage=coverage, observations=observations)


def _played(regime: str, seeds: Sequence[int], budget: Budget) -> Any:
    if budget.quick:
        yield from fronts(regime, seeds, budget)
        return
    for k, seed in enumerate(seeds):
        if k >= LEAST_FRONTS and budget.left_s() <= 0:
            return
        yield seed, front_of(regime, seed=seed, **SIZES.get(regime, SIZE))


def _bounds(regime: str, seeds: Sequence[int], budget: Budget) -> list[Row | Picture]:
    """Limits of each sector and act over the truce, from what sensors truly detected."""
    held: list[bool] = []
    told: list[bool] = []
    sources = SourceTally()
    for _seed, front in _played(regime, seeds, budget):
        learned = learn_sources(front)
        sources.add(front, learned)
        proved = replace(front, coverage=lower_declared(front.coverage, learned.detects))
        for history, worst, evader, number in _limits(proved, _sectors(front)):
            del worst
            held.append(history is None or history >= number)
            told.append(evader is not None)
    if not held:
        return []
    low_n = "" if len(held) >= 200 else "few: the time given allowed no more"
    return [
        row("history bound covers the truth", regime, "≥ 0.95", float(np.mean(held)), n=len(held), note=low_n),
        row("evader bound can be told", regime, "", float(np.mean(told)), n=len(told), note="none where there is a blind spot"),
        *sources.rows(regime),
    ]  # fmt: skip


def _limits(front: Any, areas: dict[str, Any]) -> Any:
    incidents = true_partition(front)
    acts = dict(zip(front.truth.incidents["truth_id"].to_pylist(), front.truth.incidents["act"].to_pylist(), strict=True))  # fmt: skip
    act = np.array([acts[name] for name in incidents["incident_id"].to_pylist()], dtype=object)
    longitude, latitude = floats(incidents["longitude_deg"]), floats(incidents["latitude_deg"])
    at_us = (micros(incidents["occurred_from"]) + micros(incidents["occurred_until"])) // 2
    period = Interval(front.truce_start, front.stop)
    inside_time = (at_us >= period.start.timestamp() * 1e6) & (at_us < period.stop.timestamp() * 1e6)
    for kind in FIRE:
        before = (act == kind) & (at_us < period.start.timestamp() * 1e6)
        past = PastPoints(longitude_deg=longitude[before], latitude_deg=latitude[before], at_us=at_us[before])
        for area, shape in areas.items():
            own = (act == kind) & inside_time & shapely.contains_xy(shape, longitude, latitude)
            watch = measure_watch(
                act=kind, area_id=area, area_geometry=shape, period=period, coverage=front.coverage,
                frame=front.frame, zone="UTC", past_points=past, geometries=areas,
            )  # fmt: skip
            found = limit_unseen(watch, act=kind, area_id=area, period=period, detections=int(own.sum()))
            number = _true_number(front, area, period, kind)
            yield found.history_hi95, found.worst_hi95, found.evader_hi95, number


def _sectors(front: Any) -> dict[str, Any]:
    return {
        one["area_id"]: shapely.from_wkb(one["geometry"])
        for one in front.areas.to_pylist()
        if one["kind"] == "sector"
    }


def _weeks(front: Any) -> list[Interval]:
    found, start = [], front.start
    while start < front.stop:
        found.append(Interval(start, min(start + timedelta(days=7), front.stop)))
        start += timedelta(days=7)
    return found


def _true_number(front: Any, area: str, period: Interval, act: str) -> int:
    table = front.truth.incidents
    held = np.asarray(pc.and_(pc.equal(table["sector"], area), pc.equal(table["act"], act)).to_numpy())
    at_s = micros(table["occurred_at"]) / 1e6
    return int((held & (at_s >= period.start.timestamp()) & (at_s < period.stop.timestamp())).sum())


def _fused(front: Any) -> Table:
    associate: Any = import_module("truceline.fusion.associate").associate
    collapse: Any = import_module("truceline.origins.collapse").collapse_copies
    incidents: Table = associate(
        collapse(front.observations),
        frame=front.frame,
        acts=front.acts,
        coverage=front.coverage,
        areas=front.areas,
    )
    return incidents


def true_partition(front: Any) -> Table:
    """Incidents as a perfect fusion would make them: the sensors' records by true event."""
    links, observations = front.truth.links, front.observations
    hard = pc.is_in(observations["source_id"], value_set=pa.array(list(front.hard_sources)))
    keep = pc.and_(hard, pc.not_equal(links["truth_id"], ""))
    chosen = observations.filter(keep)
    names, number = np.unique(np.array(links["truth_id"].filter(keep).to_pylist()), return_inverse=True)
    n = len(names)
    weight = 1 / floats(chosen["position_sd_m"]) ** 2
    total = np.bincount(number, weight, n)
    low, high = np.full(n, -(2**62)), np.full(n, 2**62)
    np.maximum.at(low, number, micros(chosen["occurred_from"]))
    np.minimum.at(high, number, micros(chosen["occurred_until"]))
    middle = (low + high) // 2
    order = np.argsort(number, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(number, minlength=n))]).astype(np.int32)
    ids = chosen["observation_id"].combine_chunks().take(pa.array(order))
    columns: dict[str, Any] = {column.name: pa.nulls(n, column.type) for column in INCIDENTS.columns}
    columns |= {
        "incident_id": pa.array(names.tolist()),
        "occurred_from": pa.array(np.minimum(low, middle - 1)).cast(TIME),
        "occurred_until": pa.array(np.maximum(high, middle + 1)).cast(TIME),
        "longitude_deg": pa.array(np.bincount(number, weight * floats(chosen["longitude_deg"]), n) / total),
        "latitude_deg": pa.array(np.bincount(number, weight * floats(chosen["latitude_deg"]), n) / total),
        "position_sd_m": pa.array(1 / np.sqrt(total)),
        "existence_p": pa.array(np.ones(n)),
        "observation_ids": pa.ListArray.from_arrays(pa.array(offsets), ids),
    }
    return pa.table(columns)
