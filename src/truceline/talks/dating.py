"""The day that a document gives itself: on a line of its own near its head or foot, or in its dateline."""

from __future__ import annotations

import re
from datetime import date

from truceline.talks.lexicon import lexicon
from truceline.talks.moments import grammar_of

#: lines of the head and of the foot that are looked at, and words that may stand beside a day in one
HEAD_LINES = 8
FOOT_LINES = 2
MOST_BESIDE = 7
#: a dateline ends with a dash within so many characters
DATELINE = 70
#: a line that says a day and little else is no longer than this
LONGEST_LINE = 300
#: a day in brackets, or of a picture, is not the document's
_NOT_OWN = re.compile(
    r"\((?=[^)]*$)|\b(?:photo|picture|image|file|photograph)\b|фото|архив|архів|знімок|снимок", re.IGNORECASE
)


def day_in_text(text: str, *, language: str) -> date | None:
    """The day of publication that the text names for itself, with its year; None where it names none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines[:HEAD_LINES]:
        head = re.split(r"\s[—–-]\s", line, maxsplit=1)
        found = _day_of_line(line, language) or (
            _day_of_line(head[0], language) if len(head) > 1 and len(head[0]) <= DATELINE else None
        )
        if found is not None:
            return found
    return next((day for line in lines[-FOOT_LINES:] if (day := _day_of_line(line, language))), None)


def is_day_alone(line: str, *, language: str) -> bool:
    """Whether a line is a day and nothing else: no title."""
    line = line.strip(" .,\t")
    return len(line) <= DATELINE and grammar_of(language)["day"].fullmatch(line) is not None


def _day_of_line(line: str, language: str) -> date | None:
    """A day with its year in a line that says little else."""
    if len(line) > LONGEST_LINE:
        return None
    for match in grammar_of(language)["day"].finditer(line):
        year = match["y"] or match["y2"] or match["yn"]
        beside = line[: match.start()] + " " + line[match.end() :]
        if not year or match["d0"] or match["d3"] or _NOT_OWN.search(beside):
            continue
        if len(re.findall(r"[^\W\d_]+", beside)) > MOST_BESIDE or re.search(r"[.!?][”\"»]?\s*$", beside):
            continue
        months = lexicon(language).time["months"]
        word = (match["mon"] or match["mon2"] or "").lower()
        try:
            return date(int(year), months[word] if word else int(match["mn"]), int(match["d"] or match["d2"] or match["dn"]))  # fmt: skip
        except ValueError:
            continue
    return None
