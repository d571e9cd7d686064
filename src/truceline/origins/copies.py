"""How many records of a source are copies, and of how many first tellings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow.compute as pc

from truceline.schema.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Records of a source, copies among them, and the first tellings that these repeat."""

    records: int
    copies: int = 0
    first_tellings: int = 0  #: of those that have copies; one without is not counted


def count_copies(observations: Table) -> Mapping[str, Copies]:
    """Source → its copies, of observations whose primary source is known.

    A record of a source is a copy where another of the same source has the same primary source: of
    k such records k − 1 are copies. Sources that copy one another are not counted here.
    """
    groups = observations.select(["source_id", "primary_source_id"]).group_by(
        ["source_id", "primary_source_id"]
    )
    sizes = groups.aggregate([([], "count_all")])
    by_source = sizes.append_column("n_copies", pc.subtract(sizes["count_all"], 1)).append_column("is_copied", pc.cast(pc.greater(sizes["count_all"], 1), "int64")).group_by("source_id").aggregate([("count_all", "sum"), ("n_copies", "sum"), ("is_copied", "sum")])  # fmt: skip
    found = {
        row["source_id"]: Copies(records=row["count_all_sum"], copies=row["n_copies_sum"], first_tellings=row["is_copied_sum"])
        for row in by_source.to_pylist()
    }  # fmt: skip
    return MappingProxyType(dict(sorted(found.items())))
