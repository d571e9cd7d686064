"""The partition of highest weight: mutually best merges, then moves of single nodes.

Everything is done for all tracks at once. In each round every pair of tracks that is the best merge
of both is merged; such merges do not touch one another, so that the result is that of taking them
one after another. Moves of nodes from track to track are taken as independent sets in the same way.
What becomes of a node depends on the nodes that it is linked to by pairs, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from truceline.base.columns import BoolArray, distinct, group_rows
from truceline.base.threads import begin
from truceline.fusion.absorb import absorb
from truceline.fusion.tracks import (
    Evidence,
    FloatArray,
    IntArray,
    Tracks,
    gather,
    join,
    join_rows,
    log_partition_weight,
    log_weight,
    single_tracks,
    without_each,
)

Weigh = Callable[[Tracks], FloatArray]

#: rounds of merging end by themselves; this bounds them on data made to hurt
MAX_ROUNDS = 200
#: a change must gain this much, nats, so that noise of the last bit decides nothing
LEAST_GAIN = 1e-9
#: nats by which a pair as one event may be less likely than apart, and yet be looked at: others could join
#: the two, or draw one of them over. Of 200,000 records with 27 pairs each, 3 in 2,000 fare otherwise so
LEAST_LINK = -6.0
#: nats below which a lone record is no event: so many others should have seen one that two records are not
#: enough either, and no pair leads to the many that would be
HOPELESS = -10.0
#: pairs weighed at once
CHUNK = 1 << 13


def find_partition(
    evidence: Evidence, first: IntArray, second: IntArray, *, sweeps: int = 3, workers: int = 1
) -> IntArray:
    """(n,) number of each node's track, in the order of its first node.

    first, second : (n_pairs,) nodes that may be one event, first < second, each pair once. workers :
    threads; nodes that no pairs link with one another may be of different ones, which decides nothing.
    """
    n = len(evidence)
    label = np.arange(n, dtype=np.int64)
    if not len(first):
        return label
    # nodes without a neighbour stay as they are
    linked = np.zeros(n, dtype=np.bool_)
    linked[first] = True
    linked[second] = True
    rows = np.flatnonzero(linked)
    place = np.cumsum(linked) - 1
    parts = _apart(len(rows), place[first], place[second], workers)
    begun = [
        begin(partial(_roots, evidence.take(rows[own]), i, j, sweeps=sweeps), workers=workers)
        for own, i, j in parts
    ]
    for (own, _, _), roots in zip(parts, begun, strict=True):
        mine = rows[own]
        label[mine] = mine[roots()]
    return _number(label)[1]


def _apart(n: int, i: IntArray, j: IntArray, workers: int) -> list[tuple[IntArray, IntArray, IntArray]]:
    """Nodes, and pairs numbered among them, of one part for each worker; no pair leads from part to part."""
    if workers < 2:
        return [(np.arange(n), i, j)]
    graph = coo_array((np.ones(len(i), dtype=np.int8), (i, j)), shape=(n, n))
    count, component = connected_components(graph, directed=False)
    work = np.bincount(component, minlength=count) + np.bincount(component[i], minlength=count)
    part = (np.cumsum(work) - work) * workers // (n + len(i))
    part = part[component]
    place = np.empty(n, dtype=np.int64)
    found = []
    for k in np.unique(part).tolist():
        own, mine = np.flatnonzero(part == k), part[i] == k
        place[own] = np.arange(len(own))
        found.append((own, place[i[mine]], place[j[mine]]))
    return found


def _roots(evidence: Evidence, i: IntArray, j: IntArray, *, sweeps: int) -> IntArray:
    """(n,) first node of each node's track."""
    singles = single_tracks(evidence)
    gain = _merge_gain(singles, log_partition_weight(singles), i, j)
    hopeless = log_weight(singles) < HOPELESS
    near = np.flatnonzero((gain > LEAST_LINK) | (hopeless[i] & hopeless[j]))
    i, j = i[near], j[near]
    own = agglomerate(singles, evidence.exclusive, i, j, gain[near])
    if hopeless.any():
        own = _agree(singles, evidence.exclusive, own, i, j, hopeless)
    own = _sweep(singles, evidence.exclusive, own, i, j, sweeps=sweeps)
    return absorb(singles, own, i, j)


def _number(label: IntArray) -> tuple[IntArray, IntArray]:
    """Tracks' first nodes, and the number of each node's track, where labels are first nodes."""
    first = label == np.arange(len(label))
    return np.flatnonzero(first), (np.cumsum(first) - 1)[label]


