"""Whom a reader trusts (C2SP tlog-policy): keys of logs, witnesses, and how many of which must have cosigned.

A policy comes from elsewhere than the log that is checked by it; one that came along proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from truceline.custody.checkpoint import SignedCheckpoint
from truceline.custody.config import LogConfig
from truceline.custody.encoding import from_decimal
from truceline.custody.sign import COSIGNATURE, NOTE, PublicKey

_NONE = "none"


@dataclass(frozen=True, slots=True)
class Policy:
    """``groups``: name → how many of its members, and their names; ``quorum``: a name, or ``none``."""

    logs: tuple[PublicKey, ...]
    witnesses: Mapping[str, PublicKey] = field(default_factory=dict)
    groups: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = _NONE

    def check(self, signed: SignedCheckpoint) -> dict[str, int]:
        """Times (POSIX seconds) at which witnesses cosigned, by name.

        Raises
        ------
        ValueError
            If no log of the policy signed the checkpoint, or too few witnesses did.
        """
        if not any(key.name == signed.head.origin and signed.signed_by(key) for key in self.logs):
            raise ValueError(f"the checkpoint of {signed.head.origin} is signed by no log that is trusted")
        times = {name: signed.cosigned_at_s(key) for name, key in self.witnesses.items()}
        held = {name: time_s for name, time_s in times.items() if time_s is not None}
        if not self._reached(self.quorum, held):
            raise ValueError(f"too few witnesses cosigned: {', '.join(held) or 'none'}, for {self.quorum!r}")
        return held

    def _reached(self, name: str, held: Mapping[str, int]) -> bool:
        """Whether a witness, or enough of a group, cosigned."""
        if name == _NONE or name in held:
            return True
        needed, members = self.groups.get(name, (1, ()))
        return sum(self._reached(member, held) for member in members) >= needed

    def text(self) -> str:
        """As a policy file."""
        lines = [f"log {key.text()}" for key in self.logs]
        lines += [f"witness {name} {key.text()}" for name, key in self.witnesses.items()]
        lines += [
            f"group {name} {count} {' '.join(members)}" for name, (count, members) in self.groups.items()
        ]
        return "".join(f"{line}\n" for line in [*lines, f"quorum {self.quorum}"])

    @classmethod
    def of(cls, config: LogConfig, keys: Sequence[PublicKey]) -> Policy:
        """The policy that a log itself proposes, for ``keys`` of it."""
        witnesses = {key.name: key for key in config.witnesses}
        if not config.quorum:
            return cls(tuple(keys), witnesses)
        groups = {"quorum-of-witnesses": (config.quorum, tuple(witnesses))}
        return cls(tuple(keys), witnesses, groups, "quorum-of-witnesses")

    @classmethod
    def read(cls, text: str) -> Policy:
        """The policy that a file says.

        Raises
        ------
        ValueError
            If a line is not of its form, names what no earlier line has, or repeats something.
        """
        logs: list[PublicKey] = []
        witnesses: dict[str, PublicKey] = {}
        groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        quorum = ""
        for number, line in enumerate(text.split("\n"), start=1):
            words = line.replace("\t", " ").split(" ")
            words = [word for word in words if word]
            known = {*witnesses, *groups}
            match words:
                case [] | [""]:
                    continue
                case [first, *_] if first.startswith("#"):
                    continue
                case ["log", key] | ["log", key, _]:
                    logs.append(_key(key, NOTE, logs))
                case ["witness", name, key] | ["witness", name, key, _] if name not in {*known, _NONE}:
                    witnesses[name] = _key(key, COSIGNATURE, [*witnesses.values()])
                case ["group", name, count, *members] if name not in {*known, _NONE} and known.issuperset(
                    members
                ):
                    groups[name] = (_needed(count, members), tuple(members))
                case ["quorum", name] if not quorum and name in {*known, _NONE}:
                    quorum = name
                case _:
                    raise ValueError(f"line {number} of the policy is not understood: {line!r}")
        if not quorum:
            raise ValueError("a policy has one quorum line")
        return cls(tuple(logs), witnesses, groups, quorum)


def _key(text: str, kind: int, others: Sequence[PublicKey]) -> PublicKey:
    """A key of that kind that is none of the others."""
    key = PublicKey.read(text)
    if key.kind != kind or any(key.raw == other.raw for other in others):
        raise ValueError(f"the key of {key.name} is of another kind, or stands twice")
    return key


def _needed(text: str, members: Sequence[str]) -> int:
    """How many of ``members`` a group asks for."""
    if len(set(members)) != len(members):
        raise ValueError("a group names a member twice")
    count = {"any": 1, "all": len(members)}.get(text)
    count = from_decimal(text) if count is None else count
    if not 1 <= count <= len(members):
        raise ValueError(f"a group asks for {text} of {len(members)} members")
    return count
