"""Wordings: when two texts are the same, or nearly."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

IntArray = npt.NDArray[np.int64]

_ADDRESS = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")
_WORD = re.compile(r"\w+")

#: min-hash: two wordings become candidates where all numbers of one band agree
BANDS, ROWS_PER_BAND = 6, 3
#: compare each wording of a band with so many that follow it, no more: a band of a common phrase is large
NEIGHBOURS = 6
_PRIME = np.uint64(4_294_967_291)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text without case, width, punctuation, addresses, handles and tags."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return tuple(_WORD.findall(_ADDRESS.sub(" ", plain)))


def group_wordings(texts: Sequence[str], *, similar_at_least: float = 0.8) -> tuple[list[str], IntArray]:
    """Normalised wording and group of each text.

    Texts are of one group where their words are the same, or where the sets of their words have a
    Jaccard index of at least ``similar_at_least`` *and* name the same numbers: "3 shells" and "4
    shells" are two reports however alike they read. Texts of fewer than five words are grouped only
    where equal. Candidates are found by min-hash (Broder 1997), so a pair just above the limit can
    be missed; the grouping depends on the texts alone, not on their order.

    group : (n_texts,) int, numbered in the order of the groups' first wording by alphabet.
    """
    wordings = [" ".join(words_of(text)) for text in texts]
    distinct, number = np.unique(np.array(wordings, dtype=object), return_inverse=True)
    group_of = _near_groups([str(wording) for wording in distinct], similar_at_least)
    return wordings, group_of[number.reshape(-1)]


def _near_groups(distinct: list[str], similar_at_least: float) -> IntArray:
    words = [frozenset(wording.split()) for wording in distinct]
    numbers = [
        tuple(sorted(word for word in wording.split() if any(c.isdigit() for c in word)))
        for wording in distinct
    ]
    long = [i for i, bag in enumerate(words) if len(bag) >= 5]
    first: list[int] = []
    second: list[int] = []
    for order, key in _bands([words[i] for i in long]):
        for offset in range(1, NEIGHBOURS + 1):
            for position in np.flatnonzero(key[offset:] == key[:-offset]) if len(key) > offset else ():
                i, j = long[order[position]], long[order[position + offset]]
                if numbers[i] == numbers[j] and _jaccard(words[i], words[j]) >= similar_at_least:
                    first.append(i)
                    second.append(j)
    n = len(distinct)
    links = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    common = len(first & second)
    return common / (len(first) + len(second) - common)


def _bands(bags: list[frozenset[str]]) -> list[tuple[IntArray, npt.NDArray[np.uint64]]]:
    """For each band: positions sorted by the band's key, and the sorted keys."""
    if not bags:
        return []
    known: dict[str, int] = {}
    for bag in bags:
        for word in bag:
            if word not in known:
                known[word] = zlib.crc32(word.encode())
    flat = np.array([known[word] for bag in bags for word in bag], dtype=np.uint64)
    starts = np.concatenate([[0], np.cumsum([len(bag) for bag in bags])[:-1]])
    rng = np.random.default_rng(20_250_419)  # fixed: part of the definition, not of a run
    result = []
    for _ in range(BANDS):
        key = np.zeros(len(bags), dtype=np.uint64)
        for _ in range(ROWS_PER_BAND):
            a, b = (np.uint64(v) for v in rng.integers(1, 2**31, 2))
            smallest = np.minimum.reduceat((flat * a + b) % _PRIME, starts)
            key = key * np.uint64(1_000_003) + smallest
        order = np.argsort(key, kind="stable").astype(np.int64)
        result.append((order, key[order]))
    return result
