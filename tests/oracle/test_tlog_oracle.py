"""Our logs, read and checked by tlog-scales (Apache-2.0), an independent implementation of C2SP's tiles."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures_custody import KEY, NOW, NOW_S, SALTS, SIDE_A, new_log, plain

from truceline.custody.checkpoint import cosign
from truceline.custody.log import Log
from truceline.custody.merkle import prove_consistency, prove_inclusion
from truceline.custody.read import Store
from truceline.custody.tile import Tree

backend = pytest.importorskip("tlog_scales.backend")
reader = pytest.importorskip("tlog_scales.reader")
signing = pytest.importorskip("tlog_scales.signing")

SIZES = (1, 2, 255, 256, 257, 700, 1025)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = new_log(tmp_path_factory.mktemp("oracle") / "log", witnessed=True)
    with Log(folder, key=KEY, salts=SALTS) as open_log:
        for size in SIZES[1:]:
            open_log.append(plain(*range(size - 1 - open_log.size)))
            signed = open_log.checkpoint(logged=NOW)
            assert signed.head.size == size
        open_log.add_signatures(size, [cosign(signed.note.text, witness=SIDE_A, time_s=NOW_S)])
    return folder


def test_it_finds_the_roots_that_we_signed_and_the_entries_that_we_logged(log: Path) -> None:
    store, tiles = Store(log), reader.TilesReader(backend.LocalBackend(log))
    for size in SIZES:
        tiles.set_size(size)
        signed = store.checkpoint(size)
        assert signed is not None
        assert tiles.calculate_root_hash() == signed.head.root
    for index in (0, 255, 256, 1024):
        assert tiles.get_entry(index) == store.entry(index, size=SIZES[-1])


def test_it_makes_the_proofs_that_we_make(log: Path) -> None:
    store, tiles = Store(log), reader.TilesReader(backend.LocalBackend(log))
    size = SIZES[-1]
    tiles.set_size(size)
    node = Tree(store.read, size).node
    for index in (0, 1, 254, 255, 256, 700, 1024):
        assert list(tiles.get_inclusion_proof(index, size).node_hashes) == prove_inclusion(node, index, size)
    for old in SIZES:
        assert list(tiles.get_consistency_proof(old, size).node_hashes) == prove_consistency(node, old, size)


def test_it_verifies_our_signatures_and_cosignatures(log: Path) -> None:
    head = reader.TilesReader(backend.LocalBackend(log)).get_checkpoint()
    for key, kind in ((KEY, signing.PlainEd25519Verifier), (SIDE_A, signing.Ed25519CosignatureVerifier)):
        verifier = kind(signing.Vkey.from_string(key.public.text()))
        mine = [note for note in head.signatures if verifier.vkey.match(note)]
        assert len(mine) == 1
        verifier.verify_note(mine[0], head)
