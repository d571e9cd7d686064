"""The mission's own desk file: its key, what it measures of an order, what it releases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from truceline.base.documents import Document, Model
from truceline.base.errors import CaseError, Problem
from truceline.custody.sign import PublicKey


class Worth(Model):
    """How the effect of an order is measured."""

    series: str = Field(description="id of a series of the case that is counted in every sector")
    kind: str = Field("cease", description="kind of the order")


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
