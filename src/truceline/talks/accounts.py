"""Accounts compared: what several tell, what differs, in which order, and what each alone has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from truceline.talks.columns import party_key
from truceline.talks.compare import near
from truceline.talks.differences import differences
from truceline.talks.event_pairs import comparable, pair_events
from truceline.talks.events import Event
from truceline.talks.pairs import LOOSE, same_position
from truceline.talks.reading import Reading, copy_groups, source_of
from truceline.talks.statements import Statement

#: statements of a side on one issue that are looked at for one without a counterpart, and shown beside it
MOST_LOOKED_AT, MOST_BESIDE = 400, 3
#: a statement of more accounts than this says nothing of their order
MOST_TOGETHER = 30


def build_accounts(reading: Reading) -> dict[str, Any]:
    """Statements told by several accounts, with what differs; and what each account alone has.

    ``only_here.statements``: no like statement was found in another account; ``unsure``: another has
    one of the same side, issue and stance, which may be the same in other words; ``quoted_only_here``: words that one account alone quotes, where others tell the position in their own.
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
    groups = copy_groups(reading)
    beside = _beside(reading, told | in_other_words, groups)
    only: dict[str, list[str]] = {document.document_id: [] for document in reading.documents}
    unsure: dict[str, list[dict[str, Any]]] = {document.document_id: [] for document in reading.documents}
    quoted: dict[str, list[str]] = {document.document_id: [] for document in reading.documents}
    for one in reading.statements:
        if one.statement_id in beside:
            unsure[one.document_id].append({"statement": one.statement_id, "beside": beside[one.statement_id]})  # fmt: skip
        elif one.statement_id not in told | in_other_words:
            only[one.document_id].append(one.statement_id)
        elif one.statement_id in in_other_words and one.quotes:
            quoted[one.document_id].append(one.statement_id)
    alone = [
        {
            "document_id": document.document_id,
            "source": source_of(document),
            "statements": only[document.document_id],
            "unsure": unsure[document.document_id],
            "quoted_only_here": quoted[document.document_id],
        }
        for document in reading.documents
    ]
    return {"aligned": aligned, "only_here": alone, "order": _order(reading), "events": build_events(reading)}


def _beside(reading: Reading, settled: set[str], groups: Mapping[str, str]) -> dict[str, list[str]]:
    """Statement that has no counterpart → statements of other accounts that may be one: same side, issue, stance."""
    where: dict[tuple[str, str], list[Statement]] = defaultdict(list)
    for one in reading.statements:
        if one.issue not in LOOSE:
            where[party_key(one, reading.speakers)[0], one.issue].append(one)
    found = {}
    for one in reading.statements:
        if one.statement_id in settled:
            continue
        like = [
            other.statement_id
            for other in where.get((party_key(one, reading.speakers)[0], one.issue), ())[:MOST_LOOKED_AT]
            if groups.get(other.document_id, other.document_id)
            != groups.get(one.document_id, one.document_id)
            and near(one, other)
            and same_position(one, other)
        ]
        if like:
            found[one.statement_id] = like[:MOST_BESIDE]
    return found


def build_events(reading: Reading) -> dict[str, Any]:
    """What the reports tell by themselves: told by several, and where no like telling was found elsewhere."""
    groups = copy_groups(reading)
    pairs = pair_events(reading.events, groups=groups)
    shared = {one.event_id for found in pairs for one in found}
    alone = {one.event_id for one in comparable(reading.events)} - shared
    return {
        "both": [
            {"kind": found[0].kind, "events": [one.event_id for one in found], "named_alone": _named_alone(found)}
            for found in pairs
        ],
        "only_here": [
            {
                "document_id": document.document_id,
                "events": [one.event_id for one in reading.events if one.document_id == document.document_id and one.event_id in alone],
            }
            for document in reading.documents
        ],
    }  # fmt: skip


def _named_alone(found: Sequence[Event]) -> dict[str, list[str]]:
    """Event → people, places and other names that it alone of its tellings has."""
    named = {
        one.event_id: [*(each.name for each in one.who if each.kind == "person"), *one.names] for one in found
    }
    return {
        name: [each for each in mine if not any(each in other for key, other in named.items() if key != name)]
        for name, mine in named.items()
    }


def _order(reading: Reading) -> list[dict[str, Any]]:
    """Pairs of accounts that tell shared statements in another order: how many pairs are exchanged."""
    places: dict[str, dict[int, int]] = defaultdict(dict)
    for number, found in enumerate(reading.alignments):
        for one in found.statements:
            if one.place == "text":
                places[one.document_id].setdefault(number, one.start)
    rows = []
    together: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, found in enumerate(reading.alignments):
        names = sorted({one.document_id for one in found.statements if one.place == "text"})
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
