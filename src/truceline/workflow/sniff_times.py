"""What the times of a stranger's column seem to be: moments, dates or clocks, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.language import _
from truceline.sources.days import DateOnly, TimeReadError, read_moment
from truceline.sources.table_clocks import EXCEL, NUMBERED, as_iso, read_clock

#: share of the cells that must read as what a column is taken for
TELLING_SHARE = 0.8
#: distinct texts on which a way of writing is tried
_TRIED = 400
_DATES = [f"%Y{mark}%m{mark}%d" for mark in "-/."] + ["%Y%m%d"]
_TWINS = [(f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}") for mark in "/.-" for year in ("%Y", "%y")]
_WORDED = ["%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y", "%B %d %Y"]
_CLOCKS = ["%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%Hh%M", "%H.%M", "%H%M"]
_ZONED = re.compile(r"^(.*?\d(?:\s?[AaPp][Mm])?)\s+\(?([A-Za-z][A-Za-z_/]+(?:[+-]\d{1,2})?)\)?$")
_OFFSET = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
_UTC = ("UTC", "GMT")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGuess:
    """How a column's times seem to be written."""

    kind: Literal["moment", "date", "clock"]
    pattern: str | None = None  #: None: ISO 8601, or typed by the file
    or_pattern: str | None = None  #: another that fits as well: nobody but the user can tell
    zoned: bool = False  #: every time says its offset
    zone: str | None = None  #: zone that the texts name
    zone_word: str | None = None  #: letters after the times that are no zone's full name
    example: str = ""
    doubt: str = ""
    readable: bool = True  #: whether `table` can read them all
    why: str = ""  #: what told the pattern from its twin


def guess_times(values: pa.Array, *, clock: bool = False, named: bool = False) -> TimeGuess | None:
    """What a column holds; None where it holds no times. ``clock``: its name is one of clocks too.

    ``named``: its name is one of times, so that numbers as workbooks keep dates are dates.
    """
    guess = _guess_values(values, clock=clock)
    return _guess_workbook(values) if guess is None and named and not clock else guess


#: numbers of days that are of these years, 1980 to 2100
_EARLIEST_DAY, _LATEST_DAY = 29_221, 73_415


