"""What the mixture is told: detection probabilities, clutter, intensity, and the evidence under them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit, logit

from truceline.base.columns import BoolArray, number_values
from truceline.fusion.intensity import Cells, Quadrature
from truceline.fusion.nodes import FloatArray, IntArray, Nodes
from truceline.fusion.sightings import RULED_OUT_LOGLIK, Sightings
from truceline.fusion.tracks import Evidence
from truceline.fusion.watches import Watches

#: reports per event of a source of which nothing is known
REPORTS_PER_EVENT = 0.3
#: logit of the p of an act that a source has rows for others of, and none for
UNSEEN_LOGIT = -7.0
#: a chance below is none
NO_CHANCE = 1e-9
#: share of an act that no hard sensor knows
LEAST_ACT_SHARE = 1e-12
#: share of a source's false reports that are staged, so that others may tell of them too
STAGED_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Estimates at nodes and rows.

    offset : (n_rows,) on the logit of declared p; common : (n_sources,) what its rows have in common.
    voice : (n_sources,) reports per event, of sources without coverage. log_intensity, log_clutter :
    (n,) at the nodes. log_mark : (n,) what a node's strength and count weigh (``fusion.marks``). act_share : (n_acts,). sure : tracks of hard sensors, by their existence.
    """

    offset: FloatArray
    common: FloatArray
    voice: FloatArray
    log_intensity: FloatArray
    log_clutter: FloatArray
    log_mark: FloatArray
    act_share: FloatArray
    sure: float


#: points, and (n_points, n_acts) of each
Part = tuple[IntArray, FloatArray]


@dataclass(slots=True)
class Kept:
    """What was last reckoned of a scene, and under which offsets: p moves seldom, and much hangs on it."""

    offset: FloatArray | None = None
    missed: FloatArray | None = None
    by_source: tuple[FloatArray, dict[int, Part]] | None = None
    odds: FloatArray | None = None
    clutter: tuple[FloatArray, FloatArray] | None = None  #: hangs on no offset

    def under(self, offset: FloatArray) -> Kept:
        """Itself, emptied where offsets are others."""
        if self.offset is not offset:
            self.offset, self.missed, self.by_source, self.odds = offset, None, None, None
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that does not change from one round to the next, and what was last reckoned of it."""

    nodes: Nodes
    watches: Watches
    sightings: Sightings
    quadrature: Quadrature
    cells: tuple[Cells, ...]
    feeds: BoolArray  #: (n,) nodes of sources that may raise the intensity
    shape: tuple[FloatArray, ...]  #: x, y and precision (xx, xy, yy) of each node
    q_point: IntArray
    q_row: IntArray
    clutter: FloatArray  #: (n_rows,) declared or supposed, m⁻² s⁻¹
    row_unit: IntArray  #: (n_rows,) number of each row's source and sensor
    first_row: IntArray  #: (n_units,) a row of each
    kept: Kept = field(default_factory=Kept)


def detection_p(scene: Scene, parameters: Parameters) -> FloatArray:
    """(n_rows,)"""
    return np.asarray(expit(logit(scene.watches.declared_p) + parameters.offset).clip(1e-6, 1 - 1e-4))


def missed_at(scene: Scene, parameters: Parameters) -> FloatArray:
    """(n, n_acts) Σ log (1 − p) at the nodes; not to be written to."""
    s, kept = scene.sightings, scene.kept.under(parameters.offset)
    if kept.missed is None:
        p = detection_p(scene, parameters)
        n, n_acts = s.loglik.shape
        kept.missed = log_missed(s.point, s.row, s.row_act, p, n, n_acts, s.share)
    return kept.missed


def missed_by_source(scene: Scene, parameters: Parameters) -> tuple[FloatArray, dict[int, Part]]:
    """Parts of the same: (n, n_acts) of each node's own source, and at the quadrature that each source watched."""
    s, kept = scene.sightings, scene.kept.under(parameters.offset)
    if kept.by_source is None:
        p, (n, n_acts) = detection_p(scene, parameters), s.loglik.shape
        own = np.flatnonzero(s.row_source[s.row] == scene.nodes.source.code[s.point])
        of_own = log_missed(s.point[own], s.row[own], s.row_act, p, n, n_acts, s.share[own])
        source_q = s.row_source[scene.q_row]
        parts = {}
        for source in np.unique(source_q).tolist():
            mine = np.flatnonzero(source_q == source)
            points, place = number_values(scene.q_point[mine])
            parts[source] = points, log_missed(place, scene.q_row[mine], s.row_act, p, len(points), n_acts)
        kept.by_source = of_own, parts
    return kept.by_source


