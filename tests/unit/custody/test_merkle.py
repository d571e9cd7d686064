"""The tree, against the test tree of Certificate Transparency and against its definition in RFC 9162."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.custody.merkle import (
    EMPTY_ROOT,
    fold,
    hash_leaf,
    hash_leaves,
    prove_consistency,
    prove_inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves, roots and proofs of Certificate Transparency's own tests (merkle_tree_test.cc).
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CT_CONSISTENCY = {
    (1, 1): [],
    (1, 8): CT_PATHS[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): CT_PATHS[1, 5][1:],
}

LEAVES = [bytes([number]) * (number % 5) for number in range(70)]


def mth(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word by word."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162, section 2.1.3.1, word by word."""
    n = len(leaves)
    if n == 1:
        return []
    k = 1
    while k * 2 < n:
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """RFC 9162, section 2.1.4.1, word by word."""
    n = len(leaves)
    if m == n:
        return [] if whole else [mth(leaves)]
    k = 1
    while k * 2 < n:
        k *= 2
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def node_of(leaves: list[bytes]):
    hashes = hash_leaves(leaves)

    def node(level: int, index: int) -> bytes:
        part = hashes[index << level : (index + 1) << level]
        assert len(part) == 1 << level, "only complete subtrees are asked for"
        return fold(part)

    return node


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    expected = CT_ROOTS[size - 1] if size else sha256().hexdigest()
    assert fold(hash_leaves(CT_LEAVES[:size])).hex() == expected
    assert root_of(node_of(CT_LEAVES[:size]), 0, size).hex() == expected


@pytest.mark.parametrize(("index", "size"), CT_PATHS)
def test_paths_are_those_of_certificate_transparency(index: int, size: int) -> None:
    found = prove_inclusion(node_of(CT_LEAVES), index, size)
    assert [step.hex() for step in found] == CT_PATHS[index, size]


@pytest.mark.parametrize(("old", "size"), CT_CONSISTENCY)
def test_consistency_proofs_are_those_of_certificate_transparency(old: int, size: int) -> None:
    found = prove_consistency(node_of(CT_LEAVES), old, size)
    assert [step.hex() for step in found] == CT_CONSISTENCY[old, size]


@pytest.mark.parametrize("size", range(1, len(LEAVES), 3))
def test_every_proof_is_the_one_that_the_definition_gives_and_verifies(size: int) -> None:
    leaves, node = LEAVES[:size], node_of(LEAVES[:size])
    root = mth(leaves)
    for index in range(size):
        steps = prove_inclusion(node, index, size)
        assert steps == path(index, leaves)
        assert verify_inclusion(hash_leaf(leaves[index]), index=index, size=size, path=steps, root=root)
    for old in range(size + 1):
        steps = prove_consistency(node, old, size)
        assert steps == (subproof(old, leaves, True) if old else [])
        assert verify_consistency(old_size=old, size=size, old_root=mth(leaves[:old]), root=root, proof=steps)


@given(st.integers(1, 69), st.data())
def test_a_path_fits_one_leaf_one_place_one_size_and_one_root(size: int, data) -> None:
    node, root = node_of(LEAVES), mth(LEAVES[:size])
    index = data.draw(st.integers(0, size - 1))
    steps = prove_inclusion(node, index, size)
    leaf = hash_leaf(LEAVES[index])
    for other in range(-1, 71):
        holds = verify_inclusion(leaf, index=other, size=size, path=steps, root=root)
        assert holds == (other == index)
    for other in range(71):
        # a size under which the same path leads to the same root by the same turns is the same statement
        if verify_inclusion(leaf, index=index, size=other, path=steps, root=root):
            assert (
                len(prove_inclusion(node, index, other)) == len(steps)
                if other <= 70 and other > index
                else False
            )
    assert not verify_inclusion(hash_leaf(b"x"), index=index, size=size, path=steps, root=root)
    assert not verify_inclusion(leaf, index=index, size=size, path=[*steps, root], root=root)
    assert not verify_inclusion(leaf, index=index, size=size, path=steps, root=hash_leaf(root))
    for place in range(len(steps)):
        assert not verify_inclusion(
            leaf, index=index, size=size, path=steps[:place] + steps[place + 1 :], root=root
        )
        wrong = [*steps[:place], bytes(32), *steps[place + 1 :]]
        assert not verify_inclusion(leaf, index=index, size=size, path=wrong, root=root)


@given(st.integers(1, 69), st.data())
def test_a_consistency_proof_fits_two_sizes_and_two_roots(size: int, data) -> None:
    node, root = node_of(LEAVES), mth(LEAVES[:size])
    old = data.draw(st.integers(1, size))
    old_root, steps = mth(LEAVES[:old]), prove_consistency(node, old, size)

    def holds(**other) -> bool:
        given = {"old_size": old, "size": size, "old_root": old_root, "root": root, "proof": steps}
        return verify_consistency(**{**given, **other})

    assert holds()
    assert not holds(old_root=bytes(32))
    assert not holds(root=bytes(32))
    assert not holds(proof=[*steps, bytes(32)])
    for place in range(len(steps)):
        assert not holds(proof=steps[:place] + steps[place + 1 :])
        assert not holds(proof=[*steps[:place], bytes(32), *steps[place + 1 :]])
    assert not holds(old_size=size + 1)
    assert not holds(old_size=-1)
    if old < size:
        assert not holds(proof=[])


def test_the_empty_tree_goes_before_every_tree_and_has_no_proof() -> None:
    root = mth(LEAVES[:3])
    empty = {"old_size": 0, "size": 3, "root": root}
    assert verify_consistency(old_root=EMPTY_ROOT, proof=[], **empty)
    assert not verify_consistency(old_root=EMPTY_ROOT, proof=[root], **empty)
    assert not verify_consistency(old_root=root, proof=[], **empty)


def test_one_tree_is_consistent_with_itself_alone() -> None:
    root = mth(LEAVES[:3])
    assert verify_consistency(old_size=3, size=3, old_root=root, root=root, proof=[])
    assert not verify_consistency(old_size=3, size=3, old_root=root, root=bytes(32), proof=[])
    assert not verify_consistency(old_size=3, size=3, old_root=root, root=root, proof=[root])


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 0)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        prove_inclusion(node_of(LEAVES), index, size)


@pytest.mark.parametrize(("old", "size"), [(4, 3), (-1, 3)])
def test_there_is_no_proof_from_a_larger_tree(old: int, size: int) -> None:
    with pytest.raises(ValueError, match="no earlier one"):
        prove_consistency(node_of(LEAVES), old, size)