def _guess_workbook(values: pa.Array) -> TimeGuess | None:
    """Days since the end of 1899, where nine in ten of the cells are such numbers."""
    if not (pa.types.is_string(values.type) or pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):  # fmt: skip
        return None
    texts = [text for one in pc.unique(values.drop_null()).to_pylist() if (text := str(one).strip())]
    tried = texts[:: max(len(texts) // _TRIED, 1)]
    days = [float(text.replace(",", ".")) for text in tried if re.fullmatch(r"\d{5}(?:[.,]\d+)?", text)]
    inside = [day for day in days if _EARLIEST_DAY <= day < _LATEST_DAY]
    if not tried or len(inside) < 0.9 * len(tried):
        return None
    shown = as_iso(tried[0], EXCEL)
    why = _("Its times are numbers of days as a workbook keeps them: {number} is {time} (--time-format excel).").format(number=tried[0], time=shown)  # fmt: skip
    kind: Literal["moment", "date"] = "date" if all(day == int(day) for day in inside) else "moment"
    return TimeGuess(kind=kind, pattern=EXCEL, example=tried[0], why=why)


def _guess_values(values: pa.Array, *, clock: bool) -> TimeGuess | None:
    kind = values.type
    known = values.drop_null()
    if not len(known):
        return None
    if pa.types.is_time(kind):
        return TimeGuess(kind="clock")
    if pa.types.is_date(kind):
        return TimeGuess(kind="date")
    if pa.types.is_timestamp(kind):
        midnight = kind.tz is None and pc.all(pc.equal(known, pc.floor_temporal(known, unit="day"))).as_py()
        return TimeGuess(kind="date" if midnight else "moment", zoned=kind.tz is not None)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _guess_numbers(known, clock=clock)
    if not pa.types.is_string(kind):
        return None
    texts = [text.strip() for text in pc.unique(known).to_pylist() if text.strip()]
    return _guess_texts(texts, clock=clock) if texts else None


def _guess_numbers(known: pa.Array, *, clock: bool) -> TimeGuess | None:
    low, high = (value.as_py() for value in pc.min_max(known).values())
    if low >= 978_307_200 and high < 4_102_444_800:
        return TimeGuess(kind="moment", pattern="epoch_s", zoned=True)
    if low >= 978_307_200_000 and high < 4_102_444_800_000:
        return TimeGuess(kind="moment", pattern="epoch_ms", zoned=True)
    texts = [str(value) for value in pc.unique(known).to_pylist()]
    if low >= 19_000_101 and high < 21_000_101:
        return TimeGuess(kind="date", pattern="%Y%m%d") if _fits(texts, "%Y%m%d") >= TELLING_SHARE else None
    return TimeGuess(kind="clock") if clock and _share(read_clock(text) is not None for text in texts) >= TELLING_SHARE else None  # fmt: skip


def _guess_texts(texts: Sequence[str], *, clock: bool) -> TimeGuess | None:
    tried = texts[:: max(len(texts) // _TRIED, 1)]
    if all(re.fullmatch(r"\d{9,13}(?:\.0)?", text) for text in tried):
        return _guess_numbers(pa.array([float(text) for text in texts]), clock=False)
    iso = [_iso_kind(text) for text in tried]
    if _share(one is not None for one in iso) >= TELLING_SHARE:
        zoned = all(bool(_OFFSET.search(text[10:])) for text in tried)
        return TimeGuess(kind="date" if "moment" not in iso else "moment", zoned=zoned)
    if clock and _share(read_clock(text) is not None for text in tried) >= TELLING_SHARE:
        return TimeGuess(kind="clock")
    ends = [_ZONED.match(text) for text in tried]
    if sum(match is not None for match in ends) >= TELLING_SHARE * len(tried):
        return _guess_zoned([match for match in ends if match is not None], texts)
    return _guess_pattern(texts, tried)


def _iso_kind(text: str) -> str | None:
    try:
        read_moment(text, zone="UTC")
    except DateOnly:
        return "date"
    except TimeReadError:
        return None
    return "moment"


def _guess_zoned(ends: Sequence[re.Match[str]], texts: Sequence[str]) -> TimeGuess | None:
    """Times that end in the name of a zone, or in letters for one."""
    names = sorted({match[2] for match in ends})
    if all(name.casefold() in ("am", "pm") for name in names):
        return _guess_pattern(texts, texts[:: max(len(texts) // _TRIED, 1)])
    bodies = [match[1] for match in ends]
    guess = _guess_pattern(bodies, bodies)
    if guess is None or guess.pattern is None:
        return None
    if len(names) > 1:
        return TimeGuess(kind=guess.kind, readable=False, doubt=_("The times name several zones ({names}), which `table` does not tell apart: give them one zone, or offsets.").format(names=", ".join(names[:4])))  # fmt: skip
    zone = "UTC" if names[0].upper() in _UTC else names[0] if _is_zone(names[0]) else None
    doubt = "" if zone else _("The times end in {letters}, which is no zone's full name: say which zone it is.").format(letters=repr(names[0]))  # fmt: skip
    pattern, other = (one and f"{one} {names[0]}" for one in (guess.pattern, guess.or_pattern))
    return TimeGuess(kind=guess.kind, pattern=pattern, or_pattern=other, zone=zone, zone_word=None if zone else names[0], example=guess.example, doubt=doubt)  # fmt: skip


def _is_zone(name: str) -> bool:
    if "/" not in name:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _guess_pattern(texts: Sequence[str], tried: Sequence[str]) -> TimeGuess | None:
    """The pattern that most texts fit; of day and month the one that a number above 12 tells."""
    if not any(
        _of_shape(_shape_of(text)) for text in tried[:20]
    ):  # a wide table has thousands of such columns
        return None
    plain = _best(tried, [pattern for date in (*_DATES, *_WORDED) for pattern in _with_clocks(date)])
    if plain is not None:
        return TimeGuess(kind=_kind(plain), pattern=plain, zoned=plain.endswith("%z"))
    for day_first, month_first in _TWINS:
        for one, two in zip(_with_clocks(day_first), _with_clocks(month_first), strict=True):
            if max(_fits(tried[:20], one), _fits(tried[:20], two)) < TELLING_SHARE:
                continue
            if max(_fits(tried, one), _fits(tried, two)) >= TELLING_SHARE:
                return _told_apart(texts, one, two)
    return None


def _told_apart(texts: Sequence[str], day_first: str, month_first: str) -> TimeGuess:
    numbers = [tuple(int(part) for part in re.split(r"\D", text, maxsplit=2)[:2]) for text in texts if re.match(r"\d{1,2}\D\d{1,2}\D", text)]  # fmt: skip
    day = any(one > 12 >= two for one, two in numbers)
    month = any(two > 12 >= one for one, two in numbers)
    zoned = day_first.endswith("%z")
    if day != month:
        chosen = day_first if day else month_first
        return TimeGuess(kind=_kind(chosen), pattern=chosen, zoned=zoned, why=_why(numbers, day=day))
    example = next((text for text in texts if re.match(r"0?([1-9]|1[0-2])\D", text)), texts[0])
    doubt = _("Some dates have a day above 12 first and some second: the file mixes two ways of writing.") if day else ""  # fmt: skip
    return TimeGuess(kind=_kind(day_first), pattern=day_first, or_pattern=month_first, zoned=zoned, example=example, doubt=doubt)  # fmt: skip


def _why(numbers: Sequence[tuple[int, ...]], *, day: bool) -> str:
    n = sum((one if day else two) > 12 for one, two in numbers)
    said = (
        _("The day stands first in its dates: the first number is above 12 in {n} of {all}.")
        if day
        else _("The month stands first in its dates: the second number is above 12 in {n} of {all}.")
    )
    return said.format(n=n, all=len(numbers))


def _with_clocks(date: str) -> list[str]:
    joins = (" ", ", ", "T") if "%B" not in date and "%b" not in date else (" ", ", ")
    clocked = [f"{date}{join}{clock}" for join in joins for clock in _CLOCKS]
    return [date, *clocked, *(f"{one}{gap}%z" for one in clocked[:2] for gap in ("", " "))]


def _kind(pattern: str) -> Literal["moment", "date"]:
    return "moment" if re.search("%[HI]", pattern) else "date"


def _best(texts: Sequence[str], patterns: Iterable[str]) -> str | None:
    likely = [pattern for pattern in patterns if any(_may_fit(text, pattern) and as_iso(text, pattern) for text in texts[:3])]  # fmt: skip
    scored = [(_fits(texts, pattern), -at, pattern) for at, pattern in enumerate(likely)]
    share, _at, pattern = max(scored, default=(0.0, 0, ""))
    return pattern if share >= TELLING_SHARE else None


def _fits(texts: Sequence[str], pattern: str) -> float:
    return _share(_may_fit(text, pattern) and as_iso(text, pattern) is not None for text in texts)


#: what a directive can stand for, where every digit is written 0 and every letter a
_LOOSE = {
    "%Y": "0{4}",
    "%y": "0{2}",
    "%f": "0{1,6}",
    "%B": r"[a.\W]+",
    "%b": r"[a.\W]+",
    "%p": "[a.]+",
    "%z": "[-+:0a]+",
}


def _may_fit(text: str, pattern: str) -> bool:
    """Whether a text has the digits and letters of a pattern; far quicker than trying each in full."""
    return pattern in NUMBERED or pattern in _of_shape(_shape_of(text))


def _shape_of(text: str) -> str:
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "0", text[:64]))


@lru_cache(maxsize=4096)
def _of_shape(shape: str) -> frozenset[str]:
    return frozenset(pattern for pattern, loose in _loose_forms() if loose.fullmatch(shape))


@lru_cache(maxsize=1)
def _loose_forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    dates = [*_DATES, *_WORDED, *(one for twins in _TWINS for one in twins)]
    return tuple((pattern, re.compile(_loose(pattern))) for date in dates for pattern in _with_clocks(date))


def _loose(pattern: str) -> str:
    form = ""
    for part in re.findall(r"%[a-zA-Z]|\s+|[^%\s]", pattern):
        if part.startswith("%"):
            form += _LOOSE.get(part, "0{1,2}")
        else:
            form += r"\s*" if part.isspace() else "a" if part.isalpha() else re.escape(part)
    return form


def _share(found: Iterable[bool]) -> float:
    cells = list(found)
    return sum(cells) / len(cells) if cells else 0.0
