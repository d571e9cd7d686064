"""``truceline orders``: orders down each chain of command, signed and timed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.faces.cli import exits
from truceline.faces.cli.clock import now
from truceline.faces.cli.options import JsonOption
from truceline.faces.cli.render import print_json, print_lines, print_problems

if TYPE_CHECKING:
    from truceline.workflow.orders import Action

orders = typer.Typer(
    name="orders",
    help="Orders down each chain of command: issued, relayed, acknowledged, refused, countermanded.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Case = Annotated[Path, typer.Argument(metavar="CASE", help="A folder with truce.yaml and desk/.")]
Order = Annotated[str, typer.Argument(metavar="ORDER", help="Id of the order, such as cease-a.")]
As = Annotated[str, typer.Option("--as", metavar="NODE", help="Who acts, such as command-a or group-a-1.")]
Key = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="Secret key: the node's own, or its liaison officer's.")
]
Said = Annotated[
    str | None, typer.Option("--said", metavar="TIME", help="When it was said, with offset. Default: now.")
]
Received = Annotated[
    str | None, typer.Option("--received", metavar="TIME", help="When it was received. Default: when said.")
]
LoggedAt = Annotated[
    str | None, typer.Option("--logged", metavar="TIME", help="When it was logged. Default: when received.")
]


At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="As known then: what was logged later is left out. Default: now."
    ),
]
For = Annotated[
    str | None,
    typer.Option("--for", metavar="WHO", help="mission, a party's id (its own alone), or public. Default: whose desk file is here."),
]  # fmt: skip


@orders.command()
def keys(
    name: Annotated[str, typer.Argument(metavar="NODE", help="Whose key: command-a, group-a-1, mission.")],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the secret key goes.")],
    as_json: JsonOption = False,
) -> None:
    """Make a key: the secret into a file, the verifier key for the case."""
    from truceline.workflow.orders import make_key

    made = make_key(name, out=out)
    if as_json:
        print_json({"secret": made.secret, "key": made.verifier})
    else:
        print_lines(made.lines())


@orders.command()
def issue(case: Case, order: Order, *, by: As, key: Key, said: Said = None, received: Received = None, logged: LoggedAt = None, as_json: JsonOption = False) -> None:  # fmt: skip
    """Log that an order was issued."""
    _say("issue", case, order, by=by, key=key, times=(said, received, logged), as_json=as_json)


@orders.command()
def relay(case: Case, order: Order, *, by: As, key: Key, said: Said = None, received: Received = None, logged: LoggedAt = None, as_json: JsonOption = False) -> None:  # fmt: skip
    """Log that an order was handed on to those below."""
    _say("relay", case, order, by=by, key=key, times=(said, received, logged), as_json=as_json)


@orders.command()
def acknowledge(case: Case, order: Order, *, by: As, key: Key, said: Said = None, received: Received = None, logged: LoggedAt = None, as_json: JsonOption = False) -> None:  # fmt: skip
    """Log that a group acknowledged an order."""
    _say("acknowledge", case, order, by=by, key=key, times=(said, received, logged), as_json=as_json)


@orders.command()
def refuse(
    case: Case,
    order: Order,
    *,
    by: As,
    key: Key,
    reason: Annotated[str, typer.Option("--reason", help="Why: not_received_whole, unclear, unlawful, cannot, countermanded_elsewhere or other.")],
    said: Said = None,
    received: Received = None,
    logged: LoggedAt = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Log that a group refused an order."""
    times = (said, received, logged)
    _say("refuse", case, order, by=by, key=key, times=times, reason=reason, as_json=as_json)


@orders.command()
def countermand(case: Case, order: Order, *, by: As, key: Key, said: Said = None, received: Received = None, logged: LoggedAt = None, as_json: JsonOption = False) -> None:  # fmt: skip
    """Log that an order was taken back by whoever issued it."""
    _say("countermand", case, order, by=by, key=key, times=(said, received, logged), as_json=as_json)


@orders.command()
def check(
    case: Case,
    *,
    party: Annotated[
        list[str] | None, typer.Option("--party", metavar="ID", help="Only this party's; may be given again.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check chains of command and registers: every fault with its line.

    Ends with 0 where every line holds.
    """
    from truceline.workflow.orders import check_orders

    found = check_orders(case, parties=party or [])
    if as_json:
        print_json(found.as_dict())
    else:
        print_lines(found.lines())
        if found.problems:
            print_problems(found.problems, heading=exits.EXIT_CODES[exits.DESK_FAULTS])
    if found.problems:
        raise typer.Exit(exits.DESK_FAULTS)


@orders.command()
def sheet(
    case: Case,
    *,
    at: At = None,
    reader: For = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the sheet as a page.")] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Print who must order whom around the hour, and first of all who has not acknowledged."""
    from truceline.workflow.desk_files import moment_from
    from truceline.workflow.orders import print_sheet

    found = print_sheet(case, at=moment_from(at or now(), "--at"), reader=reader, page=html)
    if as_json:
        print_json(found.as_dict())
    else:
        print_lines(found.lines())


def _say(
    action: Action,
    case: Path,
    order: str,
    *,
    by: str,
    key: Path,
    times: tuple[str | None, str | None, str | None],
    as_json: bool,
    reason: str | None = None,
) -> None:
    from truceline.workflow.desk_files import times_from
    from truceline.workflow.orders import say

    said, received, logged = times
    done = say(
        case,
        action,
        order,
        by=by,
        key_file=key,
        times=times_from(said or now(), received, logged),
        reason=reason,
    )
    if as_json:
        print_json(done.as_dict())
    else:
        print_lines(done.lines())
