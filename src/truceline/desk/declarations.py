"""Declarations and inspections as signed records: what is held, what will move, what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from truceline.base.documents import in_reckoning
from truceline.base.errors import Problem
from truceline.base.intervals import parse_time
from truceline.custody.sign import PublicKey
from truceline.desk.chain import PartyFile
from truceline.desk.holdings import OUTSIDE, Holdings
from truceline.desk.register import Entry, Reader, Signed
from truceline.terms.taxonomy import known_means

DECLARATION = "truceline.declaration/1"
INSPECTION = "truceline.inspection/1"

#: of a notice: what will happen
Subject = Literal["movement", "delivery", "mobilisation", "release", "training"]


class DeclarationRecord(Signed):
    """What a party declares: a baseline as of a time, or notice of something."""

    type: str = Field(DECLARATION, description="type and version of the record")
    case: str = Field(description="id of the truce")
    party: str = Field(description="id of the party")
    by: str = Field(description="node of the party's chain of command that declares")
    number: int = Field(ge=1, description="how many declarations the signing key has signed")
    said_at: str = Field(description="when it was declared")
    kind: Literal["baseline", "notice"] = Field(
        description="baseline: so many are there; notice: so many will"
    )
    subject: Subject | None = Field(
        None,
        description="of a notice: movement (from area to to_area), delivery or mobilisation (into area), release (out of area), training (in area)",
    )
    holding: str = Field(description="class of holdings")
    quantity: int = Field(ge=0, le=10_000_000, description="how many")
    area: str = Field(description="area; outside: none of them")
    to_area: str | None = Field(None, description="of a movement: where to")
    group: str | None = Field(None, description="operational group whose they are; null: the whole party's")
    as_of: str | None = Field(None, description="of a baseline: when they were there")
    starts_at: str | None = Field(None, description="of a notice: when it begins")
    stops_at: str | None = Field(None, description="of a notice: when it is done; null: at once")


class InspectionRecord(Signed):
    """What the mission saw of a party's holdings."""

    type: str = Field(INSPECTION, description="type and version of the record")
    case: str = Field(description="id of the truce")
    by: Literal["mission"] = Field(description="who looked")
    number: int = Field(ge=1, description="how many inspections the key has signed")
    said_at: str = Field(description="when it was reported")
    kind: Literal["count", "sample", "movement"] = Field(
        description="count: all of an area; sample: some of what is declared, checked one by one; movement: on the way"
    )
    party: str = Field(description="whose they are")
    holding: str = Field(description="class of holdings")
    area: str = Field(description="area; of a movement: where from")
    to_area: str | None = Field(None, description="of a movement: where to")
    seen_at: str = Field(description="when it was seen")
    quantity: int = Field(ge=0, le=10_000_000, description="how many were seen; of a sample: checked")
    found: int | None = Field(None, ge=0, description="of a sample: how many of those checked were there")
    recognition_percent: int = Field(
        100, ge=1, le=100, description="chance that an inspector knows a missing one for missing, per cent"
    )
    means: str = Field(description="means of monitoring, as the taxonomy names them")


Declared = Entry[DeclarationRecord]
Seen = Entry[InspectionRecord]

