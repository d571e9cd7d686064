"""Densities over place and time that are learned from counts: multiplicative layers of cells.

A density is a base (what was declared, or a constant) times one factor for each layer of cells, coarse
to fine: in a cell with r counted and m expected so far the factor is (r + κ)/(m + κ), the posterior
mean of a Gamma(κ, κ) factor under Poisson counts. κ is the layer's own: of a few values the one under
which each counted point, left out of its own cell, is likeliest; a layer that predicts nothing is left
out. So hot spots, quiet stretches, a truce's fall in fire and bursts show where the data bear them, at
any density, and a point never vouches for itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from truceline.base.columns import number_values

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

HOUR_S, DAY_S = 3_600.0, 86_400.0
#: (cell size m, cell time s) of the layers, in their order; a factor of four each: finer steps gain little
SCALES = (
    (512e3, np.inf), (128e3, np.inf), (32e3, np.inf), (8e3, np.inf), (np.inf, 4 * DAY_S), (np.inf, DAY_S),
    (128e3, 4 * DAY_S), (128e3, DAY_S), (32e3, DAY_S), (8e3, DAY_S), (8e3, 6 * HOUR_S), (4e3, 1.5 * HOUR_S),
)  # fmt: skip
KAPPAS = (0.125, 0.5, 2.0, 8.0, 32.0)
#: nats that a layer must gain in prediction to be kept
LEAST_LAYER_GAIN = 3.0
#: points of quadrature that a cell must hold for its mass to be read off them
LEAST_QUADRATURE = 6.0
#: points that choose κ
MAX_JUDGES = 20_000
_BITS = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Quadrature:
    """Points over the place and time that the data lie in.

    weight : (n,) m² s that each point stands for. area_m2, span_s : of all of it. cell : names of the
    square cells that make it up, ascending; size_m : their side.
    """

    x_m: FloatArray
    y_m: FloatArray
    time_s: FloatArray
    weight: FloatArray
    area_m2: float
    span_s: float
    cell: IntArray
    size_m: float

    def holds(self, x_m: FloatArray, y_m: FloatArray) -> BoolArray:
        """(n,) whether places lie in its cells."""
        key = _pack(np.floor(x_m / self.size_m), np.floor(y_m / self.size_m), np.zeros(len(x_m)))
        at = np.minimum(np.searchsorted(self.cell, key), len(self.cell) - 1)
        return np.asarray(self.cell[at] == key)

    def __len__(self) -> int:
        return len(self.x_m)


def low_discrepancy(number: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Three coordinates in [0, 1) of members of the R3 sequence (Roberts 2018): the same for ever."""
    g = 1.2207440846057596
    u, v, w = (np.mod(0.5 + (number + 1) * g**-k, 1.0) for k in (1, 2, 3))
    return u, v, w


