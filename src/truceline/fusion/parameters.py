"""Detection probabilities, clutter and the intensity of events, learned from the partition itself.

Declared values are priors. (1) p of a source: among tracks that others make likely, with the source's
own word left out, how many it detected: capture–recapture, one Newton step at a time on a logit offset
from what was declared. (2) φ of a source: declared clutter, times layers of cells that follow what the
partition calls clutter (fields on fire are clutter by place). (3) λ: layers of cells over tracks that
hard sensors made, by what they could have detected there; reports never enter it. (4) A source
without rows of coverage: reports per event from (1), false ones as in (2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from truceline.base.columns import BoolArray, Groups, group_rows
from truceline.fusion.intensity import Cells, Quadrature, fit_layers
from truceline.fusion.nodes import FloatArray, IntArray, Nodes
from truceline.fusion.sightings import Sightings
from truceline.fusion.tracks import Evidence, Tracks, gather, log_sum, log_weight, single_tracks, without_each
from truceline.fusion.watches import Watches

#: trials that a declared p weighs at most: it was measured elsewhere, at another time
MOST_TRIALS = 20.0
#: reports per event of a source of which nothing is known
REPORTS_PER_EVENT = 0.3
#: log-odds from which a track, without a source's word, is sure enough to judge the source by
SURE_LOGIT = 3.0
#: least weight of what nobody else could have confirmed
LEAST_CHECK = 0.01
CHECK_POWER = 3
#: logit of the p of an act that a source has rows for others of, and none for
UNSEEN_LOGIT = -7.0
#: counts that a declared clutter weighs
LATE = 3
POWER = 0.5
TRUST = 30.0
#: share of a source's false reports that are staged, so that others may tell of them too
STAGED_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Estimates at nodes and rows.

    offset : (n_sources,) on the logit of declared p. voice : (n_sources,) reports per event, of
    sources without coverage. log_intensity, log_clutter : (n,) at the nodes. act_share : (n_acts,).
    """

    offset: FloatArray
    voice: FloatArray
    log_intensity: FloatArray
    log_clutter: FloatArray
    act_share: FloatArray
    judged: float  #: sure tracks by which sources without coverage were judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that does not change from one round to the next."""

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


def detection_p(scene: Scene, parameters: Parameters) -> FloatArray:
    """(n_rows,)"""
    s = scene.sightings
    return np.asarray(
        expit(logit(scene.watches.declared_p) + parameters.offset[s.row_source]).clip(1e-6, 1 - 1e-4)
    )


def weigh(scene: Scene, parameters: Parameters) -> Evidence:
    """The evidence of all nodes under parameters."""
    nodes, s = scene.nodes, scene.sightings
    p = detection_p(scene, parameters)
    n, n_acts = s.loglik.shape
    missed = _log_missed(s.point, s.row, s.row_act, p, n, n_acts, s.share)
    log_share = np.log(parameters.act_share)
    # the (1 − p) of a node's own row is among the missed ones there and then: odds take it back
    odds = np.where(s.own >= 0, logit(np.append(p, 0.5)[s.own] * s.own_share), UNSEEN_LOGIT)
    voice = np.log(parameters.voice[nodes.source.code])[:, None]
    vote = s.loglik + np.where(s.based[:, None], odds, voice)
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
        log_clutter=parameters.log_clutter,
        log_prior=parameters.log_intensity[:, None] + log_share + missed,
        log_false=np.where(report & ~s.based, parameters.log_clutter + np.log(STAGED_SHARE), -np.inf),
        exclusive=s.exclusive,
    )


