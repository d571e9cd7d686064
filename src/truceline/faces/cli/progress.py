"""A bar for each stage, on stderr, and only where a person watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from truceline.base.language import N_, _
from truceline.base.progress import Progress, silent

#: stages that the workflow names; another is shown as it is named
STAGES: tuple[str, ...] = (
    N_("collapsing copies"),
    N_("drawing the line"),
    N_("exporting"),
    N_("files"),
    N_("fusing incidents"),
    N_("gathering"),
    N_("judging"),
    N_("measuring series"),
    N_("reading"),
    N_("simulating"),
)


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
                tasks[stage] = display.add_task(_(stage), total=total)
            display.update(tasks[stage], completed=done, total=total)

        yield tell
