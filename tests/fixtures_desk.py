"""A desk to try things on: a chain of command with keys, and registers that are written line by line."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from truceline.base.documents import Document
from truceline.custody.sign import SecretKey
from truceline.desk.chain import PartyFile, read_party_file
from truceline.desk.register import sign_line

CASE = Path(__file__).parent.parent / "cases" / "ordered-truce"


def key(name: str, *, seed: str = "a test") -> SecretKey:
    """A key of a name, the same each time."""
    return SecretKey.make(name, seed=hashlib.sha256(f"{seed}: {name}".encode()).digest())


def moment(text: str) -> datetime:
    """``03 18:00`` → that hour of May 2031, UTC."""
    day, clock = text.split()
    hour, minute = clock.split(":")
    return datetime(2031, 5, int(day), int(hour), int(minute), tzinfo=UTC)


def chain_text(
    party: str = "A", *, more: str = "", nodes: str | None = None, orders: str | None = None
) -> str:
    """A party's desk file."""
    slug = party.lower()
    told = nodes or (
        f"  - {{id: command-{slug}, level: command, key: {key(f'command-{slug}').public.text()}}}\n"
        f"  - {{id: liaison-{slug}, level: liaison, under: command-{slug}, key: {key(f'liaison-{slug}').public.text()}}}\n"
        f"  - {{id: group-{slug}-1, level: group, under: liaison-{slug}, sectors: [s1, s2], key: {key(f'group-{slug}-1').public.text()}}}\n"
        f"  - {{id: group-{slug}-2, level: group, under: liaison-{slug}, sectors: [s3]}}\n"
    )
    given = orders or (
        f"  - {{id: cease-{slug}, kind: cease, by: command-{slug}, issue_by: 2031-05-03T00:00:00Z, acknowledge_by: 2031-05-03T18:00:00Z}}\n"
    )
    return f"desk: 1\ncase: river\nparty: {party}\nchain:\n{told}{more}orders:\n{given}"


def read_chain(folder: Path, text: str, *, party: str = "A") -> PartyFile:
    """The file that ``text`` makes."""
    path = folder / f"{party}.yaml"
    path.write_text(text, encoding="utf-8")
    document = Document(path, label=f"case:desk/{party}.yaml")
    return read_party_file(document, case_id="river", party_ids=("A", "B"))


def line(record: Any, signer: str | SecretKey, at: str, *, logged: str | None = None) -> str:
    """A signed line, received and logged at ``at``."""
    secret = key(signer) if isinstance(signer, str) else signer
    return sign_line(record, secret, received_at=moment(at), logged_at=moment(logged or at))


def copied_case(folder: Path, *, change: Callable[[Path], None] | None = None) -> Path:
    """A copy of the invented case, changed."""
    case = folder / "case"
    shutil.copytree(CASE, case)
    if change is not None:
        change(case)
    return case
