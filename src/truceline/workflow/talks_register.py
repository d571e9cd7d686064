"""``talks``, the register of a case: keep readings, correct them, decide on proposals, keep notes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from truceline import __version__
from truceline.base.errors import CallError, CaseError, OutputError, Problem
from truceline.reports.talks import render_talks
from truceline.store.folder import MARKER, OutputFolder
from truceline.talks.accepted import write_accepted
from truceline.talks.documents import digest_text
from truceline.talks.propose import decide
from truceline.talks.recorded import recall
from truceline.talks.register import (
    correct,
    current_statements,
    keep_reading,
    note,
    read_register,
    register_path,
)
from truceline.talks.speakers import read_speakers
from truceline.talks.views import build_views, quotation, told_event
from truceline.terms.truce import read_draft
from truceline.workflow.accepted import refuse_unknown
from truceline.workflow.talks import (
    DOCUMENTS,
    EVENTS,
    PAGE,
    PROPOSALS,
    STATEMENTS,
    VIEWS,
    file_digests,
    write_json,
    write_marker,
)


def _load(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(
            Problem(
                code="result_unreadable",
                message=str(error),
                file=str(folder / name),
                next_step="Give the folder that `truceline talks read` wrote",
            )
        ) from error


def _refuse_altered(folder: Path) -> None:
    """Refuse a reading whose texts or statements are not those that were read.

    Raises
    ------
    OutputError
        ``result_unreadable`` where a file or a text lacks or has another digest, or does not hold a statement's words.
    """
    written = _load(folder, MARKER).get("files")
    if not written:
        raise _altered(folder / MARKER, "it does not say what the reading's files held")
    now = file_digests(folder)
    changed = sorted(name for name in written if now.get(name) != written[name])
    if changed:
        raise _altered(folder / changed[0], "the file is not as `truceline talks read` wrote it: what a person reads otherwise is a correction")  # fmt: skip
    texts: dict[str, str] = {}
    for row in _load(folder, DOCUMENTS):
        path = folder / "texts" / f"{row['document_id']}.txt"
        try:
            text = path.read_bytes().decode("utf-8", "surrogatepass")
        except (OSError, ValueError) as error:
            raise _altered(path, str(error)) from error
        if digest_text(text) != row["digest"]:
            raise _altered(path, "the text is not the one that was read")
        texts[row["document_id"]] = text
    for one in _load(folder, STATEMENTS):
        start, stop = one["span"]
        if texts.get(one["document_id"], "")[start:stop] != one["text"]:
            raise _altered(folder / STATEMENTS, f"{one['statement_id']} says what its text does not")


def _altered(path: Path, message: str) -> OutputError:
    return OutputError(
        Problem(code="result_unreadable", message=message, file=str(path), next_step="Read the texts again with `truceline talks read`, keep that, and put what differs beside it with `truceline talks correct`")
    )  # fmt: skip


def keep_talks(folder: Path, *, case: Path, by: str, at: str) -> dict[str, Any]:
    """Put the statements of a reading into the case's register."""
    if not by.strip():
        raise CallError(
            Problem(code="value_missing", message="a register says who keeps a reading", expected="--by NAME", next_step="Give a name")
        )  # fmt: skip
    _refuse_altered(folder)
    copy_of = {
        name: group["document_ids"][0]
        for group in _load(folder, VIEWS)["copies"]
        for name in group["document_ids"]
    }
    documents = [
        {
            **{
                name: value
                for name, value in row.items()
                if name not in ("paragraphs", "position", "remarks", "set_aside")
            },
            "copy_of": copy_of.get(row["document_id"]),
        }
        for row in _load(folder, DOCUMENTS)
    ]
    register, added = keep_reading(
        read_register(register_path(case)),
        _load(folder, STATEMENTS),
        documents=documents,
        events=_load(folder, EVENTS),
        by=by,
        at=at,
        version=__version__,
    )
    return {
        "register": str(register.path),
        "added": added,
        "lines": len(register.lines),
        "head": register.head,
    }


def correct_statement(
    case: Path, statement_id: str, *, field: str, to: str, by: str, why: str, at: str
) -> dict[str, Any]:
    """Put a correction beside the machine's reading; another speaker of the case brings the own party along."""
    speaker = read_speakers(case).by_id.get(to) if field == "speaker" else None
    register = correct(
        read_register(register_path(case)), statement_id, field=field, to=to, by=by, why=why, at=at
    )
    if speaker is not None:
        register = correct(register, statement_id, field="party", to=speaker.party or "", by=by, why=why, at=at)  # fmt: skip
    write_accepted(case, register)
    return {"register": str(register.path), "lines": len(register.lines), "head": register.head}


def show_register(case: Path) -> dict[str, Any]:
    """What the register holds now: readings, versions, corrections, decisions."""
    register = read_register(register_path(case))
    current = current_statements(register)
    return {
        "register": str(register.path), "lines": len(register.lines), "head": register.head,
        "statements": [{"statement_id": key, **held} for key, held in current.items()],
        "decisions": [line for line in register.lines if line["kind"] == "decision"],
    }  # fmt: skip


