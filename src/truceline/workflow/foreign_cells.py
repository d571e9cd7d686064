"""Cells of a stranger's table into the types of a schema, a whole column at a time.

Text is read as ``sources.columns`` reads it; cells that it is not sure of are looked at one by one.
What cannot be read is marked and told, never guessed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.columns import BoolArray, IntArray
from truceline.schema.table import NUMBER, NUMBER_BY_NAME, TEXT, TEXTS, TIME, WHOLE, YES_NO, Column
from truceline.sources.columns import moments, numbers, times, trimmed
from truceline.sources.days import DateOnly, TimeReadError, read_moment

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a cell, apart from where it stands."""

    code: str
    message: str
    expected: str
    next_step: str = ""


#: a value and no fault, or the fault
#: whole numbers up to here are exact as floating-point numbers too
MOST_WHOLE = 2**53
_Reader = Callable[[str], tuple[Any, Fault | None]]


def read_cells(values: pa.Array, column: Column) -> tuple[pa.Array, dict[int, Fault]]:
    """A column as the type of its schema; and by position what could not be read (null there).

    Raises
    ------
    TypeError
        If the column as a whole is of a type that cannot become the one wanted; says what is expected.
    """
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(TEXT)
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), column.type), {}
    if pa.types.is_string(values.type):
        return _of_text(trimmed(values), column)
    if values.type == column.type:
        return _finite(values, column)
    return _of_values(values, column)


def _of_text(texts: pa.Array, column: Column) -> tuple[pa.Array, dict[int, Fault]]:
    if column.type == TEXT:
        return texts, {}
    if column.type == NUMBER:
        found, sure = numbers(texts)
        return _mend(found, np.isnan(found), sure, texts, _number, NUMBER)
    if column.type == WHOLE:
        found, sure = numbers(texts)
        whole = np.isnan(found) | ((found == np.floor(found)) & (np.abs(found) < MOST_WHOLE))
        values, none = np.where(np.isnan(found) | ~whole, 0, found).astype(np.int64), np.isnan(found)
        return _mend(values, none, sure & whole, texts, _whole, WHOLE)
    if column.type == TIME:
        read = moments(texts, None)
        return _mend(read.start_us, read.is_none, read.sure & ~read.is_day, texts, _moment_us, TIME)
    return _by_word(texts, {YES_NO: _yes_no, TEXTS: _texts, NUMBER_BY_NAME: _by_name}[column.type], column)


def _mend(
    values: Any, none: BoolArray, sure: BoolArray, texts: pa.Array, read: _Reader, kind: pa.DataType
) -> tuple[pa.Array, dict[int, Fault]]:
    """Cells that are not sure are read one by one."""
    faults: dict[int, Fault] = {}
    unsure = np.flatnonzero(~sure)
    if len(unsure):
        values, none = np.array(values), np.array(none)
    for k, text in zip(unsure.tolist(), texts.take(pa.array(unsure)).to_pylist(), strict=True):
        value, fault = read(text)
        if fault is not None:
            faults[k] = fault
        none[k] = value is None
        values[k] = 0 if value is None else value
    made = times(values, none) if kind == TIME else pa.array(values, type=kind, mask=none)
    return made, faults


def _by_word(texts: pa.Array, read: _Reader, column: Column) -> tuple[pa.Array, dict[int, Fault]]:
    """Each distinct text is read once."""
    encoded = texts.dictionary_encode()
    found = [read(text) for text in encoded.dictionary.to_pylist()]
    made = pa.array([value for value, _ in found], type=column.type).take(encoded.indices)
    wrong = {k: fault for k, (_, fault) in enumerate(found) if fault is not None}
    if not wrong:
        return made, {}
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return made, {
        int(at): wrong[int(codes[at])] for at in np.flatnonzero(np.isin(codes, list(wrong))).tolist()
    }


def _number(text: str) -> tuple[float | None, Fault | None]:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value, None
    step = "Write it without signs for thousands, with a point for decimals"
    return None, Fault(code="value_type", message="not a number", expected="a number, such as 1234.5", next_step=step)  # fmt: skip


def _whole(text: str) -> tuple[int | None, Fault | None]:
    try:
        value = int(text)
    except ValueError:
        return None, Fault(
            code="value_type", message="not a whole number", expected="a whole number, such as 12"
        )
    if abs(value) > MOST_WHOLE:
        return None, Fault(code="value_range", message="out of range", expected=f"≤ {MOST_WHOLE}")
    return value, None


