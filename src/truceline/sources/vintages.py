"""Editions of one table compared: what was added, changed, respelled, withdrawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from truceline.base.intervals import Interval, format_time
from truceline.sources.outcome import sentence_list
from truceline.sources.source import InputFile

_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """What is compared of a row."""

    window: Interval
    date_only: bool
    model: str
    place: str
    launched: float | None
    destroyed: float | None

    @property
    def is_tally(self) -> bool:
        """Whether it may be a tally of what was destroyed: dates alone, and as many launched."""
        return self.date_only and self.launched is not None and self.launched == self.destroyed

    @property
    def numbers(self) -> tuple[float | None, float | None]:
        """Launched and destroyed."""
        return self.launched, self.destroyed

    def __str__(self) -> str:
        launched, destroyed = (("?" if n is None else f"{n:g}") for n in self.numbers)
        return f"{format_time(self.window.start)} {self.model} {launched}/{destroyed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A file as one vintage of the table."""

    label: str
    file: InputFile
    waves: tuple[Wave, ...]

    @property
    def last_start(self) -> datetime | None:
        """When its last wave began: the table cannot speak of later days."""
        return max((wave.window.start for wave in self.waves), default=None)

    def days_covered(self, span: Interval) -> int:
        """Days of ``span`` between its first and its last wave."""
        starts = [wave.window.start for wave in self.waves]
        if not starts:
            return 0
        first, last = max(min(starts), span.start), min(max(starts), span.stop)
        return max(0, (last - first).days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What became of the rows of one edition in the next."""

    added: tuple[Wave, ...]
    withdrawn: tuple[Wave, ...]
    changed: tuple[tuple[Wave, Wave], ...]
    n_respelled: int
    n_later: int  #: added after the older edition's last row: news, not a correction


def compare_waves(older: Edition, newer: Edition, span: Interval) -> Difference:
    """Match the rows of two editions that begin in ``span``.

    Rows are matched within the same start: first those alike in full, then by numbers whatever
    the spelling, then by model whatever the numbers, then, where one is left on each side, that
    pair. Never by model or place alone, since editions respell both.
    """
    left, right = _by_start(older, span), _by_start(newer, span)
    added: list[Wave] = []
    withdrawn: list[Wave] = []
    changed: list[tuple[Wave, Wave]] = []
    n_respelled = 0
    for start in sorted(left.keys() | right.keys()):
        a, b = list(left.get(start, [])), list(right.get(start, []))
        _pair(a, b, lambda wave: (wave.model, wave.place, wave.window.stop, *wave.numbers))
        n_respelled += len(_pair(a, b, lambda wave: (wave.window.stop, *wave.numbers)))
        changed += _pair(a, b, lambda wave: (wave.model,))
        if len(a) == len(b) == 1:
            changed.append((a.pop(), b.pop()))
        withdrawn += a
        added += b
    last = older.last_start
    later = [wave for wave in added if last is not None and wave.window.start > last]
    return Difference(
        added=tuple(wave for wave in added if wave not in later),
        withdrawn=tuple(withdrawn),
        changed=tuple(changed),
        n_respelled=n_respelled,
        n_later=len(later),
    )


def compare_editions(editions: list[Edition], span: Interval) -> list[str]:
    """Sentences on each step from one edition to the next; undated labels come last."""
    ordered = sorted(editions, key=lambda edition: (not _DATED.match(edition.label), edition.label))
    notes = []
    for older, newer in pairwise(ordered):
        step = compare_waves(older, newer, span)
        text = (
            f"Vintage {older.label} → {newer.label}, waves of the span: {len(step.added)} added, "
            f"{len(step.changed)} with other numbers or times, {len(step.withdrawn)} withdrawn, "
            f"{step.n_respelled} respelled"
        )
        if step.n_later:
            text += f"; {step.n_later} lie after the older one's last row"
        details = [
            *(f"added {wave}" for wave in step.added),
            *(f"withdrawn {wave}" for wave in step.withdrawn),
            *(f"changed {before} to {after}" for before, after in step.changed),
        ]
        notes.append(text + (f": {sentence_list(details)}." if details else "."))
    return notes


def _by_start(edition: Edition, span: Interval) -> dict[datetime, list[Wave]]:
    groups: dict[datetime, list[Wave]] = {}
    for wave in sorted(edition.waves, key=str):
        if wave.window.start in span:
            groups.setdefault(wave.window.start, []).append(wave)
    return groups


def _pair(a: list[Wave], b: list[Wave], key: Callable[[Wave], tuple[object, ...]]) -> list[tuple[Wave, Wave]]:
    """Take out of both lists the rows with equal keys, in order."""
    pairs = []
    for wave in list(a):
        partner = next((other for other in b if key(other) == key(wave)), None)
        if partner is not None:
            a.remove(wave)
            b.remove(partner)
            pairs.append((wave, partner))
    return pairs
