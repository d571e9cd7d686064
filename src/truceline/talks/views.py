"""What a mediator's team or a newsroom asks of statements: matrix, changes, open questions, conditions, brief.

Nothing here judges: every cell is quoted words with their speaker, day, status and source.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from truceline.talks.accounts import build_accounts
from truceline.talks.asked import asked_of
from truceline.talks.columns import NO_POSITION, POSITIONS, party_key
from truceline.talks.events import Event
from truceline.talks.lexicon import known_issues
from truceline.talks.limits import find_limits
from truceline.talks.questions import open_questions
from truceline.talks.reading import Reading
from truceline.talks.roots import content_words
from truceline.talks.statements import Statement
from truceline.talks.timeline import build_timeline, day_of

#: stances of a cell that the brief of one page shows, each by one statement
CELL_SHOWN = 2
#: parties that the brief has columns for: those who are told to have said most
BRIEF_PARTIES = 5
#: words that two conditions, or a condition and a position, must share to be set against each other
LEAST_COMMON = 2
#: a word of more statements than this sets nothing beside anything; pairs kept
COMMON_WORD = 60
MOST_PAIRS = 400


def build_views(reading: Reading) -> dict[str, Any]:
    """All views as codes and ids, the same for the page and for JSON; words of a language are the page's."""
    questions = open_questions(reading)
    matrix = build_matrix(reading, questions)
    return {
        "counts": _counts(reading),
        "brief": build_brief(matrix, reading),
        "matrix": matrix,
        "timeline": build_timeline(reading),
        "questions": questions,
        "conditions": build_conditions(reading),
        "headlines": [one.statement_id for one in reading.statements if one.place == "headline"],
        "agreed": agreed_by_all(matrix),
        "accounts": build_accounts(reading),
        "copies": [{"document_ids": list(one.document_ids), "shared": one.shared} for one in reading.copies],
        "speakers": build_speakers(reading),
    }


def _counts(reading: Reading) -> dict[str, int]:
    groups = len(reading.documents) - sum(len(one.document_ids) - 1 for one in reading.copies)
    return {
        "documents": len(reading.documents),
        "primary_texts": groups,
        "statements": len(reading.statements),
        "speakers": len({one.speaker.id for one in reading.statements}),
        "aligned": len(reading.alignments),
        "events": len(reading.events),
    }


def quotation(one: Statement) -> dict[str, Any]:
    """A statement as the views show it."""
    day, basis = day_of(one)
    return {
        "statement_id": one.statement_id,
        "document_id": one.document_id,
        "speaker": one.speaker.name,
        "office": one.speaker.office,
        "via": one.via.name if one.via is not None else None,
        "text": one.text,
        "quoted": [one.text[a - one.start : b - one.start] for a, b in one.quotes],
        "manner": one.manner,
        "stance": one.stance,
        "issue": one.issue,
        "status": one.status,
        "condition": one.condition,
        "question": one.question,
        "addressee": one.addressee or None,
        "place": one.place,
        "origin": one.origin or None,
        "day": day.isoformat() if day else None,
        "basis": basis,
        "day_words": one.said_words or None,
        "day_rule": one.said_rule or None,
        "rule": one.rule,
        "speaker_rule": one.speaker_rule,
        "issue_rule": one.issue_rule,
        "stance_rule": one.stance_rule,
        "numbers": [
            f"{number.relation if number.relation != '=' else ''}{number.value:,.10g} {number.unit}".strip()
            for number in one.numbers
        ],
        "windows": [window.as_dict() for window in one.windows],
    }


def told_event(one: Event) -> dict[str, Any]:
    """An event as the views show it."""
    row = one.as_dict()
    return {**row, "named": [*(each.name for each in one.who), *one.names]}


