"""The packaged taxonomy of acts: names, definitions, units, and what could see them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from truceline.terms.packaged import read_packaged


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAct:
    """An act of the taxonomy."""

    id: str
    name: str
    definition: str
    unit: str
    seen_by: tuple[str, ...]  #: means of monitoring that could see it
    parent: str | None = None


@cache
def known_acts() -> dict[str, KnownAct]:
    """Every act of the taxonomy by its id, in the order of the file."""
    return {
        row["id"]: KnownAct(**{**row, "seen_by": tuple(row["seen_by"])})
        for row in read_packaged(files("truceline.terms") / "acts.yaml")["acts"]
    }


@cache
def known_means() -> dict[str, str]:
    """Means of monitoring: id → name."""
    return {row["id"]: row["name"] for row in read_packaged(files("truceline.terms") / "acts.yaml")["means"]}


def lineage(act_id: str) -> list[str]:
    """The act, its parent and so on; just the id where the taxonomy does not know it."""
    found, known = [act_id], known_acts()
    while (act := known.get(found[-1])) is not None and act.parent is not None:
        found.append(act.parent)
    return found
