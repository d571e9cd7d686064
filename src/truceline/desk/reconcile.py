"""Declared, notified and observed set side by side: every difference with both readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from truceline.assurance.inspection import missing_limits
from truceline.base.intervals import format_time, parse_time
from truceline.base.language import N_, _
from truceline.desk.balance import Account, keep_accounts
from truceline.desk.declarations import Declarations, Declared, Inspections, Seen
from truceline.desk.holdings import OUTSIDE, Holdings

Kind = Literal[
    "negative_holding", "reading_differs", "items_missing", "baselines_differ", "part_exceeds_whole",
    "counted_twice", "movement_unannounced", "above_baseline", "notice_late", "baseline_late", "baseline_absent",
]  # fmt: skip
#: in the order in which they are told
KINDS: dict[Kind, str] = {
    "negative_holding": N_("fewer than none"),
    "reading_differs": N_("declared and observed differ"),
    "items_missing": N_("declared items were not there"),
    "baselines_differ": N_("declared and notified differ"),
    "part_exceeds_whole": N_("a part exceeds its whole"),
    "counted_twice": N_("counted twice"),
    "movement_unannounced": N_("a movement without notice"),
    "above_baseline": N_("more than at the start"),
    "notice_late": N_("a late notice"),
    "baseline_late": N_("a late baseline"),
    "baseline_absent": N_("no baseline"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two readings that do not agree, or a duty not met in time. ``declared`` and ``other`` are told as they are."""

    kind: Kind
    party: str
    holding: str
    area: str
    at: datetime
    declared: str
    other: str
    lines: tuple[int, ...]  #: of the party's register of declarations
    seen: tuple[int, ...] = ()  #: of the mission's register of inspections


def reconcile(
    declared: Sequence[Declarations],
    inspections: Inspections | None,
    holdings: Holdings,
    *,
    start: datetime,
    at: datetime,
) -> list[Difference]:
    """Every difference between what was logged by ``at``; worst kinds first, then party, class, area, time.

    ``inspections`` None: whoever asks does not see them. The same rule serves every party.
    """
    found: list[Difference] = []
    for one in declared:
        lines = [entry for entry in one.lines if entry.logged_at <= at]
        accounts = keep_accounts(lines)
        found += _balances(one.party, accounts, start=start)
        found += _doubles(one.party, lines)
        found += _nested(one.party, accounts, holdings)
        found += _late(one.party, lines, holdings, start=start, at=at)
        seen = [] if inspections is None else inspections.lines
        own = [entry for entry in seen if entry.record.party == one.party and entry.logged_at <= at]
        found += _observed(one.party, own, accounts, lines, holdings)
    order = list(KINDS)
    return sorted(found, key=lambda one: (order.index(one.kind), one.party, one.holding, one.area, one.at))


def _balances(
    party: str, accounts: Mapping[tuple[str, str], Account], *, start: datetime
) -> Iterator[Difference]:
    for account in accounts.values():
        yield from _negative(party, account)
        for as_of, number, lines in account.baselines[1:]:
            running = account.at(as_of, before=True)
            if running is not None and number not in running:
                yield Difference(kind="baselines_differ", party=party, holding=account.holding, area=account.area, at=as_of, declared=str(number), other=running.words(), lines=tuple(sorted({*lines, *running.lines})))  # fmt: skip
        begun = account.at(max(start, account.baselines[0][0])) if account.baselines else None
        if begun is None:
            continue
        for moment in account.moments():
            now = account.at(moment)
            if moment > start and now is not None and now.low > begun.high:
                yield Difference(kind="above_baseline", party=party, holding=account.holding, area=account.area, at=moment, declared=now.words(), other=begun.words(), lines=now.lines)  # fmt: skip
                break  # told once, when it first happened


def _negative(party: str, account: Account) -> Iterator[Difference]:
    for moment in account.moments():
        now = account.at(moment)
        if now is not None and now.high < 0:
            yield Difference(kind="negative_holding", party=party, holding=account.holding, area=account.area, at=moment, declared=now.words(), other="0", lines=now.lines)  # fmt: skip
            return


def _doubles(party: str, lines: Sequence[Declared]) -> Iterator[Difference]:
    """The same thing declared twice: the same row again, or a whole beside its groups or its parts."""
    rows: dict[tuple[object, ...], Declared] = {}
    for entry in lines:
        record = entry.record
        key = (record.kind, record.subject, record.holding, record.area, record.to_area, record.group, record.as_of, record.starts_at, record.stops_at)  # fmt: skip
        earlier = rows.setdefault(key, entry)
        if earlier is not entry and (record.kind == "baseline" or earlier.record.quantity == record.quantity):
            yield _twice(party, entry, earlier)
    for entry in lines:
        if entry.record.kind != "baseline":
            continue
        for other in lines:
            whole, part = entry.record, other.record
            if part.kind != "baseline" or (part.holding, part.as_of) != (whole.holding, whole.as_of):
                continue
            if part.area == whole.area and whole.group is None and part.group is not None:
                yield _twice(party, other, entry)


def _twice(party: str, entry: Declared, earlier: Declared) -> Difference:
    return Difference(kind="counted_twice", party=party, holding=entry.record.holding, area=entry.record.area, at=entry.said_at, declared=str(entry.record.quantity), other=str(earlier.record.quantity), lines=tuple(sorted((earlier.line, entry.line))))  # fmt: skip


