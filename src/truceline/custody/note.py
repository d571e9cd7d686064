"""Signed notes (C2SP signed-note): text, and under it who signed it.

Reading is strict: one text has one spelling, so that a note with any bit turned is another note or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from truceline.custody.encoding import from_base64, to_base64
from truceline.custody.sign import PublicKey, SecretKey, check_name

MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 64
_DASH: Final = "— "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note: ``content`` is the key's id (4 bytes) and what the key made."""

    name: str
    content: bytes

    def line(self) -> str:
        """As it stands under the note, with its newline."""
        return f"{_DASH}{self.name} {to_base64(self.content)}\n"

    def is_by(self, key: PublicKey) -> bool:
        """Whether it names ``key`` by name and id; not yet whether the key made it."""
        return self.name == key.name and self.content[:4] == key.key_id

    @classmethod
    def read(cls, line: str) -> Signature:
        """The signature of a line without its newline.

        Raises
        ------
        ValueError
            If the line is no signature.
        """
        name, _, text = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH):
            raise ValueError("a signature line begins with an em dash and a blank")
        check_name(name)
        content = from_base64(text)
        if len(content) < 5:
            raise ValueError(f"the signature of {name} is too short")
        return cls(name, content)


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a newline, and its signatures."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def encode(self) -> str:
        """The whole note."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)

    def signed_by(self, key: PublicKey) -> bool:
        """Whether a signature names ``key`` (of kind ``NOTE``) and is its signature over the text.

        Every line that names the key must hold: a note with a wrong line of a known key is malformed.
        """
        lines = [signature for signature in self.signatures if signature.is_by(key)]
        return bool(lines) and all(key.verify(self.text.encode(), line.content[4:]) for line in lines)

    def with_signatures(self, more: Iterable[Signature]) -> Note:
        """The note with further lines; one that it has already is not repeated."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *more))))


def sign_note(text: str, key: SecretKey) -> Note:
    """``text`` signed by ``key``."""
    return Note(text, (Signature(key.name, key.public.key_id + key.sign(text.encode())),))


def read_signatures(block: str) -> tuple[Signature, ...]:
    """Signatures of whole lines.

    Raises
    ------
    ValueError
        If a line is no signature, a line stands twice, or there are too many.
    """
    if not block.endswith("\n"):
        raise ValueError("the last line of a note ends with a newline")
    found = tuple(Signature.read(line) for line in block[:-1].split("\n"))
    if len(found) > MAX_SIGNATURES or len(set(found)) != len(found):
        raise ValueError(f"a signature stands twice, or there are more than {MAX_SIGNATURES}")
    return found


def read_note(content: bytes) -> Note:
    """The note that ``content`` is; nothing is verified yet.

    Raises
    ------
    ValueError
        If it is none.
    """
    if len(content) > MAX_NOTE_BYTES:
        raise ValueError(f"a note of more than {MAX_NOTE_BYTES} bytes")
    text = content.decode("utf-8")
    if _CONTROL.search(text):
        raise ValueError("a note holds a control character")
    body, blank, block = text.rpartition("\n\n")
    if not blank:
        raise ValueError("a note has a blank line between its text and its signatures")
    return Note(body + "\n", read_signatures(block))
