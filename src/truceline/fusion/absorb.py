"""Reports that may be of any of several events, and of none of them for sure.

Where many events lie within what a report says of its place and time, no single one of them outweighs
the report's being of an event of its own; all of them together do. Such a report goes to the likeliest
of them: its own track would most probably tell of an event a second time.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from truceline.base.columns import distinct, group_rows
from truceline.fusion.tracks import FloatArray, IntArray, Tracks, gather, join, log_weight

#: a report is taken in where the events near explain it so much better than clutter
LEAST_SHARE = 1.0
#: pairs weighed at once
CHUNK = 1 << 12


def absorb(singles: Tracks, label: IntArray, first: IntArray, second: IntArray) -> IntArray:
    """Labels with lone reports taken into tracks of sensors.

    label : (n,) first node of each node's track. first, second : (n_pairs,) as for the partition. For a
    report z and tracks T of weights w, S = Σ_T w(T ∪ z) / (1 + w(T)) weighs its being of one of them,
    against w(z) of its own event and 1 of clutter; it is taken in where S > max(w(z), 1).
    """
    n = len(label)
    report = singles.false > -np.inf
    size = np.bincount(label, minlength=n)
    hard = np.bincount(label[~report], minlength=n) > 0
    lone = report & (size[label] == 1)
    keys = []
    for node, other in ((first, second), (second, first)):
        kept = np.flatnonzero(lone[node])
        to = label[other[kept]]
        told = hard[to]
        keys.append(node[kept[told]] * n + to[told])
    key = distinct(np.concatenate(keys))
    if not len(key):
        return label
    node = key // n
    root = key - node * n
    roots, place = np.unique(root, return_inverse=True)
    place = place.reshape(-1)
    number = np.full(n, -1, dtype=np.int64)
    number[roots] = np.arange(len(roots))
    members = np.flatnonzero(number[label] >= 0)
    inner = group_rows(number[label[members]], len(roots))
    tracks = gather(singles.take(members), inner)
    weight = log_weight(tracks)
    gain = _gains(singles, tracks, weight, node, place)
    # the likeliest track of each report, and all together
    order = np.lexsort((root, -gain, node))
    lead = np.concatenate([[True], node[order][1:] != node[order][:-1]])
    who, to = node[order][lead], root[order][lead]
    together = np.bincount(node, weights=np.exp(np.minimum(gain, 50.0)), minlength=n)[who]
    alone = np.exp(np.minimum(log_weight(singles.take(who)), 50.0))
    taken = together > np.maximum(alone, LEAST_SHARE)
    found = label.copy()
    found[who[taken]] = to[taken]
    start = np.full(n, n, dtype=np.int64)
    np.minimum.at(start, found, np.arange(n))
    return np.asarray(start[found])


def _gains(
    singles: Tracks, tracks: Tracks, weight: FloatArray, node: IntArray, place: IntArray
) -> FloatArray:
    """(n_pairs,) log of w(T ∪ z) / (1 + w(T))."""
    parts = []
    for k in range(0, len(node), CHUNK):
        rows, at = node[k : k + CHUNK], place[k : k + CHUNK]
        both = log_weight(join(tracks.take(at), singles.take(rows)))
        parts.append(both - weight[at] + np.log(np.maximum(expit(weight[at]), 1e-30)))
    return np.concatenate(parts)
