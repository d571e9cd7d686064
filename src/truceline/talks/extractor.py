"""Statements that an extractor of the user's own finds: asked for by text, taken only where the text bears them out.

An extractor may be a model. What it answers is data: the words must stand in the text at their place,
the speaker must be named in the text, issue and stance must be ones that there are. The rest of a
statement (numbers, windows, day, status) is read by the same rules as any other.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from truceline.base.canonical import short_id
from truceline.base.errors import Problem
from truceline.talks.days import DayReader
from truceline.talks.documents import Document
from truceline.talks.lexicon import STANCES, known_issues, lexicon
from truceline.talks.meaning import find_condition, find_modality, find_question, find_status
from truceline.talks.numbers import find_numbers
from truceline.talks.quotation import find_quotes
from truceline.talks.resolve import slug
from truceline.talks.speakers import Body, Entity, PartyNames, Person, Speakers
from truceline.talks.statements import Statement
from truceline.talks.windows import find_windows

PROTOCOL = "truceline-extract-1"
#: one question holds so many characters of a text
MOST_ASKED = 12_000
#: a statement has at most so many characters, a speaker's name so many
MOST_WORDS = 2_000
MOST_NAME = 120

#: a question → the answer as text; raises ``OSError`` where there is none
Ask = Callable[[Mapping[str, Any]], str]


@dataclass(slots=True, kw_only=True)
class Extraction:
    """What an extractor answered for a document."""

    statements: list[Statement] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)  #: why → how many
    failed: list[str] = field(default_factory=list)

    def problems(self, document: Document, name: str) -> list[Problem]:
        """What a reader must know of it."""
        found = [
            Problem(code="extractor_failed", message=why, file=document.file, row=document.position, got=name, expected='{"statements": […]}', next_step="Look whether the extractor runs; the rules read the text all the same")
            for why in dict.fromkeys(self.failed)
        ]  # fmt: skip
        if self.refused:
            why = ", ".join(f"{reason}: {n}" for reason, n in sorted(self.refused.items()))
            found.append(
                Problem(code="extractor_refused", message=f"{self.refused.total()} statements of the extractor were refused ({why})", file=document.file, row=document.position, got=name, next_step="Nothing: what the text does not bear out is left out")
            )  # fmt: skip
        return found


def extract(document: Document, speakers: Speakers, *, name: str, ask: Ask) -> Extraction:
    """Ask an extractor about a document, piece by piece, and take what the text bears out."""
    found = Extraction()
    spans: set[tuple[int, int]] = set()
    names = _names(speakers)
    for start, stop in _pieces(document.text):
        try:
            rows = _rows(ask(_question(document, document.text[start:stop])))
        except (OSError, ValueError, RecursionError) as error:
            found.failed.append(str(error) or type(error).__name__)
            continue
        for row in rows:
            taken = _taken(row, document, (start, stop), spans, names)
            if isinstance(taken, str):
                found.refused[taken] += 1
            else:
                spans.add(taken[0])
                found.statements.append(_statement(row, document, taken, name=name, place=len(spans), speakers=speakers))  # fmt: skip
    found.statements.sort(key=lambda one: one.start)
    return found


def added(own: Sequence[Statement], others: Sequence[Statement]) -> list[Statement]:
    """What an extractor finds beyond the rules: statements that share no half of their words with one of the same speaker."""
    return [
        one
        for one in others
        if not any(
            mine.speaker.id == one.speaker.id
            and 2 * (min(mine.stop, one.stop) - max(mine.start, one.start))
            >= min(mine.stop - mine.start, one.stop - one.start)
            for mine in own
        )
    ]


def _question(document: Document, text: str) -> dict[str, Any]:
    return {
        "protocol": PROTOCOL,
        "language": document.language,
        "published": document.published.isoformat() if document.published else None,
        "issues": {issue.id: issue.name for issue in known_issues().values()},
        "stances": list(STANCES),
        "text": text,
    }


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the text that are asked about at once: whole lines, as many as fit."""
    start = 0
    while start < len(text):
        stop = min(start + MOST_ASKED, len(text))
        if stop < len(text):
            stop = max(text.rfind("\n", start, stop), text.rfind(". ", start, stop)) + 1 or stop
            stop = stop if stop > start else min(start + MOST_ASKED, len(text))
        if text[start:stop].strip():
            yield start, stop
        start = stop


