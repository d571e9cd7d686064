"""``truceline enclosure`` and ``line-proposal``: ground, measured on maps of control."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.base.language import _
from truceline.faces.cli.options import CaseArgument, DataOption, EditionOption, JsonOption
from truceline.faces.cli.progress import progress_bars
from truceline.faces.cli.render import print_json, print_lines


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
        print_lines([*outcome.lines(), "", f"{_('page'):<18} {folder / 'index.html'}"])


def land(
    case: CaseArgument, *, data: DataOption = None, edition: EditionOption = None, as_json: JsonOption = False
) -> None:
    """Say what changed hands by day, sector and map, and how fast before, during and after the truce."""
    from truceline.workflow.land import land as run

    with progress_bars(wanted=not as_json) as progress:
        outcome = run(case, data=data, edition=edition, progress=progress)
    if as_json:
        print_json(outcome.as_dict())
    else:
        print_lines(outcome.lines())


def line_proposal(
    case: CaseArgument,
    *,
    line: Annotated[
        Path, typer.Option("--line", metavar="FILE", help="The proposed line (GeoJSON, GeoPackage …).")
    ],
    at: Annotated[
        str, typer.Option("--at", metavar="DATE", help="Date of the maps that it is set against, ISO.")
    ],
    settlements: Annotated[
        Path | None,
        typer.Option(
            "--settlements", metavar="FILE",
            help="CSV of settlements: name, longitude, latitude, population, source.",
        ),
    ] = None,
    left: Annotated[
        str | None,
        typer.Option("--left", metavar="PARTY", help="For whom the left hand is meant, along the line as drawn."),
    ] = None,
    right: Annotated[
        str | None, typer.Option("--right", metavar="PARTY", help="For whom the right hand is meant.")
    ] = None,
    data: DataOption = None,
    edition: EditionOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say what a proposed line would mean: ground, settlements and population on each hand.

    Against every map of the case on a date. Disputed ground is counted apart and assigned to nobody.
    """
    from truceline.workflow.line_proposal import propose_line as run

    with progress_bars(wanted=not as_json) as progress:
        outcome = run(
            case, line=line, at=at, settlements=settlements, left=left, right=right, data=data,
            edition=edition, progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(outcome.as_dict())
    else:
        print_lines(outcome.lines())


def corridors(
    case: CaseArgument,
    *,
    passages: Annotated[
        Path | None,
        typer.Option(
            "--passages", metavar="FILE",
            help="CSV of reports that people passed or could not. Default: the case's passages.csv.",
        ),
    ] = None,
    data: DataOption = None,
    edition: EditionOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Judge each window of each way out: open, closed, fired upon or undetermined, with bounds.

    Told in the mission edition, and in full where the truce is over; never in the public one.
    """
    from truceline.workflow.corridors import corridors as run

    with progress_bars(wanted=not as_json) as progress:
        outcome = run(case, data=data, passages=passages, edition=edition, progress=progress)
    if as_json:
        print_json(outcome.as_dict())
    else:
        print_lines(outcome.lines())


def allegations(case: CaseArgument, *, as_json: JsonOption = False) -> None:
    """List a case's register of allegations of harm to civilians, with status and referral.

    They are no breaches of the truce, and no finding counts them.
    """
    from truceline.workflow.corridors import read_allegations, tell_allegations

    found = read_allegations(case)
    if as_json:
        print_json({"allegations": found})
    else:
        print_lines(tell_allegations(found))
