"""Ways of running the same tasks: in turn, in threads, in processes of one machine, on a Dask cluster.

All give the results in the order of the tasks, and take the next task only when there is room for it,
so that tasks that carry tables do not pile up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

import pyarrow as pa

T = TypeVar("T")
R = TypeVar("R")
#: tasks under way for each worker
AHEAD = 2


class Run(Protocol):
    """Applies a function to tasks; results in the order of the tasks."""

    def __call__(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """One result for each task."""


def in_turn(function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
    """One after another, here."""
    return map(function, tasks)


def in_threads(n_workers: int) -> Run:
    """Threads of this process; most of the time is spent outside Python's lock."""
    return _Pool(lambda: ThreadPoolExecutor(n_workers), n_workers)


def in_processes(n_workers: int) -> Run:
    """Processes of this machine, each started afresh."""
    return _Pool(
        lambda: ProcessPoolExecutor(n_workers, mp_context=get_context("spawn"), initializer=give_back_memory),
        n_workers,
    )


def give_back_memory() -> None:
    """Let columns of this process live in plain memory, which is given back: Arrow's own pool keeps what it had.

    A quarter less at the peak, in the same time. For processes of one's own; it changes no result.
    """
    pa.set_memory_pool(pa.system_memory_pool())


class _Pool:
    def __init__(self, start: Callable[[], Executor], n_workers: int) -> None:
        self.start, self.n_workers = start, n_workers

    def __call__(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        waiting: deque[Future[R]] = deque()
        with self.start() as pool:
            for task in tasks:
                waiting.append(pool.submit(function, task))
                if len(waiting) > AHEAD * self.n_workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()


class OnDask:
    """Workers of a Dask cluster (the extra ``cluster``).

    A worker that dies costs its tasks, which others do again with the same result: tasks are functions
    of what they carry, so that Dask may repeat them (``retries``) wherever it likes.

    client : a ``distributed.Client``.
    """

    def __init__(self, client: Any, *, retries: int = 5) -> None:
        self.client, self.retries = client, retries

    def __call__(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """One result for each task."""
        waiting: deque[Any] = deque()
        for task in tasks:
            n_workers = max(1, len(self.client.scheduler_info()["workers"]))
            waiting.append(self.client.submit(function, task, pure=False, retries=self.retries))
            if len(waiting) > AHEAD * n_workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
