"""Files → documents: plain text, HTML, lists in JSON, feeds, tables of posts. No document is lost silently."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from truceline.base.errors import Problem
from truceline.talks.dating import day_in_text, is_day_alone
from truceline.talks.decode import decode, not_text
from truceline.talks.detect import detect_language
from truceline.talks.documents import (
    ID_DIGITS,
    OUTSIDE,
    Document,
    Paragraph,
    digest_text,
    split_paragraphs,
)
from truceline.talks.lexicon import lexicon
from truceline.talks.raw_texts import NotRead, Raw, day_of, raw_texts

#: a file is read up to this size; news pages of 5 MB exist
MOST_BYTES = 64 * 1024 * 1024
#: a page with fewer words of text is told as a stub
LEAST_WORDS = 12

_AGENCY = re.compile(r"^[^\n]{0,80}?\(([A-Z][A-Z-]{1,14})\)\s*(?:[—–-]|\.)", re.MULTILINE)


def read_documents(
    path: Path, *, label: str = "", published: date | None = None
) -> tuple[list[Document], list[Problem]]:
    """Every document of a file, and what is to be said of the file.

    ``published`` is the day of publication where a document names none.
    """
    label = label or path.name
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            return [], [
                Problem(
                    code="file_unfolds",
                    message=f"the file has {size:,} bytes",
                    file=label,
                    expected=f"at most {MOST_BYTES:,}",
                    next_step="Split it",
                )
            ]
        content = path.read_bytes()
    except OSError as error:
        return [], [
            Problem(
                code="file_missing",
                message=error.strerror or "cannot be read",
                file=label,
                next_step="Name a file that can be read",
            )
        ]
    if not content.strip():
        return [], [
            Problem(
                code="file_empty",
                message="the file has no text",
                file=label,
                next_step="Get it again from where it came",
            )
        ]
    other = not_text(content)
    if other is not None:
        return [], [
            Problem(
                code="file_format",
                message=f"the file is no text: {other}",
                file=label,
                expected="plain text, HTML, a JSON list of articles, RSS or Atom, a table with a column of texts",
                next_step="Save its text as a text file",
            )
        ]
    text, encoding = decode(content)
    problems = []
    if encoding not in ("utf-8", "utf-8-sig"):
        problems.append(
            Problem(
                code="text_recoded",
                message=f"read as {encoding}",
                file=label,
                got=encoding,
                expected="UTF-8",
                next_step="Look at a name with an accent: if it is wrong, save the file as UTF-8",
            )
        )
    try:
        raws = list(raw_texts(text, path.suffix.lower(), path.stem))
    except NotRead as error:
        return [], [
            *problems,
            Problem(
                code="file_format",
                message=str(error),
                file=label,
                expected="plain text, HTML, a JSON list of articles, RSS or Atom, a table with a column of texts",
                next_step="Save it as one of these",
            ),
        ]
    documents = [_document(raw, label=label, published=published) for raw in raws]
    if not documents:
        problems.append(
            Problem(
                code="file_without_rows",
                message="no text in the file",
                file=label,
                next_step="Look at the file",
            )
        )
    return documents, problems


def _document(raw: Raw, *, label: str, published: date | None) -> Document:
    digest = digest_text(raw.text)
    own = raw.text[: raw.own]
    found = detect_language(own)
    language = found or "en"
    words = lexicon(language)
    if is_day_alone(raw.title, language=language):
        raw = replace(raw, title="")
    paragraphs = split_paragraphs(raw.text, words)
    if raw.kinds is not None:
        paragraphs = _marked(raw, paragraphs)
    if not raw.title and paragraphs and paragraphs[0].kind == "heading":
        head = raw.text[paragraphs[0].start : paragraphs[0].stop]
        raw = raw if is_day_alone(head, language=language) else replace(raw, title=head.lstrip("# "))
    day = raw.published or day_of(raw.url) or day_in_text(own, language=language) or published
    row = raw.position if raw.position > 1 else None
    remarks = _remarks(raw, paragraphs, words_found=found, day=day, label=label, row=row)
    if any(one.code in ("page_closed", "language_unread") for one in remarks):
        paragraphs = tuple(
            replace(one, kind="boilerplate") if one.kind == "text" else one for one in paragraphs
        )
    outlet = raw.outlet or urlsplit(raw.url).hostname or ""
    agency = _AGENCY.search(own[:1500]) or re.search(r"\(([A-Z]{4,14})\)\.?\s*$", own)
    if not outlet and agency is not None:
        outlet = agency.group(1)
    return Document(
        document_id=f"doc-{digest[:ID_DIGITS]}", digest=digest, file=label, position=raw.position, text=raw.text,
        language=language, title=raw.title, url=raw.url, outlet=outlet.removeprefix("www."), published=day,
        author=agency.group(1) if agency is not None else "", paragraphs=paragraphs, remarks=tuple(remarks),
    )  # fmt: skip


def _marked(raw: Raw, paragraphs: tuple[Paragraph, ...]) -> tuple[Paragraph, ...]:
    """Kinds as the markup gives them: a heading is one even where it ends with a full stop."""
    starts = {}
    at = 0
    for number, line in enumerate(raw.text.split("\n")):
        starts[at] = (raw.kinds or {}).get(number, "text")
        at += len(line) + 1
    return tuple(
        replace(one, kind=starts[one.start]) if starts.get(one.start, "text") != "text" else one
        for one in paragraphs
    )


def _remarks(
    raw: Raw,
    paragraphs: tuple[Paragraph, ...],
    *,
    words_found: str | None,
    day: date | None,
    label: str,
    row: int | None,
) -> list[Problem]:
    """What a reader of the report must know of the document."""
    words = lexicon(words_found or "en")
    running = " ".join(raw.text[one.start : one.stop] for one in paragraphs if one.kind == "text")
    found = []

    def tell(code: str, message: str, next_step: str) -> None:
        found.append(
            Problem(code=code, message=message, file=label, row=row, got=raw.title[:80], next_step=next_step)
        )

    if not raw.text[: raw.own].strip():
        tell("text_none", "the document has no text", "Get it again from where it came")
    elif (
        any(pattern.search(raw.text[: raw.own]) for pattern in words.closed_page)
        and len(running.split()) < 4 * LEAST_WORDS
    ):
        tell("page_closed", "the page says that its text is no longer there", "Look for another copy of it")
    elif len(running.split()) < LEAST_WORDS:
        tell(
            "text_none",
            f"the document has {len(running.split())} words of running text",
            "Look whether the page was cut",
        )
    if any(one.kind == "paywall" for one in paragraphs):
        tell(
            "page_paywalled",
            "the page asks for a subscription: its text may end early",
            "Read the whole text where you have access",
        )
    if raw.hidden:
        tell(
            "text_hidden",
            f"{raw.hidden} characters that the page hides from its readers were left out",
            "Look at the page's markup if you wonder why",
        )
    around = sum(len(raw.text[one.start : one.stop]) for one in paragraphs if one.kind == OUTSIDE)
    if around:
        tell(
            "text_outside",
            f"{around} characters that stand outside the page's article were set aside",
            "Look at them under the document: what the page says there was not read",
        )
    if words_found is None and len(running.split()) >= LEAST_WORDS:
        tell(
            "language_unread",
            "the text is in no language that is read here",
            "Translate it, and say so in its title",
        )
    if day is None and running:
        tell(
            "page_undated",
            "the document names no day of publication",
            "Give it with --published, or keep it as undated",
        )
    return found
