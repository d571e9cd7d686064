"""One record, one string of bytes: JSON after RFC 8785, narrowed to what all programs write alike.

Narrowed: keys are ASCII (so that every language sorts them alike), and there are no floats (so that none
rounds them otherwise); a quantity with decimals is written as text, or as a whole number of a smaller unit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from json.encoder import JSONEncoder, encode_basestring
from typing import Any, NoReturn, TypeAlias

Value: TypeAlias = "str | int | bool | list[Value] | tuple[Value, ...] | Mapping[str, Value] | None"
Record: TypeAlias = Mapping[str, Value]

MAX_NUMBER = 2**53 - 1  #: whole numbers beyond this are not exact in every program (RFC 7493, section 2.2)
MAX_DEPTH = 32  #: levels of lists and objects; no record needs as many

# Sorts by code point, which for ASCII is the order of RFC 8785 (UTF-16 code units, section 3.2.3); escapes
# what section 3.2.2.2 escapes and nothing else. That is checked against the library rfc8785.
_ENCODER = JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)
# The encoder behind ``_ENCODER.encode``, made once instead of for every record; Pythons without it take that.
_MAKE = getattr(json.encoder, "c_make_encoder", None)
_WRITE: Callable[[object, int], Iterable[str]] = (
    _MAKE(None, _ENCODER.default, encode_basestring, None, ":", ",", True, False, False)
    if _MAKE
    else lambda record, _: [_ENCODER.encode(record)]
)
_TOGETHER = 64  #: records that are written together
_FLAT: frozenset[type] = frozenset({str, int, bool, type(None)})
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * len(str(MAX_NUMBER))  #: so many digits may be too large a number: looked at one by one


def encode(record: object) -> bytes:
    """Canonical bytes of ``record``: an object, list, text, whole number, boolean or None.

    Raises
    ------
    ValueError
        If something in it has no canonical form; the message names its path, such as ``$.answer[2].at``.
    """
    _check(record, "$", MAX_DEPTH)
    return "".join(_WRITE(record, 0)).encode("utf-8")


def encode_all(records: Sequence[object], *, head: str = "", tail: str = "") -> list[bytes]:
    """``encode`` of many, each between ``head`` and ``tail``; flat ones are written together, which is faster."""
    found = []
    for at in range(0, len(records), _TOGETHER):
        part = records[at : at + _TOGETHER]
        found += _encode_flat(part, head, tail) or [
            f"{head}{encode(each).decode()}{tail}".encode() for each in part
        ]
    return found


def _encode_flat(records: Sequence[object], head: str, tail: str) -> list[bytes]:
    """``encode_all`` of objects of ASCII texts and small numbers without levels below them; none if there are others."""
    kinds: set[type] = set()
    shapes: set[tuple[object, ...]] = set()
    for record in records:
        if type(record) is not dict:
            return []
        kinds.update(map(type, record.values()))
        shapes.add(tuple(record))
    if not kinds <= _FLAT or not all(type(key) is str for shape in shapes for key in shape):
        return []
    text = "".join(_WRITE(records, 0))[1:-1]
    if not text.isascii() or text.count("},{") != len(records) - 1:
        return []  # in a list of flat objects "},{" stands between each two, and else only within texts
    if _LONG in text.encode().translate(_ZEROS):
        return []
    between = f"}}{tail}\n{head}{{"  # no text has a line break within: JSON writes it as two signs
    return f"{head}{text.replace('},{', between)}{tail}".encode().split(b"\n")


def decode(content: bytes) -> Any:
    """The value whose canonical bytes ``content`` is.

    Raises
    ------
    ValueError
        If ``content`` is not JSON, or not the canonical bytes of what it says.
    """
    try:
        value = _READER.decode(content.decode("utf-8"))
    except RecursionError as error:
        raise ValueError(f"more than {MAX_DEPTH} levels") from error
    if encode(value) != content:
        raise ValueError("not in its canonical form: blanks, order of keys, escapes or numbers differ")
    return value


def decode_all(contents: Sequence[bytes]) -> list[Any]:
    """``decode`` of many; ValueError if any is none.

    They are read as one list. What is written again as the same bytes, one by one, was each read rightly.
    """
    if all(content.count(b"{") + content.count(b"[") <= MAX_DEPTH for content in contents):
        try:
            values = _QUICK_READER.decode(f"[{b','.join(contents).decode('ascii')}]")
            written = "\n".join(["".join(_WRITE(value, 0)) for value in values])
            if len(values) == len(contents) and written.encode("ascii") == b"\n".join(contents):
                return list(values)
        except ValueError:
            pass  # each by itself tells which, and what is wrong
    return [decode(content) for content in contents]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object without repeated keys."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(text: str) -> NoReturn:
    """No number but a whole one."""
    raise ValueError(f"{text} is not a whole number")


def _whole(text: str) -> int:
    """A whole number, read only where it is short enough to be one of ours."""
    number = int(text) if len(text) <= len(str(-MAX_NUMBER)) else MAX_NUMBER + 1
    if not -MAX_NUMBER <= number <= MAX_NUMBER:
        raise ValueError("a whole number beyond 2**53 - 1")
    return number


_QUICK_READER = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse, parse_int=_whole)
_READER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_refuse, parse_constant=_refuse, parse_int=_whole
)


def _check(value: object, path: str, depth: int) -> None:
    """Raise if something within ``value`` has no canonical form."""
    if value is None or value is True or value is False:
        return
    if isinstance(value, str):
        if not value.isascii():
            _check_text(value, path)
    elif isinstance(value, int):
        if not -MAX_NUMBER <= value <= MAX_NUMBER:
            raise ValueError(f"{path}: a whole number beyond 2**53 - 1; write it as text")
    elif depth == 0:
        raise ValueError(f"{path}: more than {MAX_DEPTH} levels")
    elif isinstance(value, dict):
        for key, held in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"{path}: the key {key!r} is not ASCII text")
            _check(held, f"{path}.{key}", depth - 1)
    elif isinstance(value, list | tuple):
        for number, held in enumerate(value):
            _check(held, f"{path}[{number}]", depth - 1)
    else:
        raise ValueError(f"{path}: {type(value).__name__} has no canonical form; write it as text")


def _check_text(text: str, path: str) -> None:
    """Raise if ``text`` cannot be written as UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"{path}: half of a surrogate pair has no bytes in UTF-8") from error
