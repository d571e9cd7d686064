"""Orders: make keys, log what was said of an order, check the registers, print the sheet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from truceline.base.errors import CallError, CaseError, InputError, OutputError, Problem
from truceline.base.intervals import format_time
from truceline.base.language import _
from truceline.custody.sign import SecretKey
from truceline.desk.chain import PartyFile
from truceline.desk.orders import ACTIONS, REASONS, Action, OrderRecord, Register, Why, draft, read_register
from truceline.desk.register import next_number, plain, sign_line
from truceline.desk.sheet import (
    STATES,
    Sheet,
    acknowledged_sectors,
    make_sheet,
    sheet_record,
    tell_absent,
    tell_counts,
    tell_sheet,
)
from truceline.reports.order_sheet import render_sheet
from truceline.terms.truce import Truce
from truceline.workflow.desk_files import (
    FOLDER,
    MISSION,
    PUBLIC,
    Times,
    alone_with,
    append_lines,
    content_of,
    hour_of,
    is_missions,
    open_mission,
    open_orders,
    open_party,
    orders_path,
    parties_here,
    party_of,
    read_secret,
    release_rule,
    terms_of,
    write_page,
)


# -- keys ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A new key: where the secret lies, and what the case is to name."""

    secret: Path
    verifier: str

    def lines(self) -> list[str]:
        """What to do with it."""
        return [
            _("secret key (give it to nobody): {path}").format(path=self.secret),
            _("for the case:  key: {key}").format(key=self.verifier),
        ]


def make_key(name: str, *, out: Path) -> MadeKey:
    """Make a key of a node's name; the secret goes into a file that its owner alone may read.

    Raises
    ------
    CallError
        If the name cannot name a key.
    OutputError
        If the file is there already, or cannot be written.
    """
    try:
        key = SecretKey.make(name)
    except ValueError as error:
        raise CallError(Problem(code="name_unknown", message=str(error), file="NAME", got=name, expected="the id of a node, such as command-a, or mission")) from error  # fmt: skip
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise OutputError(Problem(code="key_unreadable", message="a file is there already, and a key is never written over", file=str(out), next_step="Name another file with --out")) from error  # fmt: skip
    except OSError as error:
        raise OutputError(Problem(code="out_unwritable", message=str(error.strerror or error), file=str(out), next_step="Name a file in a folder that may be written")) from error  # fmt: skip
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(key.text() + "\n")
    return MadeKey(secret=out, verifier=key.public.text())


# -- saying something of an order ---------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A record that was added to a register."""

    register: Path
    record: OrderRecord
    digest: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"register": self.register, "digest": self.digest, "record": plain(self.record)}

    def lines(self) -> list[str]:
        """As text."""
        said = self.record
        return [f"{said.action} {said.order} · {said.by} · {said.said_at} · {self.digest[:12]}"]


def say(
    folder: Path,
    action: Action,
    order_id: str,
    *,
    by: str,
    key_file: Path,
    times: Times,
    reason: str | None = None,
) -> Logged:
    """Sign a record and add it to the party's register; refused where it would not hold.

    Raises
    ------
    CallError, InputError, CaseError, OutputError
        With every fault; then nothing is added.
    """
    truce = terms_of(folder)
    file = party_of(folder, truce, by)
    key = read_secret(key_file, held=file.keys())
    why: Why | None = next((one for one in REASONS if one == reason), None)
    if (action == "refuse") != (reason is not None) or (reason is not None and why is None):
        raise CallError(
            Problem(code="value_unknown", message="a refusal has one of these reasons, and nothing else has one", file="--reason", got=reason or "", expected=" | ".join(REASONS))
        )  # fmt: skip
    path = orders_path(folder, file.party)
    with alone_with(path):
        register = open_orders(folder, file)
        record = draft(register, action=action, order_id=order_id, by=by, number=next_number(register.lines, key.name), said_at=times.said, reason=why)  # fmt: skip
        line = sign_line(record, key, received_at=times.received, logged_at=times.logged)
        digest = _try(path, line, file)
        append_lines(path, [line])
    return Logged(register=path, record=record, digest=digest)


def _try(path: Path, line: str, file: PartyFile) -> str:
    """The digest of a line's record, if the register would hold it.

    Raises
    ------
    InputError
        With every fault that it would have there.
    """
    earlier = content_of(path)
    joined = earlier + (b"" if not earlier or earlier.endswith(b"\n") else b"\n")
    tried = read_register(joined + line.encode() + b"\n", file, label=f"case:{FOLDER}/{path.name}")
    number = joined.count(b"\n") + 1
    faults = [problem for problem in tried.problems if problem.row == number]
    if faults:
        raise InputError(faults)
    return tried.lines[-1].digest


# -- check --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the registers hold."""

    registers: tuple[Register, ...]
    absent: tuple[str, ...] = ()  #: parties of the truce whose desk file is not here

    @property
    def problems(self) -> list[Problem]:
        """Every fault, register by register."""
        return [problem for register in self.registers for problem in register.problems]

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "registers": [
                {
                    "party": register.file.party,
                    "records": len(register.lines),
                    "actions": _tally(register),
                    "put_aside": len({problem.row for problem in register.problems}),
                }
                for register in self.registers
            ],
            "absent": list(self.absent),
            "problems": self.problems,
        }

    def lines(self) -> list[str]:
        """As text: a line a register."""
        lines = []
        for register in self.registers:
            tally = ", ".join(f"{action} {n}" for action, n in _tally(register).items() if n)
            aside = len({problem.row for problem in register.problems})
            lines.append(_("{party}: records that hold: {n} ({tally}); put aside: {aside}").format(party=register.file.party, n=len(register.lines), tally=tally or "–", aside=aside))  # fmt: skip
        return lines + tell_absent(self.absent)


