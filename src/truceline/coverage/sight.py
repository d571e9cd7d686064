"""Who could see an act at a place and time, with which probability: coverage as columns.

A *watcher* is a source, sensor and look with one probability of detection. Its share at a place and
time is the best of the rows that say it watched, times the least of the rows that take sight away
(outage, cloud, restriction …). What is taken away by a cause that others share (cloud, night,
jamming, a restriction of movement) is kept apart: all who stand under it lose sight together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import betaincinv

from truceline.base.columns import BoolArray, IntArray, codes, floats, micros
from truceline.base.geodesy import LocalFrame
from truceline.base.intervals import Interval
from truceline.coverage.finder import Finder
from truceline.schema.table import Table, within

FloatArray = npt.NDArray[np.float64]

#: causes that take sight from all who stand under them, not from one at a time
COMMON_CAUSES = ("cloud", "night", "jamming", "movement_restriction")
#: steps in which a common cause takes sight from several watchers
_LEVELS = 8
#: a probability of detection is never taken as more
_SURE = 0.9999

_COLUMNS = [
    "coverage_id", "source_id", "sensor_id", "look_id", "area_id", "act", "longitude_deg", "latitude_deg",
    "radius_m", "window_start", "window_stop", "available_share", "detection_p_a", "detection_p_b",
    "detection_p_basis", "clutter_per_day", "reason",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Places and times, each (n,): metres in the frame (NaN: not known), seconds since 1970.

    ``inside`` says which of them lie in an area.
    """

    x_m: FloatArray
    y_m: FloatArray
    time_s: FloatArray
    inside: Callable[[str], BoolArray]

    def __len__(self) -> int:
        return len(self.time_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Who sees what: one entry for each moment and watcher with sight, in the order of moments.

    moment, watcher, group : (n_entries,). own, common : (n_entries,) share left by causes of its own
    and by common ones. named : (n_moments,) whether a row with a probability names it, sight or none.
    """

    moment: IntArray
    watcher: IntArray
    group: IntArray
    own: FloatArray
    common: FloatArray
    named: BoolArray

    def any_sight(self) -> BoolArray:
        """(n_moments,) whether anyone could see."""
        seen = np.zeros(len(self.named), dtype=np.bool_)
        seen[self.moment] = True
        return seen


def keep_watchers(seen: Seen, watchers: IntArray) -> Seen:
    """The same without those who are not among ``watchers``."""
    kept = np.isin(seen.watcher, watchers)
    return Seen(
        moment=seen.moment[kept],
        watcher=seen.watcher[kept],
        group=seen.group[kept],
        own=seen.own[kept],
        common=seen.common[kept],
        named=seen.named,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Coverage rows that bear on one act, in order of time; all of rows are (n_rows,).

    watcher : of a row with a probability; −1: none. bears_on : for each row that takes sight away,
    the watchers it takes it from. group : (n_watchers,) which probability each watcher has.
    beta : (n_groups, 2); group_source : (n_groups,) place in ``sources``. group_key : source, a, b, basis,
    whether of every act: one probability, also in the sight of another act. watcher_key : source, sensor
    and look of each watcher, "" where there is none.
    """

    x_m: FloatArray
    y_m: FloatArray
    radius_m: FloatArray
    area: IntArray
    area_names: list[str]
    start_s: FloatArray
    stop_s: FloatArray
    share: FloatArray
    common: BoolArray
    watched: BoolArray
    watcher: IntArray
    bears_on: dict[int, IntArray]
    group: IntArray
    beta: FloatArray
    group_source: IntArray
    sources: list[str]
    basis: tuple[str, ...]
    group_key: tuple[tuple[str, float, float, str, bool], ...]
    watcher_key: tuple[tuple[str, str, str], ...]

    @property
    def empty(self) -> bool:
        """Whether no row has a probability of detection with its basis."""
        return not len(self.group)

    def draw_probabilities(self, n_draws: int) -> FloatArray:
        """(n_groups, n_draws) of each group's probability: evenly spread quantiles.

        The errors of one source are common to all its groups: one trial or declaration stands
        behind them. Those of different sources are shuffled apart, in an order that is fixed, so
        that two coverages with the same sources can be compared draw by draw.
        """
        level = (np.arange(n_draws) + 0.5) / n_draws
        draws = np.empty((len(self.beta), n_draws))
        for k, (a, b) in enumerate(self.beta):
            seed = crc32(self.sources[self.group_source[k]].encode())
            draws[k] = betaincinv(a, b, np.random.default_rng(seed).permutation(level))
        return draws

    def see(self, at: Moments) -> Seen:
        """Who sees each moment; where it is not known whether a row holds, it takes sight, and gives none."""
        order = np.argsort(at.time_s, kind="stable")
        finder = Finder(self, at, order)
        rows, found = [], []
        named = np.zeros(len(at), dtype=np.bool_)
        for k in np.flatnonzero(finder.meets & (self.watcher >= 0)).tolist():
            mine = finder.find(k, cautious=True)
            if len(mine):
                rows.append(np.full(len(mine), k))
                found.append(mine)
        if not rows:
            none = np.zeros(0, dtype=np.int64)
            return Seen(moment=none, watcher=none, group=none, own=np.zeros(0), common=np.zeros(0), named=named)  # fmt: skip
        row, rank = np.concatenate(rows), np.concatenate(found)
        amount = np.where(self.watched[row], self.share[row], 1.0)
        n_watchers = len(self.group)
        key, entry = np.unique(rank * n_watchers + self.watcher[row], return_inverse=True)
        own = np.zeros(len(key))
        np.maximum.at(own, entry.reshape(-1), amount)
        rank, watcher = key // n_watchers, key % n_watchers
        common = np.ones(len(key))
        named[order[rank]] = True
        self._take_away(finder, rank, watcher, own, common)
        left = (own > 0) & (common > 0)
        moment, watcher, own, common = order[rank][left], watcher[left], own[left], common[left]
        back = np.lexsort((watcher, moment))
        return Seen(
            moment=moment[back],
            watcher=watcher[back],
            group=self.group[watcher[back]],
            own=own[back],
            common=common[back],
            named=named,
        )

    def _take_away(
        self, finder: Finder, rank: IntArray, watcher: IntArray, own: FloatArray, common: FloatArray
    ) -> None:
        """Multiply shares, in place, by the least of the rows that take sight away."""
        less = {False: np.ones(len(rank)), True: np.ones(len(rank))}
        first = np.searchsorted(rank, finder.low, side="left")
        last = np.searchsorted(rank, finder.high, side="left")
        hit = np.zeros(len(self.group), dtype=np.bool_)
        for k, whom in self.bears_on.items():
            if not finder.meets[k] or last[k] <= first[k]:
                continue
            part = slice(int(first[k]), int(last[k]))
            hit[whom] = True
            chosen = np.flatnonzero(hit[watcher[part]]) + part.start
            hit[whom] = False
            if not len(chosen):
                continue
            chosen = chosen[finder.holds(k, rank[chosen], cautious=False)]
            share = less[bool(self.common[k])]
            share[chosen] = np.minimum(share[chosen], self.share[k])
        own *= less[False]
        common *= less[True]


def read_sight(
    coverage: Table,
    *,
    act: str,
    frame: LocalFrame,
    period: Interval | None = None,
    area_ids: Sequence[str] | None = None,
) -> Sight:
    """Rows that bear on the act, in the period, and on one of the areas, every area, or a circle."""
    table = _choose(coverage, act=act, period=period, area_ids=area_ids)
    a, b = floats(table["detection_p_a"]), floats(table["detection_p_b"])
    basis_code, basis_names = codes(table["detection_p_basis"])
    told = np.array([bool(name) for name in basis_names] + [False])[basis_code]
    with np.errstate(invalid="ignore"):
        looks = (a > 0) & (b > 0) & told
    reason, reasons = codes(table["reason"])
    share = floats(table["available_share"])
    is_watched = reason == (reasons.index("watched") if "watched" in reasons else -2)
    common = np.isin(reason, [k for k, name in enumerate(reasons) if name in COMMON_CAUSES])
    source, sources = codes(table["source_id"])
    sensor, sensors = codes(table["sensor_id"])
    x_m, y_m, radius_m = _circles(table, frame)
    area, area_names = codes(table["area_id"])
    every_act = np.asarray(pc.is_null(table["act"]).to_numpy(), dtype=np.int64)
    look, look_names = codes(table["look_id"])
    names = [*sources], [*sensors, ""], [*look_names, ""]
    group, kinds, watcher, whose = _watchers(looks, a, b, basis_code, every_act, source, sensor, look)
    group_source = kinds[:, 4].astype(np.int64)
    takes = np.flatnonzero(~is_watched | (share <= 0))
    return Sight(
        x_m=x_m,
        y_m=y_m,
        radius_m=radius_m,
        area=np.asarray(area, dtype=np.int64),
        area_names=area_names,
        start_s=micros(table["window_start"]) / 1e6,
        stop_s=micros(table["window_stop"]) / 1e6,
        share=share,
        common=common,
        watched=is_watched,
        watcher=watcher,
        bears_on=_bearing(takes, whose, source, sensor, look),
        group=group,
        beta=kinds[:, :2],
        group_source=group_source,
        sources=sources,
        basis=tuple(sorted({basis_names[k] for k in basis_code[looks].tolist()})),
        group_key=tuple(
            (sources[int(k[4])], k[0], k[1], basis_names[int(k[2])], bool(k[3])) for k in kinds.tolist()
        ),
        watcher_key=tuple((names[0][i], names[1][j], names[2][k]) for i, j, k in whose.tolist()),
    )


def _choose(coverage: Table, *, act: str, period: Interval | None, area_ids: Sequence[str] | None) -> Table:
    keep = pc.fill_null(pc.equal(coverage["act"], act), True)
    if area_ids is not None:
        named = pc.is_in(coverage["area_id"], value_set=pa.array(list(area_ids), type=pa.string()))
        keep = pc.and_(keep, pc.or_(pc.is_null(coverage["area_id"]), pc.fill_null(named, False)))
    table = coverage.filter(keep)
    if period is not None:
        table = within(
            table,
            start_column="window_start",
            stop_column="window_stop",
            start=period.start,
            stop=period.stop,
        )
    table = table.select(_COLUMNS)
    keys = [("window_start", "ascending"), ("window_stop", "ascending"), ("coverage_id", "ascending")]
    return table.take(pc.sort_indices(table, sort_keys=keys))


def _circles(table: Table, frame: LocalFrame) -> tuple[FloatArray, FloatArray, FloatArray]:
    longitude, latitude = floats(table["longitude_deg"]), floats(table["latitude_deg"])
    radius_m = floats(table["radius_m"])
    radius_m = np.where(np.isfinite(longitude) & np.isfinite(latitude), radius_m, np.nan)
    x_m, y_m = np.full(len(radius_m), np.nan), np.full(len(radius_m), np.nan)
    known = np.isfinite(radius_m)
    if known.any():
        x_m[known], y_m[known] = frame.to_plane(longitude[known], latitude[known])
    return x_m, y_m, radius_m


def _watchers(
    looks: BoolArray,
    a: FloatArray,
    b: FloatArray,
    basis: IntArray,
    every_act: IntArray,
    source: IntArray,
    sensor: IntArray,
    look: IntArray,
) -> tuple[IntArray, FloatArray, IntArray, IntArray]:
    """Group of each watcher; a, b, basis, whether of every act, source of each group; watcher of each
    row; source, sensor, look of each watcher."""
    watcher = np.full(len(looks), -1, dtype=np.int64)
    rows = np.flatnonzero(looks)
    if not len(rows):
        none = np.zeros(0, dtype=np.int64)
        return none, np.zeros((0, 5)), watcher, np.zeros((0, 3), dtype=np.int64)
    parts = [a[rows], b[rows], basis[rows], every_act[rows], source[rows]]
    probability = np.column_stack(parts).astype(np.float64)
    _, first, number = np.unique(probability, axis=0, return_index=True, return_inverse=True)
    number = number.reshape(-1)
    who = np.column_stack([source[rows], sensor[rows], look[rows], number])
    each, of_row = np.unique(who, axis=0, return_inverse=True)
    watcher[rows] = of_row.reshape(-1)
    return each[:, 3], probability[first], watcher, each[:, :3]


def _bearing(
    takes: IntArray, whose: IntArray, source: IntArray, sensor: IntArray, look: IntArray
) -> dict[int, IntArray]:
    """Watchers that each row takes sight from: of its source, and its sensor and look where it names them."""
    by_key: dict[tuple[int, int, int], IntArray] = {}
    found: dict[int, IntArray] = {}
    for k in takes.tolist():
        key = int(source[k]), int(sensor[k]), int(look[k])
        if key not in by_key:
            mine = whose[:, 0] == key[0]
            for column in (1, 2):
                if key[column] >= 0:
                    mine &= whose[:, column] == key[column]
            by_key[key] = np.flatnonzero(mine)
        if len(by_key[key]):
            found[k] = by_key[key]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Moments with the same watchers and shares have the same chance of being seen.

    of_moment : (n_moments,) profile of each; entry : entries of ``seen`` of one moment of each
    profile; offsets : (n_profiles + 1,) of ``entry``.
    """

    of_moment: IntArray
    group: IntArray
    own: FloatArray
    common: FloatArray
    offsets: IntArray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def missed(self, detection_p: FloatArray) -> FloatArray:
        """(n_profiles, n_draws) probability that all who could see miss an act.

        detection_p : (n_groups, n_draws). Where a common cause leaves shares c to several, sight is
        lost together: the ground under it is the same, so that the mean runs over one level u in
        [0, 1) with all those blind for whom u ≥ c.
        """
        n_draws = detection_p.shape[1]
        owner = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        # one alone under a common cause loses sight as under one of its own
        under = np.bincount(owner[self.common < 1], minlength=len(self))
        partly = under > 1
        missed = np.ones((len(self), n_draws))
        for chosen, levels in ((~partly, 1), (partly, _LEVELS)):
            entries = np.flatnonzero(chosen[owner])
            if not len(entries):
                continue
            who, start = np.unique(owner[entries], return_index=True)
            total = np.zeros((len(who), n_draws))
            for level in range(levels):
                left = np.clip(self.common[entries] * levels - level, 0, 1) * self.own[entries]
                log_missed = np.log1p(-np.minimum(left[:, None] * detection_p[self.group[entries]], _SURE))
                total += np.exp(np.add.reduceat(log_missed, start, axis=0))
            missed[who] = total / levels
        return missed


def find_profiles(seen: Seen) -> Profiles:
    """Moments told apart by who sees them with which share."""
    n = len(seen.named)
    kind = np.unique(np.column_stack([seen.group, seen.own, seen.common]), axis=0, return_inverse=True)[1]
    key = np.random.default_rng(0).random(int(kind.max()) + 1 if kind.size else 0)
    mark = np.bincount(seen.moment, weights=key[kind.reshape(-1)], minlength=n)
    _, first, of_moment = np.unique(np.round(mark, 9), return_index=True, return_inverse=True)
    low = np.searchsorted(seen.moment, first, side="left")
    size = np.searchsorted(seen.moment, first, side="right") - low
    offsets = np.concatenate([[0], np.cumsum(size)])
    entry = np.repeat(low - offsets[:-1], size) + np.arange(offsets[-1])
    return Profiles(
        of_moment=of_moment.reshape(-1),
        group=seen.group[entry],
        own=seen.own[entry],
        common=seen.common[entry],
        offsets=offsets.astype(np.int64),
    )
