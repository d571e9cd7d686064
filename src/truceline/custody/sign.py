"""Keys with names: Ed25519 (RFC 8032), written as C2SP signed-note writes them.

A public key is ``name+8 hexadecimal digits+base64(kind || 32 bytes)``; a secret one has the same parts
behind ``PRIVATE+KEY+``. The eight digits, the key's id, say at a glance which key signed; they prove nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from truceline.custody.chance import secret_bytes
from truceline.custody.encoding import from_base64, from_hex, to_base64

NOTE: Final = 0x01  #: kind of a key that signs notes and records (signed-note, "Signature types")
COSIGNATURE: Final = 0x04  #: kind of a key that cosigns checkpoints with a time (tlog-cosignature)
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
_SECRET_HEAD: Final = "PRIVATE+KEY+"

# Points of order 1, 2, 4 and 8, without the sign bit: under such a key one signature fits many messages,
# so whoever chose it could deny what he signed. The test reckons them from the curve.
_WEAK: Final = frozenset(
    bytes.fromhex(text)
    for text in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


def check_name(name: str) -> None:
    """Raise ValueError unless ``name`` may name a key: not empty, no blanks, no plus, no control characters."""
    if not name or re.search(r"[\s+\x00-\x1f\ud800-\udfff]", name):
        raise ValueError(
            f"{name!r} cannot name a key: a name has no blanks, plus signs or control characters"
        )


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks signatures; ``kind`` says of what (``NOTE`` or ``COSIGNATURE``)."""

    name: str
    raw: bytes
    kind: int = NOTE

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in (NOTE, COSIGNATURE):
            raise ValueError(f"{self.name}: a key of the unknown kind {self.kind}")
        if len(self.raw) != KEY_BYTES:
            raise ValueError(f"{self.name}: a key of {len(self.raw)} bytes instead of {KEY_BYTES}")
        if self.raw[:-1] + bytes([self.raw[-1] & 0x7F]) in _WEAK:
            raise ValueError(f"{self.name}: a weak key, under which one signature fits many messages")

    @property
    def key_id(self) -> bytes:
        """Four bytes by which a signature names its key (signed-note, "Signatures")."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.raw).digest()[:4]

    def named(self, name: str) -> PublicKey:
        """The same key under another name, which is what the same secret signs as under that name."""
        return PublicKey(name, self.raw, self.kind)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (64 bytes) is this key's over ``message``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def text(self) -> str:
        """As signed-note writes a verifier key."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.kind]) + self.raw)}"

    @classmethod
    def read(cls, text: str) -> PublicKey:
        """The key that ``text`` writes.

        Raises
        ------
        ValueError
            If it is not of that form, or its id is not that of its name and bytes.
        """
        name, kind, raw, key_id = _parts(text)
        key = cls(name, raw, kind)
        if key.key_id != key_id:
            raise ValueError(f"{name}: the id {key_id.hex()} is not that of the key, {key.key_id.hex()}")
        return key


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key that signs. Whoever holds its text can sign in its name."""

    public: PublicKey
    _seed: bytes = field(repr=False)

    @classmethod
    def make(cls, name: str, *, seed: bytes | None = None, kind: int = NOTE) -> SecretKey:
        """A key of ``name``: from 32 secret bytes, or from the system's randomness where none are given.

        Raises
        ------
        ValueError
            If the name cannot name a key, or the seed is not of 32 bytes.
        """
        seed = secret_bytes(KEY_BYTES) if seed is None else seed
        raw = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        return cls(PublicKey(name, raw, kind), seed)

    @property
    def name(self) -> str:
        """Whose key it is."""
        return self.public.name

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message``, 64 bytes; the same message has the same signature."""
        return Ed25519PrivateKey.from_private_bytes(self._seed).sign(message)

    def named(self, name: str) -> SecretKey:
        """The same secret under another name; a signature then names that one."""
        return SecretKey.make(name, seed=self._seed, kind=self.public.kind)

    def derive(self, purpose: str) -> bytes:
        """32 secret bytes for ``purpose``, the same each time, from which the key cannot be found."""
        return hashlib.sha256(b"truceline/derive/v1\n" + purpose.encode() + b"\n" + self._seed).digest()

    def text(self) -> str:
        """As it is kept in a file; secret."""
        secret = to_base64(bytes([self.public.kind]) + self._seed)
        return f"{_SECRET_HEAD}{self.name}+{self.public.key_id.hex()}+{secret}"

    @classmethod
    def read(cls, text: str) -> SecretKey:
        """The key that ``text`` writes.

        Raises
        ------
        ValueError
            If it is not of that form, or its id is not that of its name and bytes. The message holds
            nothing of the secret.
        """
        if not text.startswith(_SECRET_HEAD):
            raise ValueError(f"a secret key begins with {_SECRET_HEAD}")
        name, kind, seed, key_id = _parts(text.removeprefix(_SECRET_HEAD))
        key = cls.make(name, seed=seed, kind=kind)
        if key.public.key_id != key_id:
            raise ValueError(
                f"{name}: the id {key_id.hex()} is not that of the key, {key.public.key_id.hex()}"
            )
        return key


def _parts(text: str) -> tuple[str, int, bytes, bytes]:
    """Name, kind, 32 bytes and id of ``name+id+base64(kind || bytes)``."""
    name, *rest = text.split("+", 2)
    if len(rest) != 2:
        raise ValueError("a key is written name+id+base64")
    try:
        key_id, content = from_hex(rest[0], size=4), from_base64(rest[1], size=1 + KEY_BYTES)
    except ValueError as error:
        raise ValueError(f"the key of {name!r} is not written name+id+base64: {error}") from None
    return name, content[0], content[1:], key_id
