"""Existence of what reports alone tell of, by how often hard sensors bear out those who tell it.

Of the true things that a voice tells, hard sensors see a share that is known; so the share of its reports
that they bear out says how many are true. Three things keep that count honest. Each report counts, for
accounts of what sensors saw lie in one track with them and those of what they missed lie apart. Reports that
meet false detections as often as true ones bear nothing out: they were timed to detections, or met them by
chance. And what sets one voice apart from others, or one manner of telling from another (exact accounts of an
inventor), is believed as far as it goes beyond what so few reports differ by chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp

from truceline.base.columns import BoolArray, FloatArray, IntArray, number_pairs, number_values
from truceline.fusion.parameters import Parameters, Scene, missed_at
from truceline.fusion.tracks import Tracks, log_sum

#: tracks are judged by hard sensors that had at least this chance to see them
LEAST_SEEN = 0.1
#: and by reports near which fewer tracks than this lie by chance
MOST_CROWD = 0.15
#: of the tracks that lie within two standard deviations of a report, those that it would be put to
CHANCE_SHARE = 0.5
#: of true reports, those at the right place: up to a fifth are placed wrongly, few of them out of reach
PLACED_SHARE = 0.95
#: reports of one voice in one track that count at most
MOST_ACCOUNTS = 3.0
#: of reports in good faith that meet a detection, those that meet any
MET_BY_CHANCE = 0.1
#: reports that hold a manner to good faith
FAITH_TRUST = 5.0
ROUNDS = 60
#: shares of true reports that are weighed, and by how many reports a share may be held to those of its like
SHARES = (np.arange(40) + 0.5) / 40
HOLDS = 4.0 ** np.arange(1, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What voices tell, (n,) each.

    track : number of its track. voice, manner : who told it, and how. weight : what each counts. seen : chance
    that hard sensors see an event there; crowd : tracks of theirs expected there by chance.
    """

    track: IntArray
    voice: IntArray
    manner: IntArray
    weight: FloatArray
    seen: FloatArray
    crowd: FloatArray


def judge_alone(
    scene: Scene,
    parameters: Parameters,
    singles: Tracks,
    label: IntArray,
    *,
    voice: IntArray,
    manner: IntArray,
    log_w: FloatArray,
    least: float,
) -> FloatArray:
    """(n_tracks,) existence of tracks that reports alone tell of; NaN: a place nobody can judge.

    voice, manner : (n,) of each node, −1: a sensor. log_w : (n_tracks,) of hard sensors; −∞: none of theirs.
    least : events that hard sensors must have had the chance to see, were all that a voice tells true. Of
    several voices in a track the most believed speaks: how far they speak for each other nobody knows.
    """
    hard = log_w > -np.inf
    rows = np.flatnonzero(voice >= 0)
    rows = rows[np.lexsort((rows, singles.blur[rows], label[rows]))]
    number, _ = number_pairs(label[rows], voice[rows])
    reports = _reports(
        scene, parameters, rows, label, voice=voice, manner=manner, accounts=np.bincount(number)[number]
    )
    share = _veracity(reports, hard[reports.track], _sincere(reports, log_w), least=least)
    # each voice speaks by its sharpest report, of the place that the sharpest of all tells
    sharp, first = np.unique(number, return_index=True)[1], np.unique(reports.track, return_index=True)[1]
    believed = np.full(len(hard), np.nan)
    np.fmax.at(believed, reports.track[sharp], share[sharp])
    missed = np.ones(len(hard))
    missed[reports.track[first]] = 1 - PLACED_SHARE * reports.seen[first]
    found = np.where(hard, np.nan, believed * missed / (believed * missed + 1 - believed))
    # by so few that voices are not heard nobody is believed; what nobody saw is doubted all the same
    return np.where(found < 0.5, found, np.nan) if least > 0 else found


def _reports(
    scene: Scene,
    parameters: Parameters,
    rows: IntArray,
    label: IntArray,
    *,
    voice: IntArray,
    manner: IntArray,
    accounts: IntArray,
) -> Reports:
    """Of the nodes ``rows``. accounts : how many of one voice each has in its track."""
    act = scene.sightings.loglik[rows] + np.log(parameters.act_share)
    act_p = np.exp(act - log_sum(act)[:, None])
    seen = np.clip(1 - (np.exp(missed_at(scene, parameters)[rows]) * act_p).sum(axis=1), 0.0, 1.0)
    _, _, p_xx, p_xy, p_yy = (part[rows] for part in scene.shape)
    # λ P over 4π σ² (two standard deviations around) and the interval
    area = 4 * np.pi / np.sqrt(p_xx * p_yy - p_xy**2)
    length = (scene.nodes.stop_s - scene.nodes.start_s)[rows]
    crowd = np.exp(parameters.log_intensity[rows]) * seen * area * length
    return Reports(
        track=label[rows],
        voice=number_values(voice[rows])[1],
        manner=number_values(manner[rows])[1],
        weight=np.minimum(1.0, MOST_ACCOUNTS / accounts),
        seen=seen,
        crowd=np.where(scene.nodes.shapes.area[rows], np.inf, crowd),
    )


