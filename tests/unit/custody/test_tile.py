"""Tiles: names, growth and reading, against C2SP tlog-tiles and a tree built at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.custody.merkle import fold, hash_leaves, prove_consistency, root_of, verify_consistency
from truceline.custody.tile import (
    Edge,
    Tree,
    index_path,
    pack,
    partials_of,
    read_bundle,
    read_index,
    read_tile,
    tile_path,
    tiles_of,
    unpack,
)

LEAVES = hash_leaves([number.to_bytes(3, "big") for number in range(66_200)])


class Memory(dict[str, bytes]):
    """Tiles in memory, read as from a folder."""

    def read(self, name: str) -> bytes:
        if name not in self:
            raise FileNotFoundError(name)
        return self[name]

    def store(self, edge: Edge, leaves: list[bytes]) -> None:
        for level, index, content in edge.grow(leaves):
            self[tile_path(level, index)] = content
        for level, index, content in edge.partials():
            self[tile_path(level, index, len(content) // 32)] = content


@pytest.fixture(scope="module")
def grown() -> Memory:
    memory, edge = Memory(), Edge()
    at = 0
    for size in (1, 2, 255, 256, 257, 600, 65_535, 65_536, 65_537, 66_200):
        memory.store(edge, LEAVES[at:size])
        at = size
    return memory


def test_the_example_of_the_specification() -> None:
    assert index_path(1_234_067) == "x001/x234/067"
    assert tile_path("entries", 5) == "tile/entries/005"
    assert tile_path(1, 1000, 7) == "tile/1/x001/000.p/7"
    assert sum(1 for level, _, width in tiles_of(70_000) if (level, width) == (0, 256)) == 273
    assert partials_of(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert [tile for tile in tiles_of(70_000) if tile[0] == 1] == [(1, 0, 256), (1, 1, 17)]
    assert list(tiles_of(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 10**12))
def test_a_number_has_one_path(index: int) -> None:
    assert read_index(index_path(index)) == index


@pytest.mark.parametrize(
    "text", ["", "1", "01", "0001", "x001", "x000/001", "x01/001", "001/001", "x001/001/", "٠٠١"]
)
def test_what_is_no_path_of_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the path"):
        read_index(text)


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 512, 600, 65_535, 65_536, 65_537, 66_200])
def test_a_tree_grown_in_pieces_has_the_root_of_one_built_at_once(size: int) -> None:
    expected = fold(LEAVES[:size])
    edge = Edge()
    for at in range(0, size, 777):
        edge.grow(LEAVES[at : min(size, at + 777)])
    assert edge.size == size
    assert edge.root() == expected


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600, 65_535, 65_536, 65_537, 66_200])
def test_stored_tiles_give_every_root_and_proof(grown: Memory, size: int) -> None:
    tree = Tree(grown.read, size)
    root = fold(LEAVES[:size])
    assert root_of(tree.node, 0, size) == root
    assert Edge.read(grown.read, size).root() == root
    for old in {1, size // 2, max(1, size - 1), size & -256, size}:
        old_root = root_of(tree.node, 0, old)
        assert old_root == fold(LEAVES[:old])
        proof = prove_consistency(tree.node, old, size)
        assert verify_consistency(old_size=old, size=size, old_root=old_root, root=root, proof=proof)


def test_tiles_are_those_of_the_definition(grown: Memory) -> None:
    for level, index, width in tiles_of(66_200):
        span = 256**level
        rows = [LEAVES[(index * 256 + i) * span : (index * 256 + i + 1) * span] for i in range(width)]
        assert read_tile(grown.read, level, index, width) == b"".join(map(fold, rows))


def test_a_tile_of_the_wrong_length_is_refused(grown: Memory) -> None:
    memory = Memory({tile_path(0, 0): grown[tile_path(0, 0)][:-1], tile_path(0, 1, 3): bytes(97)})
    with pytest.raises(ValueError, match="has 8191 bytes"):
        read_tile(memory.read, 0, 0, 256)
    with pytest.raises(ValueError, match="has 97 bytes"):
        read_tile(memory.read, 0, 1, 3)
    with pytest.raises(FileNotFoundError):
        read_tile(memory.read, 0, 2, 3)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_what_is_packed_unpacks(entries: list[bytes]) -> None:
    assert unpack(pack(entries)) == entries


@given(st.binary(max_size=64))
def test_bytes_are_a_bundle_only_if_they_are_the_one_spelling_of_it(content: bytes) -> None:
    try:
        entries = unpack(content)
    except ValueError:
        return
    assert pack(entries) == content


def test_a_bundle_has_between_one_and_256_entries() -> None:
    for wrong in (b"", pack([b""] * 257)):
        with pytest.raises(ValueError, match="a bundle of"):
            unpack(wrong)
    for torn in (b"\x00", b"\x00\x02a"):
        with pytest.raises(ValueError, match="ends within"):
            unpack(torn)


def test_a_bundle_is_read_from_its_own_file_or_the_full_one() -> None:
    entries = [bytes([number]) for number in range(256)]
    full = Memory({tile_path("entries", 0): pack(entries)})
    assert read_bundle(full.read, 0, 3) == entries[:3]
    assert read_bundle(Memory({tile_path("entries", 0, 3): pack(entries[:3])}).read, 0, 3) == entries[:3]
    with pytest.raises(ValueError, match="has 4 entries"):
        read_bundle(Memory({tile_path("entries", 0, 3): pack(entries[:4])}).read, 0, 3)
    with pytest.raises(ValueError, match="has 4 entries"):
        read_bundle(Memory({tile_path("entries", 0): pack(entries[:4])}).read, 0, 256)


def test_the_longest_entry_fits(tmp_path: Path) -> None:
    assert unpack(pack([bytes(65_535)])) == [bytes(65_535)]
