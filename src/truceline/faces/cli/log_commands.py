"""``truceline log``: the evidence log that no side can rewrite."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from truceline.faces.cli import exits
from truceline.faces.cli.render import print_json, print_lines, print_problems

log_app = typer.Typer(
    name="log",
    help="Keep, witness and check an evidence log that no side can rewrite.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Argument(metavar="LOG", help="The folder of the log.")]
Code = Annotated[str, typer.Argument(metavar="CODE", help="Code of an entry, such as 17-0123456789ab.")]
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="File with the secret key.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where it goes. Default: stdout.")]
At = Annotated[
    datetime | None,
    typer.Option("--at", metavar="TIME", formats=["%Y-%m-%dT%H:%M:%SZ"], help="Time, in UTC. Default: now."),
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who it is from.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object, also for an error.")]


def _moment(at: datetime | None) -> datetime:
    """The time asked for, in UTC, or the machine's."""
    from truceline.workflow.evidence import moment_of

    return moment_of(at)


def _give(content: bytes, out: Path | None) -> None:
    """Write a file, or to stdout."""
    if out is None:
        sys.stdout.write(content.decode())
    else:
        out.write_bytes(content)


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
        now=_moment(at),
    )
    _give(signed.encode(), None)


@log_app.command()
def append(
    folder: Folder,
    records: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="One JSON object a line. Default: stdin.")
    ] = None,
    *,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="What they are, such as statement.")],
    held: Annotated[bool, typer.Option("--held", help="Show the names of the fields alone.")] = False,
    sealed: Annotated[bool, typer.Option("--sealed", help="Show nothing, not even the kind.")] = False,
    by: By = "",
    received: Annotated[str, typer.Option("--received", metavar="TIME", help="When they came in.")] = "",
    rests_on: Annotated[
        list[str] | None, typer.Option("--rests-on", metavar="CODE", help="An entry that they rest on.")
    ] = None,
    wait_s: Annotated[float, typer.Option("--wait-s", min=0, help="How long to queue for the log.")] = 60.0,
    at: At = None,
) -> None:
    """Log records in one batch, and print their codes once they are on the disk."""
    from truceline.workflow.evidence import append_records, read_records, telling

    with telling("stdin" if records is None else records, next_step="Give JSON in UTF-8, one object a line"):
        content = sys.stdin.buffer.read() if records is None else records.read_bytes()
        text = content.decode("utf-8")
    codes = append_records(
        folder,
        read_records(text, file="stdin" if records is None else str(records)),
        kind=kind,
        mode="sealed" if sealed else "held" if held else "plain",
        by=by,
        received=received,
        rests_on=rests_on or (),
        now=_moment(at),
        wait_s=wait_s,
    )
    print_lines(codes)


@log_app.command()
def checkpoint(
    folder: Folder,
    *,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="File with the log's secret key.")
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
        signed = make_checkpoint(folder, key=key, now=_moment(at))
    if add is not None:
        signed = add_cosignatures(folder, add, size=size)
    _give(witness_request(folder, request).encode() if request is not None else signed.encode(), out)


@log_app.command()
def prove(folder: Folder, code: Code, *, out: Out = None) -> None:
    """Prove that an entry is logged, in a file that anybody can check."""
    from truceline.workflow.evidence_check import prove_entry

    _give(prove_entry(folder, code).encode(), out)


@log_app.command()
def disclose(
    folder: Folder,
    code: Code,
    *,
    field: Annotated[list[str], typer.Option("--field", metavar="NAME", help="A held field to open.")],
    out: Out = None,
) -> None:
    """Open held fields of an entry, with the proof that they are what was logged."""
    from truceline.workflow.evidence_check import disclose_fields

    _give(disclose_fields(folder, code, field).encode(), out)


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

    print_lines([forget(folder, code, field, reason=reason, by=by, now=_moment(at))])


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

    _give(give_receipt(folder, code, key=key, due=_moment(due)), out)


@log_app.command()
def rekey(
    folder: Folder,
    *,
    key: Key,
    new: Annotated[Path, typer.Option("--new", metavar="FILE", help="File with the key that takes over.")],
    at: At = None,
) -> None:
    """Let another key take over; both sign the entry that says so."""
    from truceline.workflow.evidence import change_key

    print_lines([change_key(folder, key=key, new=new, now=_moment(at))])