def _sincere(reports: Reports, log_w: FloatArray) -> FloatArray:
    """(n,) that a report which is in a track with a detection is there because both are of one event.

    Reports of events meet detections by how far these are true; what is timed to detections meets all alike.
    A mixture of the two for each voice and manner (expectation and maximisation, Dempster, Laird & Rubin 1977).
    """
    detected = expit(log_w)
    hard = log_w > -np.inf
    odds = (1 - MET_BY_CHANCE) * detected / max(float(detected[hard].mean()), 1e-12) + MET_BY_CHANCE
    met = np.flatnonzero(hard[reports.track])
    number, n = number_pairs(reports.voice[met], reports.manner[met])
    each, count = odds[reports.track[met]], np.bincount(number, minlength=n)
    faith = np.full(n, 0.5)
    for _ in range(ROUNDS):
        own = faith[number] * each / (faith[number] * each + 1 - faith[number])
        faith = (np.bincount(number, weights=own, minlength=n) + FAITH_TRUST) / (count + FAITH_TRUST)
    found = np.zeros(len(reports.track))
    found[met] = faith[number] * each / (faith[number] * each + 1 - faith[number])
    return found


def _veracity(reports: Reports, met: BoolArray, sincere: FloatArray, *, least: float) -> FloatArray:
    """(n,) share of true reports among those of each one's voice and manner; NaN: too few were judged.

    met : (n,) whether a detection is in its track. Of a share v of true ones, a report is borne out by
    v (1 − (1 − s)(1 − c)) + (1 − v) c, with s and c its chances to be seen and to meet something by chance.
    """
    judges = np.flatnonzero((reports.seen > LEAST_SEEN) & (reports.crowd < MOST_CROWD))
    n_voices, n_manners = int(reports.voice.max()) + 1, int(reports.manner.max()) + 1
    number = reports.voice * n_manners + reports.manner
    chance = CHANCE_SHARE * reports.crowd[judges]
    true = 1 - (1 - PLACED_SHARE * reports.seen[judges]) * (1 - chance)
    weight, there, own = reports.weight[judges], met[judges], sincere[judges]
    loglik = np.empty((n_voices * n_manners, len(SHARES)))
    for k, v in enumerate(SHARES.tolist()):
        borne = v * true + (1 - v) * chance
        with np.errstate(divide="ignore"):
            each = np.where(
                there, own * np.log(np.maximum(borne, 1e-12)) + (1 - own) * np.log1p(-v), np.log1p(-borne)
            )
        loglik[:, k] = np.bincount(number[judges], weights=weight * each, minlength=len(loglik))
    judged = np.bincount(reports.voice[judges], weights=weight * reports.seen[judges], minlength=n_voices)
    share = _hold(loglik.reshape(n_voices, n_manners, -1))
    share[judged < least] = np.nan
    return np.asarray(share.ravel()[number])


def _hold(loglik: FloatArray) -> FloatArray:
    """(n_voices, n_manners) shares expected, each manner's held to its voice's, each voice's to that of all.

    loglik : (n_voices, n_manners, n_shares). Shares are spread as a Beta around a mean, by a count that says
    how alike they are; means and counts are unknown, and averaged over by how likely they make what was seen
    (hierarchical Bayes, Gelman et al. 2013, ch. 5).
    """
    prior = _spreads()
    # voice, manner, mean, hold: what a manner's reports say of its voice's mean
    manner = logsumexp(prior + loglik[:, :, None, None, :], axis=-1)
    expected = (np.exp(prior + loglik[:, :, None, None, :] - manner[..., None]) * SHARES).sum(axis=-1)
    voice = manner.sum(axis=1)
    total = np.empty((len(HOLDS), len(HOLDS)))
    found = np.empty((len(HOLDS), len(HOLDS), *loglik.shape[:2]))
    for i in range(len(HOLDS)):
        for j in range(len(HOLDS)):
            # voice, mean of all, mean of the voice
            joint = prior[None, :, j, :] + voice[:, None, :, i]
            of_all = logsumexp(joint, axis=2)
            each = of_all.sum(axis=0)
            total[i, j] = logsumexp(each)
            mean = (np.exp(each - total[i, j])[:, None] * np.exp(joint - of_all[..., None])).sum(axis=1)
            found[i, j] = (mean[:, None, :] * expected[..., i]).sum(axis=-1)
    weight = np.exp(total - logsumexp(total))
    return np.asarray((weight[..., None, None] * found).sum(axis=(0, 1)))


def _spreads() -> FloatArray:
    """(n_means, n_holds, n_shares) log of each share under a Beta of that mean and count, on the grid."""
    a, b = SHARES[:, None, None] * HOLDS[:, None], (1 - SHARES)[:, None, None] * HOLDS[:, None]
    found = (a - 1) * np.log(SHARES) + (b - 1) * np.log1p(-SHARES)
    return np.asarray(found - logsumexp(found, axis=-1, keepdims=True))
