"""Open questions, what is asked for and what is waited for: by issue, with who asks and whom the text says it is asked of."""

from __future__ import annotations

from typing import Any

from truceline.talks.asked import asked_of
from truceline.talks.columns import party_key
from truceline.talks.lexicon import known_issues
from truceline.talks.reading import Reading
from truceline.talks.statements import Statement
from truceline.talks.telling import telling_words


def open_questions(reading: Reading) -> list[dict[str, Any]]:
    """Every question that was asked, and every request, by issue; the same words told twice stand once.

    Accounts that tell one position in other words each keep their questions: a question of one is
    not told by the other.
    """
    same = {
        one.statement_id: found
        for found in reading.alignments
        if found.why != "same position"
        for one in found.statements
    }
    seen: set[str] = set()
    rows = []
    for one in reading.statements:
        kind = _kind(one)
        if one.place != "text" or one.statement_id in seen or kind is None:
            continue
        waits = telling_words(one.language).awaited.search(one.text) if kind == "awaited" else None
        told = same[one.statement_id].statements if one.statement_id in same else (one,)
        seen |= {other.statement_id for other in told}
        rows.append({
            "issue": one.issue, "kind": kind, "question": one.question or one.text,
            "party": party_key(one, reading.speakers)[0], "asked_by": one.speaker.name, "asked_of": asked_of(one, reading.speakers, text=one.text[waits.start() :] if waits is not None else ""),
            "review": list(known_issues()[one.issue].review),
            "told_in": sorted({other.document_id for other in told}), "statement": one.statement_id,
        })  # fmt: skip
    order = list(known_issues())
    return sorted(rows, key=lambda row: (order.index(row["issue"]), row["kind"]))


def _kind(one: Statement) -> str | None:
    """A question, a request, something that the speaker waits for; None for anything else."""
    if one.question is not None:
        return "question"
    if one.stance == "asks":
        return None if one.issue_rule == "passage" else "request"  # “the question is the following” is none
    return "awaited" if telling_words(one.language).awaited.search(one.text) else None
