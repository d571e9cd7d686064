"""Words of a sentence with what each can be: a name, an office, a verb of saying, a preposition …"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from truceline.talks.lexicon import Lexicon, Verb
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.stems import WORD, nominative, stem

_CAPITAL = re.compile(r"[A-ZА-ЯІЇЄҐÀ-Þ]|(?:al|el|de|van|von|bin|ibn|der|da|di)[-‑][A-ZÀ-Þ]")
_NUMBER = re.compile(r"\d")
#: what stands for a quotation while its surroundings are read
MASK = "\ue000"

Phrases = Mapping[str, tuple[tuple[tuple[str, ...], str, object], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word, a phrase of the lexicon, or a mark.

    Tags: K person, B body, Y party, J a party's adjective (of the case); N another name; R office,
    S institution, G people as a group, T title; O pronoun, W relative; D determiner, o possessive;
    v verb of saying; x auxiliary or adverb; k conjunction; P preposition; A "according to";
    t time or number; Q quotation; c comma, m dash, b bracket, p colon or semicolon; w any other word.
    Where nouns decline: n a name in a case that no subject has.
    """

    start: int
    stop: int
    text: str
    tag: str
    what: object = None


def tag_tokens(text: str, start: int, stop: int, *, words: Lexicon, speakers: Speakers) -> list[Token]:
    """The tokens of ``text[start:stop]``; quotations in it were masked before."""
    raw = [(match.start(), match.end(), match.group()) for match in WORD.finditer(text, start, stop)]
    stems = [stem(part[2]) for part in raw]
    found: list[Token] = []
    at = 0
    while at < len(raw):
        begin, end, written = raw[at]
        phrase = _longest(speakers.phrases, raw, stems, at, names=True, lower=words.declines) or None
        general = _longest(words.phrases, raw, stems, at, names=False)
        if phrase is None or (general is not None and general[0] > phrase[0]):
            phrase = general or phrase
        elif (
            words.declines
            and general is not None
            and general[:2] == (phrase[0], "S")
            and _of_another(raw, stems, at + phrase[0], words, speakers)
        ):
            phrase = general
        if phrase is not None:
            size, tag, what = phrase
            if (
                tag == "G"
                and words.declines
                and written.lower() != what
                and not words.plural_noun.search(written)
            ):
                tag, what = _one_of(stems[at : at + size], words) or (_plain_tag(written, words), None)
            last = raw[at + size - 1][1]
            if not isinstance(what, Verb) or _is_verb(text, begin, last, start, stop, words, found, what):
                found.append(Token(start=begin, stop=last, text=text[begin:last], tag=tag, what=what))
                at += size
                continue
        tag = _plain_tag(written, words)
        if tag == "N" and _is_oblique(written, words, found):
            tag = "n"
        if tag == "o" and found and found[-1].tag in "OW":
            tag = "x"  # “he’s insisted”
        if written != "." or not found or found[-1].tag != "T":  # “Gov.”
            found.append(Token(start=begin, stop=end, text=written, tag=tag))
        at += 1
    return found


def _of_another(
    raw: Sequence[tuple[int, int, str]], stems: Sequence[str], at: int, words: Lexicon, speakers: Speakers
) -> bool:
    """Whether a name in the genitive that the case does not know follows: not the body of the case."""
    if at >= len(raw) or not _CAPITAL.match(raw[at][2]) or raw[at][2].isupper():
        return False
    known = _longest(speakers.phrases, raw, stems, at, names=True, lower=True)
    genitive = words.oblique.search(raw[at][2]) or nominative(raw[at][2]) != raw[at][2]
    return known is None and bool(genitive) and raw[at][2] not in words.not_names


def _longest(
    phrases: Phrases,
    raw: Sequence[tuple[int, int, str]],
    stems: Sequence[str],
    at: int,
    *,
    names: bool,
    lower: bool = False,
) -> tuple[int, str, object] | None:
    """The longest phrase that begins at token ``at``: its size, tag and meaning."""
    for wanted, tag, what in phrases.get(stems[at], ()):
        size = len(wanted)
        if size > 1 and tuple(stems[at : at + size]) != wanted:
            continue
        if names:
            entity, written = what if isinstance(what, tuple) else (what, "")
            if not _as_written(raw[at][2], written, tag, lower=lower):
                continue
            return size, tag, entity
        return size, tag, what
    return None


