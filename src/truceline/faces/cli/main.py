"""The ``truceline`` command: reads its arguments, calls a verb of the workflow, prints the result.

Heavy modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.exceptions import Abort, TyperException

from truceline import __version__
from truceline.base.errors import TrucelineError
from truceline.base.language import _, ngettext, speak
from truceline.faces.cli import exits
from truceline.faces.cli.declarations_commands import declarations, inspect_plan
from truceline.faces.cli.export_command import export
from truceline.faces.cli.fuse_command import fuse, score
from truceline.faces.cli.land_commands import allegations, corridors, enclosure, land, line_proposal
from truceline.faces.cli.log_commands import log_app
from truceline.faces.cli.new_command import new
from truceline.faces.cli.options import speak_asked
from truceline.faces.cli.orders_commands import orders
from truceline.faces.cli.render import (
    print_error,
    print_lines,
)
from truceline.faces.cli.simulate_command import simulate
from truceline.faces.cli.sources_commands import fetch, plugins, sources
from truceline.faces.cli.talks_commands import talks
from truceline.faces.cli.terms_commands import check, diff, replay
from truceline.faces.cli.verify_commands import demo, explain, verify

app = typer.Typer(
    name="truceline",
    help="Verify a ceasefire from open evidence, and say what cannot be known.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print_lines([f"truceline {__version__}"])
        raise typer.Exit


@app.callback()
def truceline(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    language: Annotated[  # its callback speaks it: for commands that have no such option too
        str | None,
        typer.Option(
            "--language", envvar="TRUCELINE_LANGUAGE", callback=speak_asked, is_eager=True, hidden=True
        ),
    ] = None,
) -> None:
    """Verify a ceasefire from open evidence, and say what cannot be known."""


COMMANDS: dict[str, Callable[..., None]] = {
    "verify": verify, "demo": demo, "new": new, "sources": sources, "explain": explain, "fetch": fetch,
    "export": export, "fuse": fuse, "simulate": simulate, "score": score, "check": check, "diff": diff,
    "replay": replay, "enclosure": enclosure, "land": land, "corridors": corridors, "allegations": allegations,
    "line-proposal": line_proposal, "inspect-plan": inspect_plan, "plugins": plugins,
}  # fmt: skip
for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(orders)
app.add_typer(declarations)
app.add_typer(log_app)
app.add_typer(talks)


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    # an exception, so that whatever is half written is removed on the way out
    raise SystemExit(exits.ENDED)


def run(arguments: list[str]) -> int:
    """Run the command with ``arguments``; returns the exit code, prints whatever is to be said."""
    as_json = "--json" in arguments
    try:
        result = app(args=arguments or ["--help"], prog_name="truceline", standalone_mode=False)
        code = result if isinstance(result, int) else exits.DONE
        if code == exits.INTERRUPTED:  # Typer turns Ctrl-C into a code without a word
            raise KeyboardInterrupt
        return code
    except TyperException as error:
        message = f"truceline: {error.format_message()} See truceline --help."
        print_error(message, exit_code=exits.USAGE, as_json=as_json)
        return exits.USAGE
    except (Abort, KeyboardInterrupt):
        print_error(
            _("interrupted; nothing half-written is left"), exit_code=exits.INTERRUPTED, as_json=as_json
        )
        return exits.INTERRUPTED
    except TrucelineError as error:
        found = len(error.problems)
        message = _(exits.EXIT_CODES[error.exit_code])
        number = ngettext("{n} problem:", "{n} problems:", found).format(n=found)
        heading = f"{message} {number}"
        print_error(heading, exit_code=error.exit_code, problems=error.problems, as_json=as_json)
        return error.exit_code
    except BrokenPipeError:
        # the reader (such as `head`) has seen enough; keep the interpreter from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.DONE
    except Exception as error:
        traceback.print_exc()
        fault = f"{type(error).__name__}: {error}"
        message = _("unexpected {fault}. This is a fault of Truceline.").format(fault=fault)
        print_error(message, exit_code=exits.UNEXPECTED, as_json=as_json)
        return exits.UNEXPECTED
    finally:
        speak(None)


def main() -> NoReturn:
    """Entry point."""
    signal.signal(signal.SIGTERM, _end)
    sys.exit(run(sys.argv[1:]))