#: columns of the tables that clerks fill in
DECLARATION_COLUMNS = ("kind", "subject", "holding", "quantity", "area", "to_area", "group", "as_of", "starts_at", "stops_at")  # fmt: skip
INSPECTION_COLUMNS = ("kind", "party", "holding", "area", "to_area", "seen_at", "quantity", "found", "recognition_percent", "means")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """A party's register of declarations: what is sound of it, and what was put aside."""

    party: str
    label: str
    lines: tuple[Declared, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspections:
    """The mission's register of inspections."""

    label: str
    lines: tuple[Seen, ...]
    problems: tuple[Problem, ...]


def read_declarations(content: bytes, file: PartyFile, holdings: Holdings, *, label: str) -> Declarations:
    """Read a party's register; lines that do not hold are put aside, each with its faults."""
    reader: Reader[DeclarationRecord] = Reader(
        DeclarationRecord, label=label, case_id=file.case, kind=DECLARATION, keys=file.keys()
    )
    sound = []
    for entry in reader.read(content):
        faults = [*_entitled(entry, file), *faults_of_declaration(entry.record, holdings, file)]
        for code, column, message, got, expected in faults:
            reader.fault(entry.line, code=code, message=message, column=column, got=got, expected=expected)
        if not faults:
            sound.append(entry)
    problems = sorted(reader.problems, key=lambda one: one.row or 0)
    return Declarations(party=file.party, label=label, lines=tuple(sound), problems=tuple(problems))


def read_inspections(
    content: bytes, holdings: Holdings, *, label: str, keys: Mapping[str, PublicKey]
) -> Inspections:
    """Read the mission's register; lines that do not hold are put aside, each with its faults."""
    reader: Reader[InspectionRecord] = Reader(
        InspectionRecord, label=label, case_id=holdings.case, kind=INSPECTION, keys=keys
    )
    sound = []
    for entry in reader.read(content):
        faults = list(faults_of_inspection(entry.record, holdings))
        for code, column, message, got, expected in faults:
            reader.fault(entry.line, code=code, message=message, column=column, got=got, expected=expected)
        if not faults:
            sound.append(entry)
    problems = sorted(reader.problems, key=lambda one: one.row or 0)
    return Inspections(label=label, lines=tuple(sound), problems=tuple(problems))


#: code, column, message, got, expected
Fault = tuple[str, str, str, str, str]


def _entitled(entry: Declared, file: PartyFile) -> Iterator[Fault]:
    node = file.node(entry.record.by)
    if entry.record.party != file.party or node is None:
        yield "name_unknown", "by", "no such node in this chain of command", entry.record.by, " | ".join(one.id for one in file.chain)  # fmt: skip
    elif node.level == "group" or entry.key != node.id:
        yield "key_unknown", "key", "a declaration is signed by a command or a liaison officer, for itself", entry.key, " | ".join(one.id for one in file.chain if one.level != "group")  # fmt: skip


def faults_of_declaration(record: DeclarationRecord, holdings: Holdings, file: PartyFile) -> Iterator[Fault]:
    """What does not fit in a declaration, beside its shape."""
    yield from _names(record.holding, record.area, record.to_area, file.party, holdings)
    if record.group is not None and (file.node(record.group) is None or file.node(record.group).level != "group"):  # type: ignore[union-attr]  # None was tested  # fmt: skip
        yield "name_unknown", "group", "no such operational group", record.group, " | ".join(one.id for one in file.chain if one.level == "group")  # fmt: skip
    baseline = record.kind == "baseline"
    for name, value, wanted in (("as_of", record.as_of, baseline), ("starts_at", record.starts_at, not baseline), ("subject", record.subject, not baseline)):  # fmt: skip
        if (value is not None) != wanted:
            yield "value_missing" if wanted else "value_unknown", name, f"a {record.kind} {'needs' if wanted else 'has no'} {name}", value or "", ""  # fmt: skip
    if (record.to_area is not None) != (record.subject == "movement"):
        yield "value_missing", "to_area", "a movement, and nothing else, has to_area", record.to_area or "", "an area, or outside"  # fmt: skip
    if record.to_area is not None and record.to_area == record.area:
        yield "value_unknown", "to_area", "a movement from an area into itself", record.to_area, "another area"  # fmt: skip
    if record.area == OUTSIDE and record.subject != "movement":
        yield "name_unknown", "area", "nothing is declared for outside", record.area, " | ".join(one.id for one in holdings.areas)  # fmt: skip
    yield from _times(as_of=record.as_of, starts_at=record.starts_at, stops_at=record.stops_at)


def faults_of_inspection(record: InspectionRecord, holdings: Holdings) -> Iterator[Fault]:
    """What does not fit in an inspection, beside its shape."""
    parties = list(dict.fromkeys(area.party for area in holdings.areas))
    if record.party not in parties:
        yield "party_unknown", "party", "no holdings of that party are declared", record.party, " | ".join(parties)  # fmt: skip
    else:
        yield from _names(record.holding, record.area, record.to_area, record.party, holdings)
    if record.means not in known_means():
        yield "name_unknown", "means", "no such means of monitoring", record.means, " | ".join(known_means())
    if (record.found is not None) != (record.kind == "sample"):
        yield "value_missing", "found", "a sample, and nothing else, has found", str(record.found or ""), "how many of those checked were there"  # fmt: skip
    if record.found is not None and record.found > record.quantity:
        yield "value_range", "found", "more found than checked", str(record.found), f"at most {record.quantity}"  # fmt: skip
    if (record.to_area is not None) != (record.kind == "movement"):
        yield "value_missing", "to_area", "a movement, and nothing else, has to_area", record.to_area or "", "an area, or outside"  # fmt: skip
    yield from _times(seen_at=record.seen_at)


def _names(holding: str, area: str, to_area: str | None, party: str, holdings: Holdings) -> Iterator[Fault]:
    if holdings.holding(holding) is None:
        yield "name_unknown", "holding", "no such class of holdings", holding, " | ".join(one.id for one in holdings.classes)  # fmt: skip
    own = [one.id for one in holdings.areas if one.party == party]
    for column, name in (("area", area), ("to_area", to_area)):
        if name is not None and name != OUTSIDE and name not in own:
            yield "name_unknown", column, "no area of this party's: declarations have no sites or places", name, " | ".join([*own, OUTSIDE])  # fmt: skip


def _times(**times: str | None) -> Iterator[Fault]:
    found: dict[str, datetime] = {}
    for name, text in times.items():
        if text is None:
            continue
        try:
            found[name] = in_reckoning(parse_time(text))
        except (ValueError, OverflowError) as error:
            naive = "no zone" in str(error)
            yield "time_naive" if naive else "time_format", name, "the time has no zone" if naive else "not a time", text[:40], "2031-05-03T00:00:00Z, or with an offset"  # fmt: skip
    if "starts_at" in found and "stops_at" in found and found["stops_at"] < found["starts_at"]:
        yield "time_order", "stops_at", "it stops before it starts", str(times["stops_at"]), f"no earlier than {times['starts_at']}"  # fmt: skip


def read_cells(
    rows: Sequence[Sequence[str]], *, columns: Sequence[str], label: str
) -> tuple[list[tuple[int, dict[str, str | int]]], list[Problem]]:
    """Rows of a clerk's table as fields of records, each with its line; empty cells are left out.

    rows : the header first. A column that is not known, or a number that is none, is a fault.
    """
    header = [name.strip() for name in rows[0]] if rows else []
    unknown = [name for name in header if name not in columns]
    repeated = [name for place, name in enumerate(header) if name in header[:place]]
    problems = [
        Problem(code="name_unknown" if name in unknown else "column_repeated", message="no such column" if name in unknown else "the column stands twice", file=label, row=1, column=name, expected=" | ".join(columns))
        for name in [*unknown, *repeated]
    ]  # fmt: skip
    if not header:
        problems.append(Problem(code="file_empty", message="the table has no header", file=label, expected=",".join(columns)))  # fmt: skip
    if problems:
        return [], problems
    found: list[tuple[int, dict[str, str | int]]] = []
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            problems.append(Problem(code="row_length", message=f"{len(row)} fields under {len(header)} headings", file=label, row=line))  # fmt: skip
            continue
        told: dict[str, str | int] = {}
        for name, cell in zip(header, (cell.strip() for cell in row), strict=True):
            if cell and name in ("quantity", "found", "recognition_percent"):
                if not cell.isascii() or not cell.isdigit() or len(cell) > 9:
                    problems.append(Problem(code="value_type", message="not a whole number", file=label, row=line, column=name, got=cell[:40], expected="0, 1, 2 …: what is held cannot be negative or in parts"))  # fmt: skip
                    continue
                told[name] = int(cell)
            elif cell:
                told[name] = cell
        found.append((line, told))
    if not found and not problems:
        problems.append(Problem(code="file_without_rows", message="the table has a header and no rows", file=label))  # fmt: skip
    return found, problems
