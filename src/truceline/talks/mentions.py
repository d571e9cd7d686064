"""Who is mentioned in a sentence: stretches of tokens that name somebody who could speak."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from truceline.talks.tokens import Token

#: over one letter per token; the order of alternatives is the order of preference
_MENTION = re.compile(
    "(?P<titled>D?(?:[JYBKNS]o?|w(?=[JYBNwRST])|Ro?(?=.)){0,6}?[RT]{1,3}(?:(?:K|N{1,4})|c(?=K|NN)(?:K|N{2,4}))(?![oN]))"
    "|(?P<ranked>[JD]{0,2}R[JYBSN]{1,3}?(?:K|N{2,3})(?![oN]))"
    "|(?P<name>(?:T?K|T?N{2,4})(?![oN]))"
    "|(?P<named_body>D?(?:[JYBKN]o?|w(?=[JYBNwS])){0,5}SN{1,3}(?![oN]))"
    "|(?P<several>D?(?:[JYBKN]o?|w(?=[JYBNwSG])){0,4}[SG]k(?:[JYBKN]o?|w){0,2}[SG])"
    "|(?P<body>D?(?:[JYBKN]o?|w(?=[JYBNwRSG])|[RS](?:o|(?=[RSG]))){0,5}[SG])"
    "|(?P<portrayed>D(?:[JYBKNwu]o?){0,5}R(?!o))"
    "|(?P<office>D?(?:[JYBKN]o?|w(?=[JYBNwR])|[RS](?:o|(?=R))){0,5}R)"
    "|(?P<known>D?(?:[JYN]o?|w(?=[JYNBw])){0,3}B(?!o)|D?Y(?!o))"
    "|(?P<pronoun>O)"
    "|(?P<single>N(?![oN]))"
    "|(?P<owner>K|N{1,4}(?=o))"
)
#: the same where nouns decline: what an office is of stands behind it (“g” a word that can stand there)
_DECLINED = re.compile(
    "(?P<titled>J{0,2}[RT]{1,3}(?:K(?![KN])|N{1,4}(?![NK])|[JYBSGRTnNKgw]{1,9}?(?:K|N{1,3})(?![NK])))"
    "|(?P<name>T?N{0,2}K|T?N{2,4})"
    "|(?P<named_body>J{0,2}Sn{0,2}N{1,3})"
    "|(?P<office>J{0,2}R[JYBSGRnNKg]{1,6}?(?=[xt]*v|[zcpmQ]|$))"
    "|(?P<body>[Jgn]{0,2}[SG][JYBSGRnNKg]{1,6}?w?(?=[xt]*v|[zcpmQ]|$))"
    "|(?P<several>J{0,2}[SG]kJ{0,2}[SG])"
    "|(?P<plain_office>J{0,2}R)|(?P<plain_body>[Jgn]{0,2}[SG])"
    "|(?P<known>J{0,2}B|Y)"
    "|(?P<pronoun>O)"
    "|(?P<single>N)"
)
_OF_SOMETHING = re.compile(r"(?:ого|его|ої|ой|ых|их|ов|ев|ів|їв|[^л][аыиі]|[яїй]|[ыи]е)$")
#: “envoy to the …, Name”: what stands between an office and the name set off after it
_OFFICE_OF = re.compile("P[DwuJYBNoS]{1,5}(?:P[DwuJYBNoS]{1,4})?c")
#: so many mentions may stand within it
MOST_WITHIN = 3
#: words that end so are rather verbs, and no part of a name
_VERBAL = re.compile(r"(?:ed|ing|[^s]s)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Tokens ``first`` to ``last`` (inclusive) that mention somebody; ``head`` is the token that names."""

    first: int
    last: int
    kind: str  #: titled, name, body, named_body, office, known, pronoun, single; owner: stands before ’s
    head: int
    np_last: int  #: with a description set off by commas after it
    title: tuple[int, int] | None = None  #: tokens of the office

    @property
    def is_name(self) -> bool:
        """Whether it names a person."""
        return self.kind in ("titled", "name", "single")


def find_mentions(tokens: Sequence[Token], *, declines: bool = False) -> list[Mention]:
    """The mentions of a sentence, from left to right; ``declines``: of a language whose nouns do."""
    letters = "".join(_letter(token, declines) for token in tokens)
    pattern = _DECLINED if declines else _MENTION
    found: list[Mention] = []
    at = 0
    while at < len(letters):
        match = pattern.match(letters, at)
        if match is None or match.end() == at or _determines(tokens, letters, match):
            at += 1
            continue
        found.append(_declined(match, letters) if declines else _mention(match, letters))
        at = match.end()
    return _with_appositions(found, letters)