def report_register(case: Path, *, out: Path, confidential: bool = False) -> dict[str, Any]:
    """Write views of a case's register into ``out``: a page, statements and views as data.

    Corrections are in force, each beside the machine's reading. Confidential notes are read only if
    asked for; the folder then is its owner's alone.

    Raises
    ------
    InputError
        If the register was changed.
    OutputError
        If ``out`` cannot be written.
    CallError
        ``register_absent`` where the case keeps none.
    """
    register = read_register(register_path(case))
    if not register.lines:
        raise CallError(
            Problem(code="register_absent", message="nothing was kept yet", file=register.path.name, next_step="Keep a reading with `truceline talks keep`")
        )  # fmt: skip
    found = recall(register, read_speakers(case))
    notes = read_register(register_path(case, confidential=True)).lines if confidential else ()
    views = build_views(found.reading)
    rows = [{**row, "source": row["outlet"] or row["title"] or row["file"]} for row in found.documents]
    told = {
        "held": {name: _history(held) for name, held in found.held.items()},
        "corrected": sum(bool(held["corrections"]) for held in found.held.values()),
        "withdrawn": found.withdrawn,
        "outdated": len(found.outdated),
        "decisions": found.decisions,
    }
    page = render_talks(
        views,
        statements={one.statement_id: quotation(one) for one in found.reading.statements},
        events={one.event_id: told_event(one) for one in found.reading.events},
        documents=rows,
        title=_title(case),
        register=told,
        notes_open=notes,
    )
    with OutputFolder(out) as folder:
        if confidential:
            folder.chmod(0o700)
        write_json(folder / STATEMENTS, [{**one.as_dict(), **_history(found.held[one.statement_id])} for one in found.reading.statements])  # fmt: skip
        write_json(folder / EVENTS, [one.as_dict() for one in found.reading.events])
        write_json(folder / DOCUMENTS, rows)
        write_json(
            folder / VIEWS,
            {**views, "withdrawn": found.withdrawn, "outdated": found.outdated, "decisions": found.decisions},
        )
        (folder / PAGE).write_text(page, encoding="utf-8", errors="replace")
        write_marker(folder, [row["digest"] for row in rows])
    return {
        "report": str(out / PAGE), "statements": len(found.reading.statements), "documents": len(rows),
        "corrected": told["corrected"], "withdrawn": len(found.withdrawn), "outdated": len(found.outdated), "confidential_notes": len(notes), "head": register.head,
    }  # fmt: skip


def _history(held: Mapping[str, Any]) -> dict[str, Any]:
    """What a register adds to a statement."""
    return {
        "version": held["version"],
        "corrections": [
            {name: line[name] for name in ("field", "was", "to", "by", "why", "at")}
            for line in held["corrections"]
        ],
        "earlier": [
            {"version": one["version"], "at": one["at"], **{name: one["reading"][name] for name in ("issue", "stance", "condition")}}
            for one in held["earlier"]
        ],
    }  # fmt: skip


def _title(case: Path) -> str:
    """The title of the case's terms; its folder's name where it has none."""
    try:
        return read_draft(case / "truce.yaml", label="case:truce.yaml").title
    except CaseError:
        return case.resolve().name


def decide_proposal(
    folder: Path,
    proposal_id: str,
    *,
    case: Path,
    accept: bool,
    settings: Mapping[str, str],
    by: str,
    why: str,
    at: str,
) -> dict[str, Any]:
    """Write a decision on a proposal, and what is accepted so far into the case's ``talks`` folder."""
    if accept:
        refuse_unknown(case, settings)
    register = decide(
        read_register(register_path(case)),
        _load(folder, PROPOSALS),
        proposal_id,
        accept=accept,
        settings=settings,
        by=by,
        why=why,
        at=at,
    )
    files = write_accepted(case, register)
    return {"register": str(register.path), "accepted": accept, "files": files, "head": register.head}


def _keep_private(path: Path) -> None:
    """Make the store its owner's before anything stands in it.

    Raises
    ------
    OutputError
        ``out_unwritable``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError as error:
        raise OutputError(
            Problem(code="out_unwritable", message=str(error), file=path.name, next_step="Name a case folder that may be written")
        ) from error  # fmt: skip


def note_confidential(case: Path, text: str, *, source: str, by: str, at: str) -> dict[str, Any]:
    """Keep a non-paper apart from the register; no view reads it."""
    if not text.strip():
        raise CallError(
            Problem(code="value_missing", message="the note is empty", next_step="Give a file with text")
        )
    path = register_path(case, confidential=True)
    held = read_register(path)
    _keep_private(path)
    register = note(held, text, source=source, by=by, at=at)
    return {"store": str(path), "notes": len(register.lines), "head": register.head}
