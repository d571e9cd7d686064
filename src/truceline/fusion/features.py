"""What can be seen of a track beside its own weight: who told of it, who watched, what else was near.

Nothing here names a source, a place or a party: a classifier of these features (``fusion.trained``) can
be asked of any case. All of it is from records and coverage, none from what became of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import logit

from truceline.base.columns import BoolArray, distinct, group_rows, number_values
from truceline.fusion.existence import LENGTHS_S, Existence, voices
from truceline.fusion.nodes import FloatArray, IntArray
from truceline.fusion.parameters import Parameters, Scene, base_clutter, detection_p
from truceline.fusion.tracks import Tracks, gather, log_weight

DAY_S = 86_400.0
#: neighbourhoods whose tracks are counted: km, days to either side
NEAR = ((2.0, 0.05), (5.0, 0.25), (15.0, 1.0), (40.0, 4.0))
#: existence below which a track around is none
LEAST_COUNTED = 0.05
#: tracks whose surroundings are summed at a time
PART = 10_000
#: log-odds beyond which nothing is in doubt
MOST_LOGIT = 12.0

FEATURES = (
    "generative_logit",  # log-odds of the generative existence, of all that is told
    "hard_log_weight",  # log w of what hard sensors detected; of reports alone: none
    "n_hard",  # detections of hard sensors
    "n_hard_sources",
    "n_hard_sensors",
    "n_reports",
    "n_voices",  # of parties, and of all who belong to neither
    "log_missed",  # of its likeliest act: Σ ln (1 − p) over all who watched there and then
    "log_missed_others",  # over those that did not detect it
    "log_blur",  # of its sharpest record: ln (area × time)
    "misfit",  # half the squared distances of its places, by their errors, each record beyond the first
    "beside_s",  # by how much the intervals of its records miss each other
    "log_rate",  # ln λ, and ln φ, per km² and day, at its sharpest record
    "log_clutter",
    "log_excess",  # ln of what its source's clutter is there over what was declared
    "source_excess",  # the same over all of its source, or of hard sensors where reports alone tell
    "source_shift",  # what was learned of that source's p beyond what was declared, logit
    "log_mark",  # what strength and count weigh
    "log_p",  # ln p of its sharpest record's own source
    "lone_share",  # of that source's records, those in no track with another source
    "log_source_rate",  # ln of that source's records, per day
    "n_near_0", "n_near_1", "n_near_2", "n_near_3",  # tracks of hard sensors around, less itself: ln (1 + n)
    "n_sure_0", "n_sure_1", "n_sure_2", "n_sure_3",  # of these, such as several sources detected
    "n_true_0", "n_true_1", "n_true_2",  # tracks of all kinds around, each by its existence
    "log_crowd",  # ln of the events expected within its sharpest record's place and time
    "log_hours",  # of reports: ln of the shortest interval told, in hours
    "copies",  # ln of the tellings at most of one voice
    "n_exact",  # reports told to the minutes
    "exact_share",  # ln of how many of all reports are told so, where one of these is
    "exact_logit",  # the generative log-odds again, where one of its reports is told to the minutes
    "several_logit",  # and where several voices tell of it
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """values : (n_tracks, n_features) in the order of ``FEATURES``, NaN where there is nothing to say.

    hard : (n_tracks,) whether a hard sensor detected it.
    """

    values: FloatArray
    hard: BoolArray


def describe_tracks(
    scene: Scene, parameters: Parameters, singles: Tracks, label: IntArray, existence: Existence
) -> Described:
    """Features of the tracks of a partition. label : (n,) ; existence : the generative one."""
    n_tracks = len(existence.probability)
    s, nodes = scene.sightings, scene.nodes
    groups = group_rows(label, n_tracks)
    tracks = gather(singles, groups)
    order = np.lexsort((np.arange(len(label)), singles.blur, ~s.based, label))
    anchor = order[groups.offsets[:-1]]  # the sharpest of its hard nodes; of reports, where there is none
    hard = s.based[anchor]
    columns: dict[str, FloatArray] = {}
    with np.errstate(divide="ignore"):
        columns["generative_logit"] = np.clip(logit(existence.probability), -MOST_LOGIT, MOST_LOGIT)
    columns |= _told(scene, singles, label, hard)
    columns |= _exact(scene, label, columns)
    columns |= _watched(scene, parameters, tracks, label, anchor)
    columns |= _shape(tracks, singles, anchor)
    day_km = np.log(1e6 * DAY_S)
    declared = base_clutter(scene)[1]
    columns["log_rate"] = parameters.log_intensity[anchor] + day_km
    columns["log_clutter"] = parameters.log_clutter[anchor] + day_km
    excess = parameters.log_clutter - declared
    columns["log_excess"] = excess[anchor]
    columns["source_excess"] = _of_source(scene, excess, anchor, hard)
    columns["source_shift"] = _of_source(scene, parameters.common[nodes.source.code], anchor, hard)
    columns["log_mark"] = np.bincount(label, weights=parameters.log_mark, minlength=n_tracks).astype(
        np.float64
    )
    columns |= _company(scene, label, anchor, n_tracks)
    columns["log_crowd"] = parameters.log_intensity[anchor] + singles.blur[anchor]
    columns |= _surroundings(scene, anchor, hard, columns["n_hard_sources"], existence.probability)
    values = np.column_stack([columns[name] for name in FEATURES])
    return Described(values=values, hard=hard & np.isfinite(nodes.start_s[anchor]))


def _told(scene: Scene, singles: Tracks, label: IntArray, hard: BoolArray) -> dict[str, FloatArray]:
    """Who told of each track."""
    nodes, based = scene.nodes, scene.sightings.based
    n = len(hard)
    report = ~based
    voice = voices(scene)
    weight = np.full(n, np.nan)
    if hard.any():
        rows = np.flatnonzero(based)
        own = (np.cumsum(hard) - 1)[label[rows]]
        weight[hard] = np.clip(
            log_weight(gather(singles.take(rows), group_rows(own, int(hard.sum())))), -25, 25
        )
    hours = np.full(n, np.inf)
    np.minimum.at(hours, label[report], (nodes.stop_s - nodes.start_s)[report] / 3_600.0)
    width = int(voice.max()) + 1
    key = label[report] * max(width, 1) + voice[report]
    each, count = np.unique(key, return_counts=True)
    most = np.zeros(n)
    np.maximum.at(most, each // max(width, 1), count.astype(np.float64))
    return {
        "hard_log_weight": weight,
        "n_hard": np.bincount(label[based], minlength=n).astype(np.float64),
        "n_hard_sources": _n_distinct(label[based], nodes.source.code[based], n),
        "n_hard_sensors": _n_distinct(label[based], scene.sightings.exclusive[based] + 1, n),
        "n_reports": np.bincount(label[report], minlength=n).astype(np.float64),
        "n_voices": _n_distinct(label[report], voice[report], n),
        "log_hours": np.where(np.isfinite(hours), np.log(np.maximum(hours, 1e-3)), np.nan),
        "copies": np.log1p(most),
    }


def _of_source(scene: Scene, value: FloatArray, anchor: IntArray, hard: BoolArray) -> FloatArray:
    """(n_tracks,) mean over the records of each anchor's source; of reports, over those of all hard sources."""
    source, based = scene.nodes.source.code, scene.sightings.based
    m = int(source.max()) + 1
    mean = np.bincount(source, weights=value, minlength=m) / np.maximum(np.bincount(source, minlength=m), 1)
    whole = float(value[based].mean()) if based.any() else 0.0
    return np.where(hard, mean[source[anchor]], whole)