#: a name in lower case has at least so many letters
LEAST_LOWER = 5


def _one_of(stems: Sequence[str], words: Lexicon) -> tuple[str, object] | None:
    """The office of one person whose word for many has the same stem."""
    rows = words.phrases.get(stems[0], ())
    return next(((tag, what) for one, tag, what in rows if tag == "R" and one == tuple(stems)), None)


def _as_written(word: str, written: str, tag: str, *, lower: bool) -> bool:
    """A name begins with a capital; one in capitals alone ("US") is meant as it is written.

    ``lower``: channels write names of those they dislike in lower case; short ones would be other words.
    """
    if lower and word.islower() and (len(word) >= LEAST_LOWER or (written.isupper() and not word.isascii())):
        return True
    if tag == "J":
        return word[0].isupper() == written[0].isupper() or word[0].isupper()
    if written.isupper() and len(written) <= 4:
        return word.isupper()
    return bool(_CAPITAL.match(word[0]))


def _is_verb(
    text: str, begin: int, end: int, start: int, stop: int, words: Lexicon, found: Sequence[Token], verb: Verb
) -> bool:
    """Whether a form is the verb here: no infinitive, and nothing around it says otherwise."""
    if words.own_verb.search(text[begin:end]):
        return False
    if verb.bare and found and found[-1].text.lower() in words.infinitive_marks:
        return False
    if found and found[-1].tag == "o":
        return False  # “the leader’s call for …”
    if not words.declines and found and not verb.participle and _is_noun(text[begin:end], found[-1], words):
        return False
    before, after = text[max(start, begin - 60) : begin], text[end : min(stop, end + 60)]
    return not any(rule.fits(before, after) for rule in words.not_verbs.get(text[begin:end].lower(), ()))


def _is_noun(form: str, before: Token, words: Lexicon) -> bool:
    """Whether a form without an ending of the past is a noun by what stands before: “their call”, “of demands”."""
    if form.lower().endswith("ed") or " " in form:
        return False
    if before.tag in ("D", "J"):
        return form.lower() not in words.past_forms
    return (
        before.tag == "P"
        and before.text.lower() not in words.stop_prepositions
        and before.text.lower() not in words.clause_words
        and form.lower() not in words.past_forms
    )


#: an abbreviation that stands for a body or a country has at most so many letters
LONGEST_ABBREVIATION = 6


def _is_oblique(written: str, words: Lexicon, found: Sequence[Token]) -> bool:
    """Whether a name stands in a case that no subject has, or abbreviates what the office before it is of."""
    if words.declines and written.isupper() and 1 < len(written) <= LONGEST_ABBREVIATION:
        return bool(found) and found[-1].tag in "RSn"
    return words.oblique.search(written) is not None and not _after_according(found)


def _after_according(found: Sequence[Token]) -> bool:
    """Whether “in the words of” stands before, with nothing but words since: its name declines."""
    for token in reversed(found):
        if token.tag in "vcpmQ":
            return False
        if token.tag == "A":
            return not token.text.lower().startswith(("как ", "як "))  # “as said”: its name is a subject
    return False


def _plain_tag(written: str, words: Lexicon) -> str:
    sign = written[0]
    if sign == MASK:
        return "Q"
    if sign in ",":
        return "c"
    if sign in "—–-":
        return "m"
    if sign in "()[]":
        return "b"
    if sign in ":;":
        return "p"
    if written in ("’s", "'s") or (written in "’'" and len(written) == 1):
        return "o"
    if _NUMBER.search(written):
        return "t"
    if written in words.particles:
        return "N"
    if _CAPITAL.match(written) and written not in words.not_names:
        return "N"
    return "w" if sign.isalpha() else "z"


#: a text that opens with “in his words” does so within so many signs
OPENING = 120


def people_ahead(text: str, words: Lexicon, speakers: Speakers) -> tuple[Entity, ...]:
    """The people of the case that a text names as subjects, in order; looked for where it begins without one."""
    if not any(phrase in text[:OPENING].lower() for phrase in words.in_words):
        return ()
    tokens = tag_tokens(text, 0, len(text), words=words, speakers=speakers)
    return tuple(
        token.what
        for token in tokens
        if token.tag == "K" and isinstance(token.what, Entity) and not words.oblique.search(token.text)
    )
