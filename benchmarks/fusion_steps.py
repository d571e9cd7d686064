"""Where fusion in blocks spends its processor seconds, step by step.

python benchmarks/fusion_scale.py --steps FOLDER     the steps of one folder, as JSON
"""

from __future__ import annotations

import importlib
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

#: step → the functions in which it is done, by the module that calls them
STEPS: dict[str, tuple[str, ...]] = {
    "reading Parquet": ("blocks.make_survey", "rows.FolderRows.observations", "rows.FolderRows.coverage"),
    "records in order, their origins and places": ("blocks.make_nodes",),
    "coverage as arrays": ("blocks.read_watches",),
    "who watched what was recorded": ("engine.compare",),
    "points of quadrature, and who watched them": ("engine.watched_points", "engine.spread_points"),
    "cells of place and time": ("engine.make_cells",),
    "pairs that may be one event": ("blocks.find_pairs",),
    "evidence of each record": ("chapters.weigh", "learning.weigh", "hearsay.weigh", "blocks.weigh"),
    "partitions of highest weight": ("chapters.find_partition",),
    "learning: chances to be seen": ("learning.chances_of",),
    "learning: layers of intensity and clutter": ("learning.fit_layers", "learning._near_layer"),
    "learning: detection probabilities": ("learning.learn_p",),
    "learning: marks": ("learning._learn_marks",),
    "learning: the rest": ("chapters.learn", "chapters.first_guess"),
    "what reports tell": ("chapters.learn_reports",),
    "existence": ("blocks.existence_of",),
    "incidents as columns": ("blocks.write_incidents",),
    "writing Parquet": ("writing Parquet",),
}
#: what is left
REST = "sharing out among blocks and chapters"
#: steps without which nothing is fused at all, however fast the inference were
IN_AND_OUT = (
    "reading Parquet", "records in order, their origins and places", "coverage as arrays", "incidents as columns",
    "writing Parquet",
)  # fmt: skip


class Clock:
    """Processor seconds of each step, less those of steps within it."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = defaultdict(float)
        self._inner: list[float] = []

    def timed(self, step: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, its time put down to the step."""

        def run(*args: Any, **kwargs: Any) -> Any:
            begun = time.process_time()
            self._inner.append(0.0)
            try:
                return call(*args, **kwargs)
            finally:
                spent = time.process_time() - begun
                self.spent_s[step] += spent - self._inner.pop()
                if self._inner:
                    self._inner[-1] += spent

        return run

    def watch(self) -> None:
        """Put a timer around the functions of every step, in this process."""
        for step, places in STEPS.items():
            for place in places:
                module, _, path = place.partition(".")
                if not path:
                    continue
                holder: Any = importlib.import_module(f"truceline.fusion.{module}")
                *owners, name = path.split(".")
                for owner in owners:
                    holder = getattr(holder, owner)
                setattr(holder, name, self.timed(step, getattr(holder, name)))


def write_steps(
    sparse: Mapping[str, float], dense: Mapping[str, float], promised: Mapping[str, float]
) -> list[str]:
    """Lines of the page. sparse, dense : microseconds an observation of each step, and of ``all``."""
    goal, thick = (1e6 / promised[name] for name in ("sparse", "dense"))
    around = sum(sparse[name] for name in IN_AND_OUT)
    named = [*STEPS, REST]
    dearest = max((name for name in named if name not in IN_AND_OUT), key=lambda name: sparse[name])
    return [
        "## Where the time goes",
        "",
        "Processor microseconds an observation, one worker, on the same two fronts; each step less the steps within it. "
        "The learning from which chapters start is in all of them.",
        "",
        "| step | sparse | share | dense | share |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {sparse[name]:.2f} | {sparse[name] / sparse['all']:.0%} | {dense[name]:.2f} | {dense[name] / dense['all']:.0%} |"
            for name in sorted(named, key=lambda name: -sparse[name])
        ),
        f"| all | {sparse['all']:.1f} | | {dense['all']:.1f} | |",
        f"| the target | {goal:.1f} | | {thick:.1f} | |",
        "",
        f"Reading, putting records in order and writing incidents alone take {around:.1f} µs of the {goal:.1f} that the sparse "
        f"target leaves for everything. The rest, {sparse['all'] - around:.1f} µs, is inference by whole columns; its dearest step "
        f"(sparse: {dearest}) is {sparse[dearest] / sparse['all']:.0%} of all. {_needed(sparse['all'] - around, goal - around)}",
        "",
    ]  # fmt: skip


def _needed(spent: float, left: float) -> str:
    if spent <= left:
        return "That is within the target."
    if left <= 0:
        return "With inference of no cost at all the target would be missed."
    return (
        f"For the target all of it together would have to be {spent / left:.0f} times as fast: less inference (fewer rounds and "
        "layers, no learning in each chapter), and not one step done faster."
    )
