"""Each check of the single-file verifier alone: what is wrong in just one way is refused for just that."""

from __future__ import annotations

import re
import runpy
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fixtures_custody import KEY, NEXT_KEY, NOW_S, SALTS, SIDE_A, SIDE_B, grow, new_log, plain

from truceline.custody import verify_truce
from truceline.custody.canonical import encode
from truceline.custody.checkpoint import SignedCheckpoint, cosign
from truceline.custody.encoding import to_base64
from truceline.custody.export import export
from truceline.custody.log import Log
from truceline.custody.merkle import fold, hash_leaf
from truceline.custody.note import Note, sign_note
from truceline.custody.read import Store
from truceline.custody.sign import SecretKey
from truceline.custody.verify_truce import Head, Key, Policy, Proof

ENTRIES = [encode({"n": number}) for number in range(4)]
LEAVES = [hash_leaf(entry) for entry in ENTRIES]
OTHER = hash_leaf(b"another")
LINE = "— a AAAA\n"  # a signature of nobody
TRUST = f"log {KEY.public.text()}\n"
WITNESS_A = f"witness A {SIDE_A.public.text()}\nwitness B {SIDE_B.public.text()}\n"


def trust(lines: str = "quorum none\n", since_s: float | None = None) -> Policy:
    return Policy(TRUST + lines, since_s)


def head(size: int, root: bytes, origin: str = KEY.name) -> Note:
    return sign_note(f"{origin}\n{size}\n{to_base64(root)}\n", KEY)


def refuses(work: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        work()


# -- spellings -------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["", "01", "00", "+1", "-1", " 1", "1 ", "1\n", "1_0", "1.0", "٣", "1" * 20])
def test_a_number_has_one_spelling(text: str) -> None:
    refuses(lambda: verify_truce.number(text), "not a number")


def test_the_largest_and_the_smallest_number_are_read() -> None:
    assert [verify_truce.number(text) for text in ("0", "10", "9" * 19)] == [0, 10, 10**19 - 1]


@pytest.mark.parametrize(
    "content", [b'{"a": 1}', b'{"b":1,"a":2}', b'{"a":1,"a":1}', b" 1", b'"\\u0041"', b"-0"]
)
def test_a_record_has_one_spelling(content: bytes) -> None:
    refuses(lambda: verify_truce.record_of(content), "not in its canonical form")


def test_of_what_is_refused_the_beginning_is_shown() -> None:
    refuses(lambda: verify_truce.unbase("A" * 42 + "B="), "stray bits: 'A{40}'$")
    refuses(lambda: verify_truce.number("x" * 50), "not a number: 'x{40}'$")
    refuses(lambda: verify_truce.Note(b"text\n\n" + b"x" * 70 + b"\n"), "not a signature: 'x{60}'$")


def test_a_key_is_of_its_kind_and_has_its_own_id() -> None:
    name, found, raw = KEY.public.text().split("+", 2)
    assert Key(KEY.public.text(), 1).name == KEY.name
    refuses(lambda: Key(KEY.public.text(), 4), "not of its form")
    refuses(lambda: Key(f"{name}+{NEXT_KEY.public.text().split('+')[1]}+{raw}", 1), "not of its form")
    refuses(lambda: Key(f"{name}+{found.upper()}+{raw}", 1), "not of its form")


def test_a_key_with_a_plus_in_its_base64_is_read() -> None:
    keys = (SecretKey.make("a.example", seed=bytes([number]) * 32).public for number in range(100))
    key = next(key for key in keys if key.text().count("+") > 2)
    assert Key(key.text(), 1).raw == key.raw


# -- notes and heads -------------------------------------------------------------------------
def test_a_note_is_read() -> None:
    note = verify_truce.Note(f"text\n\n{LINE}{LINE}".encode())
    assert (note.text, note.lines) == ("text\n", [("a", bytes(3))] * 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LINE, "a text, a blank line"), (f"text\n{LINE}", "a text, a blank line"), (f"text\n\n{LINE[:-1]}x", "a text, a blank line"),
        *[(f"te{chr(code)}xt\n\n{LINE}", "a control character") for code in (0, 9, 11, 13, 31)],
        *[(f"text\n\n{line} AAAA\n", "not a signature") for line in ("-- a", "a", "—", "— a b", " — a", "—a", "— a ")],
        ("text\n\n\n", "a text, a blank line"), ("text\n\n— a\n", "not a signature"),
    ],
)  # fmt: skip
def test_a_note_has_one_form(content: str, message: str) -> None:
    refuses(lambda: verify_truce.Note(content.encode()), message)


