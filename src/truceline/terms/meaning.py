"""What terms mean for acts that are uncertain: the probability that a duty was broken, with bounds.

The rules stand in ``docs/decisions/0012-what-terms-mean.md``; in short:

(1) Times are half-open: an act at the stop is outside. An uncertain time is uniform over its interval.
(2) A place is a list of possibilities, each the set of zones that hold the act there and then, so that a
    band along a moving line is asked at the moment of the act.
(3) A fact of known probability is independent of place, time and other facts. A fact of which nothing is
    known makes bounds: the breach is as likely as the least and the most favourable truth would have it.
(4) An act is a breach of a prohibition (or freeze) where it exists, the party did it, it is of the act or a
    kind of it, time, zone and condition hold, and no exemption and no permission does.
(5) No more than n in any window: an act is in excess where n or more before it, counting acts alone, lie
    less than the window's length back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise, product

from truceline.base.intervals import as_utc
from truceline.terms.answers import act_lineage
from truceline.terms.conditions import Condition, Span
from truceline.terms.truce import Exemption, Obligation, Truce

#: conditions with more distinct facts are refused: truths are enumerated
MOST_FACTS = 14

#: the fact that a notice was given as agreed
NOTIFIED = "notified"

Zones = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An act as far as evidence tells; all probabilities in [0, 1]."""

    id: str
    act: str
    occurred_from: datetime
    occurred_until: datetime | None = None  #: null: at `occurred_from` exactly
    existence_p: float = 1.0
    party_p: Mapping[str, float] = field(default_factory=dict)
    places: Sequence[tuple[float, Zones]] = (
        (1.0, frozenset()),
    )  #: probability, zones that hold it; sums to 1
    facts: Mapping[str, float] = field(default_factory=dict)
    answers: Mapping[str, tuple[float, float]] = field(
        default_factory=dict
    )  #: act answered → minutes before, probability


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """How likely an act of a party broke a duty, between bounds."""

    obligation_id: str
    happening_id: str
    party_id: str
    p_lo: float
    p_hi: float


def breaches(truce: Truce, happenings: Iterable[Happening]) -> list[Breach]:
    """Every pair of duty and act with a chance of breach, in the order of the terms, then of time.

    Raises
    ------
    ValueError
        If a condition has more distinct facts than can be enumerated.
    """
    ordered = sorted(happenings, key=lambda one: (as_utc(one.occurred_from), one.id))
    reader = Reader(truce)
    found: list[Breach] = []
    for obligation in truce.obligations:
        if obligation.rule in ("permit", "require"):
            continue
        for party in obligation.binds:
            chances = [(one, *reader.chance(obligation, one, party)) for one in ordered]
            if obligation.limit is not None:
                chances = _excess(chances, count=obligation.limit.count, hours=obligation.limit.window_hours)
            found += [
                Breach(obligation_id=obligation.id, happening_id=one.id, party_id=party, p_lo=lo, p_hi=hi)
                for one, lo, hi in chances
                if hi > 0
            ]
    return found


def unmet_p(
    truce: Truce, obligation: Obligation, happenings: Iterable[Happening], *, party: str
) -> tuple[float, float]:
    """Probability, between bounds, that a required act of a party happened at no time in which it counts."""
    reader = Reader(truce)
    lo = hi = 1.0
    for one in happenings:
        done_lo, done_hi = reader.chance(obligation, one, party)
        lo, hi = lo * (1 - done_hi), hi * (1 - done_lo)
    return lo, hi


# -- conditions ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _World:
    """One way things may have been."""

    during: Callable[[str | Span], bool]
    within: Callable[[str], bool]
    facts: Mapping[str, bool]


def _holds(condition: Condition | None, world: _World) -> bool:
    if condition is None:
        return True
    if condition.all_of is not None:
        return all(_holds(part, world) for part in condition.all_of)
    if condition.any_of is not None:
        return any(_holds(part, world) for part in condition.any_of)
    if condition.unless is not None:
        return not _holds(condition.unless, world)
    if condition.during is not None:
        return world.during(condition.during)
    if condition.within is not None:
        return world.within(condition.within)
    return world.facts[fact_name(condition)]


def fact_name(condition: Condition) -> str:
    """The name under which a leaf's truth is kept."""
    if condition.answering is not None:
        return f"answering {condition.answering.act} {condition.answering.within_minutes:g}"
    return condition.fact or ""


def fact_leaves(conditions: Iterable[Condition | None]) -> list[Condition]:
    """The parts of conditions whose truth only evidence can tell."""
    leaves = [leaf for condition in conditions if condition is not None for leaf in condition.leaves()]
    return [leaf for leaf in leaves if leaf.fact is not None or leaf.answering is not None]


def always(condition: Condition) -> bool:
    """Whether a condition holds whatever the truth."""
    return all(_truths(condition))


def never(condition: Condition) -> bool:
    """Whether a condition holds under no truth."""
    return not any(_truths(condition))


