"""Which nodes may be one incident, and how well each two of them fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: nodes are searched by how long their interval is, seconds, so that a date-only report does not
#: widen the search of shots timed to seconds
LENGTH_CLASSES_S = (120.0, 2 * 3600.0, 9 * 3600.0, 36 * 3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Limits within which two nodes may be one incident."""

    distance_sd: float = 2.5  #: distance over its combined standard deviation
    distance_m: float = 10_000.0  #: and no farther than this
    gap_s: float = 60.0  #: between intervals of two well-timed records
    well_timed_s: float = 3600.0  #: longer intervals must truly overlap


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What gating needs of each unit: (n,) arrays."""

    x_m: FloatArray
    y_m: FloatArray
    sd_m: FloatArray
    start_s: FloatArray
    stop_s: FloatArray
    acts: IntArray
    sensor: IntArray
    look: IntArray


def gated_pairs(points: Points, gate: Gate) -> tuple[IntArray, IntArray, FloatArray]:
    """All pairs i < j that may be one incident, best fit first.

    fit : (n_pairs,) log of p(both | one incident) over the product of p(each | its own), without the
    constant of the intensity: Gaussian places, times uniform within their intervals.

    A pair with the same look, or with the same sensor and no look, is never one incident: a sensor
    detects an event at most once a look.
    """
    found = [_filter(points, gate, *pair) for pair in _near(points, gate) if len(pair[0])]
    if not found:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0)
    i = np.concatenate([part[0] for part in found])
    j = np.concatenate([part[1] for part in found])
    fit = np.concatenate([part[2] for part in found])
    order = np.lexsort((j, i, -fit))
    return i[order], j[order], fit[order]


def _near(points: Points, gate: Gate) -> list[tuple[IntArray, IntArray]]:
    """Pairs close enough in place and middle time to be looked at, by classes of length."""
    length_s = points.stop_s - points.start_s
    middle_s = (points.start_s + points.stop_s) / 2
    known = np.isfinite(points.x_m)
    kind = np.searchsorted(np.array(LENGTH_CLASSES_S), length_s)
    classes = [np.flatnonzero(known & (kind == k)) for k in range(len(LENGTH_CLASSES_S) + 1)]
    longest_s = [float(length_s[members].max()) if len(members) else 0.0 for members in classes]
    # a class never needs to look farther than its own uncertainties allow
    reach_m = [
        min(gate.distance_m, gate.distance_sd * float(np.sqrt(2)) * float(points.sd_m[members].max()))
        if len(members)
        else 0.0
        for members in classes
    ]
    pairs = []
    for a, first in enumerate(classes):
        for b in range(a, len(classes)):
            second = classes[b]
            if not len(first) or not len(second):
                continue
            scale_s = (longest_s[a] + longest_s[b]) / 2 + gate.gap_s
            scale_m = max(reach_m[a], reach_m[b])
            near = [
                cKDTree(
                    np.column_stack([points.x_m[m] / scale_m, points.y_m[m] / scale_m, middle_s[m] / scale_s])
                )
                for m in ((first,) if a == b else (first, second))
            ]
            if a == b:
                found = near[0].query_pairs(1.0, p=np.inf, output_type="ndarray")
                i, j = first[found[:, 0]], first[found[:, 1]]
            else:
                both = near[0].sparse_distance_matrix(near[1], 1.0, p=np.inf, output_type="ndarray")
                i, j = first[both["i"]], second[both["j"]]
            pairs.append((np.minimum(i, j), np.maximum(i, j)))
    return pairs


def _filter(points: Points, gate: Gate, i: IntArray, j: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    variance = points.sd_m[i] ** 2 + points.sd_m[j] ** 2
    square = (points.x_m[i] - points.x_m[j]) ** 2 + (points.y_m[i] - points.y_m[j]) ** 2
    overlap_s = np.minimum(points.stop_s[i], points.stop_s[j]) - np.maximum(
        points.start_s[i], points.start_s[j]
    )
    length_i, length_j = points.stop_s[i] - points.start_s[i], points.stop_s[j] - points.start_s[j]
    longest_s, shortest_s = np.maximum(length_i, length_j), np.minimum(length_i, length_j)
    least_s = np.where(longest_s <= gate.well_timed_s, -gate.gap_s, 1e-9)
    acts = (points.acts[i] & points.acts[j] != 0) | (points.acts[i] == 0) | (points.acts[j] == 0)
    same_look = (points.look[i] >= 0) & (points.look[i] == points.look[j])
    bare = (points.look[i] < 0) & (points.look[j] < 0)
    same_sensor = (points.sensor[i] >= 0) & (points.sensor[i] == points.sensor[j]) & bare
    keep = (
        (square <= gate.distance_m**2)
        & (square <= gate.distance_sd**2 * variance)
        & (overlap_s >= least_s)
        & acts
        & ~same_look
        & ~same_sensor
    )
    share_s = np.clip(overlap_s, 0.05 * shortest_s, None)
    fit = -0.5 * square / variance - np.log(2 * np.pi * variance) + np.log(share_s / (length_i * length_j))
    return i[keep], j[keep], fit[keep]
