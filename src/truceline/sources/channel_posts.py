"""Posts of a channel, as counts of those that match given words, and as claims read from them.

Read are tables (CSV: time, text, perhaps an id) and the JSON that Telegram Desktop exports
(``result.json``, of one chat or of all). A post is something said, by a speaker with a side: the
number of posts that name a thing is a number of posts, and no number of things.

An export that somebody filtered says nothing by a day without posts: such a day is coverage
``not_reported``. Only ``complete_basis`` (why the export holds every post) makes it a zero.
Forwarded posts are another's words and are left out unless asked for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.intervals import Interval, format_time
from truceline.schema.table import Record
from truceline.sources.days import Zone, local_day, local_days
from truceline.sources.option_names import expect_names
from truceline.sources.outcome import conclude, read_each, sentence_list
from truceline.sources.post_words import compile_pattern, cut_length, normal_text
from truceline.sources.posted_claims import Post, PostedClaim, Speaker, read_claims
from truceline.sources.rows import Row, Sheet
from truceline.sources.source import SOURCES, InputFile, ReadContext, Source, SourceTables
from truceline.sources.telegram_export import telegram_messages

_NO = {"", "0", "false", "no", "none", "null"}


class PostOptions(Model):
    """Options of ``channel_posts``."""

    speaker: str = Field(description="whose channel it is, as a reader should see it")
    speaker_party: str | None = Field(None, description="side of the speaker; null: neither")
    accused_party: str | None = Field(None, description="party whose acts the posts are about")
    words: dict[str, list[str]] = Field(
        default_factory=dict,
        description="series → regular expressions; a post counts once if any of them is found in it; an empty list counts every post",
    )
    act: str | None = Field(None, description="act of the terms that the words name; best left out")
    claims: list[PostedClaim] = Field(default_factory=list, description="numbers to read as claims")
    zone: Zone = Field(description="zone of times without an offset, and of the days counted (IANA name)")
    bin_h: int = Field(24, description="length of a bin, hours: 1, 2, 3, 4, 6, 8, 12 or 24, from local midnight")  # fmt: skip
    time_column: str = Field("date", description="CSV: column of the time of posting")
    text_column: str = Field("text", description="CSV: column of the text")
    id_column: str | None = Field(None, description="CSV: column of the post's number; null: none")
    forwarded_column: str | None = Field(
        None, description="CSV: column that says whether, or from whom, the post is forwarded"
    )
    forwarded: Literal["leave_out", "count"] = Field(
        "leave_out", description="forwarded posts: another's words"
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description="what separates fields of a CSV")
    url: str | None = Field(None, description="address of a post, with `{id}` in the place of its number")
    complete_basis: str | None = Field(
        None, description="why the export holds every post, so that a bin without one is a zero; null: it may not"
    )  # fmt: skip

    @field_validator("words")
    @classmethod
    def _compile(cls, words: dict[str, list[str]]) -> dict[str, list[str]]:
        for patterns in words.values():
            for pattern in patterns:
                compile_pattern(pattern)
        return words

    @field_validator("bin_h")
    @classmethod
    def _divides_a_day(cls, hours: int) -> int:
        if hours < 1 or 24 % hours:
            raise ValueError("a bin must divide a day: 1, 2, 3, 4, 6, 8, 12 or 24 hours")
        return hours

    @model_validator(mode="after")
    def _counts_something(self) -> PostOptions:
        if not self.words and not self.claims:
            raise ValueError("give `words` to count, or `claims` to read")
        if any(claim.accused_party is None for claim in self.claims) and self.accused_party is None:
            raise ValueError("claims need `accused_party`: whose acts the numbers are about")
        return self


@SOURCES.add
class ChannelPosts(Source):
    """See the module."""

    name: ClassVar[str] = "channel_posts"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Posts of a channel (CSV, Telegram Desktop JSON) as counts and claims"
    Options: ClassVar[type[Model]] = PostOptions
    options: PostOptions

    def read(self, context: ReadContext) -> SourceTables:
        """Posts become counts per bin, and claims where their words give numbers."""
        tables = SourceTables()
        exports: list[list[Post]] = []

        def read_file(file: InputFile) -> None:
            posts = list(self._posts(file, tables))
            exports.append(posts)
            cut = cut_length([post.text for post in posts])
            if cut is not None:
                tables.notes.append(f"{file.label}: texts are cut at {cut[0]} characters ({cut[1]} of {len(posts)} end there); words and numbers after that are not seen.")  # fmt: skip

        read_each(context, tables, read=read_file)
        posts = self._settle(exports, context, tables)
        expect_names(context, areas=[("claims.area", claim.area) for claim in self.options.claims])
        tables.notes += self._notes(posts)
        records: dict[str, list[Record]] = {"counts": [], "claims": [], "coverage": []}
        if self.options.words:
            records["counts"], records["coverage"] = self._counts(posts, context)
        for claim in self.options.claims:
            records["claims"] += read_claims(claim, posts, speaker=self._speaker(), context=context)
        if records["coverage"]:
            tables.notes.append("Days without a post are not days without anything to report: the export may be filtered. They are missing, not zero.")  # fmt: skip
        return conclude(tables, context, **records)

    # -- files -----------------------------------------------------------------------------
    def _posts(self, file: InputFile, tables: SourceTables) -> Iterator[Post]:
        sheet = Sheet(file, tables, deferred=True)
        if file.path.name.removesuffix(".gz").casefold().endswith(".json"):
            rows = sheet.records(telegram_messages(sheet.json_value(), label=file.label))
        else:
            whole = [self.options.time_column, self.options.text_column, self.options.id_column, self.options.forwarded_column]  # fmt: skip
            rows = sheet.csv_rows(columns=filter(None, whole), delimiter=self.options.delimiter)
        as_json = file.path.name.removesuffix(".gz").casefold().endswith(".json")
        for row in rows:
            post = self._exported(row) if as_json else self._listed(row)
            if post is not None:
                yield post
            elif row.problems:
                row.close()
        if as_json:
            sheet.check_filled()

    def _listed(self, row: Row) -> Post | None:
        posted_at = row.time(self.options.time_column, zone=self.options.zone)
        number = row.text(self.options.id_column, required=True) if self.options.id_column else None
        if posted_at is None or not row.ok:
            return None
        text = row.values.get(self.options.text_column)
        forwarded = row.text(self.options.forwarded_column) if self.options.forwarded_column else None
        text = "" if text is None else str(text)
        return Post(
            row=row,
            post_id=number or short_id("post", posted_at, normal_text(text)),
            posted_at=posted_at,
            text=text,
            forwarded=(forwarded or "").casefold() not in _NO,
            edited_at=None,
        )

    def _exported(self, row: Row) -> Post | None:
        """A message of Telegram Desktop; a service message (joined, pinned) is no post."""
        if row.values.get("kind") == "service":
            row.outside()
            return None
        if row.values.get("kind") == "broken":
            row.wrong("value_type", "not a message", got=str(row.values.get("text"))[:80], expected="a JSON object with id, date and text")  # fmt: skip
            return None
        stamp = row.number_of("date_unixtime", at_least=0, at_most=4e9)
        posted_at = datetime.fromtimestamp(stamp, UTC) if stamp is not None else row.time("date", zone=self.options.zone)  # fmt: skip
        edited = row.number_of("edited_unixtime", at_least=0, at_most=4e9)
        number = row.text("id", required=True)
        if posted_at is None or number is None or not row.ok:
            return None
        chat = row.text("chat")
        return Post(
            row=row,
            post_id=number if not chat else f"{chat}/{number}",
            posted_at=posted_at,
            text=str(row.values.get("text") or ""),
            forwarded=bool(row.text("forwarded_from")),
            edited_at=None if edited is None else datetime.fromtimestamp(edited, UTC),
        )

    def _settle(self, exports: list[list[Post]], context: ReadContext, tables: SourceTables) -> list[Post]:
        """Each post once, in the words of its latest edit; the export that reaches farthest breaks ties."""
        by_id: dict[str, list[tuple[datetime, datetime, str, Post]]] = {}
        latest = {id(posts): max((post.posted_at for post in posts), default=context.span.start) for posts in exports}  # fmt: skip
        for posts in exports:
            for post in posts:
                order = (post.edited_at or post.posted_at, latest[id(posts)], post.text, post)
                by_id.setdefault(post.post_id, []).append(order)
        kept: list[Post] = []
        n_changed = n_forwarded = 0
        for post_id in sorted(by_id):
            versions = sorted(by_id[post_id], key=lambda item: (item[:3], item[3].row.provenance["raw_file"], -item[3].row.number))  # fmt: skip
            chosen = versions[-1][3]
            n_changed += len({post.said for *_, post in versions}) > 1
            for *_, post in versions[:-1]:
                post.row.repeated()
            if chosen.posted_at not in context.span or (
                chosen.forwarded and self.options.forwarded == "leave_out"
            ):
                n_forwarded += chosen.forwarded and chosen.posted_at in context.span
                chosen.row.outside()
            else:
                chosen.row.use()
                kept.append(chosen)
        tables.notes += _deleted_notes(exports, latest)
        if n_changed:
            tables.notes.append(f"Posts that differ between exports or edits: {n_changed}; the latest wording is used.")  # fmt: skip
        if n_forwarded:
            tables.notes.append(f"Forwarded posts, which are another's words: {n_forwarded}, left out.")
        return sorted(kept, key=lambda post: (post.posted_at, post.post_id))

    def _notes(self, posts: Sequence[Post]) -> list[str]:
        notes = [f"{len(posts)} posts of {self.options.speaker} in the span; a number of posts is no number of what they tell of."]  # fmt: skip
        edited = sum(post.edited_at is not None for post in posts)
        if edited:
            notes.append(f"Posts edited after they were published: {edited}; their first wording is lost.")
        numbers = sorted(int(post.post_id) for post in posts if post.post_id.isascii() and post.post_id.isdigit())  # fmt: skip
        if numbers:
            gaps = numbers[-1] - numbers[0] + 1 - len(set(numbers))
            if gaps:
                notes.append(f"{gaps} of the {numbers[-1] - numbers[0] + 1} numbers between the first and the last post are not among those used: deleted, filtered out, forwarded, or notices of the service.")  # fmt: skip
        return notes

    def _speaker(self) -> Speaker:
        options = self.options
        return Speaker(name=options.speaker, party_id=options.speaker_party, accused_party_id=options.accused_party, url=options.url, zone=options.zone)  # fmt: skip

    # -- counts ----------------------------------------------------------------------------
    def _counts(self, posts: Sequence[Post], context: ReadContext) -> tuple[list[Record], list[Record]]:
        bins = self._bins(context)
        starts = [one.start for one in bins]
        inside: dict[datetime, list[Post]] = {start: [] for start in starts}
        for post in posts:
            one = bins[bisect_right(starts, post.posted_at) - 1]
            inside[one.start].append(post)
        texts = [(id(post), normal_text(post.text)) for post in posts]
        matching = {
            series: _matching([compile_pattern(pattern) for pattern in patterns], texts)
            for series, patterns in self.options.words.items()
        }
        counts = [
            self._count(series, one, inside[one.start], matching[series], context)
            for series in self.options.words
            for one in bins
            if inside[one.start] or self._is_complete(one, posts)
        ]
        silent = [one for one in bins if not inside[one.start] and not self._is_complete(one, posts)]
        return [row for row in counts if row is not None], self._silence(silent, context, posts)

    def _is_complete(self, one: Interval, posts: Sequence[Post]) -> bool:
        """Whether the bin lies between the first and the last post of an export that holds all."""
        return (
            self.options.complete_basis is not None
            and bool(posts)
            and posts[0].posted_at <= one.start
            and one.stop <= posts[-1].posted_at
        )

    def _bins(self, context: ReadContext) -> list[Interval]:
        bins = []
        for day in local_days(context.span, self.options.zone):
            whole = local_day(day, self.options.zone)
            edges = [whole.start + timedelta(hours=hour) for hour in range(0, 24, self.options.bin_h)]
            edges = [edge for edge in edges if edge < whole.stop]
            stops = [*edges[1:], whole.stop]
            bins += [Interval(start, stop) for start, stop in zip(edges, stops, strict=True)]
        return bins

    def _count(
        self, series: str, one: Interval, posts: list[Post], matching: set[int], context: ReadContext
    ) -> Record | None:
        found = [post for post in posts if id(post) in matching]
        lead = found or posts
        provenance = lead[0].row.provenance if lead else _whole_file(context)
        if not posts:
            note = f"no post; zero because: {self.options.complete_basis}"
        else:
            named = sentence_list([post.post_id for post in found], at_most=20)
            note = f"of {len(posts)} posts" + (f": {named}" if found else "")
        return {
            "count_id": short_id(
                "cnt",
                context.source_id,
                series,
                self.options.speaker,
                format_time(one.start),
                self.options.bin_h,
            ),
            "source_id": context.source_id,
            "series": series,
            "speaker": self.options.speaker,
            "speaker_party_id": self.options.speaker_party,
            "accused_party_id": self.options.accused_party,
            "act": self.options.act,
            "unit": "post",
            "value": float(len(found)),
            "relation": "=",
            "window_start": one.start,
            "window_stop": one.stop,
            "cumulative": False,
            "vintage": "as fetched",
            "note": note,
            **provenance,
        }

    def _silence(self, bins: Sequence[Interval], context: ReadContext, posts: Sequence[Post]) -> list[Record]:
        """Coverage rows for bins without a post; neighbours are one row."""
        runs: list[Interval] = []
        for one in bins:
            if runs and runs[-1].stop == one.start:
                runs[-1] = Interval(runs[-1].start, one.stop)
            else:
                runs.append(one)
        provenance = posts[0].row.provenance if posts else _whole_file(context)
        return [
            {
                "coverage_id": short_id(
                    "cov", context.source_id, format_time(run.start), format_time(run.stop)
                ),
                "source_id": context.source_id,
                "window_start": run.start,
                "window_stop": run.stop,
                "available_share": 0.0,
                "reason": "not_reported",
                "note": "no post in the export, which may be filtered",
                **provenance,
                "raw_row": 0,
            }
            for run in runs
        ]


def _matching(patterns: Sequence[re.Pattern[str]], texts: Sequence[tuple[int, str]]) -> set[int]:
    """Keys of the texts in which any pattern is found; without a pattern: all."""
    return {key for key, text in texts if not patterns or any(one.search(text) for one in patterns)}


def _whole_file(context: ReadContext) -> Record:
    file = min(context.files, key=lambda file: file.label)
    return {"raw_file": file.label, "raw_row": 0, "raw_digest": file.digest}


def _deleted_notes(exports: list[list[Post]], latest: dict[int, datetime]) -> list[str]:
    """Posts of an earlier export that a later one, which reaches over their time, no longer has."""
    gone: set[str] = set()
    for posts in exports:
        for other in exports:
            if latest[id(other)] <= latest[id(posts)] or not other:
                continue
            first = min(post.posted_at for post in other)
            known = {post.post_id for post in other}
            gone |= {post.post_id for post in posts if post.posted_at >= first} - known
    if not gone:
        return []
    return [f"Posts of an earlier export that a later one lacks (deleted, or filtered out): {len(gone)}, kept: {sentence_list(sorted(gone))}."]  # fmt: skip
