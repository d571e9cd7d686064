"""``truceline fuse`` and ``truceline score``: the engine on strangers' tables, and what it is worth."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from truceline.base.language import _, digits
from truceline.faces.cli.options import JsonOption
from truceline.faces.cli.progress import progress_bars
from truceline.faces.cli.render import print_json, print_lines, print_problems


class Existence(StrEnum):
    """How existence is reckoned."""

    generative = "generative"
    trained = "trained"


def fuse(
    *,
    observations: Annotated[
        Path,
        typer.Option("--observations", metavar="FILE", help="Records: CSV or Parquet; docs/fuse.md lists the columns."),
    ],
    coverage: Annotated[
        Path | None,
        typer.Option("--coverage", metavar="FILE", help="What could have been seen. Without it no incident has an existence_p."),
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option("--control", metavar="FILE", help="Who held what: GeoJSON, Parquet, or CSV with WKT. Without it nobody is told apart by place."),
    ] = None,
    areas: Annotated[
        Path | None,
        typer.Option("--areas", metavar="FILE", help="Shapes of the areas that observations or coverage name."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the result goes.")],
    parties: Annotated[
        list[str] | None,
        typer.Option("--parties", metavar="IDS", help="Ids of the parties, separated by commas. Default: those in the files."),
    ] = None,
    hard_sources: Annotated[
        list[str] | None,
        typer.Option("--hard-sources", metavar="IDS", help="Sources that may say how much happens. Default: those with a detection probability."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of everything random.")] = 0,
    existence: Annotated[
        Existence,
        typer.Option("--existence", help="How likely each incident happened: from declared and measured detections alone, or by a model trained on simulated fronts."),
    ] = Existence.generative,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Fuse records of any origin into incidents, each with who did it.

    No case is needed: few columns suffice, and rows that cannot be read are put aside.
    """
    from truceline.workflow.fuse import fuse as run

    with progress_bars(wanted=not as_json) as progress:
        outcome = run(
            observations=observations, coverage=coverage, control=control, areas=areas, out=out,
            parties=_ids(parties), hard_sources=_ids(hard_sources), seed=seed, existence=existence.value, progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(outcome)
        return
    if outcome.problems:
        print_problems(outcome.problems, heading=_("Noted while reading"))
    print_lines(
        [
            _("observations: {n}; incidents: {incidents}, in {path}").format(n=digits(f"{outcome.n_observations:,}"), incidents=digits(f"{outcome.n_incidents:,}"), path=outcome.incidents),
            *(_("rows of {table} put aside: {n}, in {path}").format(table=name, n=digits(f"{n:,}"), path=out / "quarantine.jsonl") for name, n in outcome.rows_quarantined.items() if n),
            *outcome.notes,
        ]
    )  # fmt: skip


def score(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of a result of fuse or verify.")],
    *,
    truth: Annotated[
        Path,
        typer.Option("--truth", metavar="DIR", help="The truth of the simulation: incidents.csv, links.csv."),
    ],
    trained: Annotated[
        Path | None,
        typer.Option(
            "--trained",
            metavar="FILE",
            help="A classifier of existence from other seeds, such as make evaluate keeps, to compare with.",
        ),
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="A table for people in place of JSON.")] = False,
    as_json: JsonOption = False,  # noqa: ARG001 - errors look for it among the arguments
) -> None:
    """Score a result against a truth that is known, beside what simpler ways score."""
    from truceline.workflow.score import score_result, table_lines

    found = score_result(out, truth=truth, trained=trained)
    if table:
        print_lines(table_lines(found))
    else:
        print_json(found.as_dict())


def _ids(given: list[str] | None) -> tuple[str, ...]:
    return tuple(one.strip() for part in given or () for one in part.split(",") if one.strip())
