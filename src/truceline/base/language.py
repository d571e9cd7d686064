"""The language a run speaks: sentences, numbers and dates of the program, and words of the case.

English sentences are the keys of gettext catalogs (``locale/<language>/LC_MESSAGES``). A case's own
words (titles, names, paraphrases) are data: they come in the case's language, and a folder
``locale/`` beside ``case.yaml`` may translate them. The language is a context variable, set by
``speaking`` around a verb; what is handed to other threads must be ``carried`` there.
"""

from __future__ import annotations

import gettext as catalogs
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import ParamSpec, TypeVar

#: languages of the catalogs; English needs none
LANGUAGES: tuple[str, ...] = ("en", "uk", "ru")
WRITTEN = "en"

#: between thousands, and before the decimals
_SEPARATORS: dict[str, tuple[str, str]] = {"uk": ("\u00a0", ","), "ru": ("\u00a0", ",")}

P = ParamSpec("P")
R = TypeVar("R")
#: a case's word: its translation, or of a unit the forms for 1, 2 and 5
Word = str | tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Who speaks: the language, its catalog, the case's words, and which of those were missing."""

    language: str
    catalog: catalogs.NullTranslations
    words: Mapping[str, Word] = field(default_factory=dict)
    written: str = WRITTEN  #: language in which the case is written
    years: bool = False  #: whether dates carry their year: what is told spans several
    used: set[str] = field(default_factory=set)
    missing: dict[str, None] = field(default_factory=dict)  #: in the order met

    @property
    def translates(self) -> bool:
        """Whether the case's words are to be translated at all."""
        return self.language != self.written


_voice: ContextVar[Voice | None] = ContextVar("voice", default=None)
_ENGLISH = Voice(language=WRITTEN, catalog=catalogs.NullTranslations())


@cache
def _catalog(language: str) -> catalogs.NullTranslations:
    if language == WRITTEN:
        return catalogs.NullTranslations()
    from importlib.resources import files  # loaded when another language is asked for

    path = files("truceline") / "locale" / language / "LC_MESSAGES" / "truceline.mo"
    with path.open("rb") as handle:
        return catalogs.GNUTranslations(handle)


def voice() -> Voice:
    """The voice in force: English where none was chosen."""
    return _voice.get() or _ENGLISH


def language() -> str:
    """The language in force, such as ``uk``."""
    return voice().language


@contextmanager
def speaking(
    chosen: str,
    *,
    words: Mapping[str, Word] | None = None,
    written: str = WRITTEN,
    years: bool = False,
) -> Iterator[Voice]:
    """Speak ``chosen`` inside the block; ``words`` translate a case written in ``written``.

    Raises
    ------
    ValueError
        If there is no catalog of that language.
    """
    if chosen not in LANGUAGES:
        raise ValueError(f"no language {chosen!r}; there are {', '.join(LANGUAGES)}")
    token = _voice.set(
        Voice(
            language=chosen, catalog=_catalog(chosen), words=dict(words or {}), written=written, years=years
        )
    )
    try:
        yield voice()
    finally:
        _voice.reset(token)


def speak(chosen: str | None) -> None:
    """Speak ``chosen`` from here on (None: English), for a program that ends in one language.

    Raises
    ------
    ValueError
        If there is no catalog of that language.
    """
    if chosen is not None and chosen not in LANGUAGES:
        raise ValueError(f"no language {chosen!r}; there are {', '.join(LANGUAGES)}")
    _voice.set(None if chosen is None else Voice(language=chosen, catalog=_catalog(chosen), written=chosen))


def carried(function: Callable[P, R]) -> Callable[P, R]:
    """The function with the voice of now, wherever it is called: threads begin without one."""
    mine = _voice.get()

    def speak(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _voice.set(mine)
        try:
            return function(*args, **kwargs)
        finally:
            _voice.reset(token)

    return speak


def _(message: str) -> str:
    """The sentence in the language in force; fill its placeholders with ``.format`` afterwards."""
    return voice().catalog.gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: float) -> str:
    """The sentence for a number; a fraction takes the form of a few."""
    return voice().catalog.ngettext(singular, plural, int(n) if float(n).is_integer() else 2)


def pgettext(context: str, message: str) -> str:
    """The word as it is meant in ``context``."""
    return voice().catalog.pgettext(context, message)


def N_(message: str) -> str:  # noqa: N802 - the name that extractors know
    """Mark a sentence that is translated where it is used."""
    return message


def NC_(context: str, message: str) -> str:  # noqa: ARG001, N802 - the extractor reads the context
    """Mark a word that ``pgettext`` translates where it is used."""
    return message


