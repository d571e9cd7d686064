"""Very many acts against many duties at once: the rules of ``meaning``, on columns.

The numbers are those of ``meaning.breaches`` (a law in the tests). Acts lie in arrays; the zones that hold an
act are the bits of whole numbers; a duty looks only at acts of its kind, at times that touch its windows, in its
zones. Within a stretch of time between two edges of windows nothing that depends on time changes, so that each
stretch is asked once. Each act has one place here, however uncertain its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from truceline.base.columns import IntArray
from truceline.base.geodesy import FloatArray
from truceline.base.intervals import microseconds
from truceline.terms.conditions import Condition
from truceline.terms.excess import excess_p
from truceline.terms.meaning import MOST_FACTS, NOTIFIED, Reader, fact_leaves, fact_name
from truceline.terms.truce import Exemption, Obligation, Truce

BitArray = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """Acts as columns, all (n,); rows in the order of their ids, which decides between equal times."""

    act: IntArray  #: number in ``act_names``
    act_names: tuple[str, ...]
    start_us: IntArray  #: microseconds since 1970
    stop_us: IntArray  #: equal to the start: at that moment exactly
    existence_p: FloatArray
    party_p: Mapping[str, FloatArray]
    zones: BitArray  #: (n, words); bit k of word w: zone ``zone_ids[64 w + k]`` holds the act there and then
    zone_ids: tuple[str, ...]
    facts: Mapping[str, FloatArray] = field(default_factory=dict)  #: NaN: nothing known
    #: act answered → minutes before, probability; NaN: nothing known
    answers: Mapping[str, tuple[FloatArray, FloatArray]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The acts that may have broken a duty of a party: rows (m,) and the chance of it between bounds (m,)."""

    obligation_id: str
    party_id: str
    row: IntArray
    p_lo: FloatArray
    p_hi: FloatArray


