"""The machine's clock: the one place that reads it; everything behind a face takes the time as an argument."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The time in UTC, to the second, as records write it."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()
