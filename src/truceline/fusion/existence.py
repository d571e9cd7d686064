"""Whether a track is an event: by what hard sensors detected, and by reports as far as these bear them out.

Hard sensors: w/(1 + w) (``fusion.tracks``) of the hard nodes alone. Reports join in by a likelihood
ratio that is counted, not believed: how much oftener a voice tells of tracks that are events than of
tracks that are clutter, by how well what it tells fits. Each voice counts once, by its best report. A
voice is a party, or all who belong to neither (``fusion.voices``); so a flood of reports, a staged event
with many accounts, and reports timed to detections come to no more than one such ratio each.

Reports alone: ``fusion.alone``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from truceline.base.columns import BoolArray, group_rows, number_rows
from truceline.fusion.alone import judge_alone
from truceline.fusion.nodes import FloatArray, IntArray
from truceline.fusion.parameters import Parameters, Scene
from truceline.fusion.tracks import Tracks, gather, join, log_weight

#: sure tracks from which on reports are heard at all: fewer cannot tell an honest voice from another
LEAST_SURE = 30.0
#: with fewer, a voice is judged by what nobody saw, if of so many true events somebody should have
LEAST_JUDGED = 5.0
#: nats of fit at which tiers of reports begin
TIERS = (1.0, 4.0, 7.0)
#: counts by which a voice's ratio is held to 1
RATIO_TRUST = 2.0
ROUNDS = 60
#: tracks whose log-weights differ by less are taken together in learning it
WEIGHT_STEP = 0.25
#: nats that one voice's word comes to at most
MOST_RATIO = 7.0
#: reports are told apart by how exactly they are dated, seconds
LENGTHS_S = (1_200.0, 3 * 3_600.0, 12 * 3_600.0)
#: what moves by less in a round has been found
SAME = 1e-10


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
    alone = judge_alone(scene, parameters, singles, label, voice=voice, manner=sort, log_w=log_w, least=least)
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