def _rows(answer: str) -> list[Any]:
    """The statements of an answer.

    Raises
    ------
    ValueError
        If it is not JSON of that form.
    """
    found = json.loads(answer)
    rows = found.get("statements") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise ValueError("the answer holds no list of statements")
    return rows


def _names(speakers: Speakers) -> dict[str, tuple[Entity, list[str]]]:
    """Every spelling of the case's speakers → who it is, with all spellings."""
    found: dict[str, tuple[Entity, list[str]]] = {}
    rows: list[Person | Body | PartyNames] = [
        *speakers.file.people,
        *speakers.file.bodies,
        *speakers.file.parties,
    ]
    for row in rows:
        spellings = [row.name, *row.names]
        for spelling in (row.id, *spellings):
            found[spelling.casefold()] = (speakers.by_id[row.id], spellings)
    return found


def _taken(
    row: Any,
    document: Document,
    piece: tuple[int, int],
    spans: set[tuple[int, int]],
    names: Mapping[str, tuple[Entity, list[str]]],
) -> tuple[tuple[int, int], Entity] | str:
    """Where a statement of an answer stands and who speaks; or why it is refused."""
    if not isinstance(row, dict) or not all(
        isinstance(row.get(key), str) for key in ("text", "speaker", "issue", "stance")
    ):
        return "not of the form asked for"
    if row["issue"] not in known_issues() or row["stance"] not in STANCES:
        return "an issue or stance that there is not"
    span = _span(row, document.text, piece, spans)
    if span is None:
        return "words that are not in the text"
    if span in spans:
        return "told twice"
    said = row["speaker"].strip()
    entity, spellings = names.get(said.casefold(), (None, [said]))
    text = document.text.casefold()
    if not said or len(said) > MOST_NAME or not any(one.casefold() in text for one in spellings):
        return "a speaker whom the text does not name"
    return span, entity or Entity(id=slug(said), name=said, kind="described")


def _span(
    row: Mapping[str, Any], text: str, piece: tuple[int, int], spans: set[tuple[int, int]]
) -> tuple[int, int] | None:
    """The place of the words: the one given, counted in the piece, or the first that is not taken."""
    words = row["text"].strip()
    if not words or len(words) > MOST_WORDS:
        return None
    start, stop = row.get("start"), row.get("stop")
    if isinstance(start, int) and isinstance(stop, int):
        a, b = piece[0] + start, piece[0] + stop
        return (a, b) if start >= 0 and b <= piece[1] and text[a:b] == row["text"] else None
    at = text.find(words, *piece)
    while at >= 0 and (at, at + len(words)) in spans:
        at = text.find(words, at + 1, piece[1])
    return (at, at + len(words)) if at >= 0 else None


def _statement(
    row: Mapping[str, Any],
    document: Document,
    taken: tuple[tuple[int, int], Entity],
    *,
    name: str,
    place: int,
    speakers: Speakers,
) -> Statement:
    (start, stop), entity = taken
    text = document.text[start:stop]
    words = lexicon(document.language)
    quotes = tuple(
        (max(one.start, start), min(one.stop, stop))
        for one in find_quotes(document.text, document.paragraphs)
        if one.start < stop and one.stop > start
    )
    question = find_question(text)
    day = DayReader(document).of(start, stop)
    return Statement(
        statement_id=short_id("st", document.digest, start, stop, entity.id, name),
        document_id=document.document_id, start=start, stop=stop, text=text, quotes=quotes,
        speaker=entity, speaker_rule="extractor", rule="extractor", via=None, addressee="",
        said_on=day.day if day is not None else None, said_words=day.words if day is not None else "",
        said_rule=day.rule if day is not None else "", published=document.published, language=document.language,
        manner="mixed" if quotes else "reported", verb="",
        issue=row["issue"], issues_also=(), issue_words=(), issue_rule="extractor",
        stance=row["stance"], stance_rule="extractor",
        condition=find_condition(text, words=words) if question is None else None, question=question,
        modality=find_modality(text, words=words), status=find_status(text, words=words, relayed=False),
        numbers=find_numbers(text, offset=start, words=words),
        windows=find_windows(text, published=document.published, words=words, clocks=speakers.file.clocks),
        passage=place, origin=name,
    )  # fmt: skip
