"""Whether a track is an event: by what hard sensors detected, and by reports as far as these bear them out.

Hard sensors: w/(1 + w) (``fusion.tracks``) of the hard nodes alone. Reports join in by a likelihood
ratio that is counted, not believed: how much oftener a voice tells of tracks that are events than of
tracks that are clutter, by how well what it tells fits. Each voice counts once, by its best report. A
voice is a party, or all who belong to neither (``fusion.voices``); so a flood of reports, a staged event
with many accounts, and reports timed to detections come to no more than one such ratio each.

Reports alone: of the events that hard sensors could have seen and did, a voice told of some; so many
times the odds to be missed must be those that it tells of and nobody saw. The rest of what it tells is
false. That number, spread by each report's own weight, is what report-only tracks share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from truceline.base.columns import BoolArray, group_rows, number_pairs, number_rows
from truceline.fusion.nodes import FloatArray, IntArray
from truceline.fusion.parameters import Parameters, Scene, missed_at
from truceline.fusion.tracks import Tracks, first_least, gather, join, log_sum, log_weight

#: sure tracks from which on reports are heard at all: fewer cannot tell an honest voice from another
LEAST_SURE = 30.0
#: with fewer, a voice is judged by what nobody saw, if of so many true events somebody should have
LEAST_JUDGED = 5.0
#: nats of fit at which tiers of reports begin
TIERS = (1.0, 4.0, 7.0)
#: counts by which a voice's ratio is held to 1
RATIO_TRUST = 2.0
#: tracks are judged by hard sensors that had at least this chance to see them
LEAST_SEEN = 0.1
#: and by reports near which fewer tracks than this lie by chance
MOST_CROWD = 0.15
#: of the tracks that lie within two standard deviations of a report, those that it would be put to
CHANCE_SHARE = 0.5
ROUNDS = 60
#: tracks whose log-weights differ by less are taken together in learning it
WEIGHT_STEP = 0.25
#: nats that one voice's word comes to at most
MOST_RATIO = 7.0
#: reports are told apart by how exactly they are dated, seconds
LENGTHS_S = (1_200.0, 3 * 3_600.0, 12 * 3_600.0)
#: what moves by less in a round has been found
SAME = 1e-10
#: tracks of its voice that a class of reports is held to
CLASS_TRUST = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Existence:
    """probability : (n_tracks,), NaN where there is no basis. false : (n,) share of clutter in each report."""

    probability: FloatArray
    false: FloatArray


def judge_tracks(
    scene: Scene, parameters: Parameters, singles: Tracks, label: IntArray, n_tracks: int
) -> Existence:
    """Existence of the tracks of a partition. label : (n,)."""
    based = scene.sightings.based
    log_w = np.full(n_tracks, -np.inf)
    hard = np.bincount(label[based], minlength=n_tracks) > 0
    if based.any():
        rows = np.flatnonzero(based)
        own = np.cumsum(hard) - 1
        groups = group_rows(own[label[rows]], int(hard.sum()))
        tracks = gather(singles.take(rows), groups)
        log_w[hard] = log_weight(tracks)
    p = np.where(hard, expit(log_w), np.nan)
    false = np.full(len(label), 0.5)
    if not based.any() or based.all():
        return Existence(probability=p, false=false)
    voice = voices(scene)
    sort = np.searchsorted(np.array(LENGTHS_S), scene.nodes.stop_s - scene.nodes.start_s)
    heard = parameters.sure >= LEAST_SURE
    if heard:
        fit = _fits(scene, singles, label, hard, tracks, np.cumsum(hard) - 1)
        ratio = _listen(label, voice, sort, fit, log_w, hard)
        p[hard] = expit(log_w + ratio)[hard]
    least = 0.0 if heard else LEAST_JUDGED
    alone = _judge_alone(scene, parameters, singles, label, voice, sort, hard, p, least)
    p = np.where(hard, p, alone)
    false[~based] = np.where(np.isnan(p), 0.5, 1 - p)[label[~based]]
    return Existence(probability=p, false=false)


def voices(scene: Scene) -> IntArray:
    """(n,) who speaks: neither party, a party, or an instrument without coverage; −1: one with."""
    nodes = scene.nodes
    instrument = scene.sightings.exclusive >= 0
    n_parties = len(nodes.speaker.names)
    code = np.where(instrument, n_parties + 1 + nodes.source.code, nodes.speaker.code + 1)
    return np.where(scene.sightings.based, -1, code)


def _fits(
    scene: Scene, singles: Tracks, label: IntArray, hard: BoolArray, tracks: Tracks, place: IntArray
) -> FloatArray:
    """(n,) nats by which a report's place and time agree with the hard nodes of its track; −∞: none."""
    rows = np.flatnonzero(~scene.sightings.based & hard[label])
    fit = np.full(len(label), -np.inf)
    if len(rows):
        of, own = tracks.take(place[label[rows]]), singles.take(rows)
        fit[rows] = log_weight(join(of, own)) - log_weight(of)
    return fit


