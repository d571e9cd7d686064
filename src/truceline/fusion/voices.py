"""Who speaks independently of whom, and what that makes of an incident."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from truceline.base.columns import BoolArray, Groups, distinct
from truceline.fusion.nodes import Nodes

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """What the records of each group come to, (n_groups,); one record an origin."""

    n_independent: IntArray
    mechanism: BoolArray  #: a mechanism's own record is among them
    infallible: BoolArray  #: one of those is from a source that is not known to err
    accusing: BoolArray  #: each is one party's word on another
    claims_only: BoolArray  #: each is a party's word


def hear_voices(nodes: Nodes, groups: Groups, *, mechanism: BoolArray, fallible: BoolArray) -> Voices:
    """The voices in each group.

    Each instrument's or mechanism's source is a voice; each party is one voice however many sources
    speak for it; sources that belong to neither party are together one voice, and none beside a
    party's, since they may have it from there.

    mechanism, fallible : (n_sources,) which sources are a mechanism's, and which have clutter.
    """
    n = len(groups)
    at, node = groups.of_member, groups.members
    source, speaker, accused = nodes.source.code[node], nodes.speaker.code[node], nodes.accused.code[node]
    own = mechanism[source]
    instrument = (nodes.sensor.code[node] >= 0) | own
    party = ~instrument & (speaker >= 0)
    neutral = _any(~instrument & (speaker < 0), at, n)
    n_parties = _distinct(at[party], speaker[party], n)
    count = _distinct(at[instrument], source[instrument], n) + n_parties + (neutral & (n_parties == 0))
    return Voices(
        n_independent=count,
        mechanism=_any(own, at, n),
        infallible=_any(own & ~fallible[source], at, n),
        accusing=~_any((speaker < 0) | (accused < 0), at, n) & ~_any(_same_party(nodes, node), at, n),
        claims_only=~_any(speaker < 0, at, n),
    )


def judge_occurrence(voices: Voices, existence_p: FloatArray, *, verified_at: float) -> npt.NDArray[np.str_]:
    """Each incident's place on the first axis (``schema.incidents.OCCURRENCES``).

    existence_p : (n_groups,), NaN where there is no basis for one. A mechanism's own record
    verifies where the probability that it is no false detection is at least ``verified_at``, or
    where its source is not known to make any.
    """
    with np.errstate(invalid="ignore"):
        doubtful, sure = existence_p < 0.5, existence_p >= verified_at
    verified = voices.mechanism & (sure | (np.isnan(existence_p) & voices.infallible))
    conditions = [doubtful, verified, voices.n_independent >= 2, voices.accusing]
    return np.select(conditions, ["inconclusive", "verified", "corroborated", "alleged"], default="reported")


def _any(which: BoolArray, at: IntArray, n: int) -> BoolArray:
    return np.bincount(at[which], minlength=n) > 0


def _distinct(at: IntArray, code: IntArray, n: int) -> IntArray:
    """(n,) number of distinct codes in each group."""
    if not len(at):
        return np.zeros(n, dtype=np.int64)
    width = int(code.max()) + 1
    return np.bincount(distinct(at * width + code) // width, minlength=n)


def _same_party(nodes: Nodes, node: IntArray) -> BoolArray:
    """(n_members,) whether a record accuses its own speaker."""
    place = {name: k for k, name in enumerate(nodes.accused.names)}
    same = np.array([place.get(name, -2) for name in nodes.speaker.names] + [-2])
    return np.asarray(same[nodes.speaker.code[node]] == nodes.accused.code[node])
