"""``truceline log``: prove, witness, check and copy an evidence log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.faces.cli import exits
from truceline.faces.cli.log_options import At, Authority, Code, Folder, JsonOption, Key, Out, give, moment
from truceline.faces.cli.render import print_json, print_lines, print_problems

if TYPE_CHECKING:
    from truceline.workflow.recompute import RecomputeOutcome


def prove(folder: Folder, code: Code, *, out: Out = None) -> None:
    """Prove that an entry is logged, in a file that anybody can check."""
    from truceline.workflow.evidence_check import prove_entry

    give(prove_entry(folder, code).encode(), out)


def disclose(
    folder: Folder,
    code: Code,
    *,
    field: Annotated[list[str], typer.Option("--field", metavar="NAME", help="A held field to open.")],
    out: Out = None,
) -> None:
    """Open held fields of an entry, with the proof that they are what was logged."""
    from truceline.workflow.evidence_check import disclose_fields

    give(disclose_fields(folder, code, field).encode(), out)


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

    seen = cosign(source, memory=memory, key=key, logs=log_key, now=moment(at), evidence=evidence)
    give(seen.line.encode(), out)


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


def verify(
    folder: Annotated[Path, typer.Argument(metavar="LOG", help="A log's folder, or a proof in a file.")],
    *,
    policy: Policy = None,
    checkpoint: Kept = None,
    since: Since = None,
    authority: Authority = None,
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
    _audit(
        folder, policy=policy, checkpoint=checkpoint, since=since, authority=authority, as_json=as_json,
        records=False,
    )  # fmt: skip


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
    run_id: Annotated[
        str | None,
        typer.Option("--run", metavar="ID", help="With --recompute: which run. Default: the last one."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", envvar="TRUCELINE_DATA", help="Data for --recompute."),
    ] = None,
    when: Annotated[
        str | None, typer.Option("--when", metavar="CODE", help="Say what bounds the time of this entry.")
    ] = None,
    since: Since = None,
    authority: Authority = None,
    as_json: JsonOption = False,
) -> None:
    """Read every record too, and hold the log against what others were shown.

    Ends with 9 where something does not hold.
    """
    if receipt is not None:
        from truceline.workflow.evidence_receipt import show_withholding

        found = show_withholding(folder, receipt)
        if found is None:
            print_lines(["the receipt was honoured: the entry stands where it says"])
            return
        give(found.encode(), evidence)
        raise typer.Exit(exits.EVIDENCE)
    if recompute is None and run_id is not None:
        raise typer.BadParameter("--run says which run is repeated: give --recompute too")
    _audit(
        folder, policy=policy, checkpoint=checkpoint, since=since, authority=authority, as_json=as_json,
        records=True, against=against, evidence=evidence, when=when,
        again=partial(_repeat, folder, recompute, data, run_id) if recompute is not None else None,
    )  # fmt: skip


def _repeat(folder: Path, case: Path, data: Path | None, run_id: str | None) -> RecomputeOutcome:
    from truceline.workflow.recompute import recompute  # slow to import, and few ask for it

    return recompute(folder, case_folder=case, data=data, run_id=run_id)


def _audit(
    folder: Path,
    *,
    policy: Path | None,
    checkpoint: list[Path] | None,
    since: datetime | None,
    authority: list[Path] | None,
    as_json: bool,
    records: bool,
    against: list[Path] | None = None,
    evidence: Path | None = None,
    when: str | None = None,
    again: Callable[[], RecomputeOutcome] | None = None,
) -> None:
    """Audit, run ``again`` what a sound log tells of, say what was found, end with 9 where something does not hold."""
    from truceline.workflow.evidence_check import audit_log
    from truceline.workflow.evidence_time import tell_bounds

    found = audit_log(
        folder, policy=policy, checkpoints=checkpoint or (), against=against or (), records=records,
        since=moment(since) if since is not None else None, authorities=authority or (), now=moment(None),
    )  # fmt: skip
    bounds = tell_bounds(folder, when, stamps=found.stamps.held) if when is not None else []
    if found.fork is not None and evidence is not None:
        evidence.write_bytes(found.fork.encode())
    if not as_json:
        print_lines([*found.lines(), *bounds])
    repeated = again() if again is not None and not found.problems else None
    problems = [*found.problems, *(repeated.problems if repeated is not None else ())]
    if as_json:
        told = {"repeated": repeated} if again is not None else {}
        print_json({**found.as_dict(), **({"bounds": bounds} if when is not None else {}), **told})
    else:
        print_lines(repeated.lines() if repeated is not None else [])
        if problems:
            print_problems(problems, heading=exits.EXIT_CODES[exits.EVIDENCE])
    if problems:
        raise typer.Exit(exits.EVIDENCE)


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


def restore(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="A backup, or a copy that was published.")],
    folder: Annotated[Path, typer.Argument(metavar="LOG", help="Where the log goes: absent, or empty.")],
) -> None:
    """Put a backup back where a log was lost; the next append goes on.

    Every byte is checked while it is copied. What is not sound is not put back: it ends with 9.
    """
    from truceline.workflow.evidence_check import restore_log

    print_lines(restore_log(backup, folder))
