"""What findings rest on: terms, claims, lines, incidents, and the measures that can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from truceline.assurance.series import Bound, Effect, Series
from truceline.findings.claims import Question
from truceline.findings.incident_set import IncidentSet
from truceline.line.history import LineHistory
from truceline.schema.table import Record
from truceline.terms.truce import Truce


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A series measured over a period, with who keeps it."""

    series: Series
    effect: Effect
    source_title: str
    speaker_party_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How much of an area and period the regular sources of an act could see, and why no more."""

    share: float
    text: str
    source_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """All that findings rest on.

    ``measure`` gives the series that speak to a question, ``bound_of`` its bound for a number of
    detections, ``watch_of`` how far regular sources could see (None: none watches that act there),
    ``absent`` the sources that would have spoken and were not there (title and act), ``parts`` the
    areas that lie in an area. ``foresee`` hears all questions first, since a bound of a whole must not
    be below that of a part.
    """

    truce: Truce
    theatre_id: str
    advance_acts: frozenset[str]
    monitors: bool
    claims: Sequence[Record]
    lines: Sequence[LineHistory]
    incidents: IncidentSet
    measure: Callable[[Question], list[Measured]]
    bound_of: Callable[[Question, int | None], Bound]
    watch_of: Callable[[Question], Watch | None]
    absent: Sequence[tuple[str, str | None]] = ()
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trained_existence: bool = False  #: whether a model trained on simulated fronts judged incidents
    foresee: Callable[[Sequence[Question]], None] | None = None  #: told all questions before the first
