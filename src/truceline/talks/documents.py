"""A document of talks: text, where it comes from, and its paragraphs by kind."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from truceline.base.errors import Problem
from truceline.talks.lexicon import Lexicon

#: a document is told apart by so many hexadecimal digits of its text's digest
ID_DIGITS = 12

#: text is read; the rest is kept, told, and holds no statement
KINDS = ("text", "heading", "caption", "boilerplate", "live_mark", "paywall", "outside")
#: what a page shows outside its article, behind the text that is the page's own
OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A line of a document's text: ``text[start:stop]``."""

    start: int
    stop: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One report, communiqué or post, as it was read."""

    document_id: str
    digest: str  #: SHA-256 of ``text`` in UTF-8
    file: str  #: label of the file it stood in
    position: int  #: its place in that file, the first being 1
    text: str
    language: str
    title: str = ""
    url: str = ""
    outlet: str = ""
    author: str = ""
    published: date | None = None
    paragraphs: tuple[Paragraph, ...] = ()
    remarks: tuple[Problem, ...] = ()


def digest_text(text: str) -> str:
    """SHA-256 of a text in UTF-8; half of a surrogate pair is written as it stands."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_LINE = re.compile(r"[^\n\r\x0b\x0c\u2028\u2029]+")
_MARKED_HEADING = re.compile(r"#{1,6}\s+\S|_{2,}\s*$|={3,}\s*$|-{3,}\s*$")
_SENTENCE_END = re.compile(r"[.!?…:;][\"”’»“\')\]]*\s*$")
_LINK = re.compile(r"\]\((?:https?:)?//|^https?://\S+$")
#: a line that ends behind a comma or a mark with a dash goes on; one that begins with a dash and a small letter signs
_GOES_ON = re.compile(r"[,»”“\"] ?[—–-]$")
_SIGNS = re.compile(r"[—–-] ?[^\W\d_A-ZА-ЯІЇЄҐ]")
_CLOSED = re.compile(r"[»”“\"][.!?…,]*$")
#: a line broken in its middle has at least so many signs
LEAST_BROKEN = 40
#: the first line may be a longer one
FIRST_WORDS = 28


def split_paragraphs(text: str, lexicon: Lexicon) -> tuple[Paragraph, ...]:
    """Every line of ``text`` that is not blank, with its kind; a text of one line is no heading of another."""
    found: list[Paragraph] = []
    spans = _lines(text)
    for start, stop in _joined(text, spans) if lexicon.declines else spans:
        body = text[start:stop]
        kind = kind_of(body, lexicon, first=not found)
        if (
            kind == "heading"
            and len(spans) == 1
            and not _MARKED_HEADING.match(body)
            and not _LINK.search(body)
        ):
            kind = "text"
        found.append(Paragraph(start=start, stop=stop, kind=kind))
    return tuple(found)


def _lines(text: str) -> list[tuple[int, int]]:
    """Where each line that is not blank begins and ends, without blanks around it."""
    found = []
    for match in _LINE.finditer(text):
        body = match.group().strip()
        if body:
            start = match.start() + match.group().index(body[0])
            found.append((start, start + len(body)))
    return found


def _joined(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Lines that a post broke off and went on with: behind a dash, or in the middle of a sentence."""
    found: list[tuple[int, int]] = []
    for start, stop in spans:
        if found and stop - start > 1:
            first, last = found[-1]
            before, line = text[first:last], text[start:stop]
            if (
                _GOES_ON.search(before)
                or (_SIGNS.match(line) and _CLOSED.search(before))
                or (line[0].islower() and before[-1].isalnum() and len(before) >= LEAST_BROKEN)
            ):
                found[-1] = (first, stop)
                continue
        found.append((start, stop))
    return found


def kind_of(line: str, lexicon: Lexicon, *, first: bool) -> str:
    """What a line is: text, or something that stands around it."""
    if _MARKED_HEADING.match(line) or _LINK.search(line):
        return "heading"
    for kind, patterns in lexicon.line_kinds.items():
        if any(pattern.search(line) for pattern in patterns):
            return kind
    if not _SENTENCE_END.search(line):
        words = len(line.split())
        bullet = line[0] in "-–—•*" and words > 6
        if (
            words < (FIRST_WORDS if first else lexicon.heading_words)
            and not bullet
            and not _quoted_speech(line)
        ):
            return "heading"
    return "text"


def _quoted_speech(line: str) -> bool:
    """A line that begins as a quotation and is long enough for one."""
    return line[0] in '“«„"—–' and len(line.split()) > 6
