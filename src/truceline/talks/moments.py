"""Moments that a text names: a time of day with the day and the clock next to it, and days alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from truceline.talks.lexicon import Lexicon, lexicon

#: a day without its year is at most so far from the day of publication
NEAR_DAYS = 183


#: how a number written in digits ends when it is spoken: “18-й”, “18-ї”
_ORDINAL = "(?:-?(?:ти|ми|ої|го|[йіиїо]))?"
#: how an adjective of length ends
_ADJECTIVE = "[аоеиіїыуя][^\\W\\d_]{0,3}|ий|ый"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A time of day and a day, as far as they are given."""

    start: int
    stop: int
    clock_time: time | None
    next_day: bool  #: 24:00
    day: date | None
    clock: str
    zone: str


@cache
def _city_zones() -> dict[str, str]:
    """The last part of every zone's name → the zone: words such as "<city> time" need no list."""
    return {
        zone.rsplit("/", 1)[-1].replace("_", " ").lower(): zone
        for zone in sorted(available_timezones())
        if "/" in zone and not zone.startswith("Etc")
    }


@cache
def grammar_of(language: str) -> dict[str, re.Pattern[str]]:
    """Patterns of one language: a time of day, a day, a length."""
    rows = lexicon(language).time
    months = "|".join(sorted(rows["months"], key=len, reverse=True))
    hour = (
        r"(?P<h>[01]?\d|2[0-4])(?:[:.](?P<m>[0-5]\d))(?!\d|\.\d)\s?(?P<ap>[ap]\.?m\.?)?|(?P<h2>1[0-2]|\d)\s?(?P<ap2>[ap]\.?m\b\.?)"
        r"|(?P<h4>[01]\d|2[0-4])(?P<m4>[0-5]\d)(?=\s?(?:gmt|utc)\b)"
    )
    if rows.get("hours"):
        at = "|".join(rf"(?<=\b{word}\s)" for word in rows["at"])
        halves = "|".join(rows["halves"])
        days = "|".join(rows["weekday_stems"])
        # “до 18 часов” alone may be a length
        at += rf"|(?<=\bдо\s)(?=\d{{1,2}}{_ORDINAL}\s\w+\s(?:{halves}|\d|{days}))"
        hour += rf"|(?:{at})(?P<h5>[01]?\d|2[0-4]){_ORDINAL}\s(?:{'|'.join(rows['hours'])})\b(?:\s(?P<half>{halves})\b)?"
    words = "|".join([*rows["midnight"], *rows["noon"]])
    clock = rf"(?:{hour}|(?P<word>{words}))"
    day = (
        rf"(?:(?:(?P<d0>\d{{1,2}})(?:-?го)?(?:\s?[-–—]\s?|\s(?:{_joining(rows)})\s))?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:-?го)?\s(?:of\s)?(?P<mon>{months})\.?(?:,?\s(?P<y>\d{{4}}))?"
        rf"|(?P<mon2>{months})\.?\s(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–—]\s?(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?)?(?!\d|:)(?:,\s(?P<y2>\d{{4}}))?"
        rf"|(?P<dn>\d{{1,2}})\.(?P<mn>\d{{1,2}})(?:\.(?P<yn>\d{{4}}))?(?!\d|:))"
    )
    lengths = "|".join(sorted(rows["units"], key=len, reverse=True))
    counts = "|".join(sorted(rows["words"], key=len, reverse=True))
    length = rf"\b(?P<n>\d{{1,3}}|{counts})[\s\u00a0-](?P<u>{lengths})\b"
    if rows.get("compounds"):
        parts = "|".join(sorted(rows["compound_counts"], key=len, reverse=True))
        length += (
            rf"|\b(?P<n2>\d{{1,3}}[\s-]?|{parts})(?P<u2>{'|'.join(rows['compounds'])})(?:{_ADJECTIVE})\b"
        )
        length += rf"|(?<=\bна\s)(?P<u3>{'|'.join(rows['single'])})\b"
    return {
        "clock": re.compile(rf"(?<![\d.:]){clock}", re.IGNORECASE),
        "day": re.compile(rf"(?<![\d.:+]){day}", re.IGNORECASE),
        "length": re.compile(length, re.IGNORECASE),
    }


def _joining(rows: Mapping[str, Any]) -> str:
    """Words between two numbers of one month: “8 to 10 May”."""
    return "|".join(word for word in [*rows["until"], *rows["nights"]] if word.isalpha())


