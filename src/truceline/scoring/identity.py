"""Whether records of one event were brought together: matches by where records come from, not by nearness.

A match by place and time rewards chance: at a few hundred events a day something true is always near.
Here an incident belongs to the true event that most of its first tellings come from, whatever its own
place and time (the idea of identity F1: Ristani et al. 2016, with provenance for overlap).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.base.columns import BoolArray, FloatArray, IntArray, distinct
from truceline.scoring.truth import Linked

#: an incident is told as real from this existence on; one without any existence is told too
REPORTED_P = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """Records in groups.

    group : (n_records,) number of each record's group, −1: in none. existence_p : (n_groups,)
    probability that each is no false detection; NaN: none given.
    """

    group: IntArray
    existence_p: FloatArray

    def __len__(self) -> int:
        return len(self.existence_p)

    @property
    def reported(self) -> BoolArray:
        """(n_groups,) whether each is told as real."""
        return ~(self.existence_p < REPORTED_P)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdScore:
    """Identity F1 and what it is made of."""

    matched: int
    reported: int
    events: int

    @property
    def f1(self) -> float:
        """2 · matched / (reported + events); 1 where there is nothing to find and nothing was told."""
        total = self.reported + self.events
        return 2 * self.matched / total if total else 1.0

    @property
    def precision(self) -> float:
        """Matched among those reported; NaN: none reported."""
        return self.matched / self.reported if self.reported else float("nan")

    @property
    def recall(self) -> float:
        """Matched among the true events; NaN: none."""
        return self.matched / self.events if self.events else float("nan")


def tellings(group: IntArray, origin: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Group, origin and a record of each distinct pair of them, in the order of groups; groups −1 left out."""
    rows = np.flatnonzero(group >= 0)
    if not len(rows):
        none = np.zeros(0, dtype=np.int64)
        return none, none, none
    width = int(origin.max()) + 1
    key, first = np.unique(group[rows] * width + origin[rows], return_index=True)
    return key // width, key % width, rows[first]


def most_frequent(group: IntArray, value: IntArray, n_groups: int) -> IntArray:
    """(n_groups,) the value that most entries of each group have; −1 also counts as one.

    Of values alike frequent the one ≥ 0 that stands first in the truth is taken: −1 (no event) wins
    only where it outnumbers each event.
    """
    best = np.full(n_groups, -1, dtype=np.int64)
    if not len(group):
        return best
    width = int(value.max()) + 2
    key, count = np.unique(group * width + value + 1, return_counts=True)
    of, what = key // width, key % width - 1
    order = np.lexsort((what, what < 0, -count, of))
    lead = np.concatenate([[True], np.diff(of[order]) != 0])
    best[of[order][lead]] = what[order][lead]
    return best


def own_events(partition: Partition, linked: Linked) -> IntArray:
    """(n_groups,) the true event that most first tellings of each group come from; −1: none."""
    group, _, record = tellings(partition.group, linked.origin)
    return most_frequent(group, linked.event[record], len(partition))


def own_fakes(partition: Partition, linked: Linked) -> IntArray:
    """(n_groups,) the staged event that most first tellings of each group come from; −1: none.

    A group that is some true event's by ``own_events`` is that event, with a false telling in it.
    """
    group, _, record = tellings(partition.group, linked.origin)
    staged = most_frequent(group, linked.fake[record], len(partition))
    return np.where(own_events(partition, linked) >= 0, -1, staged)


def match_events(partition: Partition, linked: Linked) -> BoolArray:
    """(n_groups,) whether a reported group is the one that its event is matched with.

    Of several reported groups of one event the one with most of its first tellings is matched, then
    the likelier one; the others are false incidents.
    """
    owner = own_events(partition, linked)
    group, _, record = tellings(partition.group, linked.origin)
    of_event = linked.event[record] == owner[group] if len(group) else np.zeros(0, dtype=np.bool_)
    size = np.bincount(group[of_event], minlength=len(partition))
    matched = np.zeros(len(partition), dtype=np.bool_)
    rows = np.flatnonzero(partition.reported & (owner >= 0))
    p = np.nan_to_num(partition.existence_p[rows], nan=1.0)
    order = rows[np.lexsort((rows, -p, -size[rows], owner[rows]))]
    if len(order):
        matched[order[np.concatenate([[True], np.diff(owner[order]) != 0])]] = True
    return matched


def id_f1(partition: Partition, linked: Linked) -> IdScore:
    """Identity F1 = 2·TP / (reported incidents + true events).

    TP counts the pairs of a one-to-one match by provenance: each true event at most once, each
    reported incident to the event that most of its first tellings come from. Events that no record
    tells of count as missed, so a perfect partition scores below 1 where some went undetected.
    """
    return IdScore(
        matched=int(match_events(partition, linked).sum()),
        reported=int(partition.reported.sum()),
        events=linked.n_events,
    )


def pair_f1(partition: Partition, linked: Linked) -> float:
    """F1 of pairs of first tellings: together in a group, against together in a true or staged event.

    2·|both| / (|pairs in groups| + |pairs in events|), over all groups whatever their existence
    (the pairwise F-measure of clusterings, Manning, Raghavan & Schütze 2008, §16.3); NaN without pairs.
    An origin whose copies lie in k groups counts 1/k in each.
    """
    lead = np.unique(linked.origin, return_index=True)[1]
    kind = _happenings(linked)
    own = kind[lead]
    group, origin, record = tellings(partition.group, linked.origin)
    weight = 1.0 / np.bincount(origin, minlength=len(lead))[origin] if len(origin) else np.zeros(0)
    in_events = _pairs(own[own >= 0], np.ones(int((own >= 0).sum())))
    in_groups = _pairs(group, weight)
    told = kind[record] >= 0
    both = _pairs((group * (linked.n_events + linked.n_fakes + 1) + kind[record])[told], weight[told])
    total = in_events + in_groups
    return 2 * both / total if total else float("nan")


def _happenings(linked: Linked) -> IntArray:
    """(n_records,) number of the true or staged event of each record; −1: neither."""
    staged = np.where(linked.fake >= 0, linked.n_events + linked.fake, -1)
    return np.where(linked.event >= 0, linked.event, staged).astype(np.int64)


def _pairs(number: IntArray, weight: FloatArray) -> float:
    """Sum over the pairs that have the same number of the product of their weights."""
    if not len(number):
        return 0.0
    own = np.unique(number, return_inverse=True)[1].reshape(-1)
    return float((np.bincount(own, weight) ** 2 - np.bincount(own, weight**2)).sum() / 2)


def true_partition(linked: Linked) -> Partition:
    """Records of one event in one group, those of one staged event in one, every other telling by itself.

    Existence is 1 for true events, 0 for the rest: the true labels.
    """
    n = len(linked.event)
    kind = _happenings(linked)
    key = np.where(kind >= 0, kind, linked.n_events + linked.n_fakes + linked.origin)
    values = distinct(key)
    group = np.searchsorted(values, key) if n else np.zeros(0, dtype=np.int64)
    return Partition(group=group.astype(np.int64), existence_p=(values < linked.n_events).astype(np.float64))


def fakes_reported(partition: Partition, linked: Linked) -> tuple[int, int]:
    """How many staged events became a reported incident, and how many there were."""
    owner = own_fakes(partition, linked)
    return len(distinct(owner[(owner >= 0) & partition.reported])), linked.n_fakes
