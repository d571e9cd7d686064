"""Documents → statements: the records that the rest of ``talks`` works with."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from truceline.base.canonical import short_id
from truceline.talks.aside import head_lines
from truceline.talks.attribute import attribute
from truceline.talks.days import DayReader
from truceline.talks.documents import Document
from truceline.talks.headlines import beside_quotation
from truceline.talks.lexicon import Lexicon, lexicon
from truceline.talks.meaning import (
    Terms,
    find_condition,
    find_modality,
    find_question,
    find_stance,
    find_status,
    find_topic,
)
from truceline.talks.numbers import Number, find_numbers
from truceline.talks.onlookers import settled
from truceline.talks.resolve import is_thing
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.telling import telling_words
from truceline.talks.terms import issue_terms
from truceline.talks.units import Attributed, Unit
from truceline.talks.windows import Window, find_windows

#: name and version of the format of ``statements.json``
SCHEMA_ID = "truceline-statements-1"
#: of a longer statement the beginning is read for what it means; no sentence is so long
MOST_READ = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one speaker is said to have said in one sentence."""

    statement_id: str
    document_id: str
    start: int  #: span in the document's text
    stop: int
    text: str
    quotes: tuple[tuple[int, int], ...]  #: spans of quoted words within it
    speaker: Entity
    speaker_rule: str
    rule: str  #: rule that attributed it
    via: Entity | None
    addressee: str
    said_on: date | None
    said_words: str  #: of the text, that name the day
    said_rule: str  #: of ``days.DAY_RULES``; empty where the text names no day
    published: date | None
    language: str
    manner: str
    verb: str
    issue: str
    issues_also: tuple[str, ...]
    issue_words: tuple[str, ...]
    issue_rule: str
    stance: str
    stance_rule: str
    condition: str | None
    question: str | None
    modality: tuple[str, ...]
    status: str
    numbers: tuple[Number, ...]
    windows: tuple[Window, ...]
    passage: int  #: statements of one speaker in a row share it
    place: str = "text"  #: or headline
    origin: str = ""  #: name of the extractor that found it; empty: the rules

    def as_dict(self) -> dict[str, Any]:
        """The record as it stands in ``statements.json``."""
        return {
            "statement_id": self.statement_id,
            "document_id": self.document_id,
            "span": [self.start, self.stop],
            "text": self.text,
            "quotes": [list(span) for span in self.quotes],
            "speaker": _entity_dict(self.speaker),
            "speaker_rule": self.speaker_rule,
            "rule": self.rule,
            "via": _entity_dict(self.via) if self.via is not None else None,
            "addressee": self.addressee or None,
            "said_on": self.said_on.isoformat() if self.said_on else None,
            "said_words": self.said_words or None,
            "said_rule": self.said_rule or None,
            "published": self.published.isoformat() if self.published else None,
            "language": self.language,
            "manner": self.manner,
            "verb": self.verb,
            "issue": self.issue,
            "issues_also": list(self.issues_also),
            "issue_words": list(self.issue_words),
            "issue_rule": self.issue_rule,
            "stance": self.stance,
            "stance_rule": self.stance_rule,
            "condition": self.condition,
            "question": self.question,
            "modality": list(self.modality),
            "status": self.status,
            "numbers": [
                {
                    "value": one.value,
                    "relation": one.relation,
                    "unit": one.unit,
                    "text": one.text,
                    "start": one.start,
                }
                for one in self.numbers
            ],
            "windows": [one.as_dict() for one in self.windows],
            "passage": self.passage,
            "place": self.place,
            "origin": self.origin or None,
        }


def _entity_dict(entity: Entity) -> dict[str, Any]:
    return {
        "id": entity.id,
        "name": entity.name,
        "kind": entity.kind,
        "party": entity.party,
        "office": entity.office or None,
        "known": entity.known,
    }


def read_statements(
    document: Document, speakers: Speakers, *, owner: Entity | None = None
) -> tuple[list[Statement], Attributed]:
    """The statements of a document in the order of its text, and what else its quotation marks held."""
    words = lexicon(document.language)
    owner = owner or speakers.owner_of(document.outlet)
    found = attribute(document, words=words, speakers=speakers, owner=owner)
    terms = {issue: issue_terms(rows) for issue, rows in speakers.file.words.items()}
    builder = _Builder(document=document, words=words, speakers=speakers, terms=terms)
    built = _looking_ahead([builder.build(unit) for unit in found.units])
    return _with_days(built, found.units, telling_words(document.language).goes_on), found