def weigh(scene: Scene, parameters: Parameters) -> Evidence:
    """The evidence of all nodes under parameters."""
    nodes, s = scene.nodes, scene.sightings
    p = detection_p(scene, parameters)
    n = len(s.loglik)
    missed = missed_at(scene, parameters)
    log_share = np.log(parameters.act_share)
    # the (1 − p) of a node's own row is among the missed ones there and then: odds take it back
    kept = scene.kept.under(parameters.offset)
    if kept.odds is None:
        kept.odds = np.where(s.own >= 0, logit(np.append(p, 0.5)[s.own] * s.own_share), UNSEEN_LOGIT)
    voice = np.log(parameters.voice[nodes.source.code])[:, None]
    vote = s.loglik + np.where(s.based[:, None], kept.odds, voice)
    x_m, y_m, p_xx, p_xy, p_yy = scene.shape
    report = s.exclusive < 0
    return Evidence(
        x_m=x_m,
        y_m=y_m,
        p_xx=p_xx,
        p_xy=p_xy,
        p_yy=p_yy,
        start_s=nodes.start_s,
        stop_s=nodes.stop_s,
        tolerance_s=np.full(n, 10.0),
        log_vote=vote,
        # all hypotheses are weighed against clutter: its density is that of the marks too
        log_clutter=parameters.log_clutter - parameters.log_mark,
        log_prior=parameters.log_intensity[:, None] + log_share + missed,
        log_false=np.where(report & ~s.based, parameters.log_clutter + np.log(STAGED_SHARE), -np.inf),
        exclusive=s.exclusive,
    )


def log_missed(
    point: IntArray,
    row: IntArray,
    row_act: IntArray,
    p: FloatArray,
    n: int,
    n_acts: int,
    share: FloatArray | None = None,
) -> FloatArray:
    """(n, n_acts) Σ log (1 − p) over the rows that watched, each with its share."""
    log_q = np.log1p(-p)[row] if share is None else np.log1p(-p[row] * share)
    of = row_act[row]
    any_act = of < 0
    if not any_act.any():
        key = point * n_acts + of
        found = np.bincount(key, weights=log_q, minlength=n * n_acts).astype(np.float64, copy=False)
        return found.reshape(n, n_acts)
    found = np.zeros((n, n_acts))
    found += np.bincount(point[any_act], weights=log_q[any_act], minlength=n)[:, None]
    if not any_act.all():
        one = ~any_act
        key = point[one] * n_acts + of[one]
        found += np.bincount(key, weights=log_q[one], minlength=n * n_acts).reshape(n, n_acts)
    return found


def clean_chance(chance: FloatArray) -> FloatArray:
    """Chances in [0, 1] in which the noise of sums is no chance."""
    return np.asarray(np.where(chance < NO_CHANCE, 0.0, np.minimum(chance, 1.0)))


def seen_p(
    point: IntArray,
    row: IntArray,
    row_act: IntArray,
    p: FloatArray,
    n: int,
    act_share: FloatArray,
    share: FloatArray | None = None,
) -> FloatArray:
    """(n,) probability that anybody who watched detects an event."""
    missed = np.exp(log_missed(point, row, row_act, p, n, len(act_share), share))
    # no matrix product: its threads cost more than they bring, and sum in an order of their own
    return clean_chance(1 - (missed * act_share).sum(axis=1))


