"""Day by day: which stance a party took on an issue, and where a later day shows another one.

What a report tells by itself stands apart, by the day that it names. A report's day of publication is not the day on which its statements were made, so a change is told
only where the days show the order: both said on named days, or both known by publication alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from truceline.talks.columns import NO_POSITION, POSITIONS, party_key
from truceline.talks.reading import Reading
from truceline.talks.statements import Statement

Basis = Literal["said", "published", "before"]
#: stances of which another one on a later day is a change
_HELD = frozenset(("accepts", "conditions", "open", "rejects", "denies"))


def day_of(one: Statement) -> tuple[date | None, Basis | None]:
    """The day that a statement is known by: said on it, published on it, or before it; none where it is undated."""
    if one.said_on is not None:
        return one.said_on, "said"
    if one.said_rule == "before" and one.published is not None:
        return one.published, "before"
    return (one.published, "published") if one.published is not None else (None, None)


def build_timeline(reading: Reading) -> dict[str, Any]:
    """A row for each day, party and issue, with the stances before where they differ; and what is undated."""
    cells: dict[tuple[date, Basis, str, str], list[Statement]] = defaultdict(list)
    names: dict[str, str] = {}
    undated: list[str] = []
    worded: dict[str, list[str]] = defaultdict(list)  #: words for a day → statements
    for one in reading.statements:
        if one.issue in NO_POSITION or one.place != "text":
            continue
        day, basis = day_of(one)
        key, names[key] = party_key(one, reading.speakers)
        if day is None or basis is None:
            placed = one.said_words and one.said_rule != "before"
            (worded[one.said_words] if placed else undated).append(one.statement_id)
        else:
            cells[day, basis, key, one.issue].append(one)
    rows: list[dict[str, Any]] = []
    last: dict[tuple[Basis, str, str], set[str]] = {}
    for day, basis, key, issue in sorted(cells):
        found = cells[day, basis, key, issue]
        held = {one.stance for one in found} & _HELD
        before = last.get((basis, key, issue), set())
        rows.append({
            "day": day.isoformat(), "basis": basis, "party": key, "name": names[key], "issue": issue,
            "stances": _in_order(found), "statements": [one.statement_id for one in found],
            "before": sorted(before, key=POSITIONS.index) if before and held and not held & before else None,
        })  # fmt: skip
        if held:
            last[basis, key, issue] = held
    return {
        "days": rows,
        "worded": [{"words": words, "statements": found} for words, found in worded.items()],
        "undated": undated,
        "events": _event_days(reading),
    }


def _event_days(reading: Reading) -> list[dict[str, Any]]:
    """What reports tell by themselves, by the day they name; then by words for a day that has no year."""
    days: dict[tuple[bool, str], list[str]] = defaultdict(list)
    for one in reading.events:
        if one.day_words and one.day_rule != "before":
            day = one.happened_on.isoformat() if one.happened_on else ""
            days[not day, day or one.day_words].append(one.event_id)
    return [
        {"day": None if worded else key, "words": key if worded else None, "events": days[worded, key]}
        for worded, key in sorted(days)
    ]


def _in_order(found: Sequence[Statement]) -> list[str]:
    return sorted({one.stance for one in found}, key=POSITIONS.index)
