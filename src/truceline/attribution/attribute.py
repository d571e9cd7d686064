"""Attribute incidents to parties where hard traces tell them apart; else say so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.attribution.claims import CAP, Claims, claims_loglik, hear_claims, learn_behaviour
from truceline.attribution.grounds import Grounds, LineView, see_grounds
from truceline.attribution.model import (
    Evidence,
    FireModel,
    by_party,
    hard_loglik,
    log_prior,
    party_ratio,
    place_loglik,
    place_parts,
    posteriors,
)
from truceline.attribution.pattern import FEWEST, SURE_P, fit_pattern
from truceline.attribution.threshold import THRESHOLD_P, UNCALIBRATED_P
from truceline.attribution.traces import gather_traces, weigh_traces
from truceline.base.columns import BoolArray, IntArray, at_words, codes, floats, list_column, micros
from truceline.base.geodesy import FloatArray, LocalFrame
from truceline.base.threads import begin, worker_count
from truceline.line.history import LineHistory
from truceline.line.uncertainty import LineSpread
from truceline.schema import INCIDENTS
from truceline.schema.table import Table

#: acts that land across the line: only of these does the side of an impact say who fired
ACTS_ACROSS = frozenset({"shelling", "rocket_salvo", "small_drone"})
OTHER = "other"
#: nobody is named where the place alone does not give weak support at least
PLACE_RATIO = 2.0


def attribute(
    incidents: Table,
    observations: Table,
    *,
    parties: Sequence[str],
    line: LineHistory | LineView | Sequence[LineHistory | LineView] | None,
    frame: LocalFrame | None = None,
    attributable_sources: Collection[str] = frozenset(),
    acts_across: Collection[str] = ACTS_ACROSS,
    spread: LineSpread | None = None,
    model: FireModel | None = None,
    threshold_p: float = THRESHOLD_P,
    claim_cap: float = CAP,
    unknown_sd_m: float = 5_000.0,
) -> Table:
    """Fill ``party_p``, ``likelihood_ratio``, ``line_distance_m`` and responsibility.

    (1) measure every incident's distance to the line of its date; (2) take places and directions from
    records of ``attributable_sources`` alone; (3) fit the model's assumptions to them, and from them
    learn how each side's claims go with who fired; (4) likelihood of each party, and of neither, by
    traces and claims; (5) attribute where a direction of fire was seen, the place by itself gives at
    least weak support, and the probability by traces alone *and* by all together, each times the probability
    that it happened, is ``threshold_p`` or more: claims may withhold blame and never bring it, and no
    single mistake, of place, direction or line, can.

    An incident without a point, without records of those sources, of an act that does not land across
    the line, or beyond the map has no ``party_p``: a side's word alone is no basis. One of an unknown
    act has one, and is attributed to nobody. The order of ``parties`` shows in nothing but the order of
    ``party_p``.
    """
    if not incidents.num_rows:
        return incidents
    grounds = see_grounds(line, parties=parties, frame=frame, spread=spread)
    incidents, judged = weigh_incidents(
        incidents, observations, grounds=grounds, attributable_sources=attributable_sources,
        acts_across=acts_across, model=model, claim_cap=claim_cap, unknown_sd_m=unknown_sd_m,
    )  # fmt: skip
    if np.isfinite(judged.score).sum() < FEWEST:
        threshold_p = max(threshold_p, UNCALIBRATED_P)
    return _fill(incidents, judged, parties, threshold_p)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Of each incident, before anybody is named; NaN: no basis.

    p : (n, n_parties + 1) the parties in their order, and neither. ratio : (n,) likelihood of the
    likeliest party against the next. best : (n,) the likeliest party. score : (n,) what a name is worth:
    the least of its probabilities by traces and by all, times that of the incident; 0 where the
    evidence is of one kind alone, and nobody may be named.
    """

    p: FloatArray
    ratio: FloatArray
    best: IntArray
    score: FloatArray


def weigh_incidents(
    incidents: Table,
    observations: Table,
    *,
    grounds: Grounds | None,
    attributable_sources: Collection[str],
    acts_across: Collection[str] = ACTS_ACROSS,
    model: FireModel | None = None,
    claim_cap: float = CAP,
    unknown_sd_m: float = 5_000.0,
) -> tuple[Table, Judgement]:
    """Steps (1) to (4) of ``attribute``: the incidents with their distances, and what is judged of each."""
    n, k = incidents.num_rows, len(grounds.parties) if grounds else 0
    judged = Judgement(
        p=np.full((n, k + 1), np.nan), ratio=np.full(n, np.nan), best=np.full(n, -1, dtype=np.int64), score=np.full(n, np.nan)
    )  # fmt: skip
    if grounds is None:
        return incidents, judged
    wanted = pc.is_in(incidents["act"], value_set=pa.array([*sorted(acts_across), None], type=pa.string()))
    # records are gathered and heard beside the measuring
    gathered = partial(
        gather_traces, incidents, observations, sources=attributable_sources,
        wanted=np.asarray(wanted.to_numpy(), dtype=np.bool_), unknown_sd_m=unknown_sd_m,
    )  # fmt: skip
    heard = partial(hear_claims, incidents, observations, parties=grounds.parties, hard=attributable_sources)
    workers = worker_count(n)
    traces_of, claims_of = begin(gathered, workers=workers), begin(heard, workers=workers)
    incidents = _measure(incidents, grounds)  # (1)
    traces = traces_of()
    if len(traces):  # (2)
        evidence = weigh_traces(traces, grounds)
        on_map = np.flatnonzero(np.isfinite(evidence.outside_m).all(axis=1))
        claims = claims_of()
        who = traces.incident[on_map]
        own = Claims(answer=claims.answer[who], n_parties=k)
        doubtful = np.asarray(pc.equal(incidents["occurrence"], "inconclusive").to_numpy(), dtype=np.bool_)
        _judge(judged, who, evidence.at(on_map), own, doubtful[who], model or FireModel(), claim_cap)
    return incidents, judged