ROOT = to_base64(bytes(32))


def test_a_head_has_three_lines() -> None:
    assert Head(f"a\n1\n{ROOT}\n\n{LINE}".encode()).size == 1
    for text in (f"\n1\n{ROOT}\n", f"a\n1\n{ROOT}\nmore\n", "a\n1\n"):
        refuses(partial(Head, f"{text}\n{LINE}".encode()), "three lines")


# -- whom to trust ---------------------------------------------------------------------------
def cosigned(*times_s: int) -> Head:
    text = head(1, LEAVES[0]).text
    lines = [cosign(text, witness=key, time_s=at) for key, at in zip((SIDE_A, SIDE_B), times_s, strict=False)]
    return Head(head(1, LEAVES[0]).with_signatures(lines).encode().encode())


def test_what_is_said_of_a_head_names_its_witnesses() -> None:
    start = f"checkpoint 1 of {KEY.name}, cosigned: "
    assert trust().check(cosigned()) == [start + "by no one"]
    lines = WITNESS_A + "group both all A B\nquorum both\n"
    at = "2025-04-20T10:00:0"
    assert trust(lines).check(cosigned(NOW_S, NOW_S + 1)) == [f"{start}A at {at}0Z, B at {at}1Z"]
    refuses(lambda: trust(lines).check(cosigned()), "cosigned: none$")
    refuses(lambda: trust(lines).check(cosigned(NOW_S)), "cosigned: A$")
    refuses(lambda: trust("quorum A\n"), "no quorum line")
    refuses(lambda: trust(""), "no quorum line")


@pytest.mark.parametrize("since_s", [-5.0, 0.0, float(NOW_S)])
def test_where_somebody_must_have_cosigned_since_a_time_nobody_is_not_enough(since_s: float) -> None:
    lines = WITNESS_A + "quorum none\n"
    assert trust(lines).check(cosigned())
    assert trust(lines, since_s).check(cosigned(0, NOW_S))
    refuses(lambda: trust(lines, since_s).check(cosigned()), "since then")
    refuses(lambda: trust(lines, NOW_S + 1).check(cosigned(NOW_S)), "since then")


def test_a_witness_whose_clock_ran_out_of_years_ends_in_no_traceback(tmp_path: Path) -> None:
    content = [b"c2sp.org/tlog-proof@v1\nextra ", to_base64(ENTRIES[0]).encode(), b"\nindex 0\n\n"]
    for at, holds in ((NOW_S, True), (2**62, False)):
        note = head(1, LEAVES[0])
        line = cosign(note.text, witness=SIDE_A, time_s=at)
        (tmp_path / "proof").write_bytes(b"".join([*content, note.with_signatures([line]).encode().encode()]))
        (tmp_path / "policy").write_text(TRUST + WITNESS_A + "quorum none\n")
        ended = verify_truce.main([str(tmp_path / "policy"), str(tmp_path / "proof")])
        assert (ended == 0) == holds


# -- trees -----------------------------------------------------------------------------------
def test_a_path_is_neither_longer_nor_shorter_than_the_tree() -> None:
    starts = [LEAVES[0]] * 2
    assert verify_truce.climb(0, 1, starts, [LEAVES[1]])[0] == fold(LEAVES[:2])
    refuses(lambda: verify_truce.climb(0, 1, starts, []), "too short")
    refuses(lambda: verify_truce.climb(0, 1, starts, LEAVES[1:3]), "too long")


def test_a_tree_goes_on_from_a_smaller_one_that_is_not_empty() -> None:
    for old_size, size in ((0, 2), (0, 1), (2, 2), (1, 1), (3, 2)):
        refuses(partial(verify_truce.goes_on, old_size, size, bytes(32), []), "from a smaller tree")


