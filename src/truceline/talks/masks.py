"""A text as it is read for who speaks: quotations out of sight, marks around names gone."""

from __future__ import annotations

from collections.abc import Sequence

from truceline.talks.quotation import Quote
from truceline.talks.tokens import MASK


def mask(text: str, quotes: Sequence[Quote]) -> str:
    """The text with one sign in place of each quotation and blanks after it; places stay what they were."""
    parts = []
    at = 0
    for quote in quotes:
        start = max(quote.start - 1, at)
        stop = quote.outer_stop
        parts.append(text[at:start])
        parts.append(_hole(text[start:stop]))
        at = stop
    parts.append(text[at:])
    return "".join(parts)


def without_marks(text: str, names: Sequence[Quote]) -> str:
    """The text with blanks for the marks around names; places stay what they were."""
    signs = list(text)
    for name in names:
        for at in (name.start - 1, *([name.stop] if name.balanced else [])):
            signs[at] = " "
    return "".join(signs)


def _hole(quoted: str) -> str:
    """As many signs as the quotation has: a mask where it begins, and where it ends."""
    return MASK + " " * (len(quoted) - 2) + MASK if len(quoted) > 1 else MASK
