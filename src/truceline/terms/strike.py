"""Terms without a clause: what of them is left when it is struck out."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from truceline.terms.faults import SECTIONS
from truceline.terms.truce import Truce


def strike(truce: Truce, clause_id: str) -> Truce:
    """The terms without a clause and without everything that rests on it alone.

    What rests on other clauses too stays; names of zones and obligations that went are taken out of lists.

    Raises
    ------
    KeyError
        If there is no such clause.
    """
    if clause_id not in {clause.id for clause in truce.clauses}:
        raise KeyError(clause_id)
    changes: dict[str, Any] = {"clauses": [clause for clause in truce.clauses if clause.id != clause_id]}
    for kind in ("definitions", "zones", "exemptions", "consents"):
        changes[kind] = _kept(getattr(truce, kind), clause_id)
    obligations = [
        item.model_copy(update={"cites": [name for name in item.cites if name != clause_id]})
        for item in truce.obligations
        if item.cites != [clause_id]
    ]
    zones = {zone.id for zone in changes["zones"]}
    changes["obligations"] = [
        item.model_copy(update={"zones": [name for name in item.zones if name in zones]})
        for item in obligations
    ]
    for section in SECTIONS:
        part: BaseModel = getattr(truce, section)
        changes[section] = part.model_copy(
            update={name: _struck(getattr(part, name), clause_id) for name in type(part).model_fields}
        )
    return truce.model_copy(update=changes)


def _kept(items: list[Any], clause_id: str) -> list[Any]:
    kept = [_struck(item, clause_id) for item in items]
    return [item for item in kept if item is not None]


def _struck(value: Any, clause_id: str) -> Any:
    """A provision without the clause; None where nothing else gives it."""
    if isinstance(value, list):
        return _kept(value, clause_id)
    clauses = getattr(value, "clauses", None)
    if clauses is None or clause_id not in clauses:
        return value
    left = [name for name in clauses if name != clause_id]
    return value.model_copy(update={"clauses": left}) if left else None
