"""Text into sentences, by rule: marks of an end, and words after which a full stop ends nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from truceline.talks.documents import Document
from truceline.talks.lexicon import Lexicon

_END = re.compile(
    r"(?:[.!?]+|…)[\"”’»“\')\]]*(?=\s+[\"“„«‘\'(\[—–-]?\s?[^\W_a-zа-яёіїєґ])|[.!?…][\"”»](?=[A-ZА-ЯІЇЄҐ])"
)
_LAST_WORD = re.compile(r"([\w.’'-]+)\.$")
_INITIAL = re.compile(r"(?:^|[\s(«“\"])[^\W\d_]\.$")
_GLUED = re.compile(r"[a-zа-яёіїєґ0-9]{2}[.!?](?=[A-ZА-ЯІЇЄҐ][a-zа-яёіїєґ])")


def split_sentences(
    text: str, start: int, stop: int, *, abbreviations: Collection[str]
) -> list[tuple[int, int]]:
    """(start, stop) of each sentence of ``text[start:stop]``; blanks between belong to none."""
    ends = [
        match.end()
        for match in _END.finditer(text, start, stop)
        if not _abbreviated(text, start, match, abbreviations)
    ]
    ends += [match.end() for match in _GLUED.finditer(text, start, stop)]
    found = []
    at = start
    for end in [*sorted(set(ends)), stop]:
        while at < end and text[at].isspace():
            at += 1
        tail = end
        while tail > at and text[tail - 1].isspace():
            tail -= 1
        if tail > at:
            found.append((at, tail))
        at = end
    return found


def _abbreviated(text: str, start: int, match: re.Match[str], abbreviations: Collection[str]) -> bool:
    """Whether the full stop belongs to a word such as “Gen.”, or to an initial."""
    if text[match.start()] != "." or match.end() - match.start() > 1:
        return False
    before = text[max(start, match.start() - 24) : match.start() + 1]
    if _INITIAL.search(before):
        return True
    word = _LAST_WORD.search(before)
    return word is not None and word.group(1) in abbreviations


def running_sentences(document: Document, words: Lexicon) -> Iterator[tuple[int, int, int, bool]]:
    """(start, stop, paragraph, whether it is only a caption or a notice) of each sentence of the running text."""
    kinds = [pattern for kind in ("caption", "boilerplate") for pattern in words.line_kinds[kind]]
    for number, paragraph in enumerate(document.paragraphs):
        if paragraph.kind != "text":
            continue
        for start, stop in split_sentences(
            document.text, paragraph.start, paragraph.stop, abbreviations=words.abbreviations
        ):
            sentence = document.text[start:stop]
            yield start, stop, number, any(pattern.search(sentence) for pattern in kinds)
