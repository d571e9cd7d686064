"""What the strength of a detection and its count of rounds tell of whether anything happened.

For each source, and each act that its records name, values are cut into classes of about equal number;
having none is a class too. How true detections are spread over the classes is seen from those that
another source bears out; how clutter is, from the rest, of which each is clutter by what all else says
of it (expectation and maximisation, Dempster, Laird & Rubin 1977). The ratio of the two weighs a
detection. It is 1 where there is little to learn it from, and no mark alone makes or unmakes an event.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from truceline.base.columns import BoolArray
from truceline.fusion.nodes import FloatArray, IntArray, Nodes

#: classes of a mark's values, beside having none
N_CLASSES = 10
#: counts by which both spreads are held to that of all
TRUST = 10.0
#: nats that one mark's ratio comes to at most
MOST_RATIO = 2.5
#: a record whose likeliest act is no likelier than this against the next, in nats, names none
LEAST_LEAD = 1.0
ROUNDS = 15


def weigh_marks(
    nodes: Nodes, loglik: FloatArray, *, rows: IntArray, log_odds: FloatArray, borne: BoolArray
) -> FloatArray:
    """(n,) log of how much oftener true detections than clutter bear each node's marks.

    rows : nodes that are weighed; others have 0. log_odds : (n_rows,) that each is no clutter, by all
    but its marks. borne : (n_rows,) whether another source detected the same. loglik : (n, n_acts).
    """
    found = np.zeros(len(nodes))
    kind = nodes.source.code[rows] * (loglik.shape[1] + 1) + _act(loglik[rows])
    total = np.zeros(len(rows))
    for mark in nodes.marks:
        ratio = np.zeros(len(rows))
        for number in np.unique(kind).tolist():
            mine = np.flatnonzero(kind == number)
            value = mark[rows[mine]]
            if not np.isfinite(value).any():
                continue
            of_class = _ratios(_classes(value), log_odds[mine] + total[mine], borne[mine])
            ratio[mine] = of_class
        total += ratio
    found[rows] = total
    return found


def _act(loglik: FloatArray) -> IntArray:
    """(n,) act that each record names; 0: none."""
    if loglik.shape[1] == 1:
        return np.ones(len(loglik), dtype=np.int64)
    order = np.sort(loglik, axis=1)
    return np.where(order[:, -1] - order[:, -2] >= LEAST_LEAD, loglik.argmax(axis=1) + 1, 0)


def _classes(value: FloatArray) -> IntArray:
    """(n,) class of each value; 0: none is told."""
    told = np.isfinite(value)
    edges = np.unique(np.quantile(value[told], np.arange(1, N_CLASSES) / N_CLASSES))
    return np.where(told, 1 + np.searchsorted(edges, np.where(told, value, 0.0), side="right"), 0)


def _ratios(number: IntArray, log_odds: FloatArray, borne: BoolArray) -> FloatArray:
    """(n,) log-ratio of each record's class."""
    n = int(number.max()) + 1
    every = np.bincount(number, minlength=n) / len(number)
    sure = expit(log_odds) * borne
    true = _spread(number, sure, every)
    ratio = np.zeros(n)
    for _ in range(ROUNDS):
        clutter = (1 - expit(log_odds + ratio[number])) * ~borne
        ratio = np.clip(np.log(true / _spread(number, clutter, every)), -MOST_RATIO, MOST_RATIO)
    return ratio[number]


def _spread(number: IntArray, weight: FloatArray, every: FloatArray) -> FloatArray:
    """(n_classes,) shares, held to those of all."""
    count = np.bincount(number, weights=weight, minlength=len(every)) + TRUST * every
    # a class without records is never asked for
    return np.asarray(np.maximum(count, 1e-9) / count.sum())