def proof(entry: bytes = ENTRIES[0], index: int = 0, path: Sequence[bytes] = (), size: int = 1, **of: Any) -> bytes:  # fmt: skip
    lines = ["c2sp.org/tlog-proof@v1", f"extra {to_base64(entry)}", f"index {index}", *map(to_base64, path)]
    root = of.pop("root", fold([hash_leaf(entry), *path]))
    return "\n".join([*lines, "", head(size, root, **of).encode()]).encode()


def test_a_proof_in_a_log_of_one_entry_or_of_two_holds_and_shows_it() -> None:
    code = LEAVES[0].hex()[:12]
    for content in (proof(), proof(path=LEAVES[1:2], size=2)):
        said = verify_truce.check_proof(content, trust())
        assert said[1:] == [f"entry 0-{code}:", "  n: 0"]


def test_a_proof_of_a_place_that_the_log_has_not_is_refused() -> None:
    refuses(lambda: Proof(proof(index=1)), "beyond the checkpoint")
    refuses(lambda: Proof(proof(root=OTHER)), "does not lead")
    refuses(lambda: Proof(proof().replace(b"extra", b"other")), "without entry or index")


# -- disclosures -----------------------------------------------------------------------------
def commit(name: str) -> bytes:
    return verify_truce.sha(b"\x02", bytes(16), encode([name, 1]))


def disclosure(*names: str, committed: str = "", shown: str = "a", root: bytes | None = None) -> Any:
    commitments = [commit(name) for name in committed or names]
    whole = root or verify_truce.sha(b"\x03", *commitments)
    entry = encode({"fields": list(names), "root": to_base64(whole)})
    fields = {name: {"salt": to_base64(bytes(16)), "value": 1} for name in shown}
    return {"commitments": [to_base64(each) for each in commitments], "fields": fields, "proof": proof(entry).decode()}  # fmt: skip


def test_a_disclosure_holds() -> None:
    said = verify_truce.check_disclosure(disclosure("a", "b", shown="ab"), trust())
    assert said[-2:] == ["disclosed: a = 1", "disclosed: b = 1"]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (disclosure("b", "a"), "other fields"), (disclosure("a", "a"), "other fields"), (disclosure("a", "b", committed="a"), "other fields"),
        (disclosure("a", committed="ab"), "other fields"), (disclosure("a", root=OTHER), "other commitments"),
        (disclosure("a", shown=""), "nothing is disclosed"), (disclosure("a", shown="z"), "has no field 'z'"),
        (disclosure("a", "b", committed="bb", shown="a"), "not what was committed"),
    ],
)  # fmt: skip
def test_a_disclosure_of_other_fields_is_refused(record: Any, message: str) -> None:
    refuses(lambda: verify_truce.check_disclosure(record, trust()), message)


# -- misconduct ------------------------------------------------------------------------------
def fork(first: Note, second: Note, root: bytes, *steps: bytes) -> dict[str, Any]:
    return {"first": first.encode(), "second": second.encode(), "root": to_base64(root), "proof": [to_base64(step) for step in steps]}  # fmt: skip


TWO, THREE, FOUR = (fold(LEAVES[:size]) for size in (2, 3, 4))
LIE = head(2, OTHER)


def test_a_fork_holds() -> None:
    for record in (fork(LIE, head(3, THREE), TWO, LEAVES[2]), fork(LIE, head(2, TWO), TWO)):
        assert "two histories" in verify_truce.check_fork(record, trust())[0]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (fork(LIE, head(3, THREE, "other.example/log"), TWO, LEAVES[2]), "two logs"), (fork(head(3, THREE), head(2, TWO), TWO), "the larger head first"),
        (fork(LIE, head(3, THREE), THREE), "the path is too short"), (fork(LIE, head(2, TWO), TWO, LEAVES[2]), "not from a smaller tree"),
        (fork(head(2, TWO), head(3, THREE), TWO, LEAVES[2]), "not shown to contradict"), (fork(LIE, head(3, OTHER), TWO, LEAVES[2]), "not shown to contradict"),
        (fork(head(2, TWO), head(2, OTHER), TWO), "not shown to contradict"),
        (fork(head(3, THREE), head(4, FOUR), OTHER, LEAVES[2], LEAVES[3], TWO), "does not start from that root"),
    ],
)  # fmt: skip
def test_an_honest_log_is_not_shown_to_have_forked(record: dict[str, Any], message: str) -> None:
    refuses(lambda: verify_truce.check_fork(record, trust()), message)


