"""The forms in which posts name who speaks: “…, — Name.” behind what was said, “Name:” before it.

Used where a language's lexicon asks for it (``declines``): Russian and Ukrainian news and channels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from truceline.talks.lexicon import Lexicon
from truceline.talks.mentions import Mention
from truceline.talks.quotation import Quote
from truceline.talks.resolve import Resolved, slug
from truceline.talks.speakers import Entity
from truceline.talks.stems import stem
from truceline.talks.tokens import Token

#: a signature has at most so many words, an unknown source at most so many
LONGEST_SIGNATURE = 18
LONGEST_SOURCE = 4
#: before a dash that no comma goes before, so many words make a sentence
LEAST_SAID = 4
#: what a sentence that begins with “this” may add to who spoke, in signs
LONGEST_BACK = 80
#: a name in quotation marks has at most so many words
LONGEST_NAME = 3

_DASH_AFTER = re.compile(r"[\s,.!?…]*[—–-]\s")


def signed_mention(letters: str, at: int, mentions: Sequence[Mention]) -> Mention | None:
    """Whom the words after the dash at ``at`` name, where they are a signature: they end the sentence."""
    tail = letters[at + 1 :].rstrip("zm")
    before = letters[at - 1 : at]
    if not tail or len(tail) > LONGEST_SIGNATURE or set("vpm") & set(tail) or before in ("", "P", "k"):
        return None
    mention = next((one for one in mentions if at < one.first <= at + 3), None)
    if mention is None or set(letters[at + 1 : mention.first]) - set("DwuJN"):
        return None
    rest = letters[mention.np_last + 1 :].rstrip("zm")
    goes_on = "PcbA" if letters[mention.head] == "Y" else "PcbAtuJYNw"
    if rest and rest[0] not in goes_on and not rest.startswith("zN"):  # “Name.NET”
        return None
    closed = before in "cQz"
    if not closed and (at < LEAST_SAID or mention.kind not in ("titled", "name", "known") or len(tail) > 4):
        return None
    return mention


def signed_source(tokens: Sequence[Token], letters: str, at: int, words: Lexicon) -> Resolved | None:
    """An unknown source that signs: few words after a comma and a dash, up to the end of the sentence."""
    tail = letters[at + 1 :].rstrip("zm")
    # a long line that no full stop ends may do without the comma
    open_line = len(tail) == 1 and letters[-1] == tail and at >= 2 * LEAST_SAID
    if not (letters[at - 1 : at] in ("c", "Q") or open_line) or not 1 <= len(tail) <= LONGEST_SOURCE:
        return None
    # “a source in the government”: of one who passes on, where it is found may be told
    within = "P" if stem(tokens[at + 1].text) in words.onlookers and not tail.endswith("P") else ""
    if (
        set(tail[:1]) - set("wNJYSRGu")
        or set(tail[1:]) - {*"wNJYSRGu", *within}
        or at < LEAST_SAID
        or tokens[at + 1].text.lower() in words.function_words
    ):
        return None
    name = " ".join(token.text for token in tokens[at + 1 : at + 1 + len(tail)])
    return Resolved(entity=Entity(id=slug(name), name=name, kind="described"), rule="description")


def leads(tokens: Sequence[Token], letters: str, at: int, mentions: Sequence[Mention]) -> Mention | None:
    """Whom “Name:”, “Name on the talks:” names, the colon standing at ``at``."""
    head = letters[:at]
    if "p" in head or "v" in head or "c" in head.rstrip("c") or letters[at + 1 : at + 2] == "t":
        return None
    mention = next((one for one in mentions if one.last < at), None)
    if mention is None or mention.kind in ("pronoun", "owner") or set(head[: mention.first]) - set("zmtJ"):
        return None
    between = letters[mention.np_last + 1 : at].strip("z")
    if between and between[0] != "P":
        return None
    quoted = letters[at + 1 : at + 2] == "Q"
    outlet = mention.first == 0 and tokens[mention.head].text.isascii()  # “Outlet: …” in another script
    if not quoted and not outlet and (mention.kind == "single" or letters[mention.head] == "Y"):
        return None  # a place before what happened there
    return mention


def marked_names(text: str, quotes: Sequence[Quote]) -> list[Quote]:
    """Quotations that hold a name: of a ship, a plant, a weapon, an outlet; no speech."""
    found = []
    for quote in quotes:
        inside = text[quote.start : quote.stop].strip()
        if not inside or len(inside.split()) > LONGEST_NAME or inside[-1] in ".!?…,":
            continue
        lead = text[max(0, quote.start - 3) : quote.start - 1].rstrip()
        called = lead[-1:].isalnum()  # a word before the marks says what it is that is called so
        if lead.endswith((":", "—", "–")) or (not called and _DASH_AFTER.match(text, quote.outer_stop)):
            continue
        if inside[0].isupper() or inside[0].isdigit():
            found.append(quote)
    return found


def with_whole_names(tokens: Sequence[Token], names: Sequence[Quote]) -> list[Token]:
    """The tokens with one for each name of several words that stood in quotation marks."""
    found: list[Token] = []
    for token in tokens:
        name = next((one for one in names if one.start <= token.start and token.stop <= one.stop), None)
        before = found[-1] if found else None
        if (
            name is None
            or before is None
            or before.start < name.start
            or {before.tag, token.tag} & set("KBY")
        ):
            found.append(token)
        else:
            text = f"{before.text} {token.text}"
            found[-1] = Token(start=before.start, stop=token.stop, text=text, tag="N")
    return found


def is_bare(rest: str, words: Lexicon) -> bool:
    """Whether a sentence says no more than who spoke: “CNN reports this.”"""
    if words.back.match(rest.lstrip(" *_—–-")) and len(rest) <= LONGEST_BACK:
        return True
    return len(re.sub(r"[\W_]+", "", words.back.sub(" ", rest))) <= 3