def _truths(condition: Condition) -> Iterator[bool]:
    """Its truth under every truth of its distinct leaves; undecided where there are too many."""
    names = list(dict.fromkeys(leaf.model_dump_json() for leaf in condition.leaves()))
    if len(names) > MOST_FACTS:
        yield from (True, False)
        return
    for truth in product((False, True), repeat=len(names)):
        yield _plain(condition, dict(zip(names, truth, strict=True)))


def _plain(condition: Condition, truth: Mapping[str, bool]) -> bool:
    if condition.all_of is not None:
        return all(_plain(part, truth) for part in condition.all_of)
    if condition.any_of is not None:
        return any(_plain(part, truth) for part in condition.any_of)
    if condition.unless is not None:
        return not _plain(condition.unless, truth)
    return truth[condition.model_dump_json()]


# -- one act against one duty -------------------------------------------------------------------
class Reader:
    """Terms with what is looked up often: kinds of acts, windows, what may free a party."""

    def __init__(self, truce: Truce) -> None:
        self.truce = truce
        self.windows = {clock.id: (as_utc(clock.start), as_utc(clock.stop)) for clock in truce.clocks}
        self.lineages: dict[str, list[str]] = {}
        self.exempt = frozenset(zone.id for zone in truce.zones if zone.purpose == "exempt")
        parts = truce.timing.staggered.parts if truce.timing.staggered is not None else []
        self.delay = {name: timedelta(hours=part.after_hours) for part in parts for name in part.obligations}

    def lineage(self, act: str) -> list[str]:
        """The act and the wider ones that it is one of."""
        if act not in self.lineages:
            self.lineages[act] = act_lineage(self.truce, act)
        return self.lineages[act]

    def chance(self, obligation: Obligation, one: Happening, party: str) -> tuple[float, float]:
        """Least and greatest probability that it counts against (of a requirement: for) the party."""
        weight = one.existence_p * one.party_p.get(party, 0.0)
        if weight <= 0 or obligation.act not in self.lineage(one.act):
            return 0.0, 0.0
        escapes = [] if obligation.rule == "require" else self.escapes(obligation, one.act, party)
        conditions = [obligation.condition, *(item.condition for item in escapes)]
        names, known = self._facts(fact_leaves(conditions), one)
        if obligation.rule == "notify" and NOTIFIED not in names:
            names.append(NOTIFIED)
            if NOTIFIED in one.facts:
                known[NOTIFIED] = one.facts[NOTIFIED]
        if len(names) > MOST_FACTS:
            raise ValueError(
                f"obligation {obligation.id!r} turns on {len(names)} facts; at most {MOST_FACTS} can be weighed"
            )
        lo = hi = 0.0
        for share, moment in self._moments(obligation, escapes, one):
            for place_p, zones in one.places:
                low, high = self._worlds(obligation, escapes, moment, zones, names, known)
                lo, hi = lo + share * place_p * low, hi + share * place_p * high
        return weight * lo, weight * hi

    def escapes(self, obligation: Obligation, act: str, party: str) -> list[Exemption | Obligation]:
        """Exemptions and permissions that may free the party of such an act."""
        lineage = self.lineage(act)
        free: list[Exemption | Obligation] = [
            item
            for item in self.truce.exemptions
            if set(item.acts) & set(lineage) and (item.parties is None or party in item.parties)
        ]
        return free + [
            item
            for item in self.truce.obligations
            if item.rule == "permit"
            and item is not obligation
            and party in item.binds
            and item.act in lineage
        ]

    def _facts(self, leaves: Sequence[Condition], one: Happening) -> tuple[list[str], dict[str, float]]:
        """Names of the facts that matter, and the probabilities of those known."""
        known: dict[str, float] = {}
        names: list[str] = []
        for leaf in leaves:
            name = fact_name(leaf)
            if name in names:
                continue
            names.append(name)
            if leaf.answering is not None and leaf.answering.act in one.answers:
                minutes, p = one.answers[leaf.answering.act]
                known[name] = p if 0 <= minutes <= leaf.answering.within_minutes else 0.0
            elif leaf.fact is not None and leaf.fact in one.facts:
                known[name] = one.facts[leaf.fact]
        return names, known

    def _moments(
        self, obligation: Obligation, escapes: Sequence[Exemption | Obligation], one: Happening
    ) -> list[tuple[float, datetime]]:
        """Shares of the act's time with a moment in each, cut wherever a window begins or ends."""
        start = as_utc(one.occurred_from)
        stop = as_utc(one.occurred_until) if one.occurred_until is not None else start
        if stop <= start:
            return [(1.0, start)]
        edges = self.edges(obligation, escapes)
        cuts = [start, *sorted(edge for edge in edges if start < edge < stop), stop]
        whole = (stop - start) / timedelta(seconds=1)
        return [((b - a) / timedelta(seconds=1) / whole, a) for a, b in pairwise(cuts)]

    def edges(self, obligation: Obligation, escapes: Sequence[Exemption | Obligation]) -> set[datetime]:
        """Moments at which a duty, its condition or what frees from it may begin or end."""
        windows = self.times(obligation)
        for item in escapes:
            if isinstance(item, Obligation):
                windows += [self.windows[name] for name in item.clocks]
        for condition in (obligation.condition, *(item.condition for item in escapes)):
            for leaf in condition.leaves() if condition is not None else ():
                if leaf.during is not None:
                    windows.append(self.window(leaf.during))
        return {moment for window in windows for moment in window}

    def times(self, obligation: Obligation) -> list[tuple[datetime, datetime]]:
        """Windows in which a duty holds: those of its clocks, begun later where steps are staggered."""
        delay = self.delay.get(obligation.id, timedelta())
        windows = [self.windows[name] for name in obligation.clocks or self.windows]
        return [(start + delay, stop) for start, stop in windows]

    def window(self, during: str | Span) -> tuple[datetime, datetime]:
        """Start and stop of a time that a condition names."""
        if isinstance(during, Span):
            return as_utc(during.start), as_utc(during.stop)
        return self.windows[during]

    def _worlds(
        self,
        obligation: Obligation,
        escapes: Sequence[Exemption | Obligation],
        moment: datetime,
        zones: Zones,
        names: Sequence[str],
        known: Mapping[str, float],
    ) -> tuple[float, float]:
        """Probability over known facts; least and greatest over the others."""
        unknown = [name for name in names if name not in known]
        sure = [name for name in names if name in known]

        def during(window: str | Span) -> bool:
            start, stop = self.window(window)
            return start <= moment < stop

        times = self.times(obligation)
        in_time = any(start <= moment < stop for start, stop in times) or not times
        outside = bool(obligation.zones) and not set(obligation.zones) & zones
        if not in_time or outside or zones & self.exempt - set(obligation.zones):
            return 0.0, 0.0
        lo = hi = 0.0
        for truth in product((False, True), repeat=len(sure)):
            facts = dict(zip(sure, truth, strict=True))
            weight = 1.0
            for name, is_true in facts.items():
                weight *= known[name] if is_true else 1 - known[name]
            if weight <= 0:
                continue
            outcomes = set()
            for guess in product((False, True), repeat=len(unknown)):
                world = _World(
                    during, zones.__contains__, {**facts, **dict(zip(unknown, guess, strict=True))}
                )
                outcomes.add(self._counts(obligation, escapes, world, zones))
            lo, hi = lo + weight * min(outcomes), hi + weight * max(outcomes)
        return lo, hi

    def _counts(
        self, obligation: Obligation, escapes: Sequence[Exemption | Obligation], world: _World, zones: Zones
    ) -> bool:
        if not _holds(obligation.condition, world):
            return False
        if obligation.rule == "notify" and world.facts[NOTIFIED]:
            return False
        return not any(
            _holds(item.condition, world)
            and (isinstance(item, Exemption) or self._permits(item, world, zones))
            for item in escapes
        )

    def _permits(self, item: Obligation, world: _World, zones: Zones) -> bool:
        in_time = not item.clocks or any(world.during(name) for name in item.clocks)
        return in_time and (not item.zones or bool(set(item.zones) & zones))


