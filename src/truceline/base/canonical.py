"""One way to write a value as bytes, and to name things by those bytes.

Canonical JSON here: keys sorted, no blanks, ASCII only, no NaN or infinity. Identifiers are the
first characters of a SHA-256 over it, so that the same content has the same name everywhere.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any, NewType

Digest = NewType("Digest", str)


def canonical_json(value: object) -> str:
    """Write ``value`` as canonical JSON.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def as_plain(value: object) -> Any:
    """Records, times and paths as what JSON knows; infinities as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, str | int | bool) or value is None:
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Iterable):
        return [as_plain(item) for item in value]
    return str(value)


def digest_bytes(content: bytes) -> Digest:
    """SHA-256 of ``content``, in hexadecimal."""
    return Digest(hashlib.sha256(content).hexdigest())


def digest_file(path: Path) -> Digest:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as handle:
        return Digest(hashlib.file_digest(handle, "sha256").hexdigest())


def short_id(kind: str, *parts: object) -> str:
    """A name such as ``inc-3f9a0c12ab`` that depends on ``parts`` alone."""
    text = canonical_json([str(part) for part in parts])
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def short_ids(kind: str, each: Iterable[Sequence[str]]) -> list[str]:
    """``short_id(kind, *parts)`` of many lists of texts."""
    return digest_ids(kind, ("[" + ",".join(map(encode_basestring_ascii, parts)) + "]" for parts in each))


def digest_ids(kind: str, texts: Iterable[str]) -> list[str]:
    """Names by texts that are canonical JSON already."""
    sha256 = hashlib.sha256
    return [f"{kind}-{sha256(text.encode()).hexdigest()[:10]}" for text in texts]
