"""What statements propose to the rest of a case: claims, positions, versions of the clock.

Always a proposal: a person accepts it, and the register says who and why. A stance on monitors is a
position and never consent; a number is its speaker's claim and never a count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from truceline.base.canonical import short_id
from truceline.base.errors import CallError, Problem
from truceline.talks.accepted import accepted_row, refuse_unfit
from truceline.talks.lexicon import lexicon
from truceline.talks.numbers import Number
from truceline.talks.register import Register, append, current_statements
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
        row["note"] = "not_consent"
    return [row]


def _claims(one: Statement, speakers: Speakers) -> list[dict[str, Any]]:
    """A number of acts, with who says it, of whom, and in which window; open where the text does not say."""
    if one.issue not in _COUNTED or one.stance not in ("claims", "denies", "announces"):
        return []
    accused = _accused(one, speakers)
    window = next((found for found in one.windows if found.start and found.stop), None)
    rows = []
    for number in one.numbers:
        measure = _counted(one, number)
        if measure is None:
            continue
        rows.append({
            **_base(one, "claim"), "issue": one.issue, "accused": accused, "measure": measure, "value": number.value,
            "relation": "≥" if number.relation == "≥" else "≈" if number.relation in ("≈", "≤") else "=",
            "start": window.start.isoformat() if window and window.start else None, "stop": window.stop.isoformat() if window and window.stop else None,
            "note": "" if window else "no_window",
        })  # fmt: skip
    return rows


def _counted(one: Statement, number: Number) -> str | None:
    """What acts a number counts, in the statement's words; None where it counts something else."""
    words = lexicon(one.language).numbers
    at = number.start - one.start
    after = re.match(r"[\d.,\s\u00a0\u202f]+", one.text[at:])
    begin = at + (after.end() if after is not None else 0)
    taken: list[str] = []
    following = [*re.findall(r"[^\W\d_][\w’'-]*|[^\w\s]", one.text[begin : begin + 80])[:6], "."]
    for word, after_word in pairwise(following):
        low = word.lower()
        if any(low.startswith(stem) for stem in words["acts"]):
            more = [after_word] if any(after_word.lower().startswith(stem) for stem in words["acts"]) else []
            return " ".join([*taken, word, *more])
        if low in words["times"]:
            verb = next((v for v in reversed(list(re.finditer(r"[^\W\d_]+", one.text[:at]))) if any(v.group().lower().startswith(stem) for stem in words["act_verbs"])), None)  # fmt: skip
            return f"{one.text[verb.start() : at].strip()} … {word}" if verb is not None else None
        if not word[0].isalpha() or any(
            low.startswith(stem) if len(stem) > 4 else low == stem for stem in words["stop"]
        ):
            return None
        taken.append(word)
    return None


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
            "stop": window.stop.isoformat() if window.stop else None, "window_words": window.text, "clock": window.clock, "note": "half_open" if window.open else "",
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
    read_in: Mapping[str, Any],
    settings: Mapping[str, str],
    by: str,
    why: str,
    at: str,
) -> Register:
    """Write a person's decision on a proposal into the register.

    ``read_in``: the text that its statement was read in; ``settings``: what the person adds to it.

    Raises
    ------
    CallError
        ``statement_unknown`` for an id that is not proposed, or whose statement the register does not
        hold; ``value_missing`` without who and why, or where an accepted row would lack something.
    """
    found = next((row for row in proposals if row["proposal_id"] == proposal_id), None)
    held = current_statements(register)
    if found is None or found["statement_id"] not in held:
        raise CallError(
            Problem(
                code="statement_unknown",
                message="no such proposal" if found is None else "its statement is not in the register",
                got=proposal_id,
                next_step="Give an id of proposals.json"
                if found is None
                else "Put the reading there with `truceline talks keep`",
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
    line = {
        "kind": "decision",
        "proposal": dict(found),
        "read_in": dict(read_in),
        "set": dict(settings),
        "accepted": accept,
        "by": by,
        "why": why,
        "at": at,
    }
    if accept:
        row = accepted_row(line, held)
        if row is None:
            raise CallError(
                Problem(
                    code="statement_unknown",
                    message="the statement was withdrawn",
                    got=found["statement_id"],
                    next_step="Decline the proposal, or correct `withdrawn` to no",
                )
            )
        refuse_unfit(row)
    return append(register, [line])
