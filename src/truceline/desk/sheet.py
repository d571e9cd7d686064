"""The sheet for the last hours before the hour and the first after: who must order whom, and who has not answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from truceline.base.intervals import format_time
from truceline.base.language import N_, _
from truceline.desk.chain import Node, OrderEntry, deadline
from truceline.desk.orders import Given, OrderLine, Register

#: hours before the hour, and after it, that a sheet is for
BEFORE_H, AFTER_H = 24.0, 24.0

State = Literal["refused", "silent", "not_issued", "waiting", "late", "acknowledged", "countermanded"]
#: who has not acknowledged comes first, and of these who should have by now
STATES: dict[State, str] = {
    "refused": N_("refused"),
    "silent": N_("silent past the deadline"),
    "not_issued": N_("not issued"),
    "waiting": N_("awaiting an answer"),
    "late": N_("acknowledged late"),
    "acknowledged": N_("acknowledged"),
    "countermanded": N_("countermanded"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Somebody who hands an order on, and when that was said; None: not yet."""

    node: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One order to one group, as known at the sheet's time.

    ``late_s``: seconds beyond the deadline of the answer, or until now where there is none; 0: in time.
    """

    party: str
    order: str
    kind: str
    group: str
    sectors: tuple[str, ...]
    path: tuple[Step, ...]  #: from the command down to the liaison officer
    issue_by: datetime
    issue_late_s: int
    acknowledge_by: datetime
    state: State
    answered_at: datetime | None  #: by the signer's clock
    received_at: datetime | None  #: by the desk's: a signer may date back
    reason: str
    late_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The sheet of one reader: the mission, or a party."""

    case: str
    title: str
    reader: str
    reader_name: str
    at: datetime
    hour: datetime
    lines: tuple[Line, ...]
    put_aside: int  #: lines of the registers that do not hold
    absent: tuple[
        str, ...
    ] = ()  #: names of parties of whose orders the reader should know and nothing is here

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The hours that the sheet is for."""
        return self.hour - timedelta(hours=BEFORE_H), self.hour + timedelta(hours=AFTER_H)

    def count(self, *states: State) -> int:
        """How many lines are in one of the states."""
        return sum(line.state in states for line in self.lines)


def make_sheet(
    registers: Iterable[Register],
    *,
    reader: tuple[str, str],
    title: str,
    hour: datetime,
    at: datetime,
    absent: Sequence[str] = (),
) -> Sheet:
    """The sheet of whoever holds these registers: orders whose time overlaps the sheet's hours.

    reader : id and name; at : what was logged later is not known; absent : parties without a register here.
    """
    registers = tuple(registers)
    lines = [line for register in registers for line in _lines(register, at=at)]
    start, stop = hour - timedelta(hours=BEFORE_H), hour + timedelta(hours=AFTER_H)
    lines = [line for line in lines if line.issue_by < stop and line.acknowledge_by >= start]
    order = list(STATES)
    lines.sort(key=lambda one: (order.index(one.state), -one.late_s, one.acknowledge_by, one.party, one.order, one.group))  # fmt: skip
    return Sheet(
        case=registers[0].file.case if registers else "",
        title=title,
        reader=reader[0],
        reader_name=reader[1],
        at=at,
        hour=hour,
        lines=tuple(lines),
        put_aside=sum(len({problem.row for problem in one.problems}) for one in registers),
        absent=tuple(absent),
    )


def _lines(register: Register, *, at: datetime) -> Iterable[Line]:
    for order in register.file.orders:
        given = register.given(order.id, at=at)
        for group in register.file.addressees(order):
            yield _line(register, order, group, given, at=at)


def _line(register: Register, order: OrderEntry, group: Node, given: Given | None, *, at: datetime) -> Line:
    issue_by, acknowledge_by = deadline(order)
    answer = _answer(given, group)
    issued_at = given.issue.said_at if given is not None else None
    answered_at = answer.said_at if answer is not None else None
    path = [
        Step(node=node.id, at=issued_at if node.id == order.by else _relayed(given, node))
        for node in register.file.path(order, group)[:-1]
    ]
    return Line(
        party=register.file.party,
        order=order.id,
        kind=order.kind,
        group=group.id,
        sectors=tuple(group.sectors),
        path=tuple(path),
        issue_by=issue_by,
        issue_late_s=_beyond(issued_at or at, issue_by),
        acknowledge_by=acknowledge_by,
        state=_state(given, answer, acknowledge_by, at=at),
        answered_at=answered_at,
        received_at=answer.received_at if answer is not None else None,
        reason=(answer.record.reason or "") if answer is not None else "",
        late_s=_beyond(answered_at or at, acknowledge_by),
    )


def _answer(given: Given | None, group: Node) -> OrderLine | None:
    """A group's answer: its last, but the first of several that say the same."""
    own = [] if given is None else [one for one in given.answers if one.record.by == group.id]
    if not own:
        return None
    last = max(own, key=lambda one: one.said_at)
    later = [one for one in own if one.record.action != last.record.action]
    since = max((one.said_at for one in later), default=None)
    same = [one for one in own if one.record.action == last.record.action and (since is None or one.said_at > since)]  # fmt: skip
    return min(same, key=lambda one: one.said_at)


def _relayed(given: Given | None, node: Node) -> datetime | None:
    relays = () if given is None else given.relays
    return min((one.said_at for one in relays if one.record.by == node.id), default=None)


