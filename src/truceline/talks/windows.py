"""Times that statements name: truce windows ("18:00, by the clock of a named city, on 19 April"), days, durations.

An hour without a clock is no moment: the window is kept with its words and without start or stop.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from truceline.talks.lexicon import Lexicon
from truceline.talks.moments import Point, find_points, grammar_of, length_of


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


def find_windows(
    text: str, *, published: date | None, words: Lexicon, clocks: Mapping[str, str]
) -> tuple[Window, ...]:
    """The windows of a text: a time of day, or a range of times or of days; a length alone counts too."""
    grammar = grammar_of(words.language)
    points = find_points(text, published, words=words, clocks=clocks)
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
    lengths = [
        match
        for match in grammar["length"].finditer(text)
        if not any(point.start <= match.start() < point.stop for point in points)
    ]
    if lengths:
        found = _with_length(found, lengths[0], words)
    return tuple(found)


def _joins(between: str, words: Lexicon) -> bool:
    """Whether the words between two points make them a range."""
    inner = between.strip(" ,").lower()
    return len(inner) <= 24 and (
        inner in words.time["until"]
        or any(
            re.search(rf"(?:^|\s){re.escape(word)}$", inner) for word in words.time["until"] if word.isalpha()
        )
    )


def _bounded(text: str, point: Point, words: Lexicon) -> bool:
    """Whether a day alone is a start or an end: “from 25 March”."""
    before = text[max(0, point.start - 14) : point.start].lower().rstrip()
    return any(
        before.endswith(word) for word in [*words.time["from"], *words.time["until"]] if word.isalpha()
    )


def _moment(point: Point, *, day: date | None, zone: str) -> datetime | None:
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


def _range(text: str, first: Point, second: Point) -> Window:
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
            text=_words(text[first.start : second.stop]),
            start=None,
            stop=None,
            minutes=minutes,
            clock="",
            open="days without hours",
        )
    if start is not None and stop is not None and stop > start:
        return Window(
            text=_words(text[first.start : second.stop]),
            start=start,
            stop=stop,
            minutes=int((stop - start).total_seconds() // 60),
            clock=clock,
        )
    return Window(
        text=_words(text[first.start : second.stop]),
        start=start,
        stop=stop if start is None or stop is None or stop > start else None,
        minutes=None if zone else _length_by_one_clock(first, second),
        clock=clock,
        open=_why(zone, first.day or second.day),
    )


def _length_by_one_clock(first: Point, second: Point) -> int | None:
    """Minutes between two times whose clock is not named: both are by the same one, whichever it is."""
    start, stop = _moment(first, day=second.day, zone="+00:00"), _moment(second, day=first.day, zone="+00:00")
    if start is None or stop is None or first.zone or second.zone:
        return None
    if stop <= start and (first.day is None or second.day is None):
        stop += timedelta(days=1)
    return int((stop - start).total_seconds() // 60) if stop > start else None


def _words(text: str) -> str:
    """The words of a window without the mark that ends their sentence."""
    cut = text.strip(" ,;()") if "(" not in text else text.strip(" ,;")
    return cut if re.search(r"[ap]\.m\.$", cut, re.IGNORECASE) else cut.rstrip(".")


def _why(zone: str, day: date | None) -> str:
    if not zone:
        return "no clock named"
    return "no day named" if day is None else "ends before it starts"


def _single(text: str, point: Point, words: Lexicon) -> Window:
    before = text[max(0, point.start - 32) : point.start].lower().rstrip()
    clause = re.split(r"[.,;:]", before)[-1]
    ends = any(
        before.endswith(word) for word in words.time["until"] if word.isalpha() and word != "and"
    ) or any(re.search(rf"\b{word}\b", clause) for word in words.time["ends"])
    moment = _moment(point, day=None, zone=point.zone)
    why = (
        ""
        if moment is not None
        else ("days without hours" if point.clock_time is None else _why(point.zone, point.day))
    )
    return Window(
        text=_words(text[point.start : point.stop]), start=None if ends else moment, stop=moment if ends else None, minutes=None,
        clock=point.clock, open=why or ("no start named" if ends else "no end named"),
    )  # fmt: skip


def _with_length(found: list[Window], match: re.Match[str], words: Lexicon) -> list[Window]:
    """A length (“for 30 days”) ends a window that has a start, or stands alone."""
    minutes = length_of(match, words)
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
