"""A register → everything that was read, as people corrected it: what views are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from truceline.talks.compare import align
from truceline.talks.copies import CopyGroup
from truceline.talks.documents import Document
from truceline.talks.events import Event
from truceline.talks.numbers import Number
from truceline.talks.pairs import tellings
from truceline.talks.reading import Reading
from truceline.talks.register import Register, current_statements, read_anew
from truceline.talks.speakers import Entity, Speakers
from truceline.talks.statements import Statement
from truceline.talks.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a register holds now."""

    reading: Reading  #: without what was withdrawn
    documents: tuple[dict[str, Any], ...]  #: rows of the documents, without their texts
    held: dict[str, dict[str, Any]]  #: statement → version, corrections, earlier versions
    withdrawn: tuple[dict[str, Any], ...]
    outdated: tuple[str, ...]  #: ids of what only earlier readings of a text have; no view shows it
    decisions: tuple[dict[str, Any], ...]


def recall(register: Register, speakers: Speakers) -> Recorded:
    """What the register holds, with every correction in force."""
    rows = {line["document"]["document_id"]: line["document"] for line in register.lines if line["kind"] == "document"}  # fmt: skip
    held = current_statements(register)
    outdated = _outdated(register, held)
    statements, withdrawn = [], []
    for name, one in held.items():
        if name in outdated:
            continue
        last = {line["field"]: line for line in one["corrections"]}
        if "withdrawn" in last and last["withdrawn"]["to"] == "yes":
            line, reading = last["withdrawn"], one["reading"]
            withdrawn.append({"text": reading["text"], "speaker": reading["speaker"]["name"], **{name: line[name] for name in ("by", "why", "at")}})  # fmt: skip
        else:
            now = {field: line["to"] for field, line in last.items()}
            statements.append(corrected(statement_of(one["reading"]), now, speakers))
    groups = {name: row["copy_of"] or name for name, row in rows.items()}
    return Recorded(
        reading=Reading(
            documents=tuple(_document(row) for row in rows.values()),
            statements=tuple(statements),
            alignments=tuple(align(tellings(statements, groups=groups))),
            copies=_copies(groups),
            speakers=speakers,
            events=tuple(
                {
                    line["event"]["event_id"]: event_of(line["event"])
                    for line in register.lines
                    if line["kind"] == "event" and line["event"]["event_id"] not in outdated
                }.values()
            ),
        ),
        documents=tuple({**row, "position": 1, "remarks": [], "set_aside": []} for row in rows.values()),
        held=held,
        withdrawn=tuple(withdrawn),
        outdated=tuple(sorted(outdated)),
        decisions=tuple(line for line in register.lines if line["kind"] == "decision"),
    )


def _outdated(register: Register, held: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Statements and events that the latest reading of their text no longer has.

    What a person corrected or decided on stays, and so does what an extractor found, which the rules cannot miss.
    """
    anew = {document: set(ids) for document, ids in read_anew(register).items()}
    decided = {line["proposal"]["statement_id"] for line in register.lines if line["kind"] == "decision"}
    found = {
        name
        for name, one in held.items()
        if name not in anew.get(one["reading"]["document_id"], {name})
        and not one["corrections"] and name not in decided and not one["reading"].get("origin")
    }  # fmt: skip
    return found | {
        line["event"]["event_id"]
        for line in register.lines
        if line["kind"] == "event"
        and line["event"]["event_id"]
        not in anew.get(line["event"]["document_id"], {line["event"]["event_id"]})
    }


def _copies(groups: Mapping[str, str]) -> tuple[CopyGroup, ...]:
    found: dict[str, list[str]] = {}
    for name, first in groups.items():
        found.setdefault(first, []).append(name)
    return tuple(
        CopyGroup(document_ids=tuple(names), shared=1.0) for names in found.values() if len(names) > 1
    )


def _document(row: Mapping[str, Any]) -> Document:
    return Document(
        document_id=row["document_id"], digest=row["digest"], file=row["file"], position=1, text="", language=row["language"],
        title=row["title"], url=row["url"], outlet=row["outlet"], published=_day(row["published"]),
    )  # fmt: skip


def corrected(one: Statement, now: Mapping[str, str], speakers: Speakers) -> Statement:
    """A statement as a person corrected it: ``now``, field → value."""
    speaker = one.speaker
    if "speaker" in now:
        to = now["speaker"]
        speaker = speakers.by_id.get(to) or next((each for each in speakers.by_id.values() if each.name == to), Entity(id=to, name=to, kind="described", party=speaker.party))  # fmt: skip
    if "party" in now:
        speaker = replace(speaker, party=now["party"] or None)
    plain: dict[str, Any] = {
        field: now[field] for field in ("issue", "stance", "status", "condition") if field in now
    }
    if "said_on" in now:
        plain |= {"said_on": _day(now["said_on"]), "said_words": "", "said_rule": "correction"}
    return replace(one, speaker=speaker, **plain)


def statement_of(row: Mapping[str, Any]) -> Statement:
    """A statement from its record in ``statements.json``."""
    plain = {
        name: row[name]
        for name in (
            "statement_id", "document_id", "text", "speaker_rule", "rule", "language", "manner", "verb", "issue",
            "issue_rule", "stance", "stance_rule", "condition", "question", "status", "passage",
        )
    }  # fmt: skip
    entity = _entity(row["speaker"])
    return Statement(
        **plain,
        start=row["span"][0],
        stop=row["span"][1],
        quotes=tuple((a, b) for a, b in row["quotes"]),
        speaker=entity,
        via=_entity(row["via"]) if row["via"] is not None else None,
        addressee=row["addressee"] or "",
        said_on=_day(row["said_on"]),
        published=_day(row["published"]),
        issues_also=tuple(row["issues_also"]),
        issue_words=tuple(row["issue_words"]),
        modality=tuple(row["modality"]),
        numbers=tuple(Number(**number) for number in row["numbers"]),
        windows=tuple(_window(window) for window in row["windows"]),
        said_words=row.get("said_words") or "",
        said_rule=row.get("said_rule") or "",
        place=row.get("place", "text"),
        origin=row.get("origin") or "",
    )


def event_of(row: Mapping[str, Any]) -> Event:
    """An event from its record in ``events.json``."""
    plain = {name: row[name] for name in ("event_id", "document_id", "text", "kind", "language", "issue", "status")}  # fmt: skip
    return Event(
        **plain,
        start=row["span"][0],
        stop=row["span"][1],
        within=row["within"] or "",
        who=tuple(
            Entity(id=one["id"], name=one["name"], kind=one["kind"], party=one["party"]) for one in row["who"]
        ),
        names=tuple(row["names"]),
        happened_on=_day(row["happened_on"]),
        day_words=row["day_words"] or "",
        day_rule=row["day_rule"] or "",
        published=_day(row["published"]),
        issues_also=tuple(row["issues_also"]),
        issue_words=tuple(row["issue_words"]),
    )


def _entity(row: Mapping[str, Any]) -> Entity:
    return Entity(id=row["id"], name=row["name"], kind=row["kind"], party=row["party"], office=row["office"] or "", known=row["known"])  # fmt: skip


def _window(row: Mapping[str, Any]) -> Window:
    start, stop = (datetime.fromisoformat(row[name]) if row[name] else None for name in ("start", "stop"))
    return Window(text=row["text"], start=start, stop=stop, minutes=row["minutes"], clock=row["clock"] or "", open=row["open"] or "")  # fmt: skip


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
