"""Time-stamp tokens beside a log: ``stamps/SIZE-DIGEST.tsr`` is an authority's answer for a checkpoint.

What is stamped are the checkpoint's text and the log's own signature, which never change: the first five
lines of its file, before any cosignature. DIGEST is the SHA-256 of the answer, so that no bit of it can be
turned; an entry tells of each, so that none can be taken away.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.entry import Entry, plain_entry
from truceline.custody.note import Note
from truceline.custody.read import Store
from truceline.custody.trusted_time import StampedTime, check_reply

if TYPE_CHECKING:
    from cryptography import x509

STAMPS: Final = "stamps"
KIND: Final = "timestamp"
_NAME = re.compile(STAMPS + r"/(0|[1-9][0-9]{0,18})-([0-9a-f]{64})\.tsr", re.ASCII)


def stamp_path(size: int, reply: bytes) -> str:
    """Where an authority's answer for the checkpoint of ``size`` is kept."""
    return f"{STAMPS}/{size}-{hashlib.sha256(reply).hexdigest()}.tsr"


def size_of(name: str) -> int | None:
    """Size of the checkpoint that a file of that name stamps; None if the name is none of a token's."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def list_stamps(files: Iterable[str]) -> dict[str, int]:
    """Names of tokens among ``files``, and the sizes of their checkpoints; smallest first."""
    sizes = {name: size_of(name) for name in files}
    return dict(
        sorted(((n, s) for n, s in sizes.items() if s is not None), key=lambda pair: (pair[1], pair[0]))
    )


def stamped_digest(signed: SignedCheckpoint, store: Store) -> bytes:
    """SHA-256 of what is stamped of a checkpoint."""
    key = store.keys.at(signed.head.size)
    own = tuple(line for line in signed.note.signatures if line.is_by(key))
    return hashlib.sha256(Note(signed.note.text, own).encode().encode()).digest()


def check_stamp(store: Store, name: str, *, trusted: Iterable[x509.Certificate]) -> StampedTime:
    """What the token in the file ``name`` says of its checkpoint.

    Raises
    ------
    ValueError
        If there is no such checkpoint, or as of ``check_reply``.
    ImportError, FileNotFoundError
        As of ``check_reply``; if there is no such file.
    """
    signed = store.checkpoint(size_of(name) or 0)
    if signed is None:
        raise ValueError("there is no checkpoint that the token could be of")
    return check_reply(store.read(name), digest=stamped_digest(signed, store), trusted=trusted)


def stamp_entry(name: str, said: StampedTime, *, time: str, logged: str) -> Entry:
    """The entry that tells of a token; ``time`` is what it says, as entries write times."""
    return plain_entry(KIND, {"authority": said.authority, "file": name, "time": time}, logged=logged)
