"""``talks``, the register of a case: keep readings, correct them, decide on proposals, keep notes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from truceline import __version__
from truceline.base.errors import CallError, OutputError, Problem
from truceline.talks.accepted import write_accepted
from truceline.talks.propose import decide
from truceline.talks.register import (
    correct,
    current_statements,
    keep_reading,
    note,
    read_register,
    register_path,
)
from truceline.workflow.talks import DOCUMENTS, PROPOSALS, STATEMENTS


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


def keep_talks(folder: Path, *, case: Path, by: str, at: str) -> dict[str, Any]:
    """Put the statements of a reading into the case's register."""
    statements = _load(folder, STATEMENTS)
    register, added = keep_reading(
        read_register(register_path(case)), statements, by=by, at=at, version=__version__
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
    """Put a correction beside the machine's reading."""
    register = correct(
        read_register(register_path(case)), statement_id, field=field, to=to, by=by, why=why, at=at
    )
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
    proposals = _load(folder, PROPOSALS)
    register = decide(
        read_register(register_path(case)),
        proposals,
        proposal_id,
        accept=accept,
        read_in=_read_in(folder, proposals, proposal_id),
        settings=settings,
        by=by,
        why=why,
        at=at,
    )
    files = write_accepted(case, register)
    return {"register": str(register.path), "accepted": accept, "files": files, "head": register.head}


def _read_in(folder: Path, proposals: list[dict[str, Any]], proposal_id: str) -> dict[str, Any]:
    """The text that the statement of a proposal was read in; empty where there is none."""
    wanted = {row["statement_id"] for row in proposals if row["proposal_id"] == proposal_id}
    of = {row["statement_id"]: row["document_id"] for row in _load(folder, STATEMENTS) if row["statement_id"] in wanted}  # fmt: skip
    for row in _load(folder, DOCUMENTS):
        if row["document_id"] in of.values():
            return {
                "sha256": row["digest"],
                **{name: row[name] for name in ("file", "title", "outlet", "url", "published")},
            }
    return {}


def note_confidential(case: Path, text: str, *, source: str, by: str, at: str) -> dict[str, Any]:
    """Keep a non-paper apart from the register; no view reads it."""
    if not text.strip():
        raise CallError(
            Problem(code="value_missing", message="the note is empty", next_step="Give a file with text")
        )
    path = register_path(case, confidential=True)
    register = note(read_register(path), text, source=source, by=by, at=at)
    path.chmod(0o600)
    return {"store": str(path), "notes": len(register.lines), "head": register.head}
