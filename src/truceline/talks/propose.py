"""What statements propose to the rest of a case: claims, positions, versions of the clock.

Always a proposal: a person accepts it, and the register says who and why. A stance on monitors is a
position and never consent; a number is its speaker's claim and never a count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from truceline.base.canonical import short_id
from truceline.base.errors import CallError, Problem
from truceline.talks.register import Register, append
from truceline.talks.speakers import Speakers
from truceline.talks.statements import Statement

KINDS = ("position", "claim", "clock")
#: stances that are a position on an issue
_POSITIONS = ("accepts", "conditions", "open", "rejects", "demands")
_NO_POSITION = ("relations", "fighting", "other")
#: issues on which a number counts acts
_COUNTED = ("violations", "fighting", "energy", "maritime")
_START_WORDS = ("accepts", "announces", "conditions", "demands", "claims", "open")


def propose(statements: Sequence[Statement], speakers: Speakers) -> list[dict[str, Any]]:
    """Proposals in the order of the statements; the same position told twice is proposed once."""
    found: list[dict[str, Any]] = []
    seen: set[tuple[str, ...]] = set()
    for one in statements:
        for row in (*_positions(one), *_claims(one, speakers), *_clocks(one)):
            key = (
                row["kind"],
                row["party"] or row["speaker"],
                str(row.get("issue")),
                str(row.get("stance")),
                str(row.get("condition")),
                str(row.get("value")),
                str(row.get("start")),
                str(row.get("stop")),
            )
            if key in seen:
                continue
            seen.add(key)
            found.append({"proposal_id": short_id("prop", *key, one.statement_id), **row})
    return found


def _base(one: Statement, kind: str) -> dict[str, Any]:
    day = one.said_on or one.published
    return {
        "kind": kind,
        "statement_id": one.statement_id,
        "speaker": one.speaker.name,
        "party": one.speaker.party,
        "said_on": day.isoformat() if day is not None else None,
        "status": one.status,
        "words": one.text,
        "note": "",
    }


def _positions(one: Statement) -> list[dict[str, Any]]:
    """A party's stance on an issue; on monitors it says that it is no consent."""
    if one.speaker.party is None or one.stance not in _POSITIONS or one.issue in _NO_POSITION:
        return []
    row = {**_base(one, "position"), "issue": one.issue, "stance": one.stance, "condition": one.condition}
    if one.issue in ("verification", "contingents"):
        row["note"] = "A position, not consent: consent is given in the terms."
    return [row]


def _claims(one: Statement, speakers: Speakers) -> list[dict[str, Any]]:
    """A number of acts, with who says it, of whom, and in which window; open where the text does not say."""
    if one.issue not in _COUNTED or one.stance not in ("claims", "denies", "announces"):
        return []
    accused = _accused(one, speakers)
    window = next((found for found in one.windows if found.start and found.stop), None)
    rows = []
    for number in one.numbers:
        if (
            number.value < 1
            or number.unit in ("", "%", "$", "€", "£")
            or number.unit.split()[0].rstrip("s")
            in ("day", "hour", "week", "month", "year", "kilometer", "kilometre", "minute")
        ):
            continue
        rows.append({
            **_base(one, "claim"), "issue": one.issue, "accused": accused, "measure": number.unit, "value": number.value,
            "relation": "≥" if number.relation == "≥" else "≈" if number.relation in ("≈", "≤") else "=",
            "start": window.start.isoformat() if window and window.start else None, "stop": window.stop.isoformat() if window and window.stop else None,
            "note": "" if window else "The statement names no window.",
        })  # fmt: skip
    return rows


def _accused(one: Statement, speakers: Speakers) -> str | None:
    """The one party other than the speaker's that the statement names; None where that is not one."""
    named = set()
    for party in speakers.file.parties:
        words = [party.name, *party.names, *party.adjectives]
        if party.id != one.speaker.party and any(word in one.text for word in words if len(word) > 2):
            named.add(party.id)
    return named.pop() if len(named) == 1 else None


def _clocks(one: Statement) -> list[dict[str, Any]]:
    """A start or an end with its clock, declared by a party on the truce itself: a version of the clock."""
    if one.issue not in ("ceasefire", "duration", "energy", "maritime") or one.stance not in _START_WORDS:
        return []
    return [
        {
            **_base(one, "clock"), "issue": one.issue, "start": window.start.isoformat() if window.start else None,
            "stop": window.stop.isoformat() if window.stop else None, "window_words": window.text, "clock": window.clock, "note": window.open,
        }
        for window in one.windows
        if window.start is not None or window.stop is not None
    ]  # fmt: skip


def decide(
    register: Register,
    proposals: Sequence[Mapping[str, Any]],
    proposal_id: str,
    *,
    accept: bool,
    by: str,
    why: str,
    at: str,
) -> tuple[Register, Mapping[str, Any]]:
    """Write a person's decision on a proposal into the register.

    Raises
    ------
    CallError
        ``statement_unknown`` for an id that is not proposed, ``value_missing`` without who and why.
    """
    found = next((row for row in proposals if row["proposal_id"] == proposal_id), None)
    if found is None:
        raise CallError(
            Problem(
                code="statement_unknown",
                message="no such proposal",
                got=proposal_id,
                next_step="Give an id of proposals.json",
            )
        )
    if not why.strip() or not by.strip():
        raise CallError(
            Problem(
                code="value_missing",
                message="a decision says who makes it and why",
                expected="--by NAME --why REASON",
                next_step="Give both",
            )
        )
    line = {"kind": "decision", "proposal": dict(found), "accepted": accept, "by": by, "why": why, "at": at}
    return append(register, [line]), found


def accepted(register: Register, kind: str) -> list[dict[str, Any]]:
    """Proposals of a kind whose latest decision accepts them."""
    latest: dict[str, dict[str, Any]] = {}
    for line in register.lines:
        if line["kind"] == "decision" and line["proposal"]["kind"] == kind:
            latest[line["proposal"]["proposal_id"]] = line
    return [line["proposal"] for line in latest.values() if line["accepted"]]