def find_points(
    text: str, published: date | None, *, words: Lexicon, clocks: Mapping[str, str]
) -> list[Point]:
    """Times of day with the day and the clock next to them, and days alone."""
    grammar = grammar_of(words.language)
    points = list(_written_out(text))
    text = _ISO.sub(lambda match: " " * len(match.group()), text)
    hours = [match for match in grammar["clock"].finditer(text) if _time_of_day(match, words)[0] is not None]
    days = [
        day
        for day in grammar["day"].finditer(text)
        if (_day(day, published, words) is not None or day["d"] or day["d2"])
        and not any(hour.start() < day.end() and day.start() < hour.end() for hour in hours)
    ]
    used: set[int] = set()
    for number, hour in enumerate(hours):
        limit = hours[number + 1].start() if number + 1 < len(hours) else len(text)
        floor = hours[number - 1].end() if number else 0
        clock_time, next_day = _time_of_day(hour, words)
        clock, zone, clock_end = _clock(text, hour.end(), words, clocks)
        day = _day_beside(text, hour, days, used, span=(floor, limit), clock_end=clock_end, words=words)
        if not clock and day is not None:
            clock, zone, clock_end = _clock(text, max(day.end(), hour.end()), words, clocks)
        night = clock_time == time(0) and not next_day  # “midnight on May 7-8”: when the 8th begins
        if day is not None:
            used.add(id(day))
            when = _day(day, published, words, last=night)
        else:
            when, day_end, two = _weekday(text, hour, published, words)
            next_day = next_day or (night and when is not None and not two)  # “midnight on Sunday” ends it
            clock_end = max(clock_end, day_end)
            when = when or _relative_day(text, hour, published, words)
        points.append(
            Point(
                start=min(hour.start(), day.start()) if day is not None else hour.start(),
                stop=max(hour.end(), clock_end, day.end() if day is not None else 0),
                clock_time=clock_time,
                next_day=next_day,
                day=when,
                clock=clock,
                zone=zone,
            )
        )
    for day in days:
        if id(day) not in used:
            points += _days_alone(day, published, words)
    return sorted(points, key=lambda point: point.start)


def _day_beside(
    text: str,
    hour: re.Match[str],
    days: Sequence[re.Match[str]],
    used: set[int],
    *,
    span: tuple[int, int],
    clock_end: int,
    words: Lexicon,
) -> re.Match[str] | None:
    """The day of a time: the one after it, unless a word such as “until” stands between; else the one before."""
    told = max(hour.end(), clock_end)
    for day in days:
        if hour.end() <= day.start() < span[1] and day.start() - told <= 12:
            between = text[told : day.start()].strip(" ,").lower()
            if between not in words.time["until"]:
                return day
            break
    for day in reversed(days):
        close = span[0] <= day.start() and day.end() <= hour.start() and hour.start() - day.end() <= 8
        if close and id(day) not in used:
            return day
    return None


def _days_alone(day: re.Match[str], published: date | None, words: Lexicon) -> Iterator[Point]:
    """A day without hours; of “8 to 10 May” both."""
    two = bool(day["d0"] or day["d3"])
    middle = (day.end("d0") if day["d0"] else day.end("d2")) if two else day.end()
    after = (day.start("d") if day["d0"] else day.start("d3")) if two else day.end()
    places = [(day.start(), middle, False), (after, day.end(), True)] if two else [(day.start(), day.end(), True)]  # fmt: skip
    for start, stop, last in places:
        yield Point(
            start=start,
            stop=stop,
            clock_time=None,
            next_day=False,
            day=_day(day, published, words, last=last),
            clock="",
            zone="",
        )


_ISO = re.compile(
    r"\b(?P<day>20\d\d-\d\d-\d\d)[T ](?P<time>[0-2]\d:[0-5]\d)(?::[0-5]\d)?\s?(?P<zone>Z|UTC|[+-]\d\d:\d\d)"
)


def _written_out(text: str) -> Iterator[Point]:
    """Moments in the form of ISO 8601."""
    for match in _ISO.finditer(text):
        try:
            day, at = date.fromisoformat(match["day"]), time.fromisoformat(match["time"])
        except ValueError:
            continue
        zone = match["zone"] if match["zone"][0] in "+-" else "+00:00"
        yield Point(
            start=match.start(), stop=match.end(), clock_time=at, next_day=False, day=day, clock=match["zone"], zone=zone
        )  # fmt: skip


def _time_of_day(match: re.Match[str], words: Lexicon) -> tuple[time | None, bool]:
    word = (match["word"] or "").lower()
    if word:
        return (time(0), False) if word in words.time["midnight"] else (time(12), False)
    spoken = match.re.groupindex.get("h5")
    hour = int(match["h"] or match["h2"] or match["h4"] or (match["h5"] if spoken else 0))
    minute = int(match["m"] or match["m4"] or 0)
    half = (match["ap"] or match["ap2"] or "").lower().replace(".", "")
    if spoken and match["half"]:
        half = words.time["halves"][match["half"].lower()]
    if half:
        if hour > 12:
            return (None, False) if match["ap"] or match["ap2"] else (time(hour % 24, minute), hour == 24)
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour == 24:
        return (time(0), True) if minute == 0 else (None, False)
    return time(hour, minute), False


