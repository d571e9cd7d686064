"""Incidents of uncertain act and existence: what each weighs, and what it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from truceline.assurance.detection import Histories, Learnt, learn_probabilities
from truceline.assurance.doubt import Doubt, weigh_lone
from truceline.assurance.records import Detected, Watched, watch_incidents
from truceline.base.columns import BoolArray, IntArray, number_rows
from truceline.coverage.sight import Sight

FloatArray = npt.NDArray[np.float64]

N_DRAWS = 200
#: below this chance of detection nothing is seen
LEAST_SEEN = 0.02
#: edge of the squares that are taken for one place
EDGE_M = 2_000.0
_ROUNDS = 3
#: chance of detection from which on an act of any kind counts as one that could well be seen
PLAIN_SIGHT = 0.1
#: a detection stands for no more acts than one over so much
LEAST_SIGHT = 0.01
#: a prior as weak as so many acts, for how usual each kind is in an area
_SHARE_WEIGHT = 50.0


@dataclass(slots=True, kw_only=True)
class Weighed:
    """All acts' histories with one numbering of probabilities, and what each moment weighs."""

    detected: Detected
    acts: list[str]
    sights: list[Sight]
    numbers: list[IntArray]  #: for each act: number of the sight's groups among all
    watched: list[Watched]
    beta: FloatArray
    source: IntArray
    group_keys: tuple[tuple[str, float, float, str, str], ...]
    weight: FloatArray  #: (n, n_acts) that the incident happened and was of the act
    pooled: FloatArray  #: (n,) how many acts of all kinds the moment stands for
    shares: FloatArray  #: (n, n_acts) of these
    doubt: Doubt  #: existence of incidents, with lone detections weighed by their overlap

    @classmethod
    def of(cls, detected: Detected, sights: list[Sight], acts: list[str]) -> Weighed:
        """Histories of the incidents for each act; nothing is weighed yet."""
        keys: dict[tuple[str, float, float, str, str], int] = {}
        numbers = []
        for act, sight in zip(acts, sights, strict=True):
            own = [(key[0], key[1], key[2], key[3], "" if key[4] else act) for key in sight.group_key]
            numbers.append(np.array([keys.setdefault(key, len(keys)) for key in own], dtype=np.int64))
        sources = sorted({key[0] for key in keys})
        return cls(
            detected=detected,
            acts=acts,
            sights=sights,
            numbers=numbers,
            watched=[
                watch_incidents(detected, sight, number)
                for sight, number in zip(sights, numbers, strict=True)
            ],
            beta=np.array([[key[1], key[2]] for key in keys]),
            source=np.array([sources.index(key[0]) for key in keys], dtype=np.int64),
            group_keys=tuple(keys),
            weight=np.zeros((len(detected), len(acts))),
            pooled=np.zeros(len(detected)),
            shares=np.zeros((len(detected), len(acts))),
            doubt=Doubt.none(detected.existence_p, len(sources), N_DRAWS),
        )

    @property
    def existence_p(self) -> FloatArray:
        """(n_incidents,)"""
        return self.doubt.mean

    @property
    def watched_at(self) -> BoolArray:
        """(n,) whether anybody could have seen the moment, were it of whatever act."""
        return np.asarray(np.any([watched.seen for watched in self.watched], axis=0))

    def learn(self, inside: Mapping[str, BoolArray]) -> Learnt:
        """Probabilities and the incidents' acts, each from the other in turn."""
        mean = self.beta[:, 0] / self.beta.sum(axis=1)
        learnt: Learnt | None = None
        for _ in range(_ROUNDS):
            self._weigh(mean, inside)
            learnt = learn_probabilities(
                self._histories(), self.beta, self.source, n_draws=N_DRAWS, rng=np.random.default_rng(1)
            )
            mean = learnt.mean
            self._doubt(mean)
        self._weigh(mean, inside)
        assert learnt is not None
        return learnt

    def _doubt(self, detection_p: FloatArray) -> None:
        """Existence of lone detections, by how much of a source's others confirm."""
        self.doubt = weigh_lone(
            self.detected.existence_p,
            self.detected.owner,
            [watched.entries for watched in self.watched],
            self.weight,
            detection_p,
            self.source,
            n_draws=N_DRAWS,
            rng=np.random.default_rng(3),
        )

    def _weigh(self, detection_p: FloatArray, inside: Mapping[str, BoolArray]) -> None:
        """(n, n_acts): existence times the chance of each act, by records, sensors and what is usual here."""
        n = len(self.detected)
        log = self.detected.loglik + np.log(self._nearby())[:, None]
        pi = np.empty_like(log)
        for k, watched in enumerate(self.watched):
            one = watched.entries
            sp = np.minimum(one.share * detection_p[one.group], 0.98)
            value = np.where(one.hit, np.log(np.maximum(sp, 1e-6)), np.log1p(-sp))
            log[:, k] += np.bincount(one.record, weights=value, minlength=n)
            log[:, k] += watched.log_stray
            pi[:, k] = -np.expm1(one.log_missed(detection_p))
        # how usual each act is, where all would be seen well and elsewhere: kinds spread unlike one another
        well = (pi >= PLAIN_SIGHT).all(axis=1)
        usual = np.full((n, len(self.acts)), 1 / len(self.acts))
        owner = self.detected.owner
        most = np.full(len(self.existence_p), -np.inf)
        np.maximum.at(most, owner, log.max(axis=1))
        scaled = np.exp(log - most[owner][:, None])
        for _ in range(5):
            chance = scaled * usual
            share = self.existence_p / np.bincount(owner, weights=chance.sum(axis=1))
            self.weight = chance * share[owner][:, None]
            stands = self.weight / np.maximum(pi, LEAST_SEEN)
            everywhere = stands[well].sum(axis=0) + 1.0
            for part in (well, ~well):
                shares = stands[part].sum(axis=0) + _SHARE_WEIGHT * everywhere / everywhere.sum()
                usual[part] = shares / shares.sum()
                for held in inside.values():
                    if 0 < held.sum() < n:
                        own = stands[part & held].sum(axis=0) + _SHARE_WEIGHT * shares / shares.sum()
                        usual[part & held] = own / own.sum()
        # an incident of any kind stands for acts of all kinds in its place; a kind that is hardly ever
        # seen there is taken to be as usual, against the others, as where all are seen
        shares = np.empty_like(usual)
        for part in (well, ~well):
            own = stands[part].sum(axis=0) + everywhere / everywhere.sum()
            visible = (pi[part] >= LEAST_SEEN).mean(axis=0) > 0.5 if part.any() else own > 0
            if visible.any():
                own = np.where(visible, own, own[visible].sum() * everywhere / everywhere[visible].sum())
            shares[part] = own / own.sum()
        self.shares = shares
        self.pooled = self.weight.sum(axis=1) / np.maximum((pi * shares).sum(axis=1), LEAST_SIGHT)

    def _nearby(self) -> FloatArray:
        """(n,) how many acts came near each moment, for one that is vaguely placed lies where others lie.

        Those of other incidents in its square, and its own spread evenly over where it may have been.
        """
        n, owner, at = len(self.detected), self.detected.owner, self.detected.moments
        if not self.pooled.any():
            return np.ones(n)
        place = np.column_stack([np.floor(at.x_m / EDGE_M), np.floor(at.y_m / EDGE_M)])
        square, n_squares = number_rows([np.nan_to_num(one, nan=np.inf) for one in place.T])
        each, n_each = number_rows([square, owner])
        others = np.bincount(square, weights=self.pooled, minlength=n_squares)[square]
        others -= np.bincount(each, weights=self.pooled, minlength=n_each)[each]
        size = np.bincount(owner)
        own = np.bincount(owner, weights=self.pooled) / size
        return np.maximum(others, 0) + np.maximum(own, 1e-9)[owner]

    def _histories(self) -> Histories:
        """Every act's entries as one."""
        n = len(self.detected)
        parts = [watched.entries for watched in self.watched]
        return Histories(
            record=np.concatenate([part.record + k * n for k, part in enumerate(parts)]),
            group=np.concatenate([part.group for part in parts]),
            hit=np.concatenate([part.hit for part in parts]),
            share=np.concatenate([part.share for part in parts]),
            weight=self.weight.T.ravel(),
        )