def _determines(tokens: Sequence[Token], letters: str, match: re.Match[str]) -> bool:
    """“many new signs”: a word of number before a noun is nobody; “many fear” is."""
    return (
        match.lastgroup == "pronoun"
        and tokens[match.start()].what == "described"
        and letters[match.end() : match.end() + 1] not in ("v", "x", "P")
    )


def _letter(token: Token, declines: bool) -> str:
    if declines and token.tag == "w" and len(token.text) > 2 and _OF_SOMETHING.search(token.text):
        return "g"
    if token.tag == "w" and (_VERBAL.search(token.text) or len(token.text) < 3):
        return "u"  # a word that joins no name
    return token.tag


def _mention(match: re.Match[str], letters: str) -> Mention:
    first, last = match.start(), match.end() - 1
    kind = {"portrayed": "office", "several": "body", "ranked": "titled"}.get(
        str(match.lastgroup), str(match.lastgroup)
    )
    head = last
    title = None
    if kind == "titled":
        tags = letters[first : last + 1]
        roles = [place for place, tag in enumerate(tags) if tag in "RT"]
        title = (first, first + roles[-1])
    elif kind in ("office", "body"):
        title = (first, last)
    return Mention(first=first, last=last, kind=kind, head=head, np_last=last, title=title)


def _declined(match: re.Match[str], letters: str) -> Mention:
    """Of “the head of the office of the party” the head is the first, of “the head … A. B.” the last word."""
    first, last = match.start(), match.end() - 1
    kind = {"several": "body", "plain_office": "office", "plain_body": "body"}.get(
        str(match.lastgroup), str(match.lastgroup)
    )
    if kind == "titled":
        name = last
        while name - 1 > first and letters[name - 1] == "N":
            name -= 1
        return Mention(first=first, last=last, kind=kind, head=last, np_last=last, title=(first, name - 1))
    if kind in ("office", "body"):
        head = next(place for place in range(first, last + 1) if letters[place] in "RSG")
        return Mention(first=first, last=last, kind=kind, head=head, np_last=last, title=(first, last))
    return Mention(first=first, last=last, kind=kind, head=last, np_last=last)


def _with_appositions(found: list[Mention], letters: str) -> list[Mention]:
    """“A. B., the spokesman,” is one mention, and so is “the envoy, A. B.,”."""
    joined: list[Mention] = []
    place = 0
    while place < len(found):
        one = found[place]
        after = found[place + 1] if place + 1 < len(found) else None
        if (
            after is not None
            and one.kind in ("titled", "name", "single")
            and letters[one.last + 1 : after.first] == "c"
            and after.kind in ("office", "body")
        ):
            stop = letters.find("c", after.last + 1)
            verb = re.search("[vQ]", letters[after.last + 1 :])
            end = stop if stop >= 0 and stop - after.last < 26 else None
            if end is not None and (verb is None or after.last + 1 + verb.start() > end):
                joined.append(_extended(one, np_last=end, title=after.title))
                place += 1
                while place < len(found) and found[place].first <= end:
                    place += 1
                continue
        named = _named_after(found, place, letters) if one.kind == "office" else None
        if named is not None:
            after = found[named]
            stop = after.last + (letters[after.last + 1 : after.last + 2] == "c")
            joined.append(
                Mention(
                    first=one.first,
                    last=after.last,
                    kind="titled",
                    head=after.head,
                    np_last=stop,
                    title=(one.first, after.first - 2),
                )
            )
            place = named + 1
            continue
        joined.append(one)
        place += 1
    return [_closed(one, letters) for one in joined]


def _named_after(found: Sequence[Mention], place: int, letters: str) -> int | None:
    """Which mention names the holder of the office at ``place``: “the head of the council in Town, A. B.”."""
    first = found[place].last + 1
    for number in range(place + 1, min(place + 2 + MOST_WITHIN, len(found))):
        if found[number].kind == "name" and _OFFICE_OF.fullmatch(letters[first : found[number].first]):
            return number
    return None


def _extended(one: Mention, *, np_last: int, title: tuple[int, int] | None) -> Mention:
    return Mention(
        first=one.first,
        last=one.last,
        kind=one.kind,
        head=one.head,
        np_last=np_last,
        title=one.title or title,
    )


def _closed(one: Mention, letters: str) -> Mention:
    """A name after a comma (“the adviser, A. B., said”) reaches to the comma that closes it."""
    if (
        one.np_last == one.last
        and "c" in letters[one.first : one.last]
        and letters[one.last + 1 : one.last + 2] == "c"
    ):
        return _extended(one, np_last=one.last + 1, title=one.title)
    return one