def spread_points(
    x_m: FloatArray, y_m: FloatArray, *, start_s: float, stop_s: float, n_points: int
) -> Quadrature:
    """Even points over the square cells that hold any of some places.

    The cells have 16 km at first, more where there would be very many.
    """
    size_m = 16e3
    while True:
        cell = np.unique(_pack(np.floor(x_m / size_m), np.floor(y_m / size_m), np.zeros(len(x_m))))
        if len(cell) * 2 <= n_points:
            break
        size_m *= 2
    each = int(np.ceil(n_points / len(cell)))
    u, v, w = low_discrepancy(np.arange(each * len(cell)))
    which = np.repeat(cell, each)
    half, mask = 1 << (_BITS - 1), (1 << _BITS) - 1
    ix, iy = (which >> (2 * _BITS)) - half, ((which >> _BITS) & mask) - half
    area, span_s = len(cell) * size_m**2, stop_s - start_s
    return Quadrature(
        x_m=(ix + u) * size_m,
        y_m=(iy + v) * size_m,
        time_s=start_s + w * span_s,
        weight=np.full(len(which), area * span_s / len(which)),
        area_m2=area,
        span_s=span_s,
        cell=cell,
        size_m=size_m,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The cells of one layer: of points and of quadrature."""

    point: IntArray
    quadrature: IntArray
    n: int
    volume: float  #: m² s


def make_cells(x_m: FloatArray, y_m: FloatArray, time_s: FloatArray, q: Quadrature) -> tuple[Cells, ...]:
    """The cells of every layer in which points and quadrature lie."""
    found = []
    span_s = q.span_s
    n = len(x_m)
    x, y = np.concatenate([x_m, q.x_m]), np.concatenate([y_m, q.y_m])
    t = np.concatenate([time_s, q.time_s])
    origin_s = float(q.time_s.min()) // DAY_S * DAY_S
    extent_m = max(float(np.ptp(q.x_m)), float(np.ptp(q.y_m)))
    # several layers share a side
    steps: dict[tuple[str, float], npt.NDArray[np.int32]] = {}
    for space_m, step_s in SCALES:
        if (np.isfinite(space_m) and space_m > 2 * extent_m) or (np.isfinite(step_s) and step_s > span_s):
            continue
        key = np.zeros(len(x), dtype=np.int64)
        sides = (("x", x, space_m), ("y", y, space_m), ("t", t - origin_s, step_s))
        for name, value, size in sides:
            if not np.isfinite(size):
                continue
            if (name, size) not in steps:
                steps[name, size] = number_values(np.floor(value / size).astype(np.int64))[1].astype(np.int32)
            # one at a time, so that the numbers stay few
            step = steps[name, size]
            key = key * (int(step.max()) + 1) + step
        names, cell = number_values(key)
        volume = min(space_m**2, q.area_m2) * min(step_s, span_s)
        found.append(
            Cells(
                point=cell[:n],
                quadrature=cell[n:],
                n=len(names),
                volume=volume,
            )
        )
    return tuple(found)


def sort_cells(value: FloatArray, value_q: FloatArray) -> Cells:
    """A layer by a number that points and quadrature have, in steps of a factor √2 below 1."""
    steps = -2 * np.log2(np.clip(np.concatenate([value, value_q]), 2.0**-10, 1.0))
    # values such as ½ lie on an edge: the noise of their last bit decides nothing
    step = np.floor(steps + 1e-6).astype(np.int64)
    return Cells(
        point=step[: len(value)], quadrature=step[len(value) :], n=int(step.max()) + 1, volume=np.inf
    )


def _pack(ix: FloatArray, iy: FloatArray, it: FloatArray) -> IntArray:
    half = 1 << (_BITS - 1)
    parts = [np.clip(value, -half, half - 1).astype(np.int64) + half for value in (ix, iy, it)]
    return (parts[0] << (2 * _BITS)) | (parts[1] << _BITS) | parts[2]


def fit_layers(
    cells: tuple[Cells, ...],
    rows: IntArray,
    count: FloatArray,
    at: IntArray,
    *,
    density: FloatArray,
    mass: FloatArray,
    density_q: FloatArray,
    own: FloatArray,
    basis: BoolArray,
    trust: float,
    judges: FloatArray | None = None,
    judged_mass: FloatArray | None = None,
) -> FloatArray:
    """(len(at),) log of a density's factor at points, each left out of what it is judged by.

    rows, count : points that count, and how much each does. at : points at which it is wanted.
    own : (len(at),) what each of them has itself contributed to the counts. density : (len(at),)
    base expected there, per m² and second; basis : (len(at),) those of them that may judge, and speak
    for their cells. mass : (n_quadrature,) base expected for each point of quadrature, and density_q
    the same per m² and second. trust : counts that the base weighs as a whole. judges : (len(at),)
    weight of each point in the choice of κ, of itself if none is given; judged_mass : (n_quadrature,)
    base expected of such points, on any scale; none where ``mass`` is none.
    """
    total = float(count.sum())
    # (1) the level of all: the base may be wrong as a whole
    whole = (total + trust) / (float(mass.sum()) + trust)
    # a source's own quadrature is often a small part of all
    lit = _some(mass > 0)
    judged_mass = (mass if judged_mass is None else judged_mass)[lit]
    mass, density_q = mass[lit], density_q[lit]
    factor, grown = np.full(len(at), whole), np.full(len(mass), whole)
    weight = np.where(basis, own, 0.0) if judges is None else judges
    judge = np.flatnonzero(weight > 0)
    judge = judge[:: max(1, len(judge) // MAX_JUDGES)]
    n_judges = float(weight.sum())
    own_judge = weight[judge] * (n_judges / max(float(weight[judge].sum()), 1e-12))
    speakers = _some(basis)
    # (2) layer by layer
    for layer in cells:
        here, there = layer.point[at], layer.quadrature[lit]
        those = here if rows is at else layer.point[rows]
        seen = np.asarray(np.bincount(those, weights=count, minlength=layer.n), dtype=np.float64)
        expected = np.asarray(np.bincount(there, weights=mass * grown, minlength=layer.n), dtype=np.float64)
        n_there = seen[there]
        if np.isfinite(layer.volume):
            # where the quadrature is too thin for a cell: the density there times the cell's size
            now = density * factor
            spoken = here[speakers]
            size = np.bincount(spoken, minlength=layer.n)
            inside = np.bincount(spoken, weights=now[speakers], minlength=layer.n)
            thin = np.bincount(there, minlength=layer.n) < LEAST_QUADRATURE
            lonely = thin & (size == 0)
            some = np.flatnonzero(thin & ~lonely)
            expected[some] = inside[some] * (layer.volume / size[some])
            m_there = np.where(lonely[there], density_q * grown * layer.volume, expected[there])
            m_here = expected[here]
            if not isinstance(speakers, slice):
                m_here = np.where(lonely[here], now * layer.volume, m_here)
        else:
            m_here, m_there = expected[here], expected[there]
        n_here = seen[here]
        n_here -= own
        np.maximum(n_here, 0.0, out=n_here)
        mass_judge = judged_mass * grown
        mass_judge *= n_judges / max(float(mass_judge.sum()), 1e-300)
        chosen = _choose(own_judge, n_here[judge], m_here[judge], mass_judge, n_there, m_there)
        if chosen is None:
            continue
        factor *= (n_here + chosen) / (m_here + chosen)
        grown *= (n_there + chosen) / (m_there + chosen)
    return np.asarray(np.log(factor))


def _some(which: BoolArray) -> slice | IntArray:
    """How to take those: all as they are, without a copy."""
    return slice(None) if which.all() else np.flatnonzero(which)


def _choose(
    own: FloatArray,
    n_judge: FloatArray,
    m_judge: FloatArray,
    mass: FloatArray,
    n_there: FloatArray,
    m_there: FloatArray,
) -> float | None:
    """The κ of a layer, by what the judges gain and what the quadrature pays; None: the layer tells nothing."""
    best, chosen = LEAST_LAYER_GAIN, None
    price = mass * (n_there - m_there)
    for kappa in KAPPAS:
        ratio = (n_judge + kappa) / (m_judge + kappa)
        gain = float((own * np.log(ratio, out=ratio)).sum())
        gain -= float((price / (m_there + kappa)).sum())
        if gain > best:
            best, chosen = gain, kappa
    return chosen
