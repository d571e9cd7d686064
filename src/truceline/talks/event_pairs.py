"""Events that several reports tell by themselves: paired by their kind and by who and what they name.

Two tellings are alike where they are of one kind, no day of theirs is far from the other's, and what they
share weighs enough of the fuller one: a person weighs two, a party, a body or another name one, a word
of content less. Tellings join while every pair of them is alike, one of each account, so that no account
is said to tell more than it does. That none was found does not mean that none is there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from truceline.talks.compare import APART_DAYS
from truceline.talks.events import Event
from truceline.talks.lexicon import lexicon
from truceline.talks.roots import content_words

#: what a shared person, another shared name, a shared word of content, and one issue of two proposals weigh
PERSON, NAME, WORD, ISSUE = 2.0, 1.0, 0.4, 1.0
#: weight that two tellings must share, and share of the fuller one's weight that it must be
LEAST_WEIGHT, LEAST_SHARE, LEAST_SHARE_NAMED = 2.0, 0.5, 0.33
#: words of content that two tellings of no known kind must share
LEAST_COMMON = 3
#: kinds of which who takes part tells nearly all
_NAMED_KINDS = frozenset({"meeting", "appearance", "proposal"})
#: a name of more events than this finds nobody; candidates that an event has at most
COMMON, MOST_CANDIDATES = 400, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling:
    """What one event brings to a comparison."""

    event: Event
    group: str
    named: Mapping[str, float]  #: who and what it names, with what each is worth
    words: frozenset[str]  #: words of content without those


def pair_events(events: Sequence[Event], *, groups: Mapping[str, str]) -> list[tuple[Event, ...]]:
    """Events told by two or more groups of documents; ``groups``: document → the group of its copies.

    Each group of documents brings one telling; the order of the documents does not matter.
    """
    told = [_telling(one, groups.get(one.document_id, one.document_id)) for one in comparable(events)]
    links = [
        (share, told[place], told[at])
        for place, others in enumerate(_candidates(told))
        for at in others
        if (share := _share(told[place], told[at])) > 0
    ]
    links.sort(key=lambda link: (-link[0], *sorted((link[1].event.event_id, link[2].event.event_id))))
    member = {one.event.event_id: [one] for one in told}
    for _, one, other in links:
        first, second = member[one.event.event_id], member[other.event.event_id]
        if first is second or any(a.group == b.group or not _share(a, b) for a in first for b in second):
            continue
        first += second
        for each in second:
            member[each.event.event_id] = first
    joined = {id(found): found for found in member.values() if len(found) > 1}
    rows = [sorted((each.event for each in found), key=_place) for found in joined.values()]
    return [tuple(row) for row in sorted(rows, key=lambda row: _place(row[0]))]


def _place(one: Event) -> tuple[str, int]:
    return one.document_id, one.start


def _telling(one: Event, group: str) -> _Telling:
    named = {each.id: PERSON if each.kind == "person" else NAME for each in one.who}
    named |= {f"name {name.lower()}": NAME * len(name.split()) for name in one.names}
    known = {word for name in (*(each.name for each in one.who), *one.names) for word in content_words(name)}
    return _Telling(event=one, group=group, named=named, words=frozenset(content_words(one.text)) - known)


def _candidates(told: Sequence[_Telling]) -> list[list[int]]:
    """For each event the later ones of its kind that share a name, or of no known kind words; those that share most."""
    where: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, one in enumerate(told):
        for key in _keys(one):
            where[key].append(place)
    found = []
    for place, one in enumerate(told):
        shared: Counter[int] = Counter()
        for key in _keys(one):
            if len(where[key]) <= COMMON:
                shared.update(at for at in where[key] if at > place and told[at].group != one.group)
        found.append([at for at, _ in sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_CANDIDATES]])  # fmt: skip
    return found


def _keys(one: _Telling) -> list[tuple[str, str]]:
    names = one.words if one.event.kind == "other" else one.named
    return [(one.event.kind, name) for name in sorted(names)]


def comparable(events: Sequence[Event]) -> list[Event]:
    """Events that stand for themselves: a sentence of two or more phrases is compared by these."""
    parts: dict[str, int] = {}
    for one in events:
        parts[one.within] = parts.get(one.within, 0) + 1
    return [one for one in events if parts.get(one.event_id, 0) < 2]


def _share(one: _Telling, other: _Telling) -> float:
    """How much of the fuller telling the two share, by weight; 0 where they are not alike."""
    a, b = one.event, other.event
    if a.language != b.language or _far(a, b) or (a.status == "told") != (b.status == "told"):
        return 0.0
    names = one.named.keys() & other.named.keys()
    issue = ISSUE if a.kind == "proposal" and a.issue == b.issue != "other" else 0.0
    shared = sum(one.named[name] for name in names) + WORD * len(one.words & other.words) + issue
    fuller = max(sum(each.named.values()) + WORD * len(each.words) for each in (one, other)) + issue
    if a.kind == "other":  # what no kind holds together must be told in like words
        common = len(one.words & other.words)
        alike = common >= LEAST_COMMON and common >= LEAST_SHARE * max(len(one.words), len(other.words))
    elif a.kind in _NAMED_KINDS:
        enough = len(names) >= (1 if a.kind == "proposal" else 2)
        spoken = a.kind != "appearance" or bool(one.words & other.words)
        alike = enough and spoken and shared >= LEAST_SHARE_NAMED * fuller
    else:
        alike = shared >= LEAST_SHARE * fuller
    return shared / fuller if alike and shared >= LEAST_WEIGHT else 0.0


def _far(one: Event, other: Event) -> bool:
    """Whether the days cannot be of one event: two that are told differ, or one of publication is far."""
    weekdays = [_weekday(each) for each in (one, other)]
    if None not in weekdays and weekdays[0] != weekdays[1]:
        return True
    first, second = one.happened_on or one.published, other.happened_on or other.published
    most = 0 if one.happened_on and other.happened_on else APART_DAYS
    return first is not None and second is not None and abs((first - second).days) > most


def _weekday(one: Event) -> int | None:
    """The weekday that an event's words name, also where it cannot be placed."""
    if one.happened_on is not None:
        return one.happened_on.weekday()
    number: int | None = lexicon(one.language).time["weekdays"].get(one.day_words.lower())
    return number
