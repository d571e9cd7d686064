"""Checkpoints (C2SP tlog-checkpoint) and cosignatures with a time (C2SP tlog-cosignature).

A checkpoint says how many entries a log has and what root its tree then has; whoever signs it can be held
to it. A cosignature says that a witness saw no other history of this log until that time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from truceline.custody.encoding import MAX_COUNT, from_base64, from_decimal, to_base64
from truceline.custody.merkle import EMPTY_ROOT, HASH_BYTES
from truceline.custody.note import Note, Signature, read_note, sign_note
from truceline.custody.sign import COSIGNATURE, PublicKey, SecretKey


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Head of a tree: whose, how large, which root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """The checkpoint of a note's text; our logs write no extension lines, so none are taken.

        Raises
        ------
        ValueError
            If it is none.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0]:
            raise ValueError("a checkpoint has three lines: origin, size, root")
        head = cls(lines[0], from_decimal(lines[1]), from_base64(lines[2], size=HASH_BYTES))
        if head.size == 0 and head.root != EMPTY_ROOT:
            raise ValueError("an empty tree with a root that is not that of the empty tree")
        return head


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as a note: the head, and who signed and cosigned it."""

    head: Checkpoint
    note: Note

    def encode(self) -> bytes:
        """Its bytes."""
        return self.note.encode().encode()

    @classmethod
    def read(cls, content: bytes) -> SignedCheckpoint:
        """The checkpoint that ``content`` is; nothing is verified yet. ValueError if it is none."""
        note = read_note(content)
        return cls(Checkpoint.read(note.text), note)

    def signed_by(self, key: PublicKey) -> bool:
        """Whether the log's ``key`` signed it."""
        return self.note.signed_by(key)

    def cosigned_at_s(self, witness: PublicKey) -> int | None:
        """Since when (POSIX seconds) ``witness`` vouches for it; None where it does not.

        As with the log's own key, every line that names the witness must hold.
        """
        lines = [line.content[4:] for line in self.note.signatures if line.is_by(witness)]
        times = [verify_cosignature(self.note.text, content=content, witness=witness) for content in lines]
        held = [time_s for time_s in times if time_s is not None]
        return min(held) if held and len(held) == len(times) else None

    def with_signatures(self, more: Iterable[Signature]) -> SignedCheckpoint:
        """The same with further signature lines."""
        return SignedCheckpoint(self.head, self.note.with_signatures(more))


def sign_checkpoint(head: Checkpoint, key: SecretKey) -> SignedCheckpoint:
    """``head`` signed by the log's ``key``."""
    return SignedCheckpoint(head, sign_note(head.text(), key))


def _cosigned(text: str, time_s: int) -> bytes:
    """What a witness signs (tlog-cosignature, "Ed25519 signed message")."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def cosign(text: str, *, witness: SecretKey, time_s: int) -> Signature:
    """The cosignature of ``witness`` (a key of kind ``COSIGNATURE``) under a checkpoint's text.

    Raises
    ------
    ValueError
        If the key is of another kind, or the time is before 1970 or beyond 2**63 - 1.
    """
    if witness.public.kind != COSIGNATURE or not 0 <= time_s <= MAX_COUNT:
        raise ValueError("a cosignature takes a witness's key and a time in seconds since 1970")
    signature = witness.sign(_cosigned(text, time_s))
    return Signature(witness.name, witness.public.key_id + time_s.to_bytes(8, "big") + signature)


def verify_cosignature(text: str, *, content: bytes, witness: PublicKey) -> int | None:
    """Time (POSIX seconds) of a cosignature, ``content`` being time and signature; None if it does not hold."""
    time_s = int.from_bytes(content[:8], "big")
    if witness.kind != COSIGNATURE or time_s > MAX_COUNT:
        return None
    return time_s if witness.verify(_cosigned(text, time_s), content[8:]) else None