def read_headlines(document: Document, speakers: Speakers) -> list[Statement]:
    """What a headline or a deck says that somebody said: apart from the text, whose words it may bend."""
    lines = head_lines(document)
    head = replace(document, paragraphs=tuple(replace(document.paragraphs[number], kind="text") for number in lines))  # fmt: skip
    found, attributed = read_statements(head, speakers)
    words = lexicon(document.language)
    terms = {issue: issue_terms(rows) for issue, rows in speakers.file.words.items()}
    for quote in attributed.open:
        line = next(one for one in head.paragraphs if one.start <= quote.start < one.stop)
        who = beside_quotation(head, quote, words=words, speakers=speakers)
        if who is None:
            continue
        unit = Unit(
            start=line.start, stop=line.stop, sentence=(line.start, line.stop), paragraph=0, who=who, rule="headline",
            kind="quote", stance="claims", base="", cue=None, quotes=((quote.start, quote.stop),),
        )  # fmt: skip
        found.append(_Builder(document=head, words=words, speakers=speakers, terms=terms).build(unit))
    return [replace(one, place="headline") for one in sorted(found, key=lambda one: one.start)]


def _with_days(
    statements: Sequence[Statement], units: Sequence[Unit], goes_on: Collection[str]
) -> list[Statement]:
    """A day that the text names for one statement holds for the others of its passage and paragraph by one speaker."""
    done = list(statements)
    places = range(len(done))
    for step in (1, -1):
        for place in places[::step]:
            beside = place - step
            if not 0 <= beside < len(done) or done[place].said_rule:
                continue
            one, other = done[place], done[beside]
            apart = units[place].paragraph - units[beside].paragraph
            on = one.passage == other.passage or apart == 0 or (apart == 1 and units[place].base in goes_on)
            if on and one.speaker.id == other.speaker.id and other.said_rule not in ("", "before"):
                done[place] = replace(
                    one, said_on=other.said_on, said_words=other.said_words, said_rule="carried"
                )
    return done


def _looking_ahead(statements: list[Statement]) -> list[Statement]:
    """“The question is the following.”: the first words of a quotation are about what the next ones name."""
    done = list(statements)
    for place in range(len(done) - 2, -1, -1):
        one, after = done[place], done[place + 1]
        begins = one.rule.startswith("cue_at_end") or one.issue_rule in ("context", "none")
        if (
            begins
            and one.issue_rule != "words"
            and one.manner == "direct"
            and after.passage == one.passage
            and after.issue_rule == "words"
        ):
            done[place] = replace(one, issue=after.issue, issue_words=after.issue_words, issue_rule="passage")
    return done


#: after one of these a name is no subject
_OBJECT = "".join(
    rf"(?<!\b{word} )(?<!\b{word} the )"
    for word in ("with", "of", "from", "to", "by", "for", "on", "in", "against", "at", "about", "between")
)