def _exact(scene: Scene, label: IntArray, columns: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Reports told to the minutes, as those do who invent: how usual they are, and what weighs with them."""
    report = ~scene.sightings.based
    exact = report & (scene.nodes.stop_s - scene.nodes.start_s <= LENGTHS_S[0])
    count = np.bincount(label[exact], minlength=len(columns["n_reports"])).astype(np.float64)
    share = np.log((exact.sum() + 1) / (report.sum() + 2))
    whole = columns["generative_logit"]
    return {
        "n_exact": count,
        "exact_share": np.where(count > 0, share, np.nan),
        "exact_logit": np.where(count > 0, whole, np.nan),
        "several_logit": np.where(columns["n_voices"] > 1, whole, np.nan),
    }


def _n_distinct(group: IntArray, code: IntArray, n: int) -> FloatArray:
    if not len(group):
        return np.zeros(n)
    width = int(code.max()) + 1
    return np.bincount(distinct(group * width + code) // width, minlength=n).astype(np.float64)


def _watched(
    scene: Scene, parameters: Parameters, tracks: Tracks, label: IntArray, anchor: IntArray
) -> dict[str, FloatArray]:
    """Who watched where each track's sharpest record lies, and who of them did not detect it."""
    s, n = scene.sightings, len(anchor)
    acts = tracks.prior + tracks.vote
    act = acts.argmax(axis=1)
    of_node = np.full(len(label), -1, dtype=np.int64)
    of_node[anchor] = np.arange(n)
    kept = np.flatnonzero(of_node[s.point] >= 0)
    track, row = of_node[s.point[kept]], s.row[kept]
    fits = (s.row_act[row] < 0) | (s.row_act[row] == act[track])
    kept, track, row = kept[fits], track[fits], row[fits]
    p = detection_p(scene, parameters)
    log_q = np.log1p(-p[row] * s.share[kept])
    # a source that is in the track has detected it, by whichever of its sensors
    width = int(max(s.row_source.max(initial=0), scene.nodes.source.code.max())) + 1
    members = distinct(label * width + scene.nodes.source.code)
    there = np.searchsorted(members, track * width + s.row_source[row])
    there = members[np.minimum(there, len(members) - 1)] == track * width + s.row_source[row]
    own = s.own[anchor, np.minimum(act, s.own.shape[1] - 1)]
    own_p = np.where(own >= 0, np.append(p, 1.0)[own], np.nan)
    return {
        "log_missed": np.bincount(track, weights=log_q, minlength=n),
        "log_missed_others": np.bincount(track, weights=np.where(there, 0.0, log_q), minlength=n),
        "log_p": np.log(own_p),
    }


def _shape(tracks: Tracks, singles: Tracks, anchor: IntArray) -> dict[str, FloatArray]:
    """How sharp a track is, and how well its records agree."""
    p_xx, p_xy, p_yy, h_x, h_y, q, _ = tracks.sums
    square = q - (p_yy * h_x**2 - 2 * p_xy * h_x * h_y + p_xx * h_y**2) / (p_xx * p_yy - p_xy**2)
    several = tracks.size > 1
    return {
        "log_blur": singles.blur[anchor],
        "misfit": np.where(several, 0.5 * np.maximum(square, 0) / np.maximum(tracks.size - 1, 1), np.nan),
        "beside_s": np.where(several, np.maximum(tracks.start_s - tracks.stop_s, 0.0), 0.0),
    }


def _company(scene: Scene, label: IntArray, anchor: IntArray, n: int) -> dict[str, FloatArray]:
    """How the source of the sharpest record fares elsewhere."""
    source = scene.nodes.source.code
    m = int(source.max()) + 1
    alone = (_n_distinct(label, source, n) < 2)[label]
    count = np.bincount(source, minlength=m)
    share = (np.bincount(source, weights=alone, minlength=m) + 1) / (count + 2)
    days = max(scene.quadrature.span_s / DAY_S, 1e-3)
    return {
        "lone_share": share[source[anchor]],
        "log_source_rate": np.log(count[source[anchor]] / days),
    }


def _surroundings(
    scene: Scene, anchor: IntArray, hard: BoolArray, n_sources: FloatArray, existence_p: FloatArray
) -> dict[str, FloatArray]:
    """How many tracks of hard sensors lie near, and how many that several sources detected."""
    x_m, y_m = scene.shape[0][anchor], scene.shape[1][anchor]
    time_s = scene.sightings.time_s[anchor]
    # exactly one feature a scale and kind; without hard tracks there are none near
    found: dict[str, FloatArray] = {}
    order = _by_place(x_m, y_m)
    for name, judges in (("near", hard), ("sure", hard & (n_sources > 1))):
        for k, (km, days) in enumerate(NEAR):
            scale = np.array([km * 1e3, km * 1e3, days * DAY_S])
            at = np.column_stack([x_m, y_m, time_s]) / scale
            count = np.zeros(len(anchor))
            if judges.any():
                tree = cKDTree(at[judges])
                count[order] = tree.query_ball_point(at[order], 1.0, return_length=True, workers=1)
            found[f"n_{name}_{k}"] = np.log1p(count - judges)
    happened = np.nan_to_num(existence_p)
    for k, (km, days) in enumerate(NEAR[:3]):
        at = np.column_stack([x_m / km / 1e3, y_m / km / 1e3, time_s / days / DAY_S])
        found[f"n_true_{k}"] = np.log1p(_sum_near(at, happened, order))
    return found


def _sum_near(at: FloatArray, value: FloatArray, order: IntArray) -> FloatArray:
    """(n,) sum of the values within 1 of each place, its own left out. at : (n, 3)."""
    rows = order[value[order] > LEAST_COUNTED]
    if not len(rows):
        return np.zeros(len(at))
    tree, total = cKDTree(at[rows]), np.zeros(len(at))
    for k in range(0, len(at), PART):
        some = order[k : k + PART]
        near = cKDTree(at[some]).sparse_distance_matrix(tree, 1.0, output_type="ndarray")
        total[some] = np.bincount(near["i"], weights=value[rows][near["j"]], minlength=len(some))
    return np.asarray(np.maximum(total - np.where(value > LEAST_COUNTED, value, 0.0), 0.0))


def _by_place(x_m: FloatArray, y_m: FloatArray) -> IntArray:
    """Neighbours after one another, for the tree's sake."""
    return np.lexsort((x_m, number_values(np.floor(y_m / 10_000.0).astype(np.int64))[1]))
