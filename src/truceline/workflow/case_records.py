"""What a case's registers hold, as entries of an evidence log: orders, acknowledgements, statements, and the like.

Only what is sound is taken: a line of the desk whose signature is that of a key which the case names, a line of
the register of statements that follows from the one before. Of a party's copy no other party's file is opened;
confidential notes are opened by nobody. A record says which earlier ones it rests on: those whose digest it
names, and of a correction the statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from truceline.base.errors import CallError, Problem
from truceline.base.intervals import parse_time
from truceline.base.language import _
from truceline.custody.canonical import decode, encode
from truceline.custody.encoding import from_base64
from truceline.custody.entry import KINDS, OWN_KINDS, Entry, code_of
from truceline.custody.log import Log
from truceline.custody.sign import SIGNATURE_BYTES, PublicKey
from truceline.desk.register import digest_of
from truceline.reports.figures import round_significant
from truceline.talks.register import read_register, register_path
from truceline.terms.truce import Truce
from truceline.workflow.desk_files import (
    FOLDER,
    MISSION,
    content_of,
    is_missions,
    open_mission,
    open_party,
    party_path,
    terms_of,
)
from truceline.workflow.evidence import make_entry, open_entries, telling, written_time

#: of an order's register: what is no order but the answer to one
_ANSWERS: Final = frozenset({"acknowledge", "refuse"})
_TYPE = re.compile(r"truceline\.([a-z_]+)/[0-9]+", re.ASCII)
_STATEMENTS: Final = frozenset({"statement", "correction"})
_TIMES: Final = frozenset({"received_at", "logged_at"})  # of a copy of a register: nobody signs them


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """A record to be logged: its kind, its content with a ``digest``, who, when, and what it rests on."""

    kind: str
    body: Mapping[str, Any]
    by: str
    received: str
    rests_on: tuple[str, ...] = ()  #: digests of earlier records

    @property
    def digest(self) -> str:
        """By which the record is known again."""
        return str(self.body["digest"])


@dataclass(frozen=True, slots=True)
class CaseRecords:
    """The records of a case in the order in which they came, and how many lines were put aside."""

    records: tuple[CaseRecord, ...]
    put_aside: int


def flat_record(value: Any) -> Any:
    """A value as entries take it: numbers with decimals as text of six digits, keys in ASCII."""
    if isinstance(value, float):
        return repr(round_significant(value, 6)) if value == value else "nan"
    if isinstance(value, Mapping):
        return {str(key).encode("unicode_escape").decode(): flat_record(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [flat_record(each) for each in value]
    return value


def read_case_records(folder: Path, *, reader: str | None = None) -> CaseRecords:
    """The records that ``reader`` (the mission, or a party) holds; by default of whoever's copy this is.

    Raises
    ------
    CallError
        If it must be said whose records they are.
    CaseError, InputError
        If the case, a desk file or the register of statements is wrong.
    """
    return _read(folder, _keys(folder, terms_of(folder), reader))


def mission_records(folder: Path, truce: Truce) -> tuple[CaseRecord, ...]:
    """The records of the mission's own edition; of a copy of the case that is not the mission's, statements alone."""
    return _read(folder, _keys(folder, truce, MISSION) if is_missions(folder) else {}).records


def _read(folder: Path, keys: Mapping[str, Mapping[str, PublicKey]]) -> CaseRecords:
    """Records of those whose keys are known, and statements."""
    found: list[CaseRecord] = []
    aside = 0
    for path in _registers(folder, keys):
        for line in content_of(path).split(b"\n"):
            record = _signed(line, keys[path.name.partition(".")[0]]) if line.strip() else None
            found += [record] if record is not None else []
            aside += bool(line.strip()) and record is None
    found = sorted([*found, *_statements(folder)], key=lambda one: one.received)
    return CaseRecords(tuple(_linked(found)), aside)


def _keys(folder: Path, truce: Truce, reader: str | None) -> dict[str, dict[str, PublicKey]]:
    """Whose registers may be opened, and the keys that may have signed in each."""
    here = [party for party in truce.party_ids if party_path(folder, party).is_file()]
    reader = reader or (MISSION if is_missions(folder) or not here else here[0] if len(here) == 1 else None)
    if reader not in (MISSION, *here):
        raise CallError(
            Problem(code="party_unknown", message="whose records are logged must be said", file="--for", got=reader or "", expected=" | ".join([MISSION, *here]))
        )  # fmt: skip
    if reader != MISSION:
        return {reader: open_party(folder, truce, reader).keys()}
    mission = open_mission(folder, truce).keys() if here else {}
    keys = {party: open_party(folder, truce, party).keys() | mission for party in here}
    return {**keys, **({MISSION: mission} if here else {})}


def _registers(folder: Path, keys: Mapping[str, object]) -> list[Path]:
    """Registers of those whose keys are known; nobody else's is opened."""
    return sorted(path for path in (folder / FOLDER).glob("*.*.jsonl") if path.name.partition(".")[0] in keys)