def _moment_us(text: str) -> tuple[int | None, Fault | None]:
    try:
        moment = read_moment(text)
    except DateOnly:
        return None, Fault(
            code="time_format", message="a date without a time of day",
            expected="a time with an offset, such as 2031-05-01T10:00:00Z",
            next_step="Give the day's first moment here and the next day's in the column of the latest time",
        )  # fmt: skip
    except TimeReadError as error:
        return None, Fault(
            code=error.code, message=error.message,
            expected="a time with an offset, such as 2031-05-01T10:00:00Z",
            next_step="Write times in UTC with a Z, or with their offset",
        )  # fmt: skip
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds, None


def _yes_no(text: str) -> tuple[bool | None, Fault | None]:
    value = _WORDS.get(text.casefold())
    return (value, None) if value is not None else (
        None, Fault(code="value_unknown", message="neither true nor false", expected="true or false")
    )  # fmt: skip


def _texts(text: str) -> tuple[list[str] | None, Fault | None]:
    if not text.startswith("["):
        return [part.strip() for part in text.split(";") if part.strip()], None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value, None
    return None, Fault(code="value_type", message="not a list of texts", expected='a JSON list such as ["a", "b"], or a; b')  # fmt: skip


def _by_name(text: str) -> tuple[list[tuple[str, float]] | None, Fault | None]:
    if not text.startswith(("{", "[")):
        return [(text, 0.0)], None  # one name: the record is surely of it
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    pairs = value.items() if isinstance(value, dict) else None
    if pairs is not None and all(_is_number(number) for _, number in pairs):
        return [(name, float(number)) for name, number in pairs], None
    return None, Fault(
        code="value_type", message="not log-likelihoods by name",
        expected='one name, or a JSON object such as {"shelling": 0, "clash": -2.3}',
    )  # fmt: skip


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _of_values(values: pa.Array, column: Column) -> tuple[pa.Array, dict[int, Fault]]:
    """A column that is no text: of another kind of number or time, a list of structures."""
    kind = values.type
    if column.type == TIME and pa.types.is_timestamp(kind):
        if kind.tz is None:
            raise TypeError("times with a zone (UTC)")
        return pc.cast(values, TIME, safe=False), {}
    if column.type == NUMBER and (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):  # fmt: skip
        return _finite(pc.cast(values, NUMBER, safe=False), column)
    if column.type == WHOLE and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        found = np.asarray(pc.fill_null(pc.cast(values, NUMBER), np.nan).to_numpy(zero_copy_only=False))
        none = np.isnan(found)
        wrong = ~none & (found != np.floor(found))
        made = pa.array(np.where(none | wrong, 0, found).astype(np.int64), type=WHOLE, mask=none | wrong)
        fault = Fault(code="value_type", message="not a whole number", expected="a whole number, such as 12")
        return made, dict.fromkeys(np.flatnonzero(wrong).tolist(), fault)
    if column.type == TEXT and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        return pc.cast(values, TEXT), {}
    if column.type == NUMBER_BY_NAME and pa.types.is_struct(kind):
        rows = [None if row is None else [(k, float(v)) for k, v in row.items() if v is not None] for row in values.to_pylist()]  # fmt: skip
        return pa.array(rows, type=NUMBER_BY_NAME), {}
    if column.type in (NUMBER_BY_NAME, TEXTS):
        try:
            return pc.cast(values, column.type), {}
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            pass
    words = {NUMBER: "numbers", WHOLE: "whole numbers", TIME: "times with a zone (UTC)", TEXT: "text", YES_NO: "true or false", TEXTS: "lists of text", NUMBER_BY_NAME: "maps from name to number"}  # fmt: skip
    raise TypeError(words.get(column.type, str(column.type)))


def _finite(values: pa.Array, column: Column) -> tuple[pa.Array, dict[int, Fault]]:
    """Numbers that are infinite or NaN are no values."""
    if column.type != NUMBER:
        return values, {}
    wrong = pc.fill_null(pc.invert(pc.is_finite(values)), False)
    if not pc.any(wrong).as_py():
        return values, {}
    nan = pc.fill_null(pc.is_nan(values), False)
    infinite: IntArray = np.flatnonzero(pc.and_not(wrong, nan).to_numpy(zero_copy_only=False))
    fault = Fault(code="value_type", message="not a finite number", expected="a number, such as 1234.5")
    return pc.if_else(wrong, pa.scalar(None, NUMBER), values), dict.fromkeys(infinite.tolist(), fault)
