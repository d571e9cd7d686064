"""Of whom a question, a request or a condition asks an answer or an act, as far as its text says so.

addressed  the words name whom: “talks with …”, “urged … to”, “guarantees from …”, “… must”
named      they name one party that is not the speaker's: whose act is asked about
Where they do neither, nobody is named, and nobody is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from truceline.talks.lexicon import lexicon
from truceline.talks.naming import Named, apart, named_in
from truceline.talks.resolve import Discourse
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.statements import Statement
from truceline.talks.telling import telling_words


def asked_of(
    one: Statement, speakers: Speakers, *, text: str = "", own: bool = False
) -> list[dict[str, Any]]:
    """Whom a statement asks: rows of ``id`` (none where unknown), ``name``, ``party`` and ``rule``.

    ``text``: a part of it, such as its condition; ``own``: whether the speaker's own side counts too.
    """
    text = text or one.text
    told = telling_words(one.language)
    found = [match.span("who") for pattern in told.addressed for match in pattern.finditer(text)]
    addressed = [_named(one, text, span, speakers) for span in found]
    rows = list(_rows(one, addressed, "addressed", own=own))
    if rows:
        return rows
    everybody = _named(one, text, (0, len(text)), speakers)
    parties = {each.party for each in everybody.who if each.party} - ({one.speaker.party} if not own else set())  # fmt: skip
    if len(parties) != 1 and not own:
        return []
    return [
        {"id": party.id, "name": party.name, "party": party.id, "rule": "named"}
        for party in (speakers.party_of(name) for name in sorted(parties))
        if party is not None
    ]


def _named(one: Statement, text: str, span: tuple[int, int], speakers: Speakers) -> Named:
    words = lexicon(one.language)
    discourse = Discourse(speakers=speakers, words=words, day=one.said_on or one.published)
    return named_in(apart(text), *span, words=words, speakers=speakers, discourse=discourse)


def _rows(one: Statement, found: list[Named], rule: str, *, own: bool) -> Iterator[dict[str, Any]]:
    """Those named, without the speaker, the speaker's side and the media."""
    who: dict[str, Entity] = {each.id: each for named in found for each in named.who}
    mine = {one.speaker.id, *({one.speaker.party} if one.speaker.party and not own else ())}
    for each in who.values():
        if each.media or {each.id, each.party} & mine:
            continue
        yield {"id": each.id, "name": each.name, "party": each.party, "rule": rule}
    speaker = set(one.speaker.name.split())
    for name in dict.fromkeys(name for named in found for name in named.names):
        if not set(name.split()) & speaker:
            yield {"id": None, "name": name, "party": None, "rule": rule}
