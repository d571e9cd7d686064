"""The day on which something was said or happened, as the text around it tells it.

Read from the words that tell who spoke, never from what was said: “Talks resume on Monday,” she said on
Friday. Rules, in their order:

named      the sentence names it: a date, a weekday, yesterday, today
same_day   “later in the day”: the day that the text named last
occasion   “this first stage of talks”: the day of the talks told just before
carried    the same speaker goes on in the same paragraph or the same quotation
before     “already”: no day, but before the day of publication
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from truceline.talks.documents import Document
from truceline.talks.lexicon import Lexicon, lexicon
from truceline.talks.masks import mask
from truceline.talks.moments import find_points, grammar_of
from truceline.talks.quotation import find_quotes
from truceline.talks.telling import telling_words
from truceline.talks.units import Unit

DAY_RULES = ("named", "same_day", "occasion", "carried", "before", "correction")
#: words between a verb of saying and its day take no more characters than this
LONGEST_BETWEEN = 60
#: an occasion told again was named at most so many characters before
OCCASION_BACK = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDay:
    """A day that a text names, where it does so, and by which rule."""

    start: int
    stop: int
    day: date | None  #: none where the text names a day that cannot be placed in a year
    words: str
    rule: str


class DayReader:
    """Looks days up in a document whose quotations are out of sight."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.words = lexicon(document.language)
        self.told = telling_words(document.language)
        outer = [one for one in find_quotes(document.text, document.paragraphs) if one.depth == 0]
        self.masked = mask(document.text, outer)
        self.days = _days_of(self.masked, document.published, self.words, self.told.not_day)
        self.starts = [one.start for one in self.days]

    def of(self, start: int, stop: int, *, cue: int | None = None) -> ToldDay | None:
        """The day that ``text[start:stop]`` names outside quotations, by any of the rules but ``carried``.

        ``cue``: where the verb stands behind which “the talks” may be what was spoken of.
        """
        named = next((one for one in self._between(start, stop) if not self._ahead(start, one.start)), None)
        if named is not None:
            return named
        match = self.told.same_day.search(self.masked, start, stop)
        if match is not None:
            before = self.days[: bisect_left(self.starts, start)]
            last = before[-1] if before else None
            return ToldDay(
                start=match.start(), stop=match.end(), day=last.day if last else None,
                words=f"{match.group()} ({last.words})" if last else match.group(), rule="same_day",
            )  # fmt: skip
        occasion = self._occasion(start, stop, stop if cue is None else cue)
        if occasion is not None:
            return occasion
        match = self.told.before.search(self.masked, start, stop)
        if match is not None:
            return ToldDay(
                start=match.start(), stop=match.end(), day=None, words=match.group(), rule="before"
            )
        return None

    def of_unit(self, unit: Unit) -> ToldDay | None:
        """The day on which a stretch was said: in the words that tell who spoke, and those that tell where and when."""
        if unit.cue is None:
            return None
        if unit.kind == "report":
            return self.of(unit.start, unit.stop, cue=unit.cue[0])
        if unit.cue[0] > unit.start:
            found = self.of(unit.start, unit.cue[0]) if not self._said_before(unit) else None
            if found is not None and found.rule != "before":
                return found
        direct = any(stop > unit.start and start < unit.stop for start, stop in unit.quotes)
        for one in self._between(unit.cue[0], unit.stop):
            between = self.masked[min(unit.cue[1], one.start) : one.start]
            if len(between) <= LONGEST_BETWEEN and not self.told.between.search(between):
                return one
            tail = self.words.tail.search(self.masked, unit.cue[1], one.start)
            if direct and tail is not None:
                return one
        match = self.told.same_day.search(self.masked, unit.cue[0], unit.stop)
        return self.of(match.start(), match.end()) if match is not None else None

    def _said_before(self, unit: Unit) -> bool:
        """Whether what was said stands before the verb: its days are then of what was said."""
        return unit.cue is not None and self.masked[unit.start : unit.cue[0]].rstrip().endswith(",") and "\ue000" not in self.masked[unit.start : unit.cue[0]] and len(self.masked[unit.start : unit.cue[0]].split()) > 6  # fmt: skip

    def _between(self, start: int, stop: int) -> Sequence[ToldDay]:
        return self.days[bisect_left(self.starts, start) : bisect_left(self.starts, stop)]

    def _ahead(self, start: int, at: int) -> bool:
        """Whether words of what is yet to be stand before a day in its clause."""
        clause = re.split(r"[,;:]", self.masked[start:at])[-1]
        return self.told.ahead.search(clause) is not None

    def _occasion(self, start: int, stop: int, cue: int) -> ToldDay | None:
        """The day of the talks that the text told just before and now calls “these talks”."""
        match = self.told.again.search(self.masked, start, stop)
        if match is None or (match.start() >= cue and not self.told.at_occasion.search(self.masked[start : match.start()])):  # fmt: skip
            return None
        back = max(0, start - OCCASION_BACK)
        for one in reversed(self._between(back, start)):
            begins = max(self.masked.rfind(sign, back, one.start) for sign in (". ", "\n"))
            ends = min((at for sign in (". ", "\n") if (at := self.masked.find(sign, one.stop)) >= 0), default=start)  # fmt: skip
            if self.told.occasion.search(self.masked, max(begins + 1, back), ends + 1):
                return ToldDay(
                    start=match.start(), stop=match.end(), day=one.day, words=f"{match.group()} ({one.words})", rule="occasion"
                )  # fmt: skip
        return None


def _days_of(text: str, published: date | None, words: Lexicon, not_day: re.Pattern[str]) -> list[ToldDay]:
    """Every day that a text names for what it tells, in order; no start or end of a period."""
    found = []
    for match in _weekdays(words).finditer(text):
        day = None
        if published is not None:
            low = match.group().lower()
            number = words.time["weekdays"].get(low)
            back = 1 if low in words.time["yesterday"] else 0
            day = published - timedelta(days=back if number is None else (published.weekday() - number) % 7)
        found.append((match.start(), match.end(), day))
    for match in grammar_of(words.language)["day"].finditer(text):
        if match["d0"] or match["d3"] or not (match["mon"] or match["mon2"] or match["yn"]):
            continue  # a period, or figures that may be anything
        points = find_points(match.group(), published, words=words, clocks={})
        found.append((match.start(), match.end(), points[0].day if points else None))
    rows = []
    for start, stop, day in sorted(found):
        if not_day.search(text[max(0, start - 24) : start]):
            continue
        rows.append(ToldDay(start=start, stop=stop, day=day, words=" ".join(text[start:stop].split()), rule="named"))  # fmt: skip
    return rows


def _weekdays(words: Lexicon) -> re.Pattern[str]:
    rows = [*words.time["weekdays"], *words.time["yesterday"], *words.time["today"]]
    return re.compile(rf"\b(?:{'|'.join(rows)})\b", re.IGNORECASE)
