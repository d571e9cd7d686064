"""What differs between accounts of one statement: quotations cut short, numbers, wording, stance."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from truceline.talks.compare import Alignment
from truceline.talks.pairs import LEAST_QUOTED_WORDS, quoted_words, runs
from truceline.talks.roots import WORD, content_words, root_of
from truceline.talks.statements import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs between two tellings of one statement."""

    kind: str  #: cut, condition_cut, numbers, wording, retold, stance
    statement_ids: tuple[str, str]
    text: str  #: what the one has and the other lacks, or both figures


def differences(found: Alignment) -> list[Difference]:
    """Quotes cut short, numbers and wording that differ, between the accounts of an alignment."""
    rows: list[Difference] = []
    statements = found.statements
    for place, one in enumerate(statements):
        for other in statements[place + 1 :]:
            if one.document_id == other.document_id:
                continue
            ids = (one.statement_id, other.statement_id)
            rows += _cut(one, other) + _cut(other, one)
            mine = {(number.unit, number.value) for number in one.numbers}
            theirs = {(number.unit, number.value) for number in other.numbers}
            units = {unit for unit, _ in mine} & {unit for unit, _ in theirs}
            if any({row for row in mine if row[0] == unit}.isdisjoint(theirs) for unit in units):
                rows.append(
                    Difference(
                        kind="numbers",
                        statement_ids=ids,
                        text=f"{_listed(value for _, value in mine)} / {_listed(value for _, value in theirs)}",
                    )
                )
            only, others = _wording(one, other)
            if only and others:
                rows.append(Difference(kind="wording", statement_ids=ids, text=f"{only} / {others}"))
            if found.why != "same position" and not one.quotes and not other.quotes:
                rows += _told_otherwise(one, other)
            if one.stance != other.stance:
                rows.append(
                    Difference(
                        kind="stance", statement_ids=ids, text=" / ".join(sorted((one.stance, other.stance)))
                    )
                )
    return list({(row.kind, row.text): row for row in rows}.values())


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:,.10g}" for value in sorted(values))


def _cut(longer: Statement, shorter: Statement) -> list[Difference]:
    """A quotation that the other account has only in part, and whether what is missing is a condition."""
    whole, part = quoted_words(longer), quoted_words(shorter)
    if len(part) < LEAST_QUOTED_WORDS or len(whole) < len(part) + 3 or not runs(part) & runs(whole):
        return []
    if sum((Counter(part) & Counter(whole)).values()) < 0.8 * len(part):
        return []
    kind = "condition_cut" if longer.condition and not shorter.condition else "cut"
    missing = _missing(longer, set(part))
    if not missing:
        return []
    return [Difference(kind=kind, statement_ids=(longer.statement_id, shorter.statement_id), text=missing)]


def _missing(longer: Statement, known: set[str]) -> str:
    """The longest run of quoted words that the shorter account lacks."""
    best: list[str] = []
    for a, b in longer.quotes:
        run: list[str] = []
        for match in re.finditer(r"\S+", longer.text[a - longer.start : b - longer.start]):
            roots = content_words(match.group())
            if roots and not set(roots) <= known:
                run.append(match.group())
            elif roots:
                best, run = max(best, run, key=len), []
            elif run:
                run.append(match.group())
        best = max(best, run, key=len)
    return " ".join(best).strip(" ,.;–—-") if len(best) >= 2 else ""


def _told_otherwise(one: Statement, other: Statement) -> list[Difference]:
    """Words of content that each account has alone where both tell a statement in their own words."""
    mine, theirs = (_own_words(each, beside) for each, beside in ((one, other), (other, one)))
    if not mine or not theirs:
        return []
    ids = (one.statement_id, other.statement_id)
    return [Difference(kind="retold", statement_ids=ids, text=f"{mine} / {theirs}")]


def _own_words(one: Statement, beside: Statement) -> str:
    """The words of one account that the other lacks, without who speaks and the verb of saying."""
    known = {
        *content_words(beside.text),
        *content_words(f"{one.speaker.name} {one.speaker.office} {one.verb}"),
    }
    said = [
        word for word in WORD.findall(one.text) if (roots := content_words(word)) and not set(roots) <= known
    ]
    return " ".join(said[:8])


def _wording(one: Statement, other: Statement) -> tuple[str, str]:
    """Quoted words of each account that the other does not quote, where both quote at length."""
    mine, theirs = quoted_words(one), quoted_words(other)
    if len(mine) < LEAST_QUOTED_WORDS or len(theirs) < LEAST_QUOTED_WORDS:
        return "", ""
    only = [
        word
        for a, b in one.quotes
        for word in WORD.findall(one.text[a - one.start : b - one.start])
        if root_of(word.lower()) not in theirs
    ]
    others = [
        word
        for a, b in other.quotes
        for word in WORD.findall(other.text[a - other.start : b - other.start])
        if root_of(word.lower()) not in mine
    ]
    return " ".join(only[:8]), " ".join(others[:8])
