"""RSS and Atom: a folder of snapshots of feeds; each entry is one report in words.

An entry tells of something that was before it was published: it is dated to the hours before
(``tells_of_h``). It forms no position unless it carries one (GeoRSS, W3C geo). The same entry in
later snapshots, by its guid or id, is one record, in its latest wording.
"""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from time import struct_time
from typing import Any, ClassVar

import feedparser
from pydantic import Field, field_validator

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.errors import InputError, Problem
from truceline.base.intervals import format_time
from truceline.schema.table import Record
from truceline.sources.editions import Editions, is_needed
from truceline.sources.nul_bytes import count_nuls
from truceline.sources.option_names import expect_names
from truceline.sources.outcome import conclude, read_each
from truceline.sources.post_words import compile_pattern, normal_text
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables
from truceline.sources.spans import span_around
from truceline.sources.xml_text import parse_xml, xml_text

#: where an entry begins, in text that is no whole XML
_BEGUN = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
#: a text is kept up to this length
_TEXT_CHARACTERS = 4_000


class FeedOptions(Model):
    """Options of ``feed``."""

    tells_of_h: float = Field(
        24, gt=0, le=24 * 366, description="how long before it was published what an entry tells of may have been, hours"
    )  # fmt: skip
    words: list[str] = Field(
        default_factory=list, description="regular expressions: only entries in which one is found; none: all"
    )
    acts: dict[str, list[str]] = Field(
        default_factory=dict, description="act of the terms → regular expressions for title and text"
    )
    position_sd_m: float = Field(5000, ge=0, description="standard deviation of a place that an entry carries, metres")  # fmt: skip
    speaker_party: str | None = Field(None, description="side of the publisher; null: neither")

    @field_validator("words")
    @classmethod
    def _compile(cls, words: list[str]) -> list[str]:
        for pattern in words:
            compile_pattern(pattern)
        return words

    @field_validator("acts")
    @classmethod
    def _compile_acts(cls, acts: dict[str, list[str]]) -> dict[str, list[str]]:
        for patterns in acts.values():
            cls._compile(patterns)
        return acts


