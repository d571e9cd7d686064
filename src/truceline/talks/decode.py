"""Bytes of a page or a file → text: the encoding that it declares, else the one that fits."""

from __future__ import annotations

import codecs
import re

_DECLARED = re.compile(
    rb"""(?:charset\s*=\s*["']?|encoding\s*=\s*["'])([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: signs that cp1252 makes of Cyrillic letters in cp1251
_CYRILLIC_1251 = re.compile(rb"[\xc0-\xff]{3,}")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff]")


def decode(content: bytes) -> tuple[str, str]:
    """The text, and the name of the encoding it was read in.

    A byte-order mark, then UTF-8, then what the first kilobytes declare, then cp1251 where runs of
    letters look Cyrillic, else cp1252: every byte is read as something, and the encoding is told.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return _cleaned(content.decode(name, errors="replace")), name
    if content[:400].count(b"\0") > 40:
        name = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
        return _cleaned(content.decode(name, errors="replace")), name
    try:
        return _cleaned(content.decode("utf-8")), "utf-8"
    except UnicodeDecodeError as error:
        broken = error
    declared = _DECLARED.search(content[:4096])
    if declared is not None:
        name = declared.group(1).decode("ascii").lower()
        if name not in ("utf-8", "utf8"):
            try:
                return _cleaned(content.decode(name)), name
            except (LookupError, UnicodeDecodeError):
                pass
    if _mostly_utf8(content, broken):
        return _cleaned(content.decode("utf-8", errors="replace")), "utf-8, damaged"
    name = "cp1251" if len(_CYRILLIC_1251.findall(content)) > 3 else "cp1252"
    return _cleaned(content.decode(name, errors="replace")), name


def _mostly_utf8(content: bytes, error: UnicodeDecodeError) -> bool:
    """Whether a text is UTF-8 but for a few bytes: cut in a sign, or pasted together."""
    text = content.decode("utf-8", errors="replace")
    high = sum(byte > 127 for byte in content[:200_000])
    return error.end >= len(content) or text[:200_000].count("\ufffd") * 10 < high


def _cleaned(text: str) -> str:
    """Without control characters, which no page can show; lines end in one way."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)