def _state(given: Given | None, answer: OrderLine | None, deadline: datetime, *, at: datetime) -> State:
    if given is None:
        return "not_issued"
    if given.countermand is not None:
        return "countermanded"
    if answer is None:
        return "silent" if at > deadline else "waiting"
    if answer.record.action == "refuse":
        return "refused"
    return "late" if answer.said_at > deadline else "acknowledged"


def _beyond(moment: datetime, deadline: datetime) -> int:
    return max(int((moment - deadline).total_seconds()), 0)


def sheet_record(sheet: Sheet) -> dict[str, Any]:
    """A sheet as JSON."""
    start, stop = sheet.span
    return {
        "schema": "truceline.order_sheet/1",
        "case": sheet.case,
        "reader": sheet.reader,
        "at": format_time(sheet.at),
        "hour": format_time(sheet.hour),
        "from": format_time(start),
        "until": format_time(stop),
        "put_aside": sheet.put_aside,
        "absent": list(sheet.absent),
        "counts": {state: sheet.count(state) for state in STATES},
        "lines": [_record(line) for line in sheet.lines],
    }


def _record(line: Line) -> dict[str, Any]:
    return {
        "party": line.party,
        "order": line.order,
        "kind": line.kind,
        "group": line.group,
        "sectors": list(line.sectors),
        "path": [{"node": step.node, "at": _time(step.at)} for step in line.path],
        "issue_by": format_time(line.issue_by),
        "issue_late_s": line.issue_late_s,
        "acknowledge_by": format_time(line.acknowledge_by),
        "state": line.state,
        "answered_at": _time(line.answered_at),
        "received_at": _time(line.received_at),
        "reason": line.reason,
        "late_s": line.late_s,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def tell_sheet(sheet: Sheet) -> list[str]:
    """A sheet as text for a terminal: who has not acknowledged first."""
    lines = [
        _("{title}: orders, as known at {at}").format(title=sheet.title, at=format_time(sheet.at)),
        _("for {reader} alone · the hour is {hour}").format(
            reader=sheet.reader_name, hour=format_time(sheet.hour)
        ),
        tell_counts(sheet),
        *tell_absent(sheet.absent),
        "",
    ]
    for line in sheet.lines:
        lines.append(f"{_(STATES[line.state]):<26} {line.group:<20} {line.order:<16} {_when(line)}")
        late = (
            _(" · issued late by {span}").format(span=span_words(line.issue_late_s))
            if line.issue_late_s
            else ""
        )
        lines.append(f"{'':<26} {' → '.join(_step(step) for step in line.path)}{late}")
    if sheet.put_aside:
        lines += ["", _("{n} lines of the register do not hold and are put aside; `truceline orders check` lists them.").format(n=sheet.put_aside)]  # fmt: skip
    return lines


def tell_counts(sheet: Sheet) -> str:
    """How many groups have acknowledged, and how many have not."""
    answered = sheet.count("acknowledged", "late")
    open_ = sheet.count("silent", "waiting", "not_issued")
    return _("{n} to be answered: {acknowledged} acknowledged ({late} of them late), {refused} refused, {silent} without an answer, {countermanded} countermanded").format(n=len(sheet.lines), acknowledged=answered, late=sheet.count("late"), refused=sheet.count("refused"), silent=open_, countermanded=sheet.count("countermanded"))  # fmt: skip


def tell_absent(names: Sequence[str]) -> list[str]:
    """Of whom nothing is here: their silence is not known, and they are in no count."""
    return [
        _("{party}: no chain of command is here, and none of its groups is counted.").format(party=name)
        for name in names
    ]


def _step(step: Step) -> str:
    return f"{step.node} {_clock(step.at)}"


def _clock(moment: datetime | None) -> str:
    return _("not yet") if moment is None else moment.strftime("%d %H:%MZ")


def _when(line: Line) -> str:
    """When it was answered, or by when it is to be, and how late that is."""
    said = _clock(line.answered_at) if line.answered_at else _("by {time}").format(time=_clock(line.acknowledge_by))  # fmt: skip
    if line.received_at != line.answered_at:
        said += " · " + _("received {time}").format(time=_clock(line.received_at))
    if line.late_s:
        said += " · " + _("late by {span}").format(span=span_words(line.late_s))
    return f"{said} · {line.reason}" if line.reason else said


def span_words(seconds: int) -> str:
    """A length of time as hours and minutes."""
    hours, minutes = divmod(seconds // 60, 60)
    if not hours:
        return _("{minutes} min").format(minutes=minutes)
    return _("{hours} h {minutes} min").format(hours=hours, minutes=f"{minutes:02d}")


def acknowledged_sectors(
    registers: Sequence[Register], *, kind: str, by: datetime
) -> dict[str, tuple[int, int]]:
    """Sector → how many of its groups had acknowledged an order of that kind by then, and how many there are."""
    found: dict[str, tuple[int, int]] = {}
    for register in registers:
        groups: dict[str, bool] = {}
        sectors: dict[str, tuple[str, ...]] = {}
        for line in _lines(register, at=by):
            if line.kind != kind:
                continue
            done = line.state in ("acknowledged", "late")
            groups[line.group] = groups.get(line.group, False) or done
            sectors[line.group] = line.sectors
        for group, done in groups.items():
            for sector in sectors[group]:
                yes, n = found.get(sector, (0, 0))
                found[sector] = (yes + done, n + 1)
    return dict(sorted(found.items()))
