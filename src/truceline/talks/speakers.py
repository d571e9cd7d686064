"""Who may speak in a case: parties, people with their offices, bodies; as the case's ``speakers.yaml`` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from truceline.base.documents import Document as YamlDocument
from truceline.base.documents import Model
from truceline.base.errors import CaseError
from truceline.talks.lexicon import add_phrase, sorted_phrases

FILE_NAME = "speakers.yaml"


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_day)]


class PartyNames(Model):
    """How texts call a party or another state."""

    id: str = Field(description="id of the party, as in truce.yaml, or of a third party")
    name: str = Field(description="its name as reports show it")
    names: list[str] = Field(description="spellings, capitals that stand for it")
    adjectives: list[str] = Field(default_factory=list, description="what its offices are called by")


class Person(Model):
    """Somebody who speaks."""

    id: str = Field(description="short id")
    name: str = Field(description="name as reports show it")
    names: list[str] = Field(default_factory=list, description="other spellings, and last names used alone")
    office: str = Field("", description="office held")
    titles: list[str] = Field(
        default_factory=list, description="descriptions that mean this person: president, leader, chief"
    )
    party: str | None = Field(None, description="id of the party spoken for")
    gender: Literal["he", "she"] | None = Field(None, description="pronoun used for them")
    since: Day | None = Field(None, alias="from", description="first day in office")
    until: Day | None = Field(None, description="first day no longer in office")


class Body(Model):
    """An institution that speaks."""

    id: str = Field(description="short id")
    name: str = Field(description="name as reports show it")
    names: list[str] = Field(default_factory=list, description="other names")
    party: str | None = Field(None, description="id of the party it belongs to")
    media: bool = Field(False, description="whether it passes on what others say: an agency, a broadcaster")


class SpeakersFile(Model):
    """``speakers.yaml``."""

    speakers: Literal[1] = Field(description="version of this format")
    parties: list[PartyNames] = Field(default_factory=list, description="parties and other states")
    people: list[Person] = Field(default_factory=list, description="people")
    bodies: list[Body] = Field(default_factory=list, description="institutions")
    clocks: dict[str, str] = Field(
        default_factory=dict, description="words for a clock: its time zone, such as Europe/Paris"
    )
    channels: dict[str, str] = Field(
        default_factory=dict,
        description="outlet, or name of a table of posts: id of the speaker whose own channel it is",
    )
    words: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="issue: words of this case that point to it, with a weight"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Somebody or something that can speak."""

    id: str
    name: str
    kind: str  #: person, body, party, described
    party: str | None = None
    office: str = ""
    titles: tuple[str, ...] = ()
    gender: str | None = None
    plural: bool = False
    known: bool = False  #: named in the case
    media: bool = False
    since: date | None = None
    until: date | None = None

    def speaks_on(self, day: date | None) -> bool:
        """Whether a person holds the office on a day; on an unknown one, yes."""
        if day is None:
            return True
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True)
class Speakers:
    """The case's speakers, ready to be looked for in a text."""

    file: SpeakersFile = field(default_factory=lambda: SpeakersFile(speakers=1))

    @cached_property
    def people(self) -> tuple[Entity, ...]:
        """People of the case."""
        return tuple(
            Entity(
                id=one.id, name=one.name, kind="person", party=one.party, office=one.office, titles=tuple(one.titles),
                gender=one.gender, known=True, since=one.since, until=one.until,
            )
            for one in self.file.people
        )  # fmt: skip

    @cached_property
    def parties(self) -> dict[str, Entity]:
        """Parties by id."""
        return {
            one.id: Entity(id=one.id, name=one.name, kind="party", party=one.id, known=True)
            for one in self.file.parties
        }

    @cached_property
    def phrases(self) -> Mapping[str, tuple[tuple[tuple[str, ...], str, object], ...]]:
        """Names as stems: first stem → (stems, tag, (entity, as written where case matters))."""
        table: dict[str, list[tuple[tuple[str, ...], str, object]]] = {}
        for person, entity in zip(self.file.people, self.people, strict=True):
            for name in [person.name, *person.names]:
                add_phrase(table, name, "K", (entity, name))
        for body in self.file.bodies:
            entity = Entity(
                id=body.id, name=body.name, kind="body", party=body.party, known=True, media=body.media
            )
            for name in [body.name, *body.names]:
                add_phrase(table, name, "B", (entity, name))
        for party in self.file.parties:
            entity = self.parties[party.id]
            for name in [party.name, *party.names]:
                add_phrase(table, name, "Y", (entity, name))
            for name in party.adjectives:
                add_phrase(table, name, "J", (entity, name))
        return sorted_phrases(table)

    @cached_property
    def by_id(self) -> dict[str, Entity]:
        """Everybody of the case by id."""
        bodies = [
            Entity(id=one.id, name=one.name, kind="body", party=one.party, known=True, media=one.media)
            for one in self.file.bodies
        ]
        return {one.id: one for one in (*self.parties.values(), *bodies, *self.people)}

    def owner_of(self, channel: str) -> Entity | None:
        """Whose own channel it is; None where it is an outlet that tells of others."""
        return self.by_id.get(self.file.channels.get(channel, ""))

    def party_of(self, party: str | None) -> Entity | None:
        """The party of that id."""
        return self.parties.get(party) if party is not None else None


def read_speakers(case: Path | None) -> Speakers:
    """The speakers of a case folder, or of a file; nobody where none is given or the case has no such file.

    Raises
    ------
    CaseError
        With every fault of the file.
    """
    if case is None:
        return Speakers()
    path = case / FILE_NAME if case.is_dir() else case
    if case.is_dir() and not path.exists():
        return Speakers()
    document = YamlDocument(path, label=f"case:{path.name}")
    parsed = document.parse(SpeakersFile)
    problems = document.repeated_ids(
        parties=[one.id for one in parsed.parties],
        people=[one.id for one in parsed.people],
        bodies=[one.id for one in parsed.bodies],
    )
    known = {one.id for one in parsed.parties}
    for kind, rows in (("people", parsed.people), ("bodies", parsed.bodies)):
        listed: list[Any] = list(rows)
        problems += [
            document.problem(
                [kind, place, "party"], code="party_unknown", message=f"{row.id} belongs to a party that the file does not list",
                got=row.party, expected=" | ".join(sorted(known)), next_step="List it under parties, or correct the id",
            )
            for place, row in enumerate(listed)
            if row.party is not None and row.party not in known
        ]  # fmt: skip
    problems += _clock_faults(document, parsed)
    everybody = {
        *(one.id for one in parsed.parties),
        *(one.id for one in parsed.people),
        *(one.id for one in parsed.bodies),
    }
    problems += [
        document.problem(["channels", name], code="name_unknown", message=f"channels.{name}: nobody has that id", got=speaker, expected="an id of parties, people or bodies", next_step="Correct it")
        for name, speaker in parsed.channels.items()
        if speaker not in everybody
    ]  # fmt: skip
    if problems:
        raise CaseError(problems)
    return Speakers(parsed)


def _clock_faults(document: YamlDocument, parsed: SpeakersFile) -> list[Any]:
    from zoneinfo import available_timezones

    zones = available_timezones()
    return [
        document.problem(["clocks", word], code="value_unknown", message=f"clocks.{word}: no such time zone", got=zone, expected="a zone such as Europe/Paris", next_step="Correct it")
        for word, zone in parsed.clocks.items()
        if zone not in zones
    ]  # fmt: skip
