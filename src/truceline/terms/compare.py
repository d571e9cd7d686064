"""What changes when one draft takes the place of another: told by its consequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from truceline.base.language import _
from truceline.terms.conditions import Condition
from truceline.terms.faults import SECTIONS
from truceline.terms.provisions import Provision
from truceline.terms.review import review
from truceline.terms.truce import Obligation, Truce

#: what each rule does to whoever it binds
VERBS = {
    "prohibit": "may not do",
    "require": "must do",
    "limit": "may do only so much of",
    "freeze": "may not add to",
    "notify": "must announce",
    "permit": "may do",
}


_OPPOSITE = {"looser": "tighter", "tighter": "looser", "different": "different"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two drafts."""

    kind: str  #: question_opened, question_answered, fault_new, fault_gone, duty, exemption, zone, consent, provision, clock
    place: str  #: where in the terms, such as obligations.fire
    effect: str  #: tighter, looser or different
    says: str


def compare(before: Truce, after: Truce) -> list[Change]:
    """Every difference in consequences, questions first; wording alone is none."""
    return [
        *_questions(before, after),
        *_duties(before, after),
        *_items(before, after, "exemptions", "exemption", "looser", lambda item: f"“{item.title}”"),
        *_items(before, after, "zones", "zone", "tighter", lambda item: f"zone “{item.name}”"),
        *_items(before, after, "clocks", "clock", "different", lambda item: f"clock “{item.title}”"),
        *_consents(before, after),
        *_provisions(before, after),
    ]


def _questions(before: Truce, after: Truce) -> Iterator[Change]:
    old, new = review(before), review(after)
    were = {asked.question.code for asked in old.open}
    are = {asked.question.code for asked in new.open}
    for asked in new.open:
        if asked.question.code not in were:
            yield Change(kind="question_opened", place=asked.question.code, effect="looser", says=_("no longer answered ({severity}): {question}").format(severity=asked.question.severity, question=asked.question.question))  # fmt: skip
    for asked in old.open:
        if asked.question.code not in are:
            yield Change(kind="question_answered", place=asked.question.code, effect="tighter", says=_("now answered ({severity}): {question}").format(severity=asked.question.severity, question=asked.question.question))  # fmt: skip
    told = {fault.says for fault in old.faults}
    tells = {fault.says for fault in new.faults}
    yield from (Change(kind="fault_new", place=f.code, effect="different", says=f"new fault: {f.says}") for f in new.faults if f.says not in told)  # fmt: skip
    yield from (Change(kind="fault_gone", place=f.code, effect="different", says=f"mended: {f.says}") for f in old.faults if f.says not in tells)  # fmt: skip


# -- duties -------------------------------------------------------------------------------------
def _duties(before: Truce, after: Truce) -> Iterator[Change]:
    old = {item.id: item for item in before.obligations}
    new = {item.id: item for item in after.obligations}
    for name, item in old.items():
        if name not in new:
            freed = "tighter" if item.rule == "permit" else "looser"
            yield Change(kind="duty", place=f"obligations.{name}", effect=freed, says=f"{_bound(before, item)} no longer {VERBS[item.rule]}: {item.title}")  # fmt: skip
    for name, item in new.items():
        if name not in old:
            bound = "looser" if item.rule == "permit" else "tighter"
            yield Change(kind="duty", place=f"obligations.{name}", effect=bound, says=f"{_bound(after, item)} now {VERBS[item.rule]}: {item.title}")  # fmt: skip
        else:
            yield from _duty(before, after, old[name], item)


