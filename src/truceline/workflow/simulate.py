"""Play a regime and write it as an ordinary case, with its hidden truth beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline import __version__
from truceline.base.canonical import canonical_json
from truceline.base.progress import Progress, silent
from truceline.simulate import play_periods, read_regime, write_front
from truceline.store.folder import MARKER, OutputFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOutcome:
    """What was written, and how much of it."""

    out: Path
    regime: str
    seed: int
    events: int
    observations: int
    breaks: tuple[str, ...]


def simulate(
    regime: str | Path, *, seed: int, out: Path, progress: Progress = silent, **changes: Any
) -> SimulateOutcome:
    """Play a regime (by name, file, or names joined by ``+``) and write its case into ``out``.

    ``changes`` replace fields of the regime: ``days``, ``length_km``, ``salvos_per_day`` …

    Raises
    ------
    CaseError
        If there is no such regime, or it is wrong.
    OutputError
        If ``out`` cannot be written, or holds something that Truceline did not write.
    """
    chosen = read_regime(regime, **changes)
    sizes = {"events": 0, "observations": 0}

    with OutputFolder(out) as folder:
        head = {"kind": "simulated", "software": f"truceline {__version__}", "regime": chosen.model_dump(mode="json"), "seed": seed}  # fmt: skip
        (folder / MARKER).write_text(canonical_json(head) + "\n", encoding="utf-8")

        def counted() -> Any:
            for part in play_periods(chosen, seed=seed, progress=progress):
                sizes["events"] += part.truth.incidents.num_rows
                sizes["observations"] += part.observations.num_rows
                yield part

        write_front(counted(), folder)
    return SimulateOutcome(out=out, regime=chosen.name, seed=seed, breaks=tuple(chosen.breaks), **sizes)
