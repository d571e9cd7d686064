"""The only clock of the software: when a file was fetched. Everything else takes its time as an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


def _machine_time() -> datetime:
    return datetime.fromtimestamp(int(time.time()), UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time of day, a stopwatch and a pause, each of which a test may replace."""

    moment: Callable[[], datetime] = field(default=_machine_time)
    stopwatch_s: Callable[[], float] = field(default=time.monotonic)
    pause: Callable[[float], None] = field(default=time.sleep)
