"""One result against the truth: the flat figures, and beside them what simpler ways and oracles score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.columns import FloatArray, IntArray, codes, floats, micros, recode
from truceline.base.geodesy import LocalFrame
from truceline.schema.table import Table
from truceline.scoring.baselines import (
    Points,
    cluster_by_density,
    count_cells,
    each_telling,
    make_points,
    shift_in_time,
)
from truceline.scoring.blame import Blame, brier_of_parties, judge_blame, party_chances
from truceline.scoring.counts import count_bias
from truceline.scoring.existence import Calibration, judge_existence
from truceline.scoring.gospa import gospa
from truceline.scoring.identity import (
    IdScore,
    Partition,
    fakes_reported,
    id_f1,
    match_events,
    own_events,
    pair_f1,
    true_partition,
)
from truceline.scoring.totals import judge_totals
from truceline.scoring.truth import Linked, Truth, link

#: these come first, in this order
FLAT = (
    "id_f1", "id_f1_true_labels", "id_f1_oracle_partition", "id_f1_null", "pair_f1", "existence_ece",
    "attribution_brier", "attribution_brier_ideal", "count_bias", "count_cover95", "id_f1_trained",
)  # fmt: skip
#: parts of the span by which the links of the null are turned; the null is their mean
NULL_SHARES = (0.27, 0.5, 0.73)

#: (n_records,) number of each record's group → existence of each group, (n_groups,), or None: it cannot be asked
Weigh = Callable[[IntArray], FloatArray | None]
Value = float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Figures by name, why some are null, and a row for each other way."""

    figures: Mapping[str, Value]
    reasons: Mapping[str, str]
    baselines: Mapping[str, Mapping[str, Value]]
    existence: Calibration
    blame: Blame | None

    def as_dict(self) -> dict[str, object]:
        """For JSON: flat keys first."""
        return {**self.figures, "reasons": dict(self.reasons), "baselines": dict(self.baselines)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A result beside what its records truly are."""

    observations: Table
    incidents: Table
    truth: Truth
    linked: Linked
    partition: Partition
    frame: LocalFrame


def judge(observations: Table, incidents: Table, truth: Truth, *, frame: LocalFrame) -> Judged:
    """Bring incidents, records and truth together."""
    return Judged(
        observations=observations,
        incidents=incidents,
        truth=truth,
        linked=link(observations, truth),
        partition=partition_of(incidents, observations),
        frame=frame,
    )


def partition_of(incidents: Table, observations: Table) -> Partition:
    """The incidents as groups of the rows of ``observations``; a record in two incidents counts in the first."""
    lists = incidents["observation_ids"]
    of = np.asarray(pc.list_parent_indices(lists).to_numpy(), dtype=np.int64)
    index = pc.index_in(pc.list_flatten(lists), value_set=observations["observation_id"].combine_chunks())
    row = np.asarray(pc.fill_null(index, -1).to_numpy(), dtype=np.int64)
    group = np.full(observations.num_rows, -1, dtype=np.int64)
    known = row >= 0
    group[row[known][::-1]] = of[known][::-1]
    return Partition(group=group, existence_p=floats(incidents["existence_p"]))


def score(
    judged: Judged,
    *,
    parties: Sequence[str] = (),
    totals: Table | None = None,
    areas: Table | None = None,
    weigh: Weigh | None = None,
    ideal: FloatArray | None = None,
    trained: Weigh | None = None,
    seed: int = 0,
) -> Score:
    """All figures of one result.

    parties : of the truce, in their order; empty: those of the truth. totals : area_id,
    period_start, period_stop, act, estimate, lo95, hi95; areas : their shapes. weigh : the method's own existence for
    groups that are given, for the oracle partition. ideal : (n_incidents, n_parties + 1) the ideal
    observer's attribution of the same incidents. trained : existence of groups that are given, by a
    classifier trained on other seeds.

    What cannot be computed is None, with the reason.
    """
    linked, partition = judged.linked, judged.partition
    reasons: dict[str, str] = {}
    own = id_f1(partition, linked)
    points = make_points(judged.observations, linked.origin, frame=judged.frame)
    baselines = _baselines(judged, points, weigh=weigh, trained=trained, reasons=reasons)
    existence = _existence(judged, seed=seed)
    blame, brier_ideal = _blame(judged, tuple(parties) or judged.truth.parties, ideal, reasons)
    bias, cover, n_totals = judge_totals(totals, judged.truth, areas)
    fakes, n_fakes = fakes_reported(partition, linked)
    at = gospa(_places(judged.incidents, judged.frame), _true_places(judged.truth, judged.frame))
    figures: dict[str, float | int | None] = {
        "id_f1": own.f1,
        "id_f1_true_labels": baselines["true_labels"]["id_f1"],
        "id_f1_oracle_partition": baselines["oracle_partition"]["id_f1"],
        "id_f1_null": baselines["time_shifted_null"]["id_f1"],
        "pair_f1": pair_f1(partition, linked),
        "existence_ece": existence.excess if existence.n else None,
        "attribution_brier": blame.brier if blame else None,
        "attribution_brier_ideal": brier_ideal,
        "count_bias": bias,
        "count_cover95": cover,
        "id_f1_trained": baselines["trained_existence"]["id_f1"],
        "id_precision": own.precision,
        "id_recall": own.recall,
        "n_incidents": len(partition),
        "n_reported": own.reported,
        "n_true_events": own.events,
        "n_matched": own.matched,
        "reported_bias": count_bias([own.reported], [own.events]),
        "existence_ece_raw": existence.ece,
        "existence_ece_floor": existence.floor,
        "existence_brier": existence.brier,
        "existence_log_score": existence.log_score,
        "existence_n": existence.n,
        "gospa_m": at.total_m,
        "gospa_location_m": at.location_m,
        "gospa_missed_m": at.missed_m,
        "gospa_false_m": at.false_m,
        "gospa_mean_location_m": at.mean_location_m,
        "attribution_n": blame.n if blame else None,
        "attribution_error_at_90": blame.error_at_90 if blame else None,
        "attribution_share_decided": blame.share_decided if blame else None,
        "wrong_did_it": blame.wrong_did_it if blame else None,
        "wrong_did_it_of_reported": blame.wrong_share if blame else None,
        "n_named": blame.named if blame else None,
        "fakes_share": fakes / n_fakes if n_fakes else None,
        "n_fakes": n_fakes,
        "count_n": n_totals,
        "n_records": judged.observations.num_rows,
        "n_records_without_truth": int((~linked.known).sum()),
    }
    if totals is None:
        reasons["count_bias"] = reasons["count_cover95"] = "the result holds no totals"
    if not existence.n:
        reasons["existence_ece"] = "no incident has an existence_p of 0.1 or more"
    clean = {name: _plain(value) for name, value in figures.items()}
    for name, value in clean.items():
        if value is None:
            reasons.setdefault(name, "there is nothing of the kind to judge")
    return Score(
        figures=clean, reasons=dict(sorted(reasons.items())), baselines=baselines, existence=existence, blame=blame
    )  # fmt: skip


def _plain(value: float | int | None) -> Value:
    if value is None or not np.isfinite(value):
        return None
    return value if isinstance(value, int) else float(value)


def _row(found: IdScore, pairs: float | None = None) -> dict[str, Value]:
    return {
        "id_f1": found.f1,
        "pair_f1": _plain(pairs),
        "id_precision": _plain(found.precision),
        "id_recall": _plain(found.recall),
        "n_reported": found.reported,
        "n_matched": found.matched,
        "reported_bias": _plain(count_bias([found.reported], [found.events])),
    }


def _baselines(
    judged: Judged, points: Points, *, weigh: Weigh | None, trained: Weigh | None, reasons: dict[str, str]
) -> dict[str, dict[str, Value]]:
    linked = judged.linked
    labels = true_partition(linked)
    rows = {"time_shifted_null": _null(judged, points)}
    for name, partition in (
        ("counting_cell_day", count_cells(points)),
        ("every_telling", each_telling(points)),
        ("dbscan", cluster_by_density(points)),
    ):
        rows[name] = _row(id_f1(partition, linked), pair_f1(partition, linked))
    none: dict[str, Value] = {"id_f1": None}
    for name, ask, key, reason in (
        ("oracle_partition", weigh, "id_f1_oracle_partition", "existence cannot be asked for groups that are given"),
        ("trained_existence", trained, "id_f1_trained", "no classifier trained on other seeds was given (--trained)"),
    ):  # fmt: skip
        existence_p = None if ask is None else ask(labels.group)
        rows[name] = none
        if existence_p is None:
            reasons[key] = reason
        else:
            weighed = Partition(group=labels.group, existence_p=existence_p)
            rows[name] = _row(id_f1(weighed, linked), pair_f1(weighed, linked))
    rows["true_labels"] = _row(id_f1(labels, linked), pair_f1(labels, linked))
    return rows


def _null(judged: Judged, points: Points) -> dict[str, Value]:
    """Mean of the scores against links turned in time."""
    source = codes(judged.observations["source_id"])[0]
    time_s = points.time_s[points.of_record]
    turned = [shift_in_time(judged.linked, source, time_s, share=share) for share in NULL_SHARES]
    scores = [_row(id_f1(judged.partition, one), pair_f1(judged.partition, one)) for one in turned]
    keys = ("id_f1", "pair_f1", "id_precision", "id_recall")
    return {key: _plain(float(np.mean([_number(one[key]) for one in scores]))) for key in keys} | {
        "n_reported": scores[0]["n_reported"]
    }


def _number(value: Value) -> float:
    return float("nan") if value is None else float(value)


def _existence(judged: Judged, *, seed: int) -> Calibration:
    """Calibration over the incidents with an existence; one that belongs to a true event happened."""
    p = judged.partition.existence_p
    based = np.isfinite(p)
    happened = own_events(judged.partition, judged.linked) >= 0
    return judge_existence(p[based], happened[based], seed=seed)


def _blame(
    judged: Judged, parties: Sequence[str], ideal: FloatArray | None, reasons: dict[str, str]
) -> tuple[Blame | None, float | None]:
    if not parties:
        reasons["attribution_brier"] = reasons["attribution_brier_ideal"] = "no parties are known"
        return None, None
    truth, incidents = judged.truth, judged.incidents
    p = party_chances(incidents, parties)
    owner = own_events(judged.partition, judged.linked)
    place = np.array(
        [parties.index(name) if name in parties else len(parties) for name in truth.parties] + [len(parties)],
        dtype=np.int64,
    )
    cls = np.where(owner >= 0, place[truth.party[owner]] if len(truth) else -1, -1)
    matched = match_events(judged.partition, judged.linked)
    blame = judge_blame(
        p,
        recode(incidents["attributed_party_id"], list(parties)),
        cls,
        matched,
        judged.partition.reported,
    )
    if not blame.n:
        reasons["attribution_brier"] = "no matched incident has party_p"
    if ideal is None:
        reasons["attribution_brier_ideal"] = "the truth does not say what the ideal observer needs"
        return blame, None
    judged_rows = matched & (cls >= 0) & np.isfinite(p[:, 0]) & np.isfinite(ideal[:, 0])
    return blame, _plain(brier_of_parties(ideal[judged_rows], cls[judged_rows]))


def _places(incidents: Table, frame: LocalFrame) -> FloatArray:
    """(n_reported, 3) x, y, time of the reported incidents; NaN where there is no point."""
    p = floats(incidents["existence_p"])
    table = incidents.filter(pa.array(~(p < 0.5)))
    middle_s = (micros(table["occurred_from"]) / 2 + micros(table["occurred_until"]) / 2) / 1e6
    return _planar(floats(table["longitude_deg"]), floats(table["latitude_deg"]), middle_s, frame)


def _true_places(truth: Truth, frame: LocalFrame) -> FloatArray:
    return _planar(truth.longitude_deg, truth.latitude_deg, truth.at_us / 1e6, frame)


def _planar(longitude: FloatArray, latitude: FloatArray, time_s: FloatArray, frame: LocalFrame) -> FloatArray:
    at = np.full((len(longitude), 3), np.nan)
    placed = np.isfinite(longitude) & np.isfinite(latitude)
    if placed.any():
        at[placed, 0], at[placed, 1] = frame.to_plane(longitude[placed], latitude[placed])
    at[:, 2] = time_s
    return at
