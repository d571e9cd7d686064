"""Times as a stranger's table writes them, as ISO 8601: by a pattern, since 1970, or a date beside a clock.

Whole columns are rewritten where they plainly fit; each other distinct text is read once by Python.
What fits neither is left to the reading of single cells, which says what is wrong.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.sources import columns as fast

#: seconds or milliseconds since 1970 in UTC, beside patterns of strptime
SINCE_1970 = {"epoch_s": 1, "epoch_ms": 1000}
#: days since the last day but one of 1899, as workbooks keep dates (those of 1904 are not meant)
EXCEL = "excel"
#: patterns that read numbers, not the digits of a date
NUMBERED = (*SINCE_1970, EXCEL)
#: what stands before a text that the pattern does not fit, so that nothing else reads it
_UNFIT = "?"
_TWO = {"%d": "0[1-9]|[12][0-9]|3[01]", "%m": "0[1-9]|1[0-2]", "%H": "[01][0-9]|2[0-3]", "%M": "[0-5][0-9]", "%S": "[0-5][0-9]"}  # fmt: skip
_DIRECTIVE = re.compile(r"%[-a-zA-Z%]|[^%]+")
_OF_A_CLOCK = re.compile(r"%[HIMSfpXcs]")
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.hH]|\s?h\s?)(?P<minute>\d{2})(?:[:.m](?P<second>\d{2})(?:[.,]\d{1,6})?s?)?"
    r"(?:\s*(?P<half>[aApP])\.?\s?[mM]\.?)?(?:\s*(?:h|hrs?|Uhr|min))?"
)
_PACKED = re.compile(r"(\d{1,2})(\d{2})")
CLOCK_EXAMPLE = "a clock such as 7:05, 0705, 7:05 pm or 24:00, or nothing for the whole day"


def check_pattern(pattern: str) -> str:
    """The pattern, if times can be read by it.

    Raises
    ------
    ValueError
        If it is neither a pattern of strptime with a day, nor ``epoch_s``, ``epoch_ms`` or ``excel``.
    """
    if pattern in NUMBERED:
        return pattern
    example = datetime(2031, 5, 17, 14, 9, 7, 250_000, tzinfo=UTC)
    try:
        back = datetime.strptime(example.strftime(pattern), pattern)  # noqa: DTZ007 - the option `zone` gives its zone
    except (ValueError, re.error) as error:
        raise ValueError(f"{pattern!r} is no pattern of times ({error}); expected one such as %d/%m/%Y %H:%M, or epoch_s, epoch_ms, excel") from error  # fmt: skip
    if back.date() != example.date():
        raise ValueError(f"{pattern!r} does not give year, month and day; expected one such as %d/%m/%Y %H:%M")  # fmt: skip
    return pattern


def as_iso(value: Any, pattern: str) -> str | None:
    """A cell as ISO 8601, or None where the pattern does not fit it."""
    if pattern in SINCE_1970:
        return _since_1970(value, SINCE_1970[pattern])
    if pattern == EXCEL:
        return _of_workbook(value)
    text = str(value).strip()
    try:
        moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - the option `zone` gives its zone
    except ValueError:
        return None
    return moment.isoformat() if _OF_A_CLOCK.search(pattern) else moment.date().isoformat()


def _since_1970(value: Any, per_second: int) -> str | None:
    try:
        micro = round(float(value) * (1_000_000 // per_second))
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment.isoformat() if 1970 <= moment.year < 2200 else None


def _of_workbook(value: Any) -> str | None:
    """Days and their fraction as a local time to the second, whole days as dates; a decimal comma is one."""
    try:
        days = float(str(value).strip().replace(",", ".")) if "_" not in str(value) else math.nan
        moment = datetime(1899, 12, 30) + timedelta(seconds=round(days * 86_400))  # noqa: DTZ001 - the option `zone` gives its zone
    except (ValueError, OverflowError):
        return None
    if not 1901 <= moment.year < 2200:
        return None
    return moment.date().isoformat() if days == int(days) else moment.isoformat()


def reads_iso_too(pattern: str) -> bool:
    """Whether a text that the pattern does not fit may be ISO 8601: not where it could be taken for it."""
    return not pattern.startswith("%Y")


def iso_texts(values: pa.Array, pattern: str) -> pa.Array:
    """A column of texts or numbers as ISO 8601; what does not fit stays, marked where it could be misread."""
    if pattern in SINCE_1970 and (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return _numbers_since_1970(values, SINCE_1970[pattern])
    texts = fast.trimmed(values if pa.types.is_string(values.type) else values.cast(pa.string()))
    if pattern == EXCEL:
        return _by_words(texts, pattern)
    plain = _plain_form(pattern)
    if plain is None:
        return _by_words(texts, pattern)
    form, rewritten = plain
    fits = pc.match_substring_regex(texts, form)
    quick = pc.replace_substring_regex(texts, form, rewritten)
    if pc.all(pc.fill_null(fits, True)).as_py():
        return quick
    odd = pc.if_else(pc.fill_null(fits, True), pa.scalar(None, pa.string()), texts)
    return pc.coalesce(_by_words(odd, pattern), quick)


def _numbers_since_1970(values: pa.Array, per_second: int) -> pa.Array:
    words, which = fast.coded(values)
    known = [None if word is None else _since_1970(word, per_second) or f"{_UNFIT}{word}" for word in words]
    return pa.array(known, pa.string()).take(pa.array(which))


def _by_words(texts: pa.Array, pattern: str) -> pa.Array:
    words, which = fast.coded(texts)
    mark = "" if reads_iso_too(pattern) else _UNFIT
    known = [None if word is None else as_iso(word, pattern) or mark + word for word in words]
    return pa.array(known, pa.string()).take(pa.array(which))


def _plain_form(pattern: str) -> tuple[str, str] | None:
    """Regular expression of the pattern with every number filled up by zeros, and its ISO 8601."""
    form = ""
    places: dict[str, str] = {}
    for part in _DIRECTIVE.findall(pattern):
        if not part.startswith("%"):
            form += re.escape(part)
        elif (part != "%Y" and part not in _TWO) or part in places:
            return None
        else:
            places[part] = f"\\{len(places) + 1}"
            form += f"({_TWO.get(part, '[12][0-9]{3}')})"
    if not {"%Y", "%m", "%d"} <= places.keys():
        return None
    rewritten = f"{places['%Y']}-{places['%m']}-{places['%d']}"
    if {"%H", "%M"} <= places.keys():
        rewritten += f"T{places['%H']}:{places['%M']}"
        rewritten += f":{places['%S']}" if "%S" in places else ""
    elif places.keys() & {"%H", "%M", "%S"}:
        return None
    return f"^{form}$", rewritten


# -- a date and a clock ------------------------------------------------------------------------
def read_clock(text: str) -> tuple[str, int] | None:
    """``HH:MM:SS`` and days to go on (24:00 is the next day's midnight); None where it is no clock."""
    match = _CLOCK.fullmatch(text) or _PACKED.fullmatch(text)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2])
    second = half = None
    if match.re is _CLOCK:
        second, half = match["second"], match["half"]
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in "pP" else 0)
    if (hour, minute, int(second or 0)) == (24, 0, 0):
        return "00:00:00", 1
    if hour > 23 or minute > 59 or int(second or 0) > 59:
        return None
    return f"{hour:02d}:{minute:02d}:{int(second or 0):02d}", 0


