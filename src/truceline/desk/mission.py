"""The mission's own desk file: its key, what it measures of an order, what it releases, what is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from truceline.base.documents import Document, Model
from truceline.base.errors import CaseError, Problem
from truceline.custody.sign import PublicKey

Subject = Literal["personnel", "arms", "movement", "mobilisation", "training", "delivery"]


class Worth(Model):
    """How the effect of an order is measured."""

    series: str = Field(description="id of a series of the case that is counted in every sector")
    kind: str = Field("cease", description="kind of the order")


class HoldingClass(Model):
    """What is declared in one number."""

    id: str = Field(description="short id: troops, gun_100mm, rocket_launcher")
    name: str = Field(description="name for people")
    unit: str = Field(description="what one is: person, gun, launcher")
    subject: Subject = Field(description="what it is about")


class DeclaredArea(Model):
    """An area that holdings are declared for; no site."""

    id: str = Field(description="short id, such as zone-a-100")
    name: str = Field(description="name for people")
    within: str | None = Field(None, description="the larger area that it is part of")


class Holdings(Model):
    """What is to be declared, and how much notice is due."""

    classes: list[HoldingClass] = Field(min_length=1, description="what is declared")
    areas: list[DeclaredArea] = Field(min_length=1, description="areas that it is declared for")
    baseline_hours: float = Field(gt=0, description="hours after the start by which the baseline is due")
    notice_hours: float = Field(
        ge=0, description="hours of notice that a movement, training or delivery needs"
    )
    threshold: int = Field(1, ge=1, description="smallest number that needs notice")


class MissionFile(Model):
    """The whole of ``desk/mission.yaml``; the mission alone holds it."""

    desk: Literal[1] = Field(description="version of this format")
    case: str = Field(description="id of the truce")
    key: str = Field(description="the mission's verifier key, of the name mission")
    worth: Worth | None = Field(None, description="how the effect of an order is measured; null: it is not")
    public: Literal["nothing", "count"] = Field(
        "nothing",
        description="what of orders is released: nothing; or the number of sectors where all groups had acknowledged, delayed as the release rule says",
    )
    holdings: Holdings | None = Field(None, description="what is to be declared; null: nothing is")

    def keys(self) -> dict[str, PublicKey]:
        """The mission's key by its name."""
        return {"mission": PublicKey.read(self.key)}


def read_mission_file(document: Document, *, case_id: str) -> MissionFile:
    """Check the mission's desk file.

    Raises
    ------
    CaseError
        With every fault.
    """
    file = document.parse(MissionFile)
    problems = list(_faults(file, document, case_id))
    if problems:
        raise CaseError(problems)
    return file


def _faults(file: MissionFile, document: Document, case_id: str) -> Iterator[Problem]:
    if file.case != case_id:
        yield document.problem(["case"], code="name_unknown", message="the file is of another truce", got=file.case, expected=case_id)  # fmt: skip
    try:
        if PublicKey.read(file.key).name != "mission":
            yield document.problem(["key"], code="key_unknown", message="the key is of another name", got=PublicKey.read(file.key).name, expected="mission")  # fmt: skip
    except ValueError as error:
        yield document.problem(["key"], code="key_unknown", message=f"not a verifier key: {error}", expected="name+id+base64, as `truceline orders keys mission` prints it")  # fmt: skip
    if file.holdings is None:
        return
    areas = [area.id for area in file.holdings.areas]
    for kind, ids in (("classes", [one.id for one in file.holdings.classes]), ("areas", areas)):
        for place, name in enumerate(ids):
            if name in ids[:place]:
                yield document.problem(["holdings", kind, place, "id"], code="id_repeated", message=f"{kind} has the id {name!r} twice")  # fmt: skip
    within = {area.id: area.within for area in file.holdings.areas}
    for place, area in enumerate(file.holdings.areas):
        at: list[str | int] = ["holdings", "areas", place, "within"]
        if area.within is not None and area.within not in within:
            yield document.problem(at, code="name_unknown", message="no such area", got=area.within, expected=" | ".join(areas))  # fmt: skip
        elif _returns(area.id, within):
            yield document.problem(at, code="chain_loop", message="an area lies within itself", got=area.id, next_step="Let one of them lie in none")  # fmt: skip


def _returns(area: str, within: dict[str, str | None]) -> bool:
    here, steps = within.get(area), 0
    while here is not None and steps <= len(within):
        if here == area:
            return True
        here, steps = within.get(here), steps + 1
    return False
