"""Notes, checkpoints, policies, what a log says of itself: read strictly, written one way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures_custody import KEY, NEXT_KEY, NOW_S, OUTSIDE, SIDE_A, SIDE_B, config, witnessed_config

from truceline.custody.canonical import encode
from truceline.custody.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    cosign,
    sign_checkpoint,
    verify_cosignature,
)
from truceline.custody.config import KeyHistory, LogConfig
from truceline.custody.encoding import from_base64, from_decimal, from_hex
from truceline.custody.merkle import EMPTY_ROOT
from truceline.custody.misconduct import Fork, Receipt, Withholding
from truceline.custody.note import MAX_SIGNATURES, Note, Signature, read_note, read_signatures, sign_note
from truceline.custody.policy import Policy
from truceline.custody.rotation import key_entry, read_key_entry
from truceline.custody.sign import COSIGNATURE, PublicKey, SecretKey

HEAD = Checkpoint(KEY.name, 3, bytes(range(32)))
SIGNED = sign_checkpoint(HEAD, KEY)

# signed-note, "Example"
FOO = PublicKey.read("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
FOO_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()


def test_the_example_note_of_the_specification_verifies() -> None:
    note = read_note(FOO_NOTE)
    assert note.text == "This is an example message.\n"
    assert note.signed_by(FOO)
    assert note.encode().encode() == FOO_NOTE
    assert not note.signed_by(KEY.public)


def test_every_bit_of_a_note_counts() -> None:
    for bit in range(len(FOO_NOTE) * 8):
        altered = bytearray(FOO_NOTE)
        altered[bit // 8] ^= 1 << bit % 8
        try:
            note = read_note(bytes(altered))
        except ValueError:
            continue
        assert not note.signed_by(FOO), bit


def test_a_note_may_have_empty_lines_and_other_signatures() -> None:
    note = sign_note("first\n\n\nsecond\n", KEY).with_signatures(
        sign_note("first\n\n\nsecond\n", NEXT_KEY).signatures
    )
    again = read_note(note.encode().encode())
    assert again == note
    assert again.signed_by(KEY.public)
    assert again.signed_by(NEXT_KEY.public)
    assert note.with_signatures(note.signatures) == note


def test_a_wrong_line_of_a_known_key_spoils_the_note() -> None:
    wrong = Signature(KEY.name, KEY.public.key_id + bytes(64))
    assert not SIGNED.with_signatures([wrong]).signed_by(KEY.public)
    twice = SIGNED.with_signatures(
        [cosign(HEAD.text(), witness=SIDE_A, time_s=5), cosign(HEAD.text(), witness=SIDE_A, time_s=4)]
    )
    assert twice.cosigned_at_s(SIDE_A.public) == 4
    spoilt = twice.with_signatures([Signature(SIDE_A.name, SIDE_A.public.key_id + bytes(72))])
    assert spoilt.cosigned_at_s(SIDE_A.public) is None
    assert spoilt.cosigned_at_s(SIDE_B.public) is None


@pytest.mark.parametrize(
    "content",
    [
        b"", b"text\n", b"text\n\n", b"text\n\n\n", b"text\n\nno dash AAAAAAA=\n", "text\n\n— a AAAAAAA=".encode(),
        "text\n\n— a AAAA\n".encode(), "text\n\n— a b AAAAAAA=\n".encode(), "text\n\n— AAAAAAA=\n".encode(),
        "te\txt\n\n— a AAAAAAA=\n".encode(), "text\n\n— a AAAAAAA=\n— a AAAAAAA=\n".encode(), b"\xff" + FOO_NOTE,
        "text\n\n— a AAAAAAB=\n".encode(), "text\n\n— a+b AAAAAAA=\n".encode(), bytes([97]) * 1_000_001 + FOO_NOTE,
        ("text\n\n" + "".join(f"— a{i} AAAAAAA=\n" for i in range(MAX_SIGNATURES + 1))).encode(),
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_note(content)
    with pytest.raises(ValueError, match="newline"):
        read_signatures("— a AAAAAAA=")


def test_a_checkpoint_is_what_the_specification_writes() -> None:
    assert SIGNED.note.text == "mission.example/log\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert SignedCheckpoint.read(SIGNED.encode()) == SIGNED
    assert SIGNED.signed_by(KEY.public)
    assert Checkpoint.read(Checkpoint("a", 0, EMPTY_ROOT).text()).size == 0


@pytest.mark.parametrize(
    "text",
    ["", "a\n3\n", "a\n03\n{r}\n", "a\n-3\n{r}\n", "a\n3\nAAAA\n", "\n3\n{r}\n", "a\n3\n{r}\nextra\n", "a\n0\n{r}\n", "a\n3\n{r}"],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Checkpoint.read(text.format(r=HEAD.text().split("\n")[2]))


def test_a_cosignature_is_what_the_specification_signs() -> None:
    line = cosign(HEAD.text(), witness=SIDE_A, time_s=1_679_315_147)
    message = b"cosignature/v1\ntime 1679315147\n" + HEAD.text().encode()
    assert line.content == SIDE_A.public.key_id + (1_679_315_147).to_bytes(8, "big") + SIDE_A.sign(message)
    assert verify_cosignature(HEAD.text(), content=line.content[4:], witness=SIDE_A.public) == 1_679_315_147
    assert verify_cosignature(HEAD.text() + "x", content=line.content[4:], witness=SIDE_A.public) is None
    plain = PublicKey(SIDE_A.name, SIDE_A.public.raw)
    assert verify_cosignature(HEAD.text(), content=line.content[4:], witness=plain) is None
    late = (2**63).to_bytes(8, "big") + SIDE_A.sign(f"cosignature/v1\ntime {2**63}\n{HEAD.text()}".encode())
    assert verify_cosignature(HEAD.text(), content=late, witness=SIDE_A.public) is None


@pytest.mark.parametrize(("key", "time_s"), [(KEY, 1), (SIDE_A, -1), (SIDE_A, 2**63)])
def test_a_cosignature_takes_a_witness_and_a_time(key: SecretKey, time_s: int) -> None:
    with pytest.raises(ValueError, match="takes a witness's key"):
        cosign(HEAD.text(), witness=key, time_s=time_s)
    assert cosign(HEAD.text(), witness=SIDE_A, time_s=2**63 - 1)


# -- spellings ------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["AB==", "AA=", "AA", "A A=", "AA==\n", "ÄA==", "AA==AA=="])
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        from_base64(text)
    assert from_base64("AA==", size=1) == b"\0"


def test_numbers_and_hexadecimals_have_one_spelling() -> None:
    assert from_decimal("9223372036854775807") == 2**63 - 1
    for text in ("", "01", "+1", "-0", "1 ", "٣", "9223372036854775808", "1\n"):
        with pytest.raises(ValueError, match="decimal"):
            from_decimal(text)
    assert from_hex("00ff", size=2) == b"\0\xff"
    for text in ("00FF", "00f", "00ff00", "0 ff"):
        with pytest.raises(ValueError, match="hexadecimal"):
            from_hex(text, size=2)


# -- policies -------------------------------------------------------------------------------------
LOG, A, B, C = (key.public.text() for key in (KEY, SIDE_A, SIDE_B, OUTSIDE))


def cosigned(*witnesses: SecretKey) -> SignedCheckpoint:
    return SIGNED.with_signatures([cosign(HEAD.text(), witness=key, time_s=NOW_S) for key in witnesses])


def test_a_policy_is_read_as_the_specification_writes_it() -> None:
    text = f"# whom we trust\n log\t{LOG} https://example\n\nwitness X {A}\nwitness Y {B} url\nwitness Z {C}\ngroup two 2 X Y\ngroup some any two Z\nquorum some\n"
    rules = Policy.read(text)
    assert rules.check(cosigned(SIDE_A, SIDE_B)) == {"X": NOW_S, "Y": NOW_S}
    assert rules.check(cosigned(OUTSIDE)) == {"Z": NOW_S}
    for few in ((), (SIDE_A,), (SIDE_B,)):
        with pytest.raises(ValueError, match="too few witnesses"):
            rules.check(cosigned(*few))
    with pytest.raises(ValueError, match="no log that is trusted"):
        rules.check(sign_checkpoint(HEAD, NEXT_KEY))
    assert Policy.read(rules.text()) == rules


def test_a_policy_may_ask_for_one_witness_or_none() -> None:
    assert Policy.read(f"log {LOG}\nquorum none\n").check(SIGNED) == {}
    one = Policy.read(f"log {LOG}\nwitness X {A}\nquorum X")
    assert one.check(cosigned(SIDE_A)) == {"X": NOW_S}
    every = Policy.read(f"log {LOG}\nwitness X {A}\nwitness Y {B}\ngroup G all X Y\nquorum G")
    with pytest.raises(ValueError, match="too few"):
        every.check(cosigned(SIDE_A))
    assert Policy.of(config(), [KEY.public]).quorum == "none"
    assert (
        Policy.read(Policy.of(witnessed_config(), [KEY.public]).text()).groups["quorum-of-witnesses"][0] == 2
    )


def test_a_log_of_another_name_is_not_trusted_under_the_same_key() -> None:
    other = sign_checkpoint(Checkpoint("other", 3, bytes(32)), KEY)
    with pytest.raises(ValueError, match="no log that is trusted"):
        Policy((KEY.public,)).check(other)


@pytest.mark.parametrize(
    "line",
    [
        "log x", f"log {A}", f"log {LOG}\nlog {LOG}", f"witness X {LOG}", f"witness none {A}", f"witness X {A}\nwitness X {B}",
        f"witness X {A}\nwitness Y {A}", "group G any X", f"witness X {A}\ngroup G 0 X", f"witness X {A}\ngroup G 2 X",
        f"witness X {A}\ngroup G 02 X", f"witness X {A}\ngroup G any X X", f"witness X {A}\ngroup G any", f"witness X {A}\ngroup X any X",
        f"witness X {A}\ngroup none any X", "quorum Q", "quorum none\nquorum none", "nonsense", "log", "quorum",
    ],
)  # fmt: skip
def test_a_policy_that_is_not_understood_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Policy.read(f"{line}\nquorum none" if "quorum" not in line else line)


def test_a_policy_without_a_quorum_is_refused() -> None:
    with pytest.raises(ValueError, match="one quorum line"):
        Policy.read(f"log {LOG}\n")


# -- what a log is --------------------------------------------------------------------------------
def test_what_a_log_says_of_itself_survives_its_file() -> None:
    made = witnessed_config(batch=16, period_s=3600)
    assert LogConfig.read(made.encode()) == made


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "a b"}, {"origin": "other"}, {"key": SIDE_A.public.text()}, {"witnesses": [LOG]}, {"witnesses": [A, A]},
        {"witnesses": [A], "quorum": 2}, {"quorum": -1}, {"batch": -1}, {"batch": 65_537}, {"period_s": -1},
        {"period_s": 366 * 86_400 + 1}, {"batch": True}, {"batch": "1"}, {"witnesses": "x"}, {"witnesses": [1]}, {"origin": 1},
        {"key": "x"}, {"format": "x"}, {"more": 1},
        {"witnesses": [SecretKey.make("z", seed=bytes([1]) * 32, kind=COSIGNATURE).public.text()]},
        {"witnesses": [A, SecretKey.make(SIDE_A.name, seed=bytes(32), kind=COSIGNATURE).public.text()]},
    ],
)  # fmt: skip
def test_what_a_log_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        LogConfig.read(encode({**config().record(), **change}))
    with pytest.raises(ValueError, match="not a description"):
        LogConfig.read(b"[]")


def test_keys_follow_each_other() -> None:
    history = KeyHistory.of([(0, KEY.public), (5, NEXT_KEY.public)], config=config())
    assert KeyHistory.read(history.encode(), config=config()) == history
    assert [history.at(size) for size in (0, 4, 5, 9)] == [KEY.public] * 2 + [NEXT_KEY.public] * 2
    assert history.latest == NEXT_KEY.public


@pytest.mark.parametrize(
    "text",
    [
        "", f"0 {LOG}", f"1 {LOG}\n", f"0 {NEXT_KEY.public.text()}\n", f"0 {LOG}\n5 {A}\n", f"0 {LOG}\n0 {NEXT_KEY.public.text()}\n",
        f"0 {LOG}\n5 {SecretKey.make('other', seed=bytes(32)).public.text()}\n", "0\n", f"0 {LOG}\n\n",
    ],
)  # fmt: skip
def test_a_list_of_keys_out_of_order_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        KeyHistory.read(text.encode(), config=config())


def test_a_change_of_key_is_signed_by_both_for_its_place() -> None:
    body = json.loads(key_entry(KEY, NEXT_KEY, size=7, logged="2025-04-20T10:00:00Z").content)["body"]
    assert read_key_entry(body, index=7, old=KEY.public) == NEXT_KEY.public
    for wrong, index, old in (
        (body, 8, KEY.public), (body, 7, NEXT_KEY.public), ({**body, "more": "x"}, 7, KEY.public), ({**body, "new": 1}, 7, KEY.public),
        ({**body, "old_signature": body["new_signature"]}, 7, KEY.public), ({**body, "new_signature": body["old_signature"]}, 7, KEY.public),
        ({**body, "old": NEXT_KEY.public.text()}, 7, KEY.public),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"an entry on a key|signatures of an entry"):
            read_key_entry(wrong, index=index, old=old)


@pytest.mark.parametrize(
    "text", ["", "truceline receipt v1\na\n1\nAAAA\nx\n", "x\na\n1\n{r}\n2025-04-20T10:00:00Z\n", "truceline receipt v1\na\n1\n{r}\nx\n"]
)  # fmt: skip
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Receipt.read(text.format(r=HEAD.text().split("\n")[2]))


@pytest.mark.parametrize(
    "change", [{"format": "x"}, {"more": 1}, {"proof": "x"}, {"proof": [1]}, {"first": 1}, {"root": "AAAA"}, {"second": "x"}]
)  # fmt: skip
def test_a_proof_of_misconduct_of_another_form_is_refused(change: dict[str, Any]) -> None:
    good = json.loads(Fork(SIGNED, SIGNED, bytes(32), ()).encode())
    with pytest.raises(ValueError, match=r"."):
        Fork.read(encode({**good, **change}))
    with pytest.raises(ValueError, match="not a file"):
        Withholding.read(encode(good))
    with pytest.raises(ValueError, match="not a file"):
        Fork.read(b"[]")
    with pytest.raises(ValueError, match="a list is missing"):
        Fork.read(encode({**good, "proof": "x"}))


def test_a_note_without_signatures_is_signed_by_nobody() -> None:
    assert not Note("x\n").signed_by(KEY.public)
