"""How many records of a source are copies, and of how many first tellings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from truceline.schema.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Records of a source, copies among them, and the first tellings that these repeat."""

    records: int
    copies: int = 0
    first_tellings: int = 0  #: of those that have copies; one without is not counted


def count_copies(read: Table, observations: Table) -> Mapping[str, Copies]:
    """Source → its copies; ``observations`` are those ``read``, row by row, after ``collapse_copies``.

    A record of a source is a copy where another of the same source has the same origin: of k such
    records k − 1 are copies. A primary source that records named themselves says whom they have it
    from, not that they repeat one another: it makes no copies. Nor do sources that copy one another.
    """
    records = {row["values"]: row["counts"] for row in pc.value_counts(read["source_id"]).to_pylist()}
    names = ["source_id", "primary_source_id"]
    found = observations.select(names).filter(pc.is_null(read["primary_source_id"]))
    copies: Counter[str] = Counter()
    copied: Counter[str] = Counter()
    for row in _repeated(found.group_by(names).aggregate([([], "count_all")])):
        copies[row["source_id"]] += row["count_all"] - 1
        copied[row["source_id"]] += 1
    return {
        name: Copies(records=records[name], copies=copies[name], first_tellings=copied[name])
        for name in sorted(records)
    }


def _repeated(sizes: Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = sizes.filter(pc.greater(sizes["count_all"], 1)).to_pylist()
    return rows
