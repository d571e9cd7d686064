"""The language of a text: English, Russian or Ukrainian, by letters and by small words."""

from __future__ import annotations

import re

from truceline.talks.lexicon import READ_LANGUAGES, lexicon

_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
#: so many words are looked at
WORDS_READ = 2000
#: the share of a text's words that must be small words of the language
LEAST_SHARE = 0.04


def detect_language(text: str) -> str | None:
    """``en``, ``ru``, ``uk``; None for another language, or too few words to tell.

    Letters that only one of two languages has count as words of it.
    """
    words = [word.lower() for word in _WORD.findall(text[:40_000])[:WORDS_READ]]
    if not words:
        return None
    shares = {}
    for language in READ_LANGUAGES:
        small = lexicon(language).function_words
        shares[language] = sum(word in small for word in words) / len(words)
    letters = text[:40_000].lower()
    if _CYRILLIC.search(letters):
        own_uk = sum(letters.count(sign) for sign in "іїєґ")
        own_ru = sum(letters.count(sign) for sign in "ыэъё")
        total = max(own_uk + own_ru, 1)
        shares["uk"] += 0.3 * own_uk / total
        shares["ru"] += 0.3 * own_ru / total
        shares["en"] = 0.0
    best = max(READ_LANGUAGES, key=lambda language: shares[language])
    return best if shares[best] >= LEAST_SHARE else None