@log_app.command()
def witness(
    source: Annotated[Path, typer.Argument(metavar="LOG", help="A log's folder, or a request in a file.")],
    *,
    key: Key,
    memory: Annotated[Path, typer.Option("--memory", metavar="DIR", help="What this witness saw last.")],
    log_key: Annotated[
        list[str], typer.Option("--log-key", metavar="KEY", help="Public key of a log, or its file.")
    ],
    evidence: Annotated[
        Path | None, typer.Option("--evidence", metavar="FILE", help="Where the proof of a fork goes.")
    ] = None,
    out: Out = None,
    at: At = None,
) -> None:
    """Cosign a log's last checkpoint, if it goes on from the one cosigned before."""
    from truceline.workflow.evidence_check import witness as cosign

    seen = cosign(source, memory=memory, key=key, logs=log_key, now=_moment(at), evidence=evidence)
    _give(seen.line.encode(), out)


Policy = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="Keys that are trusted (C2SP tlog-policy).")
]
Kept = Annotated[
    list[Path] | None, typer.Option("--checkpoint", metavar="FILE", help="A checkpoint kept from before.")
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since", metavar="TIME", formats=["%Y-%m-%dT%H:%M:%SZ"], help="A witness must have cosigned since."
    ),
]


@log_app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="LOG", help="A log's folder, or a proof in a file.")],
    *,
    policy: Policy = None,
    checkpoint: Kept = None,
    since: Since = None,
    as_json: JsonOption = False,
) -> None:
    """Check every byte of a log, or a proof: nothing altered, nothing missing, nothing strange.

    Ends with 9 where something does not hold.
    """
    from truceline.workflow.evidence_check import check_proof_file

    if folder.is_file():
        if policy is None:
            raise typer.BadParameter("a proof is checked with --policy")
        lines = check_proof_file(folder, policy=policy)
        print_json({"holds": True, "lines": lines}) if as_json else print_lines(lines)
        return
    _audit(folder, policy=policy, checkpoint=checkpoint, since=since, as_json=as_json, records=False)


@log_app.command()
def audit(
    folder: Folder,
    *,
    policy: Policy = None,
    checkpoint: Kept = None,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", metavar="LOG", help="A copy that somebody else was shown."),
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", metavar="FILE", help="Where the proof of a fork goes.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", metavar="FILE", help="Look whether this receipt was honoured.")
    ] = None,
    recompute: Annotated[
        Path | None,
        typer.Option("--recompute", metavar="CASE", help="Run the case again, and compare findings."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", envvar="TRUCELINE_DATA", help="Data for --recompute."),
    ] = None,
    since: Since = None,
    as_json: JsonOption = False,
) -> None:
    """Read every record too, and hold the log against what others were shown.

    Ends with 9 where something does not hold.
    """
    if receipt is not None:
        from truceline.workflow.evidence_check import show_withholding

        found = show_withholding(folder, receipt)
        if found is None:
            print_lines(["the receipt was honoured: the entry stands where it says"])
            return
        _give(found.encode(), evidence)
        raise typer.Exit(exits.EVIDENCE)
    _audit(
        folder, policy=policy, checkpoint=checkpoint, since=since, as_json=as_json, records=True,
        against=against, evidence=evidence,
    )  # fmt: skip
    if recompute is not None:
        from truceline.workflow.recompute import recompute as run

        outcome = run(folder, case_folder=recompute, data=data)
        print_lines(outcome.lines())
        if outcome.problems:
            print_problems(outcome.problems, heading=exits.EXIT_CODES[exits.EVIDENCE])
            raise typer.Exit(exits.EVIDENCE)


def _audit(
    folder: Path,
    *,
    policy: Path | None,
    checkpoint: list[Path] | None,
    since: datetime | None,
    as_json: bool,
    records: bool,
    against: list[Path] | None = None,
    evidence: Path | None = None,
) -> None:
    """Audit, say what was found, end with 9 where something does not hold."""
    from truceline.workflow.evidence_check import audit_log

    found = audit_log(
        folder, policy=policy, checkpoints=checkpoint or (), against=against or (), records=records,
        since=_moment(since) if since is not None else None,
    )  # fmt: skip
    if found.fork is not None and evidence is not None:
        evidence.write_bytes(found.fork.encode())
    if as_json:
        print_json(found.as_dict())
    else:
        print_lines(found.lines())
        if found.problems:
            print_problems(found.problems, heading=exits.EXIT_CODES[exits.EVIDENCE])
    if found.problems:
        raise typer.Exit(exits.EVIDENCE)


@log_app.command()
def export(
    folder: Folder,
    to: Annotated[Path, typer.Argument(metavar="DIR", help="Where the copy goes.")],
    *,
    backup: Annotated[
        bool, typer.Option("--backup", help="With what is held apart: as secret as the log itself.")
    ] = False,
) -> None:
    """Copy a log: to publish, with all that is needed to check it; or as a backup."""
    from truceline.workflow.evidence_check import export_log

    names = export_log(folder, to, held=backup)
    print_lines([f"{to}: {len(names)} files"])
