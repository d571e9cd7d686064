"""Numbers and bytes as text, one spelling each: whatever could be spelt otherwise is refused.

A reader that accepts two spellings of one value lets bytes be altered unseen: base64 leaves spare bits in
its last character, and ``007`` is ``7``.
"""

from __future__ import annotations

import base64
import binascii
import re

MAX_COUNT = 2**63 - 1  #: largest number that the specifications allow
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def to_base64(content: bytes) -> str:
    """Standard base64 (RFC 4648, section 4), padded."""
    return base64.b64encode(content).decode("ascii")


def from_base64(text: str, *, size: int | None = None) -> bytes:
    """The bytes that ``text`` spells; ``size`` is how many they must be.

    Raises
    ------
    ValueError
        If it is not base64, not the one spelling of its bytes, or of another length.
    """
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64") from error
    if to_base64(content) != text:
        raise ValueError("base64 with stray bits or padding")
    if size is not None and len(content) != size:
        raise ValueError(f"{len(content)} bytes instead of {size}")
    return content


def from_hex(text: str, *, size: int) -> bytes:
    """The ``size`` bytes that lower-case hexadecimal ``text`` spells.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if len(text) != 2 * size or re.fullmatch("[0-9a-f]*", text, re.ASCII) is None:
        raise ValueError(f"not {2 * size} lower-case hexadecimal digits")
    return bytes.fromhex(text)


def from_decimal(text: str) -> int:
    """The number that ``text`` spells, from 0 to 2**63 - 1, without leading zeros.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if _DECIMAL.fullmatch(text) is None or int(text) > MAX_COUNT:
        raise ValueError("not a decimal number from 0 to 2**63 - 1 without leading zeros")
    return int(text)