def _clock(text: str, at: int, words: Lexicon, clocks: Mapping[str, str]) -> tuple[str, str, int]:
    """Words for a clock right after a time: (words, zone, where they end)."""
    rest = text[at : at + 48]
    skipped = re.match(r"[\s,(]*", rest)
    begin = skipped.end() if skipped else 0
    low = rest[begin:].lower()
    offset = re.match(r"(?:utc|gmt)\s?([+-]\d{1,2})(?::?(\d\d))?", low.replace("−", "-"))
    if offset is not None:
        return (
            rest[begin : begin + offset.end()],
            f"{offset.group(1)}:{offset.group(2) or '00'}",
            at + begin + offset.end(),
        )
    known = {**words.time["zones"], **{name.lower(): zone for name, zone in clocks.items()}}
    for name in sorted(known, key=len, reverse=True):
        if low.startswith(name) and not low[len(name) : len(name) + 1].isalnum():
            return rest[begin : begin + len(name)], known[name], at + begin + len(name)
    word = words.time.get("zone_word")
    if word:
        match = re.match(rf"([^\W\d_]+(?: [^\W\d_]+)?) {word}\b", low)
        if match is not None and match.group(1) in _city_zones():
            return rest[begin : begin + match.end()], _city_zones()[match.group(1)], at + begin + match.end()
    return "", "", at


def _day(match: re.Match[str], published: date | None, words: Lexicon, *, last: bool = True) -> date | None:
    """The day that a match names, of two the first or the last; without its year the one nearest to the day of publication."""
    month_word = (match["mon"] or match["mon2"] or "").lower()
    month = words.time["months"].get(month_word) if month_word else int(match["mn"] or 0)
    second = match["d"] or match["d3"] or match["d2"] or match["dn"] or 0
    first = match["d0"] or (match["d2"] if match["d3"] else None) or second
    number = int(second if last else first)
    year = match["y"] or match["y2"] or match["yn"]
    try:
        if year:
            return date(int(year), month, number)
        if published is None:
            return None
        near = [date(published.year + step, month, number) for step in (-1, 0, 1)]
    except ValueError:
        return None
    best = min(near, key=lambda one: abs((one - published).days))
    return best if abs((best - published).days) <= NEAR_DAYS else None


def length_of(match: re.Match[str], words: Lexicon) -> int:
    """Minutes that a match of the pattern of lengths names."""
    time_words = words.time
    parts = match.groupdict()
    if parts.get("u3"):
        return int(time_words["single"][parts["u3"].lower()])
    if parts.get("u2"):
        count = parts["n2"].lower().rstrip("- \u00a0")
        many = int(count) if count.isdigit() else time_words["compound_counts"][count]
        return int(many) * int(time_words["compounds"][parts["u2"].lower()])
    count = parts["n"].lower()
    many = int(count) if count.isdigit() else time_words["words"][count]
    return int(many) * int(time_words["units"][parts["u"].lower()])


def _weekday(
    text: str, hour: re.Match[str], published: date | None, words: Lexicon
) -> tuple[date | None, int, bool]:
    """“18:00 on Saturday”: the nearest such day, of a night between two the second; where its words end; whether two."""
    stems = words.time.get("weekday_stems")
    if not stems:
        return None, 0, False
    named = rf"(?:\W{{0,2}}\b\w{{1,2}}\b)?\W{{0,2}}\b({'|'.join(stems)})\w*"
    match = re.compile(rf"{named}(?:\W\w{{2}}{named})?", re.IGNORECASE).match(text, hour.end())
    if match is None or published is None:
        return None, 0, False
    number = stems[(match.group(2) or match.group(1)).lower()]
    near = [published + timedelta(days=step) for step in range(-3, 4)]
    return next(day for day in near if day.weekday() == number), match.end(), match.group(2) is not None


def _relative_day(text: str, hour: re.Match[str], published: date | None, words: Lexicon) -> date | None:
    """“today”, “tomorrow” near a time."""
    if published is None:
        return None
    near = text[max(0, hour.start() - 24) : hour.end() + 24].lower()
    for key, step in (("today", 0), ("yesterday", -1), ("tomorrow", 1)):
        if any(re.search(rf"\b{word}\b", near) for word in words.time[key]):
            return published + timedelta(days=step)
    return None
