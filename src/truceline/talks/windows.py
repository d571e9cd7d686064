"""Times that statements name: truce windows ("18:00, by the clock of a named city, on 19 April"), days, durations.

An hour without a clock is no moment: the window is kept with its words and without start or stop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from truceline.talks.lexicon import Lexicon, lexicon

#: a day without its year is at most so far from the day of publication
NEAR_DAYS = 183


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A period that a text names; half-open, UTC."""

    text: str
    start: datetime | None
    stop: datetime | None
    minutes: int | None  #: its length, where the text gives one
    clock: str  #: words for the clock; empty where none is given
    open: str = ""  #: what keeps it from being a period: no clock, no year, no start, no stop

    def as_dict(self) -> dict[str, Any]:
        """As it stands in ``statements.json``."""
        return {
            "text": self.text,
            "start": self.start.isoformat() if self.start else None,
            "stop": self.stop.isoformat() if self.stop else None,
            "minutes": self.minutes,
            "clock": self.clock or None,
            "open": self.open or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """A time of day and a day, as far as they are given."""

    start: int
    stop: int
    clock_time: time | None
    next_day: bool  #: 24:00
    day: date | None
    dated: bool  #: a day was named
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
def _grammar(language: str) -> dict[str, re.Pattern[str]]:
    rows = lexicon(language).time
    months = "|".join(sorted(rows["months"], key=len, reverse=True))
    hour = r"(?P<h>[01]?\d|2[0-4])(?:[:.](?P<m>[0-5]\d))(?!\d|\.\d)\s?(?P<ap>[ap]\.?m\.?)?|(?P<h2>1[0-2]|\d)\s?(?P<ap2>[ap]\.?m\b\.?)"
    words = "|".join([*rows["midnight"], *rows["noon"]])
    clock = rf"(?:{hour}|(?P<word>{words}))"
    day = (
        rf"(?:(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:-?го)?\s(?:of\s)?(?P<mon>{months})\.?(?:,?\s(?P<y>\d{{4}}))?|(?P<mon2>{months})\.?\s(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|:)(?:,\s(?P<y2>\d{{4}}))?"
        rf"|(?P<dn>\d{{1,2}})\.(?P<mn>\d{{1,2}})(?:\.(?P<yn>\d{{4}}))?(?!\d|:))"
    )
    lengths = "|".join(sorted(rows["units"], key=len, reverse=True))
    counts = "|".join(sorted(rows["words"], key=len, reverse=True))
    return {
        "clock": re.compile(rf"(?<![\d.:]){clock}", re.IGNORECASE),
        "day": re.compile(rf"(?<![\d.:]){day}", re.IGNORECASE),
        "length": re.compile(rf"\b(?P<n>\d{{1,3}}|{counts})[\s\u00a0-](?P<u>{lengths})\b", re.IGNORECASE),
    }


def find_windows(
    text: str, *, published: date | None, words: Lexicon, clocks: Mapping[str, str]
) -> tuple[Window, ...]:
    """The windows of a text: a time of day, or a range of times or of days; a length alone counts too."""
    grammar = _grammar(words.language)
    points = _points(text, published, words, clocks, grammar)
    found: list[Window] = []
    place = 0
    while place < len(points):
        first = points[place]
        second = points[place + 1] if place + 1 < len(points) else None
        if second is not None and _joins(text[first.stop : second.start], words):
            found.append(_range(text, first, second))
            place += 2
            continue
        if first.clock_time is not None or _bounded(text, first, words):
            found.append(_single(text, first, words))
        place += 1
    lengths = list(grammar["length"].finditer(text))
    if lengths:
        found = _with_length(found, lengths[0], words)
    return tuple(found)


def _points(
    text: str,
    published: date | None,
    words: Lexicon,
    clocks: Mapping[str, str],
    grammar: Mapping[str, re.Pattern[str]],
) -> list[_Point]:
    """Times of day with the day and the clock next to them, and days alone."""
    hours = list(grammar["clock"].finditer(text))
    days = [
        match
        for match in grammar["day"].finditer(text)
        if _day(match, published, words) is not None or match["d"] or match["d2"]
    ]
    days = [
        day
        for day in days
        if not any(hour.start() < day.end() and day.start() < hour.end() for hour in hours)
    ]
    points = []
    used = set()
    for number, hour in enumerate(hours):
        limit = hours[number + 1].start() if number + 1 < len(hours) else len(text)
        floor = hours[number - 1].end() if number else 0
        clock_time, next_day = _time_of_day(hour, words)
        if clock_time is None:
            continue
        clock, zone, clock_end = _clock(text, hour.end(), words, clocks)
        after = next(
            (
                day
                for day in days
                if hour.end() <= day.start() < limit and day.start() - max(hour.end(), clock_end) <= 12
            ),
            None,
        )
        before = next(
            (
                day
                for day in reversed(days)
                if floor <= day.start() and day.end() <= hour.start() and hour.start() - day.end() <= 8
            ),
            None,
        )
        day = (
            before
            if before is not None
            and (after is None or id(before) not in used)
            and id(before) not in used
            and after is None
            else after
        )
        if not clock and day is not None:
            clock, zone, clock_end = _clock(text, max(day.end(), hour.end()), words, clocks)
        when = _day(day, published, words) if day is not None else _relative_day(text, hour, published, words)
        if day is not None:
            used.add(id(day))
        start = min(hour.start(), day.start()) if day is not None else hour.start()
        stop = max(hour.end(), clock_end, day.end() if day is not None else 0)
        points.append(
            _Point(
                start=start,
                stop=stop,
                clock_time=clock_time,
                next_day=next_day,
                day=when,
                dated=day is not None or when is not None,
                clock=clock,
                zone=zone,
            )
        )
    for day in days:
        if id(day) not in used:
            points.append(
                _Point(
                    start=day.start(),
                    stop=day.end(),
                    clock_time=None,
                    next_day=False,
                    day=_day(day, published, words),
                    dated=True,
                    clock="",
                    zone="",
                )
            )
    return sorted(points, key=lambda point: point.start)


def _time_of_day(match: re.Match[str], words: Lexicon) -> tuple[time | None, bool]:
    word = (match["word"] or "").lower()
    if word:
        return (time(0), False) if word in words.time["midnight"] else (time(12), False)
    hour = int(match["h"] or match["h2"])
    minute = int(match["m"] or 0)
    half = (match["ap"] or match["ap2"] or "").lower().replace(".", "")
    if half:
        if hour > 12:
            return None, False
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
    known = {**words.time["zones"], **{name.lower(): zone for name, zone in clocks.items()}}
    for name in sorted(known, key=len, reverse=True):
        if low.startswith(name) and not low[len(name) : len(name) + 1].isalnum():
            return rest[begin : begin + len(name)], known[name], at + begin + len(name)
    word = words.time.get("zone_word")
    if word:
        match = re.match(rf"([^\W\d_]+(?: [^\W\d_]+)?) {word}\b", low)
        if match is not None and match.group(1) in _city_zones():
            return rest[begin : begin + match.end()], _city_zones()[match.group(1)], at + begin + match.end()
    offset = re.match(r"(?:utc|gmt)\s?([+-]\d{1,2})(?::?(\d\d))?", low)
    if offset is not None:
        return (
            rest[begin : begin + offset.end()],
            f"{offset.group(1)}:{offset.group(2) or '00'}",
            at + begin + offset.end(),
        )
    return "", "", at


def _day(match: re.Match[str], published: date | None, words: Lexicon) -> date | None:
    """The day that a match names; without its year the one nearest to the day of publication."""
    month_word = (match["mon"] or match["mon2"] or "").lower()
    month = words.time["months"].get(month_word) if month_word else int(match["mn"] or 0)
    number = int(match["d"] or match["d2"] or match["dn"] or 0)
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


def _relative_day(text: str, hour: re.Match[str], published: date | None, words: Lexicon) -> date | None:
    """“today”, “tomorrow” near a time."""
    if published is None:
        return None
    near = text[max(0, hour.start() - 24) : hour.end() + 24].lower()
    for key, step in (("today", 0), ("yesterday", -1), ("tomorrow", 1)):
        if any(re.search(rf"\b{word}\b", near) for word in words.time[key]):
            return published + timedelta(days=step)
    return None


def _joins(between: str, words: Lexicon) -> bool:
    """Whether the words between two points make them a range."""
    inner = between.strip(" ,").lower()
    return len(inner) <= 24 and (
        inner in words.time["until"]
        or any(
            re.search(rf"(?:^|\s){re.escape(word)}$", inner) for word in words.time["until"] if word.isalpha()
        )
    )


def _bounded(text: str, point: _Point, words: Lexicon) -> bool:
    """Whether a day alone is a start or an end: “from 25 March”."""
    before = text[max(0, point.start - 14) : point.start].lower().rstrip()
    return any(
        before.endswith(word) for word in [*words.time["from"], *words.time["until"]] if word.isalpha()
    )


def _moment(point: _Point, *, day: date | None, zone: str) -> datetime | None:
    day = point.day or day
    if day is None or not zone or point.clock_time is None:
        return None
    if zone[0] in "+-":
        hours, minutes = zone.split(":")
        local = datetime.combine(day, point.clock_time, tzinfo=UTC)
        shift = timedelta(hours=abs(int(hours)), minutes=int(minutes)) * (-1 if zone[0] == "-" else 1)
        moment = local - shift
    else:
        moment = datetime.combine(day, point.clock_time, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return moment + timedelta(days=1) if point.next_day else moment


def _range(text: str, first: _Point, second: _Point) -> Window:
    zone, clock = (first.zone or second.zone), (first.clock or second.clock)
    start = _moment(first, day=second.day, zone=zone)
    stop = _moment(second, day=first.day, zone=second.zone or zone)
    if start is not None and stop is not None and stop <= start and (second.day is None or first.day is None):
        stop += timedelta(days=1)
    minutes = None
    if first.clock_time is None and second.clock_time is None:
        if first.day and second.day and second.day >= first.day:
            minutes = (second.day - first.day).days * 1440 + 1440
        return Window(
            text=text[first.start : second.stop],
            start=None,
            stop=None,
            minutes=minutes,
            clock="",
            open="days without hours",
        )
    if start is not None and stop is not None and stop > start:
        return Window(
            text=text[first.start : second.stop],
            start=start,
            stop=stop,
            minutes=int((stop - start).total_seconds() // 60),
            clock=clock,
        )
    return Window(
        text=text[first.start : second.stop],
        start=start,
        stop=stop if start is None or stop is None or stop > start else None,
        minutes=None,
        clock=clock,
        open=_why(zone, first.day or second.day),
    )


def _why(zone: str, day: date | None) -> str:
    if not zone:
        return "no clock named"
    return "no day named" if day is None else "ends before it starts"


def _single(text: str, point: _Point, words: Lexicon) -> Window:
    before = text[max(0, point.start - 16) : point.start].lower().rstrip()
    ends = any(before.endswith(word) for word in words.time["until"] if word.isalpha())
    moment = _moment(point, day=None, zone=point.zone)
    why = (
        ""
        if moment is not None
        else ("days without hours" if point.clock_time is None else _why(point.zone, point.day))
    )
    return Window(
        text=text[point.start : point.stop], start=None if ends else moment, stop=moment if ends else None, minutes=None,
        clock=point.clock, open=why or ("no start named" if ends else "no end named"),
    )  # fmt: skip


def _with_length(found: list[Window], match: re.Match[str], words: Lexicon) -> list[Window]:
    """A length (“for 30 days”) ends a window that has a start, or stands alone."""
    number = match["n"].lower()
    count = words.time["words"].get(number) if not number.isdigit() else int(number)
    minutes = int(count) * words.time["units"][match["u"].lower()]
    for place, one in enumerate(found):
        if one.start is not None and one.stop is None:
            found[place] = Window(
                text=f"{one.text} … {match.group()}",
                start=one.start,
                stop=one.start + timedelta(minutes=minutes),
                minutes=minutes,
                clock=one.clock,
            )
            return found
    if any(one.minutes is not None for one in found):
        return found
    return [
        *found,
        Window(text=match.group(), start=None, stop=None, minutes=minutes, clock="", open="no start named"),
    ]


def find_day(text: str, published: date | None, *, words: Lexicon) -> date | None:
    """The day on which a statement was made, where its sentence names one: a date, or the last such weekday."""
    if published is None:
        return None
    low = text.lower()
    for word in words.time["yesterday"]:
        if re.search(rf"\b{word}\b", low):
            return published - timedelta(days=1)
    for name, number in words.time["weekdays"].items():
        if re.search(rf"\b{name}\b", low):
            return published - timedelta(days=(published.weekday() - number) % 7)
    return None
