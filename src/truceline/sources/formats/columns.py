"""Columns from Python values: one type for each, by rules that do not depend on the batch.

Whole numbers are int64, numbers float64, truth values bool, dates date32, moments timestamp[us]
(with UTC where they carry a zone), times of day time64, everything else text. A column of mixed
kinds becomes text value by value: whole numbers without a point, dates as ISO 8601, lists and
objects as JSON. A column without a value is text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

_INT64 = 2**63
#: whole numbers up to here are exact as floats
_EXACT = 2**53


def as_text(value: Any) -> str | None:
    """A value as the text that stands for it in a column of mixed kinds."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return repr(value.total_seconds())
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        case _:
            return str(value)


def make_column(values: Sequence[Any], *, whole_floats: bool = False) -> pa.Array:
    """A column of one type. ``whole_floats``: floats that are all whole become int64."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    try:
        if not kinds:
            return pa.nulls(len(values), pa.string())
        if kinds == {str}:
            return pa.array(values, pa.string())
        if kinds == {bool}:
            return pa.array(values, pa.bool_())
        if kinds <= {int, float}:
            return _numbers(values, kinds, whole_floats=whole_floats)
        if kinds == {date}:
            return pa.array(values, pa.date32())
        if kinds == {datetime}:
            return _moments(values)
        if kinds == {time}:
            return pa.array(values, pa.time64("us"))
    except (pa.ArrowException, OverflowError, UnicodeError, ValueError):
        pass
    return pa.array([_sound(as_text(value)) for value in values], pa.string())


def _numbers(values: Sequence[Any], kinds: set[type], *, whole_floats: bool) -> pa.Array:
    if kinds == {int}:
        return pa.array(values, pa.int64())  # too great a number: text, by the caller
    if whole_floats:
        known = [value for value in values if value is not None]
        if all(math.isfinite(value) and value == int(value) and abs(value) < _EXACT for value in known):
            return pa.array([None if value is None else int(value) for value in values], pa.int64())
    if int in kinds and any(type(value) is int and abs(value) > _EXACT for value in values):
        raise OverflowError
    return pa.array(values, pa.float64())


def _moments(values: Sequence[Any]) -> pa.Array:
    zoned = {value.tzinfo is not None for value in values if value is not None}
    if zoned == {False}:
        return pa.array(values, pa.timestamp("us"))
    if zoned == {True}:
        in_utc = [None if value is None else value.astimezone(UTC) for value in values]
        return pa.array(in_utc, pa.timestamp("us", tz="UTC"))
    raise ValueError


def _sound(text: str | None) -> str | None:
    """Text without half characters, which JSON can spell and UTF-8 cannot."""
    return None if text is None else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


#: rows that stand in memory as Python objects at once: few, or the collector of garbage takes half the time
PART_ROWS = 1_024


def join_batches(parts: Sequence[dict[str, pa.Array]], *, batch_rows: int) -> list[pa.RecordBatch]:
    """Batches of one schema from columns found part by part, in the order in which they were found."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    lengths = [len(next(iter(part.values()))) for part in parts]
    columns = {name: _one_type([part.get(name) for part in parts], lengths) for name in names}
    if not names:
        return []
    whole = pa.Table.from_arrays([pa.chunked_array(columns[name]) for name in names], names=names)
    if not whole.num_rows:
        return whole.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], schema=whole.schema)]
    return [
        whole.slice(start, batch_rows).combine_chunks().to_batches()[0]
        for start in range(0, whole.num_rows, batch_rows)
    ]


def _one_type(arrays: Sequence[pa.Array | None], lengths: Sequence[int]) -> list[pa.Array]:
    filled = [array for array in arrays if array is not None and array.null_count < len(array)]
    kinds = list(dict.fromkeys(array.type for array in filled))
    if not kinds:
        known = next((array.type for array in arrays if array is not None), pa.string())
        target = known
    elif len(kinds) == 1:
        target = kinds[0]
    elif set(kinds) == {pa.int64(), pa.float64()} and all(_is_exact(array) for array in filled):
        target = pa.float64()
    else:
        target = pa.string()
    return [_as_type(array, target, n) for array, n in zip(arrays, lengths, strict=True)]


def _is_exact(array: pa.Array) -> bool:
    if array.type != pa.int64():
        return True
    values = array.drop_null().to_numpy(zero_copy_only=False)
    return not len(values) or bool(np.abs(values).max() <= _EXACT)


def _as_type(array: pa.Array | None, target: pa.DataType, n: int) -> pa.Array:
    if array is None or array.null_count == len(array):
        return pa.nulls(n, target)
    if array.type == target:
        return array
    if target == pa.string():
        return pa.array([as_text(value) for value in array.to_pylist()], pa.string())
    return array.cast(target)


def in_parts(items: Iterable[Any], *, size: int) -> Iterator[list[Any]]:
    """Items in lists of at most ``size``."""
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