def _listen(
    label: IntArray, voice: IntArray, sort: IntArray, fit: FloatArray, log_w: FloatArray, hard: BoolArray
) -> FloatArray:
    """(n_tracks,) log-likelihood ratio of what the voices told, and did not tell, of each hard track.

    Of each voice its best fitting report speaks, by its tier of fit and its sort.
    """
    n_tracks = len(log_w)
    tier = np.searchsorted(np.array(TIERS), fit)
    kinds = 1 + (len(TIERS) + 1) * (len(LENGTHS_S) + 1)
    who = np.unique(voice[voice >= 0])
    heard = np.zeros((len(who), n_tracks), dtype=np.int64)
    for k, v in enumerate(who.tolist()):
        rows = np.flatnonzero((voice == v) & np.isfinite(fit))
        rows = rows[np.lexsort((rows, fit[rows]))]
        # the last written stays: the best
        heard[k, label[rows]] = 1 + tier[rows] * (len(LENGTHS_S) + 1) + sort[rows]
    # tracks that were told of alike and weigh alike are one
    step = np.round(np.clip(log_w[hard], -30, 30) / WEIGHT_STEP).astype(np.int64)
    number, n_alike = number_rows([*heard[:, hard], step])
    first = np.unique(number, return_index=True)[1]
    count = np.bincount(number, minlength=n_alike).astype(np.float64)
    weight, heard_of = step[first] * WEIGHT_STEP, heard[:, hard][:, first]
    table = np.zeros((len(who), kinds))
    for _ in range(ROUNDS):
        before = table.copy()
        r = expit(weight + _told(table, heard_of))
        for k in range(len(who)):
            true = np.bincount(heard_of[k], weights=count * r, minlength=kinds)
            clutter = np.bincount(heard_of[k], weights=count * (1 - r), minlength=kinds)
            mean = (true + clutter) / float(count.sum())
            # towards no difference by a few counts, and no one voice carries an event alone
            table[k] = np.log(
                (true + RATIO_TRUST * mean + 1e-9)
                / (true.sum() + RATIO_TRUST)
                * (clutter.sum() + RATIO_TRUST)
                / (clutter + RATIO_TRUST * mean + 1e-9)
            )
            table[k] = np.minimum(table[k], MOST_RATIO)
        if not table.size or np.abs(table - before).max() < SAME:
            break
    return np.where(hard, _told(table, heard), 0.0)


def _told(table: FloatArray, heard: IntArray) -> FloatArray:
    total = np.zeros(heard.shape[1])
    for k in range(len(table)):
        total += table[k][heard[k]]
    return total


