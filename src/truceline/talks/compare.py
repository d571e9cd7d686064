"""The same statement in several accounts: aligned, and where wording, numbers and length differ.

Two statements are one where the same speaker says the same thing: their quoted words overlap, or
their content words do, weighted by how rare a word is among all statements. No account is ranked.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from truceline.talks.statements import Statement
from truceline.talks.stems import stem

#: statements of one speaker more than so many days apart are two occasions
APART_DAYS = 4
#: share of the shorter quotation's words found in the longer one
LEAST_QUOTED = 0.7
#: a quotation shorter than this is no evidence by itself
LEAST_QUOTED_WORDS = 4
#: likeness of content words, weighted by rarity, at which statements of one issue are one; of different issues
LEAST_ALIKE = 0.28
LEAST_ALIKE_ACROSS = 0.6
#: likeness at which two statements of one position are one
LEAST_ALIKE_POSITION = 0.06

#: a word in more of a speaker's statements than this finds no candidate; candidates that a statement has at most
COMMON_WORD = 400
MOST_CANDIDATES = 60

WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What one statement brings to a comparison."""

    statement: Statement
    group: str  #: of its document: copies share one
    words: frozenset[str]
    quoted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """One statement as several accounts give it."""

    statements: tuple[Statement, ...]
    likeness: float  #: of the least alike pair that joined it
    why: str  #: quoted words, content words


def tellings(statements: Iterable[Statement], *, groups: Mapping[str, str]) -> list[Telling]:
    """Statements ready to be compared; ``groups``: document → the group of its copies."""
    return [
        Telling(
            statement=one,
            group=groups.get(one.document_id, one.document_id),
            words=frozenset(content_words(one.text)) - _about_speaker(one)
            | {f"#{number.value:g}" for number in one.numbers},
            quoted=tuple(quoted_words(one)),
        )
        for one in statements
    ]


def _about_speaker(one: Statement) -> frozenset[str]:
    """Words that name the speaker or the act of speaking: every account has some."""
    return frozenset(
        content_words(" ".join([one.speaker.name, one.speaker.office, *one.speaker.titles, one.verb]))
    )


def quoted_words(one: Statement) -> list[str]:
    """The words that stand in quotation marks."""
    return [
        word
        for a, b in one.quotes
        for word in content_words(one.text[a - one.start : b - one.start], every=True)
    ]


@lru_cache(maxsize=65_536)
def root_of(word: str) -> str:
    """A word without its commonest endings, so that “support” meets “supports”."""
    low = stem(word)
    for end in ("ing", "ed", "es", "s", "ly"):
        if low.endswith(end) and len(low) - len(end) >= 4:
            return low[: -len(end)]
    return low


_SMALL = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "or",
        "but",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "he",
        "she",
        "they",
        "his",
        "her",
        "their",
        "him",
        "them",
        "we",
        "our",
        "us",
        "i",
        "you",
        "your",
        "not",
        "no",
        "so",
        "if",
        "than",
        "then",
        "there",
        "here",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "will",
        "would",
        "could",
        "should",
        "may",
        "might",
        "must",
        "can",
        "also",
        "said",
        "says",
        "say",
        "told",
        "added",
        "about",
        "into",
        "over",
        "after",
        "before",
        "more",
        "most",
        "who",
        "which",
        "what",
        "when",
        "where",
        "how",
        "why",
        "all",
        "any",
        "some",
        "such",
        "only",
        "own",
        "same",
        "just",
        "very",
        "и",
        "в",
        "на",
        "что",
        "с",
        "по",
        "не",
        "а",
        "но",
        "за",
        "от",
        "до",
        "из",
        "к",
        "о",
        "об",
        "для",
        "при",
        "это",
        "как",
        "его",
        "ее",
        "их",
        "он",
        "она",
        "они",
        "мы",
        "і",
        "й",
        "та",
        "у",
        "з",
        "із",
        "що",
        "не",
        "це",
        "як",
        "його",
        "її",
        "їх",
        "він",
        "вона",
        "вони",
        "ми",
        "про",
    ]
)


def content_words(text: str, *, every: bool = False) -> list[str]:
    """Words that carry content, by their roots; numbers as they are."""
    found = []
    for word in WORD.findall(text):
        low = word.lower().replace("’", "'").removesuffix("'s")
        if every or low not in _SMALL:
            found.append(root_of(low))
    return found


def align(found: Sequence[Telling]) -> list[Alignment]:
    """Statements that are one, each in two or more groups of documents.

    Candidates share a speaker; each statement joins the best of another document above the limits.
    """
    weight = _weights(found)
    by_speaker: dict[str, list[Telling]] = defaultdict(list)
    for one in found:
        by_speaker[one.statement.speaker.id].append(one)
    links: list[tuple[float, str, Telling, Telling]] = []
    for same in by_speaker.values():
        for place, others in enumerate(_candidates(same)):
            one = same[place]
            for at in others:
                other = same[at]
                if one.group == other.group or not _near(one.statement, other.statement):
                    continue
                score, why = likeness(one, other, weight)
                if score > 0:
                    links.append((score, why, one, other))
    return _joined(links)


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


