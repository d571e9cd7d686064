"""``truce.yaml``: what was declared or agreed, in a form that can be tested."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from truceline.base.documents import Document, Model, Moment
from truceline.base.errors import CaseError, Problem
from truceline.base.intervals import Interval, as_utc
from truceline.base.language import _
from truceline.schema.claims import TOGETHER


class Party(Model):
    """A party. Nothing in the code knows which."""

    id: str = Field(description="short id, used everywhere in the case")
    name: str = Field(description="name for people")


class Declaration(Model):
    """What a party said that binds it: of an agreement the clause, else the declaration."""

    id: str
    party: str = Field(description="party that declared it, or that the clause binds")
    speaker: str = Field(description="who said it, with office")
    date: str = Field(description="date said, ISO")
    wording: str = Field(description="the words that bind, quoted short or paraphrased")
    outlet: str | None = None
    url: str | None = None
    note: str | None = None


class Clock(Model):
    """When the truce holds; rival clocks of one truce stand side by side."""

    id: str
    title: str
    start: Moment
    stop: Moment
    zone: str = Field("UTC", description="zone in which its days are counted")
    declared_by: list[str] = Field(default_factory=list, description="ids of declarations")
    note: str | None = None


class Act(Model):
    """A kind of act, with its definition: what one is and is not."""

    id: str
    name: str
    definition: str


class Scope(Model):
    """Where, for whom and over which periods an obligation is judged."""

    areas: list[str] = Field(min_length=1)
    parties: list[str] | None = Field(None, description="null: every party bound")
    together: bool = Field(
        False, description="whether the acts of all parties together are judged too, whoever acted"
    )
    periods: Literal["window", "days", "window_and_days", "months", "window_and_months"] = Field(
        "window", description="the clock's window whole, its calendar days or months, or both"
    )


class Obligation(Model):
    """One testable clause."""

    id: str
    act: str
    title: str
    rule: Literal["prohibit"] = "prohibit"
    binds: list[str] = Field(min_length=1, description="parties")
    clauses: dict[str, str] = Field(default_factory=dict, description="party → declaration it rests on")
    clocks: list[str] = Field(min_length=1)
    scopes: list[Scope] = Field(min_length=1)
    return_fire_exempt: bool = Field(False, description="whether answering fire is no breach")


class Truce(Model):
    """The whole of ``truce.yaml``."""

    truce: Literal[1] = Field(description="version of this format")
    id: str
    title: str
    instrument: Literal["agreement", "parallel_declarations", "proposal"]
    terms_version: str
    summary: str = ""
    parties: list[Party] = Field(min_length=2)
    declarations: list[Declaration] = Field(default_factory=list)
    clocks: list[Clock] = Field(min_length=1)
    acts: list[Act] = Field(min_length=1)
    obligations: list[Obligation] = Field(min_length=1)

    @property
    def party_ids(self) -> tuple[str, ...]:
        """Ids of the parties, in the order of the file."""
        return tuple(party.id for party in self.parties)

    def party_name(self, party_id: str) -> str:
        """A party's name; the id itself where unknown."""
        if party_id == TOGETHER:
            return _("All parties together, whoever acted")
        return next((party.name for party in self.parties if party.id == party_id), party_id)

    def act(self, act_id: str) -> Act:
        """The act of that id (checked on reading)."""
        return next(act for act in self.acts if act.id == act_id)

    def window(self, clock_id: str) -> Interval:
        """The clock's window."""
        clock = next(clock for clock in self.clocks if clock.id == clock_id)
        return Interval(as_utc(clock.start), as_utc(clock.stop))

    @property
    def span(self) -> Interval:
        """From the first start to the last stop of any clock."""
        return Interval(
            min(as_utc(clock.start) for clock in self.clocks),
            max(as_utc(clock.stop) for clock in self.clocks),
        )


def read_truce(path: Path, *, label: str, area_ids: set[str] | None = None) -> Truce:
    """Read and check the terms.

    Raises
    ------
    CaseError
        With every fault: unknown parties, acts, clocks, areas; windows that end before they
        start; ids that stand twice.
    """
    document = Document(path, label=label)
    truce = document.parse(Truce)
    problems = [
        *_reserved_ids(truce, document),
        *document.repeated_ids(
            parties=[item.id for item in truce.parties],
            declarations=[item.id for item in truce.declarations],
            clocks=[item.id for item in truce.clocks],
            acts=[item.id for item in truce.acts],
            obligations=[item.id for item in truce.obligations],
        ),
        *_wrong_windows(truce, document),
        *_unknown_names(truce, document, area_ids),
    ]
    if problems:
        raise CaseError(problems)
    return truce


def _reserved_ids(truce: Truce, document: Document) -> list[Problem]:
    return [
        document.problem(
            ["parties", position, "id"],
            code="name_reserved",
            message="this id stands for all parties together",
            got=party.id,
            expected="another id",
            next_step="Give the party another id",
        )
        for position, party in enumerate(truce.parties)
        if party.id == TOGETHER
    ]


def _wrong_windows(truce: Truce, document: Document) -> list[Problem]:
    return [
        document.problem(
            ["clocks", position, "stop"],
            code="window_order",
            message=f"clock {clock.id!r} ends before it starts"
            if clock.stop < clock.start
            else f"clock {clock.id!r} ends when it starts",
            got=_iso(clock.stop),
            expected=f"a time after {_iso(clock.start)}",
            next_step="Exchange start and stop, or correct the year",
        )
        for position, clock in enumerate(truce.clocks)
        if clock.stop <= clock.start
    ]


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _unknown_names(truce: Truce, document: Document, area_ids: set[str] | None) -> list[Problem]:
    known: dict[str, set[str]] = {
        "party": set(truce.party_ids),
        "act": {act.id for act in truce.acts},
        "clock": {clock.id for clock in truce.clocks},
        "declaration": {declaration.id for declaration in truce.declarations},
        "area": area_ids if area_ids is not None else set(),
    }
    problems: list[Problem] = []

    def expect(kind: str, name: str, path: list[str | int]) -> None:
        if (kind == "area" and area_ids is None) or name in known[kind]:
            return
        problems.append(
            document.problem(
                path,
                code="party_unknown" if kind == "party" else "name_unknown",
                message=f"no {kind} has this id",
                got=name,
                expected=" | ".join(sorted(known[kind])) or f"a {kind} defined in this case",
                next_step=f"Correct the id, or define the {kind}",
            )
        )

    for i, declaration in enumerate(truce.declarations):
        expect("party", declaration.party, ["declarations", i, "party"])
    for i, clock in enumerate(truce.clocks):
        for j, name in enumerate(clock.declared_by):
            expect("declaration", name, ["clocks", i, "declared_by", j])
    for i, obligation in enumerate(truce.obligations):
        at: list[str | int] = ["obligations", i]
        expect("act", obligation.act, [*at, "act"])
        for j, name in enumerate(obligation.binds):
            expect("party", name, [*at, "binds", j])
        for j, name in enumerate(obligation.clocks):
            expect("clock", name, [*at, "clocks", j])
        for party, name in obligation.clauses.items():
            expect("party", party, [*at, "clauses"])
            expect("declaration", name, [*at, "clauses", party])
        for j, scope in enumerate(obligation.scopes):
            for k, name in enumerate(scope.areas):
                expect("area", name, [*at, "scopes", j, "areas", k])
            for k, name in enumerate(scope.parties or []):
                expect("party", name, [*at, "scopes", j, "parties", k])
    return problems
