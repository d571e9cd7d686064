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
from truceline.talks.naming import apart, named_in
from truceline.talks.numbers import Number
from truceline.talks.recorded import statement_of
from truceline.talks.register import Register, append, current_statements
from truceline.talks.resolve import Discourse
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
    """Proposals in the order of the statements; the same position told twice is proposed once.

    So is the same count of the same acts on one day: a channel counts anew every day, and each is a claim.
    """
    found: list[dict[str, Any]] = []
    seen: set[tuple[str, ...]] = set()
    for one in statements:
        if one.place != "text":
            continue  # a headline bends the words of its text
        for row in (*_positions(one), *_claims(one, speakers), *_clocks(one)):
            key = (
                row["kind"],
                row["party"] or row["speaker"],
                str(row.get("issue")),
                str(row.get("stance")),
                str(row.get("condition")),
                *(str(row.get(name)) for name in ("measure", "value", "accused")),
                str(row["said_on"] if row["kind"] == "claim" else None),
                str(row.get("start")),
                str(row.get("stop")),
            )
            if key in seen:
                continue
            seen.add(key)
            found.append({"proposal_id": _id_of(row), **row})
    return found


def _id_of(row: Mapping[str, Any]) -> str:
    """The id that a proposal's own content gives it."""
    names = ("kind", "statement_id", "party", "speaker", "issue", "stance", "condition", "value", "accused", "start", "stop")  # fmt: skip
    return short_id("prop", *(str(row.get(name)) for name in names))


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
    if {one.issue, *one.issues_also} & {"verification", "contingents"}:
        row["note"] = "not_consent"
    return [row]


def _claims(one: Statement, speakers: Speakers) -> list[dict[str, Any]]:
    """A number of acts, with who says it, of whom, and in which window; open where the text does not say."""
    if one.stance not in ("claims", "denies", "announces"):
        return []
    accused = _accused(one, speakers)
    window = next((found for found in one.windows if found.start and found.stop), None)
    rows = []
    for number in one.numbers:
        measure = _counted(one, number)
        # “shelled … 30 times” counts acts whatever else the sentence is about; “30 drones” may be a delivery
        if measure is None or (one.issue not in _COUNTED and "…" not in measure):
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
        if (
            low in lexicon(one.language).time["units"]
            or not word[0].isalpha()
            or any(low.startswith(stem) if len(stem) > 4 else low == stem for stem in words["stop"])
        ):
            return None
        taken.append(word)
    return None


def _accused(one: Statement, speakers: Speakers) -> str | None:
    """The one party other than the speaker's that the statement names, in whatever form; None where that is not one."""
    words = lexicon(one.language)
    discourse = Discourse(speakers=speakers, words=words, day=one.said_on or one.published)
    found = named_in(apart(one.text), 0, len(one.text), words=words, speakers=speakers, discourse=discourse)
    named = {each.party for each in found.who if each.party not in (None, one.speaker.party)}
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
    settings: Mapping[str, str],
    by: str,
    why: str,
    at: str,
) -> Register:
    """Write a person's decision on a proposal into the register.

    ``settings``: what the person adds to it.

    Raises
    ------
    CallError
        ``statement_unknown`` for an id that is not proposed, or whose statement the register does not
        hold; ``register_conflict`` for one that says other than its statement in the register;
        ``value_missing`` without who and why, or where an accepted row would lack something.
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
    reading = held[found["statement_id"]]["reading"]
    if accept:
        _refuse_altered(found, reading)
    line = {
        "kind": "decision",
        "proposal": dict(found),
        "read_in": _read_in(register, reading),
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
        _refuse_sideless(row, reading)
    return append(register, [line])


def _refuse_altered(found: Mapping[str, Any], reading: Mapping[str, Any]) -> None:
    """Refuse a proposal that says other than its statement does, as the register holds it."""
    borne_out = propose([statement_of(reading)], Speakers())
    # whose acts are counted was read with the parties of the case at hand; its id answers for that
    bare = {name: value for name, value in found.items() if name not in ("proposal_id", "accused")}
    if found["proposal_id"] == _id_of(found) and any(
        bare == {name: value for name, value in row.items() if name not in ("proposal_id", "accused")}
        for row in borne_out
    ):
        return
    raise CallError(
        Problem(
            code="register_conflict",
            message="the proposal does not say what its statement in the register says",
            got=str(found["proposal_id"]),
            next_step="Read the texts again with `truceline talks read`, keep them, and decide on what it proposes",
        )
    )


def _refuse_sideless(row: Mapping[str, Any], reading: Mapping[str, Any]) -> None:
    """Refuse a count of a speaker of whom nobody said on which side he is: it would pass for a third party's."""
    corrected = {one["field"] for one in row["corrections"]}
    if row["kind"] != "claim" or row["party"] or reading["speaker"]["known"] or corrected & {"party", "speaker"}:  # fmt: skip
        return
    raise CallError(
        Problem(
            code="party_unknown",
            message="nothing says on which side this speaker is",
            got=str(row["speaker"]),
            next_step="Correct the statement's party with `truceline talks correct`, or name the speaker in speakers.yaml (without a party: of neither side) and read again",
        )
    )


def _read_in(register: Register, reading: Mapping[str, Any]) -> dict[str, Any]:
    """The text that a statement was read in, as the register names it; empty where it does not."""
    for line in register.lines:
        if line["kind"] == "document" and line["document"]["document_id"] == reading["document_id"]:
            row = line["document"]
            return {"sha256": row["digest"], **{name: row[name] for name in ("file", "title", "outlet", "url", "published")}}  # fmt: skip
    return {}
