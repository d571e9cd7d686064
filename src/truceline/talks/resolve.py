"""Who a mention means: by name, office, description, or what was said before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from truceline.talks.lexicon import Lexicon
from truceline.talks.mentions import Mention
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.stems import nominative, stem
from truceline.talks.tokens import Token

_SLUG = re.compile(r"[^\w]+")
#: a name shorter than this is not taken for another that differs by a letter
LEAST_MISSPELT = 5
#: people mentioned so far that a pronoun can mean
MEMORY = 12


def slug(name: str) -> str:
    """A name as an id: lower case, words joined by underscores."""
    return _SLUG.sub("_", name.lower().replace("’s", "").replace("'s", "")).strip("_") or "unnamed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Whom a mention means, and by which rule."""

    entity: Entity
    rule: str


@dataclass
class Discourse:
    """What a document has said of people so far."""

    speakers: Speakers
    words: Lexicon
    day: date | None
    by_name: dict[str, Entity] = field(default_factory=dict)  #: stem of a part of a name → who
    recent: list[Entity] = field(default_factory=list)  #: last mentioned last
    last_speaker: Entity | None = None
    coming: tuple[Entity, ...] = ()  #: people of the case in the order in which the document names them
    topic: Entity | None = None  #: whom the text has told of since somebody last spoke

    def note(self, entity: Entity) -> None:
        """Remember that somebody was mentioned."""
        if entity in self.recent:
            self.recent.remove(entity)
        self.recent.append(entity)
        del self.recent[:-MEMORY]

    def resolve(
        self, mention: Mention, tokens: Sequence[Token], *, inside: Sequence[Entity] = ()
    ) -> Resolved | None:
        """Whom ``mention`` means; ``inside``: those who spoke or stood before it in the sentence, last first."""
        head = tokens[mention.head]
        if mention.kind == "pronoun":
            return self._pronoun(str(head.what), head.text, inside)
        if head.tag == "K":
            return self._officer_of(mention, tokens, head) or self._person(mention, tokens, head)
        if head.tag in "BY" and isinstance(head.what, Entity):
            return Resolved(entity=head.what, rule="name" if head.tag == "B" else "party")
        if mention.kind == "named_body":
            return self._named_body(mention, tokens)
        if mention.is_name or mention.kind == "owner":
            return self._named(mention, tokens)
        return self._described(mention, tokens)

    def _officer_of(self, mention: Mention, tokens: Sequence[Token], head: Token) -> Resolved | None:
        """“the spokesman of B.”, where the name stands in the genitive: the spokesman, not B."""
        entity = head.what
        if not self.words.declines or mention.title is None or not isinstance(entity, Entity):
            return None
        names = next((one.names for one in self.speakers.file.people if one.id == entity.id), ())
        if head.text in names or nominative(head.text) not in names:
            return None
        title = tokens[mention.title[0] : mention.title[1] + 1]
        role = next(token.text for token in title if token.tag in "RT")
        name = f"{role.lower()} {head.text}"
        office = Entity(id=slug(name), name=name, kind="described", party=entity.party)
        return self._holder(stem(role), entity.party) or Resolved(entity=office, rule="description")

    def _person(self, mention: Mention, tokens: Sequence[Token], head: Token) -> Resolved:
        entity = head.what
        assert isinstance(entity, Entity)
        office = self._office(mention, tokens) or entity.office
        return Resolved(entity=replace(entity, office=office) if not entity.office else entity, rule="name")

    def _office(self, mention: Mention, tokens: Sequence[Token]) -> str:
        if mention.title is None:
            return ""
        first, last = mention.title
        text = " ".join(token.text for token in tokens[first : last + 1] if token.tag != "D")
        return text.replace(" ’s", "’s").replace(" 's", "'s").strip(" ,")

    def _named(self, mention: Mention, tokens: Sequence[Token]) -> Resolved | None:
        """A person whom the case does not name."""
        last = mention.last
        first = last
        while first > mention.first and tokens[first - 1].tag == "N":
            first -= 1
        parts = [token.text for token in tokens[first : last + 1]]
        keys = [stem(part) for part in parts]
        seen = self.by_name.get(keys[-1]) or self._misspelt(keys[-1])
        if seen is None and len(keys) == 1 and mention.kind != "titled":
            return None
        if seen is None or (len(keys) > 1 and not set(keys) & {stem(part) for part in seen.name.split()}):
            seen = self._introduce(parts, mention, tokens)
        elif self.words.declines and not seen.known and nominative(seen.id) == slug(parts[-1]) != seen.id:
            seen = self._introduce(parts, mention, tokens)  # now its name stands as a subject's does
        return Resolved(entity=seen, rule="new_name" if len(keys) > 1 else "last_name")

    def _named_body(self, mention: Mention, tokens: Sequence[Token]) -> Resolved:
        """“the state railway operator Railco”."""
        name = " ".join(token.text for token in tokens[mention.first : mention.last + 1] if token.tag == "N")
        if self.words.declines and nominative(name) != name:  # the body of somebody, not one called so
            body = next(token for token in tokens[mention.first : mention.last + 1] if token.tag == "S")
            name = f"{body.what} {name}"
        key = stem(name)
        if key not in self.by_name:
            kinds = {
                stem(token.text) for token in tokens[mention.first : mention.last + 1] if token.tag == "S"
            }
            self.by_name[key] = Entity(
                id=slug(name), name=name, kind="body", party=self._party(mention, tokens),
                media=bool(kinds & self.words.onlookers),
            )  # fmt: skip
        return Resolved(entity=self.by_name[key], rule="institution")

    def _misspelt(self, key: str) -> Entity | None:
        """Somebody whose name differs by one letter, in a name that is long enough to tell."""
        if len(key) < LEAST_MISSPELT:
            return None
        return next((who for name, who in self.by_name.items() if _one_apart(key, name)), None)

    def _introduce(self, parts: Sequence[str], mention: Mention, tokens: Sequence[Token]) -> Entity:
        office = self._office(mention, tokens)
        gender = next(
            (self.words.genders[stem(word)] for word in office.split() if stem(word) in self.words.genders),
            None,
        )
        entity = Entity(
            id=slug(parts[-1]), name=" ".join(parts), kind="person", office=office,
            party=self._party(mention, tokens), gender=gender,
        )  # fmt: skip
        for part in parts:
            self.by_name[stem(part)] = entity
        return entity

    def introduce(self, mention: Mention, tokens: Sequence[Token]) -> Resolved:
        """Take a single unknown name that stands where only a speaker can."""
        entity = self._introduce([tokens[mention.head].text], mention, tokens)
        return Resolved(entity=entity, rule="new_name")

    def _party(self, mention: Mention, tokens: Sequence[Token]) -> str | None:
        first, last = mention.title if mention.title is not None else (mention.first, mention.last)
        for token in tokens[first : last + 1]:
            if token.tag in "JYBK" and isinstance(token.what, Entity) and token.what.party is not None:
                return token.what.party
        return None

    def _described(self, mention: Mention, tokens: Sequence[Token]) -> Resolved | None:
        """“the party’s leader”, “the spokeswoman”, “officials”, “the air force of …”."""
        head = tokens[mention.head]
        party = self._party(mention, tokens)
        if mention.kind == "office":
            definite = tokens[mention.first].text.lower() not in ("a", "an", "another", "one", "some")
            whose = self._whose(mention, tokens) if party is None else frozenset()
            found = self._holder(stem(head.text), party, whose) if definite else None
            spoke = self.last_speaker
            if (
                found is None
                and spoke is not None
                and spoke.kind == "person"
                and mention.first == mention.last
            ) and stem(head.text) in self.words.generic_people:
                found = Resolved(entity=spoke, rule="description_again")
            if found is not None:
                return found
        entity_name = " ".join(
            str(head.what) if self.words.declines and token is head else token.text  # the head as a subject
            for token in tokens[mention.first : mention.last + 1]
            if token.tag != "D"
        )
        entity_name = re.sub(r"\s+([’']s?)", r"\1", entity_name)
        plural = head.tag == "G"
        if mention.kind == "body" and not plural and party is None and mention.last - mention.first <= 1:
            again = self._body_again(stem(head.text))
            if again is not None:
                return again
        kind = "body" if mention.kind == "body" and not plural else "described"
        entity = Entity(id=slug(entity_name), name=entity_name, kind=kind, party=party, plural=plural)
        return Resolved(entity=entity, rule="institution" if kind == "body" else "description")

    def _whose(self, mention: Mention, tokens: Sequence[Token]) -> frozenset[str]:
        """Names before an office that nobody knows: of “the Ruritanian president”, the first."""
        if self.words.declines or mention.title is None:
            return frozenset()
        first, last = mention.title
        return frozenset(token.text for token in tokens[first:last] if token.tag == "N")

    def _holder(self, role: str, party: str | None, whose: frozenset[str] = frozenset()) -> Resolved | None:
        """Who holds an office: in the case by party and title, else who was introduced with it.

        ``whose``: names that stand before the office; one introduced with others holds another one.
        """
        if party is not None:
            for person in self.speakers.people:
                if (
                    person.party == party
                    and person.speaks_on(self.day)
                    and role in {stem(one) for one in person.titles}
                ):
                    return Resolved(entity=person, rule="title_holder")
        before = list(reversed(self.recent))
        if self.words.declines and self.last_speaker is not None:
            before.insert(0, self.last_speaker)
        for one in before:
            if one.kind != "person" or (party is not None and one.party not in (party, None)):
                continue
            titles = {stem(word) for title in (*one.titles, one.office) for word in title.split()}
            titles |= {stem(title) for title in one.titles}
            named = {
                word
                for word in one.office.split()
                if word[:1].isupper() and stem(word) not in self.words.phrases
            }
            if whose and named and not whose & named:
                continue
            if role in titles or (role.split()[-1] in titles):
                return Resolved(entity=one, rule="description_again")
        return None

    def _body_again(self, role: str) -> Resolved | None:
        if role in self.words.generic_bodies:
            found = next(
                (
                    one
                    for one in reversed(self.recent)
                    if one.kind == "body" and (self.words.declines or not one.media)
                ),
                None,
            )
            return Resolved(entity=found, rule="description_again") if found is not None else None
        for one in reversed(self.recent):
            if one.kind == "body" and (
                stem(one.name.split()[-1]) == role.split()[-1] or self._called(one, role)
            ):
                return Resolved(entity=one, rule="description_again")
        return None

    def _called(self, body: Entity, role: str) -> bool:
        """Whether a name of a body of the case begins with a word: “the staff of …”, then “the staff”."""
        names = next((one.names for one in self.speakers.file.bodies if one.id == body.id), ())
        return self.words.declines and any(stem(name.split()[0]) == role for name in names)

    def pronoun(self, gender: str, inside: Sequence[Entity]) -> Resolved | None:
        """Whom “he”, “she” or “they” means here."""
        return self._pronoun(gender, gender, inside)

    def foreseen(self, gender: str) -> Resolved | None:
        """Whom “in his words” means in a text cut out of another, before it names anybody: whom it names next."""
        found = next((one for one in self.coming if _fits(one, gender)), None)
        return None if found is None else Resolved(entity=found, rule="named_after")

    def _pronoun(self, gender: str, text: str, inside: Sequence[Entity]) -> Resolved | None:
        if gender in ("described", "parties"):
            name = text.lower()
            return Resolved(
                entity=Entity(id=slug(name), name=name, kind="described", plural=True), rule="description"
            )
        before = [
            *inside,
            *(one for one in (self.topic, self.last_speaker) if one is not None),
            *reversed(self.recent),
        ]
        for one in before:
            if _fits(one, gender) and not (gender in ("he", "she") and is_thing(one, self.words)):
                return Resolved(entity=one, rule="pronoun")
        return None


def is_thing(entity: Entity, words: Lexicon) -> bool:
    """Whether it is a report, a resolution or such: no “she”, and nobody's side."""
    return entity.kind == "described" and stem(entity.name.split()[-1]) in words.things


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter was put in, left out or exchanged."""
    if abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    short, long = sorted((one, other), key=len)
    at = next((place for place, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[at + (len(short) == len(long)) :] == long[at + 1 :]


def _fits(entity: Entity, gender: str) -> bool:
    if gender in ("he", "she"):
        return (entity.kind == "person" and entity.gender in (gender, None)) or (
            entity.kind == "described" and not entity.plural
        )
    if gender == "they":
        return entity.plural or entity.kind in ("party", "body")
    return entity.kind in ("body", "party") and not entity.plural
