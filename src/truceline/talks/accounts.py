"""Accounts compared: what several tell, what differs, in which order, and what each alone has."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import Any

from truceline.talks.differences import differences
from truceline.talks.reading import Reading, source_of

#: a statement of more accounts than this says nothing of their order
MOST_TOGETHER = 30


def build_accounts(reading: Reading) -> dict[str, Any]:
    """Statements told by several accounts, with what differs; and what each account alone has.

    ``quoted_only_here``: words that one account alone quotes, where others tell the position in their own.
    """
    aligned = []
    told: set[str] = set()
    in_other_words: set[str] = set()
    for found in reading.alignments:
        alike = found.why != "same position"
        (told if alike else in_other_words).update(one.statement_id for one in found.statements)
        aligned.append({
            "speaker": found.statements[0].speaker.name, "issue": found.statements[0].issue, "why": found.why, "likeness": found.likeness,
            "statements": [one.statement_id for one in found.statements],
            "differences": [{"kind": one.kind, "statement_ids": list(one.statement_ids), "text": one.text} for one in differences(found) if alike or one.kind != "wording"],
        })  # fmt: skip
    only: dict[str, list[str]] = {document.document_id: [] for document in reading.documents}
    quoted: dict[str, list[str]] = {document.document_id: [] for document in reading.documents}
    for one in reading.statements:
        if one.statement_id not in told | in_other_words:
            only[one.document_id].append(one.statement_id)
        elif one.statement_id in in_other_words and one.quotes:
            quoted[one.document_id].append(one.statement_id)
    alone = [
        {
            "document_id": document.document_id,
            "source": source_of(document),
            "statements": only[document.document_id],
            "quoted_only_here": quoted[document.document_id],
        }
        for document in reading.documents
    ]
    return {"aligned": aligned, "only_here": alone, "order": _order(reading)}


def _order(reading: Reading) -> list[dict[str, Any]]:
    """Pairs of accounts that tell shared statements in another order: how many pairs are exchanged."""
    places: dict[str, dict[int, int]] = defaultdict(dict)
    for number, found in enumerate(reading.alignments):
        for one in found.statements:
            places[one.document_id].setdefault(number, one.start)
    rows = []
    together: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, found in enumerate(reading.alignments):
        names = sorted({one.document_id for one in found.statements})
        if len(names) <= MOST_TOGETHER:
            for pair in combinations(names, 2):
                together[pair].append(number)
    for (first, second), shared in sorted(together.items()):
        swapped = sum(
            (places[first][a] < places[first][b]) != (places[second][a] < places[second][b])
            for a, b in combinations(shared, 2)
        )
        if swapped:
            rows.append({"documents": [first, second], "shared": len(shared), "exchanged_pairs": swapped})
    return rows
