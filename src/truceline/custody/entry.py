"""Entries of the log: canonical records, plain or with held fields.

Every entry is an object with ``kind`` and ``logged``, and where they apply ``received``, ``by`` (who) and
``rests_on`` (codes of earlier entries). A plain one has its content in ``body``; one with held fields has
``fields`` (their names, sorted) and ``root`` (see ``commitment``) in its place. A ``sealed`` entry holds a
whole record in one field, so that not even its kind shows; padding is a sealed entry that holds nothing.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from truceline.custody.canonical import decode, decode_all, encode, encode_all
from truceline.custody.commitment import hold
from truceline.custody.encoding import from_base64, from_decimal
from truceline.custody.merkle import hash_leaf
from truceline.custody.tile import MAX_ENTRY_BYTES

#: What an entry may be; other kinds are taken too, since the record outlives its software.
KINDS: Final[dict[str, str]] = {
    "log": "the log itself: origin, key, witnesses, schedule; always the first entry",
    "key": "another key takes the place of the log's",
    "witnessing": "who cosigned the checkpoint before, and who did not",
    "timestamp": "an authority's word that a checkpoint was there at a time",
    "sealed": "a record of which nothing shows, or padding",
    "redaction": "held fields of an earlier entry were forgotten, and why",
    "run": "a run of the software: version, case, seed",
    "source": "a file that was read",
    "observations": "a batch of observations",
    "statement": "what somebody said",
    "order": "an order down a chain of command",
    "acknowledgement": "an order was received or carried out",
    "complaint": "a party complains",
    "answer": "a complaint is answered",
    "declaration": "a party declares what it holds, or gives notice",
    "inspection": "what the mission saw of a party's holdings",
    "restriction": "freedom of movement was denied, delayed or made conditional",
    "finding": "an obligation judged over a period and an area",
    "correction": "an earlier entry is corrected by this one",
    "release": "what was published",
}
#: what the log writes of itself; of no other entry do audits take these kinds
OWN_KINDS: Final = frozenset({"log", "key", "witnessing", "timestamp", "sealed", "redaction"})
PADDING_FIELDS: Final = ("record",)
_KIND = re.compile(r"[a-z][a-z_]{0,31}", re.ASCII)
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_CODE = re.compile(r"([0-9]+)-([0-9a-f]{12})", re.ASCII)
_KEYS = frozenset({"kind", "logged", "received", "by", "rests_on", "body", "fields", "root"})


class Entry(NamedTuple):
    """An entry: the bytes that the tree is built of, and what its holder keeps apart."""

    content: bytes
    held: bytes = b""


@lru_cache(maxsize=1024)
def check_time(text: str) -> str:
    """``text`` if it is a time such as ``2025-04-20T10:00:00Z``; ValueError otherwise."""
    if _TIME.fullmatch(text) is None:
        raise ValueError(f"got {text!r}, expected a time in UTC such as 2025-04-20T10:00:00Z")
    datetime.fromisoformat(text)
    return text


def code_of(index: int, content: bytes) -> str:
    """The code that leads to an entry's proof: its place and the first digits of its hash."""
    return code_of_leaf(index, hash_leaf(content))


def code_of_leaf(index: int, leaf: bytes) -> str:
    """``code_of`` where the entry's hash is known."""
    return f"{index}-{leaf[:6].hex()}"


def read_code(code: str) -> tuple[int, str]:
    """Place and first digits of the hash of a code. ValueError if it is none."""
    found = _CODE.fullmatch(code)
    if found is None:
        raise ValueError(f"got {code!r}, expected the code of an entry, such as 17-0123456789ab")
    return from_decimal(found[1]), found[2]


def _envelope(
    kind: str, *, logged: str, received: str, by: str, rests_on: Sequence[str], content: Mapping[str, Any]
) -> dict[str, Any]:
    """The record of an entry; ValueError if a part is not of its form."""
    record: dict[str, Any] = {"kind": kind, "logged": check_time(logged), **content}
    if _KIND.fullmatch(kind) is None:
        raise ValueError(f"got {kind!r}, expected a kind in lower-case letters")
    if received:
        record["received"] = check_time(received)
    if by:
        record["by"] = by
    if rests_on:
        for code in rests_on:
            read_code(code)
        record["rests_on"] = list(rests_on)
    return record


def plain_entries(
    kind: str,
    bodies: Iterable[Mapping[str, Any]],
    *,
    logged: str,
    received: str = "",
    by: str = "",
    rests_on: Sequence[str] = (),
) -> list[Entry]:
    """Entries whose content everybody sees who has the log: one for each body, alike in all else.

    Raises
    ------
    ValueError
        If a part is not of its form, has no canonical bytes, or an entry is over 65,535 bytes.
    """
    empty: dict[str, Any] = {"body": {}}
    shell = encode(_envelope(kind, logged=logged, received=received, by=by, rests_on=rests_on, content=empty))
    # "body" sorts before every other key, so an entry is this, the body, and the rest of the shell
    head, _, tail = shell.decode().partition("{}")
    contents = encode_all(list(bodies), head=head, tail=tail)
    _bounded(max(contents, key=len, default=b""))
    return list(map(Entry, contents))


