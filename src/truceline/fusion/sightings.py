"""What each node's own sensor, and every other one, could have seen there and then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.base.columns import BoolArray, number_rows
from truceline.fusion.nodes import FloatArray, IntArray, Nodes
from truceline.fusion.watches import Watches, match

#: of an act that a record does not name, beside those that it names
UNNAMED_LOGLIK = -7.0
#: of an act that nobody who matters knows
RULED_OUT_LOGLIK = -1e3
#: a sensor that detected something was there to do so, however its circle is drawn
LEAST_OWN_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """Nodes against watches.

    own : (n, n_acts) row of ``watches`` by which each node's own source saw; −1: none known.
    based : (n,) whether its source has rows at all. point, row : pairs of a node and a row that watched
    there and then, by point; share : with which probability it did. own_share : (n, n_acts) the same of
    the own rows. row_act : (n_rows,) number of the act of each row; −1: any. row_source :
    (n_rows,) number of its source among the nodes'; those without a node follow behind.
    loglik : (n, n_acts) of the record given each act; one act of no name where none is known at all.
    """

    own: IntArray
    based: BoolArray
    point: IntArray
    row: IntArray
    share: FloatArray
    own_share: FloatArray
    row_act: IntArray
    row_source: IntArray
    n_sources: int
    loglik: FloatArray
    time_s: FloatArray
    exclusive: IntArray


def compare(nodes: Nodes, watches: Watches, *, x_m: FloatArray, y_m: FloatArray) -> Sightings:
    """Match nodes with the rows of coverage.

    x_m, y_m : (n,) places of the nodes, also of those that are known by area alone.

    A node's own row is of its source, of its sensor and look where the row names them, and of its
    time; best is one whose place holds it, for a place is uncertain and a circle has an edge.
    """
    # acts that anybody names, of records or of coverage
    acts = sorted({*nodes.act_names, *watches.act.names}) or [""]
    names = nodes.source.names
    time_s = (nodes.start_s + nodes.stop_s) / 2
    source = match(watches.source, names)
    missing = sorted({watches.source.names[k] for k in watches.source.code[source < 0].tolist()})
    source = match(watches.source, [*names, *missing])
    act = match(watches.act, acts)
    based = np.isin(nodes.source.code, source)
    loglik = _logliks(nodes, acts, based=based, watched=frozenset(watches.act.names))
    asked = np.isfinite(x_m)
    rows = np.flatnonzero(asked)
    sd_m = np.sqrt((nodes.shapes.xx + nodes.shapes.yy) / 2)
    point, row, share = watches.over(
        x_m[rows], y_m[rows], nodes.start_s[rows], nodes.stop_s[rows], sd_m[rows]
    )
    point = rows[point]
    own = np.full((len(nodes), loglik.shape[1]), -1, dtype=np.int64)
    own_share = np.full(own.shape, LEAST_OWN_SHARE)
    keys = _Keys(nodes, watches, source)
    # (1) of those that hold it
    mine = np.flatnonzero(keys.same(point, row))
    mine = mine[np.argsort(share[mine], kind="stable")]
    _fill(own, point[mine], row[mine], act)
    _fill(own_share, point[mine], np.maximum(share[mine], LEAST_OWN_SHARE), act, row[mine])
    # (2) of its sensor and look at that time, wherever; (3) at any time; (4) of its source
    for level in range(3):
        lost = np.flatnonzero(based & (own.max(axis=1) < 0))
        if not len(lost):
            break
        at, near = keys.nearest(lost, time_s, watches, level=level)
        _fill(own, at, near, act)
    # rows may be for acts that the record is not of, and the source saw it all the same
    some = own.max(axis=1)
    likely = np.where(own >= 0, loglik, -np.inf).max(axis=1) > loglik.max(axis=1) + UNNAMED_LOGLIK
    own = np.where((own < 0) & ((some >= 0) & ~likely)[:, None], some[:, None], own)
    return Sightings(
        own=own, based=based, point=point, row=row, share=share, own_share=own_share, row_act=act, row_source=source,
        n_sources=len(names) + len(missing), loglik=loglik, time_s=time_s, exclusive=exclusive_codes(nodes),
    )  # fmt: skip


def _fill(
    into: IntArray | FloatArray,
    point: IntArray,
    value: IntArray | FloatArray,
    act: IntArray,
    row: IntArray | None = None,
) -> None:
    """Values of rows into the columns of their acts; of several for one point the last."""
    of = act[np.asarray(value if row is None else row, dtype=np.int64)]
    for k in range(into.shape[1]):
        fits = (of == k) | (of == -1)
        into[point[fits], k] = value[fits]


class _Keys:
    """Which rows are of a node's source, sensor and look."""

    def __init__(self, nodes: Nodes, watches: Watches, source: IntArray) -> None:
        self.nodes = nodes
        self.source = source
        self.sensor = match(watches.sensor, nodes.sensor.names)
        self.look = match(watches.look, nodes.look.names)

    def same(self, node: IntArray, row: IntArray) -> BoolArray:
        nodes = self.nodes
        return np.asarray(
            (self.source[row] == nodes.source.code[node])
            & ((self.sensor[row] == -1) | (self.sensor[row] == nodes.sensor.code[node]))
            & ((self.look[row] == -1) | (self.look[row] == nodes.look.code[node]))
        )

    def nearest(
        self, node: IntArray, time_s: FloatArray, watches: Watches, *, level: int
    ) -> tuple[IntArray, IntArray]:
        """The row of each node's sensor and look (level 0), sensor (1), source (2) nearest in time."""
        nodes = self.nodes
        n, m = len(node), len(self.source)
        if not m:
            return node[:0], node[:0]
        keys = [np.concatenate([nodes.source.code[node], self.source])]
        if level < 2:
            keys.append(np.concatenate([nodes.sensor.code[node], self.sensor]))
        if level < 1:
            keys.append(np.concatenate([nodes.look.code[node], self.look]))
        number, _ = number_rows(keys)
        middle = (watches.start_s + watches.stop_s) / 2
        origin = min(float(middle.min()), float(time_s[node].min()))
        span = max(float(middle.max()), float(time_s[node].max())) - origin + 1.0
        place = number * span * 2 + np.concatenate([time_s[node], middle]) - origin
        order = np.argsort(place[n:], kind="stable")
        after = np.searchsorted(place[n:][order], place[:n])
        best, gap = np.full(n, -1), np.full(n, np.inf)
        for at in (after - 1, after):
            row = order[np.clip(at, 0, m - 1)]
            away = np.where(number[n:][row] == number[:n], np.abs(place[n:][row] - place[:n]), np.inf)
            better = away < gap
            best, gap = np.where(better, row, best), np.where(better, away, gap)
        found = best >= 0
        return node[found], best[found]


