"""Probability that a group of detections is no clutter; only where that was measured or declared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.columns import BoolArray, Groups, distinct, group_rows
from truceline.base.geodesy import LocalFrame
from truceline.fusion.nodes import Nodes
from truceline.schema.table import Table, records

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DAY_S = 86_400.0
#: a floor of the intensity's numerator, detections: a quiet stretch has some prior yet
LEAST_DETECTIONS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Circles that one sensor (or one look) watched, with probability and clutter known.

    All (n,), sorted by start. clutter_density is per m² and second.
    """

    x_m: FloatArray
    y_m: FloatArray
    radius_m: FloatArray
    start_s: FloatArray
    stop_s: FloatArray
    detection_p: FloatArray
    clutter_density: FloatArray

    def over(self, x_m: FloatArray, y_m: FloatArray, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Detection probability and clutter density there and then, each (n,); NaN: not watched.

        ``time_s`` is sorted. Where windows overlap the one that began last speaks.
        """
        p, clutter = np.full(len(x_m), np.nan), np.full(len(x_m), np.nan)
        low = np.searchsorted(time_s, self.start_s, side="left")
        high = np.searchsorted(time_s, self.stop_s, side="left")
        for k in np.flatnonzero(high > low).tolist():
            part = slice(int(low[k]), int(high[k]))
            near = (x_m[part] - self.x_m[k]) ** 2 + (y_m[part] - self.y_m[k]) ** 2 <= self.radius_m[k] ** 2
            p[part][near], clutter[part][near] = self.detection_p[k], self.clutter_density[k]
        return p, clutter


#: (source, act or "") → sensor or look → what it watched
Basis = dict[tuple[str, str], dict[str, Watched]]


def read_basis(coverage: Table, frame: LocalFrame) -> Basis:
    """Coverage rows that carry circle, detection probability with its basis, and clutter."""
    keep = pc.and_kleene(
        pc.and_kleene(pc.is_valid(coverage["detection_p_basis"]), pc.is_valid(coverage["clutter_per_day"])),
        pc.and_kleene(pc.greater(coverage["radius_m"], 0), pc.greater(coverage["available_share"], 0)),
    )
    table = coverage.filter(pc.fill_null(keep, False))
    table = table.filter(pc.greater(pc.add(table["detection_p_a"], table["detection_p_b"]), 0))
    table = table.take(
        pc.sort_indices(table, sort_keys=[("window_start", "ascending"), ("coverage_id", "ascending")])
    )
    if not table.num_rows:
        return {}
    x_m, y_m = frame.to_plane(table["longitude_deg"].to_numpy(), table["latitude_deg"].to_numpy())
    groups: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    rows = records(table)
    for i, row in enumerate(rows):
        groups[row["source_id"], row["act"] or ""][row["sensor_id"] or row["look_id"] or ""].append(i)
    a, b = table["detection_p_a"].to_numpy(), table["detection_p_b"].to_numpy()
    share = table["available_share"].to_numpy()
    radius_m = table["radius_m"].to_numpy()
    start_s = pc.cast(table["window_start"], pa.int64()).to_numpy() / 1e6
    stop_s = pc.cast(table["window_stop"], pa.int64()).to_numpy() / 1e6
    clutter = table["clutter_per_day"].to_numpy() / DAY_S / (np.pi * radius_m**2)
    return {
        key: {
            sensor: Watched(
                x_m=x_m[i], y_m=y_m[i], radius_m=radius_m[i], start_s=start_s[i], stop_s=stop_s[i],
                detection_p=(a / (a + b) * share)[i], clutter_density=clutter[i],
            )
            for sensor, i in by_sensor.items()
        }
        for key, by_sensor in groups.items()
    }  # fmt: skip


class Existence:
    """Weights of groups of detections against clutter.

    For detections z_i of sensors with probability p_i, clutter density φ_i and a prior intensity λ
    that is flat in place and act within three days around: w = λ Π p_i ∫ Π f_i(z_i|u) du / Π φ_i ·
    Π (1 − p_s) over the sensors that watched and did not detect; existence is w / (1 + w)
    (García-Fernández et al. 2018, with one hypothesis for each group). λ rests on the sensors
    alone, (detections − clutter expected) / Σ p · area · time, so that reports cannot raise it.
    """

    def __init__(self, nodes: Nodes, basis: Basis) -> None:
        self.nodes = nodes
        self.basis = basis
        self.middle_s = (nodes.start_s + nodes.stop_s) / 2
        self.day = (self.middle_s // DAY_S).astype(np.int64)
        self.act = _best_acts(nodes)
        self.sensor, self.sensor_names = _sensors(nodes)
        #: of each node where its sensor watched, else NaN
        self.p = np.full(len(nodes), np.nan)
        self.clutter = np.full(len(nodes), np.nan)
        for (source, act), members in self._by_watch(np.arange(len(nodes))):
            self._watch(self._of(source, act), members)
        self.based = ~np.isnan(self.p)
        self.rate = self._rates()

    def probabilities(self, groups: Groups) -> FloatArray:
        """(n_groups,) existence of groups of nodes; NaN where no detection has a basis.

        Every step is taken for all groups at once: first their first node, then their second.
        """
        found = np.full(len(groups), np.nan)
        if not self.based.any():
            return found
        node, at = groups.members, groups.of_member
        kept = self.based[node]
        numbers, own = np.unique(at[kept], return_inverse=True)
        based = group_rows(own, len(numbers))
        based = Groups(offsets=based.offsets, members=node[kept][based.members])
        first = based.first
        rate = self.rate[first]
        with np.errstate(divide="ignore", invalid="ignore"):
            log_w = np.log(rate) + self._log_spread(based)
            for _, who, rows in _turns(based):
                log_w[who] += np.log(self.p[rows]) - np.log(self.clutter[rows])
            self._count_misses(log_w, groups, numbers, based)
            chance = 1 / (1 + np.exp(-log_w))
        sure = np.zeros(len(numbers), dtype=np.bool_)
        for _, who, rows in _turns(based):
            sure[who] |= self.clutter[rows] <= 0
        chance[sure] = 1.0
        chance[~(rate > 0)] = np.nan
        found[numbers] = chance
        return found

    def _of(self, source: str, act: str) -> dict[str, Watched]:
        return self.basis.get((source, act)) or self.basis.get((source, ""), {})

    def _by_watch(self, members: IntArray) -> Iterator[tuple[tuple[str, str], IntArray]]:
        """Nodes by source and act, of those with a basis; in the order of sources and acts."""
        if not self.basis or not len(members):
            return
        names = [*self.nodes.act_names, ""]
        source, act = self.nodes.source.code[members], self.act[members]
        for key in distinct(source * (len(names) + 1) + act + 1).tolist():
            s, a = divmod(key, len(names) + 1)
            pair = self.nodes.source.names[s], names[a - 1]
            if self._of(*pair):
                yield pair, members[(source == s) & (act == a - 1)]

    def _watch(self, watchers: dict[str, Watched], members: IntArray) -> None:
        """Fill in what the nodes' own sensors could see there and then."""
        nodes = self.nodes
        members = members[np.isfinite(nodes.x_m[members])]
        members = members[np.lexsort((self.middle_s[members], self.sensor[members]))]
        code = self.sensor[members]
        place = {name: k for k, name in enumerate(self.sensor_names)}
        for name, watched in watchers.items():
            if name not in place:
                continue
            low, high = np.searchsorted(code, [place[name], place[name] + 1])
            mine = members[low:high]
            self.p[mine], self.clutter[mine] = watched.over(
                nodes.x_m[mine], nodes.y_m[mine], self.middle_s[mine]
            )

    def _log_spread(self, based: Groups) -> FloatArray:
        """log ∫ Π f_i(z_i|u) du: Gaussian places, times uniform in their intervals."""
        nodes, first = self.nodes, based.first
        x, y, variance = nodes.x_m[first], nodes.y_m[first], nodes.sd_m[first] ** 2
        start, stop = nodes.start_s[first], nodes.stop_s[first]
        total = np.zeros(len(based))
        for k, who, node in _turns(based):
            if k == 0:
                continue
            own, at_x, at_y, var = nodes.sd_m[node] ** 2, x[who], y[who], variance[who]
            both = var + own
            square = (nodes.x_m[node] - at_x) ** 2 + (nodes.y_m[node] - at_y) ** 2
            total[who] += -0.5 * square / both - np.log(2 * np.pi * both)
            share = own / both
            x[who] = at_x * share + nodes.x_m[node] * (1 - share)
            y[who] = at_y * share + nodes.y_m[node] * (1 - share)
            variance[who] = var * share
            length, span = nodes.stop_s[node] - nodes.start_s[node], stop[who] - start[who]
            low, high = np.maximum(start[who], nodes.start_s[node]), np.minimum(stop[who], nodes.stop_s[node])
            overlap = np.maximum(high - low, 0.05 * np.minimum(length, span))
            total[who] += np.log(overlap / (length * span))
            common = high > low
            start[who], stop[who] = np.where(common, low, start[who]), np.where(common, high, stop[who])
        return total

    def _count_misses(self, log_w: FloatArray, groups: Groups, numbers: IntArray, based: Groups) -> None:
        """Take from each weight the sensors that watched there and then, and did not detect.

        numbers : (n_based,) which of ``groups`` each of ``based`` and ``log_w`` is.
        """
        nodes, names = self.nodes, [*self.nodes.act_names, ""]
        x_m, y_m, time_s = self._centres(based)
        place = {name: k for k, name in enumerate(self.sensor_names)}
        width = len(place)
        own = np.full(len(groups), -1, dtype=np.int64)
        own[numbers] = np.arange(len(numbers))
        heard = distinct(own[groups.of_member] * width + self.sensor[groups.members])
        # each source of a group is asked once, in the order of its nodes
        source = nodes.source.code[based.members]
        asked = np.zeros(len(source), dtype=np.bool_)
        asked[np.unique(based.of_member * (source.max() + 1) + source, return_index=True)[1]] = True
        for k, who, _ in _turns(based):
            new = who[asked[based.offsets[who] + k]]
            first, s_of = self.act[based.first[new]], source[based.offsets[new] + k]
            for key in distinct(s_of * (len(names) + 1) + first + 1).tolist():
                s, a = divmod(key, len(names) + 1)
                mine = new[(s_of == s) & (first == a - 1)]
                mine = mine[np.argsort(time_s[mine], kind="stable")]
                x, y, t = x_m[mine], y_m[mine], time_s[mine]
                for name, watched in self._of(nodes.source.names[s], names[a - 1]).items():
                    p, _ = watched.over(x, y, t)
                    hits = np.flatnonzero(~np.isnan(p))
                    if name in place:
                        hits = hits[~_holds(heard, mine[hits] * width + place[name])]
                    log_w[mine[hits]] += np.log1p(-np.minimum(p[hits], 0.999))

    def _centres(self, based: Groups) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Weighted mean place and mean middle time of groups, each (n_groups,)."""
        nodes = self.nodes
        total, x, y, time = (np.zeros(len(based)) for _ in range(4))
        for _, who, node in _turns(based):
            weight = 1 / nodes.sd_m[node] ** 2
            total[who] += weight
            x[who] += nodes.x_m[node] * weight
            y[who] += nodes.y_m[node] * weight
            time[who] += self.middle_s[node]
        return x / total, y / total, time / based.size

    def _rates(self) -> FloatArray:
        """(n_nodes,) prior intensity at each node with a basis; NaN: none."""
        rate = np.full(len(self.nodes), np.nan)
        rows = np.flatnonzero(self.based)
        if not len(rows):
            return rate
        names = [*self.nodes.act_names, ""]
        day = self.day[rows] - self.day[rows].min()
        keys, number, count = np.unique(
            (self.act[rows] + 1) * (day.max() + 1) + day, return_inverse=True, return_counts=True
        )
        pairs = [
            (names[key // (day.max() + 1) - 1], int(key % (day.max() + 1) + self.day[rows].min()))
            for key in keys.tolist()
        ]
        found = self._intensities(dict(zip(pairs, count.astype(np.float64).tolist(), strict=True)))
        rate[rows] = np.array([found.get(pair, np.nan) for pair in pairs])[number.reshape(-1)]
        return rate

    def _intensities(self, detections: dict[tuple[str, int], float]) -> dict[tuple[str, int], float]:
        effort: dict[tuple[str, int], float] = defaultdict(float)
        clutter: dict[tuple[str, int], float] = defaultdict(float)
        acts = sorted({act for act, _ in detections})
        for (_, act), by_sensor in self.basis.items():
            for watched in by_sensor.values():
                area = np.pi * watched.radius_m**2
                for day, k, length_s in _days(watched):
                    for each in (act,) if act else acts:
                        effort[each, day] += float(watched.detection_p[k] * area[k]) * length_s
                        clutter[each, day] += float(watched.clutter_density[k] * area[k]) * length_s
        found: dict[tuple[str, int], float] = {}
        for act, day in detections:
            near = [(act, day + step) for step in (-1, 0, 1)]
            work = sum(effort.get(key, 0.0) for key in near)
            surplus = sum(detections.get(key, 0.0) - clutter.get(key, 0.0) for key in near)
            if work > 0:
                found[act, day] = max(surplus, LEAST_DETECTIONS) / work
        return found


def _turns(groups: Groups) -> Iterator[tuple[int, IntArray, IntArray]]:
    """k, the groups that have a member k, and that member of each; k from 0."""
    size = groups.size
    who = np.flatnonzero(size > 0)
    k = 0
    while len(who):
        yield k, who, groups.members[groups.offsets[who] + k]
        k += 1
        who = who[size[who] > k]


def _holds(keys: IntArray, wanted: IntArray) -> BoolArray:
    """Whether each is among sorted keys."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray(keys[at] == wanted)


def _best_acts(nodes: Nodes) -> IntArray:
    """(n,) the likeliest act of each record, the first by alphabet; −1: none is known."""
    if not nodes.act_names:
        return np.full(len(nodes), -1, dtype=np.int64)
    told = ~np.isnan(nodes.loglik)
    best = np.where(told, nodes.loglik, -np.inf).argmax(axis=1)
    return np.where(told.any(axis=1), best, -1).astype(np.int64)


def _sensors(nodes: Nodes) -> tuple[IntArray, list[str]]:
    """(n,) code of the sensor, else the look, else nothing; and their names."""
    place: dict[str, int] = {}
    by_sensor, by_look = (
        np.array([place.setdefault(name, len(place)) for name in (*words.names, "")], dtype=np.int64)
        for words in (nodes.sensor, nodes.look)
    )
    none = place[""]
    sensor = by_sensor[nodes.sensor.code]
    return np.where(sensor == none, by_look[nodes.look.code], sensor), list(place)


def _days(watched: Watched) -> list[tuple[int, int, float]]:
    """(day, row, seconds) of every window, cut at midnights UTC."""
    pieces = []
    for k, (start, stop) in enumerate(zip(watched.start_s.tolist(), watched.stop_s.tolist(), strict=True)):
        for day in range(int(start // DAY_S), int(np.ceil(stop / DAY_S))):
            pieces.append((day, k, min(stop, (day + 1) * DAY_S) - max(start, day * DAY_S)))
    return pieces
