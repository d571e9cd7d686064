"""The tree of RFC 9162 (sections 2.1.1 to 2.1.4): hashes, proofs, and their checks. Pure.

``node(level, index)`` below is any function that gives the hash of the complete subtree over the leaves
``[index << level, (index + 1) << level)``; whoever stores the tree provides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import TypeAlias

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
Node: TypeAlias = Callable[[int, int], bytes]


def hash_leaf(entry: bytes) -> bytes:
    """Hash of a leaf."""
    return sha256(b"\x00" + entry).digest()


def hash_leaves(entries: Iterable[bytes]) -> list[bytes]:
    """``hash_leaf`` of many."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def hash_node(left: bytes, right: bytes) -> bytes:
    """Hash of what stands over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root over complete subtrees of one height, of which the last may be a smaller one."""
    row = list(hashes)
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        row = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row) - 1, 2)] + odd
    return row[0] if row else EMPTY_ROOT


def _split(count: int) -> int:
    """The largest power of two below ``count`` (two or more): where a tree divides."""
    return 1 << (count - 1).bit_length() - 1


def root_of(node: Node, start: int, stop: int) -> bytes:
    """Root over the leaves ``[start, stop)`` as they stand in a tree."""
    count = stop - start
    if count == 0:
        return EMPTY_ROOT
    if count & (count - 1) == 0:
        return node(count.bit_length() - 1, start // count)
    middle = start + _split(count)
    return hash_node(root_of(node, start, middle), root_of(node, middle, stop))


def prove_inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """Path from a leaf to the root of the tree of ``size``, nearest first (section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    start, stop, path = 0, size, []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(root_of(node, middle, stop))
            stop = middle
        else:
            path.append(root_of(node, start, middle))
            start = middle
    return path[::-1]


def prove_consistency(node: Node, old_size: int, size: int) -> list[bytes]:
    """Proof that the tree of ``size`` begins with that of ``old_size`` (section 2.1.4.1)."""
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {size} has no earlier one of {old_size}")
    if old_size == 0:
        return []
    start, stop, proof = 0, size, []
    while stop != old_size:
        middle = start + _split(stop - start)
        if old_size <= middle:
            proof.append(root_of(node, middle, stop))
            stop = middle
        else:
            proof.append(root_of(node, start, middle))
            start = middle
    if start:
        proof.append(root_of(node, start, stop))
    return proof[::-1]


def verify_inclusion(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``leaf`` (a hash) stands at ``index`` of the tree with that root (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = hash_node(step, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = hash_node(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    *, old_size: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree with ``root`` begins with the one with ``old_root`` (section 2.1.4.2)."""
    if not 0 <= old_size <= size:
        return False
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    if old_size == size:
        return not proof and old_root == root
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = found = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_found, found = hash_node(step, old_found), hash_node(step, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = hash_node(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old_found == old_root and found == root
