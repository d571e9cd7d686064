"""How likely two tellings are one statement: what they share, with weights learned from labelled accounts.

The weights (``pair-weights.json``, made by ``tools/train_talks.py``) are whole hundredths; no word and no
name is among them, so they hold in every language and for every party.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from zlib import crc32

from truceline.talks.roots import content_words
from truceline.talks.statements import Statement

#: a quotation shorter than this is no evidence by itself
LEAST_QUOTED_WORDS = 4
#: share of the shorter quotation's words found in the longer one at which they are one quotation
LEAST_QUOTED = 0.7
#: issues that are many statements' and no position by themselves
LOOSE = frozenset({"relations", "fighting", "other"})
#: stances that accounts of one statement exchange
_CLASSES = (
    frozenset({"accepts", "open", "conditions"}),
    frozenset({"rejects", "denies"}),
    frozenset({"asks", "warns"}),
    frozenset({"demands", "conditions"}),
)
#: what a pair is judged by, in the order of ``pair_features``
FEATURES = (
    "any pair", "share of the shorter one's words", "both shares", "rarest word", "rare words", "quoted words",
    "a quotation in the other's text", "issue", "issue that is loose", "position", "stance", "claims on one issue",
    "numbers that differ",
)  # fmt: skip
#: a word as rare as this, of 1 for a word that only one statement has, is rare
RARE = 0.63


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What one statement brings to a comparison; runs of three words stand as numbers."""

    statement: Statement
    group: str  #: of its document: copies share one
    words: frozenset[str]
    quoted: tuple[str, ...]
    runs: frozenset[int]
    quoted_runs: frozenset[int]

    @property
    def numbers(self) -> set[str]:
        """The numbers named."""
        return {word for word in self.words if word.startswith("#")}


def tellings(statements: Iterable[Statement], *, groups: Mapping[str, str]) -> list[Telling]:
    """Statements ready to be compared; ``groups``: document → the group of its copies."""
    made = []
    for one in statements:
        quoted = tuple(quoted_words(one))
        words = frozenset(content_words(one.text)) - _about_speaker(one)
        made.append(Telling(
            statement=one, group=groups.get(one.document_id, one.document_id),
            words=words | {f"#{number.value:g}" for number in one.numbers}, quoted=quoted,
            runs=runs(content_words(one.text, every=True)), quoted_runs=runs(quoted),
        ))  # fmt: skip
    return made


def runs(words: Sequence[str]) -> frozenset[int]:
    """Every three words in a row, as numbers."""
    return frozenset(crc32(" ".join(words[at : at + 3]).encode()) for at in range(len(words) - 2))


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


def rarity(found: Sequence[Telling]) -> dict[str, float]:
    """Rarity of each word among the statements, 1 for a word that only one has, whatever their number."""
    count: Counter[str] = Counter(word for one in found for word in one.words)
    most = math.log((1 + len(found)) / 1.5) or 1.0
    return {word: math.log((1 + len(found)) / (0.5 + number)) / most for word, number in count.items()}


def same_position(one: Statement, other: Statement) -> bool:
    """Whether two statements take one position on one issue: stances equal, or exchanged by accounts."""
    if one.issue in LOOSE or one.issue != other.issue or "claims" in (one.stance, other.stance):
        return False
    return one.stance == other.stance or any({one.stance, other.stance} <= row for row in _CLASSES)


def same_quotation(one: Telling, other: Telling) -> bool:
    """Whether most of the shorter quotation stands in the longer one, three words of it in a row."""
    shorter = min(one.quoted, other.quoted, key=len)
    return (
        len(shorter) >= LEAST_QUOTED_WORDS
        and _quoted(one, other) >= LEAST_QUOTED
        and bool(one.quoted_runs & other.quoted_runs)
    )


def _quoted(one: Telling, other: Telling) -> float:
    """Share of the shorter quotation's words that the longer one has."""
    shorter = min(len(one.quoted), len(other.quoted))
    if shorter < LEAST_QUOTED_WORDS - 1:
        return 0.0
    return (Counter(one.quoted) & Counter(other.quoted)).total() / shorter


def pair_features(one: Telling, other: Telling, weight: Mapping[str, float]) -> tuple[float, ...]:
    """The values of ``FEATURES``, each about 0 to 1; ``weight``: rarity of each word."""
    shared = [weight[word] for word in one.words & other.words]
    mine, theirs = (sum(weight[word] for word in telling.words) for telling in (one, other))
    common = sum(shared)
    everything, shorter = mine + theirs - common, min(mine, theirs)
    of_all = common / everything if everything else 0.0
    of_shorter = common / shorter if shorter else 0.0
    a, b = one.statement, other.statement
    issue, stance = a.issue == b.issue, a.stance == b.stance
    numbers = one.numbers, other.numbers
    within = max(
        len(left.quoted_runs & right.runs) / len(left.quoted_runs) if left.quoted_runs else 0.0
        for left, right in ((one, other), (other, one))
    )
    return (
        1.0, of_shorter, math.sqrt(of_all * of_shorter), max(shared, default=0.0),
        min(sum(value > RARE for value in shared), 4) / 4, _quoted(one, other), within, float(issue),
        float(issue and a.issue in LOOSE), float(same_position(a, b)), float(stance),
        float(issue and stance and a.stance == "claims"),
        float(bool(numbers[0] and numbers[1] and not numbers[0] & numbers[1])),
    )  # fmt: skip


@cache
def pair_weights() -> tuple[int, ...]:
    """Weights of ``FEATURES`` in hundredths."""
    path = files("truceline.talks") / "lexicon" / "pair-weights.json"
    raw: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    return tuple(raw[name] for name in FEATURES)


def likely(features: Sequence[float], weights: Sequence[int]) -> float:
    """Probability that a pair is one statement (logistic), to four places."""
    score = sum(value * each for value, each in zip(features, weights, strict=True)) / 100
    return round(1 / (1 + math.exp(-max(min(score, 50.0), -50.0))), 4)
