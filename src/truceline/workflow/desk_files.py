"""Files of the desk in a case's folder: a party's own, the mission's own, and registers that only grow.

``desk/PARTY.yaml`` and ``desk/PARTY.*.jsonl`` are what a party may hold; nothing of another party's is read for
it. ``desk/mission.yaml`` and ``desk/mission.*.jsonl`` are the mission's, which holds all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from truceline.base.documents import Document, in_reckoning
from truceline.base.errors import CallError, CaseError, InputError, OutputError, Problem
from truceline.base.intervals import as_utc, parse_time
from truceline.custody.sign import PublicKey, SecretKey
from truceline.desk.chain import PartyFile, read_party_file
from truceline.desk.mission import MissionFile, read_mission_file
from truceline.desk.orders import Register, read_register
from truceline.desk.shape import party_slug
from truceline.release.rule import ReleaseRule
from truceline.terms.truce import Truce
from truceline.workflow.case_file import CaseFile, Release
from truceline.workflow.check import read_terms

try:
    import fcntl
except ImportError:  # no advisory locks on this system: two clerks at once are the user's own care
    fcntl = None  # type: ignore[assignment]

FOLDER = "desk"
MISSION = "mission"
PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When a record was said, received and logged, UTC."""

    said: datetime
    received: datetime
    logged: datetime


def party_path(folder: Path, party_id: str) -> Path:
    """A party's desk file."""
    return folder / FOLDER / f"{party_id}.yaml"


def orders_path(folder: Path, party_id: str) -> Path:
    """A party's register of orders."""
    return folder / FOLDER / f"{party_id}.orders.jsonl"


def parties_here(folder: Path, truce: Truce) -> tuple[str, ...]:
    """Parties whose desk file is in the folder.

    Raises
    ------
    CaseError
        If there is none.
    """
    found = tuple(party for party in truce.party_ids if party_path(folder, party).is_file())
    if not found:
        raise CaseError(
            Problem(code="register_absent", message="the case has no chain of command", file=f"case:{FOLDER}/", expected=" or ".join(f"{FOLDER}/{party}.yaml" for party in truce.party_ids), next_step="See docs/orders.md")
        )  # fmt: skip
    return found


def terms_of(folder: Path) -> Truce:
    """The truce of a case's folder."""
    if not folder.is_dir():
        raise CaseError(
            Problem(code="file_missing", message="no such folder", file=f"case:{folder.name}", next_step="Give the folder of a case: with truce.yaml and desk/")
        )  # fmt: skip
    return read_terms(folder)


def hour_of(truce: Truce) -> datetime:
    """The hour at which the truce begins.

    Raises
    ------
    CaseError
        If no clock says when.
    """
    if not truce.clocks:
        raise CaseError(
            Problem(code="value_missing", message="the truce has no clock: nobody knows the hour", file="case:truce.yaml", column="clocks", next_step="Add a clock with start and stop")
        )  # fmt: skip
    return as_utc(truce.clocks[0].start)


def open_party(folder: Path, truce: Truce, party_id: str) -> PartyFile:
    """A party's desk file, checked."""
    path = party_path(folder, party_id)
    document = Document(path, label=f"case:{FOLDER}/{path.name}")
    return read_party_file(document, case_id=truce.id, party_ids=truce.party_ids)


def is_missions(folder: Path) -> bool:
    """Whether the folder is the mission's own copy of the case."""
    return (folder / FOLDER / f"{MISSION}.yaml").is_file()


def open_mission(folder: Path, truce: Truce) -> MissionFile:
    """The mission's desk file, checked.

    Raises
    ------
    CaseError
        If it is wrong, or this copy of the case is not the mission's.
    """
    if not is_missions(folder):
        raise CaseError(
            Problem(code="register_absent", message="this copy of the case is not the mission's", file=f"case:{FOLDER}/{MISSION}.yaml", next_step="Only the mission, which holds that file, sees or releases this")
        )  # fmt: skip
    return read_mission_file(
        Document(folder / FOLDER / f"{MISSION}.yaml", label=f"case:{FOLDER}/{MISSION}.yaml"), case_id=truce.id
    )


def open_orders(folder: Path, file: PartyFile) -> Register:
    """A party's register of orders; empty where there is none yet."""
    path = orders_path(folder, file.party)
    return read_register(content_of(path), file, label=f"case:{FOLDER}/{path.name}")


