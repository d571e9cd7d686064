"""Salted commitments: a record's fields can be withheld, disclosed one by one, or forgotten.

Of a record with held fields the log has the fields' names, in order, and one root::

    salts       = SHAKE-256(salt of the record), 16 bytes for each field
    commitment  = SHA-256(0x02 || salt of the field || canonical JSON of [name, value])
    root        = SHA-256(0x03 || commitments in the order of the names)

Whoever is given a field's salt and value, and the other commitments, checks it against the root. Names are
public and each stands once, so that no second value of a field can lie hidden beside the one disclosed. A
commitment without its salt tells nothing of its value, however few values it could have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256, shake_256
from json.encoder import encode_basestring
from typing import Any, Final

from truceline.custody.canonical import decode, encode
from truceline.custody.encoding import from_base64, to_base64

SALT_BYTES: Final = 32  #: salt of a record
FIELD_SALT_BYTES: Final = 16
_WHOLE, _PARTED = b"\x01", b"\x02"  #: first byte of what is held: salt and values, or field by field


def commit_field(name: str, value: object, salt: bytes) -> bytes:
    """The commitment to one field."""
    return sha256(b"\x02" + salt + encode([name, value])).digest()


def root_of_commitments(commitments: Sequence[bytes]) -> bytes:
    """What the log has of them."""
    return sha256(b"\x03" + b"".join(commitments)).digest()


@dataclass(frozen=True, slots=True)
class HeldField:
    """A field as its holder keeps it: open (salt and value), or a commitment alone."""

    commitment: bytes
    salt: bytes = b""
    value: Any = None

    @property
    def is_open(self) -> bool:
        """Whether its value is still known."""
        return bool(self.salt)


def hold(names: Sequence[str], values: Sequence[object], salt: bytes) -> tuple[bytes, bytes]:
    """Root of the commitments, and what the holder keeps.

    Raises
    ------
    ValueError
        If a value has no canonical form, or the salt is not of 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt of {len(salt)} bytes instead of {SALT_BYTES}")
    salts = shake_256(salt).digest(FIELD_SALT_BYTES * len(names))
    written = [_json(value) for value in values]
    commitments = []
    at = 0
    for head, text in zip(_heads(tuple(names)), written, strict=True):
        commitments.append(sha256(b"\x02" + salts[at : at + FIELD_SALT_BYTES] + head + text + b"]").digest())
        at += FIELD_SALT_BYTES
    return root_of_commitments(commitments), _WHOLE + salt + b"[" + b",".join(written) + b"]"


@lru_cache(maxsize=256)
def _heads(names: tuple[str, ...]) -> list[bytes]:
    """How the canonical JSON of ``[name, value]`` begins."""
    return [encode([name])[:-1] + b"," for name in names]


def _json(value: object) -> bytes:
    """Canonical JSON of one value; the commonest kinds without a detour."""
    if isinstance(value, str):
        if value.isascii():
            return encode_basestring(value).encode()
    elif value is None:
        return b"null"
    return encode(value)


def open_held(held: bytes, names: Sequence[str]) -> list[HeldField]:
    """Fields of what ``hold`` or ``forget`` gave to keep.

    Raises
    ------
    ValueError
        If it is of neither form, or of another number of fields.
    """
    kind, rest = held[:1], held[1:]
    if kind == _WHOLE:
        salt, values = rest[:SALT_BYTES], decode(rest[SALT_BYTES:])
        if not isinstance(values, list) or len(values) != len(names):
            raise ValueError("held values are not as many as the record has fields")
        salts = shake_256(salt).digest(FIELD_SALT_BYTES * len(names))
        each = [salts[at : at + FIELD_SALT_BYTES] for at in range(0, len(salts), FIELD_SALT_BYTES)]
        return [
            HeldField(commit_field(name, value, field_salt), field_salt, value)
            for name, value, field_salt in zip(names, values, each, strict=True)
        ]
    if kind != _PARTED:
        raise ValueError("held content begins with neither of its two marks")
    parts = decode(rest)
    if not isinstance(parts, list) or len(parts) != len(names):
        raise ValueError("held parts are not as many as the record has fields")
    return [_read_part(part, name) for part, name in zip(parts, names, strict=True)]


def _read_part(part: object, name: str) -> HeldField:
    """One field of a record of which something was forgotten."""
    if isinstance(part, str):
        return HeldField(from_base64(part, size=32))
    if not isinstance(part, list) or len(part) != 2 or not isinstance(part[0], str):
        raise ValueError(f"{name} is held neither as a commitment nor as a salt and a value")
    salt = from_base64(part[0], size=FIELD_SALT_BYTES)
    return HeldField(commit_field(name, part[1], salt), salt, part[1])


def forget(held: bytes, names: Sequence[str], gone: Sequence[str]) -> bytes:
    """What is kept once the fields ``gone`` are forgotten: their commitments, and the others' salts.

    The record's own salt goes with them, since every field's salt follows from it.
    """
    parts = [
        to_base64(field.commitment)
        if name in gone or not field.is_open
        else [to_base64(field.salt), field.value]
        for name, field in zip(names, open_held(held, names), strict=True)
    ]
    return _PARTED + encode(parts)
