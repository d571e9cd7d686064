"""``inspect-plan``: how many of what was declared to check, so that a loss of a given size is seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from truceline.assurance.campaign import checks_needed, missed_p
from truceline.assurance.inspection import (
    InSequence,
    Plan,
    Stratum,
    plan_against_choice,
    plan_against_pattern,
    plan_in_sequence,
)
from truceline.base.errors import CallError, InputError, Problem
from truceline.base.language import _, digits
from truceline.reports.inspection_chart import draw_checks
from truceline.workflow.case_tables import Line, read_table
from truceline.workflow.desk_files import write_page

COLUMNS = ("name", "declared", "cost", "recognition_percent", "missing")
#: a list that is longer is not planned check by check
MOST = 100_000
#: one after another, every number tolerated is tried
MOST_IN_SEQUENCE = 5_000
#: of several strata: the work grows with the square of it
MOST_IN_STRATA = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlan:
    """The plan of one list."""

    n_declared: int
    n_missing: int
    seen_p: float
    recognition_p: float
    checks: int | None
    sequence: InSequence | None
    picture: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "declared": self.n_declared,
            "missing": self.n_missing,
            "seen_p": self.seen_p,
            "recognition_p": self.recognition_p,
            "checks": self.checks,
            "chance_of_seeing": None if self.checks is None else 1 - missed_p(self.n_declared, self.n_missing, self.checks, recognition_p=self.recognition_p),
            "in_sequence": None if self.sequence is None else {"at_most": self.sequence.n_checks, "tolerated": self.sequence.tolerated, "false_alarm_p": self.sequence.false_alarm_p, "seen_p": self.sequence.seen_p, "expected": [{"missing": m, "checks": n} for m, n in self.sequence.expected.items()]},
            "picture": self.picture,
        }  # fmt: skip

    def lines(self) -> list[str]:
        """As text."""
        lines = [
            _("{n} declared, {m} missing, recognised with {r} %: ").format(n=self.n_declared, m=self.n_missing, r=digits(f"{self.recognition_p:.0%}"[:-1]))
        ]  # fmt: skip
        if self.checks is None:
            lines[0] += _("no number of checks sees it with {p} %.").format(p=_percent(self.seen_p))
            return lines
        chance = 1 - missed_p(self.n_declared, self.n_missing, self.checks, recognition_p=self.recognition_p)
        lines[0] += _("{checks} checks see it with {p} %.").format(checks=self.checks, p=_percent(chance))
        if self.sequence is not None:
            lines += _sequence_lines(self.sequence)
        if self.picture is not None:
            lines.append(_("picture: {path}").format(path=self.picture))
        return lines


def _sequence_lines(plan: InSequence) -> list[str]:
    lines = [
        _("One after another: at most {n} checks; stop and refuse the list at missing item number {k}.").format(n=plan.n_checks, k=plan.tolerated + 1)
    ]  # fmt: skip
    for missing, checks in plan.expected.items():
        lines.append(_("  if {m} are missing: {n} checks on average").format(m=missing, n=digits(f"{checks:.1f}")))  # fmt: skip
    lines.append(_("  false alarm: {p} %").format(p=_percent(plan.false_alarm_p)))
    return lines


def _percent(p: float) -> str:
    return digits(f"{100 * p:.1f}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StrataPlan:
    """The plan over several lists."""

    strata: tuple[Stratum, ...]
    n_missing: int
    seen_p: float
    plan: Plan | None
    known: bool  #: whether it was said where items are missing

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        plan = self.plan
        return {
            "missing": self.n_missing,
            "wanted_p": self.seen_p,
            "against": "pattern" if self.known else "choice",
            "cost": None if plan is None else plan.cost,
            "seen_p": None if plan is None else plan.seen_p,
            "strata": [
                {"name": one.name, "declared": one.n_declared, "cost": one.cost, "recognition_p": one.recognition_p, "checks": None if plan is None else plan.checks[k], "worst_missing": None if plan is None else plan.worst[k]}
                for k, one in enumerate(self.strata)
            ],
        }  # fmt: skip

    def lines(self) -> list[str]:
        """As text."""
        if self.plan is None:
            return [_("No checks see {m} missing items with {p} %, wherever they are hidden.").format(m=self.n_missing, p=_percent(self.seen_p))]  # fmt: skip
        told = (
            _("{m} missing items as said are seen with {p} %; cost {cost}:")
            if self.known
            else _("{m} missing items are seen with {p} % at least, wherever they are hidden; cost {cost}:")
        )
        lines = [told.format(m=self.n_missing, p=_percent(self.plan.seen_p), cost=self.plan.cost)]
        for one, checks, worst in zip(self.strata, self.plan.checks, self.plan.worst, strict=True):
            lines.append(_("  {name}: {checks} of {n} (hardest to see with {worst} missing here)").format(name=one.name, checks=checks, n=one.n_declared, worst=worst) if not self.known else f"  {one.name}: {checks} / {one.n_declared}")  # fmt: skip
        return lines


def plan_list(
    *,
    n_declared: int,
    n_missing: int,
    seen_p: float,
    recognition_p: float,
    innocent: int | None = None,
    picture: Path | None = None,
) -> ListPlan:
    """How many checks of one list.

    ``innocent``: plan checks one after another, so many missing being no breach; None: no such plan.

    Raises
    ------
    CallError
        If the numbers make no sense.
    """
    if not 0 < n_missing <= n_declared <= MOST:
        _refuse("--missing", f"{n_missing} of {n_declared}", f"1 to the number declared, at most {MOST}")
    if not 0 < seen_p < 1:
        _refuse("--seen", str(seen_p), "above 0 and below 1")
    if not 0 < recognition_p <= 1:
        _refuse("--recognition", str(recognition_p), "above 0, at most 1")
    if innocent is not None and n_declared > MOST_IN_SEQUENCE:
        _refuse("--declared", str(n_declared), f"at most {MOST_IN_SEQUENCE} with --tolerate")
    if innocent is not None and not 0 <= innocent < n_missing:
        _refuse("--tolerate", str(innocent), "0 to less than the number missing")
    checks = checks_needed(n_declared, n_missing, seen_p=seen_p, recognition_p=recognition_p)
    sequence = None
    if innocent is not None:
        sequence = plan_in_sequence(n_declared, n_missing, n_innocent=innocent, seen_p=seen_p, recognition_p=recognition_p)  # fmt: skip
    if picture is not None:
        write_page(picture, draw_checks(n_declared, seen_p=seen_p, recognition_p=recognition_p, mark=n_missing))  # fmt: skip
    return ListPlan(n_declared=n_declared, n_missing=n_missing, seen_p=seen_p, recognition_p=recognition_p, checks=checks, sequence=sequence, picture=picture)  # fmt: skip


def plan_strata(table: Path, *, n_missing: int | None, seen_p: float) -> StrataPlan:
    """How many checks of each of several lists.

    With a column ``missing`` the cheapest plan against that pattern; without it, against whoever hides
    ``n_missing`` where they are hardest to see.

    Raises
    ------
    CallError, InputError
        With every fault of the table.
    """
    if not 0 < seen_p < 1:
        _refuse("--seen", str(seen_p), "above 0 and below 1")
    strata = _read_strata(table)
    known = any(one.n_missing is not None for one in strata)
    total = sum(one.n_declared for one in strata)
    if total > MOST_IN_STRATA:
        _refuse(
            "--strata", f"{total} declared", f"at most {MOST_IN_STRATA} in all; plan larger lists one by one"
        )
    if known:
        missing = sum(one.n_missing or 0 for one in strata)
        return StrataPlan(strata=strata, n_missing=missing, seen_p=seen_p, plan=plan_against_pattern(strata, seen_p=seen_p), known=True)  # fmt: skip
    if n_missing is None or not 0 < n_missing <= total:
        _refuse("--missing", str(n_missing), f"1 to {total}, the number declared in all strata")
    return StrataPlan(strata=strata, n_missing=n_missing, seen_p=seen_p, plan=plan_against_choice(strata, n_missing, seen_p=seen_p), known=False)  # fmt: skip


def _read_strata(table: Path) -> tuple[Stratum, ...]:
    lines = read_table(table, COLUMNS[:2], label=table.name, optional=COLUMNS[2:], fault=InputError)
    problems: list[Problem] = []
    seen: set[str] = set()
    found = []
    for line in lines:
        numbers = {column: _number(line, column, problems) for column in COLUMNS[1:]}
        name, declared, missing = line.cell["name"], numbers["declared"] or 0, numbers["missing"]
        if name in seen:
            problems.append(line.wrong("name", "id_repeated", "each stratum once", message="a stratum stands twice"))  # fmt: skip
        seen.add(name)
        if (missing or 0) > declared:
            problems.append(line.wrong("missing", "value_range", f"at most {declared}", message="more missing than declared"))  # fmt: skip
        given = (missing or 0) if "missing" in line.cell else None
        found.append(Stratum(name=name, n_declared=declared, cost=numbers["cost"] or 1, recognition_p=(numbers["recognition_percent"] or 100) / 100, n_missing=given))  # fmt: skip
    if problems:
        raise InputError(problems)
    return tuple(found)


def _number(line: Line, column: str, problems: list[Problem]) -> int | None:
    """A whole number of a cell; None where it is empty, or its column absent."""
    text = line.cell.get(column, "")
    least, most = {"cost": (1, 1000), "recognition_percent": (1, 100), "missing": (0, MOST)}.get(column, (1, MOST))  # fmt: skip
    if not text:
        if column == "declared":
            problems.append(line.wrong(column, "value_missing", f"{least} to {most}", message="the value is missing"))  # fmt: skip
        return None
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        problems.append(line.wrong(column, "value_range", f"{least} to {most}", message="not a whole number of the range"))  # fmt: skip
        return None
    return int(text)


def _refuse(option: str, got: str, expected: str) -> NoReturn:
    raise CallError(Problem(code="value_range", message="the number makes no sense here", file=option, got=got, expected=expected))  # fmt: skip
