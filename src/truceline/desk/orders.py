"""Orders: issued, relayed, acknowledged, refused, countermanded; each a signed record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from pydantic import Field

from truceline.base.errors import Problem
from truceline.base.intervals import format_time
from truceline.desk.chain import Node, OrderEntry, PartyFile
from truceline.desk.register import Entry, Reader, Signed

TYPE = "truceline.order/1"

Action = Literal["issue", "relay", "acknowledge", "refuse", "countermand"]
ACTIONS: tuple[Action, ...] = get_args(Action)
#: why a group refuses; a list, so that no remark can name a place
Why = Literal["not_received_whole", "unclear", "unlawful", "cannot", "countermanded_elsewhere", "other"]
REASONS: tuple[Why, ...] = get_args(Why)


class OrderRecord(Signed):
    """What somebody did with an order."""

    type: str = Field(TYPE, description="type and version of the record")
    case: str = Field(description="id of the truce")
    party: str = Field(description="id of the party")
    by: str = Field(description="node of the chain of command that acts")
    number: int = Field(ge=1, description="how many records the signing key has signed, this one counted")
    said_at: str = Field(description="when it was done, by the signer's clock")
    action: Action = Field(description="what was done")
    order: str = Field(description="id of the order")
    of: str | None = Field(None, description="SHA-256 of the issuing record that it answers")
    reason: Why | None = Field(None, description="of a refusal: why")


OrderLine = Entry[OrderRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One issuing of an order, with what was done about it."""

    issue: OrderLine
    relays: tuple[OrderLine, ...] = ()
    answers: tuple[OrderLine, ...] = ()  #: acknowledgements and refusals
    countermand: OrderLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A party's register of orders: what is sound of it, and what was put aside."""

    file: PartyFile
    lines: tuple[OrderLine, ...]
    problems: tuple[Problem, ...]

    def given(self, order_id: str, *, at: datetime) -> Given | None:
        """The last issuing of an order that was logged by ``at``, and what had been logged about it."""
        known = [one for one in self.lines if one.record.order == order_id and one.logged_at <= at]
        issues = [one for one in known if one.record.action == "issue"]
        if not issues:
            return None
        issue = issues[-1]
        about = [one for one in known if one.record.of == issue.digest]

        def those(*actions: Action) -> tuple[OrderLine, ...]:
            return tuple(one for one in about if one.record.action in actions)

        countermands = those("countermand")
        return Given(
            issue=issue,
            relays=those("relay"),
            answers=those("acknowledge", "refuse"),
            countermand=countermands[0] if countermands else None,
        )


