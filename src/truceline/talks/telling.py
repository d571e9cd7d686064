"""Words by which a report tells what happened, in its author's voice: kinds of events, occasions, days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from truceline.terms.packaged import read_packaged

#: what the author of a report tells of, in the order of the lexicon; the last is anything else
EVENT_KINDS = (
    "prisoners",
    "aid",
    "proposal",
    "fighting",
    "movement",
    "agreement",
    "meeting",
    "appearance",
    "other",
)
#: a phrase that names an occasion has at most so many words on each side of its noun
MOST_BEFORE, MOST_BEHIND = 4, 14


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingWords:
    """Patterns of one language."""

    kinds: Mapping[str, re.Pattern[str]]
    occasion: re.Pattern[str]  #: a noun of a meeting with who met whom, where and when
    appearances: re.Pattern[str]  #: nouns of an occasion on which somebody speaks to many
    addressed: tuple[re.Pattern[str], ...]  #: of whom something is asked, as group “who”
    proposals: tuple[re.Pattern[str], ...]
    not_held: re.Pattern[str]  #: what stands before an occasion that is only wished for
    expected: re.Pattern[str]
    before: re.Pattern[str]  #: “already”: before the day of publication
    same_day: re.Pattern[str]  #: “later in the day”
    again: re.Pattern[str]  #: “this first stage of talks”
    near: re.Pattern[str]  #: “earlier this week”: a time that is no day
    not_day: re.Pattern[str]  #: what stands before a day on which something ends or begins
    ahead: re.Pattern[str]  #: words of what is yet to be
    relatives: re.Pattern[str]  #: what a clause of somebody's speech begins with, behind another's
    at_occasion: re.Pattern[str]  #: what stands before the occasion on which something was said
    goes_on: frozenset[str]  #: verbs of one who speaks on
    joining: re.Pattern[str]  #: marks and small words at the end of a phrase
    awaited: re.Pattern[str]  #: what a speaker waits for
    between: re.Pattern[str]  #: words between a verb of saying and a day that is not its own


@cache
def telling_words(language: str) -> TellingWords:
    """The patterns of ``language``: one of ``READ_LANGUAGES``."""
    raw = read_packaged(files("truceline.talks") / "lexicon" / "events.yaml")[language]
    name = r"[^\W\d_a-zа-яёіїєґ][\w’'.&-]*"
    before = rf"(?:(?:{name}|{raw['modifiers']})\s+){{0,{MOST_BEFORE}}}?"
    behind = rf"(?:\s+(?:{raw['links']}|{raw['within']}|{name}|\d+)\b\.?|,\s+{name}(?:\s+{name})?(?=,?\s+(?:{raw['links']})\b)|,(?=\s+(?:between|{raw['links']})\b)){{0,{MOST_BEHIND}}}"
    return TellingWords(
        kinds={kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in raw["kinds"].items()},
        occasion=re.compile(
            rf"(?<![\w-])(?:(?P<own>(?i:{raw['own']}))\s+|(?i:{raw['determiners']})\s+)?(?P<before>{before})(?P<noun>(?i:{raw['occasions']}))(?![\w-])(?P<behind>{behind})"
        ),
        addressed=tuple(re.compile(pattern, re.IGNORECASE) for pattern in raw["addressed"]),
        proposals=tuple(re.compile(pattern) for pattern in raw["proposals"]),
        ahead=re.compile(raw["ahead"]),
        goes_on=frozenset(raw["goes_on"]),
        joining=re.compile(rf"(?:[\s,;.–—]|(?<![\w-])(?:{raw['joining']}|{raw['links']})(?![\w-]))+$", re.IGNORECASE),
        **{
            key: re.compile(raw[key], re.IGNORECASE)
            for key in (
                "appearances", "not_held", "expected", "before", "same_day", "again", "near", "not_day", "between", "relatives",
                "at_occasion", "awaited",
            )
        },
    )  # fmt: skip


def kind_of_event(text: str, told: TellingWords) -> str:
    """What a text tells of; ``other`` where no pattern fits."""
    return next((kind for kind, pattern in told.kinds.items() if pattern.search(text)), "other")
