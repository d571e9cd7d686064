"""Records that name a place and give none: a point, an area, or left as they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.errors import Problem
from truceline.base.words import some
from truceline.places.resolution import Area, Name, Place, Resolution
from truceline.schema.table import NUMBER, TEXT, Table

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
            f"{some(self.total, 'record')} with the name of a place alone: {self.places:,} became a place, "
            f"{self.areas:,} an area, {self.names:,} stayed a name."
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
        if self.alike:
            notes.append(f"Found by a spelling that is only alike: {self.alike:,} of them.")
        if self.wide:
            notes.append(
                f"Near a place, or with an offset, so that the point is wide: {self.wide:,} of them."
            )
        if self.disputed:
            shown = "; ".join(
                f"{name}: claimed by {', '.join(claimants) or 'more than one'}{f' ({basis})' if basis else ''}"
                for name, (claimants, basis) in sorted(self.disputes.items())[:5]
            )
            notes.append(
                f"In territory whose belonging is disputed: {self.disputed:,} of them; no side is taken: {shown}."
            )
        return notes

    def problems(self) -> list[Problem]:
        """Names that fit several places, each with what would settle it."""
        return [
            Problem(code="place_ambiguous", message=f"{some(self.unresolved[name, 'ambiguous'], 'record')} with a name that may be any of {some(len(candidates), 'place')}; it stays a name", got=name, expected="; ".join(candidates[:5]), next_step="Mark the one that is meant as `preferred` in a list of the case, if the source means one")
            for name, candidates in sorted(self.ambiguous.items())
        ]  # fmt: skip


def locate(observations: Table, resolver: Resolver, *, report: LocateReport) -> Table:
    """Fill the point or the area of records that only name their place; the name stays.

    The same table is given back where there is no such record, at the cost of a look at its nulls.
    """
    wanted = _name_only(observations)
    if wanted is None:
        return observations
    named = observations.filter(wanted)
    days = pc.floor_temporal(named["occurred_from"], unit="day") if resolver.dated else None
    kept = {"name": named["place_name"], **({} if days is None else {"day": days})}
    # each name is resolved once, or once a day where names change with time
    different = pa.table(kept).group_by(list(kept), use_threads=False).aggregate([([], "count_all")])
    asked = different.to_pylist()
    found = [resolver.resolve(one["name"], at=one.get("day")) for one in asked]
    for one, resolution in zip(asked, found, strict=True):
        _count(report, resolution, one["count_all"])
    which = _position_of(pa.table(kept), asked)
    points = [one.found if isinstance(one.found, Place) else None for one in found]
    areas = [one.found.area_id if isinstance(one.found, Area | Place) else None for one in found]
    # what the source says of its own exactness can only widen ours
    sds = pa.array([None if point is None else point.position_sd_m for point in points], type=NUMBER).take(which)  # fmt: skip
    wider = pc.if_else(pc.is_null(sds), named["position_sd_m"], pc.max_element_wise(sds, named["position_sd_m"]))  # fmt: skip
    values = {
        "longitude_deg": pa.array([None if point is None else point.longitude_deg for point in points], type=NUMBER).take(which),
        "latitude_deg": pa.array([None if point is None else point.latitude_deg for point in points], type=NUMBER).take(which),
        "position_sd_m": wider,
        "area_id": pa.array(areas, type=TEXT).take(which),
    }  # fmt: skip
    for column in _FILLED:
        observations = _put(observations, column, rows=wanted, values=values[column])
    return observations


def _position_of(named: Table, asked: list[dict[str, Any]]) -> pa.Array:
    """For each record the position of its name (and day) among those asked."""
    positions = {tuple(one[column] for column in named.schema.names): n for n, one in enumerate(asked)}
    columns = [named[column].combine_chunks().dictionary_encode() for column in named.schema.names]
    words = [column.dictionary.to_pylist() for column in columns]
    codes = columns[0].indices.to_numpy(zero_copy_only=False).astype(np.int64)
    if len(columns) == 1:
        known = [positions[word,] for word in words[0]]
    else:
        codes = codes * len(words[1]) + columns[1].indices.to_numpy(zero_copy_only=False)
        pairs, codes = np.unique(codes, return_inverse=True)
        known = [positions[words[0][pair // len(words[1])], words[1][pair % len(words[1])]] for pair in pairs]
    return pa.array(np.asarray(known, dtype=np.int64)[codes])


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


def _put(table: Table, column: str, *, rows: pa.ChunkedArray, values: Any) -> Table:
    place = table.schema.get_field_index(column)
    kind = table.schema.field(column)
    new = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    filled = pc.replace_with_mask(table[column].combine_chunks(), rows.combine_chunks(), new)
    return table.set_column(place, kind, filled)


def _count(report: LocateReport, one: Resolution, n: int) -> None:
    if isinstance(one.found, Name):
        report.names += n
        report.unresolved[one.asked, one.found.why] += n
        if one.found.why == "ambiguous":
            report.ambiguous[one.asked] = one.found.candidates
        return
    if isinstance(one.found, Place):
        report.places += n
        report.wide += n * one.near
    else:
        report.areas += n
    report.alike += n * (one.how == "alike")
    if one.disputed:
        report.disputed += n
        report.disputes[one.asked] = (one.claimants, one.basis)
