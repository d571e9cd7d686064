"""Signed records, one a line: who said it, when it was said, received and logged.

A line is the canonical JSON of ``{"key", "logged_at", "received_at", "record", "signature"}``. The signature is
Ed25519 over the canonical bytes of ``record`` (``custody.canonical``, ``custody.sign``), which names its type
and case, whoever acts, and a number that the key counts up; so that no signature serves twice. When it was
received and logged is the desk's word, not the signer's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from truceline.base.documents import Model, in_reckoning
from truceline.base.errors import Problem
from truceline.base.intervals import format_time, parse_time
from truceline.custody.canonical import decode, encode
from truceline.custody.encoding import from_base64, to_base64
from truceline.custody.sign import SIGNATURE_BYTES, PublicKey, SecretKey

_FIELDS = ("key", "logged_at", "received_at", "record", "signature")


class Signed(Model):
    """What every signed record says of itself."""

    type: str
    case: str
    by: str
    number: int
    said_at: str


R = TypeVar("R", bound=Signed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[R]):
    """A sound line of a register."""

    line: int
    record: R
    digest: str  #: SHA-256 of the record's canonical bytes
    key: str  #: name of the key that signed
    said_at: datetime
    received_at: datetime
    logged_at: datetime


def digest_of(record: Mapping[str, Any]) -> str:
    """SHA-256 of a record's canonical bytes, in hexadecimal: what later records refer to it by."""
    return hashlib.sha256(encode(record)).hexdigest()


def plain(record: BaseModel) -> dict[str, Any]:
    """A record as it is signed: what it does not say is left out."""
    return record.model_dump(mode="json", exclude_none=True)


def sign_line(record: Signed, key: SecretKey, *, received_at: datetime, logged_at: datetime) -> str:
    """The line that a register gets, without its line break."""
    told = plain(record)
    line = {
        "key": key.name,
        "logged_at": format_time(logged_at),
        "received_at": format_time(received_at),
        "record": told,
        "signature": to_base64(key.sign(encode(told))),
    }
    return encode(line).decode()


def next_number(entries: Sequence[Entry[R]], key: str) -> int:
    """The number of a key's next record."""
    return max((entry.record.number for entry in entries if entry.key == key), default=0) + 1