def build_matrix(reading: Reading, questions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Issue × party: the statements of each cell, a copy and a second telling of a statement counted once."""
    told = _first_tellings(reading)
    limited = find_limits(reading.statements)
    cells: dict[tuple[str, str], list[Statement]] = defaultdict(list)
    names: dict[str, str] = {}
    count: dict[str, int] = defaultdict(int)
    for one in reading.statements:
        if one.statement_id in told or one.place != "text":
            continue
        key, name = party_key(one, reading.speakers)
        names[key] = name
        count[key] += 1
        cells[one.issue, key].append(one)
    listed = [party.id for party in reading.speakers.file.parties]
    known = [key for key in sorted(names, key=lambda key: -count[key]) if key in listed]
    columns = (
        known or [key for key in sorted(names, key=lambda key: (-count[key], key)) if count[key] > 1][:6]
    )
    rest = [key for key in names if key not in columns]
    rows = []
    for issue in known_issues().values():
        row_cells = []
        for key in columns:
            found = _ordered(cells.get((issue.id, key), []))
            row_cells.append(
                {
                    "party": key,
                    "statements": [one.statement_id for one in found],
                    "stances": sorted({one.stance for one in found}),
                }
            )
        others = [one for key in rest for one in cells.get((issue.id, key), [])]
        if any(cell["statements"] for cell in row_cells) or others:
            rows.append(
                {
                    "issue": issue.id,
                    "cells": row_cells,
                    "others": [one.statement_id for one in _ordered(others)],
                    "blocks": _blocks(cells, issue.id, columns, questions, limited),
                }
            )
    silent = [
        issue.id
        for issue in known_issues().values()
        if issue.id not in {row["issue"] for row in rows} and issue.id not in NO_POSITION
    ]
    told_by_reports: dict[str, list[str]] = {}
    for event in reading.events:
        for about in (event.issue, *event.issues_also):
            told_by_reports.setdefault(about, []).append(event.event_id)
    return {
        "columns": [{"id": key, "name": names[key]} for key in columns],
        "rows": rows,
        "silent": silent,
        "events": {about: told_by_reports[about] for about in known_issues() if about in told_by_reports},
    }


def _ordered(found: Sequence[Statement]) -> list[Statement]:
    return sorted(
        found,
        key=lambda one: (
            POSITIONS.index(one.stance),
            one.said_on or one.published or _NEVER,
            one.document_id,
            one.start,
        ),
    )


def _first_tellings(reading: Reading) -> set[str]:
    """Statements that only tell again what another account tells: those of copies, word for word."""
    repeated = set()
    first = {
        document_id: group.document_ids[0] for group in reading.copies for document_id in group.document_ids
    }
    seen: set[tuple[str, str, str]] = set()
    for one in reading.statements:
        key = (first.get(one.document_id, one.document_id), one.speaker.id, " ".join(one.text.split()))
        if one.document_id in first and key in seen:
            repeated.add(one.statement_id)
        seen.add(key)
    return repeated


def _blocks(
    cells: Mapping[tuple[str, str], Sequence[Statement]],
    issue: str,
    columns: Sequence[str],
    questions: Sequence[Mapping[str, Any]],
    limited: Mapping[str, Sequence[str]],
) -> list[dict[str, Any]]:
    """What stands in the way on an issue, in the statements' own stances; empty where nothing does."""
    found: list[dict[str, Any]] = []
    for key in columns:
        here = cells.get((issue, key), [])
        rejecting = [one for one in here if one.stance == "rejects"]
        conditional = [
            one
            for one in here
            if one.condition and one.stance in ("conditions", "accepts", "open", "demands", "rejects")
        ]
        asked = [row for row in questions if (row["issue"], row["party"]) == (issue, key)]
        for kind, statements in (
            ("rejects", [one.statement_id for one in rejecting]),
            ("condition", [one.statement_id for one in conditional]),
            ("limit", [one.statement_id for one in here if one.statement_id in limited]),
            ("question", [row["statement"] for row in asked if row["kind"] == "question"]),
            ("request", [row["statement"] for row in asked if row["kind"] == "request"]),
        ):
            if statements:
                found.append({"party": key, "kind": kind, "statements": statements})
    return found


def build_conditions(reading: Reading) -> dict[str, Any]:
    """Conditions, what a sentence limits of its own yes, and positions of others that meet or exclude a condition.

    A condition is set beside another party's statement where both share words of content; an
    acceptance meets it, a rejection or denial excludes it, anything else touches it. A person decides.
    """
    conditional = [one for one in reading.statements if one.condition]
    taking = [
        one
        for one in reading.statements
        if one.stance in ("accepts", "rejects", "denies", "conditions", "demands")
        and one.issue not in NO_POSITION
    ]
    where: dict[str, list[Statement]] = defaultdict(list)
    for other in taking:
        for word in {word for word in content_words(other.condition or other.text) if len(word) >= 4}:
            where[word].append(other)
    pairs: list[dict[str, Any]] = []
    for one in conditional:
        shared: dict[str, tuple[Statement, list[str]]] = {}
        for word in sorted({word for word in content_words(one.condition or "") if len(word) >= 4}):
            for other in where[word] if len(where[word]) <= COMMON_WORD else ():
                shared.setdefault(other.statement_id, (other, []))[1].append(word)
        for other, common in shared.values():
            if (
                len(common) < LEAST_COMMON
                or party_key(one, reading.speakers)[0] == party_key(other, reading.speakers)[0]
            ):
                continue
            how = {"accepts": "meets", "rejects": "excludes", "denies": "excludes"}.get(
                other.stance, "touches"
            )
            pairs.append(
                {"how": how, "condition": one.statement_id, "other": other.statement_id, "words": common}
            )
    rows = [one.statement_id for one in conditional]
    order = ("excludes", "meets", "touches")
    return {
        "conditions": rows,
        "needs": {
            one.statement_id: asked_of(one, reading.speakers, text=one.condition or "", own=True)
            for one in conditional
        },
        "limits": [
            {"position": key, "limits": found} for key, found in find_limits(reading.statements).items()
        ],
        "pairs": sorted(pairs, key=lambda pair: (order.index(pair["how"]), -len(pair["words"])))[:MOST_PAIRS],
    }


def agreed_by_all(matrix: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Issues on which every party of the matrix accepts and none rejects, sets a condition or limits its yes."""
    found = []
    for row in matrix["rows"]:
        stances = [set(cell["stances"]) for cell in row["cells"]]
        limited = any(one["kind"] == "limit" for one in row["blocks"])
        if (
            not limited
            and len(stances) > 1
            and all("accepts" in each and not each & {"rejects", "conditions", "denies"} for each in stances)
        ):
            found.append({"issue": row["issue"]})
    return found


def build_speakers(reading: Reading) -> list[dict[str, Any]]:
    """Who spoke, how often, and by which rules they were found."""
    found: dict[str, dict[str, Any]] = {}
    for one in reading.statements:
        row = found.setdefault(
            one.speaker.id,
            {
                "id": one.speaker.id,
                "name": one.speaker.name,
                "office": one.speaker.office,
                "party": one.speaker.party,
                "known": one.speaker.known,
                "statements": 0,
            },
        )
        row["statements"] += 1
    return sorted(found.values(), key=lambda row: (-row["statements"], row["id"]))


def build_brief(matrix: Mapping[str, Any], reading: Reading) -> list[dict[str, Any]]:
    """One page: for each issue with a position, each party's stances with its clearest words, and what blocks."""
    held = {one.statement_id: one for one in reading.statements}
    parties = [column["id"] for column in matrix["columns"][:BRIEF_PARTIES]]
    rows = []
    for row in matrix["rows"]:
        here = [cell for cell in row["cells"] if cell["party"] in parties]
        if row["issue"] in NO_POSITION or not (row["others"] or any(cell["statements"] for cell in here)):
            continue
        cells = []
        for cell in here:
            by_stance: dict[str, list[Statement]] = defaultdict(list)
            for name in cell["statements"]:
                by_stance[held[name].stance].append(held[name])
            shown = [min(found, key=_clearness) for found in by_stance.values()][:CELL_SHOWN]
            cells.append(
                {
                    "party": cell["party"],
                    "stances": {stance: len(found) for stance, found in by_stance.items()},
                    "statements": [one.statement_id for one in shown],
                }
            )
        blocks = [one for one in row["blocks"] if one["party"] in parties]
        rows.append({"issue": row["issue"], "cells": cells, "blocks": blocks})
    return rows


def _clearness(one: Statement) -> tuple[bool, bool, int, int]:
    """What is said in a passage's own words comes first, a question before a request, the speaker's words before others'."""
    manner = ("direct", "mixed", "reported", "paraphrase").index(one.manner)
    return one.issue_rule == "passage", one.stance == "asks" and one.question is None, manner, one.start


class _Never:
    """Sorts after every day."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


_NEVER: Any = _Never()