def agglomerate(
    singles: Tracks,
    exclusive: IntArray,
    first: IntArray,
    second: IntArray,
    gain: FloatArray,
    *,
    weigh: Weigh = log_partition_weight,
) -> IntArray:
    """(n,) root of each node: the first node of its track. gain : (n_pairs,) of joining each pair alone."""
    n = len(singles)
    tracks, weight = singles.copy(), weigh(singles)
    label = np.arange(n, dtype=np.int64)
    u, v = first, second
    barred = (exclusive[u] >= 0) & (exclusive[u] == exclusive[v])
    gain = np.where(barred, -np.inf, gain)
    for _ in range(MAX_ROUNDS):
        chosen = _mutually_best(u, v, gain, n)
        if not len(chosen):
            break
        allowed = _allowed(label, exclusive, u[chosen], v[chosen])
        barred[chosen[~allowed]] = True
        gain[chosen[~allowed]] = -np.inf
        chosen = chosen[allowed]
        if not len(chosen):
            continue
        low, high = u[chosen], v[chosen]
        merged = join_rows(tracks, low, high)
        tracks.put(low, merged)
        weight[low] = weigh(merged)
        step = np.arange(n, dtype=np.int64)
        step[high] = low
        label = step[label]
        touched = np.zeros(n, dtype=np.bool_)
        touched[low] = True
        touched[high] = True
        changed = touched[u] | touched[v]
        a, b, bar = _fold(step[u[changed]], step[v[changed]], barred[changed], n)
        kept = ~changed
        u, v = np.concatenate([u[kept], a]), np.concatenate([v[kept], b])
        barred = np.concatenate([barred[kept], bar])
        fresh = np.where(bar, -np.inf, _merge_gain(tracks, weight, a, b, weigh))
        gain = np.concatenate([gain[kept], fresh])
    return label


def _merge_gain(
    tracks: Tracks, weight: FloatArray, u: IntArray, v: IntArray, weigh: Weigh = log_partition_weight
) -> FloatArray:
    gain = np.empty(len(u))
    # some at a time, so that what is made on the way stays in the processor's cache
    for start in range(0, len(u), CHUNK):
        some = slice(start, start + CHUNK)
        a, b = u[some], v[some]
        gain[some] = weigh(join_rows(tracks, a, b)) - weight[a] - weight[b]
    return gain


def _agree(
    singles: Tracks, exclusive: IntArray, own: IntArray, i: IntArray, j: IntArray, hopeless: BoolArray
) -> IntArray:
    """(n,) roots, with hopeless records that stayed alone joined where all of them together are likelier.

    They are joined as if each were an event, which no clutter explains away; what is better so stays.
    """
    lone = hopeless & (np.bincount(own, minlength=len(own))[own] == 1)
    pair = np.flatnonzero(lone[i] & lone[j])
    if not len(pair):
        return own
    rows = np.flatnonzero(lone)
    place = np.cumsum(lone) - 1
    some, a, b = singles.take(rows), place[i[pair]], place[j[pair]]
    gain = _merge_gain(some, log_weight(some), a, b, log_weight)
    _, number = _number(agglomerate(some, exclusive[rows], a, b, gain, weigh=log_weight))
    groups = group_rows(number, int(number.max()) + 1)
    apart = np.bincount(number, weights=log_partition_weight(some))
    better = log_partition_weight(gather(some, groups)) > apart + LEAST_GAIN
    found = own.copy()
    joined = better[number]
    found[rows[joined]] = rows[groups.first[number[joined]]]
    return found


def _mutually_best(u: IntArray, v: IntArray, gain: FloatArray, n: int) -> IntArray:
    """Pairs that are the best of both; of equals the first by number."""
    good = np.flatnonzero(gain > LEAST_GAIN)
    if not len(good):
        return good
    a, b, g = u[good], v[good], gain[good]
    best = np.zeros(n)
    np.maximum.at(best, a, g)
    np.maximum.at(best, b, g)
    top = (best[a] == g) & (best[b] == g)
    good, a, b = good[top], a[top], b[top]
    key = a * n + b
    least = np.full(n, n * n, dtype=np.int64)
    np.minimum.at(least, a, key)
    np.minimum.at(least, b, key)
    return np.asarray(good[(least[a] == key) & (least[b] == key)])


def _allowed(label: IntArray, exclusive: IntArray, u: IntArray, v: IntArray) -> BoolArray:
    """Whether no sensor and look stands in both tracks of each pair."""
    n, count = len(label), len(u)
    pair = np.full(n, -1, dtype=np.int64)
    pair[u] = np.arange(count)
    pair[v] = np.arange(count)
    of = pair[label]
    rows = np.flatnonzero((of >= 0) & (exclusive >= 0))
    key = np.sort(of[rows] * (int(exclusive.max()) + 1) + exclusive[rows])
    twice = key[1:][key[1:] == key[:-1]] // (int(exclusive.max()) + 1)
    allowed = np.ones(count, dtype=np.bool_)
    allowed[twice] = False
    return allowed


