"""``truce.yaml``: what was declared or agreed, in a form that can be tested."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from truceline.base.documents import Document, Model, Moment
from truceline.base.errors import CaseError
from truceline.base.intervals import Interval, as_utc
from truceline.base.language import _
from truceline.schema.claims import TOGETHER
from truceline.terms.conditions import AtMost, Condition
from truceline.terms.provisions import (
    Command,
    Consent,
    Disputes,
    Enforcement,
    Ground,
    Monitoring,
    Settlement,
    Texts,
    Timing,
)
from truceline.terms.taxonomy import known_acts
from truceline.terms.zones import Zone


class Party(Model):
    """A party. Nothing in the code knows which."""

    id: str = Field(description="short id, used everywhere in the case")
    name: str = Field(description="name for people")


class ThirdParty(Model):
    """Somebody with a part in the truce who does not fight in it."""

    id: str = Field(description="short id")
    name: str = Field(description="name for people")
    role: Literal["guarantor", "mediator", "monitor", "supporter", "other"] = Field(
        "other", description="part that it has; a supporter gives a party arms, money or information"
    )


class Clause(Model):
    """A clause of the instrument, in its own words."""

    id: str = Field(description="number of the clause, as the text numbers it")
    title: str = Field("", description="heading")
    kind: Literal["operative", "definition", "recital"] = Field(
        "operative", description="operative: it shall be done; recital: it is said, and binds nobody"
    )
    wording: dict[str, str] = Field(
        min_length=1,
        description="language → wording, quoted short or paraphrased; a text alone is taken as English",
    )
    about: list[str] = Field(
        default_factory=list, description="questions of the catalogue that it touches and does not answer"
    )

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("wording"), str):
            return {**value, "wording": {"en": value["wording"]}}
        return value

    @property
    def text(self) -> str:
        """The wording: English where there is some, else the first."""
        return self.wording.get("en") or next(iter(self.wording.values()))


class Definition(Model):
    """What a word means in this text."""

    term: str = Field(description="word or phrase")
    meaning: str = Field(description="what it means")
    clauses: list[str] = Field(default_factory=list, description="clauses that define it")


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


def _is_a_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = get_close_matches(name, sorted(available_timezones()), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name!r} is no time zone by its IANA name{hint}") from error
    return name


class Clock(Model):
    """When the truce holds; rival clocks of one truce stand side by side."""

    id: str
    title: str
    start: Moment
    stop: Moment
    zone: Annotated[str, AfterValidator(_is_a_zone)] = Field(
        "UTC", description="zone in which its days are counted, by its IANA name"
    )
    declared_by: list[str] = Field(default_factory=list, description="ids of declarations")
    note: str | None = None


class Act(Model):
    """A kind of act, with its definition: what one is and is not."""

    id: str
    name: str
    definition: str
    unit: str = Field("", description="what one is, where it is counted")
    like: str | None = Field(
        None,
        description="act of the taxonomy that it is one of; null: the one of the same id, if there is one",
    )

    @model_validator(mode="before")
    @classmethod
    def _adopted(cls, value: Any) -> Any:
        """An id alone adopts name, definition and unit from the taxonomy."""
        if not isinstance(value, dict) or {"name", "definition"} <= value.keys():
            return value
        known = known_acts().get(str(value.get("id")))
        if known is None:
            if not {"name", "definition"} & value.keys():
                near = get_close_matches(str(value.get("id")), known_acts(), n=1)
                hint = (
                    f"did you mean {near[0]!r}? Else " if near else f"it has {', '.join(known_acts())}. Else "
                )
                raise ValueError(
                    f"the taxonomy has no act {str(value.get('id'))!r}: {hint}give it a name and a definition of its own"
                )
            return value
        return {"name": known.name, "definition": known.definition, "unit": known.unit, **value}


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


class Notice(Model):
    """Notice of an act."""

    to: list[str] = Field(min_length=1, description="whom notice is given to")
    before_hours: float = Field(gt=0, description="hours before the act")


class Exemption(Model):
    """What is no breach though a rule speaks against it."""

    id: str = Field(description="short id")
    title: str = Field(description="what is exempt, for people")
    purpose: Literal["return_fire", "self_defence", "training", "policing", "relief", "other"] = Field(
        description="what it is for"
    )
    acts: list[str] = Field(min_length=1, description="acts, as the truce names them")
    parties: list[str] | None = Field(None, description="whom it frees; null: everybody bound")
    condition: Condition | None = Field(
        None, description="when it applies; null: always, which swallows the rule"
    )
    ordered_by: str | None = Field(None, description="office whose order it needs")
    report_within_hours: float | None = Field(None, gt=0, description="by when its use is reported; hours")
    clauses: list[str] = Field(default_factory=list, description="clauses that grant it")


class Obligation(Model):
    """One testable clause."""

    id: str
    act: str
    title: str
    rule: Literal["prohibit", "require", "limit", "freeze", "notify", "permit"] = Field(
        "prohibit",
        description="prohibit: it must not happen; require: it must; limit: no more than `limit`; freeze: no more "
        "than at the start; notify: not without notice; permit: it is no breach",
    )
    binds: list[str] = Field(min_length=1, description="parties; of other rules also third parties")
    clauses: dict[str, str] = Field(default_factory=dict, description="party → declaration it rests on")
    cites: list[str] = Field(
        default_factory=list, description="clauses of the instrument that it puts into effect"
    )
    clocks: list[str] = Field(
        default_factory=list, description="clocks it runs by; none: the truce's whole time"
    )
    scopes: list[Scope] = Field(default_factory=list, description="where and over which periods it is judged")
    zones: list[str] = Field(
        default_factory=list, description="zones where it holds; none: wherever the truce does"
    )
    condition: Condition | None = Field(None, description="when it holds; null: always")
    limit: AtMost | None = Field(None, description="of a limit: how many")
    notice: Notice | None = Field(None, description="of a duty to notify: to whom, how long before")
    deadline_hours: float | None = Field(None, gt=0, description="of a requirement: hours after the start")
    return_fire_exempt: bool = Field(False, description="whether answering fire is no breach")
    judged: bool = Field(
        True,
        description="false: no evidence of the case speaks to it; it is told beside the findings, not judged",
    )

    @model_validator(mode="after")
    def _whole(self) -> Obligation:
        if (self.rule == "limit") != (self.limit is not None):
            raise ValueError("a rule `limit` and the field `limit` go together")
        if (self.rule == "notify") != (self.notice is not None):
            raise ValueError("a rule `notify` and the field `notice` go together")
        return self


class Truce(Model):
    """The whole of ``truce.yaml``."""

    truce: Literal[1] = Field(description="version of this format")
    id: str
    title: str
    instrument: Literal["agreement", "parallel_declarations", "proposal"]
    terms_version: str
    summary: str = ""
    parties: list[Party] = Field(min_length=2)
    third_parties: list[ThirdParty] = Field(
        default_factory=list, description="guarantors, monitors, supporters …"
    )
    clauses: list[Clause] = Field(default_factory=list, description="the instrument, clause by clause")
    definitions: list[Definition] = Field(default_factory=list, description="words that the text defines")
    declarations: list[Declaration] = Field(default_factory=list)
    clocks: list[Clock] = Field(
        default_factory=list, description="windows in which it is judged; a case needs one"
    )
    acts: list[Act] = Field(
        default_factory=list, description="kinds of acts; an id of the taxonomy is enough"
    )
    zones: list[Zone] = Field(default_factory=list, description="zones")
    obligations: list[Obligation] = Field(default_factory=list, description="testable duties")
    exemptions: list[Exemption] = Field(default_factory=list, description="what is no breach")
    consents: list[Consent] = Field(
        default_factory=list, description="consent of parties to means of monitoring"
    )
    texts: Texts = Field(default_factory=Texts, description="the instrument as a text")
    timing: Timing = Field(default_factory=Timing, description="from signature to the day after")
    ground: Ground = Field(default_factory=Ground, description="where it holds")
    command: Command = Field(default_factory=Command, description="orders and those who must follow them")
    monitoring: Monitoring = Field(default_factory=Monitoring, description="who watches, with what")
    disputes: Disputes = Field(default_factory=Disputes, description="from an incident to a decision")
    enforcement: Enforcement = Field(default_factory=Enforcement, description="what follows a breach")
    settlement: Settlement = Field(default_factory=Settlement, description="what the truce is a step to")

    _set_aside: tuple[Obligation, ...] = PrivateAttr(default=())

    def setting_aside(self, obligations: tuple[Obligation, ...]) -> Truce:
        """The same terms, with those obligations kept as set aside."""
        whole = self.model_copy()
        whole._set_aside = obligations
        return whole

    def can_be_judged(self, obligation: Obligation) -> bool:
        """Whether findings judge it: a prohibition that binds parties alone, of which the case has evidence."""
        bound = set(obligation.binds) <= set(self.party_ids)
        return obligation.rule == "prohibit" and obligation.judged and bound

    @property
    def set_aside(self) -> tuple[Obligation, ...]:
        """Duties of third parties, and those that are no prohibitions; a case is verified without them."""
        return self._set_aside

    @property
    def party_ids(self) -> tuple[str, ...]:
        """Ids of the parties, in the order of the file."""
        return tuple(party.id for party in self.parties)

    def party_name(self, party_id: str) -> str:
        """The name of a party or third party; the id itself where unknown."""
        if party_id == TOGETHER:
            return _("All parties together, whoever acted")
        everybody: list[Party | ThirdParty] = [*self.parties, *self.third_parties]
        return next((party.name for party in everybody if party.id == party_id), party_id)

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
    """Read and check the terms of a case: they must be such that they can be judged.

    Duties that are no prohibitions are put into ``set_aside``: no series can show them.

    Raises
    ------
    CaseError
        With every fault: unknown parties, acts, clocks, areas; windows that end before they
        start; ids that stand twice; nothing to judge.
    """
    from truceline.terms.faults import faults_of_a_case

    truce, document = read_draft_and_document(path, label=label, area_ids=area_ids)
    problems = faults_of_a_case(truce, document)
    if problems:
        raise CaseError(problems)
    judged = [item for item in truce.obligations if truce.can_be_judged(item)]
    if len(judged) == len(truce.obligations):
        return truce
    return truce.model_copy(update={"obligations": judged}).setting_aside(
        tuple(item for item in truce.obligations if not truce.can_be_judged(item))
    )


def read_draft(path: Path, *, label: str) -> Truce:
    """Read terms that may still lack everything that a case needs.

    Raises
    ------
    CaseError
        With every fault.
    """
    return read_draft_and_document(path, label=label)[0]


def read_draft_and_document(
    path: Path, *, label: str, area_ids: set[str] | None = None
) -> tuple[Truce, Document]:
    """Read terms, with the document that knows where each value stands.

    Raises
    ------
    CaseError
        With every fault.
    """
    from truceline.terms.faults import faults_of_terms

    document = Document(path, label=label)
    truce = document.parse(Truce)
    problems = faults_of_terms(truce, document, area_ids=area_ids)
    if problems:
        raise CaseError(problems)
    return truce, document
