"""Tracks: sufficient statistics of groups of nodes, and their weights in the mixture.

For a group C of nodes the weight of the hypothesis that all of it is one event, against the
hypothesis that each of it is clutter, is

    w(C) = ∫ λ(u) Π_{i∈C} p_i f_i(z_i|u) Π_{s∉C} (1 − p_s(u)) du / Π_{i∈C} φ_i(z_i)

(García-Fernández et al. 2018, Poisson multi-Bernoulli mixture). Places are Gaussian, times uniform
within their intervals, acts finite; the intensity λ and the missed detections Π (1 − p_s) are taken
at the group's sharpest node (its anchor). All of it is then sums, extremes and one anchor over the
nodes, so that tracks are merged, and nodes moved, by arithmetic on arrays of tracks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from truceline.base.columns import Groups

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: a time that falls beside an interval by one tolerance costs one nat beyond this
BESIDE_LOGLIK = float(np.log(0.05))
#: nats by which fire draws fire: what λ leaves out of a track's own events, so that two events near each
#: other are no likelier one. Chosen on development seeds: among merges that gain as much, half are right
EXCITED = 1.5
LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the mixture needs of each node: parallel arrays, in canonical order.

    x_m, y_m : (n,) place in the frame. p_xx, p_xy, p_yy : (n,) its precision matrix, m⁻².
    start_s, stop_s : (n,) interval of its time. tolerance_s : (n,) how far its clock may be off.
    log_vote : (n, n_acts) log-likelihood of the record given each act, plus log p/(1 − p) of its
    source there. log_clutter : (n,) log φ, m⁻² s⁻¹. log_prior : (n, n_acts) log of λ(u) Π_s (1 − p_s(u))
    there and then, m⁻² s⁻¹. log_false : (n,) log intensity of staged events that the node's source
    tells of, −∞ where it cannot (sensors). exclusive : (n,) code of sensor and look, of which an
    event has one at most; −1: any number.
    """

    x_m: FloatArray
    y_m: FloatArray
    p_xx: FloatArray
    p_xy: FloatArray
    p_yy: FloatArray
    start_s: FloatArray
    stop_s: FloatArray
    tolerance_s: FloatArray
    log_vote: FloatArray
    log_clutter: FloatArray
    log_prior: FloatArray
    log_false: FloatArray
    exclusive: IntArray

    def __len__(self) -> int:
        return len(self.x_m)

    def take(self, rows: IntArray) -> Evidence:
        """The same of some nodes."""
        return Evidence(**{name: getattr(self, name)[rows] for name in Evidence.__slots__})


