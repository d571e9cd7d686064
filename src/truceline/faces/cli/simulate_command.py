"""``truceline simulate``: a front with a hidden truth, as an ordinary case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.faces.cli.options import JsonOption
from truceline.faces.cli.progress import progress_bars
from truceline.faces.cli.render import print_json, print_lines


def simulate(
    *,
    regime: Annotated[
        str,
        typer.Option("--regime", metavar="NAME", help="plain, quiet, war, cloud, burning, surge, flood, falseflag, mimicry, outage, evader or wrongp; several joined by +; or a file."),
    ] = "plain",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of everything random.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where the case goes. Default: out/<regime>-<seed>."),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=2, help="How long. Default: the regime's, 30.")
    ] = None,
    length_km: Annotated[
        float | None, typer.Option("--length-km", min=50, max=20_000, help="Length of the front. Default: the regime's, 2,000.")
    ] = None,
    salvos_per_day: Annotated[
        float | None, typer.Option("--salvos-per-day", min=0, max=1_000_000, help="Mean fire of both parties. Default: the regime's.")
    ] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Invent a front with a hidden truth, and write it as a case.

    Its folder `truth` is never read by `verify`; `score` reads it. Its folder `tables` is for `fuse`.
    """
    from truceline.workflow.simulate import simulate as run

    asked = {"days": days, "length_km": length_km, "salvos_per_day": salvos_per_day}
    changes = {name: value for name, value in asked.items() if value is not None}
    folder = out or Path("out") / f"{Path(regime).stem.replace('+', '-')}-{seed}"
    with progress_bars(wanted=not as_json) as progress:
        outcome = run(regime, seed=seed, out=folder, progress=progress, **changes)
    if as_json:
        print_json(outcome)
        return
    print_lines(
        [
            f"{outcome.regime}, seed {outcome.seed}: {outcome.events:,} events, {outcome.observations:,} observations",
            *(f"  breaks on purpose: {one}" for one in outcome.breaks),
            f"{'case':<18} {outcome.out}",
        ]
    )
