"""Registers as tables, for the mission's analysts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from truceline.base.intervals import format_time, parse_time
from truceline.desk.balance import keep_accounts
from truceline.desk.chain import deadline
from truceline.desk.declarations import Declarations
from truceline.desk.orders import OrderLine, Register
from truceline.desk.register import Entry
from truceline.schema import ACKNOWLEDGEMENTS, DECLARATIONS, HOLDINGS, ORDERS
from truceline.schema.table import Table


def order_tables(registers: Sequence[tuple[Register, str]]) -> tuple[Table, Table]:
    """Orders issued, and what was done about them. registers : each with its label."""
    orders, answers = [], []
    for register, label in registers:
        for entry in register.lines:
            record = entry.record
            common = {"party_id": record.party, "by_node": record.by, **_signed(entry, label)}
            if record.action == "issue":
                orders.append({"order_digest": entry.digest, **common, **_planned(register, entry)})
            else:
                answers.append({"record_digest": entry.digest, "order_digest": record.of, "action": record.action, "reason": record.reason, **common})  # fmt: skip
    return ORDERS.check(ORDERS.from_records(orders)), ACKNOWLEDGEMENTS.check(ACKNOWLEDGEMENTS.from_records(answers))  # fmt: skip


def _planned(register: Register, entry: OrderLine) -> dict[str, Any]:
    order = next(one for one in register.file.orders if one.id == entry.record.order)
    issue_by, acknowledge_by = deadline(order)
    return {
        "order_id": order.id,
        "kind": order.kind,
        "issue_by": issue_by,
        "acknowledge_by": acknowledge_by,
    }


def declaration_tables(declared: Sequence[Declarations]) -> tuple[Table, Table]:
    """Declarations, and the balances that follow from them."""
    rows, balances = [], []
    for one in declared:
        for entry in one.lines:
            record = entry.record
            rows.append(
                {
                    "record_digest": entry.digest,
                    "party_id": record.party,
                    "by_node": record.by,
                    "kind": record.kind,
                    "subject": record.subject,
                    "holding": record.holding,
                    "quantity": record.quantity,
                    "area_id": record.area,
                    "to_area_id": record.to_area,
                    "group_id": record.group,
                    "as_of": _moment(record.as_of),
                    "starts_at": _moment(record.starts_at),
                    "stops_at": _moment(record.stops_at),
                    **_signed(entry, one.label),
                }
            )
        for account in keep_accounts(one.lines).values():
            for moment in account.moments():
                now = account.at(moment)
                if now is not None:
                    name = f"{one.party}/{account.holding}/{account.area}/{format_time(moment)}"
                    balances.append({"balance_id": name, "party_id": one.party, "holding": account.holding, "area_id": account.area, "balance_at": moment, "quantity_low": now.low, "quantity_high": now.high})  # fmt: skip
    return DECLARATIONS.check(DECLARATIONS.from_records(rows)), HOLDINGS.check(HOLDINGS.from_records(balances))  # fmt: skip


def _signed(entry: Entry[Any], label: str) -> dict[str, Any]:
    return {
        "key": entry.key,
        "said_at": entry.said_at,
        "received_at": entry.received_at,
        "logged_at": entry.logged_at,
        "raw_file": label,
        "raw_row": entry.line,
    }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)