def pack_zones(holds: Sequence[BoolArray], n: int) -> BitArray:
    """Bits from one (n,) array of truths per zone; (n, words)."""
    packed = np.zeros((n, max(1, -(-len(holds) // 64))), dtype=np.uint64)
    for k, one in enumerate(holds):
        packed[:, k // 64] |= one.astype(np.uint64) << np.uint64(k % 64)
    return packed


def judge(truce: Truce, acts: Acts) -> Iterator[Judged]:
    """Each duty and party that acts may have broken, in the order of the terms.

    Raises
    ------
    ValueError
        If a condition has more distinct facts than can be enumerated.
    """
    bulk = _Bulk(truce, acts)
    for obligation in truce.obligations:
        if obligation.rule in ("permit", "require"):
            continue
        for party in obligation.binds:
            if party in acts.party_p:
                found = bulk.judge(obligation, party)
                if len(found.row):
                    yield found


@dataclass(frozen=True, slots=True)
class _World:
    """One stretch of time, some acts, and one truth of each fact."""

    moment_us: int
    rows: IntArray
    facts: Mapping[str, bool]


class _Bulk:
    """Terms and acts, with what is looked up often."""

    def __init__(self, truce: Truce, acts: Acts) -> None:
        self.truce, self.acts = truce, acts
        self.reader = Reader(truce)
        order = np.lexsort((acts.start_us, acts.act))
        edges = np.searchsorted(acts.act[order], np.arange(len(acts.act_names) + 1))
        #: acts of each kind in the order of their starts, those starts, and the longest time of any
        self.of_act = [order[low:high] for low, high in pairwise(edges.tolist())]
        self.starts = [acts.start_us[rows] for rows in self.of_act]
        self.longest = [
            int((acts.stop_us[rows] - acts.start_us[rows]).max(initial=0)) for rows in self.of_act
        ]
        self.bit = {
            name: (k // 64, np.uint64(1) << np.uint64(k % 64)) for k, name in enumerate(acts.zone_ids)
        }
        self.windows = {
            name: (microseconds(start), microseconds(stop))
            for name, (start, stop) in self.reader.windows.items()
        }

    def judge(self, obligation: Obligation, party: str) -> Judged:
        """The chances of one duty and party; acts of no chance are left out."""
        parts = []
        for number, name in enumerate(self.acts.act_names):
            if obligation.act in self.reader.lineage(name):
                rows = self._candidates(obligation, party, number)
                if len(rows):
                    parts.append((rows, *self._chances(obligation, party, name, rows)))
        row = np.concatenate([part[0] for part in parts]) if parts else np.empty(0, dtype=np.int64)
        lo = np.concatenate([part[1] for part in parts]) if parts else np.empty(0)
        hi = np.concatenate([part[2] for part in parts]) if parts else np.empty(0)
        keep = hi > 0
        row, lo, hi = row[keep], lo[keep], hi[keep]
        if obligation.limit is not None:
            row, lo, hi = self._in_excess(obligation, row, lo, hi)
        order = np.argsort(row, kind="stable")
        return Judged(
            obligation_id=obligation.id, party_id=party, row=row[order], p_lo=lo[order], p_hi=hi[order]
        )

    def _in_excess(
        self, obligation: Obligation, row: IntArray, lo: FloatArray, hi: FloatArray
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        if obligation.limit is None or not len(row):
            return row, lo, hi
        # twice the middle, so that it is a whole number
        doubled = self.acts.start_us[row] + np.maximum(self.acts.stop_us[row], self.acts.start_us[row])
        order = np.lexsort((row, doubled))
        window_us = round(obligation.limit.window_hours * 3_600_000_000)
        count = obligation.limit.count
        bounds = [
            p[order] * excess_p(doubled[order], p[order], count=count, window=2 * window_us) for p in (lo, hi)
        ]
        keep = bounds[1] > 0
        return row[order][keep], bounds[0][keep], bounds[1][keep]

    # -- which acts can matter -----------------------------------------------------------------
    def _candidates(self, obligation: Obligation, party: str, number: int) -> IntArray:
        """Acts of a kind that may be in time and place, and the party's."""
        rows = self.of_act[number]
        times = self._times(obligation)
        if times:
            starts, longest = self.starts[number], self.longest[number]
            spans = [
                (np.searchsorted(starts, begins - longest), np.searchsorted(starts, ends))
                for begins, ends in times
            ]
            near = np.zeros(len(rows), dtype=bool)
            for low, high in spans:
                near[low:high] = True
            low, high = min(low for low, _high in spans), max(high for _low, high in spans)
            rows = rows[low:high][near[low:high]]
        if obligation.zones:
            rows = rows[self._in_any(obligation.zones, rows)]
        if barred := self.reader.exempt - set(obligation.zones):
            rows = rows[~self._in_any(sorted(barred), rows)]
        weight = self.acts.existence_p[rows] * self.acts.party_p[party][rows]
        return rows[weight > 0]

    def _times(self, obligation: Obligation) -> list[tuple[int, int]]:
        return [(microseconds(a), microseconds(b)) for a, b in self.reader.times(obligation)]

    def _in_any(self, zones: Sequence[str], rows: IntArray) -> BoolArray:
        """Whether any of these zones holds each act."""
        masks: dict[int, np.uint64] = {}
        for name in zones:
            if name in self.bit:
                word, bit = self.bit[name]
                masks[word] = masks.get(word, np.uint64(0)) | bit
        held = np.zeros(len(rows), dtype=bool)
        for word, mask in masks.items():
            held |= (self.acts.zones[rows, word] & mask) != 0
        return held

    # -- chances -------------------------------------------------------------------------------
    def _chances(
        self, obligation: Obligation, party: str, act: str, rows: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        escapes = self.reader.escapes(obligation, act, party)
        conditions = [obligation.condition, *(item.condition for item in escapes)]
        leaves = {fact_name(leaf): leaf for leaf in fact_leaves(conditions)}
        names = list(leaves)
        if obligation.rule == "notify" and NOTIFIED not in names:
            names.append(NOTIFIED)
        if len(names) > MOST_FACTS:
            raise ValueError(
                f"obligation {obligation.id!r} turns on {len(names)} facts; at most {MOST_FACTS} can be weighed"
            )
        known = {name: self._known(name, leaves.get(name), rows) for name in names}
        lo, hi = np.zeros(len(rows)), np.zeros(len(rows))
        for moment_us, share in self._stretches(obligation, escapes, rows):
            some = np.flatnonzero(share > 0)
            if len(some) and self._in_time(obligation, moment_us):
                for group in _by_pattern(known, some):
                    low, high = self._weigh(obligation, escapes, moment_us, rows, group, known)
                    lo[group] += share[group] * low
                    hi[group] += share[group] * high
        weight = self.acts.existence_p[rows] * self.acts.party_p[party][rows]
        return weight * lo, weight * hi

    def _in_time(self, obligation: Obligation, moment_us: int) -> bool:
        times = self._times(obligation)
        return not times or any(begins <= moment_us < ends for begins, ends in times)

    def _known(self, name: str, leaf: Condition | None, rows: IntArray) -> FloatArray:
        """Probability of a fact for each act; NaN where nothing is known of it."""
        if leaf is not None and leaf.answering is not None:
            if leaf.answering.act not in self.acts.answers:
                return np.full(len(rows), np.nan)
            minutes, p = (column[rows] for column in self.acts.answers[leaf.answering.act])
            answered = (minutes >= 0) & (minutes <= leaf.answering.within_minutes)
            return np.where(np.isnan(minutes), np.nan, np.where(answered, p, 0.0))
        column = self.acts.facts.get(name)
        return np.full(len(rows), np.nan) if column is None else column[rows]

    def _stretches(
        self, obligation: Obligation, escapes: Sequence[Exemption | Obligation], rows: IntArray
    ) -> Iterator[tuple[int, FloatArray]]:
        """A moment of each stretch between edges of windows, and the share of each act's time in it."""
        start, stop = self.acts.start_us[rows], self.acts.stop_us[rows]
        cuts = sorted(microseconds(edge) for edge in self.reader.edges(obligation, escapes))
        instant = stop <= start
        length = np.where(instant, 1, stop - start)
        # before all edges nothing differs from the first stretch's own moment less one
        bounds = [(None, cuts[0]), *pairwise(cuts), (cuts[-1], None)] if cuts else [(None, None)]
        for low, high in bounds:
            begins = start if low is None else np.maximum(start, low)
            ends = stop if high is None else np.minimum(stop, high)
            inside = np.ones(len(rows), dtype=bool)
            if low is not None:
                inside &= start >= low
            if high is not None:
                inside &= start < high
            share = np.where(instant, inside, np.maximum(ends - begins, 0) / length)
            yield (low if low is not None else (high or 1) - 1), share

    def _weigh(
        self,
        obligation: Obligation,
        escapes: Sequence[Exemption | Obligation],
        moment_us: int,
        rows: IntArray,
        group: IntArray,
        known: Mapping[str, FloatArray],
    ) -> tuple[FloatArray, FloatArray]:
        """Probability over known facts; least and greatest over the others. All acts of a group know the same."""
        sure = [name for name in known if not np.isnan(known[name][group[0]])]
        unknown = [name for name in known if name not in sure]
        lo, hi = np.zeros(len(group)), np.zeros(len(group))
        for truth in product((False, True), repeat=len(sure)):
            facts = dict(zip(sure, truth, strict=True))
            weight = np.ones(len(group))
            for name, is_true in facts.items():
                p = known[name][group]
                weight *= p if is_true else 1 - p
            least, most = np.ones(len(group), dtype=bool), np.zeros(len(group), dtype=bool)
            for guess in product((False, True), repeat=len(unknown)):
                world = _World(moment_us, rows[group], {**facts, **dict(zip(unknown, guess, strict=True))})
                counts = self._counts(obligation, escapes, world)
                least &= counts
                most |= counts
            lo += weight * least
            hi += weight * most
        return lo, hi

    def _counts(
        self, obligation: Obligation, escapes: Sequence[Exemption | Obligation], world: _World
    ) -> BoolArray:
        counts = self._holds(obligation.condition, world)
        if obligation.rule == "notify" and world.facts[NOTIFIED]:
            counts = np.zeros(len(world.rows), dtype=bool)
        for item in escapes:
            frees = self._holds(item.condition, world)
            if not isinstance(item, Exemption):
                frees = frees & self._permits(item, world)
            counts = counts & ~frees
        return counts

    def _permits(self, item: Obligation, world: _World) -> BoolArray:
        windows = [self.windows[name] for name in item.clocks]
        if windows and not any(a <= world.moment_us < b for a, b in windows):
            return np.zeros(len(world.rows), dtype=bool)
        return self._in_any(item.zones, world.rows) if item.zones else np.ones(len(world.rows), dtype=bool)

    def _holds(self, condition: Condition | None, world: _World) -> BoolArray:
        n = len(world.rows)
        if condition is None:
            return np.ones(n, dtype=bool)
        if condition.all_of is not None:
            return np.asarray(np.all([self._holds(part, world) for part in condition.all_of], axis=0))
        if condition.any_of is not None:
            return np.asarray(np.any([self._holds(part, world) for part in condition.any_of], axis=0))
        if condition.unless is not None:
            return ~self._holds(condition.unless, world)
        if condition.during is not None:
            begins, ends = (microseconds(edge) for edge in self.reader.window(condition.during))
            return np.full(n, begins <= world.moment_us < ends)
        if condition.within is not None:
            return self._in_any([condition.within], world.rows)
        return np.full(n, world.facts[fact_name(condition)])


def _by_pattern(known: Mapping[str, FloatArray], rows: IntArray) -> Iterator[IntArray]:
    """Acts of which the same facts are known, group by group."""
    if not known:
        yield rows
        return
    pattern = np.zeros(len(rows), dtype=np.int64)
    for k, column in enumerate(known.values()):
        pattern |= np.isfinite(column[rows]).astype(np.int64) << k
    for one in np.unique(pattern):
        yield rows[pattern == one]
