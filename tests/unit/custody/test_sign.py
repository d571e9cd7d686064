"""Keys and signatures: RFC 8032, section 7.1, and C2SP signed-note."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.custody.sign import COSIGNATURE, PublicKey, SecretKey

# RFC 8032, section 7.1: seed, public key, message, signature
RFC_8032 = {
    "TEST 1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
}

# signed-note, "Example"
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_SIGNATURE = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="

KEY = SecretKey.make("mission.example/log", seed=bytes(range(32)))


@pytest.mark.parametrize("name", RFC_8032)
def test_signatures_are_those_of_rfc_8032(name: str) -> None:
    seed, public, message, signature = map(bytes.fromhex, RFC_8032[name])
    key = SecretKey.make("example", seed=seed)
    assert key.public.raw == public
    assert key.sign(message) == signature
    assert key.public.verify(message, signature)


def test_the_example_key_of_the_specification_verifies_its_example_note() -> None:
    key = PublicKey.read(FOO)
    line = base64.b64decode(FOO_SIGNATURE)
    assert key.name == "example.com/foo"
    assert key.key_id == line[:4]
    assert key.verify(b"This is an example message.\n", line[4:])
    assert key.text() == FOO


@given(st.binary(max_size=40), st.integers(0, 511))
def test_a_signature_with_one_bit_turned_is_no_signature(message: bytes, bit: int) -> None:
    signature = bytearray(KEY.sign(message))
    signature[bit // 8] ^= 1 << bit % 8
    assert not KEY.public.verify(message, bytes(signature))


def test_a_signature_of_another_length_is_no_signature() -> None:
    assert not KEY.public.verify(b"", b"")
    assert not KEY.public.verify(b"", KEY.sign(b"") + b"\0")


def test_a_signature_is_of_one_message_and_one_key() -> None:
    other = SecretKey.make("mission.example/log", seed=bytes(32))
    assert not KEY.public.verify(b"b", KEY.sign(b"a"))
    assert not other.public.verify(b"a", KEY.sign(b"a"))


@pytest.mark.parametrize("kind", [1, COSIGNATURE])
def test_keys_survive_being_written_and_read(kind: int) -> None:
    key = SecretKey.make("witness.example/one", seed=bytes(32), kind=kind)
    assert SecretKey.read(key.text()) == key
    assert PublicKey.read(key.public.text()) == key.public


def test_one_key_under_another_name_or_of_another_kind_has_another_id() -> None:
    ids = {SecretKey.make(name, seed=bytes(32), kind=kind).public.key_id for name in "ab" for kind in (1, 4)}
    assert len(ids) == 4


def test_a_key_made_without_a_seed_is_made_of_chance() -> None:
    assert SecretKey.make("a") != SecretKey.make("a")


@given(st.integers(0, len(FOO) * 8 - 1))
def test_a_public_key_with_one_bit_turned_is_refused(bit: int) -> None:
    text = bytearray(FOO.encode())
    text[bit // 8] ^= 1 << bit % 8
    try:
        altered = text.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(ValueError, match=r"."):
        PublicKey.read(altered)


@given(st.integers(0, len(KEY.text()) * 8 - 1))
def test_a_secret_key_with_one_bit_turned_is_refused_and_not_shown(bit: int) -> None:
    text = bytearray(KEY.text().encode())
    text[bit // 8] ^= 1 << bit % 8
    try:
        altered = text.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(ValueError, match=r".") as caught:
        SecretKey.read(altered)
    assert KEY.text()[-20:] not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u2003b", "a\x01", "\ud800"])
def test_a_name_that_a_note_could_not_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a key"):
        SecretKey.make(name, seed=bytes(32))


def test_a_key_of_an_unknown_kind_or_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind 2"):
        PublicKey("a", KEY.public.raw, 2)
    with pytest.raises(ValueError, match="33 bytes instead of 32"):
        PublicKey("a", KEY.public.raw + b"\0")
    with pytest.raises(ValueError, match="32"):
        SecretKey.make("a", seed=b"short")


def test_a_secret_is_not_shown_where_a_key_is_printed() -> None:
    assert "_seed" not in repr(KEY)
    assert bytes(range(32)).hex() not in repr(KEY)


def test_the_same_secret_under_another_name_signs_alike_and_names_another_key() -> None:
    other = KEY.named("mission.example/other")
    assert (other.name, other.public.raw) == ("mission.example/other", KEY.public.raw)
    assert other.public.key_id != KEY.public.key_id
    assert other.sign(b"a") == KEY.sign(b"a")


def test_a_public_key_under_another_name_is_that_of_the_secret_under_that_name() -> None:
    secret = SecretKey.make("a.example/log", seed=bytes(32))
    renamed = secret.public.named("a.example/log/case")
    assert renamed == secret.named("a.example/log/case").public
    assert renamed.key_id != secret.public.key_id
    assert renamed.verify(b"x", secret.sign(b"x"))


def test_what_is_derived_from_a_key_differs_by_purpose_and_key() -> None:
    other = SecretKey.make("mission.example/log", seed=bytes(32))
    derived = [KEY.derive("a"), KEY.derive("b"), other.derive("a")]
    assert len(set(derived)) == 3
    assert KEY.derive("a") == derived[0]
    assert all(len(secret) == 32 for secret in derived)


# edwards25519 (RFC 8032, section 5.1): -x² + y² = 1 + d x² y² over the integers modulo P
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


def add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    cross = D * a[0] * b[0] * a[1] * b[1]
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + cross, -1, P)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - cross, -1, P)
    return x % P, y % P


def small_order_ys() -> set[int]:
    """y of every point whose order divides 8, found by multiplying points by the group's prime order."""
    order = 2**252 + 27742317777372353535851937790883648493
    found: set[int] = set()
    for y in range(2, 40):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = pow(square, (P + 3) // 8, P)
        if x * x % P != square:
            x = x * pow(2, (P - 1) // 4, P) % P
        if x * x % P != square:
            continue
        total, power, times = (0, 1), (x, y), order
        while times:
            total, power, times = (add(total, power) if times & 1 else total), add(power, power), times >> 1
        multiple = (0, 1)
        for _ in range(8):
            found.add(multiple[1])
            multiple = add(multiple, total)
    return found


def test_every_key_of_small_order_is_refused() -> None:
    ys = small_order_ys()
    assert len(ys) == 5  # orders 1 and 2 have one each, order 4 has y = 0, order 8 has two
    spellings = {y + extra for y in ys for extra in (0, P) if y + extra < 2**255}
    assert len(spellings) == 7
    for y in spellings:
        for sign in (0, 1 << 255):
            with pytest.raises(ValueError, match="weak key"):
                PublicKey("a", (y | sign).to_bytes(32, "little"))
