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
#: how files begin that hold no text that could be read here
_SIGNATURES = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "an archive or an office document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"{\\rtf", "RTF"),
    (b"\x1f\x8b", "a packed file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
#: control characters that no text has; more than one in so many bytes is no text
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
MOST_CONTROL = 0.03
#: words of letters outside ASCII; more than three of them look Cyrillic
_HIGH_WORDS = re.compile(rb"[\x80-\xff]{3,}")
#: encodings of Cyrillic with one byte a letter, the likeliest first, and its ten commonest letters
_CYRILLIC = ("cp1251", "koi8-u", "cp866")
_COMMON_LETTERS = frozenset("оеаинтсрвл")
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


def decode(content: bytes) -> tuple[str, str]:
    """The text, and the name of the encoding it was read in.

    A byte-order mark, then UTF-8, then what the first kilobytes declare unless
    another fits far better, then the Cyrillic encoding that makes most common letters where words look Cyrillic, else cp1252: every byte
    is read as something, and the encoding is told.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return _cleaned(content.decode(name, errors="replace")), name
    wide = _wide(content)
    if wide is not None:
        return _cleaned(content.decode(wide, errors="replace")), wide
    try:
        return _cleaned(content.decode("utf-8")), "utf-8"
    except UnicodeDecodeError as error:
        broken = error
    declared = _DECLARED.search(content[:4096])
    if declared is not None:
        name = declared.group(1).decode("ascii").lower()
        if name not in ("utf-8", "utf8"):
            try:
                text = content.decode(name)
            except (LookupError, UnicodeDecodeError):
                pass
            else:
                fitting = _cyrillic(content)
                if fitting is None or 2 * _commonness(text) > _commonness(content.decode(fitting, errors="replace")):  # fmt: skip
                    return _cleaned(text), name
    if _mostly_utf8(content, broken):
        return _cleaned(content.decode("utf-8", errors="replace")), "utf-8, damaged"
    name = _cyrillic(content) or "cp1252"
    return _cleaned(content.decode(name, errors="replace")), name


def not_text(content: bytes) -> str | None:
    """What a file is that holds no text; None where it may hold one."""
    for sign, name in _SIGNATURES:
        if content.startswith(sign):
            return name
    if any(content.startswith(mark) for mark, _ in _BOMS) or _wide(content) is not None:
        return None
    head = content[:20_000]
    return "binary" if len(_NO_TEXT.findall(head)) > MOST_CONTROL * len(head) else None


def _wide(content: bytes) -> str | None:
    """UTF-16 without its mark: every other byte is the page of Latin or of Cyrillic letters."""
    head = content[:400]
    if len(head) < 8:
        return None
    for first, name in ((0, "utf-16-be"), (1, "utf-16-le")):
        pages = head[first::2]
        if sum(byte in (0, 4) for byte in pages) > 0.7 * len(pages):
            return name
    return None


def _cyrillic(content: bytes) -> str | None:
    """The Cyrillic encoding that a text fits best; None where its words do not look Cyrillic."""
    head = content[:200_000]
    if len(_HIGH_WORDS.findall(head)) <= 3:
        return None
    return max(_CYRILLIC, key=lambda name: _commonness(head.decode(name, errors="replace")))


def _commonness(text: str) -> float:
    """Share of Cyrillic's commonest small letters among what is not ASCII."""
    high = [sign for sign in text[:200_000] if sign > "\x7f"]
    return sum(sign in _COMMON_LETTERS for sign in high) / len(high) if high else 0.0


def _mostly_utf8(content: bytes, error: UnicodeDecodeError) -> bool:
    """Whether a text is UTF-8 but for a few bytes: cut in a sign, or pasted together."""
    text = content.decode("utf-8", errors="replace")
    high = sum(byte > 127 for byte in content[:200_000])
    return error.end >= len(content) or text[:200_000].count("\ufffd") * 10 < high


def _cleaned(text: str) -> str:
    """Without control characters, which no page can show; lines end in one way."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)
