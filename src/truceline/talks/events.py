"""What a report tells by itself, in its author's voice: meetings, proposals, deliveries, fighting, movements.

No statement of a party: its teller is the report. Every sentence of the running text in which nobody is
said to speak is one event; within events and statements, phrases that name an occasion (“talks between A
and B in C”) or who proposed something are events of their own, as is what a sentence tells before it
comes to what somebody says. So each sentence of a text is a statement, an event, or set aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from truceline.base.canonical import short_id
from truceline.talks.aside import DATELINE
from truceline.talks.days import DayReader, ToldDay
from truceline.talks.documents import Document
from truceline.talks.lexicon import lexicon
from truceline.talks.meaning import find_topic
from truceline.talks.naming import apart, named_in
from truceline.talks.resolve import Discourse
from truceline.talks.sentences import running_sentences
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.statements import Statement
from truceline.talks.telling import kind_of_event, telling_words
from truceline.talks.terms import issue_terms
from truceline.talks.tokens import tag_tokens

#: name and version of the format of ``events.json``
EVENTS_SCHEMA_ID = "truceline-events-1"
EVENT_STATUSES = ("told", "expected", "unconfirmed")
#: what a sentence tells before somebody speaks has at least so many words
LEAST_CLAUSE = 5
#: names and day that a phrase must tell to be an event of its own: “talks with A” alone tells little
LEAST_TOLD = 2
#: a sentence that is a cue alone is no longer, in characters and tokens, and so close behind the quotation
LONGEST_CUE, MOST_CUE_TOKENS, CUE_BEHIND = 80, 8, 3
_CLOSING = ("”", '"', "»", "’", "'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a report tells in one sentence, or in a phrase of one."""

    event_id: str
    document_id: str
    start: int  #: span in the document's text
    stop: int
    text: str
    kind: str
    within: str  #: id of the statement or event in whose words it stands; empty: a sentence of its own
    who: tuple[Entity, ...]  #: people, bodies and parties that it names, as far as they are known
    names: tuple[str, ...]  #: other names in it: places, people of whom nothing is known
    happened_on: date | None
    day_words: str
    day_rule: str
    published: date | None
    language: str
    issue: str
    issues_also: tuple[str, ...]
    issue_words: tuple[str, ...]
    status: str

    def as_dict(self) -> dict[str, Any]:
        """The record as it stands in ``events.json``."""
        return {
            "event_id": self.event_id,
            "document_id": self.document_id,
            "span": [self.start, self.stop],
            "text": self.text,
            "kind": self.kind,
            "within": self.within or None,
            "who": [
                {"id": one.id, "name": one.name, "kind": one.kind, "party": one.party} for one in self.who
            ],
            "names": list(self.names),
            "happened_on": self.happened_on.isoformat() if self.happened_on else None,
            "day_words": self.day_words or None,
            "day_rule": self.day_rule or None,
            "published": self.published.isoformat() if self.published else None,
            "language": self.language,
            "issue": self.issue,
            "issues_also": list(self.issues_also),
            "issue_words": list(self.issue_words),
            "status": self.status,
        }


def read_events(
    document: Document,
    statements: Sequence[Statement],
    speakers: Speakers,
    *,
    cues: Mapping[str, tuple[int, int]],
) -> list[Event]:
    """What the author of a document tells, in the order of the text.

    ``statements``: what others say in it; ``cues``: statement → span of the words that say who speaks.
    """
    return list(_EventReader(document, statements, speakers, cues).read())


