"""The texts of a file, by its format: one of plain text or HTML, many of JSON, feeds and tables."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from truceline.talks.documents import OUTSIDE
from truceline.talks.html_text import main_blocks, read_page

#: a field of a table holds at most so many bytes
MOST_BYTES = 64 * 1024 * 1024

_TEXTS = (
    "formatted_content",
    "content",
    "text",
    "body",
    "article",
    "article_body",
    "full_text",
    "message",
    "text_snippet",
    "description",
    "summary",
)
_TITLES = ("title", "headline", "name")
_URLS = ("url", "link", "href", "source_url")
_DATES = (
    "published",
    "published_at",
    "date",
    "datetime",
    "pubdate",
    "publication_date",
    "timestamp",
    "created_at",
)
_OUTLETS = ("outlet", "source", "publisher", "channel", "site")
_DAY = re.compile(r"(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})")
_FEED_DAY = re.compile(r"(\d{1,2})\s+(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\s+(20\d\d)")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
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
    own: int | None = None  #: where the page's own text ends and what stands around it begins
    position: int = 1


class NotRead(Exception):  # noqa: N818 - told as a problem of the file
    """A file of no known format."""


def raw_texts(text: str, suffix: str, stem: str) -> Iterator[Raw]:
    """The texts of a file, by what it begins with and how its name ends.

    Raises
    ------
    NotRead
        If it is of no format that is read.
    """
    start = text.lstrip()[:2000]
    if start[:1] in "[{" and suffix in (".json", ".jsonl", ".ndjson", ""):
        yield from _json_raws(text)
    elif re.match(
        r"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!DOCTYPE[^>\[]*(?:\[.*?\])?\s*>\s*)?<(?:rss|feed|rdf:RDF)\b",
        start,
        re.DOTALL | re.IGNORECASE,
    ):
        yield from _feed_raws(text)
    elif suffix in (".html", ".htm", ".xhtml") or re.match(
        r"<(?:!doctype html|html|head|body)\b", start, re.IGNORECASE
    ):
        yield _html_raw(text)
    elif suffix in (".csv", ".tsv"):
        yield from _table_raws(text, suffix, stem)
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
                raise NotRead(f"not JSON: {error}") from error
        found = rows
    except RecursionError as error:
        raise NotRead("JSON nested too deep") from error
    if isinstance(found, dict):
        lists = [
            value
            for value in found.values()
            if isinstance(value, list) and value and isinstance(value[0], dict)
        ]
        found = lists[0] if lists and not _first(found, _TEXTS) else [found]
    if not isinstance(found, list):
        raise NotRead("JSON without a list of articles")
    for position, row in enumerate(found, 1):
        if isinstance(row, str):
            row = {"text": row}
        fields = {str(key).lower(): value for key, value in row.items()} if isinstance(row, dict) else {}
        body = _first(fields, _TEXTS)
        if len(_TAG.findall(body)) > 2:
            page = _html_raw(body)
            yield replace(
                page,
                title=_first(fields, _TITLES) or page.title,
                url=_first(fields, _URLS),
                outlet=_first(fields, _OUTLETS),
                published=day_of(_first(fields, _DATES)) or page.published,
                position=position,
            )
        else:
            yield Raw(
                text=body,
                title=_first(fields, _TITLES),
                url=_first(fields, _URLS),
                outlet=_first(fields, _OUTLETS),
                published=day_of(_first(fields, _DATES)),
                position=position,
            )


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of several fields that holds text."""
    return next(
        (
            str(row[name])
            for name in names
            if isinstance(row.get(name), str | int | float) and str(row[name]).strip()
        ),
        "",
    )


def _table_raws(text: str, suffix: str, stem: str) -> Iterator[Raw]:
    csv.field_size_limit(MOST_BYTES)
    rows = csv.DictReader(io.StringIO(text), delimiter="\t" if suffix == ".tsv" else ",")
    names = [name.strip().lower() for name in rows.fieldnames or []]
    if not any(name in names for name in _TEXTS):
        raise NotRead(f"a table without a column of texts; its columns: {', '.join(names[:12])}")
    try:
        for position, row in enumerate(rows, 2):
            fields = {str(key).strip().lower(): value for key, value in row.items() if key is not None}
            body = _MARK_DOWN.sub(lambda match: match.group(1) or "", _first(fields, _TEXTS))
            body = re.sub(r"[ \t]{2,}", "\n", body)  # posts lose their line breaks in tables
            yield Raw(
                text=body,
                title=_first(fields, _TITLES),
                url=_first(fields, _URLS),
                outlet=_first(fields, _OUTLETS) or stem,
                published=day_of(_first(fields, _DATES)),
                position=position,
            )
    except csv.Error as error:
        raise NotRead(f"a table that breaks off: {error}") from error


def _feed_raws(text: str) -> Iterator[Raw]:
    try:
        root = fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text).strip(), forbid_dtd=False)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotRead(f"a feed that is not XML: {error}") from error
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
            value = (
                child.get("href", "")
                if key == "link" and not (child.text or "").strip()
                else "".join(child.itertext())
            )
            if len(value) > len(parts.get(key, "")):
                parts[key] = value
        body = max((parts.get(key, "") for key in ("encoded", "content", "description", "summary")), key=len)
        page = _html_raw(body) if _TAG.search(body) else Raw(text=body)
        yield replace(
            page,
            title=" ".join(parts.get("title", "").split()),
            url=parts.get("link", "").strip(),
            outlet=outlet,
            published=day_of(
                parts.get("pubDate")
                or parts.get("published")
                or parts.get("updated")
                or parts.get("date")
                or ""
            ),
            position=position,
        )


def _local(tag: object) -> str:
    return str(tag).rsplit("}", 1)[-1]


def _html_raw(markup: str) -> Raw:
    page = read_page(markup)
    own, rest = main_blocks(page)
    lines = [block.text for block in (*own, *rest)]
    kinds = {number: block.kind for number, block in enumerate(own)}
    kinds |= dict.fromkeys(range(len(own), len(lines)), OUTSIDE)
    meta = page.meta
    title = meta.get("og:title") or meta.get("headline") or meta.get("title", "")
    day = day_of(
        meta.get("article:published_time")
        or meta.get("datepublished")
        or meta.get("date")
        or meta.get("time")
        or ""
    )
    return Raw(
        text="\n".join(lines), title=" ".join(title.split()), url=meta.get("canonical") or meta.get("og:url", ""),
        outlet=meta.get("og:site_name", ""), published=day, kinds=kinds, hidden=page.hidden,
        own=len("\n".join(lines[: len(own)])) if rest else None,
    )  # fmt: skip


def day_of(text: str) -> date | None:
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
