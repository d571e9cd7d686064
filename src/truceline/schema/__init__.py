"""The tables that flow between parts: columns, units, meaning; one file each, versioned."""

from truceline.schema.areas import AREAS
from truceline.schema.claims import CLAIMS
from truceline.schema.control import CONTROL
from truceline.schema.counts import COUNTS
from truceline.schema.coverage import COVERAGE
from truceline.schema.declarations import DECLARATIONS, HOLDINGS
from truceline.schema.findings import FINDINGS
from truceline.schema.incidents import INCIDENTS
from truceline.schema.ledger import LEDGER
from truceline.schema.observations import OBSERVATIONS
from truceline.schema.orders import ACKNOWLEDGEMENTS, ORDERS
from truceline.schema.sectors import SECTORS
from truceline.schema.table import Column, Table, TableSpec

TABLES: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        OBSERVATIONS,
        COUNTS,
        COVERAGE,
        AREAS,
        CONTROL,
        CLAIMS,
        INCIDENTS,
        SECTORS,
        LEDGER,
        FINDINGS,
        ORDERS,
        ACKNOWLEDGEMENTS,
        DECLARATIONS,
        HOLDINGS,
    )
}

__all__ = [
    "ACKNOWLEDGEMENTS",
    "AREAS",
    "CLAIMS",
    "CONTROL",
    "COUNTS",
    "COVERAGE",
    "DECLARATIONS",
    "FINDINGS",
    "HOLDINGS",
    "INCIDENTS",
    "LEDGER",
    "OBSERVATIONS",
    "ORDERS",
    "SECTORS",
    "TABLES",
    "Column",
    "Table",
    "TableSpec",
]
