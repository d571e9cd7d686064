"""``truceline declarations`` and ``truceline inspect-plan``: what is held, what moves, how much to check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.faces.cli import exits
from truceline.faces.cli.clock import now
from truceline.faces.cli.options import JsonOption
from truceline.faces.cli.orders_commands import As, At, Case, For, LoggedAt, Received, Said
from truceline.faces.cli.render import print_json, print_lines, print_problems

declarations = typer.Typer(
    name="declarations",
    help="Baselines, notices and inspections: what was declared, announced and seen.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

TableFile = Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV table, a record a row.")]
KeyFile = Annotated[Path, typer.Option("--key", metavar="FILE", help="Secret key of whoever signs.")]


@declarations.command()
def declare(case: Case, table: TableFile, *, by: As, key: KeyFile, said: Said = None, received: Received = None, logged: LoggedAt = None, as_json: JsonOption = False) -> None:  # fmt: skip
    """Sign a table of baselines and notices, and add it to the party's register: all rows or none.

    Columns: kind, subject, holding, quantity, area, to_area, group, as_of, starts_at, stops_at.
    """
    from truceline.workflow.declarations import declare as run
    from truceline.workflow.desk_files import times_from

    added = run(case, table, by=by, key_file=key, times=times_from(said or now(), received, logged))
    if as_json:
        print_json(added.as_dict())
    else:
        print_lines(added.lines())


@declarations.command()
def observe(case: Case, table: TableFile, *, key: KeyFile, said: Said = None, received: Received = None, logged: LoggedAt = None, as_json: JsonOption = False) -> None:  # fmt: skip
    """Sign a table of what the mission saw, and add it to its register: all rows or none.

    Columns: kind, party, holding, area, to_area, seen_at, quantity, found, recognition_percent, means.
    """
    from truceline.workflow.declarations import observe as run
    from truceline.workflow.desk_files import times_from

    added = run(case, table, key_file=key, times=times_from(said or now(), received, logged))
    if as_json:
        print_json(added.as_dict())
    else:
        print_lines(added.lines())


@declarations.command()
def check(
    case: Case,
    *,
    at: At = None,
    reader: For = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Set side by side what was declared, notified and observed, and say what could be seen at all.

    Ends with 0 where nothing differs and every line of the registers holds.
    """
    from truceline.workflow.declarations import check_declarations
    from truceline.workflow.desk_files import moment_from

    found = check_declarations(case, at=moment_from(at or now(), "--at"), reader=reader)
    if as_json:
        print_json(found.as_dict())
    else:
        print_lines(found.lines())
        if found.problems:
            print_problems(found.problems, heading=exits.EXIT_CODES[exits.DESK_FAULTS])
    if found.problems or found.differences:
        raise typer.Exit(exits.DESK_FAULTS)


def inspect_plan(
    *,
    declared: Annotated[int | None, typer.Option("--declared", min=1, help="How many are declared.")] = None,
    missing: Annotated[int | None, typer.Option("--missing", min=1, help="How many missing ones are to be noticed.")] = None,
    seen: Annotated[float, typer.Option("--seen", help="Chance with which that is to be noticed.")] = 0.9,
    recognition: Annotated[float, typer.Option("--recognition", help="Chance that an inspector knows a missing item for missing.")] = 1.0,
    tolerate: Annotated[int | None, typer.Option("--tolerate", min=0, help="Check one after another; so many may be missing innocently.")] = None,
    strata: Annotated[Path | None, typer.Option("--strata", metavar="TABLE", help="Several lists: a CSV with name, declared, and as needed cost, recognition_percent, missing.")] = None,
    picture: Annotated[Path | None, typer.Option("--picture", metavar="FILE", help="Draw checks against the share missing, as SVG.")] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say how many declared items to check, so that a loss of a given size is noticed.

    Exact: hypergeometric, with imperfect recognition, over strata, or one after another.
    """
    from truceline.workflow.inspect_plan import plan_list, plan_strata

    if (strata is None) == (declared is None) or (declared is not None and missing is None):
        raise typer.BadParameter("Give --declared and --missing, or --strata.")
    if strata is not None:
        print_plan = plan_strata(strata, n_missing=missing, seen_p=seen)
        print_json(print_plan.as_dict()) if as_json else print_lines(print_plan.lines())
        return
    plan = plan_list(
        n_declared=declared or 0,
        n_missing=missing or 0,
        seen_p=seen,
        recognition_p=recognition,
        innocent=tolerate,
        picture=picture,
    )
    print_json(plan.as_dict()) if as_json else print_lines(plan.lines())
