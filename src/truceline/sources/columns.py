"""Whole columns of text into values at once, and records into ids.

Every reader here gives values and a mask of the cells it is *sure* of. What it is not sure of
(an odd spelling, a fault) is left to the reading of single cells, which alone decides and words
the problem: fast reading may be timid, it may never be wrong.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring_ascii
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]

#: what ``str.strip`` takes off
_BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_NUMBER = r"^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_ESCAPED = r'[^\x20-\x7e]|["\\]'
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400
#: years outside these are left to the reading of single cells, which knows the calendar's edges
_YEARS = (1000, 9000)


# -- text --------------------------------------------------------------------------------------
def trimmed(values: pa.Array) -> pa.Array:
    """Text without blanks around it; null where nothing is left."""
    if len(values) == 0 or values.null_count == 0:
        plain, is_empty = _plain_ends(values)
        if plain:
            return pc.if_else(pa.array(~is_empty), values, pa.scalar(None, pa.string())) if is_empty.any() else values  # fmt: skip
    text = pc.utf8_trim(values, characters=_BLANKS)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _plain_ends(values: pa.StringArray) -> tuple[bool, Mask]:
    """Whether surely no text begins or ends with a blank; which are empty."""
    codes, offsets = bytes_of(values)
    starts, stops = offsets[:-1], offsets[1:]
    is_empty = starts == stops
    if is_empty.any():
        starts, stops = starts[~is_empty], stops[~is_empty]
    if not len(starts):
        return True, is_empty
    last = codes[stops - 1]
    ends_plainly = _NOT_BLANK_LAST[last]
    if not ends_plainly.all():
        # letters of two bytes, such as Cyrillic ones; blanks of two bytes begin with C2
        ends_plainly |= (last >= 0x80) & (stops - starts > 1) & (codes[np.maximum(stops - 2, 0)] >= 0xC3)
    return bool(_NOT_BLANK_FIRST[codes[starts]].all() and ends_plainly.all()), is_empty


_BYTES = np.arange(256)
_NOT_BLANK_LAST = (_BYTES > 32) & (_BYTES < 127)
#: blanks beyond ASCII begin with one of four bytes
_NOT_BLANK_FIRST = (_BYTES > 32) & ~np.isin(_BYTES, (127, 0xC2, 0xE1, 0xE2, 0xE3))
_IS_ESCAPED = (_BYTES < 32) | (_BYTES > 126) | np.isin(_BYTES, (34, 92))


def mask_of(values: pa.Array) -> Mask:
    """An Arrow array of truth values as a mask; null is false."""
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def coded(values: pa.Array) -> tuple[list[Any], Whole]:
    """The distinct values (null among them as None) and which of them each row has."""
    encoded = values.dictionary_encode(null_encoding="encode")
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


# -- numbers -----------------------------------------------------------------------------------
def numbers(texts: pa.Array) -> tuple[Reals, Mask]:
    """Finite numbers; NaN where there is none. Sure where null or plainly a number."""
    try:
        parsed = pc.cast(texts, pa.float64())
        sure = np.ones(len(texts), np.bool_)
    except pa.ArrowInvalid:
        plain = pc.match_substring_regex(texts, _NUMBER)
        parsed = pc.cast(pc.if_else(plain, texts, pa.scalar(None, pa.string())), pa.float64())
        sure = mask_of(pc.or_(pc.fill_null(plain, True), pc.is_null(texts)))
    values = np.array(pc.fill_null(parsed, np.nan).to_numpy(zero_copy_only=False), dtype=np.float64)
    sure &= np.isfinite(values) | mask_of(pc.is_null(texts))
    return np.where(np.isfinite(values), values, np.nan), sure


# -- times -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Microseconds since 1970 in UTC; a day is the interval of its local day, a moment is empty."""

    start_us: Whole
    stop_us: Whole
    is_day: Mask
    is_none: Mask  #: no value, or none that could be read
    sure: Mask


