"""How many records of a source are copies, in words."""

from __future__ import annotations

from collections.abc import Mapping

from truceline.findings.words import copies_words
from truceline.origins.copies import Copies


def copies_text(copies: Copies | Mapping[str, int] | None) -> str:
    """The words for the copies of a source (or for the fields of them); empty where it has none."""
    if copies is None:
        return ""
    counted = copies if isinstance(copies, Copies) else Copies(**copies)
    return copies_words(counted) if counted.copies else ""
