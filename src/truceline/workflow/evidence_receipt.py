"""Receipts of an evidence log: was the entry where the log promised it, when it promised it?"""

from __future__ import annotations

from pathlib import Path

from truceline.base.errors import EvidenceError, Problem
from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.config import LogConfig
from truceline.custody.merkle import hash_leaf
from truceline.custody.misconduct import Receipt, Withholding
from truceline.custody.note import read_note
from truceline.custody.proof import prove
from truceline.custody.read import Store
from truceline.workflow.evidence import newest_of, telling
from truceline.workflow.evidence_time import written


def show_withholding(folder: Path, receipt: Path) -> Withholding | None:
    """The proof that a log put another entry in the place that a receipt names; None if it was honoured.

    Raises
    ------
    EvidenceError
        If the receipt is none of the log's, or the log has not come so far; where that is late, it says so.
    """
    with telling(receipt, expected="a receipt that this log gave"):
        note = read_note(receipt.read_bytes())
        promise = Receipt.read(note.text)
        store = Store(folder)
        newest = newest_of(store)
        keys = [key for _, key in store.keys.keys if key.name == promise.origin]
        if not any(note.signed_by(key) for key in keys):
            raise ValueError("the receipt is not signed by the log")
        if promise.index >= newest.head.size:
            raise EvidenceError(_not_there(receipt, promise, newest, store.config))
        found = Withholding(note, prove(store, promise.index, newest))
        if hash_leaf(found.proof.entry) == promise.leaf:
            return None
        found.check(keys)
        return found


def _not_there(file: Path, promise: Receipt, newest: SignedCheckpoint, config: LogConfig) -> Problem:
    """A log has not come so far as it promised: late, if a witness saw it without the entry after the time."""
    times = {key.name: newest.cosigned_at_s(key) for key in config.witnesses}
    late = [f"{name} at {written(time_s)}" for name, time_s in times.items() if time_s is not None and written(time_s) > promise.due]  # fmt: skip
    message = f"the log ends at {newest.head.size}, before entry {promise.index}, which was to stand there by {promise.due}"  # fmt: skip
    if late:
        return Problem(code="log_missing", file=str(file), message=f"{message}: it is late, cosigned without it by {', '.join(late)}", next_step="Keep the receipt and this copy, and show both: what they say is signed")  # fmt: skip
    return Problem(code="log_missing", file=str(file), message=message, next_step="Look again in a copy that a witness cosigned after that time")  # fmt: skip
