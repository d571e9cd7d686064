"""Running balances: a baseline, and what was announced since, by party, class and area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from truceline.base.intervals import parse_time
from truceline.desk.declarations import Declared
from truceline.desk.holdings import OUTSIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that was announced: so many more (or fewer) in an area, at some time within a span."""

    starts_at: datetime
    stops_at: datetime
    amount: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How many are declared to be there: between ``low`` and ``high`` while something is on its way."""

    low: int
    high: int
    lines: tuple[int, ...]  #: lines of the register that it is made of

    def __contains__(self, reading: int) -> bool:
        return self.low <= reading <= self.high

    def words(self) -> str:
        """As people write it."""
        return str(self.low) if self.low == self.high else f"{self.low} to {self.high}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is declared of one class in one area."""

    holding: str
    area: str
    baselines: tuple[tuple[datetime, int, tuple[int, ...]], ...]  #: as of, number, lines; in order of time
    changes: tuple[Change, ...]

    def moments(self) -> list[datetime]:
        """Times at which the balance may change."""
        ends = {one[0] for one in self.baselines}
        return sorted(ends | {moment for one in self.changes for moment in (one.starts_at, one.stops_at)})

    def at(self, moment: datetime, *, before: bool = False) -> Balance | None:
        """The balance at a moment; None before the first baseline.

        ``before``: from the baseline before the one of that very moment.
        """
        known = [one for one in self.baselines if (one[0] < moment if before else one[0] <= moment)]
        if not known:
            return None
        since, low, lines = known[-1]
        high = low
        for change in self.changes:
            if change.stops_at <= since or change.starts_at > moment:
                continue
            sure = change.stops_at <= moment and change.starts_at >= since
            # what was under way when the baseline was taken may be in it or not
            low += change.amount if sure else min(change.amount, 0)
            high += change.amount if sure else max(change.amount, 0)
            lines = (*lines, change.line)
        return Balance(low=low, high=high, lines=tuple(sorted(set(lines))))


def keep_accounts(entries: Sequence[Declared]) -> dict[tuple[str, str], Account]:
    """Accounts by class and area, in their order; groups are added up, and a row declared again counts once."""
    held: dict[tuple[str, str], dict[datetime, list[tuple[int, int]]]] = {}
    changed: dict[tuple[str, str], list[Change]] = {}
    told: set[tuple[object, ...]] = set()
    for entry in entries:
        record = entry.record
        row = (record.kind, record.subject, record.holding, record.quantity, record.area, record.to_area, record.group, record.as_of, record.starts_at, record.stops_at)  # fmt: skip
        if row in told:
            continue
        told.add(row)
        if record.kind == "baseline":
            as_of = parse_time(record.as_of or "")
            held.setdefault((record.holding, record.area), {}).setdefault(as_of, []).append(
                (record.quantity, entry.line)
            )
            continue
        for area, sign in _moves(entry):
            if area != OUTSIDE:
                start = parse_time(record.starts_at or "")
                changed.setdefault((record.holding, area), []).append(
                    Change(
                        starts_at=start,
                        stops_at=parse_time(record.stops_at) if record.stops_at else start,
                        amount=sign * record.quantity,
                        line=entry.line,
                    )
                )
    return {
        key: Account(
            holding=key[0],
            area=key[1],
            baselines=tuple(
                (as_of, sum(n for n, _ in rows), tuple(line for _, line in rows))
                for as_of, rows in sorted(held.get(key, {}).items())
            ),
            changes=tuple(sorted(changed.get(key, []), key=lambda one: (one.stops_at, one.line))),
        )
        for key in sorted({*held, *changed})
    }


def _moves(entry: Declared) -> list[tuple[str, int]]:
    """Areas that a notice changes, with the sign."""
    record = entry.record
    if record.subject == "movement":
        return [(record.area, -1), (record.to_area or OUTSIDE, 1)]
    if record.subject in ("delivery", "mobilisation"):
        return [(record.area, 1)]
    return [(record.area, -1)] if record.subject == "release" else []
