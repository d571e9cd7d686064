"""Numbers in posts, read as claims by the words around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field, field_validator

from truceline.base.canonical import short_id
from truceline.base.documents import Model
from truceline.base.intervals import Interval, format_time
from truceline.schema.table import Record
from truceline.sources.claim_words import claim_kind, read_count
from truceline.sources.days import local_day, local_days
from truceline.sources.post_words import compile_pattern, normal_text
from truceline.sources.rows import Row
from truceline.sources.source import ReadContext

#: words of a post around a claim that go into its note, characters to either side
_AROUND = 80


class PostedClaim(Model):
    """Numbers in posts that are claims: how they are worded and what they count."""

    pattern: str = Field(description="regular expression with a group `value`: `(?P<value>\\d+) shots`")
    measure: str = Field(description="what is counted, in the speaker's words")
    act: str | None = Field(None, description="act of the terms; null: several, or none of them")
    unit: str | None = Field(None, description="what one is")
    accused_party: str | None = Field(None, description="whose acts; null: the source's `accused_party`")
    area: str | None = Field(None, description="area that the claim is about")
    relation: Literal["=", "≥", "≈"] = Field("=", description="how the number is meant")
    window_h: float | None = Field(
        None, gt=0, description="hours before the post that it is about; null: a local day"
    )
    days_before: int = Field(0, ge=0, description="which local day: 0 that of the post, 1 the day before")

    @field_validator("pattern")
    @classmethod
    def _has_value(cls, pattern: str) -> str:
        if "value" not in compile_pattern(pattern).groupindex:
            raise ValueError("the pattern needs a group `(?P<value>…)`")
        return pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post as one export shows it."""

    row: Row
    post_id: str
    posted_at: datetime
    text: str
    forwarded: bool
    edited_at: datetime | None

    @property
    def said(self) -> tuple[datetime, str, bool]:
        """What a repetition has in common."""
        return (self.posted_at, self.text, self.forwarded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Whose channel it is."""

    name: str
    party_id: str | None
    accused_party_id: str | None
    url: str | None
    zone: str


def read_claims(
    claim: PostedClaim, posts: Sequence[Post], *, speaker: Speaker, context: ReadContext
) -> list[Record]:
    """Every number that the claim's pattern finds in a post, each with the post as its reference."""
    pattern = compile_pattern(claim.pattern)
    found: dict[str, Record] = {}
    for post in posts:
        window = _window(post, claim, speaker.zone)
        if not window.overlaps(context.span):
            continue
        for match in pattern.finditer(normal_text(post.text)):
            record = _record(post, claim, match, speaker=speaker, window=window, context=context)
            if record is not None:
                found.setdefault(record["claim_id"], record)
    return list(found.values())


def _record(
    post: Post,
    claim: PostedClaim,
    match: re.Match[str],
    *,
    speaker: Speaker,
    window: Interval,
    context: ReadContext,
) -> Record | None:
    count = read_count(Row(post.row.sheet, post.row.number, {"count": match["value"]}))
    if count is None:
        return None  # words where the pattern hoped for a number: nothing is claimed
    accused = claim.accused_party or speaker.accused_party_id or ""
    around = match.string[max(match.start() - _AROUND, 0) : match.end() + _AROUND]
    return {
        "claim_id": short_id(
            "clm", context.source_id, post.post_id, claim.measure, count.value, match.start()
        ),
        "source_id": context.source_id,
        "speaker": speaker.name,
        "speaker_party_id": speaker.party_id,
        "accused_party_id": accused,
        "kind": claim_kind(speaker.party_id, accused, value=count.value, direction=None),
        "measure": claim.measure,
        "act": claim.act,
        "unit": claim.unit,
        "value": count.value,
        "relation": claim.relation,
        "window_start": window.start,
        "window_stop": window.stop,
        "window_precision": "approximate" if claim.window_h else "date_only",
        "area_id": context.area(claim.area) if claim.area else None,
        "outlet": speaker.name,
        "url": speaker.url.replace("{id}", post.post_id) if speaker.url else None,
        "published": format_time(post.posted_at),
        "note": f"post {post.post_id}: … {around} …; the window is the reader's, not the post's",
        **post.row.provenance,
    }


def _window(post: Post, claim: PostedClaim, zone: str) -> Interval:
    """The hours before the post, or a local day: what the case supposes the number to be about."""
    if claim.window_h is not None:
        return Interval(post.posted_at - timedelta(hours=claim.window_h), post.posted_at)
    day = local_days(Interval(post.posted_at, post.posted_at + timedelta(microseconds=1)), zone)[0]
    return local_day(day - timedelta(days=claim.days_before), zone)
