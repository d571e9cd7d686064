"""Whose will a pattern of stance tells: the speaker's own side, another's, or that of people one only looks on at.

Used where a language's lexicon asks for it (``declines``).
"""

from __future__ import annotations

import re

from truceline.talks.lexicon import Lexicon
from truceline.talks.meaning import Stance
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.stems import stem
from truceline.talks.tokens import Token, tag_tokens

#: stances of somebody who takes part
OF_THE_SIDES = frozenset({"accepts", "conditions", "rejects", "demands", "announces"})
#: of these, those that a speaker can have only for the own side
OF_ONE_SIDE = OF_THE_SIDES - {"demands"} | {"open"}
_LATIN = re.compile("[A-Za-z]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")


def looks_on(entity: Entity, words: Lexicon) -> bool:
    """Whether a speaker only looks on; a name in Latin letters in a Cyrillic text is an outlet's."""
    if entity.media:
        return True
    if entity.known or entity.party is not None:
        return False
    if _LATIN.search(entity.name) and not _CYRILLIC.search(entity.name):
        return True
    return any(stem(word) in words.onlookers for word in entity.name.split())


def settled(
    stance: Stance, text: str, entity: Entity, *, base: str, words: Lexicon, speakers: Speakers
) -> Stance:
    """The stance, or that a speaker claims what a pattern took for a will of the speaker's."""
    if not words.declines or not stance.rule.startswith("pattern"):
        return stance
    if stance.stance in OF_THE_SIDES and (looks_on(entity, words) or base in words.passes_on):
        return Stance(stance="claims", rule=f"onlooker; {stance.rule}")
    if stance.stance in OF_ONE_SIDE and entity.party is not None:
        at = text.find(stance.rule.split(": ", 1)[1])
        subjects = _subjects(text[: max(at, 0)], words, speakers)
        if subjects and entity.party not in subjects:
            return Stance(stance="claims", rule=f"told of others; {stance.rule}")
    return stance


def _subjects(before: str, words: Lexicon, speakers: Speakers) -> set[str]:
    """The parties named as a subject before what a pattern found, in the same clause."""
    clause = re.split(r"[.;:«»“”\"—]|, (?:а|но|але|что|що)\b", before)[-1]
    tokens = tag_tokens(clause, 0, len(clause), words=words, speakers=speakers)
    return {party for token in tokens if (party := _named(token, words)) is not None}


def _named(token: Token, words: Lexicon) -> str | None:
    """The party of a name that stands as a subject does."""
    what = token.what
    if token.tag not in "YKB" or not isinstance(what, Entity) or words.oblique.search(token.text):
        return None
    return what.party
