"""A bar for each stage, on stderr, and only where a person watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from truceline.base.progress import Progress, silent


@contextmanager
def progress_bars(*, wanted: bool) -> Iterator[Progress]:
    """Give the workflow somebody to tell; bars vanish at the end."""
    import sys

    if not wanted or not sys.stderr.isatty():
        yield silent
        return
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description:<28}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
    )
    tasks: dict[str, bars.TaskID] = {}
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as display:

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = display.add_task(stage, total=total)
            display.update(tasks[stage], completed=done, total=total)

        yield tell