def _measure(incidents: Table, grounds: Grounds) -> Table:
    """Fill the distance to the nearest line of every incident with a point; positive on the first drawn ground."""
    views = [view for view in grounds.views if view is not None]
    longitude, latitude = floats(incidents["longitude_deg"]), floats(incidents["latitude_deg"])
    placed = np.flatnonzero(np.isfinite(longitude))
    distance = np.full(len(longitude), np.nan)
    if len(placed):
        at_us = micros(incidents["occurred_from"])[placed]
        each = np.array([view.distance_m(longitude[placed], latitude[placed], at_us) for view in views])
        distance[placed] = np.copysign(np.abs(each).min(axis=0), each[0])
    return _put(incidents, "line_distance_m", pa.array(distance, mask=~np.isfinite(distance)))


def _judge(
    judged: Judgement,
    who: IntArray,
    evidence: Evidence,
    claims: Claims,
    doubtful: BoolArray,
    model: FireModel,
    claim_cap: float,
) -> None:
    """Write what is judged of the incidents ``who`` into ``judged``."""
    fitted = fit_pattern(evidence, model)  # (3)
    by_traces = hard_loglik(evidence, fitted)
    sure = np.where(evidence.existence_p >= SURE_P, evidence.existence_p, 0.0)
    behaviour = learn_behaviour(claims, by_traces, fitted, existence_p=sure)
    # (4); what claims taught enters nothing that is said of the traces alone
    prior, taught = log_prior(evidence.n_parties, fitted), replace(fitted, staged_p=behaviour.staged_p)
    both = by_traces + claims_loglik(claims, behaviour, cap=claim_cap)
    p_traces = by_party(posteriors(by_traces, prior))
    p = by_party(posteriors(both, log_prior(evidence.n_parties, taught)))
    best, rows = p[:, :-1].argmax(axis=1), np.arange(len(who))
    by_place = by_party(posteriors(place_loglik(place_parts(evidence, fitted), fitted), prior))[:, :-1]
    others = by_place.copy()
    others[rows, best] = 0.0
    agrees = by_place[rows, best] >= PLACE_RATIO * others.max(axis=1)
    seen = np.bincount(evidence.record[evidence.told], minlength=len(who)) > 0
    may = agrees & seen & ~doubtful & (evidence.act >= 0)
    least = evidence.existence_p * np.minimum(p[rows, best], p_traces[rows, best])
    judged.p[who], judged.ratio[who], judged.best[who] = p, party_ratio(both, taught), best
    judged.score[who] = np.where(may, least, 0.0)


def _fill(incidents: Table, judged: Judgement, parties: Sequence[str], threshold_p: float) -> Table:
    """The table with what was judged written into it, and (5) who is named."""
    based, attributed = np.isfinite(judged.score), np.nan_to_num(judged.score) >= threshold_p
    names = [*parties, OTHER] if based.any() else []
    flat = pa.array(names, type=pa.string()).take(pa.array(np.tile(np.arange(len(names)), int(based.sum()))))
    offsets = np.concatenate([[0], np.cumsum(based * len(names))]).astype(np.int32)
    columns = {
        "party_p": pa.MapArray.from_arrays(pa.array(offsets), flat, pa.array(judged.p[based].ravel())),
        "likelihood_ratio": pa.array(judged.ratio, mask=np.isnan(judged.ratio)),
        "attributed_party_id": at_words(list(parties), np.where(attributed, judged.best, -1)),
        "responsibility": at_words(("not_attributed", "attributed"), attributed.astype(np.int64)),
        "reason_codes": _reason_codes(incidents["reason_codes"], attributed),
    }
    for name, values in columns.items():
        incidents = _put(incidents, name, values)
    return incidents


def _reason_codes(given: pa.ChunkedArray, attributed: BoolArray) -> pa.Array:
    """The codes given, less those of attribution, and at the end the one that holds."""
    own = ("not_attributable", "incident_attributed")
    parent = np.asarray(pc.list_parent_indices(given).to_numpy(), dtype=np.int64)
    code, words = codes(pc.list_flatten(given))
    kept = np.array([word not in own for word in words] + [False])[code]
    words = [*words, *own]
    at = np.concatenate([parent[kept], np.arange(len(attributed))])
    every = np.concatenate([code[kept], len(words) - 2 + attributed.astype(np.int64)])
    order = np.argsort(at, kind="stable")
    return list_column(at_words(words, every[order]), np.bincount(at, minlength=len(attributed)))


def _put(table: Table, name: str, values: pa.Array) -> Table:
    field = INCIDENTS.arrow.field(name)
    return table.set_column(table.schema.get_field_index(name), field, values.cast(field.type))
