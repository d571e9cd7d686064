"""The same statement in several accounts: aligned, so that what differs can be shown.

Two tellings of one speaker are one statement where what they share makes it likely (``pairs``);
accounts join while the mean of all their pairs stays likely. No account is ranked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from truceline.talks.pairs import (
    Telling,
    likely,
    pair_features,
    pair_weights,
    rarity,
    same_position,
    same_quotation,
)
from truceline.talks.statements import Statement

#: statements of one speaker more than so many days apart are two occasions
APART_DAYS = 4
#: probability at which two tellings may be one statement; mean of all pairs at which two groups are
LEAST_LIKELY = 0.12
LEAST_MEAN = 0.1
#: probability from which two tellings of different issues may be one
LEAST_ACROSS = 0.4
#: a probability below this counts as none
LEAST_KEPT = 0.02
#: share of the shorter one's words, by rarity, from which they, not the position, are the reason
LEAST_SHARED = 0.3

#: a word in more of a speaker's statements than this finds no candidate; candidates that a statement has at most
COMMON_WORD = 400
MOST_CANDIDATES = 60

Link = tuple[float, int, int]
Weigher = Callable[[Telling, Telling], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """One statement as several accounts give it."""

    statements: tuple[Statement, ...]
    likeness: float  #: probability of the least likely pair that joined it
    why: str  #: of that pair: quoted words, content words, same position


def align(found: Sequence[Telling], *, weights_for: Weigher | None = None) -> list[Alignment]:
    """Statements that are one, each in two or more groups of documents.

    ``weights_for``: other weights for a pair than the package's own, as cross-validation needs them.
    """
    weight = rarity(found)
    by_speaker: dict[str, list[Telling]] = defaultdict(list)
    for one in found:
        by_speaker[one.statement.speaker.id].append(one)
    made = []
    for same in by_speaker.values():
        links: list[Link] = []
        for place, others in enumerate(_candidates(same)):
            one = same[place]
            for at in others:
                other = same[at]
                if one.group != other.group and near(one.statement, other.statement):
                    score = likely(
                        pair_features(one, other, weight),
                        pair_weights() if weights_for is None else weights_for(one, other),
                    )
                    if score >= LEAST_KEPT:
                        links.append((score, place, at))
        made += [_alignment(same, places, link, weight) for places, link in _joined(same, links)]
    return sorted(made, key=lambda one: (one.statements[0].document_id, one.statements[0].start))


def _candidates(same: Sequence[Telling]) -> list[list[int]]:
    """For each statement of a speaker the later ones worth comparing: that share words, or a position.

    A word that very many of the speaker's statements have finds nobody; of those found by words the
    ``MOST_CANDIDATES`` that share most are kept, and as many neighbours in order of one position.
    """
    where: dict[str, list[int]] = defaultdict(list)
    position: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(same):
        for word in one.words:
            where[word].append(place)
        position[one.statement.issue].append(place)
    rank = {place: number for places in position.values() for number, place in enumerate(places)}
    found: list[list[int]] = []
    for place, one in enumerate(same):
        shared: Counter[int] = Counter()
        for word in one.words:
            if len(where[word]) <= COMMON_WORD:
                shared.update(at for at in where[word] if at > place)
        best = [
            at for at, _ in sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_CANDIDATES]
        ]
        places = position[one.statement.issue]
        near = places[rank[place] + 1 : rank[place] + 1 + MOST_CANDIDATES]
        found.append(sorted({*best, *near}))
    return found


def _joined(same: Sequence[Telling], links: Sequence[Link]) -> list[tuple[list[int], Link]]:
    """Groups of one speaker's tellings, strongest links first, each with its weakest link."""
    score = {(one, other): value for value, one, other in links}
    members = {place: [place] for place in range(len(same))}
    group = list(range(len(same)))
    weakest: dict[int, Link] = {}
    ordered = sorted(
        links, key=lambda link: (-link[0], *(same[place].statement.statement_id for place in link[1:]))
    )
    for link in ordered:
        one, other = same[link[1]].statement, same[link[2]].statement
        if link[0] < (LEAST_LIKELY if one.issue == other.issue else LEAST_ACROSS):
            continue
        a, b = group[link[1]], group[link[2]]
        if a == b or _mean(same, members[a], members[b], score) < LEAST_MEAN:
            continue
        members[a] += members.pop(b)
        for place in members[a]:
            group[place] = a
        weakest[a] = min(link, weakest.pop(b, link), weakest.get(a, link))
    return [(members[number], link) for number, link in weakest.items()]


def _mean(
    same: Sequence[Telling], one: Sequence[int], other: Sequence[int], score: dict[tuple[int, int], float]
) -> float:
    """Mean probability of the pairs of two groups; two tellings of one account say nothing."""
    values = [
        score.get((min(a, b), max(a, b)), 0.0) for a in one for b in other if same[a].group != same[b].group
    ]
    return sum(values) / len(values)


def _alignment(
    same: Sequence[Telling], places: Sequence[int], link: Link, weight: dict[str, float]
) -> Alignment:
    first, second = same[link[1]], same[link[2]]
    if same_quotation(first, second):
        why = "quoted words"
    elif (
        same_position(first.statement, second.statement)
        and pair_features(first, second, weight)[1] < LEAST_SHARED
    ):
        why = "same position"
    else:
        why = "content words"
    return Alignment(
        statements=tuple(sorted((same[place].statement for place in places), key=lambda one: (one.document_id, one.start))),
        likeness=link[0], why=why,
    )  # fmt: skip


def near(one: Statement, other: Statement) -> bool:
    """Whether two statements may be of one occasion by their days; an unknown day may be any."""
    first, second = _day(one), _day(other)
    return first is None or second is None or abs((first - second).days) <= APART_DAYS


def _day(one: Statement) -> date | None:
    return one.said_on or one.published
