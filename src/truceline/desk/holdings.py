"""What is to be declared: classes of holdings, areas, and how much notice is due. All parties hold this file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from truceline.base.documents import Document, Model
from truceline.base.errors import CaseError, Problem

#: stands for wherever no area is
OUTSIDE = "outside"


class HoldingClass(Model):
    """What is declared in one number."""

    id: str = Field(description="short id: troops, gun_100mm, launcher")
    name: str = Field(description="name for people")
    unit: str = Field(description="what one is: person, gun, launcher")
    subject: Literal["personnel", "arms"] = Field(description="whether it counts persons or arms")
    notice_from: int = Field(1, ge=1, description="smallest number whose movement needs notice")


class DeclaredArea(Model):
    """An area that holdings are declared for; no site."""

    id: str = Field(description="short id, such as belt-a")
    name: str = Field(description="name for people")
    party: str = Field(description="party whose holdings it is for")
    within: str | None = Field(None, description="the larger area that it is part of")


class Holdings(Model):
    """The whole of ``desk/holdings.yaml``."""

    desk: Literal[1] = Field(description="version of this format")
    case: str = Field(description="id of the truce")
    baseline_hours: float = Field(gt=0, description="hours after the start by which the baseline is due")
    notice_hours: float = Field(ge=0, description="hours of notice before a movement, training or delivery")
    classes: list[HoldingClass] = Field(min_length=1, description="what is declared")
    areas: list[DeclaredArea] = Field(min_length=1, description="areas that it is declared for")

    def holding(self, name: str) -> HoldingClass | None:
        """The class of that id."""
        return next((one for one in self.classes if one.id == name), None)

    def area(self, name: str) -> DeclaredArea | None:
        """The area of that id."""
        return next((one for one in self.areas if one.id == name), None)

    def parts(self, name: str) -> tuple[str, ...]:
        """Areas directly within an area."""
        return tuple(one.id for one in self.areas if one.within == name)


def read_holdings(document: Document, *, case_id: str, party_ids: tuple[str, ...]) -> Holdings:
    """Check what is to be declared.

    Raises
    ------
    CaseError
        With every fault.
    """
    file = document.parse(Holdings)
    problems = list(_faults(file, document, case_id, party_ids))
    if problems:
        raise CaseError(problems)
    return file


def _faults(
    file: Holdings, document: Document, case_id: str, party_ids: tuple[str, ...]
) -> Iterator[Problem]:
    if file.case != case_id:
        yield document.problem(["case"], code="name_unknown", message="the file is of another truce", got=file.case, expected=case_id)  # fmt: skip
    yield from document.repeated_ids(
        classes=[one.id for one in file.classes], areas=[one.id for one in file.areas]
    )
    within = {area.id: area.within for area in file.areas}
    for place, area in enumerate(file.areas):
        at: list[str | int] = ["areas", place]
        if area.party not in party_ids:
            yield document.problem([*at, "party"], code="party_unknown", message="the truce has no such party", got=area.party, expected=" | ".join(party_ids))  # fmt: skip
        if area.id == OUTSIDE:
            yield document.problem([*at, "id"], code="name_reserved", message=f"{OUTSIDE} stands for wherever no area is", got=area.id)  # fmt: skip
        if area.within is not None and area.within not in within:
            yield document.problem([*at, "within"], code="name_unknown", message="no such area", got=area.within, expected=" | ".join(within))  # fmt: skip
        elif _returns(area.id, within):
            yield document.problem([*at, "within"], code="chain_loop", message="an area lies within itself", got=area.id, next_step="Let one of them lie in none")  # fmt: skip


def _returns(area: str, within: dict[str, str | None]) -> bool:
    here, steps = within.get(area), 0
    while here is not None and steps <= len(within):
        if here == area:
            return True
        here, steps = within.get(here), steps + 1
    return False
