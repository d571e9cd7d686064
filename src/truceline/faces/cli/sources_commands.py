"""``truceline sources``, ``fetch`` and ``plugins``: what a case reads, and with what."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from truceline.faces.cli import exits
from truceline.faces.cli.options import CaseArgument, DataOption, JsonOption, LanguageOption
from truceline.faces.cli.progress import progress_bars
from truceline.faces.cli.render import plain, print_json, print_lines, print_problems, print_sources


def sources(
    case: CaseArgument,
    *,
    data: DataOption = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,
) -> None:
    """Say which sources of a case are read and which absent.

    Each with its files, rows and licence, and what its absence costs.
    """
    from truceline.workflow.inspect import inspect_sources

    with progress_bars(wanted=not as_json) as progress:
        accounts = [
            plain(account)
            for account in inspect_sources(case, data=data, language=language, progress=progress)
        ]
    if as_json:
        print_json({"sources": accounts})
    else:
        print_sources(accounts)


def fetch(
    case: CaseArgument,
    *,
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            metavar="DIR",
            envvar="TRUCELINE_DATA",
            file_okay=False,
            help="Where the files go; made if it is not there.",
        ),
    ] = Path("data"),
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="ID", help="Only this source; may be given again. Default: all."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be fetched; ask no server.")
    ] = False,
    accept_changed: Annotated[
        bool,
        typer.Option(
            "--accept-changed",
            help="Take files that are not the ones recorded or expected; the old ones are kept beside them.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring a case's sources from their public homes into a folder, with licences and digests recorded.

    No other command uses the network, unless you name it an address.
    """
    from truceline.workflow.fetch import plan_fetch, run_fetch

    plan = plan_fetch(case, data=data, sources=source or [])
    if not as_json:
        print_lines(plan.notice_lines())
    if dry_run:
        if as_json:
            print_json({"plan": plan, "summary": plan.summary})
        else:
            print_lines(plan.lines())
        return
    with progress_bars(wanted=not as_json) as progress:
        outcome = run_fetch(plan, keys=os.environ, accept_changed=accept_changed, progress=progress)
    if as_json:
        print_json({"data": outcome.data, "files": outcome.brought, "problems": outcome.problems})
    else:
        print_lines(outcome.lines())
        if outcome.problems:
            print_problems(outcome.problems, heading=exits.EXIT_CODES[exits.NOT_ALL_FETCHED])
    if outcome.problems:
        raise typer.Exit(exits.NOT_ALL_FETCHED)


def plugins(*, as_json: JsonOption = False) -> None:
    """List what reads sources here, with options."""
    from truceline.workflow.plugins import list_plugins

    found = list_plugins()
    if as_json:
        print_json({"plugins": found})
        return
    for plugin in found:
        print_lines([f"{plugin.kind} {plugin.name}  version {plugin.version}", f"    {plugin.title}"])
        print_lines(f"    {option}" for option in plugin.option_lines())
