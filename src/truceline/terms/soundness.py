"""What is wrong with the sense of terms: contradictions, clauses that say nothing, breaches nobody could see."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations

from truceline.base.intervals import Interval, as_utc
from truceline.terms.answers import act_lineage, citations, cited
from truceline.terms.catalogue import Severity
from truceline.terms.figures import figures_of
from truceline.terms.meaning import always, never
from truceline.terms.packaged import read_packaged
from truceline.terms.taxonomy import known_acts, known_means
from truceline.terms.truce import Obligation, Truce


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something in the terms that cannot work."""

    code: str  #: contradiction, vacuous, unverifiable, undefined_word, not_executable
    says: str
    severity: Severity
    clause_ids: tuple[str, ...]
    obligation_ids: tuple[str, ...] = ()


def find_faults(truce: Truce) -> list[Fault]:
    """Every fault of sense, the gravest first, else in the order of the terms."""
    found = [
        *_contradictions(truce),
        *_versions(truce),
        *_impossible_times(truce),
        *_vacuous(truce),
        *_unverifiable(truce),
        *_undefined(truce),
        *_not_executable(truce),
    ]
    return sorted(found, key=lambda fault: ("high", "medium", "low").index(fault.severity))


# -- contradictions -----------------------------------------------------------------------------
def _contradictions(truce: Truce) -> Iterator[Fault]:
    for one, other in combinations(truce.obligations, 2):
        why = _clash(truce, one, other)
        if why is not None:
            clauses = tuple(dict.fromkeys([*cited(truce, one), *cited(truce, other)]))
            yield Fault(code="contradiction", says=f"{one.title} ({one.rule}) and {other.title} ({other.rule}): {why}", severity="high", clause_ids=clauses, obligation_ids=(one.id, other.id))  # fmt: skip


def _clash(truce: Truce, one: Obligation, other: Obligation) -> str | None:
    """Why two duties cannot both be kept; None where they can."""
    if (
        not set(one.binds) & set(other.binds)
        or not _meet(one.zones, other.zones)
        or not _meet(one.clocks, other.clocks)
    ):
        return None
    rules = {one.rule, other.rule}
    same = one.act == other.act
    wider = {one.rule: one, other.rule: other}
    if same and rules in ({"prohibit", "require"}, {"prohibit", "permit"}, {"prohibit", "notify"}):
        if (one.condition, other.condition) == (None, None):
            return "the same act is forbidden and allowed to the same party at the same time and place"
    elif same and one.rule == other.rule == "limit" and one.limit and other.limit:
        if (one.limit.window_hours, one.limit.unit) == (other.limit.window_hours, other.limit.unit):
            return "the same act has two limits" if one.limit.count != other.limit.count else None
    elif (
        rules == {"prohibit", "require"}
        and (one.condition, other.condition) == (None, None)
        and wider["prohibit"].act in act_lineage(truce, wider["require"].act)
    ):
        return "what one requires is a kind of what the other forbids"
    return None


def _meet(some: list[str], others: list[str]) -> bool:
    """Whether two lists of zones or clocks share one; none named is everywhere, always."""
    return not some or not others or bool(set(some) & set(others))


def _versions(truce: Truce) -> Iterator[Fault]:
    """Language versions of a clause whose figures differ cannot both bind.

    Where each version has a figure that the other lacks, they contradict each other. Where one version merely lacks
    some, it may have them in words: that is a question to whoever reads both, and no more.
    """
    for clause in truce.clauses:
        figures = {code: figures_of(text) for code, text in clause.wording.items()}
        (first, shown), *rest = figures.items()
        for code, other in rest:
            if other == shown:
                continue
            says = f"clause {clause.id} has the figures {_listed(shown)} in {first} and {_listed(other)} in {code}"
            if shown - other and other - shown:
                yield Fault(code="contradiction", says=says, severity="high", clause_ids=(clause.id,))
            else:
                says += ": look whether the others are there in words"
                yield Fault(code="contradiction", says=says, severity="low", clause_ids=(clause.id,))


def _listed(figures: Counter[str]) -> str:
    return ", ".join(sorted(figures.elements())) or "none"


def _impossible_times(truce: Truce) -> Iterator[Fault]:
    """Deadlines and notices that end after the truce does, and windows that are not what the text says."""
    timing = truce.timing
    days = timing.duration.days if timing.duration is not None else None
    if timing.start is not None and timing.start.at is not None:
        for clock in truce.clocks:
            if clock.start < timing.start.at:
                yield Fault(code="contradiction", says=f"clock “{clock.title}” starts before the hour that the text names", severity="high", clause_ids=tuple(timing.start.clauses))  # fmt: skip
    for one, other in combinations(truce.clocks, 2):
        if one.start != other.start and one.declared_by and not set(one.declared_by) & set(other.declared_by):
            says = f"“{one.title}” and “{other.title}” start at different hours, each by its own speaker"
            yield Fault(code="contradiction", says=says, severity="high", clause_ids=(*one.declared_by, *other.declared_by))  # fmt: skip
    if timing.duration is None or days is None:
        return
    hours, clauses = days * 24, tuple(timing.duration.clauses)

    def late(what: str, cites: list[str], obligation_ids: tuple[str, ...] = ()) -> Fault:
        says = f"{what} falls after the truce's end, {days:g} days from its start"
        return Fault(code="contradiction", says=says, severity="high", clause_ids=tuple(dict.fromkeys([*cites, *clauses])), obligation_ids=obligation_ids)  # fmt: skip

    for obligation in truce.obligations:
        if (obligation.deadline_hours or 0) > hours:
            yield late(f"the deadline of “{obligation.title}”", cited(truce, obligation), (obligation.id,))
    for part in timing.staggered.parts if timing.staggered is not None else ():
        if timing.staggered is not None and part.after_hours >= hours:
            yield late(f"the start of {', '.join(part.obligations)}", timing.staggered.clauses, tuple(part.obligations))  # fmt: skip
    if timing.termination is not None and timing.termination.notice_hours >= hours:
        yield late("an end on the notice asked for", timing.termination.clauses)
    if timing.review is not None and timing.review.within_hours > hours:
        yield late("the review", timing.review.clauses)
    if timing.extension is not None and (timing.extension.decide_before_hours or 0) >= hours:
        says = "the decision to extend is due before the truce begins"
        yield Fault(
            code="contradiction", says=says, severity="high", clause_ids=tuple(timing.extension.clauses)
        )


