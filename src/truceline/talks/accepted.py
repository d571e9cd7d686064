"""What people accepted of proposals: rows made from the register, files beside a case, and their reader.

The files are there for the case's loader and for whoever checks a case by hand. They say what the
register says and nothing else, so a row that nobody is on record as having accepted is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from truceline.base.documents import Document, Model, Moment
from truceline.base.errors import CallError, CaseError, Problem
from truceline.base.xml_text import clean
from truceline.talks.register import FOLDER, Register, current_statements, read_register, register_path

#: id under which accepted claims stand among the sources of a case
SOURCE = "talks"
#: what a person may say of a proposal on accepting it, because a text seldom says it
SETTABLE: Mapping[str, tuple[str, ...]] = {
    "position": (),
    "claim": ("accused", "measure", "act", "unit", "area", "start", "stop"),
    "clock": ("party", "start", "stop", "version_of"),
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "position": ("party",),
    "claim": ("accused", "start", "stop"),
    "clock": ("party",),
}


class ReadIn(Model):
    """The text that a statement was read in."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="digest of the text")
    file: str
    title: str = ""
    outlet: str = ""
    url: str = ""
    published: str | None = None


class Correction(Model):
    """What a person put beside the machine's reading of the statement."""

    field: str
    was: str | None
    to: str
    by: str
    why: str
    at: str


class Row(Model):
    """What every accepted proposal has: the statement, where it was read, who accepted it, when and why."""

    proposal_id: str
    statement_id: str
    speaker: str
    party: str | None
    said_on: str | None
    status: str
    words: str
    issue: str
    note: str = Field(description="code of what a reader must know of it")
    read_in: ReadIn
    corrections: list[Correction]
    set: dict[str, str] = Field(description="what whoever accepted it added: field → value")
    accepted_by: str = Field(min_length=1)
    accepted_at: str = Field(min_length=1)
    why: str = Field(min_length=1)


class Position(Row):
    """A party's stance on an issue; never consent."""

    kind: Literal["position"]
    stance: str
    condition: str | None


class Claim(Row):
    """A number of acts with who says it, of whom, in which window."""

    kind: Literal["claim"]
    accused: str
    measure: str
    value: float
    relation: Literal["=", "≥", "≈"]
    start: Moment
    stop: Moment
    act: str | None = None
    unit: str | None = None
    area: str | None = None


class ClockVersion(Row):
    """A start, an end or both, as a party declared them; what is open is that of the clock it is a version of."""

    kind: Literal["clock"]
    start: Moment | None
    stop: Moment | None
    window_words: str
    clock: str
    version_of: str | None = None


class _Positions(Model):
    accepted: Literal[1]
    rows: list[Position]


class _Claims(Model):
    accepted: Literal[1]
    rows: list[Claim]


class _Clocks(Model):
    accepted: Literal[1]
    rows: list[ClockVersion]


