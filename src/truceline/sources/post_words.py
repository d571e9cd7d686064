"""Words in posts of any language and script: normalised, case-folded, then matched."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache

#: a length at which at least so many texts, and so large a share of them, end is a cut
_CUT_TEXTS = 5
_CUT_SHARE = 0.02
_CUT_OVER_NEIGHBOURS = 3
_NEIGHBOURS = 10


@cache
def _invisible() -> frozenset[str]:
    """Marks that formatters and keyboards leave in texts (general category Cf)."""
    return frozenset(chr(point) for point in range(0x110000) if unicodedata.category(chr(point)) == "Cf")


def normal_text(text: str) -> str:
    """NFKC, without invisible format characters, case-folded, every blank a blank."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        hidden = _invisible().intersection(text)
        if hidden:
            text = text.translate(dict.fromkeys(map(ord, hidden)))
    return " ".join(text.casefold().split())


#: stands between texts that are normalised together: it has no other form, and joins with nothing
_BETWEEN = "\u2980"
_AT_ONCE = 2048


def normal_texts(texts: Sequence[str]) -> list[str]:
    """``normal_text`` of each, many at once, which is several times faster."""
    found: list[str] = []
    for start in range(0, len(texts), _AT_ONCE):
        part = texts[start : start + _AT_ONCE]
        whole = _BETWEEN.join(part)
        if whole.count(_BETWEEN) != len(part) - 1:
            found += map(normal_text, part)
            continue
        whole = unicodedata.normalize("NFKC", whole).replace("\n", " ").replace("\r", " ").replace("\t", " ")
        if not whole.isprintable():
            for mark in _invisible().intersection(whole):
                whole = whole.replace(mark, "")
        whole = whole.casefold()
        if "  " in whole or not whole.isprintable():
            whole = " ".join(whole.split())
        found += [text.strip() for text in whole.split(_BETWEEN)]
    return found


def are_found(pattern: str, texts: Sequence[str]) -> list[bool]:
    """In which normalised texts a pattern is found; plain words are looked for as such."""
    compiled = compile_pattern(pattern)
    word = compiled.pattern
    if re.escape(word).replace("\\ ", " ") == word:
        return [word in text for text in texts]
    search = compiled.search
    return [search(text) is not None for text in texts]


def fold_pattern(pattern: str) -> str:
    """A regular expression for normalised text: letters folded, escapes such as ``\\S`` left alone."""
    composed = unicodedata.normalize("NFKC", pattern)
    folded, escaped = [], False
    for mark in composed:
        folded.append(mark if escaped else mark.casefold())
        escaped = mark == "\\" and not escaped
    # (?P<name> is syntax, and the capital in it is not a letter to fold
    return "".join(folded).replace("(?p<", "(?P<").replace("(?p=", "(?P=")


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern, ready for normalised text.

    Raises
    ------
    ValueError
        If it is no regular expression.
    """
    try:
        return re.compile(fold_pattern(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"no regular expression: {error}") from error


def cut_length(texts: Sequence[str]) -> tuple[int, int] | None:
    """Length at which texts are cut and how many end there; None where nothing points to a cut.

    Texts have no reason to end at one length: many at exactly the longest, far more than at the
    lengths just below, were cut there by whoever made the file.
    """
    return cut_at(Counter(map(len, texts)))


def cut_at(lengths: Counter[int]) -> tuple[int, int] | None:
    """As ``cut_length``, from how many texts there are of each length."""
    n = lengths.total()
    if not lengths:
        return None
    longest = max(lengths)
    n_longest = lengths[longest]
    below = sum(lengths[longest - step] for step in range(1, _NEIGHBOURS + 1)) / _NEIGHBOURS
    if n_longest < _CUT_TEXTS or n_longest < _CUT_SHARE * n or n_longest < _CUT_OVER_NEIGHBOURS * below:  # fmt: skip
        return None
    return longest, n_longest
