"""What a log is: its name, its first key, its witnesses, its schedule; and the keys that came later.

``log.json`` never changes and stands in the first entry too; ``keys`` gains a line with each new key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from truceline.custody.canonical import decode, encode
from truceline.custody.encoding import from_decimal
from truceline.custody.sign import COSIGNATURE, NOTE, PublicKey, check_name

CONFIG: Final = "log.json"
KEYS: Final = "keys"
FORMAT: Final = "truceline log v1"
MAX_PERIOD_S: Final = 366 * 86_400
_FIELDS: Final = {"batch", "format", "key", "origin", "period_s", "quorum", "witnesses"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    """What a log is.

    ``batch``: a checkpoint's size is made a multiple of it by padding; 0: no padding. ``period_s``: how long
    the log promises to let pass at most between checkpoints; 0: no promise. ``quorum``: how many witnesses
    must have cosigned for a checkpoint to count as witnessed. A missing witness stops nothing.
    """

    origin: str
    key: PublicKey
    witnesses: tuple[PublicKey, ...] = ()
    quorum: int = 0
    batch: int = 0
    period_s: int = 0

    def __post_init__(self) -> None:
        check_name(self.origin)
        if self.key.kind != NOTE or self.key.name != self.origin:
            raise ValueError("the log's key signs notes, and bears the log's name")
        if any(key.kind != COSIGNATURE for key in self.witnesses):
            raise ValueError("a witness's key is one that cosigns (its base64 begins with B)")
        raws, names = {key.raw for key in self.witnesses}, {key.name for key in self.witnesses}
        if not len(raws) == len(names) == len(self.witnesses) or self.key.raw in raws:
            raise ValueError("each witness has a name and a key of its own, and none has the log's")
        if not 0 <= self.quorum <= len(self.witnesses):
            raise ValueError(f"a quorum of {self.quorum} from {len(self.witnesses)} witnesses")
        if not 0 <= self.batch <= 2**16 or not 0 <= self.period_s <= MAX_PERIOD_S:
            raise ValueError("a batch is of at most 65,536 entries, a period of at most 366 days")

    def record(self) -> dict[str, Any]:
        """As ``log.json`` and the first entry hold it."""
        return {
            "batch": self.batch,
            "format": FORMAT,
            "key": self.key.text(),
            "origin": self.origin,
            "period_s": self.period_s,
            "quorum": self.quorum,
            "witnesses": [key.text() for key in self.witnesses],
        }

    def encode(self) -> bytes:
        """Bytes of ``log.json``."""
        return encode(self.record())

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> LogConfig:
        """What a record says. ValueError if it says none."""
        if record.keys() != _FIELDS or record["format"] != FORMAT:
            raise ValueError(f"not a description of a log in the format {FORMAT!r}")
        numbers = [record[name] for name in ("batch", "period_s", "quorum")]
        texts = [record["origin"], record["key"]]
        witnesses = record["witnesses"]
        if not all(type(number) is int for number in numbers) or not isinstance(witnesses, list):
            raise ValueError("batch, period and quorum are whole numbers, witnesses are a list")
        if not all(isinstance(text, str) for text in (*texts, *witnesses)):
            raise ValueError("origin and keys are texts")
        return cls(
            origin=record["origin"],
            key=PublicKey.read(record["key"]),
            witnesses=tuple(PublicKey.read(text) for text in witnesses),
            quorum=record["quorum"],
            batch=record["batch"],
            period_s=record["period_s"],
        )

    @classmethod
    def read(cls, content: bytes) -> LogConfig:
        """What ``log.json`` says. ValueError if it is not one."""
        record = decode(content)
        if not isinstance(record, dict):
            raise ValueError("not a description of a log")
        return cls.of(record)


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """The keys of a log, oldest first: each signs checkpoints of its size and more, up to the next one's."""

    keys: tuple[tuple[int, PublicKey], ...]

    def at(self, size: int) -> PublicKey:
        """The key that signs a checkpoint of ``size``."""
        return [key for since, key in self.keys if since <= size][-1]

    @property
    def latest(self) -> PublicKey:
        """The key in force."""
        return self.keys[-1][1]

    def encode(self) -> bytes:
        """Bytes of the file ``keys``."""
        return "".join(f"{since} {key.text()}\n" for since, key in self.keys).encode()

    @classmethod
    def read(cls, content: bytes, *, config: LogConfig) -> KeyHistory:
        """What the file ``keys`` says. ValueError if it does not go on from ``config``."""
        text = content.decode("utf-8")
        if not text.endswith("\n"):
            raise ValueError("the list of keys ends in the middle of a line")
        parts = [line.partition(" ") for line in text[:-1].split("\n")]
        return cls.of([(from_decimal(since), PublicKey.read(key)) for since, _, key in parts], config=config)

    @classmethod
    def of(cls, keys: Sequence[tuple[int, PublicKey]], *, config: LogConfig) -> KeyHistory:
        """Keys in order. ValueError if they are not the log's, or do not begin with its first."""
        sizes = [since for since, _ in keys]
        if not keys or keys[0] != (0, config.key) or sizes != sorted(set(sizes)):
            raise ValueError("the list of keys does not begin with the log's first, or is out of order")
        if any(key.name != config.origin or key.kind != NOTE for _, key in keys):
            raise ValueError("a later key of a log signs notes and bears the log's name")
        return cls(tuple(keys))
