"""Posts of a channel as columns, file by file, and which of several versions of one is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.intervals import microseconds
from truceline.schema.table import Record
from truceline.sources.columns import Mask, Whole, mask_of, moment_at
from truceline.sources.gather import picked
from truceline.sources.posted_claims import Post
from truceline.sources.rows import Row, Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """Posts in columns of equal length; moments are microseconds since 1970."""

    sheets: Sequence[Sheet]
    sheet: Whole  #: which of them each is from
    number: Whole
    ids: pa.Array
    posted_us: Whole
    order_us: Whole  #: when it was edited last, else when it was posted
    edited: Mask
    texts: pa.Array
    forwarded: Mask

    def __len__(self) -> int:
        return len(self.number)

    def take(self, at: Whole) -> Posts:
        """Some of them, in this order."""
        return Posts(
            sheets=self.sheets,
            sheet=self.sheet[at],
            number=self.number[at],
            ids=self.ids.take(pa.array(at)),
            posted_us=self.posted_us[at],
            order_us=self.order_us[at],
            edited=self.edited[at],
            texts=self.texts.take(pa.array(at)),
            forwarded=self.forwarded[at],
        )

    def post(self, at: int) -> Post:
        """One of them."""
        row = Row(self.sheets[int(self.sheet[at])], int(self.number[at]), {})
        edited_at = moment_at(self.order_us[at]) if self.edited[at] else None
        return Post(row=row, post_id=self.ids[at].as_py(), posted_at=moment_at(self.posted_us[at]), text=self.texts[at].as_py(), forwarded=bool(self.forwarded[at]), edited_at=edited_at)  # fmt: skip

    def provenance(self, at: int) -> Record:
        """The three columns that lead back to the row of one."""
        return Row(self.sheets[int(self.sheet[at])], int(self.number[at]), {}).provenance


def together(parts: Sequence[Posts], sheets: Sequence[Sheet]) -> Posts:
    """Posts of several batches as one."""
    whole = [np.zeros(0, np.int64)]
    mask = [np.zeros(0, np.bool_)]
    empty = [pa.array([], pa.string())]
    return Posts(
        sheets=sheets,
        sheet=np.concatenate([part.sheet for part in parts] or whole),
        number=np.concatenate([part.number for part in parts] or whole),
        ids=pa.concat_arrays([part.ids for part in parts] or empty),
        posted_us=np.concatenate([part.posted_us for part in parts] or whole),
        order_us=np.concatenate([part.order_us for part in parts] or whole),
        edited=np.concatenate([part.edited for part in parts] or mask),
        texts=pa.concat_arrays([part.texts for part in parts] or empty),
        forwarded=np.concatenate([part.forwarded for part in parts] or mask),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which version of each post is taken."""

    taken: Mask
    n_changed: int  #: posts whose versions differ in time, words or being forwarded
    gone: list[str]  #: posts of an earlier export that a later one, which reaches over their time, lacks


def choose(posts: Posts, *, span_start: datetime) -> Chosen:
    """The latest edit of each post; the export that reaches farthest breaks ties."""
    codes = posts.ids.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    latest = _latest(posts, microseconds(span_start))
    taken = np.ones(len(posts), np.bool_)
    n_changed = 0
    at = np.flatnonzero(np.bincount(codes)[codes] > 1) if len(codes) else np.zeros(0, np.int64)
    if len(at):
        texts = picked(posts.texts, at)
        labels = pa.array([sheet.file.label for sheet in posts.sheets]).take(pa.array(posts.sheet[at]))
        keys = {"code": codes[at], "edit": posts.order_us[at], "reach": latest[posts.sheet[at]], "text": texts, "file": labels, "row": -posts.number[at]}  # fmt: skip
        order = pc.sort_indices(pa.table(keys), [(name, "ascending") for name in keys]).to_numpy()
        at = at[order]
        is_last = np.append(codes[at][1:] != codes[at][:-1], True)
        taken[at[~is_last]] = False
        words = texts.dictionary_encode().indices.to_numpy(zero_copy_only=False)[order]
        said = [posts.posted_us[at], words, posts.forwarded[at]]
        same = codes[at][1:] == codes[at][:-1]
        differs = same & np.any([some[1:] != some[:-1] for some in said], axis=0)
        n_changed = len(np.unique(codes[at][1:][differs]))
    return Chosen(taken=taken, n_changed=n_changed, gone=_gone(posts, codes, latest))


def _latest(posts: Posts, otherwise_us: int) -> Whole:
    """When the last post of each export was posted."""
    latest = np.full(len(posts.sheets), np.iinfo(np.int64).min)
    np.maximum.at(latest, posts.sheet, posts.posted_us)
    return np.where(latest == np.iinfo(np.int64).min, otherwise_us, latest)


def _gone(posts: Posts, codes: Whole, latest: Whole) -> list[str]:
    gone: set[str] = set()
    rows = [np.flatnonzero(posts.sheet == one) for one in range(len(posts.sheets))]
    for one, own in enumerate(rows):
        for other, theirs in enumerate(rows):
            if latest[other] <= latest[one] or not len(theirs):
                continue
            reached = own[posts.posted_us[own] >= posts.posted_us[theirs].min()]
            lacking = reached[~np.isin(codes[reached], codes[theirs])]
            gone |= set(posts.ids.take(pa.array(lacking)).to_pylist())
    return sorted(gone)


def number_gaps(ids: pa.Array) -> tuple[int, int] | None:
    """How many numbers from the first to the last are not among the ids, and how many there are in all."""
    digits = ids.filter(pc.match_substring_regex(ids, "^[0-9]+$"))
    if not len(digits):
        return None
    if pc.max(pc.binary_length(digits)).as_py() <= 18:
        numbers = np.unique(pc.cast(digits, pa.int64()).to_numpy()).tolist()
    else:
        numbers = sorted({int(text) for text in digits.to_pylist()})
    n = numbers[-1] - numbers[0] + 1
    return n - len(numbers), n


def seconds_us(seconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Whole:
    """Seconds since 1970 as microseconds, rounded as a moment is; 0 where NaN."""
    whole = np.nan_to_num(seconds)
    found = (np.floor(whole) * 1e6).astype(np.int64)
    for at in np.flatnonzero(whole != np.floor(whole)).tolist():
        found[at] = microseconds(datetime.fromtimestamp(float(whole[at]), UTC))
    return found


def are_forwarded(values: pa.Array, no: set[str]) -> Mask:
    """Where a cell says that a post is another's."""
    encoded = pc.fill_null(values, "").dictionary_encode()
    words = pa.array([word.casefold() not in no for word in encoded.dictionary.to_pylist()], pa.bool_())
    return mask_of(words.take(encoded.indices))
