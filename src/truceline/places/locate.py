"""Records that name a place and give none: a point, an area, or left as they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from truceline.places.resolution import Area, Name, Place, Resolution
from truceline.schema.table import Table

#: any of these says where the record is: its name is then left alone
_LOCATED_BY = ("longitude_deg", "latitude_deg", "area_id", "observer_longitude_deg")
_FILLED = ("longitude_deg", "latitude_deg", "position_sd_m", "area_id")


class Resolver(Protocol):
    """What resolves names; ``Gazetteer`` does."""

    @property
    def dated(self) -> bool:
        """Whether the date of a name matters."""

    def resolve(self, name: str, *, at: datetime | None = None) -> Resolution:
        """What a name stands for."""


@dataclass(slots=True)
class LocateReport:
    """How many records became what, and what a reader should know of the names."""

    places: int = 0
    areas: int = 0
    names: int = 0
    wide: int = 0  #: places with "near" or an offset
    alike: int = 0  #: found by a spelling that is only alike
    disputed: int = 0
    unresolved: Counter[tuple[str, str]] = field(default_factory=Counter)  #: (name, why) → records
    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)  #: name → what it fits
    disputes: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)  #: name → claimants, basis

    @property
    def total(self) -> int:
        """Records that named a place and gave none."""
        return self.places + self.areas + self.names

    def notes(self) -> list[str]:
        """Sentences for the account of a source; none where nothing was to be done."""
        if not self.total:
            return []
        notes = [
            f"{self.total} records name a place without giving it: {self.places} became a place, "
            f"{self.areas} an area, {self.names} stayed a name."
        ]
        for why, told in (
            ("ambiguous", "fit several places and were not resolved"),
            ("outside", "lie only outside the case's region"),
            ("division", "are divisions that the case does not list"),
            ("unknown", "are in no list of places"),
        ):
            names = [(name, n) for (name, reason), n in self.unresolved.items() if reason == why]
            if names:
                names.sort(key=lambda pair: (-pair[1], pair[0]))
                shown = ", ".join(f"{name} ({n})" for name, n in names[:5])
                more = f" and {len(names) - 5} more" if len(names) > 5 else ""
                notes.append(f"Names that {told}: {shown}{more}.")
        if self.disputed:
            shown = "; ".join(
                f"{name}: claimed by {', '.join(claimants) or 'more than one'}{f' ({basis})' if basis else ''}"
                for name, (claimants, basis) in sorted(self.disputes.items())[:5]
            )
            notes.append(
                f"{self.disputed} of them lie in territory whose belonging is disputed; no side is taken: {shown}."
            )
        return notes


def locate(observations: Table, resolver: Resolver, *, report: LocateReport) -> Table:
    """Fill the point or the area of records that only name their place; the name stays.

    The same table is given back where there is no such record, at the cost of a look at its nulls.
    """
    wanted = _name_only(observations)
    if wanted is None:
        return observations
    rows = pc.indices_nonzero(wanted).to_numpy()
    names = observations["place_name"].take(rows).to_pylist()
    times: list[datetime | None] = [None] * len(names)
    if resolver.dated:
        days = pc.floor_temporal(observations["occurred_from"].take(rows), unit="day")
        times = days.to_pylist()
    resolved: dict[tuple[str, datetime | None], Resolution] = {}
    values: dict[str, list[float | str | None]] = {column: [] for column in _FILLED}
    sds = observations["position_sd_m"].take(rows).to_pylist()
    for name, at, sd_m in zip(names, times, sds, strict=True):
        if (name, at) not in resolved:
            resolved[name, at] = resolver.resolve(name, at=at)
        one = resolved[name, at]
        _count(report, one)
        found = one.found
        point = found if isinstance(found, Place) else None
        values["longitude_deg"].append(None if point is None else point.longitude_deg)
        values["latitude_deg"].append(None if point is None else point.latitude_deg)
        # what the source says of its own exactness can only widen ours
        values["position_sd_m"].append(sd_m if point is None else max(point.position_sd_m, sd_m or 0.0))
        values["area_id"].append(
            found.area_id if isinstance(found, Area) else point.area_id if point is not None else None
        )
    for column in _FILLED:
        observations = _put(observations, column, rows=wanted, values=values[column])
    return observations


def _name_only(observations: Table) -> pa.ChunkedArray | None:
    """Which records have a name and nothing else to place them by; None where there are none."""
    names = observations["place_name"]
    if names.null_count == len(names):
        return None
    if all(observations[column].null_count == 0 for column in _LOCATED_BY[:2]):
        return None
    wanted = pc.and_(pc.is_valid(names), pc.not_equal(pc.utf8_trim_whitespace(pc.fill_null(names, "")), ""))
    for column in _LOCATED_BY:
        wanted = pc.and_(wanted, pc.is_null(observations[column]))
    return wanted if pc.any(wanted).as_py() else None


def _put(table: Table, column: str, *, rows: pa.ChunkedArray, values: list[float | str | None]) -> Table:
    place = table.schema.get_field_index(column)
    kind = table.schema.field(column)
    filled = pc.replace_with_mask(
        table[column].combine_chunks(), rows.combine_chunks(), pa.array(values, type=kind.type)
    )
    return table.set_column(place, kind, filled)


def _count(report: LocateReport, one: Resolution) -> None:
    if isinstance(one.found, Name):
        report.names += 1
        report.unresolved[one.asked, one.found.why] += 1
        if one.found.why == "ambiguous":
            report.ambiguous[one.asked] = one.found.candidates
        return
    if isinstance(one.found, Place):
        report.places += 1
        report.wide += one.near
    else:
        report.areas += 1
    report.alike += one.how == "alike"
    if one.disputed:
        report.disputed += 1
        report.disputes[one.asked] = (one.claimants, one.basis)
