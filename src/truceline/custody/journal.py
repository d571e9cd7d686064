"""The journal: entries that were acknowledged and do not yet stand in tiles.

One file, appended to: a head with the number of entries before it, then a frame for each batch. A frame
stands whole or not at all, and each is bound to its place by a digest. What a killed writer left of a
frame at the end was never acknowledged, and is let go. Everything else that does not fit was altered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from truceline.custody.entry import Entry

_MAGIC: Final = b"truceline journal v1\n"
HEAD_BYTES: Final = len(_MAGIC) + 8 + 32
_FRAME_HEAD_BYTES: Final = 8 + 32 + 32
_END: Final = (
    b"\n"  # last byte of a frame's content: not zero, so that a lost end can be told from an altered one
)
_BLOCK_BYTES: Final = 512


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal holds: ``start`` entries stand in tiles already, ``length`` bytes of it are good."""

    start: int
    entries: tuple[Entry, ...]
    length: int


def write_head(start: int) -> bytes:
    """An empty journal after ``start`` entries."""
    head = _MAGIC + start.to_bytes(8, "big")
    return head + sha256(head).digest()


def write_frame(entries: Sequence[Entry], *, first: int) -> bytes:
    """The frame of a batch whose first entry is number ``first`` of the log."""
    parts = [
        b"%b%b%b%b" % (len(content).to_bytes(2, "big"), content, len(held).to_bytes(4, "big"), held)
        for content, held in entries
    ]
    whole = b"".join([*parts, _END])
    head = len(whole).to_bytes(8, "big") + sha256(whole).digest()
    return head + _bind(first, head) + whole


def _bind(first: int, head: bytes) -> bytes:
    """What ties a frame's head to its place."""
    return sha256(b"frame" + first.to_bytes(8, "big") + head).digest()


def read_journal(content: bytes) -> Journal:
    """What stands in a journal.

    Raises
    ------
    ValueError
        If it was altered.
    """
    head = content[:HEAD_BYTES]
    if len(head) < HEAD_BYTES or not head.startswith(_MAGIC) or sha256(head[:-32]).digest() != head[-32:]:
        raise ValueError("the head of the journal is not one")
    start = int.from_bytes(head[len(_MAGIC) : len(_MAGIC) + 8], "big")
    entries: list[Entry] = []
    at = HEAD_BYTES
    while at < len(content):
        stop = _frame_stop(content, at, first=start + len(entries))
        if stop == 0:
            break
        entries += _read_frame(content[at + _FRAME_HEAD_BYTES : stop])
        at = stop
    return Journal(start, tuple(entries), at)


def _frame_stop(content: bytes, at: int, *, first: int) -> int:
    """Where the frame at ``at`` ends; 0 if it is the torn last one."""
    head = content[at : at + _FRAME_HEAD_BYTES]
    if len(head) < _FRAME_HEAD_BYTES:
        return 0
    if _bind(first, head[:40]) != head[40:]:
        return _torn_or_altered(content, at)
    stop = at + _FRAME_HEAD_BYTES + int.from_bytes(head[:8], "big")
    if stop > len(content):
        return 0
    if sha256(content[at + _FRAME_HEAD_BYTES : stop]).digest() != head[8:40]:
        return _torn_or_altered(content, at)
    return stop


def _torn_or_altered(content: bytes, at: int) -> int:
    """0 if blocks at the end never reached the disk (they read as zeros); else the journal was altered."""
    kept = len(content.rstrip(b"\x00"))
    lost = -(-kept // _BLOCK_BYTES) * _BLOCK_BYTES  # a block reaches the disk whole or not at all
    if kept <= at or lost < len(content):
        return 0
    raise ValueError(f"the frame at byte {at} of the journal was altered")


def _read_frame(content: bytes) -> list[Entry]:
    """Entries of a frame whose digest was checked."""
    entries, at = [], 0
    while at < len(content) - len(_END):
        stop = at + 2 + int.from_bytes(content[at : at + 2], "big")
        held_stop = stop + 4 + int.from_bytes(content[stop : stop + 4], "big")
        entries.append(Entry(content[at + 2 : stop], content[stop + 4 : held_stop]))
        at = held_stop
    return entries