# -- no more than n in any window ---------------------------------------------------------------
def _excess(
    chances: Sequence[tuple[Happening, float, float]], *, count: int, hours: float
) -> list[tuple[Happening, float, float]]:
    """Chance of each act to be in excess: it counts, and `count` or more before it in the window do.

    Acts count independently. Of an uncertain time the middle decides who is before whom.
    """
    middles = [_middle(one) for one, _lo, _hi in chances]
    order = sorted(range(len(chances)), key=lambda k: (middles[k], chances[k][0].id))
    window = timedelta(hours=hours)
    found: dict[int, tuple[Happening, float, float]] = {}
    first = 0
    for place, k in enumerate(order):
        while middles[k] - middles[order[first]] >= window:
            first += 1
        before = [chances[j] for j in order[first:place]]
        one, lo, hi = chances[k]
        found[k] = (
            one,
            lo * _at_least(count, [low for _one, low, _high in before]),
            hi * _at_least(count, [high for _one, _low, high in before]),
        )
    return [found[k] for k in range(len(chances))]


def _middle(one: Happening) -> datetime:
    start = as_utc(one.occurred_from)
    return start if one.occurred_until is None else start + (as_utc(one.occurred_until) - start) / 2


def _at_least(count: int, chances: Sequence[float]) -> float:
    """Probability that at least `count` of independent events happen (Poisson binomial, by recursion)."""
    if count <= 0:
        return 1.0
    less = [1.0, *[0.0] * (count - 1)]  #: probability of exactly k so far, k < count
    for p in chances:
        for k in range(count - 1, -1, -1):
            less[k] = less[k] * (1 - p) + (less[k - 1] * p if k else 0.0)
    return max(0.0, 1.0 - sum(less))
