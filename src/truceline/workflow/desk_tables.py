"""The desk's registers as tables of the mission's result."""

from __future__ import annotations

from truceline.desk.tables import declaration_tables, order_tables
from truceline.schema.table import Table
from truceline.workflow.case import Case
from truceline.workflow.declarations import open_declarations, open_holdings
from truceline.workflow.desk_files import (
    FOLDER,
    is_missions,
    open_orders,
    open_party,
    orders_path,
    party_path,
)


def desk_tables(case: Case) -> dict[str, Table]:
    """Name → table; none where the mission keeps no desk file in the case.

    Raises
    ------
    CaseError
        If a file of the desk is wrong.
    """
    folder, truce = case.folder, case.truce
    if not is_missions(folder):
        return {}
    parties = [party for party in truce.party_ids if party_path(folder, party).is_file()]
    registers = [
        (open_orders(folder, open_party(folder, truce, party)), f"case:{FOLDER}/{orders_path(folder, party).name}")
        for party in parties
    ]  # fmt: skip
    orders, answers = order_tables(registers)
    found = {"orders": orders, "acknowledgements": answers}
    if (folder / FOLDER / "holdings.yaml").is_file():
        holdings = open_holdings(folder, truce)
        declared = [open_declarations(folder, truce, party, holdings) for party in parties]
        found["declarations"], found["holdings"] = declaration_tables(declared)
    return found