def party_of(folder: Path, truce: Truce, node_id: str) -> PartyFile:
    """The desk file of the party in whose chain a node stands; no other party's is opened.

    Raises
    ------
    CallError
        If no party here has such a node.
    """
    parts = node_id.split("-")
    for party_id in parties_here(folder, truce):
        if len(parts) > 1 and parts[1] == party_slug(party_id):
            file = open_party(folder, truce, party_id)
            if file.node(node_id) is not None:
                return file
            raise CallError(
                Problem(code="name_unknown", message="no such node in the chain of command", file="--as", got=node_id, expected=" | ".join(node.id for node in file.chain))
            )  # fmt: skip
    raise CallError(
        Problem(code="name_unknown", message="no chain of command here has that node", file="--as", got=node_id, expected="level-party, such as command-a, of a party whose desk file is in the case")
    )  # fmt: skip


def content_of(path: Path) -> bytes:
    """What a register holds; nothing where it is not there yet."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InputError(
            Problem(code="register_absent", message=f"the register cannot be read: {error.strerror}", file=f"case:{FOLDER}/{path.name}")
        ) from error  # fmt: skip


@contextmanager
def alone_with(register: Path) -> Iterator[None]:
    """Two clerks at once would give two records one number: one waits for the other.

    Raises
    ------
    OutputError
        If the register's folder cannot be opened.
    """
    if fcntl is None:
        yield
        return
    try:
        handle = os.open(register.parent, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise OutputError(
            Problem(code="out_unwritable", message=f"the register's folder cannot be opened: {error.strerror}", file=str(register.parent))
        ) from error  # fmt: skip
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def append_lines(path: Path, lines: Sequence[str]) -> None:
    """Add lines to a register, all in one write: whole or not at all, and on the disk.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o640)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            content = ("\n" if torn else "") + "".join(f"{line}\n" for line in lines)
            told = content.encode()
            if os.write(handle, told) != len(told):
                os.ftruncate(handle, size)
                raise OSError(28, "the disk is full")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise OutputError(
            Problem(code="out_unwritable", message=f"the register cannot be written: {error.strerror or error}", file=str(path), next_step="Nothing was added; free the place, and say it again")
        ) from error  # fmt: skip


def times_from(said: str, received: str | None, logged: str | None) -> Times:
    """Three times as people write them; received and logged with said where they are not given.

    Raises
    ------
    CallError
        If one is no time, or has no zone.
    """
    read = [moment_from(said, "--said")]
    read.append(read[0] if received is None else moment_from(received, "--received"))
    read.append(read[1] if logged is None else moment_from(logged, "--logged"))
    return Times(said=read[0], received=read[1], logged=read[2])


def moment_from(text: str, option: str) -> datetime:
    """A time given with an option.

    Raises
    ------
    CallError
        If it is no time, or has no zone.
    """
    try:
        return in_reckoning(parse_time(text))
    except (ValueError, OverflowError) as error:
        naive = "no zone" in str(error)
        raise CallError(
            Problem(code="time_naive" if naive else "time_format", message="the time has no zone" if naive else "not a time", file=option, got=text[:40], expected="2031-05-03T00:00:00Z, or with an offset", next_step="Write date, time and offset")
        ) from error  # fmt: skip


def read_secret(path: Path, *, held: dict[str, PublicKey], option: str = "--key") -> SecretKey:
    """A secret key from its file; it must be one that the case names.

    Raises
    ------
    InputError
        If it cannot be read, or the case names another; nothing of the secret is told.
    """
    try:
        key = SecretKey.read(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(
            Problem(code="key_unreadable", message=f"not a secret key: {why}", file=option, got=path.name, next_step="Make one with `truceline orders keys`")
        ) from None  # fmt: skip
    if held.get(key.name) != key.public:
        raise InputError(
            Problem(code="key_unknown", message="the case does not name this key", file=option, got=key.public.text(), expected=" | ".join(held), next_step="Put its verifier key into the chain of command, or sign with the one that stands there")
        )  # fmt: skip
    return key


def release_rule(folder: Path, truce: Truce) -> ReleaseRule:
    """How late the public may be told: of the case's release rule, or else the least delay there is."""
    path = folder / "case.yaml"
    if path.is_file():
        release = Document(path, label="case:case.yaml").parse(CaseFile).release
    else:
        release = Release(edition="mission", basis="no case.yaml")
    return ReleaseRule(delay_h=release.delay_h, cell_m=release.cell_km * 1000, zone=truce.clocks[0].zone)


def write_page(path: Path, text: str) -> None:
    """Write a page whole.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise OutputError(
            Problem(code="out_unwritable", message=str(error.strerror or error), file=str(path), next_step="Name a file in a folder that may be written")
        ) from error  # fmt: skip
