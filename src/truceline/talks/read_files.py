"""Files → documents: plain text, HTML, lists in JSON, feeds, tables of posts. No document is lost silently."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from truceline.base.errors import Problem
from truceline.talks.decode import decode
from truceline.talks.detect import detect_language
from truceline.talks.documents import (
    ID_DIGITS,
    Document,
    Paragraph,
    digest_text,
    split_paragraphs,
)
from truceline.talks.html_text import main_blocks, read_page
from truceline.talks.lexicon import lexicon

#: a file is read up to this size; news pages of 5 MB exist
MOST_BYTES = 64 * 1024 * 1024
#: a page with fewer words of text is told as a stub
LEAST_WORDS = 12

_TEXTS = ("formatted_content", "content", "text", "body", "article", "article_body", "full_text", "message", "text_snippet", "description", "summary")
_TITLES = ("title", "headline", "name")
_URLS = ("url", "link", "href", "source_url")
_DATES = ("published", "published_at", "date", "datetime", "pubdate", "publication_date", "timestamp", "created_at")
_OUTLETS = ("outlet", "source", "publisher", "channel", "site")
_DAY = re.compile(r"(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})")
_FEED_DAY = re.compile(r"(\d{1,2})\s+(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\s+(20\d\d)")
_MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_AGENCY = re.compile(r"^[^\n]{0,80}?\(([A-Z][A-Z-]{1,14})\)\s*(?:[—–-]|\.)", re.MULTILINE)
_TAG = re.compile(r"<(?:p|div|br|a|b|i|em|strong|img|span|h\d|ul|li)\b[^>]*>", re.IGNORECASE)
_MARK_DOWN = re.compile(r"\*\*|__|~~|\[([^\]]*)\]\((?:https?|tg)://[^)]*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A text as it stood in its file."""

    text: str
    title: str = ""
    url: str = ""
    outlet: str = ""
    published: date | None = None
    kinds: Mapping[int, str] | None = None  #: line of the text → kind that the markup gave it
    hidden: int = 0
    position: int = 1


def read_documents(path: Path, *, label: str = "", published: date | None = None) -> tuple[list[Document], list[Problem]]:
    """Every document of a file, and what is to be said of the file.

    ``published`` is the day of publication where a document names none.
    """
    label = label or path.name
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            return [], [Problem(code="file_unfolds", message=f"the file has {size:,} bytes", file=label, expected=f"at most {MOST_BYTES:,}", next_step="Split it")]
        content = path.read_bytes()
    except OSError as error:
        return [], [Problem(code="file_missing", message=error.strerror or "cannot be read", file=label, next_step="Name a file that can be read")]
    if not content.strip():
        return [], [Problem(code="file_empty", message="the file has no text", file=label, next_step="Get it again from where it came")]
    text, encoding = decode(content)
    problems = []
    if encoding not in ("utf-8", "utf-8-sig"):
        problems.append(Problem(code="text_recoded", message=f"read as {encoding}", file=label, got=encoding, expected="UTF-8", next_step="Look at a name with an accent: if it is wrong, save the file as UTF-8"))
    try:
        raws = list(_raws(text, path.suffix.lower()))
    except _NotRead as error:
        return [], [*problems, Problem(code="file_format", message=str(error), file=label, expected="plain text, HTML, a JSON list of articles, RSS or Atom, a table with a column of texts", next_step="Save it as one of these")]
    documents = [_document(raw, label=label, published=published) for raw in raws]
    if not documents:
        problems.append(Problem(code="file_without_rows", message="no text in the file", file=label, next_step="Look at the file"))
    return documents, problems


class _NotRead(Exception):  # noqa: N818 - never leaves this module
    """A file of no known format."""


