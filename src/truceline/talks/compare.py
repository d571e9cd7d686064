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

_WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)?")


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
            words=frozenset(content_words(one.text)),
            quoted=tuple(quoted_words(one)),
        )
        for one in statements
    ]


def quoted_words(one: Statement) -> list[str]:
    """The words that stand in quotation marks."""
    return [word for a, b in one.quotes for word in content_words(one.text[a - one.start : b - one.start], every=True)]


@lru_cache(maxsize=65_536)
def _root(word: str) -> str:
    """A word without its commonest endings, so that “support” meets “supports”."""
    low = stem(word)
    for end in ("ing", "ed", "es", "s", "ly"):
        if low.endswith(end) and len(low) - len(end) >= 4:
            return low[: -len(end)]
    return low


_SMALL = frozenset(
    "the a an and or but of to in on at by for from with as is are was were be been being it its this that these those he she they "
    "his her their him them we our us i you your not no so if than then there here has have had do does did will would could should "
    "may might must can also said says say told added about into over after before more most who which what when where how why all "
    "any some such only own same just very и в на что с по не а но за от до из к о об для при это как его ее их он она они мы "
    "і й та у з із що не це як його її їх він вона вони ми про".split()
)


def content_words(text: str, *, every: bool = False) -> list[str]:
    """Words that carry content, by their roots; numbers as they are."""
    found = []
    for word in _WORD.findall(text):
        low = word.lower().replace("’", "'").removesuffix("'s")
        if every or low not in _SMALL:
            found.append(_root(low))
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
        for place, one in enumerate(same):
            for other in same[place + 1 :]:
                if one.group == other.group or not _near(one.statement, other.statement):
                    continue
                score, why = likeness(one, other, weight)
                if score > 0:
                    links.append((score, why, one, other))
    return _joined(links)


def likeness(one: Telling, other: Telling, weight: Mapping[str, float]) -> tuple[float, str]:
    """How alike two statements of one speaker are, above the limits; else 0."""
    short, long = sorted((one.quoted, other.quoted), key=len)
    if len(short) >= LEAST_QUOTED_WORDS:
        common = sum((Counter(short) & Counter(long)).values())
        if common / len(short) >= LEAST_QUOTED and _in_order(short, long):
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
    if same_issue and same_position(one.statement, other.statement) and alike >= LEAST_ALIKE_POSITION:
        return alike, "same position"
    return 0.0, ""


#: stances that accounts of one statement exchange
_CLASSES = (frozenset({"accepts", "open", "conditions"}), frozenset({"rejects", "denies"}), frozenset({"asks", "warns"}), frozenset({"demands", "conditions"}))
#: issues that are many statements' and no position by themselves
_LOOSE = frozenset({"relations", "fighting", "other"})


def same_position(one: Statement, other: Statement) -> bool:
    """Whether two statements take one position on one issue: stances equal, or exchanged by accounts."""
    if one.issue in _LOOSE or one.issue != other.issue or "claims" in (one.stance, other.stance):
        return False
    return one.stance == other.stance or any({one.stance, other.stance} <= row for row in _CLASSES)


def _in_order(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether a run of three of the shorter quotation's words stands in the longer one."""
    runs = {tuple(long[at : at + 3]) for at in range(len(long) - 2)}
    return any(tuple(short[at : at + 3]) in runs for at in range(len(short) - 2))


def _near(one: Statement, other: Statement) -> bool:
    first, second = one.said_on or one.published, other.said_on or other.published
    return first is None or second is None or abs((first - second).days) <= APART_DAYS


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
    ordered = sorted(links, key=lambda link: (-link[0], link[2].statement.statement_id, link[3].statement.statement_id))
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
        number, new = (a, other) if a is not None else (b, one)
        assert number is not None
        if why == "content words" and any(telling.group == new.group for telling in members[number]) and score < 2 * LEAST_ALIKE:
            continue
        members[number].append(new)
        group[new.statement.statement_id] = number
        least[number] = min(least[number], (score, why))
    found = [
        Alignment(
            statements=tuple(one.statement for one in sorted(tellings_, key=lambda one: (one.statement.document_id, one.statement.start))),
            likeness=round(least[number][0], 4), why=least[number][1],
        )
        for number, tellings_ in members.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.statements[0].document_id, one.statements[0].start))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs between two tellings of one statement."""

    kind: str  #: cut, numbers, wording, stance, order
    statement_ids: tuple[str, str]
    text: str  #: what the one has and the other lacks, or both figures


def differences(found: Alignment) -> list[Difference]:
    """Quotes cut short, numbers and wording that differ, between the accounts of an alignment."""
    rows: list[Difference] = []
    statements = found.statements
    for place, one in enumerate(statements):
        for other in statements[place + 1 :]:
            if one.document_id == other.document_id:
                continue
            ids = (one.statement_id, other.statement_id)
            rows += _cut(one, other) + _cut(other, one)
            mine = {number.value for number in one.numbers}
            theirs = {number.value for number in other.numbers}
            if mine and theirs and not mine & theirs:
                rows.append(Difference(kind="numbers", statement_ids=ids, text=f"{_listed(mine)} / {_listed(theirs)}"))
            only, others = _wording(one, other)
            if only and others:
                rows.append(Difference(kind="wording", statement_ids=ids, text=f"{only} / {others}"))
            if one.stance != other.stance:
                rows.append(Difference(kind="stance", statement_ids=ids, text=f"{one.stance} / {other.stance}"))
    return rows


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:,.10g}" for value in sorted(values))


def _cut(longer: Statement, shorter: Statement) -> list[Difference]:
    """A quotation that the other account has only in part, and whether what is missing is a condition."""
    whole, part = quoted_words(longer), quoted_words(shorter)
    if len(part) < LEAST_QUOTED_WORDS or len(whole) < len(part) + 3 or not _in_order(part, whole):
        return []
    if sum((Counter(part) & Counter(whole)).values()) < 0.8 * len(part):
        return []
    kind = "condition_cut" if longer.condition and not shorter.condition else "cut"
    missing = _missing(longer, set(part))
    if not missing:
        return []
    return [Difference(kind=kind, statement_ids=(longer.statement_id, shorter.statement_id), text=missing)]


def _missing(longer: Statement, known: set[str]) -> str:
    """The longest run of quoted words that the shorter account lacks."""
    best: list[str] = []
    for a, b in longer.quotes:
        run: list[str] = []
        for match in re.finditer(r"\S+", longer.text[a - longer.start : b - longer.start]):
            roots = content_words(match.group())
            if roots and not set(roots) <= known:
                run.append(match.group())
            elif roots:
                best, run = max(best, run, key=len), []
            elif run:
                run.append(match.group())
        best = max(best, run, key=len)
    return " ".join(best).strip(" ,.;–—-") if len(best) >= 2 else ""


def _wording(one: Statement, other: Statement) -> tuple[str, str]:
    """Quoted words of each account that the other does not quote, where both quote at length."""
    mine, theirs = quoted_words(one), quoted_words(other)
    if len(mine) < LEAST_QUOTED_WORDS or len(theirs) < LEAST_QUOTED_WORDS:
        return "", ""
    only = [word for a, b in one.quotes for word in _WORD.findall(one.text[a - one.start : b - one.start]) if _root(word.lower()) not in theirs]
    others = [word for a, b in other.quotes for word in _WORD.findall(other.text[a - other.start : b - other.start]) if _root(word.lower()) not in mine]
    return " ".join(only[:8]), " ".join(others[:8])
