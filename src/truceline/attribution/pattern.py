"""What a case's own hard traces say of how fire lands: the assumptions of ``FireModel``, moved by them.

Everything is fitted to places and directions of hard sources alone; no report and no accusation enters,
so that nothing of low integrity can teach attribution whom to believe. Each assumption stands against
the case with the weight of ``FireModel.weight`` incidents: a case of few traces stays at what is assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from truceline.attribution.model import (
    Evidence,
    FireModel,
    any_order_sum,
    by_party,
    direction_density,
    direction_loglik,
    log_prior,
    place_loglik,
    place_parts,
    posteriors,
)
from truceline.base.columns import FloatArray, IntArray

#: what the line's standard deviation and the depths are tried at, against what was given
LINE_FACTORS = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6)
DEPTH_FACTORS = (0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4, 1.6, 2.0, 2.8)
#: standard deviation of ln(factor) before anything is seen
_FACTOR_SD = 1.0
_ROUNDS, _TURNS = 3, 6
#: shares of fire that falls short, and of what is of neither, are at most so many times what is assumed
MOST_TIMES = 3.0
#: of fewer incidents nothing is learned; of more, so many are looked at
FEWEST, MOST = 20, 8_000
#: from no others is learned: false detections look like what is of neither party
SURE_P = 0.9


def fit_pattern(evidence: Evidence, model: FireModel, *, most: int = MOST) -> FireModel:
    """The model at the mode of its posterior, by coordinates: shares by EM, scales over a grid.

    evidence : in a canonical order (``traces``): sums are made in it. Of more than ``most`` incidents,
    evenly spaced ones are looked at.
    """
    evidence = evidence.at(np.flatnonzero(evidence.existence_p >= SURE_P))
    n = len(evidence)
    if n < FEWEST:
        return model
    if n > most:
        evidence = evidence.at(np.unique(np.linspace(0, n - 1, most).astype(np.int64)))
    found = model
    for _ in range(_ROUNDS):
        for _ in range(_TURNS):
            found = _update_shares(evidence, found, model)
        found = _best_line(evidence, found)
        found = _best_depths(evidence, found, model)
    for _ in range(_TURNS):
        found = _update_shares(evidence, found, model)
    return found


def _update_shares(evidence: Evidence, model: FireModel, assumed: FireModel) -> FireModel:
    """One step of EM for ε, η, κ and the share of neither."""
    parts = place_parts(evidence, model)
    loglik = place_loglik(parts, model) + direction_loglik(evidence, model)
    p = posteriors(loglik, log_prior(evidence.n_parties, model)) * evidence.existence_p[:, None]
    weight = assumed.weight
    k = evidence.n_parties
    # ε
    across, short = (1 - model.short_p) * parts.across, model.short_p * parts.short
    fell = np.divide(short, across + short, out=np.zeros_like(short), where=across + short > 0)
    fell_short = float(any_order_sum(p[:, :k] * fell).sum())
    fired = float(any_order_sum(p[:, :k]).sum())
    # η and κ
    told = np.flatnonzero(evidence.told)
    stray_p, sd = model.stray_p, model.direction_sd_deg
    if len(told):
        who = by_party(p)[evidence.record[told], :-1]
        seen = (1 - model.stray_p) * direction_density(evidence.way_out[told], model)
        good = seen / (seen + model.stray_p / (2 * np.pi))
        n_good = float(any_order_sum(who * good).sum())
        n_stray = float(any_order_sum(who * (1 - good)).sum() + p[evidence.record[told], -1].sum())
        stray_p = (assumed.stray_p * weight + n_stray) / (weight + n_good + n_stray)
        along = float(any_order_sum(who * good * evidence.way_out[told]).sum())
        sd = _direction_sd(along, n_good, assumed)
    return replace(
        model,
        # a case in which much seems to fall short is one whose line is wrong
        short_p=min((assumed.short_p * weight + fell_short) / (weight + fired), MOST_TIMES * assumed.short_p),
        stray_p=stray_p,
        direction_sd_deg=sd,
        other_p=min(
            (assumed.other_p * weight + float(p[:, -1].sum())) / (weight + float(evidence.existence_p.sum())),
            MOST_TIMES * assumed.other_p,
        ),
    )


def _direction_sd(along: float, n: float, assumed: FireModel) -> float:
    """Degrees, from the sum of the cosines of n directions; for small spreads 1 − cos is half their square."""
    usual = 1 - np.exp(-0.5 * np.radians(assumed.direction_sd_deg) ** 2)
    mean = (usual * assumed.weight + (n - along)) / (assumed.weight + n)
    return float(np.degrees(np.sqrt(-2 * np.log1p(-min(mean, 0.8)))))


def _fit_value(loglik: FloatArray, existence_p: FloatArray, model: FireModel) -> float:
    """Log-likelihood of all incidents together, each as far as it happened."""
    weights = loglik + log_prior(loglik.shape[1] // 2, model)
    top = weights.max(axis=1)
    total = any_order_sum(np.exp(weights - top[:, None]))
    return float((existence_p * (top + np.log(total))).sum())


def _factor_prior(factor: float) -> float:
    return -0.5 * float(np.log(factor) / _FACTOR_SD) ** 2


def _best_line(evidence: Evidence, model: FireModel) -> FireModel:
    directions = direction_loglik(evidence, model)

    def value(factor: float) -> float:
        tried = replace(model, line_factor=factor)
        loglik = place_loglik(place_parts(evidence, tried), tried) + directions
        return _fit_value(loglik, evidence.existence_p, tried) + _factor_prior(factor)

    return replace(model, line_factor=_best(LINE_FACTORS, value))


def _best_depths(evidence: Evidence, model: FireModel, assumed: FireModel) -> FireModel:
    depth = dict(model.depth_m)
    for k, act in enumerate(evidence.acts):
        own: IntArray = np.flatnonzero(evidence.act == k)
        if not len(own):
            continue
        part = evidence.at(own)
        directions = direction_loglik(part, model)
        usual = assumed.scale_m(act)

        def value(
            factor: float, part: Evidence = part, directions: FloatArray = directions, act: str = act,
            usual: float = usual,
        ) -> float:  # fmt: skip
            tried = replace(model, depth_m={**depth, act: usual * factor})
            loglik = place_loglik(place_parts(part, tried), tried) + directions
            return _fit_value(loglik, part.existence_p, tried) + _factor_prior(factor)

        depth[act] = usual * _best(DEPTH_FACTORS, value)
    return replace(model, depth_m=depth)


def _best(factors: tuple[float, ...], value: Callable[[float], float]) -> float:
    return factors[int(np.argmax([value(one) for one in factors]))]