@dataclass(slots=True)
class _Check:
    """What holds after the lines read so far."""

    reader: Reader[OrderRecord]
    file: PartyFile
    issues: dict[str, OrderLine] = field(default_factory=dict)  #: digest → issuing
    standing: dict[str, str] = field(default_factory=dict)  #: order → digest of the issuing that stands
    last: datetime | None = None

    def sound(self, entry: OrderLine) -> bool:
        """Whether a line makes sense; notes why not."""
        record, order = entry.record, self.file.order(entry.record.order)
        if record.party != self.file.party or self.file.node(record.by) is None:
            return self._fault(entry, "name_unknown", "by", "no such node in this chain of command", got=f"{record.party} · {record.by}", expected=" | ".join(node.id for node in self.file.chain))  # fmt: skip
        if entry.key not in self.file.signers(record.by):
            return self._fault(entry, "key_unknown", "key", f"{entry.key} may not sign for {record.by}", got=entry.key, expected=" | ".join(self.file.signers(record.by)))  # fmt: skip
        if order is None:
            return self._fault(entry, "order_unknown", "order", "the case has no such order", got=record.order, expected=" | ".join(one.id for one in self.file.orders))  # fmt: skip
        if (record.reason is not None) != (record.action == "refuse"):
            return self._fault(entry, "record_broken", "reason", "a refusal has a reason, and nothing else has one", got=record.action)  # fmt: skip
        if self.last is not None and entry.logged_at < self.last:
            return self._fault(entry, "time_order", "logged_at", "logged before the line above it", got=format_time(entry.logged_at), expected=f"no earlier than {format_time(self.last)}")  # fmt: skip
        self.last = entry.logged_at
        return self._issue(entry, order) if record.action == "issue" else self._about(entry, order)

    def _issue(self, entry: OrderLine, order: OrderEntry) -> bool:
        if entry.record.by != order.by:
            return self._fault(entry, "key_unknown", "by", "somebody else is to issue this order", got=entry.record.by, expected=order.by)  # fmt: skip
        if order.id in self.standing:
            line = self.issues[self.standing[order.id]].line
            return self._fault(entry, "id_repeated", "order", f"the order of line {line} stands already", got=order.id, next_step="Countermand it first")  # fmt: skip
        if entry.record.of is not None:
            return self._fault(entry, "record_broken", "of", "an issuing answers nothing")
        self.issues[entry.digest] = entry
        self.standing[order.id] = entry.digest
        return True

    def _about(self, entry: OrderLine, order: OrderEntry) -> bool:
        record = entry.record
        issue = self.issues.get(record.of or "")
        if issue is None or issue.record.order != order.id:
            what = {"countermand": "a countermand of nothing", "acknowledge": "an acknowledgement before its order", "refuse": "a refusal before its order", "relay": "a relay before its order"}[record.action]  # fmt: skip
            return self._fault(entry, "order_unknown", "of", f"{what}: no record above issues {order.id} under that digest", got=(record.of or "nothing")[:12], next_step="Log the issuing record first")  # fmt: skip
        if entry.said_at < issue.said_at:
            return self._fault(entry, "order_too_early", "said_at", f"said before the order was issued (line {issue.line})", got=format_time(entry.said_at), expected=f"no earlier than {format_time(issue.said_at)}")  # fmt: skip
        if not self._may(record.action, record.by, order):
            return self._fault(entry, "key_unknown", "by", f"{record.by} has no part in this order", got=record.action, expected="issued and countermanded by its command, relayed by who stands between, answered by its groups")  # fmt: skip
        if record.action == "countermand":
            if self.standing.get(order.id) != issue.digest:
                return self._fault(entry, "order_unknown", "of", "a countermand of nothing: the order no longer stood", got=order.id)  # fmt: skip
            del self.standing[order.id]
        return True

    def _may(self, action: Action, by: str, order: OrderEntry) -> bool:
        if action == "countermand":
            return by == order.by
        groups = self.file.addressees(order)
        if action in ("acknowledge", "refuse"):
            return any(group.id == by for group in groups)
        return any(by in _between(self.file.path(order, group)) for group in groups)

    def _fault(self, entry: OrderLine, code: str, column: str, message: str, **rest: str) -> bool:
        self.reader.fault(entry.line, code=code, message=message, column=column, **rest)
        return False


def _between(path: Sequence[Node]) -> tuple[str, ...]:
    return tuple(node.id for node in path[:-1])


def read_register(content: bytes, file: PartyFile, *, label: str) -> Register:
    """Read a party's register of orders; lines that do not hold are put aside, each with its fault."""
    reader: Reader[OrderRecord] = Reader(
        OrderRecord, label=label, case_id=file.case, kind=TYPE, keys=file.keys()
    )
    entries = reader.read(content)
    check = _Check(reader, file)
    lines = tuple(entry for entry in entries if check.sound(entry))
    problems = sorted(reader.problems, key=lambda one: one.row or 0)
    return Register(file=file, lines=lines, problems=tuple(problems))


def draft(register: Register, *, action: Action, order_id: str, by: str, number: int, said_at: datetime, reason: Why | None = None) -> OrderRecord:  # fmt: skip
    """The record that says so; it refers to the issuing that stands.

    ``number`` is the key's next one (``register.next_number``).
    """
    of = None
    if action != "issue":
        issues = [
            one for one in register.lines if one.record.order == order_id and one.record.action == "issue"
        ]
        of = issues[-1].digest if issues else None
    return OrderRecord(
        type=TYPE,
        case=register.file.case,
        party=register.file.party,
        by=by,
        number=number,
        said_at=format_time(said_at),
        action=action,
        order=order_id,
        of=of,
        reason=reason,
    )