def _duty(before: Truce, after: Truce, old: Obligation, new: Obligation) -> Iterator[Change]:
    place = f"obligations.{new.id}"

    def change(effect: str, says: str) -> Change:
        if (
            old.rule == new.rule == "permit"
        ):  # what takes from a duty loosens, what takes from a permission tightens
            effect = _OPPOSITE[effect]
        return Change(kind="duty", place=place, effect=effect, says=f"{new.title}: {says}")

    if (old.rule, old.act) != (new.rule, new.act):
        yield change("different", f"{old.rule} {old.act} becomes {new.rule} {new.act}")
    gone = [before.party_name(name) for name in old.binds if name not in new.binds]
    come = [after.party_name(name) for name in new.binds if name not in old.binds]
    if gone:
        yield change("looser", f"no longer binds {', '.join(gone)}")
    if come:
        yield change("tighter", f"now binds {', '.join(come)}")
    for field, thing in (("zones", "zones"), ("clocks", "clocks")):
        one, two = getattr(old, field), getattr(new, field)
        if set(one) != set(two):
            yield change(_reach(one, two), f"{thing}: {_listed(one)} becomes {_listed(two)}")
    if old.condition != new.condition:
        was = old.condition.words() if old.condition else "always"
        becomes = new.condition.words() if new.condition else "always"
        yield change(_when(old.condition, new.condition), f"holds {was}; now {becomes}")
    if old.limit is not None and new.limit is not None and old.limit != new.limit:
        looser = new.limit.count >= old.limit.count and new.limit.window_hours <= old.limit.window_hours
        tighter = new.limit.count <= old.limit.count and new.limit.window_hours >= old.limit.window_hours
        effect = "looser" if looser else "tighter" if tighter else "different"
        yield change(effect, f"{old.limit.count} in {old.limit.window_hours:g} h becomes {new.limit.count} in {new.limit.window_hours:g} h")  # fmt: skip
    for field in ("deadline_hours", "notice", "return_fire_exempt"):
        if getattr(old, field) != getattr(new, field):
            a, b = getattr(old, field), getattr(new, field)
            yield change(_effect(field, a, b), f"{field}: {_shown(a)} becomes {_shown(b)}")


def _when(one: Condition | None, two: Condition | None) -> str:
    """What a change of a duty's condition does; None: it always holds."""
    if one is None or two is None:
        return "tighter" if two is None else "looser"
    return "looser" if two.implies(one) else "tighter" if one.implies(two) else "different"


def _reach(one: Sequence[str], two: Sequence[str]) -> str:
    """What a change of where or when does; none named is everywhere, always."""
    if not two or (one and set(one) < set(two)):
        return "tighter"
    if not one or set(two) < set(one):
        return "looser"
    return "different"


def _bound(truce: Truce, item: Obligation) -> str:
    return _named(truce, item.binds)


def _named(truce: Truce, ids: Sequence[str]) -> str:
    """Parties and third parties by their names."""
    third = {one.id: one.name for one in truce.third_parties}
    return " and ".join(third.get(name) or truce.party_name(name) for name in ids)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "all"


# -- the rest -----------------------------------------------------------------------------------
def _items(
    before: Truce, after: Truce, part: str, kind: str, added: str, named: Callable[[Any], str]
) -> Iterator[Change]:
    """Items with ids: gone, new, changed field by field."""
    old = {item.id: item for item in getattr(before, part)}
    new = {item.id: item for item in getattr(after, part)}
    for name, item in old.items():
        if name not in new:
            yield Change(
                kind=kind, place=f"{part}.{name}", effect=_OPPOSITE[added], says=f"{named(item)} is gone"
            )
    for name, item in new.items():
        if name not in old:
            yield Change(kind=kind, place=f"{part}.{name}", effect=added, says=f"{named(item)} is new")
            continue
        for effect, says in _fields(old[name], item):
            yield Change(kind=kind, place=f"{part}.{name}", effect=effect, says=f"{named(item)}: {says}")


def _consents(before: Truce, after: Truce) -> Iterator[Change]:
    old, new = _means_by_party(before), _means_by_party(after)
    for party in dict.fromkeys([*old, *new]):
        lost = [name for name in old.get(party, ()) if name not in new.get(party, ())]
        won = [name for name in new.get(party, ()) if name not in old.get(party, ())]
        for names, effect, verb in (
            (lost, "looser", "no longer consents to"),
            (won, "tighter", "now consents to"),
        ):
            if names:
                yield Change(kind="consent", place=f"consents.{party}", effect=effect, says=f"{after.party_name(party)} {verb}: {', '.join(names)}")  # fmt: skip
    for party in dict.fromkeys([*old, *new]):
        for name in (name for name in old.get(party, ()) if name in new.get(party, ())):
            for says in _terms_of_consent(before, after, party, name):
                yield Change(kind="consent", place=f"consents.{party}", effect="different", says=f"{after.party_name(party)} consents to {name}: {says}")  # fmt: skip


