"""The words of monitors' tables: distances, bearings, numbers and times, as they write them.

Distances: ``3-5km``, ``800m-1km``, ``about 2km``, ``<1km``, ``N/K``. Bearings: ``SW``, ``S to SE``,
``W-NW``, ``NNE-ENE``, ``north-east``, ``45-60°``. Numbers: ``20``, ``20+``, ``multiple``,
``uncountable``. Times: ``20:15``, ``20:15-20:30``, ``from 04:20``, ``N/K``; dates ``24-Jul``.

A compass point stands for the sector that its writer had no finer word for: one of sixteen points
(``NNE``) for ±11.25°, one of eight (``N``, ``NE``) for ±22.5°.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from truceline.base.intervals import Interval
from truceline.sources.days import TimeReadError, local_day, place_in_zone

_POINTS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")  # fmt: skip
_DEGREES = {point: 22.5 * place for place, point in enumerate(_POINTS)}
_WORDS = (("north", "n"), ("south", "s"), ("east", "e"), ("west", "w"))
_THREE = [(first, side, other) for side in ("north", "south") for other in ("east", "west") for first in (side, other)]  # fmt: skip
_POINT = re.compile(r"(?<![A-Z])(" + "|".join(sorted(_POINTS, key=len, reverse=True)) + r")(?![A-Z])")
_DEGREE = re.compile(r"(\d{1,3}(?:\.\d+)?)(?=\s*(?:°|deg|degrees|[-–]|to\b))", re.IGNORECASE)
_UNKNOWN = {"", "n/k", "nk", "n/a", "na", "unknown", "not known", "undetermined", "?", "-", "–", "none given"}
_NUMBER = r"\d+(?:[.,]\d+)?"
_UNIT = r"km|kilomet(?:re|er)s?|m|met(?:re|er)s?"
_DISTANCE = re.compile(
    rf"(<|>|≤|≥|~|up to|within|less than|under|over|more than|beyond|at least|about|approx\w*|around)?\s*({_NUMBER})\s*({_UNIT})?(?:\s*(?:-|–|to)\s*({_NUMBER}))?\s*({_UNIT})\b",
    re.IGNORECASE,
)
_UP_TO = ("<", "≤", "up to", "within", "less than", "under")
_BEYOND = (">", "≥", "over", "more than", "beyond", "at least")
#: words for a number that nobody could give
_SEVERAL = {"multiple": 2, "several": 2, "uncountable": 2, "numerous": 2, "many": 2, "some": 1, "a few": 2, "few": 2, "countless": 2}  # fmt: skip
_COUNT = re.compile(r"(>=|>|≥|≈|~|over|more than|at least|about|around|approx\w*|min\.?)?\s*(\d{1,6})(?:\s*(?:-|–|to)\s*(\d{1,6}))?\s*(\+|or more)?", re.IGNORECASE)  # fmt: skip
_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-4])[:.h]?([0-5]\d)(?::([0-5]\d))?(?!\d)")
_MONTHS = {name: place for place, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)}  # fmt: skip
_DATES = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?:T(?=\d))?"),
    re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"),
    re.compile(r"(?P<d>\d{1,2})[ -](?P<n>[A-Za-z]{3,9})\.?(?:[ -](?P<y>\d{4}))?"),
)


class WordError(ValueError):
    """A text that is not what its column holds; its words are for the reader of the problem."""


@dataclass(frozen=True, slots=True)
class Band:
    """From the nearer edge to the farther one; the farther is None where there is none."""

    low: float
    high: float | None


def is_unknown(text: str | None) -> bool:
    """Whether the text says that the thing is not known."""
    return text is None or text.strip().casefold() in _UNKNOWN


@lru_cache(maxsize=65_536)
def read_distance(text: str, *, single_share: float) -> Band | None:
    """Distance band in metres that a text names, anywhere in it; None where it names none.

    A single distance stands for itself ± ``single_share`` of it.
    """
    match = _DISTANCE.search(text)
    if match is None:
        return None
    sign, first, first_unit, second, last_unit = match.groups()
    unit = _metres(last_unit)
    low = _plain(first) * (_metres(first_unit) if first_unit else unit)
    high = None if second is None else _plain(second) * unit
    word = (sign or "").casefold()
    if high is not None:
        return Band(min(low, high), max(low, high))
    if word in _UP_TO:
        return Band(0.0, low)
    if word in _BEYOND:
        return Band(low, None)
    return Band(low * (1 - single_share), low * (1 + single_share))


@lru_cache(maxsize=65_536)
def without_distance(text: str) -> str:
    """The text less its distance, so that its letters are not read as compass points."""
    return _DISTANCE.sub(" ", text)


@lru_cache(maxsize=65_536)
def read_bearing(text: str) -> Band | None:
    """Bearing band in degrees (low in [0, 360), high in [low, low + 360]); None where none is named.

    Of two points the sector between them is meant, the short way round. A text in brackets
    (what the monitors add) is not looked at.
    """
    plain = re.sub(r"\([^)]*\)?|\b[Nn]/[KkAa]\b", " ", text)
    numbers = [float(value) for value in _DEGREE.findall(plain)]
    marks = _DEGREE.sub(" ", plain) if numbers else plain
    if numbers and re.search(r"°|deg", plain, re.IGNORECASE):
        later = re.findall(r"\d{1,3}(?:\.\d+)?", plain)
        edges = [(float(value) % 360, 0.0) for value in later[:2]]
    else:
        points = _POINT.findall(_abbreviate(marks))
        edges = [(_DEGREES[point], 11.25 if len(point) == 3 else 22.5) for point in points]
    if not edges:
        return None
    low, high = edges[0][0] - edges[0][1], edges[0][0] + edges[0][1]
    for (before, _), (after, half) in pairwise(edges):
        turn = (after - before + 180) % 360 - 180
        if turn == -180:
            return Band(0.0, 360.0)  # opposite points: nothing says on which side
        if turn >= 0:
            high = max(high, before + turn + half + _lap(before, low, high))
        else:
            low = min(low, before + turn - half + _lap(before, low, high))
    width = min(high - low, 360.0)
    low %= 360
    return Band(low, low + width)


def _lap(bearing: float, low: float, high: float) -> float:
    """Full turns to add to a bearing so that it lies in the band."""
    middle = (low + high) / 2
    return round((middle - bearing) / 360) * 360.0


def _abbreviate(text: str) -> str:
    """``north-east`` → ``NE``; a hyphen between two whole words joins them, between letters it is a range."""
    words = text.casefold()
    for first, second, third in _THREE:
        words = re.sub(rf"\b{first}[- ]?{second}[- ]?{third}\b", f" {first[0]}{second[0]}{third[0]} ", words)
    for long, short in _WORDS[:2]:
        for long_side, short_side in _WORDS[2:]:
            words = re.sub(rf"\b{long}[- ]?{long_side}(?:ern|wards?|erly)?\b", f" {short}{short_side} ", words)  # fmt: skip
    for long, short in _WORDS:
        words = re.sub(rf"\b{long}(?:ern|wards?|erly)?\b", f" {short} ", words)
    return " ".join(
        word.upper() if word.upper() in _DEGREES else word for word in re.split(r"[^a-z]+", words)
    )


@lru_cache(maxsize=4_096)
def read_number(text: str | None) -> tuple[int | None, str | None]:
    """Number and relation: ``multiple`` and ``uncountable`` are ≥ 2, a range is ≥ its lower end.

    Raises
    ------
    WordError
        If it is neither a number nor a word for one.
    """
    if is_unknown(text):
        return None, None
    word = " ".join((text or "").casefold().split())
    if word in _SEVERAL:
        return _SEVERAL[word], "≥"
    match = _COUNT.fullmatch(word)
    if match is None:
        raise WordError("not a number or a word for one")
    sign, low, high, more = match.groups()
    if high is not None or more or sign in (">=", ">", "≥", "over", "more than", "at least", "min", "min."):
        return int(low), "≥"
    return int(low), "≈" if sign else "="


def split_date(text: str, *, year: int | None) -> tuple[date, str]:
    """The date at the start of a text, and the rest of it.

    Raises
    ------
    WordError
        If there is none, or it lacks a year and none is given.
    """
    for form in _DATES:
        match = form.match(text.strip())
        if match is None:
            continue
        value = match.groupdict()
        month = int(value["m"]) if value.get("m") else _MONTHS.get(value["n"][:3].casefold())
        written = value.get("y")
        if month is None:
            continue
        if written is None and year is None:
            raise WordError("the date has no year, and the option `year` gives none")
        try:
            return date(int(written or year or 0), month, int(value["d"])), text.strip()[match.end() :]
        except ValueError as error:
            raise WordError(f"not a date ({error})") from error
    raise WordError("not a date")


@lru_cache(maxsize=65_536)
def read_times(text: str | None, day: date, *, zone: str, about_min: int) -> Interval:
    """When it was: the minute, the range, or the whole day where no time is known.

    A range that runs backwards ends on the next day; ``from 04:20`` is the minute at which it
    began; ``about`` widens by ``about_min`` minutes to both sides.

    Raises
    ------
    WordError
        If there are words and no time among them, or the zone's clocks skipped it.
    """
    plain = re.sub(
        r"(?:\b|(?<=\d))(?:hrs|hours|h|LT|local time)\b\.?", " ", text or "", flags=re.IGNORECASE
    ).strip(" ,;")
    if is_unknown(plain):
        return local_day(day, zone)
    clocks = [_clock(match) for match in _CLOCK.finditer(plain)]
    if not clocks or re.sub(r"[^\W\d_]+|[\s,;:.&/–-]|\d", "", _CLOCK.sub("", plain)):
        raise WordError("no time of day")
    if not set(re.findall(r"[^\W\d_]+", _CLOCK.sub("", plain).casefold())) <= _TIME_WORDS:
        raise WordError("words that are not understood beside the time")
    first, last = clocks[0], clocks[-1]
    opening = day + timedelta(days=first // 1440)
    start = _moment(opening, first % 1440, zone)
    if "until" in plain.casefold() and len(clocks) == 1:
        whole = local_day(day, zone)
        return Interval(whole.start, max(start, whole.start) + timedelta(minutes=1))
    days_on = last // 1440 + (1 if last % 1440 < first % 1440 and last < 1440 else 0)
    stop = _moment(day + timedelta(days=days_on), last % 1440, zone) + timedelta(minutes=1)
    if re.search(r"\b(?:about|around|approx\w*|c|ca)\b", plain, re.IGNORECASE):
        start, stop = start - timedelta(minutes=about_min), stop + timedelta(minutes=about_min)
    if stop <= start:
        raise WordError("the range of times ends before it starts")
    return Interval(start, stop)


_TIME_WORDS = {"from", "to", "between", "and", "until", "till", "about", "around", "approx", "approximately", "at", "c", "ca", "onwards", "starting"}  # fmt: skip


def _clock(match: re.Match[str]) -> int:
    return int(match[1]) * 60 + int(match[2])


def _moment(day: date, minutes: int, zone: str) -> datetime:
    naive = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60)  # noqa: DTZ001 - read by the zone's clocks below
    try:
        return place_in_zone(naive, zone)
    except TimeReadError as error:
        raise WordError(error.message) from error


def _metres(unit: str) -> float:
    return 1000.0 if unit.casefold().startswith("k") else 1.0


def _plain(number: str) -> float:
    return float(number.replace(",", "."))
