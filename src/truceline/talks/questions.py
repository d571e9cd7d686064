"""Open questions and what is asked for: by issue, with the party that asks."""

from __future__ import annotations

from typing import Any

from truceline.talks.columns import party_key
from truceline.talks.lexicon import known_issues
from truceline.talks.reading import Reading


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
        if one.statement_id in seen or (
            one.question is None and (one.stance != "asks" or one.issue_rule == "passage")
        ):
            continue  # “the question is the following” is none
        told = same[one.statement_id].statements if one.statement_id in same else (one,)
        seen |= {other.statement_id for other in told}
        rows.append({
            "issue": one.issue, "kind": "question" if one.question else "request", "question": one.question or one.text,
            "party": party_key(one, reading.speakers)[0], "asked_by": one.speaker.name, "review": list(known_issues()[one.issue].review),
            "told_in": sorted({other.document_id for other in told}), "statement": one.statement_id,
        })  # fmt: skip
    order = list(known_issues())
    return sorted(rows, key=lambda row: (order.index(row["issue"]), row["kind"]))