def _raws(text: str, suffix: str) -> Iterator[Raw]:
    start = text.lstrip()[:2000]
    if start[:1] in "[{" and suffix in (".json", ".jsonl", ".ndjson", ""):
        yield from _json_raws(text)
    elif re.match(r"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:rss|feed|rdf:RDF)\b", start, re.DOTALL | re.IGNORECASE):
        yield from _feed_raws(text)
    elif suffix in (".html", ".htm", ".xhtml") or re.match(r"<(?:!doctype html|html|head|body)\b", start, re.IGNORECASE):
        yield _html_raw(text)
    elif suffix in (".csv", ".tsv"):
        yield from _table_raws(text, suffix)
    else:
        yield _plain_raw(text)


def _plain_raw(text: str) -> Raw:
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    title = first if len(first) < 200 and not first.endswith((".", "!", "?", "…", "”", '"')) else ""
    return Raw(text=text, title=title)


def _json_raws(text: str) -> Iterator[Raw]:
    try:
        found = json.loads(text)
    except ValueError as error:
        rows = []
        for line in text.split("\n"):
            try:
                rows.append(json.loads(line)) if line.strip() else None
            except ValueError:
                raise _NotRead(f"not JSON: {error}") from error
        found = rows
    except RecursionError as error:
        raise _NotRead("JSON nested too deep") from error
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
        found = lists[0] if lists and not _first(found, _TEXTS) else [found]
    if not isinstance(found, list):
        raise _NotRead("JSON without a list of articles")
    for position, row in enumerate(found, 1):
        if isinstance(row, str):
            row = {"text": row}
        fields = {str(key).lower(): value for key, value in row.items()} if isinstance(row, dict) else {}
        body = _first(fields, _TEXTS)
        if len(_TAG.findall(body)) > 2:
            page = _html_raw(body)
            yield replace(page, title=_first(fields, _TITLES) or page.title, url=_first(fields, _URLS), outlet=_first(fields, _OUTLETS), published=_day_of(_first(fields, _DATES)) or page.published, position=position)
        else:
            yield Raw(text=body, title=_first(fields, _TITLES), url=_first(fields, _URLS), outlet=_first(fields, _OUTLETS), published=_day_of(_first(fields, _DATES)), position=position)


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of several fields that holds text."""
    return next((str(row[name]) for name in names if isinstance(row.get(name), str | int | float) and str(row[name]).strip()), "")


def _table_raws(text: str, suffix: str) -> Iterator[Raw]:
    csv.field_size_limit(MOST_BYTES)
    rows = csv.DictReader(io.StringIO(text), delimiter="\t" if suffix == ".tsv" else ",")
    names = [name.strip().lower() for name in rows.fieldnames or []]
    if not any(name in names for name in _TEXTS):
        raise _NotRead(f"a table without a column of texts; its columns: {', '.join(names[:12])}")
    try:
        for position, row in enumerate(rows, 2):
            fields = {str(key).strip().lower(): value for key, value in row.items() if key is not None}
            body = _MARK_DOWN.sub(lambda match: match.group(1) or "", _first(fields, _TEXTS))
            yield Raw(text=body, title=_first(fields, _TITLES), url=_first(fields, _URLS), outlet=_first(fields, _OUTLETS), published=_day_of(_first(fields, _DATES)), position=position)
    except csv.Error as error:
        raise _NotRead(f"a table that breaks off: {error}") from error


def _feed_raws(text: str) -> Iterator[Raw]:
    try:
        root = fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text).strip(), forbid_dtd=False)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise _NotRead(f"a feed that is not XML: {error}") from error
    outlet = ""
    position = 0
    for node in root.iter():
        name = _local(node.tag)
        if name == "title" and not outlet:
            outlet = (node.text or "").strip()
        if name not in ("item", "entry"):
            continue
        position += 1
        parts: dict[str, str] = {}
        for child in node:
            key = _local(child.tag)
            value = child.get("href", "") if key == "link" and not (child.text or "").strip() else "".join(child.itertext())
            if len(value) > len(parts.get(key, "")):
                parts[key] = value
        body = max((parts.get(key, "") for key in ("encoded", "content", "description", "summary")), key=len)
        page = _html_raw(body) if _TAG.search(body) else Raw(text=body)
        yield replace(page, title=" ".join(parts.get("title", "").split()), url=parts.get("link", "").strip(), outlet=outlet, published=_day_of(parts.get("pubDate") or parts.get("published") or parts.get("updated") or parts.get("date") or ""), position=position)


def _local(tag: object) -> str:
    return str(tag).rsplit("}", 1)[-1]


def _html_raw(markup: str) -> Raw:
    page = read_page(markup)
    blocks = main_blocks(page)
    lines, kinds = [], {}
    for block in blocks:
        kinds[len(lines)] = block.kind
        lines.append(block.text)
    meta = page.meta
    title = meta.get("og:title") or meta.get("headline") or meta.get("title", "")
    day = _day_of(meta.get("article:published_time") or meta.get("datepublished") or meta.get("date") or meta.get("time") or "")
    return Raw(
        text="\n".join(lines), title=" ".join(title.split()), url=meta.get("canonical") or meta.get("og:url", ""),
        outlet=meta.get("og:site_name", ""), published=day, kinds=kinds, hidden=page.hidden,
    )  # fmt: skip


def _day_of(text: str) -> date | None:
    """The day in a date of any of the usual forms."""
    match = _DAY.search(text)
    try:
        if match is not None:
            return date(int(match[1]), int(match[2]), int(match[3]))
        match = _FEED_DAY.search(text)
        if match is not None:
            return date(int(match[3]), _MONTHS[match[2]], int(match[1]))
    except ValueError:
        return None
    return None


def _document(raw: Raw, *, label: str, published: date | None) -> Document:
    digest = digest_text(raw.text)
    found = detect_language(raw.text)
    language = found or "en"
    words = lexicon(language)
    paragraphs = split_paragraphs(raw.text, words)
    if raw.kinds is not None:
        paragraphs = _marked(raw, paragraphs)
    day = raw.published or _day_of(raw.url) or published
    row = raw.position if raw.position > 1 else None
    remarks = _remarks(raw, paragraphs, words_found=found, day=day, label=label, row=row)
    if any(one.code in ("page_closed", "language_unread") for one in remarks):
        paragraphs = tuple(replace(one, kind="boilerplate") if one.kind == "text" else one for one in paragraphs)
    outlet = raw.outlet or urlsplit(raw.url).hostname or ""
    agency = _AGENCY.search(raw.text[:1500]) or re.search(r"\(([A-Z]{4,14})\)\.?\s*$", raw.text)
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
    return tuple(replace(one, kind=starts[one.start]) if starts.get(one.start, "text") != "text" else one for one in paragraphs)


def _remarks(
    raw: Raw, paragraphs: tuple[Paragraph, ...], *, words_found: str | None, day: date | None, label: str, row: int | None
) -> list[Problem]:
    """What a reader of the report must know of the document."""
    words = lexicon(words_found or "en")
    running = " ".join(raw.text[one.start : one.stop] for one in paragraphs if one.kind == "text")
    found = []

    def tell(code: str, message: str, next_step: str) -> None:
        found.append(Problem(code=code, message=message, file=label, row=row, got=raw.title[:80], next_step=next_step))

    if not raw.text.strip():
        tell("text_none", "the document has no text", "Get it again from where it came")
    elif any(pattern.search(raw.text) for pattern in words.closed_page) and len(running.split()) < 4 * LEAST_WORDS:
        tell("page_closed", "the page says that its text is no longer there", "Look for another copy of it")
    elif len(running.split()) < LEAST_WORDS:
        tell("text_none", f"the document has {len(running.split())} words of running text", "Look whether the page was cut")
    if any(one.kind == "paywall" for one in paragraphs):
        tell("page_paywalled", "the page asks for a subscription: its text may end early", "Read the whole text where you have access")
    if raw.hidden:
        tell("text_hidden", f"{raw.hidden} characters that the page hides from its readers were left out", "Look at the page's markup if you wonder why")
    if words_found is None and len(running.split()) >= LEAST_WORDS:
        tell("language_unread", "the text is in no language that is read here", "Translate it, and say so in its title")
    if day is None and running:
        tell("page_undated", "the document names no day of publication", "Give it with --published")
    return found