def _judge_alone(
    scene: Scene,
    parameters: Parameters,
    singles: Tracks,
    label: IntArray,
    voice: IntArray,
    sort: IntArray,
    hard: BoolArray,
    p: FloatArray,
    least: float,
) -> FloatArray:
    """(n_tracks,) existence of tracks that reports alone tell of; NaN: a place nobody can judge.

    least : events that hard sensors must have had the chance to see, were all that a voice tells true.
    """
    n_tracks = len(hard)
    s = scene.sightings
    missed = missed_at(scene, parameters)
    # for the act that each tells of
    act = s.loglik + np.log(parameters.act_share)
    act = np.exp(act - log_sum(act)[:, None])
    seen = np.clip(1 - (np.exp(missed) * act).sum(axis=1), 0.0, 1.0)
    # (1) one report of each voice in a track: its sharpest
    rows = np.flatnonzero(voice >= 0)
    number, n_told = number_pairs(label[rows], voice[rows])
    told = group_rows(number, n_told)
    best = rows[told.members[first_least(singles.blur[rows[told.members]], told)]] if n_told else rows
    count = np.bincount(label[best], minlength=n_tracks)
    # (2) tracks by who tells of them, one voice or several, and in which manner: how exactly, how often
    several = int(voice.max()) + 1
    kind = np.full(n_tracks, -1, dtype=np.int64)
    kind[label[best]] = voice[best]
    kind[count > 1] = several
    manner = np.full(n_tracks, len(LENGTHS_S) + 1, dtype=np.int64)
    np.minimum.at(manner, label[rows], sort[rows])
    manner = manner * 2 + (np.bincount(label[rows], minlength=n_tracks) > count)
    exactness = manner // 2
    # (3) chance to be seen by hard sensors, whether it was, and how many tracks of theirs would be as
    # near by chance: only where these are few does nobody's having seen it tell anything
    at, crowd = np.zeros(n_tracks), np.full(n_tracks, np.inf)
    at[label[best]] = seen[best]
    crowd[label[best]] = _crowd(scene, parameters, seen)[best]
    crowd[label[best[scene.nodes.shapes.area[best]]]] = np.inf
    borne = np.where(hard, np.nan_to_num(p), 0.0)
    found = np.full(n_tracks, np.nan)
    for number in np.unique(kind[count > 0]).tolist():
        tracks = np.flatnonzero((kind == number) & (at > LEAST_SEEN))
        lone = tracks[crowd[tracks] < MOST_CROWD]
        if float(at[lone].sum()) < least:
            continue
        whole = _veracity(borne[lone], at[lone], crowd[lone], prior=0.5, trust=2.0)
        own = np.flatnonzero((kind == number) & ~hard)
        for value in np.unique(manner[own]).tolist():
            alone = own[manner[own] == value]
            judges, all_ = lone[manner[lone] == value], tracks[manner[tracks] == value]
            # those of the same exactness, whatever their manner, are what a few are held to
            alike = lone[exactness[lone] == value // 2]
            prior = _veracity(borne[alike], at[alike], crowd[alike], prior=whole, trust=CLASS_TRUST)
            v = _veracity(borne[judges], at[judges], crowd[judges], prior=prior, trust=CLASS_TRUST)
            # (4) of what was seen, the share that found its way to a track of what was seen
            way = (float(borne[all_].sum()) + CLASS_TRUST) / (v * float(at[all_].sum()) + CLASS_TRUST)
            met = at[alone] * min(way, 1.0)
            found[alone] = v * (1 - met) / (1 - v * met)
    # by so few that voices are not heard nobody is believed; what nobody saw is doubted all the same
    return np.where(found < 0.5, found, np.nan) if least > 0 else found


def _crowd(scene: Scene, parameters: Parameters, seen: FloatArray) -> FloatArray:
    """(n,) tracks of hard sensors expected by chance within a report's place and time.

    λ P over 4π σ² (two standard deviations around) and the interval.
    """
    _, _, p_xx, p_xy, p_yy = scene.shape
    area = 4 * np.pi / np.sqrt(p_xx * p_yy - p_xy**2)
    length = scene.nodes.stop_s - scene.nodes.start_s
    return np.exp(parameters.log_intensity) * seen * area * length


def _veracity(borne: FloatArray, seen: FloatArray, crowd: FloatArray, *, prior: float, trust: float) -> float:
    """Share of true tracks among those that a voice tells of.

    borne : (n,) existence where hard sensors are in it, else 0. seen : (n,) chance that they see an
    event there. crowd : (n,) chance that a false one comes upon some event. The maximum of
    Π (v s + (1 − v) c)^b (1 − v s − (1 − v) c)^(1 − b), with ``trust`` tracks of ``prior`` beforehand.
    """
    v = prior
    chance = CHANCE_SHARE * np.minimum(crowd, 1.0)
    for _ in range(40):
        met = v * seen / (v * seen + (1 - v) * chance + 1e-9)
        missed = v * (1 - seen) / (v * (1 - seen) + (1 - v) * (1 - chance) + 1e-9)
        true = borne * met + (1 - borne) * missed
        v = (float(true.sum()) + trust * prior) / (len(seen) + trust)
    return v
