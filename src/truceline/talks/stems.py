"""Words and their forms compared: as written where words do not decline, by a light stem where they do."""

from __future__ import annotations

import re
from functools import lru_cache

#: words and marks; an abbreviation with its stops is one, a possessive mark stands alone
WORD = re.compile(
    r"(?:[^\W\d_]\.){2,}|[’']s\b|(?<=s)[’'](?=\s)|[^\W_]+(?:[-‑–][^\W_]+)*(?:[’'ʼ](?!s\b)[^\W_]+)*|_+|\S"
)

#: endings of nouns and adjectives in Cyrillic scripts, longest first; one is taken off
_ENDINGS = re.compile(
    "(?:ыми|ими|ами|ями|ого|его|ому|ему|ової|ового|ою|ею|єю|ами|ах|ях|ов|ев|ів|їв|ой|ей|ый|ий|ій|їй|ая|яя|ую|юю|ое|ее|ые|ие|"
    "ым|им|ом|ем|єм|ім|ам|ям|ых|их|ові|еві|єві|а|я|у|ю|е|є|и|і|ы|ї|о|ь|й)$"
)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
#: a stem has at least so many letters
LEAST_STEM = 3


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The word in lower case, without an ending where its script declines: «договора», «договоров» → «договор»."""
    low = word.lower().replace("’", "'").replace("ё", "е")
    if not _CYRILLIC.search(low):
        return low
    cut = _ENDINGS.sub("", low)
    return cut if len(cut) >= LEAST_STEM else low


#: a name in the genitive → as a subject; feminine names in -a cannot be told and stay
_GENITIVES = ((re.compile("(?<=[бвгґджзйклмнпрстфхцчшщ])а$"), ""), (re.compile("(?:ого|его)$"), "ий"))


def nominative(word: str) -> str:
    """A Cyrillic name that stands in the genitive as it is written as a subject: «Дубова» → «Дубов»."""
    for ending, new in _GENITIVES:
        if ending.search(word):
            return ending.sub(new, word)
    return word
