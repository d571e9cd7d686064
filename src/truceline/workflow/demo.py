"""The demonstration: simulate a truce on an invented coast, then verify it like any other case."""

from __future__ import annotations

from pathlib import Path

from truceline.base.progress import Progress, silent
from truceline.simulate import Scenario, read_scenario, simulate, write_case
from truceline.store.folder import OutputFolder
from truceline.workflow.verify import VerifyOutcome, verify


def run_demo(
    out: Path,
    *,
    seed: int | None = None,
    scenario_file: Path | None = None,
    pdf: bool = True,
    language: str | None = None,
    progress: Progress = silent,
) -> VerifyOutcome:
    """Write the simulated case into ``out/case`` and its result into ``out/result``.

    The truth stands in ``out/case/truth``; verification never reads it. ``scenario_file`` is a
    ``scenario.yaml``; without it the simulator's own defaults are played.

    Raises
    ------
    CaseError
        If the scenario is wrong.
    OutputError
        If ``out`` cannot be written.
    """
    scenario = Scenario() if scenario_file is None else read_scenario(scenario_file)
    progress("simulating", 0, 1)
    simulated = simulate(scenario, seed=scenario.seed if seed is None else seed)
    with OutputFolder(out / "case") as folder:
        write_case(simulated, folder)
    progress("simulating", 1, 1)
    return verify(
        out / "case", data=None, out=out / "result", seed=seed, pdf=pdf, language=language, progress=progress
    )
