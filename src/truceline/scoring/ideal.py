"""The ideal observer of who did it: sees the same records, and knows the true frequencies of everything.

For an incident with records z and each party m (or neither), P(m | z) ∝ π_m · L_place · L_direction · L_told · L_accused:

- π_m: the share of true events of the act that are m's;
- L_place: distribution of the signed distance of m's true impacts from the drawn line, under the error
  of the incident's place;
- L_direction: distribution of the bearings of m's true fire, under each source's own error, all
  directions seen of one event sharing one bearing;
- L_told: of each source, whether it told of the event, at the frequency with which it tells of m's;
- L_accused: whom each first telling accuses, at the frequency with which its source accuses that
  party where m did it.

All frequencies are counted in the truth of the very front. The parts hang together (who tells, and whom
they accuse), so each counts by an exponent, those of the least Brier score; and what the method
under judgement says is one more part, for it may know how places and directions hang together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from scipy.optimize import minimize

from truceline.base.columns import BoolArray, FloatArray, IntArray, codes, floats, micros, recode
from truceline.schema.table import Table
from truceline.scoring.blame import brier_of_parties
from truceline.scoring.identity import most_frequent, tellings
from truceline.scoring.truth import Linked, Truth

BIN_M, REACH_M = 250.0, 60_000.0
BEARINGS_DEG = np.arange(0.0, 360.0, 4.0)
#: the parties, and neither
CLASSES = (0, 1, 2)
#: counts begin here, so that nothing is impossible
LEAST = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the ideal observer is given beside the tables.

    offset_m : (n_incidents,) signed distance of each incident's place from the drawn line; sd_m : its
    error. true_offset_m : (n_events,) the same of the true places.
    """

    offset_m: FloatArray
    sd_m: FloatArray
    true_offset_m: FloatArray


def ideal_parties(
    observations: Table,
    partition_group: IntArray,
    n_groups: int,
    linked: Linked,
    truth: Truth,
    *,
    parties: Sequence[str],
    hard_sources: Sequence[str],
    seen: Seen,
    acts: Sequence[str | None],
    method_p: FloatArray | None = None,
    matched: BoolArray | None = None,
) -> FloatArray:
    """(n_groups, n_parties + 1) probability of each party, the last column neither.

    acts : (n_groups,) act of each incident. method_p : (n_groups, 3) what the method that is judged says,
    which the observer hears too, NaN where it says nothing: who is beaten by what is judged is not ideal. matched : (n_groups,) those that are judged; None: all.
    Needs two parties; else every row is NaN.
    """
    if len(parties) != 2 or not len(truth):
        return np.full((n_groups, len(parties) + 1), np.nan)
    did = _did(truth, parties)
    group, _, record = tellings(partition_group, linked.origin)
    kinds = sorted({act for act in truth.act if act})
    act_of_event = np.array([kinds.index(act) if act else -1 for act in truth.act], dtype=np.int64)
    act = np.array([kinds.index(one) if one in kinds else -1 for one in acts], dtype=np.int64)
    hard = np.zeros(n_groups, dtype=np.bool_)
    hard[group[recode(observations["source_id"], list(hard_sources))[record] >= 0]] = True
    told = _Tellings(
        observations=observations, group=group, record=record, event=linked.event, n_groups=n_groups
    )
    parts = [
        _prior(did, act_of_event, act, len(kinds)),
        _place(seen, did, act_of_event, act, hard),
        _direction(told, truth, did),
        _told(told, truth, did),
        _accused(told, did, parties),
    ]
    if method_p is not None:
        parts.append(np.where(np.isfinite(method_p), np.log(np.maximum(np.nan_to_num(method_p), 1e-4)), 0.0))
    own = most_frequent(group, linked.event[record], n_groups)
    if matched is not None:
        own = np.where(matched, own, -1)
    return _softmax(_pooled(np.stack(parts), did, own))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tellings:
    """First tellings: (n,) group and record of each. event : (n_records,) that each record tells of."""

    observations: Table
    group: IntArray
    record: IntArray
    event: IntArray
    n_groups: int

    def sources(self) -> tuple[IntArray, list[str]]:
        """(n,) place of each telling's source among the names."""
        code, names = codes(self.observations["source_id"])
        return code[self.record], names