def _logliks(nodes: Nodes, acts: list[str], *, based: BoolArray, watched: frozenset[str]) -> FloatArray:
    """(n, n_acts) of each record given each act; what a record does not name is far below what it does.

    An act that reports alone name, and no hard sensor watches for, is ruled out for all: what reports
    say must not change what is learned of sensors. A record of nothing else is of an unknown act.
    """
    found = np.full((len(nodes), len(acts)), np.nan)
    for k, name in enumerate(nodes.act_names):
        if name in watched or not based.any() or not np.isnan(nodes.loglik[based, k]).all():
            found[:, acts.index(name)] = nodes.loglik[:, k]
    told = ~np.isnan(found)
    best = np.where(told, found, -np.inf).max(axis=1, keepdims=True)
    loglik = np.where(told, found, best + UNNAMED_LOGLIK)
    loglik = np.where(told.any(axis=1, keepdims=True), loglik, 0.0)
    dead = ~told.any(axis=0) & ~np.isin(np.array(acts), sorted(watched))
    if not dead.all():
        loglik[:, dead] = RULED_OUT_LOGLIK
    return loglik


def exclusive_codes(nodes: Nodes) -> IntArray:
    """(n,) code of source, sensor and look; −1 for records of neither sensor nor look."""
    instrument = (nodes.sensor.code >= 0) | (nodes.look.code >= 0)
    # a look is one sensor's; without a look the sensor itself has one detection
    sensor = np.where(nodes.look.code >= 0, -1, nodes.sensor.code)
    number, _ = number_rows([nodes.source.code, sensor, nodes.look.code])
    return np.where(instrument, number, -1)
