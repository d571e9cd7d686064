"""Entries by which a log speaks of itself: another key takes over, which both sign; and who cosigned a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from truceline.custody.canonical import encode
from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.encoding import from_base64, to_base64
from truceline.custody.entry import Entry, plain_entry
from truceline.custody.sign import SIGNATURE_BYTES, PublicKey, SecretKey

KEY_KIND: Final = "key"


def _statement(old: PublicKey, new: PublicKey, size: int) -> bytes:
    """What both keys sign: which key follows which, in an entry at which place."""
    record = {"at": size, "new": new.text(), "old": old.text()}
    return b"truceline key v1\n" + encode(record)


def key_entry(old: SecretKey, new: SecretKey, *, size: int, logged: str) -> Entry:
    """The entry, at place ``size``, by which ``new`` takes over."""
    statement = _statement(old.public, new.public, size)
    body = {
        "new": new.public.text(),
        "old": old.public.text(),
        "new_signature": to_base64(new.sign(statement)),
        "old_signature": to_base64(old.sign(statement)),
    }
    return plain_entry(KEY_KIND, body, logged=logged)


def read_key_entry(body: Mapping[str, Any], *, index: int, old: PublicKey) -> PublicKey:
    """The key that takes over from ``old`` by the entry at ``index``.

    Raises
    ------
    ValueError
        If the entry is not of that form, names another old key, or a signature does not hold.
    """
    if body.keys() != {"new", "old", "new_signature", "old_signature"}:
        raise ValueError("an entry on a key names the old and the new one, and has a signature of each")
    if not all(isinstance(text, str) for text in body.values()):
        raise ValueError("the keys and signatures of an entry on a key are texts")
    new = PublicKey.read(body["new"])
    if body["old"] != old.text():
        raise ValueError("an entry on a key replaces another key than the one in force")
    statement = _statement(old, new, index)
    for key, text in ((old, body["old_signature"]), (new, body["new_signature"])):
        if not key.verify(statement, from_base64(text, size=SIGNATURE_BYTES)):
            raise ValueError("an entry on a key is not signed by both keys")
    return new


def witnessing_entry(signed: SignedCheckpoint, witnesses: Sequence[PublicKey], *, logged: str) -> Entry:
    """The entry that says that there was this checkpoint, who cosigned it, and who did not."""
    cosigned = {key.name: signed.cosigned_at_s(key) for key in witnesses}
    body = {
        "size": signed.head.size,
        "cosigned": {name: time_s for name, time_s in cosigned.items() if time_s is not None},
        "missing": [name for name, time_s in cosigned.items() if time_s is None],
    }
    return plain_entry("witnessing", body, logged=logged)
