"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.base.language import LANGUAGES, speak
from truceline.faces.cli.log_options import warn_if_open

CaseArgument = Annotated[
    Path, typer.Argument(metavar="CASE", help="The case: a folder with case.yaml and truce.yaml.")
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="TRUCELINE_DATA",
        exists=True,
        file_okay=False,
        help="Where the case's data files are. Without it, sources from there are absent.",
    ),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Where the result goes. Default: out/<case>.")
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="Seed of everything random. Default: the case's.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object, also for an error.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No bars; print the report's path alone.")]


def speak_asked(chosen: str | None) -> str | None:
    """Say everything from here on in the language asked for, faults too."""
    if chosen is not None and chosen not in LANGUAGES:
        raise typer.BadParameter(f"{chosen!r} is not one of {', '.join(LANGUAGES)}.")
    speak(chosen)
    return chosen


LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="CODE",
        envvar="TRUCELINE_LANGUAGE",
        callback=speak_asked,
        is_eager=True,
        help="Language of the report: en, uk or ru. Default: the case's.",
    ),
]
EditionOption = Annotated[
    str | None,
    typer.Option("--edition", metavar="NAME", help="mission, public or public_full. Default: the case's."),
]
RegisterOption = Annotated[
    Path | None,
    typer.Option(
        "--register", metavar="FILE", help="What public editions told so far. Default: OUT.released.jsonl."
    ),
]
LogKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--log-key",
        metavar="FILE",
        envvar="TRUCELINE_LOG_KEY",
        callback=warn_if_open,
        help="File with the secret key that signs the result's evidence log.",
    ),
]
LogWitnessOption = Annotated[
    list[str] | None,
    typer.Option("--log-witness", metavar="KEY", help="Public key of a witness of the result's log, or its file."),
]  # fmt: skip
LogQuorumOption = Annotated[
    int, typer.Option("--log-quorum", min=0, help="How many witnesses must cosign the result's log.")
]
NoPdfOption = Annotated[bool, typer.Option("--no-pdf", help="Write the report as HTML alone.")]