def first_guess(scene: Scene) -> Parameters:
    """Declared p and clutter, one intensity for all: what was detected beyond the clutter."""
    nodes, s, q = scene.nodes, scene.sightings, scene.quadrature
    n_sources = s.n_sources
    told = scene.feeds if scene.feeds.any() else np.ones(len(nodes), dtype=np.bool_)
    parameters = Parameters(
        offset=np.zeros(len(scene.watches)),
        common=np.zeros(n_sources),
        voice=np.full(n_sources, REPORTS_PER_EVENT),
        log_intensity=np.zeros(len(nodes)),
        log_clutter=base_clutter(scene)[1],
        log_mark=np.zeros(len(nodes)),
        act_share=act_shares(s.loglik[told], np.ones(len(nodes))[told], live_acts(scene)),
        sure=0.0,
    )
    volume = float(q.weight.sum())
    detected = np.bincount(nodes.source.code[scene.feeds], minlength=n_sources).astype(float)
    p = detection_p(scene, parameters)
    source = s.row_source[scene.q_row]
    weight = q.weight[scene.q_point]
    # a row for one act sees its share of events
    share = np.append(parameters.act_share, 1.0)[s.row_act[scene.q_row]]
    effort = np.bincount(source, weights=weight * share * p[scene.q_row], minlength=n_sources)
    clutter = np.bincount(source, weights=weight * scene.clutter[scene.q_row], minlength=n_sources)
    hard = detected > 0
    if effort[hard].sum() > 0:
        rate = np.maximum(detected - clutter, 0.05 * detected)[hard].sum() / effort[hard].sum()
    else:
        rate = len(nodes) / volume
    return replace(parameters, log_intensity=np.full(len(nodes), np.log(rate)))


def base_clutter(scene: Scene) -> tuple[FloatArray, FloatArray]:
    """(n,) log φ of each node before anything is learned: of all labels, and of the record as it is.

    Its own rows' clutter, each for its act; that of a row for any act is split as the source's
    records are. Without rows: half of what the source told, spread evenly. Not to be written to.
    """
    if scene.kept.clutter is None:
        scene.kept.clutter = _base_clutter(scene)
    return scene.kept.clutter


def _base_clutter(scene: Scene) -> tuple[FloatArray, FloatArray]:
    nodes, s, q = scene.nodes, scene.sightings, scene.quadrature
    told = np.bincount(nodes.source.code, minlength=s.n_sources) / float(q.weight.sum())
    label = np.exp(s.loglik)
    share = _label_shares(nodes.source.code, label, s.n_sources)
    share = np.where(live_acts(scene), share[nodes.source.code], LEAST_ACT_SHARE)
    share /= share.sum(axis=1, keepdims=True)
    own = s.own
    first = np.ones(own.shape, dtype=np.bool_)
    for k in range(1, own.shape[1]):
        first[:, k] = (own[:, k : k + 1] != own[:, :k]).all(axis=1)
    each = np.where(own >= 0, np.append(scene.clutter, 0.0)[own], 0.0)
    whole = np.where(s.based, (each * first).sum(axis=1), 0.5 * told[nodes.source.code])
    split = np.where((own >= 0) & (np.append(s.row_act, -1)[own] >= 0), 1.0, share)
    each = np.where(s.based[:, None], each, whole[:, None])
    return np.log(np.maximum(whole, 1e-40)), np.log(np.maximum((each * split * label).sum(axis=1), 1e-40))


def _label_shares(source: IntArray, label: FloatArray, n_sources: int) -> FloatArray:
    """(n_sources, n_acts) how each source's records are labelled; one of each beforehand."""
    label = label / label.sum(axis=1, keepdims=True)
    columns = [np.bincount(source, weights=label[:, k], minlength=n_sources) for k in range(label.shape[1])]
    share = np.stack(columns, axis=1) + 1.0
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def live_acts(scene: Scene) -> BoolArray:
    """(n_acts,) acts that are not ruled out."""
    return np.asarray((scene.sightings.loglik > RULED_OUT_LOGLIK).any(axis=0))


def act_shares(loglik: FloatArray, weight: FloatArray, live: BoolArray) -> FloatArray:
    """(n_acts,) share of each act, each node split by its likelihoods; one of each live one beforehand."""
    share = np.where(live, 1.0, LEAST_ACT_SHARE)
    share /= share.sum()
    for _ in range(3):
        each = np.exp(loglik + np.log(share))
        each *= (weight / each.sum(axis=1))[:, None]
        share = np.where(live, each.sum(axis=0) + 1.0, LEAST_ACT_SHARE)
        share /= share.sum()
    return share