def moments_of_two(dates: pa.Array, clocks: pa.Array, pattern: str | None) -> pa.Array:
    """Dates and clocks as one column of ISO 8601; an empty clock leaves the date, which is its whole day.

    What cannot be read stands as the two texts with a blank between them, which is no time.
    """
    days = _days(dates, pattern)
    words, which = fast.coded(fast.trimmed(_texts(clocks)))
    read = [None if word is None else read_clock(word) for word in words]
    at = pa.array(which)
    plain = pa.array([None if clock is None else clock[0] for clock in read], pa.string()).take(at)
    joined = pc.coalesce(pc.binary_join_element_wise(days, plain, "T"), days)
    # rows whose clock is no plain one: unreadable, or the end of the day
    odd = np.array([word is not None and (clock is None or clock[1] > 0) for word, clock in zip(words, read, strict=True)], np.bool_)  # fmt: skip
    rows = np.flatnonzero(odd[which]) if len(words) else np.zeros(0, np.int64)
    if not len(rows):
        return joined
    pairs = zip(days.take(pa.array(rows)).to_pylist(), which[rows].tolist(), strict=True)
    known = [_joined(day, words[code]) for day, code in pairs]
    return pc.replace_with_mask(joined, pa.array(odd[which]), pa.array(known, pa.string()))


def _joined(day: str | None, clock: str | None) -> str | None:
    if day is None or clock is None:
        return day
    read = read_clock(clock)
    if read is None:
        return f"{day} {clock}"
    at, later = read
    if later:
        try:
            day = (date.fromisoformat(day) + timedelta(days=later)).isoformat()
        except ValueError:
            return f"{day} {clock}"
    return f"{day}T{at}"


def _days(values: pa.Array, pattern: str | None) -> pa.Array:
    """Dates as texts: of moments at midnight (as workbooks keep dates) the date alone."""
    if pattern is not None and not pa.types.is_temporal(values.type):
        values = iso_texts(values, pattern)
    texts = fast.trimmed(_texts(values))
    return pc.replace_substring_regex(texts, r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]00:00(:00(\.0+)?)?$", r"\1")


def _texts(values: pa.Array) -> pa.Array:
    return values if pa.types.is_string(values.type) else values.cast(pa.string())
