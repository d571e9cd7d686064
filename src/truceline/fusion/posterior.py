"""How sure it is what was learned of the sources: detection probabilities as Beta, false detections as Gamma.

A declaration Beta(a, b) is the prior. Tracks that are sure without a source's own word are its trials:
what it detected of them are hits, what it missed although it watched are misses, each by the probability
that the track exists, and the posterior is Beta(a + hits, b + misses). False detections are a factor over
what was declared, by how many detections others who watched did not confirm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaincinv, gammaincinv

from truceline.base.columns import number_rows
from truceline.fusion.capture import Trials, anchors, hard_tracks, weigh_trials
from truceline.fusion.chapters import source_names
from truceline.fusion.engine import Fusion
from truceline.fusion.learning import chances_of, confirmed_tracks, learn_scale
from truceline.fusion.nodes import FloatArray
from truceline.fusion.parameters import Scene, weigh
from truceline.fusion.tracks import gather, single_tracks

_ENDS = (0.025, 0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detects:
    """One declared detection probability: Beta(a, b) after the records, declared_a and declared_b before."""

    source_id: str
    act: str | None  #: None: any
    basis: str
    declared_a: float
    declared_b: float
    a: float
    b: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, of equal tails."""
        low, high = (float(betaincinv(self.a, self.b, end)) for end in _ENDS)
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Errs:
    """A source's false detections over what was declared: Gamma(shape, rate)."""

    source_id: str
    shape: float
    rate: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, of equal tails."""
        low, high = (float(gammaincinv(self.shape, end)) / self.rate for end in _ENDS)
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Of all declared probabilities, and of all sources that declared false detections."""

    detects: tuple[Detects, ...]
    errs: tuple[Errs, ...]

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """As ``parameters.json`` has them."""
        return {
            "detection": [
                {
                    "source_id": one.source_id, "act": one.act, "basis": one.basis,
                    "declared_a": one.declared_a, "declared_b": one.declared_b, "a": one.a, "b": one.b,
                    "detection_p": one.a / (one.a + one.b),
                    "detection_p_lo95": one.interval[0], "detection_p_hi95": one.interval[1],
                }
                for one in self.detects
            ],
            "false_detections": [
                {
                    "source_id": one.source_id, "shape": one.shape, "rate": one.rate, "factor": one.shape / one.rate,
                    "factor_lo95": one.interval[0], "factor_hi95": one.interval[1],
                }
                for one in self.errs
            ],
        }  # fmt: skip


def nothing_learned() -> Learned:
    """Of no records."""
    return Learned(detects=(), errs=())


def read_posterior(found: Fusion) -> Learned:
    """What incidents and the parameters under which they were found say of the sources."""
    scene, parameters = found.scene, found.parameters
    hard = hard_tracks(scene, found.label)
    if not len(hard.groups):
        return nothing_learned()
    singles = single_tracks(weigh(scene, parameters))
    tracks = gather(singles, hard.groups)
    sharp, second = anchors(singles, hard)
    trials = weigh_trials(scene, parameters, hard, singles, tracks, sharp=sharp, second=second)
    chances = chances_of(scene, parameters)
    factor, variance = learn_scale(scene, parameters, hard, singles, chances, confirmed_tracks(scene, hard))
    return Learned(
        detects=_detects(scene, trials),
        errs=_errs(scene, factor, variance),
    )


def _detects(scene: Scene, trials: Trials) -> tuple[Detects, ...]:
    w = scene.watches
    number, n = number_rows([w.source.code, w.basis.code, w.act.code, w.a, w.b])
    first = np.full(n, len(number), dtype=np.int64)
    np.minimum.at(first, number, np.arange(len(number)))
    # what was missed may have been out of sight, where sight was but a share of the time or ground
    sight = w.share[trials.row]
    p = np.minimum(trials.chance / sight, 1 - 1e-6)
    in_sight = sight * (1 - p) / (1 - trials.chance)
    hits, misses = (
        np.bincount(number[trials.row], weights=weight, minlength=n)
        for weight in (trials.belief * trials.hit, trials.belief * ~trials.hit * in_sight)
    )
    acts = [*w.act.names, None]
    found = [
        Detects(
            source_id=w.source.names[w.source.code[k]], act=acts[w.act.code[k]], basis=w.basis.names[w.basis.code[k]],
            declared_a=float(w.a[k]), declared_b=float(w.b[k]), a=float(w.a[k] + yes), b=float(w.b[k] + no),
        )
        for k, yes, no in zip(first.tolist(), hits.tolist(), misses.tolist(), strict=True)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.source_id, one.act or "", one.basis, one.declared_a)))


def _errs(scene: Scene, factor: FloatArray, variance: FloatArray) -> tuple[Errs, ...]:
    """factor, variance : (n_sources,) log of the factor, and its variance; infinite: nothing is known."""
    names = source_names(scene)
    return tuple(
        Errs(source_id=names[k], shape=1 / variance[k], rate=1 / variance[k] / float(np.exp(factor[k])))
        for k in np.flatnonzero(np.isfinite(variance)).tolist()
    )
