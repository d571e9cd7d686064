"""Fusion on published seeds: identity, existence, fakes, and what wrong declarations cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evaluation.fronts import front
from evaluation.rows import Budget, Picture, Reliability, Row, over_seeds, row
from evaluation.yardstick import trained, trained_existence
from truceline.base.columns import FloatArray
from truceline.fusion.trained import ExistenceBy
from truceline.origins.collapse import collapse_copies
from truceline.scoring.existence import judge_existence
from truceline.scoring.identity import (
    REPORTED_P,
    IdScore,
    Partition,
    fakes_reported,
    id_f1,
    own_events,
    own_fakes,
)
from truceline.scoring.score import Judged, Score, judge, score
from truceline.scoring.trained import label_groups
from truceline.scoring.truth import make_truth
from truceline.workflow.engine import Setting, complete_setting, group, weigh_groups

TITLE = "Fusion: records → incidents"
#: of a regime of very many salvos fewer seeds are played
SEEDS = {"war": 2}
LEAST_SEEDS, MOST_SEEDS = 2, 8
#: added to the metrics of incidents whose existence a trained model judged
OF_TRAINED = ", fuse --existence trained"

PLAIN = {
    "id_f1": "id_f1", "id_f1_true_labels": "id_f1, true labels", "id_f1_oracle_partition": "id_f1, true partition and our existence",
    "id_f1_null": "id_f1, time-shifted null", "pair_f1": "pair_f1", "gospa_mean_location_m": "mean distance of matched incidents, m (GOSPA)",
    "reported_bias": "reported incidents / true events − 1",
}  # fmt: skip
OTHER_WAYS = {
    "counting_cell_day": "counting per cell and day",
    "every_telling": "every telling",
    "dbscan": "DBSCAN",
}


def setting_of(played: Any) -> Setting:
    """A played front as the engine is given it."""
    return complete_setting(
        Setting(
            observations=played.observations, coverage=played.coverage, control=played.control, areas=played.areas,
            parties=tuple(played.parties), hard_sources=tuple(played.hard_sources), acts=tuple(played.acts), frame=played.frame,
        )
    )  # fmt: skip


def fuse_front(played: Any, *, existence: ExistenceBy = "generative") -> tuple[Judged, Score]:
    """Fuse a front and score the incidents; attribution is judged elsewhere."""
    setting = replace(setting_of(played), existence=existence)
    observations = collapse_copies(setting.observations)
    judged = _judged(played, setting)
    return judged, score(
        judged,
        parties=tuple(played.parties),
        weigh=lambda number: weigh_groups(observations, setting, number),
    )


def _judged(played: Any, setting: Setting) -> Judged:
    return judge(
        played.observations,
        group(collapse_copies(setting.observations), setting),
        make_truth(played.truth.incidents, played.truth.links),
        frame=played.frame,
    )


def evaluate(regimes: Sequence[str], seeds: Sequence[int], budget: Budget) -> list[Row | Picture]:
    """All rows of fusion for each regime."""
    made: list[Row | Picture] = []
    for regime in regimes:
        made += _evaluate(regime, seeds, budget)
    return made


@dataclass(slots=True)
class _Tally:
    """What one way to reckon existence came to, over seeds."""

    by: ExistenceBy
    found: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    p: list[Any] = field(default_factory=list)
    happened: list[Any] = field(default_factory=list)
    fakes: int = 0
    ideal_fakes: int = 0
    standing: int = 0
    n_fakes: int = 0

    @property
    def suffix(self) -> str:
        """What the names of its metrics end in."""
        return "" if self.by == "generative" else OF_TRAINED

    def add(self, played: Any, judged: Judged, scored: Score, best: tuple[IdScore, FloatArray]) -> None:
        """One seed. best : of the true partition and trained existence, and that existence."""
        _note(self.found, scored, best[0].f1)
        based = np.isfinite(judged.partition.existence_p)
        self.p.append(judged.partition.existence_p[based])
        self.happened.append((own_events(judged.partition, judged.linked) >= 0)[based])
        if judged.linked.n_fakes:
            self.n_fakes += judged.linked.n_fakes
            self.fakes += fakes_reported(judged.partition, judged.linked)[0]
            self.ideal_fakes += _ideal_fakes(judged, best[1])
            self.standing += _standing(played, replace(setting_of(played), existence=self.by), judged)


def _ideal_fakes(judged: Judged, existence_p: FloatArray) -> int:
    """Fakes that trained existence on the true partition tells as real: by their accounts, or by a false detection.

    The latter is one that lies in an incident with accounts of a fake, and that is told as real by itself.
    existence_p : of the groups of the true partition.
    """
    linked, partition = judged.linked, judged.partition
    labels = Partition(group=label_groups(linked)[0].group, existence_p=existence_p)
    by_account = own_fakes(labels, linked)[labels.reported]
    told = np.where(partition.group >= 0, own_fakes(partition, linked)[partition.group], -1)
    false = (linked.event < 0) & (linked.fake < 0) & (labels.group >= 0)
    by_detection = told[false & labels.reported[labels.group]]
    found = np.concatenate([by_account, by_detection])
    return len(np.unique(found[found >= 0]))


def _standing(played: Any, setting: Setting, judged: Judged) -> int:
    """Of the fakes that became incidents, those whose other records are told as real without any account of a fake."""
    linked, partition = judged.linked, judged.partition
    own = own_fakes(partition, linked)
    told = np.where(partition.reported[partition.group] & (partition.group >= 0), own[partition.group], -1)
    true_to_itself = linked.fake < 0
    others = np.flatnonzero((told >= 0) & true_to_itself)
    if not len(others):
        return 0
    kept = replace(setting, observations=played.observations.filter(pa.array(true_to_itself)))
    incidents = group(collapse_copies(kept.observations), kept)
    real = incidents.filter(pc.invert(pc.fill_null(pc.less(incidents["existence_p"], REPORTED_P), False)))
    ids = played.observations["observation_id"].combine_chunks().take(pa.array(others))
    still = pc.is_in(ids, value_set=pc.list_flatten(real["observation_ids"]).combine_chunks()).to_numpy(
        zero_copy_only=False
    )
    return len(np.unique(told[others[still]]))


def _evaluate(regime: str, seeds: Sequence[int], budget: Budget) -> list[Row | Picture]:
    model = trained(regime, budget)
    budget.restart()
    tallies = (_Tally("generative"), _Tally("trained"))
    for k, seed in enumerate(seeds[: SEEDS.get(regime, MOST_SEEDS)]):
        if k >= (1 if budget.quick else LEAST_SEEDS) and budget.left_s() <= 0:
            break
        played = front(regime, seed=seed, **budget.size)
        best = None
        for tally in tallies:
            judged, scored = fuse_front(played, existence=tally.by)
            best = best or trained_existence(model, played, judged.linked)
            tally.add(played, judged, scored, best)
            if regime == "wrongp" and tally.by == "generative":
                tally.found["lost"].append(_lost(played, scored))
    made: list[Row | Picture] = []
    for tally in tallies:
        made += _targets(regime, tally)
        made += _existence(regime, tally)
        made += _fakes(regime, tally)
    return [*made, *_figures(regime, tallies[0].found)]


def _note(found: dict[str, list[float]], scored: Score, trained_f1: float) -> None:
    for name in PLAIN:
        found[name].append(_number(scored.figures[name]))
    for name in OTHER_WAYS:
        found[name].append(_number(scored.baselines[name]["id_f1"]))
    own, oracle = _number(scored.figures["id_f1"]), _number(scored.figures["id_f1_oracle_partition"])
    found["trained"].append(trained_f1)
    if not scored.figures["n_true_events"]:  # nothing to find: only false incidents can be told
        reported, records = _number(scored.figures["n_reported"]), _number(scored.figures["n_records"])
        found["false"].append(1000 * reported / records)
        return
    found["of_trained"].append(_ratio(own, trained_f1))
    found["of_oracle"].append(_ratio(own, oracle))
    found["trained_of_labels"].append(_ratio(trained_f1, _number(scored.figures["id_f1_true_labels"])))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _number(value: float | int | None) -> float:
    return float("nan") if value is None else float(value)


def _targets(regime: str, tally: _Tally) -> list[Row]:
    found, suffix = tally.found, tally.suffix
    n = len(found["id_f1"])
    told = (
        ("id_f1 / (true partition and trained existence)", "≥ 0.97", "of_trained"),
        ("id_f1 / id_f1 of the true partition", "≥ 0.99", "of_oracle"),
    )
    rows: list[Row] = []
    if found["false"]:
        mean, low, high = over_seeds(found["false"])
        metric = "incidents told where nothing happened, per 1,000 records" + suffix
        return [row(metric, regime, "≤ 1", mean, lo=low, hi=high, n=n)]
    for metric, target, name in told:
        mean, low, high = over_seeds(found[name])
        note = "" if np.isfinite(mean) else "existence cannot be asked for groups that are given"
        rows.append(row(metric + suffix, regime, target, mean, lo=low, hi=high, n=n, note=note))
    if suffix:
        mean, low, high = over_seeds(found["id_f1"])
        rows.append(row("id_f1" + suffix, regime, "", mean, lo=low, hi=high, n=n))
    if found["lost"]:
        mean, low, high = over_seeds(found["lost"])
        metric = "id_f1 lost with p × 0.7 and clutter × 2"
        rows.append(row(metric, regime, "≤ 0.02", mean, lo=low, hi=high, n=n, note="against the same records with right declarations"))  # fmt: skip
    return rows


def _existence(regime: str, tally: _Tally) -> list[Row | Picture]:
    p, suffix = tally.p, tally.suffix
    metric = "existence calibration error beyond chance" + suffix
    pooled = judge_existence(np.concatenate(p), np.concatenate(tally.happened)) if p else None
    if pooled is None or not pooled.n:
        return [row(metric, regime, "≤ 0.015", None, note="no incident has an existence of 0.1 or more")]
    bins = pooled.bins
    name = f"existence-{regime}" + ("-trained" if suffix else "")
    return [
        row(metric, regime, "≤ 0.015", pooled.excess, n=pooled.n, note=f"raw {pooled.ece:.4f}, floor {pooled.floor:.4f}; hypotheses of {len(p)} seeds"),
        row("existence, Brier score" + suffix, regime, "", pooled.brier, n=pooled.n),
        row("existence, log score" + suffix, regime, "", pooled.log_score, n=pooled.n),
        Reliability(
            name=name, title=f"Existence, {regime}{suffix}", forecast=tuple(bins.forecast.tolist()),
            outcome=tuple(bins.outcome.tolist()), n=tuple(int(one) for one in bins.n),
        ),
    ]  # fmt: skip


def _fakes(regime: str, tally: _Tally) -> list[Row]:
    n = tally.n_fakes
    if not n:
        return []
    rows = []
    for metric, target, count, ideal in (
        ("staged or invented events that became incidents", "≤ 0.005", tally.fakes, tally.ideal_fakes / n),
        (
            "of these, of all staged ones: incidents only by their accounts",
            "",
            tally.fakes - tally.standing,
            None,
        ),
    ):
        share = count / n
        half = 1.96 * float(np.sqrt(max(share * (1 - share), 1e-12) / n))
        rows.append(row(metric + tally.suffix, regime, target, share, lo=max(0.0, share - half), hi=share + half, ideal=ideal, n=n, note=f"{count} of {n}"))  # fmt: skip
    return rows


def _figures(regime: str, found: dict[str, list[float]]) -> list[Row]:
    """What has no target, the other ways among it."""
    names = {**PLAIN, "trained": "id_f1, true partition and trained existence", **{k: f"id_f1, {v}" for k, v in OTHER_WAYS.items()}, "trained_of_labels": "trained existence / true labels"}  # fmt: skip
    rows = []
    for name, metric in names.items():
        mean, low, high = over_seeds(found[name])
        rows.append(row(metric, regime, "", mean, lo=low, hi=high, n=len(found[name])))
    return rows


def _lost(played: Any, scored: Score) -> float:
    """Share of ``id_f1`` lost to declarations that are wrong, against the same records with right ones."""
    regime = played.regime
    setting = setting_of(played)
    right = setting.coverage
    a, b = right["detection_p_a"], right["detection_p_b"]
    p = pc.min_element_wise(pc.multiply(pc.divide(a, pc.add(a, b)), regime.p_factor), 0.99)
    size = pc.add(a, b)
    changed: dict[str, Any] = {
        "detection_p_a": pc.multiply(p, size),
        "detection_p_b": pc.multiply(pc.subtract(1.0, p), size),
        "clutter_per_day": pc.multiply(right["clutter_per_day"], regime.clutter_factor),
    }
    for name, values in changed.items():
        right = right.set_column(right.schema.get_field_index(name), right.schema.field(name), _flat(values))
    told = replace(setting, coverage=right)
    incidents = group(collapse_copies(setting.observations), told)
    judged = judge(
        played.observations,
        incidents,
        make_truth(played.truth.incidents, played.truth.links),
        frame=played.frame,
    )
    best = id_f1(judged.partition, judged.linked).f1
    return 1 - _number(scored.figures["id_f1"]) / best if best else float("nan")


def _flat(values: Any) -> pa.ChunkedArray:
    return values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
