"""What entries tell of a log itself: earlier checkpoints, who cosigned them, what was forgotten, tokens of time.

Each of these must be there, or must not be there any more; what is amiss goes to the audit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.held import held_path
from truceline.custody.listing import forgotten_still
from truceline.custody.outcome import Audit
from truceline.custody.read import Store, checkpoint_path
from truceline.custody.schedule import tell_late
from truceline.custody.stamp import list_stamps
from truceline.custody.tile import WIDTH

#: of entries that tell of the log itself, as they stand in bytes
MARKS: Final = (b'"kind":"key"', b'"kind":"witnessing"', b'"kind":"timestamp"')


class Told:
    """What entries told so far."""

    def __init__(self) -> None:
        self._cosigned: dict[int, Any] = {}  # size of an earlier checkpoint → who cosigned it
        self._forgotten: list[tuple[int, Mapping[str, Any]]] = []  # entries on what was forgotten
        self._stamps: set[str] = set()
        self._times: list[tuple[int, str]] = []  # size under a checkpoint, and when it was made

    def take(self, index: int, record: Mapping[str, Any]) -> None:
        """Remember what an entry tells."""
        body = record.get("body", {})
        match record["kind"]:
            case "log":
                self._times.append((0, record["logged"]))
            case "witnessing":
                self._times.append((index + 1, record["logged"]))
                if isinstance(body.get("size"), int):
                    self._cosigned[body["size"]] = body.get("cosigned")
            case "redaction":
                self._forgotten.append((index, record))
            case "timestamp":
                self._stamps.add(str(body.get("file", "")))

    def compare(self, audit: Audit, store: Store, heads: Mapping[int, SignedCheckpoint], sizes: Sequence[int], *, size: int) -> None:  # fmt: skip
        """Hold what was told against checkpoints that are kept (``sizes``; those that can be read: ``heads``)."""
        for told, cosigned in sorted(self._cosigned.items()):
            name = checkpoint_path(told)
            if told not in sizes:
                audit.wrong("log_missing", name, "a checkpoint that entries tell of is not there")
            elif told in heads and isinstance(cosigned, dict):
                named = [key for key in store.config.witnesses if key.name in cosigned]
                gone = [key.name for key in named if heads[told].cosigned_at_s(key) is None]
                if gone:
                    message = f"the log tells of cosignatures that are not there, of {', '.join(gone)}"
                    audit.wrong("log_missing", name, message)
        for at, record in self._forgotten:
            for index in forgotten_still(store, record, size=size):
                message = f"entry {index}: what was forgotten by entry {at} is held still; forget it again"
                audit.wrong("log_altered", held_path(index // WIDTH), message)
        times = [(of, time) for of, time in self._times if of in sizes or of == 0]
        audit.notes += tell_late(times, store.config)
        audit.newest_time = times[-1][1] if times else ""

    def compare_stamps(self, audit: Audit, store: Store, files: Iterable[str], sizes: Sequence[int]) -> list[str]:  # fmt: skip
        """Hold tokens of time against their names and what was told; returns the files that belong."""
        found = list_stamps(files)
        for name, size in found.items():
            if hashlib.sha256(store.read(name)).hexdigest() not in name:
                audit.wrong("log_altered", name, "the token is not the one that was kept under this name")
            elif size not in sizes:
                audit.wrong(
                    "log_missing", name, f"a token of a checkpoint that is not there, of {size} entries"
                )
            else:
                audit.stamps.append(name)
        for name in sorted(self._stamps - found.keys()):
            audit.wrong("log_missing", name, "a token of time that entries tell of is not there")
        return list(found)
