"""Documents that are copies of one text: a wire report printed by several outlets is one primary source.

What several outlets quote is not copying: quoted words are left out before texts are compared. Two
documents are of one text where the shorter one's own words are found in the longer one, in runs.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from truceline.talks.documents import OUTSIDE, Document
from truceline.talks.quotation import find_quotes

#: words in a row that are compared at once
RUN = 6
#: share of the shorter document's runs that the longer one must hold
LEAST_SHARED = 0.5
#: runs that a document needs to be compared at all
LEAST_RUNS = 12
#: a run that more documents than this hold is a set phrase and finds no pair
COMMON = 40

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyGroup:
    """Documents of one text; the first is the longest."""

    document_ids: tuple[str, ...]
    shared: float  #: smallest share that joined one of them


def find_copies(documents: Sequence[Document]) -> list[CopyGroup]:
    """Groups of copies among documents, in the order of their first members; documents alone are in none."""
    runs = [_runs(document) for document in documents]
    where: dict[int, list[int]] = defaultdict(list)
    for place, found in enumerate(runs):
        for run in found:
            where[run].append(place)
    pairs: Counter[tuple[int, int]] = Counter()
    for holders in where.values():
        if 1 < len(holders) <= COMMON:
            for at, one in enumerate(holders):
                for other in holders[at + 1 :]:
                    pairs[one, other] += 1
    links: dict[int, int] = {}
    shares: dict[int, float] = {}

    def root(place: int) -> int:
        while place in links:
            place = links[place]
        return place

    for (one, other), count in sorted(pairs.items()):
        least = min(len(runs[one]), len(runs[other]))
        if least < LEAST_RUNS or count / least < LEAST_SHARED:
            continue
        first, second = sorted((root(one), root(other)))
        if first != second:
            links[second] = first
            shares[first] = min(shares.pop(first, 1.0), shares.pop(second, 1.0), count / least)
    groups: dict[int, list[int]] = defaultdict(list)
    for place in range(len(documents)):
        groups[root(place)].append(place)
    return [
        CopyGroup(
            document_ids=tuple(documents[place].document_id for place in sorted(members, key=lambda one: (-len(runs[one]), one))),
            shared=round(shares[top], 4),
        )
        for top, members in sorted(groups.items())
        if len(members) > 1
    ]  # fmt: skip


def _runs(document: Document) -> set[int]:
    """Hashes of the runs of the document's own words: running text without quotations."""
    around = (one.start for one in document.paragraphs if one.kind == OUTSIDE)
    text = document.text[: next(around, None)]
    quotes = [(one.start, one.stop) for one in find_quotes(text, document.paragraphs) if one.depth == 0]
    own = []
    at = 0
    for start, stop in quotes:
        own.append(text[at:start])
        at = max(at, stop)
    own.append(text[at:])
    running = "".join(own)
    words = [word.lower() for word in _WORD.findall(running)]
    return {
        int.from_bytes(
            hashlib.blake2b(
                " ".join(words[at : at + RUN]).encode("utf-8", "surrogatepass"), digest_size=8
            ).digest(),
            "big",
        )
        for at in range(len(words) - RUN + 1)
    }
