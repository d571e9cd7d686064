"""What someone can do who has the log's server and its key, and what not. docs/evidence-log.md cites these.

The witnesses' keys are not his. Each test says in its name what he tries and what becomes of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fixtures_custody import (
    KEY,
    NEXT_KEY,
    NOW,
    NOW_S,
    OUTSIDE,
    SALTS,
    SIDE_A,
    SIDE_B,
    grow,
    new_log,
    plain,
    witnessed_config,
)

from truceline.custody.audit import audit
from truceline.custody.checkpoint import Checkpoint, SignedCheckpoint, cosign, sign_checkpoint
from truceline.custody.entry import code_of, plain_entry
from truceline.custody.log import Log, LogError
from truceline.custody.merkle import hash_leaf
from truceline.custody.misconduct import Fork, Receipt, Withholding, find_fork, sign_receipt
from truceline.custody.policy import Policy
from truceline.custody.proof import Proof, prove
from truceline.custody.read import Store
from truceline.custody.rotation import key_entry
from truceline.custody.sign import SecretKey
from truceline.custody.tile import Tree, tile_path
from truceline.custody.witness import RefusalError, Witness, make_request

LATER = "2025-04-20T11:00:00Z"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of some twenty entries, of which every witness cosigned the head."""
    folder = new_log(tmp_path / "log", witnessed=True)
    grow(folder, plain(*range(17)))
    return folder


def witnesses(tmp_path: Path) -> list[Witness]:
    return [
        Witness(tmp_path / key.name.split(".")[0], key=key, logs=[KEY.public])
        for key in (SIDE_A, SIDE_B, OUTSIDE)
    ]


def show(witness: Witness, folder: Path, *, time_s: int = NOW_S) -> SignedCheckpoint:
    """The witness looks at the log's head; the head with its cosignature, put into the log."""
    store = Store(folder)
    newest = store.newest_checkpoint()
    assert newest is not None
    last = witness.last(KEY.name)
    request = make_request(store, last.head.size if last else 0, newest)
    signature = witness.cosign(request, time_s=time_s)
    with Log(folder) as log:
        return log.add_signatures(newest.head.size, [signature])


def rewritten(tmp_path: Path, *, bodies: list[int], name: str = "rewritten") -> Path:
    """Another history under the same name and key, as only the keeper of the key can make it."""
    folder = new_log(tmp_path / name, witnessed=True)
    grow(folder, plain(*bodies))
    return folder


def head(folder: Path) -> SignedCheckpoint:
    newest = Store(folder).newest_checkpoint()
    assert newest is not None
    return newest


def policy() -> Policy:
    return Policy.of(witnessed_config(), [KEY.public])


def test_fork_no_witness_cosigns_a_second_history_and_the_two_heads_are_a_proof(
    log: Path, tmp_path: Path
) -> None:
    for witness in witnesses(tmp_path):
        show(witness, log)
    other = rewritten(tmp_path, bodies=[*range(16), 99])
    assert head(other).head.size == head(log).head.size
    for witness in witnesses(tmp_path):
        with pytest.raises(RefusalError) as caught:
            show(witness, other)
        assert caught.value.status == 422
        fork = caught.value.fork
        assert fork is not None
        Fork.read(fork.encode()).check([KEY.public])


def test_fork_of_another_length_is_proven_by_the_longer_trees_own_past(log: Path, tmp_path: Path) -> None:
    other = rewritten(tmp_path, bodies=[*range(5), 99, *range(6, 40)])
    store = Store(other)
    fork = find_fork(head(log), head(other), node=Tree(store.read, head(other).head.size).node)
    assert fork is not None
    Fork.read(fork.encode()).check([KEY.public])
    with pytest.raises(ValueError, match="not signed by the log"):
        fork.check([NEXT_KEY.public])