class _EventReader:
    """Goes through the running text once, and keeps who was mentioned."""

    def __init__(
        self,
        document: Document,
        statements: Sequence[Statement],
        speakers: Speakers,
        cues: Mapping[str, tuple[int, int]],
    ) -> None:
        self.document, self.speakers, self.cues = document, speakers, cues
        self.statements = sorted(
            (one for one in statements if one.place == "text"), key=lambda one: one.start
        )
        self.words = lexicon(document.language)
        self.told = telling_words(document.language)
        self.days = DayReader(document)
        self.plain = apart(document.text)
        self.terms = {issue: issue_terms(rows) for issue, rows in speakers.file.words.items()}
        self.discourse = Discourse(speakers=speakers, words=self.words, day=document.published)

    def read(self) -> Iterator[Event]:
        """Every event."""
        at = 0
        for start, stop, _, aside in running_sentences(self.document, self.words):
            if aside:
                continue
            while at < len(self.statements) and self.statements[at].stop <= start:
                at += 1
            here = []
            for one in self.statements[at:]:
                if one.start >= stop:
                    break
                here.append(one)
            for one in here:
                self.discourse.note(one.speaker)
            if here:
                clause = list(self._before_speech(start, here[0]))
                yield from clause
                for one in here:
                    for event in self._phrases(max(one.start, start), min(one.stop, stop), within=one):
                        if not any(event.kind == each.kind and event.stop <= each.stop for each in clause):
                            yield event
            elif not self._is_bare_cue(start, stop):
                yield from self._sentence(start, stop)

    def _is_bare_cue(self, start: int, stop: int) -> bool:
        """“… units?” the minister asked.: the second sentence only says who spoke the first."""
        before = next((one for one in self.statements if 0 <= start - one.stop <= CUE_BEHIND), None)
        if before is None or stop - start >= LONGEST_CUE or not self.document.text[start - CUE_BEHIND : start].strip(" ").endswith(_CLOSING):  # fmt: skip
            return False
        tokens = tag_tokens(self.plain, start, stop, words=self.words, speakers=self.speakers)
        return any(token.tag == "v" for token in tokens) and len(tokens) <= MOST_CUE_TOKENS

    def _sentence(self, start: int, stop: int) -> Iterator[Event]:
        match = DATELINE.match(self.document.text[start:stop])
        begin = start + (match.end() if match is not None else 0)
        whole = self._event(begin, stop)
        parts = list(self._phrases(begin, stop, within=whole))
        if whole.day_words and any(one.day_words == whole.day_words for one in parts):
            whole = replace(whole, happened_on=None, day_words="", day_rule="")  # the day is a part's
        yield whole
        yield from parts

    def _before_speech(self, start: int, first: Statement) -> Iterator[Event]:
        """“The envoy was expected to meet the president, but officials …”: the clause before who speaks."""
        cue = self.cues.get(first.statement_id)
        if first.start > start or cue is None or first.manner == "direct":
            return
        clause = self.days.masked[start : max(cue[0], start)]
        match = DATELINE.match(clause)
        begin = start + (match.end() if match is not None else 0)
        end = self._trimmed(begin, cue[0])
        text = self.document.text[begin:end]
        rest = self.document.text[cue[0] :]
        if self.document.text[begin : cue[0]].rstrip().endswith(",") and not self.told.relatives.match(rest):
            return  # “…, she said”: what stands before is what was said
        whole = self.told.relatives.match(rest) or kind_of_event(text, self.told) != "other"
        if (
            whole
            and len(text.split()) >= LEAST_CLAUSE
            and "\ue000" not in clause
            and not self.words.lead.search(text + ", ")
        ):
            yield self._event(begin, end, within=first)

    def _phrases(self, start: int, stop: int, *, within: Statement | Event) -> Iterator[Event]:
        """Phrases in the author's voice that name an occasion, or who proposed something."""
        for begin, end, kind in self._own(start, stop, within):
            event = self._event(begin, end, within=within, kind=kind)
            told = len(event.who) + len(event.names) + bool(event.day_words)
            if kind == "proposal" or told >= LEAST_TOLD or self._is_own(begin, end):
                yield event

    def _own(self, start: int, stop: int, within: Statement | Event) -> Iterator[tuple[int, int, str]]:
        masked = self.days.masked
        found = [
            (match.start(), match.end(), "proposal")
            for pattern in self.told.proposals
            for match in pattern.finditer(masked, start, stop)
        ]
        for match in self.told.occasion.finditer(masked, start, stop):
            said = isinstance(within, Statement) and self._was_said(within, start, match.start())
            before = masked[max(start, match.start() - 40) : match.start("noun")]
            named = re.search(r"[^\W\d_a-zа-яёіїєґ]\w", match["before"] + match["behind"])
            whose = named is not None or (match["own"] is not None and isinstance(within, Statement))
            if not said and whose and self.told.not_held.search(before) is None:
                kind = "appearance" if self.told.appearances.fullmatch(match["noun"]) else "meeting"
                found.append((match.start(), match.end(), kind))
        for begin, stop_at, kind in sorted(found):
            end = self._trimmed(begin, stop_at)
            if end > begin and (begin, end) != (within.start, within.stop):
                yield begin, end, kind

    def _was_said(self, one: Statement, start: int, at: int) -> bool:
        """Whether a phrase outside quotations belongs to what was said, not to who said it, where and when."""
        cue = self.cues.get(one.statement_id)
        if cue is None:
            return one.manner != "direct"
        if one.manner in ("direct", "paraphrase") or at < cue[1]:
            return False
        return self.words.tail.search(self.days.masked, start, at) is None

    def _trimmed(self, start: int, stop: int) -> int:
        """Where a phrase ends without the marks and the small words that join it to what follows."""
        return start + len(self.told.joining.sub("", self.document.text[start:stop]))

    def _event(
        self, start: int, stop: int, *, within: Statement | Event | None = None, kind: str = ""
    ) -> Event:
        text = self.document.text[start:stop]
        day = self._day(start, stop)
        topic = find_topic(text, words=self.words, case_terms=self.terms)
        kind = kind or kind_of_event(text, self.told)
        issue = topic.issue
        if kind == "meeting" and (topic.rule == "none" or within is not None):
            issue = "meetings"
        elif within is not None and (topic.rule == "none" or kind in ("appearance", "proposal")):
            issue = within.issue
        named = named_in(self.plain, start, stop, words=self.words, speakers=self.speakers, discourse=self.discourse, sentence=within is None)  # fmt: skip
        who = named.who
        if isinstance(within, Statement) and self._is_own(start, stop):
            who = tuple({one.id: one for one in (within.speaker, *who)}.values())
        sentence = self._sentence_of(start, stop)
        status = "expected" if self.told.expected.search(text) else "told"
        return Event(
            event_id=short_id("ev", self.document.digest, start, stop), document_id=self.document.document_id, start=start, stop=stop, text=text,
            kind=kind, within="" if within is None else within.statement_id if isinstance(within, Statement) else within.event_id,
            who=who, names=named.names, happened_on=day.day if day is not None else None, day_words=day.words if day is not None else "",
            day_rule=day.rule if day is not None else "", published=self.document.published, language=self.document.language,
            issue=issue, issues_also=topic.also if within is None else (), issue_words=topic.words,
            status="unconfirmed" if self.words.unconfirmed.search(sentence) else status,
        )  # fmt: skip

    def _is_own(self, start: int, stop: int) -> bool:
        """Whether a phrase tells of an occasion that is the speaker's: “his talks with …”, a press conference."""
        match = self.told.occasion.match(self.days.masked, start, stop)
        return match is not None and (match["own"] is not None or self.told.appearances.fullmatch(match["noun"]) is not None)  # fmt: skip

    def _sentence_of(self, start: int, stop: int) -> str:
        """A phrase with what its sentence goes on to say of it."""
        end = self.document.text.find(". ", stop - 1)
        line = self.document.text.find("\n", stop - 1)
        ends = [at for at in (end, line) if at >= 0]
        return self.days.masked[start : min(ends) if ends else None]

    def _day(self, start: int, stop: int) -> ToldDay | None:
        found = self.days.of(start, stop)
        near = self.told.near.search(self.days.masked, start, stop)
        if near is not None and (found is None or near.start() < found.start):
            return ToldDay(start=near.start(), stop=near.end(), day=None, words=near.group(), rule="named")
        return found
