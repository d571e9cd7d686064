"""What may stand in a chain of command: operational groups, and no unit, site or name.

Names are refused by their shape: an id is its level, its party, and at most a number of two digits or a
point of the compass. There is no place in it for anything else, and no other field.
"""

from __future__ import annotations

import re
from typing import Final, Literal

Level = Literal["command", "liaison", "group"]
LEVELS: Final[tuple[Level, ...]] = ("command", "liaison", "group")

_COMPASS: Final = "north|south|east|west|centre|northeast|northwest|southeast|southwest"
_PARTY: Final = re.compile(r"[a-z][a-z0-9]{0,15}")


def party_slug(party_id: str) -> str:
    """A party's id as it stands in ids of its chain: lower case, letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", party_id.lower())


def fault_of_id(node_id: str, *, level: str, party_id: str) -> str | None:
    """What is wrong with the shape of an id; None where it is sound."""
    slug = party_slug(party_id)
    if not _PARTY.fullmatch(slug):
        return f"the party's id {party_id!r} gives no word for ids; it needs a letter first"
    if re.fullmatch(rf"{re.escape(level)}-{slug}(-([1-9][0-9]?|{_COMPASS}))?", node_id):
        return None
    return "not of the shape of an id: a chain of command has no units, sites or names"


def expected_id(*, level: str, party_id: str) -> str:
    """The shape, for people."""
    head = f"{level}-{party_slug(party_id)}"
    return f"{head}, {head}-1 … {head}-99, or {head}-north and other points of the compass"
