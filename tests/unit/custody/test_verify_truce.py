"""The single-file verifier agrees with the library: on what holds, and on what does not."""

from __future__ import annotations

import ast
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import (
    KEY,
    NEXT_KEY,
    NOW,
    NOW_S,
    SALTS,
    SIDE_A,
    SIDE_B,
    WITNESSES,
    grow,
    held,
    new_log,
    plain,
)

from truceline.custody import verify_truce
from truceline.custody.canonical import decode, encode
from truceline.custody.checkpoint import Checkpoint, cosign, sign_checkpoint
from truceline.custody.export import export, verifier_text
from truceline.custody.log import Log
from truceline.custody.merkle import fold, hash_leaf, hash_leaves, prove_consistency, prove_inclusion
from truceline.custody.misconduct import Receipt, Withholding, find_fork, sign_receipt
from truceline.custody.policy import Policy
from truceline.custody.proof import disclose, prove
from truceline.custody.read import Store
from truceline.custody.tile import Tree, index_path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published log, files that left it, and policies."""
    folder = tmp_path_factory.mktemp("made")
    log = new_log(folder / "mine", witnessed=True)
    receipt = sign_receipt(Receipt(KEY.name, 3, bytes(32), NOW), KEY)
    grow(log, [*plain("a", "b"), held(1), *plain(*range(300))])
    with Log(log, key=KEY, salts=SALTS) as open_log:
        open_log.append(plain("late"))
        signed = open_log.checkpoint(logged=NOW)
        lines = [cosign(signed.note.text, witness=key, time_s=NOW_S) for key in (SIDE_A, SIDE_B)]
        signed = open_log.add_signatures(signed.head.size, lines)
    store = Store(log)
    proof = prove(store, 3, signed)
    other = new_log(folder / "other", witnessed=True)
    grow(other, plain("x"))
    early = Store(other).newest_checkpoint()
    assert early is not None
    fork = find_fork(early, signed, node=Tree(store.read, signed.head.size).node)
    assert fork is not None
    twin = sign_checkpoint(Checkpoint(KEY.name, signed.head.size, bytes(32)), KEY)
    same = find_fork(signed, twin, node=Tree(store.read, signed.head.size).node)
    assert same is not None
    files = {
        "proof": proof.encode(),
        "disclosure": disclose(proof, store.held_bundle(0)[3], ["act", "number"]).encode(),
        "fork": fork.encode(),
        "twin": same.encode(),
        "withheld": Withholding(receipt, proof).encode(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    export(log, folder / "log")
    (folder / "old").write_bytes((log / "checkpoints" / "001").read_bytes())
    (folder / "policy").write_text(Policy.of(store.config, [KEY.public]).text())
    (folder / "strangers").write_text(Policy.of(store.config, [NEXT_KEY.public]).text())
    return folder


def check(*words: object) -> int:
    return verify_truce.main([str(word) for word in words])


@pytest.mark.parametrize("name", ["proof", "disclosure", "fork", "twin", "withheld", "log"])
def test_what_holds_holds_and_nothing_holds_under_another_key(made: Path, name: str, capsys: Any) -> None:
    assert check(made / "policy", made / name) == 0
    assert capsys.readouterr().out.endswith("HOLDS\n")
    assert check(made / "strangers", made / name) == 1
    assert "DOES NOT HOLD: not signed by a trusted key" in capsys.readouterr().out


def test_a_disclosure_shows_its_fields_and_no_others(made: Path, capsys: Any) -> None:
    check(made / "policy", made / "disclosure")
    out = capsys.readouterr().out
    assert 'disclosed: act = "shelling"' in out
    assert "disclosed: number = 1" in out
    assert "place 1" not in out


def test_a_code_shows_its_entry(made: Path, capsys: Any) -> None:
    code = f"2-{hash_leaf(plain('b')[0].content).hex()[:12]}"
    assert check(made / "policy", made / "log", code) == 0
    assert '  body: {"n": "b"}' in capsys.readouterr().out
    for wrong in ("2-0123456789ab", "999-0123456789ab", "2-", "x", "02-0123456789ab"):
        assert check(made / "policy", made / "log", wrong) == 1


@pytest.mark.parametrize("name", ["proof", "disclosure", "fork", "twin", "withheld"])
def test_no_bit_of_a_file_can_be_turned(made: Path, name: str, tmp_path: Path, capsys: Any) -> None:
    """Or the file says just the same: a signature by nobody known is ignored, as signed-note demands."""
    content = (made / name).read_bytes()
    check(made / "policy", made / name)
    says = capsys.readouterr().out
    for bit in sorted(random.Random(1).sample(range(len(content) * 8), 250)):
        altered = bytearray(content)
        altered[bit // 8] ^= 1 << bit % 8
        (tmp_path / name).write_bytes(altered)
        refused = check(made / "policy", tmp_path / name)
        out = capsys.readouterr().out
        assert refused == 1 or (out == says and name not in {"proof", "disclosure"}), bit


def log_files(folder: Path) -> list[Path]:
    beside = {"README.txt", "policy.txt", "verify_truce.py", "log.json", "keys"}
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in beside)


def test_no_bit_of_a_log_can_be_turned_and_no_file_taken_or_added(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    shutil.copytree(made / "log", folder)
    chance = random.Random(2)
    for path in log_files(folder):
        content = path.read_bytes()
        for bit in chance.sample(range(len(content) * 8), 12):
            altered = bytearray(content)
            altered[bit // 8] ^= 1 << bit % 8
            path.write_bytes(altered)
            assert check(made / "policy", folder) == 1, path
        for wrong in (content[:-1], content + b"\0"):
            path.write_bytes(wrong)
            assert check(made / "policy", folder) == 1, path
        path.write_bytes(content)
    for name in ("stray", "tile/0/009", "tile/0/000.p/7", "checkpoints/777", "heldx"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
        assert check(made / "policy", folder) == 1, name
        (folder / name).unlink()
    assert check(made / "policy", folder) == 0
    for path in log_files(folder):
        content = path.read_bytes()
        path.unlink()
        newest_or_tile = path.name == "checkpoint" or (
            path.parent.name != "checkpoints" and ".p" not in path.parent.name
        )
        if (
            newest_or_tile
        ):  # an older checkpoint is missed by `truceline log audit`, which reads what entries tell
            assert check(made / "policy", folder) == 1, path
        path.write_bytes(content)


def test_a_log_goes_on_from_a_checkpoint_kept_from_before(made: Path, tmp_path: Path) -> None:
    assert check(made / "policy", made / "log", "--checkpoint", made / "old") == 0
    rolled_back = tmp_path / "log"
    export(made / "other", rolled_back)
    (tmp_path / "none").write_text(f"log {KEY.public.text()}\nquorum none\n")
    assert check(tmp_path / "none", rolled_back) == 0
    newest = Store(made / "mine").newest_checkpoint()
    assert newest is not None
    (tmp_path / "head").write_bytes(newest.encode())
    assert check(tmp_path / "none", rolled_back, "--checkpoint", tmp_path / "head") == 1
    forged = sign_checkpoint(Checkpoint(KEY.name, 1, bytes(32)), KEY)
    (tmp_path / "head").write_bytes(forged.encode())
    assert check(made / "policy", made / "log", "--checkpoint", tmp_path / "head") == 1
    (tmp_path / "head").write_bytes(sign_checkpoint(forged.head, NEXT_KEY).encode())
    assert check(made / "policy", made / "log", "--checkpoint", tmp_path / "head") == 1


def test_a_reader_asks_for_witnesses_and_for_a_time(made: Path, tmp_path: Path) -> None:
    assert check(made / "policy", made / "proof", "--since", NOW) == 0
    assert check(made / "policy", made / "proof", "--since", "2025-04-20T10:00:01Z") == 1
    every = Policy(
        (KEY.public,),
        {key.name: key.public for key in WITNESSES},
        {"all": (3, tuple(key.name for key in WITNESSES))},
        "all",
    )
    (tmp_path / "all").write_text(every.text())
    assert check(tmp_path / "all", made / "proof") == 1


A, B = SIDE_A.public.text(), SIDE_B.public.text()


@pytest.mark.parametrize(
    ("lines", "holds"),
    [
        (["# comment", "", "\tquorum none"], True),
        ([f"witness X {A}", "quorum X"], True),
        ([f"witness X {A}", f"witness Y {B}", "group G all X Y", "group H any G", "quorum H"], True),
        ([f"witness X {WITNESSES[2].public.text()}", "quorum X"], False),
        ([f"witness X {A}", f"witness Y {A}", "quorum X"], False),
        ([f"witness none {A}", "quorum none"], False),
        ([f"witness X {KEY.public.text()}", "quorum X"], False),
        (["quorum X"], False),
        (["quorum none", "quorum none"], False),
        ([], False),
        ([f"witness X {A}", "group G 0 X", "quorum G"], False),
        ([f"witness X {A}", "group G 2 X X", "quorum G"], False),
        ([f"witness X {A}", "group X any X", "quorum X"], False),
        (["nonsense", "quorum none"], False),
        (["log x", "quorum none"], False),
    ],
)
def test_both_readers_of_policies_agree(
    made: Path, tmp_path: Path, lines: Sequence[str], holds: bool
) -> None:
    text = "\n".join([f"log {KEY.public.text()}", *lines]) + "\n"
    (tmp_path / "policy").write_text(text)
    assert (check(tmp_path / "policy", made / "proof") == 0) == holds
    newest = Store(made / "mine").newest_checkpoint()
    assert newest is not None
    try:
        Policy.read(text).check(newest)
    except ValueError:
        assert not holds
    else:
        assert holds


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"x", b"1.5", b"NaN", b"\xff", b'{"a": 1}', b'{"format":"truceline fork v1"}', b"[" * 100_000,
        b'{"format":"truceline disclosure v1","proof":1}', b"c2sp.org/tlog-proof@v1\n", b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n",
    ],
)  # fmt: skip
def test_any_other_file_is_refused_without_a_traceback(made: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert check(made / "policy", tmp_path / "file") == 1
    assert check(made / "policy", tmp_path / "nowhere") == 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("disclosure", {"fields": {}}), ("disclosure", {"commitments": []}), ("disclosure", {"fields": {"nothing": {"salt": "AAAA", "value": 1}}}),
        ("fork", {"proof": []}), ("fork", {"proof": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] * 30}), ("fork", {"root": "AAAA"}), ("withheld", {"receipt": "x"}), ("twin", {"proof": ["x"]}),
    ],
)  # fmt: skip
def test_a_file_that_lacks_something_is_refused(
    made: Path, tmp_path: Path, name: str, change: dict[str, Any]
) -> None:
    (tmp_path / "file").write_bytes(encode({**decode((made / name).read_bytes()), **change}))
    assert check(made / "policy", tmp_path / "file") == 1


def test_a_proof_with_a_longer_or_shorter_path_or_beyond_the_log_is_refused(
    made: Path, tmp_path: Path
) -> None:
    content = (made / "proof").read_bytes()
    lines = content.split(b"\n")
    longer = [*lines[:4], *lines[3:]]
    for wrong in (lines[:3] + lines[4:], longer, [*lines[:2], b"index 99999", *lines[3:]]):
        (tmp_path / "file").write_bytes(b"\n".join(wrong))
        assert check(made / "policy", tmp_path / "file") == 1


def test_it_is_one_short_file_that_imports_the_standard_library_and_cryptography() -> None:
    text = verifier_text().decode()
    assert text.count("\n") < 400
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    assert names == {
        "argparse",
        "base64",
        "cryptography",
        "datetime",
        "hashlib",
        "json",
        "pathlib",
        "re",
        "sys",
        "typing",
    }


@pytest.mark.parametrize("index", [0, 7, 999, 1000, 1_234_067, 10**9])
def test_both_name_tiles_alike(index: int) -> None:
    assert verify_truce.path_of(index) == index_path(index)


def test_both_climb_every_tree_alike() -> None:
    leaves = hash_leaves([bytes([number]) for number in range(40)])

    def node(level: int, index: int) -> bytes:
        return fold(leaves[index << level : (index + 1) << level])

    for size in range(2, 40):
        root = fold(leaves[:size])
        assert verify_truce.fold(leaves[:size]) == root
        for old in range(1, size):
            proof = prove_consistency(node, old, size)
            assert verify_truce.goes_on(old, size, fold(leaves[:old]), proof) == root
            path = prove_inclusion(node, old, size)
            assert verify_truce.climb(old, size - 1, [leaves[old]] * 2, path)[0] == root


def test_a_proof_from_an_odd_size_needs_steps() -> None:
    with pytest.raises(ValueError, match="the proof is empty"):
        verify_truce.goes_on(3, 5, bytes(32), [])
    with pytest.raises(ValueError, match="too long"):
        verify_truce.goes_on(1, 2, bytes(32), [bytes(32)] * 2)


def test_a_wrong_call_ends_with_two(capsys: Any) -> None:
    for words in ([], ["one"], ["one", "two", "--since", "yesterday"]):
        with pytest.raises(SystemExit) as caught:
            verify_truce.main(words)
        assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["log.json", "keys", "tile/0/000", "tile/0/001", "tile/entries/001", "tile/1/000", "tile/0/000.p/300"],
)
def test_nothing_of_a_log_is_taken_unseen(made: Path, tmp_path: Path, name: str, capsys: Any) -> None:
    """What the log says of itself; tiles that stand beside those that are read; links."""
    folder = Path(shutil.copytree(made / "log", tmp_path / "log"))
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b'{"batch":0}')
    assert check(made / "policy", folder) == 1
    (folder / name).unlink()
    assert check(made / "policy", folder) == int((made / "log" / name).exists())
    (tmp_path / "elsewhere").write_bytes((made / "log/keys").read_bytes())
    (folder / name).symlink_to(tmp_path / "elsewhere")
    capsys.readouterr()
    assert check(made / "policy", folder) == 1
    assert "no plain file" in capsys.readouterr().out


def test_what_it_did_not_check_is_named(made: Path, tmp_path: Path, capsys: Any) -> None:
    folder = Path(shutil.copytree(made / "log", tmp_path / "log"))
    (folder / "held").mkdir()
    (folder / "held/000").write_bytes(b"x")
    (folder / "README.txt").unlink()
    assert check(made / "policy", folder) == 0
    assert "not checked: held/000, policy.txt, verify_truce.py\n" in capsys.readouterr().out


def test_a_key_that_gave_way_signs_no_later_head(tmp_path: Path) -> None:
    log = new_log(tmp_path / "mine")
    grow(log, plain("a"))
    with Log(log, key=KEY, salts=SALTS) as open_log:
        open_log.change_key(NEXT_KEY, logged=NOW)
        signed = open_log.checkpoint(logged=NOW)
    export(log, tmp_path / "log")
    assert check(tmp_path / "log/policy.txt", tmp_path / "log") == 0
    for name in ("checkpoint", f"checkpoints/{signed.head.size:03d}"):
        (tmp_path / "log" / name).write_bytes(sign_checkpoint(signed.head, KEY).encode())
    assert check(tmp_path / "log/policy.txt", tmp_path / "log") == 1
