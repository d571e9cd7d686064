"""A column of a user's table, of any type that files have, into values: what is plainly sound.

Each gives its values and a mask of those it is sure of, or None where single cells must be asked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.intervals import Interval, microseconds
from truceline.sources import columns as fast
from truceline.sources.cells import CellError
from truceline.sources.columns import Mask, Moments, Reals, Whole
from truceline.sources.table_clocks import iso_texts


def translated(texts: pa.Array, words: dict[str, str]) -> pa.Array:
    """Trimmed texts, words of the file replaced by the schema's; null where empty."""
    texts = fast.trimmed(texts)
    if not words:
        return texts
    known, which = fast.coded(texts)
    fresh = [None if word is None else words.get(word, word) or None for word in known]
    return pa.array(fresh, pa.string()).take(pa.array(which))


def each_word(texts: pa.Array, read: Callable[[Any], Any], kind: pa.DataType) -> tuple[pa.Array, Mask]:
    """Each distinct word read once; unsure where it cannot be."""
    words, which = fast.coded(texts)
    values: list[Any] = []
    sure = np.ones(len(words), np.bool_)
    for code, word in enumerate(words):
        try:
            values.append(None if word is None else read(word))
        except CellError:
            values.append(None)
            sure[code] = False
    if not words:
        return pa.nulls(len(texts), kind), np.ones(len(texts), np.bool_)
    return pa.array(values, kind).take(pa.array(which)), sure[which]


def numbers_of(values: pa.Array, decimal: str) -> tuple[Reals, Mask] | None:
    """Numbers, NaN where there is none; a decimal comma makes a point doubtful."""
    kind = values.type
    if pa.types.is_string(kind):
        if decimal == ".":
            return fast.numbers(values)
        pointed = fast.mask_of(pc.match_substring(values, "."))
        numbers, sure = fast.numbers(pc.replace_substring(values, decimal, "."))
        return numbers, sure & ~pointed
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        exact = values.cast(pa.float64(), safe=False)
        numbers = np.array(exact.to_numpy(zero_copy_only=False), dtype=np.float64)
        return numbers, ~np.isinf(numbers)
    return (np.full(len(values), np.nan), np.ones(len(values), np.bool_)) if pa.types.is_null(kind) else None


def moments_of(values: pa.Array, zone: str | None, *, pattern: str | None = None) -> Moments | None:
    """Moments or days; naive ones by the clocks of ``zone``, texts and numbers by ``pattern``."""
    kind = values.type
    if pattern is not None and not (pa.types.is_temporal(kind) or pa.types.is_null(kind)):
        return fast.moments(iso_texts(values, pattern), zone)
    if pa.types.is_string(kind):
        return fast.moments(values, zone)
    if pa.types.is_null(kind):
        return fast.moments(values.cast(pa.string()), zone)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        us = values.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64())
        none = fast.mask_of(pc.is_null(us))
        return at_moments(pc.fill_null(us, 0).to_numpy(zero_copy_only=False).copy(), none)
    if pa.types.is_timestamp(kind) or pa.types.is_date32(kind):
        # naive moments and dates by their usual text, so that clocks are asked in one place
        as_second = values if pa.types.is_date32(kind) else values.cast(pa.timestamp("us"), safe=False)
        return fast.moments(pc.cast(as_second, pa.string()), zone)
    return None


def at_moments(values_us: Whole, none: Mask) -> Moments:
    """Moments that are known already."""
    days = np.zeros(len(values_us), np.bool_)
    return Moments(start_us=values_us, stop_us=values_us.copy(), is_day=days, is_none=none.copy(), sure=~days)


def same_moment(value: datetime | Interval, n: int) -> Moments:
    """One moment, or one day, for every row."""
    start, stop = (value.start, value.stop) if isinstance(value, Interval) else (value, value)
    return Moments(
        start_us=np.full(n, microseconds(start)),
        stop_us=np.full(n, microseconds(stop)),
        is_day=np.full(n, isinstance(value, Interval)),
        is_none=np.zeros(n, np.bool_),
        sure=np.ones(n, np.bool_),
    )