def test_a_head_with_a_cosignature_that_does_not_hold_is_no_part_of_a_fork() -> None:
    bad = LIE.with_signatures([cosign("another text\n", witness=SIDE_A, time_s=NOW_S)])
    good = LIE.with_signatures([cosign(LIE.text, witness=SIDE_A, time_s=NOW_S)])
    policy = trust(WITNESS_A + "quorum none\n")
    assert verify_truce.check_fork(fork(good, head(2, TWO), TWO), policy)
    refuses(lambda: verify_truce.check_fork(fork(bad, head(2, TWO), TWO), policy), "cosignature of a.example")


def withheld(form: str = "truceline receipt v1", leaf: bytes = OTHER, index: int = 0, **of: Any) -> dict[str, Any]:  # fmt: skip
    text = f"{form}\n{KEY.name}\n{index}\n{to_base64(leaf)}\n2025-04-20T10:00:00Z\n"
    return {"receipt": sign_note(text, KEY).encode(), "proof": proof(**of).decode()}


def test_a_withholding_holds() -> None:
    assert "WITHHELD" in verify_truce.check_withheld(withheld(), trust())[0]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (withheld("truceline receipt v2"), "not a receipt"), (withheld(index=1), "another log or place"),
        (withheld(origin="other.example/log"), "another log or place"), (withheld(leaf=LEAVES[0]), "stands where the receipt says"),
    ],
)  # fmt: skip
def test_an_honest_log_is_not_shown_to_withhold(record: dict[str, Any], message: str) -> None:
    refuses(lambda: verify_truce.check_withheld(record, trust()), message)


# -- whole logs ------------------------------------------------------------------------------
SIZES = (256, 512, 514)  # of one whole tile, of two, and of a little more


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """One log as it was published at each of ``SIZES``."""
    folder, copies = tmp_path_factory.mktemp("logs"), {}
    log = new_log(folder / "mine")
    for size in SIZES:
        with Log(log, key=KEY, salts=SALTS) as open_log:
            left = size - open_log.size - 1  # an entry tells of the checkpoint before
        grow(log, plain(*range(left)))
        newest = Store(log).newest_checkpoint()
        assert newest is not None
        export(log, folder / str(size))
        copies[size] = folder / str(size)
    return copies


def audit(folder: Path, *codes: str, old: Note | None = None) -> list[str]:
    return verify_truce.check_log(folder, trust(), list(codes), Head(old.encode().encode()) if old else None)


@pytest.mark.parametrize("size", SIZES)
def test_a_log_at_the_edge_of_a_tile_is_read_whole(logs: dict[int, Path], size: int, tmp_path: Path) -> None:
    assert audit(logs[size])[-1].startswith(f"{size} entries, ")
    folder = Path(shutil.copytree(logs[size], tmp_path / "log"))
    for path in sorted(folder.glob("tile/*/*")):
        if path.is_file():
            path.rename(tmp_path / "away")
            with pytest.raises(FileNotFoundError):
                audit(folder)
            (tmp_path / "away").rename(path)


@pytest.mark.parametrize(
    "name", ["tile/0/002.p/2", "tile/1/000.p/2", "tile/entries/002.p/2", "tile/entries/001"]
)
def test_a_tile_that_is_gone_is_missed(logs: dict[int, Path], tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(logs[514], tmp_path / "log"))
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError):
        audit(folder)


@pytest.mark.parametrize(
    "name", ["tile/0/000.p/256", "tile/0/0.p/9", "tile/0/000.p/300", "tile/0/x000/000.p/9"]
)
def test_what_no_tile_is_called_is_not_of_the_log(logs: dict[int, Path], tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(logs[514], tmp_path / "log"))
    for place, holds in (("tile/0/000.p/9", True), ("tile/0/001.p/255", True), (name, False)):
        (folder / place).parent.mkdir(exist_ok=True, parents=True)
        whole = (folder / ("tile/0/001" if "001" in place else "tile/0/000")).read_bytes()
        (folder / place).write_bytes(whole[: 32 * int(place.split("/")[-1])])
        if holds:
            audit(folder)
        else:
            refuses(partial(audit, folder), f"not of the log, or altered: {re.escape(place)}")


