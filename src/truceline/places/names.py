"""A name as it is written → keys by which spellings of one name meet, and what stands around it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from truceline.places.scripts import romanised

#: dropped: apostrophes and what stands for a soft sign in Latin letters
_DROPPED = dict.fromkeys(map(ord, "'’‘ʼʻ`´′″ʹʺ\"“”„«»ьъـ"), None)
#: letters of one script that are written in more than one way
_SAME = str.maketrans(
    {"ё": "е", "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ک": "ك", "ہ": "ه", "ھ": "ه", "ة": "ه", "ۀ": "ه", "ı": "i", "ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe"}
)  # fmt: skip
#: marks that are part of their letter; elsewhere marks fall away
_KEEP_MARKS = ("DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "THAI", "LAO", "MYANMAR", "KHMER")  # fmt: skip
_NUKTA = "\u093c"

_DISTANCE = re.compile(r"(?P<n>\d+(?:[.,]\d+)?)\s*(?P<unit>km|kms|kilomet(?:er|re)s?|км|кілометрів|километров|mi|miles?|m|м)\b")  # fmt: skip
_METRES = {"k": 1000.0, "к": 1000.0, "mi": 1609.344, "m": 1.0, "м": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A name taken apart: the name itself and what was said around it."""

    key: str
    near: bool = False
    offset: bool = False  #: "north of", "8 km from": the direction is not followed
    offset_m: float | None = None
    division: bool = False  #: "… district": not its chief town


def key_of(name: str) -> str:
    """The key of a name: case, width, apostrophes, soft signs, hyphens and accents fall away."""
    if max(name, default=" ") < "\u0300" or _COMPOSED.fullmatch(name):
        # one letter at a time, of Latin or Cyrillic without loose marks: by a table made below
        return " ".join(name.translate(_KEY_LETTERS).split())
    return _key_by_rule(name)


def _key_by_rule(name: str) -> str:
    # before and after: some apostrophes fall apart into a blank and a mark, others are made
    text = unicodedata.normalize("NFKC", name.translate(_DROPPED)).casefold().translate(_DROPPED)
    signs: list[str] = []
    for sign in unicodedata.normalize("NFD", text):
        if unicodedata.combining(sign) or unicodedata.category(sign) == "Mn":
            if _mark_stays(sign, signs[-1] if signs else " "):
                signs.append(sign)
            continue
        signs.append(sign if sign.isalnum() or unicodedata.category(sign) == "Mc" else " ")
    whole = unicodedata.normalize("NFC", "".join(signs)).translate(_SAME)
    return " ".join(whole.split())


def _letter_table() -> dict[int, str]:
    """Letters of Latin and Cyrillic → what is left of them in a key; what divides words is a blank."""
    table: dict[int, str] = {}
    for code in (*range(0x300), *range(0x370, 0x530)):
        left = _key_by_rule(chr(code))
        small = chr(code).casefold()
        dropped = all(ord(sign) in _DROPPED or unicodedata.category(sign) == "Mn" for sign in small)
        table[code] = left or ("" if dropped else " ")
    return table


def _mark_stays(mark: str, before: str) -> bool:
    if mark == _NUKTA:
        return False
    if unicodedata.name(mark, "").startswith(_KEEP_MARKS):
        return True
    # й and ї are letters of their own; ё is often written without its dots
    return (before == "и" and mark == "\u0306") or (before == "і" and mark == "\u0308")


_COMPOSED = re.compile("[\u0000-\u02ff\u0370-\u052f’‘ʼ“”„–—′″]*")
_KEY_LETTERS = {**_letter_table(), **{ord(sign): "" for sign in "’‘ʼ“”„′″"}, ord("–"): " ", ord("—"): " "}


def _keys(words: str) -> frozenset[str]:
    """Words as they stand in a key."""
    return frozenset(key for word in words.split() for key in key_of(word).split())


#: what kind of thing follows; says nothing of which one
_KIND_WORDS = _keys(
    "village town city settlement hamlet township urban type the of municipality locality neighbourhood "
    "neighborhood с м смт сел село місто селище г гор город пос поселок пгт ст станица станция хутор деревня дер "
    "قرية مدينة بلدة गाँव गांव शहर नगर"
)
_NEAR_WORDS = _keys(
    "near close nearby outside around vicinity by біля поблизу коло під близ около возле под قرب नजदीक"
)
_FILLERS = _keys("to the of in at від от к")
#: a division, not its chief town
_AREA_WORDS = _keys(
    "oblast oblasts region province governorate district raion rayon county division sector direction axis front "
    "state область області обл район району напрямок напрямку направление направлении край "
    "محافظة منطقة जिला राज्य"
)
_COMPASS = _keys(
    "north south east west northeast northwest southeast southwest northern southern eastern western "
    "північніше південніше східніше західніше севернее южнее восточнее западнее"
)


@lru_cache(maxsize=100_000)
def loose_key(key: str) -> str:
    """A key in which near transliterations meet (-zhya and -zhia, -ayiv and -aiv, -ssa and -sa).

    Latin letters alone; empty where the key is of another script or too short to tell names apart.
    """
    if len(key) < 5 or not key.isascii():
        return ""
    text = re.sub(r"[yj]", "i", key.replace(" ", ""))
    return re.sub(r"(.)\1+", r"\1", text.replace("kh", "h"))


def latin_keys(name: str) -> list[str]:
    """Keys of a Cyrillic name in Latin letters, by each system; else none."""
    return [key for key in dict.fromkeys(map(key_of, romanised(name))) if key]


@lru_cache(maxsize=100_000)
def read_name(text: str) -> Reading:
    """Take a name apart: village X, near X, 8 km north of X, X district."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    offset_m = None
    if (found := _DISTANCE.search(folded)) is not None:
        unit = found["unit"]
        scale = next(_METRES[start] for start in ("mi", "k", "к", "m", "м") if unit.startswith(start))
        offset_m = float(found["n"].replace(",", ".")) * scale
        folded = folded[: found.start()] + " " + folded[found.end() :]
    words = key_of(folded.replace("р-н", "район")).split()
    near = offset = division = False
    while len(words) > 1:
        if words[0] in _COMPASS:
            # "north of X" is a place beside X; "North X" may be a name of its own
            if not (offset_m is not None or words[1] in _FILLERS or words[0].endswith(("іше", "нее"))):
                break
            offset = True
        elif words[0] in _NEAR_WORDS:
            near = True
        elif words[0] not in _KIND_WORDS and words[0] not in _FILLERS:
            break
        words = words[1:]
    if len(words) > 1 and words[-1] in _KIND_WORDS | {"area"}:
        near = near or words[-1] == "area"
        words = words[:-1]
    if len(words) > 1 and (words[-1] in _AREA_WORDS or words[0] in _AREA_WORDS):
        division = True
    return Reading(
        key=" ".join(words),
        near=near,
        offset=offset or offset_m is not None,
        offset_m=offset_m,
        division=division,
    )