@SOURCES.add
class Feed(Source):
    """See the module."""

    name: ClassVar[str] = "feed"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Reports in words from RSS and Atom feeds (a folder of snapshots)"
    Options: ClassVar[type[Model]] = FeedOptions
    options: FeedOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Entries become observations."""
        tables = SourceTables()
        editions = Editions()
        expect_names(context, acts=[("acts", act) for act in self.options.acts])

        def read_file(file: InputFile) -> None:
            sheet = Sheet(file, tables, deferred=True)
            for row in sheet.records(_entries(file, tables)):
                editions.add(row, self._observation(row, context))
            sheet.check_filled()

        read_each(context, tables, read=read_file)
        n_changed = n_unnamed = 0
        observations = []
        patterns = [compile_pattern(pattern) for pattern in self.options.words]
        for row, record, earlier in editions.latest():
            n_changed += any(old["text"] != record["text"] for old in earlier)
            words = normal_text(record["text"] or "")
            if not is_needed(record, context) or (patterns and not any(one.search(words) for one in patterns)):  # fmt: skip
                row.outside()
                continue
            row.use()
            n_unnamed += not row.text("id")
            observations.append(record)
        if n_changed:
            tables.notes.append(
                f"Entries reworded between snapshots: {n_changed}; the latest words are used."
            )
        if n_unnamed:
            tables.notes.append(f"Entries with neither an id nor a link: {n_unnamed}, told apart by title and time.")  # fmt: skip
        return conclude(tables, context, observations=observations)

    def _observation(self, row: Row, context: ReadContext) -> Record | None:
        published, updated = row.values.get("published_at"), row.values.get("updated_at")
        first = published or updated
        if first is None:
            row.wrong("time_format", "the entry has no time of publication that can be read", column="published", got=str(row.values.get("published") or row.values.get("updated") or ""), expected="RFC 822 or ISO 8601", next_step="Nothing can be dated by it; ask the publisher")  # fmt: skip
            return None
        when = span_around(row, "published", first, before_s=self.options.tells_of_h * 3600, after_s=1)
        text = ". ".join(filter(None, (row.text("title"), row.text("summary"))))[:_TEXT_CHARACTERS]
        place = row.place("longitude", "latitude", region=context.region) if row.text("longitude") or row.text("latitude") else None  # fmt: skip
        if when is None or not row.ok:
            return None
        name = row.text("id") or f"{text} {format_time(first)}"
        return {
            "observation_id": short_id("obs", context.source_id, name),
            "source_id": context.source_id,
            "occurred_from": when.start,
            "occurred_until": when.stop,
            "logged_at": updated or published,
            "longitude_deg": place[0] if place else None,
            "latitude_deg": place[1] if place else None,
            "position_sd_m": self.options.position_sd_m if place else None,
            "acts": self._acts(text),
            "speaker_party_id": self.options.speaker_party,
            "text": text or None,
            **row.provenance,
        }

    def _acts(self, text: str) -> dict[str, float]:
        words = normal_text(text)
        return {
            act: 0.0
            for act, patterns in sorted(self.options.acts.items())
            if any(compile_pattern(pattern).search(words) for pattern in patterns)
        }


# -- files -------------------------------------------------------------------------------------
def _entries(file: InputFile, tables: SourceTables) -> Iterator[Record]:
    """The entries of a feed as flat records.

    Raises
    ------
    InputError
        If the file declares entities, or holds no feed.
    """
    text = xml_text(file)
    broken: Problem | None = None
    try:
        parse_xml(text, label=file.label)
    except InputError as error:
        broken = error.problems[0]
        if "entities" in broken.message or re.search(r"<!ENTITY", text, re.IGNORECASE):
            raise
    parsed = _parse(text, label=file.label)
    entries = parsed.get("entries") or []
    if not parsed.get("version") or (broken is not None and not entries):
        raise InputError(
            broken
            or Problem(code="file_format", message="the file is no RSS or Atom feed", file=file.label, row=1, got=text.strip()[:60], expected="an RSS or Atom feed", next_step="Give the feed itself, not the page that names it")
        )  # fmt: skip
    if (nuls := count_nuls(text).problem(file.label)) is not None:
        tables.problems.append(nuls)
    if broken is not None:
        n_begun = len(_BEGUN.findall(text))
        tables.problems.append(Problem(code=broken.code, message=f"{broken.message}; {len(entries)} entries could be read nevertheless, of {n_begun} that begin in the file", file=file.label, row=broken.row, next_step="Fetch the file again"))  # fmt: skip
    for entry in entries:
        yield _entry(entry)


def _parse(text: str, *, label: str) -> Any:
    """What feedparser makes of it; it is given bytes alone, so that it opens nothing itself."""
    # the text was decoded here: another encoding in its first line is no longer true
    plain = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        return feedparser.parse(
            io.BytesIO(plain.encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:
        raise InputError(
            Problem(code="file_format", message=f"the feed cannot be read ({type(error).__name__})", file=label, expected="an RSS or Atom feed", next_step="Fetch the file again")
        ) from error  # fmt: skip


def _entry(entry: Any) -> Record:
    content = entry.get("content")
    body = content[0].get("value", "") if isinstance(content, list) and content else ""
    where = entry.get("where")
    point = where.get("coordinates") if isinstance(where, dict) and where.get("type") == "Point" else None
    longitude, latitude = point[:2] if isinstance(point, list | tuple) and len(point) >= 2 else (None, None)
    return {
        "id": _text(entry.get("id")) or _text(entry.get("link")),
        "title": _plain(entry.get("title")),
        "summary": _plain(entry.get("summary")) or _plain(body),
        "published": _text(dict.get(entry, "published")),
        # asked of the dict itself: the parser's own would give the one for the other
        "updated": _text(dict.get(entry, "updated")),
        "published_at": _moment(dict.get(entry, "published_parsed")),
        "updated_at": _moment(dict.get(entry, "updated_parsed")),
        "longitude": longitude if longitude is not None else entry.get("geo_long"),
        "latitude": latitude if latitude is not None else entry.get("geo_lat"),
    }


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, struct_time):
        return None
    try:
        return datetime.fromtimestamp(timegm(value), UTC)
    except (OverflowError, ValueError, OSError):
        return None


class _Words(HTMLParser):
    """The words of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _plain(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    reader = _Words()
    try:
        reader.feed(value)
        reader.close()
    except (AssertionError, ValueError):
        return " ".join(re.sub(r"<[^>]*>", " ", value).split())
    return " ".join(" ".join(reader.words).split())
