"""Terms that point to an issue, and what a text must hold for one to fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: fewer letters than this are in every text
LEAST_BEGINNING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A pattern that points to an issue, and how strongly."""

    pattern: re.Pattern[str]
    weight: float
    begins: tuple[str, ...]  #: a text without any of these cannot fit
    keys: frozenset[str]  #: the first letters of each of those


def issue_terms(terms: Mapping[str, float]) -> tuple[Term, ...]:
    """Terms with weights as the reader looks for them; a case may add its own."""
    made = []
    for term, weight in terms.items():
        begins = _beginnings(term)
        made.append(
            Term(
                pattern=re.compile(_bounded(term), _flags(term)),
                weight=float(weight),
                begins=begins,
                keys=frozenset(one[:LEAST_BEGINNING] for one in begins),
            )
        )
    return tuple(made)


def beginnings_in(low: str) -> set[str]:
    """Every run of ``LEAST_BEGINNING`` letters of a text in lower case."""
    return {low[at : at + LEAST_BEGINNING] for at in range(len(low) - LEAST_BEGINNING + 1)}


def _beginnings(term: str) -> tuple[str, ...]:
    """Letters that a text must hold for the term to fit: quick to look for; none where that cannot be told."""
    found: list[str] = []
    for part in _alternatives(term):
        group = re.match(r"(?:\\b)?\(\?:", part)
        if group is not None:
            stop = _closing(part, group.end())
            inner = _beginnings(part[group.end() : stop])
            if not inner or part[stop + 1 : stop + 2] in ("?", "*", "{"):
                return ()
            found += inner
            continue
        match = re.match(r"(?:\\b|\^)*([^\W\d_][\w -]*)", part)
        letters = match.group(1) if match is not None else ""
        if match is not None and part[match.end() : match.end() + 1] in ("?", "*", "{"):
            letters = letters[:-1]
        if len(letters) < LEAST_BEGINNING:
            return ()
        found.append(letters.lower())
    return tuple(found)


def _closing(term: str, at: int) -> int:
    """Where the group that is open at ``at`` closes."""
    depth = 1
    for place in range(at, len(term)):
        depth += (term[place] == "(") - (term[place] == ")")
        if depth == 0:
            return place
    return len(term)


def _alternatives(term: str) -> list[str]:
    """The parts of a pattern between its outermost bars."""
    parts, depth, at = [], 0, 0
    for place, sign in enumerate(term):
        if sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif sign == "|" and depth == 0:
            parts.append(term[at:place])
            at = place + 1
    return [*parts, term[at:]]


def _bounded(term: str) -> str:
    """A term begins at the beginning of a word."""
    return term if term.startswith(("\\b", "^", "(?<")) else rf"\b(?:{term})"


def _flags(term: str) -> int:
    """A term with a capital letter is meant as it is written."""
    plain = re.sub(r"\\.", "", term)
    return 0 if any(sign.isupper() for sign in plain) else re.IGNORECASE