def test_an_honest_log_cannot_be_accused_of_a_fork(log: Path) -> None:
    early = head(log)
    grow(log, plain(*range(30)))
    late, store = head(log), Store(log)
    node = Tree(store.read, late.head.size).node
    assert find_fork(early, late, node=node) is None
    honest = Fork(early, late, early.head.root, tuple(make_request(store, early.head.size, late).proof))
    with pytest.raises(ValueError, match="not shown"):
        honest.check([KEY.public])
    with pytest.raises(ValueError, match="not shown"):
        Fork(early, late, bytes(32), honest.proof).check([KEY.public])
    with pytest.raises(ValueError, match="not shown"):
        Fork(early, early, early.head.root, ()).check([KEY.public])
    forged = sign_checkpoint(Checkpoint(KEY.name, early.head.size, bytes(32)), NEXT_KEY)
    with pytest.raises(ValueError, match="not signed"):
        Fork(early, forged, bytes(32), ()).check([KEY.public])
    elsewhere = SecretKey.make("elsewhere", seed=bytes(32))
    foreign = sign_checkpoint(Checkpoint("elsewhere", early.head.size, bytes(32)), elsewhere)
    with pytest.raises(ValueError, match="two logs"):
        Fork(early, foreign, bytes(32), ()).check([KEY.public, elsewhere.public])


