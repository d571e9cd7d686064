"""Whose words a headline quotes: whom it names beside the quotation, for headlines seldom have a verb of saying."""

from __future__ import annotations

from truceline.talks.documents import Document
from truceline.talks.lexicon import Lexicon
from truceline.talks.mentions import find_mentions
from truceline.talks.quotation import Quote
from truceline.talks.resolve import Discourse, Resolved
from truceline.talks.speakers import Speakers
from truceline.talks.tokens import tag_tokens


def beside_quotation(
    document: Document, quote: Quote, *, words: Lexicon, speakers: Speakers
) -> Resolved | None:
    """Whom a headline names right before a quotation (“Country, Name “…””), else right after it; None for nobody."""
    line = next(one for one in document.paragraphs if one.start <= quote.start < one.stop)
    discourse = Discourse(speakers=speakers, words=words, day=document.published)
    for start, stop, place in ((line.start, quote.start - 1, -1), (quote.outer_stop, line.stop, 0)):
        tokens = tag_tokens(document.text, start, stop, words=words, speakers=speakers)
        mentions = [
            one
            for one in find_mentions(tokens, declines=words.declines)
            if one.kind in ("titled", "name", "single", "known", "office")
        ]
        if not mentions:
            continue
        near = mentions[place]
        between = tokens[near.last + 1 :] if place else tokens[: near.first]
        if all(token.tag in "cpm" for token in between):
            return discourse.resolve(near, tokens)
    return None