# -- clauses that say nothing -------------------------------------------------------------------
def _vacuous(truce: Truce) -> Iterator[Fault]:
    for item in truce.exemptions:
        if item.condition is None or always(item.condition):
            swallowed = [
                o for o in truce.obligations if o.rule == "prohibit" and _covers(truce, item.acts, o.act)
            ]
            for obligation in swallowed:
                clauses = tuple(dict.fromkeys([*item.clauses, *cited(truce, obligation)]))
                yield Fault(code="vacuous", says=f"the exemption “{item.title}” always applies, so that “{obligation.title}” forbids nothing", severity="high", clause_ids=clauses, obligation_ids=(obligation.id,))  # fmt: skip
        elif never(item.condition):
            yield Fault(code="vacuous", says=f"the exemption “{item.title}” can never apply", severity="medium", clause_ids=tuple(item.clauses))  # fmt: skip
    for obligation in truce.obligations:
        if obligation.condition is not None and never(obligation.condition):
            yield Fault(code="vacuous", says=f"“{obligation.title}” can never hold: its condition contradicts itself", severity="high", clause_ids=tuple(cited(truce, obligation)), obligation_ids=(obligation.id,))  # fmt: skip
    yield from _closed_zones(truce)


def _closed_zones(truce: Truce) -> Iterator[Fault]:
    """A zone whose windows all lie outside the truce is empty on the day."""
    if not truce.clocks:
        return
    span = truce.span
    for zone in truce.zones:
        spans = [Interval(as_utc(one.start), as_utc(one.stop)) for one in zone.windows or ()]
        if spans and not any(one.overlaps(span) for one in spans):
            yield Fault(code="vacuous", says=f"“{zone.name}” is never open while the truce holds", severity="high", clause_ids=tuple(zone.clauses))  # fmt: skip


def _covers(truce: Truce, acts: list[str], act: str) -> bool:
    return bool(set(acts) & set(act_lineage(truce, act)))


# -- breaches nobody could see ------------------------------------------------------------------
def _unverifiable(truce: Truce) -> Iterator[Fault]:
    """A prohibition, limit or freeze whose breach no consented means could see, where consents are named."""
    if not truce.consents:
        return
    for obligation in truce.obligations:
        if obligation.rule in ("permit",):
            continue
        eyes = _eyes(truce, obligation.act)
        if eyes is None:
            continue
        blind = [
            party
            for party in obligation.binds
            if party in truce.party_ids and not _seen(truce, party, obligation, eyes)
        ]
        if blind:
            wanted = ", ".join(known_means()[name] for name in eyes) or "no known means"
            names = " and ".join(truce.party_name(party) for party in blind)
            yield Fault(code="unverifiable", says=f"“{obligation.title}” by {names}: no consented means could see a breach; it would take {wanted}", severity="medium", clause_ids=tuple(cited(truce, obligation)), obligation_ids=(obligation.id,))  # fmt: skip


def _eyes(truce: Truce, act: str) -> list[str] | None:
    """Means that could see an act at all; None where the taxonomy does not know it."""
    known = next((known_acts()[name] for name in act_lineage(truce, act) if name in known_acts()), None)
    return None if known is None else list(known.seen_by)


def _seen(truce: Truce, party: str, obligation: Obligation, eyes: list[str]) -> bool:
    return any(
        item.granted
        and item.party == party
        and set(item.means) & set(eyes)
        and _meet(item.zones or [], obligation.zones)
        for item in truce.consents
    )


# -- words --------------------------------------------------------------------------------------
@cache
def vague_words() -> list[tuple[str, str, re.Pattern[str]]]:
    """Word, why it is vague, and what finds it."""
    rows = read_packaged(files("truceline.terms") / "vague.yaml")
    found = []
    for row in rows:
        beginning = re.escape(row.get("match", row["word"]))
        found.append((row["word"], row["why"], re.compile(rf"\b{beginning}\w*", re.IGNORECASE)))
    return found


def _undefined(truce: Truce) -> Iterator[Fault]:
    """Vague words that clauses use and nothing defines; one fault for each word."""
    defined = " ".join(item.term.casefold() for item in truce.definitions)
    texts = [(clause.id, clause.wording["en"]) for clause in truce.clauses if "en" in clause.wording]
    for word, why, pattern in vague_words():
        used = [clause for clause, text in texts if pattern.search(text)]
        if used and pattern.search(defined) is None:
            yield Fault(code="undefined_word", says=f"“{word}” is not defined. {why}", severity="low", clause_ids=tuple(used))  # fmt: skip


def _not_executable(truce: Truce) -> Iterator[Fault]:
    """Operative clauses that nothing puts into effect."""
    used = set(citations(truce))
    for clause in truce.clauses:
        if clause.kind == "operative" and clause.id not in used:
            yield Fault(code="not_executable", says=f"clause {clause.id} is in effect nowhere: no obligation, zone or provision cites it", severity="low", clause_ids=(clause.id,))  # fmt: skip
