"""A party's desk file: its chain of command, the keys of it, and the orders that are to go down it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import Field

from truceline.base.documents import Document, Model, Moment
from truceline.base.errors import CaseError, Problem
from truceline.base.intervals import as_utc
from truceline.custody.sign import PublicKey
from truceline.desk.shape import LEVELS, Level, expected_id, fault_of_id, party_slug

OrderKind = Literal["cease", "withdraw", "open_corridor", "stand_fast", "resume"]


class Node(Model):
    """A place in a chain of command."""

    id: str = Field(
        description="level-party, then a number up to 99 or a point of the compass: group-a-1, group-a-north"
    )
    level: Level = Field(
        description="command: gives orders; liaison: liaison officer; group: operational group"
    )
    under: str | None = Field(None, description="id of the node above; null: the top")
    key: str | None = Field(
        None,
        description="its verifier key (`truceline orders keys`), of the same name; null: the liaison officer above signs for it",
    )
    sectors: list[str] = Field(
        default_factory=list, description="of a group: ids of the monitors' sectors in which it stands"
    )


class OrderEntry(Model):
    """An order that is to be given."""

    id: str = Field(description="kind-party, then a number up to 99: cease-a, cease-a-2")
    kind: OrderKind = Field(description="what is ordered")
    by: str = Field(description="id of the command that issues it")
    to: list[str] = Field(default_factory=list, description="ids of groups; empty: every group of the party")
    issue_by: Moment = Field(description="by when it is issued")
    acknowledge_by: Moment = Field(description="by when each group has acknowledged it")


class PartyFile(Model):
    """The whole of ``desk/PARTY.yaml``; the party and the mission hold a copy each, and nobody else."""

    desk: Literal[1] = Field(description="version of this format")
    case: str = Field(description="id of the truce")
    party: str = Field(description="id of the party, as the truce has it")
    chain: list[Node] = Field(min_length=1, description="its chain of command")
    orders: list[OrderEntry] = Field(default_factory=list, description="orders that are to be given")

    def node(self, node_id: str) -> Node | None:
        """The node of that id."""
        return next((node for node in self.chain if node.id == node_id), None)

    def order(self, order_id: str) -> OrderEntry | None:
        """The order of that id."""
        return next((order for order in self.orders if order.id == order_id), None)

    def above(self, node_id: str) -> Iterator[Node]:
        """The nodes above one, the nearest first; of a chain without loops."""
        node = self.node(node_id)
        while node is not None and node.under is not None:
            node = self.node(node.under)
            if node is not None:
                yield node

    def addressees(self, order: OrderEntry) -> tuple[Node, ...]:
        """The groups that an order is for, in the order of the file."""
        groups = (node for node in self.chain if node.level == "group")
        return tuple(node for node in groups if not order.to or node.id in order.to)

    def path(self, order: OrderEntry, group: Node) -> tuple[Node, ...]:
        """Who hands the order on, from whoever issues it down to the group itself."""
        above = []
        for node in self.above(group.id):
            above.append(node)
            if node.id == order.by:
                break
        return (*reversed(above), group)

    def keys(self) -> dict[str, PublicKey]:
        """Keys by the name of their node."""
        return {node.id: PublicKey.read(node.key) for node in self.chain if node.key is not None}

    def signers(self, node_id: str) -> tuple[str, ...]:
        """Names of the keys that may sign for a node: its own, or that of the liaison officer above."""
        node = self.node(node_id)
        if node is None:
            return ()
        liaison = next((one.id for one in self.above(node_id) if one.level == "liaison"), None)
        found = [node.id] if node.key is not None else []
        if node.level == "group" and liaison is not None:
            found.append(liaison)
        return tuple(found)


def read_party_file(document: Document, *, case_id: str, party_ids: tuple[str, ...]) -> PartyFile:
    """Check a party's desk file.

    Raises
    ------
    CaseError
        With every fault: loops, units, sites or names in the chain, broken keys, orders to nobody.
    """
    file = document.parse(PartyFile)
    problems = list(_faults(file, document, case_id=case_id, party_ids=party_ids))
    if problems:
        raise CaseError(problems)
    return file


def _faults(
    file: PartyFile, document: Document, *, case_id: str, party_ids: tuple[str, ...]
) -> Iterator[Problem]:
    if file.case != case_id:
        yield document.problem(["case"], code="name_unknown", message="the file is of another truce", got=file.case, expected=case_id)  # fmt: skip
    if file.party not in party_ids:
        yield document.problem(["party"], code="party_unknown", message="the truce has no such party", got=file.party, expected=" | ".join(party_ids))  # fmt: skip
    yield from document.repeated_ids(
        chain=[node.id for node in file.chain], orders=[order.id for order in file.orders]
    )
    yield from _chain_faults(file, document)
    yield from _key_faults(file, document)
    yield from _order_faults(file, document)


def _chain_faults(file: PartyFile, document: Document) -> Iterator[Problem]:
    looped: set[str] = set()
    for place, node in enumerate(file.chain):
        at: list[str | int] = ["chain", place]
        fault = fault_of_id(node.id, level=node.level, party_id=file.party)
        if fault is not None:
            yield document.problem([*at, "id"], code="case_field", message=fault, got=node.id, expected=expected_id(level=node.level, party_id=file.party), next_step="Name the operational group alone, by number or compass")  # fmt: skip
        if node.sectors and node.level != "group":
            yield document.problem([*at, "sectors"], code="case_field", message="only a group stands in sectors", got=node.level)  # fmt: skip
        above = file.node(node.under) if node.under is not None else None
        if node.under is not None and above is None:
            yield document.problem([*at, "under"], code="name_unknown", message="no such node", got=node.under, expected=" | ".join(one.id for one in file.chain))  # fmt: skip
        loop = _loop(file, node)
        if loop and not looped & set(loop):
            looped |= set(loop)
            yield document.problem([*at, "under"], code="chain_loop", message="the chain of command runs in a loop: nobody is at its top", got=" → ".join([*loop, loop[0]]), next_step="Let one of them stand under nobody")  # fmt: skip
        if loop:
            continue
        if above is not None and LEVELS.index(above.level) > LEVELS.index(node.level):
            yield document.problem([*at, "under"], code="case_field", message=f"a {node.level} cannot stand under a {above.level}", got=node.under or "", expected="command, then liaison officers, then operational groups; a group has nobody under it")  # fmt: skip
        if above is not None and above.level == node.level == "group":
            yield document.problem([*at, "under"], code="case_field", message="a group stands under a group: the chain ends at operational groups", got=node.under or "", next_step="Take out what is below the operational group")  # fmt: skip
        if node.level == "group" and not any(one.level == "liaison" for one in file.above(node.id)):
            yield document.problem(at, code="case_field", message=f"no liaison officer stands above {node.id}", expected="a node of the level liaison between command and group")  # fmt: skip


def _loop(file: PartyFile, node: Node) -> list[str]:
    """Ids of the loop that a node is in; empty where it is in none."""
    seen = [node.id]
    under = node.under
    while under is not None and (here := file.node(under)) is not None:
        if here.id == node.id:
            return seen
        if here.id in seen:
            return []  # it leads into a loop, which is told where it is
        seen.append(here.id)
        under = here.under
    return []


def _key_faults(file: PartyFile, document: Document) -> Iterator[Problem]:
    held: dict[bytes, str] = {}
    for place, node in enumerate(file.chain):
        at: list[str | int] = ["chain", place, "key"]
        if node.key is None:
            if node.level != "group":
                yield document.problem(["chain", place], code="value_missing", message=f"{node.id} has no key", next_step=f"Make one: truceline orders keys {node.id}")  # fmt: skip
            continue
        try:
            key = PublicKey.read(node.key)
        except ValueError as error:
            yield document.problem(at, code="key_unknown", message=f"not a verifier key: {error}", got=node.key[:40], expected="name+id+base64, as `truceline orders keys` prints it")  # fmt: skip
            continue
        if key.name != node.id:
            yield document.problem(at, code="key_unknown", message="the key is of another name than its node", got=key.name, expected=node.id)  # fmt: skip
        if key.raw in held:
            yield document.problem(at, code="id_repeated", message=f"{node.id} has the key of {held[key.raw]}", next_step="Make one for each: who signs must be known")  # fmt: skip
        held[key.raw] = node.id


def _order_faults(file: PartyFile, document: Document) -> Iterator[Problem]:
    slug = party_slug(file.party)
    groups = {node.id for node in file.chain if node.level == "group"}
    for place, order in enumerate(file.orders):
        at: list[str | int] = ["orders", place]
        kind = order.kind.replace("_", "-")
        number = order.id.removeprefix(f"{kind}-{slug}").removeprefix("-")
        if not order.id.startswith(f"{kind}-{slug}") or (
            number and not (number.isdigit() and len(number) <= 2)
        ):
            yield document.problem([*at, "id"], code="case_field", message="not of the shape of an order's id", got=order.id, expected=f"{kind}-{slug}, or {kind}-{slug}-2")  # fmt: skip
        issuer = file.node(order.by)
        if issuer is None or issuer.level != "command":
            yield document.problem([*at, "by"], code="name_unknown", message="no command of that id issues orders", got=order.by, expected=" | ".join(one.id for one in file.chain if one.level == "command"))  # fmt: skip
        for name in order.to:
            if name not in groups:
                yield document.problem([*at, "to"], code="name_unknown", message="no group of that id", got=name, expected=" | ".join(sorted(groups)))  # fmt: skip
        if as_utc(order.acknowledge_by) <= as_utc(order.issue_by):
            yield document.problem([*at, "acknowledge_by"], code="time_order", message="an order is to be acknowledged before it is to be issued", got=str(order.acknowledge_by), expected=f"after {order.issue_by}")  # fmt: skip
        if not _has_loops(file) and issuer is not None:
            yield from _unreached(file, document, order, at)


def _unreached(
    file: PartyFile, document: Document, order: OrderEntry, at: list[str | int]
) -> Iterator[Problem]:
    for group in file.addressees(order):
        if all(node.id != order.by for node in file.above(group.id)):
            yield document.problem([*at, "by"], code="case_field", message=f"{order.by} does not stand above {group.id}, which the order is for", next_step="Name in `to` the groups below it, or let a higher command issue the order")  # fmt: skip


def _has_loops(file: PartyFile) -> bool:
    return any(_loop(file, node) for node in file.chain)


def deadline(order: OrderEntry) -> tuple[datetime, datetime]:
    """By when it is issued, and by when acknowledged; UTC."""
    return as_utc(order.issue_by), as_utc(order.acknowledge_by)
