"""Figures in a clause's words, in one notation whatever the language: 1,000 is 1000, and 6 p.m. is 18:00."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

_HALF_DAY: Final = re.compile(r"\b(\d{1,2})(?:[:.](\d\d))?\s*([ap])\.?\s?m\b", re.IGNORECASE)
#: groups of three digits, parted by a comma, a point, an apostrophe or a blank (plain, unbroken, narrow, thin)
_THOUSANDS: Final = re.compile(r"(?<![\d.,:])\d{1,3}(?:([,.'\u2019 \u00a0\u202f\u2009])\d{3})(?:\1\d{3})*(?![\d:])(?![.,]\d{3})")  # fmt: skip
_FIGURE: Final = re.compile(r"\d+(?:[.,:]\d+)*")


def figures_of(text: str) -> Counter[str]:
    """Every figure of a text, as often as it stands there; numbers written in words are not found."""
    text = _HALF_DAY.sub(_whole_day, text)
    text = _THOUSANDS.sub(lambda found: re.sub(r"\D", "", found[0]), text)
    return Counter(_plain(found[0]) for found in _FIGURE.finditer(text))


def _whole_day(found: re.Match[str]) -> str:
    hour, minute, half = int(found[1]), found[2] or "00", found[3].lower()
    return f"{hour % 12 + (12 if half == 'p' else 0)}:{minute}" if 1 <= hour <= 12 else found[0]


def _plain(figure: str) -> str:
    """One notation: a point for comma and colon, no noughts that say nothing; a full hour is its hour."""
    whole, *parts = re.split(r"[.,:]", figure)
    if len(parts) != 1:  # a date, a version, an hour with its seconds
        return ".".join(str(int(part)) for part in (whole, *parts))
    fraction = parts[0].rstrip("0")
    return f"{int(whole)}.{fraction}" if fraction else str(int(whole))