def likeness(one: Telling, other: Telling, weight: Mapping[str, float]) -> tuple[float, str]:
    """How alike two statements of one speaker are, above the limits; else 0."""
    short, long = sorted((one.quoted, other.quoted), key=len)
    if len(short) >= LEAST_QUOTED_WORDS:
        common = sum((Counter(short) & Counter(long)).values())
        if common / len(short) >= LEAST_QUOTED and in_order(short, long):
            return 1.0 + common / len(short), "quoted words"
    all_weight = sum(weight[word] for word in one.words | other.words)
    shared = sum(weight[word] for word in one.words & other.words)
    least = min(sum(weight[word] for word in one.words), sum(weight[word] for word in other.words))
    if all_weight == 0 or least == 0:
        return 0.0, ""
    alike = 0.5 * shared / all_weight + 0.5 * shared / least
    same_issue = one.statement.issue == other.statement.issue
    if alike >= (LEAST_ALIKE if same_issue else LEAST_ALIKE_ACROSS):
        return alike, "content words"
    dated = _day(one.statement) is not None and _day(other.statement) is not None
    if (
        same_issue
        and same_position(one.statement, other.statement)
        and (dated or alike >= LEAST_ALIKE_POSITION)
    ):
        return max(alike, 0.01), "same position"
    return 0.0, ""


#: stances that accounts of one statement exchange
_CLASSES = (
    frozenset({"accepts", "open", "conditions"}),
    frozenset({"rejects", "denies"}),
    frozenset({"asks", "warns"}),
    frozenset({"demands", "conditions"}),
)
#: issues that are many statements' and no position by themselves
_LOOSE = frozenset({"relations", "fighting", "other"})


def same_position(one: Statement, other: Statement) -> bool:
    """Whether two statements take one position on one issue: stances equal, or exchanged by accounts."""
    if one.issue in _LOOSE or one.issue != other.issue or "claims" in (one.stance, other.stance):
        return False
    return one.stance == other.stance or any({one.stance, other.stance} <= row for row in _CLASSES)


def in_order(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether a run of three of the shorter quotation's words stands in the longer one."""
    runs = {tuple(long[at : at + 3]) for at in range(len(long) - 2)}
    return any(tuple(short[at : at + 3]) in runs for at in range(len(short) - 2))


def _near(one: Statement, other: Statement) -> bool:
    first, second = _day(one), _day(other)
    return first is None or second is None or abs((first - second).days) <= APART_DAYS


def _day(one: Statement) -> date | None:
    return one.said_on or one.published


def _weights(found: Sequence[Telling]) -> dict[str, float]:
    """Rarity of each word among the statements."""
    count: Counter[str] = Counter(word for one in found for word in one.words)
    return {word: math.log((1 + len(found)) / (0.5 + number)) for word, number in count.items()}


def _joined(links: Sequence[tuple[float, str, Telling, Telling]]) -> list[Alignment]:
    """Links, strongest first; of each account's statements one or a few neighbours join an alignment."""
    made = 0
    group: dict[str, int] = {}
    members: dict[int, list[Telling]] = {}
    least: dict[int, tuple[float, str]] = {}
    ordered = sorted(
        links, key=lambda link: (-link[0], link[2].statement.statement_id, link[3].statement.statement_id)
    )
    for score, why, one, other in ordered:
        a, b = group.get(one.statement.statement_id), group.get(other.statement.statement_id)
        if a is not None and b is not None and a == b:
            continue
        if a is None and b is None:
            number = made
            made += 1
            members[number] = [one, other]
            group[one.statement.statement_id] = group[other.statement.statement_id] = number
            least[number] = (score, why)
            continue
        if a is not None and b is not None:
            if why == "content words":
                continue  # two alignments are joined by shared quotations alone
            members[a] += members.pop(b)
            for telling in members[a]:
                group[telling.statement.statement_id] = a
            least[a] = min(least[a], least.pop(b), (score, why))
            continue
        joined = a if a is not None else b
        new = other if a is not None else one
        assert joined is not None
        if (
            why == "content words"
            and any(telling.group == new.group for telling in members[joined])
            and score < 2 * LEAST_ALIKE
        ):
            continue
        members[joined].append(new)
        group[new.statement.statement_id] = joined
        least[joined] = min(least[joined], (score, why))
    found = [
        Alignment(
            statements=tuple(one.statement for one in sorted(tellings_, key=lambda one: (one.statement.document_id, one.statement.start))),
            likeness=round(least[number][0], 4), why=least[number][1],
        )
        for number, tellings_ in members.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.statements[0].document_id, one.statements[0].start))
