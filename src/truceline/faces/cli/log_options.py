"""``truceline log``: options and answers that its commands share."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from truceline.faces.cli.render import print_warning


def warn_if_open(key: Path | None) -> Path | None:
    """Say so where others on this machine can read a secret key; systems without such modes are passed over."""
    if key is not None and os.name == "posix" and key.is_file() and key.stat().st_mode & 0o077:
        print_warning(f"{key}: others on this machine can read or write this secret key; chmod 600 {key}")
    return key


Folder = Annotated[Path, typer.Argument(metavar="LOG", help="The folder of the log.")]
Code = Annotated[str, typer.Argument(metavar="CODE", help="Code of an entry, such as 17-0123456789ab.")]
Key = Annotated[
    Path, typer.Option("--key", metavar="FILE", callback=warn_if_open, help="File with the secret key.")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where it goes. Default: stdout.")]
At = Annotated[
    datetime | None,
    typer.Option("--at", metavar="TIME", formats=["%Y-%m-%dT%H:%M:%SZ"], help="Time, in UTC. Default: now."),
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who it is from.")]
Authority = Annotated[
    list[Path] | None,
    typer.Option("--authority", metavar="FILE", help="Certificates of a time-stamp authority, its root among them."),
]  # fmt: skip
JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object, also for an error.")]


def moment(at: datetime | None) -> datetime:
    """The time asked for, in UTC, or the machine's."""
    from truceline.workflow.evidence import moment_of

    return moment_of(at)


def give(content: bytes, out: Path | None) -> None:
    """Write a file, or to stdout."""
    if out is None:
        sys.stdout.write(content.decode())
    else:
        out.write_bytes(content)
