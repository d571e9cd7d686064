"""Observations → incidents: a first, plain method, to be replaced by a mixture over partitions.

Copies are one origin. Origins that may be one event (near in place and time for their uncertainties,
of compatible acts, not two records of one sensor or look) are merged best fit first, as long as
every two members of an incident may be one event. Nothing here is chosen at random and row order
does not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from math import fsum, isnan
from typing import Any

import numpy as np

from truceline.base.canonical import short_id
from truceline.base.geodesy import LocalFrame
from truceline.fusion.existence import Existence, read_basis
from truceline.fusion.gating import Gate, Points, gated_pairs
from truceline.fusion.grouping import agglomerate
from truceline.fusion.nodes import FloatArray, IntArray, Nodes, make_nodes
from truceline.fusion.voices import independent_voices, judge_occurrence
from truceline.schema import INCIDENTS
from truceline.schema.table import Record, Table

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def associate(
    observations: Table,
    *,
    frame: LocalFrame,
    acts: Sequence[str] = (),
    coverage: Table | None = None,
    mechanism_sources: Collection[str] = frozenset(),
    gate: Gate | None = None,
    unknown_sd_m: float = 5_000.0,
    least_sd_m: float = 10.0,
    verified_at: float = 0.95,
) -> Table:
    """Group observations of sources that may form incidents.

    (1) collapse to origins, in canonical order; (2) take reports that say the same place, time and
    act as one unit; (3) find the pairs that may be one event; (4) merge greedily by complete link;
    (5) write each group as an incident.

    acts : ids in the order of the terms, which breaks ties; empty: those that occur, by alphabet.
    coverage : where it carries circle, detection probability with basis, and clutter, incidents get
    an ``existence_p``; others have none, with the reason ``no_existence_basis``.
    mechanism_sources : sources whose records are a monitoring mechanism's own. Without any, no
    incident is ``verified``.

    The caller passes no warnings: an alert is not an incident. ``responsibility`` is left at
    ``not_attributed`` for ``attribution`` to judge.

    Weak: a report dated to a day joins the best fit among many events; a record between two
    events joins one of them for good.
    """
    if not observations.num_rows:
        return INCIDENTS.empty()
    # (1)
    nodes = make_nodes(observations, frame=frame, acts=acts, unknown_sd_m=unknown_sd_m, least_sd_m=least_sd_m)
    # (2)
    units = _units(nodes.kin)
    lead = np.array([unit[0] for unit in units], dtype=np.int64)
    # (3)
    first, second, _ = gated_pairs(_points(nodes, lead), gate or Gate())
    # (4)
    group = agglomerate(len(units), first, second)
    groups: list[list[int]] = [[] for _ in range(int(group.max()) + 1)]
    for unit, number in zip(units, group.tolist(), strict=True):
        groups[number] += unit
    # (5)
    existence = Existence(nodes, {} if coverage is None else read_basis(coverage, frame))
    fallible = {source for source, _ in existence.basis}
    incidents = [
        _incident(
            nodes,
            sorted(group),
            existence_p=existence.probability(sorted(group)),
            mechanism_sources=mechanism_sources,
            fallible_sources=fallible,
            verified_at=verified_at,
        )
        for group in groups
    ]
    _place(incidents, nodes, groups, frame)
    incidents.sort(key=lambda row: (row["occurred_from"], row["occurred_until"], row["incident_id"]))
    return INCIDENTS.from_records(incidents)


def _units(kin: IntArray) -> list[list[int]]:
    units: dict[int, list[int]] = {}
    for node, code in enumerate(kin.tolist()):
        units.setdefault(code if code >= 0 else -node - 2, []).append(node)
    return list(units.values())


def _points(nodes: Nodes, lead: IntArray) -> Points:
    return Points(
        x_m=nodes.x_m[lead],
        y_m=nodes.y_m[lead],
        sd_m=nodes.sd_m[lead],
        start_s=nodes.start_s[lead],
        stop_s=nodes.stop_s[lead],
        acts=nodes.acts[lead],
        sensor=nodes.sensor[lead],
        look=nodes.look[lead],
    )


def _incident(
    nodes: Nodes,
    group: list[int],
    *,
    existence_p: float | None,
    mechanism_sources: Collection[str],
    fallible_sources: Collection[str],
    verified_at: float,
) -> dict[str, Any]:
    rows = [nodes.row(node) for node in group]
    everything = [nodes.rows[i] for node in group for i in nodes.members[node]]
    start_s, stop_s = _interval(nodes, group)
    voices = independent_voices(rows, mechanism_sources)
    occurrence = judge_occurrence(
        rows,
        voices=voices,
        existence_p=existence_p,
        mechanism_sources=mechanism_sources,
        fallible_sources=fallible_sources,
        verified_at=verified_at,
    )
    areas = {row["area_id"] for row in rows if row["area_id"] is not None}
    reasons = [] if existence_p is not None else ["no_existence_basis"]
    if all(row["speaker_party_id"] is not None for row in rows):
        reasons.append("claims_only")
    return {
        "incident_id": short_id("inc", *sorted(nodes.key[node] for node in group)),
        "act": _act(rows, nodes.act_ids),
        "occurred_from": _moment(start_s),
        "occurred_until": max(_moment(stop_s), _moment(start_s) + timedelta(microseconds=1)),
        "area_id": areas.pop() if len(areas) == 1 else None,
        "place_name": _place_name(nodes, group),
        "existence_p": existence_p,
        "occurrence": occurrence,
        "responsibility": "not_attributed",
        "party_p": {},
        "source_ids": sorted({row["source_id"] for row in everything}),
        "observation_ids": sorted(row["observation_id"] for row in everything),
        "n_primary_sources": len(voices),
        "reason_codes": reasons,
    }


def _place(incidents: list[dict[str, Any]], nodes: Nodes, groups: list[list[int]], frame: LocalFrame) -> None:
    """Fill centre and its uncertainty, all at once (a projection is slow one by one)."""
    centres = [_centre(nodes, group) for group in groups]
    known = [i for i, centre in enumerate(centres) if centre is not None]
    if not known:
        return
    table: FloatArray = np.array([centres[i] for i in known], dtype=np.float64)
    longitude, latitude = frame.to_globe(table[:, 0], table[:, 1])
    for i, lon, lat, sd in zip(
        known, longitude.tolist(), latitude.tolist(), table[:, 2].tolist(), strict=True
    ):
        # 1e-7 degree is a centimetre: below it stands the projection's own noise
        incidents[i] |= {"longitude_deg": round(lon, 7), "latitude_deg": round(lat, 7), "position_sd_m": sd}


def _centre(nodes: Nodes, group: list[int]) -> tuple[float, float, float] | None:
    """Precision-weighted mean and its standard deviation.

    Each voice weighs once, by its best record: two reports of one side of the same place rest on
    one gazetteer and are no two measurements. Sensors are voices each.
    """
    best: dict[tuple[str, ...], tuple[float, float, float]] = {}
    for node in group:
        x_m, y_m, sd_m, _, _ = nodes.plain[node]
        if isnan(x_m):
            continue
        row = nodes.row(node)
        voice: tuple[str, ...]
        if row["sensor_id"] is not None:
            voice = ("sensor", row["sensor_id"], row["look_id"] or "")
        else:
            voice = ("speaker", row["speaker_party_id"] or "")
        if voice not in best or sd_m < best[voice][2]:
            best[voice] = x_m, y_m, sd_m
    if not best:
        return None
    weights = [sd_m**-2 for _, _, sd_m in best.values()]
    total = fsum(weights)
    x_m = fsum(w * place[0] for w, place in zip(weights, best.values(), strict=True)) / total
    y_m = fsum(w * place[1] for w, place in zip(weights, best.values(), strict=True)) / total
    return x_m, y_m, total**-0.5


def _interval(nodes: Nodes, group: list[int]) -> tuple[float, float]:
    """The times common to all, or, where there are none, from the first to the last."""
    start = [nodes.plain[node][3] for node in group]
    stop = [nodes.plain[node][4] for node in group]
    low, high = max(start), min(stop)
    return (low, high) if low < high else (min(start), max(stop))


def _moment(seconds: float) -> datetime:
    return EPOCH + timedelta(microseconds=round(seconds * 1e6))


def _act(rows: list[Record], act_ids: tuple[str, ...]) -> str | None:
    """The likeliest act; the terms' order breaks ties."""
    known = [row["acts"] for row in rows if row["acts"]]
    if not known:
        return None
    floor = -50.0
    total = {act: sum(acts.get(act, floor) for acts in known) for act in act_ids}
    return max(act_ids, key=lambda act: total[act])


def _place_name(nodes: Nodes, group: list[int]) -> str | None:
    """As the best placed record names it."""
    named = [node for node in group if nodes.row(node)["place_name"]]
    if not named:
        return None
    name: str = nodes.row(min(named, key=lambda node: (nodes.sd_m[node], node)))["place_name"]
    return name