def _log_missed(
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
    found = np.zeros((n, n_acts))
    any_act = of < 0
    if any_act.any():
        found += np.bincount(point[any_act], weights=log_q[any_act], minlength=n)[:, None]
    if not any_act.all():
        for k in range(n_acts):
            own = of == k
            if own.any():
                found[:, k] += np.bincount(point[own], weights=log_q[own], minlength=n)
    return found


def _seen(
    point: IntArray,
    row: IntArray,
    row_act: IntArray,
    p: FloatArray,
    n: int,
    act_share: FloatArray,
    share: FloatArray | None = None,
) -> FloatArray:
    """(n,) probability that anybody who watched detects an event."""
    missed = np.exp(_log_missed(point, row, row_act, p, n, len(act_share), share))
    # no matrix product: its threads cost more than they bring, and sum in an order of their own
    return np.asarray(np.clip(1 - (missed * act_share).sum(axis=1), 0.0, 1.0))


def first_guess(scene: Scene) -> Parameters:
    """Declared p and clutter, one intensity for all: what was detected beyond the clutter."""
    nodes, s, q = scene.nodes, scene.sightings, scene.quadrature
    n_sources = s.n_sources
    parameters = Parameters(
        offset=np.zeros(n_sources),
        voice=np.full(n_sources, REPORTS_PER_EVENT),
        log_intensity=np.zeros(len(nodes)),
        log_clutter=_base_clutter(scene)[1],
        act_share=_act_shares(s.loglik, np.ones(len(nodes))),
        judged=0.0,
    )
    volume = float(q.weight.sum())
    detected = np.bincount(nodes.source.code[scene.feeds], minlength=n_sources).astype(float)
    p = detection_p(scene, parameters)
    source = s.row_source[scene.q_row]
    weight = q.weight[scene.q_point]
    effort = np.bincount(source, weights=weight * p[scene.q_row], minlength=n_sources)
    clutter = np.bincount(source, weights=weight * scene.clutter[scene.q_row], minlength=n_sources)
    hard = detected > 0
    if effort[hard].sum() > 0:
        rate = np.maximum(detected - clutter, 0.05 * detected)[hard].sum() / effort[hard].sum()
    else:
        rate = len(nodes) / volume
    return replace(parameters, log_intensity=np.full(len(nodes), np.log(rate)))


def _base_clutter(scene: Scene) -> tuple[FloatArray, FloatArray]:
    """(n,) log φ of each node before anything is learned: of all labels, and of the record as it is.

    Its own rows' clutter, each for its act; that of a row for any act is split as the source's
    records are. Without rows: half of what the source told, spread evenly.
    """
    nodes, s, q = scene.nodes, scene.sightings, scene.quadrature
    told = np.bincount(nodes.source.code, minlength=s.n_sources) / float(q.weight.sum())
    label = np.exp(s.loglik)
    share = _label_shares(nodes.source.code, label, s.n_sources)[nodes.source.code]
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


def _act_shares(loglik: FloatArray, weight: FloatArray) -> FloatArray:
    """(n_acts,) share of each act, each node split by its likelihoods; one of each beforehand."""
    share = np.full(loglik.shape[1], 1 / loglik.shape[1])
    for _ in range(3):
        each = np.exp(loglik + np.log(share))
        each *= (weight / each.sum(axis=1))[:, None]
        share = each.sum(axis=0) + 1.0
        share /= share.sum()
    return share


def learn(scene: Scene, parameters: Parameters, label: IntArray, *, rounds: int = 6) -> Parameters:
    """Parameters under which the partition's tracks, and its clutter, are as they are."""
    groups = group_rows(label, int(label.max()) + 1)
    for number in range(rounds):
        evidence = weigh(scene, parameters)
        singles = single_tracks(evidence)
        tracks = gather(singles, groups)
        parameters = _step(scene, parameters, groups, label, singles, tracks, clutter=number >= LATE)
    return parameters


def _step(
    scene: Scene,
    parameters: Parameters,
    groups: Groups,
    label: IntArray,
    singles: Tracks,
    tracks: Tracks,
    *,
    clutter: bool,
) -> Parameters:
    nodes, s = scene.nodes, scene.sightings
    existence = exist(tracks)
    r = existence[label]
    # (1) p and voices
    offset, voice, judged = _learn_p(scene, parameters, groups, label, singles, tracks)
    # (2) clutter
    log_clutter = _learn_clutter(scene, parameters, r, declared=not clutter)
    # (3) intensity
    log_intensity = _learn_intensity(scene, parameters, groups, label, existence)
    weight = np.where(scene.feeds, r, 0.0)
    share = _act_shares(s.loglik, weight if weight.any() else np.ones(len(nodes)))
    return Parameters(
        offset=offset,
        voice=voice,
        log_intensity=log_intensity,
        log_clutter=log_clutter,
        act_share=share,
        judged=judged,
    )


def exist(tracks: Tracks) -> FloatArray:
    """(n_groups,) probability that each track is an event.

    w/(1 + w): reports aside, what is told of it is either this event or clutter.
    """
    return np.asarray(expit(log_weight(tracks)))


def anchors(singles: Tracks, groups: Groups) -> tuple[IntArray, IntArray]:
    """(n_groups,) the sharpest node of each group, and the second sharpest; −1: there is none."""
    own = np.empty(len(singles), dtype=np.int64)
    own[groups.members] = groups.of_member
    order = np.lexsort((np.arange(len(own)), singles.blur, own))
    at = groups.offsets[:-1]
    second = np.where(groups.size > 1, order[np.minimum(at + 1, len(order) - 1)], -1)
    return order[at], second


def _learn_intensity(
    scene: Scene,
    parameters: Parameters,
    groups: Groups,
    label: IntArray,
    existence: FloatArray,
) -> FloatArray:
    s, q = scene.sightings, scene.quadrature
    n = len(s.loglik)
    if not scene.feeds.any() or not len(scene.q_row):
        return parameters.log_intensity
    p = detection_p(scene, parameters)
    share = parameters.act_share
    seen = _seen(s.point, s.row, s.row_act, p, n, share, s.share)
    seen_q = _seen(scene.q_point, scene.q_row, s.row_act, p, len(q), share)
    # a track counts where its sharpest hard node lies
    blur = np.where(scene.feeds, _blur(scene), np.inf)
    order = np.lexsort((np.arange(n), blur, label))
    first = order[groups.offsets[:-1]]
    hard = scene.feeds[first]
    rows = first[hard]
    # what others could have confirmed counts for more: elsewhere λ and φ can hardly be told apart
    count = existence[hard] * seen[rows] ** POWER
    own = np.zeros(n)
    own[rows] = count
    # the other nodes of a track stand where it stands: they too are left out
    own = np.where(np.isin(np.arange(n), rows), own, (existence * hard)[label] * seen[first[label]] ** POWER)
    base = count.sum() / max(float((seen_q ** (1 + POWER) * q.weight).sum()), 1e-300)
    factor = fit_layers(
        scene.cells, rows, count, np.arange(n), density=base * np.maximum(seen, 0.02) ** (1 + POWER),
        mass=base * q.weight * seen_q ** (1 + POWER), density_q=base * seen_q ** (1 + POWER), own=own, trust=1.0,
    )  # fmt: skip
    return np.asarray(np.log(base) + factor)


def _blur(scene: Scene) -> FloatArray:
    _, _, p_xx, p_xy, p_yy = scene.shape
    return -0.5 * np.log(p_xx * p_yy - p_xy**2) + np.log(scene.nodes.stop_s - scene.nodes.start_s)


def _learn_clutter(scene: Scene, parameters: Parameters, r: FloatArray, *, declared: bool) -> FloatArray:
    nodes, s, q = scene.nodes, scene.sightings, scene.quadrature
    whole, log_clutter = _base_clutter(scene)
    source_q = s.row_source[scene.q_row]
    p, share = detection_p(scene, parameters), parameters.act_share
    others = s.row_source[s.row] != nodes.source.code[s.point]
    check = _seen(s.point[others], s.row[others], s.row_act, p, len(nodes), share, s.share[others])
    check = np.maximum(check, LEAST_CHECK) ** CHECK_POWER
    for source in np.unique(nodes.source.code).tolist():
        rows = np.flatnonzero(nodes.source.code == source)
        if declared and s.based[rows[0]]:
            continue
        if s.based[rows[0]]:
            mine = source_q == source
            density_q = np.bincount(
                scene.q_point[mine], weights=scene.clutter[scene.q_row[mine]], minlength=len(q)
            )
        else:
            density_q = np.full(len(q), float(np.exp(whole[rows[0]])))
        others = source_q != source
        check_q = _seen(scene.q_point[others], scene.q_row[others], s.row_act, p, len(q), share)
        check_q = np.maximum(check_q, LEAST_CHECK) ** CHECK_POWER
        false = (1 - r[rows]) * check[rows]
        factor = fit_layers(
            scene.cells,
            rows,
            false,
            rows,
            density=check[rows] * np.exp(whole[rows]),
            mass=q.weight * check_q * density_q,
            density_q=check_q * density_q,
            own=false,
            trust=TRUST,
        )
        log_clutter[rows] += factor
    return log_clutter


def _learn_p(
    scene: Scene, parameters: Parameters, groups: Groups, label: IntArray, singles: Tracks, tracks: Tracks
) -> tuple[FloatArray, FloatArray, float]:
    """Offsets and voices from tracks as they are without the source in question."""
    nodes, s = scene.nodes, scene.sightings
    p = detection_p(scene, parameters)
    weight = log_weight(tracks)
    # (1) what a track of several weighs without each member
    member = np.flatnonzero(groups.size[label] > 1)
    less = np.full(len(nodes), -np.inf)
    if len(member):
        less[member] = log_weight(without_each(singles, groups, tracks, label, member))
    # (2) who watched where each track lies by the word of others: at its sharpest node, or, for rows
    # by which that node itself saw it, at its second sharpest
    sharp, second = anchors(singles, groups)
    track_of = np.full((2, len(nodes)), -1, dtype=np.int64)
    track_of[0, sharp] = np.arange(len(groups))
    track_of[1, second[second >= 0]] = np.flatnonzero(second >= 0)
    acts = tracks.prior + tracks.vote
    act_p = np.exp(acts - log_sum(acts)[:, None])
    own = s.own[np.arange(len(nodes)), acts.argmax(axis=1)[label]]
    width = len(scene.watches) + 1
    order = np.argsort(label * width + own, kind="stable")
    keys = (label * width + own)[order]
    parts = []
    for level in range(2):
        kept = np.flatnonzero(track_of[level][s.point] >= 0)
        track, row = track_of[level][s.point[kept]], s.row[kept]
        at = np.minimum(np.searchsorted(keys, track * width + row), len(keys) - 1)
        hit, who = keys[at] == track * width + row, order[at]
        by_sharp = hit & (who == sharp[track])
        use = np.flatnonzero(by_sharp if level else ~by_sharp)
        parts.append((track[use], row[use], s.share[kept[use]], hit[use], who[use]))
    track, row, share, hit, who = (np.concatenate([part[k] for part in parts]) for k in range(5))
    chance = p[row] * share
    fits = np.where(s.row_act[row] < 0, 1.0, act_p[track, np.maximum(s.row_act[row], 0)])
    without = np.where(hit, less[who], weight[track] - np.log1p(-chance))
    belief = expit(without) * fits * (without > SURE_LOGIT)
    # tracks that reports alone make do not judge sensors
    fed = np.bincount(label, weights=scene.feeds, minlength=len(groups))
    belief = np.where(fed[track] - hit > 0, belief, 0.0)
    source = s.row_source[row]
    m = s.n_sources
    excess = np.bincount(source, weights=belief * (hit - chance), minlength=m)
    spread = np.bincount(source, weights=belief * chance * (1 - chance), minlength=m)
    trials = np.minimum(scene.watches.a + scene.watches.b, MOST_TRIALS)
    prior = np.bincount(s.row_source, weights=trials, minlength=m) / np.maximum(
        np.bincount(s.row_source, minlength=m), 1
    )
    prior = prior * 0.25
    offset = parameters.offset + np.clip(
        (excess - prior * parameters.offset) / (spread + prior + 1e-9), -1, 1
    )
    # (3) reports per event that others made likely
    hard_track = fed > 0
    report = np.flatnonzero(~s.based & hard_track[label])
    sure = expit(weight) * hard_track
    heard = np.bincount(nodes.source.code[report], weights=expit(less[report]), minlength=m)
    total = float(sure.sum())
    voice = (heard + REPORTS_PER_EVENT * 2) / (total + 2)
    return offset, np.asarray(np.clip(voice, 1e-4, 10.0)), total