def test_a_code_of_an_entry_that_is_not_there_is_refused(logs: dict[int, Path]) -> None:
    entry = verify_truce.read_bundles(logs[256], set(), 256)[255][2:]
    digits = hash_leaf(entry).hex()[:12]
    assert f"entry 255-{digits}:" in audit(logs[256], f"255-{digits}")
    for code in (f"256-{digits}", f"255-{digits[:-1]}", f"255-{digits}0"):
        refuses(partial(audit, logs[256], code), "no entry")


def test_a_log_does_not_go_on_from_a_larger_one_or_anothers(logs: dict[int, Path]) -> None:
    newest = SignedCheckpoint.read((logs[256] / "checkpoint").read_bytes())
    audit(logs[256], old=newest.note)
    refuses(partial(audit, logs[256], old=head(257, newest.head.root)), "another log or size")
    other = head(256, newest.head.root, "other.example/log")
    refuses(partial(audit, logs[256], old=other), "another log or size")


def test_a_bundle_holds_as_many_entries_as_it_says_and_ends_with_the_last(tmp_path: Path) -> None:
    bundle = tmp_path / "tile/entries/000.p/2"
    bundle.parent.mkdir(parents=True)
    two = b"\x00\x01a\x00\x02bc"
    bundle.write_bytes(two)
    assert verify_truce.read_bundles(tmp_path, set(), 2) == [b"\x00\x01a", b"\x00\x02bc"]
    for wrong in (two[:-1], two + b"\x00", two + b"\x00\x01d", two[:3]):
        bundle.write_bytes(wrong)
        refuses(lambda: verify_truce.read_bundles(tmp_path, set(), 2), "bundle 0 is cut off")


def test_a_new_key_signs_from_the_entry_on_that_tells_of_it(tmp_path: Path) -> None:
    first = {"key": KEY.public.text()}
    told = {"body": {"new": NEXT_KEY.public.text()}, "kind": "key"}
    entries = [b"\x00\x00" + encode({"body": first, "kind": "log"}), b"\x00\x00" + encode(told)]
    (tmp_path / "log.json").write_bytes(encode(first))
    (tmp_path / "keys").write_text(f"0 {KEY.public.text()}\n2 {NEXT_KEY.public.text()}\n")
    for size, own, other in ((1, KEY, NEXT_KEY), (2, NEXT_KEY, KEY), (3, NEXT_KEY, KEY)):
        text = f"{KEY.name}\n{size}\n{to_base64(OTHER)}\n"
        heads = [Head(sign_note(text, key).encode().encode()) for key in (own, other)]
        verify_truce.check_keys(tmp_path, entries, heads[:1])
        refuses(partial(verify_truce.check_keys, tmp_path, entries, heads[1:]), "by the key in force")


def test_a_log_of_no_entry_ends_in_no_traceback(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "log/checkpoints").mkdir(parents=True)
    for name in ("checkpoint", "checkpoints/000"):
        (tmp_path / "log" / name).write_text(head(0, verify_truce.sha()).encode())
    (tmp_path / "policy").write_text(TRUST + "quorum none\n")
    assert verify_truce.main([str(tmp_path / "policy"), str(tmp_path / "log")]) == 1
    assert "DOES NOT HOLD: IndexError(" in capsys.readouterr().out


def test_run_as_a_program_it_ends_with_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policy").write_text(TRUST + "quorum none\n")
    monkeypatch.delitem(sys.modules, verify_truce.__name__)
    for content, code in ((proof(), 0), (b"{}", 1)):
        (tmp_path / "file").write_bytes(content)
        monkeypatch.setattr(sys, "argv", ["verify", str(tmp_path / "policy"), str(tmp_path / "file")])
        with pytest.raises(SystemExit) as caught:
            runpy.run_module(verify_truce.__name__, run_name="__main__")
        assert caught.value.code == code


def test_a_time_without_a_zone_is_refused(capsys: Any) -> None:
    """It would be another time on another machine."""
    assert verify_truce.main(["no policy", "file", "--since", "2025-04-20T10:00:00Z"]) == 1
    for text in ("2025-04-20T10:00:00", "2025-04-20"):
        with pytest.raises(SystemExit) as caught:
            verify_truce.main(["no policy", "file", "--since", text])
        assert caught.value.code == 2
    assert "--since" in capsys.readouterr().err
