"""What records and coverage call differently: sensors, looks and acts of one file that the other does not know."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.columns import map_parts
from truceline.schema.table import Table

_WATCHER = ("source_id", "sensor_id", "look_id")


def tell_strangers(observations: Table, coverage: Table) -> list[str]:
    """Notes on records that the coverage of their own source cannot be matched with; none where all can."""
    return [*_watchers(observations, coverage), *_acts(observations, coverage)]


def _watchers(observations: Table, coverage: Table) -> list[str]:
    based = coverage.filter(pc.is_valid(coverage["detection_p_basis"])).select(_WATCHER)
    known = {tuple(row.values()) for row in based.group_by(list(_WATCHER)).aggregate([]).to_pylist()}
    sources = {source for source, _, _ in known}
    own = observations.select(_WATCHER)
    strange: dict[str, int] = {}
    for row in own.group_by(list(_WATCHER)).aggregate([([], "count_all")]).to_pylist():
        name = row["source_id"]
        if name in sources and tuple(row[key] for key in _WATCHER) not in known:
            strange[name] = strange.get(name, 0) + row["count_all"]
    return [
        f"{n:,} records of {name} bear a sensor_id and look_id that its coverage does not: no look is known to have "
        "made them, all its looks count as having missed what they tell of, and totals come out too high"
        for name, n in sorted(strange.items())
    ]  # fmt: skip


def _acts(observations: Table, coverage: Table) -> list[str]:
    pairs = coverage.select(["source_id", "act"]).group_by(["source_id", "act"]).aggregate([]).to_pylist()
    acts: dict[str, set[str | None]] = {}
    for pair in pairs:
        acts.setdefault(pair["source_id"], set()).add(pair["act"])
    row, name, _ = map_parts(observations["acts"])
    told = pa.table({"source": observations["source_id"].combine_chunks().take(pa.array(row)), "act": name})
    strange: dict[tuple[str, str], int] = {}
    for one in told.group_by(["source", "act"]).aggregate([([], "count_all")]).to_pylist():
        known = acts.get(one["source"])
        if known and None not in known and one["act"] not in known:
            strange[one["source"], one["act"]] = one["count_all"]
    return [
        f"{n:,} records of {source} tell of {act}, which its coverage does not name: "
        "nothing says how often it tells so falsely, so too much is believed of them"
        for (source, act), n in sorted(strange.items())
    ]  # fmt: skip
