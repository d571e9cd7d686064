"""What was released before: a day, once told, is told alike for ever after.

Were a day told anew with every release, whoever compares two of them could follow an incident over
the edge of a cell, and so find it. The register holds each released day's rows; a later release
takes them from there. Corrections are told as numbers over the whole, never as rows.

The register stays with the mission. It holds nothing that was not released.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from truceline.base.canonical import canonical_json, digest_bytes
from truceline.base.errors import InputError, Problem
from truceline.base.intervals import format_time, parse_time
from truceline.release.rule import ReleaseRule
from truceline.schema.table import Record

_TIMES = ("occurred_from", "occurred_until")


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Rows released so far, by the end of the day (or days) that they tell of."""

    rule: ReleaseRule | None = None  #: the rule of the first release; None: nothing was released
    until: datetime | None = None  #: days that end no later are told and closed
    rows: tuple[Record, ...] = field(default=())
    case_id: str | None = None  #: None: nothing was released, or by a version that did not say of what

    def settle(
        self, rows: Sequence[Record], rule: ReleaseRule, *, until: datetime, case_id: str | None = None
    ) -> Settled:
        """What may be told now: closed days as they were told, later ones as they are now.

        Raises
        ------
        InputError
            If places were told in cells of another size before: two sizes cut each other. Or if the
            register is that of another case, whose incidents would be told as those of this one.
        """
        if None not in (self.case_id, case_id) and self.case_id != case_id:
            raise InputError(
                Problem(code="release_rule_changed", message="the register is that of another case", file="register", got=str(case_id), expected=str(self.case_id), next_step="Name the register of this case with --register")
            )  # fmt: skip
        if self.rule is not None and (self.rule.cell_m, self.rule.zone) != (rule.cell_m, rule.zone):
            raise InputError(
                Problem(code="release_rule_changed", message="an earlier release told places or days otherwise", file="register", got=f"cells of {rule.cell_m / 1000:g} km, days of {rule.zone}", expected=f"cells of {self.rule.cell_m / 1000:g} km, days of {self.rule.zone}", next_step="Keep the rule of the first release")
            )  # fmt: skip
        closed = self.until
        # by the end of the days told: nobody shall learn of a long one before all of it may be told
        due = [row for row in rows if row["occurred_until"] <= until]
        if closed is None:
            new, now_of_closed = due, []
        else:
            new = [row for row in due if row["occurred_until"] > closed]
            now_of_closed = [row for row in due if row["occurred_until"] <= closed]
        told = sorted((*self.rows, *new), key=lambda row: (row["occurred_from"], row["incident_id"]))
        after = Register(
            rule=rule,
            until=until if closed is None else max(until, closed),
            rows=tuple(told),
            case_id=case_id or self.case_id,
        )
        return Settled(register=after, told=tuple(told), n_changed=len(now_of_closed) - len(self.rows))

    def text(self) -> str:
        """As JSON lines: the rule, then each row."""
        if self.rule is None or self.until is None:
            return ""
        rows = "".join(
            canonical_json({**row, **{name: format_time(row[name]) for name in _TIMES}}) + "\n"
            for row in self.rows
        )
        head = {
            "case": self.case_id,
            "delay_h": self.rule.delay_h,
            "cell_m": self.rule.cell_m,
            "zone": self.rule.zone,
            "until": format_time(self.until),
            # a register that lost rows, or has others, would tell their days anew
            "rows_sha256": digest_bytes(rows.encode()),
        }
        return canonical_json(head) + "\n" + rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The rows to release, the register after it, and by how many incidents closed days differ now."""

    register: Register
    told: tuple[Record, ...]
    n_changed: int


def read_register(path: Path) -> Register:
    """The register in a file; an empty one where there is no file.

    Raises
    ------
    InputError
        If the file is no register: without it nobody may say what was told.
    """
    try:
        first, _end, rest = path.read_bytes().partition(b"\n")
        head: dict[str, Any] = json.loads(first)
        if head.get("rows_sha256", digest_bytes(rest)) != digest_bytes(rest):
            raise ValueError("not the rows that were written")
        lines = [json.loads(line) for line in rest.splitlines()]
        rule = ReleaseRule(delay_h=head["delay_h"], cell_m=head["cell_m"], zone=head["zone"])
        rows = [{**row, **{name: parse_time(row[name]) for name in _TIMES}} for row in lines]
        return Register(
            rule=rule, until=parse_time(head["until"]), rows=tuple(rows), case_id=head.get("case")
        )
    except FileNotFoundError:
        return Register()
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            Problem(code="register_broken", message=f"the register of releases cannot be read ({type(error).__name__})", file=str(path), expected="the file that the last release left", next_step="Restore it; without it a new release could be compared with old ones")
        ) from error  # fmt: skip