def _terms_of_consent(before: Truce, after: Truce, party: str, means: str) -> Iterator[str]:
    """Who operates a means, where, and how soon consent may end: each a matter for whoever gave it."""
    for field, thing, none in (("operator", "operated by", "nobody"), ("zones", "in zones", "all"), ("revocable_hours", "hours of notice to revoke it:", "not revocable")):  # fmt: skip
        one, two = (_consented(truce, party, means, field, none) for truce in (before, after))
        if one != two:
            yield f"{thing} {'; '.join(one)} becomes {'; '.join(two)}"


def _consented(truce: Truce, party: str, means: str, field: str, none: str) -> list[str]:
    """What a party's consents to a means say of one thing, each once."""
    found = [item for item in truce.consents if item.granted and item.party == party and means in item.means]
    if field == "operator":
        return sorted({_named(truce, item.operator) for item in found})
    values = [getattr(item, field) for item in found]
    return sorted({none if value in (None, []) else _shown(value) for value in values})


def _means_by_party(truce: Truce) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in truce.consents:
        if item.granted:
            found.setdefault(item.party, []).extend(
                name for name in item.means if name not in found.get(item.party, ())
            )
    return found


def _provisions(before: Truce, after: Truce) -> Iterator[Change]:
    for section in SECTIONS:
        old, new = getattr(before, section), getattr(after, section)
        for name in type(old).model_fields:
            one, two = getattr(old, name), getattr(new, name)
            place = f"{section}.{name}"
            for effect, says in _between(one, two):
                yield Change(kind="provision", place=place, effect=effect, says=f"{place}: {says}")


def _between(one: Any, two: Any) -> Iterator[tuple[str, str]]:
    if isinstance(one, Provision) and isinstance(two, Provision):
        yield from _fields(one, two)
    elif isinstance(one, list) and isinstance(two, list):
        if [_content(item) for item in one] != [_content(item) for item in two]:
            yield "different", f"{len(one)} provisions become {len(two)}, or what they say differs"
    elif (one is None) != (two is None):
        yield "different", "gone" if two is None else f"new: {_shown(two)}"


#: what tells readers something and binds nobody
_WORDS = ("clauses", "note", "title", "name")


#: what more hours do to a duty
_MORE_HOURS = {"report_within_hours": "looser", "within_hours": "looser", "deadline_hours": "looser"}


def _fields(one: BaseModel, two: BaseModel) -> Iterator[tuple[str, str]]:
    """What each change of a field does, and how it is told."""
    for name in type(two).model_fields:
        a, b = getattr(one, name), getattr(two, name)
        if name not in _WORDS and a != b:
            yield _effect(name, a, b), f"{name}: {_shown(a)} becomes {_shown(b)}"


def _effect(name: str, a: Any, b: Any) -> str:
    """What a change does where that is certain: of an exemption's condition, or a deadline."""
    if isinstance(a, Condition) and isinstance(b, Condition):
        return "tighter" if b.implies(a) else "looser" if a.implies(b) else "different"
    if name in _MORE_HOURS and a is not None and b is not None:
        return _MORE_HOURS[name] if b > a else "tighter"
    return "different"


def _content(item: BaseModel) -> dict[str, Any]:
    return {name: value for name, value in item.model_dump().items() if name not in _WORDS}


def _shown(value: Any) -> str:
    if isinstance(value, Condition):
        return value.words()
    if isinstance(value, BaseModel):
        shown = {name: part for name, part in _content(value).items() if part not in (None, [], "")}
        return ", ".join(f"{name} {_shown(part)}" for name, part in shown.items())
    if isinstance(value, list):
        return ", ".join(_shown(part) for part in value) or "none"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, dict):
        return "; ".join(
            f"{name} {_shown(part)}" for name, part in value.items() if part not in (None, [], "")
        )
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
