"""What was watched: coverage rows with a detection probability and its basis, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import shapely
from scipy.spatial import cKDTree
from scipy.special import ndtr
from shapely.geometry.base import BaseGeometry

from truceline.base.columns import codes, floats, micros, number_rows, sort_stable
from truceline.base.geodesy import LocalFrame
from truceline.fusion.intensity import Quadrature, low_discrepancy
from truceline.schema.table import Table

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DAY_S = 86_400.0
#: points asked at once: bounds the memory that pairs of points and sites take
CHUNK = 1 << 16
#: a row that watched with less probability is left out
LEAST_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A column's codes and its words."""

    code: IntArray
    names: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watches:
    """Rows of coverage that say with which probability a source would have seen an event.

    All (n,), in order of site and start. source, sensor, look, act, basis : words, −1 where the
    row has none. site : the place watched, of ``site_x_m`` … a, b : Beta of the detection probability while
    available. share : of the window and area. clutter : expected false detections per m² and second,
    NaN where nobody said. site_area : number of a polygon in ``outlines``; −1: a circle; a circle
    without end watches everywhere.
    """

    source: Words
    sensor: Words
    look: Words
    act: Words
    basis: Words
    site: IntArray
    start_s: FloatArray
    stop_s: FloatArray
    a: FloatArray
    b: FloatArray
    share: FloatArray
    clutter: FloatArray
    site_x_m: FloatArray
    site_y_m: FloatArray
    site_radius_m: FloatArray
    site_area: IntArray
    outlines: tuple[BaseGeometry, ...]

    def __len__(self) -> int:
        return len(self.site)

    @property
    def declared_p(self) -> FloatArray:
        """(n,) mean of the Beta times the share available."""
        return np.clip(self.a / (self.a + self.b) * self.share, 1e-6, 1 - 1e-6)

    def over(
        self, x_m: FloatArray, y_m: FloatArray, start_s: FloatArray, stop_s: FloatArray, sd_m: FloatArray
    ) -> tuple[IntArray, IntArray, FloatArray]:
        """Every pair of an uncertain place and time and a row that may have watched there and then.

        x_m, y_m, sd_m : (n,) centre and standard deviation in each direction. start_s, stop_s : (n,)
        interval, one moment where they are equal. share : probability that the row did watch: of the
        interval inside its window, and of the place inside its circle or shape.
        """
        given = (x_m, y_m, start_s, stop_s, sd_m)
        rota = _Rota.of(self) if len(self) else None
        found = [
            (start + point, row, share)
            for start in range(0, len(x_m), CHUNK)
            for point, row, share in self._over(rota, *(values[start : start + CHUNK] for values in given))
        ]
        if not found:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
        point, row, share = (np.concatenate([part[k] for part in found]) for k in range(3))
        order = sort_stable(row)
        order = order[sort_stable(point[order])]
        return point[order], row[order], share[order]

    def _over(
        self,
        rota: _Rota | None,
        x_m: FloatArray,
        y_m: FloatArray,
        start_s: FloatArray,
        stop_s: FloatArray,
        sd_m: FloatArray,
    ) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
        if rota is None:
            return
        for point, site, inside in self._near(x_m, y_m, sd_m):
            a, b = start_s[point], stop_s[point]
            low, high = rota.stretches(site, a, b)
            count = np.maximum(high - low, 0)
            which = np.repeat(np.arange(len(point)), count)
            row = np.repeat(low - np.cumsum(count) + count, count) + np.arange(len(which))
            a, b = a[which], b[which]
            begin, end = self.start_s[row], self.stop_s[row]
            met = np.flatnonzero((begin <= b) & (end > a))
            a, b, begin, end = a[met], b[met], begin[met], end[met]
            which, row = which[met], row[met]
            length = b - a
            common = np.minimum(end, b) - np.maximum(begin, a)
            with np.errstate(divide="ignore", invalid="ignore"):
                share = np.where(length > 0, np.clip(common / length, 0, 1), 1.0) * inside[which]
            kept = np.flatnonzero(share > LEAST_SHARE)
            yield point[which[kept]], row[kept], share[kept]

    def _near(
        self, x_m: FloatArray, y_m: FloatArray, sd_m: FloatArray
    ) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
        """Pairs of places and sites that may hold them, with the probability that they do."""
        n = len(x_m)
        endless = np.flatnonzero((self.site_area < 0) & ~np.isfinite(self.site_radius_m))
        for site in endless.tolist():
            yield np.arange(n), np.full(n, site), np.ones(n)
        circle = np.flatnonzero((self.site_area < 0) & np.isfinite(self.site_radius_m))
        if len(circle):
            # places and sites of like size together, so that sharp ones are not asked for far sites
            blur = np.clip(np.round(np.log2(np.maximum(sd_m, 64.0)) / 2), 3, 8).astype(np.int64)
            size = np.round(np.log2(np.maximum(self.site_radius_m[circle], 1.0))).astype(np.int64)
            trees = {}
            for value in np.unique(size).tolist():
                sites = circle[size == value]
                trees[value] = sites, cKDTree(np.column_stack([self.site_x_m[sites], self.site_y_m[sites]]))
            for level in np.unique(blur).tolist():
                rows = np.flatnonzero(blur == level)
                points = cKDTree(np.column_stack([x_m[rows], y_m[rows]]))
                margin_m = 2 * float(sd_m[rows].max())
                for sites, tree in trees.values():
                    reach_m = float(self.site_radius_m[sites].max()) + margin_m
                    pairs = points.sparse_distance_matrix(tree, reach_m, output_type="ndarray")
                    point, site = rows[pairs["i"]], sites[pairs["j"]]
                    inside = _in_circle(pairs["v"], self.site_radius_m[site], sd_m[point])
                    kept = inside > LEAST_SHARE
                    yield point[kept].astype(np.int64), site[kept], inside[kept]
        for site in np.flatnonzero(self.site_area >= 0).tolist():
            # areas are large beside what is uncertain of places
            held = np.flatnonzero(shapely.contains_xy(self.outlines[self.site_area[site]], x_m, y_m))
            yield held, np.full(len(held), site), np.ones(len(held))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rota:
    """When rows of each site begin: first[site × n_steps + step] is the first row that begins in that step or later.

    reach_s : (n_sites,) longest window. n_steps, step_s : in how many steps the whole span is cut.
    """

    first: IntArray
    reach_s: FloatArray
    origin_s: float
    n_steps: int
    step_s: float

    @classmethod
    def of(cls, watches: Watches) -> _Rota:
        """About four steps for each row, whatever the span."""
        n_sites = len(watches.site_x_m)
        origin_s = float(watches.start_s.min())
        n_steps = max(1, (4 * len(watches) + (1 << 16)) // n_sites)
        step_s = (float(watches.start_s.max()) - origin_s + 1.0) / n_steps
        reach_s = np.zeros(n_sites)
        np.maximum.at(reach_s, watches.site, watches.stop_s - watches.start_s)
        step = ((watches.start_s - origin_s) / step_s).astype(np.int64)
        begun = np.bincount(watches.site * n_steps + step, minlength=n_sites * n_steps)
        first = np.concatenate([[0], np.cumsum(begun)])
        return cls(first=first, reach_s=reach_s, origin_s=origin_s, n_steps=n_steps, step_s=step_s)

    def stretches(self, site: IntArray, start_s: FloatArray, stop_s: FloatArray) -> tuple[IntArray, IntArray]:
        """[low, high) of the rows of each site that may meet an interval; some of them do not."""
        at = site * self.n_steps
        early, late = (start_s - self.origin_s - self.reach_s[site]), (stop_s - self.origin_s)
        low = np.clip(early / self.step_s, 0, self.n_steps).astype(np.int64)
        high = np.clip(np.floor(late / self.step_s) + 1, 0, self.n_steps).astype(np.int64)
        return self.first[at + low], self.first[at + high]


def _in_circle(distance_m: FloatArray, radius_m: FloatArray, sd_m: FloatArray) -> FloatArray:
    """Probability that a Gaussian place lies in a circle, its edge taken as straight.

    Φ((R − d)/σ) (1 − exp(−R²/2σ²)): exact for R ≫ σ, and of the right size for R ≪ σ.
    """
    if not sd_m.any():
        return (distance_m <= radius_m).astype(np.float64)
    sd_m = np.maximum(sd_m, 1e-3)
    return np.asarray(ndtr((radius_m - distance_m) / sd_m) * -np.expm1(-0.5 * (radius_m / sd_m) ** 2))


def watched_points(
    watches: Watches, even: Quadrature, *, start_s: float, stop_s: float, n_points: int
) -> tuple[Quadrature, IntArray, IntArray]:
    """Points in every row's place and window, besides even ones, and the rows that watched at each.

    Rows are sampled by the root of their size, each at least once. A point stands for one over the
    density of points there, which is the sum over all rows that it might have come from (the balance
    heuristic, Veach & Guibas 1995).
    """
    row = np.flatnonzero((watches.stop_s > start_s) & (watches.start_s < stop_s))
    area = watches.site_area[watches.site[row]]
    radius_m = watches.site_radius_m[watches.site[row]]
    row = row[(area >= 0) | np.isfinite(radius_m)]
    low, high = np.maximum(watches.start_s, start_s), np.minimum(watches.stop_s, stop_s)
    site = watches.site[row]
    # an area without a shape is nowhere, and its rows were left out above
    boxes = np.array([shape.bounds for shape in watches.outlines] or [(0.0, 0.0, 0.0, 0.0)])[
        np.maximum(watches.site_area, 0)
    ]
    radius = np.where(watches.site_area >= 0, 0, watches.site_radius_m)
    size = np.where(
        watches.site_area >= 0, (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.pi * radius**2
    )
    volume = np.full(len(watches), np.nan)
    volume[row] = size[site] * (high - low)[row]
    root = np.sqrt(volume[row])
    count = np.zeros(len(watches), dtype=np.int64)
    count[row] = 1 + (n_points * root / max(float(root.sum()), 1e-300)).astype(np.int64)
    which = np.repeat(np.arange(len(watches)), count)
    u, v, w = low_discrepancy(np.arange(len(which)))
    at = watches.site[which]
    reach, angle = watches.site_radius_m[at] * np.sqrt(u), 2 * np.pi * v
    box = boxes[at]
    with np.errstate(invalid="ignore"):
        x = np.where(watches.site_area[at] >= 0, box[:, 0] + u * (box[:, 2] - box[:, 0]), watches.site_x_m[at] + reach * np.cos(angle))  # fmt: skip
        y = np.where(watches.site_area[at] >= 0, box[:, 1] + v * (box[:, 3] - box[:, 1]), watches.site_y_m[at] + reach * np.sin(angle))  # fmt: skip
    time = low[which] + w * (high - low)[which]
    x, y, time = (np.concatenate(pair) for pair in ((x, even.x_m), (y, even.y_m), (time, even.time_s)))
    point, seen_by, _ = watches.over(x, y, time, time, np.zeros(len(x)))
    thickness = even.holds(x, y) * (len(even) / (even.area_m2 * even.span_s))
    each = np.nan_to_num(count / volume)
    thickness += np.bincount(point, weights=each[seen_by], minlength=len(x))
    points = replace(even, x_m=x, y_m=y, time_s=time, weight=1 / np.maximum(thickness, 1e-300))
    return points, point, seen_by


def read_watches(coverage: Table | None, frame: LocalFrame, outlines: Mapping[str, BaseGeometry]) -> Watches:
    """Coverage rows that carry a detection probability with its basis and could see anything.

    outlines : shapes of areas in the frame, by id. A row is of a circle, of an area with a known
    shape, or (neither circle nor area) of everywhere; others are left out. Clutter per m² needs an
    area: that of a row for everywhere is the caller's to divide.
    """
    if coverage is None or not coverage.num_rows:
        return _none()
    keep = pc.and_kleene(
        pc.is_valid(coverage["detection_p_basis"]), pc.greater(coverage["available_share"], 0)
    )
    keep = pc.and_kleene(keep, pc.greater(pc.add(coverage["detection_p_a"], coverage["detection_p_b"]), 0))
    table = coverage.filter(pc.fill_null(keep, False))
    table = table.take(
        pc.sort_indices(table, sort_keys=[("window_start", "ascending"), ("coverage_id", "ascending")])
    )
    if not table.num_rows:
        return _none()
    longitude, latitude, radius_m = (
        floats(table[name]) for name in ("longitude_deg", "latitude_deg", "radius_m")
    )
    round_ = np.isfinite(longitude) & np.isfinite(latitude) & (radius_m > 0)
    x_m, y_m = np.zeros(len(round_)), np.zeros(len(round_))
    if round_.any():
        # a site has many rows
        number, n_places = number_rows([longitude[round_], latitude[round_]])
        first = np.empty(n_places, dtype=np.int64)
        first[number] = np.flatnonzero(round_)
        x, y = frame.to_plane(longitude[first], latitude[first])
        x_m[round_], y_m[round_] = x[number], y[number]
    radius_m = np.where(round_, radius_m, np.inf)
    area_code, area_names = codes(table["area_id"])
    known = [name for name in area_names if name in outlines]
    number = np.array([known.index(name) if name in outlines else -2 for name in area_names] + [-1])
    area = np.where(round_, -1, number[area_code])
    shapes = tuple(outlines[name] for name in known)
    rows = np.flatnonzero(area >= -1)
    site, n_sites = number_rows([area, x_m, y_m, radius_m])
    start_s, stop_s = micros(table["window_start"]) / 1e6, micros(table["window_stop"]) / 1e6
    order = rows[np.lexsort((start_s[rows], site[rows]))]
    first = np.zeros(n_sites, dtype=np.int64)
    first[site[::-1]] = np.arange(len(site))[::-1]
    size_m2 = np.array([shape.area for shape in shapes] + [np.nan])[np.maximum(area, -1)]
    size_m2 = np.where(round_, np.pi * radius_m**2, np.where(area >= 0, size_m2, 1.0))
    words = {}
    for name, column in (
        ("source", "source_id"),
        ("sensor", "sensor_id"),
        ("look", "look_id"),
        ("act", "act"),
        ("basis", "detection_p_basis"),
    ):
        code, names = codes(table[column])
        words[name] = Words(code=code[order], names=names)
    return Watches(
        **words,
        site=site[order],
        start_s=start_s[order],
        stop_s=stop_s[order],
        a=floats(table["detection_p_a"])[order],
        b=floats(table["detection_p_b"])[order],
        share=floats(table["available_share"])[order],
        # what cannot see cannot be wrong either
        clutter=(floats(table["clutter_per_day"]) * floats(table["available_share"]) / DAY_S / size_m2)[
            order
        ],
        site_x_m=x_m[first],
        site_y_m=y_m[first],
        site_radius_m=radius_m[first],
        site_area=area[first],
        outlines=shapes,
    )


def _none() -> Watches:
    whole, part = np.zeros(0, dtype=np.int64), np.zeros(0)
    words = Words(code=whole, names=[])
    return Watches(
        source=words, sensor=words, look=words, act=words, basis=words, site=whole, start_s=part, stop_s=part, a=part, b=part,
        share=part, clutter=part, site_x_m=part, site_y_m=part, site_radius_m=part, site_area=whole, outlines=(),
    )  # fmt: skip


def match(words: Words, names: list[str]) -> IntArray:
    """(n,) the code of each word among other names; −1 where the row has none, −2: not among them."""
    place = {name: k for k, name in enumerate(names)}
    table = np.array([place.get(name, -2) for name in words.names] + [-1], dtype=np.int64)
    return table[words.code]