def _fold(u: IntArray, v: IntArray, barred: BoolArray, n: int) -> tuple[IntArray, IntArray, BoolArray]:
    """Pairs of tracks once each; barred where any of them was."""
    apart = u != v
    low, high = np.minimum(u, v)[apart], np.maximum(u, v)[apart]
    if not len(low):
        return low, high, barred[apart]
    key = (low * n + high) * 2 + barred[apart]
    key = np.sort(key)
    last = np.concatenate([key[1:] // 2 != key[:-1] // 2, [True]])
    key = key[last]
    return key // 2 // n, key // 2 % n, (key % 2).astype(np.bool_)


def _sweep(
    singles: Tracks, exclusive: IntArray, label: IntArray, first: IntArray, second: IntArray, *, sweeps: int
) -> IntArray:
    """Sweeps of moves, each but the first of those tracks alone where the last left anything to gain.

    A move's gain depends on the two tracks that it touches; so where none of them was touched by a move
    with a gain, nothing is to be found again.
    """
    rows = np.arange(len(label), dtype=np.int64)
    u, v, part, codes = first, second, singles, exclusive
    for _ in range(sweeps):
        place = np.full(len(label), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        moved, restless = move(part, codes, place[label[rows]], place[u], place[v])
        if moved is None:
            break
        label = label.copy()
        label[rows] = rows[moved]
        near = np.zeros(len(label), dtype=np.bool_)
        near[rows[restless]] = True
        reached = near.copy()
        reached[first[near[second]]] = True
        reached[second[near[first]]] = True
        kept = np.zeros(len(label), dtype=np.bool_)
        kept[label[reached]] = True
        kept = kept[label]
        rows = np.flatnonzero(kept)
        inside = kept[first] & kept[second]
        u, v = first[inside], second[inside]
        part, codes = singles.take(rows), exclusive[rows]
    return label


def move(
    singles: Tracks, exclusive: IntArray, label: IntArray, first: IntArray, second: IntArray
) -> tuple[IntArray | None, BoolArray]:
    """One sweep of moves of single nodes; None where none gains. Also nodes of tracks that any might change.

    A node may go to the track of any node that it is paired with, or be by itself. Its best move is
    taken where it is the best of both tracks that it touches.
    """
    n = len(label)
    roots, own = _number(label)
    groups = group_rows(own, len(roots))
    tracks = gather(singles, groups)
    weight = log_partition_weight(tracks)
    several = groups.size[own] > 1
    # (1) where each node of several may go; its own track's number stands for going alone
    apart = own[first] != own[second]
    keys = []
    for a, b in ((first, second), (second, first)):
        kept = np.flatnonzero(apart & several[a])
        keys.append(a[kept] * len(roots) + own[b[kept]])
    key = distinct(np.concatenate(keys))
    node = key // len(roots)
    target = key - node * len(roots)
    free = ~_holds(own, exclusive, target, node)
    node, target = node[free], target[free]
    # (2) what leaving gains, and what arriving gains
    leaver = np.flatnonzero(several)
    rest = without_each(singles, groups, tracks, own, leaver)
    alone = log_partition_weight(singles.take(leaver))
    leave = np.full(n, -np.inf)
    leave[leaver] = log_partition_weight(rest) - weight[own[leaver]]
    arrive = np.empty(len(node))
    for low in range(0, len(node), CHUNK):
        some = slice(low, low + CHUNK)
        joined = join(tracks.take(target[some]), singles.take(node[some]))
        arrive[some] = log_partition_weight(joined) - weight[target[some]]
    node = np.concatenate([node, leaver])
    gain = leave[node] + np.concatenate([arrive, alone])
    # by itself: a track of its own
    target = np.concatenate([target, len(roots) + np.arange(len(leaver))])
    taken = _mutually_best(own[node], target, gain, len(roots) + len(leaver))
    restless = np.zeros(len(roots) + len(leaver), dtype=np.bool_)
    gains = gain > LEAST_GAIN
    restless[own[node[gains]]] = True
    restless[target[gains]] = True
    if not len(taken):
        return None, restless[own]
    moved = own.copy()
    moved[node[taken]] = target[taken]
    start = np.full(len(roots) + len(leaver), n, dtype=np.int64)
    np.minimum.at(start, moved, np.arange(n))
    return np.asarray(start[moved]), restless[own]


def _holds(own: IntArray, exclusive: IntArray, target: IntArray, node: IntArray) -> BoolArray:
    """Whether the target track has a detection of the node's sensor and look already."""
    width = int(exclusive.max()) + 1
    if width <= 0:
        return np.zeros(len(node), dtype=np.bool_)
    some = exclusive >= 0
    keys = np.sort(own[some] * width + exclusive[some])
    wanted = target * width + exclusive[node]
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray((exclusive[node] >= 0) & (keys[at] == wanted))
