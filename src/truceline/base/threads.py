"""Work side by side in threads of this process: arrays of many rows are reckoned outside Python's lock.

Threads share what they read, so that nothing is copied; no result depends on how many there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

R = TypeVar("R")
#: records below which a thread more costs about what it brings
FEW_RECORDS = 50_000


def begin(call: Callable[[], R], *, workers: int) -> Callable[[], R]:
    """What gives the call's result: begun in a thread of its own, or with one worker called when asked for."""
    if workers < 2:
        return call
    pool = ThreadPoolExecutor(1)
    result = pool.submit(call).result
    pool.shutdown(wait=False)  # the thread ends with the call
    return result


def worker_count(n_records: int) -> int:
    """As many as there are cores for this process, where there are records enough."""
    return core_count() if n_records > FEW_RECORDS else 1


def core_count() -> int:
    """Cores for this process."""
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known else os.cpu_count() or 1
