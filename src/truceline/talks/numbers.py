"""Numbers in a statement: value, how it is meant, and what is counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from truceline.talks.lexicon import Lexicon

_CLOCK = re.compile(r"(?:[01]?\d|2[0-3])\.[0-5]\d$")
#: a word with a capital right before a number, behind another word: “Channel 5 that …”
_NAMED = re.compile(r"[^\W\d_]\S*[ \u00a0][^\W\d_a-zа-яёіїєґ][^\W\d_]+[ \u00a0]$")
_YEAR = re.compile(r"(?:19|20)\d\d$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number as a text gives it."""

    value: float
    relation: str  #: =, ≈, ≥, ≤
    unit: str  #: the word or two after it
    text: str
    start: int  #: in the text of the document


@cache
def _pattern(language: str) -> re.Pattern[str]:
    from truceline.talks.lexicon import lexicon

    rows = lexicon(language).numbers
    scale = "|".join(sorted(rows["scale"], key=len, reverse=True))
    counts = "|".join(
        sorted((word for word in lexicon(language).time["words"] if len(word) > 1), key=len, reverse=True)
    )
    return re.compile(
        rf"(?<![\w.,:])(?P<money>[$€£₽₴])?(?P<digits>\d{{1,3}}(?:[,\u00a0\u202f ]\d{{3}})+(?![\d])|\d+(?:[.,]\d+)?|(?:{counts})(?=\s(?:{scale})\b))(?![\d:])"
        rf"(?:\s?(?P<percent>%|percent\b|per cent\b))?(?:[\s-]?(?P<scale>{scale})\b)?(?:[\s-](?P<unit>[^\W\d_]+(?:[\s-][^\W\d_]+)?))?",
        re.IGNORECASE,
    )


def find_numbers(text: str, *, offset: int, words: Lexicon) -> tuple[Number, ...]:
    """The numbers of ``text``, which begins at ``offset`` of its document; years and clock times are none."""
    found = []
    for match in _pattern(words.language).finditer(text):
        digits = match["digits"]
        if _YEAR.match(digits) and not match["percent"] and not match["scale"]:
            continue
        if (match["unit"] or "").split(" ")[0].lower() in words.time["months"]:
            continue  # a day
        if _CLOCK.match(digits) and _tells_a_time(text[: match.start()], match["unit"] or "", words):
            continue  # “from 12.25 to 12.45”
        if _is_name(text, match, words):
            continue  # “told Channel 5 that …”
        word = words.time["words"].get(digits.lower())
        value = (float(word) if word is not None else _value(digits)) * float(
            words.numbers["scale"].get((match["scale"] or "").lower(), 1)
        )
        unit = "%" if match["percent"] else match["unit"] or ""
        if match["money"]:
            unit = match["money"]
        found.append(
            Number(
                value=value, relation=_relation(text[max(0, match.start() - 24) : match.start()], words),
                unit=_unit(unit, words, joined=match["unit"] is not None and text[match.start("unit") - 1] == "-"), text=match.group().strip(), start=offset + match.start(),
            )
        )  # fmt: skip
    return tuple(found)


def _is_name(text: str, match: re.Match[str], words: Lexicon) -> bool:
    """Whether a bare number belongs to the name before it: nothing is counted behind it but a small word."""
    if match["money"] or match["percent"] or match["scale"] or not match["digits"].isdigit():
        return False
    unit = (match["unit"] or "").split(" ")[0].lower()
    return _NAMED.search(text, 0, match.start()) is not None and (not unit or unit in words.no_units)


def _unit(text: str, words: Lexicon, *, joined: bool) -> str:
    """The unit without what stands behind it: “kilometres of”; of “30-day truce” (``joined``) the day."""
    parts = text.split()
    if joined:
        del parts[1:]
    while len(parts) > 1 and parts[-1].lower() in words.no_units:
        parts.pop()
    return " ".join(parts)


def _tells_a_time(before: str, unit: str, words: Lexicon) -> bool:
    """Whether a number such as 12.25 is a time of day, by the word on either side of it."""
    rows = words.time
    last = before.split()[-1].lower() if before.split() else ""
    ahead = {*rows["from"], *rows["until"], *rows.get("at", ())}
    return last in ahead or unit.split(" ")[0].lower() in {*rows["until"], *rows["zones"]}


def _value(digits: str) -> float:
    if re.fullmatch(r"\d{1,3}(?:[,\u00a0\u202f ]\d{3})+", digits):
        return float(re.sub(r"\D", "", digits))
    return float(digits.replace(",", "."))


def _relation(before: str, words: Lexicon) -> str:
    low = before.lower().rstrip()
    for sign, markers in words.numbers["relation"].items():
        if any(low.endswith(marker) for marker in markers):
            return str(sign)
    return "="