def test_rollback_is_refused_by_witnesses_and_by_whoever_kept_a_head(log: Path, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(log, before)
    grow(log, plain("late"))
    show(witnesses(tmp_path)[0], log)
    last = witnesses(tmp_path)[0].last(KEY.name)
    assert last is not None
    assert last.head.size > head(before).head.size  # what the rolled back log shows is less than was seen
    request = make_request(Store(before), head(before).head.size, head(before))
    with pytest.raises(RefusalError) as caught:
        witnesses(tmp_path)[0].cosign(request, time_s=NOW_S)
    assert caught.value.status == 409
    assert str(caught.value) == str(last.head.size)


def test_rollback_of_tiles_under_a_signed_head_stops_the_keeper_himself(log: Path, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(log, before)
    grow(log, plain("late"))
    shutil.copy(log / "checkpoint", before / "checkpoint")
    size = head(log).head.size
    shutil.copy(log / "checkpoints" / f"{size:03d}", before / "checkpoints")
    with pytest.raises(LogError, match="was signed"):
        Log(before, key=KEY).__enter__()
    assert "log_missing" in {fault.code for fault in audit(before).faults}


def test_late_insertion_changes_every_root_since_and_is_found(log: Path) -> None:
    target = log / tile_path("entries", 0, head(log).head.size)
    content = target.read_bytes()
    late = plain_entry("statement", {"n": "x"}, logged=NOW).content
    target.write_bytes(content[: len(content) // 2] + len(late).to_bytes(2, "big") + late)
    assert not audit(log).sound


def test_late_insertion_with_new_tiles_and_head_is_a_fork(log: Path, tmp_path: Path) -> None:
    show(witnesses(tmp_path)[1], log)
    other = rewritten(tmp_path, bodies=[*range(8), 1234, *range(8, 17)])
    assert audit(other).sound  # alone, it is a log like any other: only the witnesses know better
    with pytest.raises(RefusalError, match="does not go on"):
        show(witnesses(tmp_path)[1], other)
    with pytest.raises(ValueError, match="too few witnesses"):
        policy().check(head(other))


def test_withheld_entry_the_receipt_and_the_head_are_a_proof(log: Path, tmp_path: Path) -> None:
    entry = plain_entry("complaint", {"text": "…"}, logged=NOW)
    size = head(log).head.size
    receipt = sign_receipt(Receipt(KEY.name, size, hash_leaf(entry.content), LATER), KEY)
    grow(log, plain("something else", "more"))  # the keeper logs other things in its place
    found = Withholding(receipt, prove(Store(log), size, head(log)))
    Withholding.read(found.encode()).check([KEY.public])


def test_withheld_entry_no_proof_against_a_log_that_kept_its_word(log: Path) -> None:
    entry = plain_entry("complaint", {"text": "…"}, logged=NOW)
    size = head(log).head.size
    receipt = sign_receipt(Receipt(KEY.name, size + 1, hash_leaf(entry.content), LATER), KEY)
    grow(log, [])  # the log says who cosigned
    grow(log, [entry])
    store = Store(log)
    index = next(
        i for i in range(head(log).head.size) if store.entry(i, size=head(log).head.size) == entry.content
    )
    receipt = sign_receipt(Receipt(KEY.name, index, hash_leaf(entry.content), LATER), KEY)
    with pytest.raises(ValueError, match="stands where it says"):
        Withholding(receipt, prove(store, index, head(log))).check([KEY.public])
    with pytest.raises(ValueError, match="does not show what stands"):
        Withholding(receipt, prove(store, 0, head(log))).check([KEY.public])
    with pytest.raises(ValueError, match="receipt is not signed"):
        Withholding(
            sign_receipt(Receipt(KEY.name, 0, bytes(32), LATER), NEXT_KEY), prove(store, 0, head(log))
        ).check([KEY.public])
    forged = sign_checkpoint(head(log).head, NEXT_KEY)
    proof = prove(store, 0, head(log))
    mine = sign_receipt(Receipt(KEY.name, 0, bytes(32), LATER), KEY)
    with pytest.raises(ValueError, match="head is not signed"):
        Withholding(mine, Proof(0, proof.entry, proof.path, forged)).check([KEY.public])


def test_replayed_checkpoint_is_told_by_the_time_of_its_cosignatures(log: Path, tmp_path: Path) -> None:
    old = show(witnesses(tmp_path)[0], log)
    old = show(witnesses(tmp_path)[1], log)
    times = policy().check(old)
    assert max(times.values()) == NOW_S  # a reader who asks for a later time does not take it
    grow(log, plain("late"))
    new = [show(witness, log, time_s=NOW_S + 3600) for witness in witnesses(tmp_path)[:2]][-1]
    assert max(policy().check(new).values()) == NOW_S + 3600


def test_replayed_checkpoint_a_cosignature_does_not_fit_another_head_or_time(
    log: Path, tmp_path: Path
) -> None:
    old = show(witnesses(tmp_path)[0], log)
    line = next(s for s in old.note.signatures if s.name == SIDE_A.name)
    grow(log, plain("late"))
    assert head(log).with_signatures([line]).cosigned_at_s(SIDE_A.public) is None
    with Log(log) as open_log, pytest.raises(LogError, match="not that of a witness"):
        open_log.add_signatures(head(log).head.size, [line])
    later = line.content[:4] + (NOW_S + 1).to_bytes(8, "big") + line.content[12:]
    moved = SignedCheckpoint(
        old.head, sign_checkpoint(old.head, KEY).note.with_signatures([type(line)(line.name, later)])
    )
    assert moved.cosigned_at_s(SIDE_A.public) is None


def test_split_view_two_readers_need_a_common_witness_to_be_safe_and_can_prove_the_rest(
    log: Path, tmp_path: Path
) -> None:
    """With a quorum of two of three, two views share a witness, who would have to cosign both."""
    other = rewritten(tmp_path, bodies=[*range(16), 99])
    a, b, outside = witnesses(tmp_path)
    show(a, log)
    show(b, other)  # each side is shown its own history
    show(outside, log)
    policy().check(head(log))
    with pytest.raises(RefusalError):
        show(outside, other)
    with pytest.raises(ValueError, match="too few"):
        policy().check(head(other))
    fork = find_fork(head(log), head(other), node=Tree(Store(log).read, head(log).head.size).node)
    assert fork is not None
    fork.check([KEY.public])


def test_foreign_tile_of_another_log_does_not_fit(log: Path, tmp_path: Path) -> None:
    other = rewritten(tmp_path, bodies=list(range(100, 117)))
    size = head(log).head.size
    for level in (0, "entries"):
        broken = tmp_path / f"broken-{level}"
        shutil.copytree(log, broken)
        shutil.copy(other / tile_path(level, 0, size), broken / tile_path(level, 0, size))
        assert {fault.code for fault in audit(broken).faults} == {"log_altered"}
    mixed = prove(Store(other), 5, head(other))
    with pytest.raises(ValueError, match="does not lead"):
        Proof(5, mixed.entry, mixed.path, head(log)).check(Policy((KEY.public,)))


def test_key_rotation_misuse_the_old_key_signs_nothing_after_it_gave_way(log: Path, tmp_path: Path) -> None:
    with Log(log, key=KEY, salts=SALTS) as open_log:
        open_log.change_key(NEXT_KEY, logged=NOW)
        open_log.append(plain("after"))
        open_log.checkpoint(logged=NOW)
    assert audit(log).sound
    assert head(log).signed_by(NEXT_KEY.public)
    with Log(log, key=KEY) as open_log, pytest.raises(LogError, match="secret key"):
        open_log.checkpoint(logged=NOW)
    stolen = sign_checkpoint(head(log).head, KEY)  # whoever stole the old key can still sign
    path = log / "checkpoints" / f"{head(log).head.size:03d}"
    path.write_bytes(stolen.encode())
    (log / "checkpoint").write_bytes(stolen.encode())
    assert "log_signature" in {fault.code for fault in audit(log).faults}


def test_key_rotation_misuse_a_thief_of_the_new_key_cannot_take_over_alone(log: Path) -> None:
    thief = SecretKey.make(KEY.name, seed=bytes([9]) * 32)
    with Log(log, key=KEY, salts=SALTS) as open_log:
        open_log.append([key_entry(thief, thief, size=open_log.size, logged=NOW)])
        open_log.append([key_entry(KEY, NEXT_KEY, size=3, logged=NOW)])  # a true one, at another place
        honest = key_entry(KEY, NEXT_KEY, size=open_log.size, logged=NOW).content
        forged = plain_entry("key", {"new": thief.public.text()}, logged=NOW)
        assert honest != forged.content
        open_log.append([forged])
        open_log.checkpoint(logged=NOW)
    found = audit(log)
    assert [fault.code for fault in found.faults] == ["log_signature"] * 3
    assert head(log).signed_by(KEY.public)


def test_no_party_has_a_veto_a_missing_witness_is_published_and_stops_nothing(
    log: Path, tmp_path: Path
) -> None:
    show(witnesses(tmp_path)[0], log)
    before = head(log).head.size
    grow(log, plain("goes on"))
    store = Store(log)
    told = store.entry(before + 1, size=head(log).head.size)
    assert b'"kind":"witnessing"' in told
    assert b'"missing":["b.example/witness","outside.example/witness"]' in told
    assert head(log).head.size > before


def test_no_party_has_a_veto_a_false_cosignature_is_not_taken(log: Path) -> None:
    size = head(log).head.size
    stranger = SecretKey.make("stranger", seed=bytes([8]) * 32, kind=4)
    text = head(log).note.text
    for wrong in (
        cosign(text, witness=stranger, time_s=NOW_S),
        cosign(text + "x", witness=SIDE_A, time_s=NOW_S),
    ):
        with Log(log) as open_log, pytest.raises(LogError, match="not that of a witness"):
            open_log.add_signatures(size, [wrong])
    with Log(log) as open_log, pytest.raises(LogError, match="no checkpoint of 3"):
        open_log.add_signatures(3, [])


def test_a_witness_whose_clock_went_back_does_not_contradict_itself(log: Path, tmp_path: Path) -> None:
    witness = witnesses(tmp_path)[0]
    show(witness, log)
    grow(log, plain("late"))
    with pytest.raises(RefusalError, match="clock went back by 60 s"):
        show(witness, log, time_s=NOW_S - 60)
    show(witness, log, time_s=NOW_S)


def test_a_witness_answers_as_the_protocol_says(log: Path, tmp_path: Path) -> None:
    witness, store = witnesses(tmp_path)[0], Store(log)
    newest = head(log)
    request = make_request(store, 0, newest)

    def status(changed) -> int:
        with pytest.raises(RefusalError) as caught:
            witness.cosign(changed, time_s=NOW_S)
        return caught.value.status

    stranger = SecretKey.make("stranger", seed=bytes(32))
    foreign = sign_checkpoint(Checkpoint("stranger", 1, bytes(32)), stranger)
    assert status(type(request)(0, (), foreign)) == 404
    assert status(type(request)(0, (), sign_checkpoint(newest.head, NEXT_KEY))) == 403
    assert status(type(request)(newest.head.size + 1, (), newest)) == 400
    assert status(type(request)(1, (), newest)) == 409
    assert status(type(request)(0, (bytes(32),), newest)) == 422
    assert witness.cosign(type(request).read(request.encode()), time_s=NOW_S).name == SIDE_A.name
    assert len(list((tmp_path / "a").glob("refused/*"))) == 0
    grow(log, plain("late"))
    late = make_request(Store(log), newest.head.size, head(log))
    assert status(type(request)(late.old_size, late.proof[:-1], late.checkpoint)) == 422
    assert len(list((tmp_path / "a").glob("refused/*"))) == 1
    with pytest.raises(ValueError, match="one that cosigns"):
        Witness(tmp_path / "x", key=KEY, logs=[])


def test_a_code_leads_to_one_entry(log: Path) -> None:
    store, size = Store(log), head(log).head.size
    codes = {code_of(index, store.entry(index, size=size)) for index in range(size)}
    assert len(codes) == size
