"""Incidents as the public may see them: a cell and a day, and nothing that leads back to a sensor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from truceline.base.canonical import short_id
from truceline.base.intervals import Interval, format_time
from truceline.base.words import PROBABILITY_BANDS
from truceline.release.cells import cell_of, centre_of
from truceline.release.rule import ReleaseRule
from truceline.schema import INCIDENTS
from truceline.schema.table import Record, Table, records

#: reasons that tell nothing of sensors, gaps or how well something is seen
KEPT_REASONS = frozenset({"not_attributable", "incident_attributed"})


def coarsen_incidents(
    incidents: Table, rule: ReleaseRule, *, area_of: Callable[[float, float], str | None]
) -> list[Record]:
    """Rows of ``incidents`` with cell, day and band of probability in place of what is finer.

    1. Place: the middle of a cell (``cells``); an incident that is known by its area alone keeps the
       area. The area of a placed one is that of the cell's middle: the true one, together with the
       cell, could leave a sliver.
    2. Time: the local day (or days) of the rule's zone.
    3. Probability: the middle of its ICD 203 band, of verified incidents alone: of others, whether there
       is one says whether a sensor looked. Sources, observations, distances to the line,
       likelihoods and reasons that tell of sight are left out.
    4. Ids are made of what is told and a number among equals, so that they say no more.
    """
    rows = records(incidents)
    told = [_told(row, rule, area_of=area_of) for row in rows]
    told.sort(key=_order)
    named: list[Record] = []
    seen: dict[tuple[object, ...], int] = {}
    for row in told:
        key = _order(row)
        seen[key] = seen.get(key, 0) + 1
        named.append({**row, "incident_id": short_id("inc", *(str(part) for part in key), str(seen[key]))})
    return named


def as_table(rows: Sequence[Record]) -> Table:
    """Coarse rows as a table of ``incidents``."""
    return INCIDENTS.check(INCIDENTS.from_records(list(rows)))


def _told(row: Record, rule: ReleaseRule, *, area_of: Callable[[float, float], str | None]) -> Record:
    longitude, latitude, area_id = row["longitude_deg"], row["latitude_deg"], row["area_id"]
    if longitude is not None and latitude is not None:
        cell = cell_of(np.array([longitude]), np.array([latitude]), cell_m=rule.cell_m)  # (1)
        east, north = centre_of(*cell, cell_m=rule.cell_m)
        longitude, latitude = round(float(east[0]), 4), round(float(north[0]), 4)
        area_id = area_of(longitude, latitude)
    days = Interval(row["occurred_from"], row["occurred_until"]).split_days(rule.zone)  # (2)
    first, last = (_day(days[k], rule.zone) for k in (0, -1))
    return {
        **{column.name: None for column in INCIDENTS.columns},
        "act": row["act"],
        "occurred_from": first.start,
        "occurred_until": last.stop,
        "longitude_deg": longitude,
        "latitude_deg": latitude,
        "position_sd_m": None if longitude is None else rule.cell_m / 2,
        "area_id": area_id,
        "existence_p": _band(row["existence_p"]) if row["occurrence"] == "verified" else None,  # (3)
        "occurrence": row["occurrence"],
        "responsibility": row["responsibility"],
        "attributed_party_id": row["attributed_party_id"],
        "party_p": {},
        "source_ids": [],
        "observation_ids": [],
        "n_primary_sources": 0,
        "reason_codes": [code for code in row["reason_codes"] if code in KEPT_REASONS],
    }


def _day(piece: Interval, zone: str) -> Interval:
    """The whole local day that a piece of time lies in."""
    start = piece.start.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    # by the wall clock: a day on which clocks change has 23 or 25 hours
    return Interval(start, start + timedelta(days=1))


def _band(probability: float | None) -> float | None:
    if probability is None:
        return None
    lower = 0.0
    for upper, _word in PROBABILITY_BANDS:
        if probability <= upper:
            return round((lower + upper) / 2, 3)
        lower = upper
    return None


def _order(row: Record) -> tuple[object, ...]:
    """Everything that is told of an incident, in an order."""
    return (
        format_time(row["occurred_from"]),
        format_time(row["occurred_until"]),
        row["act"] or "",
        -999.0 if row["longitude_deg"] is None else row["longitude_deg"],
        -999.0 if row["latitude_deg"] is None else row["latitude_deg"],
        row["area_id"] or "",
        row["occurrence"],
        row["attributed_party_id"] or "",
        -1.0 if row["existence_p"] is None else row["existence_p"],
        "|".join(row["reason_codes"]),
    )
