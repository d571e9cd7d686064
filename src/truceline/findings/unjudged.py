"""What the terms lay down and findings do not judge: told, since silence about it would pass for quiet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from truceline.base.language import N_, _
from truceline.findings.words import listed
from truceline.terms.answers import act_lineage
from truceline.terms.truce import Obligation, Truce


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A part of the terms that no finding takes into account. binds: ids of parties and third parties."""

    kind: Literal["obligation", "zones", "condition", "exemption"]
    item_id: str
    title: str
    binds: tuple[str, ...]
    why: str


#: what a rule other than a prohibition lays down
_RULES: dict[str, str] = {
    "require": N_("A duty to act. Whether it was done is not judged."),
    "limit": N_("A limit. Whether it was kept is not judged."),
    "freeze": N_("A freeze. Whether more was added than there was at the start is not judged."),
    "notify": N_("A duty to announce. Whether it was announced is not judged."),
    "permit": N_("A permission. Acts that it allows are not taken out of the counts."),
}


def unjudged(truce: Truce) -> tuple[Unjudged, ...]:
    """Duties set aside, then zones and conditions of judged ones, then exemptions, each in the terms' order."""
    return (
        *(_duty(item) for item in truce.set_aside),
        *(part for item in truce.obligations for part in _reach(truce, item)),
        *(
            Unjudged(
                kind="exemption",
                item_id=item.id,
                title=item.title,
                binds=tuple(truce.party_ids if item.parties is None else item.parties),
                why=_("An exemption. Acts that it frees are not taken out of the counts."),
            )
            for item in truce.exemptions
        ),
    )


def exempt_under_conditions(truce: Truce, obligation: Obligation) -> bool:
    """Whether an exemption for fire in answer covers the obligation's act."""
    lineage = set(act_lineage(truce, obligation.act))
    return any(item.purpose == "return_fire" and lineage & set(item.acts) for item in truce.exemptions)


def _duty(item: Obligation) -> Unjudged:
    why = (
        _(_RULES[item.rule])
        if item.rule != "prohibit"
        else _("It binds others than the parties, who alone are judged.")
    )
    if item.rule == "prohibit" and not item.judged:
        why = _("No evidence of this case speaks to it. Whether it was kept is not judged.")
    return Unjudged(kind="obligation", item_id=item.id, title=item.title, binds=tuple(item.binds), why=why)


def _reach(truce: Truce, item: Obligation) -> Iterator[Unjudged]:
    """Where and when a judged duty holds, as far as its judgement does not look at it."""
    if item.zones:
        names = listed([zone.name for zone in truce.zones if zone.id in item.zones])
        why = _("Judged over its areas, and not over its zones: {zones}.").format(zones=names)
        yield Unjudged(kind="zones", item_id=item.id, title=item.title, binds=tuple(item.binds), why=why)
    if item.condition is not None:
        why = _("Judged as if it held always. Whether its condition was met is not judged.")
        yield Unjudged(kind="condition", item_id=item.id, title=item.title, binds=tuple(item.binds), why=why)
