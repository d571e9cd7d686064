"""For each obligation, plainly: what could see a breach of it, by means to which the party bound consented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from truceline.base.language import N_, _
from truceline.terms.answers import act_lineage
from truceline.terms.provisions import Consent
from truceline.terms.taxonomy import known_acts, known_means
from truceline.terms.truce import Obligation, Truce

Grade = Literal["by no means", "by no consented means", "on its word", "partly", "verifiable"]
#: the worst first
GRADES: dict[Grade, str] = {
    "by no means": N_("nothing known could see it"),
    "by no consented means": N_("by no consented means"),
    "on its word": N_("on the word of whoever is bound"),
    "partly": N_("partly"),
    "verifiable": N_("verifiable"),
}
#: means that hold what somebody says, not what was there
WORDS: frozenset[str] = frozenset({"records", "interview", "media"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What can see whether one party keeps an obligation. ``zones``: where only, of several; empty: everywhere."""

    party: str
    means: tuple[str, ...]
    grade: Grade
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """An obligation with its grade: the worst of the parties bound, `partly` where they differ."""

    obligation: str
    title: str
    act: str
    grade: Grade
    reaches: tuple[Reach, ...]
    would_take: tuple[str, ...]  #: means that could see it and that somebody bound did not consent to


def grade_obligations(truce: Truce) -> list[Graded]:
    """Every obligation but permissions, the least verifiable first."""
    whole = [*truce.obligations, *truce.set_aside]
    found = [_graded(truce, one) for one in whole if one.rule != "permit"]
    order = list(GRADES)
    return sorted(found, key=lambda one: order.index(one.grade))


def _graded(truce: Truce, obligation: Obligation) -> Graded:
    eyes = _eyes(truce, obligation)
    reaches = tuple(_reach(truce, obligation, party, eyes) for party in obligation.binds)
    grades = [one.grade for one in reaches]
    order = list(GRADES)
    grade = min(grades, key=order.index)
    if len(set(grades)) > 1 and max(grades, key=order.index) in ("verifiable", "partly"):
        grade = "partly"
    lacking = {name for one in reaches for name in eyes if name not in one.means}
    return Graded(
        obligation=obligation.id,
        title=obligation.title,
        act=obligation.act,
        grade=grade,
        reaches=reaches,
        would_take=tuple(name for name in eyes if name in lacking and name not in WORDS),
    )


def _eyes(truce: Truce, obligation: Obligation) -> tuple[str, ...]:
    """Means that could see the act at all, by the taxonomy."""
    known = known_acts()
    name = next((one for one in act_lineage(truce, obligation.act) if one in known), None)
    return known[name].seen_by if name is not None else ()


def _reach(truce: Truce, obligation: Obligation, party: str, eyes: Sequence[str]) -> Reach:
    if not eyes:
        return Reach(party=party, means=(), grade="by no means")
    consents = [one for one in truce.consents if one.party == party and one.granted and set(one.means) & set(eyes)]  # fmt: skip
    zones = set(obligation.zones)
    whole = [one for one in consents if one.zones is None or (zones and zones <= set(one.zones))]
    some = [one for one in consents if one not in whole and one.zones is not None and (not zones or zones & set(one.zones))]  # fmt: skip

    def means(chosen: Sequence[Consent]) -> tuple[str, ...]:
        held = {name for one in chosen for name in one.means}
        return tuple(name for name in eyes if name in held)

    own = [name for name in means(whole) if name not in WORDS]
    if own:
        return Reach(party=party, means=means(whole), grade="verifiable")
    if [name for name in means(some) if name not in WORDS]:
        reached = {zone for one in some for zone in one.zones or () if not zones or zone in zones}
        return Reach(party=party, means=means([*whole, *some]), grade="partly", zones=tuple(sorted(reached)))
    if means([*whole, *some]):
        return Reach(party=party, means=means([*whole, *some]), grade="on its word")
    return Reach(party=party, means=(), grade="by no consented means")


def tell_grade(graded: Graded, truce: Truce) -> str:
    """One plain line for an obligation."""
    return f"{graded.title} ({graded.obligation}): {_(GRADES[graded.grade])}. " + " ".join(
        _tell_reach(one, truce) for one in graded.reaches
    )


def _tell_reach(reach: Reach, truce: Truce) -> str:
    who = truce.party_name(reach.party)
    if not reach.means:
        return _("{party}: nothing.").format(party=who)
    by = ", ".join(_(known_means()[name]) for name in reach.means)
    where = _(" in {zones} alone").format(zones=", ".join(reach.zones)) if reach.zones else ""
    if reach.grade == "on its word":
        return _("{party}: {means}, which hold what it says itself.").format(party=who, means=by + where)
    return _("{party}: {means}.").format(party=who, means=by + where)
