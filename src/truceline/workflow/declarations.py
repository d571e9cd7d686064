"""Declarations: sign what is held and what will move, sign what was seen, set the two side by side."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from truceline.base.documents import Document
from truceline.base.errors import CallError, CaseError, InputError, Problem
from truceline.base.intervals import format_time
from truceline.base.language import _
from truceline.custody.sign import SecretKey
from truceline.desk.balance import keep_accounts
from truceline.desk.declarations import (
    DECLARATION,
    DECLARATION_COLUMNS,
    INSPECTION,
    INSPECTION_COLUMNS,
    DeclarationRecord,
    Declarations,
    InspectionRecord,
    Inspections,
    faults_of_declaration,
    faults_of_inspection,
    read_cells,
    read_declarations,
    read_inspections,
)
from truceline.desk.grade import GRADES, Graded, grade_obligations, tell_grade
from truceline.desk.holdings import Holdings, read_holdings
from truceline.desk.reconcile import KINDS, Difference, reconcile
from truceline.desk.register import next_number, sign_line
from truceline.terms.truce import Truce
from truceline.workflow.desk_files import (
    FOLDER,
    MISSION,
    Times,
    alone_with,
    append_lines,
    content_of,
    hour_of,
    is_missions,
    open_mission,
    open_party,
    parties_here,
    party_of,
    read_secret,
    terms_of,
)

M = TypeVar("M", bound=BaseModel)


def register_path(folder: Path, who: str, what: str) -> Path:
    """A register of declarations or inspections."""
    return folder / FOLDER / f"{who}.{what}.jsonl"


def _label(path: Path) -> str:
    return f"case:{FOLDER}/{path.name}"


def open_holdings(folder: Path, truce: Truce) -> Holdings:
    """What is to be declared."""
    path = folder / FOLDER / "holdings.yaml"
    return read_holdings(Document(path, label=_label(path)), case_id=truce.id, party_ids=truce.party_ids)


def open_declarations(folder: Path, truce: Truce, party: str, holdings: Holdings) -> Declarations:
    """A party's register of declarations; empty where there is none yet."""
    path = register_path(folder, party, "declarations")
    return read_declarations(content_of(path), open_party(folder, truce, party), holdings, label=_label(path))


# -- signing ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Records that were added to a register."""

    register: Path
    n: int

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"register": self.register, "records": self.n}

    def lines(self) -> list[str]:
        """As text."""
        return [_("records signed and logged: {n}, in {path}").format(n=self.n, path=self.register)]


def declare(folder: Path, table: Path, *, by: str, key_file: Path, times: Times) -> Added:
    """Sign each row of a clerk's table and add all of them to the party's register, or none.

    Raises
    ------
    CallError, CaseError, InputError, OutputError
        With every fault of every row.
    """
    truce = terms_of(folder)
    file = party_of(folder, truce, by)
    holdings = open_holdings(folder, truce)
    key = read_secret(key_file, held=file.keys())
    node = file.node(by)
    if key.name != by or node is None or node.level == "group":
        raise InputError(Problem(code="key_unknown", message="a declaration is signed by a command or a liaison officer, with its own key", file="--key", got=f"{key.name} for {by}", expected=" | ".join(one.id for one in file.chain if one.level != "group")))  # fmt: skip
    path = register_path(folder, file.party, "declarations")
    with alone_with(path):
        earlier = read_declarations(content_of(path), file, holdings, label=_label(path))
        first = next_number(earlier.lines, key.name)
        head = {"type": DECLARATION, "case": truce.id, "party": file.party, "by": by, "said_at": format_time(times.said)}  # fmt: skip
        records: list[DeclarationRecord] = []
        problems: list[Problem] = []
        for line, cells, label in _rows(table, DECLARATION_COLUMNS, problems):
            told = _shaped(DeclarationRecord, {**head, "number": first + len(records), **cells}, label, line, problems)  # fmt: skip
            if told is not None:
                records.append(told)
                problems += [Problem(code=code, message=message, file=label, row=line, column=column, got=got, expected=expected) for code, column, message, got, expected in faults_of_declaration(told, holdings, file)]  # fmt: skip
        return _add(path, records, key, times=times, problems=problems)


