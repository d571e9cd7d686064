"""The ``truceline`` command: reads its arguments, calls a verb of the workflow, prints the result.

Heavy modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typer.exceptions import Abort, TyperException

from truceline import __version__
from truceline.base.errors import TrucelineError
from truceline.base.language import LANGUAGES, _, digits, ngettext, pgettext, speak
from truceline.faces.cli import exits
from truceline.faces.cli.declarations_commands import declarations, inspect_plan
from truceline.faces.cli.export import export
from truceline.faces.cli.fuse_command import fuse, score
from truceline.faces.cli.land_commands import allegations, corridors, enclosure, land, line_proposal
from truceline.faces.cli.log_commands import log_app
from truceline.faces.cli.new_command import new
from truceline.faces.cli.orders_commands import orders
from truceline.faces.cli.progress import progress_bars
from truceline.faces.cli.render import (
    plain,
    print_error,
    print_json,
    print_lines,
    print_problems,
    print_sources,
    print_warning,
)
from truceline.faces.cli.simulate import simulate
from truceline.faces.cli.talks_commands import talks
from truceline.faces.cli.terms_commands import check, diff, replay

if TYPE_CHECKING:
    from truceline.workflow.verify import VerifyOutcome

app = typer.Typer(
    name="truceline",
    help="Verify a ceasefire from open evidence, and say what cannot be known.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

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


def _speak(chosen: str | None) -> str | None:
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
        callback=_speak,
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
        help="File with the secret key that signs the result's evidence log.",
    ),
]
NoPdfOption = Annotated[bool, typer.Option("--no-pdf", help="Write the report as HTML alone.")]


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
        typer.Option("--language", envvar="TRUCELINE_LANGUAGE", callback=_speak, is_eager=True, hidden=True),
    ] = None,
) -> None:
    """Verify a ceasefire from open evidence, and say what cannot be known."""


@app.command()
def verify(
    case: CaseArgument,
    *,
    data: DataOption = None,
    out: OutOption = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    no_pdf: NoPdfOption = False,
    language: LanguageOption = None,
    edition: EditionOption = None,
    register: RegisterOption = None,
    log_key: LogKeyOption = None,
) -> None:
    """Judge every obligation of a case, and write the report."""
    from truceline.workflow.verify import verify as run

    folder = out or Path("out") / case.resolve().name
    with progress_bars(wanted=not quiet and not as_json) as progress:
        outcome = run(
            case,
            data=data,
            out=folder,
            seed=seed,
            pdf=not no_pdf,
            language=language,
            edition=edition,
            register=register,
            log_key=log_key,
            progress=progress,
        )
    _show_outcome(outcome, as_json=as_json, quiet=quiet)


@app.command()
def demo(
    *,
    scenario: Annotated[
        Path | None,
        typer.Option(
            "--scenario",
            metavar="FILE",
            help="Which truce to play, such as cases/demo/scenario.yaml. Default: the same one.",
        ),
    ] = None,
    seed: SeedOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    no_pdf: NoPdfOption = False,
    language: LanguageOption = None,
) -> None:
    """Simulate a truce on an invented coast, and verify it. Needs no data."""
    from truceline.workflow.demo import run_demo

    folder = out or Path("out") / "demo"
    with progress_bars(wanted=not quiet and not as_json) as progress:
        outcome = run_demo(
            folder, seed=seed, scenario_file=scenario, pdf=not no_pdf, language=language, progress=progress
        )
    _show_outcome(outcome, as_json=as_json, quiet=quiet)


app.command()(new)


@app.command()
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


@app.command()
def explain(
    finding: Annotated[
        str, typer.Argument(metavar="FINDING", help="Id of a finding, such as fnd-…, or its beginning.")
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder of a result.")],
    data: DataOption = None,
    case: Annotated[
        Path | None,
        typer.Option(
            "--case",
            metavar="DIR",
            help="The case's folder: rows of its own files, and how each file is read.",
        ),
    ] = None,
    as_json: JsonOption = False,
    language: LanguageOption = None,  # noqa: ARG001 - its callback speaks it
) -> None:
    """Take one finding apart, down to rows of files.

    The rows themselves are printed where --data or --case has them.
    """
    from truceline.workflow.explain import explain as take_apart

    explanation = take_apart(out, finding, data=data, case=case)
    if as_json:
        print_json(explanation.as_dict())
    else:
        print_lines(explanation.lines())


@app.command()
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

    The only command that uses the network.
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


app.command()(export)
app.command()(fuse)
app.command()(simulate)
app.command()(score)
app.command()(check)
app.command()(diff)
app.command()(replay)
app.command()(enclosure)
app.command()(land)
app.command()(corridors)
app.command()(allegations)
app.command("line-proposal")(line_proposal)
app.command("inspect-plan")(inspect_plan)
app.add_typer(orders)
app.add_typer(declarations)
app.add_typer(log_app)
app.add_typer(talks)


@app.command()
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


def _show_outcome(outcome: VerifyOutcome, *, as_json: bool, quiet: bool) -> None:
    results = outcome.results
    speak(results.language)
    if as_json:
        print_json(
            {
                "case": results.case_id,
                "run_id": results.run_id,
                "out": outcome.out,
                "report_html": outcome.report_html,
                "report_pdf": outcome.report_pdf,
                "findings": outcome.findings,
                "summary": results.summary,
                "sources_absent": [s.source_id for s in results.sources if s.state == "absent"],
                "sources_unusable": [s.source_id for s in results.sources if s.state == "unusable"],
                "source_problems": [p for s in results.sources if s.state != "absent" for p in s.problems],
                "rows_quarantined": results.rows_quarantined,
                "copies": {s.source_id: s.copies for s in results.sources if s.copies is not None},
                "changed_files": outcome.changed_files,
                "language": results.language,
                "words": outcome.words,
                "register_begun": outcome.register_begun,
            }
        )
        return
    if outcome.changed_files:
        print_problems(outcome.changed_files, heading=_("Files changed since the last result in this folder"))
    if outcome.register_begun is not None:  # told even to the quiet: nobody can take a release back
        print_warning(_("A register of what is released begins here: {path}. If anything of this case was released before, publish nothing of this run: repeat it with --register and the register of that release, or whoever compares the two may find what was withheld.").format(path=outcome.register_begun))  # fmt: skip
    unusable = [source for source in results.sources if source.state == "unusable"]
    if unusable:
        heading = _("Sources that could not be used: {sources}").format(
            sources=", ".join(source.source_id for source in unusable)
        )
        print_problems([problem for source in unusable for problem in source.problems], heading=heading)
    if quiet:
        print_lines([str(outcome.report_html)])
        return
    absent = [source.source_id for source in results.sources if source.state == "absent"]
    noted = [p for source in results.sources if source.state == "read" for p in source.problems]
    if noted:
        print_problems(noted, heading=_("Noted while reading"))
    if outcome.words:
        print_problems(outcome.words, heading=_("Noted about the words of the case"))
    print_lines([results.title, *(f"  - {sentence}" for sentence in results.summary), ""])
    for name, text in _places_of(outcome, absent):
        print_lines([f"{name:<18} {text}"])


def _places_of(outcome: VerifyOutcome, absent: list[str]) -> list[tuple[str, str]]:
    """Where everything lies: a name in the language in force, and the path."""
    from truceline.workflow.copies import copies_text

    results = outcome.results
    lines = [(_("sources absent"), ", ".join(absent))] if absent else []
    if results.rows_quarantined and (outcome.out / "quarantine.jsonl").exists():
        codes = Counter(problem.code for problem in results.quarantined)
        why = ", ".join(f"{code} ×{n}" for code, n in sorted(codes.items()))
        number = digits(str(results.rows_quarantined))
        lines.append((_("rows quarantined"), f"{number} ({why}): {outcome.out / 'quarantine.jsonl'}"))
    for source in results.sources:
        if text := copies_text(source.copies):
            lines.append((_("copies"), f"{source.source_id}: {text}"))
    lines.append((pgettext("label", "report"), str(outcome.report_html)))
    if outcome.report_pdf is not None:
        lines.append((_("on paper"), str(outcome.report_pdf)))
    lines.append((_("findings"), str(outcome.findings)))
    return lines


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
