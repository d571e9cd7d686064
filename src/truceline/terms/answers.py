"""Whether terms answer a question of the catalogue, and by which clauses."""

from __future__ import annotations

from collections.abc import Iterator

from truceline.terms.catalogue import AnsweredBy
from truceline.terms.provisions import Provision
from truceline.terms.taxonomy import lineage
from truceline.terms.truce import Exemption, Obligation, Truce


def answering_clauses(truce: Truce, way: AnsweredBy) -> list[str] | None:
    """Clauses by which the terms answer; an empty list where they do without naming one; None where not."""
    found = _answers(truce, way)
    if found is None:
        return None
    return list(dict.fromkeys(found))


def _answers(truce: Truce, way: AnsweredBy) -> list[str] | None:
    if way.given is not None:
        return _given(truce, way.given)
    if way.act is not None:
        acts = [way.act, *(way.also or ())]
        each = [_by_act(truce, way.model_copy(update={"act": act, "also": None})) for act in acts]
        return None if None in each else [clause for clauses in each for clause in clauses or ()]
    if way.zone is not None:
        return _by_zone(truce, way)
    if way.exemption is not None:
        usable = [item for item in truce.exemptions if item.purpose == way.exemption and _whole(item)]
        return [clause for item in usable for clause in item.clauses] if usable else None
    return _consents(truce)


def _given(truce: Truce, place: str) -> list[str] | None:
    section, name = place.split(".")
    value = getattr(getattr(truce, section), name)
    if value is None or value == []:
        return None
    provisions: list[Provision] = value if isinstance(value, list) else [value]
    if place == "timing.start" and not _start_is_certain(truce):
        return None
    line = truce.ground.line
    if place == "ground.line" and line is not None and not set(truce.party_ids) <= set(line.agreed_by):
        return None  # a line that one side draws alone is what the question is about
    return [clause for item in provisions for clause in item.clauses]


def _start_is_certain(truce: Truce) -> bool:
    """A start is an hour, or a rule that leads to one; “at once” is neither."""
    start = truce.timing.start
    return start is not None and (start.at is not None or start.after_entry_hours is not None)


def _by_act(truce: Truce, way: AnsweredBy) -> list[str] | None:
    parties = set(truce.party_ids)
    third = {item.id for item in truce.third_parties}
    bound: set[str] = set()
    clauses: list[str] = []
    asked = third if way.binds == "third" else parties
    for obligation in truce.obligations:
        if (way.rules is not None and obligation.rule not in way.rules) or not asked & set(obligation.binds):
            continue
        if way.act == "any" or way.act in act_lineage(truce, obligation.act):
            bound |= set(obligation.binds)
            clauses += cited(truce, obligation)
    wanted = bool(bound & third) if way.binds == "third" else parties <= bound
    return clauses if wanted else None


def _by_zone(truce: Truce, way: AnsweredBy) -> list[str] | None:
    zones = [zone for zone in truce.zones if zone.purpose == way.zone]
    clauses = [clause for zone in zones for clause in zone.clauses]
    if not zones:
        return None
    if way.kept_by is not None:
        kept = [item for item in truce.obligations if way.kept_by in act_lineage(truce, item.act)]
        named = {name for item in kept for name in item.zones}
        ids = {zone.id for zone in zones}
        bound = {party for item in kept for party in item.binds}
        if (
            not ids <= named
            or not all(ids & set(item.zones) for item in kept)
            or not set(truce.party_ids) <= bound
        ):
            return None
        clauses += [clause for item in kept for clause in cited(truce, item)]
    return clauses


def _whole(item: Exemption) -> bool:
    """An exemption answers its question where it says when it applies, by whose order, and when it is told."""
    return item.condition is not None and item.ordered_by is not None and item.report_within_hours is not None


def _consents(truce: Truce) -> list[str] | None:
    means = truce.monitoring.means
    asked = (
        set(means.means) if means is not None else {name for item in truce.consents for name in item.means}
    )
    if not asked:
        return None
    for party in truce.party_ids:
        if not asked <= {name for item in truce.consents if item.party == party for name in item.means}:
            return None
    return [clause for item in truce.consents for clause in item.clauses]


def act_lineage(truce: Truce, act_id: str) -> list[str]:
    """An act, what the taxonomy calls it, and the wider acts that it is one of."""
    act = next((item for item in truce.acts if item.id == act_id), None)
    like = act.like if act is not None and act.like is not None else act_id
    return list(dict.fromkeys([act_id, *lineage(like)]))


def cited(truce: Truce, obligation: Obligation) -> list[str]:
    """Clauses, or else declarations, that an obligation rests on."""
    known = {clause.id for clause in truce.clauses}
    return [
        *(name for name in obligation.cites if name in known),
        *dict.fromkeys(obligation.clauses.values()),
    ]


def citations(truce: Truce) -> Iterator[str]:
    """Every clause that something rests on, as often as it is cited."""
    from truceline.terms.faults import provisions

    for obligation in truce.obligations:
        yield from obligation.cites
    for exemption in truce.exemptions:
        yield from exemption.clauses
    for zone in truce.zones:
        yield from zone.clauses
    for definition in truce.definitions:
        yield from definition.clauses
    for _path, provision in provisions(truce):
        yield from provision.clauses
