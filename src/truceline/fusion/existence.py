"""Probability that a group of detections is no clutter; only where that was measured or declared."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.base.geodesy import LocalFrame
from truceline.fusion.nodes import Nodes
from truceline.schema.table import Table, records

FloatArray = npt.NDArray[np.float64]

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

    def at(self, x_m: float, y_m: float, time_s: float) -> tuple[float, float] | None:
        """Detection probability and clutter density there and then; None: not watched."""
        last = int(np.searchsorted(self.start_s, time_s, side="right"))
        near = (self.stop_s[:last] > time_s) & (
            (self.x_m[:last] - x_m) ** 2 + (self.y_m[:last] - y_m) ** 2 <= self.radius_m[:last] ** 2
        )
        hits = np.flatnonzero(near)
        if not len(hits):
            return None
        k = int(hits[-1])
        return float(self.detection_p[k]), float(self.clutter_density[k])


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
        self.watch: dict[int, tuple[float, float]] = {}
        for node in range(len(nodes)) if basis else ():
            seen = self._watch_of(node)
            if seen is not None:
                self.watch[node] = seen
        self.intensity = self._intensities()

    def probability(self, group: list[int]) -> float | None:
        """Existence of a group of nodes; None where no detection of it has a basis."""
        based = [node for node in group if node in self.watch]
        if not based:
            return None
        nodes = self.nodes
        source = [nodes.row(node)["source_id"] for node in based]
        act = self._act(based[0])
        day = int(self.middle_s[based[0]] // DAY_S)
        rate = self.intensity.get((act, day))
        if not rate:
            return None
        log_w = np.log(rate) + self._log_spread(based)
        for node in based:
            p, clutter = self.watch[node]
            if clutter <= 0:
                return 1.0
            log_w += np.log(p) - np.log(clutter)
        weight = 1 / nodes.sd_m[based] ** 2
        x_m, y_m = np.average(nodes.x_m[based], weights=weight), np.average(nodes.y_m[based], weights=weight)
        time_s = float(np.mean(self.middle_s[based]))
        heard = {self._sensor(node) for node in group}
        for name in dict.fromkeys(source):
            for sensor, watched in self._of(name, act).items():
                missed = watched.at(float(x_m), float(y_m), time_s) if sensor not in heard else None
                if missed is not None:
                    log_w += np.log1p(-min(missed[0], 0.999))
        return float(1 / (1 + np.exp(-log_w)))

    def _of(self, source: str, act: str) -> dict[str, Watched]:
        return self.basis.get((source, act)) or self.basis.get((source, ""), {})

    def _act(self, node: int) -> str:
        acts: dict[str, float] = self.nodes.row(node)["acts"]
        return max(sorted(acts), key=lambda act: acts[act]) if acts else ""

    def _sensor(self, node: int) -> str:
        row = self.nodes.row(node)
        return row["sensor_id"] or row["look_id"] or ""

    def _watch_of(self, node: int) -> tuple[float, float] | None:
        watched = self._of(self.nodes.row(node)["source_id"], self._act(node)).get(self._sensor(node))
        if watched is None or not np.isfinite(self.nodes.x_m[node]):
            return None
        return watched.at(
            float(self.nodes.x_m[node]), float(self.nodes.y_m[node]), float(self.middle_s[node])
        )

    def _log_spread(self, based: list[int]) -> float:
        """log ∫ Π f_i(z_i|u) du: Gaussian places, times uniform in their intervals."""
        nodes = self.nodes
        x, y, variance = nodes.x_m[based[0]], nodes.y_m[based[0]], nodes.sd_m[based[0]] ** 2
        start, stop = nodes.start_s[based[0]], nodes.stop_s[based[0]]
        total = 0.0
        for node in based[1:]:
            own = nodes.sd_m[node] ** 2
            both = variance + own
            square = (nodes.x_m[node] - x) ** 2 + (nodes.y_m[node] - y) ** 2
            total += -0.5 * square / both - np.log(2 * np.pi * both)
            share = own / both
            x, y = x * share + nodes.x_m[node] * (1 - share), y * share + nodes.y_m[node] * (1 - share)
            variance = variance * share
            length = nodes.stop_s[node] - nodes.start_s[node]
            low, high = max(start, nodes.start_s[node]), min(stop, nodes.stop_s[node])
            overlap = max(high - low, 0.05 * min(length, stop - start))
            total += float(np.log(overlap / (length * (stop - start))))
            start, stop = (low, high) if high > low else (start, stop)
        return float(total)

    def _intensities(self) -> dict[tuple[str, int], float]:
        detections: dict[tuple[str, int], float] = defaultdict(float)
        for node in self.watch:
            detections[self._act(node), int(self.middle_s[node] // DAY_S)] += 1
        if not detections:
            return {}
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


def _days(watched: Watched) -> list[tuple[int, int, float]]:
    """(day, row, seconds) of every window, cut at midnights UTC."""
    pieces = []
    for k, (start, stop) in enumerate(zip(watched.start_s.tolist(), watched.stop_s.tolist(), strict=True)):
        for day in range(int(start // DAY_S), int(np.ceil(stop / DAY_S))):
            pieces.append((day, k, min(stop, (day + 1) * DAY_S) - max(start, day * DAY_S)))
    return pieces
