"""``truceline log``: keep an evidence log that no side can rewrite."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from truceline.faces.cli.log_check_commands import audit, disclose, export, prove, restore, verify, witness
from truceline.faces.cli.log_options import (
    At,
    Authority,
    By,
    Code,
    Folder,
    Key,
    Out,
    give,
    moment,
    warn_if_open,
)
from truceline.faces.cli.render import print_lines

log_app = typer.Typer(
    name="log",
    help="Keep, witness and check an evidence log that no side can rewrite.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@log_app.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the secret key goes.")],
    *,
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Whose key, such as mission.example/log.")
    ],
    witness: Annotated[bool, typer.Option("--witness", help="A key that cosigns.")] = False,
) -> None:
    """Make a secret key, and print the public one."""
    from truceline.workflow.evidence import make_key

    print_lines([make_key(file, name, witness=witness).text()])


@log_app.command()
def init(
    folder: Folder,
    *,
    key: Key,
    witness: Annotated[
        list[str] | None,
        typer.Option("--witness", metavar="KEY", help="Public key of a witness, or its file."),
    ] = None,
    quorum: Annotated[int, typer.Option("--quorum", min=0, help="How many must have cosigned.")] = 0,
    batch: Annotated[
        int, typer.Option("--batch", min=0, help="Pad checkpoints to a multiple of so many entries.")
    ] = 0,
    period_s: Annotated[
        int, typer.Option("--period-s", min=0, help="Longest time between checkpoints, in seconds.")
    ] = 0,
    at: At = None,
) -> None:
    """Begin a log; its name is that of the key."""
    from truceline.workflow.evidence import init_log

    signed = init_log(
        folder,
        key=key,
        witnesses=witness or (),
        quorum=quorum,
        batch=batch,
        period_s=period_s,
        now=moment(at),
    )
    give(signed.encode(), None)


@log_app.command()
def append(
    folder: Folder,
    records: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="One JSON object a line. Default: stdin.")
    ] = None,
    *,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="What they are, such as statement.")
    ] = None,
    from_case: Annotated[
        Path | None,
        typer.Option(
            "--from-case",
            metavar="CASE",
            help="Take in what the case's registers hold and the log does not yet.",
        ),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="WHO", help="With --from-case: mission, or a party's id (its own alone)."
        ),
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Show everything. The default, but with --from-case.")
    ] = False,
    held: Annotated[bool, typer.Option("--held", help="Show the names of the fields alone.")] = False,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Show nothing, not even the kind. The default with --from-case.")
    ] = False,
    by: By = "",
    received: Annotated[str, typer.Option("--received", metavar="TIME", help="When they came in.")] = "",
    rests_on: Annotated[
        list[str] | None, typer.Option("--rests-on", metavar="CODE", help="An entry that they rest on.")
    ] = None,
    wait_s: Annotated[float, typer.Option("--wait-s", min=0, help="How long to queue for the log.")] = 60.0,
    at: At = None,
) -> None:
    """Log records in one batch, and print their codes once they are on the disk.

    With --from-case: orders, acknowledgements, declarations, statements and the like, each once however often
    this is run.
    """
    from truceline.workflow.evidence import append_records, read_records, telling

    if (kind is None) == (from_case is None):
        raise typer.BadParameter("give --kind and records, or --from-case")
    if from_case is not None and (records is not None or by or received or rests_on):
        raise typer.BadParameter(
            "with --from-case, records, --by, --received and --rests-on come from the case"
        )
    if from_case is None and reader is not None:
        raise typer.BadParameter("--for says whose records of a case are meant: give --from-case too")
    if plain + held + sealed > 1:
        raise typer.BadParameter("give one of --plain, --held and --sealed")
    mode = "plain" if plain else "sealed" if sealed else "held" if held else ""
    if from_case is not None:
        from truceline.workflow.case_records import append_case, read_case_records

        found = read_case_records(from_case, reader=reader)
        taken = append_case(
            folder,
            found.records,
            put_aside=found.put_aside,
            mode=mode or "sealed",
            now=moment(at),
            wait_s=wait_s,
        )
        print_lines(taken.lines())
        return
    with telling("stdin" if records is None else records, next_step="Give JSON in UTF-8, one object a line"):
        content = sys.stdin.buffer.read() if records is None else records.read_bytes()
        text = content.decode("utf-8")
    codes = append_records(
        folder,
        read_records(text, file="stdin" if records is None else str(records)),
        kind=kind or "",
        mode=mode or "plain",
        by=by,
        received=received,
        rests_on=rests_on or (),
        now=moment(at),
        wait_s=wait_s,
    )
    print_lines(codes)


@log_app.command()
def checkpoint(
    folder: Folder,
    *,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", callback=warn_if_open, help="File with the log's secret key."),
    ] = None,
    add: Annotated[
        list[Path] | None, typer.Option("--add", metavar="FILE", help="Signature lines of a witness.")
    ] = None,
    size: Annotated[
        int | None, typer.Option("--size", help="Checkpoint that --add is for. Default: the last one.")
    ] = None,
    request: Annotated[
        int | None,
        typer.Option("--request", metavar="SIZE", help="Print what a witness needs that saw SIZE last."),
    ] = None,
    out: Out = None,
    at: At = None,
) -> None:
    """Sign what the log has now; or put cosignatures under it; or ask for them.

    With --key: who did not cosign the last checkpoint is logged, the log is padded, and signed.
    """
    from truceline.workflow.evidence import add_cosignatures, make_checkpoint
    from truceline.workflow.evidence_check import witness_request

    if key is None and add is None and request is None:
        raise typer.BadParameter("give --key, --add or --request")
    if key is not None:
        signed = make_checkpoint(folder, key=key, now=moment(at))
    if add is not None:
        signed = add_cosignatures(folder, add, size=size)
    give(witness_request(folder, request).encode() if request is not None else signed.encode(), out)


@log_app.command()
def redact(
    folder: Folder,
    code: Code,
    *,
    field: Annotated[list[str], typer.Option("--field", metavar="NAME", help="A held field to forget.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; this is logged.")],
    by: By = "",
    at: At = None,
) -> None:
    """Forget held fields of an entry for good; their commitments stay."""
    from truceline.workflow.evidence import redact as forget

    print_lines([forget(folder, code, field, reason=reason, by=by, now=moment(at))])


@log_app.command()
def receipt(
    folder: Folder,
    code: Code,
    *,
    key: Key,
    due: Annotated[
        datetime,
        typer.Option("--due", metavar="TIME", formats=["%Y-%m-%dT%H:%M:%SZ"], help="By when, in UTC."),
    ],
    out: Out = None,
) -> None:
    """Sign that an entry will be under a checkpoint: whoever hands it in can prove it if it is not."""
    from truceline.workflow.evidence import give_receipt

    give(give_receipt(folder, code, key=key, due=moment(due)), out)


@log_app.command()
def rekey(
    folder: Folder,
    *,
    key: Key,
    new: Annotated[
        Path,
        typer.Option(
            "--new", metavar="FILE", callback=warn_if_open, help="File with the key that takes over."
        ),
    ],
    at: At = None,
) -> None:
    """Let another key take over; both sign the entry that says so."""
    from truceline.workflow.evidence import change_key

    print_lines([change_key(folder, key=key, new=new, now=moment(at))])


@log_app.command()
def stamp(
    folder: Folder,
    *,
    request: Annotated[
        Path | None, typer.Option("--request", metavar="FILE", help="The request: written, or with --reply read.")
    ] = None,
    reply: Annotated[
        Path | None, typer.Option("--reply", metavar="FILE", help="The authority's answer to --request.")
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Ask the authority there, over the network.")
    ] = None,
    authority: Authority = None,
    size: Annotated[
        int | None, typer.Option("--size", help="Checkpoint that it is for. Default: the last one.")
    ] = None,
    at: At = None,
) -> None:  # fmt: skip
    """Let a time-stamp authority (RFC 3161) sign when a checkpoint was there.

    With --request alone: write the request, which you send to the authority. With --reply too: check its
    answer, keep it in stamps/, and log it. With --url: all of that at once.
    """
    from truceline.workflow import evidence_time

    if (request is None) == (url is None) or (reply is not None and request is None):
        raise typer.BadParameter("give --request, --request and --reply, or --url")
    if (reply is not None or url is not None) and not authority:
        raise typer.BadParameter("an answer is checked with --authority: certificates of who is trusted")
    if request is not None and reply is None:
        evidence_time.write_request(folder, request, size=size)
        return
    kept = evidence_time.stamp_log(
        folder, request=request, reply=reply, url=url, authorities=authority or (), now=moment(at), size=size
    )
    print_lines(kept.lines())


for command in (prove, disclose, witness, verify, audit, export, restore):
    log_app.command()(command)
