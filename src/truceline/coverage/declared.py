"""Detection probabilities that a case declares, written onto the coverage they are about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from truceline.schema import COVERAGE
from truceline.schema.table import Table, records


class Declared(Protocol):
    """A detection probability, Beta(a, b), of a source for an act, and on whose word."""

    @property
    def source(self) -> str:
        """Id of the source."""

    @property
    def act(self) -> str:
        """Id of the act."""

    @property
    def a(self) -> float:
        """First parameter of the Beta distribution."""

    @property
    def b(self) -> float:
        """Second parameter of the Beta distribution."""

    @property
    def basis(self) -> str:
        """Who measured or declared it, and where to read so."""


def apply_declared(coverage: Table, declared: Iterable[Declared]) -> Table:
    """Fill in the declared probabilities where a row of that source and act has none.

    A measured probability stays. A row that is about every act of its source is kept as it is
    and followed by a copy for each declared act, since the declaration is about that act alone.
    """
    wanted = list(declared)
    if not wanted or not coverage.num_rows:
        return coverage
    rows: list[dict[str, Any]] = []
    for row in records(coverage):
        bare = row["detection_p_a"] is None or row["detection_p_b"] is None or not row["detection_p_basis"]
        mine = [one for one in wanted if bare and one.source == row["source_id"]]
        if row["act"] is not None:
            for one in mine:
                if one.act == row["act"]:
                    row = {
                        **row,
                        "detection_p_a": one.a,
                        "detection_p_b": one.b,
                        "detection_p_basis": one.basis,
                    }
                    break
            rows.append(row)
            continue
        rows.append(row)
        for one in mine:
            rows.append(
                {
                    **row,
                    "coverage_id": f"{row['coverage_id']}:{one.act}",
                    "act": one.act,
                    "detection_p_a": one.a,
                    "detection_p_b": one.b,
                    "detection_p_basis": one.basis,
                }
            )
    return COVERAGE.from_records(rows)
