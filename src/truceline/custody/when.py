"""When was an entry logged? Between two times that others than the keeper vouch for.

The time in an entry is the keeper's word. A witness that cosigned a checkpoint saw it then; a token of an
authority says that it was there. So an entry was there when the first checkpoint that has it was seen; and
when the last one that has it not was seen, nobody had been shown it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truceline.custody.read import Store
from truceline.custody.stamp import size_of
from truceline.custody.trusted_time import StampedTime


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """``name`` vouches that the checkpoint of ``size`` was there at ``time_s`` (POSIX seconds)."""

    time_s: int
    size: int
    name: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """The latest word on a checkpoint without the entry, the earliest on one with it; None: nobody's."""

    without: Seen | None
    having: Seen | None


def list_seen(store: Store, stamps: Mapping[str, StampedTime]) -> list[Seen]:
    """Who vouches for which checkpoint: the log's witnesses, and ``stamps`` that were checked; by time."""
    seen = [Seen(said.time_s, size_of(name) or 0, said.authority) for name, said in stamps.items()]
    for size in store.sizes():
        signed = store.checkpoint(size)
        for key in store.config.witnesses if signed else ():
            time_s = signed.cosigned_at_s(key) if signed else None
            seen += [Seen(time_s, size, key.name)] if time_s is not None else []
    return sorted(seen)


def bound_time(index: int, seen: list[Seen]) -> Bounds:
    """What bounds the time of the entry at ``index``."""
    without = [each for each in seen if each.size <= index]
    having = [each for each in seen if each.size > index]
    return Bounds(max(without, default=None), min(having, default=None))