def _pooled(parts: FloatArray, did: IntArray, own: IntArray) -> FloatArray:
    """Σ_k α_k parts_k, the prior among them, with the α ≥ 0 of the least Brier score.

    parts : (n_parts, n_groups, 3). The parts are not independent given who did it (who tells, and whom
    they accuse, hang together): taken as if they were, the whole is surer than it may be.
    """
    rows = np.flatnonzero(own >= 0)
    if not len(rows):
        return np.asarray(parts.sum(axis=0))
    truth = did[own[rows]]

    def cost(alpha: FloatArray) -> float:
        return brier_of_parties(_softmax(np.tensordot(alpha, parts[:, rows], axes=1)), truth)

    # from the parts as if they were independent, and from each of them by itself
    starts = [np.ones(len(parts)), *np.eye(len(parts))]
    found = [minimize(cost, start, bounds=[(0.0, 3.0)] * len(parts), method="L-BFGS-B") for start in (min(starts, key=cost), starts[0])]  # fmt: skip
    alpha = min(found, key=lambda one: float(one.fun)).x
    return np.asarray(np.tensordot(alpha, parts, axes=1))


def _softmax(log: FloatArray) -> FloatArray:
    p = np.exp(log - log.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _did(truth: Truth, parties: Sequence[str]) -> IntArray:
    """(n_events,) place of the party that did it among ``parties``; 2: neither."""
    place = np.array([parties.index(name) if name in parties else 2 for name in truth.parties] + [2])
    return np.asarray(place[truth.party], dtype=np.int64)


def _prior(did: IntArray, act_of_event: IntArray, act: IntArray, n_kinds: int) -> FloatArray:
    """(n_groups, 3) log share of each party among the events of the act; of all where it is unknown."""
    count = np.full((n_kinds + 1, 3), 1e-9)
    np.add.at(count, (act_of_event, did), 1.0)
    count[-1] = count.sum(axis=0)
    share = count / count.sum(axis=1, keepdims=True)
    return np.asarray(np.log(share[np.where(act < 0, n_kinds, act)]))


def _place(seen: Seen, did: IntArray, act_of_event: IntArray, act: IntArray, hard: BoolArray) -> FloatArray:
    """(n_groups, 3) log-likelihood of the distance from the line."""
    edges = np.arange(-REACH_M, REACH_M + BIN_M, BIN_M)
    middle = edges[:-1] + BIN_M / 2
    found = np.zeros((len(act), 3))
    known = np.isfinite(seen.offset_m) & np.isfinite(seen.sd_m)
    offset, true = (np.clip(one, middle[0], middle[-1]) for one in (seen.offset_m, seen.true_offset_m))
    for kind in np.unique(act[known]).tolist():
        rows = np.flatnonzero(known & (act == kind))
        own = np.isfinite(true) & ((act_of_event == kind) if kind >= 0 else True)
        spread = np.exp(
            -0.5 * ((offset[rows, None] - middle) / np.maximum(seen.sd_m[rows, None], BIN_M)) ** 2
        )
        spread /= np.maximum(spread.sum(axis=1, keepdims=True), 1e-300)
        for m in CLASSES:
            histogram = np.histogram(true[own & (did == m)], bins=edges)[0] + LEAST / len(middle)
            density = histogram / histogram.sum()
            # what reports alone place may be placed anywhere
            stray = np.where(hard[rows], 1e-3, 0.1)
            found[rows, m] = np.log((1 - stray) * (spread @ density) + stray / len(middle))
    return found


def _direction(told: _Tellings, truth: Truth, did: IntArray) -> FloatArray:
    """(told.n_groups, 3) log-likelihood of the directions seen."""
    found = np.zeros((told.n_groups, 3))
    true = truth.fire_direction_deg
    towards = floats(told.observations["fire_direction_deg"])[told.record]
    source, names = told.sources()
    group = told.group
    rows = np.flatnonzero(np.isfinite(towards))
    if true is None or not len(rows):
        return found
    event = told.event[told.record]
    off = np.full(len(told.record), np.nan)
    of_event = np.isfinite(towards) & (event >= 0)
    off[of_event] = _turn(towards[of_event] - true[event[of_event]])
    width = np.array([_spread_of(off[(source == k) & np.isfinite(off)]) for k in range(len(names))])
    log = -0.5 * (_turn(towards[rows, None] - BEARINGS_DEG) / width[source[rows], None]) ** 2
    joint = np.zeros((told.n_groups, len(BEARINGS_DEG)))
    np.add.at(joint, group[rows], np.maximum(log, -30.0))
    asked = np.unique(group[rows])
    step = BEARINGS_DEG[1]
    for m in CLASSES:
        bin_of = ((true[(did == m) & np.isfinite(true)] / step).round() % len(BEARINGS_DEG)).astype(np.int64)
        histogram = np.bincount(bin_of, minlength=len(BEARINGS_DEG)) + LEAST / len(BEARINGS_DEG)
        density = np.log(histogram / histogram.sum())
        found[asked, m] = np.logaddexp.reduce(joint[asked] + density, axis=1)
    return found


def _turn(degrees: FloatArray) -> FloatArray:
    """Into −180 to 180."""
    return np.asarray((degrees + 180.0) % 360.0 - 180.0)


def _spread_of(off: FloatArray) -> float:
    """Standard deviation of a source's directions about the true ones; a wide guess of few."""
    return float(max(np.sqrt(np.mean(off**2)), 2.0)) if len(off) >= 5 else 20.0


def _told(told: _Tellings, truth: Truth, did: IntArray) -> FloatArray:
    """(told.n_groups, 3) log-likelihood of who told and who did not, before and from the truce on."""
    found = np.zeros((told.n_groups, 3))
    observations, group, record = told.observations, told.group, told.record
    source, names = codes(observations["source_id"])
    start = truth.truce_start_us
    late_event = truth.at_us >= start
    at = micros(observations["occurred_from"])
    late = np.zeros(told.n_groups, dtype=np.int64)
    np.maximum.at(late, group, (at[record] >= start).astype(np.int64))
    speaks = np.asarray(pc.is_valid(observations["sensor_id"]).to_numpy()) | np.asarray(pc.is_valid(observations["look_id"]).to_numpy())  # fmt: skip
    for k in range(len(names)):
        own = source == k
        if speaks[own].any():
            continue  # what sees does not ask whose it is
        told_event = np.zeros(len(truth), dtype=np.bool_)
        told_event[told.event[own & (told.event >= 0)]] = True
        told_group = np.zeros(told.n_groups, dtype=np.bool_)
        told_group[group[source[record] == k]] = True
        for m in CLASSES:
            for period in (0, 1):
                of = (did == m) & (late_event == bool(period))
                share = (told_event[of].sum() + LEAST) / (of.sum() + 2 * LEAST)
                rows = late == period
                found[rows, m] += np.where(told_group[rows], np.log(share), np.log1p(-share))
    return found


def _accused(told: _Tellings, did: IntArray, parties: Sequence[str]) -> FloatArray:
    """(told.n_groups, 3) log-likelihood of the accusations of first tellings."""
    found = np.zeros((told.n_groups, 3))
    accused = recode(told.observations["accused_party_id"], list(parties))[told.record]
    source, names = told.sources()
    event = told.event[told.record]
    who = np.where(event >= 0, did[np.maximum(event, 0)], -1)
    for k in range(len(names)):
        own = (source == k) & (accused >= 0)
        if not own.any():
            continue
        for m in CLASSES:
            count = np.bincount(accused[own & (who == m)], minlength=2) + LEAST
            np.add.at(found[:, m], told.group[own], np.log(count / count.sum())[accused[own]])
    return found