class _Builder:
    """Keeps what one statement hands on to the next: the passage, its issue."""

    def __init__(self, *, document: Document, words: Lexicon, speakers: Speakers, terms: Terms) -> None:
        self.document, self.words, self.speakers, self.terms = document, words, speakers, terms
        self.days = DayReader(document)
        self.before: Unit | None = None
        self.passage = 0
        self.issue: str | None = None
        self.other_names: dict[str | None, re.Pattern[str] | None] = {}

    def build(self, unit: Unit) -> Statement:
        text = self.document.text[unit.start : unit.stop].strip(" ,;")
        start = self.document.text.index(text, unit.start) if text else unit.start
        short = text[:MOST_READ]
        same = self._same_passage(unit)
        if not same:
            self.passage += 1
            self.issue = None
        content = self._content(unit, text)[:MOST_READ]
        condition_text = find_condition(content, words=self.words)
        before = condition_text is not None and self.words.reverse.match(condition_text) is not None
        main = (
            content.replace(condition_text, " ")
            if condition_text and not before
            else (condition_text or content)
        )
        topic = find_topic(
            main,
            words=self.words,
            case_terms=self.terms,
            whole=content,
            context=self._context(unit),
            inherited=self.issue if same else None,
            base=unit.base,
        )
        if unit.kind == "report" and unit.stance in ("accepts", "rejects") and unit.cue is not None:
            # “talks had ended with A saying yes to a truce”: what stands behind the verb is what A accepts
            rest = self.document.text[unit.cue[1] : unit.stop][:MOST_READ]
            rest = rest.replace(condition_text, " ") if condition_text and not before else rest
            behind = find_topic(rest, words=self.words, case_terms=self.terms)
            topic = behind if behind.rule == "words" else topic
        if topic.rule != "none":
            self.issue = topic.issue
        question = find_question(short)
        condition = find_condition(short, words=self.words) if question is None else None
        plain = short.replace(condition, " ") if condition is not None else short
        plain = self.words.relative.sub(" ", plain)
        stance = find_stance(
            short, plain, words=self.words, verb_stance=unit.stance, base=unit.base, question=question is not None,
            conditional=condition is not None, others=self._others(unit),
        )  # fmt: skip
        stance = settled(
            stance, content, unit.who.entity, base=unit.base, words=self.words, speakers=self.speakers
        )
        self.before = unit
        day = self.days.of_unit(unit)
        quotes = tuple(
            (max(a, start), min(b, start + len(text)))
            for a, b in unit.quotes
            if a < start + len(text) and b > start
        )
        return Statement(
            statement_id=short_id("st", self.document.digest, start, start + len(text), unit.who.entity.id),
            document_id=self.document.document_id, start=start, stop=start + len(text), text=text, quotes=quotes,
            speaker=unit.who.entity, speaker_rule=unit.who.rule, rule=unit.rule, via=unit.via,
            addressee=_addressee(short, unit.who.entity), said_on=day.day if day is not None else None,
            said_words=day.words if day is not None else "", said_rule=day.rule if day is not None else "",
            published=self.document.published, language=self.document.language,
            manner=self._manner(unit, start, text, quotes), verb=unit.base,
            issue=topic.issue, issues_also=topic.also, issue_words=topic.words, issue_rule=topic.rule,
            stance=stance.stance, stance_rule=stance.rule, condition=condition, question=question,
            modality=find_modality(short, words=self.words),
            status=find_status(short, words=self.words, relayed=unit.via is not None),
            numbers=find_numbers(short, offset=start, words=self.words),
            windows=find_windows(
                short, published=self.document.published, words=self.words, clocks=self.speakers.file.clocks),
            passage=self.passage,
        )  # fmt: skip

    def _others(self, unit: Unit) -> re.Pattern[str] | None:
        """Names of parties and people that are not the speaker's side, where they can be a subject."""
        who = unit.who.entity
        party = who.party
        if self.words.declines or unit.kind == "report" or is_thing(who, self.words):
            return None
        if party not in self.other_names:
            file = self.speakers.file
            names = [
                name for one in file.parties if one.id != party for name in (one.name, *one.names, *one.adjectives)
            ] + [
                name
                for one in file.people
                if party is None or one.party != party
                for name in (one.name, *one.names)
            ]  # fmt: skip
            joined = "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))
            self.other_names[party] = re.compile(rf"{_OBJECT}\b(?:{joined})\b(?![’']s)") if joined else None
        return self.other_names[party]

    def _same_passage(self, unit: Unit) -> bool:
        before = self.before
        return (
            before is not None
            and before.who.entity.id == unit.who.entity.id
            and unit.paragraph - before.paragraph <= 1
            and unit.kind == "quote"
        )

    def _content(self, unit: Unit, text: str) -> str:
        """What was said, without the words that say who spoke, where that leaves enough."""
        if unit.cue is None or unit.kind == "report":
            return self.words.lead.sub(" ", text)
        a, b = unit.cue[0] - unit.start, unit.cue[1] - unit.start
        whole = self.document.text[unit.start : unit.stop]
        rest = (whole[: max(a, 0)] + " " + whole[max(b, 0) :]).strip()
        rest = self.words.lead.sub(" ", rest)
        return rest if len(rest.split()) >= 3 else text

    def _context(self, unit: Unit) -> str:
        """The sentence before, in the same paragraph or the one above."""
        at = unit.sentence[0]
        return self.document.text[max(0, at - 300) : at]

    def _manner(self, unit: Unit, start: int, text: str, quotes: Sequence[tuple[int, int]]) -> str:
        if not quotes:
            return "paraphrase" if unit.kind == "report" else "reported"
        if unit.kind == "quote":
            return "direct"
        stop = start + len(text)
        outside = (stop - start) - sum(b - a for a, b in quotes)
        cue = (min(unit.cue[1], stop) - max(unit.cue[0], start)) if unit.cue is not None else 0
        own = outside - max(cue, 0)
        first_word = re.match(r"\W*", text)
        opens = quotes[0][0] - start <= (first_word.end() if first_word else 0) + 1
        quoted = sum(b - a for a, b in quotes)
        if opens and (own <= 0.5 * quoted or (len(quotes) == 1 and own < 60)):
            return "direct"
        return "mixed"


_TOLD = re.compile(
    r"\b(?:told|telling|tells|informed|urged|asked)\s+(?!that\b)((?:[A-Z][\w’'.-]*\s?(?:\d+\s?)?|(?:the|a|his|her|broadcaster|reporters|journalists|lawmakers|news|agency)\s){1,6}|reporters|journalists)"
)


def _addressee(text: str, speaker: Entity) -> str:
    """Who was told, as the text calls them; the speaker behind the verb (“asked A.”) is not."""
    match = _TOLD.search(text)
    told = match.group(1).strip(" .,") if match is not None else ""
    return "" if set(told.split()) & set(speaker.name.split()) else told