def observe(folder: Path, table: Path, *, key_file: Path, times: Times) -> Added:
    """Sign each row of what the mission saw and add all of them to its register, or none.

    Raises
    ------
    CaseError, InputError, OutputError
        With every fault of every row.
    """
    truce = terms_of(folder)
    holdings = open_holdings(folder, truce)
    keys = open_mission(folder, truce).keys()
    key = read_secret(key_file, held=keys)
    path = register_path(folder, MISSION, "inspections")
    with alone_with(path):
        earlier = read_inspections(content_of(path), holdings, label=_label(path), keys=keys)
        first = next_number(earlier.lines, key.name)
        head = {"type": INSPECTION, "case": truce.id, "by": MISSION, "said_at": format_time(times.said)}
        records: list[InspectionRecord] = []
        problems: list[Problem] = []
        for line, cells, label in _rows(table, INSPECTION_COLUMNS, problems):
            told = _shaped(InspectionRecord, {**head, "number": first + len(records), **cells}, label, line, problems)  # fmt: skip
            if told is not None:
                records.append(told)
                problems += [Problem(code=code, message=message, file=label, row=line, column=column, got=got, expected=expected) for code, column, message, got, expected in faults_of_inspection(told, holdings)]  # fmt: skip
        return _add(path, records, key, times=times, problems=problems)


def _rows(
    table: Path, columns: Sequence[str], problems: list[Problem]
) -> list[tuple[int, dict[str, str | int], str]]:
    label = table.name
    try:
        text = table.read_bytes().decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except FileNotFoundError as error:
        raise InputError(Problem(code="file_missing", message="no such file", file=label, next_step="Name a CSV table")) from error  # fmt: skip
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(Problem(code="file_format", message=f"not a CSV table in UTF-8: {error}", file=label, expected=",".join(columns))) from error  # fmt: skip
    found, faults = read_cells(rows, columns=columns, label=label)
    problems += faults
    return [(line, cells, label) for line, cells in found]


def _shaped(model: type[M], told: dict[str, Any], label: str, line: int, problems: list[Problem]) -> M | None:
    """A record of a row; every field that does not fit goes to ``problems``."""
    try:
        return model.model_validate(told)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            column = ".".join(str(part) for part in fault["loc"])
            absent = fault["type"] == "missing"
            if absent and any((one.file, one.row, one.column) == (label, line, column) for one in problems):
                continue  # what stood there was told as wrong already
            problems.append(Problem(code="value_missing" if absent else "value_unknown", message="the value is missing" if absent else fault["msg"], file=label, row=line, column=column, got="" if absent else str(fault["input"])[:60], expected=str(fault.get("ctx", {}).get("expected", ""))))  # fmt: skip
        return None


def _add(
    path: Path,
    records: Sequence[DeclarationRecord | InspectionRecord],
    key: SecretKey,
    *,
    times: Times,
    problems: Sequence[Problem],
) -> Added:
    if not times.said <= times.received <= times.logged:
        raise CallError(Problem(code="time_order", message="said, received and logged do not follow one another", file="--said", expected="said ≤ received ≤ logged"))  # fmt: skip
    if problems:
        raise InputError(list(problems))
    append_lines(path, [sign_line(one, key, received_at=times.received, logged_at=times.logged) for one in records])  # fmt: skip
    return Added(register=path, n=len(records))