class Reader(Generic[R]):
    """Reads a register line by line; every fault with its line, sound lines kept."""

    def __init__(
        self, model: type[R], *, label: str, case_id: str, kind: str, keys: Mapping[str, PublicKey]
    ) -> None:
        """``keys`` by the name of their holder; ``kind`` is the records' type."""
        self.model, self.label, self.case_id, self.kind, self.keys = model, label, case_id, kind, keys
        self.problems: list[Problem] = []
        self.entries: list[Entry[R]] = []
        self._numbers: dict[tuple[str, int], int] = {}
        self._digests: dict[str, int] = {}

    def read(self, content: bytes) -> list[Entry[R]]:
        """Read all lines; faults go to ``problems``."""
        for number, line in enumerate(content.split(b"\n"), 1):
            if line.strip():
                entry = self._entry(line, number)
                if entry is not None:
                    self.entries.append(entry)
        return self.entries

    def fault(self, line: int, *, code: str, message: str, column: str = "", **rest: str) -> None:
        """Note a fault of a line."""
        self.problems.append(
            Problem(code=code, message=message, file=self.label, row=line, column=column, **rest)
        )

    def _entry(self, content: bytes, line: int) -> Entry[R] | None:
        told = self._line(content, line)
        if told is None or not self._signed(told, line):
            return None
        times = self._times(told, line)
        record = self._record(told["record"], line)
        if record is None or times is None:
            return None
        digest = digest_of(told["record"])
        if self._replayed(record, digest, told["key"], line):
            return None
        said, received, logged = times
        return Entry(line=line, record=record, digest=digest, key=told["key"], said_at=said, received_at=received, logged_at=logged)  # fmt: skip

    def _line(self, content: bytes, line: int) -> dict[str, Any] | None:
        try:
            told = decode(content)
        except (ValueError, UnicodeDecodeError) as error:
            self.fault(line, code="record_broken", message=f"not a line of a register: {error}"[:200], expected="one canonical JSON object", next_step="Lines are written by truceline, not by hand; restore this one from a copy")  # fmt: skip
            return None
        if (
            not isinstance(told, dict)
            or tuple(sorted(told)) != _FIELDS
            or not isinstance(told["record"], dict)
        ):
            got = ", ".join(sorted(told)) if isinstance(told, dict) else json.dumps(told)[:60]
            self.fault(line, code="record_broken", message="not a signed record", got=got[:80], expected=", ".join(_FIELDS))  # fmt: skip
            return None
        return told

    def _signed(self, told: dict[str, Any], line: int) -> bool:
        key = self.keys.get(told["key"]) if isinstance(told["key"], str) else None
        if key is None:
            self.fault(line, code="key_unknown", message="signed with a key that the case does not name", column="key", got=str(told["key"])[:60], expected=" | ".join(self.keys) or "a key named in the case")  # fmt: skip
            return False
        try:
            signature = from_base64(str(told["signature"]), size=SIGNATURE_BYTES)
            sound = key.verify(encode(told["record"]), signature)
        except ValueError:
            sound = False
        if not sound:
            self.fault(line, code="signature_forged", message=f"the signature is not that of {told['key']} over this record: it was forged, or the record altered", column="signature", got=str(told["signature"])[:20], next_step="Ask whoever is said to have signed for the record that was signed")  # fmt: skip
        return sound

    def _times(self, told: dict[str, Any], line: int) -> tuple[datetime, datetime, datetime] | None:
        found = []
        for name, value in (("said_at", told["record"].get("said_at")), ("received_at", told["received_at"]), ("logged_at", told["logged_at"])):  # fmt: skip
            try:
                found.append(in_reckoning(parse_time(str(value))))
            except (ValueError, OverflowError) as error:
                naive = "no zone" in str(error)
                self.fault(line, code="time_naive" if naive else "time_format", message="the time has no zone" if naive else "not a time", column=name, got=str(value)[:40], expected="2031-05-03T00:00:00Z, or with an offset")  # fmt: skip
        if len(found) < 3:
            return None
        said, received, logged = found
        if not said <= received <= logged:
            self.fault(line, code="time_order", message="said, received and logged do not follow one another", got=" · ".join(map(format_time, found)), expected="said ≤ received ≤ logged")  # fmt: skip
            return None
        return said, received, logged

    def _record(self, told: dict[str, Any], line: int) -> R | None:
        try:
            record = self.model.model_validate(told)
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                column = ".".join(str(part) for part in fault["loc"])
                self.fault(line, code="record_broken", message=_message(fault["type"], fault["msg"]), column=column, got=str(fault["input"])[:60], expected=str(fault.get("ctx", {}).get("expected", "")))  # fmt: skip
            return None
        for name, got, expected in (("type", record.type, self.kind), ("case", record.case, self.case_id)):
            if got != expected:
                self.fault(line, code="signature_replayed", message=f"signed for another {name}, and put in here", column=name, got=got[:60], expected=expected)  # fmt: skip
                return None
        return record

    def _replayed(self, record: R, digest: str, key: str, line: int) -> bool:
        earlier = self._digests.get(digest)
        if earlier is not None:
            self.fault(line, code="signature_replayed", message=f"the record of line {earlier}, put in again", got=digest[:12], next_step="Take the second one out; a record counts once")  # fmt: skip
            return True
        other = self._numbers.get((key, record.number))
        if other is not None:
            self.fault(line, code="signature_replayed", message=f"{key} signed two records with the number {record.number}: line {other} has it too", column="number", got=str(record.number), expected="each number once")  # fmt: skip
            return True
        self._digests[digest] = line
        self._numbers[key, record.number] = line
        return False


def _message(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "no such field: a record has no units, sites, names or remarks"
    return "the field is missing" if kind == "missing" else message.removeprefix("Value error, ")
