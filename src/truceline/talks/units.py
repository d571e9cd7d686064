"""Stretches of a text with a speaker, and what else quotation marks hold."""

from __future__ import annotations

from dataclasses import dataclass

from truceline.talks.quotation import Quote
from truceline.talks.resolve import Resolved
from truceline.talks.speakers import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A stretch of one sentence that one speaker is said to have said."""

    start: int
    stop: int
    sentence: tuple[int, int]
    paragraph: int
    who: Resolved
    rule: str
    kind: str  #: say or report; of a bare quotation: quote
    stance: str
    base: str
    cue: tuple[int, int] | None  #: where the cue stands
    via: Entity | None = None
    quotes: tuple[tuple[int, int], ...] = ()
    opens: bool = False  #: first unit of its quotation or sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributed:
    """What was found in a document."""

    units: tuple[Unit, ...]
    speech: tuple[tuple[Quote, Unit], ...]  #: quotations that are somebody's words
    terms: tuple[Quote, ...]  #: quotation marks around a term, a title, a word kept at a distance
    open: tuple[Quote, ...]  #: quotations whose speaker was not found
