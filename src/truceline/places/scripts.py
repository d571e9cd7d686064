"""Cyrillic names in Latin letters, by the systems that maps and agencies use.

Tables written from the published systems:

- Ukrainian national: resolution 55 of the Cabinet of Ministers of Ukraine, 27 January 2010.
- Ukrainian BGN/PCGN 1965 and Russian BGN/PCGN 1947: US Board on Geographic Names and Permanent
  Committee on Geographical Names, *Romanization Systems*.
- ISO 9:1995, one Latin letter for each Cyrillic one (its diacritics fall away in a name's key).
- Scholarly: ISO/R 9:1968, as linguists and German libraries write.
- Russian passports since 2013: ICAO Doc 9303, part 3, section 6.

A name's language is judged by letters that the other one lacks; where there are none, both are tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A system of romanisation: letters, and letters that differ where a word begins."""

    name: str
    language: str  #: uk, ru, or empty for any
    letters: dict[str, str]
    initial: dict[str, str] = field(default_factory=dict)
    after_vowel: dict[str, str] = field(default_factory=dict)  #: also after й, ъ, ь and at the beginning
    _table: dict[int, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_table", str.maketrans(self.letters))

    def write(self, text: str) -> str:
        """``text`` (lower case) in Latin letters; signs of other scripts stay."""
        if not self.initial and not self.after_vowel:
            return text.translate(self._table)
        out: list[str] = []
        before = " "
        for sign in text:
            starts = not before.isalpha()
            if starts and sign in self.initial:
                out.append(self.initial[sign])
            elif sign in self.after_vowel and (starts or before in _SOFTENS):
                out.append(self.after_vowel[sign])
            else:
                out.append(self.letters.get(sign, sign))
            # an apostrophe inside a word does not end it
            before = before if sign in _APOSTROPHES else sign
        return "".join(out)


_APOSTROPHES = "'’ʼ`"
_SOFTENS = frozenset("аеёиоуыэюяіїєйъь")


def _table(common: str, **rest: str) -> dict[str, str]:
    """Pairs such as ``а a б b`` and those that differ."""
    words = common.split()
    return {**dict(zip(words[::2], words[1::2], strict=True)), **rest}


_PLAIN = "а a б b в v д d з z к k л l м m н n о o п p р r с s т t у u ф f"
_EVEN = _PLAIN + " е e ж zh х kh ц ts ч ch ш sh щ shch"
_NO_SIGNS = {"ь": "", "ъ": ""}
_SCHOLARLY = _PLAIN + " е e ж ž х ch ц c ч č ш š щ šč і i ї ï й j ю ju я ja"

SYSTEMS = (
    System(
        name="Ukrainian national 2010",
        language="uk",
        letters=_table(_EVEN + " г h ґ g є ie и y і i ї i й i ю iu я ia", **_NO_SIGNS),
        initial={"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"},
    ),
    System(
        name="Ukrainian BGN/PCGN 1965",
        language="uk",
        letters=_table(_EVEN + " г h ґ g є ye и y і i ї yi й y ю yu я ya", **_NO_SIGNS),
    ),
    System(
        name="Russian BGN/PCGN 1947",
        language="ru",
        letters=_table(_EVEN + " г g ё e и i й y ы y э e ю yu я ya", **_NO_SIGNS),
        after_vowel={"е": "ye", "ё": "ye"},
    ),
    System(
        name="Russian BGN/PCGN 1947, as the press writes it",
        language="ru",
        letters=_table(_EVEN + " г g ё yo и i й y ы y э e ю yu я ya", **_NO_SIGNS),
    ),
    System(
        name="Russian passports (ICAO 9303)",
        language="ru",
        letters=_table(_EVEN + " г g ё e и i й i ы y э e ю iu я ia ъ ie", ь=""),
    ),
    System(
        name="ISO 9:1995",
        language="",
        letters=_table(
            _PLAIN + " е e ё ë є ê ж ž и i і ì ї ï й j х h ц c ч č ш š щ ŝ ы y э è ю û я â г g ґ g̀",
            **_NO_SIGNS,
        ),
    ),
    System(
        name="scholarly, Ukrainian (ISO/R 9:1968)",
        language="uk",
        letters=_table(_SCHOLARLY + " г h ґ g є je и y", **_NO_SIGNS),
    ),
    System(
        name="scholarly, Russian (ISO/R 9:1968)",
        language="ru",
        letters=_table(_SCHOLARLY + " г g ё ë и i ы y э è", **_NO_SIGNS),
    ),
)

_CYRILLIC = re.compile("[\u0400-\u04ff]")
_UKRAINIAN_ALONE = frozenset("іїєґ")
_RUSSIAN_ALONE = frozenset("ыэёъ")


def is_cyrillic(text: str) -> bool:
    """Whether the text has a Cyrillic letter."""
    return not text.isascii() and _CYRILLIC.search(text) is not None


def romanised(text: str) -> list[str]:
    """``text`` by every system of the languages that it may be in; empty where it is not Cyrillic."""
    small = text.casefold()
    if not is_cyrillic(small):
        return []
    signs = set(small)
    languages = {""}
    if not signs & _RUSSIAN_ALONE:
        languages.add("uk")
    if not signs & _UKRAINIAN_ALONE:
        languages.add("ru")
    found: list[str] = []
    for system in SYSTEMS:
        if system.language in languages:
            written = system.write(small)
            if written not in found:
                found.append(written)
    return found
