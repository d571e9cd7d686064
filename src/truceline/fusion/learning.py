"""Detection probabilities, clutter and the intensity of events, learned from a partition of what hard
sensors detected.

Declared values are priors. (1) p of a source, and of each of its sensors: among tracks that others
make sure, with the source's own word left out, how many it detected (capture–recapture), one Newton
step at a time on a logit offset from what was declared. (2) φ of a source: declared clutter, times
layers of cells that follow what is clutter (fields on fire are clutter by place); counted most where
others would have confirmed an event. (3) λ: layers of cells over tracks, by what could have been
detected there. Reports enter none of this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import expit

from truceline.base.columns import BoolArray, Groups, distinct, group_rows
from truceline.fusion.intensity import Cells, fit_layers, sort_cells
from truceline.fusion.nodes import FloatArray, IntArray
from truceline.fusion.parameters import (
    Parameters,
    Scene,
    act_shares,
    base_clutter,
    detection_p,
    seen_p,
    weigh,
)
from truceline.fusion.tracks import Tracks, gather, log_sum, log_weight, single_tracks, without_each

#: rounds of learning, and the first of them in which clutter is learned: before it the intensity has
#: to find its places, for what it leaves would be taken for clutter
ROUNDS, CLUTTER_FROM = 6, 3
#: trials that a declared p weighs at most: it was measured elsewhere, at another time
MOST_TRIALS = 20.0
#: information, in trials times p(1 − p), that holds a sensor to its source
SENSOR_TRUST = 8.0
#: log-odds from which a track, without a source's word, is sure enough to judge the source by
SURE_LOGIT = 3.0
#: a row that watched with less probability judges nobody
LEAST_JUDGE_SHARE = 0.9
#: tracks weigh in λ by this power of the probability to be detected: where that is small λ and φ can
#: hardly be told apart
POWER = 0.0
#: clutter weighs by this power of the probability that others had confirmed an event, and no less than
CHECK_POWER, LEAST_CHECK = 3.0, 0.01
#: tracks that are as likely as this and confirmed tell where fire is, if they are so many
SURE_P, LEAST_CONFIRMED = 0.8, 150
#: nearer to them nothing differs
NEAR_M = 1_000.0
#: detections count as sure by this power of their probability
SURE_POWER = 6
#: relative error that such chances have as a whole
CHANCE_ERROR = 0.07
#: spread of the log of true over declared clutter
SCALE_SD = 0.7
#: counts that a declared clutter weighs
CLUTTER_TRUST = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hard:
    """Tracks of the nodes that feed the intensity.

    label : (n,) track of each node; their number where the node does not feed it.
    """

    label: IntArray
    groups: Groups


def hard_tracks(scene: Scene, label: IntArray) -> Hard:
    """The feeding nodes of a partition. label : (n,) of all nodes."""
    rows = np.flatnonzero(scene.feeds)
    own = np.unique(label[rows], return_inverse=True)[1].reshape(-1).astype(np.int64)
    n = int(own.max()) + 1 if len(own) else 0
    inner = group_rows(own, n)
    whole = np.full(len(label), n, dtype=np.int64)
    whole[rows] = own
    return Hard(label=whole, groups=Groups(offsets=inner.offsets, members=rows[inner.members]))


def learn(
    scene: Scene, parameters: Parameters, label: IntArray, *, rounds: Iterable[int] = range(ROUNDS)
) -> Parameters:
    """Parameters under which the hard sensors' tracks, and their clutter, are as they are.

    rounds : numbers of the rounds to go; from ``CLUTTER_FROM`` on clutter is learned too.
    """
    hard = hard_tracks(scene, label)
    if not len(hard.groups):
        return parameters
    for number in rounds:
        singles = single_tracks(weigh(scene, parameters))
        tracks = gather(singles, hard.groups)
        existence = expit(log_weight(tracks))
        r = np.append(existence, 0.0)[hard.label]
        offset, common = _learn_p(scene, parameters, hard, singles, tracks)
        clutter = parameters.log_clutter
        if number >= CLUTTER_FROM:
            clutter = _learn_clutter(scene, parameters, r, _learn_scale(scene, parameters, hard))
        parameters = replace(
            parameters,
            log_intensity=_learn_intensity(scene, parameters, hard, existence),
            log_clutter=clutter,
            act_share=act_shares(scene.sightings.loglik[scene.feeds], r[scene.feeds]),
            offset=offset,
            common=common,
            sure=float(existence.sum()),
        )
    return parameters


def anchors(singles: Tracks, hard: Hard) -> tuple[IntArray, IntArray]:
    """(n_groups,) the sharpest node of each group, and the second sharpest; −1: there is none."""
    order = np.lexsort((np.arange(len(singles)), singles.blur, hard.label))
    at = hard.groups.offsets[:-1]
    second = np.where(hard.groups.size > 1, order[np.minimum(at + 1, len(order) - 1)], -1)
    return order[at], second


def _learn_intensity(scene: Scene, parameters: Parameters, hard: Hard, existence: FloatArray) -> FloatArray:
    """(n,) log λ at the nodes, their own tracks left out."""
    s, q = scene.sightings, scene.quadrature
    n = len(s.loglik)
    p, share = detection_p(scene, parameters), parameters.act_share
    seen = seen_p(s.point, s.row, s.row_act, p, n, share, s.share)
    seen_q = seen_p(scene.q_point, scene.q_row, s.row_act, p, len(q), share)
    power = seen_q ** (1 + POWER)
    # a track counts where its sharpest node lies
    _, _, p_xx, p_xy, p_yy = scene.shape
    blur = np.log(scene.nodes.stop_s - scene.nodes.start_s) - 0.5 * np.log(p_xx * p_yy - p_xy**2)
    first = np.lexsort((np.arange(n), blur, hard.label))[hard.groups.offsets[:-1]]
    count = existence * seen[first] ** POWER
    own = np.append(count, 0.0)[hard.label]
    base = count.sum() / max(float((power * q.weight).sum()), 1e-300)
    # how places and times differ is judged by what several sources confirm: a source's clutter has
    # its own places and times, and would make events of itself
    judges = np.zeros(n)
    judges[first] = existence * _confirmed(scene, hard)
    cells = scene.cells
    confirmed = first[judges[first] > SURE_P]
    if len(confirmed) >= LEAST_CONFIRMED:
        cells = (_near_layer(scene, confirmed, hard), *cells)
    factor = fit_layers(
        cells, first, count, np.arange(n), density=base * np.maximum(seen, 0.02) ** (1 + POWER),
        mass=base * q.weight * power, density_q=base * power, own=own, basis=scene.feeds, trust=1.0,
        judges=judges, judged_mass=q.weight * seen_q**2,
    )  # fmt: skip
    return np.asarray(np.log(base) + factor)


def _near_layer(scene: Scene, confirmed: IntArray, hard: Hard) -> Cells:
    """A layer by the distance to the nearest confirmed track but one's own: where fire is far off there is little.

    confirmed : sharpest nodes of such tracks.
    """
    x_m, y_m = scene.shape[:2]
    q = scene.quadrature
    tree = cKDTree(np.column_stack([x_m[confirmed], y_m[confirmed]]))
    distance, which = (np.asarray(part) for part in tree.query(np.column_stack([x_m, y_m]), k=2))
    own = hard.label[confirmed[which[:, 0]]] == hard.label
    away_m = np.where(own, distance[:, 1], distance[:, 0])
    away_q = np.asarray(tree.query(np.column_stack([q.x_m, q.y_m]))[0])
    return sort_cells(NEAR_M / np.maximum(away_m, 1.0), NEAR_M / np.maximum(away_q, 1.0))


def _confirmed(scene: Scene, hard: Hard) -> BoolArray:
    """(n_groups,) whether several sources detected it; sensors, where one source is all there is."""
    nodes = scene.nodes
    one = len(np.unique(nodes.source.code[scene.feeds])) == 1
    code = scene.sightings.exclusive if one else nodes.source.code
    node = hard.groups.members
    width = int(code.max()) + 1
    pairs = distinct(hard.groups.of_member * width + code[node])
    return np.bincount(pairs // width, minlength=len(hard.groups)) > 1


def _learn_scale(scene: Scene, parameters: Parameters, hard: Hard) -> FloatArray:
    """(n_sources,) log of what each source's clutter is over what was declared, from where others watched.

    Of detections that others confirm by a chance c, Σ b/c are true, with b whether they did (Horvitz &
    Thompson 1952), whatever the intensity; the rest is clutter: Σ c² (1 − b/c) over ∫ c² φ. How well c
    is known is seen from detections that are nearly sure. The estimate's log is held to 0 by its error.
    """
    nodes, s, q = scene.nodes, scene.sightings, scene.quadrature
    p, share = detection_p(scene, parameters), parameters.act_share
    others = s.row_source[s.row] != nodes.source.code[s.point]
    check = seen_p(s.point[others], s.row[others], s.row_act, p, len(nodes), share, s.share[others])
    own_p = np.where(s.own >= 0, np.append(p, 0.0)[s.own], 1e-3) * s.own_share
    odds = parameters.log_intensity + log_sum(np.log(own_p * share) + s.loglik) - parameters.log_clutter
    sure = expit(odds) ** SURE_POWER
    borne = np.append(_confirmed(scene, hard), False)[hard.label].astype(np.float64)
    source_q = s.row_source[scene.q_row]
    found = np.zeros(s.n_sources)
    for source in np.unique(nodes.source.code[scene.feeds]).tolist():
        rows = np.flatnonzero(nodes.source.code == source)
        c, b = check[rows], borne[rows]
        known = (float((sure[rows] * b).sum()) + 2.0) / (float((sure[rows] * c).sum()) + 2.0)
        true = b * c / known
        others_q, mine = source_q != source, source_q == source
        c_q = seen_p(scene.q_point[others_q], scene.q_row[others_q], s.row_act, p, len(q), share)
        density = np.bincount(scene.q_point[mine], weights=scene.clutter[scene.q_row[mine]], minlength=len(q))
        expected = float((q.weight * c_q**2 * density).sum())
        false = float((c**2 - true).sum())
        error = float(((c**2 - true) ** 2).sum()) + (CHANCE_ERROR * float(true.sum())) ** 2
        if expected > 0:
            least = 0.05 * expected
            relative = error / max(false, least) ** 2
            found[source] = np.log(max(false, least) / expected) / (1 + relative / SCALE_SD**2)
    return found


def _learn_clutter(scene: Scene, parameters: Parameters, r: FloatArray, scale: FloatArray) -> FloatArray:
    """(n,) log φ of the feeding nodes as learned, of others as it was. r : (n,) existence.

    scale : (n_sources,) log of what clutter is over what was declared, as a whole.
    """
    nodes, s, q = scene.nodes, scene.sightings, scene.quadrature
    whole, base = base_clutter(scene)
    found = parameters.log_clutter.copy()
    source_q = s.row_source[scene.q_row]
    p, share = detection_p(scene, parameters), parameters.act_share
    others = s.row_source[s.row] != nodes.source.code[s.point]
    check = seen_p(s.point[others], s.row[others], s.row_act, p, len(nodes), share, s.share[others])
    check = np.maximum(check, LEAST_CHECK) ** CHECK_POWER
    for source in np.unique(nodes.source.code[scene.feeds]).tolist():
        rows = np.flatnonzero(nodes.source.code == source)
        mine, others = source_q == source, source_q != source
        declared = np.bincount(
            scene.q_point[mine], weights=scene.clutter[scene.q_row[mine]], minlength=len(q)
        )
        check_q = seen_p(scene.q_point[others], scene.q_row[others], s.row_act, p, len(q), share)
        false = (1 - r[rows]) * check[rows]
        much = float(np.exp(scale[source]))
        density_q = np.asarray(declared * np.maximum(check_q, LEAST_CHECK) ** CHECK_POWER * much)
        found[rows] = base[rows] + scale[source] + fit_layers(
            scene.cells, rows, false, rows, density=check[rows] * np.exp(whole[rows]) * much,
            mass=q.weight * density_q, density_q=density_q, own=false,
            basis=np.ones(len(rows), dtype=np.bool_), trust=CLUTTER_TRUST,
        )  # fmt: skip
    return found


def _learn_p(
    scene: Scene, parameters: Parameters, hard: Hard, singles: Tracks, tracks: Tracks
) -> tuple[FloatArray, FloatArray]:
    """(n_rows,) offsets, and (n_sources,) what is common of them, from tracks as they are without the source in question."""
    nodes, s = scene.nodes, scene.sightings
    p = detection_p(scene, parameters)
    weight = log_weight(tracks)
    label, groups = hard.label, hard.groups
    # (1) what a track of several weighs without each member
    member = groups.members[(groups.size > 1)[groups.of_member]]
    less = np.full(len(nodes), -np.inf)
    if len(member):
        less[member] = log_weight(without_each(singles, groups, tracks, label, member))
    # (2) who watched where each track lies by the word of others
    acts = tracks.prior + tracks.vote
    act_p = np.exp(acts - log_sum(acts)[:, None])
    likeliest = np.append(acts.argmax(axis=1), 0)[label]
    own = s.own[np.arange(len(nodes)), likeliest]
    track, row, share, hit, who = _opportunities(scene, hard, singles, own)
    chance = p[row] * share
    fits = np.where(s.row_act[row] < 0, 1.0, act_p[track, np.maximum(s.row_act[row], 0)])
    without = np.where(hit, less[who], weight[track] - np.log1p(-chance))
    belief = expit(without) * fits * (without > SURE_LOGIT) * (share > LEAST_JUDGE_SHARE)
    # (3) one step for the source, one for each sensor from there
    m, units = s.n_sources, len(scene.first_row)
    unit, source = scene.row_unit[row], s.row_source[row]
    surplus, spread = belief * (hit - chance), belief * chance * (1 - chance)
    trials = np.minimum(scene.watches.a + scene.watches.b, MOST_TRIALS) * 0.25
    prior = np.bincount(s.row_source, weights=trials, minlength=m) / np.maximum(
        np.bincount(s.row_source, minlength=m), 1
    )
    first_row = scene.first_row
    common, special = (
        parameters.common,
        parameters.offset[first_row] - parameters.common[s.row_source[first_row]],
    )
    total, information = (np.bincount(source, weights=w, minlength=m) for w in (surplus, spread))
    step = (total - prior * common) / (information + prior + 1e-9)
    common = common + np.clip(step, -1, 1)
    total, information = (np.bincount(unit, weights=w, minlength=units) for w in (surplus, spread))
    step = (total - information * np.clip(step, -1, 1)[s.row_source[first_row]] - SENSOR_TRUST * special) / (
        information + SENSOR_TRUST
    )
    special = special + np.clip(step, -1, 1)
    return np.asarray(common[s.row_source] + special[scene.row_unit]), common


def _opportunities(
    scene: Scene, hard: Hard, singles: Tracks, own: IntArray
) -> tuple[IntArray, IntArray, FloatArray, BoolArray, IntArray]:
    """Track, row, share, whether it detected it, and by which node.

    Where a track lies is told by its sharpest node; for rows by which that node itself saw it, by the
    second sharpest. own : (n,) row by which each node saw what it saw.
    """
    s = scene.sightings
    label = hard.label
    sharp, second = anchors(singles, hard)
    width = len(scene.watches) + 1
    order = np.argsort(label * width + own, kind="stable")
    keys = (label * width + own)[order]
    parts = []
    for level, at in enumerate((sharp, second)):
        track_of = np.full(len(label), -1, dtype=np.int64)
        track_of[at[at >= 0]] = np.flatnonzero(at >= 0)
        kept = np.flatnonzero(track_of[s.point] >= 0)
        track, row = track_of[s.point[kept]], s.row[kept]
        place = np.minimum(np.searchsorted(keys, track * width + row), len(keys) - 1)
        hit, who = keys[place] == track * width + row, order[place]
        by_sharp = hit & (who == sharp[track])
        use = np.flatnonzero(by_sharp if level else ~by_sharp)
        parts.append((track[use], row[use], s.share[kept[use]], hit[use], who[use]))
    track, row, share, hit, who = (np.concatenate([part[k] for part in parts]) for k in range(5))
    return track, row, share, hit, who
