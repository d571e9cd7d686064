"""The register of statements of a case: append-only lines, each with the digest of the one before.

A reading adds statements; a person's correction is a line of its own beside the machine's reading,
with who and why. Confidential notes stand in a store of their own, and no view reads it unasked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from truceline.base.canonical import canonical_json, digest_bytes, short_id
from truceline.base.errors import CallError, InputError, OutputError, Problem
from truceline.talks.lexicon import STANCES, STATUSES, known_issues

FOLDER = "talks"
REGISTER = "register.jsonl"
CONFIDENTIAL = "confidential.jsonl"
#: what a person may correct, and the values that there are; none: any text
CORRECTABLE: Mapping[str, Sequence[str] | None] = {
    "speaker": None,
    "party": None,
    "issue": tuple(known_issues()),
    "stance": STANCES,
    "status": STATUSES,
    "condition": None,
    "said_on": None,
    "withdrawn": ("yes", "no"),
}
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The lines of a register in their order."""

    path: Path
    lines: tuple[dict[str, Any], ...]

    @property
    def head(self) -> str:
        """Digest of the last line."""
        return str(self.lines[-1]["digest"]) if self.lines else GENESIS


def register_path(case: Path, *, confidential: bool = False) -> Path:
    """Where a case keeps its register, or its confidential notes."""
    return case / FOLDER / (CONFIDENTIAL if confidential else REGISTER)


def read_register(path: Path) -> Register:
    """The register at ``path``; an empty one where there is none yet.

    Raises
    ------
    InputError
        ``register_conflict`` where a line was changed, taken out or put in between.
    """
    if not path.exists():
        return Register(path=path, lines=())
    lines: list[dict[str, Any]] = []
    before = GENESIS
    problems = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            line = json.loads(text)
            body = {key: value for key, value in line.items() if key != "digest"}
            whole = line.get("before") == before and line.get("digest") == _digest(body)
        except (ValueError, AttributeError):
            line, whole = {}, False
        if not whole:
            problems.append(
                Problem(
                    code="register_conflict",
                    message="the line does not follow from the one before it",
                    file=path.name,
                    row=number,
                    next_step="Put back the register as it was, from the case's history",
                )
            )
            break
        before = line["digest"]
        lines.append(line)
    if problems:
        raise InputError(problems)
    return Register(path=path, lines=tuple(lines))


def _digest(body: Mapping[str, Any]) -> str:
    return digest_bytes(canonical_json(body).encode())


