"""``truceline enclosure`` and ``line-proposal``: ground, measured on maps of control."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.faces.cli.progress import progress_bars
from truceline.faces.cli.render import print_json, print_lines

JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object, also for an error.")]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", envvar="TRUCELINE_DATA", exists=True, file_okay=False,
        help="Where the maps' files are.",
    ),
]  # fmt: skip


def enclosure(
    file: Annotated[
        Path,
        typer.Argument(metavar="POCKET", help="A pocket: enclosure.yaml, or the folder that holds it."),
    ],
    *,
    data: DataOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where page, table and JSON go. Default: out/<folder>."),
    ] = None,
    edition: Annotated[
        str | None,
        typer.Option(
            "--edition", metavar="NAME", help="mission, public or public_full. Default: the file's."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how far a pocket is enclosed, by every map and date, beside what was claimed.

    Shares, widths and areas with the map's own error; no word for them.
    """
    from truceline.workflow.enclosure import enclosure as run

    home = file if file.is_dir() else file.parent
    folder = out or Path("out") / home.resolve().name
    with progress_bars(wanted=not as_json) as progress:
        outcome = run(file, data=data, out=folder, edition=edition, progress=progress)
    if as_json:
        print_json(outcome.as_dict())
    else:
        print_lines([*outcome.lines(), "", f"{'page':<18} {folder / 'index.html'}"])
