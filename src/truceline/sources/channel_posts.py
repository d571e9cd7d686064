"""Posts of a channel, as counts of those that match given words, and as claims read from them.

Read are tables (CSV: time, text, perhaps an id) and the JSON that Telegram Desktop exports
(``result.json``, of one chat or of all). A post is something said, by a speaker with a side: the
number of posts that name a thing is a number of posts, and no number of things.

An export that somebody filtered says nothing by a day without posts: such a day is coverage
``not_reported``. Only ``complete_basis`` (why the export holds every post) makes it a zero.
Forwarded posts are another's words and are left out unless asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator, model_validator

from truceline.base.canonical import short_id, short_ids
from truceline.base.documents import Model
from truceline.base.intervals import Interval, format_time, microseconds
from truceline.schema.table import Record
from truceline.sources.batches import csv_batches
from truceline.sources.columns import Mask, Whole, mask_of, moment_texts
from truceline.sources.days import Zone, local_day, local_days
from truceline.sources.gather import joined, picked
from truceline.sources.option_names import expect_names
from truceline.sources.outcome import conclude, read_each, sentence_list
from truceline.sources.post_table import Posts, are_forwarded, choose, number_gaps, seconds_us, together
from truceline.sources.post_words import are_found, compile_pattern, cut_at, normal_texts
from truceline.sources.posted_claims import PostedClaim, Speaker, read_claims
from truceline.sources.record_batches import message_batches
from truceline.sources.rows import Sheet
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
        sheets: list[Sheet] = []
        parts: list[Posts] = []

        def read_file(file: InputFile) -> None:
            sheet = Sheet(file, tables)
            sheets.append(sheet)
            as_json = file.path.name.removesuffix(".gz").casefold().endswith(".json")
            found = list(self._exported(sheet, sheets) if as_json else self._listed(sheet, sheets))
            parts.extend(found)
            lengths = Counter[int]()
            for part in found:
                lengths.update(pc.utf8_length(part.texts).to_pylist())
            cut = cut_at(lengths)
            if cut is not None:
                tables.notes.append(f"{file.label}: texts are cut at {cut[0]} characters ({cut[1]} of {lengths.total()} end there); words and numbers after that are not seen.")  # fmt: skip

        read_each(context, tables, read=read_file)
        posts = self._settle(together(parts, sheets), context, tables)
        expect_names(context, areas=[("claims.area", claim.area) for claim in self.options.claims])
        tables.notes += self._notes(posts)
        records: dict[str, list[Record]] = {"counts": [], "claims": [], "coverage": []}
        texts = normal_texts(posts.texts.to_pylist())
        if self.options.words:
            records["counts"], records["coverage"] = self._counts(posts, texts, context)
        for claim in self.options.claims:
            named = [posts.post(at) for at, found in enumerate(are_found(claim.pattern, texts)) if found]
            records["claims"] += read_claims(claim, named, speaker=self._speaker(), context=context)
        if records["coverage"]:
            tables.notes.append("Days without a post are not days without anything to report: the export may be filtered. They are missing, not zero.")  # fmt: skip
        return conclude(tables, context, **records)

    # -- files -----------------------------------------------------------------------------
    def _listed(self, sheet: Sheet, sheets: list[Sheet]) -> Iterator[Posts]:
        """Posts of a CSV."""
        options = self.options
        whole = [options.time_column, options.text_column, options.id_column, options.forwarded_column]
        for batch in csv_batches(sheet, columns=list(filter(None, whole)), delimiter=options.delimiter):
            moment = batch.time(options.time_column, zone=options.zone)
            numbers = batch.text(options.id_column, required=True) if options.id_column else None
            forwarded = batch.text(options.forwarded_column) if options.forwarded_column else pa.nulls(len(batch), pa.string())  # fmt: skip
            at = np.flatnonzero(batch.sound())
            texts, posted_us = picked(batch.columns[options.text_column], at), moment.start_us[at]
            yield Posts(
                sheets=sheets,
                sheet=np.full(len(at), len(sheets) - 1),
                number=batch.numbers[at],
                ids=_made_ids(posted_us, texts) if numbers is None else picked(numbers, at),
                posted_us=posted_us,
                order_us=posted_us,
                edited=np.zeros(len(at), np.bool_),
                texts=texts,
                forwarded=are_forwarded(picked(forwarded, at), _NO),
            )

    def _exported(self, sheet: Sheet, sheets: list[Sheet]) -> Iterator[Posts]:
        """Messages of Telegram Desktop; a service message (joined, pinned) is no post."""
        n_before = len(sheet.tables.quarantined)
        for batch in message_batches(sheet, telegram_messages(sheet.json_value(), label=sheet.file.label)):
            stamp = batch.number_of("date_unixtime", at_least=0, at_most=4e9)
            posted_us = seconds_us(stamp)
            for position in np.flatnonzero(np.isnan(stamp)).tolist():
                moment = batch.row(position).time("date", zone=self.options.zone)
                posted_us[position] = 0 if moment is None else microseconds(moment)
            edited = batch.number_of("edited_unixtime", at_least=0, at_most=4e9)
            numbers, chats = batch.text("id", required=True), batch.text("chat")
            at = np.flatnonzero(batch.sound() & mask_of(pc.is_valid(numbers)))
            chats = picked(chats, at)
            is_edited = ~np.isnan(edited)
            yield Posts(
                sheets=sheets,
                sheet=np.full(len(at), len(sheets) - 1),
                number=batch.numbers[at],
                ids=joined(chats, picked(numbers, at), by="/"),
                posted_us=posted_us[at],
                order_us=np.where(is_edited, seconds_us(edited), posted_us)[at],
                edited=is_edited[at],
                texts=pc.fill_null(picked(batch.columns["text"], at), ""),
                forwarded=mask_of(pc.is_valid(picked(batch.text("forwarded_from"), at))),
            )
        quarantined = sheet.tables.quarantined
        quarantined[n_before:] = sorted(quarantined[n_before:], key=lambda bad: bad.problems[0].row or 0)

    def _settle(self, posts: Posts, context: ReadContext, tables: SourceTables) -> Posts:
        """Each post once, in the words of its latest edit, ordered by time; every row is accounted for."""
        chosen = choose(posts, span_start=context.span.start)
        start, stop = microseconds(context.span.start), microseconds(context.span.stop)
        in_span = (posts.posted_us >= start) & (posts.posted_us < stop)
        another = posts.forwarded & (self.options.forwarded == "leave_out")
        used = chosen.taken & in_span & ~another
        for name, mask in (("rows_repeated", ~chosen.taken), ("rows_outside", chosen.taken & ~used), ("rows_used", used)):  # fmt: skip
            for sheet, n in zip(posts.sheets, np.bincount(posts.sheet[mask], minlength=len(posts.sheets)).tolist(), strict=True):  # fmt: skip
                setattr(sheet.account, name, getattr(sheet.account, name) + n)
        if chosen.gone:
            tables.notes.append(f"Posts of an earlier export that a later one lacks (deleted, or filtered out): {len(chosen.gone)}, kept: {sentence_list(chosen.gone)}.")  # fmt: skip
        if chosen.n_changed:
            tables.notes.append(f"Posts that differ between exports or edits: {chosen.n_changed}; the latest wording is used.")  # fmt: skip
        n_forwarded = int((chosen.taken & in_span & another).sum())
        if n_forwarded:
            tables.notes.append(f"Forwarded posts, which are another's words: {n_forwarded}, left out.")
        at = np.flatnonzero(used)
        order = pc.sort_indices(pa.table({"at": posts.posted_us[at], "id": picked(posts.ids, at)}), [("at", "ascending"), ("id", "ascending")])  # fmt: skip
        return posts.take(at[order.to_numpy()])

    def _notes(self, posts: Posts) -> list[str]:
        notes = [f"{len(posts)} posts of {self.options.speaker} in the span; a number of posts is no number of what they tell of."]  # fmt: skip
        n_edited = int(posts.edited.sum())
        if n_edited:
            notes.append(f"Posts edited after they were published: {n_edited}; their first wording is lost.")
        gaps = number_gaps(posts.ids)
        if gaps is not None and gaps[0]:
            notes.append(f"{gaps[0]} of the {gaps[1]} numbers between the first and the last post are not among those used: deleted, filtered out, forwarded, or notices of the service.")  # fmt: skip
        return notes

    def _speaker(self) -> Speaker:
        options = self.options
        return Speaker(name=options.speaker, party_id=options.speaker_party, accused_party_id=options.accused_party, url=options.url, zone=options.zone)  # fmt: skip

    # -- counts ----------------------------------------------------------------------------
    def _counts(
        self, posts: Posts, texts: list[str], context: ReadContext
    ) -> tuple[list[Record], list[Record]]:
        bins = self._bins(context)
        edges = np.searchsorted(posts.posted_us, [microseconds(one.start) for one in bins]).tolist()
        places = list(pairwise([*edges, len(posts)]))
        counts = []
        for series, patterns in self.options.words.items():
            found = np.any([are_found(pattern, texts) for pattern in patterns], axis=0) if patterns else np.ones(len(texts), np.bool_)  # fmt: skip
            counts += [
                self._count(series, one, place, found, posts, context)
                for one, place in zip(bins, places, strict=True)
                if place[0] < place[1] or self._is_complete(one, posts)
            ]
        silent = [one for one, (first, last) in zip(bins, places, strict=True) if first == last and not self._is_complete(one, posts)]  # fmt: skip
        return counts, self._silence(silent, context, posts)

    def _is_complete(self, one: Interval, posts: Posts) -> bool:
        """Whether the bin lies between the first and the last post of an export that holds all."""
        return (
            self.options.complete_basis is not None
            and bool(len(posts))
            and bool(posts.posted_us[0] <= microseconds(one.start))
            and bool(microseconds(one.stop) <= posts.posted_us[-1])
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
        self,
        series: str,
        one: Interval,
        place: tuple[int, int],
        found: Mask,
        posts: Posts,
        context: ReadContext,
    ) -> Record:
        """The count of a bin, whose posts stand from and up to ``place``."""
        first, last = place
        named = np.flatnonzero(found[first:last]) + first
        if first == last:
            provenance = _whole_file(context)
            note = f"no post; zero because: {self.options.complete_basis}"
        else:
            provenance = posts.provenance(int(named[0]) if len(named) else first)
            shown = posts.ids.take(pa.array(named[:20])).to_pylist() + [""] * max(len(named) - 20, 0)
            note = f"of {last - first} posts" + (f": {sentence_list(shown, at_most=20)}" if shown else "")
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
            "value": float(len(named)),
            "relation": "=",
            "window_start": one.start,
            "window_stop": one.stop,
            "cumulative": False,
            "vintage": "as fetched",
            "note": note,
            **provenance,
        }

    def _silence(self, bins: Sequence[Interval], context: ReadContext, posts: Posts) -> list[Record]:
        """Coverage rows for bins without a post; neighbours are one row."""
        runs: list[Interval] = []
        for one in bins:
            if runs and runs[-1].stop == one.start:
                runs[-1] = Interval(runs[-1].start, one.stop)
            else:
                runs.append(one)
        provenance = posts.provenance(0) if len(posts) else _whole_file(context)
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


def _whole_file(context: ReadContext) -> Record:
    file = min(context.files, key=lambda file: file.label)
    return {"raw_file": file.label, "raw_row": 0, "raw_digest": file.digest}


def _made_ids(posted_us: Whole, texts: pa.Array) -> pa.Array:
    """Ids of posts without a number, by their time and words."""
    parts = zip(moment_texts(posted_us).to_pylist(), normal_texts(texts.to_pylist()), strict=True)
    return pa.array(short_ids("post", parts), pa.string())