_MODELS: Mapping[str, type[Row]] = {"position": Position, "claim": Claim, "clock": ClockVersion}
_R = TypeVar("_R", bound=Row)
_File = TypeVar("_File", _Positions, _Claims, _Clocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """All that was accepted into a case."""

    positions: tuple[Position, ...] = ()
    claims: tuple[Claim, ...] = ()
    clocks: tuple[ClockVersion, ...] = ()

    def public(self, until: str) -> Accepted:
        """What may be told to everybody: of days before ``until`` (ISO), without who accepted it."""

        def told(rows: tuple[_R, ...]) -> tuple[_R, ...]:
            kept = [row for row in rows if row.status != "undisclosed" and (row.said_on or "9") < until]
            hidden = {"accepted_by": "–", "why": "–", "corrections": []}
            return tuple(row.model_copy(update=hidden) for row in kept)

        return Accepted(positions=told(self.positions), claims=told(self.claims), clocks=told(self.clocks))

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows: positions, claims, clocks."""
        return (*self.positions, *self.claims, *self.clocks)


def file_name(kind: str) -> str:
    """Where rows of a kind stand, in the folder of a case."""
    return f"{FOLDER}/accepted-{kind}s.json"


def accepted_rows(register: Register, kind: str) -> list[dict[str, Any]]:
    """Proposals of a kind whose latest decision accepts them, as corrected since; none of a withdrawn statement."""
    latest: dict[str, dict[str, Any]] = {}
    for line in register.lines:
        if line["kind"] == "decision" and line["proposal"]["kind"] == kind:
            latest[line["proposal"]["proposal_id"]] = line
    held = current_statements(register)
    rows = [accepted_row(line, held) for line in latest.values() if line["accepted"]]
    return [row for row in rows if row is not None]


def accepted_row(line: Mapping[str, Any], held: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """A decision as a row of its file; None where the statement was withdrawn since."""
    proposal = line["proposal"]
    corrections = held.get(proposal["statement_id"], {}).get("corrections", [])
    now = {one["field"]: one["to"] for one in corrections}
    if now.get("withdrawn") == "yes":
        return None
    row = {
        **proposal,
        **{field: to or None for field, to in now.items() if field in proposal},
        **line["set"],
        "read_in": line["read_in"],
        "corrections": [{name: one[name] for name in Correction.model_fields} for one in corrections],
        "set": line["set"],
        "accepted_by": line["by"],
        "accepted_at": line["at"],
        "why": line["why"],
    }
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """A text as one line that every reader of the file shows."""
    return " ".join(clean(value).split()) if isinstance(value, str) else value


def refuse_unfit(row: Mapping[str, Any]) -> None:
    """Refuse what a case could not hold, before it is written.

    Raises
    ------
    CallError
        ``value_missing`` with what must be added, ``value_unknown`` for a field or value that cannot be.
    """
    kind = str(row["kind"])
    unknown = sorted(set(row["set"]) - set(SETTABLE[kind]))
    if unknown:
        raise CallError(
            Problem(code="value_unknown", message=f"of a {kind} these cannot be set", got=", ".join(unknown), expected=" | ".join(SETTABLE[kind]) or "nothing", next_step="Correct the statement with `truceline talks correct`")
        )  # fmt: skip
    lacking = [name for name in _NEEDED[kind] if not row.get(name)]
    if lacking:
        raise CallError(
            Problem(code="value_missing", message=f"the statement does not say: {', '.join(lacking)}", expected=" ".join(f"--set {name}=…" for name in lacking), next_step="Give what the text leaves open, or decline the proposal")
        )  # fmt: skip
    try:
        fitting = _MODELS[kind].model_validate(row)
    except ValidationError as error:
        raise CallError(
            [
                Problem(code="value_unknown", message=fault["msg"], got=f"{'.'.join(map(str, fault['loc']))}: {fault['input']}"[:120], next_step="Correct it with --set; a time is written as 2025-04-19T18:00+03:00")
                for fault in error.errors(include_url=False)
            ]
        ) from error  # fmt: skip
    start, stop = getattr(fitting, "start", None), getattr(fitting, "stop", None)
    if start is not None and stop is not None and stop <= start:
        raise CallError(
            Problem(code="window_order", message="the window ends before it starts", got=f"{row['start']} to {row['stop']}", next_step="Correct it with --set")
        )  # fmt: skip


def write_accepted(case: Path, register: Register) -> dict[str, int]:
    """Write what the register says is accepted, each file whole; returns file → rows."""
    written = {}
    for kind in _MODELS:
        path = case / file_name(kind)
        rows = accepted_rows(register, kind)
        if not rows and not path.exists():
            continue
        draft = path.with_suffix(".partial")
        text = json.dumps({"accepted": 1, "rows": rows}, indent=1, ensure_ascii=False, allow_nan=False)
        draft.write_text(text + "\n", encoding="utf-8", errors="replace")
        draft.replace(path)
        written[str(path)] = len(rows)
    return written


def accepted_files(case: Path) -> dict[str, Path]:
    """The files of accepted rows that a case has, by their names in its folder."""
    return {name: case / name for kind in _MODELS if (case / (name := file_name(kind))).is_file()}


def read_accepted(case: Path) -> Accepted:
    """What was accepted into a case; nothing where nobody accepted anything.

    Raises
    ------
    CaseError
        With every fault of a file that cannot be read, and ``register_conflict`` where a file does not
        say what the register says.
    InputError
        If the register itself was changed.
    """
    files = accepted_files(case)
    if not files:
        return Accepted()
    register = read_register(register_path(case))
    return Accepted(
        positions=tuple(_read(case, "position", _Positions, register)),
        claims=tuple(_read(case, "claim", _Claims, register)),
        clocks=tuple(_read(case, "clock", _Clocks, register)),
    )


def _read(case: Path, kind: str, model: type[_File], register: Register) -> list[Any]:
    name = file_name(kind)
    if not (case / name).is_file():
        return []
    document = Document(case / name, label=f"case:{name}")
    rows = document.parse(model).rows
    said = accepted_rows(register, kind)
    if document.plain["rows"] != said:
        place = next((n for n, pair in enumerate(zip(document.plain["rows"], said, strict=False)) if pair[0] != pair[1]), min(len(rows), len(said)))  # fmt: skip
        raise CaseError(
            document.problem(["rows", place], code="register_conflict", message="the file does not say what the register of statements says was accepted", next_step="Accept or decline with `truceline talks`, which writes both; do not change the file by hand")
        )  # fmt: skip
    return list(rows)