def _tally(register: Register) -> dict[str, int]:
    return {action: sum(one.record.action == action for one in register.lines) for action in ACTIONS}


def check_orders(folder: Path, *, parties: Sequence[str] = ()) -> Checked:
    """Check chains of command and registers of all parties whose desk files are here, or of some.

    Raises
    ------
    CaseError
        If a chain of command is wrong: with every fault of all of them.
    """
    truce = terms_of(folder)
    chosen = _chosen(folder, truce.party_ids, parties_here(folder, truce), parties)
    problems: list[Problem] = []
    registers = []
    for party in chosen:
        try:
            registers.append(open_orders(folder, open_party(folder, truce, party)))
        except CaseError as error:
            problems += error.problems
    if problems:
        raise CaseError(problems)
    return Checked(registers=tuple(registers), absent=_absent(folder, truce) if not parties else ())


def _absent(folder: Path, truce: Truce) -> tuple[str, ...]:
    """Names of the parties that the mission should hold a chain of command of, and does not."""
    here = parties_here(folder, truce) if is_missions(folder) else truce.party_ids
    return tuple(truce.party_name(party) for party in truce.party_ids if party not in here)


def _chosen(
    folder: Path, known: Sequence[str], here: Sequence[str], wanted: Sequence[str]
) -> tuple[str, ...]:
    for party in wanted:
        if party not in here:
            raise CallError(
                Problem(code="party_unknown", message="no chain of command of that party is in the case" if party in known else "the truce has no such party", file=str(folder / FOLDER), got=party, expected=" | ".join(here))
            )  # fmt: skip
    return tuple(wanted) or tuple(here)


# -- the sheet ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class PublicCount:
    """All that the public may be told of orders: how many sectors had acknowledged, or nothing."""

    case: str
    told_until: datetime
    sectors: int | None  #: None: the case releases nothing of orders

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"schema": "truceline.order_count/1", "case": self.case, "told_until": format_time(self.told_until), "sectors_acknowledged": self.sectors}  # fmt: skip

    def lines(self) -> list[str]:
        """As text."""
        if self.sectors is None:
            return [_("Of orders nothing is released.")]
        return [_("Sectors where by {time} all groups had acknowledged the order to cease fire: {n}.").format(time=format_time(self.told_until), n=self.sectors)]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetOutcome:
    """A sheet, and where its page lies."""

    sheet: Sheet
    page: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return sheet_record(self.sheet)

    def lines(self) -> list[str]:
        """As text."""
        return tell_sheet(self.sheet)


def print_sheet(
    folder: Path, *, at: datetime, reader: str | None = None, page: Path | None = None
) -> SheetOutcome | PublicCount:
    """The sheet of the mission or of a party, or what the public may be told; ``at``: what was logged later is not known.

    The edition is made of what its reader may see, and of nothing else: for a party no other party's file is
    opened. Without a ``reader`` it is the mission's where its desk file is here, else the one party's.

    Raises
    ------
    CaseError, CallError, OutputError
        With every fault.
    """
    truce = terms_of(folder)
    hour = hour_of(truce)
    here = parties_here(folder, truce)
    reader = reader or (MISSION if is_missions(folder) else here[0] if len(here) == 1 else "")
    if reader == PUBLIC:
        return _count(folder, at=at)
    if reader != MISSION and reader not in here:
        raise CallError(
            Problem(code="party_unknown", message="whose sheet it is must be said", file="--for", got=reader, expected=" | ".join([MISSION, PUBLIC, *here]))
        )  # fmt: skip
    if reader == MISSION:
        open_mission(folder, truce)
    parties = here if reader == MISSION else (reader,)
    registers = [open_orders(folder, open_party(folder, truce, party)) for party in parties]
    name = _("the mission") if reader == MISSION else truce.party_name(reader)
    sheet = make_sheet(registers, reader=(reader, name), title=truce.title, hour=hour, at=at, absent=_absent(folder, truce) if reader == MISSION else ())  # fmt: skip
    if page is not None:
        write_page(page, render_sheet(sheet))
    return SheetOutcome(sheet=sheet, page=page)


def _count(folder: Path, *, at: datetime) -> PublicCount:
    truce = terms_of(folder)
    until = release_rule(folder, truce).released_until(at)
    sectors = None
    if open_mission(folder, truce).public == "count":
        registers = [open_orders(folder, open_party(folder, truce, party)) for party in parties_here(folder, truce)]  # fmt: skip
        found = acknowledged_sectors(registers, kind="cease", by=until)
        sectors = sum(done == n for done, n in found.values())
    return PublicCount(case=truce.id, told_until=until, sectors=sectors)


__all__ = [
    "ACTIONS",
    "REASONS",
    "STATES",
    "Action",
    "check_orders",
    "make_key",
    "print_sheet",
    "say",
    "tell_counts",
]
