"""``truceline export``: a finished result for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.faces.cli.options import JsonOption
from truceline.faces.cli.progress import progress_bars
from truceline.faces.cli.render import plain, print_json, print_lines, print_problems


def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of a result.")],
    *,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format", metavar="NAME", help="A format, or all; may be given several times. Default: all."
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Where the files go. Default: the result's own exports/."),
    ] = None,
    case: Annotated[
        Path | None,
        typer.Option(
            "--case", metavar="DIR", help="The case's folder: it knows areas and what may be shown."
        ),
    ] = None,
    choose: Annotated[
        list[str] | None,
        typer.Option("--choose", metavar="ID", help="A finding or incident to send an alert of (cap)."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a result for other tools: maps, spreadsheets, alerts, sharing platforms.

    Formats: cap, csv, geojson, geoparquet, gpkg, kml, stix, xlsx.
    """
    from truceline.workflow.export import export as write

    with progress_bars(wanted=not as_json) as progress:
        outcome = write(
            out, formats=formats or ("all",), to=to, case=case, chosen=choose or (), progress=progress
        )
    if as_json:
        print_json(
            {
                "run_id": outcome.run_id,
                "folder": outcome.folder,
                "files": [plain(file) for file in outcome.files],
                "left_out": outcome.left_out,
                "notes": outcome.notes,
            }
        )
        return
    if outcome.left_out:
        print_problems(outcome.left_out, heading="Formats left out")
    print_lines(f"{outcome.folder / file.file}  {file.size_bytes:,} bytes" for file in outcome.files)
    print_lines(outcome.notes)
