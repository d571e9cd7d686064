"""Was the schedule kept: a checkpoint in every period, each of whole batches?

The times are those that the keeper wrote into the entry that ends a checkpoint. Witnesses and time-stamp
authorities bound them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from truceline.custody.config import LogConfig

_MOST = 5  # single checkpoints that are told of; the rest are counted


def tell_late(times: Sequence[tuple[int, str]], config: LogConfig) -> list[str]:
    """Checkpoints (size, time; in order) that came later than the log promises, or in no whole batch."""
    said = []
    for (_, before), (size, time) in pairwise(times):
        passed_s = seconds_between(before, time)
        if config.period_s and passed_s > config.period_s:
            missed = -(-passed_s // config.period_s) - 2
            more = f", and {missed} before it never" if missed else ""
            said.append(f"schedule: the checkpoint of {size} came {passed_s - config.period_s} s late, at {time}{more}")  # fmt: skip
        if config.batch and size % config.batch:
            said.append(f"schedule: the checkpoint of {size} is of no whole batch of {config.batch}")
    rest = len(said) - _MOST
    return [*said[:_MOST], *([f"schedule: {rest} more such checkpoints"] if rest > 0 else [])]


def tell_due(newest: str, now: str, config: LogConfig) -> list[str]:
    """Whether at ``now`` a checkpoint is overdue, the last one being of ``newest``."""
    late_s = seconds_between(newest, now) - config.period_s
    if not config.period_s or late_s <= 0:
        return []
    return [f"schedule: the last checkpoint is of {newest}; the next one was due {late_s} s before {now}"]


def seconds_between(first: str, second: str) -> int:
    """Whole seconds from one time of an entry to another."""
    passed = datetime.fromisoformat(second) - datetime.fromisoformat(first)
    return round(passed.total_seconds())