def N_n(singular: str, plural: str) -> tuple[str, str]:  # noqa: N802
    """Mark a noun whose forms ``ngettext`` finds where it is used."""
    return singular, plural


_NUMBER = re.compile(r"\d+")


def told(text: str, *, name: bool = False) -> str:
    """A word or sentence of the case in the language in force; as written where none is given.

    ``name``: a name or a citation, which may well stay as written, so that nobody asks for it.
    """
    now = voice()
    if not text or not now.translates:
        return text
    key, numbers = text, list[str]()
    if key not in now.words:
        # one line serves every number: “56 of 80 heard” is found as “# of # heard”
        key, numbers = _NUMBER.sub("#", text), _NUMBER.findall(text)
    found = now.words.get(key)
    if found is None:
        if not name:
            now.missing.setdefault(text)
        return text
    now.used.add(key)
    said = found if isinstance(found, str) else found[0]
    if key == text:
        return said
    left = iter(numbers)
    return re.sub("#", lambda _mark: next(left, "#"), said)


def told_forms(noun: str) -> tuple[str, str, str] | None:
    """The case's forms of a counted noun for 1, 2 and 5; None where it gives none."""
    now = voice()
    found = now.words.get(noun) if now.translates else None
    if found is None:
        return None
    now.used.add(noun)
    return (found, found, found) if isinstance(found, str) else found


def form_of(n: float) -> int:
    """Which of three forms goes with a number: 0 as for 1, 1 as for 2, 2 as for 5 (Slavic rule)."""
    if not float(n).is_integer():
        return 1
    last, tens = int(abs(n)) % 10, int(abs(n)) % 100
    if last == 1 and tens != 11:
        return 0
    return 1 if 2 <= last <= 4 and not 12 <= tens <= 14 else 2


def digits(text: str) -> str:
    """A number written the English way (``1,234.5``) with the separators of the language."""
    parted = _SEPARATORS.get(language())
    if parted is None:
        return text
    thousands, decimal = parted
    text = text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    return text if text[-2:-1] in ("", " ") else text.replace("%", f"{thousands}%")


MONTHS: tuple[str, ...] = (
    NC_("month in a date", "January"),
    NC_("month in a date", "February"),
    NC_("month in a date", "March"),
    NC_("month in a date", "April"),
    NC_("month in a date", "May"),
    NC_("month in a date", "June"),
    NC_("month in a date", "July"),
    NC_("month in a date", "August"),
    NC_("month in a date", "September"),
    NC_("month in a date", "October"),
    NC_("month in a date", "November"),
    NC_("month in a date", "December"),
)

SHORT_MONTHS: tuple[str, ...] = (
    NC_("short month in a date", "Jan"),
    NC_("short month in a date", "Feb"),
    NC_("short month in a date", "Mar"),
    NC_("short month in a date", "Apr"),
    NC_("short month in a date", "May"),
    NC_("short month in a date", "Jun"),
    NC_("short month in a date", "Jul"),
    NC_("short month in a date", "Aug"),
    NC_("short month in a date", "Sep"),
    NC_("short month in a date", "Oct"),
    NC_("short month in a date", "Nov"),
    NC_("short month in a date", "Dec"),
)


def day_words(day: date, *, year: bool = True, short: bool = False) -> str:
    """``19 April 2025``, ``19 Apr``: the month in the case that a date asks for."""
    if short:
        month = pgettext("short month in a date", SHORT_MONTHS[day.month - 1])
    else:
        month = pgettext("month in a date", MONTHS[day.month - 1])
    return f"{day.day} {month} {day.year}" if year else f"{day.day} {month}"


#: ``_("…")`` or ``_("… {name} …", {name: expression})``; expressions hold neither commas nor braces
_SCRIPTED = re.compile(r'\b_\(("(?:[^"\\]|\\.)*")(?:, \{([^{}]*)\})?\)')


def say_script(script: str) -> str:
    """A script with its sentences as strings of the language in force, values joined in by ``+``."""

    def speak(found: re.Match[str]) -> str:
        message = _(json.loads(found.group(1)))
        values = dict(pair.split(": ", 1) for pair in (found.group(2) or "").split(", ") if pair)
        pieces = re.split(r"\{(\w+)\}", message) if values else [message]
        said = [
            values[piece] if place % 2 else json.dumps(piece, ensure_ascii=False).replace("<", "\\u003c")
            for place, piece in enumerate(pieces)
            if piece or not values
        ]
        return " + ".join(said)

    return _SCRIPTED.sub(speak, script)
