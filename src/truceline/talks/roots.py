"""Roots of words and the small words that carry no content: what texts are compared by."""

from __future__ import annotations

import re
from functools import lru_cache

from truceline.talks.stems import stem

WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)?")
SMALL = frozenset(["the", "a", "an", "and", "or", "but", "of", "to", "in", "on", "at", "by", "for", "from", "with", "as", "is", "are", "was", "were", "be", "been", "being", "it", "its", "this", "that", "these", "those", "he", "she", "they", "his", "her", "their", "him", "them", "we", "our", "us", "i", "you", "your", "not", "no", "so", "if", "than", "then", "there", "here", "has", "have", "had", "do", "does", "did", "will", "would", "could", "should", "may", "might", "must", "can", "also", "said", "says", "say", "told", "added", "about", "into", "over", "after", "before", "more", "most", "who", "which", "what", "when", "where", "how", "why", "all", "any", "some", "such", "only", "own", "same", "just", "very", "и", "в", "на", "что", "с", "по", "не", "а", "но", "за", "от", "до", "из", "к", "о", "об", "для", "при", "это", "как", "его", "ее", "их", "он", "она", "они", "мы", "і", "й", "та", "у", "з", "із", "що", "це", "як", "його", "її", "їх", "він", "вона", "вони", "ми", "про"])  # fmt: skip


@lru_cache(maxsize=65_536)
def root_of(word: str) -> str:
    """A word without its commonest endings, so that “support” meets “supports”."""
    low = stem(word)
    for end in ("ing", "ed", "es", "s", "ly"):
        if low.endswith(end) and len(low) - len(end) >= 4:
            return low[: -len(end)]
    return low


def content_words(text: str, *, every: bool = False) -> list[str]:
    """Words that carry content, by their roots; numbers as they are."""
    found = []
    for word in WORD.findall(text):
        low = word.lower().replace("’", "'").removesuffix("'s")
        if every or low not in SMALL:
            found.append(root_of(low))
    return found
