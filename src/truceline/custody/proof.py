"""Proofs that leave the log: that an entry stands in it (C2SP tlog-proof), and what held fields of it say.

A proof has all that is needed to check it but the keys to trust: the entry, its path, the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from truceline.custody.canonical import decode, encode
from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.commitment import FIELD_SALT_BYTES, commit_field, open_held, root_of_commitments
from truceline.custody.encoding import from_base64, from_decimal, to_base64
from truceline.custody.entry import read_entry
from truceline.custody.merkle import HASH_BYTES, hash_leaf, prove_inclusion, verify_inclusion
from truceline.custody.policy import Policy
from truceline.custody.read import Store

_FIRST: Final = "c2sp.org/tlog-proof@v1"
_DISCLOSURE: Final = "truceline disclosure v1"
MAX_PATH: Final = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry, where it stands, and the path from it to a checkpoint's root."""

    index: int
    entry: bytes
    path: tuple[bytes, ...]
    checkpoint: SignedCheckpoint

    def encode(self) -> bytes:
        """As a ``.tlog-proof`` file; the entry is its extra data."""
        lines = [_FIRST, f"extra {to_base64(self.entry)}", f"index {self.index}", *map(to_base64, self.path)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint.encode()

    @classmethod
    def read(cls, content: bytes) -> Proof:
        """The proof that ``content`` is; nothing is verified yet. ValueError if it is none."""
        head, blank, rest = content.partition(b"\n\n")
        first, extra, index, *path = [*head.decode("utf-8").split("\n"), "", ""]
        path = path[:-2] if path else path
        if not blank or first != _FIRST or not extra.startswith("extra ") or not index.startswith("index "):
            raise ValueError(f"a proof begins with {_FIRST}, extra, index")
        if len(path) > MAX_PATH:
            raise ValueError(f"a path of more than {MAX_PATH} steps")
        return cls(
            from_decimal(index.removeprefix("index ")),
            from_base64(extra.removeprefix("extra ")),
            tuple(from_base64(step, size=HASH_BYTES) for step in path),
            SignedCheckpoint.read(rest),
        )

    @property
    def holds(self) -> bool:
        """Whether the path leads from the entry to the checkpoint's root."""
        head = self.checkpoint.head
        leaf = hash_leaf(self.entry)
        return verify_inclusion(leaf, index=self.index, size=head.size, path=self.path, root=head.root)

    def check(self, policy: Policy) -> dict[str, int]:
        """Raise ValueError unless the proof holds and its checkpoint is one to trust; times of witnesses."""
        times = policy.check(self.checkpoint)
        if not self.holds:
            raise ValueError(
                f"the path does not lead from the entry at {self.index} to the checkpoint's root"
            )
        return times


def prove(store: Store, index: int, signed: SignedCheckpoint) -> Proof:
    """The proof of entry ``index`` under a checkpoint of the log. ValueError if that does not have it."""
    size = signed.head.size
    path = prove_inclusion(store.tree(size).node, index, size)
    return Proof(index, store.entry(index, size=size), tuple(path), signed)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Some held fields of an entry, with the proof that the entry is logged."""

    proof: Proof
    commitments: tuple[bytes, ...]
    fields: Mapping[str, tuple[bytes, Any]]  #: name → salt, value

    def encode(self) -> bytes:
        """As a file."""
        fields = {
            name: {"salt": to_base64(salt), "value": value} for name, (salt, value) in self.fields.items()
        }
        return encode(
            {
                "commitments": [to_base64(each) for each in self.commitments],
                "fields": fields,
                "format": _DISCLOSURE,
                "proof": self.proof.encode().decode(),
            }
        )

    @classmethod
    def read(cls, content: bytes) -> Disclosure:
        """The disclosure that ``content`` is; nothing is verified yet. ValueError if it is none."""
        record = decode(content)
        if not isinstance(record, dict) or record.keys() != {"commitments", "fields", "format", "proof"}:
            raise ValueError("not a disclosure")
        commitments, fields, proof = record["commitments"], record["fields"], record["proof"]
        if (
            record["format"] != _DISCLOSURE
            or not isinstance(commitments, list)
            or not isinstance(fields, dict)
        ):
            raise ValueError("not a disclosure")
        texts = [proof, *commitments, *(_salt_of(field) for field in fields.values())]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("proof, commitments and salts of a disclosure are texts")
        return cls(
            Proof.read(proof.encode()),
            tuple(from_base64(text, size=HASH_BYTES) for text in commitments),
            {
                name: (from_base64(field["salt"], size=FIELD_SALT_BYTES), field["value"])
                for name, field in fields.items()
            },
        )

    def check(self, policy: Policy) -> dict[str, int]:
        """Raise ValueError unless the entry is logged and every field is what was committed to."""
        times = self.proof.check(policy)
        record = read_entry(self.proof.entry)
        names = record.get("fields", [])
        if root_of_commitments(self.commitments) != from_base64(record.get("root", "")):
            raise ValueError("the commitments are not those of the entry")
        if len(names) != len(self.commitments) or not self.fields:
            raise ValueError("the entry has another number of fields, or none is disclosed")
        for name, (salt, value) in self.fields.items():
            if name not in names or commit_field(name, value, salt) != self.commitments[names.index(name)]:
                raise ValueError(f"the field {name!r} is not what was committed to")
        return times


def _salt_of(field: object) -> object:
    """The salt of a disclosed field; None if the field is not of its form."""
    return field["salt"] if isinstance(field, dict) and field.keys() == {"salt", "value"} else None


def disclose(proof: Proof, held: bytes, fields: Sequence[str]) -> Disclosure:
    """Open ``fields`` of a proven entry, from what its holder kept.

    Raises
    ------
    ValueError
        If the entry has no such field, or its value was forgotten.
    """
    names = read_entry(proof.entry).get("fields", [])
    known = dict(zip(names, open_held(held, names) if names else [], strict=True))
    unknown = [name for name in fields if name not in known or not known[name].is_open]
    if unknown or not fields:
        raise ValueError(f"no value is held of {', '.join(unknown) or 'no field'}; the entry has {names}")
    opened = {name: (known[name].salt, known[name].value) for name in fields}
    return Disclosure(proof, tuple(field.commitment for field in known.values()), opened)
