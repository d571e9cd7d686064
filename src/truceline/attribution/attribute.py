"""Attribute incidents to parties where evidence beyond claims tells them apart; else say so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from truceline.attribution.line_view import LineView, view_line
from truceline.attribution.model import FireModel, Impacts, likelihoods, posteriors
from truceline.base.geodesy import WGS84, FloatArray, LocalFrame
from truceline.line.history import LineHistory
from truceline.schema import INCIDENTS
from truceline.schema.table import Record, Table, records

#: acts that land across the line: only for these does the side of an impact say who fired
ACTS_ACROSS = frozenset({"shelling", "small_drone"})
OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trace:
    """What attributable records of one incident say together."""

    incident: int
    longitude_deg: float
    latitude_deg: float
    sd_m: float
    direction_deg: float | None  #: towards which was fired
    direction_sd_deg: float
    at: datetime


def attribute(
    incidents: Table,
    observations: Table,
    *,
    parties: Sequence[str],
    line: LineHistory | LineView | None,
    frame: LocalFrame | None = None,
    attributable_sources: Collection[str] = frozenset(),
    acts_across: Collection[str] = ACTS_ACROSS,
    model: FireModel | None = None,
    threshold_p: float = 0.95,
    unknown_sd_m: float = 5_000.0,
) -> Table:
    """Fill ``party_p``, ``likelihood_ratio``, ``line_distance_m`` and responsibility.

    (1) measure every incident's distance to the line of its date; (2) take place and direction from
    records of ``attributable_sources`` alone; (3) likelihood of each party, averaged over the
    line's own uncertainty; (4) attribute at ``threshold_p`` or more, where a direction of fire was
    seen and the incident is not inconclusive; else ``not_attributed``.

    Accusations weigh nothing. Only truces of two parties can be told apart so far. An incident
    without a point, without attributable records, of an act that does not land across the line, or
    beyond the map has no ``party_p``.

    The order of ``parties`` shows in nothing but the order of ``party_p``.
    """
    rows = records(incidents)
    view = view_line(line, frame=_need(frame)) if isinstance(line, LineHistory) else line
    fires = model or FireModel()
    if view is not None and rows:
        _measure(rows, view)  # (1)
        if len(parties) == 2 and view.holder_party_id in parties:
            traces = _traces(
                rows, observations, attributable_sources, acts_across, fires, unknown_sd_m
            )  # (2)
            _judge(rows, traces, view, parties, fires, threshold_p)  # (3) and (4)
    for row in rows:
        attributed = row["responsibility"] == "attributed"
        code = "incident_attributed" if attributed else "not_attributable"
        kept = [c for c in row["reason_codes"] if c not in ("incident_attributed", "not_attributable")]
        row["reason_codes"] = [*kept, code]
        row["party_p"] = list(row["party_p"].items())
    return INCIDENTS.from_records(rows)


def _need(frame: LocalFrame | None) -> LocalFrame:
    if frame is None:
        raise ValueError("a map's line needs the frame in which distances are measured")
    return frame


def _measure(rows: list[Record], view: LineView) -> None:
    placed = [row for row in rows if row["longitude_deg"] is not None]
    if not placed:
        return
    longitude = np.array([row["longitude_deg"] for row in placed])
    latitude = np.array([row["latitude_deg"] for row in placed])
    distance = view.distance_m(longitude, latitude, [row["occurred_from"] for row in placed])
    for row, value in zip(placed, distance.tolist(), strict=True):
        row["line_distance_m"] = value if np.isfinite(value) else None


def _traces(
    rows: list[Record],
    observations: Table,
    sources: Collection[str],
    acts_across: Collection[str],
    model: FireModel,
    unknown_sd_m: float,
) -> list[_Trace]:
    known = {
        row["observation_id"]: row
        for row in records(observations)
        if row["source_id"] in sources and row["longitude_deg"] is not None
    }
    traces = []
    for number, incident in enumerate(rows):
        if incident["act"] not in acts_across:
            continue
        seen = [known[name] for name in incident["observation_ids"] if name in known]
        seen = _distinct(seen)
        if not seen:
            continue
        sd_m = np.array([row["position_sd_m"] or unknown_sd_m for row in seen])
        weight = sd_m**-2
        direction, direction_sd = _mean_direction(
            [row["fire_direction_deg"] for row in seen if row["fire_direction_deg"] is not None], model
        )
        traces.append(
            _Trace(
                incident=number,
                longitude_deg=float(np.average([row["longitude_deg"] for row in seen], weights=weight)),
                latitude_deg=float(np.average([row["latitude_deg"] for row in seen], weights=weight)),
                sd_m=float(weight.sum() ** -0.5),
                direction_deg=direction,
                direction_sd_deg=direction_sd,
                at=incident["occurred_from"],
            )
        )
    return traces


def _distinct(seen: list[Record]) -> list[Record]:
    """One record an origin: a copy adds no weight."""
    kept: dict[Any, Record] = {}
    for row in sorted(seen, key=lambda row: str(row["observation_id"])):
        origin = row["primary_source_id"]
        own = origin is None or origin == row["source_id"]
        kept.setdefault(row["observation_id"] if own else origin, row)
    return list(kept.values())


def _mean_direction(directions_deg: list[float], model: FireModel) -> tuple[float | None, float]:
    """Circular mean and its standard deviation; None where none was seen or they contradict."""
    if not directions_deg:
        return None, model.direction_sd_deg
    angle = np.radians(sorted(directions_deg))
    x, y = float(np.cos(angle).mean()), float(np.sin(angle).mean())
    if np.hypot(x, y) < 0.7:  # they spread over more than a right angle
        return None, model.direction_sd_deg
    return float(np.degrees(np.arctan2(y, x)) % 360), model.direction_sd_deg / len(directions_deg) ** 0.5


def _judge(
    rows: list[Record],
    traces: list[_Trace],
    view: LineView,
    parties: Sequence[str],
    model: FireModel,
    threshold_p: float,
) -> None:
    if not traces:
        return
    impacts = _impacts(traces, view, model)
    known = np.isfinite(impacts.distance_m)
    holder, other, neither = likelihoods(impacts, model)
    holder_p, other_p, neither_p = posteriors(holder, other, neither, model)
    for k, trace in enumerate(traces):
        if not known[k]:
            continue
        row = rows[trace.incident]
        p = [float(holder_p[k] if party == view.holder_party_id else other_p[k]) for party in parties]
        row["party_p"] = {**dict(zip(parties, p, strict=True)), OTHER: float(neither_p[k])}
        high, low = max(holder[k], other[k]), min(holder[k], other[k])
        row["likelihood_ratio"] = float(high / low)
        seen = trace.direction_deg is not None and bool(np.isfinite(impacts.from_distance_m[k]).all())
        if seen and max(p) >= threshold_p and row["occurrence"] != "inconclusive":
            row["responsibility"] = "attributed"
            row["attributed_party_id"] = parties[p.index(max(p))]


def _impacts(traces: list[_Trace], view: LineView, model: FireModel) -> Impacts:
    n, m = len(traces), len(model.ranges_m)
    longitude = np.array([trace.longitude_deg for trace in traces])
    latitude = np.array([trace.latitude_deg for trace in traces])
    at = [trace.at for trace in traces]
    sd_m = np.array([trace.sd_m for trace in traces])
    back_deg = np.array(
        [np.nan if trace.direction_deg is None else (trace.direction_deg + 180) % 360 for trace in traces]
    )
    spread = np.radians(np.array([trace.direction_sd_deg for trace in traces]))
    seen = np.flatnonzero(np.isfinite(back_deg))
    from_distance = np.full((n, m), np.nan)
    from_sd = np.ones((n, m))
    for r, range_m in enumerate(model.ranges_m):
        from_sd[:, r] = np.hypot(sd_m, range_m * spread)
        if len(seen):
            lon, lat, _ = WGS84.fwd(
                longitude[seen], latitude[seen], back_deg[seen], np.full(len(seen), range_m)
            )
            points: tuple[FloatArray, FloatArray] = np.asarray(lon), np.asarray(lat)
            from_distance[seen, r] = view.distance_m(*points, [at[int(k)] for k in seen])
    return Impacts(
        distance_m=view.distance_m(longitude, latitude, at),
        distance_sd_m=np.maximum(sd_m, 1.0),
        line_sd_m=view.sd_m(at),
        from_distance_m=from_distance,
        from_sd_m=from_sd,
    )