def plain_entry(
    kind: str,
    body: Mapping[str, Any],
    *,
    logged: str,
    received: str = "",
    by: str = "",
    rests_on: Sequence[str] = (),
) -> Entry:
    """``plain_entries`` of one body."""
    return plain_entries(kind, [body], logged=logged, received=received, by=by, rests_on=rests_on)[0]


def held_entries(
    kind: str,
    rows: Iterable[tuple[Sequence[Any], bytes]],
    *,
    names: Sequence[str],
    logged: str,
    received: str = "",
    by: str = "",
    rests_on: Sequence[str] = (),
) -> list[Entry]:
    """Entries of whose fields the log shows the names alone; a row is the values and 32 secret bytes of salt.

    Raises
    ------
    ValueError
        As of ``plain_entries``; or if ``names`` are none, not sorted, or not of lower-case letters.
    """
    _check_names(names)
    empty = {"fields": list(names), "root": ""}
    shell = encode(_envelope(kind, logged=logged, received=received, by=by, rests_on=rests_on, content=empty))
    head, tail = shell[:-2], b'"}'  # "root" sorts after every other key
    entries = []
    for values, salt in rows:
        root, held = hold(names, values, salt)
        entries.append(Entry(_bounded(head + b64encode(root) + tail), held))
    return entries


def held_entry(
    kind: str,
    fields: Mapping[str, Any],
    *,
    salt: bytes,
    logged: str,
    received: str = "",
    by: str = "",
    rests_on: Sequence[str] = (),
) -> Entry:
    """``held_entries`` of one record, its fields by name."""
    names = sorted(fields)
    row = ([fields[name] for name in names], salt)
    return held_entries(kind, [row], names=names, logged=logged, received=received, by=by, rests_on=rests_on)[
        0
    ]


def sealed_entry(record: Mapping[str, Any] | None, *, salt: bytes, logged: str) -> Entry:
    """A record of which nothing shows; of None, padding. Without the salt they look alike."""
    return held_entry("sealed", {PADDING_FIELDS[0]: record}, salt=salt, logged=logged)


def _bounded(content: bytes) -> bytes:
    if len(content) > MAX_ENTRY_BYTES:
        raise ValueError(
            f"an entry of {len(content)} bytes; at most {MAX_ENTRY_BYTES}: log a digest, or hold it"
        )
    return content


@lru_cache(maxsize=256)
def _good_names(names: tuple[str, ...]) -> bool:
    return bool(names) and all(_FIELD.fullmatch(name) for name in names) and list(names) == sorted({*names})


def _check_names(names: Sequence[str]) -> None:
    """Raise unless there are names, each of its form, sorted, once."""
    if not _good_names(tuple(names)):
        raise ValueError(f"got the fields {names!r}, expected names in lower-case letters, sorted, each once")


def read_entry(content: bytes) -> dict[str, Any]:
    """The record of an entry's bytes.

    Raises
    ------
    ValueError
        If they are not the canonical bytes of a record of the form above.
    """
    return _check_record(decode(content))


def read_entries(contents: Sequence[bytes]) -> list[dict[str, Any]]:
    """``read_entry`` of many; ValueError if one is none."""
    records = decode_all(contents)
    for record in records:
        if type(record) is dict and type(record.get("body")) is dict:
            shell = tuple([pair for pair in record.items() if pair[0] != "body"])
            try:
                _check_shell(shell)  # the same of thousands
                continue
            except TypeError:
                pass  # a list is in it: what the entry rests on
        _check_record(record)
    return records


@lru_cache(maxsize=1024)
def _check_shell(shell: tuple[tuple[str, Any], ...]) -> None:
    """Raise unless an entry with a body and these pairs beside it is of its form."""
    _check_record({"body": {}, **dict(shell)})


def _check_record(record: object) -> dict[str, Any]:
    """The record; raises unless it is that of an entry."""
    if not isinstance(record, dict) or not _KEYS.issuperset(record):
        raise ValueError("an entry is an object with the keys of an entry")
    missing = {"kind", "logged"} - record.keys()
    if missing:
        raise ValueError(f"an entry without {', '.join(sorted(missing))}")
    texts = [record[key] for key in ("kind", "logged", "received", "by") if key in record]
    rests_on = record.get("rests_on", ["0-000000000000"])
    if (
        not all(isinstance(text, str) and text for text in texts)
        or not isinstance(rests_on, list)
        or not rests_on
    ):
        raise ValueError("kind, times and who are texts, what an entry rests on is a list; none is empty")
    if not all(isinstance(code, str) for code in rests_on):
        raise ValueError("what an entry rests on are codes")
    _envelope(
        record["kind"],
        logged=record["logged"],
        received=record.get("received", ""),
        by=record.get("by", ""),
        rests_on=rests_on,
        content={},
    )
    _check_content(record)
    return record


def _check_content(record: Mapping[str, Any]) -> None:
    """Raise unless a record has either a body or held fields, of their form."""
    if "body" in record:
        if "fields" in record or "root" in record or not isinstance(record["body"], dict):
            raise ValueError("an entry has a body or held fields, and a body is an object")
        return
    names, root = record.get("fields"), record.get("root")
    if (
        not isinstance(names, list)
        or not all(isinstance(name, str) for name in names)
        or not isinstance(root, str)
    ):
        raise ValueError("held fields have a list of names and a root")
    _check_names(names)
    from_base64(root, size=32)
