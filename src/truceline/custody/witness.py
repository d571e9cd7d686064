"""A witness: remembers the last head of each log it saw, and cosigns a new one only if it goes on from that.

Requests and answers are those of C2SP tlog-witness (``add-checkpoint``), carried as files.

1. the log must be known, and have signed; 2. the request must start from what the witness cosigned last;
3. the new head must be shown to go on from it; 4. the witness's clock must not have gone back; 5. the new
head is on the witness's disk before its cosignature leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from truceline.custody import disk
from truceline.custody.checkpoint import SignedCheckpoint, cosign
from truceline.custody.encoding import from_base64, from_decimal, to_base64
from truceline.custody.merkle import HASH_BYTES, prove_consistency, verify_consistency
from truceline.custody.misconduct import Fork
from truceline.custody.note import Signature
from truceline.custody.read import LOCK, Store
from truceline.custody.sign import COSIGNATURE, PublicKey, SecretKey
from truceline.custody.tile import Tree

MAX_STEPS: Final = 63


class RefusalError(Exception):
    """The witness does not cosign; ``status`` is that of tlog-witness, ``fork`` what it found, if anything."""

    def __init__(self, status: int, message: str, *, fork: Fork | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.fork = fork


@dataclass(frozen=True, slots=True)
class Request:
    """A new head, and the proof that it goes on from the one of ``old_size``."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: SignedCheckpoint

    def encode(self) -> bytes:
        """As the body of ``add-checkpoint``."""
        lines = [f"old {self.old_size}", *map(to_base64, self.proof)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint.encode()

    @classmethod
    def read(cls, content: bytes) -> Request:
        """The request that ``content`` is. ValueError if it is none."""
        head, blank, rest = content.partition(b"\n\n")
        old, *steps = head.decode("utf-8").split("\n")
        if not blank or not old.startswith("old ") or len(steps) > MAX_STEPS:
            raise ValueError("a request has a line 'old SIZE', at most 63 hashes, a blank line, a checkpoint")
        proof = tuple(from_base64(step, size=HASH_BYTES) for step in steps)
        return cls(from_decimal(old.removeprefix("old ")), proof, SignedCheckpoint.read(rest))


def make_request(store: Store, old_size: int, signed: SignedCheckpoint) -> Request:
    """The request for a log's checkpoint, to a witness that cosigned ``old_size`` last."""
    size = signed.head.size
    proof = prove_consistency(Tree(store.read, size).node, old_size, size)
    return Request(old_size, tuple(proof), signed)


class Witness:
    """A witness's memory, a folder, and its key. ``logs`` are the keys of logs that it knows.

    Raises
    ------
    ValueError
        If the key is not one that cosigns.
    """

    def __init__(
        self, folder: Path, *, key: SecretKey, logs: Sequence[PublicKey], wait_s: float = 60.0
    ) -> None:
        if key.public.kind != COSIGNATURE:
            raise ValueError("a witness's key is one that cosigns")
        self.folder = folder
        self._key = key
        self._logs = logs
        self._wait_s = wait_s

    def last(self, origin: str) -> SignedCheckpoint | None:
        """The last head of a log that was cosigned; None if there was none."""
        path = self.folder / _name(origin)
        return SignedCheckpoint.read(path.read_bytes()) if path.is_file() else None

    def cosign(self, request: Request, *, time_s: int) -> Signature:
        """The cosignature under the request's head.

        Raises
        ------
        RefusalError
            If the head must not be cosigned; the head is then kept in ``refused/``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with disk.Lock(self.folder / LOCK, wait_s=self._wait_s):
            signed = request.checkpoint
            self._check_signature(signed)  # (1)
            last = self.last(signed.head.origin)
            old_size = last.head.size if last else 0
            if request.old_size > signed.head.size:
                raise RefusalError(400, "the request goes backwards")
            if request.old_size != old_size:  # (2)
                raise RefusalError(409, f"{old_size}")
            self._check_consistency(request, last)  # (3)
            before_s = last.cosigned_at_s(self._key.public) if last else None
            if before_s is not None and time_s < before_s:  # (4)
                raise RefusalError(500, f"the clock went back by {before_s - time_s} s")
            signature = cosign(signed.note.text, witness=self._key, time_s=time_s)
            kept = SignedCheckpoint(signed.head, signed.note.with_signatures([signature]))
            disk.replace_file(self.folder, _name(signed.head.origin), kept.encode())  # (5)
            return signature

    def _check_signature(self, signed: SignedCheckpoint) -> None:
        keys = [key for key in self._logs if key.name == signed.head.origin]
        if not keys:
            raise RefusalError(404, f"the log {signed.head.origin} is not known")
        named = [key for key in keys for line in signed.note.signatures if line.is_by(key)]
        if not named or not all(signed.signed_by(key) for key in named):
            raise RefusalError(403, "the head is not signed by the log, as far as its keys are known here")

    def _check_consistency(self, request: Request, last: SignedCheckpoint | None) -> None:
        signed = request.checkpoint
        if last is None:
            if request.proof:
                raise RefusalError(422, "a proof from nothing is empty")
            return
        head = signed.head
        if verify_consistency(
            old_size=last.head.size,
            size=head.size,
            old_root=last.head.root,
            root=head.root,
            proof=request.proof,
        ):
            return
        digest = hashlib.sha256(signed.encode()).hexdigest()[:16]
        disk.replace_file(self.folder, f"refused/{head.size}-{digest}", request.encode())
        same = last.head.size == head.size and last.head.root != head.root
        fork = Fork(last, signed, head.root, ()) if same else None
        raise RefusalError(422, "the head does not go on from the one cosigned before", fork=fork)


def _name(origin: str) -> str:
    """Where the last head of a log is kept (tlog-witness, "Monitor Retrieval Mechanism")."""
    return f"{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint"
