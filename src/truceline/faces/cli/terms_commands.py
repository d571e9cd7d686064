"""``truceline check``, ``diff`` and ``replay``: drafts of a truce before and after they are signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.base.language import _
from truceline.faces.cli import exits
from truceline.faces.cli.options import JsonOption
from truceline.faces.cli.progress import progress_bars
from truceline.faces.cli.render import print_json, print_lines

Draft = Annotated[Path, typer.Argument(metavar="TRUCE", help="A draft: a file, or a folder with truce.yaml.")]


def check(
    truce: Draft,
    *,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the review as a page.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a draft what it must answer before people rely on it.

    Ends with 0 where nothing of high severity is open.
    """
    from truceline.workflow.check import check as run

    outcome = run(truce, page=html)
    if as_json:
        print_json(outcome.as_dict())
    else:
        print_lines(outcome.lines())
        if outcome.page is not None:
            print_lines(["", f"{_('page'):<18} {outcome.page}"])
    if outcome.grave:
        raise typer.Exit(exits.GRAVELY_OPEN)


def diff(
    before: Annotated[
        Path, typer.Argument(metavar="A", help="A draft: a file, or a folder with truce.yaml.")
    ],
    after: Annotated[Path, typer.Argument(metavar="B", help="The draft that takes its place.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Say what changes in consequences from one draft to another."""
    from truceline.workflow.diff import diff as run

    outcome = run(before, after)
    if as_json:
        print_json(outcome.as_dict())
    else:
        print_lines(outcome.lines())


def replay(
    case: Annotated[
        Path, typer.Argument(metavar="CASE", help="The case: a folder with case.yaml and truce.yaml.")
    ],
    *,
    terms: Annotated[
        Path, typer.Option("--terms", metavar="TRUCE", help="The rival draft: a file, or a folder with truce.yaml.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", envvar="TRUCELINE_DATA", exists=True, file_okay=False,
            help="Where the case's data files are. Without it, sources from there are absent.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Judge the same evidence under a rival draft, and say which judgements differ."""
    from truceline.workflow.replay import replay as run

    with progress_bars(wanted=not as_json) as progress:
        outcome = run(case, terms=terms, data=data, progress=progress)
    if as_json:
        print_json(outcome.as_dict())
    else:
        print_lines(outcome.lines())
