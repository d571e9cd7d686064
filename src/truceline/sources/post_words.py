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
    lengths = Counter(map(len, texts))
    if not lengths:
        return None
    longest = max(lengths)
    n_longest = lengths[longest]
    below = sum(lengths[longest - step] for step in range(1, _NEIGHBOURS + 1)) / _NEIGHBOURS
    if n_longest < _CUT_TEXTS or n_longest < _CUT_SHARE * len(texts) or n_longest < _CUT_OVER_NEIGHBOURS * below:  # fmt: skip
        return None
    return longest, n_longest
