"""Proofs that a log broke its word: files that anybody can check who knows its key.

A *fork*: two heads that the log signed and that no one history has both. A *withholding*: a receipt that
the log signed for an entry, and a head, also signed, under which that entry does not stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from truceline.custody.canonical import decode, encode
from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.encoding import from_base64, from_decimal, to_base64
from truceline.custody.entry import check_time
from truceline.custody.merkle import (
    HASH_BYTES,
    Node,
    hash_leaf,
    prove_consistency,
    root_of,
    verify_consistency,
)
from truceline.custody.note import Note, read_note, sign_note
from truceline.custody.proof import Proof
from truceline.custody.sign import PublicKey, SecretKey

_FORK: Final = "truceline fork v1"
_WITHHELD: Final = "truceline withheld v1"
_RECEIPT: Final = "truceline receipt v1"


@dataclass(frozen=True, slots=True)
class Fork:
    """Two heads of one log, ``first`` not the larger, and what shows that they contradict each other.

    ``root`` is the root that the tree of ``second`` had at the size of ``first``; ``proof`` (RFC 9162,
    section 2.1.4) leads from it to the root of ``second``. A tree has one past: since that root is not the
    one signed in ``first``, no log has both.
    """

    first: SignedCheckpoint
    second: SignedCheckpoint
    root: bytes
    proof: tuple[bytes, ...]

    def encode(self) -> bytes:
        """As a file."""
        return encode(
            {
                "first": self.first.encode().decode(),
                "format": _FORK,
                "proof": [to_base64(step) for step in self.proof],
                "root": to_base64(self.root),
                "second": self.second.encode().decode(),
            }
        )

    @classmethod
    def read(cls, content: bytes) -> Fork:
        """What a file says; nothing is verified yet. ValueError if it is no such file."""
        record = _record(content, _FORK, ("first", "second", "root"), ("proof",))
        return cls(
            SignedCheckpoint.read(record["first"].encode()),
            SignedCheckpoint.read(record["second"].encode()),
            from_base64(record["root"], size=HASH_BYTES),
            tuple(from_base64(step, size=HASH_BYTES) for step in record["proof"]),
        )

    def check(self, keys: Sequence[PublicKey]) -> None:
        """Raise ValueError unless it proves that the holder of a key of ``keys`` signed both."""
        first, second = self.first.head, self.second.head
        if first.origin != second.origin:
            raise ValueError("two logs, not one")
        for signed in (self.first, self.second):
            if not any(key.name == first.origin and signed.signed_by(key) for key in keys):
                raise ValueError(f"the head of {signed.head.size} is not signed by the log")
        if self.root == first.root or not verify_consistency(
            old_size=first.size, size=second.size, old_root=self.root, root=second.root, proof=self.proof
        ):
            raise ValueError("the two heads were not shown to contradict each other")


def find_fork(one: SignedCheckpoint, other: SignedCheckpoint, *, node: Node) -> Fork | None:
    """The contradiction between two heads; ``node`` reads the tree of the larger one. None if there is none."""
    first, second = sorted((one, other), key=lambda signed: signed.head.size)
    if first.head.size == second.head.size:
        same = first.head.root == second.head.root
        return None if same else Fork(first, second, second.head.root, ())
    root = root_of(node, 0, first.head.size)
    if root == first.head.root:
        return None
    return Fork(first, second, root, tuple(prove_consistency(node, first.head.size, second.head.size)))


@dataclass(frozen=True, slots=True)
class Receipt:
    """The log's word that an entry stands at a place, and is under a checkpoint at the latest by ``due``."""

    origin: str
    index: int
    leaf: bytes
    due: str

    def text(self) -> str:
        """The text that is signed."""
        return f"{_RECEIPT}\n{self.origin}\n{self.index}\n{to_base64(self.leaf)}\n{self.due}\n"

    @classmethod
    def read(cls, text: str) -> Receipt:
        """What a note's text says. ValueError if it is no receipt."""
        lines = text.split("\n")
        if len(lines) != 6 or lines[0] != _RECEIPT or lines[5]:
            raise ValueError("a receipt has five lines")
        leaf = from_base64(lines[3], size=HASH_BYTES)
        return cls(lines[1], from_decimal(lines[2]), leaf, check_time(lines[4]))


def sign_receipt(receipt: Receipt, key: SecretKey) -> Note:
    """A receipt signed by the log's ``key``."""
    return sign_note(receipt.text(), key)


@dataclass(frozen=True, slots=True)
class Withholding:
    """A receipt, and the proof that another entry stands where it says."""

    receipt: Note
    proof: Proof

    def encode(self) -> bytes:
        """As a file."""
        return encode(
            {"format": _WITHHELD, "proof": self.proof.encode().decode(), "receipt": self.receipt.encode()}
        )

    @classmethod
    def read(cls, content: bytes) -> Withholding:
        """What a file says; nothing is verified yet. ValueError if it is no such file."""
        record = _record(content, _WITHHELD, ("proof", "receipt"), ())
        return cls(read_note(record["receipt"].encode()), Proof.read(record["proof"].encode()))

    def check(self, keys: Sequence[PublicKey]) -> None:
        """Raise ValueError unless it proves that the holder of a key of ``keys`` broke the receipt."""
        receipt, head = Receipt.read(self.receipt.text), self.proof.checkpoint.head
        own = [key for key in keys if key.name == receipt.origin]
        if not any(self.receipt.signed_by(key) for key in own):
            raise ValueError("the receipt is not signed by the log")
        if head.origin != receipt.origin or not any(self.proof.checkpoint.signed_by(key) for key in own):
            raise ValueError("the head is not signed by the log")
        if not self.proof.holds or self.proof.index != receipt.index:
            raise ValueError("the proof does not show what stands at the place of the receipt")
        if hash_leaf(self.proof.entry) == receipt.leaf:
            raise ValueError("the entry of the receipt stands where it says")


def _record(content: bytes, form: str, texts: Sequence[str], lists: Sequence[str]) -> Mapping[str, Any]:
    """A file's record with exactly these texts and lists of texts. ValueError if it is another."""
    record = decode(content)
    if (
        not isinstance(record, dict)
        or record.keys() != {"format", *texts, *lists}
        or record["format"] != form
    ):
        raise ValueError(f"not a file in the format {form!r}")
    if not all(isinstance(record[name], list) for name in lists):
        raise ValueError(f"a list is missing in {form!r}")
    if not all(
        isinstance(text, str)
        for text in [*(record[name] for name in texts), *(each for name in lists for each in record[name])]
    ):
        raise ValueError(f"something in {form!r} is not text")
    return record
