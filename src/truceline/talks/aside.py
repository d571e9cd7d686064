"""What of a document was set aside: headings, captions, bylines, notices, marks of a live page; with spans.

It holds no statement and no event, and nothing of it is lost unseen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from truceline.talks.documents import Document
from truceline.talks.lexicon import lexicon
from truceline.talks.sentences import running_sentences

#: the place and agency that a report begins with
DATELINE = re.compile(r"^[^\n]{0,60}?\([A-Z][A-Z-]{1,14}\)\s*[–—-]\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A stretch that was not read: ``text[start:stop]``."""

    start: int
    stop: int
    kind: (
        str  #: of ``documents.KINDS`` but text; dateline; sentence: a caption or a notice within running text
    )


def set_aside(document: Document) -> list[Aside]:
    """Every stretch set aside, in the order of the text; what heads the text is its title, and read."""
    found = [
        Aside(start=one.start, stop=one.stop, kind=one.kind)
        for number, one in enumerate(document.paragraphs)
        if one.kind != "text" and number not in head_lines(document)
    ]
    found += [
        Aside(start=start, stop=stop, kind="sentence")
        for start, stop, _, aside in running_sentences(document, lexicon(document.language))
        if aside
    ]
    for one in document.paragraphs:
        match = DATELINE.match(document.text[one.start : one.stop]) if one.kind == "text" else None
        if match is not None:
            stop = one.start + len(match.group().rstrip(" –—-"))
            found.append(Aside(start=one.start, stop=stop, kind="dateline"))
    return sorted(found, key=lambda one: one.start)


def head_lines(document: Document) -> range:
    """The numbers of the headings that stand before the running text: headline and deck."""
    number = 0
    while number < len(document.paragraphs) and document.paragraphs[number].kind == "heading":
        number += 1
    return range(number if number < len(document.paragraphs) else 0)
