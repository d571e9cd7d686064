"""``truceline talks``: statements read, kept, corrected, and proposed to a case."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from truceline.base.language import _
from truceline.faces.cli.clock import now
from truceline.faces.cli.options import JsonOption
from truceline.faces.cli.render import print_json, print_lines, print_problems

talks = typer.Typer(
    name="talks",
    help="Statements: who said what, on which issue, on what condition, and where accounts differ.",
    rich_markup_mode=None,
    add_completion=False,
)

OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the result goes.")]
CaseOption = Annotated[
    Path, typer.Option("--case", metavar="DIR", help="The case's folder.", exists=True, file_okay=False)
]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this.")]
WhyOption = Annotated[str, typer.Option("--why", metavar="REASON", help="Why.")]
OutFolder = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="What `truceline talks read` wrote.", exists=True, file_okay=False),
]


@talks.command()
def read(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Reports: plain text, HTML, JSON lists, RSS or Atom, tables of posts."
        ),
    ],
    *,
    out: OutOption,
    case: Annotated[
        Path | None,
        typer.Option("--case", metavar="DIR", help="A case with speakers.yaml, or that file.", exists=True),
    ] = None,
    published: Annotated[
        datetime | None,
        typer.Option(
            "--published", metavar="DATE", formats=["%Y-%m-%d"], help="Day of documents that name none."
        ),
    ] = None,
    speaker: Annotated[
        str | None,
        typer.Option(
            "--speaker", metavar="ID", help="Whose own words the files are: communiqués, a channel."
        ),
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            "--extractor",
            metavar="URL|chat:URL#MODEL|COMMAND",
            help="Also ask a program or a model server of your own; the texts are sent to it. Its statements are marked.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read reports into statements, and write views of them. Nothing in a text is followed or run."""
    from truceline.workflow.talks import read_talks

    outcome = read_talks(
        files, out=out, case=case, published=published.date() if published else None, speaker=speaker, extractor=extractor
    )  # fmt: skip
    if as_json:
        print_json(outcome.as_dict())
        return
    print_lines(outcome.lines())
    if outcome.problems:
        print_problems(outcome.problems, heading=_("Remarks"))


@talks.command()
def keep(folder: OutFolder, *, case: CaseOption, by: ByOption, as_json: JsonOption = False) -> None:
    """Put the statements of a reading into the case's register, which only grows."""
    from truceline.workflow.talks_register import keep_talks

    _show(keep_talks(folder, case=case, by=by, at=now()), as_json=as_json)


@talks.command()
def correct(
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="Id of a statement, such as st-….")],
    *,
    case: CaseOption,
    field: Annotated[
        str,
        typer.Option(
            "--field",
            metavar="NAME",
            help="speaker, party, issue, stance, status, condition, said_on or withdrawn.",
        ),
    ],
    to: Annotated[str, typer.Option("--to", metavar="VALUE", help="What it is.")],
    by: ByOption,
    why: WhyOption,
    as_json: JsonOption = False,
) -> None:
    """Put a person's reading of a statement beside the machine's; both are kept."""
    from truceline.workflow.talks_register import correct_statement

    _show(correct_statement(case, statement, field=field, to=to, by=by, why=why, at=now()), as_json=as_json)


@talks.command()
def register(*, case: CaseOption) -> None:
    """Show what the case's register holds, as JSON."""
    from truceline.workflow.talks_register import show_register

    print_json(show_register(case))


@talks.command()
def report(
    case: Annotated[
        Path, typer.Argument(metavar="CASE", help="The case's folder.", exists=True, file_okay=False)
    ],
    *,
    out: OutOption,
    confidential: Annotated[
        bool,
        typer.Option(
            "--confidential", help="Also show the confidential notes, in a folder that only you may read."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write views of the case's register: brief, questions, accounts, days, with each correction beside the reading."""
    from truceline.workflow.talks_register import report_register

    _show(report_register(case, out=out, confidential=confidential), as_json=as_json)


@talks.command(
    "accept", help="Accept a proposal: a position, a claim or a clock goes into the case, with who and why."
)
@talks.command("decline", help="Decline a proposal, or take back an acceptance; the register keeps both.")
def decide(
    context: typer.Context,
    folder: OutFolder,
    proposal: Annotated[str, typer.Argument(metavar="PROPOSAL", help="Id of a proposal, such as prop-….")],
    *,
    case: CaseOption,
    by: ByOption,
    why: WhyOption,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="On accepting: what the text leaves open. Of a claim: accused, measure, act, unit, area, start, stop. Of a clock: party, start, stop, version_of.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a person's decision on a proposal: two commands, one way."""
    from truceline.workflow.talks_register import decide_proposal

    outcome = decide_proposal(
        folder, proposal, case=case, accept=context.info_name == "accept", settings=_settings(settings or []), by=by, why=why, at=now()
    )  # fmt: skip
    _show(outcome, as_json=as_json)


def _settings(pairs: list[str]) -> dict[str, str]:
    """``FIELD=VALUE`` of each option."""
    wrong = [pair for pair in pairs if not pair.partition("=")[2].strip()]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is not FIELD=VALUE", param_hint="--set")
    return {field.strip(): value.strip() for field, _, value in (pair.partition("=") for pair in pairs)}


@talks.command()
def note(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Text of the note.", exists=True, dir_okay=False)
    ],
    *,
    case: CaseOption,
    by: ByOption,
    source: Annotated[str, typer.Option("--source", metavar="WORDS", help="Whom it is from.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Keep a confidential note apart from the register; no view reads it."""
    from truceline.workflow.talks_register import note_confidential

    text = file.read_text(encoding="utf-8", errors="replace")
    _show(note_confidential(case, text, source=source, by=by, at=now()), as_json=as_json)


def _show(outcome: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(outcome)
    else:
        print_lines(f"{key:<18} {value}" for key, value in outcome.items())