# -- setting side by side -----------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What differs, what was put aside, and what could be seen at all."""

    truce: Truce
    reader: str
    at: datetime
    declared: tuple[Declarations, ...]
    inspections: Inspections | None
    holdings: Holdings
    differences: tuple[Difference, ...]
    grades: tuple[Graded, ...]

    @property
    def problems(self) -> list[Problem]:
        """Every fault of the registers."""
        found = [problem for one in self.declared for problem in one.problems]
        return found + ([] if self.inspections is None else list(self.inspections.problems))

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "schema": "truceline.declarations/1",
            "case": self.truce.id,
            "reader": self.reader,
            "at": format_time(self.at),
            "balances": self._balances(),
            "differences": [
                {
                    "kind": one.kind,
                    "party": one.party,
                    "holding": one.holding,
                    "area": one.area,
                    "at": format_time(one.at),
                    "declared": one.declared,
                    "other": one.other,
                    "lines": list(one.lines),
                    "inspection_lines": list(one.seen),
                }
                for one in self.differences
            ],
            "obligations": [
                {
                    "obligation": one.obligation,
                    "title": one.title,
                    "act": one.act,
                    "grade": one.grade,
                    "by_party": [{"party": each.party, "grade": each.grade, "means": list(each.means), "zones": list(each.zones)} for each in one.reaches],
                    "would_take": list(one.would_take),
                    "says": tell_grade(one, self.truce),
                }
                for one in self.grades
            ],
            "problems": self.problems,
        }  # fmt: skip

    def _balances(self) -> list[dict[str, Any]]:
        found = []
        for one in self.declared:
            for account in keep_accounts([e for e in one.lines if e.logged_at <= self.at]).values():
                now = account.at(self.at)
                found.append({"party": one.party, "holding": account.holding, "area": account.area, "low": None if now is None else now.low, "high": None if now is None else now.high})  # fmt: skip
        return found

    def lines(self) -> list[str]:
        """As text: differences first, then balances, then what can be seen at all."""
        lines = [
            _("{title}: declared, notified and observed, as known at {at}").format(title=self.truce.title, at=format_time(self.at)),
            _("{n} differences").format(n=len(self.differences)),
            "",
        ]  # fmt: skip
        for one in self.differences:
            where = f"{one.party} · {one.holding} · {one.area} · {format_time(one.at)}"
            lines += [f"{_(KINDS[one.kind])}: {where}", f"    {_readings(one)}"]
        lines += [*([""] if self.differences else []), _("Balances declared:")]
        for row in self._balances():
            low, high = row["low"], row["high"]
            told = _("no baseline") if low is None else str(low) if low == high else f"{low}–{high}"
            lines.append(f"  {row['party']:<4} {row['holding']:<12} {row['area']:<16} {told}")
        lines += ["", _("What could be seen of each obligation, by means consented to:")]
        for grade in GRADES:
            own = [one for one in self.grades if one.grade == grade]
            lines += [f"  {tell_grade(one, self.truce)}" for one in own]
        return lines


def _readings(one: Difference) -> str:
    """Both readings, with the lines that they rest on."""
    pairs = {
        "notice_late": (_("received {time}"), _("due {time}")),
        "baseline_late": (_("received {time}"), _("due {time}")),
        "baseline_absent": (_("nothing received"), _("due {time}")),
    }
    if one.kind in pairs:
        first, second = pairs[one.kind]
        said = f"{first.format(time=one.declared)}, {second.format(time=one.other)}"
    else:
        names = {
            "baselines_differ": (_("declared"), _("by the baseline before and the notices since")),
            "counted_twice": (_("declared"), _("and again")),
            "above_baseline": (_("declared"), _("at the start")),
            "part_exceeds_whole": (_("the whole"), _("its parts")),
            "movement_unannounced": (_("announced"), _("seen")),
            "negative_holding": (_("balance"), _("the least there can be")),
        }.get(one.kind, (_("declared"), _("observed")))
        said = f"{names[0]}: {one.declared}; {names[1]}: {one.other}"
    rows = _(" (lines {lines})").format(lines=", ".join(map(str, one.lines))) if one.lines else ""
    seen = _(" (inspections, lines {lines})").format(lines=", ".join(map(str, one.seen))) if one.seen else ""
    return f"{said}{rows}{seen}"


def check_declarations(folder: Path, *, at: datetime, reader: str | None = None) -> Reconciled:
    """Reconcile what was declared, notified and observed, as logged by ``at``.

    The mission's reading holds every party's register and its own; a party's holds its own declarations
    and no inspection, and nothing of another party is opened for it. The public gets none.

    Raises
    ------
    CaseError, CallError
        With every fault.
    """
    truce = terms_of(folder)
    here = parties_here(folder, truce)
    reader = reader or (MISSION if is_missions(folder) else here[0] if len(here) == 1 else "")
    if reader != MISSION and reader not in here:
        raise CallError(
            Problem(code="party_unknown", message="whose reading it is must be said; the public gets none of declarations", file="--for", got=reader, expected=" | ".join([MISSION, *here]))
        )  # fmt: skip
    holdings = open_holdings(folder, truce)
    declared, problems = [], []
    for party in here if reader == MISSION else (reader,):
        try:
            declared.append(open_declarations(folder, truce, party, holdings))
        except CaseError as error:
            problems += error.problems
    if problems:
        raise CaseError(problems)
    inspections = None
    if reader == MISSION:
        path = register_path(folder, MISSION, "inspections")
        keys = open_mission(folder, truce).keys()
        inspections = read_inspections(content_of(path), holdings, label=_label(path), keys=keys)
    found = reconcile(declared, inspections, holdings, start=hour_of(truce), at=at)
    return Reconciled(
        truce=truce,
        reader=reader,
        at=at,
        declared=tuple(declared),
        inspections=inspections,
        holdings=holdings,
        differences=tuple(found),
        grades=tuple(grade_obligations(truce)),
    )
