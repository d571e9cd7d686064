"""Who and what a stretch of text names: those known by name or office, and other names as they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from truceline.talks.lexicon import Lexicon
from truceline.talks.mentions import find_mentions
from truceline.talks.resolve import Discourse
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.tokens import tag_tokens

_HYPHEN = re.compile(r"(?<=\w)[-‑–](?=\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Those a stretch names, in their order."""

    who: tuple[Entity, ...]
    names: tuple[str, ...]  #: places, people of whom nothing is known


def apart(text: str) -> str:
    """The text with the names of “A-B talks” apart; places stay what they were."""
    return _HYPHEN.sub(",", text)


def named_in(
    text: str,
    start: int,
    stop: int,
    *,
    words: Lexicon,
    speakers: Speakers,
    discourse: Discourse,
    sentence: bool = False,
) -> Named:
    """Whom ``text[start:stop]`` names; ``text``: as ``apart`` gives it.

    ``sentence``: a sentence begins there, so that its first word has its capital from that.
    """
    tokens = tag_tokens(text, start, stop, words=words, speakers=speakers)
    known: dict[str, Entity] = {}
    for token in tokens:
        if isinstance(token.what, Entity) and token.tag in "KBYJ":
            known.setdefault(token.what.id, token.what)
    for mention in find_mentions(tokens, declines=words.declines):
        if mention.kind not in ("titled", "office", "known"):
            continue
        found = discourse.resolve(mention, tokens)
        if found is not None and found.entity.kind == "person":
            known.setdefault(found.entity.id, found.entity)
            discourse.note(found.entity)
    names: list[str] = []
    run: list[str] = []
    begins = sentence and [token.tag for token in tokens[:2]] != ["N", "N"]
    for number, token in enumerate(tokens):
        if token.tag == "N" and (number or not begins) and token.text.lower() not in words.time["months"]:
            run.append(token.text)
        elif run and token.tag == "G" and token.text[0].isupper():
            run.append(token.text)  # “the United States”: a word for many that ends a name
        elif run:
            names.append(" ".join(run))
            run = []
    if run:
        names.append(" ".join(run))
    told = {word for one in known.values() for word in one.name.split()}
    others = dict.fromkeys(name for name in names if not set(name.split()) <= told)
    return Named(who=tuple(known.values()), names=tuple(others))