#: columns of ``Tracks.sums``
P_XX, P_XY, P_YY, H_X, H_Y, Q, S = range(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Groups of nodes as arrays.

    sums : (7, n) precision matrix (three entries), precision times place (two), its square, and the
    log-factors that do not depend on the event. start_s, stop_s : latest start and earliest stop.
    shortest_s, tolerance_s : shortest interval, largest tolerance. blur : log area times time of the
    sharpest node; prior, false : that node's. vote : (n, n_acts). size : (n,) number of nodes.
    """

    sums: FloatArray
    start_s: FloatArray
    stop_s: FloatArray
    shortest_s: FloatArray
    tolerance_s: FloatArray
    blur: FloatArray
    prior: FloatArray
    false: FloatArray
    vote: FloatArray
    size: IntArray

    def __len__(self) -> int:
        return len(self.size)

    def take(self, rows: IntArray) -> Tracks:
        """The same of some tracks."""
        return Tracks(
            sums=self.sums.take(rows, axis=1),
            **{name: getattr(self, name).take(rows, axis=0) for name in Tracks.__slots__ if name != "sums"},
        )

    def put(self, rows: IntArray, other: Tracks) -> None:
        """Overwrite some tracks in place."""
        self.sums[:, rows] = other.sums
        for name in Tracks.__slots__[1:]:
            getattr(self, name)[rows] = getattr(other, name)

    def copy(self) -> Tracks:
        """Arrays of its own."""
        return Tracks(**{name: getattr(self, name).copy() for name in Tracks.__slots__})


def single_tracks(evidence: Evidence) -> Tracks:
    """Each node as a track of its own."""
    e = evidence
    h_x = e.p_xx * e.x_m + e.p_xy * e.y_m
    h_y = e.p_xy * e.x_m + e.p_yy * e.y_m
    length = e.stop_s - e.start_s
    half_log_det = LOG_2PI - 0.5 * np.log(e.p_xx * e.p_yy - e.p_xy**2)
    log_length = np.log(length)
    factors = -e.log_clutter - half_log_det - log_length
    return Tracks(
        sums=np.stack([e.p_xx, e.p_xy, e.p_yy, h_x, h_y, e.x_m * h_x + e.y_m * h_y, factors]),
        start_s=e.start_s.copy(),
        stop_s=e.stop_s.copy(),
        shortest_s=length,
        tolerance_s=e.tolerance_s.copy(),
        blur=half_log_det + log_length,
        prior=e.log_prior.copy(),
        false=e.log_false.copy(),
        vote=e.log_vote.copy(),
        size=np.ones(len(e), dtype=np.int64),
    )


def join(a: Tracks, b: Tracks) -> Tracks:
    """Tracks pair by pair as one."""
    sharper = b.blur < a.blur
    return Tracks(
        sums=a.sums + b.sums,
        start_s=np.maximum(a.start_s, b.start_s),
        stop_s=np.minimum(a.stop_s, b.stop_s),
        shortest_s=np.minimum(a.shortest_s, b.shortest_s),
        tolerance_s=np.maximum(a.tolerance_s, b.tolerance_s),
        blur=np.minimum(a.blur, b.blur),
        prior=np.where(sharper[:, None], b.prior, a.prior),
        # a track is staged only where all of it may be
        false=np.where(np.minimum(a.false, b.false) > -np.inf, np.maximum(a.false, b.false), -np.inf),
        vote=a.vote + b.vote,
        size=a.size + b.size,
    )


def join_rows(tracks: Tracks, i: IntArray, j: IntArray) -> Tracks:
    """``join(tracks.take(i), tracks.take(j))``, with less that is made on the way."""

    def both(name: str, meet: np.ufunc) -> FloatArray:
        values = getattr(tracks, name)
        found = values.take(i, axis=0)
        return np.asarray(meet(found, values.take(j, axis=0), out=found))

    sums, blur, blur_j = tracks.sums.take(i, axis=1), tracks.blur.take(i), tracks.blur.take(j)
    sums += tracks.sums.take(j, axis=1)
    false, false_j = tracks.false.take(i), tracks.false.take(j)
    return Tracks(
        sums=sums,
        start_s=both("start_s", np.maximum),
        stop_s=both("stop_s", np.minimum),
        shortest_s=both("shortest_s", np.minimum),
        tolerance_s=both("tolerance_s", np.maximum),
        blur=np.minimum(blur, blur_j),
        prior=tracks.prior.take(np.where(blur_j < blur, j, i), axis=0),
        false=np.where(np.minimum(false, false_j) > -np.inf, np.maximum(false, false_j), -np.inf),
        vote=both("vote", np.add),
        size=tracks.size.take(i) + tracks.size.take(j),
    )


def gather(singles: Tracks, groups: Groups) -> Tracks:
    """The tracks of groups of nodes, none of them empty."""
    at, node = groups.offsets[:-1], groups.members
    if len(groups) == len(node):
        return singles.take(node)
    # the first of the sharpest: nodes are in canonical order
    anchor = node[first_least(singles.blur[node], groups)]
    false = singles.false[node]
    return Tracks(
        sums=np.add.reduceat(singles.sums[:, node], at, axis=1),
        start_s=np.maximum.reduceat(singles.start_s[node], at),
        stop_s=np.minimum.reduceat(singles.stop_s[node], at),
        shortest_s=np.minimum.reduceat(singles.shortest_s[node], at),
        tolerance_s=np.maximum.reduceat(singles.tolerance_s[node], at),
        blur=singles.blur[anchor],
        prior=singles.prior[anchor],
        false=np.where(np.minimum.reduceat(false, at) > -np.inf, np.maximum.reduceat(false, at), -np.inf),
        vote=np.add.reduceat(singles.vote[node], at, axis=0),
        size=groups.size,
    )


def first_least(value: FloatArray, groups: Groups) -> IntArray:
    """(n_groups,) the first place among ``groups.members`` of each group's least value. value : (n_members,)."""
    at = groups.of_member
    place = np.flatnonzero(value == np.minimum.reduceat(value, groups.offsets[:-1])[at])
    own = at[place]
    return np.asarray(place[np.concatenate([[True], own[1:] != own[:-1]])])


def log_spread(tracks: Tracks) -> FloatArray:
    """(n,) log ∫ Π f_i(z_i|u) du / Π φ_i over place and time, without acts and prior."""
    p_xx, p_xy, p_yy, h_x, h_y, q, s = tracks.sums
    det = p_xx * p_yy - p_xy * p_xy
    square = q - (p_yy * h_x * h_x - 2 * p_xy * h_x * h_y + p_xx * h_y * h_y) / det
    common = tracks.stop_s - tracks.start_s
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.log(common)
    beside = np.log(tracks.shortest_s) + BESIDE_LOGLIK + np.minimum(common, 0) / tracks.tolerance_s
    # the larger of the two: an interval that only just overlaps is no worse than one beside it
    time = np.where(common > 0, np.fmax(inside, beside), beside)
    alone = tracks.size == 1
    return np.asarray(
        s + LOG_2PI - 0.5 * np.log(det) - np.where(alone, 0.0, 0.5 * np.maximum(square, 0)) + time
    )


def log_sum(values: FloatArray) -> FloatArray:
    """log Σ exp over the last axis, which is short; one term of each row is finite."""
    if values.shape[-1] == 1:
        return values[..., 0]
    peak = most(values)
    total = np.exp(values[..., 0] - peak)
    for k in range(1, values.shape[-1]):
        total += np.exp(values[..., k] - peak)
    np.log(total, out=total)
    total += peak
    return total


def most(values: FloatArray) -> FloatArray:
    """The largest over the last axis, which is short: column by column, for rows are slow."""
    found = values[..., 0]
    for k in range(1, values.shape[-1]):
        found = np.maximum(found, values[..., k])
    return found


def log_weight(tracks: Tracks) -> FloatArray:
    """(n,) log w: all one true event against all clutter."""
    return log_spread(tracks) + log_sum(tracks.prior + tracks.vote)


def log_partition_weight(tracks: Tracks) -> FloatArray:
    """(n,) log of what the track multiplies its partition's weight with.

    A single node may be clutter, 1 + w; several may be a staged event that reports tell of, where
    nothing else tells of it: its acts are as the reports have them, and nobody missed it. Each node beyond
    the first might have been an event that this one drew, of which λ, its own tracks left out, knows nothing.
    """
    value = log_sum(tracks.prior + tracks.vote)
    some = np.flatnonzero(tracks.false > -np.inf)
    if len(some):
        staged = tracks.false[some] + most(tracks.vote[some])
        value[some] = np.logaddexp(value[some], staged)
    value += log_spread(tracks)
    value -= EXCITED * (tracks.size - 1)
    alone = np.flatnonzero(tracks.size == 1)
    if len(alone):
        value[alone] = np.logaddexp(0, value[alone])
    return value


def without_each(singles: Tracks, groups: Groups, tracks: Tracks, own: IntArray, leaver: IntArray) -> Tracks:
    """The track of each leaver without it; it has others. own : (n,) number of each node's group."""
    c = own[leaver]
    start = -_least_other(-singles.start_s, groups, leaver)[0]
    stop = _least_other(singles.stop_s, groups, leaver)[0]
    shortest = _least_other(singles.shortest_s, groups, leaver)[0]
    anchor = _least_other(singles.blur, groups, leaver)[1]
    sums = tracks.sums[:, c] - singles.sums[:, leaver]
    two = groups.size[c] == 2
    sums[:, two] = singles.sums[:, anchor[two]]
    false = singles.false[leaver]
    hard = np.bincount(own, weights=(singles.false == -np.inf), minlength=len(groups))[c] - (false == -np.inf)
    return Tracks(
        sums=sums,
        start_s=start,
        stop_s=stop,
        shortest_s=shortest,
        tolerance_s=tracks.tolerance_s[c],
        blur=singles.blur[anchor],
        prior=singles.prior[anchor],
        false=np.where(hard > 0, -np.inf, singles.false[anchor]),
        vote=tracks.vote[c] - singles.vote[leaver],
        size=groups.size[c] - 1,
    )


def _least_other(values: FloatArray, groups: Groups, leaver: IntArray) -> tuple[FloatArray, IntArray]:
    """For each leaver the least value among the others of its track, and the first node that has it."""
    at, node, of = groups.offsets[:-1], groups.members, groups.of_member
    value, count = values[node], np.arange(len(node))
    # the least of each track and its first place, for all but that one; for that one the least of the rest
    least = np.minimum.reduceat(value, at)
    top = np.minimum.reduceat(np.where(value == least[of], count, len(node)), at)
    best, which = np.empty(len(values)), np.empty(len(values), dtype=np.int64)
    best[node], which[node] = least[of], node[top][of]
    value[top] = np.inf
    least = np.minimum.reduceat(value, at)
    value[top] = np.nan
    place = np.minimum.reduceat(np.where(value == least[of], count, len(node) - 1), at)
    best[node[top]], which[node[top]] = least, node[place]
    return best[leaver], which[leaver]
