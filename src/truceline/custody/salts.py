"""Salts of entries with held fields: 32 secret bytes each, by chance or from a secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import TypeAlias

from truceline.custody.chance import secret_bytes
from truceline.custody.commitment import SALT_BYTES

Salts: TypeAlias = Callable[[int, bytes], bytes]  #: place and canonical content of an entry → its salt


def random_salts(_index: int, _content: bytes) -> bytes:
    """A salt of the system's randomness: what is forgotten is forgotten for good."""
    return secret_bytes(SALT_BYTES)


def keyed_salts(secret: bytes) -> Salts:
    """Salts that follow from a secret, the place and the content: the same run gives the same bytes.

    The content is in it, so that no salt that was disclosed in one log fits other content in another.
    Whoever has the secret can test guesses of what was forgotten.
    """
    return lambda index, content: hmac.digest(
        secret, index.to_bytes(8, "big") + hashlib.sha256(content).digest(), "sha256"
    )