def _signed(line: bytes, keys: Mapping[str, PublicKey]) -> CaseRecord | None:
    """The record of a register's line, if it is signed by one of ``keys``."""
    try:
        told = decode(line)
        record = told["record"]
        signature = from_base64(told["signature"], size=SIGNATURE_BYTES)
        kind = _TYPE.fullmatch(record["type"])
        if kind is None or not keys[told["key"]].verify(encode(record), signature):
            return None
        name = "acknowledgement" if record.get("action") in _ANSWERS else kind[1]
        received = written_time(parse_time(told["received_at"]))
        return CaseRecord(kind=_kind(name), body={**told, "digest": digest_of(record)}, by=record["by"], received=received)  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _kind(name: str) -> str:
    """A kind that may be handed in. ValueError if it is none that is known."""
    if name not in KINDS or name in OWN_KINDS:
        raise ValueError(name)
    return name


def _statements(folder: Path) -> Iterator[CaseRecord]:
    """Statements and corrections of them; the register of confidential notes is another file."""
    for line in read_register(register_path(folder)).lines:
        if line["kind"] in _STATEMENTS:
            received = written_time(parse_time(line["at"]))
            yield CaseRecord(kind=line["kind"], body=flat_record(line), by=line["by"], received=received)


def _linked(records: list[CaseRecord]) -> Iterator[CaseRecord]:
    """Records, each once, and with the digests of the earlier ones that they name."""
    seen: set[str] = set()
    latest: dict[str, str] = {}  # statement → digest of its last reading
    for one in records:
        if one.digest in seen:
            continue
        record = one.body.get("record", {})
        named = [value for value in record.values() if isinstance(value, str) and value in seen]
        if one.kind == "statement" and "statement" in one.body:
            latest[one.body["statement"]["statement_id"]] = one.digest
        if one.kind == "correction" and one.body.get("statement_id") in latest:
            named = [latest[one.body["statement_id"]]]
        seen.add(one.digest)
        yield CaseRecord(kind=one.kind, body=one.body, by=one.by, received=one.received, rests_on=tuple(named))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendOutcome:
    """What was taken in from a case: codes of new entries, how many stood there, how many were put aside."""

    codes: tuple[str, ...]
    known: int
    put_aside: int

    def lines(self) -> list[str]:
        """For people."""
        told = _("records taken in: {n}; there already: {known}; put aside because they do not hold: {aside}")
        return [*self.codes, told.format(n=len(self.codes), known=self.known, aside=self.put_aside)]


def append_case(
    folder: Path, records: Sequence[CaseRecord], *, put_aside: int = 0, mode: str = "sealed", now: datetime,
    wait_s: float = 60.0,
) -> AppendOutcome:  # fmt: skip
    """Log those records of a case that the log does not have yet, each with the codes of what it rests on."""
    with telling(folder, code="log_entry"), Log(folder, wait_s=wait_s) as log:
        log.fold()
        codes = _codes_of(log, {one.digest: one for one in records})
        entries: list[Entry] = []
        new: list[str] = []
        for one in records:
            if one.digest in codes:
                continue
            rests_on = [codes[digest] for digest in one.rests_on]
            about = {
                "logged": written_time(now),
                "by": one.by,
                "received": one.received,
                "rests_on": rests_on,
            }
            entry = make_entry(log, one.kind, one.body, mode=mode, ahead=len(entries), about=about)
            codes[one.digest] = code_of(log.size + len(entries), entry.content)
            new.append(codes[one.digest])
            entries.append(entry)
        log.append(entries)
    return AppendOutcome(codes=tuple(new), known=len(records) - len(new), put_aside=put_aside)


def _codes_of(log: Log, records: Mapping[str, CaseRecord]) -> dict[str, str]:
    """Codes of the entries that hold one of ``records``, by digest.

    Not every entry that names a digest does: else whoever hands in the bare digest keeps the record out.
    """
    return {
        str(fields["digest"]): code_of(index, content)
        for index, content, record, fields in open_entries(log.store, size=log.size)
        if (one := records.get(str(fields.get("digest")))) is not None
        and record["kind"] == one.kind
        and set(record.get("fields", fields)) == set(one.body)
        and all(one.body[name] == value for name, value in fields.items() if name not in _TIMES)
    }
