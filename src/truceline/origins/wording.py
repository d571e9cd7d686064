"""Wordings: when two texts are the same, or nearly."""

from __future__ import annotations

import re
import unicodedata
import zlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from truceline.base.columns import Groups, at_words, codes, distinct, list_column, recode

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_ADDRESS = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")
_WORD = re.compile(r"\w+")
#: no address, handle or tag is without one of them
_MARKS = ("://", "www.", "@", "#")

#: min-hash: two wordings become candidates where all numbers of one band agree
BANDS, ROWS_PER_BAND = 6, 3
#: compare each wording of a band with so many that follow it, no more: a band of a common phrase is large
NEIGHBOURS = 6
#: texts of fewer words are grouped only where equal
LEAST_WORDS = 5
_PRIME = np.uint64(4_294_967_291)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text without case, width, punctuation, addresses, handles and tags."""
    # nearly every text is plain already, and asking is far quicker than making it so
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    plain = plain.casefold()
    if any(mark in plain for mark in _MARKS):
        plain = _ADDRESS.sub(" ", plain)
    return tuple(_WORD.findall(plain))


def _normalised(texts: pa.Array) -> pa.Array:
    """The words of each text with blanks between them."""
    marked = pc.match_substring_regex(texts, "://|www\\.|@|#", ignore_case=True)
    plain = pc.and_not(pc.string_is_ascii(texts), marked)
    # of plain text, what ``words_of`` does, all at once
    spaced = pc.replace_substring_regex(pc.ascii_lower(texts), pattern="[^0-9a-z_]+", replacement=" ")
    normal = pc.ascii_trim(spaced, characters=" ")
    rest = pc.invert(plain)
    if not pc.any(rest).as_py():
        return normal
    others = [" ".join(words_of(text)) for text in texts.filter(rest).to_pylist()]
    return pc.replace_with_mask(normal, rest, pa.array(others, type=pa.string()))


def group_wordings(texts: pa.ChunkedArray, *, similar_at_least: float = 0.8) -> tuple[pa.Array, IntArray]:
    """Normalised wording and group of each text.

    Texts are of one group where their words are the same, or where the sets of their words have a
    Jaccard index of at least ``similar_at_least`` *and* name the same numbers: "3 shells" and "4
    shells" are two reports however alike they read. Texts of fewer than five words are grouped only
    where equal. Candidates are found by min-hash (Broder 1997), so a pair just above the limit can
    be missed; the grouping depends on the texts alone, not on their order.

    group : (n_texts,) int, numbered in the order of the groups' first wording by alphabet.
    """
    number, given = codes(texts)
    normal = _normalised(pa.array(given, type=pa.string()))
    ordered = pc.unique(normal)
    ordered = ordered.take(pc.sort_indices(ordered))
    number = recode(pa.chunked_array([normal]), ordered)[number]
    return ordered.take(pa.array(number)), _near_groups(ordered, similar_at_least)[number]


def _near_groups(wordings: pa.Array, similar_at_least: float) -> IntArray:
    """(n_distinct,) group of each wording."""
    bags, hashes, numerals = _bags(wordings)
    first, second = _candidates(bags, hashes, numerals)
    alike = _jaccard(bags, len(hashes), first, second) >= similar_at_least
    n = len(wordings)
    ones = np.ones(int(alike.sum()), dtype=np.int8)
    links = coo_array((ones, (first[alike], second[alike])), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _bags(wordings: pa.Array) -> tuple[Groups, npt.NDArray[np.uint64], IntArray]:
    """The set of words of each wording as sorted numbers, each word's hash, and a number for the
    numerals that a wording names (in order of alphabet, as often as it names them)."""
    n = len(wordings)
    split = pc.split_pattern(wordings, " ")
    at = np.asarray(pc.list_parent_indices(split).to_numpy(), dtype=np.int64)
    code, words = codes(pa.chunked_array([pc.list_flatten(split)]))
    if "" in words:  # a wording without words
        said = code != words.index("")
        at, code = at[said], code[said]
    hashes = np.array([zlib.crc32(word.encode()) for word in words], dtype=np.uint64)
    pairs = distinct(at * max(len(words), 1) + code)
    of = pairs // max(len(words), 1)
    offsets = np.searchsorted(of, np.arange(n + 1))
    bags = Groups(offsets=offsets, members=pairs - of * max(len(words), 1))
    numeral = np.array([any(map(str.isdigit, word)) for word in words], dtype=np.bool_)[code]
    rank = np.empty(len(words), dtype=np.int64)
    rank[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    order = np.lexsort((rank[code[numeral]], at[numeral]))
    named = at_words(words, code[numeral][order])
    texts = pc.binary_join(list_column(named, np.bincount(at[numeral], minlength=n)), " ")
    return bags, hashes, codes(pa.chunked_array([texts]))[0]


def _candidates(
    bags: Groups, hashes: npt.NDArray[np.uint64], numerals: IntArray
) -> tuple[IntArray, IntArray]:
    """Pairs of longer wordings that name the same numerals and agree in a whole band, each once."""
    long = np.flatnonzero(bags.size >= LEAST_WORDS)
    if not len(long):
        return long, long
    kept = np.repeat(bags.size >= LEAST_WORDS, bags.size)
    flat = bags.members[kept]
    starts = np.concatenate([[0], np.cumsum(bags.size[long])[:-1]])
    rng = np.random.default_rng(20_250_419)  # fixed: part of the definition, not of a run
    pairs = []
    for _ in range(BANDS):
        key = np.zeros(len(long), dtype=np.uint64)
        for _ in range(ROWS_PER_BAND):
            a, b = (np.uint64(v) for v in rng.integers(1, 2**31, 2))
            key = key * np.uint64(1_000_003) + np.minimum.reduceat(((hashes * a + b) % _PRIME)[flat], starts)
        order = np.argsort(key, kind="stable")
        key, named = key[order], numerals[long[order]]
        for offset in range(1, NEIGHBOURS + 1):
            at = np.flatnonzero((key[offset:] == key[:-offset]) & (named[offset:] == named[:-offset]))
            one, other = order[at], order[at + offset]
            pairs.append(np.minimum(one, other) * len(long) + np.maximum(one, other))
    code = distinct(np.concatenate(pairs))
    return long[code // len(long)], long[code % len(long)]


def _jaccard(
    bags: Groups, n_words: int, first: IntArray, second: IntArray, *, at_once: int = 200_000
) -> FloatArray:
    """(n_pairs,) words in common over words in all."""
    keys = bags.of_member * n_words + bags.members  # sorted, for both are
    size = bags.size
    index = np.zeros(len(first))
    for begin in range(0, len(first), at_once):
        i, j = first[begin : begin + at_once], second[begin : begin + at_once]
        pair = np.repeat(np.arange(len(i)), size[i])
        step = np.arange(len(pair)) - np.repeat(np.cumsum(size[i]) - size[i], size[i])
        wanted = j[pair] * n_words + bags.members[bags.offsets[i][pair] + step]
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        common = np.bincount(pair[keys[at] == wanted], minlength=len(i))
        index[begin : begin + at_once] = common / (size[i] + size[j] - common)
    return index
