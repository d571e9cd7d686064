"""Detection probabilities by capture–recapture: who detected what others make sure.

Among tracks that are sure without a source's own word, those that it could have seen are trials, and
those that it detected successes; declared values are the prior. One Newton step at a time on a logit
offset from what was declared, common to a source and then for each of its sensors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from truceline.base.columns import BoolArray, Groups, group_rows, number_values, sort_stable
from truceline.fusion.nodes import FloatArray, IntArray
from truceline.fusion.parameters import Parameters, Scene, detection_p
from truceline.fusion.tracks import Tracks, first_least, log_sum, log_weight, without_each

#: trials that a declared p weighs at most: it was measured elsewhere, at another time
MOST_TRIALS = 20.0
#: information, in trials times p(1 − p), that holds a sensor to its source
SENSOR_TRUST = 8.0
#: log-odds from which a track, without a source's word, is sure enough to judge the source by
SURE_LOGIT = 3.0
#: a row that watched with less probability judges nobody
LEAST_JUDGE_SHARE = 0.9


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
    own = number_values(label[rows])[1]
    n = int(own.max()) + 1 if len(own) else 0
    inner = group_rows(own, n)
    whole = np.full(len(label), n, dtype=np.int64)
    whole[rows] = own
    return Hard(label=whole, groups=Groups(offsets=inner.offsets, members=rows[inner.members]))


def anchors(singles: Tracks, hard: Hard) -> tuple[IntArray, IntArray]:
    """(n_groups,) the sharpest node of each group, and the second sharpest; −1: there is none."""
    groups = hard.groups
    node = groups.members
    blur = singles.blur[node]
    sharp = first_least(blur, groups)
    blur[sharp] = np.inf
    second = np.where(groups.size > 1, node[first_least(blur, groups)], -1)
    return node[sharp], second


def learn_p(
    scene: Scene,
    parameters: Parameters,
    hard: Hard,
    singles: Tracks,
    tracks: Tracks,
    *,
    sharp: IntArray,
    second: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """(n_rows,) offsets, and (n_sources,) what is common of them, from tracks as they are without the source in question.

    sharp, second : of ``anchors``.
    """
    s = scene.sightings
    trials = weigh_trials(scene, parameters, hard, singles, tracks, sharp=sharp, second=second)
    row, belief, hit, chance = trials.row, trials.belief, trials.hit, trials.chance
    # one step for the source, one for each sensor from there
    m, units = s.n_sources, len(scene.first_row)
    unit, source = scene.row_unit[row], s.row_source[row]
    surplus, spread = belief * (hit - chance), belief * chance * (1 - chance)
    weight = np.minimum(scene.watches.a + scene.watches.b, MOST_TRIALS) * 0.25
    prior = np.bincount(s.row_source, weights=weight, minlength=m) / np.maximum(
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """Tracks that others make sure, against rows that watched them: (n_trials,) each.

    row : of ``watches``. belief : probability that the track exists and is of the row's act, 0 where that
    is not sure enough. hit : whether the row's source detected it. chance : with which it would.
    """

    row: IntArray
    belief: FloatArray
    hit: BoolArray
    chance: FloatArray


def weigh_trials(
    scene: Scene,
    parameters: Parameters,
    hard: Hard,
    singles: Tracks,
    tracks: Tracks,
    *,
    sharp: IntArray,
    second: IntArray,
) -> Trials:
    """Who could have detected what, as it is without their own word. sharp, second : of ``anchors``."""
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
    track, row, share, hit, who = _opportunities(scene, hard, (sharp, second), own)
    chance = p[row] * share
    fits = np.where(s.row_act[row] < 0, 1.0, act_p[track, np.maximum(s.row_act[row], 0)])
    without = np.where(hit, less[who], weight[track] - np.log1p(-chance))
    belief = expit(without) * fits * (without > SURE_LOGIT) * (share > LEAST_JUDGE_SHARE)
    return Trials(row=row, belief=np.asarray(belief), hit=hit, chance=chance)


def _opportunities(
    scene: Scene, hard: Hard, told_by: tuple[IntArray, IntArray], own: IntArray
) -> tuple[IntArray, IntArray, FloatArray, BoolArray, IntArray]:
    """Track, row, share, whether it detected it, and by which node.

    Where a track lies is told by its sharpest node; for rows by which that node itself saw it, by the
    second sharpest. told_by : these of each track. own : (n,) row by which each node saw what it saw.
    """
    s = scene.sightings
    label = hard.label
    sharp, _ = told_by
    width = len(scene.watches) + 1
    order = sort_stable(own + 1)
    order = order[sort_stable(label[order])]
    keys = (label * width + own)[order]
    parts = []
    for level, at in enumerate(told_by):
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
