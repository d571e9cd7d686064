"""Attribute incidents to parties where evidence beyond claims tells them apart; else say so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.attribution.line_view import LineView, view_line
from truceline.attribution.model import FireModel, Impacts, likelihoods, posteriors
from truceline.attribution.traces import Traces, gather_traces
from truceline.base.columns import IntArray, at_words, codes, floats, list_column, micros
from truceline.base.geodesy import WGS84, FloatArray, LocalFrame
from truceline.line.history import LineHistory
from truceline.schema import INCIDENTS
from truceline.schema.table import Table

#: acts that land across the line: only for these does the side of an impact say who fired
ACTS_ACROSS = frozenset({"shelling", "small_drone"})
OTHER = "other"


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
    if not incidents.num_rows:
        return incidents
    view = view_line(line, frame=_need(frame)) if isinstance(line, LineHistory) else line
    fires = model or FireModel()
    judged = _Judged.nothing(incidents.num_rows)
    if view is not None:
        incidents = _measure(incidents, view)  # (1)
        if len(parties) == 2 and view.holder_party_id in parties:
            acts = pc.fill_null(
                pc.is_in(incidents["act"], value_set=pa.array(sorted(acts_across), type=pa.string())), False
            )
            traces = gather_traces(
                incidents,
                observations,
                sources=attributable_sources,
                wanted=np.asarray(acts.to_numpy(), dtype=np.bool_),
                model=fires,
                unknown_sd_m=unknown_sd_m,
            )  # (2)
            if len(traces.incident):
                judged = _judge(incidents, traces, view, parties, fires, threshold_p)  # (3) and (4)
    return _fill(incidents, judged, parties)


def _need(frame: LocalFrame | None) -> LocalFrame:
    if frame is None:
        raise ValueError("a map's line needs the frame in which distances are measured")
    return frame


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """Of each incident: probabilities (NaN: no basis), ratio, and the party it is attributed to (−1: none)."""

    p: FloatArray  #: (n, 3): the parties in their order, and neither
    ratio: FloatArray
    party: IntArray

    @classmethod
    def nothing(cls, n: int) -> _Judged:
        return cls(p=np.full((n, 3), np.nan), ratio=np.full(n, np.nan), party=np.full(n, -1, dtype=np.int64))


def _measure(incidents: Table, view: LineView) -> Table:
    """Fill the distance to the line of every incident with a point."""
    longitude, latitude = floats(incidents["longitude_deg"]), floats(incidents["latitude_deg"])
    placed = np.flatnonzero(np.isfinite(longitude))
    distance = np.full(len(longitude), np.nan)
    if len(placed):
        at_us = micros(incidents["occurred_from"])[placed]
        distance[placed] = view.distance_m(longitude[placed], latitude[placed], at_us)
    return _put(incidents, "line_distance_m", pa.array(distance, mask=~np.isfinite(distance)))


def _judge(
    incidents: Table,
    traces: Traces,
    view: LineView,
    parties: Sequence[str],
    model: FireModel,
    threshold_p: float,
) -> _Judged:
    judged = _Judged.nothing(incidents.num_rows)
    impacts = _impacts(traces, view, model)
    at = np.flatnonzero(np.isfinite(impacts.distance_m))
    holder, other, neither = likelihoods(impacts, model)
    holder_p, other_p, neither_p = posteriors(holder, other, neither, model)
    sides = [holder_p if party == view.holder_party_id else other_p for party in parties]
    who = traces.incident[at]
    p = np.column_stack([*sides, neither_p])[at]
    judged.p[who] = p
    judged.ratio[who] = np.maximum(holder, other)[at] / np.minimum(holder, other)[at]
    seen = np.isfinite(traces.direction_deg) & np.isfinite(impacts.from_distance_m).all(axis=1)
    doubtful = np.asarray(pc.equal(incidents["occurrence"], "inconclusive").to_numpy(), dtype=np.bool_)
    sure = seen[at] & (p[:, :2].max(axis=1) >= threshold_p) & ~doubtful[who]
    judged.party[who[sure]] = p[sure, :2].argmax(axis=1)
    return judged


def _fill(incidents: Table, judged: _Judged, parties: Sequence[str]) -> Table:
    """The table with what was judged written into it."""
    n = incidents.num_rows
    attributed, based = judged.party >= 0, ~np.isnan(judged.p[:, 0])
    names = [*parties, OTHER] if based.any() else []
    flat = pa.array(names, type=pa.string()).take(pa.array(np.tile(np.arange(len(names)), int(based.sum()))))
    offsets = np.concatenate([[0], np.cumsum(based * len(names))]).astype(np.int32)
    columns = {
        "party_p": pa.MapArray.from_arrays(pa.array(offsets), flat, pa.array(judged.p[based].ravel())),
        "likelihood_ratio": pa.array(judged.ratio, mask=np.isnan(judged.ratio)),
        "attributed_party_id": at_words(list(parties), judged.party),
        "responsibility": at_words(("not_attributed", "attributed"), attributed.astype(np.int64)),
        "reason_codes": _reason_codes(incidents["reason_codes"], attributed),
    }
    if not n:
        return incidents
    for name, values in columns.items():
        incidents = _put(incidents, name, values)
    return incidents


def _reason_codes(given: pa.ChunkedArray, attributed: npt.NDArray[np.bool_]) -> pa.Array:
    """The codes given, less those of attribution, and at the end the one that holds."""
    own = ("not_attributable", "incident_attributed")
    parent = np.asarray(pc.list_parent_indices(given).to_numpy(), dtype=np.int64)
    code, words = codes(pc.list_flatten(given))
    kept = np.array([word not in own for word in words] + [False])[code]
    words = [*words, *own]
    at = np.concatenate([parent[kept], np.arange(len(attributed))])
    every = np.concatenate([code[kept], len(words) - 2 + attributed.astype(np.int64)])
    order = np.argsort(at, kind="stable")
    return list_column(at_words(words, every[order]), np.bincount(at, minlength=len(attributed)))


def _put(table: Table, name: str, values: pa.Array) -> Table:
    field = INCIDENTS.arrow.field(name)
    return table.set_column(table.schema.get_field_index(name), field, values.cast(field.type))


def _impacts(traces: Traces, view: LineView, model: FireModel) -> Impacts:
    n, m = len(traces.incident), len(model.ranges_m)
    seen = np.flatnonzero(np.isfinite(traces.direction_deg))
    back_deg = (traces.direction_deg[seen] + 180) % 360
    spread = np.radians(traces.direction_sd_deg)
    from_distance = np.full((n, m), np.nan)
    from_sd = np.ones((n, m))
    for r, range_m in enumerate(model.ranges_m):
        from_sd[:, r] = np.hypot(traces.sd_m, range_m * spread)
        if len(seen):
            lon, lat, _ = WGS84.fwd(
                traces.longitude_deg[seen], traces.latitude_deg[seen], back_deg, np.full(len(seen), range_m)
            )
            points: tuple[FloatArray, FloatArray] = np.asarray(lon), np.asarray(lat)
            from_distance[seen, r] = view.distance_m(*points, traces.at_us[seen])
    return Impacts(
        distance_m=view.distance_m(traces.longitude_deg, traces.latitude_deg, traces.at_us),
        distance_sd_m=np.maximum(traces.sd_m, 1.0),
        line_sd_m=view.sd_m(traces.at_us),
        from_distance_m=from_distance,
        from_sd_m=from_sd,
    )