def append(
    register: Register, rows: Iterable[Mapping[str, Any]], *, expected_head: str | None = None
) -> Register:
    """Add lines at the end; nothing that stands is touched.

    Raises
    ------
    OutputError
        ``register_conflict`` where somebody else wrote since it was read; ``out_unwritable``.
    """
    now = read_register(register.path)
    if now.head != (expected_head or register.head):
        raise OutputError(
            Problem(
                code="register_conflict",
                message="somebody wrote to the register since it was read",
                file=register.path.name,
                next_step="Read it again and repeat the step",
            )
        )
    added: list[dict[str, Any]] = []
    before = now.head
    for row in rows:
        body = {**row, "number": len(now.lines) + len(added) + 1, "before": before}
        before = _digest(body)
        added.append({**body, "digest": before})
    text = "".join(canonical_json(line) + "\n" for line in added)
    try:
        register.path.parent.mkdir(parents=True, exist_ok=True)
        with register.path.open("a", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        raise OutputError(
            Problem(
                code="out_unwritable",
                message=str(error),
                file=register.path.name,
                next_step="Name a case folder that may be written",
            )
        ) from error
    return Register(path=register.path, lines=(*now.lines, *added))


def keep_reading(
    register: Register,
    statements: Sequence[Mapping[str, Any]],
    *,
    documents: Sequence[Mapping[str, Any]] = (),
    events: Sequence[Mapping[str, Any]] = (),
    by: str,
    at: str,
    version: str,
) -> tuple[Register, int]:
    """Add what the register does not hold yet of a reading; returns how many statements there were.

    The same statement read anew with another result is added as its next version. Of documents goes
    in what names them, not their text; what a report tells by itself goes in as its own kind of line.
    Where the register holds what a newer reading of a text no longer has, a line says what that has.
    """
    latest = {
        line["statement"]["statement_id"]: line for line in register.lines if line["kind"] == "statement"
    }
    known = [line["document"] for line in register.lines if line["kind"] == "document"]
    rows: list[dict[str, Any]] = [
        {"kind": "document", "document": document, "by": by, "at": at}
        for document in documents
        if document not in known
    ]
    told = {line["event"]["event_id"]: line["event"] for line in register.lines if line["kind"] == "event"}
    rows += [
        {"kind": "event", "event": event, "by": by, "at": at, "reader": version}
        for event in events
        if told.get(event["event_id"]) != event
    ]
    rows += [
        {**row, "by": by, "at": at, "reader": version}
        for row in _newer(register, documents, statements, events)
    ]
    n_before = len(rows)
    for statement in statements:
        held = latest.get(statement["statement_id"])
        if held is not None and held["statement"] == statement:
            continue
        rows.append(
            {
                "kind": "statement",
                "version": 1 if held is None else held["version"] + 1,
                "statement": statement,
                "by": by,
                "at": at,
                "reader": version,
            }
        )
    return (append(register, rows) if rows else register), len(rows) - n_before


def _newer(
    register: Register,
    documents: Sequence[Mapping[str, Any]],
    statements: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Of each document of which the register holds what is no longer read, or no longer says what is: what is read."""
    standing = {key: set(ids) for key, ids in read_anew(register).items()}
    now: dict[str, set[str]] = {document["document_id"]: set() for document in documents}
    held: dict[str, set[str]] = {name: set() for name in now}
    for kind, rows in (("statement", statements), ("event", events)):
        for one in rows:
            now.setdefault(one["document_id"], set()).add(one[f"{kind}_id"])
        for line in register.lines:
            if line["kind"] == kind:
                held.setdefault(line[kind]["document_id"], set()).add(line[kind][f"{kind}_id"])
    return [
        {"kind": "reading", "document_id": name, "holds": sorted(now[name])}
        for name in dict.fromkeys(document["document_id"] for document in documents)
        if standing.get(name, now[name] if held[name] <= now[name] else None) != now[name]
    ]


def read_anew(register: Register) -> dict[str, tuple[str, ...]]:
    """Document → ids of what its latest reading holds, for texts of which an earlier one held something else."""
    return {line["document_id"]: tuple(line["holds"]) for line in register.lines if line["kind"] == "reading"}


def correct(
    register: Register, statement_id: str, *, field: str, to: str, by: str, why: str, at: str
) -> Register:
    """Put a person's reading beside the machine's.

    Raises
    ------
    CallError
        ``statement_unknown``, or ``value_unknown`` for a field or value that there is not.
    """
    current = current_statements(register)
    if statement_id not in current:
        raise CallError(
            Problem(
                code="statement_unknown",
                message="no such statement in the register",
                got=statement_id,
                next_step="Give an id as `truceline talks report` shows it",
            )
        )
    if field not in CORRECTABLE:
        raise CallError(
            Problem(
                code="value_unknown",
                message="no such field can be corrected",
                got=field,
                expected=" | ".join(CORRECTABLE),
                next_step="Name one of them",
            )
        )
    allowed = CORRECTABLE[field]
    if allowed is not None and to not in allowed:
        raise CallError(
            Problem(
                code="value_unknown",
                message=f"no such {field}",
                got=to,
                expected=" | ".join(allowed),
                next_step="Name one of them",
            )
        )
    if field == "said_on" and not _is_day(to):
        raise CallError(
            Problem(
                code="time_format",
                message="not a day",
                got=to,
                expected="2025-04-19",
                next_step="Write year, month and day",
            )
        )
    if not why.strip() or not by.strip():
        raise CallError(
            Problem(
                code="value_missing",
                message="a correction says who makes it and why",
                expected="--by NAME --why REASON",
                next_step="Give both",
            )
        )
    held = current[statement_id]
    speaker = held["reading"]["speaker"]
    was = {"speaker": speaker["id"], "party": speaker["party"]}.get(field, held["reading"].get(field))
    return append(
        register,
        [
            {
                "kind": "correction",
                "statement_id": statement_id,
                "field": field,
                "was": was,
                "to": to,
                "by": by,
                "why": why,
                "at": at,
            }
        ],
    )


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def current_statements(register: Register) -> dict[str, dict[str, Any]]:
    """Each statement's latest reading: ``reading``, ``version``, ``corrections``, and ``earlier`` versions."""
    found: dict[str, dict[str, Any]] = {}
    for line in register.lines:
        if line["kind"] == "statement":
            held = found.setdefault(line["statement"]["statement_id"], {"corrections": [], "earlier": []})
            if "reading" in held:
                held["earlier"].append(
                    {"version": held["version"], "at": held["at"], "reading": held["reading"]}
                )
            held |= {"reading": line["statement"], "version": line["version"], "at": line["at"]}
        elif line["kind"] == "correction" and line["statement_id"] in found:
            found[line["statement_id"]]["corrections"].append(line)
    return found


def note(register: Register, text: str, *, source: str, by: str, at: str) -> Register:
    """Keep a confidential note: a non-paper, a private word. It is read by no view unless asked for."""
    return append(
        register,
        [
            {
                "kind": "note",
                "note_id": short_id("np", text, at),
                "text": text,
                "source": source,
                "by": by,
                "at": at,
            }
        ],
    )