def moment_at(value_us: int) -> datetime:
    """A moment from microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=int(value_us))


def moment_texts(values_us: Whole) -> pa.Array:
    """Moments as Python writes them: ``2031-05-05 10:00:00+00:00``, microseconds only where there are any."""
    seconds = values_us // 1_000_000
    text = pc.cast(pa.array(seconds).cast(pa.timestamp("s")), pa.string())
    parts = values_us - seconds * 1_000_000
    if parts.any():
        rest = pa.array([f".{part:06d}" if part else "" for part in parts.tolist()], pa.string())
        text = pc.binary_join_element_wise(text, rest, "")
    return pc.binary_join_element_wise(text, "+00:00", "")


def times(values_us: Whole, none: Mask | None = None) -> pa.Array:
    """Microseconds as a column of times."""
    return pa.array(values_us, type=pa.int64(), mask=none).cast(pa.timestamp("us", tz="UTC"))


def moments(texts: pa.Array, zone: str | None) -> Moments:
    """Moments (or days) of the usual forms of ISO 8601; naive ones by the clocks of ``zone``."""
    encoded = texts.dictionary_encode()
    distinct = _distinct_moments(encoded.dictionary, zone)
    none = mask_of(pc.is_null(texts))
    if len(encoded.dictionary) == 0:
        zero = np.zeros(len(texts), np.int64)
        return Moments(start_us=zero, stop_us=zero.copy(), is_day=np.zeros(len(texts), np.bool_), is_none=none, sure=none.copy())  # fmt: skip
    codes = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
    return Moments(
        start_us=distinct.start_us[codes],
        stop_us=distinct.stop_us[codes],
        is_day=distinct.is_day[codes] & ~none,
        is_none=none,
        sure=distinct.sure[codes] | none,
    )


#: bytes of the moment, bytes of its fraction of a second, bytes of its offset
_FORMS = [(10, 0, 0)] + [
    (body, fraction, offset)
    for body, fractions in ((16, (0,)), (19, (0, 4, 7)))
    for fraction in fractions
    for offset in (0, 1, 5, 6)
]


def _distinct_moments(texts: pa.StringArray, zone: str | None) -> Moments:
    n = len(texts)
    start, stop = np.zeros(n, np.int64), np.zeros(n, np.int64)
    is_day, sure = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    if n:
        codes, offsets = bytes_of(texts)
        lengths = np.diff(offsets)
        for body, fraction, offset in _FORMS:
            at = np.flatnonzero((lengths == body + fraction + offset) & ~sure)
            if len(at):
                cells = codes[offsets[at][:, None] + np.arange(body + fraction + offset)]
                form = _read_form(cells, body, fraction, offset, zone)
                start[at], stop[at], is_day[at], sure[at] = form
    return Moments(start_us=start, stop_us=stop, is_day=is_day, is_none=np.zeros(n, np.bool_), sure=sure)


def bytes_of(texts: pa.StringArray) -> tuple[npt.NDArray[np.uint8], Whole]:
    """All bytes of a column, and where each text begins in them (and where the last stops)."""
    _, offset_buffer, data = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(data or b"", np.uint8), offsets.astype(np.int64)


def _read_form(
    cells: npt.NDArray[np.uint8], body: int, fraction: int, offset: int, zone: str | None
) -> tuple[Whole, Whole, Mask, Mask]:
    """Texts of one length as one form: start, stop, whether a day, whether it is this form."""
    digits = cells.astype(np.int64) - 48
    sound = (cells[:, 4] == ord("-")) & (cells[:, 7] == ord("-")) & _are_digits(digits, 0, 1, 2, 3, 5, 6, 8, 9)  # fmt: skip
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month, day = digits[:, 5] * 10 + digits[:, 6], digits[:, 8] * 10 + digits[:, 9]
    sound &= (year >= _YEARS[0]) & (year < _YEARS[1]) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(sound, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    sound &= day <= after - first
    days = np.where(sound, first + day - 1, 0)
    if body == 10:
        if zone is None:
            return days, days, sound, np.zeros(len(cells), np.bool_)
        start, stop, _ = _clocks(days, zone)
        return start * 1_000_000, stop * 1_000_000, sound, sound
    sound &= ((cells[:, 10] == ord("T")) | (cells[:, 10] == ord(" "))) & (cells[:, 13] == ord(":"))
    sound &= _are_digits(digits, 11, 12, 14, 15)
    hour, minute = digits[:, 11] * 10 + digits[:, 12], digits[:, 14] * 10 + digits[:, 15]
    second = np.zeros(len(cells), np.int64)
    if body == 19:
        sound &= (cells[:, 16] == ord(":")) & _are_digits(digits, 17, 18)
        second = digits[:, 17] * 10 + digits[:, 18]
    sound &= (hour < 24) & (minute < 60) & (second < 60)
    micro = np.zeros(len(cells), np.int64)
    if fraction:
        places = range(20, 19 + fraction)
        sound &= (cells[:, 19] == ord(".")) & _are_digits(digits, *places)
        for place in places:
            micro = micro * 10 + digits[:, place]
        micro *= 10 ** (7 - fraction)
    seconds = days * _DAY_S + hour * 3600 + minute * 60 + second
    east, known = _offset(cells, digits, body + fraction, offset, days, zone)
    sound &= known
    at = np.where(sound, (seconds - east) * 1_000_000 + micro, 0)
    return at, at, np.zeros(len(cells), np.bool_), sound


def _are_digits(digits: Whole, *places: int) -> Mask:
    picked = digits[:, list(places)]
    return np.asarray(((picked >= 0) & (picked <= 9)).all(axis=1))


def _offset(
    cells: npt.NDArray[np.uint8], digits: Whole, at: int, length: int, days: Whole, zone: str | None
) -> tuple[Whole, Mask]:
    """Seconds east of UTC, and where that is known."""
    n = len(cells)
    if length == 0:
        if zone is None:
            return np.zeros(n, np.int64), np.zeros(n, np.bool_)
        start, _, steady = _clocks(days, zone)
        return days * _DAY_S - start, steady
    if length == 1:
        return np.zeros(n, np.int64), cells[:, at] == ord("Z")
    places = (at + 1, at + 2, at + length - 2, at + length - 1)
    sound = ((cells[:, at] == ord("+")) | (cells[:, at] == ord("-"))) & _are_digits(digits, *places)
    if length == 6:
        sound &= cells[:, at + 3] == ord(":")
    hours, minutes = digits[:, places[0]] * 10 + digits[:, places[1]], digits[:, places[2]] * 10 + digits[:, places[3]]  # fmt: skip
    sound &= (hours < 24) & (minutes < 60)
    return np.where(cells[:, at] == ord("-"), -1, 1) * (hours * 3600 + minutes * 60), sound


def _clocks(days: Whole, zone: str) -> tuple[Whole, Whole, Mask]:
    """Where each local day starts and stops (seconds in UTC), and whether its clocks stay put."""
    tz = ZoneInfo(zone)
    distinct, which = np.unique(days, return_inverse=True)
    east = {int(day): _east_at_midnight(int(day), tz) for day in {*distinct.tolist(), *(distinct + 1).tolist()}}  # fmt: skip
    at_start = np.array([east[day] for day in distinct.tolist()], dtype=np.int64)
    at_stop = np.array([east[day + 1] for day in distinct.tolist()], dtype=np.int64)
    starts = distinct * _DAY_S - at_start
    stops = (distinct + 1) * _DAY_S - at_stop
    return starts[which], stops[which], (at_start == at_stop)[which]


def _east_at_midnight(day: int, tz: ZoneInfo) -> int:
    when = datetime(1970, 1, 1, tzinfo=tz) + timedelta(days=day)
    offset = when.utcoffset()
    return 0 if offset is None else round(offset.total_seconds())


def days_of(starts_us: Whole) -> npt.NDArray[np.datetime64]:
    """Dates (UTC) of moments."""
    return np.asarray((starts_us // (_DAY_S * 1_000_000)).astype("datetime64[D]"))


# -- ids ---------------------------------------------------------------------------------------
def float_texts(values: Reals) -> pa.Array:
    """Numbers as Python writes them; ``None`` where NaN."""
    text = pc.cast(pa.array(values), pa.string())
    size = np.abs(values)
    plain = (size >= 1e-3) & (size < 1e9)
    whole = plain & (values == np.floor(values))
    if whole.any():
        text = pc.if_else(pa.array(whole), pc.binary_join_element_wise(text, ".0", ""), text)
    odd = ~plain
    if odd.any():
        words = ["None" if value != value else repr(value) for value in values[odd].tolist()]
        text = pc.replace_with_mask(text, pa.array(odd), pa.array(words, pa.string()))
    return text


def json_texts(values: pa.Array) -> pa.Array:
    """Texts as canonical JSON writes them between its quotes; null becomes nothing."""
    text = pc.fill_null(values, "") if values.null_count else values
    codes, offsets = bytes_of(text)
    found = codes[offsets[0] : offsets[-1]]
    escaped = _IS_ESCAPED[found]
    if not escaped.any():
        return text
    if np.isin(found[escaped], (34, 92)).all():
        text = pc.replace_substring(text, "\\", "\\\\")
        return pc.replace_substring(text, '"', '\\"')
    odd = pc.match_substring_regex(text, _ESCAPED)
    if pc.any(odd).as_py():
        words = text.filter(odd).dictionary_encode()
        spelled = [encode_basestring_ascii(word)[1:-1] for word in words.dictionary.to_pylist()]
        text = pc.replace_with_mask(text, odd, pa.array(spelled, pa.string()).take(words.indices))
    return text


def content_hashes(source_id: str, parts: Sequence[pa.Array], *, n: int) -> Hashes:
    """First 64 bits of the SHA-256 over the canonical JSON of ``[source_id, *parts]``.

    The same bytes as ``short_id`` hashes, so that its ids are the first digits of these.
    """
    start = json_start(source_id)
    columns = [json_texts(part) for part in parts]
    if columns:
        joined = pc.binary_join_element_wise(
            pa.scalar(start), *columns[:-1], pc.binary_join_element_wise(columns[-1], '"]', ""), '","'
        ).cast(pa.binary())
        texts: Iterable[bytes] = joined.to_pylist()
    else:
        texts = [f'{start}"]'.encode()] * n
    return hashes_of(texts)


def json_start(source_id: str) -> str:
    """How the canonical JSON of ``[source_id, …]`` begins, without the quote that closes the id."""
    return "[" + encode_basestring_ascii(source_id)[:-1]


def hashes_of(texts: Iterable[bytes]) -> Hashes:
    """First 64 bits of the SHA-256 of each text."""
    digests = b"".join([sha.digest() for sha in map(hashlib.sha256, texts)])
    return np.frombuffer(digests, ">u8")[::4].astype(np.uint64)


_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


def id_texts(word: str, hashes: Hashes, *, digits: int) -> pa.Array:
    """Ids such as ``obs-3f9a0c12ab`` of the first ``digits`` hexadecimal digits."""
    n, stem = len(hashes), f"{word}-".encode()
    width = len(stem) + digits
    cells = np.empty((n, width), np.uint8)
    cells[:, : len(stem)] = np.frombuffer(stem, np.uint8)
    for place in range(digits):
        cells[:, len(stem) + place] = _HEX[((hashes >> np.uint64(60 - 4 * place)) & np.uint64(15)).astype(np.int64)]  # fmt: skip
    offsets = np.arange(n + 1, dtype=np.int32) * np.int32(width)
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(cells)))


def ids_of(word: str, hashes: Hashes) -> pa.Array:
    """An id for each record: ten digits, or sixteen where two of them would share ten.

    Among a million records two will share ten digits with a probability of one in three.
    """
    short = hashes >> np.uint64(24)
    in_order = np.sort(hashes)
    first = in_order >> np.uint64(24)
    # the same record twice has one id
    twice = first[1:][(first[1:] == first[:-1]) & (in_order[1:] != in_order[:-1])]
    ids = id_texts(word, hashes, digits=10)
    if len(twice):
        shared = np.isin(short, twice)
        ids = pc.replace_with_mask(ids, pa.array(shared), id_texts(word, hashes[shared], digits=16))
    return ids


class Seen:
    """Which records were met before, by their hashes: kept in sorted runs, eight bytes a record."""

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def first(self, hashes: Hashes) -> Mask:
        """Where each record is met for the first time."""
        values, at = np.unique(hashes, return_index=True)
        unmet = np.ones(len(values), np.bool_)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, values), len(run) - 1)
            unmet &= run[place] != values
        fresh = np.zeros(len(hashes), np.bool_)
        fresh[at[unmet]] = True
        if unmet.any():
            self._runs.append(values[unmet])
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            last, before = self._runs.pop(), self._runs.pop()
            self._runs.append(np.sort(np.concatenate([before, last]), kind="stable"))
        return fresh


#: how a number with separators for thousands may look
SEPARATED = re.compile("[+-]?\\d{1,3}(?:[ ,.'\u00a0\u202f]\\d{3})+(?:[.,]\\d+)?")