def _nested(
    party: str, accounts: Mapping[tuple[str, str], Account], holdings: Holdings
) -> Iterator[Difference]:
    """What lies within an area cannot be more than what the area holds."""
    for (holding, area), account in accounts.items():
        parts = [accounts[holding, name] for name in holdings.parts(area) if (holding, name) in accounts]
        for moment in sorted({one for part in [account, *parts] for one in part.moments()}):
            whole = account.at(moment)
            within = [one for part in parts if (one := part.at(moment)) is not None]
            if whole is None or not within:
                continue
            inner = sum(one.low for one in within)
            if inner > whole.high:
                lines = {line for one in [whole, *within] for line in one.lines}
                yield Difference(kind="part_exceeds_whole", party=party, holding=holding, area=area, at=moment, declared=whole.words(), other=str(inner), lines=tuple(sorted(lines)))  # fmt: skip
                break


def _late(
    party: str, lines: Sequence[Declared], holdings: Holdings, *, start: datetime, at: datetime
) -> Iterator[Difference]:
    due = start + timedelta(hours=holdings.baseline_hours)
    for entry in lines:
        record = entry.record
        if record.kind == "baseline" or not _needs_notice(record.holding, record.quantity, holdings):
            continue
        begins = parse_time(record.starts_at or "")
        if entry.received_at > begins - timedelta(hours=holdings.notice_hours):
            wanted = format_time(begins - timedelta(hours=holdings.notice_hours))
            yield Difference(kind="notice_late", party=party, holding=record.holding, area=record.area, at=begins, declared=format_time(entry.received_at), other=wanted, lines=(entry.line,))  # fmt: skip
    tops = [area.id for area in holdings.areas if area.party == party and area.within is None]
    for holding in holdings.classes:
        for area in tops:
            first = next((one for one in lines if one.record.kind == "baseline" and one.record.holding == holding.id and _inside(one.record.area, area, holdings)), None)  # fmt: skip
            if first is None:
                if at > due:
                    yield Difference(kind="baseline_absent", party=party, holding=holding.id, area=area, at=due, declared="–", other=format_time(due), lines=())  # fmt: skip
            elif first.received_at > due:
                yield Difference(kind="baseline_late", party=party, holding=holding.id, area=area, at=first.received_at, declared=format_time(first.received_at), other=format_time(due), lines=(first.line,))  # fmt: skip


def _inside(area: str, whole: str, holdings: Holdings) -> bool:
    here: str | None = area
    while here is not None:
        if here == whole:
            return True
        found = holdings.area(here)
        here = found.within if found is not None else None
    return False


def _needs_notice(holding: str, quantity: int, holdings: Holdings) -> bool:
    known = holdings.holding(holding)
    return known is not None and quantity >= known.notice_from


def _observed(
    party: str,
    seen: Sequence[Seen],
    accounts: Mapping[tuple[str, str], Account],
    lines: Sequence[Declared],
    holdings: Holdings,
) -> Iterator[Difference]:
    for entry in seen:
        record, moment = entry.record, parse_time(entry.record.seen_at)
        if record.kind == "movement":
            yield from _unannounced(party, entry, lines, holdings)
            continue
        account = accounts.get((record.holding, record.area))
        balance = account.at(moment) if account is not None else None
        if record.kind == "count" and (balance is None or record.quantity not in balance):
            told = balance.words() if balance is not None else _("nothing declared")
            yield Difference(kind="reading_differs", party=party, holding=record.holding, area=record.area, at=moment, declared=told, other=str(record.quantity), lines=balance.lines if balance else (), seen=(entry.line,))  # fmt: skip
        if record.kind == "sample" and record.quantity > (record.found or 0):
            yield _missing(party, entry, balance.low if balance else 0, balance.lines if balance else ())


def _missing(party: str, entry: Seen, declared: int, lines: tuple[int, ...]) -> Difference:
    """Items of a sample that were not there, and what that says of the whole list."""
    record = entry.record
    lost = record.quantity - (record.found or 0)
    other = _("{lost} of {checked} checked were not there").format(lost=lost, checked=record.quantity)
    if declared >= record.quantity:
        limits = missing_limits(declared, record.quantity, lost, recognition_p=record.recognition_percent / 100)  # fmt: skip
        other += _("; of all, {low} to {high} are missing (each limit 95 %)").format(low=limits.at_least, high=limits.at_most)  # fmt: skip
    return Difference(kind="items_missing", party=party, holding=record.holding, area=record.area, at=parse_time(record.seen_at), declared=str(declared), other=other, lines=lines, seen=(entry.line,))  # fmt: skip


def _unannounced(
    party: str, entry: Seen, lines: Sequence[Declared], holdings: Holdings
) -> Iterator[Difference]:
    """A movement that was seen and of which no notice covers the time, the ways and the number."""
    record, moment = entry.record, parse_time(entry.record.seen_at)
    if not _needs_notice(record.holding, record.quantity, holdings):
        return
    covering = [
        one
        for one in lines
        if one.record.kind == "notice"
        and one.record.subject in ("movement", "delivery", "release")
        and one.record.holding == record.holding
        and _ways(one) == (record.area, record.to_area)
        and parse_time(one.record.starts_at or "") <= moment <= parse_time(one.record.stops_at or one.record.starts_at or "")
    ]  # fmt: skip
    announced = sum(one.record.quantity for one in covering)
    if announced < record.quantity:
        told = str(announced) if covering else _("no notice")
        yield Difference(kind="movement_unannounced", party=party, holding=record.holding, area=record.area, at=moment, declared=told, other=str(record.quantity), lines=tuple(one.line for one in covering), seen=(entry.line,))  # fmt: skip


def _ways(entry: Declared) -> tuple[str, str | None]:
    """Where from and where to, of a notice."""
    record = entry.record
    if record.subject == "delivery":
        return OUTSIDE, record.area
    return record.area, record.to_area if record.subject == "movement" else OUTSIDE
