"""Is every entry canonical and of its form? Many are asked together, in other processes where there are some.

The walk of an audit goes on meanwhile; what was found is told once it has come to its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from types import TracebackType
from typing import Final, NamedTuple, TypeAlias

from truceline.custody.entry import read_entries, read_entry

Entries: TypeAlias = tuple[int, list[bytes]]  #: place of the first, and their bytes
_TOGETHER: Final = 16  #: bundles that a process is given at once
_AHEAD: Final = 4  #: times that, for each process, which may wait to be read


class Found(NamedTuple):
    """What is wrong of entries (place, message), and when they were logged (place, time; where that changes)."""

    wrong: list[tuple[int, str]]
    times: list[tuple[int, str]]


def read_forms(bundles: Sequence[Entries]) -> Found:
    """What is found of entries."""
    found = Found([], [])
    for first, entries in bundles:
        try:
            logged = [record["logged"] for record in read_entries(entries)]
        except ValueError:  # one by one they tell which
            logged = [_read_logged(first + place, entry, found) for place, entry in enumerate(entries)]
        for place, time in enumerate(logged, start=first):
            if time and (not found.times or time != found.times[-1][1]):
                found.times.append((place, time))
    return found


def _read_logged(index: int, entry: bytes, found: Found) -> str:
    """When an entry was logged; no text where it is wrong."""
    try:
        return str(read_entry(entry)["logged"])
    except ValueError as error:
        found.wrong.append((index, str(error)))
        return ""


class Forms:
    """Entries on their way to be read, by ``workers`` other processes, or by this one where that is one."""

    def __init__(self, workers: int) -> None:
        self._pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn")) if workers > 1 else None
        self._most = workers * _AHEAD
        self._bundles: list[Entries] = []
        self._running: deque[Future[Found]] = deque()
        self._found: list[Found] = []

    def __enter__(self) -> Forms:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def put(self, first: int, entries: list[bytes]) -> None:
        """Have these read."""
        self._bundles.append((first, entries))
        if len(self._bundles) == _TOGETHER:
            self._send()

    def _send(self) -> None:
        bundles, self._bundles = self._bundles, []
        if self._pool is None:
            self._found.append(read_forms(bundles))
            return
        self._running.append(self._pool.submit(read_forms, bundles))
        if len(self._running) > self._most:
            self._found.append(self._running.popleft().result())

    def end(self) -> list[Found]:
        """What was found of all, in their order. Of few entries no process is started."""
        return [*self._found, *(each.result() for each in self._running), read_forms(self._bundles)]
