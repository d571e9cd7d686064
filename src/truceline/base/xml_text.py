"""Text that XML can hold."""

from __future__ import annotations

import re

#: characters that XML 1.0 cannot hold, not even escaped
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Text with U+FFFD for every character that XML cannot hold."""
    return _FORBIDDEN.sub("\ufffd", text)
